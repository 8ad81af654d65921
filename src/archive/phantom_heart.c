/* The heart: four chambers that change their size with the beat, drawn pixel by pixel from ellipses. */
#include "archive/phantom.h"

#include <stdbool.h>
#include <string.h>

enum {
  COLUMNS = SCU__PHANTOM_HEART_COLUMNS,
  ROWS = SCU__PHANTOM_HEART_ROWS,
  FRAMES = SCU__PHANTOM_HEART_FRAMES,
  UNIT = 1024,
  APEX_X = 160, /* where the fan begins, and how near and far it reaches */
  APEX_Y = 4,
  NEAR = 14,
  FAR = 212,
  CURVE_TOP = 216, /* the curve of the heartbeat and the scales beside the fan */
  CURVE_FIRST = 40,
  CURVE_END = 280,
  SCALE_TOP = 20,
  SCALE_LENGTH = 100,
  SCALE_WIDTH = 8
};

typedef struct colour {
  uint8_t red, green, blue;
} colour;

typedef struct ellipse {
  int x, y, a, b;   /* pixels */
  int cosine, sine; /* turned, of UNIT */
} ellipse;

/* The chambers in percent of their size; the upper ones fill while the lower ones empty. */
static const uint8_t ventricle_size[FRAMES] = {100, 97, 88, 77, 70, 68, 74, 86, 94, 98};
static const uint8_t atrium_size[FRAMES] = {82, 86, 93, 101, 106, 108, 104, 95, 88, 84};
static const bool valves_open[FRAMES] = {true, false, false, false, false, false, true, true, true, true};
/* Percent: towards the probe (red) while the ventricles fill, away from it (blue) while they empty. */
static const int8_t flow_speed[FRAMES] = {55, -20, -75, -100, -80, -35, 60, 100, 75, 45};

/* One beat of the curve, in pixels above its base line. */
static const int8_t beat[] = {0, 0, 1, 2, 3, 3, 2, 1, 0, 0, -2, 8, 18, 6, -5, -1, 0, 0, 0, 0,
                              1, 1, 2, 3, 4, 5, 5, 4, 3, 1, 0,  0, 0,  0, 0,  0,  0, 0, 0, 0};
enum { BEAT_LENGTH = sizeof beat };

static colour grey(int level) {
  uint8_t value = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
  return (colour){value, value, value};
}

/* How deep inside the ellipse, of UNIT: UNIT in the middle, 0 at the rim, less outside. */
static int depth_inside(const ellipse *e, int percent, int x, int y) {
  int a = e->a * percent, b = e->b * percent; /* hundredths */
  int dx = x - e->x, dy = y - e->y;
  int64_t u = (int64_t)(dx * e->cosine + dy * e->sine) * 100 / UNIT * 32 / a;
  int64_t v = (int64_t)(dy * e->cosine - dx * e->sine) * 100 / UNIT * 32 / b;
  return (int)(UNIT - (u * u + v * v));
}

static bool is_in_fan(int x, int y) {
  int dx = x - APEX_X, dy = y - APEX_Y, squared = dx * dx + dy * dy;
  int across = dx < 0 ? -dx : dx;
  return squared >= NEAR * NEAR && squared <= FAR * FAR && across * 1000 <= dy * 839; /* 40 degrees to either side */
}

/* What the tissue sends back is less and less with the distance; the layers under the skin show as arcs. */
static int tissue_at(int x, int y) {
  int dx = x - APEX_X, dy = y - APEX_Y, squared = dx * dx + dy * dy;
  int level = 78 - squared / 900;
  if (squared < 34 * 34) level += squared / 90 % 3 * 28;
  return level;
}

static const ellipse muscle = {161, 122, 74, 96, UNIT, 0};
static const ellipse lining = {161, 122, 77, 99, UNIT, 0};
static const ellipse chambers[] = {
    {187, 96, 29, 56, 1016, 125},   /* left ventricle, on the right of the picture as is the custom */
    {135, 101, 23, 49, 1016, -125}, /* right ventricle */
    {185, 182, 26, 23, UNIT, 0},    /* the atria */
    {137, 182, 25, 22, UNIT, 0},
};
enum { VENTRICLES = 2, CHAMBERS = 4 };
static const ellipse jet = {188, 132, 12, 40, 1016, 125};

