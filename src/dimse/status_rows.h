/* The rows behind status.c, and how they are written: AT(A702), C_MOVE, source, text, cause, next step. Within an
 * operation exact codes stand before ranges; what holds for one operation stands before what holds for any. */
#ifndef SCU_DIMSE_STATUS_ROWS_H
#define SCU_DIMSE_STATUS_ROWS_H

#include "base/explanation.h"
#include "dimse/status.h"

#define AT(code)            SCU_EXPLAINS_STATUS, SCU__FITS_ALL, 0x##code, 0x##code, #code
#define IN(low, high, code) SCU_EXPLAINS_STATUS, SCU__FITS_ALL, low, high, code
/* For one product or one SOP class only. */
#define SOME(code)            SCU_EXPLAINS_STATUS, SCU__FITS_SOME, 0x##code, 0x##code, #code
#define REST(low, high, code) SCU_EXPLAINS_STATUS, SCU__FITS_REST, low, high, code

#define ANY             0, ""
#define C_STORE         SCU__ON_C_STORE, "C-STORE"
#define C_FIND          SCU__ON_C_FIND, "C-FIND"
#define C_MOVE          SCU__ON_C_MOVE, "C-MOVE"
#define C_GET           SCU__ON_C_GET, "C-GET"
#define C_MOVE_GET      SCU__ON_C_MOVE | SCU__ON_C_GET, "C-MOVE, C-GET"
#define C_FIND_MOVE_GET SCU__ON_C_FIND | SCU__ON_C_MOVE | SCU__ON_C_GET, "C-FIND, C-MOVE, C-GET"
#define C_ALL                                                                                                          \
  SCU__ON_C_STORE | SCU__ON_C_FIND | SCU__ON_C_MOVE | SCU__ON_C_GET | SCU__ON_C_ECHO,                                  \
      "C-STORE, C-FIND, C-MOVE, C-GET, C-ECHO"

extern const scu_explanation scu__composite_status_rows[]; /* C-STORE, C-FIND, C-MOVE, C-GET, C-ECHO, and the ranges */
extern const size_t scu__composite_status_row_count;
extern const scu_explanation scu__normalized_status_rows[]; /* the N-services, and the codes that PS3.7 C gives all */
extern const size_t scu__normalized_status_row_count;

#endif
