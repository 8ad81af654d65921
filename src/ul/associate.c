/* The value behind A-ASSOCIATE-RQ and -AC: made, filled, copied, freed. Knows no byte layout. */
#include <string.h>

#include "ul/explanations.h"
#include "ul/grow.h"
#include "ul/pdu.h"

const char *scu__context_result_text(uint8_t result) {
  return scu__context_explanation(result)->text;
}

void scu__associate_init(scu__associate *associate, const scu_allocator *allocator) {
  memset(associate, 0, sizeof *associate);
  associate->allocator = allocator;
  associate->protocol_version = 1;
  associate->max_pdu_length = SCU__PDU_LENGTH_DEFAULT;
  scu__uid_from_text(&associate->application_context, SCU__APPLICATION_CONTEXT);
  scu__uid_from_text(&associate->implementation_class_uid, SCU_IMPLEMENTATION_CLASS_UID);
  memcpy(associate->implementation_version_name, SCU_IMPLEMENTATION_VERSION_NAME,
         sizeof SCU_IMPLEMENTATION_VERSION_NAME);
}

static void free_secret(const scu_allocator *allocator, scu__octets *octets) {
  scu__free_wiped(allocator, octets->data, octets->length);
  *octets = (scu__octets){0};
}

void scu__associate_forget_identity(scu__associate *associate) {
  free_secret(associate->allocator, &associate->identity.primary);
  free_secret(associate->allocator, &associate->identity.secondary);
}

void scu__associate_remove_identity(scu__associate *associate) {
  scu__associate_forget_identity(associate);
  associate->identity = (scu__user_identity){0};
}

void scu__associate_free(scu__associate *associate) {
  const scu_allocator *allocator = associate->allocator;
  for (size_t i = 0; i < associate->context_count; i++) scu__free(allocator, associate->contexts[i].transfer_syntaxes);
  scu__free(allocator, associate->contexts);
  scu__free(allocator, associate->roles);
  for (size_t i = 0; i < associate->extended_count; i++) scu__free(allocator, associate->extended[i].bytes.data);
  scu__free(allocator, associate->extended);
  for (size_t i = 0; i < associate->common_extended_count; i++)
    scu__free(allocator, associate->common_extended[i].related);
  scu__free(allocator, associate->common_extended);
  scu__associate_forget_identity(associate);
  free_secret(allocator, &associate->identity_response.response);
  memset(associate, 0, sizeof *associate);
}

static scu_result copy_octets(const scu_allocator *allocator, scu__octets *to, const uint8_t *bytes, size_t length) {
  *to = (scu__octets){0};
  if (length == 0) return SCU_OK;
  to->data = scu__alloc(allocator, length);
  if (!to->data) return SCU_ERROR_MEMORY;
  memcpy(to->data, bytes, length);
  to->length = length;
  return SCU_OK;
}

static scu_result append_context(scu__associate *associate, const scu__context *context) {
  scu__context *contexts = scu__grow(associate->allocator, associate->contexts, associate->context_count,
                                     &associate->context_capacity, sizeof *contexts);
  if (!contexts) return SCU_ERROR_MEMORY;
  associate->contexts = contexts;
  contexts[associate->context_count] = *context;
  contexts[associate->context_count].transfer_syntaxes = NULL;
  contexts[associate->context_count].count = contexts[associate->context_count].capacity = 0;
  associate->context_count++;
  if (context->count == 0) return SCU_OK;
  scu__context *added = &contexts[associate->context_count - 1];
  added->transfer_syntaxes = scu__alloc_array(associate->allocator, context->count, sizeof *added->transfer_syntaxes);
  if (!added->transfer_syntaxes) {
    associate->context_count--;
    return SCU_ERROR_MEMORY;
  }
  memcpy(added->transfer_syntaxes, context->transfer_syntaxes, context->count * sizeof *added->transfer_syntaxes);
  added->count = added->capacity = context->count;
  return SCU_OK;
}

/* A UID of our own to send: unlike what is received, it must be one. */
static bool own_uid(scu__uid *uid, const char *text) {
  return text && scu__uid_is_valid(text) && scu__uid_from_text(uid, text);
}

scu_result scu__associate_add_context(scu__associate *associate, const char *abstract_syntax,
                                      const char *const *transfer_syntaxes, size_t count, uint8_t *id) {
  scu__uid syntaxes[SCU__SYNTAXES_PER_CONTEXT_MAX];
  scu__context context = {0};
  if (count == 0 || !own_uid(&context.abstract_syntax, abstract_syntax)) return SCU_ERROR_USAGE;
  if (count > SCU__SYNTAXES_PER_CONTEXT_MAX || associate->context_count >= SCU__CONTEXTS_MAX) return SCU_ERROR_LIMIT;
  for (size_t i = 0; i < count; i++)
    if (!own_uid(&syntaxes[i], transfer_syntaxes[i])) return SCU_ERROR_USAGE;
  context.id = (uint8_t)(2 * associate->context_count + 1);
  context.transfer_syntaxes = syntaxes;
  context.count = count;
  scu_result result = append_context(associate, &context);
  if (result == SCU_OK && id) *id = context.id;
  return result;
}

