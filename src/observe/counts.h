/* What scu_metrics counts: one struct of atomic numbers, and their text. */
#ifndef SCU_OBSERVE_COUNTS_H
#define SCU_OBSERVE_COUNTS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { SCU__COUNTED_SERVICES = 12, SCU__COUNTED_STATUSES = 5, SCU__COUNTED_REASONS = 10, SCU__COUNTED_CODES = 64 };

/* How an association that was there has ended. */
typedef enum scu__counted_end {
  SCU__END_RELEASED,
  SCU__END_ABORTED_HERE,
  SCU__END_ABORTED_THERE,
  SCU__END_LOST,
  SCU__COUNTED_ENDS
} scu__counted_end;

typedef atomic_uint_fast64_t scu__count;

/* The first index is 1 for acceptor or sent, 0 for requestor or received. */
typedef struct scu__counts {
  uint64_t started_s; /* wall clock */
  scu__count connections[2], accepted[2], rejected[2];
  scu__count open_connections, open_associations;
  scu__count reasons[2][4][SCU__COUNTED_REASONS + 1]; /* of rejections: source, reason; the last is any other */
  scu__count ends[2][SCU__COUNTED_ENDS];
  scu__count requests[2][SCU__COUNTED_SERVICES][SCU__COUNTED_STATUSES]; /* scu__status_kind; PENDING = not answered */
  scu__count response_ms[2][SCU__COUNTED_SERVICES], responses[2][SCU__COUNTED_SERVICES];
  scu__count instances[2], bytes[2];
  /* Failure statuses: (service + 1) << 16 | status, 0 = free; what comes when all are taken is counted in the last. */
  scu__count codes[2][SCU__COUNTED_CODES], code_counts[2][SCU__COUNTED_CODES + 1];
} scu__counts;

/* Of a request's command field; the last one for what is none. */
size_t scu__counted_service(uint16_t field);
void scu__count_failure(scu__counts *counts, int is_sent, size_t service, uint16_t status);
/* See scu_metrics_text. */
size_t scu__counts_text(const scu__counts *counts, char *to, size_t room);

#endif
