/* Lines as DCMTK's logger writes them: on stderr, each with the letter of its level in front. */
#ifndef SCU_CLI_DCMTK_SAY_H
#define SCU_CLI_DCMTK_SAY_H

#include "dcmtk/options.h"

#if defined(__GNUC__)
#define HABIT_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define HABIT_PRINTF(format_at, first_at)
#endif

/* Nothing when the level is not asked for. Every line of the text gets its letter; what a terminal would obey is
 * escaped. */
void log_line(const habits *h, log_level level, const char *format, ...) HABIT_PRINTF(3, 4);
/* The same for a text that is written whatever its level. */
void log_text(log_level level, const char *text);
/* A final response: "Received Store Response (Success)", with the letter that DCMTK gives it. A failure is seen without
 * -v, too. */
void log_response(const habits *h, bool is_good, const char *what, const char *status);

/* DCMTK's words for a status of this service. The text lives in `to` or for ever. */
const char *status_words(tool which, unsigned status, char to[40]);

#endif
