/* What others inside need of the store operation. */
#ifndef SCU_CLIENT_STORE_H
#define SCU_CLIENT_STORE_H

#include "base/values.h"
#include "scu/session.h"

/* The instances are sub-operations of a C-MOVE that this AE asked for with this Message ID (PS3.7 9.3.1.1). Right after
 * scu_store_start. */
void scu__store_set_originator(scu_op *op, const scu__ae *ae, uint16_t message_id);

#endif
