/* Keys. Values of date attributes are checked here, where `today` means something; everything else is the library's. */
#include "query_keys.h"

#include <string.h>

#include "dates.h"
#include "errors.h"
#include "query_file.h"
#include "scu/dataset.h"
#include "words.h"

enum { PATH_MAX_BYTES = 512 };

/* The VR that the dictionary gives the attribute; SCU_VR_NONE when it is not known. */
static scu_vr vr_of(const char *path) {
  scu_dataset *scratch;
  scu_vr vr = SCU_VR_NONE;
  if (scu_dataset_new(NULL, &scratch) != SCU_OK) return vr;
  if (scu_dataset_set_empty(scratch, path) == SCU_OK) {
    const scu_element *element = scu_dataset_find_path(scratch, path);
    if (element) vr = scu_element_vr(element);
  }
  scu_dataset_free(scratch);
  return vr;
}

static bool has_attribute(const char *path, const char *wanted) {
  scu_dataset *scratch;
  if (scu_dataset_new(NULL, &scratch) != SCU_OK) return false;
  bool has = scu_dataset_set_empty(scratch, path) == SCU_OK && scu_dataset_find_path(scratch, wanted) != NULL;
  scu_dataset_free(scratch);
  return has;
}

/* Both ways: a sequence is found where one of its attributes is, too. */
bool is_same_attribute(const char *a, const char *b) {
  return strcmp(a, b) == 0 || (has_attribute(a, b) && has_attribute(b, a));
}

void report_query(cli *context, const scu_query *query) {
  report_error(context, scu_query_error(query));
}

#define STEP(keyword)                                                                                                  \
  { keyword, "ScheduledProcedureStepSequence[0]." keyword }

const char *worklist_path(const char *key) {
  static const char *const paths[][2] = {
      STEP("Modality"),
      STEP("ScheduledStationAETitle"),
      STEP("ScheduledStationName"),
      STEP("ScheduledProcedureStepStartDate"),
      STEP("ScheduledProcedureStepStartTime"),
      STEP("ScheduledPerformingPhysicianName"),
      STEP("ScheduledProcedureStepDescription"),
      STEP("ScheduledProcedureStepLocation"),
      STEP("ScheduledProcedureStepID"),
      STEP("ScheduledProcedureStepStatus"),
  };
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    if (is_same_attribute(paths[i][0], key)) return paths[i][1];
  return NULL;
}

static bool is_for_worklist(const arguments *args) {
  const char *model = args->has[FLAG_MODEL] ? args->value[FLAG_MODEL] : "";
  return is_same_word(flag_words(FLAG_MODEL)[SCU_MODEL_WORKLIST], model, strlen(model));
}

static bool set_key(cli *context, scu_query *query, const char *path, const char *value) {
  char dates[64];
  if (vr_of(path) == SCU_VR_DA && strcmp(value, "\"\"") != 0) {
    if (!date_value(value, date_today(), dates, sizeof dates)) {
      report_usage(context, "20240131, 2024-01, 2024, 20240101-20241231, 20240101-, today, yesterday, -7d",
                   "%s: the value is no date or range of dates", path);
      return false;
    }
    value = dates;
  }
  if (scu_query_set(query, path, value) == SCU_OK) return true;
  report_query(context, query);
  return false;
}

/* By --query: what restricts is returned anyway. */
static bool is_restricted(const scu_query *query, const char *path) {
  const scu_element *key = scu_dataset_find_path(scu_query_keys(query), path);
  return key && (scu_element_length(key) > 0 || scu_element_item_count(key) > 0);
}

static bool add_key(cli *context, scu_query *query, bool is_worklist, const char *text) {
  char path[PATH_MAX_BYTES];
  size_t length = strcspn(text, "=");
  if (length == 0 || length >= sizeof path) {
    report_usage(context, "-k KEY=VALUE or -k KEY", "a key without attribute");
    return false;
  }
  memcpy(path, text, length);
  path[length] = 0;
  const char *step = is_worklist ? worklist_path(path) : NULL;
  if (step) memcpy(path, step, strlen(step) + 1);
  if (text[length] == '=' && text[length + 1] != 0) return set_key(context, query, path, text + length + 1);
  if (is_restricted(query, path) || scu_query_return(query, path) == SCU_OK) return true;
  report_query(context, query);
  return false;
}

static bool is_to_match(const char *key) {
  const char *value = strchr(key, '=');
  return value && value[1];
}

/* Those that match come last: that the same attribute is to be returned as well takes nothing from it. */
static bool add_keys(cli *context, scu_query *query, const arguments *args) {
  bool is_worklist = is_for_worklist(args);
  for (size_t i = 1; i < args->positional_count; i++) {
    const char *word = args->positional[i];
    if (strchr(word, '=')) continue;
    /* A word that is no key may be a name that was to be looked for. */
    bool is_sayable = context->shows_phi || vr_of(word) != SCU_VR_NONE;
    report_usage(context, "KEY=VALUE to match, -k KEY to have it returned", "'%s' is no KEY=VALUE",
                 is_sayable ? word : "(masked)");
    return false;
  }
  for (int matching = 0; matching < 2; matching++) {
    for (size_t i = 1; i < args->positional_count; i++)
      if (is_to_match(args->positional[i]) == matching && !add_key(context, query, is_worklist, args->positional[i]))
        return false;
    for (size_t i = 0; i < args->key_count; i++)
      if (is_to_match(args->keys[i]) == matching && !add_key(context, query, is_worklist, args->keys[i])) return false;
  }
  return true;
}

