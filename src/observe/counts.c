/* OpenMetrics 1.0: families of samples, in one pass into memory of the caller's. */
#include "observe/counts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "dimse/command.h"
#include "dimse/status.h"
#include "scu/version.h"

static const uint16_t fields[SCU__COUNTED_SERVICES - 1] = {
    SCU__C_ECHO_RQ, SCU__C_STORE_RQ, SCU__C_FIND_RQ,   SCU__C_MOVE_RQ,   SCU__C_GET_RQ,   SCU__N_EVENT_REPORT_RQ,
    SCU__N_GET_RQ,  SCU__N_SET_RQ,   SCU__N_ACTION_RQ, SCU__N_CREATE_RQ, SCU__N_DELETE_RQ};
static const char *const names[SCU__COUNTED_SERVICES] = {"C-ECHO",   "C-STORE",        "C-FIND",   "C-MOVE",
                                                         "C-GET",    "N-EVENT-REPORT", "N-GET",    "N-SET",
                                                         "N-ACTION", "N-CREATE",       "N-DELETE", "other"};
static const char *const sides[2] = {"requestor", "acceptor"};
static const char *const directions[2] = {"received", "sent"};

size_t scu__counted_service(uint16_t field) {
  size_t i = 0;
  while (i < SCU__COUNTED_SERVICES - 1 && fields[i] != field) i++;
  return i;
}

