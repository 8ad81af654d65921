/* DA TM DT by meaning. */
#include "data/moment.h"

#include <stdio.h>

enum { OFFSET_MAX_HHMM = 1400 };

/* ---- digits ---- */

/* Exactly `count` digits; moves on. */
static bool take_digits(const char **at, const char *end, unsigned count, int64_t *value) {
  if ((size_t)(end - *at) < count) return false;
  *value = 0;
  for (unsigned i = 0; i < count; i++) {
    char c = (*at)[i];
    if (c < '0' || c > '9') return false;
    *value = *value * 10 + (c - '0');
  }
  *at += count;
  return true;
}

static bool take_character(const char **at, const char *end, char wanted) {
  if (*at == end || **at != wanted) return false;
  (*at)++;
  return true;
}

static bool is_digit_next(const char *at, const char *end) {
  return at < end && *at >= '0' && *at <= '9';
}

/* ".F" to ".FFFFFF"; *step is the length of the time that the last digit names. */
static bool take_fraction(const char **at, const char *end, int64_t *microseconds, int64_t *step) {
  *microseconds = 0;
  *step = 1000000;
  for (unsigned digits = 0; is_digit_next(*at, end); digits++) {
    if (digits == 6) return false;
    *step /= 10;
    *microseconds += *step * (**at - '0');
    (*at)++;
  }
  return *step < 1000000;
}

/* ---- calendar ---- */

static bool is_leap_year(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month) {
  static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap_year(year));
}

static bool is_date(int64_t year, int64_t month, int64_t day) {
  return month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

/* The year begins in March, so that the leap day is its last; 400 years have 146097 days. */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
  if (month <= 2) year--;
  int64_t since_march = (month + 9) % 12;
  /* Year -1 (January and February of year 0) would divide wrongly: one cycle is added and taken away. */
  int64_t shifted = year + 400;
  return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (153 * since_march + 2) / 5 + day - 1 - 146097;
}

int64_t scu__days_of_date(int64_t date) {
  return days_of(date / 10000, date / 100 % 100, date % 100);
}

int64_t scu__date_of_days(int64_t days) {
  int64_t shifted = days + 146097, cycle = shifted / 146097, of_cycle = shifted % 146097;
  int64_t of_years = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
  int64_t of_year = of_cycle - (365 * of_years + of_years / 4 - of_years / 100);
  int64_t since_march = (5 * of_year + 2) / 153, day = of_year - (153 * since_march + 2) / 5 + 1;
  int64_t month = since_march < 10 ? since_march + 3 : since_march - 9;
  int64_t year = of_years + cycle * 400 - 400 + (month <= 2);
  return year * 10000 + month * 100 + day;
}

void scu__date_range_format(const scu__interval *dates, char to[SCU__DATE_RANGE_MAX]) {
  char low[9] = "", high[9] = "";
  if (dates->low != INT64_MIN) snprintf(low, sizeof low, "%08u", (unsigned)dates->low % 100000000);
  if (dates->high != INT64_MAX) snprintf(high, sizeof high, "%08u", (unsigned)dates->high % 100000000);
  snprintf(to, SCU__DATE_RANGE_MAX, dates->low == dates->high ? "%s" : "%s-%s", low, high);
}

/* ---- DA and TM ---- */

static bool take_date(const char **at, const char *end, int64_t *date) {
  int64_t year, month, day;
  if (!take_digits(at, end, 4, &year)) return false;
  bool is_old_form = take_character(at, end, '.');
  if (!take_digits(at, end, 2, &month)) return false;
  if (is_old_form && !take_character(at, end, '.')) return false;
  if (!take_digits(at, end, 2, &day)) return false;
  *date = year * 10000 + month * 100 + day;
  return is_date(year, month, day);
}

bool scu__date_parse(const char *text, size_t length, int64_t *date) {
  const char *end = text + length;
  return take_date(&text, end, date) && text == end;
}

/* One more component of a time, when there is one. */
static bool take_component(const char **at, const char *end, bool has_colons, int64_t max, int64_t *value) {
  *value = 0;
  if (*at == end) return true;
  if (has_colons && !take_character(at, end, ':')) return false;
  return take_digits(at, end, 2, value) && *value <= max;
}

bool scu__time_parse(const char *text, size_t length, int64_t *time) {
  const char *at = text, *end = text + length;
  int64_t hours, minutes, seconds, fraction = 0, step;
  if (!take_digits(&at, end, 2, &hours) || hours > 23) return false;
  bool has_colons = at < end && *at == ':';
  if (!take_component(&at, end, has_colons, 59, &minutes)) return false;
  const char *before_seconds = at;
  /* 60 is a leap second. */
  if (!take_component(&at, end, has_colons, 60, &seconds)) return false;
  if (at > before_seconds && take_character(&at, end, '.') && !take_fraction(&at, end, &fraction, &step)) return false;
  *time = ((hours * 60 + minutes) * 60 + seconds) * 1000000 + fraction;
  return at == end;
}

/* ---- DT ---- */

bool scu__offset_parse(const char *text, size_t length, int *minutes) {
  const char *at = text + 1, *end = text + length;
  int64_t hhmm;
  if (length != 5 || (*text != '+' && *text != '-') || !take_digits(&at, end, 4, &hhmm)) return false;
  if (hhmm > OFFSET_MAX_HHMM || hhmm % 100 > 59) return false;
  *minutes = (int)(hhmm / 100 * 60 + hhmm % 100) * (*text == '-' ? -1 : 1);
  return true;
}

