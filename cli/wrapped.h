/* Text for people in lines that fit. */
#ifndef SCU_CLI_WRAPPED_H
#define SCU_CLI_WRAPPED_H

#include <stddef.h>
#include <stdio.h>

/* Columns of a help page: those of the narrowest terminal that is common. */
enum { PAGE_WIDTH = 80 };

/* Words of text, which is ASCII, with line feeds between them where the page ends; each further line begins with
 * `indent` blanks. `column` is where the first one begins. An empty line, and one that begins with a blank, stays a
 * line of its own. Ends with a line feed. */
void put_wrapped(FILE *to, const char *text, size_t column, size_t indent);

#endif
