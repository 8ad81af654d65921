/* The head walk (RULES 2, 3): who the object is, whether the file is whole, and how little is read to know it. */
#include "codec_samples.h"
#include "data/head_walk.h"
#include "data/inflate.h"

typedef struct counting_source {
  scu__memory_source memory;
  scu_result (*read_memory)(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error);
  unsigned reads;
  uint64_t bytes;
} counting_source;

static scu_result counting_read(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  counting_source *source = (counting_source *)self;
  source->reads++;
  source->bytes += length;
  return source->read_memory(self, offset, to, length, error);
}

static counting_source source_over(const void *bytes, size_t length) {
  counting_source source = {0};
  scu__memory_source_init(&source.memory, bytes, length);
  source.read_memory = source.memory.source.read_at;
  source.memory.source.read_at = counting_read;
  return source;
}

static scu__buffer new_file(const char *syntax, const char *instance) {
  scu__buffer b;
  scu__file_meta meta;
  scu__buffer_init(&b, NULL, SAMPLE_MAX);
  memset(&meta, 0, sizeof meta);
  scu__uid_from_text(&meta.sop_class, SAMPLE_CLASS);
  scu__uid_from_text(&meta.sop_instance, instance);
  scu__uid_from_text(&meta.transfer_syntax, syntax);
  assert_int_equal(scu__part10_write_header(&b, &meta), SCU_OK);
  return b;
}

static void put_deflated(scu__buffer *b, const scu__buffer *plain) {
  scu__deflater *deflater;
  scu_error error;
  const uint8_t *from = plain->data;
  size_t left = plain->length, got;
  scu_result result = SCU_OK;
  scu__error_clear(&error);
  assert_int_equal(scu__deflater_new(NULL, &deflater), SCU_OK);
  while (result != SCU_END) {
    uint8_t *to = scu__buffer_reserve(b, 4096);
    result = scu__deflater_run(deflater, &from, &left, true, to, 4096, &got, &error);
    assert_true(result >= 0);
    scu__buffer_commit(b, got);
  }
  scu__deflater_free(deflater);
}

static scu__buffer deflated_file(void) {
  scu__buffer b = new_file(SCU__UID_DEFLATED_EXPLICIT_LE, SAMPLE_INSTANCE), plain;
  scu__buffer_init(&plain, NULL, SAMPLE_MAX);
  put_sample_dataset(&plain, SCU__EXPLICIT_LE, 0);
  put_deflated(&b, &plain);
  scu__buffer_free(&plain);
  return b;
}

static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_LE, SCU__UID_EXPLICIT_BE};

static scu__buffer sample_file(size_t encoding, unsigned variant) {
  scu__buffer b = new_file(syntaxes[encoding], SAMPLE_INSTANCE);
  put_sample_dataset(&b, sample_encodings[encoding], variant);
  return b;
}

static scu_result walk_bytes(const void *bytes, size_t length, bool allow_truncated, scu__head *head,
                             scu_error *error) {
  counting_source source = source_over(bytes, length);
  scu__head_options options = {.allow_truncated = allow_truncated};
  scu__error_clear(error);
  return scu__head_walk(&source.memory.source, NULL, &options, head, error);
}

static void expect_sample_uids(const scu__head *head) {
  assert_string_equal(head->sop_class.text, SAMPLE_CLASS);
  assert_string_equal(head->sop_instance.text, SAMPLE_INSTANCE);
  assert_string_equal(head->study_instance.text, "2.25.11");
  assert_string_equal(head->series_instance.text, "2.25.12");
  assert_true(head->has_pixel_data);
  assert_false(head->is_odd_length);
  assert_int_equal(head->warnings, 0);
}

static void test_native_files_are_known_after_one_read(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
      scu__buffer b = sample_file(i, variant);
      counting_source source = source_over(b.data, b.length);
      scu__head head;
      scu_error error;
      scu__error_clear(&error);
      assert_int_equal(scu__head_walk(&source.memory.source, NULL, NULL, &head, &error), SCU_OK);
      expect_sample_uids(&head);
      assert_string_equal(head.syntax->uid, syntaxes[i]);
      assert_int_equal(head.encoding.is_implicit_vr, sample_encodings[i].is_implicit_vr);
      assert_int_equal(head.encoding.is_big_endian, sample_encodings[i].is_big_endian);
      assert_int_equal(head.dataset_offset, head.meta.dataset_offset);
      assert_int_equal(head.dataset_offset + head.dataset_length, b.length);
      assert_int_equal(source.reads, 1);
      scu__buffer_free(&b);
    }
}

