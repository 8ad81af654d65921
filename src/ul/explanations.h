/* Rejects, aborts and results of presentation contexts explained (PS3.8 9.3.3.2, 9.3.4, 9.3.8): the words of this room,
 * and the hints of its errors. */
#ifndef SCU_UL_EXPLANATIONS_H
#define SCU_UL_EXPLANATIONS_H

#include "base/explanation.h"

/* low and high: what these make of the fields. */
#define SCU__REJECT_CODE(result, source, reason) ((result) << 16 | (source) << 8 | (reason))
#define SCU__ABORT_CODE(source, reason)          ((source) << 8 | (reason))

extern const scu_explanation scu__reject_rows[];
extern const size_t scu__reject_row_count;
extern const scu_explanation scu__abort_rows[];
extern const size_t scu__abort_row_count;
extern const scu_explanation scu__context_rows[]; /* the result itself */
extern const size_t scu__context_row_count;

/* Never NULL: what is reserved has a row as well. */
const scu_explanation *scu__reject_explanation(uint8_t result, uint8_t source, uint8_t reason);
const scu_explanation *scu__abort_explanation(uint8_t source, uint8_t reason);
const scu_explanation *scu__context_explanation(uint8_t result);
/* Of an abort, whatever its codes, that comes in answer to an A-ASSOCIATE-RQ. */
const scu_explanation *scu__abort_as_answer(void);

#endif
