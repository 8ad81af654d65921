/* getaddrinfo on the pool. The resolution is shared by its owner and the job, because either may be the last to go;
 * it lives in plain memory for the same reason. */
#define _POSIX_C_SOURCE 200809L
#include "io/resolver.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "io/explanations.h"

enum { HOST_MAX = 255 /* RFC 1035 2.3.4 */ };

struct scu__resolution {
  scu__job job; /* first: the job is the resolution */
  atomic_uint references;
  bool is_freed; /* by the owner; loop's thread only */
  scu__resolved resolved;
  void *user;
  scu_result result;
  scu__address_list addresses;
  scu_error error;
  uint16_t port;
  char host[HOST_MAX + 1];
};

static void release(scu__resolution *resolution) {
  if (atomic_fetch_sub_explicit(&resolution->references, 1, memory_order_acq_rel) == 1) scu__free(NULL, resolution);
}

static bool keep(scu__address_list *list, const struct addrinfo *found, uint16_t port) {
  if (list->count == SCU__ADDRESSES_MAX || found->ai_addrlen > sizeof list->list[0].storage) return false;
  scu__address *address = &list->list[list->count++];
  memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  address->length = found->ai_addrlen;
  scu__address_set_port(address, port);
  return true;
}

static const struct addrinfo *next_of(const struct addrinfo *at, int family, bool is_same) {
  for (; at; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    if ((at->ai_family == family) == is_same) return at;
  }
  return NULL;
}

/* The families take turns, beginning with the resolver's first choice: one dead family costs one try. */
static void interleave(scu__address_list *list, const struct addrinfo *found, uint16_t port) {
  int family = found->ai_family;
  const struct addrinfo *own = next_of(found, family, true), *other = next_of(found, family, false);
  while (own || other) {
    if (own && !keep(list, own, port)) return;
    if (other && !keep(list, other, port)) return;
    if (own) own = next_of(own->ai_next, family, true);
    if (other) other = next_of(other->ai_next, family, false);
  }
}

static scu_result look_up_failed(int code, const char *host, scu_error *error) {
  if (code == EAI_MEMORY) return scu__error_memory(error, SCU_PHASE_RESOLVE);
  const scu_explanation *row = scu__resolver_explanation(code);
  scu__error_set(error, SCU_ERROR_TRANSPORT, SCU_PHASE_RESOLVE, "cannot look up host %s: %s (resolver code %d)", host,
                 row->text, code);
  scu__error_explain(error, row);
  return SCU_ERROR_TRANSPORT;
}

static void look_up(scu__job *job) {
  scu__resolution *resolution = (scu__resolution *)job;
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
  int code = getaddrinfo(resolution->host, NULL, &hints, &found);
  if (code != 0) {
    resolution->result = look_up_failed(code, resolution->host, &resolution->error);
    return;
  }
  interleave(&resolution->addresses, found, resolution->port);
  freeaddrinfo(found);
  if (resolution->addresses.count == 0)
    resolution->result = look_up_failed(EAI_NONAME, resolution->host, &resolution->error);
}

static void look_up_done(scu__job *job) {
  scu__resolution *resolution = (scu__resolution *)job;
  if (!resolution->is_freed) {
    if (job->is_cancelled)
      resolution->result = scu__error_set(&resolution->error, SCU_ERROR_CANCELLED, SCU_PHASE_RESOLVE,
                                          "look-up of %s was cancelled", resolution->host);
    resolution->resolved(resolution->user, resolution->result, &resolution->addresses,
                         resolution->result == SCU_OK ? NULL : &resolution->error);
  }
  release(resolution);
}

static void look_up_abandoned(scu__job *job) {
  release((scu__resolution *)job);
}

scu_result scu__resolve(scu__pool *pool, scu__completions *queue, const char *host, uint16_t port,
                        scu__address_list *addresses, scu__resolved resolved, void *user, scu__resolution **out,
                        scu_error *error) {
  *out = NULL;
  addresses->count = 0;
  if (scu__address_parse(&addresses->list[0], host, port)) {
    addresses->count = 1;
    return SCU_OK;
  }
  size_t length = strlen(host);
  if (length == 0 || length > HOST_MAX)
    return scu__error_set(error, SCU_ERROR_TRANSPORT, SCU_PHASE_RESOLVE, "a host name has 1 to %d characters",
                          HOST_MAX);
  scu__resolution *resolution = scu__alloc(NULL, sizeof *resolution);
  if (!resolution) return scu__error_memory(error, SCU_PHASE_RESOLVE);
  resolution->job = (scu__job){.run = look_up, .done = look_up_done, .abandon = look_up_abandoned};
  atomic_init(&resolution->references, 2);
  resolution->resolved = resolved;
  resolution->user = user;
  resolution->port = port;
  memcpy(resolution->host, host, length + 1);
  scu_result result = scu__pool_submit(pool, &resolution->job, queue);
  if (result != SCU_OK) {
    scu__free(NULL, resolution);
    return scu__error_set(error, result, SCU_PHASE_RESOLVE, "too many look-ups are waiting");
  }
  *out = resolution;
  return SCU_PENDING;
}

void scu__resolution_free(scu__resolution *resolution) {
  if (!resolution) return;
  resolution->is_freed = true;
  release(resolution);
}
