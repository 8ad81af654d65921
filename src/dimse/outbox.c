/* Messages out: a list of encoded commands with their payloads, fragmented from the front. */
#include "dimse/outbox.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"

/* What is kept of sent messages: enough for streams of small ones, matches above all. */
enum { SPARE_MAX = 128, SPARE_BYTES_MAX = 2048 };

typedef enum item_stage { STAGE_COMMAND, STAGE_DATA } item_stage;

struct scu__outbox_item {
  scu__outbox_item *next;
  uint8_t context_id;
  scu__message_payload payload;
  item_stage stage;
  bool has_started;
  bool is_ended_early;
  scu__buffer command; /* encoded */
  size_t command_sent;
  scu__buffer bytes;
  scu__source *source;
  uint64_t offset, left; /* BYTES and RANGE: what is still to go */
  scu__producer *producer;
  uint64_t data_sent;
  size_t held;
  void *owner;
  void *note; /* the observer's */
};

/* --- items --- */

static void close_producer(scu__producer *producer) {
  if (producer && producer->close) producer->close(producer);
}

void scu__message_free(scu__message *message) {
  scu__buffer_free(&message->bytes);
  close_producer(message->producer);
  memset(message, 0, sizeof *message);
}

static void let_go_of_payload(scu__outbox_item *item) {
  scu__buffer_free(&item->bytes);
  close_producer(item->producer);
  item->producer = NULL;
  item->source = NULL;
  item->left = 0;
}

static void drop_note(const scu__outbox *outbox, void *note) {
  if (note) outbox->observer->dropped(outbox->observer->user, note);
}

static void free_item(const scu__outbox *outbox, scu__outbox_item *item) {
  if (!item) return;
  drop_note(outbox, item->note);
  let_go_of_payload(item);
  scu__buffer_free(&item->command);
  scu__free(outbox->allocator, item);
}

static bool is_worth_keeping(const scu__outbox *outbox, const scu__buffer *buffer) {
  return buffer->data && buffer->allocator == outbox->allocator && buffer->capacity <= SPARE_BYTES_MAX;
}

/* Empties the item for the next message; its command buffer stays, and its payload buffer if it is a small one. */
static void put_aside(scu__outbox *outbox, scu__outbox_item *item) {
  scu__buffer bytes = {0};
  if (is_worth_keeping(outbox, &item->bytes)) {
    bytes = item->bytes;
    memset(&item->bytes, 0, sizeof item->bytes);
  }
  let_go_of_payload(item);
  *item = (scu__outbox_item){.next = outbox->spare, .command = item->command, .bytes = bytes};
  outbox->spare = item;
  outbox->spare_count++;
}

static void drop_finished(scu__outbox *outbox) {
  scu__outbox_item *item = outbox->finished;
  if (!item) return;
  if (!item->note && outbox->spare_count < SPARE_MAX && is_worth_keeping(outbox, &item->command))
    put_aside(outbox, item);
  else
    free_item(outbox, item);
  outbox->finished = NULL;
}

static void tell_sent(const scu__outbox *outbox) {
  scu__outbox_item *item = outbox->finished;
  if (!item || !item->note) return;
  void *note = item->note;
  item->note = NULL;
  outbox->observer->sent(outbox->observer->user, note, item->bytes.data, item->data_sent);
}

/* One without payload, its command buffer empty; NULL when there is no memory. */
static scu__outbox_item *take_item(scu__outbox *outbox) {
  scu__outbox_item *item = outbox->spare;
  if (!item) {
    item = scu__alloc(outbox->allocator, sizeof *item);
    if (item) scu__buffer_init(&item->command, outbox->allocator, SCU__COMMAND_MAX);
    return item;
  }
  outbox->spare = item->next;
  outbox->spare_count--;
  item->next = NULL;
  scu__buffer_free(&item->bytes);
  scu__buffer_clear(&item->command);
  return item;
}

