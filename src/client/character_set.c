/* Naming the set of the peer where nobody else does. */
#include "client/character_set.h"

#include "data/dataset_edit.h"

scu_result scu__charset_of_request(const scu_session *session, scu_dataset *identifier) {
  const char *terms = session->config->character_set;
  if (!*terms || !scu__dataset_lacks_charset(identifier)) return SCU_OK;
  return scu__dataset_assume_charset(identifier, terms);
}

static void tell_once(scu__charset_reader *reader, scu_op *op) {
  if (!reader->is_told)
    scu__op_warn(op, "the peer sends text that is not ASCII and does not name its character set: it cannot be "
                     "read, its bytes are kept; the option character-set says what to take it for");
  reader->is_told = true;
}

scu_result scu__charset_of_answer(scu__charset_reader *reader, scu_op *op, const scu_dataset *answer,
                                  const scu_dataset **readable) {
  const scu_session *session = op->session;
  const char *terms = session->config->character_set;
  *readable = answer;
  if (!scu__dataset_lacks_charset(answer)) return SCU_OK;
  if (!*terms) {
    tell_once(reader, op);
    return SCU_OK;
  }
  scu_result result = SCU_OK;
  if (reader->scratch)
    scu__dataset_reset(reader->scratch);
  else
    result = scu_dataset_new(session->allocator, &reader->scratch);
  if (result == SCU_OK) result = scu_dataset_merge(reader->scratch, answer);
  if (result == SCU_OK) result = scu__dataset_assume_charset(reader->scratch, terms);
  if (result == SCU_OK) *readable = reader->scratch;
  return result;
}

void scu__charset_reader_free(scu__charset_reader *reader) {
  scu_dataset_free(reader->scratch);
  reader->scratch = NULL;
}
