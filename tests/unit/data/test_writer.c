/* The streaming writer: every encoding into every other (PS3.5 A.1-A.3, 6.2.2; RULES 4), and the untouched copy. */
#include "codec_samples.h"
#include "data/writer.h"

typedef struct transcoding {
  scu__buffer out;
  scu_error error;
  scu_result result;
} transcoding;

/* Reads in pieces and writes; result SCU_END when all went well. */
static transcoding transcode(scu__encoding from, scu__encoding to, const scu__buffer *in, size_t piece,
                             bool keep_lengths) {
  transcoding t;
  scu__reader *reader = malloc(sizeof *reader);
  scu__writer_options options = {.keep_lengths = keep_lengths};
  scu__writer writer;
  scu__token token;
  size_t at = 0;
  scu__error_clear(&t.error);
  scu__buffer_init(&t.out, NULL, SAMPLE_MAX);
  scu__reader_init(reader, from, NULL);
  scu__writer_init(&writer, to, &t.out, &options);
  while ((t.result = scu__reader_next(reader, &token, &t.error)) >= 0 && t.result != SCU_END) {
    if (t.result == SCU_OK) {
      t.result = scu__writer_put(&writer, &token, &t.error);
      if (t.result != SCU_OK) break;
      continue;
    }
    size_t size = piece < in->length - at ? piece : in->length - at;
    if (size == 0) scu__reader_finish(reader);
    scu__reader_push(reader, in->data + at, size);
    at += size;
  }
  free(reader);
  return t;
}

static scu__buffer new_buffer(void) {
  scu__buffer b;
  scu__buffer_init(&b, NULL, SAMPLE_MAX);
  return b;
}

static void expect_bytes(transcoding *t, const scu__buffer *expected) {
  assert_int_equal(t->result, SCU_END);
  assert_int_equal(t->out.length, expected->length);
  assert_memory_equal(t->out.data, expected->data, expected->length);
  scu__buffer_free(&t->out);
}

/* Transcodes what `in` holds and compares with `expected`; frees both. */
static void expect(scu__encoding from, scu__buffer *in, scu__encoding to, scu__buffer *expected) {
  for (size_t piece = 1; piece < 20; piece++) {
    transcoding t = transcode(from, to, in, piece, false);
    expect_bytes(&t, expected);
  }
  transcoding t = transcode(from, to, in, 1u << 20, false);
  expect_bytes(&t, expected);
  scu__buffer_free(in);
  scu__buffer_free(expected);
}

static void test_every_encoding_becomes_every_other(void **state) {
  (void)state;
  for (size_t from = 0; from < SAMPLE_ENCODINGS; from++)
    for (size_t to = 0; to < SAMPLE_ENCODINGS; to++)
      for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
        scu__buffer in = new_buffer(), expected = new_buffer();
        put_sample_dataset(&in, sample_encodings[from], variant);
        put_sample_dataset(&expected, sample_encodings[to], 0); /* all lengths undefined */
        expect(sample_encodings[from], &in, sample_encodings[to], &expected);
      }
}

static void test_keep_lengths_copies_byte_by_byte(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
      scu__buffer in = new_buffer();
      scu__encoding e = sample_encodings[i];
      put_sample_text(&in, e, SCU_TAG(0x0008, 0x0000), SCU_VR_UL, "len ");
      put_sample_dataset(&in, e, variant);
      put_sample_header(&in, e, SCU__TAG_PIXEL_DATA, SCU_VR_OB, SCU__UNDEFINED_LENGTH);
      put_sample_header(&in, e, SCU__TAG_ITEM, SCU_VR_NONE, 3);
      scu__put_text(&in, "odd");
      put_sample_header(&in, e, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
      put_sample_text(&in, e, SCU_TAG(0x7FE1, 0x1010), SCU_VR('Z', 'Z'), "odd");
      if (!e.is_implicit_vr)
        scu__put_bytes(&in, e.is_big_endian ? "\x7F\xE1\x10\x11  \0\2ab" : "\xE1\x7F\x11\x10  \2\0ab", 10);
      put_sample_text(&in, e, SCU__TAG_TRAILING_PADDING, SCU_VR_OB, "pad ");
      for (size_t piece = 1; piece < 20; piece++) {
        transcoding t = transcode(e, e, &in, piece, true);
        expect_bytes(&t, &in);
      }
      scu__buffer_free(&in);
    }
}

