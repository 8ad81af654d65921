/* What two sides agree on (PS3.8 9.3.2-9.3.4, PS3.7 D.3.3; RULES 1, 7, 8, 21, 33). */
#include "ul_support.h"

static scu__uid uid(const char *text) {
  scu__uid value;
  assert_true(scu__uid_from_text(&value, text));
  return value;
}

/* --- The acceptor's answer ---------------------------------------------------------------------------------------- */

static int choose(const char *const *syntaxes, size_t count) {
  scu__uid list[8];
  for (size_t i = 0; i < count; i++) list[i] = uid(syntaxes[i]);
  return scu__choose_transfer_syntax(list, count);
}

static void test_acceptor_prefers_explicit_then_implicit_and_big_endian_last(void **state) {
  (void)state;
  assert_int_equal(choose((const char *const[]){IMPLICIT_LE, JPEG_LOSSLESS, EXPLICIT_LE}, 3), 2);
  assert_int_equal(choose((const char *const[]){EXPLICIT_BE, JPEG_LOSSLESS, IMPLICIT_LE}, 3), 2);
  assert_int_equal(choose((const char *const[]){EXPLICIT_BE, JPEG_LOSSLESS}, 2), 1);
  assert_int_equal(choose((const char *const[]){EXPLICIT_BE}, 1), 0);
  assert_int_equal(choose((const char *const[]){JPEG_LOSSLESS}, 1), 0);
  assert_int_equal(choose(NULL, 0), -1);
}

static scu_result answer(const scu__associate *rq, const scu__acceptor_policy *policy, scu__associate *ac,
                         scu__reject *reject) {
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__negotiate_answer(rq, policy, NULL, ac, reject, &error);
  if (result == SCU_ERROR_REJECTED) assert_int_equal(error.reason_code, reject->reason);
  return result;
}

/* Decoded from bytes, as an acceptor has it. */
static scu__associate received_rq(void (*change)(scu__associate *)) {
  scu__associate rq, received;
  scu__buffer buffer;
  assert_int_equal(fill_rich_request(&rq, NULL), SCU_OK);
  if (change) change(&rq);
  scu__buffer_init(&buffer, NULL, SCU__ASSOCIATE_PDU_MAX);
  assert_int_equal(scu__associate_encode(&rq, SCU__PDU_ASSOCIATE_RQ, &buffer), SCU_OK);
  assert_int_equal(
      scu__associate_decode(buffer.data + 6, buffer.length - 6, SCU__PDU_ASSOCIATE_RQ, NULL, &received, NULL), SCU_OK);
  scu__buffer_free(&buffer);
  scu__associate_free(&rq);
  return received;
}

static void expect_reject(void (*change)(scu__associate *), const scu__acceptor_policy *policy, uint8_t source,
                          uint8_t reason) {
  scu__associate rq = received_rq(change), ac;
  scu__reject reject = {0};
  assert_int_equal(answer(&rq, policy, &ac, &reject), SCU_ERROR_REJECTED);
  assert_int_equal(reject.result, 1);
  assert_int_equal(reject.source, source);
  assert_int_equal(reject.reason, reason);
  scu__associate_free(&rq);
}

static void other_context(scu__associate *rq) {
  rq->application_context = uid("1.2.3");
}
static void other_version(scu__associate *rq) {
  rq->protocol_version = 0xFFFE;
}
static void no_caller(scu__associate *rq) {
  memset(&rq->calling, 0, sizeof rq->calling);
}
static void tiny_pdu(scu__associate *rq) {
  rq->max_pdu_length = 7;
}
static void no_contexts(scu__associate *rq) {
  while (rq->context_count > 0) {
    scu__uid first = rq->contexts[0].abstract_syntax;
    scu__associate_remove_contexts(rq, first.text, NULL);
  }
}
static bool nobody(void *user, const scu__ae *calling) {
  (void)user;
  (void)calling;
  return false;
}
static bool no_identity(void *user, const scu__user_identity *identity) {
  (void)user;
  (void)identity;
  return false;
}

