/* C-MOVE and C-GET of the archive: the matching instances one after the other, over a session to the destination or
 * over the association itself. */
#include "archive/archive.h"
#include "base/alloc.h"
#include "client/association.h"
#include "client/op.h"
#include "client/outgoing.h"
#include "client/store.h"
#include "service/query_provider.h"

#include <stdio.h>
#include <string.h>

enum {
  LEAVE_STEP_MS = 5,
  FAILED_LIST_MAX = 4 * 1024 * 1024, /* bytes of the Failed SOP Instance UID List */
  PENDING_EVERY_MS = 20, /* a requester wants to see progress; one response for each instance costs as much as it */
  TAG_FAILED_LIST = 0x00080058
};

/* One instance of the answer. */
typedef struct sub_operation {
  scu_result found; /* SCU_OK: path and sop_instance are there; SCU_END: there are no more */
  scu_result walked;
  char path[SCU__OPTION_PATH_MAX], sop_instance[65];
  scu__candidate candidate;
} sub_operation;

typedef struct retrieve_service {
  scu__service service; /* first */
  scu__index_query query;
  bool is_move, is_cancelled, is_finished;
  uint16_t message_id;
  scu_dataset *identifier; /* kept while rows are on their way into the index */
  scu__ingest_waiter waiter;
  scu__index_cursor *cursor;
  scu__sub_operations counts;
  scu__buffer failed; /* UIDs joined by backslash */

  uint64_t pending_ms; /* when the last pending response went out; 0 = none did */

  /* C-GET. One sub-operation is out, the next one is made ready while its answer is awaited. */
  sub_operation subs[2];
  unsigned current;
  bool has_next;
  scu__outgoing outgoing;
  scu__task task, preparing;

  /* C-MOVE */
  scu__ae destination;
  scu_session *session;
  scu_source *source;
  scu_op *op;
  scu__timer leaving;

  /* --fault */
  scu__fault_hits hits;
  bool is_repeated;
} retrieve_service;

