/* What people type to name a peer (RULES 35): AET@host:port, scu://AET@host:port, scus://AET@host:port.
 *
 * Split at the last @, so that an AE title may hold one; %XX for odd characters in title and host; [v6]. Names from a
 * node file are looked up before: see nodes.h. */
#ifndef SCU_CONFIG_PEER_H
#define SCU_CONFIG_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/values.h"
#include "config/options.h"

enum { SCU__PORT_DICOM = 104, SCU__PORT_DICOM_TLS = 2762 };

typedef struct scu__peer {
  scu__ae ae;
  char host[SCU__HOST_MAX]; /* name or address, without brackets */
  uint16_t port;            /* 1-65535 */
  bool is_tls;
} scu__peer;

/* True when the text has the form of a peer (an @ or a scheme) and so is not the name of a node. */
bool scu__peer_is_literal(const char *text);
/* USAGE with a reason for anything but a well-formed peer. is_tls is only filled in: refusing it is the caller's. */
scu_result scu__peer_parse(const char *text, scu__peer *peer, scu_error *error);
/* UNSUPPORTED, with the reason, when the peer asks for what this version lacks (TLS). */
scu_result scu__peer_check_supported(const scu__peer *peer, scu_error *error);

/* "AET@host:port" with [v6] and %XX where needed, readable again by scu__peer_parse (without scheme when not TLS).
 * Cut when room is too small; SCU__PEER_FORMAT_MAX always fits. */
enum { SCU__PEER_FORMAT_MAX = 3 * 16 + 3 * SCU__HOST_MAX + 24 };
void scu__peer_format(const scu__peer *peer, char *to, size_t room);

#endif
