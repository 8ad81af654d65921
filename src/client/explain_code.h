/* Reads what people type, or paste from an error, where a code is wanted: into which rows it may mean. */
#ifndef SCU_CLIENT_EXPLAIN_CODE_H
#define SCU_CLIENT_EXPLAIN_CODE_H

#include <stdbool.h>
#include <stdint.h>

enum { SCU__CODE_NAME_MAX = 40 };

/* `name` "" = by number. */
typedef struct scu__asked_code {
  uint32_t kinds; /* bits 1 << scu_explains */
  int32_t low, high;
  uint16_t operations;               /* 0 = any */
  char name[SCU__CODE_NAME_MAX + 1]; /* upper case */
} scu__asked_code;

/* False when it is none of what scu_explain_next takes. */
bool scu__asked_code_read(const char *text, scu__asked_code *out);

#endif
