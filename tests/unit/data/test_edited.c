/* Objects as edits leave them: what is touched has changed, every other byte has not; in all syntaxes, in bounds. */
#include "codec_samples.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/edit_walk.h"
#include "data/edited_source.h"
#include "data/inflate.h"
#include "data/rewrite.h"
#include "support/failing_allocator.h"

static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_LE, SCU__UID_EXPLICIT_BE,
                                       SCU__UID_DEFLATED_EXPLICIT_LE};
enum { SYNTAXES = 4, DEFLATED = 3 };

static scu__encoding encoding_of(size_t syntax) {
  return sample_encodings[syntax == DEFLATED ? 1 : syntax];
}

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

static void put_deflated(scu__buffer *to, const scu__buffer *plain) {
  scu__deflater *deflater;
  const uint8_t *bytes = plain->data;
  size_t left = plain->length, got = 0;
  assert_int_equal(scu__deflater_new(NULL, &deflater), SCU_OK);
  scu_result result = SCU_OK;
  while (result == SCU_OK) {
    uint8_t *room = scu__buffer_reserve(to, 4096);
    result = scu__deflater_run(deflater, &bytes, &left, true, room, 4096, &got, NULL);
    scu__buffer_commit(to, got);
  }
  assert_int_equal(result, SCU_END);
  scu__deflater_free(deflater);
}

/* A file of this dataset. */
static scu__buffer file_of(size_t syntax, const scu__buffer *dataset) {
  scu__buffer file = new_file(syntaxes[syntax]);
  if (syntax == DEFLATED)
    put_deflated(&file, dataset);
  else
    scu__put_bytes(&file, dataset->data, dataset->length);
  return file;
}

static scu__buffer sample(size_t syntax, unsigned variant) {
  scu__buffer dataset = new_buffer();
  put_sample_dataset(&dataset, encoding_of(syntax), variant);
  return dataset;
}

static scu_edits *new_edits(void) {
  scu_edits *edits = NULL;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  return edits;
}

/* What edits make of a file, not deflated; `out` is not changed when they change nothing (SCU_END). */
static scu_result edit_file(const scu__buffer *file, const scu_edits *edits, const scu_allocator *allocator,
                            scu__buffer *out, scu__head *head, scu_error *error) {
  scu__memory_source source;
  scu__edited *edited;
  scu__source *shown;
  scu__error_clear(error);
  scu__memory_source_init(&source, file->data, file->length);
  scu_result result = scu__head_walk(&source.source, allocator, NULL, head, error);
  if (result != SCU_OK) return result;
  result = scu__edited_new(allocator, &source.source, head, edits, &edited, error);
  if (result != SCU_OK) assert_null(edited);
  if (result != SCU_OK || !edited) return result == SCU_OK ? SCU_END : result;
  result = scu__edited_source_new(allocator, &source.source, head, edited, &shown, error);
  if (result == SCU_OK) {
    uint8_t *to = scu__buffer_reserve(out, (size_t)shown->size);
    assert_int_equal(shown->size, edited->length);
    result = shown->read_at(shown, 0, to, (size_t)shown->size, error);
    scu__buffer_commit(out, (size_t)shown->size);
    *head = scu__edited_head(head, edited);
    shown->close(shown);
  }
  scu__edited_free(edited);
  return result;
}

static scu__buffer edited(const scu__buffer *file, const scu_edits *edits, scu__head *head) {
  scu__buffer out = new_buffer();
  scu_error error;
  scu_result result = edit_file(file, edits, NULL, &out, head, &error);
  if (result != SCU_OK) fail_msg("%d %s", (int)result, scu_error_reason(&error));
  return out;
}

/* The same by the tree, in the encoding of its own: the oracle. */
static scu_dataset *expected_tree(const scu__buffer *dataset, scu__encoding encoding, const scu_edits *edits) {
  scu_dataset *tree = NULL;
  assert_int_equal(scu__dataset_decode(dataset->data, dataset->length, encoding, NULL, NULL, &tree, NULL), SCU_OK);
  assert_int_equal(scu_edits_apply(edits, tree), SCU_OK);
  return tree;
}

static void assert_same_tokens(const scu__buffer *a, const scu__buffer *b, scu__encoding encoding) {
  token_log left, right;
  log_init(&left, false);
  log_init(&right, false);
  assert_int_equal(read_tokens(encoding, a->data, a->length, 4096, 1, &left, NULL), SCU_END);
  assert_int_equal(read_tokens(encoding, b->data, b->length, 4096, 1, &right, NULL), SCU_END);
  assert_int_equal(left.text.length, right.text.length);
  assert_memory_equal(left.text.data, right.text.data, left.text.length);
  log_free(&left);
  log_free(&right);
}

static void fill_mixed(scu_edits *edits) {
  scu_edits_set_text(edits, "SOPInstanceUID", "2.25.987654321987654321");
  scu_edits_set_text(edits, "AccessionNumber", "ACC-1");
  scu_edits_set_text(edits, "StudyDate", "20240131");
  scu_edits_set_text(edits, "PatientName", "M\xC3\xBCller^J\xC3\xB6rg");
  scu_edits_set_text(edits, "PatientID", "P1");
  scu_edits_set_text(edits, "ReferencedImageSequence[0].ReferencedSOPClassUID", "1.2.840");
  scu_edits_set_text(edits, "SmallestImagePixelValue", "-5");
  scu_edits_set_empty(edits, "StudyID");
  scu_edits_remove(edits, "0009,1001");
  scu_edits_remove(edits, "0018,9087");
  scu_edits_set_text(edits, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
  scu_edits_set_bytes(edits, 0x7FE10010, SCU_VR_LO, "BEHIND", 6);
}

static void test_every_syntax_and_nesting_becomes_what_the_tree_becomes(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  fill_mixed(edits);
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++)
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
      scu__buffer in = sample(syntax, variant), file = file_of(syntax, &in), wanted = new_buffer();
      scu__head head;
      scu__buffer out = edited(&file, edits, &head);
      scu_dataset *tree = expected_tree(&in, encoding_of(syntax), edits);
      assert_int_equal(scu__dataset_encode(tree, encoding_of(syntax), &wanted, NULL), SCU_OK);
      assert_same_tokens(&out, &wanted, encoding_of(syntax));
      assert_string_equal(head.sop_instance.text, "2.25.987654321987654321");
      assert_string_equal(head.sop_class.text, SAMPLE_CLASS);
      scu_dataset_free(tree);
      scu__buffer_free(&in);
      scu__buffer_free(&file);
      scu__buffer_free(&out);
      scu__buffer_free(&wanted);
    }
  scu_edits_free(edits);
}

