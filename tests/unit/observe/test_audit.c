/* Conversations become audit messages: what they say, how they are bounded, what hostile values do to them, and what
 * happens where memory or the disk ends. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/trace.h"
#include "dimse/command.h"
#include "observe/audit_message.h"
#include "observe/xml.h"
#include "scu/audit.h"
#include "support/failing_allocator.h"
#include "ul/pdu.h"

static char folder[] = "/tmp/scu-audit-XXXXXX", path[64];
static char content[4 * 1024 * 1024];
static unsigned warnings;

static int make_folder(void **state) {
  (void)state;
  memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/audit.xml", folder);
  warnings = 0;
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void count_warning(void *user, const char *text) {
  (void)user;
  (void)text;
  warnings++;
}

static scu_result open_audit(const scu_allocator *allocator, const char *destination, scu_audit **out) {
  scu_audit_options options = {
      .size = sizeof options, .destination = destination, .ae_title = "US", .warning = count_warning};
  return scu_audit_new(allocator, &options, out);
}

static void read_file(void) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  content[fread(content, 1, sizeof content - 1, file)] = 0;
  fclose(file);
}

static size_t count_of(const char *word) {
  size_t count = 0;
  for (const char *at = content; (at = strstr(at, word)) != NULL; at += strlen(word)) count++;
  return count;
}

#define EVENT(code) "<EventID csd-code=\"" code "\""

/* --- a conversation ----------------------------------------------------------------------------------------------- */

static scu__tap *tap;

static const scu__trace_ends ends = {
    .local = {127, 0, 0, 1}, .peer = {127, 0, 0, 2}, .local_port = 40000, .peer_port = 11112};

static void say_associate(void *talk, scu__pdu_type type, bool is_sent) {
  static const char *const syntax = "1.2.840.10008.1.2";
  scu__associate associate;
  scu__buffer pdu;
  scu__uid uid;
  scu__associate_init(&associate, NULL);
  scu__buffer_init(&pdu, NULL, SCU__ASSOCIATE_PDU_MAX);
  assert_true(scu__ae_from_text(&associate.called, "PEER") && scu__ae_from_text(&associate.calling, "US"));
  assert_true(scu__uid_from_text(&uid, syntax));
  if (type == SCU__PDU_ASSOCIATE_RQ)
    assert_int_equal(scu__associate_add_context(&associate, "1.2.840.10008.5.1.4.1.1.2", &syntax, 1, NULL), SCU_OK);
  else
    assert_int_equal(scu__associate_add_result(&associate, 1, SCU__CONTEXT_ACCEPTED, &uid), SCU_OK);
  assert_int_equal(scu__associate_encode(&associate, type, &pdu), SCU_OK);
  tap->pdu(tap, talk, is_sent, pdu.data, pdu.length);
  scu__buffer_free(&pdu);
  scu__associate_free(&associate);
}

static void *begin_talk(scu_audit *audit) {
  tap = (scu__tap *)audit;
  void *talk = tap->connected(tap, &ends);
  if (!talk) return NULL;
  say_associate(talk, SCU__PDU_ASSOCIATE_RQ, true);
  say_associate(talk, SCU__PDU_ASSOCIATE_AC, false);
  return talk;
}

static void say_fragment(void *talk, bool is_sent, bool is_command, const uint8_t *bytes, size_t length) {
  uint8_t *pdu = malloc(SCU__PDU_HEADER + SCU__PDV_HEADER + length);
  assert_non_null(pdu);
  scu__pdv_header pdv = {
      .item_length = (uint32_t)length + 2, .context_id = 1, .is_command = is_command, .is_last = true};
  scu__pdu_header_store(pdu, SCU__PDU_P_DATA_TF, (uint32_t)(SCU__PDV_HEADER + length));
  scu__pdv_header_store(pdu + SCU__PDU_HEADER, &pdv);
  memcpy(pdu + SCU__PDU_HEADER + SCU__PDV_HEADER, bytes, length);
  tap->pdu(tap, talk, is_sent, pdu, SCU__PDU_HEADER + SCU__PDV_HEADER + length);
  free(pdu);
}

