/* The association engine from outside: splits, limits, faults of the peer, sending, timers (catalogue P01-P37). */
#include "ul_support.h"

/* --- Helpers ------------------------------------------------------------------------------------------------------ */

/* All events as text, pieces of one PDV joined, so that two ways of feeding can be compared. */
typedef struct event_log {
  char text[16384];
  size_t length;
  uint8_t data[8192];
  size_t data_length;
} event_log;

static void log_line(event_log *log, const char *line) {
  assert_true(log->length + strlen(line) + 2 < sizeof log->text);
  log->length += (size_t)sprintf(log->text + log->length, "%s\n", line);
}

static void log_event(event_log *log, const scu__engine_event *event) {
  char line[128];
  if (event->type == SCU__EVENT_DATA) {
    assert_true(log->data_length + event->length <= sizeof log->data);
    if (event->length > 0) memcpy(log->data + log->data_length, event->bytes, event->length);
    log->data_length += event->length;
    if (!event->is_last) return;
    snprintf(line, sizeof line, "data %u %d last, %zu bytes so far", event->context_id, event->is_command,
             log->data_length);
  } else {
    snprintf(line, sizeof line, "event %d reject %u/%u/%u abort %u/%u %d %d %d", event->type, event->reject.result,
             event->reject.source, event->reject.reason, event->abort.source, event->abort.reason, event->by_peer,
             event->is_collision, event->is_unanswered);
  }
  log_line(log, line);
}

static void log_events(event_log *log, scu__engine *engine) {
  scu__engine_event event;
  while (scu__engine_next_event(engine, &event) == SCU_OK) log_event(log, &event);
}

/* Feeds in pieces of the given size (0: random), each from its own block so that ASan sees stray reads. */
static void feed_in_pieces(scu__engine *engine, const uint8_t *bytes, size_t length, size_t piece, unsigned *seed,
                           event_log *log) {
  size_t at = 0;
  while (at < length) {
    *seed = *seed * 1103515245u + 12345u;
    size_t size = piece ? piece : 1 + (*seed >> 16) % 97;
    if (size > length - at) size = length - at;
    uint8_t *exact = malloc(size);
    memcpy(exact, bytes + at, size);
    for (size_t done = 0; done < size;) {
      done += feed(engine, exact + done, size - done);
      log_events(log, engine);
    }
    free(exact);
    at += size;
  }
}

/* A P-DATA-TF header and its PDVs: {context, control, length} each. */
static size_t p_data(uint8_t *to, const int (*pdvs)[3], size_t count) {
  size_t at = 6;
  for (size_t i = 0; i < count; i++) {
    size_t length = (size_t)pdvs[i][2];
    scu__pdv_header header = {.item_length = (uint32_t)length + 2,
                              .context_id = (uint8_t)pdvs[i][0],
                              .is_command = (pdvs[i][1] & 1) != 0,
                              .is_last = (pdvs[i][1] & 2) != 0};
    scu__pdv_header_store(to + at, &header);
    for (size_t b = 0; b < length; b++) to[at + 6 + b] = (uint8_t)(b * 7 + i);
    at += 6 + length;
  }
  scu__pdu_header_store(to, 4, (uint32_t)(at - 6));
  return at;
}

static scu__engine_event expect_abort(scu__engine *engine, uint8_t source, uint8_t reason) {
  uint8_t bytes[64];
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_PROTOCOL_ERROR);
  assert_int_equal(event.abort.source, source);
  assert_int_equal(event.abort.reason, reason);
  assert_true(event.error->reason[0]);
  expect_no_event(engine);
  assert_int_equal(scu__engine_state(engine), 13);
  assert_int_equal(take_output(engine, bytes, sizeof bytes), 10);
  const uint8_t expected[10] = {7, 0, 0, 0, 0, 4, 0, 0, source, reason};
  assert_memory_equal(bytes, expected, 10);
  /* ARTIM ends it soon. */
  uint64_t deadline = scu__engine_deadline(engine);
  assert_true(deadline <= 1000 + 1000);
  scu__engine_expire(engine, deadline);
  assert_int_equal(scu__engine_state(engine), 1);
  assert_true(scu__engine_wants_close(engine));
  return event;
}

static size_t feed_all(scu__engine *engine, const uint8_t *bytes, size_t length) {
  size_t at = feed(engine, bytes, length);
  return at;
}

/* --- Splits (P01) --------------------------------------------------------------------------------------------------
 */

static size_t requestor_stream(uint8_t *stream, size_t room) {
  static const int first[][3] = {{1, 1, 20}, {1, 3, 30}, {1, 0, 0}, {1, 0, 400}};
  static const int second[][3] = {{1, 2, 3001}};
  size_t length = ac_bytes(stream, room);
  length += p_data(stream + length, first, 4);
  length += p_data(stream + length, second, 1);
  memcpy(stream + length, release_rq_pdu, 10);
  return length + 10;
}

static void run_requestor(size_t piece, unsigned seed, event_log *log) {
  uint8_t stream[8192];
  memset(log, 0, sizeof *log);
  size_t length = requestor_stream(stream, sizeof stream);
  scu__engine *engine = requestor_in_sta5();
  feed_in_pieces(engine, stream, length, piece, &seed, log);
  assert_int_equal(scu__engine_state(engine), 8);
  scu__engine_free(engine);
}

static void test_any_split_of_the_input_gives_the_same_events(void **state) {
  (void)state;
  static event_log whole, split;
  run_requestor(65536, 1, &whole);
  assert_non_null(strstr(whole.text, "data 1 1 last, 50 bytes so far"));
  assert_int_equal(whole.data_length, 20 + 30 + 400 + 3001);
  for (size_t piece = 0; piece < 40; piece++) {
    run_requestor(piece, (unsigned)piece * 77, &split);
    assert_string_equal(split.text, whole.text);
    assert_int_equal(split.data_length, whole.data_length);
    assert_memory_equal(split.data, whole.data, whole.data_length);
  }
  for (unsigned seed = 0; seed < 300; seed++) {
    run_requestor(0, seed, &split);
    assert_string_equal(split.text, whole.text);
    assert_memory_equal(split.data, whole.data, whole.data_length);
  }
}

