/* Levels, and statuses in the words that scripts look for. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "safe_text.h"

enum { TEXT_MAX = 4096 };

static void put_line(char letter, const char *line, size_t length) {
  char text[TEXT_MAX];
  if (length >= sizeof text) length = sizeof text - 1;
  memcpy(text, line, length);
  text[length] = 0;
  fprintf(stderr, "%c: ", letter);
  put_safe(stderr, text);
  putc('\n', stderr);
}

void log_text(log_level level, const char *text) {
  const char letter = "FEWIDT"[level];
  for (;;) {
    size_t length = strcspn(text, "\n");
    put_line(letter, text, length);
    if (text[length] == 0) return;
    text += length + 1;
  }
}

void log_line(const habits *h, log_level level, const char *format, ...) {
  char text[TEXT_MAX];
  va_list values;
  if (level > h->level) return;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  log_text(level, text);
}

void log_response(const habits *h, bool is_good, const char *what, const char *status) {
  char text[128];
  if (h->level < (is_good ? LOG_INFO : LOG_WARN)) return;
  snprintf(text, sizeof text, "Received %s Response (%s)", what, status);
  log_text(LOG_INFO, text);
}

typedef struct status_row {
  unsigned mask, status, tools;
  const char *words;
} status_row;

enum { ECHO = 1 << TOOL_ECHO, STORE = 1 << TOOL_STORE, FIND = 1 << TOOL_FIND };
enum { RETRIEVE = 1 << TOOL_MOVE | 1 << TOOL_GET, EVERY = ECHO | STORE | FIND | RETRIEVE };

static const status_row statuses[] = {
    {0xFFFF, 0x0000, EVERY, "Success"},
    {0xFFFF, 0xFF00, FIND | RETRIEVE, "Pending"},
    {0xFFFF, 0xFF01, FIND, "Pending: WarningUnsupportedOptionalKeys"},
    {0xFFFF, 0xFE00, FIND, "Cancel: MatchingTerminatedDueToCancelRequest"},
    {0xFFFF, 0xFE00, RETRIEVE, "Cancel: SubOperationsTerminatedDueToCancelIndication"},
    {0xFFFF, 0xA701, RETRIEVE, "Refused: OutOfResourcesNumberOfMatches"},
    {0xFFFF, 0xA702, RETRIEVE, "Refused: OutOfResourcesSubOperations"},
    {0xFFFF, 0xA801, RETRIEVE, "Refused: MoveDestinationUnknown"},
    {0xFF00, 0xA700, STORE | FIND, "Refused: OutOfResources"},
    {0xFF00, 0xA900, STORE | FIND | RETRIEVE, "Error: DataSetDoesNotMatchSOPClass"},
    {0xFFFF, 0xB000, STORE, "Warning: CoercionOfDataElements"},
    {0xFFFF, 0xB006, STORE, "Warning: ElementsDiscarded"},
    {0xFFFF, 0xB007, STORE, "Warning: DataSetDoesNotMatchSOPClass"},
    {0xFFFF, 0xB000, RETRIEVE, "Warning: SubOperationsCompleteOneOrMoreFailures"},
    {0xF000, 0xC000, STORE, "Error: CannotUnderstand"},
    {0xF000, 0xC000, FIND | RETRIEVE, "Failed: UnableToProcess"},
};

const char *status_words(tool which, unsigned status, char to[40]) {
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    if ((statuses[i].tools & 1u << which) && (status & statuses[i].mask) == statuses[i].status)
      return statuses[i].words;
  snprintf(to, 40, "Unknown Status: 0x%x", status);
  return to;
}