static void say_command(void *talk, bool is_sent, const scu__command *command) {
  scu__buffer bytes;
  scu__buffer_init(&bytes, NULL, SCU__COMMAND_MAX);
  assert_int_equal(scu__command_encode(command, &bytes), SCU_OK);
  say_fragment(talk, is_sent, true, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
}

static void put_element(scu__buffer *to, uint16_t group, uint16_t element, const char *value) {
  size_t length = strlen(value);
  scu__put_u16le(to, group);
  scu__put_u16le(to, element);
  scu__put_u32le(to, (uint32_t)(length + length % 2));
  scu__put_text(to, value);
  if (length % 2) scu__put_u8(to, group == 0x0020 ? 0 : ' ');
}

static scu__command request_of(uint16_t field, uint16_t id) {
  scu__command request;
  scu__uid class_uid;
  assert_true(scu__uid_from_text(&class_uid, "1.2.840.10008.5.1.4.1.1.2"));
  scu__request_init(&request, field, id, &class_uid);
  request.data_set_type = SCU__WITH_DATASET;
  if (field == SCU__C_STORE_RQ) {
    assert_true(scu__uid_from_text(&request.affected_sop_instance, "1.2.3"));
    request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  }
  return request;
}

/* An instance; answered unless status is PENDING. */
static void store_with(void *talk, uint16_t id, const char *accession, const char *name, const char *patient,
                       const char *study, uint16_t status) {
  scu__buffer bytes;
  scu__command request = request_of(SCU__C_STORE_RQ, id), response;
  scu__buffer_init(&bytes, NULL, 64 * 1024);
  put_element(&bytes, 0x0008, 0x0050, accession);
  put_element(&bytes, 0x0010, 0x0010, name);
  put_element(&bytes, 0x0010, 0x0020, patient);
  put_element(&bytes, 0x0020, 0x000D, study);
  say_command(talk, true, &request);
  say_fragment(talk, true, false, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  if (status == 0xFF00) return;
  scu__response_to(&request, status, &response);
  say_command(talk, false, &response);
}

static void store(void *talk, uint16_t id, const char *name, const char *patient, const char *study, uint16_t status) {
  store_with(talk, id, "ACC", name, patient, study, status);
}

static void query(void *talk, size_t length, uint16_t status) {
  scu__command request = request_of(SCU__C_FIND_RQ, 9), response;
  uint8_t *keys = calloc(1, length);
  assert_non_null(keys);
  say_command(talk, true, &request);
  say_fragment(talk, true, false, keys, length);
  free(keys);
  scu__response_to(&request, status, &response);
  say_command(talk, false, &response);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void test_instances_of_two_patients_are_two_messages_with_counts(void **state) {
  (void)state;
  scu_audit *audit;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  store(talk, 1, "A", "P1", "1.2.1", 0);
  store(talk, 2, "A", "P1", "1.2.1", 0xB000);
  store(talk, 3, "A", "P1", "1.2.2", 0xA700);
  store(talk, 4, "B", "P2", "1.2.3", 0);
  tap->closed(tap, talk);
  assert_int_equal(scu_audit_count(audit), 1 + 3 + 2);
  scu_audit_free(audit);
  read_file();
  assert_int_equal(count_of(EVENT("110102")), 3); /* a study each */
  assert_int_equal(count_of(EVENT("110104")), 2);
  assert_int_equal(count_of("NumberOfInstances=\"2\""), 1);
  assert_int_equal(count_of("NumberOfInstances=\"0\""), 1);
  assert_int_equal(count_of("1 of 3 instances were not transferred"), 1);
  assert_int_equal(count_of("EventOutcomeIndicator=\"4\""), 1);
  assert_int_equal(count_of("<Accession Number=\"ACC\"/>"), 3);
  assert_int_equal(count_of("NetworkAccessPointID=\"127.0.0.2\""), 5);
}

static void test_what_is_not_answered_did_not_arrive(void **state) {
  (void)state;
  scu_audit *audit;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  store(talk, 1, "A", "P1", "1.2.1", 0xFF00);
  tap->closed(tap, talk);
  scu_audit_free(audit);
  read_file();
  assert_int_equal(count_of("EventOutcomeIndicator=\"8\""), 1);
  assert_int_equal(count_of("1 of 1 instances were not transferred"), 1);
}

static void test_many_studies_of_one_patient_are_split(void **state) {
  (void)state;
  scu_audit *audit;
  char study[32];
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  for (unsigned i = 0; i < 3 * SCU__AUDIT_STUDIES_MAX + 1; i++) {
    snprintf(study, sizeof study, "1.2.%u", i);
    store(talk, (uint16_t)i, "A", "P1", study, 0);
  }
  tap->closed(tap, talk);
  scu_audit_free(audit);
  read_file();
  assert_int_equal(count_of(EVENT("110104")), 4);
  assert_int_equal(count_of("NumberOfInstances=\"1\""), 3 * SCU__AUDIT_STUDIES_MAX + 1);
}

static void test_hostile_values_stay_values(void **state) {
  (void)state;
  scu_audit *audit;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  store(talk, 1, "\"/><Evil>&\n\x01\xC3(", "a\"b\rc", "1.2.1\"/>", 0);
  tap->closed(tap, talk);
  scu_audit_free(audit);
  read_file();
  assert_int_equal(count_of("<Evil>"), 0);
  assert_int_equal(count_of("&quot;/&gt;&lt;Evil&gt;&amp;&#10;\xEF\xBF\xBD"), 2);
  assert_int_equal(count_of("a&quot;b&#13;c"), 2);
  assert_int_equal(count_of("\n"), 4);                                   /* a line a message */
  assert_int_equal(count_of("ParticipantObjectID=\"&lt;none&gt;\""), 2); /* no UID */
}

static void test_the_longest_values_fit(void **state) {
  (void)state;
  scu_audit *audit;
  char long_text[1001], study[80];
  memset(long_text, '"', 1000);
  long_text[1000] = 0;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  for (uint16_t i = 0; i < SCU__AUDIT_STUDIES_MAX; i++) {
    snprintf(study, sizeof study, "1.2.%061d", 0);
    study[4] = (char)('1' + i % 9);
    study[63] = (char)('1' + i / 9);
    store_with(talk, i, long_text, long_text, long_text, study, 0xA700);
  }
  tap->closed(tap, talk);
  assert_int_equal(scu_audit_lost(audit), 0);
  scu_audit_free(audit);
  read_file();
  assert_int_equal(count_of(EVENT("110104")), 1);
}

static void test_a_query_is_kept_whole_or_says_that_it_is_cut(void **state) {
  (void)state;
  scu_audit *audit;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  query(talk, SCU__AUDIT_QUERY_MAX, 0);
  query(talk, SCU__AUDIT_QUERY_MAX + 2, 0xA900);
  tap->closed(tap, talk);
  scu_audit_free(audit);
  read_file();
  assert_int_equal(count_of(EVENT("110112")), 2);
  assert_int_equal(count_of("type=\"Cut\""), 1);
  size_t kept = SCU__AUDIT_QUERY_MAX * 4 / 3; /* of base64, in both */
  const char *first = strstr(content, "<ParticipantObjectQuery>"),
             *second = strstr(first + 1, "<ParticipantObjectQuery>");
  assert_int_equal(strcspn(first + 24, "<"), kept);
  assert_int_equal(strcspn(second + 24, "<"), kept);
  assert_int_equal(count_of("status A900H"), 1);
}

static void test_times_and_base64_are_right(void **state) {
  (void)state;
  char time[SCU__AUDIT_TIME_MAX];
  scu__buffer text;
  assert_string_equal(scu__audit_time(951782400123456789U, time), "2000-02-29T00:00:00.123Z");
  assert_string_equal(scu__audit_time(0, time), "1970-01-01T00:00:00.000Z");
  assert_string_equal(scu__audit_time(4107542399999000000U, time), "2100-02-28T23:59:59.999Z");
  scu__buffer_init(&text, NULL, 1024);
  scu__xml_base64(&text, "b", "foobar", 6); /* RFC 4648 10 */
  scu__xml_base64(&text, "b", "fooba", 5);
  scu__xml_base64(&text, "b", "f", 1);
  scu__put_u8(&text, 0);
  assert_string_equal((const char *)text.data, "<b>Zm9vYmFy</b><b>Zm9vYmE=</b><b>Zg==</b>");
  scu__buffer_free(&text);
}

static void test_a_destination_that_cannot_be_had_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *destination;
    scu_result result;
  } cases[] = {
      {NULL, SCU_ERROR_USAGE},         {"", SCU_ERROR_USAGE},          {"tls://127.0.0.1:6514", SCU_ERROR_UNSUPPORTED},
      {"udp://", SCU_ERROR_USAGE},     {"udp://h:0", SCU_ERROR_USAGE}, {"tcp://h:65536", SCU_ERROR_USAGE},
      {"tcp://[::1", SCU_ERROR_USAGE}, {"ftp://h", SCU_ERROR_USAGE},   {"/nonexistent/x", SCU_ERROR_STORAGE}};
  scu_audit *audit;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(open_audit(NULL, cases[i].destination, &audit), cases[i].result);
    assert_true(strlen(scu_error_reason(scu_audit_error(audit))) > 0);
    tap = (scu__tap *)audit;
    assert_null(tap->connected(tap, &ends));
    scu_audit_free(audit);
  }
  assert_int_equal(symlink("elsewhere", path), 0);
  assert_int_equal(open_audit(NULL, path, &audit), SCU_ERROR_STORAGE);
  scu_audit_free(audit);
  scu_audit_free(NULL);
}

