/* What to look for, and what to bring: keys, level and information model of C-FIND, C-MOVE and C-GET (PS3.4 C). */
#ifndef SCU_QUERY_H
#define SCU_QUERY_H

#include "scu/allocator.h"
#include "scu/dataset.h"
#include "scu/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum scu_model {
  SCU_MODEL_DEFAULT = 0, /* Study Root; Patient Root when the level is PATIENT */
  SCU_MODEL_STUDY = 1,
  SCU_MODEL_PATIENT = 2,
  SCU_MODEL_PATIENT_STUDY_ONLY = 3, /* retired; patients and studies */
  SCU_MODEL_WORKLIST = 4            /* Modality Worklist (PS3.4 K): no levels, C-FIND only */
} scu_model;
typedef enum scu_query_level {
  SCU_LEVEL_DEFAULT = 0, /* the deepest key named */
  SCU_LEVEL_PATIENT = 1,
  SCU_LEVEL_STUDY = 2,
  SCU_LEVEL_SERIES = 3,
  SCU_LEVEL_IMAGE = 4
} scu_query_level;
SCU_API const char *scu_query_level_name(scu_query_level level); /* "PATIENT", "STUDY", "SERIES", "IMAGE" */

/* Operations copy it when they are started. */
typedef struct scu_query scu_query;

/* Without keys, level and model DEFAULT. `allocator` may be NULL. MEMORY: *out is NULL then. */
SCU_API scu_result scu_query_new(const scu_allocator *allocator, scu_query **out);
SCU_API void scu_query_free(scu_query *query); /* NULL is allowed */
/* Why the last call on the query failed; valid until the next one. */
SCU_API const scu_error *scu_query_error(const scu_query *query);

/* A matching key: keyword, gggg,eeee, ggggeeee or path, and a UTF-8 value (wildcards, ranges, UID lists as in PS3.4
 * C.2.2.2). Setting it again replaces it. scu/query_keys.h has the usual ones with their types.
 *
 * Several values joined by backslash mean any of them. The Standard has such lists for UIDs only, so other values are
 * asked for one after the other and the answers united: a match that more than one of them bring comes once (the same
 * UIDs, or without UIDs the same values throughout). So are the two halves of a range of times across midnight
 * ("2200-0600"), and with SCU_QUERY_COMBINED_DATE_TIME the first day, the days between and the last day of a range,
 * where the peer does not agree to that option. More than 256 requests for one level are USAGE, told when it is asked.
 * With SCU_QUERY_MULTIPLE_VALUES set to SCU_WISH_YES lists go out as they are.
 *
 * Texts go out in the narrowest character set that holds them (PS3.3 C.12.1.1.2), or in the one that the key
 * SpecificCharacterSet names; where that cannot hold them the warning hook is told, and it gives way. */
SCU_API scu_result scu_query_set(scu_query *query, const char *path, const char *value);
/* Asks for the attribute without restricting it. A find asks for the usual attributes of its level without being told
 * to: the unique and required keys of PS3.4 C.6 and K.6, those of IHE RAD-14, and of instances what their modality has
 * (RAD-14 images, RAD-15 presentation states, RAD-26 and RAD-44 reports, RAD-30 key objects). Where the peer refuses an
 * identifier with A900 or Cxxx, it is asked once more for unique and required keys alone, without what was asked for
 * here, and the warning hook is told. */
SCU_API scu_result scu_query_return(scu_query *query, const char *path);
/* Starts from a dataset, in memory or read from a file (scu_file_read, scu_dataset_read_json): its elements become the
 * keys in place of all that was set so far, those with a value to match and those without to be returned. What is set
 * afterwards is copied over them. Query/Retrieve Level (0008,0052) becomes the level; the file meta group (0002), group
 * lengths and bulk values (OB and its kin) are no keys and are left out. The dataset is copied. USAGE: no such level,
 * or a value that was left out when the dataset was read; MEMORY; then the query is as it was. */
SCU_API scu_result scu_query_set_dataset(scu_query *query, const scu_dataset *dataset);
/* The keys as they stand; borrowed until the next call that changes the query. */
SCU_API const scu_dataset *scu_query_keys(const scu_query *query);
/* Behaviour that a provider has to agree to by SOP Class Extended Negotiation (PS3.4 C.5, K.5). It is proposed for the
 * association, option by option; what is not agreed is told by the warning hook, and the query is sent without it. */
