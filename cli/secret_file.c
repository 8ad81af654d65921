/* Reading secrets: bounded, into memory that is wiped, and with a word on who else could have read them. */
#include "secret_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "input_file.h"

static bool is_one_line(const secret *read, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (read->bytes[i] < 0x20 || read->bytes[i] == 0x7F) return false;
  return true;
}

/* What editors and echo put there. A binary ticket is left as it is. */
static void cut_newline(secret *read) {
  size_t length = read->length;
  if (length > 0 && read->bytes[length - 1] == '\n') length--;
  if (length > 0 && read->bytes[length - 1] == '\r') length--;
  if (is_one_line(read, length)) read->length = length;
}

static bool fail(cli *context, const char *option, const char *where, const char *reason) {
  report_usage(context, NULL, "%s %s: %s", option, where, reason);
  return false;
}

static bool read_descriptor(cli *context, const char *option, const char *where, int descriptor, secret *to) {
  while (to->length < SECRET_MAX) {
    ssize_t got = read(descriptor, to->bytes + to->length, SECRET_MAX - to->length);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return fail(context, option, where, strerror(errno));
    if (got > 0) to->length += (size_t)got;
  }
  return true; /* too long, as the options will find */
}

static bool read_file(cli *context, const char *option, const char *path, secret *to) {
  const char *reason;
  int descriptor = input_file_open(path, &reason);
  struct stat status;
  if (descriptor < 0) return fail(context, option, path, reason);
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    say(context, "warning: %s %s can be read by others than its owner: chmod 600 it", option, path);
  bool is_read = read_descriptor(context, option, path, descriptor, to);
  close(descriptor);
  return is_read;
}

static bool read_open_descriptor(cli *context, const char *option, const char *where, secret *to) {
  const char *digits = where + strlen("fd:");
  int descriptor = 0;
  for (const char *p = digits; *p; p++) {
    if (*p < '0' || *p > '9' || p - digits > 5)
      return fail(context, option, where, "fd: wants the number of a descriptor");
    descriptor = descriptor * 10 + (*p - '0');
  }
  if (*digits == 0) return fail(context, option, where, "fd: wants the number of a descriptor");
  return read_descriptor(context, option, where, descriptor, to);
}

static bool read_variable(cli *context, const char *option, const char *where, secret *to) {
  const char *value = getenv(where + strlen("env:"));
  if (!value) return fail(context, option, where, "there is no such variable");
  to->length = strlen(value) < SECRET_MAX ? strlen(value) : SECRET_MAX;
  memcpy(to->bytes, value, to->length);
  return true;
}

secret *secret_read(cli *context, const char *option, const char *where) {
  secret *to = calloc(1, sizeof *to);
  bool is_read = false;
  if (!to)
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
  else if (strncmp(where, "fd:", 3) == 0)
    is_read = read_open_descriptor(context, option, where, to);
  else if (strncmp(where, "env:", 4) == 0)
    is_read = read_variable(context, option, where, to);
  else
    is_read = read_file(context, option, where, to);
  if (is_read) {
    cut_newline(to);
    if (to->length > 0) return to;
    fail(context, option, where, "it is empty");
  }
  secret_free(to);
  return NULL;
}

void secret_free(secret *read) {
  if (!read) return;
  volatile uint8_t *at = read->bytes;
  for (size_t i = 0; i < sizeof read->bytes; i++) at[i] = 0;
  free(read);
}

static bool apply(cli *context, const arguments *args, flag id, const char *name, scu_option to) {
  if (!args->has[id]) return true;
  secret *read = secret_read(context, name, args->value[id]);
  if (!read) return false;
  scu_result result = scu_options_set_secret(context->options, to, read->bytes, read->length);
  secret_free(read);
  if (result == SCU_OK) return true;
  report_usage(context, NULL, "%s %s", name, scu_error_reason(scu_options_error(context->options)));
  return false;
}

bool secret_options_apply(cli *context, const arguments *args) {
  return apply(context, args, FLAG_PASSCODE_FILE, "--passcode-file", SCU_OPTION_IDENTITY_PASSCODE) &&
         apply(context, args, FLAG_IDENTITY_FILE, "--identity-file", SCU_OPTION_IDENTITY_TOKEN);
}
