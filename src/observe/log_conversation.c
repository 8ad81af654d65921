/* Commands are joined at any level that tells of statuses, datasets only where they are dumped. The level may change
 * between any two fragments: what was not followed from its beginning is not told. */
#include "observe/log_conversation.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "dimse/status.h"
#include "io/socket.h"
#include "observe/dump_associate.h"
#include "observe/dump_dataset.h"
#include "observe/dump_message.h"

enum { CONTEXTS = 128 };

/* One direction. */
typedef struct stream {
  scu__buffer command;
  bool is_inside;     /* a command whose last fragment has not gone by yet, followed or not */
  bool is_in_command; /* its beginning was seen */
  char title[48];     /* of the dataset that follows */
  scu__dump_dataset *dataset;
} stream;

struct scu__log_conversation {
  scu_log *log;
  const scu_allocator *allocator;
  uint32_t association;
  const scu__transfer_syntax *syntaxes[CONTEXTS]; /* by (context ID - 1) / 2: as the A-ASSOCIATE-AC has it */
  stream streams[2];                              /* received, sent */
};

/* ---- telling ---- */

static const char *direction(bool is_sent) {
  return is_sent ? "sent" : "received";
}

static void begin_text(const scu__log_conversation *c, scu__buffer *text) {
  scu__buffer_init(text, c->allocator, SCU__DUMP_TEXT_MAX);
}

static void tell(const scu__log_conversation *c, scu_log_level level, scu__buffer *text) {
  scu__dump_end(text);
  if (scu__buffer_result(text) == SCU_OK)
    scu_log_text(c->log, level, c->association, (const char *)text->data);
  else if (scu_log_wants(c->log, level))
    scu__log_lose(c->log);
  scu__buffer_free(text);
}

/* ---- connections ---- */

static void put_address(scu__buffer *text, const uint8_t bytes[16], uint16_t port, bool is_v6) {
  char written[SCU__ADDRESS_TEXT_MAX];
  scu__address address;
  scu__address_from_bytes(&address, bytes, is_v6, port);
  scu__dump_put(text, "%s", scu__address_text(&address, written));
}

static void tell_ends(const scu__log_conversation *c, const scu__trace_ends *ends) {
  scu__buffer text;
  if (!scu_log_wants(c->log, SCU_LOG_INFO)) return;
  begin_text(c, &text);
  scu__dump_put(&text, ends->is_acceptor ? "connection from " : "connected to ");
  put_address(&text, ends->peer, ends->peer_port, ends->is_v6);
  scu__dump_put(&text, " at ");
  put_address(&text, ends->local, ends->local_port, ends->is_v6);
  tell(c, SCU_LOG_INFO, &text);
}

scu__log_conversation *scu__log_conversation_new(scu_log *log, const scu_allocator *allocator, uint32_t association,
                                                 const scu__trace_ends *ends) {
  scu__log_conversation *c = scu__alloc(allocator, sizeof *c);
  if (!c) return NULL;
  c->log = log;
  c->allocator = allocator;
  c->association = association;
  for (int i = 0; i < 2; i++) scu__buffer_init(&c->streams[i].command, allocator, SCU__COMMAND_MAX);
  tell_ends(c, ends);
  return c;
}

/* ---- association PDUs ---- */

static size_t count_accepted(const scu__associate *ac) {
  size_t count = 0;
  for (size_t i = 0; i < ac->context_count; i++) count += ac->contexts[i].result == SCU__CONTEXT_ACCEPTED;
  return count;
}

static void learn_syntaxes(scu__log_conversation *c, const scu__associate *ac) {
  for (size_t i = 0; i < ac->context_count; i++) {
    const scu__context *context = &ac->contexts[i];
    if (context->result == SCU__CONTEXT_ACCEPTED && context->count > 0)
      c->syntaxes[context->id / 2 % CONTEXTS] = scu__transfer_syntax_find(context->transfer_syntaxes[0].text);
  }
}

