/* The streaming reader: tokens, bounds, nesting, what is tolerated and what is not (catalogue S01-S07, S11, S12, S21).
 */
#include "codec_samples.h"

typedef struct sample {
  scu__buffer bytes;
  scu__encoding encoding;
} sample;

static sample begin(scu__encoding e) {
  sample s = {.encoding = e};
  scu__buffer_init(&s.bytes, NULL, SAMPLE_MAX);
  return s;
}

static sample whole_sample(scu__encoding e, unsigned variant) {
  sample s = begin(e);
  put_sample_dataset(&s.bytes, e, variant);
  return s;
}

static scu_result read_all(const sample *s, size_t piece, token_log *log, scu_error *error) {
  scu__error_clear(error);
  return read_tokens(s->encoding, s->bytes.data, s->bytes.length, piece, 7, log, error);
}

/* Reads the sample, checks the result and the tag of the error, frees it. */
static void expect(sample *s, scu_result result, scu_tag tag) {
  scu_error error;
  assert_int_equal(read_all(s, 1u << 20, NULL, &error), result);
  if (result < 0) {
    assert_int_equal(scu_error_result(&error), result);
    assert_int_equal(scu_error_tag(&error), tag);
    assert_true(scu_error_reason(&error)[0] != 0);
  }
  scu__buffer_free(&s->bytes);
}

static void expect_log(sample *s, const char *text) {
  scu_error error;
  token_log log;
  log_init(&log, false);
  assert_int_equal(read_all(s, 1u << 20, &log, &error), SCU_END);
  scu__put_u8(&log.text, 0);
  assert_string_equal((const char *)log.text.data, text);
  log_free(&log);
  scu__buffer_free(&s->bytes);
}

static void test_tokens_come_in_order(void **state) {
  (void)state;
  for (unsigned variant = 0; variant < 2; variant++) {
    sample s = begin(SCU__EXPLICIT_LE);
    size_t sequence = open_sample(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, variant);
    size_t item = open_item(&s.bytes, s.encoding, variant);
    put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA040), SCU_VR_CS, "TEXT");
    close_item(&s.bytes, s.encoding, item, variant);
    close_sequence(&s.bytes, s.encoding, sequence, variant);
    put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA992), SCU_VR_ST, "");
    expect_log(&s, "3 0040A730 0\n4 0040A730 1\n1 0040A040 1 TEXT\n5 0040A730 1\n6 0040A730 0\n1 0040A992 0 \n");
  }
}

static void test_fragments_come_in_order(void **state) {
  (void)state;
  sample s = begin(SCU__EXPLICIT_LE);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_PIXEL_DATA, SCU_VR_OB, SCU__UNDEFINED_LENGTH);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, 0);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, 4);
  scu__put_text(&s.bytes, "JPEG");
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  expect_log(&s, "7 7FE00010 0\n8 7FE00010 1 \n8 7FE00010 1 JPEG\n9 7FE00010 0\n");
}

static void test_any_split_gives_the_same_tokens(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
      sample s = whole_sample(sample_encodings[i], variant);
      token_log whole;
      scu_error error;
      log_init(&whole, true);
      assert_int_equal(read_all(&s, 1u << 20, &whole, &error), SCU_END);
      for (unsigned round = 0; round < 40; round++) {
        token_log split;
        log_init(&split, true);
        size_t piece = round < 14 ? round + 1 : 0;
        assert_int_equal(read_tokens(s.encoding, s.bytes.data, s.bytes.length, piece, round, &split, &error), SCU_END);
        assert_int_equal(split.text.length, whole.text.length);
        assert_memory_equal(split.text.data, whole.text.data, whole.text.length);
        log_free(&split);
      }
      log_free(&whole);
      scu__buffer_free(&s.bytes);
    }
}

static void test_all_encodings_say_the_same(void **state) {
  (void)state;
  token_log logs[SAMPLE_ENCODINGS * SAMPLE_VARIANTS];
  for (unsigned i = 0; i < SAMPLE_ENCODINGS * SAMPLE_VARIANTS; i++) {
    scu_error error;
    sample s = whole_sample(sample_encodings[i % 3], i / 3);
    log_init(&logs[i], false);
    assert_int_equal(read_all(&s, 1u << 20, &logs[i], &error), SCU_END);
    assert_int_equal(logs[i].text.length, logs[0].text.length);
    assert_memory_equal(logs[i].text.data, logs[0].text.data, logs[0].text.length);
    scu__buffer_free(&s.bytes);
  }
  for (unsigned i = 0; i < SAMPLE_ENCODINGS * SAMPLE_VARIANTS; i++) log_free(&logs[i]);
}

