/* One page of text as a PDF 1.4 document (ISO 32000-1 7.5), as small as may be: a Letter for the demonstration data. */
#ifndef SCU_ARCHIVE_DEMO_PDF_H
#define SCU_ARCHIVE_DEMO_PDF_H

#include "base/buffer.h"

/* Appends the document to an empty buffer. Lines are in WinAnsiEncoding, NULL at the end; the first is the title. At
 * most 40. Failure is sticky in the buffer. */
void scu__demo_pdf(const char *const *lines, scu__buffer *out);

#endif
