/* What comes of a retrieve, over the association of a C-GET or by our listener: counted against the promise. */
#include <string.h>

#include "client/retrieve_private.h"
#include "dimse/status.h"

enum {
  SENDERS_MAX = SCU__ROUTES_MAX + SCU__ACCEPT_FROM_MAX,
  SURPLUS_MAX = 1000 /* instances of one request that nobody asked for, or as many as were promised */
};

/* C001: see SCU_DUPLICATE_KEEP. */
static scu__fate fate_of(uint16_t status) {
  if (status == 0xFFFF) return SCU__FATE_LOST;
  return status == SCU__STATUS_CONFLICT ? SCU__FATE_CONFLICT : SCU__FATE_REFUSED;
}

static void count_instance(scu__retrieve *op, const scu_instance_outcome *outcome) {
  bool is_stored = outcome->outcome != SCU_OUTCOME_FAILED;
  const char *uid = outcome->sop_instance_uid;
  if (!is_stored && !op->has_promise && fate_of(outcome->status) == SCU__FATE_CONFLICT) op->inventory.conflicts++;
  if (!is_stored) scu__inventory_failed(&op->inventory, uid, fate_of(outcome->status), outcome->status);
  scu__arrival arrival = is_stored ? scu__inventory_received(&op->inventory, uid) : SCU__ARRIVAL_NEW;
  if (arrival != SCU__ARRIVAL_AGAIN) op->counts[outcome->outcome]++; /* what comes twice is one instance */
  if (is_stored) op->bytes += outcome->bytes;
  if (arrival != SCU__ARRIVAL_NEW || !is_stored) op->surplus++;
  if (!is_stored && !scu__inventory_has(&op->inventory, uid)) op->explained++;
  if (!op->has_promise || arrival != SCU__ARRIVAL_NOT_PROMISED) return;
  op->extra++;
  scu__op_warn(&op->op, "%s came although it was not asked for; it is kept", uid);
}

bool scu__retrieve_is_flooded(const scu__retrieve *op) {
  size_t most = op->inventory.count > SURPLUS_MAX ? op->inventory.count : SURPLUS_MAX;
  return op->has_promise && op->surplus > most;
}

static void instance_done(void *owner, const scu_instance_outcome *outcome) {
  scu__retrieve *op = owner;
  count_instance(op, outcome);
  op->progress.instances_done++;
  op->progress.bytes_done = op->bytes;
  scu__op_tell_instance(&op->op, outcome);
  scu__progress_tell(&op->progress, false);
  scu__request_touch(&op->request);
  /* Not from inside the listener, which the end of the grace frees. */
  if (op->is_in_grace || op->is_settling || scu__retrieve_is_flooded(op)) scu__retrieve_go_on(op);
}

/* Of what was not promised by name only the sink knows the study. */
static void note_study(scu__retrieve *op, const scu_received *received) {
  if (scu__store_outcome(received->status) == SCU_OUTCOME_FAILED) return;
  bool is_misplaced =
      scu__inventory_is_misplaced(&op->inventory, received->sop_instance_uid, received->study_instance_uid);
  if (!is_misplaced && scu__inventory_has(&op->inventory, received->sop_instance_uid)) return;
  if (op->has_promise && !is_misplaced) scu__retrieve_doubt_for_extra(op, received);
  if (!received->study_instance_uid[0]) return;
  scu__inventory_study *study;
  if (scu__inventory_study_of(&op->inventory, received->study_instance_uid, &study) != SCU_OK) return;
  if (op->has_promise)
    study->extra++;
  else
    study->unlisted++;
}

static void judge(void *owner, scu__judged when, scu_received *received) {
  scu__retrieve *op = owner;
  if (op->op.is_freed) return;
  scu__op_go_out(&op->op);
  scu__hooks_judge(&scu__retrieve_session(op)->hooks, when, received);
  scu__op_come_back(&op->op);
  if (when == SCU__JUDGED_SAFE) note_study(op, received);
  scu__request_touch(&op->request);
}