static const uint8_t *find_bytes(const scu__buffer *in, const void *what, size_t length) {
  for (size_t i = 0; i + length <= in->length; i++)
    if (memcmp(in->data + i, what, length) == 0) return in->data + i;
  return NULL;
}

/* Patient ID is put in behind Patient's Name: all before it and all behind it is as it was. */
static void test_what_is_not_edited_is_the_same_byte_for_byte(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_edits_set_text(edits, "PatientID", "ABCD");
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++)
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
      scu__encoding encoding = encoding_of(syntax);
      scu__buffer in = sample(syntax, variant), file = file_of(syntax, &in), wanted = new_buffer();
      scu__head head;
      scu__buffer out = edited(&file, edits, &head);
      static const uint8_t name[] = "Buc^J\xE9r\xF4me";
      size_t before = (size_t)(find_bytes(&in, name, 10) - in.data) + 10;
      scu__put_bytes(&wanted, in.data, before);
      put_sample_text(&wanted, encoding, 0x00100020, SCU_VR_LO, "ABCD");
      scu__put_bytes(&wanted, in.data + before, in.length - before);
      assert_int_equal(out.length, wanted.length);
      assert_memory_equal(out.data, wanted.data, out.length);
      scu__buffer_free(&in);
      scu__buffer_free(&file);
      scu__buffer_free(&out);
      scu__buffer_free(&wanted);
    }
  scu_edits_free(edits);
}

static void test_edits_that_change_nothing_leave_the_object_as_it_is(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_edits_remove(edits, "PatientWeight");
  scu_edits_remove(edits, "ReferencedImageSequence[7]");
  scu_edits_remove(edits, "ReferencedImageSequence[0].PatientID");
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++) {
    scu__buffer in = sample(syntax, 1), file = file_of(syntax, &in), out = new_buffer();
    scu__head head;
    scu_error error;
    assert_int_equal(edit_file(&file, edits, NULL, &out, &head, &error), SCU_END);
    scu__buffer_free(&in);
    scu__buffer_free(&file);
    scu__buffer_free(&out);
  }
  scu_edits_free(edits);
}

/* --- private elements ----------------------------------------------------------------------------------------------
 */

static void put_small_sequence(scu__buffer *b, scu__encoding e, scu_tag tag, bool is_undefined, bool is_private) {
  size_t sequence = open_sample(b, e, tag, SCU_VR_SQ, is_undefined);
  for (int i = 0; i < 2; i++) {
    size_t item = open_item(b, e, is_undefined);
    put_sample_text(b, e, 0x00100010, SCU_VR_PN, "In^Item ");
    if (is_private) put_sample_text(b, e, 0x00291001, SCU_VR_UN, "secret");
    close_item(b, e, item, is_undefined);
  }
  close_sequence(b, e, sequence, is_undefined);
}

/* With private elements in items of every kind of length, or the same as it must be without them. */
static scu__buffer nested(size_t syntax, bool d1, bool d2, bool is_private) {
  scu__buffer b = new_buffer();
  scu__encoding e = encoding_of(syntax);
  put_sample(&b, e, 0x00080016, SCU_VR_UI, SAMPLE_CLASS "\0", 26);
  put_sample(&b, e, 0x00080018, SCU_VR_UI, SAMPLE_INSTANCE, 14);
  size_t outer = open_sample(&b, e, 0x00081140, SCU_VR_SQ, d1);
  size_t item = open_item(&b, e, d2);
  if (is_private) put_sample(&b, e, 0x00080000, SCU_VR_UL, "\x10\0\0\0", 4); /* a group length: it goes along */
  put_sample_text(&b, e, 0x00081150, SCU_VR_UI, "1.2.3.45");
  if (is_private) put_sample_text(&b, e, 0x00090010, SCU_VR_LO, "CREATOR ");
  size_t inner = open_sample(&b, e, 0x0040A170, SCU_VR_SQ, d2);
  size_t deepest = open_item(&b, e, d1);
  if (is_private) put_sample(&b, e, 0x00290000, SCU_VR_UL, "\x10\0\0\0", 4);
  if (is_private) put_sample_text(&b, e, 0x00291001, SCU_VR_UN, "secret");
  close_item(&b, e, deepest, d1);
  close_sequence(&b, e, inner, d2);
  put_small_sequence(&b, e, 0x0040A730, d2, is_private);
  if (is_private) {
    size_t sequence = open_sample(&b, e, 0x00411001, SCU_VR_SQ, d1 && !e.is_implicit_vr);
    size_t private_item = open_item(&b, e, d2);
    put_sample_text(&b, e, 0x00100010, SCU_VR_PN, "In^Private");
    put_sample_us(&b, e, 0x00280103, SCU_VR_US, 1);
    close_item(&b, e, private_item, d2);
    close_sequence(&b, e, sequence, d1 && !e.is_implicit_vr);
  }
  close_item(&b, e, item, d2);
  item = open_item(&b, e, d1);
  put_sample_text(&b, e, 0x00081155, SCU_VR_UI, "1.2.3.46");
  close_item(&b, e, item, d1);
  close_sequence(&b, e, outer, d1);
  if (is_private) put_sample_text(&b, e, 0x00090010, SCU_VR_LO, "CREATOR ");
  if (is_private) put_sample_text(&b, e, 0x00091001, SCU_VR_UN, "secret");
  put_sample_text(&b, e, 0x00100010, SCU_VR_PN, "Name");
  put_small_sequence(&b, e, 0x00400275, d1, is_private); /* of its level, the second that becomes shorter */
  put_sample(&b, e, SCU__TAG_PIXEL_DATA, SCU_VR_OW, "12345678", 8);
  return b;
}

