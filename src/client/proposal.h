/* The inside of scu_proposal: an A-ASSOCIATE-RQ on its way out. */
#ifndef SCU_CLIENT_PROPOSAL_H
#define SCU_CLIENT_PROPOSAL_H

#include "config/identity.h"
#include "scu/proposal.h"
#include "ul/pdu.h"

struct scu_proposal {
  scu__associate *rq;
  scu__identity *identity; /* the association's own, which counts when has_identity */
  bool *has_identity;
  bool is_tls;
};

#endif
