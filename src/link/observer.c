/* From outbox and inbox to whoever observes the link. */
#include "link/observer.h"

/* --- out ---------------------------------------------------------------------------------------------------------- */

static scu_result pushing(void *user, scu__message *message, void **note) {
  scu__message_watch *watch = user;
  const scu__link_observer *observer = watch->observer;
  scu__error_clear(&watch->fault);
  if (!observer || !observer->sending) return SCU_OK;
  return observer->sending(observer->user, watch->link, message, note, &watch->fault);
}

static void sent(void *user, void *note, const uint8_t *bytes, uint64_t length) {
  scu__message_watch *watch = user;
  if (watch->observer)
    watch->observer->sent(watch->observer->user, note, bytes, length);
  else
    watch->dropped(note);
}

static void dropped(void *user, void *note) {
  ((scu__message_watch *)user)->dropped(note);
}

void scu__message_watch_explain(scu__message_watch *watch, scu_result result, scu_error *error) {
  if (watch->fault.result == result && !scu__error_is_set(error)) scu__error_copy(error, &watch->fault);
  scu__error_clear(&watch->fault);
}

/* --- in ----------------------------------------------------------------------------------------------------------- */

static void forget_arriving(scu__message_watch *watch) {
  if (watch->arriving) watch->dropped(watch->arriving);
  watch->arriving = NULL;
}

scu_result scu__message_watch_before(scu__message_watch *watch, const scu__inbox_event *in, scu_error *error) {
  const scu__link_observer *observer = watch->observer;
  if (!observer) return SCU_OK;
  if (in->kind == SCU__INBOX_DATA && watch->arriving) observer->data(watch->arriving, in->bytes, in->length);
  if (in->kind != SCU__INBOX_COMMAND || !observer->arriving) return SCU_OK;
  forget_arriving(watch);
  return observer->arriving(observer->user, watch->link, in->context_id, in->command, &watch->arriving, error);
}

void scu__message_watch_after(scu__message_watch *watch, const scu__inbox_event *in) {
  if (!watch->arriving) return;
  bool is_end = in->kind == SCU__INBOX_COMMAND ? !scu__command_has_dataset(in->command) : in->is_last;
  if (in->kind == SCU__INBOX_NONE || !is_end) return;
  void *note = watch->arriving;
  watch->arriving = NULL;
  if (watch->observer)
    watch->observer->arrived(watch->observer->user, note);
  else
    watch->dropped(note);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void scu__message_watch_init(scu__message_watch *watch, scu__link *link, scu__link_observer *observer,
                             scu__outbox *outbox) {
  *watch = (scu__message_watch){.link = link, .observer = observer};
  scu__error_clear(&watch->fault);
  if (!observer) return;
  watch->dropped = observer->dropped;
  watch->outbox = (scu__outbox_observer){.pushing = pushing, .sent = sent, .dropped = dropped, .user = watch};
  outbox->observer = &watch->outbox;
}

void scu__message_watch_silence(scu__message_watch *watch) {
  watch->observer = NULL;
}

void scu__message_watch_free(scu__message_watch *watch) {
  forget_arriving(watch);
}
