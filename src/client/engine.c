/* The public association engine: the state machine of ul/ and the message layer of dimse/, put together without link/.
 */
#include "scu/engine.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/versioned.h"
#include "client/own_message.h"
#include "client/proposal.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/transfer_syntax.h"
#include "dimse/inbox.h"
#include "scu/version.h"
#include "ul/engine.h"

enum {
  PDU_DEFAULT = 65536,
  PDU_LEAST = 128, /* a fragment of less is nobody's wish */
  ASSOCIATE_DEFAULT_MS = 30 * 1000,
  ENOUGH_QUEUED = 64 * 1024,
  OPTIONS_LEAST = SCU__SIZE_THROUGH(scu_engine_options, implementation_version_name),
  EVENT_LEAST = SCU__SIZE_THROUGH(scu_engine_event, error)
};

struct scu_engine {
  const scu_allocator *allocator;
  scu__engine *core;
  scu__inbox inbox;
  scu__outbox outbox;
  scu__associate wanted; /* what is proposed, or taken */
  bool is_acceptor, is_connected, is_open;
  bool owes_release, wants_release;
  bool is_ended, is_end_told;
  bool is_pumping;
  scu__own_message *current; /* of the last MESSAGE event */
  uint16_t last_message_id;
  uint64_t now_ms; /* the latest that we were told */
  scu_error end, error;
};

/* --- ends --------------------------------------------------------------------------------------------------------- */

static void end_with(scu_engine *e, const scu_error *error) {
  e->is_open = false;
  if (e->is_ended) return;
  e->is_ended = true;
  if (error) scu__error_copy(&e->end, error);
}

/* A fault of the peer above PS3.8, of ours, or of whoever gives the bytes. */
static void give_up(scu_engine *e, const scu_error *error) {
  if (!e->is_ended) scu__engine_abort(e->core, SCU__ABORT_USER, 0, e->now_ms);
  end_with(e, error);
}

static void give_up_for(scu_engine *e, scu_result result, scu_phase phase, const char *what) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, result, phase, "%s", what);
  give_up(e, &error);
}

/* --- the acceptor's answer ---------------------------------------------------------------------------------------- */

static const scu__context *find_wanted(const scu_engine *e, const scu__uid *abstract) {
  for (size_t i = 0; i < e->wanted.context_count; i++)
    if (scu__uid_equal(&e->wanted.contexts[i].abstract_syntax, abstract)) return &e->wanted.contexts[i];
  return NULL;
}

static bool takes_abstract(void *user, const scu__uid *abstract) {
  return find_wanted(user, abstract) != NULL;
}

static bool takes_transfer(void *user, const scu__uid *abstract, const scu__uid *transfer) {
  const scu_engine *e = user;
  for (size_t i = 0; i < e->wanted.context_count; i++) {
    const scu__context *context = &e->wanted.contexts[i];
    if (!scu__uid_equal(&context->abstract_syntax, abstract)) continue;
    for (size_t j = 0; j < context->count; j++)
      if (scu__uid_equal(&context->transfer_syntaxes[j], transfer)) return true;
  }
  return false;
}

/* What the requestor may be, by what we said that we may be. */
static void accept_roles(void *user, const scu__uid *uid, bool *scu, bool *scp) {
  const scu_engine *e = user;
  const scu__role *ours = NULL;
  for (size_t i = 0; i < e->wanted.role_count && !ours; i++)
    if (scu__uid_equal(&e->wanted.roles[i].uid, uid)) ours = &e->wanted.roles[i];
  if (ours && !ours->scp) *scu = false;
  if (!ours || !ours->scu) *scp = false;
}

