/* Getters of responses and reports. */
#include "client/report.h"

#include "base/alloc.h"
#include "dimse/status.h"

void scu_response_free(scu_response *response) {
  if (response) scu__free(response->allocator, response);
}
uint16_t scu_response_status(const scu_response *response) {
  return response->status;
}
const char *scu_response_class(const scu_response *response) {
  return scu__status_class_name(scu__status_class(response->status, response->field));
}
const char *scu_response_comment(const scu_response *response) {
  return response->comment;
}
uint32_t scu_response_elapsed_ms(const scu_response *response) {
  return response->elapsed_ms;
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
  scu__free(report->allocator, report);
}
scu_verdict scu_retrieve_report_verdict(const scu_retrieve_report *report) {
  return report->verdict;
}
const char *scu_verdict_name(scu_verdict verdict) {
  static const char *const names[] = {"complete", "count only", "incomplete", "unknown", "nothing matched"};
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
  return index < report->missing_count ? report->missing[index].text : "";
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
