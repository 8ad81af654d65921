/* What NULL means where the headers allow no NULL, and where nothing is in the way of a mistake (scu/scu.h): texts are
 * USAGE, the free functions and the calls that end something early do nothing, errors of nobody are empty. And what
 * stands in *out after a failure: NULL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scu/scu.h"

#define PEER "PEER@127.0.0.1:104"

typedef struct things {
  scu_session *session;
  scu_query *query;
  scu_source *source;
  scu_dataset *dataset;
  scu_edits *edits;
  scu_message *message;
  scu_options *options;
  scu_commitment *commitment;
  scu_row *row;
  char text[64];
} things;

static void make(things *t) {
  memset(t, 0, sizeof *t);
  assert_int_equal(scu_session_new(&t->session, NULL, PEER), SCU_OK);
  assert_int_equal(scu_query_new(NULL, &t->query), SCU_OK);
  assert_int_equal(scu_source_new(NULL, &t->source), SCU_OK);
  assert_int_equal(scu_dataset_new(NULL, &t->dataset), SCU_OK);
  assert_int_equal(scu_dataset_set_text(t->dataset, "PatientName", "Doe"), SCU_OK);
  assert_int_equal(scu_edits_new(NULL, &t->edits), SCU_OK);
  assert_int_equal(scu_message_new(NULL, 0x0021, &t->message), SCU_OK);
  assert_int_equal(scu_options_new(NULL, &t->options), SCU_OK);
  assert_int_equal(scu_commitment_new(NULL, &t->commitment), SCU_OK);
  assert_int_equal(scu_row_new(NULL, t->dataset, &t->row), SCU_OK);
}

static void drop(things *t) {
  scu_session_free(t->session);
  scu_query_free(t->query);
  scu_source_free(t->source);
  scu_dataset_free(t->dataset);
  scu_edits_free(t->edits);
  scu_message_free(t->message);
  scu_options_free(t->options);
  scu_commitment_free(t->commitment);
  scu_row_free(t->row);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static scu_result session_of_nobody(things *t) {
  scu_session *session;
  (void)t;
  scu_result result = scu_session_new(&session, NULL, NULL);
  assert_string_equal(scu_error_reason(scu_session_error(session)), "no peer was given");
  scu_session_free(session);
  return result;
}

static scu_result file_of_nobody(things *t) {
  scu_file *file;
  (void)t;
  scu_result result = scu_file_read(NULL, NULL, 100, &file);
  assert_string_equal(scu_error_reason(scu_file_error(file)), "no path was given");
  assert_int_equal(scu_dataset_count(scu_file_dataset(file)), 0);
  scu_file_free(file);
  return result;
}

static scu_result move_to_nobody(things *t) {
  scu_retrieve_report *report = (scu_retrieve_report *)t;
  assert_int_equal(scu_query_set(t->query, "StudyInstanceUID", "1.2.3"), SCU_OK);
  scu_result result = scu_move(t->session, t->query, NULL, &report);
  assert_null(report);
  return result;
}

static scu_result row_text(things *t) {
  scu_text_value value;
  return scu_row_read_text(t->row, NULL, &value);
}

#define CALL(name, expression)                                                                                         \
  static scu_result name(things *t) {                                                                                  \
    (void)t;                                                                                                           \
    return expression;                                                                                                 \
  }
CALL(query_set, scu_query_set(t->query, NULL, "x"))
CALL(query_set_both, scu_query_set(t->query, NULL, NULL))
CALL(query_return, scu_query_return(t->query, NULL))
CALL(query_list, scu_query_set_list(t->query, NULL, (const char *const[]){"1.2"}, 1))
CALL(query_list_value, scu_query_set_list(t->query, "StudyInstanceUID", (const char *const[]){NULL}, 1))
CALL(query_list_values, scu_query_set_list(t->query, "StudyInstanceUID", NULL, 1))
CALL(query_integer, scu_query_set_integer(t->query, NULL, 1))
CALL(query_date, scu_query_set_date_range(t->query, NULL, &(scu_date){2026, 1, 1}, NULL))
CALL(query_time, scu_query_set_time_range(t->query, NULL, &(scu_time){.hour = 1}, NULL))
CALL(query_name, scu_query_set_name(t->query, NULL, &(scu_name_parts){.family = "Doe"}, NULL, NULL))
CALL(dataset_text, scu_dataset_text(t->dataset, NULL, t->text, sizeof t->text))
CALL(dataset_text_to, scu_dataset_text(t->dataset, "PatientName", NULL, 5))
CALL(dataset_value_text, scu_dataset_value_text(t->dataset, NULL, 0, t->text, sizeof t->text))
CALL(dataset_value_text_to, scu_dataset_value_text(t->dataset, "PatientName", 0, NULL, 5))
CALL(element_text_to, scu_element_text(t->dataset, scu_dataset_at(t->dataset, 0), NULL, 5))
CALL(element_value_text_to, scu_element_value_text(t->dataset, scu_dataset_at(t->dataset, 0), 0, NULL, 5))
CALL(dataset_integer, scu_dataset_integer(t->dataset, NULL, 0, &(int64_t){0}))
CALL(dataset_set_text_path, scu_dataset_set_text(t->dataset, NULL, "x"))
CALL(dataset_set_text_value, scu_dataset_set_text(t->dataset, "PatientName", NULL))
CALL(dataset_set_charset_text, scu_dataset_set_text(t->dataset, "SpecificCharacterSet", NULL))
CALL(dataset_set_bytes, scu_dataset_set_bytes(t->dataset, 0x00100010, SCU_VR_PN, NULL, 5))
CALL(dataset_set_empty, scu_dataset_set_empty(t->dataset, NULL))
CALL(dataset_remove, scu_dataset_remove(t->dataset, NULL))
CALL(dataset_set_charset, scu_dataset_set_charset(t->dataset, NULL))
CALL(edits_set_text_path, scu_edits_set_text(t->edits, NULL, "x"))
CALL(edits_set_text_value, scu_edits_set_text(t->edits, "PatientName", NULL))
CALL(edits_set_bytes, scu_edits_set_bytes(t->edits, 0x00100010, SCU_VR_PN, NULL, 5))
CALL(edits_set_empty, scu_edits_set_empty(t->edits, NULL))
CALL(edits_remove, scu_edits_remove(t->edits, NULL))
CALL(edits_set_dataset, scu_edits_set_dataset(t->edits, NULL))
CALL(edits_apply_to_nothing, scu_edits_apply(t->edits, NULL))
CALL(edits_apply_nothing, scu_edits_apply(NULL, t->dataset))
CALL(source_file, scu_source_add_file(t->source, NULL))
CALL(source_folder, scu_source_add_folder(t->source, NULL, NULL, 1))
CALL(source_dicomdir, scu_source_add_dicomdir(t->source, NULL))
CALL(source_memory, scu_source_add_memory(t->source, NULL, 5))
CALL(source_dataset, scu_source_add_dataset(t->source, NULL, NULL))
CALL(source_iterator, scu_source_add_iterator(t->source, NULL, NULL))
CALL(message_class, scu_message_set_sop_class_uid(t->message, NULL))
CALL(message_instance, scu_message_set_sop_instance_uid(t->message, NULL))
CALL(message_destination, scu_message_set_move_destination(t->message, NULL))
CALL(options_parse, scu_options_parse(t->options, SCU_OPTION_MAX_PDU, NULL))
CALL(commitment_class, scu_commitment_add(t->commitment, NULL, "1.2.3"))
CALL(commitment_instance, scu_commitment_add(t->commitment, "1.2.3", NULL))
CALL(op_state, scu_op_state(NULL))
CALL(op_wait, scu_op_wait(NULL))
#undef CALL

static void test_a_text_that_is_none_is_usage(void **state) {
  (void)state;
#define ROW(name)                                                                                                      \
  { #name, name }
  static const struct {
    const char *name;
    scu_result (*call)(things *t);
  } calls[] = {
      ROW(session_of_nobody),
      ROW(file_of_nobody),
      ROW(move_to_nobody),
      ROW(row_text),
      ROW(query_set),
      ROW(query_set_both),
      ROW(query_return),
      ROW(query_list),
      ROW(query_list_value),
      ROW(query_list_values),
      ROW(query_integer),
      ROW(query_date),
      ROW(query_time),
      ROW(query_name),
      ROW(dataset_text),
      ROW(dataset_text_to),
      ROW(dataset_value_text),
      ROW(dataset_value_text_to),
      ROW(element_text_to),
      ROW(element_value_text_to),
      ROW(dataset_integer),
      ROW(dataset_set_text_path),
      ROW(dataset_set_text_value),
      ROW(dataset_set_charset_text),
      ROW(dataset_set_bytes),
      ROW(dataset_set_empty),
      ROW(dataset_remove),
      ROW(dataset_set_charset),
      ROW(edits_set_text_path),
      ROW(edits_set_text_value),
      ROW(edits_set_bytes),
      ROW(edits_set_empty),
      ROW(edits_remove),
      ROW(edits_set_dataset),
      ROW(edits_apply_to_nothing),
      ROW(edits_apply_nothing),
      ROW(source_file),
      ROW(source_folder),
      ROW(source_dicomdir),
      ROW(source_memory),
      ROW(source_dataset),
      ROW(source_iterator),
      ROW(message_class),
      ROW(message_instance),
      ROW(message_destination),
      ROW(options_parse),
      ROW(commitment_class),
      ROW(commitment_instance),
      ROW(op_state),
      ROW(op_wait),
  };
#undef ROW
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    things t;
    make(&t);
    scu_result result = calls[i].call(&t);
    if (result != SCU_ERROR_USAGE) fail_msg("%s: %s", calls[i].name, scu_result_name(result));
    drop(&t);
  }
}

static void test_a_value_of_null_asks_a_query_to_return_it(void **state) {
  (void)state;
  things t;
  make(&t);
  assert_int_equal(scu_query_set(t.query, "PatientName", NULL), SCU_OK);
  assert_non_null(scu_dataset_find(scu_query_keys(t.query), 0x00100010));
  drop(&t);
}

/* --- nothing ------------------------------------------------------------------------------------------------------ */