static void put_associate(scu__log_conversation *c, scu__buffer *text, const uint8_t *bytes, size_t length) {
  scu__associate associate;
  scu_error error;
  scu__pdu_type type = (scu__pdu_type)bytes[0];
  scu__error_clear(&error);
  if (scu__associate_decode(bytes + SCU__PDU_HEADER, length - SCU__PDU_HEADER, type, c->allocator, &associate,
                            &error) != SCU_OK) {
    scu__dump_put(text, ": not to be read: %s", error.reason);
    return;
  }
  if (type == SCU__PDU_ASSOCIATE_RQ) {
    scu__dump_put(text, ": %s asks %s for %zu presentation contexts", associate.calling.text, associate.called.text,
                  associate.context_count);
  } else {
    learn_syntaxes(c, &associate);
    scu__dump_put(text, ": %zu of %zu presentation contexts accepted", count_accepted(&associate),
                  associate.context_count);
  }
  if (scu_log_wants(c->log, SCU_LOG_DUMP)) {
    scu__dump_put(text, ", PDU of %zu bytes\n", length);
    scu__dump_associate(text, &associate, type);
  }
  scu__associate_free(&associate);
}

static scu_log_level put_fixed(scu__buffer *text, const uint8_t *bytes, size_t length) {
  const uint8_t *body = bytes + SCU__PDU_HEADER;
  size_t left = length - SCU__PDU_HEADER;
  scu__reject reject;
  scu__abort abort;
  if (bytes[0] == SCU__PDU_ASSOCIATE_RJ && scu__reject_decode(body, left, &reject, NULL) == SCU_OK)
    scu__dump_put(text, ": %s by %s: %s", scu__reject_result_text(reject.result),
                  scu__reject_source_text(reject.source),
                  scu__reject_text(reject.result, reject.source, reject.reason));
  if (bytes[0] == SCU__PDU_ABORT && scu__abort_decode(body, left, &abort, NULL) == SCU_OK)
    scu__dump_put(text, " by %s: %s", scu__abort_source_text(abort.source),
                  scu__abort_text(abort.source, abort.reason));
  bool is_end = bytes[0] == SCU__PDU_ASSOCIATE_RJ || bytes[0] == SCU__PDU_ABORT;
  return is_end ? SCU_LOG_WARNING : SCU_LOG_INFO;
}

void scu__log_conversation_pdu(scu__log_conversation *c, bool is_sent, const uint8_t *bytes, size_t length) {
  scu__buffer text;
  scu_log_level level = SCU_LOG_INFO;
  if (length < SCU__PDU_HEADER) return;
  begin_text(c, &text);
  scu__dump_put(&text, "%s %s", direction(is_sent), scu__pdu_type_name(bytes[0]));
  if (bytes[0] == SCU__PDU_ASSOCIATE_RQ || bytes[0] == SCU__PDU_ASSOCIATE_AC)
    put_associate(c, &text, bytes, length);
  else
    level = put_fixed(&text, bytes, length);
  tell(c, level, &text);
}

/* ---- messages ---- */

static scu_log_level level_of(const scu__command *command) {
  if (!scu__command_has(command, SCU__HAS_STATUS)) return SCU_LOG_DEBUG;
  scu__status_kind kind = scu__status_class(command->status, command->field);
  return kind == SCU__STATUS_KIND_FAILURE || kind == SCU__STATUS_KIND_WARNING ? SCU_LOG_WARNING : SCU_LOG_DEBUG;
}

/* The dataset is dumped if that is wanted when its command is whole. */
static void expect_dataset(scu__log_conversation *c, stream *s, const scu__command *command, uint8_t context_id) {
  if (!scu_log_wants(c->log, SCU_LOG_DUMP)) return;
  snprintf(s->title, sizeof s->title, "data set of %s %u", scu__command_name(command->field),
           scu__command_is_response(command) ? command->responded_message_id : command->message_id);
  s->dataset = scu__dump_dataset_new(c->allocator, c->syntaxes[context_id / 2 % CONTEXTS]);
}

static void tell_command(scu__log_conversation *c, stream *s, bool is_sent, uint8_t context_id) {
  scu__buffer text;
  scu__command command;
  scu_error error;
  scu__error_clear(&error);
  begin_text(c, &text);
  scu__dump_put(&text, "%s ", direction(is_sent));
  scu_log_level level = SCU_LOG_WARNING;
  if (scu__command_decode(s->command.data, s->command.length, &command, &error) == SCU_OK) {
    level = level_of(&command);
    scu__dump_message(&text, &command, scu_log_shows_phi(c->log));
    if (scu_log_wants(c->log, SCU_LOG_DUMP)) {
      scu__dump_put(&text, ", presentation context %u\n", context_id);
      scu__dump_command(&text, &command, scu_log_shows_phi(c->log));
    }
    if (scu__command_has_dataset(&command)) expect_dataset(c, s, &command, context_id);
  } else {
    scu__dump_put(&text, "a command that is not to be read: %s", error.reason);
  }
  tell(c, level, &text);
}

