/* Audit messages (PS3.15 A.5) as values, and as XML by the schema of A.5.1. Where the tables of A.5.3 and the schema do
 * not ask for the same, what both ask for is written: a name for every object, whose other name is its ID. */
#ifndef SCU_OBSERVE_AUDIT_MESSAGE_H
#define SCU_OBSERVE_AUDIT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* PS3.16 CID 400, 401 and 402: the code values. 0 = none. */
typedef enum scu__audit_code {
  SCU__AUDIT_APPLICATION_ACTIVITY = 110100,
  SCU__AUDIT_BEGIN_TRANSFERRING = 110102,
  SCU__AUDIT_TRANSFERRED = 110104,
  SCU__AUDIT_QUERY = 110112,
  SCU__AUDIT_SECURITY_ALERT = 110113,
  SCU__AUDIT_USER_AUTHENTICATION = 110114,
  SCU__AUDIT_APPLICATION_START = 110120,
  SCU__AUDIT_APPLICATION_STOP = 110121,
  SCU__AUDIT_LOGIN = 110122,
  SCU__AUDIT_NODE_AUTHENTICATION = 110126,
  SCU__AUDIT_APPLICATION = 110150,
  SCU__AUDIT_DESTINATION = 110152,
  SCU__AUDIT_SOURCE = 110153
} scu__audit_code;

/* EventOutcomeIndicator. */
typedef enum scu__audit_outcome {
  SCU__AUDIT_SUCCESS = 0,
  SCU__AUDIT_MINOR_FAILURE = 4,
  SCU__AUDIT_SERIOUS_FAILURE = 8
} scu__audit_outcome;

enum {
  SCU__AUDIT_PARTIES_MAX = 3,
  SCU__AUDIT_STUDIES_MAX = 16, /* of one message; what is more goes into another */
  SCU__AUDIT_CLASSES_MAX = 64,
  SCU__AUDIT_QUERY_MAX = 24 * 1024, /* bytes of an identifier that are kept */
  /* A receiver takes 32 KiB at least (PS3.15 A.6), a datagram 64; the bounds above and on values keep within these. */
  SCU__AUDIT_MESSAGE_MAX = 64 * 1000
};

typedef struct scu__audit_party {
  const char *user_id;
  const char *ae;      /* NULL = no AE title is known */
  const char *address; /* NULL = none is known */
  bool is_requestor;
  scu__audit_code role; /* 0 = none */
} scu__audit_party;

typedef struct scu__audit_class {
  const char *uid;
  size_t study; /* in studies */
  uint64_t count;
} scu__audit_class;

typedef struct scu__audit_study {
  const char *uid;
  const char *accession; /* "" = none */
} scu__audit_study;

/* Nothing in it is owned. */
typedef struct scu__audit_message {
  scu__audit_code event, type;
  char action; /* C, R, U, D, E */
  scu__audit_outcome outcome;
  const char *outcome_text; /* NULL or "" = none */
  scu__audit_party parties[SCU__AUDIT_PARTIES_MAX];
  size_t party_count;

  const scu__audit_study *studies;
  size_t study_count;
  const scu__audit_class *classes;
  size_t class_count;
  bool has_counts;        /* else the classes are named without */
  const char *patient_id; /* NULL = no patient takes part; "" = not known */
  const char *patient_name;

  const char *query_class; /* NULL = no query takes part */
  const char *query_syntax;
  const uint8_t *query;
  size_t query_length, query_whole; /* what is here, and what it was */

  const char *alert_node; /* NULL = none */
  const char *alert_text;
} scu__audit_message;

/* Who says so. */
typedef struct scu__audit_source {
  const char *source_id;
  const char *site; /* "" = none */
} scu__audit_source;

/* "2026-11-25T20:00:00.123Z" */
enum { SCU__AUDIT_TIME_MAX = 32 };
const char *scu__audit_time(uint64_t wall_ns, char text[SCU__AUDIT_TIME_MAX]);

/* Appends the document, on one line. Returns the buffer's result. */
scu_result scu__audit_message_put(const scu__audit_message *message, const scu__audit_source *source, uint64_t wall_ns,
                                  scu__buffer *to);

#endif
