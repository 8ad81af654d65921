/* The file meta group, element by element (PS3.10 7.1), and the guesses for files that lack what they should have.
 *
 * The group ends where an element of another group begins; (0002,0000) is only compared. */
#include "data/part10.h"

#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "base/limits.h"
#include "data/dictionary.h"
#include "data/transfer_syntax.h"
#include "data/vr.h"

enum { PREAMBLE_LENGTH = 128, VALUE_MAX = 128 };

#define META(element)       SCU_TAG(0x0002, element)
#define META_GROUP_LENGTH   META(0x0000)
#define META_VERSION        META(0x0001)
#define META_SOP_CLASS      META(0x0002)
#define META_SOP_INSTANCE   META(0x0003)
#define META_SYNTAX         META(0x0010)
#define META_IMPLEMENTATION META(0x0012)
#define META_VERSION_NAME   META(0x0013)
#define META_SOURCE_AE      META(0x0016)
#define META_SENDING_AE     META(0x0017)
#define META_RECEIVING_AE   META(0x0018)

typedef struct walk {
  scu__read_ahead *ahead;
  scu__file_meta *meta;
  scu_error *error;
  uint64_t size, begin, offset; /* of the source; of the first meta element; of the next one */
  uint64_t declared_end;        /* by (0002,0000); 0 = not said */
  scu__encoding encoding;
} walk;

static scu_result peek(walk *w, uint64_t offset, size_t wanted, const uint8_t **bytes, size_t *length) {
  return scu__read_ahead_peek(w->ahead, offset, wanted, SCU__READ_AHEAD_MAX, bytes, length, w->error);
}

/* What is it then? */

static const struct {
  const char *name;
  uint8_t length;
  uint8_t bytes[8];
} known_kinds[] = {
    {"a JPEG image", 3, {0xFF, 0xD8, 0xFF}},
    {"a PNG image", 4, {0x89, 'P', 'N', 'G'}},
    {"a GIF image", 4, {'G', 'I', 'F', '8'}},
    {"a TIFF image", 4, {'I', 'I', 42, 0}},
    {"a TIFF image", 4, {'M', 'M', 0, 42}},
    {"a BMP image", 2, {'B', 'M'}},
    {"a JPEG 2000 image", 8, {0, 0, 0, 12, 'j', 'P', ' ', ' '}},
    {"a JPEG 2000 codestream", 4, {0xFF, 0x4F, 0xFF, 0x51}},
    {"a PDF document", 4, {'%', 'P', 'D', 'F'}},
    {"a ZIP archive", 4, {'P', 'K', 3, 4}},
    {"a gzip file", 3, {0x1F, 0x8B, 8}},
    {"an XML document", 5, {'<', '?', 'x', 'm', 'l'}},
    {"a program", 4, {0x7F, 'E', 'L', 'F'}},
};

static scu_result not_dicom(walk *w, const char *why) {
  const uint8_t *bytes;
  size_t length;
  scu_result result = peek(w, 0, 8, &bytes, &length);
  if (result != SCU_OK) return result;
  if (length == 0)
    return scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "not a DICOM file: it is empty");
  for (size_t i = 0; i < sizeof known_kinds / sizeof *known_kinds; i++)
    if (length >= known_kinds[i].length && memcmp(bytes, known_kinds[i].bytes, known_kinds[i].length) == 0)
      return scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "not a DICOM file: it looks like %s",
                            known_kinds[i].name);
  return scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "not a DICOM file: %s", why);
}

/* Guessing the encoding of a dataset by its first elements */

/* 0001, 0003, 0005, 0007 are forbidden too, but files with them exist. */
static bool is_dataset_group(uint16_t group) {
  return group != 0 && group != 2 && group < 0xFFFE;
}

static bool fits(uint32_t length, uint64_t left) {
  return length == SCU__UNDEFINED_LENGTH || length <= left;
}

