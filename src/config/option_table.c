/* The option table: everything that can be set, in one place. Adding an option is an id in scu/options.h, a row here
 * and a field in scu__config; what concerns sinks only is read in listener/sink_disk.c. */
#include "config/option_table.h"

#include <string.h>

#include "base/limits.h"
#include "base/values.h"
#include "config/identity.h"
#include "config/option_check.h"
#include "config/options.h"
#include "scu/version.h"

enum {
  SECOND = 1000,
  /* Long enough for a tape robot over a weekend; a number above it is a slip of the unit. */
  DURATION_MAX = 7 * 24 * 3600 * SECOND,
  /* The system counts the idle time before a keep-alive probe up to 32767 s. */
  TCP_MAX = 8 * 3600 * SECOND,
  /* Texts without their NUL. */
  AE_MAX = sizeof(((scu__ae *)0)->text) - 1,
  UID_MAX = sizeof(((scu__uid *)0)->text) - 1,
  VERSION_NAME_MAX = sizeof(((scu__config *)0)->implementation_version) - 1,
  HOST_MAX = SCU__HOST_MAX - 1,
  CHARSET_MAX = sizeof(((scu__config *)0)->character_set) - 1,
  PATH_MAX_LENGTH = SCU__OPTION_PATH_MAX - 1,
  ACCEPT_FROM_MAX = SCU__ACCEPT_FROM_MAX * 32 /* each with a comma, and blanks as people type them */
};

/* Defaults are texts, as a person would type them. */
_Static_assert(SCU__PDU_LENGTH_DEFAULT == 131072, "the default of max-pdu below is that of limits.h");

#define ROW_HEAD(id, row_name, row_kind)                                                                               \
  .size = sizeof(struct scu_option_info), .option = (id), .name = (row_name), .kind = (row_kind), .since = "0.1.0"
#define DURATION_ROW(id, row_name, row_default, row_help, row_users)                                                   \
  {                                                                                                                    \
    .info = {                                                                                                          \
      ROW_HEAD(id, row_name, SCU_KIND_DURATION),                                                                       \
      .minimum = 1,                                                                                                    \
      .maximum = DURATION_MAX,                                                                                         \
      .default_text = (row_default),                                                                                   \
      .flag = "--" row_name,                                                                                           \
      .argument_name = "SECONDS",                                                                                      \
      .help = (row_help),                                                                                              \
      .used_by = (row_users)                                                                                           \
    }                                                                                                                  \
  }

