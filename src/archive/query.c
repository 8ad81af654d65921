/* The rules of identifiers. */
#include "archive/query.h"

#include <string.h>

#include "data/path.h"

static scu_result refuse(scu_error *error, scu_tag tag, const char *reason) {
  char name[100];
  scu__path_format_tag(tag, name, sizeof name);
  scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_REQUEST, "%s %s", name, reason);
  scu__error_at(error, tag, UINT64_MAX);
  return SCU_ERROR_MALFORMED;
}

const char *scu__level_text(scu__level level) {
  static const char *const texts[SCU__LEVEL_COUNT] = {"PATIENT", "STUDY", "SERIES", "IMAGE", ""};
  return texts[level];
}

static scu__level top_level(scu__index_model model) {
  return model == SCU__MODEL_STUDY_ROOT ? SCU__LEVEL_STUDY : SCU__LEVEL_PATIENT;
}

static scu__level bottom_level(scu__index_model model) {
  return model == SCU__MODEL_PATIENT_STUDY_ONLY ? SCU__LEVEL_STUDY : SCU__LEVEL_IMAGE;
}

/* ---- control elements ---- */

static scu_result read_level(scu__plan *plan, const scu_dataset *identifier, scu_error *error) {
  char text[20];
  if (plan->model == SCU__MODEL_WORKLIST) {
    plan->level = SCU__LEVEL_WORKLIST;
    return SCU_OK;
  }
  const scu_element *element = scu_dataset_find(identifier, SCU__TAG_QUERY_LEVEL);
  if (!element) return refuse(error, SCU__TAG_QUERY_LEVEL, "is missing");
  if (scu_element_vr(element) != SCU_VR_CS || scu_element_text(identifier, element, text, sizeof text) != SCU_OK)
    return refuse(error, SCU__TAG_QUERY_LEVEL, "is no level");
  for (scu__level level = top_level(plan->model); level <= bottom_level(plan->model); level++) {
    plan->level = level;
    if (strcmp(text, scu__level_text(level)) == 0) return SCU_OK;
  }
  return refuse(error, SCU__TAG_QUERY_LEVEL, text[0] ? "is no level of this information model" : "has no value");
}

/* In the defined terms of the Standard, however the request wrote them. */
static void read_charset(scu__plan *plan, const scu_dataset *identifier) {
  scu__charset charset = scu__dataset_charset(identifier);
  if (!charset.has_unknown_term) scu__charset_text(&charset, plan->charset);
}

static scu_result read_timezone(scu__plan *plan, const scu__index_query *query, scu_error *error) {
  char text[20];
  const scu_element *element = scu_dataset_find(query->identifier, SCU__TAG_TIMEZONE);
  if (!element || !query->timezone) return SCU_OK;
  if (scu_element_text(query->identifier, element, text, sizeof text) != SCU_OK ||
      !scu__offset_parse(text, strlen(text), &plan->assumed_offset))
    return refuse(error, SCU__TAG_TIMEZONE, "is no offset from UTC");
  plan->has_timezone = true;
  memcpy(plan->timezone, text, 6);
  return SCU_OK;
}

/* ---- where keys are looked up ---- */

static scu__level level_of_key(const scu__plan *plan, scu_tag tag) {
  if (plan->model == SCU__MODEL_WORKLIST) return SCU__LEVEL_WORKLIST;
  scu__level level = scu__attribute_level(tag);
  /* C.6.2: in Study Root the attributes of the patient are those of the study. */
  return plan->model == SCU__MODEL_STUDY_ROOT && level == SCU__LEVEL_PATIENT ? SCU__LEVEL_STUDY : level;
}

static bool is_single(const scu__key *key) {
  return key->kind == SCU__KEY_TEXT && key->value_count == 1 && !key->values[0].has_wildcard;
}

/* Records of a study hold the attributes of its patient, so that patients are read at their own level only. */
static uint8_t source_of(const scu__plan *plan, scu_tag tag) {
  scu__level level = level_of_key(plan, tag);
  if (level == SCU__LEVEL_PATIENT && plan->level != SCU__LEVEL_PATIENT) return SCU__SOURCE_STUDY;
  return (uint8_t)level;
}

static void ignore(scu__plan *plan, size_t index) {
  scu__key *key = &plan->keys[index];
  if (key->is_matched) plan->has_unmatched_keys = true;
  plan->sources[index] = SCU__SOURCE_NONE;
  key->kind = SCU__KEY_UNIVERSAL;
}

