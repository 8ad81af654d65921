/* SQL for a plan. */
#include "archive/narrow.h"

#include <string.h>

#include "base/alloc.h"

enum { SQL_MAX = 64 * 1024, KEY_BINDS_MAX = 8 };

typedef struct builder {
  scu__narrow *narrow;
  scu__plan *plan;
  bool has_condition;
  bool is_out_of_memory;
} builder;

static const char alias_of[SCU__LEVEL_COUNT] = {'p', 's', 'e', 'i', 'w'};

/* ---- pieces ---- */

static void put(builder *b, const char *sql) {
  scu__put_text(&b->narrow->sql, sql);
}

static void bind_text(builder *b, const char *text, size_t length) {
  b->narrow->binds[b->narrow->bind_count++] = (scu__bind){.text = text ? text : "", .length = length};
  put(b, "?");
}

static void bind_integer(builder *b, int64_t value) {
  b->narrow->binds[b->narrow->bind_count++] = (scu__bind){.integer = value};
  put(b, "?");
}

/* s.name or s.name_2 */
static void put_column(builder *b, const scu__column *column, unsigned group) {
  char alias[3] = {alias_of[column->level], '.', 0}, suffix[3] = {'_', (char)('0' + group), 0};
  put(b, alias);
  put(b, column->name);
  if (group > 0) put(b, suffix);
}

static void begin_condition(builder *b) {
  put(b, b->has_condition ? " AND (" : " WHERE (");
  b->has_condition = true;
}

static void end_condition(builder *b) {
  put(b, ")");
}

/* ---- texts ---- */

static size_t prefix_length(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (text[i] == '*' || text[i] == '?') return i;
  return length;
}

/* Every text that begins so, and only those: bytes compare like code points. */
static void put_prefix(builder *b, const scu__column *column, unsigned group, const char *prefix, size_t length) {
  char *beyond = scu__arena_take(&b->plan->arena, length);
  if (!beyond) {
    b->is_out_of_memory = true;
    return;
  }
  memcpy(beyond, prefix, length);
  beyond[length - 1] = (char)((unsigned char)beyond[length - 1] + 1);
  put(b, "(");
  put_column(b, column, group);
  put(b, ">=");
  bind_text(b, prefix, length);
  put(b, " AND ");
  put_column(b, column, group);
  put(b, "<");
  bind_text(b, beyond, length);
  put(b, ")");
}

/* ["1.2.3","1.2.4"]: one parameter however long the list. Control characters were refused, so two escapes do. */
static void bind_list(builder *b, const scu__key *key, bool with_empty) {
  size_t room = 8;
  for (size_t i = 0; i < key->value_count; i++) room += 2 * key->values[i].length + 3;
  char *json = scu__arena_take(&b->plan->arena, room), *at = json;
  if (!json) {
    b->is_out_of_memory = true;
    return;
  }
  *at++ = '[';
  if (with_empty) {
    memcpy(at, "\"\",", 3);
    at += 3;
  }
  for (size_t i = 0; i < key->value_count; i++) {
    if (i > 0) *at++ = ',';
    *at++ = '"';
    for (size_t k = 0; k < key->values[i].length; k++) {
      char c = key->values[i].text[k];
      if (c == '"' || c == '\\') *at++ = '\\';
      *at++ = c;
    }
    *at++ = '"';
  }
  *at++ = ']';
  put(b, "(SELECT value FROM json_each(");
  bind_text(b, json, (size_t)(at - json));
  put(b, "))");
}

static bool has_wildcard(const scu__key *key) {
  for (size_t i = 0; i < key->value_count; i++)
    if (key->values[i].has_wildcard) return true;
  return false;
}

static void narrow_pattern(builder *b, const scu__key *key, const scu__column *column) {
  const scu__key_value *value = &key->values[0];
  size_t length = prefix_length(value->text, value->length);
  if (key->value_count != 1 || length == 0) return;
  begin_condition(b);
  put_prefix(b, column, 0, value->text, length);
  if (key->is_required) {
    put(b, " OR ");
    put_column(b, column, 0);
    put(b, "=''");
  }
  end_condition(b);
}

static void narrow_text(builder *b, const scu__key *key, const scu__column *column) {
  if (has_wildcard(key)) {
    narrow_pattern(b, key, column);
    return;
  }
  begin_condition(b);
  put_column(b, column, 0);
  if (key->value_count > 1 || key->is_required) {
    put(b, " IN ");
    if (key->value_count > 1) {
      bind_list(b, key, key->is_required);
    } else {
      put(b, "('',");
      bind_text(b, key->values[0].text, key->values[0].length);
      put(b, ")");
    }
  } else {
    put(b, "=");
    bind_text(b, key->values[0].text, key->values[0].length);
  }
  end_condition(b);
}

