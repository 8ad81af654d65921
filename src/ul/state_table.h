/* PS3.8 Table 9-10 as data: 19 events x 13 states, in the Standard's own words. The table is state_table_data.c
 * (generated); what an action does is engine_actions.c. */
#ifndef SCU_UL_STATE_TABLE_H
#define SCU_UL_STATE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum scu__sta {
  SCU__STA1 = 1, /* idle */
  SCU__STA2,     /* acceptor: waiting for the A-ASSOCIATE-RQ */
  SCU__STA3,     /* acceptor: waiting for our user's answer */
  SCU__STA4,     /* requestor: waiting for the transport */
  SCU__STA5,     /* requestor: waiting for AC or RJ */
  SCU__STA6,     /* association established */
  SCU__STA7,     /* waiting for the A-RELEASE-RP */
  SCU__STA8,     /* waiting for our user's release response */
  SCU__STA9,     /* collision, requestor: waiting for our user's release response */
  SCU__STA10,    /* collision, acceptor: waiting for the A-RELEASE-RP */
  SCU__STA11,    /* collision, requestor: waiting for the A-RELEASE-RP */
  SCU__STA12,    /* collision, acceptor: waiting for our user's release response */
  SCU__STA13,    /* waiting for the transport to close */
  SCU__STATES = 13
} scu__sta;

typedef enum scu__evt {
  SCU__EVT1 = 1, /* A-ASSOCIATE request primitive */
  SCU__EVT2,     /* transport connect confirmation */
  SCU__EVT3,     /* A-ASSOCIATE-AC */
  SCU__EVT4,     /* A-ASSOCIATE-RJ */
  SCU__EVT5,     /* transport connect indication */
  SCU__EVT6,     /* A-ASSOCIATE-RQ */
  SCU__EVT7,     /* A-ASSOCIATE response primitive: accept */
  SCU__EVT8,     /* A-ASSOCIATE response primitive: reject */
  SCU__EVT9,     /* P-DATA request primitive */
  SCU__EVT10,    /* P-DATA-TF */
  SCU__EVT11,    /* A-RELEASE request primitive */
  SCU__EVT12,    /* A-RELEASE-RQ */
  SCU__EVT13,    /* A-RELEASE-RP */
  SCU__EVT14,    /* A-RELEASE response primitive */
  SCU__EVT15,    /* A-ABORT request primitive */
  SCU__EVT16,    /* A-ABORT */
  SCU__EVT17,    /* transport connection closed */
  SCU__EVT18,    /* ARTIM expired */
  SCU__EVT19,    /* unrecognized or invalid PDU */
  SCU__EVENTS = 19
} scu__evt;

/* PS3.8 Tables 9-6 to 9-9. */
typedef enum scu__action {
  SCU__NO_ACTION,
  SCU__AE_1,
  SCU__AE_2,
  SCU__AE_3,
  SCU__AE_4,
  SCU__AE_5,
  SCU__AE_6,
  SCU__AE_7,
  SCU__AE_8,
  SCU__DT_1,
  SCU__DT_2,
  SCU__AR_1,
  SCU__AR_2,
  SCU__AR_3,
  SCU__AR_4,
  SCU__AR_5,
  SCU__AR_6,
  SCU__AR_7,
  SCU__AR_8,
  SCU__AR_9,
  SCU__AR_10,
  SCU__AA_1,
  SCU__AA_2,
  SCU__AA_3,
  SCU__AA_4,
  SCU__AA_5,
  SCU__AA_6,
  SCU__AA_7,
  SCU__AA_8,
  SCU__ACTIONS
} scu__action;

/* `other` differs from `next` where the Standard gives a choice: AE-6 (request not acceptable: Sta13), AR-8 (we are
 * the acceptor: Sta10). action SCU__NO_ACTION = the cell is empty: it cannot happen. */
typedef struct scu__transition {
  uint8_t action, next, other;
} scu__transition;

extern const scu__transition scu__table_9_10[SCU__EVENTS][SCU__STATES];
extern const char *const scu__evt_texts[SCU__EVENTS];
extern const char *const scu__sta_texts[SCU__STATES];
extern const char *const scu__action_names[SCU__ACTIONS];

static inline scu__transition scu__transition_of(scu__evt event, scu__sta state) {
  return scu__table_9_10[event - 1][state - 1];
}

#endif
