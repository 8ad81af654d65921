/* A sink before the archive's own that loses, refuses or warns as --fault says (step `ingest`). */
#ifndef SCU_ARCHIVE_FAULT_SINK_H
#define SCU_ARCHIVE_FAULT_SINK_H

#include "archive/fault.h"
#include "link/loop.h"
#include "scu/sink.h"

typedef struct scu__fault_sink {
  scu_sink sink; /* what is handed out */
  scu__fault *fault;
  scu_sink *behind;
  scu_loop *loop;
} scu__fault_sink;

/* Everything is borrowed. */
void scu__fault_sink_init(scu__fault_sink *self, scu__fault *fault, scu_sink *behind, scu_loop *loop);

#endif
