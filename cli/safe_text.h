/* Text from peers and files on its way to a terminal: nothing in it may act on the terminal or mislead the eye. */
#ifndef SCU_CLI_SAFE_TEXT_H
#define SCU_CLI_SAFE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The code point at `text` (NUL-terminated, not empty) and the bytes it takes; 0 bytes when it is not UTF-8. */
size_t text_decode(const char *text, uint32_t *code_point);

/* Control characters, direction marks and bytes that are not UTF-8 go out as \xNN or \uNNNN. */
void put_safe(FILE *to, const char *text);

/* Terminal columns of what put_safe writes. */
size_t safe_width(const char *text);
/* Exactly `width` columns: cut with an ellipsis or filled with spaces. */
void put_safe_column(FILE *to, const char *text, size_t width);

#endif
