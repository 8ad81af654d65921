/* How matches of a find go to stdout: as table, CSV or JSON; each as it comes, none is kept. */
#ifndef SCU_CLI_MATCH_PRINTER_H
#define SCU_CLI_MATCH_PRINTER_H

#include "cli.h"
#include "match_columns.h"
#include "scu/dataset.h"

typedef enum match_form { FORM_TABLE, FORM_CSV, FORM_JSON } match_form;

typedef struct match_printer {
  match_form form;
  bool is_terminal; /* stdout */
  match_columns columns;
  bool has_head;
} match_printer;

/* `mismatch`: a key that the match does not meet, which is marked; 0 = it meets all. */
void table_print(match_printer *printer, const scu_dataset *match, scu_tag mismatch);
void csv_print(match_printer *printer, const scu_dataset *match);
/* The DICOM JSON model object, one line. */
void json_print_dataset(const scu_dataset *dataset);

#endif
