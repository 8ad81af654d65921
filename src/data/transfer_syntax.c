/* Looking up transfer syntaxes (PS3.6 A-1) by UID and by the names people type. */
#include "data/transfer_syntax.h"

#include <string.h>

#include "data/tables.h"

/* ASCII only, whatever the locale. */
static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_in_any_case(const char *a, const char *b) {
  while (*a != '\0' && lower(*a) == lower(*b)) {
    a++;
    b++;
  }
  return lower(*a) == lower(*b);
}

const scu__transfer_syntax *scu__transfer_syntax_find(const char *uid) {
  size_t low = 0, high = scu__transfer_syntax_table_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(scu__transfer_syntax_table[middle].uid, uid);
    if (order == 0) return &scu__transfer_syntax_table[middle];
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

const scu__transfer_syntax *scu__transfer_syntax_find_name(const char *text) {
  if (text[0] == '\0') return NULL;
  const scu__transfer_syntax *found = scu__transfer_syntax_find(text);
  for (size_t i = 0; !found && i < scu__transfer_syntax_table_count; i++) {
    const scu__transfer_syntax *syntax = &scu__transfer_syntax_table[i];
    if (equal_in_any_case(syntax->keyword, text) || equal_in_any_case(syntax->short_name, text)) found = syntax;
  }
  return found;
}

bool scu__transfer_syntax_is_native(const scu__transfer_syntax *syntax) {
  return syntax &&
         (strcmp(syntax->uid, SCU__UID_IMPLICIT_LE) == 0 || strcmp(syntax->uid, SCU__UID_EXPLICIT_LE) == 0 ||
          strcmp(syntax->uid, SCU__UID_EXPLICIT_BE) == 0 || strcmp(syntax->uid, SCU__UID_DEFLATED_EXPLICIT_LE) == 0);
}

scu__encoding scu__transfer_syntax_encoding(const scu__transfer_syntax *syntax) {
  if (!syntax) return SCU__EXPLICIT_LE;
  return (scu__encoding){.is_implicit_vr = syntax->is_implicit_vr, .is_big_endian = syntax->is_big_endian};
}

size_t scu__transfer_syntax_count(void) {
  return scu__transfer_syntax_table_count;
}

const scu__transfer_syntax *scu__transfer_syntax_at(size_t index) {
  return index < scu__transfer_syntax_table_count ? &scu__transfer_syntax_table[index] : NULL;
}
