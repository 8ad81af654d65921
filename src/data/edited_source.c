/* The edited dataset is pieces in turn: of what is put in, and of the file between two changes. */
#include "data/edited_source.h"

#include <string.h>

#include "base/alloc.h"
#include "data/inflated_source.h"

typedef struct edited_source {
  scu__source source;
  const scu_allocator *allocator;
  const scu__edited *edited;
  scu__source *file;     /* what is closed in the end */
  scu__source *inflated; /* over it; NULL when it is not deflated */
} edited_source;

/* Bytes that follow each other: in memory, or at `offset` of the source. */
typedef struct piece {
  const uint8_t *bytes; /* NULL: in the source */
  uint64_t offset, length;
} piece;

/* How many changes begin at or before `offset`. */
static size_t count_until(const scu__edited *edited, uint64_t offset) {
  size_t low = 0, high = edited->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (edited->splices[middle].at <= offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static piece piece_at(const scu__edited *edited, uint64_t offset) {
  size_t next = count_until(edited, offset);
  uint64_t end = next < edited->count ? edited->splices[next].at : edited->length;
  if (next == 0) return (piece){.offset = edited->offset + offset, .length = end - offset};
  const scu__splice *splice = &edited->splices[next - 1];
  uint64_t into = offset - splice->at;
  if (into < splice->put_length)
    return (piece){.bytes = edited->put.data + splice->put_at + into, .length = splice->put_length - into};
  return (piece){.offset = splice->offset + splice->cut + (into - splice->put_length), .length = end - offset};
}

static scu__source *inner_of(const edited_source *s) {
  return s->inflated ? s->inflated : s->file;
}

static scu_result read_at(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error) {
  const edited_source *s = (const edited_source *)self;
  uint8_t *bytes = to;
  if (offset > self->size || length > self->size - offset)
    return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_FILE, "read past the end of the edited dataset");
  while (length > 0) {
    piece p = piece_at(s->edited, offset);
    size_t size = p.length < length ? (size_t)p.length : length;
    scu_result result = SCU_OK;
    if (p.bytes)
      memcpy(bytes, p.bytes, size);
    else
      result = inner_of(s)->read_at(inner_of(s), p.offset, bytes, size, error);
    if (result != SCU_OK) return result;
    bytes += size;
    offset += size;
    length -= size;
  }
  return SCU_OK;
}

static const uint8_t *lend(scu__source *self, uint64_t offset, size_t length) {
  const edited_source *s = (const edited_source *)self;
  if (offset >= self->size || length > self->size - offset) return NULL;
  piece p = piece_at(s->edited, offset);
  if (p.length < length) return NULL;
  if (p.bytes) return p.bytes;
  scu__source *inner = inner_of(s);
  return inner->lend ? inner->lend(inner, p.offset, length) : NULL;
}

static void give_back(scu__source *self) {
  const edited_source *s = (const edited_source *)self;
  if (s->file->give_back) s->file->give_back(s->file);
}

static void close_source(scu__source *self) {
  edited_source *s = (edited_source *)self;
  if (s->inflated) s->inflated->close(s->inflated);
  if (s->file->close) s->file->close(s->file);
  scu__free(s->allocator, s);
}

scu_result scu__edited_source_new(const scu_allocator *allocator, scu__source *inner, const scu__head *head,
                                  const scu__edited *edited, scu__source **out, scu_error *error) {
  *out = NULL;
  edited_source *s = scu__alloc(allocator, sizeof *s);
  if (!s) return scu__error_memory(error, SCU_PHASE_FILE);
  s->source = (scu__source){
      .size = edited->length, .read_at = read_at, .lend = lend, .give_back = give_back, .close = close_source};
  s->allocator = allocator;
  s->edited = edited;
  if (head->syntax && head->syntax->is_deflated) {
    scu_result result = scu__inflated_source_new(allocator, inner, head, &s->inflated, error);
    if (result != SCU_OK) {
      scu__free(allocator, s);
      return result;
    }
  }
  s->file = inner;
  *out = &s->source;
  return SCU_OK;
}

scu__head scu__edited_head(const scu__head *head, const scu__edited *edited) {
  scu__head made = *head;
  made.dataset_offset = 0;
  made.dataset_length = edited->length;
  made.is_odd_length = edited->length % 2 != 0;
  made.sop_class = edited->sop_class;
  made.sop_instance = edited->sop_instance;
  if (head->syntax && head->syntax->is_deflated) made.syntax = scu__transfer_syntax_find(SCU__UID_EXPLICIT_LE);
  return made;
}
