/* The tables behind attribute.h. */
#include "archive/attribute.h"

#define GROUP(group)        SCU_TAG(group, 0x0000), SCU_TAG(group, 0xFFFF)
#define ONE(group, element) SCU_TAG(group, element), SCU_TAG(group, element)

typedef struct level_row {
  scu_tag first, last;
  uint8_t level;
} level_row;

/* The first row that covers a tag decides. Sources: the modules of the Patient, Study and Series entities of PS3.3
 * C.7.1 - C.7.3, with equipment and frame of reference told once a series. */
static const level_row level_rows[] = {
    /* Patient Study Module: of the day, not of the person */
    {ONE(0x0010, 0x1010), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0010, 0x1020), SCU_TAG(0x0010, 0x1024), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0010, 0x1030), SCU_TAG(0x0010, 0x1039), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0010, 0x2000), SCU_TAG(0x0010, 0x2110), SCU__LEVEL_STUDY},
    {ONE(0x0010, 0x2180), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0010, 0x21A0), SCU_TAG(0x0010, 0x21D0), SCU__LEVEL_STUDY},
    {ONE(0x0010, 0x2203), SCU__LEVEL_STUDY},
    {GROUP(0x0010), SCU__LEVEL_PATIENT},
    {ONE(0x0008, 0x1120), SCU__LEVEL_PATIENT},                              /* Referenced Patient Sequence */
    {SCU_TAG(0x0012, 0x0010), SCU_TAG(0x0012, 0x0042), SCU__LEVEL_PATIENT}, /* clinical trial subject */
    {SCU_TAG(0x0012, 0x0062), SCU_TAG(0x0012, 0x0064), SCU__LEVEL_PATIENT}, /* de-identification */
    {SCU_TAG(0x0012, 0x0050), SCU_TAG(0x0012, 0x0055), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0012, 0x0060), SCU_TAG(0x0012, 0x0072), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0012, 0x0081), SCU_TAG(0x0012, 0x0087), SCU__LEVEL_PATIENT},
    {ONE(0x0008, 0x0020), SCU__LEVEL_STUDY},
    {ONE(0x0008, 0x0030), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0008, 0x0050), SCU_TAG(0x0008, 0x0051), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0008, 0x0061), SCU_TAG(0x0008, 0x0063), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0008, 0x0090), SCU_TAG(0x0008, 0x009D), SCU__LEVEL_STUDY},
    {ONE(0x0008, 0x041F), SCU__LEVEL_STUDY},
    {ONE(0x0008, 0x1030), SCU__LEVEL_STUDY},
    {ONE(0x0008, 0x1032), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0008, 0x1048), SCU_TAG(0x0008, 0x1049), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0008, 0x1060), SCU_TAG(0x0008, 0x1062), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0008, 0x1080), SCU_TAG(0x0008, 0x1084), SCU__LEVEL_STUDY},
    {ONE(0x0008, 0x1110), SCU__LEVEL_STUDY}, /* Referenced Study Sequence */
    {ONE(0x0020, 0x000D), SCU__LEVEL_STUDY},
    {ONE(0x0020, 0x0010), SCU__LEVEL_STUDY},
    {ONE(0x0020, 0x1070), SCU__LEVEL_STUDY},
    {SCU_TAG(0x0020, 0x1200), SCU_TAG(0x0020, 0x1204), SCU__LEVEL_PATIENT}, /* related counts */
    {SCU_TAG(0x0020, 0x1206), SCU_TAG(0x0020, 0x1208), SCU__LEVEL_STUDY},
    {ONE(0x0020, 0x1209), SCU__LEVEL_SERIES},
    {GROUP(0x0032), SCU__LEVEL_STUDY},
    {GROUP(0x0038), SCU__LEVEL_STUDY},
    {ONE(0x0040, 0x1012), SCU__LEVEL_STUDY}, /* Reason For Performed Procedure Code Sequence */
    {ONE(0x0008, 0x0021), SCU__LEVEL_SERIES},
    {ONE(0x0008, 0x0031), SCU__LEVEL_SERIES},
    {ONE(0x0008, 0x0060), SCU__LEVEL_SERIES},
    {ONE(0x0008, 0x0070), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0008, 0x0080), SCU_TAG(0x0008, 0x0082), SCU__LEVEL_SERIES},
    {ONE(0x0008, 0x1010), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0008, 0x103E), SCU_TAG(0x0008, 0x1041), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0008, 0x1050), SCU_TAG(0x0008, 0x1052), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0008, 0x1070), SCU_TAG(0x0008, 0x1072), SCU__LEVEL_SERIES},
    {ONE(0x0008, 0x1090), SCU__LEVEL_SERIES},
    {ONE(0x0008, 0x1111), SCU__LEVEL_SERIES}, /* Referenced Performed Procedure Step Sequence */
    {ONE(0x0008, 0x1250), SCU__LEVEL_SERIES},
    {ONE(0x0018, 0x0015), SCU__LEVEL_SERIES},
    {ONE(0x0018, 0x1000), SCU__LEVEL_SERIES},
    {ONE(0x0018, 0x1002), SCU__LEVEL_SERIES},
    {ONE(0x0018, 0x1020), SCU__LEVEL_SERIES},
    {ONE(0x0018, 0x1030), SCU__LEVEL_SERIES},
    {ONE(0x0018, 0x1050), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0018, 0x1200), SCU_TAG(0x0018, 0x1202), SCU__LEVEL_SERIES},
    {ONE(0x0018, 0x5100), SCU__LEVEL_SERIES},
    {ONE(0x0020, 0x000E), SCU__LEVEL_SERIES},
    {ONE(0x0020, 0x0011), SCU__LEVEL_SERIES},
    {ONE(0x0020, 0x0052), SCU__LEVEL_SERIES},
    {ONE(0x0020, 0x0060), SCU__LEVEL_SERIES},
    {ONE(0x0020, 0x1040), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0028, 0x0108), SCU_TAG(0x0028, 0x0109), SCU__LEVEL_SERIES},
    {SCU_TAG(0x0040, 0x0241), SCU_TAG(0x0040, 0x0281), SCU__LEVEL_SERIES}, /* performed procedure step summary */
};

