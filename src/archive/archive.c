/* The archive: opening its parts, deciding who may do what, routing requests to services. */
#include "archive/archive.h"

#include <stdio.h>
#include <string.h>

#include "archive/commitments.h"
#include "archive/folder.h"
#include "archive/mpps.h"
#include "base/alloc.h"
#include "base/versioned.h"
#include "config/peer.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"

enum { STOP_WAIT_MS = 10 * 1000, STOP_STEP_MS = 100 };

/* --- services ----------------------------------------------------------------------------------------------------- */

/* An identifier that could not be read, say, was answered by the exchange itself. */
static void exchange_gone(void *owner, scu__exchange *exchange) {
  scu__service *service = owner;
  (void)exchange;
  service->exchange = NULL;
  scu__service_over(service);
}

void scu__service_begin(scu__service *service, scu__visitor *visitor, scu__exchange *exchange,
                        void (*on_event)(void *owner, scu__exchange *exchange, const scu__exchange_event *event)) {
  service->visitor = visitor;
  service->exchange = exchange;
  service->next = visitor->services;
  visitor->services = service;
  exchange->owner = service;
  exchange->on_event = on_event;
  exchange->on_gone = exchange_gone;
}

void scu__service_let_go(scu__service *service) {
  if (!service->exchange) return;
  service->exchange->owner = NULL;
  service->exchange->on_event = NULL;
  service->exchange->on_gone = NULL;
  service->exchange = NULL;
}

static void leave_visitor(scu__service *service) {
  for (scu__service **at = &service->visitor->services; *at; at = &(*at)->next) {
    if (*at != service) continue;
    *at = service->next;
    return;
  }
}

void scu__service_over(scu__service *service) {
  scu__service_let_go(service);
  leave_visitor(service);
  service->end(service);
}

void scu__service_detach(scu__service *service) {
  scu_archive *archive = service->visitor->archive;
  if (!archive->strays) archive->strays = scu__alloc(archive->allocator, sizeof *archive->strays);
  if (!archive->strays) return;
  archive->strays->archive = archive;
  leave_visitor(service);
  service->visitor = archive->strays;
  service->next = archive->strays->services;
  archive->strays->services = service;
}

scu__link *scu__visitor_link(const scu__visitor *visitor) {
  return visitor->guest->link;
}

scu__encoding scu__archive_encoding(const scu__accepted_context *context) {
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(context->transfer_syntax.text);
  return scu__transfer_syntax_encoding(syntax);
}

/* --- policy ------------------------------------------------------------------------------------------------------- */

typedef struct query_class {
  const char *uid;
  scu__index_model model;
  bool is_find;
} query_class;

static const query_class query_classes[] = {
    {SCU__UID_PATIENT_ROOT_FIND, SCU__MODEL_PATIENT_ROOT, true},
    {SCU__UID_PATIENT_ROOT_MOVE, SCU__MODEL_PATIENT_ROOT, false},
    {SCU__UID_PATIENT_ROOT_GET, SCU__MODEL_PATIENT_ROOT, false},
    {SCU__UID_STUDY_ROOT_FIND, SCU__MODEL_STUDY_ROOT, true},
    {SCU__UID_STUDY_ROOT_MOVE, SCU__MODEL_STUDY_ROOT, false},
    {SCU__UID_STUDY_ROOT_GET, SCU__MODEL_STUDY_ROOT, false},
    {SCU__UID_PATIENT_STUDY_ONLY_FIND, SCU__MODEL_PATIENT_STUDY_ONLY, true},
    {SCU__UID_PATIENT_STUDY_ONLY_MOVE, SCU__MODEL_PATIENT_STUDY_ONLY, false},
    {SCU__UID_PATIENT_STUDY_ONLY_GET, SCU__MODEL_PATIENT_STUDY_ONLY, false},
    {SCU__UID_MODALITY_WORKLIST_FIND, SCU__MODEL_WORKLIST, true},
};

static const query_class *find_query_class(const char *uid) {
  for (size_t i = 0; i < sizeof query_classes / sizeof *query_classes; i++)
    if (strcmp(query_classes[i].uid, uid) == 0) return &query_classes[i];
  return NULL;
}

bool scu__archive_has_query_class(const char *abstract_syntax) {
  return find_query_class(abstract_syntax) != NULL;
}

