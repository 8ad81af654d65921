/* Datasets: the first byte of the input chooses the encoding, the rest is the dataset.
 *
 * What decodes can be shown, written as JSON in valid UTF-8, copied, and encoded in every encoding into bytes that
 * decode again; and what went through once goes through a second time without a change. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/utf8.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const scu__encoding encodings[] = {
    {.is_implicit_vr = true, .is_big_endian = false},
    {.is_implicit_vr = false, .is_big_endian = false},
    {.is_implicit_vr = false, .is_big_endian = true},
};

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
  require(scu__utf8_is_valid(out.data, out.length));
  for (size_t i = 0; i < out.length; i++) require(out.data[i] >= 0x20);
  return out;
}

static void require_printable(const scu_dataset *dataset) {
  scu__buffer out;
  scu__buffer_init(&out, NULL, OUTPUT_MAX);
  require(scu_dataset_write_text(dataset, NULL, collect, &out) == SCU_OK);
  require(out.length == 0 || scu__utf8_is_valid(out.data, out.length));
  for (size_t i = 0; i < out.length; i++) require(out.data[i] == '\n' || (out.data[i] >= 0x20 && out.data[i] != 0x7F));
  scu__buffer_free(&out);
}

static void require_same_copy(const scu_dataset *dataset) {
  scu_dataset *copy;
  require(scu_dataset_copy(dataset, &copy) == SCU_OK);
  scu__buffer one = json_of(dataset), two = json_of(copy);
  require(one.length == two.length && memcmp(one.data, two.data, one.length) == 0);
  scu__buffer_free(&one);
  scu__buffer_free(&two);
  scu_dataset_free(copy);
}

/* Every text of every level, value by value. */
static void read_all(const scu_dataset *dataset) {
  scu__walk walk;
  scu__walk_start(&walk, dataset);
  for (const scu_dataset *at; (at = scu__walk_next(&walk)) != NULL;) {
    for (size_t i = 0; i < scu_dataset_count(at); i++) {
      const scu_element *element = scu_dataset_at(at, i);
      char text[40];
      int64_t number;
      require(i == 0 || scu_element_tag(scu_dataset_at(at, i - 1)) < scu_element_tag(element));
      scu_element_text(at, element, text, sizeof text);
      require(scu__utf8_is_valid((const uint8_t *)text, strlen(text)));
      scu_element_value_text(at, element, 1, text, sizeof text);
      scu_element_integer(element, 0, &number);
    }
  }
}

/* Encodes, and decodes that again; NULL when the encoding has no place for it. */
static scu_dataset *encode_and_decode(const scu_dataset *dataset, scu__encoding encoding, scu__buffer *bytes) {
  scu_dataset *again;
  scu__buffer_init(bytes, NULL, OUTPUT_MAX);
  scu_result result = scu__dataset_encode(dataset, encoding, bytes, NULL);
  require(result == SCU_OK || result == SCU_ERROR_UNSUPPORTED);
  if (result != SCU_OK) return NULL;
  require(scu__dataset_decode(bytes->data, bytes->length, encoding, NULL, NULL, &again, NULL) == SCU_OK);
  return again;
}

/* Sorting may move a tag behind Pixel Data that the reader then takes for trailing bytes: so the second round may lose
 * an element, but the third equals the second. */
static void require_stable(const scu_dataset *dataset, scu__encoding encoding) {
  scu__buffer bytes[3] = {0};
  scu_dataset *datasets[3] = {0};
  for (int i = 0; i < 3; i++) {
    datasets[i] = encode_and_decode(i > 0 ? datasets[i - 1] : dataset, encoding, &bytes[i]);
    if (!datasets[i]) break;
  }
  if (datasets[2]) {
    require(bytes[1].length == bytes[2].length);
    require(bytes[1].length == 0 || memcmp(bytes[1].data, bytes[2].data, bytes[1].length) == 0);
  }
  for (int i = 0; i < 3; i++) {
    scu__buffer_free(&bytes[i]);
    scu_dataset_free(datasets[i]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (length < 1) return 0;
  scu_dataset *dataset;
  scu_error error;
  scu__error_clear(&error);
  scu__encoding encoding = encodings[bytes[0] % 3];
  if (scu__dataset_decode(bytes + 1, length - 1, encoding, NULL, NULL, &dataset, &error) != SCU_OK) {
    require(dataset == NULL && scu__error_is_set(&error));
    return 0;
  }
  read_all(dataset);
  require_printable(dataset);
  require_same_copy(dataset);
  require_stable(dataset, encoding);
  scu_dataset_free(dataset);
  return 0;
}
