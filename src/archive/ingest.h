/* The archive's sink: files through the disk sink, rows into the index, and only then the answer (idea 8: one commit
 * serves everything that became durable during the previous one). */
#ifndef SCU_ARCHIVE_INGEST_H
#define SCU_ARCHIVE_INGEST_H

#include "archive/index.h"
#include "link/loop.h"
#include "scu/sink.h"

typedef struct scu__ingest scu__ingest;

/* `disk` and `index` are borrowed; the index is changed by the ingest alone, on the loop's pool, one commit at a time. root_length: of the path that the disk sink's file names begin with, slash included; rows hold the rest. */
scu_result scu__ingest_new(scu_loop *loop, scu_sink *disk, size_t root_length, scu__index *index, scu__ingest **out);
/* Waits, stepping the loop, for what is being committed. NULL is allowed. */
void scu__ingest_free(scu__ingest *ingest);
scu_sink *scu__ingest_sink(scu__ingest *ingest);
bool scu__ingest_is_busy(const scu__ingest *ingest);

#endif
