/* begin, write: bytes to the disk sink, header to the capture. finish: the disk sink makes the file durable. As soon as
 * a file has its name its row waits for the next commit, which runs on the loop's pool while the folder is synced and
 * more files come; when both are done the instance is answered.
 *
 * A commit is started by whoever finds none under way: the disk sink's thread that placed a file, or the loop. It is
 * over when every file of its batch is answered; only then the next one may start, which first removes the rows whose
 * file did not become durable. So after a power cut at most the last batch has rows whose file lost its name:
 * SCU__INGEST_BATCH_MAX, see scu__archive_settle_index and docs/decisions/0012. */
#include "archive/ingest.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "archive/file_row.h"
#include "archive/header_capture.h"
#include "io/file.h"
#include "listener/sink.h"

enum { COMMENT_ROOM = 65 /* that much is sent */ };

typedef struct item item;

struct scu__ingest {
  scu_sink sink; /* first: what is handed out */
  const scu_allocator *allocator;
  scu_loop *loop;
  scu__pool *pool;               /* the loop's, for any thread */
  scu__completions *completions; /* likewise */
  scu_sink *disk;
  scu__index *index;
  size_t root_length; /* of the path that file names begin with, slash included */
  scu__ingest_options options;

  _Atomic(item *) waiting;   /* for a commit, the last one first; any thread */
  atomic_bool is_committing; /* who sets it owns the next six until it is over */
  item *batch;               /* its rows are being added, or were, and their files are on their way */
  item *rest;                /* what the batch had no room for */
  item *doomed;              /* in the index, but the file is not durable: their rows are to go */
  scu__job job;
  scu__posted posted; /* brings a commit that ran without the pool to the loop */
  scu_result committed;

  /* The loop's thread only. */
  size_t on_disk;        /* instances that the disk sink is making durable */
  size_t unsettled;      /* of the batch: their row is in, their file is not durable yet */
  item *oldest, *newest; /* taken and not settled, as they came */
  size_t taken_count;    /* of these */
  uint64_t taken;        /* so far */
  scu__ingest_waiter *waiters;
};