bool scu__retrieve_is_held(void *owner) {
  return ((const scu__retrieve *)owner)->op.outside > 0;
}

static void knocked(void *owner, const char *calling_ae, const char *peer) {
  scu__retrieve *op = owner;
  scu__op_warn(&op->op,
               "%s at %s wanted to send and was rejected: not the AE title this move waits for (%s); name it in "
               "accept-from if it is right",
               calling_ae, peer, op->at->peer.ae.text);
}

static void sender_left(void *owner) {
  scu__retrieve *op = owner;
  if (op->is_in_grace) scu__retrieve_go_on(op);
}

static const scu__listener_handler listener_handler = {
    .instance = instance_done, .knocked = knocked, .judge = judge, .left = sender_left};

bool scu__retrieve_is_alive(void *owner) {
  scu__retrieve *op = owner;
  uint64_t life = op->receiver.life + (op->listener ? scu__listener_life(op->listener) : 0);
  bool is_moving = life != op->life || (op->listener && scu__listener_is_keeping(op->listener));
  op->life = life;
  return is_moving;
}

/* The peer that was asked, those whom its answers name, and whoever the options add (RULES 24). */
static size_t list_senders(const scu__retrieve *op, scu__ae senders[SENDERS_MAX]) {
  const scu__config *config = scu__retrieve_session(op)->config;
  size_t count = 0;
  for (size_t i = 0; i < op->routes.count; i++)
    if (op->routes.routes[i].is_known) senders[count++] = op->routes.routes[i].ae;
  memcpy(senders + count, config->accept_from, config->accept_from_count * sizeof *senders);
  return count + config->accept_from_count;
}

/* Of all that may be asked while it listens. */
static uint64_t longest_patience_ms(const scu__retrieve *op) {
  uint64_t longest_ms = 0;
  for (size_t route = 0; route < op->routes.count; route++) {
    scu_session *at;
    scu_error error;
    scu__error_clear(&error);
    if (!op->routes.routes[route].is_known || scu__routes_session(&op->routes, (uint16_t)route, &at, &error) != SCU_OK)
      continue;
    uint64_t patience_ms = scu__retrieve_patience_ms(at->config, op->has_nearline);
    if (patience_ms > longest_ms) longest_ms = patience_ms;
  }
  return longest_ms;
}

scu_result scu__retrieve_listen(scu__retrieve *op, scu_error *error) {
  const scu__config *config = scu__retrieve_session(op)->config;
  scu__ae accepted[SENDERS_MAX];
  size_t count = list_senders(op, accepted);
  scu__listener_options options = {
      .ae = config->calling_ae,
      .address = config->listen_address,
      .port = config->listen_port,
      .accept_from = accepted,
      .accept_from_count = count,
      .max_pdu_length = config->max_pdu,
      .max_associations = config->listen_max_associations,
      .timeout_associate_ms = config->timeout_associate_ms,
      .timeout_idle_ms = 2 * longest_patience_ms(op), /* not before the retrieval itself gives up */
      .timeout_release_ms = config->timeout_release_ms,
      .implementation_class_uid = config->implementation_uid.text,
      .implementation_version_name = config->implementation_version,
      .trace = &scu__retrieve_session(op)->trace,
      .observer = &scu__retrieve_session(op)->guest_messages.observer,
  };
  return scu__listener_new(scu__retrieve_session(op)->loop, &options, op->sink, &listener_handler, op, &op->listener,
                           error);
}

scu__receiver scu__retrieve_receiver(scu__retrieve *op) {
  return (scu__receiver){
      .loop = scu__retrieve_session(op)->loop, .sink = op->sink, .done = instance_done, .owner = op, .judge = judge};
}

bool scu__retrieve_is_everything_here(const scu__retrieve *op) {
  if (op->has_promise) return op->inventory.wanted == 0;
  uint64_t here = op->counts[SCU_OUTCOME_OK] + op->counts[SCU_OUTCOME_WARNING];
  return op->peer_completed + op->peer_warning > 0 && here >= op->peer_completed + op->peer_warning;
}
