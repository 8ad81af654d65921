/* Text going out in pieces of a useful size, to a function of the caller. What JSON and the dump write through. */
#ifndef SCU_DATA_OUTPUT_H
#define SCU_DATA_OUTPUT_H

#include "scu/dataset.h"

typedef struct scu__output {
  scu_write_function write;
  void *user;
  scu_result result; /* sticky: after a failure nothing more is written */
  size_t length;
  char staged[4096];
} scu__output;

void scu__output_init(scu__output *output, scu_write_function write, void *user);
void scu__output_bytes(scu__output *output, const char *bytes, size_t length);
void scu__output_text(scu__output *output, const char *text);
void scu__output_hex(scu__output *output, uint32_t value, unsigned digits); /* upper case */
/* Writes what is staged; the result of the whole. */
scu_result scu__output_end(scu__output *output);

#endif