static scu_archive *archive_of(const retrieve_service *r) {
  return r->service.visitor->archive;
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

static void count(retrieve_service *r, scu_outcome outcome, const char *sop_instance_uid) {
  if (r->counts.remaining > 0) r->counts.remaining--;
  if (outcome == SCU_OUTCOME_OK)
    r->counts.completed++;
  else if (outcome == SCU_OUTCOME_WARNING)
    r->counts.warning++;
  else {
    r->counts.failed++;
    if (!sop_instance_uid[0]) return; /* not known */
    if (r->failed.length > 0) scu__put_u8(&r->failed, '\\');
    scu__put_text(&r->failed, sop_instance_uid);
  }
}

/* The index says no more: what was promised and is not known by name has failed. */
static void count_rest_as_failed(retrieve_service *r) {
  r->counts.failed += r->counts.remaining;
  r->counts.remaining = 0;
}

static void say_pending(retrieve_service *r) {
  if (!r->service.exchange || r->is_finished) return;
  uint64_t now = scu__loop_now(archive_of(r)->loop);
  if (!archive_of(r)->fault && r->pending_ms && now - r->pending_ms < PENDING_EVERY_MS) return;
  r->pending_ms = now;
  scu__fault_hits hits = scu__fault_reach(archive_of(r)->fault, SCU__FAULT_PENDING);
  scu__sub_operations own;
  scu__fault_strike(hits, scu__visitor_link(r->service.visitor));
  if (scu__fault_has(hits, SCU__FAULT_DROP)) return;
  scu__retrieve_provider_pending(r->service.exchange, scu__fault_counts(hits, &r->counts, &own));
  scu__link_pump(scu__visitor_link(r->service.visitor));
}

static uint16_t final_status(const retrieve_service *r) {
  if (r->is_cancelled) return SCU__STATUS_CANCELLED;
  if (r->counts.failed == 0 && r->counts.warning == 0) return SCU__STATUS_SUCCESS;
  return r->counts.completed + r->counts.warning > 0 ? SCU__STATUS_COERCED : 0xA702;
}

static scu_dataset *failed_list(const retrieve_service *r) {
  scu_dataset *list = NULL;
  if (r->failed.length == 0 || scu_dataset_new(r->failed.allocator, &list) != SCU_OK) return NULL;
  scu_dataset_set_bytes(list, TAG_FAILED_LIST, SCU_VR_UI, r->failed.data, r->failed.length);
  return list;
}

static void finish(retrieve_service *r, uint16_t status, const char *comment, const scu_tag *offending) {
  if (r->is_finished) return;
  r->is_finished = true;
  if (!r->service.exchange) return;
  scu__fault_hits hits =
      scu__fault_reach(archive_of(r)->fault, r->is_move ? SCU__FAULT_MOVE_FINAL : SCU__FAULT_GET_FINAL);
  scu__sub_operations own;
  scu_dataset *list = scu__fault_list(hits, failed_list(r), archive_of(r)->allocator);
  scu__query_answer answer = {.status = status,
                              .counts = scu__fault_counts(hits, &r->counts, &own),
                              .failed_list = list,
                              .comment = comment,
                              .offending = offending,
                              .offending_count = offending ? 1 : 0};
  scu__fault_strike(hits, scu__visitor_link(r->service.visitor));
  scu__fault_final(hits, &answer);
  scu__query_provider_finish(r->service.exchange, &answer);
  scu__service_let_go(&r->service);
  scu_dataset_free(list);
  scu__link_pump(scu__visitor_link(r->service.visitor));
}

/* --- the instances ------------------------------------------------------------------------------------------------ */

/* The next instance that is to be sent; --fault may count one as sent or failed without that, or name it twice. */
static scu_result next_instance(retrieve_service *r, scu__index_instance *found) {
  for (;;) {
    scu_result result = scu__index_next_instance(r->cursor, found, NULL);
    scu__fault *fault = archive_of(r)->fault;
    if (result != SCU_OK || !fault) return result;
    scu__fault_hits hits = scu__fault_reach(fault, SCU__FAULT_SUB);
    r->is_repeated = scu__fault_has(hits, SCU__FAULT_DUPLICATE);
    if (scu__fault_has(hits, SCU__FAULT_DROP))
      count(r, SCU_OUTCOME_OK, found->sop_instance);
    else if (scu__fault_has(hits, SCU__FAULT_FAIL))
      count(r, SCU_OUTCOME_FAILED, found->sop_instance);
    else
      return SCU_OK;
  }
}

/* The next file of the answer; --fault may want the last one, which `to` still has, once more. */
static void next_sub(retrieve_service *r, sub_operation *to) {
  if (r->is_repeated) {
    r->is_repeated = false;
    return;
  }
  scu__index_instance found;
  to->sop_instance[0] = 0;
  to->found = next_instance(r, &found);
  if (to->found != SCU_OK) return;
  snprintf(to->sop_instance, sizeof to->sop_instance, "%s", found.sop_instance);
  int length = snprintf(to->path, sizeof to->path, "%s/%s", archive_of(r)->objects, found.path);
  if (length < 0 || (size_t)length >= sizeof to->path) to->found = SCU_ERROR_LIMIT;
}

/* A sub-operation has its answer: `link` carried it. */
static void sub_answered(retrieve_service *r, const scu_instance_outcome *outcome, scu__link *link) {
  count(r, outcome->outcome, outcome->sop_instance_uid);
  scu__fault_strike(scu__fault_reach(archive_of(r)->fault, SCU__FAULT_SENT), link);
  say_pending(r);
}

/* --- C-GET -------------------------------------------------------------------------------------------------------- */

static void get_go_on(retrieve_service *r) {
  scu__task_queue(archive_of(r)->loop, &r->task);
}

static void get_answered(void *owner, scu__candidate *candidate, const scu_instance_outcome *outcome) {
  retrieve_service *r = owner;
  (void)candidate;
  sub_answered(r, outcome, scu__visitor_link(r->service.visitor));
  get_go_on(r);
}

static void get_fetch(retrieve_service *r, sub_operation *to) {
  next_sub(r, to);
  if (to->found != SCU_OK) return;
  memset(&to->candidate, 0, sizeof to->candidate);
  to->candidate.path = to->path;
  to->walked = scu__candidate_walk(&to->candidate, archive_of(r)->allocator, false, NULL);
}

/* SCU_OK: it is on its way. */
static scu_result get_send(retrieve_service *r, sub_operation *sub) {
  scu__link *link = scu__visitor_link(r->service.visitor);
  if (sub->walked != SCU_OK) return sub->walked;
  const scu__accepted_context *context;
  scu__way way = scu__store_plan_settle(&sub->candidate, scu__link_negotiated(link), &context);
  if (way == SCU__WAY_NONE) return SCU_ERROR_REJECTED;
  return scu__outgoing_start(&r->outgoing, link, &sub->candidate, way, context, NULL);
}

/* The task behind the one that sent: --fault looks at one after the other. */
static void get_prepare(scu__task *self) {
  retrieve_service *r = (retrieve_service *)((char *)self - offsetof(retrieve_service, preparing));
  if (r->is_cancelled || r->has_next || archive_of(r)->fault) return;
  sub_operation *next = &r->subs[!r->current];
  get_fetch(r, next);
  r->has_next = true;
  if (next->found == SCU_OK && next->walked == SCU_OK)
    scu__candidate_prepare(&next->candidate, archive_of(r)->allocator);
}

static void get_next(scu__task *self) {
  retrieve_service *r = (retrieve_service *)((char *)self - offsetof(retrieve_service, task));
  while (!r->is_cancelled) {
    if (r->has_next) r->current = !r->current;
    sub_operation *sub = &r->subs[r->current];
    if (!r->has_next) get_fetch(r, sub);
    r->has_next = false;
    if (sub->found == SCU_END) break;
    if (sub->found == SCU_OK && get_send(r, sub) == SCU_OK) {
      scu__task_queue(archive_of(r)->loop, &r->preparing);
      return;
    }
    count(r, SCU_OUTCOME_FAILED, sub->sop_instance);
    if (sub->sop_instance[0]) continue;
    count_rest_as_failed(r);
    break;
  }
  finish(r, final_status(r), NULL, NULL);
  scu__service_over(&r->service);
}

/* --- C-MOVE ------------------------------------------------------------------------------------------------------- */

static const scu__archive_peer *find_peer(const scu_archive *archive, const scu__ae *ae) {
  for (const scu__archive_peer *peer = archive->peers; peer; peer = peer->next)
    if (strcmp(peer->ae.text, ae->text) == 0) return peer;
  return NULL;
}

static scu_result move_next_path(void *user, const char **path) {
  retrieve_service *r = user;
  sub_operation *sub = &r->subs[0];
  *path = sub->path;
  for (;;) {
    next_sub(r, sub);
    if (sub->found == SCU_OK || !sub->sop_instance[0]) break;
    count(r, SCU_OUTCOME_FAILED, sub->sop_instance); /* its path is too long */
  }
  return sub->found == SCU_OK || sub->found == SCU_END ? sub->found : SCU_ERROR_STORAGE;
}

static void move_instance(void *user, const scu_instance_outcome *outcome) {
  retrieve_service *r = user;
  if (outcome->outcome == SCU_OUTCOME_SKIPPED) return; /* cancelled before its turn: remains */
  sub_answered(r, outcome, scu__associations_link(r->session));
}

/* The session goes when its associations are released. */
static void move_leave(scu__timer *self, uint64_t now_ms) {
  retrieve_service *r = (retrieve_service *)((char *)self - offsetof(retrieve_service, leaving));
  if (scu__associations_leave(r->session))
    scu__service_over(&r->service);
  else
    scu__timer_set(archive_of(r)->loop, self, now_ms + LEAVE_STEP_MS);
}

static void move_done(void *user, scu_op *op) {
  retrieve_service *r = user;
  const scu_error *error = scu_op_error(op);
  if (!r->is_cancelled) count_rest_as_failed(r);
  bool reached_nobody = scu_op_state(op) != SCU_OK && r->counts.completed + r->counts.warning == 0;
  finish(r, final_status(r), reached_nobody && !r->is_cancelled ? error->reason : NULL, NULL);
  r->op = NULL;
  scu_op_free(op);
  move_leave(&r->leaving, scu__loop_now(archive_of(r)->loop));
}

static scu_result move_open(retrieve_service *r, const scu__archive_peer *peer) {
  scu_archive *archive = archive_of(r);
  const scu__fault_rule *stranger = scu__fault_find(r->hits, SCU__FAULT_AE, 0);
  if (!stranger) return scu_session_new_on(archive->loop, &r->session, archive->options, peer->text);
  scu_options *options = NULL;
  scu_result result = scu_options_copy(archive->options, &options);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, stranger->text);
  if (result == SCU_OK) result = scu_session_new_on(archive->loop, &r->session, options, peer->text);
  scu_options_free(options);
  return result;
}

