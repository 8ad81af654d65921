/* Staged output. */
#include "data/output.h"

#include <string.h>

void scu__output_init(scu__output *output, scu_write_function write, void *user) {
  output->write = write;
  output->user = user;
  output->result = SCU_OK;
  output->length = 0;
}

static void flush(scu__output *output) {
  if (output->result == SCU_OK && output->length > 0) {
    scu_result result = output->write(output->user, output->staged, output->length);
    if (result < 0) output->result = result;
  }
  output->length = 0;
}

void scu__output_bytes(scu__output *output, const char *bytes, size_t length) {
  while (length > 0 && output->result == SCU_OK) {
    size_t room = sizeof output->staged - output->length, part = length < room ? length : room;
    memcpy(output->staged + output->length, bytes, part);
    output->length += part;
    bytes += part;
    length -= part;
    if (output->length == sizeof output->staged) flush(output);
  }
}

void scu__output_text(scu__output *output, const char *text) {
  scu__output_bytes(output, text, strlen(text));
}

void scu__output_hex(scu__output *output, uint32_t value, unsigned digits) {
  char text[8];
  for (unsigned i = 0; i < digits; i++) text[i] = "0123456789ABCDEF"[value >> 4 * (digits - 1 - i) & 15];
  scu__output_bytes(output, text, digits);
}

scu_result scu__output_end(scu__output *output) {
  flush(output);
  return output->result;
}
