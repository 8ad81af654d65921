/* Completions: the promise of one finish, posted from any thread, run on the loop that waits for it. */
#include "listener/sink.h"

#include <string.h>

#include "base/alloc.h"
#include "base/versioned.h"
#include "dimse/status.h"

/* Texts kept for an outcome, newest first. */
typedef struct kept {
  struct kept *next;
  char text[];
} kept;

struct scu_completion {
  scu__posted posted; /* first: what is posted is the completion */
  const scu_allocator *allocator;
  scu__completions *queue;
  scu__completion_done done, placed; /* placed: may be NULL */
  void *user;
  bool is_abandoned; /* loop's thread only */
  scu_sink_outcome outcome;
  kept *texts;
};

static void completion_run(scu__posted *posted) {
  scu_completion *completion = (scu_completion *)posted;
  if (!completion->is_abandoned) completion->done(completion->user, &completion->outcome);
  scu__completion_free(completion);
}

static void completion_drop(scu__posted *posted) {
  scu__completion_free((scu_completion *)posted);
}

scu_result scu__completion_new(const scu_allocator *allocator, scu__completions *queue, scu__completion_done done,
                               void *user, scu_completion **out) {
  scu_completion *completion = scu__alloc(allocator, sizeof *completion);
  *out = completion;
  if (!completion) return SCU_ERROR_MEMORY;
  completion->posted.run = completion_run;
  completion->posted.drop = completion_drop;
  completion->allocator = allocator;
  completion->queue = scu__completions_retain(queue);
  completion->done = done;
  completion->user = user;
  return SCU_OK;
}

void scu__completion_on_placed(scu_completion *completion, scu__completion_done placed) {
  completion->placed = placed;
}

bool scu__completion_wants_placed(const scu_completion *completion) {
  return completion->placed != NULL;
}

void scu__completion_tell_placed(const scu_completion *completion, const scu_sink_outcome *outcome) {
  completion->placed(completion->user, outcome);
}

void scu__completion_free(scu_completion *completion) {
  if (!completion) return;
  while (completion->texts) {
    kept *next = completion->texts->next;
    scu__free(completion->allocator, completion->texts);
    completion->texts = next;
  }
  scu__completions_release(completion->queue);
  scu__free(completion->allocator, completion);
}

void scu__completion_abandon(scu_completion *completion) {
  completion->is_abandoned = true;
}

const char *scu_completion_keep(scu_completion *completion, const char *text) {
  if (!text) return NULL;
  size_t length = strlen(text);
  kept *copy = scu__alloc(completion->allocator, sizeof *copy + length + 1);
  if (!copy) return NULL;
  memcpy(copy->text, text, length + 1);
  copy->next = completion->texts;
  completion->texts = copy;
  return copy->text;
}

void scu_completion_post(scu_completion *completion, const scu_sink_outcome *outcome) {
  size_t size = outcome->size > 0 && outcome->size < sizeof *outcome ? outcome->size : sizeof *outcome;
  memcpy(&completion->outcome, outcome, size);
  completion->outcome.size = sizeof completion->outcome;
  completion->outcome.comment = scu_completion_keep(completion, completion->outcome.comment);
  completion->outcome.path = scu_completion_keep(completion, completion->outcome.path);
  completion->outcome.study_instance_uid = scu_completion_keep(completion, completion->outcome.study_instance_uid);
  completion->outcome.series_instance_uid = scu_completion_keep(completion, completion->outcome.series_instance_uid);
  /* The loop may drain and free the completion before the post has returned. */
  scu__completions *queue = scu__completions_retain(completion->queue);
  scu__completions_post(queue, &completion->posted);
  scu__completions_release(queue);
}

scu_result scu__sink_check(const scu_sink *sink, scu_error *error) {
  bool is_whole = scu__versioned_reaches(sink, SCU__SIZE_THROUGH(scu_sink, user)) && sink->begin && sink->write &&
                  sink->finish && sink->discard;
  if (is_whole) return SCU_OK;
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the sink has no size or lacks a function");
}

uint16_t scu__sink_status(scu_result result, const scu_sink_outcome *outcome) {
  if (outcome && outcome->status != 0) return outcome->status;
  switch (result) {
  case SCU_OK: return SCU__STATUS_SUCCESS;
  case SCU_ERROR_STORAGE:
  case SCU_ERROR_MEMORY:
  case SCU_ERROR_LIMIT: return SCU__STATUS_OUT_OF_RESOURCES;
  default: return SCU__STATUS_CANNOT_UNDERSTAND;
  }
}
