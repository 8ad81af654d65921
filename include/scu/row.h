/* A match read for the program that asked: dates as dates, names in their components, counts as numbers (PS3.4 C.6,
 * PS3.5 6.2). Peers send odd things, so no value is a failure: each says whether it is there and good, and its text is
 * there whatever it is. The match itself is kept, too: scu_row_dataset.
 *
 * LIFETIME. Everything belongs to the scu_row, which copies the match, and lives until scu_row_free. One thread at a
 * time. Texts are UTF-8 and never NULL. */
#ifndef SCU_ROW_H
#define SCU_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "scu/allocator.h"
#include "scu/dataset.h"
#include "scu/query.h"
#include "scu/result.h"
#include "scu/values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- values ---- */

typedef enum scu_value_state {
  SCU_VALUE_ABSENT = 0,    /* no such attribute in the row */
  SCU_VALUE_EMPTY = 1,     /* it has no value: the peer does not know, or does not say */
  SCU_VALUE_MALFORMED = 2, /* not what the attribute should hold; see text. Numbers are 0 */
  SCU_VALUE_GOOD = 3
} scu_value_state;

/* `text`: the value as scu_dataset_text gives it, "" when there is none or when it has no text form. */
typedef struct scu_text_value {
  scu_value_state state;
  const char *text;
} scu_text_value;

typedef struct scu_date_value { /* DA */
  scu_value_state state;
  const char *text;
  scu_date date;
} scu_date_value;

typedef struct scu_time_value { /* TM; what is left out at its end is 0: text "10" is 10:00:00 */
  scu_value_state state;
  const char *text;
  scu_time time;
} scu_time_value;

typedef struct scu_integer_value { /* IS and the binary integers */
  scu_value_state state;
  const char *text;
  int64_t number;
} scu_integer_value;

typedef enum scu_age_unit {
  SCU_AGE_NONE = 0,
  SCU_AGE_DAYS = 'D',
  SCU_AGE_WEEKS = 'W',
  SCU_AGE_MONTHS = 'M',
  SCU_AGE_YEARS = 'Y'
} scu_age_unit;

typedef struct scu_age_value { /* AS: "034Y" */
  scu_value_state state;
  const char *text;
  int count; /* 0-999 */
  scu_age_unit unit;
} scu_age_value;

/* Values without the empty ones; EMPTY when none is left. */
typedef struct scu_list_value {
  scu_value_state state;
  const char *text;          /* joined by backslash */
  const char *const *values; /* NULL when count is 0 */
  size_t count;
} scu_list_value;

/* PN. Components are never NULL here. MALFORMED: several names, more than three groups or five components; then too
 * the first ones are filled. */
typedef struct scu_name_value {
  scu_value_state state;
  const char *text;
  scu_name_parts alphabetic, ideographic, phonetic;
} scu_name_value;

/* Instance Availability (0008,0056). UNKNOWN: absent, empty or another word, and not to be taken for OFFLINE. */
typedef enum scu_availability {
  SCU_AVAILABILITY_UNKNOWN = 0,
  SCU_AVAILABILITY_ONLINE = 1,
  SCU_AVAILABILITY_NEARLINE = 2, /* can be had, after a while */
  SCU_AVAILABILITY_OFFLINE = 3,  /* by somebody's hand */
  SCU_AVAILABILITY_UNAVAILABLE = 4
} scu_availability;

typedef struct scu_availability_value {
  scu_value_state state;
  const char *text;
  scu_availability availability;
} scu_availability_value;

/* ---- what a row says of each level; these structs are made by the library and may grow at their end ---- */

typedef struct scu_patient_values {
  scu_name_value name;      /* (0010,0010) */
  scu_text_value id;        /* (0010,0020) */
  scu_text_value id_issuer; /* (0010,0021) */
  scu_date_value birth_date;
  scu_text_value sex;
  scu_integer_value study_count, series_count, instance_count; /* (0020,1200), (0020,1202), (0020,1204) */
} scu_patient_values;