static void test_nothing_is_looked_up_where_there_is_none(void **state) {
  (void)state;
  things t;
  make(&t);
  assert_null(scu_dataset_find_path(t.dataset, NULL));
  assert_int_equal(scu_dataset_value_count(t.dataset, NULL), 0);
  assert_false(scu_file_is_dicomdir(NULL));
  drop(&t);
}

static void test_nothing_is_freed_closed_and_cancelled(void **state) {
  (void)state;
  scu_cancel(NULL);
  scu_abort(NULL);
  scu_op_cancel(NULL);
  scu_matches_cancel(NULL);
  scu_matches_close(NULL);
  scu_matches_free(NULL);
  scu_association_close(NULL);
  scu_session_free(NULL);
  scu_op_free(NULL);
  scu_loop_free(NULL);
  scu_listener_free(NULL);
  scu_disk_sink_free(NULL);
  scu_engine_free(NULL);
  scu_message_free(NULL);
  scu_commitment_free(NULL);
  scu_commit_report_free(NULL);
  scu_store_report_free(NULL);
  scu_retrieve_report_free(NULL);
  scu_response_free(NULL);
  scu_row_free(NULL);
  scu_dataset_free(NULL);
  scu_edits_free(NULL);
  scu_file_free(NULL);
  scu_options_free(NULL);
  scu_query_free(NULL);
  scu_source_free(NULL);
}

