/* What must not be forgotten while it is under way: entries by key that are safe once put has returned.
 *
 * A seam: a journal on a file is the backend here; a database for many machines would be another. */
#ifndef SCU_ARCHIVE_LEDGER_H
#define SCU_ARCHIVE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/allocator.h"

enum { SCU__LEDGER_KEY_MAX = 255 };

typedef struct scu__ledger {
  size_t size;
  /* Durable on SCU_OK; an entry with that key is replaced. May block; one thread at a time, whichever. STORAGE, MEMORY,
   * LIMIT (the ledger is full): then nothing has changed. */
  scu_result (*put)(void *user, const char *key, const uint8_t *bytes, size_t length, scu_error *error);
  /* SCU_END: there was none. As put. */
  scu_result (*remove)(void *user, const char *key, scu_error *error);
  /* Every entry in the order they were put, borrowed for the call. A negative result of `take` ends it and is handed
   * back. */
  scu_result (*each)(void *user, scu_result (*take)(void *taker, const char *key, const uint8_t *bytes, size_t length),
                     void *taker);
  void (*close)(void *user);
  void *user;
} scu__ledger;

/* An append-only file. Errors as scu__journal_open. */
scu_result scu__ledger_file_open(const char *path, const scu_allocator *allocator, scu__ledger **out, scu_error *error);
void scu__ledger_close(scu__ledger *ledger); /* NULL is allowed */

#endif