scu_result scu__associate_add_result(scu__associate *associate, uint8_t id, uint8_t result,
                                     const scu__uid *transfer_syntax) {
  scu__uid syntax;
  if (result == SCU__CONTEXT_ACCEPTED && !transfer_syntax) return SCU_ERROR_USAGE;
  if (transfer_syntax) syntax = *transfer_syntax;
  scu__context context = {.id = id, .result = result, .transfer_syntaxes = &syntax, .count = transfer_syntax ? 1 : 0};
  return append_context(associate, &context);
}

static scu_result append_role(scu__associate *associate, const scu__role *role) {
  scu__role *roles = scu__grow(associate->allocator, associate->roles, associate->role_count, &associate->role_capacity,
                               sizeof *roles);
  if (!roles) return SCU_ERROR_MEMORY;
  associate->roles = roles;
  roles[associate->role_count++] = *role;
  return SCU_OK;
}

scu_result scu__associate_add_role(scu__associate *associate, const char *uid, bool scu, bool scp) {
  scu__role role = {.scu = scu, .scp = scp};
  if (!own_uid(&role.uid, uid)) return SCU_ERROR_USAGE;
  return append_role(associate, &role);
}

static scu_result append_extended(scu__associate *associate, const scu__uid *uid, const uint8_t *bytes, size_t length) {
  scu__extended *extended = scu__grow(associate->allocator, associate->extended, associate->extended_count,
                                      &associate->extended_capacity, sizeof *extended);
  if (!extended) return SCU_ERROR_MEMORY;
  associate->extended = extended;
  scu__extended *added = &extended[associate->extended_count];
  added->uid = *uid;
  if (copy_octets(associate->allocator, &added->bytes, bytes, length) != SCU_OK) return SCU_ERROR_MEMORY;
  associate->extended_count++;
  return SCU_OK;
}

scu_result scu__associate_add_extended(scu__associate *associate, const char *uid, const uint8_t *bytes,
                                       size_t length) {
  scu__uid checked;
  if (!own_uid(&checked, uid)) return SCU_ERROR_USAGE;
  if (length > UINT16_MAX - 2 - strlen(checked.text)) return SCU_ERROR_LIMIT;
  return append_extended(associate, &checked, bytes, length);
}

static scu_result append_common_extended(scu__associate *associate, const scu__common_extended *common) {
  scu__common_extended *list =
      scu__grow(associate->allocator, associate->common_extended, associate->common_extended_count,
                &associate->common_extended_capacity, sizeof *list);
  if (!list) return SCU_ERROR_MEMORY;
  associate->common_extended = list;
  scu__common_extended *added = &list[associate->common_extended_count];
  *added = *common;
  added->related = NULL;
  added->related_capacity = 0;
  if (common->related_count > 0) {
    added->related = scu__alloc_array(associate->allocator, common->related_count, sizeof *added->related);
    if (!added->related) return SCU_ERROR_MEMORY;
    memcpy(added->related, common->related, common->related_count * sizeof *added->related);
    added->related_capacity = common->related_count;
  }
  associate->common_extended_count++;
  return SCU_OK;
}

scu_result scu__associate_add_common_extended(scu__associate *associate, const char *uid, const char *service_class,
                                              const char *const *related, size_t count) {
  scu__common_extended common = {0};
  if (!own_uid(&common.uid, uid) || !own_uid(&common.service_class, service_class)) return SCU_ERROR_USAGE;
  if (count > SCU__SYNTAXES_PER_CONTEXT_MAX) return SCU_ERROR_LIMIT;
  scu__uid uids[SCU__SYNTAXES_PER_CONTEXT_MAX];
  for (size_t i = 0; i < count; i++)
    if (!own_uid(&uids[i], related[i])) return SCU_ERROR_USAGE;
  common.related = uids;
  common.related_count = count;
  return append_common_extended(associate, &common);
}

/* False: the context has no syntax left. */
static bool lose_syntax(scu__context *context, const char *transfer_syntax, bool *was_there) {
  size_t kept = 0;
  for (size_t i = 0; i < context->count; i++) {
    bool is_it = !transfer_syntax || strcmp(context->transfer_syntaxes[i].text, transfer_syntax) == 0;
    *was_there = *was_there || is_it;
    if (!is_it) context->transfer_syntaxes[kept++] = context->transfer_syntaxes[i];
  }
  context->count = kept;
  return kept > 0;
}