static void test_an_error_of_nobody_is_empty(void **state) {
  (void)state;
  const scu_error *const errors[] = {
      NULL,
      scu_session_error(NULL),
      scu_op_error(NULL),
      scu_matches_error(NULL),
      scu_association_error(NULL),
      scu_listener_error(NULL),
      scu_disk_sink_error(NULL),
      scu_engine_error(NULL),
      scu_commitment_error(NULL),
      scu_dataset_error(NULL),
      scu_edits_error(NULL),
      scu_file_error(NULL),
      scu_options_error(NULL),
      scu_query_error(NULL),
      scu_source_error(NULL),
  };
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    assert_null(errors[i]);
    assert_int_equal(scu_error_result(errors[i]), SCU_OK);
    assert_string_equal(scu_error_reason(errors[i]), "");
    assert_string_equal(scu_error_hint(errors[i]), "");
    assert_string_equal(scu_error_peer(errors[i]), "");
    assert_string_equal(scu_error_comment(errors[i]), "");
    assert_int_equal(scu_error_phase(errors[i]), SCU_PHASE_NONE);
  }
}

/* --- what is in *out after a failure --------------------------------------------------------------------------------
 */

static void test_what_a_failed_call_gives_is_null(void **state) {
  (void)state;
  things t;
  make(&t);
  union {
    scu_message *message;
    scu_options *options;
    scu_engine *engine;
    scu_dataset *dataset;
    scu_association *association;
    scu_matches *matches;
    scu_response *response;
    scu_store_report *stored;
    scu_commit_report *commitment;
    const char *text;
    const void *pointer;
  } out;
  const scu_engine_options short_options = {.size = 1};
#define FAILS(member, call)                                                                                            \
  do {                                                                                                                 \
    out.pointer = &out;                                                                                                \
    assert_true((call) < 0);                                                                                           \
    assert_null(out.member);                                                                                           \
  } while (0)
  FAILS(message, scu_message_new(NULL, 0x8021, &out.message));
  FAILS(message, scu_message_new_response(t.message, 0, &out.message));
  FAILS(options, scu_options_copy(NULL, &out.options));
  FAILS(text, scu_options_get_text(t.options, (scu_option)9999, &out.text));
  FAILS(pointer, scu_options_get_pointer(t.options, (scu_option)9999, &out.pointer));
  FAILS(engine, scu_engine_new(&short_options, NULL, NULL, &out.engine));
  FAILS(dataset, scu_engine_decode(t.message, (const uint8_t *)"abcdefgh", 8, &out.dataset));
  FAILS(association, scu_association_open(t.session, NULL, NULL, &out.association));
  FAILS(association, scu_association_start(t.session, NULL, NULL, &out.association));
  FAILS(matches, scu_find(t.session, NULL, &out.matches));
  FAILS(matches, scu_find_start(t.session, NULL, &out.matches));
  FAILS(matches, scu_find(t.session, t.query, &out.matches));
  FAILS(stored, scu_store(t.session, NULL, &out.stored));
  FAILS(stored, scu_store_dry_run(t.session, NULL, &out.stored));
  FAILS(response, scu_n_request(t.session, NULL, &out.response));
  FAILS(commitment, scu_commit(t.session, t.commitment, &out.commitment));
  FAILS(dataset, scu_dataset_add_item(t.dataset, 0x00100010, &out.dataset));
#undef FAILS
  drop(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_text_that_is_none_is_usage),
      cmocka_unit_test(test_a_value_of_null_asks_a_query_to_return_it),
      cmocka_unit_test(test_nothing_is_looked_up_where_there_is_none),
      cmocka_unit_test(test_nothing_is_freed_closed_and_cancelled),
      cmocka_unit_test(test_an_error_of_nobody_is_empty),
      cmocka_unit_test(test_what_a_failed_call_gives_is_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
