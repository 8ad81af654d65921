/* The options with every default filled in, as plain values: what client and listener work with. */
#ifndef SCU_CONFIG_OPTIONS_H
#define SCU_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/trace.h"
#include "base/values.h"
#include "data/charset.h"
#include "scu/options.h"

/* Bounds of texts, NUL included. A path of the system is at most 4096. */
enum { SCU__HOST_MAX = 256, SCU__OPTION_PATH_MAX = 4096, SCU__ACCEPT_FROM_MAX = 64 };
enum {
  SCU__STORE_ASSOCIATIONS_MAX = 64,
  SCU__PEER_ASSOCIATIONS_MAX = 1000,
  SCU__WINDOW_MAX = 64, /* requests out at once on one association, whatever the peer grants */
  SCU__UIDS_PER_REQUEST_MAX = 256,
  SCU__EXTENDED_BYTES_MAX = 7 /* C-FIND has the longest item (PS3.4 C.5.1.1) */
};

/* In the order of the option's words. */
typedef enum scu__retrieve_with { SCU__WITH_GET, SCU__WITH_MOVE, SCU__WITH_AUTO } scu__retrieve_with;

typedef struct scu__config {
  const scu_allocator *allocator; /* may be NULL = default */
  scu__ae calling_ae;
  char local_address[SCU__HOST_MAX];  /* "" = any */
  uint16_t local_port;                /* 0 = any */
  char listen_address[SCU__HOST_MAX]; /* "" = all interfaces */
  uint16_t listen_port;               /* 0 = any free one */
  uint32_t max_pdu;                   /* bytes */
  uint16_t protocol_version;          /* a bit for each */
  scu__uid implementation_uid;
  char implementation_version[17]; /* "" = not sent */
  uint64_t timeout_connect_ms, timeout_associate_ms, timeout_response_ms, timeout_idle_ms, timeout_release_ms;
  uint64_t timeout_retrieve_ms, timeout_nearline_ms, move_grace_ms, cancel_wait_ms;
  bool force_offline;
  scu__retrieve_with retrieve_with;
  uint64_t timeout_turn_ms, timeout_tcp_ms;
  bool allow_truncated;
  size_t store_associations, async_window, peer_associations;
  uint64_t query_cap; /* 0 = not known */
  unsigned retries;
  uint64_t retry_wait_ms;
  uint64_t timeout_commit_ms, commit_hold_ms;
  bool commit_listens;
  char commit_ledger[SCU__OPTION_PATH_MAX]; /* "" = none */
  size_t accept_from_count;                 /* 0 = no list was given */
  scu__ae accept_from[SCU__ACCEPT_FROM_MAX];
  uint32_t listen_max_associations;
  bool check_called_ae;
  char nodes_file[SCU__OPTION_PATH_MAX];     /* "" = none */
  char character_set[SCU__CHARSET_TEXT_MAX]; /* defined terms; "" = none */
  size_t uids_per_request;
  bool both_roles;
  size_t extended_bytes;     /* of a 56H item at most; 0 = none is proposed */
  scu__tap *taps[SCU__TAPS]; /* NULL = none */
  scu__scribe *scribe;       /* NULL = none */
} scu__config;

/* options may be NULL: all defaults. Every value was checked when it was set, so this fails only on combinations
 * (none so far). */
scu_result scu__options_resolve(const scu_options *options, scu__config *config, scu_error *error);

/* Which of its choices the option's word is, counted from 0; -1 for an option without choices. options may be NULL. */
int scu__option_choice(const scu_options *options, scu_option option);
/* What was set with scu_options_set_secret, borrowed until it is changed; false when nothing was. options may be NULL.
 */
bool scu__option_secret(const scu_options *options, scu_option option, const uint8_t **bytes, size_t *length);
/* As scu_options_copy, without who we say that we are: for a peer that this was not meant for. */
scu_result scu__options_copy_nameless(const scu_options *options, scu_options **out);
/* The pointer that was set, else the bag's own allocator. Both may be NULL = default. */
const scu_allocator *scu__options_allocator(const scu_options *options);
/* The bag's error, for what fills it from outside of the setters. */
scu_error *scu__options_error(scu_options *options);

/* Comma-separated AE titles; blanks around them do not count. USAGE for an empty or bad one, or too many. */
scu_result scu__accept_from_parse(const char *text, scu__ae *titles, size_t room, size_t *count, scu_error *error);

#endif
