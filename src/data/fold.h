/* Case- and accent-insensitive form of a text, for comparing only (libutf8proc behind it). */
#ifndef SCU_DATA_FOLD_H
#define SCU_DATA_FOLD_H

#include "base/buffer.h"

/* Appends the form in which two texts are equal that differ in case, accents or width only ("Müller" and "MULLER",
 * full-width and ASCII letters). Invalid UTF-8 becomes U+FFFD. Fails with MEMORY or LIMIT. */
scu_result scu__fold_for_match(const char *utf8, size_t length, scu__buffer *folded);

#endif
