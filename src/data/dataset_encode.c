/* Tree to bytes: one pass without recursion; lengths of sequences and items are filled in when they end. */
#include "data/dataset_encode.h"

#include <string.h>

#include "base/endian.h"
#include "base/limits.h"
#include "data/dataset_values.h"
#include "data/dictionary.h"

/* One dataset or item that is being written. */
typedef struct encoder_level {
  const scu_dataset *dataset;
  size_t element, item;        /* to be written next */
  size_t item_at, sequence_at; /* where the lengths of this item and of the open sequence below it are filled in */
  scu__encoding encoding;      /* of the elements of this level */
  scu__encoding inner;         /* of the items of the open sequence */
  bool is_undefined;           /* the open sequence ends with a delimiter */
  bool owes_charset;           /* (0008,0005) is still to be written */
  scu__charset source, target; /* of the texts as they stand here, and as they go out */
} encoder_level;

typedef struct encoder {
  scu__buffer *out;
  scu__buffer value; /* a text on its way */
  scu_error *error;
  size_t depth; /* levels in use */
  encoder_level levels[SCU__NESTING_MAX + 1];
} encoder;

static scu_result fail(encoder *e, scu_result result, scu_tag tag, const char *reason) {
  char name[100];
  scu__path_format_tag(tag, name, sizeof name);
  scu__error_set(e->error, result, SCU_PHASE_USAGE, "%s: %s", name, reason);
  scu__error_at(e->error, tag, UINT64_MAX);
  return result;
}

static scu_result out_result(encoder *e) {
  scu_result result = scu__buffer_result(e->out);
  if (result == SCU_OK) return SCU_OK;
  return scu__error_set(e->error, result, SCU_PHASE_USAGE,
                        result == SCU_ERROR_LIMIT ? "the encoded dataset is longer than the limit allows"
                                                  : "out of memory");
}

/* ---- choosing the character set ---- */

static bool has_charset(const scu_dataset *dataset) {
  return scu_dataset_find(dataset, SCU__TAG_SPECIFIC_CHARACTER_SET) != NULL;
}

/* Walks the levels that share the character set of `owner`: items with a set of their own, and all below them, do not.
 */
static const scu_dataset *next_in_scope(scu__walk *walk, const scu_dataset *owner) {
  for (;;) {
    const scu_dataset *dataset = scu__walk_next(walk);
    const scu_dataset *at = dataset;
    while (at && at != owner && !has_charset(at)) at = at->parent;
    if (!dataset || at == owner) return dataset;
  }
}

static bool is_affected(const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  const uint8_t *bytes = scu_element_bytes(element);
  return info && info->uses_charset && bytes &&
         !scu__is_plain_ascii(bytes, (size_t)element->length, info->may_be_multi);
}

/* Do all texts that are UTF-8 here fit into the set? Those that came from outside are in it already. */
static bool holds_all(const scu__charset *charset, const scu_dataset *owner) {
  scu__walk walk;
  scu__walk_start(&walk, owner);
  for (const scu_dataset *at; (at = next_in_scope(&walk, owner)) != NULL;) {
    for (size_t i = 0; i < at->count; i++) {
      const scu_element *element = &at->elements[i];
      if (element->is_utf8 && is_affected(element) &&
          !scu__charset_holds(charset, (const char *)element->as.bytes, (size_t)element->length))
        return false;
    }
  }
  return true;
}

/* All texts of the scope, one after the other. */
static scu_result gather(encoder *e, const scu_dataset *owner) {
  scu__buffer_clear(&e->value);
  scu__walk walk;
  scu__walk_start(&walk, owner);
  for (const scu_dataset *at; (at = next_in_scope(&walk, owner)) != NULL;) {
    for (size_t i = 0; i < at->count; i++) {
      if (!is_affected(&at->elements[i])) continue;
      const char *utf8;
      size_t length;
      scu_result result = scu__element_utf8(at, &at->elements[i], &utf8, &length);
      if (result != SCU_OK) return result;
      scu__put_bytes(&e->value, utf8, length);
    }
  }
  return scu__buffer_result(&e->value);
}

/* RULES 15, for the root and for items with a set of their own. */
static scu_result choose_charset(encoder *e, encoder_level *level) {
  const scu_dataset *dataset = level->dataset;
  level->source = level->target = scu__dataset_charset(dataset);
  if (dataset->has_fixed_charset || holds_all(&level->source, dataset)) return SCU_OK;
  scu_result result = gather(e, dataset);
  if (result == SCU_OK) result = scu__charset_narrowest((const char *)e->value.data, e->value.length, &level->target);
  if (result != SCU_OK) return scu__error_memory(e->error, SCU_PHASE_USAGE);
  level->owes_charset = true;
  return SCU_OK;
}

