/* The demonstration data: what is in them, that they are the same everywhere, that all they refer to is there.
 *
 * With SCU_DEMO_OUT=FOLDER the instances are written there as files besides, for tests/interop/test_demo_data.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/demo.h"
#include "archive/demo_pdf.h"
#include "archive/demo_rows.h"
#include "archive/phantom.h"
#include "base/endian.h"
#include "base/values.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/part10.h"
#include "data/transfer_syntax.h"
#include "data/vr.h"
#include "support/failing_allocator.h"

/* Of all encoded bytes, in order (FNV-1a). To be changed on purpose only. */
#define INSTANCES_HASH UINT64_C(0x41E8C041990D43EA)
#define WORKLIST_HASH  UINT64_C(0xBF0FB6F590102AEA)

enum { MADE_MAX = 64, FILE_MAX = 4 * 1024 * 1024, TOTAL_MAX = 8 * 1024 * 1024, TEXT_MAX = 4096 };

typedef struct made {
  scu_dataset *dataset; /* a copy */
  const char *transfer_syntax;
  scu__buffer bytes; /* encoded */
} made;

typedef struct collection {
  made all[MADE_MAX];
  size_t count;
} collection;

static scu__encoding encoding_of(const char *transfer_syntax) {
  return strcmp(transfer_syntax, SCU__UID_IMPLICIT_LE) == 0 ? SCU__IMPLICIT_LE : SCU__EXPLICIT_LE;
}

static scu_result collect(void *user, const scu_dataset *instance, const char *transfer_syntax) {
  collection *to = user;
  scu_error error;
  scu__error_clear(&error);
  assert_true(to->count < MADE_MAX);
  made *one = &to->all[to->count++];
  one->transfer_syntax = transfer_syntax;
  scu__buffer_init(&one->bytes, NULL, FILE_MAX);
  assert_int_equal(scu_dataset_copy(instance, &one->dataset), SCU_OK);
  if (scu__dataset_encode(instance, encoding_of(transfer_syntax), &one->bytes, &error) != SCU_OK)
    fail_msg("%zu: %s", to->count, scu_error_reason(&error));
  return SCU_OK;
}

static scu_result collect_item(void *user, const scu_dataset *item) {
  return collect(user, item, SCU__UID_EXPLICIT_LE);
}

static void free_collection(collection *c) {
  for (size_t i = 0; i < c->count; i++) {
    scu_dataset_free(c->all[i].dataset);
    scu__buffer_free(&c->all[i].bytes);
  }
}

static collection instances, worklist;

/* Good for the next three calls. */
static const char *text_of(const scu_dataset *dataset, const char *path) {
  static char texts[4][TEXT_MAX];
  static unsigned next;
  char *text = texts[next++ % 4];
  scu_result result = scu_dataset_text(dataset, path, text, TEXT_MAX);
  if (result != SCU_OK && result != SCU_END) fail_msg("%s: %s", path, scu_result_name(result));
  return text;
}

static bool is(const made *one, const char *path, const char *value) {
  return strcmp(text_of(one->dataset, path), value) == 0;
}

static size_t count_with(const collection *c, const char *path, const char *value) {
  size_t count = 0;
  for (size_t i = 0; i < c->count; i++) count += is(&c->all[i], path, value);
  return count;
}

static const made *find_instance(const char *wanted) {
  char uid[TEXT_MAX];
  snprintf(uid, sizeof uid, "%s", wanted);
  for (size_t i = 0; i < instances.count; i++)
    if (is(&instances.all[i], "SOPInstanceUID", uid)) return &instances.all[i];
  return NULL;
}

/* How many different values a path has. */
static size_t count_different(const collection *c, const char *path) {
  size_t count = 0;
  for (size_t i = 0; i < c->count; i++) {
    bool is_new = true;
    for (size_t k = 0; k < i; k++)
      is_new = is_new && strcmp(text_of(c->all[k].dataset, path), text_of(c->all[i].dataset, path)) != 0;
    count += is_new;
  }
  return count;
}

/* ---- what is there ---- */

