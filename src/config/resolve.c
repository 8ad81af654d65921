/* From a bag of options to plain values: every default filled in. */
#include <stdio.h>
#include <string.h>

#include "config/options.h"

/* The setters have checked lengths and forms, and a default is the table's: what does not fit here is our own fault,
 * and is reported rather than cut. */
typedef struct resolver {
  const scu_options *options;
  scu_error *error;
  scu_result result;
} resolver;

static void fail(resolver *r, scu_option option) {
  const struct scu_option_info *info = scu_option_find(option);
  if (r->result != SCU_OK) return;
  r->result = scu__error_set(r->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "option %s cannot be resolved",
                             info ? info->name : "?");
}

static const char *text_of(resolver *r, scu_option option) {
  const char *text = "";
  if (scu_options_get_text(r->options, option, &text) != SCU_OK) fail(r, option);
  return text;
}

static void copy_text(resolver *r, scu_option option, char *to, size_t room) {
  const char *text = text_of(r, option);
  size_t length = strlen(text);
  if (length >= room)
    fail(r, option);
  else
    memcpy(to, text, length + 1);
}

static int64_t integer_of(resolver *r, scu_option option) {
  int64_t value = 0;
  if (scu_options_get_integer(r->options, option, &value) != SCU_OK) fail(r, option);
  return value;
}

static bool boolean_of(resolver *r, scu_option option) {
  bool value = false;
  if (scu_options_get_boolean(r->options, option, &value) != SCU_OK) fail(r, option);
  return value;
}

static uint64_t milliseconds_of(resolver *r, scu_option option) {
  uint64_t value = 0;
  if (scu_options_get_duration_ms(r->options, option, &value) != SCU_OK) fail(r, option);
  return value;
}

static void resolve_durations(resolver *r, scu__config *config) {
  config->timeout_connect_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_CONNECT);
  config->timeout_associate_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_ASSOCIATE);
  config->timeout_response_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_RESPONSE);
  config->timeout_idle_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_IDLE);
  config->timeout_release_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_RELEASE);
  config->timeout_retrieve_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_RETRIEVE);
  config->timeout_nearline_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_NEARLINE);
  config->move_grace_ms = milliseconds_of(r, SCU_OPTION_MOVE_GRACE);
  config->cancel_wait_ms = milliseconds_of(r, SCU_OPTION_CANCEL_WAIT);
  config->timeout_turn_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_TURN);
  config->timeout_tcp_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_TCP);
  config->retry_wait_ms = milliseconds_of(r, SCU_OPTION_RETRY_WAIT);
  config->timeout_commit_ms = milliseconds_of(r, SCU_OPTION_TIMEOUT_COMMIT);
  config->commit_hold_ms = milliseconds_of(r, SCU_OPTION_COMMIT_HOLD);
}

/* What can be set here begins with its tap, and a scu_log with its scribe. */
static void *pointer_of(const resolver *r, scu_option option) {
  union {
    const void *in;
    void *out;
  } pointer = {.in = NULL};
  scu_options_get_pointer(r->options, option, &pointer.in);
  return pointer.out;
}

static void resolve_identity(resolver *r, scu__config *config) {
  if (!scu__ae_from_text(&config->calling_ae, text_of(r, SCU_OPTION_CALLING_AE))) fail(r, SCU_OPTION_CALLING_AE);
  if (!scu__uid_from_text(&config->implementation_uid, text_of(r, SCU_OPTION_IMPLEMENTATION_UID)))
    fail(r, SCU_OPTION_IMPLEMENTATION_UID);
  copy_text(r, SCU_OPTION_IMPLEMENTATION_VERSION, config->implementation_version,
            sizeof config->implementation_version);
}

static void resolve_places(resolver *r, scu__config *config) {
  copy_text(r, SCU_OPTION_LOCAL_ADDRESS, config->local_address, sizeof config->local_address);
  copy_text(r, SCU_OPTION_LISTEN_ADDRESS, config->listen_address, sizeof config->listen_address);
  copy_text(r, SCU_OPTION_NODES_FILE, config->nodes_file, sizeof config->nodes_file);
  copy_text(r, SCU_OPTION_COMMIT_LEDGER, config->commit_ledger, sizeof config->commit_ledger);
  config->local_port = (uint16_t)integer_of(r, SCU_OPTION_LOCAL_PORT);
  config->listen_port = (uint16_t)integer_of(r, SCU_OPTION_LISTEN_PORT);
}