static void test_requests_are_rejected_with_the_right_triple(void **state) {
  (void)state;
  scu__acceptor_policy policy = welcoming_policy();
  expect_reject(other_context, &policy, 1, 2); /* catalogue P18 */
  expect_reject(other_version, &policy, 2, 2);
  expect_reject(no_caller, &policy, 1, 3);
  expect_reject(tiny_pdu, &policy, 2, 1);
  expect_reject(no_contexts, &policy, 2, 1); /* PS3.8 9.3.2: one or more */
  policy.check_called_ae = true;             /* catalogue P19 */
  policy.our_ae = "archive";                 /* case counts (RULES 35) */
  expect_reject(NULL, &policy, 1, 7);
  policy.our_ae = "ARCHIVE";
  policy.is_calling_ae_accepted = nobody;
  expect_reject(NULL, &policy, 1, 3);
  policy.is_calling_ae_accepted = NULL;
  policy.is_identity_accepted = no_identity; /* PS3.7 D.3.3.7.3 */
  expect_reject(NULL, &policy, 2, 1);
}

static void test_answer_gives_back_the_titles_and_answers_each_item(void **state) {
  (void)state;
  scu__associate rq = received_rq(NULL), ac;
  scu__acceptor_policy policy = welcoming_policy();
  scu__reject reject;
  policy.max_pdu_length = 4096;
  policy.implementation_version_name = "SOMEBODY";
  assert_int_equal(answer(&rq, &policy, &ac, &reject), SCU_OK);
  assert_memory_equal(ac.called_raw, "ARCHIVE         ", 16);
  assert_memory_equal(ac.calling_raw, "SCU             ", 16);
  assert_int_equal(ac.max_pdu_length, 4096);
  assert_string_equal(ac.implementation_version_name, "SOMEBODY");
  assert_int_equal(ac.context_count, 3);
  assert_string_equal(ac.contexts[0].transfer_syntaxes[0].text, EXPLICIT_LE);
  assert_string_equal(ac.contexts[1].transfer_syntaxes[0].text, JPEG_LOSSLESS);
  assert_int_equal(ac.role_count, 2);
  assert_true(!ac.roles[0].scu && ac.roles[0].scp);
  assert_true(ac.window.present);
  assert_int_equal(ac.window.invoked, 4);
  assert_int_equal(ac.window.performed, 1);
  assert_true(ac.identity_response.present);
  scu__associate_free(&ac);
  /* A policy without opinions supports nothing and confirms nothing. */
  scu__acceptor_policy empty = {0};
  assert_int_equal(answer(&rq, &empty, &ac, &reject), SCU_OK);
  for (size_t i = 0; i < ac.context_count; i++)
    assert_int_equal(ac.contexts[i].result, SCU__CONTEXT_ABSTRACT_SYNTAX_NOT_SUPPORTED);
  assert_int_equal(ac.role_count + ac.extended_count, 0);
  assert_false(ac.window.present || ac.identity_response.present);
  scu__associate_free(&ac);
  scu__associate_free(&rq);
}

static void no_user(scu__associate *rq) {
  scu__associate_forget_identity(rq);
  rq->identity.type = 0;
}

static void test_who_brings_no_identity_is_refused_where_one_is_needed(void **state) {
  (void)state;
  scu__acceptor_policy policy = welcoming_policy();
  policy.is_identity_needed = true;
  expect_reject(no_user, &policy, 2, 1); /* PS3.7 D.3.3.7.3 */
  scu__associate rq = received_rq(NULL), ac;
  scu__reject reject;
  assert_int_equal(answer(&rq, &policy, &ac, &reject), SCU_OK);
  scu__associate_free(&ac);
  scu__associate_free(&rq);
}

static bool only_explicit(void *user, const scu__uid *abstract_syntax, const scu__uid *transfer_syntax) {
  (void)user;
  (void)abstract_syntax;
  return strcmp(transfer_syntax->text, EXPLICIT_LE) == 0;
}

static void test_unsupported_transfer_syntaxes_get_result_4(void **state) {
  (void)state;
  scu__associate rq = received_rq(NULL), ac;
  scu__acceptor_policy policy = welcoming_policy();
  scu__reject reject;
  policy.is_transfer_syntax_supported = only_explicit;
  assert_int_equal(answer(&rq, &policy, &ac, &reject), SCU_OK);
  assert_int_equal(ac.contexts[0].result, SCU__CONTEXT_ACCEPTED);
  assert_int_equal(ac.contexts[1].result, SCU__CONTEXT_TRANSFER_SYNTAXES_NOT_SUPPORTED);
  scu__associate_free(&ac);
  scu__associate_free(&rq);
}

