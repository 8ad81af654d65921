/* Data elements: PS3.6 6-9 by tag and keyword, PS3.5 7.8 for what is not in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/dictionary.h"

static void assert_element(scu_tag tag, const char *keyword, scu_vr vr) {
  const scu__dictionary_entry *entry = scu__dictionary_find(tag);
  assert_non_null(entry);
  assert_string_equal(scu__dictionary_keyword(entry), keyword);
  assert_int_equal(entry->vr, vr);
  assert_ptr_equal(scu__dictionary_find_keyword(keyword), entry);
}

static void test_every_element_is_found_by_tag_and_keyword(void **state) {
  (void)state;
  assert_true(scu__dictionary_count() > 5300);
  for (size_t i = 0; i < scu__dictionary_count(); i++) {
    const scu__dictionary_entry *entry = scu__dictionary_at(i);
    const char *keyword = scu__dictionary_keyword(entry);
    /* Where digits repeat any even ones will do, but 0 may be an element of its own: (0028,0400) beside (0028,04x0). */
    assert_ptr_equal(scu__dictionary_find(entry->tag | (~entry->mask & 0x22222222u)), entry);
    if (keyword[0] != '\0') assert_ptr_equal(scu__dictionary_find_keyword(keyword), entry);
    if (keyword[0] != '\0') assert_true(scu__dictionary_name(entry)[0] != '\0');
    assert_true(entry->vm_min >= 1 && entry->vm_max >= entry->vm_min && entry->vm_step >= 1);
  }
  assert_null(scu__dictionary_at(scu__dictionary_count()));
}

static void test_daily_elements_have_their_vr(void **state) {
  (void)state;
  assert_element(SCU_TAG(0x0010, 0x0010), "PatientName", SCU_VR_PN);
  assert_element(SCU_TAG(0x0008, 0x0018), "SOPInstanceUID", SCU_VR_UI);
  assert_element(SCU_TAG(0x0002, 0x0010), "TransferSyntaxUID", SCU_VR_UI);
  assert_element(SCU_TAG(0x0000, 0x0100), "CommandField", SCU_VR_US);
  assert_element(SCU_TAG(0x0040, 0x0100), "ScheduledProcedureStepSequence", SCU_VR_SQ);
  assert_element(SCU_TAG(0x7FE0, 0x0010), "PixelData", SCU_VR_OW);
  assert_string_equal(scu__dictionary_name(scu__dictionary_find(SCU_TAG(0x0010, 0x0010))), "Patient's Name");
}

static void test_ambiguous_elements_keep_their_alternatives(void **state) {
  (void)state;
  const scu__dictionary_entry *smallest = scu__dictionary_find(SCU_TAG(0x0028, 0x0106));
  assert_int_equal(smallest->vr, SCU_VR_US);
  assert_int_equal(smallest->other_vr[0], SCU_VR_SS);
  assert_int_equal(smallest->other_vr[1], 0);
  const scu__dictionary_entry *pixels = scu__dictionary_find(SCU_TAG(0x7FE0, 0x0010));
  assert_int_equal(pixels->other_vr[0], SCU_VR_OB);
  assert_int_equal(scu__dictionary_find(SCU_TAG(0x0028, 0x3006))->vr, SCU_VR_OW);
}

static void test_multiplicity_is_a_range_with_a_step(void **state) {
  (void)state;
  const scu__dictionary_entry *position = scu__dictionary_find(SCU_TAG(0x0020, 0x0032));
  assert_int_equal(position->vm_min, 3);
  assert_int_equal(position->vm_max, 3);
  const scu__dictionary_entry *contour = scu__dictionary_find(SCU_TAG(0x3006, 0x0050));
  assert_int_equal(contour->vm_min, 3);
  assert_int_equal(contour->vm_max, SCU__VM_UNBOUNDED);
  assert_int_equal(contour->vm_step, 3);
}

static void test_repeating_groups_are_found_in_every_even_group(void **state) {
  (void)state;
  const scu__dictionary_entry *entry = scu__dictionary_find(SCU_TAG(0x6000, 0x3000));
  assert_string_equal(scu__dictionary_keyword(entry), "OverlayData");
  assert_ptr_equal(scu__dictionary_find(SCU_TAG(0x601E, 0x3000)), entry);
  assert_null(scu__dictionary_find(SCU_TAG(0x6001, 0x3000)));
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x6002, 0x3000)), SCU_VR_OW);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x5004, 0x3000)), SCU_VR_OW);
  assert_string_equal(scu__dictionary_keyword(scu__dictionary_find(SCU_TAG(0x0020, 0x3145))), "SourceImageIDs");
  assert_string_equal(scu__dictionary_keyword(scu__dictionary_find(SCU_TAG(0x1010, 0x1234))), "ZonalMap");
  assert_null(scu__dictionary_find(SCU_TAG(0x0020, 0x3245)));
}

static void test_what_the_registry_does_not_know_has_a_vr_all_the_same(void **state) {
  (void)state;
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0009, 0x0010)), SCU_VR_LO);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0009, 0x00FF)), SCU_VR_LO);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0009, 0x000F)), SCU_VR_UN);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0009, 0x0100)), SCU_VR_UN);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0009, 0x1010)), SCU_VR_UN);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0009, 0x0000)), SCU_VR_UL);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0008, 0x0000)), SCU_VR_UL);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0008, 0xEEEE)), SCU_VR_UN);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0x0028, 0x0020)), SCU_VR_UN); /* blank in the registry */
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0xFFFE, 0xE000)), SCU_VR_NONE);
  assert_int_equal(scu__dictionary_vr(SCU_TAG(0xFFFE, 0xE0DD)), SCU_VR_NONE);
  assert_int_equal(scu__dictionary_vr(0xFFFFFFFFu), SCU_VR_UN);
  assert_int_equal(scu__dictionary_vr(0), SCU_VR_UL);
}

static void test_keywords_are_exact(void **state) {
  (void)state;
  assert_null(scu__dictionary_find_keyword("patientname"));
  assert_null(scu__dictionary_find_keyword("PatientNam"));
  assert_null(scu__dictionary_find_keyword("PatientNamee"));
  assert_null(scu__dictionary_find_keyword(""));
}

static void test_retired_elements_say_so(void **state) {
  (void)state;
  assert_true(scu__dictionary_find(SCU_TAG(0x0028, 0x0040))->is_retired);
  assert_false(scu__dictionary_find(SCU_TAG(0x0028, 0x0010))->is_retired);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_element_is_found_by_tag_and_keyword),
      cmocka_unit_test(test_daily_elements_have_their_vr),
      cmocka_unit_test(test_ambiguous_elements_keep_their_alternatives),
      cmocka_unit_test(test_multiplicity_is_a_range_with_a_step),
      cmocka_unit_test(test_repeating_groups_are_found_in_every_even_group),
      cmocka_unit_test(test_what_the_registry_does_not_know_has_a_vr_all_the_same),
      cmocka_unit_test(test_keywords_are_exact),
      cmocka_unit_test(test_retired_elements_say_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
