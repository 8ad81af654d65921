/* An archive, a modality and, where wanted, the modality's own server on one loop whose time stands still unless a test
 * lets it pass. The modality speaks N-services and keeps what it is told. */
#ifndef ARCHIVE_TEST_H
#define ARCHIVE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/mpps.h"
#include "client/association.h"
#include "data/dataset_encode.h"
#include "data/sop_class.h"
#include "scu/session.h"
#include "service/n_service.h"
#include "support/sample_file.h"
#include "support/scripted_peer.h"
#include "support/test_loop.h"
#include "unit/io/scratch.h"

enum { REPORTS_MAX = 16, LONG_MS = 1000 * 1000 };

typedef struct report {
  uint16_t event_type;
  scu_dataset *information;
  bool came_on_own_server;
  bool came_before_answer; /* to the last request */
} report;

typedef struct world {
  test_loop time;
  scu_options *archive_options, *modality_options;
  scu_archive_options own;
  char root[300];
  scu_archive *archive;

  scu_session *session;
  scu__lease lease;
  scu__link *link; /* NULL: not (any more) associated */
  bool is_lost;

  /* the last response */
  bool has_response;
  scu__command response;
  scu_dataset *reply;

  /* what N-EVENT-REPORT brought, and how it is answered */
  report reports[REPORTS_MAX];
  size_t report_count;
  uint16_t report_status;
  bool is_deaf; /* reports are not answered */

  scu__server *server; /* the modality's own */
  scu__acceptor_policy policy;
  bool refuses_scp_role;
} world;

static SCRATCH_UNUSED const char *const n_classes[] = {SCU__UID_STORAGE_COMMITMENT, SCU__UID_MPPS,
                                                       SCU__UID_MPPS_RETRIEVE};

/* --- archive ------------------------------------------------------------------------------------------------------ */

static inline void world_open_archive(world *w) {
  scu_result result = scu_archive_new(w->time.loop, &w->archive, w->archive_options, &w->own);
  if (result != SCU_OK) fail_msg("archive: %s", scu_error_reason(scu_archive_error(w->archive)));
}

static inline void world_close_archive(world *w) {
  scu_archive_free(w->archive);
  w->archive = NULL;
}

static inline void world_start(world *w) {
  memset(w, 0, sizeof *w);
  test_loop_start(&w->time);
  w->time.ms_per_step = 0;
  assert_int_equal(scu_options_new(NULL, &w->archive_options), SCU_OK);
  scu_options_set_text(w->archive_options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  scu_options_set_text(w->archive_options, SCU_OPTION_CALLING_AE, "ARCHIVE");
  assert_int_equal(scu_options_new(NULL, &w->modality_options), SCU_OK);
  scu_options_set_text(w->modality_options, SCU_OPTION_CALLING_AE, "MODALITY");
  snprintf(w->root, sizeof w->root, "%s", in_scratch("pacs"));
  w->own = (scu_archive_options){.size = sizeof w->own, .root = w->root};
  /* One that stays ours while the archive is closed. */
  scu_options_set_integer(w->archive_options, SCU_OPTION_LISTEN_PORT, scripted_free_port());
  world_open_archive(w);
}

static inline void world_step(world *w) {
  if (scu_loop_wait(w->time.loop, 1) != SCU_OK) abort();
}

/* Waits for others - the disk, mostly - without letting the loop's time pass. */
#define WORLD_UNTIL(w, condition)                                                                                      \
  do {                                                                                                                 \
    for (long world_steps = 0; !(condition) && world_steps < 2000000; world_steps++) world_step(w);                    \
    assert_true(condition);                                                                                            \
  } while (0)

static inline void world_pass(world *w, uint64_t ms) {
  w->time.now_ms += ms;
  for (int i = 0; i < 20; i++) world_step(w);
}

/* --- the modality as requester ------------------------------------------------------------------------------------ */

static inline void world_ready(void *owner, scu__link *link) {
  ((world *)owner)->link = link;
}

static inline void world_lost(void *owner, const scu_error *error) {
  world *w = owner;
  (void)error;
  w->link = NULL;
  w->is_lost = true;
}

static inline scu_result world_propose(void *owner, scu__associate *rq) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2"};
  (void)owner;
  for (size_t i = 0; i < sizeof n_classes / sizeof *n_classes; i++)
    if (scu__associate_add_context(rq, n_classes[i], syntaxes, 2, NULL) != SCU_OK) abort();
  return SCU_OK;
}

static inline void world_keep_report(world *w, const scu__exchange_event *event, bool came_on_own_server) {
  assert_true(w->report_count < REPORTS_MAX);
  report *kept = &w->reports[w->report_count++];
  kept->event_type = event->command->event_type;
  kept->came_on_own_server = came_on_own_server;
  kept->came_before_answer = !w->has_response;
  assert_non_null(event->identifier);
  assert_int_equal(scu_dataset_copy(event->identifier, &kept->information), SCU_OK);
}

