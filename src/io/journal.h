/* A file that only grows: a record is safe once append has returned, and records come back in their order when the file
 * is opened again. What was being written when the machine stopped is cut off. What records mean is their owner's
 * business. One process and one thread at a time: the file is locked while it is open. */
#ifndef SCU_IO_JOURNAL_H
#define SCU_IO_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/allocator.h"

enum { SCU__JOURNAL_RECORD_MAX = 32 * 1024 * 1024 };

typedef struct scu__journal scu__journal;

/* A record found at opening; borrowed for the call. A negative result ends the opening and is handed back. */
typedef scu_result (*scu__journal_take)(void *user, const uint8_t *bytes, size_t length);

/* Makes the file (0640) when it is missing. STORAGE: cannot be opened, or another process has it; MALFORMED: it is no
 * journal, and left as it is; MEMORY. */
scu_result scu__journal_open(const char *path, const scu_allocator *allocator, scu__journal_take take, void *user,
                             scu__journal **out, scu_error *error);
/* The same for a file that several processes share, each for a moment: waits for its turn. */
scu_result scu__journal_open_in_turn(const char *path, const scu_allocator *allocator, scu__journal_take take,
                                     void *user, scu__journal **out, scu_error *error);
void scu__journal_close(scu__journal *journal); /* NULL is allowed */
/* Durable when it returns. After a failure the journal is as before, or refuses everything from now on when that could
 * not be had. STORAGE, LIMIT. */
scu_result scu__journal_append(scu__journal *journal, const void *bytes, size_t length, scu_error *error);
/* Forgets all records. */
scu_result scu__journal_clear(scu__journal *journal, scu_error *error);
/* Takes the place of whatever has that name, in the same folder and atomically; whoever had that open must close it. */
scu_result scu__journal_rename(scu__journal *journal, const char *path, scu_error *error);
/* Removes the file, and closes the journal whatever comes. STORAGE. */
scu_result scu__journal_delete(scu__journal *journal, scu_error *error);
uint64_t scu__journal_length(const scu__journal *journal); /* bytes of the file */

#endif