void scu__outbox_lend(scu__outbox *outbox, size_t maximum, scu__buffer *bytes) {
  scu__outbox_item *item = outbox->spare;
  if (!item || !item->bytes.data) {
    scu__buffer_init(bytes, outbox->allocator, maximum);
    return;
  }
  *bytes = item->bytes;
  bytes->maximum = maximum;
  scu__buffer_clear(bytes);
  memset(&item->bytes, 0, sizeof item->bytes);
}

void scu__outbox_trim(scu__outbox *outbox) {
  while (outbox->spare) {
    scu__outbox_item *item = outbox->spare;
    outbox->spare = item->next;
    free_item(outbox, item);
  }
  outbox->spare_count = 0;
}

void scu__outbox_init(scu__outbox *outbox, const scu_allocator *allocator) {
  memset(outbox, 0, sizeof *outbox);
  outbox->allocator = scu__allocator_or_default(allocator);
  /* One byte more than a fragment: it tells whether the fragment is the last. */
  scu__buffer_init(&outbox->staging, allocator, SCU__PDU_LENGTH_MAX + 1);
}

void scu__outbox_free(scu__outbox *outbox) {
  drop_finished(outbox);
  scu__outbox_trim(outbox);
  while (outbox->first) {
    scu__outbox_item *item = outbox->first;
    outbox->first = item->next;
    free_item(outbox, item);
  }
  scu__buffer_free(&outbox->staging);
  memset(outbox, 0, sizeof *outbox);
}

bool scu__outbox_is_idle(const scu__outbox *outbox) {
  return outbox->count == 0;
}
size_t scu__outbox_count(const scu__outbox *outbox) {
  return outbox->count;
}
size_t scu__outbox_held(const scu__outbox *outbox) {
  return outbox->held;
}

/* --- pushing --- */

static uint64_t payload_length(const scu__message *message) {
  if (message->payload == SCU__PAYLOAD_BYTES) return message->bytes.length;
  return message->payload == SCU__PAYLOAD_RANGE ? message->length : 0;
}

static bool is_payload_sound(const scu__message *message) {
  switch (message->payload) {
  case SCU__PAYLOAD_NONE: return true;
  case SCU__PAYLOAD_BYTES: return message->bytes.length > 0;
  case SCU__PAYLOAD_PRODUCER: return message->producer != NULL;
  case SCU__PAYLOAD_RANGE:
    return message->source != NULL && message->length > 0 && message->length <= UINT64_MAX - message->offset;
  }
  return false;
}

static void set_data_set_type(scu__message *message) {
  scu__command *command = &message->command;
  command->data_set_type = message->payload == SCU__PAYLOAD_NONE ? SCU__NO_DATASET : SCU__WITH_DATASET;
  command->present |= SCU__HAS_DATA_SET_TYPE;
}

static scu_result encode_command(scu__outbox_item *item, scu__message *message) {
  set_data_set_type(message);
  /* Puts are sticky: bytes that could not be gathered must not go out as if they were all. */
  if (message->payload == SCU__PAYLOAD_BYTES && scu__buffer_result(&message->bytes) != SCU_OK)
    return scu__buffer_result(&message->bytes);
  if (!is_payload_sound(message) || (scu__command_missing(&message->command) & SCU__HAS_DATA_SET_TYPE))
    return SCU_ERROR_USAGE;
  return scu__command_encode(&message->command, &item->command);
}

static void move_payload(scu__outbox_item *item, scu__message *message) {
  item->context_id = message->context_id;
  item->payload = message->payload;
  item->left = payload_length(message);
  item->offset = message->payload == SCU__PAYLOAD_RANGE ? message->offset : 0;
  item->source = message->payload == SCU__PAYLOAD_RANGE ? message->source : NULL;
  item->bytes = message->bytes;
  item->held = item->command.length + item->bytes.length;
  item->producer = message->producer;
  item->owner = message->owner;
  memset(message, 0, sizeof *message);
}

static void append(scu__outbox *outbox, scu__outbox_item *item) {
  if (outbox->last)
    outbox->last->next = item;
  else
    outbox->first = item;
  outbox->last = item;
  outbox->count++;
  outbox->held += item->held;
}

