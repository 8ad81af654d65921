/* Values that have parts: dates, times of day, ages and person names (PS3.5 6.2: DA, TM, AS, PN). */
#ifndef SCU_VALUES_H
#define SCU_VALUES_H

#ifdef __cplusplus
extern "C" {
#endif

/* A day of the Gregorian calendar: year 1-9999, month 1-12, day as the month has them. */
typedef struct scu_date {
  int year, month, day;
} scu_date;

/* A time of day: hour 0-23, minute 0-59, second 0-60 (60 is a leap second), microsecond 0-999999. */
typedef struct scu_time {
  int hour, minute, second, microsecond;
} scu_time;

typedef struct scu_date_time {
  scu_date date;
  scu_time time;
} scu_date_time;

/* One component group of a person name, UTF-8. NULL and "" both mean that there is no such component. */
typedef struct scu_name_parts {
  const char *family, *given, *middle, *prefix, *suffix;
} scu_name_parts;

#ifdef __cplusplus
}
#endif
#endif
