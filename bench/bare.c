/* See bare.h. */
#include "bare.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
  PDU_HEADER = 6,
  PDV_HEADER = 6,
  IN_SIZE = 2 * (PDU_HEADER + BARE_PDU_MAX),
  ASSOCIATE_MAX = 64 * 1024,
  BATCH = 256, /* PDUs handed to the kernel at once */
  ASSOCIATE_RQ = 1,
  ASSOCIATE_AC = 2,
  P_DATA = 4,
  RELEASE_RQ = 5,
  RELEASE_RP = 6
};

/* ---- small things ---- */

void bare_die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

double bare_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void *bare_take(size_t size) {
  void *memory = calloc(1, size);
  if (!memory) bare_die("no memory");
  return memory;
}

static void put_16_big(uint8_t *to, size_t value) {
  to[0] = (uint8_t)(value >> 8);
  to[1] = (uint8_t)value;
}

static void put_32_big(uint8_t *to, size_t value) {
  put_16_big(to, value >> 16);
  put_16_big(to + 2, value & 0xFFFF);
}

static size_t get_16_big(const uint8_t *from) {
  return (size_t)from[0] << 8 | from[1];
}

static size_t get_32_big(const uint8_t *from) {
  return get_16_big(from) << 16 | get_16_big(from + 2);
}

static size_t get_16(const uint8_t *from) {
  return (size_t)from[1] << 8 | from[0];
}

static size_t get_32(const uint8_t *from) {
  return get_16(from + 2) << 16 | get_16(from);
}

static void put_32(uint8_t *to, size_t value) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* ---- bytes on the socket ---- */

static void send_all(const bare_link *link, struct iovec *parts, size_t count) {
  while (count > 0) {
    ssize_t sent = writev(link->fd, parts, (int)count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) bare_die("cannot send: %s", strerror(errno));
    size_t left = (size_t)sent;
    for (; count > 0 && left >= parts->iov_len; parts++, count--) left -= parts->iov_len;
    if (count == 0) return;
    parts->iov_base = (uint8_t *)parts->iov_base + left;
    parts->iov_len -= left;
  }
}

static void send_bytes(const bare_link *link, uint8_t *bytes, size_t length) {
  struct iovec part = {bytes, length};
  send_all(link, &part, 1);
}

/* At least so many unused bytes in one piece; false at the end of the connection between PDUs. */
static bool have(bare_link *link, size_t wanted) {
  if (link->at + wanted > IN_SIZE) {
    memmove(link->in, link->in + link->at, link->end - link->at);
    link->end -= link->at;
    link->at = 0;
  }
  while (link->end - link->at < wanted) {
    ssize_t got = read(link->fd, link->in + link->end, IN_SIZE - link->end);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 && link->end == link->at) return false;
    if (got <= 0) bare_die("the connection broke: %s", got < 0 ? strerror(errno) : "closed inside a PDU");
    link->end += (size_t)got;
  }
  return true;
}

/* The next PDU in one piece: its type, its body. */
static int next_pdu(bare_link *link, const uint8_t **body, size_t *length) {
  if (link->at == link->end) link->at = link->end = 0;
  if (!have(link, PDU_HEADER)) bare_die("the peer closed the connection");
  *length = get_32_big(link->in + link->at + 2);
  if (*length > BARE_PDU_MAX) bare_die("a PDU of %zu bytes", *length);
  have(link, PDU_HEADER + *length);
  const uint8_t *pdu = link->in + link->at;
  *body = pdu + PDU_HEADER;
  link->at += PDU_HEADER + *length;
  return pdu[0];
}

