/* Puts the demonstration instances together: rows for what a series has in common, code for what differs from instance
 * to instance - numbers, places, pictures, references. */
#include "archive/demo.h"

#include <stdio.h>
#include <string.h>

#include "archive/demo_pdf.h"
#include "archive/demo_rows.h"
#include "archive/phantom.h"
#include "base/endian.h"
#include "data/dataset.h"
#include "data/element.h"

enum {
  CT_SIDE = 256,
  CT_COUNT = 24,
  MR_SIDE = 192,
  MR_COUNT = 16,
  BULK_MAX = SCU__PHANTOM_HEART_FRAMES * SCU__PHANTOM_HEART_FRAME_LENGTH,
  SHOWN_SLICE = 18, /* the instance number of the CT image with the finding */
  TEXT_ROOM = 80,
  PATH_ROOM = 160
};

typedef struct maker {
  scu_dataset *dataset;
  scu__buffer bulk; /* pixels or a document on their way into the dataset */
  const scu__demo_series *series;
  unsigned index; /* of the instance in its series */
  scu_error *error;
} maker;

static scu_result set(maker *m, const char *path, const char *value) {
  return scu__demo_set(m->dataset, path, value, m->error);
}

static scu_result set_number(maker *m, const char *path, unsigned number) {
  char text[TEXT_ROOM];
  snprintf(text, sizeof text, "%u", number);
  return set(m, path, text);
}

static scu_result set_bytes(maker *m, scu_tag tag, scu_vr vr, const void *bytes, size_t length) {
  return scu__dataset_set_bytes(m->dataset, tag, vr, bytes, length, m->error);
}

/* ---- images ---- */

static uint8_t *bulk_of(maker *m, size_t length) {
  scu__buffer_clear(&m->bulk);
  uint8_t *bytes = scu__buffer_reserve(&m->bulk, length);
  if (!bytes) {
    scu__error_memory(m->error, SCU_PHASE_STORAGE);
    return NULL;
  }
  scu__buffer_commit(&m->bulk, length);
  return bytes;
}

static scu_result set_pixels(maker *m, scu_vr vr) {
  return set_bytes(m, SCU__TAG_PIXEL_DATA, vr, m->bulk.data, m->bulk.length);
}

/* Tenths of a millimetre as millimetres. */
static void format_tenths(int tenths, char to[TEXT_ROOM]) {
  int size = tenths < 0 ? -tenths : tenths;
  snprintf(to, TEXT_ROOM, "%s%d.%d", tenths < 0 ? "-" : "", size / 10, size % 10);
}

/* `corner` is x\y\ of the first pixel. */
static scu_result set_place(maker *m, const char *corner, int z) {
  char height[TEXT_ROOM], position[2 * TEXT_ROOM];
  format_tenths(z, height);
  snprintf(position, sizeof position, "%s%s", corner, height);
  scu_result result = set(m, "SliceLocation", height);
  return result == SCU_OK ? set(m, "ImagePositionPatient", position) : result;
}

/* Seconds after a full minute at which the image was taken: HHMM -> HHMMSS.FFFFFF. */
static scu_result set_times(maker *m, const char *minute, unsigned milliseconds) {
  char text[TEXT_ROOM];
  snprintf(text, sizeof text, "%s%02u.%03u000", minute, milliseconds / 1000, milliseconds % 1000);
  scu_result result = set(m, "AcquisitionTime", text);
  return result == SCU_OK ? set(m, "ContentTime", text) : result;
}

/* What a vendor would keep for itself (PS3.5 7.8.1). */
static scu_result set_private(maker *m, unsigned noise_number) {
  static const char creator[] = "LIBSCU DEMO", origin[] = "computed from ellipsoids";
  uint8_t number[2];
  scu__store_u16le(number, (uint16_t)noise_number);
  scu_result result = set_bytes(m, SCU_TAG(0x0029, 0x0010), SCU_VR_LO, creator, strlen(creator));
  if (result == SCU_OK) result = set_bytes(m, SCU_TAG(0x0029, 0x1001), SCU_VR_LO, origin, strlen(origin));
  return result == SCU_OK ? set_bytes(m, SCU_TAG(0x0029, 0x1002), SCU_VR_US, number, sizeof number) : result;
}

static scu_result make_ct(maker *m) {
  scu__phantom_plane plane = {CT_SIDE, 2300, (int)m->index * 50 - 575, m->index};
  uint8_t *pixels = bulk_of(m, (size_t)CT_SIDE * CT_SIDE * 2);
  if (!pixels) return SCU_ERROR_MEMORY;
  scu__phantom_head_ct(&plane, pixels);
  scu_result result = set_place(m, "-114.55078125\\-114.55078125\\", plane.z);
  if (result == SCU_OK) result = set_times(m, "0917", 2000 + 1500 * m->index);
  if (result == SCU_OK) result = set_private(m, plane.noise_number);
  return result == SCU_OK ? set_pixels(m, SCU_VR_OW) : result;
}

