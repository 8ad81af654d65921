/* What a log tells of one association: PDUs, commands and datasets, as they come and in pieces. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "dimse/command.h"
#include "observe/dump_dataset.h"
#include "scu/log.h"
#include "support/failing_allocator.h"
#include "ul/pdu.h"

static char said[256 * 1024];
static size_t said_length;

static void hear(void *user, const scu_log_line *line) {
  (void)user;
  int n = snprintf(said + said_length, sizeof said - said_length, "%d:%lu:%s\n", (int)line->level,
                   (unsigned long)line->association, line->text);
  assert_true(n > 0 && (size_t)n < sizeof said - said_length);
  said_length += (size_t)n;
}

static void forget(void) {
  said_length = 0;
  said[0] = 0;
}

static scu_log *new_log(const scu_allocator *allocator, scu_log_level level, bool with_phi) {
  const scu_log_options options = {
      .size = sizeof options, .kind = SCU_LOG_TO_CALLBACK, .level = level, .with_phi = with_phi, .line = hear};
  scu_log *log;
  scu_result result = scu_log_new(allocator, &options, &log);
  forget();
  if (result == SCU_OK) return log;
  assert_int_equal(result, SCU_ERROR_MEMORY);
  scu_log_free(log);
  return NULL;
}

static const scu__trace_ends ends = {
    .local = {127, 0, 0, 1}, .peer = {192, 0, 2, 7}, .local_port = 40000, .peer_port = 11112};

typedef struct talk {
  scu_log *log;
  scu__scribe *scribe;
  void *conversation;
} talk;

static talk begin(scu_log *log) {
  talk t = {.log = log, .scribe = (scu__scribe *)log};
  t.conversation = t.scribe->connected(t.scribe, 5, &ends);
  return t;
}

static void end(talk *t) {
  t->scribe->closed(t->scribe, t->conversation);
  scu_log_free(t->log);
}

static void hears(const char *text) {
  if (!strstr(said, text)) fail_msg("'%s' is not in\n%s", text, said);
}

static void hears_no(const char *text) {
  if (strstr(said, text)) fail_msg("'%s' is in\n%s", text, said);
}

static void pass_associate(talk *t, bool is_ac, const char *syntax) {
  scu__associate a;
  scu__buffer bytes;
  scu__uid accepted;
  const char *const syntaxes[] = {syntax};
  scu__associate_init(&a, NULL);
  scu__buffer_init(&bytes, NULL, 65536);
  scu__ae_from_text(&a.called, "PACS");
  scu__ae_from_text(&a.calling, "ME");
  assert_true(scu__uid_from_text(&accepted, syntax));
  if (is_ac) {
    assert_int_equal(scu__associate_add_result(&a, 1, 0, &accepted), SCU_OK);
    assert_int_equal(scu__associate_add_result(&a, 3, 3, NULL), SCU_OK);
  } else {
    assert_int_equal(scu__associate_add_context(&a, "1.2.840.10008.5.1.4.1.2.2.1", syntaxes, 1, NULL), SCU_OK);
    assert_int_equal(scu__associate_add_context(&a, "1.2.840.10008.1.1", syntaxes, 1, NULL), SCU_OK);
    assert_int_equal(scu__associate_add_role(&a, "1.2.840.10008.5.1.4.1.1.2", true, false), SCU_OK);
    assert_int_equal(scu__associate_add_extended(&a, "1.2.840.10008.5.1.4.1.2.2.1", (const uint8_t *)"\1\0\1", 3),
                     SCU_OK);
    assert_int_equal(scu__associate_set_identity(&a, SCU__IDENTITY_PASSCODE, true, (const uint8_t *)"us\ner", 5,
                                                 (const uint8_t *)"SECRET", 6),
                     SCU_OK);
  }
  scu__pdu_type type = is_ac ? SCU__PDU_ASSOCIATE_AC : SCU__PDU_ASSOCIATE_RQ;
  assert_int_equal(scu__associate_encode(&a, type, &bytes), SCU_OK);
  t->scribe->pdu(t->scribe, t->conversation, !is_ac, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  scu__associate_free(&a);
}

/* In pieces of `step` bytes. */
static void pass(talk *t, bool is_sent, bool is_command, const uint8_t *bytes, size_t length, size_t step) {
  for (size_t at = 0; at < length; at += step) {
    size_t count = length - at < step ? length - at : step;
    scu__trace_fragment piece = {.context_id = 1,
                                 .is_command = is_command,
                                 .is_last = true,
                                 .length = length,
                                 .at = at,
                                 .bytes = bytes + at,
                                 .count = count};
    if (!t->scribe->wants_bytes(t->scribe, t->conversation, is_sent, is_command)) piece.bytes = NULL;
    t->scribe->fragment(t->scribe, t->conversation, is_sent, &piece);
  }
}

