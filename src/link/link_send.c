/* What goes out: fragments from the outbox to the engine, and from there in batches to the connection - straight from
 * memory, from what sources lend, or through a staging buffer. */
#include "link/link_private.h"

#include <string.h>

#include "base/limits.h"

enum {
  SLICES_SPARE = 8,     /* commands, padding, the short end */
  SHORT_END = 16 * 1024 /* of a message: not worth a batch of its own */
};

/* More of what is lent, but not more than can go as slices: a header and its data for each fragment. */
static size_t batch_size(const scu__link *link) {
  scu__source *source = scu__outbox_source(&link->outbox);
  size_t in_slices = scu__engine_max_fragment(link->engine) * (SCU__SLICES_MAX / 2 - SLICES_SPARE);
  size_t batch = in_slices < link->lent_batch ? in_slices : link->lent_batch;
  if (batch <= SCU__SEND_BATCH || !source || !source->lend || !source->lend(source, 0, 1)) return SCU__SEND_BATCH;
  return batch;
}

/* What does not leave at once takes memory: a slow connection is given less at a time. */
static void note_batch(scu__link *link, bool was_taken_whole) {
  if (!was_taken_whole)
    link->lent_batch = SCU__SEND_BATCH;
  else if (link->lent_batch < SCU__LENT_BATCH)
    link->lent_batch *= 2;
}

/* The short end of a message goes with what is before it. */
static bool is_queueing(const scu__link *link) {
  int state = scu__engine_state(link->engine);
  if ((state != 6 && state != 8) || scu__outbox_is_idle(&link->outbox)) return false;
  size_t queued = scu__engine_queued(link->engine), batch = batch_size(link);
  return queued < batch || (queued < batch + SCU__SEND_BATCH && scu__outbox_rest(&link->outbox) <= SHORT_END);
}

/* Moves fragments from the outbox into the engine until a batch is full. */
static scu_result queue_fragments(scu__link *link, scu_error *error) {
  while (is_queueing(link)) {
    scu__pdv_fragment fragment;
    scu_result result = scu__outbox_next(&link->outbox, scu__engine_max_fragment(link->engine), &fragment, error);
    if (result == SCU_END) return SCU_OK;
    if (result != SCU_OK) return result;
    scu__payload payload = {.bytes = fragment.bytes,
                            .source = fragment.source,
                            .offset = fragment.offset,
                            .length = fragment.length,
                            .has_pad = fragment.pad};
    result = scu__engine_send_pdv(link->engine, fragment.context_id, fragment.is_command, fragment.is_last, &payload);
    if (result != SCU_OK)
      return scu__error_set(error, result, SCU_PHASE_REQUEST, "a message could not be queued on the association");
    if (fragment.message_owner)
      ((scu__exchange *)fragment.message_owner)->sent_to =
          link->sent + link->staging.length - link->staged_sent + scu__engine_queued(link->engine);
    /* The engine has its own copy of bytes; what is kept here may be megabytes, and the next message hours away. */
    if (fragment.is_message_end) scu__outbox_settle(&link->outbox);
    if (fragment.is_message_end && fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  }
  return SCU_OK;
}

static bool has_source(const scu__segment *segments, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (segments[i].source) return true;
  return false;
}

void scu__link_clear_staging(scu__link *link) {
  scu__buffer_clear(&link->staging);
  link->staged_sent = 0;
  if (link->staging.capacity > 2 * SCU__SEND_BATCH) scu__buffer_free(&link->staging);
}

/* Copies everything that is queued into the staging buffer, reading sources: one send per batch, and no reference to
 * a source outlives this call. */
static scu_result stage(scu__link *link, scu_error *error) {
  scu__link_clear_staging(link);
  scu__segment segments[SCU__SLICES_MAX];
  for (size_t count; (count = scu__engine_output(link->engine, segments, SCU__SLICES_MAX)) > 0;) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
      const scu__segment *segment = &segments[i];
      uint8_t *to = scu__buffer_reserve(&link->staging, segment->length);
      if (!to) return scu__error_memory(error, SCU_PHASE_REQUEST);
      if (segment->bytes) {
        memcpy(to, segment->bytes, segment->length);
      } else {
        scu_result result = segment->source->read_at(segment->source, segment->offset, to, segment->length, error);
        if (result != SCU_OK) return result;
      }
      scu__buffer_commit(&link->staging, segment->length);
      total += segment->length;
    }
    scu__engine_sent(link->engine, total);
  }
  return SCU_OK;
}