static scu_result move_start(retrieve_service *r, const scu__archive_peer *peer) {
  scu_archive *archive = archive_of(r);
  scu_result result = move_open(r, peer);
  if (result != SCU_OK) return result;
  scu_hooks hooks = {.size = sizeof hooks, .instance = move_instance, .user = r};
  scu_session_set_hooks(r->session, &hooks);
  result = scu_source_new(archive->allocator, &r->source);
  if (result == SCU_OK) result = scu_source_add_iterator(r->source, move_next_path, r);
  if (result != SCU_OK) return result;
  r->op = scu_store_start(r->session, r->source);
  if (!r->op) return SCU_ERROR_MEMORY;
  const scu__negotiated *negotiated = scu__link_negotiated(scu__visitor_link(r->service.visitor));
  scu__store_set_originator(r->op, &negotiated->calling, r->message_id);
  r->op->on_done = move_done;
  r->op->user = r;
  return SCU_OK;
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static void refuse(retrieve_service *r, uint16_t status, const char *comment, const scu_tag *offending) {
  finish(r, status, comment, offending);
  scu__service_over(&r->service);
}

/* --fault: says that all is done, and goes on; a C-MOVE also when its association is released. */
static void end_early(retrieve_service *r) {
  scu__sub_operations true_counts = r->counts;
  r->counts = (scu__sub_operations){.completed = true_counts.remaining};
  finish(r, SCU__STATUS_SUCCESS, NULL, NULL);
  r->counts = true_counts;
  if (r->is_move) scu__service_detach(&r->service);
}

static void begin(retrieve_service *r, const scu_dataset *identifier) {
  scu_archive *archive = archive_of(r);
  const scu__archive_peer *peer = r->is_move ? find_peer(archive, &r->destination) : NULL;
  if (r->is_cancelled) { /* while it waited for rows */
    refuse(r, SCU__STATUS_CANCELLED, NULL, NULL);
    return;
  }
  if (r->is_move && !peer) {
    refuse(r, SCU__STATUS_MOVE_DESTINATION_UNKNOWN, "move destination unknown: not among the archive's peers", NULL);
    return;
  }
  if (scu__fault_has(r->hits, SCU__FAULT_EMPTY)) {
    refuse(r, SCU__STATUS_SUCCESS, NULL, NULL);
    return;
  }
  scu_dataset *changed;
  r->query.identifier = scu__fault_identifier(r->hits, identifier, &changed);
  scu_error error;
  scu__error_clear(&error);
  uint16_t status = SCU__STATUS_CANNOT_UNDERSTAND;
  scu_result result = scu__index_retrieve(archive->index, &r->query, &r->cursor, &status, &error);
  scu_dataset_free(changed);
  if (result != SCU_OK) {
    refuse(r, status, error.reason, error.tag ? &error.tag : NULL);
    return;
  }
  uint64_t total = scu__index_cursor_total(r->cursor);
  r->counts.remaining = total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
  if (scu__fault_has(r->hits, SCU__FAULT_EARLY)) say_pending(r);
  if (!r->is_move)
    get_go_on(r);
  else if (move_start(r, peer) != SCU_OK) {
    refuse(r, 0xA702, "sub-operations could not be started", NULL);
    return;
  }
  if (scu__fault_has(r->hits, SCU__FAULT_EARLY_FINAL)) end_early(r);
}

static void settled(scu__ingest_waiter *self) {
  retrieve_service *r = (retrieve_service *)((char *)self - offsetof(retrieve_service, waiter));
  begin(r, r->identifier);
}

static void wait_and_begin(retrieve_service *r, const scu_dataset *identifier) {
  r->waiter.settled = settled;
  if (!scu__ingest_wait(archive_of(r)->ingest, &r->waiter))
    begin(r, identifier);
  else if (scu_dataset_copy(identifier, &r->identifier) != SCU_OK)
    refuse(r, SCU__STATUS_OUT_OF_RESOURCES, NULL, NULL);
}

static void on_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  retrieve_service *r = owner;
  if (event->kind == SCU__EXCHANGE_REQUEST) {
    wait_and_begin(r, event->identifier);
    return;
  }
  if (event->kind != SCU__EXCHANGE_CANCEL) return;
  r->is_cancelled = true;
  if (r->op) scu_op_cancel(r->op);
}

