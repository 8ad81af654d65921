/* Tells JSON from a DICOM file by its first character, and reads either. */
#include "query_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "input_file.h"
#include "query_keys.h"
#include "scu/file.h"

enum {
  JSON_MAX = 16 * 1024 * 1024, /* what scu_dataset_read_json takes */
  BEGINNING = 64,
  VALUE_MAX = 64 * 1024 /* of a key; UID lists are the longest there are */
};

static bool fail(cli *context, const char *path, const char *reason) {
  report_usage(context, "a DICOM file, or DICOM JSON as `scu dump --json` writes it", "--query %s: %s", path, reason);
  return false;
}

/* An object or an array behind blanks and a byte order mark: no DICOM file begins so. */
static bool is_json(const char *text, size_t length) {
  size_t at = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  while (at < length && strchr(" \t\r\n", text[at]) && text[at]) at++;
  return at < length && (text[at] == '{' || text[at] == '[');
}

static bool take_dataset(cli *context, scu_query *query, const char *path, const scu_dataset *dataset) {
  if (scu_query_set_dataset(query, dataset) == SCU_OK) return true;
  return fail(context, path, scu_error_reason(scu_query_error(query)));
}

static bool take_json(cli *context, scu_query *query, const char *path, const char *json, size_t length) {
  scu_dataset *dataset = NULL;
  bool is_good = scu_dataset_read_json(NULL, json, length, &dataset) == SCU_OK;
  if (is_good)
    is_good = take_dataset(context, query, path, dataset);
  else
    fail(context, path, dataset ? scu_error_reason(scu_dataset_error(dataset)) : "out of memory");
  scu_dataset_free(dataset);
  return is_good;
}

static bool take_dicom(cli *context, scu_query *query, const char *path) {
  scu_file *file = NULL;
  bool is_good = scu_file_read(NULL, path, VALUE_MAX, &file) == SCU_OK;
  if (is_good)
    is_good = take_dataset(context, query, path, scu_file_dataset(file));
  else
    fail(context, path, file ? scu_error_reason(scu_file_error(file)) : "out of memory");
  scu_file_free(file);
  return is_good;
}

/* The whole of it, behind the beginning that was read; one byte more than is allowed is enough to be refused. */
static bool take_open_json(cli *context, scu_query *query, const char *path, FILE *file, const char *beginning,
                           size_t length) {
  char *json = malloc(JSON_MAX + 1);
  if (!json) return fail(context, path, "out of memory");
  memcpy(json, beginning, length);
  length += fread(json + length, 1, JSON_MAX + 1 - length, file);
  bool is_good = ferror(file) ? fail(context, path, strerror(errno)) : take_json(context, query, path, json, length);
  free(json);
  return is_good;
}

bool query_from_file(cli *context, scu_query *query, const char *path) {
  char beginning[BEGINNING];
  const char *reason;
  int descriptor = input_file_open(path, &reason);
  if (descriptor < 0) return fail(context, path, reason);
  FILE *file = fdopen(descriptor, "r");
  if (!file) {
    close(descriptor);
    return fail(context, path, "out of memory");
  }
  size_t length = fread(beginning, 1, sizeof beginning, file);
  bool is_good;
  if (ferror(file))
    is_good = fail(context, path, strerror(errno));
  else if (is_json(beginning, length))
    is_good = take_open_json(context, query, path, file, beginning, length);
  else
    is_good = take_dicom(context, query, path);
  fclose(file);
  return is_good;
}