static void test_request_byte_by_byte_is_accepted_as_if_it_came_whole(void **state) {
  (void)state;
  uint8_t bytes[4096];
  size_t length = rq_bytes(bytes, sizeof bytes);
  scu__engine *engine = acceptor_in_sta2();
  for (size_t i = 0; i < length; i++) {
    expect_no_event(engine);
    assert_int_equal(feed(engine, bytes + i, 1), 1);
  }
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_ASSOCIATE_INDICATION);
  assert_string_equal(event.rq->called.text, "ARCHIVE");
  assert_int_equal(event.rq->context_count, 2);
  scu__engine_free(engine);
}

static void test_fragments_are_slices_of_the_input(void **state) {
  (void)state;
  static uint8_t bytes[20000];
  static const int pdvs[][3] = {{1, 2, 16000}};
  size_t length = p_data(bytes, pdvs, 1);
  scu__engine *engine = requestor_in_sta6();
  assert_int_equal(feed(engine, bytes, 5000), 5000);
  scu__engine_event event = next_event(engine);
  assert_ptr_equal(event.bytes, bytes + 12);
  assert_int_equal(event.length, 5000 - 12);
  assert_false(event.is_last);
  assert_int_equal(feed(engine, bytes + 5000, length - 5000), length - 5000);
  event = next_event(engine);
  assert_ptr_equal(event.bytes, bytes + 5000);
  assert_int_equal(event.length, 16000 - 5000 + 12);
  assert_true(event.is_last);
  scu__engine_free(engine);
}

/* --- Too early, too long, too strange ------------------------------------------------------------------------------
 */

static void test_data_behind_the_request_aborts_and_is_not_read(void **state) {
  (void)state;
  uint8_t bytes[4096];
  size_t length = rq_bytes(bytes, sizeof bytes); /* P02: both in one segment */
  memcpy(bytes + length, p_data_pdu, sizeof p_data_pdu);
  scu__engine *engine = acceptor_in_sta2();
  feed_all(engine, bytes, length + sizeof p_data_pdu);
  scu__engine_event event = expect_abort(engine, 2, 2);
  assert_non_null(strstr(event.error->reason, "P-DATA-TF"));
  scu__engine_free(engine);
}

static void test_data_begun_before_the_acceptance_aborts_too(void **state) {
  (void)state;
  for (size_t early = 1; early < 6; early++) {
    uint8_t bytes[4096];
    scu__associate ac;
    scu__engine *engine = acceptor_in_sta3();
    assert_int_equal(feed(engine, p_data_pdu, early), early);
    fill_answer(&ac, 0);
    assert_int_equal(scu__engine_accept(engine, &ac, 0), SCU_OK);
    scu__associate_free(&ac);
    assert_int_equal(next_event(engine).type, SCU__EVENT_ASSOCIATED);
    take_output(engine, bytes, sizeof bytes);
    feed_all(engine, p_data_pdu + early, sizeof p_data_pdu - early);
    expect_abort(engine, 2, 2);
    scu__engine_free(engine);
  }
}

static void test_a_peer_that_aborts_before_our_answer_is_told_instead_of_the_indication(void **state) {
  (void)state;
  uint8_t bytes[4096];
  size_t length = rq_bytes(bytes, sizeof bytes);
  memcpy(bytes + length, abort_pdu, 10);
  scu__engine *engine = acceptor_in_sta2();
  assert_int_equal(feed(engine, bytes, length + 10), length + 10);
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_ABORTED);
  assert_true(event.by_peer);
  expect_no_event(engine);
  scu__engine_free(engine);
}

static void test_huge_request_is_refused_from_its_header(void **state) {
  (void)state;
  static const uint8_t lengths[][4] = {{0xFF, 0xFF, 0xFF, 0xF0}, {0, 4, 0, 1}}; /* P03 */
  for (size_t i = 0; i < 2; i++) {
    test_heap heap;
    heap_init(&heap);
    scu__engine_options options = {.allocator = &heap.allocator, .is_acceptor = true};
    scu__engine *engine;
    assert_int_equal(scu__engine_new(&options, &engine), SCU_OK);
    assert_int_equal(scu__engine_connected(engine, 0), SCU_OK);
    uint8_t header[6] = {1, 0};
    memcpy(header + 2, lengths[i], 4);
    long calls = heap.calls;
    assert_int_equal(feed(engine, header, 6), 6);
    assert_int_equal(heap.calls, calls);
    scu__engine_event event = expect_abort(engine, 0, 0); /* AA-1: source 0 */
    assert_int_equal(event.error->result, SCU_ERROR_LIMIT);
    scu__engine_free(engine);
    assert_int_equal(heap.live, 0);
  }
}

static void test_a_request_that_declares_much_costs_only_what_arrives(void **state) {
  (void)state;
  test_heap heap;
  heap_init(&heap);
  scu__engine_options options = {.allocator = &heap.allocator, .is_acceptor = true};
  scu__engine *engine;
  assert_int_equal(scu__engine_new(&options, &engine), SCU_OK);
  assert_int_equal(scu__engine_connected(engine, 0), SCU_OK);
  static const uint8_t begin[16] = {1, 0, 0, 4, 0, 0, 0, 1};
  assert_int_equal(feed(engine, begin, sizeof begin), sizeof begin);
  assert_true(heap.largest < 16384);
  scu__engine_free(engine);
  assert_int_equal(heap.live, 0);
}

static void test_fixed_pdus_of_other_lengths_are_refused(void **state) {
  (void)state;
  static const uint8_t types[] = {3, 5, 6, 7}; /* P33 */
  static const uint32_t lengths[] = {0, 3, 5, 0xFFFFFFFF};
  for (size_t t = 0; t < sizeof types; t++)
    for (size_t i = 0; i < 4; i++) {
      uint8_t header[6];
      bool is_reject = types[t] == 3, is_rp = types[t] == 6;
      scu__engine *engine = is_reject ? requestor_in_sta5() : requestor_in_sta6();
      if (is_rp) assert_int_equal(scu__engine_release(engine, 0), SCU_OK);
      if (is_rp) scu__engine_sent(engine, 10);
      scu__pdu_header_store(header, types[t], lengths[i]);
      assert_int_equal(feed(engine, header, 6), 6);
      scu__engine_event event = expect_abort(engine, 2, 6);
      assert_int_equal(event.error->offset, 2);
      scu__engine_free(engine);
    }
}

