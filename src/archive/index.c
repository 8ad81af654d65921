/* The index: opening, batches, adding, removing, counting. Finding is cursor.c's. */
#include "archive/index_private.h"

#include <stdio.h>
#include <string.h>

#include "archive/schema.h"
#include "data/dataset_values.h"
#include "data/decimal.h"
#include "data/moment.h"
#include "service/key.h"

enum { RECORD_ROOM = 4 * 1024 * 1024, STEPS_MAX = 64 };

static const char *const change_sql[SCU__CHANGE_COUNT] = {
    [SCU__CHANGE_SAVE] = "SAVEPOINT change",
    [SCU__CHANGE_RELEASE] = "RELEASE change",
    [SCU__CHANGE_FIND_PATIENT] = "SELECT id FROM patients WHERE identity=?",
    [SCU__CHANGE_FIND_STUDY] = "SELECT id FROM studies WHERE uid=? AND patient=?",
    [SCU__CHANGE_FIND_SERIES] = "SELECT id FROM series WHERE uid=? AND study=?",
    [SCU__CHANGE_FIND_PATH] = "SELECT i.id,e.id,s.id,s.patient FROM instances i JOIN series e ON e.id=i.series"
                              " JOIN studies s ON s.id=e.study WHERE i.path=?",
    [SCU__CHANGE_ADD_PATIENT] = "INSERT INTO patients(record,identity,patient_id,name_1,name_2,name_3,birth_date)"
                                " VALUES(?,?,?,?,?,?,?)",
    [SCU__CHANGE_ADD_STUDY] = "INSERT INTO studies(record,patient,uid,patient_id,name_1,name_2,name_3,birth_date,date,"
                              "time,accession_number,study_id,referring_1,referring_2,referring_3,description)"
                              " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SCU__CHANGE_ADD_SERIES] = "INSERT INTO series(record,study,uid,modality,number) VALUES(?,?,?,?,?)",
    [SCU__CHANGE_ADD_INSTANCE] = "INSERT INTO instances(record,series,uid,sop_class,number,transfer_syntax,length,"
                                 "digest,path) VALUES(?,?,?,?,?,?,?,?,?)",
    [SCU__CHANGE_REMOVE_INSTANCE] = "DELETE FROM instances WHERE id=?",
    [SCU__CHANGE_PRUNE_SERIES] = "DELETE FROM series WHERE id=?1 AND NOT EXISTS"
                                 "(SELECT 1 FROM instances WHERE series=?1)",
    [SCU__CHANGE_PRUNE_STUDY] = "DELETE FROM studies WHERE id=?1 AND NOT EXISTS(SELECT 1 FROM series WHERE study=?1)",
    [SCU__CHANGE_PRUNE_PATIENT] = "DELETE FROM patients WHERE id=?1 AND NOT EXISTS"
                                  "(SELECT 1 FROM studies WHERE patient=?1)",
    [SCU__CHANGE_LOOK_UP] = "SELECT sop_class,uid,transfer_syntax,path,length,digest FROM instances WHERE uid=?"
                            " ORDER BY id DESC",
    [SCU__CHANGE_AT_PATH] = "SELECT sop_class,uid,transfer_syntax,path,length,digest FROM instances WHERE path=?",
    [SCU__CHANGE_AFTER_PATH] = "SELECT sop_class,uid,transfer_syntax,path,length,digest FROM instances WHERE path>?"
                               " ORDER BY path LIMIT 1",
    [SCU__CHANGE_BEFORE_ID] = "SELECT sop_class,uid,transfer_syntax,path,length,digest,id FROM instances WHERE id<?"
                              " ORDER BY id DESC LIMIT 1",
    [SCU__CHANGE_ADD_STEP] = "INSERT INTO worklist(record,study_uid,step_id,patient_id,name_1,name_2,name_3,"
                             "accession_number,procedure_id,start_date,modality,performer_1,performer_2,performer_3)"
                             " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SCU__CHANGE_REMOVE_STEP] = "DELETE FROM worklist WHERE study_uid=? AND step_id=?",
};

