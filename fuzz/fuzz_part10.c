/* Files: the input is one, whatever it is.
 *
 * A meta group that was read can be written and read again; a dataset that the head walk calls whole is whole for the
 * reader too; what is refused is refused with a reason; a cut file is taken when that is allowed. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/head_walk.h"
#include "data/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void check_written_meta(const scu__file_meta *meta) {
  scu__buffer out;
  scu__memory_source source;
  scu__file_meta again;
  scu_error error;
  scu__error_clear(&error);
  scu__buffer_init(&out, NULL, 64 * 1024);
  require(scu__part10_write_header(&out, meta) == SCU_OK);
  scu__memory_source_init(&source, out.data, out.length);
  require(scu__part10_read(&source.source, NULL, &again, &error) == SCU_OK);
  require(again.dataset_offset == out.length && again.has_preamble && !again.has_wrong_group_length);
  require(scu__uid_equal(&meta->sop_class, &again.sop_class));
  require(scu__uid_equal(&meta->sop_instance, &again.sop_instance));
  require(scu__uid_equal(&meta->transfer_syntax, &again.transfer_syntax));
  require(scu__uid_equal(&meta->implementation_class, &again.implementation_class));
  require(strcmp(meta->implementation_version, again.implementation_version) == 0);
  require(strcmp(meta->source_ae.text, again.source_ae.text) == 0);
  scu__buffer_free(&out);
}

static void check_whole(const uint8_t *bytes, const scu__head *head) {
  static scu__reader reader;
  scu__token token;
  scu_result result;
  scu_error error;
  scu__error_clear(&error);
  scu__reader_init(&reader, head->encoding, NULL);
  scu__reader_push(&reader, bytes + head->dataset_offset, (size_t)head->dataset_length);
  scu__reader_finish(&reader);
  while ((result = scu__reader_next(&reader, &token, &error)) == SCU_OK) continue;
  require(result == SCU_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu__memory_source source;
  scu__head head, cut;
  scu_error error;
  scu__memory_source_init(&source, bytes, length);
  scu__error_clear(&error);
  scu_result result = scu__head_walk(&source.source, NULL, NULL, &head, &error);
  require(scu_error_result(&error) == result);
  if (result != SCU_OK) require(scu_error_reason(&error)[0] != 0);
  if (head.meta.transfer_syntax.text[0] != 0) check_written_meta(&head.meta);
  scu__error_clear(&error);
  scu_result allowed =
      scu__head_walk(&source.source, NULL, &(scu__head_options){.allow_truncated = true}, &cut, &error);
  if (result != SCU_OK) {
    require(allowed != SCU_OK || cut.is_truncated);
    return 0;
  }
  require(allowed == SCU_OK && !cut.is_truncated);
  require(head.dataset_offset < length && head.dataset_length <= length - head.dataset_offset);
  if (!head.syntax || !head.syntax->is_deflated) check_whole(bytes, &head);
  return 0;
}