static inline void world_report(world *w, scu__exchange *exchange, const scu__exchange_event *event, scu__link *link) {
  if (event->kind != SCU__EXCHANGE_REQUEST) return;
  world_keep_report(w, event, link != w->link);
  if (w->is_deaf) return;
  scu__n_answer answer = {.status = w->report_status};
  assert_int_equal(scu__n_provider_respond(exchange, &answer), SCU_OK);
  scu__link_pump(link);
}

static inline void world_report_here(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  world_report(owner, exchange, event, ((world *)owner)->link);
}

static inline scu__exchange *world_serve(void *owner, scu__link *link, uint8_t context_id, const scu__command *command,
                                         scu__exchange_event *event, uint16_t *status) {
  scu__exchange *exchange = NULL;
  const scu__accepted_context *context = scu__negotiated_context(scu__link_negotiated(link), context_id);
  if (scu__n_provider_new(NULL, scu__link_outbox(link), context_id, command, scu__archive_encoding(context), &exchange,
                          event) != SCU_OK)
    *status = 0x0110;
  if (!exchange) return NULL;
  exchange->owner = owner;
  exchange->on_event = world_report_here;
  return exchange;
}

static inline void world_associate(world *w) {
  if (!w->session) {
    char peer[64];
    snprintf(peer, sizeof peer, "ARCHIVE@127.0.0.1:%d", scu_archive_port(w->archive));
    assert_int_equal(scu_session_new_on(w->time.loop, &w->session, w->modality_options, peer), SCU_OK);
  }
  w->lease = (scu__lease){
      .owner = w, .propose = world_propose, .ready = world_ready, .lost = world_lost, .request = world_serve};
  w->is_lost = false;
  scu__lease_acquire(&w->lease, w->session);
  WORLD_UNTIL(w, w->link || w->is_lost);
  assert_non_null(w->link);
}

/* Ends the association by A-RELEASE. */
static inline void world_release(world *w) {
  scu__lease_return(&w->lease);
  w->link = NULL;
  WORLD_UNTIL(w, scu__associations_leave(w->session));
}

static inline void world_abort(world *w) {
  scu__lease_abort(&w->lease);
  w->link = NULL;
  WORLD_UNTIL(w, scu__associations_leave(w->session));
}

static inline void world_stop(world *w) {
  if (w->link) world_release(w);
  scu_session_free(w->session);
  scu__server_free(w->server);
  world_close_archive(w);
  for (size_t i = 0; i < w->report_count; i++) scu_dataset_free(w->reports[i].information);
  scu_dataset_free(w->reply);
  scu_options_free(w->archive_options);
  scu_options_free(w->modality_options);
  test_loop_stop(&w->time);
}

static inline void world_answered(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  (void)exchange;
  world *w = owner;
  if (event->kind != SCU__EXCHANGE_FINAL) return;
  w->has_response = true;
  w->response = *event->command;
  w->response.attributes = NULL;
  scu_dataset_free(w->reply);
  w->reply = NULL;
  if (event->identifier) assert_int_equal(scu_dataset_copy(event->identifier, &w->reply), SCU_OK);
}

/* Sends it; the answer comes by world_answered. The dataset may be NULL, and is freed. */
static inline void world_send(world *w, const char *sop_class, scu__command *command, scu_dataset *dataset) {
  const scu__accepted_context *context = scu__negotiated_find(scu__link_negotiated(w->link), sop_class, NULL, false);
  scu__exchange *exchange = NULL;
  scu__buffer bytes;
  assert_non_null(context);
  scu__buffer_init(&bytes, NULL, 64 * 1024 * 1024);
  if (dataset) assert_int_equal(scu__dataset_encode(dataset, scu__archive_encoding(context), &bytes, NULL), SCU_OK);
  scu_dataset_free(dataset);
  w->has_response = false;
  assert_int_equal(scu__n_request_new(NULL, scu__link_outbox(w->link), context->id, scu__link_next_message_id(w->link),
                                      command, &bytes, scu__archive_encoding(context), &exchange),
                   SCU_OK);
  exchange->owner = w;
  exchange->on_event = world_answered;
  assert_int_equal(scu__link_start(w->link, exchange), SCU_OK);
}

static inline uint16_t world_ask(world *w, const char *sop_class, scu__command *command, scu_dataset *dataset) {
  world_send(w, sop_class, command, dataset);
  WORLD_UNTIL(w, w->has_response || w->is_lost);
  assert_true(w->has_response);
  return w->response.status;
}

