/* One search: rows from the database, held against the exact rules, made into answers one by one. Nothing is collected:
 * memory is that of one row, and of one bit an entity where a relational query meets it again and again. */
#include <string.h>

#include "archive/answer.h"
#include "archive/index_private.h"
#include "archive/narrow.h"
#include "archive/zone.h"
#include "base/limits.h"
#include "data/dataset_encode.h"
#include "data/decimal.h"
#include "service/match.h"

enum {
  CANDIDATES_PER_STEP = 4096, /* rows looked at before SCU_MORE: a few milliseconds */
  SEEN_MAX = 64 * 1024 * 1024,
  LIST_MAX = 64 * 1024 /* bytes of a computed list */
};

/* The record of one level that the row belongs to. */
typedef struct level_view {
  int64_t id; /* 0 = none */
  bool is_loaded;
  scu__record record;
} level_view;

/* How a key of a higher level fared with the entity that the row shares with the one before. */
typedef struct verdict {
  int64_t id; /* 0 = none yet */
  bool is_match;
} verdict;

/* What was worked out last, and for which entity. */
typedef struct computed {
  int64_t id;
  scu__buffer text;
} computed;

struct scu__index_cursor {
  scu__index *index;
  scu__index_reader *reader;
  scu__plan plan;
  scu__narrow narrow;
  scu__statement *rows;
  uint64_t total;
  scu__matcher matcher;
  int64_t ids[SCU__LEVEL_COUNT];
  level_view views[SCU__LEVEL_COUNT];
  computed computed[SCU__LOOKUP_COUNT];
  verdict *verdicts;             /* of each key */
  scu__dataset_decoder *decoder; /* made for the first sequence */
  scu_dataset *sequence;
  scu_element element;            /* handed out last */
  char moved[SCU__ZONE_TEXT_MAX]; /* its value, when that is told in another zone */
  uint8_t *seen;                  /* bits by id, of the level that is answered */
  size_t seen_size;
  scu_error *error; /* of the call that is going on */
};

/* ---- life ---- */

static scu_result no_memory(scu_error *error) {
  return scu__error_memory(error, SCU_PHASE_STORAGE);
}

void scu__index_cursor_close(scu__index_cursor *cursor) {
  if (!cursor) return;
  const scu_allocator *allocator = cursor->index->allocator;
  scu__statement_finalize(cursor->rows);
  scu__reader_release(cursor->index, cursor->reader);
  scu__narrow_free(&cursor->narrow);
  scu__plan_free(&cursor->plan);
  scu__matcher_free(&cursor->matcher);
  for (size_t i = 0; i < SCU__LOOKUP_COUNT; i++) scu__buffer_free(&cursor->computed[i].text);
  if (cursor->decoder) scu__dataset_decoder_free(cursor->decoder);
  scu__free(allocator, cursor->decoder);
  scu_dataset_free(cursor->sequence);
  scu__free(allocator, cursor->verdicts);
  scu__free(allocator, cursor->seen);
  scu__free(allocator, cursor);
}

static uint16_t status_of(scu_result result) {
  if (result == SCU_OK) return 0x0000;
  if (result == SCU_ERROR_MALFORMED) return 0xA900;
  return result == SCU_ERROR_LIMIT || result == SCU_ERROR_MEMORY ? 0xA700 : 0xC000;
}

static scu_result count_rows(scu__index_cursor *cursor, scu_error *error) {
  scu__narrow narrow;
  scu__statement *count = NULL;
  scu_result result = scu__narrow_make(&narrow, &cursor->plan, SCU__NARROW_COUNT);
  if (result != SCU_OK) no_memory(error);
  if (result == SCU_OK)
    result = scu__database_prepare(cursor->reader->database, (const char *)narrow.sql.data, &count, error);
  if (result == SCU_OK) {
    scu__narrow_bind(&narrow, count);
    result = scu__statement_step(count, error);
  }
  if (result == SCU_OK) cursor->total = (uint64_t)scu__column_integer(count, 0);
  scu__statement_finalize(count);
  scu__narrow_free(&narrow);
  return result < 0 ? result : SCU_OK;
}

