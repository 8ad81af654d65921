/* The words of flags; those that stand for a value of the library are in the order of its enum. */
#include "words.h"

#include <stdio.h>

#include "scu/query.h"

static const char *const levels[] = {"", "patient", "study", "series", "image", "instance", NULL};
static const char *const models[] = {"", "study", "patient", "psonly", "worklist", NULL};
static const char *const wishes[] = {[SCU_WISH_AUTO] = "auto", [SCU_WISH_NO] = "no", [SCU_WISH_YES] = "yes", NULL};
static const char *const extensions[] = {"date-time", "fuzzy", "timezone", "view", "empty", "multiple", NULL};
static const char *const ways[] = {"get", "move", "auto", NULL};
static const char *const colors[] = {"auto", "always", "never", NULL};
static const char *const log_levels[] = {"", "error", "warning", "info", "debug", "dump", NULL};
static const char *const progresses[] = {"auto", "always", "never", "json", NULL};

const char *const *flag_words(flag id) {
  switch (id) {
  case FLAG_LEVEL:
  case FLAG_DEPTH: return levels;
  case FLAG_MODEL: return models;
  case FLAG_RELATIONAL: return wishes;
  case FLAG_EXTENDED: return extensions;
  case FLAG_WITH: return ways;
  case FLAG_COLOR: return colors;
  case FLAG_PROGRESS: return progresses;
  case FLAG_LOG_LEVEL: return log_levels;
  default: return NULL;
  }
}

void flag_choices(flag id, char *to, size_t room) {
  const char *const *words = flag_words(id);
  size_t length = 0;
  *to = 0;
  for (size_t i = 0; words && words[i] && length < room; i++)
    if (*words[i]) length += (size_t)snprintf(to + length, room - length, "%s%s", length ? "|" : "", words[i]);
}
