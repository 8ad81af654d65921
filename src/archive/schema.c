/* Tables, indexes, version and soundness. Every key that C-FIND narrows by has an index; what else can be asked for
 * is in the record of its level. */
#include "archive/schema.h"

#include <stdio.h>
#include <string.h>

#define APPLICATION_ID 1396921665 /* "SCUA" */

/* A patient without ID is told from others by name and birth date: see index.c for `identity`. */
static const char *const tables[] = {
    "CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id=1), is_open INTEGER NOT NULL)",
    "INSERT INTO state VALUES(1,0)",

    "CREATE TABLE patients(id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, patient_id TEXT NOT NULL,"
    " name_1 TEXT NOT NULL, name_2 TEXT NOT NULL, name_3 TEXT NOT NULL, birth_date INTEGER, record BLOB NOT NULL)",
    "CREATE INDEX patients_by_patient_id ON patients(patient_id)",
    "CREATE INDEX patients_by_name_1 ON patients(name_1)",
    "CREATE INDEX patients_by_name_2 ON patients(name_2)",
    "CREATE INDEX patients_by_name_3 ON patients(name_3)",
    "CREATE INDEX patients_by_birth_date ON patients(birth_date)",

    "CREATE TABLE studies(id INTEGER PRIMARY KEY, patient INTEGER NOT NULL, uid TEXT NOT NULL,"
    " patient_id TEXT NOT NULL, name_1 TEXT NOT NULL, name_2 TEXT NOT NULL, name_3 TEXT NOT NULL, birth_date INTEGER,"
    " date INTEGER, time INTEGER, accession_number TEXT NOT NULL, study_id TEXT NOT NULL,"
    " referring_1 TEXT NOT NULL, referring_2 TEXT NOT NULL, referring_3 TEXT NOT NULL, description TEXT NOT NULL,"
    " record BLOB NOT NULL)",
    "CREATE UNIQUE INDEX studies_by_uid ON studies(uid, patient)",
    "CREATE INDEX studies_by_patient ON studies(patient)",
    "CREATE INDEX studies_by_patient_id ON studies(patient_id)",
    "CREATE INDEX studies_by_name_1 ON studies(name_1)",
    "CREATE INDEX studies_by_name_2 ON studies(name_2)",
    "CREATE INDEX studies_by_name_3 ON studies(name_3)",
    "CREATE INDEX studies_by_birth_date ON studies(birth_date)",
    "CREATE INDEX studies_by_date ON studies(date)",
    "CREATE INDEX studies_by_time ON studies(time)",
    "CREATE INDEX studies_by_accession_number ON studies(accession_number)",
    "CREATE INDEX studies_by_study_id ON studies(study_id)",
    "CREATE INDEX studies_by_referring_1 ON studies(referring_1)",
    "CREATE INDEX studies_by_referring_2 ON studies(referring_2)",
    "CREATE INDEX studies_by_referring_3 ON studies(referring_3)",
    "CREATE INDEX studies_by_description ON studies(description)",

    "CREATE TABLE series(id INTEGER PRIMARY KEY, study INTEGER NOT NULL, uid TEXT NOT NULL, modality TEXT NOT NULL,"
    " number INTEGER, record BLOB NOT NULL)",
    "CREATE UNIQUE INDEX series_by_uid ON series(uid, study)",
    "CREATE INDEX series_by_study ON series(study, modality)",
    "CREATE INDEX series_by_modality ON series(modality)",
    "CREATE INDEX series_by_number ON series(number)",

    /* One SOP Instance UID may be there more than once: duplicates can be kept apart. */
    "CREATE TABLE instances(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, uid TEXT NOT NULL,"
    " sop_class TEXT NOT NULL, number INTEGER, transfer_syntax TEXT NOT NULL, length INTEGER NOT NULL, digest BLOB,"
    " path TEXT NOT NULL UNIQUE, record BLOB NOT NULL)",
    "CREATE INDEX instances_by_uid ON instances(uid)",
    "CREATE INDEX instances_by_series ON instances(series, number, sop_class)",

    "CREATE TABLE worklist(id INTEGER PRIMARY KEY, study_uid TEXT NOT NULL, step_id TEXT NOT NULL,"
    " patient_id TEXT NOT NULL, name_1 TEXT NOT NULL, name_2 TEXT NOT NULL, name_3 TEXT NOT NULL,"
    " accession_number TEXT NOT NULL, procedure_id TEXT NOT NULL, start_date INTEGER, modality TEXT NOT NULL,"
    " performer_1 TEXT NOT NULL, performer_2 TEXT NOT NULL, performer_3 TEXT NOT NULL, record BLOB NOT NULL)",
    "CREATE INDEX worklist_by_study_uid ON worklist(study_uid)",
    "CREATE INDEX worklist_by_step_id ON worklist(step_id)",
    "CREATE INDEX worklist_by_patient_id ON worklist(patient_id)",
    "CREATE INDEX worklist_by_name_1 ON worklist(name_1)",
    "CREATE INDEX worklist_by_name_2 ON worklist(name_2)",
    "CREATE INDEX worklist_by_name_3 ON worklist(name_3)",
    "CREATE INDEX worklist_by_accession_number ON worklist(accession_number)",
    "CREATE INDEX worklist_by_procedure_id ON worklist(procedure_id)",
    "CREATE INDEX worklist_by_start_date ON worklist(start_date)",
    "CREATE INDEX worklist_by_modality ON worklist(modality)",
    "CREATE INDEX worklist_by_performer_1 ON worklist(performer_1)",
    "CREATE INDEX worklist_by_performer_2 ON worklist(performer_2)",
    "CREATE INDEX worklist_by_performer_3 ON worklist(performer_3)",
};

