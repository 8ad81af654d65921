/* DICOM JSON: what is read can be written, and reads again as the same; what is refused has a reason. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "scu/dataset.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static scu_result collect(void *user, const char *bytes, size_t length) {
  scu__put_bytes(user, bytes, length);
  return scu__buffer_result(user);
}

static scu__buffer json_of(const scu_dataset *dataset) {
  scu__buffer out;
  scu__buffer_init(&out, NULL, OUTPUT_MAX);
  require(scu_dataset_write_json(dataset, NULL, collect, &out) == SCU_OK);
  return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu_dataset *first, *second;
  scu_result result = scu_dataset_read_json(NULL, (const char *)bytes, length, &first);
  scu__buffer one = json_of(first); /* of what was read up to a fault, too */
  if (result != SCU_OK) {
    require(scu_error_reason(scu_dataset_error(first))[0] != 0);
  } else {
    require(scu_dataset_read_json(NULL, (const char *)one.data, one.length, &second) == SCU_OK);
    scu__buffer two = json_of(second);
    require(one.length == two.length && memcmp(one.data, two.data, one.length) == 0);
    scu__buffer_free(&two);
    scu_dataset_free(second);
  }
  scu__buffer_free(&one);
  scu_dataset_free(first);
  return 0;
}
