/* Connections that read, kept from one query to the next. */
#include "archive/index_private.h"

static const char *const lookup_sql[SCU__LOOKUP_COUNT] = {
    [SCU__LOOKUP_PATIENT] = "SELECT record FROM patients WHERE id=?",
    [SCU__LOOKUP_STUDY] = "SELECT record FROM studies WHERE id=?",
    [SCU__LOOKUP_SERIES] = "SELECT record FROM series WHERE id=?",
    [SCU__LOOKUP_PATIENT_STUDIES] = "SELECT COUNT(*) FROM studies WHERE patient=?",
    [SCU__LOOKUP_PATIENT_SERIES] = "SELECT COUNT(*) FROM studies s JOIN series e ON e.study=s.id WHERE s.patient=?",
    [SCU__LOOKUP_PATIENT_INSTANCES] = ("SELECT COUNT(*) FROM studies s JOIN series e ON e.study=s.id"
                                       " JOIN instances i ON i.series=e.id WHERE s.patient=?"),
    [SCU__LOOKUP_STUDY_SERIES] = "SELECT COUNT(*) FROM series WHERE study=?",
    [SCU__LOOKUP_STUDY_INSTANCES] = "SELECT COUNT(*) FROM series e JOIN instances i ON i.series=e.id WHERE e.study=?",
    [SCU__LOOKUP_SERIES_INSTANCES] = "SELECT COUNT(*) FROM instances WHERE series=?",
    [SCU__LOOKUP_MODALITIES] = "SELECT DISTINCT modality FROM series WHERE study=? AND modality<>''",
    [SCU__LOOKUP_SOP_CLASSES] =
        "SELECT DISTINCT i.sop_class FROM series e JOIN instances i ON i.series=e.id WHERE e.study=?",
};

static void reset_lookups(scu__index_reader *reader) {
  for (size_t i = 0; i < SCU__LOOKUP_COUNT; i++)
    if (reader->lookups[i]) scu__statement_reset(reader->lookups[i]);
}

static void reader_free(scu__index *index, scu__index_reader *reader) {
  for (size_t i = 0; i < SCU__LOOKUP_COUNT; i++) scu__statement_finalize(reader->lookups[i]);
  if (reader->owns_database) scu__database_close(reader->database);
  scu__free(index->allocator, reader);
}

static scu_result reader_new(scu__index *index, scu__index_reader **out, scu_error *error) {
  scu__index_reader *reader = scu__alloc(index->allocator, sizeof *reader);
  if (!reader) return scu__error_memory(error, SCU_PHASE_STORAGE);
  scu__database_options options = {
      .is_read_only = true, .cache_kib = SCU__READER_CACHE_KIB, .busy_timeout_ms = SCU__BUSY_TIMEOUT_MS};
  scu_result result = SCU_OK;
  reader->owns_database = !index->is_in_memory;
  if (index->is_in_memory)
    reader->database = index->database;
  else
    result = scu__database_open(index->path, &options, index->allocator, &reader->database, error);
  if (result != SCU_OK) {
    scu__free(index->allocator, reader);
    return result;
  }
  *out = reader;
  return SCU_OK;
}

scu_result scu__reader_acquire(scu__index *index, scu__index_reader **out, scu_error *error) {
  *out = index->idle;
  if (index->idle) {
    index->idle = index->idle->next;
    index->idle_count--;
  } else {
    scu_result result = reader_new(index, out, error);
    if (result != SCU_OK) return result;
  }
  /* One snapshot for all that a cursor reads. */
  if (!(*out)->owns_database) return SCU_OK;
  scu_result result = scu__database_run((*out)->database, "BEGIN", error);
  if (result == SCU_OK) return SCU_OK;
  reader_free(index, *out);
  *out = NULL;
  return result;
}

void scu__reader_release(scu__index *index, scu__index_reader *reader) {
  if (!reader) return;
  reset_lookups(reader);
  bool is_kept = reader->owns_database && index->idle_count < SCU__IDLE_READERS_MAX;
  if (is_kept && scu__database_is_in_transaction(reader->database))
    is_kept = scu__database_run(reader->database, "COMMIT", NULL) == SCU_OK;
  if (!is_kept) {
    reader_free(index, reader);
    return;
  }
  reader->next = index->idle;
  index->idle = reader;
  index->idle_count++;
}

void scu__readers_free(scu__index *index) {
  while (index->idle) {
    scu__index_reader *reader = index->idle;
    index->idle = reader->next;
    reader_free(index, reader);
  }
  index->idle_count = 0;
}

scu_result scu__reader_lookup(scu__index_reader *reader, scu__lookup lookup, int64_t id, scu__statement **out,
                              scu_error *error) {
  scu__statement **statement = &reader->lookups[lookup];
  if (!*statement) {
    scu_result result = scu__database_prepare(reader->database, lookup_sql[lookup], statement, error);
    if (result != SCU_OK) return result;
  }
  scu__statement_reset(*statement);
  scu__bind_integer(*statement, 1, id);
  *out = *statement;
  return SCU_OK;
}
