/* The seam to SQLite. */
#include "archive/database.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct scu__database {
  const scu_allocator *allocator;
  sqlite3 *connection;
};

/* A statement is SQLite's own object: nothing would be gained by wrapping it once more. */
static sqlite3_stmt *inner(scu__statement *statement) {
  return (sqlite3_stmt *)statement;
}

static scu_result fail(sqlite3 *connection, int code, scu_error *error) {
  const char *words = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  switch (code & 0xFF) {
  case SQLITE_NOMEM: return scu__error_memory(error, SCU_PHASE_STORAGE);
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_STORAGE, "the index is damaged: %s", words);
  case SQLITE_FULL: return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, "no space for the index");
  default: return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, "the index: %s", words);
  }
}

/* ---- connections ---- */

static scu_result set_up(scu__database *database, const scu__database_options *options, scu_error *error) {
  char sql[160];
  sqlite3_busy_timeout(database->connection, (int)options->busy_timeout_ms);
  /* A file that somebody crafted must not run code of its own or walk off its pages. */
  scu_result result = scu__database_run(database, "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON", error);
  if (result == SCU_OK && !options->is_read_only)
    result = scu__database_run(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", error);
  /* A negative size is in KiB. Sorting and temporary tables stay small: no query here sorts. */
  snprintf(sql, sizeof sql, "PRAGMA cache_size=-%u; PRAGMA temp_store=MEMORY", options->cache_kib);
  if (result == SCU_OK) result = scu__database_run(database, sql, error);
  return result;
}

scu_result scu__database_open(const char *path, const scu__database_options *options, const scu_allocator *allocator,
                              scu__database **out, scu_error *error) {
  *out = NULL;
  scu__database *database = scu__alloc(allocator, sizeof *database);
  if (!database) return scu__error_memory(error, SCU_PHASE_STORAGE);
  database->allocator = allocator;
  int flags = options->is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  int code = sqlite3_open_v2(path, &database->connection, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
  scu_result result = code == SQLITE_OK ? set_up(database, options, error) : fail(database->connection, code, error);
  if (result != SCU_OK) {
    scu__database_close(database);
    return result;
  }
  *out = database;
  return SCU_OK;
}

void scu__database_close(scu__database *database) {
  if (!database) return;
  sqlite3_close_v2(database->connection);
  scu__free(database->allocator, database);
}

scu_result scu__database_run(scu__database *database, const char *sql, scu_error *error) {
  int code = sqlite3_exec(database->connection, sql, NULL, NULL, NULL);
  return code == SQLITE_OK ? SCU_OK : fail(database->connection, code, error);
}

scu_result scu__database_integer(scu__database *database, const char *sql, int64_t *out, scu_error *error) {
  scu__statement *statement;
  *out = 0;
  scu_result result = scu__database_prepare(database, sql, &statement, error);
  if (result != SCU_OK) return result;
  result = scu__statement_step(statement, error);
  if (result == SCU_OK) *out = scu__column_integer(statement, 0);
  scu__statement_finalize(statement);
  return result < 0 ? result : SCU_OK;
}

scu_result scu__database_text(scu__database *database, const char *sql, char *to, size_t room, scu_error *error) {
  scu__statement *statement;
  to[0] = 0;
  scu_result result = scu__database_prepare(database, sql, &statement, error);
  if (result != SCU_OK) return result;
  result = scu__statement_step(statement, error);
  if (result == SCU_OK) {
    size_t length;
    const char *text = scu__column_text(statement, 0, &length);
    if (length >= room) length = room - 1;
    memcpy(to, text, length);
    to[length] = 0;
  }
  scu__statement_finalize(statement);
  return result < 0 ? result : SCU_OK;
}

int64_t scu__database_last_id(const scu__database *database) {
  return sqlite3_last_insert_rowid(database->connection);
}

int64_t scu__database_changes(const scu__database *database) {
  return sqlite3_changes(database->connection);
}

bool scu__database_is_in_transaction(const scu__database *database) {
  return !sqlite3_get_autocommit(database->connection);
}

/* ---- statements ---- */

scu_result scu__database_prepare(scu__database *database, const char *sql, scu__statement **out, scu_error *error) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL);
  *out = (scu__statement *)statement;
  return code == SQLITE_OK ? SCU_OK : fail(database->connection, code, error);
}

void scu__statement_finalize(scu__statement *statement) {
  sqlite3_finalize(inner(statement));
}

/* A failed bind leaves NULL, which matches nothing, so no wrong row comes of it. What is longer than SQLite takes was
 * refused long before. */
void scu__bind_text(scu__statement *statement, int parameter, const char *text, size_t length) {
  if (length > INT_MAX) length = 0;
  sqlite3_bind_text(inner(statement), parameter, text, (int)length, SQLITE_STATIC);
}

void scu__bind_blob(scu__statement *statement, int parameter, const void *bytes, size_t length) {
  if (length > INT_MAX) length = 0;
  sqlite3_bind_blob(inner(statement), parameter, bytes, (int)length, SQLITE_STATIC);
}

void scu__bind_integer(scu__statement *statement, int parameter, int64_t value) {
  sqlite3_bind_int64(inner(statement), parameter, value);
}

void scu__bind_null(scu__statement *statement, int parameter) {
  sqlite3_bind_null(inner(statement), parameter);
}

scu_result scu__statement_step(scu__statement *statement, scu_error *error) {
  int code = sqlite3_step(inner(statement));
  if (code == SQLITE_ROW) return SCU_OK;
  if (code == SQLITE_DONE) return SCU_END;
  return fail(sqlite3_db_handle(inner(statement)), code, error);
}

void scu__statement_reset(scu__statement *statement) {
  sqlite3_reset(inner(statement));
}

scu_result scu__statement_run(scu__statement *statement, scu_error *error) {
  scu_result result = scu__statement_step(statement, error);
  scu__statement_reset(statement);
  return result < 0 ? result : SCU_OK;
}

/* ---- columns ---- */

int64_t scu__column_integer(scu__statement *statement, int column) {
  return sqlite3_column_int64(inner(statement), column);
}

const char *scu__column_text(scu__statement *statement, int column, size_t *length) {
  const unsigned char *text = sqlite3_column_text(inner(statement), column);
  *length = text ? (size_t)sqlite3_column_bytes(inner(statement), column) : 0;
  return text ? (const char *)text : "";
}

const uint8_t *scu__column_blob(scu__statement *statement, int column, size_t *length) {
  const void *bytes = sqlite3_column_blob(inner(statement), column);
  *length = bytes ? (size_t)sqlite3_column_bytes(inner(statement), column) : 0;
  return bytes;
}

bool scu__column_is_null(scu__statement *statement, int column) {
  return sqlite3_column_type(inner(statement), column) == SQLITE_NULL;
}
