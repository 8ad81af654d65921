/* Where libscu gets its memory. Pass NULL anywhere an allocator is asked for to use malloc, realloc and free. */
#ifndef SCU_ALLOCATOR_H
#define SCU_ALLOCATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All three may be called from any thread that libscu runs on, its pool included. The struct is copied by pointer:
 * it must outlive every object made with it. */
typedef struct scu_allocator {
  size_t size;                                  /* sizeof(scu_allocator) of the caller; a shorter one gives no memory */
  void *(*allocate)(void *user, size_t length); /* as malloc; NULL on failure */
  void *(*reallocate)(void *user, void *block, size_t length); /* as realloc; block may be NULL */
  void (*release)(void *user, void *block);                    /* as free; NULL is allowed */
  void *user;
} scu_allocator;

#ifdef __cplusplus
}
#endif
#endif
