/* What a session tells while it works. Any may be NULL. Every hook runs on the loop's thread between protocol steps and
 * delays the association while it runs. It may call scu_cancel and scu_abort, and start or wait for other operations,
 * on this session or another, of the same loop; where these are not allowed an association of their own, waiting for
 * them ends with LIMIT (SCU_OPTION_PEER_ASSOCIATIONS). The operation that a hook was called for cannot be waited for
 * from inside of it (scu_op_wait, scu_matches_next: USAGE); freed there (scu_op_free, scu_matches_free and _close, and
 * scu_listener_free from a listener's own hook), it goes when the hook has returned, no hook is told of it any more,
 * and a call that waits for it is then CANCELLED. A hook must not free its session, the source that it was called for,
 * or a listener of its own session's operations.
 *
 * FROM INSIDE PROTOCOL STEPS come log and the hooks of associations, TCP and messages, as each says. They may call
 * scu_cancel, scu_abort and the getters of the session, and nothing else of the library. What is called all the same: a
 * call that would wait, or step the loop, is USAGE; operations and associations that are cancelled, freed or closed are
 * it when the hook has returned. */
#ifndef SCU_HOOKS_H
#define SCU_HOOKS_H

#include <stddef.h>
#include <stdint.h>

#include "scu/edits.h"
#include "scu/message.h"
#include "scu/proposal.h"
#include "scu/query.h"
#include "scu/report.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_progress {
  size_t size;
  uint64_t instances_done;
  uint64_t instances_total; /* 0 = not known */
  uint64_t bytes_done;
} scu_progress;

/* An instance that is about to be sent, for before_store. Texts are valid during the hook. */
typedef struct scu_store_candidate {
  size_t size;
  const char *path; /* "" for an object in memory */
  const char *sop_class_uid, *sop_instance_uid;
  const char *transfer_syntax_uid; /* of the file; it may go out in another native one */
  uint64_t bytes;                  /* of its dataset */
  uint16_t priority;               /* may be changed: 0 medium, 1 high, 2 low (PS3.7 9.3.1.1); many peers ignore it */
  /* An empty list, for this instance alone: what is put in is applied, after the edits of the source, before it is sent
   * (scu/edits.h). It stands for every retry, and the outcome names the old UID as the source. An instance that cannot
   * be edited so has failed, and is not sent. Valid during the hook. */
  scu_edits *edits;
} scu_store_candidate;

typedef enum scu_store_choice {
  SCU_STORE_SEND = 0,
  SCU_STORE_SKIP = 1, /* this one: told as skipped */
  SCU_STORE_SKIP_REST =
      2 /* this one and all that were not begun: told as skipped; the operation then ends with SCU_OK */
} scu_store_choice;

/* A match of a C-FIND, for the match hook. Borrowed for the call. */
typedef struct scu_match {
  size_t size;
  const scu_dataset *dataset; /* as scu_matches_next gives it, with what the levels above said */
  scu_query_level level;      /* of the query, or its depth; DEFAULT for a worklist */
  uint64_t number;            /* 1, 2, ... in the order in which they came, skipped ones too */
  scu_tag mismatch;           /* as scu_matches_mismatch says it; 0 = it meets all keys */
} scu_match;

typedef enum scu_match_choice {
  SCU_MATCH_TAKE = 0,  /* delivered by scu_matches_next */
  SCU_MATCH_SKIP = 1,  /* not delivered; counts for no limit */
  SCU_MATCH_ENOUGH = 2 /* delivered as the last one; the find is cancelled and ends with SCU_OK, as by a limit */
} scu_match_choice;

/* A pending response of a C-MOVE or C-GET (PS3.7 9.1.3, 9.1.4): the peer's counts of sub-operations, of this request
 * only - a retrieve may take several. -1 = the response does not say. */
typedef struct scu_sub_operations {
  size_t size;
  const char *destination_ae; /* of the C-MOVE; "" = C-GET */
  uint16_t status;            /* FF00 */
  int32_t remaining, completed, failed, warning;
} scu_sub_operations;

/* An instance that has come, for before_keep and received. Texts are valid during the hook, as the peer sent them. */
typedef struct scu_received {
  size_t size;
  const char *sop_class_uid, *sop_instance_uid;         /* of the C-STORE-RQ */
  const char *transfer_syntax_uid;                      /* as it went over the wire */
  const char *study_instance_uid, *series_instance_uid; /* "" = not known to the sink, or not yet */
  const char *calling_ae;                               /* who asked for the association */
  const char *path;                                     /* "" = nowhere that has a path, or not yet */
  uint64_t bytes;                                       /* of its dataset */
  int is_duplicate;                                     /* the sink had the same content before, and wrote nothing */
  /* What will be answered (PS3.4 B.2.3): 0000, or the sink's warning. May be changed: 0000 stored, B000, B006 or B007
   * stored with a warning, which the report counts apart, anything else refused. What is no failure of a C-STORE -
   * other warnings, which the peer would take for "stored", or a status that ends none - is answered as C000. */
  uint16_t status;
} scu_received;

/* The result of a storage commitment, for the commit hook; details are in the report (scu/commit.h). */
typedef struct scu_committed {
  size_t size;
  const char *transaction_uid;
  uint64_t committed, failed;
  uint64_t unlisted; /* asked for, and not in the result: not committed */
} scu_committed;

