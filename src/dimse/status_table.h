/* The generated table behind status.c. */
#ifndef SCU_DIMSE_STATUS_TABLE_H
#define SCU_DIMSE_STATUS_TABLE_H

#include <stddef.h>

#include "dimse/command.h"
#include "dimse/status.h"

typedef struct scu__status_row {
  uint16_t field;     /* of the request; 0 = any operation */
  uint16_t low, high; /* codes, both ends included */
  scu__status_kind kind;
  const char *text;
} scu__status_row;

extern const scu__status_row scu__status_rows[];
extern const size_t scu__status_row_count;

#endif
