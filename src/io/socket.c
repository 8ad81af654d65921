/* TCP sockets: the options every connection gets, and failures in words (catalogue E09). */
#define _GNU_SOURCE
#include "io/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/os_error.h"

enum { KEEPALIVE_PROBES = 4, BACKLOG = 512 };

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static const struct sockaddr_in *as_v4(const scu__address *address) {
  return (const struct sockaddr_in *)&address->storage;
}

static const struct sockaddr_in6 *as_v6(const scu__address *address) {
  return (const struct sockaddr_in6 *)&address->storage;
}

static void set_v4(scu__address *address, struct in_addr host, uint16_t port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = host};
  memset(address, 0, sizeof *address);
  memcpy(&address->storage, &v4, sizeof v4);
  address->length = sizeof v4;
}

static void set_v6(scu__address *address, struct in6_addr host, uint32_t scope, uint16_t port) {
  struct sockaddr_in6 v6 = {
      .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = host, .sin6_scope_id = scope};
  memset(address, 0, sizeof *address);
  memcpy(&address->storage, &v6, sizeof v6);
  address->length = sizeof v6;
}

/* ::ffff:a.b.c.d, which a dual-stack listener sees for an IPv4 client, becomes plain IPv4. */
static void unmap_v4(scu__address *address) {
  if (address->storage.ss_family != AF_INET6) return;
  const struct sockaddr_in6 *v6 = as_v6(address);
  if (!IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return;
  struct in_addr host;
  memcpy(&host, v6->sin6_addr.s6_addr + 12, sizeof host);
  set_v4(address, host, ntohs(v6->sin6_port));
}

uint16_t scu__address_port(const scu__address *address) {
  if (address->storage.ss_family == AF_INET) return ntohs(as_v4(address)->sin_port);
  if (address->storage.ss_family == AF_INET6) return ntohs(as_v6(address)->sin6_port);
  return 0;
}

bool scu__address_bytes(const scu__address *address, uint8_t bytes[16]) {
  memset(bytes, 0, 16);
  if (address->length == 0) return false;
  if (address->storage.ss_family == AF_INET) {
    memcpy(bytes, &as_v4(address)->sin_addr, 4);
    return false;
  }
  const struct in6_addr *v6 = &as_v6(address)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(v6)) {
    memcpy(bytes, v6->s6_addr + 12, 4);
    return false;
  }
  memcpy(bytes, v6->s6_addr, 16);
  return true;
}

void scu__address_from_bytes(scu__address *address, const uint8_t bytes[16], bool is_v6, uint16_t port) {
  struct in_addr v4;
  struct in6_addr v6;
  memcpy(&v4, bytes, sizeof v4);
  memcpy(&v6, bytes, sizeof v6);
  if (is_v6)
    set_v6(address, v6, 0, port);
  else
    set_v4(address, v4, port);
}

void scu__address_set_port(scu__address *address, uint16_t port) {
  if (address->storage.ss_family == AF_INET) ((struct sockaddr_in *)&address->storage)->sin_port = htons(port);
  if (address->storage.ss_family == AF_INET6) ((struct sockaddr_in6 *)&address->storage)->sin6_port = htons(port);
}

const char *scu__address_text(const scu__address *address, char text[SCU__ADDRESS_TEXT_MAX]) {
  char host[INET6_ADDRSTRLEN] = "?";
  unsigned port = scu__address_port(address);
  if (address->length == 0) {
    snprintf(text, SCU__ADDRESS_TEXT_MAX, "unknown");
  } else if (address->storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &as_v4(address)->sin_addr, host, sizeof host);
    snprintf(text, SCU__ADDRESS_TEXT_MAX, "%s:%u", host, port);
  } else {
    inet_ntop(AF_INET6, &as_v6(address)->sin6_addr, host, sizeof host);
    unsigned scope = as_v6(address)->sin6_scope_id;
    if (scope)
      snprintf(text, SCU__ADDRESS_TEXT_MAX, "[%s%%%u]:%u", host, scope, port);
    else
      snprintf(text, SCU__ADDRESS_TEXT_MAX, "[%s]:%u", host, port);
  }
  return text;
}

