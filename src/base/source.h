/* Random-access bytes that somebody else owns: a file, or memory. The seam that keeps files out of the inner rooms. */
#ifndef SCU_BASE_SOURCE_H
#define SCU_BASE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scu/allocator.h"

/* Embed as the first member of a backend, or use a static one. One thread at a time. */
typedef struct scu__source scu__source;
struct scu__source {
  uint64_t size; /* bytes; fixed for the life of the source */
  /* Reads exactly `length` bytes at `offset`. A source that turns out shorter is SCU_ERROR_STORAGE. May block on a
   * local disk, never on a network. */
  scu_result (*read_at)(scu__source *self, uint64_t offset, void *to, size_t length, scu_error *error);
  /* The bytes themselves, for a system call to read: we may not touch them, since a file may shrink under its mapping
   * and only the kernel takes that for an error. Valid until give_back or close. NULL: not to be had, or not worth it.
   * May be NULL. */
  const uint8_t *(*lend)(scu__source *self, uint64_t offset, size_t length);
  /* Nobody reads what was lent any more: lets go of what that takes. It may be lent again. May be NULL. */
  void (*give_back)(scu__source *self);
  void (*close)(scu__source *self); /* frees the backend; may be NULL */
};

/* A source over memory that the caller keeps alive. */
typedef struct scu__memory_source {
  scu__source source;
  const uint8_t *bytes;
} scu__memory_source;
void scu__memory_source_init(scu__memory_source *source, const void *bytes, size_t length);

/* The same as an object of its own, for whoever closes what it was given. NULL when there is no memory. */
scu__source *scu__memory_source_new(const scu_allocator *allocator, const void *bytes, size_t length);

/* Sequential bytes made on demand (a rewritten dataset). read gives 1..room bytes and SCU_OK, or SCU_END after the
 * last, or an error. */
typedef struct scu__producer scu__producer;
struct scu__producer {
  scu_result (*read)(scu__producer *self, uint8_t *to, size_t room, size_t *got, scu_error *error);
  void (*close)(scu__producer *self); /* frees the backend; may be NULL */
};

#endif
