/* Secrets of the command line: --passcode-file, --identity-file, and the passcode files of --accept-user. They are
 * never arguments, which everybody on the machine can read. */
#ifndef SCU_CLI_SECRET_FILE_H
#define SCU_CLI_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"

/* A byte more than any user identity may have lets the library say so; then there may be a newline. */
enum { SECRET_MAX = 65536 + 2 };

typedef struct secret {
  uint8_t bytes[SECRET_MAX];
  size_t length;
} secret;

/* `where` is a file, fd:N (a descriptor that is open) or env:NAME (a variable of the environment). The newline at its
 * end is cut where there is no other control character: a ticket in binary stays whole. NULL after a usage error that
 * names `option`; else to be given
 * back with secret_free, which wipes it. Warns of a file that others can read. */
secret *secret_read(cli *context, const char *option, const char *where);
void secret_free(secret *read);

/* Puts --passcode-file and --identity-file into the options. False after a usage error. */
bool secret_options_apply(cli *context, const arguments *args);

#endif