static scu_result send_slices(scu__link *link, const scu__slice *slices, size_t count, size_t *sent, scu_error *error) {
  *sent = 0;
  scu_result result = link->transport->send(link->transport, slices, count, sent, error);
  link->moved += *sent;
  link->sent += *sent;
  return result;
}

/* SCU_OK: the staging buffer is empty. */
static scu_result send_staged(scu__link *link, scu_error *error) {
  while (link->staged_sent < link->staging.length) {
    scu__slice slice = {link->staging.data + link->staged_sent, link->staging.length - link->staged_sent};
    size_t sent;
    scu_result result = send_slices(link, &slice, 1, &sent, error);
    if (result != SCU_OK) return result;
    link->staged_sent += sent;
  }
  scu__link_clear_staging(link);
  return SCU_OK;
}

/* What a saboteur lets through: the staging buffer is empty. */
static scu_result send_sabotaged(scu__link *link, scu_error *error) {
  if (link->is_mute) {
    scu__engine_sent(link->engine, scu__engine_queued(link->engine));
    return SCU_END;
  }
  scu_result result = queue_fragments(link, error);
  if (result == SCU_OK && scu__engine_queued(link->engine) == 0) return SCU_END;
  if (result == SCU_OK) result = stage(link, error);
  link->staging.length /= 2;
  link->is_mute = link->closes_when_sent = true;
  return result;
}

/* The bytes of the segments, lent by their sources; false when one of them has to be read. */
static bool lend(const scu__segment *segments, size_t count, scu__slice *slices) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *bytes = segments[i].bytes;
    scu__source *source = segments[i].source;
    if (source && source->lend) bytes = source->lend(source, segments[i].offset, segments[i].length);
    if (!bytes) return false;
    slices[i] = (scu__slice){bytes, segments[i].length};
  }
  return true;
}

/* One batch: fills the engine, then sends straight from its memory and from what sources lend, or through the staging
 * buffer. What is left of a source's bytes is staged, so that no reference outlives this call. SCU_END: nothing to
 * send. */
scu_result scu__link_send_batch(scu__link *link, scu_error *error) {
  scu_result result = send_staged(link, error);
  if (result != SCU_OK) return result;
  if (link->is_mute || link->is_cutting) return send_sabotaged(link, error);
  result = queue_fragments(link, error);
  if (result != SCU_OK) return result;
  scu__segment segments[SCU__SLICES_MAX];
  scu__slice slices[SCU__SLICES_MAX];
  size_t count = scu__engine_output(link->engine, segments, SCU__SLICES_MAX);
  if (count == 0) return SCU_END;
  bool has_file = has_source(segments, count);
  if (count == SCU__SLICES_MAX || !lend(segments, count, slices)) return stage(link, error);
  size_t sent;
  result = send_slices(link, slices, count, &sent, error);
  if (sent > 0) scu__engine_sent(link->engine, sent);
  link->is_front_cut = scu__engine_queued(link->engine) > 0;
  if (has_file) note_batch(link, !link->is_front_cut);
  if (!has_file || !link->is_front_cut || (result < 0 && result != SCU_ERROR_STORAGE)) return result;
  scu_result staged = stage(link, error); /* a file that has shrunk is told of here */
  if (staged == SCU_OK) link->is_front_cut = false;
  return staged;
}
