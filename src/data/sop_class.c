/* Looking up storage SOP classes (PS3.4 B.5, GG), and telling what may be one. */
#include "data/sop_class.h"

#include <string.h>

#include "data/tables.h"

const scu__sop_class *scu__sop_class_find(const char *uid) {
  size_t low = 0, high = scu__sop_class_table_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(scu__sop_class_table[middle].uid, uid);
    if (order == 0) return &scu__sop_class_table[middle];
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

bool scu__sop_class_is_storage(const char *uid) {
  return scu__sop_class_find(uid) != NULL;
}

bool scu__sop_class_may_be_storage(const char *uid) {
  if (uid[0] == '\0') return false;
  if (scu__sop_class_is_storage(uid)) return true;
  const scu__uid_entry *entry = scu__uid_find(uid);
  if (!entry) return true;
  /* Two retired classes stand in the registry without a name: nobody can say that they are not for storage. */
  return entry->kind == SCU__UID_KIND_SOP_CLASS && scu__uid_entry_name(entry)[0] == '\0';
}

const scu__sop_class *scu__sop_class_related(const scu__sop_class *sop_class, size_t index) {
  return index < sop_class->related_count ? &scu__sop_class_table[sop_class->related[index]] : NULL;
}

size_t scu__sop_class_count(void) {
  return scu__sop_class_table_count;
}

const scu__sop_class *scu__sop_class_at(size_t index) {
  return index < scu__sop_class_table_count ? &scu__sop_class_table[index] : NULL;
}
