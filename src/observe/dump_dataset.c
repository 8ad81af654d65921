/* Reader, builder and the text of datasets, each with its bound. */
#include "observe/dump_dataset.h"

#include "base/alloc.h"
#include "data/dataset_builder.h"
#include "data/inflate.h"
#include "data/text_output.h"
#include "observe/identifying.h"

enum {
  VALUE_MAX = 4 * 1024,   /* a longer one is left out: its first 64 characters would be shown */
  KEPT_MAX = 256 * 1024,  /* of all values */
  ELEMENTS_SHOWN = 2000,  /* elements, items and fragments */
  WIDTH = 64,             /* characters of one value */
  INFLATED = 16 * 1024,   /* at a time */
  INFLATED_MAX = 16 << 20 /* in all, of what is deflated */
};

#define TAG_PIXEL_DATA SCU_TAG(0x7FE0, 0x0010)
#define TAG_BULK_FIRST SCU_TAG(0x7FE0, 0x0008) /* Float Pixel Data, Double Float Pixel Data, Pixel Data */

struct scu__dump_dataset {
  const scu_allocator *allocator;
  scu__reader reader;
  scu__dataset_builder builder;
  scu__inflater *inflater; /* NULL: not deflated */
  uint8_t *inflated;
  bool is_done;     /* nothing more is looked at */
  bool is_too_much; /* because there is too much of it */
  bool is_bulk;     /* because Pixel Data begins */
  bool is_lost;     /* bytes are missing */
  scu_error fault;
};

static bool make_inflater(scu__dump_dataset *dump) {
  const scu__inflate_limits limits = {.output_max = INFLATED_MAX};
  dump->inflated = scu__alloc(dump->allocator, INFLATED);
  return dump->inflated && scu__inflater_new(dump->allocator, &limits, &dump->inflater) == SCU_OK;
}

scu__dump_dataset *scu__dump_dataset_new(const scu_allocator *allocator, const scu__transfer_syntax *syntax) {
  scu__dump_dataset *dump = scu__alloc(allocator, sizeof *dump);
  if (!dump) return NULL;
  dump->allocator = allocator;
  scu__error_clear(&dump->fault);
  /* We stop before the builder's own limits, which would take the tree away. */
  const scu__dataset_limits limits = {.value_max = VALUE_MAX,
                                      .total_max = KEPT_MAX + 2 * VALUE_MAX,
                                      .elements_max = 2 * ELEMENTS_SHOWN,
                                      .phase = SCU_PHASE_NONE};
  scu__reader_init(&dump->reader, scu__transfer_syntax_encoding(syntax), NULL);
  scu__dataset_builder_init(&dump->builder, allocator, &limits);
  if (syntax && syntax->is_deflated && !make_inflater(dump)) {
    scu__dump_dataset_free(dump);
    return NULL;
  }
  return dump;
}

void scu__dump_dataset_free(scu__dump_dataset *dump) {
  if (!dump) return;
  scu__dataset_builder_free(&dump->builder);
  scu__inflater_free(dump->inflater);
  scu__free(dump->allocator, dump->inflated);
  scu__free(dump->allocator, dump);
}

bool scu__dump_dataset_wants(const scu__dump_dataset *dump) {
  return !dump->is_done;
}

static bool is_bulk(const scu__token *token) {
  bool is_header = token->kind == SCU__TOKEN_ELEMENT || token->kind == SCU__TOKEN_FRAGMENTS_BEGIN;
  return is_header && token->depth == 0 && token->tag >= TAG_BULK_FIRST && token->tag <= TAG_PIXEL_DATA;
}

/* What is bulk, or too much, ends the looking: the tree stands as far as it goes. */
static scu_result take_token(scu__dump_dataset *dump, const scu__token *token) {
  dump->is_bulk = is_bulk(token);
  dump->is_too_much = dump->builder.made >= ELEMENTS_SHOWN || dump->builder.kept >= KEPT_MAX;
  if (dump->is_bulk || dump->is_too_much) return SCU_END;
  return scu__dataset_builder_put(&dump->builder, token, &dump->fault);
}

static void take(scu__dump_dataset *dump, const uint8_t *bytes, size_t length) {
  scu_result result = SCU_OK;
  if (dump->is_done) return;
  scu__reader_push(&dump->reader, bytes, length);
  while (result == SCU_OK) {
    scu__token token;
    result = scu__reader_next(&dump->reader, &token, &dump->fault);
    if (result == SCU_OK) result = take_token(dump, &token);
  }
  dump->is_done = result != SCU_MORE;
}

static void take_deflated(scu__dump_dataset *dump, const uint8_t *bytes, size_t length) {
  while (!dump->is_done) {
    size_t got = 0;
    scu_result result =
        scu__inflater_run(dump->inflater, &bytes, &length, dump->inflated, INFLATED, &got, &dump->fault);
    if (got > 0) take(dump, dump->inflated, got);
    if (result == SCU_MORE) return;
    if (result != SCU_OK) dump->is_done = true;
  }
}

void scu__dump_dataset_feed(scu__dump_dataset *dump, const uint8_t *bytes, size_t length) {
  if (length == 0 || dump->is_done) return;
  if (dump->inflater)
    take_deflated(dump, bytes, length);
  else
    take(dump, bytes, length);
}

void scu__dump_dataset_lose(scu__dump_dataset *dump) {
  if (dump->is_done) return;
  dump->is_lost = dump->is_done = true;
}

static scu_result put_piece(void *user, const char *utf8, size_t length) {
  scu__buffer *text = user;
  scu__put_bytes(text, utf8, length);
  return scu__buffer_result(text);
}

void scu__dump_tree(scu__buffer *text, const scu_dataset *dataset, bool with_phi) {
  scu_result result = scu__dataset_write_masked(dataset, with_phi ? NULL : scu__is_identifying, WIDTH, put_piece, text);
  if (result != SCU_OK && scu__buffer_result(text) == SCU_OK) scu__dump_put(text, "(no more of it can be shown)\n");
}

void scu__dump_dataset_put(scu__dump_dataset *dump, scu__buffer *text, bool is_whole, bool with_phi) {
  scu_dataset *tree = NULL;
  if (is_whole && !dump->is_done && !dump->inflater) {
    scu__token token;
    scu__reader_finish(&dump->reader);
    while (scu__reader_next(&dump->reader, &token, &dump->fault) == SCU_OK)
      if (take_token(dump, &token) != SCU_OK) break;
  }
  if (scu__dataset_builder_take(&dump->builder, &tree, NULL) == SCU_OK) {
    scu__dump_tree(text, tree, with_phi);
    scu_dataset_free(tree);
  }
  if (dump->is_bulk) scu__dump_put(text, "(Pixel Data, and what may follow it, is not shown)\n");
  if (dump->is_too_much) scu__dump_put(text, "(too much to be shown: the rest is left out)\n");
  if (dump->is_lost) scu__dump_put(text, "(the rest could not be looked at)\n");
  if (scu__error_is_set(&dump->fault)) scu__dump_put(text, "(not to be read: %s)\n", dump->fault.reason);
}
