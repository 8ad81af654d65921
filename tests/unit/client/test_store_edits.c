/* Instances that are edited while they are stored: by the before_store hook, or all of a source. What arrives is as
 * edited, under the UIDs it has then, at every attempt; what cannot be edited does not go. */
#define _GNU_SOURCE /* scratch.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "support/client_fixture.h"
#include "support/sample_file.h"
#include "support/scripted_peer_words.h"
#include "unit/io/scratch.h"

static const peer_step good[] = {START, {.action = PEER_SERVE}, END};
static const peer_step closes[] = {START, {.action = PEER_WAIT_MESSAGE}, {.action = PEER_CLOSE}, END};
static const peer_step *const once[] = {good};

typedef struct told_instance {
  char uid[65], source_uid[65], sop_class[65], reason[256];
  uint64_t bytes;
  scu_outcome outcome;
} told_instance;

typedef struct run {
  fixture f;
  scu_source *source;
  scu_store_report *report;
  scu_result result;
  told_instance told[8];
  size_t told_count;
  unsigned asked;
  scu_store_choice (*edit)(struct run *r, scu_store_candidate *candidate); /* NULL: no hook */
} run;

static void keep_outcome(void *user, const scu_instance_outcome *outcome) {
  run *r = user;
  assert_true(r->told_count < 8);
  told_instance *kept = &r->told[r->told_count++];
  snprintf(kept->uid, sizeof kept->uid, "%s", outcome->sop_instance_uid);
  snprintf(kept->source_uid, sizeof kept->source_uid, "%s", outcome->source_sop_instance_uid);
  snprintf(kept->sop_class, sizeof kept->sop_class, "%s", outcome->sop_class_uid);
  snprintf(kept->reason, sizeof kept->reason, "%s", outcome->reason);
  kept->bytes = outcome->bytes;
  kept->outcome = outcome->outcome;
}

static scu_store_choice before_store(void *user, scu_store_candidate *candidate) {
  run *r = user;
  r->asked++;
  assert_true(candidate->size >= offsetof(scu_store_candidate, edits) + sizeof candidate->edits);
  assert_int_equal(scu_edits_count(candidate->edits), 0);
  return r->edit(r, candidate);
}

static run *start(const peer_step *const *scripts, size_t count,
                  scu_store_choice (*edit)(run *r, scu_store_candidate *candidate)) {
  run *r = calloc(1, sizeof *r);
  assert_non_null(r);
  fixture_prepare_many(&r->f, scripts, count);
  r->edit = edit;
  assert_int_equal(scu_source_new(NULL, &r->source), SCU_OK);
  return r;
}

static void add(run *r, const sample_file *sample) {
  char name[32];
  scu__buffer bytes;
  sample_bytes(sample, &bytes);
  snprintf(name, sizeof name, "%05d.dcm", sample->number);
  write_scratch(name, bytes.data, bytes.length);
  scu__buffer_free(&bytes);
  assert_int_equal(scu_source_add_file(r->source, in_scratch(name)), SCU_OK);
}

static void run_with(run *r, bool is_dry) {
  fixture_open(&r->f);
  const scu_hooks hooks = {
      .size = sizeof hooks, .user = r, .instance = keep_outcome, .before_store = r->edit ? before_store : NULL};
  assert_int_equal(scu_session_set_hooks(r->f.session, &hooks), SCU_OK);
  r->result =
      is_dry ? scu_store_dry_run(r->f.session, r->source, &r->report) : scu_store(r->f.session, r->source, &r->report);
}

static void store(run *r) {
  run_with(r, false);
}

static void end(run *r) {
  scu_store_report_free(r->report);
  scu_source_free(r->source);
  fixture_stop(&r->f);
  free(r);
}

static void expect(const run *r, uint64_t ok, uint64_t failed) {
  if (r->result != SCU_OK) fail_msg("%s", scu_error_reason(scu_session_error(r->f.session)));
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_OK), ok);
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_FAILED), failed);
  assert_int_equal(r->told_count, ok + failed);
}

static const peer_message *request(const run *r, size_t index) {
  const peer_message *message = scripted_peer_message(&r->f.peer, SCU__C_STORE_RQ, index);
  assert_non_null(message);
  return message;
}

