/* N-services as operations (PS3.7 10): what scu/n_service.h and scu/mpps.h are made of. */
#ifndef SCU_CLIENT_N_SERVICE_H
#define SCU_CLIENT_N_SERVICE_H

#include "client/op.h"
#include "scu/n_service.h"

/* How an N-CREATE of an instance with a UID of ours bears a lost connection (RULES 32). Zeroed: not at all. */
typedef struct scu__n_manner {
  bool is_sent_again; /* once, when the connection is lost between request and response */
  bool is_again;      /* it was sent before: 0111 is a success */
} scu__n_manner;

/* NULL: the session's error says why. */
scu_op *scu__n_request_start(scu_session *session, const scu_n_message *message, scu__n_manner manner);
/* Waits for one that was just started, takes its response and frees it; NULL = it could not be. */
scu_result scu__n_request_finish(scu_session *session, scu_op *op, scu_response **out);

#endif
