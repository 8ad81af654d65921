/* User identity from options and node file. Secrets are copied as seldom as may be, and wiped when they go. */
#include "config/identity.h"

#include <string.h>

#include "config/option_check.h"
#include "config/options.h"

const char *scu__identity_type_text(uint8_t type) {
  static const char *const texts[] = {"no identity",     "user name",      "user name and passcode",
                                      "Kerberos ticket", "SAML assertion", "JSON Web Token"};
  return texts[type < sizeof texts / sizeof *texts ? type : 0];
}

/* RFC 4648 5, without padding, as in RFC 7515. */
static bool is_base64url(uint8_t byte) {
  return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
         byte == '_';
}

static bool is_web_token(const uint8_t *token, size_t length) {
  size_t points = 0, run = 0;
  for (size_t i = 0; i < length; i++) {
    if (token[i] == '.' && run == 0) return false;
    if (token[i] != '.' && !is_base64url(token[i])) return false;
    points += token[i] == '.';
    run = token[i] == '.' ? 0 : run + 1;
  }
  return points == 2 && run > 0;
}

scu__identity_type scu__identity_guess(const uint8_t *token, size_t length) {
  if (is_web_token(token, length)) return SCU__IDENTITY_JWT;
  return length > 0 && token[0] == '<' ? SCU__IDENTITY_SAML : SCU__IDENTITY_KERBEROS;
}

void scu__identity_free(scu__identity *identity) {
  scu__free_wiped(identity->allocator, identity->primary, identity->primary_length);
  scu__free_wiped(identity->allocator, identity->secondary, identity->secondary_length);
  memset(identity, 0, sizeof *identity);
}

static scu_result fault(scu_error *error, const char *reason) {
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "user identity: %s", reason);
}

static scu_result copy_field(const scu_allocator *allocator, const void *bytes, size_t length, uint8_t **field,
                             size_t *field_length, scu_error *error) {
  *field = scu__alloc(allocator, length);
  if (!*field) return scu__error_memory(error, SCU_PHASE_USAGE);
  memcpy(*field, bytes, length);
  *field_length = length;
  return SCU_OK;
}

static const char *user_of(const scu_options *options, const scu__node *node) {
  const char *user = NULL;
  if (scu_options_is_set(options, SCU_OPTION_IDENTITY_USER)) {
    scu_options_get_text(options, SCU_OPTION_IDENTITY_USER, &user);
    return user;
  }
  if (scu_options_is_set(options, SCU_OPTION_IDENTITY_TOKEN)) return NULL;
  return node ? scu__node_setting_of(node, SCU__NODE_USER) : NULL;
}

/* Another user's passcode would be sent to a peer that it is not meant for. */
const char *scu__identity_passcode_file(const scu_options *options, const scu__node *node) {
  if (!node || scu_options_is_set(options, SCU_OPTION_IDENTITY_USER) ||
      scu_options_is_set(options, SCU_OPTION_IDENTITY_TOKEN) ||
      scu_options_is_set(options, SCU_OPTION_IDENTITY_PASSCODE))
    return NULL;
  return scu__node_setting_of(node, SCU__NODE_PASSCODE_FILE);
}

static scu_result add_passcode(scu__identity *identity, const uint8_t *bytes, size_t length, scu_error *error) {
  if (length > SCU__IDENTITY_MAX - identity->primary_length)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE,
                          "user identity: user name and passcode have more than %d bytes", SCU__IDENTITY_MAX);
  identity->type = SCU__IDENTITY_PASSCODE;
  return copy_field(identity->allocator, bytes, length, &identity->secondary, &identity->secondary_length, error);
}

static scu_result take_user(scu__identity *identity, const scu_options *options, const char *user, scu_error *error) {
  const uint8_t *passcode;
  size_t length;
  bool has_passcode = scu__option_secret(options, SCU_OPTION_IDENTITY_PASSCODE, &passcode, &length);
  if (!user) return has_passcode ? fault(error, "a passcode without a user name") : SCU_OK;
  identity->type = SCU__IDENTITY_USER_NAME;
  scu_result result =
      copy_field(identity->allocator, user, strlen(user), &identity->primary, &identity->primary_length, error);
  return result == SCU_OK && has_passcode ? add_passcode(identity, passcode, length, error) : result;
}

static scu_result take_token(scu__identity *identity, const scu_options *options, const uint8_t *token, size_t length,
                             scu_error *error) {
  int choice = scu__option_choice(options, SCU_OPTION_IDENTITY_KIND);
  identity->is_guessed = choice <= 0;
  identity->type =
      (uint8_t)(choice <= 0 ? (int)scu__identity_guess(token, length) : SCU__IDENTITY_KERBEROS - 1 + choice);
  return copy_field(identity->allocator, token, length, &identity->primary, &identity->primary_length, error);
}

static bool boolean_of(const scu_options *options, scu_option option) {
  bool value = false;
  scu_options_get_boolean(options, option, &value);
  return value;
}

static bool may_go_plain(const scu_options *options, const scu__node *node) {
  const char *word = node ? scu__node_setting_of(node, SCU__NODE_IDENTITY_OVER_PLAIN) : NULL;
  bool value = false;
  if (!word || scu_options_is_set(options, SCU_OPTION_IDENTITY_OVER_PLAIN))
    return boolean_of(options, SCU_OPTION_IDENTITY_OVER_PLAIN);
  return scu__parse_boolean(word, &value) && value;
}

scu_result scu__identity_resolve(const scu_options *options, const scu__node *node, const scu_allocator *allocator,
                                 scu__identity *out, scu_error *error) {
  const uint8_t *token;
  size_t length;
  memset(out, 0, sizeof *out);
  out->allocator = allocator;
  out->wants_response = boolean_of(options, SCU_OPTION_IDENTITY_RESPONSE);
  out->is_response_optional = boolean_of(options, SCU_OPTION_IDENTITY_OPTIONAL);
  out->may_go_plain = may_go_plain(options, node);
  const char *user = user_of(options, node);
  bool has_token = scu__option_secret(options, SCU_OPTION_IDENTITY_TOKEN, &token, &length);
  scu_result result;
  if (has_token && (user || scu_options_is_set(options, SCU_OPTION_IDENTITY_PASSCODE)))
    result = fault(error, "a user name or passcode and a token exclude each other");
  else if (has_token)
    result = take_token(out, options, token, length, error);
  else
    result = take_user(out, options, user, error);
  if (result != SCU_OK) scu__identity_free(out);
  return result;
}

scu_result scu__identity_set_passcode(scu__identity *identity, const uint8_t *bytes, size_t length, scu_error *error) {
  if (length > 0 && bytes[length - 1] == '\n') length--;
  if (length > 0 && bytes[length - 1] == '\r') length--;
  if (length == 0) return fault(error, "the passcode file is empty");
  return add_passcode(identity, bytes, length, error);
}

scu_result scu__identity_check_transport(const scu__identity *identity, bool is_tls, scu_error *error) {
  if (is_tls || identity->may_go_plain || identity->type <= SCU__IDENTITY_USER_NAME) return SCU_OK;
  scu_result result =
      scu__error_set(error, SCU_ERROR_SECURITY, SCU_PHASE_SECURE,
                     "user identity: a %s is not sent without TLS, readable for everybody on the way",
                     identity->type == SCU__IDENTITY_PASSCODE ? "passcode" : scu__identity_type_text(identity->type));
  scu__error_hint(
      error, "there is no TLS in this version: identity-over-plain sends it all the same; a user name alone may go");
  return result;
}
