/* The seven PDUs of PS3.8 9.3 as values, with their encoders and decoders, and the texts of their codes.
 *
 * P-DATA-TF is the exception: it streams, so only its headers are here; the engine does the rest. Does not decide
 * what is acceptable: see negotiation.h. */
#ifndef SCU_UL_PDU_H
#define SCU_UL_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/values.h"
#include "scu/version.h"

typedef enum scu__pdu_type {
  SCU__PDU_ASSOCIATE_RQ = 0x01,
  SCU__PDU_ASSOCIATE_AC = 0x02,
  SCU__PDU_ASSOCIATE_RJ = 0x03,
  SCU__PDU_P_DATA_TF = 0x04,
  SCU__PDU_RELEASE_RQ = 0x05,
  SCU__PDU_RELEASE_RP = 0x06,
  SCU__PDU_ABORT = 0x07
} scu__pdu_type;

enum {
  SCU__PDU_HEADER = 6,           /* type, reserved, 32-bit length */
  SCU__PDV_HEADER = 6,           /* 32-bit item length, context ID, message control header */
  SCU__FIXED_PDU_BODY = 4,       /* RJ, RELEASE-RQ, RELEASE-RP, ABORT */
  SCU__FIXED_PDU = 10,           /* the same with the header */
  SCU__PDU_LENGTH_ABSENT = 16384 /* what is assumed when a peer leaves out its required 51H item */
};

#define SCU__APPLICATION_CONTEXT "1.2.840.10008.3.1.1.1"

/* "A-ASSOCIATE-RQ", ...; "unknown PDU" for other values. Static storage. */
const char *scu__pdu_type_name(uint8_t type);

/* --- Common header ------------------------------------------------------------------------------------------- */

typedef struct scu__pdu_header {
  uint8_t type;
  uint32_t length; /* bytes after the header */
} scu__pdu_header;

void scu__pdu_header_store(uint8_t bytes[SCU__PDU_HEADER], uint8_t type, uint32_t length);
scu__pdu_header scu__pdu_header_load(const uint8_t bytes[SCU__PDU_HEADER]);

/* --- A-ASSOCIATE-RQ and -AC (9.3.2, 9.3.3) --------------------------------------------------------------------- */

/* Owned bytes. */
typedef struct scu__octets {
  uint8_t *data;
  size_t length;
} scu__octets;

/* PS3.8 9.3.3.2, presentation context result/reason. */
typedef enum scu__context_result {
  SCU__CONTEXT_ACCEPTED = 0,
  SCU__CONTEXT_USER_REJECTION = 1,
  SCU__CONTEXT_NO_REASON = 2,
  SCU__CONTEXT_ABSTRACT_SYNTAX_NOT_SUPPORTED = 3,
  SCU__CONTEXT_TRANSFER_SYNTAXES_NOT_SUPPORTED = 4
} scu__context_result;

/* RQ: 20H, what is proposed. AC: 21H, result and at most one transfer syntax; no abstract syntax. */
typedef struct scu__context {
  uint8_t id;
  uint8_t result;           /* AC only */
  scu__uid abstract_syntax; /* RQ only; "" when the peer sent none that is a UID: never acceptable */
  scu__uid *transfer_syntaxes;
  size_t count; /* transfer syntaxes; what is no UID is left out when decoding */
  size_t capacity;
} scu__context;

typedef struct scu__window { /* 53H; 0 = unlimited */
  bool present;
  uint16_t invoked, performed;
} scu__window;

typedef struct scu__role { /* 54H */
  scu__uid uid;
  bool scu, scp;
} scu__role;

typedef struct scu__extended { /* 56H */
  scu__uid uid;
  scu__octets bytes;
} scu__extended;

typedef struct scu__common_extended { /* 57H */
  scu__uid uid;
  scu__uid service_class;
  scu__uid *related;
  size_t related_count;
  size_t related_capacity;
} scu__common_extended;

typedef struct scu__user_identity { /* 58H, RQ only; type 0 = absent */
  uint8_t type;
  bool positive_response_requested;
  scu__octets primary, secondary;
} scu__user_identity;

