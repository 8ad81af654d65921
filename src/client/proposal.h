/* The inside of scu_proposal: an A-ASSOCIATE-RQ on its way out. */
#ifndef SCU_CLIENT_PROPOSAL_H
#define SCU_CLIENT_PROPOSAL_H

#include "scu/proposal.h"
#include "ul/pdu.h"

struct scu_proposal {
  scu__associate *rq;
};

#endif
