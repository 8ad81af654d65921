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

  /* --fault */
  scu__fault_hits hits;
  scu__encoding encoding;
  uint32_t sent;
} find_service;

static scu_archive *archive_of(const find_service *find) {
  return find->service.visitor->archive;
}

static scu__fault_row fault_row(const find_service *find) {
  return (scu__fault_row){.link = scu__visitor_link(find->service.visitor),
                          .exchange = find->service.exchange,
                          .encoding = find->encoding,
                          .allocator = archive_of(find)->allocator};
}

static void finish(find_service *find, uint16_t status, const char *comment, const scu_tag *offending) {
  scu__query_answer answer = {
      .status = status, .comment = comment, .offending = offending, .offending_count = offending ? 1 : 0};
  scu__link *link = scu__visitor_link(find->service.visitor);
  scu__fault_hits hits = scu__fault_reach(archive_of(find)->fault, SCU__FAULT_FIND_FINAL);
  scu__fault_row row = fault_row(find);
  scu__fault_strike(hits, link);
  scu__fault_final(hits, &answer);
  scu__query_provider_finish(find->service.exchange, &answer);
  scu__fault_late(hits, &row, find->row);
  scu__service_over(&find->service);
  scu__link_pump(link);
}

static scu_result say_match(find_service *find) {
  uint16_t status = scu__index_cursor_status(find->cursor);
  scu__fault *fault = archive_of(find)->fault;
  if (!fault) return scu__find_provider_match(find->service.exchange, find->row, status);
  find->sent++;
  scu__fault_row row = fault_row(find);
  return scu__fault_match(scu__fault_reach(fault, SCU__FAULT_MATCH), &row, find->row, status);
}

static void advance(scu__service *service) {
  find_service *find = (find_service *)service;
  const scu__fault_rule *cap = scu__fault_find(find->hits, SCU__FAULT_CAP, 0);
  while (find->cursor && scu__find_provider_wants(service->exchange)) {
    scu_error error;
    scu__error_clear(&error);
    if (cap && find->sent >= cap->number) {
      finish(find, cap->status, NULL, NULL);
      return;
    }
    scu_result result = scu__index_next(find->cursor, find->row, &error);
    if (result == SCU_OK) result = say_match(find);
    if (result == SCU_OK) continue;
    if (result == SCU_MORE) { /* let others have their turn, and a C-CANCEL be seen */
      scu__task_queue(archive_of(find)->loop, &find->task);
      break;
    }
    if (result == SCU_END)
      finish(find, SCU__STATUS_SUCCESS, NULL, NULL);
    else
      finish(find, SCU__STATUS_CANNOT_UNDERSTAND, error.reason, NULL);
    return;
  }
  scu__link_pump(scu__visitor_link(service->visitor));
}

static void go_on(scu__task *self) {
  find_service *find = (find_service *)((char *)self - offsetof(find_service, task));
  advance(&find->service);
}

static void begin(find_service *find, const scu_dataset *identifier) {
  scu_dataset *changed;
  find->query.identifier = scu__fault_identifier(find->hits, identifier, &changed);
  scu_error error;
  scu__error_clear(&error);
  uint16_t status = SCU__STATUS_CANNOT_UNDERSTAND;
  scu_result result = scu__index_find(archive_of(find)->index, &find->query, &find->cursor, &status, &error);
  scu_dataset_free(changed);
  if (result == SCU_OK)
    advance(&find->service);
  else
    finish(find, status, error.reason, error.tag ? &error.tag : NULL);
}

static void settled(scu__ingest_waiter *self) {
  find_service *find = (find_service *)((char *)self - offsetof(find_service, waiter));
  begin(find, find->identifier);
}

/* What was acknowledged before is found, so rows on their way are waited for. */
static void wait_and_begin(find_service *find, const scu_dataset *identifier) {
  find->waiter.settled = settled;
  if (!scu__ingest_wait(archive_of(find)->ingest, &find->waiter))
    begin(find, identifier);
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
  find->hits = visitor->hits;
  find->encoding = scu__archive_encoding(context);
  scu_result result = scu_dataset_new(allocator, &find->row);
  if (result == SCU_OK)
    result = scu__find_provider_new(allocator, scu__link_outbox(scu__visitor_link(visitor)), context->id, command,
                                    find->encoding, &exchange, event);
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