static scu_result no_memory(scu_error *error) {
  return scu__error_memory(error, SCU_PHASE_STORAGE);
}

static scu_result statement(scu__index *index, scu__change change, scu__statement **out, scu_error *error) {
  scu_result result = SCU_OK;
  if (!index->changes[change])
    result = scu__database_prepare(index->database, change_sql[change], &index->changes[change], error);
  *out = index->changes[change];
  if (result == SCU_OK) scu__statement_reset(*out);
  return result;
}

/* ---- life ---- */

static scu_result keep_options(scu__index *index, const scu__index_options *options, scu_error *error) {
  if (options) index->options = *options;
  if (index->options.cache_kib == 0) index->options.cache_kib = SCU__INDEX_CACHE_KIB;
  if (!index->options.retrieve_ae || !index->options.retrieve_ae[0]) {
    index->options.retrieve_ae = index->own_ae.text;
    return SCU_OK;
  }
  if (!scu__ae_from_text(&index->own_ae, index->options.retrieve_ae))
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the Retrieve AE Title is no AE title");
  index->options.retrieve_ae = index->own_ae.text;
  return SCU_OK;
}

static scu_result open_database(scu__index *index, scu_error *error) {
  scu__database_options options = {.cache_kib = index->options.cache_kib, .busy_timeout_ms = SCU__BUSY_TIMEOUT_MS};
  scu_result result = scu__database_open(index->path, &options, index->allocator, &index->database, error);
  if (result == SCU_OK)
    result = scu__schema_open(index->database, index->options.must_examine, &index->was_left_open, error);
  if (result == SCU_ERROR_MALFORMED)
    scu__error_hint(error, "the files are the truth: rebuild the index from them (--check)");
  return result;
}

scu_result scu__index_open(const char *path, const scu_allocator *allocator, const scu__index_options *options,
                           scu__index **out, scu_error *error) {
  *out = NULL;
  scu__index *index = scu__alloc(allocator, sizeof *index);
  if (!index) return no_memory(error);
  index->allocator = allocator;
  scu__arena_init(&index->arena, allocator);
  scu__buffer_init(&index->record, allocator, RECORD_ROOM);
  scu__buffer_init(&index->key, allocator, RECORD_ROOM);
  scu__buffer_init(&index->last_key, allocator, RECORD_ROOM);
  scu__buffer_init(&index->scratch, allocator, RECORD_ROOM);
  index->is_in_memory = strcmp(path, ":memory:") == 0;
  index->path = scu__strdup(allocator, path);
  scu_result result = index->path ? SCU_OK : no_memory(error);
  if (result == SCU_OK && scu__record_writer_init(&index->writer, allocator) != SCU_OK) result = no_memory(error);
  if (result == SCU_OK) result = keep_options(index, options, error);
  if (result == SCU_OK) result = open_database(index, error);
  if (result != SCU_OK) {
    /* It was not opened in order, so it is not closed in order. */
    scu__database_close(index->database);
    index->database = NULL;
    scu__index_close(index);
    return result;
  }
  *out = index;
  return SCU_OK;
}

void scu__index_close(scu__index *index) {
  if (!index) return;
  scu__readers_free(index);
  if (index->database) scu__index_rollback(index);
  for (size_t i = 0; i < SCU__CHANGE_COUNT; i++) scu__statement_finalize(index->changes[i]);
  if (index->database) {
    scu__schema_close(index->database, NULL);
    scu__database_close(index->database);
  }
  scu__record_writer_free(&index->writer);
  scu__buffer_free(&index->record);
  scu__buffer_free(&index->key);
  scu__buffer_free(&index->last_key);
  scu__buffer_free(&index->scratch);
  scu__arena_free(&index->arena);
  scu__free(index->allocator, index->path);
  scu__free(index->allocator, index);
}

