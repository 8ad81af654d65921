/* Transfer syntaxes: PS3.5 10 and A, PS3.6 A-1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/transfer_syntax.h"

static void test_every_syntax_is_found_by_uid_and_every_name(void **state) {
  (void)state;
  assert_int_equal(scu__transfer_syntax_count(), 63);
  for (size_t i = 0; i < scu__transfer_syntax_count(); i++) {
    const scu__transfer_syntax *syntax = scu__transfer_syntax_at(i);
    assert_ptr_equal(scu__transfer_syntax_find(syntax->uid), syntax);
    assert_ptr_equal(scu__transfer_syntax_find_name(syntax->uid), syntax);
    assert_ptr_equal(scu__transfer_syntax_find_name(syntax->keyword), syntax);
    if (syntax->short_name[0] != '\0') assert_ptr_equal(scu__transfer_syntax_find_name(syntax->short_name), syntax);
    assert_true(!syntax->is_lossy || syntax->may_be_lossy);
    assert_false(syntax->is_encapsulated && syntax->is_referenced);
  }
  assert_null(scu__transfer_syntax_at(63));
}

static void test_names_match_in_any_case(void **state) {
  (void)state;
  assert_string_equal(scu__transfer_syntax_find_name("evrle")->uid, SCU__UID_EXPLICIT_LE);
  assert_string_equal(scu__transfer_syntax_find_name("ImplicitVrLittleEndian")->uid, SCU__UID_IMPLICIT_LE);
  assert_string_equal(scu__transfer_syntax_find_name("J2KR")->uid, "1.2.840.10008.1.2.4.90");
  assert_null(scu__transfer_syntax_find_name("EVRL"));
  assert_null(scu__transfer_syntax_find_name(""));
  assert_null(scu__transfer_syntax_find("EVRLE"));
  assert_null(scu__transfer_syntax_find("1.2.3"));
}

static void test_the_four_native_syntaxes_differ_as_they_should(void **state) {
  (void)state;
  size_t native = 0;
  for (size_t i = 0; i < scu__transfer_syntax_count(); i++) {
    native += scu__transfer_syntax_is_native(scu__transfer_syntax_at(i));
  }
  assert_int_equal(native, 4);
  const scu__transfer_syntax *implicit = scu__transfer_syntax_find(SCU__UID_IMPLICIT_LE);
  assert_true(implicit->is_implicit_vr && !implicit->is_big_endian && !implicit->is_deflated);
  const scu__transfer_syntax *big = scu__transfer_syntax_find(SCU__UID_EXPLICIT_BE);
  assert_true(!big->is_implicit_vr && big->is_big_endian && big->is_retired);
  const scu__transfer_syntax *deflated = scu__transfer_syntax_find(SCU__UID_DEFLATED_EXPLICIT_LE);
  assert_true(deflated->is_deflated && !deflated->is_encapsulated);
  assert_false(scu__transfer_syntax_is_native(NULL));
  assert_false(scu__transfer_syntax_is_native(scu__transfer_syntax_find(SCU__UID_RLE)));
}

static void test_nearly_every_encoding_is_explicit_little_endian(void **state) {
  (void)state;
  for (size_t i = 0; i < scu__transfer_syntax_count(); i++) {
    const scu__transfer_syntax *syntax = scu__transfer_syntax_at(i);
    scu__encoding encoding = scu__transfer_syntax_encoding(syntax);
    bool is_papyrus = strcmp(syntax->uid, "1.2.840.10008.1.20") == 0; /* retired */
    assert_int_equal(encoding.is_implicit_vr, is_papyrus || strcmp(syntax->uid, SCU__UID_IMPLICIT_LE) == 0);
    assert_int_equal(encoding.is_big_endian, strcmp(syntax->uid, SCU__UID_EXPLICIT_BE) == 0);
  }
  scu__encoding private_one = scu__transfer_syntax_encoding(NULL);
  assert_false(private_one.is_implicit_vr || private_one.is_big_endian);
}

static void test_compressed_syntaxes_tell_loss_and_form(void **state) {
  (void)state;
  const scu__transfer_syntax *baseline = scu__transfer_syntax_find(SCU__UID_JPEG_BASELINE);
  assert_true(baseline->is_encapsulated && baseline->is_lossy);
  const scu__transfer_syntax *lossless = scu__transfer_syntax_find(SCU__UID_JPEG_LOSSLESS_SV1);
  assert_true(lossless->is_encapsulated && !lossless->may_be_lossy);
  const scu__transfer_syntax *j2k = scu__transfer_syntax_find_name("J2KI");
  assert_true(j2k->may_be_lossy && !j2k->is_lossy);
  const scu__transfer_syntax *jpip = scu__transfer_syntax_find_name("JPIPReferencedDeflate");
  assert_true(jpip->is_referenced && jpip->is_deflated);
  /* Deflated Image Frame: each frame is deflated, the dataset is not. */
  const scu__transfer_syntax *frames = scu__transfer_syntax_find_name("DEFLFRM");
  assert_true(frames->is_encapsulated && !frames->is_deflated);
  assert_false(scu__transfer_syntax_find_name("XMLEncoding")->is_for_datasets);
  assert_false(scu__transfer_syntax_find("1.2.840.10008.1.2.7.1")->is_for_datasets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_syntax_is_found_by_uid_and_every_name),
      cmocka_unit_test(test_names_match_in_any_case),
      cmocka_unit_test(test_the_four_native_syntaxes_differ_as_they_should),
      cmocka_unit_test(test_nearly_every_encoding_is_explicit_little_endian),
      cmocka_unit_test(test_compressed_syntaxes_tell_loss_and_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
