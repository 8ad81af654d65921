/* User identity on an association (PS3.7 D.3.3.7, RULES 33): what is offered, byte by byte, and what comes of the
 * answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/client_fixture.h"
#include "support/watching_allocator.h"

#define SECRET "TIGER-CANARY"

static const peer_step good[] = {
    {.action = PEER_WAIT_RQ}, {.action = PEER_ACCEPT}, {.action = PEER_SERVE}, {.action = PEER_END}};

static void set_user(fixture *f, const char *user, const char *passcode) {
  assert_int_equal(scu_options_set_text(f->options, SCU_OPTION_IDENTITY_USER, user), SCU_OK);
  if (passcode)
    assert_int_equal(scu_options_set_secret(f->options, SCU_OPTION_IDENTITY_PASSCODE, passcode, strlen(passcode)),
                     SCU_OK);
  scu_options_set_boolean(f->options, SCU_OPTION_IDENTITY_OVER_PLAIN, passcode != NULL);
}

static void set_token(fixture *f, const char *kind, const char *token) {
  assert_int_equal(scu_options_set_text(f->options, SCU_OPTION_IDENTITY_KIND, kind), SCU_OK);
  assert_int_equal(scu_options_set_secret(f->options, SCU_OPTION_IDENTITY_TOKEN, token, strlen(token)), SCU_OK);
  scu_options_set_boolean(f->options, SCU_OPTION_IDENTITY_OVER_PLAIN, true);
}

static scu_result echo(fixture *f) {
  scu_response *response = NULL;
  scu_result result = scu_echo(f->session, &response);
  if (result == SCU_OK) assert_int_equal(scu_response_status(response), 0);
  scu_response_free(response);
  return result;
}

/* The 58H item with its header, found by walking the items as PS3.8 9.3.2 has them; the 50H item is the last. */
static const uint8_t *find_item(const scripted_peer *peer, size_t *length) {
  const uint8_t *at = peer->request.data + 68, *end = peer->request.data + peer->request.length;
  while (at + 4 <= end && *at != 0x50) at += 4 + (at[2] << 8 | at[3]);
  for (at += 4; at + 4 <= end; at += 4 + (at[2] << 8 | at[3])) {
    if (*at != 0x58) continue;
    *length = (size_t)(4 + (at[2] << 8 | at[3]));
    return at;
  }
  *length = 0;
  return NULL;
}

static void check_item(const scripted_peer *peer, const void *expected, size_t expected_length) {
  size_t length;
  const uint8_t *item = find_item(peer, &length);
  assert_int_equal(length, expected_length);
  assert_memory_equal(item, expected, length);
}

static void test_all_five_kinds_go_out_as_the_standard_has_them(void **state) {
  (void)state;
  static const struct {
    const char *kind, *user, *content; /* kind NULL: a user */
    const char *item;
    size_t length;
  } rows[] = {
      {NULL, "J\xC3\xA9", NULL, "\x58\0\0\x09\x01\x01\0\x03J\xC3\xA9\0\0", 13},
      {NULL, "al", "tiger",
       "\x58\0\0\x0D\x02\x01\0\x02"
       "al\0\x05tiger",
       17},
      {"kerberos", NULL, "tick", "\x58\0\0\x0A\x03\x01\0\x04tick\0\0", 14},
      {"saml", NULL, "<a/>", "\x58\0\0\x0A\x04\x01\0\x04<a/>\0\0", 14},
      {"jwt", NULL, "a.b.c",
       "\x58\0\0\x0B\x05\x01\0\x05"
       "a.b.c\0\0",
       15},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (int asks = 1; asks >= 0; asks--) {
      fixture f;
      fixture_prepare(&f, good);
      f.peer.confirms_identity = asks;
      if (rows[i].kind)
        set_token(&f, rows[i].kind, rows[i].content);
      else
        set_user(&f, rows[i].user, rows[i].content);
      scu_options_set_boolean(f.options, SCU_OPTION_IDENTITY_RESPONSE, asks);
      fixture_open(&f);
      assert_int_equal(echo(&f), SCU_OK);
      char expected[32];
      memcpy(expected, rows[i].item, rows[i].length);
      expected[5] = (char)asks;
      check_item(&f.peer, expected, rows[i].length);
      assert_int_equal(scu_session_identity_confirmed(f.session), asks);
      fixture_stop(&f);
    }
  }
}

