/* A session: everything one application wants of one peer. It owns 1..n associations, opened when an operation needs
 * them and reused by later ones (PS3.7, PS3.8), and releases them when it is freed.
 *
 * The *_start calls return NULL when there is no memory or the session could not be opened (scu_session_error). What
 * they borrow (source, sink, query) must live until the operation is done; queries are copied.
 *
 * Blocking calls return when the operation is done. Their DIMSE outcome is in the response or report; the scu_result
 * says whether the operation could be carried out. Details of a failure: scu_session_error. */
#ifndef SCU_SESSION_H
#define SCU_SESSION_H

#include "scu/dataset.h"
#include "scu/hooks.h"
#include "scu/loop.h"
#include "scu/options.h"
#include "scu/query.h"
#include "scu/report.h"
#include "scu/sink.h"
#include "scu/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct scu_session scu_session;

/* peer: AET@host:port, scu://AET@host:port, or a name from the options' node file. options may be NULL (defaults) and
 * are copied. A handle comes back even when this fails (except for MEMORY), with the error in it. */
SCU_API scu_result scu_session_new(scu_session **out, const scu_options *options, const char *peer);
/* The same on a loop of the caller's, which must outlive the session. */
SCU_API scu_result scu_session_new_on(scu_loop *loop, scu_session **out, const scu_options *options, const char *peer);
/* Releases what is open, within the release time-out, then closes. Operations and matches of the session that were not
 * freed yet are freed with it: do not touch them afterwards. NULL is allowed. Not from a hook. */
SCU_API void scu_session_free(scu_session *session);
/* The last failure, valid until the next call on the session. Never NULL for a session. */
SCU_API const scu_error *scu_session_error(const scu_session *session);
/* Copied; the functions and user must stay valid for the session's life. NULL = none. USAGE when hooks->size is not
 * that of a scu_hooks. */
SCU_API scu_result scu_session_set_hooks(scu_session *session, const scu_hooks *hooks);

/* Anything of the caller's, to find his own way back from a session; NULL before it was set. Never looked at. */
SCU_API void scu_session_set_tag(scu_session *session, void *tag);
SCU_API void *scu_session_tag(const scu_session *session);

/* Cancel: operations end early the way PS3.7 allows (see scu_op_cancel). Abort: A-ABORT on every association at once.
 * Both from any thread, hook or signal handler; both only ask, the running call returns soon after.
 *
 * Either is for the operations that were started before it and are not done yet, those that wait for an association
 * among them. What is started later goes its way, on the same association after a cancel, on a new one after an abort.
 * Where nothing runs, a cancel does nothing, and an abort ends the associations that are idle: when the loop has its
 * next turn, or when an operation is started or the session freed. So one that comes between two operations ends
 * neither: who has several to do, and a Ctrl-C that shall end
 * them all, remembers it himself and looks before he starts the next. A find is done when its last match has come and
 * the match hook has heard of it; those that wait to be read are no reason to end it otherwise. */
SCU_API void scu_cancel(scu_session *session);
SCU_API void scu_abort(scu_session *session);

/* C-ECHO (PS3.4 A). */
SCU_API scu_result scu_echo(scu_session *session, scu_response **out);
SCU_API scu_op *scu_echo_start(scu_session *session);
SCU_API scu_result scu_echo_take(scu_op *op, scu_response **out); /* after the op is done */

/* C-STORE (PS3.4 B) of everything the source gives. The source is borrowed until the operation is done. A failing
 * instance never ends the operation; it is in the report, and in the instance hook. */
SCU_API scu_result scu_store(scu_session *session, scu_source *source, scu_store_report **out);
SCU_API scu_op *scu_store_start(scu_session *session, scu_source *source);
SCU_API scu_result scu_store_take(scu_op *op, scu_store_report **out);
/* Like store without any connection: reads and checks everything, reports what would be sent. */
SCU_API scu_result scu_store_dry_run(scu_session *session, scu_source *source, scu_store_report **out);

/* C-FIND (PS3.4 C). Matches are pulled; a slow reader holds the peer back (TCP), nothing is lost. Other operations of
 * the session may run meanwhile: they use another association. */
typedef struct scu_matches scu_matches;
SCU_API scu_result scu_find(scu_session *session, const scu_query *query, scu_matches **out);
/* Returns at once: pull with scu_matches_poll while the loop is stepped. */
SCU_API scu_result scu_find_start(scu_session *session, const scu_query *query, scu_matches **out);
/* SCU_OK and a match, borrowed until the next call; SCU_END after the last; or an error, then too the rows that came
 * before it were real matches. A match comes when the match hook, if there is one, has taken it. USAGE from inside the
 * match hook of this find. CANCELLED also when a hook has closed or freed the find while this call waited: it is gone
 * then. So does scu_find, with *out NULL and the session's error set. */
