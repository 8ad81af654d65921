/* Legs and rounds of a retrieve: whom to ask in which way, and again for what did not come, until all is here or
 * nothing more helps (RULES 19-22). */
#include <string.h>

#include "client/retrieve_private.h"

enum {
  ROUNDS_MAX = 48, /* of a leg: of asking again for what is missing, each with other contexts */
  WAYS_MAX = 2,
  PARTING_MS = 500
};

/* RULES 20: some archives take fewer. */
static size_t uids_per_request(const scu__retrieve *op) {
  return op->at->config->uids_per_request;
}

static void warn_of(scu__retrieve *op, const scu_error *error, const char *what_now) {
  scu__op_warn(&op->op, "%s to %s: %s%s", op->way == SCU__WAY_GET ? "C-GET" : "C-MOVE", op->at->peer.ae.text,
               error->reason, what_now);
}

/* --- legs --------------------------------------------------------------------------------------------------------- */

/* The ways in which a peer is asked, the most promising one first. */
static size_t list_ways(const scu__retrieve *op, scu__retrieve_way ways[WAYS_MAX]) {
  scu__retrieve_with with = op->at->config->retrieve_with;
  ways[0] = op->wish;
  if (op->wish != SCU__WAY_ANY) return 1;
  bool is_move_first = with == SCU__WITH_MOVE || (with == SCU__WITH_AUTO && op->at->prefers_move);
  ways[0] = is_move_first ? SCU__WAY_MOVE_TO_SELF : SCU__WAY_GET;
  ways[1] = is_move_first ? SCU__WAY_GET : SCU__WAY_MOVE_TO_SELF;
  return with == SCU__WITH_AUTO ? 2 : 1;
}

static scu_result prepare_leg(scu__retrieve *op, scu_error *error) {
  op->round = 0;
  op->next_target = 0;
  op->must_open = op->were_failures = op->are_options_told = op->is_proposed = false;
  op->received_before_leg = op->inventory.received;
  scu__retrieve_begin_count(op);
  scu__error_clear(&op->refusal);
  scu__get_classes_free(&op->classes);
  scu_result result = SCU_OK;
  if (op->ways > 1) result = scu__inventory_target(&op->inventory, uids_per_request(op));
  if (result == SCU_OK && op->way == SCU__WAY_GET) result = scu__get_classes_init(&op->classes, &op->inventory);
  if (result == SCU_OK && op->way == SCU__WAY_MOVE_TO_SELF && !op->listener) result = scu__retrieve_listen(op, error);
  if (result == SCU_OK) return SCU_OK;
  return scu__error_set(error, result, SCU_PHASE_REQUEST, "the transfer could not be prepared");
}

/* False: there is nothing (more) to ask this peer for, or no (other) way to do it. */
static bool begin_leg(scu__retrieve *op) {
  scu__retrieve_way ways[WAYS_MAX];
  scu_error error;
  scu__error_clear(&error);
  if (op->ways >= list_ways(op, ways)) return false;
  bool is_done = op->has_promise ? op->inventory.wanted == 0 : op->ways > 0 && !scu__retrieve_has_nothing(op);
  if (is_done || op->inventory.target_count == 0) return false;
  op->way = ways[op->ways++];
  if (prepare_leg(op, &error) == SCU_OK)
    scu__retrieve_go_on(op);
  else
    scu__retrieve_end_leg(op, &error);
  return true;
}

static scu_result choose_route(scu__retrieve *op, uint16_t route, scu_error *error) {
  op->ways = 0;
  op->has_get_failed = false;
  scu__inventory_select(&op->inventory, route);
  scu_result result = scu__inventory_target(&op->inventory, uids_per_request(op));
  if (result != SCU_OK) return scu__error_memory(error, SCU_PHASE_REQUEST);
  if (op->inventory.target_count == 0) return SCU_OK;
  return scu__routes_session(&op->routes, route, &op->at, error);
}

/* A fault is either the result, or a warning. */
static void tell_fault(scu__retrieve *op) {
  if (op->is_fault_untold) scu__op_warn(&op->op, "%s: %s", op->fault.peer, op->fault.reason);
  op->is_fault_untold = false;
}

static void keep_fault(scu__retrieve *op, const scu_error *error, const char *peer, bool is_told) {
  tell_fault(op);
  scu__error_clear(&op->fault);
  scu__error_copy(&op->fault, error);
  scu__error_peer(&op->fault, peer);
  op->is_fault_untold = !is_told;
}