enum { OBJECT_COUNT = sizeof tables / sizeof *tables - 1 /* the INSERT */ };

static scu_result make_tables(scu__database *database, scu_error *error) {
  char sql[100];
  scu_result result = scu__database_run(database, "BEGIN IMMEDIATE", error);
  for (size_t i = 0; result == SCU_OK && i < sizeof tables / sizeof *tables; i++)
    result = scu__database_run(database, tables[i], error);
  snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID, SCU__SCHEMA_VERSION);
  if (result == SCU_OK) result = scu__database_run(database, sql, error);
  if (result == SCU_OK) result = scu__database_run(database, "COMMIT", error);
  if (result != SCU_OK && scu__database_is_in_transaction(database)) scu__database_run(database, "ROLLBACK", NULL);
  return result;
}

static scu_result damaged(scu_error *error, const char *evidence) {
  scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_STORAGE, "the index is damaged: %s", evidence);
  scu__error_hint(error, "the files are the truth: rebuild the index from them (--check)");
  return SCU_ERROR_MALFORMED;
}

/* Ours, of this version, and nothing missing? */
static scu_result check_identity(scu__database *database, scu_error *error) {
  int64_t application, version, objects;
  scu_result result = scu__database_integer(database, "PRAGMA application_id", &application, error);
  if (result == SCU_OK) result = scu__database_integer(database, "PRAGMA user_version", &version, error);
  if (result == SCU_OK)
    result =
        scu__database_integer(database, "SELECT COUNT(*) FROM sqlite_schema WHERE sql IS NOT NULL", &objects, error);
  if (result != SCU_OK) return result;
  if (application != APPLICATION_ID) return damaged(error, "this database is no index of an archive");
  if (version > SCU__SCHEMA_VERSION)
    return scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_STORAGE,
                          "the index has version %d, this program knows %d", (int)version, SCU__SCHEMA_VERSION);
  if (version != SCU__SCHEMA_VERSION || objects != OBJECT_COUNT) return damaged(error, "tables are missing");
  return SCU_OK;
}

/* Every page, every row, and that indexes and tables agree in number. */
static scu_result examine(scu__database *database, scu_error *error) {
  char words[200];
  scu_result result = scu__database_text(database, "PRAGMA quick_check(1)", words, sizeof words, error);
  if (result != SCU_OK) return result;
  return strcmp(words, "ok") == 0 ? SCU_OK : damaged(error, words);
}

scu_result scu__schema_open(scu__database *database, bool must_examine, bool *was_left_open, scu_error *error) {
  int64_t objects, is_open = 0;
  scu_result result = scu__database_integer(database, "SELECT COUNT(*) FROM sqlite_schema", &objects, error);
  if (result != SCU_OK) return result;
  result = objects == 0 ? make_tables(database, error) : check_identity(database, error);
  if (result == SCU_OK && objects > 0)
    result = scu__database_integer(database, "SELECT is_open FROM state", &is_open, error);
  if (result == SCU_OK && (is_open || must_examine)) result = examine(database, error);
  if (result == SCU_OK) result = scu__database_run(database, "UPDATE state SET is_open=1", error);
  *was_left_open = is_open != 0;
  return result;
}

scu_result scu__schema_close(scu__database *database, scu_error *error) {
  return scu__database_run(database, "UPDATE state SET is_open=0", error);
}
