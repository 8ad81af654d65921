/* What the tools share of an association: how it is asked for, what is said of it, how it ends. */
#ifndef SCU_CLI_DCMTK_CONNECTION_H
#define SCU_CLI_DCMTK_CONNECTION_H

#include "dcmtk/options.h"
#include "scu/association.h"
#include "scu/session.h"

/* One run of a tool. Zeroed = nothing opened yet. */
typedef struct connection {
  const habits *h;
  scu_options *options;
  scu_loop *loop;
  scu_session *session;
  scu_hooks hooks;              /* what a tool adds to them it adds before connection_begin */
  scu_association *association; /* of connection_open */
  bool is_there;                /* an association was had, and is not over */
  bool was_refused;             /* there was none; said already */
  bool has_no_context;          /* because nothing that was proposed was accepted */
  bool is_release_failed;
  bool is_cut; /* one ended otherwise than by release */
} connection;

/* Options and a session from the command line; `user` of the hooks is the connection. False: said. */
bool connection_begin(connection *c, const habits *h);
/* Lines of a failure before there is an association, in the words and at the level of the tool. */
void connection_say_refused(connection *c, const scu_error *error);
/* An association of its own with this proposal. HABIT_DONE or the exit code of the tool; said. */
int connection_open(connection *c, scu_result (*propose)(void *user, scu_proposal *proposal), void *user);
/* True when a context of this class was accepted. */
bool connection_has(const connection *c, const char *abstract_syntax);
/* Releases, or aborts when told to or asked for by --abort, and frees everything. False: releasing failed. */
bool connection_end(connection *c, bool is_aborted);

/* How often the tool does what it does. */
int64_t repetitions(const habits *h);

#endif
