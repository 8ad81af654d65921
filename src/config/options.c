/* The bag of options: setters and getters over the table, and its resolution to plain values. */
#include "config/options.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "config/option_check.h"
#include "config/option_table.h"

typedef struct option_value {
  bool is_set;
  char *text;      /* owned */
  uint8_t *secret; /* owned, `length` bytes */
  size_t length;
  int64_t integer;
  bool boolean;
  uint64_t milliseconds;
  const void *pointer;
} option_value;

struct scu_options {
  const scu_allocator *allocator;
  scu_error error;
  option_value values[SCU__OPTION_ROWS];
};

scu_result scu_options_new(const scu_allocator *allocator, scu_options **out) {
  if (!out) return SCU_ERROR_USAGE;
  *out = scu__alloc(allocator, sizeof **out);
  if (!*out) return SCU_ERROR_MEMORY;
  (*out)->allocator = allocator;
  scu__error_clear(&(*out)->error);
  return SCU_OK;
}

static void drop(const scu_allocator *allocator, option_value *value) {
  scu__free(allocator, value->text);
  scu__free_wiped(allocator, value->secret, value->length);
  *value = (option_value){0};
}

void scu_options_free(scu_options *options) {
  if (!options) return;
  for (size_t i = 0; i < SCU__OPTION_ROWS; i++) drop(options->allocator, &options->values[i]);
  scu__free(options->allocator, options);
}

/* The copy owns what it points to; MEMORY leaves it unset. */
static scu_result copy_value(const scu_allocator *allocator, const option_value *from, option_value *to) {
  *to = *from;
  to->text = NULL;
  to->secret = NULL;
  if (from->text) to->text = scu__strdup(allocator, from->text);
  if (from->secret) to->secret = scu__alloc(allocator, from->length);
  if ((from->text && !to->text) || (from->secret && !to->secret)) {
    *to = (option_value){0};
    return SCU_ERROR_MEMORY;
  }
  if (from->secret) memcpy(to->secret, from->secret, from->length);
  return SCU_OK;
}

scu_result scu_options_copy(const scu_options *options, scu_options **out) {
  if (out) *out = NULL;
  if (!options || !out) return SCU_ERROR_USAGE;
  scu_options *copy;
  scu_result result = scu_options_new(options->allocator, &copy);
  if (result != SCU_OK) return result;
  for (size_t i = 0; i < SCU__OPTION_ROWS; i++) {
    if (copy_value(copy->allocator, &options->values[i], &copy->values[i]) == SCU_OK) continue;
    scu_options_free(copy);
    return SCU_ERROR_MEMORY;
  }
  *out = copy;
  return SCU_OK;
}

scu_result scu__options_copy_nameless(const scu_options *options, scu_options **out) {
  static const scu_option nameless[] = {SCU_OPTION_IDENTITY_USER, SCU_OPTION_IDENTITY_PASSCODE,
                                        SCU_OPTION_IDENTITY_TOKEN, SCU_OPTION_IDENTITY_KIND,
                                        SCU_OPTION_IDENTITY_OVER_PLAIN};
  scu_result result = scu_options_copy(options, out);
  for (size_t i = 0; result == SCU_OK && i < sizeof nameless / sizeof *nameless; i++)
    drop((*out)->allocator, &(*out)->values[scu__option_index(scu__option_row_of(nameless[i]))]);
  return result;
}

const scu_error *scu_options_error(const scu_options *options) {
  return options ? &options->error : NULL;
}

/* The row, when the option exists and is of that kind; else NULL with the error set. */
static const scu__option_row *row_for_setting(scu_options *options, scu_option option, scu_option_kind kind) {
  if (!options) return NULL;
  scu__error_clear(&options->error);
  const scu__option_row *row = scu__option_row_of(option);
  if (!row)
    scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "there is no option number %d", (int)option);
  else if (row->info.kind != kind)
    scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "option %s is of another kind", row->info.name);
  else
    return row;
  return NULL;
}

static option_value *value_of(scu_options *options, const scu__option_row *row) {
  return &options->values[scu__option_index(row)];
}

static scu_result out_of_bounds(scu_options *options, const struct scu_option_info *info) {
  const char *name = info->flag ? info->flag : info->name;
  if (info->kind == SCU_KIND_DURATION)
    return scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "%s: must be between %lld ms and %lld seconds", name, (long long)info->minimum,
                          (long long)info->maximum / 1000);
  return scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: must be between %lld and %lld", name,
                        (long long)info->minimum, (long long)info->maximum);
}

