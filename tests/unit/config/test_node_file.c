/* The node file in memory (scu/nodes.h): what is listed, that an edit changes what it says and nothing else, and that
 * no edit makes a file that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/node_options.h"
#include "scu/nodes.h"
#include "support/failing_allocator.h"

static scu_nodes *opened(const char *text) {
  scu_nodes *nodes;
  scu_result result = scu_nodes_read(NULL, "nodes.ini", text, strlen(text), &nodes);
  if (result != SCU_OK) fail_msg("%s", scu_error_reason(scu_nodes_error(nodes)));
  return nodes;
}

static void check_text(const scu_nodes *nodes, const char *expected) {
  size_t length;
  const char *text = scu_nodes_text(nodes, &length);
  assert_int_equal(length, strlen(expected));
  assert_memory_equal(text, expected, length);
}

static void close_with(scu_nodes *nodes, const char *expected) {
  check_text(nodes, expected);
  scu_nodes_free(nodes);
}

static void test_nodes_are_listed_in_the_order_of_the_file(void **state) {
  (void)state;
  scu_nodes *nodes =
      opened("[self]\naet=ME\nport=11113\n[b]\naet = B 1\nhost = [::1]\ntls = yes\n"
             "[a]\nasync-window = 1\naet = A\ncomment = in the cellar\nhost = h\nport = 4242\nuser = x\n");
  char peer[320];
  assert_string_equal(scu_nodes_self_ae(nodes), "ME");
  assert_int_equal(scu_nodes_self_port(nodes), 11113);
  assert_int_equal(scu_nodes_count(nodes), 2);
  const scu_node *b = scu_nodes_at(nodes, 0), *a = scu_nodes_at(nodes, 1);
  assert_null(scu_nodes_at(nodes, 2));
  assert_string_equal(scu_node_name(b), "b");
  assert_string_equal(scu_node_ae(b), "B 1");
  assert_string_equal(scu_node_host(b), "::1");
  assert_int_equal(scu_node_port(b), 2762);
  assert_true(scu_node_is_tls(b));
  assert_int_equal(scu_node_line(b), 4);
  assert_int_equal(scu_node_setting_count(b), 0);
  scu_node_peer(b, peer, sizeof peer);
  assert_string_equal(peer, "scus://B 1@[::1]:2762");
  assert_ptr_equal(scu_nodes_find(nodes, "a"), a);
  assert_null(scu_nodes_find(nodes, "self"));
  assert_int_equal(scu_node_setting_count(a), 3);
  assert_string_equal(scu_node_setting_key(a, 0), "async-window");
  assert_string_equal(scu_node_setting_value(a, 0), "1");
  assert_string_equal(scu_node_setting_key(a, 1), "comment");
  assert_string_equal(scu_node_setting_value(a, 1), "in the cellar");
  assert_string_equal(scu_node_setting_key(a, 2), "user");
  assert_null(scu_node_setting_key(a, 3));
  assert_null(scu_node_setting_value(a, 3));
  scu_nodes_free(nodes);
}

static void test_a_file_that_cannot_be_read_says_where_and_takes_no_edit(void **state) {
  (void)state;
  scu_nodes *nodes;
  const char text[] = "[a]\naet = A\nhost = h\nwhat = 1\n";
  assert_int_equal(scu_nodes_read(NULL, "nodes.ini", text, sizeof text - 1, &nodes), SCU_ERROR_USAGE);
  assert_int_equal(scu_nodes_count(nodes), 0);
  assert_int_equal(scu_nodes_add(nodes, "b", "B@h"), SCU_ERROR_USAGE);
  assert_int_equal(scu_nodes_set(nodes, "a", "port", "1"), SCU_ERROR_USAGE);
  assert_int_equal(scu_nodes_unset(nodes, "a", "port"), SCU_ERROR_USAGE);
  assert_int_equal(scu_nodes_remove(nodes, "a"), SCU_ERROR_USAGE);
  assert_string_equal(scu_error_reason(scu_nodes_error(nodes)), "nodes.ini:4: unknown key 'what'");
  close_with(nodes, "");
}

static void test_the_first_node_and_the_next_ones_come_at_the_end(void **state) {
  (void)state;
  scu_nodes *nodes = opened("");
  assert_int_equal(scu_nodes_add(nodes, "pacs", "ARCHIVE@pacs.example.org:104"), SCU_OK);
  assert_int_equal(scu_nodes_add(nodes, "v6", "scus://V%206@[::1]"), SCU_OK);
  assert_int_equal(scu_nodes_count(nodes), 2);
  close_with(nodes, "[pacs]\naet = ARCHIVE\nhost = pacs.example.org\nport = 104\n\n"
                    "[v6]\naet = V 6\nhost = ::1\nport = 2762\ntls = yes\n");
  nodes = opened("[a]\r\naet=A\r\nhost=h"); /* its last line has no end; lines end as those of the file */
  assert_int_equal(scu_nodes_add(nodes, "b", "B@h:1"), SCU_OK);
  close_with(nodes, "[a]\r\naet=A\r\nhost=h\r\n\r\n[b]\r\naet = B\r\nhost = h\r\nport = 1\r\n");
  nodes = opened("# ours\n\n");
  assert_int_equal(scu_nodes_add(nodes, "b", "B@h:1"), SCU_OK);
  close_with(nodes, "# ours\n\n[b]\naet = B\nhost = h\nport = 1\n");
}

