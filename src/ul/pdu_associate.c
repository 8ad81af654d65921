/* A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2, 9.3.3): the fixed part and the items 10H-40H, which share one layout. The 50H
 * item is user_information.c. Decoding is strict about lengths and lenient about contents: what cannot be used is
 * left out so that negotiation can answer it; unknown items are skipped. */
#include <string.h>

#include "ul/grow.h"
#include "ul/pdu_reader.h"

enum {
  ITEM_APPLICATION_CONTEXT = 0x10,
  ITEM_CONTEXT_RQ = 0x20,
  ITEM_CONTEXT_AC = 0x21,
  ITEM_ABSTRACT_SYNTAX = 0x30,
  ITEM_TRANSFER_SYNTAX = 0x40,
  ITEM_USER_INFORMATION = 0x50
};

/* --- Shared with user_information.c ------------------------------------------------------------------------------ */

scu_result scu__pdu_fault(const scu__pdu_reader *reader, const uint8_t *where, const char *what) {
  uint64_t offset = SCU__PDU_HEADER + (where ? (uint64_t)(where - reader->body) : 0);
  scu_result result = scu__error_set(reader->error, SCU_ERROR_PROTOCOL, SCU_PHASE_ASSOCIATE, "%s: %s at byte %llu",
                                     scu__pdu_type_name((uint8_t)reader->type), what, (unsigned long long)offset);
  scu__error_at(reader->error, 0, offset);
  return result;
}

scu_result scu__pdu_next_item(const scu__pdu_reader *reader, scu__cursor *parent, scu__pdu_item *item) {
  item->start = parent->data + parent->position;
  item->type = scu__get_u8(parent);
  scu__skip(parent, 1);
  uint16_t length = scu__get_u16be(parent);
  item->content = scu__get_block(parent, length);
  if (parent->failed) return scu__pdu_fault(reader, item->start, "item longer than what holds it");
  return SCU_OK;
}

void scu__pdu_uid(scu__cursor *cursor, size_t length, scu__uid *uid) {
  const uint8_t *bytes = scu__get_bytes(cursor, length);
  memset(uid, 0, sizeof *uid);
  if (bytes && scu__uid_from_bytes(uid, bytes, length) && scu__uid_is_valid(uid->text)) return;
  memset(uid, 0, sizeof *uid);
}

size_t scu__pdu_open_item(scu__buffer *buffer, uint8_t type) {
  scu__put_u8(buffer, type);
  scu__put_u8(buffer, 0);
  return scu__block_open_u16be(buffer);
}

void scu__pdu_put_uid_item(scu__buffer *buffer, uint8_t type, const char *uid) {
  size_t item = scu__pdu_open_item(buffer, type);
  scu__put_text(buffer, uid);
  scu__block_close_u16be(buffer, item);
}

/* --- Encode --------------------------------------------------------------------------------------------------- */

static void put_proposed_context(scu__buffer *buffer, const scu__context *context) {
  size_t item = scu__pdu_open_item(buffer, ITEM_CONTEXT_RQ);
  scu__put_u8(buffer, context->id);
  scu__put_fill(buffer, 0, 3);
  scu__pdu_put_uid_item(buffer, ITEM_ABSTRACT_SYNTAX, context->abstract_syntax.text);
  for (size_t i = 0; i < context->count; i++)
    scu__pdu_put_uid_item(buffer, ITEM_TRANSFER_SYNTAX, context->transfer_syntaxes[i].text);
  scu__block_close_u16be(buffer, item);
}

static void put_context_result(scu__buffer *buffer, const scu__context *context) {
  /* 9.3.3.2: a transfer syntax is always there, but not significant unless the result is acceptance. */
  static const char implicit_little_endian[] = "1.2.840.10008.1.2";
  size_t item = scu__pdu_open_item(buffer, ITEM_CONTEXT_AC);
  scu__put_u8(buffer, context->id);
  scu__put_u8(buffer, 0);
  scu__put_u8(buffer, context->result);
  scu__put_u8(buffer, 0);
  scu__pdu_put_uid_item(buffer, ITEM_TRANSFER_SYNTAX,
                        context->count > 0 ? context->transfer_syntaxes[0].text : implicit_little_endian);
  scu__block_close_u16be(buffer, item);
}

static void put_titles(scu__buffer *buffer, const scu__associate *associate, scu__pdu_type type) {
  uint8_t called[16], calling[16];
  scu__ae_pad(&associate->called, called);
  scu__ae_pad(&associate->calling, calling);
  /* 9.3.3: the acceptor sends back the bytes it got, whatever they were. */
  bool is_rq = type == SCU__PDU_ASSOCIATE_RQ;
  scu__put_bytes(buffer, is_rq ? called : associate->called_raw, 16);
  scu__put_bytes(buffer, is_rq ? calling : associate->calling_raw, 16);
  if (is_rq) scu__put_fill(buffer, 0, 32);
  if (!is_rq) scu__put_bytes(buffer, associate->reserved_raw, 32);
}

scu_result scu__associate_encode(const scu__associate *associate, scu__pdu_type type, scu__buffer *buffer) {
  scu__put_u8(buffer, (uint8_t)type);
  scu__put_u8(buffer, 0);
  size_t body = scu__block_open_u32be(buffer);
  scu__put_u16be(buffer, associate->protocol_version);
  scu__put_u16be(buffer, 0);
  put_titles(buffer, associate, type);
  scu__pdu_put_uid_item(buffer, ITEM_APPLICATION_CONTEXT, associate->application_context.text);
  for (size_t i = 0; i < associate->context_count; i++) {
    if (type == SCU__PDU_ASSOCIATE_RQ) put_proposed_context(buffer, &associate->contexts[i]);
    if (type == SCU__PDU_ASSOCIATE_AC) put_context_result(buffer, &associate->contexts[i]);
  }
  scu__user_information_encode(associate, type, buffer);
  scu__block_close_u32be(buffer, body);
  return scu__buffer_result(buffer);
}

