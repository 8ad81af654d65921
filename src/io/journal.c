/* Journal: magic, then records of length (4 bytes), checksum (8) and payload, all little endian. Appending writes at
 * the end that is known to be good and syncs; reading stops at the first record that does not check. */
#define _GNU_SOURCE
#include "io/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/endian.h"
#include "io/os_error.h"

enum { MAGIC_LENGTH = 8, HEAD_LENGTH = 12, FILE_MODE = 0640 };

static const uint8_t magic[MAGIC_LENGTH] = {'S', 'C', 'U', 'J', 'R', 'N', 'L', '1'};

struct scu__journal {
  const scu_allocator *allocator;
  char *path;
  int fd;
  uint64_t length; /* of what is known to be good */
  bool is_broken;
};

/* FNV-1a: against torn writes, not against people. */
static uint64_t checksum(const uint8_t *bytes, size_t length) {
  uint64_t sum = 14695981039346656037u ^ length;
  for (size_t i = 0; i < length; i++) sum = (sum ^ bytes[i]) * 1099511628211u;
  return sum;
}

static void store_head(uint8_t head[HEAD_LENGTH], const uint8_t *bytes, size_t length) {
  uint64_t sum = checksum(bytes, length);
  scu__store_u32le(head, (uint32_t)length);
  scu__store_u32le(head + 4, (uint32_t)sum);
  scu__store_u32le(head + 8, (uint32_t)(sum >> 32));
}

static bool head_agrees(const uint8_t head[HEAD_LENGTH], const uint8_t *bytes, size_t length) {
  uint8_t expected[HEAD_LENGTH];
  store_head(expected, bytes, length);
  return memcmp(head, expected, HEAD_LENGTH) == 0;
}

/* --- system calls, whole ------------------------------------------------------------------------------------------ */

/* 0 or an errno. */
static int write_at(int fd, uint64_t offset, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = pwrite(fd, bytes, length, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    bytes += n;
    offset += (uint64_t)n;
    length -= (size_t)n;
  }
  return 0;
}

