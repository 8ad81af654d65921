/* The native rewrite: the input is a file; what the head walk calls whole goes into all four syntaxes.
 *
 * It ends, with an error or (explicit VR) with a dataset that the head walk calls whole again, of even length and the
 * same identity; how much is asked for at once does not matter. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/rewrite.h"

enum { OUTPUT_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static scu_result drain(scu__producer *producer, size_t room, scu__buffer *out) {
  scu_result result = SCU_OK;
  while (result == SCU_OK) {
    size_t got;
    uint8_t *to = scu__buffer_reserve(out, room);
    if (!to) return SCU_ERROR_LIMIT;
    result = producer->read(producer, to, room, &got, NULL);
    if (result == SCU_OK) require(got > 0 && got <= room);
    if (result == SCU_OK) scu__buffer_commit(out, got);
  }
  return result;
}

static scu_result rewrite(scu__source *source, const scu__head *head, const char *to, size_t room, scu__buffer *out) {
  scu__producer *producer;
  scu__file_meta meta;
  memset(&meta, 0, sizeof meta);
  require(scu__uid_from_text(&meta.transfer_syntax, to));
  scu__buffer_init(out, NULL, OUTPUT_MAX);
  require(scu__part10_write_header(out, &meta) == SCU_OK);
  require(scu__rewrite_new(NULL, source, head, scu__transfer_syntax_find(to), &producer, NULL) == SCU_OK);
  scu_result result = drain(producer, room, out);
  producer->close(producer);
  return result;
}

static void check_result(const scu__head *head, const scu__buffer *out) {
  scu__memory_source source;
  scu__head again;
  scu_error error;
  scu__error_clear(&error);
  scu__memory_source_init(&source, out->data, out->length);
  scu_result result = scu__head_walk(&source.source, NULL, NULL, &again, &error);
  /* Nothing but group lengths: nothing is left. */
  if (result != SCU_OK) require(again.meta.dataset_offset == out->length);
  if (result != SCU_OK) return;
  require(!again.is_odd_length && again.has_pixel_data == head->has_pixel_data);
  require(scu__uid_equal(&again.sop_class, &head->sop_class));
  require(scu__uid_equal(&again.sop_instance, &head->sop_instance));
  require(scu__uid_equal(&again.study_instance, &head->study_instance));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_LE, SCU__UID_EXPLICIT_BE,
                                         SCU__UID_DEFLATED_EXPLICIT_LE};
  scu__memory_source source;
  scu__head head;
  scu__memory_source_init(&source, bytes, length);
  if (scu__head_walk(&source.source, NULL, NULL, &head, NULL) != SCU_OK) return 0;
  if (!scu__transfer_syntax_is_native(head.syntax)) return 0;
  for (size_t i = 0; i < 4; i++) {
    scu__buffer whole, split;
    scu_result result = rewrite(&source.source, &head, syntaxes[i], 65536, &whole);
    scu_result again = rewrite(&source.source, &head, syntaxes[i], 7, &split);
    require(result == again || result == SCU_ERROR_LIMIT || again == SCU_ERROR_LIMIT);
    if (result == SCU_END && again == SCU_END) {
      require(whole.length == split.length);
      if (i < 3) require(memcmp(whole.data, split.data, whole.length) == 0);
      if (i > 0) check_result(&head, &whole);
    }
    scu__buffer_free(&whole);
    scu__buffer_free(&split);
  }
  return 0;
}
