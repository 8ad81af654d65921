/* The N-services (PS3.7 10) of any SOP class, as their requester: one request, one response.
 *
 * What a service class makes of them - print, unified procedure steps, media creation - is the caller's to know;
 * performed procedure steps are ready-made in mpps.h, storage commitment in commit.h. The session opens an association
 * with the class in explicit and implicit VR little endian, or takes one of its own that fits, and keeps it for later.
 *
 * A status is data: SCU_OK says that a response came, scu_response_class and scu_response_status what it says. There is
 * no C-CANCEL for these services: scu_cancel and scu_op_cancel abort the association, and what the peer made of the
 * request is not known then. The time-out is that of responses (SCU_OPTION_TIMEOUT_RESPONSE).
 *
 * The peer's own requests are served by whom scu_session_serve names for them (scu/association.h); an N-EVENT-REPORT
 * for nobody is answered with a failure.
 */
#ifndef SCU_N_SERVICE_H
#define SCU_N_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "scu/dataset.h"
#include "scu/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The values are those of Command Field (0000,0100), PS3.7 E.1; frozen. */
typedef enum scu_n_service {
  SCU_N_EVENT_REPORT = 0x0100, /* 10.1.1 */
  SCU_N_GET = 0x0110,          /* 10.1.2 */
  SCU_N_SET = 0x0120,          /* 10.1.3 */
  SCU_N_ACTION = 0x0130,       /* 10.1.4 */
  SCU_N_CREATE = 0x0140,       /* 10.1.5 */
  SCU_N_DELETE = 0x0150        /* 10.1.6 */
} scu_n_service;

/* What is asked. Zero it, set size, and fill what the service has; all of it is copied, the dataset too. */
typedef struct scu_n_message {
  size_t size; /* sizeof(scu_n_message) of the caller; shorter than version 0.1.0's is USAGE */
  scu_n_service service;
  const char *sop_class_uid;
  /* Of the instance meant or made. N-CREATE: NULL or "" leaves the choice to the peer, see
   * scu_response_sop_instance_uid; a service that has no instance of its own uses the well-known one. */
  const char *sop_instance_uid;
  /* What the association is about, where it is not the class of the command: a meta SOP class (PS3.4 H.3.2), or UPS
   * Watch for an instance of UPS Push (PS3.4 CC.3.1). NULL or "": sop_class_uid. */
  const char *abstract_syntax_uid;
  /* N-EVENT-REPORT: Event Type ID (0000,1002); N-ACTION: Action Type ID (0000,1008). Others: 0. */
  uint16_t type_id;
  /* N-GET: the attributes wanted, each by keyword or tag ("PatientID", "0010,0020"), top level only, at most 8,000;
   * none = all the peer has. Others: none. */
  const char *const *attributes;
  size_t attribute_count;
  /* Event information, modification list, action information or attribute list. NULL or without elements: none.
   * Needed by N-SET; N-GET and N-DELETE have none. At most 512 MiB when encoded. */
  const scu_dataset *dataset;
} scu_n_message;

/* Sends it and waits for the response, *out, which is the caller's.
 *
 * An N-EVENT-REPORT comes from the one who provides the class, so role SCP is proposed with it (PS3.7 D.3.3.4); a peer
 * that takes the class and leaves the role out is believed to have meant it.
 *
 * USAGE: no such service, no or malformed UIDs, an attribute that is no keyword or tag or that lies in a sequence, or
 * what does not belong to the service; nothing was sent then. REJECTED: the peer takes no association or not this
 * class. LIMIT: the dataset is too long. TIMEOUT, CLOSED, TRANSPORT, ABORTED, CANCELLED: no answer came, and the
 * request may have been carried out or not. PROTOCOL, MEMORY. Details: scu_session_error. */
SCU_API scu_result scu_n_request(scu_session *session, const scu_n_message *message, scu_response **out);
/* The same without waiting. NULL: see scu_session_error, which tells USAGE too. Free it with scu_op_free. */
SCU_API scu_op *scu_n_request_start(scu_session *session, const scu_n_message *message);
/* Once the operation is done: its result and, with SCU_OK, the response, which is then the caller's. USAGE: it still
 * runs, is of another kind, or its response was taken before. Also for the operations of mpps.h. */
SCU_API scu_result scu_n_request_take(scu_op *op, scu_response **out);

#ifdef __cplusplus
}
#endif
#endif
