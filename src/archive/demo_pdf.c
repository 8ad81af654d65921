/* A PDF is numbered objects, a table of where they begin, and a trailer that says where the table is. */
#include "archive/demo_pdf.h"

#include <stdio.h>

enum { OBJECTS = 6, CATALOG = 1, PAGES, PAGE, TITLE_FONT, TEXT_FONT, CONTENT, LINE_ROOM = 160 };

typedef struct writer {
  scu__buffer *out;
  size_t offsets[OBJECTS + 1]; /* by object number; 0 is the free one */
} writer;

static void begin_object(writer *w, unsigned number) {
  char text[LINE_ROOM];
  w->offsets[number] = w->out->length;
  snprintf(text, sizeof text, "%u 0 obj\n", number);
  scu__put_text(w->out, text);
}

static void put_object(writer *w, unsigned number, const char *dictionary) {
  begin_object(w, number);
  scu__put_text(w->out, dictionary);
  scu__put_text(w->out, "\nendobj\n");
}

/* A string in parentheses (7.3.4.2); what is not ASCII as octal numbers. */
static void put_string(scu__buffer *out, const char *text) {
  scu__put_u8(out, '(');
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    char octal[8];
    if (c == '(' || c == ')' || c == '\\') scu__put_u8(out, '\\');
    if (c >= 0x20 && c < 0x7F) {
      scu__put_u8(out, c);
    } else {
      snprintf(octal, sizeof octal, "\\%03o", c);
      scu__put_text(out, octal);
    }
  }
  scu__put_u8(out, ')');
}

/* A ruled head and the lines below each other. */
static void put_drawing(scu__buffer *out, const char *const *lines) {
  scu__put_text(out, "0.2 0.4 0.6 RG 2 w 72 742 m 523 742 l S\nBT\n/F1 20 Tf 72 752 Td ");
  put_string(out, lines[0]);
  scu__put_text(out, " Tj\n/F2 12 Tf 0 -44 Td 16 TL\n");
  for (size_t i = 1; lines[i]; i++) {
    put_string(out, lines[i]);
    scu__put_text(out, " Tj T*\n");
  }
  scu__put_text(out, "ET\n");
}

static void put_content(writer *w, const char *const *lines) {
  char text[LINE_ROOM];
  scu__buffer drawing;
  scu__buffer_init(&drawing, w->out->allocator, w->out->maximum);
  put_drawing(&drawing, lines);
  begin_object(w, CONTENT);
  snprintf(text, sizeof text, "<< /Length %zu >>\nstream\n", drawing.length);
  scu__put_text(w->out, text);
  scu__put_bytes(w->out, drawing.data, drawing.length);
  scu__put_text(w->out, "endstream\nendobj\n");
  if (scu__buffer_result(&drawing) != SCU_OK) w->out->result = scu__buffer_result(&drawing);
  scu__buffer_free(&drawing);
}

/* 7.5.4: each entry is 20 bytes long. */
static void put_references(writer *w) {
  char text[LINE_ROOM];
  size_t table = w->out->length;
  snprintf(text, sizeof text, "xref\n0 %d\n0000000000 65535 f \n", OBJECTS + 1);
  scu__put_text(w->out, text);
  for (unsigned i = 1; i <= OBJECTS; i++) {
    snprintf(text, sizeof text, "%010zu 00000 n \n", w->offsets[i]);
    scu__put_text(w->out, text);
  }
  snprintf(text, sizeof text, "trailer\n<< /Size %d /Root %d 0 R >>\nstartxref\n%zu\n%%%%EOF\n", OBJECTS + 1, CATALOG,
           table);
  scu__put_text(w->out, text);
}

void scu__demo_pdf(const char *const *lines, scu__buffer *out) {
  writer w = {.out = out};
  /* The second line tells programs that guess that the file is not text. */
  scu__put_text(out, "%PDF-1.4\n%\xE2\xE3\xCF\xD3\n");
  put_object(&w, CATALOG, "<< /Type /Catalog /Pages 2 0 R >>");
  put_object(&w, PAGES, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
  put_object(&w, PAGE,
             "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R\n"
             "   /Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>");
  put_object(&w, TITLE_FONT, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>");
  put_object(&w, TEXT_FONT, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
  put_content(&w, lines);
  put_references(&w);
}