typedef struct scu_study_values {
  scu_text_value instance_uid; /* (0020,000D) */
  scu_text_value id;           /* (0020,0010) */
  scu_date_value date;         /* (0008,0020) */
  scu_time_value time;         /* (0008,0030) */
  scu_text_value accession_number;
  scu_text_value description;
  scu_name_value referring_physician;
  scu_list_value modalities;                      /* (0008,0061) */
  scu_list_value sop_classes;                     /* (0008,0062) */
  scu_age_value patient_age;                      /* (0010,1010) */
  scu_integer_value series_count, instance_count; /* (0020,1206), (0020,1208) */
} scu_study_values;

typedef struct scu_series_values {
  scu_text_value instance_uid; /* (0020,000E) */
  scu_integer_value number;    /* (0020,0011) */
  scu_text_value modality;
  scu_text_value description;
  scu_date_value date;                /* (0008,0021) */
  scu_time_value time;                /* (0008,0031) */
  scu_text_value body_part;           /* (0018,0015) */
  scu_date_value performed_step_date; /* (0040,0244) */
  scu_time_value performed_step_time; /* (0040,0245) */
  scu_text_value requested_procedure; /* (0040,0275)[0].(0040,1001) */
  scu_text_value scheduled_step;      /* (0040,0275)[0].(0040,0009) */
  scu_integer_value instance_count;   /* (0020,1209) */
} scu_series_values;

typedef struct scu_instance_values {
  scu_text_value sop_class_uid;    /* (0008,0016) */
  scu_text_value sop_instance_uid; /* (0008,0018) */
  scu_integer_value number;        /* (0020,0013) */
  scu_date_value content_date;     /* (0008,0023) */
  scu_time_value content_time;     /* (0008,0033) */
  scu_integer_value rows, columns, bits_allocated, frames;
} scu_instance_values;

/* Where what the row names can be had. */
typedef struct scu_location_values {
  scu_availability_value availability; /* (0008,0056) */
  scu_list_value retrieve_aes;         /* (0008,0054) */
} scu_location_values;

/* ---- rows ---- */

typedef struct scu_row scu_row;

/* Reads a match as scu_matches_next or the match hook (scu_match.dataset) gives it; NULL for the default allocator.
 * Fails with MEMORY only. */
SCU_API scu_result scu_row_new(const scu_allocator *allocator, const scu_dataset *match, scu_row **out);
SCU_API void scu_row_free(scu_row *row);                        /* NULL is allowed */
SCU_API const scu_dataset *scu_row_dataset(const scu_row *row); /* the match, as it came */
/* Query/Retrieve Level (0008,0052), else the level of the deepest UID; SCU_LEVEL_DEFAULT where there is neither. */
SCU_API scu_query_level scu_row_level(const scu_row *row);

/* Never NULL. A row of a deep level has those of the levels above as far as they were asked for. */
SCU_API const scu_patient_values *scu_row_patient(const scu_row *row);
SCU_API const scu_study_values *scu_row_study(const scu_row *row);
SCU_API const scu_series_values *scu_row_series(const scu_row *row);
SCU_API const scu_instance_values *scu_row_instance(const scu_row *row);
SCU_API const scu_location_values *scu_row_location(const scu_row *row);

/* Any other attribute, by a path as in dataset.h. SCU_OK whatever the value is; USAGE when it is not a path; MEMORY.
 * After a failure the value is ABSENT. */
SCU_API scu_result scu_row_read_text(scu_row *row, const char *path, scu_text_value *out);
SCU_API scu_result scu_row_read_date(scu_row *row, const char *path, scu_date_value *out);
SCU_API scu_result scu_row_read_time(scu_row *row, const char *path, scu_time_value *out);
SCU_API scu_result scu_row_read_integer(scu_row *row, const char *path, scu_integer_value *out);
SCU_API scu_result scu_row_read_age(scu_row *row, const char *path, scu_age_value *out);
SCU_API scu_result scu_row_read_list(scu_row *row, const char *path, scu_list_value *out);
SCU_API scu_result scu_row_read_name(scu_row *row, const char *path, scu_name_value *out);

#ifdef __cplusplus
}
#endif
#endif
