/* Hooks about associations: what is proposed can be looked at and changed, and every beginning and end is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "support/client_fixture.h"
#include "support/scripted_peer_words.h"

#define CT "1.2.840.10008.5.1.4.1.1.2"

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

typedef struct watcher {
  fixture f;
  void (*edit)(struct watcher *self, scu_proposal *proposal);
  char told[512]; /* "before 1, there 1, released 1" */
  char address[80];
  uint8_t source;     /* of the abort */
  const char *act_at; /* what is noted then */
  void (*act)(struct watcher *self);
} watcher;

static void note(watcher *w, const char *what, uint32_t association) {
  size_t length = strlen(w->told);
  snprintf(w->told + length, sizeof w->told - length, "%s%s %u", length ? ", " : "", what, (unsigned)association);
  if (w->act && strcmp(w->act_at, what) == 0) w->act(w);
}

static void before_associate(void *user, uint32_t association, scu_proposal *proposal) {
  watcher *w = user;
  note(w, "before", association);
  if (w->edit) w->edit(w, proposal);
}

static void after_associate(void *user, uint32_t association, const scu_error *error) {
  note(user, error ? scu_result_name(scu_error_result(error)) : "there", association);
}

static void after_close(void *user, uint32_t association, const scu_error *error) {
  watcher *w = user;
  char text[40];
  snprintf(text, sizeof text, "over(%s)", error ? scu_result_name(scu_error_result(error)) : "released");
  note(w, text, association);
}

static void before_connect(void *user, uint32_t association, const char *peer) {
  watcher *w = user;
  assert_string_equal(peer, scu_session_peer(w->f.session));
  note(w, "connecting", association);
}

static void after_connect(void *user, uint32_t association, const char *address, const scu_error *error) {
  watcher *w = user;
  assert_int_equal(address[0] == '\0', error != NULL);
  snprintf(w->address, sizeof w->address, "%s", address);
  note(w, error ? scu_result_name(scu_error_result(error)) : "connected", association);
}

static void before_release(void *user, uint32_t association, int is_by_peer) {
  note(user, is_by_peer ? "peer releases" : "releasing", association);
}

static void after_release(void *user, uint32_t association, const scu_error *error) {
  note(user, error ? "not released" : "released", association);
}

static void after_close_by(void *user, uint32_t association, const scu_error *error) {
  watcher *w = user;
  after_close(user, association, error);
  w->source = scu_error_source(error);
  if (error) assert_string_equal(scu_error_peer(error), w->f.peer.name);
  if (error) assert_true(strlen(scu_error_reason(error)) > 0);
}

/* All of them. */
static void listen_in(watcher *w) {
  const scu_hooks hooks = {.size = sizeof hooks,
                           .user = w,
                           .before_associate = before_associate,
                           .after_associate = after_associate,
                           .after_close = after_close_by,
                           .before_connect = before_connect,
                           .after_connect = after_connect,
                           .before_release = before_release,
                           .after_release = after_release};
  assert_int_equal(scu_session_set_hooks(w->f.session, &hooks), SCU_OK);
}

static void start(watcher *w, const peer_step *script, void (*edit)(watcher *, scu_proposal *)) {
  memset(w, 0, sizeof *w);
  fixture_start(&w->f, script);
  w->edit = edit;
  const scu_hooks hooks = {.size = sizeof hooks,
                           .user = w,
                           .before_associate = before_associate,
                           .after_associate = after_associate,
                           .after_close = after_close};
  assert_int_equal(scu_session_set_hooks(w->f.session, &hooks), SCU_OK);
}

static scu_result echo(watcher *w) {
  scu_response *response = NULL;
  scu_result result = scu_echo(w->f.session, &response);
  scu_response_free(response);
  return result;
}

/* --- beginnings and ends -------------------------------------------------------------------------------------------
 */

static void test_an_association_is_told_from_its_proposal_to_its_release(void **state) {
  (void)state;
  watcher w;
  start(&w, good, NULL);
  assert_int_equal(echo(&w), SCU_OK);
  assert_int_equal(echo(&w), SCU_OK); /* over the same */
  assert_string_equal(w.told, "before 1, there 1");
  scu_session_free(w.f.session);
  w.f.session = NULL;
  assert_string_equal(w.told, "before 1, there 1, over(released) 1");
  fixture_stop(&w.f);
}