SCU_API scu_result scu_matches_next(scu_matches *matches, const scu_dataset **match);
/* As scu_matches_next, but SCU_PENDING instead of waiting. */
SCU_API scu_result scu_matches_poll(scu_matches *matches, const scu_dataset **match);
SCU_API uint64_t scu_matches_count(const scu_matches *matches);
/* Of the match given last: the first key of the query that it, or what it was found below, does not meet
 * (scu_query_set_strict); 0 = it meets all of them. */
SCU_API scu_tag scu_matches_mismatch(const scu_matches *matches);
/* How many matches that have come so far do not meet the keys: marked, or left out by a strict query. */
SCU_API uint64_t scu_matches_mismatch_count(const scu_matches *matches);
/* How many were left out because they had come before with the same values throughout. At the end of the find the
 * warning hook is told of both. */
SCU_API uint64_t scu_matches_duplicate_count(const scu_matches *matches);
/* After SCU_END: the final response's status and comment. */
SCU_API uint16_t scu_matches_status(const scu_matches *matches);
SCU_API const char *scu_matches_comment(const scu_matches *matches);
SCU_API const scu_error *scu_matches_error(const scu_matches *matches);
/* After SCU_END: did all matches come? An answer is suspected to be cut off when it ends with A700, B001, or an FE00
 * that nobody asked for, after matches; when it has as many as the peer gives at most (SCU_OPTION_QUERY_CAP) or, where
 * that is not known, a round number (100, 200, 250, 500, 1000, ...), unless the level above told the same number. Of a
 * divided query every part that has as many matches as the largest answer is divided further, too, where the limit is
 * not known: it may be that small. The warning hook is told of SUSPECT and of NOT_PROVEN. */
typedef enum scu_find_verdict {
  SCU_FIND_UNKNOWN = 0,    /* the find is not over, has failed, or was ended by a limit, a hook or a cancel */
  SCU_FIND_UNCHECKED = 1,  /* nothing looks cut off, and nothing was counted twice */
  SCU_FIND_SUSPECT = 2,    /* an answer looks cut off, and was not divided, or could not be divided further */
  SCU_FIND_NOT_PROVEN = 3, /* divided until nothing looked cut off; but what has no Study Date or Time is in no part, or
                              a part that cannot be divided has as many matches as the largest answer */
  SCU_FIND_COMPLETE = 4    /* divided (scu_query_set_split), and the counts prove it */
} scu_find_verdict;
SCU_API scu_find_verdict scu_matches_verdict(const scu_matches *matches);
/* Why, in one line; "" for UNKNOWN. Valid until the find is closed. */
SCU_API const char *scu_matches_verdict_text(const scu_matches *matches);
/* "unknown", "unchecked", "suspect", "not proven", "complete" */
SCU_API const char *scu_find_verdict_name(scu_find_verdict verdict);
/* C-CANCEL: rows that were on their way may still come, then CANCELLED, or SCU_END when the peer was faster. */
SCU_API void scu_matches_cancel(scu_matches *matches);
/* Cancels and drains when matches are still coming, bounded by the response time-out. NULL is allowed. */
SCU_API void scu_matches_close(scu_matches *matches);
/* As close, but without waiting: when matches are still coming the association is aborted. NULL is allowed. */
SCU_API void scu_matches_free(scu_matches *matches);

/* Retrieving. First a C-FIND down to image level says what is promised; a move to another AE asks no further than its
 * query, and not at all where that has only unique keys. What the answers also say of where instances can be had
 * counts, at whatever level they say so (it is never asked for):
 *
 * - Retrieve AE Title (0008,0054): the request goes there, when the session's own peer is not among the titles and the
 *   node file (SCU_OPTION_NODES_FILE) knows one of them; with that node's settings, and the session's hooks. All of it
 *   is one operation and one report; a failure there is told by the warning hook, and is the result only when nothing
 *   came at all.
 * - Instance Availability (0008,0056): what is NEARLINE is waited for with SCU_OPTION_TIMEOUT_NEARLINE. What is OFFLINE
 *   or UNAVAILABLE is not asked for, and reported so, unless SCU_OPTION_FORCE_OFFLINE is set.
 *
 * What was promised and did not come is asked for again at image level, as long as that brings anything.
 *
 * C-MOVE (PS3.4 C.4.2) to another AE: what arrives there is only known through the peer's counts. */
