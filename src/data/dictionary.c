/* Looking up data elements (PS3.6 6-9, PS3.7 E): by tag, by keyword, and the VR that implicit encoding leaves out. */
#include "data/dictionary.h"

#include <string.h>

#include "data/tables.h"
#include "scu/dataset.h"

static const scu__dictionary_entry *find_exact(scu_tag tag) {
  size_t low = 0, high = scu__dictionary_exact_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (scu__dictionary_table[middle].tag == tag) return &scu__dictionary_table[middle];
    if (scu__dictionary_table[middle].tag < tag) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

static const scu__dictionary_entry *find_repeating(scu_tag tag) {
  for (size_t i = scu__dictionary_exact_count; i < scu__dictionary_table_count; i++) {
    const scu__dictionary_entry *entry = &scu__dictionary_table[i];
    if ((tag & entry->mask) == entry->tag) return entry;
  }
  return NULL;
}

const scu__dictionary_entry *scu__dictionary_find(scu_tag tag) {
  if (scu__tag_is_private(tag)) return NULL;
  const scu__dictionary_entry *entry = find_exact(tag);
  return entry ? entry : find_repeating(tag);
}

const scu__dictionary_entry *scu__dictionary_find_keyword(const char *keyword) {
  size_t low = 0, high = scu__dictionary_keyword_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const scu__dictionary_entry *entry = &scu__dictionary_table[scu__dictionary_by_keyword[middle]];
    int order = strcmp(scu__dictionary_keyword(entry), keyword);
    if (order == 0) return entry;
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

const char *scu__dictionary_keyword(const scu__dictionary_entry *entry) {
  return scu__pool_text(scu__dictionary_pool, entry->keyword_at);
}

const char *scu__dictionary_name(const scu__dictionary_entry *entry) {
  return scu__pool_text(scu__dictionary_pool, entry->name_at);
}

scu_vr scu__dictionary_vr(scu_tag tag) {
  if (SCU_TAG_GROUP(tag) == 0xFFFEu) return SCU_VR_NONE;
  if (scu__tag_is_group_length(tag)) return SCU_VR_UL;
  if (scu__tag_is_private_creator(tag)) return SCU_VR_LO;
  const scu__dictionary_entry *entry = scu__dictionary_find(tag);
  return entry && entry->vr != SCU_VR_NONE ? entry->vr : SCU_VR_UN;
}

size_t scu__dictionary_count(void) {
  return scu__dictionary_table_count;
}

const scu__dictionary_entry *scu__dictionary_at(size_t index) {
  return index < scu__dictionary_table_count ? &scu__dictionary_table[index] : NULL;
}

const char *scu_tag_keyword(scu_tag tag) {
  const scu__dictionary_entry *entry = scu__dictionary_find(tag);
  return entry ? scu__dictionary_keyword(entry) : "";
}
