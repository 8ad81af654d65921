/* Attribute paths as people type them: "PatientName", "0010,0010", "ScheduledProcedureStepSequence[0].Modality".
 *
 * A step is a keyword or a tag ("gggg,eeee", "(gggg,eeee)", "ggggeeee"); all but the last go into an item, [0] when no
 * index is given. Does not look at any dataset, and does not know private elements by their creator. */
#ifndef SCU_DATA_PATH_H
#define SCU_DATA_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"
#include "scu/types.h"

enum {
  SCU__PATH_ITEM_MAX = 99999, /* far beyond any real sequence that somebody would type an index into */
  SCU__PATH_TEXT_MAX = SCU__PATH_DEPTH_MAX * 80
};

typedef struct scu__path_step {
  scu_tag tag;
  uint32_t item; /* 0 where no index was given */
  bool has_item; /* an index was given, or more steps follow */
} scu__path_step;

typedef struct scu__path {
  size_t depth; /* 1 .. SCU__PATH_DEPTH_MAX */
  scu__path_step steps[SCU__PATH_DEPTH_MAX];
} scu__path;

/* USAGE names the part that is wrong and where it begins. Item and delimiter tags (FFFE,xxxx) are not elements. */
scu_result scu__path_parse(const char *text, scu__path *path, scu_error *error);
/* A path of one step. */
scu__path scu__path_of_tag(scu_tag tag);
/* With keywords where the dictionary has one; an index only where has_item is set. Always NUL-terminated when
 * room > 0; returns the whole length, like snprintf. */
size_t scu__path_format(const scu__path *path, char *to, size_t room);
/* One tag alone: keyword, or "gggg,eeee". Returns the length. */
size_t scu__path_format_tag(scu_tag tag, char *to, size_t room);

#endif