static const char *const other_classes[] = {SCU__UID_VERIFICATION, SCU__UID_STORAGE_COMMITMENT, SCU__UID_MPPS,
                                            SCU__UID_MPPS_RETRIEVE};

static bool is_other_class(const char *uid) {
  for (size_t i = 0; i < sizeof other_classes / sizeof *other_classes; i++)
    if (strcmp(other_classes[i], uid) == 0) return true;
  return false;
}

static bool is_abstract_syntax_supported(void *user, const scu__uid *abstract_syntax) {
  (void)user;
  return is_other_class(abstract_syntax->text) || find_query_class(abstract_syntax->text) ||
         scu__sop_class_may_be_storage(abstract_syntax->text);
}

static bool is_transfer_syntax_supported(void *user, const scu__uid *abstract_syntax, const scu__uid *transfer_syntax) {
  (void)user;
  if (scu__sop_class_may_be_storage(abstract_syntax->text)) return true;
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(transfer_syntax->text);
  return syntax && scu__transfer_syntax_is_native(syntax) && !syntax->is_deflated;
}

static bool is_calling_ae_accepted(void *user, const scu__ae *calling) {
  const scu_archive *archive = user;
  if (archive->config->accept_from_count == 0) return true;
  for (size_t i = 0; i < archive->config->accept_from_count; i++)
    if (strcmp(archive->config->accept_from[i].text, calling->text) == 0) return true;
  return false;
}

/* A requester that wants to receive over C-GET proposes itself as SCP of storage classes: both roles are fine. */
static void accept_roles(void *user, const scu__uid *uid, bool *scu, bool *scp) {
  (void)user, (void)scu;
  if (!scu__sop_class_may_be_storage(uid->text)) *scp = false;
}

/* Everything asked for but the conversion of enhanced multi-frame views (byte 5 of FIND, byte 2 of MOVE and GET) and
 * timezone adjustment of the worklist. */
static size_t answer_extended(void *user, const scu__extended *proposed, uint8_t answer[SCU__EXTENDED_ANSWER_MAX]) {
  (void)user;
  const query_class *found = find_query_class(proposed->uid.text);
  if (!found) return 0;
  size_t known = found->model == SCU__MODEL_WORKLIST ? 4 : found->is_find ? 7 : 2;
  size_t length = proposed->bytes.length < known ? proposed->bytes.length : known;
  memcpy(answer, proposed->bytes.data, length);
  if (found->model == SCU__MODEL_WORKLIST && length > 3) answer[3] = 0; /* start times stay in the archive's zone */
  size_t view = found->is_find ? 4 : 1;
  if (found->model != SCU__MODEL_WORKLIST && length > view) answer[view] = 0;
  return length;
}

scu__index_query scu__archive_query(const scu__visitor *visitor, const char *abstract_syntax) {
  const scu__negotiated *negotiated = scu__link_negotiated(scu__visitor_link(visitor));
  const query_class *found = find_query_class(abstract_syntax);
  bool is_worklist = found->model == SCU__MODEL_WORKLIST;
  uint8_t bytes[7];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = scu__negotiated_extended_byte(negotiated, abstract_syntax, i);
  return (scu__index_query){
      .model = found->model,
      .relational = !is_worklist && bytes[0] == 1,
      .combined_date_time = found->is_find && !is_worklist && bytes[1] == 1,
      .fuzzy_names = found->is_find && bytes[2] == 1,
      .timezone = bytes[3] == 1,
      .empty_value = bytes[5] == 1,
      .multiple_value = bytes[6] == 1,
  };
}

static bool is_identity_accepted(void *user, const scu__user_identity *identity) {
  return scu__archive_users_know(((const scu_archive *)user)->users, identity);
}

static void make_policy(scu_archive *archive) {
  archive->policy = (scu__acceptor_policy){
      .our_ae = archive->config->calling_ae.text,
      .check_called_ae = archive->config->check_called_ae,
      .is_calling_ae_accepted = is_calling_ae_accepted,
      .is_abstract_syntax_supported = is_abstract_syntax_supported,
      .is_transfer_syntax_supported = is_transfer_syntax_supported,
      .accept_roles = accept_roles,
      .answer_extended = answer_extended,
      .max_pdu_length = archive->config->max_pdu,
      .window_limit = SCU__WINDOW_MAX,
      .implementation_class_uid = archive->config->implementation_uid.text,
      .implementation_version_name = archive->config->implementation_version,
      .user = archive,
  };
}

