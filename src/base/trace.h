/* The seam through which the library says what it does. Whoever embeds it decides where it goes; observe/ holds
 * the sinks. Without a trace nothing is formatted. */
#ifndef SCU_BASE_TRACE_H
#define SCU_BASE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Errors go to the scribe alone: callers are told of them otherwise. */
typedef enum scu__trace_level {
  SCU__LEVEL_ERROR = 0,
  SCU__LEVEL_WARNING = 1,
  SCU__LEVEL_INFO = 2,
  SCU__LEVEL_DEBUG = 3
} scu__trace_level;

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
  /* Whole, as it went or came, header included. An A-ASSOCIATE-RQ may hold a passcode or token in its 58H item: to be
   * masked before it is kept. */
  /* Whole, header included; length 0: one that could not be had. */
  void (*pdu)(scu__tap *self, void *conversation, bool is_sent, const uint8_t *bytes, size_t length);
  void (*closed)(scu__tap *self, void *conversation);
};

/* Who may be behind a tap; each is of its own. */
typedef enum scu__tap_place { SCU__TAP_CAPTURE, SCU__TAP_AUDIT, SCU__TAP_METRICS, SCU__TAPS } scu__tap_place;

/* A piece of a PDV (PS3.8 9.3.5.1), as it came or is about to go. */
typedef struct scu__trace_fragment {
  uint8_t context_id;
  bool is_command, is_last;
  size_t length, at; /* of the whole fragment; where this piece stands in it */
  const uint8_t *bytes;
  size_t count; /* of bytes; NULL with a count above 0: nobody asked for them, or they could not be had */
} scu__trace_fragment;

/* Who writes down what is said: the log, for any number of links and threads, as the tap. Nothing of it may block for
 * long, and nothing is formatted, read or copied that it does not want at that moment. */
typedef struct scu__scribe scu__scribe;
struct scu__scribe {
  bool (*wants)(scu__scribe *self, scu__trace_level level);
  void (*line)(scu__scribe *self, scu__trace_level level, uint32_t association, const char *text);
  /* A number for an association that no other one in this log has. */
  uint32_t (*number)(scu__scribe *self);
  /* A connection stands; what comes back goes into the others. NULL: nothing of it can be told. */
  void *(*connected)(scu__scribe *self, uint32_t association, const scu__trace_ends *ends);
  /* Any PDU but P-DATA-TF, whole. */
  void (*pdu)(scu__scribe *self, void *conversation, bool is_sent, const uint8_t *bytes, size_t length);
  /* Whether the bytes of the next fragment are worth reading. */
  bool (*wants_bytes)(scu__scribe *self, void *conversation, bool is_sent, bool is_command);
  void (*fragment)(scu__scribe *self, void *conversation, bool is_sent, const scu__trace_fragment *fragment);
  void (*closed)(scu__scribe *self, void *conversation);
};

typedef struct scu__trace {
  scu__trace_level level; /* the most talkative level that is wanted */
  /* One line of UTF-8 without newline, never patient data; association 0 = none. Called on the loop's thread; must
   * not call back into the library. */
  void (*line)(void *user, scu__trace_level level, uint32_t association, const char *text);
  void *user;
  scu__tap *taps[SCU__TAPS];      /* each may be NULL */
  void *conversations[SCU__TAPS]; /* of one link's copy */
  bool is_identity_checked;       /* as acceptor: whoever does not say who he is, and is known, is rejected */
  scu__scribe *scribe;            /* may be NULL */
  void *scribe_conversation;
} scu__trace;

/* trace may be NULL. Formats only when the level is wanted. */
void scu__trace_line(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *format, ...)
    SCU__PRINTF(4, 5);
/* For the hook alone: what the log tells otherwise. */
void scu__trace_to_hook(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *format, ...)
    SCU__PRINTF(4, 5);
/* For the log alone: what others are told of otherwise. */
void scu__trace_to_log(const scu__trace *trace, scu__trace_level level, uint32_t association, const char *text);
/* An error that ends something; without the peer's comment, which may name a patient. */
void scu__trace_error(const scu__trace *trace, uint32_t association, const scu_error *error);
/* The number of the next association: one more than *last, or what the log says. */
uint32_t scu__trace_number(const scu__trace *trace, uint32_t *last);
/* A connection stands, or is over: on one link's copy. Closing what is closed does nothing. */
void scu__trace_connected(scu__trace *trace, uint32_t association, const scu__trace_ends *ends);
void scu__trace_closed(scu__trace *trace);
/* Whole PDUs, for who keeps all bytes; what is said of P-DATA-TF otherwise comes by fragments. */
bool scu__trace_wants_pdus(const scu__trace *trace);
void scu__trace_pdu(const scu__trace *trace, bool is_sent, const uint8_t *bytes, size_t length);
bool scu__trace_wants_bytes(const scu__trace *trace, bool is_sent, bool is_command);
void scu__trace_fragment_passed(const scu__trace *trace, bool is_sent, const scu__trace_fragment *fragment);

#endif
