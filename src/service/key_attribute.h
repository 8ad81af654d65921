/* What attributes are to an identifier, whoever makes or reads it (PS3.4 C.2.2.2, C.4.1.1.3, K.6.1): which are no keys,
 * and which dates and times are told together. Tables only. */
#ifndef SCU_SERVICE_KEY_ATTRIBUTE_H
#define SCU_SERVICE_KEY_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "scu/types.h"

#define SCU__TAG_QUERY_LEVEL    SCU_TAG(0x0008, 0x0052)
#define SCU__TAG_QUERY_VIEW     SCU_TAG(0x0008, 0x0053)
#define SCU__TAG_RETRIEVE_AE    SCU_TAG(0x0008, 0x0054)
#define SCU__TAG_AVAILABILITY   SCU_TAG(0x0008, 0x0056)
#define SCU__TAG_TIMEZONE       SCU_TAG(0x0008, 0x0201)
#define SCU__TAG_SCHEDULED_STEP SCU_TAG(0x0040, 0x0100)

/* Says something about the request or the answer as a whole: never a key (C.4.1.1.3). */
bool scu__attribute_is_control(scu_tag tag);

/* A date and the time that it is told with. */
typedef struct scu__moment_pair {
  scu_tag date, time;
} scu__moment_pair;

enum { SCU__MOMENT_PAIRS = 10 };
extern const scu__moment_pair scu__moment_pairs[SCU__MOMENT_PAIRS];

/* The time that a date is told with, for combined date-time matching; 0 = none. */
scu_tag scu__time_of_date(scu_tag date);
scu_tag scu__date_of_time(scu_tag time);

#endif
