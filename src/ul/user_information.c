/* The 50H item (PS3.8 9.3.2.3, D.1; PS3.7 D.3.3): one encoder and one decoder per sub-item, a table of decoders.
 * A sub-item that may come once counts the first time; unknown ones are skipped (PS3.8 D.1). */
#include <string.h>

#include "ul/grow.h"
#include "ul/pdu_reader.h"

enum {
  ITEM_USER_INFORMATION = 0x50,
  SUB_MAX_LENGTH = 0x51,
  SUB_IMPLEMENTATION_CLASS = 0x52,
  SUB_WINDOW = 0x53,
  SUB_ROLE = 0x54,
  SUB_IMPLEMENTATION_VERSION = 0x55,
  SUB_EXTENDED = 0x56,
  SUB_COMMON_EXTENDED = 0x57,
  SUB_IDENTITY = 0x58,
  SUB_IDENTITY_RESPONSE = 0x59
};

/* --- Encode --------------------------------------------------------------------------------------------------- */

static void put_uid_field(scu__buffer *buffer, const scu__uid *uid) {
  size_t field = scu__block_open_u16be(buffer);
  scu__put_text(buffer, uid->text);
  scu__block_close_u16be(buffer, field);
}

static void put_octets_field(scu__buffer *buffer, const scu__octets *octets) {
  size_t field = scu__block_open_u16be(buffer);
  scu__put_bytes(buffer, octets->data, octets->length);
  scu__block_close_u16be(buffer, field);
}

static void put_max_length(scu__buffer *buffer, uint32_t max_pdu_length) {
  size_t item = scu__pdu_open_item(buffer, SUB_MAX_LENGTH);
  scu__put_u32be(buffer, max_pdu_length);
  scu__block_close_u16be(buffer, item);
}

static void put_window(scu__buffer *buffer, const scu__window *window) {
  size_t item = scu__pdu_open_item(buffer, SUB_WINDOW);
  scu__put_u16be(buffer, window->invoked);
  scu__put_u16be(buffer, window->performed);
  scu__block_close_u16be(buffer, item);
}

static void put_role(scu__buffer *buffer, const scu__role *role) {
  size_t item = scu__pdu_open_item(buffer, SUB_ROLE);
  put_uid_field(buffer, &role->uid);
  scu__put_u8(buffer, role->scu ? 1 : 0);
  scu__put_u8(buffer, role->scp ? 1 : 0);
  scu__block_close_u16be(buffer, item);
}

static void put_extended(scu__buffer *buffer, const scu__extended *extended) {
  size_t item = scu__pdu_open_item(buffer, SUB_EXTENDED);
  put_uid_field(buffer, &extended->uid);
  scu__put_bytes(buffer, extended->bytes.data, extended->bytes.length);
  scu__block_close_u16be(buffer, item);
}

static void put_common_extended(scu__buffer *buffer, const scu__common_extended *common) {
  size_t item = scu__pdu_open_item(buffer, SUB_COMMON_EXTENDED); /* byte 2 is the sub-item version, 0 */
  put_uid_field(buffer, &common->uid);
  put_uid_field(buffer, &common->service_class);
  size_t related = scu__block_open_u16be(buffer);
  for (size_t i = 0; i < common->related_count; i++) put_uid_field(buffer, &common->related[i]);
  scu__block_close_u16be(buffer, related);
  scu__block_close_u16be(buffer, item);
}

static void put_identity(scu__buffer *buffer, const scu__user_identity *identity) {
  size_t item = scu__pdu_open_item(buffer, SUB_IDENTITY);
  scu__put_u8(buffer, identity->type);
  scu__put_u8(buffer, identity->positive_response_requested ? 1 : 0);
  put_octets_field(buffer, &identity->primary);
  put_octets_field(buffer, &identity->secondary);
  scu__block_close_u16be(buffer, item);
}

static void put_identity_response(scu__buffer *buffer, const scu__identity_response *response) {
  size_t item = scu__pdu_open_item(buffer, SUB_IDENTITY_RESPONSE);
  put_octets_field(buffer, &response->response);
  scu__block_close_u16be(buffer, item);
}

/* Rising types: PS3.8 leaves the order free, but old peers want it. */
void scu__user_information_encode(const scu__associate *associate, scu__pdu_type type, scu__buffer *buffer) {
  bool is_rq = type == SCU__PDU_ASSOCIATE_RQ;
  size_t item = scu__pdu_open_item(buffer, ITEM_USER_INFORMATION);
  put_max_length(buffer, associate->max_pdu_length);
  scu__pdu_put_uid_item(buffer, SUB_IMPLEMENTATION_CLASS, associate->implementation_class_uid.text);
  if (associate->window.present) put_window(buffer, &associate->window);
  for (size_t i = 0; i < associate->role_count; i++) put_role(buffer, &associate->roles[i]);
  if (associate->implementation_version_name[0])
    scu__pdu_put_uid_item(buffer, SUB_IMPLEMENTATION_VERSION, associate->implementation_version_name);
  for (size_t i = 0; i < associate->extended_count; i++) put_extended(buffer, &associate->extended[i]);
  if (is_rq) {
    for (size_t i = 0; i < associate->common_extended_count; i++)
      put_common_extended(buffer, &associate->common_extended[i]);
    if (associate->identity.type != 0) put_identity(buffer, &associate->identity);
  }
  if (!is_rq && associate->identity_response.present) put_identity_response(buffer, &associate->identity_response);
  scu__block_close_u16be(buffer, item);
}

