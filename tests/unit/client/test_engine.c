/* The public engine: two of them talking to each other through memory, in pieces of any size, with time passed in; ends
 * of every kind; what cannot be sent; peers that send garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scu/engine.h"
#include "support/failing_allocator.h"

#define ECHO  "1.2.840.10008.1.1"
#define FIND  "1.2.840.10008.5.1.4.1.2.2.1"
#define SC    "1.2.840.10008.5.1.4.1.1.7"
#define OTHER "1.2.840.10008.5.1.4.31"

enum { STREAM_LENGTH = 300001, LOG_MAX = 4096 };

/* --- an end and what it heard ------------------------------------------------------------------------------------- */

typedef struct end {
  scu_engine *engine;
  char log[LOG_MAX];
  size_t length, data_length;
  uint32_t data_sum;
  bool has_ended;
  scu_result result;  /* of the end */
  bool answers;       /* requests, with what is asked for */
  size_t matches;     /* answered to a C-FIND before the final response */
  uint8_t kept[1024]; /* of a dataset */
  const scu_allocator *allocator;
} end;

static void note(end *self, const char *text) {
  size_t length = strlen(text);
  if (self->length + length + 1 >= LOG_MAX) abort();
  memcpy(self->log + self->length, text, length + 1);
  self->length += length;
}

