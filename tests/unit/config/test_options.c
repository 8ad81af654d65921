/* The bag of options: every row of the table, every kind of setter, resolution, copying, no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/options.h"
#include "scu/version.h"
#include "support/failing_allocator.h"

static scu_options *fresh(void) {
  scu_options *options = NULL;
  assert_int_equal(scu_options_new(NULL, &options), SCU_OK);
  return options;
}

static void test_every_row_is_complete_and_its_default_is_accepted(void **state) {
  (void)state;
  scu_options *options = fresh();
  assert_true(scu_option_count() > 0);
  for (size_t i = 0; i < scu_option_count(); i++) {
    const struct scu_option_info *info = scu_option_at(i);
    assert_non_null(info->name);
    assert_non_null(info->help);
    assert_non_null(info->since);
    assert_int_equal(info->size, sizeof *info);
    assert_true(info->used_by != 0);
    assert_true(info->minimum <= info->maximum);
    assert_ptr_equal(scu_option_find(info->option), info);
    assert_ptr_equal(scu_option_find_name(info->name), info);
    if (i > 0) assert_true(info->option > scu_option_at(i - 1)->option);
    if (info->flag) assert_int_equal(info->argument_name == NULL, info->kind == SCU_KIND_BOOLEAN);
    if (!info->default_text) continue;
    assert_int_equal(scu_options_parse(options, info->option, info->default_text), SCU_OK);
    assert_true(scu_options_is_set(options, info->option));
  }
  assert_null(scu_option_at(scu_option_count()));
  assert_null(scu_option_find((scu_option)0));
  assert_null(scu_option_find_name("no-such-option"));
  scu_options_free(options);
}

static void test_names_and_flags_are_unique(void **state) {
  (void)state;
  for (size_t i = 0; i < scu_option_count(); i++)
    for (size_t k = 0; k < i; k++) {
      assert_string_not_equal(scu_option_at(i)->name, scu_option_at(k)->name);
      if (scu_option_at(i)->flag && scu_option_at(k)->flag)
        assert_string_not_equal(scu_option_at(i)->flag, scu_option_at(k)->flag);
    }
}

static void test_defaults_resolve_to_finite_values(void **state) {
  (void)state;
  scu__config config;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__options_resolve(NULL, &config, &error), SCU_OK);
  assert_string_equal(config.calling_ae.text, "SCU");
  assert_int_equal(config.max_pdu, 131072);
  assert_int_equal(config.listen_port, 11112);
  assert_int_equal(config.local_port, 0);
  assert_string_equal(config.listen_address, "");
  assert_string_equal(config.implementation_uid.text, SCU_IMPLEMENTATION_CLASS_UID);
  assert_string_equal(config.implementation_version, SCU_IMPLEMENTATION_VERSION_NAME);
  assert_int_equal(config.timeout_connect_ms, 10000);
  assert_int_equal(config.timeout_associate_ms, 10000);
  assert_int_equal(config.timeout_response_ms, 60000);
  assert_int_equal(config.timeout_idle_ms, 60000);
  assert_int_equal(config.timeout_release_ms, 10000);
  assert_int_equal(config.timeout_retrieve_ms, 600000);
  assert_int_equal(config.move_grace_ms, 5000);
  assert_int_equal(config.cancel_wait_ms, 5000);
  assert_false(config.allow_truncated);
  assert_int_equal(config.accept_from_count, 0);
  assert_int_equal(config.listen_max_associations, 100);
  assert_int_equal(config.peer_associations, 100);
  assert_int_equal(config.timeout_turn_ms, 3600000);
  assert_int_equal(config.timeout_tcp_ms, 120000);
  assert_int_equal(config.protocol_version, 1);
}

static void test_what_was_set_is_resolved(void **state) {
  (void)state;
  scu__config config;
  scu_options *options = fresh();
  scu_allocator allocator = {.size = sizeof allocator};
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_CALLING_AE, " STATION 1 "), SCU_OK);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_ACCEPT_FROM, "PACS, MODALITY 1"), SCU_OK);
  assert_int_equal(scu_options_set_integer(options, SCU_OPTION_MAX_PDU, 4096), SCU_OK);
  assert_int_equal(scu_options_set_integer(options, SCU_OPTION_LISTEN_PORT, 0), SCU_OK);
  assert_int_equal(scu_options_set_duration_ms(options, SCU_OPTION_MOVE_GRACE, 1), SCU_OK);
  assert_int_equal(scu_options_set_boolean(options, SCU_OPTION_ALLOW_TRUNCATED, true), SCU_OK);
  assert_int_equal(scu_options_set_pointer(options, SCU_OPTION_ALLOCATOR, &allocator), SCU_OK);
  assert_int_equal(scu__options_resolve(options, &config, NULL), SCU_OK);
  assert_string_equal(config.calling_ae.text, "STATION 1");
  assert_int_equal(config.accept_from_count, 2);
  assert_string_equal(config.accept_from[1].text, "MODALITY 1");
  assert_int_equal(config.max_pdu, 4096);
  assert_int_equal(config.listen_port, 0);
  assert_int_equal(config.move_grace_ms, 1);
  assert_true(config.allow_truncated);
  assert_ptr_equal(config.allocator, &allocator);
  scu_options_free(options);
}

static void test_a_choice_is_its_place_in_the_table(void **state) {
  (void)state;
  scu_options *options = fresh();
  static const char *const words[] = {"keep", "replace", "both"};
  assert_int_equal(scu__option_choice(NULL, SCU_OPTION_ON_DUPLICATE), 0);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(scu_options_set_text(options, SCU_OPTION_ON_DUPLICATE, words[i]), SCU_OK);
    assert_int_equal(scu__option_choice(options, SCU_OPTION_ON_DUPLICATE), i);
  }
  static const char *const wrong[] = {"", "kee", "keep|", "keep|replace", "|", "KEEPER", "boths"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    assert_int_equal(scu_options_set_text(options, SCU_OPTION_ON_DUPLICATE, wrong[i]), SCU_ERROR_USAGE);
  assert_int_equal(scu__option_choice(options, SCU_OPTION_ON_DUPLICATE), 2);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_ON_DUPLICATE, "RePLaCE"), SCU_OK);
  assert_int_equal(scu__option_choice(options, SCU_OPTION_ON_DUPLICATE), 1);
  assert_int_equal(scu__option_choice(options, SCU_OPTION_CALLING_AE), -1);
  assert_int_equal(scu__option_choice(options, SCU_OPTION_MAX_PDU), -1);
  assert_int_equal(scu__option_choice(options, (scu_option)9), -1);
  scu_options_free(options);
}

static void test_values_out_of_bounds_are_refused_and_the_old_ones_stay(void **state) {
  (void)state;
  static const struct {
    scu_option option;
    const char *text;
  } bad[] = {
      {SCU_OPTION_MAX_PDU, "0"},
      {SCU_OPTION_MAX_PDU, "4095"},
      {SCU_OPTION_MAX_PDU, "1048577"},
      {SCU_OPTION_MAX_PDU, "1e9"},
      {SCU_OPTION_MAX_PDU, ""},
      {SCU_OPTION_MAX_PDU, "16384 "},
      {SCU_OPTION_MAX_PDU, "99999999999999999999999"},
      {SCU_OPTION_LISTEN_PORT, "65536"},
      {SCU_OPTION_LISTEN_PORT, "-1"},
      {SCU_OPTION_LOCAL_PORT, "0x10"},
      {SCU_OPTION_TIMEOUT_CONNECT, "0"},
      {SCU_OPTION_TIMEOUT_CONNECT, "-1"},
      {SCU_OPTION_TIMEOUT_CONNECT, "1.2345"},
      {SCU_OPTION_TIMEOUT_CONNECT, "1."},
      {SCU_OPTION_TIMEOUT_CONNECT, "0.5ms"},
      {SCU_OPTION_TIMEOUT_CONNECT, "1,5"},
      {SCU_OPTION_TIMEOUT_CONNECT, "8000000"},
      {SCU_OPTION_TIMEOUT_CONNECT, "18446744073709551615h"},
      {SCU_OPTION_CALLING_AE, ""},
      {SCU_OPTION_CALLING_AE, "   "},
      {SCU_OPTION_CALLING_AE, "SEVENTEEN_LETTERS"},
      {SCU_OPTION_CALLING_AE, "A\\B"},
      {SCU_OPTION_CALLING_AE, "A\nB"},
      {SCU_OPTION_CALLING_AE, "\xC3\x84"},
      {SCU_OPTION_CALLING_AE, "\xFF"},
      {SCU_OPTION_IMPLEMENTATION_UID, "1.02"},
      {SCU_OPTION_IMPLEMENTATION_UID, "1..2"},
      {SCU_OPTION_IMPLEMENTATION_VERSION, "SEVENTEEN_LETTERS"},
      {SCU_OPTION_LAYOUT, "trees"},
      {SCU_OPTION_LAYOUT, "tree|flat"},
      {SCU_OPTION_LAYOUT, "fla"},
      {SCU_OPTION_LISTEN_ADDRESS, "a b"},
      {SCU_OPTION_ACCEPT_FROM, "A,,B"},
      {SCU_OPTION_ACCEPT_FROM, "A,"},
      {SCU_OPTION_ALLOW_TRUNCATED, "maybe"},
      {SCU_OPTION_LISTEN_MAX_ASSOCIATIONS, "0"},
  };
  scu_options *options = fresh();
  assert_int_equal(scu_options_set_integer(options, SCU_OPTION_MAX_PDU, 5000), SCU_OK);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (scu_options_parse(options, bad[i].option, bad[i].text) != SCU_ERROR_USAGE)
      fail_msg("row %zu ('%s') was accepted", i, bad[i].text);
    assert_int_equal(scu_error_result(scu_options_error(options)), SCU_ERROR_USAGE);
    assert_true(strlen(scu_error_reason(scu_options_error(options))) > 10);
  }
  int64_t kept = 0;
  assert_int_equal(scu_options_get_integer(options, SCU_OPTION_MAX_PDU, &kept), SCU_OK);
  assert_int_equal(kept, 5000);
  scu_options_free(options);
}

static void test_durations_are_seconds_or_have_a_unit(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t milliseconds;
  } good[] = {{"10", 10000},  {"0.5", 500},   {"1.25", 1250},  {"0.001", 1},    {"500ms", 500},
              {"10s", 10000}, {"2m", 120000}, {"1h", 3600000}, {"1.5m", 90000}, {"007", 7000}};
  scu_options *options = fresh();
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    uint64_t value = 0;
    assert_int_equal(scu_options_parse(options, SCU_OPTION_TIMEOUT_IDLE, good[i].text), SCU_OK);
    assert_int_equal(scu_options_get_duration_ms(options, SCU_OPTION_TIMEOUT_IDLE, &value), SCU_OK);
    assert_int_equal(value, good[i].milliseconds);
  }
  scu_options_free(options);
}

static void test_a_setter_of_the_wrong_kind_is_a_usage_error(void **state) {
  (void)state;
  scu_options *options = fresh();
  int64_t integer;
  const char *text;
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_MAX_PDU, "16384"), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_integer(options, SCU_OPTION_CALLING_AE, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_boolean(options, SCU_OPTION_LAYOUT, true), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_duration_ms(options, SCU_OPTION_MAX_PDU, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_pointer(options, SCU_OPTION_MAX_PDU, options), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_integer(options, (scu_option)999, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_parse(options, SCU_OPTION_ALLOCATOR, "x"), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_LAYOUT, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_get_integer(options, SCU_OPTION_LAYOUT, &integer), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_get_text(options, SCU_OPTION_MAX_PDU, &text), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_text(NULL, SCU_OPTION_LAYOUT, "flat"), SCU_ERROR_USAGE);
  scu_options_free(options);
}

static void test_reset_brings_the_default_back(void **state) {
  (void)state;
  scu_options *options = fresh();
  const char *text;
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_CALLING_AE, "ME"), SCU_OK);
  assert_int_equal(scu_options_reset(options, SCU_OPTION_CALLING_AE), SCU_OK);
  assert_false(scu_options_is_set(options, SCU_OPTION_CALLING_AE));
  assert_int_equal(scu_options_get_text(options, SCU_OPTION_CALLING_AE, &text), SCU_OK);
  assert_string_equal(text, "SCU");
  scu_options_free(options);
}

static void test_a_copy_is_a_bag_of_its_own(void **state) {
  (void)state;
  scu_options *options = fresh(), *copy = NULL;
  const char *text;
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_CALLING_AE, "ME"), SCU_OK);
  assert_int_equal(scu_options_copy(options, &copy), SCU_OK);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_CALLING_AE, "YOU"), SCU_OK);
  scu_options_free(options);
  assert_int_equal(scu_options_get_text(copy, SCU_OPTION_CALLING_AE, &text), SCU_OK);
  assert_string_equal(text, "ME");
  scu_options_free(copy);
  scu_options_free(NULL);
}

static void test_the_accept_list_has_a_bound(void **state) {
  (void)state;
  char text[3 * (SCU__ACCEPT_FROM_MAX + 1)] = "";
  scu__ae titles[SCU__ACCEPT_FROM_MAX];
  size_t count;
  for (size_t i = 0; i < SCU__ACCEPT_FROM_MAX; i++) strcat(text, i ? ",A" : "A");
  assert_int_equal(scu__accept_from_parse(text, titles, SCU__ACCEPT_FROM_MAX, &count, NULL), SCU_OK);
  assert_int_equal(count, SCU__ACCEPT_FROM_MAX);
  strcat(text, ",A");
  assert_int_equal(scu__accept_from_parse(text, titles, SCU__ACCEPT_FROM_MAX, &count, NULL), SCU_ERROR_USAGE);
}

static void test_self_of_a_node_file_fills_in_only_what_is_not_set(void **state) {
  (void)state;
  static const char text[] = "[self]\naet = STATION\nport = 4000\n";
  scu_options *options = fresh();
  const char *title;
  int64_t port;
  assert_int_equal(scu_options_set_integer(options, SCU_OPTION_LISTEN_PORT, 5000), SCU_OK);
  assert_int_equal(scu_options_apply_node_file(options, "nodes.ini", text, sizeof text - 1), SCU_OK);
  assert_int_equal(scu_options_get_text(options, SCU_OPTION_CALLING_AE, &title), SCU_OK);
  assert_string_equal(title, "STATION");
  assert_int_equal(scu_options_get_integer(options, SCU_OPTION_LISTEN_PORT, &port), SCU_OK);
  assert_int_equal(port, 5000);
  assert_int_equal(scu_options_apply_node_file(options, "nodes.ini", "[x\n", 3), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_options_error(options)), "nodes.ini:1:"));
  scu_options_free(options);
}

/* Every request for memory fails once; nothing leaks, and the answer is MEMORY. */
static void test_no_memory_at_any_point_is_memory(void **state) {
  (void)state;
  for (size_t i = 0;; i++) {
    failing_allocator failing;
    scu_options *options = NULL, *copy = NULL;
    failing_allocator_init(&failing, i);
    scu_result result = scu_options_new(&failing.allocator, &options);
    if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, "ME");
    if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_NODES_FILE, "/tmp/nodes");
    if (result == SCU_OK) result = scu_options_copy(options, &copy);
    scu_options_free(copy);
    scu_options_free(options);
    assert_int_equal(failing.alive, 0);
    if (result == SCU_OK) {
      assert_true(i >= 6);
      return;
    }
    assert_int_equal(result, SCU_ERROR_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_row_is_complete_and_its_default_is_accepted),
      cmocka_unit_test(test_names_and_flags_are_unique),
      cmocka_unit_test(test_defaults_resolve_to_finite_values),
      cmocka_unit_test(test_what_was_set_is_resolved),
      cmocka_unit_test(test_a_choice_is_its_place_in_the_table),
      cmocka_unit_test(test_values_out_of_bounds_are_refused_and_the_old_ones_stay),
      cmocka_unit_test(test_durations_are_seconds_or_have_a_unit),
      cmocka_unit_test(test_a_setter_of_the_wrong_kind_is_a_usage_error),
      cmocka_unit_test(test_reset_brings_the_default_back),
      cmocka_unit_test(test_a_copy_is_a_bag_of_its_own),
      cmocka_unit_test(test_the_accept_list_has_a_bound),
      cmocka_unit_test(test_self_of_a_node_file_fills_in_only_what_is_not_set),
      cmocka_unit_test(test_no_memory_at_any_point_is_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
