/* The disk sink from outside: what is stored where, what is refused with which status, and that nothing a peer can say
 * leaves the root (catalogue D22, D23, F01, F08-F10, L07). */
#define _GNU_SOURCE
#include "../io/cmocka_all.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>

#include "../io/scratch.h"
#include "data/inflate.h"
#include "data/part10.h"
#include "data/transfer_syntax.h"
#include "datasets.h"
#include "io/door.h"
#include "io/file.h"
#include "listener/sink.h"
#include "listener/sink_disk.h"
#include "scu/version.h"
#include "support/failing_allocator.h"

#define CT "1.2.840.10008.5.1.4.1.1.2"

/* --- a driver: what a listener does ------------------------------------------------------------------------------- */

typedef struct answer {
  int count;
  uint16_t status;
  bool is_duplicate, is_at_once;
  uint64_t length;
  char path[512], comment[128], study[80], series[80];
} answer;

static scu__completions *queue;

static void answered(void *user, const scu_sink_outcome *outcome) {
  answer *to = user;
  to->count++;
  to->status = outcome->status;
  to->is_duplicate = outcome->is_duplicate;
  to->length = outcome->length;
  snprintf(to->path, sizeof to->path, "%s", outcome->path ? outcome->path : "");
  snprintf(to->comment, sizeof to->comment, "%s", outcome->comment ? outcome->comment : "");
  snprintf(to->study, sizeof to->study, "%s", outcome->study_instance_uid ? outcome->study_instance_uid : "");
  snprintf(to->series, sizeof to->series, "%s", outcome->series_instance_uid ? outcome->series_instance_uid : "");
}

static void refused(answer *to, scu_result result, const scu_sink_outcome *outcome) {
  scu_sink_outcome copy = *outcome;
  copy.status = scu__sink_status(result, outcome);
  answered(to, &copy);
}

typedef struct sending {
  const char *sop_class, *sop_instance, *syntax;
  const uint8_t *bytes;
  size_t length, piece;
} sending;

static void send_instance(scu_sink *sink, const sending *what, answer *to) {
  memset(to, 0, sizeof *to);
  scu_incoming incoming = {.size = sizeof incoming,
                           .sop_class_uid = what->sop_class,
                           .sop_instance_uid = what->sop_instance,
                           .transfer_syntax_uid = what->syntax,
                           .calling_ae = "SENDER",
                           .called_ae = "US",
                           .peer = "127.0.0.1:1",
                           .move_originator_ae = ""};
  scu_sink_outcome outcome = {.size = sizeof outcome};
  void *instance;
  scu_result result = sink->begin(sink->user, &incoming, &instance, &outcome);
  if (result != SCU_OK) {
    refused(to, result, &outcome);
    return;
  }
  size_t piece = what->piece ? what->piece : 16000;
  for (size_t at = 0; at < what->length; at += piece) {
    size_t n = what->length - at < piece ? what->length - at : piece;
    result = sink->write(sink->user, instance, what->bytes + at, n, &outcome);
    if (result == SCU_OK) continue;
    refused(to, result, &outcome);
    sink->discard(sink->user, instance);
    return;
  }
  scu_completion *completion;
  assert_int_equal(scu__completion_new(NULL, queue, answered, to, &completion), SCU_OK);
  result = sink->finish(sink->user, instance, completion, &outcome);
  if (result != SCU_PENDING) {
    to->is_at_once = true;
    refused(to, result, &outcome);
    scu__completion_free(completion);
    return;
  }
  while (to->count == 0) {
    struct pollfd one = {.fd = scu__completions_fd(queue), .events = POLLIN};
    assert_int_equal(poll(&one, 1, 10000), 1);
    scu__completions_drain(queue);
  }
}

static void send_parts(scu_sink *sink, const dataset_parts *parts, const char *command_uid, answer *to) {
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 4 << 20);
  put_dataset(&bytes, SCU__EXPLICIT_LE, parts);
  sending what = {.sop_class = CT,
                  .sop_instance = command_uid,
                  .syntax = SCU__UID_EXPLICIT_LE,
                  .bytes = bytes.data,
                  .length = bytes.length};
  send_instance(sink, &what, to);
  scu__buffer_free(&bytes);
}

static const dataset_parts usual = {
    .sop_class = CT, .sop_instance = "1.2.3.4", .study = "1.2.3", .series = "1.2.3.1", .pixels = 3000, .fill = 7};

static scu_disk_sink_options options_for(scu_durability durability, scu_on_duplicate on_duplicate) {
  return (scu_disk_sink_options){.size = sizeof(scu_disk_sink_options),
                                 .root = in_scratch("root"),
                                 .durability = durability,
                                 .on_duplicate = on_duplicate};
}

