/* File meta, then the dataset in the syntax asked for. */
#include "client/encode.h"

#include "base/alloc.h"
#include "data/dataset_encode.h"
#include "data/inflate.h"
#include "data/part10.h"
#include "data/transfer_syntax.h"
#include "scu/version.h"

enum { DEFLATED_PIECE = 64 * 1024 };

#define FILE_MAX         ((size_t)UINT32_MAX)
#define TAG_SOP_CLASS    SCU_TAG(0x0008, 0x0016)
#define TAG_SOP_INSTANCE SCU_TAG(0x0008, 0x0018)
#define TAG_PIXEL_DATA   SCU_TAG(0x7FE0, 0x0010)

static scu_result usage(scu_error *error, const char *reason) {
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s", reason);
}

static bool get_uid(const scu_dataset *dataset, scu_tag tag, scu__uid *uid) {
  char text[sizeof uid->text + 1];
  return scu__dataset_tag_text(dataset, tag, text, sizeof text) == SCU_OK && scu__uid_is_valid(text) &&
         scu__uid_from_text(uid, text);
}

static scu_result check_pixels(const scu_dataset *dataset, const scu__transfer_syntax *syntax, scu_error *error) {
  const scu_element *pixels = scu_dataset_find(dataset, TAG_PIXEL_DATA);
  bool has_fragments = pixels && scu_element_fragment_count(pixels) > 0;
  if (has_fragments && !syntax->is_encapsulated)
    return usage(error, "encapsulated Pixel Data in a transfer syntax that is not");
  if (pixels && !has_fragments && syntax->is_encapsulated)
    return usage(error, "native Pixel Data in a transfer syntax of encapsulated ones");
  return SCU_OK;
}

/* What can be sent, and says what it is. */
static scu_result check(const scu_dataset *dataset, const scu__transfer_syntax *syntax, scu__file_meta *meta,
                        scu_error *error) {
  if (!get_uid(dataset, TAG_SOP_CLASS, &meta->sop_class)) return usage(error, "no valid SOP Class UID in the dataset");
  if (!get_uid(dataset, TAG_SOP_INSTANCE, &meta->sop_instance))
    return usage(error, "no valid SOP Instance UID in the dataset");
  if (SCU_TAG_GROUP(scu_element_tag(scu_dataset_at(dataset, 0))) <= 0x0002)
    return usage(error, "elements of a command set or file meta group in the dataset");
  return check_pixels(dataset, syntax, error);
}

/* PS3.5 A.5: the dataset as a raw deflate stream of even length. */
static scu_result put_deflated(const scu__buffer *plain, scu__buffer *out, scu_error *error) {
  scu__deflater *deflater = NULL;
  if (scu__deflater_new(out->allocator, &deflater) != SCU_OK) return scu__error_memory(error, SCU_PHASE_FILE);
  const uint8_t *bytes = plain->data;
  size_t left = plain->length, before = out->length;
  scu_result result = SCU_OK;
  while (result == SCU_OK) {
    size_t got = 0;
    uint8_t *to = scu__buffer_reserve(out, DEFLATED_PIECE);
    result = to ? scu__deflater_run(deflater, &bytes, &left, true, to, DEFLATED_PIECE, &got, error)
                : scu__buffer_result(out);
    if (to) scu__buffer_commit(out, got);
  }
  scu__deflater_free(deflater);
  if (result != SCU_END) return result;
  if ((out->length - before) % 2 != 0) scu__put_u8(out, 0);
  return SCU_OK;
}

static scu_result put_dataset(const scu_dataset *dataset, const scu__transfer_syntax *syntax, scu__buffer *out,
                              scu_error *error) {
  scu__encoding encoding = scu__transfer_syntax_encoding(syntax);
  if (!syntax->is_deflated) return scu__dataset_encode(dataset, encoding, out, error);
  scu__buffer plain;
  scu__buffer_init(&plain, out->allocator, FILE_MAX);
  scu_result result = scu__dataset_encode(dataset, encoding, &plain, error);
  if (result == SCU_OK) result = put_deflated(&plain, out, error);
  scu__buffer_free(&plain);
  return result;
}

static scu_result find_syntax(const char *uid, const scu__transfer_syntax **syntax, scu_error *error) {
  *syntax = scu__transfer_syntax_find(uid);
  if (*syntax && (*syntax)->is_for_datasets) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_USAGE, "no transfer syntax to encode a dataset in: %s",
                        uid);
}

scu_result scu__encode_dataset(const scu_dataset *dataset, const char *transfer_syntax_uid, scu__buffer *out,
                               scu_error *error) {
  const scu__transfer_syntax *syntax;
  const scu_error *last = scu_dataset_error(dataset);
  if (scu__error_is_set(last)) return usage(error, last->reason);
  scu_result result = find_syntax(transfer_syntax_uid, &syntax, error);
  if (result == SCU_OK) result = check_pixels(dataset, syntax, error);
  if (result == SCU_OK) result = put_dataset(dataset, syntax, out, error);
  return result == SCU_OK ? scu__buffer_result(out) : result;
}

scu_result scu__encode_file(const scu_dataset *dataset, const char *transfer_syntax_uid, const scu_allocator *allocator,
                            uint8_t **bytes, size_t *length, scu_error *error) {
  const char *uid = transfer_syntax_uid ? transfer_syntax_uid : SCU__UID_EXPLICIT_LE;
  const scu__transfer_syntax *syntax;
  scu__file_meta meta = {0};
  scu_result result = find_syntax(uid, &syntax, error);
  if (result == SCU_OK) result = check(dataset, syntax, &meta, error);
  if (result != SCU_OK) return result;
  scu__uid_from_text(&meta.transfer_syntax, uid);
  scu__uid_from_text(&meta.implementation_class, SCU_IMPLEMENTATION_CLASS_UID);
  scu__buffer out;
  scu__buffer_init(&out, allocator, FILE_MAX);
  result = scu__part10_write_header(&out, &meta);
  if (result == SCU_OK) result = put_dataset(dataset, syntax, &out, error);
  if (result == SCU_OK) result = scu__buffer_result(&out);
  if (result != SCU_OK) {
    scu__buffer_free(&out);
    return scu__error_set(error, result, SCU_PHASE_USAGE, "the dataset cannot be encoded");
  }
  *bytes = out.data;
  *length = out.length;
  return SCU_OK;
}
