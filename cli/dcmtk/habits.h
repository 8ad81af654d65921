/* The command called as echoscu, storescu, findscu, movescu or getscu: DCMTK's options, defaults, exit codes and lines,
 * so that scripts written for its tools go on working. */
#ifndef SCU_CLI_DCMTK_HABITS_H
#define SCU_CLI_DCMTK_HABITS_H

#include <stdbool.h>

typedef enum tool { TOOL_ECHO, TOOL_STORE, TOOL_FIND, TOOL_MOVE, TOOL_GET, TOOL_COUNT } tool;

/* What DCMTK exits with; storescu has the upper byte of a status, too. */
enum habit_exit {
  HABIT_DONE = 0,
  HABIT_FAILED = 1, /* arguments as well */
  HABIT_FIND_FAILED = 2,
  HABIT_BAD_FOLDER = 45,
  HABIT_NO_NETWORK = 60,
  HABIT_NO_ASSOCIATION = 61,
  HABIT_NO_CONTEXT = 66,
  HABIT_MOVE_WARNING = 68,
  HABIT_MOVE_FAILED = 69,
  HABIT_ECHO_ABORTED = 70,
  HABIT_STORE_FAILED = 255
};

/* True when the command was called by the name of one of the tools: *which. */
bool habits_called(const char *argv0, tool *which);
/* All of it; returns the exit code. */
int habits_main(tool which, int argc, char **argv);

#endif
