/* Misbehaviour on demand (scu archive --fault; the syntax is in docs/faults.md): rules that say at which step of the
 * work what goes wrong, and how often. A value without I/O: what a rule does to an association is in fault_act.h.
 *
 * Services say where they are with scu__fault_reach, and ask what was hit. Without --fault there is no scu__fault, and
 * all of this is one comparison with NULL. */
#ifndef SCU_ARCHIVE_FAULT_H
#define SCU_ARCHIVE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/error.h"

typedef enum scu__fault_step {
  SCU__FAULT_CONNECT,    /* a connection was accepted */
  SCU__FAULT_ASSOCIATE,  /* A-ASSOCIATE-RQ came */
  SCU__FAULT_ASSOCIATED, /* A-ASSOCIATE-AC has left */
  SCU__FAULT_RELEASE,    /* A-RELEASE-RQ came */
  SCU__FAULT_REQUEST,    /* the request of any service came; reached together with the next seven */
  SCU__FAULT_ECHO,
  SCU__FAULT_STORE,
  SCU__FAULT_FIND,
  SCU__FAULT_MOVE,
  SCU__FAULT_GET,
  SCU__FAULT_COMMIT,  /* N-ACTION of storage commitment */
  SCU__FAULT_MPPS,    /* N-CREATE, N-SET */
  SCU__FAULT_INGEST,  /* an instance is about to be stored */
  SCU__FAULT_MATCH,   /* a match of C-FIND is about to be sent */
  SCU__FAULT_SUB,     /* an instance of C-MOVE or C-GET is about to become a sub-operation */
  SCU__FAULT_SENT,    /* a sub-operation has its answer */
  SCU__FAULT_PENDING, /* a pending response of C-MOVE or C-GET is about to be sent */
  SCU__FAULT_FINAL,   /* the final response to a query or retrieve; reached together with the next three */
  SCU__FAULT_FIND_FINAL,
  SCU__FAULT_MOVE_FINAL,
  SCU__FAULT_GET_FINAL,
  SCU__FAULT_STEPS
} scu__fault_step;

typedef enum scu__fault_kind {
  /* what happens to the association: any step but ingest and sub; see scu__fault_strike */
  SCU__FAULT_DELAY,   /* number: milliseconds */
  SCU__FAULT_SILENCE, /* nothing is sent any more */
  SCU__FAULT_CLOSE,
  SCU__FAULT_RESET,
  SCU__FAULT_ABORT,
  SCU__FAULT_GARBAGE, /* bytes that are no PDU, then silence */
  SCU__FAULT_CUT,     /* half of what is sent next, then closed */
  /* associate */
  SCU__FAULT_REJECT,   /* triple */
  SCU__FAULT_REFUSE,   /* text: what; number: result of the contexts */
  SCU__FAULT_NO_ROLES, /* role selection is not answered */
  SCU__FAULT_EXTENDED, /* text: how extended negotiation is answered */
  SCU__FAULT_PDU,      /* number: maximum length that is received and sent; holds always */
  /* answers */
  SCU__FAULT_STATUS,       /* status */
  SCU__FAULT_FULL,         /* ingest: the disk is full */
  SCU__FAULT_LOSE,         /* ingest: Success, but nothing is kept */
  SCU__FAULT_CAP,          /* find: number of matches; status behind them */
  SCU__FAULT_IGNORE,       /* find, move, get: text: the key that is not looked at */
  SCU__FAULT_DUPLICATE,    /* match, sub: once more */
  SCU__FAULT_DROP,         /* match, sub, pending: left out without a word */
  SCU__FAULT_FAIL,         /* sub: counted as failed, not sent */
  SCU__FAULT_MALFORMED,    /* match: its identifier does not decode */
  SCU__FAULT_CHARSET,      /* match: text: what Specific Character Set claims; "" = it is left out */
  SCU__FAULT_RETRIEVE_AE,  /* match: text */
  SCU__FAULT_AVAILABILITY, /* match: text */
  SCU__FAULT_EMPTY,        /* move, get: Success at once, no sub-operation */
  SCU__FAULT_EARLY,        /* move, get: a pending response before the first sub-operation */
  SCU__FAULT_EARLY_FINAL,  /* move, get: the final response before the first sub-operation */
  SCU__FAULT_AE,           /* move: text: who sends */
  SCU__FAULT_COUNTS,       /* pending, move-final, get-final: text: what the numbers of sub-operations say */
  SCU__FAULT_LIST, /* move-final, get-final: text, or number of made up UIDs: the Failed SOP Instance UID List */
  SCU__FAULT_LATE, /* find-final: number of pending responses behind it */
  /* commit */
  SCU__FAULT_UNLISTED,          /* an instance is in neither list of the result */
  SCU__FAULT_WRONG_TRANSACTION, /* the result has another Transaction UID */
  SCU__FAULT_EARLY_RESULT,      /* the result comes before the response */
  SCU__FAULT_NO_RESULT,         /* the result never comes */
  SCU__FAULT_KINDS
} scu__fault_kind;

enum { SCU__FAULT_RULES_MAX = 32, SCU__FAULT_TEXT_MAX = 64 };

typedef struct scu__fault_rule {
  scu__fault_step step;
  scu__fault_kind kind;
  uint32_t first, last, every; /* the times it happens: of first .. last each every-th, counted from 1 */
  uint32_t times;              /* its step was reached so far */
  uint32_t number;
  uint16_t status;
  uint8_t result, source, reason; /* reject */
  char text[SCU__FAULT_TEXT_MAX + 1];
} scu__fault_rule;

typedef struct scu__fault {
  const scu_allocator *allocator;
  scu__fault_rule rules[SCU__FAULT_RULES_MAX];
  uint32_t count;
} scu__fault;

/* *out is NULL for NULL and "". USAGE: the error names the part of the text that is wrong. MEMORY. */
scu_result scu__fault_parse(const char *text, const scu_allocator *allocator, scu__fault **out, scu_error *error);
void scu__fault_free(scu__fault *fault); /* NULL is allowed */

/* What goes wrong at a step this time; a value to keep as long as the fault lives. Zeroed: nothing. */
typedef struct scu__fault_hits {
  const scu__fault *fault;
  scu__fault_step step;
  uint32_t rules; /* bit i: rules[i] */
} scu__fault_hits;

/* The work has come to this step: counts, and says which rules hit. fault may be NULL: none. */
scu__fault_hits scu__fault_reach(scu__fault *fault, scu__fault_step step);
/* The first rule of this kind among those that hit, NULL when there is none; index 1 is the second, ... */
const scu__fault_rule *scu__fault_find(scu__fault_hits hits, scu__fault_kind kind, unsigned index);
static inline bool scu__fault_has(scu__fault_hits hits, scu__fault_kind kind) {
  return hits.rules && scu__fault_find(hits, kind, 0);
}
/* For what is not tied to a time: a rule of this kind, whatever was reached. fault may be NULL. */
const scu__fault_rule *scu__fault_standing(const scu__fault *fault, scu__fault_kind kind);

#endif