static void test_one_that_cannot_be_had_is_told_with_the_reason(void **state) {
  (void)state;
  static const peer_step rejects[] = {{.action = PEER_WAIT_RQ},
                                      {.action = PEER_REJECT, .count = 1, .status = 1, .field = 7},
                                      {.action = PEER_CLOSE},
                                      END};
  static const peer_step closes[] = {{.action = PEER_WAIT_RQ}, {.action = PEER_CLOSE}, END};
  static const struct {
    const peer_step *script;
    const char *told;
  } cases[] = {{rejects, "before 1, REJECTED 1"}, {closes, "before 1, CLOSED 1"}};
  for (size_t i = 0; i < 2; i++) {
    watcher w;
    start(&w, cases[i].script, NULL);
    assert_int_not_equal(echo(&w), SCU_OK);
    assert_string_equal(w.told, cases[i].told);
    fixture_stop(&w.f);
  }
}

static void test_one_that_ends_early_is_told_with_the_reason(void **state) {
  (void)state;
  static const peer_step aborts[] = {
      START, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_ABORT, .status = 2}, {.action = PEER_CLOSE}, END};
  static const peer_step closes[] = {START, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_CLOSE}, END};
  static const struct {
    const peer_step *script;
    const char *told;
  } cases[] = {{aborts, "before 1, there 1, over(ABORTED) 1"}, {closes, "before 1, there 1, over(CLOSED) 1"}};
  for (size_t i = 0; i < 2; i++) {
    watcher w;
    start(&w, cases[i].script, NULL);
    assert_int_not_equal(echo(&w), SCU_OK);
    assert_string_equal(w.told, cases[i].told);
    fixture_stop(&w.f);
  }
}

static void take_everything(watcher *w, scu_proposal *proposal) {
  (void)w;
  scu_proposal_remove(proposal, SCU__UID_VERIFICATION, NULL);
}

/* --- connect, release, close ----------------------------------------------------------------------------------------
 */

static void start_all(watcher *w, const peer_step *script) {
  start(w, script, NULL);
  listen_in(w);
}

static void close_session(watcher *w) {
  scu_session_free(w->f.session);
  w->f.session = NULL;
}

static void test_connecting_and_releasing_are_told_apart_from_the_association(void **state) {
  (void)state;
  watcher w;
  char address[32];
  start_all(&w, good);
  assert_int_equal(echo(&w), SCU_OK);
  assert_string_equal(w.told, "before 1, connecting 1, connected 1, there 1");
  snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)w.f.peer.port);
  assert_string_equal(w.address, address);
  w.told[0] = '\0';
  close_session(&w);
  assert_string_equal(w.told, "releasing 1, released 1, over(released) 1");
  fixture_stop(&w.f);
}

static void test_a_connection_that_cannot_be_had_is_told(void **state) {
  (void)state;
  watcher w;
  memset(&w, 0, sizeof w);
  fixture_prepare(&w.f, good);
  snprintf(w.f.peer.name, sizeof w.f.peer.name, "PEER@127.0.0.1:%u", (unsigned)scripted_free_port());
  fixture_open(&w.f);
  listen_in(&w);
  assert_int_equal(echo(&w), SCU_ERROR_TRANSPORT);
  assert_string_equal(w.told, "before 1, connecting 1, TRANSPORT 1, TRANSPORT 1");
  fixture_stop(&w.f);
}

static void test_a_proposal_of_nothing_does_not_connect(void **state) {
  (void)state;
  watcher w;
  start_all(&w, good);
  w.edit = take_everything;
  assert_int_equal(echo(&w), SCU_ERROR_USAGE);
  assert_string_equal(w.told, "before 1, USAGE 1");
  fixture_stop(&w.f);
}

