/* One association without network: our requests are out, and a hostile peer sends PDVs; whatever it asks for is served.
 *
 * Input: byte 0 says which request waits (0 echo, 1 store, 2 find, 3 move, 4 get, 5 N-GET, 6 N-ACTION, 7 none), in how
 * large pieces PDVs arrive, and (bit 7) whether both are exchanges of messages of the caller's own; then PDVs: control
 * (bit 0 command, bit 1 last, bits 2-3 context), length (16 bit, little endian), bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/limits.h"
#include "dimse/inbox.h"
#include "service/message.h"
#include "service/n_service.h"
#include "service/query_provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { EXCHANGES_MAX = 64, MESSAGE_ID = 7 };

typedef struct end {
  scu__inbox inbox;
  scu__outbox outbox;
  scu__exchange *exchanges[EXCHANGES_MAX];
  size_t count;
  scu__exchange *target;
  bool has_ended; /* the first exchange had its final response */
  bool is_own;    /* messages of the caller's own */
} end;

static const scu__uid query_class = {"1.2.840.10008.5.1.4.1.2.2.1"};
static const scu__ae destination = {"WORKSTATION"};

static scu__buffer some_identifier(void) {
  scu__buffer identifier;
  scu__buffer_init(&identifier, NULL, SCU__IDENTIFIER_MAX);
  scu__put_bytes(&identifier, "\x08\0\x52\0\6\0\0\0STUDY ", 14);
  return identifier;
}

static scu__exchange *make_n_request(scu__outbox *outbox, uint16_t field) {
  scu__exchange *exchange = NULL;
  scu__command request;
  scu__request_init(&request, field, 0, &query_class);
  scu__uid_from_text(&request.requested_sop_instance, "1.2.3");
  request.present |= SCU__HAS_REQUESTED_SOP_INSTANCE;
  if (field == SCU__N_ACTION_RQ) request.present |= SCU__HAS_ACTION_TYPE;
  scu__buffer dataset = some_identifier();
  if (field == SCU__N_GET_RQ) scu__buffer_clear(&dataset);
  scu__n_request_new(NULL, outbox, 1, MESSAGE_ID, &request, &dataset, SCU__EXPLICIT_LE, &exchange);
  return exchange;
}

static scu__exchange *make_request(scu__outbox *outbox, unsigned kind) {
  scu__exchange *exchange = NULL;
  scu__buffer identifier;
  scu__store_params params = {.sop_class = {"1.2"}, .sop_instance = {"1.2.3"}, .payload = SCU__PAYLOAD_BYTES};
  switch (kind) {
  case 0: scu__echo_request_new(NULL, outbox, 1, MESSAGE_ID, &exchange); break;
  case 1:
    params.bytes = some_identifier();
    scu__store_request_new(NULL, outbox, 1, MESSAGE_ID, &params, &exchange);
    break;
  case 2:
    identifier = some_identifier();
    scu__find_request_new(NULL, outbox, 1, MESSAGE_ID, &query_class, 0, &identifier, SCU__IMPLICIT_LE, &exchange);
    break;
  case 3:
    identifier = some_identifier();
    scu__move_request_new(NULL, outbox, 1, MESSAGE_ID, &query_class, 0, &destination, &identifier, SCU__EXPLICIT_LE,
                          &exchange);
    break;
  case 4:
    identifier = some_identifier();
    scu__get_request_new(NULL, outbox, 1, MESSAGE_ID, &query_class, 0, &identifier, SCU__EXPLICIT_BE, &exchange);
    break;
  case 5: exchange = make_n_request(outbox, SCU__N_GET_RQ); break;
  case 6: exchange = make_n_request(outbox, SCU__N_ACTION_RQ); break;
  default: break;
  }
  return exchange;
}

