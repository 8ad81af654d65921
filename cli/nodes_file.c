/* The environment is read by the command only: the library is told a path. */
#include "nodes_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "input_file.h"

/* The library's own bound is 1 MiB; a byte more lets it say so. */
enum { TEXT_MAX = 1024 * 1024 + 1 };

static const char system_path[] = "/etc/scu/nodes.ini";

static bool apply_text(cli *context, const char *path, const char *text, size_t length) {
  if (scu_options_set_text(context->options, SCU_OPTION_NODES_FILE, path) == SCU_OK &&
      scu_options_apply_node_file(context->options, path, text, length) == SCU_OK)
    return true;
  const scu_error *error = scu_options_error(context->options);
  report_usage(context, scu_error_hint(error), "node file %s", scu_error_reason(error));
  return false;
}

/* *text is to be freed. SCU_END: there is no such file, which is only a fault when somebody named it. */
static scu_result read_file(cli *context, const char *path, char **text, size_t *length) {
  const char *reason;
  int descriptor = input_file_open(path, &reason);
  *text = NULL;
  if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) return SCU_END;
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
  if (file) *text = malloc(TEXT_MAX);
  if (*text) *length = fread(*text, 1, TEXT_MAX, file);
  bool is_read = *text && !ferror(file);
  if (!is_read) report_usage(context, NULL, "node file %s: %s", path, reason ? reason : strerror(errno));
  if (file)
    fclose(file);
  else if (descriptor >= 0)
    close(descriptor);
  if (is_read) return SCU_OK;
  free(*text);
  *text = NULL;
  return SCU_ERROR_USAGE;
}

static scu_result apply_file(cli *context, const char *path) {
  char *text;
  size_t length = 0;
  scu_result result = read_file(context, path, &text, &length);
  if (result == SCU_OK && !apply_text(context, path, text, length)) result = SCU_ERROR_USAGE;
  free(text);
  return result;
}

/* ~/.config/scu/nodes.ini, by the XDG base directory rules: a relative XDG_CONFIG_HOME does not count. */
static bool user_path(char to[FILE_PATH_MAX]) {
  const char *folder = getenv("XDG_CONFIG_HOME");
  const char *home = getenv("HOME");
  int length;
  if (folder && *folder == '/')
    length = snprintf(to, FILE_PATH_MAX, "%s/scu/nodes.ini", folder);
  else if (home && *home == '/')
    length = snprintf(to, FILE_PATH_MAX, "%s/.config/scu/nodes.ini", home);
  else
    return false;
  return length > 0 && length < FILE_PATH_MAX;
}

static bool is_absent(const char *path) {
  return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

bool nodes_file_find(cli *context, nodes_place *place) {
  *place = (nodes_place){.is_named = scu_options_is_set(context->options, SCU_OPTION_NODES_FILE)};
  if (place->is_named) {
    const char *named = "";
    scu_options_get_text(context->options, SCU_OPTION_NODES_FILE, &named);
    snprintf(place->path, sizeof place->path, "%s", named);
    return *named != 0;
  }
  bool has_own = user_path(place->own_path);
  bool is_system = !has_own || (is_absent(place->own_path) && !is_absent(system_path));
  snprintf(place->path, sizeof place->path, "%s", is_system ? system_path : place->own_path);
  if (!is_system || !has_own) place->own_path[0] = 0;
  return true;
}

bool nodes_file_need(cli *context, nodes_place *place) {
  if (nodes_file_find(context, place)) return true;
  report_usage(context, NULL, "--nodes names no file");
  return false;
}

scu_nodes *nodes_file_read(cli *context, const char *path, bool may_be_absent) {
  scu_nodes *nodes = NULL;
  char *text;
  size_t length = 0;
  scu_result result = read_file(context, path, &text, &length);
  if (result == SCU_END && !may_be_absent) report_usage(context, NULL, "node file %s: no such file", path);
  if (result == SCU_OK || (result == SCU_END && may_be_absent)) {
    result = scu_nodes_read(NULL, path, text ? text : "", length, &nodes);
    if (!nodes) report_fault(context, result, SCU_PHASE_USAGE, NULL, "out of memory");
    if (nodes && result != SCU_OK)
      report_usage(context, NULL, "node file %s", scu_error_reason(scu_nodes_error(nodes)));
  }
  free(text);
  if (result == SCU_OK) return nodes;
  scu_nodes_free(nodes);
  return NULL;
}

bool nodes_file_apply(cli *context) {
  nodes_place place;
  if (!nodes_file_find(context, &place)) return true;
  scu_result result = apply_file(context, place.path);
  if (result == SCU_END && place.is_named) report_usage(context, NULL, "node file %s: no such file", place.path);
  return result == SCU_OK || (result == SCU_END && !place.is_named);
}

void apply_host_name(cli *context) {
  char host[256] = "", title[17];
  size_t length = 0;
  if (scu_options_is_set(context->options, SCU_OPTION_CALLING_AE)) return;
  if (gethostname(host, sizeof host - 1) != 0) return;
  for (const char *p = host; *p && *p != '.' && length < 16; p++) {
    if (*p >= 'a' && *p <= 'z')
      title[length++] = (char)(*p - 'a' + 'A');
    else if ((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_')
      title[length++] = *p;
  }
  title[length] = 0;
  /* Every machine is called localhost by itself; that is nobody's title. */
  if (length == 0 || strcmp(title, "LOCALHOST") == 0) return;
  scu_options_set_text(context->options, SCU_OPTION_CALLING_AE, title);
}
