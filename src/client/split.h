/* A query at study level cut into parts by Study Date, and a day by Study Time, for archives that give so many matches
 * and no more (RULES 14). Parts of a part are its two halves and, where the provider agrees to match empty
 * values (PS3.4 C.2.2.2.7), what has no date or no time, which is in no range. Nothing here asks anybody. */
#ifndef SCU_CLIENT_SPLIT_H
#define SCU_CLIENT_SPLIT_H

#include "data/dataset.h"
#include "data/moment.h"

enum { SCU__PARTS_MAX = 4096, SCU__PARTS_OF_ONE = 3 };

typedef enum scu__part_kind {
  SCU__PART_WHOLE = 0, /* the query as it is */
  SCU__PART_DAYS,
  SCU__PART_SECONDS, /* of one day */
  SCU__PART_WITHOUT_DATE,
  SCU__PART_WITHOUT_TIME /* on one day */
} scu__part_kind;

typedef struct scu__part {
  scu__part_kind kind;
  scu__interval days;      /* scu__days_of_date; an open end is INT64_MIN or INT64_MAX. All of WITHOUT_DATE: unused */
  int first, last;         /* SECONDS: of the day, 0 to 86399 */
  bool is_date_of_query;   /* the query has a Study Date: nothing that is asked for is without one */
  bool is_time_of_query;   /* the query has a Study Time, and days stay whole */
  bool are_dates_no_range; /* several dates, or none that can be understood: stays whole */
} scu__part;

/* The whole of a query with these keys. */
scu__part scu__part_of_query(const scu_dataset *keys);
/* Its parts, which together are the same but for what has no value; 0 when it is not to be cut. `takes_empty`: adds the
 * part without. *lacks_date and *lacks_time are set when there is such a part and it cannot be asked for. */
size_t scu__part_cut(const scu__part *part, bool takes_empty, scu__part parts[SCU__PARTS_OF_ONE], bool *lacks_date,
                     bool *lacks_time);
/* Study Date and Study Time of the part, in place of the query's. MEMORY. */
scu_result scu__part_put(const scu__part *part, scu_dataset *identifier, scu_error *error);

#endif