struct item {
  scu__ingest *ingest;
  item *next;          /* for a commit */
  item *newer, *older; /* taken and not settled */
  uint64_t number;     /* as it was taken; 0 = not, or settled */
  void *disk_instance;
  scu__header_capture *capture;
  scu_dataset *header;
  char sop_class[65], sop_instance[65], transfer_syntax[65];
  scu_completion *outer, *inner;
  char *file;       /* its path; NULL until it is known */
  const char *path; /* of the same, relative to the root */
  uint64_t length;
  int is_duplicate;
  uint16_t status; /* success, or what the disk sink warned of, and its words */
  char comment[COMMENT_ROOM];
  scu_result indexed;                   /* what came of its row */
  bool has_row_coming;                  /* it was queued: the batch will tell */
  bool has_new_row;                     /* there was none under its path before */
  bool is_indexed, is_durable, is_lost; /* the two halves, on the loop's thread; lost: the file did not get durable */
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

/* Files get their name in one order, rows are queued in another: when there is a row already, the file may be somebody
 * else's by now. So the row that is written last is of the file as it is. */
static scu_result add_replaced(item *i, const scu__index_instance *instance) {
  const scu__ingest *ingest = i->ingest;
  scu__index_instance found;
  scu_result result = scu__index_at_path(ingest->index, i->path, &found, NULL);
  if (result == SCU_OK) {
    i->has_new_row = false;
    result = scu__file_row_add_as_is(ingest->index, i->file, instance, ingest->allocator, NULL);
    if (result != SCU_ERROR_STORAGE || !scu__index_is_in_batch(ingest->index)) return result;
  } else if (result != SCU_END) {
    return result;
  }
  return scu__index_add(ingest->index, i->header, instance, NULL);
}

static scu_result add_row(item *i) {
  bool has_row = false;
  scu_result result = i->is_duplicate ? settle_duplicate(i, &has_row) : SCU_OK;
  if (result != SCU_OK || has_row) return result;
  i->has_new_row = true;
  scu__index_instance instance = {.sop_class = i->sop_class,
                                  .sop_instance = i->sop_instance,
                                  .transfer_syntax = i->transfer_syntax,
                                  .path = i->path,
                                  .length = i->length};
  if (i->ingest->options.replaces) return add_replaced(i, &instance);
  return scu__index_add(i->ingest->index, i->header, &instance, NULL);
}

static void commit_done(scu__job *self);

/* On any thread: nobody else touches the writer or the batch meanwhile. */
static void commit_run(scu__job *self) {
  scu__ingest *ingest = (scu__ingest *)((char *)self - offsetof(scu__ingest, job));
  ingest->committed = scu__index_begin(ingest->index, NULL);
  for (item *i = ingest->doomed; i && ingest->committed == SCU_OK; i = i->next) {
    scu_result removed = scu__index_remove(ingest->index, i->path, NULL);
    if (removed < 0) ingest->committed = removed;
  }
  for (item *i = ingest->batch; i && ingest->committed == SCU_OK; i = i->next) {
    i->indexed = add_row(i);
    if (i->indexed != SCU_OK && !scu__index_is_in_batch(ingest->index)) ingest->committed = i->indexed;
  }
  if (ingest->committed == SCU_OK)
    ingest->committed = scu__index_commit(ingest->index, NULL);
  else
    scu__index_rollback(ingest->index);
}

/* In the order in which they came. */
static item *take_waiting(scu__ingest *ingest) {
  item *taken = atomic_exchange(&ingest->waiting, NULL), *batch = NULL;
  while (taken) {
    item *next = taken->next;
    taken->next = batch;
    batch = taken;
    taken = next;
  }
  return batch;
}

static void fill_batch(scu__ingest *ingest) {
  item **end = &ingest->rest;
  while (*end) end = &(*end)->next;
  *end = take_waiting(ingest);
  ingest->batch = ingest->rest;
  end = &ingest->batch;
  for (size_t count = 0; *end && count < SCU__INGEST_BATCH_MAX; count++) end = &(*end)->next;
  ingest->rest = *end;
  *end = NULL;
}

/* A pool that has no room leaves the work to whoever asked. */
static void run_commit(scu__ingest *ingest) {
  ingest->job = (scu__job){.run = commit_run, .done = commit_done};
  if (scu__pool_submit(ingest->pool, &ingest->job, ingest->completions) == SCU_OK) return;
  commit_run(&ingest->job);
  scu__completions_post(ingest->completions, &ingest->posted);
}

/* Any thread. Nothing happens when a commit is under way: its end starts the next one. */
static void start_commit(scu__ingest *ingest) {
  while (atomic_load(&ingest->waiting)) {
    if (atomic_exchange(&ingest->is_committing, true)) return;
    fill_batch(ingest);
    if (ingest->batch) {
      run_commit(ingest);
      return;
    }
    atomic_store(&ingest->is_committing, false); /* somebody else took it, or will: look again */
  }
}

static void enqueue(item *i) {
  scu__ingest *ingest = i->ingest;
  i->has_row_coming = true;
  i->next = atomic_load(&ingest->waiting);
  while (!atomic_compare_exchange_weak(&ingest->waiting, &i->next, i)) {
  }
}

/* --- answering: the loop's thread --------------------------------------------------------------------------------- */

static void answer(item *i, scu_result result) {
  scu_sink_outcome outcome = {.size = sizeof outcome,
                              .status = i->status,
                              .comment = i->comment[0] ? i->comment : NULL,
                              .path = i->path,
                              .length = i->length,
                              .is_duplicate = i->is_duplicate};
  if (result != SCU_OK) {
    outcome.status = scu__sink_status(result, NULL);
    outcome.comment = "the file is safe but the index could not take it";
    outcome.path = NULL;
  }
  scu_completion_post(i->outer, &outcome);
  i->outer = NULL;
}

static void take(item *i) {
  scu__ingest *ingest = i->ingest;
  i->number = ++ingest->taken;
  ingest->taken_count++;
  i->older = ingest->newest;
  *(ingest->newest ? &ingest->newest->newer : &ingest->oldest) = i;
  ingest->newest = i;
}

static void settle(item *i) {
  scu__ingest *ingest = i->ingest;
  if (i->number == 0) return;
  i->number = 0;
  ingest->taken_count--;
  *(i->older ? &i->older->newer : &ingest->oldest) = i->newer;
  *(i->newer ? &i->newer->older : &ingest->newest) = i->older;
}

static void settle_and_free(item *i) {
  settle(i);
  item_free(i);
}

static void wake_waiters(scu__ingest *ingest) {
  for (scu__ingest_waiter **at = &ingest->waiters; *at;) {
    scu__ingest_waiter *waiter = *at;
    if (ingest->oldest && ingest->oldest->number <= waiter->target) {
      at = &waiter->next;
      continue;
    }
    *at = waiter->next;
    waiter->is_waiting = false;
    waiter->settled(waiter);
    at = &ingest->waiters; /* the list may have changed */
  }
}

/* Does somebody else's answer rest on the row? */
static bool is_shared(const scu__ingest *ingest, const item *lost) {
  for (const item *i = ingest->batch; i; i = i->next)
    if (!i->is_lost && i->indexed == SCU_OK && strcmp(i->path, lost->path) == 0) return true;
  return false;
}

/* Frees the batch, but for those whose rows must go. */
static void judge_batch(scu__ingest *ingest) {
  item *kept = NULL;
  for (item **at = &ingest->batch; *at;) {
    item *i = *at;
    bool is_doomed = i->is_lost && i->has_new_row && i->indexed == SCU_OK && !is_shared(ingest, i);
    if (!is_doomed && !i->is_lost) {
      at = &i->next; /* looked at for those that are lost */
      continue;
    }
    *at = i->next;
    if (!is_doomed) {
      settle_and_free(i);
      continue;
    }
    i->next = kept;
    kept = i;
  }
  while (ingest->batch) {
    item *next = ingest->batch->next;
    settle_and_free(ingest->batch);
    ingest->batch = next;
  }
  ingest->doomed = kept;
}

/* Rows that could not be removed stay: their files are there, and a crash that takes one makes the next start look. */
static void free_doomed(scu__ingest *ingest) {
  while (ingest->doomed) {
    item *next = ingest->doomed->next;
    settle_and_free(ingest->doomed);
    ingest->doomed = next;
  }
}

static void end_commit(scu__ingest *ingest) {
  if (ingest->unsettled > 0) return;
  judge_batch(ingest);
  if (ingest->doomed || ingest->rest) {
    fill_batch(ingest);
    run_commit(ingest);
  } else {
    atomic_store(&ingest->is_committing, false);
    start_commit(ingest);
  }
  wake_waiters(ingest);
}

static void batch_done(scu__ingest *ingest, bool is_cancelled) {
  scu_result committed = is_cancelled ? SCU_ERROR_STORAGE : ingest->committed;
  free_doomed(ingest);
  for (item *i = ingest->batch; i; i = i->next) {
    i->is_indexed = true;
    if (committed != SCU_OK) i->indexed = committed;
    if (!i->is_durable)
      ingest->unsettled++;
    else if (i->outer)
      answer(i, i->indexed);
  }
  end_commit(ingest);
}

static void commit_done(scu__job *self) {
  batch_done((scu__ingest *)((char *)self - offsetof(scu__ingest, job)), self->is_cancelled);
}

static void posted_done(scu__posted *self) {
  batch_done((scu__ingest *)((char *)self - offsetof(scu__ingest, posted)), false);
}

bool scu__ingest_wait(scu__ingest *ingest, scu__ingest_waiter *waiter) {
  return ingest->options.answers_early && scu__ingest_wait_for_all(ingest, waiter);
}

bool scu__ingest_wait_for_all(scu__ingest *ingest, scu__ingest_waiter *waiter) {
  if (!ingest->oldest) return false;
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

/* --- the file becomes durable ------------------------------------------------------------------------------------- */

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
  i->status = outcome->status;
  snprintf(i->comment, sizeof i->comment, "%s", outcome->comment ? outcome->comment : "");
  if (!i->file) return SCU_ERROR_MEMORY;
  i->path = i->file + skip;
  return scu__header_capture_take(i->capture, &i->header);
}

/* On a thread of the disk sink: the file has its name. */
static void disk_placed(void *user, const scu_sink_outcome *outcome) {
  item *i = user;
  scu__ingest *ingest = i->ingest;
  i->indexed = keep_outcome(i, outcome);
  if (i->indexed != SCU_OK || is_variant(i->path)) return;
  enqueue(i); /* from here on the item is the loop's once it is answered */
  start_commit(ingest);
}

static bool is_stored(uint16_t status) {
  return status == 0 || status >> 12 == 0xB;
}

/* What is not durable is answered at once, though its row may be there: that goes with the next commit. */
static void disk_done(void *user, const scu_sink_outcome *outcome) {
  item *i = user;
  scu__ingest *ingest = i->ingest;
  i->inner = NULL;
  ingest->on_disk--;
  i->is_durable = true;
  if (!is_stored(outcome->status)) {
    i->is_lost = true;
    scu_completion_post(i->outer, outcome);
    i->outer = NULL;
  }
  bool is_untold = i->outer && !i->file && i->indexed == SCU_OK; /* a sink that does not tell when it is placed */
  if (is_untold) disk_placed(i, outcome);
  if (i->has_row_coming && !i->is_indexed) return; /* the batch is not done */
  if (i->outer) answer(i, i->indexed);
  if (i->has_row_coming) {
    ingest->unsettled--;
    end_commit(ingest);
  } else {
    settle_and_free(i);
    wake_waiters(ingest);
  }
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
  scu__completion_on_placed(inner, disk_placed);
  result = ingest->disk->finish(ingest->disk->user, i->disk_instance, inner, outcome);
  if (result == SCU_PENDING) {
    ingest->on_disk++; /* it is told from the loop, so not before this */
    take(i);
    return SCU_PENDING;
  }
  uint16_t status = scu__sink_status(result, outcome);
  bool is_kept = result == SCU_OK && is_stored(status);
  scu_result kept = is_kept ? keep_outcome(i, outcome) : SCU_OK;
  outcome->status = status;
  outcome->path = scu_completion_keep(completion, outcome->path);
  outcome->comment = scu_completion_keep(completion, outcome->comment);
  outcome->study_instance_uid = outcome->series_instance_uid = NULL;
  scu__completion_free(inner);
  if (!is_kept || kept != SCU_OK || is_variant(i->path)) {
    item_free(i);
    return kept != SCU_OK ? kept : result;
  }
  memset(outcome, 0, sizeof *outcome);
  outcome->size = sizeof *outcome;
  i->is_durable = true;
  take(i);
  if (ingest->options.answers_early && ingest->taken_count <= SCU__INGEST_BATCH_MAX) answer(i, SCU_OK);
  enqueue(i);
  start_commit(ingest);
  return SCU_PENDING;
}

static void discard(void *user, void *instance) {
  scu__ingest *ingest = user;
  item *i = instance;
  ingest->disk->discard(ingest->disk->user, i->disk_instance);
  item_free(i);
}

scu_result scu__ingest_new(scu_loop *loop, scu_sink *disk, size_t root_length, scu__index *index,
                           const scu__ingest_options *options, scu__ingest **out) {
  *out = NULL;
  const scu_allocator *allocator = scu__loop_allocator(loop);
  scu__ingest *ingest = scu__alloc(allocator, sizeof *ingest);
  if (!ingest) return SCU_ERROR_MEMORY;
  ingest->allocator = allocator;
  ingest->loop = loop;
  ingest->pool = scu__loop_pool(loop);
  ingest->completions = scu__loop_completions(loop);
  ingest->posted = (scu__posted){.run = posted_done, .drop = posted_done};
  ingest->disk = disk;
  ingest->root_length = root_length;
  ingest->index = index;
  ingest->options = *options;
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
  return atomic_load(&ingest->is_committing) || atomic_load(&ingest->waiting) || ingest->on_disk > 0;
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