/* Offsets at which a top-level element begins: a cut there cannot be seen. */
static bool *top_level_ends(const sample *s) {
  bool *ends = calloc(s->bytes.length + 1, 1);
  scu__reader *reader = malloc(sizeof *reader);
  scu__token token;
  scu_error error;
  scu__error_clear(&error);
  scu__reader_init(reader, s->encoding, NULL);
  scu__reader_push(reader, s->bytes.data, s->bytes.length);
  scu__reader_finish(reader);
  while (scu__reader_next(reader, &token, &error) == SCU_OK)
    if (token.depth == 0 && (token.kind == SCU__TOKEN_ELEMENT || token.kind == SCU__TOKEN_SEQUENCE_BEGIN))
      ends[token.offset] = true;
  free(reader);
  return ends;
}

/* S12. */
static void test_every_truncation_is_seen_unless_between_elements(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
      sample s = whole_sample(sample_encodings[i], variant);
      bool *ends = top_level_ends(&s);
      for (size_t length = 0; length < s.bytes.length; length++) {
        scu_error error;
        scu__error_clear(&error);
        scu_result result = read_tokens(s.encoding, s.bytes.data, length, 1u << 20, 0, NULL, &error);
        assert_int_equal(result, ends[length] ? SCU_END : SCU_ERROR_MALFORMED);
        if (result < 0) assert_true(scu_error_offset(&error) <= length);
      }
      free(ends);
      scu__buffer_free(&s.bytes);
    }
}

static scu_result read_with_total(const sample *s, uint64_t total, bool *is_cut, scu_error *error) {
  scu__reader *reader = malloc(sizeof *reader);
  scu__reader_options options = {.first_offset = 1000, .total_length = total};
  scu__token token;
  scu_result result;
  scu__error_clear(error);
  scu__reader_init(reader, s->encoding, &options);
  scu__reader_push(reader, s->bytes.data, (size_t)(total < s->bytes.length ? total : s->bytes.length));
  while ((result = scu__reader_next(reader, &token, error)) == SCU_OK) continue;
  *is_cut = scu__reader_is_cut(reader);
  free(reader);
  return result;
}

static void test_a_known_total_length_shows_a_cut_at_the_header(void **state) {
  (void)state;
  sample s = whole_sample(SCU__EXPLICIT_LE, 0);
  bool *ends = top_level_ends(&s), is_cut;
  scu_error error;
  for (size_t total = 1; total < s.bytes.length; total++) {
    scu_result result = read_with_total(&s, total, &is_cut, &error);
    assert_int_equal(result, ends[total] ? SCU_END : SCU_ERROR_MALFORMED);
    assert_int_equal(is_cut, !ends[total]);
    if (result < 0) assert_in_range(scu_error_offset(&error), 1000, 1000 + total);
  }
  assert_int_equal(read_with_total(&s, s.bytes.length, &is_cut, &error), SCU_END);
  free(ends);
  scu__buffer_free(&s.bytes);
}

/* S03: any 32-bit word replaced by a lie. What comes back does not matter, as long as it comes and stays in bounds. */
static void test_length_lies_end_in_bounds(void **state) {
  (void)state;
  static const uint32_t lies[] = {0, 1, 7, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFF0, 0xFFFFFFFE, 0xFFFFFFFF};
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++)
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
      sample s = whole_sample(sample_encodings[i], variant);
      uint8_t *bytes = malloc(s.bytes.length);
      for (size_t at = 0; at + 4 <= s.bytes.length; at++)
        for (size_t l = 0; l < sizeof lies / sizeof *lies; l++) {
          scu_error error;
          scu__error_clear(&error);
          memcpy(bytes, s.bytes.data, s.bytes.length);
          scu__store_u32le(bytes + at, lies[l]);
          scu_result result = read_tokens(s.encoding, bytes, s.bytes.length, 1u << 20, 0, NULL, &error);
          assert_true(result == SCU_END || result == SCU_ERROR_MALFORMED);
        }
      free(bytes);
      scu__buffer_free(&s.bytes);
    }
}