static scu_sink *sink_with(scu_durability durability, scu_on_duplicate on_duplicate) {
  scu_disk_sink_options options = options_for(durability, on_duplicate);
  scu_sink *sink;
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_OK);
  return sink;
}

static int setup(void **state) {
  if (scratch_setup(state) != 0) return -1;
  return scu__completions_new(NULL, &queue, NULL) == SCU_OK ? 0 : -1;
}

static int teardown(void **state) {
  scu__completions_close(queue);
  scu__completions_release(queue);
  return scratch_teardown(state);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void test_an_instance_is_a_part_10_file_with_the_dataset_as_it_came(void **state) {
  (void)state;
  for (int durability = 0; durability < 3; durability++) {
    for (size_t pixels = 100; pixels < 1000000; pixels += 900000 - 1) {
      scu_sink *sink = sink_with((scu_durability)durability, SCU_DUPLICATE_REPLACE);
      dataset_parts parts = usual;
      parts.pixels = pixels + 1;
      scu__buffer bytes;
      scu__buffer_init(&bytes, NULL, 4 << 20);
      put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
      sending what = {CT, "1.2.3.4", SCU__UID_EXPLICIT_LE, bytes.data, bytes.length, 0};
      answer to;
      send_instance(sink, &what, &to);
      assert_int_equal(to.status, 0);
      assert_int_equal(to.is_at_once, durability == SCU_DURABILITY_NONE);
      assert_string_equal(to.path, in_scratch("root/1.2.3/1.2.3.1/1.2.3.4.dcm"));
      assert_string_equal(to.study, "1.2.3");
      assert_string_equal(to.series, "1.2.3.1");
      assert_int_equal(to.length, size_of(to.path));

      scu__source *source;
      scu__file_meta meta;
      assert_int_equal(scu__file_source_open(to.path, NULL, &source, NULL), SCU_OK);
      assert_int_equal(scu__part10_read(source, NULL, &meta, NULL), SCU_OK);
      assert_true(meta.has_preamble && !meta.has_wrong_group_length);
      assert_string_equal(meta.sop_class.text, CT);
      assert_string_equal(meta.sop_instance.text, "1.2.3.4");
      assert_string_equal(meta.transfer_syntax.text, SCU__UID_EXPLICIT_LE);
      assert_string_equal(meta.implementation_class.text, SCU_IMPLEMENTATION_CLASS_UID);
      assert_string_equal(meta.implementation_version, SCU_IMPLEMENTATION_VERSION_NAME);
      assert_string_equal(meta.source_ae.text, "SENDER");
      assert_int_equal(source->size - meta.dataset_offset, bytes.length);
      uint8_t *stored = malloc(bytes.length);
      assert_int_equal(source->read_at(source, meta.dataset_offset, stored, bytes.length, NULL), SCU_OK);
      assert_memory_equal(stored, bytes.data, bytes.length);
      free(stored);
      scu__source_close(source);
      scu__buffer_free(&bytes);
      scu_disk_sink_free(sink);
      assert_int_equal(count_files(), 1);
    }
  }
}

static void test_layouts_and_missing_uids_decide_the_folder(void **state) {
  (void)state;
  answer to;
  dataset_parts parts = usual;
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  parts.series = NULL;
  send_parts(sink, &parts, "1.2.3.4", &to);
  assert_string_equal(to.path, in_scratch("root/1.2.3/no-series/1.2.3.4.dcm"));
  assert_string_equal(to.series, "");
  parts.study = NULL;
  send_parts(sink, &parts, "1.2.3.4", &to);
  assert_string_equal(to.path, in_scratch("root/no-study/1.2.3.4.dcm"));
  scu_disk_sink_free(sink);
  scu_disk_sink_options options = options_for(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  options.layout = SCU_LAYOUT_FLAT;
  options.implementation_class_uid = "1.2.3";
  options.implementation_version_name = "V";
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_OK);
  send_parts(sink, &usual, "1.2.3.4", &to);
  assert_int_equal(to.status, 0);
  assert_string_equal(to.path, in_scratch("root/1.2.3.4.dcm"));
  assert_string_equal(to.study, "1.2.3");
  scu_disk_sink_free(sink);
}

static void test_command_and_dataset_that_differ_are_answered_a900_and_not_stored(void **state) {
  (void)state;
  answer to;
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  send_parts(sink, &usual, "1.2.3.5", &to);
  assert_int_equal(to.status, 0xA900);
  assert_non_null(strstr(to.comment, "SOP Instance UID"));
  dataset_parts parts = usual;
  parts.sop_class = "1.2.840.10008.5.1.4.1.1.4";
  send_parts(sink, &parts, "1.2.3.4", &to);
  assert_int_equal(to.status, 0xA900);
  assert_non_null(strstr(to.comment, "SOP Class UID"));
  assert_true(strlen(to.comment) <= 64);
  assert_int_equal(count_files(), 0);
  send_parts(sink, &usual, "1.2.3.4 ", &to); /* padding is not a difference */
  assert_int_equal(to.status, 0);
  assert_string_equal(to.path, in_scratch("root/1.2.3/1.2.3.1/1.2.3.4.dcm"));
  scu_disk_sink_free(sink);
}

static void test_duplicates_follow_the_rule_and_headers_do_not_count(void **state) {
  (void)state;
  for (int rule = 0; rule < 3; rule++) {
    answer to;
    scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, (scu_on_duplicate)rule);
    send_parts(sink, &usual, "1.2.3.4", &to);
    assert_int_equal(to.status, 0);
    assert_false(to.is_duplicate);
    scu_disk_sink_free(sink);

    scu_disk_sink_options options = options_for(SCU_DURABILITY_FILE, (scu_on_duplicate)rule);
    options.implementation_class_uid = "1.2.3.99999"; /* another header, the same instance */
    assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_OK);
    send_parts(sink, &usual, "1.2.3.4", &to);
    assert_int_equal(to.status, 0);
    assert_true(to.is_duplicate);
    assert_int_equal(count_files(), 1);

    dataset_parts other = usual;
    other.fill = 8;
    send_parts(sink, &other, "1.2.3.4", &to);
    if (rule == SCU_DUPLICATE_KEEP) {
      assert_int_equal(to.status, 0xC001);
      assert_string_equal(to.path, "");
      assert_true(strlen(to.comment) > 0 && strlen(to.comment) <= 64);
      assert_int_equal(count_files(), 1);
      send_parts(sink, &usual, "1.2.3.4", &to);
      assert_true(to.is_duplicate); /* the first one stayed */
    } else if (rule == SCU_DUPLICATE_REPLACE) {
      assert_int_equal(to.status, 0);
      assert_int_equal(count_files(), 1);
      send_parts(sink, &other, "1.2.3.4", &to);
      assert_true(to.is_duplicate);
    } else {
      assert_int_equal(to.status, 0);
      assert_string_equal(to.path, in_scratch("root/1.2.3/1.2.3.1/1.2.3.4~2.dcm"));
      assert_int_equal(count_files(), 2);
    }
    scu_disk_sink_free(sink);
    scratch_teardown(NULL);
    assert_non_null(scratch_make());
  }
}

