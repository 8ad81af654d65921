/* Lists, times across midnight, and dates with times, one alternative of each at a time. */
#include "client/query_variants.h"

#include <stdio.h>
#include <string.h>

#include "client/uid_list.h"
#include "data/dataset_values.h"
#include "data/moment.h"
#include "service/key_attribute.h"

enum { VALUE_ROOM = 1024, TIME_ROOM = 24, LAST_DATE = 99991231 };

/* Where the number of a variant is taken apart, like digits of changing base. */
typedef struct choice {
  size_t index, count;
  size_t uid_count; /* the part of count that comes from lists of UIDs */
  scu_error *error;
} choice;

static scu_result choose(choice *c, size_t alternatives, size_t *chosen) {
  *chosen = c->index % alternatives;
  c->index /= alternatives;
  c->count *= alternatives;
  if (c->count / c->uid_count <= SCU__VARIANTS_MAX) return SCU_OK;
  scu__error_set(c->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the lists of values come to more than %d queries",
                 SCU__VARIANTS_MAX);
  scu__error_hint(c->error, "only UIDs are asked for in one query; narrow the other lists");
  return SCU_ERROR_USAGE;
}

/* ---- date and time as one range ---- */

/* "begin-end" as two texts; false when the key is no range with at least one end. */
static bool read_range(const scu_dataset *level, scu_tag tag, scu__moment_kind kind, char begin[TIME_ROOM],
                       char end[TIME_ROOM], scu__interval *interval) {
  char text[2 * TIME_ROOM];
  if (scu__dataset_tag_text(level, tag, text, sizeof text) != SCU_OK) return false;
  const char *hyphen = strchr(text, '-');
  size_t length = strlen(text);
  if (!hyphen || !scu__moment_key_parse(kind, text, length, 0, interval)) return false;
  size_t before = (size_t)(hyphen - text), behind = length - before - 1;
  if (before >= TIME_ROOM || behind >= TIME_ROOM) return false;
  memcpy(begin, text, before);
  begin[before] = 0;
  memcpy(end, hyphen + 1, behind + 1);
  return true;
}

/* A range of days and one of times. */
typedef struct span {
  scu__interval days;
  char begin[TIME_ROOM], end[TIME_ROOM]; /* times; "" = open */
} span;

static bool read_span(const scu_dataset *level, size_t pair, span *s) {
  char first[TIME_ROOM], last[TIME_ROOM];
  scu__interval times;
  return read_range(level, scu__moment_pairs[pair].date, SCU__MOMENT_DATE, first, last, &s->days) &&
         s->days.low < s->days.high &&
         read_range(level, scu__moment_pairs[pair].time, SCU__MOMENT_TIME, s->begin, s->end, &times);
}

typedef struct part {
  char days[SCU__DATE_RANGE_MAX], times[TIME_ROOM + 1]; /* times "" = the whole day */
} part;

/* The first day from its time on, whole days, the last day until its time. */
static size_t cut_span(const span *s, part parts[3]) {
  size_t count = 0;
  scu__interval between = s->days;
  if (s->days.low != INT64_MIN && s->begin[0]) {
    scu__date_range_format(&(scu__interval){s->days.low, s->days.low}, parts[count].days);
    snprintf(parts[count++].times, sizeof parts->times, "%s-", s->begin);
    between.low = scu__date_of_days(scu__days_of_date(s->days.low) + 1);
  }
  bool has_last = s->days.high != INT64_MAX && s->end[0];
  if (has_last) between.high = scu__date_of_days(scu__days_of_date(s->days.high) - 1);
  if (between.low <= between.high && between.low <= LAST_DATE) {
    scu__date_range_format(&between, parts[count].days);
    parts[count++].times[0] = 0;
  }
  if (has_last) {
    scu__date_range_format(&(scu__interval){s->days.high, s->days.high}, parts[count].days);
    snprintf(parts[count++].times, sizeof parts->times, "-%s", s->end);
  }
  return count;
}

static scu_result choose_part(choice *c, scu_dataset *level, size_t pair, const span *s) {
  part parts[3];
  size_t chosen, count = cut_span(s, parts);
  scu_result result = choose(c, count, &chosen);
  if (result == SCU_OK)
    result = scu__dataset_set_tag_text(level, scu__moment_pairs[pair].date, parts[chosen].days, c->error);
  if (result == SCU_OK)
    result = scu__dataset_set_tag_text(level, scu__moment_pairs[pair].time, parts[chosen].times, c->error);
  return result;
}

/* Who takes date and time of this pair together: nobody, the provider, or we. */
typedef enum joint { JOINT_NOT, JOINT_THERE, JOINT_HERE } joint;

static joint joint_of(const scu__variant_rules *rules, scu_tag date) {
  bool is_scheduled_start = date == 0x00400002;
  if (rules->is_combined_agreed || (rules->is_worklist && is_scheduled_start)) return JOINT_THERE;
  return rules->is_combined_wanted ? JOINT_HERE : JOINT_NOT;
}

