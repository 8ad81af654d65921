/* The node file: what is read, what is a fault, and that every fault names file and line (catalogue C06). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/node_options.h"
#include "support/failing_allocator.h"

static scu_result parse(const char *text, scu__nodes *nodes, scu_error *error) {
  scu__error_clear(error);
  return scu__nodes_parse(NULL, "nodes.ini", text, strlen(text), nodes, error);
}

static void test_nodes_and_self_are_read(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  assert_int_equal(parse("; ours\n[self]\naet = STATION 1\nport = 11113\n\n"
                         "[pacs]\naet=ARCHIVE\nhost = pacs.example.org ; in the cellar\n"
                         "[v6]\r\naet: V6\r\n  host: [::1]\r\n\tport: 4242\r\n"
                         "# behind glass\n[secure]\naet = S\nhost = s\ntls = yes\n",
                         &nodes, &error),
                   SCU_OK);
  assert_string_equal(nodes.self_ae.text, "STATION 1");
  assert_int_equal(nodes.self_port, 11113);
  assert_int_equal(nodes.count, 3);
  const scu__node *node = scu__nodes_find(&nodes, "pacs");
  assert_non_null(node);
  assert_string_equal(node->peer.ae.text, "ARCHIVE");
  assert_string_equal(node->peer.host, "pacs.example.org");
  assert_int_equal(node->peer.port, 104);
  assert_int_equal(node->line, 6);
  node = scu__nodes_find(&nodes, "v6");
  assert_string_equal(node->peer.host, "::1");
  assert_int_equal(node->peer.port, 4242);
  node = scu__nodes_find(&nodes, "secure");
  assert_true(node->peer.is_tls);
  assert_int_equal(node->peer.port, 2762);
  assert_null(scu__nodes_find(&nodes, "PACS"));
  assert_null(scu__nodes_find(&nodes, "self"));
  scu__nodes_free(&nodes);
}

static void test_an_empty_file_and_a_byte_order_mark_are_fine(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  assert_int_equal(parse("", &nodes, &error), SCU_OK);
  assert_int_equal(nodes.count, 0);
  scu__nodes_free(&nodes);
  assert_int_equal(parse("\xEF\xBB\xBF[a]\naet=A\nhost=h", &nodes, &error), SCU_OK);
  assert_int_equal(nodes.count, 1);
  scu__nodes_free(&nodes);
}

static void test_reserved_keys_are_kept(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  assert_int_equal(parse("[a]\naet=A\nhost=h\nmodel = study\ncomment=of the annex\n", &nodes, &error), SCU_OK);
  const scu__node *node = scu__nodes_find(&nodes, "a");
  assert_non_null(node->settings);
  assert_string_equal(node->settings->key, "comment");
  assert_string_equal(node->settings->value, "of the annex");
  assert_string_equal(node->settings->next->value, "study");
  scu__nodes_free(&nodes);
}

static void test_what_has_become_an_option_is_no_key_and_the_fault_says_which(void **state) {
  (void)state;
  static const char *const keys[][2] = {
      {"prefer", "retrieve-with"}, {"limit", "query-cap"}, {"relational", "extended-negotiation"}};
  for (size_t i = 0; i < 3; i++) {
    char text[64], reason[64], other[64];
    scu__nodes nodes;
    scu_error error;
    snprintf(text, sizeof text, "[a]\naet=A\nhost=h\n%s = yes\n", keys[i][0]);
    snprintf(reason, sizeof reason, ":4: unknown key '%s'", keys[i][0]);
    snprintf(other, sizeof other, "see %s in scu-nodes(5)", keys[i][1]);
    assert_int_equal(parse(text, &nodes, &error), SCU_ERROR_USAGE);
    assert_non_null(strstr(error.reason, reason));
    assert_string_equal(error.hint, other);
  }
}

static void test_options_of_a_node_are_kept_and_fill_what_is_not_set(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  assert_int_equal(
      parse("[a]\naet=A\nhost=h\nmax-pdu = 16384\nasync-window=8\npeer-associations=3\n"
            "timeout-connect=1\ntimeout-associate=2s\ntimeout-response=3m\ntimeout-idle=4.5\n"
            "timeout-release=5\ntimeout-retrieve=4h\ntimeout-turn=7\ntimeout-tcp=60\n"
            "move-grace=8\ncancel-wait=9\nretry-wait=10\ntimeout-commit=2h\ncommit-hold=11\n"
            "character-set=ISO_IR_100\nuids-per-request=1\nboth-roles=yes\nextended-negotiation=no\nquery-cap=500\n",
            &nodes, &error),
      SCU_OK);
  const scu__node *node = scu__nodes_find(&nodes, "a");
  scu__config config;
  assert_int_equal(scu__options_resolve_for(NULL, node, &config, &error), SCU_OK);
  assert_int_equal(config.max_pdu, 16384);
  assert_int_equal(config.async_window, 8);
  assert_int_equal(config.peer_associations, 3);
  assert_int_equal(config.timeout_connect_ms, 1000);
  assert_int_equal(config.timeout_associate_ms, 2000);
  assert_int_equal(config.timeout_response_ms, 180000);
  assert_int_equal(config.timeout_idle_ms, 4500);
  assert_int_equal(config.timeout_release_ms, 5000);
  assert_int_equal(config.timeout_retrieve_ms, 4 * 3600 * 1000);
  assert_int_equal(config.timeout_turn_ms, 7000);
  assert_int_equal(config.timeout_tcp_ms, 60000);
  assert_int_equal(config.move_grace_ms, 8000);
  assert_int_equal(config.cancel_wait_ms, 9000);
  assert_int_equal(config.retry_wait_ms, 10000);
  assert_int_equal(config.timeout_commit_ms, 2 * 3600 * 1000);
  assert_int_equal(config.commit_hold_ms, 11000);
  assert_string_equal(config.character_set, "ISO_IR 100");
  assert_int_equal(config.uids_per_request, 1);
  assert_true(config.both_roles);
  assert_int_equal(config.extended_bytes, 0);
  assert_int_equal(config.query_cap, 500);
  scu_options *options;
  assert_int_equal(scu_options_new(NULL, &options), SCU_OK);
  scu_options_set_integer(options, SCU_OPTION_ASYNC_WINDOW, 2);
  assert_int_equal(scu__options_resolve_for(options, node, &config, &error), SCU_OK);
  assert_int_equal(config.async_window, 2);
  assert_int_equal(config.peer_associations, 3);
  assert_false(scu_options_is_set(options, SCU_OPTION_PEER_ASSOCIATIONS));
  assert_int_equal(scu__options_resolve_for(options, NULL, &config, &error), SCU_OK);
  assert_int_equal(config.peer_associations, 100);
  assert_string_equal(config.character_set, "");
  assert_int_equal(config.uids_per_request, 256);
  assert_false(config.both_roles);
  assert_int_equal(config.extended_bytes, 7);
  scu_options_free(options);
  scu__nodes_free(&nodes);
}

static void test_no_memory_for_the_options_of_a_node_is_memory(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  assert_int_equal(parse("[a]\naet=A\nhost=h\nmax-pdu=16384\n", &nodes, &error), SCU_OK);
  for (size_t i = 0;; i++) {
    failing_allocator failing;
    scu_options *options = NULL;
    scu__config config;
    failing_allocator_init(&failing, i);
    scu_result result = scu_options_new(&failing.allocator, &options);
    if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, "STATION");
    if (result == SCU_OK) result = scu__options_resolve_for(options, &nodes.nodes[0], &config, &error);
    scu_options_free(options);
    assert_int_equal(failing.alive, 0);
    if (result == SCU_OK) {
      assert_int_equal(config.max_pdu, 16384);
      assert_true(i >= 4);
      break;
    }
    assert_int_equal(result, SCU_ERROR_MEMORY);
  }
  scu__nodes_free(&nodes);
}

/* All options that are a wait for the peer; a listener's are others. */
static void test_every_wait_may_be_the_node_s(void **state) {
  (void)state;
  for (size_t i = 0; scu_option_at(i); i++) {
    const struct scu_option_info *info = scu_option_at(i);
    scu_option found;
    if (info->kind != SCU_KIND_DURATION) continue;
    if (!scu__node_option_find(info->name, &found)) fail_msg("%s is no key of a node", info->name);
    assert_int_equal(found, info->option);
  }
}

