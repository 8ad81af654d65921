/* The inside of a drill: the queue and each C-FIND (drill.c), what becomes of its matches (drill_rows.c), and queries
 * cut into parts (drill_parts.c). */
#ifndef SCU_CLIENT_DRILL_PRIVATE_H
#define SCU_CLIENT_DRILL_PRIVATE_H

#include "client/character_set.h"
#include "client/drill.h"
#include "client/rematch.h"
#include "client/request.h"
#include "client/seen.h"
#include "client/split.h"

/* One C-FIND to come, or several whose answers are united. */
typedef struct scu__drill_step {
  struct scu__drill_step *next;
  scu_query_level level;
  scu__unique_keys known;
  scu__part part;           /* of STUDY level */
  uint64_t matches;         /* of its largest answer */
  uint64_t whole_matches;   /* of that of which it is a part, unless that ended with a status that tells; else 0 */
  scu__suspicion suspicion; /* the worst of its answers */
  bool has_told;            /* by its status */
  scu_tag missed;           /* the match it comes from does not meet this key; 0 = it does */
  size_t variant, variants; /* which one is asked, of how many: known when the first one is made */
  scu__buffer above; /* the match it comes from, encoded: a tree would take ten times the room; empty at the top */
} scu__drill_step;

struct scu__drill {
  scu_op *op; /* whose drill it is: warnings are its */
  scu_session *session;
  scu_query *query;
  scu__query_shape shape;
  scu_query_level floor;
  const scu__drill_handler *handler;
  void *owner;
  scu__request request;
  scu__drill_step *current, *first;
  scu__drill_step *newest; /* of those that the current step made, which come before all others; NULL = none */
  size_t step_count;       /* waiting */
  scu__seen entered;       /* the unique keys of what was or will be gone into */
  scu__seen united;        /* rows of the variants of the current step */
  scu__seen rows;          /* every row of the current step, while there is room */
  scu__buffer row_bytes;   /* scratch */
  scu__rematch rematch;
  scu_tag missed; /* by the row that the handler is given */
  scu__drill_counts counts;
  scu__answers answers;
  scu_find_verdict verdict;
  char verdict_text[SCU__VERDICT_TEXT_MAX];
  size_t request_number;
  scu_dataset *above;      /* of the current step; NULL at the top */
  scu_dataset *identifier; /* of the request, scratch */
  scu_dataset *merged;     /* row with the values above, scratch */
  scu__charset_reader reader;
  bool is_upper_key_missing; /* one request does not do unless it may be relational */
  bool is_for_rows;          /* somebody reads the rows: see scu__drill_for_rows */
  bool is_for_all;           /* see scu__drill_for_all */
  unsigned reduced;          /* bit n: of level n only unique and required keys are asked for */
  uint64_t answer_rows;      /* matches of the current request */
  bool has_begun, is_relational;
  bool is_enough, is_cancelled, is_done;
  bool is_paused, is_step_due; /* no next C-FIND while paused */
  bool takes_empty;            /* the provider agreed to match empty values */
  bool is_rematch_off;         /* for some keys; it was told */
  bool is_repeat_due;          /* the next C-FIND is the last one with fewer keys */
  uint16_t status;
  char comment[65];
  scu_error error;
  scu__task task; /* goes on from a clean stack */
};

/* A C-FIND to come, below the match `above`, which does not meet the key `missed`. LIMIT or MEMORY. */
scu_result scu__drill_push(scu__drill *drill, scu_query_level level, const scu__unique_keys *known,
                           const scu_dataset *above, scu_tag missed);
/* A C-FIND to come for a part of this step. MEMORY; LIMIT, said in drill->error. */
scu_result scu__drill_push_part(scu__drill *drill, const scu__drill_step *of, const scu__part *part);

/* Sets drill->error to LIMIT, and returns it. */
scu_result scu__drill_too_many(scu__drill *drill, int most, const char *what, scu_query_level level);
/* A match of the current step: given to the handler, gone into, or dropped. After an error drill->error is set. */
scu_result scu__drill_take_match(scu__drill *drill, const scu_dataset *answer);

/* The query is one that may be. */
bool scu__drill_may_divide(const scu__drill *drill);
/* The current step may be asked in parts. */
bool scu__drill_is_divisible(const scu__drill *drill);
/* The current step has brought a match that no step before it had. */
void scu__drill_note_news(scu__drill *drill);
/* What the end of an answer makes of it. */
void scu__drill_look_at_answer(scu__drill *drill, uint16_t status);
/* Pushes the parts of the current step, if it is to be cut. */
scu_result scu__drill_divide(scu__drill *drill);
/* A failure that parts make up for: there were too many matches, or what has no value cannot be asked for after all. */
bool scu__drill_is_made_up_for(scu__drill *drill, uint16_t status);

#endif