static scu_result queue(scu__outbox *outbox, scu__message *message, void *note) {
  scu__outbox_item *item = take_item(outbox);
  scu_result result = item ? encode_command(item, message) : SCU_ERROR_MEMORY;
  if (result != SCU_OK) {
    free_item(outbox, item);
    return result;
  }
  move_payload(item, message);
  item->note = note;
  append(outbox, item);
  return SCU_OK;
}

scu_result scu__outbox_push(scu__outbox *outbox, scu__message *message) {
  void *note = NULL;
  scu_result result = SCU_OK;
  if (outbox->observer) result = outbox->observer->pushing(outbox->observer->user, message, &note);
  if (result == SCU_OK) result = queue(outbox, message, note);
  if (result == SCU_OK) return SCU_OK;
  drop_note(outbox, note);
  scu__message_free(message);
  return result;
}

/* --- fragmenting --- */

/* The item stays until the next call, for the fragment may borrow from it. */
static void finish_first(scu__outbox *outbox) {
  scu__outbox_item *item = outbox->first;
  outbox->first = item->next;
  if (!outbox->first) outbox->last = NULL;
  outbox->count--;
  outbox->held -= item->held;
  outbox->finished = item;
}

static void next_of_command(scu__outbox_item *item, size_t max_fragment, scu__pdv_fragment *out) {
  size_t left = item->command.length - item->command_sent;
  out->is_command = true;
  out->bytes = item->command.data + item->command_sent;
  out->length = left < max_fragment ? left : max_fragment;
  item->command_sent += out->length;
  out->is_last = out->length == left;
  if (!out->is_last) return;
  item->stage = STAGE_DATA;
  out->is_message_end = item->payload == SCU__PAYLOAD_NONE;
}

static void next_of_known_length(scu__outbox_item *item, size_t max_fragment, scu__pdv_fragment *out) {
  out->length = item->left < max_fragment ? (size_t)item->left : max_fragment;
  out->is_last = out->length == item->left;
  out->pad = (out->length & 1) != 0; /* only the last one can be odd */
  if (item->source) {
    out->source = item->source;
    out->offset = item->offset;
  } else {
    out->bytes = item->bytes.data + item->offset;
  }
  item->offset += out->length;
  item->left -= out->length;
}

/* Reads until `wanted` bytes are staged or there are no more; *is_end says which. */
static scu_result fill_staging(scu__buffer *staging, scu__producer *producer, size_t wanted, bool *is_end,
                               scu_error *error) {
  *is_end = false;
  while (staging->length < wanted) {
    size_t room = wanted - staging->length, got = 0;
    uint8_t *to = scu__buffer_reserve(staging, room);
    if (!to) return scu__error_memory(error, SCU_PHASE_REQUEST);
    scu_result result = producer->read(producer, to, room, &got, error);
    if (result == SCU_END) {
      *is_end = true;
      return SCU_OK;
    }
    if (result != SCU_OK) return result;
    if (got == 0 || got > room)
      return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_REQUEST, "producer gave %zu of %zu bytes", got, room);
    scu__buffer_commit(staging, got);
  }
  return SCU_OK;
}

static scu_result next_of_producer(scu__outbox *outbox, size_t max_fragment, scu__pdv_fragment *out, scu_error *error) {
  bool is_end;
  scu__buffer *staging = &outbox->staging;
  scu_result result = fill_staging(staging, outbox->first->producer, max_fragment + 1, &is_end, error);
  if (result != SCU_OK) return result;
  if (staging->length == 0)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_REQUEST, "a data set without a single byte");
  out->is_last = is_end && staging->length <= max_fragment;
  out->length = out->is_last ? staging->length : max_fragment;
  out->pad = (out->length & 1) != 0;
  out->bytes = staging->data;
  return SCU_OK;
}

/* Removes from the staging what the last fragment lent out. */
static void return_staging(scu__outbox *outbox) {
  scu__buffer_drop_front(&outbox->staging, outbox->staged);
  outbox->staged = 0;
}

