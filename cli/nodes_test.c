/* scu nodes test: a C-ECHO to every node, several at once on one loop. A line each, in the order of the file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "json_lines.h"
#include "nodes.h"
#include "nodes_file.h"
#include "safe_text.h"
#include "signals.h"

enum { AT_ONCE = 16, LOOK_MS = 100, REASON_MAX = 512 };

typedef enum probe_state { PROBE_WAITING, PROBE_RUNNING, PROBE_DONE } probe_state;

typedef struct probe {
  const scu_node *node;
  probe_state state;
  scu_session *session;
  scu_op *op;
  scu_result result;
  scu_phase phase;
  uint16_t status;     /* 0xFFFF = no answer */
  uint64_t elapsed_ms; /* from the request to its answer */
  char reason[REASON_MAX], hint[REASON_MAX];
} probe;

typedef struct probes {
  cli *context;
  scu_loop *loop;
  scu_hooks hooks;
  probe *list;
  size_t count, next, running, told;
  size_t name_width, peer_width;
} probes;

/* --- one node ----------------------------------------------------------------------------------------------------- */

static void fail(probe *p, const scu_error *error) {
  p->result = scu_error_result(error);
  p->phase = scu_error_phase(error);
  snprintf(p->reason, sizeof p->reason, "%s", scu_error_reason(error));
  snprintf(p->hint, sizeof p->hint, "%s", scu_error_hint(error));
}

static void out_of_memory(probe *p) {
  p->result = SCU_ERROR_MEMORY;
  snprintf(p->reason, sizeof p->reason, "out of memory");
}

static void finish(probes *all, probe *p) {
  scu_op_free(p->op);
  scu_session_free(p->session);
  p->op = NULL;
  p->session = NULL;
  p->state = PROBE_DONE;
  all->running--;
}

static void start(probes *all, probe *p) {
  p->state = PROBE_RUNNING;
  p->status = 0xFFFF;
  all->running++;
  scu_result result = scu_session_new_on(all->loop, &p->session, all->context->options, scu_node_name(p->node));
  if (result == SCU_OK) result = scu_session_set_hooks(p->session, &all->hooks);
  if (result == SCU_OK) p->op = scu_echo_start(p->session);
  if (p->op) return;
  if (result != SCU_OK && p->session)
    fail(p, scu_session_error(p->session));
  else
    out_of_memory(p);
  finish(all, p);
}

static void take_answer(probe *p) {
  scu_response *response = NULL;
  p->result = scu_echo_take(p->op, &response);
  if (p->result == SCU_OK) {
    p->status = scu_response_status(response);
    p->elapsed_ms = scu_response_elapsed_ms(response);
    if (p->status != 0) p->result = SCU_ERROR_REFUSED;
  } else if (p->result == SCU_ERROR_MEMORY) {
    out_of_memory(p);
  } else {
    fail(p, scu_op_error(p->op));
  }
  if (p->result == SCU_ERROR_REFUSED && p->status != 0xFFFF) {
    char status[STATUS_TEXT_MAX];
    format_status(C_ECHO, p->status, status);
    p->phase = SCU_PHASE_RESPONSE;
    snprintf(p->reason, sizeof p->reason, "the peer answered with status %s", status);
  }
  scu_response_free(response);
}

/* --- what is said of it ------------------------------------------------------------------------------------------- */

static void print_json(const probe *p) {
  char code[24] = "", peer[320];
  scu_node_peer(p->node, peer, sizeof peer);
  if (p->result != SCU_OK) error_code(p->result, code);
  json_open(stdout, "node");
  json_text(stdout, "name", scu_node_name(p->node));
  json_text(stdout, "peer", peer);
  json_text(stdout, "outcome", p->state != PROBE_DONE ? "skipped" : p->result == SCU_OK ? "ok" : "failed");
  json_status(stdout, "status", p->state == PROBE_DONE ? p->status : 0xFFFF);
  json_seconds(stdout, "seconds", p->elapsed_ms);
  json_text(stdout, "code", code);
  json_text(stdout, "phase", p->result != SCU_OK ? scu_phase_name(p->phase) : "");
  json_text(stdout, "reason", p->reason);
  json_text(stdout, "hint", p->hint);
  json_close(stdout);
}

