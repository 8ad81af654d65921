/* Retrieving what a match names: its unique keys down to its level become the query (PS3.4 C.4.2.1.4). */
#include <string.h>

#include "base/alloc.h"
#include "client/retrieve_private.h"
#include "listener/sink.h"

static const char *const unique_paths[] = {NULL, "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
                                           "SOPInstanceUID"};

static scu_result refuse(scu_error *error, const char *path) {
  scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                 "the match has no %s, or none with one value, to retrieve it by", path);
  scu__error_hint(error, "ask for the unique keys of all levels when matches are to be retrieved");
  return SCU_ERROR_USAGE;
}

/* Query/Retrieve Level (0008,0052) if the peer gave it, else that of the deepest unique key; as scu_row_level. */
static scu_result level_of(const scu_allocator *allocator, const scu_dataset *match, scu_query_level *level) {
  scu_row *row;
  if (*level != SCU_LEVEL_DEFAULT) return SCU_OK;
  scu_result result = scu_row_new(allocator, match, &row);
  if (result == SCU_OK) *level = scu_row_level(row);
  scu_row_free(row);
  return result;
}

/* Study Root, but for a patient: there the Patient ID is a key of its own level. */
static scu_result query_of(scu_session *session, const scu_dataset *match, scu_query_level level, scu_query **out) {
  scu_error *error = &session->error;
  *out = NULL;
  if (level_of(session->allocator, match, &level) != SCU_OK || scu_query_new(session->allocator, out) != SCU_OK)
    return scu__error_memory(error, SCU_PHASE_REQUEST);
  scu_query *query = *out;
  scu_query_level first = level == SCU_LEVEL_PATIENT ? SCU_LEVEL_PATIENT : SCU_LEVEL_STUDY;
  if (level == SCU_LEVEL_DEFAULT || scu_query_set_level(query, level) != SCU_OK) return refuse(error, "unique key");
  for (int at = (int)first; at <= (int)level; at++) {
    char value[SCU__UNIQUE_VALUE_MAX] = "";
    scu_tag tag = scu__query_unique_key((scu_query_level)at);
    if (scu__dataset_tag_text(match, tag, value, sizeof value) != SCU_OK || !value[0] || strpbrk(value, "*?\\"))
      return refuse(error, unique_paths[at]);
    scu_result result = scu_query_set(query, unique_paths[at], value);
    if (result == SCU_OK) continue;
    scu__error_copy(error, scu_query_error(query));
    return result;
  }
  return SCU_OK;
}

static scu_op *start(scu_session *session, const scu_dataset *match, scu_query_level level, scu__retrieve_way wish,
                     const char *destination_ae, scu_sink *sink) {
  scu_query *query = NULL;
  scu_op *op = NULL;
  if (scu__retrieve_check(session, match, "match", true) != SCU_OK) return NULL;
  if (query_of(session, match, level, &query) == SCU_OK)
    op = scu__retrieve_start(session, query, wish, destination_ae, sink, match);
  scu_query_free(query);
  return op;
}

static scu_result run(scu_session *session, scu_op *op, scu_retrieve_report **out) {
  *out = NULL;
  if (!op && scu__error_is_set(&session->error)) return session->error.result;
  return scu__retrieve_run(session, op, out);
}

static scu_result run_into(scu_session *session, const scu_dataset *match, scu_query_level level,
                           scu__retrieve_way wish, scu_sink *sink, scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = scu__retrieve_check(session, match, "match", true);
  if (result == SCU_OK) result = scu__sink_check(sink, &session->error);
  return result == SCU_OK ? run(session, start(session, match, level, wish, NULL, sink), out) : result;
}

/* --- public ------------------------------------------------------------------------------------------------------- */

scu_op *scu_move_match_start(scu_session *session, const scu_dataset *match, scu_query_level level,
                             const char *destination_ae) {
  return start(session, match, level, SCU__WAY_MOVE, destination_ae ? destination_ae : "", NULL);
}

scu_op *scu_get_match_start(scu_session *session, const scu_dataset *match, scu_query_level level, scu_sink *sink) {
  return start(session, match, level, SCU__WAY_GET, NULL, sink);
}

scu_op *scu_fetch_match_start(scu_session *session, const scu_dataset *match, scu_query_level level, scu_sink *sink) {
  return start(session, match, level, SCU__WAY_ANY, NULL, sink);
}

scu_result scu_move_match(scu_session *session, const scu_dataset *match, scu_query_level level,
                          const char *destination_ae, scu_retrieve_report **out) {
  *out = NULL;
  scu_result result = scu__retrieve_check(session, match, "match", destination_ae != NULL);
  return result == SCU_OK ? run(session, scu_move_match_start(session, match, level, destination_ae), out) : result;
}

scu_result scu_get_match(scu_session *session, const scu_dataset *match, scu_query_level level, scu_sink *sink,
                         scu_retrieve_report **out) {
  return run_into(session, match, level, SCU__WAY_GET, sink, out);
}

scu_result scu_fetch_match(scu_session *session, const scu_dataset *match, scu_query_level level, scu_sink *sink,
                           scu_retrieve_report **out) {
  return run_into(session, match, level, SCU__WAY_ANY, sink, out);
}