scu__level scu__attribute_level(scu_tag tag) {
  for (size_t i = 0; i < sizeof level_rows / sizeof *level_rows; i++)
    if (tag >= level_rows[i].first && tag <= level_rows[i].last) return (scu__level)level_rows[i].level;
  return SCU__LEVEL_IMAGE;
}

scu_tag scu__unique_key(scu__level level) {
  static const scu_tag keys[SCU__LEVEL_COUNT] = {SCU__TAG_PATIENT_ID, SCU__TAG_STUDY_UID, SCU__TAG_SERIES_UID,
                                                 SCU__TAG_SOP_INSTANCE_UID, 0};
  return keys[level];
}

static bool is_among(scu_tag tag, const scu_tag *tags, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (tags[i] == tag) return true;
  return false;
}

bool scu__attribute_is_required(scu_tag tag) {
  static const scu_tag required[] = {SCU_TAG(0x0008, 0x0020), SCU_TAG(0x0008, 0x0030), SCU_TAG(0x0008, 0x0050),
                                     SCU_TAG(0x0008, 0x0060), SCU_TAG(0x0010, 0x0010), SCU_TAG(0x0010, 0x0020),
                                     SCU_TAG(0x0020, 0x0010), SCU_TAG(0x0020, 0x0011), SCU_TAG(0x0020, 0x0013)};
  return is_among(tag, required, sizeof required / sizeof *required);
}

bool scu__attribute_is_computed(scu_tag tag) {
  static const scu_tag computed[] = {
      SCU__TAG_MODALITIES_IN_STUDY, SCU__TAG_SOP_CLASSES_IN_STUDY, SCU__TAG_AVAILABLE_SYNTAX,
      SCU__TAG_PATIENT_STUDIES,     SCU__TAG_PATIENT_SERIES,       SCU__TAG_PATIENT_INSTANCES,
      SCU__TAG_STUDY_SERIES,        SCU__TAG_STUDY_INSTANCES,      SCU__TAG_SERIES_INSTANCES};
  return is_among(tag, computed, sizeof computed / sizeof *computed);
}

/* Names and order as in schema.c. */
static const scu__column columns[] = {
    {SCU__LEVEL_PATIENT, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0010, 0x0020), "patient_id"},
    {SCU__LEVEL_PATIENT, SCU__COLUMN_NAME, 0, SCU_TAG(0x0010, 0x0010), "name"},
    {SCU__LEVEL_PATIENT, SCU__COLUMN_DATE, 0, SCU_TAG(0x0010, 0x0030), "birth_date"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0020, 0x000D), "uid"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0010, 0x0020), "patient_id"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_NAME, 0, SCU_TAG(0x0010, 0x0010), "name"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_DATE, 0, SCU_TAG(0x0010, 0x0030), "birth_date"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_DATE, 0, SCU_TAG(0x0008, 0x0020), "date"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_TIME, 0, SCU_TAG(0x0008, 0x0030), "time"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0008, 0x0050), "accession_number"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0020, 0x0010), "study_id"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_NAME, 0, SCU_TAG(0x0008, 0x0090), "referring"},
    {SCU__LEVEL_STUDY, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0008, 0x1030), "description"},
    {SCU__LEVEL_SERIES, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0020, 0x000E), "uid"},
    {SCU__LEVEL_SERIES, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0008, 0x0060), "modality"},
    {SCU__LEVEL_SERIES, SCU__COLUMN_NUMBER, 0, SCU_TAG(0x0020, 0x0011), "number"},
    {SCU__LEVEL_IMAGE, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0008, 0x0018), "uid"},
    {SCU__LEVEL_IMAGE, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0008, 0x0016), "sop_class"},
    {SCU__LEVEL_IMAGE, SCU__COLUMN_NUMBER, 0, SCU_TAG(0x0020, 0x0013), "number"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0020, 0x000D), "study_uid"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_TEXT, SCU__TAG_SCHEDULED_STEP, SCU__TAG_SCHEDULED_STEP_ID, "step_id"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0010, 0x0020), "patient_id"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_NAME, 0, SCU_TAG(0x0010, 0x0010), "name"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0008, 0x0050), "accession_number"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_TEXT, 0, SCU_TAG(0x0040, 0x1001), "procedure_id"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_DATE, SCU__TAG_SCHEDULED_STEP, SCU_TAG(0x0040, 0x0002), "start_date"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_TEXT, SCU__TAG_SCHEDULED_STEP, SCU_TAG(0x0008, 0x0060), "modality"},
    {SCU__LEVEL_WORKLIST, SCU__COLUMN_NAME, SCU__TAG_SCHEDULED_STEP, SCU_TAG(0x0040, 0x0006), "performer"},
};

enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

const scu__column *scu__column_find(scu__level level, scu_tag sequence, scu_tag tag) {
  for (size_t i = 0; i < COLUMN_COUNT; i++)
    if (columns[i].level == level && columns[i].sequence == sequence && columns[i].tag == tag) return &columns[i];
  return NULL;
}

const scu__column *scu__column_at(scu__level level, size_t index) {
  for (size_t i = 0; i < COLUMN_COUNT; i++)
    if (columns[i].level == level && index-- == 0) return &columns[i];
  return NULL;
}
