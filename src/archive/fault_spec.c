/* From the text of --fault to rules (docs/faults.md):
 *
 *   SPEC = RULE *("," RULE)    RULE = STEP ":" ACTION ["=" VALUE] ["@" WHEN]    WHEN = N | N "+" | "every=" N */
#include <string.h>

#include "archive/fault.h"
#include "base/values.h"
#include "data/path.h"

enum { NUMBER_MAX = 1000 * 1000 * 1000, PDU_MIN = 16, DIGITS_MAX = 10, STATUS_DIGITS = 4 };

typedef struct slice {
  const char *text;
  size_t length;
} slice;

typedef enum value_form {
  VALUE_NONE,
  VALUE_NUMBER,
  VALUE_STATUS,
  VALUE_CAP,    /* N or N/status */
  VALUE_REJECT, /* nothing, or result/source/reason */
  VALUE_REFUSE, /* what, or what/result */
  VALUE_WORD,   /* one of `words` */
  VALUE_LIST,   /* one of `words`, or a number */
  VALUE_AE,
  VALUE_KEY,
  VALUE_CHARSET
} value_form;

#define BIT(step) (UINT32_C(1) << (step))
enum {
  AT_REQUESTS = BIT(SCU__FAULT_ECHO) | BIT(SCU__FAULT_STORE) | BIT(SCU__FAULT_FIND) | BIT(SCU__FAULT_MOVE) |
                BIT(SCU__FAULT_GET) | BIT(SCU__FAULT_COMMIT) | BIT(SCU__FAULT_MPPS) | BIT(SCU__FAULT_REQUEST),
  AT_RETRIEVE = BIT(SCU__FAULT_MOVE) | BIT(SCU__FAULT_GET),
  AT_RETRIEVED = BIT(SCU__FAULT_MOVE_FINAL) | BIT(SCU__FAULT_GET_FINAL),
  AT_FINALS = BIT(SCU__FAULT_FINAL) | BIT(SCU__FAULT_FIND_FINAL) | AT_RETRIEVED,
  AT_LATER = BIT(SCU__FAULT_ASSOCIATE) | BIT(SCU__FAULT_ASSOCIATED) | BIT(SCU__FAULT_RELEASE) | AT_REQUESTS |
             BIT(SCU__FAULT_MATCH) | BIT(SCU__FAULT_SENT) | BIT(SCU__FAULT_PENDING) | AT_FINALS,
  AT_ALL = BIT(SCU__FAULT_CONNECT) | AT_LATER
};

static const char *const step_names[SCU__FAULT_STEPS] = {
    [SCU__FAULT_CONNECT] = "connect",
    [SCU__FAULT_ASSOCIATE] = "associate",
    [SCU__FAULT_ASSOCIATED] = "associated",
    [SCU__FAULT_RELEASE] = "release",
    [SCU__FAULT_REQUEST] = "request",
    [SCU__FAULT_ECHO] = "echo",
    [SCU__FAULT_STORE] = "store",
    [SCU__FAULT_FIND] = "find",
    [SCU__FAULT_MOVE] = "move",
    [SCU__FAULT_GET] = "get",
    [SCU__FAULT_COMMIT] = "commit",
    [SCU__FAULT_MPPS] = "mpps",
    [SCU__FAULT_INGEST] = "ingest",
    [SCU__FAULT_MATCH] = "match",
    [SCU__FAULT_SUB] = "sub",
    [SCU__FAULT_SENT] = "sent",
    [SCU__FAULT_PENDING] = "pending",
    [SCU__FAULT_FINAL] = "final",
    [SCU__FAULT_FIND_FINAL] = "find-final",
    [SCU__FAULT_MOVE_FINAL] = "move-final",
    [SCU__FAULT_GET_FINAL] = "get-final",
};

typedef struct action_form {
  const char *name;
  scu__fault_kind kind;
  uint32_t steps;
  value_form value;
  const char *words; /* each between spaces; or what the value is */
} action_form;