/* --- visitors ----------------------------------------------------------------------------------------------------- */

static void instance_done(void *owner, const scu_instance_outcome *outcome) {
  const scu_archive *archive = ((scu__visitor *)owner)->archive;
  if (archive->hooks.instance) archive->hooks.instance(archive->hooks.user, outcome);
}

static bool guest_arrived(void *owner, scu__guest *guest) {
  scu_archive *archive = owner;
  scu__visitor *visitor = scu__alloc(archive->allocator, sizeof *visitor);
  if (!visitor) return false;
  visitor->archive = archive;
  visitor->guest = guest;
  visitor->receiver =
      (scu__receiver){.loop = archive->loop,
                      .link = guest->link,
                      .sink = archive->fault ? &archive->faulty_sink.sink : scu__ingest_sink(archive->ingest),
                      .done = instance_done,
                      .owner = visitor};
  guest->state = visitor;
  scu__fault_strike(scu__fault_reach(archive->fault, SCU__FAULT_CONNECT), guest->link);
  return true;
}

static const scu__acceptor_policy *guest_policy(void *owner, scu__guest *guest, const scu__associate *rq,
                                                scu__reject *reject) {
  scu_archive *archive = owner;
  (void)rq;
  return scu__fault_policy(&archive->faulty, archive->fault, &archive->policy, guest->link, reject);
}

static void guest_opened(void *owner, scu__guest *guest) {
  scu__fault_strike(scu__fault_reach(((scu_archive *)owner)->fault, SCU__FAULT_ASSOCIATED), guest->link);
}

static void guest_releasing(void *owner, scu__guest *guest) {
  scu__fault_strike(scu__fault_reach(((scu_archive *)owner)->fault, SCU__FAULT_RELEASE), guest->link);
}

static bool guest_admits(void *owner, scu__guest *guest, const scu__command *command, uint16_t *status) {
  scu_archive *archive = owner;
  scu__visitor *visitor = guest->state;
  return !archive->fault || scu__fault_admits(archive->fault, guest->link, command, &visitor->hits, status);
}

/* N-services, by class: the operation alone does not say whose it is. */
static scu__exchange *n_request(scu__visitor *visitor, const scu__accepted_context *context,
                                const scu__command *command, scu__exchange_event *event, uint16_t *status) {
  bool is_commitment = strcmp(context->abstract_syntax.text, SCU__UID_STORAGE_COMMITMENT) == 0;
  bool is_step = strcmp(context->abstract_syntax.text, SCU__UID_MPPS) == 0;
  bool is_step_retrieve = strcmp(context->abstract_syntax.text, SCU__UID_MPPS_RETRIEVE) == 0;
  *status = SCU__STATUS_UNRECOGNISED_OPERATION;
  switch (command->field) {
  case SCU__N_ACTION_RQ: return is_commitment ? scu__commit_service(visitor, context, command, event, status) : NULL;
  case SCU__N_CREATE_RQ:
  case SCU__N_SET_RQ: return is_step ? scu__mpps_service(visitor, context, command, event, status) : NULL;
  default: return is_step || is_step_retrieve ? scu__mpps_service(visitor, context, command, event, status) : NULL;
  }
}

static scu__exchange *guest_request(void *owner, scu__guest *guest, uint8_t context_id, const scu__command *command,
                                    scu__exchange_event *event, uint16_t *status) {
  (void)owner;
  scu__visitor *visitor = guest->state;
  const scu__accepted_context *context = scu__negotiated_context(scu__link_negotiated(guest->link), context_id);
  switch (command->field) {
  case SCU__C_STORE_RQ: return scu__receiver_take(&visitor->receiver, context_id, command, event, status);
  case SCU__C_FIND_RQ: return scu__find_service(visitor, context, command, event, status);
  case SCU__C_MOVE_RQ:
  case SCU__C_GET_RQ: return scu__retrieve_service(visitor, context, command, event, status);
  case SCU__N_ACTION_RQ:
  case SCU__N_CREATE_RQ:
  case SCU__N_SET_RQ:
  case SCU__N_GET_RQ: return n_request(visitor, context, command, event, status);
  default: return NULL;
  }
}

