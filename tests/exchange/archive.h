/* A peer that serves: C-FIND from a counter, C-GET with sub-operations, C-MOVE with invented ones, and any N-service by
 * giving back what it got. What an archive does, without storage. */
#ifndef SCU_TESTS_EXCHANGE_ARCHIVE_H
#define SCU_TESTS_EXCHANGE_ARCHIVE_H

#include "exchange/peer.h"
#include "service/n_service.h"
#include "service/query_provider.h"

typedef struct archive {
  peer *peer;
  scu__encoding encoding;
  scu_dataset *row;
  size_t rows, sent;    /* matches */
  scu__exchange *query; /* under way */
  bool is_held;         /* matches wait until archive_stream is called by the test */
  uint16_t instances;   /* sub-operations */
  scu__sub_operations counts;
  uint16_t fails_at; /* this one fails, counted from 1 */
  scu__exchange *store;
  uint16_t next_report; /* message ID */
  bool reports_first;   /* N-EVENT-REPORT goes out before the answer to the N-ACTION */
} archive;

static inline scu_result archive_finish(archive *self, uint16_t status, scu_dataset *failed) {
  bool is_find = self->query->class_->response_field == SCU__C_FIND_RSP;
  scu__query_answer answer = {
      .status = status, .counts = is_find ? NULL : &self->counts, .failed_list = is_find ? NULL : failed};
  scu__exchange *query = self->query;
  self->query = NULL;
  return scu__query_provider_finish(query, &answer);
}

/* As many matches as there is room for; the end behind the last one. */
static inline scu_result archive_stream(archive *self) {
  char text[20];
  if (!self->query || self->query->class_->response_field != SCU__C_FIND_RSP) return SCU_OK;
  while (self->sent < self->rows && scu__find_provider_wants(self->query)) {
    snprintf(text, sizeof text, "P%zu", self->sent + 1);
    scu_result result = scu__dataset_set_tag_text(self->row, 0x00100020, text, NULL);
    if (result == SCU_OK) result = scu__find_provider_match(self->query, self->row, self->sent % 2 ? 0xFF01 : 0xFF00);
    if (result != SCU_OK) return result;
    self->sent++;
  }
  return self->sent == self->rows ? archive_finish(self, 0, NULL) : SCU_OK;
}

/* --- C-GET --- */

static inline scu_result archive_store_next(archive *self) {
  peer *const end = self->peer;
  scu__store_params params = {.sop_class = {"1.2.840.10008.5.1.4.1.1.7"}, .payload = SCU__PAYLOAD_BYTES};
  uint16_t number = (uint16_t)(self->counts.completed + self->counts.failed + 1);
  snprintf(params.sop_instance.text, sizeof params.sop_instance.text, "1.2.3.%u", number);
  scu__buffer_init(&params.bytes, end->allocator, 1000);
  scu__put_fill(&params.bytes, (uint8_t)number, 101);
  scu__exchange *store;
  /* Our own message IDs: the peer counts its own, so they may be the same. */
  scu_result result = scu__store_request_new(end->allocator, &end->outbox, 3, number, &params, &store);
  if (result != SCU_OK) return result;
  self->store = store;
  peer_add(end, store);
  return SCU_OK;
}

static inline scu_result archive_retrieved(archive *self) {
  scu_dataset *failed = NULL;
  if (self->counts.failed > 0) {
    scu_result result = scu_dataset_new(self->peer->allocator, &failed);
    if (result == SCU_OK) result = scu__dataset_set_tag_text(failed, 0x00080058, "1.2.3.2", NULL);
    if (result != SCU_OK) {
      scu_dataset_free(failed);
      return result;
    }
  }
  uint16_t status = self->query->is_cancelled ? 0xFE00 : failed ? 0xB000 : 0;
  scu_result result = archive_finish(self, status, failed);
  scu_dataset_free(failed);
  return result;
}

static inline scu_result archive_stored(archive *self, const scu__exchange_event *event) {
  self->store = NULL;
  self->counts.remaining--;
  if (event->status_class == SCU__STATUS_KIND_FAILURE)
    self->counts.failed++;
  else
    self->counts.completed++;
  if (self->counts.remaining == 0 || self->query->is_cancelled) return archive_retrieved(self);
  scu_result result = scu__retrieve_provider_pending(self->query, &self->counts);
  return result == SCU_OK ? archive_store_next(self) : result;
}

static inline scu_result archive_move(archive *self) {
  for (; self->counts.remaining > 1; self->counts.remaining--) {
    if (self->counts.completed + 1u == self->fails_at)
      self->counts.failed++;
    else
      self->counts.completed++;
    scu_result result = scu__retrieve_provider_pending(self->query, &self->counts);
    if (result != SCU_OK) return result;
  }
  self->counts.completed++;
  return archive_retrieved(self);
}

/* --- N-services --- */