static void test_a_request_that_cannot_be_read_aborts_with_the_offset(void **state) {
  (void)state;
  uint8_t bytes[4096];
  size_t length = ac_bytes(bytes, sizeof bytes);
  bytes[74 + 2] = 0xFF; /* the application context runs past the PDU */
  scu__engine *engine = requestor_in_sta5();
  assert_int_equal(feed(engine, bytes, length), length);
  scu__engine_event event = expect_abort(engine, 2, 6);
  assert_int_equal(event.error->offset, 74);
  scu__engine_free(engine);
}

static void expect_foreign(bool is_acceptor, const char *bytes, size_t length, const char *name) {
  scu__engine *engine = is_acceptor ? acceptor_in_sta2() : requestor_in_sta5();
  feed_all(engine, (const uint8_t *)bytes, length);
  scu__engine_event event =
      is_acceptor ? expect_abort(engine, 0, 0) : expect_abort(engine, 2, SCU__ABORT_UNRECOGNIZED_PDU);
  assert_int_equal(event.error->result, SCU_ERROR_PROTOCOL);
  assert_non_null(strstr(event.error->reason, name));
  scu__engine_free(engine);
}

static void test_other_protocols_are_named(void **state) {
  (void)state; /* P21, P22 */
  for (int is_acceptor = 0; is_acceptor < 2; is_acceptor++) {
    expect_foreign(is_acceptor, "GET / HTTP/1.1\r\n\r\n", 18, "HTTP");
    expect_foreign(is_acceptor, "HTTP/1.1 400 Bad Request\r\n", 26, "HTTP");
    expect_foreign(is_acceptor, "SSH-2.0-OpenSSH\r\n", 17, "SSH");
    expect_foreign(is_acceptor, "\x0BMSH|^~\\&|", 10, "HL7");
    expect_foreign(is_acceptor, "\x16\x03\x01\x02\x00\x01\x00", 7, "TLS handshake");
    expect_foreign(is_acceptor, "\x15\x03\x03\x00\x02\x02\x32", 7, "TLS alert");
    expect_foreign(is_acceptor, "\0\0\0\0\0\0\0", 7, "first bytes 00 00 00 00 00 00");
  }
}

static void test_random_prefixes_end_in_an_abort_or_wait_for_more(void **state) {
  (void)state;
  unsigned seed = 4711; /* P23 */
  uint8_t bytes[4096];
  for (int round = 0; round < 10000; round++) {
    size_t length = 1 + (seed >> 8) % sizeof bytes;
    for (size_t i = 0; i < length; i++) {
      seed = seed * 1103515245u + 12345u;
      bytes[i] = (uint8_t)(seed >> 16);
    }
    scu__engine *engine = round % 2 ? acceptor_in_sta2() : requestor_in_sta5();
    scu__engine_event event;
    size_t at = 0, consumed = 0;
    while (at < length) {
      assert_int_equal(scu__engine_receive(engine, bytes + at, length - at, &consumed, 0), SCU_OK);
      at += consumed;
      while (scu__engine_next_event(engine, &event) == SCU_OK) consumed++;
      assert_true(consumed > 0);
    }
    uint64_t deadline = scu__engine_deadline(engine);
    assert_true(deadline != UINT64_MAX || scu__engine_wants_close(engine));
    scu__engine_free(engine);
  }
}

/* --- P-DATA ---------------------------------------------------------------------------------------------------------
 */

typedef struct warnings {
  scu__trace trace;
  int count;
  char last[512];
  size_t received_bytes, sent_bytes;
  bool tolerates_overlong;
  int received_pdus, sent_pdus;
} warnings;

static void count_warning(void *user, scu__trace_level level, uint32_t association, const char *text) {
  warnings *w = user;
  assert_int_equal(association, 7);
  if (level != SCU__LEVEL_WARNING) return;
  w->count++;
  snprintf(w->last, sizeof w->last, "%s", text);
}

static scu__engine *traced_requestor_in_sta6(warnings *w) {
  static const char *const both[] = {EXPLICIT_LE, IMPLICIT_LE};
  uint8_t bytes[4096];
  w->trace.level = SCU__LEVEL_DEBUG;
  w->trace.line = count_warning;
  w->trace.user = w;
  scu__engine_options options = {
      .max_pdu_length = 4096, .trace = &w->trace, .association = 7, .tolerate_overlong = w->tolerates_overlong};
  scu__engine *engine;
  scu__associate rq;
  assert_int_equal(scu__engine_new(&options, &engine), SCU_OK);
  fill_titles(&rq, NULL);
  assert_int_equal(scu__associate_add_context(&rq, VERIFICATION, both, 2, NULL), SCU_OK);
  assert_int_equal(scu__engine_associate(engine, &rq, 0), SCU_OK);
  scu__associate_free(&rq);
  assert_int_equal(scu__engine_connected(engine, 0), SCU_OK);
  take_output(engine, bytes, sizeof bytes);
  size_t length = ac_bytes(bytes, sizeof bytes);
  assert_int_equal(feed(engine, bytes, length), length);
  assert_int_equal(next_event(engine).type, SCU__EVENT_ASSOCIATED);
  return engine;
}

static void test_up_to_six_bytes_too_long_is_tolerated_with_one_warning(void **state) {
  (void)state; /* P05, P06 */
  static uint8_t bytes[8192];
  for (int over = 0; over <= 6; over++) {
    warnings w = {0};
    scu__engine *engine = traced_requestor_in_sta6(&w);
    const int pdvs[][3] = {{1, 3, 4096 - 6 + over}};
    size_t length = p_data(bytes, pdvs, 1);
    for (int i = 0; i < 2; i++) {
      assert_int_equal(feed(engine, bytes, length), length);
      scu__engine_event event = next_event(engine);
      assert_int_equal(event.type, SCU__EVENT_DATA);
      assert_int_equal(event.length, 4096 - 6 + over);
    }
    assert_int_equal(w.count, (over > 0) + (over % 2)); /* an odd fragment has its own warning */
    scu__engine_free(engine);
  }
}