static void test_private_elements_go_from_every_level_and_lengths_stay_true(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_edits_remove_private(edits);
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++)
    for (int kind = 0; kind < 4; kind++) {
      scu__buffer in = nested(syntax, kind & 1, kind & 2, true), wanted = nested(syntax, kind & 1, kind & 2, false);
      scu__buffer file = file_of(syntax, &in);
      scu__head head;
      scu__buffer out = edited(&file, edits, &head);
      assert_int_equal(out.length, wanted.length);
      assert_memory_equal(out.data, wanted.data, out.length);
      scu__buffer again = file_of(syntax, &out), none = new_buffer();
      scu_error error;
      assert_int_equal(edit_file(&again, edits, NULL, &none, &head, &error), SCU_END);
      scu__buffer_free(&again);
      scu__buffer_free(&none);
      scu__buffer_free(&in);
      scu__buffer_free(&out);
      scu__buffer_free(&wanted);
      scu__buffer_free(&file);
    }
  scu_edits_free(edits);
}

static void test_a_private_element_that_is_set_behind_stays(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_edits_remove_private(edits);
  scu_edits_set_bytes(edits, 0x00090010, SCU_VR_LO, "OURS", 4);
  scu_edits_set_text(edits, "ReferencedImageSequence[0].ReferencedSOPInstanceUID", "1.2");
  scu__buffer in = nested(1, true, false, true), file = file_of(1, &in);
  scu__head head;
  scu__buffer out = edited(&file, edits, &head);
  assert_non_null(find_bytes(&out, "OURS", 4));
  assert_null(find_bytes(&out, "CREATOR", 7));
  assert_null(find_bytes(&out, "secret", 6));
  assert_null(find_bytes(&out, "Private", 7));
  scu__buffer_free(&in);
  scu__buffer_free(&out);
  scu__buffer_free(&file);
  scu_edits_free(edits);
}

/* --- odd datasets ---------------------------------------------------------------------------------------------------
 */

static void test_group_lengths_are_left_out(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_edits_set_text(edits, "PatientID", "A1");
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++) {
    scu__encoding e = encoding_of(syntax);
    scu__buffer in = new_buffer(), wanted = new_buffer();
    put_sample(&in, e, 0x00080000, SCU_VR_UL, "\x10\0\0\0", 4);
    for (scu__buffer *b = &in; b; b = b == &in ? &wanted : NULL) {
      put_sample(b, e, 0x00080018, SCU_VR_UI, SAMPLE_INSTANCE, 14);
      if (b == &in) put_sample(b, e, 0x00100000, SCU_VR_UL, "\x08\0\0\0", 4);
      put_sample_text(b, e, 0x00100010, SCU_VR_PN, "Name");
      if (b != &in) put_sample_text(b, e, 0x00100020, SCU_VR_LO, "A1");
    }
    scu__buffer file = file_of(syntax, &in);
    scu__head head;
    scu__buffer out = edited(&file, edits, &head);
    assert_int_equal(out.length, wanted.length);
    assert_memory_equal(out.data, wanted.data, out.length);
    scu__buffer_free(&in);
    scu__buffer_free(&out);
    scu__buffer_free(&wanted);
    scu__buffer_free(&file);
  }
  scu_edits_free(edits);
}

/* Zeros, or the rest of another file: the head walk leaves them out. */
static void test_bytes_behind_the_dataset_stay_out(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  fill_mixed(edits);
  scu_edits_remove(edits, "PixelData");
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++) {
    scu__buffer in = sample(syntax, 2), file = file_of(syntax, &in);
    scu__head head;
    scu__buffer wanted = edited(&file, edits, &head);
    scu__put_fill(&file, 0, 100);
    scu__put_text(&file, "and something else, which is no element");
    scu__buffer out = edited(&file, edits, &head);
    assert_int_equal(out.length, wanted.length);
    assert_memory_equal(out.data, wanted.data, out.length);
    scu__buffer_free(&in);
    scu__buffer_free(&out);
    scu__buffer_free(&wanted);
    scu__buffer_free(&file);
  }
  scu_edits_free(edits);
}

/* Inside of a deflated stream the head walk has not looked for the end. */
static void test_bytes_behind_a_dataset_that_is_deflated_stay_out(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  fill_mixed(edits);
  scu_edits_remove(edits, "PixelData");
  scu__buffer in = sample(DEFLATED, 2), file = file_of(DEFLATED, &in);
  scu__head head;
  scu__buffer wanted = edited(&file, edits, &head);
  scu__put_fill(&in, 0, 100);
  scu__put_text(&in, "and something else, which is no element");
  scu__buffer longer = file_of(DEFLATED, &in);
  scu__buffer out = edited(&longer, edits, &head);
  assert_int_equal(out.length, wanted.length);
  assert_memory_equal(out.data, wanted.data, out.length);
  scu__buffer_free(&in);
  scu__buffer_free(&out);
  scu__buffer_free(&wanted);
  scu__buffer_free(&file);
  scu__buffer_free(&longer);
  scu_edits_free(edits);
}