static void test_there_is_as_much_of_everything_as_the_header_says(void **state) {
  (void)state;
  assert_int_equal(instances.count, SCU__DEMO_INSTANCES);
  assert_int_equal(count_different(&instances, "PatientID"), 4);
  assert_int_equal(count_different(&instances, "StudyInstanceUID"), 5);
  assert_int_equal(count_different(&instances, "SeriesInstanceUID"), 7);
  assert_int_equal(count_with(&instances, "Modality", "CT"), 24);
  assert_int_equal(count_with(&instances, "Modality", "MR"), 16);
  assert_int_equal(count_with(&instances, "Modality", "US"), 1);
  assert_int_equal(count_with(&instances, "Modality", "SR"), 1);
  assert_int_equal(count_with(&instances, "Modality", "PR"), 1);
  assert_int_equal(count_with(&instances, "Modality", "DOC"), 2);
  size_t total = 0;
  for (size_t i = 0; i < instances.count; i++) total += instances.all[i].bytes.length;
  assert_true(total < TOTAL_MAX);
}

static uint64_t hash_of(const collection *c) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
  for (size_t i = 0; i < c->count; i++)
    for (size_t k = 0; k < c->all[i].bytes.length; k++)
      hash = (hash ^ c->all[i].bytes.data[k]) * UINT64_C(0x100000001B3);
  return hash;
}

static void assert_hash(const collection *c, uint64_t expected) {
  uint64_t hash = hash_of(c);
  if (hash != expected) fail_msg("hash 0x%llX", (unsigned long long)hash);
}

static void test_every_byte_is_the_same_on_every_machine(void **state) {
  (void)state;
  assert_hash(&instances, INSTANCES_HASH);
  assert_hash(&worklist, WORKLIST_HASH);
}

static void test_making_twice_gives_the_same_bytes(void **state) {
  (void)state;
  static collection again;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__demo_make(NULL, collect, &again, &error), SCU_OK);
  assert_int_equal(again.count, instances.count);
  assert_true(hash_of(&again) == hash_of(&instances));
  free_collection(&again);
}

/* ---- UIDs and references ---- */

static bool is_ours(const char *uid) {
  return strncmp(uid, SCU__DEMO_ROOT ".", strlen(SCU__DEMO_ROOT) + 1) == 0;
}

static void test_uids_are_valid_and_each_instance_has_its_own(void **state) {
  (void)state;
  static const char *const kinds[] = {"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"};
  for (size_t i = 0; i < instances.count; i++) {
    for (size_t k = 0; k < 3; k++) {
      const char *uid = text_of(instances.all[i].dataset, kinds[k]);
      assert_true(scu__uid_is_valid(uid));
      assert_true(is_ours(uid));
    }
  }
  assert_int_equal(count_different(&instances, "SOPInstanceUID"), instances.count);
  assert_int_equal(count_different(&worklist, "StudyInstanceUID"), worklist.count);
  for (size_t i = 0; i < worklist.count; i++) {
    scu__uid uid;
    assert_true(scu__uid_from_text(&uid, text_of(worklist.all[i].dataset, "StudyInstanceUID")));
    assert_true(scu__uid_is_valid(uid.text));
    assert_int_equal(count_with(&instances, "StudyInstanceUID", uid.text), 0);
  }
}

static void test_a_series_belongs_to_one_study_and_a_study_to_one_patient(void **state) {
  (void)state;
  static const char *const of_study[] = {"PatientID", "PatientName", "StudyDate", "AccessionNumber",
                                         "StudyDescription"};
  static const char *const of_series[] = {"StudyInstanceUID", "Modality", "SeriesNumber", "FrameOfReferenceUID"};
  for (size_t i = 1; i < instances.count; i++) {
    const scu_dataset *one = instances.all[i].dataset;
    for (size_t k = 0; k < i; k++) {
      const scu_dataset *other = instances.all[k].dataset;
      bool is_study = strcmp(text_of(one, "StudyInstanceUID"), text_of(other, "StudyInstanceUID")) == 0;
      bool is_series = strcmp(text_of(one, "SeriesInstanceUID"), text_of(other, "SeriesInstanceUID")) == 0;
      for (size_t p = 0; is_study && p < sizeof of_study / sizeof *of_study; p++)
        assert_string_equal(text_of(one, of_study[p]), text_of(other, of_study[p]));
      for (size_t p = 0; is_series && p < sizeof of_series / sizeof *of_series; p++)
        assert_string_equal(text_of(one, of_series[p]), text_of(other, of_series[p]));
    }
  }
}

