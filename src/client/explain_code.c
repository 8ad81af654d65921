/* Codes as they are typed: words, then numbers. What a word stands for is in two small tables. */
#include "client/explain_code.h"

#include <stddef.h>
#include <string.h>

#include "base/explanation.h"
#include "dimse/status.h"
#include "ul/explanations.h"

enum { WORDS_MAX = 5 };

typedef struct words {
  char text[WORDS_MAX][SCU__CODE_NAME_MAX + 1]; /* upper case */
  size_t count;
} words;

static bool is_between_words(char c) {
  return c == ' ' || c == '\t' || c == '/' || c == ',' || c == ';' || c == '(' || c == ')' || c == ':';
}

static char upper(char c) {
  return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* False: no words, too many, or one that is too long to mean anything. */
static bool split(const char *text, words *out) {
  out->count = 0;
  for (;;) {
    while (is_between_words(*text)) text++;
    if (!*text) return out->count > 0;
    if (out->count == WORDS_MAX) return false;
    char *to = out->text[out->count++];
    size_t length = 0;
    for (; *text && !is_between_words(*text); text++) {
      if (length == SCU__CODE_NAME_MAX) return false;
      to[length++] = upper(*text);
    }
    to[length] = 0;
  }
}

static void drop_first(words *w) {
  memmove(w->text[0], w->text[1], sizeof w->text[0] * (WORDS_MAX - 1));
  w->count--;
}

#define KIND(kind) (1u << (kind))

static const struct {
  const char *word;
  uint32_t kinds;
} heads[] = {
    {"A-ASSOCIATE-RJ", KIND(SCU_EXPLAINS_REJECT)}, {"REJECT", KIND(SCU_EXPLAINS_REJECT)},
    {"A-ABORT", KIND(SCU_EXPLAINS_ABORT)},         {"ABORT", KIND(SCU_EXPLAINS_ABORT)},
    {"CONTEXT", KIND(SCU_EXPLAINS_CONTEXT)},       {"STATUS", KIND(SCU_EXPLAINS_STATUS)},
    {"REASON", KIND(SCU_EXPLAINS_FAILURE_REASON)}, {"ERRNO", KIND(SCU_EXPLAINS_SYSTEM)},
    {"RESOLVER", KIND(SCU_EXPLAINS_RESOLVER)},     {"RESULT", KIND(SCU_EXPLAINS_RESULT)},
    {"PHASE", KIND(SCU_EXPLAINS_PHASE)},
};

static const struct {
  const char *word;
  uint16_t operation;
} operations[] = {
    {"C-STORE", SCU__ON_C_STORE},   {"C-FIND", SCU__ON_C_FIND},     {"C-MOVE", SCU__ON_C_MOVE},
    {"C-GET", SCU__ON_C_GET},       {"C-ECHO", SCU__ON_C_ECHO},     {"N-EVENT-REPORT", SCU__ON_N_EVENT_REPORT},
    {"N-GET", SCU__ON_N_GET},       {"N-SET", SCU__ON_N_SET},       {"N-ACTION", SCU__ON_N_ACTION},
    {"N-CREATE", SCU__ON_N_CREATE}, {"N-DELETE", SCU__ON_N_DELETE},
};

static bool take_head(words *w, scu__asked_code *out) {
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    if (strcmp(heads[i].word, w->text[0]) != 0) continue;
    out->kinds = heads[i].kinds;
    drop_first(w);
    return true;
  }
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (strcmp(operations[i].word, w->text[0]) != 0) continue;
    out->kinds = KIND(SCU_EXPLAINS_STATUS);
    out->operations = operations[i].operation;
    drop_first(w);
    return true;
  }
  return false;
}

