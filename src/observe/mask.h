/* What nobody may read in a trace: passcodes, tokens, and what a server answers to them (PS3.7 D.3.3.7). */
#ifndef SCU_OBSERVE_MASK_H
#define SCU_OBSERVE_MASK_H

#include <stddef.h>
#include <stdint.h>

/* Overwrites them in an A-ASSOCIATE-RQ or -AC, header included; lengths stay, and so does a user name. Other PDUs, and
 * whatever cannot be followed, are left - but for an item that says it is an identity and has no sensible lengths,
 * which is overwritten whole. */
void scu__mask_secrets(uint8_t *pdu, size_t length);

#endif
