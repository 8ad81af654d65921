/* A request of the N-services as the user gave it, checked and copied (PS3.7 10.3). */
#ifndef SCU_CLIENT_N_MESSAGE_H
#define SCU_CLIENT_N_MESSAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/values.h"
#include "data/element.h"
#include "dimse/command.h"
#include "scu/n_service.h"

typedef struct scu__n_message {
  scu__command command; /* complete but for the message ID; its attribute list is in `attributes` */
  scu__uid abstract_syntax;
  scu__buffer attributes; /* wire form */
  scu_dataset *dataset;   /* owned; NULL = none */
} scu__n_message;

/* USAGE with words, MEMORY. On failure `out` is left freed. */
scu_result scu__n_message_copy(const scu_n_message *from, const scu_allocator *allocator, scu__n_message *out,
                               scu_error *error);
/* Safe on a zeroed one, and twice. */
void scu__n_message_free(scu__n_message *message);
/* Puts the dataset, if there is one, into an initialised buffer. USAGE, UNSUPPORTED, LIMIT, MEMORY. */
scu_result scu__n_message_encode(const scu__n_message *message, scu__encoding encoding, scu__buffer *bytes,
                                 scu_error *error);

#endif