static void test_a_file_is_added_to_and_private(void **state) {
  (void)state;
  struct stat status;
  scu_audit *audit;
  umask(0);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
    scu_audit_free(audit);
  }
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  read_file();
  assert_int_equal(count_of("</AuditMessage>\n"), 4);
}

/* logrotate takes the name away, and makes no new file. The name is looked at once a second: until then messages go on
 * into the old file, and none is lost. */
static void test_a_file_that_was_rotated_is_made_anew(void **state) {
  (void)state;
  static const struct timespec a_while = {.tv_nsec = 20000000};
  char old[80];
  scu_audit *audit;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  snprintf(old, sizeof old, "%s.1", path);
  assert_int_equal(rename(path, old), 0);
  for (int i = 0; i < 500 && access(path, F_OK) != 0; i++) {
    query(talk, 100, 0);
    nanosleep(&a_while, NULL);
  }
  tap->closed(tap, talk);
  uint64_t count = scu_audit_count(audit) + 1; /* Application Stop */
  scu_audit_free(audit);
  read_file();
  size_t lines = count_of("</AuditMessage>\n");
  assert_true(lines >= 2);
  assert_int_equal(rename(old, path), 0);
  read_file();
  assert_int_equal(lines + count_of("</AuditMessage>\n"), count);
}

