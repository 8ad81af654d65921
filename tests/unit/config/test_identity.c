/* User identity as options: secrets go in and never come out, what goes together, what a node may say of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/identity.h"
#include "config/options.h"
#include "support/failing_allocator.h"
#include "support/watching_allocator.h"

#define SECRET "TIGER-CANARY"

static scu_options *fresh(void) {
  scu_options *options = NULL;
  assert_int_equal(scu_options_new(NULL, &options), SCU_OK);
  return options;
}

static void set_secret(scu_options *options, scu_option option, const char *text) {
  assert_int_equal(scu_options_set_secret(options, option, text, strlen(text)), SCU_OK);
}

static const scu_option secrets[] = {SCU_OPTION_IDENTITY_PASSCODE, SCU_OPTION_IDENTITY_TOKEN};

static void test_a_secret_goes_in_and_never_comes_out(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    scu_options *options = fresh();
    const char *text = "before";
    const void *pointer = text;
    int64_t integer;
    assert_false(scu_options_is_set(options, secrets[i]));
    set_secret(options, secrets[i], SECRET);
    assert_true(scu_options_is_set(options, secrets[i]));
    assert_int_equal(scu_options_get_text(options, secrets[i], &text), SCU_ERROR_USAGE);
    assert_int_equal(scu_options_get_pointer(options, secrets[i], &pointer), SCU_ERROR_USAGE);
    assert_int_equal(scu_options_get_integer(options, secrets[i], &integer), SCU_ERROR_USAGE);
    assert_null(text);
    assert_null(pointer);
    assert_int_equal(scu_options_reset(options, secrets[i]), SCU_OK);
    assert_false(scu_options_is_set(options, secrets[i]));
    scu_options_free(options);
  }
}

static void test_a_secret_is_not_taken_from_text_nor_told_in_an_error(void **state) {
  (void)state;
  scu_options *options = fresh();
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(scu_options_parse(options, secrets[i], SECRET), SCU_ERROR_USAGE);
    assert_null(strstr(scu_error_reason(scu_options_error(options)), SECRET));
    assert_int_equal(scu_options_set_text(options, secrets[i], SECRET), SCU_ERROR_USAGE);
    assert_null(strstr(scu_error_reason(scu_options_error(options)), SECRET));
    assert_false(scu_options_is_set(options, secrets[i]));
  }
  assert_int_equal(scu_options_set_secret(options, SCU_OPTION_CALLING_AE, SECRET, 5), SCU_ERROR_USAGE);
  scu_options_free(options);
}

static void test_secrets_have_bounds_and_a_bad_one_leaves_the_old(void **state) {
  (void)state;
  static uint8_t bytes[SCU__IDENTITY_MAX + 1];
  memset(bytes, 'x', sizeof bytes);
  scu_options *options = fresh();
  const uint8_t *kept;
  size_t length;
  set_secret(options, SCU_OPTION_IDENTITY_TOKEN, SECRET);
  assert_int_equal(scu_options_set_secret(options, SCU_OPTION_IDENTITY_TOKEN, "", 0), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_secret(options, SCU_OPTION_IDENTITY_TOKEN, NULL, 3), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_secret(options, SCU_OPTION_IDENTITY_TOKEN, bytes, sizeof bytes), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(scu_options_error(options)), "65529"));
  assert_true(scu__option_secret(options, SCU_OPTION_IDENTITY_TOKEN, &kept, &length));
  assert_int_equal(length, strlen(SECRET));
  assert_memory_equal(kept, SECRET, length);
  assert_int_equal(scu_options_set_secret(options, SCU_OPTION_IDENTITY_TOKEN, bytes, SCU__IDENTITY_MAX), SCU_OK);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, ""), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "\xFF"), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "Jos\xC3\xA9"), SCU_OK);
  scu_options_free(options);
}

static void test_a_copy_has_the_secrets_and_outlives_the_original(void **state) {
  (void)state;
  scu_options *options = fresh(), *copy = NULL;
  const uint8_t *bytes;
  size_t length;
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, SECRET);
  assert_int_equal(scu_options_copy(options, &copy), SCU_OK);
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, "other");
  scu_options_free(options);
  assert_true(scu__option_secret(copy, SCU_OPTION_IDENTITY_PASSCODE, &bytes, &length));
  assert_int_equal(length, strlen(SECRET));
  assert_memory_equal(bytes, SECRET, length);
  scu_options_free(copy);
}

static void test_a_secret_is_wiped_when_replaced_reset_and_freed(void **state) {
  (void)state;
  watching_allocator watching;
  watching_allocator_init(&watching, SECRET);
  scu_options *options = NULL, *copy = NULL;
  scu__identity identity;
  assert_int_equal(scu_options_new(&watching.allocator, &options), SCU_OK);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "alice"), SCU_OK);
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, SECRET);
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, SECRET " again");
  assert_int_equal(scu_options_copy(options, &copy), SCU_OK);
  assert_int_equal(scu__identity_resolve(options, NULL, &watching.allocator, &identity, NULL), SCU_OK);
  scu__identity_free(&identity);
  set_secret(options, SCU_OPTION_IDENTITY_TOKEN, SECRET);
  assert_int_equal(scu__identity_resolve(options, NULL, &watching.allocator, &identity, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_reset(options, SCU_OPTION_IDENTITY_PASSCODE), SCU_OK);
  scu_options_free(options);
  scu_options_free(copy);
  assert_true(watching.released >= 7);
  assert_int_equal(watching.left_behind, 0);
  /* The watch itself: it does see what is left. */
  char *left = scu__strdup(&watching.allocator, "x" SECRET "x");
  scu__free(&watching.allocator, left);
  assert_int_equal(watching.left_behind, 1);
}

