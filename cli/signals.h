/* Ctrl-C, SIGTERM and SIGHUP: the first asks nicely, the second aborts, the third leaves. */
#ifndef SCU_CLI_SIGNALS_H
#define SCU_CLI_SIGNALS_H

#include "scu/archive.h"
#include <stdbool.h>

#include "scu/listener.h"
#include "scu/session.h"

void signals_install(void);
/* What a signal acts on from now; NULL = nothing: then the first signal ends the program with 130. */
void signals_aim_at_session(scu_session *session);
void signals_aim_at_listener(scu_listener *listener);
void signals_aim_at_archive(scu_archive *archive);
/* For loops of the command's own: a signal only counts, whoever loops looks at it. */
void signals_hold(int is_held);
int signals_count(void);
/* For an operation of the session that has begun: tells it of a signal that came before it. */
void signals_say_again(void);
/* Waits until the descriptor can be read. False when a signal came, before or meanwhile. */
bool signals_wait_readable(int descriptor);

#endif