static void guest_drained(void *owner, scu__guest *guest) {
  (void)owner;
  scu__visitor *visitor = guest->state;
  for (scu__service *service = visitor->services; service;) {
    scu__service *next = service->next;
    if (service->advance && service->exchange) service->advance(service);
    service = next;
  }
}

static bool guest_is_busy(void *owner, const scu__guest *guest) {
  (void)owner;
  const scu__visitor *visitor = guest->state;
  return visitor->services || scu__receiver_is_busy(&visitor->receiver);
}

static void guest_left(void *owner, scu__guest *guest, const scu_error *error) {
  scu_archive *archive = owner;
  (void)error;
  scu__visitor *visitor = guest->state;
  while (visitor->services) scu__service_over(visitor->services);
  scu__receiver_end(&visitor->receiver, "the association ended before the instance was complete");
  scu__free(archive->allocator, visitor);
}

static const scu__server_handler server_handler = {
    .arrived = guest_arrived,
    .policy = guest_policy,
    .opened = guest_opened,
    .admits = guest_admits,
    .request = guest_request,
    .drained = guest_drained,
    .releasing = guest_releasing,
    .is_busy = guest_is_busy,
    .left = guest_left,
};

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void log_line(void *user, scu__trace_level level, uint32_t association, const char *text) {
  scu_archive *archive = user;
  scu__loop_hold(archive->loop);
  if (archive->hooks.log) archive->hooks.log(archive->hooks.user, (int)level, association, text);
  scu__loop_let_go(archive->loop);
}

static void check_requests(scu__tick *self) {
  scu_archive *archive = (scu_archive *)((char *)self - offsetof(scu_archive, tick));
  int requests = atomic_load(&archive->stop_requests);
  if (requests == 0 || !archive->server) return;
  uint64_t now = scu__loop_now(archive->loop);
  if (!archive->is_stopping) {
    archive->is_stopping = true;
    scu__server_stop(archive->server, now + STOP_WAIT_MS);
  }
  if (requests > 1) scu__server_stop(archive->server, now);
  scu__server_check_stop(archive->server);
}

static char *join(const scu_archive *archive, const char *folder, const char *name) {
  size_t room = strlen(folder) + strlen(name) + 2;
  char *path = scu__alloc(archive->allocator, room);
  if (path) snprintf(path, room, "%s/%s", folder, name);
  return path;
}

static scu_result open_store(scu_archive *archive, const scu_archive_options *options) {
  if (scu__archive_folder_check(options->root, &archive->error) != SCU_OK) return SCU_ERROR_USAGE;
  archive->root = scu__strdup(archive->allocator, options->root);
  if (archive->root) archive->objects = join(archive, archive->root, "objects");
  if (!archive->objects) return scu__error_memory(&archive->error, SCU_PHASE_STORAGE);
  scu_disk_sink_options disk = {.size = sizeof disk,
                                .root = archive->objects,
                                .durability = options->durability,
                                .on_duplicate = options->on_duplicate,
                                .allocator = archive->allocator};
  scu_result result = scu_disk_sink_new(&disk, &archive->disk);
  if (result != SCU_OK) {
    if (archive->disk) scu__error_copy(&archive->error, scu_disk_sink_error(archive->disk));
    return result;
  }
  result = scu__archive_open_rest(archive, options, &archive->error); /* first of all the lock */
  if (result != SCU_OK) return result;
  char *path = join(archive, archive->root, "index.sqlite");
  if (!path) return scu__error_memory(&archive->error, SCU_PHASE_STORAGE);
  scu__index_options index = {.retrieve_ae = archive->config->calling_ae.text};
  result = scu__index_open(path, archive->allocator, &index, &archive->index, &archive->error);
  scu__free(archive->allocator, path);
  if (result == SCU_OK) result = scu__archive_settle_index(archive, &archive->error);
  if (result != SCU_OK) return result;
  scu__ingest_options rules = {.answers_early = options->durability == SCU_DURABILITY_NONE,
                               .replaces = options->on_duplicate == SCU_DUPLICATE_REPLACE};
  result = scu__ingest_new(archive->loop, archive->disk, strlen(archive->objects) + 1, archive->index, &rules,
                           &archive->ingest);
  return result == SCU_OK && options->demo ? scu__archive_fill_demo(archive, &archive->error) : result;
}