/* Every item that names an instance names one that came before, with its class. */
static size_t count_references(const made *one) {
  size_t count = 0;
  scu__walk walk;
  scu__walk_start(&walk, one->dataset);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
    if (!scu_dataset_find_path(at, "ReferencedSOPInstanceUID")) continue;
    const made *target = find_instance(text_of(at, "ReferencedSOPInstanceUID"));
    assert_non_null(target);
    assert_true(target < one);
    assert_true(is(target, "SOPClassUID", text_of(at, "ReferencedSOPClassUID")));
    assert_true(is(target, "StudyInstanceUID", text_of(one->dataset, "StudyInstanceUID")));
    const char *series = text_of(at->parent, "SeriesInstanceUID");
    assert_true(!*series || is(target, "SeriesInstanceUID", series));
    count++;
  }
  return count;
}

static void test_what_is_referred_to_is_there(void **state) {
  (void)state;
  for (size_t i = 0; i < instances.count; i++) {
    const made *one = &instances.all[i];
    size_t expected = is(one, "Modality", "SR") ? 25 : is(one, "Modality", "PR") ? 1 : 0;
    assert_int_equal(count_references(one), expected);
  }
}

static void test_the_marked_image_has_the_finding_in_the_ring(void **state) {
  (void)state;
  for (size_t i = 0; i < instances.count; i++) {
    if (!is(&instances.all[i], "Modality", "PR")) continue;
    const scu_dataset *state_of = instances.all[i].dataset;
    const made *image =
        find_instance(text_of(state_of, "ReferencedSeriesSequence.ReferencedImageSequence.ReferencedSOPInstanceUID"));
    assert_non_null(image);
    assert_string_equal(text_of(state_of, "GraphicAnnotationSequence.GraphicObjectSequence.GraphicData"),
                        "167.5\\85\\189.5\\85");
    const uint8_t *pixels = scu_element_bytes(scu_dataset_find(image->dataset, SCU__TAG_PIXEL_DATA));
    int ring = scu__load_u16le(pixels + 2 * (84 * 256 + 166 + 9)) - 1024;
    int outside = scu__load_u16le(pixels + 2 * (84 * 256 + 166 - 26)) - 1024;
    assert_in_range(ring, 50, 80);
    assert_in_range(outside, 15, 50);
  }
}

/* ---- texts ---- */

static void assert_same_texts(const scu_dataset *one, const scu_dataset *other) {
  scu__walk walk, mirror;
  scu__walk_start(&walk, one);
  scu__walk_start(&mirror, other);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
    const scu_dataset *peer = scu__walk_next(&mirror);
    assert_non_null(peer);
    assert_int_equal(at->count, peer->count);
    for (size_t i = 0; i < at->count; i++) {
      char first[TEXT_MAX], second[TEXT_MAX];
      assert_int_equal(at->elements[i].tag, peer->elements[i].tag);
      scu_result result = scu_element_text(at, &at->elements[i], first, sizeof first);
      assert_int_equal(scu_element_text(peer, &peer->elements[i], second, sizeof second), result);
      if (result == SCU_OK) assert_string_equal(first, second);
    }
  }
  assert_null(scu__walk_next(&mirror));
}

static void assert_round_trip(const collection *c) {
  scu__dataset_limits limits = SCU__IDENTIFIER_LIMITS;
  for (size_t i = 0; i < c->count; i++) {
    const made *one = &c->all[i];
    scu_dataset *back;
    scu_error error;
    scu__error_clear(&error);
    assert_int_equal(scu__dataset_decode(one->bytes.data, one->bytes.length, encoding_of(one->transfer_syntax), NULL,
                                         &limits, &back, &error),
                     SCU_OK);
    assert_same_texts(one->dataset, back);
    scu_dataset_free(back);
  }
}