/* ---- names ---- */

static void put_name_group(builder *b, const scu__column *column, unsigned group, const char *text, size_t length) {
  size_t prefix = prefix_length(text, length);
  if (prefix < length) {
    put_prefix(b, column, group, text, prefix);
    return;
  }
  put_column(b, column, group);
  put(b, "=");
  bind_text(b, text, length);
}

static void put_unknown_name(builder *b, const scu__column *column) {
  put(b, " OR (");
  for (unsigned group = 1; group <= 3; group++) {
    if (group > 1) put(b, " AND ");
    put_column(b, column, group);
    put(b, "=''");
  }
  put(b, ")");
}

/* The key in any group, or the first group that says something against its own. */
static void narrow_name(builder *b, const scu__key *key, const scu__column *column) {
  const scu__key_value *value = &key->values[0];
  size_t at = 0;
  if (key->value_count != 1) return;
  while (at < value->group_count && prefix_length(value->groups[at], value->group_lengths[at]) == 0) at++;
  if (at == value->group_count) return;
  begin_condition(b);
  if (value->group_count > 1) {
    put_name_group(b, column, (unsigned)at + 1, value->groups[at], value->group_lengths[at]);
  } else {
    for (unsigned group = 1; group <= 3; group++) {
      if (group > 1) put(b, " OR ");
      put_name_group(b, column, group, value->groups[0], value->group_lengths[0]);
    }
  }
  if (key->is_required) put_unknown_name(b, column);
  end_condition(b);
}

/* ---- numbers, dates and times ---- */

/* In another zone the date may be the one before or after. */
static scu__interval widened(const scu__interval *dates) {
  scu__interval wide = *dates;
  if (wide.low != INT64_MIN) wide.low = scu__date_of_days(scu__days_of_date(wide.low) - 1);
  if (wide.high != INT64_MAX) wide.high = scu__date_of_days(scu__days_of_date(wide.high) + 1);
  return wide;
}

static void narrow_interval(builder *b, const scu__key *key, const scu__column *column) {
  if (key->value_count != 1) return;
  bool is_zoned = b->plan->has_timezone && column->kind != SCU__COLUMN_NUMBER;
  /* Combined with a date, or in another zone, a time is no bound of its own. */
  if (key->is_joined || (is_zoned && column->kind == SCU__COLUMN_TIME)) return;
  scu__interval wide = is_zoned ? widened(&key->values[0].interval) : key->values[0].interval, *interval = &wide;
  begin_condition(b);
  put(b, "(");
  if (interval->low == interval->high) {
    put_column(b, column, 0);
    put(b, "=");
    bind_integer(b, interval->low);
  } else {
    if (interval->low != INT64_MIN) {
      put_column(b, column, 0);
      put(b, ">=");
      bind_integer(b, interval->low);
    }
    if (interval->low != INT64_MIN && interval->high != INT64_MAX) put(b, " AND ");
    if (interval->high != INT64_MAX) {
      put_column(b, column, 0);
      put(b, "<=");
      bind_integer(b, interval->high);
    }
  }
  put(b, ")");
  if (key->is_required) {
    put(b, " OR ");
    put_column(b, column, 0);
    put(b, " IS NULL");
  }
  end_condition(b);
}

/* ---- keys ---- */

static void narrow_key(builder *b, const scu__key *key, const scu__column *column) {
  if (b->narrow->bind_count + KEY_BINDS_MAX > SCU__NARROW_BINDS_MAX) return;
  if (key->needs_all || key->value_count == 0) return;
  if (key->kind == SCU__KEY_TEXT && column->kind == SCU__COLUMN_TEXT) narrow_text(b, key, column);
  if (key->kind == SCU__KEY_NAME && column->kind == SCU__COLUMN_NAME) narrow_name(b, key, column);
  if (key->kind == SCU__KEY_INTEGER && column->kind == SCU__COLUMN_NUMBER) narrow_interval(b, key, column);
  if (key->kind == SCU__KEY_MOMENT && (column->kind == SCU__COLUMN_DATE || column->kind == SCU__COLUMN_TIME))
    narrow_interval(b, key, column);
}

static void narrow_modalities(builder *b, const scu__key *key) {
  if (key->kind != SCU__KEY_TEXT || key->value_count != 1 || key->values[0].has_wildcard) return;
  if (b->plan->scan < SCU__LEVEL_STUDY || b->narrow->bind_count + KEY_BINDS_MAX > SCU__NARROW_BINDS_MAX) return;
  begin_condition(b);
  put(b, "EXISTS(SELECT 1 FROM series m WHERE m.study=s.id AND m.modality=");
  bind_text(b, key->values[0].text, key->values[0].length);
  put(b, ")");
  end_condition(b);
}