static void test_without_identity_there_is_no_item_and_nothing_to_read(void **state) {
  (void)state;
  fixture f;
  size_t length = 7;
  const uint8_t *bytes = (const uint8_t *)"x";
  fixture_start(&f, good);
  assert_int_equal(scu_session_identity_confirmed(f.session), 0); /* before there was an association */
  assert_int_equal(echo(&f), SCU_OK);
  assert_null(find_item(&f.peer, &length));
  assert_int_equal(scu_session_identity_confirmed(f.session), 0);
  assert_int_equal(scu_session_identity_response(f.session, &bytes, &length), 0);
  assert_null(bytes);
  assert_int_equal(length, 0);
  fixture_stop(&f);
}

static void test_the_answer_of_the_peer_is_readable(void **state) {
  (void)state;
  static const char answer[] = "server\0ticket";
  fixture f;
  fixture_prepare(&f, good);
  f.peer.confirms_identity = true;
  f.peer.identity_answer = answer;
  f.peer.identity_answer_length = sizeof answer;
  set_token(&f, "kerberos", "ticket");
  fixture_open(&f);
  assert_int_equal(echo(&f), SCU_OK);
  const uint8_t *bytes;
  size_t length;
  assert_int_equal(scu_session_identity_confirmed(f.session), 1);
  assert_int_equal(scu_session_identity_response(f.session, &bytes, &length), 1);
  assert_int_equal(length, sizeof answer);
  assert_memory_equal(bytes, answer, length);
  assert_int_equal(scu_session_identity_response(f.session, NULL, NULL), 1);
  fixture_stop(&f);
}

static void test_an_answer_that_was_asked_for_and_is_missing_is_a_failure(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  set_user(&f, "alice", NULL);
  fixture_open(&f);
  assert_int_equal(echo(&f), SCU_ERROR_SECURITY);
  const scu_error *error = scu_session_error(f.session);
  assert_int_equal(scu_error_phase(error), SCU_PHASE_ASSOCIATE);
  assert_string_equal(scu_error_peer(error), f.peer.name);
  assert_non_null(strstr(scu_error_hint(error), "identity-optional"));
  assert_int_equal(scripted_peer_count(&f.peer, SCU__C_ECHO_RQ), 0);
  TEST_LOOP_UNTIL(&f.time, strstr(f.peer.log, "RELEASE-RQ"), 5000); /* in good order */
  assert_null(strstr(f.peer.log, "ABORT"));
  fixture_stop(&f);
}

static void test_a_missing_answer_is_a_warning_when_it_is_optional(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  set_user(&f, "alice", NULL);
  scu_options_set_boolean(f.options, SCU_OPTION_IDENTITY_OPTIONAL, true);
  fixture_open(&f);
  assert_int_equal(echo(&f), SCU_OK);
  assert_non_null(strstr(f.warnings, "did not confirm"));
  assert_int_equal(scu_session_identity_confirmed(f.session), 0);
  size_t length;
  assert_non_null(find_item(&f.peer, &length)); /* asked it was */
  fixture_stop(&f);
}

