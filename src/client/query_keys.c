/* Typed keys: values are checked and written down as PS3.5 6.2 and PS3.4 C.2.2.2 want them, the rest is
 * scu_query_set's.
 */
#include "scu/query_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "client/query.h"
#include "data/dictionary.h"
#include "data/moment.h"
#include "data/path.h"
#include "service/key_attribute.h"

enum { DATE_ROOM = 16, TIME_ROOM = 24, RANGE_ROOM = 2 * TIME_ROOM };

static scu_result usage(scu_query *query, const char *path, const char *reason) {
  scu__error_clear(&query->error);
  return scu__error_set(&query->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: %s", path ? path : "no path", reason);
}

static scu_result out_of_memory(scu_query *query) {
  scu__error_clear(&query->error);
  return scu__error_memory(&query->error, SCU_PHASE_USAGE);
}

/* USAGE unless the attribute's VR is the one these values are of. */
static scu_result check_vr(scu_query *query, const char *path, scu_vr vr, const char *kind, scu_tag *tag) {
  scu__path parsed;
  scu__error_clear(&query->error);
  scu_result result = scu__path_parse(path, &parsed, &query->error);
  if (result != SCU_OK) return result;
  *tag = parsed.steps[parsed.depth - 1].tag;
  if (scu__dictionary_vr(*tag) == vr) return SCU_OK;
  return scu__error_set(&query->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: not an attribute of %s", path, kind);
}

/* ---- dates and times ---- */

static bool is_within(int value, int least, int most) {
  return value >= least && value <= most;
}

static bool format_date(const scu_date *date, char to[DATE_ROOM]) {
  int64_t number;
  if (!is_within(date->year, 1, 9999) || !is_within(date->month, 1, 12) || !is_within(date->day, 1, 31)) return false;
  snprintf(to, DATE_ROOM, "%04d%02d%02d", date->year % 10000, date->month % 100, date->day % 100);
  return scu__date_parse(to, strlen(to), &number);
}

static bool format_time(const scu_time *time, char to[TIME_ROOM]) {
  if (!is_within(time->hour, 0, 23) || !is_within(time->minute, 0, 59) || !is_within(time->second, 0, 60) ||
      !is_within(time->microsecond, 0, 999999))
    return false;
  int length = snprintf(to, TIME_ROOM, "%02d%02d%02d", time->hour % 100, time->minute % 100, time->second % 100);
  if (time->microsecond > 0) snprintf(to + length, TIME_ROOM - (size_t)length, ".%06d", time->microsecond % 1000000);
  return true;
}

/* "from-to", "from-", "-to", "" without either; "" = open. */
static scu_result set_range(scu_query *query, const char *path, const char *from, const char *to) {
  char range[RANGE_ROOM];
  snprintf(range, sizeof range, *from || *to ? "%s-%s" : "%s%s", from, to);
  return scu_query_set(query, path, range);
}

static scu_result set_value_or_range(scu_query *query, const char *path, const char *from, const char *to) {
  return strcmp(from, to) == 0 ? scu_query_set(query, path, from) : set_range(query, path, from, to);
}

scu_result scu_query_set_date_range(scu_query *query, const char *path, const scu_date *from, const scu_date *to) {
  char first[DATE_ROOM] = "", last[DATE_ROOM] = "";
  scu_tag tag;
  scu_result result = check_vr(query, path, SCU_VR_DA, "dates", &tag);
  if (result != SCU_OK) return result;
  if ((from && !format_date(from, first)) || (to && !format_date(to, last)))
    return usage(query, path, "not a date of the calendar");
  if (from && to && strcmp(first, last) > 0) return usage(query, path, "the range ends before it begins");
  return set_value_or_range(query, path, first, last);
}

scu_result scu_query_set_time_range(scu_query *query, const char *path, const scu_time *from, const scu_time *to) {
  char first[TIME_ROOM] = "", last[TIME_ROOM] = "";
  scu_tag tag;
  scu_result result = check_vr(query, path, SCU_VR_TM, "times", &tag);
  if (result != SCU_OK) return result;
  if ((from && !format_time(from, first)) || (to && !format_time(to, last)))
    return usage(query, path, "not a time of day");
  return set_value_or_range(query, path, first, last);
}

static scu_result check_pair(scu_query *query, const char *date_path, const char *time_path) {
  scu_tag date, time;
  scu_result result = check_vr(query, date_path, SCU_VR_DA, "dates", &date);
  if (result == SCU_OK) result = check_vr(query, time_path, SCU_VR_TM, "times", &time);
  if (result != SCU_OK) return result;
  if (scu__time_of_date(date) == time) return SCU_OK;
  return usage(query, time_path, "not the time that goes with this date");
}

scu_result scu_query_set_date_time_range(scu_query *query, const char *date_path, const char *time_path,
                                         const scu_date_time *from, const scu_date_time *to) {
  char first[DATE_ROOM] = "", last[DATE_ROOM] = "", begin[TIME_ROOM] = "", end[TIME_ROOM] = "";
  scu_result result = check_pair(query, date_path, time_path);
  if (result != SCU_OK) return result;
  if ((from && !format_date(&from->date, first)) || (to && !format_date(&to->date, last)))
    return usage(query, date_path, "not a date of the calendar");
  if ((from && !format_time(&from->time, begin)) || (to && !format_time(&to->time, end)))
    return usage(query, time_path, "not a time of day");
  int days = from && to ? strcmp(first, last) : -1;
  if (days > 0 || (days == 0 && strcmp(begin, end) > 0))
    return usage(query, date_path, "the range ends before it begins");
  result = set_value_or_range(query, date_path, first, last);
  /* Over several days "080000-080000" is a range. */
  if (result == SCU_OK) result = (days == 0 ? set_value_or_range : set_range)(query, time_path, begin, end);
  if (result != SCU_OK || days == 0 || (!from && !to)) return result;
  return scu_query_set_option(query, SCU_QUERY_COMBINED_DATE_TIME, SCU_WISH_YES);
}

/* ---- texts, numbers, names ---- */

static scu_result set_text(scu_query *query, const char *path, const char *value) {
  if (value && strchr(value, '\\')) return usage(query, path, "one value has no backslash");
  return scu_query_set(query, path, value);
}

scu_result scu_query_set_list(scu_query *query, const char *path, const char *const *values, size_t count) {
  if (!values && count > 0) return usage(query, path, "there is no list");
  scu__buffer list;
  scu__buffer_init(&list, query->allocator, SCU__IDENTIFIER_MAX);
  for (size_t i = 0; i < count; i++) {
    if (!values[i] || !*values[i] || strchr(values[i], '\\')) {
      scu__buffer_free(&list);
      return usage(query, path, "a value of the list is empty or has a backslash");
    }
    if (i > 0) scu__put_u8(&list, '\\');
    scu__put_text(&list, values[i]);
  }
  scu__put_u8(&list, 0);
  scu_result result = scu__buffer_result(&list);
  if (result == SCU_OK)
    result = scu_query_set(query, path, (const char *)list.data);
  else if (result == SCU_ERROR_LIMIT)
    result = usage(query, path, "the list is longer than an identifier may be");
  else
    result = out_of_memory(query);
  scu__buffer_free(&list);
  return result;
}

/* Digits and dots, no more: archives hold UIDs that PS3.5 9.1 would not have let in, and they are to be found. */
static bool is_uid_like(const char *uid) {
  size_t length = uid ? strspn(uid, "0123456789.") : 0;
  return length > 0 && length <= 64 && uid[length] == 0;
}

static scu_result set_uids(scu_query *query, const char *path, const char *const *uids, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!is_uid_like(uids[i])) return usage(query, path, "not a UID");
  return scu_query_set_list(query, path, uids, count);
}

scu_result scu_query_set_integer(scu_query *query, const char *path, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, value);
  return scu_query_set(query, path, text);
}

