/* Records of a DICOMDIR: every encoding, wrong VRs, offsets that lead in circles, and files that are broken anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "data/dicomdir.h"
#include "support/dicomdir_writer.h"

typedef struct seen_record {
  char file_id[80];
  bool is_in_use, may_be_foreign, is_too_long;
} seen_record;

static seen_record seen[16];
static uint64_t seen_count;
static char reason[400];

/* All records of a file in memory; the first 16 are kept. */
static scu_result read_bytes(const uint8_t *bytes, size_t length) {
  scu__memory_source source;
  scu__dicomdir *dicomdir;
  const scu__dicomdir_record *record;
  scu_error error;
  scu__error_clear(&error);
  scu__memory_source_init(&source, bytes, length);
  seen_count = 0;
  scu_result result = scu__dicomdir_new(&source.source, NULL, &dicomdir, &error);
  while (result == SCU_OK) {
    result = scu__dicomdir_next(dicomdir, &record, &error);
    if (result != SCU_OK) break;
    assert_int_equal(record->number, seen_count + 1);
    if (seen_count < 16) {
      seen_record *kept = &seen[seen_count];
      size_t size = record->file_id_length < sizeof kept->file_id ? record->file_id_length : sizeof kept->file_id - 1;
      memcpy(kept->file_id, record->file_id, size);
      kept->file_id[size] = 0;
      kept->is_in_use = record->is_in_use;
      kept->may_be_foreign = record->may_be_foreign;
      kept->is_too_long = record->is_too_long;
    }
    seen_count++;
  }
  if (dicomdir) {
    assert_int_equal(scu__dicomdir_next(dicomdir, &record, NULL), result); /* sticky */
    assert_null(record);
  }
  scu__dicomdir_free(dicomdir);
  assert_true(result == SCU_END || scu__error_is_set(&error));
  strcpy(reason, scu_error_reason(&error));
  return result;
}

static scu_result read_written(const dicomdir_writer *w, const dicomdir_record *records, size_t count) {
  scu__buffer file;
  dicomdir_write(w, records, count, &file);
  scu_result result = read_bytes(file.data, file.length);
  scu__buffer_free(&file);
  return result;
}

static const dicomdir_record family[] = {{.type = "PATIENT"},
                                         {.type = "STUDY"},
                                         {.type = "SERIES"},
                                         {.file_id = "DICOM\\IM1"},
                                         {.file_id = "DICOM\\IM2", .is_not_in_use = true},
                                         {.file_id = "DICOM\\CDA", .type = "HL7 STRUC DOC"},
                                         {.file_id = "DICOM\\P", .type = "PRIVATE"}};
enum { FAMILY = sizeof family / sizeof *family };

static void check_family(void) {
  assert_int_equal(seen_count, FAMILY);
  for (size_t i = 0; i < 3; i++) assert_string_equal(seen[i].file_id, "");
  assert_string_equal(seen[3].file_id, "DICOM\\IM1 ");
  assert_true(seen[3].is_in_use && !seen[3].may_be_foreign);
  assert_false(seen[4].is_in_use);
  assert_true(seen[5].is_in_use && seen[5].may_be_foreign && seen[6].may_be_foreign);
}

static void test_records_come_in_order_in_every_encoding(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_BE,
                                         SCU__UID_DEFLATED_EXPLICIT_LE};
  for (size_t i = 0; i < 4; i++) {
    for (unsigned lengths = 0; lengths < 4; lengths++) {
      dicomdir_writer w = {
          .transfer_syntax = syntaxes[i], .has_item_lengths = lengths & 1, .has_sequence_length = (lengths & 2) != 0};
      assert_int_equal(read_written(&w, family, FAMILY), SCU_END);
      check_family();
    }
  }
}

static void test_vrs_that_are_wrong_do_not_matter(void **state) {
  (void)state;
  static const char *const vrs[] = {"UN", "LO", "OB", "UT", "UI", "SH"};
  for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++) {
    dicomdir_record record = {.file_id = "A\\B1", .vr = vrs[i], .is_not_in_use = true, .has_long_flag = true};
    assert_int_equal(read_written(&(dicomdir_writer){0}, &record, 1), SCU_END);
    assert_int_equal(seen_count, 1);
    assert_string_equal(seen[0].file_id, "A\\B1");
    assert_false(seen[0].is_in_use);
  }
  dicomdir_record record = {.file_id = "A\\B1", .has_no_flag = true};
  assert_int_equal(read_written(&(dicomdir_writer){0}, &record, 1), SCU_END);
  assert_true(seen[0].is_in_use);
}

static void test_a_sequence_that_is_called_unknown_is_read_or_refused(void **state) {
  (void)state;
  /* PS3.5 6.2.2: UN of undefined length is implicit inside, so this one is nonsense; of a defined length it is a value.
   */
  dicomdir_writer w = {.records_vr = "UN"};
  assert_true(read_written(&w, family, FAMILY) < 0);
  w.has_sequence_length = true;
  assert_int_equal(read_written(&w, family, FAMILY), SCU_ERROR_MALFORMED);
  assert_non_null(strstr(reason, "no Directory Record Sequence"));
}