/* Cuts what is to be cut here. *settled: bit i = the times of pair i are no business of their own. */
static scu_result settle_pairs(choice *c, const scu__variant_rules *rules, scu_dataset *level, unsigned *settled) {
  *settled = 0;
  for (size_t i = 0; i < SCU__MOMENT_PAIRS; i++) {
    joint where = joint_of(rules, scu__moment_pairs[i].date);
    span s;
    if (where == JOINT_NOT || !read_span(level, i, &s)) continue;
    *settled |= 1u << i;
    if (where == JOINT_THERE) continue;
    scu_result result = choose_part(c, level, i, &s);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

static bool is_settled(unsigned settled, scu_tag tag) {
  for (size_t i = 0; i < SCU__MOMENT_PAIRS; i++)
    if (settled & 1u << i && (scu__moment_pairs[i].date == tag || scu__moment_pairs[i].time == tag)) return true;
  return false;
}

/* ---- lists, and times across midnight ---- */

/* Counts alternatives, and keeps the wanted one. */
typedef struct pick {
  size_t wanted, count;
  bool is_too_long;
  char text[VALUE_ROOM];
} pick;

static void offer(pick *p, const char *before, const char *text, size_t length, const char *behind) {
  if (p->count++ != p->wanted) return;
  p->is_too_long = length + 2 >= sizeof p->text;
  if (!p->is_too_long) snprintf(p->text, sizeof p->text, "%s%.*s%s", before, (int)length, text, behind);
}

/* "2200-0600" is "2200-" or "-0600". */
static bool offer_night(pick *p, const char *text, size_t length) {
  scu__interval times;
  const char *hyphen = memchr(text, '-', length);
  if (!hyphen || !scu__moment_key_parse(SCU__MOMENT_TIME, text, length, 0, &times) || times.low <= times.high)
    return false;
  size_t before = (size_t)(hyphen - text);
  offer(p, "", text, before, "-");
  offer(p, "-", hyphen + 1, length - before - 1, "");
  return true;
}

/* What a key with several values, or with a range across midnight, comes to; an empty value among others restricts
 * nothing and is passed over. */
static scu_result look_at(const scu_dataset *level, const scu_element *key, pick *p) {
  scu__values values;
  const char *text;
  size_t length;
  p->count = 0;
  scu_result result = scu__values_open(&values, level, key);
  if (result == SCU_ERROR_MEMORY) return result;
  if (result != SCU_OK || !values.info->is_text || !values.info->may_be_multi) return SCU_OK;
  while (scu__values_next(&values, &text, &length)) {
    if (length == 0 || (key->vr == SCU_VR_TM && offer_night(p, text, length))) continue;
    offer(p, "", text, length, "");
  }
  return SCU_OK;
}

static scu_result choose_value(choice *c, scu_dataset *level, const scu_element *key) {
  pick p = {.wanted = SIZE_MAX};
  size_t chosen;
  scu_result result = look_at(level, key, &p);
  if (result != SCU_OK) return scu__error_memory(c->error, SCU_PHASE_REQUEST);
  if (p.count <= 1) return SCU_OK;
  result = choose(c, p.count, &chosen);
  if (result != SCU_OK) return result;
  p.wanted = chosen;
  if (look_at(level, key, &p) != SCU_OK) return scu__error_memory(c->error, SCU_PHASE_REQUEST);
  if (!p.is_too_long) return scu__dataset_set_tag_text(level, key->tag, p.text, c->error);
  return scu__error_set(c->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "a value of a list is longer than %d bytes",
                        VALUE_ROOM);
}

/* As many UIDs at once as the peer takes. */
static scu_result choose_uids(choice *c, size_t most, scu_dataset *level, const scu_element *key) {
  size_t uids = scu__uid_list_count(key), chosen, length;
  if (most == 0 || uids <= most) return SCU_OK;
  size_t parts = (uids + most - 1) / most;
  if (parts > SCU__VARIANTS_OF_UIDS_MAX / c->uid_count)
    return scu__error_set(c->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the lists of UIDs come to more than %d queries",
                          SCU__VARIANTS_OF_UIDS_MAX);
  c->uid_count *= parts;
  scu_result result = choose(c, parts, &chosen);
  if (result != SCU_OK) return result;
  const uint8_t *bytes = scu__uid_list_part(key, chosen * most, most, &length);
  return scu__dataset_set_bytes(level, key->tag, SCU_VR_UI, bytes, length, c->error);
}

static bool may_be_cut(const scu__variant_rules *rules, const scu_dataset *level, const scu_element *key) {
  if (key->content != SCU__CONTENT_VALUE || key->length == 0 || scu__attribute_is_control(key->tag)) return false;
  return !rules->are_lists_whole || (key->vr == SCU_VR_TM && scu_element_value_count(level, key) == 1);
}

static scu_result settle_level(choice *c, const scu__variant_rules *rules, scu_dataset *level) {
  unsigned settled;
  scu_result result = settle_pairs(c, rules, level, &settled);
  for (size_t i = 0; result == SCU_OK && i < level->count; i++) {
    const scu_element *key = &level->elements[i];
    if (is_settled(settled, key->tag) || !may_be_cut(rules, level, key)) continue;
    result = key->vr == SCU_VR_UI ? choose_uids(c, rules->uids_max, level, key) : choose_value(c, level, key);
  }
  return result;
}

scu_result scu__query_variant(scu_dataset *identifier, const scu__variant_rules *rules, size_t index, size_t *count,
                              scu_error *error) {
  choice c = {.index = index, .count = 1, .uid_count = 1, .error = error};
  scu_result result = SCU_OK;
  scu__walk walk;
  scu__walk_start(&walk, identifier);
  for (const scu_dataset *at; result == SCU_OK && (at = scu__walk_next(&walk)) != NULL;)
    result = settle_level(&c, rules, (scu_dataset *)at);
  *count = c.count;
  return result;
}
