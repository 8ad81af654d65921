/* Settings of sessions, listeners and sinks: a bag of values by stable id, checked when they are set.
 *
 * Every option is one row of one table (scu_option_at), which says its kind, bounds, default and the words for help
 * texts, so that commands and bindings are made from it. Sessions and listeners copy what they are given: changing
 * options later changes nothing that is already running. One thread at a time. Nothing here reads the environment. */
#ifndef SCU_OPTIONS_H
#define SCU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scu/allocator.h"
#include "scu/error.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_options scu_options;

/* Numbers are frozen; new options get new ones. Kind and unit stand behind each. */
typedef enum scu_option {
  SCU_OPTION_CALLING_AE = 1,             /* text: our AE title */
  SCU_OPTION_LOCAL_ADDRESS = 2,          /* text: connect from this address; "" = any */
  SCU_OPTION_LOCAL_PORT = 3,             /* integer: connect from this port; 0 = any */
  SCU_OPTION_LISTEN_ADDRESS = 4,         /* text: listen on this address; "" = all */
  SCU_OPTION_LISTEN_PORT = 5,            /* integer: 0 = any free one */
  SCU_OPTION_MAX_PDU = 6,                /* integer, bytes: the largest PDU we take and make (PS3.8 D.1) */
  SCU_OPTION_IMPLEMENTATION_UID = 7,     /* text (PS3.7 D.3.3.2) */
  SCU_OPTION_IMPLEMENTATION_VERSION = 8, /* text, 1-16 characters; "" = not sent */
  /* 9 is free: it was kept for a folder of temporary files, which is 70 */
  SCU_OPTION_TIMEOUT_CONNECT = 10,   /* duration: resolve and connect */
  SCU_OPTION_TIMEOUT_ASSOCIATE = 11, /* duration: A-ASSOCIATE-RQ to its answer (ARTIM as acceptor) */
  /* duration: a request to its response, and between two responses; what else the peer says does not count. Then C-FIND
   * is cancelled, see CANCEL_WAIT. */
  SCU_OPTION_TIMEOUT_RESPONSE = 12,
  /* duration: no byte moves while some should; as acceptor: nothing comes, or nothing of our answers is read */
  SCU_OPTION_TIMEOUT_IDLE = 13,
  SCU_OPTION_TIMEOUT_RELEASE = 14,         /* duration: A-RELEASE-RQ to its answer, and closing */
  SCU_OPTION_TIMEOUT_RETRIEVE = 15,        /* duration: C-MOVE and C-GET since the last sign of life; then as
                                              above */
  SCU_OPTION_MOVE_GRACE = 16,              /* duration: listening goes on after the final C-MOVE response */
  SCU_OPTION_CANCEL_WAIT = 17,             /* duration: C-CANCEL to the final response; after a time-out no
                                              longer than that was */
  SCU_OPTION_DURABILITY = 18,              /* text: batch, file or none */
  SCU_OPTION_LAYOUT = 19,                  /* text: tree or flat */
  SCU_OPTION_ON_DUPLICATE = 20,            /* text: keep, replace or both */
  SCU_OPTION_ALLOW_TRUNCATED = 21,         /* boolean: store files that end inside Pixel Data */
  SCU_OPTION_ACCEPT_FROM = 22,             /* text: AE titles we accept, comma between; "" = anyone */
  SCU_OPTION_NODES_FILE = 23,              /* text: path of the node file; "" = none */
  SCU_OPTION_LISTEN_MAX_ASSOCIATIONS = 24, /* integer: more are rejected (2/3/2, local limit exceeded) */
  SCU_OPTION_ALLOCATOR = 25,               /* pointer to scu_allocator; NULL = the options' own */

  /* Who asks for an association (PS3.7 D.3.3.7). Either a user, with a passcode or without, or a token; both is USAGE
   * when the session is made. A passcode or token goes to the session's peer and nobody else. */
  SCU_OPTION_IDENTITY_USER = 26,     /* text, UTF-8: user name */
  SCU_OPTION_IDENTITY_PASSCODE = 27, /* secret: the user's */
  SCU_OPTION_IDENTITY_TOKEN = 28,    /* secret: Kerberos service ticket, SAML assertion or JSON Web Token */
  /* text: kerberos, saml or jwt; auto = three parts of base64url with points between are a JSON Web Token, what begins
   * with < is a SAML assertion, anything else a Kerberos ticket. The log hook is told which. */
  SCU_OPTION_IDENTITY_KIND = 29,
  /* boolean: ask for a positive response (59H); without one nobody knows whether the peer looked at the identity */
  SCU_OPTION_IDENTITY_RESPONSE = 30,
  /* boolean: a response that was asked for and did not come is a warning. Otherwise it is SECURITY, and the association
   * is not used */
  SCU_OPTION_IDENTITY_OPTIONAL = 31,
  /* boolean: send passcodes and tokens over plain TCP, where everybody on the way can read them. Without it a session
   * with one to a peer without TLS - in this version to any, as there is no TLS yet - is SECURITY, and nothing is sent.
   * A user name alone always goes */
  SCU_OPTION_IDENTITY_OVER_PLAIN = 32,

  SCU_OPTION_STORE_ASSOCIATIONS = 33, /* integer: a store uses this many associations at once */
  SCU_OPTION_ASYNC_WINDOW = 34,       /* integer: C-STORE requests out at once, as far as the peer grants it
                                         (PS3.7 D.3.3.3); 1 = not proposed */
  SCU_OPTION_RETRIES = 35,            /* integer: an instance is sent again after a lost association or status A7xx
                                         or 0213, an association asked for again after a transient rejection */
  SCU_OPTION_RETRY_WAIT = 36,         /* duration: before the first time, doubled each time up to a minute */

  /* integer: a session has at most so many associations at once, connections that are being opened or closed included;
   * what comes over them to us - sub-operations of a C-MOVE, N-EVENT-REPORTs - is not counted. Whatever needs one more
   * waits for its turn, first come, first served. Two sessions to the same peer count by themselves. */
  SCU_OPTION_PEER_ASSOCIATIONS = 40,
  /* duration: so long something waits for its turn while others are at work, then it is TIMEOUT. It is LIMIT after
   * SCU_OPTION_TIMEOUT_ASSOCIATE already when every association of the session was held up on our own side all the
   * while: by a hook that did not return, since it waits itself for what it has started, by matches that nobody reads,
   * or by a scu_association that is open and has asked for nothing. */
  SCU_OPTION_TIMEOUT_TURN = 41,
  /* duration: within this time a peer is found out whose TCP does not answer any more - switched off, or cut off so
   * that packets are dropped - though nothing is said for hours (RULES 23). It is TRANSPORT then. A peer that is only
   * silent is another matter: see the time-outs for responses and retrievals. One that takes no bytes for so long,
   * though it should and its TCP lives, counts as gone, too: keep this longer than the time-out for responses. For
   * connections that we make. */
  SCU_OPTION_TIMEOUT_TCP = 42,

  /* integer: the Protocol-version field of what we ask for, a bit for each version (PS3.8 9.3.2). There is no other
   * version than 1 so far: anything without bit 0 is for seeing what a peer makes of it. */
  SCU_OPTION_PROTOCOL_VERSION = 43,

  /* Storage commitment: see commit.h. */
  SCU_OPTION_TIMEOUT_COMMIT = 50, /* duration: for the result, from the last request on */
  SCU_OPTION_COMMIT_HOLD = 51,    /* duration: the association of the request is kept so long for it */
  SCU_OPTION_COMMIT_LISTEN = 52,  /* boolean: listen for it, too */
  SCU_OPTION_COMMIT_LEDGER = 53,  /* text: folder of what was asked for; "" = none */

  /* What some peers cannot do without. Their nodes say it in the node file, as a rule. */
  /* text: the peer's character set, as defined terms of (0008,0005) with backslash between (PS3.3 C.12.1.1.2), "" =
   * none. Keys of a query or retrieve that need more than ASCII, and whose dataset names no set, go out in it where it
   * holds them, else in the narrowest set that does. Matches with such text that name no set are given this one as
   * their (0008,0005), so that they can be read; without it the warning hook is told, and their bytes stay. */
  SCU_OPTION_CHARACTER_SET = 60,
  /* integer: UIDs of a list that go into one C-FIND, C-MOVE or C-GET; some archives take a single one. A longer list
   * comes to several requests. */
  SCU_OPTION_UIDS_PER_REQUEST = 61,
  /* boolean: a C-GET proposes to be SCU and SCP of storage classes, where the Standard has SCP alone (PS3.7 D.3.3.4) */
  SCU_OPTION_BOTH_ROLES = 62,
  /* text: SOP Class Extended Negotiation of queries and retrieves (PS3.4 C.5): all, or no item at all (no), or so many
   * bytes at most. What is not proposed is done without, as if the peer had not agreed. */
  SCU_OPTION_EXTENDED_NEGOTIATION = 63,
  /* integer: the peer gives at most so many matches to one C-FIND, 0 = not known. An answer with so many counts as cut
   * off; where it is not known, one with a round number of matches is suspected (scu_matches_verdict). */
  SCU_OPTION_QUERY_CAP = 64,

  /* text: folder of files that are not whole yet, on the file system of the sink's root; "" = where they will be */
  SCU_OPTION_TEMPORARY_DIRECTORY = 70,
  /* pointer to scu_capture (scu/capture.h), which outlives whatever is made with it; NULL = none */
  SCU_OPTION_CAPTURE = 71,

  /* Retrieving: see session.h. */
  SCU_OPTION_TIMEOUT_NEARLINE = 80, /* duration: TIMEOUT_RETRIEVE of what a peer calls NEARLINE (0008,0056) */
  SCU_OPTION_FORCE_OFFLINE = 81,    /* boolean: ask even for what a peer calls OFFLINE or UNAVAILABLE */
  SCU_OPTION_RETRIEVE_WITH = 82,    /* text: how scu_fetch asks: get, move, or auto */

  /* Pointers to what outlives whatever is made with it; NULL = none. */
  SCU_OPTION_LOG = 90,     /* scu_log (scu/log.h) */
  SCU_OPTION_AUDIT = 91,   /* scu_audit (scu/audit.h) */
  SCU_OPTION_METRICS = 92, /* scu_metrics (scu/metrics.h) */

  /* boolean: a listener or archive rejects who calls it by another AE title than its own (PS3.8 9.3.4: 1/1/7) */
  SCU_OPTION_CHECK_CALLED_AE = 93
} scu_option;

