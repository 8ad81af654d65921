/* The rules of performed procedure steps as tables. */
#include "archive/mpps.h"

#include <stdio.h>
#include <string.h>

#include "data/dataset.h"
#include "data/dataset_encode.h"
#include "data/part10.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "dimse/status.h"
#include "scu/version.h"

#define TAG_STATUS         SCU_TAG(0x0040, 0x0252)
#define TAG_SCHEDULED_STEP SCU_TAG(0x0040, 0x0270)
#define TAG_STUDY_UID      SCU_TAG(0x0020, 0x000D)

enum { STATUS_INVALID_VALUE = 0x0106 };

/* Table F.7.2-1: type 1 for the creator, beside the status. */
static const scu_tag needed[] = {
    SCU_TAG(0x0008, 0x0060), /* Modality */
    SCU_TAG(0x0040, 0x0241), /* Performed Station AE Title */
    SCU_TAG(0x0040, 0x0244), /* Performed Procedure Step Start Date */
    SCU_TAG(0x0040, 0x0245), /* ... Start Time */
    SCU_TAG(0x0040, 0x0253), /* ... ID */
    TAG_SCHEDULED_STEP,
};

/* The same table: type 1 in the final state. The sequence may not be empty then (note 2): a series there is, even if no
 * images came of it, and when the step was discontinued too. */
static const scu_tag needed_at_end[] = {
    SCU_TAG(0x0040, 0x0250), /* Performed Procedure Step End Date */
    SCU_TAG(0x0040, 0x0251), /* ... End Time */
    SCU_TAG(0x0040, 0x0340), /* Performed Series Sequence */
};

/* The same table: "not allowed" in N-SET. */
static const scu_tag creation_only[] = {
    SCU_TAG(0x0008, 0x0060), SCU_TAG(0x0008, 0x1120), SCU_TAG(0x0010, 0x0010), SCU_TAG(0x0010, 0x0020),
    SCU_TAG(0x0010, 0x0021), SCU_TAG(0x0010, 0x0024), SCU_TAG(0x0010, 0x0030), SCU_TAG(0x0010, 0x0040),
    SCU_TAG(0x0020, 0x0010), SCU_TAG(0x0040, 0x0241), SCU_TAG(0x0040, 0x0242), SCU_TAG(0x0040, 0x0243),
    SCU_TAG(0x0040, 0x0244), SCU_TAG(0x0040, 0x0245), SCU_TAG(0x0040, 0x0253), TAG_SCHEDULED_STEP,
};

static void refuse(scu__mpps_verdict *verdict, uint16_t status, const char *comment) {
  verdict->status = status;
  verdict->comment = comment;
}

static void note(scu__mpps_verdict *verdict, scu_tag tag) {
  if (verdict->attribute_count < SCU__MPPS_LIST_MAX) verdict->attributes[verdict->attribute_count++] = tag;
}

static bool has_value(const scu_element *element) {
  return scu_element_length(element) > 0 || scu_element_item_count(element) > 0;
}

static bool status_is(const scu_dataset *step, const char *word) {
  char text[32];
  return scu__dataset_tag_text(step, TAG_STATUS, text, sizeof text) == SCU_OK && strcmp(text, word) == 0;
}

/* --- N-CREATE ----------------------------------------------------------------------------------------------------- */

static bool check_needed(const scu_dataset *attributes, scu_tag tag, scu__mpps_verdict *verdict) {
  const scu_element *element = scu_dataset_find(attributes, tag);
  if (element && has_value(element)) return true;
  refuse(verdict, element ? SCU__MPPS_MISSING_VALUE : SCU__MPPS_MISSING_ATTRIBUTE,
         element ? "an attribute that is needed has no value" : "an attribute that is needed is missing");
  note(verdict, tag);
  return false;
}

void scu__mpps_judge_create(const scu_dataset *attributes, scu__mpps_verdict *verdict) {
  *verdict = (scu__mpps_verdict){0};
  if (!attributes) {
    refuse(verdict, SCU__MPPS_MISSING_ATTRIBUTE, "an attribute that is needed is missing");
    note(verdict, TAG_STATUS);
    return;
  }
  if (!check_needed(attributes, TAG_STATUS, verdict)) return;
  if (!status_is(attributes, "IN PROGRESS")) {
    refuse(verdict, STATUS_INVALID_VALUE, "a new procedure step must be IN PROGRESS");
    note(verdict, TAG_STATUS);
    return;
  }
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    if (!check_needed(attributes, needed[i], verdict)) return;
  const scu_element *steps = scu_dataset_find(attributes, TAG_SCHEDULED_STEP);
  for (size_t i = 0; i < scu_element_item_count(steps); i++)
    if (!check_needed(scu_element_item(steps, i), TAG_STUDY_UID, verdict)) return;
}

/* --- N-SET -------------------------------------------------------------------------------------------------------- */

static bool is_creation_only(scu_tag tag) {
  for (size_t i = 0; i < sizeof creation_only / sizeof *creation_only; i++)
    if (creation_only[i] == tag) return true;
  return tag == SCU_TAG(0x0008, 0x0016) || tag == SCU_TAG(0x0008, 0x0018);
}

static bool is_a_status(const scu_dataset *changes) {
  return status_is(changes, "IN PROGRESS") || status_is(changes, "COMPLETED") || status_is(changes, "DISCONTINUED");
}

