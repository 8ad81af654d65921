/* Between the links' observer seam and the hooks: what is told, and kept of a message until its end. */
#include "client/message_hooks.h"

#include "base/alloc.h"
#include "client/message.h"
#include "client/session.h"

/* A message with its dataset: the note that links carry. */
typedef struct told {
  const scu_allocator *allocator;
  scu_message message;
  scu__message_dataset held;
} told;

static void told_free(void *note) {
  told *t = note;
  scu__message_dataset_free(&t->held);
  scu__free(t->allocator, t);
}

/* C-STORE-RQ brings what may be larger than memory. */
static bool is_streamed(uint16_t field) {
  return field == SCU__C_STORE_RQ;
}

static told *told_new(const scu__message_teller *teller, const scu__link *link, uint8_t context_id,
                      const scu__command *command, bool is_sent) {
  const scu_allocator *allocator = teller->session->allocator;
  told *t = scu__alloc(allocator, sizeof *t);
  if (!t) return NULL;
  t->allocator = allocator;
  scu_message *message = &t->message;
  message->is_sent = is_sent;
  message->is_acceptor = teller->is_acceptor;
  message->association = scu__link_association(link);
  message->context_id = context_id;
  const scu__accepted_context *context = scu__negotiated_context(scu__link_negotiated(link), context_id);
  if (context) {
    message->abstract_syntax = context->abstract_syntax;
    message->transfer_syntax = context->transfer_syntax;
  }
  message->command = *command;
  message->command.attributes = NULL; /* borrowed from bytes that go */
  message->command.attribute_count = 0;
  scu__message_dataset_init(&t->held, allocator, message->transfer_syntax.text);
  if (!is_streamed(command->field)) message->held = &t->held;
  return t;
}

static const scu_hooks *hooks_of(const scu__message_teller *teller) {
  return &teller->session->hooks;
}

/* Comes from inside a protocol step. */
static void ask_before(const scu__message_teller *teller, scu_message *message) {
  const scu_hooks *hooks = hooks_of(teller);
  if (!hooks->before_message) return;
  scu__loop_hold(teller->session->loop);
  hooks->before_message(hooks->user, message);
  scu__loop_let_go(teller->session->loop);
}

/* --- out ---------------------------------------------------------------------------------------------------------- */

static uint64_t length_of(const scu__message *message) {
  switch (message->payload) {
  case SCU__PAYLOAD_NONE: return 0;
  case SCU__PAYLOAD_BYTES: return message->bytes.length;
  case SCU__PAYLOAD_RANGE: return message->length;
  case SCU__PAYLOAD_PRODUCER: return UINT64_MAX;
  }
  return UINT64_MAX;
}

static void show_payload(told *t, const scu__message *message) {
  t->message.has_dataset = message->payload != SCU__PAYLOAD_NONE;
  t->message.length = length_of(message);
  if (message->payload != SCU__PAYLOAD_BYTES) return;
  t->held.bytes = message->bytes.data;
  t->held.length = message->bytes.length;
}

/* Calls the hook, and carries over what it has changed. */
static scu_result let_hook_edit(const scu__message_teller *teller, told *t, scu__message *message, scu_error *error) {
  t->message.is_editable = true;
  ask_before(teller, &t->message);
  t->message.is_editable = false;
  scu_result result = scu__message_apply(&t->message, message, error);
  if (result != SCU_OK) return result;
  t->message.command.affected_sop_instance = message->command.affected_sop_instance;
  t->message.command.requested_sop_instance = message->command.requested_sop_instance;
  t->message.has_dataset = message->payload != SCU__PAYLOAD_NONE;
  return SCU_OK;
}

static scu_result sending(void *user, scu__link *link, scu__message *message, void **note, scu_error *error) {
  const scu__message_teller *teller = user;
  told *t = told_new(teller, link, message->context_id, &message->command, true);
  if (!t) return scu__error_memory(error, SCU_PHASE_REQUEST);
  show_payload(t, message);
  bool is_asked = hooks_of(teller)->before_message != NULL;
  scu_result result = is_asked ? let_hook_edit(teller, t, message, error) : SCU_OK;
  t->held.bytes = NULL;
  if (result == SCU_OK)
    *note = t;
  else
    told_free(t);
  return result;
}

static void tell_after(const scu__message_teller *teller, told *t) {
  const scu_hooks *hooks = hooks_of(teller);
  scu__loop_hold(teller->session->loop);
  if (hooks->after_message) hooks->after_message(hooks->user, &t->message);
  scu__loop_let_go(teller->session->loop);
  told_free(t);
}

static void sent(void *user, void *note, const uint8_t *bytes, uint64_t length) {
  told *t = note;
  t->message.length = length;
  t->held.bytes = bytes;
  t->held.length = bytes ? (size_t)length : 0;
  tell_after(user, t);
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

static scu_result arriving(void *user, scu__link *link, uint8_t context_id, const scu__command *command, void **note,
                           scu_error *error) {
  const scu__message_teller *teller = user;
  told *t = told_new(teller, link, context_id, command, false);
  if (!t) return scu__error_memory(error, SCU_PHASE_RESPONSE);
  t->message.has_dataset = scu__command_has_dataset(command);
  t->message.length = UINT64_MAX;
  ask_before(teller, &t->message);
  t->message.length = 0;
  *note = t;
  return SCU_OK;
}

static void data(void *note, const uint8_t *bytes, size_t length) {
  told *t = note;
  t->message.length += length;
  if (t->message.held) scu__message_dataset_put(t->message.held, bytes, length);
}

static void arrived(void *user, void *note) {
  scu__message_dataset_end(&((told *)note)->held);
  tell_after(user, note);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void scu__message_teller_init(scu__message_teller *teller, scu_session *session, bool is_acceptor) {
  *teller = (scu__message_teller){.session = session, .is_acceptor = is_acceptor};
  teller->observer =
      (scu__link_observer){.sent = sent, .data = data, .arrived = arrived, .dropped = told_free, .user = teller};
}

void scu__message_teller_update(scu__message_teller *teller) {
  const scu_hooks *hooks = hooks_of(teller);
  bool is_wanted = hooks->before_message || hooks->after_message;
  teller->observer.sending = is_wanted ? sending : NULL;
  teller->observer.arriving = is_wanted ? arriving : NULL;
}
