/* The disk sink: a Part 10 header and the dataset as it came, into a durable file placed by the UIDs that pass by. No
 * OS calls here: names go through io/door.h, bytes through io/durable.h. */
#include <string.h>

#include "base/alloc.h"
#include "base/values.h"
#include "base/versioned.h"
#include "config/options.h"
#include "data/part10.h"
#include "data/transfer_syntax.h"
#include "dimse/status.h"
#include "io/durable.h"
#include "io/os_error.h"
#include "listener/sink.h"
#include "listener/sink_disk.h"
#include "listener/sink_path.h"
#include "scu/version.h"

enum {
  HEADER_MAX = 4096,
  STATUS_MALFORMED = 0xB007 /* PS3.4 B.2.3: stored, but the dataset does not match its SOP Class */
};

#define OPTIONS_LEAST SCU__SIZE_THROUGH(scu_disk_sink_options, allocator)

/* The public words go to io by number. */
_Static_assert((int)SCU_DURABILITY_BATCH == (int)SCU__DURABLE_BATCH &&
                   (int)SCU_DURABILITY_FILE == (int)SCU__DURABLE_FILE &&
                   (int)SCU_DURABILITY_NONE == (int)SCU__DURABLE_NONE,
               "scu_durability and scu__durable_kind have the same values");
_Static_assert((int)SCU_DUPLICATE_KEEP == (int)SCU__EXISTING_KEEP &&
                   (int)SCU_DUPLICATE_REPLACE == (int)SCU__EXISTING_REPLACE &&
                   (int)SCU_DUPLICATE_BOTH == (int)SCU__EXISTING_BOTH,
               "scu_on_duplicate and scu__on_existing have the same values");

typedef struct disk_sink {
  scu_sink sink; /* first: the public handle */
  const scu_allocator *allocator;
  scu_durability durability;
  scu_layout layout;
  scu__uid implementation_class;
  char implementation_version[17];
  scu__durable *durable; /* NULL: opening failed, see error */
  scu_error error;
} disk_sink;

typedef struct disk_instance {
  disk_sink *sink;
  scu__durable_file *file;
  bool is_answered_at_once;
  bool is_malformed;
  scu_completion *completion;
  scu_sink_outcome *outcome; /* where to, when answered at once */
  uint64_t length, dataset_length;
  char *sop_class_uid, *sop_instance_uid; /* of the command */
  scu__uid study, series;
  scu__head_scan scan;
} disk_instance;

/* --- answers ------------------------------------------------------------------------------------------------------ */

static scu_result refuse(scu_sink_outcome *outcome, scu_result result, uint16_t status, const char *comment) {
  outcome->status = status;
  outcome->comment = comment;
  return result;
}

/* The comment says why without naming a path: it goes to the peer. */
static scu_result refuse_for(scu_sink_outcome *outcome, const scu_error *error) {
  scu_result result = scu_error_result(error);
  int os_errno = scu_error_errno(error);
  switch (result) {
  case SCU_ERROR_VERIFICATION:
    return refuse(outcome, result, SCU__STATUS_CONFLICT, "Other content is already stored under this SOP Instance UID");
  case SCU_ERROR_MEMORY: return refuse(outcome, result, SCU__STATUS_OUT_OF_RESOURCES, "Out of memory");
  default:
    return refuse(outcome, result, SCU__STATUS_OUT_OF_RESOURCES,
                  os_errno ? scu__os_words(os_errno) : "Cannot be written");
  }
}

static void free_instance(disk_instance *instance) {
  const scu_allocator *allocator = instance->sink->allocator;
  scu__head_scan_free(&instance->scan);
  scu__free(allocator, instance->sop_class_uid);
  scu__free(allocator, instance->sop_instance_uid);
  scu__free(allocator, instance);
}

/* --- begin, write, discard ---------------------------------------------------------------------------------------- */

