/* Passes everything on, but for what the rules change. A status that says "stored" is put over the true one. */
#include "archive/fault_sink.h"

#include "dimse/status.h"
#include "listener/sink.h"

typedef struct item {
  scu__fault_sink *sink;
  scu__fault_hits hits;
  void *instance; /* of the sink behind */
  scu_completion *outer;
} item;

static const scu_allocator *allocator_of(const scu__fault_sink *self) {
  return scu__loop_allocator(self->loop);
}

static bool says_stored(uint16_t status) {
  return status == SCU__STATUS_SUCCESS || status >> 12 == 0xB;
}

static void put_status(const item *i, scu_sink_outcome *outcome) {
  const scu__fault_rule *rule = scu__fault_find(i->hits, SCU__FAULT_STATUS, 0);
  if (!rule || !says_stored(outcome->status)) return;
  outcome->status = rule->status;
  outcome->comment = "on purpose: --fault";
}

static scu_result begin(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome) {
  scu__fault_sink *self = user;
  item *i = scu__alloc(allocator_of(self), sizeof *i);
  if (!i) return SCU_ERROR_MEMORY;
  i->sink = self;
  i->hits = scu__fault_reach(self->fault, SCU__FAULT_INGEST);
  scu_result result = self->behind->begin(self->behind->user, incoming, &i->instance, outcome);
  if (result == SCU_OK)
    *instance = i;
  else
    scu__free(allocator_of(self), i);
  return result;
}

static scu_result write(void *user, void *instance, const uint8_t *bytes, size_t length, scu_sink_outcome *outcome) {
  scu__fault_sink *self = user;
  item *i = instance;
  if (!scu__fault_has(i->hits, SCU__FAULT_FULL))
    return self->behind->write(self->behind->user, i->instance, bytes, length, outcome);
  outcome->status = SCU__STATUS_OUT_OF_RESOURCES;
  outcome->comment = "no space left on device";
  return SCU_ERROR_STORAGE;
}

static void discard(void *user, void *instance) {
  scu__fault_sink *self = user;
  item *i = instance;
  self->behind->discard(self->behind->user, i->instance);
  scu__free(allocator_of(self), i);
}

static void stored(void *user, const scu_sink_outcome *outcome) {
  item *i = user;
  scu_sink_outcome said = *outcome;
  put_status(i, &said);
  scu_completion_post(i->outer, &said);
  scu__free(allocator_of(i->sink), i);
}

/* Kept, and then said otherwise. */
static scu_result finish_kept(scu__fault_sink *self, item *i, scu_completion *outer, scu_sink_outcome *outcome) {
  scu_completion *inner = NULL;
  i->outer = outer;
  scu_result result = scu__completion_new(allocator_of(self), scu__loop_completions(self->loop), stored, i, &inner);
  if (result != SCU_OK) {
    discard(self, i);
    return result;
  }
  result = self->behind->finish(self->behind->user, i->instance, inner, outcome);
  if (result == SCU_PENDING) return result;
  outcome->path = scu_completion_keep(outer, outcome->path);
  outcome->comment = scu_completion_keep(outer, outcome->comment);
  outcome->study_instance_uid = outcome->series_instance_uid = NULL;
  if (result == SCU_OK) put_status(i, outcome);
  scu__completion_free(inner);
  scu__free(allocator_of(self), i);
  return result;
}

static scu_result finish(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome) {
  scu__fault_sink *self = user;
  item *i = instance;
  const scu__fault_rule *status = scu__fault_find(i->hits, SCU__FAULT_STATUS, 0);
  bool is_lost = scu__fault_has(i->hits, SCU__FAULT_LOSE) || (status && !says_stored(status->status));
  if (!is_lost) return finish_kept(self, i, completion, outcome);
  put_status(i, outcome);
  discard(self, i);
  return SCU_OK;
}

void scu__fault_sink_init(scu__fault_sink *self, scu__fault *fault, scu_sink *behind, scu_loop *loop) {
  *self = (scu__fault_sink){.fault = fault, .behind = behind, .loop = loop};
  self->sink = (scu_sink){
      .size = sizeof self->sink, .begin = begin, .write = write, .finish = finish, .discard = discard, .user = self};
}
