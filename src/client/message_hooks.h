/* The hooks before_message and after_message of a session, as observers of its links. */
#ifndef SCU_CLIENT_MESSAGE_HOOKS_H
#define SCU_CLIENT_MESSAGE_HOOKS_H

#include "link/observer.h"

typedef struct scu_session scu_session;

/* One for the associations that a session asks for, one for those that its listeners accept. */
typedef struct scu__message_teller {
  scu__link_observer observer; /* first; for scu__link_options */
  scu_session *session;
  bool is_acceptor;
} scu__message_teller;

void scu__message_teller_init(scu__message_teller *teller, scu_session *session, bool is_acceptor);
/* The session's hooks have changed: from the next message on. */
void scu__message_teller_update(scu__message_teller *teller);

#endif