static scu_result propose(void *user, scu_proposal *proposal) {
  static const char *const classes[] = {ECHO, FIND, SC};
  static const char *const syntaxes[] = {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2"};
  (void)user;
  scu_result result = SCU_OK;
  for (size_t i = 0; i < 3 && result == SCU_OK; i++) result = scu_proposal_add(proposal, classes[i], syntaxes, 2);
  return result;
}

static scu_result propose_nothing(void *user, scu_proposal *proposal) {
  (void)user;
  (void)proposal;
  return SCU_OK;
}

static scu_engine_options options_of(bool is_acceptor, const scu_allocator *allocator) {
  return (scu_engine_options){.size = sizeof(scu_engine_options),
                              .allocator = allocator,
                              .is_acceptor = is_acceptor,
                              .calling_ae = "NEAR",
                              .called_ae = "FAR",
                              .max_pdu_length = 4096};
}

static scu_result answer(end *self, const scu_message *request, uint16_t status, const char *patient_id) {
  scu_message *response = NULL;
  scu_dataset *row = NULL;
  scu_result result = scu_message_new_response(request, status, &response);
  if (result == SCU_OK && patient_id) result = scu_dataset_new(self->allocator, &row);
  if (result == SCU_OK && patient_id) result = scu_dataset_set_text(row, "PatientID", patient_id);
  if (result == SCU_OK) result = scu_message_set_dataset(response, row);
  if (result == SCU_OK) result = scu_engine_send(self->engine, response, NULL);
  scu_dataset_free(row);
  scu_message_free(response);
  return result;
}

static scu_result answer_request(end *self, const scu_message *request) {
  scu_result result = SCU_OK;
  if (scu_message_field(request) == 0x0020)
    for (size_t i = 0; i < self->matches && result == SCU_OK; i++) result = answer(self, request, 0xFF00, "ROW");
  return result == SCU_OK ? answer(self, request, 0, NULL) : result;
}

static void hear_message(end *self, const scu_message *message) {
  uint16_t status;
  char text[16];
  note(self, scu_message_name(message));
  if (!scu_message_status(message, &status)) return;
  snprintf(text, sizeof text, "(%04X)", (unsigned)status);
  note(self, text);
}

static scu_result hear(end *self, const scu_engine_event *event) {
  switch (event->type) {
  case SCU_ENGINE_ASSOCIATED: note(self, "ASSOCIATED "); return SCU_OK;
  case SCU_ENGINE_RELEASING: note(self, "RELEASING "); return SCU_OK;
  case SCU_ENGINE_ENDED:
    note(self, event->error ? "FAILED" : "RELEASED");
    self->has_ended = true;
    self->result = event->error ? scu_error_result(event->error) : SCU_OK;
    return SCU_OK;
  case SCU_ENGINE_MESSAGE:
    hear_message(self, event->message);
    self->data_length = self->data_sum = 0;
    if (scu_message_has_dataset(event->message)) return SCU_OK;
    note(self, " ");
    break;
  case SCU_ENGINE_DATA:
    for (size_t i = 0; i < event->length; i++) {
      if (self->data_length < sizeof self->kept) self->kept[self->data_length] = event->bytes[i];
      self->data_sum = self->data_sum * 31 + event->bytes[i];
      self->data_length++;
    }
    if (!event->is_last) return SCU_OK;
    note(self, "+ ");
    break;
  }
  return self->answers && !scu_message_is_response(event->message) ? answer_request(self, event->message) : SCU_OK;
}

static scu_result pull(end *self) {
  scu_engine_event event = {.size = sizeof event};
  scu_result result = SCU_OK;
  while (result == SCU_OK && scu_engine_next_event(self->engine, &event) == SCU_OK) result = hear(self, &event);
  return result;
}

/* --- two ends ----------------------------------------------------------------------------------------------------- */

typedef struct pair {
  end near, far;
  size_t step; /* bytes of each piece; 0 = all there are */
  uint64_t now;
} pair;

static scu_result pair_make(pair *self, size_t step, const scu_allocator *near, const scu_allocator *far) {
  memset(self, 0, sizeof *self);
  self->step = step;
  self->near.allocator = near;
  self->far.allocator = far;
  self->far.answers = true;
  scu_engine_options options = options_of(false, near);
  scu_result result = scu_engine_new(&options, propose, NULL, &self->near.engine);
  options = options_of(true, far);
  if (result == SCU_OK) result = scu_engine_new(&options, propose, NULL, &self->far.engine);
  if (result == SCU_OK) result = scu_engine_connected(self->near.engine, 0);
  if (result == SCU_OK) result = scu_engine_connected(self->far.engine, 0);
  return result;
}

static void pair_free(pair *self) {
  scu_engine_free(self->near.engine);
  scu_engine_free(self->far.engine);
}

static scu_result feed(end *to, const uint8_t *bytes, size_t length, uint64_t now) {
  scu_result result = pull(to);
  for (size_t at = 0; at < length && result == SCU_OK && !scu_engine_wants_close(to->engine);) {
    size_t consumed = 0;
    result = scu_engine_receive(to->engine, bytes + at, length - at, &consumed, now);
    at += consumed;
    if (result == SCU_OK) result = pull(to);
  }
  return result;
}

/* True when something moved. */
static scu_result carry(pair *self, end *from, end *to, bool *has_moved) {
  const uint8_t *bytes;
  size_t length;
  scu_result result = pull(from);
  while (result == SCU_OK && scu_engine_output(from->engine, &bytes, &length) == SCU_OK) {
    if (self->step && length > self->step) length = self->step;
    uint8_t *copy = malloc(length);
    memcpy(copy, bytes, length);
    scu_engine_sent(from->engine, length);
    result = feed(to, copy, length, self->now);
    free(copy);
    *has_moved = true;
  }
  if (result == SCU_OK && scu_engine_wants_close(from->engine)) {
    scu_engine_closed(to->engine, self->now);
    scu_engine_closed(from->engine, self->now);
    result = pull(to);
  }
  return result == SCU_OK ? pull(from) : result;
}

static scu_result talk(pair *self) {
  scu_result result = SCU_OK;
  for (bool has_moved = true; has_moved && result == SCU_OK;) {
    has_moved = false;
    result = carry(self, &self->near, &self->far, &has_moved);
    if (result == SCU_OK) result = carry(self, &self->far, &self->near, &has_moved);
  }
  return result;
}

static scu_result request(end *self, uint16_t field, const char *sop_class, scu_message **out) {
  scu_result result = scu_message_new(self->allocator, field, out);
  return result == SCU_OK ? scu_message_set_sop_class_uid(*out, sop_class) : result;
}

static scu_result send_echo(end *self, uint16_t *id) {
  scu_message *echo = NULL;
  scu_result result = request(self, 0x0030, ECHO, &echo);
  if (result == SCU_OK) result = scu_engine_send(self->engine, echo, id);
  scu_message_free(echo);
  return result;
}

static scu_result send_find(end *self) {
  scu_message *find = NULL;
  scu_dataset *keys = NULL;
  scu_result result = request(self, 0x0020, FIND, &find);
  if (result == SCU_OK) result = scu_dataset_new(self->allocator, &keys);
  if (result == SCU_OK) result = scu_dataset_set_text(keys, "QueryRetrieveLevel", "STUDY");
  if (result == SCU_OK) result = scu_message_set_dataset(find, keys);
  if (result == SCU_OK) result = scu_engine_send(self->engine, find, NULL);
  scu_dataset_free(keys);
  scu_message_free(find);
  return result;
}

/* What a stream has read: bytes of the place. */
static scu_result read_stream(void *user, uint8_t *to, size_t room, size_t *got) {
  size_t *at = user;
  *got = room < STREAM_LENGTH - *at ? room : STREAM_LENGTH - *at;
  for (size_t i = 0; i < *got; i++) to[i] = (uint8_t)((*at + i) * 7);
  *at += *got;
  return SCU_OK;
}

static scu_result send_stream(end *self, scu_engine_reader *reader, void *user) {
  scu_message *store = NULL;
  scu_result result = request(self, 0x0001, SC, &store);
  if (result == SCU_OK) result = scu_message_set_sop_instance_uid(store, "1.2.3");
  if (result == SCU_OK) result = scu_engine_send_stream(self->engine, store, reader, user, NULL);
  scu_message_free(store);
  return result;
}

#define ASSOCIATED                                                                                                     \
  do {                                                                                                                 \
    assert_int_equal(talk(&p), SCU_OK);                                                                                \
    assert_string_equal(p.near.log, "ASSOCIATED ");                                                                    \
    assert_string_equal(p.far.log, "ASSOCIATED ");                                                                     \
  } while (0)

static const size_t steps[] = {0, 1, 2, 7, 100, 4000};
enum { STEPS = sizeof steps / sizeof *steps };

static void test_a_whole_association_in_pieces_of_any_size(void **state) {
  (void)state;
  for (size_t i = 0; i < STEPS; i++) {
    pair p;
    uint16_t id = 0;
    assert_int_equal(pair_make(&p, steps[i], NULL, NULL), SCU_OK);
    p.far.matches = 3;
    ASSOCIATED;
    assert_int_equal(scu_engine_context_count(p.near.engine), 3);
    assert_string_equal(scu_engine_abstract_syntax(p.near.engine, 1), FIND);
    assert_string_equal(scu_engine_transfer_syntax(p.near.engine, 1), "1.2.840.10008.1.2.1");
    assert_string_equal(scu_engine_transfer_syntax(p.near.engine, 3), "");
    assert_string_equal(scu_engine_calling_ae(p.far.engine), "NEAR");
    assert_string_equal(scu_engine_called_ae(p.far.engine), "FAR");
    assert_int_equal(scu_engine_peer_max_pdu(p.far.engine), 4096);
    assert_int_equal(send_echo(&p.near, &id), SCU_OK);
    assert_int_equal(id, 1);
    assert_int_equal(talk(&p), SCU_OK);
    assert_int_equal(send_find(&p.near), SCU_OK);
    assert_int_equal(talk(&p), SCU_OK);
    assert_int_equal(scu_engine_release(p.near.engine, 0), SCU_OK);
    assert_int_equal(scu_engine_release(p.near.engine, 0), SCU_ERROR_USAGE);
    assert_int_equal(talk(&p), SCU_OK);
    assert_string_equal(p.near.log, "ASSOCIATED C-ECHO-RSP(0000) C-FIND-RSP(FF00)+ C-FIND-RSP(FF00)+ C-FIND-RSP(FF00)+ "
                                    "C-FIND-RSP(0000) RELEASED");
    assert_string_equal(p.far.log, "ASSOCIATED C-ECHO-RQ C-FIND-RQ+ RELEASING RELEASED");
    assert_int_equal(p.near.result, SCU_OK);
    pair_free(&p);
  }
}

static void test_a_stream_is_sent_in_bounded_memory_and_comes_whole(void **state) {
  (void)state;
  for (size_t i = 0; i < STEPS; i++) {
    if (steps[i] == 1 || steps[i] == 2) continue; /* only slow */
    pair p;
    size_t at = 0;
    uint32_t sum = 0;
    assert_int_equal(pair_make(&p, steps[i], NULL, NULL), SCU_OK);
    ASSOCIATED;
    assert_int_equal(send_stream(&p.near, read_stream, &at), SCU_OK);
    const uint8_t *bytes;
    size_t length;
    assert_int_equal(scu_engine_output(p.near.engine, &bytes, &length), SCU_OK);
    assert_true(at < 100000); /* read as it is sent */
    assert_int_equal(talk(&p), SCU_OK);
    for (size_t j = 0; j < STREAM_LENGTH; j++) sum = sum * 31 + (uint8_t)(j * 7);
    assert_int_equal(p.far.data_length, STREAM_LENGTH + 1); /* made even */
    assert_int_equal(p.far.data_sum, sum * 31);
    assert_string_equal(p.near.log, "ASSOCIATED C-STORE-RSP(0000) ");
    pair_free(&p);
  }
}

static scu_result fail_to_read(void *user, uint8_t *to, size_t room, size_t *got) {
  size_t *at = user;
  if (*at > 5000) return SCU_ERROR_STORAGE;
  return read_stream(user, to, room, got);
}

static void test_a_stream_that_fails_aborts(void **state) {
  (void)state;
  pair p;
  size_t at = 0;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  assert_int_equal(send_stream(&p.near, fail_to_read, &at), SCU_OK);
  assert_int_equal(talk(&p), SCU_OK);
  assert_int_equal(p.near.result, SCU_ERROR_STORAGE);
  assert_int_equal(p.far.result, SCU_ERROR_ABORTED);
  assert_true(p.near.has_ended && p.far.has_ended);
  pair_free(&p);
}

/* Does what a reader may: everything but freeing. */
static scu_result read_and_release(void *user, uint8_t *to, size_t room, size_t *got) {
  pair *p = user;
  const uint8_t *bytes;
  size_t length, *at = &p->near.data_length;
  assert_int_equal(scu_engine_output(p->near.engine, &bytes, &length), SCU_END); /* not from inside */
  if (*at > 5000) (void)scu_engine_release(p->near.engine, 0);
  return read_stream(at, to, room, got);
}

static void test_a_reader_may_release(void **state) {
  (void)state;
  pair p;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  p.near.data_length = STREAM_LENGTH - 20000;
  p.far.answers = false;
  assert_int_equal(send_stream(&p.near, read_and_release, &p), SCU_OK);
  assert_int_equal(talk(&p), SCU_OK);
  assert_string_equal(p.far.log, "ASSOCIATED C-STORE-RQ+ RELEASING RELEASED");
  assert_string_equal(p.near.log, "ASSOCIATED RELEASED");
  pair_free(&p);
}

static scu_result read_too_much(void *user, uint8_t *to, size_t room, size_t *got) {
  (void)user;
  (void)to;
  *got = room + 1;
  return SCU_OK;
}

static void test_a_reader_that_says_more_than_there_is_room_for_is_misuse(void **state) {
  (void)state;
  pair p;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  assert_int_equal(send_stream(&p.near, read_too_much, NULL), SCU_OK);
  assert_int_equal(talk(&p), SCU_OK);
  assert_int_equal(p.near.result, SCU_ERROR_USAGE);
  assert_int_equal(p.far.result, SCU_ERROR_ABORTED);
  pair_free(&p);
}

/* The request came before the peer's A-RELEASE-RQ; its response goes out before the answer to that. */
static void test_a_response_goes_out_while_the_peer_asks_for_the_release(void **state) {
  (void)state;
  pair p;
  scu_engine_event event = {.size = sizeof event};
  scu_message *response = NULL;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  p.far.answers = false;
  assert_int_equal(send_echo(&p.near, NULL), SCU_OK);
  assert_int_equal(scu_engine_release(p.near.engine, 0), SCU_OK);
  const uint8_t *bytes;
  size_t length, consumed;
  while (scu_engine_output(p.near.engine, &bytes, &length) == SCU_OK) {
    size_t at = 0;
    while (at < length) {
      assert_int_equal(scu_engine_receive(p.far.engine, bytes + at, length - at, &consumed, 0), SCU_OK);
      at += consumed;
      while (scu_engine_next_event(p.far.engine, &event) == SCU_OK) {
        assert_int_equal(hear(&p.far, &event), SCU_OK);
        if (event.type == SCU_ENGINE_MESSAGE)
          assert_int_equal(scu_message_new_response(event.message, 0, &response), SCU_OK);
      }
    }
    scu_engine_sent(p.near.engine, length);
  }
  assert_string_equal(p.far.log, "ASSOCIATED C-ECHO-RQ RELEASING ");
  assert_int_equal(send_echo(&p.far, NULL), SCU_ERROR_USAGE); /* a request of its own does not */
  assert_int_equal(scu_engine_send(p.far.engine, response, NULL), SCU_OK);
  scu_message_free(response);
  assert_int_equal(talk(&p), SCU_OK);
  assert_string_equal(p.near.log, "ASSOCIATED C-ECHO-RSP(0000) RELEASED");
  assert_string_equal(p.far.log, "ASSOCIATED C-ECHO-RQ RELEASING RELEASED");
  pair_free(&p);
}

/* PS3.7 D.3.3.4: the requestor wants to be provider of SC, as in a C-GET. */
static scu_result propose_roles(void *user, scu_proposal *proposal) {
  const int *roles = user; /* ours: scu, scp */
  scu_result result = propose(NULL, proposal);
  return result == SCU_OK ? scu_proposal_set_role(proposal, SC, roles[0], roles[1]) : result;
}

static void test_roles_are_what_both_say(void **state) {
  (void)state;
  static const struct {
    int near[2], far[2];
    scu_result near_sends; /* a C-STORE, as user */
    scu_result far_sends;
  } cases[] = {
      {{0, 1}, {1, 0}, SCU_ERROR_REJECTED, SCU_OK}, /* the far end stores to us */
      {{1, 1}, {1, 1}, SCU_OK, SCU_OK},
      {{0, 1}, {0, 1}, SCU_ERROR_REJECTED, SCU_ERROR_REJECTED},
      {{1, 1}, {0, 1}, SCU_OK, SCU_ERROR_REJECTED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    pair p = {.step = 0};
    size_t at = STREAM_LENGTH - 10;
    int near[2] = {cases[i].near[0], cases[i].near[1]}, far[2] = {cases[i].far[0], cases[i].far[1]};
    scu_engine_options options = options_of(false, NULL);
    assert_int_equal(scu_engine_new(&options, propose_roles, near, &p.near.engine), SCU_OK);
    options = options_of(true, NULL);
    options.called_ae = i % 2 ? "" : NULL; /* any */
    assert_int_equal(scu_engine_new(&options, propose_roles, far, &p.far.engine), SCU_OK);
    scu_engine_connected(p.near.engine, 0);
    scu_engine_connected(p.far.engine, 0);
    ASSOCIATED;
    p.near.answers = p.far.answers = true;
    scu_result near_sent = send_stream(&p.near, read_stream, &at);
    assert_int_equal(talk(&p), SCU_OK);
    at = STREAM_LENGTH - 10;
    scu_result far_sent = send_stream(&p.far, read_stream, &at);
    assert_int_equal(talk(&p), SCU_OK);
    if (near_sent != cases[i].near_sends || far_sent != cases[i].far_sends)
      fail_msg("case %zu: near %d, far %d", i, near_sent, far_sent);
    pair_free(&p);
  }
}

static void test_message_ids_begin_anew_and_are_never_0(void **state) {
  (void)state;
  pair p;
  uint16_t id = 0;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  p.far.answers = false;
  for (long i = 1; i <= 65537; i++) {
    assert_int_equal(send_echo(&p.near, &id), SCU_OK);
    assert_int_equal(id, i > 65535 ? i - 65535 : i);
    if (i % 1000 == 0) {
      const uint8_t *bytes;
      size_t length;
      while (scu_engine_output(p.near.engine, &bytes, &length) == SCU_OK) scu_engine_sent(p.near.engine, length);
    }
  }
  pair_free(&p);
}

static void test_a_query_can_be_cancelled(void **state) {
  (void)state;
  pair p;
  scu_message *find = NULL, *echo = NULL;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  assert_int_equal(request(&p.near, 0x0020, FIND, &find), SCU_OK);
  assert_int_equal(request(&p.near, 0x0030, ECHO, &echo), SCU_OK);
  assert_int_equal(scu_engine_cancel(p.near.engine, find, 7), SCU_OK);
  assert_int_equal(scu_engine_cancel(p.near.engine, echo, 7), SCU_ERROR_USAGE);
  p.far.answers = false;
  assert_int_equal(talk(&p), SCU_OK);
  assert_string_equal(p.far.log, "ASSOCIATED C-CANCEL-RQ ");
  scu_message_free(find);
  scu_message_free(echo);
  pair_free(&p);
}

static void test_a_dataset_that_came_can_be_decoded(void **state) {
  (void)state;
  pair p;
  scu_engine_event event = {.size = sizeof event};
  scu_dataset *dataset = NULL;
  char text[17];
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  p.far.answers = false;
  assert_int_equal(send_find(&p.near), SCU_OK);
  const uint8_t *bytes;
  size_t length, consumed;
  assert_int_equal(scu_engine_output(p.near.engine, &bytes, &length), SCU_OK);
  while (length > 0) {
    assert_int_equal(scu_engine_receive(p.far.engine, bytes, length, &consumed, 0), SCU_OK);
    bytes += consumed;
    length -= consumed;
    while (scu_engine_next_event(p.far.engine, &event) == SCU_OK) {
      if (event.type != SCU_ENGINE_DATA) continue;
      assert_true(event.is_last);
      assert_int_equal(scu_engine_decode(event.message, event.bytes, event.length, &dataset), SCU_OK);
      scu_dataset *cut;
      assert_int_equal(scu_engine_decode(event.message, event.bytes, event.length - 1, &cut), SCU_ERROR_MALFORMED);
      assert_null(cut);
    }
  }
  assert_non_null(dataset);
  assert_int_equal(scu_dataset_text(dataset, "QueryRetrieveLevel", text, sizeof text), SCU_OK);
  assert_string_equal(text, "STUDY");
  scu_dataset_free(dataset);
  assert_int_equal(scu_engine_decode(NULL, NULL, 0, &dataset), SCU_ERROR_USAGE);
  pair_free(&p);
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static void test_who_is_called_by_another_title_rejects(void **state) {
  (void)state;
  pair p = {.step = 0};
  scu_engine_options options = options_of(false, NULL);
  assert_int_equal(scu_engine_new(&options, propose, NULL, &p.near.engine), SCU_OK);
  options = options_of(true, NULL);
  options.called_ae = "SOMEBODY";
  assert_int_equal(scu_engine_new(&options, propose, NULL, &p.far.engine), SCU_OK);
  scu_engine_connected(p.near.engine, 0);
  scu_engine_connected(p.far.engine, 0);
  assert_int_equal(scu_engine_connected(p.far.engine, 0), SCU_ERROR_USAGE);
  assert_int_equal(talk(&p), SCU_OK);
  assert_string_equal(p.near.log, "FAILED");
  assert_string_equal(p.far.log, "FAILED");
  assert_int_equal(p.near.result, SCU_ERROR_REJECTED);
  assert_int_equal(p.far.result, SCU_ERROR_REJECTED);
  pair_free(&p);
}

static void test_an_abort_ends_both(void **state) {
  (void)state;
  pair p;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  scu_engine_abort(p.near.engine, 0);
  assert_int_equal(send_echo(&p.near, NULL), SCU_ERROR_USAGE);
  assert_int_equal(talk(&p), SCU_OK);
  assert_string_equal(p.near.log, "ASSOCIATED FAILED");
  assert_string_equal(p.far.log, "ASSOCIATED FAILED");
  assert_int_equal(p.far.result, SCU_ERROR_ABORTED);
  pair_free(&p);
}

static void test_a_transport_that_closes_is_an_end(void **state) {
  (void)state;
  pair p;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  scu_engine_closed(p.near.engine, 0);
  assert_int_equal(pull(&p.near), SCU_OK);
  assert_int_equal(p.near.result, SCU_ERROR_CLOSED);
  scu_engine_event event = {.size = sizeof event};
  assert_int_equal(scu_engine_next_event(p.near.engine, &event), SCU_END); /* once */
  pair_free(&p);
}

static void test_time_is_what_is_passed_in(void **state) {
  (void)state;
  pair p = {.step = 0};
  scu_engine_options options = options_of(false, NULL);
  options.associate_timeout_ms = 5000;
  assert_int_equal(scu_engine_new(&options, propose, NULL, &p.near.engine), SCU_OK);
  assert_int_equal(scu_engine_connected(p.near.engine, 1000), SCU_OK);
  assert_int_equal(scu_engine_deadline(p.near.engine), 6000);
  scu_engine_expire(p.near.engine, 5999);
  assert_int_equal(pull(&p.near), SCU_OK);
  assert_false(p.near.has_ended);
  scu_engine_expire(p.near.engine, 6000);
  assert_int_equal(pull(&p.near), SCU_OK);
  assert_int_equal(p.near.result, SCU_ERROR_TIMEOUT);
  options = options_of(true, NULL);
  assert_int_equal(scu_engine_new(&options, propose, NULL, &p.far.engine), SCU_OK);
  assert_int_equal(scu_engine_connected(p.far.engine, 1000), SCU_OK);
  assert_int_equal(scu_engine_deadline(p.far.engine), 31000); /* the default, for either role */
  pair_free(&p);
}

static void test_garbage_is_a_fault_of_the_peer(void **state) {
  (void)state;
  static const uint8_t garbage[] = "GET / HTTP/1.1\r\n\r\n";
  pair p;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  ASSOCIATED;
  assert_int_equal(feed(&p.near, garbage, sizeof garbage, 0), SCU_OK);
  assert_int_equal(p.near.result, SCU_ERROR_PROTOCOL);
  assert_true(scu_engine_wants_close(p.near.engine) || scu_engine_deadline(p.near.engine) != UINT64_MAX);
  pair_free(&p);
}

/* --- misuse ------------------------------------------------------------------------------------------------------- */

static void test_what_cannot_be_sent_is_refused(void **state) {
  (void)state;
  pair p;
  scu_message *bad = NULL;
  assert_int_equal(pair_make(&p, 0, NULL, NULL), SCU_OK);
  assert_int_equal(send_echo(&p.near, NULL), SCU_ERROR_USAGE); /* no association yet */
  ASSOCIATED;
  assert_int_equal(request(&p.near, 0x0030, OTHER, &bad), SCU_OK);
  assert_int_equal(scu_engine_send(p.near.engine, bad, NULL), SCU_ERROR_REJECTED);
  assert_true(scu_error_reason(scu_engine_error(p.near.engine))[0]);
  scu_message_free(bad);
  assert_int_equal(request(&p.near, 0x0020, FIND, &bad), SCU_OK);
  assert_int_equal(scu_engine_send(p.near.engine, bad, NULL), SCU_ERROR_USAGE); /* no identifier */
  scu_message_free(bad);
  assert_int_equal(scu_engine_send(p.near.engine, NULL, NULL), SCU_ERROR_USAGE);
  assert_int_equal(send_echo(&p.near, NULL), SCU_OK); /* none the worse */
  assert_int_equal(talk(&p), SCU_OK);
  assert_string_equal(p.near.log, "ASSOCIATED C-ECHO-RSP(0000) ");
  pair_free(&p);
}

static void test_options_that_make_no_sense_are_usage(void **state) {
  (void)state;
  scu_engine *engine = NULL;
  scu_engine_options options = options_of(false, NULL);
  assert_int_equal(scu_engine_new(NULL, propose, NULL, &engine), SCU_ERROR_USAGE);
  assert_int_equal(scu_engine_new(&options, NULL, NULL, &engine), SCU_ERROR_USAGE);
  assert_int_equal(scu_engine_new(&options, propose_nothing, NULL, &engine), SCU_ERROR_USAGE);
  options.called_ae = "";
  assert_int_equal(scu_engine_new(&options, propose, NULL, &engine), SCU_ERROR_USAGE);
  options.called_ae = "MUCH TOO LONG FOR A TITLE";
  assert_int_equal(scu_engine_new(&options, propose, NULL, &engine), SCU_ERROR_USAGE);
  options = options_of(false, NULL);
  options.implementation_class_uid = "no uid";
  assert_int_equal(scu_engine_new(&options, propose, NULL, &engine), SCU_ERROR_USAGE);
  for (uint32_t most = 1; most < 128; most++) {
    options = options_of(false, NULL);
    options.max_pdu_length = most;
    assert_int_equal(scu_engine_new(&options, propose, NULL, &engine), SCU_ERROR_USAGE);
  }
  options = options_of(false, NULL);
  options.size = 4;
  assert_int_equal(scu_engine_new(&options, propose, NULL, &engine), SCU_ERROR_USAGE);
  assert_null(engine);
  scu_engine_free(NULL);
}

static scu_result do_everything(const scu_allocator *allocator) {
  pair p;
  size_t at = STREAM_LENGTH - 9000;
  scu_result result = pair_make(&p, 0, allocator, allocator);
  p.far.matches = 2;
  if (result == SCU_OK) result = talk(&p);
  if (result == SCU_OK) result = send_echo(&p.near, NULL);
  if (result == SCU_OK) result = send_find(&p.near);
  if (result == SCU_OK) result = send_stream(&p.near, read_stream, &at);
  if (result == SCU_OK) result = talk(&p);
  if (result == SCU_OK) result = scu_engine_release(p.near.engine, 0);
  if (result == SCU_OK) result = talk(&p);
  if (result == SCU_OK && (p.near.result != SCU_OK || p.far.result != SCU_OK)) result = SCU_ERROR_ABORTED;
  pair_free(&p);
  return result;
}

static void test_every_allocation_that_fails_is_an_end_without_a_leak(void **state) {
  (void)state;
  scu_result result = SCU_ERROR_MEMORY;
  size_t i = 0;
  for (; result != SCU_OK; i++) {
    failing_allocator memory;
    failing_allocator_init(&memory, i);
    result = do_everything(&memory.allocator);
    assert_int_equal(memory.alive, 0);
    assert_true(i < 1000);
  }
  assert_true(i > 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_whole_association_in_pieces_of_any_size),
      cmocka_unit_test(test_a_stream_is_sent_in_bounded_memory_and_comes_whole),
      cmocka_unit_test(test_a_stream_that_fails_aborts),
      cmocka_unit_test(test_a_reader_may_release),
      cmocka_unit_test(test_a_reader_that_says_more_than_there_is_room_for_is_misuse),
      cmocka_unit_test(test_a_response_goes_out_while_the_peer_asks_for_the_release),
      cmocka_unit_test(test_roles_are_what_both_say),
      cmocka_unit_test(test_message_ids_begin_anew_and_are_never_0),
      cmocka_unit_test(test_a_query_can_be_cancelled),
      cmocka_unit_test(test_a_dataset_that_came_can_be_decoded),
      cmocka_unit_test(test_who_is_called_by_another_title_rejects),
      cmocka_unit_test(test_an_abort_ends_both),
      cmocka_unit_test(test_a_transport_that_closes_is_an_end),
      cmocka_unit_test(test_time_is_what_is_passed_in),
      cmocka_unit_test(test_garbage_is_a_fault_of_the_peer),
      cmocka_unit_test(test_what_cannot_be_sent_is_refused),
      cmocka_unit_test(test_options_that_make_no_sense_are_usage),
      cmocka_unit_test(test_every_allocation_that_fails_is_an_end_without_a_leak),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