/* Whether an element in this encoding could begin here. */
static scu_result is_begin_of_dataset(walk *w, scu__encoding encoding, uint64_t offset, scu__element_header *header,
                                      bool *answer) {
  const uint8_t *bytes;
  size_t length;
  *answer = false;
  scu_result result = peek(w, offset, SCU__ELEMENT_HEADER_MAX, &bytes, &length);
  if (result != SCU_OK) return result;
  if (scu__element_header_read(encoding, bytes, length, header) != SCU_OK) return SCU_OK;
  if (!is_dataset_group(SCU_TAG_GROUP(header->tag))) return SCU_OK;
  if (!fits(header->length, w->size - offset - header->size)) return SCU_OK;
  if (!encoding.is_implicit_vr)
    *answer = scu__vr_find(header->vr) != NULL;
  else
    *answer = scu__dictionary_find(header->tag) || scu__tag_is_private(header->tag) || (header->tag & 0xFFFF) == 0;
  return SCU_OK;
}

/* What follows is asked too, an item or a second element: four bytes and a fitting length are thin evidence. */
static scu_result matches(walk *w, scu__encoding encoding, uint64_t offset, bool *answer) {
  scu__element_header first, second;
  scu_result result = is_begin_of_dataset(w, encoding, offset, &first, answer);
  if (result != SCU_OK || !*answer || !encoding.is_implicit_vr) return result;
  offset += first.size;
  if (first.length == SCU__UNDEFINED_LENGTH) {
    const uint8_t *bytes;
    size_t length;
    result = peek(w, offset, SCU__ELEMENT_HEADER_MAX, &bytes, &length);
    *answer = result == SCU_OK && scu__element_header_read(encoding, bytes, length, &second) == SCU_OK &&
              (second.tag == SCU__TAG_ITEM || second.tag == SCU__TAG_SEQUENCE_DELIMITER);
    return result;
  }
  offset += first.length;
  if (offset == w->size) return SCU_OK;
  result = is_begin_of_dataset(w, encoding, offset, &second, answer);
  *answer = *answer && second.tag > first.tag;
  return result;
}

static scu_result guess_syntax(walk *w, uint64_t offset, const char **uid) {
  static const struct {
    scu__encoding encoding;
    const char *uid;
  } candidates[] = {
      {{false, false}, SCU__UID_EXPLICIT_LE},
      {{true, false}, SCU__UID_IMPLICIT_LE},
      {{false, true}, SCU__UID_EXPLICIT_BE},
  };
  *uid = NULL;
  for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
    const uint8_t *bytes;
    size_t length;
    scu_result result = peek(w, offset, 4, &bytes, &length);
    if (result != SCU_OK) return result;
    /* Datasets begin with a low group: the byte order shows in which of its two bytes is zero. */
    if (length < 4 || (candidates[i].encoding.is_big_endian ? bytes[0] > bytes[1] : bytes[1] > bytes[0])) continue;
    bool answer;
    result = matches(w, candidates[i].encoding, offset, &answer);
    if (result != SCU_OK) return result;
    if (!answer) continue;
    *uid = candidates[i].uid;
    return SCU_OK;
  }
  return SCU_OK;
}

/* The group */

static void keep_uid(scu__uid *uid, const uint8_t *bytes, size_t length) {
  if (uid->text[0] == 0) scu__uid_from_bytes(uid, bytes, length);
}

static void keep_ae(scu__ae *ae, const uint8_t *bytes, size_t length) {
  if (ae->text[0] == 0) scu__ae_from_bytes(ae, bytes, length);
}

static void keep_version(char version[17], const uint8_t *bytes, size_t length) {
  scu__ae text; /* the same rules: 16 printable characters, trimmed */
  if (version[0] == 0 && scu__ae_from_bytes(&text, bytes, length)) memcpy(version, text.text, sizeof text.text);
}

static void keep_value(walk *w, scu_tag tag, const uint8_t *bytes, size_t length) {
  scu__file_meta *meta = w->meta;
  switch (tag) {
  case META_GROUP_LENGTH:
    if (length == 4 && w->declared_end == 0) w->declared_end = w->offset + 4 + scu__load_u32le(bytes);
    break;
  case META_SOP_CLASS: keep_uid(&meta->sop_class, bytes, length); break;
  case META_SOP_INSTANCE: keep_uid(&meta->sop_instance, bytes, length); break;
  case META_SYNTAX: keep_uid(&meta->transfer_syntax, bytes, length); break;
  case META_IMPLEMENTATION: keep_uid(&meta->implementation_class, bytes, length); break;
  case META_VERSION_NAME: keep_version(meta->implementation_version, bytes, length); break;
  case META_SOURCE_AE: keep_ae(&meta->source_ae, bytes, length); break;
  case META_SENDING_AE: keep_ae(&meta->sending_ae, bytes, length); break;
  case META_RECEIVING_AE: keep_ae(&meta->receiving_ae, bytes, length); break;
  default: break;
  }
}

