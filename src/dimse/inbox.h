/* Joins incoming PDV fragments into commands and data sets (PS3.7 6.3.1, PS3.8 Annex E). Commands are collected,
 * bounded and decoded; data set bytes pass through and are never kept. */
#ifndef SCU_DIMSE_INBOX_H
#define SCU_DIMSE_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "dimse/command.h"

typedef enum scu__inbox_kind {
  SCU__INBOX_NONE = 0,
  SCU__INBOX_COMMAND = 1, /* a whole command; a data set follows if it says so */
  SCU__INBOX_DATA = 2     /* a piece of the data set of the last command */
} scu__inbox_kind;

typedef struct scu__inbox_event {
  scu__inbox_kind kind;
  uint8_t context_id;
  const scu__command *command; /* valid until the next put; its attribute list until `bytes` of this put go */
  const uint8_t *bytes;        /* DATA: the caller's own bytes */
  size_t length;
  bool is_last; /* DATA: the data set ends with this piece */
} scu__inbox_event;

typedef enum scu__inbox_state { SCU__INBOX_IDLE, SCU__INBOX_IN_COMMAND, SCU__INBOX_IN_DATA } scu__inbox_state;

typedef struct scu__inbox {
  scu__inbox_state state;
  uint8_t context_id; /* of the message that is under way */
  scu__buffer bytes;  /* command fragments so far */
  scu__command command;
} scu__inbox;

void scu__inbox_init(scu__inbox *inbox, const scu_allocator *allocator);
void scu__inbox_free(scu__inbox *inbox); /* safe on a zeroed inbox */
/* No message is half received. */
bool scu__inbox_is_idle(const scu__inbox *inbox);

/* Takes one piece of a PDV; is_last only with the final piece of the last PDV. At most one event. PROTOCOL: a data set
 * piece without a command that announced it, a command in the middle of a data set, another context in the middle of a
 * message, a command that does not decode. LIMIT: a command longer than SCU__COMMAND_MAX. After an error the
 * association has to be aborted. */
scu_result scu__inbox_put(scu__inbox *inbox, uint8_t context_id, bool is_command, bool is_last, const uint8_t *bytes,
                          size_t length, scu__inbox_event *event, scu_error *error);

#endif