static void test_every_text_round_trips(void **state) {
  (void)state;
  assert_round_trip(&instances);
  assert_round_trip(&worklist);
}

static bool has_bytes(const scu__buffer *in, const char *bytes) {
  size_t length = strlen(bytes);
  for (size_t i = 0; i + length <= in->length; i++)
    if (memcmp(in->data + i, bytes, length) == 0) return true;
  return false;
}

static void test_names_stand_there_in_their_character_sets(void **state) {
  (void)state;
  for (size_t i = 0; i < instances.count; i++) {
    const made *one = &instances.all[i];
    if (is(one, "PatientID", "DEMO-2")) { /* PS3.5 H: escapes to IR 87 and back before each delimiter */
      assert_true(is(one, "SpecificCharacterSet", "\\ISO 2022 IR 87"));
      assert_true(has_bytes(&one->bytes, "Reidai^Hanako=\x1B$BNcBj\x1B(B^\x1B$B2V;R\x1B(B="
                                         "\x1B$B$l$$$@$$\x1B(B^\x1B$B$O$J$3\x1B(B"));
    } else if (is(one, "PatientID", "DEMO-3")) {
      assert_true(is(one, "SpecificCharacterSet", "ISO_IR 126"));
      assert_true(has_bytes(&one->bytes, "\xC4\xE5\xDF\xE3\xEC\xE1^\xC5\xEB\xDD\xED\xE7"));
    } else if (is(one, "PatientID", "DEMO-1")) {
      assert_true(scu__dataset_is_ascii(one->dataset));
      assert_null(scu_dataset_find_path(one->dataset, "SpecificCharacterSet"));
    }
  }
}

/* ---- pictures and documents ---- */

static void test_pixels_fill_what_their_numbers_say(void **state) {
  (void)state;
  size_t images = 0;
  for (size_t i = 0; i < instances.count; i++) {
    const scu_dataset *one = instances.all[i].dataset;
    const scu_element *pixels = scu_dataset_find(one, SCU__TAG_PIXEL_DATA);
    if (!pixels) continue;
    int64_t rows, columns, samples, bits, frames;
    assert_int_equal(scu_dataset_integer(one, "Rows", 0, &rows), SCU_OK);
    assert_int_equal(scu_dataset_integer(one, "Columns", 0, &columns), SCU_OK);
    assert_int_equal(scu_dataset_integer(one, "SamplesPerPixel", 0, &samples), SCU_OK);
    assert_int_equal(scu_dataset_integer(one, "BitsAllocated", 0, &bits), SCU_OK);
    if (scu_dataset_integer(one, "NumberOfFrames", 0, &frames) == SCU_END) frames = 1;
    assert_int_equal(scu_element_length(pixels), rows * columns * samples * bits / 8 * frames);
    images++;
  }
  assert_int_equal(images, 41);
}

static void test_every_picture_differs_from_the_one_before(void **state) {
  (void)state;
  for (size_t i = 1; i < instances.count; i++) {
    const scu_element *now = scu_dataset_find(instances.all[i].dataset, SCU__TAG_PIXEL_DATA);
    const scu_element *before = scu_dataset_find(instances.all[i - 1].dataset, SCU__TAG_PIXEL_DATA);
    if (now && before && scu_element_length(now) == scu_element_length(before))
      assert_memory_not_equal(scu_element_bytes(now), scu_element_bytes(before), scu_element_length(now));
  }
}

static int hounsfield_at(const uint8_t *pixels, unsigned x, unsigned y) {
  return scu__load_u16le(pixels + 2 * ((size_t)y * 256 + x)) - 1024;
}

