/* --fault: whatever the text, it is refused with a reason, or it is rules that hold at some time and at one step; and
 * the rules of a list are those of its parts. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/fault.h"

enum { TIMES = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static scu__fault *parse(const char *text) {
  scu__fault *fault = NULL;
  scu_error error;
  scu__error_clear(&error);
  scu_result result = scu__fault_parse(text, NULL, &fault, &error);
  require(result == SCU_OK || (result == SCU_ERROR_USAGE && !fault && *scu_error_reason(&error)));
  return fault;
}

static void check_rule(const scu__fault_rule *rule) {
  require(rule->step < SCU__FAULT_STEPS && rule->kind < SCU__FAULT_KINDS);
  require(rule->first >= 1 && rule->last >= rule->first && rule->every >= 1);
  require(memchr(rule->text, 0, sizeof rule->text) != NULL);
}

/* Each part by itself is the rule that it is in the list. */
static void check_parts(const scu__fault *fault, const char *text) {
  for (uint32_t i = 0; i < fault->count; i++) {
    size_t length = strcspn(text, ",");
    char part[512];
    require(length < sizeof part);
    memcpy(part, text, length);
    part[length] = 0;
    scu__fault *alone = parse(part);
    require(alone && alone->count == 1);
    require(memcmp(&alone->rules[0], &fault->rules[i], sizeof alone->rules[0]) == 0);
    scu__fault_free(alone);
    text += length + (text[length] == ',');
  }
  require(!*text);
}

static void check_times(scu__fault *fault) {
  for (int time = 0; time < TIMES; time++) {
    for (int step = 0; step < SCU__FAULT_STEPS; step++) {
      scu__fault_hits hits = scu__fault_reach(fault, (scu__fault_step)step);
      unsigned found = 0, hit = 0;
      for (int kind = 0; kind < SCU__FAULT_KINDS; kind++)
        for (unsigned i = 0; scu__fault_find(hits, (scu__fault_kind)kind, i); i++) found++;
      for (uint32_t i = 0; i < fault->count; i++) {
        if ((hits.rules >> i & 1) == 0) continue;
        require(fault->rules[i].times >= fault->rules[i].first && fault->rules[i].times <= fault->rules[i].last);
        hit++;
      }
      require(found == hit);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  char text[512];
  if (length >= sizeof text) return 0;
  if (length > 0) memcpy(text, bytes, length);
  text[length] = 0;
  scu__fault *fault = parse(text);
  if (!fault) return 0;
  require(fault->count >= 1 && fault->count <= SCU__FAULT_RULES_MAX);
  for (uint32_t i = 0; i < fault->count; i++) check_rule(&fault->rules[i]);
  check_parts(fault, text);
  check_times(fault);
  scu__fault_free(fault);
  return 0;
}