/* An empty bag: every option has its default. `allocator` may be NULL. */
SCU_API scu_result scu_options_new(const scu_allocator *allocator, scu_options **out);
/* NULL is allowed. */
SCU_API void scu_options_free(scu_options *options);
SCU_API scu_result scu_options_copy(const scu_options *options, scu_options **out);
/* Why the last setter failed; valid until the next one. */
SCU_API const scu_error *scu_options_error(const scu_options *options);

/* Setters check kind, bounds and form at once: USAGE leaves the value that was there, the reason is in the error.
 * Texts are copied. A text value of "" is allowed where the table's minimum is 0. */
SCU_API scu_result scu_options_set_text(scu_options *options, scu_option option, const char *utf8);
SCU_API scu_result scu_options_set_integer(scu_options *options, scu_option option, int64_t value);
SCU_API scu_result scu_options_set_boolean(scu_options *options, scu_option option, bool value);
SCU_API scu_result scu_options_set_duration_ms(scu_options *options, scu_option option, uint64_t milliseconds);
SCU_API scu_result scu_options_set_pointer(scu_options *options, scu_option option, const void *pointer);
/* Copied as they are, `length` bytes. There is no getter: scu_options_is_set says that there is one. No error and no
 * log line ever holds a secret, and its memory is wiped when it is replaced, reset or freed. What the caller holds, and
 * what the operating system keeps of sent bytes, is beyond that. */
