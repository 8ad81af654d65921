/* PS3.8 Table 9-10: the committed table against the shared material, and the engine against the table, cell by cell. */
#include "ul_support.h"

#include "ul/state_table.h"

static void test_table_has_the_123_defined_cells(void **state) {
  (void)state;
  int defined = 0;
  for (int event = 0; event < SCU__EVENTS; event++)
    for (int sta = 0; sta < SCU__STATES; sta++) {
      const scu__transition *cell = &scu__table_9_10[event][sta];
      defined += cell->action != SCU__NO_ACTION;
      assert_int_equal(cell->action == SCU__NO_ACTION, cell->next == 0);
      assert_true(cell->next <= SCU__STATES && cell->other <= SCU__STATES);
      bool has_choice = cell->action == SCU__AE_6 || cell->action == SCU__AR_8;
      assert_int_equal(cell->next != cell->other, has_choice);
    }
  assert_int_equal(defined, 123);
}

static void test_every_word_is_there(void **state) {
  (void)state;
  for (int i = 0; i < SCU__EVENTS; i++) assert_true(scu__evt_texts[i] && scu__evt_texts[i][0]);
  for (int i = 0; i < SCU__STATES; i++) assert_true(scu__sta_texts[i] && scu__sta_texts[i][0]);
  for (int i = 0; i < SCU__ACTIONS; i++) assert_true(scu__action_names[i] && scu__action_names[i][0]);
  assert_string_equal(scu__action_names[SCU__AA_8], "AA-8");
}

static FILE *open_machine(void) {
  char path[1024];
  const char *shared = getenv("SCU_SHARED");
  const char *source = getenv("SCU_SOURCE_ROOT");
  snprintf(path, sizeof path, "%s/standard/ul-state-machine.tsv", shared ? shared : "");
  FILE *file = shared ? fopen(path, "r") : NULL;
  if (file || shared) return file;
  snprintf(path, sizeof path, "%s/../shared/standard/ul-state-machine.tsv", source ? source : ".");
  return fopen(path, "r");
}

static void cell_text(char text[32], const scu__transition *cell) {
  if (cell->action == SCU__NO_ACTION)
    snprintf(text, 32, "-");
  else if (cell->next == cell->other)
    snprintf(text, 32, "%s/Sta%d", scu__action_names[cell->action], cell->next);
  else
    snprintf(text, 32, "%s/Sta%d|Sta%d", scu__action_names[cell->action], cell->next, cell->other);
}

static void test_table_equals_the_shared_material(void **state) {
  (void)state;
  FILE *file = open_machine();
  if (!file) {
    print_message("skipped: ul-state-machine.tsv is not here (SCU_SHARED)\n");
    skip();
  }
  char line[2048];
  int cells = 0;
  assert_non_null(fgets(line, sizeof line, file)); /* heading */
  for (int event = 0; event < SCU__EVENTS; event++) {
    assert_non_null(fgets(line, sizeof line, file));
    char *field = strchr(line, '\t') + 1; /* past "EvtN" */
    char *name_end = strchr(field, '\t');
    *name_end = 0;
    assert_string_equal(field, scu__evt_texts[event]);
    field = name_end + 1;
    for (int sta = 0; sta < SCU__STATES; sta++) {
      char *end = field + strcspn(field, "\t\r\n");
      *end = 0;
      char expected[32];
      cell_text(expected, &scu__table_9_10[event][sta]);
      assert_string_equal(field, expected);
      field = end + 1;
      cells++;
    }
  }
  fclose(file);
  assert_int_equal(cells, 247);
}

/* --- The engine, cell by cell ------------------------------------------------------------------------------------ */

static const uint8_t *remote_pdu(int event, uint8_t *room, size_t size, size_t *length) {
  *length = 10;
  switch (event) {
  case 3: *length = ac_bytes(room, size); return room;
  case 4: return reject_pdu;
  case 6: *length = rq_bytes(room, size); return room;
  case 10: *length = sizeof p_data_pdu; return p_data_pdu;
  case 12: return release_rq_pdu;
  case 13: return release_rp_pdu;
  case 16: return abort_pdu;
  default: return unknown_pdu;
  }
}