static void finish_legs(scu__retrieve *op) {
  if (scu__retrieve_has_nothing(op) && scu__error_is_set(&op->fault)) {
    scu__retrieve_finish(op, op->fault.result, &op->fault);
    return;
  }
  tell_fault(op);
  if (op->wish == SCU__WAY_MOVE && !scu__error_is_set(&op->fault)) scu__retrieve_compare_sent(op);
  scu__retrieve_finish(op, SCU_OK, NULL);
}

/* An archive that says that another one has it may have it, too. */
static bool turn_to_peer(scu__retrieve *op, scu_error *error) {
  if (op->has_turned || !op->has_promise || op->op.is_cancelled) return false;
  op->has_turned = true;
  size_t turned = scu__inventory_turn_to_first(&op->inventory);
  if (turned == 0) return false;
  scu__op_warn(&op->op, "%zu instances did not come from whom they are said to be with: %s is asked for them", turned,
               op->routes.routes[0].ae.text);
  return choose_route(op, 0, error) == SCU_OK;
}

static void next_leg(scu__retrieve *op) {
  while (!begin_leg(op)) {
    scu_error error;
    scu__error_clear(&error);
    size_t route = (size_t)op->inventory.route + 1;
    while (route < op->routes.count && !op->routes.routes[route].is_known) route++;
    if (route >= op->routes.count && turn_to_peer(op, &error)) continue;
    if (route >= op->routes.count) {
      finish_legs(op);
      return;
    }
    if (choose_route(op, (uint16_t)route, &error) == SCU_OK) continue;
    keep_fault(op, &error, op->routes.routes[route].ae.text, false);
    op->inventory.target_count = 0;
  }
}

void scu__retrieve_transfer(scu__retrieve *op) {
  const scu__config *config = scu__retrieve_session(op)->config;
  scu_error error;
  scu__error_clear(&error);
  op->progress.instances_total = op->has_promise ? op->inventory.count : 0;
  op->is_forgiving = op->wish == SCU__WAY_ANY || op->routes.known > 0;
  scu__inventory_begin(&op->inventory, config->force_offline);
  if (op->inventory.held_back > 0)
    scu__op_warn(&op->op, "%zu of what matched cannot be had now (offline or unavailable) and is not asked for",
                 op->inventory.held_back);
  scu_result result = choose_route(op, 0, &error);
  if (result == SCU_OK)
    next_leg(op);
  else
    scu__retrieve_finish(op, result, &error);
}

/* Nobody else will do better: the caller's wish, or our own lack of something. */
static bool is_ours(const scu_error *error) {
  return error->result == SCU_ERROR_CANCELLED || error->result == SCU_ERROR_MEMORY ||
         error->result == SCU_ERROR_USAGE || (error->result == SCU_ERROR_ABORTED && error->source == 0xFF);
}

/* The peer cannot be reached, or wants no association with us at all: so it will be for any other way to ask it. */
static bool is_unreachable(const scu_error *error) {
  return error->phase == SCU_PHASE_RESOLVE || error->phase == SCU_PHASE_CONNECT || error->reject_result != 0xFF;
}

static void remember_way(scu__retrieve *op) {
  bool has_brought = op->inventory.received > op->received_before_leg;
  if (op->way == SCU__WAY_GET) op->has_get_failed = !has_brought;
  if (op->wish != SCU__WAY_ANY || !has_brought) return;
  if (op->way == SCU__WAY_GET)
    op->at->prefers_move = false;
  else if (op->has_get_failed)
    op->at->prefers_move = true;
}

/* True when the error was told. */
static bool say_end(scu__retrieve *op, const scu_error *error) {
  scu__retrieve_way ways[WAYS_MAX];
  bool has_other = op->ways < list_ways(op, ways);
  if (error && !has_other && scu__retrieve_has_nothing(op)) return false;
  const char *what_now = !has_other ? "" : op->way == SCU__WAY_GET ? "; trying C-MOVE" : "; trying C-GET";
  if (error)
    warn_of(op, error, what_now);
  else if (has_other && op->has_promise)
    scu__op_warn(&op->op, "C-%s did not bring everything, %zu are missing%s", op->way == SCU__WAY_GET ? "GET" : "MOVE",
                 op->inventory.wanted, what_now);
  return true;
}

