/* What move_to_self and get_to_folder have in common. */
#ifndef EXAMPLES_RETRIEVE_H
#define EXAMPLES_RETRIEVE_H

#include <scu/scu.h>
#include <stdio.h>

static inline int print_verdict(const scu_session *session, scu_result result, const scu_retrieve_report *report) {
  if (result != SCU_OK && session) fprintf(stderr, "%s\n", scu_error_reason(scu_session_error(session)));
  if (!report) return 1;
  printf("%s: %llu of %llu instances\n", scu_verdict_name(scu_retrieve_report_verdict(report)),
         (unsigned long long)scu_retrieve_report_count(report, SCU_OUTCOME_OK),
         (unsigned long long)scu_retrieve_report_promised(report));
  for (size_t i = 0; i < scu_retrieve_report_missing_count(report); i++)
    printf("missing %s\n", scu_retrieve_report_missing(report, i));
  return result == SCU_OK && scu_retrieve_report_verdict(report) == SCU_VERDICT_COMPLETE ? 0 : 1;
}

#endif