static void test_seven_bytes_too_long_is_an_error_naming_both_numbers(void **state) {
  (void)state;
  static const uint32_t lengths[] = {4096 + 7, 65536, 0xFFFFFFF0}; /* P04, P05 */
  for (size_t i = 0; i < 3; i++) {
    warnings w = {0};
    uint8_t header[6];
    char number[16];
    scu__engine *engine = traced_requestor_in_sta6(&w);
    scu__pdu_header_store(header, 4, lengths[i]);
    assert_int_equal(feed(engine, header, 6), 6); /* the header is enough */
    scu__engine_event event = expect_abort(engine, 2, 6);
    snprintf(number, sizeof number, "%lu", (unsigned long)lengths[i]);
    assert_non_null(strstr(event.error->reason, number));
    assert_non_null(strstr(event.error->reason, "4096"));
    scu__engine_free(engine);
  }
}

static void expect_bad_pdv(const uint8_t *pdu, size_t length, uint64_t offset, const char *words) {
  for (size_t piece = 1; piece <= length; piece += length - 1) {
    scu__engine *engine = requestor_in_sta6();
    size_t consumed = 0;
    for (size_t at = 0; at < length; at += consumed) {
      size_t size = piece < length - at ? piece : length - at;
      assert_int_equal(scu__engine_receive(engine, pdu + at, size, &consumed, 1000), SCU_OK);
      if (consumed == 0) break; /* an event waits */
    }
    scu__engine_event event = expect_abort(engine, 2, 6);
    assert_non_null(strstr(event.error->reason, words));
    assert_int_equal(event.error->offset, offset);
    scu__engine_free(engine);
  }
}

static void test_bad_pdv_items_abort(void **state) {
  (void)state; /* P07, P08, P11, P12 */
  uint8_t pdu[32] = {4, 0, 0, 0, 0, 8, 0, 0, 0, 4, 1, 3, 0xAA, 0xBB};
  static const uint32_t lies[] = {0, 1, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    pdu[6] = (uint8_t)(lies[i] >> 24);
    pdu[7] = (uint8_t)(lies[i] >> 16);
    pdu[8] = (uint8_t)(lies[i] >> 8);
    pdu[9] = (uint8_t)lies[i];
    expect_bad_pdv(pdu, 14, 6, "PDV item length");
  }
  static const uint8_t contexts[] = {0, 2, 3, 5, 255}; /* 3 was proposed and refused */
  for (size_t i = 0; i < sizeof contexts; i++) {
    memcpy(pdu, p_data_pdu, sizeof p_data_pdu);
    pdu[10] = contexts[i];
    expect_bad_pdv(pdu, 14, 6, "was not accepted");
  }
  static const uint8_t stray[] = {4, 0, 0, 0, 0, 11, 0, 0, 0, 2, 1, 1, 1, 2, 3, 4, 5};
  scu__engine *engine = requestor_in_sta6();
  assert_int_equal(feed(engine, stray, sizeof stray), 12);
  assert_int_equal(next_event(engine).type, SCU__EVENT_DATA); /* an empty fragment is taken */
  feed_all(engine, stray + 12, 5);
  expect_abort(engine, 2, 6);
  scu__engine_free(engine);
  for (uint8_t length = 0; length < 6; length++) {
    const uint8_t empty[6] = {4, 0, 0, 0, 0, length};
    expect_bad_pdv(empty, 6, 2, "too short for any PDV");
  }
}

static void test_odd_fragments_are_taken_with_one_warning(void **state) {
  (void)state; /* P10 */
  uint8_t bytes[64];
  warnings w = {0};
  static const int pdvs[][3] = {{1, 0, 3}, {1, 2, 5}};
  size_t length = p_data(bytes, pdvs, 2);
  scu__engine *engine = traced_requestor_in_sta6(&w);
  event_log log = {0};
  unsigned seed = 1;
  feed_in_pieces(engine, bytes, length, 64, &seed, &log);
  assert_int_equal(log.data_length, 8);
  assert_int_equal(w.count, 1);
  assert_non_null(strstr(w.last, "odd"));
  scu__engine_free(engine);
}

static void test_an_abort_of_ours_in_the_middle_of_a_fragment_drops_the_rest(void **state) {
  (void)state;
  uint8_t bytes[256];
  static const int pdvs[][3] = {{1, 0, 100}, {1, 2, 60}};
  size_t length = p_data(bytes, pdvs, 2);
  for (size_t cut = 6; cut < length; cut++) {
    scu__engine *engine = requestor_in_sta6();
    event_log log = {0};
    unsigned seed = 1;
    feed_in_pieces(engine, bytes, cut, cut, &seed, &log);
    assert_int_equal(scu__engine_abort(engine, 0, 0, 0), SCU_OK);
    assert_int_equal(feed(engine, bytes + cut, length - cut), length - cut);
    expect_no_event(engine);
    assert_int_equal(feed(engine, abort_pdu, 10), 10); /* the framing still holds */
    assert_int_equal(scu__engine_state(engine), 1);
    scu__engine_free(engine);
  }
}

/* --- Sending -------------------------------------------------------------------------------------------------------
 */

static void test_peers_maximum_bounds_the_fragment(void **state) {
  (void)state; /* P06 */
  static const size_t cases[][2] = {{16384, 16378},
                                    {8, 2},
                                    {9, 2},
                                    {16385, 16378},
                                    {0, SCU__PDU_LENGTH_DEFAULT - 6},
                                    {0xFFFFFFFF, SCU__PDU_LENGTH_DEFAULT - 6}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scu__engine *engine = requestor_in_sta6_with((uint32_t)cases[i][0]);
    assert_int_equal(scu__engine_max_fragment(engine), cases[i][1]);
    scu__engine_free(engine);
  }
}

