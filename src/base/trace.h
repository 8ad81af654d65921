/* The seam through which the library says what it does. Whoever embeds it decides where it goes; observe/ will hold
 * the sinks. Without a trace nothing is formatted. */
#ifndef SCU_BASE_TRACE_H
#define SCU_BASE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum scu__trace_level { SCU__LEVEL_WARNING = 1, SCU__LEVEL_INFO = 2, SCU__LEVEL_DEBUG = 3 } scu__trace_level;

typedef struct scu__trace_ends {
  bool is_v6, is_acceptor;     /* addresses of 16 bytes, else of 4; the peer connected to us */
  bool is_identity_checked;    /* see scu__trace */
  uint8_t local[16], peer[16]; /* network order */
  uint16_t local_port, peer_port;
} scu__trace_ends;

/* Whoever wants the PDUs of many links, each a conversation. Threads of several loops may call at once, but not for one
 * conversation. */
typedef struct scu__tap scu__tap;
struct scu__tap {
  /* A connection stands; what comes back goes into the other two. NULL: it is of no interest. */
  void *(*connected)(scu__tap *self, const scu__trace_ends *ends);
  void (*pdu)(scu__tap *self, void *conversation, bool is_sent, const uint8_t *bytes, size_t length);
  void (*closed)(scu__tap *self, void *conversation);
};

/* Who may be behind a tap; each is of its own. */
typedef enum scu__tap_place { SCU__TAP_CAPTURE, SCU__TAP_AUDIT, SCU__TAP_METRICS, SCU__TAPS } scu__tap_place;

typedef struct scu__trace {
  size_t size;
  scu__trace_level level; /* the most talkative level that is wanted */
  /* One line of UTF-8 without newline, never patient data; association 0 = none. Called on the loop's thread; must
   * not call back into the library. */
  void (*line)(void *user, scu__trace_level level, uint32_t association, const char *text);
  /* Whole PDUs as they went (sent) or came, header included; may be NULL. An A-ASSOCIATE-RQ may hold a passcode or
   * token in its 58H item: to be masked before it is kept. */
  void (*pdu)(void *user, uint32_t association, int is_sent, const uint8_t *bytes, size_t length);
  void *user;
  scu__tap *taps[SCU__TAPS];      /* each may be NULL */
  void *conversations[SCU__TAPS]; /* of one link's copy */
  bool is_identity_checked;       /* as acceptor: whoever does not say who he is, and is known, is rejected */
} scu__trace;

/* trace may be NULL. Formats only when the level is wanted. */
void scu__trace_line(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *format, ...)
    SCU__PRINTF(4, 5);
bool scu__trace_wants_pdus(const scu__trace *trace);
/* A connection stands, or is over: on one link's copy. Closing what is closed does nothing. */
void scu__trace_connected(scu__trace *trace, const scu__trace_ends *ends);
void scu__trace_closed(scu__trace *trace);
void scu__trace_pdu(const scu__trace *trace, uint32_t association, bool is_sent, const uint8_t *bytes, size_t length);

#endif