void scu__retrieve_end_leg(scu__retrieve *op, const scu_error *error) {
  op->is_in_grace = false;
  scu__timer_stop(scu__retrieve_session(op)->loop, &op->grace);
  if (error && (!op->is_forgiving || is_ours(error))) {
    scu__retrieve_finish(op, error->result, error);
    return;
  }
  remember_way(op);
  if (scu__retrieve_is_everything_here(op)) {
    if (error) warn_of(op, error, "; but everything is here");
    next_leg(op);
    return;
  }
  if (!error && scu__error_is_set(&op->refusal)) error = &op->refusal;
  if ((error && is_unreachable(error)) || scu__inventory_is_refused_here(&op->inventory)) op->ways = WAYS_MAX;
  bool is_told = op->is_forgiving && say_end(op, error);
  if (error) keep_fault(op, error, op->at->peer_text, is_told || !op->is_forgiving);
  next_leg(op);
}

/* --- rounds ------------------------------------------------------------------------------------------------------- */

static scu_result offer_again(scu__retrieve *op) {
  scu__get_classes_free(&op->classes);
  return scu__get_classes_init(&op->classes, &op->inventory);
}

/* There is something left to ask for, and asking differs from before: other contexts, or fewer instances. */
static bool may_ask_again(scu__retrieve *op) {
  if (!op->has_promise || scu__retrieve_is_everything_here(op) || ++op->round >= ROUNDS_MAX) return false;
  op->must_open = true;
  bool were_failures = op->were_failures;
  op->were_failures = false;
  if (op->way == SCU__WAY_GET && scu__get_classes_go_on(&op->classes, were_failures) == SCU_OK) return true;
  bool has_progressed = op->inventory.received > op->received_before;
  if (!has_progressed || op->way != SCU__WAY_GET) return has_progressed;
  size_t offered = op->classes.count;
  if (offer_again(op) != SCU_OK) return false;
  op->must_open = op->classes.count != offered; /* fewer classes: more of their syntaxes stand alone */
  return true;
}

static bool begin_round(scu__retrieve *op) {
  if (scu__inventory_retarget(&op->inventory, uids_per_request(op)) != SCU_OK) return false;
  op->next_target = 0;
  op->is_proposed = false;
  scu__retrieve_begin_count(op);
  scu__retrieve_go_on(op);
  return true;
}

static void finish_cancelled(scu__retrieve *op) {
  scu_error error;
  scu__error_clear(&error);
  scu__error_set(&error, SCU_ERROR_CANCELLED, SCU_PHASE_RESPONSE, "cancelled by the caller");
  scu__retrieve_finish(op, SCU_ERROR_CANCELLED, &error);
}

void scu__retrieve_end_cancelled(scu__retrieve *op) {
  if (op->listener && scu__listener_is_busy(op->listener)) {
    op->were_failures = true;
    op->next_target = op->inventory.target_count;
    op->is_in_grace = true;
    op->grace_end_ms = scu__loop_now(scu__retrieve_session(op)->loop) + op->at->config->cancel_wait_ms;
    scu__retrieve_go_on(op);
    return;
  }
  finish_cancelled(op);
}

static void end_round(scu__retrieve *op) {
  op->is_in_grace = false;
  scu__timer_stop(scu__retrieve_session(op)->loop, &op->grace);
  if (op->op.is_cancelled) {
    finish_cancelled(op);
    return;
  }
  scu__retrieve_check_failures(op);
  bool is_first = op->round == 0;
  if (may_ask_again(op) && begin_round(op)) {
    if (is_first)
      scu__op_warn(&op->op, "%zu of %zu promised instances did not come; asking again for these", op->inventory.wanted,
                   op->inventory.count);
    return;
  }
  scu__retrieve_end_leg(op, NULL);
}

/* Not one of the classes that this round offered is taken: others may be. Where the service itself is refused, none
 * will. */
static bool is_refused_round(const scu__retrieve *op, const scu_error *error) {
  if (op->way != SCU__WAY_GET || !op->has_promise || error->result != SCU_ERROR_REJECTED ||
      error->reject_result != 0xFF)
    return false;
  const scu__negotiation_record *record = &op->at->record;
  for (size_t i = 0; i < record->count; i++)
    if (record->contexts[i].result != SCU__CONTEXT_ACCEPTED &&
        strcmp(record->contexts[i].abstract_syntax.text, scu__retrieve_service_class(op)) == 0)
      return false;
  return true;
}

