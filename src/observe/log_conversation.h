/* What is said on one association, followed so that a log can tell of it: contexts, commands, datasets. */
#ifndef SCU_OBSERVE_LOG_CONVERSATION_H
#define SCU_OBSERVE_LOG_CONVERSATION_H

#include "base/trace.h"
#include "scu/log.h"

typedef struct scu__log_conversation scu__log_conversation;

/* NULL: no memory. The log is told what is worth it by scu_log_text. */
scu__log_conversation *scu__log_conversation_new(scu_log *log, const scu_allocator *allocator, uint32_t association,
                                                 const scu__trace_ends *ends);
void scu__log_conversation_free(scu__log_conversation *c);
/* A record that there was no memory for: counted as a lost line. In log.c. */
void scu__log_lose(scu_log *log);
/* Any PDU but P-DATA-TF, whole. */
void scu__log_conversation_pdu(scu__log_conversation *c, bool is_sent, const uint8_t *bytes, size_t length);
bool scu__log_conversation_wants_bytes(const scu__log_conversation *c, bool is_sent, bool is_command);
void scu__log_conversation_fragment(scu__log_conversation *c, bool is_sent, const scu__trace_fragment *fragment);

#endif
