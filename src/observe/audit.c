/* scu_audit: a tap whose conversations are audit_talk's, and the way to a file or a syslog. */
#include "scu/audit.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/versioned.h"
#include "io/clock.h"
#include "io/courier.h"
#include "io/host.h"
#include "io/log_file.h"
#include "observe/audit_talk.h"

enum { WAIT_MS = 3000, HEAD_MAX = 512, NAME_MAX_SYSLOG = 48, PORT_UDP = 514, PORT_TCP = 601, HOST_MAX = 256 };

struct scu_audit {
  scu__tap tap; /* first */
  const scu_allocator *allocator;
  scu_error error;
  scu__audit_outlet outlet;
  char process_id[24], host[SCU__HOST_NAME_MAX];
  char *source_id, *site, *application, *ae_title;
  uint32_t wait_ms;
  void (*warning)(void *user, const char *text);
  void *user;
  scu__log_file *file; /* one of both, or neither: nothing is written */
  scu__courier *courier;
  scu__courier_kind kind;
  bool is_open; /* the first message was written, the last was not */
  atomic_bool has_warned;
  atomic_uint_fast64_t count, lost; /* the courier counts its own */
};

/* --- a message on its way ----------------------------------------------------------------------------------------- */

static void warn_once(scu_audit *audit, const char *text) {
  if (audit->warning && !atomic_exchange(&audit->has_warned, true)) audit->warning(audit->user, text);
}

static void note_lost(scu_audit *audit, const char *text) {
  atomic_fetch_add(&audit->lost, 1);
  warn_once(audit, text);
}

/* Printable ASCII without blanks, as the header of RFC 5424 wants it; "-" = nothing. */
static void put_name(scu__buffer *to, const char *text, size_t most) {
  if (!*text) text = "-";
  for (size_t i = 0; text[i] && i < most; i++)
    scu__put_u8(to, text[i] > 0x20 && text[i] < 0x7F ? (uint8_t)text[i] : '_');
}

/* RFC 5424 6, with what PS3.15 A.6 and A.7 say of PRI (security; notice, or warning) and MSGID; the byte order mark
 * says that the message is UTF-8. */
static void put_header(const scu_audit *audit, const scu__audit_message *message, uint64_t wall_ns, scu__buffer *to) {
  char time[SCU__AUDIT_TIME_MAX];
  scu__put_text(to, message->outcome == SCU__AUDIT_SUCCESS ? "<85>1 " : "<84>1 ");
  scu__put_text(to, scu__audit_time(wall_ns, time));
  scu__put_u8(to, ' ');
  put_name(to, audit->host, 255);
  scu__put_u8(to, ' ');
  put_name(to, audit->application, NAME_MAX_SYSLOG);
  scu__put_u8(to, ' ');
  scu__put_text(to, audit->process_id);
  scu__put_text(to, " DICOM+RFC3881 - \xEF\xBB\xBF");
}

/* RFC 6587 3.4.1: the length, a blank, the message. */
static scu_result send_counted(scu_audit *audit, const scu__buffer *text) {
  scu__buffer framed;
  char length[24];
  scu__buffer_init(&framed, audit->allocator, text->maximum + sizeof length);
  snprintf(length, sizeof length, "%zu ", text->length);
  scu__put_text(&framed, length);
  scu__put_bytes(&framed, text->data, text->length);
  scu_result result = scu__buffer_result(&framed);
  if (result == SCU_OK) scu__courier_send(audit->courier, framed.data, framed.length);
  scu__buffer_free(&framed);
  return result;
}

/* What the courier does not take it counts itself. */
static void deliver(scu_audit *audit, const scu__buffer *text) {
  if (audit->file) {
    if (!scu__log_file_write(audit->file, text->data, text->length))
      note_lost(audit, "an audit message could not be written to its file");
    return;
  }
  if (audit->kind == SCU__COURIER_UDP)
    scu__courier_send(audit->courier, text->data, text->length);
  else if (send_counted(audit, text) != SCU_OK)
    note_lost(audit, "an audit message was lost: out of memory");
  if (scu__courier_lost(audit->courier) > 0) warn_once(audit, "audit messages do not get to their destination");
}

