/* The inside of scu_message: one DIMSE message on its way, in either direction. */
#ifndef SCU_CLIENT_MESSAGE_H
#define SCU_CLIENT_MESSAGE_H

#include "client/message_dataset.h"
#include "dimse/command.h"
#include "dimse/outbox.h"
#include "scu/message.h"

struct scu_message {
  bool is_sent, is_acceptor;
  bool is_editable; /* its before_message hook runs, or the application has made it */
  bool is_own;      /* see client/own_message.h */
  uint32_t association;
  uint8_t context_id;
  scu__uid abstract_syntax, transfer_syntax;
  scu__command command; /* without attribute list */
  bool has_dataset;
  uint64_t length;
  scu__message_dataset *held; /* NULL: streamed */
};

/* scu_message_edit_dataset of one that the application has made. */
scu_result scu__own_message_edit(scu_message *message, scu_dataset **borrowed);
/* Carries over what a hook has changed. Fails with a reason, and `to` is to be given up then. */
scu_result scu__message_apply(const scu_message *message, scu__message *to, scu_error *error);

#endif