/* ---- batches ---- */

static void end_lookup(scu__index *index) {
  for (int change = SCU__CHANGE_LOOK_UP; change <= SCU__CHANGE_AFTER_PATH; change++)
    if (index->changes[change]) scu__statement_reset(index->changes[change]);
}

scu_result scu__index_begin(scu__index *index, scu_error *error) {
  end_lookup(index);
  return scu__database_run(index->database, "BEGIN IMMEDIATE", error);
}

scu_result scu__index_commit(scu__index *index, scu_error *error) {
  end_lookup(index);
  scu_result result = scu__database_run(index->database, "COMMIT", error);
  if (result != SCU_OK) scu__index_rollback(index);
  return result;
}

void scu__index_rollback(scu__index *index) {
  end_lookup(index);
  index->last_series = 0;
  if (scu__database_is_in_transaction(index->database)) scu__database_run(index->database, "ROLLBACK", NULL);
}

bool scu__index_is_in_batch(const scu__index *index) {
  return scu__database_is_in_transaction(index->database);
}

/* A change of several statements is whole or not at all: a savepoint, which is a transaction outside of a batch. */
static scu_result run_change(scu__index *index, scu__change change, scu_error *error) {
  scu__statement *run;
  scu_result result = statement(index, change, &run, error);
  return result == SCU_OK ? scu__statement_run(run, error) : result;
}

static scu_result begin_change(scu__index *index, scu_error *error) {
  end_lookup(index);
  return run_change(index, SCU__CHANGE_SAVE, error);
}

static scu_result end_change(scu__index *index, scu_result result, scu_error *error) {
  if (result >= 0) {
    scu_result released = run_change(index, SCU__CHANGE_RELEASE, error);
    if (released == SCU_OK) return result;
    result = released;
  }
  index->last_series = 0;
  /* After a full disk SQLite has rolled back by itself, and there is no savepoint any more. */
  if (scu__database_is_in_transaction(index->database))
    scu__database_run(index->database, "ROLLBACK TO change; RELEASE change", NULL);
  return result;
}

/* ---- columns ---- */

/* The first value of an attribute as its record has it, in the arena; "" when there is none. */
static scu_result first_value(scu__index *index, const scu_dataset *level, scu_tag tag, const char **text,
                              size_t *length) {
  scu__values values;
  const char *value;
  *text = "";
  *length = 0;
  const scu_element *element = level ? scu_dataset_find(level, tag) : NULL;
  if (!element || element->content != SCU__CONTENT_VALUE || element->length > SCU__RECORD_VALUE_MAX) return SCU_OK;
  scu_result result = scu__values_open(&values, level, element);
  if (result == SCU_ERROR_MEMORY) return result;
  if (result != SCU_OK || !scu__values_next(&values, &value, length)) return SCU_OK;
  char *copy = scu__arena_take(&index->arena, *length);
  if (!copy) return SCU_ERROR_MEMORY;
  if (*length > 0) memcpy(copy, value, *length);
  *text = copy;
  return SCU_OK;
}

static scu_result bind_name(scu__index *index, scu__statement *to, int *parameter, const char *name, size_t length) {
  scu__buffer_clear(&index->scratch);
  scu_result result = scu__name_fold(name, length, &index->scratch);
  if (result != SCU_OK) return result;
  size_t left = index->scratch.length;
  char *at = scu__arena_take(&index->arena, left);
  if (!at) return SCU_ERROR_MEMORY;
  if (left > 0) memcpy(at, index->scratch.data, left);
  for (unsigned group = 0; group < 3; group++) {
    const char *delimiter = left > 0 ? memchr(at, '=', left) : NULL;
    size_t part = delimiter ? (size_t)(delimiter - at) : left;
    scu__bind_text(to, (*parameter)++, at, part);
    at += delimiter ? part + 1 : part;
    left -= delimiter ? part + 1 : part;
  }
  return SCU_OK;
}

