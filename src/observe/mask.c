/* Walks the items of an association PDU (PS3.8 9.3.2, 9.3.3) and the sub-items of its user information. */
#include "observe/mask.h"

#include <stdbool.h>
#include <string.h>

enum {
  PDU_RQ = 0x01,
  PDU_AC = 0x02,
  FIXED_PART = 74, /* header, version, titles, reserved bytes */
  ITEM_HEADER = 4,
  ITEM_USER_INFORMATION = 0x50,
  ITEM_IDENTITY = 0x58,
  ITEM_IDENTITY_RESPONSE = 0x59,
  TYPE_PASSCODE = 2 /* user name and passcode; 1 is a user name alone, the others are tokens */
};

static size_t length_at(const uint8_t *at) {
  return (size_t)at[0] << 8 | at[1];
}

static void cover(uint8_t *at, size_t length) {
  memset(at, 'x', length);
}

/* Type, response wanted, length and primary field, length and secondary field (PS3.7 D.3-14). */
static void mask_identity(uint8_t *value, size_t length) {
  size_t primary = length >= 4 ? length_at(value + 2) : 0;
  bool is_sane = length >= 6 && primary <= length - 6 && length_at(value + 4 + primary) == length - 6 - primary;
  if (!is_sane) {
    cover(value, length);
    return;
  }
  if (value[0] > TYPE_PASSCODE) cover(value + 4, primary);
  cover(value + 6 + primary, length - 6 - primary);
}

/* Length and server response (D.3-15). */
static void mask_response(uint8_t *value, size_t length) {
  if (length > 2) cover(value + 2, length - 2);
}

static void mask_user_information(uint8_t *value, size_t length) {
  for (size_t at = 0; length - at > ITEM_HEADER;) {
    uint8_t *item = value + at;
    size_t room = length - at - ITEM_HEADER, own = length_at(item + 2);
    if (own > room) own = room;
    if (item[0] == ITEM_IDENTITY) mask_identity(item + ITEM_HEADER, own);
    if (item[0] == ITEM_IDENTITY_RESPONSE) mask_response(item + ITEM_HEADER, own);
    at += ITEM_HEADER + own;
  }
}

void scu__mask_secrets(uint8_t *pdu, size_t length) {
  if (length < FIXED_PART || (pdu[0] != PDU_RQ && pdu[0] != PDU_AC)) return;
  for (size_t at = FIXED_PART; length - at > ITEM_HEADER;) {
    size_t room = length - at - ITEM_HEADER, own = length_at(pdu + at + 2);
    if (own > room) own = room;
    if (pdu[at] == ITEM_USER_INFORMATION) mask_user_information(pdu + at + ITEM_HEADER, own);
    at += ITEM_HEADER + own;
  }
}
