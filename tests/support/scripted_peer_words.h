/* The steps that most scripts of scripted_peer.h are made of, in a word each. */
#ifndef SCU_TESTS_SCRIPTED_PEER_WORDS_H
#define SCU_TESTS_SCRIPTED_PEER_WORDS_H

#include "support/scripted_peer.h"

#define RQ                                                                                                             \
  { .action = PEER_WAIT_RQ }
#define ACCEPT                                                                                                         \
  { .action = PEER_ACCEPT }
#define START RQ, ACCEPT
/* The next message, whatever it is. */
#define NEXT                                                                                                           \
  { .action = PEER_WAIT_MESSAGE }
#define HOLD                                                                                                           \
  { .action = PEER_HOLD }
#define SERVE                                                                                                          \
  { .action = PEER_SERVE }
#define END                                                                                                            \
  { .action = PEER_END }

/* An association of the peer's own making. */
#define OPEN                                                                                                           \
  {.action = PEER_ASSOCIATE}, {                                                                                        \
    .action = PEER_WAIT_AC                                                                                             \
  }
/* One sub-operation and its answer. */
#define SEND(sop_instance) {.action = PEER_STORE, .uid = sop_instance, .length = 1000}, NEXT
#define DONE               {.action = PEER_RELEASE}, {.action = PEER_WAIT_RELEASED}, {.action = PEER_CLOSE}, END
#define CALL(calls)                                                                                                    \
  { .action = PEER_CALL, .script = calls }

#endif
