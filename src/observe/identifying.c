/* What may be shown is listed, not what is hidden: PS3.15 Table E.1-1 names 400 attributes, grows every year, and says
 * nothing of an attribute that a vendor has made up, or of a name in a field where none belongs. */
#include "observe/identifying.h"

#include <string.h>

#include "data/dictionary.h"
#include "data/vr.h"

enum { GROUP_PATIENT = 0x0010, GROUP_VISIT = 0x0038 };

/* Texts all the same: they say which device or code it is, and make up much of what goes wrong. */
static const scu_tag shown_texts[] = {
    SCU_TAG(0x0008, 0x0070), /* Manufacturer */
    SCU_TAG(0x0008, 0x0102), /* Coding Scheme Designator */
    SCU_TAG(0x0008, 0x0103), /* Coding Scheme Version */
    SCU_TAG(0x0008, 0x1090), /* Manufacturer's Model Name */
    SCU_TAG(0x0018, 0x1020), /* Software Versions */
};

static bool is_shown_text(scu_tag tag) {
  for (size_t i = 0; i < sizeof shown_texts / sizeof *shown_texts; i++)
    if (shown_texts[i] == tag) return true;
  return false;
}

/* A value that pretends to be a number or code, but has letters that none has, is not shown. */
static bool has_only(const scu_element *element, const char *allowed) {
  for (size_t i = 0; element->as.bytes && i < element->length; i++) {
    uint8_t c = element->as.bytes[i];
    bool is_padding = c == 0 && i + 1 == element->length;
    if (!is_padding && (c == 0 || !strchr(allowed, c))) return false;
  }
  return true;
}

static bool is_printable(const scu_element *element) {
  for (size_t i = 0; element->as.bytes && i < element->length; i++)
    if (element->as.bytes[i] < 0x20 || element->as.bytes[i] > 0x7E) return false;
  return true;
}

static bool is_registered_vr(const scu__dictionary_entry *entry, scu_vr vr) {
  return vr == entry->vr || vr == entry->other_vr[0] || vr == entry->other_vr[1];
}

/* Names of persons, too, are in capitals: a code is one only where PS3.6 has a code. */
static bool is_shown_value(const scu_element *element) {
  switch (element->vr) {
  case SCU_VR_US:
  case SCU_VR_SS:
  case SCU_VR_UL:
  case SCU_VR_SL:
  case SCU_VR_UV:
  case SCU_VR_SV:
  case SCU_VR_FL:
  case SCU_VR_FD:
  case SCU_VR_AT: return true;
  case SCU_VR_UI: return has_only(element, "0123456789.\\");
  case SCU_VR_IS:
  case SCU_VR_DS: return has_only(element, "0123456789+-.eE \\");
  case SCU_VR_CS: return has_only(element, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ \\*?");
  case SCU_VR_AE: return is_printable(element);
  default: return is_shown_text(element->tag) && is_printable(element);
  }
}

bool scu__is_identifying(const scu_element *element) {
  uint16_t group = (uint16_t)SCU_TAG_GROUP(element->tag);
  if (scu__tag_is_private(element->tag)) return true;
  if (scu__tag_is_group_length(element->tag)) return element->vr != SCU_VR_UL;
  if (group == GROUP_PATIENT || group == GROUP_VISIT) return true;
  const scu__dictionary_entry *entry = scu__dictionary_find(element->tag);
  return !entry || !is_registered_vr(entry, element->vr) || !is_shown_value(element);
}