#define MANY                                                                                                           \
  "\xEF\xBB\xBF; ours\r\n[self]\r\naet = ME\r\n\r\n# the big one\r\n[pacs]\r\n\taet: A\r\n\thost = h ; in the "        \
  "cellar\r\n"                                                                                                         \
  "\t; slow\r\n\ttimeout-retrieve=4h\t\r\n# of [pacs], or not\r\n\r\n# the other\r\n  [b]\r\naet = B\r\nhost = "       \
  "i\r\n\r\n# end"

static void test_a_value_changes_in_its_place(void **state) {
  (void)state;
  scu_nodes *nodes = opened(MANY);
  assert_int_equal(scu_nodes_set(nodes, "pacs", "aet", "ARCHIVE"), SCU_OK);
  assert_int_equal(scu_nodes_set(nodes, "pacs", "host", "10.0.0.5"), SCU_OK);
  assert_int_equal(scu_nodes_set(nodes, "pacs", "timeout-retrieve", "30m"), SCU_OK);
  assert_int_equal(scu_nodes_set(nodes, "self", "aet", "YOU"), SCU_OK);
  assert_string_equal(scu_node_host(scu_nodes_find(nodes, "pacs")), "10.0.0.5");
  assert_string_equal(scu_nodes_self_ae(nodes), "YOU");
  close_with(nodes,
             "\xEF\xBB\xBF; ours\r\n[self]\r\naet = YOU\r\n\r\n# the big one\r\n[pacs]\r\n\taet: ARCHIVE\r\n"
             "\thost = 10.0.0.5 ; in the cellar\r\n\t; slow\r\n\ttimeout-retrieve=30m\t\r\n# of [pacs], or not\r\n"
             "\r\n# the other\r\n  [b]\r\naet = B\r\nhost = i\r\n\r\n# end");
  nodes = opened("[a]\naet=A\nhost=h\ncharacter-set = ; not known\n"); /* the comment stays one */
  assert_int_equal(scu_nodes_set(nodes, "a", "character-set", "ISO_IR 100"), SCU_OK);
  close_with(nodes, "[a]\naet=A\nhost=h\ncharacter-set = ISO_IR 100 ; not known\n");
}

static void test_a_new_key_comes_behind_the_last_of_its_section(void **state) {
  (void)state;
  scu_nodes *nodes = opened(MANY);
  assert_int_equal(scu_nodes_set(nodes, "pacs", "async-window", "1"), SCU_OK);
  assert_int_equal(scu_nodes_set(nodes, "b", "port", "11112"), SCU_OK);
  close_with(nodes,
             "\xEF\xBB\xBF; ours\r\n[self]\r\naet = ME\r\n\r\n# the big one\r\n[pacs]\r\n\taet: A\r\n"
             "\thost = h ; in the cellar\r\n\t; slow\r\n\ttimeout-retrieve=4h\t\r\n\tasync-window = 1\r\n"
             "# of [pacs], or not\r\n\r\n# the other\r\n  [b]\r\naet = B\r\nhost = i\r\nport = 11112\r\n\r\n# end");
  nodes = opened("[a]\naet=A\nhost=h");
  assert_int_equal(scu_nodes_set(nodes, "a", "port", "1"), SCU_OK);
  close_with(nodes, "[a]\naet=A\nhost=h\nport = 1\n");
}

