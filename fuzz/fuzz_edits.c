/* Edits of objects: the first byte of the input chooses the edits, the rest is a file.
 *
 * What the head walk calls whole is edited, or refused with a reason. The edited dataset reads to its end, has the UIDs
 * it says and the values that were set, and is the same in any pieces; edited once more in the same way it stays what
 * it is. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset_builder.h"
#include "data/edited_source.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static scu_edits *choose(uint8_t kinds) {
  scu_edits *edits;
  require(scu_edits_new(NULL, &edits) == SCU_OK);
  if (kinds & 1) require(scu_edits_set_text(edits, "PatientID", "FUZZ") == SCU_OK);
  if (kinds & 2) require(scu_edits_remove_private(edits) == SCU_OK);
  if (kinds & 4) require(scu_edits_set_text(edits, "SOPInstanceUID", "1.2.3.4") == SCU_OK);
  if (kinds & 8) require(scu_edits_set_text(edits, "ReferencedImageSequence[0].StudyID", "F") == SCU_OK);
  if (kinds & 16) require(scu_edits_set_text(edits, "SpecificCharacterSet", "ISO_IR 192") == SCU_OK);
  if (kinds & 32) require(scu_edits_remove(edits, "PatientName") == SCU_OK);
  if (kinds & 64) require(scu_edits_set_empty(edits, "StudyDate") == SCU_OK);
  if (kinds & 128) require(scu_edits_remove(edits, "PixelData") == SCU_OK);
  return edits;
}

static scu_result read_all(scu__source *shown, size_t piece, scu__buffer *out) {
  scu__buffer_init(out, NULL, OUTPUT_MAX);
  for (uint64_t at = 0; at < shown->size;) {
    size_t size = shown->size - at < piece ? (size_t)(shown->size - at) : piece;
    uint8_t *to = scu__buffer_reserve(out, size);
    if (!to) return SCU_ERROR_LIMIT;
    scu_result result = shown->read_at(shown, at, to, size, NULL);
    if (result != SCU_OK) return result;
    scu__buffer_commit(out, size);
    at += size;
  }
  return SCU_OK;
}

static void check_text(const scu_dataset *dataset, const char *path, const char *expected) {
  char text[64];
  require(scu_dataset_text(dataset, path, text, sizeof text) == SCU_OK && strcmp(text, expected) == 0);
}

static void check_tree(const scu__buffer *out, const scu__head *head, uint8_t kinds) {
  scu_dataset *dataset = NULL;
  scu_error error;
  scu__error_clear(&error);
  const scu__dataset_limits limits = {.value_max = 4096, .total_max = OUTPUT_MAX, .elements_max = 1000 * 1000};
  scu_result result = scu__dataset_decode(out->data, out->length, head->encoding, NULL, &limits, &dataset, &error);
  if (result == SCU_ERROR_LIMIT) return;
  require(result == SCU_OK);
  if (kinds & 1) check_text(dataset, "PatientID", "FUZZ");
  if (kinds & 4) check_text(dataset, "SOPInstanceUID", "1.2.3.4");
  if (kinds & 4) require(strcmp(head->sop_instance.text, "1.2.3.4") == 0);
  if (kinds & 8) check_text(dataset, "ReferencedImageSequence[0].StudyID", "F");
  if (kinds & 32) require(!scu_dataset_find_path(dataset, "PatientName"));
  if (kinds & 128) require(!scu_dataset_find_path(dataset, "PixelData"));
  for (size_t i = 0; (kinds & 2) && i < scu_dataset_count(dataset); i++)
    require(!(SCU_TAG_GROUP(scu_element_tag(scu_dataset_at(dataset, i))) & 1));
  scu_dataset_free(dataset);
}

/* The edited dataset stands at the beginning of a source of its own now. */
static void check_again(const scu__buffer *out, const scu__head *head, const scu_edits *edits) {
  scu__memory_source source;
  scu__edited *edited;
  scu__source *shown = NULL, *inner;
  scu__buffer again;
  scu__memory_source_init(&source, out->data, out->length);
  scu_result result = scu__edited_new(NULL, &source.source, head, edits, &edited, NULL);
  require(result == SCU_OK || result == SCU_ERROR_LIMIT);
  if (!edited) return;
  inner = scu__memory_source_new(NULL, out->data, out->length);
  require(inner && scu__edited_source_new(NULL, inner, head, edited, &shown, NULL) == SCU_OK);
  require(read_all(shown, 65536, &again) == SCU_OK);
  require(again.length == out->length && memcmp(again.data, out->data, out->length) == 0);
  scu__buffer_free(&again);
  shown->close(shown);
  scu__edited_free(edited);
}

static void check_edited(scu__source *file, const scu__head *head, const scu__edited *edited, const scu_edits *edits,
                         uint8_t kinds) {
  scu__source *shown;
  scu__buffer whole, split;
  scu_result result = scu__edited_source_new(NULL, file, head, edited, &shown, NULL);
  require(result == SCU_OK);
  scu__head made = scu__edited_head(head, edited);
  require(shown->size == edited->length);
  if (shown->size < OUTPUT_MAX && read_all(shown, 65536, &whole) == SCU_OK) {
    require(read_all(shown, 7, &split) == SCU_OK);
    require(memcmp(whole.data, split.data, whole.length) == 0);
    check_tree(&whole, &made, kinds);
    check_again(&whole, &made, edits);
    scu__buffer_free(&split);
    scu__buffer_free(&whole);
  }
  shown->close(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu__memory_source source;
  scu__head head;
  scu__edited *edited;
  scu_error error;
  if (length < 2) return 0;
  scu__error_clear(&error);
  scu__memory_source_init(&source, bytes + 1, length - 1);
  if (scu__head_walk(&source.source, NULL, NULL, &head, NULL) != SCU_OK) return 0;
  scu_edits *edits = choose(bytes[0]);
  scu_result result = scu__edited_new(NULL, &source.source, &head, edits, &edited, &error);
  require(result == SCU_OK || (scu_error_result(&error) == result && !edited));
  if (edited) {
    scu__source *file = scu__memory_source_new(NULL, bytes + 1, length - 1);
    require(file != NULL);
    check_edited(file, &head, edited, edits, bytes[0]);
    scu__edited_free(edited);
  }
  scu_edits_free(edits);
  return 0;
}
