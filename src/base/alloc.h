/* All heap memory of libscu comes through here, so that tests can make the i-th allocation fail. */
#ifndef SCU_BASE_ALLOC_H
#define SCU_BASE_ALLOC_H

#include <stddef.h>

#include "scu/allocator.h"

const scu_allocator *scu__allocator_or_default(const scu_allocator *allocator);

/* Zeroed memory; NULL when there is none, or when count * size overflows. A count or size of 0 gives one byte. */
void *scu__alloc(const scu_allocator *allocator, size_t size);
void *scu__alloc_array(const scu_allocator *allocator, size_t count, size_t size);
/* Grows or shrinks; the old block stays valid when NULL is returned. New bytes are not zeroed. */
void *scu__realloc_array(const scu_allocator *allocator, void *block, size_t count, size_t size);
void scu__free(const scu_allocator *allocator, void *block);
/* Overwrites what nobody may find in memory afterwards; not left out by an optimiser. */
void scu__wipe(void *bytes, size_t length);
/* Wipes `length` bytes of the block, then frees it. NULL is allowed. */
void scu__free_wiped(const scu_allocator *allocator, void *block, size_t length);
char *scu__strdup(const scu_allocator *allocator, const char *text);
char *scu__strndup(const scu_allocator *allocator, const char *text, size_t length);

#endif
