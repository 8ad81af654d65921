/* begin, write: bytes to the disk sink, header to the capture. finish: the disk sink makes the file durable; what is
 * durable waits for the next commit; the commit runs on the pool while more becomes durable; then all are answered. */
#include "archive/ingest.h"

#include <string.h>

#include "archive/header_capture.h"
#include "io/file.h"
#include "listener/sink.h"

enum { EARLY_ROWS_MAX = 10 * 1000 }; /* rows that may wait for a commit while their instances are answered */

typedef struct item item;

struct scu__ingest {
  scu_sink sink; /* first: what is handed out */
  const scu_allocator *allocator;
  scu_loop *loop;
  scu_sink *disk;
  scu__index *index;
  size_t root_length; /* of the path that file names begin with, slash included */
  item *waiting, *last_waiting;
  item *batch; /* with the job */
  scu__job job;
  bool is_committing;
  size_t on_disk; /* instances that the disk sink is making durable */
  scu_result committed;
  bool answers_early;
  uint64_t taken, settled; /* rows queued and rows done with so far */
  scu__ingest_waiter *waiters;
};

struct item {
  scu__ingest *ingest;
  item *next;
  void *disk_instance;
  scu__header_capture *capture; /* NULL: given up for want of memory */
  scu_dataset *header;
  char sop_class[65], sop_instance[65], transfer_syntax[65];
  scu_completion *outer, *inner;
  char *file;       /* its path; NULL until it is durable */
  const char *path; /* of the same, relative to the root */
  uint64_t length;
  int is_duplicate;
  scu_result indexed;
};

static void item_free(item *i) {
  const scu_allocator *allocator = i->ingest->allocator;
  scu__header_capture_free(i->capture);
  scu_dataset_free(i->header);
  scu__free(allocator, i->file);
  scu__free(allocator, i);
}

/* --- committing --------------------------------------------------------------------------------------------------- */

/* The file of a duplicate is the earlier one's, whose header may have another length. Its row is there already, unless
 * the program was killed between the two. */
static scu_result settle_duplicate(item *i, bool *has_row) {
  scu__index_instance found;
  scu_result result = scu__index_at_path(i->ingest->index, i->path, &found, NULL);
  *has_row = result == SCU_OK;
  if (result != SCU_END) return result;
  scu__source *source = NULL;
  result = scu__file_source_open(i->file, i->ingest->allocator, &source, NULL);
  if (result == SCU_OK) i->length = source->size;
  scu__source_close(source);
  return result;
}

static scu_result add_row(item *i) {
  bool has_row = false;
  scu_result result = i->is_duplicate ? settle_duplicate(i, &has_row) : SCU_OK;
  if (result != SCU_OK || has_row) return result;
  scu__index_instance instance = {.sop_class = i->sop_class,
                                  .sop_instance = i->sop_instance,
                                  .transfer_syntax = i->transfer_syntax,
                                  .path = i->path,
                                  .length = i->length};
  return scu__index_add(i->ingest->index, i->header, &instance, NULL);
}

/* On a pool thread: nobody else touches the writer or the batch meanwhile. */
static void commit_run(scu__job *self) {
  scu__ingest *ingest = (scu__ingest *)((char *)self - offsetof(scu__ingest, job));
  ingest->committed = scu__index_begin(ingest->index, NULL);
  for (item *i = ingest->batch; i && ingest->committed == SCU_OK; i = i->next) {
    i->indexed = add_row(i);
    if (i->indexed != SCU_OK && !scu__index_is_in_batch(ingest->index)) ingest->committed = i->indexed;
  }
  if (ingest->committed == SCU_OK)
    ingest->committed = scu__index_commit(ingest->index, NULL);
  else
    scu__index_rollback(ingest->index);
}

static void answer(item *i, scu_result result) {
  scu_sink_outcome outcome = {
      .size = sizeof outcome, .path = i->path, .length = i->length, .is_duplicate = i->is_duplicate};
  if (result != SCU_OK) {
    outcome.status = scu__sink_status(result, &outcome);
    outcome.comment = "the file is safe but the index could not take it";
    outcome.path = NULL;
  }
  scu_completion_post(i->outer, &outcome);
  i->outer = NULL;
}

static void post(item *i, scu_result result) {
  if (i->outer) answer(i, result);
  item_free(i);
}

