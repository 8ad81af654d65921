/* Element by element, in the order of the schema. */
#include "observe/audit_message.h"

#include <stdio.h>
#include <string.h>

#include "observe/xml.h"

static const struct {
  scu__audit_code code;
  const char *meaning;
} meanings[] = {
    {SCU__AUDIT_APPLICATION_ACTIVITY, "Application Activity"},
    {SCU__AUDIT_BEGIN_TRANSFERRING, "Begin Transferring DICOM Instances"},
    {SCU__AUDIT_TRANSFERRED, "DICOM Instances Transferred"},
    {SCU__AUDIT_QUERY, "Query"},
    {SCU__AUDIT_SECURITY_ALERT, "Security Alert"},
    {SCU__AUDIT_USER_AUTHENTICATION, "User Authentication"},
    {SCU__AUDIT_APPLICATION_START, "Application Start"},
    {SCU__AUDIT_APPLICATION_STOP, "Application Stop"},
    {SCU__AUDIT_LOGIN, "Login"},
    {SCU__AUDIT_NODE_AUTHENTICATION, "Node Authentication"},
    {SCU__AUDIT_APPLICATION, "Application"},
    {SCU__AUDIT_DESTINATION, "Destination Role ID"},
    {SCU__AUDIT_SOURCE, "Source Role ID"},
};

static const char *meaning_of(scu__audit_code code) {
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
    if (meanings[i].code == code) return meanings[i].meaning;
  return "";
}

static void put_coded(scu__buffer *to, const char *element, const char *code, const char *system, const char *meaning) {
  scu__xml_open(to, element);
  scu__xml_attribute(to, "csd-code", code);
  scu__xml_attribute(to, "codeSystemName", system);
  scu__xml_attribute(to, "originalText", meaning);
  scu__xml_end_empty(to);
}

static void put_code(scu__buffer *to, const char *element, scu__audit_code code) {
  char digits[12];
  snprintf(digits, sizeof digits, "%d", (int)code);
  put_coded(to, element, digits, "DCM", meaning_of(code));
}

/* --- time --------------------------------------------------------------------------------------------------------- */

/* Days since 1970 as a date of the Gregorian calendar, by eras of 400 years that begin in March. */
static void put_date(uint64_t days, unsigned *year, unsigned *month, unsigned *day) {
  uint64_t shifted = days + 719468, era = shifted / 146097;
  unsigned of_era = (unsigned)(shifted % 146097);
  unsigned years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  unsigned of_year = of_era - (365 * years + years / 4 - years / 100);
  unsigned from_march = (5 * of_year + 2) / 153;
  *day = of_year - (153 * from_march + 2) / 5 + 1;
  *month = from_march < 10 ? from_march + 3 : from_march - 9;
  *year = years + (unsigned)era * 400 + (*month <= 2 ? 1 : 0);
}

const char *scu__audit_time(uint64_t wall_ns, char text[SCU__AUDIT_TIME_MAX]) {
  uint64_t ms = wall_ns / 1000000, seconds = ms / 1000;
  unsigned year, month, day, of_day = (unsigned)(seconds % 86400);
  put_date(seconds / 86400, &year, &month, &day);
  snprintf(text, SCU__AUDIT_TIME_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month, day, of_day / 3600,
           of_day / 60 % 60, of_day % 60, (unsigned)(ms % 1000));
  return text;
}

/* --- event, participants, source ---------------------------------------------------------------------------------- */

static void put_event(const scu__audit_message *message, uint64_t wall_ns, scu__buffer *to) {
  char time[SCU__AUDIT_TIME_MAX], action[2] = {message->action, 0};
  scu__xml_open(to, "EventIdentification");
  scu__xml_attribute(to, "EventActionCode", action);
  scu__xml_attribute(to, "EventDateTime", scu__audit_time(wall_ns, time));
  scu__xml_attribute_number(to, "EventOutcomeIndicator", (uint64_t)message->outcome);
  scu__xml_begin(to);
  put_code(to, "EventID", message->event);
  if (message->type) put_code(to, "EventTypeCode", message->type);
  if (message->outcome_text && *message->outcome_text)
    scu__xml_text(to, "EventOutcomeDescription", message->outcome_text);
  scu__xml_close(to, "EventIdentification");
}

static void put_party(const scu__audit_party *party, scu__buffer *to) {
  char titles[40];
  scu__xml_open(to, "ActiveParticipant");
  scu__xml_attribute(to, "UserID", party->user_id);
  if (party->ae && *party->ae) {
    snprintf(titles, sizeof titles, "AETITLES=%s", party->ae);
    scu__xml_attribute(to, "AlternativeUserID", titles);
  }
  scu__xml_attribute(to, "UserIsRequestor", party->is_requestor ? "true" : "false");
  if (party->address) {
    scu__xml_attribute(to, "NetworkAccessPointID", party->address);
    scu__xml_attribute(to, "NetworkAccessPointTypeCode", "2"); /* an IP address */
  }
  if (!party->role) {
    scu__xml_end_empty(to);
    return;
  }
  scu__xml_begin(to);
  put_code(to, "RoleIDCode", party->role);
  scu__xml_close(to, "ActiveParticipant");
}