/* --- Odd contexts (catalogue P13) -------------------------------------------------------------------------------- */

static void put_context(scu__buffer *buffer, uint8_t id) {
  static const char syntaxes[] = "\x30\0\0\x11" VERIFICATION "\x40\0\0\x11" IMPLICIT_LE;
  uint8_t head[8] = {0x20, 0, 0, 4 + sizeof syntaxes - 1, id};
  scu__put_bytes(buffer, head, sizeof head);
  scu__put_bytes(buffer, syntaxes, sizeof syntaxes - 1);
}

static scu__associate rq_with_ids(const uint8_t *ids, size_t count) {
  scu__buffer buffer;
  scu__associate rq;
  scu__buffer_init(&buffer, NULL, SCU__ASSOCIATE_PDU_MAX);
  scu__put_u16be(&buffer, 1);
  scu__put_u16be(&buffer, 0);
  scu__put_text(&buffer, "ARCHIVE         SCU             ");
  scu__put_fill(&buffer, 0, 32);
  scu__put_text(&buffer, "\x10");
  scu__put_u8(&buffer, 0);
  scu__put_u16be(&buffer, sizeof SCU__APPLICATION_CONTEXT - 1);
  scu__put_text(&buffer, SCU__APPLICATION_CONTEXT);
  for (size_t i = 0; i < count; i++) put_context(&buffer, ids[i]);
  assert_int_equal(scu__associate_decode(buffer.data, buffer.length, SCU__PDU_ASSOCIATE_RQ, NULL, &rq, NULL), SCU_OK);
  scu__buffer_free(&buffer);
  return rq;
}

static void test_even_zero_and_repeated_ids_never_become_usable(void **state) {
  (void)state;
  static const uint8_t ids[] = {1, 2, 0, 3, 5, 3, 254, 255, 255, 255};
  scu__associate rq = rq_with_ids(ids, sizeof ids), ac;
  scu__acceptor_policy policy = welcoming_policy();
  scu__reject reject;
  scu__negotiated negotiated;
  assert_int_equal(answer(&rq, &policy, &ac, &reject), SCU_OK);
  assert_int_equal(ac.context_count, 7); /* one answer for each ID */
  for (size_t i = 0; i < ac.context_count; i++) {
    bool is_good = ac.contexts[i].id == 1 || ac.contexts[i].id == 5;
    assert_int_equal(ac.contexts[i].result, is_good ? SCU__CONTEXT_ACCEPTED : SCU__CONTEXT_NO_REASON);
    ac.contexts[i].result = SCU__CONTEXT_ACCEPTED; /* and a peer that accepts them all the same */
  }
  for (int is_acceptor = 0; is_acceptor < 2; is_acceptor++) {
    assert_int_equal(scu__negotiated_make(&rq, &ac, is_acceptor, NULL, &negotiated, NULL), SCU_OK);
    assert_int_equal(negotiated.count, 2);
    assert_int_equal(negotiated.refused_count, 8);
    assert_non_null(scu__negotiated_context(&negotiated, 1));
    assert_non_null(scu__negotiated_context(&negotiated, 5));
    for (unsigned id = 0; id < 256; id++)
      if (id != 1 && id != 5) assert_null(scu__negotiated_context(&negotiated, (uint8_t)id));
    scu__negotiated_free(&negotiated);
  }
  scu__associate_free(&ac);
  scu__associate_free(&rq);
}

static void test_three_hundred_contexts_leave_no_usable_one_and_no_overrun(void **state) {
  (void)state;
  uint8_t ids[300];
  for (size_t i = 0; i < 300; i++) ids[i] = (uint8_t)(2 * i + 1);
  scu__associate rq = rq_with_ids(ids, 300), ac;
  scu__acceptor_policy policy = welcoming_policy();
  scu__reject reject;
  scu__negotiated negotiated;
  assert_int_equal(rq.context_count, 300);
  assert_int_equal(answer(&rq, &policy, &ac, &reject), SCU_OK);
  assert_int_equal(ac.context_count, 128);
  assert_int_equal(scu__negotiated_make(&rq, &ac, true, NULL, &negotiated, NULL), SCU_OK);
  assert_int_equal(negotiated.count, 0); /* every odd ID was proposed twice or more */
  scu__negotiated_free(&negotiated);
  scu__associate_free(&ac);
  scu__associate_free(&rq);
}