static scu_result write_header(disk_instance *instance, const scu_incoming *incoming, scu_error *error) {
  const disk_sink *sink = instance->sink;
  scu__file_meta meta = {.implementation_class = sink->implementation_class};
  /* A text that is no UID is left out of the meta group; the dataset keeps it. */
  scu__uid_from_text(&meta.sop_class, incoming->sop_class_uid);
  scu__uid_from_text(&meta.sop_instance, incoming->sop_instance_uid);
  scu__uid_from_text(&meta.transfer_syntax, incoming->transfer_syntax_uid);
  memcpy(meta.implementation_version, sink->implementation_version, sizeof meta.implementation_version);
  if (!scu__ae_from_text(&meta.source_ae, incoming->calling_ae)) meta.source_ae.text[0] = 0;
  scu__buffer header;
  scu__buffer_init(&header, sink->allocator, HEADER_MAX);
  scu_result result = scu__part10_write_header(&header, &meta);
  if (result == SCU_OK) result = scu__durable_file_write(instance->file, header.data, header.length, error);
  if (result != SCU_OK) scu__error_set(error, result, SCU_PHASE_STORAGE, "cannot write the file meta group");
  scu__durable_file_end_header(instance->file, meta.transfer_syntax.text);
  scu__buffer_free(&header);
  return result;
}

static scu_result disk_begin(void *user, const scu_incoming *incoming, void **out, scu_sink_outcome *outcome) {
  disk_sink *sink = user;
  *out = NULL;
  if (!sink->durable) return refuse_for(outcome, &sink->error);
  scu_error error;
  scu__error_clear(&error);
  disk_instance *instance = scu__alloc(sink->allocator, sizeof *instance);
  if (!instance) return refuse(outcome, SCU_ERROR_MEMORY, SCU__STATUS_OUT_OF_RESOURCES, "Out of memory");
  instance->sink = sink;
  instance->sop_class_uid = scu__strdup(sink->allocator, incoming->sop_class_uid);
  instance->sop_instance_uid = scu__strdup(sink->allocator, incoming->sop_instance_uid);
  scu_result result = scu__head_scan_init(&instance->scan, incoming->transfer_syntax_uid, sink->allocator);
  if (!instance->sop_class_uid || !instance->sop_instance_uid) result = SCU_ERROR_MEMORY;
  if (result != SCU_OK) scu__error_memory(&error, SCU_PHASE_STORAGE);
  if (result == SCU_OK) result = scu__durable_file_new(sink->durable, &instance->file, &error);
  if (result == SCU_OK) result = write_header(instance, incoming, &error);
  if (result == SCU_OK) {
    *out = instance;
    return SCU_OK;
  }
  scu__durable_file_discard(instance->file);
  free_instance(instance);
  return refuse_for(outcome, &error);
}

static scu_result check_identity(const disk_instance *instance, scu_sink_outcome *outcome) {
  if (!scu__scanned_uid_agrees(&instance->scan.sop_class, instance->sop_class_uid))
    return refuse(outcome, SCU_ERROR_PROTOCOL, SCU__STATUS_DOES_NOT_MATCH_CLASS,
                  "SOP Class UID of command and dataset differ");
  if (!scu__scanned_uid_agrees(&instance->scan.sop_instance, instance->sop_instance_uid))
    return refuse(outcome, SCU_ERROR_PROTOCOL, SCU__STATUS_DOES_NOT_MATCH_CLASS,
                  "SOP Instance UID of command and dataset differ");
  return SCU_OK;
}

static scu_result place(disk_instance *instance, scu_error *error) {
  char names[SCU__SCAN_FOLDERS][SCU__DOOR_NAME_MAX];
  const char *folders[SCU__SCAN_FOLDERS] = {names[0], names[1]};
  size_t count = scu__head_scan_folders(&instance->scan, names);
  if (instance->sink->layout == SCU_LAYOUT_FLAT) count = 0;
  return scu__durable_file_place(instance->file, folders, count, error);
}