static void put_source(const scu__audit_source *source, scu__buffer *to) {
  scu__xml_open(to, "AuditSourceIdentification");
  if (*source->site) scu__xml_attribute(to, "AuditEnterpriseSiteID", source->site);
  scu__xml_attribute(to, "AuditSourceID", source->source_id);
  scu__xml_end_empty(to);
}

/* --- objects ------------------------------------------------------------------------------------------------------ */

static const char *or_unknown(const char *id) {
  return *id ? id : "<none>"; /* the attribute must be there, and empty could be taken for an ID */
}

static void open_object(scu__buffer *to, const char *id, const char *type, const char *role) {
  scu__xml_open(to, "ParticipantObjectIdentification");
  scu__xml_attribute(to, "ParticipantObjectID", or_unknown(id));
  scu__xml_attribute(to, "ParticipantObjectTypeCode", type);
  scu__xml_attribute(to, "ParticipantObjectTypeCodeRole", role);
  scu__xml_begin(to);
}

static void put_detail(scu__buffer *to, const char *type, const void *value, size_t length) {
  scu__xml_open(to, "ParticipantObjectDetail");
  scu__xml_attribute(to, "type", type);
  scu__xml_attribute_base64(to, "value", value, length);
  scu__xml_end_empty(to);
}

static void put_counts(const scu__audit_message *message, size_t study, scu__buffer *to) {
  const char *accession = message->studies[study].accession;
  scu__xml_open(to, "ParticipantObjectDescription");
  scu__xml_begin(to);
  if (*accession) {
    scu__xml_open(to, "Accession");
    scu__xml_attribute(to, "Number", accession);
    scu__xml_end_empty(to);
  }
  for (size_t i = 0; i < message->class_count; i++) {
    if (message->classes[i].study != study) continue;
    scu__xml_open(to, "SOPClass");
    if (*message->classes[i].uid) scu__xml_attribute(to, "UID", message->classes[i].uid);
    scu__xml_attribute_number(to, "NumberOfInstances", message->classes[i].count);
    scu__xml_end_empty(to);
  }
  scu__xml_close(to, "ParticipantObjectDescription");
}

static void put_study(const scu__audit_message *message, size_t study, scu__buffer *to) {
  const char *uid = message->studies[study].uid;
  open_object(to, uid, "2", "3");
  put_coded(to, "ParticipantObjectIDTypeCode", "110180", "DCM", "Study Instance UID");
  scu__xml_text(to, "ParticipantObjectName", or_unknown(uid));
  for (size_t i = 0; i < message->class_count && !message->has_counts; i++)
    if (message->classes[i].study == study)
      put_detail(to, "ContainsSOPClass", message->classes[i].uid, strlen(message->classes[i].uid));
  if (message->has_counts) put_counts(message, study, to);
  scu__xml_close(to, "ParticipantObjectIdentification");
}

static void put_patient(const scu__audit_message *message, scu__buffer *to) {
  open_object(to, message->patient_id, "1", "1");
  put_coded(to, "ParticipantObjectIDTypeCode", "2", "RFC-3881", "Patient Number");
  scu__xml_text(to, "ParticipantObjectName", message->patient_name ? message->patient_name : "");
  scu__xml_close(to, "ParticipantObjectIdentification");
}

static void put_query(const scu__audit_message *message, scu__buffer *to) {
  char cut[64];
  open_object(to, message->query_class, "2", "3");
  put_coded(to, "ParticipantObjectIDTypeCode", "110181", "DCM", "SOP Class UID");
  scu__xml_base64(to, "ParticipantObjectQuery", message->query, message->query_length);
  put_detail(to, "TransferSyntax", message->query_syntax, strlen(message->query_syntax));
  if (message->query_whole > message->query_length) {
    snprintf(cut, sizeof cut, "the first %zu of %zu bytes", message->query_length, message->query_whole);
    put_detail(to, "Cut", cut, strlen(cut));
  }
  scu__xml_close(to, "ParticipantObjectIdentification");
}

static void put_alert(const scu__audit_message *message, scu__buffer *to) {
  open_object(to, message->alert_node, "2", "13");
  put_coded(to, "ParticipantObjectIDTypeCode", "110182", "DCM", "Node ID");
  scu__xml_text(to, "ParticipantObjectName", or_unknown(message->alert_node));
  put_detail(to, "Alert Description", message->alert_text, strlen(message->alert_text));
  scu__xml_close(to, "ParticipantObjectIdentification");
}

scu_result scu__audit_message_put(const scu__audit_message *message, const scu__audit_source *source, uint64_t wall_ns,
                                  scu__buffer *to) {
  scu__put_text(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
  scu__xml_open(to, "AuditMessage");
  scu__xml_begin(to);
  put_event(message, wall_ns, to);
  for (size_t i = 0; i < message->party_count; i++) put_party(&message->parties[i], to);
  put_source(source, to);
  for (size_t i = 0; i < message->study_count; i++) put_study(message, i, to);
  if (message->query_class) put_query(message, to);
  if (message->patient_id) put_patient(message, to);
  if (message->alert_node) put_alert(message, to);
  scu__xml_close(to, "AuditMessage");
  return scu__buffer_result(to);
}
