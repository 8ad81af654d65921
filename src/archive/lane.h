/* Disk work that has to come one piece after the other: on the pool, in the order it was given. */
#ifndef SCU_ARCHIVE_LANE_H
#define SCU_ARCHIVE_LANE_H

#include "link/loop.h"

typedef struct scu__work scu__work;
struct scu__work {
  void (*run)(scu__work *self);  /* on a pool thread */
  void (*done)(scu__work *self); /* on the loop; ends in scu__lane_go_on, now or later. May free self before that */
  scu__work *next;
};

typedef struct scu__lane {
  scu_loop *loop;
  scu__work *first, *last; /* waiting */
  scu__work *current;
  scu__job job;
} scu__lane;

void scu__lane_init(scu__lane *lane, scu_loop *loop);
void scu__lane_add(scu__lane *lane, scu__work *work);
/* The current work is over: the next may run. */
void scu__lane_go_on(scu__lane *lane);
bool scu__lane_is_busy(const scu__lane *lane);
/* Steps the loop until nothing is left to do. */
void scu__lane_wait(scu__lane *lane);

#endif
