/* Looking up registered UIDs (PS3.6 A) by text and by keyword. */
#include "data/uids.h"

#include <string.h>

#include "data/tables.h"

const scu__uid_entry *scu__uid_find(const char *uid) {
  size_t low = 0, high = scu__uid_table_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(scu__uid_entry_uid(&scu__uid_table[middle]), uid);
    if (order == 0) return &scu__uid_table[middle];
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

const char *scu__uid_entry_uid(const scu__uid_entry *entry) {
  return scu__pool_text(scu__uid_pool, entry->uid_at);
}

const char *scu__uid_entry_name(const scu__uid_entry *entry) {
  return scu__pool_text(scu__uid_pool, entry->name_at);
}

const char *scu__uid_entry_keyword(const scu__uid_entry *entry) {
  return scu__pool_text(scu__uid_pool, entry->keyword_at);
}

const char *scu__uid_name(const char *uid) {
  const scu__uid_entry *entry = scu__uid_find(uid);
  if (!entry || scu__uid_entry_name(entry)[0] == '\0') return NULL;
  return scu__uid_entry_name(entry);
}

const char *scu__uid_from_keyword(const char *keyword) {
  size_t low = 0, high = scu__uid_keyword_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const scu__uid_entry *entry = &scu__uid_table[scu__uid_by_keyword[middle]];
    int order = strcmp(scu__uid_entry_keyword(entry), keyword);
    if (order == 0) return scu__uid_entry_uid(entry);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

size_t scu__uid_count(void) {
  return scu__uid_table_count;
}

const scu__uid_entry *scu__uid_at(size_t index) {
  return index < scu__uid_table_count ? &scu__uid_table[index] : NULL;
}