static void test_what_may_not_be_sent_is_refused_and_queues_nothing(void **state) {
  (void)state;
  static uint8_t bytes[20000];
  scu__engine *engine = requestor_in_sta6();
  scu__payload payload = {.bytes = bytes, .length = 2};
  assert_int_equal(scu__engine_send_pdv(engine, 3, true, true, &payload), SCU_ERROR_USAGE); /* refused context */
  assert_int_equal(scu__engine_send_pdv(engine, 4, true, true, &payload), SCU_ERROR_USAGE);
  payload.length = 0;
  assert_int_equal(scu__engine_send_pdv(engine, 1, true, true, &payload), SCU_ERROR_USAGE);
  payload.length = 3;
  assert_int_equal(scu__engine_send_pdv(engine, 1, true, true, &payload), SCU_ERROR_USAGE);
  payload.length = 16380;
  assert_int_equal(scu__engine_send_pdv(engine, 1, true, true, &payload), SCU_ERROR_USAGE);
  payload.length = SIZE_MAX;
  payload.has_pad = true;
  assert_int_equal(scu__engine_send_pdv(engine, 1, true, true, &payload), SCU_ERROR_USAGE);
  assert_int_equal(scu__engine_queued(engine), 0);
  payload.length = 16377;
  assert_int_equal(scu__engine_send_pdv(engine, 1, true, true, &payload), SCU_OK);
  assert_int_equal(scu__engine_queued(engine), 12 + 16378);
  scu__engine_free(engine);
}

static void test_output_is_bytes_and_ranges_in_order(void **state) {
  (void)state;
  scu__memory_source source;
  scu__segment segments[8];
  scu__memory_source_init(&source, "0123456789abcdef", 16);
  scu__engine *engine = requestor_in_sta6();
  scu__payload command = {.bytes = (const uint8_t *)"command!", .length = 8};
  scu__payload range = {.source = &source.source, .offset = 3, .length = 5, .has_pad = true};
  assert_int_equal(scu__engine_send_pdv(engine, 1, true, true, &command), SCU_OK);
  assert_int_equal(scu__engine_send_pdv(engine, 1, false, true, &range), SCU_OK);
  assert_int_equal(scu__engine_release(engine, 0), SCU_OK);
  assert_int_equal(scu__engine_output(engine, segments, 8), 3);
  assert_int_equal(segments[0].length, 12 + 8 + 12); /* neighbours are one run */
  assert_ptr_equal(segments[1].source, &source.source);
  assert_int_equal(segments[1].offset, 3);
  assert_int_equal(segments[1].length, 5);
  assert_int_equal(segments[2].length, 1 + 10); /* the pad and the release */
  assert_int_equal(scu__engine_queued(engine), 32 + 5 + 11);
  scu__engine_sent(engine, 34); /* two bytes into the range */
  assert_int_equal(scu__engine_output(engine, segments, 8), 2);
  assert_int_equal(segments[0].offset, 5);
  assert_int_equal(segments[0].length, 3);
  uint8_t rest[64];
  assert_int_equal(take_output(engine, rest, sizeof rest), 14);
  assert_memory_equal(rest, "567\0\5", 5);
  scu__engine_free(engine);
}

/* Two engines back to back with random partial sends: what goes in comes out. */
static void test_a_long_stream_survives_partial_sends(void **state) {
  (void)state;
  static uint8_t content[8192], wire[65536], expected_bytes[8 * 1024 * 1024];
  scu__engine *sender = requestor_in_sta6(), *receiver = acceptor_in_sta6();
  unsigned seed = 99;
  size_t expected = 0, received = 0;
  scu__memory_source source;
  for (size_t i = 0; i < sizeof content; i++) content[i] = (uint8_t)(i * 31 >> 3);
  scu__memory_source_init(&source, content, sizeof content);
  for (int round = 0; round < 400; round++) {
    for (int i = 0; i < 3; i++) {
      seed = seed * 1103515245u + 12345u;
      size_t length = 2 + (seed >> 12) % 2000 * 2, offset = (seed >> 5) % 4000;
      scu__payload payload = {.length = length};
      if (seed & 0x10000) payload.bytes = content + offset;
      if (!payload.bytes) payload.source = &source.source;
      payload.offset = payload.source ? offset : 0;
      assert_int_equal(scu__engine_send_pdv(sender, 1, false, true, &payload), SCU_OK);
      memcpy(expected_bytes + expected, content + offset, length);
      expected += length;
    }
    seed = seed * 1103515245u + 12345u;
    size_t budget = (seed >> 8) % 16384, sent = 0;
    if (round == 399) budget = SIZE_MAX;
    scu__segment segment;
    while (sent < budget && scu__engine_output(sender, &segment, 1) == 1) {
      size_t length = segment.length < budget - sent ? segment.length : budget - sent;
      if (length > sizeof wire) length = sizeof wire;
      if (segment.source)
        assert_int_equal(segment.source->read_at(segment.source, segment.offset, wire, length, NULL), SCU_OK);
      else
        memcpy(wire, segment.bytes, length);
      scu__engine_sent(sender, length);
      sent += length;
      for (size_t at = 0; at < length;) {
        scu__engine_event event;
        at += feed(receiver, wire + at, length - at);
        while (scu__engine_next_event(receiver, &event) == SCU_OK) {
          assert_int_equal(event.type, SCU__EVENT_DATA);
          assert_memory_equal(event.bytes, expected_bytes + received, event.length);
          received += event.length;
        }
      }
    }
  }
  assert_int_equal(scu__engine_queued(sender), 0);
  assert_int_equal(received, expected);
  scu__engine_free(sender);
  scu__engine_free(receiver);
}

static void test_steady_sending_allocates_nothing(void **state) {
  (void)state;
  static uint8_t content[16378];
  static const char *const implicit[] = {IMPLICIT_LE, EXPLICIT_LE};
  uint8_t bytes[4096];
  test_heap heap;
  scu__engine *engine;
  scu__associate rq;
  heap_init(&heap);
  scu__engine_options options = {.allocator = &heap.allocator};
  assert_int_equal(scu__engine_new(&options, &engine), SCU_OK);
  fill_titles(&rq, NULL);
  assert_int_equal(scu__associate_add_context(&rq, VERIFICATION, implicit, 2, NULL), SCU_OK);
  assert_int_equal(scu__engine_associate(engine, &rq, 0), SCU_OK);
  scu__associate_free(&rq);
  assert_int_equal(scu__engine_connected(engine, 0), SCU_OK);
  take_output(engine, bytes, sizeof bytes);
  size_t length = ac_bytes(bytes, sizeof bytes);
  assert_int_equal(feed(engine, bytes, length), length);
  long calls = 0;
  for (int i = 0; i < 1000; i++) {
    scu__payload payload = {.bytes = content, .length = sizeof content};
    assert_int_equal(scu__engine_send_pdv(engine, 1, false, false, &payload), SCU_OK);
    if (i >= 8) scu__engine_sent(engine, 12 + sizeof content - (i % 3 ? 0 : 5) + (i % 3 == 1 ? 5 : 0));
    if (i == 20) calls = heap.calls;
  }
  assert_int_equal(heap.calls, calls);
  scu__engine_free(engine);
  assert_int_equal(heap.live, 0);
}