static void test_a_release_by_the_peer_is_told(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     {.action = PEER_SERVE, .count = 1},
                                     {.action = PEER_RELEASE},
                                     {.action = PEER_WAIT_RELEASED},
                                     {.action = PEER_CLOSE},
                                     END};
  watcher w;
  start_all(&w, script);
  assert_int_equal(echo(&w), SCU_OK);
  TEST_LOOP_UNTIL(&w.f.time, strstr(w.told, "over"), 1000);
  assert_string_equal(strstr(w.told, "there 1, ") + 9, "peer releases 1, released 1, over(released) 1");
  fixture_stop(&w.f);
}

/* PS3.8 7.2.2.7: both ask at once. */
static void test_a_release_by_both_is_told_once(void **state) {
  (void)state;
  static const peer_step script[] = {START,
                                     {.action = PEER_SERVE, .count = 1},
                                     {.action = PEER_WAIT_RELEASE},
                                     {.action = PEER_RELEASE},
                                     {.action = PEER_WAIT_RELEASED},
                                     {.action = PEER_RELEASE_RP},
                                     {.action = PEER_CLOSE},
                                     END};
  watcher w;
  start_all(&w, script);
  assert_int_equal(echo(&w), SCU_OK);
  w.told[0] = '\0';
  close_session(&w);
  assert_string_equal(w.told, "releasing 1, released 1, over(released) 1");
  fixture_stop(&w.f);
}

static void test_a_release_that_is_not_answered_is_told_and_so_is_the_end(void **state) {
  (void)state;
  static const peer_step silent[] = {START, {.action = PEER_SERVE, .count = 1}, {.action = PEER_STALL}, END};
  static const peer_step aborts[] = {
      START, {.action = PEER_SERVE, .count = 1}, {.action = PEER_WAIT_RELEASE}, {.action = PEER_ABORT}, END};
  static const struct {
    const peer_step *script;
    const char *told;
  } cases[] = {{silent, "releasing 1, not released 1, over(TIMEOUT) 1"},
               {aborts, "releasing 1, not released 1, over(ABORTED) 1"}};
  for (size_t i = 0; i < 2; i++) {
    watcher w;
    start_all(&w, cases[i].script);
    assert_int_equal(echo(&w), SCU_OK);
    w.told[0] = '\0';
    close_session(&w);
    assert_string_equal(w.told, cases[i].told);
    fixture_stop(&w.f);
  }
}

/* Its time is up before the link's own time-out was noticed: the clock jumps over both at once. */
static void test_an_association_dropped_with_its_session_is_told(void **state) {
  (void)state;
  watcher w;
  start_all(&w, good);
  assert_int_equal(echo(&w), SCU_OK);
  w.told[0] = '\0';
  w.f.time.ms_per_step = 3600 * 1000; /* the wait is over after one step */
  close_session(&w);
  assert_string_equal(w.told, "releasing 1, not released 1, over(TIMEOUT) 1");
  fixture_stop(&w.f);
}

static void end_by_abort(watcher *w) {
  scu_abort(w->f.session);
}

static void end_by_cancel(watcher *w) {
  scu_cancel(w->f.session);
}

static void test_who_aborted_is_told(void **state) {
  (void)state;
  static const peer_step silent[] = {START, {.action = PEER_WAIT_MESSAGE}, END};
  static const peer_step provider[] = {START, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_ABORT, .status = 2}, END};
  static const peer_step user[] = {START, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_ABORT, .status = 0}, END};
  static const peer_step garbage[] = {START, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_GARBAGE}, END};
  static const peer_step closes[] = {START, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_CLOSE}, END};
  static const struct {
    const peer_step *script;
    void (*act)(watcher *w);
    const char *told;
    uint8_t source;
  } cases[] = {
      {silent, end_by_abort, "over(ABORTED) 1", 0xFF}, {silent, end_by_cancel, "over(ABORTED) 1", 0xFF},
      {provider, NULL, "over(ABORTED) 1", 2},          {user, NULL, "over(ABORTED) 1", 0},
      {garbage, NULL, "over(PROTOCOL) 1", 0xFF},       {closes, NULL, "over(CLOSED) 1", 0xFF},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    watcher w;
    start_all(&w, cases[i].script);
    scu_op *op = scu_echo_start(w.f.session);
    TEST_LOOP_UNTIL(&w.f.time, w.f.peer.message_count > 0, 1000);
    if (cases[i].act) cases[i].act(&w);
    assert_true(scu_op_wait(op) < 0);
    scu_op_free(op);
    TEST_LOOP_UNTIL(&w.f.time, strstr(w.told, "over"), 60 * 1000);
    assert_string_equal(strstr(w.told, "there 1, ") + 9, cases[i].told);
    assert_int_equal(w.source, cases[i].source);
    fixture_stop(&w.f);
  }
}

