/* Association PDUs in words (PS3.8 9.3): what was asked for and agreed, why not, and what was never said. */
#ifndef SCU_OBSERVE_DUMP_ASSOCIATE_H
#define SCU_OBSERVE_DUMP_ASSOCIATE_H

#include "observe/dump_text.h"
#include "ul/pdu.h"

/* Every item, a line each; passcodes, tokens and answers to them by their length only. */
void scu__dump_associate(scu__buffer *text, const scu__associate *associate, scu__pdu_type type);

#endif
