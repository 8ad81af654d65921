/* Identifiers against a small index: the first two bytes choose model, what was negotiated and the encoding, the rest
 * is the identifier.
 *
 * Whatever comes, the answer is a status with an error in words, or rows that can be encoded; the database narrows
 * nothing away that the exact rules would let through; what is allowed stays allowed in a relational query; a query
 * with its values taken out finds at least as much. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/index.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"

enum { ROWS_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void set(scu_dataset *dataset, const char *path, const char *text) {
  require(scu_dataset_set_text(dataset, path, text) == SCU_OK);
}

static void add_one(scu__index *index, scu_dataset *header, const char *study, const char *series, const char *uid) {
  scu__index_instance instance = {.sop_class = "1.2.840.10008.5.1.4.1.1.2",
                                  .sop_instance = uid,
                                  .transfer_syntax = "1.2.840.10008.1.2",
                                  .path = uid,
                                  .length = 1};
  set(header, "StudyInstanceUID", study);
  set(header, "SeriesInstanceUID", series);
  set(header, "SOPInstanceUID", uid);
  require(scu__index_add(index, header, &instance, NULL) == SCU_OK);
}

static scu__index *make_index(void) {
  scu__index *index;
  scu_dataset *header;
  require(scu__index_open(":memory:", NULL, NULL, &index, NULL) == SCU_OK);
  require(scu_dataset_new(NULL, &header) == SCU_OK);
  set(header, "PatientName", "Yamada^Tarou=山田^太郎=やまだ^たろう");
  set(header, "PatientID", "1");
  set(header, "StudyDate", "20240101");
  set(header, "StudyTime", "2330");
  set(header, "AccessionNumber", "A");
  set(header, "Modality", "CT");
  set(header, "ImageType", "ORIGINAL\\PRIMARY");
  set(header, "SliceThickness", "1.5");
  set(header, "AcquisitionDateTime", "20240101233000+0900");
  set(header, "InstanceNumber", "1");
  set(header, "ProcedureCodeSequence[0].CodeMeaning", "胸部");
  set(header, "ProcedureCodeSequence[1].EquivalentCodeSequence[0].CodeValue", "C2");
  set(header, "ScheduledProcedureStepSequence[0].Modality", "MR");
  set(header, "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate", "20240101");
  add_one(index, header, "1.1", "1.1.1", "1.1.1.1");
  add_one(index, header, "1.1", "1.1.1", "1.1.1.2");
  require(scu__index_add_worklist(index, header, NULL) == SCU_OK);
  set(header, "PatientID", "2");
  set(header, "StudyDate", "");
  set(header, "PatientName", "Doe^Jane");
  add_one(index, header, "1.2", "1.2.1", "1.2.1.1");
  scu_dataset_free(header);
  return index;
}

static void require_refusal(scu_result result, uint16_t status, const scu_error *error) {
  if (result == SCU_ERROR_MALFORMED) {
    require(status == 0xA900 && error->tag != 0);
  } else {
    require(result == SCU_ERROR_LIMIT && status == 0xA700);
  }
  require(error->reason[0] != 0);
}

/* How many rows; SIZE_MAX when it was refused. */
static size_t find(scu__index *index, const scu__index_query *query) {
  scu__index_cursor *cursor;
  scu_error error;
  uint16_t status = 0;
  size_t count = 0;
  scu_dataset *row;
  scu__buffer encoded;
  scu__error_clear(&error);
  scu_result result = scu__index_find(index, query, &cursor, &status, &error);
  if (result != SCU_OK) {
    require_refusal(result, status, &error);
    return SIZE_MAX;
  }
  require(status == 0);
  require(scu_dataset_new(NULL, &row) == SCU_OK);
  scu__buffer_init(&encoded, NULL, SCU__IDENTIFIER_MAX);
  for (;;) {
    result = scu__index_next(cursor, row, &error);
    if (result == SCU_MORE) continue;
    if (result == SCU_END) break;
    require(result == SCU_OK && ++count <= ROWS_MAX);
    scu__buffer_clear(&encoded);
    require(scu__dataset_encode(row, SCU__EXPLICIT_LE, &encoded, NULL) == SCU_OK);
  }
  scu__buffer_free(&encoded);
  scu_dataset_free(row);
  scu__index_cursor_close(cursor);
  return count;
}

static void retrieve(scu__index *index, const scu__index_query *query) {
  scu__index_cursor *cursor;
  scu__index_instance instance;
  scu_error error;
  uint16_t status = 0;
  uint64_t count = 0;
  scu__error_clear(&error);
  scu_result result = scu__index_retrieve(index, query, &cursor, &status, &error);
  if (result != SCU_OK) {
    require_refusal(result, status, &error);
    return;
  }
  while (scu__index_next_instance(cursor, &instance, &error) == SCU_OK) count++;
  require(count == scu__index_cursor_total(cursor));
  scu__index_cursor_close(cursor);
}

/* The indexes of the database are a short cut and nothing else. */
static void require_same_without_narrowing(scu__index *index, const scu__index_query *query, size_t found) {
  scu__index_query slow = *query;
  slow.without_narrowing = true;
  require(find(index, &slow) == found);
}

/* The same identifier, asking for everything. */
static void require_more_without_values(scu__index *index, const scu__index_query *query, size_t found) {
  scu_dataset *level_only;
  const scu_element *level = scu_dataset_find(query->identifier, SCU_TAG(0x0008, 0x0052));
  if (found == SIZE_MAX || !level || query->model == SCU__MODEL_WORKLIST) return;
  require(scu_dataset_new(NULL, &level_only) == SCU_OK);
  require(scu_dataset_set_bytes(level_only, SCU_TAG(0x0008, 0x0052), SCU_VR_CS, scu_element_bytes(level),
                                (size_t)scu_element_length(level)) == SCU_OK);
  scu__index_query open = *query;
  open.identifier = level_only;
  open.relational = true;
  size_t all = find(index, &open);
  require(all != SIZE_MAX && all >= found);
  scu_dataset_free(level_only);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  /* Made once, used by every input, freed by the end of the process. */
  static scu__index *index;
  scu_dataset *identifier;
  if (length < 2) return 0;
  if (!index) index = make_index();
  scu__encoding encoding = bytes[0] & 4 ? SCU__EXPLICIT_LE : SCU__IMPLICIT_LE;
  if (scu__dataset_decode(bytes + 2, length - 2, encoding, NULL, NULL, &identifier, NULL) != SCU_OK) return 0;
  scu__index_query query = {.identifier = identifier,
                            .model = (scu__index_model)(bytes[0] & 3),
                            .relational = (bytes[1] & 1) != 0,
                            .combined_date_time = (bytes[1] & 2) != 0,
                            .fuzzy_names = (bytes[1] & 4) != 0,
                            .timezone = (bytes[1] & 8) != 0,
                            .empty_value = (bytes[1] & 16) != 0,
                            .multiple_value = (bytes[1] & 32) != 0};
  size_t found = find(index, &query);
  require_same_without_narrowing(index, &query, found);
  require_more_without_values(index, &query, found);
  if (found != SIZE_MAX && !query.relational) {
    query.relational = true;
    size_t relational = find(index, &query);
    require(relational != SIZE_MAX);
    require_same_without_narrowing(index, &query, relational);
  }
  if (query.model != SCU__MODEL_WORKLIST) retrieve(index, &query);
  scu_dataset_free(identifier);
  return 0;
}
