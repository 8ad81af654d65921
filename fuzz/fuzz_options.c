/* Options and peers as typed: the input is lines, `NAME=VALUE` for an option, anything else for a peer.
 *
 * Whatever was accepted resolves, and a peer that was read is written and read back the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/peer.h"

enum { LINE_MAX_BYTES = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void take_peer(const char *text) {
  scu__peer first, second;
  char formatted[SCU__PEER_FORMAT_MAX];
  if (scu__peer_parse(text, &first, NULL) != SCU_OK) return;
  scu__peer_format(&first, formatted, sizeof formatted);
  require(scu__peer_parse(formatted, &second, NULL) == SCU_OK);
  require(strcmp(first.ae.text, second.ae.text) == 0 && strcmp(first.host, second.host) == 0);
  require(first.port == second.port && first.port != 0 && first.is_tls == second.is_tls);
}

static void take_line(scu_options *options, char *line) {
  char *value = strchr(line, '=');
  take_peer(line);
  if (!value) return;
  *value++ = 0;
  const struct scu_option_info *info = scu_option_find_name(line);
  if (info && scu_options_parse(options, info->option, value) != SCU_OK)
    require(scu_error_result(scu_options_error(options)) != SCU_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu_options *options = NULL;
  scu__config config;
  char line[LINE_MAX_BYTES + 1];
  require(scu_options_new(NULL, &options) == SCU_OK);
  for (size_t at = 0; at < length;) {
    const uint8_t *end = memchr(bytes + at, '\n', length - at);
    size_t span = end ? (size_t)(end - (bytes + at)) : length - at;
    size_t taken = span < LINE_MAX_BYTES ? span : LINE_MAX_BYTES;
    memcpy(line, bytes + at, taken);
    line[taken] = 0;
    take_line(options, line);
    at += span + 1;
  }
  require(scu__options_resolve(options, &config, NULL) == SCU_OK);
  require(config.max_pdu >= 4096 && config.max_pdu <= 1048576 && config.timeout_connect_ms > 0);
  scu_options_free(options);
  return 0;
}