static void answer_request(scu_engine *e, const scu__associate *rq) {
  const scu__acceptor_policy policy = {
      .our_ae = e->wanted.called.text,
      .check_called_ae = e->wanted.called.text[0] != 0,
      .is_abstract_syntax_supported = takes_abstract,
      .is_transfer_syntax_supported = takes_transfer,
      .accept_roles = accept_roles,
      .max_pdu_length = e->wanted.max_pdu_length,
      .implementation_class_uid = e->wanted.implementation_class_uid.text,
      .implementation_version_name = e->wanted.implementation_version_name,
      .user = e,
  };
  scu__associate ac = {0};
  scu__reject reject = {0};
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__negotiate_answer(rq, &policy, e->allocator, &ac, &reject, &error);
  if (result == SCU_OK) result = scu__engine_accept(e->core, &ac, e->now_ms);
  scu__associate_free(&ac);
  if (result == SCU_ERROR_REJECTED) {
    scu__engine_reject(e->core, &reject, e->now_ms);
    end_with(e, &error);
  } else if (result != SCU_OK) {
    give_up_for(e, result, SCU_PHASE_ASSOCIATE, "the association request could not be answered");
  }
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void drop_current(scu_engine *e) {
  if (e->current) scu_message_free(&e->current->message);
  e->current = NULL;
}

static bool take_command(scu_engine *e, const scu__inbox_event *in, scu_engine_event *event) {
  const scu__negotiated *negotiated = scu__engine_negotiated(e->core);
  drop_current(e);
  if (scu__own_message_at(negotiated, e->allocator, in->context_id, in->command, &e->current) != SCU_OK) {
    give_up_for(e, SCU_ERROR_MEMORY, SCU_PHASE_RESPONSE, "not enough memory");
    return false;
  }
  event->type = SCU_ENGINE_MESSAGE;
  event->message = &e->current->message;
  return true;
}

/* True when there is something to tell. */
static bool take_fragment(scu_engine *e, const scu__engine_event *from, scu_engine_event *event) {
  scu__inbox_event in;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__inbox_put(&e->inbox, from->context_id, from->is_command, from->is_last, from->bytes,
                                     from->length, &in, &error);
  if (result != SCU_OK) {
    scu__error_set(&error, result, SCU_PHASE_RESPONSE, "a message of the peer could not be taken");
    give_up(e, &error);
    return false;
  }
  if (in.kind == SCU__INBOX_NONE) return false;
  if (in.kind == SCU__INBOX_COMMAND) return take_command(e, &in, event);
  event->type = SCU_ENGINE_DATA;
  event->message = e->current ? &e->current->message : NULL;
  event->bytes = in.bytes;
  event->length = in.length;
  event->is_last = in.is_last;
  return true;
}

static bool take_event(scu_engine *e, const scu__engine_event *from, scu_engine_event *event) {
  switch (from->type) {
  case SCU__EVENT_DATA: return !e->is_ended && take_fragment(e, from, event);
  case SCU__EVENT_ASSOCIATE_INDICATION: answer_request(e, from->rq); return false;
  case SCU__EVENT_ASSOCIATED:
    e->is_open = true;
    event->type = SCU_ENGINE_ASSOCIATED;
    return true;
  case SCU__EVENT_RELEASE_INDICATION:
    e->is_open = false;
    e->owes_release = true;
    event->type = SCU_ENGINE_RELEASING;
    return true;
  case SCU__EVENT_RELEASED:
  case SCU__EVENT_REJECTED:
  case SCU__EVENT_ABORTED:
  case SCU__EVENT_CLOSED_BY_PEER:
  case SCU__EVENT_PROTOCOL_ERROR:
  case SCU__EVENT_TIMED_OUT: end_with(e, from->type == SCU__EVENT_RELEASED ? NULL : from->error); return false;
  }
  return false;
}

static scu_result pull(scu_engine *e, scu_engine_event *event) {
  scu__engine_event from;
  while (scu__engine_next_event(e->core, &from) == SCU_OK)
    if (take_event(e, &from, event)) return SCU_OK;
  if (!e->is_ended || e->is_end_told) return SCU_END;
  e->is_end_told = true;
  event->type = SCU_ENGINE_ENDED;
  event->error = scu__error_is_set(&e->end) ? &e->end : NULL;
  return SCU_OK;
}

scu_result scu_engine_next_event(scu_engine *e, scu_engine_event *event) {
  if (!scu__versioned_reaches(event, EVENT_LEAST)) return SCU_ERROR_USAGE;
  scu_engine_event told = {0};
  size_t theirs = event->size;
  scu_result result = pull(e, &told);
  told.size = theirs;
  memcpy(event, &told, theirs < sizeof told ? theirs : sizeof told);
  return result;
}

scu_result scu_engine_decode(const scu_message *message, const uint8_t *bytes, size_t length, scu_dataset **out) {
  *out = NULL;
  if (!message || !message->is_own || message->is_sent) return SCU_ERROR_USAGE;
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(message->transfer_syntax.text);
  if (!syntax || syntax->is_deflated) return SCU_ERROR_UNSUPPORTED;
  const scu__dataset_limits limits = {.value_max = SCU__MESSAGE_DATASET_MAX,
                                      .total_max = SCU__MESSAGE_DATASET_MAX,
                                      .elements_max = SCU__DATASET_ELEMENTS_MAX,
                                      .phase = SCU_PHASE_RESPONSE};
  scu_result result = scu__dataset_decode(bytes, length, scu__transfer_syntax_encoding(syntax),
                                          ((const scu__own_message *)message)->allocator, &limits, out, NULL);
  if (result == SCU_OK) return SCU_OK;
  scu_dataset_free(*out); /* what was read up to the fault */
  *out = NULL;
  return result;
}

/* --- the transport's side ----------------------------------------------------------------------------------------- */

scu_result scu_engine_connected(scu_engine *e, uint64_t now_ms) {
  e->now_ms = now_ms;
  if (e->is_connected) return SCU_ERROR_USAGE;
  e->is_connected = true;
  return scu__engine_connected(e->core, now_ms);
}

scu_result scu_engine_receive(scu_engine *e, const uint8_t *bytes, size_t length, size_t *consumed, uint64_t now_ms) {
  e->now_ms = now_ms;
  scu_result result = scu__engine_receive(e->core, bytes, length, consumed, now_ms);
  if (result == SCU_ERROR_MEMORY) give_up_for(e, result, SCU_PHASE_RESPONSE, "not enough memory");
  return result;
}

void scu_engine_closed(scu_engine *e, uint64_t now_ms) {
  e->now_ms = now_ms;
  scu__engine_closed(e->core, now_ms);
}

/* Fragments of what waits, until there is enough for one send. */
static scu_result queue_fragments(scu_engine *e, scu_error *error) {
  int state = scu__engine_state(e->core);
  while ((state == 6 || state == 8) && scu__engine_queued(e->core) < ENOUGH_QUEUED) {
    scu__pdv_fragment fragment;
    scu_result result = scu__outbox_next(&e->outbox, scu__engine_max_fragment(e->core), &fragment, error);
    if (result == SCU_END) return SCU_OK;
    const scu__payload payload = {.bytes = fragment.bytes, .length = fragment.length, .has_pad = fragment.pad};
    if (result == SCU_OK)
      result = scu__engine_send_pdv(e->core, fragment.context_id, fragment.is_command, fragment.is_last, &payload);
    if (result != SCU_OK) return scu__error_set(error, result, SCU_PHASE_REQUEST, "a message could not be sent");
  }
  return SCU_OK;
}

/* Not from inside: a stream that is read may release or ask for output. */
static void pump(scu_engine *e) {
  scu_error error;
  scu__error_clear(&error);
  if (e->is_pumping) return;
  e->is_pumping = true;
  if (!e->is_ended && queue_fragments(e, &error) != SCU_OK) give_up(e, &error);
  e->is_pumping = false;
  if (e->is_ended || !scu__outbox_is_idle(&e->outbox)) return;
  if (e->owes_release)
    scu__engine_release_response(e->core, e->now_ms);
  else if (e->wants_release)
    scu__engine_release(e->core, e->now_ms);
  e->owes_release = e->wants_release = false;
}

scu_result scu_engine_output(scu_engine *e, const uint8_t **bytes, size_t *length) {
  scu__segment segment;
  bool is_inside = e->is_pumping;
  pump(e);
  *bytes = NULL;
  *length = 0;
  if (is_inside || scu__engine_output(e->core, &segment, 1) == 0) return SCU_END;
  *bytes = segment.bytes;
  *length = segment.length;
  return SCU_OK;
}

void scu_engine_sent(scu_engine *e, size_t length) {
  scu__engine_sent(e->core, length);
}

int scu_engine_wants_close(const scu_engine *e) {
  return scu__engine_wants_close(e->core);
}

uint64_t scu_engine_deadline(const scu_engine *e) {
  return scu__engine_deadline(e->core);
}

void scu_engine_expire(scu_engine *e, uint64_t now_ms) {
  e->now_ms = now_ms;
  scu__engine_expire(e->core, now_ms);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

const scu_error *scu_engine_error(const scu_engine *e) {
  return e ? &e->error : NULL;
}

static scu_result refuse(scu_engine *e, scu_result result, const char *why) {
  return scu__error_set(&e->error, result, SCU_PHASE_REQUEST, "%s", why);
}

/* A response goes where its request came from, which may be while the peer asks for the release. */
static const scu__accepted_context *find_context(const scu_engine *e, const scu_message *message) {
  const scu__negotiated *negotiated = scu__engine_negotiated(e->core);
  if (!negotiated) return NULL;
  if (scu__command_is_response(&message->command)) return scu__negotiated_context(negotiated, message->context_id);
  return scu__own_message_context(message, negotiated);
}

static scu_result check(scu_engine *e, const scu_message *message, const scu__accepted_context **context) {
  scu__error_clear(&e->error);
  scu_result result = scu__own_message_check(message, &e->error);
  if (result != SCU_OK) return result;
  bool may_answer = e->owes_release && scu__command_is_response(&message->command);
  if (e->is_ended || e->wants_release || (!e->is_open && !may_answer))
    return refuse(e, SCU_ERROR_USAGE, "there is no association, or it is ending");
  *context = find_context(e, message);
  if (!*context) return refuse(e, SCU_ERROR_REJECTED, "no presentation context for the message was accepted");
  return SCU_OK;
}

static uint16_t next_message_id(scu_engine *e) {
  e->last_message_id = e->last_message_id == UINT16_MAX ? 1 : (uint16_t)(e->last_message_id + 1);
  return e->last_message_id;
}

/* Takes what the message owns. */
static scu_result push(scu_engine *e, const scu_message *message, const scu__accepted_context *context,
                       scu__message *out, uint16_t *message_id) {
  scu__dataset_rule rule = scu__command_dataset_rule(message->command.field);
  bool is_wrong = out->payload == SCU__PAYLOAD_NONE ? rule == SCU__DATASET_ALWAYS : rule == SCU__DATASET_NEVER;
  out->context_id = context->id;
  out->command = message->command;
  if (!scu__command_is_response(&message->command)) {
    out->command.message_id = next_message_id(e);
    out->command.present |= SCU__HAS_MESSAGE_ID;
    if (message_id) *message_id = out->command.message_id;
  }
  scu_result result = is_wrong ? SCU_ERROR_USAGE : scu__outbox_push(&e->outbox, out);
  if (is_wrong) scu__message_free(out);
  return result == SCU_OK ? result : refuse(e, result, "the message is incomplete, or has what does not belong to it");
}

scu_result scu_engine_send(scu_engine *e, const scu_message *message, uint16_t *message_id) {
  const scu__accepted_context *context;
  scu__message out = {.payload = SCU__PAYLOAD_NONE};
  scu_result result = check(e, message, &context);
  scu__buffer_init(&out.bytes, e->allocator, SCU__MESSAGE_DATASET_MAX);
  if (result == SCU_OK) result = scu__own_message_encode(message, context, &out.bytes, &e->error);
  if (out.bytes.length > 0) out.payload = SCU__PAYLOAD_BYTES;
  if (result == SCU_OK) return push(e, message, context, &out, message_id);
  scu__message_free(&out);
  return result;
}

/* The caller's reader as a producer. */
typedef struct stream {
  scu__producer producer; /* first */
  const scu_allocator *allocator;
  scu_engine_reader *read;
  void *user;
} stream;

static scu_result stream_read(scu__producer *self, uint8_t *to, size_t room, size_t *got, scu_error *error) {
  const stream *s = (const stream *)self;
  *got = 0;
  scu_result result = s->read(s->user, to, room, got);
  if (result == SCU_OK && *got > room) result = SCU_ERROR_USAGE;
  if (result != SCU_OK) return scu__error_set(error, result, SCU_PHASE_REQUEST, "the dataset could not be read");
  return *got > 0 ? SCU_OK : SCU_END;
}

static void stream_close(scu__producer *self) {
  scu__free(((stream *)self)->allocator, self);
}

scu_result scu_engine_send_stream(scu_engine *e, const scu_message *message, scu_engine_reader *read, void *user,
                                  uint16_t *message_id) {
  const scu__accepted_context *context;
  scu_result result = check(e, message, &context);
  if (result != SCU_OK) return result;
  stream *s = scu__alloc(e->allocator, sizeof *s);
  if (!s) return refuse(e, SCU_ERROR_MEMORY, "not enough memory");
  *s = (stream){{.read = stream_read, .close = stream_close}, e->allocator, read, user};
  scu__message out = {.payload = SCU__PAYLOAD_PRODUCER, .producer = &s->producer};
  return push(e, message, context, &out, message_id);
}

scu_result scu_engine_cancel(scu_engine *e, const scu_message *request, uint16_t message_id) {
  const scu__accepted_context *context;
  scu_result result = check(e, request, &context);
  if (result != SCU_OK) return result;
  uint16_t field = request->command.field;
  if (field != SCU__C_FIND_RQ && field != SCU__C_MOVE_RQ && field != SCU__C_GET_RQ)
    return refuse(e, SCU_ERROR_USAGE, "only C-FIND, C-MOVE and C-GET can be cancelled");
  scu__message out = {.context_id = context->id};
  scu__cancel_init(&out.command, message_id);
  result = scu__outbox_push(&e->outbox, &out);
  return result == SCU_OK ? result : refuse(e, result, "the C-CANCEL-RQ could not be queued");
}

scu_result scu_engine_release(scu_engine *e, uint64_t now_ms) {
  e->now_ms = now_ms;
  scu__error_clear(&e->error);
  if (!e->is_open) return refuse(e, SCU_ERROR_USAGE, "there is no association, or it is ending");
  e->is_open = false;
  e->wants_release = true;
  pump(e);
  return SCU_OK;
}

void scu_engine_abort(scu_engine *e, uint64_t now_ms) {
  e->now_ms = now_ms;
  give_up_for(e, SCU_ERROR_ABORTED, SCU_PHASE_NONE, "aborted by us");
}

/* --- what was agreed ---------------------------------------------------------------------------------------------- */

static const scu__accepted_context *accepted(const scu_engine *e, size_t index) {
  const scu__negotiated *negotiated = scu__engine_negotiated(e->core);
  return negotiated && index < negotiated->count ? &negotiated->contexts[index] : NULL;
}

size_t scu_engine_context_count(const scu_engine *e) {
  const scu__negotiated *negotiated = scu__engine_negotiated(e->core);
  return negotiated ? negotiated->count : 0;
}

const char *scu_engine_abstract_syntax(const scu_engine *e, size_t context) {
  const scu__accepted_context *found = accepted(e, context);
  return found ? found->abstract_syntax.text : "";
}

const char *scu_engine_transfer_syntax(const scu_engine *e, size_t context) {
  const scu__accepted_context *found = accepted(e, context);
  return found ? found->transfer_syntax.text : "";
}

uint32_t scu_engine_peer_max_pdu(const scu_engine *e) {
  const scu__negotiated *negotiated = scu__engine_negotiated(e->core);
  return negotiated ? negotiated->peer_max_pdu_length : 0;
}

const char *scu_engine_calling_ae(const scu_engine *e) {
  const scu__negotiated *negotiated = scu__engine_negotiated(e->core);
  return negotiated ? negotiated->calling.text : "";
}

const char *scu_engine_called_ae(const scu_engine *e) {
  const scu__negotiated *negotiated = scu__engine_negotiated(e->core);
  return negotiated ? negotiated->called.text : "";
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static bool read_title(const char *text, bool is_needed, scu__ae *ae) {
  if (!text || !text[0]) return !is_needed;
  return scu__ae_from_text(ae, text);
}

static const char *or_ours(const char *text, const char *ours) {
  return text ? text : ours;
}

static scu_result fill_identity(scu_engine *e, const scu_engine_options *options) {
  scu__associate *wanted = &e->wanted;
  const char *uid = or_ours(options->implementation_class_uid, SCU_IMPLEMENTATION_CLASS_UID);
  const char *version = or_ours(options->implementation_version_name, SCU_IMPLEMENTATION_VERSION_NAME);
  if (!read_title(options->called_ae, !e->is_acceptor, &wanted->called) ||
      (!e->is_acceptor && !read_title(options->calling_ae, true, &wanted->calling)) || !scu__uid_is_valid(uid) ||
      !scu__uid_from_text(&wanted->implementation_class_uid, uid) ||
      strlen(version) >= sizeof wanted->implementation_version_name ||
      (options->max_pdu_length > 0 && options->max_pdu_length < PDU_LEAST))
    return SCU_ERROR_USAGE;
  memcpy(wanted->implementation_version_name, version, strlen(version) + 1);
  wanted->max_pdu_length = options->max_pdu_length ? options->max_pdu_length : PDU_DEFAULT;
  return SCU_OK;
}

static uint32_t capped(uint64_t ms) {
  return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static scu_result make_core(scu_engine *e, const scu_engine_options *options) {
  uint32_t associate_ms = options->associate_timeout_ms ? capped(options->associate_timeout_ms) : ASSOCIATE_DEFAULT_MS;
  const scu__engine_options core = {
      .allocator = e->allocator,
      .is_acceptor = e->is_acceptor,
      .max_pdu_length = e->wanted.max_pdu_length,
      .send_pdu_length = e->wanted.max_pdu_length,
      .artim_ms = associate_ms,
      .associate_timeout_ms = associate_ms,
      .release_timeout_ms = capped(options->release_timeout_ms),
  };
  scu_result result = scu__engine_new(&core, &e->core);
  if (result != SCU_OK || e->is_acceptor) return result;
  return scu__engine_associate(e->core, &e->wanted, 0);
}

scu_result scu_engine_new(const scu_engine_options *options, scu_result (*propose)(void *user, scu_proposal *proposal),
                          void *user, scu_engine **out) {
  scu_engine_options known = {0};
  *out = NULL;
  if (!propose || scu__versioned_copy(&known, sizeof known, options, OPTIONS_LEAST) != SCU_OK) return SCU_ERROR_USAGE;
  const scu_allocator *allocator = scu__allocator_or_default(known.allocator);
  scu_engine *e = scu__alloc(allocator, sizeof *e);
  if (!e) return SCU_ERROR_MEMORY;
  e->allocator = allocator;
  e->is_acceptor = known.is_acceptor;
  scu__error_clear(&e->end);
  scu__error_clear(&e->error);
  scu__inbox_init(&e->inbox, allocator);
  scu__outbox_init(&e->outbox, allocator);
  scu__associate_init(&e->wanted, allocator);
  scu_proposal proposal = {.rq = &e->wanted};
  scu_result result = fill_identity(e, &known);
  if (result == SCU_OK) result = propose(user, &proposal);
  if (result == SCU_OK && e->wanted.context_count == 0) result = SCU_ERROR_USAGE;
  if (result == SCU_OK) result = make_core(e, &known);
  if (result == SCU_OK)
    *out = e;
  else
    scu_engine_free(e);
  return result;
}

void scu_engine_free(scu_engine *e) {
  if (!e) return;
  drop_current(e);
  scu__outbox_free(&e->outbox);
  scu__inbox_free(&e->inbox);
  scu__engine_free(e->core);
  scu__associate_free(&e->wanted);
  scu__free(e->allocator, e);
}
