/* The store plan - scan, propose, settle: a window of instances known whole, the presentation contexts they need, and
 * after negotiation how each of them goes out. RULES 1-4 of the field. */
#ifndef SCU_CLIENT_PLAN_H
#define SCU_CLIENT_PLAN_H

#include "client/session.h"
#include "client/source.h"
#include "data/edited.h"
#include "data/head_walk.h"

enum { SCU__PLAN_WINDOW = 1000 };

typedef enum scu__candidate_state {
  SCU__CANDIDATE_WAITING = 0,
  SCU__CANDIDATE_OUT,
  SCU__CANDIDATE_DONE /* its outcome was told */
} scu__candidate_state;

/* One file, or object in memory, of the window. */
typedef struct scu__candidate {
  char *path; /* "" for an object in memory */
  scu__place place;
  bool is_named;
  bool is_instance; /* the head walk succeeded; else `error` says why not */
  bool is_dicom;    /* false: not a DICOM file at all, or a DICOMDIR */
  scu__head head;
  uint64_t file_size; /* when it was walked: a file that has changed since is not sent */
  scu_error *error;   /* NULL = none */
  scu__candidate_state state;
  unsigned attempts; /* sent without an answer, or with one that asks for patience */
  bool is_asked;     /* before_store was called */
  uint16_t priority; /* as it said */
  bool is_unknown;   /* sent, and its fate not told: the association was lost */
  scu__source *file; /* opened ahead; NULL = not */
  /* What edits make of it, kept until it is done, so that every attempt sends the same; NULL = it is not edited. The
   * UIDs of the head are then the new ones. */
  scu__edited *edited;
  scu__uid source_sop_instance; /* the old one */
  unsigned class_change;        /* edits gave it another SOP class: the how-manieth of the operation; 0 = not */
} scu__candidate;

/* How one candidate goes out over an association. */
typedef enum scu__way {
  SCU__WAY_NONE = 0, /* no context for it */
  SCU__WAY_AS_IT_IS, /* its own bytes */
  SCU__WAY_REWRITTEN /* one native syntax into another */
} scu__way;

typedef struct scu__store_plan {
  const scu_allocator *allocator;
  bool allow_truncated;
  scu__candidate *candidates;
  size_t count;         /* in the window */
  size_t first;         /* all before are done */
  size_t waiting, done; /* in the window, by state; the others are out */
  bool is_exhausted;
  scu_error failure; /* of the source, told when what came before it has left the window */
} scu__store_plan;

scu_result scu__store_plan_init(scu__store_plan *plan, const scu_allocator *allocator, bool allow_truncated);
void scu__store_plan_free(scu__store_plan *plan);

/* Opens what the candidate is read from, whenever its bytes are wanted: by its place. Errors as scu__file_source_open;
 * the caller closes it. */
scu_result scu__candidate_open(const scu__candidate *candidate, const scu_allocator *allocator, scu__source **out,
                               scu_error *error);

/* Reads the head of candidate->path (set by the caller, with place and is_named) and checks that it is an instance to
 * store. */
scu_result scu__candidate_walk(scu__candidate *candidate, const scu_allocator *allocator, bool allow_truncated,
                               scu_error *error);

/* Reads the head again and applies the edits to it; what is sent from now on is edited, under its new UIDs. Errors as
 * scu__edited_new, or of opening it; it is then as before. */
scu_result scu__candidate_edit(scu__candidate *candidate, const scu_allocator *allocator, const scu_edits *edits,
                               scu_error *error);
/* Bytes of the dataset that goes out, when it goes as it is. */
uint64_t scu__candidate_bytes(const scu__candidate *candidate);

/* Opens the file before it is sent: while an answer is awaited there is time. What fails here fails again, with words,
 * when it is sent. */
void scu__candidate_prepare(scu__candidate *candidate, const scu_allocator *allocator);
void scu__candidate_unprepare(scu__candidate *candidate);

/* Fills the window anew from the source: SCU_OK, SCU_END when nothing is left, or the source's error. Blocks on the
 * local disk. */
scu_result scu__store_plan_scan(scu__store_plan *plan, scu_source *source, scu_error *error);
void scu__store_plan_set(scu__store_plan *plan, scu__candidate *candidate, scu__candidate_state state);
/* Adds contexts for as many waiting candidates from `from` on as 128 contexts allow; *to is behind the last of them. */
scu_result scu__store_plan_propose(const scu__store_plan *plan, size_t from, scu__associate *rq, size_t *to);
/* SCU__WAY_NONE: *context is NULL. Final for candidates that were proposed on that association. */
scu__way scu__store_plan_settle(const scu__candidate *candidate, const scu__negotiated *negotiated,
                                const scu__accepted_context **context);
/* Why there is no way, in words, into text. */
void scu__store_plan_explain(const scu__candidate *candidate, const scu__negotiated *negotiated, char *text,
                             size_t room);

#endif