static void test_a_deflated_file_is_known(void **state) {
  (void)state;
  scu__buffer b = deflated_file();
  scu__head head;
  scu_error error;
  if (b.length % 2 != 0) scu__put_u8(&b, 0);
  assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_OK);
  expect_sample_uids(&head);
  assert_int_equal(head.dataset_offset + head.dataset_length, b.length);
  scu__buffer_free(&b);
}

/* A file of any size that is nowhere: its beginning in memory, then zeros. */
typedef struct sparse_source {
  scu__source source;
  const uint8_t *bytes;
  size_t length;
  unsigned reads;
  uint64_t total;
} sparse_source;

static scu_result sparse_read(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  sparse_source *source = (sparse_source *)self;
  assert_true(length <= self->size && offset <= self->size - length);
  (void)error;
  source->reads++;
  source->total += length;
  memset(to, 0, length);
  if (offset < source->length) {
    size_t here = length < source->length - offset ? length : (size_t)(source->length - offset);
    memcpy(to, source->bytes + offset, here);
  }
  return SCU_OK;
}

static void test_pixels_of_any_size_are_not_read(void **state) {
  (void)state;
  scu__buffer b = new_file(SCU__UID_EXPLICIT_LE, SAMPLE_INSTANCE);
  put_sample(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x0016), SCU_VR_UI, SAMPLE_CLASS, 26);
  put_sample_header(&b, SCU__EXPLICIT_LE, SCU__TAG_PIXEL_DATA, SCU_VR_OW, 0xFFFFFFFE);
  sparse_source source = {.source = {.size = b.length + 0xFFFFFFFEu, .read_at = sparse_read}};
  source.bytes = b.data;
  source.length = b.length;
  scu__head head;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, &error), SCU_OK);
  assert_true(head.has_pixel_data);
  assert_true(head.dataset_offset + head.dataset_length == source.source.size);
  assert_int_equal(source.reads, 1);
  source.source.size--; /* one byte short */
  assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, &error), SCU_ERROR_MALFORMED);
  assert_int_equal(scu_error_tag(&error), SCU__TAG_PIXEL_DATA);
  scu__buffer_free(&b);
}

static void test_fragments_are_passed_over_one_by_one(void **state) {
  (void)state;
  enum { FRAGMENTS = 50, FRAGMENT = 20000 };
  scu__buffer b = new_file(SCU__UID_JPEG_BASELINE, SAMPLE_INSTANCE);
  scu__encoding e = SCU__EXPLICIT_LE;
  put_sample(&b, e, SCU_TAG(0x0008, 0x0016), SCU_VR_UI, SAMPLE_CLASS, 26);
  put_sample_header(&b, e, SCU__TAG_PIXEL_DATA, SCU_VR_OB, SCU__UNDEFINED_LENGTH);
  put_sample_header(&b, e, SCU__TAG_ITEM, SCU_VR_NONE, 0);
  for (unsigned i = 0; i < FRAGMENTS; i++) {
    put_sample_header(&b, e, SCU__TAG_ITEM, SCU_VR_NONE, FRAGMENT);
    scu__put_fill(&b, 0x55, FRAGMENT);
  }
  put_sample_header(&b, e, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  counting_source source = source_over(b.data, b.length);
  scu__head head;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__head_walk(&source.memory.source, NULL, NULL, &head, &error), SCU_OK);
  assert_true(head.has_pixel_data);
  assert_in_range(source.reads, 1, FRAGMENTS + 2);
  assert_in_range(source.bytes, 1, (FRAGMENTS + 2) * 1024 + 20000);
  assert_int_equal(walk_bytes(b.data, b.length - 1, false, &head, &error), SCU_ERROR_MALFORMED);
  assert_int_equal(walk_bytes(b.data, b.length - 8, false, &head, &error), SCU_ERROR_MALFORMED);
  assert_int_equal(walk_bytes(b.data, b.length - 9, false, &head, &error), SCU_ERROR_MALFORMED);
  assert_int_equal(walk_bytes(b.data, b.length - 9, true, &head, &error), SCU_OK);
  assert_true(head.is_truncated);
  scu__buffer_free(&b);
}

