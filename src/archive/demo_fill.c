/* --demo: the demonstration data goes the way of everything that is stored - sink, file, index - and its worklist into
 * the index. A mark in the ledger tells a start that was cut short. */
#include <string.h>

#include "archive/archive.h"
#include "archive/demo.h"
#include "base/alloc.h"
#include "data/dataset_encode.h"
#include "data/transfer_syntax.h"
#include "listener/sink.h"

#define MARK "demo"

enum { DATASET_MAX = 64 * 1024 * 1024 };

typedef struct filling filling;

/* An instance on its way into the archive. */
typedef struct pending {
  filling *of;
  scu_completion *completion; /* NULL: answered */
} pending;

struct filling {
  scu_archive *archive;
  pending instances[SCU__DEMO_INSTANCES];
  size_t count, outstanding;
  scu_result result; /* the first failure */
};

static void note(filling *f, uint16_t status) {
  bool is_stored = status == 0 || status >> 12 == 0xB;
  if (!is_stored && f->result == SCU_OK) f->result = SCU_ERROR_STORAGE;
}

static void stored(void *user, const scu_sink_outcome *outcome) {
  pending *instance = user;
  filling *f = instance->of;
  instance->completion = NULL;
  f->outstanding--;
  note(f, outcome->status);
}

static scu_result hand_in(filling *f, const scu_incoming *incoming, const scu__buffer *bytes) {
  scu_archive *archive = f->archive;
  scu_sink *sink = scu__ingest_sink(archive->ingest);
  scu_sink_outcome outcome = {.size = sizeof outcome};
  void *instance = NULL;
  if (f->count == SCU__DEMO_INSTANCES) return SCU_ERROR_LIMIT;
  pending *kept = &f->instances[f->count];
  kept->of = f;
  scu_result result = sink->begin(sink->user, incoming, &instance, &outcome);
  if (result != SCU_OK) return result;
  result = sink->write(sink->user, instance, bytes->data, bytes->length, &outcome);
  if (result == SCU_OK)
    result =
        scu__completion_new(archive->allocator, scu__loop_completions(archive->loop), stored, kept, &kept->completion);
  if (result != SCU_OK) {
    sink->discard(sink->user, instance);
    return result;
  }
  f->outstanding++;
  f->count++;
  result = sink->finish(sink->user, instance, kept->completion, &outcome);
  if (result == SCU_PENDING) return SCU_OK;
  f->outstanding--;
  if (result == SCU_OK) note(f, outcome.status);
  scu__completion_free(kept->completion);
  kept->completion = NULL;
  return result;
}

static scu_result take_instance(void *user, const scu_dataset *instance, const char *transfer_syntax_uid) {
  filling *f = user;
  const scu_archive *archive = f->archive;
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(transfer_syntax_uid);
  scu__encoding encoding = scu__transfer_syntax_encoding(syntax);
  char sop_class[65], sop_instance[65];
  scu_result result = scu_dataset_text(instance, "SOPClassUID", sop_class, sizeof sop_class);
  if (result == SCU_OK) result = scu_dataset_text(instance, "SOPInstanceUID", sop_instance, sizeof sop_instance);
  if (result != SCU_OK) return SCU_ERROR_USAGE;
  scu_incoming incoming = {.size = sizeof incoming,
                           .sop_class_uid = sop_class,
                           .sop_instance_uid = sop_instance,
                           .transfer_syntax_uid = transfer_syntax_uid,
                           .calling_ae = archive->config->calling_ae.text,
                           .called_ae = archive->config->calling_ae.text,
                           .peer = "",
                           .move_originator_ae = ""};
  scu__buffer bytes;
  scu__buffer_init(&bytes, archive->allocator, DATASET_MAX);
  result = scu__dataset_encode(instance, encoding, &bytes, NULL);
  if (result == SCU_OK) result = hand_in(f, &incoming, &bytes);
  scu__buffer_free(&bytes);
  return result;
}

static scu_result take_item(void *user, const scu_dataset *item) {
  const filling *f = user;
  return scu__index_add_worklist(f->archive->index, item, &f->archive->error);
}

/* What still comes, comes to nobody. */
static void abandon(filling *f) {
  for (size_t i = 0; i < f->count; i++)
    if (f->instances[i].completion) scu__completion_abandon(f->instances[i].completion);
}

/* Until all are answered and, where that is early, their rows are in as well. */
static scu_result fill_instances(filling *f, scu_error *error) {
  scu_result result = scu__demo_make(f->archive->allocator, take_instance, f, error);
  while (f->outstanding > 0 || scu__ingest_is_busy(f->archive->ingest)) {
    scu_result waited = scu_loop_wait(f->archive->loop, 1000);
    if (waited == SCU_OK) continue;
    abandon(f);
    return waited;
  }
  return result == SCU_OK ? f->result : result;
}

/* The index is the ingest's, which has nothing to do now. */
static scu_result fill_worklist(filling *f, scu_error *error) {
  scu__index *index = f->archive->index;
  scu_result result = scu__index_begin(index, error);
  if (result == SCU_OK) result = scu__demo_worklist(f->archive->allocator, take_item, f, error);
  if (result == SCU_OK) return scu__index_commit(index, error);
  scu__index_rollback(index);
  return result;
}

static scu_result find_mark(void *taker, const char *key, const uint8_t *bytes, size_t length) {
  (void)bytes, (void)length;
  if (strcmp(key, MARK) == 0) *(bool *)taker = true;
  return SCU_OK;
}

static scu_result is_wanted(const scu_archive *archive, bool *wanted, scu_error *error) {
  scu__index_counts counts;
  *wanted = false;
  archive->ledger->each(archive->ledger->user, find_mark, wanted);
  if (*wanted) return SCU_OK;
  scu_result result = scu__index_count(archive->index, &counts, error);
  *wanted = result == SCU_OK && counts.instances == 0 && counts.worklist_entries == 0;
  return result;
}

scu_result scu__archive_fill_demo(scu_archive *archive, scu_error *error) {
  filling f = {.archive = archive};
  const scu__ledger *ledger = archive->ledger;
  bool wanted;
  scu_result result = is_wanted(archive, &wanted, error);
  if (result != SCU_OK || !wanted) return result;
  result = ledger->put(ledger->user, MARK, NULL, 0, error);
  if (result == SCU_OK) result = fill_instances(&f, error);
  if (result == SCU_OK) result = fill_worklist(&f, error);
  if (result == SCU_OK) result = ledger->remove(ledger->user, MARK, error);
  if (result != SCU_OK) scu__error_set(error, result, SCU_PHASE_STORAGE, "the demonstration data could not be stored");
  return result;
}