static scu_result disk_write(void *user, void *of, const uint8_t *bytes, size_t length, scu_sink_outcome *outcome) {
  (void)user;
  disk_instance *instance = of;
  scu_error error;
  scu__error_clear(&error);
  instance->dataset_length += length;
  bool was_done = instance->scan.is_done;
  scu__head_scan_feed(&instance->scan, bytes, length);
  if (!was_done) {
    scu_result agreed = check_identity(instance, outcome);
    if (agreed != SCU_OK) return agreed;
    if (instance->scan.is_done && place(instance, &error) != SCU_OK) return refuse_for(outcome, &error);
  }
  if (scu__durable_file_write(instance->file, bytes, length, &error) != SCU_OK) return refuse_for(outcome, &error);
  return SCU_OK;
}

static void disk_discard(void *user, void *of) {
  (void)user;
  disk_instance *instance = of;
  if (!instance) return;
  scu__durable_file_discard(instance->file);
  free_instance(instance);
}

/* --- finish ------------------------------------------------------------------------------------------------------- */

static void keep_uid(const scu__scanned_uid *found, scu__uid *uid) {
  if (!found->is_found || !scu__uid_from_bytes(uid, found->bytes, found->length)) uid->text[0] = 0;
}

static const char *text_or_null(const char *text) {
  return text[0] ? text : NULL;
}

static scu_sink_outcome outcome_of(const disk_instance *instance, const scu__durable_outcome *became) {
  scu_sink_outcome outcome = {.size = sizeof outcome};
  outcome.study_instance_uid = text_or_null(instance->study.text);
  outcome.series_instance_uid = text_or_null(instance->series.text);
  if (became->result == SCU_OK) {
    outcome.path = became->path;
    outcome.is_duplicate = became->is_duplicate;
    outcome.length = instance->length;
    if (instance->is_malformed) {
      outcome.status = STATUS_MALFORMED;
      outcome.comment = "Stored as it came, but the dataset is malformed";
    }
  } else {
    refuse_for(&outcome, became->error);
  }
  return outcome;
}

/* On a pool thread. */
static void placed(void *user, const scu__durable_outcome *became) {
  const disk_instance *instance = user;
  scu_sink_outcome outcome = outcome_of(instance, became);
  scu__completion_tell_placed(instance->completion, &outcome);
}

/* On a pool thread, or inside disk_finish when nothing is synced. */
static void committed(void *user, const scu__durable_outcome *became) {
  disk_instance *instance = user;
  scu_sink_outcome outcome = outcome_of(instance, became);
  if (instance->is_answered_at_once) {
    scu_completion *completion = instance->completion;
    outcome.path = scu_completion_keep(completion, outcome.path);
    outcome.study_instance_uid = scu_completion_keep(completion, outcome.study_instance_uid);
    outcome.series_instance_uid = scu_completion_keep(completion, outcome.series_instance_uid);
    *instance->outcome = outcome;
  } else {
    scu_completion_post(instance->completion, &outcome);
  }
  free_instance(instance);
}

static const char *final_name(const disk_instance *instance, char name[SCU__DOOR_NAME_MAX]) {
  const scu__scanned_uid *found = &instance->scan.sop_instance;
  if (instance->sop_instance_uid[0] || !found->is_found)
    return scu__door_name((const uint8_t *)instance->sop_instance_uid, strlen(instance->sop_instance_uid), name);
  return scu__door_name(found->bytes, found->length, name);
}

/* Both UIDs are type 1 in every IOD. Kept under the UID of the command, garbage would keep the object itself out. */
static scu_result refuse_nameless(scu__whole whole, scu_sink_outcome *outcome) {
  if (whole == SCU__MALFORMED)
    return refuse(outcome, SCU_ERROR_MALFORMED, SCU__STATUS_CANNOT_UNDERSTAND, "The dataset cannot be read");
  return refuse(outcome, SCU_ERROR_PROTOCOL, SCU__STATUS_DOES_NOT_MATCH_CLASS,
                "The dataset lacks SOP Class or SOP Instance UID");
}