const scu__option_row scu__option_table[SCU__OPTION_ROWS] = {
    {.info = {ROW_HEAD(SCU_OPTION_CALLING_AE, "aet", SCU_KIND_TEXT), .minimum = 1, .maximum = AE_MAX,
              .default_text = "SCU", .flag = "--aet", .argument_name = "NAME", .help = "our own AE title",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER},
     .check = scu__check_ae},
    {.info = {ROW_HEAD(SCU_OPTION_LOCAL_ADDRESS, "local-address", SCU_KIND_TEXT), .minimum = 0, .maximum = HOST_MAX,
              .default_text = "", .flag = "--local-address", .argument_name = "ADDRESS",
              .help = "connect from this address of ours", .used_by = SCU_USED_BY_SESSION},
     .check = scu__check_host},
    {.info = {ROW_HEAD(SCU_OPTION_LOCAL_PORT, "local-port", SCU_KIND_INTEGER), .minimum = 0, .maximum = 65535,
              .default_text = "0", .flag = "--local-port", .argument_name = "PORT",
              .help = "connect from this port of ours; 0 = any", .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_LISTEN_ADDRESS, "listen-address", SCU_KIND_TEXT), .minimum = 0, .maximum = HOST_MAX,
              .default_text = "", .help = "listen on this address; empty = on all",
              .used_by = SCU_USED_BY_LISTENER | SCU_USED_BY_RETRIEVE | SCU_USED_BY_COMMIT},
     .check = scu__check_host},
    {.info = {ROW_HEAD(SCU_OPTION_LISTEN_PORT, "listen-port", SCU_KIND_INTEGER), .minimum = 0, .maximum = 65535,
              .default_text = "11112", .help = "listen on this port; 0 = any free one",
              .used_by = SCU_USED_BY_LISTENER | SCU_USED_BY_RETRIEVE | SCU_USED_BY_COMMIT}},
    {.info = {ROW_HEAD(SCU_OPTION_MAX_PDU, "max-pdu", SCU_KIND_INTEGER), .minimum = SCU__PDU_LENGTH_MIN,
              .maximum = SCU__PDU_LENGTH_MAX, .default_text = "131072", .flag = "--max-pdu", .argument_name = "BYTES",
              .help = "largest PDU we take and make", .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER}},
    {.info = {ROW_HEAD(SCU_OPTION_IMPLEMENTATION_UID, "implementation-uid", SCU_KIND_TEXT), .minimum = 1,
              .maximum = UID_MAX, .default_text = SCU_IMPLEMENTATION_CLASS_UID, .flag = "--implementation-uid",
              .argument_name = "UID", .help = "Implementation Class UID to present",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER | SCU_USED_BY_SINK},
     .check = scu__check_uid},
    {.info = {ROW_HEAD(SCU_OPTION_IMPLEMENTATION_VERSION, "implementation-version", SCU_KIND_TEXT), .minimum = 0,
              .maximum = VERSION_NAME_MAX, .default_text = SCU_IMPLEMENTATION_VERSION_NAME,
              .flag = "--implementation-version", .argument_name = "NAME",
              .help = "Implementation Version Name to present; empty = none",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER | SCU_USED_BY_SINK},
     .check = scu__check_version_name},
    DURATION_ROW(SCU_OPTION_TIMEOUT_CONNECT, "timeout-connect", "10", "resolve the name and connect within this time",
                 SCU_USED_BY_SESSION),
    DURATION_ROW(SCU_OPTION_TIMEOUT_ASSOCIATE, "timeout-associate", "10", "agree on an association within this time",
                 SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER),
    DURATION_ROW(SCU_OPTION_TIMEOUT_RESPONSE, "timeout-response", "60",
                 "wait this long for a response, and between two; a find is then cancelled, which takes up to "
                 "--cancel-wait more",
                 SCU_USED_BY_SESSION),
    DURATION_ROW(SCU_OPTION_TIMEOUT_IDLE, "timeout-idle", "60", "give up when nothing moves for this long",
                 SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER),
    DURATION_ROW(SCU_OPTION_TIMEOUT_RELEASE, "timeout-release", "10", "release the association within this time",
                 SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER),
    DURATION_ROW(SCU_OPTION_TIMEOUT_RETRIEVE, "timeout-retrieve", "600",
                 "cancel a retrieval this long after its last sign of life, which takes up to --cancel-wait more",
                 SCU_USED_BY_RETRIEVE),
    DURATION_ROW(SCU_OPTION_MOVE_GRACE, "move-grace", "5", "go on listening this long after the peer says it is done",
                 SCU_USED_BY_RETRIEVE),
    DURATION_ROW(SCU_OPTION_CANCEL_WAIT, "cancel-wait", "5",
                 "after cancelling, wait this long for the peer to agree (after a time-out: no longer than that)",
                 SCU_USED_BY_FIND | SCU_USED_BY_RETRIEVE),
    {.info = {ROW_HEAD(SCU_OPTION_DURABILITY, "durability", SCU_KIND_TEXT), .minimum = 1, .maximum = 16,
              .default_text = "batch", .choices = "batch|file|none", .flag = "--durability", .argument_name = "HOW",
              .help = "when a received file counts as safe: batch (on disk, synced together), file, none",
              .used_by = SCU_USED_BY_SINK}},
    {.info = {ROW_HEAD(SCU_OPTION_LAYOUT, "layout", SCU_KIND_TEXT), .minimum = 1, .maximum = 16, .default_text = "tree",
              .choices = "tree|flat", .flag = "--layout", .argument_name = "HOW",
              .help = "folders: tree (STUDY/SERIES/INSTANCE.dcm) or flat (INSTANCE.dcm)",
              .used_by = SCU_USED_BY_LAYOUT}},
    {.info = {ROW_HEAD(SCU_OPTION_ON_DUPLICATE, "on-duplicate", SCU_KIND_TEXT), .minimum = 1, .maximum = 16,
              .default_text = "keep", .choices = "keep|replace|both", .flag = "--on-duplicate", .argument_name = "HOW",
              .help = "an instance that is already there: keep the old file, replace it, or keep both",
              .used_by = SCU_USED_BY_SINK}},
    {.info = {ROW_HEAD(SCU_OPTION_ALLOW_TRUNCATED, "allow-truncated", SCU_KIND_BOOLEAN), .minimum = 0, .maximum = 1,
              .default_text = "no", .flag = "--allow-truncated", .help = "send files that end inside their Pixel Data",
              .used_by = SCU_USED_BY_STORE}},
    {.info = {ROW_HEAD(SCU_OPTION_ACCEPT_FROM, "accept-from", SCU_KIND_TEXT), .minimum = 0, .maximum = ACCEPT_FROM_MAX,
              .default_text = "", .flag = "--accept-from", .argument_name = "AET,...",
              .help = "calling AE titles that may send to us; none = anyone",
              .used_by = SCU_USED_BY_LISTENER | SCU_USED_BY_RETRIEVE | SCU_USED_BY_COMMIT},
     .check = scu__check_accept_from},
    {.info = {ROW_HEAD(SCU_OPTION_NODES_FILE, "nodes", SCU_KIND_TEXT), .minimum = 0, .maximum = PATH_MAX_LENGTH,
              .default_text = "", .flag = "--nodes", .argument_name = "FILE", .help = "node file: names for peers",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER}},
    {.info = {ROW_HEAD(SCU_OPTION_LISTEN_MAX_ASSOCIATIONS, "max-associations", SCU_KIND_INTEGER), .minimum = 1,
              .maximum = 10000, .default_text = "100", .flag = "--max-associations", .argument_name = "N",
              .help = "serve this many associations at once",
              .used_by = SCU_USED_BY_LISTENER | SCU_USED_BY_RETRIEVE | SCU_USED_BY_COMMIT}},
    {.info = {ROW_HEAD(SCU_OPTION_ALLOCATOR, "allocator", SCU_KIND_POINTER), .help = "where memory comes from",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER}},
    {.info = {ROW_HEAD(SCU_OPTION_IDENTITY_USER, "user", SCU_KIND_TEXT), .minimum = 1, .maximum = SCU__IDENTITY_MAX,
              .flag = "--user", .argument_name = "NAME", .help = "say that we are this user (user identity)",
              .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_IDENTITY_PASSCODE, "passcode", SCU_KIND_SECRET), .minimum = 1,
              .maximum = SCU__IDENTITY_MAX, .help = "the user's passcode", .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_IDENTITY_TOKEN, "identity", SCU_KIND_SECRET), .minimum = 1,
              .maximum = SCU__IDENTITY_MAX, .help = "Kerberos service ticket, SAML assertion or JSON Web Token",
              .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_IDENTITY_KIND, "identity-kind", SCU_KIND_TEXT), .minimum = 1, .maximum = 16,
              .default_text = "auto", .choices = "auto|kerberos|saml|jwt", .flag = "--identity-kind",
              .argument_name = "KIND", .help = "what --identity-file is: kerberos, saml, jwt, or auto (by its content)",
              .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_IDENTITY_RESPONSE, "identity-response", SCU_KIND_BOOLEAN), .minimum = 0, .maximum = 1,
              .default_text = "yes", .flag = "--identity-response",
              .help = "ask the peer to confirm the identity, as is the default; =no: do not",
              .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_IDENTITY_OPTIONAL, "identity-optional", SCU_KIND_BOOLEAN), .minimum = 0, .maximum = 1,
              .default_text = "no", .flag = "--identity-optional",
              .help = "go on with a warning when the peer does not confirm the identity",
              .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_IDENTITY_OVER_PLAIN, "identity-over-plain", SCU_KIND_BOOLEAN), .minimum = 0,
              .maximum = 1, .default_text = "no", .flag = "--identity-over-plain",
              .help = "send passcodes and tokens over plain TCP (there is no TLS in this version), readable for "
                      "everybody on the way",
              .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_STORE_ASSOCIATIONS, "jobs", SCU_KIND_INTEGER), .minimum = 1,
              .maximum = SCU__STORE_ASSOCIATIONS_MAX, .default_text = "1",
              .help = "store over this many associations at once", .used_by = SCU_USED_BY_STORE}},
    {.info = {ROW_HEAD(SCU_OPTION_ASYNC_WINDOW, "async-window", SCU_KIND_INTEGER), .minimum = 1,
              .maximum = SCU__WINDOW_MAX, .default_text = "1", .flag = "--async-window", .argument_name = "N",
              .help = "C-STORE requests on their way at once, if the peer agrees", .used_by = SCU_USED_BY_STORE}},
    {.info = {ROW_HEAD(SCU_OPTION_RETRIES, "retries", SCU_KIND_INTEGER), .minimum = 0, .maximum = 100,
              .default_text = "2", .flag = "--retries", .argument_name = "N",
              .help = "send again this often after a lost association or when the peer has no room (A7xx, 0213)",
              .used_by = SCU_USED_BY_STORE}},
    DURATION_ROW(SCU_OPTION_RETRY_WAIT, "retry-wait", "1", "wait this long before that, twice as long each time",
                 SCU_USED_BY_STORE),
    {.info = {ROW_HEAD(SCU_OPTION_PEER_ASSOCIATIONS, "peer-associations", SCU_KIND_INTEGER), .minimum = 1,
              .maximum = SCU__PEER_ASSOCIATIONS_MAX, .default_text = "100", .flag = "--peer-associations",
              .argument_name = "N", .help = "have at most this many associations to the peer at once",
              .used_by = SCU_USED_BY_SESSION}},
    DURATION_ROW(SCU_OPTION_TIMEOUT_TURN, "timeout-turn", "3600", "wait this long for one of these to be free",
                 SCU_USED_BY_SESSION),
    {.info = {ROW_HEAD(SCU_OPTION_TIMEOUT_TCP, "timeout-tcp", SCU_KIND_DURATION), .minimum = 2 * SECOND,
              .maximum = TCP_MAX, .default_text = "120", .flag = "--timeout-tcp", .argument_name = "SECONDS",
              .help = "notice within this time that the peer is cut off", .used_by = SCU_USED_BY_SESSION}},
    {.info = {ROW_HEAD(SCU_OPTION_PROTOCOL_VERSION, "protocol-version", SCU_KIND_INTEGER), .minimum = 0,
              .maximum = UINT16_MAX, .default_text = "1", .flag = "--protocol-version", .argument_name = "BITS",
              .help = "versions of the upper layer protocol that are proposed; there is no other than 1",
              .used_by = SCU_USED_BY_SESSION}},
    DURATION_ROW(SCU_OPTION_TIMEOUT_COMMIT, "timeout-commit", "600", "wait this long for the result of a commitment",
                 SCU_USED_BY_COMMIT),
    DURATION_ROW(SCU_OPTION_COMMIT_HOLD, "commit-hold", "30",
                 "keep the association open this long for the result; after that it comes on another",
                 SCU_USED_BY_COMMIT),
    {.info = {ROW_HEAD(SCU_OPTION_COMMIT_LISTEN, "commit-listen", SCU_KIND_BOOLEAN), .minimum = 0, .maximum = 1,
              .default_text = "yes", .flag = "--commit-listen",
              .help = "listen for the result, as is the default; =no: take it on the same association only",
              .used_by = SCU_USED_BY_COMMIT}},
    {.info = {ROW_HEAD(SCU_OPTION_COMMIT_LEDGER, "ledger", SCU_KIND_TEXT), .minimum = 0, .maximum = PATH_MAX_LENGTH,
              .default_text = "", .flag = "--ledger", .argument_name = "DIR",
              .help = "folder where commitments are written down until their result is told",
              .used_by = SCU_USED_BY_COMMIT}},
    {.info = {ROW_HEAD(SCU_OPTION_CHARACTER_SET, "character-set", SCU_KIND_TEXT), .minimum = 0, .maximum = CHARSET_MAX,
              .default_text = "", .flag = "--character-set", .argument_name = "TERMS",
              .help = "of keys that are not ASCII, and of matches that do not name theirs: ISO_IR 100",
              .used_by = SCU_USED_BY_FIND | SCU_USED_BY_RETRIEVE},
     .check = scu__check_charset},
    {.info = {ROW_HEAD(SCU_OPTION_UIDS_PER_REQUEST, "uids-per-request", SCU_KIND_INTEGER), .minimum = 1,
              .maximum = SCU__UIDS_PER_REQUEST_MAX, .default_text = "256", .flag = "--uids-per-request",
              .argument_name = "N", .help = "ask for so many UIDs at once",
              .used_by = SCU_USED_BY_FIND | SCU_USED_BY_RETRIEVE}},
    {.info = {ROW_HEAD(SCU_OPTION_BOTH_ROLES, "both-roles", SCU_KIND_BOOLEAN), .minimum = 0, .maximum = 1,
              .default_text = "no", .flag = "--both-roles",
              .help = "C-GET: propose to be user and provider of storage, as some archives want it",
              .used_by = SCU_USED_BY_GET}},
    {.info = {ROW_HEAD(SCU_OPTION_EXTENDED_NEGOTIATION, "extended-negotiation", SCU_KIND_TEXT), .minimum = 1,
              .maximum = 16, .default_text = "all", .choices = "all|no|1|2|3|4|5|6|7", .flag = "--extended-negotiation",
              .argument_name = "HOW", .help = "of queries: all, no, or at most so many bytes",
              .used_by = SCU_USED_BY_FIND | SCU_USED_BY_RETRIEVE}},
    {.info = {ROW_HEAD(SCU_OPTION_QUERY_CAP, "query-cap", SCU_KIND_INTEGER), .minimum = 0, .maximum = UINT32_MAX,
              .default_text = "0", .flag = "--query-cap", .argument_name = "N",
              .help = "the peer gives at most this many matches to one query; 0 = not known",
              .used_by = SCU_USED_BY_FIND | SCU_USED_BY_RETRIEVE}},
    {.info = {ROW_HEAD(SCU_OPTION_TEMPORARY_DIRECTORY, "temporary-directory", SCU_KIND_TEXT), .minimum = 0,
              .maximum = PATH_MAX_LENGTH, .default_text = "", .flag = "--temp-dir", .argument_name = "DIR",
              .help = "folder of files that are not whole yet, on the same file system; else where they will be",
              .used_by = SCU_USED_BY_LAYOUT}},
    {.info = {ROW_HEAD(SCU_OPTION_CAPTURE, "capture", SCU_KIND_POINTER),
              .help = "who writes down what goes over the wire",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER}},
    DURATION_ROW(SCU_OPTION_TIMEOUT_NEARLINE, "timeout-nearline", "14400",
                 "in place of --timeout-retrieve for what comes from a slow medium (NEARLINE)", SCU_USED_BY_RETRIEVE),
    {.info = {ROW_HEAD(SCU_OPTION_FORCE_OFFLINE, "force-offline", SCU_KIND_BOOLEAN), .minimum = 0, .maximum = 1,
              .default_text = "no", .flag = "--force-offline",
              .help = "ask even for what the peer calls OFFLINE or UNAVAILABLE", .used_by = SCU_USED_BY_RETRIEVE}},
    {.info = {ROW_HEAD(SCU_OPTION_RETRIEVE_WITH, "retrieve-with", SCU_KIND_TEXT), .minimum = 1, .maximum = 16,
              .default_text = "auto", .choices = "get|move|auto",
              .help = "how a peer is asked for instances: get (C-GET), move (C-MOVE to ourselves), auto",
              .used_by = SCU_USED_BY_RETRIEVE}},
    {.info = {ROW_HEAD(SCU_OPTION_LOG, "log", SCU_KIND_POINTER), .help = "who writes down what happens",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER}},
    {.info = {ROW_HEAD(SCU_OPTION_AUDIT, "audit", SCU_KIND_POINTER), .help = "who writes audit messages (PS3.15 A.5)",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER}},
    {.info = {ROW_HEAD(SCU_OPTION_METRICS, "metrics", SCU_KIND_POINTER), .help = "who counts",
              .used_by = SCU_USED_BY_SESSION | SCU_USED_BY_LISTENER}},
    {.info = {ROW_HEAD(SCU_OPTION_CHECK_CALLED_AE, "check-called-ae", SCU_KIND_BOOLEAN), .minimum = 0, .maximum = 1,
              .default_text = "no", .flag = "--check-called-ae",
              .help = "reject who calls us by another AE title than ours", .used_by = SCU_USED_BY_LISTENER}}};

const scu__option_row *scu__option_row_of(scu_option option) {
  for (size_t i = 0; i < SCU__OPTION_ROWS; i++)
    if (scu__option_table[i].info.option == option) return &scu__option_table[i];
  return NULL;
}

size_t scu__option_index(const scu__option_row *row) {
  return (size_t)(row - scu__option_table);
}

size_t scu_option_count(void) {
  return SCU__OPTION_ROWS;
}

const struct scu_option_info *scu_option_at(size_t index) {
  return index < SCU__OPTION_ROWS ? &scu__option_table[index].info : NULL;
}

const struct scu_option_info *scu_option_find(scu_option option) {
  const scu__option_row *row = scu__option_row_of(option);
  return row ? &row->info : NULL;
}

const struct scu_option_info *scu_option_find_name(const char *name) {
  for (size_t i = 0; name && i < SCU__OPTION_ROWS; i++)
    if (strcmp(scu__option_table[i].info.name, name) == 0) return &scu__option_table[i].info;
  return NULL;
}
