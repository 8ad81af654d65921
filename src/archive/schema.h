/* The tables of the index, their version, and whether a file is sound. Knows nothing of DICOM but column names. */
#ifndef SCU_ARCHIVE_SCHEMA_H
#define SCU_ARCHIVE_SCHEMA_H

#include "archive/database.h"

enum { SCU__SCHEMA_VERSION = 1 };

/* Makes the tables in an empty database, else looks whether they are ours and of this version, and examines every page
 * when the last user did not close it in order, or when told to. Marks the index as in use, and
 * tells whether it was so before.
 * MALFORMED: not an index, or damaged: it has to be rebuilt from the files. UNSUPPORTED: of a newer version. */
scu_result scu__schema_open(scu__database *database, bool must_examine, bool *was_left_open, scu_error *error);
/* Marks the index as closed in order. */
scu_result scu__schema_close(scu__database *database, scu_error *error);

#endif