static void test_a_key_goes_with_its_line(void **state) {
  (void)state;
  scu_nodes *nodes = opened("[a]\naet=A\nhost=h\n port = 11112 ; odd\n; end\n[b]\naet=B\nport=1\nhost=h");
  assert_int_equal(scu_nodes_unset(nodes, "a", "port"), SCU_OK);
  assert_int_equal(scu_nodes_unset(nodes, "a", "port"), SCU_OK); /* not there: as wanted */
  assert_int_equal(scu_node_port(scu_nodes_find(nodes, "a")), 104);
  assert_int_equal(scu_nodes_unset(nodes, "a", "aet"), SCU_ERROR_USAGE);
  assert_string_equal(scu_error_reason(scu_nodes_error(nodes)), "nodes.ini:1: node 'a' has no aet");
  assert_int_equal(scu_nodes_unset(nodes, "c", "port"), SCU_ERROR_USAGE);
  close_with(nodes, "[a]\naet=A\nhost=h\n; end\n[b]\naet=B\nport=1\nhost=h");
}

static void test_we_may_be_named_before_anybody_else(void **state) {
  (void)state;
  scu_nodes *nodes = opened("");
  assert_int_equal(scu_nodes_set(nodes, "self", "aet", "ME"), SCU_OK);
  assert_int_equal(scu_nodes_set(nodes, "self", "port", "11113"), SCU_OK);
  check_text(nodes, "[self]\naet = ME\nport = 11113\n");
  assert_int_equal(scu_nodes_set(nodes, "self", "max-pdu", "16384"), SCU_ERROR_USAGE);
  assert_int_equal(scu_nodes_unset(nodes, "self", "port"), SCU_OK);
  close_with(nodes, "[self]\naet = ME\n");
  nodes = opened("\xEF\xBB\xBF# ours\r\n[a]\r\naet=A\r\nhost=h\r\n");
  assert_int_equal(scu_nodes_set(nodes, "self", "port", "1"), SCU_OK);
  close_with(nodes, "\xEF\xBB\xBF[self]\r\nport = 1\r\n\r\n# ours\r\n[a]\r\naet=A\r\nhost=h\r\n");
}

static void test_a_node_goes_with_its_lines_and_nothing_else(void **state) {
  (void)state;
  scu_nodes *nodes = opened(MANY);
  assert_int_equal(scu_nodes_remove(nodes, "pacs"), SCU_OK);
  assert_null(scu_nodes_find(nodes, "pacs"));
  check_text(nodes, "\xEF\xBB\xBF; ours\r\n[self]\r\naet = ME\r\n\r\n# the big one\r\n# of [pacs], or not\r\n\r\n"
                    "# the other\r\n  [b]\r\naet = B\r\nhost = i\r\n\r\n# end");
  assert_int_equal(scu_nodes_remove(nodes, "b"), SCU_OK);
  close_with(nodes, "\xEF\xBB\xBF; ours\r\n[self]\r\naet = ME\r\n\r\n# the big one\r\n# of [pacs], or not\r\n\r\n"
                    "# the other\r\n# end");
  nodes = opened("\xEF\xBB\xBF[a]\naet=A\nhost=h\n\n\n[b]\naet=B\nhost=h\n");
  assert_int_equal(scu_nodes_remove(nodes, "a"), SCU_OK);
  assert_int_equal(scu_nodes_remove(nodes, "self"), SCU_ERROR_USAGE);
  check_text(nodes, "\xEF\xBB\xBF[b]\naet=B\nhost=h\n");
  assert_int_equal(scu_nodes_add(nodes, "c", "C@h:1"), SCU_OK);
  assert_int_equal(scu_nodes_remove(nodes, "c"), SCU_OK);
  check_text(nodes, "\xEF\xBB\xBF[b]\naet=B\nhost=h\n");
  assert_int_equal(scu_nodes_remove(nodes, "c"), SCU_ERROR_USAGE);
  assert_string_equal(scu_error_reason(scu_nodes_error(nodes)), "nodes.ini: there is no node 'c'");
  assert_int_equal(scu_nodes_remove(nodes, "b"), SCU_OK);
  close_with(nodes, "\xEF\xBB\xBF");
}

