/* Where what is retrieved goes: files under DCMTK's names, as safe as those of the disk sink. */
#ifndef SCU_CLI_DCMTK_KEEP_H
#define SCU_CLI_DCMTK_KEEP_H

#include "dcmtk/options.h"
#include "scu/hooks.h"
#include "scu/sink.h"

enum { KEEP_PATH_MAX = 4096 };

typedef struct keep {
  const habits *h;
  const char *folder;
  char scratch[KEEP_PATH_MAX]; /* a folder in it, where instances are until they have their names */
  scu_sink *sink;              /* what to hand over */
  scu_sink nowhere;            /* of --ignore */
} keep;

/* HABIT_DONE or the exit code; said. The sink is the keep's until keep_end. */
int keep_begin(keep *k, const habits *h, const scu_options *options);
/* For the hook `received`: gives the file its name, PREFIX.UID, before the instance is acknowledged. */
void keep_received(keep *k, scu_received *received);
void keep_end(keep *k);

#endif
