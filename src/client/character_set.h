/* The character set that a session is told its peer has (SCU_OPTION_CHARACTER_SET; RULES 15): of keys that name none,
 * and of answers that name none. Sets that are named stay as they are. */
#ifndef SCU_CLIENT_CHARACTER_SET_H
#define SCU_CLIENT_CHARACTER_SET_H

#include "client/op.h"
#include "data/dataset.h"

/* Before an identifier is encoded: names the session's set where one is needed and none is named. MEMORY. */
scu_result scu__charset_of_request(const scu_session *session, scu_dataset *identifier);

/* What answers without a set are made readable with, for one operation. All zero = nothing yet. */
typedef struct scu__charset_reader {
  scu_dataset *scratch;
  bool is_told; /* the warning hook knows that the peer names no set */
} scu__charset_reader;
/* *readable is the answer itself, or a copy of it with the session's set named, valid until the next call. Without such
 * a set it is the answer, and the warning hook hears of it once. MEMORY. */
scu_result scu__charset_of_answer(scu__charset_reader *reader, scu_op *op, const scu_dataset *answer,
                                  const scu_dataset **readable);
void scu__charset_reader_free(scu__charset_reader *reader);

#endif