static void test_the_head_has_air_around_bone_around_brain(void **state) {
  (void)state;
  static uint8_t pixels[256 * 256 * 2];
  scu__phantom_plane plane = {256, 2300, 125, 1};
  scu__phantom_head_ct(&plane, pixels);
  assert_in_range(hounsfield_at(pixels, 2, 2) + 1024, 0, 60);
  assert_in_range(hounsfield_at(pixels, 128, 31), 850, 1000); /* frontal bone */
  assert_in_range(hounsfield_at(pixels, 172, 140), 10, 60);   /* brain */
  size_t bone = 0, chalk = 0;
  for (unsigned i = 0; i < 256 * 256; i++) {
    int value = hounsfield_at(pixels, i % 256, i / 256);
    bone += value > 500;
    chalk += value > 150 && value < 300;
  }
  assert_in_range(bone, 4000, 9000);
  assert_in_range(chalk, 10, 200);
}

static void test_colour_is_only_where_blood_flows(void **state) {
  (void)state;
  static uint8_t pixels[SCU__PHANTOM_HEART_FRAME_LENGTH];
  for (unsigned frame = 0; frame < SCU__PHANTOM_HEART_FRAMES; frame++) {
    size_t red = 0, blue = 0;
    scu__phantom_heart(frame, pixels);
    for (size_t i = 0; i < 216u * 320; i++) {
      if (i % 320 > 300) continue; /* the colour scale */
      red += pixels[3 * i] > pixels[3 * i + 2];
      blue += pixels[3 * i] < pixels[3 * i + 2];
    }
    assert_true((red > 300 && blue == 0) || (blue > 300 && red == 0));
  }
}

/* The table of a PDF must point at its objects. */
static void assert_sound_pdf(const char *text, size_t length) {
  assert_true(length > 16 && memcmp(text, "%PDF-1.4\n", 9) == 0);
  assert_memory_equal(text + length - 6, "%%EOF\n", 6);
  const char *start = strstr(text, "startxref\n");
  assert_non_null(start);
  size_t table = strtoul(start + 10, NULL, 10);
  assert_memory_equal(text + table, "xref\n0 7\n0000000000 65535 f \n", 29);
  for (unsigned i = 1; i <= 6; i++) {
    char expected[16];
    const char *entry = text + table + 9 + 20 * i;
    snprintf(expected, sizeof expected, "%u 0 obj\n", i);
    assert_memory_equal(text + strtoul(entry, NULL, 10), expected, strlen(expected));
    assert_memory_equal(entry + 10, " 00000 n \n", 10);
  }
  const char *stream = strstr(text, "/Length ");
  assert_non_null(stream);
  const char *content = strstr(stream, "stream\n") + 7;
  assert_memory_equal(content + strtoul(stream + 8, NULL, 10), "endstream\n", 10);
}

static void test_letters_are_sound_pdf(void **state) {
  (void)state;
  size_t letters = 0;
  for (size_t i = 0; i < instances.count; i++) {
    if (!is(&instances.all[i], "Modality", "DOC")) continue;
    const scu_element *document = scu_dataset_find(instances.all[i].dataset, SCU_TAG(0x0042, 0x0011));
    int64_t length;
    assert_int_equal(scu_dataset_integer(instances.all[i].dataset, "EncapsulatedDocumentLength", 0, &length), SCU_OK);
    assert_int_equal(scu_element_length(document), length);
    char *text = calloc((size_t)length + 1, 1);
    assert_non_null(text);
    memcpy(text, scu_element_bytes(document), (size_t)length);
    /* strstr stops at a NUL, and there must be none. */
    assert_int_equal(strlen(text), length);
    assert_sound_pdf(text, (size_t)length);
    free(text);
    letters++;
  }
  assert_int_equal(letters, 2);
}

static void test_pdf_text_with_parentheses_is_escaped(void **state) {
  (void)state;
  static const char *const lines[] = {"(a\\b)", "\334", NULL};
  scu__buffer out;
  scu__buffer_init(&out, NULL, FILE_MAX);
  scu__demo_pdf(lines, &out);
  scu__put_u8(&out, 0);
  assert_int_equal(scu__buffer_result(&out), SCU_OK);
  assert_non_null(strstr((char *)out.data, "(\\(a\\\\b\\)) Tj"));
  assert_non_null(strstr((char *)out.data, "(\\334) Tj"));
  assert_sound_pdf((char *)out.data, out.length - 1);
  scu__buffer_free(&out);
}

