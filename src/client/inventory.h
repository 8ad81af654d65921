/* What was promised and what has come: the image-level UIDs of a retrieve, where each can be had, and the requests that
 * bring them. */
#ifndef SCU_CLIENT_INVENTORY_H
#define SCU_CLIENT_INVENTORY_H

#include <stdbool.h>

#include "client/query.h"
#include "client/seen.h"
#include "client/uid_slots.h"
#include "scu/row.h"

/* What the answers said of where it is: an index of scu__routes (0 = the peer that was asked), and (0008,0056). */
typedef struct scu__location {
  uint16_t route;
  scu_availability availability;
} scu__location;

/* One thing to ask for: unique keys down to a level; for IMAGE a run of entries of one series. */
typedef struct scu__target {
  scu_query_level level;
  scu__unique_keys known;
  size_t first, count;    /* entries that belong to it (IMAGE: that are asked for); 0 = not known */
  size_t first_uid;       /* where nothing is known: its part of the list of UIDs in the query begins there */
  scu__location location; /* where there are no entries */
  bool is_held_back;      /* likewise: not to be asked for */
} scu__target;

typedef enum scu__fate {
  SCU__FATE_MISSING = 0,
  SCU__FATE_RECEIVED,
  SCU__FATE_CONFLICT,    /* came, and another object with its UID was here before */
  SCU__FATE_TWOFOLD,     /* came, and then another object with its UID */
  SCU__FATE_OTHER_STUDY, /* came as a part of a study that it was not promised for */
  SCU__FATE_REFUSED,     /* came, and was not kept: `status` */
  SCU__FATE_LOST,        /* began to come */
  SCU__FATE_FAILED       /* the peer says that it could not send it */
} scu__fate;

/* The object is not what its UID promises, or may not be. */
static inline bool scu__fate_is_conflict(scu__fate fate) {
  return fate == SCU__FATE_CONFLICT || fate == SCU__FATE_TWOFOLD || fate == SCU__FATE_OTHER_STUDY;
}

typedef struct scu__entry {
  scu__uid instance;  /* first */
  uint32_t series;    /* index into series */
  uint16_t sop_class; /* index into classes */
  uint16_t route, status;
  uint8_t availability; /* scu_availability */
  uint8_t fate;         /* scu__fate */
  bool is_held_back;    /* not to be asked for: not online */
  bool is_unlisted;     /* likewise: no answer had it, so its series is not known */
} scu__entry;

typedef struct scu__inventory_series {
  scu__unique_keys known; /* down to the series */
  char modality[17];      /* "" = the peer did not say */
  uint32_t study;         /* index into studies */
} scu__inventory_series;

typedef struct scu__inventory_study {
  scu__uid uid;            /* first; "" = the answers did not say */
  uint64_t listed;         /* entries that answers brought */
  uint64_t said;           /* instances that it has, as the answer of study level says; 0 = it does not say */
  uint64_t said_by_series; /* those of its series that were gone into, summed */
  uint64_t extra;          /* came without having been promised */
  uint64_t unlisted;       /* came, where nothing was promised by name */
  uint64_t held_back;      /* targets without entries that are not asked for */
  bool is_unmatched;       /* the query names it, and nothing matches it */
  bool is_doubtful;        /* answers about it look cut off: there may be more than its entries */
} scu__inventory_study;

/* A UID that the query names and nothing matches. */
typedef struct scu__unmatched {
  scu__uid uid;
  scu_query_level level;
} scu__unmatched;

typedef struct scu__inventory {
  const scu_allocator *allocator;
  scu__entry *entries;
  size_t count, capacity;
  scu__uid_slots entry_slots, study_slots;
  scu__inventory_series *series;
  size_t series_count, series_capacity;
  scu__inventory_study *studies;
  size_t study_count, study_capacity;
  scu__uid *classes;
  size_t class_count, class_capacity;
  scu__unmatched *unmatched;
  size_t unmatched_count, unmatched_capacity;
  scu__target *targets; /* to be asked for now */
  size_t target_count, target_capacity;
  scu__seen asked;    /* unique keys of targets without entries */
  scu__target *found; /* as taking stock has left them: see scu__inventory_begin */
  size_t found_count;
  size_t received, conflicts, held_back;
  uint16_t route; /* whom the targets are for: see scu__inventory_select */
  size_t wanted;  /* entries to be asked for there */
} scu__inventory;

