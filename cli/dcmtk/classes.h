/* Storage classes under DCMTK's names. */
#ifndef SCU_CLI_DCMTK_CLASSES_H
#define SCU_CLI_DCMTK_CLASSES_H

#include <stdbool.h>
#include <stddef.h>

enum { GET_CLASSES = 120 }; /* so many, from the first on, are what getscu proposes */

typedef struct storage_class {
  const char *uid;
  const char *prefix; /* of file names: "CT" */
  const char *name;   /* "CTImageStorage" */
  bool is_stored;     /* one of the 64 that storescu proposes */
} storage_class;

const storage_class *storage_class_at(size_t index); /* NULL beyond the last */
const char *storage_class_prefix(const char *uid);   /* "UNKNOWN" */
const char *storage_class_name(const char *uid);     /* NULL = not known */

#endif
