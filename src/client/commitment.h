/* The inside of scu_commitment and scu_commit_report. */
#ifndef SCU_CLIENT_COMMITMENT_H
#define SCU_CLIENT_COMMITMENT_H

#include "base/error.h"
#include "client/references.h"
#include "client/transaction.h"

struct scu_commitment {
  const scu_allocator *allocator;
  scu__references references;
  scu__uid transaction; /* "" = new ones are made */
  scu_error error;
};

struct scu_commit_report {
  const scu_allocator *allocator;
  scu__transaction *transactions; /* owned */
  size_t count;
};

#endif