/* Twice the same tag, tags out of order, an odd length: accepted from files, and never sent with the old value. */
static void test_every_copy_of_an_edited_element_goes(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu__encoding e = SCU__EXPLICIT_LE;
  scu__buffer in = new_buffer(), wanted = new_buffer();
  scu_edits_set_text(edits, "PatientName", "New^");
  scu_edits_set_text(edits, "PatientID", "N1");
  put_sample_text(&in, e, 0x00100010, SCU_VR_PN, "Secret");
  put_sample_text(&in, e, 0x00080050, SCU_VR_SH, "ODD");
  put_sample_text(&in, e, 0x00100010, SCU_VR_PN, "Secret");
  put_sample_text(&in, e, 0x00100040, SCU_VR_CS, "M ");
  put_sample_text(&in, e, 0x00100020, SCU_VR_LO, "Secret");
  put_sample_text(&wanted, e, 0x00100010, SCU_VR_PN, "New^");
  put_sample_text(&wanted, e, 0x00080050, SCU_VR_SH, "ODD");
  put_sample_text(&wanted, e, 0x00100040, SCU_VR_CS, "M ");
  put_sample_text(&wanted, e, 0x00100020, SCU_VR_LO, "N1");
  scu__buffer file = file_of(1, &in);
  scu__head head;
  scu__buffer out = edited(&file, edits, &head);
  assert_int_equal(out.length, wanted.length);
  assert_memory_equal(out.data, wanted.data, out.length);
  scu__buffer_free(&in);
  scu__buffer_free(&out);
  scu__buffer_free(&wanted);
  scu__buffer_free(&file);
  scu_edits_free(edits);
}

static void test_encapsulated_pixels_keep_their_bytes(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_edits_set_text(edits, "PatientID", "A1");
  scu__encoding e = SCU__EXPLICIT_LE;
  scu__buffer in = new_buffer(), file = new_file(SCU__UID_JPEG_BASELINE);
  put_sample(&in, e, 0x00080018, SCU_VR_UI, SAMPLE_INSTANCE, 14);
  put_sample_header(&in, e, SCU__TAG_PIXEL_DATA, SCU_VR_OB, SCU__UNDEFINED_LENGTH);
  put_sample_header(&in, e, SCU__TAG_ITEM, SCU_VR_NONE, 0);
  put_sample_header(&in, e, SCU__TAG_ITEM, SCU_VR_NONE, 3); /* odd: it is the file's fault, and stays so */
  scu__put_text(&in, "\xFF\xD8x");
  put_sample_header(&in, e, SCU__TAG_SEQUENCE_DELIMITER, SCU_VR_NONE, 0);
  put_sample_text(&in, e, 0xFFFAFFFA, SCU_VR_OB, "sign");
  scu__put_bytes(&file, in.data, in.length);
  scu__head head;
  scu__buffer out = edited(&file, edits, &head);
  assert_int_equal(out.length, in.length + 10);
  assert_memory_equal(out.data, in.data, 22);
  assert_memory_equal(out.data + 32, in.data + 22, in.length - 22);
  scu_edits_clear(edits);
  scu_edits_remove(edits, "PixelData");
  scu__buffer without = edited(&file, edits, &head);
  assert_int_equal(without.length, 22 + 16);
  assert_memory_equal(without.data + 22, in.data + in.length - 16, 16);
  scu__buffer_free(&without);
  scu__buffer_free(&in);
  scu__buffer_free(&out);
  scu__buffer_free(&file);
  scu_edits_free(edits);
}

/* --- character sets -------------------------------------------------------------------------------------------------
 */

static scu__buffer file_with_charset(size_t syntax, const char *charset, const char *name) {
  scu__buffer in = new_buffer();
  scu__encoding e = encoding_of(syntax);
  if (charset) put_sample_text(&in, e, 0x00080005, SCU_VR_CS, charset);
  put_sample(&in, e, 0x00080018, SCU_VR_UI, SAMPLE_INSTANCE, 14);
  size_t sequence = open_sample(&in, e, 0x00081140, SCU_VR_SQ, true);
  size_t item = open_item(&in, e, true);
  put_sample_text(&in, e, 0x00081030, SCU_VR_LO, name);
  close_item(&in, e, item, true);
  close_sequence(&in, e, sequence, true);
  put_sample_text(&in, e, 0x00100010, SCU_VR_PN, name);
  put_sample_text(&in, e, 0x00100020, SCU_VR_LO, "ID");
  scu__buffer file = file_of(syntax, &in);
  scu__buffer_free(&in);
  return file;
}

static void assert_not_edited(const scu__buffer *file, const scu_edits *edits, scu_result result, const char *reason) {
  scu__buffer out = new_buffer();
  scu__head head;
  scu_error error;
  assert_int_equal(edit_file(file, edits, NULL, &out, &head, &error), result);
  assert_int_equal(scu_error_result(&error), result);
  if (!strstr(scu_error_reason(&error), reason)) fail_msg("%s", scu_error_reason(&error));
  scu__buffer_free(&out);
}

static void test_a_text_that_the_character_set_does_not_hold_is_a_fault(void **state) {
  (void)state;
  static const struct {
    const char *charset, *text;
  } cases[] = {{NULL, "M\xC3\xBCller"}, {"ISO_IR 100", "\xE5\xB1\xB1\xE7\x94\xB0"}, {"ISO_IR 100", "\xD0\x98"}};
  for (size_t i = 0; i < 3; i++) {
    scu_edits *edits = new_edits();
    scu__buffer file = file_with_charset(1, cases[i].charset, "Name");
    scu_edits_set_text(edits, "PatientName", cases[i].text);
    assert_not_edited(&file, edits, SCU_ERROR_USAGE, "does not fit into the character set");
    scu_edits_clear(edits);
    scu_edits_set_text(edits, "ReferencedImageSequence[0].PatientName", cases[i].text);
    assert_not_edited(&file, edits, SCU_ERROR_USAGE, "does not fit into the character set");
    scu_edits_clear(edits);
    scu_edits_set_bytes(edits, 0x00191001, SCU_VR_CS, "A ", 2);
    scu_edits_set_text(edits, "0019,1001", "\xC3\xBC"); /* CS is ASCII always */
    assert_not_edited(&file, edits, SCU_ERROR_USAGE, "does not fit");
    scu__buffer_free(&file);
    scu_edits_free(edits);
  }
}