static void bind_number(scu__statement *to, int parameter, uint8_t kind, const char *text, size_t length) {
  int64_t number;
  bool is_good, fits = true;
  if (kind == SCU__COLUMN_DATE)
    is_good = scu__date_parse(text, length, &number);
  else if (kind == SCU__COLUMN_TIME)
    is_good = scu__time_parse(text, length, &number);
  else
    is_good = scu__decimal_to_integer(text, length, &number, &fits);
  if (is_good && fits)
    scu__bind_integer(to, parameter, number);
  else
    scu__bind_null(to, parameter);
}

static scu_result bind_column(scu__index *index, scu__statement *to, int *parameter, const scu__column *column,
                              const scu_dataset *dataset) {
  const char *text;
  size_t length;
  const scu_dataset *level = dataset;
  if (column->sequence != 0) {
    const scu_element *sequence = scu_dataset_find(dataset, column->sequence);
    level = sequence ? scu_element_item(sequence, 0) : NULL;
  }
  scu_result result = first_value(index, level, column->tag, &text, &length);
  if (result != SCU_OK) return result;
  if (column->kind == SCU__COLUMN_NAME) return bind_name(index, to, parameter, text, length);
  if (column->kind == SCU__COLUMN_TEXT)
    scu__bind_text(to, *parameter, text, length);
  else
    bind_number(to, *parameter, column->kind, text, length);
  (*parameter)++;
  return SCU_OK;
}

/* All columns of a level in the order of the table in attribute.c. */
static scu_result bind_columns(scu__index *index, scu__statement *to, int *parameter, scu__level level,
                               const scu_dataset *dataset, scu_error *error) {
  for (size_t i = 0;; i++) {
    const scu__column *column = scu__column_at(level, i);
    if (!column) return SCU_OK;
    if (bind_column(index, to, parameter, column, dataset) != SCU_OK) return no_memory(error);
  }
}

static scu_result bind_record(scu__index *index, scu__statement *to, scu__level level, const scu_dataset *dataset,
                              scu_error *error) {
  scu__buffer_clear(&index->record);
  if (scu__record_write(&index->writer, dataset, level, &index->record) != SCU_OK) return no_memory(error);
  scu__bind_blob(to, 1, index->record.length > 0 ? (const void *)index->record.data : "", index->record.length);
  return SCU_OK;
}

/* ---- adding an instance ---- */

/* What tells entities from each other: offsets into index->key, which holds one after the other. */
typedef struct identity {
  const char *patient, *study, *series;
  size_t patient_length, study_length, series_length;
} identity;

/* A patient is one Patient ID. Without, name and birth date have to do: two strangers must not become one person. */
static scu_result put_patient_identity(scu__index *index, const scu_dataset *header) {
  const char *text;
  size_t length;
  scu_result result = first_value(index, header, SCU__TAG_PATIENT_ID, &text, &length);
  if (result != SCU_OK) return result;
  scu__put_u8(&index->key, length > 0 ? 'I' : 'N');
  scu__put_bytes(&index->key, text, length);
  if (length > 0) return scu__buffer_result(&index->key);
  result = first_value(index, header, SCU__TAG_PATIENT_NAME, &text, &length);
  if (result == SCU_OK) result = scu__name_fold(text, length, &index->key);
  if (result != SCU_OK) return result;
  scu__put_u8(&index->key, '\n');
  result = first_value(index, header, SCU__TAG_PATIENT_BIRTH_DATE, &text, &length);
  scu__put_bytes(&index->key, text, length);
  return result == SCU_OK ? scu__buffer_result(&index->key) : result;
}