static void wake_waiters(scu__ingest *ingest) {
  for (scu__ingest_waiter **at = &ingest->waiters; *at;) {
    scu__ingest_waiter *waiter = *at;
    if (waiter->target > ingest->settled) {
      at = &waiter->next;
      continue;
    }
    *at = waiter->next;
    waiter->is_waiting = false;
    waiter->settled(waiter);
    at = &ingest->waiters; /* the list may have changed */
  }
}

static void start_commit(scu__ingest *ingest);

static void commit_done(scu__job *self) {
  scu__ingest *ingest = (scu__ingest *)((char *)self - offsetof(scu__ingest, job));
  ingest->is_committing = false;
  scu_result committed = self->is_cancelled ? SCU_ERROR_STORAGE : ingest->committed;
  item *batch = ingest->batch;
  ingest->batch = NULL;
  while (batch) {
    item *next = batch->next;
    post(batch, committed == SCU_OK ? batch->indexed : committed);
    ingest->settled++;
    batch = next;
  }
  if (ingest->waiting) start_commit(ingest);
  wake_waiters(ingest);
}

static void start_commit(scu__ingest *ingest) {
  ingest->batch = ingest->waiting;
  ingest->waiting = ingest->last_waiting = NULL;
  ingest->is_committing = true;
  ingest->job.run = commit_run;
  ingest->job.done = commit_done;
  ingest->job.abandon = NULL;
  ingest->job.is_cancelled = false;
  if (scu__pool_submit(scu__loop_pool(ingest->loop), &ingest->job, scu__loop_completions(ingest->loop)) == SCU_OK)
    return;
  ingest->job.is_cancelled = true;
  commit_done(&ingest->job);
}

static void enqueue(item *i) {
  scu__ingest *ingest = i->ingest;
  i->next = NULL;
  if (ingest->last_waiting)
    ingest->last_waiting->next = i;
  else
    ingest->waiting = i;
  ingest->last_waiting = i;
  ingest->taken++;
  if (ingest->answers_early && ingest->taken - ingest->settled <= EARLY_ROWS_MAX) answer(i, SCU_OK);
  if (!ingest->is_committing) start_commit(ingest);
}

bool scu__ingest_wait(scu__ingest *ingest, scu__ingest_waiter *waiter) {
  if (!ingest->answers_early || ingest->settled == ingest->taken) return false;
  waiter->target = ingest->taken;
  waiter->is_waiting = true;
  waiter->next = ingest->waiters;
  ingest->waiters = waiter;
  return true;
}

void scu__ingest_wait_cancel(scu__ingest *ingest, scu__ingest_waiter *waiter) {
  if (!waiter->is_waiting) return;
  scu__ingest_waiter **at = &ingest->waiters;
  while (*at != waiter) at = &(*at)->next;
  *at = waiter->next;
  waiter->is_waiting = false;
}

/* --- the file is durable ------------------------------------------------------------------------------------------ */

/* A second object of the same UID, kept beside the first: the index goes on naming the first. */
static bool is_variant(const char *path) {
  return strchr(path, '~') != NULL;
}

static scu_result keep_outcome(item *i, const scu_sink_outcome *outcome) {
  const char *path = outcome->path ? outcome->path : "";
  size_t skip = strlen(path) > i->ingest->root_length ? i->ingest->root_length : 0;
  i->file = scu__strdup(i->ingest->allocator, path);
  i->length = outcome->length;
  i->is_duplicate = outcome->is_duplicate;
  if (!i->file) return SCU_ERROR_MEMORY;
  i->path = i->file + skip;
  return i->capture ? scu__header_capture_take(i->capture, &i->header) : SCU_ERROR_MEMORY;
}

static void disk_done(void *user, const scu_sink_outcome *outcome) {
  item *i = user;
  i->inner = NULL;
  i->ingest->on_disk--;
  bool is_stored = outcome->status == 0 || outcome->status >> 12 == 0xB;
  if (!is_stored) {
    scu_completion_post(i->outer, outcome);
    item_free(i);
    return;
  }
  scu_result result = keep_outcome(i, outcome);
  if (result != SCU_OK || is_variant(i->path))
    post(i, result);
  else
    enqueue(i);
}

/* --- sink --------------------------------------------------------------------------------------------------------- */

