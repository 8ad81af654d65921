/* A small writer of XML 1.0 in UTF-8: elements and attributes into a buffer, on one line. Whatever comes as text is
 * escaped; what no XML may hold (control characters, bytes that are no UTF-8) becomes U+FFFD. */
#ifndef SCU_OBSERVE_XML_H
#define SCU_OBSERVE_XML_H

#include <stdbool.h>

#include "base/buffer.h"

/* "<name", then attributes, then either of the next two. */
void scu__xml_open(scu__buffer *to, const char *name);
void scu__xml_attribute(scu__buffer *to, const char *name, const char *utf8);
void scu__xml_attribute_number(scu__buffer *to, const char *name, uint64_t number);
void scu__xml_attribute_base64(scu__buffer *to, const char *name, const void *bytes, size_t length);
void scu__xml_end_empty(scu__buffer *to); /* "/>" */
void scu__xml_begin(scu__buffer *to);     /* ">" */
void scu__xml_close(scu__buffer *to, const char *name);
/* An element that holds text, or bytes. */
void scu__xml_text(scu__buffer *to, const char *name, const char *utf8);
void scu__xml_base64(scu__buffer *to, const char *name, const void *bytes, size_t length);

#endif
