/* The association engine: PS3.8 Table 9-10 as a value. Bytes in, events out; requests in, bytes out. It has no socket
 * and no clock: time (now_ms, any monotonic zero) is passed in, the next deadline is asked for.
 *
 * The caller's loop: connected -> receive / next_event until SCU_END -> output / sent -> deadline / expire -> closed.
 * The engine never calls the caller back, except for the trace. One thread at a time. */
#ifndef SCU_UL_ENGINE_H
#define SCU_UL_ENGINE_H

#include "base/source.h"
#include "base/trace.h"
#include "ul/negotiation.h"
#include "ul/pdu.h"

typedef struct scu__engine scu__engine;

typedef struct scu__engine_options {
  const scu_allocator *allocator; /* NULL: malloc */
  bool is_acceptor;
  uint32_t max_pdu_length;       /* what we take (our 51H); 0: SCU__PDU_LENGTH_DEFAULT */
  uint32_t send_pdu_length;      /* cap of what we send, whatever the peer takes; 0: SCU__PDU_LENGTH_DEFAULT */
  uint32_t artim_ms;             /* 0: 10 s */
  uint32_t associate_timeout_ms; /* wait for the AC or RJ; 0: 30 s */
  uint32_t release_timeout_ms;   /* wait for the RELEASE-RP; 0: 10 s */
  bool auto_release_response;    /* answer the peer's A-RELEASE-RQ without being asked */
  bool tolerate_overlong;        /* take P-DATA-TF of any length, warned once */
  const scu__trace *trace;       /* may be NULL; outlives the engine */
  uint32_t association;          /* number for the trace */
} scu__engine_options;

typedef enum scu__engine_event_type {
  SCU__EVENT_ASSOCIATE_INDICATION, /* acceptor: answer with accept or reject */
  SCU__EVENT_ASSOCIATED,           /* both: Sta6; acceptor: after accept */
  SCU__EVENT_REJECTED,             /* requestor: by the peer; acceptor: the engine rejected by itself (by_peer false) */
  SCU__EVENT_DATA,                 /* a piece of a PDV */
  SCU__EVENT_RELEASE_INDICATION,   /* the peer asks: send what is left, then release_response */
  SCU__EVENT_RELEASED,             /* the end, in order */
  SCU__EVENT_ABORTED,              /* by the peer's A-ABORT */
  SCU__EVENT_CLOSED_BY_PEER,       /* transport closed where the protocol does not allow it */
  SCU__EVENT_PROTOCOL_ERROR,       /* the peer broke the protocol and we aborted */
  SCU__EVENT_TIMED_OUT             /* we aborted, or never got a request */
} scu__engine_event_type;

typedef struct scu__engine_event {
  scu__engine_event_type type;
  const scu__associate *rq; /* ASSOCIATE_INDICATION; lives as long as the engine, its identity until the answer */
  const scu__negotiated *negotiated; /* ASSOCIATED; lives as long as the engine */
  scu__reject reject;                /* REJECTED */
  scu__abort abort;                  /* ABORTED, PROTOCOL_ERROR (what we sent) */
  bool by_peer;                      /* REJECTED, ABORTED */
  bool is_collision;                 /* RELEASE_INDICATION while our own request is out; answered as usual */
  bool is_unanswered;                /* RELEASED, but the peer closed without A-RELEASE-RP */
  scu_phase phase;                   /* TIMED_OUT, CLOSED_BY_PEER */
  const scu_error *error;            /* REJECTED .. TIMED_OUT where something failed; lives as long as the engine */

  /* DATA: bytes point into the input of scu__engine_receive and are valid until its next call. A PDV may come in
   * several events; is_last (last fragment of the message part) is only true on its final piece. */
  uint8_t context_id;
  bool is_command, is_last;
  const uint8_t *bytes; /* may be NULL when length is 0 (an empty PDV) */
  size_t length;
} scu__engine_event;

scu_result scu__engine_new(const scu__engine_options *options, scu__engine **out);
void scu__engine_free(scu__engine *engine); /* NULL allowed; sends nothing */

