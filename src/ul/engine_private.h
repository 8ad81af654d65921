/* The inside of the engine, shared by engine.c (requests), engine_actions.c (Table 9-10) and engine_receive.c. */
#ifndef SCU_UL_ENGINE_PRIVATE_H
#define SCU_UL_ENGINE_PRIVATE_H

#include "ul/engine.h"
#include "ul/output.h"
#include "ul/state_table.h"

enum {
  SCU__ENGINE_EVENTS_MAX = 8,
  /* After an abort of ours there is nothing to wait for but the peer's close, and strangers do not close. */
  SCU__ENGINE_ABORT_LINGER_MS = 500
};

typedef enum scu__timer { SCU__TIMER_NONE, SCU__TIMER_ARTIM, SCU__TIMER_ASSOCIATE, SCU__TIMER_RELEASE } scu__timer;

typedef enum scu__input_mode {
  SCU__INPUT_HEADER,     /* collecting the 6 bytes of a PDU header */
  SCU__INPUT_BODY,       /* collecting a control PDU */
  SCU__INPUT_SKIP,       /* passing over the rest of a PDU */
  SCU__INPUT_PDV_HEADER, /* collecting the 6 bytes of a PDV item header */
  SCU__INPUT_PDV,        /* handing out a fragment */
  SCU__INPUT_DISCARD     /* the peer is not speaking DICOM: nothing is looked at any more */
} scu__input_mode;

typedef struct scu__input {
  scu__input_mode mode;
  uint8_t partial[SCU__PDU_HEADER]; /* of a PDU or PDV header */
  size_t partial_length;
  scu__pdu_header header;
  scu__pdv_header pdv;
  size_t pdu_left, pdv_left; /* bytes of the PDU outside the current fragment; of the fragment */
  scu__buffer pdu;           /* the control PDU so far, header included; a traced P-DATA-TF too */
  bool is_early;             /* began before our user answered the A-ASSOCIATE-RQ */
  bool is_traced;            /* this P-DATA-TF goes into `pdu` for the trace */
} scu__input;

struct scu__engine {
  scu__engine_options options;
  scu__sta state;
  scu__output output;
  scu__input input;
  scu__buffer scratch; /* the AC or RQ on its way out */

  scu__engine_event events[SCU__ENGINE_EVENTS_MAX]; /* a ring */
  size_t first_event, event_count;

  uint64_t now_ms, deadline;
  scu__timer timer;
  bool wants_close;
  bool is_release_response_due; /* our user answered in Sta10 already */
  bool warned_overlong, warned_odd;

  scu__associate rq;
  bool has_rq;
  scu__negotiated negotiated;
  bool is_negotiated;
  size_t max_fragment;

  /* Arguments of the event being dispatched. */
  scu__evt event;
  bool takes_other;   /* set by an action that takes the cell's second state */
  scu__reject reject; /* received, or to be sent */
  scu__abort received_abort;
  scu__abort abort; /* to be sent */

  scu_error error;
};

/* The one place where the state changes. USAGE when the cell is empty: nothing happened. */
scu_result scu__engine_dispatch(scu__engine *engine, scu__evt event);
/* Returns the new event, zeroed but for its type, to be filled in. */
scu__engine_event *scu__engine_push(scu__engine *engine, scu__engine_event_type type);
/* Where in the work a fault in the current state belongs. */
scu_phase scu__engine_phase(const scu__engine *engine);
/* RQ + AC into `negotiated` and what follows from it. PROTOCOL when the AC as a whole cannot be used; MEMORY. */
scu_result scu__engine_settle(scu__engine *engine, const scu__associate *ac, scu_error *error);
/* Queues a fixed PDU into the spare room and traces it. */
void scu__engine_queue_fixed(scu__engine *engine, const uint8_t pdu[SCU__FIXED_PDU]);
void scu__engine_trace_pdu(const scu__engine *engine, bool is_sent, const uint8_t *bytes, size_t length);
/* A PDU passed that could not be had for the taps, which hear of one of length 0: they have to know that they miss
 * something. */
void scu__engine_trace_gap(const scu__engine *engine, bool is_sent);

#endif
