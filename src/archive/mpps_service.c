/* N-CREATE, N-SET and N-GET of performed procedure steps: one after the other on the archive's lane, answered when the
 * file is durable. */
#include <stdio.h>
#include <string.h>

#include "archive/archive.h"
#include "archive/mpps_store.h"
#include "base/alloc.h"
#include "data/sop_class.h"
#include "io/new_uid.h"
#include "service/n_service.h"

typedef struct mpps_service {
  scu__service service; /* first */
  scu__work work;
  scu_archive *archive;
  uint16_t field;
  scu__uid instance;
  scu_dataset *attributes; /* of the request; our own copy, for the request may be gone before the work is done */
  scu_tag *tags;           /* N-GET */
  size_t tag_count;
  scu__mpps_verdict verdict;
  scu_dataset *reply;
  scu__buffer file;   /* to write; empty = none */
  scu__posted posted; /* the way back from the disk */
  scu_result written;
  bool is_working, is_left;
} mpps_service;

static void mpps_free(mpps_service *mpps) {
  const scu_allocator *allocator = mpps->archive->allocator;
  scu_dataset_free(mpps->attributes);
  scu_dataset_free(mpps->reply);
  scu__buffer_free(&mpps->file);
  scu__free(allocator, mpps->tags);
  scu__free(allocator, mpps);
}

