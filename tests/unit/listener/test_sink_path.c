/* The head of a dataset, read in any pieces, in every native encoding, with every oddity on the way. */
#include "../io/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "data/transfer_syntax.h"
#include "datasets.h"
#include "listener/sink_path.h"

static const dataset_parts usual = {.sop_class = "1.2.840.10008.5.1.4.1.1.2",
                                    .sop_instance = "1.2.3.4",
                                    .study = "1.2.3",
                                    .series = "1.2.3.1",
                                    .pixels = 100,
                                    .fill = 7};

static scu__head_scan *scan_of(const char *syntax, const uint8_t *bytes, size_t length, size_t piece) {
  scu__head_scan *scan = malloc(sizeof *scan);
  assert_int_equal(scu__head_scan_init(scan, syntax, NULL), SCU_OK);
  while (length > 0) {
    size_t n = length < piece ? length : piece;
    /* A block of its own, so that the sanitizer sees whoever keeps a pointer. */
    uint8_t *copy = malloc(n);
    memcpy(copy, bytes, n);
    scu__head_scan_feed(scan, copy, n);
    free(copy);
    bytes += n;
    length -= n;
  }
  return scan;
}

static void free_scan(scu__head_scan *scan) {
  scu__head_scan_free(scan);
  free(scan);
}

static void assert_folders(const scu__head_scan *scan, const char *first, const char *second) {
  char names[SCU__SCAN_FOLDERS][SCU__DOOR_NAME_MAX];
  size_t count = scu__head_scan_folders(scan, names);
  assert_int_equal(count, second ? 2 : 1);
  assert_string_equal(names[0], first);
  if (second) assert_string_equal(names[1], second);
}

static const struct {
  const char *uid;
  bool is_implicit_vr, is_big_endian;
} natives[] = {{SCU__UID_IMPLICIT_LE, true, false},
               {SCU__UID_EXPLICIT_LE, false, false},
               {SCU__UID_EXPLICIT_BE, false, true},
               {"1.2.3.4.5.private", false, false}};

static void test_uids_are_found_in_any_pieces_and_every_native_encoding(void **state) {
  (void)state;
  for (size_t n = 0; n < sizeof natives / sizeof *natives; n++) {
    scu__buffer bytes;
    scu__buffer_init(&bytes, NULL, 1 << 20);
    scu__encoding encoding = {natives[n].is_implicit_vr, natives[n].is_big_endian};
    put_dataset(&bytes, encoding, &usual);
    for (size_t piece = 1; piece <= bytes.length; piece++) {
      scu__head_scan *scan = scan_of(natives[n].uid, bytes.data, bytes.length, piece);
      assert_true(scan->is_done);
      assert_folders(scan, "1.2.3", "1.2.3.1");
      assert_true(scu__scanned_uid_agrees(&scan->sop_instance, "1.2.3.4"));
      assert_false(scu__scanned_uid_agrees(&scan->sop_instance, "1.2.3.5"));
      assert_true(scu__scanned_uid_agrees(&scan->sop_class, usual.sop_class));
      free_scan(scan);
    }
    scu__buffer_free(&bytes);
  }
}

static void test_a_deflated_dataset_is_inflated_on_the_way(void **state) {
  (void)state;
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  put_dataset(&bytes, SCU__EXPLICIT_LE, &usual);
  uint8_t squeezed[4096];
  scu__deflater *deflater;
  size_t length = bytes.length, got = 0, total = 0;
  const uint8_t *in = bytes.data;
  assert_int_equal(scu__deflater_new(NULL, &deflater), SCU_OK);
  scu_result result = SCU_OK;
  while (result == SCU_OK) {
    result = scu__deflater_run(deflater, &in, &length, true, squeezed + total, sizeof squeezed - total, &got, NULL);
    total += got;
  }
  assert_int_equal(result, SCU_END);
  scu__deflater_free(deflater);
  for (size_t piece = 1; piece <= total; piece += 3) {
    scu__head_scan *scan = scan_of(SCU__UID_DEFLATED_EXPLICIT_LE, squeezed, total, piece);
    assert_true(scan->is_done);
    assert_folders(scan, "1.2.3", "1.2.3.1");
    free_scan(scan);
  }
  scu__head_scan *scan = scan_of(SCU__UID_DEFLATED_EXPLICIT_LE, (const uint8_t *)"\xFF\xFFgarbage!", 10, 3);
  assert_true(scan->is_done); /* it cannot be read, so it names nothing */
  assert_folders(scan, "no-study", NULL);
  free_scan(scan);
  scu__buffer_free(&bytes);
}

