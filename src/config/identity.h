/* Who we say that we are when an association is asked for (PS3.7 D.3.3.7, RULES 33): from options and, where these say
 * nothing of a user, from a node's settings. Files are read by whoever has a file system. */
#ifndef SCU_CONFIG_IDENTITY_H
#define SCU_CONFIG_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/values.h"
#include "config/nodes.h"
#include "scu/options.h"

/* Both fields of the 58H item have lengths of 16 bits, as has the item around them, with 6 bytes beside the fields. */
enum { SCU__IDENTITY_MAX = 65535 - 6 };

typedef struct scu__identity {
  const scu_allocator *allocator;
  uint8_t type;    /* scu__identity_type; 0 = none is offered */
  bool is_guessed; /* the type, from the content of a token */
  bool wants_response, is_response_optional, may_go_plain;
  uint8_t *primary, *secondary; /* owned, wiped when freed */
  size_t primary_length, secondary_length;
} scu__identity;

/* options and node may be NULL. USAGE on what does not go together: user and token, passcode without user, more than
 * fits. On failure `out` is left freed. */
scu_result scu__identity_resolve(const scu_options *options, const scu__node *node, const scu_allocator *allocator,
                                 scu__identity *out, scu_error *error);
void scu__identity_free(scu__identity *identity); /* safe on a zeroed one */
/* The file with the passcode of the node's user, or NULL: none is named, or the options say who we are. Borrowed. */
const char *scu__identity_passcode_file(const scu_options *options, const scu__node *node);
/* The passcode of a user that came without; one newline at its end is cut. USAGE when it is empty or too long. */
scu_result scu__identity_set_passcode(scu__identity *identity, const uint8_t *bytes, size_t length, scu_error *error);
/* SECURITY when this may not be sent as things are. */
scu_result scu__identity_check_transport(const scu__identity *identity, bool is_tls, scu_error *error);

/* "user name", "SAML assertion", ... Static storage. */
const char *scu__identity_type_text(uint8_t type);
/* What a token looks like: see SCU_OPTION_IDENTITY_KIND. */
scu__identity_type scu__identity_guess(const uint8_t *token, size_t length);

#endif
