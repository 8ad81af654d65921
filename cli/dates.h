/* Dates as people type them in keys: 20240101, 2024-01-31, 2024-01, 2024, today, yesterday, -7d, and ranges. */
#ifndef SCU_CLI_DATES_H
#define SCU_CLI_DATES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct date {
  int year, month, day;
} date;

date date_today(void); /* local time */
/* Days since 1970-01-01 and back (proleptic Gregorian). */
long date_to_days(date of);
date date_from_days(long days);

/* To the form of PS3.4 C.2.2.2.5: a date, or a range with one or two ends. A month or a year is the range of its days;
 * `-7d` (days) and `-2w` (weeks) mean from then until today. "" and "*" stay. False when it is none of these; room of
 * 32 is enough. */
bool date_value(const char *value, date today, char *to, size_t room);

#endif