static void test_offsets_that_lead_in_circles_are_not_followed(void **state) {
  (void)state;
  dicomdir_record records[] = {{.file_id = "A", .next = 4, .lower = 4},
                               {.file_id = "B", .next = 400, .lower = 0xFFFFFFFF},
                               {.file_id = "C", .next = 0, .lower = 132}};
  assert_int_equal(read_written(&(dicomdir_writer){0}, records, 3), SCU_END);
  assert_int_equal(seen_count, 3);
}

static void test_file_ids_that_are_too_long_or_empty_are_told(void **state) {
  (void)state;
  static char text[60000];
  memset(text, 'A', sizeof text);
  dicomdir_record records[] = {{.file_id = text, .length = SCU__FILE_ID_MAX},
                               {.file_id = text, .length = SCU__FILE_ID_MAX + 2},
                               {.file_id = text, .length = sizeof text},
                               {.file_id = ""},
                               {.file_id = "B1"}};
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_DEFLATED_EXPLICIT_LE};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(read_written(&(dicomdir_writer){.transfer_syntax = syntaxes[i]}, records, 5), SCU_END);
    assert_int_equal(seen_count, 5);
    assert_false(seen[0].is_too_long);
    assert_true(seen[1].is_too_long && seen[2].is_too_long);
    assert_string_equal(seen[1].file_id, "");
    assert_string_equal(seen[3].file_id, "");
    assert_string_equal(seen[4].file_id, "B1");
  }
}

static void test_deep_nesting_is_read_and_deeper_is_an_error(void **state) {
  (void)state;
  dicomdir_record records[] = {{.file_id = "A1"}, {.file_id = "B1", .nested = 100}, {.file_id = "C1"}};
  assert_int_equal(read_written(&(dicomdir_writer){0}, records, 3), SCU_END);
  assert_int_equal(seen_count, 3);
  assert_string_equal(seen[1].file_id, "B1");
  records[1].nested = 5000;
  assert_int_equal(read_written(&(dicomdir_writer){0}, records, 3), SCU_ERROR_LIMIT);
  assert_int_equal(seen_count, 1);
}

static void test_a_file_id_inside_a_nested_item_is_not_the_records(void **state) {
  (void)state;
  dicomdir_record records[] = {{.type = "STUDY", .nested = 2}, {.file_id = "B1"}};
  assert_int_equal(read_written(&(dicomdir_writer){0}, records, 2), SCU_END);
  assert_int_equal(seen_count, 2);
  assert_string_equal(seen[0].file_id, "");
}

/* What came before the cut stands; the cut itself is never taken for the end. */
static void test_a_file_cut_anywhere_is_an_error_after_what_came_before(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_BE,
                                         SCU__UID_DEFLATED_EXPLICIT_LE};
  for (size_t i = 0; i < 4; i++) {
    for (unsigned lengths = 0; lengths < 4; lengths += 3) {
      scu__buffer file;
      dicomdir_writer w = {
          .transfer_syntax = syntaxes[i], .has_item_lengths = lengths != 0, .has_sequence_length = lengths != 0};
      dicomdir_write(&w, family, FAMILY, &file);
      uint64_t most = 0;
      for (size_t cut = 0; cut < file.length; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, file.data, cut);
        scu_result result = read_bytes(copy, cut);
        free(copy);
        assert_true(seen_count >= most && seen_count <= FAMILY);
        most = seen_count;
        /* The end of a deflate stream may be behind the last byte that is wanted. */
        if (i < 3 || seen_count < FAMILY) assert_true(result < 0);
        assert_null(strstr(reason, "Secret"));
      }
      assert_true(most >= FAMILY - 1);
      scu__buffer_free(&file);
    }
  }
}

static void test_other_files_are_told_apart(void **state) {
  (void)state;
  assert_int_equal(read_written(&(dicomdir_writer){.sop_class = "1.2.840.10008.5.1.4.1.1.7"}, family, FAMILY),
                   SCU_ERROR_UNSUPPORTED);
  assert_int_equal(read_written(&(dicomdir_writer){.sop_class = ""}, family, FAMILY), SCU_END);
  check_family();
  assert_int_equal(read_bytes((const uint8_t *)"not a file of ours", 18), SCU_ERROR_MALFORMED);
  assert_int_equal(read_written(&(dicomdir_writer){0}, family, 0), SCU_END);
  assert_int_equal(seen_count, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_records_come_in_order_in_every_encoding),
      cmocka_unit_test(test_vrs_that_are_wrong_do_not_matter),
      cmocka_unit_test(test_a_sequence_that_is_called_unknown_is_read_or_refused),
      cmocka_unit_test(test_offsets_that_lead_in_circles_are_not_followed),
      cmocka_unit_test(test_file_ids_that_are_too_long_or_empty_are_told),
      cmocka_unit_test(test_deep_nesting_is_read_and_deeper_is_an_error),
      cmocka_unit_test(test_a_file_id_inside_a_nested_item_is_not_the_records),
      cmocka_unit_test(test_a_file_cut_anywhere_is_an_error_after_what_came_before),
      cmocka_unit_test(test_other_files_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
