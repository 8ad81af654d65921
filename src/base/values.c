/* UIDs (PS3.5 9.1) and AE titles (PS3.5 6.2, PS3.8 9.3.2) as values. */
#include "base/values.h"

#include <string.h>

/* Narrows [*bytes, *bytes + *length) by spaces at both ends and NULs at the end. */
static void trim(const uint8_t **bytes, size_t *length) {
  while (*length > 0 && ((*bytes)[*length - 1] == 0 || (*bytes)[*length - 1] == ' ')) (*length)--;
  while (*length > 0 && **bytes == ' ') {
    (*bytes)++;
    (*length)--;
  }
}

static bool copy_printable(char *to, size_t room, const uint8_t *bytes, size_t length, bool allow_backslash) {
  to[0] = 0;
  if (length >= room) return false;
  for (size_t i = 0; i < length; i++)
    if (bytes[i] < 0x20 || bytes[i] == 0x7F || (bytes[i] == '\\' && !allow_backslash)) return false;
  memcpy(to, bytes, length);
  to[length] = 0;
  return true;
}

bool scu__uid_from_bytes(scu__uid *uid, const uint8_t *bytes, size_t length) {
  if (length > 0) trim(&bytes, &length);
  memset(uid, 0, sizeof *uid);
  if (length == 0) return true;
  return copy_printable(uid->text, sizeof uid->text, bytes, length, true);
}

bool scu__uid_from_text(scu__uid *uid, const char *text) {
  return scu__uid_from_bytes(uid, (const uint8_t *)text, strlen(text));
}

bool scu__uid_is_valid(const char *text) {
  size_t length = strlen(text);
  if (length == 0 || length > 64) return false;
  const char *component = text;
  for (const char *p = text;; p++) {
    if (*p >= '0' && *p <= '9') continue;
    if (*p != '.' && *p != 0) return false;
    if (p == component) return false;
    if (*component == '0' && p - component > 1) return false;
    if (*p == 0) return true;
    component = p + 1;
  }
}

bool scu__uid_equal(const scu__uid *a, const scu__uid *b) {
  return strcmp(a->text, b->text) == 0;
}

bool scu__ae_from_bytes(scu__ae *ae, const uint8_t *bytes, size_t length) {
  if (length > 0) trim(&bytes, &length);
  memset(ae, 0, sizeof *ae);
  return length > 0 && copy_printable(ae->text, sizeof ae->text, bytes, length, false);
}

bool scu__ae_from_text(scu__ae *ae, const char *text) {
  return scu__ae_from_bytes(ae, (const uint8_t *)text, strlen(text));
}

void scu__ae_pad(const scu__ae *ae, uint8_t padded[16]) {
  memset(padded, ' ', 16);
  memcpy(padded, ae->text, strlen(ae->text));
}