static void test_a_full_disk_is_told_once_and_counted(void **state) {
  (void)state;
  struct rlimit before, small;
  scu_audit *audit;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 1000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0); /* SIGXFSZ would end us */
  void *talk = begin_talk(audit);
  query(talk, 100, 0);
  query(talk, 100, 0);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(warnings, 1);
  assert_int_equal(scu_audit_lost(audit), 2);
  query(talk, 100, 0); /* space is back: on a line of its own */
  tap->closed(tap, talk);
  scu_audit_free(audit);
  read_file();
  assert_int_equal(count_of("\n<?xml"), 3);
}

/* One C-FIND is not shown: only one is told of, and that something is missing; after a fault of the peer there is
 * nothing to be missed, unless they talk on. */
static void test_what_cannot_be_followed_is_counted_once(void **state) {
  (void)state;
  static const uint8_t abort[] = {SCU__PDU_ABORT, 0, 0, 0, 0, 4, 0, 0, 2, 0};
  scu_audit *audit;
  assert_int_equal(open_audit(NULL, path, &audit), SCU_OK);
  void *talk = begin_talk(audit);
  query(talk, 100, 0);
  assert_int_equal(scu_audit_lost(audit), 0);
  tap->pdu(tap, talk, false, NULL, 0);
  assert_int_equal(scu_audit_lost(audit), 1);
  query(talk, 100, 0);
  tap->pdu(tap, talk, true, NULL, 0);
  tap->closed(tap, talk);
  assert_int_equal(scu_audit_lost(audit), 1);
  assert_int_equal(warnings, 1);
  talk = begin_talk(audit);
  say_fragment(talk, false, true, (const uint8_t *)"no command", 10);
  tap->pdu(tap, talk, true, abort, sizeof abort);
  tap->closed(tap, talk);
  assert_int_equal(scu_audit_lost(audit), 1);
  talk = begin_talk(audit);
  say_fragment(talk, false, true, (const uint8_t *)"no command", 10);
  query(talk, 100, 0);
  tap->closed(tap, talk);
  assert_int_equal(scu_audit_lost(audit), 2);
  assert_int_equal(scu_audit_count(audit), 1 + 1 + 2);
  scu_audit_free(audit);
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  size_t allowed = 0;
  for (bool was_whole = false; !was_whole; allowed++) {
    failing_allocator failing;
    failing_allocator_init(&failing, allowed);
    scu_audit *audit;
    scu_result result = open_audit(&failing.allocator, path, &audit);
    if (result == SCU_OK) {
      void *talk = begin_talk(audit);
      if (talk) {
        store(talk, 1, "A", "P1", "1.2.1", 0);
        query(talk, 100, 0);
        tap->closed(tap, talk);
      }
      scu_audit_close(audit);
      was_whole = failing.requests <= failing.fail_at;
      assert_true(!was_whole || (scu_audit_lost(audit) == 0 && scu_audit_count(audit) == 5));
      assert_true(scu_audit_lost(audit) > 0 || scu_audit_count(audit) == 5); /* written, or counted as lost */
    } else {
      assert_int_equal(result, SCU_ERROR_MEMORY);
    }
    scu_audit_free(audit);
    assert_int_equal(failing.alive, 0);
  }
  assert_true(allowed > 20);
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      AUDIT_TEST(test_instances_of_two_patients_are_two_messages_with_counts),
      AUDIT_TEST(test_what_is_not_answered_did_not_arrive),
      AUDIT_TEST(test_many_studies_of_one_patient_are_split),
      AUDIT_TEST(test_hostile_values_stay_values),
      AUDIT_TEST(test_the_longest_values_fit),
      AUDIT_TEST(test_a_query_is_kept_whole_or_says_that_it_is_cut),
      AUDIT_TEST(test_times_and_base64_are_right),
      AUDIT_TEST(test_a_destination_that_cannot_be_had_is_refused),
      AUDIT_TEST(test_a_file_is_added_to_and_private),
      AUDIT_TEST(test_a_file_that_was_rotated_is_made_anew),
      AUDIT_TEST(test_a_full_disk_is_told_once_and_counted),
      AUDIT_TEST(test_what_cannot_be_followed_is_counted_once),
      AUDIT_TEST(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