typedef struct scu_hooks {
  size_t size;
  /* The fate of one instance is known: sent and answered, received and safe, failed or skipped. */
  void (*instance)(void *user, const scu_instance_outcome *outcome);
  /* At most about ten times a second. */
  void (*progress)(void *user, const scu_progress *progress);
  /* Something the user should know that is not an error: one line, no patient data. Those about the user identity come
   * from inside protocol steps. */
  void (*warning)(void *user, const char *text);
  /* Library log lines, level 1 (warning) to 3 (debug); association 0 = none. They come from inside protocol steps, too,
   * and this hook may also call scu_listener_stop. */
  void (*log)(void *user, int level, uint32_t association, const char *text);
  void *user;

  /* Associations of a session, numbered from 1, or by the log that it has (SCU_OPTION_LOG), over all who share it;
   * those with other AEs that a retrieve asks (see session.h) among them, of which before_connect names the peer and
   * the getters of the session say nothing. These three come from inside protocol steps. A hook that is slow delays
   * what it is told of, and every other association of its loop. The order is: before_associate, before_connect,
   * after_connect, after_associate; then the messages; before_release, after_release, after_close. */

  /* An association is about to be asked for: the proposal may be changed. */
  void (*before_associate)(void *user, uint32_t association, scu_proposal *proposal);
  /* It is there - error is NULL, and scu_session_context and its neighbours say what was agreed - or it could not be
   * had: connecting failed, or it was rejected or aborted. */
  void (*after_associate)(void *user, uint32_t association, const scu_error *error);
  /* One that was there is over, told once for each: released (error is NULL), aborted by either side, or closed
   * unexpectedly. scu_error_result is ABORTED after an A-ABORT (PS3.8 7.3, 9.3.8): the peer's when scu_error_source is
   * not 0xFF, else ours, at the wish of the caller or of an operation that was given up. CLOSED and TRANSPORT: the
   * connection ended without a word. Anything else is the fault for which we aborted. */
  void (*after_close)(void *user, uint32_t association, const scu_error *error);

  /* Each instance of a store, once, before it is sent the first time: it may be skipped, and edited. What came of it is
   * told by `instance`. Others may be on their way meanwhile: the hook may take its time, and do what hooks may. Not
   * asked in a dry run. */
  scu_store_choice (*before_store)(void *user, scu_store_candidate *candidate);

  /* Each match of a find that was started by scu_find or scu_find_start - not of the ones by which a retrieve takes
   * stock - before scu_matches_next delivers it, one after the other. From a clean stack, so that the hook may start
   * finds, moves and gets, on this session or another of the loop, and wait for them: they take another association,
   * while this find goes on being read, up to 512 matches; then its peer is held back, and loses nothing. A find that
   * the hook starts is told of here, too: see level. A hook that is slow without waiting on the loop delays everything
   * on it, but no peer is called silent for that. After a cancel or an abort the matches that are left are not told of,
   * and not delivered, and the find ends with CANCELLED or ABORTED, even when the peer was done with it. */
  scu_match_choice (*match)(void *user, const scu_match *match);
  /* Each pending response of a C-MOVE or C-GET, whoever the destination is. May do what hooks may; until it returns
   * nothing more is read from this association, and the operation's time-outs do not run. */
  void (*sub_operation)(void *user, const scu_sub_operations *counts);
  /* Each instance of a C-GET, of a C-MOVE to ourselves or of a listener, before it is answered. Both hooks may change
   * the status, and do what hooks may; the peer waits, and the operation's time-outs wait with it. An association that
   * ends meanwhile ends the instance: what is chosen then is not told to anybody.
   * before_keep: its dataset has come to its last byte and the sink was not yet told so. What is refused here is
   * discarded by the sink, so that nothing of it ever stands under a final name. A warning is answered if the sink
   * keeps it without one of its own.
   * received: the sink says that it is safe. Refused here it is answered as a failure, is reported as failed and counts
   * as missing (so that a retrieve asks for it once more), but its file stays at `path`: it is there and durable, and
   * the same content may have been acknowledged to somebody else meanwhile. Moving or removing it is up to the hook. */
  void (*before_keep)(void *user, scu_received *received);
  void (*received)(void *user, scu_received *received);

  /* These six, too, come from inside protocol steps. */

  /* TCP, apart from the association on it. The peer is about to be looked up and connected to: "AET@host:port", as
   * scu_session_peer says. */
  void (*before_connect)(void *user, uint32_t association, const char *peer);
  /* Once after each before_connect. Connected, error is NULL and address the one that answered ("192.0.2.1:104",
   * "[2001:db8::1]:104"); or it was not, and address is "". */
  void (*after_connect)(void *user, uint32_t association, const char *address, const scu_error *error);
  /* A-RELEASE (PS3.8 7.2). We are about to ask for it, or - is_by_peer is 1 - the peer has, and our answer has not left
   * yet. */
  void (*before_release)(void *user, uint32_t association, int is_by_peer);
  /* Once after each before_release: released (error is NULL), or why not: no answer in time, aborted or closed instead.
   * after_close follows. */
  void (*after_release)(void *user, uint32_t association, const scu_error *error);

  /* Every DIMSE message of the session's associations, both ways, C-CANCEL and the C-STOREs of a C-GET or of a C-MOVE
   * to ourselves included. Sent: it is about to be queued, and may be changed, see message.h. Received: its command is
   * whole, its dataset may still be coming, and nothing has acted on it. When hooks are set later, they hear of
   * messages from the next one on. */
  void (*before_message)(void *user, scu_message *message);
  /* Sent: its last fragment was handed over to be sent. Received: command and dataset were taken and acted on. Not
   * called for a message that did not get so far, because the association ended or it was given up before. */
  void (*after_message)(void *user, const scu_message *message);

  /* The result of a storage commitment has come, on whatever association, for an operation that waits or for one that
   * is long over; it was answered, and is in the ledger if there is one. Each once. */
  void (*commit)(void *user, const scu_committed *result);
} scu_hooks;

#ifdef __cplusplus
}
#endif
#endif
