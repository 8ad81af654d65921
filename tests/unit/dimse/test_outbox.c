/* Fragments out: sizes, padding, order, owners, producers of every manner, allocation failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "dimse/outbox.h"
#include "support/failing_allocator.h"

static uint8_t pattern[5000];

static int make_pattern(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (uint8_t)(i * 7 + i / 256);
  return 0;
}

/* --- a producer that gives at most `step` bytes at a time, and may fail on the way --- */

typedef struct test_producer {
  scu__producer producer;
  size_t position, size, step, fail_at;
  int *closed;
} test_producer;

static scu_result test_read(scu__producer *self, uint8_t *to, size_t room, size_t *got, scu_error *error) {
  test_producer *producer = (test_producer *)self;
  if (producer->position >= producer->fail_at)
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "the disk is gone");
  size_t left = producer->size - producer->position;
  if (left == 0) return SCU_END;
  *got = left < producer->step ? left : producer->step;
  if (*got > room) *got = room;
  memcpy(to, pattern + producer->position, *got);
  producer->position += *got;
  return SCU_OK;
}

static void test_close(scu__producer *self) {
  ++*((test_producer *)self)->closed;
}

static test_producer make_producer(size_t size, size_t step, int *closed) {
  return (test_producer){.producer = {.read = test_read, .close = test_close},
                         .size = size,
                         .step = step,
                         .fail_at = SIZE_MAX,
                         .closed = closed};
}

/* --- messages --- */

static scu__message store_message(void *owner) {
  scu__uid class_uid = {"1.2.840.10008.5.1.4.1.1.7"}, instance = {"1.2.3.4"};
  scu__message message = {.context_id = 3, .owner = owner};
  scu__request_init(&message.command, SCU__C_STORE_RQ, 11, &class_uid);
  message.command.affected_sop_instance = instance;
  message.command.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  return message;
}

static scu__message bytes_message(void *owner, size_t length) {
  scu__message message = store_message(owner);
  message.payload = SCU__PAYLOAD_BYTES;
  scu__buffer_init(&message.bytes, NULL, sizeof pattern);
  scu__put_bytes(&message.bytes, pattern, length);
  return message;
}

static scu__message echo_message(void *owner, uint8_t context_id) {
  scu__uid class_uid = {"1.2.840.10008.1.1"};
  scu__message message = {.context_id = context_id, .owner = owner};
  scu__request_init(&message.command, SCU__C_ECHO_RQ, 1, &class_uid);
  return message;
}

/* Everything that comes out of one message, checked on the way. */
typedef struct gathered {
  scu__buffer command, data;
  size_t data_fragments, pads;
} gathered;

static void take_fragment_bytes(const scu__pdv_fragment *fragment, scu__buffer *to) {
  if (fragment->source) {
    uint8_t *room = scu__buffer_reserve(to, fragment->length);
    assert_int_equal(fragment->source->read_at(fragment->source, fragment->offset, room, fragment->length, NULL),
                     SCU_OK);
    scu__buffer_commit(to, fragment->length);
  } else {
    scu__put_bytes(to, fragment->bytes, fragment->length);
  }
}

static gathered gather(scu__outbox *outbox, size_t max_fragment, const void *owner) {
  gathered all = {0};
  scu__buffer_init(&all.command, NULL, 100000);
  scu__buffer_init(&all.data, NULL, 100000);
  bool is_over = false, was_command_last = false;
  while (!is_over) {
    scu__pdv_fragment fragment;
    assert_int_equal(scu__outbox_next(outbox, max_fragment, &fragment, NULL), SCU_OK);
    assert_int_equal(fragment.context_id, 3);
    assert_ptr_equal(fragment.message_owner, owner);
    assert_true(fragment.length > 0);
    assert_true(fragment.length + fragment.pad <= max_fragment);
    assert_int_equal((fragment.length + fragment.pad) % 2, 0);
    assert_true(!fragment.pad || fragment.is_last);
    assert_int_equal(fragment.is_command, !was_command_last);
    if (fragment.is_command && fragment.is_last) was_command_last = true;
    take_fragment_bytes(&fragment, fragment.is_command ? &all.command : &all.data);
    if (!fragment.is_command) all.data_fragments++;
    all.pads += fragment.pad;
    is_over = fragment.is_message_end;
  }
  return all;
}

