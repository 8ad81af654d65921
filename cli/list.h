/* Lists of paths or UIDs from a file or stdin, one a line or separated by NULs, read as they are needed. */
#ifndef SCU_CLI_LIST_H
#define SCU_CLI_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "cli.h"

/* Longer than any path; an entry beyond it is no list of ours. */
enum { LIST_ENTRY_MAX = 16 * 1024, LIST_CHUNK = 64 * 1024 };

typedef struct list {
  cli *context;
  int descriptor;
  bool is_ended;
  bool has_entry; /* or it was told that there is none */
  char separator;
  unsigned long line;
  size_t at, filled; /* of chunk */
  char chunk[LIST_CHUNK];
  char entry[LIST_ENTRY_MAX + 1];
} list;

/* NULL after a failure, which has been reported. "-" is stdin. */
list *list_open(cli *context, const char *name, bool is_null_separated);
void list_close(list *open);
/* The next entry that is not empty, valid until the next call; as scu_source_add_iterator wants it, `user` is the list.
 * Failures have been reported. */
scu_result list_next(void *user, const char **entry);

#endif
