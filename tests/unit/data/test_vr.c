/* Value representations: the rules of PS3.5 6.2 and 7.1.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/vr.h"

static void test_every_vr_is_found_by_its_letters(void **state) {
  (void)state;
  assert_int_equal(scu__vr_count(), 34);
  for (size_t i = 0; i < scu__vr_count(); i++) {
    const scu__vr_info *info = scu__vr_at(i);
    assert_ptr_equal(scu__vr_find(info->vr), info);
    assert_true(scu__vr_is_plausible(info->vr));
    assert_true(info->name[0] != '\0');
  }
  assert_null(scu__vr_at(34));
}

static void test_the_long_form_is_that_of_thirteen_vrs_and_all_unknown_ones(void **state) {
  (void)state;
  static const char long_form[] = "OBODOFOLOVOWSQSVUCUNURUTUV";
  size_t count = 0;
  for (size_t i = 0; i < scu__vr_count(); i++) count += scu__vr_has_long_length(scu__vr_at(i)->vr);
  assert_int_equal(count, 13);
  for (size_t i = 0; i + 1 < sizeof long_form; i += 2) {
    assert_true(scu__vr_has_long_length(SCU_VR(long_form[i], long_form[i + 1])));
  }
  assert_true(scu__vr_has_long_length(SCU_VR('Z', 'Z')));
  assert_false(scu__vr_has_long_length(SCU_VR_US));
}

static void test_unknown_letters_are_not_found(void **state) {
  (void)state;
  assert_null(scu__vr_find(SCU_VR_NONE));
  assert_null(scu__vr_find(SCU_VR('O', 'X')));
  assert_null(scu__vr_find(SCU_VR('o', 'b')));
  assert_false(scu__vr_is_plausible(SCU_VR('o', 'b')));
  assert_false(scu__vr_is_plausible(SCU_VR_NONE));
  assert_true(scu__vr_is_plausible(SCU_VR('O', 'X')));
}

static void test_character_sets_touch_seven_vrs(void **state) {
  (void)state;
  size_t count = 0;
  for (size_t i = 0; i < scu__vr_count(); i++) count += scu__vr_at(i)->uses_charset;
  assert_int_equal(count, 7);
  assert_true(scu__vr_find(SCU_VR_PN)->uses_charset);
  assert_false(scu__vr_find(SCU_VR_CS)->uses_charset);
  assert_false(scu__vr_find(SCU_VR_UR)->uses_charset);
}

static void test_padding_swapping_and_kinds_follow_the_vr(void **state) {
  (void)state;
  assert_int_equal(scu__vr_find(SCU_VR_UI)->pad, 0);
  assert_int_equal(scu__vr_find(SCU_VR_LO)->pad, ' ');
  assert_int_equal(scu__vr_find(SCU_VR_OB)->pad, 0);
  assert_int_equal(scu__vr_find(SCU_VR_AT)->swap_unit, 2);
  assert_int_equal(scu__vr_find(SCU_VR_AT)->unit, 4);
  assert_int_equal(scu__vr_find(SCU_VR_OW)->swap_unit, 2);
  assert_int_equal(scu__vr_find(SCU_VR_OD)->swap_unit, 8);
  assert_int_equal(scu__vr_find(SCU_VR_UN)->swap_unit, 1);
  assert_int_equal(scu__vr_find(SCU_VR_SQ)->swap_unit, 0);
  assert_int_equal(scu__vr_find(SCU_VR_SL)->kind, SCU__VALUE_SIGNED);
  assert_int_equal(scu__vr_find(SCU_VR_UV)->kind, SCU__VALUE_UNSIGNED);
  assert_int_equal(scu__vr_find(SCU_VR_FD)->kind, SCU__VALUE_FLOAT);
  assert_int_equal(scu__vr_find(SCU_VR_OF)->kind, SCU__VALUE_WORDS);
  assert_int_equal(scu__vr_find(SCU_VR_DS)->kind, SCU__VALUE_TEXT);
  assert_int_equal(scu__vr_find(SCU_VR_UT)->max_length, UINT32_MAX - 1);
}

static void test_text_vrs_know_whether_a_backslash_splits(void **state) {
  (void)state;
  assert_true(scu__vr_find(SCU_VR_UC)->may_be_multi);
  assert_true(scu__vr_find(SCU_VR_PN)->may_be_multi);
  assert_false(scu__vr_find(SCU_VR_LT)->may_be_multi);
  assert_false(scu__vr_find(SCU_VR_ST)->may_be_multi);
  assert_false(scu__vr_find(SCU_VR_UT)->may_be_multi);
  assert_false(scu__vr_find(SCU_VR_UR)->may_be_multi);
  assert_false(scu__vr_find(SCU_VR_LT)->trims_leading);
  assert_true(scu__vr_find(SCU_VR_LT)->trims_trailing);
}

static void test_undefined_length_is_for_sq_ob_and_un(void **state) {
  (void)state;
  size_t count = 0;
  for (size_t i = 0; i < scu__vr_count(); i++) count += scu__vr_at(i)->may_have_undefined_length;
  assert_int_equal(count, 3);
  assert_true(scu__vr_find(SCU_VR_SQ)->may_have_undefined_length);
  assert_true(scu__vr_find(SCU_VR_UN)->may_have_undefined_length);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_vr_is_found_by_its_letters),
      cmocka_unit_test(test_the_long_form_is_that_of_thirteen_vrs_and_all_unknown_ones),
      cmocka_unit_test(test_unknown_letters_are_not_found),
      cmocka_unit_test(test_character_sets_touch_seven_vrs),
      cmocka_unit_test(test_padding_swapping_and_kinds_follow_the_vr),
      cmocka_unit_test(test_text_vrs_know_whether_a_backslash_splits),
      cmocka_unit_test(test_undefined_length_is_for_sq_ob_and_un),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
