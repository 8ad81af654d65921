/* The one table: every row is whole, every code that people type finds its rows, and errors know theirs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/explanation.h"
#include "dimse/command.h"
#include "io/os_error.h"
#include "scu/explain.h"
#include "ul/pdu.h"

static size_t count_of(const char *code) {
  size_t count = 0;
  for (const scu_explanation *row = NULL; (row = scu_explain_next(code, row)) != NULL;) count++;
  return count;
}

static const scu_explanation *only(const char *code) {
  if (count_of(code) != 1) fail_msg("%s names %zu rows", code, count_of(code));
  return scu_explain_next(code, NULL);
}

static bool is_line(const char *text, size_t most) {
  size_t length = strlen(text);
  if (length == 0 || length > most || text[length - 1] == '.' || text[length - 1] == ' ') return false;
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7E) return false;
  return true;
}

static void test_every_row_is_whole(void **state) {
  (void)state;
  size_t count = 0;
  for (const scu_explanation *row; (row = scu_explanation_at(count)) != NULL; count++) {
    assert_true(row->kind >= SCU_EXPLAINS_REJECT && row->kind <= SCU_EXPLAINS_PHASE);
    assert_true(row->low <= row->high);
    assert_true(is_line(scu_explanation_code(row), 24));
    assert_true(is_line(scu_explanation_source(row), 24));
    if (!is_line(scu_explanation_text(row), 120) || !is_line(scu_explanation_cause(row), 120) ||
        !is_line(scu_explanation_next_step(row), 160)) /* a hint is whole: it fits into an error */
      fail_msg("%s is not whole", row->code);
    assert_true(strlen(scu_explanation_where(row)) < 120);
    assert_int_equal(scu_explanation_class(row)[0] != 0, row->kind == SCU_EXPLAINS_STATUS);
  }
  assert_true(count > 200);
  assert_null(scu_explanation_at(SIZE_MAX));
}

static void test_no_row_is_there_twice(void **state) {
  (void)state;
  for (size_t i = 0; scu_explanation_at(i); i++)
    for (size_t k = i + 1; scu_explanation_at(k); k++) {
      const scu_explanation *a = scu_explanation_at(i), *b = scu_explanation_at(k);
      if (a->kind != b->kind || strcmp(a->code, b->code) != 0) continue;
      if (strcmp(a->where, b->where) == 0 && strcmp(a->source, b->source) == 0 && a->fits == b->fits)
        fail_msg("%s (%s) twice", a->code, a->where);
    }
}

/* What is printed can be typed: a row's own code names it. */
static void test_every_row_is_found_by_its_own_code(void **state) {
  (void)state;
  for (size_t i = 0; scu_explanation_at(i); i++) {
    const scu_explanation *row = scu_explanation_at(i), *found = NULL;
    if (row->fits == SCU__FITS_REST || (row->kind == SCU_EXPLAINS_ABORT && row->high > row->low))
      continue; /* "A-ABORT n/n" is no code */
    do found = scu_explain_next(row->code, found);
    while (found && found != row);
    if (!found) fail_msg("%s (%s) does not find itself", row->code, row->where);
  }
}

static void test_a_status_is_read_in_every_way_it_is_written(void **state) {
  (void)state;
  static const char *const ways[] = {"A801",  "a801",   "0xA801",      "0XA801",      "A801H",
                                     "43009", " A801 ", "status A801", "C-MOVE A801", "c-move a801h"};
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
    assert_non_null(strstr(scu_explanation_text(only(ways[i])), "Move Destination unknown"));
  assert_string_equal(scu_explanation_class(only("A801")), "failure");
}

static void test_services_that_differ_are_told_apart(void **state) {
  (void)state;
  const scu_explanation *first = scu_explain_next("A702", NULL), *second;
  bool has_move = false, has_get = false;
  for (second = first; second; second = scu_explain_next("A702", second)) {
    has_move |= strcmp(scu_explanation_where(second), "C-MOVE") == 0;
    has_get |= strcmp(scu_explanation_where(second), "C-GET") == 0;
  }
  assert_true(has_move && has_get);
  assert_string_equal(scu_explanation_where(only("C-MOVE A702")), "C-MOVE");
  assert_string_equal(scu_explanation_where(only("C-GET A702")), "C-GET");
  assert_non_null(strstr(scu_explanation_next_step(only("C-GET A702")), "storage class"));
}

