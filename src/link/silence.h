/* How long somebody has been silent: a count of his signs of life, looked at now and then. One home for all who wait:
 * requests, stores, associations of the caller's own, and the server for its guests. What counts as a sign is theirs
 * to say (scu__link_life, scu__link_moved); so is the timer. */
#ifndef SCU_LINK_SILENCE_H
#define SCU_LINK_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct scu__silence {
  uint64_t since_ms; /* the last sign was seen then */
  uint64_t life;     /* the count, as it was then */
} scu__silence;

/* A sign was seen, or the wait begins. */
void scu__silence_break(scu__silence *silence, uint64_t life, uint64_t now_ms);
/* Looks. True when there was a new sign: the silence begins again. */
bool scu__silence_is_broken(scu__silence *silence, uint64_t life, uint64_t now_ms);
bool scu__silence_has_lasted(const scu__silence *silence, uint64_t limit_ms, uint64_t now_ms);
/* When to look again: ten times in a limit, so that it counts from the last sign and not from the last look. */
uint64_t scu__silence_next_look(const scu__silence *silence, uint64_t limit_ms, uint64_t now_ms);

#endif