static scu_result disk_finish(void *user, void *of, scu_completion *completion, scu_sink_outcome *outcome) {
  const disk_sink *sink = user;
  disk_instance *instance = of;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = SCU_OK;
  bool was_done = instance->scan.is_done;
  scu__whole whole = scu__head_scan_finish(&instance->scan);
  instance->is_malformed = whole == SCU__MALFORMED;
  if (instance->dataset_length == 0)
    result = refuse(outcome, SCU_ERROR_MALFORMED, SCU__STATUS_CANNOT_UNDERSTAND, "The dataset is empty");
  else if (whole == SCU__CUT)
    result = refuse(outcome, SCU_ERROR_MALFORMED, SCU__STATUS_CANNOT_UNDERSTAND, "The dataset is cut");
  else if (whole == SCU__INFLATES_TOO_FAR)
    result = refuse(outcome, SCU_ERROR_LIMIT, SCU__STATUS_CANNOT_UNDERSTAND,
                    "The dataset inflates to over 256 MiB and 250 times its size");
  else if (!scu__head_scan_is_named(&instance->scan))
    result = refuse_nameless(whole, outcome);
  else if (!was_done && place(instance, &error) != SCU_OK)
    result = refuse_for(outcome, &error);
  if (result != SCU_OK) {
    disk_discard(user, instance);
    return result;
  }
  keep_uid(&instance->scan.study, &instance->study);
  keep_uid(&instance->scan.series, &instance->series);
  char name[SCU__DOOR_NAME_MAX];
  final_name(instance, name);
  bool is_at_once = sink->durability == SCU_DURABILITY_NONE;
  instance->is_answered_at_once = is_at_once;
  instance->completion = completion;
  instance->outcome = outcome;
  scu__durable_file *file = instance->file;
  instance->file = NULL;
  instance->length = scu__durable_file_length(file);
  if (scu__completion_wants_placed(completion)) scu__durable_file_on_placed(file, placed);
  scu__durable_file_commit(file, name, committed, instance);
  return is_at_once ? SCU_OK : SCU_PENDING;
}

/* --- the sink ----------------------------------------------------------------------------------------------------- */

/* Two instances are the same when transfer syntax and dataset are: the header names who sent it, and may differ. */
static bool content_of(void *user, scu__source *existing, const char *key, uint64_t *offset) {
  const disk_sink *sink = user;
  scu__file_meta meta;
  if (scu__part10_read(existing, sink->allocator, &meta, NULL) != SCU_OK) return false;
  *offset = meta.dataset_offset;
  return strcmp(meta.transfer_syntax.text, key) == 0;
}

static scu_result set_up(disk_sink *sink, const scu_disk_sink_options *options, const scu__disk_sink_test *test) {
  const char *uid =
      options->implementation_class_uid ? options->implementation_class_uid : SCU_IMPLEMENTATION_CLASS_UID;
  const char *version =
      options->implementation_version_name ? options->implementation_version_name : SCU_IMPLEMENTATION_VERSION_NAME;
  if (!scu__uid_from_text(&sink->implementation_class, uid) || !scu__uid_is_valid(sink->implementation_class.text))
    return scu__error_set(&sink->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "implementation class UID is not a UID");
  if (strlen(version) >= sizeof sink->implementation_version)
    return scu__error_set(&sink->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "implementation version name is longer than 16 characters");
  memcpy(sink->implementation_version, version, strlen(version) + 1);
  if ((unsigned)options->durability > SCU_DURABILITY_NONE || (unsigned)options->on_duplicate > SCU_DUPLICATE_BOTH ||
      (unsigned)options->layout > SCU_LAYOUT_FLAT)
    return scu__error_set(&sink->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "unknown durability, duplicate rule or layout");
  sink->durability = options->durability;
  sink->layout = options->layout;
  scu__durable_options durable = {
      .allocator = sink->allocator,
      .durability = (scu__durable_kind)options->durability,
      .on_existing = (scu__on_existing)options->on_duplicate,
      .extension = ".dcm",
      .temporary = options->temporary_directory,
      .content = content_of,
      .content_user = sink,
      .fault = test ? test->fault : NULL,
      .fault_user = test ? test->fault_user : NULL,
  };
  return scu__durable_open(options->root, &durable, &sink->durable, &sink->error);
}

