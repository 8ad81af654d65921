/* Values by the rules of PS3.5 Table 6.2-1 and PS3.6: what is right, what is just too much, and why. */
#include "dataset_test.h"

#include "data/value_check.h"

static const char *check(const char *keyword, const char *value) {
  static char reason[SCU__VALUE_REASON_MAX];
  const scu__dictionary_entry *entry = scu__dictionary_find_keyword(keyword);
  assert_non_null(entry);
  memset(reason, 0, sizeof reason);
  return scu__value_check(entry, value, reason) ? NULL : reason;
}

static void assert_right(const char *keyword, const char *value) {
  const char *reason = check(keyword, value);
  if (reason) fail_msg("%s '%s': %s", keyword, value, reason);
}

static void assert_wrong(const char *keyword, const char *value, const char *why) {
  const char *reason = check(keyword, value);
  if (!reason || !strstr(reason, why)) fail_msg("%s '%s': %s", keyword, value, reason ? reason : "taken");
}

static void test_forms(void **state) {
  (void)state;
  static const struct {
    const char *keyword, *right[7], *wrong[12], *why;
  } rows[] = {
      {"StationAETitle", {"PACS", " P 1", "SIXTEEN_LETTERS_"}, {" ", "    "}, "spaces only"},
      {"PatientAge", {"018M", "000D", "999Y", "052W"}, {"x", "18Y", "018y", "018", "0018Y", "A18Y", "18Y "}, "no age"},
      {"Modality", {"CT", "A_1 ", " 9"}, {"ct", "C-T", "CT."}, "no code"},
      {"StudyDate",
       {"20240229", "00010101"},
       {"notadate", "20230229", "2024.1.1", "202402", "20240200", "20241301", "-2024010", "2024.01.31", "20240101-",
        "20240229 "},
       "no date"},
      {"PatientWeight",
       {"71.5", "-1e3", "+.5", " 70 ", "1E-7"},
       {"heavy", "1,5", "1e", "--1", " ", "inf"},
       "no decimal"},
      {"AcquisitionDateTime",
       {"2024", "202401", "20240131101559.123456", "20240131101559+0100", "20240131101559.123456-0500"},
       {"24", "20240132", "20240131101559+2500", "20240131 1015", "now"},
       "no date and time"},
      {"InstanceNumber",
       {"1", "-2147483648", "2147483647", " 7 "},
       {"1.5", "one", "2147483648", "-2147483649", " ", "1e3"},
       "no whole"},
      {"StudyTime",
       {"10", "1015", "101559", "101559.1", "101559.123456"},
       {"1", "10:15:59", "2460", "101559.", "101559.1234567", "noon", "1015-1016"},
       "no time"},
      {"StudyInstanceUID", {"1.2.3", "0.0", "2.25.1"}, {"1..2", "01.2", "1.02", ".1", "1.", "1.2 ", "none"}, "no UID"},
      {"PatientName",
       {"Doe", "Doe^John^^Dr^Jr", "Yamada^Tarou=\xE5\xB1\xB1\xE7\x94\xB0=x", "=x", "^"},
       {"a^b^c^d^e^f", "a=b=c=d", "a=b^c^d^e^f^g"},
       "no name"},
      {"RetrieveURL", {"https://pacs.example/a?b=c%20d"}, {"https://a b", " https://a", "a\\b"}, "no address"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (size_t j = 0; j < 7 && rows[i].right[j]; j++) assert_right(rows[i].keyword, rows[i].right[j]);
    for (size_t j = 0; j < 12 && rows[i].wrong[j]; j++) assert_wrong(rows[i].keyword, rows[i].wrong[j], rows[i].why);
  }
}

/* Right with `most` letters, wrong with one more; `letter` may take several bytes. */
static void assert_length(const char *keyword, const char *letter, size_t most) {
  size_t bytes = strlen(letter);
  char *text = calloc(most + 2, bytes);
  assert_non_null(text);
  for (size_t i = 0; i < most; i++) memcpy(text + i * bytes, letter, bytes);
  assert_right(keyword, text);
  memcpy(text + most * bytes, letter, bytes);
  assert_wrong(keyword, text, "longer than");
  free(text);
}

static void test_lengths_are_in_characters(void **state) {
  (void)state;
  assert_length("AccessionNumber", "A", 16); /* SH */
  assert_length("AccessionNumber", "\xC3\xBC", 16);
  assert_length("PatientID", "\xE5\xB1\xB1", 64);        /* LO */
  assert_length("PatientComments", "a", 10240);          /* LT */
  assert_length("InstitutionAddress", "\xC3\xBC", 1024); /* ST */
  assert_length("StationAETitle", "A", 16);              /* AE */
  assert_length("Modality", "A", 16);                    /* CS */
  assert_length("StudyInstanceUID", "1", 64);            /* UI */
  assert_length("PatientWeight", "1", 16);               /* DS */
  assert_wrong("InstanceNumber", "0000000000001", "longer than 12");
  assert_length("PatientName", "\xC3\xBC", 64); /* and so each group of it: */
  char name[64 * 3 + 2 + 1];
  memset(name, 'A', sizeof name - 1);
  name[64] = name[129] = '=';
  name[sizeof name - 1] = 0;
  assert_right("PatientName", name);
  name[64] = 'A';
  assert_wrong("PatientName", name, "longer than 64");
  /* UC and UT have no end of their own. */
  char *endless = malloc(100001);
  assert_non_null(endless);
  memset(endless, 'a', 100000);
  endless[100000] = 0;
  assert_right("LongCodeValue", endless);
  assert_right("TextValue", endless);
  free(endless);
}

static void test_control_characters_are_for_paragraphs(void **state) {
  (void)state;
  static const char *const lines[] = {"a\r\nb", "a\tb", "a\fb"};
  for (size_t i = 0; i < 3; i++) {
    assert_right("PatientComments", lines[i]);
    assert_right("InstitutionAddress", lines[i]);
    assert_right("TextValue", lines[i]);
    assert_wrong("PatientID", lines[i], "control character");
    assert_wrong("PatientName", lines[i], "control character");
    assert_wrong("LongCodeValue", lines[i], "control character");
  }
  static const char *const never[] = {"a\x1B[31m", "a\x01", "a\x7F", "a\xC2\x9Bm"};
  for (size_t i = 0; i < 4; i++) {
    assert_wrong("PatientComments", never[i], "control character");
    assert_wrong("PatientID", never[i], "control character");
    assert_wrong("StationAETitle", never[i], "control character");
  }
  assert_right("PatientID", "\xC2\xA0\xEF\xBF\xBD");
  assert_wrong("StationAETitle", "\xC3\xBC", "not ASCII");
  assert_wrong("RetrieveURL", "a\xC3\xBC", "not ASCII");
}

static void test_multiplicity_is_that_of_the_dictionary(void **state) {
  (void)state;
  assert_wrong("PatientID", "a\\b", "2 values where the multiplicity is 1");
  assert_right("OtherPatientNames", "a\\b\\c"); /* 1-n */
  assert_right("ImageType", "ORIGINAL\\PRIMARY");
  assert_wrong("ImageType", "ORIGINAL", "1 value where the multiplicity is 2-n");
  assert_right("PixelSpacing", "1\\1");
  assert_wrong("PixelSpacing", "1\\1\\1", "3 values where the multiplicity is 2");
  assert_right("AcquisitionMatrix", "0\\256\\256\\0"); /* US: the numbers are checked where they are made */
  assert_wrong("AcquisitionMatrix", "0\\256", "multiplicity is 4");
  assert_wrong("PatientOrientation", "L", "multiplicity is 2");
  assert_right("DeidentificationActionSequence", "");
  assert_right("ContourData", "1\\2\\3\\4\\5\\6");
  assert_wrong("ContourData", "1\\2\\3\\4", "multiplicity is 3-3n");
  assert_wrong("StageNumber", "1\\2", "multiplicity is 1");
  char many[600];
  for (size_t i = 0; i < sizeof many; i++) many[i] = i % 2 ? '\\' : 'a';
  many[sizeof many - 1] = 0;
  assert_right("OtherPatientNames", many); /* 300: n has no end */
  assert_right("PatientComments", "a\\b"); /* a text of paragraphs has no second value */
}

static void test_each_value_is_checked_and_empty_ones_are_none(void **state) {
  (void)state;
  assert_right("PatientID", "");
  assert_right("ImageType", ""); /* of what would be 2-n */
  assert_right("ImageType", "ORIGINAL\\\\");
  assert_right("SpecificCharacterSet", "\\ISO 2022 IR 87");
  assert_right("CalibrationDate", "20240101\\\\20240102");
  assert_wrong("CalibrationDate", "20240101\\x", "no date");
  assert_wrong("ImageType", "ORIGINAL\\primary", "no code");
  assert_wrong("OtherPatientNames", "a\\b\\c^d^e^f^g^h", "no name");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forms),
      cmocka_unit_test(test_lengths_are_in_characters),
      cmocka_unit_test(test_control_characters_are_for_paragraphs),
      cmocka_unit_test(test_multiplicity_is_that_of_the_dictionary),
      cmocka_unit_test(test_each_value_is_checked_and_empty_ones_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
