/* Requests of the peer, by Command Field, to whom the application has named for them. */
#include "client/serve.h"

#include "base/limits.h"
#include "client/own_message.h"
#include "client/session.h"
#include "data/transfer_syntax.h"
#include "service/message.h"

static const uint16_t fields[SCU__SERVED_FIELDS] = {
    SCU__C_STORE_RQ, SCU__C_GET_RQ, SCU__C_FIND_RQ,   SCU__C_MOVE_RQ,   SCU__C_ECHO_RQ,  SCU__N_EVENT_REPORT_RQ,
    SCU__N_GET_RQ,   SCU__N_SET_RQ, SCU__N_ACTION_RQ, SCU__N_CREATE_RQ, SCU__N_DELETE_RQ};

static scu__server *find(scu_session *session, uint16_t field) {
  for (size_t i = 0; i < SCU__SERVED_FIELDS; i++)
    if (fields[i] == field) return &session->servers[i];
  return NULL;
}

static void refuse(scu__exchange *exchange, uint16_t status, const char *comment) {
  scu__command response = {.status = status};
  scu__command_set_comment(&response, comment);
  (void)scu__message_provider_respond(exchange, &response, NULL);
}

static void respond(const scu__serving *serving, scu__exchange *exchange, const scu_message *response) {
  const scu__accepted_context *context =
      scu__negotiated_context(scu__link_negotiated(serving->link), exchange->context_id);
  scu__buffer bytes;
  scu__buffer_init(&bytes, serving->session->allocator, SCU__MESSAGE_DATASET_MAX);
  scu_result result = scu__own_message_encode(response, context, &bytes, NULL);
  if (result == SCU_OK) result = scu__message_provider_respond_encoded(exchange, &response->command, &bytes);
  scu__buffer_free(&bytes);
  if (result != SCU_OK) refuse(exchange, SCU__STATUS_PROCESSING_FAILURE, "the response could not be made");
}

static void ask(const scu__serving *serving, const scu__server *server, scu__exchange *exchange,
                scu__own_message *request) {
  scu_message *response = NULL;
  if (scu_message_new_response(&request->message, SCU__STATUS_SUCCESS, &response) != SCU_OK) {
    refuse(exchange, SCU__STATUS_RESOURCE_LIMIT, NULL);
    return;
  }
  server->serve(server->user, &request->message, response);
  respond(serving, exchange, response);
  scu_message_free(response);
}

static void served(void *owner, scu__exchange *exchange, const scu__exchange_event *event) {
  const scu__serving here = *(const scu__serving *)owner; /* which may be gone when the application returns */
  scu_session *session = here.session;
  if (event->kind != SCU__EXCHANGE_REQUEST) return;
  const scu__server *server = find(session, event->command->field);
  scu__own_message *request = NULL;
  if (!server->serve)
    refuse(exchange, SCU__STATUS_UNRECOGNISED_OPERATION, NULL); /* it was taken away meanwhile */
  else if (scu__own_message_come(here.link, exchange, event->command, event->identifier, &request) != SCU_OK)
    refuse(exchange, SCU__STATUS_RESOURCE_LIMIT, NULL);
  else
    ask(&here, server, exchange, request);
  if (request) scu_message_free(&request->message);
}

scu__exchange *scu__serve_take(scu__serving *serving, uint8_t context_id, const scu__command *command,
                               scu__exchange_event *event, uint16_t *status) {
  const scu__server *server = find(serving->session, command->field);
  const scu__accepted_context *context = scu__negotiated_context(scu__link_negotiated(serving->link), context_id);
  scu__exchange *exchange = NULL;
  if (!server || !server->serve || !context) return NULL;
  scu__encoding encoding = scu__transfer_syntax_encoding(scu__transfer_syntax_find(context->transfer_syntax.text));
  if (scu__message_provider_new(serving->session->allocator, scu__link_outbox(serving->link), context_id, command,
                                encoding, &exchange, event) != SCU_OK) {
    *status = SCU__STATUS_RESOURCE_LIMIT;
    return NULL;
  }
  exchange->owner = serving;
  exchange->on_event = served;
  return exchange;
}

scu_result scu_session_serve(scu_session *session, uint16_t field, scu_server *serve, void *user) {
  scu__server *server = find(session, field);
  if (!server) return SCU_ERROR_USAGE;
  *server = (scu__server){serve, user};
  return SCU_OK;
}
