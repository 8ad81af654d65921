/* Moving dates and times from one zone to another. */
#include "archive/zone.h"

#include <stdio.h>
#include <string.h>

#include "data/moment.h"

/* The value without the spaces around it; false when there is none. */
static bool find_text(scu__record *record, scu_tag tag, const char **text, size_t *length) {
  scu_element element;
  if (!scu__record_find(record, tag, &element) || element.length == 0) return false;
  *text = (const char *)element.as.bytes;
  *length = (size_t)element.length;
  while (*length > 0 && **text == ' ') (*text)++, (*length)--;
  while (*length > 0 && (*text)[*length - 1] == ' ') (*length)--;
  return true;
}

int scu__zone_of_record(scu__record *record, int assumed) {
  const char *text;
  size_t length;
  int minutes;
  if (find_text(record, SCU__TAG_TIMEZONE, &text, &length) && scu__offset_parse(text, length, &minutes)) return minutes;
  return assumed;
}

/* Which two tags tell one moment. */
static bool find_pair(scu_tag tag, scu_tag *date, scu_tag *time) {
  *date = tag;
  *time = scu__time_of_date(tag);
  if (*time == 0) {
    *time = tag;
    *date = scu__date_of_time(tag);
  }
  return *date != 0 && *date != SCU__TAG_PATIENT_BIRTH_DATE;
}

static bool read_moment(scu__record *record, scu_tag date_tag, scu_tag time_tag, int64_t *moment) {
  const char *text;
  size_t length;
  int64_t date, time;
  if (!find_text(record, date_tag, &text, &length) || !scu__date_parse(text, length, &date)) return false;
  if (!find_text(record, time_tag, &text, &length) || !scu__time_parse(text, length, &time)) return false;
  *moment = scu__days_of_date(date) * SCU__MICROSECONDS_PER_DAY + time;
  return true;
}

bool scu__zone_adjust(scu__record *record, scu_tag tag, int to, int assumed, char text[SCU__ZONE_TEXT_MAX],
                      size_t *length) {
  scu_tag date, time;
  int64_t moment;
  int minutes = to - scu__zone_of_record(record, assumed);
  if (minutes == 0 || !find_pair(tag, &date, &time) || !read_moment(record, date, time, &moment)) return false;
  moment += minutes * SCU__MICROSECONDS_PER_MINUTE;
  int64_t days = moment / SCU__MICROSECONDS_PER_DAY, rest = moment % SCU__MICROSECONDS_PER_DAY;
  if (rest < 0) {
    rest += SCU__MICROSECONDS_PER_DAY;
    days--;
  }
  int64_t told = scu__date_of_days(days), seconds = rest / 1000000, fraction = rest % 1000000;
  /* Before the year 0 or after 9999 there is no text for it. */
  if (told < 10101 || told > 99991231) return false;
  if (tag == date)
    snprintf(text, SCU__ZONE_TEXT_MAX, "%08d", (int)told);
  else if (fraction == 0)
    snprintf(text, SCU__ZONE_TEXT_MAX, "%02d%02d%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
             (int)(seconds % 60));
  else
    snprintf(text, SCU__ZONE_TEXT_MAX, "%02d%02d%02d.%06d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
             (int)(seconds % 60), (int)fraction);
  *length = strlen(text);
  return true;
}
