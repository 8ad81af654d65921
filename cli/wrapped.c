/* Filling lines with words. */
#include "wrapped.h"

#include <string.h>

typedef struct page {
  FILE *to;
  size_t column, indent;
} page;

static void new_line(page *at) {
  putc('\n', at->to);
  at->column = 0;
}

static void move_to(page *at, size_t column) {
  for (; at->column < column; at->column++) putc(' ', at->to);
}

/* `gap` blanks stand before the word, none before the first of a paragraph. */
static void put_word(page *at, const char *word, size_t length, size_t gap) {
  if (gap > 0 && at->column + gap + length > PAGE_WIDTH) {
    new_line(at);
    gap = at->indent;
  }
  move_to(at, at->column + gap);
  fwrite(word, 1, length, at->to);
  at->column += length;
}

/* One paragraph, or one line that stands by itself: its blanks in front stay, and further lines stand below them. */
static void put_paragraph(page *at, const char *text, size_t length) {
  const char *end = text + length;
  size_t outer = at->indent;
  while (text < end && *text == ' ') {
    move_to(at, at->column + 1);
    at->indent++;
    text++;
  }
  for (size_t gap = 0, word; text < end; text += word) {
    for (word = 0; text + word < end && text[word] != ' ' && text[word] != '\n'; word++) continue;
    if (word > 0) put_word(at, text, word, gap);
    if (word > 0) gap = 0;
    for (; text + word < end && (text[word] == ' ' || text[word] == '\n'); word++) gap++;
  }
  at->indent = outer;
}

/* Up to the line feed behind which something stands by itself. */
static size_t paragraph_length(const char *text) {
  size_t length = 0;
  while (text[length]) {
    length += strcspn(text + length, "\n");
    if (!text[length] || strchr(" \n", text[length + 1])) break; /* the NUL is found, too */
    length++;
  }
  return length;
}

void put_wrapped(FILE *to, const char *text, size_t column, size_t indent) {
  page at = {to, column, indent};
  while (*text) {
    size_t length = paragraph_length(text);
    put_paragraph(&at, text, length);
    new_line(&at);
    text += length + (text[length] == '\n');
    if (*text && *text != '\n') move_to(&at, indent);
  }
}
