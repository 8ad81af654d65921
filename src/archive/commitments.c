/* Pending commitments: ledger, delivery on the requester's association or on one of ours, and trying again. */
#include "archive/commitments.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "client/request.h"
#include "config/peer.h"
#include "data/dataset_encode.h"
#include "data/sop_class.h"
#include "io/file.h"
#include "io/journal.h"
#include "service/n_service.h"

enum {
  PENDING_MAX = 1000,
  SENDING_MAX = 4, /* associations of ours at once */
  FIRST_PAUSE_MS = 1000,
  LONGEST_PAUSE_MS = 5 * 60 * 1000,
  BUSY_PAUSE_MS = 50,
  LEAVE_STEP_MS = 5,
  REPORT_MAX = 64 * 1024 * 1024
};

#define KEY_PREFIX "commitment "
enum { KEY_PREFIX_LENGTH = sizeof KEY_PREFIX - 1 };

/* A report on an association of our own. It outlives the pending one while the association is being released. */
typedef struct sending sending;
struct sending {
  scu__commitments *commitments;
  sending *next;
  scu__pending *pending; /* NULL: it has got its answer */
  scu_session *session;
  scu__request request;
  scu__timer leaving;
};

typedef enum pending_state {
  PENDING_JUDGED, /* its N-ACTION is being served */
  PENDING_KEPT,   /* written to the ledger, or about to be */
  PENDING_RESTS,  /* until the timer goes off, or a peer is added */
  PENDING_HERE,   /* out on the association of the request */
  PENDING_THERE,  /* out on one of ours */
  PENDING_DONE    /* answered; the ledger still has to forget it */
} pending_state;

struct scu__pending {
  scu__commitments *commitments;
  scu__pending *next;
  scu__commitment commitment;
  pending_state state;
  scu__timer timer;
  uint64_t pause_ms;

  scu__service here; /* PENDING_HERE: on the visitor's list */
  sending *there;

  scu__work work;
  scu__fault_hits hits;
  scu_result kept_result;
  void (*kept)(void *user, scu_result result);
  void *kept_user;
};

struct scu__commitments {
  scu_archive *archive;
  scu__pending *first;
  size_t count, sending_count;
  sending *sendings;
  bool is_closing;
};

static void try_elsewhere(scu__pending *p);
static void say(const scu__commitments *c, const char *format, const char *transaction, const char *why) {
  char line[256];
  snprintf(line, sizeof line, format, transaction, why);
  scu__trace_line(&c->archive->trace, SCU__LEVEL_INFO, 0, "%s", line);
}

/* --- list --------------------------------------------------------------------------------------------------------- */

static void unlist(scu__pending *p) {
  scu__commitments *c = p->commitments;
  for (scu__pending **at = &c->first; *at; at = &(*at)->next) {
    if (*at != p) continue;
    *at = p->next;
    c->count--;
    return;
  }
}

static void pending_free(scu__pending *p) {
  scu__timer_stop(p->commitments->archive->loop, &p->timer);
  unlist(p);
  scu__commitment_free(&p->commitment);
  scu__free(p->commitments->archive->allocator, p);
}

static void timer_expired(scu__timer *self, uint64_t now_ms);

static scu__pending *pending_new(scu__commitments *c, scu__commitment *commitment) {
  scu__pending *p = scu__alloc(c->archive->allocator, sizeof *p);
  if (!p) return NULL;
  p->commitments = c;
  p->commitment = *commitment;
  memset(commitment, 0, sizeof *commitment);
  p->timer.expired = timer_expired;
  p->pause_ms = FIRST_PAUSE_MS;
  scu__pending **at = &c->first;
  while (*at) at = &(*at)->next;
  *at = p;
  c->count++;
  return p;
}

bool scu__commitments_has(const scu__commitments *c, const scu__uid *transaction) {
  for (const scu__pending *p = c->first; p; p = p->next)
    if (p->state != PENDING_DONE && scu__uid_equal(&p->commitment.transaction, transaction)) return true;
  return false;
}

