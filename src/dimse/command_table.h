/* The one table behind encoding and decoding: elements with their place in scu__command, messages with their elements.
 */
#ifndef SCU_DIMSE_COMMAND_TABLE_H
#define SCU_DIMSE_COMMAND_TABLE_H

#include "dimse/command.h"

typedef enum scu__value_kind {
  SCU__VALUE_US,
  SCU__VALUE_UI,
  SCU__VALUE_AE,
  SCU__VALUE_COMMENT,   /* LO into error_comment */
  SCU__VALUE_OFFENDING, /* AT 1-n into offending */
  SCU__VALUE_ATTRIBUTES /* AT 1-n, borrowed */
} scu__value_kind;

typedef struct scu__command_element_row {
  uint32_t bit;     /* scu__command_element */
  uint16_t element; /* of group 0000 */
  scu__value_kind kind;
  size_t at; /* offset in scu__command; not used for the last two kinds */
  const char *name;
} scu__command_element_row;

typedef struct scu__message_row {
  uint16_t field;
  const char *name;
  uint32_t mandatory, optional; /* scu__command_element bits; P and M of PS3.7 are mandatory */
  scu__dataset_rule dataset;
} scu__message_row;

/* What any response may carry beside its own elements: the related elements of PS3.7 Annex C. */
#define SCU__RELATED_ELEMENTS                                                                                          \
  ((uint32_t)(SCU__HAS_OFFENDING | SCU__HAS_ERROR_COMMENT | SCU__HAS_ERROR_ID | SCU__HAS_AFFECTED_SOP_CLASS |          \
              SCU__HAS_AFFECTED_SOP_INSTANCE | SCU__HAS_EVENT_TYPE | SCU__HAS_ACTION_TYPE | SCU__HAS_ATTRIBUTES))

/* In rising tag order. */
extern const scu__command_element_row scu__command_elements[];
extern const size_t scu__command_element_count;

size_t scu__message_row_count(void);
const scu__message_row *scu__message_row_at(size_t index);
/* NULL when the field is not one of PS3.7. */
const scu__message_row *scu__message_row_find(uint16_t field);
/* What a message of an unknown field is held to: enough to be answered, or to be the plainest answer. */
const scu__message_row *scu__message_row_unknown(uint16_t field);

#endif