static scu_result open_server(scu_archive *archive) {
  const scu__config *config = archive->config;
  scu__server_options options = {
      .address = config->listen_address,
      .port = config->listen_port,
      .max_pdu_length = config->max_pdu,
      .max_associations = config->listen_max_associations,
      .timeout_associate_ms = config->timeout_associate_ms,
      .timeout_idle_ms = config->timeout_idle_ms,
      .timeout_release_ms = config->timeout_release_ms,
      .trace = &archive->trace,
  };
  make_policy(archive);
  return scu__server_new(archive->loop, &options, &server_handler, archive, &archive->server, &archive->error);
}

static scu_result open_archive(scu_archive *archive, scu_loop *loop, const scu_options *options,
                               const scu_archive_options *own) {
  archive->config = scu__alloc(archive->allocator, sizeof *archive->config);
  if (!archive->config) return scu__error_memory(&archive->error, SCU_PHASE_USAGE);
  scu_result result = scu__options_resolve(options, archive->config, &archive->error);
  memcpy(archive->trace.taps, archive->config->taps, sizeof archive->trace.taps);
  archive->trace.scribe = archive->config->scribe;
  if (result == SCU_OK) result = scu__fault_parse(own->fault, archive->allocator, &archive->fault, &archive->error);
  if (result != SCU_OK) return result;
  const scu__fault_rule *tiny = scu__fault_standing(archive->fault, SCU__FAULT_PDU);
  if (tiny) archive->config->max_pdu = tiny->number;
  result =
      options ? scu_options_copy(options, &archive->options) : scu_options_new(archive->allocator, &archive->options);
  /* Who the archive's user is to one peer is no business of those that it sends to. */
  if (result == SCU_OK) {
    scu_options_reset(archive->options, SCU_OPTION_IDENTITY_USER);
    scu_options_reset(archive->options, SCU_OPTION_IDENTITY_PASSCODE);
    scu_options_reset(archive->options, SCU_OPTION_IDENTITY_TOKEN);
  }
  if (result == SCU_OK && !loop) {
    result = scu_loop_new(archive->allocator, &loop);
    archive->owns_loop = result == SCU_OK;
  }
  if (result != SCU_OK) return scu__error_set(&archive->error, result, SCU_PHASE_LISTEN, "no event loop");
  archive->loop = loop;
  archive->tick.check = check_requests;
  scu__tick_add(loop, &archive->tick);
  result = open_store(archive, own);
  if (result == SCU_OK && archive->fault)
    scu__fault_sink_init(&archive->faulty_sink, archive->fault, scu__ingest_sink(archive->ingest), loop);
  if (result == SCU_OK) result = open_server(archive);
  return result;
}

scu_result scu_archive_new(scu_loop *loop, scu_archive **out, const scu_options *options,
                           const scu_archive_options *own) {
  *out = NULL;
  const scu_allocator *allocator = loop ? scu__loop_allocator(loop) : scu__options_allocator(options);
  scu_archive *archive = scu__alloc(allocator, sizeof *archive);
  if (!archive) return SCU_ERROR_MEMORY;
  archive->allocator = allocator;
  archive->trace = (scu__trace){.level = SCU__LEVEL_DEBUG, .line = log_line, .user = archive};
  scu__error_clear(&archive->error);
  *out = archive;
  scu_result result = SCU_ERROR_USAGE;
  scu_archive_options known = {.root = NULL};
  scu__versioned_copy(&known, sizeof known, own, SCU__SIZE_THROUGH(scu_archive_options, fault));
  if (known.root && scu_archive_set_hooks(archive, known.hooks) == SCU_OK)
    result = open_archive(archive, loop, options, &known);
  else
    scu__error_set(&archive->error, result, SCU_PHASE_USAGE, "archive options or hooks without size, or no root");
  if (result != SCU_OK) scu__error_set(&archive->error, result, SCU_PHASE_LISTEN, "the archive could not be opened");
  return result;
}

