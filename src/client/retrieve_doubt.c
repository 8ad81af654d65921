/* What speaks against the promise of a retrieve: signs that the peer has more than its answers have listed (RULES 14,
 * 22). That answers look cut off is found while taking stock (client/answers.h). */
#include <stdarg.h>
#include <stdio.h>

#include "client/retrieve_private.h"

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
  scu__op_warn(&op->op, "%s", text);
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
    scu__retrieve_doubt(op, NULL, "the peer could not send %s, which no match has named", instance_uid);
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
