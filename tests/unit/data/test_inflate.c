/* Raw deflate both ways: streaming, cut, broken, and bombs (catalogue S15). */
#include "codec_samples.h"
#include "data/inflate.h"

typedef struct bytes {
  uint8_t *data;
  size_t length;
} bytes;

static bytes compress(const uint8_t *from, size_t length, size_t piece, size_t room) {
  scu__deflater *deflater;
  scu_error error;
  scu__error_clear(&error);
  bytes out = {malloc(length * 2 + 1000), 0};
  assert_int_equal(scu__deflater_new(NULL, &deflater), SCU_OK);
  scu_result result = SCU_MORE;
  for (size_t at = 0; result != SCU_END;) {
    const uint8_t *in = from + at;
    size_t left = piece < length - at ? piece : length - at, before = left, got;
    bool is_last = at + left == length;
    result = scu__deflater_run(deflater, &in, &left, is_last, out.data + out.length, room, &got, &error);
    assert_true(result >= 0);
    at += before - left;
    out.length += got;
  }
  scu__deflater_free(deflater);
  return out;
}

/* Inflates and compares; returns the last result. *left_over: bytes after the end of the stream. */
static scu_result inflate_all(const bytes *in, size_t piece, size_t room, const scu__inflate_limits *limits,
                              const uint8_t *expected, uint64_t *total, size_t *left_over, scu_error *error) {
  scu__inflater *inflater;
  uint8_t *to = malloc(room + 1);
  scu__error_clear(error);
  *total = 0;
  assert_int_equal(scu__inflater_new(NULL, limits, &inflater), SCU_OK);
  scu_result result = SCU_MORE;
  const uint8_t *from = in->data;
  size_t at = 0, left = 0, got = 0;
  do {
    if (result == SCU_MORE) {
      size_t size = piece < in->length - at ? piece : in->length - at;
      if (size == 0) break;
      from = in->data + at;
      left = size;
      at += size;
    }
    result = scu__inflater_run(inflater, &from, &left, to, room, &got, error);
    if (result >= 0 && got > 0 && expected) assert_memory_equal(to, expected + *total, got);
    *total += got;
  } while (result == SCU_OK || result == SCU_MORE);
  *left_over = in->length - at + left;
  if (result == SCU_END) assert_int_equal(scu__inflater_run(inflater, &from, &left, to, room, &got, error), SCU_END);
  scu__inflater_free(inflater);
  free(to);
  return result;
}

static bytes pattern(size_t length) {
  bytes b = {malloc(length), length};
  unsigned seed = 1;
  for (size_t i = 0; i < length; i++) {
    seed = seed * 1103515245u + 12345u;
    b.data[i] = (uint8_t)(i % 7 ? seed >> 24 : 0);
  }
  return b;
}

static void test_what_goes_in_comes_out_in_any_pieces(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 3, 17, 1000, 1u << 20};
  bytes plain = pattern(5000);
  for (size_t i = 0; i < 5; i++)
    for (size_t j = 0; j < 5; j++) {
      scu_error error;
      uint64_t total;
      size_t left_over, room = sizes[j] < 8000 ? sizes[j] : 8000;
      bytes packed = compress(plain.data, plain.length, sizes[i], room);
      assert_int_equal(inflate_all(&packed, sizes[j], room, NULL, plain.data, &total, &left_over, &error), SCU_END);
      assert_int_equal(total, plain.length);
      assert_int_equal(left_over, 0);
      free(packed.data);
    }
  free(plain.data);
}

static void test_an_empty_stream_is_a_stream(void **state) {
  (void)state;
  scu_error error;
  uint64_t total;
  size_t left_over;
  bytes packed = compress((const uint8_t *)"", 0, 1, 100);
  assert_true(packed.length > 0);
  assert_int_equal(inflate_all(&packed, 1, 100, NULL, NULL, &total, &left_over, &error), SCU_END);
  assert_int_equal(total, 0);
  free(packed.data);
}

static void test_every_truncation_asks_for_more(void **state) {
  (void)state;
  bytes plain = pattern(2000), packed = compress(plain.data, plain.length, 2000, 4000);
  for (size_t length = 0; length < packed.length; length++) {
    scu_error error;
    uint64_t total;
    size_t left_over;
    bytes cut = {malloc(length + 1), length};
    memcpy(cut.data, packed.data, length);
    assert_int_equal(inflate_all(&cut, 100, 100, NULL, plain.data, &total, &left_over, &error), SCU_MORE);
    free(cut.data);
  }
  free(plain.data);
  free(packed.data);
}

