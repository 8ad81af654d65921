/* Finds the CT and MR studies of some days with typed keys, and prints them from typed values.
 * Usage: find_typed AET@host:port FAMILY_NAME FIRST_DAY LAST_DAY (days as YYYYMMDD) */
#include <scu/scu.h>
#include <stdio.h>

static scu_date day_of(const char *text) {
  scu_date day = {0, 0, 0};
  sscanf(text, "%4d%2d%2d", &day.year, &day.month, &day.day);
  return day; /* what is no date is told by the setter */
}

static scu_result make_query(scu_query *query, char **words) {
  static const char *const modalities[] = {"CT", "MR"};
  const scu_name_parts name = {.family = words[0], .given = "*"};
  const scu_date first = day_of(words[1]), last = day_of(words[2]);
  scu_result result = scu_query_set_name(query, "PatientName", &name, NULL, NULL);
  if (result == SCU_OK) result = scu_query_set_study_date(query, &first, &last);
  if (result == SCU_OK) result = scu_query_set_modalities_in_study(query, modalities, 2);
  if (result == SCU_OK) result = scu_query_return(query, "PatientAge");
  return result;
}

static void print_age(const scu_age_value *age) {
  if (age->state == SCU_VALUE_GOOD) printf(", aged %d %c", age->count, (char)age->unit);
}

static void print_row(const scu_row *row) {
  const scu_study_values *study = scu_row_study(row);
  const scu_patient_values *patient = scu_row_patient(row);
  const scu_name_parts *name = &patient->name.alphabetic;
  printf("%s %s", name->given, name->family);
  if (*patient->name.ideographic.family)
    printf(" (%s %s)", patient->name.ideographic.family, patient->name.ideographic.given);
  print_age(&study->patient_age);
  if (study->date.state == SCU_VALUE_GOOD)
    printf(", %d.%d.%d", study->date.date.day, study->date.date.month, study->date.date.year);
  else
    printf(", day '%s'", study->date.text);
  for (size_t i = 0; i < study->modalities.count; i++) printf("%s%s", i ? "+" : ", ", study->modalities.values[i]);
  if (study->instance_count.state == SCU_VALUE_GOOD) printf(", %d images", (int)study->instance_count.number);
  printf(", %s\n", study->instance_uid.text);
}

static scu_result print_all(scu_matches *matches) {
  const scu_dataset *match;
  scu_result result;
  while ((result = scu_matches_next(matches, &match)) == SCU_OK) {
    scu_row *row = NULL;
    result = scu_row_new(NULL, match, &row);
    if (result != SCU_OK) break;
    print_row(row);
    scu_row_free(row);
  }
  return result == SCU_END ? SCU_OK : result;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: find_typed AET@host:port FAMILY_NAME FIRST_DAY LAST_DAY\n");
    return 2;
  }
  scu_session *session = NULL;
  scu_query *query = NULL;
  scu_matches *matches = NULL;
  scu_result result = scu_query_new(NULL, &query);
  if (result == SCU_OK) result = make_query(query, argv + 2);
  if (result != SCU_OK && query) fprintf(stderr, "%s\n", scu_error_reason(scu_query_error(query)));
  if (result == SCU_OK) {
    result = scu_session_new(&session, NULL, argv[1]);
    if (result == SCU_OK) result = scu_find(session, query, &matches);
    if (result == SCU_OK) result = print_all(matches);
    if (result != SCU_OK && session)
      fprintf(stderr, "%s\n", scu_error_reason(matches ? scu_matches_error(matches) : scu_session_error(session)));
  }
  scu_matches_close(matches);
  scu_query_free(query);
  scu_session_free(session);
  return result == SCU_OK ? 0 : 1;
}
