/* Contexts for C-GET. An archive picks one syntax of each context, and may pick one it cannot send an object in: so
 * each syntax stands in a context of its own as long as there is room. */
#include "client/get_contexts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"

#define COMPRESSED(x) "1.2.840.10008.1.2.4." #x

/* In the order in which objects are met; every other syntax for datasets comes behind. */
static const char *const usual_syntaxes[] = {
    SCU__UID_EXPLICIT_LE,
    SCU__UID_IMPLICIT_LE,
    COMPRESSED(70),
    COMPRESSED(50),
    COMPRESSED(90),
    COMPRESSED(91),
    SCU__UID_RLE,
    COMPRESSED(80),
    COMPRESSED(57),
    COMPRESSED(51),
    COMPRESSED(81),
    SCU__UID_EXPLICIT_BE,
    SCU__UID_DEFLATED_EXPLICIT_LE,
    COMPRESSED(201),
    COMPRESSED(202),
    COMPRESSED(203),
    COMPRESSED(102),
    COMPRESSED(100),
    /* Retired processes of JPEG: rare, but kept for ever. */
    COMPRESSED(55),
    COMPRESSED(53),
    COMPRESSED(52),
    COMPRESSED(54),
    COMPRESSED(56),
    COMPRESSED(58),
    COMPRESSED(59),
    COMPRESSED(60),
    COMPRESSED(61),
    COMPRESSED(62),
    COMPRESSED(63),
    COMPRESSED(64),
    COMPRESSED(65),
    COMPRESSED(66),
};
enum {
  USUAL_COUNT = sizeof usual_syntaxes / sizeof *usual_syntaxes,
  ALONE_WANTED = 14, /* contexts for each class that are worth another round */
  OTHERS_WANTED = 3, /* the same for classes that nobody spoke of */
  SHARED_MAX = 40,   /* DCMTK aborts on a context of more than 50 syntaxes */
  CLASSES_MAX = 1024 /* as many as an inventory tells apart */
};

/* --- classes ------------------------------------------------------------------------------------------------------ */

static bool has_class(const scu__get_classes *classes, const char *uid) {
  for (size_t i = 0; i < classes->count; i++)
    if (strcmp(classes->uids[i], uid) == 0) return true;
  return false;
}

static void add_class(scu__get_classes *classes, const char *uid) {
  if (classes->count < classes->capacity && scu__uid_is_valid(uid) && !has_class(classes, uid))
    classes->uids[classes->count++] = uid;
}

/* False when some missing instance has no class. */
static bool add_named_classes(scu__get_classes *classes, const scu__inventory *inventory) {
  bool is_seen[CLASSES_MAX] = {false}, are_all_named = inventory->count > 0;
  for (size_t i = 0; i < inventory->count; i++) {
    const scu__entry *entry = &inventory->entries[i];
    if (!scu__inventory_wants(inventory, entry) || is_seen[entry->sop_class]) continue;
    is_seen[entry->sop_class] = true;
    const char *uid = inventory->classes[entry->sop_class].text;
    if (scu__uid_is_valid(uid))
      add_class(classes, uid);
    else
      are_all_named = false;
  }
  return are_all_named;
}

static void add_modality(scu__get_classes *classes, const char *modality, bool is_retired) {
  for (size_t i = 0; i < scu__sop_class_count(); i++) {
    const scu__sop_class *sop_class = scu__sop_class_at(i);
    if (sop_class->is_retired == is_retired && (!modality || strcmp(sop_class->modality, modality) == 0))
      add_class(classes, sop_class->uid);
  }
}

/* Any modality may store pictures of its screen. */
static const char *const secondary_captures[] = {
    "1.2.840.10008.5.1.4.1.1.7",   "1.2.840.10008.5.1.4.1.1.7.1", "1.2.840.10008.5.1.4.1.1.7.2",
    "1.2.840.10008.5.1.4.1.1.7.3", "1.2.840.10008.5.1.4.1.1.7.4",
};

static void add_guessed_classes(scu__get_classes *classes, const scu__inventory *inventory) {
  for (size_t i = 0; i < inventory->series_count; i++)
    if (inventory->series[i].modality[0]) add_modality(classes, inventory->series[i].modality, false);
  for (size_t i = 0; i < inventory->series_count; i++)
    if (inventory->series[i].modality[0]) add_modality(classes, inventory->series[i].modality, true);
  for (size_t i = 0; i < sizeof secondary_captures / sizeof *secondary_captures; i++)
    add_class(classes, secondary_captures[i]);
  add_modality(classes, "OT", false);
  add_modality(classes, "", false); /* those that do not fix theirs */
  classes->likely = classes->count;
  add_modality(classes, NULL, false);
  add_modality(classes, NULL, true);
}

scu_result scu__get_classes_init(scu__get_classes *classes, const scu__inventory *inventory) {
  *classes = (scu__get_classes){.allocator = inventory->allocator,
                                .capacity = inventory->class_count + scu__sop_class_count(),
                                .is_only_round = inventory->count == 0};
  classes->uids = scu__alloc_array(classes->allocator, classes->capacity, sizeof *classes->uids);
  if (!classes->uids) return SCU_ERROR_MEMORY;
  bool are_all_named = add_named_classes(classes, inventory);
  classes->likely = classes->count;
  if (!are_all_named) add_guessed_classes(classes, inventory);
  return SCU_OK;
}

void scu__get_classes_free(scu__get_classes *classes) {
  scu__free(classes->allocator, classes->uids);
  *classes = (scu__get_classes){.count = 0};
}

