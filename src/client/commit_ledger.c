/* The ledger of commitments: one journal a transaction, FOLDER/<Transaction UID>.commitment. */
#include "client/commit_ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "config/options.h"
#include "io/clock.h"
#include "io/durable.h"
#include "io/file.h"
#include "io/journal.h"
#include "io/walk.h"

#define SUFFIX ".commitment"
enum { PATH_ROOM = SCU__OPTION_PATH_MAX + sizeof(scu__uid) + sizeof SUFFIX };

struct scu__commit_ledger {
  const scu_allocator *allocator;
  char *folder;
};

/* The folder is made, and proven to be writable, by those who know how; nothing of it is kept. */
static scu_result make_folder(const char *folder, const scu_allocator *allocator, scu_error *error) {
  scu__durable *durable = NULL;
  scu__durable_options options = {.allocator = allocator, .durability = SCU__DURABLE_FILE, .extension = SUFFIX};
  scu_result result = scu__durable_open(folder, &options, &durable, error);
  scu__durable_free(durable);
  return result;
}

scu_result scu__commit_ledger_open(const char *folder, const scu_allocator *allocator, scu__commit_ledger **out,
                                   scu_error *error) {
  *out = NULL;
  scu_result result = make_folder(folder, allocator, error);
  if (result != SCU_OK) return result;
  scu__commit_ledger *ledger = scu__alloc(allocator, sizeof *ledger);
  if (!ledger) return scu__error_memory(error, SCU_PHASE_STORAGE);
  ledger->allocator = allocator;
  ledger->folder = scu__strdup(allocator, folder);
  if (!ledger->folder) {
    scu__commit_ledger_close(ledger);
    return scu__error_memory(error, SCU_PHASE_STORAGE);
  }
  *out = ledger;
  return SCU_OK;
}

void scu__commit_ledger_close(scu__commit_ledger *ledger) {
  if (!ledger) return;
  scu__free(ledger->allocator, ledger->folder);
  scu__free(ledger->allocator, ledger);
}

/* --- one journal -------------------------------------------------------------------------------------------------- */

static void path_of(const scu__commit_ledger *ledger, const scu__uid *uid, char path[PATH_ROOM]) {
  snprintf(path, PATH_ROOM, "%.*s/%s" SUFFIX, SCU__OPTION_PATH_MAX - 1, ledger->folder, uid->text);
}

static scu_result take_record(void *user, const uint8_t *bytes, size_t length) {
  return scu__transaction_decode(user, bytes, length);
}

/* With what is in it. A journal without records is what a process left that was stopped before it could write. */
static scu_result open_journal(const scu__commit_ledger *ledger, const char *path, scu__transaction *found,
                               scu__journal **out, scu_error *error) {
  scu__transaction_init(found, ledger->allocator);
  scu_result result = scu__journal_open_in_turn(path, ledger->allocator, take_record, found, out, error);
  if (result != SCU_OK) scu__transaction_free(found);
  return result;
}

static scu_result append(const scu__commit_ledger *ledger, scu__journal *journal, const scu__transaction *transaction,
                         void (*encode)(const scu__transaction *transaction, scu__buffer *record), scu_error *error) {
  scu__buffer record;
  scu__buffer_init(&record, ledger->allocator, SCU__JOURNAL_RECORD_MAX);
  encode(transaction, &record);
  scu_result result = scu__buffer_result(&record);
  if (result == SCU_OK)
    result = scu__journal_append(journal, record.data, record.length, error);
  else
    scu__error_set(error, result, SCU_PHASE_STORAGE, "a transaction cannot be written to the ledger");
  scu__buffer_free(&record);
  return result;
}

static void encode_told(const scu__transaction *transaction, scu__buffer *record) {
  (void)transaction;
  scu__transaction_encode_told(record);
}

