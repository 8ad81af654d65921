/* Storage commitment (PS3.4 J) as its requester: the peer is asked whether it keeps instances for good.
 *
 *   scu_commitment_new(NULL, &wanted);
 *   scu_commitment_add(wanted, sop_class_uid, sop_instance_uid);      as often as needed
 *   scu_commit(session, wanted, &report);                             asks, and waits for the result
 *
 * A request (N-ACTION) that is answered with success has arrived, no more. The result is a request of the peer's
 * (N-EVENT-REPORT) that may come before that answer, on the same association, on one that the peer makes, or days
 * later. So a listener is open on the options' listen address before anything is asked
 * (SCU_OPTION_COMMIT_LISTEN turns it off; then the result can come on the same association only). It lets in the peer's
 * AE title and those of SCU_OPTION_ACCEPT_FROM, and takes nothing but results and C-ECHO.
 *
 * THE LEDGER (SCU_OPTION_COMMIT_LEDGER) is a folder with a file for each Transaction UID: what was asked of whom and
 * when, and what came. The request is safe in it before it is sent, the result before the peer is told that it was
 * taken. A result for any transaction of the ledger is taken by whatever session comes to hear of it, and told by
 * scu_commit_resume. Several processes may share one. It is read and written in the middle of the loop's work: some
 * milliseconds of the disk's time. Without a ledger nothing is known of a transaction when its operation is over.
 *
 * A report for a transaction that nobody here knows is answered 0110, one without what it must have 0115 (an unknown
 * event type: 0113), one that cannot be kept 0213; a second one for the same transaction 0000, and changes nothing.
 * While a session has open associations results are taken on them, too, when its operations are over. */
#ifndef SCU_COMMIT_H
#define SCU_COMMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what is asked for ---- */

typedef struct scu_commitment scu_commitment;

/* Empty. MEMORY: *out is NULL. One thread at a time. */
SCU_API scu_result scu_commitment_new(const scu_allocator *allocator, scu_commitment **out);
SCU_API void scu_commitment_free(scu_commitment *commitment); /* NULL is allowed */
/* Why the last call that changes it failed; empty after one that worked. Borrowed until it is freed. */
SCU_API const scu_error *scu_commitment_error(const scu_commitment *commitment);
/* One instance, as the peer knows it: after a store that changed its UID, the one that was sent. What is there already
 * counts once. USAGE: not two UIDs, or the instance is there with another class. LIMIT: more than a million. MEMORY. */
SCU_API scu_result scu_commitment_add(scu_commitment *commitment, const char *sop_class_uid,
                                      const char *sop_instance_uid);
SCU_API size_t scu_commitment_count(const scu_commitment *commitment);
/* The Transaction UID (0008,1195) to use, once and for nothing else; NULL or "": new ones are made. With one of the
 * caller's at most 10,000 instances can be asked for; without, more go in several transactions. USAGE: not a UID. */
SCU_API scu_result scu_commitment_set_transaction(scu_commitment *commitment, const char *transaction_uid);

/* ---- asking ---- */

/* Asks the peer and waits until every transaction has its result or was refused, or SCU_OPTION_TIMEOUT_COMMIT has
 * passed since the last one was asked for. SCU_OK: every result is there; whether it is a good one is in the report.
 * The association is kept for SCU_OPTION_COMMIT_HOLD, then released, unless it is the only way back. A peer that
 * brought the result has two seconds to release its association.
 *
 * *out is the caller's; it is there whenever something was asked, on failure too: what came until then counts.
 *
 * USAGE: nothing to ask for, not a listen address, or that Transaction UID was used before (ledger). STORAGE: the
 * ledger cannot be read or written; LIMIT: it has 10,000 transactions, none of them old and over. TRANSPORT in phase
 * LISTEN: no listening there. In all of these nothing was sent. REFUSED: the peer answered with a failure status; its
 * transaction is forgotten. REJECTED: no association, or not this class. TIMEOUT: no result yet, or no answer. CLOSED,
 * ABORTED, TRANSPORT, CANCELLED, PROTOCOL: the request may have arrived or not. MEMORY. After a failure other than
 * REFUSED and those before sending, what was asked stays open in the ledger. Details: scu_session_error. */