void scu__count_failure(scu__counts *counts, int is_sent, size_t service, uint16_t status) {
  uint_fast64_t wanted = (uint_fast64_t)(service + 1) << 16 | status;
  size_t i = 0;
  for (; i < SCU__COUNTED_CODES; i++) {
    uint_fast64_t there = 0;
    if (atomic_compare_exchange_strong(&counts->codes[is_sent][i], &there, wanted) || there == wanted) break;
  }
  atomic_fetch_add(&counts->code_counts[is_sent][i], 1);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

typedef struct page {
  char *to;
  size_t room, length;
} page;

static void put(page *p, const char *format, ...) SCU__PRINTF(2, 3);

/* Straight into the page: a line has no bound of its own. */
static void put(page *p, const char *format, ...) {
  size_t left = p->length < p->room ? p->room - p->length : 0;
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(left > 0 ? p->to + p->length : NULL, left, format, arguments);
  va_end(arguments);
  if (length > 0) p->length += (size_t)length;
}

static void put_family(page *p, const char *name, const char *type, const char *unit, const char *help) {
  put(p, "# TYPE %s %s\n", name, type);
  if (*unit) put(p, "# UNIT %s %s\n", name, unit);
  put(p, "# HELP %s %s\n", name, help);
}

static uint64_t value_of(const scu__count *count) {
  return (uint64_t)atomic_load(count);
}

static void put_build(page *p, const scu__counts *c) {
  put_family(p, "scu_build", "info", "", "What this is.");
  put(p, "scu_build_info{version=\"%s\"} 1\n", SCU_VERSION);
  put_family(p, "scu_start_time_seconds", "gauge", "seconds", "When counting began, in seconds since 1970.");
  put(p, "scu_start_time_seconds %" PRIu64 "\n", c->started_s);
}

static void put_associations(page *p, const scu__counts *c) {
  static const char *const ends[] = {"released", "aborted_here", "aborted_by_peer", "lost"};
  put_family(p, "scu_connections_open", "gauge", "", "Connections that stand.");
  put(p, "scu_connections_open %" PRIu64 "\n", value_of(&c->open_connections));
  put_family(p, "scu_associations_open", "gauge", "", "Associations that stand.");
  put(p, "scu_associations_open %" PRIu64 "\n", value_of(&c->open_associations));
  put_family(p, "scu_connections", "counter", "", "Connections that were made.");
  for (size_t i = 0; i < 2; i++)
    put(p, "scu_connections_total{side=\"%s\"} %" PRIu64 "\n", sides[i], value_of(&c->connections[i]));
  put_family(p, "scu_associations", "counter", "", "Associations that were asked for and answered.");
  for (size_t i = 0; i < 2; i++) {
    put(p, "scu_associations_total{side=\"%s\",result=\"accepted\"} %" PRIu64 "\n", sides[i],
        value_of(&c->accepted[i]));
    put(p, "scu_associations_total{side=\"%s\",result=\"rejected\"} %" PRIu64 "\n", sides[i],
        value_of(&c->rejected[i]));
  }
  put_family(p, "scu_association_ends", "counter", "", "How associations ended.");
  for (size_t i = 0; i < 2; i++)
    for (size_t how = 0; how < SCU__COUNTED_ENDS; how++)
      put(p, "scu_association_ends_total{side=\"%s\",how=\"%s\"} %" PRIu64 "\n", sides[i], ends[how],
          value_of(&c->ends[i][how]));
}

static void put_rejections(page *p, const scu__counts *c) {
  put_family(p, "scu_rejections", "counter", "", "Rejections by source and reason of PS3.8 9.3.4.");
  for (size_t side = 0; side < 2; side++)
    for (size_t source = 0; source < 4; source++)
      for (size_t reason = 0; reason <= SCU__COUNTED_REASONS; reason++) {
        uint64_t value = value_of(&c->reasons[side][source][reason]);
        if (value == 0) continue;
        put(p, "scu_rejections_total{side=\"%s\",source=\"%zu\",reason=\"", sides[side], source);
        if (reason < SCU__COUNTED_REASONS) put(p, "%zu", reason);
        put(p, "%s\"} %" PRIu64 "\n", reason < SCU__COUNTED_REASONS ? "" : "other", value);
      }
}

/* Services that nobody used are left out, but for those that everybody looks for. */
static bool is_shown(const scu__counts *c, size_t direction, size_t service) {
  if (service < 5) return true;
  uint64_t sum = 0;
  for (size_t i = 0; i < SCU__COUNTED_STATUSES; i++) sum += value_of(&c->requests[direction][service][i]);
  return sum > 0;
}

static void put_requests(page *p, const scu__counts *c) {
  put_family(p, "scu_requests", "counter", "", "Requests that were answered, by the class of the final status.");
  for (size_t d = 0; d < 2; d++)
    for (size_t s = 0; s < SCU__COUNTED_SERVICES; s++)
      for (size_t i = 0; i < SCU__COUNTED_STATUSES && is_shown(c, d, s); i++)
        put(p, "scu_requests_total{direction=\"%s\",service=\"%s\",status=\"%s\"} %" PRIu64 "\n", directions[d],
            names[s], i == SCU__STATUS_KIND_PENDING ? "none" : scu__status_class_name((scu__status_kind)i),
            value_of(&c->requests[d][s][i]));
}

static void put_response_times(page *p, const scu__counts *c) {
  put_family(p, "scu_response_seconds", "summary", "seconds", "From the whole request to its final response.");
  for (size_t d = 0; d < 2; d++)
    for (size_t s = 0; s < SCU__COUNTED_SERVICES; s++) {
      uint64_t ms = value_of(&c->response_ms[d][s]);
      if (!is_shown(c, d, s)) continue;
      put(p, "scu_response_seconds_count{direction=\"%s\",service=\"%s\"} %" PRIu64 "\n", directions[d], names[s],
          value_of(&c->responses[d][s]));
      put(p, "scu_response_seconds_sum{direction=\"%s\",service=\"%s\"} %" PRIu64 ".%03u\n", directions[d], names[s],
          ms / 1000, (unsigned)(ms % 1000));
    }
}

static void put_failures(page *p, const scu__counts *c) {
  put_family(p, "scu_failures", "counter", "", "Failures by service and status.");
  for (size_t d = 0; d < 2; d++) {
    for (size_t i = 0; i < SCU__COUNTED_CODES; i++) {
      uint64_t code = value_of(&c->codes[d][i]), count = value_of(&c->code_counts[d][i]);
      if (code != 0 && count != 0)
        put(p, "scu_failures_total{direction=\"%s\",service=\"%s\",status=\"%04X\"} %" PRIu64 "\n", directions[d],
            names[(code >> 16) - 1], (unsigned)(code & 0xFFFF), count);
    }
    if (value_of(&c->code_counts[d][SCU__COUNTED_CODES]) != 0)
      put(p, "scu_failures_total{direction=\"%s\",service=\"any\",status=\"other\"} %" PRIu64 "\n", directions[d],
          value_of(&c->code_counts[d][SCU__COUNTED_CODES]));
  }
}

static void put_instances(page *p, const scu__counts *c) {
  put_family(p, "scu_instances", "counter", "", "Instances of C-STORE that were taken.");
  for (size_t d = 0; d < 2; d++)
    put(p, "scu_instances_total{direction=\"%s\"} %" PRIu64 "\n", directions[d], value_of(&c->instances[d]));
  put_family(p, "scu_instance_bytes", "counter", "bytes", "Bytes of their data sets.");
  for (size_t d = 0; d < 2; d++)
    put(p, "scu_instance_bytes_total{direction=\"%s\"} %" PRIu64 "\n", directions[d], value_of(&c->bytes[d]));
}

size_t scu__counts_text(const scu__counts *counts, char *to, size_t room) {
  page p = {.to = to, .room = room};
  if (room > 0) to[0] = 0;
  put_build(&p, counts);
  put_associations(&p, counts);
  put_rejections(&p, counts);
  put_requests(&p, counts);
  put_response_times(&p, counts);
  put_failures(&p, counts);
  put_instances(&p, counts);
  put(&p, "# EOF\n");
  return p.length;
}