typedef struct scu__identity_response { /* 59H, AC only */
  bool present;
  scu__octets response;
} scu__identity_response;

typedef struct scu__associate {
  const scu_allocator *allocator;
  uint16_t protocol_version; /* bit field; bit 0 = version 1 */
  scu__ae called, calling;   /* "" when the peer sent none that is valid */
  /* As received, so that an AC gives back the same bytes (9.3.3). Encoding an RQ uses the titles instead. */
  uint8_t called_raw[16], calling_raw[16], reserved_raw[32];
  scu__uid application_context;
  scu__context *contexts;
  size_t context_count, context_capacity;

  uint32_t max_pdu_length; /* 51H: what the sender of this PDU takes; 0 = no limit */
  scu__uid implementation_class_uid;
  char implementation_version_name[17];
  scu__window window;
  scu__role *roles;
  size_t role_count, role_capacity;
  scu__extended *extended;
  size_t extended_count, extended_capacity;
  scu__common_extended *common_extended;
  size_t common_extended_count, common_extended_capacity;
  scu__user_identity identity;
  scu__identity_response identity_response;
} scu__associate;

/* Empty but for protocol version 1, the DICOM application context, our implementation names and
 * SCU__PDU_LENGTH_DEFAULT. Allocates nothing. */
void scu__associate_init(scu__associate *associate, const scu_allocator *allocator);
/* Safe on a zeroed one; leaves it zeroed. */
void scu__associate_free(scu__associate *associate);
/* A deep copy into `to`, which must be zeroed, or freed before. On MEMORY `to` is left freed. */
scu_result scu__associate_copy(scu__associate *to, const scu__associate *from, const scu_allocator *allocator);

/* Appends a proposed context with the next odd ID (1, 3, ...). LIMIT beyond 128 contexts or 64 syntaxes, USAGE on a
 * UID that is none or an empty list. `id` may be NULL. */
scu_result scu__associate_add_context(scu__associate *associate, const char *abstract_syntax,
                                      const char *const *transfer_syntaxes, size_t count, uint8_t *id);
/* For an AC: the result of one context; transfer_syntax may be NULL unless the result is acceptance. */
scu_result scu__associate_add_result(scu__associate *associate, uint8_t id, uint8_t result,
                                     const scu__uid *transfer_syntax);
scu_result scu__associate_add_role(scu__associate *associate, const char *uid, bool scu, bool scp);
scu_result scu__associate_add_extended(scu__associate *associate, const char *uid, const uint8_t *bytes, size_t length);
scu_result scu__associate_add_common_extended(scu__associate *associate, const char *uid, const char *service_class,
                                              const char *const *related, size_t count);
/* Takes away the contexts of this class with this transfer syntax (NULL: any); one that has others as well only loses
 * it. The rest gets its IDs anew. False: there were none. */
bool scu__associate_remove_contexts(scu__associate *associate, const char *abstract_syntax,
                                    const char *transfer_syntax);
void scu__associate_remove_role(scu__associate *associate, const char *uid);
void scu__associate_remove_extended(scu__associate *associate, const char *uid);
void scu__associate_remove_common_extended(scu__associate *associate, const char *uid);
/* Copies both fields; replaces an earlier identity. LIMIT beyond 65535 bytes a field. What an identity or the answer
 * to one was held in is wiped before it is freed. */
scu_result scu__associate_set_identity(scu__associate *associate, scu__identity_type type,
                                       bool positive_response_requested, const uint8_t *primary, size_t primary_length,
                                       const uint8_t *secondary, size_t secondary_length);
/* Wipes and frees both fields; that there was one, and of which type, stays known. */
void scu__associate_forget_identity(scu__associate *associate);
/* As if there had been none. */
void scu__associate_remove_identity(scu__associate *associate);