static scu_result make_mr(maker *m) {
  scu__phantom_plane plane = {MR_SIDE, 2208, (2 * (int)m->index - (MR_COUNT - 1)) * 36, CT_COUNT + m->index};
  uint8_t *pixels = bulk_of(m, (size_t)MR_SIDE * MR_SIDE * 2);
  if (!pixels) return SCU_ERROR_MEMORY;
  scu__phantom_head_mr(&plane, pixels);
  scu_result result = set_place(m, "-109.825\\-109.825\\", plane.z);
  if (result == SCU_OK) result = set_times(m, "1541", 1250 + 2125 * m->index);
  return result == SCU_OK ? set_pixels(m, SCU_VR_OW) : result;
}

static scu_result make_us(maker *m) {
  uint8_t *pixels = bulk_of(m, BULK_MAX);
  if (!pixels) return SCU_ERROR_MEMORY;
  for (unsigned i = 0; i < SCU__PHANTOM_HEART_FRAMES; i++)
    scu__phantom_heart(i, pixels + (size_t)i * SCU__PHANTOM_HEART_FRAME_LENGTH);
  return set_pixels(m, SCU_VR_OB);
}

/* ---- what refers to them ---- */

static scu_result refer(maker *m, const char *sequence, unsigned item, const scu__demo_series *to, unsigned number) {
  char path[PATH_ROOM], uid[TEXT_ROOM];
  snprintf(uid, sizeof uid, "%s.%u", to->instance_prefix, number);
  snprintf(path, sizeof path, "%s[%u].ReferencedSOPClassUID", sequence, item);
  scu_result result = set(m, path, to->sop_class);
  if (result != SCU_OK) return result;
  snprintf(path, sizeof path, "%s[%u].ReferencedSOPInstanceUID", sequence, item);
  return set(m, path, uid);
}

static const scu__demo_series *ct_series(void) {
  size_t index = 0;
  while (scu__demo_series_at(index)->kind != SCU__DEMO_CT) index++;
  return scu__demo_series_at(index);
}

static scu_result make_report(maker *m) {
  static const char evidence[] = "CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]."
                                 "ReferencedSOPSequence";
  const scu__demo_series *ct = ct_series();
  scu_result result = refer(m, "ContentSequence[0].ContentSequence[1].ReferencedSOPSequence", 0, ct, SHOWN_SLICE);
  for (unsigned i = 0; result == SCU_OK && i < ct->count; i++) result = refer(m, evidence, i, ct, i + 1);
  return result;
}

static scu_result make_presentation(maker *m) {
  return refer(m, "ReferencedSeriesSequence[0].ReferencedImageSequence", 0, ct_series(), SHOWN_SLICE);
}

static scu_result make_letter(maker *m) {
  scu__buffer_clear(&m->bulk);
  scu__demo_pdf(m->series->letter, &m->bulk);
  if (scu__buffer_result(&m->bulk) != SCU_OK) return scu__error_memory(m->error, SCU_PHASE_STORAGE);
  scu_result result = set_number(m, "EncapsulatedDocumentLength", (unsigned)m->bulk.length);
  if (result != SCU_OK) return result;
  return set_bytes(m, SCU_TAG(0x0042, 0x0011), SCU_VR_OB, m->bulk.data, m->bulk.length);
}

/* ---- putting together ---- */

static scu_result make_kind(maker *m) {
  switch (m->series->kind) {
  case SCU__DEMO_CT: return make_ct(m);
  case SCU__DEMO_MR: return make_mr(m);
  case SCU__DEMO_US: return make_us(m);
  case SCU__DEMO_REPORT: return make_report(m);
  case SCU__DEMO_PRESENTATION: return make_presentation(m);
  case SCU__DEMO_LETTER: return make_letter(m);
  }
  return SCU_ERROR_USAGE;
}

static scu_result make_instance(maker *m) {
  char uid[TEXT_ROOM];
  const scu__demo_series *series = m->series;
  snprintf(uid, sizeof uid, "%s.%u", series->instance_prefix, m->index + 1);
  scu__dataset_reset(m->dataset);
  scu_result result = set(m, "SpecificCharacterSet", series->charset);
  for (size_t i = 0; result == SCU_OK && i < SCU__DEMO_PARTS_MAX && series->parts[i]; i++)
    result = scu__demo_fill(m->dataset, series->parts[i], m->error);
  if (result == SCU_OK) result = set(m, "SOPClassUID", series->sop_class);
  if (result == SCU_OK) result = set(m, "SOPInstanceUID", uid);
  if (result == SCU_OK) result = set_number(m, "InstanceNumber", m->index + 1);
  return result == SCU_OK ? make_kind(m) : result;
}

scu_result scu__demo_make(const scu_allocator *allocator,
                          scu_result (*take)(void *user, const scu_dataset *instance, const char *transfer_syntax_uid),
                          void *user, scu_error *error) {
  maker m = {.error = error};
  scu__buffer_init(&m.bulk, allocator, BULK_MAX);
  scu_result result = scu_dataset_new(allocator, &m.dataset);
  if (result != SCU_OK) scu__error_memory(error, SCU_PHASE_STORAGE);
  for (size_t i = 0; result == SCU_OK && (m.series = scu__demo_series_at(i)) != NULL; i++) {
    for (m.index = 0; result == SCU_OK && m.index < m.series->count; m.index++) {
      result = make_instance(&m);
      if (result == SCU_OK) result = take(user, m.dataset, m.series->transfer_syntax);
    }
  }
  scu_dataset_free(m.dataset);
  scu__buffer_free(&m.bulk);
  return result;
}
