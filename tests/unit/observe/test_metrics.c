/* Counters: what a text cut short looks like, the bounded table of statuses, and conversations that end in the middle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/trace.h"
#include "observe/counts.h"
#include "scu/metrics.h"
#include "support/failing_allocator.h"

static char text[256 * 1024];

static const scu__trace_ends ends = {.is_acceptor = true};

static void assert_line(const char *line) {
  if (!strstr(text, line)) fail_msg("%s is not in\n%s", line, text);
}

static void test_a_text_says_how_long_it_is_and_ends_where_the_room_ends(void **state) {
  (void)state;
  scu_metrics *metrics;
  char small[32];
  assert_int_equal(scu_metrics_new(NULL, &metrics), SCU_OK);
  size_t length = scu_metrics_text(metrics, NULL, 0);
  assert_int_equal(scu_metrics_text(metrics, text, sizeof text), length);
  assert_int_equal(strlen(text), length);
  assert_string_equal(text + length - 6, "# EOF\n");
  memset(small, 'x', sizeof small);
  assert_int_equal(scu_metrics_text(metrics, small, sizeof small - 1), length);
  assert_int_equal(strlen(small), sizeof small - 2);
  assert_int_equal(small[sizeof small - 1], 'x');
  assert_memory_equal(small, text, sizeof small - 2);
  scu_metrics_free(metrics);
  scu_metrics_free(NULL);
}

static void test_a_text_may_end_at_any_character(void **state) {
  (void)state;
  scu_metrics *metrics;
  assert_int_equal(scu_metrics_new(NULL, &metrics), SCU_OK);
  size_t length = scu_metrics_text(metrics, text, sizeof text);
  for (size_t room = 1; room <= length + 1; room++) {
    char *exact = malloc(room); /* what is behind it is nobody's: the sanitizer sees */
    assert_non_null(exact);
    assert_int_equal(scu_metrics_text(metrics, exact, room), length);
    assert_int_equal(strlen(exact), room - 1);
    assert_memory_equal(exact, text, room - 1);
    free(exact);
  }
  scu_metrics_free(metrics);
}

static void test_statuses_beyond_the_table_are_counted_together(void **state) {
  (void)state;
  scu__counts *counts = calloc(1, sizeof *counts);
  assert_non_null(counts);
  for (unsigned round = 0; round < 2; round++)
    for (unsigned i = 0; i < SCU__COUNTED_CODES + 10; i++) scu__count_failure(counts, 0, 1, (uint16_t)(0xC000 + i));
  assert_true(scu__counts_text(counts, text, sizeof text) < sizeof text);
  assert_line("scu_failures_total{direction=\"received\",service=\"C-STORE\",status=\"C03F\"} 2\n");
  assert_line("scu_failures_total{direction=\"received\",service=\"any\",status=\"other\"} 20\n");
  assert_null(strstr(text, "C040"));
  free(counts);
}

static void test_a_connection_that_says_nothing_is_counted_while_it_stands(void **state) {
  (void)state;
  scu_metrics *metrics;
  assert_int_equal(scu_metrics_new(NULL, &metrics), SCU_OK);
  scu__tap *tap = (scu__tap *)metrics;
  void *one = tap->connected(tap, &ends);
  scu_metrics_text(metrics, text, sizeof text);
  assert_line("scu_connections_open 1\n");
  tap->pdu(tap, one, false, (const uint8_t *)"GET / HTTP", 10);
  tap->closed(tap, one);
  scu_metrics_text(metrics, text, sizeof text);
  assert_line("scu_connections_open 0\n");
  assert_line("scu_connections_total{side=\"acceptor\"} 1\n");
  assert_line("scu_association_ends_total{side=\"acceptor\",how=\"lost\"} 0\n");
  scu_metrics_free(metrics);
}

static void test_every_allocation_may_fail(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    failing_allocator failing;
    scu_metrics *metrics;
    failing_allocator_init(&failing, i);
    scu_result result = scu_metrics_new(&failing.allocator, &metrics);
    assert_int_equal(result, i == 0 ? SCU_ERROR_MEMORY : SCU_OK);
    scu__tap *tap = (scu__tap *)metrics;
    if (tap) assert_null(tap->connected(tap, &ends));
    scu_metrics_free(metrics);
    assert_int_equal(failing.alive, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_text_says_how_long_it_is_and_ends_where_the_room_ends),
      cmocka_unit_test(test_a_text_may_end_at_any_character),
      cmocka_unit_test(test_statuses_beyond_the_table_are_counted_together),
      cmocka_unit_test(test_a_connection_that_says_nothing_is_counted_while_it_stands),
      cmocka_unit_test(test_every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