static void end(scu__service *service) {
  retrieve_service *r = (retrieve_service *)service;
  scu_archive *archive = archive_of(r);
  scu__task_remove(archive->loop, &r->task);
  scu__task_remove(archive->loop, &r->preparing);
  scu__timer_stop(archive->loop, &r->leaving);
  scu__outgoing_stop(&r->outgoing, service->visitor->guest ? scu__visitor_link(service->visitor) : NULL);
  for (size_t i = 0; i < 2; i++) scu__candidate_unprepare(&r->subs[i].candidate);
  scu_op_free(r->op);
  if (r->session) {
    scu_error gone;
    scu__error_clear(&gone);
    scu__error_set(&gone, SCU_ERROR_ABORTED, SCU_PHASE_NONE, "the requester of the C-MOVE is gone");
    scu__associations_abort(r->session, &gone);
    scu__associations_free(r->session);
  }
  scu_session_free(r->session);
  scu_source_free(r->source);
  scu__ingest_wait_cancel(archive->ingest, &r->waiter);
  scu_dataset_free(r->identifier);
  scu__index_cursor_close(r->cursor);
  scu__buffer_free(&r->failed);
  scu__free(archive->allocator, r);
}

static scu_result make_exchange(retrieve_service *r, scu__visitor *visitor, const scu__accepted_context *context,
                                const scu__command *command, scu__exchange **exchange, scu__exchange_event *event) {
  scu__outbox *outbox = scu__link_outbox(scu__visitor_link(visitor));
  scu__encoding encoding = scu__archive_encoding(context);
  const scu_allocator *allocator = visitor->archive->allocator;
  if (r->is_move) return scu__move_provider_new(allocator, outbox, context->id, command, encoding, exchange, event);
  return scu__get_provider_new(allocator, outbox, context->id, command, encoding, exchange, event);
}