static inline scu__command n_command(uint16_t field, const char *sop_class, const char *instance) {
  scu__command command;
  scu__uid uid;
  assert_true(scu__uid_from_text(&uid, sop_class));
  scu__request_init(&command, field, 1, &uid);
  bool is_affected = field == SCU__N_CREATE_RQ || field == SCU__N_EVENT_REPORT_RQ;
  if (!instance) return command;
  assert_true(
      scu__uid_from_text(is_affected ? &command.affected_sop_instance : &command.requested_sop_instance, instance));
  command.present |= is_affected ? SCU__HAS_AFFECTED_SOP_INSTANCE : SCU__HAS_REQUESTED_SOP_INSTANCE;
  return command;
}

/* --- the modality's own server ------------------------------------------------------------------------------------ */

static inline bool own_arrived(void *owner, scu__guest *guest) {
  (void)owner, (void)guest;
  return true;
}

static inline const scu__acceptor_policy *own_policy(void *owner, scu__guest *guest, const scu__associate *rq,
                                                     scu__reject *reject) {
  (void)guest, (void)rq, (void)reject;
  return &((world *)owner)->policy;
}

static inline bool own_class(void *user, const scu__uid *abstract_syntax) {
  (void)user;
  return strcmp(abstract_syntax->text, SCU__UID_STORAGE_COMMITMENT) == 0;
}

static inline void own_roles(void *user, const scu__uid *uid, bool *scu, bool *scp) {
  (void)uid;
  *scu = false;
  if (((world *)user)->refuses_scp_role) *scp = false;
}

static inline void own_event(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  scu__guest *guest = owner;
  world_report(guest->state, exchange, event, guest->link);
}

static inline scu__exchange *own_request(void *owner, scu__guest *guest, uint8_t context_id,
                                         const scu__command *command, scu__exchange_event *event, uint16_t *status) {
  guest->state = owner;
  scu__exchange *exchange = world_serve(owner, guest->link, context_id, command, event, status);
  if (!exchange) return NULL;
  exchange->owner = guest;
  exchange->on_event = own_event;
  return exchange;
}

static inline bool own_is_busy(void *owner, const scu__guest *guest) {
  (void)owner, (void)guest;
  return false;
}

static inline void own_left(void *owner, scu__guest *guest, const scu_error *error) {
  (void)owner, (void)guest, (void)error;
}

static SCRATCH_UNUSED const scu__server_handler own_handler = {
    .arrived = own_arrived, .policy = own_policy, .request = own_request, .is_busy = own_is_busy, .left = own_left};

/* Listens, on `port` or any free one; returns the port. */
static inline int world_listen(world *w, int port) {
  scu_error error;
  scu__error_clear(&error);
  w->policy = (scu__acceptor_policy){
      .our_ae = "MODALITY", .is_abstract_syntax_supported = own_class, .accept_roles = own_roles, .user = w};
  scu__server_options options = {.address = "127.0.0.1",
                                 .port = (uint16_t)port,
                                 .max_pdu_length = 16384,
                                 .max_associations = 10,
                                 .timeout_associate_ms = LONG_MS,
                                 .timeout_idle_ms = LONG_MS,
                                 .timeout_release_ms = LONG_MS};
  if (scu__server_new(w->time.loop, &options, &own_handler, w, &w->server, &error) != SCU_OK)
    fail_msg("listen: %s", error.reason);
  return scu__server_port(w->server);
}

static inline void world_add_peer(world *w, const char *name, const char *ae, int port) {
  char text[64];
  snprintf(text, sizeof text, "%s@127.0.0.1:%d", ae, port);
  assert_int_equal(scu_archive_add_peer(w->archive, name, text), SCU_OK);
}

/* --- instances ---------------------------------------------------------------------------------------------------- */

/* 1.2.3.<from> to 1.2.3.<to>, all in study 1.2.1. */
static inline void world_store(world *w, int from, int to) {
  char peer[64], name[32];
  scu_session *session = NULL;
  scu_source *source = NULL;
  scu_store_report *stored = NULL;
  snprintf(peer, sizeof peer, "ARCHIVE@127.0.0.1:%d", scu_archive_port(w->archive));
  assert_int_equal(scu_session_new_on(w->time.loop, &session, w->modality_options, peer), SCU_OK);
  assert_int_equal(scu_source_new(NULL, &source), SCU_OK);
  for (int i = from; i <= to; i++) {
    scu__buffer bytes;
    sample_bytes(&(sample_file){.number = i, .pixels = 200}, &bytes);
    snprintf(name, sizeof name, "%05d.dcm", i);
    write_scratch(name, bytes.data, bytes.length);
    scu__buffer_free(&bytes);
    scu_source_add_file(source, in_scratch(name));
  }
  assert_int_equal(scu_store(session, source, &stored), SCU_OK);
  assert_int_equal(scu_store_report_count(stored, SCU_OUTCOME_OK), to - from + 1);
  scu_store_report_free(stored);
  scu_source_free(source);
  scu_session_free(session);
}

#endif
