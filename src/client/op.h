/* What all operations have in common. An operation is a value on a session that is driven by events of the loop; it is
 * done once, with a result. */
#ifndef SCU_CLIENT_OP_H
#define SCU_CLIENT_OP_H

#include "client/session.h"

typedef struct scu__op_class {
  const char *name;
  void (*cancel)(scu_op *op); /* running: end early; called at most once */
  /* Running, and every association of the session was aborted: end now unless one of them will tell. NULL: one will. */
  void (*abort)(scu_op *op, const scu_error *error);
  void (*free)(scu_op *op); /* frees what the kind added; still running: leases are aborted */
} scu__op_class;

/* The first member of every kind of operation. */
struct scu_op {
  const scu__op_class *class_;
  scu_session *session;
  scu_op *next;
  bool is_done, is_cancelled, is_aborted;
  unsigned outside; /* depth of calls for it into the user's code, which may step the loop but not wait for it */
  unsigned waiters; /* calls that step the loop until it is done, one inside of the other */
  bool is_freed; /* inside of any of these, or of a protocol step: done when the last has returned, nothing is told */
  bool is_cancel_due; /* from inside of a protocol step */
  scu__task wish;     /* does what is due, from a clean stack */
  scu_result result;
  scu_error error;
  uint64_t started_ms;
  /* Called once when it is done, from a clean stack; NULL = nobody waits. The op may be freed from in here. */
  void (*on_done)(void *user, scu_op *op);
  void *user;
  scu__task done_task;
};

/* Zeroed memory of `size` bytes with the common part filled in; NULL without memory. What the caller had wished before
 * is first done to those that run. */
void *scu__op_new(scu_session *session, const scu__op_class *class_, size_t size);
/* Ends it; error may be NULL for SCU_OK. Only the first call counts. */
void scu__op_finish(scu_op *op, scu_result result, const scu_error *error);
uint32_t scu__op_elapsed_ms(const scu_op *op);
/* For the blocking tier: waits, copies the error to the session; NULL op = MEMORY. */
scu_result scu__op_run(scu_session *session, scu_op *op);
/* At once, whoever is inside: for the end of its session. */
void scu__op_destroy(scu_op *op);

/* Around each call of the user's code that is about this operation. It is there at least until the stack is clean
 * again, so that the caller need not look whether it was freed meanwhile. */
void scu__op_go_out(scu_op *op);
void scu__op_come_back(scu_op *op);
/* USAGE, in the operation's error, from inside of its own hooks and of those that come from inside protocol steps. */
scu_result scu__op_check_wait(scu_op *op);
/* Steps the loop once for who waits, after scu__op_check_wait. CANCELLED with *is_there false: a hook has freed it, and
 * it is not to be touched any more. */
scu_result scu__op_step(scu_op *op, bool *is_there);

/* Hooks that are about the operation. None is told of one that was freed. */
void scu__op_tell_instance(scu_op *op, const scu_instance_outcome *outcome);
void scu__op_warn(scu_op *op, const char *format, ...) SCU__PRINTF(2, 3);

#endif