static void test_secrets_are_refused_over_plain_tcp_before_anything_is_sent(void **state) {
  (void)state;
  static const char *const kinds[] = {NULL, "kerberos", "saml", "jwt"};
  for (size_t i = 0; i < 4; i++) {
    fixture f;
    fixture_prepare(&f, good);
    if (kinds[i])
      set_token(&f, kinds[i], SECRET);
    else
      set_user(&f, "alice", SECRET);
    scu_options_reset(f.options, SCU_OPTION_IDENTITY_OVER_PLAIN);
    scu_result result = scu_session_new_on(f.time.loop, &f.session, f.options, f.peer.name);
    assert_int_equal(result, SCU_ERROR_SECURITY);
    const scu_error *error = scu_session_error(f.session);
    assert_int_equal(scu_error_phase(error), SCU_PHASE_SECURE);
    assert_string_equal(scu_error_peer(error), f.peer.name);
    assert_non_null(strstr(scu_error_hint(error), "identity-over-plain"));
    assert_null(strstr(scu_error_reason(error), SECRET));
    scu_session_free(f.session);
    f.session = NULL;
    for (int n = 0; n < 10; n++) scu_loop_step(f.time.loop);
    assert_int_equal(f.peer.accepted, 0);
    fixture_stop(&f);
  }
}