static scu_result begin(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome) {
  scu__ingest *ingest = user;
  item *i = scu__alloc(ingest->allocator, sizeof *i);
  if (!i) return SCU_ERROR_MEMORY;
  i->ingest = ingest;
  strncpy(i->sop_class, incoming->sop_class_uid, sizeof i->sop_class - 1);
  strncpy(i->sop_instance, incoming->sop_instance_uid, sizeof i->sop_instance - 1);
  strncpy(i->transfer_syntax, incoming->transfer_syntax_uid, sizeof i->transfer_syntax - 1);
  scu_result result = scu__header_capture_new(ingest->allocator, incoming->transfer_syntax_uid, &i->capture);
  if (result == SCU_OK) result = ingest->disk->begin(ingest->disk->user, incoming, &i->disk_instance, outcome);
  if (result != SCU_OK) {
    item_free(i);
    return result;
  }
  *instance = i;
  return SCU_OK;
}

static scu_result write(void *user, void *instance, const uint8_t *bytes, size_t length, scu_sink_outcome *outcome) {
  scu__ingest *ingest = user;
  item *i = instance;
  scu__header_capture_feed(i->capture, bytes, length);
  return ingest->disk->write(ingest->disk->user, i->disk_instance, bytes, length, outcome);
}

static scu_result finish(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome) {
  scu__ingest *ingest = user;
  item *i = instance;
  i->outer = completion;
  scu_result result =
      scu__completion_new(ingest->allocator, scu__loop_completions(ingest->loop), disk_done, i, &i->inner);
  if (result != SCU_OK) {
    ingest->disk->discard(ingest->disk->user, i->disk_instance);
    item_free(i);
    return result;
  }
  scu_completion *inner = i->inner;
  result = ingest->disk->finish(ingest->disk->user, i->disk_instance, inner, outcome);
  if (result == SCU_PENDING) {
    ingest->on_disk++; /* it is told from the loop, so not before this */
    return SCU_PENDING;
  }
  uint16_t status = scu__sink_status(result, outcome);
  bool is_stored = result == SCU_OK && (status == 0 || status >> 12 == 0xB);
  scu_result kept = is_stored ? keep_outcome(i, outcome) : SCU_OK;
  outcome->status = status;
  outcome->path = scu_completion_keep(completion, outcome->path);
  outcome->comment = scu_completion_keep(completion, outcome->comment);
  outcome->study_instance_uid = outcome->series_instance_uid = NULL;
  scu__completion_free(inner);
  if (!is_stored || kept != SCU_OK || is_variant(i->path)) {
    item_free(i);
    return kept != SCU_OK ? kept : result;
  }
  memset(outcome, 0, sizeof *outcome);
  outcome->size = sizeof *outcome;
  enqueue(i);
  return SCU_PENDING;
}

static void discard(void *user, void *instance) {
  scu__ingest *ingest = user;
  item *i = instance;
  ingest->disk->discard(ingest->disk->user, i->disk_instance);
  item_free(i);
}

scu_result scu__ingest_new(scu_loop *loop, scu_sink *disk, size_t root_length, scu__index *index, bool answers_early,
                           scu__ingest **out) {
  *out = NULL;
  const scu_allocator *allocator = scu__loop_allocator(loop);
  scu__ingest *ingest = scu__alloc(allocator, sizeof *ingest);
  if (!ingest) return SCU_ERROR_MEMORY;
  ingest->allocator = allocator;
  ingest->loop = loop;
  ingest->disk = disk;
  ingest->root_length = root_length;
  ingest->index = index;
  ingest->answers_early = answers_early;
  ingest->sink = (scu_sink){.size = sizeof ingest->sink,
                            .begin = begin,
                            .write = write,
                            .finish = finish,
                            .discard = discard,
                            .user = ingest};
  *out = ingest;
  return SCU_OK;
}

bool scu__ingest_is_busy(const scu__ingest *ingest) {
  return ingest->is_committing || ingest->waiting || ingest->on_disk > 0;
}

void scu__ingest_free(scu__ingest *ingest) {
  if (!ingest) return;
  while (scu__ingest_is_busy(ingest) && scu_loop_wait(ingest->loop, 1000) == SCU_OK) {
  }
  scu__free(ingest->allocator, ingest);
}

scu_sink *scu__ingest_sink(scu__ingest *ingest) {
  return &ingest->sink;
}