static void test_a_caller_that_never_drains_meets_a_limit(void **state) {
  (void)state;
  static uint8_t content[16378];
  scu__engine *engine = requestor_in_sta6();
  scu__payload payload = {.bytes = content, .length = sizeof content};
  scu_result result = SCU_OK;
  for (int i = 0; i < 10000 && result == SCU_OK; i++) result = scu__engine_send_pdv(engine, 1, false, true, &payload);
  assert_int_equal(result, SCU_ERROR_LIMIT);
  assert_int_equal(scu__engine_abort(engine, 0, 0, 0), SCU_OK);
  assert_int_equal(scu__engine_queued(engine) % (12 + sizeof content), 10); /* the abort still fits */
  scu__engine_free(engine);
}

/* --- Ends ----------------------------------------------------------------------------------------------------------
 */

static void test_reject_is_told_with_a_hint(void **state) {
  (void)state;
  scu__engine *engine = requestor_in_sta5();
  assert_int_equal(feed(engine, reject_pdu, 10), 10);
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_REJECTED);
  assert_true(event.by_peer);
  assert_int_equal(event.reject.reason, 7);
  assert_non_null(strstr(event.error->reason, "ARCHIVE"));
  assert_non_null(strstr(event.error->hint, "called AE title"));
  assert_int_equal(event.error->phase, SCU_PHASE_ASSOCIATE);
  assert_true(scu__engine_wants_close(engine));
  scu__engine_free(engine);
}

/* Carries all output of one engine to the other; false when there was none. */
static bool carry(scu__engine *from, scu__engine *to) {
  uint8_t bytes[4096];
  size_t length = take_output(from, bytes, sizeof bytes);
  for (size_t at = 0; at < length;) {
    size_t taken = feed(to, bytes + at, length - at);
    if (taken == 0) break;
    at += taken;
  }
  return length > 0;
}

static void test_release_collision_ends_in_order_for_both(void **state) {
  (void)state; /* P25 */
  for (int order = 0; order < 2; order++) {
    scu__engine *requestor = engine_in(7, false), *acceptor = engine_in(7, true);
    assert_int_equal(feed(requestor, release_rq_pdu, 10), 10);
    assert_int_equal(feed(acceptor, release_rq_pdu, 10), 10);
    scu__engine_event event = next_event(requestor);
    assert_int_equal(event.type, SCU__EVENT_RELEASE_INDICATION);
    assert_true(event.is_collision);
    assert_int_equal(next_event(acceptor).type, SCU__EVENT_RELEASE_INDICATION);
    assert_int_equal(scu__engine_state(requestor), 9);
    assert_int_equal(scu__engine_state(acceptor), 10);
    /* The acceptor's user may answer before or after the requestor's RP is here. */
    if (order == 0) assert_int_equal(scu__engine_release_response(acceptor, 0), SCU_PENDING);
    assert_int_equal(scu__engine_release_response(requestor, 0), SCU_OK);
    assert_int_equal(scu__engine_state(requestor), 11);
    assert_true(carry(requestor, acceptor));
    if (order == 1) {
      assert_int_equal(scu__engine_state(acceptor), 12);
      assert_int_equal(scu__engine_release_response(acceptor, 0), SCU_OK);
    }
    assert_int_equal(scu__engine_state(acceptor), 13);
    assert_int_equal(next_event(acceptor).type, SCU__EVENT_RELEASED);
    assert_true(carry(acceptor, requestor));
    assert_int_equal(scu__engine_state(requestor), 1);
    assert_int_equal(next_event(requestor).type, SCU__EVENT_RELEASED);
    assert_true(scu__engine_wants_close(requestor));
    scu__engine_closed(acceptor, 0);
    assert_int_equal(scu__engine_state(acceptor), 1);
    expect_no_event(acceptor);
    expect_no_event(requestor);
    scu__engine_free(requestor);
    scu__engine_free(acceptor);
  }
}

static void test_automatic_response_needs_no_user(void **state) {
  (void)state;
  uint8_t bytes[4096];
  scu__engine_options options = {.is_acceptor = true, .auto_release_response = true};
  scu__engine *engine;
  scu__associate ac;
  assert_int_equal(scu__engine_new(&options, &engine), SCU_OK);
  assert_int_equal(scu__engine_connected(engine, 0), SCU_OK);
  size_t length = rq_bytes(bytes, sizeof bytes);
  assert_int_equal(feed(engine, bytes, length), length);
  fill_answer(&ac, 0);
  assert_int_equal(scu__engine_accept(engine, &ac, 0), SCU_OK);
  scu__associate_free(&ac);
  assert_int_equal(next_event(engine).type, SCU__EVENT_ASSOCIATED);
  take_output(engine, bytes, sizeof bytes);
  assert_int_equal(feed(engine, release_rq_pdu, 10), 10);
  assert_int_equal(next_event(engine).type, SCU__EVENT_RELEASE_INDICATION);
  assert_int_equal(next_event(engine).type, SCU__EVENT_RELEASED);
  assert_int_equal(take_output(engine, bytes, sizeof bytes), 10);
  assert_memory_equal(bytes, release_rp_pdu, 10);
  assert_int_equal(scu__engine_state(engine), 13);
  scu__engine_free(engine);
}

