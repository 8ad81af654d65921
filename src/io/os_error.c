/* errno in words, from the rows that explain it. */
#include "io/os_error.h"

#include <stdarg.h>
#include <stdio.h>

#include "io/explanations.h"

const char *scu__os_words(int os_errno) {
  return scu__system_explanation(os_errno)->text;
}

scu_result scu__os_error(scu_error *error, scu_result result, scu_phase phase, int os_errno, const char *format, ...) {
  if (!error || error->result != SCU_OK) return result;
  char text[SCU__ERROR_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  scu__error_set(error, result, phase, "%.320s: %s (errno %d)", text, scu__os_words(os_errno), os_errno);
  error->os_errno = os_errno;
  scu__error_explain(error, scu__system_explanation(os_errno));
  return result;
}