scu_result scu_disk_sink_options_from(const scu_options *options, scu_disk_sink_options *out) {
  if (!scu__versioned_reaches(out, OPTIONS_LEAST)) return SCU_ERROR_USAGE;
  out->durability = (scu_durability)scu__option_choice(options, SCU_OPTION_DURABILITY);
  out->on_duplicate = (scu_on_duplicate)scu__option_choice(options, SCU_OPTION_ON_DUPLICATE);
  out->layout = (scu_layout)scu__option_choice(options, SCU_OPTION_LAYOUT);
  out->allocator = scu__options_allocator(options);
  scu_result result = SCU_OK;
  if (scu__versioned_reaches(out, sizeof *out))
    result = scu_options_get_text(options, SCU_OPTION_TEMPORARY_DIRECTORY, &out->temporary_directory);
  if (result == SCU_OK)
    result = scu_options_get_text(options, SCU_OPTION_IMPLEMENTATION_UID, &out->implementation_class_uid);
  if (result != SCU_OK) return result;
  return scu_options_get_text(options, SCU_OPTION_IMPLEMENTATION_VERSION, &out->implementation_version_name);
}

scu_result scu__disk_sink_new_for_test(const scu_disk_sink_options *options, const scu__disk_sink_test *test,
                                       scu_sink **out) {
  scu_disk_sink_options known = {.root = ""};
  scu_result copied = scu__versioned_copy(&known, sizeof known, options, OPTIONS_LEAST);
  *out = NULL;
  disk_sink *sink = scu__alloc(known.allocator, sizeof *sink);
  if (!sink) return SCU_ERROR_MEMORY;
  sink->allocator = known.allocator;
  scu__error_clear(&sink->error);
  sink->sink = (scu_sink){
      .size = sizeof sink->sink,
      .begin = disk_begin,
      .write = disk_write,
      .finish = disk_finish,
      .discard = disk_discard,
      .user = sink,
  };
  scu_result result = copied == SCU_OK ? set_up(sink, &known, test)
                                       : scu__error_set(&sink->error, copied, SCU_PHASE_USAGE,
                                                        "scu_disk_sink_options: size is not set");
  if (result == SCU_ERROR_MEMORY)
    scu_disk_sink_free(&sink->sink);
  else
    *out = &sink->sink;
  return result;
}

scu_result scu_disk_sink_new(const scu_disk_sink_options *options, scu_sink **out) {
  return scu__disk_sink_new_for_test(options, NULL, out);
}

static bool is_ours(const scu_sink *sink) {
  return sink->begin == disk_begin;
}

const scu_error *scu_disk_sink_error(const scu_sink *sink) {
  static const scu_error not_ours = {.result = SCU_ERROR_USAGE,
                                     .phase = SCU_PHASE_USAGE,
                                     .offset = UINT64_MAX,
                                     .reject_result = 0xFF,
                                     .source = 0xFF,
                                     .reason_code = 0xFF,
                                     .reason = "not a sink of scu_disk_sink_new"};
  if (!sink) return NULL;
  return is_ours(sink) ? &((const disk_sink *)sink)->error : &not_ours;
}

void scu_disk_sink_free(scu_sink *sink) {
  if (!sink || !is_ours(sink)) return;
  disk_sink *disk = (disk_sink *)sink;
  scu__durable_free(disk->durable);
  scu__free(disk->allocator, disk);
}
