/* The allocator seam: checked sizes, zeroed blocks, malloc behind it by default. */
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/versioned.h"

static void *default_allocate(void *user, size_t length) {
  (void)user;
  return malloc(length);
}

static void *default_reallocate(void *user, void *block, size_t length) {
  (void)user;
  return realloc(block, length);
}

static void default_release(void *user, void *block) {
  (void)user;
  free(block);
}

static const scu_allocator default_allocator = {
    .size = sizeof(scu_allocator),
    .allocate = default_allocate,
    .reallocate = default_reallocate,
    .release = default_release,
    .user = NULL,
};

const scu_allocator *scu__allocator_or_default(const scu_allocator *allocator) {
  return allocator ? allocator : &default_allocator;
}

static bool is_whole(const scu_allocator *allocator) {
  return scu__versioned_reaches(allocator, SCU__SIZE_THROUGH(scu_allocator, user));
}

void *scu__alloc(const scu_allocator *allocator, size_t size) {
  allocator = scu__allocator_or_default(allocator);
  if (!is_whole(allocator)) return NULL;
  if (size == 0) size = 1;
  void *block = allocator->allocate(allocator->user, size);
  if (block) memset(block, 0, size);
  return block;
}

void *scu__alloc_array(const scu_allocator *allocator, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  return scu__alloc(allocator, count * size);
}

void *scu__realloc_array(const scu_allocator *allocator, void *block, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) return NULL;
  size_t length = count * size;
  allocator = scu__allocator_or_default(allocator);
  if (!is_whole(allocator)) return NULL;
  return allocator->reallocate(allocator->user, block, length ? length : 1);
}

void scu__free(const scu_allocator *allocator, void *block) {
  if (!block) return;
  allocator = scu__allocator_or_default(allocator);
  allocator->release(allocator->user, block);
}

void scu__wipe(void *bytes, size_t length) {
  volatile uint8_t *at = bytes;
  for (size_t i = 0; i < length; i++) at[i] = 0;
}

void scu__free_wiped(const scu_allocator *allocator, void *block, size_t length) {
  if (!block) return;
  scu__wipe(block, length);
  scu__free(allocator, block);
}

char *scu__strndup(const scu_allocator *allocator, const char *text, size_t length) {
  if (length == SIZE_MAX) return NULL;
  char *copy = scu__alloc(allocator, length + 1);
  if (copy) memcpy(copy, text, length);
  return copy;
}

char *scu__strdup(const scu_allocator *allocator, const char *text) {
  return scu__strndup(allocator, text, strlen(text));
}
