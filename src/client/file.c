/* scu_file: a Part 10 file as two datasets to look at, values that are too long left out and passed over on disk. What
 * was read before a fault stays. */
#include "scu/file.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "data/dataset_builder.h"
#include "data/dicomdir.h"
#include "data/inflate.h"
#include "data/part10.h"
#include "data/transfer_syntax.h"
#include "data/uids.h"
#include "io/file.h"

enum {
  CHUNK = 64 * 1024,
  PREAMBLE = 132,
  TOTAL_MAX = 512 * 1024 * 1024 /* kept values of one file: a dump is for looking at */
};

struct scu_file {
  const scu_allocator *allocator;
  scu__source *source;
  scu__file_meta meta;
  scu_dataset *meta_set, *dataset;
  scu_error error;
};

/* The state of one pass over a run of bytes. */
typedef struct pass {
  scu_file *file;
  scu__reader reader;
  scu__dataset_builder builder;
  scu__inflater *inflater; /* NULL unless deflated */
  uint64_t position, end;  /* in the file */
  uint8_t input[CHUNK], inflated[CHUNK];
  const uint8_t *waiting; /* compressed bytes not yet inflated */
  size_t waiting_length;
} pass;

static scu_result read_chunk(pass *p, size_t *length) {
  uint64_t left = p->end - p->position;
  *length = left < CHUNK ? (size_t)left : CHUNK;
  if (*length == 0) return SCU_END;
  scu_result result = p->file->source->read_at(p->file->source, p->position, p->input, *length, &p->file->error);
  p->position += *length;
  return result;
}

/* The next bytes of the dataset into the reader; SCU_END after the last. */
static scu_result feed(pass *p) {
  if (!p->inflater) {
    size_t length;
    scu_result result = read_chunk(p, &length);
    if (result == SCU_OK) scu__reader_push(&p->reader, p->input, length);
    return result;
  }
  for (;;) {
    size_t got = 0;
    scu_result result =
        scu__inflater_run(p->inflater, &p->waiting, &p->waiting_length, p->inflated, CHUNK, &got, &p->file->error);
    if (result < 0) return result;
    if (got > 0) {
      scu__reader_push(&p->reader, p->inflated, got);
      return SCU_OK;
    }
    if (result == SCU_END) return SCU_END;
    result = read_chunk(p, &p->waiting_length);
    if (result != SCU_OK) return result;
    p->waiting = p->input;
  }
}

static scu_result take_tokens(pass *p) {
  scu_error *error = &p->file->error;
  for (;;) {
    scu__token token;
    scu_result result = scu__reader_next(&p->reader, &token, error);
    if (result != SCU_OK) return result;
    result = scu__dataset_builder_put(&p->builder, &token, error);
    if (result != SCU_OK) return result;
    bool has_value = token.kind == SCU__TOKEN_ELEMENT || token.kind == SCU__TOKEN_FRAGMENT;
    if (!has_value || p->inflater || scu__dataset_builder_wants_value(&p->builder)) continue;
    uint64_t count;
    if (scu__reader_skip_value(&p->reader, &count) != SCU_OK) continue;
    if (count > p->end - p->position)
      return scu__error_set(error, SCU_ERROR_MALFORMED, SCU_PHASE_FILE, "the file is cut inside a value");
    p->position += count;
  }
}

static scu_result run_pass(pass *p) {
  for (bool is_fed = false;;) {
    scu_result result = take_tokens(p);
    if (result == SCU_END) return SCU_OK;
    if (result != SCU_MORE) return result;
    if (is_fed) continue;
    result = feed(p);
    if (result == SCU_END) {
      scu__reader_finish(&p->reader);
      is_fed = true;
    } else if (result != SCU_OK) {
      return result;
    }
  }
}