static void assert_text(const peer_message *message, const char *path, const char *expected) {
  char text[128];
  assert_non_null(message->dataset);
  assert_int_equal(scu_dataset_text(message->dataset, path, text, sizeof text), SCU_OK);
  assert_string_equal(text, expected);
}

/* What the sample becomes when its dataset is changed by hand, in this encoding. */
static void assert_arrived(const peer_message *message, const sample_file *sample, scu__encoding encoding,
                           const scu_edits *edits) {
  char uid[32];
  scu__buffer wanted;
  scu__buffer_init(&wanted, NULL, (size_t)1 << 30);
  snprintf(uid, sizeof uid, "1.2.3.%d", sample->number);
  scu_dataset *dataset = sample_dataset(sample, uid);
  assert_int_equal(scu_edits_apply(edits, dataset), SCU_OK);
  assert_int_equal(scu__dataset_encode(dataset, encoding, &wanted, NULL), SCU_OK);
  assert_int_equal(message->bytes.length, wanted.length);
  assert_memory_equal(message->bytes.data, wanted.data, wanted.length);
  scu_dataset_free(dataset);
  scu__buffer_free(&wanted);
}

/* --- the hook -------------------------------------------------------------------------------------------------------
 */

static scu_result fill(scu_edits *edits) {
  scu_result result = scu_edits_set_text(edits, "PatientName", "New^Name");
  if (result == SCU_OK) result = scu_edits_set_text(edits, "PatientID", "N-1");
  if (result == SCU_OK) result = scu_edits_set_text(edits, "SOPInstanceUID", "1.2.9.77");
  if (result == SCU_OK)
    result = scu_edits_set_text(edits, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
  return result;
}

static scu_store_choice edit_all(run *r, scu_store_candidate *candidate) {
  (void)r;
  assert_int_equal(fill(candidate->edits), SCU_OK);
  return SCU_STORE_SEND;
}

static void test_an_edited_instance_arrives_under_its_new_uid(void **state) {
  (void)state;
  static const size_t pixels[] = {0, 200, 100 * 1000, 3 * 1000 * 1000};
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_IMPLICIT_LE, SCU__UID_EXPLICIT_BE};
  scu_edits *edits;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  assert_int_equal(fill(edits), SCU_OK);
  for (size_t i = 0; i < 4; i++)
    for (size_t k = 0; k < 3; k++) {
      const sample_file sample = {.number = 7, .pixels = pixels[i], .transfer_syntax = syntaxes[k]};
      run *r = start(once, 1, edit_all);
      add(r, &sample);
      store(r);
      expect(r, 1, 0);
      const peer_message *got = request(r, 0);
      assert_string_equal(got->command.affected_sop_instance.text, "1.2.9.77");
      assert_string_equal(got->command.affected_sop_class.text, SAMPLE_CLASS);
      assert_arrived(got, &sample, scu__transfer_syntax_encoding(scu__transfer_syntax_find(syntaxes[k])), edits);
      assert_string_equal(r->told[0].uid, "1.2.9.77");
      assert_string_equal(r->told[0].source_uid, "1.2.3.7");
      assert_string_equal(r->told[0].reason, "edited");
      assert_int_equal(r->told[0].bytes, got->bytes.length);
      assert_int_equal(scu_store_report_bytes(r->report), got->bytes.length);
      end(r);
    }
  scu_edits_free(edits);
}

static void test_edits_and_the_rewrite_for_the_peer_go_together(void **state) {
  (void)state;
  static const char *const syntaxes[] = {SCU__UID_EXPLICIT_LE, SCU__UID_EXPLICIT_BE};
  scu_edits *edits;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  assert_int_equal(fill(edits), SCU_OK);
  for (size_t i = 0; i < 2; i++) {
    const sample_file sample = {.number = 7, .pixels = 100 * 1000, .transfer_syntax = syntaxes[i]};
    run *r = start(once, 1, edit_all);
    r->f.peer.only_syntax = SCU__UID_IMPLICIT_LE;
    add(r, &sample);
    store(r);
    expect(r, 1, 0);
    const peer_message *got = request(r, 0);
    assert_text(got, "PatientID", "N-1");
    assert_text(got, "RequestAttributesSequence[0].ScheduledProcedureStepID", "S1");
    assert_int_equal(scu_element_length(scu_dataset_find_path(got->dataset, "PixelData")), 100 * 1000);
    assert_string_equal(got->command.affected_sop_instance.text, "1.2.9.77");
    assert_non_null(strstr(r->told[0].reason, "edited, rewritten from"));
    end(r);
  }
  scu_edits_free(edits);
}

