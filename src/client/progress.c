/* Telling progress without flooding. */
#include "client/progress.h"

enum { INTERVAL_MS = 100 };

void scu__progress_tell(scu__progress *progress, bool is_final) {
  const scu_hooks *hooks = &progress->session->hooks;
  if (!hooks->progress) return;
  uint64_t now = scu__loop_now(progress->session->loop);
  if (!is_final && now - progress->told_ms < INTERVAL_MS) return;
  progress->told_ms = now;
  scu_progress told = {
      .size = sizeof told,
      .instances_done = progress->instances_done,
      .instances_total = progress->instances_total,
      .bytes_done = progress->bytes_done,
  };
  hooks->progress(hooks->user, &told);
}
