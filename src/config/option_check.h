/* What text values have to look like, and numbers as people type them. */
#ifndef SCU_CONFIG_OPTION_CHECK_H
#define SCU_CONFIG_OPTION_CHECK_H

#include "base/error.h"
#include "scu/options.h"

/* Each USAGE with the reason; see scu__text_check. */
scu_result scu__check_ae(const struct scu_option_info *info, const char *text, scu_error *error);
scu_result scu__check_host(const struct scu_option_info *info, const char *text, scu_error *error);
scu_result scu__check_uid(const struct scu_option_info *info, const char *text, scu_error *error);
scu_result scu__check_version_name(const struct scu_option_info *info, const char *text, scu_error *error);
scu_result scu__check_charset(const struct scu_option_info *info, const char *text, scu_error *error);
scu_result scu__check_accept_from(const struct scu_option_info *info, const char *text, scu_error *error);

/* What every text must be: UTF-8 without control characters, within the row's length, one of its choices. */
scu_result scu__check_text(const struct scu_option_info *info, const char *text, scu_error *error);

/* The place of `text`, in any case (ASCII), among "a|b|c", counted from 0; -1 = none of them. */
int scu__choice_place(const char *choices, const char *text);

/* Decimal digits with an optional sign, nothing else around them. False also when it does not fit. */
bool scu__parse_integer(const char *text, int64_t *value);
/* yes/no, true/false, on/off, 1/0. */
bool scu__parse_boolean(const char *text, bool *value);
/* Seconds with up to three decimals, or a number with unit ms, s, m or h. */
bool scu__parse_duration(const char *text, uint64_t *milliseconds);

#endif