/* Fewer than `length` at the end of the file; -1 and errno. */
static ssize_t read_at(int fd, uint64_t offset, uint8_t *to, size_t length) {
  size_t got = 0;
  while (got < length) {
    ssize_t n = pread(fd, to + got, length - got, (off_t)(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    got += (size_t)n;
  }
  return (ssize_t)got;
}

static int sync_fd(int fd) {
  while (fsync(fd) != 0)
    if (errno != EINTR) return errno;
  return 0;
}

static int cut(int fd, uint64_t length) {
  while (ftruncate(fd, (off_t)length) != 0)
    if (errno != EINTR) return errno;
  return sync_fd(fd);
}

/* The name of a new file is safe when its folder is synced. 0 or an errno. */
static int sync_folder_of(const scu__journal *journal) {
  const char *slash = strrchr(journal->path, '/');
  char *folder = slash ? scu__strndup(journal->allocator, journal->path, (size_t)(slash - journal->path) + 1)
                       : scu__strdup(journal->allocator, ".");
  if (!folder) return ENOMEM;
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), os_errno = errno;
  scu__free(journal->allocator, folder);
  if (fd < 0) return os_errno;
  os_errno = sync_fd(fd);
  close(fd);
  return os_errno == EINVAL ? 0 : os_errno;
}

static scu_result failed(const scu__journal *journal, int os_errno, const char *what, scu_error *error) {
  return scu__os_error(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, os_errno, "%s: cannot %s", journal->path, what);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static scu_result begin_file(scu__journal *journal, scu_error *error) {
  int os_errno = cut(journal->fd, 0);
  if (!os_errno) os_errno = write_at(journal->fd, 0, magic, MAGIC_LENGTH);
  if (!os_errno) os_errno = sync_fd(journal->fd);
  if (!os_errno) os_errno = sync_folder_of(journal);
  if (os_errno) return failed(journal, os_errno, "be begun", error);
  journal->length = MAGIC_LENGTH;
  return SCU_OK;
}

static scu_result lock_file(const scu__journal *journal, bool is_patient, scu_error *error) {
  int result;
  do result = flock(journal->fd, is_patient ? LOCK_EX : LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  if (result == 0) return SCU_OK;
  if (errno != EWOULDBLOCK) return failed(journal, errno, "be locked", error);
  scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, "%s is in use by another process", journal->path);
  scu__error_hint(error, "one archive on one folder at a time: end the other one first");
  return SCU_ERROR_STORAGE;
}

/* SCU_END at the first record that is not whole. */
static scu_result read_record(scu__journal *journal, scu__buffer *record, scu_error *error) {
  uint8_t head[HEAD_LENGTH];
  ssize_t got = read_at(journal->fd, journal->length, head, HEAD_LENGTH);
  if (got < 0) return failed(journal, errno, "be read", error);
  uint32_t length = scu__load_u32le(head);
  if (got < HEAD_LENGTH || length > SCU__JOURNAL_RECORD_MAX) return SCU_END;
  scu__buffer_clear(record);
  uint8_t *to = scu__buffer_reserve(record, length);
  if (!to) return scu__error_memory(error, SCU_PHASE_STORAGE);
  got = read_at(journal->fd, journal->length + HEAD_LENGTH, to, length);
  if (got < 0) return failed(journal, errno, "be read", error);
  if ((size_t)got < length || !head_agrees(head, to, length)) return SCU_END;
  scu__buffer_commit(record, length);
  return SCU_OK;
}

static scu_result read_records(scu__journal *journal, scu__journal_take take, void *user, scu_error *error) {
  scu__buffer record;
  scu__buffer_init(&record, journal->allocator, SCU__JOURNAL_RECORD_MAX);
  scu_result result = SCU_OK;
  while (result == SCU_OK) {
    result = read_record(journal, &record, error);
    if (result != SCU_OK) break;
    journal->length += HEAD_LENGTH + record.length;
    result = take(user, record.data, record.length);
    if (result < 0) scu__error_set(error, result, SCU_PHASE_STORAGE, "%s: a record cannot be used", journal->path);
  }
  scu__buffer_free(&record);
  return result == SCU_END ? SCU_OK : result;
}

static scu_result read_file(scu__journal *journal, scu__journal_take take, void *user, scu_error *error) {
  uint8_t found[MAGIC_LENGTH];
  ssize_t got = read_at(journal->fd, 0, found, MAGIC_LENGTH);
  if (got < 0) return failed(journal, errno, "be read", error);
  if (memcmp(found, magic, (size_t)got) != 0)
    return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_STORAGE, "%s is no journal of ours", journal->path);
  if (got < MAGIC_LENGTH) return begin_file(journal, error);
  journal->length = MAGIC_LENGTH;
  scu_result result = read_records(journal, take, user, error);
  if (result != SCU_OK) return result;
  struct stat status;
  bool has_torn_end = fstat(journal->fd, &status) == 0 && (uint64_t)status.st_size > journal->length;
  int os_errno = has_torn_end ? cut(journal->fd, journal->length) : 0;
  return os_errno ? failed(journal, os_errno, "be cut", error) : SCU_OK;
}

static scu_result open_journal(const char *path, bool is_patient, const scu_allocator *allocator,
                               scu__journal_take take, void *user, scu__journal **out, scu_error *error) {
  *out = NULL;
  scu__journal *journal = scu__alloc(allocator, sizeof *journal);
  if (!journal) return scu__error_memory(error, SCU_PHASE_STORAGE);
  journal->allocator = allocator;
  journal->fd = -1;
  journal->path = scu__strdup(allocator, path);
  scu_result result = journal->path ? SCU_OK : scu__error_memory(error, SCU_PHASE_STORAGE);
  if (result == SCU_OK) {
    journal->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, FILE_MODE);
    if (journal->fd < 0) result = failed(journal, errno, "be opened", error);
  }
  if (result == SCU_OK) result = lock_file(journal, is_patient, error);
  if (result == SCU_OK) result = read_file(journal, take, user, error);
  if (result == SCU_OK)
    *out = journal;
  else
    scu__journal_close(journal);
  return result;
}