static scu_result read_identity(scu__index *index, const scu_dataset *header, identity *who) {
  scu__buffer_clear(&index->key);
  scu_result result = put_patient_identity(index, header);
  if (result == SCU_OK) result = first_value(index, header, SCU__TAG_STUDY_UID, &who->study, &who->study_length);
  if (result == SCU_OK) result = first_value(index, header, SCU__TAG_SERIES_UID, &who->series, &who->series_length);
  if (result != SCU_OK) return result;
  who->patient_length = index->key.length;
  scu__put_u8(&index->key, 0);
  scu__put_bytes(&index->key, who->study, who->study_length);
  scu__put_u8(&index->key, 0);
  scu__put_bytes(&index->key, who->series, who->series_length);
  who->patient = (const char *)index->key.data;
  return scu__buffer_result(&index->key);
}

/* *id is 0 when there is none. */
static scu_result find_id(scu__index *index, scu__change change, const char *text, size_t length, int64_t parent,
                          int64_t *id, scu_error *error) {
  scu__statement *find;
  *id = 0;
  scu_result result = statement(index, change, &find, error);
  if (result != SCU_OK) return result;
  scu__bind_text(find, 1, text, length);
  if (parent != 0) scu__bind_integer(find, 2, parent);
  result = scu__statement_step(find, error);
  if (result == SCU_OK) *id = scu__column_integer(find, 0);
  scu__statement_reset(find);
  return result < 0 ? result : SCU_OK;
}

static scu_result make_entity(scu__index *index, scu__change change, scu__level level, const scu_dataset *header,
                              const identity *who, int64_t parent, int64_t *id, scu_error *error) {
  scu__statement *add;
  int parameter = 3;
  scu_result result = statement(index, change, &add, error);
  if (result == SCU_OK) result = bind_record(index, add, level, header, error);
  if (result != SCU_OK) return result;
  if (level == SCU__LEVEL_PATIENT)
    scu__bind_text(add, 2, who->patient, who->patient_length);
  else
    scu__bind_integer(add, 2, parent);
  result = bind_columns(index, add, &parameter, level, header, error);
  if (result == SCU_OK) result = scu__statement_run(add, error);
  *id = scu__database_last_id(index->database);
  return result;
}

/* The series an instance belongs to, made with all that is above it when it is new. */
static scu_result settle_series(scu__index *index, const scu_dataset *header, const identity *who, int64_t *series,
                                scu_error *error) {
  int64_t patient, study;
  scu_result result = find_id(index, SCU__CHANGE_FIND_PATIENT, who->patient, who->patient_length, 0, &patient, error);
  if (result == SCU_OK && patient == 0)
    result = make_entity(index, SCU__CHANGE_ADD_PATIENT, SCU__LEVEL_PATIENT, header, who, 0, &patient, error);
  if (result == SCU_OK)
    result = find_id(index, SCU__CHANGE_FIND_STUDY, who->study, who->study_length, patient, &study, error);
  if (result == SCU_OK && study == 0)
    result = make_entity(index, SCU__CHANGE_ADD_STUDY, SCU__LEVEL_STUDY, header, who, patient, &study, error);
  if (result == SCU_OK)
    result = find_id(index, SCU__CHANGE_FIND_SERIES, who->series, who->series_length, study, series, error);
  if (result == SCU_OK && *series == 0)
    result = make_entity(index, SCU__CHANGE_ADD_SERIES, SCU__LEVEL_SERIES, header, who, study, series, error);
  return result;
}

/* Most instances follow another of their series. */
static bool is_last_series(const scu__index *index) {
  return index->last_series != 0 && index->key.length == index->last_key.length &&
         memcmp(index->key.data, index->last_key.data, index->key.length) == 0;
}

static void remember_series(scu__index *index, int64_t series) {
  scu__buffer_clear(&index->last_key);
  scu__put_bytes(&index->last_key, index->key.data, index->key.length);
  index->last_series = scu__buffer_result(&index->last_key) == SCU_OK ? series : 0;
}