static void test_the_same_bytes_in_another_transfer_syntax_are_other_content(void **state) {
  (void)state;
  answer to;
  scu_sink *sink = sink_with(SCU_DURABILITY_NONE, SCU_DUPLICATE_KEEP);
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 1 << 20);
  put_dataset(&bytes, SCU__EXPLICIT_LE, &usual);
  sending what = {CT, "1.2.3.4", SCU__UID_EXPLICIT_LE, bytes.data, bytes.length, 0};
  send_instance(sink, &what, &to);
  assert_int_equal(to.status, 0);
  what.syntax = SCU__UID_JPEG_BASELINE;
  send_instance(sink, &what, &to);
  assert_int_equal(to.status, 0xC001);
  scu__buffer_free(&bytes);
  scu_disk_sink_free(sink);
}

/* D22, F01: the whole scratch folder is the world; nothing but the root may change in it. */
static void test_no_uid_leads_out_of_the_root_and_none_is_refused(void **state) {
  (void)state;
  static const char *const hostile[] = {"../../x",
                                        "/abs",
                                        "..",
                                        ".",
                                        "1.2.3\\..\\x",
                                        "\xC3\xA9\xE3\x81\x82",
                                        "1.2.3.4/../../../../victim",
                                        "1.2.3.4\n",
                                        "-rf",
                                        "~",
                                        "%n%s",
                                        "CON",
                                        "1..2",
                                        "$(touch x)",
                                        "1.23456789012345678901234567890123456789012345678901234567890123",
                                        "1.23456789012345678901234567890123456789012345678901234567890123456789"};
  write_scratch("victim", "precious", 8);
  mkdir(in_scratch("abs"), 0700);
  for (int layout = 0; layout < 2; layout++) {
    scu_disk_sink_options options = options_for(SCU_DURABILITY_NONE, SCU_DUPLICATE_KEEP);
    options.layout = (scu_layout)layout;
    scu_sink *sink;
    assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_OK);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
      dataset_parts parts = usual;
      parts.sop_instance = parts.study = parts.series = hostile[i];
      answer to;
      send_parts(sink, &parts, hostile[i], &to);
      assert_int_equal(to.status, 0);
      size_t prefix = strlen(in_scratch("root/"));
      assert_int_equal(strncmp(to.path, in_scratch("root/"), prefix), 0);
      for (char *part = strtok(to.path + prefix, "/"); part; part = strtok(NULL, "/"))
        assert_true(scu__path_component_safe(part));
    }
    scu_disk_sink_free(sink);
    long inside = (long)(sizeof hostile / sizeof *hostile);
    assert_int_equal(count_files(), (layout + 1) * inside + 1);
  }
  assert_int_equal(size_of(in_scratch("victim")), 8);
  assert_int_equal(rmdir(in_scratch("abs")), 0); /* still empty */
  assert_int_equal(unlink(in_scratch("victim")), 0);
  scratch_counted = 0;
  nftw(in_scratch("root"), scratch_count_one, 16, FTW_PHYS);
  assert_int_equal(scratch_counted, 2 * (long)(sizeof hostile / sizeof *hostile));
}

