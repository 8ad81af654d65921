/* Who is told of every DIMSE message of a link, both ways, before and after: the seam for hooks on messages. link/
 * knows nothing of hooks; client/message_hooks.c is behind this. */
#ifndef SCU_LINK_OBSERVER_H
#define SCU_LINK_OBSERVER_H

#include "base/error.h"
#include "dimse/inbox.h"
#include "dimse/outbox.h"

typedef struct scu__link scu__link;

/* All come from inside protocol steps: they must not send, step the loop or free anything of the link. A note is what
 * the observer keeps of one message until its end. `sending` and `arriving` may be NULL, at any time: nobody wants to
 * know; the others are there as long as notes are. */
typedef struct scu__link_observer {
  /* A message is about to be queued, see scu__outbox_observer.pushing. `error` says why it must not go out. */
  scu_result (*sending)(void *user, scu__link *link, scu__message *message, void **note, scu_error *error);
  /* Its last fragment was handed over; `bytes` of a data set in memory, else NULL. Takes the note. */
  void (*sent)(void *user, void *note, const uint8_t *bytes, uint64_t length);
  /* A command is whole, and nobody has acted on it. A failure aborts the association. */
  scu_result (*arriving)(void *user, scu__link *link, uint8_t context_id, const scu__command *command, void **note,
                         scu_error *error);
  /* A piece of its data set. */
  void (*data)(void *note, const uint8_t *bytes, size_t length);
  /* Command and data set were taken and acted on. Takes the note. */
  void (*arrived)(void *user, void *note);
  /* The message did not come to its end. Takes the note; the user may be gone. */
  void (*dropped)(void *note);
  void *user;
} scu__link_observer;

/* The link's side of it: part of every link. */
typedef struct scu__message_watch {
  scu__link *link;
  scu__link_observer *observer; /* NULL = nobody, and nothing is done */
  scu__outbox_observer outbox;
  void (*dropped)(void *note); /* the observer's own, which the link may outlive */
  void *arriving;              /* the note of the message that is coming, or NULL */
  scu_error fault;             /* why the last message was stopped; empty when it was not, or when that was told */
} scu__message_watch;

/* observer may be NULL. It is borrowed until silence. */
void scu__message_watch_init(scu__message_watch *watch, scu__link *link, scu__link_observer *observer,
                             scu__outbox *outbox);
/* The owner has gone: nobody is told any more. */
void scu__message_watch_silence(scu__message_watch *watch);
void scu__message_watch_free(scu__message_watch *watch);

/* Around the routing of what the inbox gave: before a command is acted on, and after either was. */
scu_result scu__message_watch_before(scu__message_watch *watch, const scu__inbox_event *in, scu_error *error);
void scu__message_watch_after(scu__message_watch *watch, const scu__inbox_event *in);

/* Fills an empty error with the reason why the observer did not let the last message out, if that is where `result` is
 * from. A reason is told once. */
void scu__message_watch_explain(scu__message_watch *watch, scu_result result, scu_error *error);

#endif
