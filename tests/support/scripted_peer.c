/* The scripted peer: bytes to PDUs to messages on one side, a list of steps on the other, between them waits. */
#define _GNU_SOURCE /* strsep */
#include "support/scripted_peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/endian.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/reader.h"
#include "data/transfer_syntax.h"
#include "dimse/status.h"
#include "io/socket.h"

enum { OUT_MAX = 64 * 1024 * 1024, CALLS_MAX = 8, DEFAULT_MAX_PDU = 16384 };

typedef struct agreed {
  uint8_t id;
  scu__uid abstract_syntax, transfer_syntax;
} agreed;

struct peer_connection {
  scu__watch watch; /* first */
  scripted_peer *peer;
  peer_connection *next;
  size_t number;
  int fd;       /* -1 = closed */
  bool is_ours; /* made by PEER_CALL */
  const peer_step *steps[CALLS_MAX];
  size_t depth; /* scripts within scripts */
  bool is_ended, is_closing, is_stalled;
  scu__timer again; /* PEER_REPEAT */
  uint64_t again_ms;
  peer_connection *called; /* whose end PEER_CALL waits for */
  bool is_calling;
  peer_step *made; /* steps that PEER_SERVE made up */
  char (*made_uids)[65];

  scu__buffer in, out;
  size_t out_at;
  uint64_t bytes_read;
  scu__associate rq; /* the other side's, or ours */
  agreed contexts[SCU__CONTEXTS_MAX];
  size_t context_count;
  uint32_t their_max_pdu;

  /* Message that is arriving. */
  scu__buffer command_bytes;
  peer_message arriving;
  bool is_in_data;

  size_t next_message;  /* index into peer->messages */
  peer_message request; /* the last one that wants an answer, without its data; context_id 0 = none yet */
  bool has_rq, has_ac, has_release, has_released, has_abort, is_eof;
  uint16_t last_message_id;
  int served_count;
  size_t open; /* requests without a final response */
};

static void give_up(const char *what) {
  fprintf(stderr, "scripted peer: %s\n", what);
  abort();
}

static void note(const peer_connection *c, const char *word) {
  scripted_peer *p = c->peer;
  int wrote = snprintf(p->log + p->log_length, sizeof p->log - p->log_length, "%zu:%s ", c->number, word);
  if (wrote > 0 && p->log_length + (size_t)wrote < sizeof p->log) p->log_length += (size_t)wrote;
}

/* --- data sets ---------------------------------------------------------------------------------------------------- */

scu_dataset *peer_dataset(const char *text) {
  scu_dataset *dataset = NULL;
  if (scu_dataset_new(NULL, &dataset) != SCU_OK) give_up("no memory");
  char *copy = strdup(text), *rest = copy;
  for (char *item; (item = strsep(&rest, "|"));) {
    if (!*item) continue;
    char *value = strchr(item, '=');
    if (value) *value++ = 0;
    scu_result result =
        value && *value ? scu_dataset_set_text(dataset, item, value) : scu_dataset_set_empty(dataset, item);
    if (result != SCU_OK) give_up(scu_error_reason(scu_dataset_error(dataset)));
  }
  free(copy);
  return dataset;
}

static scu__encoding encoding_of(const peer_connection *c, uint8_t context_id) {
  for (size_t i = 0; i < c->context_count; i++) {
    if (c->contexts[i].id != context_id) continue;
    const scu__transfer_syntax *syntax = scu__transfer_syntax_find(c->contexts[i].transfer_syntax.text);
    return (scu__encoding){.is_implicit_vr = syntax && syntax->is_implicit_vr,
                           .is_big_endian = syntax && syntax->is_big_endian};
  }
  return SCU__IMPLICIT_LE;
}