/* Kept under the UID of the command it would keep the object itself out. */
static void test_a_dataset_that_does_not_say_what_it_is_is_refused(void **state) {
  (void)state;
  static const dataset_parts nameless[] = {
      {.pixels = 10},
      {.sop_class = CT, .study = "1.2.3", .series = "1.2.3.1", .pixels = 10},
      {.sop_instance = "1.2.3.4", .study = "1.2.3", .series = "1.2.3.1", .pixels = 10},
      {.sop_class = CT, .sop_instance = "", .study = "1.2.3", .series = "1.2.3.1", .pixels = 10},
  };
  scu_sink *sink = sink_with(SCU_DURABILITY_NONE, SCU_DUPLICATE_KEEP);
  answer to;
  for (size_t i = 0; i < sizeof nameless / sizeof *nameless; i++) {
    send_parts(sink, &nameless[i], "1.2.3.4", &to);
    assert_int_equal(to.status, 0xA900);
    assert_int_equal(count_files(), 0);
  }
  send_parts(sink, &usual, "1.2.3.4", &to);
  assert_int_equal(to.status, 0);
  scu_disk_sink_free(sink);
}

static void test_an_empty_dataset_is_refused(void **state) {
  (void)state;
  answer to;
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  sending what = {CT, "1.2.3.4", SCU__UID_EXPLICIT_LE, NULL, 0, 0};
  send_instance(sink, &what, &to);
  assert_int_equal(to.status, 0xC000);
  assert_int_equal(count_files(), 0);
  scu_disk_sink_free(sink);
}

/* An object that ends inside something is not whole, whatever the sender says: it keeps its copy. */
static void test_a_dataset_that_is_cut_is_refused_at_every_length(void **state) {
  (void)state;
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 4096);
  dataset_parts parts = usual;
  parts.pixels = 40;
  put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
  size_t whole = 0, nameless = 0;
  for (size_t length = 1; length <= bytes.length; length++) {
    answer to;
    scu_sink *sink = sink_with(SCU_DURABILITY_NONE, SCU_DUPLICATE_REPLACE);
    int before = (int)count_files();
    sending what = {CT, "1.2.3.4", SCU__UID_EXPLICIT_LE, bytes.data, length, 7};
    send_instance(sink, &what, &to);
    if (to.status == 0)
      whole++;
    else if (to.status == 0xA900)
      nameless++; /* cut between its two UIDs */
    else
      assert_int_equal(to.status, 0xC000);
    if (to.status != 0) assert_int_equal(count_files(), before);
    scu_disk_sink_free(sink);
  }
  assert_int_equal(nameless, 1);
  assert_int_equal(whole, 5); /* the other element boundaries, which cannot be told from the end */
  scu__buffer_free(&bytes);
}

/* What a few hundred kilobytes may become has a limit, and that is what the sender is told. */
static void test_a_dataset_that_inflates_without_end_is_refused_by_that_name(void **state) {
  (void)state;
  static uint8_t zeros[64 * 1024], deflated[64 * 1024];
  answer to;
  scu__deflater *deflater;
  scu__buffer head, bytes;
  dataset_parts parts = usual;
  scu__buffer_init(&head, NULL, 1 << 20);
  scu__buffer_init(&bytes, NULL, 16 << 20);
  put_dataset(&head, SCU__EXPLICIT_LE, &parts);
  static const uint8_t pixels[] = {0xE0, 0x7F, 0x10, 0, 'O', 'W', 0, 0, 0, 0, 0, 0x20}; /* 512 MiB */
  scu__put_bytes(&head, pixels, sizeof pixels);
  assert_int_equal(scu__deflater_new(NULL, &deflater), SCU_OK);
  for (int i = -1; i < 5000; i++) {
    const uint8_t *from = i < 0 ? head.data : zeros;
    size_t left = i < 0 ? head.length : sizeof zeros, got = 0;
    do {
      assert_true(scu__deflater_run(deflater, &from, &left, false, deflated, sizeof deflated, &got, NULL) >= 0);
      scu__put_bytes(&bytes, deflated, got);
    } while (left > 0 || got > 0);
  }
  scu__deflater_free(deflater);
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  sending what = {CT, "1.2.3.4", "1.2.840.10008.1.2.1.99", bytes.data, bytes.length, 0};
  send_instance(sink, &what, &to);
  assert_int_equal(to.status, 0xC000);
  assert_non_null(strstr(to.comment, "256 MiB"));
  assert_int_equal(count_files(), 0);
  scu_disk_sink_free(sink);
  scu__buffer_free(&head);
  scu__buffer_free(&bytes);
}