static void test_a_value_that_no_option_takes_is_a_fault_of_its_line(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  assert_int_equal(parse("[a]\naet=A\nhost=h\nasync-window = 65\n", &nodes, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, ":4: async-window: must be between 1 and 64"));
  assert_int_equal(parse("[a]\naet=A\nhost=h\ncharacter-set = ISO_IR 7\n", &nodes, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, ":4: character-set: no character set of DICOM"));
  assert_int_equal(parse("[a]\naet=A\nhost=h\nuids-per-request = 257\n", &nodes, &error), SCU_ERROR_USAGE);
  assert_int_equal(parse("[a]\naet=A\nhost=h\nextended-negotiation = 8\n", &nodes, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, "is none of all|no|1|2"));
}

static void test_every_fault_names_file_and_line(void **state) {
  (void)state;
  static const struct {
    const char *text, *where;
  } bad[] = {
      {"aet=A\n", ":1:"},
      {"[a]\naet=A\nhost=h\n[b\n", ":4:"},
      {"[a]\naet=A\nhost=h\nnonsense\n", ":4:"},
      {"[a]\naet=A\n", ":1:"},
      {"\n\n[a]\nhost=h\n", ":3:"},
      {"[a]\naet=A\nhost=h\naet=B\n", ":4:"},
      {"[a]\naet=A\nhost=h\nhost=i\n", ":4:"},
      {"[a]\naet=A\nhost=h\nport=1\nport=2\n", ":5:"},
      {"[a]\naet=A\nhost=h\n[b]\naet=B\nhost=h\n[a]\naet=C\nhost=h\n", ":7:"},
      {"[a]\naet=A\nhost=h\n[a]\naet=A\nhost=h\n", ":4:"},
      {"[a]\naet=A\nhost=h\ncolour=red\n", ":4:"},
      {"[a]\naet=A\nhost=h\ninclude=nodes.ini\n", ":4:"},
      {"[a]\naet=A\nhost=h\nAET=A\n", ":4:"},
      {"[a]\naet=A\nhost=h\nport=0\n", ":4:"},
      {"[a]\naet=A\nhost=h\nport=65536\n", ":4:"},
      {"[a]\naet=A\nhost=h\nport=1e9\n", ":4:"},
      {"[a]\naet=A\nhost=h\nport=\n", ":4:"},
      {"[a]\naet=\nhost=h\n", ":2:"},
      {"[a]\naet=SEVENTEEN_LETTERS\nhost=h\n", ":2:"},
      {"[a]\naet=A\nhost=\n", ":3:"},
      {"[a]\naet=A\nhost=a b\n", ":3:"},
      {"[a]\naet=A\nhost=h\ntls=perhaps\n", ":4:"},
      {"[a@b]\naet=A\nhost=h\n", ":1:"},
      {"[]\naet=A\nhost=h\n", ":1:"},
      {"[self]\nhost=h\n", ":2:"},
      {"[self]\naet=A\naet=B\n", ":3:"},
      {"[a]\naet=A\nhost=\xFF\xFE\n", ":3:"},
      {"[a]\naet=A\nhost=h\ncomment=1\ncomment=2\n", ":5:"},
      {"[a]\naet=A\nhost=h\nmax-pdu=16384\nmax-pdu=16384\n", ":5:"},
      {"[a]\naet=A\nhost=h\npeer-associations=0\n", ":4:"},
      {"[a]\naet=A\nhost=h\npeer-associations=many\n", ":4:"},
      {"[a]\naet=A\nhost=h\nmax-associations=4\n", ":4:"}, /* a listener's option, and no node's */
      {"[a]\naet=A\nhost=h\ntimeout-retrieve=4d\n", ":4:"},
      {"[a]\naet=A\nhost=h\ntimeout-tcp=1\n", ":4:"},
      {"[a]\naet=A\nhost=h\nlisten-port=104\n", ":4:"},
      {"[0123456789012345678901234567890123456789012345678901234567890123456789]\naet=A\nhost=h\n", ":1:"},
      {"[a]\n0123456789012345678901234567890123456789012345678901234567890123456789=A\n", ":2:"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    scu__nodes nodes;
    scu_error error;
    char where[32];
    snprintf(where, sizeof where, "nodes.ini%s", bad[i].where);
    if (parse(bad[i].text, &nodes, &error) != SCU_ERROR_USAGE) fail_msg("row %zu was accepted", i);
    if (!strstr(error.reason, where)) fail_msg("row %zu: '%s' does not have %s", i, error.reason, where);
    assert_int_equal(nodes.count, 0);
    assert_null(nodes.nodes);
  }
}

static void test_a_nul_byte_is_named_by_line(void **state) {
  (void)state;
  static const char text[] = "[a]\naet=A\0B\nhost=h\n";
  scu__nodes nodes;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__nodes_parse(NULL, "n", text, sizeof text - 1, &nodes, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, "n:2:"));
}

