/* Two whole ends without network: exchanges, boxes and association engines, joined by a pipe that carries bytes in any
 * pieces. What link/ does, without time and sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange/archive.h"
#include "support/failing_allocator.h"
#include "ul/engine.h"

static uint8_t object[70001];

static int make_object(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof object; i++) object[i] = (uint8_t)(i * 13 + i / 256);
  return 0;
}

typedef struct side {
  peer peer;
  scu__engine *engine;
  bool is_associated, is_over;
} side;

static bool supports_all(void *user, const scu__uid *abstract_syntax) {
  (void)user, (void)abstract_syntax;
  return true;
}

static scu_result side_init(side *self, bool is_acceptor, uint32_t max_pdu_length, const scu_allocator *allocator) {
  memset(self, 0, sizeof *self);
  peer_init(&self->peer, allocator);
  scu__engine_options options = {.allocator = allocator,
                                 .is_acceptor = is_acceptor,
                                 .max_pdu_length = max_pdu_length,
                                 .auto_release_response = true};
  scu_result result = scu__engine_new(&options, &self->engine);
  return result == SCU_OK && is_acceptor ? scu__engine_connected(self->engine, 0) : result;
}

static void side_free(side *self) {
  peer_free(&self->peer);
  scu__engine_free(self->engine);
}

static scu_result propose(side *self) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  scu__associate rq;
  scu__associate_init(&rq, self->peer.allocator);
  scu__ae_from_text(&rq.called, "FAR");
  scu__ae_from_text(&rq.calling, "NEAR");
  scu_result result = scu__associate_add_context(&rq, "1.2.840.10008.1.1", syntaxes, 1, NULL);
  if (result == SCU_OK) result = scu__associate_add_context(&rq, "1.2.840.10008.5.1.4.1.1.7", syntaxes, 1, NULL);
  if (result == SCU_OK) result = scu__engine_associate(self->engine, &rq, 0);
  scu__associate_free(&rq);
  return result == SCU_OK ? scu__engine_connected(self->engine, 0) : result;
}

static scu_result accept(side *self, const scu__associate *rq) {
  const scu__acceptor_policy policy = {.is_abstract_syntax_supported = supports_all};
  scu__associate ac = {0};
  scu__reject reject;
  scu_result result = scu__negotiate_answer(rq, &policy, self->peer.allocator, &ac, &reject, &self->peer.error);
  if (result == SCU_OK) result = scu__engine_accept(self->engine, &ac, 0);
  scu__associate_free(&ac);
  return result;
}

static scu_result on_engine_event(side *self, const scu__engine_event *event) {
  switch (event->type) {
  case SCU__EVENT_ASSOCIATE_INDICATION: return accept(self, event->rq);
  case SCU__EVENT_ASSOCIATED: self->is_associated = true; return SCU_OK;
  case SCU__EVENT_DATA:
    return peer_put(&self->peer, event->context_id, event->is_command, event->is_last, event->bytes, event->length);
  case SCU__EVENT_RELEASE_INDICATION: return SCU_OK;
  case SCU__EVENT_RELEASED: self->is_over = true; return SCU_OK;
  default: return scu_error_result(event->error);
  }
}

static scu_result receive(side *self, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    size_t consumed = 0;
    scu_result result = scu__engine_receive(self->engine, bytes, length, &consumed, 0);
    scu__engine_event event;
    while (result == SCU_OK && (result = scu__engine_next_event(self->engine, &event)) == SCU_OK)
      result = on_engine_event(self, &event);
    if (result != SCU_END) return result;
    bytes += consumed;
    length -= consumed;
  }
  return SCU_OK;
}

static scu_result queue_fragments(side *self) {
  scu__pdv_fragment fragment;
  scu_result result = SCU_OK;
  if (!self->is_associated) return SCU_OK;
  while ((result = scu__outbox_next(&self->peer.outbox, scu__engine_max_fragment(self->engine), &fragment, NULL)) ==
         SCU_OK) {
    scu__payload payload = {.bytes = fragment.bytes,
                            .source = fragment.source,
                            .offset = fragment.offset,
                            .length = fragment.length,
                            .has_pad = fragment.pad};
    result = scu__engine_send_pdv(self->engine, fragment.context_id, fragment.is_command, fragment.is_last, &payload);
    if (result != SCU_OK) return result;
    if (fragment.is_message_end && fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  }
  return result == SCU_END ? SCU_OK : result;
}

/* The next bytes of `from` as a heap copy of exactly their length. */
static uint8_t *take_output(side *from, size_t most, size_t *length) {
  scu__segment segment;
  *length = 0;
  if (scu__engine_output(from->engine, &segment, 1) == 0) return NULL;
  *length = segment.length < most ? segment.length : most;
  uint8_t *copy = malloc(*length);
  if (segment.source)
    assert_int_equal(segment.source->read_at(segment.source, segment.offset, copy, *length, NULL), SCU_OK);
  else
    memcpy(copy, segment.bytes, *length);
  scu__engine_sent(from->engine, *length);
  return copy;
}