static void test_a_dataset_that_cannot_be_read_at_all_is_refused(void **state) {
  (void)state;
  static const uint8_t garbage[64] = "This is no dataset at all, but somebody sent it as one.";
  answer to;
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  sending what = {CT, "1.2.3.4", SCU__UID_EXPLICIT_LE, garbage, sizeof garbage, 0};
  send_instance(sink, &what, &to);
  assert_int_equal(to.status, 0xC000);
  assert_int_equal(count_files(), 0);
  scu_disk_sink_free(sink);
}

/* Deeper than we read: is it whole? That is to be known all the same. */
static void send_nested(unsigned depth, const char *end, size_t end_length, bool is_closed, answer *to) {
  static const uint8_t open[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF},
                       close[] = {0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0};
  scu__buffer bytes;
  dataset_parts parts = usual;
  parts.pixels = 0;
  scu__buffer_init(&bytes, NULL, 32 << 20);
  put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
  for (unsigned i = 0; i < depth; i++) {
    scu__put_bytes(&bytes, "\x40\x00\x30\xA7SQ\0", 8);
    scu__put_bytes(&bytes, open, sizeof open);
  }
  for (unsigned i = 0; is_closed && i < depth; i++) scu__put_bytes(&bytes, close, sizeof close);
  scu__put_bytes(&bytes, end, end_length);
  scu_sink *sink = sink_with(SCU_DURABILITY_NONE, SCU_DUPLICATE_REPLACE);
  sending what = {CT, "1.2.3.4", SCU__UID_EXPLICIT_LE, bytes.data, bytes.length, 1000};
  send_instance(sink, &what, to);
  scu_disk_sink_free(sink);
  scu__buffer_free(&bytes);
}

static void test_a_cut_is_seen_however_deep_it_is(void **state) {
  (void)state;
  static const unsigned depths[] = {3, 128, 129, 200, 200000};
  answer to;
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
    send_nested(depths[i], "\x10\x00", 2, false, &to);
    assert_int_equal(to.status, 0xC000);
    assert_non_null(strstr(to.comment, "cut"));
    assert_int_equal(count_files(), 0);
  }
}

static void test_what_is_whole_but_deeper_than_we_read_is_kept_with_a_warning(void **state) {
  (void)state;
  static const unsigned depths[] = {128, 129, 200, 200000};
  answer to;
  for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
    send_nested(depths[i], "", 0, true, &to);
    assert_int_equal(to.status, depths[i] > 128 ? 0xB007 : 0);
    assert_int_equal(count_files(), 1);
  }
}

static void test_a_dataset_that_cannot_be_read_further_in_is_kept_with_a_warning(void **state) {
  (void)state;
  static const uint8_t garbage[64] = "This is no element at all, but somebody sent it as one.";
  answer to;
  scu__buffer bytes;
  dataset_parts parts = usual;
  parts.pixels = 0;
  scu__buffer_init(&bytes, NULL, 4096);
  put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
  scu__put_bytes(&bytes, garbage, sizeof garbage);
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  sending what = {CT, "1.2.3.4", SCU__UID_EXPLICIT_LE, bytes.data, bytes.length, 0};
  send_instance(sink, &what, &to);
  assert_int_equal(to.status, 0xB007);
  assert_non_null(strstr(to.comment, "malformed"));
  assert_int_equal(count_files(), 1);
  scu__buffer_free(&bytes);
  scu_disk_sink_free(sink);
}