/* The choices of extended-negotiation are all, no, 1, 2 and so on. */
static void resolve_quirks(resolver *r, scu__config *config) {
  const char *terms = text_of(r, SCU_OPTION_CHARACTER_SET);
  scu__charset charset = scu__charset_parse((const uint8_t *)terms, strlen(terms));
  scu__charset_text(&charset, config->character_set);
  config->uids_per_request = (size_t)integer_of(r, SCU_OPTION_UIDS_PER_REQUEST);
  config->both_roles = boolean_of(r, SCU_OPTION_BOTH_ROLES);
  int choice = scu__option_choice(r->options, SCU_OPTION_EXTENDED_NEGOTIATION);
  config->extended_bytes = choice <= 0 ? SCU__EXTENDED_BYTES_MAX : (size_t)choice - 1;
}

scu_result scu__options_resolve(const scu_options *options, scu__config *config, scu_error *error) {
  resolver r = {.options = options, .error = error, .result = SCU_OK};
  memset(config, 0, sizeof *config);
  config->allocator = scu__options_allocator(options);
  resolve_identity(&r, config);
  resolve_places(&r, config);
  resolve_durations(&r, config);
  resolve_quirks(&r, config);
  config->protocol_version = (uint16_t)integer_of(&r, SCU_OPTION_PROTOCOL_VERSION);
  config->max_pdu = (uint32_t)integer_of(&r, SCU_OPTION_MAX_PDU);
  config->listen_max_associations = (uint32_t)integer_of(&r, SCU_OPTION_LISTEN_MAX_ASSOCIATIONS);
  config->check_called_ae = boolean_of(&r, SCU_OPTION_CHECK_CALLED_AE);
  config->allow_truncated = boolean_of(&r, SCU_OPTION_ALLOW_TRUNCATED);
  config->force_offline = boolean_of(&r, SCU_OPTION_FORCE_OFFLINE);
  config->retrieve_with = (scu__retrieve_with)scu__option_choice(options, SCU_OPTION_RETRIEVE_WITH);
  config->commit_listens = boolean_of(&r, SCU_OPTION_COMMIT_LISTEN);
  config->store_associations = (size_t)integer_of(&r, SCU_OPTION_STORE_ASSOCIATIONS);
  config->async_window = (size_t)integer_of(&r, SCU_OPTION_ASYNC_WINDOW);
  config->peer_associations = (size_t)integer_of(&r, SCU_OPTION_PEER_ASSOCIATIONS);
  config->query_cap = (uint64_t)integer_of(&r, SCU_OPTION_QUERY_CAP);
  config->retries = (unsigned)integer_of(&r, SCU_OPTION_RETRIES);
  config->taps[SCU__TAP_CAPTURE] = pointer_of(&r, SCU_OPTION_CAPTURE);
  config->taps[SCU__TAP_AUDIT] = pointer_of(&r, SCU_OPTION_AUDIT);
  config->taps[SCU__TAP_METRICS] = pointer_of(&r, SCU_OPTION_METRICS);
  config->scribe = pointer_of(&r, SCU_OPTION_LOG);
  scu_result result = scu__accept_from_parse(text_of(&r, SCU_OPTION_ACCEPT_FROM), config->accept_from,
                                             SCU__ACCEPT_FROM_MAX, &config->accept_from_count, error);
  return r.result != SCU_OK ? r.result : result;
}

scu_result scu__accept_from_parse(const char *text, scu__ae *titles, size_t room, size_t *count, scu_error *error) {
  *count = 0;
  for (const char *p = text; *text != 0;) {
    size_t span = strcspn(p, ",");
    if (*count == room)
      return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "--accept-from: more than %zu AE titles", room);
    if (!scu__ae_from_bytes(&titles[*count], (const uint8_t *)p, span))
      return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "--accept-from: '%.*s' is not an AE title",
                            span < 64 ? (int)span : 64, p);
    ++*count;
    if (p[span] == 0) break;
    p += span + 1;
  }
  return SCU_OK;
}
