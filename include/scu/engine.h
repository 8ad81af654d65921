/* The association engine without sockets, clock and threads: bytes in, bytes out, events to be pulled, one deadline. It
 * fits into any event loop, any transport and any test; libscu's own sessions stand on the same state machine (PS3.8
 * Table 9-10) and the same message layer (PS3.7 6.3).
 *
 *   scu_engine_new(&options, propose, user, &engine);
 *   scu_engine_connected(engine, now);                         the transport is up
 *   for (;;) {
 *     while (scu_engine_output(engine, &bytes, &length) == SCU_OK)
 *       scu_engine_sent(engine, send(bytes, length));          as much as the transport takes
 *     if (scu_engine_wants_close(engine)) break;               close the transport, then scu_engine_closed
 *     wait until it is readable, or writable if something was not sent, or scu_engine_deadline has come
 *     scu_engine_receive(engine, bytes, length, &consumed, now);     again with the rest, after every event was pulled
 *     while (scu_engine_next_event(engine, &event) == SCU_OK) ...
 *     scu_engine_expire(engine, now);
 *   }
 *
 * Times are milliseconds of any clock that never goes back. Nothing here waits, and nothing is called back but what
 * fills a proposal and what a stream is read from. Memory is bounded: datasets that come are passed through and never
 * kept, what is sent is encoded piece by piece. One thread at a time; different engines are independent. */
#ifndef SCU_ENGINE_H
#define SCU_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "scu/allocator.h"
#include "scu/association.h"
#include "scu/error.h"
#include "scu/message.h"
#include "scu/proposal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_engine scu_engine;

/* Zero it and set size. Texts are copied. */
typedef struct scu_engine_options {
  size_t size;
  const scu_allocator *allocator; /* NULL: malloc */
  int is_acceptor;
  /* Requestor: both are needed. Acceptor: called_ae is our title, and whoever calls another one is rejected; NULL or
   * "": any. calling_ae is not used. */
  const char *calling_ae, *called_ae;
  /* Bytes of a P-DATA-TF that we take (PS3.8 D.1.1), and the most that we send; 0: 65,536. USAGE below 128. */
  uint32_t max_pdu_length;
  /* For the answer or the request, and for the transport to be closed at the end; 0: 30 s. */
  uint64_t associate_timeout_ms;
  uint64_t release_timeout_ms;                                        /* 0: 10 s */
  const char *implementation_class_uid, *implementation_version_name; /* NULL: libscu's */
} scu_engine_options;

/* `propose` fills an empty proposal, once: what a requestor proposes, or what an acceptor takes - each abstract syntax
 * with the transfer syntaxes it may come in. Anything but SCU_OK from it is what this call returns. USAGE: titles that
 * are none, or nothing proposed. MEMORY. */
SCU_API scu_result scu_engine_new(const scu_engine_options *options,
                                  scu_result (*propose)(void *user, scu_proposal *proposal), void *user,
                                  scu_engine **out);
SCU_API void scu_engine_free(scu_engine *engine); /* NULL is allowed; sends nothing */

/* ---- the transport's side ---- */

/* Once, when the transport is up. USAGE when it was called before. */
SCU_API scu_result scu_engine_connected(scu_engine *engine, uint64_t now_ms);
/* Takes bytes until there is an event, or all of them: pull the events, then call again with the rest. Faults of the
 * peer are events. MEMORY: the association was aborted. */
SCU_API scu_result scu_engine_receive(scu_engine *engine, const uint8_t *bytes, size_t length, size_t *consumed,
                                      uint64_t now_ms);
/* The transport is closed, whoever did it. */
SCU_API void scu_engine_closed(scu_engine *engine, uint64_t now_ms);
/* SCU_OK: these bytes are the next to be sent, valid until the next call with this engine. SCU_END: none. */
SCU_API scu_result scu_engine_output(scu_engine *engine, const uint8_t **bytes, size_t *length);
SCU_API void scu_engine_sent(scu_engine *engine, size_t length); /* so many of them are on their way */
/* The association is over: close the transport when there is no output left. */
SCU_API int scu_engine_wants_close(const scu_engine *engine);
SCU_API uint64_t scu_engine_deadline(const scu_engine *engine); /* UINT64_MAX: none */
SCU_API void scu_engine_expire(scu_engine *engine, uint64_t now_ms);

