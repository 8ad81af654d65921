/* Where received instances go: begin, write ..., finish - or discard.
 *
 * A sink may finish later: its completion is posted from any thread, and only then is the C-STORE answered. So
 * "acknowledged" can mean "safe on disk" without anybody waiting. Write your own, or use the disk sink below. */
#ifndef SCU_SINK_H
#define SCU_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "scu/allocator.h"
#include "scu/error.h"
#include "scu/options.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known before the first byte of the dataset. Texts are as the peer sent them (padding dropped), never NULL
 * ("" = none), borrowed until begin returns. Never make a file name of one: they may hold anything. */
typedef struct scu_incoming {
  size_t size;
  const char *sop_class_uid;
  const char *sop_instance_uid;
  const char *transfer_syntax_uid;
  const char *calling_ae;
  const char *called_ae;
  const char *peer;                    /* "10.1.2.3:40112" */
  const char *move_originator_ae;      /* (0000,1030); "" when the store belongs to no C-MOVE that said so */
  uint16_t move_originator_message_id; /* (0000,1031) */
  uint16_t message_id;
  uint8_t context_id;
} scu_incoming;

/* What became of one instance. Zeroed by the library before it is handed out. Texts that do not live for ever go
 * through scu_completion_keep. */
typedef struct scu_sink_outcome {
  size_t size;
  uint16_t status; /* DIMSE status of the answer (PS3.4 B.2.3): 0000 stored, Bxxx stored with a warning, A7xx, A9xx or
                      Cxxx not stored */
  const char *comment; /* Error Comment (0000,0902), at most 64 characters are sent; NULL = none. No patient data */
  const char *path;    /* where it is now; NULL = nowhere that has a path */
  const char *study_instance_uid;  /* NULL = not known to this sink */
  const char *series_instance_uid; /* likewise */
  int is_duplicate;                /* the same content was there before: nothing was written */
  uint64_t length;                 /* bytes written, header included */
} scu_sink_outcome;

/* The promise of one finish. Belongs to the library; valid until it is posted, or until finish returns something
 * other than SCU_PENDING. */
typedef struct scu_completion scu_completion;

/* Ends a finish that returned SCU_PENDING: exactly once, from any thread, possibly before finish returned. Copies the
 * outcome and its texts; the completion may be gone when this returns. Harmless when the association has died
 * meanwhile. */
SCU_API void scu_completion_post(scu_completion *completion, const scu_sink_outcome *outcome);
/* A copy of `text` that lives as long as the completion; NULL for NULL or without memory. For the texts of an outcome
 * that finish fills at once. */
SCU_API const char *scu_completion_keep(scu_completion *completion, const char *text);

typedef struct scu_sink {
  size_t size; /* sizeof(scu_sink) of the caller; shorter than version 0.1.0's is USAGE where the sink is handed over */

  /* A new instance. On SCU_OK *instance goes into the calls below (may be NULL). Else outcome->status and comment say
   * what the peer is told (status 0000 = the library chooses by the result: A700 for STORAGE, MEMORY and LIMIT, else
   * C000), the dataset is read and thrown away, and neither finish nor discard follows. Must not block on a network. */
  scu_result (*begin)(void *user, const scu_incoming *incoming, void **instance, scu_sink_outcome *outcome);

  /* The next bytes of the dataset as it came from the wire (no Part 10 header, still deflated where the transfer syntax
   * says so), borrowed until it returns. length > 0. Else than SCU_OK: as with begin, but discard follows; texts in the
   * outcome must live until discard. */
  scu_result (*write)(void *user, void *instance, const uint8_t *bytes, size_t length, scu_sink_outcome *outcome);

  /* The dataset is complete. SCU_OK: the outcome is filled now (its status may still be a failure). SCU_PENDING: it
   * comes by scu_completion_post. Any other result: not stored, the outcome's status as with begin. The instance is the
   * sink's to free in all three cases; discard does not follow. */
  scu_result (*finish)(void *user, void *instance, scu_completion *completion, scu_sink_outcome *outcome);

  /* The instance will not be finished (association lost, write failed, caller cancelled): free it, and let nothing stay
   * under a final name. Never called after finish. */
  void (*discard)(void *user, void *instance);

  void *user;
} scu_sink;

