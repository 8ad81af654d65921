/* A row that explains a code. The rows stand in the room whose codes they are; client/explain puts them together. */
#ifndef SCU_BASE_EXPLANATION_H
#define SCU_BASE_EXPLANATION_H

#include "scu/explain.h"

typedef enum scu__fits {
  SCU__FITS_ALL,  /* the code alone says that it is this */
  SCU__FITS_SOME, /* only where something else says so too: the product, the SOP class, the state */
  SCU__FITS_REST  /* codes of its range that no row names */
} scu__fits;

struct scu_explanation {
  scu_explains kind;
  scu__fits fits;
  int32_t low, high; /* both ends included; of how many fields, the kind says */
  const char *code;
  uint16_t operations; /* of a status: scu__operation_bit; 0 = any */
  const char *where;
  const char *source;
  const char *text, *cause, *next_step;
};

extern const scu_explanation scu__result_rows[]; /* low = high = the scu_result */
extern const size_t scu__result_row_count;
extern const scu_explanation scu__phase_rows[]; /* low = high = the scu_phase */
extern const size_t scu__phase_row_count;

/* The first row for `code` that fits all, else the one for the rest of its range; NULL when neither is there. */
const scu_explanation *scu__explanation_of(const scu_explanation *rows, size_t count, int32_t code);

#endif