static void test_a_lost_association_leaves_nothing(void **state) {
  (void)state;
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, 4 << 20);
  dataset_parts parts = usual;
  parts.pixels = 1000000;
  put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
  scu_incoming incoming = {.size = sizeof incoming,
                           .sop_class_uid = CT,
                           .sop_instance_uid = "1.2.3.4",
                           .transfer_syntax_uid = SCU__UID_EXPLICIT_LE,
                           .calling_ae = "A",
                           .called_ae = "B",
                           .peer = "",
                           .move_originator_ae = ""};
  static const size_t cuts[] = {0, 1, 50, 5000, 300000, 900000};
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    void *instance;
    scu_sink_outcome outcome = {.size = sizeof outcome};
    assert_int_equal(sink->begin(sink->user, &incoming, &instance, &outcome), SCU_OK);
    if (cuts[i] > 0) assert_int_equal(sink->write(sink->user, instance, bytes.data, cuts[i], &outcome), SCU_OK);
    sink->discard(sink->user, instance);
    assert_int_equal(count_files(), 0);
  }
  scu__buffer_free(&bytes);
  scu_disk_sink_free(sink);
}

/* --- faults ------------------------------------------------------------------------------------------------------- */

typedef struct fault {
  scu__durable_step step;
  atomic_int os_errno;
} fault;

static int failing_step(void *user, scu__durable_step step) {
  fault *plan = user;
  return step == plan->step ? atomic_load(&plan->os_errno) : 0;
}

static void test_a_failing_disk_is_answered_a700_at_every_step_and_recovers(void **state) {
  (void)state;
  for (int durability = 0; durability < 3; durability++)
    for (int step = SCU__STEP_MKDIR; step <= SCU__STEP_SYNC_FOLDER; step++)
      for (size_t pixels = 100; pixels < 800000; pixels += 700000) {
        if (durability == SCU_DURABILITY_NONE && step >= SCU__STEP_WRITE_OUT && step != SCU__STEP_RENAME) continue;
        if (step == SCU__STEP_WRITE_OUT) continue; /* not on every file system: test_durable.c */
        fault plan = {.step = (scu__durable_step)step};
        scu__disk_sink_test test = {.fault = failing_step, .fault_user = &plan};
        scu_disk_sink_options options = options_for((scu_durability)durability, SCU_DUPLICATE_KEEP);
        scu_sink *sink;
        answer to;
        assert_int_equal(scu__disk_sink_new_for_test(&options, &test, &sink), SCU_OK);
        dataset_parts parts = usual;
        parts.pixels = pixels;
        atomic_store(&plan.os_errno, ENOSPC);
        send_parts(sink, &parts, "1.2.3.4", &to);
        assert_int_equal(to.status, 0xA700);
        assert_string_equal(to.comment, "no space left on device");
        assert_string_equal(to.path, "");
        if (step != SCU__STEP_SYNC_FOLDER && step != SCU__STEP_SYNC_FILE) assert_int_equal(count_files(), 0);
        atomic_store(&plan.os_errno, 0);
        send_parts(sink, &parts, "1.2.3.4", &to);
        assert_int_equal(to.status, 0);
        assert_int_equal(count_files(), 1);
        scu_disk_sink_free(sink);
        scratch_teardown(NULL);
        assert_non_null(scratch_make());
      }
}

static void test_a_sink_that_cannot_be_opened_says_why_and_refuses_everything(void **state) {
  (void)state;
  write_scratch("file", "x", 1);
  scu_disk_sink_options options = options_for(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  options.root = in_scratch("file");
  scu_sink *sink;
  answer to;
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_ERROR_STORAGE);
  assert_int_equal(scu_error_result(scu_disk_sink_error(sink)), SCU_ERROR_STORAGE);
  assert_non_null(strstr(scu_error_reason(scu_disk_sink_error(sink)), "file"));
  send_parts(sink, &usual, "1.2.3.4", &to);
  assert_int_equal(to.status, 0xA700);
  scu_disk_sink_free(sink);
  options = options_for(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  options.implementation_class_uid = "not a uid";
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_ERROR_USAGE);
  scu_disk_sink_free(sink);
  options = options_for(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  options.implementation_version_name = "longer than sixteen";
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_ERROR_USAGE);
  scu_disk_sink_free(sink);
  options = options_for((scu_durability)9, SCU_DUPLICATE_KEEP);
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_ERROR_USAGE);
  scu_disk_sink_free(sink);
  scu_disk_sink_free(NULL);
}

