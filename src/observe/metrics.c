/* scu_metrics: a tap that counts what the follower of each conversation hears. */
#include "scu/metrics.h"

#include <string.h>

#include "base/trace.h"
#include "dimse/status.h"
#include "io/clock.h"
#include "observe/counts.h"
#include "observe/follower.h"

enum { REQUESTS_MAX = 128 };

struct scu_metrics {
  scu__tap tap; /* first */
  const scu_allocator *allocator;
  scu__counts counts;
};

typedef struct pending {
  uint16_t field, message_id;
  bool is_sent;
  uint64_t bytes, whole_ms; /* of its data set; when it was there */
} pending;

typedef struct conversation {
  scu__counts *counts;
  scu__follower follower;
  int side;
  bool is_open, has_end; /* the association */
  scu__counted_end end;
  size_t coming[2]; /* index of the request whose data set is coming; REQUESTS_MAX = none */
  pending requests[REQUESTS_MAX];
  size_t count;
} conversation;

static void add(scu__count *count, uint64_t value) {
  atomic_fetch_add(count, value);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void forget(conversation *c, size_t index) {
  c->count--;
  memmove(c->requests + index, c->requests + index + 1, (c->count - index) * sizeof *c->requests);
  for (size_t i = 0; i < 2; i++) {
    if (c->coming[i] == index) c->coming[i] = REQUESTS_MAX;
    if (c->coming[i] != REQUESTS_MAX && c->coming[i] > index) c->coming[i]--;
  }
}

static void count_unanswered(conversation *c, size_t index) {
  const pending *r = &c->requests[index];
  add(&c->counts->requests[r->is_sent][scu__counted_service(r->field)][SCU__STATUS_KIND_PENDING], 1);
  forget(c, index);
}

static void count_answered(conversation *c, size_t index, const scu__command *response) {
  const pending *r = &c->requests[index];
  size_t service = scu__counted_service(r->field);
  scu__status_kind kind = scu__status_class(response->status, response->field);
  add(&c->counts->requests[r->is_sent][service][kind], 1);
  add(&c->counts->responses[r->is_sent][service], 1);
  if (r->whole_ms) add(&c->counts->response_ms[r->is_sent][service], scu__clock_now_ms(NULL) - r->whole_ms);
  if (kind == SCU__STATUS_KIND_FAILURE) scu__count_failure(c->counts, r->is_sent, service, response->status);
  bool is_taken = kind == SCU__STATUS_KIND_SUCCESS || kind == SCU__STATUS_KIND_WARNING;
  if (r->field == SCU__C_STORE_RQ && is_taken) {
    add(&c->counts->instances[r->is_sent], 1);
    add(&c->counts->bytes[r->is_sent], r->bytes);
  }
  forget(c, index);
}

static void heard_response(conversation *c, bool is_sent, const scu__command *response) {
  if (scu__status_class(response->status, response->field) == SCU__STATUS_KIND_PENDING) return;
  for (size_t i = 0; i < c->count; i++) {
    const pending *r = &c->requests[i];
    if (r->is_sent == is_sent || r->message_id != response->responded_message_id) continue;
    if ((r->field | SCU__COMMAND_RESPONSE_BIT) != response->field) continue;
    count_answered(c, i, response);
    return;
  }
}

static void heard_command(void *user, bool is_sent, uint8_t context_id, const scu__command *command) {
  conversation *c = user;
  (void)context_id;
  c->coming[is_sent] = REQUESTS_MAX;
  if (scu__command_is_response(command)) heard_response(c, is_sent, command);
  if (!scu__command_field_is_request(command->field)) return;
  if (c->count == REQUESTS_MAX) count_unanswered(c, 0);
  bool has_dataset = scu__command_has_dataset(command);
  if (has_dataset) c->coming[is_sent] = c->count;
  c->requests[c->count++] = (pending){.field = command->field,
                                      .message_id = command->message_id,
                                      .is_sent = is_sent,
                                      .whole_ms = has_dataset ? 0 : scu__clock_now_ms(NULL)};
}

static void heard_data(void *user, bool is_sent, const uint8_t *bytes, size_t length, bool is_last) {
  conversation *c = user;
  (void)bytes;
  if (c->coming[is_sent] == REQUESTS_MAX) return;
  pending *r = &c->requests[c->coming[is_sent]];
  r->bytes += length;
  if (is_last) r->whole_ms = scu__clock_now_ms(NULL);
}

/* --- associations ------------------------------------------------------------------------------------------------- */

static void heard_ac(void *user) {
  conversation *c = user;
  add(&c->counts->accepted[c->side], 1);
  add(&c->counts->open_associations, 1);
  c->is_open = true;
}

static void heard_rj(void *user, bool is_sent, const scu__reject *reject) {
  const conversation *c = user;
  (void)is_sent;
  size_t reason = reject->reason < SCU__COUNTED_REASONS ? reject->reason : SCU__COUNTED_REASONS;
  add(&c->counts->rejected[c->side], 1);
  add(&c->counts->reasons[c->side][reject->source < 4 ? reject->source : 0][reason], 1);
}

static void note_end(conversation *c, scu__counted_end end) {
  if (!c->has_end) c->end = end;
  c->has_end = true;
}

static void heard_release(void *user) {
  note_end(user, SCU__END_RELEASED);
}

static void heard_abort(void *user, bool is_sent, const scu__abort *abort) {
  (void)abort;
  note_end(user, is_sent ? SCU__END_ABORTED_HERE : SCU__END_ABORTED_THERE);
}

static const scu__follower_handler handler = {.accepted = heard_ac,
                                              .rejected = heard_rj,
                                              .command = heard_command,
                                              .data = heard_data,
                                              .released = heard_release,
                                              .aborted = heard_abort};

/* --- the tap ------------------------------------------------------------------------------------------------------ */

static void *connected(scu__tap *self, const scu__trace_ends *ends) {
  scu_metrics *metrics = (scu_metrics *)self;
  conversation *c = scu__alloc(metrics->allocator, sizeof *c);
  add(&metrics->counts.connections[ends->is_acceptor], 1);
  if (!c) return NULL; /* the connection is counted, what happens on it is not */
  add(&metrics->counts.open_connections, 1);
  c->counts = &metrics->counts;
  c->side = ends->is_acceptor ? 1 : 0;
  c->coming[0] = c->coming[1] = REQUESTS_MAX;
  scu__follower_init(&c->follower, &handler, c, ends->is_acceptor, metrics->allocator);
  return c;
}

static void pdu(scu__tap *self, void *of, bool is_sent, const uint8_t *bytes, size_t length) {
  (void)self;
  scu__follower_pdu(&((conversation *)of)->follower, is_sent, bytes, length);
}

static void closed(scu__tap *self, void *of) {
  scu_metrics *metrics = (scu_metrics *)self;
  conversation *c = of;
  while (c->count > 0) count_unanswered(c, 0);
  atomic_fetch_sub(&metrics->counts.open_connections, 1);
  if (c->is_open) {
    atomic_fetch_sub(&metrics->counts.open_associations, 1);
    add(&metrics->counts.ends[c->side][c->has_end ? c->end : SCU__END_LOST], 1);
  }
  scu__follower_free(&c->follower);
  scu__free(metrics->allocator, c);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

scu_result scu_metrics_new(const scu_allocator *allocator, scu_metrics **out) {
  if (!out) return SCU_ERROR_USAGE;
  scu_metrics *metrics = *out = scu__alloc(allocator, sizeof *metrics);
  if (!metrics) return SCU_ERROR_MEMORY;
  metrics->allocator = allocator;
  metrics->tap = (scu__tap){.connected = connected, .pdu = pdu, .closed = closed};
  metrics->counts.started_s = scu__clock_wall_s();
  return SCU_OK;
}

size_t scu_metrics_text(const scu_metrics *metrics, char *to, size_t room) {
  return scu__counts_text(&metrics->counts, to, room);
}

void scu_metrics_free(scu_metrics *metrics) {
  if (metrics) scu__free(metrics->allocator, metrics);
}
