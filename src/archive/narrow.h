/* From a plan to SQL that finds every match and not many more, by way of an index wherever a key allows it. What comes
 * out is held against the exact rules afterwards (match.h). Values go in as bound parameters only. */
#ifndef SCU_ARCHIVE_NARROW_H
#define SCU_ARCHIVE_NARROW_H

#include "archive/database.h"
#include "archive/query.h"

typedef enum scu__row_column {
  SCU__ROW_PATIENT, /* ids of the entities the row belongs to, NULL below the level of the scan */
  SCU__ROW_STUDY,
  SCU__ROW_SERIES,
  SCU__ROW_INSTANCE,
  SCU__ROW_RECORD, /* of the level that is scanned */
  SCU__ROW_SYNTAX  /* of an instance */
} scu__row_column;

/* What a retrieve gives for each instance. */
typedef enum scu__instance_column {
  SCU__INSTANCE_CLASS,
  SCU__INSTANCE_UID,
  SCU__INSTANCE_SYNTAX,
  SCU__INSTANCE_PATH,
  SCU__INSTANCE_LENGTH,
  SCU__INSTANCE_DIGEST
} scu__instance_column;

enum { SCU__NARROW_BINDS_MAX = 64 };

typedef struct scu__bind {
  const char *text; /* NULL = an integer */
  size_t length;
  int64_t integer;
} scu__bind;

typedef struct scu__narrow {
  scu__buffer sql; /* NUL-terminated */
  scu__bind binds[SCU__NARROW_BINDS_MAX];
  int bind_count;
} scu__narrow;

typedef enum scu__narrow_purpose { SCU__NARROW_ROWS, SCU__NARROW_COUNT } scu__narrow_purpose;

/* The plan must live as long as statements that were bound. MEMORY. Freed in any case. */
scu_result scu__narrow_make(scu__narrow *narrow, scu__plan *plan, scu__narrow_purpose purpose);
void scu__narrow_free(scu__narrow *narrow);
void scu__narrow_bind(const scu__narrow *narrow, scu__statement *statement);

#endif
