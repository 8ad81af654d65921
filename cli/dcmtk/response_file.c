/* Part 10 (PS3.10 7) around a small dataset: sequences of undefined length, values as the peer sent them. */
#include "response_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scu/options.h"
#include "scu/uid.h"
#include "walk.h"

enum { PATH_ROOM = 4096 };

#define UNDEFINED_LENGTH 0xFFFFFFFFu
/* What DCMTK gives files that hold no instance, and its readers know. */
#define NO_INSTANCE "1.2.276.0.7230010.3.1.0.1"

static void put_number(FILE *to, uint32_t number, int bytes) {
  for (int i = 0; i < bytes; i++) putc((int)(number >> (8 * i) & 0xFF), to);
}

static void put_tag(FILE *to, scu_tag tag) {
  put_number(to, tag >> 16, 2);
  put_number(to, tag & 0xFFFF, 2);
}

/* PS3.5 7.1.2: two bytes of length for these, else two reserved ones and four. */
static bool has_short_length(scu_vr vr) {
  static const scu_vr vrs[] = {SCU_VR_AE, SCU_VR_AS, SCU_VR_AT, SCU_VR_CS, SCU_VR_DA, SCU_VR_DS, SCU_VR_DT,
                               SCU_VR_FD, SCU_VR_FL, SCU_VR_IS, SCU_VR_LO, SCU_VR_LT, SCU_VR_PN, SCU_VR_SH,
                               SCU_VR_SL, SCU_VR_SS, SCU_VR_ST, SCU_VR_TM, SCU_VR_UI, SCU_VR_UL, SCU_VR_US};
  for (size_t i = 0; i < sizeof vrs / sizeof *vrs; i++)
    if (vrs[i] == vr) return true;
  return false;
}

static void put_head(FILE *to, scu_tag tag, scu_vr vr, uint32_t length) {
  put_tag(to, tag);
  putc((int)(vr >> 8), to);
  putc((int)(vr & 0xFF), to);
  if (has_short_length(vr)) {
    put_number(to, length, 2);
    return;
  }
  put_number(to, 0, 2);
  put_number(to, length, 4);
}

static void put_value(FILE *to, scu_tag tag, scu_vr vr, const void *bytes, size_t length) {
  put_head(to, tag, vr, (uint32_t)(length + (length & 1)));
  fwrite(bytes, 1, length, to);
  if (length & 1) putc(vr == SCU_VR_UI || vr == SCU_VR_OB || vr == SCU_VR_UN ? 0 : ' ', to);
}

static void put_step(void *user, walk_step step, size_t depth, const scu_dataset *dataset, const scu_element *element) {
  FILE *to = user;
  (void)depth;
  (void)dataset;
  switch (step) {
  case WALK_ELEMENT: {
    const uint8_t *bytes = scu_element_bytes(element);
    size_t length = bytes ? (size_t)scu_element_length(element) : 0;
    put_value(to, scu_element_tag(element), scu_element_vr(element), bytes ? (const void *)bytes : "", length);
    break;
  }
  case WALK_SEQUENCE:
    put_head(to, scu_element_tag(element), SCU_VR_SQ, scu_element_item_count(element) ? UNDEFINED_LENGTH : 0);
    break;
  case WALK_ITEM:
    put_tag(to, 0xFFFEE000);
    put_number(to, UNDEFINED_LENGTH, 4);
    break;
  case WALK_ITEM_END:
  case WALK_SEQUENCE_END:
    put_tag(to, step == WALK_ITEM_END ? 0xFFFEE00D : 0xFFFEE0DD);
    put_number(to, 0, 4);
    break;
  }
}

static void put_text(FILE *to, scu_tag tag, scu_vr vr, const char *text) {
  put_value(to, tag, vr, text, strlen(text));
}

static void put_meta(FILE *to) {
  char instance[SCU_UID_ROOM];
  static const uint8_t preamble[128], version[2] = {0, 1};
  scu_uid_new(instance, sizeof instance);
  fwrite(preamble, 1, sizeof preamble, to);
  fputs("DICM", to);
  long length_at = ftell(to);
  put_head(to, 0x00020000, SCU_VR_UL, 4);
  put_number(to, 0, 4);
  long begin = ftell(to);
  put_value(to, 0x00020001, SCU_VR_OB, version, sizeof version);
  put_text(to, 0x00020002, SCU_VR_UI, NO_INSTANCE);
  put_text(to, 0x00020003, SCU_VR_UI, instance);
  put_text(to, 0x00020010, SCU_VR_UI, "1.2.840.10008.1.2.1");
  put_text(to, 0x00020012, SCU_VR_UI, scu_option_find(SCU_OPTION_IMPLEMENTATION_UID)->default_text);
  put_text(to, 0x00020013, SCU_VR_SH, scu_option_find(SCU_OPTION_IMPLEMENTATION_VERSION)->default_text);
  long end = ftell(to);
  fseek(to, length_at + 8, SEEK_SET);
  put_number(to, (uint32_t)(end - begin), 4);
  fseek(to, end, SEEK_SET);
}

int response_file_write(const char *path, const scu_dataset *dataset) {
  char temporary[PATH_ROOM];
  int length = snprintf(temporary, sizeof temporary, "%s.part", path);
  if (length < 0 || (size_t)length >= sizeof temporary) return ENAMETOOLONG;
  FILE *to = fopen(temporary, "we");
  if (!to) return errno;
  put_meta(to);
  dataset_walk(dataset, put_step, to);
  bool is_written = fflush(to) == 0 && !ferror(to) && fsync(fileno(to)) == 0;
  int code = is_written ? 0 : errno;
  if (fclose(to) != 0 && code == 0) code = errno;
  if (code == 0 && rename(temporary, path) != 0) code = errno;
  if (code != 0) unlink(temporary);
  return code;
}