bool scu__address_parse(scu__address *address, const char *host, uint16_t port) {
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
  size_t length = strlen(host);
  memset(address, 0, sizeof *address);
  if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
    host++;
    length -= 2;
  }
  if (length == 0 || length >= sizeof text) return false;
  memcpy(text, host, length);
  text[length] = 0;
  struct in_addr v4;
  if (inet_pton(AF_INET, text, &v4) == 1) {
    set_v4(address, v4, port);
    return true;
  }
  uint32_t scope = 0;
  char *percent = strchr(text, '%');
  if (percent) {
    *percent++ = 0;
    scope = if_nametoindex(percent);
    char *end = NULL;
    if (scope == 0) scope = (uint32_t)strtoul(percent, &end, 10);
    if (scope == 0 || (end && *end)) return false;
  }
  struct in6_addr v6;
  if (inet_pton(AF_INET6, text, &v6) != 1) return false;
  set_v6(address, v6, scope, port);
  return true;
}

/* --- sockets ------------------------------------------------------------------------------------------------------ */

/* Options are best effort: none of them decides whether a connection works. */
static void set_option(int fd, int level, int option, int value) {
  (void)setsockopt(fd, level, option, &value, sizeof value);
}

static int at_least_one(uint64_t seconds) {
  return seconds > 0 ? (int)seconds : 1;
}

/* Half of the time idle, then probes: they end well before it. */
static void set_connection_options(int fd, uint64_t dead_after_ms) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, at_least_one(dead_after_ms / 2000));
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, at_least_one(dead_after_ms / 12000));
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

/* Probes say nothing while bytes wait for their acknowledgement, which is given up after 13 to 30 minutes (tcp(7)). An
 * eighth less than the time, since it also decides at which probe an idle connection ends. */
static void set_user_timeout(int fd, uint64_t dead_after_ms) {
#ifdef TCP_USER_TIMEOUT
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(dead_after_ms - dead_after_ms / 8));
#else
  (void)fd;
  (void)dead_after_ms;
#endif
}

static int open_stream(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static scu_result connect_failed(const scu__address *to, int os_errno, scu_error *error) {
  char text[SCU__ADDRESS_TEXT_MAX];
  return scu__os_error(error, SCU_ERROR_TRANSPORT, SCU_PHASE_CONNECT, os_errno, "cannot connect to %s",
                       scu__address_text(to, text));
}

static scu_result bind_local(int fd, const scu__address *to, const scu__socket_local *local, scu_error *error) {
  if (!local || ((!local->address || !*local->address) && local->port == 0)) return SCU_OK;
  scu__address from;
  const char *any = to->storage.ss_family == AF_INET6 ? "::" : "0.0.0.0";
  const char *host = local->address && *local->address ? local->address : any;
  if (!scu__address_parse(&from, host, local->port))
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_CONNECT, "local address %s is not a numeric address", host);
  char text[SCU__ADDRESS_TEXT_MAX];
  if (from.storage.ss_family != to->storage.ss_family)
    return scu__error_set(error, SCU_ERROR_TRANSPORT, SCU_PHASE_CONNECT, "cannot reach %s from the local address %s",
                          scu__address_text(to, text), host);
  if (local->port != 0) set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd, (const struct sockaddr *)&from.storage, from.length) == 0) return SCU_OK;
  return scu__os_error(error, SCU_ERROR_TRANSPORT, SCU_PHASE_CONNECT, errno, "cannot use the local address %s",
                       scu__address_text(&from, text));
}

scu_result scu__socket_connect_start(const scu__address *to, const scu__socket_local *local, int *out,
                                     scu_error *error) {
  *out = -1;
  int fd = open_stream(to->storage.ss_family);
  if (fd < 0) return connect_failed(to, errno, error);
  uint64_t dead_after_ms = local && local->dead_after_ms > 0 ? local->dead_after_ms : SCU__DEAD_AFTER_MS;
  set_connection_options(fd, dead_after_ms);
  set_user_timeout(fd, dead_after_ms);
  scu_result result = bind_local(fd, to, local, error);
  if (result != SCU_OK) {
    close(fd);
    return result;
  }
  int failed = connect(fd, (const struct sockaddr *)&to->storage, to->length);
  if (failed && errno != EINPROGRESS && errno != EINTR) {
    int os_errno = errno;
    close(fd);
    return connect_failed(to, os_errno, error);
  }
  *out = fd;
  return failed ? SCU_PENDING : SCU_OK;
}

scu_result scu__socket_connect_result(int fd, const scu__address *to, scu_error *error) {
  int os_errno = 0;
  socklen_t length = sizeof os_errno;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &os_errno, &length) != 0) os_errno = errno;
  if (os_errno != 0) return connect_failed(to, os_errno, error);
  struct sockaddr_storage peer;
  length = sizeof peer;
  if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0) return SCU_OK;
  return errno == ENOTCONN ? SCU_PENDING : connect_failed(to, errno, error);
}