static void pass_command(talk *t, bool is_sent, const scu__command *command, size_t step) {
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 65536);
  assert_int_equal(scu__command_encode(command, &bytes), SCU_OK);
  pass(t, is_sent, true, bytes.data, bytes.length, step);
  scu__buffer_free(&bytes);
}

static scu__command find_request(void) {
  scu__command command;
  scu__uid uid;
  scu__uid_from_text(&uid, "1.2.840.10008.5.1.4.1.2.2.1");
  scu__request_init(&command, SCU__C_FIND_RQ, 9, &uid);
  command.data_set_type = SCU__WITH_DATASET;
  return command;
}

static scu__command find_response(uint16_t status, const char *comment) {
  scu__command request = find_request(), response;
  scu__response_to(&request, status, &response);
  scu__command_set_comment(&response, comment);
  return response;
}

/* Explicit little endian: level, name, rows. */
static const uint8_t identifier[] =
    "\x08\0\x52\0CS\x06\0STUDY \x10\0\x10\0PN\x0A\0CANARY^ONE\x28\0\x10\0US\x02\0\x07\0";
static const size_t identifier_length = sizeof identifier - 1;

static void test_associations_are_told_at_info_and_every_item_at_dump(void **state) {
  (void)state;
  talk t = begin(new_log(NULL, SCU_LOG_INFO, false));
  pass_associate(&t, false, "1.2.840.10008.1.2.1");
  pass_associate(&t, true, "1.2.840.10008.1.2.1");
  t.scribe->pdu(t.scribe, t.conversation, true, (const uint8_t *)"\7\0\0\0\0\4\0\0\2\6", 10);
  end(&t);
  assert_string_equal(said, "3:5:connected to 192.0.2.7:11112 at 127.0.0.1:40000\n"
                            "3:5:sent A-ASSOCIATE-RQ: ME asks PACS for 2 presentation contexts\n"
                            "3:5:received A-ASSOCIATE-AC: 1 of 2 presentation contexts accepted\n"
                            "2:5:sent A-ABORT by service-provider: invalid PDU parameter value\n"
                            "3:5:closed\n");
  t = begin(new_log(NULL, SCU_LOG_DUMP, true));
  pass_associate(&t, false, "1.2.840.10008.1.2.1");
  pass_associate(&t, true, "1.2.840.10008.1.2.1");
  hears("context 1: 1.2.840.10008.5.1.4.1.2.2.1 = Study Root Query/Retrieve Information Model - FIND");
  hears("    transfer syntax 1.2.840.10008.1.2.1 = Explicit VR Little Endian");
  hears("context 3: abstract syntax not supported");
  hears("roles: SCU 1, SCP 0 of 1.2.840.10008.5.1.4.1.1.2 = CT Image Storage");
  hears("extended negotiation: 1.2.840.10008.5.1.4.1.2.2.1");
  hears(" 01 00 01\n");
  hears("user identity: user name and passcode us?er, passcode (masked), response wanted");
  hears_no("SECRET"); /* not even with PHI */
  end(&t);
}

