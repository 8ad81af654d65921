/* The flags that take one of a few words: one list for reading them, for help, man pages and completion. */
#ifndef SCU_CLI_WORDS_H
#define SCU_CLI_WORDS_H

#include "args.h"

/* NULL-terminated, lower case, "" = a place without a word; NULL when the flag takes anything. */
const char *const *flag_words(flag id);

/* "a|b|c": `room` is enough for every list of ours, else the last words are left out. */
void flag_choices(flag id, char *to, size_t room);

#endif
