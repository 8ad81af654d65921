/* The exit codes of `scu`, in one table: what scripts rely on. */
#ifndef SCU_CLI_EXIT_CODE_H
#define SCU_CLI_EXIT_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "scu/error.h"

enum exit_code {
  EXIT_DONE = 0,
  EXIT_OTHER = 1,
  EXIT_USAGE = 2,
  EXIT_PARTIAL = 3,
  EXIT_NO_MATCH = 4,
  EXIT_CONNECT = 5,
  EXIT_REJECTED = 6,
  EXIT_SECURITY = 7,
  EXIT_TIMEOUT = 8,
  EXIT_REFUSED = 9,
  EXIT_VERIFICATION = 10,
  EXIT_STORAGE = 11,
  EXIT_INTERRUPTED = 130
};

/* Every cause that came up in one run. Zeroed = none. */
typedef struct exit_causes {
  bool has[EXIT_INTERRUPTED + 1];
  int first;
} exit_causes;

/* EXIT_DONE adds nothing. */
void exit_add(exit_causes *causes, int code);
/* The one to exit with: 130, 2, 11, 10, 3 in this order, else the cause that came first. */
int exit_decide(const exit_causes *causes);

/* What a failed call means for the exit code. */
int exit_code_of(const scu_error *error);
int exit_code_of_result(scu_result result, scu_phase phase);

/* One row of the table: what the code means, what likely caused it, what to try. */
typedef struct exit_explanation {
  int code;
  const char *meaning, *cause, *next_step;
} exit_explanation;
const exit_explanation *exit_code_at(size_t index); /* NULL beyond the last */

void exit_print_table(FILE *to);

#endif
