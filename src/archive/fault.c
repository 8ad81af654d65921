/* Rules and their counters. */
#include "archive/fault.h"

static bool is_due(const scu__fault_rule *rule) {
  return rule->times >= rule->first && rule->times <= rule->last && rule->times % rule->every == 0;
}

/* The steps of the services follow those for all of them. */
static bool is_at(const scu__fault_rule *rule, scu__fault_step step) {
  if (step > SCU__FAULT_REQUEST && step <= SCU__FAULT_MPPS && rule->step == SCU__FAULT_REQUEST) return true;
  if (step > SCU__FAULT_FINAL && step <= SCU__FAULT_GET_FINAL && rule->step == SCU__FAULT_FINAL) return true;
  return rule->step == step;
}

scu__fault_hits scu__fault_reach(scu__fault *fault, scu__fault_step step) {
  scu__fault_hits hits = {.fault = fault, .step = step};
  if (!fault) return hits;
  for (uint32_t i = 0; i < fault->count; i++) {
    scu__fault_rule *rule = &fault->rules[i];
    if (!is_at(rule, step)) continue;
    if (rule->times < UINT32_MAX) rule->times++;
    if (is_due(rule)) hits.rules |= UINT32_C(1) << i;
  }
  return hits;
}

const scu__fault_rule *scu__fault_find(scu__fault_hits hits, scu__fault_kind kind, unsigned index) {
  for (uint32_t i = 0; i < SCU__FAULT_RULES_MAX && hits.rules >> i != 0; i++) {
    const scu__fault_rule *rule = &hits.fault->rules[i];
    if ((hits.rules >> i & 1) == 0 || rule->kind != kind) continue;
    if (index-- == 0) return rule;
  }
  return NULL;
}

const scu__fault_rule *scu__fault_standing(const scu__fault *fault, scu__fault_kind kind) {
  for (uint32_t i = 0; fault && i < fault->count; i++)
    if (fault->rules[i].kind == kind) return &fault->rules[i];
  return NULL;
}

void scu__fault_free(scu__fault *fault) {
  if (fault) scu__free(fault->allocator, fault);
}