static void test_all_128_contexts_can_be_used(void **state) {
  (void)state;
  uint8_t ids[128];
  for (size_t i = 0; i < 128; i++) ids[i] = (uint8_t)(2 * i + 1);
  scu__associate rq = rq_with_ids(ids, 128), ac;
  scu__acceptor_policy policy = welcoming_policy();
  scu__reject reject;
  scu__negotiated negotiated;
  assert_int_equal(answer(&rq, &policy, &ac, &reject), SCU_OK);
  assert_int_equal(scu__negotiated_make(&rq, &ac, false, NULL, &negotiated, NULL), SCU_OK);
  assert_int_equal(negotiated.count, 128);
  assert_int_equal(scu__negotiated_context(&negotiated, 255)->id, 255);
  scu__negotiated_free(&negotiated);
  scu__associate_free(&ac);
  scu__associate_free(&rq);
}

/* --- The outcome ----------------------------------------------------------------------------------------------------
 */

typedef struct pair {
  scu__associate rq, ac;
  scu__negotiated negotiated;
} pair;

static void begin_pair(pair *p) {
  static const char *const both[] = {EXPLICIT_LE, IMPLICIT_LE};
  memset(p, 0, sizeof *p);
  fill_titles(&p->rq, NULL);
  fill_titles(&p->ac, NULL);
  for (int i = 0; i < 4; i++)
    assert_int_equal(scu__associate_add_context(&p->rq, i ? CT_STORAGE : VERIFICATION, both, 2, NULL), SCU_OK);
}

static void settle(pair *p, bool is_acceptor) {
  scu__negotiated_free(&p->negotiated);
  assert_int_equal(scu__negotiated_make(&p->rq, &p->ac, is_acceptor, NULL, &p->negotiated, NULL), SCU_OK);
}

static void end_pair(pair *p) {
  scu__associate_free(&p->rq);
  scu__associate_free(&p->ac);
  scu__negotiated_free(&p->negotiated);
}

static void test_answers_that_were_not_asked_for_are_not_used(void **state) {
  (void)state;
  scu__uid explicit_le = uid(EXPLICIT_LE), jpeg = uid(JPEG_LOSSLESS);
  pair p;
  begin_pair(&p);
  scu__associate_add_result(&p.ac, 9, 0, &explicit_le); /* never proposed */
  scu__associate_add_result(&p.ac, 7, 2, NULL);
  scu__associate_add_result(&p.ac, 3, 0, &jpeg);        /* not offered */
  scu__associate_add_result(&p.ac, 1, 0, &explicit_le); /* any order */
  settle(&p, false);
  assert_int_equal(p.negotiated.count, 1);
  assert_int_equal(p.negotiated.contexts[0].id, 1);
  assert_string_equal(p.negotiated.contexts[0].abstract_syntax.text, VERIFICATION);
  assert_string_equal(p.negotiated.contexts[0].transfer_syntax.text, EXPLICIT_LE);
  assert_null(scu__negotiated_context(&p.negotiated, 9));
  assert_int_equal(p.negotiated.refused_count, 3);
  assert_int_equal(p.negotiated.refused[0].id, 3);
  assert_non_null(strstr(p.negotiated.refused[0].reason, "not offered"));
  assert_non_null(strstr(p.negotiated.refused[1].reason, "no answer"));
  assert_int_equal(p.negotiated.refused[2].result, 2);
  end_pair(&p);
}

static void test_a_context_answered_twice_is_not_used(void **state) {
  (void)state;
  scu__uid explicit_le = uid(EXPLICIT_LE), implicit_le = uid(IMPLICIT_LE);
  pair p;
  begin_pair(&p);
  scu__associate_add_result(&p.ac, 1, 0, &explicit_le);
  scu__associate_add_result(&p.ac, 1, 0, &implicit_le);
  settle(&p, false);
  assert_int_equal(p.negotiated.count, 0);
  end_pair(&p);
}