static bool take_decimal(const char *word, int32_t most, int32_t *value) {
  bool is_negative = *word == '-';
  int64_t number = 0;
  if (is_negative) word++;
  if (!*word) return false;
  for (; *word; word++) {
    if (*word < '0' || *word > '9') return false;
    number = number * 10 + (*word - '0');
    if (number > most) return false;
  }
  *value = (int32_t)(is_negative ? -number : number);
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits, of which the last ones may be X: "A702", "A7XX". */
static bool take_hex(const char *digits, size_t length, int32_t *low, int32_t *high) {
  bool is_open = false;
  *low = *high = 0;
  if (length != 4) return false;
  for (size_t i = 0; i < length; i++) {
    int digit = hex_digit(digits[i]);
    if (digits[i] == 'X')
      is_open = true;
    else if (digit < 0 || is_open)
      return false;
    *low = *low * 16 + (is_open ? 0 : digit);
    *high = *high * 16 + (is_open ? 15 : digit);
  }
  return true;
}

/* "A702", "0xA702", "A702H", "42754" */
static bool take_status(const char *word, scu__asked_code *out) {
  size_t length = strlen(word);
  if (length == 6 && word[0] == '0' && word[1] == 'X') return take_hex(word + 2, 4, &out->low, &out->high);
  if (length == 5 && word[4] == 'H') return take_hex(word, 4, &out->low, &out->high);
  if (length == 5 && take_decimal(word, 0xFFFF, &out->low)) {
    out->high = out->low;
    return out->low >= 0;
  }
  return take_hex(word, length, &out->low, &out->high);
}

static bool is_status(uint32_t kinds) {
  return (kinds & (KIND(SCU_EXPLAINS_STATUS) | KIND(SCU_EXPLAINS_FAILURE_REASON))) != 0;
}

/* The fields of a PDU, each a byte: "1 1 7" of a reject, "2 1" or "2" of an abort. */
static bool take_bytes(const words *w, scu__asked_code *out) {
  int32_t bytes[3] = {0};
  for (size_t i = 0; i < w->count; i++)
    if (i == 3 || !take_decimal(w->text[i], 0xFF, &bytes[i]) || bytes[i] < 0) return false;
  if (out->kinds == KIND(SCU_EXPLAINS_REJECT) && w->count == 3) {
    out->low = out->high = SCU__REJECT_CODE(bytes[0], bytes[1], bytes[2]);
    return true;
  }
  if (out->kinds != KIND(SCU_EXPLAINS_ABORT) || w->count > 2) return false;
  out->low = SCU__ABORT_CODE(bytes[0], w->count == 2 ? bytes[1] : 0);
  out->high = SCU__ABORT_CODE(bytes[0], w->count == 2 ? bytes[1] : 0xFF);
  return true;
}

static void take_name(const char *word, scu__asked_code *out) {
  static const char *const prefixes[] = {"SCU_ERROR_", "SCU_PHASE_", "SCU_"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    size_t length = strlen(prefixes[i]);
    if (strncmp(word, prefixes[i], length) != 0) continue;
    word += length;
    break;
  }
  strcpy(out->name, word); /* no longer than a word */
}

static bool read_behind_head(const words *w, scu__asked_code *out) {
  if (w->count == 0) { /* all of its kind */
    out->low = INT32_MIN;
    out->high = INT32_MAX;
    return true;
  }
  if (out->kinds == KIND(SCU_EXPLAINS_REJECT) || out->kinds == KIND(SCU_EXPLAINS_ABORT)) return take_bytes(w, out);
  if (w->count != 1) return false;
  if (is_status(out->kinds)) return take_status(w->text[0], out);
  if (!take_decimal(w->text[0], INT32_MAX, &out->low)) take_name(w->text[0], out);
  out->high = out->low;
  return true;
}

static bool read_without_head(const words *w, scu__asked_code *out) {
  if (w->count > 1) {
    out->kinds = KIND(w->count == 3 ? SCU_EXPLAINS_REJECT : SCU_EXPLAINS_ABORT);
    return take_bytes(w, out);
  }
  out->kinds = KIND(SCU_EXPLAINS_STATUS) | KIND(SCU_EXPLAINS_FAILURE_REASON);
  if (take_status(w->text[0], out)) return true;
  out->kinds =
      KIND(SCU_EXPLAINS_SYSTEM) | KIND(SCU_EXPLAINS_RESOLVER) | KIND(SCU_EXPLAINS_RESULT) | KIND(SCU_EXPLAINS_PHASE);
  take_name(w->text[0], out);
  return true;
}

bool scu__asked_code_read(const char *text, scu__asked_code *out) {
  words w;
  memset(out, 0, sizeof *out);
  if (!split(text, &w)) return false;
  if (strcmp(w.text[0], "PRESENTATION") == 0 && w.count > 1) drop_first(&w);
  return take_head(&w, out) ? read_behind_head(&w, out) : read_without_head(&w, out);
}