/* S13. */
static void test_flipped_bits_end_in_bounds(void **state) {
  (void)state;
  sample s = whole_sample(SCU__EXPLICIT_LE, 1);
  for (size_t bit = 0; bit < s.bytes.length * 8; bit++) {
    scu_error error;
    scu__error_clear(&error);
    s.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    scu_result result = read_tokens(s.encoding, s.bytes.data, s.bytes.length, 61, 0, NULL, &error);
    assert_true(result == SCU_END || result == SCU_ERROR_MALFORMED);
    s.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  scu__buffer_free(&s.bytes);
}

static sample nested(unsigned depth, bool is_closed) {
  sample s = begin(SCU__IMPLICIT_LE);
  for (unsigned i = 0; i < depth; i++) {
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, SCU__UNDEFINED_LENGTH);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, SCU__UNDEFINED_LENGTH);
  }
  for (unsigned i = 0; i < depth && is_closed; i++) {
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM_DELIMITER, SCU_VR_NONE, 0);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  }
  return s;
}

/* S01. */
static void test_128_levels_are_read_and_more_are_refused(void **state) {
  (void)state;
  static const unsigned good[] = {10, 64, 128}, bad[] = {129, 2000, 100000};
  for (size_t i = 0; i < 3; i++) {
    sample s = nested(good[i], true);
    expect(&s, SCU_END, 0);
  }
  for (size_t i = 0; i < 3; i++) {
    sample s = nested(bad[i], true);
    expect(&s, SCU_ERROR_LIMIT, SCU_TAG(0x0040, 0xA730));
  }
}

/* Passes over values, as walks do that only want to know whether all is there. */
static scu_result walk_deep(const sample *s, size_t piece, bool *is_cut, scu_result *depth, bool *is_last_seen) {
  scu__reader reader;
  scu__token token;
  scu_result result;
  uint64_t skip = 0;
  size_t at = 0;
  scu__reader_init(&reader, s->encoding, &(scu__reader_options){.counts_deep_levels = true});
  *is_last_seen = false;
  while ((result = scu__reader_next(&reader, &token, NULL)) == SCU_OK || result == SCU_MORE) {
    if (result == SCU_OK && token.kind == SCU__TOKEN_ELEMENT) {
      *is_last_seen = token.depth == 0 && token.tag == SCU_TAG(0x0040, 0xA992);
      assert_int_equal(scu__reader_skip_value(&reader, &skip), SCU_OK);
    }
    if (result != SCU_MORE) continue;
    size_t left = s->bytes.length - at, passed = skip < left ? (size_t)skip : left;
    at += passed;
    skip -= passed;
    size_t length = s->bytes.length - at < piece ? s->bytes.length - at : piece;
    if (length == 0) scu__reader_finish(&reader);
    scu__reader_push(&reader, s->bytes.data + at, length);
    at += length;
  }
  *is_cut = scu__reader_is_cut(&reader) || skip > 0;
  *depth = scu__reader_check_depth(&reader, NULL);
  return result;
}

/* What hides below the last level: a sequence as UN, Pixel Data in fragments, a sequence and an item of known length,
 * Bits Allocated that is nobody's. */
static sample deep_sample(unsigned depth) {
  scu__encoding e = SCU__EXPLICIT_LE;
  sample s = begin(e);
  for (unsigned i = 0; i < depth; i++) {
    open_sample(&s.bytes, e, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, false);
    open_item(&s.bytes, e, false);
  }
  put_sample_text(&s.bytes, e, SCU_TAG(0x0040, 0xA040), SCU_VR_CS, "TEXT");
  open_sample(&s.bytes, e, SCU_TAG(0x0041, 0x1010), SCU_VR_UN, false);
  open_item(&s.bytes, SCU__IMPLICIT_LE, false);
  put_sample_text(&s.bytes, SCU__IMPLICIT_LE, SCU_TAG(0x0040, 0xA040), SCU_VR_CS, "PLAIN ");
  close_item(&s.bytes, SCU__IMPLICIT_LE, 0, false);
  close_sequence(&s.bytes, SCU__IMPLICIT_LE, 0, false);
  size_t known = open_sample(&s.bytes, e, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, true),
         item = open_item(&s.bytes, e, true);
  close_item(&s.bytes, e, item, true);
  close_sequence(&s.bytes, e, known, true);
  open_sample(&s.bytes, e, SCU__TAG_PIXEL_DATA, SCU_VR_OB, false);
  item = open_item(&s.bytes, e, true);
  scu__put_text(&s.bytes, "fragment");
  close_item(&s.bytes, e, item, true);
  close_sequence(&s.bytes, e, 0, false);
  for (unsigned i = 0; i < depth; i++) {
    close_item(&s.bytes, e, 0, false);
    close_sequence(&s.bytes, e, 0, false);
  }
  put_sample_text(&s.bytes, e, SCU_TAG(0x0040, 0xA992), SCU_VR_ST, "BACK");
  return s;
}

