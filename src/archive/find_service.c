/* C-FIND of the archive: rows go out as the association takes them, so a query that matches everything costs one row of
 * memory. */
#include "archive/archive.h"
#include "base/alloc.h"
#include "service/query_provider.h"

typedef struct find_service {
  scu__service service; /* first */
  scu__index_query query;
  scu__index_cursor *cursor;
  scu_dataset *row;
  scu_dataset *identifier; /* kept while rows are on their way into the index */
  scu__ingest_waiter waiter;
  scu__task task; /* goes on after a long search without a match */
} find_service;

static void finish(find_service *find, uint16_t status, const char *comment, const scu_tag *offending) {
  scu__query_answer answer = {.status = status, .comment = comment, .offending = offending,
                              .offending_count = offending ? 1 : 0};
  scu__link *link = scu__visitor_link(find->service.visitor);
  scu__query_provider_finish(find->service.exchange, &answer);
  scu__service_over(&find->service);
  scu__link_pump(link);
}

static void advance(scu__service *service) {
  find_service *find = (find_service *)service;
  while (find->cursor && scu__find_provider_wants(service->exchange)) {
    scu_error error;
    scu__error_clear(&error);
    scu_result result = scu__index_next(find->cursor, find->row, &error);
    if (result == SCU_OK)
      result = scu__find_provider_match(service->exchange, find->row, scu__index_cursor_status(find->cursor));
    if (result == SCU_OK) continue;
    if (result == SCU_MORE) { /* let others have their turn, and a C-CANCEL be seen */
      scu__task_queue(find->service.visitor->archive->loop, &find->task);
      break;
    }
    if (result == SCU_END) finish(find, SCU__STATUS_SUCCESS, NULL, NULL);
    else finish(find, SCU__STATUS_CANNOT_UNDERSTAND, error.reason, NULL);
    return;
  }
  scu__link_pump(scu__visitor_link(service->visitor));
}

static void go_on(scu__task *self) {
  find_service *find = (find_service *)((char *)self - offsetof(find_service, task));
  advance(&find->service);
}

static void begin(find_service *find, const scu_dataset *identifier) {
  find->query.identifier = identifier;
  scu_error error;
  scu__error_clear(&error);
  uint16_t status = SCU__STATUS_CANNOT_UNDERSTAND;
  scu_result result =
    scu__index_find(find->service.visitor->archive->index, &find->query, &find->cursor, &status, &error);
  if (result == SCU_OK) advance(&find->service);
  else finish(find, status, error.reason, error.tag ? &error.tag : NULL);
}

static void settled(scu__ingest_waiter *self) {
  find_service *find = (find_service *)((char *)self - offsetof(find_service, waiter));
  begin(find, find->identifier);
}

/* What was acknowledged before is found, so rows on their way are waited for. */
static void wait_and_begin(find_service *find, const scu_dataset *identifier) {
  find->waiter.settled = settled;
  if (!scu__ingest_wait(find->service.visitor->archive->ingest, &find->waiter)) begin(find, identifier);
  else if (scu_dataset_copy(identifier, &find->identifier) != SCU_OK)
    finish(find, SCU__STATUS_OUT_OF_RESOURCES, NULL, NULL);
}

static void on_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  find_service *find = owner;
  if (event->kind == SCU__EXCHANGE_REQUEST) wait_and_begin(find, event->identifier);
  if (event->kind == SCU__EXCHANGE_CANCEL) finish(find, SCU__STATUS_CANCELLED, NULL, NULL);
}

static void end(scu__service *service) {
  find_service *find = (find_service *)service;
  scu__task_remove(service->visitor->archive->loop, &find->task);
  scu__ingest_wait_cancel(service->visitor->archive->ingest, &find->waiter);
  scu_dataset_free(find->identifier);
  scu__index_cursor_close(find->cursor);
  scu_dataset_free(find->row);
  scu__free(service->visitor->archive->allocator, find);
}

scu__exchange *scu__find_service(scu__visitor *visitor, const scu__accepted_context *context,
                                 const scu__command *command, scu__exchange_event *event, uint16_t *status) {
  const scu_allocator *allocator = visitor->archive->allocator;
  *status = SCU__STATUS_CLASS_NOT_SUPPORTED;
  if (!scu__archive_has_query_class(context->abstract_syntax.text)) return NULL;
  *status = SCU__STATUS_OUT_OF_RESOURCES;
  find_service *find = scu__alloc(allocator, sizeof *find);
  scu__exchange *exchange = NULL;
  if (!find) return NULL;
  find->query = scu__archive_query(visitor, context->abstract_syntax.text);
  find->task.run = go_on;
  scu_result result = scu_dataset_new(allocator, &find->row);
  if (result == SCU_OK)
    result = scu__find_provider_new(allocator, scu__link_outbox(scu__visitor_link(visitor)), context->id, command,
                                    scu__archive_encoding(context), &exchange, event);
  if (result != SCU_OK) {
    scu_dataset_free(find->row);
    scu__free(allocator, find);
    return NULL;
  }
  find->service.advance = advance;
  find->service.end = end;
  scu__service_begin(&find->service, visitor, exchange, on_event);
  return exchange;
}