static void test_an_edit_of_the_character_set_converts_the_other_texts(void **state) {
  (void)state;
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++) {
    scu_edits *edits = new_edits();
    scu__buffer file = file_with_charset(syntax, "ISO_IR 100", "M\xFC");
    scu__head head;
    scu_edits_set_text(edits, "SpecificCharacterSet", "ISO_IR 192");
    scu_edits_set_text(edits, "PatientID", "\xD0\x98\xD0\x98");
    scu__buffer out = edited(&file, edits, &head);
    assert_null(find_bytes(&out, "M\xFC", 2));
    assert_non_null(find_bytes(&out, "ISO_IR 192", 10));
    assert_non_null(find_bytes(&out, "\xD0\x98\xD0\x98", 4));
    const uint8_t *first = find_bytes(&out, "M\xC3\xBC", 3);
    assert_non_null(first);
    scu__buffer rest = {.data = (uint8_t *)first + 3, .length = (size_t)(out.data + out.length - first) - 3};
    assert_non_null(find_bytes(&rest, "M\xC3\xBC", 3));
    scu__buffer_free(&out);
    /* To ASCII: what does not fit is a fault, as ever. */
    scu_edits_clear(edits);
    scu_edits_remove(edits, "SpecificCharacterSet");
    assert_not_edited(&file, edits, SCU_ERROR_USAGE, "does not fit into the character set");
    scu__buffer_free(&file);
    scu_edits_free(edits);
  }
}

static void test_a_text_in_an_unknown_set_is_not_converted(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu__buffer file = file_with_charset(1, NULL, "M\xFC");
  scu_edits_set_text(edits, "SpecificCharacterSet", "ISO_IR 192");
  assert_not_edited(&file, edits, SCU_ERROR_USAGE, "cannot be converted");
  /* What is replaced does not matter. */
  scu_edits_set_text(edits, "PatientName", "M\xC3\xBC");
  scu_edits_remove(edits, "ReferencedImageSequence");
  scu__head head;
  scu__buffer out = edited(&file, edits, &head);
  assert_non_null(find_bytes(&out, "M\xC3\xBC", 3));
  scu__buffer_free(&out);
  scu__buffer_free(&file);
  scu_edits_free(edits);
}

/* --- who it is ------------------------------------------------------------------------------------------------------
 */

static void test_without_valid_uids_nothing_is_left_to_send(void **state) {
  (void)state;
  static const char *const paths[] = {"SOPClassUID", "SOPInstanceUID"};
  static const scu_tag tags[] = {0x00080016, 0x00080018};
  static const char *const values[] = {"", "1.2.x", "1.2\\1.3", "01.2", NULL};
  scu__buffer in = sample(1, 0), file = file_of(1, &in);
  for (size_t p = 0; p < 2; p++)
    for (size_t v = 0; v < 5; v++) {
      scu_edits *edits = new_edits();
      if (values[v])
        assert_int_equal(scu_edits_set_bytes(edits, tags[p], SCU_VR_UI, values[v], strlen(values[v])), SCU_OK);
      else
        assert_int_equal(scu_edits_remove(edits, paths[p]), SCU_OK);
      assert_not_edited(&file, edits, SCU_ERROR_USAGE, p == 0 ? "no valid SOP Class UID" : "no valid SOP Instance UID");
      scu_edits_free(edits);
    }
  scu__buffer_free(&in);
  scu__buffer_free(&file);
}

static void test_what_turns_out_at_the_object_is_a_fault_of_it(void **state) {
  (void)state;
  scu__buffer in = sample(1, 0), file = file_of(1, &in);
  static const struct {
    const char *path, *reason;
  } cases[] = {{"PatientName[0].PatientID", NULL},
               {"ReferencedImageSequence[9].PatientID", "missing"},
               {"0009,1001", "not known"},
               {"0009,1077", "not known"}};
  for (size_t i = 0; i < 4; i++) {
    scu_edits *edits = new_edits();
    scu_result result = scu_edits_set_text(edits, cases[i].path, "1");
    if (cases[i].reason) {
      assert_int_equal(result, SCU_OK);
      assert_not_edited(&file, edits, SCU_ERROR_USAGE, cases[i].reason);
    } else {
      assert_not_edited(&file, edits, SCU_ERROR_USAGE, ""); /* spoilt */
    }
    scu_edits_free(edits);
  }
  scu__buffer_free(&in);
  scu__buffer_free(&file);
}

/* --- bytes ----------------------------------------------------------------------------------------------------------
 */

static scu_result drain(scu__producer *producer, size_t room, scu__buffer *out) {
  scu_result result;
  size_t got;
  for (;;) {
    uint8_t *to = scu__buffer_reserve(out, room);
    result = producer->read(producer, to, room, &got, NULL);
    if (result != SCU_OK) return result;
    scu__buffer_commit(out, got);
  }
}