/* ---- worklist ---- */

static void test_the_worklist_has_steps_for_many_devices_and_days(void **state) {
  (void)state;
  size_t steps = 0;
  assert_int_equal(worklist.count, SCU__DEMO_WORKLIST_ITEMS);
  for (size_t i = 0; i < worklist.count; i++) {
    const scu_dataset *item = worklist.all[i].dataset;
    steps += scu_dataset_value_count(item, "ScheduledProcedureStepSequence");
    /* Type 1 in K.6.1.2.2. */
    static const char *const needed[] = {"PatientName",
                                         "PatientID",
                                         "StudyInstanceUID",
                                         "RequestedProcedureID",
                                         "RequestedProcedureDescription",
                                         "ScheduledProcedureStepSequence.ScheduledStationAETitle",
                                         "ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate",
                                         "ScheduledProcedureStepSequence.ScheduledProcedureStepStartTime",
                                         "ScheduledProcedureStepSequence.Modality",
                                         "ScheduledProcedureStepSequence.ScheduledProcedureStepID"};
    for (size_t k = 0; k < sizeof needed / sizeof *needed; k++) assert_string_not_equal(text_of(item, needed[k]), "");
  }
  assert_int_equal(steps, 7);
  assert_int_equal(count_different(&worklist, "ScheduledProcedureStepSequence.ScheduledStationAETitle"), 5);
  assert_int_equal(count_different(&worklist, "ScheduledProcedureStepSequence.Modality"), 5);
  assert_int_equal(count_different(&worklist, "ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate"), 3);
}

static void test_patients_of_the_worklist_are_those_of_the_archive(void **state) {
  (void)state;
  size_t known = 0;
  for (size_t i = 0; i < worklist.count; i++) {
    for (size_t k = 0; k < instances.count; k++) {
      if (!is(&instances.all[k], "PatientID", text_of(worklist.all[i].dataset, "PatientID"))) continue;
      assert_true(is(&instances.all[k], "PatientName", text_of(worklist.all[i].dataset, "PatientName")));
      known++;
      break;
    }
  }
  assert_int_equal(known, 5);
}

/* ---- when it does not work ---- */

static scu_result take_three(void *user, const scu_dataset *instance, const char *transfer_syntax) {
  size_t *count = user;
  assert_non_null(instance);
  assert_non_null(transfer_syntax);
  return ++*count == 3 ? SCU_ERROR_STORAGE : SCU_OK;
}

static scu_result take_one_item(void *user, const scu_dataset *item) {
  (void)item;
  ++*(size_t *)user;
  return SCU_ERROR_CANCELLED;
}

static void test_a_taker_that_fails_stops_the_making(void **state) {
  (void)state;
  size_t count = 0;
  scu_error error;
  scu__error_clear(&error);
  assert_int_equal(scu__demo_make(NULL, take_three, &count, &error), SCU_ERROR_STORAGE);
  assert_int_equal(count, 3);
  count = 0;
  assert_int_equal(scu__demo_worklist(NULL, take_one_item, &count, &error), SCU_ERROR_CANCELLED);
  assert_int_equal(count, 1);
}

/* The report and the presentation state come after the CT series: up to there, and all of the worklist. */
static scu_result take_until_report(void *user, const scu_dataset *instance, const char *transfer_syntax) {
  (void)user;
  (void)transfer_syntax;
  return strcmp(text_of(instance, "Modality"), "MR") == 0 ? SCU_ERROR_CANCELLED : SCU_OK;
}

static scu_result take_item(void *user, const scu_dataset *item) {
  (void)user;
  (void)item;
  return SCU_OK;
}

