/* Registered UIDs: PS3.6 A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/values.h"
#include "data/uids.h"

static void test_every_uid_is_found_by_text_and_keyword(void **state) {
  (void)state;
  assert_true(scu__uid_count() > 1900);
  for (size_t i = 0; i < scu__uid_count(); i++) {
    const scu__uid_entry *entry = scu__uid_at(i);
    const char *uid = scu__uid_entry_uid(entry), *keyword = scu__uid_entry_keyword(entry);
    assert_ptr_equal(scu__uid_find(uid), entry);
    assert_true(scu__uid_is_valid(uid));
    if (keyword[0] != '\0') assert_string_equal(scu__uid_from_keyword(keyword), uid);
  }
  assert_null(scu__uid_at(scu__uid_count()));
}

static void test_names_are_those_of_the_registry(void **state) {
  (void)state;
  assert_string_equal(scu__uid_name("1.2.840.10008.1.1"), "Verification SOP Class");
  assert_string_equal(scu__uid_name("1.2.840.10008.1.2.1"), "Explicit VR Little Endian");
  assert_string_equal(scu__uid_name("1.2.840.10008.6.1.1"), "Anatomic Modifier (CID 2)");
  assert_string_equal(scu__uid_from_keyword("CTImageStorage"), "1.2.840.10008.5.1.4.1.1.2");
  assert_int_equal(scu__uid_find("1.2.840.10008.1.2")->kind, SCU__UID_KIND_TRANSFER_SYNTAX);
  assert_int_equal(scu__uid_find("1.2.840.10008.6.1.1")->kind, SCU__UID_KIND_CONTEXT_GROUP);
  assert_true(scu__uid_find("1.2.840.10008.1.2.2")->is_retired);
}

static void test_unknown_uids_and_keywords_have_no_name(void **state) {
  (void)state;
  assert_null(scu__uid_name(""));
  assert_null(scu__uid_name("1.2.840.10008"));
  assert_null(scu__uid_name("1.2.840.10008.1.1."));
  assert_null(scu__uid_name("9.9.9"));
  assert_null(scu__uid_name("1.2.840.10008.5.1.4.1.1.40")); /* blank in the registry */
  assert_null(scu__uid_from_keyword("ctimagestorage"));
  assert_null(scu__uid_from_keyword(""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_uid_is_found_by_text_and_keyword),
      cmocka_unit_test(test_names_are_those_of_the_registry),
      cmocka_unit_test(test_unknown_uids_and_keywords_have_no_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
