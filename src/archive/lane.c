/* A queue in front of the pool that lets one through at a time. */
#include "archive/lane.h"

static void job_run(scu__job *self) {
  const scu__lane *lane = (scu__lane *)((char *)self - offsetof(scu__lane, job));
  lane->current->run(lane->current);
}

static void job_done(scu__job *self) {
  const scu__lane *lane = (scu__lane *)((char *)self - offsetof(scu__lane, job));
  if (self->is_cancelled) lane->current->run(lane->current); /* nobody else will: it must not be lost */
  lane->current->done(lane->current);
}

static void start(scu__lane *lane) {
  lane->current = lane->first;
  lane->first = lane->current->next;
  if (!lane->first) lane->last = NULL;
  lane->current->next = NULL;
  lane->job = (scu__job){.run = job_run, .done = job_done};
  if (scu__pool_submit(scu__loop_pool(lane->loop), &lane->job, scu__loop_completions(lane->loop)) == SCU_OK) return;
  /* The pool is full: better here and now than never. */
  job_run(&lane->job);
  job_done(&lane->job);
}

void scu__lane_init(scu__lane *lane, scu_loop *loop) {
  *lane = (scu__lane){.loop = loop};
}

void scu__lane_add(scu__lane *lane, scu__work *work) {
  work->next = NULL;
  if (lane->last)
    lane->last->next = work;
  else
    lane->first = work;
  lane->last = work;
  if (!lane->current) start(lane);
}

void scu__lane_go_on(scu__lane *lane) {
  lane->current = NULL;
  if (lane->first) start(lane);
}

bool scu__lane_is_busy(const scu__lane *lane) {
  return lane->current != NULL;
}

void scu__lane_wait(scu__lane *lane) {
  while (scu__lane_is_busy(lane) && scu_loop_wait(lane->loop, 1000) == SCU_OK) {
  }
}