static void check_gathered(gathered *all, size_t length, size_t max_fragment) {
  scu__command command;
  assert_int_equal(scu__command_decode(all->command.data, all->command.length, &command, NULL), SCU_OK);
  assert_int_equal(command.field, SCU__C_STORE_RQ);
  assert_true(scu__command_has_dataset(&command));
  assert_int_equal(all->data.length, length);
  assert_memory_equal(all->data.data, pattern, length);
  assert_int_equal(all->pads, length & 1);
  size_t room = max_fragment & ~(size_t)1;
  assert_int_equal(all->data_fragments, (length + room - 1) / room);
  scu__buffer_free(&all->command);
  scu__buffer_free(&all->data);
}

static const size_t lengths[] = {1, 2, 3, 99, 100, 101, 199, 200, 201, 300, 4999, 5000};
static const size_t rooms[] = {2, 3, 4, 100, 101, 4096, 1u << 20};

#define EACH(index, array) for (size_t index = 0; index < sizeof array / sizeof *array; index++)

static void test_bytes_of_every_length_arrive_in_even_fragments(void **state) {
  (void)state;
  EACH(l, lengths) EACH(r, rooms) {
    scu__outbox outbox;
    scu__outbox_init(&outbox, NULL);
    scu__message message = bytes_message(&outbox, lengths[l]);
    assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
    assert_null(message.bytes.data);
    gathered all = gather(&outbox, rooms[r], &outbox);
    check_gathered(&all, lengths[l], rooms[r]);
    assert_true(scu__outbox_is_idle(&outbox));
    scu__outbox_free(&outbox);
  }
}

static void test_range_of_every_length_names_source_and_offset(void **state) {
  (void)state;
  uint8_t file[5010];
  memcpy(file + 10, pattern, 5000);
  scu__memory_source source;
  scu__memory_source_init(&source, file, sizeof file);
  EACH(l, lengths) EACH(r, rooms) {
    scu__outbox outbox;
    scu__outbox_init(&outbox, NULL);
    scu__message message = store_message(&source);
    message.payload = SCU__PAYLOAD_RANGE;
    message.source = &source.source;
    message.offset = 10;
    message.length = lengths[l];
    assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
    gathered all = gather(&outbox, rooms[r], &source);
    check_gathered(&all, lengths[l], rooms[r]);
    scu__outbox_free(&outbox);
  }
}

static void test_producer_of_every_length_and_manner_is_cut_alike(void **state) {
  (void)state;
  static const size_t steps[] = {1, 7, 100, 5000};
  EACH(l, lengths) EACH(r, rooms) EACH(s, steps) {
    int closed = 0;
    test_producer producer = make_producer(lengths[l], steps[s], &closed);
    scu__outbox outbox;
    scu__outbox_init(&outbox, NULL);
    scu__message message = store_message(NULL);
    message.payload = SCU__PAYLOAD_PRODUCER;
    message.producer = &producer.producer;
    assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
    gathered all = gather(&outbox, rooms[r], NULL);
    check_gathered(&all, lengths[l], rooms[r]);
    scu__outbox_free(&outbox);
    assert_int_equal(closed, 1);
  }
}

static void test_producer_that_fails_is_reported_with_its_owner_and_closed(void **state) {
  (void)state;
  int closed = 0;
  test_producer producer = make_producer(1000, 10, &closed);
  producer.fail_at = 250;
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  scu__message message = store_message(&producer);
  message.payload = SCU__PAYLOAD_PRODUCER;
  message.producer = &producer.producer;
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
  scu__pdv_fragment fragment;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = SCU_OK;
  size_t fragments = 0;
  while ((result = scu__outbox_next(&outbox, 100, &fragment, &error)) == SCU_OK) fragments += !fragment.is_command;
  assert_int_equal(result, SCU_ERROR_STORAGE);
  assert_int_equal(fragments, 2);
  assert_ptr_equal(fragment.message_owner, &producer);
  assert_string_equal(scu_error_reason(&error), "the disk is gone");
  scu__outbox_free(&outbox);
  assert_int_equal(closed, 1);
}

