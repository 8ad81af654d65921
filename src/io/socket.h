/* Non-blocking TCP over IPv4 and IPv6: connect, listen, accept. Every descriptor is CLOEXEC and non-blocking; every
 * connection has TCP_NODELAY and finds a dead peer in two minutes, or when it was told to (RULES 23). Bytes are moved
 * by io/transport.h. */
#ifndef SCU_IO_SOCKET_H
#define SCU_IO_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum {
  SCU__ADDRESSES_MAX = 16,    /* of one host name; E08: a name with a hundred addresses is not tried for ever */
  SCU__ADDRESS_TEXT_MAX = 72, /* "[v6%scope]:port" */
  SCU__DEAD_AFTER_MS = 120 * 1000
};

typedef struct scu__address {
  struct sockaddr_storage storage;
  socklen_t length; /* 0 = none */
} scu__address;

typedef struct scu__address_list {
  size_t count;
  scu__address list[SCU__ADDRESSES_MAX];
} scu__address_list;

/* "127.0.0.1:104" or "[::1]:104"; always NUL-terminated. Returns `text`. */
const char *scu__address_text(const scu__address *address, char text[SCU__ADDRESS_TEXT_MAX]);
uint16_t scu__address_port(const scu__address *address);
/* In network order: all 16 for IPv6 (true), the first 4 for IPv4 - also where that comes mapped into IPv6 -, zeros when
 * there is none. */
bool scu__address_bytes(const scu__address *address, uint8_t bytes[16]);
/* The other way. */
void scu__address_from_bytes(scu__address *address, const uint8_t bytes[16], bool is_v6, uint16_t port);
void scu__address_set_port(scu__address *address, uint16_t port);
/* A numeric address ("10.1.2.3", "::1", "fe80::1%eth0", brackets allowed); false when it is a name. No look-up. */
bool scu__address_parse(scu__address *address, const char *host, uint16_t port);

/* Our end of a connection; zeroed = where the kernel likes it, and SCU__DEAD_AFTER_MS. */
typedef struct scu__socket_local {
  const char *address;    /* numeric; NULL = any */
  uint16_t port;          /* 0 = any */
  uint64_t dead_after_ms; /* a peer whose TCP does not answer is found out in this time, whether something was sent or
                             not; at least 2000, at most what the system takes (9 hours) */
} scu__socket_local;

/* Starts connecting. SCU_OK: connected already; SCU_PENDING: wait until *fd is writable, then ask
 * scu__socket_connect_result. On error *fd is -1. Errors: TRANSPORT (E09: each with its own words and hint), USAGE for
 * an unusable local address. */
scu_result scu__socket_connect_start(const scu__address *to, const scu__socket_local *local, int *fd, scu_error *error);
/* SCU_OK: connected; SCU_PENDING: not yet; else TRANSPORT. Does not close fd. */
scu_result scu__socket_connect_result(int fd, const scu__address *to, scu_error *error);

/* Listens on `address` (numeric or "localhost"; NULL, "" or "*" = all interfaces, both families where the system has
 * IPv6). Port 0 = any free one; the port in use comes back in *actual. */
scu_result scu__socket_listen(const char *address, uint16_t port, int *fd, scu__address *actual, scu_error *error);
/* SCU_OK and a connection, SCU_PENDING when nobody waits (also when the caller just went away), LIMIT when we are out
 * of descriptors or memory (try again when a connection has closed), else TRANSPORT. */
scu_result scu__socket_accept(int listener, int *fd, scu__address *peer, scu_error *error);

/* The two ends of a connection; length 0 when unknown. */
void scu__socket_ends(int fd, scu__address *local, scu__address *peer);
void scu__socket_close(int fd); /* -1 is allowed */
/* Closes so that the peer sees a reset at once and nothing lingers. */
void scu__socket_reset(int fd);

/* A connected pair for tests of whatever sits on a descriptor. */
scu_result scu__socket_pair(int fds[2], scu_error *error);

#endif
