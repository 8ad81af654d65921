/* The value of (0008,0005) (PS3.3 C.12.1.1.2): reading it, writing it, and choosing one for a text. */
#include "data/charset.h"

#include <string.h>

#include "data/repertoire.h"
#include "data/tables.h"
#include "data/utf8.h"

enum { KEY_MAX = 20 };

struct token {
  const uint8_t *text;
  size_t length;
};

/* What the field writes instead of a term, reduced as by key_of. */
static const struct {
  const char *key, *term;
} slips[] = {
    {"ISOIR6", "ISO 2022 IR 6"},     {"ASCII", "ISO 2022 IR 6"},      {"USASCII", "ISO 2022 IR 6"},
    {"LATIN1", "ISO_IR 100"},        {"ISO88591", "ISO_IR 100"},      {"ISO88592", "ISO_IR 101"},
    {"ISO88593", "ISO_IR 109"},      {"ISO88594", "ISO_IR 110"},      {"ISO88595", "ISO_IR 144"},
    {"ISO88596", "ISO_IR 127"},      {"ISO88597", "ISO_IR 126"},      {"ISO88598", "ISO_IR 138"},
    {"ISO88599", "ISO_IR 148"},      {"ISO885915", "ISO_IR 203"},     {"UTF8", "ISO_IR 192"},
    {"ISO2022IR192", "ISO_IR 192"},  {"ISO2022GBK", "GBK"},           {"ISO2022GB18030", "GB18030"},
    {"ISOIR87", "ISO 2022 IR 87"},   {"ISOIR149", "ISO 2022 IR 149"}, {"ISOIR58", "ISO 2022 IR 58"},
    {"ISOIR159", "ISO 2022 IR 159"},
};

/* Upper-case letters and digits only: what is left of a term when separators and case are not trusted. False when
 * it is too long for any term. */
static bool key_of(const uint8_t *text, size_t length, char key[KEY_MAX]) {
  size_t used = 0;
  for (size_t i = 0; i < length; i++) {
    char c = (char)text[i];
    if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) continue;
    if (used + 1 >= KEY_MAX) return false;
    key[used++] = c;
  }
  key[used] = '\0';
  return used > 0;
}

static bool is_term(struct token token, const char *term) {
  return term[0] != '\0' && strlen(term) == token.length && memcmp(term, token.text, token.length) == 0;
}

static bool has_key(const char *term, const char *key) {
  char other[KEY_MAX];
  return key_of((const uint8_t *)term, strlen(term), other) && strcmp(other, key) == 0;
}

/* The row of a term as the Standard spells it, alone or with code extensions; -1 = none. */
static int find_exact(struct token token, bool is_alone) {
  for (size_t row = 0; row < scu__repertoire_table_count; row++) {
    const scu__repertoire *repertoire = &scu__repertoire_table[row];
    if (is_term(token, is_alone ? repertoire->term : repertoire->extension_term)) return (int)row;
  }
  return -1;
}

/* The row of anything that can be recognised as a term. */
static int find_similar(struct token token) {
  char key[KEY_MAX];
  if (!key_of(token.text, token.length, key)) return -1;
  for (size_t row = 0; row < scu__repertoire_table_count; row++) {
    const scu__repertoire *repertoire = &scu__repertoire_table[row];
    if (has_key(repertoire->term, key) || has_key(repertoire->extension_term, key)) return (int)row;
  }
  for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
    token.text = (const uint8_t *)slips[i].term;
    token.length = strlen(slips[i].term);
    if (strcmp(slips[i].key, key) == 0) {
      int row = find_exact(token, true);
      return row >= 0 ? row : find_exact(token, false);
    }
  }
  return -1;
}

static bool has_row(const scu__charset *charset, uint8_t row) {
  return memchr(charset->terms, row, charset->count) != NULL;
}

static void add_row(scu__charset *charset, uint8_t row) {
  if (has_row(charset, row)) return;
  if (charset->count == SCU__CHARSET_TERMS_MAX) {
    charset->has_odd_term = true;
    return;
  }
  charset->terms[charset->count++] = row;
}

static void add_token(scu__charset *charset, struct token token, bool is_first, bool is_alone) {
  if (token.length == 0) {
    if (is_first) {
      add_row(charset, SCU__ROW_ASCII);
    } else {
      charset->has_odd_term = true;
    }
    return;
  }
  int row = find_exact(token, is_alone);
  if (row < 0) {
    row = find_similar(token);
    if (row < 0) {
      charset->has_unknown_term = true;
    } else {
      charset->has_odd_term = true;
    }
  }
  if (row >= 0) {
    /* 87 and its like leave ASCII in G0, so a set that starts with them starts with ASCII (PS3.3 C.12.1.1.2). */
    if (charset->count == 0 && scu__repertoire_table[row].kind >= SCU__REPERTOIRE_DOUBLE_G0 &&
        !scu__row_stands_alone((uint8_t)row)) {
      add_row(charset, SCU__ROW_ASCII);
    }
    add_row(charset, (uint8_t)row);
  } else if (is_first) {
    add_row(charset, SCU__ROW_ASCII);
  }
}