static void test_messages_go_in_order_and_never_interleave(void **state) {
  (void)state;
  int a, b;
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  scu__message first = bytes_message(&a, 500), second = echo_message(&b, 5);
  assert_int_equal(scu__outbox_push(&outbox, &first), SCU_OK);
  assert_int_equal(scu__outbox_push(&outbox, &second), SCU_OK);
  assert_int_equal(scu__outbox_count(&outbox), 2);
  bool is_second = false;
  scu__pdv_fragment fragment;
  while (scu__outbox_next(&outbox, 50, &fragment, NULL) == SCU_OK) {
    assert_int_equal(fragment.context_id, is_second ? 5 : 3);
    assert_ptr_equal(fragment.message_owner, is_second ? (void *)&b : (void *)&a);
    if (fragment.is_message_end) is_second = true;
  }
  assert_true(is_second);
  assert_int_equal(scu__outbox_count(&outbox), 0);
  assert_int_equal(scu__outbox_next(&outbox, 50, &fragment, NULL), SCU_END);
  scu__outbox_free(&outbox);
}

static void test_only_messages_that_have_not_started_are_removed(void **state) {
  (void)state;
  int a, b;
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  scu__message message = bytes_message(&a, 500);
  scu__outbox_push(&outbox, &message);
  message = bytes_message(&a, 10);
  scu__outbox_push(&outbox, &message);
  message = echo_message(&b, 5);
  scu__outbox_push(&outbox, &message);
  message = bytes_message(&a, 10);
  scu__outbox_push(&outbox, &message);
  scu__pdv_fragment fragment;
  assert_int_equal(scu__outbox_next(&outbox, 50, &fragment, NULL), SCU_OK);
  assert_true(scu__outbox_is_sending(&outbox, &a));
  assert_true(scu__outbox_remove(&outbox, &a));
  assert_false(scu__outbox_remove(&outbox, &a));
  assert_int_equal(scu__outbox_count(&outbox), 2);
  assert_true(scu__outbox_has(&outbox, &a));
  scu__outbox_disown(&outbox, &a);
  assert_false(scu__outbox_has(&outbox, &a));
  message = echo_message(&b, 7);
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK); /* the list still knows its end */
  size_t ends = 0;
  while (scu__outbox_next(&outbox, 50, &fragment, NULL) == SCU_OK) {
    if (fragment.context_id == 3) assert_null(fragment.message_owner);
    ends += fragment.is_message_end;
  }
  assert_int_equal(ends, 3);
  scu__outbox_free(&outbox);
}

static void test_ending_early_lets_go_and_sends_a_short_last_fragment(void **state) {
  (void)state;
  int closed = 0;
  test_producer producer = make_producer(5000, 5000, &closed);
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  scu__message message = store_message(&producer);
  message.payload = SCU__PAYLOAD_PRODUCER;
  message.producer = &producer.producer;
  scu__outbox_push(&outbox, &message);
  scu__pdv_fragment fragment;
  do assert_int_equal(scu__outbox_next(&outbox, 100, &fragment, NULL), SCU_OK);
  while (fragment.is_command);
  scu__outbox_end_early(&outbox, &producer);
  assert_int_equal(closed, 1);
  assert_int_equal(scu__outbox_next(&outbox, 100, &fragment, NULL), SCU_OK);
  assert_int_equal(fragment.length, 2);
  assert_memory_equal(fragment.bytes, "\0\0", 2);
  assert_false(fragment.pad);
  assert_true(fragment.is_last && fragment.is_message_end && !fragment.is_command);
  assert_int_equal(scu__outbox_next(&outbox, 100, &fragment, NULL), SCU_END);
  message = bytes_message(&producer, 10);
  scu__outbox_push(&outbox, &message);
  scu__outbox_end_early(&outbox, &producer); /* not started: as if it had never been */
  assert_true(scu__outbox_is_idle(&outbox));
  scu__outbox_free(&outbox);
  assert_int_equal(closed, 1);
}

