/* Asks a peer to take responsibility for an instance: storage commitment (PS3.4 J) by the generic N-ACTION. Success
 * says that the request was received; the result comes later, to our own listener, as an N-EVENT-REPORT. Usage:
 * n_action AET@host:port SOP_CLASS_UID SOP_INSTANCE_UID */
#include <scu/scu.h>
#include <stdio.h>

/* Action information: a transaction of ours, and what it is about. */
static scu_result describe(scu_dataset *information, const char *sop_class, const char *instance) {
  char transaction[SCU_UID_ROOM];
  scu_result result = scu_uid_new(transaction, sizeof transaction);
  if (result == SCU_OK) result = scu_dataset_set_text(information, "TransactionUID", transaction);
  if (result == SCU_OK)
    result = scu_dataset_set_text(information, "ReferencedSOPSequence[0].ReferencedSOPClassUID", sop_class);
  if (result == SCU_OK)
    result = scu_dataset_set_text(information, "ReferencedSOPSequence[0].ReferencedSOPInstanceUID", instance);
  return result;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: n_action AET@host:port SOP_CLASS_UID SOP_INSTANCE_UID\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_dataset *information = NULL;
  scu_response *response = NULL;
  int code = 1;

  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_dataset_new(NULL, &information);
  if (result == SCU_OK) result = describe(information, argv[2], argv[3]);
  if (result == SCU_OK) {
    const scu_n_message message = {
        .size = sizeof message,
        .service = SCU_N_ACTION,
        .sop_class_uid = "1.2.840.10008.1.20.1",      /* Storage Commitment Push Model */
        .sop_instance_uid = "1.2.840.10008.1.20.1.1", /* its well-known instance */
        .type_id = 1,                                 /* request storage commitment */
        .dataset = information,
    };
    result = scu_n_request(session, &message, &response);
  }

  if (response) {
    printf("%s: %04XH, %s\n", scu_response_class(response), (unsigned)scu_response_status(response),
           scu_response_meaning(response));
    if (scu_response_comment(response)[0]) printf("the peer says: %s\n", scu_response_comment(response));
    code = scu_response_status(response) == 0 ? 0 : 1;
  } else {
    fprintf(stderr, "%s\n", session ? scu_error_reason(scu_session_error(session)) : "no memory");
  }
  scu_response_free(response);
  scu_dataset_free(information);
  scu_session_free(session);
  return code;
}
