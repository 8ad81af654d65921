/* The ledger on a file: every change is a record of the journal - kind, length of the key, key, bytes. All entries are
 * in memory too, for they are few and short-lived. When none is left the file is emptied; when opening finds more dead
 * records than living ones it is written anew. */
#include "archive/ledger.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "io/journal.h"

enum {
  KIND_PUT = 'P',
  KIND_REMOVE = 'R',
  FILE_MAX = 256 * 1024 * 1024 /* put refuses beyond: somebody is not collecting his results */
};

typedef struct entry entry;
struct entry {
  entry *next;
  char *key;
  uint8_t *bytes;
  size_t length;
};

typedef struct ledger_file {
  scu__ledger ledger; /* first: the handle */
  const scu_allocator *allocator;
  scu__journal *journal;
  entry *entries;
  size_t dead; /* records that count no more, found at opening */
} ledger_file;

static void entry_free(const ledger_file *file, entry *e) {
  if (!e) return;
  scu__free(file->allocator, e->key);
  scu__free(file->allocator, e->bytes);
  scu__free(file->allocator, e);
}

static entry *entry_new(const ledger_file *file, const char *key, size_t key_length, const uint8_t *bytes,
                        size_t length) {
  entry *e = scu__alloc(file->allocator, sizeof *e);
  if (!e) return NULL;
  e->key = scu__strndup(file->allocator, key, key_length);
  e->bytes = scu__alloc(file->allocator, length);
  e->length = length;
  if (e->key && e->bytes) {
    if (length > 0) memcpy(e->bytes, bytes, length);
    return e;
  }
  entry_free(file, e);
  return NULL;
}

static entry **find(ledger_file *file, const char *key) {
  entry **at = &file->entries;
  while (*at && strcmp((*at)->key, key) != 0) at = &(*at)->next;
  return at;
}

/* False when there was none. */
static bool forget(ledger_file *file, const char *key) {
  entry **at = find(file, key), *found = *at;
  if (!found) return false;
  *at = found->next;
  entry_free(file, found);
  return true;
}

static void keep(ledger_file *file, entry *e) {
  if (forget(file, e->key)) file->dead++;
  entry **at = &file->entries;
  while (*at) at = &(*at)->next;
  *at = e;
}

static scu_result write_record(scu__journal *journal, const scu_allocator *allocator, uint8_t kind, const char *key,
                               const uint8_t *bytes, size_t length, scu_error *error) {
  size_t key_length = strlen(key);
  scu__buffer record;
  scu__buffer_init(&record, allocator, SCU__JOURNAL_RECORD_MAX);
  scu__put_u8(&record, kind);
  scu__put_u8(&record, (uint8_t)key_length);
  scu__put_bytes(&record, key, key_length);
  if (length > 0) scu__put_bytes(&record, bytes, length);
  scu_result result = scu__buffer_result(&record);
  if (result == SCU_OK)
    result = scu__journal_append(journal, record.data, record.length, error);
  else
    scu__error_set(error, result, SCU_PHASE_STORAGE, "an entry of the ledger is too long");
  scu__buffer_free(&record);
  return result;
}

/* --- the seam ----------------------------------------------------------------------------------------------------- */

static scu_result put(void *user, const char *key, const uint8_t *bytes, size_t length, scu_error *error) {
  ledger_file *file = user;
  size_t key_length = strlen(key);
  if (key_length == 0 || key_length > SCU__LEDGER_KEY_MAX || length > SCU__JOURNAL_RECORD_MAX / 2 ||
      scu__journal_length(file->journal) > FILE_MAX)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, "the ledger cannot take this entry");
  entry *e = entry_new(file, key, key_length, bytes, length);
  if (!e) return scu__error_memory(error, SCU_PHASE_STORAGE);
  scu_result result = write_record(file->journal, file->allocator, KIND_PUT, key, bytes, length, error);
  if (result == SCU_OK)
    keep(file, e);
  else
    entry_free(file, e);
  return result;
}

static scu_result remove_entry(void *user, const char *key, scu_error *error) {
  ledger_file *file = user;
  entry **at = find(file, key);
  if (!*at) return SCU_END;
  bool is_last = file->entries == *at && !(*at)->next;
  scu_result result = is_last ? scu__journal_clear(file->journal, error)
                              : write_record(file->journal, file->allocator, KIND_REMOVE, key, NULL, 0, error);
  if (result == SCU_OK) forget(file, key);
  return result;
}

