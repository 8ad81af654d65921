/* Which attributes of a match become columns of a table or CSV, by level. */
#ifndef SCU_CLI_MATCH_COLUMNS_H
#define SCU_CLI_MATCH_COLUMNS_H

#include <stddef.h>

#include "args.h"
#include "scu/query.h"

enum { COLUMNS_MAX = 64 };

typedef struct match_column {
  const char *path; /* as asked for */
  char title[64];   /* short, for people */
  size_t width;     /* terminal columns of the table */
} match_column;

typedef struct match_columns {
  match_column column[COLUMNS_MAX];
  size_t count;
} match_columns;

/* The level's own columns, then every key of the command line that is not among them. Texts are argv's. */
void match_columns_choose(match_columns *columns, scu_query_level level, const arguments *args);

#endif