/* "&ZZXX" if it is one: after a hyphen four digits that could only be a year before 1401 are an offset. */
static bool take_offset(const char **at, const char *end, int *minutes) {
  if (end - *at < 5 || (end - *at > 5 && is_digit_next(*at + 5, end)) || !scu__offset_parse(*at, 5, minutes))
    return false;
  *at += 5;
  return true;
}

typedef struct date_time {
  int64_t year, month, day, hours, minutes, seconds, fraction;
  int64_t step; /* microseconds from the start of what the last component names to its end; 0 = years, months, days */
} date_time;

/* Components as far as they are there; those missing keep their lowest value. */
static bool take_components(const char **at, const char *end, date_time *t) {
  *t = (date_time){.month = 1, .day = 1};
  if (!take_digits(at, end, 4, &t->year)) return false;
  if (!is_digit_next(*at, end)) return true;
  if (!take_digits(at, end, 2, &t->month) || t->month < 1 || t->month > 12) return false;
  if (!is_digit_next(*at, end)) return true;
  if (!take_digits(at, end, 2, &t->day) || !is_date(t->year, t->month, t->day)) return false;
  if (!is_digit_next(*at, end)) return true;
  t->step = INT64_C(3600) * 1000000;
  if (!take_digits(at, end, 2, &t->hours) || t->hours > 23) return false;
  if (!is_digit_next(*at, end)) return true;
  t->step = INT64_C(60) * 1000000;
  if (!take_digits(at, end, 2, &t->minutes) || t->minutes > 59) return false;
  if (!is_digit_next(*at, end)) return true;
  t->step = 1000000;
  if (!take_digits(at, end, 2, &t->seconds) || t->seconds > 60) return false;
  return !take_character(at, end, '.') || take_fraction(at, end, &t->fraction, &t->step);
}

/* The first moment after what a date of `digits` (4, 6 or 8) names. */
static int64_t day_after(const date_time *t, size_t digits) {
  if (digits == 4) return days_of(t->year + 1, 1, 1);
  if (digits == 6) return t->month == 12 ? days_of(t->year + 1, 1, 1) : days_of(t->year, t->month + 1, 1);
  return days_of(t->year, t->month, t->day) + 1;
}

static bool take_date_time(const char **at, const char *end, int assumed_offset, scu__interval *covered) {
  date_time t;
  const char *start = *at;
  if (!take_components(at, end, &t)) return false;
  size_t digits = (size_t)(*at - start);
  covered->low = days_of(t.year, t.month, t.day) * SCU__MICROSECONDS_PER_DAY +
                 ((t.hours * 60 + t.minutes) * 60 + t.seconds) * 1000000 + t.fraction;
  covered->high = (t.step > 0 ? covered->low + t.step : day_after(&t, digits) * SCU__MICROSECONDS_PER_DAY) - 1;
  int offset = assumed_offset;
  take_offset(at, end, &offset);
  covered->low -= offset * SCU__MICROSECONDS_PER_MINUTE;
  covered->high -= offset * SCU__MICROSECONDS_PER_MINUTE;
  return true;
}

bool scu__date_time_parse(const char *text, size_t length, int assumed_offset, scu__interval *covered) {
  const char *end = text + length;
  return take_date_time(&text, end, assumed_offset, covered) && text == end;
}

/* ---- values and ranges ---- */

bool scu__moment_value_parse(scu__moment_kind kind, const char *text, size_t length, int assumed_offset,
                             scu__interval *interval) {
  if (kind == SCU__MOMENT_DATE_TIME) return scu__date_time_parse(text, length, assumed_offset, interval);
  bool is_good = kind == SCU__MOMENT_DATE ? scu__date_parse(text, length, &interval->low)
                                          : scu__time_parse(text, length, &interval->low);
  interval->high = interval->low;
  return is_good;
}

/* Where the hyphen of a range stands: the first one that belongs to no offset; NULL when there is none. */
static const char *range_hyphen(scu__moment_kind kind, const char *text, const char *end) {
  for (const char *at = text; at < end; at++) {
    int minutes;
    if (*at != '-') continue;
    const char *behind = at;
    if (kind != SCU__MOMENT_DATE_TIME || at == text || !take_offset(&behind, end, &minutes)) return at;
  }
  return NULL;
}

static void trim(const char **text, const char **end) {
  while (*text < *end && **text == ' ') (*text)++;
  while (*text < *end && (*end)[-1] == ' ') (*end)--;
}

bool scu__moment_key_parse(scu__moment_kind kind, const char *text, size_t length, int assumed_offset,
                           scu__interval *interval) {
  const char *end = text + length, *hyphen = range_hyphen(kind, text, end);
  if (!hyphen) return scu__moment_value_parse(kind, text, length, assumed_offset, interval);
  const char *low_end = hyphen, *high = hyphen + 1;
  scu__interval part;
  trim(&text, &low_end);
  trim(&high, &end);
  *interval = (scu__interval){INT64_MIN, INT64_MAX};
  if (text == low_end && high == end) return false;
  if (text < low_end) {
    if (!scu__moment_value_parse(kind, text, (size_t)(low_end - text), assumed_offset, &part)) return false;
    interval->low = part.low;
  }
  if (high < end) {
    if (!scu__moment_value_parse(kind, high, (size_t)(end - high), assumed_offset, &part)) return false;
    interval->high = part.high;
  }
  return true;
}