static scu__exchange *make_own_request(scu__outbox *outbox, unsigned kind) {
  static const uint16_t fields[] = {SCU__C_ECHO_RQ, SCU__C_STORE_RQ, SCU__C_FIND_RQ,  SCU__C_MOVE_RQ,
                                    SCU__C_GET_RQ,  SCU__N_GET_RQ,   SCU__N_ACTION_RQ};
  if (kind >= sizeof fields / sizeof *fields) return NULL;
  scu__exchange *exchange = NULL;
  scu__command request;
  scu__request_init(&request, fields[kind], 0, &query_class);
  request.move_destination = destination;
  scu__uid_from_text(&request.affected_sop_instance, "1.2.3");
  scu__uid_from_text(&request.requested_sop_instance, "1.2.3");
  if (kind == 1) request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  if (kind == 3) request.present |= SCU__HAS_MOVE_DESTINATION;
  if (kind >= 5) request.present |= SCU__HAS_REQUESTED_SOP_INSTANCE;
  if (kind == 6) request.present |= SCU__HAS_ACTION_TYPE;
  scu__buffer dataset = some_identifier();
  if (kind == 0 || kind == 5) scu__buffer_clear(&dataset);
  if (scu__message_request_new(NULL, outbox, 1, MESSAGE_ID, &request, &dataset, SCU__EXPLICIT_LE, &exchange) != SCU_OK)
    abort();
  return exchange;
}