SCU_API scu_result scu_options_set_secret(scu_options *options, scu_option option, const void *bytes, size_t length);
/* From text as typed by a person, for any kind but pointers and secrets: integers in decimal, booleans as yes/no,
 * durations in seconds with up to three decimals, or with unit: 500ms, 10s, 2m, 1h. */
SCU_API scu_result scu_options_parse(scu_options *options, scu_option option, const char *utf8);
/* Back to the default. */
SCU_API scu_result scu_options_reset(scu_options *options, scu_option option);

/* The content of a node file: what its [self] section says of our title and listen port becomes the value of options
 * that are not set yet. USAGE, naming file and line, when the file has a fault anywhere. `name` is for that message;
 * whoever wants its nodes also sets SCU_OPTION_NODES_FILE. */
SCU_API scu_result scu_options_apply_node_file(scu_options *options, const char *name, const char *text, size_t length);

/* Getters give what was set, else the default; USAGE when the option is not of that kind. Texts are borrowed until
 * the option is changed or the bag is freed. */
SCU_API scu_result scu_options_get_text(const scu_options *options, scu_option option, const char **utf8);
SCU_API scu_result scu_options_get_integer(const scu_options *options, scu_option option, int64_t *value);
SCU_API scu_result scu_options_get_boolean(const scu_options *options, scu_option option, bool *value);
SCU_API scu_result scu_options_get_duration_ms(const scu_options *options, scu_option option, uint64_t *milliseconds);
SCU_API scu_result scu_options_get_pointer(const scu_options *options, scu_option option, const void **pointer);
SCU_API bool scu_options_is_set(const scu_options *options, scu_option option);

