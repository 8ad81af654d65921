/* What the operating system and the resolver say, explained: the words and hints of this room's errors. */
#ifndef SCU_IO_EXPLANATIONS_H
#define SCU_IO_EXPLANATIONS_H

#include "base/explanation.h"

extern const scu_explanation scu__system_rows[]; /* low = high = errno, whose numbers are this system's */
extern const size_t scu__system_row_count;
extern const scu_explanation scu__resolver_rows[]; /* low = high = what getaddrinfo returned */
extern const size_t scu__resolver_row_count;

/* Never NULL: numbers that no row has get the row of the rest. */
const scu_explanation *scu__system_explanation(int os_errno);
const scu_explanation *scu__resolver_explanation(int code);

#endif
