/* One connection to SQLite: statements with bound parameters, rows pulled one by one. The only file behind it that
 * knows sqlite3.h. SQLite takes its memory from the C heap, not from the allocator: it has one allocator per process,
 * and that belongs to the host program.
 *
 * A connection and its statements belong to one thread at a time. Failures: MEMORY; MALFORMED = the file is damaged or
 * no database; STORAGE for all else (no space, permissions, locked). */
#ifndef SCU_ARCHIVE_DATABASE_H
#define SCU_ARCHIVE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/error.h"

typedef struct scu__database scu__database;
typedef struct scu__statement scu__statement;

typedef struct scu__database_options {
  bool is_read_only;
  unsigned cache_kib;       /* pages kept in memory */
  unsigned busy_timeout_ms; /* how long a lock of another connection is waited for */
} scu__database_options;

/* path: a file, made when absent (unless read-only), or ":memory:". Sets WAL, synchronous=FULL, foreign keys off. */
scu_result scu__database_open(const char *path, const scu__database_options *options, const scu_allocator *allocator,
                              scu__database **out, scu_error *error);
/* Every statement must have been finalized. NULL is allowed. */
void scu__database_close(scu__database *database);

/* Runs statements without parameters and without interest in rows. */
scu_result scu__database_run(scu__database *database, const char *sql, scu_error *error);
/* The first column of the first row: 0 or "" when there is none. `to` is always terminated. */
scu_result scu__database_integer(scu__database *database, const char *sql, int64_t *out, scu_error *error);
scu_result scu__database_text(scu__database *database, const char *sql, char *to, size_t room, scu_error *error);
int64_t scu__database_last_id(const scu__database *database);
int64_t scu__database_changes(const scu__database *database);
bool scu__database_is_in_transaction(const scu__database *database);

scu_result scu__database_prepare(scu__database *database, const char *sql, scu__statement **out, scu_error *error);
void scu__statement_finalize(scu__statement *statement); /* NULL is allowed */

/* Parameters count from 1. Bytes are borrowed until the statement is reset or finalized; NULL binds NULL. */
void scu__bind_text(scu__statement *statement, int parameter, const char *text, size_t length);
void scu__bind_blob(scu__statement *statement, int parameter, const void *bytes, size_t length);
void scu__bind_integer(scu__statement *statement, int parameter, int64_t value);
void scu__bind_null(scu__statement *statement, int parameter);

/* SCU_OK: a row. SCU_END: no (more) rows, or the statement has done its work. */
scu_result scu__statement_step(scu__statement *statement, scu_error *error);
/* Ready for the next run; parameters stay bound. */
void scu__statement_reset(scu__statement *statement);
/* Step and reset, for statements that change something. */
scu_result scu__statement_run(scu__statement *statement, scu_error *error);

/* Columns count from 0; bytes are valid until the next step, reset or finalize. NULL in the database is 0 or "". */
int64_t scu__column_integer(scu__statement *statement, int column);
const char *scu__column_text(scu__statement *statement, int column, size_t *length);
const uint8_t *scu__column_blob(scu__statement *statement, int column, size_t *length);
bool scu__column_is_null(scu__statement *statement, int column);

#endif
