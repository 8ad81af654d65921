/* scu dump: what is in a DICOM file, for people or as DICOM JSON. */
#include <stdio.h>

#include "cli.h"
#include "errors.h"
#include "json_lines.h"
#include "match_printer.h"
#include "safe_text.h"
#include "scu/file.h"

/* Text shows 64 characters of a value; JSON carries bulk values up to what scu_json_options says by default. */
enum { TEXT_VALUE_MAX = 64 * 1024, JSON_VALUE_MAX = 1024 * 1024 };

static scu_result write_stdout(void *user, const char *bytes, size_t length) {
  (void)user;
  return fwrite(bytes, 1, length, stdout) == length ? SCU_OK : SCU_ERROR_STORAGE;
}

static void print_text(cli *context, const char *path, const scu_file *file) {
  scu_text_options options = {.size = sizeof options, .value_width_max = context->verbosity > 0 ? 0 : 64};
  fputs("# ", stdout);
  put_safe(stdout, path);
  printf("\n# %s (%s)\n", scu_file_transfer_syntax_name(file), scu_file_transfer_syntax(file));
  scu_dataset_write_text(scu_file_meta(file), &options, write_stdout, NULL);
  scu_dataset_write_text(scu_file_dataset(file), &options, write_stdout, NULL);
}

static void dump(cli *context, const char *path) {
  scu_file *file = NULL;
  scu_result result = scu_file_read(NULL, path, context->is_json ? JSON_VALUE_MAX : TEXT_VALUE_MAX, &file);
  if (!file) {
    report_fault(context, result, SCU_PHASE_FILE, NULL, "out of memory");
    return;
  }
  bool has_anything = scu_dataset_count(scu_file_meta(file)) + scu_dataset_count(scu_file_dataset(file)) > 0;
  if (context->is_json && has_anything)
    json_print_dataset(scu_file_dataset(file));
  else if (has_anything)
    print_text(context, path, file);
  if (result == SCU_OK) {
    context->ok++;
  } else {
    fflush(stdout);
    report_error(context, scu_file_error(file));
    context->failed++;
  }
  scu_file_free(file);
}

static void run(cli *context, const arguments *args) {
  if (args->positional_count == 0) {
    report_usage(context, "scu dump FILE", "no file is named");
    return;
  }
  json_begin(context, NULL);
  for (size_t i = 0; i < args->positional_count && !output_is_broken(context); i++) dump(context, args->positional[i]);
}

const command command_dump = {
    .name = "dump",
    .bit = ON_DUMP,
    .synopsis = "dump FILE... [--json]",
    .summary = "show what is in a DICOM file",
    .text = "One line an element; long values are cut (whole with -v). --json gives the DICOM JSON model (PS3.18 F).\n"
            "Of a file that is damaged it shows what comes before the damage, then says what is wrong.\n",
    .examples = "scu dump image.dcm\nscu dump image.dcm --json",
    .run = run,
};
