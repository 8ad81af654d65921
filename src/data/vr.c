/* Looking up value representations (PS3.5 6.2). The rules themselves are in the generated table. */
#include "data/vr.h"

#include "data/tables.h"

const scu__vr_info *scu__vr_find(scu_vr vr) {
  size_t low = 0, high = scu__vr_table_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (scu__vr_table[middle].vr == vr) return &scu__vr_table[middle];
    if (scu__vr_table[middle].vr < vr) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

bool scu__vr_has_long_length(scu_vr vr) {
  const scu__vr_info *info = scu__vr_find(vr);
  return !info || info->has_long_length;
}

bool scu__vr_is_plausible(scu_vr vr) {
  unsigned first = vr >> 8, second = vr & 0xFFu;
  return first >= 'A' && first <= 'Z' && second >= 'A' && second <= 'Z';
}

size_t scu__vr_count(void) {
  return scu__vr_table_count;
}

const scu__vr_info *scu__vr_at(size_t index) {
  return index < scu__vr_table_count ? &scu__vr_table[index] : NULL;
}
