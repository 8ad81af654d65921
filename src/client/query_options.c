/* Bytes of the sub-item by service: FIND, MOVE and GET, worklist. */
#include "client/query_options.h"

#include <string.h>

#include "client/query_model.h"
#include "service/key_attribute.h"

enum { BYTES_MAX = 7, ABSENT = 0xFF };

typedef enum service { SERVICE_FIND, SERVICE_RETRIEVE, SERVICE_WORKLIST, SERVICES } service;

/* Where the flag of an option stands, 0-based, and what its absence means to the user. */
static const struct {
  uint8_t place[SERVICES];
  const char *otherwise;
} options[SCU_QUERY_OPTIONS] = {
    [SCU_QUERY_RELATIONAL] = {{0, 0, ABSENT}, "relational queries: level after level is asked instead"},
    [SCU_QUERY_COMBINED_DATE_TIME] = {{1, ABSENT, ABSENT},
                                      "combined date-time matching: a range over days is asked in parts"},
    [SCU_QUERY_FUZZY_NAMES] = {{2, ABSENT, 2}, "fuzzy matching of person names: they are matched by their letters"},
    [SCU_QUERY_TIMEZONE] = {{3, ABSENT, 3}, "timezone adjustment: times are matched as they are stored"},
    [SCU_QUERY_VIEW] = {{4, 1, ABSENT}, "conversion of enhanced multi-frame images: objects are seen as stored"},
    [SCU_QUERY_EMPTY_VALUE] = {{5, ABSENT, ABSENT}, "empty value matching: what it makes of \"\" is up to it"},
    [SCU_QUERY_MULTIPLE_VALUES] = {{6, ABSENT, ABSENT},
                                   "multiple value matching: what it makes of several values is up to it"},
};

static service service_of(const char *sop_class) {
  if (strcmp(sop_class, scu__model_info_of(SCU_MODEL_WORKLIST)->find) == 0) return SERVICE_WORKLIST;
  for (int model = SCU_MODEL_STUDY; model < SCU_MODEL_WORKLIST; model++)
    if (strcmp(sop_class, scu__model_info_of((scu_model)model)->find) == 0) return SERVICE_FIND;
  return SERVICE_RETRIEVE;
}

/* A key whose value is the two characters "" asks for entities without a value. */
static bool has_empty_value_key(const scu_dataset *keys) {
  for (size_t i = 0; i < scu_dataset_count(keys); i++) {
    const scu_element *key = scu_dataset_at(keys, i);
    const uint8_t *bytes = scu_element_bytes(key);
    if (bytes && scu_element_length(key) == 2 && memcmp(bytes, "\"\"", 2) == 0) return true;
  }
  return false;
}

/* Keys that mean nothing unless the option is agreed. Several values are not among them: agreed they are "and"; else
 * they are asked for one after the other (query_variants.h). */
static bool is_implied(const scu_query *query, size_t option) {
  const scu_element *key;
  switch (option) {
  case SCU_QUERY_TIMEZONE: key = scu_dataset_find(query->keys, SCU__TAG_TIMEZONE); break;
  case SCU_QUERY_VIEW: key = scu_dataset_find(query->keys, SCU__TAG_QUERY_VIEW); break;
  case SCU_QUERY_EMPTY_VALUE: return has_empty_value_key(query->keys);
  default: return false;
  }
  return key && scu_element_length(key) > 0;
}

static bool is_wished(const scu_query *query, size_t option) {
  scu_wish wish = query->wishes[option];
  return wish == SCU_WISH_YES || (wish == SCU_WISH_AUTO && is_implied(query, option));
}

/* Its byte stands within the item that the peer is shown. */
static bool may_propose(const scu_session *session, size_t option, service at) {
  return options[option].place[at] < session->config->extended_bytes;
}

scu__option_set scu__options_wanted(const scu_session *session, const scu_query *query, const char *sop_class,
                                    bool needs_relational) {
  service at = service_of(sop_class);
  scu__option_set wanted = 0;
  for (size_t i = 0; i < SCU_QUERY_OPTIONS; i++) {
    bool is_auto = query->wishes[i] == SCU_WISH_AUTO;
    bool is_helpful = i == SCU_QUERY_RELATIONAL ? needs_relational : i == SCU_QUERY_EMPTY_VALUE && query->is_split;
    bool is_wanted = is_wished(query, i) || (is_auto && is_helpful);
    if (is_wanted && may_propose(session, i, at)) wanted |= 1u << i;
  }
  return wanted;
}

scu_result scu__options_propose(scu__option_set wanted, const char *sop_class, scu__associate *rq) {
  service at = service_of(sop_class);
  uint8_t bytes[BYTES_MAX] = {0};
  size_t length = 0;
  if (wanted == 0) return SCU_OK;
  if (at == SERVICE_WORKLIST) { /* K.5: the first two are always 1 */
    bytes[0] = bytes[1] = 1;
    length = 3;
  }
  for (size_t i = 0; i < SCU_QUERY_OPTIONS; i++) {
    if (!(wanted & 1u << i)) continue;
    size_t place = options[i].place[at];
    bytes[place] = 1;
    if (place + 1 > length) length = place + 1;
  }
  return scu__associate_add_extended(rq, sop_class, bytes, length);
}

bool scu__option_is_agreed(scu_query_option option, const char *sop_class, const scu__negotiated *negotiated) {
  uint8_t place = options[option].place[service_of(sop_class)];
  return place != ABSENT && scu__negotiated_extended_byte(negotiated, sop_class, place) == 1;
}

bool scu__options_fit(scu__option_set wanted, const char *sop_class, const scu__negotiated *negotiated) {
  service at = service_of(sop_class);
  for (size_t i = 0; i < SCU_QUERY_OPTIONS; i++) {
    uint8_t place = options[i].place[at];
    if (place == ABSENT) continue;
    bool is_wanted = (wanted & 1u << i) != 0;
    if (is_wanted && scu__negotiated_extended_offer(negotiated, sop_class, place) != 1) return false;
    bool is_harmless = i == SCU_QUERY_RELATIONAL; /* a hierarchical query means the same there */
    if (!is_wanted && !is_harmless && scu__negotiated_extended_byte(negotiated, sop_class, place) == 1) return false;
  }
  return true;
}

void scu__options_warn(scu_op *op, const scu_query *query, const char *sop_class, const scu__negotiated *negotiated) {
  for (size_t i = 0; i < SCU_QUERY_OPTIONS; i++) {
    service at = service_of(sop_class);
    bool is_missed = is_wished(query, i) && options[i].place[at] != ABSENT &&
                     !scu__option_is_agreed((scu_query_option)i, sop_class, negotiated);
    if (is_missed)
      scu__op_warn(op, "%s %s",
                   may_propose(op->session, i, at) ? "the peer does not agree to"
                                                   : "the peer is not asked (extended-negotiation) for",
                   options[i].otherwise);
  }
}