scu__exchange *scu__retrieve_service(scu__visitor *visitor, const scu__accepted_context *context,
                                     const scu__command *command, scu__exchange_event *event, uint16_t *status) {
  const scu_allocator *allocator = visitor->archive->allocator;
  *status = SCU__STATUS_CLASS_NOT_SUPPORTED;
  if (!scu__archive_has_query_class(context->abstract_syntax.text)) return NULL;
  *status = SCU__STATUS_OUT_OF_RESOURCES;
  retrieve_service *r = scu__alloc(allocator, sizeof *r);
  if (!r) return NULL;
  r->is_move = command->field == SCU__C_MOVE_RQ;
  r->destination = command->move_destination;
  r->message_id = command->message_id;
  r->query = scu__archive_query(visitor, context->abstract_syntax.text);
  r->hits = visitor->hits;
  r->task.run = get_next;
  r->preparing.run = get_prepare;
  r->leaving.expired = move_leave;
  r->outgoing = (scu__outgoing){.allocator = allocator, .owner = r, .answered = get_answered};
  scu__buffer_init(&r->failed, allocator, FAILED_LIST_MAX);
  scu__exchange *exchange = NULL;
  scu_result result = make_exchange(r, visitor, context, command, &exchange, event);
  if (result != SCU_OK) {
    scu__free(allocator, r);
    return NULL;
  }
  r->service.end = end;
  scu__service_begin(&r->service, visitor, exchange, on_event);
  return exchange;
}