static void narrow_step(builder *b, const scu__key *step) {
  for (size_t i = 0; step->kind == SCU__KEY_SEQUENCE && i < step->child_count; i++) {
    const scu__column *column = scu__column_find(SCU__LEVEL_WORKLIST, SCU__TAG_SCHEDULED_STEP, step->children[i].tag);
    if (column) narrow_key(b, &step->children[i], column);
  }
}

static void narrow_keys(builder *b) {
  for (size_t i = 0; i < b->plan->key_count; i++) {
    const scu__key *key = &b->plan->keys[i];
    uint8_t source = b->plan->sources[i];
    if (source == SCU__SOURCE_COMPUTED && key->tag == SCU__TAG_MODALITIES_IN_STUDY) narrow_modalities(b, key);
    if (source == SCU__SOURCE_WORKLIST && key->tag == SCU__TAG_SCHEDULED_STEP) narrow_step(b, key);
    if (source >= SCU__LEVEL_COUNT) continue;
    const scu__column *column = scu__column_find((scu__level)source, 0, key->tag);
    if (column) narrow_key(b, key, column);
  }
}

/* ---- tables ---- */

static const char *columns_of(const scu__plan *plan) {
  if (plan->is_retrieve) return "SELECT i.sop_class,i.uid,i.transfer_syntax,i.path,i.length,i.digest";
  switch (plan->scan) {
  case SCU__LEVEL_PATIENT: return "SELECT p.id,NULL,NULL,NULL,p.record,NULL";
  case SCU__LEVEL_STUDY: return "SELECT s.patient,s.id,NULL,NULL,s.record,NULL";
  case SCU__LEVEL_SERIES: return "SELECT s.patient,s.id,e.id,NULL,e.record,NULL";
  case SCU__LEVEL_IMAGE: return "SELECT s.patient,s.id,e.id,i.id,i.record,i.transfer_syntax";
  default: return "SELECT NULL,NULL,NULL,w.id,w.record,NULL";
  }
}

static void put_tables(builder *b) {
  const scu__plan *plan = b->plan;
  switch (plan->scan) {
  case SCU__LEVEL_PATIENT: put(b, " FROM patients p"); return;
  case SCU__LEVEL_STUDY: put(b, " FROM studies s"); break;
  case SCU__LEVEL_SERIES: put(b, " FROM series e JOIN studies s ON s.id=e.study"); break;
  case SCU__LEVEL_IMAGE:
    put(b, " FROM instances i JOIN series e ON e.id=i.series JOIN studies s ON s.id=e.study");
    break;
  default: put(b, " FROM worklist w"); return;
  }
  if (plan->level == SCU__LEVEL_PATIENT && !plan->is_retrieve) put(b, " JOIN patients p ON p.id=s.patient");
}

/* ---- public ---- */

/* A retrieve of a patient goes by the Patient ID that its studies have. */
static void place_for_retrieve(scu__plan *plan) {
  for (size_t i = 0; i < plan->key_count; i++)
    if (plan->keys[i].tag == SCU__TAG_PATIENT_ID) plan->sources[i] = SCU__SOURCE_STUDY;
}

scu_result scu__narrow_make(scu__narrow *narrow, scu__plan *plan, scu__narrow_purpose purpose) {
  builder b = {.narrow = narrow, .plan = plan};
  memset(narrow, 0, sizeof *narrow);
  scu__buffer_init(&narrow->sql, plan->arena.allocator, SQL_MAX);
  if (plan->is_retrieve) place_for_retrieve(plan);
  put(&b, purpose == SCU__NARROW_COUNT ? "SELECT COUNT(*)" : columns_of(plan));
  put_tables(&b);
  if (!plan->without_narrowing) narrow_keys(&b);
  scu__put_u8(&narrow->sql, 0);
  return b.is_out_of_memory ? SCU_ERROR_MEMORY : scu__buffer_result(&narrow->sql);
}

void scu__narrow_free(scu__narrow *narrow) {
  scu__buffer_free(&narrow->sql);
}

void scu__narrow_bind(const scu__narrow *narrow, scu__statement *statement) {
  for (int i = 0; i < narrow->bind_count; i++) {
    const scu__bind *bind = &narrow->binds[i];
    if (bind->text)
      scu__bind_text(statement, i + 1, bind->text, bind->length);
    else
      scu__bind_integer(statement, i + 1, bind->integer);
  }
}
