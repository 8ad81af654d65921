/* Store provider exchange <-> sink. An incoming lives until it was answered or its association ended; a completion may
 * outlive it, abandoned. */
#include "listener/incoming.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "listener/sink.h"

/* Error Comment for what a hook does not want; also the reason in the outcome. */
static const char refused[] = "Refused by the application";

struct scu__incoming {
  scu__receiver *receiver;
  scu__incoming *next;
  scu__exchange *exchange; /* the link's; stays until it is answered */
  void *instance;          /* the sink's */
  bool is_begun, is_safe;
  bool is_judged; /* judge runs; who ends the incoming meanwhile leaves it to that call */
  bool is_ended;
  uint16_t warning;           /* chosen before the sink kept it; 0 = none */
  scu_completion *completion; /* while finish is pending */
  scu__uid sop_class, sop_instance, transfer_syntax;
  uint64_t bytes;
};

static const scu_allocator *allocator_of(const scu__receiver *receiver) {
  return scu__loop_allocator(receiver->loop);
}

/* Whoever ends it and wants to tell of it afterwards has a copy. */
static void forget(scu__incoming *incoming) {
  for (scu__incoming **at = &incoming->receiver->first; *at; at = &(*at)->next) {
    if (*at != incoming) continue;
    *at = incoming->next;
    break;
  }
  incoming->is_ended = true;
  if (!incoming->is_judged) scu__free(allocator_of(incoming->receiver), incoming);
}

static void tell(const scu__incoming *incoming, uint16_t status, scu_outcome outcome, const char *path,
                 const char *reason) {
  scu_instance_outcome told = {
      .size = sizeof told,
      .sop_instance_uid = incoming->sop_instance.text,
      .source_sop_instance_uid = incoming->sop_instance.text,
      .sop_class_uid = incoming->sop_class.text,
      .transfer_syntax_uid = incoming->transfer_syntax.text,
      .status = status,
      .outcome = outcome,
      .path = path ? path : "",
      .reason = reason ? reason : "",
      .comment = "",
      .bytes = incoming->bytes,
  };
  if (incoming->receiver->done) incoming->receiver->done(incoming->receiver->owner, &told);
}

scu_outcome scu__store_outcome(uint16_t status) {
  scu__status_kind kind = scu__status_class(status, SCU__C_STORE_RSP);
  if (kind == SCU__STATUS_KIND_SUCCESS) return SCU_OUTCOME_OK;
  return kind == SCU__STATUS_KIND_WARNING ? SCU_OUTCOME_WARNING : SCU_OUTCOME_FAILED;
}

/* A peer that gets no answer waits for ever: better that it sees the association end. */
static void abort_unanswered(scu__link *link, scu_result result) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, result, SCU_PHASE_RESPONSE, "a C-STORE could not be answered");
  scu__link_abort(link, &error);
}

/* Queues the response, ends the incoming and tells the owner: last, because the owner's hooks may step the loop, and
 * the association may be gone when they return. */
static void answer(scu__incoming *incoming, uint16_t status, const scu_sink_outcome *outcome) {
  scu__receiver *receiver = incoming->receiver;
  incoming->exchange->owner = NULL;
  incoming->exchange->on_event = NULL;
  scu_result responded = scu__store_provider_respond(incoming->exchange, status, outcome->comment, 0);
  scu_outcome told = scu__store_outcome(status);
  const char *reason = outcome->comment;
  if (told == SCU_OUTCOME_OK)
    reason = outcome->is_duplicate ? "was here before" : "";
  else if (!reason)
    reason = scu__status_text(SCU__C_STORE_RSP, status);
  if (responded != SCU_OK) {
    status = 0xFFFF;
    told = SCU_OUTCOME_FAILED;
    reason = "it could not be acknowledged";
  }
  scu__incoming ended = *incoming;
  scu__link *link = receiver->link;
  forget(incoming);
  if (responded == SCU_OK)
    scu__link_pump(link);
  else
    abort_unanswered(link, responded);
  tell(&ended, status, told, outcome->path, reason);
}

void scu__hooks_judge(const scu_hooks *hooks, scu__judged when, scu_received *received) {
  void (*hook)(void *, scu_received *) = when == SCU__JUDGED_WHOLE ? hooks->before_keep : hooks->received;
  if (hook) hook(hooks->user, received);
}

/* --- whoever judges ----------------------------------------------------------------------------------------------- */

/* PS3.4 B.2.3: success and the warnings of the service keep an instance. Everything else is a refusal, and must not
 * read as anything else at the peer, as another warning would, or what ends no C-STORE at all (PS3.7 C). */
