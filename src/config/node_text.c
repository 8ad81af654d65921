/* Lines of a node file as inih takes them apart: blanks in front do not count, a ; behind a blank begins a comment. */
#include "config/node_text.h"

#include <stdio.h>
#include <string.h>

typedef enum line_kind { LINE_BLANK, LINE_COMMENT, LINE_SECTION, LINE_KEY } line_kind;

/* Part of the text: from `at` to before `end`. */
typedef struct part {
  size_t at, end;
} part;

typedef struct line {
  line_kind kind;
  part whole; /* with its line end */
  part name;  /* of a section or key */
  part value; /* of a key */
} line;

static bool is_space(uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static part trim(const uint8_t *bytes, part p) {
  while (p.at < p.end && is_space(bytes[p.at])) p.at++;
  while (p.end > p.at && is_space(bytes[p.end - 1])) p.end--;
  return p;
}

/* Where the first of `stops` is, or a comment, or the end. */
static size_t find_stop(const uint8_t *bytes, part p, const char *stops) {
  bool is_behind_space = false;
  for (; p.at < p.end; p.at++) {
    uint8_t c = bytes[p.at];
    if ((c != 0 && strchr(stops, c)) || (c == ';' && is_behind_space)) break;
    is_behind_space = is_space(c);
  }
  return p.at;
}

static bool is_text(const uint8_t *bytes, part p, const char *text) {
  return p.end - p.at == strlen(text) && memcmp(bytes + p.at, text, p.end - p.at) == 0;
}

static void read_content(const uint8_t *bytes, part content, line *l) {
  if (content.at == content.end) {
    l->kind = LINE_BLANK;
  } else if (bytes[content.at] == ';' || bytes[content.at] == '#') {
    l->kind = LINE_COMMENT;
  } else if (bytes[content.at] == '[') {
    l->kind = LINE_SECTION;
    l->name = (part){content.at + 1, content.end};
    l->name.end = find_stop(bytes, l->name, "]");
  } else {
    l->kind = LINE_KEY;
    size_t separator = find_stop(bytes, content, "=:");
    l->name = trim(bytes, (part){content.at, separator});
    l->value = (part){separator < content.end ? separator + 1 : separator, content.end};
    l->value.end = find_stop(bytes, l->value, "");
    l->value = trim(bytes, l->value);
  }
}

/* UTF-8's mark, which stays in front. */
static size_t length_of_mark(const scu__buffer *text) {
  return text->length >= 3 && memcmp(text->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* The line behind *l, which is all zero at first. False at the end. */
static bool next_line(const scu__buffer *text, line *l) {
  size_t at = l->whole.end;
  if (at == text->length) return false;
  const uint8_t *feed = memchr(text->data + at, '\n', text->length - at);
  *l = (line){.whole = {at, feed ? (size_t)(feed - text->data) + 1 : text->length}};
  if (at == 0) at = length_of_mark(text);
  read_content(text->data, trim(text->data, (part){at, l->whole.end}), l);
  return true;
}

/* A section, and a key that is looked for in it. */
typedef struct section {
  line head, last; /* last: of its keys; the head when it has none */
  bool has_key;
  line key;
} section;

/* key may be NULL. The name may stand over nothing before it stands over its keys. */
static bool find_section(const scu__buffer *text, const char *name, const char *key, section *s) {
  bool is_found = false, is_inside = false;
  line l = {0};
  memset(s, 0, sizeof *s);
  while (next_line(text, &l)) {
    if (l.kind == LINE_SECTION) {
      if (s->last.kind == LINE_KEY) break;
      is_inside = is_text(text->data, l.name, name);
      if (!is_inside) continue;
      is_found = true;
      s->head = s->last = l;
    } else if (is_inside && l.kind == LINE_KEY) {
      s->last = l;
      if (!key || !is_text(text->data, l.name, key)) continue;
      s->has_key = true;
      s->key = l;
    }
  }
  return is_found;
}

static const char *line_end(const scu__buffer *text) {
  line first = {0};
  if (!next_line(text, &first) || first.whole.end < 2) return "\n";
  return memcmp(text->data + first.whole.end - 2, "\r\n", 2) == 0 ? "\r\n" : "\n";
}

static void put_part(const scu__buffer *text, size_t at, size_t end, scu__buffer *to) {
  scu__put_bytes(to, text->data ? text->data + at : NULL, end - at);
}

/* A line that begins a new one, whatever stood before it. */
static void begin_line(const scu__buffer *text, scu__buffer *to) {
  if (to->length > 0 && to->data[to->length - 1] != '\n') scu__put_text(to, line_end(text));
}

static void put_line(const scu__buffer *text, const char *key, const char *value, scu__buffer *to) {
  scu__put_text(to, key);
  scu__put_text(to, " = ");
  scu__put_text(to, value);
  scu__put_text(to, line_end(text));
}

static void put_head(const scu__buffer *text, const char *name, scu__buffer *to) {
  scu__put_u8(to, '[');
  scu__put_text(to, name);
  scu__put_u8(to, ']');
  scu__put_text(to, line_end(text));
}

static bool ends_with_blank_line(const scu__buffer *text) {
  line l = {0};
  while (next_line(text, &l)) {
  }
  return l.kind == LINE_BLANK;
}

scu_result scu__node_text_add(const scu__buffer *text, const char *name, const scu__peer *peer, scu__buffer *to) {
  char port[8];
  put_part(text, 0, text->length, to);
  begin_line(text, to);
  if (!ends_with_blank_line(text)) scu__put_text(to, line_end(text));
  put_head(text, name, to);
  put_line(text, "aet", peer->ae.text, to);
  put_line(text, "host", peer->host, to);
  snprintf(port, sizeof port, "%u", (unsigned)peer->port);
  put_line(text, "port", port, to);
  if (peer->is_tls) put_line(text, "tls", "yes", to);
  return scu__buffer_result(to);
}

scu_result scu__node_text_begin(const scu__buffer *text, const char *name, scu__buffer *to) {
  size_t mark = length_of_mark(text);
  put_part(text, 0, mark, to);
  put_head(text, name, to);
  if (text->length > mark) scu__put_text(to, line_end(text));
  put_part(text, mark, text->length, to);
  return scu__buffer_result(to);
}

static scu_result replace_value(const scu__buffer *text, const line *key, const char *value, scu__buffer *to) {
  put_part(text, 0, key->value.at, to);
  scu__put_text(to, value);
  /* Without a blank before it a comment would be part of the value. */
  if (key->value.end < text->length && text->data[key->value.end] == ';') scu__put_u8(to, ' ');
  put_part(text, key->value.end, text->length, to);
  return scu__buffer_result(to);
}

scu_result scu__node_text_set(const scu__buffer *text, const char *name, const char *key, const char *value,
                              scu__buffer *to) {
  section s;
  if (!find_section(text, name, key, &s)) return SCU_END;
  if (s.has_key) return replace_value(text, &s.key, value, to);
  put_part(text, 0, s.last.whole.end, to);
  begin_line(text, to);
  if (s.last.kind == LINE_KEY) put_part(text, s.last.whole.at, s.last.name.at, to); /* as far in as the key above */
  put_line(text, key, value, to);
  put_part(text, s.last.whole.end, text->length, to);
  return scu__buffer_result(to);
}

scu_result scu__node_text_unset(const scu__buffer *text, const char *name, const char *key, scu__buffer *to) {
  section s;
  if (!find_section(text, name, key, &s) || !s.has_key) return SCU_END;
  put_part(text, 0, s.key.whole.at, to);
  put_part(text, s.key.whole.end, text->length, to);
  return scu__buffer_result(to);
}

/* What is left when the last section goes ends without the blank lines that were before it. */
static size_t without_blank_lines(const scu__buffer *text, size_t end) {
  size_t kept = 0;
  for (line l = {0}; l.whole.end < end && next_line(text, &l);)
    if (l.kind != LINE_BLANK) kept = l.whole.end;
  return kept;
}

scu_result scu__node_text_remove(const scu__buffer *text, const char *name, scu__buffer *to) {
  section s;
  if (!find_section(text, name, NULL, &s)) return SCU_END;
  size_t begin = s.head.whole.at, end = s.last.whole.end;
  for (line l = s.last; next_line(text, &l) && l.kind == LINE_BLANK;) end = l.whole.end;
  if (end == text->length) begin = without_blank_lines(text, begin);
  if (begin < length_of_mark(text)) begin = length_of_mark(text);
  put_part(text, 0, begin, to);
  put_part(text, end, text->length, to);
  return scu__buffer_result(to);
}