static const action_form actions[] = {
    {"delay", SCU__FAULT_DELAY, AT_ALL, VALUE_NUMBER, "milliseconds"},
    {"silence", SCU__FAULT_SILENCE, AT_ALL, VALUE_NONE, ""},
    {"close", SCU__FAULT_CLOSE, AT_ALL, VALUE_NONE, ""},
    {"reset", SCU__FAULT_RESET, AT_ALL, VALUE_NONE, ""},
    {"abort", SCU__FAULT_ABORT, AT_LATER, VALUE_NONE, ""},
    {"garbage", SCU__FAULT_GARBAGE, AT_ALL, VALUE_NONE, ""},
    {"cut", SCU__FAULT_CUT, AT_ALL & ~BIT(SCU__FAULT_ASSOCIATED), VALUE_NONE, ""},
    {"reject", SCU__FAULT_REJECT, BIT(SCU__FAULT_ASSOCIATE), VALUE_REJECT, "result/source/reason"},
    {"refuse", SCU__FAULT_REFUSE, BIT(SCU__FAULT_ASSOCIATE), VALUE_REFUSE,
     "all, echo, storage, find, move, get, commit, mpps or a UID, perhaps with /result"},
    {"no-roles", SCU__FAULT_NO_ROLES, BIT(SCU__FAULT_ASSOCIATE), VALUE_NONE, ""},
    {"extended", SCU__FAULT_EXTENDED, BIT(SCU__FAULT_ASSOCIATE), VALUE_WORD, " none short unasked find-only "},
    {"pdu", SCU__FAULT_PDU, BIT(SCU__FAULT_ASSOCIATE), VALUE_NUMBER, "bytes, at least 16"},
    {"status", SCU__FAULT_STATUS, AT_REQUESTS | BIT(SCU__FAULT_INGEST) | BIT(SCU__FAULT_MATCH) | AT_FINALS,
     VALUE_STATUS, "four hexadecimal digits"},
    {"full", SCU__FAULT_FULL, BIT(SCU__FAULT_INGEST), VALUE_NONE, ""},
    {"lose", SCU__FAULT_LOSE, BIT(SCU__FAULT_INGEST), VALUE_NONE, ""},
    {"cap", SCU__FAULT_CAP, BIT(SCU__FAULT_FIND), VALUE_CAP, "a number, perhaps with /status"},
    {"ignore", SCU__FAULT_IGNORE, AT_RETRIEVE | BIT(SCU__FAULT_FIND), VALUE_KEY, "a keyword or ggggeeee"},
    {"duplicate", SCU__FAULT_DUPLICATE, BIT(SCU__FAULT_MATCH) | BIT(SCU__FAULT_SUB), VALUE_NONE, ""},
    {"drop", SCU__FAULT_DROP, BIT(SCU__FAULT_MATCH) | BIT(SCU__FAULT_SUB) | BIT(SCU__FAULT_PENDING), VALUE_NONE, ""},
    {"fail", SCU__FAULT_FAIL, BIT(SCU__FAULT_SUB), VALUE_NONE, ""},
    {"malformed", SCU__FAULT_MALFORMED, BIT(SCU__FAULT_MATCH), VALUE_NONE, ""},
    {"charset", SCU__FAULT_CHARSET, BIT(SCU__FAULT_MATCH), VALUE_CHARSET, "a defined term, or none"},
    {"retrieve-ae", SCU__FAULT_RETRIEVE_AE, BIT(SCU__FAULT_MATCH), VALUE_AE, "an AE title"},
    {"availability", SCU__FAULT_AVAILABILITY, BIT(SCU__FAULT_MATCH), VALUE_WORD,
     " ONLINE NEARLINE OFFLINE UNAVAILABLE "},
    {"empty", SCU__FAULT_EMPTY, AT_RETRIEVE, VALUE_NONE, ""},
    {"early", SCU__FAULT_EARLY, AT_RETRIEVE, VALUE_NONE, ""},
    {"early-final", SCU__FAULT_EARLY_FINAL, AT_RETRIEVE, VALUE_NONE, ""},
    {"ae", SCU__FAULT_AE, BIT(SCU__FAULT_MOVE), VALUE_AE, "an AE title"},
    {"counts", SCU__FAULT_COUNTS, BIT(SCU__FAULT_PENDING) | AT_RETRIEVED, VALUE_WORD, " none zero backwards "},
    {"list", SCU__FAULT_LIST, AT_RETRIEVED, VALUE_LIST, " none malformed "},
    {"late", SCU__FAULT_LATE, BIT(SCU__FAULT_FIND_FINAL), VALUE_NUMBER, "a number of responses"},
    {"unlisted", SCU__FAULT_UNLISTED, BIT(SCU__FAULT_COMMIT), VALUE_NONE, ""},
    {"wrong-transaction", SCU__FAULT_WRONG_TRANSACTION, BIT(SCU__FAULT_COMMIT), VALUE_NONE, ""},
    {"early-result", SCU__FAULT_EARLY_RESULT, BIT(SCU__FAULT_COMMIT), VALUE_NONE, ""},
    {"no-result", SCU__FAULT_NO_RESULT, BIT(SCU__FAULT_COMMIT), VALUE_NONE, ""},
};

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* What stands before the first `separator` is cut off the front; all of it when there is none. */
static slice take(slice *from, char separator, bool *is_found) {
  const char *at = from->length > 0 ? memchr(from->text, separator, from->length) : NULL;
  slice part = {from->text, at ? (size_t)(at - from->text) : from->length};
  *is_found = at != NULL;
  size_t used = part.length + (at ? 1 : 0);
  from->text += used;
  from->length -= used;
  return part;
}