scu_result scu__commitments_add(scu__commitments *c, scu__commitment *commitment, scu__pending **out) {
  *out = NULL;
  if (c->count >= PENDING_MAX) return SCU_ERROR_LIMIT;
  *out = pending_new(c, commitment);
  return *out ? SCU_OK : SCU_ERROR_MEMORY;
}

scu__commitment *scu__pending_commitment(scu__pending *p) {
  return &p->commitment;
}

void scu__pending_set_faults(scu__pending *p, scu__fault_hits hits) {
  p->hits = hits;
}

void scu__pending_drop(scu__pending *p) {
  pending_free(p);
}

/* --- the ledger --------------------------------------------------------------------------------------------------- */

/* Committed is what is there, readable and as long as it was when it was acknowledged. */
static void judge_file(const scu_archive *archive, scu__commitment_item *item) {
  if (item->failure != SCU__COMMIT_OK || !item->path) return;
  char path[SCU__OPTION_PATH_MAX];
  scu__source *source = NULL;
  int length = snprintf(path, sizeof path, "%s/%s", archive->objects, item->path);
  bool is_sound = length > 0 && (size_t)length < sizeof path &&
                  scu__file_source_open(path, archive->allocator, &source, NULL) == SCU_OK &&
                  source->size == item->length;
  scu__source_close(source);
  if (!is_sound) item->failure = SCU__COMMIT_PROCESSING_FAILURE;
}

static const char *ledger_key(const scu__pending *p, char key[SCU__LEDGER_KEY_MAX]) {
  snprintf(key, SCU__LEDGER_KEY_MAX, KEY_PREFIX "%s", p->commitment.transaction.text);
  return key;
}

static void keep_run(scu__work *self) {
  scu__pending *p = (scu__pending *)((char *)self - offsetof(scu__pending, work));
  const scu_archive *archive = p->commitments->archive;
  for (size_t i = 0; i < p->commitment.count; i++) judge_file(archive, &p->commitment.items[i]);
  scu__buffer bytes;
  scu__buffer_init(&bytes, archive->allocator, SCU__JOURNAL_RECORD_MAX);
  scu__commitment_encode(&p->commitment, &bytes);
  p->kept_result = scu__buffer_result(&bytes);
  scu__ledger *ledger = p->commitments->archive->ledger;
  char key[SCU__LEDGER_KEY_MAX];
  if (p->kept_result == SCU_OK)
    p->kept_result = ledger->put(ledger->user, ledger_key(p, key), bytes.data, bytes.length, NULL);
  scu__buffer_free(&bytes);
}

static void keep_done(scu__work *self) {
  scu__pending *p = (scu__pending *)((char *)self - offsetof(scu__pending, work));
  scu__lane *lane = &p->commitments->archive->lane;
  p->kept(p->kept_user, p->kept_result);
  scu__lane_go_on(lane);
}

void scu__pending_keep(scu__pending *p, void (*kept)(void *user, scu_result result), void *user) {
  p->state = PENDING_KEPT;
  p->kept = kept;
  p->kept_user = user;
  p->work = (scu__work){.run = keep_run, .done = keep_done};
  scu__lane_add(&p->commitments->archive->lane, &p->work);
}

static void forget_run(scu__work *self) {
  scu__pending *p = (scu__pending *)((char *)self - offsetof(scu__pending, work));
  scu__ledger *ledger = p->commitments->archive->ledger;
  /* Should this fail, the requester gets his report twice after a restart: no harm. */
  char key[SCU__LEDGER_KEY_MAX];
  ledger->remove(ledger->user, ledger_key(p, key), NULL);
}

static void forget_done(scu__work *self) {
  scu__pending *p = (scu__pending *)((char *)self - offsetof(scu__pending, work));
  scu__lane *lane = &p->commitments->archive->lane;
  pending_free(p);
  scu__lane_go_on(lane);
}

static void forget(scu__pending *p) {
  p->state = PENDING_DONE;
  scu__timer_stop(p->commitments->archive->loop, &p->timer);
  p->work = (scu__work){.run = forget_run, .done = forget_done};
  scu__lane_add(&p->commitments->archive->lane, &p->work);
}