static void print_line(const probes *all, const probe *p) {
  char elapsed[32], peer[320];
  bool names_phase = p->phase != SCU_PHASE_NONE && p->phase != SCU_PHASE_USAGE;
  format_seconds(p->elapsed_ms, elapsed);
  scu_node_peer(p->node, peer, sizeof peer);
  put_safe_column(stdout, scu_node_name(p->node), all->name_width);
  fputs("  ", stdout);
  put_safe_column(stdout, peer, all->peer_width);
  if (p->state != PROBE_DONE)
    fputs("  not asked", stdout);
  else if (p->result == SCU_OK)
    printf("  ok (%s)", elapsed);
  else
    fputs("  failed: ", stdout);
  if (names_phase && p->result != SCU_OK) printf("%s: ", scu_phase_name(p->phase));
  put_safe(stdout, p->reason);
  putchar('\n');
  fflush(stdout);
}

/* Of several nodes some failed: partial. Of one it is what it died of. */
static void tell(probes *all, const probe *p) {
  cli *context = all->context;
  if (p->state != PROBE_DONE) {
    context->skipped++;
  } else if (p->result == SCU_OK) {
    context->ok++;
  } else {
    context->failed++;
    exit_add(&context->causes, exit_code_of_result(p->result, p->phase));
    if (all->count > 1) exit_add(&context->causes, EXIT_PARTIAL);
  }
  if (context->is_json)
    print_json(p);
  else if (!context->is_quiet || p->result != SCU_OK)
    print_line(all, p);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static void look(probes *all) {
  for (size_t i = all->told; i < all->next; i++) {
    probe *p = &all->list[i];
    if (p->state != PROBE_RUNNING || scu_op_state(p->op) == SCU_PENDING) continue;
    take_answer(p);
    finish(all, p);
  }
  while (all->told < all->next && all->list[all->told].state == PROBE_DONE) tell(all, &all->list[all->told++]);
}

static void stop(probes *all) {
  for (size_t i = 0; i < all->next; i++)
    if (all->list[i].state == PROBE_RUNNING) scu_abort(all->list[i].session);
}

static void run_probes(probes *all) {
  bool is_stopped = false;
  while (all->running > 0 || all->next < all->count) {
    bool is_over = signals_count() > 0 || output_is_broken(all->context);
    if (is_over && !is_stopped) stop(all);
    is_stopped = is_over;
    if (is_over && all->running == 0) break;
    while (!is_over && all->running < AT_ONCE && all->next < all->count) start(all, &all->list[all->next++]);
    if (all->running > 0 && scu_loop_wait(all->loop, LOOK_MS) < 0) break;
    look(all);
  }
  for (; all->told < all->count; all->told++) tell(all, &all->list[all->told]);
}

static void measure(probes *all) {
  for (size_t i = 0; i < all->count; i++) {
    char peer[320];
    scu_node_peer(all->list[i].node, peer, sizeof peer);
    size_t name = safe_width(scu_node_name(all->list[i].node)), address = safe_width(peer);
    if (name > all->name_width) all->name_width = name;
    if (address > all->peer_width) all->peer_width = address;
  }
}

/* False: reported. */
static bool choose(probes *all, const scu_nodes *nodes, node_words words) {
  all->count = words.count > 0 ? words.count : scu_nodes_count(nodes);
  all->list = calloc(all->count + 1, sizeof *all->list);
  if (!all->list) {
    report_fault(all->context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    return false;
  }
  for (size_t i = 0; i < all->count; i++) {
    all->list[i].node = words.count > 0 ? find_node(all->context, nodes, words.word[i]) : scu_nodes_at(nodes, i);
    if (!all->list[i].node) return false;
  }
  return true;
}

static void test(probes *all) {
  if (scu_loop_new(NULL, &all->loop) != SCU_OK) {
    report_fault(all->context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    return;
  }
  all->hooks = cli_hooks(all->context);
  json_begin(all->context, NULL);
  measure(all);
  signals_hold(1);
  run_probes(all);
  for (size_t i = 0; i < all->next; i++)
    if (all->list[i].state == PROBE_RUNNING) finish(all, &all->list[i]);
  scu_loop_free(all->loop);
  signals_hold(0);
}

void nodes_test(cli *context, node_words words) {
  probes all = {.context = context};
  nodes_place place;
  if (!nodes_file_need(context, &place)) return;
  scu_nodes *nodes = nodes_file_read(context, place.path, !place.is_named);
  /* Sessions read the file by themselves, and we have our title from it. */
  if (nodes && nodes_file_apply(context)) {
    apply_host_name(context);
    if (choose(&all, nodes, words)) {
      if (all.count == 0) say(context, "there are no nodes; scu nodes add NAME AET@host:port makes one");
      test(&all);
    }
  }
  free(all.list);
  scu_nodes_free(nodes);
}