/* What an index reports as damage is no fault of the identifier. */
static scu_result start_rows(scu__index_cursor *cursor, scu_error *error) {
  scu_result result = scu__reader_acquire(cursor->index, &cursor->reader, error);
  if (result != SCU_OK) return result;
  result = scu__narrow_make(&cursor->narrow, &cursor->plan, SCU__NARROW_ROWS);
  if (result != SCU_OK) return no_memory(error);
  result = scu__database_prepare(cursor->reader->database, (const char *)cursor->narrow.sql.data, &cursor->rows, error);
  if (result != SCU_OK) return result;
  scu__narrow_bind(&cursor->narrow, cursor->rows);
  cursor->verdicts = scu__alloc_array(cursor->index->allocator, cursor->plan.key_count, sizeof *cursor->verdicts);
  if (!cursor->verdicts) return no_memory(error);
  return cursor->plan.is_retrieve ? count_rows(cursor, error) : SCU_OK;
}

static scu_result start(scu__index *index, const scu__index_query *query, bool is_retrieve, scu__index_cursor **out,
                        uint16_t *status, scu_error *error) {
  uint16_t ignored;
  if (!status) status = &ignored;
  *out = NULL;
  *status = 0xA700;
  scu__index_cursor *cursor = scu__alloc(index->allocator, sizeof *cursor);
  if (!cursor) return no_memory(error);
  cursor->index = index;
  scu__matcher_init(&cursor->matcher, index->allocator);
  cursor->matcher.assumed_offset = index->options.timezone_minutes;
  for (size_t i = 0; i < SCU__LOOKUP_COUNT; i++)
    scu__buffer_init(&cursor->computed[i].text, index->allocator, LIST_MAX);
  scu_result result = scu__plan_make(&cursor->plan, query, is_retrieve, &index->options, index->allocator, error);
  *status = status_of(result);
  if (result == SCU_OK) {
    result = start_rows(cursor, error);
    if (result != SCU_OK) *status = result == SCU_ERROR_MEMORY ? 0xA700 : 0xC000;
    if (result == SCU_ERROR_MALFORMED) result = SCU_ERROR_STORAGE;
  }
  if (result != SCU_OK) {
    scu__index_cursor_close(cursor);
    return result;
  }
  *out = cursor;
  return SCU_OK;
}

scu_result scu__index_find(scu__index *index, const scu__index_query *query, scu__index_cursor **out, uint16_t *status,
                           scu_error *error) {
  return start(index, query, false, out, status, error);
}

scu_result scu__index_retrieve(scu__index *index, const scu__index_query *query, scu__index_cursor **out,
                               uint16_t *status, scu_error *error) {
  return start(index, query, true, out, status, error);
}

uint16_t scu__index_cursor_status(const scu__index_cursor *cursor) {
  return cursor->plan.has_unmatched_keys ? 0xFF01 : 0xFF00;
}

uint64_t scu__index_cursor_total(const scu__index_cursor *cursor) {
  return cursor->total;
}

/* ---- records ---- */

/* The record of the level that is scanned came with the row; those above are fetched when they change. */
static scu_result load_view(scu__index_cursor *cursor, scu__level level) {
  static const scu__lookup lookups[] = {SCU__LOOKUP_PATIENT, SCU__LOOKUP_STUDY, SCU__LOOKUP_SERIES};
  level_view *view = &cursor->views[level];
  if (view->is_loaded && view->id == cursor->ids[level]) return SCU_OK;
  view->id = cursor->ids[level];
  view->is_loaded = true;
  view->record = scu__record_over(NULL, 0);
  if (view->id == 0 || level > SCU__LEVEL_SERIES) return SCU_OK;
  scu__statement *lookup;
  scu_result result = scu__reader_lookup(cursor->reader, lookups[level], view->id, &lookup, cursor->error);
  if (result == SCU_OK) result = scu__statement_step(lookup, cursor->error);
  if (result < 0) return result;
  size_t length = 0;
  /* Valid until this lookup is asked for another id. */
  const uint8_t *bytes = result == SCU_OK ? scu__column_blob(lookup, 0, &length) : NULL;
  view->record = scu__record_over(bytes, length);
  return SCU_OK;
}

