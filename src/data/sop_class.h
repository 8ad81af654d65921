/* SOP classes: the storage classes as a table (PS3.4 B.5, GG), the others that services need as constants. */
#ifndef SCU_DATA_SOP_CLASS_H
#define SCU_DATA_SOP_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCU__UID_VERIFICATION                 "1.2.840.10008.1.1"
#define SCU__UID_APPLICATION_CONTEXT          "1.2.840.10008.3.1.1.1"
#define SCU__UID_MEDIA_STORAGE_DIRECTORY      "1.2.840.10008.1.3.10"
#define SCU__UID_STORAGE_COMMITMENT           "1.2.840.10008.1.20.1" /* Push Model */
#define SCU__UID_STORAGE_COMMITMENT_INSTANCE  "1.2.840.10008.1.20.1.1"
#define SCU__UID_MPPS                         "1.2.840.10008.3.1.2.3.3"
#define SCU__UID_MPPS_RETRIEVE                "1.2.840.10008.3.1.2.3.4"
#define SCU__UID_PATIENT_ROOT_FIND            "1.2.840.10008.5.1.4.1.2.1.1"
#define SCU__UID_PATIENT_ROOT_MOVE            "1.2.840.10008.5.1.4.1.2.1.2"
#define SCU__UID_PATIENT_ROOT_GET             "1.2.840.10008.5.1.4.1.2.1.3"
#define SCU__UID_STUDY_ROOT_FIND              "1.2.840.10008.5.1.4.1.2.2.1"
#define SCU__UID_STUDY_ROOT_MOVE              "1.2.840.10008.5.1.4.1.2.2.2"
#define SCU__UID_STUDY_ROOT_GET               "1.2.840.10008.5.1.4.1.2.2.3"
#define SCU__UID_PATIENT_STUDY_ONLY_FIND      "1.2.840.10008.5.1.4.1.2.3.1" /* retired, as the next two */
#define SCU__UID_PATIENT_STUDY_ONLY_MOVE      "1.2.840.10008.5.1.4.1.2.3.2"
#define SCU__UID_PATIENT_STUDY_ONLY_GET       "1.2.840.10008.5.1.4.1.2.3.3"
#define SCU__UID_COMPOSITE_INSTANCE_ROOT_MOVE "1.2.840.10008.5.1.4.1.2.4.2"
#define SCU__UID_COMPOSITE_INSTANCE_ROOT_GET  "1.2.840.10008.5.1.4.1.2.4.3"
#define SCU__UID_MODALITY_WORKLIST_FIND       "1.2.840.10008.5.1.4.31"
#define SCU__UID_INSTANCE_AVAILABILITY        "1.2.840.10008.5.1.4.33"

enum { SCU__RELATED_GENERAL_MAX = 4 };

typedef struct scu__sop_class {
  const char *uid, *name, *keyword;
  const char *modality; /* typical (0008,0060); "" where it is not fixed */
  bool is_retired;
  bool is_image;       /* pixel data or float pixel data may be in it */
  bool has_pixel_data; /* (7FE0,0010) is mandatory: an object without it is incomplete */
  bool is_non_patient; /* PS3.4 GG: no patient, study or series */
  uint8_t related_count;
  uint8_t related[SCU__RELATED_GENERAL_MAX]; /* see scu__sop_class_related */
} scu__sop_class;

/* Storage classes only; NULL for all else. */
const scu__sop_class *scu__sop_class_find(const char *uid);
bool scu__sop_class_is_storage(const char *uid);
/* Not known to be something else than storage: private, retired and newer classes may be (RULES 25). False for "". */
bool scu__sop_class_may_be_storage(const char *uid);
/* The i-th related general SOP class (PS3.4 B.3.1.4), NULL past the end: for offering 57H items, which no session does
 * yet. */
const scu__sop_class *scu__sop_class_related(const scu__sop_class *sop_class, size_t index);

size_t scu__sop_class_count(void);
const scu__sop_class *scu__sop_class_at(size_t index);

#endif
