/* Rows into datasets, and the patients that instances and worklist share. */
#include "archive/demo_rows.h"

#include "data/dataset.h"

scu_result scu__demo_set(scu_dataset *dataset, const char *path, const char *value, scu_error *error) {
  scu__path parsed;
  scu_result result = scu__path_parse(path, &parsed, error);
  if (result != SCU_OK) return result;
  return value ? scu__dataset_set_text(dataset, &parsed, value, error)
               : scu__dataset_set_empty(dataset, &parsed, error);
}

scu_result scu__demo_fill(scu_dataset *dataset, const scu__demo_row *rows, scu_error *error) {
  scu_result result = SCU_OK;
  for (; result == SCU_OK && rows->path; rows++) result = scu__demo_set(dataset, rows->path, rows->value, error);
  return result;
}

const scu__demo_row scu__demo_ada[] = {
    {"PatientName", "Phantom^Ada"},
    {"PatientID", "DEMO-1"},
    {"PatientBirthDate", "19701224"},
    {"PatientSex", "F"},
    {NULL, NULL},
};

/* reidai = an exercise. Ideographic and phonetic groups (PS3.5 H). */
const scu__demo_row scu__demo_hanako[] = {
    {"PatientName", "Reidai^Hanako=例題^花子=れいだい^はなこ"},
    {"PatientID", "DEMO-2"},
    {"PatientBirthDate", "19850703"},
    {"PatientSex", "F"},
    {NULL, NULL},
};

/* deigma = a sample. */
const scu__demo_row scu__demo_eleni[] = {
    {"PatientName", "Δείγμα^Ελένη"},
    {"PatientID", "DEMO-3"},
    {"PatientBirthDate", "19580218"},
    {"PatientSex", "F"},
    {NULL, NULL},
};

const scu__demo_row scu__demo_max[] = {
    {"PatientName", "Muster^Max^Emil^Dr."},
    {"PatientID", "DEMO-4"},
    {"PatientBirthDate", "20000229"},
    {"PatientSex", "M"},
    {NULL, NULL},
};