static void test_unsound_messages_are_usage_and_own_nothing_afterwards(void **state) {
  (void)state;
  int closed = 0;
  test_producer producer = make_producer(10, 10, &closed);
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  scu__message message = store_message(NULL); /* a store without data set */
  message.producer = &producer.producer;
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_ERROR_USAGE);
  assert_int_equal(closed, 1);
  message = store_message(NULL);
  message.payload = SCU__PAYLOAD_RANGE; /* of nothing */
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_ERROR_USAGE);
  message = bytes_message(NULL, 10);
  message.command.present &= ~(uint32_t)SCU__HAS_AFFECTED_SOP_INSTANCE;
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_ERROR_USAGE);
  assert_true(scu__outbox_is_idle(&outbox));
  message = echo_message(NULL, 1);
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
  scu__pdv_fragment fragment;
  assert_int_equal(scu__outbox_next(&outbox, 1, &fragment, NULL), SCU_ERROR_USAGE);
  scu__outbox_free(&outbox);
}

/* PS3.8 E: a PDV has fragment bytes. */
static void test_empty_data_sets_are_usage(void **state) {
  (void)state;
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  scu__message message = bytes_message(NULL, 0);
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_ERROR_USAGE);
  scu__memory_source source;
  scu__memory_source_init(&source, pattern, sizeof pattern);
  message = store_message(NULL);
  message.payload = SCU__PAYLOAD_RANGE;
  message.source = &source.source;
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_ERROR_USAGE);
  int closed = 0;
  test_producer producer = make_producer(0, 1, &closed);
  message = store_message(&producer);
  message.payload = SCU__PAYLOAD_PRODUCER;
  message.producer = &producer.producer;
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK); /* nobody can know yet */
  scu__pdv_fragment fragment;
  assert_int_equal(scu__outbox_next(&outbox, 1000, &fragment, NULL), SCU_OK);
  assert_int_equal(scu__outbox_next(&outbox, 1000, &fragment, NULL), SCU_ERROR_USAGE);
  assert_ptr_equal(fragment.message_owner, &producer);
  scu__outbox_free(&outbox);
  assert_int_equal(closed, 1);
}

static void test_every_allocation_that_fails_is_reported(void **state) {
  (void)state;
  bool is_over = false;
  for (size_t i = 0; !is_over; i++) {
    failing_allocator failing;
    failing_allocator_init(&failing, i);
    int closed = 0;
    test_producer producer = make_producer(1000, 33, &closed);
    scu__outbox outbox;
    scu__outbox_init(&outbox, &failing.allocator);
    scu__message message = store_message(NULL);
    message.payload = SCU__PAYLOAD_PRODUCER;
    message.producer = &producer.producer;
    scu_result result = scu__outbox_push(&outbox, &message);
    scu__pdv_fragment fragment;
    while (result == SCU_OK) result = scu__outbox_next(&outbox, 100, &fragment, NULL);
    assert_true(result == SCU_END || result == SCU_ERROR_MEMORY);
    is_over = result == SCU_END;
    scu__outbox_free(&outbox);
    assert_int_equal(closed, 1);
    assert_int_equal(failing.alive, 0);
  }
}

static void test_held_bytes_are_those_of_messages_that_wait(void **state) {
  (void)state;
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  assert_int_equal(scu__outbox_held(&outbox), 0);
  int owners[3];
  for (size_t i = 0; i < 3; i++) {
    scu__message message = bytes_message(&owners[i], 1000);
    assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
    assert_in_range(scu__outbox_held(&outbox), (i + 1) * 1000, (i + 1) * 1300);
  }
  size_t one = scu__outbox_held(&outbox) / 3;
  gathered all = gather(&outbox, 300, &owners[0]);
  check_gathered(&all, 1000, 300);
  assert_int_equal(scu__outbox_held(&outbox), 2 * one);
  assert_true(scu__outbox_remove(&outbox, &owners[1]));
  assert_int_equal(scu__outbox_held(&outbox), one);
  scu__pdv_fragment fragment;
  assert_int_equal(scu__outbox_next(&outbox, 4096, &fragment, NULL), SCU_OK);
  scu__outbox_end_early(&outbox, &owners[2]);
  assert_int_equal(scu__outbox_next(&outbox, 4096, &fragment, NULL), SCU_OK);
  assert_true(fragment.is_message_end);
  assert_int_equal(scu__outbox_held(&outbox), 0);
  scu__outbox_free(&outbox);
}

