/* errno in words: the reason, what to try, and the number itself in scu_error_errno. */
#ifndef SCU_IO_OS_ERROR_H
#define SCU_IO_OS_ERROR_H

#include "base/error.h"

/* Short English words for an errno ("connection refused"), never locale dependent; static storage. */
const char *scu__os_words(int os_errno);
/* Reason = "<formatted text>: <words> (errno N)"; sets os_errno and a hint where we know one. Returns `result`. */
scu_result scu__os_error(scu_error *error, scu_result result, scu_phase phase, int os_errno, const char *format, ...)
    SCU__PRINTF(5, 6);

#endif
