/* What the demonstration data are written down as: attributes as rows of path and text, shared by demo*.c. */
#ifndef SCU_ARCHIVE_DEMO_ROWS_H
#define SCU_ARCHIVE_DEMO_ROWS_H

#include "scu/dataset.h"

/* An arc of our own below 2.25, made from a random UUID (PS3.5 B.2) and used for nothing else. */
#define SCU__DEMO_ROOT                       "2.25.227806032358780964544045564685023620674"
#define SCU__DEMO_STUDY(number)              SCU__DEMO_ROOT ".1." number
#define SCU__DEMO_SERIES(study, number)      SCU__DEMO_ROOT ".2." study "." number
#define SCU__DEMO_INSTANCE(study, series)    SCU__DEMO_ROOT ".3." study "." series /* and "." and the instance number */
#define SCU__DEMO_FRAME_OF_REFERENCE(number) SCU__DEMO_ROOT ".4." number
#define SCU__DEMO_ORDER(number)              SCU__DEMO_ROOT ".5." number /* studies that the worklist asks for */

typedef struct scu__demo_row {
  const char *path;  /* NULL ends a table */
  const char *value; /* UTF-8; NULL = without value */
} scu__demo_row;

scu_result scu__demo_set(scu_dataset *dataset, const char *path, const char *value, scu_error *error);
scu_result scu__demo_fill(scu_dataset *dataset, const scu__demo_row *rows, scu_error *error);

/* Patients and devices that instances and worklist have in common. */
extern const scu__demo_row scu__demo_ada[], scu__demo_hanako[], scu__demo_eleni[], scu__demo_max[];

typedef enum scu__demo_kind {
  SCU__DEMO_CT,
  SCU__DEMO_MR,
  SCU__DEMO_US,
  SCU__DEMO_REPORT,
  SCU__DEMO_PRESENTATION,
  SCU__DEMO_LETTER
} scu__demo_kind;

enum { SCU__DEMO_PARTS_MAX = 6 };

typedef struct scu__demo_series {
  scu__demo_kind kind;
  unsigned count; /* instances */
  const char *sop_class, *transfer_syntax, *charset;
  const char *instance_prefix;                     /* of the SOP Instance UIDs, without the number */
  const scu__demo_row *parts[SCU__DEMO_PARTS_MAX]; /* patient, study, series, ... */
  const char *const *letter;                       /* lines, NULL at the end; NULL = not a letter */
} scu__demo_series;

/* In the order in which they are made; NULL past the end. */
const scu__demo_series *scu__demo_series_at(size_t index);

#endif