static scu_result prepare_decoder(scu__index_cursor *cursor) {
  static const scu__dataset_limits limits = {.value_max = SCU__RECORD_MAX * 4,
                                             .total_max = SCU__RECORD_MAX * 16,
                                             .elements_max = SCU__DATASET_ELEMENTS_MAX,
                                             .phase = SCU_PHASE_STORAGE};
  if (cursor->decoder) return SCU_OK;
  if (!cursor->sequence && scu_dataset_new(cursor->index->allocator, &cursor->sequence) != SCU_OK)
    return SCU_ERROR_MEMORY;
  cursor->decoder = scu__alloc(cursor->index->allocator, sizeof *cursor->decoder);
  if (!cursor->decoder) return SCU_ERROR_MEMORY;
  scu__dataset_decoder_init(cursor->decoder, cursor->index->allocator, &limits);
  return SCU_OK;
}

static scu_result decode_sequence(scu__index_cursor *cursor, const scu_dataset **level, const scu_element **element) {
  scu_result result = prepare_decoder(cursor);
  if (result == SCU_OK) result = scu__record_decode(&cursor->element, cursor->decoder, cursor->sequence, element);
  if (result == SCU_ERROR_MEMORY) return no_memory(cursor->error);
  *level = cursor->sequence;
  return SCU_OK;
}

/* Where it was agreed, answers speak in the zone of the request, and are matched as they speak. */
static void adjust_zone(scu__index_cursor *cursor, const scu__key *key, scu__record *record) {
  int assumed = cursor->index->options.timezone_minutes;
  size_t length;
  if (key->vr == SCU_VR_DT) cursor->matcher.assumed_offset = scu__zone_of_record(record, assumed);
  if (key->vr != SCU_VR_DA && key->vr != SCU_VR_TM) return;
  if (!scu__zone_adjust(record, key->tag, cursor->plan.assumed_offset, assumed, cursor->moved, &length)) return;
  cursor->element.length = length;
  cursor->element.as.bytes = (const uint8_t *)cursor->moved;
}

static scu_result find_recorded(scu__index_cursor *cursor, const scu__key *key, scu__level level,
                                const scu_dataset **in, const scu_element **element) {
  scu_result result = load_view(cursor, level);
  if (result != SCU_OK) return result;
  if (!scu__record_find(&cursor->views[level].record, key->tag, &cursor->element)) return SCU_OK;
  if (cursor->element.vr == SCU_VR_SQ) return decode_sequence(cursor, in, element);
  *element = &cursor->element;
  if (cursor->plan.has_timezone) adjust_zone(cursor, key, &cursor->views[level].record);
  return SCU_OK;
}

/* ---- what is worked out ---- */

typedef struct computation {
  scu_tag tag;
  scu__level level; /* whose id it is about */
  scu__lookup lookup;
} computation;

static const computation computations[] = {
    {SCU__TAG_PATIENT_STUDIES, SCU__LEVEL_PATIENT, SCU__LOOKUP_PATIENT_STUDIES},
    {SCU__TAG_PATIENT_SERIES, SCU__LEVEL_PATIENT, SCU__LOOKUP_PATIENT_SERIES},
    {SCU__TAG_PATIENT_INSTANCES, SCU__LEVEL_PATIENT, SCU__LOOKUP_PATIENT_INSTANCES},
    {SCU__TAG_STUDY_SERIES, SCU__LEVEL_STUDY, SCU__LOOKUP_STUDY_SERIES},
    {SCU__TAG_STUDY_INSTANCES, SCU__LEVEL_STUDY, SCU__LOOKUP_STUDY_INSTANCES},
    {SCU__TAG_SERIES_INSTANCES, SCU__LEVEL_SERIES, SCU__LOOKUP_SERIES_INSTANCES},
    {SCU__TAG_MODALITIES_IN_STUDY, SCU__LEVEL_STUDY, SCU__LOOKUP_MODALITIES},
    {SCU__TAG_SOP_CLASSES_IN_STUDY, SCU__LEVEL_STUDY, SCU__LOOKUP_SOP_CLASSES},
};