static void test_cancel_and_abort_from_every_hook_are_safe(void **state) {
  (void)state;
  static const char *const places[] = {"before",    "connecting", "connected",     "there",
                                       "releasing", "released",   "over(released)"};
  enum { PLACES = sizeof places / sizeof *places };
  for (size_t i = 0; i < 2 * PLACES; i++) {
    bool is_abort = i % 2 == 0, is_at_the_end = i / 2 >= 4;
    watcher w;
    start_all(&w, good);
    w.act_at = places[i / 2];
    w.act = is_abort ? end_by_abort : end_by_cancel;
    assert_int_equal(echo(&w), is_at_the_end ? SCU_OK : is_abort ? SCU_ERROR_ABORTED : SCU_ERROR_CANCELLED);
    close_session(&w);
    assert_non_null(strstr(w.told, places[i / 2]));
    bool was_there = strstr(w.told, "there") != NULL, is_over = strstr(w.told, "over") != NULL;
    assert_int_equal(is_over, was_there);
    fixture_stop(&w.f);
  }
}

/* It never was there, and nobody says it was. */
static void test_a_request_cancelled_while_it_connects_ends_what_was_begun(void **state) {
  (void)state;
  static const peer_step stalls[] = {{.action = PEER_STALL}, END};
  watcher w;
  start_all(&w, stalls);
  scu_op *op = scu_echo_start(w.f.session);
  scu_op_free(op); /* before TCP is there */
  TEST_LOOP_UNTIL(&w.f.time, strstr(w.told, "connecting 1, "), 1000);
  close_session(&w);
  assert_string_equal(w.told, "before 1, connecting 1, ABORTED 1, ABORTED 1");
  fixture_stop(&w.f);
}

/* --- the proposal ---------------------------------------------------------------------------------------------------
 */

static void look(watcher *w, scu_proposal *proposal) {
  (void)w;
  assert_int_equal(scu_proposal_count(proposal), 1);
  assert_string_equal(scu_proposal_abstract_syntax(proposal, 0), SCU__UID_VERIFICATION);
  size_t count = scu_proposal_syntax_count(proposal, 0);
  assert_true(count > 0);
  assert_true(strlen(scu_proposal_syntax(proposal, 0, count - 1)) > 0);
  assert_string_equal(scu_proposal_syntax(proposal, 0, count), "");
  assert_string_equal(scu_proposal_abstract_syntax(proposal, 1), "");
  assert_int_equal(scu_proposal_syntax_count(proposal, 1), 0);
}

static void test_a_proposal_can_be_looked_at(void **state) {
  (void)state;
  watcher w;
  start(&w, good, look);
  assert_int_equal(echo(&w), SCU_OK);
  fixture_stop(&w.f);
}

static void extend(watcher *w, scu_proposal *proposal) {
  static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_LE};
  static const uint8_t bytes[] = {2, 0, 1};
  (void)w;
  assert_int_equal(scu_proposal_add(proposal, CT, syntaxes, 2), SCU_OK);
  assert_int_equal(scu_proposal_add(proposal, "1.2.3", syntaxes, 1), SCU_OK);
  assert_int_equal(scu_proposal_remove(proposal, "1.2.3", NULL), SCU_OK);
  assert_int_equal(scu_proposal_remove(proposal, CT, SCU__UID_IMPLICIT_LE), SCU_OK);
  assert_int_equal(scu_proposal_remove(proposal, "1.2.3", NULL), SCU_END);
  assert_int_equal(scu_proposal_add(proposal, "1.2.4", syntaxes, 2), SCU_OK); /* after a removal: its own ID */
  assert_int_equal(scu_proposal_set_role(proposal, CT, 1, 1), SCU_OK);
  assert_int_equal(scu_proposal_set_extended(proposal, CT, bytes, 2), SCU_OK);
  assert_int_equal(scu_proposal_set_extended(proposal, CT, bytes, 3), SCU_OK); /* instead */
  assert_int_equal(scu_proposal_set_extended(proposal, "1.2.4", bytes, 3), SCU_OK);
  assert_int_equal(scu_proposal_set_extended(proposal, "1.2.4", NULL, 0), SCU_OK);
}

