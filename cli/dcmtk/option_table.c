/* Every option of the five tools as DCMTK 3.6.7 has them. What this command has no use for is marked, never ignored. */
#include "options.h"

#include "scu/query.h"
#include "syntaxes.h"

enum {
  E = 1 << TOOL_ECHO,
  S = 1 << TOOL_STORE,
  F = 1 << TOOL_FIND,
  M = 1 << TOOL_MOVE,
  G = 1 << TOOL_GET,
  QUERY = F | M | G,
  ALL = E | S | QUERY
};

#define SECONDS_MAX 2147483
#define COUNT_MAX   2147483647
#define NO_TLS      "there is no TLS in this version"
#define AS_RECEIVED "files are written with the dataset as it was received"
#define DONE_ANYWAY(brief, full, tools)                                                                                \
  { brief, full, 0, tools, TAKEN, HABIT_NONE, 0, 0, 0, "default" }
#define CHOICE(brief, full, tools, id, choice, words)                                                                  \
  { brief, full, 0, tools, TAKEN, id, choice, 0, 0, words }
#define TEXT(brief, full, tools, id, words)                                                                            \
  { brief, full, 1, tools, TAKEN, id, 0, 0, 0, words }
#define NUMBER(brief, full, tools, id, least, most, words)                                                             \
  { brief, full, 1, tools, TAKEN, id, 0, least, most, words }
#define WITHOUT_EFFECT(brief, full, arguments, tools, words)                                                           \
  { brief, full, arguments, tools, IDLE, HABIT_NONE, 0, 0, 0, words }
#define NOT_HERE(brief, full, arguments, tools, words)                                                                 \
  { brief, full, arguments, tools, REFUSED, HABIT_NONE, 0, 0, 0, words }
#define PROPOSE(brief, full, tools, syntax)                                                                            \
  CHOICE(brief, full, tools, HABIT_PROPOSE, syntax, "transfer syntax proposed")
#define PREFER(brief, full, syntax)                                                                                    \
  CHOICE(brief, full, G, HABIT_PREFER, syntax, "transfer syntax preferred"),                                           \
      WITHOUT_EFFECT(brief, full, 0, M, "whatever transfer syntax the peer sends is taken")

