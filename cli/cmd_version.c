/* scu version: what is running, how it presents itself to peers, what is in it. */
#include <stdio.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "scu/version.h"

/* Every library is required to build, so what the build was configured with is what is in. */
static const struct {
  const char *key, *words, *with; /* key: in JSON */
} parts[] = {
    {"deflate", "deflate", "zlib " SCU_BUILT_ZLIB},
    {"character_sets", "character sets", "iconv"},
    {"case_folding", "case folding", "libutf8proc " SCU_BUILT_UTF8PROC},
    {"node_files", "node files", "inih " SCU_BUILT_INIH},
    {"tls", "TLS", "not in this version"},
    {"transcoding", "transcoding", "not in this version"},
};

static void run(cli *context, const arguments *args) {
  if (args->positional_count > 0) {
    report_usage(context, NULL, "`scu version` takes no arguments");
    return;
  }
  if (context->is_json) {
    json_begin(context, NULL);
    json_open(stdout, "version");
    json_text(stdout, "scu", SCU_VERSION);
    json_text(stdout, "libscu", scu_version());
    json_text(stdout, "implementation_class_uid", SCU_IMPLEMENTATION_CLASS_UID);
    json_text(stdout, "implementation_version_name", SCU_IMPLEMENTATION_VERSION_NAME);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) json_text(stdout, parts[i].key, parts[i].with);
    json_close(stdout);
    return;
  }
  printf("scu %s (libscu %s)\n", SCU_VERSION, scu_version());
  printf("%-29s %s\n", "Implementation Class UID", SCU_IMPLEMENTATION_CLASS_UID);
  printf("%-29s %s\n", "Implementation Version Name", SCU_IMPLEMENTATION_VERSION_NAME);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) printf("%-29s %s\n", parts[i].words, parts[i].with);
}

const command command_version = {
    .name = "version",
    .bit = ON_VERSION,
    .synopsis = "version [--json]",
    .summary = "say what this is and what is in it",
    .text = "The implementation UID and version are what peers see unless options say otherwise.\n",
    .examples = "",
    .run = run,
};