static void flush(end *self) {
  scu__pdv_fragment fragment;
  while (scu__outbox_next(&self->outbox, 1000, &fragment, NULL) == SCU_OK) {
    if (fragment.length == 0 || (fragment.length + fragment.pad) % 2 != 0) abort();
    if (fragment.is_message_end && fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  }
}

/* --- the serving side --- */

static void finish_query(scu__exchange *exchange, uint16_t status, const scu__sub_operations *counts,
                         const scu_dataset *failed) {
  const scu__query_answer answer = {.status = status, .counts = counts, .failed_list = failed, .comment = "so be it"};
  scu_result result = scu__query_provider_finish(exchange, &answer);
  if (result == SCU_OK) return;
  /* What came in need not go out again: fragments in implicit VR, for one. */
  const scu__query_answer plain = {.status = status};
  if (!failed || scu__query_provider_finish(exchange, &plain) != SCU_OK) abort();
}

static void serve_find(scu__exchange *exchange, const scu__exchange_event *event) {
  size_t rows = event->command->message_id % 300;
  for (size_t i = 0; i < rows && scu__find_provider_wants(exchange); i++)
    if (scu__find_provider_match(exchange, event->identifier, i % 2 ? 0xFF01 : 0xFF00) != SCU_OK) break;
  if (rows % 4 != 3) finish_query(exchange, 0, NULL, NULL); /* else it waits for a cancel */
}

static void serve_retrieve(scu__exchange *exchange, const scu__exchange_event *event) {
  const scu__sub_operations counts = {.remaining = event->command->message_id, .failed = 1};
  if (scu__retrieve_provider_pending(exchange, &counts) != SCU_OK) abort();
  if (event->command->message_id % 4 != 3) finish_query(exchange, 0xB000, &counts, event->identifier);
}

static void serve_n_service(scu__exchange *exchange, const scu__exchange_event *event) {
  scu__n_answer answer = {.dataset = event->identifier, .comment = "done"};
  if (scu__n_provider_respond(exchange, &answer) == SCU_OK) return;
  answer.dataset = NULL;
  if (scu__n_provider_respond(exchange, &answer) != SCU_OK) abort();
}

/* Pending responses, then a final one unless it waits for a cancel; what came in need not go out again. */
static void serve_own(scu__exchange *exchange, const scu__exchange_event *event) {
  unsigned id = event->command->message_id;
  scu__command response = {.status = 0xFF00};
  for (unsigned i = 0; i < id % 5; i++) (void)scu__message_provider_respond(exchange, &response, event->identifier);
  if (event->kind == SCU__EXCHANGE_REQUEST && id % 4 == 3) return;
  response.status = 0x0110;
  scu__command_set_comment(&response, "so be it");
  if (scu__message_provider_respond(exchange, &response, event->identifier) != SCU_OK)
    (void)scu__message_provider_respond(exchange, &response, NULL);
}

static void on_request(scu__exchange *exchange, const scu__exchange_event *event) {
  if (exchange->owner) abort(); /* one request per exchange */
  exchange->owner = exchange;
  switch (event->command->field) {
  case SCU__C_ECHO_RQ: break;
  case SCU__C_STORE_RQ:
    if (event->command->message_id % 3 == 1)
      (void)scu__store_provider_respond(exchange, SCU__STATUS_OUT_OF_RESOURCES, "full", 0);
    break;
  case SCU__C_FIND_RQ: serve_find(exchange, event); break;
  case SCU__C_MOVE_RQ:
  case SCU__C_GET_RQ: serve_retrieve(exchange, event); break;
  default: serve_n_service(exchange, event); break;
  }
}

static void on_event(end *self, scu__exchange *exchange, const scu__exchange_event *event) {
  bool is_served = event->kind == SCU__EXCHANGE_REQUEST || event->kind == SCU__EXCHANGE_CANCEL;
  if (self->is_own && is_served) {
    serve_own(exchange, event);
    return;
  }
  switch (event->kind) {
  case SCU__EXCHANGE_MATCH:
    if (self->has_ended || !event->identifier) abort();
    (void)scu_dataset_count(event->identifier);
    break;
  case SCU__EXCHANGE_FINAL:
    if (self->has_ended || !exchange->is_done) abort(); /* one end per request */
    self->has_ended = true;
    break;
  case SCU__EXCHANGE_DATA:
    if (event->is_last && scu__store_provider_respond(exchange, SCU__STATUS_SUCCESS, "stored", 0) != SCU_OK) abort();
    break;
  case SCU__EXCHANGE_REQUEST: on_request(exchange, event); break;
  case SCU__EXCHANGE_CANCEL:
    if (!exchange->owner) abort(); /* what was never asked for */
    finish_query(exchange, SCU__STATUS_CANCELLED, NULL, NULL);
    break;
  default: break;
  }
}

static scu__encoding encoding_of(uint8_t context_id) {
  return context_id == 1 ? SCU__IMPLICIT_LE : context_id == 3 ? SCU__EXPLICIT_LE : SCU__EXPLICIT_BE;
}

static scu_result make_provider(end *self, uint8_t context_id, const scu__command *command, scu__exchange **out,
                                scu__exchange_event *event) {
  const scu__encoding encoding = encoding_of(context_id);
  if (self->is_own) {
    scu_result own = scu__message_provider_new(NULL, &self->outbox, context_id, command, encoding, out, event);
    if (own != SCU_ERROR_USAGE) return own;
    return scu__refusal_new(NULL, &self->outbox, context_id, command, 0x0211, "no", out);
  }
  switch (command->field) {
  case SCU__C_ECHO_RQ: return scu__echo_provider_new(NULL, &self->outbox, context_id, command, out, event);
  case SCU__C_STORE_RQ: return scu__store_provider_new(NULL, &self->outbox, context_id, command, out, event);
  case SCU__C_FIND_RQ: return scu__find_provider_new(NULL, &self->outbox, context_id, command, encoding, out, event);
  case SCU__C_MOVE_RQ: return scu__move_provider_new(NULL, &self->outbox, context_id, command, encoding, out, event);
  case SCU__C_GET_RQ: return scu__get_provider_new(NULL, &self->outbox, context_id, command, encoding, out, event);
  default: break;
  }
  scu_result result = scu__n_provider_new(NULL, &self->outbox, context_id, command, encoding, out, event);
  if (result != SCU_ERROR_USAGE) return result;
  return scu__refusal_new(NULL, &self->outbox, context_id, command, 0x0211, "no", out);
}

static scu_result serve(end *self, uint8_t context_id, const scu__command *command) {
  scu__exchange *exchange = NULL;
  scu__exchange_event event = {0};
  if (make_provider(self, context_id, command, &exchange, &event) != SCU_OK) abort();
  self->exchanges[self->count++] = exchange;
  self->target = exchange;
  on_event(self, exchange, &event);
  return self->count == EXCHANGES_MAX ? SCU_END : SCU_OK;
}

static scu_result take_command(end *self, uint8_t context_id, const scu__command *command) {
  self->target = NULL;
  for (size_t i = 0; i < self->count && !self->target; i++)
    if (scu__exchange_wants(self->exchanges[i], context_id, command)) self->target = self->exchanges[i];
  if (!self->target) {
    bool is_request = !scu__command_is_response(command) && command->field != SCU__C_CANCEL_RQ;
    return is_request ? serve(self, context_id, command) : SCU_OK;
  }
  scu__exchange_event event;
  scu_result result = scu__exchange_receive_command(self->target, command, &event, NULL);
  if (result == SCU_OK) on_event(self, self->target, &event);
  return result;
}

static scu_result take_piece(end *self, uint8_t context_id, bool is_command, bool is_last, const uint8_t *bytes,
                             size_t length) {
  scu__inbox_event in;
  scu_result result = scu__inbox_put(&self->inbox, context_id, is_command, is_last, bytes, length, &in, NULL);
  if (result != SCU_OK || in.kind == SCU__INBOX_NONE) return result;
  if (in.kind == SCU__INBOX_COMMAND) return take_command(self, context_id, in.command);
  if (!self->target) return SCU_OK;
  scu__exchange_event event;
  result = scu__exchange_receive_data(self->target, in.bytes, in.length, in.is_last, &event, NULL);
  if (result == SCU_OK) on_event(self, self->target, &event);
  return result;
}

static scu_result take_pdv(end *self, uint8_t control, const uint8_t *bytes, size_t length, size_t step) {
  static const uint8_t contexts[] = {1, 3, 5, 1};
  do {
    size_t piece = length < step ? length : step;
    bool is_last = (control & 2) && piece == length;
    scu_result result = take_piece(self, contexts[control >> 2 & 3], control & 1, is_last, bytes, piece);
    if (result != SCU_OK) return result;
    bytes += piece;
    length -= piece;
  } while (length > 0);
  if (control & 0x80) flush(self);
  return SCU_OK;
}

static void take_pdvs(end *self, const uint8_t *bytes, size_t length, size_t step) {
  while (length >= 3) {
    size_t size = scu__load_u16le(bytes + 1);
    if (size > length - 3) size = length - 3;
    if (take_pdv(self, bytes[0], bytes + 3, size, step) != SCU_OK) return;
    bytes += 3 + size;
    length -= 3 + size;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const size_t steps[] = {1, 2, 7, 64, 1000, 70000, 70000, 70000};
  if (length == 0) return 0;
  end self;
  memset(&self, 0, sizeof self);
  scu__inbox_init(&self.inbox, NULL);
  scu__outbox_init(&self.outbox, NULL);
  self.is_own = bytes[0] & 0x80;
  scu__exchange *request =
      self.is_own ? make_own_request(&self.outbox, bytes[0] & 7) : make_request(&self.outbox, bytes[0] & 7);
  if (request) self.exchanges[self.count++] = request;
  if (!(bytes[0] & 0x40)) flush(&self); /* else the answers come before the request is out */
  take_pdvs(&self, bytes + 1, length - 1, steps[bytes[0] >> 3 & 7]);
  for (size_t i = 0; i < self.count; i++) scu__exchange_free(self.exchanges[i]);
  scu__inbox_free(&self.inbox);
  scu__outbox_free(&self.outbox);
  return 0;
}