static void test_group_lengths_and_trailing_padding_are_dropped(void **state) {
  (void)state;
  scu__buffer in = new_buffer(), out = new_buffer();
  scu__encoding from = SCU__EXPLICIT_LE, to = SCU__EXPLICIT_BE;
  put_sample_text(&in, from, SCU_TAG(0x0008, 0x0000), SCU_VR_UL, "len ");
  put_sample_text(&in, from, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "ID");
  size_t sequence = open_sample(&in, from, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, true), item = open_item(&in, from, true);
  put_sample_text(&in, from, SCU_TAG(0x0010, 0x0000), SCU_VR_UL, "len ");
  close_item(&in, from, item, true);
  close_sequence(&in, from, sequence, true);
  put_sample_text(&in, from, SCU__TAG_TRAILING_PADDING, SCU_VR_OB, "padding ");
  put_sample_text(&out, to, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "ID");
  sequence = open_sample(&out, to, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, false), item = open_item(&out, to, false);
  close_item(&out, to, item, false);
  close_sequence(&out, to, sequence, false);
  expect(from, &in, to, &out);
}

static void test_odd_values_get_the_pad_of_their_vr(void **state) {
  (void)state;
  scu__buffer in = new_buffer(), out = new_buffer();
  put_sample_text(&in, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, "1.2");
  put_sample_text(&in, SCU__EXPLICIT_LE, SCU_TAG(0x0010, 0x0010), SCU_VR_PN, "A^B");
  put_sample_text(&in, SCU__EXPLICIT_LE, SCU_TAG(0x0042, 0x0011), SCU_VR_OB, "PDF");
  put_sample(&out, SCU__IMPLICIT_LE, SCU_TAG(0x0008, 0x0018), SCU_VR_UI, "1.2", 4);
  put_sample(&out, SCU__IMPLICIT_LE, SCU_TAG(0x0010, 0x0010), SCU_VR_PN, "A^B ", 4);
  put_sample(&out, SCU__IMPLICIT_LE, SCU_TAG(0x0042, 0x0011), SCU_VR_OB, "PDF", 4);
  expect(SCU__EXPLICIT_LE, &in, SCU__IMPLICIT_LE, &out);
}

static void test_a_value_too_long_for_its_vr_goes_to_un(void **state) {
  (void)state;
  uint8_t *long_value = calloc(1, 70000);
  for (size_t i = 0; i < 70000; i++) long_value[i] = (uint8_t)(i * 7);
  for (unsigned to = 1; to < SAMPLE_ENCODINGS; to++) {
    scu__buffer in = new_buffer(), out = new_buffer();
    put_sample(&in, SCU__IMPLICIT_LE, SCU_TAG(0x0028, 0x1201), SCU_VR_OW, long_value, 70000);
    put_sample(&in, SCU__IMPLICIT_LE, SCU_TAG(0x3006, 0x0050), SCU_VR_DS, long_value, 65535);
    put_sample(&in, SCU__IMPLICIT_LE, SCU_TAG(0x3006, 0x0050), SCU_VR_DS, long_value, 65534);
    put_sample(&in, SCU__IMPLICIT_LE, SCU_TAG(0x0018, 0x9087), SCU_VR_FD, long_value, 70000);
    scu__encoding e = sample_encodings[to];
    put_sample(&out, e, SCU_TAG(0x0028, 0x1201), SCU_VR_OW, long_value, 70000);
    put_sample_header(&out, e, SCU_TAG(0x3006, 0x0050), SCU_VR_UN, 65536);
    scu__put_bytes(&out, long_value, 65535);
    scu__put_text(&out, " ");
    put_sample(&out, e, SCU_TAG(0x3006, 0x0050), SCU_VR_DS, long_value, 65534);
    put_sample(&out, e, SCU_TAG(0x0018, 0x9087), SCU_VR_UN, long_value, 70000); /* not swapped: little endian in UN */
    expect(SCU__IMPLICIT_LE, &in, e, &out);
  }
  free(long_value);
}

