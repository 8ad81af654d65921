/* DIMSE commands in words (PS3.7 9.3, 10.3, E.1). */
#ifndef SCU_OBSERVE_DUMP_MESSAGE_H
#define SCU_OBSERVE_DUMP_MESSAGE_H

#include "dimse/command.h"
#include "observe/dump_text.h"

/* "C-STORE-RSP to 7: A700H, out of resources", no end of line: what a log has to say of every message. UIDs as
 * scu__dump_uid has them. */
void scu__dump_message(scu__buffer *text, const scu__command *command, bool with_phi);
/* Every element, a line each. What the peer says in Error Comment may name a patient, and so is shown to those only who
 * want to see that. */
void scu__dump_command(scu__buffer *text, const scu__command *command, bool with_phi);

#endif
