/* A million entries take no more memory than one. */
#include "list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "input_file.h"
#include "signals.h"

list *list_open(cli *context, const char *name, bool is_null_separated) {
  list *open_list = calloc(1, sizeof *open_list);
  if (!open_list) {
    report_fault(context, SCU_ERROR_MEMORY, SCU_PHASE_USAGE, NULL, "out of memory");
    return NULL;
  }
  open_list->context = context;
  open_list->separator = is_null_separated ? 0 : '\n';
  const char *reason = "";
  open_list->descriptor = strcmp(name, "-") == 0 ? STDIN_FILENO : input_file_open(name, &reason);
  if (open_list->descriptor >= 0) return open_list;
  report_fault(context, SCU_ERROR_STORAGE, SCU_PHASE_FILE, NULL, "%s: %s", name, reason);
  free(open_list);
  return NULL;
}

void list_close(list *open_list) {
  if (!open_list) return;
  if (open_list->descriptor != STDIN_FILENO) close(open_list->descriptor);
  free(open_list);
}

/* More bytes in the chunk, or is_ended. */
static scu_result fill(list *open_list) {
  ssize_t got;
  do {
    if (!signals_wait_readable(open_list->descriptor)) return SCU_ERROR_CANCELLED;
    got = read(open_list->descriptor, open_list->chunk, sizeof open_list->chunk);
  } while (got < 0 && (errno == EINTR || errno == EAGAIN));
  if (got < 0) {
    report_fault(open_list->context, SCU_ERROR_STORAGE, SCU_PHASE_FILE, NULL, "the list: %s", strerror(errno));
    return SCU_ERROR_STORAGE;
  }
  open_list->at = 0;
  open_list->filled = (size_t)got;
  open_list->is_ended = got == 0;
  return SCU_OK;
}

static scu_result refuse_byte(list *open_list, char byte) {
  if (byte == 0)
    report_usage(open_list->context, "is it a list separated by NULs? then use --null",
                 "the list has a NUL byte in line %lu", open_list->line);
  else
    report_usage(open_list->context, NULL, "entry %lu of the list is too long", open_list->line);
  return SCU_ERROR_USAGE;
}

/* One entry, empty ones included; SCU_END when there are no more. */
static scu_result read_entry(list *open_list, size_t *length) {
  *length = 0;
  open_list->line++;
  for (;;) {
    if (open_list->at == open_list->filled && !open_list->is_ended) {
      scu_result result = fill(open_list);
      if (result != SCU_OK) return result;
    }
    if (open_list->is_ended) break;
    char byte = open_list->chunk[open_list->at++];
    if (byte == open_list->separator) break;
    if (byte == 0 || *length == LIST_ENTRY_MAX) return refuse_byte(open_list, byte);
    open_list->entry[(*length)++] = byte;
  }
  open_list->entry[*length] = 0;
  return open_list->is_ended && *length == 0 ? SCU_END : SCU_OK;
}

/* UTF-8's mark, which some editors put in front. */
static void drop_mark(list *open_list, size_t *length) {
  static const char mark[] = "\xEF\xBB\xBF";
  if (open_list->line != 1 || strncmp(open_list->entry, mark, 3) != 0) return;
  *length -= 3;
  memmove(open_list->entry, open_list->entry + 3, *length + 1);
}

scu_result list_next(void *user, const char **entry) {
  list *open_list = user;
  size_t length;
  *entry = open_list->entry;
  for (;;) {
    scu_result result = read_entry(open_list, &length);
    if (result == SCU_END && !open_list->has_entry) say_always(open_list->context, "warning: the list is empty");
    if (result == SCU_END) open_list->has_entry = true;
    if (result != SCU_OK) return result;
    drop_mark(open_list, &length);
    if (open_list->separator == '\n' && length > 0 && open_list->entry[length - 1] == '\r')
      open_list->entry[--length] = 0;
    if (length == 0) continue;
    open_list->has_entry = true;
    return SCU_OK;
  }
}