static void set_up(bare_link *link, int fd) {
  int on = 1;
  memset(link, 0, sizeof *link);
  link->fd = fd;
  link->in = bare_take(IN_SIZE);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int dial(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  int code = getaddrinfo(host, port, &hints, &found);
  if (code != 0) bare_die("%s: %s", host, gai_strerror(code));
  int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
    bare_die("cannot connect to %s:%s: %s", host, port, strerror(errno));
  freeaddrinfo(found);
  return fd;
}

/* ---- A-ASSOCIATE ---- */

/* A PDU being written; blocks are closed when what is inside them is known. */
typedef struct text {
  uint8_t bytes[ASSOCIATE_MAX];
  size_t length;
} text;

static void put(text *to, const void *bytes, size_t length) {
  if (length > sizeof to->bytes - to->length) bare_die("too many contexts");
  memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
}

static void put_byte(text *to, uint8_t byte) {
  put(to, &byte, 1);
}

/* Returns where the length of the item goes. */
static size_t open_item(text *to, uint8_t type) {
  uint8_t header[4] = {type, 0, 0, 0};
  put(to, header, 4);
  return to->length - 2;
}

static void close_item(text *to, size_t place) {
  put_16_big(to->bytes + place, to->length - place - 2);
}

static void put_item(text *to, uint8_t type, const void *bytes, size_t length) {
  size_t item = open_item(to, type);
  put(to, bytes, length);
  close_item(to, item);
}

static void put_text_item(text *to, uint8_t type, const char *value) {
  put_item(to, type, value, strlen(value));
}

static void put_title(text *to, const char *title) {
  char padded[17];
  snprintf(padded, sizeof padded, "%-16.16s", title);
  put(to, padded, 16);
}

static void put_uid(text *to, const char *uid) {
  uint8_t length[2];
  put_16_big(length, strlen(uid));
  put(to, length, 2);
  put(to, uid, strlen(uid));
}

/* Roles (PS3.7 D.3.3.4), relational queries (PS3.7 D.3.3.5), what we are and how long our PDUs may be. */
static void put_user_information(text *to, const bare_context *contexts, size_t count) {
  static const uint8_t relational = 1, scp_alone[2] = {0, 1};
  uint8_t pdu_max[4];
  size_t information = open_item(to, 0x50);
  put_32_big(pdu_max, BARE_PDU_MAX);
  put_item(to, 0x51, pdu_max, 4);
  put_text_item(to, 0x52, "2.25.121415187286513170846529310745206418291");
  for (size_t i = 0; i < count; i++) {
    if (!contexts[i].wants_scp_role) continue;
    size_t item = open_item(to, 0x54);
    put_uid(to, contexts[i].abstract_syntax);
    put(to, scp_alone, 2);
    close_item(to, item);
  }
  for (size_t i = 0; i < count; i++) {
    if (!contexts[i].wants_relational) continue;
    size_t item = open_item(to, 0x56);
    put_uid(to, contexts[i].abstract_syntax);
    put_byte(to, relational);
    close_item(to, item);
  }
  close_item(to, information);
}

static void put_start(text *to, uint8_t type, const char *called, const char *calling) {
  static const uint8_t version[4] = {0, 1, 0, 0}, reserved[32];
  to->length = 0;
  put_byte(to, type);
  put(to, reserved, 5);
  put(to, version, 4);
  put_title(to, called);
  put_title(to, calling);
  put(to, reserved, 32);
  put_text_item(to, 0x10, "1.2.840.10008.3.1.1.1");
}

static void send_associate(const bare_link *link, text *pdu) {
  put_32_big(pdu->bytes + 2, pdu->length - PDU_HEADER);
  send_bytes(link, pdu->bytes, pdu->length);
}

static void request_association(const bare_link *link, const char *calling, const char *called,
                                const bare_context *contexts, size_t count) {
  text *pdu = bare_take(sizeof *pdu);
  put_start(pdu, ASSOCIATE_RQ, called, calling);
  for (size_t i = 0; i < count; i++) {
    uint8_t fixed[4] = {contexts[i].id, 0, 0, 0};
    size_t item = open_item(pdu, 0x20);
    put(pdu, fixed, 4);
    put_text_item(pdu, 0x30, contexts[i].abstract_syntax);
    put_text_item(pdu, 0x40, contexts[i].transfer_syntax);
    close_item(pdu, item);
  }
  put_user_information(pdu, contexts, count);
  send_associate(link, pdu);
  free(pdu);
}

/* The next item of a block; false after the last. */
static bool next_item(const uint8_t **at, size_t *left, uint8_t *type, const uint8_t **item, size_t *length) {
  if (*left < 4) return false;
  *type = (*at)[0];
  *length = get_16_big(*at + 2);
  if (*length > *left - 4) bare_die("an item of an A-ASSOCIATE is cut");
  *item = *at + 4;
  *at += 4 + *length;
  *left -= 4 + *length;
  return true;
}

static void take_user_information(bare_link *link, const uint8_t *at, size_t left) {
  uint8_t type;
  const uint8_t *item;
  size_t length;
  while (next_item(&at, &left, &type, &item, &length))
    if (type == 0x51 && length == 4) link->peer_pdu_max = get_32_big(item);
}

enum { ASSOCIATE_FIXED = 68 };

static void take_answer(bare_link *link, const uint8_t *body, size_t length, size_t wanted) {
  const uint8_t *at = body + ASSOCIATE_FIXED, *item;
  size_t left = length > ASSOCIATE_FIXED ? length - ASSOCIATE_FIXED : 0, item_length, accepted = 0;
  uint8_t type;
  while (next_item(&at, &left, &type, &item, &item_length)) {
    if (type == 0x50) take_user_information(link, item, item_length);
    if (type == 0x21 && item_length >= 4 && item[2] == 0) accepted++;
  }
  if (accepted < wanted) bare_die("%zu of %zu presentation contexts were accepted", accepted, wanted);
}

void bare_open(bare_link *link, const char *host, const char *port, const char *calling, const char *called,
               const bare_context *contexts, size_t count) {
  const uint8_t *body;
  size_t length;
  set_up(link, dial(host, port));
  request_association(link, calling, called, contexts, count);
  int type = next_pdu(link, &body, &length);
  if (type != ASSOCIATE_AC) bare_die("the association was not accepted (PDU type %d)", type);
  take_answer(link, body, length, count);
}

static void release_answer(const bare_link *link, uint8_t type) {
  uint8_t pdu[10] = {type, 0, 0, 0, 0, 4, 0, 0, 0, 0};
  send_bytes(link, pdu, sizeof pdu);
}

void bare_close(bare_link *link) {
  const uint8_t *body;
  size_t length;
  release_answer(link, RELEASE_RQ);
  int type = next_pdu(link, &body, &length);
  if (type != RELEASE_RP) bare_die("PDU type %d in answer to A-RELEASE-RQ", type);
  close(link->fd);
  free(link->in);
}

/* Answers one proposed context: in explicit VR where that is offered, else in what comes first. */
static void answer_context(text *to, const uint8_t *context, size_t length) {
  char chosen[65] = "";
  const uint8_t *at = context + 4, *item;
  size_t left = length > 4 ? length - 4 : 0, item_length;
  uint8_t type, fixed[4] = {length > 0 ? context[0] : 0, 0, 0, 0};
  while (next_item(&at, &left, &type, &item, &item_length)) {
    if (type != 0x40 || item_length >= sizeof chosen) continue;
    bool is_explicit = item_length == strlen(BARE_EXPLICIT) && memcmp(item, BARE_EXPLICIT, item_length) == 0;
    if (chosen[0] && !is_explicit) continue;
    memcpy(chosen, item, item_length);
    chosen[item_length] = 0;
  }
  size_t answer = open_item(to, 0x21);
  put(to, fixed, 4);
  put_text_item(to, 0x40, chosen);
  close_item(to, answer);
}

void bare_accept(bare_link *link, int fd) {
  const uint8_t *body, *item;
  size_t length, item_length;
  uint8_t kind;
  set_up(link, fd);
  int type = next_pdu(link, &body, &length);
  if (type != ASSOCIATE_RQ || length < ASSOCIATE_FIXED) bare_die("PDU type %d instead of A-ASSOCIATE-RQ", type);
  char called[17] = "", calling[17] = "";
  memcpy(called, body + 4, 16);
  memcpy(calling, body + 20, 16);
  text *pdu = bare_take(sizeof *pdu);
  put_start(pdu, ASSOCIATE_AC, called, calling);
  const uint8_t *at = body + ASSOCIATE_FIXED;
  size_t left = length - ASSOCIATE_FIXED;
  while (next_item(&at, &left, &kind, &item, &item_length)) {
    if (kind == 0x20) answer_context(pdu, item, item_length);
    if (kind == 0x50) take_user_information(link, item, item_length);
  }
  put_user_information(pdu, NULL, 0);
  send_associate(link, pdu);
  free(pdu);
}

/* ---- commands ---- */

static void put_element(bare_message *message, uint16_t element, const void *value, size_t length) {
  uint8_t *to = message->command + message->command_length;
  if (length > BARE_COMMAND_MAX - message->command_length - 8) bare_die("a command is too long");
  put_32(to, (size_t)element << 16);
  put_32(to + 4, length);
  memcpy(to + 8, value, length);
  message->command_length += 8 + length;
}

void bare_put_number(bare_message *message, uint16_t element, uint16_t value) {
  uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
  put_element(message, element, bytes, 2);
}

void bare_put_text(bare_message *message, uint16_t element, const char *value, char padding) {
  char bytes[66];
  size_t length = strlen(value);
  if (length > 64) bare_die("too long for a command: %s", value);
  memcpy(bytes, value, length);
  if (length % 2) bytes[length++] = padding;
  put_element(message, element, bytes, length);
}

void bare_begin(bare_message *message, uint8_t context_id, const char *class_uid, uint16_t field) {
  static const uint8_t group_length[4];
  message->context_id = context_id;
  message->command_length = 0;
  put_element(message, 0, group_length, 4);
  bare_put_text(message, BARE_CLASS, class_uid, 0);
  bare_put_number(message, BARE_FIELD, field);
}

/* NULL when it is missing. */
static const uint8_t *find(const bare_message *message, uint16_t element, size_t *length) {
  const uint8_t *at = message->command;
  size_t left = message->command_length;
  while (left >= 8) {
    *length = get_32(at + 4);
    if (*length > left - 8) bare_die("a command set is cut");
    if (get_32(at) == (size_t)element << 16) return at + 8;
    at += 8 + *length;
    left -= 8 + *length;
  }
  return NULL;
}

uint16_t bare_number_or(const bare_message *message, uint16_t element, uint16_t otherwise) {
  size_t length;
  const uint8_t *value = find(message, element, &length);
  return value && length == 2 ? (uint16_t)get_16(value) : otherwise;
}

uint16_t bare_number(const bare_message *message, uint16_t element) {
  size_t length;
  const uint8_t *value = find(message, element, &length);
  if (!value || length != 2) bare_die("a command without (0000,%04X)", element);
  return (uint16_t)get_16(value);
}

const char *bare_text(const bare_message *message, uint16_t element, char room[65]) {
  size_t length;
  const uint8_t *value = find(message, element, &length);
  if (!value || length > 64) bare_die("a command without (0000,%04X)", element);
  memcpy(room, value, length);
  room[length] = 0;
  return room;
}

/* ---- messages ---- */

typedef struct headers {
  uint8_t bytes[BATCH][PDU_HEADER + PDV_HEADER];
  struct iovec parts[2 * BATCH];
  size_t count;
} headers;

static void put_pdu(headers *to, uint8_t context_id, uint8_t control, const uint8_t *bytes, size_t length) {
  uint8_t *header = to->bytes[to->count];
  header[0] = P_DATA;
  header[1] = 0;
  put_32_big(header + 2, length + PDV_HEADER);
  put_32_big(header + 6, length + 2);
  header[10] = context_id;
  header[11] = control;
  to->parts[2 * to->count] = (struct iovec){header, PDU_HEADER + PDV_HEADER};
  to->parts[2 * to->count + 1] = (struct iovec){(void *)(uintptr_t)bytes, length};
  to->count++;
}

static void flush(const bare_link *link, headers *what) {
  send_all(link, what->parts, 2 * what->count);
  what->count = 0;
}

void bare_send(bare_link *link, bare_message *message, const uint8_t *data, size_t length) {
  headers out;
  out.count = 0;
  put_32(message->command + 8, message->command_length - 12);
  put_pdu(&out, message->context_id, 3, message->command, message->command_length);
  size_t room =
      (link->peer_pdu_max == 0 || link->peer_pdu_max > BARE_PDU_MAX ? BARE_PDU_MAX : link->peer_pdu_max) - PDV_HEADER;
  while (data && length > 0) {
    size_t part = length < room ? length : room;
    if (out.count == BATCH) flush(link, &out);
    put_pdu(&out, message->context_id, part == length ? 2 : 0, data, part);
    data += part;
    length -= part;
  }
  flush(link, &out);
}

/* The next P-DATA-TF. false: released. */
static bool next_data(bare_link *link) {
  size_t length;
  int type = next_pdu(link, &link->pdu, &length);
  link->pdu_left = length;
  if (type == P_DATA) return true;
  if (type != RELEASE_RQ) bare_die("PDU type %d in the middle of an association", type);
  release_answer(link, RELEASE_RP);
  close(link->fd);
  free(link->in);
  return false;
}

/* One fragment. */
static void take_pdv(bare_link *link, bare_message *message, bool *is_command, bool *is_last) {
  if (link->pdu_left < PDV_HEADER) bare_die("a PDV is cut");
  size_t length = get_32_big(link->pdu);
  if (length < 2 || length > link->pdu_left - 4) bare_die("a PDV of %zu bytes", length);
  *is_command = link->pdu[5] & 1;
  *is_last = link->pdu[5] & 2;
  message->context_id = link->pdu[4];
  const uint8_t *bytes = link->pdu + PDV_HEADER;
  link->pdu += 4 + length;
  link->pdu_left -= 4 + length;
  length -= 2;
  if (!*is_command) {
    message->data_length += length;
    return;
  }
  if (length > BARE_COMMAND_MAX - message->command_length) bare_die("a command is too long");
  memcpy(message->command + message->command_length, bytes, length);
  message->command_length += length;
}

bool bare_receive(bare_link *link, bare_message *message) {
  message->command_length = 0;
  message->data_length = 0;
  for (bool has_command = false;;) {
    bool is_command, is_last;
    if (link->pdu_left == 0 && !next_data(link)) return false;
    take_pdv(link, message, &is_command, &is_last);
    if (is_command == has_command) bare_die("a fragment that does not belong here");
    if (!is_last) continue;
    if (!is_command) return true;
    has_command = true;
    if (bare_number(message, BARE_DATA_SET_TYPE) == BARE_NO_DATA) return true;
  }
}

void bare_answer_store(bare_link *link, const bare_message *request) {
  bare_message answer;
  char uid[65];
  bare_begin(&answer, request->context_id, bare_text(request, BARE_CLASS, uid), BARE_STORE | BARE_RESPONSE);
  bare_put_number(&answer, BARE_ANSWERED_ID, bare_number(request, BARE_MESSAGE_ID));
  bare_put_number(&answer, BARE_DATA_SET_TYPE, BARE_NO_DATA);
  bare_put_number(&answer, BARE_STATUS, 0);
  bare_put_text(&answer, BARE_INSTANCE, bare_text(request, BARE_INSTANCE, uid), 0);
  bare_send(link, &answer, NULL, 0);
}

/* ---- queries ---- */

static size_t put_key(uint8_t *to, size_t room, const char *key) {
  unsigned group, element;
  int used = 0;
  if (sscanf(key, "%4x,%4x%n", &group, &element, &used) != 2 || (key[used] && key[used] != '='))
    bare_die("a key is gggg,eeee or gggg,eeee=value, not %s", key);
  const char *value = key[used] ? key + used + 1 : "";
  size_t length = strlen(value), padded = length + length % 2;
  if (padded + 8 > room) bare_die("the identifier is too long");
  put_32(to, (size_t)element << 16 | group);
  put_32(to + 4, padded);
  memcpy(to + 8, value, length);
  /* UI is padded with a zero byte, text with a blank; the UIDs of a query end in ,0018, ,000D and ,000E. */
  bool is_uid = (group == 0x0008 && (element == 0x0016 || element == 0x0018)) ||
                (group == 0x0020 && (element == 0x000D || element == 0x000E));
  if (padded > length) to[8 + length] = is_uid ? 0 : ' ';
  return 8 + padded;
}

size_t bare_identifier(uint8_t *to, size_t room, char *const *keys, int count) {
  size_t length = 0;
  for (int i = 0; i < count; i++) length += put_key(to + length, room - length, keys[i]);
  return length;
}
