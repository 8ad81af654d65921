/* See read_ahead.h. Files do not change while they are read: a window is never refreshed. */
#include "data/read_ahead.h"

void scu__read_ahead_init(scu__read_ahead *ahead, scu__source *source) {
  ahead->source = source;
  ahead->offset = 0;
  ahead->length = 0;
}

static bool has_window(const scu__read_ahead *ahead, uint64_t offset, uint64_t wanted) {
  return offset >= ahead->offset && offset - ahead->offset <= ahead->length &&
         wanted <= ahead->length - (offset - ahead->offset);
}

scu_result scu__read_ahead_peek(scu__read_ahead *ahead, uint64_t offset, size_t wanted, size_t chunk,
                                const uint8_t **bytes, size_t *length, scu_error *error) {
  *bytes = ahead->bytes;
  *length = 0;
  uint64_t left = offset < ahead->source->size ? ahead->source->size - offset : 0;
  if (left == 0) return SCU_OK;
  if (wanted > left) wanted = (size_t)left;
  if (!has_window(ahead, offset, wanted)) {
    if (chunk < wanted) chunk = wanted;
    if (chunk > SCU__READ_AHEAD_MAX) chunk = SCU__READ_AHEAD_MAX;
    if (chunk > left) chunk = (size_t)left;
    ahead->length = 0;
    scu_result result = ahead->source->read_at(ahead->source, offset, ahead->bytes, chunk, error);
    if (result != SCU_OK) return result;
    ahead->offset = offset;
    ahead->length = chunk;
  }
  *bytes = ahead->bytes + (offset - ahead->offset);
  *length = ahead->length - (size_t)(offset - ahead->offset);
  return SCU_OK;
}