/* --- Decode --------------------------------------------------------------------------------------------------- */

/* What was seen so far, one bit per sub-item type from 51H. */
typedef struct seen_items {
  unsigned bits;
} seen_items;

static scu_result get_octets(const scu__pdu_reader *reader, scu__cursor *cursor, size_t length, scu__octets *out) {
  const uint8_t *bytes = scu__get_bytes(cursor, length);
  if (!bytes || length == 0) return SCU_OK; /* the caller asks the cursor */
  out->data = scu__alloc(reader->out->allocator, length);
  if (!out->data) return scu__error_memory(reader->error, SCU_PHASE_ASSOCIATE);
  memcpy(out->data, bytes, length);
  out->length = length;
  return SCU_OK;
}

static void get_uid_field(scu__cursor *cursor, scu__uid *uid) {
  uint16_t length = scu__get_u16be(cursor);
  scu__pdu_uid(cursor, length, uid);
}

static scu_result get_max_length(const scu__pdu_reader *reader, scu__pdu_item *item) {
  reader->out->max_pdu_length = scu__get_u32be(&item->content);
  if (scu__cursor_is_finished(&item->content)) return SCU_OK;
  return scu__pdu_fault(reader, item->start, "maximum length item (51H) is not 4 bytes long");
}

static scu_result get_implementation_class(const scu__pdu_reader *reader, scu__pdu_item *item) {
  scu__pdu_uid(&item->content, item->content.size, &reader->out->implementation_class_uid);
  return SCU_OK;
}

static scu_result get_window(const scu__pdu_reader *reader, scu__pdu_item *item) {
  scu__window *window = &reader->out->window;
  window->present = true;
  window->invoked = scu__get_u16be(&item->content);
  window->performed = scu__get_u16be(&item->content);
  if (scu__cursor_is_finished(&item->content)) return SCU_OK;
  return scu__pdu_fault(reader, item->start, "asynchronous operations item (53H) is not 4 bytes long");
}

static scu_result get_role(const scu__pdu_reader *reader, scu__pdu_item *item) {
  scu__associate *out = reader->out;
  scu__role role = {0};
  get_uid_field(&item->content, &role.uid);
  role.scu = scu__get_u8(&item->content) == 1;
  role.scp = scu__get_u8(&item->content) == 1;
  if (!scu__cursor_is_finished(&item->content))
    return scu__pdu_fault(reader, item->start, "role selection item (54H) whose lengths disagree");
  if (!role.uid.text[0]) return SCU_OK;
  scu__role *roles = scu__grow(out->allocator, out->roles, out->role_count, &out->role_capacity, sizeof *roles);
  if (!roles) return scu__error_memory(reader->error, SCU_PHASE_ASSOCIATE);
  out->roles = roles;
  roles[out->role_count++] = role;
  return SCU_OK;
}

/* Information only: kept as far as it is printable, never a reason to refuse. */
static scu_result get_implementation_version(const scu__pdu_reader *reader, scu__pdu_item *item) {
  char *name = reader->out->implementation_version_name;
  size_t length = item->content.size;
  if (length > 16) length = 16;
  const uint8_t *bytes = scu__get_bytes(&item->content, length);
  while (length > 0 && (bytes[length - 1] == ' ' || bytes[length - 1] == 0)) length--;
  for (size_t i = 0; i < length; i++) name[i] = bytes[i] >= 0x20 && bytes[i] < 0x7F ? (char)bytes[i] : '?';
  name[length] = 0;
  return SCU_OK;
}

static scu_result get_extended(const scu__pdu_reader *reader, scu__pdu_item *item) {
  scu__associate *out = reader->out;
  scu__extended extended = {0};
  get_uid_field(&item->content, &extended.uid);
  if (item->content.failed)
    return scu__pdu_fault(reader, item->start, "extended negotiation item (56H) whose lengths disagree");
  if (!extended.uid.text[0]) return SCU_OK;
  scu__extended *list =
      scu__grow(out->allocator, out->extended, out->extended_count, &out->extended_capacity, sizeof *list);
  if (!list) return scu__error_memory(reader->error, SCU_PHASE_ASSOCIATE);
  out->extended = list;
  scu_result result = get_octets(reader, &item->content, scu__cursor_left(&item->content), &extended.bytes);
  if (result == SCU_OK) list[out->extended_count++] = extended;
  return result;
}

