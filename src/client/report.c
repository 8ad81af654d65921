/* Getters of responses and reports. */
#include "client/report.h"

#include <string.h>

#include "base/alloc.h"
#include "data/sop_class.h"
#include "dimse/status.h"

void scu_response_free(scu_response *response) {
  if (!response) return;
  scu_dataset_free(response->dataset);
  scu__free(response->allocator, response->attributes);
  scu__free(response->allocator, response);
}
uint16_t scu_response_status(const scu_response *response) {
  return response->status;
}
const char *scu_response_class(const scu_response *response) {
  scu__status_kind kind = scu__status_class(response->status, response->field);
  return scu__status_class_name(response->was_done_before ? SCU__STATUS_KIND_SUCCESS : kind);
}

/* Error IDs mean something for one service class only (PS3.7 C.4.2). */
static bool is_step_final(const scu_response *response) {
  return response->field == SCU__N_SET_RSP && response->status == SCU__STATUS_PROCESSING_FAILURE &&
         response->error_id == 0xA710 && strcmp(response->sop_class.text, SCU__UID_MPPS) == 0;
}

const char *scu_response_meaning(const scu_response *response) {
  if (response->was_done_before) return "created before: an earlier request had arrived";
  if (is_step_final(response)) return scu__status_of_final_step()->text;
  return scu__status_text(response->field, response->status);
}
const char *scu_response_comment(const scu_response *response) {
  return response->comment;
}
uint32_t scu_response_elapsed_ms(const scu_response *response) {
  return response->elapsed_ms;
}
uint16_t scu_response_error_id(const scu_response *response) {
  return response->error_id;
}
const char *scu_response_sop_class_uid(const scu_response *response) {
  return response->sop_class.text;
}
const char *scu_response_sop_instance_uid(const scu_response *response) {
  return response->sop_instance.text;
}
uint16_t scu_response_type_id(const scu_response *response) {
  return response->type_id;
}
size_t scu_response_offending_count(const scu_response *response) {
  return response->offending_count;
}
scu_tag scu_response_offending(const scu_response *response, size_t index) {
  return index < response->offending_count ? response->offending[index] : 0;
}
size_t scu_response_attribute_count(const scu_response *response) {
  return response->attribute_count;
}
scu_tag scu_response_attribute(const scu_response *response, size_t index) {
  return index < response->attribute_count ? response->attributes[index] : 0;
}
const scu_dataset *scu_response_dataset(const scu_response *response) {
  return response->dataset;
}
bool scu_response_is_dataset_malformed(const scu_response *response) {
  return response->is_dataset_malformed;
}

const char *scu_outcome_name(scu_outcome outcome) {
  static const char *const names[SCU__OUTCOMES] = {"ok", "warning", "failed", "skipped"};
  return (size_t)outcome < SCU__OUTCOMES ? names[outcome] : "unknown";
}

void scu_store_report_free(scu_store_report *report) {
  if (report) scu__free(report->allocator, report);
}
uint64_t scu_store_report_count(const scu_store_report *report, scu_outcome outcome) {
  return (size_t)outcome < SCU__OUTCOMES ? report->counts[outcome] : 0;
}
uint64_t scu_store_report_named_skips(const scu_store_report *report) {
  return report->named_skips;
}
uint64_t scu_store_report_bytes(const scu_store_report *report) {
  return report->bytes;
}
uint32_t scu_store_report_elapsed_ms(const scu_store_report *report) {
  return report->elapsed_ms;
}
uint16_t scu_store_report_first_failure(const scu_store_report *report) {
  return report->first_failure;
}

void scu_retrieve_report_free(scu_retrieve_report *report) {
  if (!report) return;
  scu__free(report->allocator, report->missing);
  scu__free(report->allocator, report->studies);
  scu__free(report->allocator, report->uids);
  scu__free(report->allocator, report);
}
scu_verdict scu_retrieve_report_verdict(const scu_retrieve_report *report) {
  return report->verdict;
}
const char *scu_retrieve_report_doubt(const scu_retrieve_report *report) {
  return report->doubt;
}
const char *scu_verdict_name(scu_verdict verdict) {
  static const char *const names[] = {"complete", "count only", "incomplete", "unknown", "nothing matched", "conflict"};
  return (size_t)verdict < sizeof names / sizeof *names ? names[verdict] : "unknown";
}
uint64_t scu_retrieve_report_count(const scu_retrieve_report *report, scu_outcome outcome) {
  return (size_t)outcome < SCU__OUTCOMES ? report->counts[outcome] : 0;
}
uint64_t scu_retrieve_report_promised(const scu_retrieve_report *report) {
  return report->promised;
}
size_t scu_retrieve_report_missing_count(const scu_retrieve_report *report) {
  return report->missing_count;
}
const char *scu_retrieve_report_missing(const scu_retrieve_report *report, size_t index) {
  return index < report->missing_count ? report->missing[index].sop_instance_uid : "";
}
const scu_missing_instance *scu_retrieve_report_missing_instance(const scu_retrieve_report *report, size_t index) {
  return index < report->missing_count ? &report->missing[index] : NULL;
}
size_t scu_retrieve_report_study_count(const scu_retrieve_report *report) {
  return report->study_count;
}
const scu_study_outcome *scu_retrieve_report_study(const scu_retrieve_report *report, size_t index) {
  return index < report->study_count ? &report->studies[index] : NULL;
}
uint64_t scu_retrieve_report_extra(const scu_retrieve_report *report) {
  return report->extra;
}
uint64_t scu_retrieve_report_offline(const scu_retrieve_report *report) {
  return report->offline;
}
uint64_t scu_retrieve_report_conflicts(const scu_retrieve_report *report) {
  return report->conflicts;
}
uint64_t scu_retrieve_report_bytes(const scu_retrieve_report *report) {
  return report->bytes;
}
uint32_t scu_retrieve_report_elapsed_ms(const scu_retrieve_report *report) {
  return report->elapsed_ms;
}
uint16_t scu_retrieve_report_status(const scu_retrieve_report *report) {
  return report->status;
}
const char *scu_retrieve_report_comment(const scu_retrieve_report *report) {
  return report->comment;
}
uint64_t scu_retrieve_report_peer_completed(const scu_retrieve_report *report) {
  return report->peer_completed;
}
uint64_t scu_retrieve_report_peer_failed(const scu_retrieve_report *report) {
  return report->peer_failed;
}
uint64_t scu_retrieve_report_peer_warning(const scu_retrieve_report *report) {
  return report->peer_warning;
}
