/* Is a text a value of its VR (PS3.5 6.2: characters, length, form) and of its multiplicity (PS3.6)? For what we are
 * told to write. What others wrote is not measured by this, nor are keys, which have wildcards and ranges; what a code
 * may be (Defined and Enumerated Values) is the business of its IOD. */
#ifndef SCU_DATA_VALUE_CHECK_H
#define SCU_DATA_VALUE_CHECK_H

#include "data/dictionary.h"

enum { SCU__VALUE_REASON_MAX = 96 };

/* `utf8` is valid UTF-8, several values with backslashes between. No value at all is always right, and so is an empty
 * one among several. Of binary VRs only the multiplicity is looked at: their numbers are checked where they are made.
 * False: `reason` says what is wrong, without the value. */
bool scu__value_check(const scu__dictionary_entry *entry, const char *utf8, char reason[SCU__VALUE_REASON_MAX]);

#endif
