/* Text going out in pieces of a useful size, to a function of the caller. What JSON and the dump write through. */
#ifndef SCU_DATA_TEXT_OUTPUT_H
#define SCU_DATA_TEXT_OUTPUT_H

#include "scu/dataset.h"

typedef struct scu__text_output {
  scu_write_function write;
  void *user;
  scu_result result; /* sticky: after a failure nothing more is written */
  size_t length;
  char staged[4096];
} scu__text_output;

void scu__text_output_init(scu__text_output *output, scu_write_function write, void *user);
void scu__text_output_bytes(scu__text_output *output, const char *bytes, size_t length);
void scu__text_output_text(scu__text_output *output, const char *text);
void scu__text_output_hex(scu__text_output *output, uint32_t value, unsigned digits); /* upper case */
/* Writes what is staged; the result of the whole. */
scu_result scu__text_output_end(scu__text_output *output);

/* True for an element whose value nobody is to read. */
typedef bool (*scu__element_test)(const scu_element *element);
/* scu_dataset_write_text with "(masked)" in the place of such values. is_hidden may be NULL. In data/text.c. */
scu_result scu__dataset_write_masked(const scu_dataset *dataset, scu__element_test is_hidden, size_t value_width_max,
                                     scu_write_function write, void *user);

#endif
