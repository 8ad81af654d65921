/* The native rewrite (RULES 4): each of the four syntaxes into each other, streaming, and over real files. */
#include "codec_samples.h"
#include "data/rewrite.h"

static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_LE, SCU__UID_EXPLICIT_BE,
                                       SCU__UID_DEFLATED_EXPLICIT_LE};
enum { SYNTAXES = 4 };

static scu__buffer new_buffer(void) {
  scu__buffer b;
  scu__buffer_init(&b, NULL, (size_t)1 << 30);
  return b;
}

static scu__buffer new_file(const char *syntax) {
  scu__buffer b = new_buffer();
  scu__file_meta meta;
  memset(&meta, 0, sizeof meta);
  scu__uid_from_text(&meta.transfer_syntax, syntax);
  assert_int_equal(scu__part10_write_header(&b, &meta), SCU_OK);
  return b;
}

static scu_result drain(scu__producer *producer, size_t room, scu__buffer *out, scu_error *error) {
  scu_result result;
  size_t got;
  for (;;) {
    uint8_t *to = scu__buffer_reserve(out, room);
    assert_non_null(to);
    result = producer->read(producer, to, room, &got, error);
    if (result != SCU_OK) return result;
    assert_in_range(got, 1, room);
    scu__buffer_commit(out, got);
  }
}

/* file -> a file in syntax `to`; SCU_END when all went well. */
static scu_result rewrite_file(const scu__buffer *file, const char *to, size_t room, scu__buffer *out,
                               scu_error *error) {
  scu__memory_source source;
  scu__producer *producer;
  scu__head head;
  scu__error_clear(error);
  scu__memory_source_init(&source, file->data, file->length);
  scu_result result = scu__head_walk(&source.source, NULL, NULL, &head, error);
  if (result != SCU_OK) return result;
  result = scu__rewrite_new(NULL, &source.source, &head, scu__transfer_syntax_find(to), &producer, error);
  if (result != SCU_OK) return result;
  *out = new_file(to);
  size_t begin = out->length;
  result = drain(producer, room, out, error);
  assert_int_equal((out->length - begin) % 2, 0);
  assert_int_equal(producer->read(producer, out->data, 1, &(size_t){0}, error), result); /* ends and errors stay */
  producer->close(producer);
  return result;
}

static scu__buffer sample_file(size_t syntax) {
  scu__buffer b = new_file(syntaxes[syntax < 3 ? syntax : 1]), out;
  scu_error error;
  put_sample_dataset(&b, sample_encodings[syntax < 3 ? syntax : 1], 0);
  if (syntax < 3) return b;
  assert_int_equal(rewrite_file(&b, syntaxes[syntax], 4096, &out, &error), SCU_END);
  scu__buffer_free(&b);
  return out;
}

static void test_each_syntax_becomes_each_other(void **state) {
  (void)state;
  static const size_t rooms[] = {1, 2, 3, 17, 4096, 1u << 20};
  for (size_t from = 0; from < SYNTAXES; from++)
    for (size_t to = 0; to < SYNTAXES; to++)
      for (size_t r = 0; r < 6; r++) {
        scu__buffer in = sample_file(from), expected = sample_file(to), out;
        scu_error error;
        assert_int_equal(rewrite_file(&in, syntaxes[to], rooms[r], &out, &error), SCU_END);
        assert_int_equal(out.length, expected.length);
        assert_memory_equal(out.data, expected.data, out.length);
        scu__buffer_free(&in);
        scu__buffer_free(&expected);
        scu__buffer_free(&out);
      }
}

static void test_other_syntaxes_are_not_rewritten(void **state) {
  (void)state;
  scu__memory_source source;
  scu__head head;
  scu__producer *producer;
  scu_error error;
  memset(&head, 0, sizeof head);
  scu__error_clear(&error);
  scu__memory_source_init(&source, "", 0);
  const scu__transfer_syntax *native = scu__transfer_syntax_find(SCU__UID_EXPLICIT_LE);
  const scu__transfer_syntax *jpeg = scu__transfer_syntax_find(SCU__UID_JPEG_BASELINE);
  assert_int_equal(scu__rewrite_new(NULL, &source.source, &head, native, &producer, &error), SCU_ERROR_UNSUPPORTED);
  head.syntax = jpeg;
  assert_int_equal(scu__rewrite_new(NULL, &source.source, &head, native, &producer, NULL), SCU_ERROR_UNSUPPORTED);
  head.syntax = native;
  assert_int_equal(scu__rewrite_new(NULL, &source.source, &head, jpeg, &producer, NULL), SCU_ERROR_UNSUPPORTED);
  assert_null(producer);
}