/* The parser takes it for one node: a section is where its keys are. */
static void test_a_name_over_nothing_is_a_fault(void **state) {
  (void)state;
  static const char *const texts[] = {"[a]\n[b]\naet=B\nhost=h\n", "[a]\n[a]\naet=A\nhost=h\n", "[a]",
                                      " [a]\n[self]\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    scu_nodes *nodes;
    assert_int_equal(scu_nodes_read(NULL, "nodes.ini", texts[i], strlen(texts[i]), &nodes), SCU_ERROR_USAGE);
    assert_string_equal(scu_error_reason(scu_nodes_error(nodes)), "nodes.ini:1: node 'a' has no aet");
    scu_nodes_free(nodes);
  }
}

/* What is set goes where the keys are. */
static void test_self_may_stand_over_nothing(void **state) {
  (void)state;
  scu_nodes *nodes = opened("[self]\n[b]\naet=B\nhost=h\n[self]\naet=A\n");
  assert_int_equal(scu_nodes_count(nodes), 1);
  assert_int_equal(scu_nodes_set(nodes, "self", "port", "1"), SCU_OK);
  close_with(nodes, "[self]\n[b]\naet=B\nhost=h\n[self]\naet=A\nport = 1\n");
}

static void test_what_could_not_be_read_is_not_written(void **state) {
  (void)state;
  static const struct {
    const char *name, *peer, *reason;
  } adds[] = {{"a", "B@h", "nodes.ini:1: node 'a' is there already"},
              {"self", "B@h", "[self] is ourselves"},
              {"", "B@h", "name must not be empty"},
              {"b@c", "B@h", "nor have @"},
              {"b]c", "B@h", "a name has no ]"},
              {"b ;c", "B@h", "a name has no ], no ;"},
              {"b\nhost = x", "B@h", "control characters"},
              {"b", "h", "no @ between"},
              {"b", "B;C@h:0", "port"},
              {"b", "B ;C@h", "cannot be written"},
              {"a name of fifty bytes is longer than a node's name", "B@h", "longer than 48 bytes"}};
  static const struct {
    const char *name, *key, *value, *reason;
  } sets[] = {{"b", "port", "1", "there is no node 'b'"},
              {"a", "port", "0", "nodes.ini:5: port must be a number"},
              {"a", "what", "1", "nodes.ini:5: unknown key 'what'"},
              {"a", "passcode", "secret", "nodes.ini:5: no passcode stands in a node file"},
              {"a", "comment", "a ; b", "cannot be written"},
              {"a", "comment", " a", "cannot be written"},
              {"a", "comment", "a\n[b]", "control characters"},
              {"a", "comment:", "a", "small letters"},
              {"a", "[b]", "a", "small letters"},
              {"a", "", "a", "small letters"},
              {"a", "aet", "A\\B", "AE title"},
              {"a", "host", "", "host is empty"},
              {"a", "async-window", "65", "nodes.ini:5: async-window: must be between"},
              {"self", "host", "h", "[self] has aet and port"}};
  static const char text[] = "[a]\naet=A\nhost=h\nmax-pdu = 16384\n";
  scu_nodes *nodes = opened(text);
  for (size_t i = 0; i < sizeof adds / sizeof *adds; i++) {
    assert_int_equal(scu_nodes_add(nodes, adds[i].name, adds[i].peer), SCU_ERROR_USAGE);
    const char *reason = scu_error_reason(scu_nodes_error(nodes));
    if (!strstr(reason, adds[i].reason)) fail_msg("%s %s: %s", adds[i].name, adds[i].peer, reason);
  }
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    assert_int_equal(scu_nodes_set(nodes, sets[i].name, sets[i].key, sets[i].value), SCU_ERROR_USAGE);
    const char *reason = scu_error_reason(scu_nodes_error(nodes));
    if (!strstr(reason, sets[i].reason)) fail_msg("%s=%s: %s", sets[i].key, sets[i].value, reason);
    assert_null(strstr(reason, "secret"));
  }
  assert_int_equal(scu_nodes_count(nodes), 1);
  close_with(nodes, text);
}

