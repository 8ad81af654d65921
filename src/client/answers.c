/* Suspicions, and what becomes of them. */
#include "client/answers.h"

#include <stdio.h>

#include "dimse/status.h"

/* 100, 200, 250, 500, 1000, ...: what people set as limits. */
static bool is_round(uint64_t count) {
  if (count < 100) return false;
  while (count >= 1000 && count % 10 == 0) count /= 10;
  return count == 100 || count == 200 || count == 250 || count == 500;
}

bool scu__tells_of_a_limit(uint16_t status) {
  return status == SCU__STATUS_OUT_OF_RESOURCES || status == SCU__STATUS_RESPONSE_LIMIT ||
         status == SCU__STATUS_CANCELLED;
}

/* "" = nothing is wrong with it. A count that the level above has told, too, is no limit; neither is a round number
 * where the limit is known. */
static const char *find_fault(const scu__answers *answers, const scu__answer *answer, char status[16]) {
  uint64_t count = answer->matches;
  snprintf(status, 16, "status %04X", (unsigned)answer->status);
  if (count == 0) return "";
  if (scu__tells_of_a_limit(answer->status)) return status;
  if (answer->expected == count) return "";
  if (answers->learned_cap > 0 && count >= answers->learned_cap) return "as many as in one that was cut off";
  if (answers->cap > 0) return count >= answers->cap ? "as many as the peer gives at most (query-cap)" : "";
  return is_round(count) ? "a round number" : "";
}

bool scu__answers_look(scu__answers *answers, const scu__answer *answer) {
  char status[16];
  const char *fault = find_fault(answers, answer, status), *level = scu_query_level_name(answer->level);
  if (!*fault) return false;
  if (answers->suspects++ == 0)
    snprintf(answers->reason, sizeof answers->reason, "%llu matches%s%s, %s", (unsigned long long)answer->matches,
             *level ? " at level " : "", level, fault);
  return true;
}

static const char *what_is_lacking(const scu__answers *answers) {
  if (!answers->lacks_date) return "studies without Study Time, on the days that were divided,";
  return answers->lacks_time ? "studies without Study Date or Study Time" : "studies without Study Date";
}

scu_find_verdict scu__answers_verdict(const scu__answers *answers, char text[SCU__VERDICT_TEXT_MAX]) {
  bool is_lacking = answers->lacks_date || answers->lacks_time;
  unsigned long long parts = answers->parts, news = answers->news;
  if (answers->unresolved > 0) {
    snprintf(text, SCU__VERDICT_TEXT_MAX, "%s: %s%s", news > 0 ? "cut off" : "may be cut off", answers->reason,
             parts > 0 ? "; some parts cannot be divided further" : "");
    return SCU_FIND_SUSPECT;
  }
  if (parts == 0) {
    snprintf(text, SCU__VERDICT_TEXT_MAX, "nothing looks cut off; nothing was counted twice");
    return SCU_FIND_UNCHECKED;
  }
  /* An answer that looks whole, and parts that bring nothing else: it was whole, whatever is in no part. */
  bool is_proven = !is_lacking || (answers->suspects == 0 && news == 0);
  if (is_proven) {
    snprintf(text, SCU__VERDICT_TEXT_MAX, "complete: %llu parts brought %llu matches that the undivided query had not",
             parts, news);
    return SCU_FIND_COMPLETE;
  }
  snprintf(text, SCU__VERDICT_TEXT_MAX,
           "not proven: %s cannot be asked for (%llu parts brought %llu matches that the undivided query had not)",
           what_is_lacking(answers), parts, news);
  return SCU_FIND_NOT_PROVEN;
}
