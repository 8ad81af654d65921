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

/* Where no limit is known, it may be as small as the answer of the undivided query: a part that reaches that may hold
 * more. */
static bool is_as_many(scu__answers *answers, const scu__answer *answer) {
  bool is_largest = answer->matches > 0 && answer->matches >= answers->largest;
  if (scu__tells_of_a_limit(answer->status)) answers->tells_limits = true;
  if (answer->is_divided && is_largest) answers->largest = answer->matches;
  bool may_be_limit = answers->cap == 0 && !answers->tells_limits && answer->expected != answer->matches;
  return answer->is_part && is_largest && may_be_limit;
}

scu__suspicion scu__answers_look(scu__answers *answers, const scu__answer *answer) {
  char status[16];
  const char *fault = find_fault(answers, answer, status), *level = scu_query_level_name(answer->level);
  bool has_as_many = is_as_many(answers, answer);
  if (!*fault) return has_as_many ? SCU__SUSPECT_AS_MANY : SCU__SUSPECT_NOT;
  if (answers->suspects++ == 0)
    snprintf(answers->reason, sizeof answers->reason, "%llu matches%s%s, %s", (unsigned long long)answer->matches,
             *level ? " at level " : "", level, fault);
  return SCU__SUSPECT_CUT_OFF;
}

static void describe_parts(const scu__answers *answers, char text[80]) {
  if (answers->news == 0)
    snprintf(text, 80, "asked for in %llu parts, which brought nothing more", (unsigned long long)answers->parts);
  else
    snprintf(text, 80, "asked for in %llu parts, which brought %llu more", (unsigned long long)answers->parts,
             (unsigned long long)answers->news);
}

static const char *what_is_lacking(const scu__answers *answers) {
  if (!answers->lacks_date) return "studies without Study Time, on the days that were divided,";
  return answers->lacks_time ? "studies without Study Date or Study Time" : "studies without Study Date";
}

scu_find_verdict scu__answers_verdict(const scu__answers *answers, char text[SCU__VERDICT_TEXT_MAX]) {
  char parts[80];
  bool is_lacking = answers->lacks_date || answers->lacks_time;
  describe_parts(answers, parts);
  if (answers->unresolved > 0) {
    snprintf(text, SCU__VERDICT_TEXT_MAX, "%s: %s%s", answers->news > 0 ? "cut off" : "may be cut off", answers->reason,
             answers->parts > 0 ? "; some parts cannot be divided further" : "");
    return SCU_FIND_SUSPECT;
  }
  if (answers->parts == 0) {
    snprintf(text, SCU__VERDICT_TEXT_MAX, "nothing looks cut off; nothing was counted twice");
    return SCU_FIND_UNCHECKED;
  }
  if (answers->unproven > 0) {
    snprintf(text, SCU__VERDICT_TEXT_MAX,
             "not proven: a part that cannot be divided further has as many matches as the largest answer, %llu, which "
             "may be a limit (%s; say --query-cap if it is known)",
             (unsigned long long)answers->largest, parts);
    return SCU_FIND_NOT_PROVEN;
  }
  /* An answer that looks whole, and parts that bring nothing else: it was whole, whatever is in no part. */
  if (!is_lacking || (answers->suspects == 0 && answers->news == 0)) {
    snprintf(text, SCU__VERDICT_TEXT_MAX, "complete: %s", parts);
    return SCU_FIND_COMPLETE;
  }
  snprintf(text, SCU__VERDICT_TEXT_MAX, "not proven: %s cannot be asked for (%s)", what_is_lacking(answers), parts);
  return SCU_FIND_NOT_PROVEN;
}
