/* A wire without network for tests of exchanges: what a peer sends as a list of PDVs, cut in any way one likes on its
 * way into an inbox, and what becomes of it as text. */
#ifndef SCU_TESTS_EXCHANGE_WIRE_H
#define SCU_TESTS_EXCHANGE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "dimse/inbox.h"
#include "dimse/outbox.h"
#include "service/exchange.h"

/* --- what the peer sends --- */

typedef struct wire_pdv {
  uint8_t context_id;
  bool is_command, is_last;
  size_t at, length; /* in wire_script.bytes */
} wire_pdv;

typedef struct wire_script {
  scu__buffer bytes;
  wire_pdv pdvs[512];
  size_t count;
} wire_script;

static inline void wire_init(wire_script *script) {
  memset(script, 0, sizeof *script);
  scu__buffer_init(&script->bytes, NULL, 1 << 24);
}

static inline void wire_free(wire_script *script) {
  scu__buffer_free(&script->bytes);
}

static inline void wire_pdv_add(wire_script *script, uint8_t context_id, bool is_command, bool is_last,
                                const void *bytes, size_t length) {
  if (script->count == sizeof script->pdvs / sizeof *script->pdvs) abort();
  script->pdvs[script->count++] = (wire_pdv){context_id, is_command, is_last, script->bytes.length, length};
  scu__put_bytes(&script->bytes, bytes, length);
}

static inline void wire_command(wire_script *script, uint8_t context_id, const scu__command *command) {
  scu__buffer buffer;
  scu__buffer_init(&buffer, NULL, SCU__COMMAND_MAX);
  if (scu__command_encode(command, &buffer) != SCU_OK) abort();
  wire_pdv_add(script, context_id, true, true, buffer.data, buffer.length);
  scu__buffer_free(&buffer);
}

static inline void wire_data(wire_script *script, uint8_t context_id, const void *bytes, size_t length) {
  wire_pdv_add(script, context_id, false, true, bytes, length);
}

/* A response to message `message_id`. */
static inline scu__command wire_response(uint16_t request_field, uint16_t message_id, uint16_t status,
                                         bool has_dataset) {
  scu__command request, response;
  scu__request_init(&request, request_field, message_id, NULL);
  scu__response_to(&request, status, &response);
  response.data_set_type = has_dataset ? SCU__WITH_DATASET : SCU__NO_DATASET;
  return response;
}

/* --- the whole outbox as a script --- */

static inline scu_result wire_from_outbox(wire_script *script, scu__outbox *outbox, size_t max_fragment,
                                          scu_error *error) {
  scu__pdv_fragment fragment;
  scu_result result;
  while ((result = scu__outbox_next(outbox, max_fragment, &fragment, error)) == SCU_OK) {
    size_t at = script->bytes.length;
    uint8_t *room = scu__buffer_reserve(&script->bytes, fragment.length + 1);
    if (fragment.source)
      result = fragment.source->read_at(fragment.source, fragment.offset, room, fragment.length, error);
    else if (fragment.length > 0)
      memcpy(room, fragment.bytes, fragment.length);
    if (result != SCU_OK) return result;
    room[fragment.length] = 0;
    size_t length = fragment.length + fragment.pad;
    scu__buffer_commit(&script->bytes, length);
    script->pdvs[script->count++] = (wire_pdv){fragment.context_id, fragment.is_command, fragment.is_last, at, length};
    if (fragment.is_message_end && fragment.message_owner) scu__exchange_message_sent(fragment.message_owner);
  }
  return result;
}

/* --- cutting --- */

/* step 0: pieces of random size; else of `step` bytes. fragment_step cuts PDVs into more PDVs first, 0 = as they are.
 */
typedef struct wire_cut {
  size_t step, fragment_step;
  uint64_t random;
} wire_cut;

static inline size_t wire_piece(wire_cut *cut, size_t left) {
  size_t piece = cut->step;
  if (piece == 0) {
    cut->random = cut->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    piece = 1 + (size_t)(cut->random >> 33) % 40;
  }
  return piece < left ? piece : left;
}

typedef scu_result (*wire_put)(void *user, uint8_t context_id, bool is_command, bool is_last, const uint8_t *bytes,
                               size_t length);

/* Each piece is a heap copy of its own, so that whoever keeps a pointer into it is caught. */
static inline scu_result wire_put_copy(wire_put put, void *user, const wire_pdv *pdv, bool is_last,
                                       const uint8_t *bytes, size_t length) {
  uint8_t *copy = malloc(length ? length : 1);
  if (length > 0) memcpy(copy, bytes, length);
  scu_result result = put(user, pdv->context_id, pdv->is_command, is_last, copy, length);
  free(copy);
  return result;
}

static inline scu_result wire_feed(const wire_script *script, wire_cut *cut, wire_put put, void *user) {
  for (size_t i = 0; i < script->count; i++) {
    const wire_pdv *pdv = &script->pdvs[i];
    const uint8_t *bytes = script->bytes.data + pdv->at;
    size_t left = pdv->length;
    do {
      size_t piece = wire_piece(cut, left);
      bool is_last = pdv->is_last && piece == left;
      scu_result result = wire_put_copy(put, user, pdv, is_last, bytes, piece);
      if (result != SCU_OK) return result;
      bytes += piece;
      left -= piece;
    } while (left > 0);
  }
  return SCU_OK;
}

#endif