static const habit_row rows[] = {
    CHOICE("-h", "--help", ALL, HABIT_HELP, 0, "print this help text and exit"),
    CHOICE(NULL, "--version", ALL, HABIT_VERSION, 0, "print version information and exit"),
    CHOICE(NULL, "--arguments", ALL, HABIT_ARGUMENTS, 0, "print expanded command line arguments"),
    CHOICE("-q", "--quiet", ALL, HABIT_LEVEL, LOG_FATAL, "print no warnings and errors"),
    CHOICE("-v", "--verbose", ALL, HABIT_LEVEL, LOG_INFO, "print processing details"),
    CHOICE("-d", "--debug", ALL, HABIT_LEVEL, LOG_DEBUG, "print debug information"),
    TEXT("-ll", "--log-level", ALL, HABIT_LEVEL_NAMED, "fatal, error, warn, info, debug or trace"),
    WITHOUT_EFFECT("-lc", "--log-config", 1, ALL, "there is no log configuration"),
    CHOICE("+v", "--verbose-pc", S | G, HABIT_VERBOSE_CONTEXTS, 0, "show presentation contexts in verbose mode"),

    DONE_ANYWAY("+f", "--read-file", S),
    WITHOUT_EFFECT("+fo", "--read-file-only", 0, S, "a data set without file meta information is read, too"),
    DONE_ANYWAY("-f", "--read-dataset", S),
    CHOICE("+sd", "--scan-directories", S, HABIT_SCAN, 0, "scan directories for input files"),
    TEXT("+sp", "--scan-pattern", S, HABIT_SCAN_PATTERN, "pattern for file names (only with --scan-directories)"),
    CHOICE("-r", "--no-recurse", S, HABIT_RECURSE, 0, "do not recurse within directories (default)"),
    CHOICE("+r", "--recurse", S, HABIT_RECURSE, 1, "recurse within specified directories"),
    CHOICE("-rn", "--no-rename", S, HABIT_RENAME, 0, "do not rename processed files (default)"),
    CHOICE("+rn", "--rename", S, HABIT_RENAME, 1, "append .done or .bad to processed files"),

    {"-k", "--key", 1, QUERY, TAKEN, HABIT_KEY, 0, 0, 0, "key: gggg,eeee=\"str\", path or keyword=\"str\""},
    CHOICE("-W", "--worklist", F, HABIT_MODEL, SCU_MODEL_WORKLIST, "modality worklist (default)"),
    CHOICE("-P", "--patient", QUERY, HABIT_MODEL, SCU_MODEL_PATIENT, "patient root (movescu, getscu: default)"),
    CHOICE("-S", "--study", QUERY, HABIT_MODEL, SCU_MODEL_STUDY, "study root"),
    CHOICE("-O", "--psonly", QUERY, HABIT_MODEL, SCU_MODEL_PATIENT_STUDY_ONLY, "patient/study only"),
    TEXT("-aet", "--aetitle", ALL, HABIT_CALLING, "my calling AE title (default: name of the tool)"),
    TEXT("-aec", "--call", ALL, HABIT_CALLED, "called AE title of peer (default: ANY-SCP)"),
    TEXT("-aem", "--move", M, HABIT_DESTINATION, "move destination AE title (default: my own)"),

    NUMBER("-pts", "--propose-ts", E, HABIT_SYNTAX_COUNT, 1, 38, "propose n transfer syntaxes"),
    NUMBER("-ppc", "--propose-pc", E, HABIT_CONTEXT_COUNT, 1, 128, "propose n presentation contexts"),
    NOT_HERE("-xf", "--config-file", 2, S, "association profiles are not read; -x options say what is proposed"),
    PROPOSE("-x=", "--propose-uncompr", S | QUERY, SYNTAX_NATIVE),
    PROPOSE("-xe", "--propose-little", S | QUERY, SYNTAX_NATIVE),
    PROPOSE("-xb", "--propose-big", S | QUERY, SYNTAX_BIG),
    PROPOSE("-xi", "--propose-implicit", S | QUERY, SYNTAX_IMPLICIT),
    PROPOSE("-xs", "--propose-lossless", S, SYNTAX_JPEG_LOSSLESS),
    PROPOSE("-xy", "--propose-jpeg8", S, SYNTAX_JPEG8),
    PROPOSE("-xx", "--propose-jpeg12", S, SYNTAX_JPEG12),
    PROPOSE("-xv", "--propose-j2k-lossless", S, SYNTAX_J2K_LOSSLESS),
    PROPOSE("-xw", "--propose-j2k-lossy", S, SYNTAX_J2K),
    PROPOSE("-xt", "--propose-jls-lossless", S, SYNTAX_JLS_LOSSLESS),
    PROPOSE("-xu", "--propose-jls-lossy", S, SYNTAX_JLS),
    PROPOSE("-xm", "--propose-mpeg2", S, SYNTAX_MPEG2),
    PROPOSE("-xh", "--propose-mpeg2-high", S, SYNTAX_MPEG2_HIGH),
    PROPOSE("-xn", "--propose-mpeg4", S, SYNTAX_MPEG4),
    PROPOSE("-xl", "--propose-mpeg4-bd", S, SYNTAX_MPEG4_BD),
    PROPOSE("-x2", "--propose-mpeg4-2-2d", S, SYNTAX_MPEG4_2D),
    PROPOSE("-x3", "--propose-mpeg4-2-3d", S, SYNTAX_MPEG4_3D),
    PROPOSE("-xo", "--propose-mpeg4-2-st", S, SYNTAX_MPEG4_STEREO),
    PROPOSE("-x4", "--propose-hevc", S, SYNTAX_HEVC),
    PROPOSE("-x5", "--propose-hevc10", S, SYNTAX_HEVC10),
    PROPOSE("-xr", "--propose-rle", S, SYNTAX_RLE),
    PROPOSE("-xd", "--propose-deflated", S | QUERY, SYNTAX_DEFLATED),
    PREFER("+x=", "--prefer-uncompr", SYNTAX_NATIVE),
    PREFER("+xe", "--prefer-little", SYNTAX_NATIVE),
    PREFER("+xb", "--prefer-big", SYNTAX_BIG),
    PREFER("+xs", "--prefer-lossless", SYNTAX_JPEG_LOSSLESS),
    PREFER("+xy", "--prefer-jpeg8", SYNTAX_JPEG8),
    PREFER("+xx", "--prefer-jpeg12", SYNTAX_JPEG12),
    PREFER("+xv", "--prefer-j2k-lossless", SYNTAX_J2K_LOSSLESS),
    PREFER("+xw", "--prefer-j2k-lossy", SYNTAX_J2K),
    PREFER("+xt", "--prefer-jls-lossless", SYNTAX_JLS_LOSSLESS),
    PREFER("+xu", "--prefer-jls-lossy", SYNTAX_JLS),
    PREFER("+xm", "--prefer-mpeg2", SYNTAX_MPEG2),
    PREFER("+xh", "--prefer-mpeg2-high", SYNTAX_MPEG2_HIGH),
    PREFER("+xn", "--prefer-mpeg4", SYNTAX_MPEG4),
    PREFER("+xl", "--prefer-mpeg4-bd", SYNTAX_MPEG4_BD),
    PREFER("+x2", "--prefer-mpeg4-2-2d", SYNTAX_MPEG4_2D),
    PREFER("+x3", "--prefer-mpeg4-2-3d", SYNTAX_MPEG4_3D),
    PREFER("+xo", "--prefer-mpeg4-2-st", SYNTAX_MPEG4_STEREO),
    PREFER("+x4", "--prefer-hevc", SYNTAX_HEVC),
    PREFER("+x5", "--prefer-hevc10", SYNTAX_HEVC10),
    PREFER("+xr", "--prefer-rle", SYNTAX_RLE),
    PREFER("+xd", "--prefer-deflated", SYNTAX_DEFLATED),
    PREFER("+xi", "--implicit", SYNTAX_IMPLICIT),
    DONE_ANYWAY("+xa", "--accept-all", M),
    CHOICE("-R", "--required", S, HABIT_REQUIRED, 0, "propose only required presentation contexts"),
    CHOICE("+C", "--combine", S, HABIT_COMBINE, 0, "combine proposed transfer syntaxes"),
    DONE_ANYWAY("+u", "--enable-new-vr", S | F | M),
    NOT_HERE("-u", "--disable-new-vr", 0, S | F | M, "value representations are kept as they are"),
    WITHOUT_EFFECT("+cl", "--compression-level", 1, S | F | M, "nothing is deflated here"),

    TEXT("-usr", "--user", S, HABIT_USER, "authenticate using this user name"),
    TEXT("-pwd", "--password", S, HABIT_PASSWORD, "password (only with --user)"),
    CHOICE("-epw", "--empty-password", S, HABIT_EMPTY_PASSWORD, 0, "send empty password (only with --user)"),
    TEXT("-kt", "--kerberos", S, HABIT_KERBEROS, "read kerberos ticket from file"),
    TEXT(NULL, "--saml", S, HABIT_SAML, "read SAML request from file"),
    TEXT(NULL, "--jwt", S, HABIT_JWT, "read JWT data from file"),
    CHOICE("-rsp", "--pos-response", S, HABIT_RESPONSE_WANTED, 0, "expect positive response"),

    NUMBER("-to", "--timeout", ALL, HABIT_TIMEOUT_CONNECT, 1, SECONDS_MAX, "seconds for connecting"),
    NUMBER("-ts", "--socket-timeout", E | S | F, HABIT_TIMEOUT_SOCKET, 0, SECONDS_MAX, "seconds without a byte"),
    NUMBER("-ta", "--acse-timeout", ALL, HABIT_TIMEOUT_ACSE, 1, SECONDS_MAX, "seconds for ACSE messages"),
    NUMBER("-td", "--dimse-timeout", ALL, HABIT_TIMEOUT_DIMSE, 1, SECONDS_MAX, "seconds for DIMSE messages"),
    NUMBER("-pdu", "--max-pdu", ALL, HABIT_MAX_PDU, 4096, 131072, "max receive pdu (default: 16384)"),
    NUMBER(NULL, "--max-send-pdu", S, HABIT_MAX_SEND_PDU, 4096, 131072, "restrict max send pdu"),
    WITHOUT_EFFECT("-dhl", "--disable-host-lookup", 0, M, "hosts that connect are not looked up"),
    NUMBER(NULL, "--repeat", ALL, HABIT_REPEAT, 1, COUNT_MAX, "repeat n times"),
    CHOICE(NULL, "--abort", ALL, HABIT_ABORT, 0, "abort association instead of releasing it"),
    NUMBER(NULL, "--cancel", F | M, HABIT_CANCEL, 0, COUNT_MAX, "cancel after n responses"),
    CHOICE("-nh", "--no-halt", S, HABIT_NO_HALT, 0, "do not halt if unsuccessful store encountered"),
    WITHOUT_EFFECT("-up", "--uid-padding", 0, S | M, "padding of UIDs never matters here"),
    CHOICE("+II", "--invent-instance", S, HABIT_INVENT, 0, "invent a new SOP instance UID for every image sent"),
    NOT_HERE("+IR", "--invent-series", 1, S, "only SOP instance UIDs are invented here"),
    NOT_HERE("+IS", "--invent-study", 1, S, "only SOP instance UIDs are invented here"),
    NOT_HERE("+IP", "--invent-patient", 1, S, "only SOP instance UIDs are invented here"),

    DONE_ANYWAY("-ac", "--access-full", M),
    NOT_HERE("+ac", "--access-control", 0, M, "there are no host access rules here"),
    DONE_ANYWAY(NULL, "--no-port", M),
    NUMBER("+P", "--port", M, HABIT_PORT, 1, 65535, "port number for incoming associations"),
    DONE_ANYWAY("-pi", "--pending-ignore", M),
    DONE_ANYWAY("-pr", "--pending-read", M),
    CHOICE(NULL, "--ignore", M | G, HABIT_IGNORE, 0, "ignore store data, receive but do not store"),

    DONE_ANYWAY("-tls", "--disable-tls", E | S | F),
    NOT_HERE("+tls", "--enable-tls", 2, E | S | F, NO_TLS),
    NOT_HERE("+tla", "--anonymous-tls", 0, E | S | F, NO_TLS),
    NOT_HERE("+ps", "--std-passwd", 0, E | S | F, NO_TLS),
    NOT_HERE("+pw", "--use-passwd", 1, E | S | F, NO_TLS),
    NOT_HERE("-pw", "--null-passwd", 0, E | S | F, NO_TLS),
    NOT_HERE("-pem", "--pem-keys", 0, E | S | F, NO_TLS),
    NOT_HERE("-der", "--der-keys", 0, E | S | F, NO_TLS),
    NOT_HERE("+cf", "--add-cert-file", 1, E | S | F, NO_TLS),
    NOT_HERE("+cd", "--add-cert-dir", 1, E | S | F, NO_TLS),
    NOT_HERE("+crl", "--add-crl-file", 1, E | S | F, NO_TLS),
    NOT_HERE("+crv", "--enable-crl-vfy", 0, E | S | F, NO_TLS),
    NOT_HERE("+cra", "--enable-crl-all", 0, E | S | F, NO_TLS),
    NOT_HERE("+py", "--profile-bcp195-nd", 0, E | S | F, NO_TLS),
    NOT_HERE("+px", "--profile-bcp195", 0, E | S | F, NO_TLS),
    NOT_HERE("+pz", "--profile-bcp195-ex", 0, E | S | F, NO_TLS),
    NOT_HERE("+pa", "--profile-aes", 0, E | S | F, NO_TLS),
    NOT_HERE("+pn", "--profile-null", 0, E | S | F, NO_TLS),
    NOT_HERE("+cc", "--list-ciphers", 0, E | S | F, NO_TLS),
    NOT_HERE("+cs", "--cipher", 1, E | S | F, NO_TLS),
    NOT_HERE("+rs", "--seed", 1, E | S | F, NO_TLS),
    NOT_HERE("+ws", "--write-seed", 0, E | S | F, NO_TLS),
    NOT_HERE("+wf", "--write-seed-file", 1, E | S | F, NO_TLS),
    NOT_HERE("-rc", "--require-peer-cert", 0, E | S | F, NO_TLS),
    NOT_HERE("-ic", "--ignore-peer-cert", 0, E | S | F, NO_TLS),
    NOT_HERE("+vc", "--verify-cert", 1, E, NO_TLS),
    NOT_HERE("+rc", "--is-root-cert", 1, E, NO_TLS),

    TEXT("-od", "--output-directory", QUERY, HABIT_OUTPUT, "write output files to existing directory (default: .)"),
    DONE_ANYWAY("-dc", "--disable-correction", F),
    WITHOUT_EFFECT("+dc", "--enable-correction", 0, F, "nothing is corrected on the way"),
    CHOICE("+sr", "--show-responses", F, HABIT_RESPONSES, 1, "always output responses"),
    CHOICE("-sr", "--hide-responses", F, HABIT_RESPONSES, 2, "do not output responses"),
    CHOICE("-X", "--extract", F, HABIT_EXTRACT, 0, "extract responses to DICOM file (rsp0001.dcm...)"),
    NOT_HERE("-Xx", "--extract-xml", 0, F, "responses are not written as XML; `scu find --json` has DICOM JSON"),
    NOT_HERE("-Xs", "--extract-xml-single", 1, F, "responses are not written as XML; `scu find --json` has DICOM JSON"),
    NUMBER("-Xlo", "--limit-output", F, HABIT_EXTRACT_LIMIT, 1, COUNT_MAX, "extract at most n responses"),
    CHOICE("-B", "--normal", M | G, HABIT_BITS, 0, "default"),
    CHOICE("+B", "--bit-preserving", M | G, HABIT_BITS, 1, "write data exactly as read"),
    DONE_ANYWAY("+F", "--write-file", M),
    NOT_HERE("-F", "--write-dataset", 0, M, "files are written with file meta information"),
    DONE_ANYWAY("+t=", "--write-xfer-same", M),
    NOT_HERE("+te", "--write-xfer-little", 0, M, AS_RECEIVED),
    NOT_HERE("+tb", "--write-xfer-big", 0, M, AS_RECEIVED),
    NOT_HERE("+ti", "--write-xfer-implicit", 0, M, AS_RECEIVED),
    NOT_HERE("+td", "--write-xfer-deflated", 0, M, AS_RECEIVED),
    WITHOUT_EFFECT("+g=", "--group-length-recalc", 0, M, AS_RECEIVED),
    NOT_HERE("+g", "--group-length-create", 0, M, AS_RECEIVED),
    NOT_HERE("-g", "--group-length-remove", 0, M, AS_RECEIVED),
    WITHOUT_EFFECT("+e", "--length-explicit", 0, M, AS_RECEIVED),
    WITHOUT_EFFECT("-e", "--length-undefined", 0, M, AS_RECEIVED),
    DONE_ANYWAY("-p", "--padding-off", M),
    WITHOUT_EFFECT("+p", "--padding-create", 2, M, AS_RECEIVED),
};

const habit_row *habit_row_at(size_t index) {
  return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}