static scu_result meta_fault(walk *w, scu_tag tag, const char *what) {
  scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "file meta (%04X,%04X) at offset %" PRIu64 ": %s",
                 (unsigned)SCU_TAG_GROUP(tag), (unsigned)SCU_TAG_ELEMENT(tag), w->offset, what);
  if (w->error && w->error->phase == SCU_PHASE_FILE) scu__error_at(w->error, tag, w->offset);
  return SCU_ERROR_MALFORMED;
}

/* A deflate stream may look like anything, group 0002 included, and so does group 0200 in big endian: there the
 * declared end counts, if we are just on it. */
static bool may_look_like_meta(const scu__uid *syntax) {
  const scu__transfer_syntax *found = scu__transfer_syntax_find(syntax->text);
  return found && (found->is_deflated || found->is_big_endian);
}

static bool is_end_of_meta(const walk *w, const uint8_t *bytes, size_t length) {
  if (length < 2 || scu__load_u16le(bytes) != 0x0002) return true;
  return w->offset == w->declared_end && may_look_like_meta(&w->meta->transfer_syntax);
}

static scu_result read_meta_element(walk *w, const uint8_t *bytes, size_t length) {
  scu__element_header header;
  scu_result result = scu__element_header_read(w->encoding, bytes, length, &header);
  if (result == SCU_MORE) return meta_fault(w, header.tag, "the file is cut inside the element's header");
  if (result != SCU_OK) return meta_fault(w, header.tag, "bytes that are no VR");
  uint64_t begin = w->offset + header.size;
  if (header.length == SCU__UNDEFINED_LENGTH) return meta_fault(w, header.tag, "undefined length");
  if (header.length > w->size - begin) return meta_fault(w, header.tag, "the file is cut inside the value");
  if (begin + header.length - w->begin > SCU__FILE_META_MAX)
    return meta_fault(w, header.tag, "more than 1 MiB of meta");
  size_t wanted = header.length < VALUE_MAX ? header.length : VALUE_MAX;
  result = peek(w, begin, wanted, &bytes, &length);
  if (result != SCU_OK) return result;
  w->offset = begin;
  if (header.length <= VALUE_MAX) keep_value(w, header.tag, bytes, header.length);
  w->offset = begin + header.length;
  w->meta->has_meta = true;
  return SCU_OK;
}

/* Written in implicit VR by some old software: seen at the first element, whose VR bytes are no letters then. */
static void choose_meta_encoding(walk *w, const uint8_t *bytes, size_t length) {
  scu__element_header header;
  w->encoding = SCU__EXPLICIT_LE;
  if (scu__element_header_read(w->encoding, bytes, length, &header) == SCU_ERROR_MALFORMED)
    w->encoding = SCU__IMPLICIT_LE;
}

static scu_result read_group(walk *w) {
  for (bool is_first = true;; is_first = false) {
    const uint8_t *bytes;
    size_t length;
    scu_result result = peek(w, w->offset, SCU__ELEMENT_HEADER_MAX, &bytes, &length);
    if (result != SCU_OK) return result;
    if (is_end_of_meta(w, bytes, length)) return SCU_OK;
    if (is_first) choose_meta_encoding(w, bytes, length);
    result = read_meta_element(w, bytes, length);
    if (result != SCU_OK) return result;
  }
}

/* The file */

static scu_result find_begin(walk *w) {
  const uint8_t *bytes;
  size_t length;
  scu_result result = peek(w, 0, PREAMBLE_LENGTH + 4, &bytes, &length);
  if (result != SCU_OK) return result;
  if (length >= 4 && memcmp(bytes, "DICM", 4) == 0) {
    w->begin = 4;
  } else if (length >= PREAMBLE_LENGTH + 4 && memcmp(bytes + PREAMBLE_LENGTH, "DICM", 4) == 0) {
    w->begin = PREAMBLE_LENGTH + 4;
    w->meta->has_preamble = true;
  }
  w->offset = w->begin;
  return SCU_OK;
}

