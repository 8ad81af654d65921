/* DIMSE messages one at a time (PS3.7 6.3): for services that libscu has no call for, and for whoever wants to send and
 * to see every message himself.
 *
 *   scu_association_open(session, propose, user, &association);        propose: scu_proposal_add(...)
 *   scu_message_new(NULL, 0x0030, &echo);                              C-ECHO-RQ
 *   scu_message_set_sop_class_uid(echo, "1.2.840.10008.1.1");
 *   scu_association_send(association, echo, NULL);
 *   scu_association_receive(association, -1, &answer);
 *   scu_association_close(association);
 *
 * The association is the caller's alone until it is closed; then the session may use it for other operations. libscu
 * sees to message IDs, to what belongs to a message (PS3.7 E), to even lengths and to the asynchronous operations
 * window; what is asked, and what an answer means, is the caller's. Hooks on messages are told of all of them.
 *
 * Datasets are held in memory, up to 16 MiB of those that come. Objects are better stored and retrieved by scu_store,
 * scu_get and scu_move, which stream them. */
#ifndef SCU_ASSOCIATION_H
#define SCU_ASSOCIATION_H

#include "scu/message.h"
#include "scu/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_association scu_association;

/* Opens an association of its own. `propose` fills the empty proposal, once, before anything is sent, and says whether
 * that worked: anything but SCU_OK is what this call returns. The options'
 * title, PDU length, identity and time-outs hold as always, and before_associate is asked after it. Accepted is what
 * the peer accepts, if only one context; see scu_session_context. The handle must be closed before the session is
 * freed. USAGE: no context was proposed. REJECTED, TIMEOUT, TRANSPORT, ...: there is no association; see
 * scu_session_error. */
SCU_API scu_result scu_association_open(scu_session *session, scu_result (*propose)(void *user, scu_proposal *proposal),
                                        void *user, scu_association **out);
/* The same without waiting: *out can be used when scu_association_state is no longer PENDING. NULL and the session's
 * error when there is no memory or nothing was proposed. */
SCU_API scu_result scu_association_start(scu_session *session,
                                         scu_result (*propose)(void *user, scu_proposal *proposal), void *user,
                                         scu_association **out);
/* PENDING while it is being opened, SCU_OK while it is there, then why it is over: CLOSED also when the peer has
 * released it. */
SCU_API scu_result scu_association_state(const scu_association *association);
/* Why it is over, or why the last call failed. Never NULL; valid until the next call. */
SCU_API const scu_error *scu_association_error(const scu_association *association);

/* Queues a message, which may be changed or freed afterwards. Requests get the next Message ID, which `message_id` (may
 * be NULL) tells; responses have that of their request, see scu_message_new_response. A request goes out on the first
 * accepted context of its abstract syntax - its SOP class, unless scu_message_set_abstract_syntax said otherwise - and
 * a response where its request came from. USAGE: the message is incomplete or has what does not belong to it, or a
 * response has no open request. REJECTED: no context for it was accepted. LIMIT: the window is used up (PS3.7 D.3.3.3:
 * without one, one request at a time), or the dataset is too long. UNSUPPORTED: the dataset cannot be encoded; USAGE
 * also: Pixel Data that is not as the context's transfer syntax wants it. MEMORY. Else the association's state. */
SCU_API scu_result scu_association_send(scu_association *association, const scu_message *message, uint16_t *message_id);
/* C-CANCEL-RQ for a request of C-FIND, C-MOVE or C-GET that is open; its final response still comes. USAGE: there is no
 * such request. */
SCU_API scu_result scu_association_cancel(scu_association *association, uint16_t message_id);

/* The next message of the peer, in the order in which they came: a response, a request - to be answered by
 * scu_message_new_response and scu_association_send -, or a C-CANCEL-RQ for a request that came before. Borrowed until
 * the next call with this association. Waits at most timeout_ms (0: only looks; -1: as long as it takes, but no longer
 * than the response time-out without any sign of life of the requests that are open: what else the peer says is none).
 * Of the peer's requests, those beyond its window come when others have been answered.
 * PENDING: nothing came in that time. TIMEOUT: the peer was silent for too long, and the association was aborted. Else
 * the association's state, once all that came before it was given out. */
SCU_API scu_result scu_association_receive(scu_association *association, int timeout_ms, const scu_message **message);
/* Requests of ours whose final response has not come. */
SCU_API size_t scu_association_open_requests(const scu_association *association);

/* Done with: the session may use the association. While requests are open it is aborted. NULL is allowed. From a hook
 * while scu_association_receive waits it takes effect when that returns, which is then CANCELLED. */
SCU_API void scu_association_close(scu_association *association);

/* ---- requests of the peer ---- */

/* Answers a request: fills the response, which says 0000 and nothing else so far. May do what hooks may; until it
 * returns nothing more is read from this association. Both messages are borrowed for the call. */
typedef void scu_server(void *user, const scu_message *request, scu_message *response);
/* Whoever answers requests of the peer with this Command Field, on every association of the session, at any time, also
 * while it is idle or an operation goes on - such as the N-EVENT-REPORTs of print or of procedure steps. What an
 * operation expects, such as the C-STOREs of a C-GET, is the operation's, and an association of scu_association_open
 * receives its requests itself. NULL: nobody any more; then they are refused (0122, 0211). The class must have been
 * negotiated, with the role if it needs one: before_associate can add it. Datasets are held in memory, up to 16 MiB.
 * USAGE: no request of PS3.7 E.1, or C-CANCEL. */
SCU_API scu_result scu_session_serve(scu_session *session, uint16_t field, scu_server *serve, void *user);

/* ---- messages of the caller's own ---- */

/* A request (PS3.7 E.1: 0x0030 C-ECHO-RQ, 0x0001 C-STORE-RQ, 0x0020 C-FIND-RQ, 0x0021 C-MOVE-RQ, 0x0010 C-GET-RQ,
 * 0x0100 to 0x0150 N-services) of medium priority. USAGE: another field; MEMORY. */
SCU_API scu_result scu_message_new(const scu_allocator *allocator, uint16_t field, scu_message **out);
/* The response to a request that was received: class, instance, event and action type are the request's. USAGE: it is
 * no request; MEMORY. */
SCU_API scu_result scu_message_new_response(const scu_message *request, uint16_t status, scu_message **out);
/* NULL is allowed. Not for messages that hooks or scu_association_receive gave out. */
SCU_API void scu_message_free(scu_message *message);

/* Beside the setters of message.h, for messages of these calls only; else USAGE. Class and instance go into the
 * Affected or the Requested element, whichever the message has. USAGE: no UID, or not of this message. */
SCU_API scu_result scu_message_set_sop_class_uid(scu_message *message, const char *uid);
SCU_API scu_result scu_message_set_sop_instance_uid(scu_message *message, const char *uid);
SCU_API scu_result scu_message_set_abstract_syntax(scu_message *message, const char *uid);
SCU_API scu_result scu_message_set_event_type(scu_message *message, uint16_t type);
SCU_API scu_result scu_message_set_action_type(scu_message *message, uint16_t type);
/* Of a response to C-MOVE or C-GET. Negative: not there. USAGE: more than 65,535, or another message. */
SCU_API scu_result scu_message_set_counts(scu_message *message, int remaining, int completed, int failed, int warning);
/* Copied. NULL: none. USAGE: the message has none; MEMORY. */
SCU_API scu_result scu_message_set_dataset(scu_message *message, const scu_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif
