/* Reader and builder over a passing stream. */
#include "archive/header_capture.h"

#include "data/transfer_syntax.h"

enum {
  VALUE_MAX = 16 * 1024, /* no attribute that is searched for is longer */
  TOTAL_MAX = 4 * 1024 * 1024,
  ELEMENTS_MAX = 200 * 1000, /* per-frame functional groups of a large multi-frame are not kept for ever */
  INFLATED = 16 * 1024
};

struct scu__header_capture {
  const scu_allocator *allocator;
  scu__reader reader;
  scu__dataset_builder builder;
  scu__inflater *inflater; /* NULL: not deflated */
  uint8_t *inflated;
  bool is_done;
};

scu_result scu__header_capture_new(const scu_allocator *allocator, const char *transfer_syntax_uid,
                                   scu__header_capture **out) {
  *out = NULL;
  scu__header_capture *capture = scu__alloc(allocator, sizeof *capture);
  if (!capture) return SCU_ERROR_MEMORY;
  capture->allocator = allocator;
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(transfer_syntax_uid);
  scu__encoding encoding = scu__transfer_syntax_encoding(syntax);
  scu__dataset_limits limits = {.value_max = VALUE_MAX,
                                .total_max = TOTAL_MAX,
                                .elements_max = ELEMENTS_MAX,
                                .stop_tag = SCU__TAG_PIXEL_DATA,
                                .phase = SCU_PHASE_STORAGE};
  scu__reader_init(&capture->reader, encoding, NULL);
  scu__dataset_builder_init(&capture->builder, allocator, &limits);
  scu_result result = scu__dataset_builder_start(&capture->builder, NULL, NULL);
  if (result == SCU_OK && syntax && syntax->is_deflated) {
    result = scu__inflater_new(allocator, NULL, &capture->inflater);
    capture->inflated = scu__alloc(allocator, INFLATED);
    if (result == SCU_OK && !capture->inflated) result = SCU_ERROR_MEMORY;
  }
  if (result != SCU_OK) {
    scu__header_capture_free(capture);
    return result;
  }
  *out = capture;
  return SCU_OK;
}

void scu__header_capture_free(scu__header_capture *capture) {
  if (!capture) return;
  scu__dataset_builder_free(&capture->builder);
  scu__inflater_free(capture->inflater);
  scu__free(capture->allocator, capture->inflated);
  scu__free(capture->allocator, capture);
}

static void take_plain(scu__header_capture *capture, const uint8_t *bytes, size_t length) {
  scu__reader_push(&capture->reader, bytes, length);
  scu_result result = SCU_OK;
  while (result == SCU_OK) {
    scu__token token;
    result = scu__reader_next(&capture->reader, &token, NULL);
    if (result == SCU_OK) result = scu__dataset_builder_put(&capture->builder, &token, NULL);
  }
  if (result != SCU_MORE) capture->is_done = true;
}

void scu__header_capture_feed(scu__header_capture *capture, const uint8_t *bytes, size_t length) {
  if (!capture->inflater) {
    if (!capture->is_done) take_plain(capture, bytes, length);
    return;
  }
  while (!capture->is_done) {
    size_t got = 0;
    scu_result result = scu__inflater_run(capture->inflater, &bytes, &length, capture->inflated, INFLATED, &got, NULL);
    if (got > 0) take_plain(capture, capture->inflated, got);
    if (result == SCU_MORE) return;
    if (result != SCU_OK) capture->is_done = true;
  }
}

scu_result scu__header_capture_take(scu__header_capture *capture, scu_dataset **out) {
  return scu__dataset_builder_take(&capture->builder, out, NULL);
}
