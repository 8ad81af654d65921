/* Store sources: a list of parts, each a file, a folder to walk, a DICOMDIR to read, an object in memory, or an
 * iterator to ask. */
#include "client/source.h"

#include "base/alloc.h"
#include "client/dicomdir_files.h"
#include "client/encode.h"
#include "data/edits.h"
#include "io/walk.h"

typedef enum part_kind { PART_FILE, PART_FOLDER, PART_DICOMDIR, PART_MEMORY, PART_ITERATOR } part_kind;

typedef struct part {
  struct part *next;
  part_kind kind;
  char *path, *filter;
  bool is_recursive;
  const uint8_t *bytes; /* of an object in memory */
  size_t length;
  uint8_t *owned_bytes; /* the same when they are ours */
  scu_result (*ask)(void *user, const char **path);
  void *user;
} part;

struct scu_source {
  const scu_allocator *allocator;
  part *first, *last;
  part *current; /* whose turn it is; NULL before the first */
  bool is_started, has_no_iterators;
  bool is_used;                  /* by an operation before */
  scu__folder_walk *walk;        /* of the current part, or NULL */
  scu__dicomdir_files *dicomdir; /* likewise */
  scu_edits *edits;              /* for every instance; NULL = none */
  scu_error error;               /* of the last call that adds */
};

scu_result scu_source_new(const scu_allocator *allocator, scu_source **out) {
  *out = scu__alloc(allocator, sizeof **out);
  if (!*out) return SCU_ERROR_MEMORY;
  (*out)->allocator = allocator;
  scu__error_clear(&(*out)->error);
  return SCU_OK;
}

static void part_free(scu_source *source, part *p) {
  scu__free(source->allocator, p->path);
  scu__free(source->allocator, p->filter);
  scu__free(source->allocator, p->owned_bytes);
  scu__free(source->allocator, p);
}

/* What was open for the current part. */
static void close_part(scu_source *source) {
  scu__folder_walk_free(source->walk);
  source->walk = NULL;
  scu__dicomdir_files_free(source->dicomdir);
  source->dicomdir = NULL;
}

void scu_source_free(scu_source *source) {
  if (!source) return;
  close_part(source);
  while (source->first) {
    part *next = source->first->next;
    part_free(source, source->first);
    source->first = next;
  }
  scu_edits_free(source->edits);
  scu__free(source->allocator, source);
}

const scu_error *scu_source_error(const scu_source *source) {
  return source ? &source->error : NULL;
}

static scu_result fail(scu_source *source, scu_result result, const char *reason) {
  return scu__error_set(&source->error, result, SCU_PHASE_USAGE, "%s", reason);
}

static bool has_path(part_kind kind) {
  return kind == PART_FILE || kind == PART_FOLDER || kind == PART_DICOMDIR;
}

static scu_result add(scu_source *source, part_kind kind, const char *path, const char *filter, part **out) {
  scu__error_clear(&source->error);
  if (has_path(kind) && !path) return fail(source, SCU_ERROR_USAGE, "no path");
  part *p = scu__alloc(source->allocator, sizeof *p);
  if (!p) return scu__error_memory(&source->error, SCU_PHASE_USAGE);
  p->kind = kind;
  if (path) p->path = scu__strdup(source->allocator, path);
  if (filter) p->filter = scu__strdup(source->allocator, filter);
  if ((path && !p->path) || (filter && !p->filter)) {
    part_free(source, p);
    return scu__error_memory(&source->error, SCU_PHASE_USAGE);
  }
  if (source->last)
    source->last->next = p;
  else
    source->first = p;
  source->last = p;
  if (out) *out = p;
  return SCU_OK;
}

scu_result scu_source_add_file(scu_source *source, const char *path) {
  return add(source, PART_FILE, path, NULL, NULL);
}

scu_result scu_source_add_folder(scu_source *source, const char *path, const char *filter, int is_recursive) {
  part *p = NULL;
  scu_result result = add(source, PART_FOLDER, path, filter, &p);
  if (result == SCU_OK) p->is_recursive = is_recursive != 0;
  return result;
}

scu_result scu_source_add_dicomdir(scu_source *source, const char *path) {
  return add(source, PART_DICOMDIR, path, NULL, NULL);
}

scu_result scu_source_add_memory(scu_source *source, const void *bytes, size_t length) {
  scu__error_clear(&source->error);
  if (!bytes) return fail(source, SCU_ERROR_USAGE, "no bytes");
  part *p = NULL;
  scu_result result = add(source, PART_MEMORY, NULL, NULL, &p);
  if (result != SCU_OK) return result;
  p->bytes = bytes;
  p->length = length;
  return SCU_OK;
}

