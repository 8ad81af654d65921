/* Lists of edits: what they refuse, and what they do to a dataset in memory. */
#include "codec_samples.h"
#include "data/dataset_builder.h"
#include "data/edits.h"
#include "support/failing_allocator.h"

static scu_edits *new_edits(void) {
  scu_edits *edits = NULL;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  return edits;
}

static scu_dataset *new_dataset(void) {
  scu_dataset *dataset = NULL;
  assert_int_equal(scu_dataset_new(NULL, &dataset), SCU_OK);
  return dataset;
}

static void assert_text(const scu_dataset *dataset, const char *path, const char *expected) {
  char text[256];
  assert_int_equal(scu_dataset_text(dataset, path, text, sizeof text), SCU_OK);
  assert_string_equal(text, expected);
}

static void test_an_empty_list_changes_nothing(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_dataset *dataset = new_dataset();
  assert_int_equal(scu_edits_count(edits), 0);
  assert_true(scu__edits_is_empty(edits));
  assert_int_equal(scu_edits_apply(edits, dataset), SCU_OK);
  assert_int_equal(scu_dataset_count(dataset), 0);
  scu_dataset_free(dataset);
  scu_edits_free(edits);
  scu_edits_free(NULL);
}

static void assert_refused(scu_result result, scu_edits *edits, const char *reason) {
  assert_int_equal(result, SCU_ERROR_USAGE);
  assert_int_equal(scu_error_result(scu_edits_error(edits)), SCU_ERROR_USAGE);
  if (!strstr(scu_error_reason(scu_edits_error(edits)), reason))
    fail_msg("%s", scu_error_reason(scu_edits_error(edits)));
  assert_int_equal(scu_edits_count(edits), 0);
}