void scu__inventory_init(scu__inventory *inventory, const scu_allocator *allocator);
void scu__inventory_free(scu__inventory *inventory);

/* --- taking stock --- */

/* The unique keys of a row, from one level down to another; "" = it does not say. */
void scu__inventory_read_keys(const scu_dataset *row, scu_query_level first, scu_query_level last,
                              scu__unique_keys *known);
/* An image-level row; adds a target of `level` when its keys differ from the last one's. A UID that is there already is
 * not added twice. MEMORY, or LIMIT with the number. */
scu_result scu__inventory_add(scu__inventory *inventory, scu_query_level level, scu_query_level first_level,
                              const scu_dataset *row, scu__location location, scu_error *error);
/* What the peer names after all answers, as something that it could not send: missing, and not asked for. `above`: what
 * is known down to its series. SCU_END: it is there already; MEMORY, or LIMIT. */
scu_result scu__inventory_add_unlisted(scu__inventory *inventory, const scu__unique_keys *above,
                                       const char *instance_uid);
/* A target without entries. One whose unique key of `level` is known is not added twice. MEMORY, or LIMIT with the
 * number. */
scu_result scu__inventory_add_target(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known,
                                     scu__location location, scu_error *error);
/* MEMORY. */
scu_result scu__inventory_note_unmatched(scu__inventory *inventory, scu_query_level level, const scu__uid *uid);
/* What can be had at once and what after a while is to be asked for; with `is_forced` the rest, too. */
void scu__inventory_begin(scu__inventory *inventory, bool is_forced);

/* --- asking --- */

/* Everything below is about what is to be had from this route. */
void scu__inventory_select(scu__inventory *inventory, uint16_t route);
/* Not here, not held back, and to be had from the selected route. */
bool scu__inventory_wants(const scu__inventory *inventory, const scu__entry *entry);
/* What is wanted from other routes than 0 is to be had from there; how much that is. Select a route behind it. */
size_t scu__inventory_turn_to_first(scu__inventory *inventory);
/* All that is wanted came, and we did not keep it: another way to ask for it changes nothing. */
bool scu__inventory_is_refused_here(const scu__inventory *inventory);
/* The targets as they were found; where only a part of one is wanted, or it is of image level, in runs of at most
 * `chunk` UIDs. MEMORY. */
scu_result scu__inventory_target(scu__inventory *inventory, size_t chunk);
/* Replaces the targets by image-level ones for what is missing, each of one series and at most `chunk` UIDs. */
scu_result scu__inventory_retarget(scu__inventory *inventory, size_t chunk);
/* The missing UIDs of an image-level target joined by backslash, appended with a NUL. */
void scu__inventory_list(const scu__inventory *inventory, const scu__target *target, scu__buffer *list);
/* Some of it comes from a slow medium. */
bool scu__inventory_is_nearline(const scu__inventory *inventory, const scu__target *target);

/* --- what has come --- */

typedef enum scu__arrival { SCU__ARRIVAL_NEW, SCU__ARRIVAL_AGAIN, SCU__ARRIVAL_NOT_PROMISED } scu__arrival;
scu__arrival scu__inventory_received(scu__inventory *inventory, const char *instance_uid);
/* Before it is received: true when it is of another study than it was promised for, and so does not count as it. */
bool scu__inventory_is_misplaced(scu__inventory *inventory, const char *instance_uid, const char *study_uid);
/* It did not become one of ours; nothing happens when it was not promised, or is here, unless it is a CONFLICT. */
void scu__inventory_failed(scu__inventory *inventory, const char *instance_uid, scu__fate fate, uint16_t status);
bool scu__inventory_has(const scu__inventory *inventory, const char *instance_uid);
/* It was promised, and is not here. */
bool scu__inventory_is_missing(const scu__inventory *inventory, const char *instance_uid);
size_t scu__inventory_missing(const scu__inventory *inventory);
/* Added when it is new; valid until another one is. MEMORY; LIMIT when there are too many, or it is no UID by its
 * length. *out is NULL then. */
scu_result scu__inventory_study_of(scu__inventory *inventory, const char *study_uid, scu__inventory_study **out);

#endif