static void put_result(scu__buffer *text, scu__statement *lookup, bool is_list) {
  char number[SCU__DECIMAL_MAX];
  size_t length;
  if (!is_list) {
    length = scu__decimal_from_signed(scu__column_integer(lookup, 0), number);
    scu__put_bytes(text, number, length);
    return;
  }
  const char *value = scu__column_text(lookup, 0, &length);
  if (text->length > 0) scu__put_u8(text, '\\');
  scu__put_bytes(text, value, length);
}

static scu_result compute(scu__index_cursor *cursor, const computation *what) {
  computed *last = &cursor->computed[what->lookup];
  int64_t id = cursor->ids[what->level];
  if (last->id == id && id != 0) return SCU_OK;
  scu__statement *lookup;
  last->id = 0;
  scu__buffer_clear(&last->text);
  scu_result result = scu__reader_lookup(cursor->reader, what->lookup, id, &lookup, cursor->error);
  while (result == SCU_OK) {
    result = scu__statement_step(lookup, cursor->error);
    if (result == SCU_OK) put_result(&last->text, lookup, what->lookup >= SCU__LOOKUP_MODALITIES);
  }
  if (result < 0) return result;
  scu__statement_reset(lookup);
  /* A list that is longer than anyone can want stays cut. */
  if (scu__buffer_result(&last->text) == SCU_ERROR_MEMORY) return no_memory(cursor->error);
  last->id = id;
  return SCU_OK;
}

static void hand_out(scu__index_cursor *cursor, const scu__key *key, const char *text, size_t length) {
  cursor->element = (scu_element){
      .tag = key->tag, .vr = key->vr, .is_utf8 = true, .length = length, .as.bytes = (const uint8_t *)text};
}

static scu_result find_computed(scu__index_cursor *cursor, const scu__key *key, const scu_element **element) {
  if (key->tag == SCU__TAG_AVAILABLE_SYNTAX) {
    size_t length;
    const char *syntax = scu__column_text(cursor->rows, SCU__ROW_SYNTAX, &length);
    hand_out(cursor, key, syntax, length);
    *element = &cursor->element;
    return SCU_OK;
  }
  for (size_t i = 0; i < sizeof computations / sizeof *computations; i++) {
    if (computations[i].tag != key->tag) continue;
    scu_result result = compute(cursor, &computations[i]);
    if (result != SCU_OK) return result;
    const scu__buffer *text = &cursor->computed[computations[i].lookup].text;
    hand_out(cursor, key, (const char *)text->data, text->length);
    *element = &cursor->element;
  }
  return SCU_OK;
}

/* An scu__entity: the row and what it belongs to. */
static scu_result find_attribute(void *user, const scu__key *key, const scu_dataset **level,
                                 const scu_element **element) {
  scu__index_cursor *cursor = user;
  uint8_t source = cursor->plan.sources[key - cursor->plan.keys];
  *level = NULL;
  *element = NULL;
  if (source == SCU__SOURCE_NONE) return SCU_OK;
  if (source == SCU__SOURCE_COMPUTED) return find_computed(cursor, key, element);
  return find_recorded(cursor, key, (scu__level)source, level, element);
}

/* ---- rows ---- */

static void enter_row(scu__index_cursor *cursor) {
  static const uint8_t columns[] = {[SCU__LEVEL_PATIENT] = SCU__ROW_PATIENT,
                                    [SCU__LEVEL_STUDY] = SCU__ROW_STUDY,
                                    [SCU__LEVEL_SERIES] = SCU__ROW_SERIES,
                                    [SCU__LEVEL_IMAGE] = SCU__ROW_INSTANCE,
                                    [SCU__LEVEL_WORKLIST] = SCU__ROW_INSTANCE};
  level_view *scanned = &cursor->views[cursor->plan.scan];
  size_t length;
  for (size_t level = 0; level < SCU__LEVEL_COUNT; level++)
    cursor->ids[level] = scu__column_integer(cursor->rows, columns[level]);
  const uint8_t *bytes = scu__column_blob(cursor->rows, SCU__ROW_RECORD, &length);
  scanned->id = cursor->ids[cursor->plan.scan];
  scanned->is_loaded = true;
  scanned->record = scu__record_over(bytes, length);
}