/* --- the report --------------------------------------------------------------------------------------------------- */

/* A shallow copy, to be told instead of the truth. */
static scu__commitment told_of(const scu__pending *p) {
  scu__commitment told = p->commitment;
  if (scu__fault_has(p->hits, SCU__FAULT_UNLISTED) && told.count > 0) told.count--;
  if (scu__fault_has(p->hits, SCU__FAULT_WRONG_TRANSACTION)) scu__uid_from_text(&told.transaction, "2.25.1");
  return told;
}

static scu_result make_report(scu__pending *p, scu__link *link, const scu__accepted_context *context,
                              uint16_t message_id, scu__exchange **out) {
  const scu_archive *archive = p->commitments->archive;
  scu_dataset *report = NULL;
  scu__command command;
  scu__buffer bytes;
  scu__encoding encoding = scu__archive_encoding(context);
  scu__request_init(&command, SCU__N_EVENT_REPORT_RQ, message_id, &context->abstract_syntax);
  scu__uid_from_text(&command.affected_sop_instance, SCU__UID_STORAGE_COMMITMENT_INSTANCE);
  command.present |= SCU__HAS_AFFECTED_SOP_INSTANCE | SCU__HAS_EVENT_TYPE;
  scu__buffer_init(&bytes, archive->allocator, REPORT_MAX);
  scu__commitment told = told_of(p);
  scu_result result = scu__commitment_report(&told, archive->config->calling_ae.text, &report, &command.event_type);
  if (result == SCU_OK) result = scu__dataset_encode(report, encoding, &bytes, NULL);
  if (result == SCU_OK)
    result = scu__n_request_new(archive->allocator, scu__link_outbox(link), context->id, message_id, &command, &bytes,
                                encoding, out);
  scu_dataset_free(report);
  scu__buffer_free(&bytes);
  return result;
}

/* It rests for a while, longer each time. */
static void rest(scu__pending *p, const char *why) {
  const scu_archive *archive = p->commitments->archive;
  say(p->commitments, "storage commitment %s not reported yet: %s", p->commitment.transaction.text, why);
  p->state = PENDING_RESTS;
  scu__timer_set(archive->loop, &p->timer, scu__loop_now(archive->loop) + p->pause_ms);
  p->pause_ms = p->pause_ms > LONGEST_PAUSE_MS / 2 ? LONGEST_PAUSE_MS : p->pause_ms * 2;
}

static void answered(scu__pending *p, const scu__exchange_event *event) {
  bool is_taken = event->status_class == SCU__STATUS_KIND_SUCCESS || event->status_class == SCU__STATUS_KIND_WARNING;
  if (is_taken)
    forget(p);
  else
    rest(p, "the requester answered the report with a failure");
}

static void timer_expired(scu__timer *self, uint64_t now_ms) {
  (void)now_ms;
  scu__pending *p = (scu__pending *)((char *)self - offsetof(scu__pending, timer));
  if (p->state == PENDING_HERE) { /* silence: the report goes elsewhere */
    scu__link *link = scu__visitor_link(p->here.visitor);
    scu__exchange *exchange = p->here.exchange;
    scu__service_let_go(&p->here);
    scu__link_drop(link, exchange);
    scu__service_over(&p->here);
  } else if (p->state == PENDING_RESTS) {
    try_elsewhere(p);
  }
}

/* --- on the association of the request ---------------------------------------------------------------------------- */

static void here_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  scu__pending *p = (scu__pending *)((char *)owner - offsetof(scu__pending, here));
  if (event->kind != SCU__EXCHANGE_FINAL) return;
  p->state = PENDING_RESTS; /* not the association's any more */
  scu__timer_stop(p->commitments->archive->loop, &p->timer);
  scu__service_over(&p->here);
  answered(p, event);
}