/* SCU_END: there is no such transaction. */
static scu_result open_known(const scu__commit_ledger *ledger, const scu__uid *uid, scu__transaction *found,
                             scu__journal **out, scu_error *error) {
  char path[PATH_ROOM];
  *out = NULL;
  path_of(ledger, uid, path);
  if (scu__file_kind_of(path, NULL) == SCU__FILE_NONE) return SCU_END;
  scu_result result = open_journal(ledger, path, found, out, error);
  if (result != SCU_OK || scu__uid_equal(&found->uid, uid)) return result;
  scu__transaction_free(found);
  scu__journal_close(*out);
  *out = NULL;
  return SCU_END;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static scu_result walk(const scu__commit_ledger *ledger, scu__folder_walk **out, scu_error *error) {
  scu__folder_walk_options options = {.allocator = ledger->allocator, .pattern = "*" SUFFIX};
  return scu__folder_walk_new(ledger->folder, &options, out, error);
}

static scu_result next_path(scu__folder_walk *files, const char **path, scu_error *error) {
  scu__folder_walk_entry entry;
  for (;;) {
    scu_result result = scu__folder_walk_next(files, &entry, error);
    if (result != SCU_OK) return result;
    *path = entry.path;
    if (!entry.problem) return SCU_OK;
  }
}

scu_result scu__commit_ledger_each(const scu__commit_ledger *ledger,
                                   scu_result (*take)(void *user, scu__transaction *transaction),
                                   void (*unreadable)(void *user, const char *path), void *user, scu_error *error) {
  scu__folder_walk *files = NULL;
  const char *path;
  scu_result result = walk(ledger, &files, error);
  while (result == SCU_OK && (result = next_path(files, &path, error)) == SCU_OK) {
    scu__transaction found;
    scu__journal *journal = NULL;
    result = open_journal(ledger, path, &found, &journal, NULL);
    if (result != SCU_OK) {
      if (result == SCU_ERROR_MEMORY) break;
      if (unreadable) unreadable(user, path);
      result = SCU_OK;
      continue;
    }
    scu__journal_close(journal);
    if (found.uid.text[0]) result = take(user, &found);
    scu__transaction_free(&found);
  }
  scu__folder_walk_free(files);
  if (result == SCU_ERROR_MEMORY) scu__error_memory(error, SCU_PHASE_STORAGE);
  return result == SCU_END ? SCU_OK : result;
}

static scu_result remove_old(void *user, scu__transaction *transaction) {
  scu__commit_ledger *ledger = user;
  bool is_over = transaction->came_at != 0 && transaction->is_told;
  if (!is_over || transaction->came_at + SCU__COMMIT_LEDGER_KEEP_S > scu__clock_wall_s()) return SCU_OK;
  scu_result result = scu__commit_ledger_remove(ledger, &transaction->uid, NULL);
  return result == SCU_ERROR_MEMORY ? result : SCU_OK;
}

static scu_result count(const scu__commit_ledger *ledger, size_t *found, scu_error *error) {
  scu__folder_walk *files = NULL;
  const char *path;
  *found = 0;
  scu_result result = walk(ledger, &files, error);
  while (result == SCU_OK && (result = next_path(files, &path, error)) == SCU_OK) ++*found;
  scu__folder_walk_free(files);
  return result == SCU_END ? SCU_OK : result;
}

/* Reading all of them takes its time: only now and then while there is room. */
static scu_result make_room(scu__commit_ledger *ledger, scu_error *error) {
  enum { LOOK_EVERY = 256 };
  size_t found;
  scu_result result = count(ledger, &found, error);
  if (result != SCU_OK || found == 0 || (found % LOOK_EVERY != 0 && found < SCU__COMMIT_LEDGER_MAX)) return result;
  result = scu__commit_ledger_each(ledger, remove_old, NULL, ledger, error);
  if (result == SCU_OK) result = count(ledger, &found, error);
  if (result != SCU_OK || found < SCU__COMMIT_LEDGER_MAX) return result;
  scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, "%s: %zu transactions wait for a result or to be told",
                 ledger->folder, found);
  scu__error_hint(error, "resume them, or remove the files of those that nobody will hear of");
  return SCU_ERROR_LIMIT;
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

scu_result scu__commit_ledger_put(scu__commit_ledger *ledger, const scu__transaction *transaction, scu_error *error) {
  char path[PATH_ROOM];
  scu__transaction found;
  scu__journal *journal = NULL;
  scu_result result = make_room(ledger, error);
  if (result != SCU_OK) return result;
  path_of(ledger, &transaction->uid, path);
  result = open_journal(ledger, path, &found, &journal, error);
  if (result != SCU_OK) return result;
  if (found.uid.text[0])
    result = scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                            "Transaction UID %s was used before: it is in the ledger", transaction->uid.text);
  else
    result = append(ledger, journal, transaction, scu__transaction_encode, error);
  scu__transaction_free(&found);
  scu__journal_close(journal);
  return result;
}

scu_result scu__commit_ledger_put_result(scu__commit_ledger *ledger, const scu__transaction *transaction,
                                         scu_error *error) {
  scu__transaction found;
  scu__journal *journal = NULL;
  scu_result result = open_known(ledger, &transaction->uid, &found, &journal, error);
  if (result != SCU_OK) return result;
  result = found.came_at ? SCU_END : append(ledger, journal, transaction, scu__transaction_encode_result, error);
  scu__transaction_free(&found);
  scu__journal_close(journal);
  return result;
}

scu_result scu__commit_ledger_put_told(scu__commit_ledger *ledger, const scu__uid *transaction, scu_error *error) {
  scu__transaction found;
  scu__journal *journal = NULL;
  scu_result result = open_known(ledger, transaction, &found, &journal, error);
  if (result != SCU_OK) return result;
  if (!found.is_told) result = append(ledger, journal, &found, encode_told, error);
  scu__transaction_free(&found);
  scu__journal_close(journal);
  return result;
}

scu_result scu__commit_ledger_remove(scu__commit_ledger *ledger, const scu__uid *transaction, scu_error *error) {
  scu__transaction found;
  scu__journal *journal = NULL;
  scu_result result = open_known(ledger, transaction, &found, &journal, error);
  if (result != SCU_OK) return result;
  scu__transaction_free(&found);
  return scu__journal_delete(journal, error);
}

scu_result scu__commit_ledger_read(const scu__commit_ledger *ledger, const scu__uid *uid, scu__transaction *transaction,
                                   scu_error *error) {
  scu__journal *journal = NULL;
  scu_result result = open_known(ledger, uid, transaction, &journal, error);
  scu__journal_close(journal);
  return result;
}
