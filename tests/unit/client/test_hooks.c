/* Hooks about associations: what is proposed can be looked at and changed, and every beginning and end is told once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "support/client_fixture.h"

#define CT "1.2.840.10008.5.1.4.1.1.2"
#define START                                                                                                          \
  {.action = PEER_WAIT_RQ}, {                                                                                          \
    .action = PEER_ACCEPT                                                                                              \
  }
#define END                                                                                                            \
  { .action = PEER_END }

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};

typedef struct watcher {
  fixture f;
  void (*edit)(struct watcher *self, scu_proposal *proposal);
  char told[512]; /* "before 1, there 1, released 1" */
} watcher;

static void note(watcher *w, const char *what, uint32_t association) {
  size_t length = strlen(w->told);
  snprintf(w->told + length, sizeof w->told - length, "%s%s %u", length ? ", " : "", what, (unsigned)association);
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

static void take_the_needed(watcher *w, scu_proposal *proposal) {
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE};
  (void)w;
  scu_proposal_add(proposal, CT, syntaxes, 1);
  scu_proposal_remove(proposal, SCU__UID_VERIFICATION, NULL);
}

static void take_everything(watcher *w, scu_proposal *proposal) {
  (void)w;
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
      cmocka_unit_test(test_a_proposal_can_be_looked_at),
      cmocka_unit_test(test_what_a_hook_adds_is_proposed),
      cmocka_unit_test(test_what_a_hook_takes_away_is_missed),
      cmocka_unit_test(test_misuse_changes_nothing_and_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