/* Wherever it is read and lent, in pieces of any size, it is the same. */
static void test_the_source_gives_the_same_bytes_in_any_pieces(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  fill_mixed(edits);
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++) {
    scu__buffer in = sample(syntax, 3), file = file_of(syntax, &in);
    scu__memory_source source;
    scu__head head;
    scu__edited *made;
    scu__source *shown;
    scu__buffer whole = edited(&file, edits, &head);
    scu__memory_source_init(&source, file.data, file.length);
    assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, NULL), SCU_OK);
    assert_int_equal(scu__edited_new(NULL, &source.source, &head, edits, &made, NULL), SCU_OK);
    assert_int_equal(scu__edited_source_new(NULL, &source.source, &head, made, &shown, NULL), SCU_OK);
    uint8_t piece[64];
    for (size_t length = 1; length <= 64; length += 9)
      for (size_t at = 0; at + length <= whole.length; at++) {
        assert_int_equal(shown->read_at(shown, at, piece, length, NULL), SCU_OK);
        assert_memory_equal(piece, whole.data + at, length);
        const uint8_t *lent = shown->lend(shown, at, length);
        if (lent) assert_memory_equal(lent, whole.data + at, length);
        if (length == 1) assert_true(lent || syntax == DEFLATED);
      }
    assert_int_equal(shown->read_at(shown, whole.length, piece, 1, NULL), SCU_ERROR_STORAGE);
    assert_int_equal(shown->read_at(shown, whole.length - 1, piece, 2, NULL), SCU_ERROR_STORAGE);
    assert_null(shown->lend(shown, whole.length, 1));
    shown->close(shown);
    scu__edited_free(made);
    scu__buffer_free(&in);
    scu__buffer_free(&file);
    scu__buffer_free(&whole);
  }
  scu_edits_free(edits);
}

/* Edited and rewritten in one pass, pulled byte by byte. */
static void test_an_edited_object_is_rewritten_into_every_native_syntax(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  fill_mixed(edits);
  for (size_t from = 0; from < SYNTAXES; from++)
    for (size_t to = 0; to < SYNTAXES; to++)
      for (size_t room = 1; room <= 4096; room *= 64) {
        scu__buffer in = sample(from, 1), file = file_of(from, &in), out = new_buffer(), wanted = new_buffer();
        scu__memory_source source;
        scu__head head, shown_head;
        scu__edited *made;
        scu__source *shown;
        scu__producer *producer;
        scu__memory_source_init(&source, file.data, file.length);
        assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, NULL), SCU_OK);
        assert_int_equal(scu__edited_new(NULL, &source.source, &head, edits, &made, NULL), SCU_OK);
        assert_int_equal(scu__edited_source_new(NULL, &source.source, &head, made, &shown, NULL), SCU_OK);
        shown_head = scu__edited_head(&head, made);
        assert_int_equal(
            scu__rewrite_new(NULL, shown, &shown_head, scu__transfer_syntax_find(syntaxes[to]), &producer, NULL),
            SCU_OK);
        scu__buffer rewritten = new_file(syntaxes[to]);
        assert_int_equal(drain(producer, room, &rewritten), SCU_END);
        producer->close(producer);
        scu__memory_source_init(&source, rewritten.data, rewritten.length);
        assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, NULL), SCU_OK);
        assert_string_equal(head.sop_instance.text, "2.25.987654321987654321");
        if (to != DEFLATED) {
          /* Apply first, rewrite by the tree afterwards. Implicit to explicit: private VRs are what the file said. */
          scu_dataset *tree = expected_tree(&in, encoding_of(from), edits);
          assert_int_equal(scu__dataset_encode(tree, encoding_of(to), &wanted, NULL), SCU_OK);
          scu__put_bytes(&out, rewritten.data + head.dataset_offset, (size_t)head.dataset_length);
          assert_same_tokens(&out, &wanted, encoding_of(to));
          scu_dataset_free(tree);
        }
        shown->close(shown);
        scu__edited_free(made);
        scu__buffer_free(&rewritten);
        scu__buffer_free(&in);
        scu__buffer_free(&out);
        scu__buffer_free(&wanted);
        scu__buffer_free(&file);
      }
  scu_edits_free(edits);
}

static void test_a_deflated_object_is_deflated_again_with_the_same_bytes(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_edits_set_text(edits, "PatientID", "ABCD");
  scu__buffer in = sample(DEFLATED, 2), file = file_of(DEFLATED, &in), again = new_file(syntaxes[DEFLATED]);
  scu__memory_source source;
  scu__head head, shown_head;
  scu__edited *made;
  scu__source *shown;
  scu__producer *producer;
  scu__buffer wanted = edited(&file, edits, &head);
  scu__memory_source_init(&source, file.data, file.length);
  assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, NULL), SCU_OK);
  assert_int_equal(scu__edited_new(NULL, &source.source, &head, edits, &made, NULL), SCU_OK);
  assert_int_equal(scu__edited_source_new(NULL, &source.source, &head, made, &shown, NULL), SCU_OK);
  shown_head = scu__edited_head(&head, made);
  assert_int_equal(scu__deflate_new(NULL, shown, &shown_head, &producer, NULL), SCU_OK);
  assert_int_equal(drain(producer, 7, &again), SCU_END);
  producer->close(producer);
  shown->close(shown);
  scu__edited_free(made);
  scu__memory_source_init(&source, again.data, again.length);
  assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, NULL), SCU_OK);
  assert_int_equal(head.dataset_length % 2, 0);
  scu_edits_clear(edits);
  scu_edits_set_text(edits, "PatientID", "ABCD"); /* the same once more: shows what it is inside */
  scu__buffer inside = edited(&again, edits, &head);
  assert_int_equal(inside.length, wanted.length);
  assert_memory_equal(inside.data, wanted.data, inside.length);
  scu__buffer_free(&inside);
  scu__buffer_free(&in);
  scu__buffer_free(&file);
  scu__buffer_free(&again);
  scu__buffer_free(&wanted);
  scu_edits_free(edits);
}

/* --- cut, bounded, out of memory ------------------------------------------------------------------------------------
 */

