/* The commitments that are under way: known from the N-ACTION until the requester has answered the N-EVENT-REPORT,
 * across restarts (PS3.4 J, RULES 31).
 *
 * A report goes out on the association of the request while that is there, else on one of our own to the peer whose
 * name the requester had, again and again with growing pauses. Without such a peer it rests in the ledger. */
#ifndef SCU_ARCHIVE_COMMITMENTS_H
#define SCU_ARCHIVE_COMMITMENTS_H

#include "archive/archive.h"
#include "archive/commitment.h"

typedef struct scu__commitments scu__commitments;
typedef struct scu__pending scu__pending;

/* Takes up what the archive's ledger has. MEMORY. */
scu_result scu__commitments_open(scu_archive *archive, scu__commitments **out, scu_error *error);
/* Gives up what is being sent (the ledger keeps it) and steps the loop until the disk is done. NULL is allowed. */
void scu__commitments_close(scu__commitments *commitments);
/* There is one more peer: perhaps one that a report waits for. */
void scu__commitments_peer_added(scu__commitments *commitments);

bool scu__commitments_has(const scu__commitments *commitments, const scu__uid *transaction);
/* Takes the commitment over. LIMIT: too many are under way; MEMORY: then it is still the caller's. */
scu_result scu__commitments_add(scu__commitments *commitments, scu__commitment *commitment, scu__pending **out);
scu__commitment *scu__pending_commitment(scu__pending *pending);
/* What --fault does to its result. */
void scu__pending_set_faults(scu__pending *pending, scu__fault_hits hits);
/* It was not accepted: forgets it. */
void scu__pending_drop(scu__pending *pending);
/* The instances were looked up: looks at their files and writes the ledger, on the pool. `kept` is called on the loop;
 * after a failure it has to drop it, else to send it. */
void scu__pending_keep(scu__pending *pending, void (*kept)(void *user, scu_result result), void *user);
/* The request has been answered; visitor NULL: the association is gone. */
void scu__pending_send(scu__pending *pending, scu__visitor *visitor, const scu__accepted_context *context);

#endif