/* ---- events ---- */

typedef enum scu_engine_event_type {
  SCU_ENGINE_ASSOCIATED = 1, /* messages can be sent */
  /* A message has come: its command. A request is answered by scu_message_new_response and scu_engine_send; which
   * response belongs to which request the Message IDs say. When scu_message_has_dataset, DATA follows. */
  SCU_ENGINE_MESSAGE = 2,
  SCU_ENGINE_DATA = 3,      /* the next bytes of its dataset, as encoded in the context's transfer syntax */
  SCU_ENGINE_RELEASING = 4, /* the peer asks for the release; it is answered when what was given to be sent has left */
  SCU_ENGINE_ENDED = 5      /* the last one: released (error is NULL), or rejected, aborted, closed, timed out, ... */
} scu_engine_event_type;

typedef struct scu_engine_event {
  size_t size;
  scu_engine_event_type type;
  const scu_message *message; /* MESSAGE, and again with DATA. Valid until the next event. */
  const uint8_t *bytes;       /* DATA: they lie in what was given to scu_engine_receive */
  size_t length;              /* may be 0 */
  int is_last;                /* DATA: the dataset ends here */
  const scu_error *error;     /* ENDED; valid until the engine is freed */
} scu_engine_event;

/* SCU_OK and the oldest event, SCU_END when there is none. event->size must be set. */
SCU_API scu_result scu_engine_next_event(scu_engine *engine, scu_engine_event *event);
/* A dataset that has come, from its bytes: for those who kept them. USAGE, MALFORMED, UNSUPPORTED (deflated or unknown
 * transfer syntax), LIMIT, MEMORY. */
SCU_API scu_result scu_engine_decode(const scu_message *message, const uint8_t *bytes, size_t length,
                                     scu_dataset **out);

/* ---- sending ---- */

/* Queues a message with the dataset it was given (scu_message_set_dataset); see scu_association_send, but windows are
 * the caller's business. USAGE also before ASSOCIATED, after ENDED, and after
 * RELEASING, but for responses that are given before the output was taken. */
SCU_API scu_result scu_engine_send(scu_engine *engine, const scu_message *message, uint16_t *message_id);
/* Gives the next bytes of a dataset: SCU_OK and 1 to `room` of them; *got 0 = the end, which is not the beginning.
 * Another result: the message cannot be completed, and the association is aborted. It is called from scu_engine_output;
 * it may send, release and abort, but not free the engine. */
typedef scu_result scu_engine_reader(void *user, uint8_t *to, size_t room, size_t *got);
/* The same with a dataset that is read while it is sent, already encoded in the transfer syntax of the message's
 * context; `user` must live until then, or until the engine is freed. Messages go one after the other. */
SCU_API scu_result scu_engine_send_stream(scu_engine *engine, const scu_message *message, scu_engine_reader *read,
                                          void *user, uint16_t *message_id);
/* C-CANCEL-RQ for this request (PS3.7 9.3.2.3). USAGE, REJECTED: as scu_engine_send. `request` is what was sent. */
SCU_API scu_result scu_engine_cancel(scu_engine *engine, const scu_message *request, uint16_t message_id);
/* What is queued goes out first. USAGE: there is no association, or it is ending already. */
SCU_API scu_result scu_engine_release(scu_engine *engine, uint64_t now_ms);
SCU_API void scu_engine_abort(scu_engine *engine, uint64_t now_ms); /* A-ABORT, at once; ENDED follows */
/* Why the last call that sends failed. Never NULL; valid until the next call. */
SCU_API const scu_error *scu_engine_error(const scu_engine *engine);

/* ---- what was agreed, from ASSOCIATED on ---- */

SCU_API size_t scu_engine_context_count(const scu_engine *engine);                        /* accepted ones */
SCU_API const char *scu_engine_abstract_syntax(const scu_engine *engine, size_t context); /* "" out of range */
SCU_API const char *scu_engine_transfer_syntax(const scu_engine *engine, size_t context); /* the same */
SCU_API uint32_t scu_engine_peer_max_pdu(const scu_engine *engine);                       /* 0 = no limit */
/* As the association was agreed on; "" before it was. */
SCU_API const char *scu_engine_calling_ae(const scu_engine *engine);
SCU_API const char *scu_engine_called_ae(const scu_engine *engine);

#ifdef __cplusplus
}
#endif
#endif
