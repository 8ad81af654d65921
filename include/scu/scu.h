/* Everything libscu offers, in one include. Start with session.h. What holds in all headers unless they say otherwise:
 *
 * NULL. A text (path, value, name, UID), array or bytes that a call takes may not be NULL: USAGE. An allocator may:
 * that of the C library. Handles, structs and places for results may not; they are not looked at. But nothing happens
 * when NULL is freed, closed, cancelled or aborted, scu_op_state and scu_op_wait of a *_start that failed are USAGE,
 * the error of NULL (scu_session_error ...) is NULL, and the getters of scu_error take that for "no error".
 *
 * OUT. A pointer that a call gives through a parameter is NULL after a failure. Two kinds come all the same: a handle
 * with the error in it, where the header says so (scu_session_new, scu_file_read ...), and the report of a store,
 * retrieve or commitment that ended early, which says how far it came. Numbers are then left as they were. */
#ifndef SCU_SCU_H
#define SCU_SCU_H

#include "scu/allocator.h"
#include "scu/association.h"
#include "scu/audit.h"
#include "scu/capture.h"
#include "scu/commit.h"
#include "scu/dataset.h"
#include "scu/edits.h"
#include "scu/engine.h"
#include "scu/error.h"
#include "scu/explain.h"
#include "scu/file.h"
#include "scu/hooks.h"
#include "scu/listener.h"
#include "scu/log.h"
#include "scu/loop.h"
#include "scu/message.h"
#include "scu/metrics.h"
#include "scu/mpps.h"
#include "scu/n_service.h"
#include "scu/nodes.h"
#include "scu/options.h"
#include "scu/proposal.h"
#include "scu/query.h"
#include "scu/query_keys.h"
#include "scu/report.h"
#include "scu/result.h"
#include "scu/row.h"
#include "scu/session.h"
#include "scu/sink.h"
#include "scu/source.h"
#include "scu/types.h"
#include "scu/uid.h"
#include "scu/values.h"
#include "scu/version.h"

#endif