static void test_a_dataset_that_ends_early_is_an_error_in_the_end(void **state) {
  (void)state;
  for (size_t from = 0; from < SYNTAXES; from++) {
    scu__buffer in = sample_file(from), out = new_buffer();
    scu__memory_source source;
    scu__producer *producer;
    scu__head head;
    scu_error error;
    scu__error_clear(&error);
    scu__memory_source_init(&source, in.data, in.length);
    assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, &error), SCU_OK);
    head.dataset_length -= 3;
    assert_int_equal(
        scu__rewrite_new(NULL, &source.source, &head, scu__transfer_syntax_find(syntaxes[0]), &producer, &error),
        SCU_OK);
    assert_int_equal(drain(producer, 100, &out, &error), SCU_ERROR_MALFORMED);
    assert_int_equal(scu_error_result(&error), SCU_ERROR_MALFORMED);
    producer->close(producer);
    scu__buffer_free(&in);
    scu__buffer_free(&out);
  }
}

/* A dataset of any size that is nowhere: its beginning in memory, then a pattern. */
typedef struct endless_source {
  scu__source source;
  const uint8_t *bytes;
  size_t length;
} endless_source;

static scu_result endless_read(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  endless_source *source = (endless_source *)self;
  uint8_t *bytes = to;
  (void)error;
  for (size_t i = 0; i < length; i++, offset++)
    bytes[i] = offset < source->length ? source->bytes[offset] : (uint8_t)((offset - source->length) * 7);
  return SCU_OK;
}

static size_t largest_block, in_use;

static void *measured_alloc(void *user, size_t length) {
  (void)user;
  size_t *block = malloc(length + 16);
  if (!block) return NULL;
  block[0] = length;
  in_use += length;
  if (in_use > largest_block) largest_block = in_use;
  return block + 2;
}
static void measured_free(void *user, void *block) {
  (void)user;
  if (!block) return;
  in_use -= ((size_t *)block)[-2];
  free((size_t *)block - 2);
}
static void *measured_realloc(void *user, void *block, size_t length) {
  void *next = measured_alloc(user, length);
  if (!next || !block) return next;
  size_t before = ((size_t *)block)[-2];
  memcpy(next, block, before < length ? before : length);
  measured_free(user, block);
  return next;
}

/* 64 MiB here; the code knows no difference to 10 GB. */
static void test_large_pixels_pass_in_constant_memory(void **state) {
  (void)state;
  const uint32_t pixels = 64u << 20;
  scu_allocator allocator = {sizeof allocator, measured_alloc, measured_realloc, measured_free, NULL};
  scu__buffer b = new_file(SCU__UID_EXPLICIT_LE);
  put_sample_us(&b, SCU__EXPLICIT_LE, SCU_TAG(0x0028, 0x0100), SCU_VR_US, 16);
  put_sample_header(&b, SCU__EXPLICIT_LE, SCU__TAG_PIXEL_DATA, SCU_VR_OW, pixels);
  endless_source source = {{.size = b.length + pixels, .read_at = endless_read}, b.data, b.length};
  scu__producer *producer;
  scu__head head;
  scu_error error;
  scu__error_clear(&error);
  largest_block = in_use = 0;
  assert_int_equal(scu__head_walk(&source.source, &allocator, NULL, &head, &error), SCU_OK);
  assert_int_equal(scu__rewrite_new(&allocator, &source.source, &head, scu__transfer_syntax_find(SCU__UID_EXPLICIT_BE),
                                    &producer, &error),
                   SCU_OK);
  static uint8_t to[65536];
  uint64_t total = 0;
  size_t got;
  scu_result result;
  while ((result = producer->read(producer, to, sizeof to, &got, &error)) == SCU_OK) {
    for (size_t i = 0; i < got; i++) {
      uint64_t at = total + i;
      if (at >= 22 && to[i] != (uint8_t)(((at - 22) ^ 1) * 7)) fail_msg("pixel byte %llu", (unsigned long long)at - 22);
    }
    total += got;
  }
  assert_int_equal(result, SCU_END);
  assert_true(total == 22 + (uint64_t)pixels);
  producer->close(producer);
  assert_int_equal(in_use, 0);
  assert_in_range(largest_block, 1, 1u << 20);
  scu__buffer_free(&b);
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
  scu__buffer in = sample_file(3);
  scu_result result = SCU_ERROR_MEMORY;
  unsigned allowed = 0;
  for (; result != SCU_END; allowed++) {
    unsigned left = allowed;
    scu_allocator allocator = {sizeof allocator, countdown, countdown_again, release, &left};
    scu__memory_source source;
    scu__producer *producer;
    scu__head head;
    scu_error error;
    scu__error_clear(&error);
    scu__memory_source_init(&source, in.data, in.length);
    assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, &error), SCU_OK);
    result =
        scu__rewrite_new(&allocator, &source.source, &head, scu__transfer_syntax_find(syntaxes[3]), &producer, &error);
    if (result == SCU_OK) {
      scu__buffer out = new_buffer();
      result = drain(producer, 100, &out, &error);
      producer->close(producer);
      scu__buffer_free(&out);
    }
    assert_true(result == SCU_END || result == SCU_ERROR_MEMORY);
    assert_int_equal(scu_error_result(&error), result == SCU_END ? SCU_OK : result);
  }
  assert_in_range(allowed, 8, 30);
  scu__buffer_free(&in);
}

