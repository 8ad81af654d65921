/* Modality Performed Procedure Steps (PS3.4 F.7, F.8; RULES 32): what the rules say about one. Sends and keeps nothing.
 */
#ifndef SCU_ARCHIVE_MPPS_H
#define SCU_ARCHIVE_MPPS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/values.h"
#include "scu/dataset.h"

enum { SCU__MPPS_MISSING_ATTRIBUTE = 0x0120, SCU__MPPS_MISSING_VALUE = 0x0121 };
enum { SCU__MPPS_MAX = 16 * 1024 * 1024, SCU__MPPS_LIST_MAX = 32, SCU__MPPS_NO_LONGER = 0xA710 };

/* What is to be answered. */
typedef struct scu__mpps_verdict {
  uint16_t status, error_id;
  const char *comment; /* static storage, or NULL */
  scu_tag attributes[SCU__MPPS_LIST_MAX];
  size_t attribute_count;
} scu__mpps_verdict;

/* N-CREATE: in progress, and what Table F.7.2-1 wants at creation is there and has a value. */
void scu__mpps_judge_create(const scu_dataset *attributes, scu__mpps_verdict *verdict);
/* N-SET: puts the changes into `step`, if they may be made; those that may be set at creation only are left out with a
 * warning (0107). A step that ends has to have what Table F.7.2-1 wants in the final state. MEMORY. */
scu_result scu__mpps_change(scu_dataset *step, const scu_dataset *changes, scu__mpps_verdict *verdict);
/* N-GET: the attributes that were asked for; none asked for = all. MEMORY. */
scu_result scu__mpps_select(const scu_dataset *step, const scu_tag *tags, size_t count, scu_dataset **out,
                            scu__mpps_verdict *verdict);

/* The file of a step as bytes, header included. MEMORY, LIMIT. */
scu_result scu__mpps_encode(const scu_dataset *step, const scu__uid *instance, scu__buffer *bytes, scu_error *error);

#endif