static void test_un_stays_implicit_little_endian_inside(void **state) {
  (void)state;
  for (size_t from = 1; from < SAMPLE_ENCODINGS; from++)
    for (size_t to = 0; to < SAMPLE_ENCODINGS; to++) {
      scu__buffer in = new_buffer(), out = new_buffer();
      scu__buffer *buffers[] = {&in, &out};
      scu__encoding encodings[] = {sample_encodings[from], sample_encodings[to]}, inside = SCU__IMPLICIT_LE;
      for (int i = 0; i < 2; i++) {
        scu__buffer *b = buffers[i];
        size_t sequence = open_sample(b, encodings[i], SCU_TAG(0x0009, 0x1001), SCU_VR_UN, false);
        size_t item = open_item(b, inside, false);
        put_sample_us(b, inside, SCU_TAG(0x0028, 0x0010), SCU_VR_US, 0x1234);
        size_t inner = open_sample(b, inside, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, false);
        close_sequence(b, inside, inner, false);
        close_item(b, inside, item, false);
        close_sequence(b, inside, sequence, false);
        put_sample_us(b, encodings[i], SCU_TAG(0x0028, 0x0010), SCU_VR_US, 0x1234);
        put_sample_text(b, encodings[i], SCU_TAG(0x0029, 0x1001), SCU_VR_UN, "abcd");
      }
      expect(sample_encodings[from], &in, sample_encodings[to], &out);
    }
}

static void test_unknown_private_sequences_become_sq(void **state) {
  (void)state;
  scu__buffer in = new_buffer(), out = new_buffer();
  scu__buffer *buffers[] = {&in, &out};
  scu__encoding encodings[] = {SCU__IMPLICIT_LE, SCU__EXPLICIT_BE};
  for (int i = 0; i < 2; i++) {
    size_t sequence = open_sample(buffers[i], encodings[i], SCU_TAG(0x0009, 0x1001), SCU_VR_SQ, false);
    size_t item = open_item(buffers[i], encodings[i], false);
    put_sample_us(buffers[i], encodings[i], SCU_TAG(0x0028, 0x0010), SCU_VR_US, 0x1234);
    close_item(buffers[i], encodings[i], item, false);
    close_sequence(buffers[i], encodings[i], sequence, false);
  }
  expect(encodings[0], &in, encodings[1], &out);
}

static void pixels(scu__encoding from, scu_vr from_vr, uint16_t bits, scu__encoding to, scu_vr to_vr, bool is_swapped) {
  scu__buffer in = new_buffer(), out = new_buffer();
  put_sample_us(&in, from, SCU_TAG(0x0028, 0x0100), SCU_VR_US, bits);
  put_sample(&in, from, SCU__TAG_PIXEL_DATA, from_vr, "\1\2\3\4\5\6", 6);
  put_sample_us(&out, to, SCU_TAG(0x0028, 0x0100), SCU_VR_US, bits);
  put_sample_header(&out, to, SCU__TAG_PIXEL_DATA, to_vr, 6);
  scu__buffer value = new_buffer();
  put_sample(&value, from, SCU__TAG_PIXEL_DATA, from_vr, "\1\2\3\4\5\6", 6);
  const uint8_t *bytes = value.data + value.length - 6;
  for (size_t i = 0; i < 6; i++) scu__put_u8(&out, bytes[is_swapped ? i ^ 1 : i]);
  scu__buffer_free(&value);
  expect(from, &in, to, &out);
}