/* Runs both sides until neither has anything to say; *has_moved tells whether anything did. */
static scu_result run(side *near, side *far, wire_cut *cut) {
  side *const from[] = {near, far}, *const to[] = {far, near};
  for (bool has_moved = true; has_moved;) {
    has_moved = false;
    for (size_t i = 0; i < 2; i++) {
      scu_result result = queue_fragments(from[i]);
      if (result != SCU_OK) return result;
      size_t length;
      uint8_t *bytes = take_output(from[i], wire_piece(cut, SIZE_MAX), &length);
      if (!bytes) continue;
      has_moved = true;
      result = receive(to[i], bytes, length);
      free(bytes);
      if (result != SCU_OK) return result;
    }
  }
  return SCU_OK;
}

static scu_result start_store(side *near, scu__source *source, uint64_t length) {
  scu__store_params params = {.sop_class = {"1.2.840.10008.5.1.4.1.1.7"},
                              .sop_instance = {"1.2.3.4"},
                              .payload = SCU__PAYLOAD_RANGE,
                              .source = source,
                              .length = length};
  scu__exchange *exchange;
  scu_result result = scu__store_request_new(near->peer.allocator, &near->peer.outbox, 3, 21, &params, &exchange);
  if (result == SCU_OK) peer_add(&near->peer, exchange);
  return result;
}

static scu_result start_echo(side *near) {
  scu__exchange *exchange;
  scu_result result = scu__echo_request_new(near->peer.allocator, &near->peer.outbox, 1, 20, &exchange);
  if (result == SCU_OK) peer_add(&near->peer, exchange);
  return result;
}

static uint32_t sum_of(size_t length, bool has_pad) {
  uint32_t sum = 0;
  for (size_t i = 0; i < length; i++) sum = sum * 31 + object[i];
  return has_pad ? sum * 31 : sum;
}

/* Echo, then a store, then a release. */
static scu_result session(side *near, side *far, uint64_t length, wire_cut *cut) {
  scu__memory_source source;
  scu__memory_source_init(&source, object, sizeof object);
  scu_result result = propose(near);
  if (result == SCU_OK) result = start_echo(near);
  if (result == SCU_OK) result = run(near, far, cut);
  if (result == SCU_OK) result = start_store(near, &source.source, length);
  if (result == SCU_OK) result = run(near, far, cut);
  if (result == SCU_OK) result = scu__engine_release(near->engine, 0);
  if (result == SCU_OK) result = run(near, far, cut);
  return result;
}

static void check_logs(const side *near, const side *far, size_t length) {
  char expected[200];
  size_t on_wire = length + (length & 1);
  snprintf(expected, sizeof expected, "C-ECHO request 20 \nC-STORE request 21 1.2.3.4\ndata %zu %08X\n", on_wire,
           (unsigned)sum_of(length, length & 1));
  assert_string_equal(far->peer.log, expected);
  assert_string_equal(near->peer.log, "C-ECHO final 0000 success\nC-STORE final 0000 success\n");
  assert_true(near->is_over);
}

static void test_echo_and_store_are_the_same_however_the_bytes_are_cut(void **state) {
  (void)state;
  static const uint32_t pdu_lengths[] = {4096, 16384, 131072};
  static const size_t lengths[] = {2, 4095, 70001};
  for (size_t p = 0; p < 3; p++) {
    for (size_t l = 0; l < 3; l++) {
      for (size_t step = 0; step < 4; step++) {
        side near, far;
        assert_int_equal(side_init(&near, false, pdu_lengths[p], NULL), SCU_OK);
        assert_int_equal(side_init(&far, true, pdu_lengths[2 - p], NULL), SCU_OK);
        wire_cut cut = {.step = step == 3 ? 1 << 20 : step, .random = p * 3 + l};
        assert_int_equal(session(&near, &far, lengths[l], &cut), SCU_OK);
        check_logs(&near, &far, lengths[l]);
        side_free(&near);
        side_free(&far);
      }
    }
  }
}