static void test_options_of_the_bag_become_those_of_the_sink(void **state) {
  (void)state;
  scu_disk_sink_options out = {.size = sizeof out, .root = "here", .durability = SCU_DURABILITY_NONE};
  assert_int_equal(scu_disk_sink_options_from(NULL, &out), SCU_OK);
  assert_string_equal(out.root, "here");
  assert_int_equal(out.durability, SCU_DURABILITY_BATCH);
  assert_int_equal(out.on_duplicate, SCU_DUPLICATE_KEEP);
  assert_int_equal(out.layout, SCU_LAYOUT_TREE);
  assert_string_equal(out.implementation_class_uid, SCU_IMPLEMENTATION_CLASS_UID);
  assert_string_equal(out.implementation_version_name, SCU_IMPLEMENTATION_VERSION_NAME);
  assert_null(out.allocator);
  static const char *const durabilities[] = {"batch", "file", "none"}, *const duplicates[] = {"keep", "replace",
                                                                                              "both"};
  static const char *const layouts[] = {"tree", "flat"};
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  scu_options *bag;
  assert_int_equal(scu_options_new(&counting.allocator, &bag), SCU_OK);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(scu_options_set_text(bag, SCU_OPTION_DURABILITY, durabilities[i]), SCU_OK);
    assert_int_equal(scu_options_set_text(bag, SCU_OPTION_ON_DUPLICATE, duplicates[i]), SCU_OK);
    assert_int_equal(scu_options_set_text(bag, SCU_OPTION_LAYOUT, layouts[i % 2]), SCU_OK);
    assert_int_equal(scu_options_set_text(bag, SCU_OPTION_TEMPORARY_DIRECTORY, durabilities[i]), SCU_OK);
    assert_int_equal(scu_disk_sink_options_from(bag, &out), SCU_OK);
    assert_int_equal(out.durability, i);
    assert_int_equal(out.on_duplicate, i);
    assert_int_equal(out.layout, i % 2);
    assert_string_equal(out.temporary_directory, durabilities[i]);
    assert_ptr_equal(out.allocator, &counting.allocator);
  }
  scu_options_free(bag);
  out.size = offsetof(scu_disk_sink_options, temporary_directory); /* of a caller who does not know it */
  out.temporary_directory = "untouched";
  assert_int_equal(scu_disk_sink_options_from(NULL, &out), SCU_OK);
  assert_string_equal(out.temporary_directory, "untouched");
  out.size = offsetof(scu_disk_sink_options, allocator);
  assert_int_equal(scu_disk_sink_options_from(NULL, &out), SCU_ERROR_USAGE);
}

static void test_the_temporary_folder_is_used_and_checked(void **state) {
  (void)state;
  scu_disk_sink_options options = options_for(SCU_DURABILITY_NONE, SCU_DUPLICATE_KEEP);
  scu_sink *sink;
  options.temporary_directory = in_scratch("missing");
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_ERROR_STORAGE);
  assert_non_null(strstr(scu_error_reason(scu_disk_sink_error(sink)), "missing"));
  scu_disk_sink_free(sink);
}

static void test_options_of_an_unknown_size_are_a_usage_error(void **state) {
  (void)state;
  scu_disk_sink_options options = options_for(SCU_DURABILITY_NONE, SCU_DUPLICATE_KEEP);
  scu_sink *sink;
  options.size = 0;
  assert_int_equal(scu_disk_sink_new(&options, &sink), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_disk_sink_error(sink)), "size"));
  scu_disk_sink_free(sink);
  struct {
    scu_disk_sink_options known;
    const char *later;
  } newer = {.known = options_for(SCU_DURABILITY_NONE, SCU_DUPLICATE_KEEP), .later = "of a version to come"};
  newer.known.size = sizeof newer;
  assert_int_equal(scu_disk_sink_new(&newer.known, &sink), SCU_OK);
  scu_disk_sink_free(sink);
}

static scu_result foreign_begin(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome) {
  (void)user, (void)incoming, (void)outcome;
  *instance = NULL;
  return SCU_OK;
}

static void test_a_sink_of_somebody_else_is_left_alone(void **state) {
  (void)state;
  scu_sink foreign = {.size = sizeof foreign, .begin = foreign_begin};
  assert_int_equal(scu_error_result(scu_disk_sink_error(&foreign)), SCU_ERROR_USAGE);
  scu_disk_sink_free(&foreign);
  assert_ptr_equal(foreign.begin, foreign_begin);
  assert_null(scu_disk_sink_error(NULL));
}

static void test_every_allocation_may_fail_and_nothing_leaks(void **state) {
  (void)state;
  size_t i = 0;
  for (bool has_failed = true; has_failed; i++) {
    failing_allocator failing;
    failing_allocator_init(&failing, i);
    scu_disk_sink_options options = options_for(SCU_DURABILITY_NONE, SCU_DUPLICATE_KEEP);
    options.allocator = &failing.allocator;
    scu_sink *sink;
    answer to = {.status = 0};
    scu_result result = scu_disk_sink_new(&options, &sink);
    if (result == SCU_OK) send_parts(sink, &usual, "1.2.3.4", &to);
    has_failed = failing.requests > i;
    if (has_failed)
      assert_true(result == SCU_ERROR_MEMORY || to.status == 0xA700 || to.status == 0xC001);
    else
      assert_int_equal(to.status, 0);
    scu_disk_sink_free(sink);
    assert_int_equal(failing.alive, 0);
    assert_true(count_files() <= 1);
    unlink(in_scratch("root/1.2.3/1.2.3.1/1.2.3.4.dcm"));
  }
  assert_true(i > 8);
}

