/* Which values may tell who a patient is (PS3.15 E.1): what nobody is shown who has not asked for it. */
#ifndef SCU_OBSERVE_IDENTIFYING_H
#define SCU_OBSERVE_IDENTIFYING_H

#include <stdbool.h>

#include "data/dataset.h"

/* The element's value is to be masked. Of a sequence only its items' values are. See docs/decisions/0023. */
bool scu__is_identifying(const scu_element *element);

#endif
