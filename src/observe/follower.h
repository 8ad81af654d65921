/* Follows one conversation by its PDUs: what was agreed, every command, every piece of a data set, how it ended. For
 * taps that want to know what happens rather than the bytes. Keeps no data set; believes nothing: at the first byte
 * that does not fit it stops, and only the end is told, and that it is lost. */
#ifndef SCU_OBSERVE_FOLLOWER_H
#define SCU_OBSERVE_FOLLOWER_H

#include "dimse/inbox.h"
#include "ul/negotiation.h"

typedef struct scu__follower scu__follower;

/* Each may be NULL. What they are given is valid while they run. */
typedef struct scu__follower_handler {
  void (*requested)(void *user, const scu__associate *rq);
  void (*accepted)(void *user); /* see scu__follower_negotiated */
  void (*rejected)(void *user, bool is_sent, const scu__reject *reject);
  void (*command)(void *user, bool is_sent, uint8_t context_id, const scu__command *command);
  /* Of the last command that went the same way. */
  void (*data)(void *user, bool is_sent, const uint8_t *bytes, size_t length, bool is_last);
  void (*released)(void *user); /* A-RELEASE-RP */
  void (*aborted)(void *user, bool is_sent, const scu__abort *abort);
  /* Something happened, or goes on, that could not be followed: a PDU could not be shown, memory was short, or after
   * bytes that do not fit there are others than A-ABORT. Once, and nothing but the end comes afterwards. */
  void (*lost)(void *user);
} scu__follower_handler;

struct scu__follower {
  const scu__follower_handler *handler;
  void *user;
  const scu_allocator *allocator;
  bool is_acceptor, is_lost, has_told_lost, has_rq, is_negotiated;
  scu__associate rq;
  scu__negotiated negotiated;
  scu__inbox inboxes[2]; /* received, sent */
};

/* handler is borrowed. Allocates nothing. */
void scu__follower_init(scu__follower *follower, const scu__follower_handler *handler, void *user, bool is_acceptor,
                        const scu_allocator *allocator);
void scu__follower_free(scu__follower *follower);
/* A whole PDU, header included; of length 0: one that could not be shown. */
void scu__follower_pdu(scu__follower *follower, bool is_sent, const uint8_t *bytes, size_t length);
/* NULL before it is accepted. The titles stand in scu__follower_rq, too, which is NULL before there is one. */
const scu__negotiated *scu__follower_negotiated(const scu__follower *follower);
const scu__associate *scu__follower_rq(const scu__follower *follower);

#endif
