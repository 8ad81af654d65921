/* From a host name to a connected descriptor: look-up, then the addresses in turn, all within one time-out. */
#ifndef SCU_LINK_CONNECTOR_H
#define SCU_LINK_CONNECTOR_H

#include "io/resolver.h"
#include "link/loop.h"

typedef struct scu__connector_target {
  const char *host;
  uint16_t port;
  const char *local_address;          /* "" = any */
  uint16_t local_port;                /* 0 = any */
  uint64_t timeout_ms;                /* for everything together */
  uint64_t dead_after_ms;             /* see scu__socket_local */
  const scu__address_list *addresses; /* of the host, with their ports: nothing is looked up; NULL = not known yet */
} scu__connector_target;

typedef struct scu__connector scu__connector;

/* fd >= 0, or -1 with the error. Called once, from the loop; the connector is still the caller's to free. */
typedef void (*scu__connected)(void *user, int fd, const scu_error *error);

/* target's texts are copied. Errors: MEMORY. Everything else comes through `connected`, later. */
scu_result scu__connector_new(scu_loop *loop, const scu__connector_target *target, scu__connected connected, void *user,
                              scu__connector **out);
/* Gives up when it is still at it. NULL is allowed. */
void scu__connector_free(scu__connector *connector);

#endif