bool scu__associate_remove_contexts(scu__associate *associate, const char *abstract_syntax,
                                    const char *transfer_syntax) {
  bool was_any = false;
  size_t kept = 0;
  for (size_t i = 0; i < associate->context_count; i++) {
    scu__context *context = &associate->contexts[i];
    bool is_it = strcmp(context->abstract_syntax.text, abstract_syntax) == 0;
    if (is_it && !lose_syntax(context, transfer_syntax, &was_any))
      scu__free(associate->allocator, context->transfer_syntaxes);
    else
      associate->contexts[kept++] = *context;
  }
  associate->context_count = kept;
  for (size_t i = 0; i < kept; i++) associate->contexts[i].id = (uint8_t)(2 * i + 1);
  return was_any;
}

void scu__associate_remove_role(scu__associate *associate, const char *uid) {
  size_t kept = 0;
  for (size_t i = 0; i < associate->role_count; i++)
    if (strcmp(associate->roles[i].uid.text, uid) != 0) associate->roles[kept++] = associate->roles[i];
  associate->role_count = kept;
}

void scu__associate_remove_extended(scu__associate *associate, const char *uid) {
  size_t kept = 0;
  for (size_t i = 0; i < associate->extended_count; i++) {
    if (strcmp(associate->extended[i].uid.text, uid) == 0)
      scu__free(associate->allocator, associate->extended[i].bytes.data);
    else
      associate->extended[kept++] = associate->extended[i];
  }
  associate->extended_count = kept;
}

void scu__associate_remove_common_extended(scu__associate *associate, const char *uid) {
  size_t kept = 0;
  for (size_t i = 0; i < associate->common_extended_count; i++) {
    if (strcmp(associate->common_extended[i].uid.text, uid) == 0)
      scu__free(associate->allocator, associate->common_extended[i].related);
    else
      associate->common_extended[kept++] = associate->common_extended[i];
  }
  associate->common_extended_count = kept;
}

scu_result scu__associate_set_identity(scu__associate *associate, scu__identity_type type,
                                       bool positive_response_requested, const uint8_t *primary, size_t primary_length,
                                       const uint8_t *secondary, size_t secondary_length) {
  if (primary_length > UINT16_MAX || secondary_length > UINT16_MAX) return SCU_ERROR_LIMIT;
  if (secondary_length > 0 && type != SCU__IDENTITY_PASSCODE) return SCU_ERROR_USAGE;
  scu__user_identity identity = {.type = (uint8_t)type, .positive_response_requested = positive_response_requested};
  if (copy_octets(associate->allocator, &identity.primary, primary, primary_length) != SCU_OK) return SCU_ERROR_MEMORY;
  if (copy_octets(associate->allocator, &identity.secondary, secondary, secondary_length) != SCU_OK) {
    free_secret(associate->allocator, &identity.primary);
    return SCU_ERROR_MEMORY;
  }
  scu__associate_forget_identity(associate);
  associate->identity = identity;
  return SCU_OK;
}

/* The parts that own memory; `to` already holds the flat fields. */
static scu_result copy_lists(scu__associate *to, const scu__associate *from) {
  scu_result result = SCU_OK;
  for (size_t i = 0; i < from->context_count && result == SCU_OK; i++) result = append_context(to, &from->contexts[i]);
  for (size_t i = 0; i < from->role_count && result == SCU_OK; i++) result = append_role(to, &from->roles[i]);
  for (size_t i = 0; i < from->extended_count && result == SCU_OK; i++)
    result = append_extended(to, &from->extended[i].uid, from->extended[i].bytes.data, from->extended[i].bytes.length);
  for (size_t i = 0; i < from->common_extended_count && result == SCU_OK; i++)
    result = append_common_extended(to, &from->common_extended[i]);
  return result;
}

scu_result scu__associate_copy(scu__associate *to, const scu__associate *from, const scu_allocator *allocator) {
  *to = *from;
  to->allocator = allocator;
  to->contexts = NULL;
  to->roles = NULL;
  to->extended = NULL;
  to->common_extended = NULL;
  to->context_count = to->context_capacity = to->role_count = to->role_capacity = 0;
  to->extended_count = to->extended_capacity = to->common_extended_count = to->common_extended_capacity = 0;
  to->identity.primary = to->identity.secondary = to->identity_response.response = (scu__octets){0};
  const scu__user_identity *identity = &from->identity;
  const scu__octets *response = &from->identity_response.response;
  scu_result result = copy_lists(to, from);
  if (result == SCU_OK)
    result = copy_octets(allocator, &to->identity.primary, identity->primary.data, identity->primary.length);
  if (result == SCU_OK)
    result = copy_octets(allocator, &to->identity.secondary, identity->secondary.data, identity->secondary.length);
  if (result == SCU_OK)
    result = copy_octets(allocator, &to->identity_response.response, response->data, response->length);
  if (result != SCU_OK) scu__associate_free(to);
  return result;
}

const scu__context *scu__associate_find_context(const scu__associate *associate, uint8_t id) {
  for (size_t i = 0; i < associate->context_count; i++)
    if (associate->contexts[i].id == id) return &associate->contexts[i];
  return NULL;
}
