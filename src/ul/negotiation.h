/* What two sides agree on: from an A-ASSOCIATE-RQ to the AC or RJ (acceptor), and from RQ and AC to the table of
 * usable contexts (both sides). PS3.8 9.3.2-9.3.4, PS3.7 D.3. Knows no SOP Class: the policy does. */
#ifndef SCU_UL_NEGOTIATION_H
#define SCU_UL_NEGOTIATION_H

#include "ul/pdu.h"

/* --- Both sides: the outcome ----------------------------------------------------------------------------------- */

typedef struct scu__accepted_context {
  uint8_t id;
  scu__uid abstract_syntax, transfer_syntax;
  bool scu_role, scp_role; /* what OUR side may be */
} scu__accepted_context;

/* A proposed context that cannot be used, and why. */
typedef struct scu__refused_context {
  uint8_t id;
  uint8_t result; /* scu__context_result; SCU__CONTEXT_NO_REASON when the peer gave no (valid) answer */
  scu__uid abstract_syntax;
  const char *reason; /* in words; static storage */
} scu__refused_context;

typedef struct scu__negotiated {
  const scu_allocator *allocator;
  scu__ae called, calling;
  scu__accepted_context *contexts; /* in the order proposed */
  size_t count;
  scu__refused_context *refused; /* in the order proposed */
  size_t refused_count;
  uint8_t by_id[256];           /* id -> index + 1 into contexts; 0 = not usable. At most 128 contexts are odd. */
  uint32_t peer_max_pdu_length; /* 0 = no limit */
  /* Operations the requestor may have outstanding (invoked) and the acceptor may (performed); 0 = unlimited. */
  uint16_t max_invoked, max_performed;
  scu__extended *extended; /* the answers, bits that were not offered cleared and never longer than the offer */
  size_t extended_count;
  scu__extended *extended_offers; /* what was proposed; counted apart, since an offer may stay unanswered */
  size_t extended_offer_count;
  scu__uid peer_implementation_class_uid;
  char peer_implementation_version_name[17];
  bool identity_confirmed; /* 59H was in the AC */
  scu__octets identity_response;
} scu__negotiated;

/* Which side `negotiated` speaks for only changes roles and whose names and maximum are "the peer's".
 * Role outcome (PS3.7 D.3.3.4): without an answer the requestor is SCU; else what was proposed AND answered.
 * An answer for an ID never proposed, proposed twice, even, or with a transfer syntax that was not offered makes that
 * context unusable and is listed as refused; the association lives. PROTOCOL when the AC as a whole cannot be used:
 * another application context, or a maximum length too small for any fragment. On failure `out` is left freed. */
scu_result scu__negotiated_make(const scu__associate *rq, const scu__associate *ac, bool is_acceptor,
                                const scu_allocator *allocator, scu__negotiated *out, scu_error *error);
void scu__negotiated_free(scu__negotiated *negotiated); /* safe on a zeroed one */

/* NULL when the ID is not an accepted context. */
const scu__accepted_context *scu__negotiated_context(const scu__negotiated *negotiated, uint8_t id);
/* The first accepted context of this class with this transfer syntax (NULL: any) in which we may be SCU (or SCP). */
const scu__accepted_context *scu__negotiated_find(const scu__negotiated *negotiated, const char *abstract_syntax,
                                                  const char *transfer_syntax, bool as_scp);
/* The answer to extended negotiation of this class, or NULL: the defaults hold. */
const scu__octets *scu__negotiated_extended(const scu__negotiated *negotiated, const char *uid);
/* Byte `index` (0-based) of that answer; 0 where it is short or absent (RULES 8). */
uint8_t scu__negotiated_extended_byte(const scu__negotiated *negotiated, const char *uid, size_t index);
/* The same byte of what was proposed: tells a provider that turned it down from one that was not asked. */
uint8_t scu__negotiated_extended_offer(const scu__negotiated *negotiated, const char *uid, size_t index);

/* --- Acceptor: the answer --------------------------------------------------------------------------------------- */

enum { SCU__EXTENDED_ANSWER_MAX = 64 };

/* Zeroed fields are safe defaults. Callbacks may be NULL where it says so; none may call the engine. */
typedef struct scu__acceptor_policy {
  const char *our_ae;   /* compared with the called AE when check_called_ae */
  bool check_called_ae; /* else any valid called title is taken */
  /* NULL: every calling AE is taken. */
  bool (*is_calling_ae_accepted)(void *user, const scu__ae *calling);
  /* NULL: nothing is supported. */
  bool (*is_abstract_syntax_supported)(void *user, const scu__uid *abstract_syntax);
  /* NULL: all. Asked for each syntax before a choice is made. */
  bool (*is_transfer_syntax_supported)(void *user, const scu__uid *abstract_syntax, const scu__uid *transfer_syntax);
  /* An index into the list, or a negative number for none. NULL: scu__choose_transfer_syntax over the supported. */
  int (*choose_transfer_syntax)(void *user, const scu__uid *abstract_syntax, const scu__uid *list, size_t count);
  /* Which of the proposed roles of the REQUESTOR are fine: clears what is not. NULL: no answer, default roles. */
  void (*accept_roles)(void *user, const scu__uid *uid, bool *scu, bool *scp);
  /* Writes the answer, returns its length; 0 = no answer. NULL: no answers. */
  size_t (*answer_extended)(void *user, const scu__extended *proposed, uint8_t answer[SCU__EXTENDED_ANSWER_MAX]);
  /* False refuses the association; asked only when there is an identity. NULL: identities are ignored and not
   * confirmed. */
  bool (*is_identity_accepted)(void *user, const scu__user_identity *identity);
  bool is_identity_needed; /* who brings none is refused */
  /* The last word on the answer, whatever the proposal allows: for providers that test their peers. NULL: none. */
  void (*amend)(void *amend_user, const scu__associate *rq, scu__associate *ac);
  void *amend_user;
  uint32_t max_pdu_length;                 /* 0: SCU__PDU_LENGTH_DEFAULT */
  const char *implementation_class_uid;    /* NULL: ours */
  const char *implementation_version_name; /* NULL: ours */
  uint16_t window_limit; /* most operations we let the peer have outstanding; 0: window not answered (1/1) */
  void *user;
} scu__acceptor_policy;

/* Builds the AC for `rq` (SCU_OK; the caller frees `ac`), or says why not: SCU_ERROR_REJECTED with `reject` and
 * `error` filled. Every ID that was proposed gets exactly one result; even IDs and IDs proposed twice get
 * "no reason". */
scu_result scu__negotiate_answer(const scu__associate *rq, const scu__acceptor_policy *policy,
                                 const scu_allocator *allocator, scu__associate *ac, scu__reject *reject,
                                 scu_error *error);

/* RULES 1: a syntax that stands alone; else Explicit LE, Implicit LE, the first other one, Big Endian last.
 * -1 when the list is empty. */
int scu__choose_transfer_syntax(const scu__uid *list, size_t count);

#endif
