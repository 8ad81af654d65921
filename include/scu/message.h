/* One DIMSE message (PS3.7) as the hooks before_message and after_message see it: the command, where it goes or comes
 * from, and the dataset where it is held in memory. Valid during the hook only, with everything it gives out; those
 * of scu/association.h and scu/engine.h live as it says there.
 *
 * Identifiers and the datasets of N-services are held; those of C-STORE are streamed, and only their length is known.
 * What a message has not is told apart from what is 0 or empty: getters of numbers return 1 and fill `value`, or return
 * 0 and leave it alone; texts are "" for "not there".
 *
 * before_message may change a message that is about to be sent, and so may whoever made it (scu/association.h); the
 * setters say USAGE for any other, and for what the message does not have. Message ID and Command Field never change.
 * The operation goes on as if it had sent what it meant to: it judges the answers by its own keys, and reports its own
 * destination. */
#ifndef SCU_MESSAGE_H
#define SCU_MESSAGE_H

#include <stdint.h>

#include "scu/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_message scu_message;

SCU_API int scu_message_is_sent(const scu_message *message);     /* 1: by us, 0: by the peer */
SCU_API int scu_message_is_response(const scu_message *message); /* bit 15 of (0000,0100) */
/* (0000,0100), PS3.7 E.1, and its name: "C-FIND-RQ", "C-CANCEL-RQ"; "unknown command" for what is not of PS3.7. */
SCU_API uint16_t scu_message_field(const scu_message *message);
SCU_API const char *scu_message_name(const scu_message *message);

/* The association, as the log and the other hooks number it. Those that a peer opens to the listener of a C-MOVE to
 * ourselves are numbered apart: scu_message_is_acceptor is 1 for them. */
SCU_API uint32_t scu_message_association(const scu_message *message);
SCU_API int scu_message_is_acceptor(const scu_message *message);
/* The presentation context (PS3.8 9.3.2.2) and what was agreed for it. */
SCU_API uint8_t scu_message_context_id(const scu_message *message);
SCU_API const char *scu_message_abstract_syntax(const scu_message *message);
SCU_API const char *scu_message_transfer_syntax(const scu_message *message);

/* ---- the command (PS3.7 E) ---- */

SCU_API int scu_message_id(const scu_message *message, uint16_t *value);           /* (0000,0110), of requests */
SCU_API int scu_message_responded_id(const scu_message *message, uint16_t *value); /* (0000,0120) */
/* Affected (0000,0002), (0000,1000) or Requested (0000,0003), (0000,1001), whichever the message has. */
SCU_API const char *scu_message_sop_class_uid(const scu_message *message);
SCU_API const char *scu_message_sop_instance_uid(const scu_message *message);
SCU_API int scu_message_priority(const scu_message *message, uint16_t *value);           /* (0000,0700) */
SCU_API const char *scu_message_move_destination(const scu_message *message);            /* (0000,0600) */
SCU_API const char *scu_message_move_originator(const scu_message *message);             /* (0000,1030) */
SCU_API int scu_message_move_originator_id(const scu_message *message, uint16_t *value); /* (0000,1031) */
SCU_API int scu_message_event_type(const scu_message *message, uint16_t *value);         /* (0000,1002) */
SCU_API int scu_message_action_type(const scu_message *message, uint16_t *value);        /* (0000,1008) */
SCU_API int scu_message_status(const scu_message *message, uint16_t *value);             /* (0000,0900) */
/* (0000,0902); the peer's may hold anything, a patient's name too. */
SCU_API const char *scu_message_error_comment(const scu_message *message);
/* Sub-operations of C-MOVE and C-GET: (0000,1020) to (0000,1023). */
SCU_API int scu_message_remaining(const scu_message *message, uint16_t *value);
SCU_API int scu_message_completed(const scu_message *message, uint16_t *value);
SCU_API int scu_message_failed(const scu_message *message, uint16_t *value);
SCU_API int scu_message_warning(const scu_message *message, uint16_t *value);

/* ---- the dataset ---- */

/* 1: a dataset belongs to it. */
SCU_API int scu_message_has_dataset(const scu_message *message);
/* Its bytes as encoded, padding of the last fragment not counted where we sent it. UINT64_MAX where that is not known:
 * before a message is received, before one that is rewritten on its way, and of messages that an application makes or
 * receives one at a time. 0 when there is none. */
SCU_API uint64_t scu_message_dataset_length(const scu_message *message);
/* The dataset, decoded when it is asked for. NULL: there is none, it is streamed (C-STORE), still coming (before a
 * message is received), longer than 16 MiB (received), in a transfer syntax that is deflated or unknown, or it cannot
 * be read. */
SCU_API const scu_dataset *scu_message_dataset(const scu_message *message);

/* ---- changing, in before_message of a message that is about to be sent, or one of the caller's own ---- */

/* 0 medium, 1 high, 2 low (PS3.7 9.3.1.1). USAGE: another value, or a message without priority. */
SCU_API scu_result scu_message_set_priority(scu_message *message, uint16_t priority);
/* USAGE: no AE title (PS3.5 6.2), or not a C-MOVE-RQ. */
SCU_API scu_result scu_message_set_move_destination(scu_message *message, const char *ae_title);
/* Of a response. What is told of the instance or request that it answers stays as it was. USAGE: not a response, or a
 * pending status for one that is final, or the other way round. */
SCU_API scu_result scu_message_set_status(scu_message *message, uint16_t status);
/* Of a response: cut to 64 characters, what is not printable ASCII becomes '?'; NULL or "" takes it away. USAGE. */
SCU_API scu_result scu_message_set_error_comment(scu_message *message, const char *comment);
/* The dataset, to be changed; it belongs to the message, and is encoded in the context's transfer syntax when the hook
 * returns. A message that may have one and has none gets it if elements were put in; one that may be without loses it
 * if none is left. When the SOP Instance UID (0008,0018) was changed, the Affected or Requested SOP Instance UID of the
 * command follows, if it was the same before or the dataset had none.
 *
 * A message of the caller's own: its dataset, made when it has none. The command does not follow, and what its last
 * change failed with is told when it is sent.
 *
 * USAGE: a message that is not to be changed, or whose dataset is streamed or not allowed. UNSUPPORTED: a transfer
 * syntax that is deflated or unknown. MALFORMED, LIMIT, MEMORY.
 *
 * The message is not sent, and its operation fails with the reason, when the dataset cannot be had for another reason
 * than USAGE, when the last change that the hook made to it failed (scu_dataset_error), when it cannot be encoded, or
 * is empty where it must not be: what could not be changed does not go out as if it had been. */
SCU_API scu_result scu_message_edit_dataset(scu_message *message, scu_dataset **borrowed);

#ifdef __cplusplus
}
#endif
#endif