static bool is_remote(int event) {
  return event == 3 || event == 4 || event == 6 || event == 10 || event == 12 || event == 13 || event == 16 ||
         event == 19;
}

/* The event by the engine's own interface; the result of the call that stands for it. */
static scu_result cause(scu__engine *engine, int event) {
  static const char *const implicit[] = {IMPLICIT_LE};
  static const scu__reject reject = {1, 1, 7};
  scu__payload payload = {.bytes = (const uint8_t *)"ab", .length = 2};
  uint8_t bytes[4096];
  scu__associate associate;
  scu_result result;
  size_t length, consumed;
  if (is_remote(event)) {
    const uint8_t *pdu = remote_pdu(event, bytes, sizeof bytes, &length);
    result = scu__engine_receive(engine, pdu, length, &consumed, 0);
    if (result == SCU_OK) assert_true(consumed >= SCU__PDU_HEADER && consumed <= length);
    return result;
  }
  switch (event) {
  case 1:
    fill_titles(&associate, NULL);
    assert_int_equal(scu__associate_add_context(&associate, VERIFICATION, implicit, 1, NULL), SCU_OK);
    result = scu__engine_associate(engine, &associate, 0);
    scu__associate_free(&associate);
    return result;
  case 2:
  case 5: return scu__engine_connected(engine, 0);
  case 7:
    fill_answer(&associate, 0);
    result = scu__engine_accept(engine, &associate, 0);
    scu__associate_free(&associate);
    return result;
  case 8: return scu__engine_reject(engine, &reject, 0);
  case 9: return scu__engine_send_pdv(engine, 1, true, true, &payload);
  case 11: return scu__engine_release(engine, 0);
  case 14: return scu__engine_release_response(engine, 0);
  case 15: return scu__engine_abort(engine, 0, 0, 0);
  case 17: scu__engine_closed(engine, 0); return SCU_OK;
  default: scu__engine_expire(engine, UINT64_MAX - 1); return SCU_OK;
  }
}

/* What the action sends: the type of the PDU, 0 for none. */
static int pdu_sent_by(int action, int event) {
  switch (action) {
  case SCU__AE_2: return 1;
  case SCU__AE_7: return 2;
  case SCU__AE_8: return 3;
  case SCU__DT_1:
  case SCU__AR_7: return 4;
  case SCU__AR_1: return 5;
  case SCU__AR_4:
  case SCU__AR_9: return 6;
  case SCU__AA_1:
  case SCU__AA_7:
  case SCU__AA_8: return 7;
  default: (void)event; return 0;
  }
}

/* The event that tells our user; -1 for none. */
static int event_told_by(int action, int event, int sta) {
  switch (action) {
  case SCU__AE_3:
  case SCU__AE_7: return SCU__EVENT_ASSOCIATED;
  case SCU__AE_4: return SCU__EVENT_REJECTED;
  case SCU__AE_6: return SCU__EVENT_ASSOCIATE_INDICATION;
  case SCU__DT_2:
  case SCU__AR_6: return SCU__EVENT_DATA;
  case SCU__AR_2:
  case SCU__AR_8: return SCU__EVENT_RELEASE_INDICATION;
  case SCU__AR_3:
  case SCU__AR_4: return SCU__EVENT_RELEASED;
  case SCU__AA_1: return event == 15 ? -1 : SCU__EVENT_PROTOCOL_ERROR;
  case SCU__AA_2: return sta != 2 ? -1 : event == 16 ? (int)SCU__EVENT_ABORTED : (int)SCU__EVENT_TIMED_OUT;
  case SCU__AA_3: return SCU__EVENT_ABORTED;
  case SCU__AA_4: return sta < 7 ? (int)SCU__EVENT_CLOSED_BY_PEER : (int)SCU__EVENT_RELEASED; /* P28 */
  case SCU__AA_5: return SCU__EVENT_CLOSED_BY_PEER;
  case SCU__AA_8: return SCU__EVENT_PROTOCOL_ERROR;
  default: return -1;
  }
}

static bool closes_transport(int action) {
  return action == SCU__AE_4 || action == SCU__AR_3 || action == SCU__AA_2 || action == SCU__AA_3;
}

static bool starts_artim(int action) {
  return action == SCU__AE_5 || action == SCU__AE_8 || action == SCU__AR_4 || action == SCU__AA_1 ||
         action == SCU__AA_8;
}