/* Reads [begin, end) of the file into a dataset; what came before a fault is kept. */
static scu_result read_set(scu_file *file, uint64_t begin, uint64_t end, scu__encoding encoding, bool is_deflated,
                           const scu__dataset_limits *limits, scu_dataset *into) {
  pass *p = scu__alloc(file->allocator, sizeof *p);
  if (!p) return scu__error_memory(&file->error, SCU_PHASE_FILE);
  p->file = file;
  p->position = begin;
  p->end = end;
  scu__reader_options options = {.first_offset = is_deflated ? 0 : begin,
                                 .total_length = is_deflated ? 0 : end - begin};
  scu__reader_init(&p->reader, encoding, &options);
  scu__dataset_builder_init(&p->builder, file->allocator, limits);
  scu_result result = scu__dataset_builder_start(&p->builder, into, &file->error);
  if (result == SCU_OK && is_deflated) result = scu__inflater_new(file->allocator, NULL, &p->inflater);
  if (result == SCU_OK && begin < end) result = run_pass(p);
  scu_dataset *taken = NULL;
  scu__dataset_builder_take(&p->builder, &taken, &file->error);
  scu__dataset_builder_free(&p->builder);
  scu__inflater_free(p->inflater);
  scu__free(file->allocator, p);
  return result;
}

static scu_result read_meta(scu_file *file) {
  if (!file->meta.has_meta) return SCU_OK;
  scu__dataset_limits limits = {.value_max = SCU__FILE_META_MAX, .total_max = SCU__FILE_META_MAX, .elements_max = 4096};
  uint64_t begin = file->meta.has_preamble ? PREAMBLE : 0;
  return read_set(file, begin, file->meta.dataset_offset, SCU__EXPLICIT_LE, false, &limits, file->meta_set);
}

static scu_result read_file(scu_file *file, const char *path, size_t max_value) {
  if (!path) return scu__error_set(&file->error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "no path was given");
  scu_result result = scu__file_source_open(path, file->allocator, &file->source, &file->error);
  if (result == SCU_OK) result = scu__part10_read(file->source, file->allocator, &file->meta, &file->error);
  if (result == SCU_OK) result = read_meta(file);
  if (result != SCU_OK) return result;
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(file->meta.transfer_syntax.text);
  scu__encoding encoding = scu__transfer_syntax_encoding(syntax);
  scu__dataset_limits limits = {
      .value_max = max_value, .total_max = TOTAL_MAX, .elements_max = SCU__DATASET_ELEMENTS_MAX};
  return read_set(file, file->meta.dataset_offset, file->source->size, encoding, syntax && syntax->is_deflated, &limits,
                  file->dataset);
}

scu_result scu_file_read(const scu_allocator *allocator, const char *path, size_t max_value, scu_file **out) {
  *out = NULL;
  scu_file *file = scu__alloc(allocator, sizeof *file);
  if (!file) return SCU_ERROR_MEMORY;
  file->allocator = allocator;
  scu__error_clear(&file->error);
  if (scu_dataset_new(allocator, &file->meta_set) != SCU_OK || scu_dataset_new(allocator, &file->dataset) != SCU_OK) {
    scu_file_free(file);
    return SCU_ERROR_MEMORY;
  }
  *out = file;
  scu_result result = read_file(file, path, max_value);
  if (result != SCU_OK) scu__error_set(&file->error, result, SCU_PHASE_FILE, "the file could not be read");
  scu__source_close(file->source);
  file->source = NULL;
  return result;
}

void scu_file_free(scu_file *file) {
  if (!file) return;
  scu_dataset_free(file->meta_set);
  scu_dataset_free(file->dataset);
  scu__free(file->allocator, file);
}

const scu_error *scu_file_error(const scu_file *file) {
  return file ? &file->error : NULL;
}
const scu_dataset *scu_file_meta(const scu_file *file) {
  return file->meta_set;
}
const scu_dataset *scu_file_dataset(const scu_file *file) {
  return file->dataset;
}
const char *scu_file_transfer_syntax(const scu_file *file) {
  return file->meta.transfer_syntax.text;
}

const char *scu_file_transfer_syntax_name(const scu_file *file) {
  const char *name = scu__uid_name(file->meta.transfer_syntax.text);
  return name ? name : file->meta.transfer_syntax.text;
}

bool scu_file_is_dicomdir(const char *path) {
  scu__source *source = NULL;
  scu__file_meta meta;
  if (!path || scu__file_source_open(path, NULL, &source, NULL) != SCU_OK) return false;
  bool is_dicomdir = scu__part10_read(source, NULL, &meta, NULL) == SCU_OK && scu__dicomdir_is(&meta);
  scu__source_close(source);
  return is_dicomdir;
}
