/* From a match to the identifier of a pending response (PS3.4 C.4.1.1.3.2): what was asked for, and nothing else. */
#ifndef SCU_ARCHIVE_ANSWER_H
#define SCU_ARCHIVE_ANSWER_H

#include "service/match.h"

/* Puts the attribute that `key` asks for into the row: its values as UTF-8; of a sequence the items that match, with
 * what the key's item asks for, or whole items when it asks for nothing in particular; no value when element is NULL.
 * MEMORY. */
scu_result scu__answer_put(scu_dataset *row, scu__matcher *matcher, const scu__key *key, const scu_dataset *level,
                           const scu_element *element);
/* A text of our own, in ASCII or UTF-8. */
scu_result scu__answer_put_text(scu_dataset *row, scu_tag tag, scu_vr vr, const char *text, size_t length);

#endif
