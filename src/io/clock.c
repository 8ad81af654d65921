/* The system's clocks. The only place that reads them. */
#define _POSIX_C_SOURCE 200809L
#include "io/clock.h"

#include <stddef.h>
#include <time.h>

static uint64_t monotonic_now_ms(void *user) {
  (void)user;
  struct timespec now = {0};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const scu__clock monotonic = {.now_ms = monotonic_now_ms, .user = NULL};

const scu__clock *scu__clock_monotonic(void) {
  return &monotonic;
}

uint64_t scu__clock_now_ms(const scu__clock *clock) {
  if (!clock) clock = &monotonic;
  return clock->now_ms(clock->user);
}

uint64_t scu__clock_wall_s(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec > 0 ? (uint64_t)now.tv_sec : 1;
}

uint64_t scu__clock_wall_ns(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec > 0 ? (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec : 1;
}

static scu__calendar from_tm(const struct tm *t) {
  return (scu__calendar){.year = (unsigned)t->tm_year + 1900,
                         .month = (unsigned)t->tm_mon + 1,
                         .day = (unsigned)t->tm_mday,
                         .hour = (unsigned)t->tm_hour,
                         .minute = (unsigned)t->tm_min,
                         .second = (unsigned)t->tm_sec};
}

scu__calendar scu__clock_utc(uint64_t wall_s) {
  time_t at = (time_t)wall_s;
  struct tm broken_down = {0};
  gmtime_r(&at, &broken_down);
  return from_tm(&broken_down);
}

scu__calendar scu__clock_local(uint64_t wall_s) {
  time_t at = (time_t)wall_s;
  struct tm broken_down = {0};
  localtime_r(&at, &broken_down);
  return from_tm(&broken_down);
}