static void fail(mpps_service *mpps, const char *comment) {
  mpps->verdict = (scu__mpps_verdict){.status = SCU__STATUS_PROCESSING_FAILURE, .comment = comment};
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static void answer(mpps_service *mpps) {
  const scu__mpps_verdict *verdict = &mpps->verdict;
  scu__n_answer said = {.status = verdict->status,
                        .error_id = verdict->error_id,
                        .comment = verdict->comment,
                        .dataset = mpps->reply,
                        .sop_instance = mpps->instance.text[0] ? &mpps->instance : NULL};
  if (verdict->status == SCU__STATUS_ATTRIBUTE_WARNING || verdict->status == SCU__MPPS_MISSING_ATTRIBUTE) {
    said.attributes = verdict->attributes;
    said.attribute_count = verdict->attribute_count;
  }
  scu__link *link = scu__visitor_link(mpps->service.visitor);
  if (scu__n_provider_respond(mpps->service.exchange, &said) != SCU_OK) {
    scu__n_answer plain = {.status = SCU__STATUS_PROCESSING_FAILURE, .comment = "the answer could not be made"};
    scu__n_provider_respond(mpps->service.exchange, &plain);
  }
  scu__service_over(&mpps->service);
  scu__link_pump(link);
}

static void over(mpps_service *mpps) {
  scu__lane *lane = &mpps->archive->lane;
  mpps->is_working = false;
  if (mpps->is_left)
    mpps_free(mpps);
  else
    answer(mpps);
  scu__lane_go_on(lane);
}

/* --- on the pool -------------------------------------------------------------------------------------------------- */

static void note_result(mpps_service *mpps, scu_result result) {
  if (result < 0) fail(mpps, result == SCU_ERROR_MEMORY ? "out of memory" : "the procedure step cannot be read");
}

static void put_file(mpps_service *mpps, const scu_dataset *step) {
  if (scu__mpps_encode(step, &mpps->instance, &mpps->file, NULL) == SCU_OK) return;
  scu__buffer_clear(&mpps->file);
  fail(mpps, "the procedure step cannot be written down");
}

/* 0121 comes with the attributes that have no value (PS3.7 C.5.12). */
static void list_missing(mpps_service *mpps) {
  const scu__mpps_verdict *verdict = &mpps->verdict;
  if (verdict->status != SCU__MPPS_MISSING_VALUE || scu_dataset_new(mpps->archive->allocator, &mpps->reply) != SCU_OK)
    return;
  for (size_t i = 0; i < verdict->attribute_count; i++) {
    char path[16];
    snprintf(path, sizeof path, "%08X", (unsigned)verdict->attributes[i]);
    scu_dataset_set_empty(mpps->reply, path);
  }
}

static void create(mpps_service *mpps, const scu_dataset *existing) {
  if (existing) {
    mpps->verdict.status = SCU__STATUS_DUPLICATE_INSTANCE;
    return;
  }
  scu__mpps_judge_create(mpps->attributes, &mpps->verdict);
  list_missing(mpps);
  if (mpps->verdict.status == SCU__STATUS_SUCCESS) put_file(mpps, mpps->attributes);
}

static void change(mpps_service *mpps, scu_dataset *existing) {
  if (!existing) {
    mpps->verdict.status = SCU__STATUS_NO_SUCH_INSTANCE;
    return;
  }
  note_result(mpps, scu__mpps_change(existing, mpps->attributes, &mpps->verdict));
  list_missing(mpps);
  uint16_t status = mpps->verdict.status;
  if (status == SCU__STATUS_SUCCESS || status == SCU__STATUS_ATTRIBUTE_WARNING) put_file(mpps, existing);
}

static void get(mpps_service *mpps, const scu_dataset *existing) {
  if (!existing) {
    mpps->verdict.status = SCU__STATUS_NO_SUCH_INSTANCE;
    return;
  }
  note_result(mpps, scu__mpps_select(existing, mpps->tags, mpps->tag_count, &mpps->reply, &mpps->verdict));
}

static void run(scu__work *self) {
  mpps_service *mpps = (mpps_service *)((char *)self - offsetof(mpps_service, work));
  const scu_archive *archive = mpps->archive;
  scu_dataset *existing = NULL;
  scu_result result = scu__mpps_store_read(archive->mpps, &mpps->instance, &existing, NULL);
  if (result < 0)
    note_result(mpps, result);
  else if (mpps->field == SCU__N_CREATE_RQ)
    create(mpps, existing);
  else if (mpps->field == SCU__N_SET_RQ)
    change(mpps, existing);
  else
    get(mpps, existing);
  scu_dataset_free(existing);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void written_posted(scu__posted *self) {
  mpps_service *mpps = (mpps_service *)((char *)self - offsetof(mpps_service, posted));
  if (mpps->written != SCU_OK) fail(mpps, "the procedure step could not be written");
  over(mpps);
}

static void written_dropped(scu__posted *self) {
  mpps_free((mpps_service *)((char *)self - offsetof(mpps_service, posted)));
}

/* On a thread of the disk's. */
static void written(void *user, scu_result result) {
  mpps_service *mpps = user;
  mpps->written = result;
  mpps->posted = (scu__posted){.run = written_posted, .drop = written_dropped};
  scu__completions_post(scu__loop_completions(mpps->archive->loop), &mpps->posted);
}

static void done(scu__work *self) {
  mpps_service *mpps = (mpps_service *)((char *)self - offsetof(mpps_service, work));
  if (mpps->file.length > 0) {
    if (scu__mpps_store_write(mpps->archive->mpps, &mpps->instance, &mpps->file, written, mpps) == SCU_OK) return;
    fail(mpps, "the procedure step could not be written");
  }
  over(mpps);
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static scu_result keep_tags(mpps_service *mpps, const scu__command *request) {
  mpps->tags = scu__alloc_array(mpps->archive->allocator, request->attribute_count, sizeof *mpps->tags);
  if (!mpps->tags) return SCU_ERROR_MEMORY;
  mpps->tag_count = request->attribute_count;
  for (size_t i = 0; i < mpps->tag_count; i++) mpps->tags[i] = scu__command_attribute(request, i);
  return SCU_OK;
}

/* None, and we make one (PS3.7 10.1.5.1.4), or one that follows the rules of PS3.5 9.1. */
static bool may_be_created(const scu__command *request) {
  if (request->malformed & SCU__HAS_AFFECTED_SOP_INSTANCE) return false;
  return !request->affected_sop_instance.text[0] || scu__uid_is_valid(request->affected_sop_instance.text);
}

static scu_result keep_request(mpps_service *mpps, const scu__command *request) {
  bool is_create = request->field == SCU__N_CREATE_RQ;
  mpps->field = request->field;
  mpps->instance = is_create ? request->affected_sop_instance : request->requested_sop_instance;
  if (is_create && !may_be_created(request)) return SCU_ERROR_UNSUPPORTED;
  if (!mpps->instance.text[0] && (!is_create || !scu__uid_make(&mpps->instance))) return SCU_ERROR_UNSUPPORTED;
  return keep_tags(mpps, request);
}

static void begin(mpps_service *mpps, const scu_dataset *attributes) {
  if (attributes && scu_dataset_copy(attributes, &mpps->attributes) != SCU_OK) {
    fail(mpps, "out of memory");
    answer(mpps);
    return;
  }
  mpps->is_working = true;
  mpps->work = (scu__work){.run = run, .done = done};
  scu__lane_add(&mpps->archive->lane, &mpps->work);
}

static void on_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  if (event->kind == SCU__EXCHANGE_REQUEST) begin(owner, event->identifier);
}

static void end(scu__service *service) {
  mpps_service *mpps = (mpps_service *)service;
  if (mpps->is_working)
    mpps->is_left = true;
  else
    mpps_free(mpps);
}

scu__exchange *scu__mpps_service(scu__visitor *visitor, const scu__accepted_context *context,
                                 const scu__command *command, scu__exchange_event *event, uint16_t *status) {
  scu_archive *archive = visitor->archive;
  *status = SCU__STATUS_RESOURCE_LIMIT;
  mpps_service *mpps = scu__alloc(archive->allocator, sizeof *mpps);
  scu__exchange *exchange = NULL;
  if (!mpps) return NULL;
  mpps->archive = archive;
  scu__buffer_init(&mpps->file, archive->allocator, 2 * SCU__MPPS_MAX);
  scu_result result = keep_request(mpps, command);
  if (result == SCU_OK)
    result = scu__n_provider_new(archive->allocator, scu__link_outbox(scu__visitor_link(visitor)), context->id, command,
                                 scu__archive_encoding(context), &exchange, event);
  if (result != SCU_OK) {
    if (result == SCU_ERROR_UNSUPPORTED) *status = SCU__STATUS_INVALID_INSTANCE_UID;
    mpps_free(mpps);
    return NULL;
  }
  mpps->service.end = end;
  scu__service_begin(&mpps->service, visitor, exchange, on_event);
  return exchange;
}