static uint16_t usable(uint16_t status) {
  switch (status) {
  case SCU__STATUS_SUCCESS:
  case 0xB000:
  case 0xB006:
  case 0xB007: return status;
  default: break;
  }
  bool is_no_end = status == SCU__STATUS_CANCELLED || status >> 8 == SCU__STATUS_PENDING >> 8;
  bool is_failure = scu__store_outcome(status) == SCU_OUTCOME_FAILED && !is_no_end;
  return is_failure ? status : SCU__STATUS_CANNOT_UNDERSTAND;
}

/* False: the association ended while the judge took its time, and the incoming with it. The receiver may be gone. */
static bool judge(scu__incoming *incoming, scu__judged when, const scu_sink_outcome *outcome, uint16_t *status) {
  scu__receiver *receiver = incoming->receiver;
  const scu_allocator *allocator = allocator_of(receiver);
  if (!receiver->judge) return true;
  const scu__ae calling = scu__link_negotiated(receiver->link)->calling; /* the link may go while the judge works */
  scu_received told = {
      .size = sizeof told,
      .sop_class_uid = incoming->sop_class.text,
      .sop_instance_uid = incoming->sop_instance.text,
      .transfer_syntax_uid = incoming->transfer_syntax.text,
      .study_instance_uid = outcome->study_instance_uid ? outcome->study_instance_uid : "",
      .series_instance_uid = outcome->series_instance_uid ? outcome->series_instance_uid : "",
      .calling_ae = calling.text,
      .path = outcome->path ? outcome->path : "",
      .bytes = incoming->bytes,
      .is_duplicate = outcome->is_duplicate,
      .status = *status,
  };
  incoming->is_judged = true;
  receiver->judge(receiver->owner, when, &told);
  incoming->is_judged = false;
  if (told.status != *status) *status = usable(told.status); /* a sink's own warning is its own matter */
  if (!incoming->is_ended) return true;
  scu__free(allocator, incoming);
  return false;
}

/* The sink has said what became of it; what is safe may still be refused, or taken with a warning. */
static void conclude(scu__incoming *incoming, uint16_t status, const scu_sink_outcome *outcome) {
  scu_outcome kept = scu__store_outcome(status);
  uint16_t chosen = kept == SCU_OUTCOME_OK && incoming->warning ? incoming->warning : status;
  incoming->is_safe = kept != SCU_OUTCOME_FAILED;
  if (incoming->is_safe && !judge(incoming, SCU__JUDGED_SAFE, outcome, &chosen)) return;
  scu_sink_outcome judged = *outcome;
  if (chosen != status) judged.comment = scu__store_outcome(chosen) == SCU_OUTCOME_FAILED ? refused : NULL;
  answer(incoming, chosen, &judged);
}

static void completed(void *user, const scu_sink_outcome *outcome) {
  scu__incoming *incoming = user;
  incoming->completion = NULL;
  conclude(incoming, scu__sink_status(SCU_OK, outcome), outcome);
}

/* False: it was refused while nothing of it had a name yet, or has ended. */
static bool may_keep(scu__incoming *incoming) {
  scu_sink *sink = incoming->receiver->sink;
  scu_sink_outcome outcome = {.size = sizeof outcome, .comment = refused};
  uint16_t status = SCU__STATUS_SUCCESS;
  if (!judge(incoming, SCU__JUDGED_WHOLE, &outcome, &status)) return false;
  incoming->warning = status;
  if (scu__store_outcome(status) != SCU_OUTCOME_FAILED) return true;
  incoming->is_begun = false;
  sink->discard(sink->user, incoming->instance);
  answer(incoming, status, &outcome);
  return false;
}

static void finish(scu__incoming *incoming) {
  if (!may_keep(incoming)) return;
  scu__receiver *receiver = incoming->receiver;
  scu_sink *sink = receiver->sink;
  scu_sink_outcome outcome = {.size = sizeof outcome};
  scu_result result = scu__completion_new(allocator_of(receiver), scu__loop_completions(scu__link_loop(receiver->link)),
                                          completed, incoming, &incoming->completion);
  if (result != SCU_OK) {
    sink->discard(sink->user, incoming->instance);
    answer(incoming, scu__sink_status(result, &outcome), &outcome);
    return;
  }
  incoming->is_begun = false;
  result = sink->finish(sink->user, incoming->instance, incoming->completion, &outcome);
  if (result == SCU_PENDING) return;
  scu_completion *completion = incoming->completion;
  incoming->completion = NULL;
  conclude(incoming, scu__sink_status(result, &outcome), &outcome);
  scu__completion_free(completion);
}

