/* Tokens of JSON. */
#include "data/json_lexer.h"

#include <string.h>

#include "data/utf8.h"

void scu__json_start(scu__json *json, const char *text, size_t length, scu_error *error) {
  *json = (scu__json){.start = text, .at = text, .end = text + length, .error = error};
  if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) json->at += 3;
}

scu_result scu__json_fault(scu__json *json, scu_result result, const char *reason) {
  scu_result told = scu__error_set(json->error, result, SCU_PHASE_FILE, "JSON: %s", reason);
  scu__error_at(json->error, 0, (uint64_t)(json->at - json->start));
  return told;
}

static scu_result malformed(scu__json *json, const char *reason) {
  return scu__json_fault(json, SCU_ERROR_MALFORMED, reason);
}

char scu__json_peek(scu__json *json) {
  while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
    json->at++;
  return json->at < json->end ? *json->at : 0;
}

bool scu__json_take(scu__json *json, char token) {
  if (scu__json_peek(json) != token || json->at == json->end) return false;
  json->at++;
  return true;
}

scu_result scu__json_expect(scu__json *json, char token) {
  if (scu__json_take(json, token)) return SCU_OK;
  char reason[] = "'?' is missing";
  reason[1] = token;
  return malformed(json, reason);
}

scu_result scu__json_separate(scu__json *json, bool *is_first) {
  if (*is_first) {
    *is_first = false;
    return SCU_OK;
  }
  return scu__json_expect(json, ',');
}

/* ---- strings ---- */