scu_result scu_source_add_dataset(scu_source *source, const scu_dataset *dataset, const char *transfer_syntax_uid) {
  uint8_t *bytes = NULL;
  size_t length = 0;
  scu__error_clear(&source->error);
  if (!dataset) return fail(source, SCU_ERROR_USAGE, "no dataset");
  scu_result result =
      scu__encode_file(dataset, transfer_syntax_uid, source->allocator, &bytes, &length, &source->error);
  if (result != SCU_OK) return result;
  part *p = NULL;
  result = add(source, PART_MEMORY, NULL, NULL, &p);
  if (result != SCU_OK) {
    scu__free(source->allocator, bytes);
    return result;
  }
  p->bytes = p->owned_bytes = bytes;
  p->length = length;
  return SCU_OK;
}

scu_result scu_source_add_iterator(scu_source *source, scu_result (*next)(void *user, const char **path), void *user) {
  scu__error_clear(&source->error);
  if (!next) return fail(source, SCU_ERROR_USAGE, "no iterator");
  part *p = NULL;
  scu_result result = add(source, PART_ITERATOR, NULL, NULL, &p);
  if (result != SCU_OK) return result;
  p->ask = next;
  p->user = user;
  return SCU_OK;
}

scu_result scu_source_set_edits(scu_source *source, const scu_edits *edits) {
  scu_edits *copy = NULL;
  scu__error_clear(&source->error);
  const scu_error *fault = edits ? scu__edits_fault(edits) : NULL;
  if (fault) return fail(source, SCU_ERROR_USAGE, scu_error_reason(fault));
  if (edits && scu_edits_count(edits) > 0 && scu__edits_copy(edits, source->allocator, &copy) != SCU_OK)
    return scu__error_memory(&source->error, SCU_PHASE_USAGE);
  scu_edits_free(source->edits);
  source->edits = copy;
  return SCU_OK;
}

const scu_edits *scu__source_edits(const scu_source *source) {
  return source->edits;
}

static scu_result step_folder(scu_source *source, const part *p, scu__path_found *found, scu_error *error) {
  scu_result result = SCU_OK;
  if (!source->walk) {
    scu__folder_walk_options options = {
        .allocator = source->allocator, .recursive = p->is_recursive, .pattern = p->filter};
    result = scu__folder_walk_new(p->path, &options, &source->walk, error);
  }
  scu__folder_walk_entry entry;
  if (result == SCU_OK) result = scu__folder_walk_next(source->walk, &entry, error);
  if (result != SCU_OK) return result;
  found->path = entry.path;
  found->problem = entry.problem;
  return SCU_OK;
}

static scu_result step_dicomdir(scu_source *source, const part *p, scu__path_found *found, scu_error *error) {
  scu_result result = SCU_OK;
  if (!source->dicomdir) result = scu__dicomdir_files_new(p->path, source->allocator, &source->dicomdir, error);
  return result == SCU_OK ? scu__dicomdir_files_next(source->dicomdir, found, error) : result;
}

static scu_result ask_iterator(const part *p, const char **path, scu_error *error) {
  scu_result result = p->ask(p->user, path);
  if (result != SCU_OK || *path) return result;
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "the iterator gave no path");
}

/* One step in the current part; SCU_END when it has no more. */
static scu_result step(scu_source *source, scu__path_found *found, bool is_fresh, scu_error *error) {
  part *p = source->current;
  *found = (scu__path_found){.path = "", .is_named = p->kind != PART_FOLDER};
  switch (p->kind) {
  case PART_FILE: found->path = p->path; return is_fresh ? SCU_OK : SCU_END;
  case PART_FOLDER: return step_folder(source, p, found, error);
  case PART_DICOMDIR: return step_dicomdir(source, p, found, error);
  case PART_MEMORY:
    found->place.bytes = p->bytes;
    found->place.length = p->length;
    return is_fresh ? SCU_OK : SCU_END;
  case PART_ITERATOR: return source->has_no_iterators ? SCU_END : ask_iterator(p, &found->path, error);
  }
  return SCU_END;
}

scu_result scu__source_next(scu_source *source, scu__path_found *found, scu_error *error) {
  bool is_fresh = false;
  if (!source->is_started) {
    source->is_started = is_fresh = true;
    source->current = source->first;
  }
  while (source->current) {
    scu_result result = step(source, found, is_fresh, error);
    if (result != SCU_END) return result;
    close_part(source);
    source->current = source->current->next;
    is_fresh = true;
  }
  return SCU_END;
}

void scu__source_drop_iterators(scu_source *source) {
  source->has_no_iterators = true;
}

scu_result scu__source_begin(scu_source *source, scu_error *error) {
  for (const part *p = source->first; p; p = p->next)
    if (p->kind == PART_ITERATOR && source->is_used)
      return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                            "a source with an iterator can be used once: it cannot begin anew");
  close_part(source);
  source->current = NULL;
  source->is_started = source->has_no_iterators = false;
  source->is_used = true;
  return SCU_OK;
}
