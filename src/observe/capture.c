/* scu_capture: conversations become packets, packets become blocks of a file. */
#include "scu/capture.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/trace.h"
#include "io/clock.h"
#include "io/out.h"
#include "observe/mask.h"
#include "observe/packets.h"
#include "observe/pcapng.h"
#include "scu/version.h"

enum { HEADERS_MAX = 32 + SCU__PACKET_HEADERS_MAX, END_MAX = 8, BEGIN_MAX = 512, SECRETS_MAX = 1024 * 1024 };

struct scu_capture {
  scu__tap tap; /* first */
  const scu_allocator *allocator;
  scu_error error;
  scu__out *out; /* NULL: nothing is written */
  atomic_int result;
};

typedef struct conversation {
  scu__packets packets;
} conversation;

static void put_packet(scu_capture *capture, conversation *c, bool is_sent, unsigned flags, const uint8_t *payload,
                       size_t length) {
  scu__buffer head, end;
  size_t whole = scu__packets_headers(&c->packets) + length;
  scu__buffer_init(&head, capture->allocator, HEADERS_MAX);
  scu__buffer_init(&end, capture->allocator, END_MAX);
  scu__pcapng_put_packet(&head, scu__clock_wall_ns(), whole);
  scu__packets_put(&c->packets, &head, is_sent, flags, payload, length);
  scu__pcapng_put_packet_end(&end, whole);
  scu_result result = scu__buffer_result(&head);
  if (result == SCU_OK) result = scu__buffer_result(&end);
  const scu__slice slices[] = {{head.data, head.length}, {payload, length}, {end.data, end.length}};
  if (result == SCU_OK) result = scu__out_write(capture->out, slices, 3, NULL);
  if (result != SCU_OK) atomic_store(&capture->result, (int)result);
  scu__buffer_free(&head);
  scu__buffer_free(&end);
}

static bool is_writing(const scu_capture *capture) {
  return capture->out && atomic_load(&capture->result) == SCU_OK;
}

static void *connected(scu__tap *self, const scu__trace_ends *ends) {
  scu_capture *capture = (scu_capture *)self;
  if (!is_writing(capture)) return NULL;
  conversation *c = scu__alloc(capture->allocator, sizeof *c);
  if (!c) {
    atomic_store(&capture->result, SCU_ERROR_MEMORY);
    return NULL;
  }
  scu__packets_init(&c->packets, ends);
  bool is_ours = !ends->is_acceptor;
  put_packet(capture, c, is_ours, SCU__TCP_SYN, NULL, 0);
  put_packet(capture, c, !is_ours, SCU__TCP_SYN | SCU__TCP_ACK, NULL, 0);
  put_packet(capture, c, is_ours, SCU__TCP_ACK, NULL, 0);
  return c;
}

static void put_bytes(scu_capture *capture, conversation *c, bool is_sent, const uint8_t *bytes, size_t length) {
  for (size_t at = 0; at < length && is_writing(capture);) {
    size_t part = length - at < SCU__PACKET_PAYLOAD_MAX ? length - at : SCU__PACKET_PAYLOAD_MAX;
    unsigned push = at + part == length ? SCU__TCP_PSH : 0;
    put_packet(capture, c, is_sent, SCU__TCP_ACK | push, bytes + at, part);
    at += part;
  }
}

/* Association PDUs may hold secrets; a copy that cannot be made is not written. */
static void put_masked(scu_capture *capture, conversation *c, bool is_sent, const uint8_t *bytes, size_t length) {
  uint8_t *copy = length <= SECRETS_MAX ? scu__alloc(capture->allocator, length) : NULL;
  if (!copy) {
    atomic_store(&capture->result, SCU_ERROR_MEMORY);
    return;
  }
  memcpy(copy, bytes, length);
  scu__mask_secrets(copy, length);
  put_bytes(capture, c, is_sent, copy, length);
  scu__free_wiped(capture->allocator, copy, length);
}

static void pdu(scu__tap *self, void *of, bool is_sent, const uint8_t *bytes, size_t length) {
  scu_capture *capture = (scu_capture *)self;
  if (length == 0)
    atomic_store(&capture->result, SCU_ERROR_MEMORY); /* one that could not be shown: the file ends before it */
  else if (bytes[0] == 0x01 || bytes[0] == 0x02)
    put_masked(capture, of, is_sent, bytes, length);
  else
    put_bytes(capture, of, is_sent, bytes, length);
}

static void closed(scu__tap *self, void *of) {
  scu_capture *capture = (scu_capture *)self;
  if (is_writing(capture)) {
    put_packet(capture, of, true, SCU__TCP_FIN | SCU__TCP_ACK, NULL, 0);
    put_packet(capture, of, false, SCU__TCP_FIN | SCU__TCP_ACK, NULL, 0);
    put_packet(capture, of, true, SCU__TCP_ACK, NULL, 0);
  }
  scu__free(capture->allocator, of);
}

static scu_result begin(scu_capture *capture) {
  scu__buffer head;
  scu__buffer_init(&head, capture->allocator, BEGIN_MAX);
  scu__pcapng_put_begin(&head, "libscu " SCU_VERSION);
  scu_result result = scu__buffer_result(&head);
  const scu__slice slice = {head.data, head.length};
  if (result == SCU_OK) result = scu__out_write(capture->out, &slice, 1, &capture->error);
  scu__buffer_free(&head);
  return result;
}

scu_result scu_capture_new(const scu_allocator *allocator, const char *path, scu_capture **out) {
  if (!out) return SCU_ERROR_USAGE;
  scu_capture *capture = *out = scu__alloc(allocator, sizeof *capture);
  if (!capture) return SCU_ERROR_MEMORY;
  capture->tap = (scu__tap){.connected = connected, .pdu = pdu, .closed = closed};
  capture->allocator = allocator;
  scu__error_clear(&capture->error);
  scu_result result = SCU_OK;
  if (!path || !*path)
    result = scu__error_set(&capture->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no file to capture into");
  if (result == SCU_OK) result = scu__out_open(path, allocator, &capture->out, &capture->error);
  if (result == SCU_OK) result = begin(capture);
  atomic_init(&capture->result, (int)result);
  return result;
}

scu_result scu_capture_result(const scu_capture *capture) {
  return (scu_result)atomic_load(&capture->result);
}

const scu_error *scu_capture_error(const scu_capture *capture) {
  return &capture->error;
}

void scu_capture_free(scu_capture *capture) {
  if (!capture) return;
  scu__out_close(capture->out);
  scu__free(capture->allocator, capture);
}