/* Also when the association ends before the answer has come. */
static void here_end(scu__service *service) {
  scu__pending *p = (scu__pending *)((char *)service - offsetof(scu__pending, here));
  if (p->state != PENDING_HERE) return;
  scu_archive *archive = p->commitments->archive;
  p->state = PENDING_RESTS;
  scu__timer_set(archive->loop, &p->timer, scu__loop_now(archive->loop));
}

static scu_result send_here(scu__pending *p, scu__visitor *visitor, const scu__accepted_context *context) {
  scu_archive *archive = p->commitments->archive;
  scu__link *link = scu__visitor_link(visitor);
  if (!scu__link_is_open(link)) return SCU_ERROR_CLOSED;
  scu__exchange *exchange = NULL;
  scu_result result = make_report(p, link, context, scu__link_next_message_id(link), &exchange);
  if (result != SCU_OK) return result;
  p->state = PENDING_HERE;
  p->here = (scu__service){.end = here_end};
  scu__service_begin(&p->here, visitor, exchange, here_event);
  scu__timer_set(archive->loop, &p->timer, scu__loop_now(archive->loop) + archive->config->timeout_response_ms);
  return scu__link_start(link, exchange);
}

void scu__pending_send(scu__pending *p, scu__visitor *visitor, const scu__accepted_context *context) {
  if (scu__fault_has(p->hits, SCU__FAULT_NO_RESULT)) {
    p->state = PENDING_RESTS; /* and nothing wakes it but a new peer or a restart */
    return;
  }
  if (visitor && send_here(p, visitor, context) == SCU_OK) return;
  if (p->state == PENDING_HERE) return; /* its end will be told */
  try_elsewhere(p);
}

/* --- on an association of ours ------------------------------------------------------------------------------------ */

/* The peer that calls itself so; else the one that C-MOVE knows by that name. */
static const scu__archive_peer *find_peer(const scu_archive *archive, const scu__ae *ae) {
  for (const scu__archive_peer *peer = archive->peers; peer; peer = peer->next) {
    scu__peer parsed;
    if (scu__peer_parse(peer->text, &parsed, NULL) == SCU_OK && strcmp(parsed.ae.text, ae->text) == 0) return peer;
  }
  for (const scu__archive_peer *peer = archive->peers; peer; peer = peer->next)
    if (strcmp(peer->ae.text, ae->text) == 0) return peer;
  return NULL;
}

static void sending_free(sending *s) {
  scu__commitments *c = s->commitments;
  scu__timer_stop(c->archive->loop, &s->leaving);
  scu__request_stop(&s->request);
  if (s->session) {
    scu__associations_abort(s->session, NULL);
    scu__associations_free(s->session);
  }
  scu_session_free(s->session);
  for (sending **at = &c->sendings; *at; at = &(*at)->next) {
    if (*at != s) continue;
    *at = s->next;
    c->sending_count--;
    break;
  }
  scu__free(c->archive->allocator, s);
}

static void leave(scu__timer *self, uint64_t now_ms) {
  sending *s = (sending *)((char *)self - offsetof(sending, leaving));
  if (scu__associations_leave(s->session))
    sending_free(s);
  else
    scu__timer_set(s->commitments->archive->loop, self, now_ms + LEAVE_STEP_MS);
}

/* From a clean stack: the request is still in the middle of telling us. */
static scu__pending *end_sending(sending *s) {
  scu_archive *archive = s->commitments->archive;
  scu__pending *p = s->pending;
  s->pending = NULL;
  p->there = NULL;
  p->state = PENDING_RESTS;
  scu__timer_set(archive->loop, &s->leaving, scu__loop_now(archive->loop));
  return p;
}

static scu_result there_make(void *owner, scu__link *link, const scu__accepted_context *context, uint16_t message_id,
                             scu__exchange **out, scu_error *error) {
  (void)error;
  sending *s = owner;
  return make_report(s->pending, link, context, message_id, out);
}

static void there_event(void *owner, const scu__exchange_event *event) {
  if (event->kind == SCU__EXCHANGE_FINAL) answered(end_sending(owner), event);
}

static void there_failed(void *owner, const scu_error *error) {
  rest(end_sending(owner), error->reason);
}

