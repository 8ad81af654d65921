/* What the answers of one find are worth: does one look cut off (RULES 14), and what did cutting the query
 * into parts (client/split.h) prove? */
#ifndef SCU_CLIENT_ANSWERS_H
#define SCU_CLIENT_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/session.h"

enum { SCU__ANSWER_REASON_MAX = 160, SCU__VERDICT_TEXT_MAX = 400 };

/* Zero-initialised, but for the cap. */
typedef struct scu__answers {
  uint64_t cap;         /* what the node is known to give at most; 0 = not known */
  uint64_t learned_cap; /* matches of an answer of which it was proven that it was cut off; 0 = none */
  uint64_t suspects;    /* answers that looked cut off */
  uint64_t unresolved;  /* of these: without a part of their own */
  uint64_t unproven;    /* parts of which SCU__SUSPECT_AS_MANY is all that is known, and that cannot be divided */
  uint64_t largest;     /* matches of the largest answer of a query that is divided: a limit can only be that or more */
  uint64_t parts;       /* answers to parts of the query */
  uint64_t news;        /* matches that only parts brought */
  bool tells_limits;    /* the peer says so when there is more: then it does not keep it to itself elsewhere */
  bool lacks_date, lacks_time;
  char reason[SCU__ANSWER_REASON_MAX]; /* of the first suspicion */
} scu__answers;

typedef struct scu__answer {
  scu_query_level level;
  uint64_t matches;
  uint64_t expected; /* what the level above or the keys say there is; 0 = they do not say */
  uint16_t status;
  bool is_divided, is_part; /* of a query that is asked in parts; of one of them */
} scu__answer;

typedef enum scu__suspicion {
  SCU__SUSPECT_NOT = 0,
  SCU__SUSPECT_AS_MANY, /* a part with as many matches as any answer had: a small limit looks the same */
  SCU__SUSPECT_CUT_OFF  /* noted in suspects */
} scu__suspicion;

/* After matches: out of resources, the limit of responses, and the end by a C-CANCEL that nobody sent (Orthanc). */
bool scu__tells_of_a_limit(uint16_t status);
/* Whether it looks cut off. */
scu__suspicion scu__answers_look(scu__answers *answers, const scu__answer *answer);
/* In words, too. */
scu_find_verdict scu__answers_verdict(const scu__answers *answers, char text[SCU__VERDICT_TEXT_MAX]);

#endif