SCU_API scu_result scu_move(scu_session *session, const scu_query *what, const char *destination_ae,
                            scu_retrieve_report **out);
SCU_API scu_op *scu_move_start(scu_session *session, const scu_query *what, const char *destination_ae);
/* C-MOVE to ourselves: a listener runs on the options' listen address for as long as it takes; every instance goes to
 * the sink and is acknowledged when the sink says so; what came is compared with what C-FIND promised. */
SCU_API scu_result scu_move_to_self(scu_session *session, const scu_query *what, scu_sink *sink,
                                    scu_retrieve_report **out);
SCU_API scu_op *scu_move_to_self_start(scu_session *session, const scu_query *what, scu_sink *sink);
/* C-GET (PS3.4 C.4.3): the same over the association itself. */
SCU_API scu_result scu_get(scu_session *session, const scu_query *what, scu_sink *sink, scu_retrieve_report **out);
SCU_API scu_op *scu_get_start(scu_session *session, const scu_query *what, scu_sink *sink);
/* Whichever of the two brings it: C-GET, and C-MOVE to ourselves for what is still missing then - or as
 * SCU_OPTION_RETRIEVE_WITH says, which a node of the node file may set. What has worked is remembered for the session:
 * where C-GET brings nothing and C-MOVE does, the next fetch begins with C-MOVE. Failures on the way are told by the
 * warning hook; they are the result only when nothing came. */
SCU_API scu_result scu_fetch(scu_session *session, const scu_query *what, scu_sink *sink, scu_retrieve_report **out);
SCU_API scu_op *scu_fetch_start(scu_session *session, const scu_query *what, scu_sink *sink);
/* What a match names, as scu_matches_next or the match hook gives it; also from that hook. Its unique keys down to
 * `level` are retrieved by; DEFAULT: the Query/Retrieve Level (0008,0052) of the match, else that of its deepest UID.
 * Patient Root for PATIENT, else Study Root. USAGE when the match lacks one of these keys, or its Patient ID has a
 * wildcard in it. The match is copied. The *_start calls return NULL then, too. */
SCU_API scu_result scu_move_match(scu_session *session, const scu_dataset *match, scu_query_level level,
                                  const char *destination_ae, scu_retrieve_report **out);
SCU_API scu_op *scu_move_match_start(scu_session *session, const scu_dataset *match, scu_query_level level,
                                     const char *destination_ae);
SCU_API scu_result scu_get_match(scu_session *session, const scu_dataset *match, scu_query_level level, scu_sink *sink,
                                 scu_retrieve_report **out);
SCU_API scu_op *scu_get_match_start(scu_session *session, const scu_dataset *match, scu_query_level level,
                                    scu_sink *sink);
SCU_API scu_result scu_fetch_match(scu_session *session, const scu_dataset *match, scu_query_level level,
                                   scu_sink *sink, scu_retrieve_report **out);
SCU_API scu_op *scu_fetch_match_start(scu_session *session, const scu_dataset *match, scu_query_level level,
                                      scu_sink *sink);
/* The report of any of these. Returns the operation's result; the report comes with failures, too. */
SCU_API scu_result scu_retrieve_take(scu_op *op, scu_retrieve_report **out);

/* The association last used: what was negotiated (PS3.8 9.3). "" and 0 before there was one. */
SCU_API const char *scu_session_peer(const scu_session *session); /* "AET@host:port" */
SCU_API const char *scu_session_peer_implementation_uid(const scu_session *session);
SCU_API const char *scu_session_peer_implementation_version(const scu_session *session);
SCU_API uint32_t scu_session_peer_max_pdu(const scu_session *session); /* bytes; 0 = no limit or none yet */
SCU_API size_t scu_session_context_count(const scu_session *session);
/* One context of the last association: FALSE (0) when index is out of range. transfer_syntax is "" when rejected;
 * result is that of PS3.8 Table 9-18. Borrowed until the next operation. */
SCU_API int scu_session_context(const scu_session *session, size_t index, const char **abstract_syntax,
                                const char **transfer_syntax, uint8_t *result);

/* Whether the peer confirmed the user identity of the options (59H, PS3.7 D.3.3.7) when the last association was made.
 * 0 also when none was offered or no confirmation was asked for. */
SCU_API int scu_session_identity_confirmed(const scu_session *session);
/* What came with it: a Kerberos server ticket, a SAML response, or what a peer sends for a JSON Web Token. 0 when there
 * was nothing: bytes is NULL then. Borrowed until the next operation. */
SCU_API int scu_session_identity_response(const scu_session *session, const uint8_t **bytes, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
