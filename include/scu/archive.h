/* A small real PACS in one process: stores, answers queries, sends to others, commits. Its own library, libscu-archive.
 *
 * Objects are Part 10 files in a folder tree, found through an SQLite index beside them. An instance is acknowledged
 * when its file, its folder and its index row are durable; with SCU_DURABILITY_NONE when its file is written, and who
 * searches waits for its row. Any number of associations on one loop. */
#ifndef SCU_ARCHIVE_H
#define SCU_ARCHIVE_H

#include "scu/hooks.h"
#include "scu/listener.h"
#include "scu/loop.h"
#include "scu/options.h"
#include "scu/sink.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_archive scu_archive;

typedef struct scu_archive_options {
  size_t size;
  const char *root; /* made when missing: ROOT/objects/... and ROOT/index.sqlite */
  scu_durability durability;
  scu_on_duplicate on_duplicate;
  int demo;          /* fill an empty archive with the synthetic data set, and the worklist */
  const char *fault; /* misbehave as this says (docs/faults.md); NULL or "" = do not */
  /* Told from the first moment on, as by scu_archive_set_hooks: opening an archive that was not closed in order warns
   * of every row that it removes, and of every file that it cannot look at. NULL = none. Copied. */
  const scu_hooks *hooks;
} scu_archive_options;

/* Binds and listens at once. From `options` (may be NULL): AE title, listen address and port, accept-from list, limits,
 * time-outs; both structs and their texts are copied. loop NULL = its own. A handle comes back even on failure (except
 * for MEMORY) with the error in it. Blocks on the local disk: an index that is missing is made from every file, one
 * that was not closed in order is examined; `demo` steps the loop. */
SCU_API scu_result scu_archive_new(scu_loop *loop, scu_archive **out, const scu_options *options,
                                   const scu_archive_options *archive);
/* Aborts what is open; steps the loop, the caller's too, until what is being written is safe. NULL is allowed. */
SCU_API void scu_archive_free(scu_archive *archive);
SCU_API const scu_error *scu_archive_error(const scu_archive *archive);
/* instance: what was received; warning: of opening, see above; log. NULL = none. Copied. USAGE: hooks without size. */
SCU_API scu_result scu_archive_set_hooks(scu_archive *archive, const scu_hooks *hooks);
/* A move destination: `ae` is what a C-MOVE-RQ names, `peer` is AET@host:port. Before scu_archive_run. */
SCU_API scu_result scu_archive_add_peer(scu_archive *archive, const char *ae, const char *peer);
/* From the first such call on every association must say who is asking (PS3.7 D.3.3.7), with a name known here: alone
 * when passcode is NULL, else with these `length` bytes. It is confirmed when that is asked for; who is not known is
 * rejected (1/2/1). Copied. What comes without TLS (this version has none) can be read by everybody on the way. Before
 * scu_archive_run. */
SCU_API scu_result scu_archive_accept_user(scu_archive *archive, const char *name, const void *passcode, size_t length);
SCU_API const char *scu_archive_address(const scu_archive *archive); /* "host:port", the real port */
SCU_API int scu_archive_port(const scu_archive *archive);
SCU_API const char *scu_archive_ae(const scu_archive *archive);
/* Steps the loop until scu_archive_stop; then ends current instances (at most 10 s) and returns. */
SCU_API scu_result scu_archive_run(scu_archive *archive);
/* Any thread, hook or signal handler. The second call ends at once. */
SCU_API void scu_archive_stop(scu_archive *archive);

typedef struct scu_archive_check {
  size_t size;
  uint64_t files;   /* found under ROOT/objects */
  uint64_t indexed; /* whole, and known to the index now */
  uint64_t added;   /* of these, rows that were missing or told something else */
  uint64_t removed; /* rows whose file is gone */
  uint64_t damaged; /* no whole DICOM files, or not to be looked at: reported, never touched, their rows stay */
  int rebuilt;      /* the index was damaged and made anew; the old one is kept as damaged-index.sqlite */
} scu_archive_check;

/* Reads every file of the archive in `root` and makes the index agree. Nobody else may have the archive open. `problem`
 * (may be NULL) is told of everything that was not as it should be, one line each, the path of the file with it; also,
 * with `root` as path, why the check could not be carried out: STORAGE, MEMORY, UNSUPPORTED, USAGE. out->size is set by
 * the caller. */
SCU_API scu_result scu_archive_verify(const scu_allocator *allocator, const char *root, scu_archive_check *out,
                                      void (*problem)(void *user, const char *path, const char *reason), void *user);

#ifdef __cplusplus
}
#endif
#endif
