/* Rules at work. Failures for want of memory are let pass: then a fault does not happen, which is no worse. */
#include "archive/fault_act.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "data/dataset_encode.h"
#include "data/sop_class.h"

enum {
  TAG_CHARSET = 0x00080005,
  TAG_RETRIEVE_AE = 0x00080054,
  TAG_AVAILABILITY = 0x00080056,
  TAG_FAILED_LIST = 0x00080058,
  LIST_MAX = 4 * 1024 * 1024,
  ELEMENT_HEADER = 8, /* of (0008,0005), in explicit and in implicit VR */
  CUT_OFF = 3         /* bytes: leaves a length that lies */
};

/* --- associations ------------------------------------------------------------------------------------------------- */

typedef struct harm {
  scu__fault_kind kind;
  scu__sabotage sabotage;
  bool is_fatal;
} harm;

/* A cut is left to work on what comes next. */
static const harm harms[] = {
    {SCU__FAULT_SILENCE, SCU__SABOTAGE_SILENCE, true}, {SCU__FAULT_CLOSE, SCU__SABOTAGE_CLOSE, true},
    {SCU__FAULT_RESET, SCU__SABOTAGE_RESET, true},     {SCU__FAULT_GARBAGE, SCU__SABOTAGE_GARBAGE, true},
    {SCU__FAULT_CUT, SCU__SABOTAGE_CUT, false},
};

static void abort_link(scu__link *link) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_ABORTED, SCU_PHASE_LISTEN, "aborted on purpose: --fault");
  scu__link_abort(link, &error);
}

bool scu__fault_strike(scu__fault_hits hits, scu__link *link) {
  if (!hits.rules || !link) return false;
  if (hits.step != SCU__FAULT_RELEASE) scu__link_pump(link);
  const scu__fault_rule *delay = scu__fault_find(hits, SCU__FAULT_DELAY, 0);
  if (delay) scu__link_hold(link, delay->number);
  for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
    if (!scu__fault_has(hits, harms[i].kind)) continue;
    scu__link_sabotage(link, harms[i].sabotage);
    return harms[i].is_fatal;
  }
  if (!scu__fault_has(hits, SCU__FAULT_ABORT)) return false;
  abort_link(link);
  return true;
}

