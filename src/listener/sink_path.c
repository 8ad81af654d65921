/* scu__head_scan: keeps four UIDs, passes over every other value, and sees whether the dataset is whole. */
#include "listener/sink_path.h"

#include <string.h>

#include "base/alloc.h"
#include "base/values.h"
#include "data/transfer_syntax.h"

enum { INFLATED_CHUNK = 16 * 1024 };

#define TAG_SOP_CLASS    SCU_TAG(0x0008, 0x0016)
#define TAG_SOP_INSTANCE SCU_TAG(0x0008, 0x0018)
#define TAG_STUDY        SCU_TAG(0x0020, 0x000D)
#define TAG_SERIES       SCU_TAG(0x0020, 0x000E)

scu_result scu__head_scan_init(scu__head_scan *scan, const char *transfer_syntax_uid, const scu_allocator *allocator) {
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(transfer_syntax_uid);
  memset(scan, 0, offsetof(scu__head_scan, reader));
  scan->allocator = allocator;
  scu__reader_init(&scan->reader, scu__transfer_syntax_encoding(syntax),
                   &(scu__reader_options){.counts_deep_levels = true});
  if (!syntax || !syntax->is_deflated) return SCU_OK;
  scan->inflated = scu__alloc(allocator, INFLATED_CHUNK);
  if (!scan->inflated) return SCU_ERROR_MEMORY;
  scu_result result = scu__inflater_new(allocator, NULL, &scan->inflater);
  if (result != SCU_OK) scu__head_scan_free(scan);
  return result;
}

void scu__head_scan_free(scu__head_scan *scan) {
  scu__inflater_free(scan->inflater);
  scu__free(scan->allocator, scan->inflated);
  scan->inflater = NULL;
  scan->inflated = NULL;
}

/* What follows cannot be read: the UIDs found so far stand. */
static void break_off(scu__head_scan *scan) {
  scan->is_done = scan->is_over = scan->is_broken = true;
}

static scu__scanned_uid *wanted(scu__head_scan *scan, const scu__token *token) {
  if (token->depth > 0) return NULL;
  switch (token->tag) {
  case TAG_SOP_CLASS: return &scan->sop_class;
  case TAG_SOP_INSTANCE: return &scan->sop_instance;
  case TAG_STUDY: return &scan->study;
  case TAG_SERIES: return &scan->series;
  default: return NULL;
  }
}

static void pass_over(scu__head_scan *scan) {
  if (scu__reader_skip_value(&scan->reader, &scan->skip) != SCU_OK) break_off(scan);
}

static void begin_element(scu__head_scan *scan, const scu__token *token) {
  if (token->depth == 0 && token->tag > TAG_SERIES) scan->is_done = true;
  scan->capturing = scan->is_done ? NULL : wanted(scan, token);
  if (scan->capturing) {
    memset(scan->capturing, 0, sizeof *scan->capturing);
    return;
  }
  pass_over(scan);
}

static void take_value(scu__head_scan *scan, const scu__token *token) {
  scu__scanned_uid *uid = scan->capturing;
  if (!uid) return;
  size_t room = sizeof uid->bytes - uid->length;
  size_t length = token->size < room ? token->size : room;
  if (length > 0) memcpy(uid->bytes + uid->length, token->bytes, length);
  uid->length += length;
  if (!token->is_last) return;
  uid->is_found = true;
  scan->capturing = NULL;
  if (uid == &scan->series) scan->is_done = true;
}

static void take_token(scu__head_scan *scan, const scu__token *token) {
  switch (token->kind) {
  case SCU__TOKEN_ELEMENT: begin_element(scan, token); break;
  case SCU__TOKEN_VALUE: take_value(scan, token); break;
  case SCU__TOKEN_SEQUENCE_BEGIN:
    if (token->depth == 0 && token->tag > TAG_SERIES) scan->is_done = true;
    break;
  case SCU__TOKEN_FRAGMENTS_BEGIN: scan->is_done = true; break;
  case SCU__TOKEN_FRAGMENT: pass_over(scan); break;
  default: break;
  }
}

