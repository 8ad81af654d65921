/* The N-ACTION of storage commitment (PS3.4 J.3.2): checks it, looks the instances up in bites, has it written to the
 * ledger, answers. The report is commitments.c's. */
#include "archive/attribute.h"
#include "archive/commitments.h"
#include "base/alloc.h"
#include "data/sop_class.h"
#include "service/n_service.h"

#include <stdlib.h>
#include <string.h>

enum {
  ACTION_REQUEST = 1,
  LOOKUP_BITE = 128, /* UIDs at a time: others want their turn */
  STATUS_INVALID_ARGUMENT = 0x0115
};

typedef struct commit_service {
  scu__service service;  /* first */
  scu__pending *pending; /* NULL before it was taken and after it was handed over */
  const scu__accepted_context *context;
  scu__command request;
  scu__commitment_item **by_uid; /* the items, sorted by SOP Instance UID */
  size_t at;                     /* how many were looked up */
  scu__task task;
  scu__ingest_waiter waiter; /* a row is proof when the file that came with it is durable */
  bool is_being_kept;        /* the answer comes from the lane: until then it must not be freed */
  bool is_left;              /* the association is gone meanwhile */
  scu__fault_hits hits;
} commit_service;

static scu_archive *archive_of(const commit_service *commit) {
  return commit->service.visitor->archive;
}

static void answer(commit_service *commit, uint16_t status, const char *comment) {
  scu__n_answer said = {.status = status, .comment = comment};
  scu__link *link = scu__visitor_link(commit->service.visitor);
  scu__n_provider_respond(commit->service.exchange, &said);
  scu__service_over(&commit->service);
  scu__link_pump(link);
}

static void refuse(commit_service *commit, uint16_t status, const char *comment) {
  if (commit->pending) scu__pending_drop(commit->pending);
  commit->pending = NULL;
  answer(commit, status, comment);
}

/* --- keeping and answering ---------------------------------------------------------------------------------------- */

static void free_service(commit_service *commit, const scu_allocator *allocator) {
  scu__free(allocator, commit->by_uid);
  scu__free(allocator, commit);
}

/* Without the association the requester does not know that we took it; he is told all the same. */
static void kept_alone(commit_service *commit, scu_result result) {
  scu__pending *pending = commit->pending;
  const scu_allocator *allocator = scu__pending_commitment(pending)->allocator;
  free_service(commit, allocator);
  if (result == SCU_OK)
    scu__pending_send(pending, NULL, NULL);
  else
    scu__pending_drop(pending);
}

static void kept(void *user, scu_result result) {
  commit_service *commit = user;
  commit->is_being_kept = false;
  if (commit->is_left) {
    kept_alone(commit, result);
    return;
  }
  if (result != SCU_OK) {
    uint16_t status = result == SCU_ERROR_STORAGE ? SCU__STATUS_PROCESSING_FAILURE : SCU__STATUS_RESOURCE_LIMIT;
    refuse(commit, status, "the request could not be kept safe");
    return;
  }
  scu__pending *pending = commit->pending;
  scu__visitor *visitor = commit->service.visitor;
  const scu__accepted_context *context = commit->context;
  bool is_early = scu__fault_has(commit->hits, SCU__FAULT_EARLY_RESULT);
  commit->pending = NULL;
  if (is_early) scu__pending_send(pending, visitor, context);
  answer(commit, SCU__STATUS_SUCCESS, NULL);
  if (!is_early) scu__pending_send(pending, visitor, context);
}

