/* The progress line on stderr: redrawn on a terminal, a line now and then elsewhere, or JSON. */
#ifndef SCU_CLI_PROGRESS_H
#define SCU_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "scu/hooks.h"

typedef enum progress_mode { PROGRESS_NEVER, PROGRESS_LINE, PROGRESS_PLAIN, PROGRESS_JSON } progress_mode;

typedef struct progress {
  progress_mode mode;
  bool is_drawn; /* a line without newline stands on the terminal */
  uint64_t started_ms, shown_ms;
} progress;

void progress_show(progress *line, const scu_progress *state);
/* Takes the line off the terminal, before something else is said. */
void progress_clear(progress *line);

#endif
