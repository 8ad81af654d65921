/* Forms of option values. Locale plays no part: every character class is spelled out. */
#include "config/option_check.h"

#include <string.h>

#include "base/values.h"
#include "config/options.h"
#include "data/charset.h"
#include "data/utf8.h"

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_plain_ascii(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7E) return false;
  return true;
}

static scu_result fault(const struct scu_option_info *info, const char *reason, scu_error *error) {
  return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: %s", info->flag ? info->flag : info->name,
                        reason);
}

scu_result scu__check_ae(const struct scu_option_info *info, const char *text, scu_error *error) {
  scu__ae ae;
  if (is_plain_ascii(text) && scu__ae_from_text(&ae, text)) return SCU_OK;
  return fault(info, "an AE title is 1 to 16 ASCII characters, not only spaces and without backslash", error);
}

scu_result scu__check_host(const struct scu_option_info *info, const char *text, scu_error *error) {
  for (const char *p = text; *p; p++)
    if (*p == ' ' || (unsigned char)*p > 0x7E) return fault(info, "not a host name or address", error);
  return SCU_OK;
}

scu_result scu__check_uid(const struct scu_option_info *info, const char *text, scu_error *error) {
  if (scu__uid_is_valid(text)) return SCU_OK;
  return fault(info, "not a UID: digits and dots, no leading zeros, at most 64 characters", error);
}

scu_result scu__check_version_name(const struct scu_option_info *info, const char *text, scu_error *error) {
  return is_plain_ascii(text) ? SCU_OK : fault(info, "must be ASCII", error);
}

scu_result scu__check_charset(const struct scu_option_info *info, const char *text, scu_error *error) {
  scu__charset charset = scu__charset_parse((const uint8_t *)text, strlen(text));
  if (!charset.has_unknown_term) return SCU_OK;
  return fault(info, "no character set of DICOM (0008,0005): ISO_IR 100, ISO_IR 192, GB18030, ISO 2022 IR 87", error);
}

scu_result scu__check_accept_from(const struct scu_option_info *info, const char *text, scu_error *error) {
  (void)info;
  scu__ae titles[SCU__ACCEPT_FROM_MAX];
  size_t count = 0;
  return scu__accept_from_parse(text, titles, SCU__ACCEPT_FROM_MAX, &count, error);
}

/* The choices are in lower case; ASCII only, for in no locale is the I of FILE another letter. */
static bool is_choice(const char *choice, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    char letter = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    if (letter != choice[i]) return false;
  }
  return true;
}

int scu__choice_place(const char *choices, const char *text) {
  size_t length = strlen(text);
  const char *p = choices;
  for (int place = 0;; place++) {
    size_t span = strcspn(p, "|");
    if (span > 0 && span == length && is_choice(p, text, length)) return place;
    if (p[span] == 0) return -1;
    p += span + 1;
  }
}

scu_result scu__check_text(const struct scu_option_info *info, const char *text, scu_error *error) {
  size_t length = strlen(text);
  if (length < (uint64_t)info->minimum) return fault(info, "must not be empty", error);
  if (length > (uint64_t)info->maximum)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: longer than %lld bytes",
                          info->flag ? info->flag : info->name, (long long)info->maximum);
  if (!scu__utf8_is_valid((const uint8_t *)text, length)) return fault(info, "not UTF-8", error);
  for (const char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7F) return fault(info, "control characters are not allowed", error);
  if (info->choices && scu__choice_place(info->choices, text) < 0)
    return scu__error_set(error, SCU_ERROR_USAGE, SCU_PHASE_USAGE, "%s: '%s' is none of %s",
                          info->flag ? info->flag : info->name, text, info->choices);
  return SCU_OK;
}

/* Digits from *text on; moves behind them. False without any, or when they do not fit. */
static bool parse_digits(const char **text, uint64_t *value) {
  const char *p = *text;
  uint64_t sum = 0;
  for (; is_digit(*p); p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (sum > (UINT64_MAX - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  if (p == *text) return false;
  *text = p;
  *value = sum;
  return true;
}

bool scu__parse_integer(const char *text, int64_t *value) {
  bool is_negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  uint64_t sum;
  if (!parse_digits(&text, &sum) || *text != 0 || sum > (uint64_t)INT64_MAX) return false;
  *value = is_negative ? -(int64_t)sum : (int64_t)sum;
  return true;
}

bool scu__parse_boolean(const char *text, bool *value) {
  static const char *const yes[] = {"yes", "true", "on", "1"};
  static const char *const no[] = {"no", "false", "off", "0"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
    *value = strcmp(text, yes[i]) == 0;
    if (*value || strcmp(text, no[i]) == 0) return true;
  }
  return false;
}

/* Up to three digits behind a point, as thousandths. */
static bool parse_thousandths(const char **text, uint64_t *value) {
  *value = 0;
  if (**text != '.') return true;
  const char *p = *text + 1;
  uint64_t weight = 100;
  if (!is_digit(*p)) return false;
  for (; is_digit(*p); p++, weight /= 10) {
    if (weight == 0) return false;
    *value += weight * (uint64_t)(*p - '0');
  }
  *text = p;
  return true;
}

bool scu__parse_duration(const char *text, uint64_t *milliseconds) {
  static const struct {
    const char *name;
    uint64_t milliseconds;
  } units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {"h", 3600000}};
  uint64_t whole, thousandths;
  if (!parse_digits(&text, &whole) || !parse_thousandths(&text, &thousandths)) return false;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(text, units[i].name) != 0) continue;
    uint64_t unit = units[i].milliseconds;
    if (thousandths * unit % 1000 != 0 || whole > (UINT64_MAX - unit) / unit) return false;
    *milliseconds = whole * unit + thousandths * unit / 1000;
    return true;
  }
  return false;
}
