/* One conversation as an auditor hears it: which events of PS3.15 A.5.3 take place in it, whoever of the two sides we
 * are.
 *
 *   C-FIND                  Query, when the final response is there, or will not come
 *   C-STORE, as sender      Begin Transferring, with the first instance of a study
 *   C-STORE, either side    DICOM Instances Transferred, per patient, when the association ends (or a message is full)
 *   C-MOVE to somebody else Begin Transferring and DICOM Instances Transferred, where we asked for it: what goes
 *                           through our own associations is told of by these
 *   A-ASSOCIATE-RJ for an AE title, as acceptor: Security Alert
 *   user identity that is checked, as acceptor: User Authentication, and Security Alert when it was refused */
#ifndef SCU_OBSERVE_AUDIT_TALK_H
#define SCU_OBSERVE_AUDIT_TALK_H

#include "base/trace.h"
#include "observe/audit_message.h"

typedef struct scu__audit_talk scu__audit_talk;

/* Where messages go. Any thread; must not block. */
typedef struct scu__audit_outlet {
  void (*write)(void *user, const scu__audit_message *message);
  /* Something could not be told of, for lack of memory, or as a conversation could not be followed. */
  void (*missed)(void *user);
  const char *process_id; /* in decimal */
  void *user;
} scu__audit_outlet;

/* NULL: no memory. The outlet is borrowed. */
scu__audit_talk *scu__audit_talk_new(const scu_allocator *allocator, const scu__audit_outlet *outlet,
                                     const scu__trace_ends *ends);
void scu__audit_talk_pdu(scu__audit_talk *talk, bool is_sent, const uint8_t *bytes, size_t length);
/* It is over: tells what is left to tell, and frees it. */
void scu__audit_talk_end(scu__audit_talk *talk);

#endif