static scu_result match_key(scu__index_cursor *cursor, size_t index, bool *is_match) {
  scu__entity entity = {find_attribute, cursor};
  uint8_t source = cursor->plan.sources[index];
  verdict *last = source < cursor->plan.scan ? &cursor->verdicts[index] : NULL;
  if (last && last->id != 0 && last->id == cursor->ids[source]) {
    *is_match = last->is_match;
    return SCU_OK;
  }
  scu_result result = scu__key_match(&cursor->matcher, &cursor->plan.keys[index], &entity, is_match);
  if (result == SCU_ERROR_MEMORY) return no_memory(cursor->error);
  if (last && result == SCU_OK) *last = (verdict){.id = cursor->ids[source], .is_match = *is_match};
  return result;
}

static scu_result match_row(scu__index_cursor *cursor, bool *is_match) {
  *is_match = true;
  for (size_t i = 0; *is_match && i < cursor->plan.key_count; i++) {
    scu_result result = match_key(cursor, i, is_match);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

/* A relational query that looks at lower levels meets an entity once for each match below it. */
static scu_result see(scu__index_cursor *cursor, bool *is_new) {
  uint64_t id = (uint64_t)cursor->ids[cursor->plan.level];
  *is_new = true;
  if (cursor->plan.scan == cursor->plan.level) return SCU_OK;
  size_t byte = (size_t)(id / 8);
  if (id / 8 >= SEEN_MAX)
    return scu__error_set(cursor->error, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, "the archive is too large for this query");
  if (byte >= cursor->seen_size) {
    size_t size = byte + byte / 2 + 1024;
    uint8_t *seen = scu__realloc_array(cursor->index->allocator, cursor->seen, size, 1);
    if (!seen) return no_memory(cursor->error);
    memset(seen + cursor->seen_size, 0, size - cursor->seen_size);
    cursor->seen = seen;
    cursor->seen_size = size;
  }
  uint8_t bit = (uint8_t)(1u << (id % 8));
  *is_new = !(cursor->seen[byte] & bit);
  cursor->seen[byte] |= bit;
  return SCU_OK;
}

/* ---- answers ---- */

/* What every answer of Query/Retrieve has (C.4.1.1.3.2); worklists have none of these. */
static scu_result put_control(scu__index_cursor *cursor, scu_dataset *row) {
  const char *level = scu__level_text(cursor->plan.level), *own_ae = cursor->index->options.retrieve_ae;
  if (cursor->plan.model == SCU__MODEL_WORKLIST) return SCU_OK;
  scu_result result = scu__answer_put_text(row, SCU__TAG_QUERY_LEVEL, SCU_VR_CS, level, strlen(level));
  if (result == SCU_OK) result = scu__answer_put_text(row, SCU__TAG_RETRIEVE_AE, SCU_VR_AE, own_ae, strlen(own_ae));
  if (result == SCU_OK) result = scu__answer_put_text(row, SCU__TAG_AVAILABILITY, SCU_VR_CS, "ONLINE", 6);
  if (result == SCU_OK && cursor->plan.has_timezone)
    result = scu__answer_put_text(row, SCU__TAG_TIMEZONE, SCU_VR_SH, cursor->plan.timezone, 5);
  return result;
}

/* The set that the request speaks, if it holds the answer: the encoder looks. Else the narrowest that does. */
static scu_result put_charset(const scu__index_cursor *cursor, scu_dataset *row) {
  const char *charset = cursor->plan.charset;
  if (charset[0] == 0 || scu__dataset_is_ascii(row)) return SCU_OK;
  return scu__answer_put_text(row, SCU__TAG_SPECIFIC_CHARACTER_SET, SCU_VR_CS, charset, strlen(charset));
}

static scu_result fill_row(scu__index_cursor *cursor, scu_dataset *row) {
  scu_result result = put_control(cursor, row);
  for (size_t i = 0; result == SCU_OK && i < cursor->plan.key_count; i++) {
    const scu__key *key = &cursor->plan.keys[i];
    const scu_dataset *level;
    const scu_element *element;
    result = find_attribute(cursor, key, &level, &element);
    if (result != SCU_OK) return result;
    result = scu__answer_put(row, &cursor->matcher, key, level, element);
  }
  if (result == SCU_OK) result = put_charset(cursor, row);
  return result == SCU_OK ? SCU_OK : no_memory(cursor->error);
}

static scu_result next_row(scu__index_cursor *cursor, scu_dataset *row, bool *is_filled) {
  bool is_match, is_new;
  *is_filled = false;
  scu_result result = scu__statement_step(cursor->rows, cursor->error);
  if (result != SCU_OK) return result;
  enter_row(cursor);
  result = match_row(cursor, &is_match);
  if (result != SCU_OK || !is_match) return result;
  result = see(cursor, &is_new);
  if (result != SCU_OK || !is_new) return result;
  *is_filled = true;
  return fill_row(cursor, row);
}

scu_result scu__index_next(scu__index_cursor *cursor, scu_dataset *row, scu_error *error) {
  cursor->error = error;
  scu__dataset_reset(row);
  row->tree->must_encode = true; /* one odd value must not cost the requester all others */
  for (unsigned i = 0; i < CANDIDATES_PER_STEP; i++) {
    bool is_filled;
    scu_result result = next_row(cursor, row, &is_filled);
    if (result != SCU_OK || is_filled) return result;
  }
  return SCU_MORE;
}

/* ---- instances ---- */

scu_result scu__index_next_instance(scu__index_cursor *cursor, scu__index_instance *out, scu_error *error) {
  size_t length;
  *out = (scu__index_instance){0};
  scu_result result = scu__statement_step(cursor->rows, error);
  if (result != SCU_OK) return result;
  out->sop_class = scu__column_text(cursor->rows, SCU__INSTANCE_CLASS, &length);
  out->sop_instance = scu__column_text(cursor->rows, SCU__INSTANCE_UID, &length);
  out->transfer_syntax = scu__column_text(cursor->rows, SCU__INSTANCE_SYNTAX, &length);
  out->path = scu__column_text(cursor->rows, SCU__INSTANCE_PATH, &length);
  out->length = (uint64_t)scu__column_integer(cursor->rows, SCU__INSTANCE_LENGTH);
  out->digest = scu__column_blob(cursor->rows, SCU__INSTANCE_DIGEST, &out->digest_length);
  return SCU_OK;
}

/* ---- explaining ---- */

scu_result scu__index_explain(scu__index *index, const scu__index_query *query, scu__buffer *text, scu_error *error) {
  scu__index_cursor *cursor;
  scu__statement *steps = NULL;
  scu__buffer sql;
  scu__buffer_init(&sql, index->allocator, SCU__IDENTIFIER_MAX);
  scu_result result = scu__index_find(index, query, &cursor, NULL, error);
  if (result != SCU_OK) return result;
  scu__put_text(&sql, "EXPLAIN QUERY PLAN ");
  scu__put_bytes(&sql, cursor->narrow.sql.data, cursor->narrow.sql.length);
  result = scu__buffer_result(&sql) == SCU_OK ? SCU_OK : no_memory(error);
  if (result == SCU_OK) result = scu__database_prepare(cursor->reader->database, (const char *)sql.data, &steps, error);
  while (result == SCU_OK) {
    result = scu__statement_step(steps, error);
    size_t length = 0;
    const char *words = result == SCU_OK ? scu__column_text(steps, 3, &length) : "";
    scu__put_bytes(text, words, length);
    if (result == SCU_OK) scu__put_u8(text, '\n');
  }
  scu__statement_finalize(steps);
  scu__buffer_free(&sql);
  scu__index_cursor_close(cursor);
  if (result < 0) return result;
  return scu__buffer_result(text) == SCU_OK ? SCU_OK : no_memory(error);
}
