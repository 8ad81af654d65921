/* Whose instance passes by: patient, study and accession number out of the bytes of its data set, up to Study Instance
 * UID (0020,000D), which comes behind the others. Inflates where the transfer syntax says so; a data set that cannot be
 * read gives what stands before the fault. */
#ifndef SCU_OBSERVE_OBJECT_HEAD_H
#define SCU_OBSERVE_OBJECT_HEAD_H

#include "base/alloc.h"
#include "base/values.h"
#include "data/inflate.h"
#include "data/reader.h"

/* Bytes of a value, before and after it became UTF-8; what is longer is cut. */
enum { SCU__HEAD_VALUE_MAX = 324, SCU__HEAD_TEXT_MAX = 3 * SCU__HEAD_VALUE_MAX + 1, SCU__HEAD_ACCESSION_MAX = 65 };

typedef struct scu__subject {
  scu__uid study;                      /* "" = none was found, in this and the others */
  char patient_id[SCU__HEAD_TEXT_MAX]; /* UTF-8, without padding */
  char patient_name[SCU__HEAD_TEXT_MAX];
  char accession[SCU__HEAD_ACCESSION_MAX];
} scu__subject;

typedef struct scu__object_head scu__object_head;

scu_result scu__object_head_new(const scu_allocator *allocator, scu__object_head **out);
void scu__object_head_free(scu__object_head *head); /* NULL is allowed */
/* Another data set begins. */
void scu__object_head_start(scu__object_head *head, const char *transfer_syntax_uid);
/* The next bytes; nothing happens once all is known. */
void scu__object_head_feed(scu__object_head *head, const uint8_t *bytes, size_t length);
bool scu__object_head_is_done(const scu__object_head *head);
/* What was found so far. */
void scu__object_head_take(const scu__object_head *head, scu__subject *subject);

#endif
