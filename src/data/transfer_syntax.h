/* Transfer syntaxes (PS3.5 10, A; PS3.6 A-1) and what their names imply for the bytes of a dataset. */
#ifndef SCU_DATA_TRANSFER_SYNTAX_H
#define SCU_DATA_TRANSFER_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "data/element.h"

#define SCU__UID_IMPLICIT_LE          "1.2.840.10008.1.2"
#define SCU__UID_EXPLICIT_LE          "1.2.840.10008.1.2.1"
#define SCU__UID_DEFLATED_EXPLICIT_LE "1.2.840.10008.1.2.1.99"
#define SCU__UID_EXPLICIT_BE          "1.2.840.10008.1.2.2"
#define SCU__UID_JPEG_BASELINE        "1.2.840.10008.1.2.4.50"
#define SCU__UID_JPEG_LOSSLESS_SV1    "1.2.840.10008.1.2.4.70"
#define SCU__UID_RLE                  "1.2.840.10008.1.2.5"

typedef struct scu__transfer_syntax {
  const char *uid, *name, *keyword;
  const char *short_name; /* as typed by people ("EVRLE"); "" = none */
  bool is_implicit_vr, is_big_endian;
  bool is_deflated;     /* the dataset as a whole, after the file meta group */
  bool is_encapsulated; /* Pixel Data is a sequence of fragments */
  bool is_referenced;   /* no Pixel Data, a URL instead (JPIP) */
  bool is_lossy;        /* always */
  bool may_be_lossy;    /* always or sometimes */
  bool is_retired;
  bool is_for_datasets; /* false: real-time video flows, MIME and XML - not for files and C-STORE */
} scu__transfer_syntax;

/* NULL if unknown (a private one: assume explicit little endian, encapsulated). */
const scu__transfer_syntax *scu__transfer_syntax_find(const char *uid);
/* By UID, keyword or short name (both in any case), as people type it: for the conversion command to come. NULL if
 * unknown. */
const scu__transfer_syntax *scu__transfer_syntax_find_name(const char *text);
/* One of the four that are rewritten into each other without touching pixels: Implicit LE, Explicit LE, Explicit BE,
 * Deflated Explicit LE. False for NULL. */
bool scu__transfer_syntax_is_native(const scu__transfer_syntax *syntax);

/* How elements are written. NULL, a private one: explicit little endian. */
scu__encoding scu__transfer_syntax_encoding(const scu__transfer_syntax *syntax);

size_t scu__transfer_syntax_count(void);
const scu__transfer_syntax *scu__transfer_syntax_at(size_t index);

#endif
