/* Attribute paths: the input is the text a person typed. What is taken for a path formats to a text that parses to the
 * same path; what is not has an error that says so. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/path.h"
#include "scu/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void require_same_again(const scu__path *path) {
  char text[SCU__PATH_TEXT_MAX];
  scu__path again;
  require(scu__path_format(path, text, sizeof text) < sizeof text);
  require(scu__path_parse(text, &again, NULL) == SCU_OK);
  require(again.depth == path->depth);
  for (size_t i = 0; i < path->depth; i++) {
    require(again.steps[i].tag == path->steps[i].tag);
    require(again.steps[i].item == path->steps[i].item && again.steps[i].has_item == path->steps[i].has_item);
  }
}

/* Setting along any path leaves a sound dataset, in which what was set is found. */
static void require_settable(const char *text) {
  scu_dataset *dataset;
  char value[64];
  if (scu_dataset_new(NULL, &dataset) != SCU_OK) return;
  if (scu_dataset_set_text(dataset, text, "1") == SCU_OK) {
    require(scu_dataset_find_path(dataset, text) != NULL);
    scu_dataset_text(dataset, text, value, sizeof value);
    require(scu_dataset_set_empty(dataset, text) == SCU_OK);
    require(scu_dataset_remove(dataset, text) == SCU_OK);
    require(scu_dataset_find_path(dataset, text) == NULL);
  } else {
    require(scu_error_reason(scu_dataset_error(dataset))[0] != 0);
  }
  scu_dataset_free(dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu__path path;
  scu_error error;
  char *text = malloc(length + 1);
  require(text != NULL);
  if (length > 0) memcpy(text, bytes, length);
  text[length] = 0;
  scu__error_clear(&error);
  if (scu__path_parse(text, &path, &error) == SCU_OK) {
    require(path.depth >= 1 && path.depth <= SCU__PATH_DEPTH_MAX);
    require_same_again(&path);
  } else {
    require(scu__error_is_set(&error));
  }
  require_settable(text);
  free(text);
  return 0;
}