static inline scu_result archive_report(archive *self) {
  peer *const end = self->peer;
  static const scu__uid commitment = {"1.2.840.10008.1.20.1"};
  scu__command request;
  scu__request_init(&request, SCU__N_EVENT_REPORT_RQ, 0, &commitment);
  scu__uid_from_text(&request.affected_sop_instance, "1.2.840.10008.1.20.1.1");
  request.event_type = 1;
  request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE | SCU__HAS_EVENT_TYPE;
  scu__buffer dataset;
  scu__buffer_init(&dataset, end->allocator, 1000);
  scu__put_bytes(&dataset, "\x10\0\x20\0\4\0\0\0DONE", 12);
  scu__exchange *report;
  scu_result result = scu__n_request_new(end->allocator, &end->outbox, 1, self->next_report++, &request, &dataset,
                                         SCU__IMPLICIT_LE, &report);
  if (result == SCU_OK) peer_add(end, report);
  return result;
}

static inline scu_result archive_n_request(archive *self, scu__exchange *exchange, const scu__exchange_event *event) {
  bool is_action = event->command->field == SCU__N_ACTION_RQ;
  scu_result result = is_action && self->reports_first ? archive_report(self) : SCU_OK;
  static const scu_tag unknown = 0x00091001;
  scu__n_answer answer = {.dataset = event->command->field == SCU__N_DELETE_RQ ? NULL : event->identifier};
  if (event->command->field == SCU__N_GET_RQ)
    answer = (scu__n_answer){.status = 0x0107, .attributes = &unknown, .attribute_count = 1};
  if (result == SCU_OK) result = scu__n_provider_respond(exchange, &answer);
  return result == SCU_OK && is_action && !self->reports_first ? archive_report(self) : result;
}

/* --- hooks --- */

static inline scu_result archive_request(archive *self, scu__exchange *exchange, const scu__exchange_event *event) {
  switch (event->command->field) {
  case SCU__C_FIND_RQ:
    self->query = exchange;
    self->sent = 0;
    return self->is_held ? SCU_OK : archive_stream(self);
  case SCU__C_MOVE_RQ:
  case SCU__C_GET_RQ:
    self->query = exchange;
    self->counts = (scu__sub_operations){.remaining = self->instances};
    return event->command->field == SCU__C_GET_RQ ? archive_store_next(self) : archive_move(self);
  case SCU__C_ECHO_RQ:
  case SCU__C_STORE_RQ: return SCU_OK;
  default: return archive_n_request(self, exchange, event);
  }
}

static inline scu_result archive_heard(peer *end, scu__exchange *exchange, const scu__exchange_event *event) {
  archive *self = end->user;
  if (event->kind == SCU__EXCHANGE_REQUEST) return archive_request(self, exchange, event);
  if (event->kind == SCU__EXCHANGE_FINAL && exchange == self->store) return archive_stored(self, event);
  if (event->kind == SCU__EXCHANGE_CANCEL && exchange == self->query && !self->store)
    return archive_finish(self, 0xFE00, NULL);
  return SCU_OK;
}

static inline scu_result archive_serve(peer *end, uint8_t context_id, const scu__command *command, scu__exchange **out,
                                       scu__exchange_event *event) {
  archive *self = end->user;
  const scu_allocator *allocator = end->allocator;
  switch (command->field) {
  case SCU__C_FIND_RQ:
    return scu__find_provider_new(allocator, &end->outbox, context_id, command, self->encoding, out, event);
  case SCU__C_MOVE_RQ:
    return scu__move_provider_new(allocator, &end->outbox, context_id, command, self->encoding, out, event);
  case SCU__C_GET_RQ:
    return scu__get_provider_new(allocator, &end->outbox, context_id, command, self->encoding, out, event);
  case SCU__N_EVENT_REPORT_RQ:
  case SCU__N_GET_RQ:
  case SCU__N_SET_RQ:
  case SCU__N_ACTION_RQ:
  case SCU__N_CREATE_RQ:
  case SCU__N_DELETE_RQ:
    return scu__n_provider_new(allocator, &end->outbox, context_id, command, self->encoding, out, event);
  default: return SCU_OK;
  }
}

/* Turns the peer into an archive; MEMORY. */
static inline scu_result archive_init(archive *self, peer *end) {
  memset(self, 0, sizeof *self);
  self->peer = end;
  self->encoding = SCU__IMPLICIT_LE;
  self->rows = 3;
  self->instances = 3;
  self->next_report = 7;
  end->serve = archive_serve;
  end->heard = archive_heard;
  end->user = self;
  scu_result result = scu_dataset_new(end->allocator, &self->row);
  return result == SCU_OK ? scu__dataset_set_tag_text(self->row, 0x00080052, "STUDY", NULL) : result;
}

static inline void archive_free(archive *self) {
  scu_dataset_free(self->row);
}

#endif
