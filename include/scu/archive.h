/* A small real PACS in one process: stores, answers queries, sends to others, commits. Its own library, libscu-archive.
 *
 * Objects are Part 10 files in a folder tree, found through an SQLite index beside them. An instance is acknowledged
 * when its file, its folder and its index row are durable. Any number of associations on one loop. */
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
} scu_archive_options;

/* Binds and listens at once. From `options` (may be NULL): AE title, listen address and port, accept-from list, limits,
 * time-outs. loop NULL = its own. A handle comes back even on failure (except for MEMORY) with the error in it. */
SCU_API scu_result scu_archive_new(scu_loop *loop, scu_archive **out, const scu_options *options,
                                   const scu_archive_options *archive);
/* Aborts what is open. NULL is allowed. */
SCU_API void scu_archive_free(scu_archive *archive);
SCU_API const scu_error *scu_archive_error(const scu_archive *archive);
SCU_API scu_result scu_archive_set_hooks(scu_archive *archive, const scu_hooks *hooks);
/* A move destination: `ae` is what a C-MOVE-RQ names, `peer` is AET@host:port. Before scu_archive_run. */
SCU_API scu_result scu_archive_add_peer(scu_archive *archive, const char *ae, const char *peer);
SCU_API const char *scu_archive_address(const scu_archive *archive); /* "host:port", the real port */
SCU_API int scu_archive_port(const scu_archive *archive);
SCU_API const char *scu_archive_ae(const scu_archive *archive);
/* Steps the loop until scu_archive_stop; then ends current instances (at most 10 s) and returns. */
SCU_API scu_result scu_archive_run(scu_archive *archive);
/* Any thread, hook or signal handler. The second call ends at once. */
SCU_API void scu_archive_stop(scu_archive *archive);

#ifdef __cplusplus
}
#endif
#endif