static void test_what_no_object_could_take_is_refused_at_once(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  static const struct {
    const char *path, *value, *reason;
  } texts[] = {
      {"NoSuchKeyword", "1", "NoSuchKeyword"},
      {"", "1", ""},
      {NULL, "1", "no path"},
      {"PatientID", NULL, "no text"},
      {"0002,0010", "1.2.840.10008.1.2", "file meta"},
      {"0000,0110", "1", "command sets"},
      {"0010,0000", "4", "group length"},
      {"FFFC,FFFC", "1", "padding"},
      {"FFFE,E000", "1", ""},
      {"RequestAttributesSequence[0].0002,0010", "1", "file meta"},
      {"RequestAttributesSequence", "1", "a sequence has items"},
      {"RequestAttributesSequence[0]", "1", "an item has no value"},
      {"PatientID[1].PatientName", "1", "not a sequence"},
      {"PatientName", "\xC3", "not UTF-8"},
      {"Rows", "many", "not a number"},
      {"Rows", "65536", "not a number"},
      {"FrameIncrementPointer", "nothing", "not an attribute tag"},
      {"EncapsulatedDocument", "1", "bulk value"},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_refused(scu_edits_set_text(edits, texts[i].path, texts[i].value), edits, texts[i].reason);
  assert_refused(scu_edits_remove(edits, "0002,0003"), edits, "file meta");
  assert_refused(scu_edits_remove(edits, "0008,0000"), edits, "group length");
  assert_refused(scu_edits_set_empty(edits, "0002,0003"), edits, "file meta");
  assert_refused(scu_edits_set_empty(edits, "PixelData"), edits, "only removed");
  assert_refused(scu_edits_set_bytes(edits, SCU_TAG(0x0002, 0x0010), SCU_VR_UI, "1.2", 3), edits, "file meta");
  assert_refused(scu_edits_set_bytes(edits, SCU__TAG_PIXEL_DATA, SCU_VR_OW, "12", 2), edits, "only removed");
  assert_refused(scu_edits_set_bytes(edits, 0x7FE00008, SCU_VR_OF, "1234", 4), edits, "only removed");
  assert_refused(scu_edits_set_bytes(edits, 0x00080005, SCU_VR_CS, "", 0), edits, "set as text");
  assert_refused(scu_edits_set_bytes(edits, 0x00400275, SCU_VR_SQ, "", 0), edits, "items");
  assert_refused(scu_edits_set_bytes(edits, 0x00100020, SCU_VR_NONE, "", 0), edits, "VR");
  assert_refused(scu_edits_set_bytes(edits, 0x00100020, SCU_VR_LO, NULL, 4), edits, "no bytes");
  assert_refused(scu_edits_set_dataset(edits, NULL), edits, "no dataset");
  scu_edits_free(edits);
}

/* A second look at what value_check.c does by itself (test_value_check.c): the dictionary is asked, at every depth. */
static void test_texts_that_are_no_value_of_their_attribute_are_refused_and_bytes_are_not(void **state) {
  (void)state;
  static const struct {
    const char *path, *value, *reason;
  } texts[] = {
      {"StudyDate", "notadate", "StudyDate: no date"},
      {"0008,0050", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AccessionNumber: longer than 16 characters"},
      {"PatientID", "a\\b", "PatientID: 2 values where the multiplicity is 1"},
      {"PatientAge", "x", "PatientAge: no age"},
      {"StudyInstanceUID", "1.02", "StudyInstanceUID: no UID"},
      {"Rows", "1\\2", "Rows: 2 values"},
      {"RequestAttributesSequence[3].ScheduledProcedureStepID", "longer than sixteen", "longer than 16"},
  };
  scu_edits *edits = new_edits();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    assert_refused(scu_edits_set_text(edits, texts[i].path, texts[i].value), edits, texts[i].reason);
    assert_null(strstr(scu_error_reason(scu_edits_error(edits)), texts[i].value));
  }
  scu_edits_clear(edits);
  assert_int_equal(scu_edits_set_text(edits, "PatientSex", "BANANA"), SCU_OK); /* what codes there are says the IOD */
  assert_int_equal(scu_edits_set_text(edits, "StudyDate", ""), SCU_OK);
  assert_int_equal(scu_edits_set_text(edits, "0019,1001", "a\\b"), SCU_OK); /* its VR is the object's to say */
  assert_int_equal(scu_edits_set_bytes(edits, 0x00080020, SCU_VR_DA, "notadate", 8), SCU_OK);
  scu_edits_free(edits);
}

static void test_datasets_that_no_object_could_take_are_refused(void **state) {
  (void)state;
  static const scu_tag tags[] = {0x00020010, 0x00080000, SCU__TAG_PIXEL_DATA, SCU__TAG_TRAILING_PADDING};
  scu_edits *edits = new_edits();
  for (size_t i = 0; i < 4; i++) {
    scu_dataset *dataset = new_dataset();
    scu_dataset_set_bytes(dataset, tags[i], SCU_VR_OB, "12", 2);
    assert_refused(scu_edits_set_dataset(edits, dataset), edits, "");
    scu_dataset_free(dataset);
  }
  const scu__dataset_limits limits = {.value_max = 4, .total_max = 100, .elements_max = 10};
  scu_dataset *read = NULL;
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 1000);
  put_sample_text(&bytes, SCU__EXPLICIT_LE, 0x00100020, SCU_VR_LO, "longer");
  assert_int_equal(scu__dataset_decode(bytes.data, bytes.length, SCU__EXPLICIT_LE, NULL, &limits, &read, NULL), SCU_OK);
  assert_refused(scu_edits_set_dataset(edits, read), edits, "left out");
  scu__buffer_free(&bytes);
  scu_dataset_free(read);
  scu_edits_free(edits);
}

static void test_a_call_that_failed_spoils_the_list_until_it_is_cleared(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_dataset *dataset = new_dataset();
  assert_int_equal(scu_edits_set_text(edits, "PatientID", "1"), SCU_OK);
  assert_int_equal(scu_edits_set_text(edits, "PatientNom", "X"), SCU_ERROR_USAGE);
  assert_int_equal(scu_edits_set_text(edits, "PatientName", "X"), SCU_OK);
  assert_int_equal(scu_error_result(scu_edits_error(edits)), SCU_OK);
  assert_false(scu__edits_is_empty(edits));
  assert_int_equal(scu_edits_apply(edits, dataset), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_dataset_error(dataset)), "PatientNom"));
  assert_int_equal(scu_dataset_count(dataset), 0);
  scu_edits_clear(edits);
  assert_true(scu__edits_is_empty(edits));
  assert_int_equal(scu_edits_set_text(edits, "PatientName", "X"), SCU_OK);
  assert_int_equal(scu_edits_apply(edits, dataset), SCU_OK);
  assert_text(dataset, "PatientName", "X");
  assert_int_equal(scu_dataset_count(dataset), 1);
  scu_dataset_free(dataset);
  scu_edits_free(edits);
}

