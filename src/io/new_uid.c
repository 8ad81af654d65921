/* A random UUID (RFC 9562, version 4) as a decimal number. */
#include "io/new_uid.h"

#include <stdio.h>

#include "io/random.h"

/* Divides the number by ten in place and returns the rest. */
static unsigned divide_by_ten(uint8_t number[16]) {
  unsigned rest = 0;
  for (size_t i = 0; i < 16; i++) {
    unsigned value = rest << 8 | number[i];
    number[i] = (uint8_t)(value / 10);
    rest = value % 10;
  }
  return rest;
}

static bool is_zero(const uint8_t number[16]) {
  for (size_t i = 0; i < 16; i++)
    if (number[i]) return false;
  return true;
}

bool scu__uid_make(scu__uid *uid) {
  uint8_t number[16];
  uid->text[0] = 0;
  if (!scu__random_bytes(number, sizeof number)) return false;
  number[6] = (uint8_t)(0x40 | (number[6] & 0x0F)); /* version 4 */
  number[8] = (uint8_t)(0x80 | (number[8] & 0x3F));
  char digits[40];
  size_t at = sizeof digits;
  digits[--at] = 0;
  do digits[--at] = (char)('0' + divide_by_ten(number));
  while (!is_zero(number) && at > 0);
  snprintf(uid->text, sizeof uid->text, "2.25.%s", digits + at);
  return true;
}
