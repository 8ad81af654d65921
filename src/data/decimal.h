/* IEEE 754 numbers to decimal text and back, exactly, by integers alone: no locale, no printf, no strtod. */
#ifndef SCU_DATA_DECIMAL_H
#define SCU_DATA_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCU__DECIMAL_MAX = 40 }; /* room for any text made here, NUL included */

/* The shortest decimal that reads back as the same number ("0.1", "-1.5e-7"), "NaN", "inf" or "-inf"; the finite ones
 * are numbers in JSON, too. `bits` are those of a binary64 or binary32. `to` has room for SCU__DECIMAL_MAX. Returns the
 * length. */
size_t scu__decimal_from_double(uint64_t bits, char *to);
size_t scu__decimal_from_float(uint32_t bits, char *to);
size_t scu__decimal_from_unsigned(uint64_t value, char *to);
size_t scu__decimal_from_signed(int64_t value, char *to);

/* [+-]digits[.digits][e[+-]digits], correctly rounded; a number beyond the range is refused, as are more than 60
 * significant digits. */
bool scu__decimal_to_double(const char *text, size_t length, uint64_t *bits);
bool scu__decimal_to_float(const char *text, size_t length, uint32_t *bits);
/* [+-]digits. False when it is no integer; *fits tells whether it fits into 64 bits. */
bool scu__decimal_to_integer(const char *text, size_t length, int64_t *value, bool *fits);

#endif