static scu_result leave_out(scu_dataset *changes, scu__mpps_verdict *verdict) {
  for (size_t i = scu_dataset_count(changes); i-- > 0;) {
    scu_tag tag = scu_element_tag(scu_dataset_at(changes, i));
    if (!is_creation_only(tag)) continue;
    char path[16];
    snprintf(path, sizeof path, "%08X", (unsigned)tag);
    scu_result result = scu_dataset_remove(changes, path);
    if (result < 0) return result;
    refuse(verdict, SCU__STATUS_ATTRIBUTE_WARNING, "some attributes can be set at creation only");
    note(verdict, tag);
  }
  return SCU_OK;
}

/* PS3.7 C.5 has no 0120 for N-SET: what is absent is a value that is missing. */
static void check_end(const scu_dataset *step, scu__mpps_verdict *verdict) {
  scu__mpps_verdict missing = {0};
  for (size_t i = 0; i < sizeof needed_at_end / sizeof *needed_at_end; i++) {
    const scu_element *element = scu_dataset_find(step, needed_at_end[i]);
    if (!element || !has_value(element)) note(&missing, needed_at_end[i]);
  }
  if (missing.attribute_count == 0) return;
  refuse(&missing, SCU__MPPS_MISSING_VALUE, "a step that ends needs its end date, end time and a series");
  *verdict = missing;
}

scu_result scu__mpps_change(scu_dataset *step, const scu_dataset *changes, scu__mpps_verdict *verdict) {
  *verdict = (scu__mpps_verdict){0};
  if (!status_is(step, "IN PROGRESS")) {
    refuse(verdict, SCU__STATUS_PROCESSING_FAILURE, "Performed Procedure Step Object may no longer be updated");
    verdict->error_id = SCU__MPPS_NO_LONGER;
    return SCU_OK;
  }
  if (!changes) return SCU_OK;
  if (scu_dataset_find(changes, TAG_STATUS) && !is_a_status(changes)) {
    refuse(verdict, STATUS_INVALID_VALUE, "no such Performed Procedure Step Status");
    note(verdict, TAG_STATUS);
    return SCU_OK;
  }
  scu_dataset *allowed = NULL;
  scu_result result = scu_dataset_copy(changes, &allowed);
  if (result == SCU_OK) result = leave_out(allowed, verdict);
  if (result == SCU_OK) result = scu_dataset_merge(step, allowed);
  if (result == SCU_OK && !status_is(step, "IN PROGRESS")) check_end(step, verdict);
  scu_dataset_free(allowed);
  return result;
}

/* --- N-GET -------------------------------------------------------------------------------------------------------- */

static bool is_asked_for(scu_tag tag, const scu_tag *tags, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (tags[i] == tag) return true;
  return tag == SCU__TAG_SPECIFIC_CHARACTER_SET;
}

static scu_result remove_unasked(scu_dataset *from, const scu_tag *tags, size_t count) {
  for (size_t i = scu_dataset_count(from); i-- > 0;) {
    scu_tag tag = scu_element_tag(scu_dataset_at(from, i));
    if (is_asked_for(tag, tags, count)) continue;
    char path[16];
    snprintf(path, sizeof path, "%08X", (unsigned)tag);
    scu_result result = scu_dataset_remove(from, path);
    if (result < 0) return result;
  }
  return SCU_OK;
}

scu_result scu__mpps_select(const scu_dataset *step, const scu_tag *tags, size_t count, scu_dataset **out,
                            scu__mpps_verdict *verdict) {
  *verdict = (scu__mpps_verdict){0};
  scu_result result = scu_dataset_copy(step, out);
  if (result != SCU_OK || count == 0) return result;
  for (size_t i = 0; i < count; i++) {
    if (scu_dataset_find(step, tags[i])) continue;
    refuse(verdict, SCU__STATUS_ATTRIBUTE_WARNING, "some of the attributes are not there");
    note(verdict, tags[i]);
  }
  result = remove_unasked(*out, tags, count);
  if (result == SCU_OK) return SCU_OK;
  scu_dataset_free(*out);
  *out = NULL;
  return result;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

scu_result scu__mpps_encode(const scu_dataset *step, const scu__uid *instance, scu__buffer *bytes, scu_error *error) {
  scu__file_meta meta = {.sop_instance = *instance};
  scu__uid_from_text(&meta.sop_class, SCU__UID_MPPS);
  scu__uid_from_text(&meta.transfer_syntax, SCU__UID_EXPLICIT_LE);
  scu__uid_from_text(&meta.implementation_class, SCU_IMPLEMENTATION_CLASS_UID);
  snprintf(meta.implementation_version, sizeof meta.implementation_version, "%s", SCU_IMPLEMENTATION_VERSION_NAME);
  scu_dataset *whole = NULL;
  scu_result result = scu_dataset_copy(step, &whole);
  if (result == SCU_OK) result = scu_dataset_set_text(whole, "SOPClassUID", SCU__UID_MPPS);
  if (result == SCU_OK) result = scu_dataset_set_text(whole, "SOPInstanceUID", instance->text);
  if (result == SCU_OK) result = scu__part10_write_header(bytes, &meta);
  if (result == SCU_OK) result = scu__dataset_encode(whole, SCU__EXPLICIT_LE, bytes, error);
  scu_dataset_free(whole);
  return result;
}