static void test_levels_beyond_are_counted_to_their_end_where_that_is_wanted(void **state) {
  (void)state;
  static const unsigned depths[] = {1, 127, 128, 129, 200, 2000};
  bool is_cut, is_last_seen;
  scu_result depth;
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
    for (size_t piece = 1; piece < 4000; piece = piece * 3 + 1) {
      sample s = deep_sample(depths[i]);
      assert_int_equal(walk_deep(&s, piece, &is_cut, &depth, &is_last_seen), SCU_END);
      assert_false(is_cut);
      assert_true(is_last_seen);
      assert_int_equal(depth, depths[i] > 127 ? SCU_ERROR_LIMIT : SCU_OK);
      scu__buffer_free(&s.bytes);
    }
}

static void test_a_cut_below_the_last_level_is_seen_wherever_it_is(void **state) {
  (void)state;
  bool is_cut, is_last_seen;
  scu_result depth;
  sample s = deep_sample(140);
  size_t whole = s.bytes.length, begin_of_last = whole - 12;
  for (size_t length = 1; length < whole; length++) {
    s.bytes.length = length;
    scu_result result = walk_deep(&s, 61, &is_cut, &depth, &is_last_seen);
    assert_int_equal(is_cut, length != begin_of_last);
    assert_int_equal(result, is_cut && result != SCU_END ? SCU_ERROR_MALFORMED : SCU_END);
  }
  scu__buffer_free(&s.bytes);
}

static void test_what_is_wrong_below_the_last_level_is_an_error(void **state) {
  (void)state;
  static const scu_tag wrong[] = {SCU__TAG_ITEM_DELIMITER, SCU_TAG(0x0010, 0x0010), SCU__TAG_SEQUENCE_DELIMITER,
                                  SCU__TAG_ITEM};
  bool is_cut, is_last_seen;
  scu_result depth;
  for (size_t i = 0; i < 4; i++) {
    sample s = nested(140, false);
    if (i < 2) put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, SCU__UNDEFINED_LENGTH);
    put_sample_header(&s.bytes, s.encoding, wrong[i], SCU_VR_NONE, 0);
    assert_int_equal(walk_deep(&s, 100, &is_cut, &depth, &is_last_seen), SCU_ERROR_MALFORMED);
    assert_false(is_cut);
    scu__buffer_free(&s.bytes);
  }
}

static void test_fragments_fit_into_the_deepest_item(void **state) {
  (void)state;
  sample s = nested(128, false);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_PIXEL_DATA, SCU_VR_OB, SCU__UNDEFINED_LENGTH);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  for (unsigned i = 0; i < 128; i++) {
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM_DELIMITER, SCU_VR_NONE, 0);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  }
  expect(&s, SCU_END, 0);
}

static void test_missing_delimiters_are_an_error(void **state) {
  (void)state;
  sample s = nested(3, false);
  expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0040, 0xA730));
}

/* S06. */
static void test_undefined_length_is_refused_where_it_cannot_be(void **state) {
  (void)state;
  static const scu_vr vrs[] = {SCU_VR_UT, SCU_VR_UC, SCU_VR_UR, SCU_VR_SV, SCU_VR_UV, SCU_VR_OF, SCU_VR_OB};
  for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
    sample s = begin(SCU__EXPLICIT_LE);
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0008, 0x1190), vrs[i], SCU__UNDEFINED_LENGTH);
    expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0008, 0x1190));
  }
  sample s = begin(SCU__IMPLICIT_LE);
  put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0010), SCU_VR_NONE, SCU__UNDEFINED_LENGTH);
  expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0010, 0x0010));
}

