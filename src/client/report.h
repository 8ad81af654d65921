/* The inside of responses and reports, filled by the operations. */
#ifndef SCU_CLIENT_REPORT_H
#define SCU_CLIENT_REPORT_H

#include <stdbool.h>

#include "base/values.h"
#include "client/answers.h"
#include "dimse/command.h"
#include "scu/report.h"

struct scu_response {
  const scu_allocator *allocator;
  uint16_t field, status;
  char comment[65];
  uint32_t elapsed_ms;

  /* N-services */
  bool was_done_before; /* N-CREATE sent again: 0111 says that an earlier one arrived (RULES 32) */
  uint16_t error_id, type_id;
  scu__uid sop_class, sop_instance;
  size_t offending_count;
  scu_tag offending[SCU__OFFENDING_MAX];
  scu_tag *attributes;
  size_t attribute_count;
  scu_dataset *dataset;
  bool is_dataset_malformed;
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
  scu_missing_instance *missing;
  size_t missing_count;
  scu_study_outcome *studies;
  size_t study_count;
  scu__uid *uids; /* those that missing and studies point to */
  uint64_t extra, offline, conflicts;
  uint64_t bytes;
  uint32_t elapsed_ms;
  uint16_t status;
  char comment[65];
  char doubt[SCU__VERDICT_TEXT_MAX];
  uint64_t peer_completed, peer_failed, peer_warning;
};

#endif