/* One message through the outbox, its bytes in a buffer that the outbox lends. */
static void send_lent(scu__outbox *outbox, size_t length) {
  scu__message message = store_message(NULL);
  message.payload = SCU__PAYLOAD_BYTES;
  scu__outbox_lend(outbox, sizeof pattern, &message.bytes);
  assert_int_equal(message.bytes.length, 0);
  scu__put_bytes(&message.bytes, pattern, length);
  assert_int_equal(scu__outbox_push(outbox, &message), SCU_OK);
  gathered all = gather(outbox, 100, NULL);
  check_gathered(&all, length, 100);
}

static void test_memory_of_sent_messages_is_used_again(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu__outbox outbox;
  scu__outbox_init(&outbox, &counting.allocator);
  for (size_t i = 0; i < 3; i++) send_lent(&outbox, 900);
  size_t requests = counting.requests;
  for (size_t i = 0; i < 100; i++) send_lent(&outbox, 1 + i * 7);
  assert_int_equal(counting.requests, requests);
  EACH(l, lengths) send_lent(&outbox, lengths[l]); /* large ones are not kept, nothing gets mixed up */
  EACH(l, lengths) send_lent(&outbox, lengths[l]);
  scu__outbox_trim(&outbox);
  assert_in_range(counting.alive, 0, 3); /* the last message may still be borrowed from */
  send_lent(&outbox, 900);
  scu__outbox_free(&outbox);
  assert_int_equal(counting.alive, 0);
}

static void test_lent_buffer_keeps_to_its_maximum(void **state) {
  (void)state;
  scu__outbox outbox;
  scu__outbox_init(&outbox, NULL);
  send_lent(&outbox, 900);
  send_lent(&outbox, 900);
  scu__buffer bytes;
  scu__outbox_lend(&outbox, 8192, &bytes);
  scu__put_fill(&bytes, 1, 8192);
  assert_int_equal(scu__buffer_result(&bytes), SCU_OK);
  scu__put_u8(&bytes, 1);
  assert_int_equal(scu__buffer_result(&bytes), SCU_ERROR_LIMIT);
  scu__buffer_free(&bytes); /* or pushed: it is the caller's */
  scu__outbox_free(&outbox);
}

static void test_the_rest_is_known_once_the_data_has_begun(void **state) {
  (void)state;
  int closed = 0;
  scu__outbox outbox;
  scu__pdv_fragment fragment;
  scu__outbox_init(&outbox, NULL);
  assert_int_equal(scu__outbox_rest(&outbox), SIZE_MAX);
  scu__message message = bytes_message(NULL, 300);
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
  assert_int_equal(scu__outbox_rest(&outbox), SIZE_MAX); /* its command is still to go */
  do assert_int_equal(scu__outbox_next(&outbox, 200, &fragment, NULL), SCU_OK);
  while (fragment.is_command && !fragment.is_last);
  assert_int_equal(scu__outbox_rest(&outbox), 300);
  assert_int_equal(scu__outbox_next(&outbox, 200, &fragment, NULL), SCU_OK);
  assert_int_equal(scu__outbox_rest(&outbox), 100);
  assert_int_equal(scu__outbox_next(&outbox, 200, &fragment, NULL), SCU_OK);
  assert_int_equal(scu__outbox_rest(&outbox), SIZE_MAX);
  test_producer producer = make_producer(100, 100, &closed);
  message = store_message(NULL);
  message.payload = SCU__PAYLOAD_PRODUCER;
  message.producer = &producer.producer;
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
  while (scu__outbox_next(&outbox, 200, &fragment, NULL) == SCU_OK)
    assert_int_equal(scu__outbox_rest(&outbox), SIZE_MAX); /* nobody knows what a producer will give */
  scu__outbox_free(&outbox);
  assert_int_equal(closed, 1);
}