static void test_an_option_is_a_key_where_it_is_said_to_be_one(void **state) {
  (void)state;
  size_t keys = 0;
  for (size_t i = 0; scu_option_at(i); i++) {
    const struct scu_option_info *info = scu_option_at(i);
    scu_option found;
    assert_int_equal(scu_nodes_have_option(info->option), scu__node_option_find(info->name, &found));
    keys += scu_nodes_have_option(info->option);
  }
  assert_true(keys > 20);
  assert_true(scu_nodes_have_option(SCU_OPTION_MAX_PDU));
  assert_false(scu_nodes_have_option(SCU_OPTION_LAYOUT));
  assert_false(scu_nodes_have_option((scu_option)9999));
}

static void test_the_file_stays_within_its_bound(void **state) {
  (void)state;
  size_t length = 1024 * 1024 - 8;
  char *text = malloc(length + 64);
  assert_non_null(text);
  for (size_t i = 0; i < length; i++) text[i] = i % 64 == 0 ? '\n' : '#';
  scu_nodes *nodes;
  assert_int_equal(scu_nodes_read(NULL, "n", text, length, &nodes), SCU_OK);
  assert_int_equal(scu_nodes_add(nodes, "b", "B@h"), SCU_ERROR_LIMIT);
  assert_non_null(strstr(scu_error_reason(scu_nodes_error(nodes)), "1 MiB"));
  scu_nodes_free(nodes);
  memset(text + length, '#', 64);
  assert_int_equal(scu_nodes_read(NULL, "n", text, length + 64, &nodes), SCU_ERROR_LIMIT);
  scu_nodes_free(nodes);
  free(text);
}

static void test_no_memory_at_any_point_leaves_what_was_there(void **state) {
  (void)state;
  static const char text[] = "[a]\naet=A\nhost=h\n";
  for (size_t i = 0;; i++) {
    failing_allocator failing;
    scu_nodes *nodes;
    failing_allocator_init(&failing, i);
    scu_result result = scu_nodes_read(&failing.allocator, "n", text, sizeof text - 1, &nodes);
    const char *expected = text;
    if (result == SCU_OK) {
      result = scu_nodes_add(nodes, "b", "B@h:1");
      if (result == SCU_OK) expected = "[a]\naet=A\nhost=h\n\n[b]\naet = B\nhost = h\nport = 1\n";
      if (result == SCU_OK) result = scu_nodes_set(nodes, "b", "max-pdu", "16384");
      if (result == SCU_OK) expected = "[a]\naet=A\nhost=h\n\n[b]\naet = B\nhost = h\nport = 1\nmax-pdu = 16384\n";
      if (result == SCU_OK) result = scu_nodes_remove(nodes, "a");
      if (result == SCU_OK) expected = "[b]\naet = B\nhost = h\nport = 1\nmax-pdu = 16384\n";
      if (result == SCU_OK) result = scu_nodes_set(nodes, "self", "aet", "ME");
      if (result == SCU_OK) expected = "[self]\naet = ME\n\n[b]\naet = B\nhost = h\nport = 1\nmax-pdu = 16384\n";
      check_text(nodes, expected);
    }
    scu_nodes_free(nodes);
    assert_int_equal(failing.alive, 0);
    if (result == SCU_OK) {
      assert_true(i >= 8);
      return;
    }
    assert_int_equal(result, SCU_ERROR_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nodes_are_listed_in_the_order_of_the_file),
      cmocka_unit_test(test_a_file_that_cannot_be_read_says_where_and_takes_no_edit),
      cmocka_unit_test(test_the_first_node_and_the_next_ones_come_at_the_end),
      cmocka_unit_test(test_a_value_changes_in_its_place),
      cmocka_unit_test(test_a_new_key_comes_behind_the_last_of_its_section),
      cmocka_unit_test(test_a_key_goes_with_its_line),
      cmocka_unit_test(test_we_may_be_named_before_anybody_else),
      cmocka_unit_test(test_a_node_goes_with_its_lines_and_nothing_else),
      cmocka_unit_test(test_a_name_over_nothing_is_a_fault),
      cmocka_unit_test(test_self_may_stand_over_nothing),
      cmocka_unit_test(test_what_could_not_be_read_is_not_written),
      cmocka_unit_test(test_an_option_is_a_key_where_it_is_said_to_be_one),
      cmocka_unit_test(test_the_file_stays_within_its_bound),
      cmocka_unit_test(test_no_memory_at_any_point_leaves_what_was_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
