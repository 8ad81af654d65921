/* Timezone query adjustment (PS3.4 C.4.1.1.3.1, PS3.3 C.12.1.1.8): dates and times of an entity as the zone of the
 * request tells them. A date moves only together with its time; one without the other stays as it is, birth dates
 * always. */
#ifndef SCU_ARCHIVE_ZONE_H
#define SCU_ARCHIVE_ZONE_H

#include "archive/record.h"

enum { SCU__ZONE_TEXT_MAX = 24 };

/* True when `tag` is a DA or TM that has to be told otherwise: then `text` holds its value in the zone `to` minutes
 * ahead of UTC. The record's own zone is its (0008,0201), else `assumed`. */
bool scu__zone_adjust(scu__record *record, scu_tag tag, int to, int assumed, char text[SCU__ZONE_TEXT_MAX],
                      size_t *length);
/* That zone of the record. */
int scu__zone_of_record(scu__record *record, int assumed);

#endif