/* S07. */
static void test_stray_delimiters_are_an_error(void **state) {
  (void)state;
  static const scu_tag strays[] = {SCU__TAG_ITEM, SCU__TAG_ITEM_DELIMITER, SCU__TAG_SEQUENCE_DELIMITER,
                                   SCU_TAG(0xFFFE, 0x0001)};
  for (size_t i = 0; i < sizeof strays / sizeof *strays; i++) {
    sample s = begin(SCU__EXPLICIT_LE);
    put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "ID");
    put_sample_header(&s.bytes, s.encoding, strays[i], SCU_VR_NONE, 0);
    expect(&s, SCU_ERROR_MALFORMED, strays[i]);
    s = begin(SCU__EXPLICIT_LE); /* between items */
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, 16);
    put_sample_header(&s.bytes, s.encoding, strays[i], SCU_VR_NONE, i == 0 ? 100 : 0);
    put_sample_header(&s.bytes, s.encoding, strays[i], SCU_VR_NONE, 0);
    expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0040, 0xA730));
    s = begin(SCU__EXPLICIT_LE); /* inside an item of defined length */
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, 16);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, 8);
    put_sample_header(&s.bytes, s.encoding, strays[i], SCU_VR_NONE, 0);
    expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0040, 0xA730));
  }
}

static void test_delimiters_with_a_length_are_an_error(void **state) {
  (void)state;
  static const uint32_t lengths[] = {1, 8, SCU__UNDEFINED_LENGTH};
  for (size_t i = 0; i < 3; i++) {
    sample s = nested(1, false);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM_DELIMITER, SCU_VR_NONE, lengths[i]);
    expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0040, 0xA730));
    s = nested(1, false);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM_DELIMITER, SCU_VR_NONE, 0);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, lengths[i]);
    expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0040, 0xA730));
  }
}

static void test_an_element_past_its_parent_is_an_error(void **state) {
  (void)state;
  for (uint32_t excess = 1; excess < 20; excess++) {
    sample s = begin(SCU__EXPLICIT_LE);
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, 20);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, 12);
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, 4 + excess);
    scu__put_fill(&s.bytes, 'x', 4 + excess);
    expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0010, 0x0020));
    s = begin(SCU__EXPLICIT_LE); /* an item past its sequence */
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, 20);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, 12 + excess);
    put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "four");
    scu__put_fill(&s.bytes, 0, excess);
    expect(&s, SCU_ERROR_MALFORMED, SCU_TAG(0x0040, 0xA730));
  }
}

static void test_a_header_that_does_not_fit_its_parent_is_an_error(void **state) {
  (void)state;
  for (uint32_t room = 1; room < 8; room++) {
    sample s = begin(SCU__EXPLICIT_LE);
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0040, 0xA730), SCU_VR_SQ, 8 + room);
    put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, room);
    put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "long enough");
    expect(&s, SCU_ERROR_MALFORMED, room < 4 ? 0 : SCU_TAG(0x0010, 0x0020));
  }
}

static void test_fragments_of_undefined_length_are_an_error(void **state) {
  (void)state;
  sample s = begin(SCU__EXPLICIT_LE);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_PIXEL_DATA, SCU_VR_OB, SCU__UNDEFINED_LENGTH);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, SCU__UNDEFINED_LENGTH);
  expect(&s, SCU_ERROR_MALFORMED, SCU__TAG_PIXEL_DATA);
}

/* S04, S09. */
static void test_odd_lengths_duplicates_and_disorder_are_accepted(void **state) {
  (void)state;
  sample s = begin(SCU__EXPLICIT_LE);
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "odd");
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "twice!");
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0008, 0x0000), SCU_VR_UL, "len ");
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0xFFFC, 0xFFFC), SCU_VR_OB, "pad ");
  expect_log(&s, "1 00100020 0 odd \n1 00100020 0 twice!\n1 00080000 0 len \n1 FFFCFFFC 0 pad \n");
}