static void test_edits_are_applied_in_order(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_dataset *dataset = new_dataset();
  scu_dataset_set_text(dataset, "PatientID", "old");
  scu_dataset_set_text(dataset, "StudyID", "old");
  scu_dataset_set_text(dataset, "RequestAttributesSequence[0].RequestedProcedureID", "kept");
  scu_edits_set_text(edits, "PatientID", "first");
  scu_edits_set_text(edits, "PatientID", "second");
  scu_edits_set_text(edits, "AccessionNumber", "gone");
  scu_edits_remove(edits, "AccessionNumber");
  scu_edits_remove(edits, "StudyID");
  scu_edits_remove(edits, "StudyDate"); /* not there */
  scu_edits_set_empty(edits, "StudyTime");
  scu_edits_set_text(edits, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
  scu_edits_set_text(edits, "RequestAttributesSequence[1].ScheduledProcedureStepID", "S2");
  scu_edits_set_bytes(edits, 0x00280010, SCU_VR_US, "\x02\x01", 2);
  assert_int_equal(scu_edits_count(edits), 10);
  assert_int_equal(scu_edits_apply(edits, dataset), SCU_OK);
  assert_text(dataset, "PatientID", "second");
  assert_null(scu_dataset_find_path(dataset, "AccessionNumber"));
  assert_null(scu_dataset_find_path(dataset, "StudyID"));
  assert_text(dataset, "StudyTime", "");
  assert_text(dataset, "RequestAttributesSequence[0].RequestedProcedureID", "kept");
  assert_text(dataset, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
  assert_text(dataset, "RequestAttributesSequence[1].ScheduledProcedureStepID", "S2");
  assert_text(dataset, "Rows", "258");
  scu_dataset_free(dataset);
  scu_edits_free(edits);
}

static void test_private_elements_go_at_every_level_and_later_ones_stay(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_dataset *dataset = new_dataset();
  scu_dataset *item = NULL;
  scu_dataset_set_bytes(dataset, 0x00090010, SCU_VR_LO, "CREATOR", 7);
  scu_dataset_set_bytes(dataset, 0x00091001, SCU_VR_UN, "x", 1);
  scu_dataset_add_item(dataset, 0x00400275, &item);
  scu_dataset_set_bytes(item, 0x00290010, SCU_VR_LO, "CREATOR", 7);
  scu_dataset_set_text(item, "ScheduledProcedureStepID", "S1");
  scu_edits_remove_private(edits);
  scu_edits_set_bytes(edits, 0x00110010, SCU_VR_LO, "OURS", 4);
  assert_int_equal(scu_edits_apply(edits, dataset), SCU_OK);
  assert_int_equal(scu_dataset_count(dataset), 2);
  assert_text(dataset, "0011,0010", "OURS");
  assert_int_equal(scu_dataset_count(item), 1);
  scu_dataset_free(dataset);
  scu_edits_free(edits);
}

static void test_a_dataset_brings_its_texts_but_not_its_character_set(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  scu_dataset *from = new_dataset(), *to = new_dataset();
  scu_dataset_set_charset(from, "ISO_IR 100");
  scu_dataset_set_bytes(from, 0x00100010, SCU_VR_PN, "M\xFCller", 6);
  scu_dataset_set_text(from, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
  scu_dataset_set_charset(to, "ISO_IR 192");
  assert_int_equal(scu_edits_set_dataset(edits, from), SCU_OK);
  scu_dataset_free(from);
  assert_int_equal(scu_edits_apply(edits, to), SCU_OK);
  assert_text(to, "PatientName", "M\xC3\xBCller");
  assert_text(to, "SpecificCharacterSet", "ISO_IR 192");
  assert_text(to, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
  scu_dataset_free(to);
  scu_edits_free(edits);
}

static void test_a_list_has_bounds(void **state) {
  (void)state;
  scu_edits *edits = new_edits();
  uint8_t *bytes = calloc(1, 16u << 20);
  assert_non_null(bytes);
  assert_int_equal(scu_edits_set_bytes(edits, 0x00420011, SCU_VR_OB, bytes, 16u << 20), SCU_OK);
  assert_int_equal(scu_edits_set_text(edits, "PatientID", "1"), SCU_ERROR_LIMIT);
  scu_edits_clear(edits);
  scu_dataset *dataset = new_dataset();
  scu_dataset_set_bytes(dataset, 0x00420011, SCU_VR_OB, bytes, 16u << 20);
  assert_int_equal(scu_edits_set_dataset(edits, dataset), SCU_ERROR_LIMIT);
  scu_edits_clear(edits);
  for (int i = 0; i < 10000; i++) assert_int_equal(scu_edits_remove(edits, "PatientID"), SCU_OK);
  assert_int_equal(scu_edits_remove(edits, "PatientID"), SCU_ERROR_LIMIT);
  scu_dataset_free(dataset);
  scu_edits_free(edits);
  free(bytes);
}

/* SCU_OK only when everything was done. */
static scu_result make_and_apply(const scu_allocator *allocator) {
  scu_edits *edits = NULL, *copy = NULL;
  scu_dataset *from = NULL, *to = NULL;
  scu_result result = scu_edits_new(allocator, &edits);
  if (result == SCU_OK) result = scu_dataset_new(allocator, &from);
  if (result == SCU_OK) result = scu_dataset_new(allocator, &to);
  if (result == SCU_OK) result = scu_dataset_set_text(from, "RequestAttributesSequence[0].StudyID", "M\xC3\xBCller");
  if (result == SCU_OK) result = scu_edits_set_dataset(edits, from);
  if (result == SCU_OK) result = scu_edits_set_text(edits, "PatientID", "1");
  if (result == SCU_OK) result = scu_edits_set_bytes(edits, 0x00090010, SCU_VR_LO, "CREATOR", 7);
  if (result == SCU_OK) result = scu_edits_remove_private(edits);
  if (result == SCU_OK) result = scu__edits_copy(edits, allocator, &copy);
  if (result == SCU_OK) result = scu_edits_apply(copy, to);
  if (result == SCU_OK) assert_int_equal(scu_dataset_count(to), 2);
  scu_edits_free(edits);
  scu_edits_free(copy);
  scu_dataset_free(from);
  scu_dataset_free(to);
  return result;
}

static void test_any_allocation_may_fail(void **state) {
  (void)state;
  for (size_t i = 0;; i++) {
    failing_allocator memory;
    failing_allocator_init(&memory, i);
    scu_result result = make_and_apply(&memory.allocator);
    assert_int_equal(memory.alive, 0);
    if (memory.requests <= i) {
      assert_int_equal(result, SCU_OK);
      assert_true(i > 8);
      return;
    }
    assert_int_equal(result, SCU_ERROR_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_empty_list_changes_nothing),
      cmocka_unit_test(test_what_no_object_could_take_is_refused_at_once),
      cmocka_unit_test(test_texts_that_are_no_value_of_their_attribute_are_refused_and_bytes_are_not),
      cmocka_unit_test(test_datasets_that_no_object_could_take_are_refused),
      cmocka_unit_test(test_a_call_that_failed_spoils_the_list_until_it_is_cleared),
      cmocka_unit_test(test_edits_are_applied_in_order),
      cmocka_unit_test(test_private_elements_go_at_every_level_and_later_ones_stay),
      cmocka_unit_test(test_a_dataset_brings_its_texts_but_not_its_character_set),
      cmocka_unit_test(test_a_list_has_bounds),
      cmocka_unit_test(test_any_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
