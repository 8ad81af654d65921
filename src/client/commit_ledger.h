/* The ledger of storage commitments that were asked for (RULES 31): a folder with a journal for each Transaction UID,
 * shared by any number of processes, each of which opens a journal for a moment only. Blocks on the local disk. */
#ifndef SCU_CLIENT_COMMIT_LEDGER_H
#define SCU_CLIENT_COMMIT_LEDGER_H

#include "client/transaction.h"

typedef struct scu__commit_ledger scu__commit_ledger;

enum {
  SCU__COMMIT_LEDGER_MAX = 10 * 1000,        /* transactions */
  SCU__COMMIT_LEDGER_KEEP_S = 30 * 24 * 3600 /* what is over and told: so long its duplicates are known */
};

/* Makes the folder when it is missing. STORAGE, MEMORY. */
scu_result scu__commit_ledger_open(const char *folder, const scu_allocator *allocator, scu__commit_ledger **out,
                                   scu_error *error);
void scu__commit_ledger_close(scu__commit_ledger *ledger); /* NULL is allowed */

/* Durable on SCU_OK, as the next two. USAGE: that Transaction UID was used before. LIMIT: full; what is over and old
 * was removed before. STORAGE, MEMORY. */
scu_result scu__commit_ledger_put(scu__commit_ledger *ledger, const scu__transaction *transaction, scu_error *error);
/* SCU_END: there is no such transaction, or another process has put a result there before. */
scu_result scu__commit_ledger_put_result(scu__commit_ledger *ledger, const scu__transaction *transaction,
                                         scu_error *error);
scu_result scu__commit_ledger_put_told(scu__commit_ledger *ledger, const scu__uid *transaction, scu_error *error);
scu_result scu__commit_ledger_remove(scu__commit_ledger *ledger, const scu__uid *transaction, scu_error *error);
/* Into a transaction that this call initialises. SCU_END: there is none. MALFORMED: it cannot be read. */
scu_result scu__commit_ledger_read(const scu__commit_ledger *ledger, const scu__uid *uid, scu__transaction *transaction,
                                   scu_error *error);
/* Every transaction that can be read, by Transaction UID, borrowed for the call (what is moved out of it has to leave
 * it zeroed). `unreadable` is told of the others. A negative result of `take` ends it and is handed back. */
scu_result scu__commit_ledger_each(const scu__commit_ledger *ledger,
                                   scu_result (*take)(void *user, scu__transaction *transaction),
                                   void (*unreadable)(void *user, const char *path), void *user, scu_error *error);

#endif