static int bind_and_listen(const scu__address *at, bool is_dual, int *os_errno) {
  int fd = open_stream(at->storage.ss_family);
  if (fd < 0) {
    *os_errno = errno;
    return -1;
  }
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (at->storage.ss_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_dual ? 0 : 1);
  if (bind(fd, (const struct sockaddr *)&at->storage, at->length) == 0 && listen(fd, BACKLOG) == 0) return fd;
  *os_errno = errno;
  close(fd);
  return -1;
}

static scu_result listen_failed(const scu__address *at, int os_errno, scu_error *error) {
  char text[SCU__ADDRESS_TEXT_MAX];
  if (os_errno == EADDRINUSE)
    scu__os_error(error, SCU_ERROR_TRANSPORT, SCU_PHASE_LISTEN, os_errno,
                  "cannot listen on %s, another program listens there", scu__address_text(at, text));
  else
    scu__os_error(error, SCU_ERROR_TRANSPORT, SCU_PHASE_LISTEN, os_errno, "cannot listen on %s",
                  scu__address_text(at, text));
  return SCU_ERROR_TRANSPORT;
}

scu_result scu__socket_listen(const char *address, uint16_t port, int *out, scu__address *actual, scu_error *error) {
  *out = -1;
  bool is_any = !address || !*address || strcmp(address, "*") == 0;
  scu__address at;
  if (address && strcmp(address, "localhost") == 0) address = "127.0.0.1";
  if (!scu__address_parse(&at, is_any ? "::" : address, port)) {
    scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_LISTEN, "cannot listen on %s: not a numeric address", address);
    scu__error_hint(error, "give an address of this machine, such as 127.0.0.1 or [::1], or none for all");
    return SCU_ERROR_USAGE;
  }
  int os_errno = 0;
  int fd = bind_and_listen(&at, is_any, &os_errno);
  if (fd < 0 && is_any && (os_errno == EAFNOSUPPORT || os_errno == EADDRNOTAVAIL)) {
    scu__address_parse(&at, "0.0.0.0", port);
    fd = bind_and_listen(&at, false, &os_errno);
  }
  if (fd < 0) return listen_failed(&at, os_errno, error);
  if (actual) scu__socket_ends(fd, actual, NULL);
  *out = fd;
  return SCU_OK;
}

static bool is_caller_gone(int os_errno) {
  switch (os_errno) {
  case EAGAIN:
  case EINTR:
  case ECONNABORTED:
  case EPROTO:
  case ENETDOWN:
  case ENETUNREACH:
  case EHOSTUNREACH:
  case EHOSTDOWN:
  case ENONET:
  case ENOPROTOOPT:
  case EOPNOTSUPP: return true; /* accept(2): errors that already wait on the new connection come out here */
  default: return false;
  }
}

scu_result scu__socket_accept(int listener, int *out, scu__address *peer, scu_error *error) {
  *out = -1;
  scu__address from = {.length = sizeof from.storage};
  int fd = accept4(listener, (struct sockaddr *)&from.storage, &from.length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    int os_errno = errno;
    if (is_caller_gone(os_errno)) return SCU_PENDING;
    bool is_limit = os_errno == EMFILE || os_errno == ENFILE || os_errno == ENOBUFS || os_errno == ENOMEM;
    return scu__os_error(error, is_limit ? SCU_ERROR_LIMIT : SCU_ERROR_TRANSPORT, SCU_PHASE_LISTEN, os_errno,
                         "cannot accept a connection");
  }
  set_connection_options(fd, SCU__DEAD_AFTER_MS);
  unmap_v4(&from);
  if (peer) *peer = from;
  *out = fd;
  return SCU_OK;
}

void scu__socket_ends(int fd, scu__address *local, scu__address *peer) {
  for (int i = 0; i < 2; i++) {
    scu__address *end = i == 0 ? local : peer;
    if (!end) continue;
    memset(end, 0, sizeof *end);
    socklen_t length = sizeof end->storage;
    struct sockaddr *storage = (struct sockaddr *)&end->storage;
    if ((i == 0 ? getsockname(fd, storage, &length) : getpeername(fd, storage, &length)) != 0) continue;
    end->length = length;
    unmap_v4(end);
  }
}

void scu__socket_close(int fd) {
  if (fd >= 0) close(fd);
}

void scu__socket_reset(int fd) {
  if (fd < 0) return;
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

scu_result scu__socket_pair(int fds[2], scu_error *error) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0) return SCU_OK;
  return scu__os_error(error, SCU_ERROR_LIMIT, SCU_PHASE_CONNECT, errno, "cannot make a socket pair");
}