static bool take_hex(scu__json *json, uint32_t *value) {
  if (json->end - json->at < 4) return false;
  *value = 0;
  for (int i = 0; i < 4; i++) {
    char c = json->at[i];
    uint32_t digit;
    if (c >= '0' && c <= '9')
      digit = (uint32_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = (uint32_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      digit = (uint32_t)(c - 'A' + 10);
    else
      return false;
    *value = *value << 4 | digit;
  }
  json->at += 4;
  return true;
}

/* Behind "\u"; two of them where the first is the upper half of a pair. */
static scu_result take_code_point(scu__json *json, uint32_t *code) {
  uint32_t low;
  if (!take_hex(json, code)) return malformed(json, "\\u without four digits");
  if (*code == 0) return malformed(json, "a NUL in a text");
  if (*code < 0xD800 || *code > 0xDFFF) return SCU_OK;
  bool is_pair = *code <= 0xDBFF && json->end - json->at >= 2 && json->at[0] == '\\' && json->at[1] == 'u';
  if (is_pair) json->at += 2;
  if (!is_pair || !take_hex(json, &low) || low < 0xDC00 || low > 0xDFFF)
    return malformed(json, "half of a surrogate pair");
  *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
  return SCU_OK;
}

static scu_result take_escape(scu__json *json, scu__buffer *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  uint32_t code;
  char c = json->at < json->end ? *json->at++ : 0;
  const char *known = c ? strchr(from, c) : NULL;
  if (known) {
    scu__put_u8(out, (uint8_t)to[known - from]);
    return SCU_OK;
  }
  if (c != 'u') return malformed(json, "no such escape");
  scu_result result = take_code_point(json, &code);
  if (result == SCU_OK) scu__utf8_put(out, code);
  return result;
}

/* Characters up to a quotation mark or a backslash. */
static scu_result pass_plain(scu__json *json) {
  while (json->at < json->end && *json->at != '"' && *json->at != '\\') {
    uint32_t code;
    size_t size = scu__utf8_decode((const uint8_t *)json->at, (size_t)(json->end - json->at), &code);
    if (size == 0) return malformed(json, "bytes that are not UTF-8");
    if (code < 0x20) return malformed(json, "a control character in a string");
    json->at += size;
  }
  return json->at < json->end ? SCU_OK : malformed(json, "a string without end");
}

scu_result scu__json_string(scu__json *json, scu__buffer *out) {
  scu_result result = scu__json_expect(json, '"');
  while (result == SCU_OK) {
    const char *run = json->at;
    result = pass_plain(json);
    if (result != SCU_OK) return result;
    scu__put_bytes(out, run, (size_t)(json->at - run));
    if (*json->at++ == '"') break;
    result = take_escape(json, out);
  }
  if (result == SCU_OK) result = scu__buffer_result(out);
  return result == SCU_OK ? SCU_OK : scu__json_fault(json, result, "a text that cannot be kept");
}

scu_result scu__json_name(scu__json *json, const char **name, size_t *length) {
  scu_result result = scu__json_expect(json, '"');
  if (result != SCU_OK) return result;
  *name = json->at;
  result = pass_plain(json);
  if (result != SCU_OK) return result;
  *length = (size_t)(json->at - *name);
  return *json->at++ == '"' ? SCU_OK : malformed(json, "an escape in a name");
}

/* ---- the rest ---- */

static bool take_digits(scu__json *json) {
  const char *first = json->at;
  while (json->at < json->end && *json->at >= '0' && *json->at <= '9') json->at++;
  return json->at > first;
}

static bool take_one(scu__json *json, char a, char b) {
  if (json->at == json->end || (*json->at != a && *json->at != b)) return false;
  json->at++;
  return true;
}

scu_result scu__json_number(scu__json *json, const char **number, size_t *length) {
  scu__json_peek(json);
  *number = json->at;
  take_one(json, '-', '-');
  bool is_good = take_one(json, '0', '0') || take_digits(json);
  if (is_good && take_one(json, '.', '.')) is_good = take_digits(json);
  if (is_good && take_one(json, 'e', 'E')) {
    take_one(json, '+', '-');
    is_good = take_digits(json);
  }
  *length = (size_t)(json->at - *number);
  return is_good ? SCU_OK : malformed(json, "not a number");
}

static scu_result take_word(scu__json *json, const char *word) {
  size_t length = strlen(word);
  scu__json_peek(json);
  if ((size_t)(json->end - json->at) < length || memcmp(json->at, word, length) != 0)
    return malformed(json, "not a value");
  json->at += length;
  return SCU_OK;
}

scu_result scu__json_null(scu__json *json) {
  return take_word(json, "null");
}

static scu_result skip_string(scu__json *json) {
  scu_result result = scu__json_expect(json, '"');
  while (result == SCU_OK) {
    result = pass_plain(json);
    if (result != SCU_OK || *json->at++ == '"') return result;
    if (json->at == json->end) return malformed(json, "a string without end");
    json->at++; /* what is escaped is none of our business */
  }
  return result;
}

static scu_result skip_scalar(scu__json *json) {
  const char *number;
  size_t length;
  switch (scu__json_peek(json)) {
  case '"': return skip_string(json);
  case 't': return take_word(json, "true");
  case 'f': return take_word(json, "false");
  case 'n': return take_word(json, "null");
  default: return scu__json_number(json, &number, &length);
  }
}

/* The name and the colon of an object's next member. */
static scu_result skip_name(scu__json *json) {
  scu_result result = skip_string(json);
  return result == SCU_OK ? scu__json_expect(json, ':') : result;
}

typedef struct skipping {
  char ends[SCU__JSON_SKIP_DEPTH_MAX]; /* '}' or ']' */
  bool is_first;
  size_t depth;
} skipping;

/* Goes into an array or object, or passes over one value. */
static scu_result skip_value(scu__json *json, skipping *s) {
  char c = scu__json_peek(json);
  if (c != '{' && c != '[') return skip_scalar(json);
  if (s->depth == SCU__JSON_SKIP_DEPTH_MAX) return scu__json_fault(json, SCU_ERROR_LIMIT, "too deep");
  json->at++;
  s->ends[s->depth++] = c == '{' ? '}' : ']';
  s->is_first = true;
  return SCU_OK;
}

scu_result scu__json_skip(scu__json *json) {
  skipping s = {.depth = 0};
  scu_result result = skip_value(json, &s);
  while (result == SCU_OK && s.depth > 0) {
    char end = s.ends[s.depth - 1];
    if (scu__json_take(json, end)) {
      s.depth--;
      s.is_first = false;
      continue;
    }
    result = scu__json_separate(json, &s.is_first);
    if (result == SCU_OK && end == '}') result = skip_name(json);
    if (result == SCU_OK) result = skip_value(json, &s);
  }
  return result;
}