static scu_result send_there(scu__pending *p, const scu__archive_peer *peer) {
  scu__commitments *c = p->commitments;
  scu_archive *archive = c->archive;
  sending *s = scu__alloc(archive->allocator, sizeof *s);
  if (!s) return SCU_ERROR_MEMORY;
  s->commitments = c;
  s->pending = p;
  s->leaving.expired = leave;
  s->next = c->sendings;
  c->sendings = s;
  c->sending_count++;
  scu_result result = scu_session_new_on(archive->loop, &s->session, archive->options, peer->text);
  if (result != SCU_OK) {
    sending_free(s);
    return result;
  }
  p->there = s;
  p->state = PENDING_THERE;
  s->request = (scu__request){.owner = s,
                              .sop_class = SCU__UID_STORAGE_COMMITMENT,
                              .timeout_ms = archive->config->timeout_response_ms,
                              .as_scp = true,
                              .make = there_make,
                              .event = there_event,
                              .failed = there_failed};
  scu__request_start(&s->request, s->session);
  return SCU_OK;
}

static void try_elsewhere(scu__pending *p) {
  scu__commitments *c = p->commitments;
  const scu_archive *archive = c->archive;
  p->state = PENDING_RESTS;
  if (c->is_closing) return;
  const scu__archive_peer *peer = find_peer(archive, &p->commitment.requester);
  if (!peer) {
    say(c, "storage commitment %s rests: %s is not among the archive's peers", p->commitment.transaction.text,
        p->commitment.requester.text);
  } else if (c->sending_count >= SENDING_MAX) {
    scu__timer_set(archive->loop, &p->timer, scu__loop_now(archive->loop) + BUSY_PAUSE_MS);
  } else if (send_there(p, peer) != SCU_OK) {
    rest(p, "an association could not be prepared");
  }
}

void scu__commitments_peer_added(scu__commitments *c) {
  uint64_t now = scu__loop_now(c->archive->loop);
  for (scu__pending *p = c->first; p; p = p->next)
    if (p->state == PENDING_RESTS) scu__timer_set(c->archive->loop, &p->timer, now);
}

/* --- opening and closing ------------------------------------------------------------------------------------------ */

static scu_result take_entry(void *user, const char *key, const uint8_t *bytes, size_t length) {
  scu__commitments *c = user;
  scu__commitment commitment;
  if (strncmp(key, KEY_PREFIX, KEY_PREFIX_LENGTH) != 0) return SCU_OK;
  scu_result result =
      scu__commitment_decode(&commitment, c->archive->allocator, key + KEY_PREFIX_LENGTH, bytes, length);
  if (result == SCU_ERROR_MALFORMED) return SCU_OK; /* of a newer version: left alone */
  if (result != SCU_OK) return result;
  scu__pending *p = pending_new(c, &commitment);
  scu__commitment_free(&commitment);
  if (!p) return SCU_ERROR_MEMORY;
  p->state = PENDING_RESTS;
  return SCU_OK;
}

scu_result scu__commitments_open(scu_archive *archive, scu__commitments **out, scu_error *error) {
  *out = NULL;
  scu__commitments *c = scu__alloc(archive->allocator, sizeof *c);
  if (!c) return scu__error_memory(error, SCU_PHASE_STORAGE);
  c->archive = archive;
  scu_result result = archive->ledger->each(archive->ledger->user, take_entry, c);
  if (result == SCU_OK) {
    *out = c;
    return SCU_OK;
  }
  scu__commitments_close(c);
  return scu__error_set(error, result, SCU_PHASE_STORAGE, "the pending commitments cannot be taken up");
}

void scu__commitments_close(scu__commitments *c) {
  if (!c) return;
  c->is_closing = true;
  while (c->sendings) {
    if (c->sendings->pending) end_sending(c->sendings);
    sending_free(c->sendings);
  }
  scu__lane_wait(&c->archive->lane);
  while (c->first) pending_free(c->first);
  scu__free(c->archive->allocator, c);
}
