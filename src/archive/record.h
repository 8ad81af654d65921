/* What the index keeps of one level of one object: its attributes in rising tag order, texts in UTF-8, one after the
 * other in a blob that is searched without being decoded. Private, bulk and very long values are not in it.
 *
 * An entry is tag (4 bytes), VR (2), length (4), all little endian, and the value: of a sequence its data element in
 * Explicit VR Little Endian with a character set of its own where needed. */
#ifndef SCU_ARCHIVE_RECORD_H
#define SCU_ARCHIVE_RECORD_H

#include "archive/attribute.h"
#include "base/buffer.h"
#include "data/dataset_builder.h"

enum {
  SCU__RECORD_VALUE_MAX = 4096,    /* the longest text an identifier is likely to carry; LT has 10240 */
  SCU__RECORD_MAX = 64 * 1024,     /* further values of a level are left out */
  SCU__RECORD_ELEMENTS_MAX = 1000, /* in all items of one sequence */
  SCU__RECORD_DEPTH_MAX = 8        /* sequences inside each other */
};

/* Turns headers into records; its memory is used again and again. */
typedef struct scu__record_writer {
  scu_dataset *sequence; /* one sequence on its way */
  scu_dataset *unicode;  /* the header, when its texts had to be turned into UTF-8 */
} scu__record_writer;

scu_result scu__record_writer_init(scu__record_writer *writer, const scu_allocator *allocator);
void scu__record_writer_free(scu__record_writer *writer);
/* Before the first record of a header: the dataset to give to write, valid until the next header. */
scu_result scu__record_writer_start(scu__record_writer *writer, const scu_dataset *header,
                                    const scu_dataset **prepared);
/* Appends the attributes of that level. The record of a study has those of its patient, too: in Study Root they are
 * attributes of the study (C.6.2). A worklist record has all. */
scu_result scu__record_write(scu__record_writer *writer, const scu_dataset *prepared, scu__level level,
                             scu__buffer *record);

typedef struct scu__record {
  const uint8_t *bytes;
  size_t length, position;
  scu_tag asked; /* last */
} scu__record;

scu__record scu__record_over(const uint8_t *bytes, size_t length);
/* Tags asked for in rising order cost one pass in all. The element borrows its bytes; of a sequence they are for
 * scu__record_decode. False when absent, and for damaged records. */
bool scu__record_find(scu__record *record, scu_tag tag, scu_element *element);
/* Decodes the sequence into `into` (a root); every text in it is UTF-8. SCU_END when it is damaged. */
scu_result scu__record_decode(const scu_element *sequence, scu__dataset_decoder *decoder, scu_dataset *into,
                              const scu_element **out);

#endif