static void write_message(void *user, const scu__audit_message *message) {
  scu_audit *audit = user;
  scu__audit_source source = {.source_id = audit->source_id, .site = audit->site};
  uint64_t now = scu__clock_wall_ns();
  scu__buffer text;
  if (!audit->file && !audit->courier) return;
  atomic_fetch_add(&audit->count, 1);
  scu__buffer_init(&text, audit->allocator, HEAD_MAX + SCU__AUDIT_MESSAGE_MAX);
  if (audit->courier) put_header(audit, message, now, &text);
  scu_result result = scu__audit_message_put(message, &source, now, &text);
  if (result == SCU_OK && audit->file) {
    scu__put_u8(&text, '\n');
    result = scu__buffer_result(&text);
  }
  if (result == SCU_OK)
    deliver(audit, &text);
  else
    note_lost(audit, "an audit message was lost: out of memory, or too long");
  scu__buffer_free(&text);
}

static void missed(void *user) {
  scu_audit *audit = user;
  atomic_fetch_add(&audit->count, 1);
  note_lost(audit, "audit messages were lost: out of memory, or an association could not be followed");
}

static void write_activity(scu_audit *audit, scu__audit_code type) {
  scu__audit_message message = {
      .event = SCU__AUDIT_APPLICATION_ACTIVITY,
      .type = type,
      .action = 'E',
      .party_count = 1,
      .parties = {{.user_id = audit->process_id, .ae = audit->ae_title, .role = SCU__AUDIT_APPLICATION}}};
  write_message(audit, &message);
}

/* --- the tap ------------------------------------------------------------------------------------------------------ */

static void *connected(scu__tap *self, const scu__trace_ends *ends) {
  scu_audit *audit = (scu_audit *)self;
  if (!audit->is_open) return NULL;
  scu__audit_talk *talk = scu__audit_talk_new(audit->allocator, &audit->outlet, ends);
  if (!talk) missed(audit);
  return talk;
}

static void pdu(scu__tap *self, void *conversation, bool is_sent, const uint8_t *bytes, size_t length) {
  (void)self;
  scu__audit_talk_pdu(conversation, is_sent, bytes, length);
}

static void closed(scu__tap *self, void *conversation) {
  (void)self;
  scu__audit_talk_end(conversation);
}

/* --- destinations ------------------------------------------------------------------------------------------------- */