/* PS3.7 D.3.3.4: {proposed SCU, SCP, answered SCU, SCP} -> {requestor is SCU, SCP}; answered 2 = no answer. */
static void test_role_outcomes(void **state) {
  (void)state;
  static const int cases[][6] = {
      {2, 2, 2, 2, 1, 0}, {2, 2, 1, 1, 1, 0}, {1, 1, 2, 2, 1, 0}, {1, 1, 0, 0, 0, 0}, {1, 1, 0, 1, 0, 1},
      {1, 1, 1, 0, 1, 0}, {1, 1, 1, 1, 1, 1}, {1, 0, 0, 0, 0, 0}, {1, 0, 1, 0, 1, 0}, {1, 0, 1, 1, 1, 0},
      {0, 1, 0, 0, 0, 0}, {0, 1, 0, 1, 0, 1}, {0, 1, 1, 1, 0, 1}, {0, 1, 2, 2, 1, 0},
  };
  scu__uid explicit_le = uid(EXPLICIT_LE);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const int *c = cases[i];
    pair p;
    begin_pair(&p);
    scu__associate_add_result(&p.ac, 3, 0, &explicit_le);
    if (c[0] != 2) scu__associate_add_role(&p.rq, CT_STORAGE, c[0], c[1]);
    if (c[2] != 2) scu__associate_add_role(&p.ac, CT_STORAGE, c[2], c[3]);
    settle(&p, false);
    assert_int_equal(p.negotiated.contexts[0].scu_role, c[4]);
    assert_int_equal(p.negotiated.contexts[0].scp_role, c[5]);
    assert_int_equal(scu__negotiated_find(&p.negotiated, CT_STORAGE, NULL, true) != NULL, c[5]);
    assert_int_equal(scu__negotiated_find(&p.negotiated, CT_STORAGE, EXPLICIT_LE, false) != NULL, c[4]);
    assert_null(scu__negotiated_find(&p.negotiated, CT_STORAGE, IMPLICIT_LE, false));
    settle(&p, true); /* the acceptor is the mirror image */
    assert_int_equal(p.negotiated.contexts[0].scu_role, c[5]);
    assert_int_equal(p.negotiated.contexts[0].scp_role, c[4]);
    end_pair(&p);
  }
}

static void test_window_is_the_smaller_of_both_and_one_when_silent(void **state) {
  (void)state;
  static const int cases[][3] = {{8, 4, 4}, {4, 8, 4}, {0, 5, 5}, {5, 0, 5}, {0, 0, 0}, {1, 65535, 1}, {8, 1, 1}};
  pair p;
  begin_pair(&p);
  settle(&p, false);
  assert_int_equal(p.negotiated.max_invoked, 1);
  p.rq.window = (scu__window){true, 8, 8};
  settle(&p, false);
  assert_int_equal(p.negotiated.max_invoked, 1); /* an old peer that knows no 53H */
  p.rq.window.present = false;
  p.ac.window = (scu__window){true, 8, 8};
  settle(&p, false);
  assert_int_equal(p.negotiated.max_invoked, 1); /* not asked for: catalogue P37 */
  p.rq.window.present = true;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    p.rq.window.invoked = p.rq.window.performed = (uint16_t)cases[i][0];
    p.ac.window.invoked = p.ac.window.performed = (uint16_t)cases[i][1];
    settle(&p, false);
    assert_int_equal(p.negotiated.max_invoked, cases[i][2]);
    assert_int_equal(p.negotiated.max_performed, cases[i][2]);
  }
  end_pair(&p);
}

