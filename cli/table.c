/* Matches as a table for people. Widths are fixed by level, so that the first match shows before the last one came; the
 * rightmost column, the UID, is never cut. Off a terminal nothing is cut. */
#include <stdio.h>
#include <string.h>

#include "match_printer.h"
#include "safe_text.h"

enum { VALUE_MAX = 1024, MARK_MAX = 80 };

static bool is_last(const match_columns *columns, size_t index) {
  return index + 1 == columns->count;
}

/* `end`: what stands behind the rightmost cell. */
static void print_cell(const match_printer *printer, size_t index, const char *text, const char *end) {
  size_t width = printer->columns.column[index].width;
  size_t length = safe_width(text);
  /* Width 0 = a UID: whole, and padded to what a UID usually takes when something follows. */
  if (width == 0) width = is_last(&printer->columns, index) || length > 56 ? length : 56;
  if (is_last(&printer->columns, index) || (!printer->is_terminal && length > width))
    put_safe(stdout, text);
  else
    put_safe_column(stdout, text, width);
  fputs(is_last(&printer->columns, index) ? end : "  ", stdout);
}

/* Times are shown to the second: "101530.123" says no more to people than "101530". */
static void shorten(const char *path, char *value) {
  char *point = strstr(path, "Time") ? strchr(value, '.') : NULL;
  if (point) *point = 0;
}

static void make_mark(scu_tag mismatch, char mark[MARK_MAX]) {
  const char *keyword = scu_tag_keyword(mismatch);
  snprintf(mark, MARK_MAX, "\n");
  if (mismatch && *keyword) snprintf(mark, MARK_MAX, "  ! %s\n", keyword);
  if (mismatch && !*keyword)
    snprintf(mark, MARK_MAX, "  ! %04X,%04X\n", (unsigned)(mismatch >> 16), (unsigned)(mismatch & 0xFFFF));
}

void table_print(match_printer *printer, const scu_dataset *match, scu_tag mismatch) {
  char value[VALUE_MAX], end[MARK_MAX];
  make_mark(mismatch, end);
  const match_columns *columns = &printer->columns;
  for (size_t i = 0; i < columns->count && !printer->has_head; i++)
    print_cell(printer, i, columns->column[i].title, "\n");
  printer->has_head = true;
  for (size_t i = 0; i < columns->count; i++) {
    value[0] = 0;
    scu_dataset_text(match, columns->column[i].path, value, sizeof value);
    shorten(columns->column[i].path, value);
    print_cell(printer, i, value, end);
  }
  fflush(stdout);
}
