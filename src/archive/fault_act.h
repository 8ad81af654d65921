/* What the rules of --fault do: to associations, negotiations and answers. One call at each place where something may
 * go wrong; with hits that are empty they do nothing. */
#ifndef SCU_ARCHIVE_FAULT_ACT_H
#define SCU_ARCHIVE_FAULT_ACT_H

#include "archive/fault.h"
#include "data/element.h"
#include "link/link.h"
#include "service/query_provider.h"
#include "ul/negotiation.h"

/* Delay, silence, close, reset, abort, garbage, cut. What was queued before leaves first, except at release. True when
 * nothing sensible will come over this association any more. link may be NULL: nothing happens. */
bool scu__fault_strike(scu__fault_hits hits, scu__link *link);

/* An acceptor's policy with its faults. */
typedef struct scu__fault_acceptor {
  scu__fault_hits hits;
  scu__acceptor_policy policy;
} scu__fault_acceptor;
/* A-ASSOCIATE-RQ came: the policy to answer with, or NULL with `reject` filled. */
const scu__acceptor_policy *scu__fault_policy(scu__fault_acceptor *acceptor, scu__fault *fault,
                                              const scu__acceptor_policy *policy, scu__link *link, scu__reject *reject);

/* A request came. False: it is to be refused with *status, which may never get there. */
bool scu__fault_admits(scu__fault *fault, scu__link *link, const scu__command *command, scu__fault_hits *hits,
                       uint16_t *status);

/* The identifier without the keys that are ignored: *changed is the caller's to free, NULL when none is. Returns what
 * to work with. */
const scu_dataset *scu__fault_identifier(scu__fault_hits hits, const scu_dataset *identifier, scu_dataset **changed);

/* Where a match goes. */
typedef struct scu__fault_row {
  scu__link *link;
  scu__exchange *exchange;
  scu__encoding encoding;
  const scu_allocator *allocator;
} scu__fault_row;
/* Instead of scu__find_provider_match; changes the row. */
scu_result scu__fault_match(scu__fault_hits hits, const scu__fault_row *to, scu_dataset *row, uint16_t status);
/* After the final response: matches that come too late, each the given row. */
void scu__fault_late(scu__fault_hits hits, const scu__fault_row *to, const scu_dataset *row);

/* The counts to send: `counts`, or `own` filled otherwise, or NULL for none. */
const scu__sub_operations *scu__fault_counts(scu__fault_hits hits, const scu__sub_operations *counts,
                                             scu__sub_operations *own);
/* The final response as it shall be: its status. */
void scu__fault_final(scu__fault_hits hits, scu__query_answer *answer);
/* The Failed SOP Instance UID List instead of this one, which is freed when another is returned. */
scu_dataset *scu__fault_list(scu__fault_hits hits, scu_dataset *list, const scu_allocator *allocator);

#endif
