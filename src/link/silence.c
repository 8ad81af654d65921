/* Silence: a count, and when it last changed. */
#include "link/silence.h"

enum { LOOKS = 10 };

void scu__silence_break(scu__silence *silence, uint64_t life, uint64_t now_ms) {
  silence->life = life;
  silence->since_ms = now_ms;
}

bool scu__silence_is_broken(scu__silence *silence, uint64_t life, uint64_t now_ms) {
  if (life == silence->life) return false;
  scu__silence_break(silence, life, now_ms);
  return true;
}

bool scu__silence_has_lasted(const scu__silence *silence, uint64_t limit_ms, uint64_t now_ms) {
  return now_ms - silence->since_ms >= limit_ms;
}

uint64_t scu__silence_next_look(const scu__silence *silence, uint64_t limit_ms, uint64_t now_ms) {
  uint64_t end = silence->since_ms + limit_ms, look = now_ms + limit_ms / LOOKS + 1;
  return look < end ? look : end;
}