static scu_result
each(void *user, scu_result (*take)(void *taker, const char *key, const uint8_t *bytes, size_t length), void *taker) {
  const ledger_file *file = user;
  for (const entry *e = file->entries, *next; e; e = next) {
    next = e->next;
    scu_result result = take(taker, e->key, e->bytes, e->length);
    if (result < 0) return result;
  }
  return SCU_OK;
}

static void close_file(void *user) {
  ledger_file *file = user;
  while (file->entries) {
    entry *next = file->entries->next;
    entry_free(file, file->entries);
    file->entries = next;
  }
  scu__journal_close(file->journal);
  scu__free(file->allocator, file);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static scu_result replay(void *user, const uint8_t *bytes, size_t length) {
  ledger_file *file = user;
  if (length < 2 || length - 2 < bytes[1]) return SCU_ERROR_MALFORMED;
  size_t key_length = bytes[1];
  entry *e = entry_new(file, (const char *)bytes + 2, key_length, bytes + 2 + key_length, length - 2 - key_length);
  if (!e) return SCU_ERROR_MEMORY;
  if (bytes[0] == KIND_PUT) {
    keep(file, e);
    return SCU_OK;
  }
  file->dead += forget(file, e->key) ? 2 : 1;
  entry_free(file, e);
  return SCU_OK;
}

static scu_result take_nothing(void *user, const uint8_t *bytes, size_t length) {
  (void)user, (void)bytes, (void)length;
  return SCU_OK;
}

static scu_result copy_entries(ledger_file *file, scu__journal *fresh, scu_error *error) {
  scu_result result = scu__journal_clear(fresh, error);
  for (const entry *e = file->entries; e && result == SCU_OK; e = e->next)
    result = write_record(fresh, file->allocator, KIND_PUT, e->key, e->bytes, e->length, error);
  return result;
}

static scu_result write_anew(ledger_file *file, const char *path, scu_error *error) {
  size_t room = strlen(path) + sizeof ".new";
  char *other = scu__alloc(file->allocator, room);
  if (!other) return scu__error_memory(error, SCU_PHASE_STORAGE);
  snprintf(other, room, "%s.new", path);
  scu__journal *fresh = NULL;
  scu_result result = scu__journal_open(other, file->allocator, take_nothing, NULL, &fresh, error);
  scu__free(file->allocator, other);
  if (result == SCU_OK) result = copy_entries(file, fresh, error);
  if (result == SCU_OK) result = scu__journal_rename(fresh, path, error);
  scu__journal_close(result == SCU_OK ? file->journal : fresh);
  if (result == SCU_OK) file->journal = fresh;
  return result;
}

static scu_result tidy(ledger_file *file, const char *path, scu_error *error) {
  size_t alive = 0;
  for (const entry *e = file->entries; e; e = e->next) alive++;
  if (file->dead == 0 || (alive > 0 && file->dead <= alive)) return SCU_OK;
  return alive == 0 ? scu__journal_clear(file->journal, error) : write_anew(file, path, error);
}

/* Whoever reads this has to choose between an archive that does not start and what is in the file: say what that is. */
static void tell_damage(const char *path, scu_error *error) {
  scu__error_clear(error);
  scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_STORAGE,
                 "%s is damaged; in it are only commitments not reported yet and the mark of an unfinished --demo",
                 path);
  scu__error_hint(error, "move it away, then start again: no image is lost");
}

scu_result scu__ledger_file_open(const char *path, const scu_allocator *allocator, scu__ledger **out,
                                 scu_error *error) {
  *out = NULL;
  ledger_file *file = scu__alloc(allocator, sizeof *file);
  if (!file) return scu__error_memory(error, SCU_PHASE_STORAGE);
  file->allocator = allocator;
  file->ledger = (scu__ledger){
      .size = sizeof file->ledger, .put = put, .remove = remove_entry, .each = each, .close = close_file, .user = file};
  scu_result result = scu__journal_open(path, allocator, replay, file, &file->journal, error);
  if (result == SCU_ERROR_MALFORMED) tell_damage(path, error);
  if (result == SCU_OK) result = tidy(file, path, error);
  if (result == SCU_OK)
    *out = &file->ledger;
  else
    close_file(file);
  return result;
}

void scu__ledger_close(scu__ledger *ledger) {
  if (ledger) ledger->close(ledger->user);
}