/* The file has changed since its head was read: an error, wherever it ends now. */
static void test_every_truncation_is_an_error_or_the_whole(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  fill_mixed(edits);
  scu_edits_remove_private(edits);
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++) {
    scu__buffer in = sample(syntax, 3), file = file_of(syntax, &in);
    scu__memory_source source;
    scu__head head;
    scu__memory_source_init(&source, file.data, file.length);
    assert_int_equal(scu__head_walk(&source.source, NULL, NULL, &head, NULL), SCU_OK);
    for (uint64_t length = 0; length < head.dataset_length; length++) {
      uint8_t *cut = malloc((size_t)(head.dataset_offset + length)); /* of its size: a sanitizer sees steps outside */
      scu__edited *made = NULL;
      scu__head shorter = head;
      scu_error error;
      scu__error_clear(&error);
      memcpy(cut, file.data, (size_t)(head.dataset_offset + length));
      scu__memory_source_init(&source, cut, (size_t)(head.dataset_offset + length));
      shorter.dataset_length = length;
      scu_result result = scu__edited_new(NULL, &source.source, &shorter, edits, &made, &error);
      assert_true(result == SCU_OK || scu_error_result(&error) == result);
      if (syntax == DEFLATED) assert_int_equal(result, SCU_ERROR_MALFORMED);
      scu__edited_free(made);
      free(cut);
    }
    head.is_truncated = true;
    scu__edited *made = NULL;
    assert_int_equal(scu__edited_new(NULL, &source.source, &head, edits, &made, NULL), SCU_ERROR_UNSUPPORTED);
    scu__buffer_free(&in);
    scu__buffer_free(&file);
  }
  scu_edits_free(edits);
}

static void test_what_edits_touch_is_held_in_bounds(void **state) {
  (void)state;
  scu__encoding e = SCU__EXPLICIT_LE;
  scu__buffer in = new_buffer();
  size_t big = 9u << 20;
  uint8_t *bytes = calloc(1, big);
  put_sample(&in, e, 0x00080018, SCU_VR_UI, SAMPLE_INSTANCE, 14);
  size_t sequence = open_sample(&in, e, 0x00081140, SCU_VR_SQ, true);
  for (int i = 0; i < 3; i++) {
    size_t item = open_item(&in, e, true);
    put_sample(&in, e, 0x00420011, SCU_VR_OB, bytes, i == 0 ? 1000 : 4u << 20);
    close_item(&in, e, item, true);
  }
  close_sequence(&in, e, sequence, true);
  sequence = open_sample(&in, e, 0x00081199, SCU_VR_SQ, true);
  for (int i = 0; i < 9; i++) {
    size_t item = open_item(&in, e, true);
    put_sample(&in, e, 0x00420011, SCU_VR_OB, bytes, 1u << 20);
    close_item(&in, e, item, true);
  }
  close_sequence(&in, e, sequence, true);
  put_sample(&in, e, 0x00420011, SCU_VR_OB, bytes, big);
  scu__buffer file = file_of(1, &in);
  scu_edits *edits = new_edits();
  scu_edits_set_text(edits, "ReferencedImageSequence[0].PatientID", "1");
  assert_not_edited(&file, edits, SCU_ERROR_LIMIT, "more than 1 MiB");
  scu_edits_clear(edits);
  scu_edits_set_text(edits, "ReferencedSOPSequence[0].PatientID", "1");
  assert_not_edited(&file, edits, SCU_ERROR_LIMIT, "more than 8 MiB");
  /* What stays as it is after all need not be held. */
  scu_edits_clear(edits);
  scu_edits_remove(edits, "ReferencedImageSequence[0].PatientID");
  scu_edits_set_text(edits, "PatientID", "AB");
  scu__head head;
  scu__buffer one_more = edited(&file, edits, &head);
  assert_int_equal(one_more.length, in.length + 10);
  scu__buffer_free(&one_more);
  /* As a whole they can go, or be replaced, whatever is in them. */
  scu_edits_clear(edits);
  scu_edits_remove(edits, "ReferencedImageSequence");
  scu_edits_set_empty(edits, "ReferencedSOPSequence");
  scu_edits_set_bytes(edits, 0x00420011, SCU_VR_OB, "12", 2);
  scu__buffer out = edited(&file, edits, &head);
  assert_int_equal(out.length, 22 + 12 + 14);
  scu__buffer_free(&out);
  scu__buffer_free(&in);
  scu__buffer_free(&file);
  scu_edits_free(edits);
  free(bytes);
}

/* More private elements in items than there is room to remember. */
static void test_too_many_places_are_a_limit(void **state) {
  (void)state;
  scu__encoding e = SCU__EXPLICIT_LE;
  scu__buffer in = new_buffer();
  put_sample(&in, e, 0x00080018, SCU_VR_UI, SAMPLE_INSTANCE, 14);
  size_t sequence = open_sample(&in, e, 0x00081140, SCU_VR_SQ, true);
  for (int i = 0; i <= SCU__EDIT_SPLICES_MAX / 2; i++) {
    size_t item = open_item(&in, e, true);
    put_sample_text(&in, e, 0x00090010, SCU_VR_LO, "C ");
    close_item(&in, e, item, true);
  }
  close_sequence(&in, e, sequence, true);
  scu__buffer file = file_of(1, &in);
  scu_edits *edits = new_edits();
  scu_edits_remove_private(edits);
  assert_not_edited(&file, edits, SCU_ERROR_LIMIT, "places");
  scu__buffer_free(&in);
  scu__buffer_free(&file);
  scu_edits_free(edits);
}

