/* Which tool the command was called as, and its run. */
#include "habits.h"

#include <string.h>
#include <sys/stat.h>

#include "exit_code.h"
#include "options.h"
#include "signals.h"
#include "tools.h"

bool habits_called(const char *argv0, tool *which) {
  if (!argv0) return false;
  const char *slash = strrchr(argv0, '/');
  const char *name = slash ? slash + 1 : argv0;
  for (int i = 0; i < TOOL_COUNT; i++) {
    if (strcmp(tool_names[i], name) != 0) continue;
    *which = (tool)i;
    return true;
  }
  return false;
}

int habits_main(tool which, int argc, char **argv) {
  static int (*const runs[TOOL_COUNT])(const habits *h) = {run_echoscu, run_storescu, run_findscu, run_movescu,
                                                           run_getscu};
  habits h;
  int code;
  bool is_good = habits_parse(&h, which, argc, argv, &code);
  if (is_good) {
    signals_install();
    umask(umask(0) | 027); /* what is written here is of patients */
    code = runs[which](&h);
    if (signals_count() > 0) code = EXIT_INTERRUPTED;
  }
  habits_free(&h);
  return code;
}
