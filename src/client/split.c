/* Halves of ranges of days, then of seconds. */
#include "client/split.h"

#include <stdio.h>
#include <string.h>

#include "data/dataset_values.h"

enum { TAG_STUDY_DATE = 0x00080020, TAG_STUDY_TIME = 0x00080030, LAST_SECOND = 86399, TEXT_ROOM = 48 };

/* ---- the whole ---- */

static bool has_value(const scu_dataset *keys, scu_tag tag) {
  const scu_element *key = scu_dataset_find(keys, tag);
  return key && scu_element_length(key) > 0;
}

static int64_t days_of(int64_t date) {
  return date == INT64_MIN || date == INT64_MAX ? date : scu__days_of_date(date);
}

scu__part scu__part_of_query(const scu_dataset *keys) {
  scu__part whole = {.kind = SCU__PART_WHOLE,
                     .days = {INT64_MIN, INT64_MAX},
                     .is_date_of_query = has_value(keys, TAG_STUDY_DATE),
                     .is_time_of_query = has_value(keys, TAG_STUDY_TIME)};
  char text[TEXT_ROOM];
  if (!whole.is_date_of_query) return whole;
  scu__interval dates;
  bool is_range = scu__dataset_tag_text(keys, TAG_STUDY_DATE, text, sizeof text) == SCU_OK &&
                  scu__moment_key_parse(SCU__MOMENT_DATE, text, strlen(text), 0, &dates) && dates.low <= dates.high;
  whole.are_dates_no_range = !is_range;
  if (is_range) whole.days = (scu__interval){days_of(dates.low), days_of(dates.high)};
  return whole;
}

/* ---- cutting ---- */

/* Where an open end is taken to be when a middle is looked for: near to where studies are, then as far as dates go. */
static int64_t low_end(const scu__interval *days) {
  if (days->low != INT64_MIN) return days->low;
  int64_t near_end = scu__days_of_date(18500101);
  return days->high > near_end ? near_end : scu__days_of_date(10101);
}

static int64_t high_end(const scu__interval *days) {
  if (days->high != INT64_MAX) return days->high;
  int64_t near_end = scu__days_of_date(21001231);
  return days->low < near_end ? near_end : scu__days_of_date(99991231);
}

static size_t cut_days(const scu__part *part, bool takes_empty, scu__part *parts, bool *lacks_date) {
  int64_t low = low_end(&part->days), high = high_end(&part->days);
  if (low >= high) return 0;
  int64_t middle = low + (high - low) / 2;
  size_t count = 0;
  for (int half = 0; half < 2; half++) {
    parts[count] = *part;
    parts[count].kind = SCU__PART_DAYS;
    parts[count++].days =
        half == 0 ? (scu__interval){part->days.low, middle} : (scu__interval){middle + 1, part->days.high};
  }
  bool is_one_lacking = part->kind == SCU__PART_WHOLE && !part->is_date_of_query;
  if (is_one_lacking && !takes_empty) *lacks_date = true;
  if (is_one_lacking && takes_empty) {
    parts[count] = *part;
    parts[count++].kind = SCU__PART_WITHOUT_DATE;
  }
  return count;
}

static size_t cut_seconds(const scu__part *part, bool takes_empty, scu__part *parts, bool *lacks_time) {
  bool is_day = part->kind != SCU__PART_SECONDS;
  int first = is_day ? 0 : part->first, last = is_day ? LAST_SECOND : part->last, middle = first + (last - first) / 2;
  if (first >= last) return 0;
  size_t count = 0;
  for (int half = 0; half < 2; half++) {
    parts[count] = *part;
    parts[count].kind = SCU__PART_SECONDS;
    parts[count].first = half == 0 ? first : middle + 1;
    parts[count++].last = half == 0 ? middle : last;
  }
  if (is_day && !takes_empty) *lacks_time = true;
  if (is_day && takes_empty) {
    parts[count] = *part;
    parts[count++].kind = SCU__PART_WITHOUT_TIME;
  }
  return count;
}

size_t scu__part_cut(const scu__part *part, bool takes_empty, scu__part parts[SCU__PARTS_OF_ONE], bool *lacks_date,
                     bool *lacks_time) {
  bool may_be_cut = part->kind <= SCU__PART_SECONDS && !part->are_dates_no_range;
  if (!may_be_cut) return 0;
  if (part->days.low != part->days.high) return cut_days(part, takes_empty, parts, lacks_date);
  return part->is_time_of_query ? 0 : cut_seconds(part, takes_empty, parts, lacks_time);
}

/* ---- keys ---- */

static int64_t date_of(int64_t day) {
  return day == INT64_MIN || day == INT64_MAX ? day : scu__date_of_days(day);
}

static scu_result put_days(const scu__interval *days, scu_dataset *identifier, scu_error *error) {
  char text[SCU__DATE_RANGE_MAX];
  const scu__interval dates = {date_of(days->low), date_of(days->high)};
  scu__date_range_format(&dates, text);
  return scu__dataset_set_tag_text(identifier, TAG_STUDY_DATE, text, error);
}

static void format_second(int second, char to[16]) {
  snprintf(to, 16, "%02d%02d%02d", second / 3600, second / 60 % 60, second % 60);
}

/* The first and the last have an open end, so that what is written as 24 o'clock is not lost. */
static scu_result put_seconds(int first, int last, scu_dataset *identifier, scu_error *error) {
  char text[TEXT_ROOM], low[16] = "", high[16] = "";
  if (first > 0) format_second(first, low);
  if (last < LAST_SECOND) format_second(last, high);
  snprintf(text, sizeof text, "%s-%s%s", low, high, *high ? ".999999" : "");
  return scu__dataset_set_tag_text(identifier, TAG_STUDY_TIME, text, error);
}

scu_result scu__part_put(const scu__part *part, scu_dataset *identifier, scu_error *error) {
  if (part->kind == SCU__PART_WHOLE) return SCU_OK;
  if (part->kind == SCU__PART_WITHOUT_DATE) return scu__dataset_set_tag_text(identifier, TAG_STUDY_DATE, "\"\"", error);
  scu_result result = put_days(&part->days, identifier, error);
  if (result == SCU_OK && part->kind == SCU__PART_SECONDS)
    result = put_seconds(part->first, part->last, identifier, error);
  if (result == SCU_OK && part->kind == SCU__PART_WITHOUT_TIME)
    result = scu__dataset_set_tag_text(identifier, TAG_STUDY_TIME, "\"\"", error);
  return result;
}
