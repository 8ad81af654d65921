/* The head: ellipsoids painted over each other into a map of tissues, which CT and MR then see each in its own way. */
#include "archive/phantom.h"

#include <stdbool.h>

#include "base/endian.h"

enum { UNIT = 1024 };

typedef enum tissue { AIR, SKIN, BONE, GREY, WHITE, FLUID, LESION, CHALK, EYE, FAT, TISSUE_COUNT } tissue;

typedef struct ellipsoid {
  tissue tissue;
  bool is_pair;     /* there is one on the other side, too */
  int x, y, z;      /* centre */
  int a, b, c;      /* half axes along x, y and z, before turning */
  int cosine, sine; /* turned about z, of UNIT */
} ellipsoid;

#define UPRIGHT   UNIT, 0
#define TURNED_15 989, 265
#define TURNED_30 887, 512
#define TURNED_50 658, 784

/* From the outside in: later ones cover earlier ones. */
static const ellipsoid head[] = {
    {SKIN, false, 0, 0, -100, 780, 990, 900, UPRIGHT},
    {SKIN, false, 0, -960, -520, 110, 150, 170, UPRIGHT},  /* nose */
    {SKIN, true, 790, 110, -430, 50, 130, 190, TURNED_15}, /* ear */
    {BONE, false, 0, 0, -100, 725, 935, 850, UPRIGHT},
    {GREY, false, 0, 0, -100, 660, 865, 785, UPRIGHT},
    {WHITE, false, 0, -10, -60, 560, 750, 670, UPRIGHT},
    {GREY, true, 420, 60, 60, 45, 330, 330, TURNED_15}, /* insula */
    /* Furrows, turned towards the middle. */
    {FLUID, true, 230, -790, 60, 14, 120, 480, TURNED_15},
    {FLUID, true, 420, -650, 100, 14, 130, 500, TURNED_30},
    {FLUID, true, 545, -450, 60, 14, 140, 520, TURNED_50},
    {FLUID, true, 585, -170, 130, 130, 15, 480, TURNED_15},
    {FLUID, true, 590, 150, 60, 150, 18, 420, UPRIGHT},
    {FLUID, true, 560, 400, 120, 130, 14, 470, 989, 265},
    {FLUID, true, 430, 610, 80, 14, 130, 480, 887, -512},
    {FLUID, true, 230, 760, 110, 14, 120, 460, 989, -265},
    {FLUID, false, 0, 0, 160, 12, 860, 520, UPRIGHT}, /* between the hemispheres */
    /* The midbrain and cerebellum, in the lower planes. */
    {GREY, false, 0, 470, -540, 480, 330, 260, UPRIGHT},
    {WHITE, true, 200, 450, -540, 210, 190, 180, UPRIGHT},
    {WHITE, false, 0, 150, -520, 170, 170, 330, UPRIGHT},
    {FLUID, false, 0, 40, -420, 190, 70, 110, UPRIGHT},
    /* The depth. */
    {WHITE, false, 0, -130, 230, 130, 90, 90, UPRIGHT}, /* corpus callosum */
    {WHITE, false, 0, 270, 230, 150, 90, 90, UPRIGHT},
    {GREY, true, 175, 60, 40, 95, 180, 170, TURNED_30},     /* thalamus */
    {GREY, true, 300, -80, 60, 70, 220, 190, TURNED_15},    /* putamen */
    {GREY, true, 150, -230, 80, 60, 100, 190, UPRIGHT},     /* caudate nucleus */
    {FLUID, true, 105, -160, 190, 48, 260, 170, 989, -265}, /* lateral ventricle: front, back, lower horn */
    {FLUID, true, 175, 300, 160, 62, 220, 190, TURNED_15},
    {FLUID, true, 330, 230, -190, 40, 190, 90, TURNED_15},
    {FLUID, false, 0, 50, -10, 20, 150, 150, UPRIGHT},  /* third ventricle */
    {FLUID, false, 0, 310, -480, 75, 60, 130, UPRIGHT}, /* fourth */
    {CHALK, false, 0, 235, 10, 28, 32, 40, UPRIGHT},
    {CHALK, true, 190, 300, 130, 22, 45, 40, TURNED_15},
    /* What is to be found: on the patient's left side in front. */
    {GREY, false, 350, -390, 260, 150, 175, 150, TURNED_15},
    {LESION, false, 350, -390, 260, 115, 140, 115, TURNED_15},
    {FLUID, false, 345, -385, 260, 45, 55, 50, UPRIGHT},
    /* The base: bone between the lobes, air in it, and the eyes. */
    {BONE, true, 450, 190, -560, 300, 75, 130, 887, -512},
    {BONE, true, 400, -500, -560, 330, 55, 120, 887, 512},
    {AIR, true, 560, 270, -560, 75, 50, 90, UPRIGHT},
    {BONE, false, 0, -640, -560, 200, 330, 190, UPRIGHT},
    {AIR, true, 80, -620, -560, 62, 260, 150, UPRIGHT},
    {AIR, true, 90, -850, -330, 70, 50, 130, UPRIGHT},
    {FAT, true, 350, -760, -520, 180, 260, 170, TURNED_15},
    {EYE, true, 350, -835, -520, 125, 125, 125, UPRIGHT},
    {WHITE, true, 300, -610, -520, 22, 130, 30, TURNED_15},
};