static void test_endless_lines_and_files_are_refused(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  char *text = malloc(SCU__NODES_TEXT_MAX + 1);
  assert_non_null(text);
  memset(text, 'x', SCU__NODES_TEXT_MAX + 1);
  scu__error_clear(&error);
  assert_int_equal(scu__nodes_parse(NULL, "n", text, SCU__NODES_TEXT_MAX + 1, &nodes, &error), SCU_ERROR_LIMIT);
  scu__error_clear(&error);
  assert_int_equal(scu__nodes_parse(NULL, "n", text, SCU__NODES_TEXT_MAX, &nodes, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, "n:1:"));
  free(text);
}

static void test_the_number_of_nodes_is_bounded(void **state) {
  (void)state;
  enum { COUNT = SCU__NODES_MAX + 1, EACH = 40 };
  scu__nodes nodes;
  scu_error error;
  char *text = malloc(COUNT * EACH);
  size_t length = 0;
  assert_non_null(text);
  for (int i = 0; i < COUNT; i++) length += (size_t)snprintf(text + length, EACH, "[n%d]\naet=A\nhost=h\n", i);
  scu__error_clear(&error);
  assert_int_equal(scu__nodes_parse(NULL, "n", text, length, &nodes, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, "more than"));
  free(text);
}

/* Cut anywhere, the file is either whole nodes or a fault; never read past its end. */
static void test_every_truncation_is_sound(void **state) {
  (void)state;
  static const char text[] = "[self]\naet=S\n[a]\naet=A\nhost=[::1]\nport=104\ncomment=5\n[b]\naet=B\nhost=h\n";
  for (size_t length = 0; length < sizeof text; length++) {
    scu__nodes nodes;
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    scu_result result = scu__nodes_parse(NULL, "n", copy, length, &nodes, NULL);
    assert_true(result == SCU_OK || result == SCU_ERROR_USAGE);
    for (size_t i = 0; result == SCU_OK && i < nodes.count; i++) assert_true(nodes.nodes[i].peer.host[0] != 0);
    scu__nodes_free(&nodes);
    free(copy);
  }
}