/* The two leaves of the valves: flat ellipses, hanging into the ventricle when open. */
static const ellipse shut[] = {{175, 153, 13, 2, 1016, 125},
                               {198, 153, 13, 2, 1016, -125},
                               {126, 154, 12, 2, 1016, 125},
                               {147, 154, 12, 2, 1016, -125}};
static const ellipse open[] = {{172, 144, 13, 2, 512, -887},
                               {203, 144, 13, 2, 512, 887},
                               {122, 145, 12, 2, 512, -887},
                               {150, 145, 12, 2, 512, 887}};
enum { LEAVES = 4 };

static bool is_leaf(unsigned frame, int x, int y) {
  const ellipse *leaves = valves_open[frame] ? open : shut;
  for (int i = 0; i < LEAVES; i++)
    if (depth_inside(&leaves[i], 100, x, y) >= 0) return true;
  return false;
}

static bool is_blood(unsigned frame, int x, int y) {
  for (int i = 0; i < CHAMBERS; i++) {
    int percent = i < VENTRICLES ? ventricle_size[frame] : atrium_size[frame];
    if (depth_inside(&chambers[i], percent, x, y) >= 0) return true;
  }
  return false;
}

static colour flow_at(unsigned frame, int x, int y) {
  int depth = depth_inside(&jet, 100, x, y), speed = flow_speed[frame];
  if (depth <= 0) return grey(12);
  int level = (speed < 0 ? -speed : speed) * depth / UNIT * 2; /* 0 to 200 */
  uint8_t strong = (uint8_t)(55 + level), weak = (uint8_t)(level > 100 ? (level - 100) * 2 : 0);
  return speed > 0 ? (colour){strong, weak, 0} : (colour){0, weak, strong};
}

static colour fan_at(unsigned frame, int x, int y) {
  if (is_leaf(frame, x, y)) return grey(215);
  if (is_blood(frame, x, y)) return flow_at(frame, x, y);
  int level = tissue_at(x, y);
  if (depth_inside(&muscle, 100, x, y) >= 0) return grey(level + 78);
  return grey(depth_inside(&lining, 100, x, y) >= 0 ? level + 130 : level);
}

static colour scales_at(int x, int y) {
  int step = y - SCALE_TOP;
  if (step < 0 || step >= SCALE_LENGTH) return grey(0);
  if (x >= 8 && x < 8 + SCALE_WIDTH) return grey(255 - step * 255 / (SCALE_LENGTH - 1));
  if (x < COLUMNS - 8 - SCALE_WIDTH || x >= COLUMNS - 8) return grey(0);
  int speed = SCALE_LENGTH / 2 - step, level = (speed < 0 ? -speed : speed) * 5; /* 0 to 250 */
  uint8_t weak = (uint8_t)(level > 125 ? (level - 125) * 2 : 0);
  return speed > 0 ? (colour){(uint8_t)level, weak, 0} : (colour){0, weak, (uint8_t)level};
}

static int curve_height(int x) {
  return beat[(x - CURVE_FIRST) % BEAT_LENGTH];
}

/* The line from the height before to this one, and an upright stroke at the moment of the frame. */
static colour curve_at(unsigned frame, int x, int y) {
  if (x < CURVE_FIRST || x >= CURVE_END) return grey(0);
  int now = CURVE_FIRST + 2 * BEAT_LENGTH + 11 + (int)frame * BEAT_LENGTH / FRAMES;
  if (x == now) return (colour){250, 210, 40};
  int height = ROWS - 6 - y, from = x > CURVE_FIRST ? curve_height(x - 1) : 0, to = curve_height(x);
  bool is_line = from <= to ? height >= from && height <= to : height <= from && height >= to;
  return is_line ? (colour){60, 220, 90} : grey(0);
}

static colour pixel_at(unsigned frame, int x, int y) {
  if (y >= CURVE_TOP) return curve_at(frame, x, y);
  return is_in_fan(x, y) ? fan_at(frame, x, y) : scales_at(x, y);
}

void scu__phantom_heart(unsigned frame, uint8_t *pixels) {
  for (int y = 0; y < ROWS; y++) {
    for (int x = 0; x < COLUMNS; x++, pixels += 3) {
      colour c = pixel_at(frame % FRAMES, x, y);
      pixels[0] = c.red;
      pixels[1] = c.green;
      pixels[2] = c.blue;
    }
  }
}