void scu_archive_free(scu_archive *archive) {
  if (!archive) return;
  scu__server_free(archive->server);
  archive->server = NULL; /* the loop may be stepped below, and the tick looks */
  while (archive->strays && archive->strays->services) scu__service_over(archive->strays->services);
  scu__free(archive->allocator, archive->strays);
  scu__archive_close_rest(archive);
  scu__ingest_free(archive->ingest);
  scu__index_close(archive->index);
  scu_disk_sink_free(archive->disk);
  if (archive->loop) scu__tick_remove(archive->loop, &archive->tick);
  if (archive->owns_loop) scu_loop_free(archive->loop);
  while (archive->peers) {
    scu__archive_peer *next = archive->peers->next;
    scu__free(archive->allocator, archive->peers->text);
    scu__free(archive->allocator, archive->peers);
    archive->peers = next;
  }
  scu__archive_users_free(archive->users, archive->allocator);
  scu__fault_free(archive->fault);
  scu_options_free(archive->options);
  scu__free(archive->allocator, archive->config);
  scu__free(archive->allocator, archive->root);
  scu__free(archive->allocator, archive->objects);
  scu__free(archive->allocator, archive);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

const scu_error *scu_archive_error(const scu_archive *archive) {
  return archive ? &archive->error : NULL;
}

scu_result scu_archive_set_hooks(scu_archive *archive, const scu_hooks *hooks) {
  if (!hooks) {
    memset(&archive->hooks, 0, sizeof archive->hooks);
    return SCU_OK;
  }
  return scu__versioned_copy(&archive->hooks, sizeof archive->hooks, hooks, SCU__SIZE_THROUGH(scu_hooks, user));
}

scu_result scu_archive_add_peer(scu_archive *archive, const char *ae, const char *peer) {
  scu__error_clear(&archive->error);
  scu__peer parsed;
  scu_result result = scu__peer_parse(peer, &parsed, &archive->error);
  if (result != SCU_OK) return result;
  scu__archive_peer *added = scu__alloc(archive->allocator, sizeof *added);
  if (!added) return scu__error_memory(&archive->error, SCU_PHASE_USAGE);
  added->text = scu__strdup(archive->allocator, peer);
  if (!added->text || !scu__ae_from_text(&added->ae, ae)) {
    result = added->text ? SCU_ERROR_USAGE : SCU_ERROR_MEMORY;
    scu__free(archive->allocator, added->text);
    scu__free(archive->allocator, added);
    return scu__error_set(&archive->error, result, SCU_PHASE_USAGE, "the name of the peer is not an AE title");
  }
  added->next = archive->peers;
  archive->peers = added;
  if (archive->commitments) scu__commitments_peer_added(archive->commitments);
  return SCU_OK;
}

scu_result scu_archive_accept_user(scu_archive *archive, const char *name, const void *passcode, size_t length) {
  scu__error_clear(&archive->error);
  if (!name || !*name || (passcode && length == 0))
    return scu__error_set(&archive->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "a user without name, or with an empty "
                          "passcode");
  scu_result result = scu__archive_users_add(&archive->users, archive->allocator, name, passcode, length);
  if (result != SCU_OK) return scu__error_memory(&archive->error, SCU_PHASE_USAGE);
  archive->policy.is_identity_accepted = is_identity_accepted;
  archive->policy.is_identity_needed = true;
  archive->trace.is_identity_checked = true;
  return SCU_OK;
}

const char *scu_archive_address(const scu_archive *archive) {
  return archive->server ? scu__server_address(archive->server) : "";
}
int scu_archive_port(const scu_archive *archive) {
  return archive->server ? scu__server_port(archive->server) : 0;
}
const char *scu_archive_ae(const scu_archive *archive) {
  return archive->config->calling_ae.text;
}

scu_result scu_archive_run(scu_archive *archive) {
  while (!scu__server_is_stopped(archive->server)) {
    scu_result result = scu_loop_wait(archive->loop, archive->is_stopping ? STOP_STEP_MS : -1);
    if (result != SCU_OK) return scu__error_set(&archive->error, result, SCU_PHASE_LISTEN, "the event loop failed");
  }
  return SCU_OK;
}

void scu_archive_stop(scu_archive *archive) {
  atomic_fetch_add(&archive->stop_requests, 1);
  scu_loop_wake(archive->loop);
}