/* Keys below the level: with values they need rows of their own level (relational), or are not allowed. */
static scu_result place_lower(scu__plan *plan, size_t index, bool relational, scu_error *error) {
  scu__key *key = &plan->keys[index];
  scu__level level = level_of_key(plan, key->tag);
  if (key->is_matched && relational && !scu__attribute_is_computed(key->tag)) {
    if (level > plan->scan) plan->scan = level;
    plan->sources[index] = (uint8_t)level;
    return SCU_OK;
  }
  bool is_known = key->tag == scu__unique_key(level) || scu__attribute_is_required(key->tag);
  if (key->is_matched && !relational && is_known)
    return refuse(error, key->tag, "is a key of a level below the one that is asked for");
  ignore(plan, index);
  return SCU_OK;
}

/* Keys above the level: unique ones with one value; others only if relational queries were agreed. */
static scu_result place_upper(scu__plan *plan, size_t index, bool relational, scu_error *error) {
  scu__key *key = &plan->keys[index];
  scu__level level = level_of_key(plan, key->tag);
  plan->sources[index] = source_of(plan, key->tag);
  if (relational || !key->is_matched) return SCU_OK;
  if (key->tag != scu__unique_key(level))
    return refuse(error, key->tag, "belongs to a level above the one that is asked for and is not its unique key");
  if (!is_single(key)) return refuse(error, key->tag, "may have one value only above the level that is asked for");
  return SCU_OK;
}

/* Computed ones know their level by the same table. */
static scu_result place_key(scu__plan *plan, size_t index, bool relational, scu_error *error) {
  scu__key *key = &plan->keys[index];
  scu__level level = level_of_key(plan, key->tag);
  scu_result result = SCU_OK;
  if (key->kind == SCU__KEY_UNMATCHED) plan->has_unmatched_keys = true;
  plan->sources[index] = source_of(plan, key->tag);
  if (plan->model == SCU__MODEL_WORKLIST) return SCU_OK;
  if (level > plan->level) result = place_lower(plan, index, relational, error);
  if (level < plan->level) result = place_upper(plan, index, relational, error);
  if (scu__attribute_is_computed(key->tag) && plan->sources[index] != SCU__SOURCE_NONE)
    plan->sources[index] = SCU__SOURCE_COMPUTED;
  return result;
}

/* ---- unique keys ---- */

static scu__key *find_key(const scu__plan *plan, scu_tag tag) {
  for (size_t i = 0; i < plan->key_count; i++)
    if (plan->keys[i].tag == tag) return &plan->keys[i];
  return NULL;
}

static scu_result check_upper_keys(const scu__plan *plan, scu_error *error) {
  for (scu__level level = top_level(plan->model); level < plan->level; level++) {
    const scu__key *key = find_key(plan, scu__unique_key(level));
    if (!key || !key->is_matched)
      return refuse(error, scu__unique_key(level),
                    "of a higher level needs a value: relational queries were not agreed");
  }
  return SCU_OK;
}

/* C.2.2.1.1: the unique key of the level is one value, a list of UIDs or universal. That it is missing from a query is
 * forgiven; a retrieve without it would send everything. */
static scu_result check_retrieve_keys(const scu__plan *plan, scu_error *error) {
  const scu__key *own = find_key(plan, scu__unique_key(plan->level));
  if (!own || !own->is_matched) return refuse(error, scu__unique_key(plan->level), "needs a value to be retrieved by");
  for (size_t i = 0; i < plan->key_count; i++) {
    const scu__key *key = &plan->keys[i];
    if (key->is_matched && key->vr != SCU_VR_UI && !is_single(key))
      return refuse(error, key->tag, "may have one value only, without wildcards, to be retrieved by");
  }
  return SCU_OK;
}

/* C.4.2.1.4: all that was asked for besides unique keys. Without value it is noise and left out. */
static scu_result keep_unique_keys(scu__plan *plan, scu_error *error) {
  size_t kept = 0;
  for (size_t i = 0; i < plan->key_count; i++) {
    const scu__key *key = &plan->keys[i];
    bool is_unique = false;
    for (scu__level level = top_level(plan->model); level <= plan->level; level++)
      is_unique = is_unique || key->tag == scu__unique_key(level);
    if (!is_unique && key->is_matched) return refuse(error, key->tag, "is no unique key: nothing is retrieved by it");
    if (is_unique) plan->keys[kept++] = *key;
  }
  plan->key_count = kept;
  return SCU_OK;
}