static void keep(commit_service *commit) {
  commit->is_being_kept = true;
  scu__pending_keep(commit->pending, kept, commit);
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

static int compare_uids(const void *a, const void *b) {
  const scu__commitment_item *const *first = a, *const *second = b;
  return strcmp((*first)->sop_instance.text, (*second)->sop_instance.text);
}

/* The first of the sorted items with that UID, among those of this bite. */
static size_t find_first(commit_service *commit, size_t end, const char *uid) {
  size_t low = commit->at, high = end;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(commit->by_uid[middle]->sop_instance.text, uid) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static scu_result note_found(commit_service *commit, size_t end, const scu__index_instance *found) {
  const scu_allocator *allocator = archive_of(commit)->allocator;
  for (size_t i = find_first(commit, end, found->sop_instance); i < end; i++) {
    scu__commitment_item *item = commit->by_uid[i];
    if (strcmp(item->sop_instance.text, found->sop_instance) != 0) break;
    if (item->failure == SCU__COMMIT_OK) continue; /* the archive has several of that UID: one is enough */
    bool is_of_class = strcmp(item->sop_class.text, found->sop_class) == 0;
    item->failure = is_of_class ? SCU__COMMIT_OK : SCU__COMMIT_CLASS_CONFLICT;
    if (!is_of_class) continue;
    item->length = found->length;
    item->path = scu__strdup(allocator, found->path);
    if (!item->path) return SCU_ERROR_MEMORY;
  }
  return SCU_OK;
}

static scu_result put_uids(const commit_service *commit, size_t end, scu_dataset *identifier, scu__buffer *list) {
  for (size_t i = commit->at; i < end; i++) {
    const char *uid = commit->by_uid[i]->sop_instance.text;
    if (strpbrk(uid, "*?\\")) continue; /* would be more than one UID */
    if (list->length > 0) scu__put_u8(list, '\\');
    scu__put_text(list, uid);
  }
  scu_result result = scu__buffer_result(list);
  if (result == SCU_OK) result = scu_dataset_set_text(identifier, "QueryRetrieveLevel", "IMAGE");
  if (result == SCU_OK)
    result = scu_dataset_set_bytes(identifier, SCU__TAG_SOP_INSTANCE_UID, SCU_VR_UI, list->data, list->length);
  return result;
}

static scu_result search(commit_service *commit, size_t end, const scu_dataset *identifier) {
  scu__index_query query = {.identifier = identifier, .model = SCU__MODEL_STUDY_ROOT, .relational = true};
  scu__index_cursor *cursor = NULL;
  scu_result result = scu__index_retrieve(archive_of(commit)->index, &query, &cursor, NULL, NULL);
  while (result == SCU_OK) {
    scu__index_instance found;
    result = scu__index_next_instance(cursor, &found, NULL);
    if (result == SCU_OK) result = note_found(commit, end, &found);
  }
  scu__index_cursor_close(cursor);
  return result == SCU_END ? SCU_OK : result;
}

/* Moves on by a bite. */
static scu_result look_up(commit_service *commit) {
  const scu_allocator *allocator = archive_of(commit)->allocator;
  size_t count = scu__pending_commitment(commit->pending)->count;
  size_t end = count - commit->at > LOOKUP_BITE ? commit->at + LOOKUP_BITE : count;
  scu_dataset *identifier = NULL;
  scu__buffer list;
  scu__buffer_init(&list, allocator, (size_t)LOOKUP_BITE * sizeof(scu__uid));
  scu_result result = scu_dataset_new(allocator, &identifier);
  if (result == SCU_OK) result = put_uids(commit, end, identifier, &list);
  if (result == SCU_OK && list.length > 0) result = search(commit, end, identifier);
  scu__buffer_free(&list);
  scu_dataset_free(identifier);
  commit->at = end;
  return result;
}

static void go_on(scu__task *self) {
  commit_service *commit = (commit_service *)((char *)self - offsetof(commit_service, task));
  scu_result result = look_up(commit);
  if (result != SCU_OK)
    refuse(commit, result == SCU_ERROR_STORAGE ? SCU__STATUS_PROCESSING_FAILURE : SCU__STATUS_RESOURCE_LIMIT,
           "the instances could not be looked up");
  else if (commit->at < scu__pending_commitment(commit->pending)->count)
    scu__task_queue(archive_of(commit)->loop, &commit->task);
  else
    keep(commit);
}

static scu_result sort_items(commit_service *commit) {
  scu__commitment *commitment = scu__pending_commitment(commit->pending);
  commit->by_uid = scu__alloc_array(archive_of(commit)->allocator, commitment->count, sizeof *commit->by_uid);
  if (!commit->by_uid) return SCU_ERROR_MEMORY;
  for (size_t i = 0; i < commitment->count; i++) commit->by_uid[i] = &commitment->items[i];
  qsort(commit->by_uid, commitment->count, sizeof *commit->by_uid, compare_uids);
  return SCU_OK;
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static uint16_t check_command(const scu__command *request) {
  if (strcmp(request->requested_sop_instance.text, SCU__UID_STORAGE_COMMITMENT_INSTANCE) != 0)
    return SCU__STATUS_NO_SUCH_INSTANCE;
  return request->action_type == ACTION_REQUEST ? SCU__STATUS_SUCCESS : SCU__STATUS_NO_SUCH_ACTION_TYPE;
}

static void begin(commit_service *commit, const scu_dataset *information) {
  scu_archive *archive = archive_of(commit);
  uint16_t status = check_command(&commit->request);
  if (status != SCU__STATUS_SUCCESS) {
    refuse(commit, status, NULL);
    return;
  }
  const scu__negotiated *negotiated = scu__link_negotiated(scu__visitor_link(commit->service.visitor));
  scu__commitment commitment;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__commitment_read(&commitment, archive->allocator, information, &negotiated->calling, &error);
  if (result != SCU_OK) {
    refuse(commit, result == SCU_ERROR_MALFORMED ? STATUS_INVALID_ARGUMENT : SCU__STATUS_RESOURCE_LIMIT, error.reason);
    return;
  }
  if (scu__commitments_has(archive->commitments, &commitment.transaction)) {
    scu__commitment_free(&commitment);
    refuse(commit, SCU__COMMIT_DUPLICATE_TRANSACTION, "this Transaction UID is in use");
    return;
  }
  result = scu__commitments_add(archive->commitments, &commitment, &commit->pending);
  scu__commitment_free(&commitment);
  if (result == SCU_OK) scu__pending_set_faults(commit->pending, commit->hits);
  if (result == SCU_OK) result = sort_items(commit);
  if (result != SCU_OK)
    refuse(commit, SCU__STATUS_RESOURCE_LIMIT, "too many commitments are under way");
  else if (!scu__ingest_wait_for_all(archive->ingest, &commit->waiter))
    scu__task_queue(archive->loop, &commit->task);
}

static void settled(scu__ingest_waiter *self) {
  commit_service *commit = (commit_service *)((char *)self - offsetof(commit_service, waiter));
  scu__task_queue(archive_of(commit)->loop, &commit->task);
}

static void on_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  if (event->kind == SCU__EXCHANGE_REQUEST) begin(owner, event->identifier);
}

static void end(scu__service *service) {
  commit_service *commit = (commit_service *)service;
  const scu_archive *archive = service->visitor->archive;
  scu__task_remove(archive->loop, &commit->task);
  scu__ingest_wait_cancel(archive->ingest, &commit->waiter);
  if (commit->is_being_kept) {
    commit->is_left = true;
    return;
  }
  if (commit->pending) scu__pending_drop(commit->pending);
  free_service(commit, archive->allocator);
}

scu__exchange *scu__commit_service(scu__visitor *visitor, const scu__accepted_context *context,
                                   const scu__command *command, scu__exchange_event *event, uint16_t *status) {
  const scu_allocator *allocator = visitor->archive->allocator;
  *status = SCU__STATUS_RESOURCE_LIMIT;
  commit_service *commit = scu__alloc(allocator, sizeof *commit);
  scu__exchange *exchange = NULL;
  if (!commit) return NULL;
  if (scu__n_provider_new(allocator, scu__link_outbox(scu__visitor_link(visitor)), context->id, command,
                          scu__archive_encoding(context), &exchange, event) != SCU_OK) {
    scu__free(allocator, commit);
    return NULL;
  }
  commit->context = context;
  commit->hits = visitor->hits;
  commit->request = *command;
  commit->request.attributes = NULL;
  commit->task.run = go_on;
  commit->waiter.settled = settled;
  commit->service.end = end;
  scu__service_begin(&commit->service, visitor, exchange, on_event);
  return exchange;
}