/* The association ended in the middle, but something came over it: the rest may come over another one. */
static bool is_worth_another(const scu__retrieve *op, const scu_error *error) {
  return op->is_forgiving && !is_ours(error) && op->has_promise && op->inventory.wanted > 0 &&
         op->inventory.received > op->received_before;
}

void scu__retrieve_request_failed(scu__retrieve *op, const scu_error *error) {
  if (error->result == SCU_ERROR_CANCELLED) {
    scu__retrieve_end_cancelled(op);
  } else if (is_refused_round(op, error)) {
    if (!scu__error_is_set(&op->refusal)) scu__error_copy(&op->refusal, error);
    op->were_failures = true;
    op->next_target = op->inventory.target_count;
    scu__retrieve_go_on(op);
  } else if (is_worth_another(op, error) && (op->way != SCU__WAY_GET || offer_again(op) == SCU_OK) && begin_round(op)) {
    warn_of(op, error, "; asking again for the rest");
  } else {
    scu__retrieve_end_leg(op, error);
  }
}

static void end_flooded(scu__retrieve *op) {
  scu_error error;
  scu_result result = op->op.is_cancelled ? SCU_ERROR_CANCELLED : SCU_ERROR_LIMIT;
  scu__error_clear(&error);
  scu__error_set(&error, result, SCU_PHASE_RESPONSE,
                 "%zu instances came for one request that were not asked for, had come before or could not be kept "
                 "(%zu were promised): given up",
                 op->surplus, op->inventory.count);
  scu__request_stop(&op->request);
  scu__receiver_end(&op->receiver, "given up: the peer sends what nobody asked for");
  scu__retrieve_finish(op, result, &error);
}

/* The senders have no more to bring. A moment for their A-RELEASE: some take our A-ABORT for a failed transfer. */
static bool is_parting(scu__retrieve *op) {
  if (!op->listener || op->op.is_cancelled || scu__listener_association_count(op->listener) == 0) return false;
  uint64_t now = scu__loop_now(scu__retrieve_session(op)->loop);
  if (op->leave_end_ms == 0) op->leave_end_ms = now + PARTING_MS;
  if (now >= op->leave_end_ms) return false;
  scu__timer_set(scu__retrieve_session(op)->loop, &op->grace, op->leave_end_ms);
  return true;
}

static void check_grace(scu__retrieve *op) {
  bool has_to_wait = op->way == SCU__WAY_MOVE_TO_SELF && op->listener;
  bool is_enough = !has_to_wait || op->op.is_cancelled || scu__retrieve_is_everything_here(op);
  if (is_enough && !(op->listener && scu__listener_is_busy(op->listener))) {
    if (!is_parting(op)) end_round(op);
    return;
  }
  uint64_t now = scu__loop_now(scu__retrieve_session(op)->loop);
  if (scu__retrieve_is_alive(op) && !op->op.is_cancelled) op->grace_end_ms = now + op->at->config->move_grace_ms;
  if (now >= op->grace_end_ms)
    end_round(op);
  else
    scu__timer_set(scu__retrieve_session(op)->loop, &op->grace, op->grace_end_ms);
}

void scu__retrieve_grace_expired(scu__timer *timer, uint64_t now_ms) {
  (void)now_ms;
  scu__retrieve *op = (scu__retrieve *)((char *)timer - offsetof(scu__retrieve, grace));
  if (op->is_settling)
    scu__retrieve_end_request(op);
  else
    check_grace(op);
}

void scu__retrieve_advance(scu__task *task) {
  scu__retrieve *op = (scu__retrieve *)((char *)task - offsetof(scu__retrieve, task));
  if (op->op.is_done) return;
  if (scu__retrieve_is_flooded(op)) {
    end_flooded(op);
    return;
  }
  if (op->is_settling) {
    if (!scu__receiver_is_keeping(&op->receiver)) scu__retrieve_end_request(op);
    return;
  }
  if (op->is_in_grace) {
    check_grace(op);
    return;
  }
  if (op->next_target < op->inventory.target_count) {
    scu__retrieve_start_request(op);
    return;
  }
  op->is_in_grace = true;
  op->grace_end_ms = scu__loop_now(scu__retrieve_session(op)->loop) + op->at->config->move_grace_ms;
  check_grace(op);
}