/* A deflated dataset goes out deflated, and to a peer that is implicit only, not. */
static void test_deflated_datasets_are_edited_too(void **state) {
  (void)state;
  for (int is_implicit = 0; is_implicit < 2; is_implicit++) {
    const sample_file sample = {.number = 7, .pixels = 300 * 1000};
    run *r = start(once, 1, edit_all);
    scu_dataset *dataset = sample_dataset(&sample, "1.2.3.7");
    assert_int_equal(scu_source_add_dataset(r->source, dataset, SCU__UID_DEFLATED_EXPLICIT_LE), SCU_OK);
    scu_dataset_free(dataset);
    if (is_implicit) r->f.peer.only_syntax = SCU__UID_IMPLICIT_LE;
    store(r);
    expect(r, 1, 0);
    const peer_message *got = request(r, 0);
    assert_string_equal(got->command.affected_sop_instance.text, "1.2.9.77");
    if (is_implicit)
      assert_text(got, "PatientName", "New^Name");
    else
      assert_in_range(got->bytes.length, 100, 200 * 1000);
    end(r);
  }
}

static scu_store_choice edit_none(run *r, scu_store_candidate *candidate) {
  (void)r;
  assert_int_equal(scu_edits_remove(candidate->edits, "PatientWeight"), SCU_OK); /* there is none */
  return SCU_STORE_SEND;
}

static void test_edits_that_change_nothing_send_the_file_as_it_is(void **state) {
  (void)state;
  const sample_file sample = {.number = 7, .pixels = 2000};
  run *r = start(once, 1, edit_none);
  add(r, &sample);
  store(r);
  expect(r, 1, 0);
  scu__buffer file;
  sample_bytes(&sample, &file);
  const peer_message *got = request(r, 0);
  assert_memory_equal(got->bytes.data, file.data + file.length - got->bytes.length, got->bytes.length);
  assert_string_equal(r->told[0].reason, "");
  assert_string_equal(r->told[0].source_uid, "1.2.3.7");
  scu__buffer_free(&file);
  end(r);
}

/* --- what does not go -----------------------------------------------------------------------------------------------
 */

static scu_store_choice edit_second_badly(run *r, scu_store_candidate *candidate) {
  if (r->asked == 1) scu_edits_set_text(candidate->edits, "PatientID", "N-1");
  if (r->asked == 2) scu_edits_set_text(candidate->edits, "PatientNom", "X"); /* no such keyword, and nobody looks */
  if (r->asked == 3) scu_edits_remove(candidate->edits, "SOPInstanceUID");
  if (r->asked == 4) scu_edits_set_text(candidate->edits, "PatientName", "M\xC3\xBCller"); /* the file is ASCII */
  if (r->asked == 5) scu_edits_set_bytes(candidate->edits, 0x00080016, SCU_VR_UI, "none", 4);
  if (r->asked == 6) scu_edits_set_text(candidate->edits, "0002,0010", "1.2.840.10008.1.2");
  return SCU_STORE_SEND;
}

static void test_what_cannot_be_edited_is_never_sent_and_the_rest_go(void **state) {
  (void)state;
  static const char *const reasons[] = {"edited",
                                        "PatientNom",
                                        "no valid SOP Instance UID",
                                        "PatientName: the text does not fit",
                                        "no valid SOP Class UID",
                                        "file meta"};
  run *r = start(once, 1, edit_second_badly);
  for (int i = 1; i <= 7; i++) add(r, &(sample_file){.number = i, .pixels = 200});
  store(r);
  expect(r, 2, 5);
  assert_int_equal(scripted_peer_count(&r->f.peer, SCU__C_STORE_RQ), 2);
  assert_string_equal(request(r, 1)->command.affected_sop_instance.text, "1.2.3.7");
  for (size_t i = 0; i < r->told_count; i++) {
    int number = r->told[i].source_uid[6] - '1';
    assert_in_range(number, 0, 6);
    if (number < 6 && !strstr(r->told[i].reason, reasons[number])) fail_msg("%d: %s", number, r->told[i].reason);
    if (number > 0 && number < 6) assert_non_null(strstr(r->told[i].reason, "cannot be edited"));
  }
  end(r);
}