static void test_a_rejection_says_that_the_identity_may_be_the_reason(void **state) {
  (void)state;
  static const struct {
    uint8_t result, source, reason;
    const char *hint;
  } rows[] = {{1, 2, 1, "this is how a peer refuses a user identity"},
              {1, 1, 1, "the user identity that was offered (user name) may be the reason; else:"},
              {1, 1, 3, "calling AE title"},
              {1, 2, 2, "the user identity that was offered"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    for (int offers = 0; offers < 2; offers++) {
      const peer_step script[] = {
          {.action = PEER_WAIT_RQ},
          {.action = PEER_REJECT, .count = rows[i].result, .status = rows[i].source, .field = rows[i].reason},
          {.action = PEER_CLOSE},
          {.action = PEER_END}};
      fixture f;
      fixture_prepare(&f, script);
      if (offers) set_user(&f, "alice", NULL);
      fixture_open(&f);
      assert_int_equal(echo(&f), SCU_ERROR_REJECTED);
      const scu_error *error = scu_session_error(f.session);
      assert_int_equal(scu_error_source(error), rows[i].source);
      if (offers) assert_non_null(strstr(scu_error_hint(error), rows[i].hint));
      assert_int_equal(strstr(scu_error_hint(error), "that was offered") != NULL, offers);
      fixture_stop(&f);
    }
  }
}

/* --- chosen by the before_associate hook -----------------------------------------------------------------------------
 */

typedef struct chooser {
  scu_options *options; /* NULL = nobody */
  scu_result result;
  char warnings[512];
} chooser;

static void choose(void *user, uint32_t association, scu_proposal *proposal) {
  chooser *c = user;
  (void)association;
  c->result = scu_proposal_set_identity(proposal, c->options);
}

static void keep_warning(void *user, const char *text) {
  chooser *c = user;
  snprintf(c->warnings, sizeof c->warnings, "%s", text);
}

/* One session of alice, and a hook that knows better. */
static void start_with_chooser(fixture *f, chooser *c, const char *who) {
  fixture_prepare(f, good);
  set_user(f, who, NULL);
  fixture_open(f);
  const scu_hooks hooks = {.size = sizeof hooks, .user = c, .before_associate = choose, .warning = keep_warning};
  assert_int_equal(scu_session_set_hooks(f->session, &hooks), SCU_OK);
}

static void test_a_hook_names_another_user_for_its_association(void **state) {
  (void)state;
  static const uint8_t bob[] = {0x58, 0, 0, 12, 2, 1, 0, 3, 'b', 'o', 'b', 0, 3, 'p', 'w', '1'};
  for (int is_confirmed = 0; is_confirmed < 2; is_confirmed++) {
    fixture f;
    chooser c = {0};
    assert_int_equal(scu_options_new(NULL, &c.options), SCU_OK);
    scu_options_set_text(c.options, SCU_OPTION_IDENTITY_USER, "bob");
    scu_options_set_secret(c.options, SCU_OPTION_IDENTITY_PASSCODE, "pw1", 3);
    scu_options_set_boolean(c.options, SCU_OPTION_IDENTITY_OVER_PLAIN, true);
    scu_options_set_boolean(c.options, SCU_OPTION_IDENTITY_OPTIONAL, true); /* the session's wants a response */
    start_with_chooser(&f, &c, "alice");
    f.peer.confirms_identity = is_confirmed;
    assert_int_equal(echo(&f), SCU_OK);
    assert_int_equal(c.result, SCU_OK);
    check_item(&f.peer, bob, sizeof bob);
    assert_int_equal(strstr(c.warnings, "did not confirm") != NULL, !is_confirmed);
    assert_int_equal(scu_session_identity_confirmed(f.session), is_confirmed);
    scu_options_free(c.options);
    fixture_stop(&f);
  }
}

static void test_a_hook_names_nobody(void **state) {
  (void)state;
  fixture f;
  chooser c = {0};
  size_t length;
  start_with_chooser(&f, &c, "alice");
  assert_int_equal(echo(&f), SCU_OK); /* nothing was asked to be confirmed */
  assert_int_equal(c.result, SCU_OK);
  assert_null(find_item(&f.peer, &length));
  fixture_stop(&f);
}

static void test_what_a_hook_may_not_offer_leaves_the_sessions_user(void **state) {
  (void)state;
  static const uint8_t alice[] = {0x58, 0, 0, 11, 1, 1, 0, 5, 'a', 'l', 'i', 'c', 'e', 0, 0};
  for (int is_whole = 0; is_whole < 2; is_whole++) {
    fixture f;
    chooser c = {0};
    assert_int_equal(scu_options_new(NULL, &c.options), SCU_OK);
    scu_options_set_secret(c.options, SCU_OPTION_IDENTITY_PASSCODE, SECRET, strlen(SECRET));
    if (is_whole) scu_options_set_text(c.options, SCU_OPTION_IDENTITY_USER, "bob");
    start_with_chooser(&f, &c, "alice");
    f.peer.confirms_identity = true;
    assert_int_equal(echo(&f), SCU_OK);
    assert_int_equal(c.result, is_whole ? SCU_ERROR_SECURITY : SCU_ERROR_USAGE);
    check_item(&f.peer, alice, sizeof alice);
    scu_options_free(c.options);
    fixture_stop(&f);
  }
}

static void test_an_identity_that_leaves_no_room_for_the_rest_is_a_limit(void **state) {
  (void)state;
  static char user[65530];
  memset(user, 'u', sizeof user - 1);
  fixture f;
  fixture_prepare(&f, good);
  set_user(&f, user, NULL);
  fixture_open(&f);
  assert_int_equal(echo(&f), SCU_ERROR_LIMIT);
  assert_non_null(strstr(scu_error_reason(scu_session_error(f.session)), "65529 bytes"));
  assert_int_equal(f.peer.accepted, 0);
  fixture_stop(&f);
}

static void test_every_association_of_a_session_offers_it(void **state) {
  (void)state;
  fixture f;
  fixture_prepare(&f, good);
  f.peer.confirms_identity = true;
  set_user(&f, "alice", NULL);
  fixture_open(&f);
  assert_int_equal(echo(&f), SCU_OK);
  scu__buffer_clear(&f.peer.request);
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  const scu_dataset *match;
  assert_int_equal(scu_query_new(NULL, &query), SCU_OK);
  assert_int_equal(scu_query_set(query, "PatientID", "1"), SCU_OK);
  assert_int_equal(scu_find(f.session, query, &matches), SCU_OK);
  assert_int_equal(scu_matches_next(matches, &match), SCU_END);
  scu_matches_close(matches);
  scu_query_free(query);
  assert_int_equal(f.peer.accepted, 2);
  size_t length;
  assert_non_null(find_item(&f.peer, &length));
  fixture_stop(&f);
}

/* Whole sessions, also ones that fail: no block goes back with the secret in it, and no line tells it. */
static bool was_told;

static void look_for_secret(void *user, int level, uint32_t association, const char *text) {
  (void)user, (void)level, (void)association;
  if (strstr(text, SECRET)) was_told = true;
}

static void run_watched(const peer_step *script, bool confirms, bool is_token, scu_result expected) {
  watching_allocator watching;
  watching_allocator_init(&watching, SECRET);
  test_loop time;
  scripted_peer peer;
  scu_options *options = NULL;
  scu_session *session = NULL;
  scu_response *response = NULL;
  assert_true(test_loop_try(&time, &watching.allocator));
  scripted_peer_start(&peer, time.loop, script);
  peer.confirms_identity = confirms;
  assert_int_equal(scu_options_new(&watching.allocator, &options), SCU_OK);
  scu_options_set_boolean(options, SCU_OPTION_IDENTITY_OVER_PLAIN, true);
  if (is_token) {
    assert_int_equal(scu_options_set_secret(options, SCU_OPTION_IDENTITY_TOKEN, SECRET, strlen(SECRET)), SCU_OK);
  } else {
    assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "alice"), SCU_OK);
    assert_int_equal(scu_options_set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, SECRET, strlen(SECRET)), SCU_OK);
  }
  assert_int_equal(scu_session_new_on(time.loop, &session, options, peer.name), SCU_OK);
  const scu_hooks hooks = {.size = sizeof hooks, .log = look_for_secret};
  scu_session_set_hooks(session, &hooks);
  assert_int_equal(scu_echo(session, &response), expected);
  assert_null(strstr(scu_error_reason(scu_session_error(session)), SECRET));
  assert_null(strstr(scu_error_hint(scu_session_error(session)), SECRET));
  scu_response_free(response);
  scu_session_free(session);
  scu_options_free(options);
  scripted_peer_stop(&peer);
  test_loop_stop(&time);
  assert_false(was_told);
  assert_true(watching.released > 10);
  assert_int_equal(watching.left_behind, 0);
}