static bool is_indexed(const scu__plan *plan, size_t index) {
  return plan->sources[index] < SCU__LEVEL_COUNT &&
         scu__column_find((scu__level)plan->sources[index], 0, plan->keys[index].tag) != NULL;
}

/* What depends on model and level: Patient ID is a unique key in one root and a required one in the other. */
static void settle_key(scu__plan *plan, size_t index, const scu__index_options *options) {
  scu__key *key = &plan->keys[index];
  bool is_patient_root = plan->model == SCU__MODEL_PATIENT_ROOT || plan->model == SCU__MODEL_PATIENT_STUDY_ONLY;
  bool never = options->unknown_never_matches || plan->is_retrieve || plan->model == SCU__MODEL_WORKLIST ||
               (is_patient_root && key->tag == SCU__TAG_PATIENT_ID);
  key->is_required = !never && scu__attribute_is_required(key->tag); /* of a worklist: K.2.2.1.1.1 */
  key->is_first_only = is_indexed(plan, index);
}

static void settle_children(const scu__plan *plan) {
  for (size_t i = 0; i < plan->key_count; i++) {
    if (plan->keys[i].tag != SCU__TAG_SCHEDULED_STEP || plan->model != SCU__MODEL_WORKLIST) continue;
    for (size_t k = 0; k < plan->keys[i].child_count; k++) {
      scu__key *child = &plan->keys[i].children[k];
      child->is_first_only = scu__column_find(SCU__LEVEL_WORKLIST, SCU__TAG_SCHEDULED_STEP, child->tag) != NULL;
    }
  }
}

/* ---- the plan ---- */

static scu_result place_keys(scu__plan *plan, const scu__index_query *query, const scu__index_options *options,
                             scu_error *error) {
  plan->sources = scu__arena_take(&plan->arena, plan->key_count);
  if (!plan->sources) return scu__error_memory(error, SCU_PHASE_REQUEST);
  for (size_t i = 0; i < plan->key_count; i++) {
    scu_result result = place_key(plan, i, query->relational, error);
    if (result != SCU_OK) return result;
    settle_key(plan, i, options);
  }
  settle_children(plan);
  return SCU_OK;
}

static scu_result compile(scu__plan *plan, const scu__index_query *query, scu_error *error) {
  scu__key_rules rules = {.is_worklist = plan->model == SCU__MODEL_WORKLIST,
                          .combined_date_time = query->combined_date_time,
                          .fuzzy_names = query->fuzzy_names,
                          .empty_value = query->empty_value,
                          .multiple_value = query->multiple_value,
                          .assumed_offset = plan->assumed_offset};
  scu_result result = scu__keys_compile(query->identifier, &rules, &plan->arena, &plan->keys, &plan->key_count, error);
  if (result == SCU_OK && plan->key_count == 0 && rules.is_worklist)
    result = refuse(error, SCU__TAG_SCHEDULED_STEP, "is missing, and so is every other key");
  return result;
}

scu_result scu__plan_make(scu__plan *plan, const scu__index_query *query, bool is_retrieve,
                          const scu__index_options *options, const scu_allocator *allocator, scu_error *error) {
  memset(plan, 0, sizeof *plan);
  plan->model = query->model;
  plan->is_retrieve = is_retrieve;
  plan->without_narrowing = query->without_narrowing && !is_retrieve;
  plan->assumed_offset = options->timezone_minutes;
  scu__arena_init(&plan->arena, allocator);
  scu_result result = read_level(plan, query->identifier, error);
  if (result == SCU_OK) result = read_timezone(plan, query, error);
  if (result != SCU_OK) return result;
  plan->scan = is_retrieve ? SCU__LEVEL_IMAGE : plan->level;
  read_charset(plan, query->identifier);
  result = compile(plan, query, error);
  if (result == SCU_OK && is_retrieve) result = keep_unique_keys(plan, error);
  if (result == SCU_OK) result = place_keys(plan, query, options, error);
  if (result == SCU_OK && plan->model != SCU__MODEL_WORKLIST && !query->relational)
    result = check_upper_keys(plan, error);
  if (result == SCU_OK && is_retrieve) result = check_retrieve_keys(plan, error);
  return result;
}

void scu__plan_free(scu__plan *plan) {
  scu__arena_free(&plan->arena);
  memset(plan, 0, sizeof *plan);
}