static void test_extended_negotiation_agrees_only_to_what_was_offered(void **state) {
  (void)state;
  static const uint8_t offer[] = {1, 0, 1}, reply[] = {1, 1, 0, 1, 1};
  pair p;
  begin_pair(&p);
  scu__associate_add_extended(&p.rq, STUDY_FIND, offer, sizeof offer);
  settle(&p, false);
  assert_null(scu__negotiated_extended(&p.negotiated, STUDY_FIND));
  assert_int_equal(scu__negotiated_extended_byte(&p.negotiated, STUDY_FIND, 0), 0);
  scu__associate_add_extended(&p.ac, STUDY_FIND, reply, sizeof reply);
  scu__associate_add_extended(&p.ac, CT_STORAGE, reply, sizeof reply); /* never offered */
  settle(&p, false);
  const scu__octets *agreed = scu__negotiated_extended(&p.negotiated, STUDY_FIND);
  assert_int_equal(agreed->length, 3);
  assert_memory_equal(agreed->data, "\x01\x00\x00", 3);
  assert_int_equal(scu__negotiated_extended_byte(&p.negotiated, STUDY_FIND, 0), 1);
  assert_int_equal(scu__negotiated_extended_byte(&p.negotiated, STUDY_FIND, 4), 0);
  assert_null(scu__negotiated_extended(&p.negotiated, CT_STORAGE));
  end_pair(&p);
}

static void test_a_short_extended_answer_means_zero_for_the_rest(void **state) {
  (void)state;
  static const uint8_t offer[] = {1, 1, 1}, reply[] = {1};
  pair p;
  begin_pair(&p);
  scu__associate_add_extended(&p.rq, STUDY_FIND, offer, sizeof offer);
  scu__associate_add_extended(&p.ac, STUDY_FIND, reply, sizeof reply);
  settle(&p, false);
  assert_int_equal(scu__negotiated_extended_byte(&p.negotiated, STUDY_FIND, 0), 1);
  assert_int_equal(scu__negotiated_extended_byte(&p.negotiated, STUDY_FIND, 1), 0);
  end_pair(&p);
}

static void test_an_answer_that_cannot_be_used_as_a_whole_is_a_protocol_error(void **state) {
  (void)state;
  scu__negotiated negotiated;
  scu_error error;
  pair p;
  begin_pair(&p);
  scu__error_clear(&error);
  p.ac.application_context = uid("1.2.3");
  assert_int_equal(scu__negotiated_make(&p.rq, &p.ac, false, NULL, &negotiated, &error), SCU_ERROR_PROTOCOL);
  assert_non_null(strstr(error.reason, "1.2.3"));
  p.ac.application_context = uid(SCU__APPLICATION_CONTEXT);
  p.ac.max_pdu_length = 7;
  assert_int_equal(scu__negotiated_make(&p.rq, &p.ac, false, NULL, &negotiated, NULL), SCU_ERROR_PROTOCOL);
  p.ac.max_pdu_length = 8;
  settle(&p, false);
  end_pair(&p);
}

static void test_identity_confirmation_is_told(void **state) {
  (void)state;
  pair p;
  begin_pair(&p);
  settle(&p, false);
  assert_false(p.negotiated.identity_confirmed);
  p.ac.identity_response.present = true;
  settle(&p, false);
  assert_true(p.negotiated.identity_confirmed);
  end_pair(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_acceptor_prefers_explicit_then_implicit_and_big_endian_last),
      cmocka_unit_test(test_requests_are_rejected_with_the_right_triple),
      cmocka_unit_test(test_answer_gives_back_the_titles_and_answers_each_item),
      cmocka_unit_test(test_unsupported_transfer_syntaxes_get_result_4),
      cmocka_unit_test(test_even_zero_and_repeated_ids_never_become_usable),
      cmocka_unit_test(test_three_hundred_contexts_leave_no_usable_one_and_no_overrun),
      cmocka_unit_test(test_all_128_contexts_can_be_used),
      cmocka_unit_test(test_answers_that_were_not_asked_for_are_not_used),
      cmocka_unit_test(test_a_context_answered_twice_is_not_used),
      cmocka_unit_test(test_role_outcomes),
      cmocka_unit_test(test_window_is_the_smaller_of_both_and_one_when_silent),
      cmocka_unit_test(test_extended_negotiation_agrees_only_to_what_was_offered),
      cmocka_unit_test(test_a_short_extended_answer_means_zero_for_the_rest),
      cmocka_unit_test(test_an_answer_that_cannot_be_used_as_a_whole_is_a_protocol_error),
      cmocka_unit_test(test_identity_confirmation_is_told),
      cmocka_unit_test(test_who_brings_no_identity_is_refused_where_one_is_needed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