/* --- Decode --------------------------------------------------------------------------------------------------- */

static scu_result add_syntax(const scu__pdu_reader *reader, scu__context *context, const scu__pdu_item *item) {
  scu__cursor content = item->content;
  scu__uid uid;
  scu__pdu_uid(&content, content.size, &uid);
  if (!uid.text[0]) return SCU_OK;
  if (context->count >= SCU__SYNTAXES_PER_CONTEXT_MAX)
    return scu__pdu_fault(reader, item->start, "more than 64 transfer syntaxes in one presentation context");
  scu__uid *syntaxes = scu__grow(reader->out->allocator, context->transfer_syntaxes, context->count, &context->capacity,
                                 sizeof *syntaxes);
  if (!syntaxes) return scu__error_memory(reader->error, SCU_PHASE_ASSOCIATE);
  context->transfer_syntaxes = syntaxes;
  syntaxes[context->count++] = uid;
  return SCU_OK;
}

static scu_result decode_syntaxes(const scu__pdu_reader *reader, scu__cursor *content, scu__context *context) {
  bool has_abstract_syntax = false;
  while (scu__cursor_left(content) > 0) {
    scu__pdu_item item;
    scu_result result = scu__pdu_next_item(reader, content, &item);
    if (result == SCU_OK && item.type == ITEM_TRANSFER_SYNTAX) result = add_syntax(reader, context, &item);
    if (result != SCU_OK) return result;
    if (item.type != ITEM_ABSTRACT_SYNTAX) continue;
    if (has_abstract_syntax) return scu__pdu_fault(reader, item.start, "second abstract syntax in one context");
    has_abstract_syntax = true;
    scu__pdu_uid(&item.content, item.content.size, &context->abstract_syntax);
  }
  return SCU_OK;
}

static scu_result decode_context(const scu__pdu_reader *reader, scu__pdu_item *item) {
  scu__associate *out = reader->out;
  scu__context *contexts =
      scu__grow(out->allocator, out->contexts, out->context_count, &out->context_capacity, sizeof *contexts);
  if (!contexts) return scu__error_memory(reader->error, SCU_PHASE_ASSOCIATE);
  out->contexts = contexts;
  scu__context *context = &contexts[out->context_count++];
  memset(context, 0, sizeof *context);
  context->id = scu__get_u8(&item->content);
  scu__skip(&item->content, 1);
  uint8_t result = scu__get_u8(&item->content);
  scu__skip(&item->content, 1);
  if (item->content.failed) return scu__pdu_fault(reader, item->start, "presentation context item cut short");
  if (item->type == ITEM_CONTEXT_AC) context->result = result;
  return decode_syntaxes(reader, &item->content, context);
}

/* Items that may come once. */
typedef struct seen_items {
  bool application_context, user_information;
} seen_items;

static scu_result decode_item(const scu__pdu_reader *reader, scu__pdu_item *item, seen_items *seen) {
  uint8_t context_item = reader->type == SCU__PDU_ASSOCIATE_RQ ? ITEM_CONTEXT_RQ : ITEM_CONTEXT_AC;
  if (item->type == context_item) return decode_context(reader, item);
  if (item->type == ITEM_USER_INFORMATION) {
    if (seen->user_information) return scu__pdu_fault(reader, item->start, "second user information item");
    seen->user_information = true;
    return scu__user_information_decode(reader, item->content);
  }
  if (item->type != ITEM_APPLICATION_CONTEXT) return SCU_OK; /* 9.3.1: unknown items are ignored */
  if (seen->application_context) return scu__pdu_fault(reader, item->start, "second application context");
  seen->application_context = true;
  scu__pdu_uid(&item->content, item->content.size, &reader->out->application_context);
  return SCU_OK;
}

static void get_title(scu__cursor *body, uint8_t raw[16], scu__ae *title) {
  const uint8_t *bytes = scu__get_bytes(body, 16);
  if (!bytes) return;
  memcpy(raw, bytes, 16);
  scu__ae_from_bytes(title, bytes, 16);
}

static scu_result decode_body(const scu__pdu_reader *reader, scu__cursor *body) {
  scu__associate *out = reader->out;
  out->protocol_version = scu__get_u16be(body);
  scu__skip(body, 2);
  get_title(body, out->called_raw, &out->called);
  get_title(body, out->calling_raw, &out->calling);
  const uint8_t *reserved = scu__get_bytes(body, 32);
  if (!reserved) return scu__pdu_fault(reader, NULL, "shorter than its 68 fixed bytes");
  memcpy(out->reserved_raw, reserved, 32);
  seen_items seen = {0};
  while (scu__cursor_left(body) > 0) {
    scu__pdu_item item;
    scu_result result = scu__pdu_next_item(reader, body, &item);
    if (result == SCU_OK) result = decode_item(reader, &item, &seen);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}

scu_result scu__associate_decode(const uint8_t *body, size_t length, scu__pdu_type type, const scu_allocator *allocator,
                                 scu__associate *out, scu_error *error) {
  memset(out, 0, sizeof *out);
  out->allocator = allocator;
  out->max_pdu_length = SCU__PDU_LENGTH_ABSENT;
  scu__pdu_reader reader = {.body = body, .type = type, .out = out, .error = error};
  scu__cursor cursor = scu__cursor_over(body, length);
  scu_result result = decode_body(&reader, &cursor);
  if (result != SCU_OK) scu__associate_free(out);
  return result;
}