/* "family^given^middle^prefix^suffix" without empty components at the end. False when one cannot stand in a name. */
static bool put_group(scu__buffer *name, const scu_name_parts *parts) {
  const char *const texts[] = {parts->family, parts->given, parts->middle, parts->prefix, parts->suffix};
  size_t waiting = 0;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *text = texts[i] ? texts[i] : "";
    if (text[strcspn(text, "^=\\")] != 0) return false;
    if (*text) {
      scu__put_fill(name, '^', waiting);
      scu__put_text(name, text);
      waiting = 0;
    }
    waiting++;
  }
  return true;
}

scu_result scu_query_set_name(scu_query *query, const char *path, const scu_name_parts *alphabetic,
                              const scu_name_parts *ideographic, const scu_name_parts *phonetic) {
  const scu_name_parts *const groups[] = {alphabetic, ideographic, phonetic};
  scu_tag tag;
  scu__buffer name;
  scu_result result = check_vr(query, path, SCU_VR_PN, "person names", &tag);
  if (result != SCU_OK) return result;
  scu__buffer_init(&name, query->allocator, SCU__IDENTIFIER_MAX);
  size_t waiting = 0;
  for (size_t i = 0; i < 3; i++) {
    size_t before = name.length;
    scu__put_fill(&name, '=', waiting);
    size_t start = name.length;
    if (groups[i] && !put_group(&name, groups[i])) {
      scu__buffer_free(&name);
      return usage(query, path, "a component of a name has no ^, = or backslash");
    }
    waiting = name.length > start ? 1 : waiting + 1;
    if (name.length == start) name.length = before; /* separators go before what follows them */
  }
  scu__put_u8(&name, 0);
  result =
      scu__buffer_result(&name) == SCU_OK ? scu_query_set(query, path, (const char *)name.data) : out_of_memory(query);
  scu__buffer_free(&name);
  return result;
}