static void test_what_a_hook_adds_is_proposed(void **state) {
  (void)state;
  watcher w;
  start(&w, good, extend);
  assert_int_equal(echo(&w), SCU_OK);
  assert_string_equal(w.f.peer.offers, CT "=020001 ");
  assert_int_equal(scu_session_context_count(w.f.session), 3);
  const char *abstract_syntax, *transfer_syntax;
  uint8_t result;
  assert_true(scu_session_context(w.f.session, 1, &abstract_syntax, &transfer_syntax, &result));
  assert_string_equal(abstract_syntax, CT);
  assert_string_equal(transfer_syntax, SCU__UID_EXPLICIT_LE);
  assert_true(scu_session_context(w.f.session, 2, &abstract_syntax, &transfer_syntax, &result));
  assert_string_equal(abstract_syntax, "1.2.4");
  fixture_stop(&w.f);
}

/* The items of one type in the request: each without its header, one after the other. PS3.8 9.3.2: the user information
 * item (50H) is the last. */
static size_t items_of(const scripted_peer *peer, uint8_t type, uint8_t *to, size_t room) {
  const uint8_t *at = peer->request.data + 68, *end = peer->request.data + peer->request.length;
  size_t length = 0;
  while (at + 4 <= end && *at != 0x50) at += 4 + (at[2] << 8 | at[3]);
  for (at += 4; at + 4 <= end; at += 4 + (at[2] << 8 | at[3])) {
    size_t item = (size_t)(at[2] << 8 | at[3]);
    if (*at != type || length + item > room) continue;
    memcpy(to + length, at + 4, item);
    length += item;
  }
  return length;
}

static void explain_classes(watcher *w, scu_proposal *proposal) {
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE};
  static const char *const general[] = {"1.2.5", "1.2.6"};
  (void)w;
  assert_int_equal(scu_proposal_add(proposal, "1.2.3", syntaxes, 1), SCU_OK);
  assert_int_equal(scu_proposal_add(proposal, "1.2.4", syntaxes, 1), SCU_OK);
  assert_int_equal(scu_proposal_add(proposal, "1.2.7", syntaxes, 1), SCU_OK);
  assert_int_equal(scu_proposal_set_common_extended(proposal, "1.2.3", "1.2.9", NULL, 0), SCU_OK);
  assert_int_equal(scu_proposal_set_common_extended(proposal, "1.2.3", "1.2.8", general, 2), SCU_OK); /* instead */
  assert_int_equal(scu_proposal_set_common_extended(proposal, "1.2.4", "1.2.8", NULL, 0), SCU_OK);
  assert_int_equal(scu_proposal_set_common_extended(proposal, "1.2.4", NULL, NULL, 0), SCU_OK);
  assert_int_equal(scu_proposal_set_common_extended(proposal, "1.2.7", "1.2.8", general, 1), SCU_OK);
  assert_int_equal(scu_proposal_remove(proposal, "1.2.7", NULL), SCU_OK); /* and what belongs to it */
}

/* PS3.7 table D.3-12. */
static void test_the_service_of_a_class_goes_out_as_the_standard_has_it(void **state) {
  (void)state;
  static const uint8_t expected[] = {0,  5, '1', '.', '2', '.', '3', 0,   5, '1', '.', '2', '.', '8', 0,
                                     14, 0, 5,   '1', '.', '2', '.', '5', 0, 5,   '1', '.', '2', '.', '6'};
  watcher w;
  uint8_t found[200];
  start(&w, good, explain_classes);
  assert_int_equal(echo(&w), SCU_OK);
  assert_int_equal(items_of(&w.f.peer, 0x57, found, sizeof found), sizeof expected);
  assert_memory_equal(found, expected, sizeof expected);
  fixture_stop(&w.f);
}

