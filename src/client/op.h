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
  scu_result result;
  scu_error error;
  uint64_t started_ms;
  /* Called once when it is done, from a clean stack; NULL = nobody waits. The op may be freed from in here. */
  void (*on_done)(void *user, scu_op *op);
  void *user;
  scu__task done_task;
};

/* Zeroed memory of `size` bytes with the common part filled in; NULL without memory. */
void *scu__op_new(scu_session *session, const scu__op_class *class_, size_t size);
/* Ends it; error may be NULL for SCU_OK. Only the first call counts. */
void scu__op_finish(scu_op *op, scu_result result, const scu_error *error);
uint32_t scu__op_elapsed_ms(const scu_op *op);
/* For the blocking tier: waits, copies the error to the session; NULL op = MEMORY. */
scu_result scu__op_run(scu_session *session, scu_op *op);

#endif
