/* A lock, for rooms that make no calls of the operating system themselves. */
#ifndef SCU_IO_LOCK_H
#define SCU_IO_LOCK_H

#include "scu/allocator.h"

typedef struct scu__lock scu__lock;

scu__lock *scu__lock_new(const scu_allocator *allocator); /* NULL: no memory */
void scu__lock_free(scu__lock *lock);                     /* NULL is allowed */
void scu__lock_take(scu__lock *lock);
void scu__lock_give(scu__lock *lock);

#endif