static void test_any_allocation_may_fail(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  fill_mixed(edits);
  scu_edits_remove_private(edits);
  for (size_t syntax = 0; syntax < SYNTAXES; syntax++) {
    scu__buffer in = sample(syntax, 3), file = file_of(syntax, &in);
    for (size_t i = 0;; i++) {
      failing_allocator memory;
      scu__buffer out = new_buffer();
      scu__head head;
      scu_error error;
      failing_allocator_init(&memory, i);
      scu_result result = edit_file(&file, edits, &memory.allocator, &out, &head, &error);
      assert_int_equal(memory.alive, 0);
      scu__buffer_free(&out);
      if (memory.requests <= i) {
        assert_int_equal(result, SCU_OK);
        assert_true(i > 8);
        break;
      }
      assert_int_equal(result, SCU_ERROR_MEMORY);
    }
    scu__buffer_free(&in);
    scu__buffer_free(&file);
  }
  scu_edits_free(edits);
}

/* A dataset of any size that is nowhere: its beginning in memory, then a pattern. */
typedef struct endless_source {
  scu__source source;
  const uint8_t *bytes;
  size_t length;
  uint64_t read;
} endless_source;

static scu_result endless_read(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  endless_source *source = (endless_source *)self;
  uint8_t *bytes = to;
  (void)error;
  source->read += length;
  for (size_t i = 0; i < length; i++, offset++)
    bytes[i] = offset < source->length ? source->bytes[offset] : (uint8_t)(offset * 7);
  return SCU_OK;
}

static size_t in_use, most_in_use;

static void *measured_allocate(void *user, size_t length) {
  (void)user;
  size_t *block = malloc(length + 16);
  if (!block) return NULL;
  block[0] = length;
  in_use += length;
  if (in_use > most_in_use) most_in_use = in_use;
  return block + 2;
}

static void measured_release(void *user, void *block) {
  (void)user;
  if (!block) return;
  in_use -= ((size_t *)block)[-2];
  free((size_t *)block - 2);
}

static void *measured_reallocate(void *user, void *block, size_t length) {
  void *moved = measured_allocate(user, length);
  if (moved && block) {
    size_t old = ((size_t *)block)[-2];
    memcpy(moved, block, old < length ? old : length);
    measured_release(user, block);
  }
  return moved;
}

static void test_an_object_of_600_mb_takes_memory_for_its_head_alone(void **state) {
  (void)state;
  const scu_allocator allocator = {.size = sizeof allocator,
                                   .allocate = measured_allocate,
                                   .reallocate = measured_reallocate,
                                   .release = measured_release};
  const uint32_t pixels = 600u * 1000 * 1000;
  scu__buffer in = sample(1, 0);
  in.length -= 12 + 16;
  put_sample_header(&in, SCU__EXPLICIT_LE, SCU__TAG_PIXEL_DATA, SCU_VR_OW, pixels);
  scu__buffer file = file_of(1, &in);
  endless_source endless = {
      .source = {.size = file.length + pixels, .read_at = endless_read}, .bytes = file.data, .length = file.length};
  scu_edits *edits = new_edits();
  scu__head head;
  scu__edited *made;
  scu__source *shown;
  fill_mixed(edits);
  in_use = most_in_use = 0;
  assert_int_equal(scu__head_walk(&endless.source, &allocator, NULL, &head, NULL), SCU_OK);
  endless.read = 0;
  assert_int_equal(scu__edited_new(&allocator, &endless.source, &head, edits, &made, NULL), SCU_OK);
  assert_in_range(endless.read, 1, 64 * 1024);
  assert_int_equal(scu__edited_source_new(&allocator, &endless.source, &head, made, &shown, NULL), SCU_OK);
  uint8_t pixel[1];
  uint64_t at = shown->size - 14 - 5; /* behind the pixels stands (7FE1,0010) */
  assert_int_equal(shown->read_at(shown, at, pixel, 1, NULL), SCU_OK);
  assert_int_equal(pixel[0], (uint8_t)((endless.source.size - 5) * 7));
  assert_in_range(most_in_use, 1, 512 * 1024);
  shown->close(shown);
  scu__edited_free(made);
  assert_int_equal(in_use, 0);
  scu__buffer_free(&in);
  scu__buffer_free(&file);
  scu_edits_free(edits);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_syntax_and_nesting_becomes_what_the_tree_becomes),
      cmocka_unit_test(test_what_is_not_edited_is_the_same_byte_for_byte),
      cmocka_unit_test(test_edits_that_change_nothing_leave_the_object_as_it_is),
      cmocka_unit_test(test_private_elements_go_from_every_level_and_lengths_stay_true),
      cmocka_unit_test(test_a_private_element_that_is_set_behind_stays),
      cmocka_unit_test(test_group_lengths_are_left_out),
      cmocka_unit_test(test_bytes_behind_the_dataset_stay_out),
      cmocka_unit_test(test_bytes_behind_a_dataset_that_is_deflated_stay_out),
      cmocka_unit_test(test_every_copy_of_an_edited_element_goes),
      cmocka_unit_test(test_encapsulated_pixels_keep_their_bytes),
      cmocka_unit_test(test_a_text_that_the_character_set_does_not_hold_is_a_fault),
      cmocka_unit_test(test_an_edit_of_the_character_set_converts_the_other_texts),
      cmocka_unit_test(test_a_text_in_an_unknown_set_is_not_converted),
      cmocka_unit_test(test_without_valid_uids_nothing_is_left_to_send),
      cmocka_unit_test(test_what_turns_out_at_the_object_is_a_fault_of_it),
      cmocka_unit_test(test_the_source_gives_the_same_bytes_in_any_pieces),
      cmocka_unit_test(test_an_edited_object_is_rewritten_into_every_native_syntax),
      cmocka_unit_test(test_a_deflated_object_is_deflated_again_with_the_same_bytes),
      cmocka_unit_test(test_every_truncation_is_an_error_or_the_whole),
      cmocka_unit_test(test_what_edits_touch_is_held_in_bounds),
      cmocka_unit_test(test_too_many_places_are_a_limit),
      cmocka_unit_test(test_any_allocation_may_fail),
      cmocka_unit_test(test_an_object_of_600_mb_takes_memory_for_its_head_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