/* The peer says no while the data set is on its way: the association lives, the next request works. */
static void test_refused_store_leaves_the_association_usable(void **state) {
  (void)state;
  side near, far;
  assert_int_equal(side_init(&near, false, 4096, NULL), SCU_OK);
  assert_int_equal(side_init(&far, true, 4096, NULL), SCU_OK);
  far.peer.answers_early = true;
  wire_cut cut = {.step = 1000};
  assert_int_equal(propose(&near), SCU_OK);
  assert_int_equal(run(&near, &far, &cut), SCU_OK);
  scu__memory_source source;
  scu__memory_source_init(&source, object, sizeof object);
  assert_int_equal(start_store(&near, &source.source, sizeof object), SCU_OK);
  scu__exchange *store = near.peer.exchanges;
  /* Only the command and one fragment leave before the answer comes. */
  scu__pdv_fragment fragment;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(scu__outbox_next(&near.peer.outbox, 1000, &fragment, NULL), SCU_OK);
    scu__payload payload = {
        .bytes = fragment.bytes, .source = fragment.source, .offset = fragment.offset, .length = fragment.length};
    assert_int_equal(
        scu__engine_send_pdv(near.engine, fragment.context_id, fragment.is_command, fragment.is_last, &payload),
        SCU_OK);
  }
  near.is_associated = false; /* holds back the rest */
  assert_int_equal(run(&near, &far, &cut), SCU_OK);
  assert_string_equal(near.peer.log, "C-STORE final A700 failure\n");
  assert_true(store->is_done);
  near.is_associated = true;
  assert_int_equal(start_echo(&near), SCU_OK);
  assert_int_equal(run(&near, &far, &cut), SCU_OK);
  assert_string_equal(near.peer.log, "C-STORE final A700 failure\nC-ECHO final 0000 success\n");
  for (scu__exchange *exchange = far.peer.exchanges; exchange; exchange = exchange->next)
    assert_true(exchange->is_done);
  side_free(&near);
  side_free(&far);
}

/* --- a peer that serves --- */

static const scu__uid query_class = {"1.2.840.10008.5.1.4.1.2.2.1"};
static const uint8_t keys[] = {0x08, 0,   0x52, 0,    6, 0,    0, 0, 'S', 'T', 'U',
                               'D',  'Y', ' ',  0x10, 0, 0x20, 0, 0, 0,   0,   0};

/* An association of a client with an archive. */
typedef struct visit {
  side near, far;
  archive near_archive, far_archive;
} visit;

static void visit_init(visit *self, wire_cut *cut) {
  assert_int_equal(side_init(&self->near, false, 16384, NULL), SCU_OK);
  assert_int_equal(side_init(&self->far, true, 4096, NULL), SCU_OK);
  assert_int_equal(archive_init(&self->near_archive, &self->near.peer), SCU_OK);
  assert_int_equal(archive_init(&self->far_archive, &self->far.peer), SCU_OK);
  assert_int_equal(propose(&self->near), SCU_OK);
  assert_int_equal(run(&self->near, &self->far, cut), SCU_OK);
}

static void visit_free(visit *self) {
  archive_free(&self->near_archive);
  archive_free(&self->far_archive);
  side_free(&self->near);
  side_free(&self->far);
}

static scu__exchange *start_query(visit *self, uint16_t field, uint16_t message_id) {
  peer *const near = &self->near.peer;
  scu__buffer identifier;
  scu__buffer_init(&identifier, NULL, SCU__IDENTIFIER_MAX);
  scu__put_bytes(&identifier, keys, sizeof keys);
  scu__exchange *query;
  scu_result result = field == SCU__C_FIND_RQ ? scu__find_request_new(NULL, &near->outbox, 1, message_id, &query_class,
                                                                      0, &identifier, SCU__IMPLICIT_LE, &query)
                                              : scu__get_request_new(NULL, &near->outbox, 1, message_id, &query_class,
                                                                     0, &identifier, SCU__IMPLICIT_LE, &query);
  assert_int_equal(result, SCU_OK);
  peer_add(near, query);
  return query;
}

/* How many lines of the log begin so. */
static size_t count_lines(const peer *self, const char *begin) {
  size_t count = 0;
  for (const char *line = self->log; *line; line = strchr(line, '\n') + 1)
    count += strncmp(line, begin, strlen(begin)) == 0;
  return count;
}

static const char *last_line(const peer *self) {
  const char *last = self->log;
  for (const char *line = self->log; *line; line = strchr(line, '\n') + 1) last = line;
  return last;
}