static void test_un_of_undefined_length_is_implicit_inside(void **state) {
  (void)state;
  for (unsigned i = 1; i < SAMPLE_ENCODINGS; i++) {
    sample s = begin(sample_encodings[i]);
    put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0009, 0x1001), SCU_VR_UN, SCU__UNDEFINED_LENGTH);
    put_sample_header(&s.bytes, SCU__IMPLICIT_LE, SCU__TAG_ITEM, SCU_VR_NONE, SCU__UNDEFINED_LENGTH);
    put_sample_text(&s.bytes, SCU__IMPLICIT_LE, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "ID");
    put_sample_header(&s.bytes, SCU__IMPLICIT_LE, SCU__TAG_ITEM_DELIMITER, SCU_VR_NONE, 0);
    put_sample_header(&s.bytes, SCU__IMPLICIT_LE, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
    put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0010), SCU_VR_PN, "back");
    expect_log(&s, "3 00091001 0\n4 00091001 1\n1 00100020 1 ID\n5 00091001 1\n6 00091001 0\n1 00100010 0 back\n");
  }
}

static void next_element(scu__reader *reader, scu__token *token) {
  scu_error error;
  scu__error_clear(&error);
  do assert_int_equal(scu__reader_next(reader, token, &error), SCU_OK);
  while (token->kind != SCU__TOKEN_ELEMENT);
}

/* PS3.3 C.7.6.3: US or SS follows Pixel Representation of the same item, else of what is around it. */
static void test_us_or_ss_follows_the_pixel_representation_in_scope(void **state) {
  (void)state;
  sample s = begin(SCU__IMPLICIT_LE);
  scu__reader *reader = malloc(sizeof *reader);
  scu__token token;
  put_sample_us(&s.bytes, s.encoding, SCU_TAG(0x0028, 0x0100), SCU_VR_US, 16);
  put_sample_us(&s.bytes, s.encoding, SCU_TAG(0x0028, 0x0103), SCU_VR_US, 1);
  put_sample_us(&s.bytes, s.encoding, SCU_TAG(0x0028, 0x0106), SCU_VR_SS, 5);
  put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0088, 0x0200), SCU_VR_SQ, SCU__UNDEFINED_LENGTH);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM, SCU_VR_NONE, SCU__UNDEFINED_LENGTH);
  put_sample_us(&s.bytes, s.encoding, SCU_TAG(0x0028, 0x0100), SCU_VR_US, 8);
  put_sample_us(&s.bytes, s.encoding, SCU_TAG(0x0028, 0x0103), SCU_VR_US, 0);
  put_sample_us(&s.bytes, s.encoding, SCU_TAG(0x0028, 0x0106), SCU_VR_US, 5);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_ITEM_DELIMITER, SCU_VR_NONE, 0);
  put_sample_header(&s.bytes, s.encoding, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  put_sample_us(&s.bytes, s.encoding, SCU_TAG(0x0028, 0x0107), SCU_VR_SS, 5);
  scu__reader_init(reader, s.encoding, NULL);
  scu__reader_push(reader, s.bytes.data, s.bytes.length);
  for (int i = 0; i < 3; i++) next_element(reader, &token);
  assert_int_equal(token.vr, SCU_VR_SS);
  assert_int_equal(token.bits_allocated, 16);
  for (int i = 0; i < 3; i++) next_element(reader, &token);
  assert_int_equal(token.vr, SCU_VR_US);
  assert_int_equal(token.bits_allocated, 8);
  next_element(reader, &token);
  assert_int_equal(token.vr, SCU_VR_SS);
  assert_int_equal(token.bits_allocated, 16);
  free(reader);
  scu__buffer_free(&s.bytes);
}

static void test_implicit_private_elements_get_lo_and_un(void **state) {
  (void)state;
  sample s = begin(SCU__IMPLICIT_LE);
  scu__reader *reader = malloc(sizeof *reader);
  scu__token token;
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0009, 0x0010), SCU_VR_LO, "WHO ");
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0009, 0x1000), SCU_VR_UN, "what");
  scu__reader_init(reader, s.encoding, NULL);
  scu__reader_push(reader, s.bytes.data, s.bytes.length);
  next_element(reader, &token);
  assert_int_equal(token.vr, SCU_VR_LO);
  next_element(reader, &token);
  assert_int_equal(token.vr, SCU_VR_UN);
  free(reader);
  scu__buffer_free(&s.bytes);
}

