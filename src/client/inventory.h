/* What was promised and what has come: the image-level UIDs of a retrieve, grouped by the requests that bring them. */
#ifndef SCU_CLIENT_INVENTORY_H
#define SCU_CLIENT_INVENTORY_H

#include <stdbool.h>

#include "client/query.h"

/* One thing to ask for: unique keys down to a level; for IMAGE a run of entries of one series. */
typedef struct scu__target {
  scu_query_level level;
  scu__unique_keys known;
  size_t first, count; /* entries that belong to it (IMAGE: that are asked for); 0 = not known */
  size_t first_uid;    /* where nothing is known: its part of the list of UIDs in the query begins there */
} scu__target;

typedef struct scu__entry {
  scu__uid instance;
  uint32_t series;    /* index into series */
  uint16_t sop_class; /* index into classes */
  bool is_received;
} scu__entry;

typedef struct scu__inventory_series {
  scu__unique_keys known; /* down to the series */
  char modality[17];      /* "" = the peer did not say */
} scu__inventory_series;

typedef struct scu__inventory {
  const scu_allocator *allocator;
  scu__entry *entries;
  size_t count, capacity;
  uint32_t *slots; /* hash over instance UIDs: index + 1, 0 = free */
  size_t slot_count;
  scu__inventory_series *series;
  size_t series_count, series_capacity;
  scu__uid *classes;
  size_t class_count, class_capacity;
  scu__target *targets;
  size_t target_count, target_capacity;
  size_t received;
} scu__inventory;

void scu__inventory_init(scu__inventory *inventory, const scu_allocator *allocator);
void scu__inventory_free(scu__inventory *inventory);

/* An image-level row; adds a target of `level` when its keys differ from the last one's. A UID that is there already is
 * not added twice. MEMORY. */
scu_result scu__inventory_add(scu__inventory *inventory, scu_query_level level, scu_query_level first_level,
                              const scu_dataset *row);
/* A target without entries. */
scu_result scu__inventory_add_target(scu__inventory *inventory, scu_query_level level, const scu__unique_keys *known);
typedef enum scu__arrival { SCU__ARRIVAL_NEW, SCU__ARRIVAL_AGAIN, SCU__ARRIVAL_NOT_PROMISED } scu__arrival;
scu__arrival scu__inventory_received(scu__inventory *inventory, const char *instance_uid);
size_t scu__inventory_missing(const scu__inventory *inventory);
/* Replaces the targets by image-level ones for what is missing, each of one series and at most `chunk` UIDs. */
scu_result scu__inventory_retarget(scu__inventory *inventory, size_t chunk);
/* The missing UIDs of an image-level target joined by backslash, appended with a NUL. */
void scu__inventory_list(const scu__inventory *inventory, const scu__target *target, scu__buffer *list);

#endif
