/* Matches as comma-separated values (RFC 4180): a head line of attribute names, UTF-8, quotes where needed. On a
 * terminal control characters are escaped; in a file a value keeps its line breaks, and loses other controls. */
#include <stdio.h>
#include <string.h>

#include "match_printer.h"
#include "safe_text.h"

enum { VALUE_MAX = 64 * 1024 };

static void put_quoted(const match_printer *printer, const char *value) {
  bool needs_quotes = strpbrk(value, "\",\r\n") != NULL || *value == ' ';
  if (needs_quotes) putchar('"');
  while (*value) {
    size_t plain = strcspn(value, "\"\r\n");
    char piece[512];
    if (plain > 0) {
      /* In pieces cut between characters, so that nothing is taken for a broken one. */
      size_t taken = plain < sizeof piece ? plain : sizeof piece - 1;
      while (taken < plain && taken > 1 && ((unsigned char)value[taken] & 0xC0) == 0x80) taken--;
      memcpy(piece, value, taken);
      piece[taken] = 0;
      put_safe(stdout, piece);
      value += taken;
      continue;
    }
    if (*value == '"')
      fputs("\"\"", stdout);
    else if (printer->is_terminal)
      put_safe(stdout, *value == '\n' ? "\n" : "\r");
    else
      putchar(*value);
    value++;
  }
  if (needs_quotes) putchar('"');
}

void csv_print(match_printer *printer, const scu_dataset *match) {
  const match_columns *columns = &printer->columns;
  for (size_t i = 0; i < columns->count && !printer->has_head; i++) {
    put_quoted(printer, columns->column[i].path);
    fputs(i + 1 < columns->count ? "," : "\r\n", stdout);
  }
  printer->has_head = true;
  char value[VALUE_MAX];
  for (size_t i = 0; i < columns->count; i++) {
    value[0] = 0;
    scu_dataset_text(match, columns->column[i].path, value, sizeof value);
    put_quoted(printer, value);
    fputs(i + 1 < columns->count ? "," : "\r\n", stdout);
  }
  fflush(stdout);
}