static void test_messages_are_told_by_name_and_their_datasets_as_text(void **state) {
  (void)state;
  for (size_t step = 1; step < 200; step += 66) {
    talk t = begin(new_log(NULL, SCU_LOG_DUMP, false));
    pass_associate(&t, true, "1.2.840.10008.1.2.1");
    scu__command request = find_request(), response = find_response(0xFF00, "");
    response.data_set_type = SCU__WITH_DATASET;
    pass_command(&t, true, &request, step);
    pass(&t, true, false, identifier, identifier_length, step);
    pass_command(&t, false, &response, step);
    pass(&t, false, false, identifier, identifier_length, step);
    hears("4:5:sent C-FIND-RQ 9, presentation context 1\n");
    hears("(0000,0700) Priority: 0");
    hears("5:5:sent P-DATA-TF: presentation context 1, command, last,");
    hears("5:5:sent data set of C-FIND-RQ 9\n5:5:(0008,0052) CS [STUDY]");
    hears("5:5:received data set of C-FIND-RSP 9\n");
    hears("PN (masked)");
    hears("(0028,0010) US 7");
    hears_no("CANARY");
    hears_no("not to be read");
    end(&t);
  }
}

static void test_comments_and_names_are_shown_to_who_asks_for_phi(void **state) {
  (void)state;
  for (int with_phi = 0; with_phi < 2; with_phi++) {
    talk t = begin(new_log(NULL, SCU_LOG_DUMP, with_phi));
    pass_associate(&t, true, "1.2.840.10008.1.2.1");
    scu__command request = find_request(), response = find_response(0xA700, "COMMENT");
    pass_command(&t, true, &request, 64);
    pass(&t, true, false, identifier, identifier_length, 64);
    pass_command(&t, false, &response, 64);
    hears("2:5:received C-FIND-RSP to 9: A700H, ");
    if (with_phi) {
      hears("PN [CANARY^ONE]");
      hears("Error Comment: COMMENT");
    } else {
      hears("Error Comment: (masked)");
      hears_no("CANARY");
      hears_no("COMMENT");
    }
    end(&t);
  }
}

static void test_a_name_where_a_uid_belongs_is_masked(void **state) {
  (void)state;
  for (int with_phi = 0; with_phi < 2; with_phi++) {
    talk t = begin(new_log(NULL, SCU_LOG_DUMP, with_phi));
    scu__command request, response;
    scu__uid uid;
    assert_true(scu__uid_from_text(&uid, "1.2.840.10008.5.1.4.1.1.2"));
    scu__request_init(&request, SCU__C_STORE_RQ, 7, &uid);
    assert_true(scu__uid_from_text(&request.affected_sop_instance, "CANARY^JOHN 19010203"));
    request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
    scu__response_to(&request, 0xC000, &response);
    pass_command(&t, false, &request, 64);
    pass_command(&t, true, &response, 64);
    hears(with_phi ? "C000H, cannot understand of CANARY^JOHN 19010203" : "C000H, cannot understand of (masked)");
    hears(with_phi ? "Affected SOP Instance UID: CANARY^JOHN 19010203\n" : "Affected SOP Instance UID: (masked)\n");
    hears("Affected SOP Class UID: 1.2.840.10008.5.1.4.1.1.2 = CT Image Storage\n");
    if (!with_phi) hears_no("CANARY");
    end(&t);
  }
}

static void test_a_command_is_told_whole_or_not_at_all(void **state) {
  (void)state;
  scu__command request = find_request();
  for (int is_fragment = 0; is_fragment < 2; is_fragment++) { /* cut in a fragment, or between two */
    talk t = begin(new_log(NULL, SCU_LOG_OFF, false));
    scu__buffer bytes;
    scu__buffer_init(&bytes, NULL, 65536);
    assert_int_equal(scu__command_encode(&request, &bytes), SCU_OK);
    scu__trace_fragment piece = {.context_id = 1, .is_command = true, .count = 20};
    piece.length = is_fragment ? 20 : bytes.length;
    piece.is_last = !is_fragment;
    t.scribe->fragment(t.scribe, t.conversation, false, &piece);
    scu_log_set_level(t.log, SCU_LOG_WARNING);
    piece.at = is_fragment ? 0 : 20;
    piece.bytes = bytes.data + 20;
    piece.count = bytes.length - 20;
    if (is_fragment) piece.length = piece.count;
    piece.is_last = true;
    t.scribe->fragment(t.scribe, t.conversation, false, &piece);
    assert_string_equal(said, "");
    scu_log_set_level(t.log, SCU_LOG_DEBUG);
    piece.at = 0;
    piece.bytes = NULL; /* they could not be had */
    piece.length = piece.count = bytes.length;
    t.scribe->fragment(t.scribe, t.conversation, false, &piece);
    assert_string_equal(said, "");
    pass_command(&t, false, &request, 20); /* the next one is heard */
    hears("4:5:received C-FIND-RQ 9\n");
    scu__buffer_free(&bytes);
    end(&t);
  }
}