scu_result scu__journal_open(const char *path, const scu_allocator *allocator, scu__journal_take take, void *user,
                             scu__journal **out, scu_error *error) {
  return open_journal(path, false, allocator, take, user, out, error);
}

scu_result scu__journal_open_in_turn(const char *path, const scu_allocator *allocator, scu__journal_take take,
                                     void *user, scu__journal **out, scu_error *error) {
  return open_journal(path, true, allocator, take, user, out, error);
}

void scu__journal_close(scu__journal *journal) {
  if (!journal) return;
  if (journal->fd >= 0) close(journal->fd);
  scu__free(journal->allocator, journal->path);
  scu__free(journal->allocator, journal);
}

/* --- changing ----------------------------------------------------------------------------------------------------- */

static scu_result refuse_broken(const scu__journal *journal, scu_error *error) {
  return scu__error_set(error, SCU_ERROR_STORAGE, SCU_PHASE_STORAGE, "%s could not be written before", journal->path);
}

/* Nothing of the failed record may be read later: what cannot be cut off makes the journal useless. */
static void take_back(scu__journal *journal) {
  if (cut(journal->fd, journal->length) != 0) journal->is_broken = true;
}

scu_result scu__journal_append(scu__journal *journal, const void *bytes, size_t length, scu_error *error) {
  if (length > SCU__JOURNAL_RECORD_MAX)
    return scu__error_set(error, SCU_ERROR_LIMIT, SCU_PHASE_STORAGE, "a journal record of %zu bytes", length);
  if (journal->is_broken) return refuse_broken(journal, error);
  uint8_t head[HEAD_LENGTH];
  store_head(head, bytes, length);
  int os_errno = write_at(journal->fd, journal->length, head, HEAD_LENGTH);
  if (!os_errno) os_errno = write_at(journal->fd, journal->length + HEAD_LENGTH, bytes, length);
  if (!os_errno) os_errno = sync_fd(journal->fd);
  if (os_errno) {
    take_back(journal);
    return failed(journal, os_errno, "be written", error);
  }
  journal->length += HEAD_LENGTH + length;
  return SCU_OK;
}

scu_result scu__journal_clear(scu__journal *journal, scu_error *error) {
  if (journal->is_broken) return refuse_broken(journal, error);
  int os_errno = cut(journal->fd, MAGIC_LENGTH);
  if (os_errno) return failed(journal, os_errno, "be cleared", error);
  journal->length = MAGIC_LENGTH;
  return SCU_OK;
}

scu_result scu__journal_rename(scu__journal *journal, const char *path, scu_error *error) {
  char *copy = scu__strdup(journal->allocator, path);
  if (!copy) return scu__error_memory(error, SCU_PHASE_STORAGE);
  if (rename(journal->path, path) != 0) {
    scu__free(journal->allocator, copy);
    return failed(journal, errno, "be renamed", error);
  }
  scu__free(journal->allocator, journal->path);
  journal->path = copy;
  int os_errno = sync_folder_of(journal);
  return os_errno ? failed(journal, os_errno, "be renamed for good", error) : SCU_OK;
}

scu_result scu__journal_delete(scu__journal *journal, scu_error *error) {
  scu_result result = SCU_OK;
  if (unlink(journal->path) != 0) result = failed(journal, errno, "be deleted", error);
  int os_errno = result == SCU_OK ? sync_folder_of(journal) : 0;
  if (os_errno) result = failed(journal, os_errno, "be deleted for good", error);
  scu__journal_close(journal);
  return result;
}

uint64_t scu__journal_length(const scu__journal *journal) {
  return journal->length;
}
