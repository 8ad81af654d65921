/* The inside of scu_session: one peer, its associations and the operations that use them. */
#ifndef SCU_CLIENT_SESSION_H
#define SCU_CLIENT_SESSION_H

#include <stdatomic.h>

#include "base/trace.h"
#include "client/message_hooks.h"
#include "client/serve.h"
#include "config/identity.h"
#include "config/options.h"
#include "config/peer.h"
#include "link/link.h"
#include "scu/session.h"

typedef struct scu__association scu__association;
typedef struct scu__lease scu__lease;
struct scu__commit_receiver;

/* See client/turns.h. */
typedef struct scu__turns {
  scu__lease *first, *last;
  scu__task task;   /* something changed: whose turn is it? */
  scu__timer timer; /* runs while anybody waits */
  uint64_t held_since_ms, moved;
  bool is_closed;
} scu__turns;

/* What is remembered of the last negotiation, for the getters. */
typedef struct scu__negotiation_record {
  char implementation_uid[65], implementation_version[17];
  uint32_t max_pdu;
  struct scu__context_record {
    scu__uid abstract_syntax, transfer_syntax;
    uint8_t result;
  } contexts[SCU__CONTEXTS_MAX];
  size_t count;
  bool is_identity_confirmed;
  uint8_t *identity_response; /* owned; NULL = none */
  size_t identity_response_length;
} scu__negotiation_record;

struct scu_session {
  const scu_allocator *allocator;
  scu_loop *loop;
  bool owns_loop;
  scu__config *config;
  scu__peer peer;
  scu__identity identity;
  bool is_passcode_file_shared; /* to be warned of */
  char peer_text[SCU__PEER_FORMAT_MAX];
  scu_error error;
  scu_hooks hooks;
  void *tag;                                    /* the caller's */
  scu__message_teller messages, guest_messages; /* of associations we ask for, and of those we accept */
  scu__trace trace;

  scu__association *associations;
  uint32_t last_association;
  scu__turns turns;
  scu_op *ops;
  struct scu__other *others;  /* see client/others.h */
  scu_session *elder;         /* of whose others it is one; NULL = the caller's own */
  scu_options *other_options; /* for these; NULL where there is no node file to find them in */
  bool prefers_move;          /* C-GET has brought nothing where C-MOVE did */
  scu__server servers[SCU__SERVED_FIELDS];
  struct scu__commit_receiver *commit_receiver; /* NULL before the first commitment */
  scu__tick tick;
  atomic_int is_cancel_wanted, is_abort_wanted;
  scu__negotiation_record record;
};

/* scu_cancel or scu_abort was called, and nothing has come of it yet. */
bool scu__session_has_wishes(const scu_session *session);
/* Does what they ask for to what runs now; nothing, from inside of a protocol step. */
void scu__session_heed_wishes(scu_session *session);
/* Reads the node file of the options, if there is one: else *nodes is empty. */
scu_result scu__session_read_nodes(const scu_session *session, scu__nodes *nodes, scu_error *error);
/* The number of the next association, as the log has it. */
uint32_t scu__session_next_association(scu_session *session);
/* Tells the warning hook, if there is one. */
void scu__session_warn(const scu_session *session, const char *format, ...) SCU__PRINTF(2, 3);
void scu__session_tell_instance(const scu_session *session, const scu_instance_outcome *outcome);
/* Clears the session's error and copies this one in (NULL: none). */
void scu__session_set_error(scu_session *session, const scu_error *error);

#endif
