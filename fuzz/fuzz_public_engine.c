/* The public engine against hostile bytes, as requestor and as acceptor: whatever is asked is answered, whatever comes
 * is decoded.
 *
 * Input: byte 0: bit 0 acceptor, bits 1-3 how large pieces are, bit 4 a request is sent at once, bit 5 the output is
 * not taken until the end; then what the peer sends. As acceptor it needs an A-ASSOCIATE-RQ first, as requestor an AC:
 * the seeds have them. */
#include <stdint.h>
#include <stdlib.h>

#include "scu/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static scu_result propose(void *user, scu_proposal *proposal) {
  static const char *const syntaxes[] = {"1.2.840.10008.1.2"};
  (void)user;
  scu_result result = scu_proposal_add(proposal, "1.2.840.10008.1.1", syntaxes, 1);
  if (result == SCU_OK) result = scu_proposal_add(proposal, "1.2.840.10008.5.1.4.1.2.2.1", syntaxes, 1);
  return result;
}

static void drain(scu_engine *engine) {
  const uint8_t *out;
  size_t length;
  while (scu_engine_output(engine, &out, &length) == SCU_OK) {
    if (length == 0 || !out) abort();
    scu_engine_sent(engine, length > 1000 ? 1000 : length);
  }
}

static void send_echo(scu_engine *engine) {
  scu_message *echo = NULL;
  if (scu_message_new(NULL, 0x0030, &echo) != SCU_OK) abort();
  if (scu_message_set_sop_class_uid(echo, "1.2.840.10008.1.1") != SCU_OK) abort();
  (void)scu_engine_send(engine, echo, NULL);
  scu_message_free(echo);
}

static void answer(scu_engine *engine, const scu_message *request) {
  scu_message *response = NULL;
  if (scu_message_new_response(request, 0, &response) != SCU_OK) return; /* a C-CANCEL-RQ, or made up */
  (void)scu_engine_send(engine, response, NULL);
  scu_message_free(response);
}

static void take(scu_engine *engine, const scu_engine_event *event, int *ends, int sends) {
  scu_dataset *dataset = NULL;
  if (*ends > 0) abort(); /* nothing comes after the end */
  switch (event->type) {
  case SCU_ENGINE_ASSOCIATED:
    if (scu_engine_context_count(engine) == 0 && scu_engine_abstract_syntax(engine, 0)[0]) abort();
    if (sends) send_echo(engine);
    break;
  case SCU_ENGINE_MESSAGE:
    if (!scu_message_is_response(event->message)) answer(engine, event->message);
    break;
  case SCU_ENGINE_DATA:
    if (event->length > 0 && !event->bytes) abort();
    if (event->message && scu_engine_decode(event->message, event->bytes, event->length, &dataset) == SCU_OK)
      scu_dataset_free(dataset);
    break;
  case SCU_ENGINE_RELEASING: break;
  case SCU_ENGINE_ENDED: ++*ends; break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static const size_t steps[] = {1, 2, 7, 64, 1000, 70000, 70000, 70000};
  if (length == 0) return 0;
  const scu_engine_options options = {.size = sizeof options,
                                      .is_acceptor = bytes[0] & 1,
                                      .calling_ae = "NEAR",
                                      .called_ae = bytes[0] & 1 ? "" : "FAR"};
  size_t step = steps[bytes[0] >> 1 & 7];
  int ends = 0;
  scu_engine *engine = NULL;
  scu_engine_event event = {.size = sizeof event};
  if (scu_engine_new(&options, propose, NULL, &engine) != SCU_OK) abort();
  if (scu_engine_connected(engine, 0) != SCU_OK) abort();
  for (size_t at = 1; at < length && !scu_engine_wants_close(engine);) {
    size_t piece = length - at < step ? length - at : step, consumed = 0;
    if (scu_engine_receive(engine, bytes + at, piece, &consumed, at) != SCU_OK) break;
    if (consumed == 0 || consumed > piece) abort();
    at += consumed;
    while (scu_engine_next_event(engine, &event) == SCU_OK) take(engine, &event, &ends, bytes[0] & 16);
    if (!(bytes[0] & 32)) drain(engine);
  }
  scu_engine_expire(engine, UINT64_MAX - 1);
  scu_engine_closed(engine, UINT64_MAX - 1);
  while (scu_engine_next_event(engine, &event) == SCU_OK) take(engine, &event, &ends, 0);
  if (ends > 1) abort();
  drain(engine);
  scu_engine_free(engine);
  return 0;
}