/* S11. */
static void expect_trailing(const char *bytes, size_t length, bool with_pixels, scu_result result) {
  sample s = begin(SCU__EXPLICIT_LE);
  scu__reader *reader = malloc(sizeof *reader);
  scu__token token;
  scu_error error;
  scu__error_clear(&error);
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "ID");
  if (with_pixels) put_sample_text(&s.bytes, s.encoding, SCU__TAG_PIXEL_DATA, SCU_VR_OW, "pixels");
  size_t end = s.bytes.length;
  scu__put_bytes(&s.bytes, bytes, length);
  scu__reader_init(reader, s.encoding, NULL);
  scu__reader_push(reader, s.bytes.data, s.bytes.length);
  scu_result got;
  while ((got = scu__reader_next(reader, &token, &error)) == SCU_OK || got == SCU_MORE)
    if (got == SCU_MORE) scu__reader_finish(reader);
  assert_int_equal(got, result);
  if (got == SCU_END) {
    assert_int_equal(scu__reader_trailing_offset(reader), end);
    assert_int_equal(scu__reader_next(reader, &token, &error), SCU_END);
  }
  free(reader);
  scu__buffer_free(&s.bytes);
}

static void test_padding_and_garbage_after_the_dataset_end_it(void **state) {
  (void)state;
  char second_file[140] = {0};
  memcpy(second_file + 128, "DICM\x02\0\0\0", 8);
  for (size_t length = 1; length < 40; length++) {
    expect_trailing(second_file, length, false, length == 1 ? SCU_ERROR_MALFORMED : SCU_END);
    expect_trailing(second_file, length, true, SCU_END);
  }
  expect_trailing(second_file, sizeof second_file, false, SCU_END);
  expect_trailing(second_file, sizeof second_file, true, SCU_END);
  expect_trailing("here is some garbage", 20, true, SCU_END);
  expect_trailing("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12, true, SCU_END);
  expect_trailing("\r\n", 2, true, SCU_END);
}

static void test_garbage_before_pixel_data_is_damage(void **state) {
  (void)state;
  expect_trailing("here is some garbage", 20, false, SCU_ERROR_MALFORMED);
  expect_trailing("\0\0\0\0\0\0\0\0\0\0\0\0 not zero any more", 30, false, SCU_ERROR_MALFORMED);
  expect_trailing("\r\n", 2, false, SCU_ERROR_MALFORMED);
}

static void test_an_element_cut_behind_pixel_data_is_still_a_cut(void **state) {
  (void)state;
  expect_trailing("\xFC\xFF\xFC\xFFOB\0\0\x08\0\0\0four", 16, true, SCU_ERROR_MALFORMED);
  expect_trailing("\xFC\xFF\xFC\xFFOB\0", 7, true, SCU_ERROR_MALFORMED);
}

static void test_zeros_are_no_dataset(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLE_ENCODINGS; i++) {
    sample s = begin(sample_encodings[i]);
    scu__put_fill(&s.bytes, 0, 100);
    expect(&s, SCU_ERROR_MALFORMED, 0);
  }
}

static void test_skipped_values_are_not_asked_for(void **state) {
  (void)state;
  sample s = whole_sample(SCU__EXPLICIT_LE, 2);
  for (size_t piece = 1; piece < 64; piece += 3) {
    scu__reader *reader = malloc(sizeof *reader);
    scu__token token;
    scu_error error;
    scu__error_clear(&error);
    scu__reader_init(reader, s.encoding, NULL);
    size_t at = 0;
    unsigned elements = 0, skipped = 0;
    scu_result result;
    while ((result = scu__reader_next(reader, &token, &error)) == SCU_OK || result == SCU_MORE) {
      if (result == SCU_MORE) {
        size_t size = piece < s.bytes.length - at ? piece : s.bytes.length - at;
        if (size == 0) scu__reader_finish(reader);
        scu__reader_push(reader, s.bytes.data + at, size);
        at += size;
      } else if (token.kind == SCU__TOKEN_ELEMENT) {
        uint64_t count;
        elements++;
        assert_int_equal(scu__reader_skip_value(reader, &count), SCU_OK);
        if (count > 0) skipped++;
        at += (size_t)count;
        assert_int_equal(scu__reader_skip_value(reader, &count), SCU_ERROR_USAGE);
      } else {
        assert_int_not_equal(token.kind, SCU__TOKEN_VALUE);
      }
    }
    assert_int_equal(result, SCU_END);
    assert_int_equal(elements, 20);
    if (piece < 8) assert_true(skipped > 10);
    free(reader);
  }
  scu__buffer_free(&s.bytes);
}