static scu_result settle_syntax(walk *w) {
  const char *uid;
  if (w->meta->transfer_syntax.text[0] != 0) return SCU_OK;
  scu_result result = guess_syntax(w, w->offset, &uid);
  if (result != SCU_OK) return result;
  /* "DICM" at 128 may be part of a value in a file that has neither preamble nor meta. */
  if (!uid && !w->meta->has_meta && w->begin > 0) {
    w->offset = w->begin = 0;
    w->meta->has_preamble = false;
    result = guess_syntax(w, 0, &uid);
    if (result != SCU_OK) return result;
  }
  if (!uid && w->meta->has_meta)
    return scu__error_set(w->error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE,
                          "the file meta names no transfer syntax and the dataset does not show it");
  if (!uid) return not_dicom(w, "no \"DICM\" at offset 128, and it does not begin with data elements");
  w->meta->is_guessed = true;
  scu__uid_from_text(&w->meta->transfer_syntax, uid);
  return SCU_OK;
}

scu_result scu__part10_read_ahead(scu__read_ahead *ahead, scu__file_meta *meta, scu_error *error) {
  memset(meta, 0, sizeof *meta);
  walk w = {.ahead = ahead, .meta = meta, .error = error, .size = ahead->source->size, .encoding = SCU__EXPLICIT_LE};
  scu_result result = find_begin(&w);
  if (result == SCU_OK) result = read_group(&w);
  if (result == SCU_OK) result = settle_syntax(&w);
  meta->dataset_offset = w.offset;
  meta->has_wrong_group_length = meta->has_meta && w.declared_end != w.offset;
  return result;
}

scu_result scu__part10_read(scu__source *source, const scu_allocator *allocator, scu__file_meta *meta,
                            scu_error *error) {
  memset(meta, 0, sizeof *meta);
  scu__read_ahead *ahead = scu__alloc(allocator, sizeof *ahead);
  if (!ahead) return scu__error_memory(error, SCU_PHASE_FILE);
  scu__read_ahead_init(ahead, source);
  scu_result result = scu__part10_read_ahead(ahead, meta, error);
  scu__free(allocator, ahead);
  return result;
}

/* Writing */

static void put_text_element(scu__buffer *buffer, scu_tag tag, scu_vr vr, const char *text) {
  size_t length = strlen(text), odd = length % 2;
  if (length == 0) return;
  scu__element_header header = {.tag = tag, .vr = vr, .length = (uint32_t)(length + odd)};
  scu__element_header_write(buffer, SCU__EXPLICIT_LE, &header);
  scu__put_text(buffer, text);
  if (odd) scu__put_u8(buffer, vr == SCU_VR_UI ? 0 : ' ');
}

scu_result scu__part10_write_header(scu__buffer *buffer, const scu__file_meta *meta) {
  static const uint8_t version[2] = {0, 1};
  scu__put_fill(buffer, 0, PREAMBLE_LENGTH);
  scu__put_text(buffer, "DICM");
  scu__element_header_write(buffer, SCU__EXPLICIT_LE,
                            &(scu__element_header){.tag = META_GROUP_LENGTH, .vr = SCU_VR_UL, .length = 4});
  size_t mark = scu__block_open_u32le(buffer);
  scu__element_header_write(buffer, SCU__EXPLICIT_LE,
                            &(scu__element_header){.tag = META_VERSION, .vr = SCU_VR_OB, .length = 2});
  scu__put_bytes(buffer, version, sizeof version);
  put_text_element(buffer, META_SOP_CLASS, SCU_VR_UI, meta->sop_class.text);
  put_text_element(buffer, META_SOP_INSTANCE, SCU_VR_UI, meta->sop_instance.text);
  put_text_element(buffer, META_SYNTAX, SCU_VR_UI, meta->transfer_syntax.text);
  put_text_element(buffer, META_IMPLEMENTATION, SCU_VR_UI, meta->implementation_class.text);
  put_text_element(buffer, META_VERSION_NAME, SCU_VR_SH, meta->implementation_version);
  put_text_element(buffer, META_SOURCE_AE, SCU_VR_AE, meta->source_ae.text);
  put_text_element(buffer, META_SENDING_AE, SCU_VR_AE, meta->sending_ae.text);
  put_text_element(buffer, META_RECEIVING_AE, SCU_VR_AE, meta->receiving_ae.text);
  scu__block_close_u32le(buffer, mark);
  return scu__buffer_result(buffer);
}