static void test_a_range_gives_all_that_is_in_it(void **state) {
  (void)state;
  bool has_store = false, has_701 = false, has_other = false;
  for (const scu_explanation *row = NULL; (row = scu_explain_next("A7xx", row)) != NULL;) {
    has_store |= strcmp(row->where, "C-STORE") == 0 && strcmp(row->code, "A7xx") == 0;
    has_701 |= strcmp(row->code, "A701") == 0;
    has_other |= row->low < 0xA700 && row->fits == SCU__FITS_ALL;
  }
  assert_true(has_store && has_701 && !has_other);
}

static void test_a_code_that_no_row_names_gets_its_range(void **state) {
  (void)state;
  const scu_explanation *row = only("C-ECHO C123");
  assert_true(scu_explanation_is_range(row));
  assert_string_equal(scu_explanation_class(row), "failure");
  assert_string_equal(scu_explanation_code(row), "Cxxx");
  assert_string_equal(scu_explanation_class(only("C-STORE B123")), "warning");
  assert_string_equal(scu_explanation_code(only("C-ECHO 1234")), "xxxx");
  assert_true(scu_explanation_is_range(only("reject 1/1/5")));
  assert_true(scu_explanation_is_range(only("context 9")));
  assert_true(scu_explanation_is_range(only("errno 9999")));
  assert_false(scu_explanation_is_range(only("C-MOVE A702")));
}

static void test_a_row_for_the_code_itself_is_enough_for_its_operation(void **state) {
  (void)state;
  assert_string_equal(scu_explanation_code(only("C-FIND A710")), "A710"); /* not A7xx as well */
  assert_string_equal(scu_explanation_where(only("C-MOVE FE00")), "C-MOVE, C-GET");
  assert_string_equal(scu_explanation_where(only("C-ECHO FE00")), "");
  assert_string_equal(scu_explanation_text(only("N-SET 0001")), "requested optional attributes not supported");
  assert_string_equal(scu_explanation_text(only("C-STORE 0001")), "warning without detail");
  assert_int_equal(count_of("0001"), 2);
}

static void test_general_codes_hold_for_whoever_sends_them(void **state) {
  (void)state;
  assert_string_equal(scu_explanation_text(only("C-STORE 0110")), "general processing failure");
  assert_string_equal(scu_explanation_text(scu_explain_status(SCU__C_STORE_RSP, 0x0110)), "general processing failure");
}

static void test_products_are_named_and_never_taken_for_the_peer(void **state) {
  (void)state;
  bool has_product = false;
  for (const scu_explanation *row = NULL; (row = scu_explain_next("C-STORE C211", row)) != NULL;)
    has_product |= strcmp(scu_explanation_source(row), "pynetdicom") == 0;
  assert_true(has_product);
  assert_string_equal(scu_explanation_source(scu_explain_status(SCU__C_STORE_RSP, 0xC211)), "PS3.4 B.2.3");
}

static void test_rejects_aborts_and_contexts_are_read(void **state) {
  (void)state;
  static const char *const rejects[] = {
      "A-ASSOCIATE-RJ 1 1 7", "A-ASSOCIATE-RJ 1/1/7", "reject 1/1/7", "1/1/7", "1 1 7", "(1/1/7)"};
  for (size_t i = 0; i < sizeof rejects / sizeof *rejects; i++)
    assert_string_equal(scu_explanation_text(only(rejects[i])), "called AE title not recognized");
  assert_string_equal(scu_explanation_text(scu_explain_next("abort 2/1", NULL)), "unrecognized PDU");
  assert_string_equal(scu_explanation_text(scu_explain_next("2/1", NULL)), "unrecognized PDU");
  assert_string_equal(scu_explanation_code(scu_explain_next("A-ABORT 0 0", NULL)), "A-ABORT 0/n");
  assert_string_equal(scu_explanation_text(only("presentation context 3")), "abstract syntax not supported");
}