static void test_pixel_vrs_follow_bits_allocated(void **state) {
  (void)state;
  scu__encoding il = SCU__IMPLICIT_LE, el = SCU__EXPLICIT_LE, eb = SCU__EXPLICIT_BE;
  pixels(il, SCU_VR_OW, 16, el, SCU_VR_OW, false);
  pixels(il, SCU_VR_OW, 16, eb, SCU_VR_OW, true);
  pixels(il, SCU_VR_OW, 8, el, SCU_VR_OB, false);
  pixels(il, SCU_VR_OW, 8, eb, SCU_VR_OB, false);
  pixels(el, SCU_VR_OB, 8, eb, SCU_VR_OB, false);
  pixels(el, SCU_VR_OW, 8, eb, SCU_VR_OW, true);
  pixels(el, SCU_VR_OB, 16, eb, SCU_VR_OW, true); /* mislabelled */
  pixels(eb, SCU_VR_OW, 8, el, SCU_VR_OW, true);
  pixels(eb, SCU_VR_OW, 16, il, SCU_VR_OW, true);
  pixels(eb, SCU_VR_OB, 8, il, SCU_VR_OW, false);
  pixels(eb, SCU_VR_OB, 16, el, SCU_VR_OW, false); /* mislabelled: the words are left as they lie */
  pixels(eb, SCU_VR_OB, 16, eb, SCU_VR_OB, false);
}

static void test_an_odd_stream_of_words_is_completed_or_refused(void **state) {
  (void)state;
  scu__buffer in = new_buffer(), out = new_buffer();
  put_sample_text(&in, SCU__EXPLICIT_LE, SCU__TAG_PIXEL_DATA, SCU_VR_OW, "abcde");
  put_sample_header(&out, SCU__EXPLICIT_BE, SCU__TAG_PIXEL_DATA, SCU_VR_OW, 6);
  scu__put_bytes(&out, "badc\0e", 6);
  expect(SCU__EXPLICIT_LE, &in, SCU__EXPLICIT_BE, &out);
  static const scu_vr vrs[] = {SCU_VR_FL, SCU_VR_FD, SCU_VR_UL, SCU_VR_AT, SCU_VR_OF};
  for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
    in = new_buffer();
    put_sample_header(&in, SCU__EXPLICIT_BE, SCU_TAG(0x0018, 0x9087), vrs[i], 11);
    scu__put_text(&in, "eleven byte");
    transcoding t = transcode(SCU__EXPLICIT_BE, SCU__EXPLICIT_LE, &in, 100, false);
    assert_int_equal(t.result, SCU_ERROR_MALFORMED);
    assert_int_equal(scu_error_tag(&t.error), SCU_TAG(0x0018, 0x9087));
    scu__buffer_free(&in);
    scu__buffer_free(&t.out);
  }
}