/* ---- the table ---- */

typedef enum scu_option_kind {
  SCU_KIND_TEXT = 1,
  SCU_KIND_INTEGER = 2,
  SCU_KIND_BOOLEAN = 3,
  SCU_KIND_DURATION = 4,
  SCU_KIND_POINTER = 5,
  SCU_KIND_SECRET = 6 /* bytes that go in and never come out */
} scu_option_kind;

/* What reads an option; several may be or-ed. */
enum {
  SCU_USED_BY_SESSION = 1, /* anything that connects to a peer */
  SCU_USED_BY_STORE = 2,
  SCU_USED_BY_FIND = 4,
  SCU_USED_BY_RETRIEVE = 8, /* move and get */
  SCU_USED_BY_LISTENER = 16,
  SCU_USED_BY_SINK = 32,    /* whatever writes received files */
  SCU_USED_BY_LAYOUT = 64,  /* of these, what lays them out as it is told: not an archive */
  SCU_USED_BY_COMMIT = 128, /* storage commitment */
  SCU_USED_BY_GET = 256     /* of retrieves, C-GET only */
};

struct scu_option_info {
  size_t size; /* sizeof of the library's struct: fields are only added at its end */
  scu_option option;
  const char *name; /* "timeout-connect": stable, lower case */
  scu_option_kind kind;
  int64_t minimum, maximum;  /* integers; durations in ms; texts and secrets: length in bytes */
  const char *default_text;  /* as scu_options_parse takes it; NULL = none: pointers, secrets, texts that have no "" */
  const char *choices;       /* "batch|file|none", or NULL */
  const char *flag;          /* command line: "--timeout-connect", or NULL when it has none of its own */
  const char *argument_name; /* "SECONDS"; NULL for flags without argument */
  const char *help;          /* one line, no full stop */
  const char *since;         /* "0.1.0" */
  uint32_t used_by;          /* SCU_USED_BY_... */
};

SCU_API size_t scu_option_count(void); /* rows of the table */
/* Rows in rising id; NULL beyond the last. Static storage. */
SCU_API const struct scu_option_info *scu_option_at(size_t index);
/* NULL when there is no such option. */
SCU_API const struct scu_option_info *scu_option_find(scu_option option);
SCU_API const struct scu_option_info *scu_option_find_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