static bool is_text(slice part, const char *text) {
  return part.length == strlen(text) && memcmp(part.text, text, part.length) == 0;
}

static bool keep_text(scu__fault_rule *rule, slice part) {
  if (part.length == 0 || part.length > SCU__FAULT_TEXT_MAX || memchr(part.text, 0, part.length)) return false;
  memcpy(rule->text, part.text, part.length);
  rule->text[part.length] = 0;
  return true;
}

static bool read_number(slice part, uint32_t *out) {
  uint32_t number = 0;
  if (part.length == 0 || part.length > DIGITS_MAX - 1) return false;
  for (size_t i = 0; i < part.length; i++) {
    if (part.text[i] < '0' || part.text[i] > '9') return false;
    number = number * 10 + (uint32_t)(part.text[i] - '0');
  }
  *out = number;
  return number <= NUMBER_MAX;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A pending status belongs to matches and to nothing else: it would be no answer. */
static bool read_status(slice part, scu__fault_step step, uint16_t *out) {
  uint32_t status = 0;
  if (part.length != STATUS_DIGITS) return false;
  for (size_t i = 0; i < part.length; i++) {
    int digit = hex_digit(part.text[i]);
    if (digit < 0) return false;
    status = status << 4 | (uint32_t)digit;
  }
  *out = (uint16_t)status;
  bool is_pending = status == 0xFF00 || status == 0xFF01;
  return is_pending == (step == SCU__FAULT_MATCH);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool read_reject(slice value, scu__fault_rule *rule) {
  uint8_t *const fields[] = {&rule->result, &rule->source, &rule->reason};
  for (size_t i = 0; i < 3; i++) {
    bool is_more;
    uint32_t number;
    slice part = take(&value, '/', &is_more);
    if (is_more != (i < 2) || !read_number(part, &number) || number > UINT8_MAX) return false;
    *fields[i] = (uint8_t)number;
  }
  return true;
}

static bool read_refuse(slice value, scu__fault_rule *rule) {
  bool has_result;
  slice what = take(&value, '/', &has_result);
  rule->number = 3; /* abstract syntax not supported */
  if (has_result && (!read_number(value, &rule->number) || rule->number == 0 || rule->number > UINT8_MAX)) return false;
  if (!keep_text(rule, what)) return false;
  static const char words[] = " all echo storage find move get commit mpps ";
  char padded[SCU__FAULT_TEXT_MAX + 3] = " ";
  strcat(strcat(padded, rule->text), " ");
  return strstr(words, padded) || scu__uid_is_valid(rule->text);
}

static bool read_word(slice value, const char *words, scu__fault_rule *rule) {
  if (!keep_text(rule, value) || strchr(rule->text, ' ')) return false;
  char padded[SCU__FAULT_TEXT_MAX + 3] = " ";
  strcat(strcat(padded, rule->text), " ");
  return strstr(words, padded) != NULL;
}

static bool read_cap(slice value, scu__fault_rule *rule) {
  bool has_status;
  slice number = take(&value, '/', &has_status);
  return read_number(number, &rule->number) && (!has_status || read_status(value, rule->step, &rule->status));
}

static bool read_ae(slice value, scu__fault_rule *rule) {
  scu__ae ae;
  return keep_text(rule, value) && scu__ae_from_text(&ae, rule->text);
}

static bool read_key(slice value, scu__fault_rule *rule) {
  scu__path path;
  return keep_text(rule, value) && scu__path_parse(rule->text, &path, NULL) == SCU_OK;
}

static bool read_value(const action_form *form, slice value, bool is_given, scu__fault_rule *rule) {
  if (form->value == VALUE_REJECT && !is_given) {
    rule->result = rule->source = rule->reason = 1;
    return true;
  }
  if (is_given != (form->value != VALUE_NONE)) return false;
  switch (form->value) {
  case VALUE_NONE: return true;
  case VALUE_NUMBER:
    return read_number(value, &rule->number) && (rule->kind != SCU__FAULT_PDU || rule->number >= PDU_MIN);
  case VALUE_STATUS: return read_status(value, rule->step, &rule->status);
  case VALUE_CAP: return read_cap(value, rule);
  case VALUE_REJECT: return read_reject(value, rule);
  case VALUE_REFUSE: return read_refuse(value, rule);
  case VALUE_WORD: return read_word(value, form->words, rule);
  case VALUE_LIST: return read_number(value, &rule->number) || read_word(value, form->words, rule);
  case VALUE_AE: return read_ae(value, rule);
  case VALUE_KEY: return read_key(value, rule);
  case VALUE_CHARSET:
    if (!keep_text(rule, value)) return false;
    if (is_text(value, "none")) rule->text[0] = 0;
    return true;
  }
  return false;
}

static bool read_when(slice when, scu__fault_rule *rule) {
  static const char each[] = "every=";
  if (when.length > sizeof each - 1 && memcmp(when.text, each, sizeof each - 1) == 0) {
    slice number = {when.text + sizeof each - 1, when.length - (sizeof each - 1)};
    return read_number(number, &rule->every) && rule->every > 0;
  }
  bool is_open = when.length > 0 && when.text[when.length - 1] == '+';
  if (is_open) when.length--;
  if (!read_number(when, &rule->first) || rule->first == 0) return false;
  if (!is_open) rule->last = rule->first;
  return true;
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

enum { QUOTE_MAX = 48 };

typedef struct quote {
  char text[QUOTE_MAX + 1];
} quote;

static quote quote_of(slice part) {
  quote q = {{0}};
  size_t length = part.length < QUOTE_MAX ? part.length : QUOTE_MAX;
  if (length > 0) memcpy(q.text, part.text, length);
  for (size_t i = 0; i < length; i++)
    if (q.text[i] == 0) q.text[i] = '?';
  return q;
}

static bool find_step(slice name, scu__fault_step *out) {
  for (int i = 0; i < SCU__FAULT_STEPS; i++) {
    if (!is_text(name, step_names[i])) continue;
    *out = (scu__fault_step)i;
    return true;
  }
  return false;
}

static const action_form *find_action(slice name) {
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (is_text(name, actions[i].name)) return &actions[i];
  return NULL;
}

/* The names of what may stand there, for the hint. */
static void list_steps(scu_error *error, uint32_t steps) {
  char text[256] = "";
  for (int i = 0; i < SCU__FAULT_STEPS; i++)
    if (steps & BIT(i)) strcat(strcat(text, text[0] ? " " : ""), step_names[i]);
  scu__error_hint(error, "steps: %s", text);
}

static void list_actions(scu_error *error, scu__fault_step step) {
  char text[320] = "";
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (actions[i].steps & BIT(step)) strcat(strcat(text, text[0] ? " " : ""), actions[i].name);
  scu__error_hint(error, "actions at %s: %s", step_names[step], text);
}

static scu_result complain(scu_error *error, slice rule, const char *what, slice part) {
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "fault '%s': %s '%s'", quote_of(rule).text, what,
                        quote_of(part).text);
}

static scu_result read_rule(slice text, scu__fault_rule *rule, scu_error *error) {
  bool has_action, has_value, has_when;
  slice whole = text, when = text;
  slice head = take(&when, '@', &has_when);
  slice step = take(&head, ':', &has_action);
  slice value = head;
  slice action = take(&value, '=', &has_value);
  *rule = (scu__fault_rule){.first = 1, .last = UINT32_MAX, .every = 1};
  if (!has_action) {
    complain(error, whole, "STEP:ACTION is wanted, not", whole);
    return SCU_ERROR_USAGE;
  }
  if (!find_step(step, &rule->step)) {
    complain(error, whole, "unknown step", step);
    list_steps(error, BIT(SCU__FAULT_STEPS) - 1);
    return SCU_ERROR_USAGE;
  }
  const action_form *form = find_action(action);
  if (!form || !(form->steps & BIT(rule->step))) {
    complain(error, whole, form ? "this step has no action" : "unknown action", action);
    list_actions(error, rule->step);
    return SCU_ERROR_USAGE;
  }
  rule->kind = form->kind;
  if (!read_value(form, value, has_value, rule)) {
    complain(error, whole, form->value == VALUE_NONE ? "there is no value to this action:" : "no usable value:", value);
    if (form->value != VALUE_NONE) scu__error_hint(error, "%s=%s", form->name, form->words);
    return SCU_ERROR_USAGE;
  }
  if (has_when && !read_when(when, rule)) {
    complain(error, whole, "unknown time", when);
    scu__error_hint(error, "@N, @N+ or @every=N, counted from 1");
    return SCU_ERROR_USAGE;
  }
  return SCU_OK;
}

scu_result scu__fault_parse(const char *text, const scu_allocator *allocator, scu__fault **out, scu_error *error) {
  *out = NULL;
  if (!text || !*text) return SCU_OK;
  scu__fault *fault = scu__alloc(allocator, sizeof *fault);
  if (!fault) return scu__error_memory(error, SCU_PHASE_USAGE);
  fault->allocator = allocator;
  slice rest = {text, strlen(text)};
  scu_result result = SCU_OK;
  for (bool is_more = true; is_more && result == SCU_OK;) {
    slice rule = take(&rest, ',', &is_more);
    if (fault->count < SCU__FAULT_RULES_MAX)
      result = read_rule(rule, &fault->rules[fault->count++], error);
    else
      result = scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "more than %d faults", SCU__FAULT_RULES_MAX);
  }
  if (result == SCU_OK)
    *out = fault;
  else
    scu__fault_free(fault);
  return result;
}
