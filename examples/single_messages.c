/* DIMSE messages one at a time: a C-ECHO, then a C-FIND of all studies whose every response is looked at as it comes;
 * after some matches it is cancelled. Usage: single_messages AET@host:port MATCHES */
#include <scu/scu.h>
#include <stdio.h>
#include <stdlib.h>

#define VERIFICATION "1.2.840.10008.1.1"
#define STUDY_ROOT   "1.2.840.10008.5.1.4.1.2.2.1"

static scu_result propose(void *user, scu_proposal *proposal) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2"};
  (void)user;
  scu_result result = scu_proposal_add(proposal, VERIFICATION, syntaxes, 2);
  return result == SCU_OK ? scu_proposal_add(proposal, STUDY_ROOT, syntaxes, 2) : result;
}

/* Sends a request and frees it. */
static scu_result send(scu_association *association, scu_message *request, const char *sop_class, uint16_t *id) {
  scu_result result = scu_message_set_sop_class_uid(request, sop_class);
  if (result == SCU_OK) result = scu_association_send(association, request, id);
  scu_message_free(request);
  return result;
}

/* The next message, said aloud. */
static scu_result receive(scu_association *association, const scu_message **message, uint16_t *status) {
  scu_result result = scu_association_receive(association, -1, message);
  if (result != SCU_OK) return result;
  if (!scu_message_status(*message, status)) return SCU_ERROR_PROTOCOL; /* a request, which nobody serves here */
  printf("%s %04XH", scu_message_name(*message), (unsigned)*status);
  char text[65];
  const scu_dataset *dataset = scu_message_dataset(*message);
  if (dataset && scu_dataset_text(dataset, "StudyInstanceUID", text, sizeof text) == SCU_OK) printf(" %s", text);
  printf("\n");
  return SCU_OK;
}

static scu_result echo(scu_association *association) {
  scu_message *request = NULL;
  const scu_message *answer;
  uint16_t status;
  scu_result result = scu_message_new(NULL, 0x0030, &request); /* C-ECHO-RQ */
  if (result == SCU_OK) result = send(association, request, VERIFICATION, NULL);
  return result == SCU_OK ? receive(association, &answer, &status) : result;
}

static scu_result find(scu_association *association, long most) {
  scu_message *request = NULL;
  scu_dataset *keys = NULL;
  uint16_t id = 0, status = 0xFF00;
  scu_result result = scu_message_new(NULL, 0x0020, &request); /* C-FIND-RQ */
  if (result == SCU_OK) result = scu_dataset_new(NULL, &keys);
  if (result == SCU_OK) result = scu_dataset_set_text(keys, "QueryRetrieveLevel", "STUDY");
  if (result == SCU_OK) result = scu_dataset_set_empty(keys, "StudyInstanceUID");
  if (result == SCU_OK) result = scu_message_set_dataset(request, keys);
  scu_dataset_free(keys);
  if (result != SCU_OK)
    scu_message_free(request);
  else
    result = send(association, request, STUDY_ROOT, &id);
  for (long matches = 0; result == SCU_OK && status == 0xFF00; matches++) {
    const scu_message *answer;
    if (matches == most) scu_association_cancel(association, id); /* what is on its way still comes */
    result = receive(association, &answer, &status);
  }
  return result;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: single_messages AET@host:port MATCHES\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_association *association = NULL;
  scu_result result = scu_session_new(&session, NULL, argv[1]);
  if (result == SCU_OK) result = scu_association_open(session, propose, NULL, &association);
  if (result != SCU_OK) {
    fprintf(stderr, "%s\n", session ? scu_error_reason(scu_session_error(session)) : "no memory");
  } else {
    result = echo(association);
    if (result == SCU_OK) result = find(association, atol(argv[2]));
    if (result != SCU_OK) fprintf(stderr, "%s\n", scu_error_reason(scu_association_error(association)));
  }
  scu_association_close(association);
  scu_session_free(session);
  return result == SCU_OK ? 0 : 1;
}