static void test_no_memory_is_given_back_with_a_secret_in_it(void **state) {
  (void)state;
  static const peer_step reject[] = {{.action = PEER_WAIT_RQ},
                                     {.action = PEER_REJECT, .count = 1, .status = 2, .field = 1},
                                     {.action = PEER_CLOSE},
                                     {.action = PEER_END}};
  static const peer_step silence[] = {{.action = PEER_STALL}, {.action = PEER_END}};
  for (int is_token = 0; is_token < 2; is_token++) {
    run_watched(good, true, is_token, SCU_OK);
    run_watched(good, false, is_token, SCU_ERROR_SECURITY);
    run_watched(reject, false, is_token, SCU_ERROR_REJECTED);
    run_watched(silence, false, is_token, SCU_ERROR_TIMEOUT);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_five_kinds_go_out_as_the_standard_has_them),
      cmocka_unit_test(test_without_identity_there_is_no_item_and_nothing_to_read),
      cmocka_unit_test(test_the_answer_of_the_peer_is_readable),
      cmocka_unit_test(test_an_answer_that_was_asked_for_and_is_missing_is_a_failure),
      cmocka_unit_test(test_a_missing_answer_is_a_warning_when_it_is_optional),
      cmocka_unit_test(test_secrets_are_refused_over_plain_tcp_before_anything_is_sent),
      cmocka_unit_test(test_a_rejection_says_that_the_identity_may_be_the_reason),
      cmocka_unit_test(test_an_identity_that_leaves_no_room_for_the_rest_is_a_limit),
      cmocka_unit_test(test_a_hook_names_another_user_for_its_association),
      cmocka_unit_test(test_a_hook_names_nobody),
      cmocka_unit_test(test_what_a_hook_may_not_offer_leaves_the_sessions_user),
      cmocka_unit_test(test_every_association_of_a_session_offers_it),
      cmocka_unit_test(test_no_memory_is_given_back_with_a_secret_in_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