scu_result scu_options_set_text(scu_options *options, scu_option option, const char *utf8) {
  const scu__option_row *row = row_for_setting(options, option, SCU_KIND_TEXT);
  if (!row) return SCU_ERROR_USAGE;
  if (!utf8) return scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: no text", row->info.name);
  scu_result result = scu__check_text(&row->info, utf8, &options->error);
  if (result == SCU_OK && row->check && *utf8) result = row->check(&row->info, utf8, &options->error);
  if (result != SCU_OK) return result;
  char *copy = scu__strdup(options->allocator, utf8);
  if (!copy) return scu__error_memory(&options->error, SCU_PHASE_USAGE);
  option_value *value = value_of(options, row);
  scu__free(options->allocator, value->text);
  *value = (option_value){.is_set = true, .text = copy};
  return SCU_OK;
}

scu_result scu_options_set_integer(scu_options *options, scu_option option, int64_t integer) {
  const scu__option_row *row = row_for_setting(options, option, SCU_KIND_INTEGER);
  if (!row) return SCU_ERROR_USAGE;
  if (integer < row->info.minimum || integer > row->info.maximum) return out_of_bounds(options, &row->info);
  *value_of(options, row) = (option_value){.is_set = true, .integer = integer};
  return SCU_OK;
}

scu_result scu_options_set_boolean(scu_options *options, scu_option option, bool boolean) {
  const scu__option_row *row = row_for_setting(options, option, SCU_KIND_BOOLEAN);
  if (!row) return SCU_ERROR_USAGE;
  *value_of(options, row) = (option_value){.is_set = true, .boolean = boolean};
  return SCU_OK;
}

scu_result scu_options_set_duration_ms(scu_options *options, scu_option option, uint64_t milliseconds) {
  const scu__option_row *row = row_for_setting(options, option, SCU_KIND_DURATION);
  if (!row) return SCU_ERROR_USAGE;
  if (milliseconds < (uint64_t)row->info.minimum || milliseconds > (uint64_t)row->info.maximum)
    return out_of_bounds(options, &row->info);
  *value_of(options, row) = (option_value){.is_set = true, .milliseconds = milliseconds};
  return SCU_OK;
}

scu_result scu_options_set_pointer(scu_options *options, scu_option option, const void *pointer) {
  const scu__option_row *row = row_for_setting(options, option, SCU_KIND_POINTER);
  if (!row) return SCU_ERROR_USAGE;
  *value_of(options, row) = (option_value){.is_set = true, .pointer = pointer};
  return SCU_OK;
}

scu_result scu_options_set_secret(scu_options *options, scu_option option, const void *bytes, size_t length) {
  const scu__option_row *row = row_for_setting(options, option, SCU_KIND_SECRET);
  if (!row) return SCU_ERROR_USAGE;
  const char *name = row->info.name;
  if (!bytes || length < (uint64_t)row->info.minimum)
    return scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: must not be empty", name);
  if (length > (uint64_t)row->info.maximum)
    return scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "%s: longer than %lld bytes, all that fits into an association request (PS3.7 D.3.3.7.1)",
                          name, (long long)row->info.maximum);
  uint8_t *copy = scu__alloc(options->allocator, length);
  if (!copy) return scu__error_memory(&options->error, SCU_PHASE_USAGE);
  memcpy(copy, bytes, length);
  option_value *value = value_of(options, row);
  drop(options->allocator, value);
  *value = (option_value){.is_set = true, .secret = copy, .length = length};
  return SCU_OK;
}

static scu_result not_a(scu_options *options, const struct scu_option_info *info, const char *text, const char *what) {
  return scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: '%s' is not %s",
                        info->flag ? info->flag : info->name, text, what);
}

scu_result scu_options_parse(scu_options *options, scu_option option, const char *utf8) {
  const scu__option_row *row = scu__option_row_of(option);
  int64_t integer = 0;
  uint64_t milliseconds = 0;
  bool boolean = false;
  if (!options || !utf8) return SCU_ERROR_USAGE;
  scu__error_clear(&options->error);
  /* Let the setters name what is wrong with the option itself. */
  switch (row ? row->info.kind : SCU_KIND_TEXT) {
  case SCU_KIND_INTEGER:
    if (!scu__parse_integer(utf8, &integer)) return not_a(options, &row->info, utf8, "a whole number in range");
    return scu_options_set_integer(options, option, integer);
  case SCU_KIND_BOOLEAN:
    if (!scu__parse_boolean(utf8, &boolean)) return not_a(options, &row->info, utf8, "yes or no");
    return scu_options_set_boolean(options, option, boolean);
  case SCU_KIND_DURATION:
    if (!scu__parse_duration(utf8, &milliseconds))
      return not_a(options, &row->info, utf8, "a time in seconds (10, 0.5, 500ms, 2m)");
    return scu_options_set_duration_ms(options, option, milliseconds);
  /* Text as people type it is in histories and process lists. */
  case SCU_KIND_SECRET:
    return scu__error_set(&options->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s is a secret, and not taken from text",
                          row->info.name);
  case SCU_KIND_TEXT:
  case SCU_KIND_POINTER: break;
  }
  return scu_options_set_text(options, option, utf8);
}

