/* The progress hook, held back to about ten calls a second. */
#ifndef SCU_CLIENT_PROGRESS_H
#define SCU_CLIENT_PROGRESS_H

#include "client/op.h"

typedef struct scu__progress {
  scu_op *op;
  uint64_t instances_done, instances_total, bytes_done;
  uint64_t told_ms;
} scu__progress;

/* Tells when it is time again, or always when is_final. */
void scu__progress_tell(scu__progress *progress, bool is_final);

#endif