static void pull(scu__head_scan *scan) {
  while (!scan->is_over) {
    scu__token token;
    scu_result result = scu__reader_next(&scan->reader, &token, NULL);
    if (result == SCU_MORE) return;
    if (result == SCU_OK)
      take_token(scan, &token);
    else if (result == SCU_END)
      scan->is_done = scan->is_over = true;
    else
      break_off(scan);
  }
}

/* Dataset bytes, inflated where need be. */
static void feed_plain(scu__head_scan *scan, const uint8_t *bytes, size_t length) {
  scan->seen += length;
  if (scan->skip >= length) {
    scan->skip -= length;
  } else {
    scu__reader_push(&scan->reader, bytes + scan->skip, length - (size_t)scan->skip);
    scan->skip = 0;
    pull(scan);
  }
  if (scan->seen > SCU__SCAN_BYTES_MAX) scan->is_done = true;
}

static void feed_deflated(scu__head_scan *scan, const uint8_t *bytes, size_t length) {
  while (!scan->is_over) {
    size_t got = 0;
    scu_result result = scu__inflater_run(scan->inflater, &bytes, &length, scan->inflated, INFLATED_CHUNK, &got, NULL);
    if (got > 0) feed_plain(scan, scan->inflated, got);
    if (result == SCU_MORE) return;
    if (result == SCU_END) {
      scan->is_inflated = true;
      return;
    }
    if (result == SCU_ERROR_LIMIT) scan->is_beyond_limit = true;
    if (result != SCU_OK) break_off(scan);
  }
}

void scu__head_scan_feed(scu__head_scan *scan, const uint8_t *bytes, size_t length) {
  if (scan->is_over || scan->is_inflated) return;
  if (scan->inflater)
    feed_deflated(scan, bytes, length);
  else
    feed_plain(scan, bytes, length);
}

scu__whole scu__head_scan_finish(scu__head_scan *scan) {
  bool is_cut = scan->skip > 0 || (scan->inflater && !scan->is_inflated && !scan->is_over);
  if (!scan->is_over && !is_cut) {
    scu__reader_finish(&scan->reader);
    pull(scan);
    is_cut = scu__reader_is_cut(&scan->reader);
  }
  scan->is_done = true;
  if (scan->is_beyond_limit) return SCU__INFLATES_TOO_FAR;
  if (is_cut) return SCU__CUT;
  bool is_too_deep = scu__reader_check_depth(&scan->reader, NULL) != SCU_OK;
  return scan->is_broken || is_too_deep ? SCU__MALFORMED : SCU__WHOLE;
}

static size_t trimmed_length(const uint8_t *bytes, size_t length) {
  while (length > 0 && (bytes[length - 1] == 0 || bytes[length - 1] == ' ')) length--;
  return length;
}

static bool is_named(const scu__scanned_uid *uid) {
  return uid->is_found && trimmed_length(uid->bytes, uid->length) > 0;
}

bool scu__head_scan_is_named(const scu__head_scan *scan) {
  return is_named(&scan->sop_class) && is_named(&scan->sop_instance);
}

bool scu__scanned_uid_agrees(const scu__scanned_uid *uid, const char *text) {
  if (!is_named(uid)) return true;
  size_t found = trimmed_length(uid->bytes, uid->length);
  size_t told = trimmed_length((const uint8_t *)text, strlen(text));
  return told == 0 || (found == told && memcmp(uid->bytes, text, found) == 0);
}

size_t scu__head_scan_folders(const scu__head_scan *scan, char names[SCU__SCAN_FOLDERS][SCU__DOOR_NAME_MAX]) {
  if (!is_named(&scan->study)) {
    strcpy(names[0], "no-study");
    return 1;
  }
  scu__door_name(scan->study.bytes, scan->study.length, names[0]);
  if (is_named(&scan->series))
    scu__door_name(scan->series.bytes, scan->series.length, names[1]);
  else
    strcpy(names[1], "no-series");
  return 2;
}
