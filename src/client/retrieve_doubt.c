/* What speaks against the promise of a retrieve: signs that the peer has more than its answers have listed (RULES 14,
 * 22). That answers look cut off is found while taking stock (client/answers.h). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/retrieve_private.h"

enum { TAG_INSTANCES_OF_STUDY = 0x00201208, TAG_INSTANCES_OF_SERIES = 0x00201209, DOUBTS_TOLD_MAX = 10 };

void scu__retrieve_doubt(scu__retrieve *op, scu__inventory_study *study, const char *format, ...) {
  char text[SCU__VERDICT_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (study)
    study->is_doubtful = true;
  else
    op->are_all_doubtful = true;
  if (!*op->doubt) snprintf(op->doubt, sizeof op->doubt, "%s", text);
  if (op->doubts++ < DOUBTS_TOLD_MAX) scu__op_warn(&op->op, "%s", text);
}

/* What stands in the place of a UID may be anything, a patient's name too. */
static const char *sayable(const char *uid) {
  return uid[strspn(uid, "0123456789.")] ? "(no UID)" : uid;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

void scu__retrieve_note_numbers(scu__retrieve *op, scu_query_level level, const scu_dataset *row) {
  scu_tag tag = level == SCU_LEVEL_STUDY ? TAG_INSTANCES_OF_STUDY : TAG_INSTANCES_OF_SERIES;
  char uid[SCU__UNIQUE_VALUE_MAX] = "";
  scu__inventory_study *study;
  int64_t count = 0;
  if (level < SCU_LEVEL_STUDY || level > SCU_LEVEL_SERIES || scu__dataset_tag_integer(row, tag, &count) != SCU_OK ||
      count <= 0)
    return;
  scu__dataset_tag_text(row, scu__query_unique_key(SCU_LEVEL_STUDY), uid, sizeof uid);
  if (!*uid || scu__inventory_study_of(&op->inventory, uid, &study) != SCU_OK) return;
  if (level == SCU_LEVEL_STUDY)
    study->said = (uint64_t)count;
  else
    study->said_by_series += (uint64_t)count;
}

/* A query of series level asks for some of a study's series, one of image level for what no number tells. */
static uint64_t expected_of(const scu__retrieve *op, const scu__inventory_study *study) {
  bool is_whole = op->shape.level <= SCU_LEVEL_STUDY;
  if (op->shape.level == SCU_LEVEL_IMAGE) return 0;
  return is_whole && study->said > study->said_by_series ? study->said : study->said_by_series;
}

void scu__retrieve_compare_numbers(scu__retrieve *op) {
  for (size_t i = 0; op->has_promise && i < op->inventory.study_count; i++) {
    scu__inventory_study *study = &op->inventory.studies[i];
    unsigned long long expected = expected_of(op, study), listed = study->listed;
    if (expected > listed)
      scu__retrieve_doubt(op, study, "study %s: the peer says that it has %llu instances and lists %llu",
                          sayable(study->uid.text), expected, listed);
  }
}

/* Where nothing comes here the peer's counts are all there is. What it could not send is said by them. */
void scu__retrieve_compare_sent(scu__retrieve *op) {
  uint64_t sent = op->peer_completed + op->peer_warning, said = 0;
  for (size_t i = 0; i < op->inventory.study_count; i++)
    said += op->inventory.studies[i].said + op->inventory.studies[i].said_by_series;
  if (op->query->is_raw || op->inventory.found_count == 0 || op->inventory.held_back > 0) return;
  if (sent == 0 && op->peer_failed == 0)
    scu__retrieve_doubt(op, NULL, "the peer does not say that it has sent anything of what matched");
  else if (sent > 0 && said > sent + op->peer_failed)
    scu__retrieve_doubt(op, NULL, "the peer says that it has %llu instances of what matched, and that it has sent %llu",
                        (unsigned long long)said, (unsigned long long)sent);
}

/* --- what was not listed ------------------------------------------------------------------------------------------ */

static bool has_series(const scu__inventory *inventory, const char *uid) {
  for (size_t i = 0; i < inventory->series_count; i++)
    if (strcmp(inventory->series[i].known.value[SCU_LEVEL_SERIES], uid) == 0) return true;
  return false;
}

void scu__retrieve_doubt_for_extra(scu__retrieve *op, const scu_received *received) {
  const char *uid = received->study_instance_uid, *series = received->series_instance_uid;
  scu__inventory_study *study = NULL;
  if (op->shape.level == SCU_LEVEL_IMAGE) return;
  if (*uid && (scu__inventory_study_of(&op->inventory, uid, &study) != SCU_OK || study->listed == 0)) return;
  if (op->shape.level == SCU_LEVEL_SERIES && *series && !has_series(&op->inventory, series)) return;
  if (study ? study->is_doubtful : op->are_all_doubtful) return; /* it was told */
  scu__retrieve_doubt(op, study, "%s came, which no match has named: there may be more like it",
                      sayable(received->sop_instance_uid));
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

void scu__retrieve_begin_count(scu__retrieve *op) {
  op->received_before = op->inventory.received;
  op->wanted_before = op->inventory.wanted;
  op->said_failed = op->explained = 0;
}

void scu__retrieve_take_failed(scu__retrieve *op, const char *instance_uid) {
  const scu__target *target = &op->inventory.targets[op->next_target];
  scu__inventory_failed(&op->inventory, instance_uid, SCU__FATE_FAILED, 0);
  if (!op->has_promise || scu__inventory_is_missing(&op->inventory, instance_uid)) return;
  op->explained++;
  if (scu__inventory_has(&op->inventory, instance_uid)) return;
  scu_result result = scu__inventory_add_unlisted(&op->inventory, &target->known, instance_uid);
  if (result != SCU_OK)
    scu__retrieve_doubt(op, NULL, "the peer could not send %s, which no match has named", sayable(instance_uid));
}

/* Of those that were to come in this round. More failures than these are about something that nobody knows of. */
void scu__retrieve_check_failures(scu__retrieve *op) {
  if (!op->has_promise || op->said_failed <= op->explained) return;
  uint64_t failed = op->said_failed - op->explained, asked = op->wanted_before;
  uint64_t here = op->inventory.received > op->received_before ? op->inventory.received - op->received_before : 0;
  uint64_t missing = asked > here ? asked - here : 0;
  op->said_failed = op->explained = 0;
  if (failed > missing)
    scu__retrieve_doubt(op, NULL,
                        "the peer could not send %llu instances, of which %llu are among those that it has listed",
                        (unsigned long long)failed, (unsigned long long)missing);
}