static void take_the_needed(watcher *w, scu_proposal *proposal) {
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE};
  (void)w;
  scu_proposal_add(proposal, CT, syntaxes, 1);
  scu_proposal_remove(proposal, SCU__UID_VERIFICATION, NULL);
}

static void test_what_a_hook_takes_away_is_missed(void **state) {
  (void)state;
  watcher w;
  start(&w, good, take_the_needed);
  assert_int_equal(echo(&w), SCU_ERROR_REJECTED);
  assert_int_equal(w.f.peer.accepted, 1);
  fixture_stop(&w.f);
  start(&w, good, take_everything);
  assert_int_equal(echo(&w), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_session_error(w.f.session)), "nothing to propose"));
  assert_int_equal(w.f.peer.accepted, 0);
  assert_string_equal(w.told, "before 1, USAGE 1");
  fixture_stop(&w.f);
}

static void misuse(watcher *w, scu_proposal *proposal) {
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, "not a UID"};
  static const char *const missing[] = {NULL};
  (void)w;
  assert_int_equal(scu_proposal_add(proposal, NULL, syntaxes, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_add(proposal, CT, syntaxes, 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_add(proposal, CT, syntaxes, 2), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_add(proposal, CT, missing, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_add(proposal, "1..2", syntaxes, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_remove(proposal, NULL, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_set_role(proposal, "x", 1, 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_set_extended(proposal, CT, NULL, 3), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_set_common_extended(proposal, NULL, "1.2", NULL, 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_set_common_extended(proposal, CT, "1..2", NULL, 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_set_common_extended(proposal, CT, "1.2", NULL, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_set_common_extended(proposal, CT, "1.2", missing, 1), SCU_ERROR_USAGE);
  assert_int_equal(scu_proposal_set_common_extended(proposal, CT, "1.2", syntaxes, 2), SCU_ERROR_USAGE);
  scu_result result = SCU_OK;
  for (int i = 0; result == SCU_OK && i < 200; i++) result = scu_proposal_add(proposal, CT, syntaxes, 1);
  assert_int_equal(result, SCU_ERROR_LIMIT);
  assert_int_equal(scu_proposal_count(proposal), 128);
}

static void test_misuse_changes_nothing_and_says_so(void **state) {
  (void)state;
  watcher w;
  start(&w, good, misuse);
  assert_int_equal(echo(&w), SCU_OK);
  fixture_stop(&w.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_association_is_told_from_its_proposal_to_its_release),
      cmocka_unit_test(test_one_that_cannot_be_had_is_told_with_the_reason),
      cmocka_unit_test(test_one_that_ends_early_is_told_with_the_reason),
      cmocka_unit_test(test_connecting_and_releasing_are_told_apart_from_the_association),
      cmocka_unit_test(test_a_connection_that_cannot_be_had_is_told),
      cmocka_unit_test(test_a_proposal_of_nothing_does_not_connect),
      cmocka_unit_test(test_a_release_by_the_peer_is_told),
      cmocka_unit_test(test_a_release_by_both_is_told_once),
      cmocka_unit_test(test_a_release_that_is_not_answered_is_told_and_so_is_the_end),
      cmocka_unit_test(test_an_association_dropped_with_its_session_is_told),
      cmocka_unit_test(test_who_aborted_is_told),
      cmocka_unit_test(test_cancel_and_abort_from_every_hook_are_safe),
      cmocka_unit_test(test_a_request_cancelled_while_it_connects_ends_what_was_begun),
      cmocka_unit_test(test_a_proposal_can_be_looked_at),
      cmocka_unit_test(test_what_a_hook_adds_is_proposed),
      cmocka_unit_test(test_the_service_of_a_class_goes_out_as_the_standard_has_it),
      cmocka_unit_test(test_what_a_hook_takes_away_is_missed),
      cmocka_unit_test(test_misuse_changes_nothing_and_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
