/* Instances are made durable in a hidden folder beside their place, renamed, and acknowledged when the new name is on
 * disk, too. */
#include "keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "classes.h"
#include "say.h"

/* ---- --ignore: taken, answered with Success, and thrown away ---- */

static scu_result ignore_begin(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome) {
  (void)user, (void)incoming, (void)outcome;
  *instance = NULL;
  return SCU_OK;
}

static scu_result ignore_write(void *user, void *instance, const uint8_t *bytes, size_t length,
                               scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)bytes, (void)length, (void)outcome;
  return SCU_OK;
}

static scu_result ignore_finish(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome) {
  (void)user, (void)instance, (void)completion;
  outcome->status = 0;
  return SCU_OK;
}

static void ignore_discard(void *user, void *instance) {
  (void)user, (void)instance;
}

/* ---- files ---- */

static int begin_folder(keep *k, const scu_options *options) {
  scu_disk_sink_options sink = {.size = sizeof sink};
  snprintf(k->scratch, sizeof k->scratch, "%s/.scu-XXXXXX", k->folder);
  if (strlen(k->folder) > sizeof k->scratch - 16 || !mkdtemp(k->scratch)) {
    log_line(k->h, LOG_FATAL, "specified output directory is not writeable: %s", strerror(errno));
    k->scratch[0] = 0;
    return k->h->tool == TOOL_MOVE ? HABIT_BAD_FOLDER : HABIT_FAILED;
  }
  scu_result result = scu_disk_sink_options_from(options, &sink);
  sink.root = k->scratch;
  if (result == SCU_OK) result = scu_disk_sink_new(&sink, &k->sink);
  if (result == SCU_OK) return HABIT_DONE;
  log_line(k->h, LOG_FATAL, "%s", k->sink ? scu_error_reason(scu_disk_sink_error(k->sink)) : "out of memory");
  return HABIT_FAILED;
}

int keep_begin(keep *k, const habits *h, const scu_options *options) {
  struct stat about;
  memset(k, 0, sizeof *k);
  k->h = h;
  k->folder = h->has[HABIT_OUTPUT] ? h->value[HABIT_OUTPUT] : ".";
  if (h->has[HABIT_IGNORE]) {
    k->nowhere = (scu_sink){.size = sizeof k->nowhere,
                            .begin = ignore_begin,
                            .write = ignore_write,
                            .finish = ignore_finish,
                            .discard = ignore_discard};
    k->sink = &k->nowhere;
    return HABIT_DONE;
  }
  if (stat(k->folder, &about) == 0 && S_ISDIR(about.st_mode)) return begin_folder(k, options);
  log_line(h, LOG_FATAL, "specified output directory does not exist");
  return h->tool == TOOL_MOVE ? HABIT_BAD_FOLDER : HABIT_FAILED;
}

/* The sink's own name for it is a safe one, whatever the UID was. */
static bool put_path(const keep *k, const scu_received *received, char to[KEEP_PATH_MAX]) {
  const char *slash = strrchr(received->path, '/');
  const char *name = slash ? slash + 1 : received->path;
  size_t length = strlen(name);
  if (length > 4 && strcmp(name + length - 4, ".dcm") == 0) length -= 4;
  bool is_bare = k->h->tool == TOOL_GET && k->h->choice[HABIT_BITS] == 1;
  int written =
      snprintf(to, KEEP_PATH_MAX, "%s/%s%s%.*s", k->folder,
               is_bare ? "" : storage_class_prefix(received->sop_class_uid), is_bare ? "" : ".", (int)length, name);
  return written > 0 && written < KEEP_PATH_MAX;
}

static bool sync_folder(const char *path) {
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool is_synced = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) close(folder);
  return is_synced;
}

void keep_received(keep *k, scu_received *received) {
  char path[KEEP_PATH_MAX];
  bool is_failure = received->status != 0 && (received->status & 0xF000) != 0xB000;
  if (k->sink == &k->nowhere || is_failure || !*received->path) return;
  bool is_named = put_path(k, received, path);
  if (is_named && access(path, F_OK) == 0) log_line(k->h, LOG_WARN, "DICOM file already exists, overwriting: %s", path);
  if (is_named && rename(received->path, path) == 0 && sync_folder(k->folder)) return;
  log_line(k->h, LOG_ERROR, "cannot write DICOM file: %s: %s", path, strerror(errno));
  unlink(received->path);
  received->status = 0xA700;
}

void keep_end(keep *k) {
  if (k->sink != &k->nowhere) scu_disk_sink_free(k->sink);
  if (k->scratch[0]) rmdir(k->scratch);
}