static void test_data_after_our_release_request_is_delivered(void **state) {
  (void)state; /* RULES 30, AR-6 */
  scu__engine *engine = engine_in(7, false);
  assert_int_equal(feed(engine, p_data_pdu, sizeof p_data_pdu), sizeof p_data_pdu);
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_DATA);
  assert_true(event.is_last && event.is_command);
  assert_int_equal(scu__engine_state(engine), 7);
  assert_int_equal(feed(engine, release_rp_pdu, 10), 10);
  assert_int_equal(next_event(engine).type, SCU__EVENT_RELEASED);
  scu__engine_free(engine);
}

static void test_a_peer_that_closes_instead_of_answering_has_released(void **state) {
  (void)state; /* P28 */
  warnings w = {0};
  scu__engine *engine = traced_requestor_in_sta6(&w);
  assert_int_equal(scu__engine_release(engine, 0), SCU_OK);
  scu__engine_closed(engine, 5);
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_RELEASED);
  assert_true(event.is_unanswered);
  assert_int_equal(w.count, 1);
  scu__engine_closed(engine, 6); /* once more does nothing */
  expect_no_event(engine);
  scu__engine_free(engine);
}

static void test_a_peer_that_closes_anywhere_else_is_an_error_with_its_place(void **state) {
  (void)state;
  scu__engine *engine = requestor_in_sta6();
  feed_all(engine, p_data_pdu, 13);
  assert_int_equal(next_event(engine).type, SCU__EVENT_DATA);
  scu__engine_closed(engine, 5);
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_CLOSED_BY_PEER);
  assert_int_equal(event.error->result, SCU_ERROR_CLOSED);
  assert_non_null(strstr(event.error->reason, "in the middle of a PDU"));
  assert_int_equal(event.phase, SCU_PHASE_RESPONSE);
  scu__engine_free(engine);
  engine = requestor_in_sta5();
  scu__engine_closed(engine, 5);
  event = next_event(engine);
  assert_int_equal(event.phase, SCU_PHASE_ASSOCIATE);
  assert_non_null(strstr(event.error->reason, "without answering"));
  scu__engine_free(engine);
}

static void test_silence_times_out_then_aborts_then_closes(void **state) {
  (void)state; /* P27, P31 */
  uint8_t bytes[64];
  scu__engine *engine = engine_in(7, false);
  uint64_t deadline = scu__engine_deadline(engine);
  assert_int_equal(deadline, 10000);
  scu__engine_expire(engine, deadline - 1);
  expect_no_event(engine);
  scu__engine_expire(engine, deadline);
  scu__engine_event event = next_event(engine);
  assert_int_equal(event.type, SCU__EVENT_TIMED_OUT);
  assert_int_equal(event.phase, SCU_PHASE_RELEASE);
  assert_int_equal(event.error->result, SCU_ERROR_TIMEOUT);
  assert_int_equal(take_output(engine, bytes, sizeof bytes), 10);
  assert_int_equal(bytes[0], 7);
  assert_int_equal(scu__engine_state(engine), 13);
  scu__engine_expire(engine, scu__engine_deadline(engine));
  assert_true(scu__engine_wants_close(engine));
  assert_int_equal(scu__engine_state(engine), 1);
  expect_no_event(engine);
  scu__engine_free(engine);
  engine = requestor_in_sta5();
  scu__engine_expire(engine, scu__engine_deadline(engine));
  assert_int_equal(next_event(engine).phase, SCU_PHASE_ASSOCIATE);
  scu__engine_free(engine);
  engine = acceptor_in_sta2();
  scu__engine_expire(engine, scu__engine_deadline(engine));
  assert_int_equal(next_event(engine).type, SCU__EVENT_TIMED_OUT);
  assert_int_equal(take_output(engine, bytes, sizeof bytes), 0);
  assert_true(scu__engine_wants_close(engine));
  assert_true(scu__engine_deadline(engine) == UINT64_MAX);
  scu__engine_expire(engine, UINT64_MAX);
  expect_no_event(engine);
  scu__engine_free(engine);
}

static void test_whatever_comes_after_the_end_is_swallowed(void **state) {
  (void)state;
  uint8_t bytes[4096];
  scu__engine *engine = engine_in(7, false);
  assert_int_equal(feed(engine, release_rp_pdu, 10), 10);
  assert_int_equal(next_event(engine).type, SCU__EVENT_RELEASED);
  assert_int_equal(feed(engine, unknown_pdu, 10), 10);
  expect_no_event(engine);
  assert_int_equal(take_output(engine, bytes, sizeof bytes), 0);
  scu__engine_free(engine);
  /* Sta13: data is ignored, requests are answered by an abort, but never without bound. */
  engine = engine_in(13, true);
  size_t length = rq_bytes(bytes, sizeof bytes);
  for (int i = 0; i < 1000; i++) assert_int_equal(feed(engine, bytes, length), length);
  assert_true(scu__engine_queued(engine) <= 40);
  expect_no_event(engine);
  scu__engine_free(engine);
}

static void count_pdu(scu__tap *tap, void *conversation, bool is_sent, const uint8_t *bytes, size_t length) {
  warnings *w = conversation;
  (void)tap;
  assert_int_equal(length, 6 + scu__pdu_header_load(bytes).length);
  if (is_sent) {
    w->sent_pdus++;
    w->sent_bytes += length;
  } else {
    w->received_pdus++;
    w->received_bytes += length;
  }
}

static void test_the_traced_pdus_are_whole(void **state) {
  (void)state;
  warnings w = {0};
  scu__memory_source source;
  scu__memory_source_init(&source, "0123456789", 10);
  scu__tap tap = {.pdu = count_pdu};
  w.trace.taps[SCU__TAP_CAPTURE] = &tap;
  w.trace.conversations[SCU__TAP_CAPTURE] = &w;
  scu__engine *engine = traced_requestor_in_sta6(&w);
  assert_int_equal(w.sent_pdus, 1);
  assert_int_equal(w.received_pdus, 1);
  scu__payload payload = {.source = &source.source, .offset = 1, .length = 5, .has_pad = true};
  assert_int_equal(scu__engine_send_pdv(engine, 1, false, true, &payload), SCU_OK);
  event_log log = {0};
  unsigned seed = 1;
  feed_in_pieces(engine, p_data_pdu, sizeof p_data_pdu, 1, &seed, &log);
  assert_int_equal(scu__engine_release(engine, 0), SCU_OK);
  feed_in_pieces(engine, release_rp_pdu, 10, 3, &seed, &log);
  assert_int_equal(w.sent_pdus, 3);
  assert_int_equal(w.received_pdus, 3);
  scu__engine_free(engine);
}