static scu_dataset *read_dataset(const scu__buffer *bytes, scu__encoding encoding) {
  scu__reader *reader = calloc(1, sizeof *reader);
  scu__dataset_builder builder;
  scu__dataset_limits limits = {.value_max = 1 << 20, .total_max = 1 << 24, .elements_max = 100000};
  scu__reader_options options = {.first_offset = 0, .total_length = bytes->length};
  scu_dataset *dataset = NULL, *taken = NULL;
  if (!reader || scu_dataset_new(NULL, &dataset) != SCU_OK) give_up("no memory");
  scu__reader_init(reader, encoding, &options);
  scu__dataset_builder_init(&builder, NULL, &limits);
  scu_result result = scu__dataset_builder_start(&builder, dataset, NULL);
  scu__reader_push(reader, bytes->data, bytes->length);
  scu__reader_finish(reader);
  while (result == SCU_OK) {
    scu__token token;
    result = scu__reader_next(reader, &token, NULL);
    if (result == SCU_OK) result = scu__dataset_builder_put(&builder, &token, NULL);
  }
  scu__dataset_builder_take(&builder, &taken, NULL);
  scu__dataset_builder_free(&builder);
  free(reader);
  if (result == SCU_END) return dataset;
  scu_dataset_free(dataset);
  return NULL;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void put(peer_connection *c, const void *bytes, size_t length, size_t cut) {
  scu__put_bytes(&c->out, bytes, cut > 0 && cut < length ? cut : length);
  if (scu__buffer_result(&c->out) != SCU_OK) give_up("too much output");
}

static void close_connection(peer_connection *c, bool is_reset) {
  if (c->fd < 0) return;
  scu__timer_stop(c->peer->loop, &c->again);
  scu__watch_remove(c->peer->loop, &c->watch);
  if (is_reset)
    scu__socket_reset(c->fd);
  else
    scu__socket_close(c->fd);
  c->fd = -1;
  c->is_eof = true;
}

static size_t write_piece(peer_connection *c, size_t left) {
  size_t size = c->peer->write_size;
  if (size == 0) return left;
  if (size == PEER_RANDOM_WRITES) {
    c->peer->random = c->peer->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    size = 1 + (size_t)(c->peer->random >> 33) % 700;
  }
  return size < left ? size : left;
}

/* One write; the rest when the socket is ready again, so that the other side gets its turn between two pieces. */
static void write_some(peer_connection *c) {
  size_t left = c->out.length - c->out_at;
  if (c->fd < 0 || left == 0) return;
  ssize_t sent = send(c->fd, c->out.data + c->out_at, write_piece(c, left), MSG_NOSIGNAL);
  if (sent > 0)
    c->out_at += (size_t)sent;
  else if (errno != EAGAIN && errno != EINTR) {
    c->out_at = c->out.length;
    c->is_eof = true;
  }
  if (c->out_at < c->out.length) return;
  scu__buffer_clear(&c->out);
  c->out_at = 0;
}

static void put_associate(peer_connection *c, scu__associate *associate, scu__pdu_type type, size_t cut) {
  scu__buffer pdu;
  scu__buffer_init(&pdu, NULL, SCU__ASSOCIATE_PDU_MAX * 2);
  if (scu__associate_encode(associate, type, &pdu) != SCU_OK) give_up("associate");
  put(c, pdu.data, pdu.length, cut);
  scu__buffer_free(&pdu);
}

static void put_pdv(scu__buffer *pdu, uint8_t context_id, bool is_command, bool is_last, const uint8_t *bytes,
                    size_t length) {
  uint8_t header[SCU__PDV_HEADER];
  scu__pdv_header pdv = {(uint32_t)length + 2, context_id, is_command, is_last};
  scu__pdv_header_store(header, &pdv);
  scu__put_bytes(pdu, header, sizeof header);
  if (length > 0) scu__put_bytes(pdu, bytes, length);
}

static void put_pdu(scu__buffer *to, const scu__buffer *body) {
  uint8_t header[SCU__PDU_HEADER];
  scu__pdu_header_store(header, SCU__PDU_P_DATA_TF, (uint32_t)body->length);
  scu__put_bytes(to, header, sizeof header);
  scu__put_bytes(to, body->data, body->length);
}

static void put_fragments(scu__buffer *to, uint8_t context_id, bool is_command, const scu__buffer *part,
                          size_t fragment) {
  scu__buffer body;
  scu__buffer_init(&body, NULL, OUT_MAX);
  size_t at = 0;
  do {
    size_t piece = part->length - at < fragment ? part->length - at : fragment;
    scu__buffer_clear(&body);
    put_pdv(&body, context_id, is_command, at + piece == part->length, part->data ? part->data + at : NULL, piece);
    put_pdu(to, &body);
    at += piece;
  } while (at < part->length);
  scu__buffer_free(&body);
}

/* Another Command Field than the encoder would put there. */
static void patch_field(scu__buffer *bytes, uint16_t field) {
  static const uint8_t head[] = {0, 0, 0, 1, 2, 0, 0, 0};
  for (size_t i = 0; i + sizeof head + 2 <= bytes->length; i++) {
    if (memcmp(bytes->data + i, head, sizeof head) != 0) continue;
    bytes->data[i + sizeof head] = (uint8_t)field;
    bytes->data[i + sizeof head + 1] = (uint8_t)(field >> 8);
    return;
  }
}

/* The encoder does not leave out what is mandatory: the instance UID becomes an element that means nothing. */
static void hide_instance_uid(scu__buffer *bytes) {
  static const uint8_t head[] = {0, 0, 0, 0x10};
  for (size_t i = bytes->length - sizeof head; i > 0; i--) { /* it is the last element */
    if (memcmp(bytes->data + i, head, sizeof head) != 0) continue;
    bytes->data[i + 2] = 1;
    return;
  }
}

static void put_message(peer_connection *c, const peer_step *step, uint8_t context_id, scu__command *command,
                        const scu__buffer *dataset) {
  scu__buffer bytes, pdus, body;
  scu__buffer_init(&bytes, NULL, SCU__COMMAND_MAX);
  scu__buffer_init(&pdus, NULL, OUT_MAX);
  scu__buffer_init(&body, NULL, OUT_MAX);
  bool says_dataset = (dataset != NULL) != step->has_dataset_lie;
  command->data_set_type = says_dataset ? SCU__WITH_DATASET : SCU__NO_DATASET;
  if (step->context) context_id = step->context;
  if (scu__command_encode(command, &bytes) != SCU_OK) give_up("command");
  if (step->action == PEER_STORE && !step->uid) hide_instance_uid(&bytes);
  if (step->action == PEER_ECHO && step->response_field) patch_field(&bytes, step->response_field);
  if (step->fragment < 0 && dataset) {
    put_pdv(&body, context_id, true, true, bytes.data, bytes.length);
    put_pdv(&body, context_id, false, true, dataset->data, dataset->length);
    put_pdu(&pdus, &body);
  } else {
    size_t most = c->their_max_pdu ? c->their_max_pdu - SCU__PDV_HEADER : DEFAULT_MAX_PDU;
    size_t fragment = step->fragment > 0 ? (size_t)step->fragment : most;
    put_fragments(&pdus, context_id, true, &bytes, fragment);
    if (dataset) put_fragments(&pdus, context_id, false, dataset, fragment);
  }
  put(c, pdus.data, pdus.length, step->cut);
  scu__buffer_free(&bytes);
  scu__buffer_free(&pdus);
  scu__buffer_free(&body);
}

/* --- what comes in ------------------------------------------------------------------------------------------------ */

static bool wants_answer(const scu__command *command) {
  return !scu__command_is_response(command) && command->field != SCU__C_CANCEL_RQ;
}

static void keep_message(peer_connection *c) {
  scripted_peer *p = c->peer;
  if (p->message_count == p->message_capacity) {
    p->message_capacity = p->message_capacity ? p->message_capacity * 2 : 16;
    p->messages = realloc(p->messages, p->message_capacity * sizeof *p->messages);
    if (!p->messages) give_up("no memory");
  }
  c->arriving.connection = c->number;
  if (c->arriving.bytes.length > 0)
    c->arriving.dataset = read_dataset(&c->arriving.bytes, encoding_of(c, c->arriving.context_id));
  note(c, scu__command_name(c->arriving.command.field));
  if (wants_answer(&c->arriving.command) && ++c->open > p->most_open) p->most_open = c->open;
  p->messages[p->message_count++] = c->arriving;
  memset(&c->arriving, 0, sizeof c->arriving);
  scu__buffer_init(&c->arriving.bytes, NULL, OUT_MAX);
}

static void take_pdv(peer_connection *c, const scu__pdv_header *pdv, const uint8_t *bytes, size_t length) {
  c->arriving.context_id = pdv->context_id;
  if (!pdv->is_command) {
    scu__put_bytes(&c->arriving.bytes, bytes, length);
    if (pdv->is_last) keep_message(c);
    return;
  }
  scu__put_bytes(&c->command_bytes, bytes, length);
  if (!pdv->is_last) return;
  scu_error error;
  scu__error_clear(&error);
  if (scu__command_decode(c->command_bytes.data, c->command_bytes.length, &c->arriving.command, &error) != SCU_OK)
    give_up(error.reason);
  for (size_t i = 0; i < c->arriving.command.attribute_count && i < PEER_ATTRIBUTES_MAX; i++)
    c->arriving.attributes[i] = scu__command_attribute(&c->arriving.command, i);
  c->arriving.command.attributes = NULL;
  scu__buffer_clear(&c->command_bytes);
  if (!scu__command_has_dataset(&c->arriving.command)) keep_message(c);
}

static void take_p_data(peer_connection *c, const uint8_t *body, size_t length) {
  while (length >= SCU__PDV_HEADER) {
    scu__pdv_header pdv = scu__pdv_header_load(body);
    if (pdv.item_length < 2 || pdv.item_length - 2 > length - SCU__PDV_HEADER) give_up("PDV length");
    take_pdv(c, &pdv, body + SCU__PDV_HEADER, pdv.item_length - 2);
    body += pdv.item_length + 4;
    length -= pdv.item_length + 4;
  }
}

static void take_associate(peer_connection *c, scu__pdu_type type, const uint8_t *body, size_t length) {
  scu__associate got;
  scu_error error;
  scu__error_clear(&error);
  if (scu__associate_decode(body, length, type, NULL, &got, &error) != SCU_OK) give_up(error.reason);
  c->their_max_pdu = got.max_pdu_length;
  if (type == SCU__PDU_ASSOCIATE_RQ) {
    scu__buffer_clear(&c->peer->request);
    scu__put_bytes(&c->peer->request, body, length);
    scu__associate_free(&c->rq);
    c->rq = got;
    c->has_rq = true;
    return;
  }
  for (size_t i = 0; i < got.role_count; i++)
    c->peer->granted_provider = c->peer->granted_provider || (got.roles[i].scp && !got.roles[i].scu);
  for (size_t i = 0; i < got.context_count; i++) {
    const scu__context *proposed = scu__associate_find_context(&c->rq, got.contexts[i].id);
    if (got.contexts[i].result != 0 || !proposed || got.contexts[i].count == 0) continue;
    c->contexts[c->context_count++] = (agreed){.id = got.contexts[i].id,
                                               .abstract_syntax = proposed->abstract_syntax,
                                               .transfer_syntax = got.contexts[i].transfer_syntaxes[0]};
  }
  scu__associate_free(&got);
  c->has_ac = true;
}

static void take_pdu(peer_connection *c, uint8_t type, const uint8_t *body, size_t length) {
  char word[64];
  switch (type) {
  case SCU__PDU_ASSOCIATE_RQ:
    note(c, "RQ");
    take_associate(c, SCU__PDU_ASSOCIATE_RQ, body, length);
    return;
  case SCU__PDU_ASSOCIATE_AC:
    note(c, "AC");
    take_associate(c, SCU__PDU_ASSOCIATE_AC, body, length);
    return;
  case SCU__PDU_ASSOCIATE_RJ:
    snprintf(word, sizeof word, "RJ(%u/%u/%u)", body[1], body[2], body[3]);
    note(c, word);
    return;
  case SCU__PDU_P_DATA_TF:
    if (length > (c->peer->max_pdu ? c->peer->max_pdu : DEFAULT_MAX_PDU)) give_up("a PDU larger than agreed");
    take_p_data(c, body, length);
    return;
  case SCU__PDU_RELEASE_RQ:
    note(c, "RELEASE-RQ");
    c->has_release = true;
    return;
  case SCU__PDU_RELEASE_RP:
    note(c, "RELEASE-RP");
    c->has_released = true;
    return;
  default:
    snprintf(word, sizeof word, "ABORT(%u/%u)", body[2], body[3]);
    note(c, word);
    c->has_abort = true;
    c->peer->aborts++;
    return;
  }
}

static void take_input(peer_connection *c) {
  size_t at = 0;
  while (c->in.length - at >= SCU__PDU_HEADER) {
    scu__pdu_header header = scu__pdu_header_load(c->in.data + at);
    if (c->in.length - at - SCU__PDU_HEADER < header.length) break;
    take_pdu(c, header.type, c->in.data + at + SCU__PDU_HEADER, header.length);
    at += SCU__PDU_HEADER + header.length;
  }
  scu__buffer_drop_front(&c->in, at);
}

static void read_some(peer_connection *c) {
  while (c->fd >= 0 && !c->is_eof && !c->is_stalled) {
    uint8_t *to = scu__buffer_reserve(&c->in, 65536);
    if (!to) give_up("too much input");
    ssize_t got = recv(c->fd, to, 65536, 0);
    if (got > 0) {
      scu__buffer_commit(&c->in, (size_t)got);
      c->peer->bytes_read += (size_t)got;
      c->bytes_read += (size_t)got;
      take_input(c);
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    } else {
      note(c, got == 0 ? "CLOSED" : "RESET");
      c->is_eof = true;
    }
  }
}

/* --- saying ------------------------------------------------------------------------------------------------------- */

static const scu__uid *choose_syntax(const scripted_peer *p, const scu__context *context) {
  for (size_t i = 0; i < context->count; i++)
    if (!p->only_syntax || strcmp(p->only_syntax, context->transfer_syntaxes[i].text) == 0)
      return &context->transfer_syntaxes[i];
  return NULL;
}

static void answer_context(peer_connection *c, const scu__context *proposed, scu__associate *ac) {
  const scripted_peer *p = c->peer;
  const char *refused = p->refused_class;
  const scu__uid *syntax = choose_syntax(p, proposed);
  uint8_t id = proposed->id, result = SCU__CONTEXT_ACCEPTED;
  if (refused && strncmp(proposed->abstract_syntax.text, refused, strlen(refused)) == 0)
    result = 3;
  else if (!syntax)
    result = 4;
  static const scu__uid unoffered = {"1.2.840.10008.1.2.4.999"};
  if (p->lie == PEER_UNOFFERED_SYNTAX) syntax = &unoffered;
  if (p->lie == PEER_EVEN_CONTEXT) id = (uint8_t)(id + 1);
  if (p->lie == PEER_UNKNOWN_CONTEXT) id = 251;
  scu__associate_add_result(ac, id, result, result == 0 ? syntax : NULL);
  if (result == SCU__CONTEXT_ACCEPTED)
    c->contexts[c->context_count++] =
        (agreed){.id = id, .abstract_syntax = proposed->abstract_syntax, .transfer_syntax = *syntax};
}

static void answer_extended(peer_connection *c, const scu__extended *offer, scu__associate *ac) {
  scripted_peer *p = c->peer;
  size_t length = strlen(p->offers);
  length += (size_t)snprintf(p->offers + length, sizeof p->offers - length, "%s=", offer->uid.text);
  for (size_t i = 0; i < offer->bytes.length && length < sizeof p->offers; i++)
    length += (size_t)snprintf(p->offers + length, sizeof p->offers - length, "%02X", offer->bytes.data[i]);
  if (length < sizeof p->offers) snprintf(p->offers + length, sizeof p->offers - length, " ");
  bool is_for = !p->agrees_class || strcmp(p->agrees_class, offer->uid.text) == 0;
  if (p->agrees && is_for) scu__associate_add_extended(ac, offer->uid.text, p->agrees, p->agrees_length);
}

static void accept_association(peer_connection *c, const peer_step *step) {
  scripted_peer *p = c->peer;
  scu__associate ac;
  scu__associate_init(&ac, NULL);
  memcpy(ac.called_raw, c->rq.called_raw, sizeof ac.called_raw);
  memcpy(ac.calling_raw, c->rq.calling_raw, sizeof ac.calling_raw);
  ac.max_pdu_length = p->lie == PEER_TINY_MAXIMUM ? 4 : p->max_pdu ? p->max_pdu : DEFAULT_MAX_PDU;
  if (p->lie == PEER_OTHER_APPLICATION_CONTEXT) scu__uid_from_text(&ac.application_context, "1.2.3.4");
  c->context_count = 0;
  for (size_t i = 0; i < c->rq.context_count; i++) answer_context(c, &c->rq.contexts[i], &ac);
  for (size_t i = 0; i < c->rq.role_count; i++) {
    const scu__role *role = &c->rq.roles[i];
    scu__associate_add_role(&ac, role->uid.text, role->scu, role->scp && !p->refuses_roles);
  }
  p->offered_window = c->rq.window.present ? c->rq.window.invoked : 0;
  ac.window.present = p->grants_window && c->rq.window.present;
  ac.window.invoked = p->window;
  ac.window.performed = 1;
  for (size_t i = 0; i < c->rq.extended_count; i++) answer_extended(c, &c->rq.extended[i], &ac);
  if (p->agrees_unasked) scu__associate_add_extended(&ac, p->agrees_unasked, p->agrees, p->agrees_length);
  static const uint8_t nothing[1];
  if (p->confirms_identity && c->rq.identity.type != 0) {
    ac.identity_response.present = true;
    ac.identity_response.response.data = (uint8_t *)(uintptr_t)(p->identity_answer ? p->identity_answer : nothing);
    ac.identity_response.response.length = p->identity_answer_length;
  }
  put_associate(c, &ac, SCU__PDU_ASSOCIATE_AC, step->cut);
  ac.identity_response.response = (scu__octets){0}; /* the test's */
  scu__associate_free(&ac);
}

static void request_association(peer_connection *c, const peer_step *step) {
  static const char *const syntaxes[] = {SCU__UID_IMPLICIT_LE};
  scu__associate_free(&c->rq);
  scu__associate_init(&c->rq, NULL);
  scu__ae_from_text(&c->rq.called, "LISTENER");
  scu__ae_from_text(&c->rq.calling, step->text ? step->text : "PEER");
  scu__associate_add_context(&c->rq, step->uid ? step->uid : "1.2.840.10008.5.1.4.1.1.7", syntaxes, 1, NULL);
  scu__associate_add_context(&c->rq, "1.2.840.10008.1.1", syntaxes, 1, NULL);
  if (step->count > 0) scu__associate_add_role(&c->rq, step->uid, step->count > 1, true);
  if (c->peer->max_pdu) c->rq.max_pdu_length = c->peer->max_pdu;
  if (c->peer->invokes > 0) c->rq.window = (scu__window){.present = true, .invoked = c->peer->invokes, .performed = 1};
  put_associate(c, &c->rq, SCU__PDU_ASSOCIATE_RQ, step->cut);
}

static void encode_into(const peer_connection *c, const scu_dataset *dataset, uint8_t context_id, scu__buffer *bytes) {
  scu__buffer_init(bytes, NULL, OUT_MAX);
  scu_error error;
  scu__error_clear(&error);
  if (scu__dataset_encode(dataset, encoding_of(c, context_id), bytes, &error) != SCU_OK) give_up(error.reason);
}

static void set_counts(scu__command *response, const int *counts) {
  uint16_t *const fields[] = {&response->remaining, &response->completed, &response->failed, &response->warning};
  static const uint32_t bits[] = {SCU__HAS_REMAINING, SCU__HAS_COMPLETED, SCU__HAS_FAILED, SCU__HAS_WARNING};
  for (int i = 0; counts && i < 4; i++) {
    if (counts[i] < 0) continue;
    *fields[i] = (uint16_t)counts[i];
    response->present |= bits[i];
  }
}

/* The list is in `attributes`, which outlives the response. */
static void set_n_elements(scu__command *response, const peer_step *step, scu__buffer *attributes) {
  static const uint32_t identity =
      SCU__HAS_AFFECTED_SOP_CLASS | SCU__HAS_AFFECTED_SOP_INSTANCE | SCU__HAS_EVENT_TYPE | SCU__HAS_ACTION_TYPE;
  if (step->leaves_identity_out) response->present &= ~identity;
  if (step->uid) {
    scu__uid_from_text(&response->affected_sop_instance, step->uid);
    response->present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  }
  if (step->error_id) {
    response->error_id = step->error_id;
    response->present |= SCU__HAS_ERROR_ID;
  }
  if (step->offending) {
    response->offending[response->offending_count++] = step->offending;
    response->present |= SCU__HAS_OFFENDING;
  }
  if (!step->attributes) return;
  for (size_t i = 0; i < step->attribute_count; i++) scu__command_put_attribute(attributes, step->attributes[i]);
  response->attributes = attributes->data;
  response->attribute_count = step->attribute_count;
  response->present |= SCU__HAS_ATTRIBUTES;
}

static void respond_to(peer_connection *c, const peer_message *request, const peer_step *step) {
  scu__command response;
  scu__response_to(&request->command, step->status, &response);
  if (step->message_id) response.responded_message_id = step->message_id;
  if (step->response_field) response.field = step->response_field;
  if (step->comment) scu__command_set_comment(&response, step->comment);
  set_counts(&response, step->counts);
  scu__buffer attributes;
  scu__buffer_init(&attributes, NULL, 4 * PEER_ATTRIBUTES_MAX);
  set_n_elements(&response, step, &attributes);
  scu__buffer bytes = {0};
  bool has_dataset = step->text || step->bytes;
  if (step->text) {
    scu_dataset *dataset = peer_dataset(step->text);
    encode_into(c, dataset, request->context_id, &bytes);
    scu_dataset_free(dataset);
  } else if (step->bytes) {
    scu__buffer_init(&bytes, NULL, OUT_MAX);
    scu__put_bytes(&bytes, step->bytes, step->length);
  }
  put_message(c, step, request->context_id, &response, has_dataset ? &bytes : NULL);
  if (step->status >> 8 != 0xFF && c->open > 0) c->open--;
  scu__buffer_free(&bytes);
  scu__buffer_free(&attributes);
}

static uint8_t context_of(const peer_connection *c, const char *abstract_syntax) {
  for (size_t i = 0; i < c->context_count; i++)
    if (strcmp(c->contexts[i].abstract_syntax.text, abstract_syntax) == 0) return c->contexts[i].id;
  return 0;
}

static const char secondary_capture[] = "1.2.840.10008.5.1.4.1.1.7";

static void store_dataset(const peer_connection *c, const peer_step *step, uint8_t context_id, scu__buffer *bytes) {
  char text[256];
  snprintf(text, sizeof text, "SOPClassUID=%s|PatientID=P1|StudyInstanceUID=1.2.1|SeriesInstanceUID=1.2.1.1",
           secondary_capture);
  scu_dataset *dataset = peer_dataset(text);
  if (step->uid && scu_dataset_set_bytes(dataset, 0x00080018, SCU_VR_UI, step->uid, strlen(step->uid)) != SCU_OK)
    give_up("UID");
  uint8_t *pixels = calloc(1, step->length + 2);
  for (size_t i = 0; i < step->length; i++) pixels[i] = (uint8_t)(i * 7 + 3);
  scu_dataset_set_bytes(dataset, 0x7FE00010, SCU_VR_OW, pixels, (step->length + 1) & ~(size_t)1);
  free(pixels);
  encode_into(c, dataset, context_id, bytes);
  scu_dataset_free(dataset);
}

static void request_store(peer_connection *c, const peer_step *step) {
  scu__uid class_uid = {""};
  scu__uid_from_text(&class_uid, secondary_capture);
  uint8_t context_id = context_of(c, secondary_capture);
  scu__command request;
  scu__request_init(&request, SCU__C_STORE_RQ, step->message_id ? step->message_id : ++c->last_message_id, &class_uid);
  snprintf(request.affected_sop_instance.text, sizeof request.affected_sop_instance.text, "%.64s",
           step->uid ? step->uid : "1");
  request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE;
  scu__buffer bytes;
  store_dataset(c, step, context_id, &bytes);
  put_message(c, step, context_id ? context_id : 1, &request, &bytes);
  scu__buffer_free(&bytes);
}

static void request_echo(peer_connection *c, const peer_step *step) {
  scu__uid class_uid = {"1.2.840.10008.1.1"};
  scu__command request;
  scu__request_init(&request, SCU__C_ECHO_RQ, ++c->last_message_id, &class_uid);
  put_message(c, step, context_of(c, class_uid.text), &request, NULL);
}

static void request_report(peer_connection *c, const peer_step *step) {
  scu__uid class_uid = {"1.2.840.10008.1.20.1"};
  scu__command request;
  scu__request_init(&request, SCU__N_EVENT_REPORT_RQ, ++c->last_message_id, &class_uid);
  scu__uid_from_text(&request.affected_sop_instance, "1.2.840.10008.1.20.1.1");
  request.event_type = step->field;
  request.present |= SCU__HAS_AFFECTED_SOP_INSTANCE | SCU__HAS_EVENT_TYPE;
  uint8_t context_id = context_of(c, class_uid.text);
  scu__buffer bytes = {0};
  if (step->text) {
    scu_dataset *dataset = peer_dataset(step->text);
    encode_into(c, dataset, context_id, &bytes);
    scu_dataset_free(dataset);
  } else if (step->bytes) {
    scu__buffer_init(&bytes, NULL, OUT_MAX);
    scu__put_bytes(&bytes, step->bytes, step->length);
  }
  put_message(c, step, context_id, &request, step->text || step->bytes ? &bytes : NULL);
  scu__buffer_free(&bytes);
}

/* True when a row was sent. */
static bool send_row(peer_connection *c, const peer_message *request, const peer_step *step) {
  scripted_peer *p = c->peer;
  const char *text = p->row ? p->row(p->user, request->dataset, p->row_at) : NULL;
  if (!text) return false;
  p->row_at++;
  peer_step match = {.status = 0xFF00, .text = text, .fragment = step->fragment};
  respond_to(c, request, &match);
  return true;
}

static bool take_message(peer_connection *c, const peer_message **taken) {
  scripted_peer *p = c->peer;
  for (; c->next_message < p->message_count; c->next_message++) {
    if (p->messages[c->next_message].connection != c->number) continue;
    const peer_message *message = &p->messages[c->next_message++];
    if (wants_answer(&message->command)) c->request = *message;
    *taken = message;
    return true;
  }
  return false;
}

static bool is_flushed(const peer_connection *c) {
  return c->out.length == c->out_at;
}

/* False: there are more. */
static bool send_rows(peer_connection *c, const peer_step *step) {
  enum { AHEAD = 100 };
  const peer_message *taken;
  bool is_cancelled = take_message(c, &taken), has_row = true;
  if (c->has_abort || c->is_eof) return true;
  if (!is_cancelled && !is_flushed(c)) return false;
  for (int i = 0; i < AHEAD && has_row && !is_cancelled; i++) has_row = send_row(c, &c->request, step);
  if (has_row && !is_cancelled) return false;
  respond_to(c, &c->request, &(peer_step){.status = is_cancelled ? 0xFE00 : 0});
  return true;
}

static void send_fixed(peer_connection *c, const peer_step *step) {
  uint8_t pdu[SCU__FIXED_PDU];
  switch (step->action) {
  case PEER_REJECT: {
    scu__reject reject = {(uint8_t)step->count, (uint8_t)step->status, (uint8_t)step->field};
    scu__reject_encode(&reject, pdu);
    break;
  }
  case PEER_ABORT: {
    scu__abort abort_pdu = {(uint8_t)step->status, (uint8_t)step->field};
    scu__abort_encode(&abort_pdu, pdu);
    break;
  }
  case PEER_RELEASE: scu__release_encode(SCU__PDU_RELEASE_RQ, pdu); break;
  default: scu__release_encode(SCU__PDU_RELEASE_RP, pdu); break;
  }
  put(c, pdu, sizeof pdu, step->cut);
}

/* --- serving ------------------------------------------------------------------------------------------------------ */

static void call_script(peer_connection *c, const peer_step *script) {
  if (c->depth + 1 >= CALLS_MAX) give_up("scripts too deep");
  c->steps[++c->depth] = script;
}

static void serve_find(peer_connection *c, const peer_message *request, const peer_step *step) {
  c->peer->row_at = 0;
  while (send_row(c, request, step)) continue;
  peer_step final = {.status = 0, .fragment = step->fragment};
  respond_to(c, request, &final);
}

/* What a C-GET asks for, as UIDs. */
static size_t list_asked(const peer_connection *c, const peer_message *request, char (*uids)[65], size_t room) {
  const scripted_peer *p = c->peer;
  size_t count = 0;
  const scu_element *list = request->dataset ? scu_dataset_find_path(request->dataset, "SOPInstanceUID") : NULL;
  if (list && scu_element_length(list) > 0) {
    for (size_t i = 0; i < scu_element_value_count(request->dataset, list) && count < room; i++)
      scu_element_value_text(request->dataset, list, i, uids[count++], sizeof *uids);
    return count;
  }
  for (size_t i = 0; i < p->instance_count && count < room; i++)
    if (!p->withheld || strcmp(p->withheld, p->instances[i]) != 0)
      snprintf(uids[count++], sizeof *uids, "%.64s", p->instances[i]);
  return count;
}

/* One sub-operation after the other, then the final response. */
static void serve_get(peer_connection *c, const peer_message *request) {
  enum { ROOM = 512 };
  free(c->made);
  free(c->made_uids);
  c->made = calloc(2 * ROOM + 2, sizeof *c->made);
  c->made_uids = calloc(ROOM, sizeof *c->made_uids);
  if (!c->made || !c->made_uids) give_up("no memory");
  size_t count = list_asked(c, request, c->made_uids, ROOM), at = 0;
  for (size_t i = 0; i < count; i++) {
    c->made[at++] = (peer_step){.action = PEER_STORE, .uid = c->made_uids[i], .length = 100};
    c->made[at++] = (peer_step){.action = PEER_WAIT_MESSAGE};
  }
  c->made[at] = (peer_step){.action = PEER_RESPOND, .status = 0};
  call_script(c, c->made);
}

static void serve_one(peer_connection *c, const peer_message *request, const peer_step *step) {
  scripted_peer *p = c->peer;
  peer_step answer = {.status = 0, .fragment = step->fragment};
  switch (request->command.field) {
  case SCU__C_STORE_RQ:
    if (p->store_statuses) answer.status = p->store_statuses[p->answered_stores % p->store_status_count];
    p->answered_stores++;
    respond_to(c, request, &answer);
    return;
  case SCU__C_FIND_RQ: serve_find(c, request, step); return;
  case SCU__C_GET_RQ: serve_get(c, request); return;
  case SCU__C_CANCEL_RQ: return;
  case SCU__N_GET_RQ:
    answer.text = p->n_get_reply;
    respond_to(c, request, &answer);
    return;
  default: respond_to(c, request, &answer); return;
  }
}

/* --- the script --------------------------------------------------------------------------------------------------- */

/* False: this step is not over. */
static bool serve(peer_connection *c, const peer_step *step) {
  if (step->count > 0 && c->served_count == step->count) {
    c->served_count = 0;
    return true;
  }
  const peer_message *taken;
  if (take_message(c, &taken)) {
    c->served_count++;
    peer_message request = *taken; /* the list may move */
    serve_one(c, &request, step);
    return false;
  }
  if (c->has_release) {
    uint8_t pdu[SCU__FIXED_PDU];
    scu__release_encode(SCU__PDU_RELEASE_RP, pdu);
    put(c, pdu, sizeof pdu, 0);
    c->has_release = false;
    c->is_closing = true;
  }
  return false;
}

static peer_connection *connect_out(scripted_peer *p, uint16_t port, const peer_step *script);

static bool call_out(peer_connection *c, const peer_step *step) {
  if (!c->is_calling) {
    c->is_calling = true;
    c->called = connect_out(c->peer, step->port, step->script);
  }
  if (!c->called->is_ended) return false;
  c->is_calling = false;
  return true;
}

static bool run_step(peer_connection *c, const peer_step *step);

/* In lots, so that the other side finds more than it takes at once. */
static bool repeat(peer_connection *c, const peer_step *step) {
  enum { LOT = 200 };
  uint64_t now = scu__loop_now(c->peer->loop);
  c->is_stalled = step->reads_nothing;
  if (c->is_eof || !is_flushed(c) || now < c->again_ms) return false;
  for (int i = 0; i < (step->count > 0 ? 1 : LOT); i++) run_step(c, step->script);
  c->again_ms = now + (uint64_t)step->count;
  if (step->count > 0) scu__timer_set(c->peer->loop, &c->again, c->again_ms);
  return false;
}

static bool wait_step(peer_connection *c, const peer_step *step) {
  const peer_message *taken;
  switch (step->action) {
  case PEER_WAIT_RQ: return c->has_rq;
  case PEER_WAIT_AC: return c->has_ac;
  case PEER_WAIT_MESSAGE: return take_message(c, &taken);
  case PEER_WAIT_RELEASE: return c->has_release;
  case PEER_WAIT_RELEASED: return c->has_released;
  case PEER_WAIT_ABORT: return c->has_abort;
  case PEER_WAIT_CLOSE: return c->is_eof;
  case PEER_WAIT_BYTES: return c->bytes_read >= step->length;
  default: return c->peer->is_held_open;
  }
}

/* The one that came `back` before the last that was taken. */
static const peer_message *request_before(const peer_connection *c, int back) {
  const scripted_peer *p = c->peer;
  for (size_t i = c->next_message; i-- > 0;)
    if (p->messages[i].connection == c->number && back-- == 0) return &p->messages[i];
  give_up("there are not so many requests");
  return NULL;
}

static bool run_step(peer_connection *c, const peer_step *step) {
  static const char garbage[] = "\x7F\x45\x4C\x46 this is not a PDU at all";
  switch (step->action) {
  case PEER_ASSOCIATE: request_association(c, step); return true;
  case PEER_ACCEPT: accept_association(c, step); return true;
  case PEER_REJECT:
  case PEER_ABORT:
  case PEER_RELEASE:
  case PEER_RELEASE_RP: send_fixed(c, step); return true;
  case PEER_SEND: put(c, step->bytes, step->length, step->cut); return true;
  case PEER_GARBAGE: put(c, garbage, sizeof garbage - 1, step->cut); return true;
  case PEER_RESPOND:
    if (!c->request.context_id) give_up("nothing to respond to");
    respond_to(c, step->back > 0 ? request_before(c, step->back) : &c->request, step);
    return true;
  case PEER_MATCHES:
    for (int i = 0; i < step->count || step->count == 0; i++)
      if (!send_row(c, &c->request, step)) break;
    return true;
  case PEER_ROWS: return send_rows(c, step);
  case PEER_STORE: request_store(c, step); return true;
  case PEER_ECHO: request_echo(c, step); return true;
  case PEER_REPORT: request_report(c, step); return true;
  case PEER_CLOSE:
  case PEER_RESET:
    if (!is_flushed(c)) return false;
    close_connection(c, step->action == PEER_RESET);
    return true;
  case PEER_REPEAT: return repeat(c, step);
  case PEER_STALL: c->is_stalled = true; return false;
  case PEER_CALL: return call_out(c, step);
  case PEER_SERVE: return serve(c, step);
  default: return wait_step(c, step);
  }
}

static void end_script(peer_connection *c) {
  if (c->is_ended) return;
  c->is_ended = true;
  c->peer->script_ends++;
}

static void run(peer_connection *c) {
  while (!c->is_ended) {
    const peer_step *step = c->steps[c->depth];
    if (step->action == PEER_END && c->depth > 0) {
      c->depth--;
      continue;
    }
    if (step->action == PEER_END) break;
    size_t depth = c->depth;
    size_t messages = c->next_message;
    bool is_over = run_step(c, step);
    if (is_over)
      c->steps[depth]++;
    else if (c->depth == depth && c->next_message == messages)
      break;
  }
  const peer_step *step = c->steps[c->depth];
  if (c->depth == 0 && step->action == PEER_END) end_script(c);
  if (c->is_eof && c->out.length == c->out_at) end_script(c);
}

static void settle(peer_connection *c) {
  if (c->fd < 0) return;
  if (c->is_closing && is_flushed(c)) close_connection(c, false);
  if (c->is_eof && c->fd >= 0) close_connection(c, false);
  if (c->fd < 0) return;
  unsigned interest = (c->is_stalled ? 0u : SCU__POLL_READ) | (is_flushed(c) ? 0u : SCU__POLL_WRITE);
  if (scu__watch_set(c->peer->loop, &c->watch, c->fd, interest, NULL) != SCU_OK) give_up("watch");
}

/* Steps of one connection may end waits of another. */
static void run_all(scripted_peer *p) {
  for (size_t ends = SIZE_MAX; ends != p->script_ends;) {
    ends = p->script_ends;
    for (peer_connection *c = p->connections; c; c = c->next) {
      run(c);
      if (p->write_size == 0) write_some(c);
      run(c);
      settle(c);
      if (c->is_eof) end_script(c);
    }
  }
}

static void connection_ready(scu__watch *self, unsigned ready) {
  peer_connection *c = (peer_connection *)self;
  if (ready & SCU__POLL_WRITE) write_some(c);
  if (ready & (SCU__POLL_READ | SCU__POLL_HANGUP)) read_some(c);
  run_all(c->peer);
}

static void again_expired(scu__timer *self, uint64_t now_ms) {
  peer_connection *c = (peer_connection *)((char *)self - offsetof(peer_connection, again));
  (void)now_ms;
  run_all(c->peer);
}

static peer_connection *make_connection(scripted_peer *p, int fd, const peer_step *script) {
  static const peer_step nothing[] = {{.action = PEER_END}};
  peer_connection *c = calloc(1, sizeof *c);
  if (!c) give_up("no memory");
  c->peer = p;
  c->fd = fd;
  c->watch.ready = connection_ready;
  c->again.expired = again_expired;
  c->steps[0] = script ? script : nothing;
  scu__buffer_init(&c->in, NULL, OUT_MAX);
  scu__buffer_init(&c->out, NULL, OUT_MAX);
  scu__buffer_init(&c->command_bytes, NULL, SCU__COMMAND_MAX);
  scu__buffer_init(&c->arriving.bytes, NULL, OUT_MAX);
  c->number = 1;
  for (const peer_connection *other = p->connections; other; other = other->next) c->number++;
  c->next = p->connections;
  p->connections = c;
  return c;
}

static peer_connection *connect_out(scripted_peer *p, uint16_t port, const peer_step *script) {
  scu__address to;
  int fd = -1;
  if (!scu__address_parse(&to, "127.0.0.1", port)) give_up("address");
  scu_result result = scu__socket_connect_start(&to, &(scu__socket_local){0}, &fd, NULL);
  if (result != SCU_OK && result != SCU_PENDING) give_up("connect");
  peer_connection *c = make_connection(p, fd, script);
  c->is_ours = true;
  run(c);
  settle(c);
  return c;
}

/* The other side may have closed one whose end we have not read yet: the system knows. */
static bool is_established(const peer_connection *c) {
  struct tcp_info info;
  socklen_t length = sizeof info;
  return c->fd >= 0 && getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
         info.tcpi_state == TCP_ESTABLISHED;
}

static void count_connections(scripted_peer *p) {
  size_t count = 0;
  for (const peer_connection *c = p->connections; c; c = c->next) count += !c->is_ours && is_established(c);
  if (count > p->most_connections) p->most_connections = count;
}

static void listener_ready(scu__watch *self, unsigned ready) {
  (void)ready;
  scripted_peer *p = (scripted_peer *)((char *)self - offsetof(scripted_peer, watch));
  int fd;
  scu__address from;
  while (scu__socket_accept(p->listener, &fd, &from, NULL) == SCU_OK) {
    size_t index = p->accepted < p->script_count ? p->accepted : p->script_count - 1;
    p->accepted++;
    make_connection(p, fd, p->script_count > 0 ? p->scripts[index] : NULL);
    count_connections(p);
  }
  run_all(p);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

void scripted_peer_start_many(scripted_peer *peer, scu_loop *loop, const peer_step *const *scripts, size_t count) {
  memset(peer, 0, sizeof *peer);
  peer->loop = loop;
  peer->scripts = scripts;
  peer->script_count = count;
  peer->random = 42;
  scu__buffer_init(&peer->request, NULL, OUT_MAX);
  scu__address actual;
  if (scu__socket_listen("127.0.0.1", 0, &peer->listener, &actual, NULL) != SCU_OK) give_up("listen");
  peer->port = scu__address_port(&actual);
  snprintf(peer->name, sizeof peer->name, "PEER@127.0.0.1:%u", peer->port);
  peer->watch.ready = listener_ready;
  if (scu__watch_set(loop, &peer->watch, peer->listener, SCU__POLL_READ, NULL) != SCU_OK) give_up("watch");
}

void scripted_peer_start(scripted_peer *peer, scu_loop *loop, const peer_step *script) {
  const peer_step **one = malloc(sizeof *one);
  if (!one) give_up("no memory");
  *one = script;
  scripted_peer_start_many(peer, loop, one, 1);
  peer->is_single = true;
}

static void free_connection(peer_connection *c) {
  close_connection(c, false);
  scu__buffer_free(&c->in);
  scu__buffer_free(&c->out);
  scu__buffer_free(&c->command_bytes);
  scu__buffer_free(&c->arriving.bytes);
  scu__associate_free(&c->rq);
  free(c->made);
  free(c->made_uids);
  free(c);
}

void scripted_peer_stop(scripted_peer *peer) {
  scu__watch_remove(peer->loop, &peer->watch);
  scu__socket_close(peer->listener);
  while (peer->connections) {
    peer_connection *next = peer->connections->next;
    free_connection(peer->connections);
    peer->connections = next;
  }
  for (size_t i = 0; i < peer->message_count; i++) {
    scu_dataset_free(peer->messages[i].dataset);
    scu__buffer_free(&peer->messages[i].bytes);
  }
  free(peer->messages);
  scu__buffer_free(&peer->request);
  if (peer->is_single) free((void *)(uintptr_t)peer->scripts);
  memset(peer, 0, sizeof *peer);
}

void scripted_peer_go(scripted_peer *peer) {
  peer->is_held_open = true;
  run_all(peer);
}

void scripted_peer_call(scripted_peer *peer, uint16_t port, const peer_step *script) {
  connect_out(peer, port, script);
}

void scripted_peer_reset_all(scripted_peer *peer) {
  for (peer_connection *c = peer->connections; c; c = c->next) close_connection(c, true);
}

size_t scripted_peer_open_count(const scripted_peer *peer) {
  size_t count = 0;
  for (const peer_connection *c = peer->connections; c; c = c->next) count += c->fd >= 0;
  return count;
}

size_t scripted_peer_count(const scripted_peer *peer, uint16_t field) {
  size_t count = 0;
  for (size_t i = 0; i < peer->message_count; i++) count += peer->messages[i].command.field == field;
  return count;
}

const peer_message *scripted_peer_message(const scripted_peer *peer, uint16_t field, size_t index) {
  for (size_t i = 0; i < peer->message_count; i++)
    if (peer->messages[i].command.field == field && index-- == 0) return &peer->messages[i];
  return NULL;
}

/* Bound and not listened on: nobody is given it, whoever names it may have it. The oldest is let go. */
uint16_t scripted_free_port(void) {
  enum { HELD = 16 };
  static int held[HELD];
  static unsigned next;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  const int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) give_up("socket");
  if (bind(fd, (struct sockaddr *)&address, length) != 0) give_up("bind");
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) give_up("getsockname");
  int *slot = &held[next++ % HELD];
  if (*slot > 0) close(*slot);
  *slot = fd;
  return ntohs(address.sin_port);
}