/* --- negotiation -------------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *uid, const char *const *uids, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(uid, uids[i]) == 0) return true;
  return false;
}

static const char *const find_classes[] = {SCU__UID_PATIENT_ROOT_FIND, SCU__UID_STUDY_ROOT_FIND,
                                           SCU__UID_PATIENT_STUDY_ONLY_FIND, SCU__UID_MODALITY_WORKLIST_FIND};
static const char *const move_classes[] = {SCU__UID_PATIENT_ROOT_MOVE, SCU__UID_STUDY_ROOT_MOVE,
                                           SCU__UID_PATIENT_STUDY_ONLY_MOVE};
static const char *const get_classes[] = {SCU__UID_PATIENT_ROOT_GET, SCU__UID_STUDY_ROOT_GET,
                                          SCU__UID_PATIENT_STUDY_ONLY_GET};

static bool is_find(const char *uid) {
  return is_one_of(uid, find_classes, sizeof find_classes / sizeof *find_classes);
}
static bool is_move(const char *uid) {
  return is_one_of(uid, move_classes, sizeof move_classes / sizeof *move_classes);
}
static bool is_get(const char *uid) {
  return is_one_of(uid, get_classes, sizeof get_classes / sizeof *get_classes);
}

static bool is_meant(const char *what, const char *uid) {
  if (strcmp(what, "all") == 0) return true;
  if (strcmp(what, "echo") == 0) return strcmp(uid, SCU__UID_VERIFICATION) == 0;
  if (strcmp(what, "storage") == 0) return scu__sop_class_is_storage(uid);
  if (strcmp(what, "find") == 0) return is_find(uid);
  if (strcmp(what, "move") == 0) return is_move(uid);
  if (strcmp(what, "get") == 0) return is_get(uid);
  if (strcmp(what, "commit") == 0) return strcmp(uid, SCU__UID_STORAGE_COMMITMENT) == 0;
  if (strcmp(what, "mpps") == 0) return strcmp(uid, SCU__UID_MPPS) == 0;
  return strcmp(what, uid) == 0;
}

static void refuse_contexts(const scu__fault_rule *rule, const scu__associate *rq, scu__associate *ac) {
  for (size_t i = 0; i < ac->context_count; i++) {
    const scu__context *proposed = scu__associate_find_context(rq, ac->contexts[i].id);
    if (proposed && is_meant(rule->text, proposed->abstract_syntax.text))
      ac->contexts[i].result = (uint8_t)rule->number;
  }
}

static void answer_unasked(const scu__associate *rq, scu__associate *ac) {
  static const uint8_t everything[7] = {1, 1, 1, 1, 1, 1, 1};
  for (size_t i = 0; i < rq->context_count; i++) {
    const char *uid = rq->contexts[i].abstract_syntax.text;
    bool is_asked = false;
    for (size_t j = 0; j < rq->extended_count && !is_asked; j++) is_asked = strcmp(rq->extended[j].uid.text, uid) == 0;
    if (!is_asked && *uid) scu__associate_add_extended(ac, uid, everything, sizeof everything);
  }
}

static void amend_extended(const char *how, const scu__associate *rq, scu__associate *ac) {
  for (size_t i = 0; i < ac->extended_count; i++) {
    scu__extended *answer = &ac->extended[i];
    if (strcmp(how, "short") == 0 && answer->bytes.length > 1) answer->bytes.length = 1;
    bool is_other = !is_find(answer->uid.text) && answer->bytes.length > 0;
    if (strcmp(how, "find-only") == 0 && is_other) answer->bytes.data[0] = 0;
  }
  if (strcmp(how, "unasked") == 0) answer_unasked(rq, ac);
}

static void drop_extended(scu__associate *ac) {
  for (size_t i = 0; i < ac->extended_count; i++) scu__free(ac->allocator, ac->extended[i].bytes.data);
  ac->extended_count = 0;
}

static void amend(void *user, const scu__associate *rq, scu__associate *ac) {
  const scu__fault_acceptor *acceptor = user;
  const scu__fault_rule *rule;
  for (unsigned i = 0; (rule = scu__fault_find(acceptor->hits, SCU__FAULT_REFUSE, i)); i++)
    refuse_contexts(rule, rq, ac);
  if (scu__fault_has(acceptor->hits, SCU__FAULT_NO_ROLES)) ac->role_count = 0;
  rule = scu__fault_find(acceptor->hits, SCU__FAULT_EXTENDED, 0);
  if (rule && strcmp(rule->text, "none") == 0)
    drop_extended(ac);
  else if (rule)
    amend_extended(rule->text, rq, ac);
}

const scu__acceptor_policy *scu__fault_policy(scu__fault_acceptor *acceptor, scu__fault *fault,
                                              const scu__acceptor_policy *policy, scu__link *link,
                                              scu__reject *reject) {
  if (!fault) return policy;
  acceptor->hits = scu__fault_reach(fault, SCU__FAULT_ASSOCIATE);
  const scu__fault_rule *refusal = scu__fault_find(acceptor->hits, SCU__FAULT_REJECT, 0);
  scu__fault_strike(acceptor->hits, link);
  if (refusal) *reject = (scu__reject){refusal->result, refusal->source, refusal->reason};
  if (refusal || (link && scu__link_is_ended(link)) || scu__fault_has(acceptor->hits, SCU__FAULT_ABORT)) return NULL;
  acceptor->policy = *policy;
  acceptor->policy.amend = amend;
  acceptor->policy.amend_user = acceptor;
  return &acceptor->policy;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static scu__fault_step step_of(uint16_t field) {
  switch (field) {
  case SCU__C_ECHO_RQ: return SCU__FAULT_ECHO;
  case SCU__C_STORE_RQ: return SCU__FAULT_STORE;
  case SCU__C_FIND_RQ: return SCU__FAULT_FIND;
  case SCU__C_MOVE_RQ: return SCU__FAULT_MOVE;
  case SCU__C_GET_RQ: return SCU__FAULT_GET;
  case SCU__N_ACTION_RQ: return SCU__FAULT_COMMIT;
  case SCU__N_CREATE_RQ:
  case SCU__N_SET_RQ: return SCU__FAULT_MPPS;
  default: return SCU__FAULT_REQUEST;
  }
}

bool scu__fault_admits(scu__fault *fault, scu__link *link, const scu__command *command, scu__fault_hits *hits,
                       uint16_t *status) {
  *hits = scu__fault_reach(fault, step_of(command->field));
  const scu__fault_rule *refusal = scu__fault_find(*hits, SCU__FAULT_STATUS, 0);
  *status = refusal ? refusal->status : SCU__STATUS_PROCESSING_FAILURE;
  return !scu__fault_strike(*hits, link) && !refusal;
}

const scu_dataset *scu__fault_identifier(scu__fault_hits hits, const scu_dataset *identifier, scu_dataset **changed) {
  *changed = NULL;
  if (!scu__fault_has(hits, SCU__FAULT_IGNORE) || scu_dataset_copy(identifier, changed) != SCU_OK) return identifier;
  const scu__fault_rule *rule;
  for (unsigned i = 0; (rule = scu__fault_find(hits, SCU__FAULT_IGNORE, i)); i++)
    if (scu_dataset_find_path(*changed, rule->text)) scu_dataset_set_empty(*changed, rule->text);
  return *changed;
}

/* --- matches ------------------------------------------------------------------------------------------------------ */