static void test_the_kind_of_a_token_is_guessed_by_its_form(void **state) {
  (void)state;
  static const struct {
    const char *token;
    scu__identity_type type;
  } rows[] = {
      {"eyJh.eyJz.c2ln-_", SCU__IDENTITY_JWT}, {"a.b.c", SCU__IDENTITY_JWT},        {"a.b", SCU__IDENTITY_KERBEROS},
      {"a.b.c.d", SCU__IDENTITY_KERBEROS},     {"a..c", SCU__IDENTITY_KERBEROS},    {"a.b.", SCU__IDENTITY_KERBEROS},
      {".b.c", SCU__IDENTITY_KERBEROS},        {"a.b.c\n", SCU__IDENTITY_KERBEROS}, {"a.b=.c", SCU__IDENTITY_KERBEROS},
      {"<a.b.c/>", SCU__IDENTITY_SAML},        {"<", SCU__IDENTITY_SAML},           {" <a/>", SCU__IDENTITY_KERBEROS},
      {"\x6E\x82", SCU__IDENTITY_KERBEROS},    {"", SCU__IDENTITY_KERBEROS},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (scu__identity_guess((const uint8_t *)rows[i].token, strlen(rows[i].token)) != rows[i].type)
      fail_msg("'%s'", rows[i].token);
}

static void test_a_kind_that_was_said_is_taken_at_its_word(void **state) {
  (void)state;
  static const char *const kinds[] = {"auto", "kerberos", "saml", "jwt"};
  static const uint8_t types[] = {SCU__IDENTITY_JWT, SCU__IDENTITY_KERBEROS, SCU__IDENTITY_SAML, SCU__IDENTITY_JWT};
  scu_options *options = fresh();
  set_secret(options, SCU_OPTION_IDENTITY_TOKEN, "a.b.c");
  for (size_t i = 0; i < 4; i++) {
    scu__identity identity;
    assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_KIND, kinds[i]), SCU_OK);
    assert_int_equal(scu__identity_resolve(options, NULL, NULL, &identity, NULL), SCU_OK);
    assert_int_equal(identity.type, types[i]);
    assert_int_equal(identity.is_guessed, i == 0);
    assert_true(identity.wants_response && !identity.is_response_optional && !identity.may_go_plain);
    assert_memory_equal(identity.primary, "a.b.c", 5);
    scu__identity_free(&identity);
  }
  scu_options_free(options);
}

static void test_what_does_not_go_together_is_a_usage_error(void **state) {
  (void)state;
  scu__identity identity;
  scu_options *options = fresh();
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, SECRET);
  assert_int_equal(scu__identity_resolve(options, NULL, NULL, &identity, NULL), SCU_ERROR_USAGE);
  set_secret(options, SCU_OPTION_IDENTITY_TOKEN, SECRET);
  assert_int_equal(scu__identity_resolve(options, NULL, NULL, &identity, NULL), SCU_ERROR_USAGE);
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "alice"), SCU_OK);
  assert_int_equal(scu_options_reset(options, SCU_OPTION_IDENTITY_PASSCODE), SCU_OK);
  assert_int_equal(scu__identity_resolve(options, NULL, NULL, &identity, NULL), SCU_ERROR_USAGE);
  scu_options_free(options);
  assert_int_equal(scu__identity_resolve(NULL, NULL, NULL, &identity, NULL), SCU_OK);
  assert_int_equal(identity.type, 0);
}

static void test_user_and_passcode_share_the_room_of_the_item(void **state) {
  (void)state;
  static char user[SCU__IDENTITY_MAX + 1];
  memset(user, 'u', SCU__IDENTITY_MAX - 4);
  scu__identity identity;
  scu_options *options = fresh();
  assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, user), SCU_OK);
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, "1234");
  assert_int_equal(scu__identity_resolve(options, NULL, NULL, &identity, NULL), SCU_OK);
  scu__identity_free(&identity);
  scu_error error;
  scu__error_clear(&error);
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, "12345");
  assert_int_equal(scu__identity_resolve(options, NULL, NULL, &identity, &error), SCU_ERROR_USAGE);
  assert_non_null(strstr(scu_error_reason(&error), "65529"));
  scu_options_free(options);
}

/* --- the node file ------------------------------------------------------------------------------------------------ */

static const scu__node *read_node(const char *settings, scu__nodes *nodes) {
  char text[1024];
  snprintf(text, sizeof text, "[n]\naet = A\nhost = h\n%s", settings);
  assert_int_equal(scu__nodes_parse(NULL, "nodes.ini", text, strlen(text), nodes, NULL), SCU_OK);
  return scu__nodes_find(nodes, "n");
}