static scu_result enter(encoder *e, const scu_dataset *dataset, scu__encoding encoding) {
  if (e->depth > SCU__NESTING_MAX)
    return scu__error_set(e->error, SCU_ERROR_LIMIT, SCU_PHASE_USAGE, "sequences are nested too deep");
  encoder_level *level = &e->levels[e->depth];
  *level = (encoder_level){.dataset = dataset, .encoding = encoding};
  bool is_owner = e->depth == 0 || has_charset(dataset);
  e->depth++;
  if (is_owner) return choose_charset(e, level);
  level->source = level[-1].source;
  level->target = level[-1].target;
  return SCU_OK;
}

/* ---- elements with a value ---- */

static scu_result write_header(encoder *e, scu__encoding encoding, scu_tag tag, scu_vr vr, uint32_t length) {
  scu__element_header header = {.tag = tag, .vr = vr, .length = length};
  scu__element_header_write(e->out, encoding, &header);
  return out_result(e);
}

static scu_result write_value(encoder *e, scu__encoding encoding, const scu_element *element, const uint8_t *bytes,
                              uint64_t length) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  uint64_t padded = length + (length & 1);
  if (padded > UINT32_MAX - 1) return fail(e, SCU_ERROR_LIMIT, element->tag, "longer than a 32-bit length can say");
  scu_vr vr = scu__element_written_vr(element->vr, (uint32_t)padded);
  scu_result result = write_header(e, encoding, element->tag, vr, (uint32_t)padded);
  if (result != SCU_OK) return result;
  size_t at = e->out->length;
  scu__put_bytes(e->out, bytes, (size_t)length);
  if (padded > length) scu__put_u8(e->out, info ? info->pad : 0);
  result = out_result(e);
  /* What goes into UN stays little endian (PS3.5 6.2.2). */
  if (result == SCU_OK && encoding.is_big_endian && vr == element->vr)
    scu__swap_words(e->out->data + at, (size_t)padded, vr);
  return result;
}

static scu_result write_text(encoder *e, const encoder_level *level, const scu_element *element) {
  const char *utf8;
  size_t length;
  if (scu__element_utf8(level->dataset, element, &utf8, &length) != SCU_OK)
    return scu__error_memory(e->error, SCU_PHASE_USAGE);
  bool is_unrepresentable = false;
  scu__buffer_clear(&e->value);
  scu_result result = scu__charset_from_utf8(&level->target, element->vr, utf8, length, &e->value, &is_unrepresentable);
  if (result != SCU_OK) return scu__error_memory(e->error, SCU_PHASE_USAGE);
  if (is_unrepresentable && element->is_utf8 && !level->dataset->tree->must_encode)
    return fail(e, SCU_ERROR_USAGE, element->tag, "the text does not fit into the character set of the dataset");
  return write_value(e, level->encoding, element, e->value.data, e->value.length);
}

static scu_result write_simple(encoder *e, const encoder_level *level, const scu_element *element) {
  const scu__vr_info *info = scu__vr_find(element->vr);
  if (element->is_left_out)
    return fail(e, SCU_ERROR_USAGE, element->tag, "the value was left out when the dataset was read");
  bool is_text = info && info->is_text && element->as.bytes &&
                 !scu__is_plain_ascii(element->as.bytes, (size_t)element->length, info->may_be_multi);
  bool is_recoded = info && info->uses_charset && !scu__charset_equal(&level->source, &level->target);
  if (is_text && (element->is_utf8 || is_recoded)) return write_text(e, level, element);
  return write_value(e, level->encoding, element, element->as.bytes, element->length);
}

/* ---- fragments ---- */