static void forget_dataset(stream *s) {
  scu__dump_dataset_free(s->dataset);
  s->dataset = NULL;
}

static void tell_dataset(const scu__log_conversation *c, stream *s, bool is_sent, bool is_whole) {
  scu__buffer text;
  if (!s->dataset) return;
  begin_text(c, &text);
  scu__dump_put(&text, "%s %s%s\n", direction(is_sent), is_whole ? "" : "the beginning of the ", s->title);
  scu__dump_dataset_put(s->dataset, &text, is_whole, scu_log_shows_phi(c->log));
  tell(c, SCU_LOG_DUMP, &text);
  forget_dataset(s);
}

static bool is_end(const scu__trace_fragment *fragment) {
  return fragment->is_last && fragment->at + fragment->count >= fragment->length;
}

/* Of a command whose beginning was not followed, nothing is told: half of it would read as the peer's fault. */
static void take_command(scu__log_conversation *c, stream *s, bool is_sent, const scu__trace_fragment *fragment) {
  bool is_beginning = !s->is_inside && fragment->at == 0;
  bool is_missing = fragment->count > 0 && !fragment->bytes;
  s->is_inside = !is_end(fragment);
  forget_dataset(s); /* of a peer that does not end what it began */
  if (is_beginning) scu__buffer_clear(&s->command);
  s->is_in_command = (s->is_in_command || is_beginning) && !is_missing && scu_log_wants(c->log, SCU_LOG_WARNING);
  if (!s->is_in_command) return;
  scu__put_bytes(&s->command, fragment->bytes, fragment->count);
  if (s->is_inside) return;
  s->is_in_command = false;
  if (scu__buffer_result(&s->command) == SCU_OK && s->command.length > 0)
    tell_command(c, s, is_sent, fragment->context_id);
}

static void take_dataset(scu__log_conversation *c, stream *s, bool is_sent, const scu__trace_fragment *fragment) {
  if (s->dataset && fragment->count > 0 && !fragment->bytes) scu__dump_dataset_lose(s->dataset);
  if (s->dataset && fragment->bytes) scu__dump_dataset_feed(s->dataset, fragment->bytes, fragment->count);
  if (!is_end(fragment)) return;
  tell_dataset(c, s, is_sent, true);
}

static void tell_fragment(const scu__log_conversation *c, bool is_sent, const scu__trace_fragment *fragment) {
  char text[128];
  if (fragment->at > 0 || !scu_log_wants(c->log, SCU_LOG_DUMP)) return;
  snprintf(text, sizeof text, "%s P-DATA-TF: presentation context %u, %s%s, %zu bytes", direction(is_sent),
           fragment->context_id, fragment->is_command ? "command" : "data set", fragment->is_last ? ", last" : "",
           fragment->length);
  scu_log_text(c->log, SCU_LOG_DUMP, c->association, text);
}

bool scu__log_conversation_wants_bytes(const scu__log_conversation *c, bool is_sent, bool is_command) {
  const stream *s = &c->streams[is_sent];
  if (is_command) return scu_log_wants(c->log, SCU_LOG_WARNING);
  return s->dataset && scu__dump_dataset_wants(s->dataset);
}

void scu__log_conversation_fragment(scu__log_conversation *c, bool is_sent, const scu__trace_fragment *fragment) {
  stream *s = &c->streams[is_sent];
  tell_fragment(c, is_sent, fragment);
  if (!fragment->is_command)
    take_dataset(c, s, is_sent, fragment);
  else
    take_command(c, s, is_sent, fragment);
}

void scu__log_conversation_free(scu__log_conversation *c) {
  if (!c) return;
  for (int i = 0; i < 2; i++) tell_dataset(c, &c->streams[i], i == 1, false);
  scu_log_text(c->log, SCU_LOG_INFO, c->association, "closed");
  for (int i = 0; i < 2; i++) scu__buffer_free(&c->streams[i].command);
  scu__free(c->allocator, c);
}
