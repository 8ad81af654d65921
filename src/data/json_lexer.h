/* JSON (RFC 8259) by the letter, one token at a time, over bytes somebody else owns. Knows nothing of DICOM.
 *
 * Every call passes over white space first and moves behind what it took. A fault is told once, in the error that the
 * lexer was begun with, and the call returns MALFORMED, LIMIT or MEMORY. */
#ifndef SCU_DATA_JSON_LEXER_H
#define SCU_DATA_JSON_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

enum { SCU__JSON_SKIP_DEPTH_MAX = 512 }; /* arrays and objects inside each other, in what is passed over */

typedef struct scu__json {
  const char *start, *at, *end;
  scu_error *error;
} scu__json;

/* A byte order mark at the start is passed over. */
void scu__json_start(scu__json *json, const char *text, size_t length, scu_error *error);

/* The first character of the next token; 0 at the end. Does not move. */
char scu__json_peek(scu__json *json);
/* Moves behind the character if it is the next token. */
bool scu__json_take(scu__json *json, char token);
/* MALFORMED unless it is. */
scu_result scu__json_expect(scu__json *json, char token);
/* Before the next member or element: takes the comma unless this is the first one. */
scu_result scu__json_separate(scu__json *json, bool *is_first);

/* A string, unescaped, appended to `out` as UTF-8. Refused: U+0000, which no text of DICOM can hold, and halves of
 * surrogates. */
scu_result scu__json_string(scu__json *json, scu__buffer *out);
/* A string as it stands, without escapes: for names. Valid as long as the text; MALFORMED when it has an escape. */
scu_result scu__json_name(scu__json *json, const char **name, size_t *length);
/* A number as it stands. */
scu_result scu__json_number(scu__json *json, const char **number, size_t *length);
scu_result scu__json_null(scu__json *json);
/* Any value. */
scu_result scu__json_skip(scu__json *json);

/* Fills the error with reason and place, and returns `result`. */
scu_result scu__json_fault(scu__json *json, scu_result result, const char *reason);

#endif