static bool is_charset(const uint8_t *bytes, size_t length, bool is_big_endian) {
  static const uint8_t little[] = {8, 0, 5, 0}, big[] = {0, 8, 0, 5};
  return length >= ELEMENT_HEADER && memcmp(bytes, is_big_endian ? big : little, 4) == 0;
}

static void put_u16(scu__buffer *to, uint16_t value, bool is_big_endian) {
  if (is_big_endian)
    scu__put_u16be(to, value);
  else
    scu__put_u16le(to, value);
}

/* (0008,0005) comes first in an identifier; the texts stay in the set that they are in. */
static void put_charset(scu__buffer *to, scu__encoding encoding, const char *text) {
  size_t length = strlen(text), padded = (length + 1) & ~(size_t)1;
  put_u16(to, 0x0008, encoding.is_big_endian);
  put_u16(to, 0x0005, encoding.is_big_endian);
  if (encoding.is_implicit_vr) {
    scu__put_u32le(to, (uint32_t)padded);
  } else {
    scu__put_text(to, "CS");
    put_u16(to, (uint16_t)padded, encoding.is_big_endian);
  }
  scu__put_text(to, text);
  if (padded > length) scu__put_u8(to, ' ');
}

static size_t charset_length(const uint8_t *bytes, size_t length, scu__encoding encoding) {
  if (!is_charset(bytes, length, encoding.is_big_endian)) return 0;
  size_t value = encoding.is_implicit_vr  ? (size_t)bytes[4] | (size_t)bytes[5] << 8
                 : encoding.is_big_endian ? (size_t)bytes[6] << 8 | bytes[7]
                                          : (size_t)bytes[6] | (size_t)bytes[7] << 8;
  return value > length - ELEMENT_HEADER ? length : ELEMENT_HEADER + value;
}

static scu_result send_bytes(scu__fault_hits hits, const scu__fault_row *to, const scu_dataset *row, uint16_t status) {
  scu__buffer plain, spoilt;
  scu__buffer_init(&plain, to->allocator, SCU__IDENTIFIER_MAX);
  scu__buffer_init(&spoilt, to->allocator, SCU__IDENTIFIER_MAX);
  scu_result result = scu__dataset_encode(row, to->encoding, &plain, NULL);
  const scu__fault_rule *charset = scu__fault_find(hits, SCU__FAULT_CHARSET, 0);
  size_t skip = 0, length = plain.length;
  if (charset && result == SCU_OK) {
    if (charset->text[0]) put_charset(&spoilt, to->encoding, charset->text);
    skip = charset_length(plain.data, plain.length, to->encoding);
  }
  if (scu__fault_has(hits, SCU__FAULT_MALFORMED) && length > skip + CUT_OFF) length -= CUT_OFF;
  if (result == SCU_OK) scu__put_bytes(&spoilt, plain.data + skip, length - skip);
  if (result == SCU_OK) result = scu__buffer_result(&spoilt);
  if (result == SCU_OK) result = scu__find_provider_match_bytes(to->exchange, spoilt.data, spoilt.length, status);
  scu__buffer_free(&plain);
  scu__buffer_free(&spoilt);
  return result;
}

static void set_text(scu_dataset *row, scu_tag tag, scu_vr vr, const scu__fault_rule *rule) {
  if (rule) scu_dataset_set_bytes(row, tag, vr, rule->text, strlen(rule->text));
}

