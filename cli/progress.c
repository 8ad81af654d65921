/* Progress for people and for programs; never on stdout. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli.h"

/* Where there is no terminal to redraw on, a line a second is enough. */
enum { PLAIN_INTERVAL_MS = 1000 };

static void show_json(const progress *line, const scu_progress *state) {
  uint64_t elapsed = now_ms() - line->started_ms;
  fprintf(stderr,
          "{\"event\":\"progress\",\"instances\":%" PRIu64 ",\"total\":%" PRIu64 ",\"bytes\":%" PRIu64
          ",\"seconds\":%" PRIu64 ".%03u}\n",
          state->instances_done, state->instances_total, state->bytes_done, elapsed / 1000, (unsigned)(elapsed % 1000));
}

static void show_text(progress *line, const scu_progress *state) {
  char bytes[32], rate[32], total[32] = "";
  uint64_t elapsed = now_ms() - line->started_ms;
  format_bytes(state->bytes_done, bytes);
  format_bytes(elapsed ? state->bytes_done * 1000 / elapsed : 0, rate);
  if (state->instances_total) snprintf(total, sizeof total, " of %" PRIu64, state->instances_total);
  const char *form =
      line->mode == PROGRESS_LINE ? "\r\x1B[K%" PRIu64 "%s instances, %s, %s/s" : "%" PRIu64 "%s instances, %s, %s/s\n";
  fprintf(stderr, form, state->instances_done, total, bytes, rate);
  line->is_drawn = line->mode == PROGRESS_LINE;
}

void progress_show(progress *line, const scu_progress *state) {
  uint64_t now = now_ms();
  if (line->mode == PROGRESS_NEVER) return;
  if (line->mode == PROGRESS_PLAIN && line->shown_ms && now - line->shown_ms < PLAIN_INTERVAL_MS) return;
  line->shown_ms = now;
  if (line->mode == PROGRESS_JSON)
    show_json(line, state);
  else
    show_text(line, state);
  fflush(stderr);
}

void progress_clear(progress *line) {
  if (line->is_drawn) fputs("\r\x1B[K", stderr);
  line->is_drawn = false;
}
