/* What was transferred one way over one association: per patient studies, SOP classes and counts, until there is enough
 * for a message (PS3.15 A.5.3.7: one patient each). */
#ifndef SCU_OBSERVE_TALLY_H
#define SCU_OBSERVE_TALLY_H

#include "observe/audit_message.h"
#include "observe/object_head.h"

typedef struct scu__tally_study {
  scu__uid uid;
  char *accession;
} scu__tally_study;

typedef struct scu__tally_class {
  scu__uid uid;
  size_t study;
  uint64_t count; /* that arrived */
} scu__tally_class;

/* Of one patient. */
typedef struct scu__tally {
  const scu_allocator *allocator;
  char *patient_id, *patient_name; /* NULL = nobody yet */
  scu__tally_study studies[SCU__AUDIT_STUDIES_MAX];
  size_t study_count;
  scu__tally_class classes[SCU__AUDIT_CLASSES_MAX];
  size_t class_count;
  uint64_t arrived, failed;
} scu__tally;

/* A zeroed tally with its allocator set is empty. */
void scu__tally_clear(scu__tally *tally);
bool scu__tally_is_empty(const scu__tally *tally);
/* LIMIT: another patient, or one study or class too many: take what is here for a message, clear, and try again.
 * MEMORY. *is_new: the study was not here yet. */
scu_result scu__tally_begin(scu__tally *tally, const scu__subject *subject, const scu__uid *sop_class, bool *is_new);
/* An instance that was begun: it arrived, or did not. */
void scu__tally_end(scu__tally *tally, const scu__uid *study, const scu__uid *sop_class, bool has_arrived);

#endif