scu_result scu_options_reset(scu_options *options, scu_option option) {
  const scu__option_row *row = scu__option_row_of(option);
  if (!options || !row) return SCU_ERROR_USAGE;
  drop(options->allocator, value_of(options, row));
  return SCU_OK;
}

/* The value when it was set, else NULL; *row is NULL when there is no such option of that kind. options may be NULL:
 * then nothing was set. */
static const option_value *look_up(const scu_options *options, scu_option option, scu_option_kind kind,
                                   const scu__option_row **row) {
  *row = scu__option_row_of(option);
  if (*row && (*row)->info.kind != kind) *row = NULL;
  if (!*row || !options) return NULL;
  const option_value *value = &options->values[scu__option_index(*row)];
  return value->is_set ? value : NULL;
}

scu_result scu_options_get_text(const scu_options *options, scu_option option, const char **utf8) {
  const scu__option_row *row;
  const option_value *value = look_up(options, option, SCU_KIND_TEXT, &row);
  if (utf8) *utf8 = NULL;
  if (!row || !utf8) return SCU_ERROR_USAGE;
  *utf8 = value ? value->text : row->info.default_text ? row->info.default_text : "";
  return SCU_OK;
}

scu_result scu_options_get_integer(const scu_options *options, scu_option option, int64_t *integer) {
  const scu__option_row *row;
  const option_value *value = look_up(options, option, SCU_KIND_INTEGER, &row);
  if (!row || !integer) return SCU_ERROR_USAGE;
  if (!value) return scu__parse_integer(row->info.default_text, integer) ? SCU_OK : SCU_ERROR_USAGE;
  *integer = value->integer;
  return SCU_OK;
}

scu_result scu_options_get_boolean(const scu_options *options, scu_option option, bool *boolean) {
  const scu__option_row *row;
  const option_value *value = look_up(options, option, SCU_KIND_BOOLEAN, &row);
  if (!row || !boolean) return SCU_ERROR_USAGE;
  if (!value) return scu__parse_boolean(row->info.default_text, boolean) ? SCU_OK : SCU_ERROR_USAGE;
  *boolean = value->boolean;
  return SCU_OK;
}

scu_result scu_options_get_duration_ms(const scu_options *options, scu_option option, uint64_t *milliseconds) {
  const scu__option_row *row;
  const option_value *value = look_up(options, option, SCU_KIND_DURATION, &row);
  if (!row || !milliseconds) return SCU_ERROR_USAGE;
  if (!value) return scu__parse_duration(row->info.default_text, milliseconds) ? SCU_OK : SCU_ERROR_USAGE;
  *milliseconds = value->milliseconds;
  return SCU_OK;
}

scu_result scu_options_get_pointer(const scu_options *options, scu_option option, const void **pointer) {
  const scu__option_row *row;
  const option_value *value = look_up(options, option, SCU_KIND_POINTER, &row);
  if (pointer) *pointer = NULL;
  if (!row || !pointer) return SCU_ERROR_USAGE;
  *pointer = value ? value->pointer : NULL;
  return SCU_OK;
}

bool scu_options_is_set(const scu_options *options, scu_option option) {
  const scu__option_row *row = scu__option_row_of(option);
  return options && row && options->values[scu__option_index(row)].is_set;
}

bool scu__option_secret(const scu_options *options, scu_option option, const uint8_t **bytes, size_t *length) {
  const scu__option_row *row;
  const option_value *value = look_up(options, option, SCU_KIND_SECRET, &row);
  if (!value) return false;
  *bytes = value->secret;
  *length = value->length;
  return true;
}

int scu__option_choice(const scu_options *options, scu_option option) {
  const scu__option_row *row = scu__option_row_of(option);
  const char *text = NULL;
  if (!row || !row->info.choices || scu_options_get_text(options, option, &text) != SCU_OK) return -1;
  return scu__choice_place(row->info.choices, text);
}

const scu_allocator *scu__options_allocator(const scu_options *options) {
  const void *pointer = NULL;
  scu_options_get_pointer(options, SCU_OPTION_ALLOCATOR, &pointer);
  return pointer ? pointer : options ? options->allocator : NULL;
}

scu_error *scu__options_error(scu_options *options) {
  return &options->error;
}