/* Appends the whole PDU, header included. `type` is SCU__PDU_ASSOCIATE_RQ or _AC. Returns the buffer's result. */
scu_result scu__associate_encode(const scu__associate *associate, scu__pdu_type type, scu__buffer *buffer);
/* Reads the body (what follows the 6-byte header). On success the caller frees `out`; on failure it is left zeroed.
 * PROTOCOL for what cannot be read, with the offset counted from the PDU's first byte; MEMORY. What can be read but
 * not used (a UID that is none, an unknown item) is left out, so that negotiation can answer. */
scu_result scu__associate_decode(const uint8_t *body, size_t length, scu__pdu_type type, const scu_allocator *allocator,
                                 scu__associate *out, scu_error *error);

/* The proposed context with this ID, or NULL; of several the first. */
const scu__context *scu__associate_find_context(const scu__associate *associate, uint8_t id);

/* --- A-ASSOCIATE-RJ (9.3.4) ----------------------------------------------------------------------------------- */

typedef struct scu__reject {
  uint8_t result; /* 1 permanent, 2 transient */
  uint8_t source; /* 1 service-user, 2 service-provider (ACSE), 3 service-provider (presentation) */
  uint8_t reason;
} scu__reject;

/* The fixed PDUs take a body of exactly 4 bytes: anything else is PROTOCOL. */
void scu__reject_encode(const scu__reject *reject, uint8_t pdu[SCU__FIXED_PDU]);
scu_result scu__reject_decode(const uint8_t *body, size_t length, scu__reject *out, scu_error *error);
/* "called AE title not recognized", ... by source and reason; "reserved reason" for values without a meaning. */
const char *scu__reject_text(uint8_t result, uint8_t source, uint8_t reason);
/* "rejected-permanent" or "rejected-transient"; "service-user", ... Static storage. */
const char *scu__reject_result_text(uint8_t result);
const char *scu__reject_source_text(uint8_t source);
/* Fills `error` with REJECTED, the triple in words and what to try. */
scu_result scu__reject_error(const scu__reject *reject, const scu__ae *called, const scu__ae *calling,
                             scu_error *error);

/* --- A-RELEASE-RQ, A-RELEASE-RP (9.3.6, 9.3.7) ----------------------------------------------------------------- */

void scu__release_encode(scu__pdu_type type, uint8_t pdu[SCU__FIXED_PDU]);
scu_result scu__release_decode(const uint8_t *body, size_t length, scu__pdu_type type, scu_error *error);

/* --- A-ABORT (9.3.8) ------------------------------------------------------------------------------------------ */

typedef enum scu__abort_source { SCU__ABORT_USER = 0, SCU__ABORT_PROVIDER = 2 } scu__abort_source;

typedef enum scu__abort_reason {
  SCU__ABORT_NOT_SPECIFIED = 0,
  SCU__ABORT_UNRECOGNIZED_PDU = 1,
  SCU__ABORT_UNEXPECTED_PDU = 2,
  SCU__ABORT_UNRECOGNIZED_PARAMETER = 4,
  SCU__ABORT_UNEXPECTED_PARAMETER = 5,
  SCU__ABORT_INVALID_PARAMETER = 6
} scu__abort_reason;

typedef struct scu__abort {
  uint8_t source, reason;
} scu__abort;

void scu__abort_encode(const scu__abort *abort, uint8_t pdu[SCU__FIXED_PDU]);
scu_result scu__abort_decode(const uint8_t *body, size_t length, scu__abort *out, scu_error *error);
const char *scu__abort_text(uint8_t source, uint8_t reason);
const char *scu__abort_source_text(uint8_t source);

/* "acceptance", "user-rejection", "abstract syntax not supported", ... */
const char *scu__context_result_text(uint8_t result);

/* --- P-DATA-TF (9.3.5) ---------------------------------------------------------------------------------------- */

typedef struct scu__pdv_header {
  uint32_t item_length; /* fragment + 2 */
  uint8_t context_id;
  bool is_command, is_last;
} scu__pdv_header;

void scu__pdv_header_store(uint8_t bytes[SCU__PDV_HEADER], const scu__pdv_header *header);
scu__pdv_header scu__pdv_header_load(const uint8_t bytes[SCU__PDV_HEADER]);

#endif
