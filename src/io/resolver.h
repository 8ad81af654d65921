/* Host name to addresses, without ever blocking the loop: numeric addresses at once, names by getaddrinfo on the pool.
 * A look-up that is late is abandoned, not waited for. */
#ifndef SCU_IO_RESOLVER_H
#define SCU_IO_RESOLVER_H

#include "io/pool.h"
#include "io/socket.h"

typedef struct scu__resolution scu__resolution;

/* The addresses (IPv6 and IPv4 taking turns, the resolver's first choice first: RFC 8305 4), or why there are none.
 * On the thread that drains `queue`; the resolution is still the caller's to free, also from in here. */
typedef void (*scu__resolved)(void *user, scu_result result, const scu__address_list *addresses,
                              const scu_error *error);

/* SCU_OK: *addresses is filled now, *out is NULL. SCU_PENDING: `resolved` will be called once, unless *out is freed
 * before. Errors: TRANSPORT, LIMIT (pool full), MEMORY. */
scu_result scu__resolve(scu__pool *pool, scu__completions *queue, const char *host, uint16_t port,
                        scu__address_list *addresses, scu__resolved resolved, void *user, scu__resolution **out,
                        scu_error *error);
/* Also how a late look-up is abandoned: `resolved` is not called afterwards. NULL is allowed. */
void scu__resolution_free(scu__resolution *resolution);

#endif