static scu_result get_related(const scu__pdu_reader *reader, scu__cursor related, scu__common_extended *common) {
  while (scu__cursor_left(&related) > 0) {
    scu__uid uid;
    get_uid_field(&related, &uid);
    if (!uid.text[0]) continue; /* also when the cursor failed: nothing is left then */
    scu__uid *list = scu__grow(reader->out->allocator, common->related, common->related_count,
                               &common->related_capacity, sizeof *list);
    if (!list) return scu__error_memory(reader->error, SCU_PHASE_ASSOCIATE);
    common->related = list;
    list[common->related_count++] = uid;
  }
  return related.failed ? SCU_ERROR_PROTOCOL : SCU_OK;
}

/* What follows the related classes is reserved for later versions (PS3.7 D.3.3.6.1) and not read. */
static scu_result get_common_extended(const scu__pdu_reader *reader, scu__pdu_item *item) {
  static const char disagree[] = "common extended negotiation item (57H) whose lengths disagree";
  scu__associate *out = reader->out;
  scu__common_extended *list = scu__grow(out->allocator, out->common_extended, out->common_extended_count,
                                         &out->common_extended_capacity, sizeof *list);
  if (!list) return scu__error_memory(reader->error, SCU_PHASE_ASSOCIATE);
  out->common_extended = list;
  scu__common_extended *common = &list[out->common_extended_count];
  memset(common, 0, sizeof *common);
  get_uid_field(&item->content, &common->uid);
  get_uid_field(&item->content, &common->service_class);
  uint16_t related_length = scu__get_u16be(&item->content);
  scu__cursor related = scu__get_block(&item->content, related_length);
  if (item->content.failed) return scu__pdu_fault(reader, item->start, disagree);
  if (!common->uid.text[0]) return SCU_OK;
  out->common_extended_count++;
  scu_result result = get_related(reader, related, common);
  return result == SCU_ERROR_PROTOCOL ? scu__pdu_fault(reader, item->start, disagree) : result;
}

static scu_result get_identity(const scu__pdu_reader *reader, scu__pdu_item *item) {
  scu__user_identity *identity = &reader->out->identity;
  identity->type = scu__get_u8(&item->content);
  identity->positive_response_requested = scu__get_u8(&item->content) == 1;
  uint16_t length = scu__get_u16be(&item->content);
  scu_result result = get_octets(reader, &item->content, length, &identity->primary);
  if (result != SCU_OK) return result;
  length = scu__get_u16be(&item->content);
  result = get_octets(reader, &item->content, length, &identity->secondary);
  if (result != SCU_OK) return result;
  if (scu__cursor_is_finished(&item->content)) return SCU_OK;
  return scu__pdu_fault(reader, item->start, "user identity item (58H) whose lengths disagree");
}

static scu_result get_identity_response(const scu__pdu_reader *reader, scu__pdu_item *item) {
  scu__identity_response *response = &reader->out->identity_response;
  response->present = true;
  uint16_t length = scu__get_u16be(&item->content);
  scu_result result = get_octets(reader, &item->content, length, &response->response);
  if (result != SCU_OK) return result;
  if (scu__cursor_is_finished(&item->content)) return SCU_OK;
  return scu__pdu_fault(reader, item->start, "user identity response (59H) whose lengths disagree");
}

typedef struct sub_item_row {
  uint8_t type;
  bool is_single; /* only the first one counts */
  bool in_rq, in_ac;
  scu_result (*get)(const scu__pdu_reader *reader, scu__pdu_item *item);
} sub_item_row;

static const sub_item_row sub_items[] = {
    {SUB_MAX_LENGTH, true, true, true, get_max_length},
    {SUB_IMPLEMENTATION_CLASS, true, true, true, get_implementation_class},
    {SUB_WINDOW, true, true, true, get_window},
    {SUB_ROLE, false, true, true, get_role},
    {SUB_IMPLEMENTATION_VERSION, true, true, true, get_implementation_version},
    {SUB_EXTENDED, false, true, true, get_extended},
    {SUB_COMMON_EXTENDED, false, true, false, get_common_extended},
    {SUB_IDENTITY, true, true, false, get_identity},
    {SUB_IDENTITY_RESPONSE, true, false, true, get_identity_response},
};

static scu_result decode_sub_item(const scu__pdu_reader *reader, scu__pdu_item *item, seen_items *seen) {
  if (item->type < SUB_MAX_LENGTH || item->type > SUB_IDENTITY_RESPONSE) return SCU_OK;
  unsigned index = (unsigned)item->type - SUB_MAX_LENGTH;
  const sub_item_row *row = &sub_items[index];
  bool was_seen = (seen->bits & 1u << index) != 0;
  seen->bits |= 1u << index;
  if (was_seen && row->is_single) return SCU_OK;
  if (reader->type == SCU__PDU_ASSOCIATE_RQ ? !row->in_rq : !row->in_ac) return SCU_OK;
  return row->get(reader, item);
}

scu_result scu__user_information_decode(const scu__pdu_reader *reader, scu__cursor content) {
  seen_items seen = {0};
  while (scu__cursor_left(&content) > 0) {
    scu__pdu_item item;
    scu_result result = scu__pdu_next_item(reader, &content, &item);
    if (result == SCU_OK) result = decode_sub_item(reader, &item, &seen);
    if (result != SCU_OK) return result;
  }
  return SCU_OK;
}
