/* Formatting for the dumps. */
#include "observe/dump_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void scu__dump_put(scu__buffer *text, const char *format, ...) {
  char piece[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(piece, sizeof piece, format, arguments);
  va_end(arguments);
  /* A line ends where we say so, not where a peer does. */
  for (char *p = piece; *p; p++)
    if ((unsigned char)*p < 0x20 && !(*p == '\n' && p[1] == 0)) *p = '?';
  scu__put_text(text, piece);
}

const char *scu__dump_uid(const char *uid, bool with_phi) {
  return with_phi || uid[strspn(uid, "0123456789.")] == 0 ? uid : "(masked)";
}

void scu__dump_end(scu__buffer *text) {
  enum { ROOM_FOR_THE_END = 64 };
  bool is_cut = scu__buffer_result(text) == SCU_ERROR_LIMIT;
  if (is_cut) {
    text->result = SCU_OK;
    text->maximum += ROOM_FOR_THE_END;
    scu__put_text(text, "\n(too long: the rest is left out)\n");
  }
  if (scu__buffer_result(text) == SCU_OK) text->maximum += 1;
  scu__put_u8(text, 0);
}