typedef struct hearing {
  scu__tap tap; /* first */
  unsigned sent, received, sent_gaps, received_gaps;
} hearing;

static void hear_pdu(scu__tap *self, void *conversation, bool is_sent, const uint8_t *bytes, size_t length) {
  hearing *h = (hearing *)self;
  assert_ptr_equal(conversation, h);
  assert_true(length == 0 || length == 6 + scu__pdu_header_load(bytes).length);
  if (is_sent)
    length ? h->sent++ : h->sent_gaps++;
  else
    length ? h->received++ : h->received_gaps++;
}

static scu_result refuse_to_read(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  (void)self, (void)offset, (void)to, (void)length, (void)error;
  return SCU_ERROR_STORAGE;
}

/* Whoever keeps accounts must not go blind without knowing it. */
static void test_taps_hear_of_pdus_that_they_cannot_have(void **state) {
  (void)state;
  hearing h = {.tap = {.pdu = hear_pdu}};
  scu__trace trace = {.taps = {&h.tap}, .conversations = {&h}};
  scu__source broken = {.size = 8, .read_at = refuse_to_read};
  scu__payload range = {.source = &broken, .length = 8}, bytes = {.bytes = (const uint8_t *)"01234567", .length = 8};
  warnings w = {.trace = trace, .tolerates_overlong = true};
  scu__engine *engine = traced_requestor_in_sta6(&w);
  unsigned sent = h.sent, received = h.received;
  assert_int_equal(scu__engine_send_pdv(engine, 1, false, true, &range), SCU_OK);
  assert_int_equal(scu__engine_send_pdv(engine, 1, false, true, &bytes), SCU_OK);
  assert_int_equal(h.sent_gaps, 1);
  assert_int_equal(h.sent, sent + 1);
  event_log log = {0};
  unsigned seed = 1;
  feed_in_pieces(engine, p_data_pdu, sizeof p_data_pdu, 1, &seed, &log);
  assert_int_equal(h.received, received + 1);
  assert_int_equal(h.received_gaps, 0);
  enum { OVERLONG = 2 * SCU__ASSOCIATE_PDU_MAX };
  scu__engine_event event;
  uint8_t *overlong = calloc(1, SCU__PDU_HEADER + OVERLONG);
  assert_non_null(overlong);
  scu__pdv_header pdv = {.item_length = OVERLONG - 4, .context_id = 1, .is_last = true};
  scu__pdu_header_store(overlong, SCU__PDU_P_DATA_TF, OVERLONG);
  scu__pdv_header_store(overlong + SCU__PDU_HEADER, &pdv);
  for (size_t at = 0; at < SCU__PDU_HEADER + OVERLONG;) {
    size_t taken = feed(engine, overlong + at, SCU__PDU_HEADER + OVERLONG - at);
    while (scu__engine_next_event(engine, &event) == SCU_OK) {
    }
    at += taken;
  }
  free(overlong);
  assert_int_equal(h.received_gaps, 1);
  feed_in_pieces(engine, p_data_pdu, sizeof p_data_pdu, 1, &seed, &log);
  assert_int_equal(h.received, received + 2);
  scu__engine_free(engine);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_any_split_of_the_input_gives_the_same_events),
      cmocka_unit_test(test_request_byte_by_byte_is_accepted_as_if_it_came_whole),
      cmocka_unit_test(test_fragments_are_slices_of_the_input),
      cmocka_unit_test(test_data_behind_the_request_aborts_and_is_not_read),
      cmocka_unit_test(test_data_begun_before_the_acceptance_aborts_too),
      cmocka_unit_test(test_a_peer_that_aborts_before_our_answer_is_told_instead_of_the_indication),
      cmocka_unit_test(test_huge_request_is_refused_from_its_header),
      cmocka_unit_test(test_a_request_that_declares_much_costs_only_what_arrives),
      cmocka_unit_test(test_fixed_pdus_of_other_lengths_are_refused),
      cmocka_unit_test(test_a_request_that_cannot_be_read_aborts_with_the_offset),
      cmocka_unit_test(test_other_protocols_are_named),
      cmocka_unit_test(test_random_prefixes_end_in_an_abort_or_wait_for_more),
      cmocka_unit_test(test_up_to_six_bytes_too_long_is_tolerated_with_one_warning),
      cmocka_unit_test(test_seven_bytes_too_long_is_an_error_naming_both_numbers),
      cmocka_unit_test(test_bad_pdv_items_abort),
      cmocka_unit_test(test_odd_fragments_are_taken_with_one_warning),
      cmocka_unit_test(test_an_abort_of_ours_in_the_middle_of_a_fragment_drops_the_rest),
      cmocka_unit_test(test_peers_maximum_bounds_the_fragment),
      cmocka_unit_test(test_what_may_not_be_sent_is_refused_and_queues_nothing),
      cmocka_unit_test(test_output_is_bytes_and_ranges_in_order),
      cmocka_unit_test(test_a_long_stream_survives_partial_sends),
      cmocka_unit_test(test_steady_sending_allocates_nothing),
      cmocka_unit_test(test_a_caller_that_never_drains_meets_a_limit),
      cmocka_unit_test(test_reject_is_told_with_a_hint),
      cmocka_unit_test(test_release_collision_ends_in_order_for_both),
      cmocka_unit_test(test_automatic_response_needs_no_user),
      cmocka_unit_test(test_data_after_our_release_request_is_delivered),
      cmocka_unit_test(test_a_peer_that_closes_instead_of_answering_has_released),
      cmocka_unit_test(test_a_peer_that_closes_anywhere_else_is_an_error_with_its_place),
      cmocka_unit_test(test_silence_times_out_then_aborts_then_closes),
      cmocka_unit_test(test_whatever_comes_after_the_end_is_swallowed),
      cmocka_unit_test(test_the_traced_pdus_are_whole),
      cmocka_unit_test(test_taps_hear_of_pdus_that_they_cannot_have),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
