/* Other protocols that knock at a DICOM port (or answer at a wrong one), told by their first bytes. None of them can
 * begin like a PDU: its first byte is 01H to 07H. */
#include "ul/foreign.h"

#include <stddef.h>
#include <string.h>

typedef struct foreign_row {
  const char *prefix;
  scu__foreign foreign;
} foreign_row;

#define TLS_HINT                                                                                                       \
  "one side speaks TLS and the other does not: check the port (2762 is usual for TLS) and the peer's TLS setting; "    \
  "this version speaks no TLS"
#define WEB_HINT   "this is a web client or server: check the port (104 and 11112 are usual for DICOM)"
#define HL7_HINT   "this is HL7: it has a port of its own"
#define OTHER_HINT "check the host and the port (104 and 11112 are usual for DICOM)"

static const foreign_row rows[] = {
    {"\x16\x03", {"a TLS handshake", TLS_HINT}},
    {"\x15\x03", {"a TLS alert", TLS_HINT}},
    {"GET ", {"HTTP", WEB_HINT}},
    {"POST ", {"HTTP", WEB_HINT}},
    {"PUT ", {"HTTP", WEB_HINT}},
    {"HEAD ", {"HTTP", WEB_HINT}},
    {"OPTION", {"HTTP", WEB_HINT}},
    {"DELETE", {"HTTP", WEB_HINT}},
    {"CONNEC", {"HTTP", WEB_HINT}},
    {"HTTP/", {"HTTP", WEB_HINT}},
    {"PRI * ", {"HTTP/2", WEB_HINT}},
    {"SSH-", {"SSH", OTHER_HINT}},
    {"\x0BMSH", {"HL7 (MLLP)", HL7_HINT}},
    {"MSH|", {"HL7", HL7_HINT}},
    {"220 ", {"SMTP or FTP", OTHER_HINT}},
    {"220-", {"SMTP or FTP", OTHER_HINT}},
};

const scu__foreign *scu__foreign_recognise(const uint8_t bytes[6]) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (memcmp(bytes, rows[i].prefix, strlen(rows[i].prefix)) == 0) return &rows[i].foreign;
  return NULL;
}