static scu_store_choice edit_and_skip(run *r, scu_store_candidate *candidate) {
  scu_edits_set_text(candidate->edits, "PatientID", "N-1");
  return r->asked == 1 ? SCU_STORE_SKIP : SCU_STORE_SEND;
}

static void test_an_instance_that_is_skipped_is_not_edited(void **state) {
  (void)state;
  run *r = start(once, 1, edit_and_skip);
  for (int i = 1; i <= 2; i++) add(r, &(sample_file){.number = i, .pixels = 200});
  store(r);
  assert_int_equal(r->result, SCU_OK);
  assert_int_equal(scu_store_report_count(r->report, SCU_OUTCOME_SKIPPED), 1);
  assert_int_equal(scripted_peer_count(&r->f.peer, SCU__C_STORE_RQ), 1);
  assert_text(request(r, 0), "PatientID", "N-1");
  end(r);
}

static scu_store_choice change_file(run *r, scu_store_candidate *candidate) {
  (void)r;
  assert_int_equal(truncate(candidate->path, 320), 0);
  scu_edits_set_text(candidate->edits, "PatientID", "N-1");
  return SCU_STORE_SEND;
}

static void test_a_file_that_has_changed_is_not_edited(void **state) {
  (void)state;
  run *r = start(once, 1, change_file);
  add(r, &(sample_file){.number = 1, .pixels = 200});
  store(r);
  expect(r, 0, 1);
  assert_non_null(strstr(r->told[0].reason, "has changed"));
  end(r);
}

/* --- again ----------------------------------------------------------------------------------------------------------
 */

static scu_store_choice edit_anew(run *r, scu_store_candidate *candidate) {
  char uid[32];
  snprintf(uid, sizeof uid, "1.2.9.%u", r->asked); /* another one each time it is asked: once only */
  scu_edits_set_text(candidate->edits, "SOPInstanceUID", uid);
  return SCU_STORE_SEND;
}

static void assert_sent_twice(const run *r, unsigned asked) {
  const peer_message *first = request(r, 0), *second = request(r, 1);
  assert_int_equal(r->asked, asked);
  assert_string_equal(first->command.affected_sop_instance.text, "1.2.9.1");
  assert_string_equal(second->command.affected_sop_instance.text, "1.2.9.1");
  assert_int_equal(first->bytes.length, second->bytes.length);
  assert_memory_equal(first->bytes.data, second->bytes.data, first->bytes.length);
}

static void test_after_a_lost_association_the_same_edited_bytes_go_again(void **state) {
  (void)state;
  const peer_step *const scripts[] = {closes, good};
  run *r = start(scripts, 2, edit_anew);
  for (int i = 1; i <= 2; i++) add(r, &(sample_file){.number = i, .pixels = 200 * 1000});
  store(r);
  expect(r, 2, 0);
  assert_sent_twice(r, 2);
  end(r);
}

static void test_a_peer_without_room_gets_the_same_edited_bytes_later(void **state) {
  (void)state;
  static const uint16_t statuses[] = {0xA700, 0};
  run *r = start(once, 1, edit_anew);
  r->f.peer.store_statuses = statuses;
  r->f.peer.store_status_count = 2;
  add(r, &(sample_file){.number = 1, .pixels = 2000});
  store(r);
  expect(r, 1, 0);
  assert_sent_twice(r, 1);
  end(r);
}

/* --- another class --------------------------------------------------------------------------------------------------
 */

static scu_store_choice change_class(run *r, scu_store_candidate *candidate) {
  if (r->asked % 2 == 0) scu_edits_set_text(candidate->edits, "SOPClassUID", "1.2.999.8");
  return SCU_STORE_SEND;
}

