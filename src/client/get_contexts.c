/* Contexts for C-GET. A syntax that stands alone in its context cannot be passed over for another: that keeps archives
 * from converting what they could send as it is. Where contexts run short the syntaxes share them. */
#include "client/get_contexts.h"

#include <string.h>

#include "base/limits.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"

#define COMPRESSED(x) "1.2.840.10008.1.2.4." #x

static const char *const native[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE};
/* Each alone, as far as there is room. */
static const char *const others[] = {
  COMPRESSED(70), COMPRESSED(57), COMPRESSED(50), COMPRESSED(51), COMPRESSED(80),
  COMPRESSED(81), COMPRESSED(90), COMPRESSED(91), SCU__UID_RLE,
  COMPRESSED(201), COMPRESSED(202), COMPRESSED(203), SCU__UID_DEFLATED_EXPLICIT_LE, SCU__UID_EXPLICIT_BE,
  COMPRESSED(100), COMPRESSED(102), COMPRESSED(107),
};
enum { NATIVE_COUNT = 2, OTHER_COUNT = sizeof others / sizeof *others };

typedef struct class_list {
  const char *uids[SCU__CONTEXTS_MAX];
  size_t count;
} class_list;

static void list_missing_classes(const scu__inventory *inventory, class_list *list) {
  bool is_missing[1024] = {false};
  for (size_t i = 0; i < inventory->count; i++)
    if (!inventory->entries[i].is_received) is_missing[inventory->entries[i].sop_class % 1024] = true;
  for (size_t i = 0; i < inventory->class_count && list->count < SCU__CONTEXTS_MAX; i++)
    if (is_missing[i] && scu__uid_is_valid(inventory->classes[i].text))
      list->uids[list->count++] = inventory->classes[i].text;
}

/* Nothing known, or a peer whose answers do not name classes. */
static void list_standard_classes(class_list *list, size_t room) {
  for (size_t i = 0; i < scu__sop_class_count() && list->count < room; i++) {
    const scu__sop_class *sop_class = scu__sop_class_at(i);
    if (!sop_class->is_retired) list->uids[list->count++] = sop_class->uid;
  }
}

static scu_result propose_class(scu__associate *rq, const char *uid, size_t contexts_each) {
  const char *all[NATIVE_COUNT + OTHER_COUNT];
  memcpy(all, native, sizeof native);
  memcpy(all + NATIVE_COUNT, others, sizeof others);
  if (contexts_each == 1) return scu__associate_add_context(rq, uid, all, NATIVE_COUNT + OTHER_COUNT, NULL);
  scu_result result = scu__associate_add_context(rq, uid, native, NATIVE_COUNT, NULL);
  if (contexts_each < 1 + OTHER_COUNT && result == SCU_OK)
    return scu__associate_add_context(rq, uid, others, OTHER_COUNT, NULL);
  for (size_t i = 0; i < OTHER_COUNT && result == SCU_OK; i++)
    result = scu__associate_add_context(rq, uid, &others[i], 1, NULL);
  return result;
}

scu_result scu__get_propose(const scu__inventory *inventory, scu__associate *rq) {
  size_t room = SCU__CONTEXTS_MAX - rq->context_count;
  class_list list = {.count = 0};
  list_missing_classes(inventory, &list);
  if (list.count == 0) list_standard_classes(&list, room);
  if (list.count > room) list.count = room; /* the rest in another round */
  size_t each = room / list.count;
  if (each > 1 && each < 1 + OTHER_COUNT) each = 2;
  scu_result result = SCU_OK;
  for (size_t i = 0; i < list.count && result == SCU_OK; i++) {
    result = propose_class(rq, list.uids[i], each);
    if (result == SCU_OK) result = scu__associate_add_role(rq, list.uids[i], false, true);
  }
  return result;
}

bool scu__get_fits(const scu__inventory *inventory, const scu__negotiated *negotiated) {
  if (inventory->count == 0) return false;
  class_list list = {.count = 0};
  list_missing_classes(inventory, &list);
  for (size_t i = 0; i < list.count; i++)
    if (!scu__negotiated_find(negotiated, list.uids[i], NULL, true)) return false;
  return list.count > 0;
}

bool scu__get_can_receive(const scu__negotiated *negotiated) {
  for (size_t i = 0; i < negotiated->count; i++)
    if (negotiated->contexts[i].scp_role) return true;
  return false;
}