typedef enum scu_query_option {
  SCU_QUERY_RELATIONAL = 0,     /* keys of all levels in one request, unique keys above the level may be left out */
  SCU_QUERY_COMBINED_DATE_TIME, /* a range of dates and one of times are one range */
  SCU_QUERY_FUZZY_NAMES,        /* person names that sound or are written alike */
  SCU_QUERY_TIMEZONE,           /* times are in the zone of the key TimezoneOffsetFromUTC */
  SCU_QUERY_VIEW,               /* enhanced multi-frame images as the key QueryRetrieveView says */
  SCU_QUERY_EMPTY_VALUE,        /* the value "" (two quotation marks) matches what has no value */
  SCU_QUERY_MULTIPLE_VALUES,    /* several values in a key: all of them have to be there, not any */
  SCU_QUERY_OPTIONS
} scu_query_option;
typedef enum scu_wish {
  /* RELATIONAL: when a unique key above the level is missing; else level after level is asked. TIMEZONE, VIEW and
   * EMPTY_VALUE: when a key needs it. The others: no. */
  SCU_WISH_AUTO = 0,
  SCU_WISH_NO = 1,
  SCU_WISH_YES = 2
} scu_wish;
SCU_API scu_result scu_query_set_option(scu_query *query, scu_query_option option, scu_wish wish);

/* USAGE for what is no value of the enum; it may be set before or after the keys. */
SCU_API scu_result scu_query_set_model(scu_query *query, scu_model model);
SCU_API scu_result scu_query_set_level(scu_query *query, scu_query_level level);
/* A find drills down: its matches are those of this level, each of what is below a match of the query (PS3.4
 * C.4.1.3.1.1, hierarchical search, one request for each match above), with the values of the levels above filled in.
 * What is below one match comes before what is below the next. SCU_LEVEL_DEFAULT: the query's own level. A retrieve has
 * no use for it. */
SCU_API scu_result scu_query_set_depth(scu_query *query, scu_query_level depth);
/* A query that restricts nothing is a usage error unless this is set. */
SCU_API scu_result scu_query_set_all(scu_query *query, int all);
/* Cancel after this many matches; 0 = no limit. */
SCU_API scu_result scu_query_set_limit(scu_query *query, uint64_t limit);
/* What a peer gives is held against the keys it was asked by (PS3.4 C.2.2.2; names without regard to case and accents),
 * since some match badly. A match that does not meet one of them is marked (scu_matches_mismatch, scu_match); with
 * strict set it is left out, and a retrieve does not fetch it. Never for what it does not say: a key that is absent or
 * empty in a match counts as met, and so does text in a character set that cannot be made out. */
SCU_API scu_result scu_query_set_strict(scu_query *query, int strict);
/* Many archives give so many matches and no more, with Success. With split set the studies of a query are asked for as
 * a whole and then in parts by Study Date, a day by Study Time, each cut in half as long as its answer looks cut off;
 * the answers are united by UID, and scu_matches_verdict says what that proves. Where the levels below are asked for,
 * so are the studies above them, level after level (SCU_QUERY_RELATIONAL is not proposed then). Other levels are not
 * cut, nor are several dates, ranges of date and time together (SCU_QUERY_COMBINED_DATE_TIME), or the days of a query
 * that has a Study Time. Empty value matching is proposed, to ask for studies without a date, which are in no range. A
 * retrieve asks for studies in parts in any case once an answer looks cut off, without proposing anything for it. */
SCU_API scu_result scu_query_set_split(scu_query *query, int split);
/* Keys go into a C-MOVE or C-GET identifier as they are, without being resolved by C-FIND first. */
SCU_API scu_result scu_query_set_raw_identifier(scu_query *query, int raw);

/* The level and model the query would be sent with; USAGE when it is not one (text in scu_query_error). */
SCU_API scu_result scu_query_check(scu_query *query, scu_model *model, scu_query_level *level);

#ifdef __cplusplus
}
#endif
#endif
