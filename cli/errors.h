/* What the command says on stderr. Everything goes out terminal-safe. */
#ifndef SCU_CLI_ERRORS_H
#define SCU_CLI_ERRORS_H

#include "cli.h"

#if defined(__GNUC__)
#define CLI_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define CLI_PRINTF(format_at, first_at)
#endif

/* One line of talk; say is silent with -q, say_always never is. */
void say(cli *context, const char *format, ...) CLI_PRINTF(2, 3);
void say_always(cli *context, const char *format, ...) CLI_PRINTF(2, 3);

/* A failed call of the library: a line for people, a JSON error record, a cause for the exit code. */
void report_error(cli *context, const scu_error *error);
/* A fault the command found itself. `code` is the lower-case name of a result ("usage"). */
void report_usage(cli *context, const char *hint, const char *format, ...) CLI_PRINTF(3, 4);
void report_fault(cli *context, scu_result result, scu_phase phase, const char *hint, const char *format, ...)
    CLI_PRINTF(5, 6);

/* The reason together with the peer's Error Comment. A comment may name a patient: without --phi there is
 * only a word on how to see it. Returns reason or `to`. */
const char *with_comment(const cli *context, const char *reason, const char *comment, char to[512]);
/* uid, or "(masked)" where it has more than digits and points, is no digest either, and --phi was not given: a peer may
 * put a name there. */
const char *sayable_uid(const cli *context, const char *uid);
/* The name of an error in JSON: "timeout" */
void error_code(scu_result result, char to[24]);
/* Command Field (0000,0100) of what the commands ask for, PS3.7 E.1. */
enum { C_GET = 0x0010, C_FIND = 0x0020, C_MOVE = 0x0021, C_ECHO = 0x0030 };
enum { STATUS_TEXT_MAX = 160 };
/* "A700 refused: out of resources" */
void format_status(uint16_t operation, uint16_t status, char to[STATUS_TEXT_MAX]);
/* What to try after a failure with this status and comment; NULL: the comment says it. */
const char *status_hint(uint16_t operation, uint16_t status, const char *comment);

#endif
