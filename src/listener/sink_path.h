/* The head of an incoming dataset, read while it passes by: the UIDs that decide where an instance belongs and whether
 * it is the one the command announced, and whether the dataset is whole. Nothing else of it is decoded. Inflates when
 * the transfer syntax is deflated. The UIDs are known at Series Instance UID, or after a bound; a dataset that cannot
 * be read that far simply names no more of them. */
#ifndef SCU_LISTENER_SINK_PATH_H
#define SCU_LISTENER_SINK_PATH_H

#include "data/inflate.h"
#include "data/reader.h"
#include "io/door.h"

enum {
  SCU__SCAN_VALUE_MAX = 128,              /* of one UID as found: a valid one has 64 characters and a pad byte */
  SCU__SCAN_BYTES_MAX = 64 * 1024 * 1024, /* private groups before 0020 may be long, but not for ever */
  SCU__SCAN_FOLDERS = 2
};

/* A UID as found in the dataset. */
typedef struct scu__scanned_uid {
  bool is_found;
  size_t length;
  uint8_t bytes[SCU__SCAN_VALUE_MAX];
} scu__scanned_uid;

typedef struct scu__head_scan {
  scu__scanned_uid sop_class, sop_instance, study, series;
  bool is_done;                /* the UIDs are known, as far as they will be */
  bool is_over;                /* nothing more is looked at */
  bool is_broken;              /* because it cannot be read */
  bool is_inflated;            /* the deflate stream has ended */
  bool is_beyond_limit;        /* it grew too much */
  scu__scanned_uid *capturing; /* NULL: values are passed over */
  uint64_t skip;               /* bytes of a value still to pass over */
  uint64_t seen;
  scu__inflater *inflater; /* NULL: not deflated */
  uint8_t *inflated;
  const scu_allocator *allocator;
  scu__reader reader;
} scu__head_scan;

/* MEMORY only (deflated syntaxes); then nothing needs to be freed. */
scu_result scu__head_scan_init(scu__head_scan *scan, const char *transfer_syntax_uid, const scu_allocator *allocator);
void scu__head_scan_free(scu__head_scan *scan);
/* The next bytes as they came from the wire. */
void scu__head_scan_feed(scu__head_scan *scan, const uint8_t *bytes, size_t length);
/* After the last bytes. */
typedef enum scu__whole {
  SCU__WHOLE,
  SCU__CUT,             /* ends inside something */
  SCU__MALFORMED,       /* or nested deeper than we read */
  SCU__INFLATES_TOO_FAR /* beyond the limits of data/inflate.h, which end with it */
} scu__whole;
scu__whole scu__head_scan_finish(scu__head_scan *scan);

/* The dataset has SOP Class and SOP Instance UID, with a value. */
bool scu__head_scan_is_named(const scu__head_scan *scan);
/* False when the dataset names another UID than `text`; padding is ignored, and an absent or empty one agrees. */
bool scu__scanned_uid_agrees(const scu__scanned_uid *uid, const char *text);

/* The folders of an instance: <study>/<series>, or "no-study", or <study>/"no-series". Returns their number. */
size_t scu__head_scan_folders(const scu__head_scan *scan, char names[SCU__SCAN_FOLDERS][SCU__DOOR_NAME_MAX]);

#endif