static scu_result insert_instance(scu__index *index, const scu_dataset *header, const scu__index_instance *instance,
                                  int64_t series, scu_error *error) {
  scu__statement *add;
  const char *number;
  size_t length;
  scu_result result = statement(index, SCU__CHANGE_ADD_INSTANCE, &add, error);
  if (result == SCU_OK) result = bind_record(index, add, SCU__LEVEL_IMAGE, header, error);
  if (result != SCU_OK) return result;
  if (first_value(index, header, SCU_TAG(0x0020, 0x0013), &number, &length) != SCU_OK) return no_memory(error);
  scu__bind_integer(add, 2, series);
  scu__bind_text(add, 3, instance->sop_instance, strlen(instance->sop_instance));
  scu__bind_text(add, 4, instance->sop_class, strlen(instance->sop_class));
  bind_number(add, 5, SCU__COLUMN_NUMBER, number, length);
  scu__bind_text(add, 6, instance->transfer_syntax, strlen(instance->transfer_syntax));
  scu__bind_integer(add, 7, instance->length > INT64_MAX ? INT64_MAX : (int64_t)instance->length);
  scu__bind_blob(add, 8, instance->digest_length > 0 ? instance->digest : NULL, instance->digest_length);
  scu__bind_text(add, 9, instance->path, strlen(instance->path));
  return scu__statement_run(add, error);
}

static scu_result remove_path(scu__index *index, const char *path, scu_error *error);

static scu_result add_instance(scu__index *index, const scu_dataset *header, const scu__index_instance *instance,
                               scu_error *error) {
  const scu_dataset *prepared;
  identity who;
  int64_t series;
  if (scu__record_writer_start(&index->writer, header, &prepared) != SCU_OK) return no_memory(error);
  scu_result result = remove_path(index, instance->path, error);
  if (result < 0) return result;
  if (read_identity(index, prepared, &who) != SCU_OK) return no_memory(error);
  series = index->last_series;
  if (!is_last_series(index)) {
    result = settle_series(index, prepared, &who, &series, error);
    if (result != SCU_OK) return result;
    remember_series(index, series);
  }
  return insert_instance(index, prepared, instance, series, error);
}

scu_result scu__index_add(scu__index *index, const scu_dataset *header, const scu__index_instance *instance,
                          scu_error *error) {
  if (!instance->sop_instance || !instance->sop_instance[0] || !instance->sop_class || !instance->transfer_syntax ||
      !instance->path || !instance->path[0])
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_STORAGE, "an instance without UID, class, syntax or path");
  scu__arena_reset(&index->arena);
  scu_result result = begin_change(index, error);
  if (result != SCU_OK) return result;
  return end_change(index, add_instance(index, header, instance, error), error);
}

/* ---- removing ---- */

static scu_result run_with_id(scu__index *index, scu__change change, int64_t id, scu_error *error) {
  scu__statement *run;
  scu_result result = statement(index, change, &run, error);
  if (result != SCU_OK) return result;
  scu__bind_integer(run, 1, id);
  return scu__statement_run(run, error);
}

static scu_result remove_path(scu__index *index, const char *path, scu_error *error) {
  scu__statement *find;
  scu_result result = statement(index, SCU__CHANGE_FIND_PATH, &find, error);
  if (result != SCU_OK) return result;
  scu__bind_text(find, 1, path, strlen(path));
  result = scu__statement_step(find, error);
  int64_t ids[4] = {0};
  for (int i = 0; result == SCU_OK && i < 4; i++) ids[i] = scu__column_integer(find, i);
  scu__statement_reset(find);
  if (result != SCU_OK) return result;
  static const scu__change changes[4] = {SCU__CHANGE_REMOVE_INSTANCE, SCU__CHANGE_PRUNE_SERIES, SCU__CHANGE_PRUNE_STUDY,
                                         SCU__CHANGE_PRUNE_PATIENT};
  index->last_series = 0;
  for (int i = 0; result == SCU_OK && i < 4; i++) result = run_with_id(index, changes[i], ids[i], error);
  return result;
}

