/* errno in words. strerror is not used: it is locale dependent and says "Success" too easily. */
#include "io/os_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
  int os_errno;
  const char *words;
  const char *hint; /* NULL = nothing useful to say */
} known[] = {
    {ECONNREFUSED, "connection refused", "is the peer running, and is this its DICOM port?"},
    {EHOSTUNREACH, "no route to host", "check the address, the network and firewalls between here and there"},
    {ENETUNREACH, "network unreachable", "check the address; is this machine on a network that reaches it (IPv6)?"},
    {ETIMEDOUT, "connection timed out", "nothing answers at this address: check it, and firewalls that drop packets"},
    {ECONNRESET, "connection reset by peer", NULL},
    {ECONNABORTED, "connection aborted", NULL},
    {EPIPE, "connection closed by peer", NULL},
    {EADDRINUSE, "address already in use",
     "another program has this port: stop it, or choose another port (0 = any free one)"},
    {EADDRNOTAVAIL, "address not available", "this machine has no such address; or all local ports are in use"},
    {EACCES, "permission denied", "check the permissions (ports below 1024 need privileges)"},
    {EPERM, "operation not permitted", NULL},
    {EMFILE, "too many open files", "raise the limit on open files (ulimit -n)"},
    {ENFILE, "too many open files in the system", NULL},
    {ENOBUFS, "no buffer space", NULL},
    {ENOMEM, "out of memory", NULL},
    {ENOSPC, "no space left on device", "free some space, or choose another folder"},
    {EDQUOT, "disk quota exceeded", "free some space, or choose another folder"},
    {EFBIG, "file too large", "the file system or a limit (ulimit -f) does not allow files of this size"},
    {EIO, "input/output error", "the disk may be failing: see the system's log"},
    {EROFS, "read-only file system", "choose a folder that can be written"},
    {ENOENT, "no such file or folder", NULL},
    {ENOTDIR, "not a folder", NULL},
    {EISDIR, "is a folder", NULL},
    {EEXIST, "exists already", NULL},
    {ELOOP, "too many symbolic links", NULL},
    {ENAMETOOLONG, "name too long", NULL},
    {EINVAL, "invalid argument", NULL},
    {EAFNOSUPPORT, "address family not supported", "this machine does not speak this kind of address (IPv6)"},
    {ENXIO, "no such device", NULL},
    {EXDEV, "on another file system", NULL},
    {EAGAIN, "temporarily unavailable", NULL},
    {ESTALE, "stale file handle", NULL},
};

enum { KNOWN_COUNT = sizeof known / sizeof *known };

const char *scu__os_words(int os_errno) {
  for (size_t i = 0; i < KNOWN_COUNT; i++)
    if (known[i].os_errno == os_errno) return known[i].words;
  return "system error";
}

scu_result scu__os_error(scu_error *error, scu_result result, scu_phase phase, int os_errno, const char *format, ...) {
  if (!error || error->result != SCU_OK) return result;
  char text[SCU__ERROR_TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  scu__error_set(error, result, phase, "%.320s: %s (errno %d)", text, scu__os_words(os_errno), os_errno);
  error->os_errno = os_errno;
  for (size_t i = 0; i < KNOWN_COUNT; i++)
    if (known[i].os_errno == os_errno && known[i].hint) scu__error_hint(error, "%s", known[i].hint);
  return result;
}