/* Whether a cut there leaves whole top-level elements: then it cannot be seen. */
static bool is_boundary(const scu__buffer *b, size_t dataset, scu__encoding e, size_t length) {
  scu_error error;
  scu__error_clear(&error);
  return length > dataset && read_tokens(e, b->data + dataset, length - dataset, 1u << 20, 0, NULL, &error) == SCU_END;
}

static void test_every_truncation_is_refused_unless_between_elements(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++) {
    scu__buffer b = sample_file(i, (unsigned)i);
    scu__head head;
    scu_error error;
    assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_OK);
    size_t dataset = (size_t)head.dataset_offset, boundaries = 0;
    for (size_t length = dataset; length < b.length; length++) {
      scu_result result = walk_bytes(b.data, length, false, &head, &error);
      if (is_boundary(&b, dataset, sample_encodings[i], length)) {
        assert_int_equal(result, SCU_OK);
        /* Only the class tells that something is missing - once the class is there. */
        assert_int_equal((head.warnings & SCU__HEAD_IMAGE_WITHOUT_PIXELS) != 0, head.sop_class.text[0] != 0);
        boundaries++;
        continue;
      }
      assert_int_equal(result, SCU_ERROR_MALFORMED);
      assert_in_range(scu_error_offset(&error), dataset, length);
      if (length == dataset) continue;
      assert_int_equal(walk_bytes(b.data, length, true, &head, &error), SCU_OK);
      assert_true(head.is_truncated);
      assert_true(head.warnings & SCU__HEAD_TRUNCATED);
      assert_int_equal(head.dataset_offset + head.dataset_length, length);
    }
    assert_int_equal(boundaries, 19);
    scu__buffer_free(&b);
  }
}

static void test_every_cut_deflate_stream_is_refused(void **state) {
  (void)state;
  scu__buffer b = deflated_file();
  scu__head head;
  scu_error error;
  assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_OK);
  for (size_t length = (size_t)head.dataset_offset; length < b.length; length++) {
    assert_int_equal(walk_bytes(b.data, length, false, &head, &error), SCU_ERROR_MALFORMED);
    if (length > head.dataset_offset + 1) assert_int_equal(scu_error_offset(&error), length);
  }
  assert_int_equal(walk_bytes(b.data, b.length - 3, true, &head, &error), SCU_OK);
  assert_true(head.is_truncated);
  scu__buffer_free(&b);
}

static void test_a_whole_deflate_stream_of_a_cut_dataset_is_refused(void **state) {
  (void)state;
  scu__buffer plain;
  scu__buffer_init(&plain, NULL, SAMPLE_MAX);
  put_sample_dataset(&plain, SCU__EXPLICIT_LE, 0);
  plain.length -= 3;
  scu__buffer b = new_file(SCU__UID_DEFLATED_EXPLICIT_LE, SAMPLE_INSTANCE);
  put_deflated(&b, &plain);
  scu__head head;
  scu_error error;
  assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_ERROR_MALFORMED);
  assert_int_equal(scu_error_tag(&error), SCU__TAG_PIXEL_DATA);
  assert_int_equal(walk_bytes(b.data, b.length, true, &head, &error), SCU_OK);
  assert_true(head.is_truncated);
  scu__buffer_free(&plain);
  scu__buffer_free(&b);
}

static void test_what_follows_a_deflate_stream_is_padding_or_left_out(void **state) {
  (void)state;
  scu__buffer b = deflated_file();
  scu__head head;
  scu_error error;
  size_t length = b.length;
  scu__put_fill(&b, 0, 100);
  for (size_t extra = 0; extra <= 9; extra++) { /* NUL, and the 8 bytes gzip writes */
    assert_int_equal(walk_bytes(b.data, length + extra, false, &head, &error), SCU_OK);
    assert_int_equal(head.dataset_offset + head.dataset_length, length + extra);
    assert_false(head.warnings & SCU__HEAD_TRAILING_BYTES);
  }
  assert_int_equal(walk_bytes(b.data, length + 100, false, &head, &error), SCU_OK);
  assert_int_equal(head.dataset_offset + head.dataset_length, length);
  assert_true(head.warnings & SCU__HEAD_TRAILING_BYTES);
  scu__buffer_free(&b);
}

