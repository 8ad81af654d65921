/* Telling progress without flooding. */
#include "client/progress.h"

enum { INTERVAL_MS = 100 };

void scu__progress_tell(scu__progress *progress, bool is_final) {
  const scu_hooks *hooks = &progress->op->session->hooks;
  if (!hooks->progress || progress->op->is_freed) return;
  uint64_t now = scu__loop_now(progress->op->session->loop);
  if (!is_final && now - progress->told_ms < INTERVAL_MS) return;
  progress->told_ms = now;
  scu_progress told = {
      .size = sizeof told,
      .instances_done = progress->instances_done,
      .instances_total = progress->instances_total,
      .bytes_done = progress->bytes_done,
  };
  scu__op_go_out(progress->op);
  hooks->progress(hooks->user, &told);
  scu__op_come_back(progress->op);
}