/* --- many at once ------------------------------------------------------------------------------------------------- */

static void test_many_pending_instances_are_each_answered_once(void **state) {
  (void)state;
  enum { MANY = 100 };
  static answer all[MANY];
  scu_sink *sink = sink_with(SCU_DURABILITY_BATCH, SCU_DUPLICATE_KEEP);
  memset(all, 0, sizeof all);
  for (int i = 0; i < MANY; i++) {
    char uid[32];
    snprintf(uid, sizeof uid, "1.2.3.%d", 100 + i);
    dataset_parts parts = usual;
    parts.sop_instance = uid;
    scu__buffer bytes;
    scu__buffer_init(&bytes, NULL, 1 << 20);
    put_dataset(&bytes, SCU__EXPLICIT_LE, &parts);
    scu_incoming incoming = {.size = sizeof incoming,
                             .sop_class_uid = CT,
                             .sop_instance_uid = uid,
                             .transfer_syntax_uid = SCU__UID_EXPLICIT_LE,
                             .calling_ae = "A",
                             .called_ae = "B",
                             .peer = "",
                             .move_originator_ae = ""};
    scu_sink_outcome outcome = {.size = sizeof outcome};
    void *instance;
    scu_completion *completion;
    assert_int_equal(sink->begin(sink->user, &incoming, &instance, &outcome), SCU_OK);
    assert_int_equal(sink->write(sink->user, instance, bytes.data, bytes.length, &outcome), SCU_OK);
    assert_int_equal(scu__completion_new(NULL, queue, answered, &all[i], &completion), SCU_OK);
    /* Every fourth association dies while the disk works. */
    scu_result result = sink->finish(sink->user, instance, completion, &outcome);
    assert_int_equal(result, SCU_PENDING);
    if (i % 4 == 0) scu__completion_abandon(completion);
    scu__buffer_free(&bytes);
  }
  scu_disk_sink_free(sink); /* waits for all */
  assert_int_equal(scu__completions_drain(queue), MANY);
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(all[i].count, i % 4 == 0 ? 0 : 1);
    assert_int_equal(all[i].status, 0);
  }
  assert_int_equal(count_files(), MANY); /* kept, also where nobody is left to hear it: L12 */
}

#define SINK_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      SINK_TEST(test_an_instance_is_a_part_10_file_with_the_dataset_as_it_came),
      SINK_TEST(test_layouts_and_missing_uids_decide_the_folder),
      SINK_TEST(test_command_and_dataset_that_differ_are_answered_a900_and_not_stored),
      SINK_TEST(test_duplicates_follow_the_rule_and_headers_do_not_count),
      SINK_TEST(test_the_same_bytes_in_another_transfer_syntax_are_other_content),
      SINK_TEST(test_no_uid_leads_out_of_the_root_and_none_is_refused),
      SINK_TEST(test_a_dataset_that_does_not_say_what_it_is_is_refused),
      SINK_TEST(test_an_empty_dataset_is_refused),
      SINK_TEST(test_a_dataset_that_is_cut_is_refused_at_every_length),
      SINK_TEST(test_a_dataset_that_cannot_be_read_at_all_is_refused),
      SINK_TEST(test_a_dataset_that_cannot_be_read_further_in_is_kept_with_a_warning),
      SINK_TEST(test_a_cut_is_seen_however_deep_it_is),
      SINK_TEST(test_what_is_whole_but_deeper_than_we_read_is_kept_with_a_warning),
      SINK_TEST(test_a_dataset_that_inflates_without_end_is_refused_by_that_name),
      SINK_TEST(test_a_lost_association_leaves_nothing),
      SINK_TEST(test_a_failing_disk_is_answered_a700_at_every_step_and_recovers),
      SINK_TEST(test_a_sink_that_cannot_be_opened_says_why_and_refuses_everything),
      SINK_TEST(test_options_of_the_bag_become_those_of_the_sink),
      SINK_TEST(test_the_temporary_folder_is_used_and_checked),
      SINK_TEST(test_options_of_an_unknown_size_are_a_usage_error),
      SINK_TEST(test_a_sink_of_somebody_else_is_left_alone),
      SINK_TEST(test_every_allocation_may_fail_and_nothing_leaks),
      SINK_TEST(test_many_pending_instances_are_each_answered_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
