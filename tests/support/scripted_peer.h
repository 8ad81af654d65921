/* A peer on a loopback socket that follows a script, for tests of whatever speaks DICOM: it answers, lies, stalls and
 * breaks off at the step it is told to. It lives on the loop of whoever is tested, so blocking calls serve it too, and
 * nothing sleeps. Built on the project's own encoders and on raw bytes, so that it can send what no encoder would.
 *
 * It uses malloc, never the allocator under test, and aborts the test program when it cannot go on itself. */
#ifndef SCU_TESTS_SCRIPTED_PEER_H
#define SCU_TESTS_SCRIPTED_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "dimse/command.h"
#include "link/loop.h"
#include "scu/dataset.h"
#include "ul/pdu.h"

typedef enum peer_action {
  PEER_END = 0, /* nothing more: the connection stays open, what comes is read and not answered */

  /* Wait for the other side. */
  PEER_WAIT_RQ,
  PEER_WAIT_AC,
  PEER_WAIT_MESSAGE,  /* the next one with its data set; it is what PEER_RESPOND answers */
  PEER_WAIT_RELEASE,  /* A-RELEASE-RQ */
  PEER_WAIT_RELEASED, /* A-RELEASE-RP */
  PEER_WAIT_ABORT,
  PEER_WAIT_CLOSE, /* end of stream or reset */
  PEER_WAIT_BYTES, /* `length` bytes came over this connection */
  PEER_HOLD,       /* until scripted_peer_go */

  /* Say something. `cut` > 0: only so many bytes of it. */
  PEER_ASSOCIATE, /* as requestor: `uid` = abstract syntax, `text` = calling AE title; `count` 1 = as its provider,
                     2 = or user */
  PEER_ACCEPT,
  PEER_REJECT, /* count/status/field = result/source/reason */
  PEER_ABORT,  /* status/field = source/reason */
  PEER_RELEASE,
  PEER_RELEASE_RP,
  PEER_SEND,    /* bytes, length */
  PEER_RESPOND, /* to the last message: `status`, `text` = a data set as in peer_dataset, `counts`, `comment` */
  PEER_MATCHES, /* `count` (0 = all) pending responses with the rows of scripted_peer.row, from where the last ones
                   ended */
  PEER_ROWS, /* the same as an archive does it: a few ahead of the connection, with a final response at the end, or FE00
                as soon as a message comes, which is the C-CANCEL */
  PEER_STORE,   /* C-STORE-RQ of instance `uid`, of `length` bytes of pixel data; context by class, or `context` */
  PEER_ECHO,    /* C-ECHO-RQ */
  PEER_REPORT,  /* N-EVENT-REPORT-RQ of storage commitment: `field` = event type, `text` or `bytes` as for RESPOND */
  PEER_GARBAGE, /* bytes that are no PDU */
  PEER_REPEAT,  /* the step `script`, which says something, for ever: every `count` milliseconds of the loop's time, or
                   with 0 as fast as it goes */

  /* The connection. */
  PEER_CLOSE,
  PEER_RESET,
  PEER_STALL, /* reads nothing more */
  PEER_CALL,  /* connects to 127.0.0.1:`port`, runs `script` there and goes on when that is at its end */
  PEER_SERVE, /* answers whatever comes as a good archive would, `count` messages (0 = until the other side ends) */
} peer_action;

typedef struct peer_step {
  peer_action action;
  int count;
  uint16_t status, field;
  const char *uid, *text, *comment;
  const void *bytes;
  size_t length, cut;
  uint8_t context;     /* 0 = the right one */
  uint16_t message_id; /* 0 = the right one */
  int fragment;        /* > 0: bytes in each PDV of messages, one PDV per PDU; < 0: command and data set in one PDU */
  const int *counts;   /* remaining, completed, failed, warning; -1 = leave it out */
  uint16_t port;
  uint16_t response_field; /* PEER_RESPOND, PEER_ECHO: another command field than the right one */
  const struct peer_step *script;
  int back;             /* PEER_RESPOND: to the request that came so many before the last one */
  bool has_dataset_lie; /* the data set type says the opposite of the truth */
  /* PEER_RESPOND to N-services: `uid` = Affected SOP Instance UID instead of that of the request, and these. */
  uint16_t error_id;
  uint32_t offending;         /* a tag */
  const uint32_t *attributes; /* Attribute Identifier List */
  size_t attribute_count;     /* at most PEER_ATTRIBUTES_MAX */
  bool leaves_identity_out;   /* no class, instance, event and action type */
  bool reads_nothing;         /* PEER_REPEAT: from now on */
} peer_step;

enum { PEER_ATTRIBUTES_MAX = 16 };

/* What an A-ASSOCIATE-AC may lie about. */
typedef enum peer_lie {
  PEER_TRUE = 0,
  PEER_EVEN_CONTEXT,
  PEER_UNKNOWN_CONTEXT,
  PEER_UNOFFERED_SYNTAX,
  PEER_OTHER_APPLICATION_CONTEXT,
  PEER_TINY_MAXIMUM /* 51H says 4 */
} peer_lie;