static void test_an_edited_class_gets_an_association_that_carries_it(void **state) {
  (void)state;
  for (int64_t associations = 1; associations <= 3; associations++) {
    run *r = start(once, 1, change_class);
    scu_options_set_integer(r->f.options, SCU_OPTION_STORE_ASSOCIATIONS, associations);
    for (int i = 1; i <= 6; i++) add(r, &(sample_file){.number = i, .pixels = 200});
    store(r);
    expect(r, 6, 0);
    assert_int_equal(scripted_peer_count(&r->f.peer, SCU__C_STORE_RQ), 6);
    size_t changed = 0;
    for (size_t i = 0; i < 6; i++) {
      const peer_message *got = request(r, i);
      assert_text(got, "SOPClassUID", got->command.affected_sop_class.text);
      changed += strcmp(got->command.affected_sop_class.text, "1.2.999.8") == 0;
    }
    assert_int_equal(changed, 3);
    end(r);
  }
}

static void test_an_edited_class_that_the_peer_refuses_fails_alone_and_says_why(void **state) {
  (void)state;
  run *r = start(once, 1, change_class);
  r->f.peer.refused_class = "1.2.999.";
  for (int i = 1; i <= 3; i++) add(r, &(sample_file){.number = i, .pixels = 200});
  store(r);
  expect(r, 2, 1);
  for (size_t i = 0; i < 3; i++) {
    if (r->told[i].outcome != SCU_OUTCOME_FAILED) continue;
    assert_string_equal(r->told[i].sop_class, "1.2.999.8");
    assert_non_null(strstr(r->told[i].reason, "refused 1.2.999.8"));
  }
  end(r);
}

/* --- edits of a source ----------------------------------------------------------------------------------------------
 */

static scu_store_choice edit_name(run *r, scu_store_candidate *candidate) {
  (void)r;
  scu_edits_set_text(candidate->edits, "PatientName", "By^Hook");
  return SCU_STORE_SEND;
}

static void set_source_edits(run *r) {
  scu_edits *edits;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  assert_int_equal(scu_edits_set_text(edits, "PatientName", "By^Source"), SCU_OK);
  assert_int_equal(scu_edits_set_text(edits, "AccessionNumber", "ACC"), SCU_OK);
  assert_int_equal(scu_source_set_edits(r->source, edits), SCU_OK);
  scu_edits_free(edits); /* it was copied */
}

static void test_edits_of_a_source_are_for_every_instance_and_before_the_hook(void **state) {
  (void)state;
  for (int has_hook = 0; has_hook < 2; has_hook++) {
    run *r = start(once, 1, has_hook ? edit_name : NULL);
    for (int i = 1; i <= 3; i++) add(r, &(sample_file){.number = i, .pixels = 200});
    set_source_edits(r);
    store(r);
    expect(r, 3, 0);
    for (size_t i = 0; i < 3; i++) {
      assert_text(request(r, i), "PatientName", has_hook ? "By^Hook" : "By^Source");
      assert_text(request(r, i), "AccessionNumber", "ACC");
    }
    end(r);
  }
}

static scu_store_choice set_other_edits(run *r, scu_store_candidate *candidate) {
  (void)candidate;
  scu_edits *edits;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  assert_int_equal(scu_edits_set_text(edits, "PatientName", "By^Later"), SCU_OK);
  assert_int_equal(scu_source_set_edits(r->source, r->asked == 1 ? NULL : edits), SCU_OK);
  scu_edits_free(edits);
  return SCU_STORE_SEND;
}

static void test_edits_that_are_set_while_a_store_runs_are_for_the_next_one(void **state) {
  (void)state;
  run *r = start(once, 1, set_other_edits);
  for (int i = 1; i <= 3; i++) add(r, &(sample_file){.number = i, .pixels = 200});
  set_source_edits(r);
  store(r);
  expect(r, 3, 0);
  scu_store_report_free(r->report);
  assert_int_equal(scu_store(r->f.session, r->source, &r->report), SCU_OK);
  for (size_t i = 0; i < 6; i++) assert_text(request(r, i), "PatientName", i < 3 ? "By^Source" : "By^Later");
  end(r);
}