/* S11. */
static void test_trailing_zeros_and_garbage_are_left_out(void **state) {
  (void)state;
  static const char *const tails[] = {"\0\0\0\0\0\0\0\0\0\0\0\0", "garbage!\1\2\3", "\0\0\0\0\0\0\0\0garb"};
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (size_t t = 0; t < 3; t++) {
      scu__buffer b = sample_file(i, 0);
      scu__head head;
      scu_error error;
      size_t length = b.length;
      scu__put_bytes(&b, tails[t], 12);
      assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_OK);
      assert_int_equal(head.dataset_offset + head.dataset_length, length);
      assert_int_equal(head.warnings, SCU__HEAD_TRAILING_BYTES);
      scu__buffer_free(&b);
    }
}

static void test_a_meta_that_disagrees_is_warned_about(void **state) {
  (void)state;
  scu__buffer b = new_file(SCU__UID_EXPLICIT_LE, "2.25.999");
  scu__head head;
  scu_error error;
  put_sample_dataset(&b, SCU__EXPLICIT_LE, 0);
  assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_OK);
  assert_string_equal(head.sop_instance.text, SAMPLE_INSTANCE);
  assert_int_equal(head.warnings, SCU__HEAD_META_DISAGREES);
  scu__buffer_free(&b);
}

static void test_an_odd_dataset_and_an_unknown_syntax_are_warned_about(void **state) {
  (void)state;
  scu__buffer b = new_file("2.25.777", SAMPLE_INSTANCE);
  scu__head head;
  scu_error error;
  put_sample_dataset(&b, SCU__EXPLICIT_LE, 0);
  put_sample_text(&b, SCU__EXPLICIT_LE, SCU_TAG(0x7FE1, 0x1001), SCU_VR_OB, "odd");
  assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_OK);
  assert_null(head.syntax);
  assert_true(head.is_odd_length);
  assert_int_equal(head.warnings, SCU__HEAD_ODD_LENGTH | SCU__HEAD_SYNTAX_UNKNOWN);
  scu__buffer_free(&b);
}

static void test_uids_inside_items_and_second_ones_do_not_count(void **state) {
  (void)state;
  scu__buffer b = new_file(SCU__UID_EXPLICIT_LE, SAMPLE_INSTANCE);
  scu__encoding e = SCU__EXPLICIT_LE;
  scu__head head;
  scu_error error;
  size_t sequence = open_sample(&b, e, SCU_TAG(0x0008, 0x0006), SCU_VR_SQ, true), item = open_item(&b, e, true);
  put_sample_text(&b, e, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, "1.2.3.4.5.66");
  close_item(&b, e, item, true);
  close_sequence(&b, e, sequence, true);
  put_sample_dataset(&b, e, 0);
  put_sample_text(&b, e, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, "1.2.3.4.5.77");
  assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_OK);
  assert_string_equal(head.sop_instance.text, SAMPLE_INSTANCE);
  scu__buffer_free(&b);
}

static void test_a_file_that_is_nested_too_deep_is_told_from_one_that_is_cut(void **state) {
  (void)state;
  for (unsigned cut = 0; cut < 2; cut++) {
    scu__head head;
    scu_error error;
    scu__buffer b = new_file(SCU__UID_EXPLICIT_LE, SAMPLE_INSTANCE);
    for (int i = 0; i < 200; i++) {
      open_sample(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, false);
      open_item(&b, SCU__EXPLICIT_LE, false);
    }
    for (int i = 0; i < 200; i++) {
      close_item(&b, SCU__EXPLICIT_LE, 0, false);
      close_sequence(&b, SCU__EXPLICIT_LE, 0, false);
    }
    assert_int_equal(walk_bytes(b.data, b.length - cut, false, &head, &error),
                     cut ? SCU_ERROR_MALFORMED : SCU_ERROR_LIMIT);
    assert_non_null(strstr(scu_error_reason(&error), cut ? "cut" : "(0040,A730) at offset"));
    assert_int_equal(walk_bytes(b.data, b.length - cut, true, &head, &error), SCU_ERROR_LIMIT);
    scu__buffer_free(&b);
  }
}

static void test_a_file_of_meta_alone_is_cut(void **state) {
  (void)state;
  scu__buffer b = new_file(SCU__UID_EXPLICIT_LE, SAMPLE_INSTANCE);
  scu__head head;
  scu_error error;
  assert_int_equal(walk_bytes(b.data, b.length, false, &head, &error), SCU_ERROR_MALFORMED);
  assert_int_equal(scu_error_offset(&error), b.length);
  scu__buffer_free(&b);
}