static void check_effects(scu__engine *engine, int event, int sta, int action) {
  uint8_t bytes[4096];
  size_t length = take_output(engine, bytes, sizeof bytes);
  int pdu = pdu_sent_by(action, event);
  assert_int_equal(length > 0 ? bytes[0] : 0, pdu);
  if (action == SCU__AA_8 || action == SCU__AA_7) assert_int_equal(bytes[8], SCU__ABORT_PROVIDER);
  if (action == SCU__AA_1) assert_int_equal(bytes[8], SCU__ABORT_USER);
  int told = event_told_by(action, event, sta);
  if (told >= 0) assert_int_equal(next_event(engine).type, told);
  expect_no_event(engine);
  if (closes_transport(action)) assert_true(scu__engine_wants_close(engine));
  if (starts_artim(action)) assert_true(scu__engine_deadline(engine) != UINT64_MAX);
  if (closes_transport(action)) assert_true(scu__engine_deadline(engine) == UINT64_MAX);
}

static void check_cell(int event, int sta, bool is_acceptor, int *cells) {
  scu__engine *engine = engine_in(sta, is_acceptor);
  if (!engine) return;
  /* One connected() stands for Evt2 and Evt5, by role. */
  bool is_others_event = event == (is_acceptor ? 2 : 5);
  if (event == 1 && is_acceptor) is_others_event = true;
  const scu__transition *cell = &scu__table_9_10[event - 1][sta - 1];
  if (is_others_event) {
    scu__engine_free(engine);
    return;
  }
  scu_result result = cause(engine, event);
  (*cells)++;
  if (cell->action == SCU__NO_ACTION) {
    /* Time and a transport that closes cannot be refused; they change nothing. Sta10 takes note of the response. */
    scu_result expected = event == 17 || event == 18 ? SCU_OK : SCU_ERROR_USAGE;
    if (event == 14 && sta == 10) expected = SCU_PENDING;
    assert_int_equal(result, expected);
    if (event != 18) assert_int_equal(scu__engine_state(engine), sta);
    if (event != 18) expect_no_event(engine);
  } else {
    int next = cell->action == SCU__AR_8 && is_acceptor ? cell->other : cell->next;
    assert_int_equal(result, SCU_OK);
    assert_int_equal(scu__engine_state(engine), next);
    check_effects(engine, event, sta, cell->action);
  }
  scu__engine_free(engine);
}

static void test_every_cell_does_what_the_table_says_in_both_roles(void **state) {
  (void)state;
  int cells = 0;
  for (int event = 1; event <= SCU__EVENTS; event++)
    for (int sta = 1; sta <= SCU__STATES; sta++) {
      check_cell(event, sta, false, &cells);
      check_cell(event, sta, true, &cells);
    }
  print_message("%d cells driven through the engine\n", cells);
  /* 8 states are a requestor's, 8 an acceptor's, with 18 and 17 events each (see is_others_event); Sta1 in both. */
  assert_int_equal(cells, 9 * 18 + 9 * 17);
}

static void test_request_of_another_version_takes_the_other_way_out_of_ae_6(void **state) {
  (void)state;
  uint8_t bytes[4096];
  scu__engine *engine = acceptor_in_sta2();
  size_t length = rq_bytes(bytes, sizeof bytes);
  bytes[7] = 2; /* protocol version: bit 1, not bit 0 */
  assert_int_equal(feed(engine, bytes, length), length);
  assert_int_equal(scu__engine_state(engine), 13);
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_REJECTED);
  assert_false(event.by_peer);
  assert_int_equal(take_output(engine, bytes, sizeof bytes), 10);
  static const uint8_t expected[10] = {3, 0, 0, 0, 0, 4, 0, 1, 2, 2};
  assert_memory_equal(bytes, expected, 10);
  scu__engine_free(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table_has_the_123_defined_cells),
      cmocka_unit_test(test_every_word_is_there),
      cmocka_unit_test(test_table_equals_the_shared_material),
      cmocka_unit_test(test_every_cell_does_what_the_table_says_in_both_roles),
      cmocka_unit_test(test_request_of_another_version_takes_the_other_way_out_of_ae_6),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