static void test_only_so_much_is_kept(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu__outbox outbox;
  scu__outbox_init(&outbox, &counting.allocator);
  for (size_t i = 0; i < 1000; i++) {
    scu__message message = echo_message(NULL, 3);
    assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
  }
  assert_int_equal(counting.alive, 2000);
  scu__pdv_fragment fragment;
  while (scu__outbox_next(&outbox, 4096, &fragment, NULL) == SCU_OK) continue;
  assert_in_range(counting.alive, 2, 400);
  scu__outbox_free(&outbox);
  assert_int_equal(counting.alive, 0);
}

static void test_a_big_payload_is_let_go_when_its_last_fragment_was_taken(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu__outbox outbox;
  scu__outbox_init(&outbox, &counting.allocator);
  scu__message message = store_message(NULL);
  message.payload = SCU__PAYLOAD_BYTES;
  scu__buffer_init(&message.bytes, &counting.allocator, 1 << 20);
  memset(scu__buffer_reserve(&message.bytes, 100000), 'x', 100000);
  scu__buffer_commit(&message.bytes, 100000);
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
  size_t before = counting.alive;
  scu__pdv_fragment fragment;
  while (!scu__outbox_is_idle(&outbox)) assert_int_equal(scu__outbox_next(&outbox, 16384, &fragment, NULL), SCU_OK);
  assert_true(fragment.is_message_end);
  assert_int_equal(fragment.bytes[fragment.length - 1], 'x'); /* lent until then */
  assert_int_equal(counting.alive, before);
  scu__outbox_settle(&outbox);
  assert_true(counting.alive < before);
  scu__outbox_free(&outbox);
  assert_int_equal(counting.alive, 0);
}

/* --- an observer --- */

typedef struct observed {
  scu__outbox_observer observer;
  size_t pushed, sent, dropped;
  uint64_t length; /* of the last one that was sent */
  const uint8_t *bytes;
  scu_result answer; /* of pushing */
  bool has_note;
} observed;

static scu_result observe_pushing(void *user, scu__message *message, void **note) {
  observed *o = user;
  assert_null(*note);
  o->pushed++;
  message->command.priority = SCU__PRIORITY_HIGH;
  if (o->answer == SCU_OK && o->has_note) *note = o;
  return o->answer;
}

static void observe_sent(void *user, void *taken, const uint8_t *bytes, uint64_t length) {
  observed *o = user;
  assert_ptr_equal(taken, o);
  o->sent++;
  o->length = length;
  o->bytes = bytes;
  if (bytes) assert_memory_equal(bytes, pattern, length);
}

static void observe_dropped(void *user, void *taken) {
  observed *o = user;
  assert_ptr_equal(taken, o);
  o->dropped++;
}

static void observe(observed *o, scu__outbox *outbox) {
  *o = (observed){.has_note = true};
  o->observer =
      (scu__outbox_observer){.pushing = observe_pushing, .sent = observe_sent, .dropped = observe_dropped, .user = o};
  outbox->observer = &o->observer;
}

static void test_an_observer_may_change_a_message_and_hears_when_it_was_sent(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    scu__outbox outbox;
    observed o;
    int closed = 0;
    test_producer producer = make_producer(1001, 50, &closed);
    scu__outbox_init(&outbox, NULL);
    observe(&o, &outbox);
    scu__message message = bytes_message(NULL, 1001);
    if (kind == 1) {
      scu__message_free(&message);
      message = store_message(NULL);
      message.payload = SCU__PAYLOAD_PRODUCER;
      message.producer = &producer.producer;
    }
    o.has_note = kind != 2; /* whoever keeps nothing hears nothing */
    assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
    assert_int_equal(o.pushed, 1);
    gathered all = gather(&outbox, 100, NULL);
    assert_int_equal(o.sent, 0); /* the last fragment may not be out yet */
    scu__outbox_settle(&outbox);
    scu__outbox_settle(&outbox);
    assert_int_equal(o.sent, kind != 2);
    assert_int_equal(o.length, kind != 2 ? 1001 : 0); /* without padding */
    assert_int_equal(o.bytes != NULL, kind == 0);
    scu__command command;
    assert_int_equal(scu__command_decode(all.command.data, all.command.length, &command, NULL), SCU_OK);
    assert_int_equal(command.priority, SCU__PRIORITY_HIGH);
    check_gathered(&all, 1001, 100);
    scu__outbox_free(&outbox);
    assert_int_equal(o.dropped, 0);
  }
}