/* The cursor of the archive follows the network: it goes on when all it said is out. */
static void test_thousand_matches_stream_through(void **state) {
  (void)state;
  static const size_t steps[] = {0, 1, 1 << 20};
  for (size_t i = 0; i < 3; i++) {
    visit self;
    wire_cut cut = {.step = steps[i], .random = 5};
    visit_init(&self, &cut);
    self.far_archive.rows = 1000;
    scu__exchange *find = start_query(&self, SCU__C_FIND_RQ, 7);
    size_t most = 0, seen = 0;
    char match[60];
    while (!find->is_done) {
      assert_int_equal(archive_stream(&self.far_archive), SCU_OK);
      if (scu__outbox_count(&self.far.peer.outbox) > most) most = scu__outbox_count(&self.far.peer.outbox);
      assert_int_equal(run(&self.near, &self.far, &cut), SCU_OK);
      peer *const near = &self.near.peer;
      for (const char *line = near->log; *line; line = strchr(line, '\n') + 1) {
        if (find->is_done && strchr(line, '\n')[1] == 0) break;
        seen++;
        snprintf(match, sizeof match, "match %zu %s elements=2 00100020=P%zu\n", seen, seen % 2 ? "FF00" : "FF01",
                 seen);
        assert_memory_equal(line, match, strlen(match));
      }
      if (find->is_done) assert_string_equal(last_line(near), "C-FIND final 0000 success\n");
      near->log_length = 0;
      near->log[0] = 0;
    }
    assert_int_equal(seen, 1000);
    assert_in_range(most, 1, 200);
    visit_free(&self);
  }
}

static void test_find_is_cancelled_in_the_middle(void **state) {
  (void)state;
  for (size_t step = 0; step < 3; step++) {
    visit self;
    wire_cut cut = {.step = step * 500, .random = step};
    visit_init(&self, &cut);
    self.far_archive.rows = 1000;
    scu__exchange *find = start_query(&self, SCU__C_FIND_RQ, 7);
    assert_int_equal(run(&self.near, &self.far, &cut), SCU_OK); /* the first batch */
    size_t before = count_lines(&self.near.peer, "match");
    assert_in_range(before, 1, 999);
    assert_int_equal(scu__exchange_cancel(find), SCU_OK);
    assert_int_equal(run(&self.near, &self.far, &cut), SCU_OK);
    assert_true(find->is_done);
    assert_int_equal(count_lines(&self.near.peer, "match"), before);
    assert_string_equal(last_line(&self.near.peer), "C-FIND final FE00 cancel\n");
    assert_string_equal(self.far.peer.log, "C-FIND request 7  elements=2 00100020=\nC-FIND cancel 7\n");
    /* The association is as good as new. */
    self.far_archive.rows = 2;
    find = start_query(&self, SCU__C_FIND_RQ, 8);
    assert_int_equal(run(&self.near, &self.far, &cut), SCU_OK);
    assert_string_equal(last_line(&self.near.peer), "C-FIND final 0000 success\n");
    assert_int_equal(count_lines(&self.near.peer, "match"), before + 2);
    visit_free(&self);
  }
}

/* Three exchanges on one association at a time: the get of one end, and on the other its provider and a store. Message
 * IDs 1 to 3 are those of the sub-operations, and 1 is that of the get. */
static void test_get_brings_its_sub_operations_on_the_same_association(void **state) {
  (void)state;
  for (size_t step = 0; step < 5; step++) {
    visit self;
    wire_cut cut = {.step = step * step, .random = 3};
    visit_init(&self, &cut);
    start_query(&self, SCU__C_GET_RQ, 1);
    assert_int_equal(run(&self.near, &self.far, &cut), SCU_OK);
    assert_string_equal(self.near.peer.log, "C-STORE request 1 1.2.3.1\n"
                                            "data 102 8AC7AE5F\n"
                                            "pending FF00 remaining=2 completed=1 failed=0 warning=0\n"
                                            "C-STORE request 2 1.2.3.2\n"
                                            "data 102 158F5CBE\n"
                                            "pending FF00 remaining=1 completed=2 failed=0 warning=0\n"
                                            "C-STORE request 3 1.2.3.3\n"
                                            "data 102 A0570B1D\n"
                                            "C-GET final 0000 success completed=3 failed=0 warning=0\n");
    assert_int_equal(count_lines(&self.far.peer, "C-STORE final 0000"), 3);
    visit_free(&self);
  }
}

