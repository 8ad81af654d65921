/* Which attribute belongs to which level of the Query/Retrieve information model (PS3.4 C.6, PS3.3 A.1.2), what kind of
 * key it is there, and which of them have a column of their own in the index. Tables only. */
#ifndef SCU_ARCHIVE_ATTRIBUTE_H
#define SCU_ARCHIVE_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/key_attribute.h"

#define SCU__TAG_MODALITIES_IN_STUDY  SCU_TAG(0x0008, 0x0061)
#define SCU__TAG_SOP_CLASSES_IN_STUDY SCU_TAG(0x0008, 0x0062)
#define SCU__TAG_AVAILABLE_SYNTAX     SCU_TAG(0x0008, 0x3002)
#define SCU__TAG_SOP_CLASS_UID        SCU_TAG(0x0008, 0x0016)
#define SCU__TAG_SOP_INSTANCE_UID     SCU_TAG(0x0008, 0x0018)
#define SCU__TAG_STUDY_DATE           SCU_TAG(0x0008, 0x0020)
#define SCU__TAG_MODALITY             SCU_TAG(0x0008, 0x0060)
#define SCU__TAG_PATIENT_NAME         SCU_TAG(0x0010, 0x0010)
#define SCU__TAG_PATIENT_ID           SCU_TAG(0x0010, 0x0020)
#define SCU__TAG_PATIENT_BIRTH_DATE   SCU_TAG(0x0010, 0x0030)
#define SCU__TAG_STUDY_UID            SCU_TAG(0x0020, 0x000D)
#define SCU__TAG_SERIES_UID           SCU_TAG(0x0020, 0x000E)
#define SCU__TAG_PATIENT_STUDIES      SCU_TAG(0x0020, 0x1200)
#define SCU__TAG_PATIENT_SERIES       SCU_TAG(0x0020, 0x1202)
#define SCU__TAG_PATIENT_INSTANCES    SCU_TAG(0x0020, 0x1204)
#define SCU__TAG_STUDY_SERIES         SCU_TAG(0x0020, 0x1206)
#define SCU__TAG_STUDY_INSTANCES      SCU_TAG(0x0020, 0x1208)
#define SCU__TAG_SERIES_INSTANCES     SCU_TAG(0x0020, 0x1209)
#define SCU__TAG_SCHEDULED_STEP_ID    SCU_TAG(0x0040, 0x0009)

/* In the order of the hierarchy; the worklist has one level of its own. */
typedef enum scu__level {
  SCU__LEVEL_PATIENT,
  SCU__LEVEL_STUDY,
  SCU__LEVEL_SERIES,
  SCU__LEVEL_IMAGE,
  SCU__LEVEL_WORKLIST,
  SCU__LEVEL_COUNT
} scu__level;

/* The level whose records hold the attribute; IMAGE for all that no table names. */
scu__level scu__attribute_level(scu_tag tag);
/* The unique key of a level (C.6): Patient ID or a UID. */
scu_tag scu__unique_key(scu__level level);
/* A required key at any level of either root. */
bool scu__attribute_is_required(scu_tag tag);
/* The archive works these out instead of storing them. */
bool scu__attribute_is_computed(scu_tag tag);
/* How a column holds its attribute. */
typedef enum scu__column_kind {
  SCU__COLUMN_TEXT,   /* first value, trimmed; '' = none */
  SCU__COLUMN_DATE,   /* 20240131; NULL = none or no date */
  SCU__COLUMN_TIME,   /* microseconds since midnight; NULL likewise */
  SCU__COLUMN_NUMBER, /* integer; NULL likewise */
  SCU__COLUMN_NAME    /* three columns NAME_1 .. NAME_3: folded component groups; '' = none */
} scu__column_kind;

typedef struct scu__column {
  uint8_t level;    /* scu__level: the table */
  uint8_t kind;     /* scu__column_kind */
  scu_tag sequence; /* the attribute stands in the first item of this; 0 = at the top */
  scu_tag tag;
  const char *name;
} scu__column;

/* NULL when the table of that level has no column for it. */
const scu__column *scu__column_find(scu__level level, scu_tag sequence, scu_tag tag);
/* The columns of one level in the order of the schema; NULL past the end. */
const scu__column *scu__column_at(scu__level level, size_t index);

#endif