static void test_no_memory_is_an_error_that_says_so(void **state) {
  (void)state;
  scu_result result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result == SCU_ERROR_MEMORY; i++) {
    failing_allocator memory;
    scu_error error;
    failing_allocator_init(&memory, i);
    scu__error_clear(&error);
    result = scu__demo_make(&memory.allocator, take_until_report, NULL, &error);
    if (result == SCU_ERROR_MEMORY) assert_int_equal(scu_error_result(&error), SCU_ERROR_MEMORY);
    assert_int_equal(memory.alive, 0);
  }
  assert_int_equal(result, SCU_ERROR_CANCELLED);
  result = SCU_ERROR_MEMORY;
  for (size_t i = 0; result == SCU_ERROR_MEMORY; i++) {
    failing_allocator memory;
    scu_error error;
    failing_allocator_init(&memory, i);
    scu__error_clear(&error);
    result = scu__demo_worklist(&memory.allocator, take_item, NULL, &error);
    if (result == SCU_ERROR_MEMORY) assert_int_equal(scu_error_result(&error), SCU_ERROR_MEMORY);
    assert_int_equal(memory.alive, 0);
  }
  assert_int_equal(result, SCU_OK);
}

/* ---- files for other programs ---- */

static void write_file(const char *folder, size_t number, const made *one) {
  char path[1024];
  scu__file_meta meta = {0};
  scu__buffer file;
  assert_true(scu__uid_from_text(&meta.sop_class, text_of(one->dataset, "SOPClassUID")));
  assert_true(scu__uid_from_text(&meta.sop_instance, text_of(one->dataset, "SOPInstanceUID")));
  assert_true(scu__uid_from_text(&meta.transfer_syntax, one->transfer_syntax));
  assert_true(scu__uid_from_text(&meta.implementation_class, SCU__DEMO_ROOT));
  scu__buffer_init(&file, NULL, FILE_MAX);
  assert_int_equal(scu__part10_write_header(&file, &meta), SCU_OK);
  scu__put_bytes(&file, one->bytes.data, one->bytes.length);
  assert_int_equal(scu__buffer_result(&file), SCU_OK);
  snprintf(path, sizeof path, "%s/%02zu.dcm", folder, number);
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(file.data, 1, file.length, out), file.length);
  assert_int_equal(fclose(out), 0);
  scu__buffer_free(&file);
}

static int make_all(void **state) {
  (void)state;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__demo_make(NULL, collect, &instances, &error);
  if (result == SCU_OK) result = scu__demo_worklist(NULL, collect_item, &worklist, &error);
  if (result != SCU_OK) print_error("%s\n", scu_error_reason(&error));
  const char *folder = getenv("SCU_DEMO_OUT");
  for (size_t i = 0; folder && i < instances.count; i++) write_file(folder, i + 1, &instances.all[i]);
  return result;
}

static int free_all(void **state) {
  (void)state;
  free_collection(&instances);
  free_collection(&worklist);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_there_is_as_much_of_everything_as_the_header_says),
      cmocka_unit_test(test_every_byte_is_the_same_on_every_machine),
      cmocka_unit_test(test_making_twice_gives_the_same_bytes),
      cmocka_unit_test(test_uids_are_valid_and_each_instance_has_its_own),
      cmocka_unit_test(test_a_series_belongs_to_one_study_and_a_study_to_one_patient),
      cmocka_unit_test(test_what_is_referred_to_is_there),
      cmocka_unit_test(test_the_marked_image_has_the_finding_in_the_ring),
      cmocka_unit_test(test_every_text_round_trips),
      cmocka_unit_test(test_names_stand_there_in_their_character_sets),
      cmocka_unit_test(test_pixels_fill_what_their_numbers_say),
      cmocka_unit_test(test_every_picture_differs_from_the_one_before),
      cmocka_unit_test(test_the_head_has_air_around_bone_around_brain),
      cmocka_unit_test(test_colour_is_only_where_blood_flows),
      cmocka_unit_test(test_letters_are_sound_pdf),
      cmocka_unit_test(test_pdf_text_with_parentheses_is_escaped),
      cmocka_unit_test(test_the_worklist_has_steps_for_many_devices_and_days),
      cmocka_unit_test(test_patients_of_the_worklist_are_those_of_the_archive),
      cmocka_unit_test(test_a_taker_that_fails_stops_the_making),
      cmocka_unit_test(test_no_memory_is_an_error_that_says_so),
  };
  return cmocka_run_group_tests(tests, make_all, free_all);
}