static bool level_of_flag(cli *context, const arguments *args, flag which, scu_query_level fallback,
                          scu_query_level *level) {
  size_t place = 0;
  *level = fallback;
  if (!args->has[which]) return true;
  if (!argument_word(context, args, which, flag_words(which), 0, &place)) return false;
  *level = place > SCU_LEVEL_IMAGE ? SCU_LEVEL_IMAGE : (scu_query_level)place;
  return true;
}

bool level_argument(cli *context, const arguments *args, scu_query_level fallback, scu_query_level *level) {
  return level_of_flag(context, args, FLAG_LEVEL, fallback, level);
}

static bool set_model(cli *context, scu_query *query, const arguments *args) {
  size_t place = 0;
  if (!args->has[FLAG_MODEL]) return true;
  return argument_word(context, args, FLAG_MODEL, flag_words(FLAG_MODEL), 0, &place) &&
         scu_query_set_model(query, (scu_model)place) == SCU_OK;
}

static bool set_relational(cli *context, scu_query *query, const arguments *args) {
  size_t wish = 0;
  return argument_word(context, args, FLAG_RELATIONAL, flag_words(FLAG_RELATIONAL), SCU_WISH_AUTO, &wish) &&
         scu_query_set_option(query, SCU_QUERY_RELATIONAL, (scu_wish)wish) == SCU_OK;
}

/* "date-time,fuzzy" */
static bool set_extended(cli *context, scu_query *query, const arguments *args) {
  /* In the order of the words. */
  static const scu_query_option options[] = {SCU_QUERY_COMBINED_DATE_TIME, SCU_QUERY_FUZZY_NAMES,
                                             SCU_QUERY_TIMEZONE,           SCU_QUERY_VIEW,
                                             SCU_QUERY_EMPTY_VALUE,        SCU_QUERY_MULTIPLE_VALUES};
  const char *const *words = flag_words(FLAG_EXTENDED);
  for (const char *at = args->has[FLAG_EXTENDED] ? args->value[FLAG_EXTENDED] : ""; *at;) {
    size_t length = strcspn(at, ","), i = 0;
    while (words[i] && !is_same_word(words[i], at, length)) i++;
    if (!words[i]) {
      report_usage(context, "date-time, fuzzy, timezone, view, empty, multiple",
                   "--extended: '%.*s' is not a word it knows", (int)length, at);
      return false;
    }
    scu_query_set_option(query, options[i], SCU_WISH_YES);
    at += length + (at[length] == ',');
  }
  return true;
}

static bool set_flags(cli *context, scu_query *query, const arguments *args) {
  uint64_t limit = 0;
  scu_query_level level, depth;
  if (!level_argument(context, args, SCU_LEVEL_DEFAULT, &level)) return false;
  if (!level_of_flag(context, args, FLAG_DEPTH, SCU_LEVEL_DEFAULT, &depth) || !set_model(context, query, args))
    return false;
  if (!set_relational(context, query, args) || !set_extended(context, query, args)) return false;
  if (args->has[FLAG_LIMIT] && !argument_number(context, args, FLAG_LIMIT, 1, UINT32_MAX, &limit)) return false;
  if (args->has[FLAG_LEVEL]) scu_query_set_level(query, level); /* else that of --query */
  scu_query_set_depth(query, depth);
  scu_query_set_limit(query, limit);
  scu_query_set_all(query, args->has[FLAG_ALL]);
  scu_query_set_strict(query, args->has[FLAG_STRICT]);
  scu_query_set_split(query, args->has[FLAG_SPLIT]);
  scu_query_set_raw_identifier(query, args->has[FLAG_RAW_IDENTIFIER]);
  return true;
}

scu_query *query_from_arguments(cli *context, const arguments *args, bool needs_keys) {
  scu_query *query = NULL;
  scu_model model;
  scu_query_level level;
  if (scu_query_new(NULL, &query) != SCU_OK) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    return NULL;
  }
  bool is_good = !args->has[FLAG_QUERY] || query_from_file(context, query, args->value[FLAG_QUERY]);
  is_good = is_good && set_flags(context, query, args) && add_keys(context, query, args);
  if (is_good && needs_keys && scu_query_check(query, &model, &level) != SCU_OK) {
    report_query(context, query);
    is_good = false;
  }
  if (is_good) return query;
  scu_query_free(query);
  return NULL;
}

scu_query_level query_level(scu_query *query) {
  scu_model model;
  scu_query_level level;
  return scu_query_check(query, &model, &level) == SCU_OK ? level : SCU_LEVEL_DEFAULT;
}

scu_query_level query_depth(scu_query *query, const arguments *args) {
  scu_query_level depth = SCU_LEVEL_DEFAULT, level = query_level(query);
  if (args->has[FLAG_DEPTH]) level_of_flag(NULL, args, FLAG_DEPTH, level, &depth);
  return depth > level ? depth : level;
}

void query_ask_for_columns(scu_query *query) {
  scu_model model;
  scu_query_level level;
  if (scu_query_check(query, &model, &level) != SCU_OK || level != SCU_LEVEL_STUDY) return;
  /* Where patients are a level of their own, it is asked when one of its attributes is wanted. */
  bool is_above = model == SCU_MODEL_PATIENT || model == SCU_MODEL_PATIENT_STUDY_ONLY;
  bool is_named = scu_dataset_find_path(scu_query_keys(query), "PatientName") != NULL;
  if (is_above && !is_named) scu_query_return(query, "PatientName");
}
