/* Opened without waiting, looked at, and only then read as files are. */
#include "input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is open already is the business of whoever opened it. */
static bool is_open_already(const char *path) {
  static const char *const places[] = {"/dev/fd/", "/proc/self/fd/", "/dev/stdin"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    if (strncmp(path, places[i], strlen(places[i])) == 0) return true;
  return strcmp(path, "/dev/null") == 0;
}

static const char *find_fault(int descriptor, const char *path) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return strerror(errno);
  if (S_ISDIR(status.st_mode)) return strerror(EISDIR);
  return S_ISREG(status.st_mode) || is_open_already(path) ? NULL : "it is no regular file";
}

int input_file_open(const char *path, const char **reason) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  *reason = descriptor < 0 ? strerror(errno) : find_fault(descriptor, path);
  int flags = descriptor < 0 ? -1 : fcntl(descriptor, F_GETFL);
  if (!*reason && (flags < 0 || fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) < 0)) *reason = strerror(errno);
  if (!*reason) return descriptor;
  int kept = errno;
  if (descriptor >= 0) close(descriptor);
  errno = kept;
  return -1;
}
