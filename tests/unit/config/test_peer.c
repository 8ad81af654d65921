/* Peer syntax (RULES 35): what is a peer, what is not, and that what is written is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/peer.h"

static void test_peers_are_read(void **state) {
  (void)state;
  static const struct {
    const char *text, *ae, *host;
    uint16_t port;
    bool is_tls;
  } good[] = {
      {"PACS@host:11112", "PACS", "host", 11112, false},
      {"PACS@host", "PACS", "host", 104, false},
      {"scu://PACS@host", "PACS", "host", 104, false},
      {"scu://PACS@host:1/", "PACS", "host", 1, false},
      {"scus://PACS@host", "PACS", "host", 2762, true},
      {"scus://PACS@host:65535", "PACS", "host", 65535, true},
      {"PACS@10.1.2.3:104", "PACS", "10.1.2.3", 104, false},
      {"PACS@[::1]:4242", "PACS", "::1", 4242, false},
      {"PACS@[fe80::1%25eth0]", "PACS", "fe80::1%eth0", 104, false},
      {"A@B@host:104", "A@B", "host", 104, false},
      {"A%40B@host:104", "A@B", "host", 104, false},
      {"MY%20PACS@host", "MY PACS", "host", 104, false},
      {"MY PACS@host", "MY PACS", "host", 104, false},
      {"  PACS @host", "PACS", "host", 104, false},
      {"pacs@host", "pacs", "host", 104, false},
      {"SIXTEEN_LETTERS_@host", "SIXTEEN_LETTERS_", "host", 104, false},
      {"%41%42@host", "AB", "host", 104, false},
      {"x://y@host", "x://y", "host", 0, false},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    scu__peer peer;
    scu_error error;
    scu__error_clear(&error);
    scu_result result = scu__peer_parse(good[i].text, &peer, &error);
    if (good[i].port == 0) { /* a scheme that is not ours */
      assert_int_equal(result, SCU_ERROR_USAGE);
      continue;
    }
    if (result != SCU_OK) fail_msg("'%s': %s", good[i].text, error.reason);
    assert_true(scu__peer_is_literal(good[i].text));
    assert_string_equal(peer.ae.text, good[i].ae);
    assert_string_equal(peer.host, good[i].host);
    assert_int_equal(peer.port, good[i].port);
    assert_int_equal(peer.is_tls, good[i].is_tls);
  }
}

static void test_what_is_no_peer_is_a_usage_error_with_a_hint(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      "host",
      "host:104",
      "@host",
      "   @host",
      "PACS@",
      "PACS@:104",
      "PACS@host:",
      "PACS@host:0",
      "PACS@host:65536",
      "PACS@host:-1",
      "PACS@host:1e3",
      "PACS@host:104x",
      "PACS@host: 104",
      "PACS@::1",
      "PACS@[::1",
      "PACS@[::1]x",
      "PACS@[::1]:",
      "PACS@[host]:104",
      "A%4@host",
      "A%ZZ@host",
      "A%00B@host",
      "A\\B@host",
      "A\nB@host",
      "SEVENTEEN_LETTERS@host",
      "\xC3\x84@host",
      "PACS@h st",
      "PACS@h/st",
      "http://PACS@host",
      "scu://host:104",
      "PACS@[]:104",
      "PACS@h\xC3\xB6st",
      "PACS@host:104/",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    scu__peer peer;
    scu_error error;
    scu__error_clear(&error);
    if (scu__peer_parse(bad[i], &peer, &error) != SCU_ERROR_USAGE) fail_msg("'%s' was accepted", bad[i]);
    assert_true(error.reason[0] != 0 && error.hint[0] != 0);
    assert_int_equal(error.phase, SCU_PHASE_USAGE);
  }
}

static void test_a_host_of_any_length_is_bounded(void **state) {
  (void)state;
  char text[2 * SCU__HOST_MAX + 8];
  for (size_t length = 1; length < 2 * SCU__HOST_MAX; length++) {
    scu__peer peer;
    memcpy(text, "A@", 2);
    memset(text + 2, 'h', length);
    text[2 + length] = 0;
    scu_result result = scu__peer_parse(text, &peer, NULL);
    assert_int_equal(result, length < SCU__HOST_MAX ? SCU_OK : SCU_ERROR_USAGE);
  }
}

static void test_what_is_formatted_is_read_back_the_same(void **state) {
  (void)state;
  static const char *const texts[] = {"PACS@host:104", "A%40B@host:1",  "scus://PACS@host:2762",  "PACS@[::1]:4242",
                                      "A%25B@host:9",  "A:B/C@host:80", "PACS@[fe80::1%25eth0]:1"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    scu__peer first, second;
    char text[SCU__PEER_FORMAT_MAX];
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    assert_int_equal(scu__peer_parse(texts[i], &first, NULL), SCU_OK);
    scu__peer_format(&first, text, sizeof text);
    assert_int_equal(scu__peer_parse(text, &second, NULL), SCU_OK);
    assert_string_equal(first.ae.text, second.ae.text);
    assert_string_equal(first.host, second.host);
    assert_int_equal(first.port, second.port);
    assert_int_equal(first.is_tls, second.is_tls);
  }
}

static void test_every_byte_of_a_title_survives_formatting(void **state) {
  (void)state;
  for (int byte = 0x21; byte < 0x7F; byte++) {
    scu__peer first = {.host = "host", .port = 104}, second;
    char text[SCU__PEER_FORMAT_MAX], title[4] = {'A', (char)byte, 'B', 0};
    if (byte == '\\') continue;
    assert_true(scu__ae_from_text(&first.ae, title));
    scu__peer_format(&first, text, sizeof text);
    if (scu__peer_parse(text, &second, NULL) != SCU_OK) fail_msg("'%s' is not read back", text);
    assert_string_equal(second.ae.text, title);
  }
}

static void test_formatting_stays_in_its_room(void **state) {
  (void)state;
  scu__peer peer = {.host = "::1", .port = 65535, .is_tls = true};
  assert_true(scu__ae_from_text(&peer.ae, "%%%%"));
  for (size_t room = 1; room < 64; room++) {
    char text[80];
    memset(text, 'x', sizeof text);
    scu__peer_format(&peer, text, room);
    assert_true(strlen(text) < room);
    for (size_t i = room; i < sizeof text; i++) assert_int_equal(text[i], 'x');
  }
}

static void test_tls_is_said_to_be_unsupported(void **state) {
  (void)state;
  scu__peer peer;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__peer_parse("scus://PACS@host", &peer, &error), SCU_OK);
  assert_int_equal(scu__peer_check_supported(&peer, &error), SCU_ERROR_UNSUPPORTED);
  assert_non_null(strstr(error.reason, "TLS"));
  assert_int_equal(scu__peer_parse("PACS@host", &peer, NULL), SCU_OK);
  assert_int_equal(scu__peer_check_supported(&peer, NULL), SCU_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_peers_are_read),
      cmocka_unit_test(test_what_is_no_peer_is_a_usage_error_with_a_hint),
      cmocka_unit_test(test_a_host_of_any_length_is_bounded),
      cmocka_unit_test(test_what_is_formatted_is_read_back_the_same),
      cmocka_unit_test(test_every_byte_of_a_title_survives_formatting),
      cmocka_unit_test(test_formatting_stays_in_its_room),
      cmocka_unit_test(test_tls_is_said_to_be_unsupported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