static scu_result bad_destination(scu_audit *audit, const char *text) {
  return scu__error_set(&audit->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                        "'%s' is no destination for audit messages: FILE, udp://HOST:PORT or tcp://HOST:PORT", text);
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static bool split_host(const char *text, char host[HOST_MAX], uint16_t *port) {
  bool is_bracketed = *text == '[';
  size_t length = is_bracketed ? strcspn(++text, "]") : strcspn(text, ":");
  if (length == 0 || length >= HOST_MAX || (is_bracketed && text[length] != ']')) return false;
  memcpy(host, text, length);
  host[length] = 0;
  text += length + (is_bracketed ? 1 : 0);
  if (!*text) return true;
  unsigned long number = 0;
  if (*text++ != ':' || !*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    number = number * 10 + (unsigned long)(*text - '0');
    if (number > UINT16_MAX) return false;
  }
  *port = (uint16_t)number;
  return number > 0;
}

static scu_result open_syslog(scu_audit *audit, scu__courier_kind kind, const char *text) {
  char host[HOST_MAX];
  uint16_t port = kind == SCU__COURIER_UDP ? PORT_UDP : PORT_TCP;
  audit->kind = kind;
  if (!split_host(text + strlen("udp://"), host, &port)) return bad_destination(audit, text);
  return scu__courier_open(kind, host, port, audit->allocator, &audit->courier, &audit->error);
}

static scu_result open_destination(scu_audit *audit, const char *text) {
  if (!text || !*text)
    return scu__error_set(&audit->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no destination for audit messages");
  if (strncmp(text, "udp://", 6) == 0) return open_syslog(audit, SCU__COURIER_UDP, text);
  if (strncmp(text, "tcp://", 6) == 0) return open_syslog(audit, SCU__COURIER_TCP, text);
  if (strncmp(text, "tls://", 6) == 0)
    return scu__error_set(&audit->error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_USAGE,
                          "audit messages by TLS (RFC 5425) are not available yet in this version; udp:// and tcp:// "
                          "are");
  if (strstr(text, "://")) return bad_destination(audit, text);
  const scu__log_file_options file = {.path = text, .is_private = true};
  return scu__log_file_open(&file, audit->allocator, &audit->file, &audit->error);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static char *copy(const scu_audit *audit, const char *text, const char *otherwise) {
  return scu__strdup(audit->allocator, text && *text ? text : otherwise);
}

static scu_result take_options(scu_audit *audit, const scu_audit_options *from) {
  scu_audit_options known = {.size = 0};
  if (scu__versioned_copy(&known, sizeof known, from, SCU__SIZE_THROUGH(scu_audit_options, user)) != SCU_OK)
    return scu__error_set(&audit->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "options without size");
  scu__host_name(audit->host);
  snprintf(audit->process_id, sizeof audit->process_id, "%ld", scu__process_id());
  audit->source_id = copy(audit, known.source_id, audit->host);
  audit->site = copy(audit, known.site, "");
  audit->application = copy(audit, known.application, "scu");
  audit->ae_title = copy(audit, known.ae_title, "");
  audit->wait_ms = known.wait_ms ? known.wait_ms : WAIT_MS;
  audit->warning = known.warning;
  audit->user = known.user;
  if (!audit->source_id || !audit->site || !audit->application || !audit->ae_title)
    return scu__error_memory(&audit->error, SCU_PHASE_USAGE);
  return open_destination(audit, known.destination);
}

scu_result scu_audit_new(const scu_allocator *allocator, const scu_audit_options *options, scu_audit **out) {
  if (!out) return SCU_ERROR_USAGE;
  scu_audit *audit = *out = scu__alloc(allocator, sizeof *audit);
  if (!audit) return SCU_ERROR_MEMORY;
  audit->allocator = allocator;
  audit->tap = (scu__tap){.connected = connected, .pdu = pdu, .closed = closed};
  audit->outlet =
      (scu__audit_outlet){.write = write_message, .missed = missed, .process_id = audit->process_id, .user = audit};
  scu__error_clear(&audit->error);
  atomic_init(&audit->has_warned, false);
  atomic_init(&audit->count, 0);
  atomic_init(&audit->lost, 0);
  scu_result result = take_options(audit, options);
  if (result != SCU_OK) return result;
  audit->is_open = true;
  write_activity(audit, SCU__AUDIT_APPLICATION_START);
  return SCU_OK;
}

const scu_error *scu_audit_error(const scu_audit *audit) {
  return &audit->error;
}

uint64_t scu_audit_count(const scu_audit *audit) {
  return atomic_load(&audit->count);
}

uint64_t scu_audit_lost(const scu_audit *audit) {
  return atomic_load(&audit->lost) + (audit->courier ? scu__courier_lost(audit->courier) : 0);
}

void scu_audit_close(scu_audit *audit) {
  if (!audit->is_open) return;
  write_activity(audit, SCU__AUDIT_APPLICATION_STOP);
  audit->is_open = false;
  if (!audit->courier) return;
  scu__courier_finish(audit->courier, audit->wait_ms);
  if (scu__courier_lost(audit->courier) > 0) warn_once(audit, "audit messages did not get to their destination");
}

void scu_audit_free(scu_audit *audit) {
  if (!audit) return;
  scu_audit_close(audit);
  scu__log_file_close(audit->file);
  scu__courier_free(audit->courier);
  scu__free(audit->allocator, audit->source_id);
  scu__free(audit->allocator, audit->site);
  scu__free(audit->allocator, audit->application);
  scu__free(audit->allocator, audit->ae_title);
  scu__free(audit->allocator, audit);
}