/* Tokens of a whole file's dataset, without group lengths and trailing padding. */
static bool log_file(const scu__buffer *file, token_log *log) {
  scu__memory_source source;
  scu__head head;
  scu_error error;
  scu__error_clear(&error);
  scu__memory_source_init(&source, file->data, file->length);
  if (scu__head_walk(&source.source, NULL, NULL, &head, &error) != SCU_OK) return false;
  scu__reader *reader = malloc(sizeof *reader);
  scu__token token;
  scu_result result;
  bool is_left_out = false;
  scu__reader_init(reader, head.encoding, NULL);
  scu__reader_push(reader, file->data + head.dataset_offset, (size_t)head.dataset_length);
  scu__reader_finish(reader);
  while ((result = scu__reader_next(reader, &token, &error)) == SCU_OK) {
    if (token.kind != SCU__TOKEN_VALUE)
      is_left_out =
          token.kind == SCU__TOKEN_ELEMENT && ((token.tag & 0xFFFF) == 0 || token.tag == SCU__TAG_TRAILING_PADDING);
    if (!is_left_out) log_token(log, &token);
  }
  free(reader);
  return result == SCU_END;
}

static bool same_tokens(const scu__buffer *a, const scu__buffer *b) {
  token_log logs[2];
  log_init(&logs[0], false);
  log_init(&logs[1], false);
  bool is_same = log_file(a, &logs[0]) && log_file(b, &logs[1]) && logs[0].text.length == logs[1].text.length &&
                 memcmp(logs[0].text.data, logs[1].text.data, logs[0].text.length) == 0;
  log_free(&logs[0]);
  log_free(&logs[1]);
  return is_same;
}

/* There and back: values equal the first file's, element by element, and the second round is equal byte by byte. */
static void check_round_trips(const char *name, const scu__buffer *file) {
  for (size_t i = 0; i < SYNTAXES; i++) {
    scu__buffer there, back, again;
    scu_error error;
    scu_result result = rewrite_file(file, syntaxes[i], 65536, &there, &error);
    if (result != SCU_END) fail_msg("%s to %s: %s", name, syntaxes[i], scu_error_reason(&error));
    if (i < 3 && !same_tokens(file, &there)) fail_msg("%s differs in %s", name, syntaxes[i]);
    result = rewrite_file(&there, SCU__UID_EXPLICIT_LE, 65536, &back, &error);
    if (result != SCU_END) fail_msg("%s back from %s: %s", name, syntaxes[i], scu_error_reason(&error));
    if (!same_tokens(file, &back)) fail_msg("%s differs after %s", name, syntaxes[i]);
    if (i == 1) {
      assert_int_equal(rewrite_file(&back, syntaxes[i], 65536, &again, &error), SCU_END);
      assert_int_equal(again.length, there.length);
      assert_memory_equal(again.data, there.data, there.length);
      scu__buffer_free(&again);
    }
    scu__buffer_free(&there);
    scu__buffer_free(&back);
  }
}

/* S22, S16. */
static void test_native_sample_files_survive_every_syntax(void **state) {
  (void)state;
  char folder[1000], *name, *syntax;
  bool is_ok;
  unsigned checked = 0, deflated = 0;
  FILE *manifest = open_manifest(folder, sizeof folder);
  if (!manifest) skip();
  while (next_row(manifest, &name, &syntax, &is_ok)) {
    bool is_deflated = strcmp(syntax, "DEFL") == 0;
    if (!is_ok || (!is_deflated && !strstr(syntax, "VR"))) continue;
    if (strcmp(name, "dicomdir/DICOMDIR-nooffset") == 0) continue; /* see the head walk */
    char path[2048];
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    uint8_t *bytes = load_file(path, &length);
    assert_non_null(bytes);
    scu__buffer file = new_buffer(), plain;
    scu__put_bytes(&file, bytes, length);
    free(bytes);
    if (is_deflated) {
      scu_error error;
      assert_int_equal(rewrite_file(&file, SCU__UID_EXPLICIT_LE, 65536, &plain, &error), SCU_END);
      scu__buffer_free(&file);
      file = plain;
      deflated++;
    }
    check_round_trips(name, &file);
    scu__buffer_free(&file);
    checked++;
  }
  fclose(manifest);
  print_message("%u files rewritten to %d syntaxes and back, %u of them deflated\n", checked, (int)SYNTAXES, deflated);
  assert_true(checked >= 370);
  assert_int_equal(deflated, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_syntax_becomes_each_other),
      cmocka_unit_test(test_other_syntaxes_are_not_rewritten),
      cmocka_unit_test(test_a_dataset_that_ends_early_is_an_error_in_the_end),
      cmocka_unit_test(test_large_pixels_pass_in_constant_memory),
      cmocka_unit_test(test_any_allocation_may_fail),
      cmocka_unit_test(test_native_sample_files_survive_every_syntax),
  };
  return cmocka_run_group_tests_name("data/rewrite", tests, NULL, NULL);
}