static scu_result write_fragments(encoder *e, const encoder_level *level, const scu_element *element) {
  if (level->encoding.is_implicit_vr)
    return fail(e, SCU_ERROR_UNSUPPORTED, element->tag, "encapsulated Pixel Data has no place in implicit VR");
  if (element->is_left_out)
    return fail(e, SCU_ERROR_USAGE, element->tag, "the value was left out when the dataset was read");
  scu_result result = write_header(e, level->encoding, element->tag, element->vr, SCU__UNDEFINED_LENGTH);
  for (size_t i = 0; result == SCU_OK && i < element->count; i++) {
    const scu__fragment *fragment = &element->as.fragments[i];
    uint64_t padded = fragment->length + (fragment->length & 1);
    result = write_header(e, level->encoding, SCU__TAG_ITEM, SCU_VR_NONE, (uint32_t)padded);
    scu__put_bytes(e->out, fragment->bytes, (size_t)fragment->length);
    if (padded > fragment->length) scu__put_u8(e->out, 0);
  }
  if (result != SCU_OK) return result;
  return write_header(e, level->encoding, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
}

/* ---- sequences ---- */

/* Readers of implicit VR know a sequence by the dictionary or by its undefined length; UN likewise. */
static bool needs_delimiter(const scu_element *element, scu__encoding encoding) {
  if (element->vr == SCU_VR_UN) return true;
  return encoding.is_implicit_vr && scu__dictionary_vr(element->tag) != SCU_VR_SQ;
}

static void fill_length(encoder *e, scu__encoding encoding, size_t at) {
  size_t length = e->out->length - at - 4;
  if (scu__buffer_result(e->out) != SCU_OK) return;
  if (length > UINT32_MAX - 1) {
    e->out->result = SCU_ERROR_LIMIT;
  } else if (encoding.is_big_endian) {
    scu__store_u32be(e->out->data + at, (uint32_t)length);
  } else {
    scu__store_u32le(e->out->data + at, (uint32_t)length);
  }
}

static scu_result begin_sequence(encoder *e, encoder_level *level, const scu_element *element) {
  level->is_undefined = needs_delimiter(element, level->encoding);
  level->inner = element->vr == SCU_VR_UN ? SCU__IMPLICIT_LE : level->encoding;
  level->item = 0;
  uint32_t length = level->is_undefined ? SCU__UNDEFINED_LENGTH : 0;
  scu_result result = write_header(e, level->encoding, element->tag, element->vr, length);
  level->sequence_at = e->out->length - 4;
  return result;
}

static scu_result end_sequence(encoder *e, encoder_level *level) {
  level->element++;
  level->item = 0;
  if (level->is_undefined) return write_header(e, level->inner, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  fill_length(e, level->encoding, level->sequence_at);
  return out_result(e);
}

/* Goes into the next item of the sequence, or ends it. The sequence begins with its item 0. */
static scu_result step_sequence(encoder *e, encoder_level *level, const scu_element *element) {
  if (level->item == 0) {
    scu_result result = begin_sequence(e, level, element);
    if (result != SCU_OK) return result;
  }
  if (level->item == element->count) return end_sequence(e, level);
  const scu_dataset *item = element->as.items[level->item++];
  scu_result result = write_header(e, level->inner, SCU__TAG_ITEM, SCU_VR_NONE, 0);
  size_t item_at = e->out->length - 4;
  if (result == SCU_OK) result = enter(e, item, level->inner);
  if (result == SCU_OK) e->levels[e->depth - 1].item_at = item_at;
  return result;
}

/* ---- levels ---- */

static scu_result write_charset(encoder *e, encoder_level *level) {
  char text[SCU__CHARSET_TEXT_MAX];
  size_t length = scu__charset_text(&level->target, text);
  scu_element element = {.tag = SCU__TAG_SPECIFIC_CHARACTER_SET, .vr = SCU_VR_CS};
  level->owes_charset = false;
  return write_value(e, level->encoding, &element, (const uint8_t *)text, length);
}

static bool is_dropped(scu_tag tag) {
  return scu__tag_is_group_length(tag) || tag == SCU__TAG_TRAILING_PADDING;
}

static scu_result write_element(encoder *e, encoder_level *level, const scu_element *element) {
  if (element->content == SCU__CONTENT_ITEMS) return step_sequence(e, level, element);
  level->element++;
  if (element->content == SCU__CONTENT_FRAGMENTS) return write_fragments(e, level, element);
  return write_simple(e, level, element);
}

/* One step at the innermost level. */
static scu_result step(encoder *e) {
  encoder_level *level = &e->levels[e->depth - 1];
  const scu_element *element = scu_dataset_at(level->dataset, level->element);
  if (level->owes_charset && (!element || element->tag >= SCU__TAG_SPECIFIC_CHARACTER_SET)) {
    if (element && element->tag == SCU__TAG_SPECIFIC_CHARACTER_SET) level->element++;
    return write_charset(e, level);
  }
  if (!element) {
    if (--e->depth > 0) fill_length(e, level->encoding, level->item_at);
    return out_result(e);
  }
  if (!is_dropped(element->tag)) return write_element(e, level, element);
  level->element++;
  return SCU_OK;
}

scu_result scu__dataset_encode(const scu_dataset *dataset, scu__encoding encoding, scu__buffer *out, scu_error *error) {
  const scu_allocator *allocator = dataset->tree->arena.allocator;
  encoder *e = scu__alloc(allocator, sizeof *e);
  if (!e) return scu__error_memory(error, SCU_PHASE_USAGE);
  e->out = out;
  e->error = error;
  scu__buffer_init(&e->value, allocator, SIZE_MAX);
  scu_result result = enter(e, dataset, encoding);
  while (result == SCU_OK && e->depth > 0) result = step(e);
  scu__buffer_free(&e->value);
  scu__free(allocator, e);
  return result;
}

bool scu__dataset_is_ascii(const scu_dataset *dataset) {
  scu__walk walk;
  scu__walk_start(&walk, dataset);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
    for (size_t i = 0; i < at->count; i++) {
      const scu_element *element = &at->elements[i];
      const uint8_t *bytes = is_affected(element) ? element->as.bytes : NULL;
      for (size_t k = 0; bytes && k < element->length; k++)
        if (bytes[k] >= 0x80 || bytes[k] == 0x1B) return false;
    }
  }
  return true;
}