static void test_bytes_after_the_end_are_left_alone(void **state) {
  (void)state;
  bytes plain = pattern(2000), packed = compress(plain.data, plain.length, 2000, 4000);
  memcpy(packed.data + packed.length, "\0GZIPTRL", 8);
  packed.length += 8;
  for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
    scu_error error;
    uint64_t total;
    size_t left_over;
    assert_int_equal(inflate_all(&packed, piece, 64, NULL, plain.data, &total, &left_over, &error), SCU_END);
    assert_int_equal(total, plain.length);
    assert_int_equal(left_over, 8);
  }
  free(plain.data);
  free(packed.data);
}

static void test_broken_streams_are_malformed(void **state) {
  (void)state;
  scu_error error;
  uint64_t total;
  size_t left_over;
  uint8_t reserved_block[] = {0x07, 0, 0, 0};
  bytes broken = {reserved_block, 4};
  assert_int_equal(inflate_all(&broken, 4, 64, NULL, NULL, &total, &left_over, &error), SCU_ERROR_MALFORMED);
  assert_true(scu_error_reason(&error)[0] != 0);
  bytes plain = pattern(2000), packed = compress(plain.data, plain.length, 2000, 4000);
  for (size_t bit = 0; bit < packed.length * 8; bit += 5) {
    packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    scu_result result = inflate_all(&packed, 100, 100, NULL, NULL, &total, &left_over, &error);
    assert_true(result == SCU_END || result == SCU_MORE || result == SCU_ERROR_MALFORMED);
    packed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  free(plain.data);
  free(packed.data);
}

/* S15: 64 MiB of zeros are 64 KiB deflated. */
static void test_bombs_stop_at_the_absolute_and_at_the_ratio_bound(void **state) {
  (void)state;
  bytes zeros = {calloc(1, (size_t)64 << 20), (size_t)64 << 20};
  bytes packed = compress(zeros.data, zeros.length, zeros.length, 1u << 20);
  assert_in_range(packed.length, 1, 100000);
  scu_error error;
  uint64_t total;
  size_t left_over;
  scu__inflate_limits absolute = {.output_max = 1u << 20}, ratio = {.ratio_floor = 1u << 20, .ratio_max = 100};
  assert_int_equal(inflate_all(&packed, 1000, 4096, &absolute, NULL, &total, &left_over, &error), SCU_ERROR_LIMIT);
  assert_in_range(total, 1u << 20, (1u << 20) + 4096);
  assert_int_equal(inflate_all(&packed, 1000, 4096, &ratio, NULL, &total, &left_over, &error), SCU_ERROR_LIMIT);
  assert_in_range(total, 1u << 20, (1u << 20) + 4096);
  assert_int_equal(inflate_all(&packed, 1000, 4096, NULL, NULL, &total, &left_over, &error), SCU_END);
  assert_int_equal(total, zeros.length);
  free(zeros.data);
  free(packed.data);
}

static void *no_memory(void *user, size_t length) {
  unsigned *left = user;
  if (*left == 0) return NULL;
  --*left;
  return malloc(length);
}
static void *no_more(void *user, void *block, size_t length) {
  (void)user;
  return realloc(block, length);
}
static void release(void *user, void *block) {
  (void)user;
  free(block);
}

static void test_without_memory_nothing_is_made(void **state) {
  (void)state;
  for (unsigned allowed = 0; allowed < 2; allowed++) {
    unsigned left = allowed;
    scu_allocator allocator = {sizeof allocator, no_memory, no_more, release, &left};
    scu__inflater *inflater;
    scu__deflater *deflater;
    assert_int_equal(scu__inflater_new(&allocator, NULL, &inflater), SCU_ERROR_MEMORY);
    assert_null(inflater);
    left = allowed;
    assert_int_equal(scu__deflater_new(&allocator, &deflater), SCU_ERROR_MEMORY);
    assert_null(deflater);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_goes_in_comes_out_in_any_pieces),
      cmocka_unit_test(test_an_empty_stream_is_a_stream),
      cmocka_unit_test(test_every_truncation_asks_for_more),
      cmocka_unit_test(test_bytes_after_the_end_are_left_alone),
      cmocka_unit_test(test_broken_streams_are_malformed),
      cmocka_unit_test(test_bombs_stop_at_the_absolute_and_at_the_ratio_bound),
      cmocka_unit_test(test_without_memory_nothing_is_made),
  };
  return cmocka_run_group_tests_name("data/inflate", tests, NULL, NULL);
}
