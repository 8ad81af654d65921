/* Plain TCP behind the transport seam: one sendmsg or recv per call, no SIGPIPE. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/alloc.h"
#include "io/os_error.h"
#include "io/socket.h"
#include "io/transport.h"

typedef struct tcp_transport {
  scu__transport transport;
  const scu_allocator *allocator;
} tcp_transport;

static bool is_gone(int os_errno) {
  return os_errno == EPIPE || os_errno == ECONNRESET || os_errno == ECONNABORTED;
}

/* What the system says when it has given a connection up, or of the way that it was on. */
static bool is_cut_off(int os_errno) {
  return os_errno == ETIMEDOUT || os_errno == EHOSTUNREACH || os_errno == ENETUNREACH;
}

static scu_result failed(int os_errno, const char *what, scu_error *error) {
  scu_result result = is_gone(os_errno) ? SCU_ERROR_CLOSED : SCU_ERROR_TRANSPORT;
  if (!is_cut_off(os_errno)) return scu__os_error(error, result, SCU_PHASE_NONE, os_errno, "%s", what);
  scu_error cut;
  scu__error_clear(&cut);
  scu__os_error(&cut, result, SCU_PHASE_NONE, os_errno, "%s: the peer's TCP does not answer any more", what);
  cut.hint[0] = 0;
  scu__error_hint(&cut, "the peer was switched off or is cut off, or something on the way drops packets; how soon that "
                        "is noticed is set by timeout-tcp");
  if (error && error->result == SCU_OK) scu__error_copy(error, &cut);
  return result;
}

static scu_result tcp_send(scu__transport *self, const scu__slice *slices, size_t count, size_t *sent,
                           scu_error *error) {
  struct iovec vectors[SCU__SLICES_MAX];
  struct msghdr message = {.msg_iov = vectors};
  *sent = 0;
  for (size_t i = 0; i < count && message.msg_iovlen < SCU__SLICES_MAX; i++) {
    if (slices[i].length == 0) continue;
    /* sendmsg does not write through the pointer; iovec just has no const. */
    union {
      const uint8_t *in;
      void *out;
    } data = {.in = slices[i].data};
    vectors[message.msg_iovlen++] = (struct iovec){.iov_base = data.out, .iov_len = slices[i].length};
  }
  if (message.msg_iovlen == 0) return SCU_OK;
  for (;;) {
    ssize_t n = sendmsg(self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      *sent = (size_t)n;
      return SCU_OK;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return SCU_PENDING;
    if (errno == EFAULT) return SCU_ERROR_STORAGE; /* a lent file has shrunk */
    if (errno != EINTR) return failed(errno, "cannot send", error);
  }
}

static scu_result tcp_receive(scu__transport *self, uint8_t *to, size_t room, size_t *got, scu_error *error) {
  *got = 0;
  for (;;) {
    ssize_t n = recv(self->fd, to, room, MSG_DONTWAIT);
    if (n > 0) {
      *got = (size_t)n;
      return SCU_OK;
    }
    if (n == 0) return SCU_END;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return SCU_PENDING;
    if (errno != EINTR) return failed(errno, "cannot receive", error);
  }
}

static void tcp_acknowledge(scu__transport *self) {
#ifdef TCP_QUICKACK
  int on = 1;
  (void)setsockopt(self->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
  (void)self;
#endif
}

static void tcp_close(scu__transport *self) {
  tcp_transport *tcp = (tcp_transport *)self;
  scu__socket_close(self->fd);
  scu__free(tcp->allocator, tcp);
}

static void tcp_reset(scu__transport *self) {
  tcp_transport *tcp = (tcp_transport *)self;
  scu__socket_reset(self->fd);
  scu__free(tcp->allocator, tcp);
}

scu_result scu__transport_tcp_new(int fd, const scu_allocator *allocator, scu__transport **out, scu_error *error) {
  *out = NULL;
  tcp_transport *tcp = scu__alloc(allocator, sizeof *tcp);
  if (!tcp) return scu__error_memory(error, SCU_PHASE_CONNECT);
  *tcp = (tcp_transport){
      .transport = {.size = sizeof(scu__transport),
                    .send = tcp_send,
                    .receive = tcp_receive,
                    .buffered = NULL,
                    .acknowledge = tcp_acknowledge,
                    .close = tcp_close,
                    .reset = tcp_reset,
                    .fd = fd},
      .allocator = allocator,
  };
  *out = &tcp->transport;
  return SCU_OK;
}
