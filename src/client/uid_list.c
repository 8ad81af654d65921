/* Lists of UIDs are ASCII in every character set: their backslashes are where the bytes say. */
#include "client/uid_list.h"

#include <string.h>

static size_t length_of(const scu_element *key) {
  const uint8_t *bytes = scu_element_bytes(key);
  size_t length = bytes ? (size_t)scu_element_length(key) : 0;
  while (length > 0 && (bytes[length - 1] == 0 || bytes[length - 1] == ' ')) length--;
  return length;
}

size_t scu__uid_list_count(const scu_element *key) {
  const uint8_t *bytes = scu_element_bytes(key);
  size_t length = length_of(key), count = 1;
  if (length == 0 || scu_element_vr(key) != SCU_VR_UI) return 0;
  for (size_t i = 0; i < length; i++)
    if (bytes[i] == '\\') count++;
  return count;
}

const uint8_t *scu__uid_list_part(const scu_element *key, size_t first, size_t count, size_t *length) {
  const uint8_t *at = scu_element_bytes(key), *end = at + length_of(key);
  for (; first > 0; first--) at = (const uint8_t *)memchr(at, '\\', (size_t)(end - at)) + 1;
  const uint8_t *stop = at;
  for (;;) {
    const uint8_t *backslash = memchr(stop, '\\', (size_t)(end - stop));
    if (!backslash || --count == 0) {
      stop = backslash ? backslash : end;
      break;
    }
    stop = backslash + 1;
  }
  *length = (size_t)(stop - at);
  return at;
}