scu_result scu__fault_match(scu__fault_hits hits, const scu__fault_row *to, scu_dataset *row, uint16_t status) {
  scu__fault_strike(hits, to->link);
  if (scu__fault_has(hits, SCU__FAULT_DROP)) return SCU_OK;
  set_text(row, TAG_RETRIEVE_AE, SCU_VR_AE, scu__fault_find(hits, SCU__FAULT_RETRIEVE_AE, 0));
  set_text(row, TAG_AVAILABILITY, SCU_VR_CS, scu__fault_find(hits, SCU__FAULT_AVAILABILITY, 0));
  const scu__fault_rule *rule = scu__fault_find(hits, SCU__FAULT_STATUS, 0);
  if (rule) status = rule->status;
  bool is_spoilt = scu__fault_has(hits, SCU__FAULT_CHARSET) || scu__fault_has(hits, SCU__FAULT_MALFORMED);
  scu_result result = SCU_OK;
  for (int left = scu__fault_has(hits, SCU__FAULT_DUPLICATE) ? 2 : 1; left > 0 && result == SCU_OK; left--)
    result = is_spoilt ? send_bytes(hits, to, row, status) : scu__find_provider_match(to->exchange, row, status);
  return result;
}

/* The exchange is over: these go by it. */
void scu__fault_late(scu__fault_hits hits, const scu__fault_row *to, const scu_dataset *row) {
  const scu__fault_rule *rule = scu__fault_find(hits, SCU__FAULT_LATE, 0);
  if (!rule || scu_dataset_count(row) == 0) return;
  const scu__accepted_context *context =
      scu__negotiated_context(scu__link_negotiated(to->link), to->exchange->context_id);
  scu__command request;
  scu__request_init(&request, SCU__C_FIND_RQ, to->exchange->message_id, &context->abstract_syntax);
  scu_result result = SCU_OK;
  for (uint32_t i = 0; i < rule->number && result == SCU_OK; i++) {
    scu__message message = {.context_id = to->exchange->context_id, .payload = SCU__PAYLOAD_BYTES};
    scu__response_to(&request, SCU__STATUS_PENDING, &message.command);
    scu__buffer_init(&message.bytes, to->allocator, SCU__IDENTIFIER_MAX);
    result = scu__dataset_encode(row, to->encoding, &message.bytes, NULL);
    if (result == SCU_OK) result = scu__outbox_push(to->exchange->outbox, &message);
    scu__message_free(&message);
  }
}

/* --- sub-operations ----------------------------------------------------------------------------------------------- */

const scu__sub_operations *scu__fault_counts(scu__fault_hits hits, const scu__sub_operations *counts,
                                             scu__sub_operations *own) {
  const scu__fault_rule *rule = scu__fault_find(hits, SCU__FAULT_COUNTS, 0);
  if (!rule) return counts;
  if (strcmp(rule->text, "none") == 0) return NULL;
  *own = (scu__sub_operations){0};
  if (strcmp(rule->text, "backwards") == 0)
    *own = (scu__sub_operations){.remaining = counts->completed, .completed = counts->remaining};
  return own;
}

void scu__fault_final(scu__fault_hits hits, scu__query_answer *answer) {
  const scu__fault_rule *rule = scu__fault_find(hits, SCU__FAULT_STATUS, 0);
  if (rule) answer->status = rule->status;
}

static void put_list(scu_dataset *list, const scu__fault_rule *rule, const scu_allocator *allocator) {
  static const char malformed[] = "..\\1..2\\not a UID\\";
  scu__buffer uids;
  scu__buffer_init(&uids, allocator, LIST_MAX);
  if (strcmp(rule->text, "malformed") == 0) scu__put_text(&uids, malformed);
  for (uint32_t i = 1; i <= rule->number && scu__buffer_result(&uids) == SCU_OK; i++) {
    char uid[32];
    snprintf(uid, sizeof uid, "%s2.25.%lu", i > 1 ? "\\" : "", (unsigned long)i);
    scu__put_text(&uids, uid);
  }
  scu_dataset_set_bytes(list, TAG_FAILED_LIST, SCU_VR_UI, uids.data, uids.length);
  scu__buffer_free(&uids);
}

scu_dataset *scu__fault_list(scu__fault_hits hits, scu_dataset *list, const scu_allocator *allocator) {
  const scu__fault_rule *rule = scu__fault_find(hits, SCU__FAULT_LIST, 0);
  if (!rule) return list;
  scu_dataset_free(list);
  list = NULL;
  bool is_none = strcmp(rule->text, "none") == 0;
  if (!is_none && scu_dataset_new(allocator, &list) == SCU_OK) put_list(list, rule, allocator);
  return list;
}
