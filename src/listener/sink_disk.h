/* The disk sink's door for tests: the same sink with faults put into its steps. The public half is scu/sink.h. */
#ifndef SCU_LISTENER_SINK_DISK_H
#define SCU_LISTENER_SINK_DISK_H

#include "io/durable.h"
#include "scu/sink.h"

typedef struct scu__disk_sink_test {
  int (*fault)(void *user, scu__durable_step step); /* as in scu__durable_options */
  void *fault_user;
} scu__disk_sink_test;

/* test may be NULL. */
scu_result scu__disk_sink_new_for_test(const scu_disk_sink_options *options, const scu__disk_sink_test *test,
                                       scu_sink **out);

#endif