static void test_fragments_are_written_in_explicit_vr_only(void **state) {
  (void)state;
  for (size_t to = 0; to < SAMPLE_ENCODINGS; to++) {
    scu__buffer in = new_buffer(), out = new_buffer();
    scu__encoding e = sample_encodings[to];
    put_sample_header(&in, SCU__EXPLICIT_LE, SCU__TAG_PIXEL_DATA, SCU_VR_OW, SCU__UNDEFINED_LENGTH);
    put_sample_header(&in, SCU__EXPLICIT_LE, SCU__TAG_ITEM, SCU_VR_NONE, 3);
    scu__put_text(&in, "abc");
    put_sample_header(&in, SCU__EXPLICIT_LE, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
    if (e.is_implicit_vr) {
      transcoding t = transcode(SCU__EXPLICIT_LE, e, &in, 100, false);
      assert_int_equal(t.result, SCU_ERROR_UNSUPPORTED);
      scu__buffer_free(&in);
      scu__buffer_free(&t.out);
      continue;
    }
    put_sample_header(&out, e, SCU__TAG_PIXEL_DATA, SCU_VR_OB, SCU__UNDEFINED_LENGTH);
    put_sample_header(&out, e, SCU__TAG_ITEM, SCU_VR_NONE, 4);
    scu__put_bytes(&out, "abc", 4);
    put_sample_header(&out, e, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
    expect(SCU__EXPLICIT_LE, &in, e, &out);
  }
}

static void test_tokens_that_do_not_add_up_are_a_usage_error(void **state) {
  (void)state;
  scu__buffer out = new_buffer();
  scu__writer writer;
  scu__token element = {.kind = SCU__TOKEN_ELEMENT, .tag = SCU_TAG(0x0010, 0x0020), .vr = SCU_VR_LO, .length = 4};
  scu__token value = {.kind = SCU__TOKEN_VALUE, .bytes = (const uint8_t *)"12345", .size = 5, .is_last = true};
  scu__token end = {.kind = SCU__TOKEN_SEQUENCE_END};
  scu__writer_init(&writer, SCU__EXPLICIT_LE, &out, NULL);
  assert_int_equal(scu__writer_put(&writer, &value, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu__writer_put(&writer, &end, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu__writer_put(&writer, &element, NULL), SCU_OK);
  assert_int_equal(scu__writer_put(&writer, &element, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu__writer_put(&writer, &value, NULL), SCU_ERROR_USAGE);
  value.size = 3;
  assert_int_equal(scu__writer_put(&writer, &value, NULL), SCU_ERROR_USAGE);
  element.kind = (scu__token_kind)99;
  scu__writer_init(&writer, SCU__EXPLICIT_LE, &out, NULL);
  assert_int_equal(scu__writer_put(&writer, &element, NULL), SCU_ERROR_USAGE);
  scu__buffer_free(&out);
}

static void test_a_full_buffer_is_a_limit(void **state) {
  (void)state;
  scu__buffer in = new_buffer(), out;
  put_sample_dataset(&in, SCU__EXPLICIT_LE, 0);
  for (size_t room = 0; room < in.length; room += 5) {
    scu__buffer_init(&out, NULL, room);
    scu__writer writer;
    scu__reader *reader = malloc(sizeof *reader);
    scu__token token;
    scu_error error;
    scu__error_clear(&error);
    scu__writer_init(&writer, SCU__EXPLICIT_BE, &out, NULL);
    scu__reader_init(reader, SCU__EXPLICIT_LE, NULL);
    scu__reader_push(reader, in.data, in.length);
    scu_result result = SCU_OK;
    while (result == SCU_OK) {
      result = scu__reader_next(reader, &token, &error);
      if (result == SCU_OK) result = scu__writer_put(&writer, &token, &error);
    }
    assert_int_equal(result, SCU_ERROR_LIMIT);
    free(reader);
    scu__buffer_free(&out);
  }
  scu__buffer_free(&in);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_encoding_becomes_every_other),
      cmocka_unit_test(test_keep_lengths_copies_byte_by_byte),
      cmocka_unit_test(test_group_lengths_and_trailing_padding_are_dropped),
      cmocka_unit_test(test_odd_values_get_the_pad_of_their_vr),
      cmocka_unit_test(test_a_value_too_long_for_its_vr_goes_to_un),
      cmocka_unit_test(test_un_stays_implicit_little_endian_inside),
      cmocka_unit_test(test_unknown_private_sequences_become_sq),
      cmocka_unit_test(test_pixel_vrs_follow_bits_allocated),
      cmocka_unit_test(test_an_odd_stream_of_words_is_completed_or_refused),
      cmocka_unit_test(test_fragments_are_written_in_explicit_vr_only),
      cmocka_unit_test(test_tokens_that_do_not_add_up_are_a_usage_error),
      cmocka_unit_test(test_a_full_buffer_is_a_limit),
  };
  return cmocka_run_group_tests_name("data/writer", tests, NULL, NULL);
}