static void test_errors_are_sticky_and_say_where(void **state) {
  (void)state;
  sample s = begin(SCU__EXPLICIT_LE);
  scu__reader *reader = malloc(sizeof *reader);
  scu__token token;
  put_sample_text(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, "ID");
  scu__put_bytes(&s.bytes, "\x10\x00\x30\x00\x01\x02\x00\x00\0\0\0\0", 12);
  scu__reader_init(reader, s.encoding, &(scu__reader_options){.first_offset = UINT64_C(5000000000)});
  scu__reader_push(reader, s.bytes.data, s.bytes.length);
  scu_error error;
  scu__error_clear(&error);
  while (scu__reader_next(reader, &token, &error) == SCU_OK) continue;
  assert_int_equal(scu_error_tag(&error), SCU_TAG(0x0010, 0x0030));
  assert_true(scu_error_offset(&error) == UINT64_C(5000000010));
  assert_string_equal(scu_error_reason(&error), "(0010,0030) at offset 5000000010: bytes 01 02 are no VR");
  scu_error again;
  scu__error_clear(&again);
  assert_int_equal(scu__reader_next(reader, &token, &again), SCU_ERROR_MALFORMED);
  assert_string_equal(scu_error_reason(&again), scu_error_reason(&error));
  free(reader);
  scu__buffer_free(&s.bytes);
}

/* S21: the reader's memory is fixed, its time must be linear. */
static void test_millions_of_empty_elements_are_read(void **state) {
  (void)state;
  sample s = begin(SCU__EXPLICIT_LE);
  for (unsigned i = 0; i < 500000; i++) put_sample_header(&s.bytes, s.encoding, SCU_TAG(0x0010, 0x0020), SCU_VR_LO, 0);
  expect(&s, SCU_END, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tokens_come_in_order),
      cmocka_unit_test(test_fragments_come_in_order),
      cmocka_unit_test(test_any_split_gives_the_same_tokens),
      cmocka_unit_test(test_all_encodings_say_the_same),
      cmocka_unit_test(test_every_truncation_is_seen_unless_between_elements),
      cmocka_unit_test(test_a_known_total_length_shows_a_cut_at_the_header),
      cmocka_unit_test(test_length_lies_end_in_bounds),
      cmocka_unit_test(test_flipped_bits_end_in_bounds),
      cmocka_unit_test(test_128_levels_are_read_and_more_are_refused),
      cmocka_unit_test(test_levels_beyond_are_counted_to_their_end_where_that_is_wanted),
      cmocka_unit_test(test_a_cut_below_the_last_level_is_seen_wherever_it_is),
      cmocka_unit_test(test_what_is_wrong_below_the_last_level_is_an_error),
      cmocka_unit_test(test_fragments_fit_into_the_deepest_item),
      cmocka_unit_test(test_missing_delimiters_are_an_error),
      cmocka_unit_test(test_undefined_length_is_refused_where_it_cannot_be),
      cmocka_unit_test(test_stray_delimiters_are_an_error),
      cmocka_unit_test(test_delimiters_with_a_length_are_an_error),
      cmocka_unit_test(test_an_element_past_its_parent_is_an_error),
      cmocka_unit_test(test_a_header_that_does_not_fit_its_parent_is_an_error),
      cmocka_unit_test(test_fragments_of_undefined_length_are_an_error),
      cmocka_unit_test(test_odd_lengths_duplicates_and_disorder_are_accepted),
      cmocka_unit_test(test_un_of_undefined_length_is_implicit_inside),
      cmocka_unit_test(test_us_or_ss_follows_the_pixel_representation_in_scope),
      cmocka_unit_test(test_implicit_private_elements_get_lo_and_un),
      cmocka_unit_test(test_padding_and_garbage_after_the_dataset_end_it),
      cmocka_unit_test(test_garbage_before_pixel_data_is_damage),
      cmocka_unit_test(test_an_element_cut_behind_pixel_data_is_still_a_cut),
      cmocka_unit_test(test_zeros_are_no_dataset),
      cmocka_unit_test(test_skipped_values_are_not_asked_for),
      cmocka_unit_test(test_errors_are_sticky_and_say_where),
      cmocka_unit_test(test_millions_of_empty_elements_are_read),
  };
  return cmocka_run_group_tests_name("data/reader", tests, NULL, NULL);
}
