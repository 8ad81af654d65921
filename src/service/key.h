/* The keys of an identifier, understood once and then held against every entity (PS3.4 C.2.2.2): what kind of matching
 * each asks for, its values in the form they are compared in. Checks VR, length, characters and form of every key. The
 * rules of levels and hierarchy are the provider's (archive/query.c). */
#ifndef SCU_SERVICE_KEY_H
#define SCU_SERVICE_KEY_H

#include "data/arena.h"
#include "data/dataset.h"
#include "data/moment.h"

enum {
  SCU__KEYS_MAX = 2048,            /* in the whole identifier, items included */
  SCU__KEY_DEPTH_MAX = 8,          /* sequences inside each other */
  SCU__KEY_VALUES_MAX = 65536,     /* UIDs in a list: what a failed UID list (catalogue D17) may give back */
  SCU__KEY_OTHER_VALUES_MAX = 256, /* values of a key that is no UID */
  SCU__KEY_WILDCARD_MAX = 256      /* bytes of a key with wildcards: matching costs key times value */
};

typedef enum scu__key_kind {
  SCU__KEY_UNIVERSAL,
  SCU__KEY_TEXT,     /* one of the values equals, or fits the pattern */
  SCU__KEY_NAME,     /* the same for PN, folded, by component groups */
  SCU__KEY_FUZZY,    /* every word of the key begins a word of the name */
  SCU__KEY_MOMENT,   /* DA TM DT: inside one of the intervals */
  SCU__KEY_INTEGER,  /* IS: intervals of one number */
  SCU__KEY_DECIMAL,  /* DS: equal as numbers */
  SCU__KEY_EMPTY,    /* absent or without value */
  SCU__KEY_SEQUENCE, /* one item matches all children */
  SCU__KEY_UNMATCHED /* a value that nothing can be compared with: taken for universal, told by FF01 */
} scu__key_kind;

/* Up to three folded component groups of a name (PS3.5 6.2); absent ones are NULL. */
typedef struct scu__key_value {
  const char *text; /* UTF-8, not terminated; of a name the whole, folded */
  size_t length;
  bool has_wildcard;
  scu__interval interval; /* MOMENT, INTEGER; DECIMAL: the bits of the number in low */
  const char *groups[3];
  size_t group_lengths[3];
  size_t group_count;
} scu__key_value;

typedef struct scu__key scu__key;
struct scu__key {
  scu_tag tag;
  scu_vr vr;
  uint8_t kind;           /* scu__key_kind */
  uint8_t moment;         /* scu__moment_kind, of MOMENT */
  bool is_matched;        /* it, or something inside it, has a value to match: not only asked for */
  bool is_required;       /* an entity without value matches (C.2.2.1.2) */
  bool needs_all;         /* multiple value matching: every value must be found */
  bool is_first_only;     /* VM 1 and indexed: only the first value counts */
  bool is_joined;         /* the time of a date that is matched combined: that date's business */
  scu__key *time;         /* of a date key: matched as one period with this key (C.2.2.2.5.4); NULL = alone */
  scu__key_value *values; /* of a UID list in the order of their texts */
  size_t value_count;
  scu__key *children; /* SEQUENCE; also when all of them are universal */
  size_t child_count;
  const scu_dataset *item; /* of the identifier: what to compile the children from */
  scu__key *parent, *next_pending;
};

typedef struct scu__key_rules {
  bool is_worklist;
  bool combined_date_time, fuzzy_names, empty_value, multiple_value; /* as negotiated */
  bool unknown_matches; /* every key is_required, inside of sequences, too */
  bool names_are_free;  /* what a person name matches is not for us to say: UNMATCHED */
  int assumed_offset;   /* minutes ahead of UTC, for DT without offset */
} scu__key_rules;

/* Compiles every element of the identifier, which has to outlive them, into *keys (in rising tag order, in the arena),
 * but for control elements. A key that PS3.4 does not allow gives MALFORMED, with its tag and the reason in the error:
 * A900. LIMIT: more than is matched here: A700. MEMORY. */
scu_result scu__keys_compile(const scu_dataset *identifier, const scu__key_rules *rules, scu__arena *arena,
                             scu__key **keys, size_t *count, scu_error *error);

/* Folded for comparison: trimmed, without empty components at the end of a group. */
scu_result scu__name_fold(const char *name, size_t length, scu__buffer *folded);

#endif
