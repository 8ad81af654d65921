/* Rows of an answer. */
#include "archive/answer.h"

#include <string.h>

#include "data/dataset_values.h"
#include "data/vr.h"

static scu_result put_bytes(scu_dataset *row, scu_tag tag, scu_vr vr, const void *bytes, size_t length, bool is_utf8) {
  uint8_t *copy = NULL;
  if (length > 0) {
    copy = scu__arena_take(&row->tree->arena, length);
    if (!copy) return SCU_ERROR_MEMORY;
    memcpy(copy, bytes, length);
  }
  scu_element *slot = scu__dataset_slot(row, tag);
  if (!slot) return SCU_ERROR_MEMORY;
  *slot = (scu_element){.tag = tag, .vr = vr, .is_utf8 = is_utf8, .length = length, .as.bytes = copy};
  return SCU_OK;
}

static scu_result put_empty(scu_dataset *row, const scu__key *key) {
  scu_element *slot = scu__dataset_slot(row, key->tag);
  if (!slot) return SCU_ERROR_MEMORY;
  *slot = (scu_element){
      .tag = key->tag, .vr = key->vr, .content = key->vr == SCU_VR_SQ ? SCU__CONTENT_ITEMS : SCU__CONTENT_VALUE};
  return SCU_OK;
}

static scu_result put_value(scu_dataset *row, const scu_dataset *level, const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  if (!info || !info->is_text)
    return put_bytes(row, element->tag, element->vr, element->as.bytes, (size_t)element->length, false);
  const char *utf8;
  size_t length;
  scu_result result = scu__element_utf8(level, element, &utf8, &length);
  return result == SCU_OK ? put_bytes(row, element->tag, element->vr, utf8, length, true) : result;
}

/* A sequence as it is, through a view that has nothing else. */
static scu_result put_whole(scu_dataset *row, const scu_dataset *level, const scu_element *sequence) {
  scu_dataset view = *level;
  view.elements = (scu_element *)sequence;
  view.count = 1;
  scu_result result = scu_dataset_merge(row, &view);
  return result == SCU_ERROR_LIMIT ? SCU_OK : result;
}

/* A sequence of which only some attributes were asked for, and the item that is being copied. Items that do not match
 * are passed over (C.2.2.2.6). */
typedef struct copy_level {
  const scu__key *key;
  const scu_element *from;
  scu_dataset *to, *to_item;
  size_t item, child;
} copy_level;

static bool is_selective(const scu__key *key, const scu_element *element) {
  return element->content == SCU__CONTENT_ITEMS && key->child_count > 0;
}

static scu_result put_plain(scu_dataset *row, const scu__key *key, const scu_dataset *level,
                            const scu_element *element) {
  if (!element || element->is_left_out || element->content == SCU__CONTENT_FRAGMENTS) return put_empty(row, key);
  return element->content == SCU__CONTENT_ITEMS ? put_whole(row, level, element) : put_value(row, level, element);
}

/* Goes to the next item that is part of the answer; NULL behind the last. */
static scu_result next_item(scu__matcher *matcher, copy_level *level, const scu_dataset **item) {
  bool is_match = false;
  for (;; level->item++) {
    *item = scu_element_item(level->from, level->item);
    if (!*item || level->to_item || !level->key->is_matched) return SCU_OK;
    scu_result result = scu__key_match_item(matcher, level->key, level->from, level->item, &is_match);
    if (result != SCU_OK || is_match) return result;
  }
}

static scu_result put_selection(scu_dataset *row, scu__matcher *matcher, const scu__key *key,
                                const scu_element *sequence) {
  copy_level levels[SCU__KEY_DEPTH_MAX + 2];
  size_t depth = 1;
  levels[0] = (copy_level){.key = key, .from = sequence, .to = row};
  scu_result result = put_empty(row, key);
  while (result == SCU_OK && depth > 0) {
    copy_level *level = &levels[depth - 1];
    const scu_dataset *item;
    result = next_item(matcher, level, &item);
    if (result != SCU_OK) return result;
    if (!item) {
      depth--;
    } else if (!level->to_item) {
      level->child = 0;
      result = scu_dataset_add_item(level->to, level->key->tag, &level->to_item);
    } else if (level->child == level->key->child_count) {
      level->item++;
      level->to_item = NULL;
    } else {
      const scu__key *child = &level->key->children[level->child++];
      const scu_element *element = scu_dataset_find(item, child->tag);
      if (element && is_selective(child, element) && depth < SCU__KEY_DEPTH_MAX + 2) {
        result = put_empty(level->to_item, child);
        levels[depth++] = (copy_level){.key = child, .from = element, .to = level->to_item};
      } else {
        result = put_plain(level->to_item, child, item, element);
      }
    }
  }
  return result == SCU_ERROR_LIMIT ? SCU_OK : result;
}

scu_result scu__answer_put(scu_dataset *row, scu__matcher *matcher, const scu__key *key, const scu_dataset *level,
                           const scu_element *element) {
  if (element && is_selective(key, element)) return put_selection(row, matcher, key, element);
  return put_plain(row, key, level, element);
}

scu_result scu__answer_put_text(scu_dataset *row, scu_tag tag, scu_vr vr, const char *text, size_t length) {
  return put_bytes(row, tag, vr, text, length, true);
}