/* An archive would keep one of them. The same object in two files is one object. */
static void test_two_instances_do_not_get_the_same_uid(void **state) {
  (void)state;
  for (int is_dry = 0; is_dry < 2; is_dry++) {
    run *r = start(once, 1, NULL);
    scu_edits *edits;
    assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
    assert_int_equal(scu_edits_set_text(edits, "SOPInstanceUID", "1.2.9.1"), SCU_OK);
    assert_int_equal(scu_source_set_edits(r->source, edits), SCU_OK);
    scu_edits_free(edits);
    add(r, &(sample_file){.number = 1, .pixels = 200});
    add(r, &(sample_file){.number = 1, .pixels = 200});
    add(r, &(sample_file){.number = 2, .pixels = 200});
    run_with(r, is_dry);
    expect(r, 2, 1);
    size_t failed = r->told[1].outcome == SCU_OUTCOME_FAILED ? 1 : 2; /* which may be told while another is out */
    assert_string_equal(r->told[failed].source_uid, "1.2.3.2");
    assert_non_null(strstr(r->told[failed].reason, "the SOP Instance UID of the one before"));
    end(r);
  }
}

static void test_a_dry_run_tells_what_would_be_edited(void **state) {
  (void)state;
  run *r = start(once, 1, NULL);
  add(r, &(sample_file){.number = 1, .pixels = 200});
  set_source_edits(r);
  run_with(r, true);
  expect(r, 1, 0);
  assert_string_equal(r->told[0].reason, "would be sent, edited");
  assert_int_equal(r->f.peer.accepted, 0);
  end(r);
}

static void test_a_dry_run_tells_what_cannot_be_edited(void **state) {
  (void)state;
  run *r = start(once, 1, NULL);
  scu_edits *edits;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  assert_int_equal(scu_edits_set_text(edits, "PatientName", "M\xC3\xBCller"), SCU_OK);
  assert_int_equal(scu_source_set_edits(r->source, edits), SCU_OK);
  scu_edits_free(edits);
  add(r, &(sample_file){.number = 1, .pixels = 200});
  run_with(r, true);
  expect(r, 0, 1);
  assert_non_null(strstr(r->told[0].reason, "does not fit"));
  end(r);
}

static void test_a_spoilt_list_is_no_list_of_a_source(void **state) {
  (void)state;
  run *r = start(once, 1, NULL);
  scu_edits *edits;
  assert_int_equal(scu_edits_new(NULL, &edits), SCU_OK);
  set_source_edits(r);
  assert_int_equal(scu_edits_set_text(edits, "PatientNom", "X"), SCU_ERROR_USAGE);
  assert_int_equal(scu_source_set_edits(r->source, edits), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_source_error(r->source)), "PatientNom"));
  scu_edits_clear(edits);
  assert_int_equal(scu_source_set_edits(r->source, NULL), SCU_OK); /* none again */
  add(r, &(sample_file){.number = 1, .pixels = 200});
  store(r);
  expect(r, 1, 0);
  assert_text(request(r, 0), "PatientName", "Sample^A");
  scu_edits_free(edits);
  end(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_an_edited_instance_arrives_under_its_new_uid),
      TEST(test_edits_and_the_rewrite_for_the_peer_go_together),
      TEST(test_deflated_datasets_are_edited_too),
      TEST(test_edits_that_change_nothing_send_the_file_as_it_is),
      TEST(test_what_cannot_be_edited_is_never_sent_and_the_rest_go),
      TEST(test_an_instance_that_is_skipped_is_not_edited),
      TEST(test_a_file_that_has_changed_is_not_edited),
      TEST(test_after_a_lost_association_the_same_edited_bytes_go_again),
      TEST(test_a_peer_without_room_gets_the_same_edited_bytes_later),
      TEST(test_an_edited_class_gets_an_association_that_carries_it),
      TEST(test_an_edited_class_that_the_peer_refuses_fails_alone_and_says_why),
      TEST(test_edits_of_a_source_are_for_every_instance_and_before_the_hook),
      TEST(test_edits_that_are_set_while_a_store_runs_are_for_the_next_one),
      TEST(test_two_instances_do_not_get_the_same_uid),
      TEST(test_a_dry_run_tells_what_would_be_edited),
      TEST(test_a_dry_run_tells_what_cannot_be_edited),
      TEST(test_a_spoilt_list_is_no_list_of_a_source),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
