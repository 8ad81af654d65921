/* Everything libscu offers, in one include. Start with session.h. */
#ifndef SCU_SCU_H
#define SCU_SCU_H

#include "scu/allocator.h"
#include "scu/association.h"
#include "scu/commit.h"
#include "scu/dataset.h"
#include "scu/edits.h"
#include "scu/engine.h"
#include "scu/error.h"
#include "scu/file.h"
#include "scu/hooks.h"
#include "scu/listener.h"
#include "scu/loop.h"
#include "scu/message.h"
#include "scu/mpps.h"
#include "scu/n_service.h"
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
