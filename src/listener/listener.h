/* The inside of scu_listener: what client/ needs of it for a C-MOVE to ourselves. */
#ifndef SCU_LISTENER_LISTENER_H
#define SCU_LISTENER_LISTENER_H

#include "base/trace.h"
#include "base/values.h"
#include "listener/incoming.h"
#include "scu/listener.h"

typedef struct scu__listener_options {
  scu__ae ae;
  const char *address;        /* "" = all interfaces */
  uint16_t port;              /* 0 = any free one */
  const scu__ae *accept_from; /* copied; count 0 = anyone */
  size_t accept_from_count;
  bool check_called_ae; /* who calls us by another title is rejected */
  uint32_t max_pdu_length, max_associations;
  uint64_t timeout_associate_ms, timeout_idle_ms, timeout_release_ms;
  const char *implementation_class_uid, *implementation_version_name; /* copied */
  const scu__trace *trace;                                            /* outlives the listener */
  scu__link_observer *observer; /* of the messages of its associations; may be NULL, else it outlives the listener */
} scu__listener_options;

/* More callbacks than the public hooks; any may be NULL. */
typedef struct scu__listener_handler {
  void (*instance)(void *owner, const scu_instance_outcome *outcome);
  void (*knocked)(void *owner, const char *calling_ae, const char *peer); /* rejected: not on the list */
  void (*judge)(void *owner, scu__judged when, scu_received *received);   /* see scu__receiver */
  void (*left)(void *owner);                                              /* the association of a sender has ended */
} scu__listener_handler;

scu_result scu__listener_new(scu_loop *loop, const scu__listener_options *options, scu_sink *sink,
                             const scu__listener_handler *handler, void *owner, scu_listener **out, scu_error *error);
size_t scu__listener_association_count(const scu_listener *listener);
/* It moves as long as instances come, whatever else somebody may say. */
uint64_t scu__listener_life(const scu_listener *listener);
/* Some instance has come whole, and it is the sink's turn. */
bool scu__listener_is_keeping(const scu_listener *listener);
/* Instances that are being received or made safe. */
bool scu__listener_is_busy(const scu_listener *listener);

#endif
