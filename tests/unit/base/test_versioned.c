/* Structs of callers older and newer than the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/versioned.h"
#include "support/failing_allocator.h"

typedef struct first_options {
  size_t size;
  int one;
} first_options;

typedef struct known_options {
  size_t size;
  int one;
  int two;
  const char *three;
} known_options;

typedef struct later_options {
  known_options known;
  const char *four;
} later_options;

enum { LEAST = SCU__SIZE_THROUGH(known_options, one) };

static known_options defaults(void) {
  return (known_options){.one = 1, .two = 2, .three = "three"};
}

static void test_an_older_caller_leaves_the_defaults_of_what_he_does_not_know(void **state) {
  (void)state;
  known_options known = defaults();
  first_options older = {.size = LEAST, .one = 10};
  assert_int_equal(scu__versioned_copy(&known, sizeof known, &older, LEAST), SCU_OK);
  assert_int_equal(known.size, sizeof known);
  assert_int_equal(known.one, 10);
  assert_int_equal(known.two, 2);
  assert_string_equal(known.three, "three");
}

static void test_of_a_newer_caller_the_known_members_are_taken(void **state) {
  (void)state;
  struct {
    known_options known;
    uint8_t beyond[8];
  } to = {.known = defaults(), .beyond = "canary!"};
  later_options newer = {.known = {.size = sizeof newer, .one = 10, .two = 20, .three = "30"}, .four = "40"};
  assert_int_equal(scu__versioned_copy(&to.known, sizeof to.known, &newer, LEAST), SCU_OK);
  assert_int_equal(to.known.size, sizeof to.known);
  assert_int_equal(to.known.two, 20);
  assert_string_equal(to.known.three, "30");
  assert_memory_equal(to.beyond, "canary!", 8);
}

static void test_a_size_that_no_release_had_is_refused_and_nothing_is_copied(void **state) {
  (void)state;
  for (size_t size = 0; size < LEAST; size++) {
    known_options known = defaults(), short_one = {.size = size, .one = 10, .two = 20};
    assert_false(scu__versioned_reaches(&short_one, LEAST));
    assert_int_equal(scu__versioned_copy(&known, sizeof known, &short_one, LEAST), SCU_ERROR_USAGE);
    assert_int_equal(known.one, 1);
    assert_int_equal(known.two, 2);
  }
  known_options known = defaults();
  assert_int_equal(scu__versioned_copy(&known, sizeof known, NULL, LEAST), SCU_ERROR_USAGE);
}

static void test_an_allocator_without_size_is_never_called(void **state) {
  (void)state;
  failing_allocator counting;
  failing_allocator_init(&counting, SIZE_MAX);
  counting.allocator.size = offsetof(scu_allocator, user);
  assert_null(scu__alloc(&counting.allocator, 8));
  assert_null(scu__alloc_array(&counting.allocator, 2, 8));
  assert_null(scu__realloc_array(&counting.allocator, NULL, 2, 8));
  assert_null(scu__strdup(&counting.allocator, "text"));
  assert_int_equal(counting.requests, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_older_caller_leaves_the_defaults_of_what_he_does_not_know),
      cmocka_unit_test(test_of_a_newer_caller_the_known_members_are_taken),
      cmocka_unit_test(test_a_size_that_no_release_had_is_refused_and_nothing_is_copied),
      cmocka_unit_test(test_an_allocator_without_size_is_never_called),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
