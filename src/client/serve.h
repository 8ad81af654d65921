/* Requests of the peer that no operation expects, served by the application: see scu_session_serve. */
#ifndef SCU_CLIENT_SERVE_H
#define SCU_CLIENT_SERVE_H

#include "link/link.h"
#include "scu/association.h"

enum { SCU__SERVED_FIELDS = 11 /* requests of PS3.7 E.1 but C-CANCEL */ };

typedef struct scu__server {
  scu_server *serve; /* NULL = nobody */
  void *user;
} scu__server;

/* Where a request has come; lives as long as its link. */
typedef struct scu__serving {
  scu_session *session;
  scu__link *link;
} scu__serving;

/* For scu__link_handler.request: NULL when nobody serves it. */
scu__exchange *scu__serve_take(scu__serving *serving, uint8_t context_id, const scu__command *command,
                               scu__exchange_event *event, uint16_t *status);

#endif