/* A PDV without fragment bytes must not be sent (PS3.8 E), so the shortest end there is: two NULs. */
static void end_of_refused(scu__pdv_fragment *out) {
  static const uint8_t nuls[2] = {0, 0};
  out->bytes = nuls;
  out->length = sizeof nuls;
  out->is_last = true;
}

static scu_result next_of_data(scu__outbox *outbox, size_t max_fragment, scu__pdv_fragment *out, scu_error *error) {
  scu__outbox_item *item = outbox->first;
  if (item->is_ended_early) {
    end_of_refused(out);
  } else if (item->producer) {
    scu_result result = next_of_producer(outbox, max_fragment, out, error);
    if (result != SCU_OK) return result;
    outbox->staged = out->length;
  } else {
    next_of_known_length(item, max_fragment, out);
  }
  item->data_sent += out->length;
  out->is_message_end = out->is_last;
  return SCU_OK;
}

void scu__outbox_settle(scu__outbox *outbox) {
  tell_sent(outbox);
  drop_finished(outbox);
}

scu_result scu__outbox_next(scu__outbox *outbox, size_t max_fragment, scu__pdv_fragment *out, scu_error *error) {
  *out = (scu__pdv_fragment){0};
  scu__outbox_settle(outbox);
  return_staging(outbox);
  scu__outbox_item *item = outbox->first;
  if (!item) return SCU_END;
  if (max_fragment > SCU__PDU_LENGTH_MAX) max_fragment = SCU__PDU_LENGTH_MAX;
  max_fragment &= ~(size_t)1;
  if (max_fragment == 0)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_REQUEST, "fragments of less than 2 bytes");
  item->has_started = true;
  out->context_id = item->context_id;
  out->message_owner = item->owner;
  if (item->stage == STAGE_COMMAND) {
    next_of_command(item, max_fragment, out);
  } else {
    scu_result result = next_of_data(outbox, max_fragment, out, error);
    if (result != SCU_OK) return result;
  }
  if (out->is_message_end) finish_first(outbox);
  return SCU_OK;
}

size_t scu__outbox_rest(const scu__outbox *outbox) {
  const scu__outbox_item *item = outbox->first;
  bool is_known = item && item->stage == STAGE_DATA && !item->producer && item->left < SIZE_MAX;
  return is_known ? (size_t)item->left : SIZE_MAX;
}

scu__source *scu__outbox_source(const scu__outbox *outbox) {
  return outbox->first ? outbox->first->source : NULL;
}

/* --- by owner --- */

bool scu__outbox_remove(scu__outbox *outbox, const void *owner) {
  bool was_any = false;
  scu__outbox_item **link = &outbox->first;
  outbox->last = NULL;
  while (*link) {
    scu__outbox_item *item = *link;
    if (item->owner == owner && !item->has_started) {
      *link = item->next;
      outbox->count--;
      outbox->held -= item->held;
      free_item(outbox, item);
      was_any = true;
      continue;
    }
    outbox->last = item;
    link = &item->next;
  }
  return was_any;
}

void scu__outbox_disown(scu__outbox *outbox, const void *owner) {
  for (scu__outbox_item *item = outbox->first; item; item = item->next)
    if (item->owner == owner) item->owner = NULL;
}

bool scu__outbox_has(const scu__outbox *outbox, const void *owner) {
  for (const scu__outbox_item *item = outbox->first; item; item = item->next)
    if (item->owner == owner) return true;
  return false;
}

bool scu__outbox_is_sending(const scu__outbox *outbox, const void *owner) {
  return outbox->first && outbox->first->has_started && outbox->first->owner == owner;
}

void scu__outbox_end_early(scu__outbox *outbox, const void *owner) {
  if (scu__outbox_is_sending(outbox, owner) && outbox->first->payload != SCU__PAYLOAD_NONE) {
    let_go_of_payload(outbox->first);
    outbox->first->is_ended_early = true;
    scu__buffer_clear(&outbox->staging);
    outbox->staged = 0;
  }
  scu__outbox_remove(outbox, owner);
}