scu_result scu__get_classes_go_on(scu__get_classes *classes, bool were_failures) {
  if (classes->is_only_round) return SCU_END;
  if (classes->phase == SCU__GET_LIKELY && classes->next >= classes->likely) {
    classes->phase = SCU__GET_ONE_SYNTAX;
    classes->next_syntax = 0;
  }
  if (classes->phase == SCU__GET_ONE_SYNTAX && (!were_failures || classes->next_syntax >= USUAL_COUNT)) {
    classes->phase = SCU__GET_OTHERS;
    classes->next = classes->likely;
  }
  if (classes->phase == SCU__GET_OTHERS && classes->next >= classes->count) classes->phase = SCU__GET_EXHAUSTED;
  return classes->phase == SCU__GET_EXHAUSTED ? SCU_END : SCU_OK;
}

/* --- contexts ----------------------------------------------------------------------------------------------------- */

static bool is_usual(const char *uid) {
  for (size_t i = 0; i < USUAL_COUNT; i++)
    if (strcmp(usual_syntaxes[i], uid) == 0) return true;
  return false;
}

static size_t list_syntaxes(const char *list[SCU__SYNTAXES_PER_CONTEXT_MAX]) {
  size_t count = USUAL_COUNT;
  memcpy(list, usual_syntaxes, sizeof usual_syntaxes);
  for (size_t i = 0; i < scu__transfer_syntax_count() && count < SCU__SYNTAXES_PER_CONTEXT_MAX; i++) {
    const scu__transfer_syntax *syntax = scu__transfer_syntax_at(i);
    if (syntax->is_for_datasets && !syntax->is_referenced && !is_usual(syntax->uid)) list[count++] = syntax->uid;
  }
  return count;
}

/* `each` contexts: one syntax each, the last one with all that are left; a single context has the native ones. */
static scu_result propose_class(scu__associate *rq, const char *uid, const char *const *syntaxes, size_t count,
                                size_t each) {
  if (each == 1) return scu__associate_add_context(rq, uid, syntaxes, 2, NULL);
  size_t alone = each < count ? each - 1 : count;
  scu_result result = SCU_OK;
  for (size_t i = 0; i < alone && result == SCU_OK; i++)
    result = scu__associate_add_context(rq, uid, &syntaxes[i], 1, NULL);
  size_t shared = count - alone < SHARED_MAX ? count - alone : SHARED_MAX;
  if (result == SCU_OK && shared > 0) result = scu__associate_add_context(rq, uid, syntaxes + alone, shared, NULL);
  return result;
}

/* The next `most` classes before `end`, sharing the room. */
static scu_result propose_batch(scu__get_classes *classes, size_t end, size_t most, bool both_roles,
                                scu__associate *rq) {
  const char *syntaxes[SCU__SYNTAXES_PER_CONTEXT_MAX];
  size_t syntax_count = list_syntaxes(syntaxes);
  size_t batch = end - classes->next < most ? end - classes->next : most;
  size_t each = batch > 0 ? (SCU__CONTEXTS_MAX - rq->context_count) / batch : 0;
  scu_result result = SCU_OK;
  for (; batch > 0 && result == SCU_OK; batch--) {
    const char *uid = classes->uids[classes->next++];
    result = propose_class(rq, uid, syntaxes, syntax_count, each);
    if (result == SCU_OK) result = scu__associate_add_role(rq, uid, both_roles, true);
  }
  return result;
}

static scu_result propose_one_syntax(scu__get_classes *classes, bool both_roles, scu__associate *rq) {
  const char *syntax = usual_syntaxes[classes->next_syntax++];
  scu_result result = SCU_OK;
  for (size_t i = 0; i < classes->likely && rq->context_count < SCU__CONTEXTS_MAX && result == SCU_OK; i++) {
    result = scu__associate_add_context(rq, classes->uids[i], &syntax, 1, NULL);
    if (result == SCU_OK) result = scu__associate_add_role(rq, classes->uids[i], both_roles, true);
  }
  return result;
}

scu_result scu__get_propose(scu__get_classes *classes, bool both_roles, scu__associate *rq) {
  size_t room = SCU__CONTEXTS_MAX - rq->context_count;
  if (classes->is_only_round) return propose_batch(classes, classes->count, room, both_roles, rq);
  switch (classes->phase) {
  case SCU__GET_LIKELY: return propose_batch(classes, classes->likely, room / ALONE_WANTED, both_roles, rq);
  case SCU__GET_ONE_SYNTAX: return propose_one_syntax(classes, both_roles, rq);
  case SCU__GET_OTHERS: return propose_batch(classes, classes->count, room / OTHERS_WANTED, both_roles, rq);
  case SCU__GET_EXHAUSTED: break;
  }
  return SCU_OK;
}

bool scu__get_fits(const scu__inventory *inventory, const scu__negotiated *negotiated) {
  if (inventory->count == 0) return false;
  for (size_t i = 0; i < inventory->count; i++) {
    const scu__entry *entry = &inventory->entries[i];
    if (!scu__inventory_wants(inventory, entry)) continue;
    if (!scu__negotiated_find(negotiated, inventory->classes[entry->sop_class].text, NULL, true)) return false;
  }
  return true;
}

bool scu__get_can_receive(const scu__negotiated *negotiated) {
  for (size_t i = 0; i < negotiated->count; i++)
    if (negotiated->contexts[i].scp_role) return true;
  return false;
}