scu_result scu__index_remove(scu__index *index, const char *path, scu_error *error) {
  scu_result result = begin_change(index, error);
  if (result != SCU_OK) return result;
  return end_change(index, remove_path(index, path, error), error);
}

/* ---- looking up ---- */

static scu_result read_instance(scu__statement *find, scu__index_instance *out, scu_error *error) {
  scu_result result = scu__statement_step(find, error);
  *out = (scu__index_instance){0};
  if (result != SCU_OK) {
    scu__statement_reset(find);
    return result;
  }
  size_t length;
  out->sop_class = scu__column_text(find, 0, &length);
  out->sop_instance = scu__column_text(find, 1, &length);
  out->transfer_syntax = scu__column_text(find, 2, &length);
  out->path = scu__column_text(find, 3, &length);
  out->length = (uint64_t)scu__column_integer(find, 4);
  out->digest = scu__column_blob(find, 5, &out->digest_length);
  return SCU_OK;
}

/* Binds a copy of the text: it has to live as long as the statement may be stepped. */
static scu_result look_up(scu__index *index, scu__change change, const char *text, scu__index_instance *out,
                          scu_error *error) {
  scu__statement *find;
  scu_result result = statement(index, change, &find, error);
  if (result != SCU_OK) return result;
  scu__arena_reset(&index->arena);
  size_t length = strlen(text);
  char *copy = scu__arena_take(&index->arena, length);
  if (!copy) return no_memory(error);
  memcpy(copy, text, length);
  scu__bind_text(find, 1, copy, length);
  return read_instance(find, out, error);
}

scu_result scu__index_lookup(scu__index *index, const char *sop_instance, scu__index_instance *out, scu_error *error) {
  return look_up(index, SCU__CHANGE_LOOK_UP, sop_instance, out, error);
}

scu_result scu__index_lookup_next(scu__index *index, scu__index_instance *out, scu_error *error) {
  if (!index->changes[SCU__CHANGE_LOOK_UP]) return SCU_END;
  return read_instance(index->changes[SCU__CHANGE_LOOK_UP], out, error);
}

scu_result scu__index_at_path(scu__index *index, const char *path, scu__index_instance *out, scu_error *error) {
  return look_up(index, SCU__CHANGE_AT_PATH, path, out, error);
}

scu_result scu__index_after_path(scu__index *index, const char *path, scu__index_instance *out, scu_error *error) {
  return look_up(index, SCU__CHANGE_AFTER_PATH, path, out, error);
}

scu_result scu__index_older(scu__index *index, int64_t *id, scu__index_instance *out, scu_error *error) {
  scu__statement *find;
  scu_result result = statement(index, SCU__CHANGE_BEFORE_ID, &find, error);
  if (result != SCU_OK) return result;
  scu__bind_integer(find, 1, *id);
  result = read_instance(find, out, error);
  if (result == SCU_OK) *id = scu__column_integer(find, 6);
  return result;
}

bool scu__index_was_left_open(const scu__index *index) {
  return index->was_left_open;
}

/* ---- worklist ---- */

/* The entry with one of its steps. */
static scu_result copy_step(const scu_dataset *entry, size_t step, size_t count, scu_dataset **out) {
  scu_result result = scu_dataset_copy(entry, out);
  for (size_t i = count; result == SCU_OK && i-- > 0;) {
    scu__path path = scu__path_of_tag(SCU__TAG_SCHEDULED_STEP);
    char text[SCU__PATH_TEXT_MAX];
    path.steps[0].has_item = true;
    path.steps[0].item = (uint32_t)i;
    if (i == step) continue;
    scu__path_format(&path, text, sizeof text);
    result = scu_dataset_remove(*out, text);
  }
  return result;
}