/* RULES 26: the store that is under way is answered, then comes FE00. */
static void test_get_is_cancelled_between_two_sub_operations(void **state) {
  (void)state;
  visit self;
  wire_cut cut = {.step = 1000};
  visit_init(&self, &cut);
  scu__exchange *get = start_query(&self, SCU__C_GET_RQ, 1);
  assert_int_equal(scu__exchange_cancel(get), SCU_OK); /* on the heels of the request */
  assert_int_equal(run(&self.near, &self.far, &cut), SCU_OK);
  assert_string_equal(self.near.peer.log, "C-STORE request 1 1.2.3.1\n"
                                          "data 102 8AC7AE5F\n"
                                          "C-GET final FE00 cancel remaining=2 completed=1 failed=0 warning=0\n");
  assert_true(get->is_done);
  visit_free(&self);
}

/* RULES 29 and 31: either end asks at any time; both requests are on their way at once, with one message ID. */
static void test_action_and_event_report_cross_each_other(void **state) {
  (void)state;
  for (size_t step = 0; step < 40; step++) {
    for (int is_first = 0; is_first < 2; is_first++) {
      visit self;
      wire_cut cut = {.step = step, .random = step};
      visit_init(&self, &cut);
      scu__command request;
      scu__request_init(&request, SCU__N_ACTION_RQ, 0, &(scu__uid){"1.2.840.10008.1.20.1"});
      scu__uid_from_text(&request.requested_sop_instance, "1.2.840.10008.1.20.1.1");
      request.action_type = 1;
      request.present |= SCU__HAS_REQUESTED_SOP_INSTANCE | SCU__HAS_ACTION_TYPE;
      scu__buffer dataset;
      scu__buffer_init(&dataset, NULL, 100);
      scu__put_bytes(&dataset, keys, sizeof keys);
      scu__exchange *action;
      assert_int_equal(
          scu__n_request_new(NULL, &self.near.peer.outbox, 1, 7, &request, &dataset, SCU__IMPLICIT_LE, &action),
          SCU_OK);
      peer_add(&self.near.peer, action);
      self.far_archive.reports_first = is_first;
      assert_int_equal(archive_report(&self.far_archive), SCU_OK); /* of an older transaction */
      assert_int_equal(run(&self.near, &self.far, &cut), SCU_OK);
      assert_int_equal(count_lines(&self.near.peer, "N-EVENT-REPORT request 7 1.2.840.10008.1.20.1.1 event=1"), 1);
      assert_int_equal(count_lines(&self.near.peer, "N-EVENT-REPORT request 8 1.2.840.10008.1.20.1.1 event=1"), 1);
      assert_int_equal(count_lines(&self.near.peer, "N-ACTION final 0000 success elements=2 00100020=\n"), 1);
      assert_int_equal(count_lines(&self.far.peer, "N-ACTION request 7 1.2.840.10008.1.20.1.1 action=1"), 1);
      assert_int_equal(count_lines(&self.far.peer, "N-EVENT-REPORT final 0000 success"), 2);
      for (scu__exchange *at = self.far.peer.exchanges; at; at = at->next) assert_true(at->is_done);
      visit_free(&self);
    }
  }
}

static void test_every_allocation_that_fails_on_either_side_is_reported(void **state) {
  (void)state;
  for (int is_far = 0; is_far < 2; is_far++) {
    bool is_over = false;
    for (size_t i = 0; !is_over; i++) {
      failing_allocator failing;
      failing_allocator_init(&failing, i);
      side near, far;
      scu_result result = side_init(&near, false, 16384, is_far ? NULL : &failing.allocator);
      scu_result far_result = side_init(&far, true, 16384, is_far ? &failing.allocator : NULL);
      wire_cut cut = {.step = 3000};
      if (result == SCU_OK && far_result == SCU_OK) {
        result = session(&near, &far, sizeof object, &cut);
        is_over = result == SCU_OK && near.is_over;
      }
      if (is_over) check_logs(&near, &far, sizeof object);
      side_free(&near);
      side_free(&far);
      assert_int_equal(failing.alive, 0);
      assert_true(i < 10000);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_echo_and_store_are_the_same_however_the_bytes_are_cut),
      cmocka_unit_test(test_refused_store_leaves_the_association_usable),
      cmocka_unit_test(test_thousand_matches_stream_through),
      cmocka_unit_test(test_find_is_cancelled_in_the_middle),
      cmocka_unit_test(test_get_brings_its_sub_operations_on_the_same_association),
      cmocka_unit_test(test_get_is_cancelled_between_two_sub_operations),
      cmocka_unit_test(test_action_and_event_report_cross_each_other),
      cmocka_unit_test(test_every_allocation_that_fails_on_either_side_is_reported),
  };
  return cmocka_run_group_tests(tests, make_object, NULL);
}
