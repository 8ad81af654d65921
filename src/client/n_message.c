/* The rules for requests of the N-services: what each must have, may have and has not. */
#include "client/n_message.h"

#include <string.h>

#include "base/versioned.h"
#include "data/dataset_encode.h"
#include "data/path.h"

enum { ATTRIBUTES_MAX = 8000 };

static scu_result misuse(scu_error *error, const char *name, const char *what) {
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: %s", name, what);
}

static bool is_given(const char *text) {
  return text && text[0];
}

/* --- UIDs --------------------------------------------------------------------------------------------------------- */

static bool is_for_affected(const scu_n_message *from) {
  return from->service == SCU_N_CREATE || from->service == SCU_N_EVENT_REPORT;
}

static scu_result put_classes(const scu_n_message *from, const char *name, scu__n_message *out, scu_error *error) {
  scu__uid sop_class;
  if (!is_given(from->sop_class_uid)) return misuse(error, name, "no SOP Class UID");
  if (!scu__uid_is_valid(from->sop_class_uid)) return misuse(error, name, "the SOP Class UID is not a UID");
  scu__uid_from_text(&sop_class, from->sop_class_uid);
  scu__request_init(&out->command, (uint16_t)from->service, 0, &sop_class);
  out->abstract_syntax = sop_class;
  if (!is_given(from->abstract_syntax_uid)) return SCU_OK;
  if (!scu__uid_is_valid(from->abstract_syntax_uid)) return misuse(error, name, "the abstract syntax is not a UID");
  scu__uid_from_text(&out->abstract_syntax, from->abstract_syntax_uid);
  return SCU_OK;
}

/* The peer may have instances whose UIDs break the rules; what fits is sent. */
static scu_result put_instance(const scu_n_message *from, const char *name, scu__n_message *out, scu_error *error) {
  scu__command *command = &out->command;
  if (!is_given(from->sop_instance_uid)) {
    if (from->service == SCU_N_CREATE) return SCU_OK;
    return misuse(error, name, "no SOP Instance UID");
  }
  scu__uid *uid = is_for_affected(from) ? &command->affected_sop_instance : &command->requested_sop_instance;
  if (!scu__uid_from_text(uid, from->sop_instance_uid) || !uid->text[0])
    return misuse(error, name, "the SOP Instance UID is not a UID");
  command->present |= is_for_affected(from) ? SCU__HAS_AFFECTED_SOP_INSTANCE : SCU__HAS_REQUESTED_SOP_INSTANCE;
  return SCU_OK;
}

/* --- the rest of the command -------------------------------------------------------------------------------------- */

static scu_result put_type(const scu_n_message *from, const char *name, scu__n_message *out, scu_error *error) {
  scu__command *command = &out->command;
  switch (from->service) {
  case SCU_N_EVENT_REPORT:
    command->event_type = from->type_id;
    command->present |= SCU__HAS_EVENT_TYPE;
    return SCU_OK;
  case SCU_N_ACTION:
    command->action_type = from->type_id;
    command->present |= SCU__HAS_ACTION_TYPE;
    return SCU_OK;
  default: return from->type_id == 0 ? SCU_OK : misuse(error, name, "a type ID does not belong to it");
  }
}

static scu_result put_attribute(const char *text, scu__buffer *list, scu_error *error) {
  scu__path path;
  if (!text) return misuse(error, "attributes", "a name is missing");
  scu_result result = scu__path_parse(text, &path, error);
  if (result != SCU_OK) return result;
  if (path.depth > 1 || path.steps[0].has_item)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "%s: of a sequence only the whole can be asked for (PS3.7 10.1.2)", text);
  scu__command_put_attribute(list, path.steps[0].tag);
  return scu__buffer_result(list);
}

static scu_result put_attributes(const scu_n_message *from, const char *name, scu__n_message *out, scu_error *error) {
  if (from->attribute_count == 0) return SCU_OK;
  if (from->service != SCU_N_GET) return misuse(error, name, "an attribute list does not belong to it");
  if (!from->attributes || from->attribute_count > ATTRIBUTES_MAX)
    return misuse(error, name, "no attribute list, or one of more than 8,000");
  for (size_t i = 0; i < from->attribute_count; i++) {
    scu_result result = put_attribute(from->attributes[i], &out->attributes, error);
    if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_USAGE);
    if (result != SCU_OK) return result;
  }
  out->command.attributes = out->attributes.data;
  out->command.attribute_count = from->attribute_count;
  out->command.present |= SCU__HAS_ATTRIBUTES;
  return SCU_OK;
}

static scu_result put_dataset(const scu_n_message *from, const char *name, scu__n_message *out, scu_error *error) {
  scu__dataset_rule rule = scu__command_dataset_rule((uint16_t)from->service);
  bool is_there = from->dataset && scu_dataset_count(from->dataset) > 0;
  if (!is_there && rule == SCU__DATASET_ALWAYS) return misuse(error, name, "nothing to set");
  if (is_there && rule == SCU__DATASET_NEVER) return misuse(error, name, "a dataset does not belong to it");
  if (!is_there) return SCU_OK;
  return scu_dataset_copy(from->dataset, &out->dataset) == SCU_OK ? SCU_OK : scu__error_memory(error, SCU_PHASE_USAGE);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

static const char *name_of(scu_n_service service) {
  switch (service) {
  case SCU_N_EVENT_REPORT: return "N-EVENT-REPORT";
  case SCU_N_GET: return "N-GET";
  case SCU_N_SET: return "N-SET";
  case SCU_N_ACTION: return "N-ACTION";
  case SCU_N_CREATE: return "N-CREATE";
  case SCU_N_DELETE: return "N-DELETE";
  }
  return NULL;
}

static scu_result fill(const scu_n_message *from, scu__n_message *out, scu_error *error) {
  const char *name = name_of(from->service);
  if (!name) return misuse(error, "service", "none of the N-services");
  scu_result result = put_classes(from, name, out, error);
  if (result == SCU_OK) result = put_instance(from, name, out, error);
  if (result == SCU_OK) result = put_type(from, name, out, error);
  if (result == SCU_OK) result = put_attributes(from, name, out, error);
  if (result == SCU_OK) result = put_dataset(from, name, out, error);
  return result;
}

scu_result scu__n_message_copy(const scu_n_message *from, const scu_allocator *allocator, scu__n_message *out,
                               scu_error *error) {
  scu_n_message known = {0};
  memset(out, 0, sizeof *out);
  if (scu__versioned_copy(&known, sizeof known, from, SCU__SIZE_THROUGH(scu_n_message, dataset)) != SCU_OK)
    return misuse(error, "message", "none, or its size is not set");
  scu__buffer_init(&out->attributes, allocator, SCU__COMMAND_MAX);
  scu_result result = fill(&known, out, error);
  if (result != SCU_OK) scu__n_message_free(out);
  return result;
}

void scu__n_message_free(scu__n_message *message) {
  scu__buffer_free(&message->attributes);
  scu_dataset_free(message->dataset);
  message->dataset = NULL;
}

scu_result scu__n_message_encode(const scu__n_message *message, scu__encoding encoding, scu__buffer *bytes,
                                 scu_error *error) {
  return message->dataset ? scu__dataset_encode(message->dataset, encoding, bytes, error) : SCU_OK;
}
