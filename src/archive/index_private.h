/* The inside of scu__index, for the files that make it up. */
#ifndef SCU_ARCHIVE_INDEX_PRIVATE_H
#define SCU_ARCHIVE_INDEX_PRIVATE_H

#include "archive/database.h"
#include "archive/index.h"
#include "archive/record.h"
#include "data/arena.h"

enum {
  SCU__INDEX_CACHE_KIB = 8192,
  SCU__READER_CACHE_KIB = 512,
  SCU__IDLE_READERS_MAX = 32,
  SCU__BUSY_TIMEOUT_MS = 10000
};

/* What a reader asks again and again. */
typedef enum scu__lookup {
  SCU__LOOKUP_PATIENT, /* record of an id */
  SCU__LOOKUP_STUDY,
  SCU__LOOKUP_SERIES,
  SCU__LOOKUP_PATIENT_STUDIES, /* counts below an id */
  SCU__LOOKUP_PATIENT_SERIES,
  SCU__LOOKUP_PATIENT_INSTANCES,
  SCU__LOOKUP_STUDY_SERIES,
  SCU__LOOKUP_STUDY_INSTANCES,
  SCU__LOOKUP_SERIES_INSTANCES,
  SCU__LOOKUP_MODALITIES, /* texts below an id */
  SCU__LOOKUP_SOP_CLASSES,
  SCU__LOOKUP_COUNT
} scu__lookup;

/* A connection with a snapshot, for one cursor at a time. */
typedef struct scu__index_reader {
  struct scu__index_reader *next; /* idle */
  scu__database *database;
  bool owns_database; /* not in memory */
  scu__statement *lookups[SCU__LOOKUP_COUNT];
} scu__index_reader;

typedef enum scu__change {
  SCU__CHANGE_SAVE,
  SCU__CHANGE_RELEASE,
  SCU__CHANGE_FIND_PATIENT,
  SCU__CHANGE_FIND_STUDY,
  SCU__CHANGE_FIND_SERIES,
  SCU__CHANGE_FIND_PATH,
  SCU__CHANGE_ADD_PATIENT,
  SCU__CHANGE_ADD_STUDY,
  SCU__CHANGE_ADD_SERIES,
  SCU__CHANGE_ADD_INSTANCE,
  SCU__CHANGE_REMOVE_INSTANCE,
  SCU__CHANGE_PRUNE_SERIES,
  SCU__CHANGE_PRUNE_STUDY,
  SCU__CHANGE_PRUNE_PATIENT,
  SCU__CHANGE_LOOK_UP,
  SCU__CHANGE_AT_PATH,
  SCU__CHANGE_BEFORE_ID,
  SCU__CHANGE_AFTER_PATH,
  SCU__CHANGE_ADD_STEP,
  SCU__CHANGE_REMOVE_STEP,
  SCU__CHANGE_COUNT
} scu__change;

struct scu__index {
  const scu_allocator *allocator;
  scu__index_options options; /* retrieve_ae points to own_ae */
  scu__ae own_ae;
  char *path;
  bool is_in_memory;
  bool was_left_open;      /* by whoever had it before */
  scu__database *database; /* that changes */
  scu__statement *changes[SCU__CHANGE_COUNT];
  scu__record_writer writer;
  scu__buffer record, key, last_key; /* key: patient, study and series of an instance */
  int64_t last_series;               /* of last_key; 0 = none */
  scu__arena arena;                  /* of one change */
  scu__buffer scratch;
  scu__index_reader *idle;
  size_t idle_count;
};

/* A reader with a fresh snapshot; release it whatever happens. */
scu_result scu__reader_acquire(scu__index *index, scu__index_reader **out, scu_error *error);
void scu__reader_release(scu__index *index, scu__index_reader *reader);
void scu__readers_free(scu__index *index);
/* The statement of a lookup with `id` bound, reset and ready for its first step. */
scu_result scu__reader_lookup(scu__index_reader *reader, scu__lookup lookup, int64_t id, scu__statement **out,
                              scu_error *error);

#endif
