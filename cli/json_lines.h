/* Records for programs: one JSON object a line on stdout; `begin` first, `summary` last. */
#ifndef SCU_CLI_JSON_LINES_H
#define SCU_CLI_JSON_LINES_H

#include <stdint.h>
#include <stdio.h>

#include "cli.h"

/* An object in the making: json_open, any number of members, json_close (newline, flush). */
void json_open(FILE *to, const char *event);
/* Bytes that are not UTF-8 become U+FFFD; NULL is written as "". */
void json_text(FILE *to, const char *name, const char *value);
/* An object of texts: next(of, i) gives them until it is false. */
void json_texts(FILE *to, const char *name,
                bool (*next)(const void *of, size_t index, const char **key, const char **value), const void *of);
void json_number(FILE *to, const char *name, uint64_t value);
/* Milliseconds as seconds with three decimals. */
void json_seconds(FILE *to, const char *name, uint64_t milliseconds);
/* A DIMSE status as four hexadecimal digits; 0xFFFF (no response) as "". */
void json_status(FILE *to, const char *name, uint16_t status);
void json_close(FILE *to);

/* The begin record, once; peer may be NULL. Does nothing without --json. */
void json_begin(cli *context, const char *peer);
void json_instance(const scu_instance_outcome *outcome);
void json_error(const char *code, const char *phase, const char *peer, const char *reason, const char *hint);
void json_summary(const cli *context, int exit_code);

#endif
