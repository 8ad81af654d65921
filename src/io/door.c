/* UIDs as they came to file names. A pure function of the bytes: no folder is looked at here. */
#include "io/door.h"

#include <stdio.h>
#include <string.h>

#include "base/values.h"

/* FNV-1a, 64 bits, over the length and the bytes, from two starting points; mixed so that short inputs spread. Names of
 * bad UIDs only need to be stable and rarely equal: when two do meet, the sink's rule for duplicates decides. */
static uint64_t hash_bytes(uint64_t start, const uint8_t *bytes, size_t length) {
  uint64_t hash = start ^ (uint64_t)length;
  for (size_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
  hash ^= hash >> 32;
  hash *= UINT64_C(0xD6E8FEB86659FD93);
  return hash ^ hash >> 32;
}

const char *scu__door_name(const uint8_t *bytes, size_t length, char name[SCU__DOOR_NAME_MAX]) {
  scu__uid uid;
  if (length > 0 && scu__uid_from_bytes(&uid, bytes, length) && scu__uid_is_valid(uid.text)) {
    memcpy(name, uid.text, sizeof uid.text);
    return name;
  }
  snprintf(name, SCU__DOOR_NAME_MAX, "uid-%016llx%016llx",
           (unsigned long long)hash_bytes(UINT64_C(0xCBF29CE484222325), bytes, length),
           (unsigned long long)hash_bytes(UINT64_C(0x9E3779B97F4A7C15), bytes, length));
  return name;
}

const char *scu__door_variant(const char *name, unsigned number, char variant[SCU__DOOR_NAME_MAX]) {
  snprintf(variant, SCU__DOOR_NAME_MAX, "%.64s~%u", name, number);
  return variant;
}

static char upper(char c) {
  return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* CON, PRN, AUX, NUL, COM1-9, LPT1-9, also with an extension. */
static bool is_windows_device(const char *text, size_t length) {
  static const char *const devices[] = {"CON", "PRN", "AUX", "NUL", "COM", "LPT"};
  size_t stem = strcspn(text, ".");
  if (stem > length) stem = length;
  if (stem != 3 && stem != 4) return false;
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    bool is_numbered = i >= 4;
    if (stem != (is_numbered ? 4u : 3u)) continue;
    if (upper(text[0]) != devices[i][0] || upper(text[1]) != devices[i][1] || upper(text[2]) != devices[i][2]) continue;
    if (!is_numbered || (text[3] >= '0' && text[3] <= '9')) return true;
  }
  return false;
}

bool scu__path_component_safe(const char *component) {
  size_t length = strlen(component);
  if (length == 0 || length > 255) return false;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)component[i];
    if (c < 0x20 || c > 0x7E || strchr("/\\:*?\"<>|", c)) return false;
  }
  if (strchr(".- ", component[0]) || strchr(". ", component[length - 1])) return false;
  return !is_windows_device(component, length);
}

static bool is_padding(uint8_t byte) {
  return byte == ' ' || byte == 0;
}

/* One component into `to`; its length, or 0 when it is not safe. */
static size_t put_component(const uint8_t *bytes, size_t length, char *to) {
  char component[256];
  while (length > 0 && *bytes == ' ') bytes++, length--;
  while (length > 0 && bytes[length - 1] == ' ') length--;
  if (length >= sizeof component || memchr(bytes, 0, length)) return 0;
  memcpy(component, bytes, length);
  component[length] = 0;
  if (!scu__path_component_safe(component)) return 0;
  memcpy(to, component, length);
  return length;
}

bool scu__door_file_id(const uint8_t *bytes, size_t length, char path[SCU__DOOR_PATH_MAX]) {
  size_t at = 0;
  path[0] = 0;
  while (length > 0 && is_padding(bytes[length - 1])) length--;
  if (length == 0 || length >= SCU__DOOR_PATH_MAX) return false;
  for (unsigned count = 1;; count++) {
    const uint8_t *end = memchr(bytes, '\\', length);
    size_t size = end ? (size_t)(end - bytes) : length;
    size_t put = count <= SCU__DOOR_COMPONENTS_MAX ? put_component(bytes, size, path + at) : 0;
    if (put == 0) {
      path[0] = 0;
      return false;
    }
    at += put;
    path[at] = end ? '/' : 0;
    if (!end) return true;
    at++;
    bytes += size + 1;
    length -= size + 1;
  }
}