typedef struct scu_commit_report scu_commit_report;
SCU_API scu_result scu_commit(scu_session *session, const scu_commitment *commitment, scu_commit_report **out);
/* Without waiting. NULL: see scu_session_error, which tells USAGE too. The commitment is copied. There is no C-CANCEL
 * for N-services: cancelling aborts the association while an answer is awaited, and only ends the waiting later. */
SCU_API scu_op *scu_commit_start(scu_session *session, const scu_commitment *commitment);

/* Takes up everything that is in the ledger for this peer (by title, host and port): tells what came in the meantime,
 * and was not told before; for what is open it listens, asks again under the same Transaction UID unless
 * `only_listens`, and waits as above. That the peer answers 0131, duplicate Transaction UID, means it is still at it.
 * A report without instances: there was nothing. Errors as above; USAGE also without a ledger, and when it could
 * neither ask nor listen. A transaction that is refused now stays open. */
SCU_API scu_result scu_commit_resume(scu_session *session, bool only_listens, scu_commit_report **out);
SCU_API scu_op *scu_commit_resume_start(scu_session *session, bool only_listens);

/* Once the operation is done: the report, which is then the caller's, whatever the operation came to; what is in it
 * counts as told in the ledger. USAGE: it still runs, is of another kind, or was taken before; MEMORY. */
SCU_API scu_result scu_commit_take(scu_op *op, scu_commit_report **out);

/* ---- what came ---- */

typedef enum scu_commit_state {
  SCU_COMMIT_PENDING = 0,   /* no result yet, or none was asked for */
  SCU_COMMIT_COMMITTED = 1, /* the peer has taken it over */
  SCU_COMMIT_FAILED = 2,    /* it has not, and says why */
  SCU_COMMIT_UNLISTED = 3   /* the result does not name it: it is not committed */
} scu_commit_state;
/* "pending", "committed", "failed", "not listed"; static storage. */
SCU_API const char *scu_commit_state_name(scu_commit_state state);
/* A Failure Reason (0008,1197) in words (PS3.3 C.14.1.1); static storage. */
SCU_API const char *scu_commit_reason(uint16_t failure_reason);

typedef struct scu_commit_instance {
  size_t size; /* sizeof(scu_commit_instance) of the caller */
  const char *sop_class_uid, *sop_instance_uid, *transaction_uid;
  scu_commit_state state;
  uint16_t failure_reason; /* FAILED: (0008,1197), 0 when the peer gave none */
  const char *retrieve_ae; /* COMMITTED: Retrieve AE Title (0008,0054), or "" */
} scu_commit_instance;

SCU_API void scu_commit_report_free(scu_commit_report *report); /* NULL is allowed */
/* Instances that were asked for, and those of them in one state. */
SCU_API size_t scu_commit_report_count(const scu_commit_report *report);
SCU_API size_t scu_commit_report_count_of(const scu_commit_report *report, scu_commit_state state);
/* In the order they were added. `out->size` is set by the caller; texts live as long as the report. USAGE: there is no
 * such instance, or size is shorter than version 0.1.0's. */
SCU_API scu_result scu_commit_report_instance(const scu_commit_report *report, size_t index, scu_commit_instance *out);

typedef struct scu_commit_transaction {
  size_t size; /* sizeof(scu_commit_transaction) of the caller */
  const char *transaction_uid;
  uint64_t asked_at;   /* seconds since 1970; the first time */
  uint64_t came_at;    /* likewise; 0 = no result yet */
  size_t instances;    /* how many it is about */
  uint16_t status;     /* of the answer to the N-ACTION; 0xFFFF = none came, or it was not asked */
  const char *comment; /* Error Comment (0000,0902) of that answer, or "" */
} scu_commit_transaction;
/* Requests that were made: one or more. */
SCU_API size_t scu_commit_report_transaction_count(const scu_commit_report *report);
/* As for instances. */
SCU_API scu_result scu_commit_report_transaction(const scu_commit_report *report, size_t index,
                                                 scu_commit_transaction *out);

#ifdef __cplusplus
}
#endif
#endif