static void test_every_triple_and_every_pair_has_a_row(void **state) {
  (void)state;
  char code[48];
  for (int source = 0; source < 256; source += source < 4 ? 1 : 63)
    for (int reason = 0; reason < 256; reason += reason < 9 ? 1 : 13) {
      snprintf(code, sizeof code, "abort %d/%d", source, reason);
      assert_non_null(scu_explain_next(code, NULL));
      for (int result = 0; result < 4; result++) {
        snprintf(code, sizeof code, "reject %d/%d/%d", result, source, reason);
        assert_non_null(scu_explain_next(code, NULL));
      }
    }
}

static void test_names_are_read_in_any_case(void **state) {
  (void)state;
  char code[32];
  assert_int_equal(only("econnrefused")->low, ECONNREFUSED);
  snprintf(code, sizeof code, "errno %d", ECONNREFUSED);
  assert_ptr_equal(only(code), only("ECONNREFUSED"));
  assert_int_equal(only("TIMEOUT")->low, SCU_ERROR_TIMEOUT);
  assert_ptr_equal(only("SCU_ERROR_TIMEOUT"), only("timeout"));
  assert_ptr_equal(only("result -5"), only("timeout"));
  assert_int_equal(only("connect")->kind, SCU_EXPLAINS_PHASE);
  assert_int_equal(count_of("storage"), 2); /* a result and a phase */
  assert_int_equal(only("phase storage")->kind, SCU_EXPLAINS_PHASE);
  assert_int_equal(only("eai_again")->kind, SCU_EXPLAINS_RESOLVER);
  assert_int_equal(scu_explain_next("reason 0131", NULL)->kind, SCU_EXPLAINS_FAILURE_REASON);
}

static void test_every_result_and_phase_has_its_row(void **state) {
  (void)state;
  for (scu_result result = SCU_ERROR_REFUSED; result <= SCU_PENDING; result++) {
    const scu_explanation *row = scu__explanation_of(scu__result_rows, scu__result_row_count, result);
    assert_non_null(row);
    assert_string_equal(scu_explanation_code(row), scu_result_name(result));
  }
  assert_string_equal(scu_result_name(SCU_ERROR_REFUSED - 1), "UNKNOWN"); /* else there is a new one, without row */
  for (int phase = SCU_PHASE_USAGE; phase <= SCU_PHASE_LISTEN; phase++) {
    const scu_explanation *row = scu__explanation_of(scu__phase_rows, scu__phase_row_count, phase);
    assert_string_equal(scu_explanation_code(row), scu_phase_name((scu_phase)phase));
  }
  assert_string_equal(scu_phase_name((scu_phase)(SCU_PHASE_LISTEN + 1)), "unknown");
}

static void test_a_kind_alone_gives_all_of_it(void **state) {
  (void)state;
  static const struct {
    const char *word;
    scu_explains kind;
  } kinds[] = {
      {"reject", SCU_EXPLAINS_REJECT},     {"abort", SCU_EXPLAINS_ABORT},           {"context", SCU_EXPLAINS_CONTEXT},
      {"status", SCU_EXPLAINS_STATUS},     {"reason", SCU_EXPLAINS_FAILURE_REASON}, {"errno", SCU_EXPLAINS_SYSTEM},
      {"resolver", SCU_EXPLAINS_RESOLVER}, {"result", SCU_EXPLAINS_RESULT},         {"phase", SCU_EXPLAINS_PHASE}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    size_t all = 0;
    for (size_t k = 0; scu_explanation_at(k); k++) all += scu_explanation_at(k)->kind == kinds[i].kind;
    assert_int_equal(count_of(kinds[i].word), all);
  }
  assert_true(count_of("C-MOVE") > 10 && count_of("C-MOVE") < count_of("status"));
}

