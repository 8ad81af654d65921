/* The archive's sink: files through the disk sink, rows into the index, and only then the answer. One commit serves
 * everything that was placed during the one before (docs/decisions/0012). */
#ifndef SCU_ARCHIVE_INGEST_H
#define SCU_ARCHIVE_INGEST_H

#include "archive/index.h"
#include "link/loop.h"
#include "scu/sink.h"

/* Rows that one commit adds, at most: so many newest rows may be without their file after a power cut. */
enum { SCU__INGEST_BATCH_MAX = 10 * 1000 };

typedef struct scu__ingest scu__ingest;

typedef struct scu__ingest_options {
  /* An instance is answered when its file is there, its row follows (durability none); up to a bound of rows that wait.
   * Who searches waits for them: scu__ingest_wait. */
  bool answers_early;
  bool replaces; /* the rule of `disk` for other content under the same UID */
} scu__ingest_options;

/* `disk` and `index` are borrowed. While it is busy (below) the ingest alone changes the index: one commit at a time,
 * on any thread. root_length: of the path that the disk sink's file names begin with, slash included; rows hold the
 * rest.
 */
scu_result scu__ingest_new(scu_loop *loop, scu_sink *disk, size_t root_length, scu__index *index,
                           const scu__ingest_options *options, scu__ingest **out);
/* Waits, stepping the loop, for what is being committed. NULL is allowed. */
void scu__ingest_free(scu__ingest *ingest);
scu_sink *scu__ingest_sink(scu__ingest *ingest);
bool scu__ingest_is_busy(const scu__ingest *ingest);

/* Somebody to whom it matters what became of the instances before. Zero it, set settled. */
typedef struct scu__ingest_waiter scu__ingest_waiter;
struct scu__ingest_waiter {
  void (*settled)(scu__ingest_waiter *self); /* everything taken before the wait is in the index, or failed */
  scu__ingest_waiter *next;
  uint64_t target;
  bool is_waiting;
};
/* For who must not miss what was acknowledged: waits only where that is early. False: nothing to wait for, settled is
 * not called. */
bool scu__ingest_wait(scu__ingest *ingest, scu__ingest_waiter *waiter);
/* For who takes a row as proof: waits for all that was taken, because a row may be there before its file is durable,
 * and goes again when that fails. False likewise. */
bool scu__ingest_wait_for_all(scu__ingest *ingest, scu__ingest_waiter *waiter);
void scu__ingest_wait_cancel(scu__ingest *ingest, scu__ingest_waiter *waiter);

#endif
