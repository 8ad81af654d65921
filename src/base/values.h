/* Small things that travel by value: UIDs and AE titles with their rules, kinds of user identity. */
#ifndef SCU_BASE_VALUES_H
#define SCU_BASE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PS3.5 9.1: at most 64 characters. `text` is always NUL-terminated; "" = none. */
typedef struct scu__uid {
  char text[65];
} scu__uid;

/* PS3.5 6.2: 1-16 characters, leading and trailing spaces not significant. */
typedef struct scu__ae {
  char text[17];
} scu__ae;

/* PS3.7 D.3.3.7.1: how a user says who they are. 0 = not at all. */
typedef enum scu__identity_type {
  SCU__IDENTITY_USER_NAME = 1,
  SCU__IDENTITY_PASSCODE = 2, /* with the user name */
  SCU__IDENTITY_KERBEROS = 3,
  SCU__IDENTITY_SAML = 4,
  SCU__IDENTITY_JWT = 5
} scu__identity_type;

/* From bytes as found in a PDU or element: trailing NULs and spaces (either end) are dropped, anything longer than the
 * field or with a NUL or control byte inside fails (returns false and leaves ""). Does not check UID syntax:
 * see scu__uid_is_valid. */
bool scu__uid_from_bytes(scu__uid *uid, const uint8_t *bytes, size_t length);
bool scu__uid_from_text(scu__uid *uid, const char *text);
/* Digits and dots, no empty component, no leading zeros, 1-64 characters. */
bool scu__uid_is_valid(const char *text);
bool scu__uid_equal(const scu__uid *a, const scu__uid *b);

/* Both ends trimmed, case kept. False when nothing is left, or on a control character, backslash or more than 16. */
bool scu__ae_from_bytes(scu__ae *ae, const uint8_t *bytes, size_t length);
bool scu__ae_from_text(scu__ae *ae, const char *text);
/* 16 bytes, space padded, as in A-ASSOCIATE-RQ. */
void scu__ae_pad(const scu__ae *ae, uint8_t padded[16]);

#endif
