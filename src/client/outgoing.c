/* Sending one instance: the bytes of the file as they are, or edited, or rewritten into another native syntax, or both.
 */
#include "client/outgoing.h"

#include <stdio.h>

#include "client/refusal.h"
#include "data/edited_source.h"
#include "data/rewrite.h"
#include "io/file.h"
#include "listener/incoming.h"

scu_instance_outcome scu__candidate_outcome(const scu__candidate *candidate) {
  bool was_edited = candidate->source_sop_instance.text[0] != 0;
  const scu__uid *source = was_edited ? &candidate->source_sop_instance : &candidate->head.sop_instance;
  return (scu_instance_outcome){
      .size = sizeof(scu_instance_outcome),
      .sop_instance_uid = candidate->head.sop_instance.text,
      .source_sop_instance_uid = source->text,
      .sop_class_uid = candidate->head.sop_class.text,
      .transfer_syntax_uid = "",
      .status = 0xFFFF,
      .outcome = SCU_OUTCOME_FAILED,
      .path = candidate->path,
      .reason = "",
      .comment = "",
  };
}

static void close_instance(scu__outgoing *outgoing) {
  scu__source_close(outgoing->file);
  outgoing->file = NULL;
  outgoing->exchange = NULL;
  outgoing->candidate = NULL;
}

static void say_what_was_done(const scu__outgoing *outgoing, char *text, size_t room) {
  const scu__candidate *candidate = outgoing->candidate;
  const scu__uid *own = &candidate->head.meta.transfer_syntax;
  const char *edited = candidate->edited ? "edited" : "";
  if (scu__uid_equal(&outgoing->context->transfer_syntax, own))
    snprintf(text, room, "%s", edited);
  else
    snprintf(text, room, "%s%srewritten from transfer syntax %s", edited, *edited ? ", " : "", own->text);
}

static void exchange_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  if (event->kind != SCU__EXCHANGE_FINAL) return;
  scu__outgoing *outgoing = owner;
  scu__candidate *candidate = outgoing->candidate;
  scu_instance_outcome told = scu__candidate_outcome(candidate);
  char reason[512] = "", elements[SCU__REFUSAL_ELEMENTS_MAX];
  told.status = event->status;
  told.outcome = scu__store_outcome(event->status);
  told.transfer_syntax_uid = outgoing->context->transfer_syntax.text;
  told.bytes = scu__candidate_bytes(candidate);
  if (told.outcome != SCU_OUTCOME_OK) {
    scu__refusal_elements(event->command, elements);
    snprintf(reason, sizeof reason, "%s%s", scu__status_text(SCU__C_STORE_RSP, event->status), elements);
    told.comment = event->command->error_comment;
  } else {
    say_what_was_done(outgoing, reason, sizeof reason);
  }
  told.reason = reason;
  close_instance(outgoing);
  outgoing->answered(outgoing->owner, candidate, &told);
}

/* The file is closed with what shows it edited. */
static scu_result show_edited(scu__outgoing *outgoing, scu_error *error) {
  const scu__candidate *candidate = outgoing->candidate;
  scu__source *shown = NULL;
  scu_result result =
      scu__edited_source_new(outgoing->allocator, outgoing->file, &candidate->head, candidate->edited, &shown, error);
  if (result == SCU_OK) outgoing->file = shown;
  return result;
}

static scu_result open_file(scu__outgoing *outgoing, scu_error *error) {
  scu__candidate *candidate = outgoing->candidate;
  scu_result result = SCU_OK;
  outgoing->file = candidate->file;
  candidate->file = NULL;
  if (!outgoing->file) result = scu__candidate_open(candidate, outgoing->allocator, &outgoing->file, error);
  if (result != SCU_OK) return result;
  if (outgoing->file->size != outgoing->candidate->file_size)
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "the file has changed since it was checked");
  return candidate->edited ? show_edited(outgoing, error) : SCU_OK;
}

static scu_result fill_payload(scu__outgoing *outgoing, scu__way way, scu__store_params *params, scu_error *error) {
  const scu__candidate *candidate = outgoing->candidate;
  const scu__transfer_syntax *own = candidate->head.syntax;
  scu__head head = candidate->edited ? scu__edited_head(&candidate->head, candidate->edited) : candidate->head;
  bool is_deflated_again = candidate->edited && own && own->is_deflated;
  if (way == SCU__WAY_AS_IT_IS && !is_deflated_again) {
    params->payload = SCU__PAYLOAD_RANGE;
    params->source = outgoing->file;
    params->offset = head.dataset_offset;
    params->length = head.dataset_length;
    return SCU_OK;
  }
  params->payload = SCU__PAYLOAD_PRODUCER;
  if (way == SCU__WAY_AS_IT_IS)
    return scu__deflate_new(outgoing->allocator, outgoing->file, &head, &params->producer, error);
  return scu__rewrite_new(outgoing->allocator, outgoing->file, &head,
                          scu__transfer_syntax_find(outgoing->context->transfer_syntax.text), &params->producer, error);
}

static scu_result make_exchange(scu__outgoing *outgoing, scu__link *link, scu__way way, scu_error *error) {
  const scu__head *head = &outgoing->candidate->head;
  scu__store_params params = {
      .sop_class = head->sop_class,
      .sop_instance = head->sop_instance,
      .priority = outgoing->candidate->priority,
      .originator = outgoing->originator,
      .originator_message_id = outgoing->originator_message_id,
  };
  scu_result result = fill_payload(outgoing, way, &params, error);
  if (result != SCU_OK) return result;
  return scu__store_request_new(outgoing->allocator, scu__link_outbox(link), outgoing->context->id,
                                scu__link_next_message_id(link), &params, &outgoing->exchange);
}

/* While the answer is awaited there is time for it. */
static void give_back_what_was_sent(scu__outgoing *outgoing) {
  scu__source *file = outgoing->file;
  const scu__exchange *exchange = outgoing->exchange;
  if (file && file->give_back && exchange && !scu__outbox_has(exchange->outbox, exchange)) file->give_back(file);
}

scu_result scu__outgoing_start(scu__outgoing *outgoing, scu__link *link, scu__candidate *candidate, scu__way way,
                               const scu__accepted_context *context, scu_error *error) {
  outgoing->candidate = candidate;
  outgoing->context = context;
  scu_result result = open_file(outgoing, error);
  if (result == SCU_OK) result = make_exchange(outgoing, link, way, error);
  if (result != SCU_OK) {
    close_instance(outgoing);
    return scu__error_set(error, result, SCU_PHASE_REQUEST, "the request could not be made");
  }
  outgoing->exchange->owner = outgoing;
  outgoing->exchange->on_event = exchange_event;
  scu__link_start(link, outgoing->exchange);
  give_back_what_was_sent(outgoing);
  return SCU_OK;
}

void scu__outgoing_stop(scu__outgoing *outgoing, scu__link *link) {
  if (outgoing->exchange && link) scu__link_drop(link, outgoing->exchange);
  close_instance(outgoing);
}