/* Requests. USAGE when the state does not allow it: nothing happens then. */

/* Requestor, before connected: copies and encodes what to propose. max_pdu_length is set from the options. */
scu_result scu__engine_associate(scu__engine *engine, const scu__associate *rq, uint64_t now_ms);
/* Requestor: TCP (and TLS) is up. Acceptor: a connection was accepted. */
scu_result scu__engine_connected(scu__engine *engine, uint64_t now_ms);
/* Acceptor, after ASSOCIATE_INDICATION. max_pdu_length is set from the options. */
scu_result scu__engine_accept(scu__engine *engine, const scu__associate *ac, uint64_t now_ms);
scu_result scu__engine_reject(scu__engine *engine, const scu__reject *reject, uint64_t now_ms);
scu_result scu__engine_release(scu__engine *engine, uint64_t now_ms);
/* PENDING: taken note of, sent when the peer's own response is here (collision, acceptor: Sta10). */
scu_result scu__engine_release_response(scu__engine *engine, uint64_t now_ms);
/* Never fails for want of memory; goes out behind what is queued. Idle or already ending: USAGE. */
scu_result scu__engine_abort(scu__engine *engine, uint8_t source, uint8_t reason, uint64_t now_ms);

/* Input. Takes bytes until an event is ready or all are taken: call it again with the rest after next_event gave
 * SCU_END; at least one byte is taken then. Faults of the peer come as events, not as a result; MEMORY and USAGE come
 * as a result. */
scu_result scu__engine_receive(scu__engine *engine, const uint8_t *bytes, size_t length, size_t *consumed,
                               uint64_t now_ms);
/* The transport was closed, by either side or for a fault. */
void scu__engine_closed(scu__engine *engine, uint64_t now_ms);
/* SCU_OK with the oldest event, SCU_END when there is none. */
scu_result scu__engine_next_event(scu__engine *engine, scu__engine_event *event);

/* Sending data. Either `bytes` (copied) or `source` + offset (read when it is sent: must outlive that). `has_pad`
 * appends one NUL, so that an odd dataset becomes even. */
typedef struct scu__payload {
  const uint8_t *bytes;
  scu__source *source;
  uint64_t offset;
  size_t length;
  bool has_pad;
} scu__payload;

/* Queues one P-DATA-TF with one PDV. USAGE: not in Sta6 or Sta8, not an accepted context, empty, odd, or more than
 * scu__engine_max_fragment bytes; LIMIT: too much is queued; MEMORY. */
scu_result scu__engine_send_pdv(scu__engine *engine, uint8_t context_id, bool is_command, bool is_last,
                                const scu__payload *payload);
/* The longest fragment we may put into one PDV: even, pad included; 0 before the association. */
size_t scu__engine_max_fragment(const scu__engine *engine);

/* Output. Fills up to `max` segments from the front of what is queued, in order; returns how many. They are valid
 * until the next call that queues or consumes output. */
typedef struct scu__segment {
  const uint8_t *bytes; /* NULL: `length` bytes of source at offset */
  scu__source *source;
  uint64_t offset;
  size_t length;
} scu__segment;

size_t scu__engine_output(scu__engine *engine, scu__segment *segments, size_t max);
void scu__engine_sent(scu__engine *engine, size_t bytes); /* that much of it is on its way */
size_t scu__engine_queued(const scu__engine *engine);     /* bytes waiting for output */

/* The association is over: close the transport as soon as the queued output is sent. */
bool scu__engine_wants_close(const scu__engine *engine);
uint64_t scu__engine_deadline(const scu__engine *engine); /* UINT64_MAX: none */
void scu__engine_expire(scu__engine *engine, uint64_t now_ms);

int scu__engine_state(const scu__engine *engine);                         /* 1..13 for Sta1..Sta13 */
const scu__negotiated *scu__engine_negotiated(const scu__engine *engine); /* NULL before Sta6 was reached */

#endif