static void test_missing_and_empty_uids_have_their_own_folders(void **state) {
  (void)state;
  static const struct {
    const char *study, *series, *first, *second;
  } cases[] = {{NULL, NULL, "no-study", NULL},
               {"", "", "no-study", NULL},
               {NULL, "1.2.3.1", "no-study", NULL},
               {"1.2.3", NULL, "1.2.3", "no-series"},
               {"1.2.3", "", "1.2.3", "no-series"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    dataset_parts parts = usual;
    parts.study = cases[i].study;
    parts.series = cases[i].series;
    scu__buffer bytes;
    scu__buffer_init(&bytes, NULL, 1 << 20);
    put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
    scu__head_scan *scan = scan_of(SCU__UID_EXPLICIT_LE, bytes.data, bytes.length, 5);
    assert_folders(scan, cases[i].first, cases[i].second);
    free_scan(scan);
    scu__buffer_free(&bytes);
  }
}

static void test_hostile_uids_become_derived_folders(void **state) {
  (void)state;
  static const char *const hostile[] = {"../../etc",
                                        "/abs",
                                        "..",
                                        "a\\b",
                                        "1..2",
                                        "\xE3\x81\x82",
                                        ("1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8"
                                         ".9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5")};
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    dataset_parts parts = usual;
    parts.study = parts.series = hostile[i];
    scu__buffer bytes;
    scu__buffer_init(&bytes, NULL, 1 << 20);
    put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
    scu__head_scan *scan = scan_of(SCU__UID_EXPLICIT_LE, bytes.data, bytes.length, 7);
    char names[SCU__SCAN_FOLDERS][SCU__DOOR_NAME_MAX];
    assert_int_equal(scu__head_scan_folders(scan, names), 2);
    assert_int_equal(strncmp(names[0], "uid-", 4), 0);
    assert_true(scu__path_component_safe(names[0]));
    assert_true(scu__path_component_safe(names[1]));
    free_scan(scan);
    scu__buffer_free(&bytes);
  }
}

static void test_uids_inside_sequences_and_long_private_values_do_not_count(void **state) {
  (void)state;
  scu__buffer bytes, item;
  scu__buffer_init(&bytes, NULL, 4 << 20);
  scu__buffer_init(&item, NULL, 1 << 20);
  put_uid(&item, SCU__EXPLICIT_LE, SCU_TAG(0x0020, 0x000D), "9.9.9");
  put_uid(&item, SCU__EXPLICIT_LE, SCU_TAG(0x0020, 0x000E), "9.9.9.9");
  put_uid(&bytes, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x0018), "1.2.3.4");
  put_header(&bytes, SCU__EXPLICIT_LE, SCU_TAG(0x0008, 0x1140), 'S', 'Q', 8 + item.length);
  put_header(&bytes, SCU__IMPLICIT_LE, SCU_TAG(0xFFFE, 0xE000), 0, 0, item.length);
  scu__put_bytes(&bytes, item.data, item.length);
  put_header(&bytes, SCU__EXPLICIT_LE, SCU_TAG(0x0019, 0x1010), 'O', 'B', 1500000);
  scu__put_fill(&bytes, 0x20, 1500000);
  put_uid(&bytes, SCU__EXPLICIT_LE, SCU_TAG(0x0020, 0x000D), "1.2.3");
  put_uid(&bytes, SCU__EXPLICIT_LE, SCU_TAG(0x0020, 0x000E), "1.2.3.1");
  assert_int_equal(scu__buffer_result(&bytes), SCU_OK);
  static const size_t pieces[] = {13, 4096, 131072, 4 << 20};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    scu__head_scan *scan = scan_of(SCU__UID_EXPLICIT_LE, bytes.data, bytes.length, pieces[i]);
    assert_folders(scan, "1.2.3", "1.2.3.1");
    assert_true(scan->is_done);
    free_scan(scan);
  }
  scu__buffer_free(&item);
  scu__buffer_free(&bytes);
}

static void test_every_truncation_is_harmless(void **state) {
  (void)state;
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  put_dataset(&bytes, SCU__EXPLICIT_LE, &usual);
  for (size_t length = 0; length < bytes.length; length++) {
    scu__head_scan *scan = scan_of(SCU__UID_EXPLICIT_LE, bytes.data, length, 11);
    char names[SCU__SCAN_FOLDERS][SCU__DOOR_NAME_MAX];
    size_t count = scu__head_scan_folders(scan, names);
    for (size_t i = 0; i < count; i++) assert_true(scu__path_component_safe(names[i]));
    free_scan(scan);
  }
  scu__buffer_free(&bytes);
}

static void test_garbage_of_any_kind_ends_the_scan_or_waits_for_more(void **state) {
  (void)state;
  uint32_t random = 1;
  for (int round = 0; round < 2000; round++) {
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) {
      random = random * 1664525u + 1013904223u;
      bytes[i] = (uint8_t)(random >> 24);
    }
    scu__head_scan *scan = scan_of(natives[round % 4].uid, bytes, sizeof bytes, (size_t)(round % 37) + 1);
    char names[SCU__SCAN_FOLDERS][SCU__DOOR_NAME_MAX];
    size_t count = scu__head_scan_folders(scan, names);
    for (size_t i = 0; i < count; i++) assert_true(scu__path_component_safe(names[i]));
    free_scan(scan);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_uids_are_found_in_any_pieces_and_every_native_encoding),
      cmocka_unit_test(test_a_deflated_dataset_is_inflated_on_the_way),
      cmocka_unit_test(test_missing_and_empty_uids_have_their_own_folders),
      cmocka_unit_test(test_hostile_uids_become_derived_folders),
      cmocka_unit_test(test_uids_inside_sequences_and_long_private_values_do_not_count),
      cmocka_unit_test(test_every_truncation_is_harmless),
      cmocka_unit_test(test_garbage_of_any_kind_ends_the_scan_or_waits_for_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
