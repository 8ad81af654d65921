/* From the command line to the library's options and the peer, with DCMTK's defaults. */
#include "settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "input_file.h"
#include "say.h"

enum { TITLE_MAX = 16, TOKEN_MAX = 64 * 1024, PDU_DEFAULT = 16384 };

static const char *title_of(const habits *h, habit id, const char *otherwise) {
  return h->has[id] ? h->value[id] : otherwise;
}

/* A title as DCMTK sends it: cut to what the PDU has room for. */
static void put_title(char to[TITLE_MAX + 1], const char *title) {
  snprintf(to, TITLE_MAX + 1, "%.16s", title);
}

/* "AET@host:port" with whatever is odd in the title percent-encoded. */
void settings_peer(const habits *h, char to[SETTINGS_PEER_MAX]) {
  char title[TITLE_MAX + 1];
  size_t length = 0;
  put_title(title, title_of(h, HABIT_CALLED, "ANY-SCP"));
  for (const char *p = title; *p; p++) {
    bool is_plain = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '-';
    length += (size_t)snprintf(to + length, SETTINGS_PEER_MAX - length, is_plain || *p == '_' ? "%c" : "%%%02X",
                               (unsigned)(unsigned char)*p);
  }
  bool is_ipv6 = strchr(h->host, ':') != NULL && *h->host != '[';
  snprintf(to + length, SETTINGS_PEER_MAX - length, is_ipv6 ? "@[%s]:%u" : "@%s:%u", h->host, (unsigned)h->port);
}

static scu_result set_seconds(scu_options *options, scu_option option, const habits *h, habit id, int64_t otherwise) {
  const struct scu_option_info *info = scu_option_find(option);
  int64_t seconds = h->has[id] ? h->number[id] : otherwise;
  int64_t most = (int64_t)info->maximum;
  int64_t milliseconds = seconds * 1000;
  if (seconds == 0 || milliseconds > most) milliseconds = most; /* 0: no time-out; ours have an end */
  return scu_options_set_duration_ms(options, option, (uint64_t)milliseconds);
}

static scu_result set_times(scu_options *options, const habits *h) {
  /* Where DCMTK waits without end for an answer we wait as long as we can: a slow archive is no failure. */
  static const struct {
    scu_option option;
    habit id;
    int64_t otherwise;
  } times[] = {
      {SCU_OPTION_TIMEOUT_CONNECT, HABIT_TIMEOUT_CONNECT, 30}, {SCU_OPTION_TIMEOUT_ASSOCIATE, HABIT_TIMEOUT_ACSE, 30},
      {SCU_OPTION_TIMEOUT_RELEASE, HABIT_TIMEOUT_ACSE, 30},    {SCU_OPTION_TIMEOUT_RESPONSE, HABIT_TIMEOUT_DIMSE, 0},
      {SCU_OPTION_TIMEOUT_RETRIEVE, HABIT_TIMEOUT_DIMSE, 0},   {SCU_OPTION_TIMEOUT_IDLE, HABIT_TIMEOUT_SOCKET, 60},
  };
  scu_result result = SCU_OK;
  for (size_t i = 0; i < sizeof times / sizeof *times && result == SCU_OK; i++)
    result = set_seconds(options, times[i].option, h, times[i].id, times[i].otherwise);
  return result;
}

static scu_result set_token(scu_options *options, const habits *h, habit id, const char *kind) {
  char bytes[TOKEN_MAX];
  const char *reason;
  int file = input_file_open(h->value[id], &reason);
  ssize_t length = file < 0 ? -1 : read(file, bytes, sizeof bytes);
  if (file >= 0) close(file);
  if (length <= 0 || (size_t)length == sizeof bytes) {
    log_line(h, LOG_FATAL, "cannot read %s", h->value[id]);
    return SCU_ERROR_USAGE;
  }
  scu_result result = scu_options_set_text(options, SCU_OPTION_IDENTITY_KIND, kind);
  if (result == SCU_OK) result = scu_options_set_secret(options, SCU_OPTION_IDENTITY_TOKEN, bytes, (size_t)length);
  memset(bytes, 0, sizeof bytes);
  return result;
}

static scu_result set_identity(scu_options *options, const habits *h) {
  static const struct {
    habit id;
    const char *kind;
  } tokens[] = {{HABIT_KERBEROS, "kerberos"}, {HABIT_SAML, "saml"}, {HABIT_JWT, "jwt"}};
  scu_result result = SCU_OK;
  bool has_secret = h->has[HABIT_PASSWORD] || h->has[HABIT_EMPTY_PASSWORD];
  for (size_t i = 0; i < sizeof tokens / sizeof *tokens && result == SCU_OK; i++) {
    if (!h->has[tokens[i].id]) continue;
    result = set_token(options, h, tokens[i].id, tokens[i].kind);
    has_secret = true;
  }
  if (h->has[HABIT_USER] && result == SCU_OK)
    result = scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, h->value[HABIT_USER]);
  if (h->has[HABIT_PASSWORD] && result == SCU_OK)
    result = scu_options_set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, h->value[HABIT_PASSWORD],
                                    strlen(h->value[HABIT_PASSWORD]));
  if (h->has[HABIT_EMPTY_PASSWORD] && result == SCU_OK)
    result = scu_options_set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, "", 0);
  if (has_secret) log_line(h, LOG_WARN, "the secret goes over plain TCP, for everybody on the way to read");
  if (result == SCU_OK) result = scu_options_set_boolean(options, SCU_OPTION_IDENTITY_OVER_PLAIN, has_secret);
  if (result == SCU_OK)
    result = scu_options_set_boolean(options, SCU_OPTION_IDENTITY_RESPONSE, h->has[HABIT_RESPONSE_WANTED]);
  return result;
}

scu_result settings_apply(scu_options *options, const habits *h) {
  char title[TITLE_MAX + 1];
  put_title(title, title_of(h, HABIT_CALLING, tool_titles[h->tool]));
  int64_t pdu = h->has[HABIT_MAX_PDU] ? h->number[HABIT_MAX_PDU] : PDU_DEFAULT;
  if (h->has[HABIT_MAX_SEND_PDU] && h->number[HABIT_MAX_SEND_PDU] < pdu) pdu = h->number[HABIT_MAX_SEND_PDU];
  scu_result result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, title);
  if (result == SCU_OK) result = scu_options_set_integer(options, SCU_OPTION_MAX_PDU, pdu);
  if (result == SCU_OK) result = scu_options_set_integer(options, SCU_OPTION_RETRIES, 0);
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_EXTENDED_NEGOTIATION, "no");
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_ON_DUPLICATE, "replace");
  if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_LAYOUT, "flat");
  if (result == SCU_OK) result = set_times(options, h);
  return result == SCU_OK ? set_identity(options, h) : result;
}