static void test_no_memory_at_any_point_is_memory(void **state) {
  (void)state;
  static const char text[] = "[a]\naet=A\nhost=h\ncomment=5\nmax-pdu=16384\n[b]\naet=B\nhost=h\nmodel=x\n";
  for (size_t i = 0;; i++) {
    failing_allocator failing;
    scu__nodes nodes;
    failing_allocator_init(&failing, i);
    scu_result result = scu__nodes_parse(&failing.allocator, "n", text, sizeof text - 1, &nodes, NULL);
    scu__nodes_free(&nodes);
    assert_int_equal(failing.alive, 0);
    if (result == SCU_OK) {
      assert_true(i >= 3);
      return;
    }
    assert_int_equal(result, SCU_ERROR_MEMORY);
  }
}

static void test_a_name_resolves_to_its_peer_and_a_literal_to_itself(void **state) {
  (void)state;
  scu__nodes nodes;
  scu_error error;
  scu__peer peer;
  assert_int_equal(parse("[pacs]\naet=A\nhost=h\nport=5\n", &nodes, &error), SCU_OK);
  assert_int_equal(scu__peer_resolve(&nodes, "pacs", &peer, &error), SCU_OK);
  assert_int_equal(peer.port, 5);
  assert_int_equal(scu__peer_resolve(&nodes, "B@i:6", &peer, &error), SCU_OK);
  assert_string_equal(peer.host, "i");
  assert_int_equal(scu__peer_resolve(&nodes, "other", &peer, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(error.reason, "other"));
  scu__error_clear(&error);
  assert_int_equal(scu__peer_resolve(NULL, "pacs", &peer, &error), SCU_ERROR_USAGE);
  scu__nodes_free(&nodes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nodes_and_self_are_read),
      cmocka_unit_test(test_an_empty_file_and_a_byte_order_mark_are_fine),
      cmocka_unit_test(test_reserved_keys_are_kept),
      cmocka_unit_test(test_what_has_become_an_option_is_no_key_and_the_fault_says_which),
      cmocka_unit_test(test_options_of_a_node_are_kept_and_fill_what_is_not_set),
      cmocka_unit_test(test_no_memory_for_the_options_of_a_node_is_memory),
      cmocka_unit_test(test_every_wait_may_be_the_node_s),
      cmocka_unit_test(test_a_value_that_no_option_takes_is_a_fault_of_its_line),
      cmocka_unit_test(test_every_fault_names_file_and_line),
      cmocka_unit_test(test_a_nul_byte_is_named_by_line),
      cmocka_unit_test(test_endless_lines_and_files_are_refused),
      cmocka_unit_test(test_the_number_of_nodes_is_bounded),
      cmocka_unit_test(test_every_truncation_is_sound),
      cmocka_unit_test(test_no_memory_at_any_point_is_memory),
      cmocka_unit_test(test_a_name_resolves_to_its_peer_and_a_literal_to_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
