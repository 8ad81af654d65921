/* The detail behind a failed call: what failed, the evidence, what to try.
 *
 * An scu_error belongs to the object it is read from and stays valid until the next call on that object. It never
 * holds patient data. Texts are UTF-8, one line, without control characters. */
#ifndef SCU_ERROR_H
#define SCU_ERROR_H

#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_error scu_error;

/* Where in the work the fault was found. Values are frozen. */
typedef enum scu_phase {
  SCU_PHASE_NONE = 0,
  SCU_PHASE_USAGE = 1,     /* arguments and options */
  SCU_PHASE_FILE = 2,      /* reading a local file */
  SCU_PHASE_RESOLVE = 3,   /* host name to address */
  SCU_PHASE_CONNECT = 4,   /* TCP */
  SCU_PHASE_SECURE = 5,    /* TLS */
  SCU_PHASE_ASSOCIATE = 6, /* A-ASSOCIATE and negotiation */
  SCU_PHASE_REQUEST = 7,   /* sending a DIMSE message */
  SCU_PHASE_RESPONSE = 8,  /* waiting for or reading a DIMSE message */
  SCU_PHASE_RELEASE = 9,   /* A-RELEASE */
  SCU_PHASE_STORAGE = 10,  /* writing a local file */
  SCU_PHASE_LISTEN = 11    /* accepting associations */
} scu_phase;

SCU_API scu_result scu_error_result(const scu_error *error);  /* SCU_OK when there is no error */
SCU_API scu_phase scu_error_phase(const scu_error *error);    /* NONE when there is no error */
SCU_API const char *scu_error_peer(const scu_error *error);   /* "AET@host:port", or "" */
SCU_API const char *scu_error_reason(const scu_error *error); /* what failed and the evidence; "" when no error */
SCU_API const char *scu_error_hint(const scu_error *error);   /* what to try; may be "" */

/* Attribute tag (gggg << 16 | eeee) or 0; byte offset into the file, PDU or dataset, or UINT64_MAX. */
SCU_API uint32_t scu_error_tag(const scu_error *error);
SCU_API uint64_t scu_error_offset(const scu_error *error);

/* A-ASSOCIATE-RJ (PS3.8 9.3.4) result, source, reason; A-ABORT (9.3.8) source, reason. 0xFF where not applicable. */
SCU_API uint8_t scu_error_reject_result(const scu_error *error);
SCU_API uint8_t scu_error_source(const scu_error *error);
SCU_API uint8_t scu_error_reason_code(const scu_error *error);
/* The errno behind a TRANSPORT or STORAGE error, or 0. */
SCU_API int scu_error_errno(const scu_error *error);
/* The DIMSE status behind a REFUSED error, or 0. */
SCU_API uint16_t scu_error_dimse_status(const scu_error *error);
/* The peer's Error Comment (0000,0902) that came with it, or "". Not part of the reason, because it may hold anything,
 * a patient's name too. */
SCU_API const char *scu_error_comment(const scu_error *error);

SCU_API const char *scu_phase_name(scu_phase phase); /* "associate", ...; static storage */

#ifdef __cplusplus
}
#endif
#endif