static void test_addresses_are_written_as_everywhere(void **state) {
  (void)state;
  const scu__trace_ends v6 = {.is_v6 = true,
                              .is_acceptor = true,
                              .peer = {[15] = 1},
                              .local = {0x20, 1, [15] = 7},
                              .local_port = 104,
                              .peer_port = 5};
  scu_log *log = new_log(NULL, SCU_LOG_INFO, false);
  talk t = {.log = log, .scribe = (scu__scribe *)log};
  t.conversation = t.scribe->connected(t.scribe, 5, &v6);
  hears("3:5:connection from [::1]:5 at [2001::7]:104\n");
  end(&t);
}

static void test_the_level_may_change_between_any_two_fragments(void **state) {
  (void)state;
  talk t = begin(new_log(NULL, SCU_LOG_OFF, false));
  scu__command request = find_request();
  pass_associate(&t, true, "1.2.840.10008.1.2"); /* heard though nothing is said: implicit VR */
  pass_command(&t, true, &request, 20);
  assert_string_equal(said, "");
  scu_log_set_level(t.log, SCU_LOG_DUMP);
  pass(&t, true, false, identifier, identifier_length, 64); /* its command was not followed */
  hears_no("data set of");
  static const uint8_t implicit[] = "\x08\0\x52\0\x06\0\0\0STUDY ";
  pass_command(&t, true, &request, 20);
  pass(&t, true, false, implicit, sizeof implicit - 1, 3);
  hears("sent data set of C-FIND-RQ 9\n5:5:(0008,0052) CS [STUDY]");
  pass_command(&t, true, &request, 20);
  scu_log_set_level(t.log, SCU_LOG_ERROR);
  forget();
  pass(&t, true, false, implicit, sizeof implicit - 1, 3);
  assert_string_equal(said, "");
  end(&t);
}

static void test_bulk_pixel_data_is_not_asked_for_and_ends_the_dump(void **state) {
  (void)state;
  static uint8_t big[4096] = "\x28\0\x10\0US\x02\0\x07\0\xE0\x7F\x10\0OW\0\0\0\0\0\x10";
  talk t = begin(new_log(NULL, SCU_LOG_DUMP, true));
  scu__command request = find_request();
  memset(big + 22, 'P', sizeof big - 22);
  pass_associate(&t, true, "1.2.840.10008.1.2.1");
  pass_command(&t, true, &request, 64);
  assert_true(t.scribe->wants_bytes(t.scribe, t.conversation, true, false));
  scu__trace_fragment piece = {.context_id = 1, .length = sizeof big, .bytes = big, .count = sizeof big};
  t.scribe->fragment(t.scribe, t.conversation, true, &piece);
  assert_false(t.scribe->wants_bytes(t.scribe, t.conversation, true, false));
  piece.bytes = NULL;
  piece.is_last = true;
  t.scribe->fragment(t.scribe, t.conversation, true, &piece);
  hears("(0028,0010) US 7");
  hears("(Pixel Data, and what may follow it, is not shown)");
  hears_no("PPP");
  hears_no("could not");
  end(&t);
}

static void test_datasets_are_bounded(void **state) {
  (void)state;
  scu__buffer bytes, text;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  scu__buffer_init(&text, NULL, SCU__DUMP_TEXT_MAX);
  for (unsigned i = 1; i < 20000; i++) { /* private elements, US 1 */
    scu__put_u16le(&bytes, (uint16_t)(0x0009 + 2 * (i / 0xEFFF)));
    scu__put_u16le(&bytes, (uint16_t)(0x1000 + i));
    scu__put_bytes(&bytes, "US\2\0\1\0", 6);
  }
  scu__dump_dataset *dump = scu__dump_dataset_new(NULL, NULL);
  scu__dump_dataset_feed(dump, bytes.data, bytes.length);
  assert_false(scu__dump_dataset_wants(dump));
  scu__dump_dataset_put(dump, &text, true, true);
  scu__dump_end(&text);
  assert_true(text.length <= SCU__DUMP_TEXT_MAX + 128);
  assert_non_null(strstr((const char *)text.data, "(too long: the rest is left out)"));
  scu__dump_dataset_free(dump);
  scu__buffer_free(&text);
  scu__buffer_free(&bytes);
}