static void test_what_is_no_code_names_nothing(void **state) {
  (void)state;
  static const char *const others[] = {"",
                                       "   ",
                                       "hello",
                                       "A70",
                                       "A7021",
                                       "0xA70",
                                       "A7x2",
                                       "99999",
                                       "-1",
                                       "1/1/300",
                                       "reject 1",
                                       "reject 1/1",
                                       "abort 1/2/3",
                                       "abort x",
                                       "1 2 3 4 5 6 7",
                                       "context three",
                                       "C-MOVE A702 A702",
                                       "0x",
                                       "presentation",
                                       "a-name-that-is-so-long-that-no-code-will-ever-be-as-long-as-that"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (count_of(others[i]) != 0) fail_msg("'%s' names %zu rows", others[i], count_of(others[i]));
  assert_null(scu_explain_next(NULL, NULL));
}

static void test_an_error_knows_its_row_and_has_its_next_step(void **state) {
  (void)state;
  scu_error error;
  scu__ae called, calling;
  scu__ae_from_text(&called, "ARCHIVE");
  scu__ae_from_text(&calling, "SCU");
  scu__error_clear(&error);
  assert_null(scu_error_explanation(&error));
  assert_null(scu_error_explanation(NULL));
  scu__reject_error(&(scu__reject){2, 3, 1}, &called, &calling, &error);
  assert_ptr_equal(scu_error_explanation(&error), only("2/3/1"));
  assert_string_equal(scu_error_hint(&error), scu_explanation_next_step(only("2/3/1")));

  scu__error_clear(&error);
  scu__os_error(&error, SCU_ERROR_TRANSPORT, SCU_PHASE_CONNECT, ECONNREFUSED, "cannot connect");
  assert_ptr_equal(scu_error_explanation(&error), only("ECONNREFUSED"));
  assert_string_equal(scu_error_hint(&error), scu_explanation_next_step(only("ECONNREFUSED")));

  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_TIMEOUT, SCU_PHASE_RESPONSE, "nothing came");
  assert_ptr_equal(scu_error_explanation(&error), only("TIMEOUT"));
}

static void test_a_hint_that_knows_more_stays(void **state) {
  (void)state;
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_REFUSED, SCU_PHASE_RESPONSE, "no");
  scu__error_hint(&error, "leave out what it names");
  scu__error_explain(&error, only("C-FIND A9xx"));
  assert_string_equal(scu_error_hint(&error), "leave out what it names");
  assert_ptr_equal(scu_error_explanation(&error), only("C-FIND A9xx"));
  scu__error_explain(NULL, only("C-FIND A9xx"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_row_is_whole),
      cmocka_unit_test(test_no_row_is_there_twice),
      cmocka_unit_test(test_every_row_is_found_by_its_own_code),
      cmocka_unit_test(test_a_status_is_read_in_every_way_it_is_written),
      cmocka_unit_test(test_services_that_differ_are_told_apart),
      cmocka_unit_test(test_a_range_gives_all_that_is_in_it),
      cmocka_unit_test(test_a_code_that_no_row_names_gets_its_range),
      cmocka_unit_test(test_a_row_for_the_code_itself_is_enough_for_its_operation),
      cmocka_unit_test(test_general_codes_hold_for_whoever_sends_them),
      cmocka_unit_test(test_products_are_named_and_never_taken_for_the_peer),
      cmocka_unit_test(test_rejects_aborts_and_contexts_are_read),
      cmocka_unit_test(test_every_triple_and_every_pair_has_a_row),
      cmocka_unit_test(test_names_are_read_in_any_case),
      cmocka_unit_test(test_every_result_and_phase_has_its_row),
      cmocka_unit_test(test_a_kind_alone_gives_all_of_it),
      cmocka_unit_test(test_what_is_no_code_names_nothing),
      cmocka_unit_test(test_an_error_knows_its_row_and_has_its_next_step),
      cmocka_unit_test(test_a_hint_that_knows_more_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
