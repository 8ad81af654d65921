/* A million entries take no more memory than one. */
#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "signals.h"

list *list_open(cli *context, const char *name, bool is_null_separated) {
  list *open = calloc(1, sizeof *open);
  if (!open) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    return NULL;
  }
  open->context = context;
  open->separator = is_null_separated ? 0 : '\n';
  open->is_stdin = strcmp(name, "-") == 0;
  open->file = open->is_stdin ? stdin : fopen(name, "re");
  if (open->file) return open;
  report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_FILE, NULL, "%s: %s", name, strerror(errno));
  free(open);
  return NULL;
}

void list_close(list *open) {
  if (!open) return;
  if (!open->is_stdin) fclose(open->file);
  free(open);
}

static scu_result failed_read(list *open) {
  if (signals_count() > 0) return SCU_ERROR_CANCELLED;
  report_fault(open->context, SCU_ERROR_STORAGE, SCU_PHASE_FILE, NULL, "the list: %s", strerror(errno));
  return SCU_ERROR_STORAGE;
}

/* One entry, empty ones included. */
static scu_result read_entry(list *open, size_t *length) {
  int byte;
  *length = 0;
  open->line++;
  while ((byte = getc(open->file)) != EOF && byte != open->separator) {
    if (byte == 0 || *length == LIST_ENTRY_MAX) {
      report_usage(open->context, byte == 0 ? "is it a list separated by NULs? then use --null" : NULL,
                   byte == 0 ? "the list has a NUL byte in line %lu" : "entry %lu of the list is too long", open->line);
      return SCU_ERROR_USAGE;
    }
    open->entry[(*length)++] = (char)byte;
  }
  open->entry[*length] = 0;
  if (byte == EOF && ferror(open->file)) return failed_read(open);
  return byte == EOF && *length == 0 ? SCU_END : SCU_OK;
}

scu_result list_next(void *user, const char **entry) {
  list *open = user;
  size_t length;
  *entry = open->entry;
  for (;;) {
    scu_result result = read_entry(open, &length);
    if (result != SCU_OK) return result;
    if (open->separator == '\n' && length > 0 && open->entry[length - 1] == '\r') open->entry[--length] = 0;
    if (length > 0) return SCU_OK;
  }
}
