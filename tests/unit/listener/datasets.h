/* Small datasets in Explicit VR Little Endian for tests of sinks, element by element. */
#ifndef TESTS_UNIT_LISTENER_DATASETS_H
#define TESTS_UNIT_LISTENER_DATASETS_H

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "data/element.h"
#include "data/vr.h"

#define DATASETS_UNUSED __attribute__((unused))

typedef struct dataset_parts {
  const char *sop_class, *sop_instance, *study, *series; /* NULL = absent */
  size_t pixels;                                         /* bytes of Pixel Data; 0 = none */
  uint8_t fill;
} dataset_parts;

static DATASETS_UNUSED void put_header(scu__buffer *to, scu__encoding encoding, scu_tag tag, char a, char b,
                                       size_t length) {
  scu__element_header header = {.tag = tag, .vr = SCU_VR(a, b), .length = (uint32_t)length};
  scu__element_header_write(to, encoding, &header);
}

static DATASETS_UNUSED void put_uid(scu__buffer *to, scu__encoding encoding, scu_tag tag, const char *uid) {
  if (!uid) return;
  size_t length = strlen(uid);
  put_header(to, encoding, tag, 'U', 'I', length + length % 2);
  scu__put_text(to, uid);
  if (length % 2) scu__put_u8(to, 0);
}

static DATASETS_UNUSED void put_dataset(scu__buffer *to, scu__encoding encoding, const dataset_parts *parts) {
  put_uid(to, encoding, SCU_TAG(0x0008, 0x0016), parts->sop_class);
  put_uid(to, encoding, SCU_TAG(0x0008, 0x0018), parts->sop_instance);
  put_header(to, encoding, SCU_TAG(0x0010, 0x0010), 'P', 'N', 4);
  scu__put_text(to, "A^B ");
  put_uid(to, encoding, SCU_TAG(0x0020, 0x000D), parts->study);
  put_uid(to, encoding, SCU_TAG(0x0020, 0x000E), parts->series);
  if (parts->pixels == 0) return;
  put_header(to, encoding, SCU_TAG(0x7FE0, 0x0010), 'O', 'B', parts->pixels);
  scu__put_fill(to, parts->fill, parts->pixels);
}

#endif
