/* Dates, times and date-times (PS3.5 6.2: DA TM DT) as numbers that compare by meaning, old forms included, and the
 * ranges that keys may hold (PS3.4 C.2.2.2.5). Knows nothing of datasets. */
#ifndef SCU_DATA_MOMENT_H
#define SCU_DATA_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCU__MICROSECONDS_PER_DAY    (INT64_C(86400) * 1000000)
#define SCU__MICROSECONDS_PER_MINUTE (INT64_C(60) * 1000000)

/* Both ends belong to it. An open end is INT64_MIN or INT64_MAX. */
typedef struct scu__interval {
  int64_t low, high;
} scu__interval;

/* "20240131" and the ACR-NEMA form "2024.01.31" to 20240131. */
bool scu__date_parse(const char *text, size_t length, int64_t *date);
/* "10", "1015", "101559", "101559.25", "10:15:59.25" to microseconds since midnight. What is left out is zero: "2230"
 * means "223000" (C.2.2.2.1). */
bool scu__time_parse(const char *text, size_t length, int64_t *time);
/* "2024" to "20240131101559.123456&ZZXX" to microseconds of a calendar without gaps. A value that leaves components out
 * covers the whole time it names: [low, high]. With an offset the moment is UTC; without, it is taken to be
 * `assumed_offset` minutes ahead of UTC. */
bool scu__date_time_parse(const char *text, size_t length, int assumed_offset, scu__interval *covered);
/* Minutes of "+0930" or "-0500" (0008,0201). */
bool scu__offset_parse(const char *text, size_t length, int *minutes);

/* Days of a date since 0000-03-01, and back: for moments made of a date and a time. */
int64_t scu__days_of_date(int64_t date);
int64_t scu__date_of_days(int64_t days);

enum { SCU__DATE_RANGE_MAX = 18 };
/* Dates as a key has them: "20240131", "20240131-20240229", "20240131-", "-20240229". */
void scu__date_range_format(const scu__interval *dates, char to[SCU__DATE_RANGE_MAX]);

typedef enum scu__moment_kind { SCU__MOMENT_DATE, SCU__MOMENT_TIME, SCU__MOMENT_DATE_TIME } scu__moment_kind;

/* A key: one value, "a-b", "-b" or "a-". In DT a hyphen before four digits that can be no year belongs to an offset. */
bool scu__moment_key_parse(scu__moment_kind kind, const char *text, size_t length, int assumed_offset,
                           scu__interval *interval);
/* An attribute as it is stored. */
bool scu__moment_value_parse(scu__moment_kind kind, const char *text, size_t length, int assumed_offset,
                             scu__interval *interval);

#endif