static scu_result add_step(scu__index *index, const scu_dataset *entry, scu_error *error) {
  const scu_dataset *prepared;
  const char *study, *step;
  size_t study_length, step_length;
  scu__statement *remove, *add;
  int parameter = 2;
  if (scu__record_writer_start(&index->writer, entry, &prepared) != SCU_OK) return no_memory(error);
  const scu_dataset *item = scu_element_item(scu_dataset_find(prepared, SCU__TAG_SCHEDULED_STEP), 0);
  if (first_value(index, prepared, SCU__TAG_STUDY_UID, &study, &study_length) != SCU_OK ||
      first_value(index, item, SCU__TAG_SCHEDULED_STEP_ID, &step, &step_length) != SCU_OK)
    return no_memory(error);
  scu_result result = statement(index, SCU__CHANGE_REMOVE_STEP, &remove, error);
  if (result != SCU_OK) return result;
  scu__bind_text(remove, 1, study, study_length);
  scu__bind_text(remove, 2, step, step_length);
  result = scu__statement_run(remove, error);
  if (result == SCU_OK) result = statement(index, SCU__CHANGE_ADD_STEP, &add, error);
  if (result == SCU_OK) result = bind_record(index, add, SCU__LEVEL_WORKLIST, prepared, error);
  if (result == SCU_OK) result = bind_columns(index, add, &parameter, SCU__LEVEL_WORKLIST, prepared, error);
  return result == SCU_OK ? scu__statement_run(add, error) : result;
}

static scu_result add_steps(scu__index *index, const scu_dataset *entry, size_t count, scu_error *error) {
  if (count == 1) return add_step(index, entry, error);
  for (size_t i = 0; i < count; i++) {
    scu_dataset *single = NULL;
    scu_result result = copy_step(entry, i, count, &single);
    if (result == SCU_OK) result = add_step(index, single, error);
    scu_dataset_free(single);
    if (result == SCU_ERROR_MEMORY) scu__error_memory(error, SCU_PHASE_STORAGE);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

scu_result scu__index_add_worklist(scu__index *index, const scu_dataset *entry, scu_error *error) {
  const scu_element *steps = scu_dataset_find(entry, SCU__TAG_SCHEDULED_STEP);
  size_t count = steps ? scu_element_item_count(steps) : 0;
  if (count == 0 || count > STEPS_MAX)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_STORAGE,
                          "a worklist entry has 1 to %d scheduled procedure steps", STEPS_MAX);
  scu__arena_reset(&index->arena);
  scu_result result = begin_change(index, error);
  if (result != SCU_OK) return result;
  return end_change(index, add_steps(index, entry, count, error), error);
}

scu_result scu__index_remove_worklist(scu__index *index, const char *study_uid, const char *step_id, scu_error *error) {
  scu__statement *remove;
  end_lookup(index);
  scu_result result = statement(index, SCU__CHANGE_REMOVE_STEP, &remove, error);
  if (result != SCU_OK) return result;
  scu__bind_text(remove, 1, study_uid, strlen(study_uid));
  scu__bind_text(remove, 2, step_id, strlen(step_id));
  result = scu__statement_run(remove, error);
  if (result != SCU_OK) return result;
  return scu__database_changes(index->database) > 0 ? SCU_OK : SCU_END;
}

/* ---- counting ---- */

scu_result scu__index_count(scu__index *index, scu__index_counts *counts, scu_error *error) {
  const struct {
    const char *sql;
    int64_t *to;
  } tables[] = {{"SELECT COUNT(*) FROM patients", &counts->patients},
                {"SELECT COUNT(*) FROM studies", &counts->studies},
                {"SELECT COUNT(*) FROM series", &counts->series},
                {"SELECT COUNT(*) FROM instances", &counts->instances},
                {"SELECT COUNT(*) FROM worklist", &counts->worklist_entries}};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    scu_result result = scu__database_integer(index->database, tables[i].sql, tables[i].to, error);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

scu_result scu__index_limit_pages(scu__index *index, unsigned pages, scu_error *error) {
  char sql[60];
  snprintf(sql, sizeof sql, "PRAGMA max_page_count=%u", pages);
  return scu__database_run(index->database, sql, error);
}