static void test_a_node_s_user_counts_where_the_options_say_nothing(void **state) {
  (void)state;
  scu__nodes nodes;
  scu__identity identity;
  const scu__node *node = read_node("user = alice\npasscode-file = secret\nidentity-over-plain = yes\n", &nodes);
  assert_int_equal(scu__identity_resolve(NULL, node, NULL, &identity, NULL), SCU_OK);
  assert_int_equal(identity.type, SCU__IDENTITY_USER_NAME);
  assert_memory_equal(identity.primary, "alice", 5);
  assert_true(identity.may_go_plain);
  assert_string_equal(scu__identity_passcode_file(NULL, node), "secret");
  assert_int_equal(scu__identity_set_passcode(&identity, (const uint8_t *)"tiger\r\n", 7, NULL), SCU_OK);
  assert_int_equal(identity.type, SCU__IDENTITY_PASSCODE);
  assert_int_equal(identity.secondary_length, 5);
  scu__identity_free(&identity);

  scu_options *options = fresh();
  set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, SECRET); /* alice's */
  assert_int_equal(scu__identity_resolve(options, node, NULL, &identity, NULL), SCU_OK);
  assert_int_equal(identity.type, SCU__IDENTITY_PASSCODE);
  assert_null(scu__identity_passcode_file(options, node));
  scu__identity_free(&identity);
  scu_options_reset(options, SCU_OPTION_IDENTITY_PASSCODE);

  assert_int_equal(scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "bob"), SCU_OK);
  assert_int_equal(scu_options_set_boolean(options, SCU_OPTION_IDENTITY_OVER_PLAIN, false), SCU_OK);
  assert_int_equal(scu__identity_resolve(options, node, NULL, &identity, NULL), SCU_OK);
  assert_memory_equal(identity.primary, "bob", 3);
  assert_false(identity.may_go_plain);
  assert_null(scu__identity_passcode_file(options, node)); /* not alice's for bob */
  scu__identity_free(&identity);
  scu_options_free(options);
  scu__nodes_free(&nodes);
}

static void test_only_a_user_name_goes_without_tls(void **state) {
  (void)state;
  for (uint8_t type = 0; type <= SCU__IDENTITY_JWT; type++) {
    scu__identity identity = {.type = type};
    scu_error error;
    scu__error_clear(&error);
    scu_result expected = type <= SCU__IDENTITY_USER_NAME ? SCU_OK : SCU_ERROR_SECURITY;
    assert_int_equal(scu__identity_check_transport(&identity, false, &error), expected);
    if (expected != SCU_OK) assert_non_null(strstr(scu_error_hint(&error), "identity-over-plain"));
    assert_int_equal(scu__identity_check_transport(&identity, true, NULL), SCU_OK);
    identity.may_go_plain = true;
    assert_int_equal(scu__identity_check_transport(&identity, false, NULL), SCU_OK);
  }
}

static void test_no_memory_at_any_point_is_memory(void **state) {
  (void)state;
  for (size_t i = 0;; i++) {
    failing_allocator failing;
    scu_options *options = NULL, *copy = NULL;
    scu__identity identity = {0};
    failing_allocator_init(&failing, i);
    scu_result result = scu_options_new(&failing.allocator, &options);
    if (result == SCU_OK) result = scu_options_set_text(options, SCU_OPTION_IDENTITY_USER, "alice");
    if (result == SCU_OK) result = scu_options_set_secret(options, SCU_OPTION_IDENTITY_PASSCODE, SECRET, 5);
    if (result == SCU_OK) result = scu_options_copy(options, &copy);
    if (result == SCU_OK) result = scu__identity_resolve(copy, NULL, &failing.allocator, &identity, NULL);
    scu__identity_free(&identity);
    scu_options_free(copy);
    scu_options_free(options);
    assert_int_equal(failing.alive, 0);
    if (result == SCU_OK) {
      assert_true(i >= 8);
      return;
    }
    assert_int_equal(result, SCU_ERROR_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_secret_goes_in_and_never_comes_out),
      cmocka_unit_test(test_a_secret_is_not_taken_from_text_nor_told_in_an_error),
      cmocka_unit_test(test_secrets_have_bounds_and_a_bad_one_leaves_the_old),
      cmocka_unit_test(test_a_copy_has_the_secrets_and_outlives_the_original),
      cmocka_unit_test(test_a_secret_is_wiped_when_replaced_reset_and_freed),
      cmocka_unit_test(test_the_kind_of_a_token_is_guessed_by_its_form),
      cmocka_unit_test(test_a_kind_that_was_said_is_taken_at_its_word),
      cmocka_unit_test(test_what_does_not_go_together_is_a_usage_error),
      cmocka_unit_test(test_user_and_passcode_share_the_room_of_the_item),
      cmocka_unit_test(test_a_node_s_user_counts_where_the_options_say_nothing),
      cmocka_unit_test(test_only_a_user_name_goes_without_tls),
      cmocka_unit_test(test_no_memory_at_any_point_is_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
