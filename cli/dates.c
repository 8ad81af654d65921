/* Date keys. Only what is unambiguous is taken: a day is YYYYMMDD or YYYY-MM-DD, a month YYYY-MM, a year YYYY. */
#include "dates.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

date date_today(void) {
  time_t now = time(NULL);
  struct tm local;
  date today = {1970, 1, 1};
  if (localtime_r(&now, &local)) today = (date){local.tm_year + 1900, local.tm_mon + 1, local.tm_mday};
  return today;
}

/* Years begin in March here, so that the leap day is the last of its year. */
long date_to_days(date of) {
  long year = of.month <= 2 ? of.year - 1 : of.year;
  long era = (year >= 0 ? year : year - 399) / 400;
  long year_of_era = year - era * 400;
  long day_of_year = (153 * (of.month + (of.month > 2 ? -3 : 9)) + 2) / 5 + of.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

date date_from_days(long days) {
  days += 719468;
  long era = (days >= 0 ? days : days - 146096) / 146097;
  long day_of_era = days - era * 146097;
  long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  long month = (5 * day_of_year + 2) / 153;
  date made = {.year = (int)(year_of_era + era * 400), .day = (int)(day_of_year - (153 * month + 2) / 5 + 1)};
  made.month = (int)(month < 10 ? month + 3 : month - 9);
  if (made.month <= 2) made.year++;
  return made;
}

static bool read_digits(const char *text, size_t count, int *value) {
  *value = 0;
  for (size_t i = 0; i < count; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    *value = *value * 10 + (text[i] - '0');
  }
  return true;
}

static bool is_date(date of) {
  if (of.month < 1 || of.month > 12 || of.day < 1 || of.day > 31) return false;
  date same = date_from_days(date_to_days(of));
  return same.month == of.month && same.day == of.day;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* What one date stands for: a day, or the days of a month or year. */
typedef struct span {
  date first, last;
} span;

static date last_of_month(int year, int month) {
  date next = month == 12 ? (date){year + 1, 1, 1} : (date){year, month + 1, 1};
  return date_from_days(date_to_days(next) - 1);
}

static size_t read_day(const char *text, span *found) {
  size_t length = strlen(text), dash = length > 4 && text[4] == '-';
  date day;
  if (length < 8 + 2 * dash || (dash && text[7] != '-') || is_digit(text[8 + 2 * dash])) return 0;
  if (!read_digits(text, 4, &day.year) || !read_digits(text + 4 + dash, 2, &day.month) ||
      !read_digits(text + 6 + 2 * dash, 2, &day.day) || !is_date(day))
    return 0;
  *found = (span){day, day};
  return 8 + 2 * dash;
}

/* "2019-03"; in "2019-2020" the years are the ends of a range. */
static size_t read_month(const char *text, span *found) {
  date day = {.day = 1};
  if (strlen(text) < 7 || text[4] != '-' || is_digit(text[7])) return 0;
  if (!read_digits(text, 4, &day.year) || !read_digits(text + 5, 2, &day.month) || !is_date(day)) return 0;
  *found = (span){day, last_of_month(day.year, day.month)};
  return 7;
}

static size_t read_year(const char *text, span *found) {
  int year;
  if (strlen(text) < 4 || is_digit(text[4]) || !read_digits(text, 4, &year)) return 0;
  *found = (span){{year, 1, 1}, {year, 12, 31}};
  return 4;
}

/* One date at the start of the text. Returns the characters it takes, 0 for none. */
static size_t read_date(const char *text, date today, span *found) {
  static const struct {
    const char *word;
    long offset;
  } words[] = {{"today", 0}, {"yesterday", -1}};
  for (size_t i = 0; i < 2; i++) {
    size_t length = strlen(words[i].word);
    if (strncmp(text, words[i].word, length) != 0) continue;
    date day = date_from_days(date_to_days(today) + words[i].offset);
    *found = (span){day, day};
    return length;
  }
  size_t length = read_day(text, found);
  if (length == 0) length = read_month(text, found);
  return length > 0 ? length : read_year(text, found);
}

/* "-7d", "-2w": days back, or -1. */
static long read_days_back(const char *text) {
  long count = 0;
  const char *p = text + 1;
  if (*text != '-' || *p < '0' || *p > '9') return -1;
  for (; *p >= '0' && *p <= '9'; p++) {
    count = count * 10 + (*p - '0');
    if (count > 100000) return -1;
  }
  if (strcmp(p, "d") == 0) return count;
  return strcmp(p, "w") == 0 ? count * 7 : -1;
}

static void put_date(date of, char to[16]) {
  snprintf(to, 16, "%04d%02d%02d", of.year % 10000, of.month % 100, of.day % 100);
}

bool date_value(const char *value, date today, char *to, size_t room) {
  char first[16] = "", last[16] = "";
  span from, until;
  if (*value == 0 || strcmp(value, "*") == 0) {
    snprintf(to, room, "%s", value);
    return true;
  }
  long days_back = read_days_back(value);
  if (days_back >= 0) {
    put_date(date_from_days(date_to_days(today) - days_back), first);
    put_date(today, last);
    snprintf(to, room, "%s-%s", first, last);
    return true;
  }
  size_t length = read_date(value, today, &from);
  if (length > 0) put_date(from.first, first);
  value += length;
  bool is_range = *value == '-';
  if (is_range) {
    value++;
    size_t more = read_date(value, today, &until);
    if (more > 0) put_date(until.last, last);
    value += more;
  } else if (length > 0) { /* a month or a year is a range of its own */
    put_date(from.last, last);
    is_range = strcmp(first, last) != 0;
  }
  if (*value != 0 || (*first == 0 && *last == 0)) return false;
  snprintf(to, room, is_range ? "%s-%s" : "%s", first, last);
  return true;
}
