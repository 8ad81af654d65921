/* Outgoing DIMSE messages, cut into PDV fragments when somebody asks for the next one (PS3.7 6.3.1, PS3.8 Annex E).
 *
 * Messages never interleave: a message is fragmented to its end before the next starts. Fragments have even length, the
 * last one after padding, and are never empty. File bytes are not read here: a RANGE fragment names source and offset.
 */
#ifndef SCU_DIMSE_OUTBOX_H
#define SCU_DIMSE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/source.h"
#include "dimse/command.h"

typedef enum scu__message_payload {
  SCU__PAYLOAD_NONE = 0,
  SCU__PAYLOAD_BYTES = 1,   /* `bytes` */
  SCU__PAYLOAD_RANGE = 2,   /* `length` bytes of `source` at `offset` */
  SCU__PAYLOAD_PRODUCER = 3 /* whatever `producer` gives */
} scu__message_payload;

typedef struct scu__message {
  uint8_t context_id;
  scu__command command; /* data_set_type is set by scu__outbox_push from `payload` */
  scu__message_payload payload;
  scu__buffer bytes;   /* moved in */
  scu__source *source; /* borrowed until the message ends, is removed or is ended early */
  uint64_t offset, length;
  scu__producer *producer; /* moved in: the outbox closes it */
  void *owner;             /* opaque; comes back in fragments */
} scu__message;
/* Frees what a message that was never pushed owns. Safe on a zeroed message. */
void scu__message_free(scu__message *message);

typedef struct scu__pdv_fragment {
  uint8_t context_id;
  bool is_command;
  bool is_last;         /* last fragment of the command or of the data set */
  bool is_message_end;  /* nothing more of this message follows */
  bool pad;             /* one NUL follows the `length` bytes and counts as part of the fragment */
  const uint8_t *bytes; /* valid until the next call with this outbox; NULL when `source` is set */
  scu__source *source;
  uint64_t offset;
  size_t length;
  void *message_owner;
} scu__pdv_fragment;

/* Somebody who is told of every message. A note is what the observer keeps of one until its end; NULL = nothing. */
typedef struct scu__outbox_observer {
  /* It is about to be queued: its command and payload may still be changed, but not its context and owner. *note is
   * NULL. A failure is that of scu__outbox_push, and no note is kept then. */
  scu_result (*pushing)(void *user, scu__message *message, void **note);
  /* It was fragmented to its end: `length` bytes of data set without padding, which stand in `bytes` where they were a
   * BYTES payload. Takes the note. */
  void (*sent)(void *user, void *note, const uint8_t *bytes, uint64_t length);
  /* It never went out whole. Takes the note. */
  void (*dropped)(void *user, void *note);
  void *user;
} scu__outbox_observer;

typedef struct scu__outbox_item scu__outbox_item;
typedef struct scu__outbox {
  const scu_allocator *allocator;
  const scu__outbox_observer *observer; /* NULL = none; set by whoever owns the outbox, and outlives it */
  scu__outbox_item *first, *last;
  scu__outbox_item *finished; /* its bytes may still be borrowed by the last fragment */
  scu__outbox_item *spare;    /* sent; their memory is used again */
  size_t count, spare_count;
  size_t held;         /* see scu__outbox_held */
  scu__buffer staging; /* producer bytes of the current fragment, and one more */
  size_t staged;       /* of them, what the last fragment lent out */
} scu__outbox;

void scu__outbox_init(scu__outbox *outbox, const scu_allocator *allocator);
void scu__outbox_free(scu__outbox *outbox); /* closes producers of messages not sent; safe on a zeroed outbox */

/* Queues the message and takes what it owns, on failure too: `message` is left zeroed. The command is encoded now, so
 * USAGE says here that it is incomplete, or that its payload is empty: an empty data set cannot be sent. A buffer
 * that had failed gives its failure, an observer its own. */
scu_result scu__outbox_push(scu__outbox *outbox, scu__message *message);

/* The next fragment of at most max_fragment bytes (>= 2; odd values are rounded down; padding counted). SCU_END when
 * nothing waits. A producer that fails: its error, with out->message_owner set; the message cannot be completed any
 * more, so the association has to be aborted. */
scu_result scu__outbox_next(scu__outbox *outbox, size_t max_fragment, scu__pdv_fragment *out, scu_error *error);

/* The last fragment was taken over: its bytes are not needed any more. Until then, or the next fragment, a message that
 * was fragmented to the end is kept with its payload. */
void scu__outbox_settle(scu__outbox *outbox);

/* Bytes of data that are left of the message under way; SIZE_MAX when that is not known yet. */
size_t scu__outbox_rest(const scu__outbox *outbox);
/* What the data of the message under way, or of the next one, is a RANGE of; NULL when it is none. */
scu__source *scu__outbox_source(const scu__outbox *outbox);
bool scu__outbox_is_idle(const scu__outbox *outbox);
size_t scu__outbox_count(const scu__outbox *outbox); /* messages not yet fragmented to the end */
/* Their bytes in memory: commands and BYTES payloads. What answers in thousands looks here for back-pressure. */
size_t scu__outbox_held(const scu__outbox *outbox);

/* An empty buffer for the bytes of the next message, with memory of one that was sent, if there is any. It is the
 * caller's, to push or to free. */
void scu__outbox_lend(scu__outbox *outbox, size_t maximum, scu__buffer *bytes);
/* Frees the memory that waits for use: at most some 300 KiB. */
void scu__outbox_trim(scu__outbox *outbox);

/* Forgets the owner's messages that have not started; true when there were any. */
bool scu__outbox_remove(scu__outbox *outbox, const void *owner);
/* The owner's messages go out all the same, but fragments name no owner any more. */
void scu__outbox_disown(scu__outbox *outbox, const void *owner);
/* Some fragment of the owner's first message was taken, others are left. */
bool scu__outbox_is_sending(const scu__outbox *outbox, const void *owner);
/* Any message of this owner waits or is under way. */
bool scu__outbox_has(const scu__outbox *outbox, const void *owner);
/* After a failure response that came before the data set was out (PS3.7 9.1.1: the requester may end it early): lets go
 * of the payload; if it had started, a last fragment of two NULs follows. What the last fragment lent must not be
 * needed any more. */
void scu__outbox_end_early(scu__outbox *outbox, const void *owner);

#endif