static void test_every_warning_has_words(void **state) {
  (void)state;
  for (uint32_t warning = 1; warning <= SCU__HEAD_ODD_LENGTH; warning <<= 1)
    assert_true(scu__head_warning_text(warning)[0] != 0);
  assert_string_equal(scu__head_warning_text(0), "");
  assert_string_equal(scu__head_warning_text(3), "");
}

static void *countdown(void *user, size_t length) {
  unsigned *left = user;
  if (*left == 0) return NULL;
  --*left;
  return malloc(length);
}
static void *countdown_again(void *user, void *block, size_t length) {
  unsigned *left = user;
  if (*left == 0) return NULL;
  --*left;
  return realloc(block, length);
}
static void release(void *user, void *block) {
  (void)user;
  free(block);
}

static void test_any_allocation_may_fail(void **state) {
  (void)state;
  scu__buffer b = deflated_file();
  scu_result result = SCU_ERROR_MEMORY;
  unsigned allowed = 0;
  for (; result != SCU_OK; allowed++) {
    unsigned left = allowed;
    scu_allocator allocator = {sizeof allocator, countdown, countdown_again, release, &left};
    counting_source source = source_over(b.data, b.length);
    scu__head head;
    scu_error error;
    scu__error_clear(&error);
    result = scu__head_walk(&source.memory.source, &allocator, NULL, &head, &error);
    assert_true(result == SCU_OK || result == SCU_ERROR_MEMORY);
    assert_int_equal(scu_error_result(&error), result);
  }
  assert_in_range(allowed, 4, 10);
  scu__buffer_free(&b);
}

/* S23: what dcmdump reads we read. The one file we refuse claims a sequence longer than itself (RULES 3 wants that). */
static void test_every_good_sample_file_is_walked(void **state) {
  (void)state;
  char folder[1000], *file, *syntax;
  bool is_ok;
  unsigned walked = 0, refused = 0, reads = 0;
  FILE *manifest = open_manifest(folder, sizeof folder);
  if (!manifest) skip();
  while (next_row(manifest, &file, &syntax, &is_ok)) {
    char path[2048];
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    uint8_t *bytes = load_file(path, &length);
    assert_non_null(bytes);
    counting_source source = source_over(bytes, length);
    scu__head head;
    scu_error error;
    scu__error_clear(&error);
    scu_result result = scu__head_walk(&source.memory.source, NULL, NULL, &head, &error);
    bool is_expected = is_ok && strcmp(file, "dicomdir/DICOMDIR-nooffset") != 0;
    if (is_expected && result != SCU_OK) print_error("%s: %s\n", file, scu_error_reason(&error));
    if (is_expected) assert_int_equal(result, SCU_OK);
    if (result == SCU_OK)
      walked++, reads += source.reads;
    else
      refused++, print_message("refused: %s: %s\n", file, scu_error_reason(&error));
    free(bytes);
  }
  fclose(manifest);
  print_message("%u files walked with %u reads, %u refused\n", walked, reads, refused);
  assert_true(walked >= 490);
  assert_true(reads < walked * 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_native_files_are_known_after_one_read),
      cmocka_unit_test(test_a_deflated_file_is_known),
      cmocka_unit_test(test_pixels_of_any_size_are_not_read),
      cmocka_unit_test(test_fragments_are_passed_over_one_by_one),
      cmocka_unit_test(test_every_truncation_is_refused_unless_between_elements),
      cmocka_unit_test(test_every_cut_deflate_stream_is_refused),
      cmocka_unit_test(test_a_whole_deflate_stream_of_a_cut_dataset_is_refused),
      cmocka_unit_test(test_what_follows_a_deflate_stream_is_padding_or_left_out),
      cmocka_unit_test(test_trailing_zeros_and_garbage_are_left_out),
      cmocka_unit_test(test_a_meta_that_disagrees_is_warned_about),
      cmocka_unit_test(test_an_odd_dataset_and_an_unknown_syntax_are_warned_about),
      cmocka_unit_test(test_uids_inside_items_and_second_ones_do_not_count),
      cmocka_unit_test(test_a_file_that_is_nested_too_deep_is_told_from_one_that_is_cut),
      cmocka_unit_test(test_a_file_of_meta_alone_is_cut),
      cmocka_unit_test(test_every_warning_has_words),
      cmocka_unit_test(test_any_allocation_may_fail),
      cmocka_unit_test(test_every_good_sample_file_is_walked),
  };
  return cmocka_run_group_tests_name("data/head_walk", tests, NULL, NULL);
}