/* A message that came, and where. */
typedef struct peer_message {
  size_t connection;
  uint8_t context_id;
  scu__command command;
  uint32_t attributes[PEER_ATTRIBUTES_MAX]; /* the first of command.attribute_count */
  scu_dataset *dataset;                     /* NULL when there was none, or one that cannot be read */
  scu__buffer bytes;                        /* of the data set */
} peer_message;

typedef struct peer_connection peer_connection;

typedef struct scripted_peer {
  scu_loop *loop;
  uint16_t port;
  char name[64];                   /* "PEER@127.0.0.1:PORT" */
  const peer_step *const *scripts; /* one per connection that comes in; the last one is used again */
  size_t script_count;

  /* Manners. */
  size_t write_size; /* bytes of each write; 0 = as many as go; PEER_RANDOM_WRITES */
  uint32_t max_pdu;  /* 51H of ours; 0 = 16384 */
  peer_lie lie;
  bool refuses_roles;
  bool granted_provider; /* an A-ASSOCIATE-AC let us be provider and not user of a class */
  bool grants_window;    /* 53H is answered with `window` operations invoked */
  uint16_t window;
  uint16_t invokes;        /* PEER_ASSOCIATE offers to have so many operations open; 0 = no 53H */
  uint16_t offered_window; /* of the last A-ASSOCIATE-RQ; 0 = it had no 53H, or offered 0 */
  /* Answer to every 56H item, which is kept as "UID=0100 " in `offers`; NULL = none. */
  const uint8_t *agrees;
  size_t agrees_length;
  const char *agrees_class;   /* only to items of this class; NULL = of any */
  const char *agrees_unasked; /* a class that gets the answer, too, though no item asks for it */
  char offers[1024];
  bool confirms_identity; /* answers a 58H item with a 59H of these bytes */
  const void *identity_answer;
  size_t identity_answer_length;
  scu__buffer request;       /* the last A-ASSOCIATE-RQ, without its header */
  const char *refused_class; /* abstract syntaxes that begin so are answered with 3 */
  const char *only_syntax;   /* other transfer syntaxes are answered with 4 */
  /* PEER_SERVE */
  const uint16_t *store_statuses; /* in turn; NULL = 0000 */
  size_t store_status_count;
  const char *n_get_reply; /* PEER_SERVE: what N-GET brings, as in peer_dataset; NULL = no data set */
  /* PEER_SERVE, PEER_MATCHES: the row-th answer to this query as in peer_dataset; NULL = no more. */
  const char *(*row)(void *user, const scu_dataset *query, size_t row);
  void *user;
  /* PEER_SERVE of a C-GET whose identifier has no list of instances: these, but for the one that is withheld. */
  const char *const *instances;
  size_t instance_count;
  const char *withheld;

  int listener;
  scu__watch watch;
  peer_connection *connections;
  size_t accepted;         /* connections that came in */
  size_t most_connections; /* of those that came in: open on both sides at once */
  size_t script_ends;
  size_t aborts; /* A-ABORTs that came */
  peer_message *messages;
  size_t message_count, message_capacity;
  size_t answered_stores, row_at;
  size_t most_open;    /* requests of one connection that waited for an answer at once */
  bool is_held_open;   /* scripted_peer_go was called */
  bool is_single;      /* scripts is ours */
  uint64_t bytes_read; /* moves as long as the other side does */
  uint64_t random;
  char log[32768]; /* "1:RQ 1:C-ECHO-RQ 1:RELEASE-RQ 1:CLOSED " */
  size_t log_length;
} scripted_peer;

#define PEER_RANDOM_WRITES SIZE_MAX

/* Listens on a free port; `script` may be NULL (set scripts later). */
void scripted_peer_start(scripted_peer *peer, scu_loop *loop, const peer_step *script);
void scripted_peer_start_many(scripted_peer *peer, scu_loop *loop, const peer_step *const *scripts, size_t count);
/* Closes everything and forgets the messages. */
void scripted_peer_stop(scripted_peer *peer);
/* Lets every PEER_HOLD go on, now and later. */
void scripted_peer_go(scripted_peer *peer);
/* A connection of its own making: to 127.0.0.1:port. */
void scripted_peer_call(scripted_peer *peer, uint16_t port, const peer_step *script);
/* The other side sees a reset on every connection. */
void scripted_peer_reset_all(scripted_peer *peer);
size_t scripted_peer_open_count(const scripted_peer *peer);
size_t scripted_peer_count(const scripted_peer *peer, uint16_t field); /* messages of that kind that came */
const peer_message *scripted_peer_message(const scripted_peer *peer, uint16_t field, size_t index);
/* A port that nobody listens on. It is kept from strangers until sixteen others were asked for. */
uint16_t scripted_free_port(void);

/* "PatientName=Doe|StudyInstanceUID=1.2" as a data set of this transfer syntax. */
scu_dataset *peer_dataset(const char *text);

#endif