/* ---- the usual keys ---- */

static bool is_worklist(const scu_query *query) {
  return query->model == SCU_MODEL_WORKLIST;
}

scu_result scu_query_set_patient_name(scu_query *query, const char *name) {
  return set_text(query, "PatientName", name);
}
scu_result scu_query_set_patient_id(scu_query *query, const char *id) {
  return set_text(query, "PatientID", id);
}

scu_result scu_query_set_study_id(scu_query *query, const char *id) {
  return set_text(query, "StudyID", id);
}
scu_result scu_query_set_study_uids(scu_query *query, const char *const *uids, size_t count) {
  return set_uids(query, "StudyInstanceUID", uids, count);
}
scu_result scu_query_set_study_date(scu_query *query, const scu_date *from, const scu_date *to) {
  return scu_query_set_date_range(query, "StudyDate", from, to);
}
scu_result scu_query_set_study_time(scu_query *query, const scu_time *from, const scu_time *to) {
  return scu_query_set_time_range(query, "StudyTime", from, to);
}
scu_result scu_query_set_study_date_time(scu_query *query, const scu_date_time *from, const scu_date_time *to) {
  return scu_query_set_date_time_range(query, "StudyDate", "StudyTime", from, to);
}
scu_result scu_query_set_accession_number(scu_query *query, const char *number) {
  return set_text(query, "AccessionNumber", number);
}
scu_result scu_query_set_modalities_in_study(scu_query *query, const char *const *modalities, size_t count) {
  return scu_query_set_list(query, "ModalitiesInStudy", modalities, count);
}
scu_result scu_query_set_referring_physician(scu_query *query, const char *name) {
  return set_text(query, "ReferringPhysicianName", name);
}

scu_result scu_query_set_modality(scu_query *query, const char *modality) {
  return set_text(query, is_worklist(query) ? "ScheduledProcedureStepSequence[0].Modality" : "Modality", modality);
}
scu_result scu_query_set_series_number(scu_query *query, int32_t number) {
  return scu_query_set_integer(query, "SeriesNumber", number);
}
scu_result scu_query_set_series_uids(scu_query *query, const char *const *uids, size_t count) {
  return set_uids(query, "SeriesInstanceUID", uids, count);
}
scu_result scu_query_set_requested_procedure_id(scu_query *query, const char *id) {
  return set_text(
      query, is_worklist(query) ? "RequestedProcedureID" : "RequestAttributesSequence[0].RequestedProcedureID", id);
}
scu_result scu_query_set_scheduled_step_id(scu_query *query, const char *id) {
  return set_text(query,
                  is_worklist(query) ? "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID"
                                     : "RequestAttributesSequence[0].ScheduledProcedureStepID",
                  id);
}
scu_result scu_query_set_performed_step_date(scu_query *query, const scu_date *from, const scu_date *to) {
  return scu_query_set_date_range(query, "PerformedProcedureStepStartDate", from, to);
}
scu_result scu_query_set_performed_step_time(scu_query *query, const scu_time *from, const scu_time *to) {
  return scu_query_set_time_range(query, "PerformedProcedureStepStartTime", from, to);
}
scu_result scu_query_set_performed_step_date_time(scu_query *query, const scu_date_time *from,
                                                  const scu_date_time *to) {
  return scu_query_set_date_time_range(query, "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime",
                                       from, to);
}

scu_result scu_query_set_instance_number(scu_query *query, int32_t number) {
  return scu_query_set_integer(query, "InstanceNumber", number);
}
scu_result scu_query_set_instance_uids(scu_query *query, const char *const *uids, size_t count) {
  return set_uids(query, "SOPInstanceUID", uids, count);
}