/* Where the middle of pixel `index` lies. */
static int place(const scu__phantom_plane *plane, unsigned index) {
  int side = (int)plane->side;
  return (2 * (int)index - (side - 1)) * plane->field_of_view / (2 * side);
}

/* The first and last row or column that something between `from` and `to` can touch. */
static void span(const scu__phantom_plane *plane, int from, int to, unsigned *first, unsigned *end) {
  *first = 0;
  *end = plane->side;
  while (*first < *end && place(plane, *first) < from) ++*first;
  while (*end > *first && place(plane, *end - 1) > to) --*end;
}

/* Furrows reach as far as the skull and no further. */
static bool may_cover(tissue above, uint8_t below) {
  return above != FLUID || (below != AIR && below != SKIN && below != BONE);
}

static void paint(const scu__phantom_plane *plane, const ellipsoid *e, int sign, uint8_t *map) {
  int64_t aa = (int64_t)e->a * e->a, bb = (int64_t)e->b * e->b, cc = (int64_t)e->c * e->c;
  int64_t dz = plane->z - e->z;
  if (dz * dz >= cc) return;
  /* (u/a)^2 + (v/b)^2 + (dz/c)^2 <= 1, without dividing: u^2 b^2 + v^2 a^2 <= a^2 b^2 (c^2 - dz^2) / c^2. */
  int64_t bound = aa * bb * (cc - dz * dz) / cc;
  int reach = e->a > e->b ? e->a : e->b, middle = sign * e->x;
  unsigned left, right, top, bottom;
  span(plane, middle - reach, middle + reach, &left, &right);
  span(plane, e->y - reach, e->y + reach, &top, &bottom);
  for (unsigned row = top; row < bottom; row++) {
    int64_t y = place(plane, row) - e->y;
    for (unsigned column = left; column < right; column++) {
      int64_t x = sign * (place(plane, column) - middle);
      int64_t u = (x * e->cosine + y * e->sine) / UNIT, v = (y * e->cosine - x * e->sine) / UNIT;
      uint8_t *at = &map[row * plane->side + column];
      if (u * u * bb + v * v * aa <= bound && may_cover(e->tissue, *at)) *at = (uint8_t)e->tissue;
    }
  }
}

/* The map stands in the second half of the pixels: one byte each, read before the two of its pixel are written. */
static const uint8_t *map_tissues(const scu__phantom_plane *plane, uint8_t *pixels) {
  uint8_t *map = pixels + (size_t)plane->side * plane->side;
  for (size_t i = 0; i < (size_t)plane->side * plane->side; i++) map[i] = AIR;
  for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
    paint(plane, &head[i], 1, map);
    if (head[i].is_pair) paint(plane, &head[i], -1, map);
  }
  return map;
}

static uint32_t scramble(uint32_t number) {
  number = (number ^ (number >> 16)) * 0x7FEB352Du;
  number = (number ^ (number >> 15)) * 0x846CA68Bu;
  return number ^ (number >> 16);
}

/* Between -range and range, the middle most often. */
static int noise(const scu__phantom_plane *plane, size_t pixel, int range) {
  uint32_t number = scramble((uint32_t)pixel + plane->noise_number * 0x9E3779B9u);
  int first = (int)(number & 0xFFFF), second = (int)(number >> 16);
  return (first + second - 0xFFFF) * range / 0xFFFF;
}

static void put_pixel(uint8_t *pixels, size_t pixel, int value) {
  scu__store_u16le(pixels + 2 * pixel, (uint16_t)(value < 0 ? 0 : value > 4095 ? 4095 : value));
}

void scu__phantom_head_ct(const scu__phantom_plane *plane, uint8_t *pixels) {
  static const int16_t hounsfield[TISSUE_COUNT] = {
      [AIR] = -1000, [SKIN] = 12,   [BONE] = 920,  [GREY] = 41, [WHITE] = 27,
      [FLUID] = 6,   [LESION] = 66, [CHALK] = 190, [EYE] = 18,  [FAT] = -80,
  };
  const uint8_t *map = map_tissues(plane, pixels);
  for (size_t i = 0; i < (size_t)plane->side * plane->side; i++)
    put_pixel(pixels, i, hounsfield[map[i]] + 1024 + noise(plane, i, 9));
}

void scu__phantom_head_mr(const scu__phantom_plane *plane, uint8_t *pixels) {
  static const int16_t signal[TISSUE_COUNT] = {
      [AIR] = 12,     [SKIN] = 520,   [BONE] = 60,   [GREY] = 560, [WHITE] = 380,
      [FLUID] = 1320, [LESION] = 960, [CHALK] = 110, [EYE] = 1400, [FAT] = 820,
  };
  const uint8_t *map = map_tissues(plane, pixels);
  for (unsigned row = 0; row < plane->side; row++) {
    for (unsigned column = 0; column < plane->side; column++) {
      size_t i = (size_t)row * plane->side + column;
      /* The coil hears what is near to it, at the back, a little better. */
      int gain = 960 + (int)(row * 128 / plane->side);
      put_pixel(pixels, i, signal[map[i]] * gain / 1024 + noise(plane, i, 22));
    }
  }
}
