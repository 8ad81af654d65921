/* One row per VR that has a form of its own; characters and length by the table of VRs. */
#include "data/value_check.h"

#include <stdio.h>
#include <string.h>

#include "base/values.h"
#include "data/decimal.h"
#include "data/moment.h"
#include "data/utf8.h"
#include "data/vr.h"

enum { GROUPS_MAX = 3, COMPONENTS_MAX = 5, DELETE = 0x7F, LAST_CONTROL = 0x9F };

typedef struct slice {
  const char *at;
  size_t length;
} slice;

static bool has_only(slice value, const char *characters) {
  for (size_t i = 0; i < value.length; i++)
    if (!strchr(characters, value.at[i])) return false;
  return true;
}

static slice trim(slice value) {
  for (; value.length > 0 && value.at[0] == ' '; value.length--) value.at++;
  while (value.length > 0 && value.at[value.length - 1] == ' ') value.length--;
  return value;
}

/* --- forms -------------------------------------------------------------------------------------------------------- */

static bool is_title(slice value) {
  return trim(value).length > 0;
}

static bool is_age(slice value) {
  return value.length == 4 && has_only((slice){value.at, 3}, "0123456789") && strchr("DWMY", value.at[3]);
}

static bool is_code(slice value) {
  return has_only(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _");
}

/* The form with points is that of ACR-NEMA: read, no longer written. */
static bool is_date(slice value) {
  int64_t date;
  return value.length == 8 && scu__date_parse(value.at, value.length, &date);
}

static bool is_time(slice value) {
  int64_t time;
  return has_only(value, "0123456789.") && scu__time_parse(value.at, value.length, &time);
}

static bool is_date_time(slice value) {
  scu__interval covered;
  return scu__date_time_parse(value.at, value.length, 0, &covered);
}

static bool is_decimal(slice value) {
  uint64_t bits;
  value = trim(value);
  return scu__decimal_to_double(value.at, value.length, &bits);
}

static bool is_integer(slice value) {
  int64_t number;
  bool fits;
  value = trim(value);
  return scu__decimal_to_integer(value.at, value.length, &number, &fits) && fits && number >= INT32_MIN &&
         number <= INT32_MAX;
}

/* What is longer is refused for that. */
static bool is_uid(slice value) {
  char text[sizeof(((scu__uid *)0)->text)];
  if (value.length >= sizeof text) return true;
  memcpy(text, value.at, value.length);
  text[value.length] = 0;
  return scu__uid_is_valid(text);
}

static bool is_address(slice value) {
  return !memchr(value.at, ' ', value.length) && !memchr(value.at, '\\', value.length);
}

static size_t count_of(slice value, char separator) {
  size_t count = 1;
  for (size_t i = 0; i < value.length; i++) count += value.at[i] == separator;
  return count;
}

static slice cut(slice *rest, char separator) {
  const char *end = rest->length > 0 ? memchr(rest->at, separator, rest->length) : NULL;
  slice first = {rest->at, end ? (size_t)(end - rest->at) : rest->length};
  size_t taken = first.length + (end ? 1 : 0);
  rest->at += taken;
  rest->length -= taken;
  return first;
}

static bool is_name(slice value) {
  if (count_of(value, '=') > GROUPS_MAX) return false;
  for (slice rest = value; rest.length > 0;)
    if (count_of(cut(&rest, '='), '^') > COMPONENTS_MAX) return false;
  return true;
}

static const struct {
  scu_vr vr;
  bool (*is_right)(slice value);
  const char *form;
} forms[] = {
    {SCU_VR_AE, is_title, "a title of spaces only is none"},
    {SCU_VR_AS, is_age, "no age: 018M, three digits and D, W, M or Y"},
    {SCU_VR_CS, is_code, "no code: upper-case letters, digits, space and underscore"},
    {SCU_VR_DA, is_date, "no date: YYYYMMDD"},
    {SCU_VR_DS, is_decimal, "no decimal number"},
    {SCU_VR_DT, is_date_time, "no date and time: YYYYMMDDHHMMSS.FFFFFF+ZZXX, or without its end"},
    {SCU_VR_IS, is_integer, "no whole number of 32 bits"},
    {SCU_VR_PN, is_name, "no name: at most 5 components between ^, in at most 3 groups between ="},
    {SCU_VR_TM, is_time, "no time: HHMMSS.FFFFFF, or without its end"},
    {SCU_VR_UI, is_uid, "no UID: numbers without leading zeros, points between"},
    {SCU_VR_UR, is_address, "no address: a space or backslash in it"},
};

/* --- characters and length ---------------------------------------------------------------------------------------- */

static bool is_line_control(uint32_t c) {
  return c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* What may not be multi and has a character set is for paragraphs (ST LT UT; PS3.5 6.1.3). */
static bool is_character(const scu__vr_info *info, uint32_t c) {
  if (c < ' ') return info->uses_charset && !info->may_be_multi && is_line_control(c);
  if (c >= DELETE && c <= LAST_CONTROL) return false;
  return c < DELETE || info->uses_charset;
}

/* False on a character that may not be in it. */
static bool count_characters(const scu__vr_info *info, slice value, size_t *count) {
  uint32_t c;
  *count = 0;
  for (size_t i = 0; i < value.length; ++*count) {
    i += scu__utf8_decode((const uint8_t *)value.at + i, value.length - i, &c);
    if (!is_character(info, c)) return false;
  }
  return true;
}

static bool say(char *reason, const char *text) {
  snprintf(reason, SCU__VALUE_REASON_MAX, "%s", text);
  return false;
}

/* The length of a name is that of its groups. */
static bool check_length(const scu__vr_info *info, slice value, char *reason) {
  char separator = info->vr == SCU_VR_PN ? '=' : 0;
  while (value.length > 0) {
    size_t count;
    if (!count_characters(info, cut(&value, separator), &count))
      return say(reason, info->uses_charset ? "a control character" : "a control character, or one that is not ASCII");
    if (count <= info->max_length) continue;
    snprintf(reason, SCU__VALUE_REASON_MAX, "longer than %u characters", (unsigned)info->max_length);
    return false;
  }
  return true;
}

static bool check_value(const scu__vr_info *info, slice value, char *reason) {
  if (value.length == 0) return true;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (forms[i].vr == info->vr && !forms[i].is_right(value)) return say(reason, forms[i].form);
  return check_length(info, value, reason);
}

/* --- multiplicity ------------------------------------------------------------------------------------------------- */

/* As the dictionary of the Standard writes it: 1, 1-2, 2-n, 2-2n. */
static void format_multiplicity(const scu__dictionary_entry *entry, char to[16]) {
  unsigned least = entry->vm_min, most = entry->vm_max;
  if (least == most)
    snprintf(to, 16, "%u", least);
  else if (most != SCU__VM_UNBOUNDED)
    snprintf(to, 16, "%u-%u", least, most);
  else if (entry->vm_step > 1)
    snprintf(to, 16, "%u-%un", least, (unsigned)entry->vm_step);
  else
    snprintf(to, 16, "%u-n", least);
}

static bool check_count(const scu__dictionary_entry *entry, size_t count, char *reason) {
  char multiplicity[16];
  bool has_room = entry->vm_max == SCU__VM_UNBOUNDED || count <= entry->vm_max;
  if (count >= entry->vm_min && has_room && (count - entry->vm_min) % entry->vm_step == 0) return true;
  format_multiplicity(entry, multiplicity);
  snprintf(reason, SCU__VALUE_REASON_MAX, "%zu value%s where the multiplicity is %s", count, count == 1 ? "" : "s",
           multiplicity);
  return false;
}

bool scu__value_check(const scu__dictionary_entry *entry, const char *utf8, char reason[SCU__VALUE_REASON_MAX]) {
  const scu__vr_info *info = scu__vr_find(entry->vr);
  slice rest = {utf8, strlen(utf8)};
  if (!info || rest.length == 0) return true;
  size_t count = info->may_be_multi ? count_of(rest, '\\') : 1;
  if (!check_count(entry, count, reason)) return false;
  if (!info->is_text) return true;
  for (size_t i = 0; i < count; i++)
    if (!check_value(info, info->may_be_multi ? cut(&rest, '\\') : rest, reason)) return false;
  return true;
}
