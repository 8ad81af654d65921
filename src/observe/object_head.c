/* A reader over a passing stream; of the values only a few are kept. */
#include "observe/object_head.h"

#include <string.h>

#include "data/charset.h"
#include "data/transfer_syntax.h"
#include "data/utf8.h"

enum { INFLATED = 4 * 1024 };

typedef struct field {
  scu_tag tag;
  scu_vr vr;
  bool is_found;
  size_t length;
  uint8_t bytes[SCU__HEAD_VALUE_MAX];
} field;

enum { CHARSET, ACCESSION, PATIENT_NAME, PATIENT_ID, STUDY, FIELDS };

struct scu__object_head {
  const scu_allocator *allocator;
  scu__reader reader;
  scu__inflater *inflater; /* NULL: not deflated */
  field fields[FIELDS];
  field *current; /* whose value comes; NULL = of no interest */
  bool is_done;
  uint8_t inflated[INFLATED];
};

scu_result scu__object_head_new(const scu_allocator *allocator, scu__object_head **out) {
  scu__object_head *head = *out = scu__alloc(allocator, sizeof *head);
  if (!head) return SCU_ERROR_MEMORY;
  head->allocator = allocator;
  head->is_done = true;
  return SCU_OK;
}

void scu__object_head_free(scu__object_head *head) {
  if (!head) return;
  scu__inflater_free(head->inflater);
  scu__free(head->allocator, head);
}

static void clear_fields(scu__object_head *head) {
  static const struct {
    scu_tag tag;
    scu_vr vr;
  } wanted[FIELDS] = {{SCU_TAG(0x0008, 0x0005), SCU_VR_CS},
                      {SCU_TAG(0x0008, 0x0050), SCU_VR_SH},
                      {SCU_TAG(0x0010, 0x0010), SCU_VR_PN},
                      {SCU_TAG(0x0010, 0x0020), SCU_VR_LO},
                      {SCU_TAG(0x0020, 0x000D), SCU_VR_UI}};
  for (size_t i = 0; i < FIELDS; i++) head->fields[i] = (field){.tag = wanted[i].tag, .vr = wanted[i].vr};
  head->current = NULL;
}

void scu__object_head_start(scu__object_head *head, const char *transfer_syntax_uid) {
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(transfer_syntax_uid);
  scu__reader_init(&head->reader, scu__transfer_syntax_encoding(syntax), NULL);
  scu__inflater_free(head->inflater);
  head->inflater = NULL;
  clear_fields(head);
  head->is_done = syntax && syntax->is_deflated && scu__inflater_new(head->allocator, NULL, &head->inflater) != SCU_OK;
}

/* False: nothing that is wanted can come any more. */
static bool take_token(scu__object_head *head, const scu__token *token) {
  if (token->kind == SCU__TOKEN_VALUE && head->current) {
    field *f = head->current;
    size_t room = sizeof f->bytes - f->length;
    size_t part = token->size < room ? token->size : room;
    if (part > 0) memcpy(f->bytes + f->length, token->bytes, part);
    f->length += part;
    f->is_found = true;
    if (token->is_last) head->current = NULL;
    return !(token->is_last && f->tag == head->fields[STUDY].tag);
  }
  if (token->depth > 0 || token->kind != SCU__TOKEN_ELEMENT) return true;
  for (size_t i = 0; i < FIELDS; i++)
    if (head->fields[i].tag == token->tag && !head->fields[i].is_found) head->current = &head->fields[i];
  return token->tag <= head->fields[STUDY].tag;
}

static void take_plain(scu__object_head *head, const uint8_t *bytes, size_t length) {
  scu__token token;
  scu__reader_push(&head->reader, bytes, length);
  while (!head->is_done) {
    scu_result result = scu__reader_next(&head->reader, &token, NULL);
    if (result == SCU_MORE) return;
    head->is_done = result != SCU_OK || !take_token(head, &token);
  }
}

void scu__object_head_feed(scu__object_head *head, const uint8_t *bytes, size_t length) {
  if (!head->inflater && !head->is_done) take_plain(head, bytes, length);
  while (head->inflater && !head->is_done) {
    size_t got = 0;
    scu_result result = scu__inflater_run(head->inflater, &bytes, &length, head->inflated, INFLATED, &got, NULL);
    if (got > 0) take_plain(head, head->inflated, got);
    if (result == SCU_MORE) return;
    if (result != SCU_OK) head->is_done = true;
  }
}

bool scu__object_head_is_done(const scu__object_head *head) {
  return head->is_done;
}

/* Cut between characters where it does not fit. */
static void copy_text(const uint8_t *utf8, size_t length, char *text, size_t room) {
  while (length > 0 && (utf8[length - 1] == ' ' || utf8[length - 1] == 0)) length--;
  if (length >= room) {
    length = room - 1;
    while (length > 0 && (utf8[length] & 0xC0) == 0x80) length--;
  }
  if (length > 0) memcpy(text, utf8, length);
  text[length] = 0;
}

static void decode(const scu__object_head *head, const scu__charset *charset, int which, char *text, size_t room) {
  const field *f = &head->fields[which];
  scu__buffer utf8;
  scu__buffer_init(&utf8, head->allocator, 16 * SCU__HEAD_TEXT_MAX);
  if (scu__charset_to_utf8(charset, f->vr, f->bytes, f->length, &utf8, NULL) == SCU_OK)
    copy_text(utf8.data, utf8.length, text, room);
  else
    text[0] = 0;
  scu__buffer_free(&utf8);
}

void scu__object_head_take(const scu__object_head *head, scu__subject *subject) {
  const field *terms = &head->fields[CHARSET], *study = &head->fields[STUDY];
  scu__charset charset = scu__charset_parse(terms->bytes, terms->length);
  if (!scu__uid_from_bytes(&subject->study, study->bytes, study->length) || !scu__uid_is_valid(subject->study.text))
    subject->study.text[0] = 0;
  decode(head, &charset, PATIENT_ID, subject->patient_id, sizeof subject->patient_id);
  decode(head, &charset, PATIENT_NAME, subject->patient_name, sizeof subject->patient_name);
  decode(head, &charset, ACCESSION, subject->accession, sizeof subject->accession);
}
