/* Answers that look cut off, and the parts that a query is cut into (RULES 14). */
#include "client/drill_private.h"
#include "client/query_model.h"
#include "client/uid_list.h"

bool scu__drill_may_divide(const scu__drill *drill) {
  return drill->query->is_split || drill->is_for_all;
}

bool scu__drill_is_divisible(const scu__drill *drill) {
  bool is_one_period = drill->query->wishes[SCU_QUERY_COMBINED_DATE_TIME] == SCU_WISH_YES;
  return scu__drill_may_divide(drill) && drill->current->level == SCU_LEVEL_STUDY && !is_one_period;
}

/* A match that only a part has brought: what it is a part of was cut off, and by how many is known. */
void scu__drill_note_news(scu__drill *drill) {
  scu__answers *answers = &drill->answers;
  uint64_t whole = drill->current->whole_matches;
  if (drill->current->part.kind == SCU__PART_WHOLE) return;
  answers->news++;
  if (whole > 0 && (answers->learned_cap == 0 || whole < answers->learned_cap)) answers->learned_cap = whole;
}

/* How many the level above says there are, or the list of UIDs that was asked by; 0 = neither says it. */
static uint64_t expected_matches(const scu__drill *drill) {
  static const scu_tag counts[] = {
      [SCU_LEVEL_STUDY] = 0x00201200, [SCU_LEVEL_SERIES] = 0x00201206, [SCU_LEVEL_IMAGE] = 0x00201209};
  scu_query_level level = drill->current->level;
  int64_t count = 0;
  if (level < SCU_LEVEL_STUDY) return 0;
  const scu_element *uids = scu_dataset_find(drill->identifier, scu__query_unique_key(level));
  if (uids && scu__uid_list_count(uids) > 0) return scu__uid_list_count(uids);
  if (!drill->above) return 0;
  if (scu__dataset_tag_integer(drill->above, counts[level], &count) != SCU_OK || count < 0) return 0;
  return (uint64_t)count;
}

void scu__drill_look_at_answer(scu__drill *drill, uint16_t status) {
  scu__drill_step *s = drill->current;
  const scu__answer answer = {.level = s->level,
                              .matches = drill->answer_rows,
                              .expected = expected_matches(drill),
                              .status = status,
                              .is_divided = scu__drill_is_divisible(drill),
                              .is_part = s->part.kind != SCU__PART_WHOLE};
  if (s->part.kind != SCU__PART_WHOLE) drill->answers.parts++;
  if (answer.matches > s->matches) s->matches = answer.matches;
  scu__suspicion suspicion = scu__answers_look(&drill->answers, &answer);
  if (suspicion > s->suspicion) s->suspicion = suspicion;
  if (suspicion == SCU__SUSPECT_CUT_OFF && s->level > SCU_LEVEL_STUDY && drill->handler->doubt)
    drill->handler->doubt(drill->owner, s->known.value[SCU_LEVEL_STUDY]);
  if (scu__tells_of_a_limit(status)) s->has_told = true;
}

/* The parts of the current step; 0 = it stays as it is. */
static size_t cut(scu__drill *drill, scu__part *parts, bool *lacks_date, bool *lacks_time) {
  const scu__drill_step *s = drill->current;
  bool is_proof_wanted = drill->query->is_split && s->part.kind == SCU__PART_WHOLE && s->matches > 0;
  bool is_worth_it = s->suspicion != SCU__SUSPECT_NOT || is_proof_wanted;
  if (!scu__drill_is_divisible(drill) || !is_worth_it || drill->answers.parts >= SCU__PARTS_MAX) return 0;
  return scu__part_cut(&s->part, drill->takes_empty, parts, lacks_date, lacks_time);
}

scu_result scu__drill_divide(scu__drill *drill) {
  scu__part parts[SCU__PARTS_OF_ONE];
  scu__answers *answers = &drill->answers;
  scu__drill_step *s = drill->current;
  size_t count = cut(drill, parts, &answers->lacks_date, &answers->lacks_time);
  if (count == 0 && s->suspicion == SCU__SUSPECT_CUT_OFF) answers->unresolved++;
  if (count == 0 && s->suspicion == SCU__SUSPECT_AS_MANY) answers->unproven++;
  drill->newest = NULL;
  for (size_t i = 0; i < count; i++) {
    scu_result result = scu__drill_push_part(drill, s, &parts[i]);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

bool scu__drill_is_made_up_for(scu__drill *drill, uint16_t status) {
  scu__part parts[SCU__PARTS_OF_ONE];
  bool lacks_date = false, lacks_time = false;
  if (drill->answer_rows > 0 && scu__tells_of_a_limit(status)) return cut(drill, parts, &lacks_date, &lacks_time) > 0;
  bool is_date = drill->current->part.kind == SCU__PART_WITHOUT_DATE;
  bool is_time = drill->current->part.kind == SCU__PART_WITHOUT_TIME;
  drill->answers.lacks_date |= is_date;
  drill->answers.lacks_time |= is_time;
  return is_date || is_time;
}