static void begin(scu__incoming *incoming, const scu__command *command) {
  scu__receiver *receiver = incoming->receiver;
  const scu__negotiated *negotiated = scu__link_negotiated(receiver->link);
  scu_incoming told = {
      .size = sizeof told,
      .sop_class_uid = incoming->sop_class.text,
      .sop_instance_uid = incoming->sop_instance.text,
      .transfer_syntax_uid = incoming->transfer_syntax.text,
      .calling_ae = negotiated->calling.text,
      .called_ae = negotiated->called.text,
      .peer = scu__link_peer_text(receiver->link),
      .move_originator_ae = command->originator.text,
      .move_originator_message_id = command->originator_message_id,
      .message_id = command->message_id,
      .context_id = incoming->exchange->context_id,
  };
  scu_sink_outcome outcome = {.size = sizeof outcome};
  scu_result result = receiver->sink->begin(receiver->sink->user, &told, &incoming->instance, &outcome);
  if (result == SCU_OK)
    incoming->is_begun = true;
  else
    answer(incoming, scu__sink_status(result, &outcome), &outcome);
}

static void write(scu__incoming *incoming, const uint8_t *bytes, size_t length) {
  scu_sink *sink = incoming->receiver->sink;
  scu_sink_outcome outcome = {.size = sizeof outcome};
  incoming->bytes += length;
  incoming->receiver->life += length;
  scu_result result = sink->write(sink->user, incoming->instance, bytes, length, &outcome);
  if (result == SCU_OK) return;
  /* The outcome's texts live until discard, so the answer goes first. */
  void *instance = incoming->instance;
  incoming->is_begun = false;
  answer(incoming, scu__sink_status(result, &outcome), &outcome);
  sink->discard(sink->user, instance);
}

static void on_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  scu__incoming *incoming = owner;
  if (event->kind == SCU__EXCHANGE_REQUEST) {
    begin(incoming, event->command);
    return;
  }
  if (event->kind != SCU__EXCHANGE_DATA || !incoming->is_begun) return;
  if (event->length > 0) write(incoming, event->bytes, event->length);
  bool is_refused = exchange->owner == NULL; /* by write: the incoming is gone */
  if (event->is_last && !is_refused) finish(incoming);
}

scu__exchange *scu__receiver_take(scu__receiver *receiver, uint8_t context_id, const scu__command *command,
                                  scu__exchange_event *event, uint16_t *status) {
  const scu_allocator *allocator = allocator_of(receiver);
  const scu__accepted_context *context = scu__negotiated_context(scu__link_negotiated(receiver->link), context_id);
  *status = SCU__STATUS_CLASS_NOT_SUPPORTED;
  if (!context || !scu__uid_equal(&context->abstract_syntax, &command->affected_sop_class)) return NULL;
  *status = SCU__STATUS_OUT_OF_RESOURCES;
  scu__incoming *incoming = scu__alloc(allocator, sizeof *incoming);
  if (!incoming) return NULL;
  scu__exchange *exchange = NULL;
  scu_result result =
      scu__store_provider_new(allocator, scu__link_outbox(receiver->link), context_id, command, &exchange, event);
  if (result != SCU_OK) {
    scu__free(allocator, incoming);
    return NULL;
  }
  if (event->kind != SCU__EXCHANGE_REQUEST) { /* it was malformed and is answered already */
    scu__free(allocator, incoming);
    return exchange;
  }
  incoming->receiver = receiver;
  incoming->exchange = exchange;
  incoming->sop_class = command->affected_sop_class;
  incoming->sop_instance = command->affected_sop_instance;
  incoming->transfer_syntax = context->transfer_syntax;
  receiver->life++;
  incoming->next = receiver->first;
  receiver->first = incoming;
  exchange->owner = incoming;
  exchange->on_event = on_event;
  return exchange;
}

/* Everything lets go of exchanges and sink before the first hook, which may step the loop: what is told of then is only
 * ours. */
static void let_go(scu__incoming *incoming) {
  scu_sink *sink = incoming->receiver->sink;
  incoming->exchange->owner = NULL;
  incoming->exchange->on_event = NULL;
  if (incoming->completion) scu__completion_abandon(incoming->completion);
  if (incoming->is_begun) sink->discard(sink->user, incoming->instance);
}

void scu__receiver_end(scu__receiver *receiver, const char *reason) {
  for (scu__incoming *incoming = receiver->first; incoming; incoming = incoming->next) let_go(incoming);
  while (receiver->first) {
    scu__incoming ended = *receiver->first;
    forget(receiver->first);
    tell(&ended, 0xFFFF, SCU_OUTCOME_FAILED, NULL,
         ended.completion || ended.is_safe ? "the association ended before the acknowledgement was sent" : reason);
  }
}

bool scu__receiver_is_busy(const scu__receiver *receiver) {
  return receiver->first != NULL;
}

bool scu__receiver_is_keeping(const scu__receiver *receiver) {
  for (const scu__incoming *incoming = receiver->first; incoming; incoming = incoming->next)
    if (incoming->completion || incoming->is_judged) return true;
  return false;
}
