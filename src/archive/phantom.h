/* Pictures computed from ellipsoids, for data sets that no patient had to lie still for. Integers alone: the same bytes
 * on every machine. Knows nothing of DICOM. */
#ifndef SCU_ARCHIVE_PHANTOM_H
#define SCU_ARCHIVE_PHANTOM_H

#include <stddef.h>
#include <stdint.h>

/* A head: x to the patient's left, y to the back, z upwards, all in tenths of a millimetre from its middle. */
typedef struct scu__phantom_plane {
  unsigned side;         /* pixels in a row and in a column, at most 512 */
  int field_of_view;     /* width and height of the picture */
  int z;                 /* of the plane */
  unsigned noise_number; /* another number, another noise */
} scu__phantom_plane;

/* side * side pixels of 16 bits, little endian. CT: Hounsfield units + 1024, 0 to 4095; MR: T2-like, 0 to 4095. */
void scu__phantom_head_ct(const scu__phantom_plane *plane, uint8_t *pixels);
void scu__phantom_head_mr(const scu__phantom_plane *plane, uint8_t *pixels);

enum { SCU__PHANTOM_HEART_COLUMNS = 320, SCU__PHANTOM_HEART_ROWS = 240, SCU__PHANTOM_HEART_FRAMES = 10 };
enum { SCU__PHANTOM_HEART_FRAME_LENGTH = SCU__PHANTOM_HEART_COLUMNS * SCU__PHANTOM_HEART_ROWS * 3 };

/* A heart as seen by ultrasound, one beat in FRAMES pictures: a fan with four chambers, coloured flow, a grey scale and
 * the curve of the heartbeat. R, G, B for each pixel. */
void scu__phantom_heart(unsigned frame, uint8_t *pixels);

#endif
