/* The inside of responses and reports, filled by the operations. */
#ifndef SCU_CLIENT_REPORT_H
#define SCU_CLIENT_REPORT_H

#include <stdbool.h>

#include "base/values.h"
#include "dimse/command.h"
#include "scu/report.h"

struct scu_response {
  const scu_allocator *allocator;
  uint16_t field, status;
  char comment[65];
  uint32_t elapsed_ms;
};

enum { SCU__OUTCOMES = SCU_OUTCOME_SKIPPED + 1 };

struct scu_store_report {
  const scu_allocator *allocator;
  uint64_t counts[SCU__OUTCOMES];
  uint64_t named_skips;
  uint64_t bytes;
  uint32_t elapsed_ms;
  uint16_t first_failure;
};

struct scu_retrieve_report {
  const scu_allocator *allocator;
  scu_verdict verdict;
  uint64_t counts[SCU__OUTCOMES];
  uint64_t promised;
  scu__uid *missing;
  size_t missing_count;
  uint64_t bytes;
  uint32_t elapsed_ms;
  uint16_t status;
  char comment[65];
  uint64_t peer_completed, peer_failed, peer_warning;
};

#endif
