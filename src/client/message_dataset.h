/* The dataset of one DIMSE message that is held in memory: decoded when somebody wants to see it, encoded again when it
 * was to be changed. */
#ifndef SCU_CLIENT_MESSAGE_DATASET_H
#define SCU_CLIENT_MESSAGE_DATASET_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/values.h"
#include "data/element.h"
#include "scu/dataset.h"

typedef struct scu__message_dataset {
  const scu_allocator *allocator;
  bool can_decode; /* the transfer syntax is known and not deflated */
  scu__encoding encoding;
  const uint8_t *bytes; /* as encoded; borrowed while a hook runs, else NULL */
  size_t length;
  scu__buffer pieces; /* of one that is received */
  scu_dataset *dataset;
  bool is_unreadable; /* it was tried */
  bool is_edited;
  scu__uid instance_before; /* (0008,0018) when editing began */
  scu_error error;          /* why it could not be read for changing */
} scu__message_dataset;

void scu__message_dataset_init(scu__message_dataset *held, const scu_allocator *allocator, const char *transfer_syntax);
void scu__message_dataset_free(scu__message_dataset *held);
/* One more piece; what is too long, or finds no memory, cannot be read then. */
void scu__message_dataset_put(scu__message_dataset *held, const uint8_t *bytes, size_t length);
/* The last piece was put. */
void scu__message_dataset_end(scu__message_dataset *held);

/* NULL when there is none that can be read. */
const scu_dataset *scu__message_dataset_read(scu__message_dataset *held);
/* To be changed; an empty one when there are no bytes. The error stays in `held`, too. */
scu_result scu__message_dataset_edit(scu__message_dataset *held, scu_dataset **borrowed);
/* After editing: appends the bytes to `out`, none for an empty dataset. Errors with a reason. */
scu_result scu__message_dataset_encode(const scu__message_dataset *held, scu__buffer *out, scu_error *error);
/* Whether editing changed (0008,0018), and from `carried` or nothing: then *uid is what to carry instead. USAGE: it is
 * no UID. */
scu_result scu__message_dataset_follow(const scu__message_dataset *held, scu__uid *carried, scu_error *error);

#endif