/* UTF-8, GBK and GB18030 cannot be mixed: the first value wins, or the only one beside ASCII. */
static void settle_alone(scu__charset *charset) {
  uint8_t kept = 0, chosen = SCU__ROW_ASCII;
  bool is_first_alone = charset->count > 0 && scu__row_stands_alone(charset->terms[0]);
  for (uint8_t i = 0; i < charset->count; i++) {
    uint8_t row = charset->terms[i];
    if (!scu__row_stands_alone(row)) {
      charset->terms[kept++] = row;
    } else if (chosen == SCU__ROW_ASCII) {
      chosen = row;
    }
  }
  if (charset->count > 1 && chosen != SCU__ROW_ASCII) charset->has_odd_term = true;
  charset->count = kept;
  bool only_ascii = kept == 0 || (kept == 1 && charset->terms[0] == SCU__ROW_ASCII);
  if (chosen != SCU__ROW_ASCII && (is_first_alone || only_ascii)) {
    charset->terms[0] = chosen;
    charset->count = 1;
  }
}

static struct token trimmed(const uint8_t *text, size_t length) {
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == 0)) length--;
  while (length > 0 && text[0] == ' ') {
    text++;
    length--;
  }
  return (struct token){text, length};
}

scu__charset scu__charset_parse(const uint8_t *bytes, size_t length) {
  scu__charset charset = {0};
  bool is_alone = length == 0 || memchr(bytes, '\\', length) == NULL;
  for (size_t start = 0; length > 0 && start <= length;) {
    size_t end = start;
    while (end < length && bytes[end] != '\\') end++;
    add_token(&charset, trimmed(bytes + start, end - start), start == 0, is_alone);
    start = end + 1;
  }
  settle_alone(&charset);
  if (charset.count == 1 && charset.terms[0] == SCU__ROW_ASCII) charset.count = 0;
  charset.has_code_extensions = charset.count > 1;
  return charset;
}

size_t scu__charset_text(const scu__charset *charset, char text[SCU__CHARSET_TEXT_MAX]) {
  size_t used = 0;
  for (uint8_t i = 0; i < charset->count; i++) {
    const scu__repertoire *repertoire = &scu__repertoire_table[charset->terms[i]];
    const char *term = charset->count == 1 ? repertoire->term : repertoire->extension_term;
    if (i == 0 && charset->terms[i] == SCU__ROW_ASCII) term = "";
    if (i > 0) text[used++] = '\\';
    size_t length = strlen(term);
    memcpy(text + used, term, length);
    used += length;
  }
  text[used] = '\0';
  return used;
}

bool scu__charset_equal(const scu__charset *a, const scu__charset *b) {
  return a->count == b->count && memcmp(a->terms, b->terms, a->count) == 0;
}

/* -- choosing ----------------------------------------------------------------------------------------------------- */

bool scu__charset_holds(const scu__charset *charset, const char *utf8, size_t length) {
  return scu__charset_encode(charset, SCU_VR_LO, utf8, length, NULL);
}

static scu__charset from_text(const char *text) {
  return scu__charset_parse((const uint8_t *)text, strlen(text));
}

scu_result scu__charset_narrowest(const char *utf8, size_t length, scu__charset *charset) {
  static const char *const candidates[] = {
      "",
      "ISO_IR 100",
      "ISO_IR 101",
      "ISO_IR 109",
      "ISO_IR 110",
      "ISO_IR 144",
      "ISO_IR 127",
      "ISO_IR 126",
      "ISO_IR 138",
      "ISO_IR 148",
      "ISO_IR 203",
      "ISO_IR 166",
      "ISO_IR 13",
      "\\ISO 2022 IR 87",
      "ISO 2022 IR 13\\ISO 2022 IR 87",
      "\\ISO 2022 IR 149",
  };
  *charset = from_text("ISO_IR 192");
  if (!scu__utf8_is_valid((const uint8_t *)utf8, length)) return SCU_ERROR_USAGE;
  for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
    scu__charset candidate = from_text(candidates[i]);
    if (!scu__charset_holds(&candidate, utf8, length)) continue;
    *charset = candidate;
    return SCU_OK;
  }
  /* GB18030 can write all of Unicode: it is the narrower choice only for what is Chinese. */
  scu__charset gbk = from_text("GBK");
  if (scu__charset_holds(&gbk, utf8, length)) *charset = from_text("GB18030");
  return SCU_OK;
}
