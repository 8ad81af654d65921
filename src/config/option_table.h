/* One row per option: the public description, and what a text value has to look like. */
#ifndef SCU_CONFIG_OPTION_TABLE_H
#define SCU_CONFIG_OPTION_TABLE_H

#include "base/error.h"
#include "scu/options.h"

enum { SCU__OPTION_ROWS = 57 };

/* Looks at a text that has no control characters, is UTF-8 and within the row's bounds. USAGE with the reason. */
typedef scu_result (*scu__text_check)(const struct scu_option_info *info, const char *text, scu_error *error);

typedef struct scu__option_row {
  struct scu_option_info info;
  scu__text_check check; /* NULL = any text */
} scu__option_row;

extern const scu__option_row scu__option_table[SCU__OPTION_ROWS];

/* NULL when there is no such option. */
const scu__option_row *scu__option_row_of(scu_option option);
size_t scu__option_index(const scu__option_row *row);

#endif
