/* Staged output. */
#include "data/text_output.h"

#include <string.h>

void scu__text_output_init(scu__text_output *output, scu_write_function write, void *user) {
  output->write = write;
  output->user = user;
  output->result = SCU_OK;
  output->length = 0;
}

static void flush(scu__text_output *output) {
  if (output->result == SCU_OK && output->length > 0) {
    scu_result result = output->write(output->user, output->staged, output->length);
    if (result < 0) output->result = result;
  }
  output->length = 0;
}

void scu__text_output_bytes(scu__text_output *output, const char *bytes, size_t length) {
  while (length > 0 && output->result == SCU_OK) {
    size_t room = sizeof output->staged - output->length, part = length < room ? length : room;
    memcpy(output->staged + output->length, bytes, part);
    output->length += part;
    bytes += part;
    length -= part;
    if (output->length == sizeof output->staged) flush(output);
  }
}

void scu__text_output_text(scu__text_output *output, const char *text) {
  scu__text_output_bytes(output, text, strlen(text));
}

void scu__text_output_hex(scu__text_output *output, uint32_t value, unsigned digits) {
  char text[8];
  for (unsigned i = 0; i < digits; i++) text[i] = "0123456789ABCDEF"[value >> 4 * (digits - 1 - i) & 15];
  scu__text_output_bytes(output, text, digits);
}

scu_result scu__text_output_end(scu__text_output *output) {
  flush(output);
  return output->result;
}
