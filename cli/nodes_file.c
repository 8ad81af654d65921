/* The environment is read by the command only: the library is told a path. */
#include "nodes_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"

/* The library's own bound is 1 MiB; a byte more lets it say so. */
enum { TEXT_MAX = 1024 * 1024 + 1, PATH_MAX_BYTES = 4096 };

static bool apply_text(cli *context, const char *path, const char *text, size_t length) {
  if (scu_options_set_text(context->options, SCU_OPTION_NODES_FILE, path) == SCU_OK &&
      scu_options_apply_node_file(context->options, path, text, length) == SCU_OK)
    return true;
  const scu_error *error = scu_options_error(context->options);
  report_usage(context, scu_error_hint(error), "node file %s", scu_error_reason(error));
  return false;
}

/* SCU_END: there is no such file, which is only a fault when somebody named it. */
static scu_result read_file(cli *context, const char *path) {
  FILE *file = fopen(path, "re");
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return SCU_END;
  char *text = file ? malloc(TEXT_MAX) : NULL;
  scu_result result = SCU_ERROR_USAGE;
  if (!text) {
    report_usage(context, NULL, "node file %s: %s", path, strerror(errno));
  } else {
    size_t length = fread(text, 1, TEXT_MAX, file);
    if (ferror(file))
      report_usage(context, NULL, "node file %s: %s", path, strerror(errno));
    else if (apply_text(context, path, text, length))
      result = SCU_OK;
  }
  free(text);
  if (file) fclose(file);
  return result;
}

/* ~/.config/scu/nodes.ini, by the XDG base directory rules: a relative XDG_CONFIG_HOME does not count. */
static bool user_path(char to[PATH_MAX_BYTES]) {
  const char *folder = getenv("XDG_CONFIG_HOME");
  const char *home = getenv("HOME");
  int length;
  if (folder && *folder == '/')
    length = snprintf(to, PATH_MAX_BYTES, "%s/scu/nodes.ini", folder);
  else if (home && *home == '/')
    length = snprintf(to, PATH_MAX_BYTES, "%s/.config/scu/nodes.ini", home);
  else
    return false;
  return length > 0 && length < PATH_MAX_BYTES;
}

bool nodes_file_apply(cli *context) {
  char path[PATH_MAX_BYTES];
  if (scu_options_is_set(context->options, SCU_OPTION_NODES_FILE)) {
    const char *named = "";
    scu_options_get_text(context->options, SCU_OPTION_NODES_FILE, &named);
    if (*named == 0) return true;
    snprintf(path, sizeof path, "%s", named);
    scu_result result = read_file(context, path);
    if (result == SCU_END) report_usage(context, NULL, "node file %s: no such file", path);
    return result == SCU_OK;
  }
  scu_result result = user_path(path) ? read_file(context, path) : SCU_END;
  if (result == SCU_END) result = read_file(context, "/etc/scu/nodes.ini");
  return result == SCU_OK || result == SCU_END;
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
