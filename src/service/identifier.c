/* Identifiers: the small data sets behind C-FIND, C-MOVE and C-GET commands. */
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "service/parts.h"

void scu__identifier_init(scu__identifier *identifier, const scu_allocator *allocator) {
  memset(identifier, 0, sizeof *identifier);
  scu__buffer_init(&identifier->pieces, allocator, SCU__IDENTIFIER_MAX);
}

void scu__identifier_settle(scu__identifier *identifier) {
  if (identifier->decoder) {
    scu__dataset_decoder_free(identifier->decoder);
    scu__free(identifier->pieces.allocator, identifier->decoder);
  }
  scu__buffer_free(&identifier->pieces);
  identifier->decoder = NULL;
}

void scu__identifier_free(scu__identifier *identifier) {
  scu__identifier_settle(identifier);
  scu_dataset_free(identifier->dataset);
  identifier->dataset = NULL;
}

void scu__identifier_reset(scu__identifier *identifier) {
  scu__buffer_clear(&identifier->pieces);
}

/* Most exchanges never see an identifier, so the decoder (about 20 KiB) is made for the first one. */
static scu_result prepare(scu__identifier *identifier, scu_error *error) {
  const scu_allocator *allocator = identifier->pieces.allocator;
  if (!identifier->decoder) {
    identifier->decoder = scu__alloc(allocator, sizeof *identifier->decoder);
    if (!identifier->decoder) return scu__error_memory(error, SCU_PHASE_RESPONSE);
    scu__dataset_decoder_init(identifier->decoder, allocator, &SCU__IDENTIFIER_LIMITS);
  }
  if (!identifier->dataset && scu_dataset_new(allocator, &identifier->dataset) != SCU_OK)
    return scu__error_memory(error, SCU_PHASE_RESPONSE);
  return SCU_OK;
}

bool scu__identifier_repeats(const scu__identifier *identifier, scu_tag *tag) {
  if (!identifier->decoder || identifier->decoder->builder.duplicates == 0) return false;
  *tag = identifier->decoder->builder.duplicate;
  return true;
}

static scu_result collect(scu__identifier *identifier, const uint8_t *bytes, size_t length, scu_error *error) {
  if (length > SCU__IDENTIFIER_MAX - identifier->pieces.length)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_RESPONSE, "identifier of more than %u bytes",
                          (unsigned)SCU__IDENTIFIER_MAX);
  scu__put_bytes(&identifier->pieces, bytes, length);
  if (scu__buffer_result(&identifier->pieces) != SCU_OK) return scu__error_memory(error, SCU_PHASE_RESPONSE);
  return SCU_OK;
}

scu_result scu__identifier_put(scu__identifier *identifier, const uint8_t *bytes, size_t length, bool is_last,
                               scu__encoding encoding, scu_error *error) {
  bool is_whole = is_last && identifier->pieces.length == 0 && length <= SCU__IDENTIFIER_MAX;
  if (!is_whole) {
    scu_result result = collect(identifier, bytes, length, error);
    if (result != SCU_OK) return result;
    if (!is_last) return SCU_MORE;
    bytes = identifier->pieces.data;
    length = identifier->pieces.length;
  }
  scu_result result = prepare(identifier, error);
  if (result != SCU_OK) return result;
  return scu__dataset_decode_into(identifier->decoder, bytes, length, encoding, identifier->dataset, error);
}