/* --- the disk sink ------------------------------------------------------------------------------------------------ */

/* Values are frozen. */
typedef enum scu_durability {
  SCU_DURABILITY_BATCH = 0, /* synced before the answer; syncs of many instances are shared */
  SCU_DURABILITY_FILE = 1,  /* synced before the answer, each instance by itself */
  SCU_DURABILITY_NONE = 2   /* not synced */
} scu_durability;

typedef enum scu_on_duplicate {
  /* Other content under the same UID: the first stays, the new one is answered C001. A retrieve takes this answer, of
   * whatever sink, for a conflict (scu_retrieve_report_conflicts). */
  SCU_DUPLICATE_KEEP = 0,
  SCU_DUPLICATE_REPLACE = 1, /* the new one takes its place, atomically */
  SCU_DUPLICATE_BOTH = 2     /* the new one is stored beside it as <uid>~2.dcm */
} scu_on_duplicate;

typedef enum scu_layout {
  SCU_LAYOUT_TREE = 0, /* ROOT/<StudyInstanceUID>/<SeriesInstanceUID>/<SOPInstanceUID>.dcm */
  SCU_LAYOUT_FLAT = 1  /* ROOT/<SOPInstanceUID>.dcm */
} scu_layout;

typedef struct scu_disk_sink_options {
  size_t size;      /* sizeof(scu_disk_sink_options) of the caller; shorter than version 0.1.0's is USAGE */
  const char *root; /* made when missing (0750); objects are 0640 */
  scu_durability durability;
  scu_on_duplicate on_duplicate;
  scu_layout layout;
  const char *implementation_class_uid;    /* (0002,0012); NULL = libscu's */
  const char *implementation_version_name; /* (0002,0013); NULL = libscu's */
  const scu_allocator *allocator;          /* NULL = malloc; outlives the sink */
  /* A folder that is there, on the file system of `root`: files are in it while they are not whole, with no name where
   * the file system can do that. NULL or "" = in the folder they are for. */
  const char *temporary_directory;
} scu_disk_sink_options;

/* What the bag says of sinks (SCU_USED_BY_SINK) and of memory, into *out; out->size and out->root are the caller's.
 * Texts are borrowed from the bag, which may be NULL: all defaults. USAGE when out->size is too short. */
SCU_API scu_result scu_disk_sink_options_from(const scu_options *options, scu_disk_sink_options *out);

/* Part 10 files under `root`. Hostile or odd UIDs never refuse an instance: it gets a safe derived name and keeps its
 * UID inside. Instances without Study or Series UID go to ROOT/no-study or ROOT/<study>/no-series. The same content
 * again is a success without rewriting. A dataset that ends inside something, inflates without end or cannot be read at
 * all is answered C000 and leaves no file; one that cannot be read further in is kept as it came and answered B007. A
 * dataset that has no SOP Class or Instance UID, or other ones than the command, is answered A900, a full or failing
 * disk A700; neither leaves a file. May be shared by several loops. A handle comes back with the error in it (except
 * for MEMORY); such a sink refuses every instance. Errors: USAGE, STORAGE, MEMORY. */
SCU_API scu_result scu_disk_sink_new(const scu_disk_sink_options *options, scu_sink **out);
/* USAGE for a sink that scu_disk_sink_new did not make; NULL for NULL. */
SCU_API const scu_error *scu_disk_sink_error(const scu_sink *sink);
/* Waits for what is pending. Every instance must have been finished or discarded. NULL is allowed; nothing happens to a
 * sink that scu_disk_sink_new did not make. */
SCU_API void scu_disk_sink_free(scu_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