static void test_an_observer_hears_of_what_is_never_sent_whole(void **state) {
  (void)state;
  scu__outbox outbox;
  observed o;
  scu__pdv_fragment fragment;
  scu__outbox_init(&outbox, NULL);
  observe(&o, &outbox);
  int removed = 0;
  for (int i = 0; i < 3; i++) {
    scu__message message = bytes_message(i == 1 ? &removed : NULL, 1000);
    assert_int_equal(scu__outbox_push(&outbox, &message), SCU_OK);
  }
  assert_int_equal(scu__outbox_next(&outbox, 100, &fragment, NULL), SCU_OK); /* one has begun */
  assert_true(scu__outbox_remove(&outbox, &removed));
  assert_int_equal(o.dropped, 1);
  scu__message incomplete = bytes_message(NULL, 10);
  incomplete.command.present &= ~(uint32_t)SCU__HAS_AFFECTED_SOP_INSTANCE;
  assert_int_equal(scu__outbox_push(&outbox, &incomplete), SCU_ERROR_USAGE);
  assert_int_equal(o.dropped, 2);
  scu__outbox_free(&outbox);
  assert_int_equal(o.dropped, 4);
  assert_int_equal(o.sent, 0);
}

static void test_what_an_observer_refuses_is_not_queued(void **state) {
  (void)state;
  scu__outbox outbox;
  observed o;
  scu__outbox_init(&outbox, NULL);
  observe(&o, &outbox);
  o.answer = SCU_ERROR_LIMIT;
  scu__message message = bytes_message(NULL, 1000);
  assert_int_equal(scu__outbox_push(&outbox, &message), SCU_ERROR_LIMIT);
  assert_null(message.bytes.data);
  assert_true(scu__outbox_is_idle(&outbox));
  assert_int_equal(o.dropped, 0);
  scu__outbox_free(&outbox);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes_of_every_length_arrive_in_even_fragments),
      cmocka_unit_test(test_range_of_every_length_names_source_and_offset),
      cmocka_unit_test(test_producer_of_every_length_and_manner_is_cut_alike),
      cmocka_unit_test(test_producer_that_fails_is_reported_with_its_owner_and_closed),
      cmocka_unit_test(test_messages_go_in_order_and_never_interleave),
      cmocka_unit_test(test_only_messages_that_have_not_started_are_removed),
      cmocka_unit_test(test_ending_early_lets_go_and_sends_a_short_last_fragment),
      cmocka_unit_test(test_unsound_messages_are_usage_and_own_nothing_afterwards),
      cmocka_unit_test(test_empty_data_sets_are_usage),
      cmocka_unit_test(test_every_allocation_that_fails_is_reported),
      cmocka_unit_test(test_held_bytes_are_those_of_messages_that_wait),
      cmocka_unit_test(test_memory_of_sent_messages_is_used_again),
      cmocka_unit_test(test_lent_buffer_keeps_to_its_maximum),
      cmocka_unit_test(test_the_rest_is_known_once_the_data_has_begun),
      cmocka_unit_test(test_only_so_much_is_kept),
      cmocka_unit_test(test_a_big_payload_is_let_go_when_its_last_fragment_was_taken),
      cmocka_unit_test(test_an_observer_may_change_a_message_and_hears_when_it_was_sent),
      cmocka_unit_test(test_an_observer_hears_of_what_is_never_sent_whole),
      cmocka_unit_test(test_what_an_observer_refuses_is_not_queued),
  };
  return cmocka_run_group_tests(tests, make_pattern, NULL);
}