static void test_what_cannot_be_read_is_shown_as_far_as_it_goes(void **state) {
  (void)state;
  talk t = begin(new_log(NULL, SCU_LOG_DUMP, false));
  scu__command request = find_request();
  pass_associate(&t, true, "1.2.840.10008.1.2.1");
  pass_command(&t, true, &request, 64);
  pass(&t, true, false, identifier, identifier_length - 3, 64); /* cut in the last element */
  hears("CS [STUDY]");
  hears("(not to be read: ");
  hears_no("CANARY");
  forget();
  pass(&t, true, true, (const uint8_t *)"garbage", 7, 7);
  hears("2:5:sent a command that is not to be read: ");
  forget();
  t.scribe->pdu(t.scribe, t.conversation, false, (const uint8_t *)"\1\0\0\0\0\4oops", 10);
  hears("received A-ASSOCIATE-RQ: not to be read: ");
  end(&t);
}

static void test_a_dataset_that_the_connection_cuts_is_shown_as_far_as_it_came(void **state) {
  (void)state;
  talk t = begin(new_log(NULL, SCU_LOG_DUMP, false));
  scu__command request = find_request();
  pass_associate(&t, true, "1.2.840.10008.1.2.1");
  pass_command(&t, false, &request, 64);
  scu__trace_fragment piece = {
      .context_id = 1, .is_last = true, .length = identifier_length, .bytes = identifier, .count = 20};
  t.scribe->fragment(t.scribe, t.conversation, false, &piece);
  end(&t);
  hears("received the beginning of the data set of C-FIND-RQ 9\n5:5:(0008,0052) CS [STUDY]");
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  size_t allowed = 0;
  for (bool was_whole = false; !was_whole; allowed++) {
    failing_allocator failing;
    failing_allocator_init(&failing, allowed);
    scu_log *log = new_log(&failing.allocator, SCU_LOG_DUMP, false);
    if (log) {
      talk t = {.log = log, .scribe = (scu__scribe *)log};
      t.conversation = t.scribe->connected(t.scribe, 5, &ends);
      scu__command request = find_request();
      if (t.conversation) {
        pass_associate(&t, false, "1.2.840.10008.1.2.1.99");
        pass_associate(&t, true, "1.2.840.10008.1.2.1");
        pass_command(&t, true, &request, 64);
        pass(&t, true, false, identifier, identifier_length, 7);
        t.scribe->closed(t.scribe, t.conversation);
      }
      scu_log_free(log);
      was_whole = failing.requests <= failing.fail_at;
    }
    hears_no("CANARY");
    assert_int_equal(failing.alive, 0);
  }
  hears("PN (masked)");
  assert_true(allowed > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_associations_are_told_at_info_and_every_item_at_dump),
      cmocka_unit_test(test_messages_are_told_by_name_and_their_datasets_as_text),
      cmocka_unit_test(test_comments_and_names_are_shown_to_who_asks_for_phi),
      cmocka_unit_test(test_a_name_where_a_uid_belongs_is_masked),
      cmocka_unit_test(test_a_command_is_told_whole_or_not_at_all),
      cmocka_unit_test(test_addresses_are_written_as_everywhere),
      cmocka_unit_test(test_the_level_may_change_between_any_two_fragments),
      cmocka_unit_test(test_bulk_pixel_data_is_not_asked_for_and_ends_the_dump),
      cmocka_unit_test(test_datasets_are_bounded),
      cmocka_unit_test(test_what_cannot_be_read_is_shown_as_far_as_it_goes),
      cmocka_unit_test(test_a_dataset_that_the_connection_cuts_is_shown_as_far_as_it_came),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
