/* Rows of any bytes as matches: never a failure, every text valid UTF-8, and numbers only where the state is good. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset_builder.h"
#include "data/utf8.h"
#include "scu/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void require(bool condition) {
  if (!condition) abort();
}

static void check_text(scu_value_state state, const char *text) {
  require(text && scu__utf8_is_valid((const uint8_t *)text, strlen(text)));
  require(state != SCU_VALUE_GOOD || *text);
  require(state != SCU_VALUE_ABSENT || !*text);
}

static void check_parts(const scu_name_parts *parts) {
  check_text(SCU_VALUE_MALFORMED, parts->family);
  check_text(SCU_VALUE_MALFORMED, parts->given);
  check_text(SCU_VALUE_MALFORMED, parts->middle);
  check_text(SCU_VALUE_MALFORMED, parts->prefix);
  check_text(SCU_VALUE_MALFORMED, parts->suffix);
}

static void check_name(const scu_name_value *name) {
  check_text(name->state, name->text);
  check_parts(&name->alphabetic);
  check_parts(&name->ideographic);
  check_parts(&name->phonetic);
}

static void check_list(const scu_list_value *list) {
  check_text(list->state, list->text);
  require((list->count > 0) == (list->state == SCU_VALUE_GOOD));
  for (size_t i = 0; i < list->count; i++) require(list->values[i][0] != 0);
}

static void check_date(const scu_date_value *date) {
  check_text(date->state, date->text);
  require((date->date.month >= 1 && date->date.day >= 1) == (date->state == SCU_VALUE_GOOD));
}

static void check_number(const scu_integer_value *value) {
  check_text(value->state, value->text);
  require(value->state == SCU_VALUE_GOOD || value->number == 0);
}

static void check_time(const scu_time_value *time) {
  check_text(time->state, time->text);
  require(time->time.hour >= 0 && time->time.hour < 24 && time->time.minute < 60 && time->time.second < 61);
}

/* The first byte chooses the encoding, the rest is the row. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  scu_dataset *row;
  scu_row *match;
  if (length == 0) return 0;
  scu__encoding encoding = bytes[0] & 1 ? SCU__EXPLICIT_LE : SCU__IMPLICIT_LE;
  if (scu__dataset_decode(bytes + 1, length - 1, encoding, NULL, NULL, &row, NULL) != SCU_OK) return 0;
  require(scu_row_new(NULL, row, &match) == SCU_OK);
  scu_dataset_free(row);
  check_name(&scu_row_patient(match)->name);
  check_text(scu_row_patient(match)->id.state, scu_row_patient(match)->id.text);
  check_date(&scu_row_study(match)->date);
  check_time(&scu_row_study(match)->time);
  check_list(&scu_row_study(match)->modalities);
  check_text(scu_row_study(match)->patient_age.state, scu_row_study(match)->patient_age.text);
  check_number(&scu_row_study(match)->series_count);
  check_number(&scu_row_instance(match)->rows);
  check_text(scu_row_series(match)->requested_procedure.state, scu_row_series(match)->requested_procedure.text);
  check_list(&scu_row_location(match)->retrieve_aes);
  require((scu_row_location(match)->availability.availability != SCU_AVAILABILITY_UNKNOWN) ==
          (scu_row_location(match)->availability.state == SCU_VALUE_GOOD));
  scu_row_free(match);
  return 0;
}
