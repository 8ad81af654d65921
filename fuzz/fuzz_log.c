/* What a log makes of hostile PDUs, commands and datasets: lines without controls, none too long, and no more of them
 * than bounds allow. Input: a byte of options, then records of kind, length (16 bits, little endian) and bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "observe/dump_text.h"
#include "observe/log_sink.h"
#include "scu/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { IS_SENT = 1, IS_PDU = 2, IS_COMMAND = 4, IS_LAST = 8, IS_MISSING = 16 };

static void hear(void *user, const scu_log_line *line) {
  size_t *heard = user, length = strlen(line->text);
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)line->text[i] < 0x20 || line->text[i] == 0x7F) abort();
  if (length > SCU__LOG_LINE_MAX) abort();
  *heard += length;
}

static void pass(scu__scribe *scribe, void *conversation, uint8_t kind, const uint8_t *bytes, size_t length) {
  bool is_sent = kind & IS_SENT;
  if (kind & IS_PDU) {
    if (length > 0 && bytes[0] != 4) scribe->pdu(scribe, conversation, is_sent, bytes, length);
    return;
  }
  bool is_missing = (kind & IS_MISSING) || !scribe->wants_bytes(scribe, conversation, is_sent, kind & IS_COMMAND);
  scu__trace_fragment fragment = {.context_id = 1,
                                  .is_command = kind & IS_COMMAND,
                                  .is_last = kind & IS_LAST,
                                  .length = length,
                                  .bytes = is_missing ? NULL : bytes,
                                  .count = length};
  scribe->fragment(scribe, conversation, is_sent, &fragment);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const scu__trace_ends ends = {.is_v6 = true};
  size_t heard = 0, records = 1;
  scu_log *log;
  if (length == 0) return 0;
  const scu_log_options options = {.size = sizeof options,
                                   .kind = SCU_LOG_TO_CALLBACK,
                                   .level = SCU_LOG_DUMP,
                                   .with_phi = bytes[0] & 1,
                                   .line = hear,
                                   .user = &heard};
  if (scu_log_new(NULL, &options, &log) != SCU_OK) abort();
  scu__scribe *scribe = (scu__scribe *)log;
  void *conversation = scribe->connected(scribe, 1, &ends);
  for (size_t at = 1; length - at >= 3; records++) {
    size_t own = bytes[at + 1] | (size_t)bytes[at + 2] << 8;
    uint8_t kind = bytes[at];
    at += 3;
    if (own > length - at) own = length - at;
    pass(scribe, conversation, kind, bytes + at, own);
    at += own;
  }
  scribe->closed(scribe, conversation);
  scu_log_free(log);
  if (heard > (records + 2) * 2 * (SCU__DUMP_TEXT_MAX + 1024)) abort();
  return 0;
}
