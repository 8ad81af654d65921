/* Peer syntax (RULES 35). The pieces are cut first, then decoded, then checked: a %40 in a title is no separator. */
#include "config/peer.h"

#include <stdio.h>
#include <string.h>

/* Part of the text being parsed. */
typedef struct span {
  const char *at;
  size_t length;
} span;

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool scu__peer_is_literal(const char *text) {
  return strchr(text, '@') != NULL || strstr(text, "://") != NULL;
}

static scu_result fault(scu_error *error, const char *text, const char *reason) {
  scu_result result = scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "peer '%.120s': %s", text, reason);
  scu__error_hint(error, "write AET@host:port, or a name from the node file");
  return result;
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* %XX to bytes. False when a % is followed by anything else, on %00, or when the room is too small. */
static bool decode_percent(span in, char *to, size_t room) {
  size_t length = 0;
  for (size_t i = 0; i < in.length; i++) {
    char byte = in.at[i];
    if (byte == '%') {
      if (in.length - i < 3 || hex_value(in.at[i + 1]) < 0 || hex_value(in.at[i + 2]) < 0) return false;
      byte = (char)(hex_value(in.at[i + 1]) * 16 + hex_value(in.at[i + 2]));
      i += 2;
    }
    if (byte == 0 || length + 1 >= room) return false;
    to[length++] = byte;
  }
  to[length] = 0;
  return true;
}

static bool is_ascii(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text > 0x7E) return false;
  return true;
}

static bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._:%", c) != NULL;
}

static const char *parse_title(span in, scu__peer *peer) {
  char title[64];
  if (in.length == 0) return "the AE title before the @ is missing";
  if (!decode_percent(in, title, sizeof title)) return "the AE title is too long, or has a % without two hex digits";
  if (!is_ascii(title) || !scu__ae_from_text(&peer->ae, title))
    return "an AE title is 1 to 16 ASCII characters, not only spaces and without backslash";
  return NULL;
}

static const char *parse_host(span in, scu__peer *peer) {
  if (in.length == 0) return "the host is missing";
  if (!decode_percent(in, peer->host, sizeof peer->host))
    return "the host is too long, or has a % without two hex digits";
  for (const char *p = peer->host; *p; p++)
    if (!is_host_character(*p)) return "the host has a character that no host name or address has";
  return NULL;
}

static const char *parse_port(span in, scu__peer *peer) {
  uint32_t port = 0;
  if (in.length == 0 || in.length > 5) return "the port must be a number from 1 to 65535";
  for (size_t i = 0; i < in.length; i++) {
    if (in.at[i] < '0' || in.at[i] > '9') return "the port must be a number from 1 to 65535";
    port = port * 10 + (uint32_t)(in.at[i] - '0');
  }
  if (port == 0 || port > 65535) return "the port must be a number from 1 to 65535";
  peer->port = (uint16_t)port;
  return NULL;
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static const char *parse_address(span in, scu__peer *peer) {
  span host = in, port = {NULL, 0};
  if (in.length > 0 && in.at[0] == '[') {
    const char *end = memchr(in.at, ']', in.length);
    if (!end) return "the ] behind the IPv6 address is missing";
    host = (span){in.at + 1, (size_t)(end - in.at) - 1};
    if (!memchr(host.at, ':', host.length)) return "only IPv6 addresses stand in brackets";
    port = (span){end + 1, in.length - host.length - 2};
    if (port.length > 0 && *port.at != ':') return "behind the ] only :port may follow";
  } else {
    const char *colon = memchr(in.at, ':', in.length);
    if (colon) {
      host.length = (size_t)(colon - in.at);
      port = (span){colon, in.length - host.length};
      if (memchr(colon + 1, ':', port.length - 1)) return "an IPv6 address needs brackets: AET@[::1]:port";
    }
  }
  const char *reason = parse_host(host, peer);
  if (reason || port.length == 0) return reason;
  return parse_port((span){port.at + 1, port.length - 1}, peer);
}

scu_result scu__peer_parse(const char *text, scu__peer *peer, scu_error *error) {
  memset(peer, 0, sizeof *peer);
  const char *rest = text;
  if (starts_with(text, "scu://")) {
    rest = text + strlen("scu://");
  } else if (starts_with(text, "scus://")) {
    rest = text + strlen("scus://");
    peer->is_tls = true;
  } else if (strstr(text, "://") && strstr(text, "://") < strcspn(text, "@") + text) {
    return fault(error, text, "only scu:// and scus:// are known");
  }
  peer->port = peer->is_tls ? SCU__PORT_DICOM_TLS : SCU__PORT_DICOM;
  size_t length = strlen(rest);
  if (rest != text && length > 0 && rest[length - 1] == '/') length--;
  const char *at = NULL;
  for (size_t i = 0; i < length; i++)
    if (rest[i] == '@') at = rest + i;
  if (!at) return fault(error, text, "there is no @ between AE title and host");
  const char *reason = parse_title((span){rest, (size_t)(at - rest)}, peer);
  if (!reason) reason = parse_address((span){at + 1, length - (size_t)(at - rest) - 1}, peer);
  return reason ? fault(error, text, reason) : SCU_OK;
}

scu_result scu__peer_check_supported(const scu__peer *peer, scu_error *error) {
  if (!peer->is_tls) return SCU_OK;
  scu_result result =
      scu__error_set(error, SCU_ERROR_UNSUPPORTED, SCU_PHASE_SECURE, "TLS is not available in this version");
  scu__error_hint(error, "use scu:// or AET@host:port for plain TCP");
  return result;
}

/* Appends one character, as %XX when it would be taken for something else. Keeps room for the NUL. */
static void put_character(char *to, size_t room, size_t *length, char c, const char *plain) {
  static const char digits[] = "0123456789ABCDEF";
  unsigned char byte = (unsigned char)c;
  bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr(plain, c);
  if (*length + (is_plain ? 1 : 3) >= room) return;
  if (!is_plain) {
    to[(*length)++] = '%';
    to[(*length)++] = digits[byte >> 4];
    c = digits[byte & 15];
  }
  to[(*length)++] = c;
}

void scu__peer_format(const scu__peer *peer, char *to, size_t room) {
  bool is_v6 = strchr(peer->host, ':') != NULL;
  char ending[16];
  size_t length = 0;
  if (room == 0) return;
  for (const char *p = peer->is_tls ? "scus://" : ""; *p; p++) put_character(to, room, &length, *p, ":/");
  for (const char *p = peer->ae.text; *p; p++) put_character(to, room, &length, *p, "-._~!$&'()*+,;= @#?");
  put_character(to, room, &length, '@', "@");
  if (is_v6) put_character(to, room, &length, '[', "[");
  for (const char *p = peer->host; *p; p++) put_character(to, room, &length, *p, "-._:");
  snprintf(ending, sizeof ending, "%s:%u", is_v6 ? "]" : "", (unsigned)peer->port);
  for (const char *p = ending; *p; p++) put_character(to, room, &length, *p, "]:");
  to[length] = 0;
}
