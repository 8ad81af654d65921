/* The drill: a queue of C-FINDs, one at a time, each made from a match of the level above. */
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "client/drill_private.h"
#include "client/query_options.h"
#include "client/query_variants.h"
#include "client/refusal.h"
#include "data/dataset_builder.h"
#include "data/dataset_encode.h"
#include "data/sop_class.h"
#include "data/transfer_syntax.h"
#include "dimse/status.h"

enum { TAG_MODALITY = 0x00080060 };

static void step_free(scu__drill *drill, scu__drill_step *s) {
  if (!s) return;
  scu__buffer_free(&s->above);
  scu__free(drill->session->allocator, s);
}

/* What is found below a match comes before the next match: rows stay together, and fewer steps wait. */
static void insert(scu__drill *drill, scu__drill_step *s) {
  scu__drill_step **place = drill->newest ? &drill->newest->next : &drill->first;
  s->next = *place;
  *place = s;
  drill->newest = s;
  drill->step_count++;
}

static scu__drill_step *step_new(scu__drill *drill, scu_query_level level, const scu__unique_keys *known) {
  scu__drill_step *s = scu__alloc(drill->session->allocator, sizeof *s);
  if (!s) return NULL;
  s->level = level;
  s->known = *known;
  scu__buffer_init(&s->above, drill->session->allocator, SCU__IDENTIFIER_MAX);
  return s;
}

scu_result scu__drill_push(scu__drill *drill, scu_query_level level, const scu__unique_keys *known,
                           const scu_dataset *above, scu_tag missed) {
  if (drill->step_count >= SCU__DRILL_STEPS_MAX) return SCU_ERROR_LIMIT;
  scu__drill_step *s = step_new(drill, level, known);
  if (!s) return SCU_ERROR_MEMORY;
  s->missed = missed;
  s->part = scu__part_of_query(drill->query->keys);
  if (above && scu__dataset_encode(above, SCU__EXPLICIT_LE, &s->above, NULL) != SCU_OK) {
    step_free(drill, s);
    return SCU_ERROR_MEMORY;
  }
  insert(drill, s);
  return SCU_OK;
}

scu_result scu__drill_too_many(scu__drill *drill, int most, const char *what, scu_query_level level) {
  scu__error_set(&drill->error, SCU_ERROR_LIMIT, SCU_PHASE_REQUEST, "more than %d %s%s%s", most, what,
                 level == SCU_LEVEL_DEFAULT ? "" : " at level ", scu_query_level_name(level));
  scu__error_hint(&drill->error, "narrow the query, for example by date");
  return SCU_ERROR_LIMIT;
}

scu_result scu__drill_push_part(scu__drill *drill, const scu__drill_step *of, const scu__part *part) {
  if (drill->step_count >= SCU__DRILL_STEPS_MAX)
    return scu__drill_too_many(drill, SCU__DRILL_STEPS_MAX, "matches to go into, or parts,", of->level);
  scu__drill_step *s = step_new(drill, of->level, &of->known);
  if (!s) return SCU_ERROR_MEMORY;
  s->missed = of->missed;
  s->part = *part;
  s->whole_matches = of->has_told ? 0 : of->matches;
  scu__put_bytes(&s->above, of->above.data, of->above.length);
  if (scu__buffer_result(&s->above) != SCU_OK) {
    step_free(drill, s);
    return SCU_ERROR_MEMORY;
  }
  insert(drill, s);
  return SCU_OK;
}

static void warn_of_rows(const scu__drill *drill) {
  const scu__drill_counts *counts = &drill->counts;
  if (counts->duplicates > 0)
    scu__op_warn(drill->op, "matches that came twice, the same in every value, and were left out: %llu",
                 (unsigned long long)counts->duplicates);
  if (counts->missed == 0) return;
  char name[SCU__PATH_TEXT_MAX];
  scu__path_format_tag(counts->first_missed, name, sizeof name);
  scu__op_warn(drill->op, "matches that do not meet the keys they were asked by: %llu (%s first); %s",
               (unsigned long long)counts->missed, name,
               drill->query->is_strict ? "they were left out" : "a strict query leaves them out");
}

/* A query that is split is never relational, and is proposed with empty value matching. */
static const char *advice(const scu__drill *drill) {
  bool is_whole = drill->answers.parts == 0, has_split_itself = drill->is_for_all && !drill->query->is_split;
  if (!is_whole)
    return has_split_itself && drill->verdict == SCU_FIND_NOT_PROVEN ? "; have it split to ask for them" : "";
  if (has_split_itself && !drill->is_relational) return "; narrow the query";
  return "; narrow the query, for example by date, or have it split";
}

static void judge(scu__drill *drill) {
  drill->verdict = scu__answers_verdict(&drill->answers, drill->verdict_text);
  bool is_doubtful = drill->verdict == SCU_FIND_SUSPECT || drill->verdict == SCU_FIND_NOT_PROVEN;
  if (is_doubtful)
    scu__op_warn(drill->op, "%s%s%s", drill->answers.parts == 0 ? "the answer " : "the answer is ", drill->verdict_text,
                 advice(drill));
}

static void finish(scu__drill *drill, scu_result result) {
  if (drill->is_done) return;
  drill->is_done = true;
  warn_of_rows(drill);
  if (result == SCU_OK && !drill->is_enough) judge(drill);
  scu__drill_result told = {
      .result = result,
      .error = result == SCU_OK ? NULL : &drill->error,
      .status = drill->status,
      .comment = drill->comment,
  };
  drill->handler->done(drill->owner, &told);
}

/* --- one C-FIND --------------------------------------------------------------------------------------------------- */

static const char *find_class(const scu__drill *drill) {
  return scu__model_info_of(drill->shape.model)->find;
}

static scu__option_set wanted_options(const scu__drill *drill) {
  bool needs_relational = drill->is_upper_key_missing && !drill->query->is_split; /* whose studies are asked for */
  return scu__options_wanted(drill->session, drill->query, find_class(drill), needs_relational);
}

static scu_result propose(void *owner, scu__associate *rq) {
  scu__drill *drill = owner;
  return scu__options_propose(wanted_options(drill), find_class(drill), rq);
}

static bool fits(void *owner, const scu__negotiated *negotiated) {
  scu__drill *drill = owner;
  return scu__options_fit(wanted_options(drill), find_class(drill), negotiated);
}

/* Chooses the variant that is due, now that the identifier has all of the keys. */
static scu_result make_variant(scu__drill *drill, const scu__negotiated *negotiated, scu_error *error) {
  scu_wish combined = drill->query->wishes[SCU_QUERY_COMBINED_DATE_TIME];
  const scu__variant_rules rules = {
      .are_lists_whole = drill->query->wishes[SCU_QUERY_MULTIPLE_VALUES] == SCU_WISH_YES,
      .is_combined_wanted = combined == SCU_WISH_YES,
      .is_combined_agreed = scu__option_is_agreed(SCU_QUERY_COMBINED_DATE_TIME, find_class(drill), negotiated),
      .is_worklist = drill->shape.model == SCU_MODEL_WORKLIST,
      .uids_max = drill->session->config->uids_per_request,
  };
  scu__drill_step *s = drill->current;
  return scu__query_variant(drill->identifier, &rules, s->variant, &s->variants, error);
}

/* Matches can be held against these keys from now on, unless one of them is beyond us. */
static scu_result prepare_rematch(scu__drill *drill, const scu__negotiated *negotiated, scu_error *error) {
  const char *class = find_class(drill);
  const scu__rematch_rules rules = {
      .is_worklist = drill->shape.model == SCU_MODEL_WORKLIST,
      .combined_date_time = scu__option_is_agreed(SCU_QUERY_COMBINED_DATE_TIME, class, negotiated),
      .multiple_value = scu__option_is_agreed(SCU_QUERY_MULTIPLE_VALUES, class, negotiated),
      .are_names_fuzzy = scu__option_is_agreed(SCU_QUERY_FUZZY_NAMES, class, negotiated),
  };
  scu_error reason;
  scu__error_clear(&reason);
  scu_result result = scu__rematch_prepare(&drill->rematch, drill->identifier, &rules, &reason);
  if (result == SCU_ERROR_MEMORY) return scu__error_memory(error, SCU_PHASE_REQUEST);
  if (result != SCU_OK && !drill->is_rematch_off)
    scu__op_warn(drill->op, "matches are not compared with the keys: %s", scu_error_reason(&reason));
  drill->is_rematch_off |= result != SCU_OK;
  return SCU_OK;
}

/* What the provider agreed to is known when the first request is made. */
static void begin_with(scu__drill *drill, const scu__negotiated *negotiated) {
  if (drill->has_begun) return;
  drill->has_begun = true;
  scu__options_warn(drill->op, drill->query, find_class(drill), negotiated);
  bool is_agreed = wanted_options(drill) & 1u << SCU_QUERY_RELATIONAL &&
                   scu__option_is_agreed(SCU_QUERY_RELATIONAL, find_class(drill), negotiated);
  if (!is_agreed || drill->current->level == drill->shape.level) return;
  drill->current->level = drill->shape.level;
  drill->is_relational = true;
}

static scu__encoding context_encoding(const scu__accepted_context *context) {
  const scu__transfer_syntax *syntax = scu__transfer_syntax_find(context->transfer_syntax.text);
  return scu__transfer_syntax_encoding(syntax);
}

/* Of the series that is gone into; of a relational query what its own key says; "" = not known. */
static void read_modality(const scu__drill *drill, char modality[17]) {
  const scu_dataset *from = drill->above ? drill->above : drill->query->keys;
  if (scu__dataset_tag_text(from, TAG_MODALITY, modality, 17) != SCU_OK) *modality = 0;
  if (strpbrk(modality, "\\*?")) *modality = 0;
}

static scu_result make_level_identifier(scu__drill *drill, scu_error *error) {
  char modality[17] = "";
  scu_query_level level = drill->current->level;
  read_modality(drill, modality);
  const scu__return_wish wish = {.modality = drill->is_for_rows ? modality : NULL,
                                 .is_reduced = (drill->reduced & 1u << level) != 0};
  if (drill->is_relational && level == drill->shape.level)
    return scu__query_relational_identifier(drill->query, &drill->shape, level, &wish, drill->identifier, error);
  return scu__query_find_identifier(drill->query, &drill->shape, level, &drill->current->known, &wish,
                                    drill->identifier, error);
}

/* With the part and the variant that are due. */
static scu_result make_identifier(scu__drill *drill, const scu__negotiated *negotiated, scu_error *error) {
  scu_result result = make_level_identifier(drill, error);
  if (result == SCU_OK && drill->current->level == SCU_LEVEL_STUDY)
    result = scu__part_put(&drill->current->part, drill->identifier, error);
  if (result == SCU_OK) result = make_variant(drill, negotiated, error);
  return result;
}

/* A set that was named for texts that it cannot hold gives way to the narrowest that can (RULES 15). */
static scu_result encode_identifier(scu__drill *drill, scu__encoding encoding, scu__buffer *bytes, scu_error *error) {
  scu_error unfit;
  scu__error_clear(&unfit);
  scu_result result = scu__dataset_encode(drill->identifier, encoding, bytes, &unfit);
  if (result == SCU_ERROR_USAGE && drill->identifier->has_fixed_charset) {
    scu__op_warn(drill->op, "the keys do not fit into the character set that was named; another is used");
    drill->identifier->has_fixed_charset = false;
    scu__buffer_clear(bytes);
    return scu__dataset_encode(drill->identifier, encoding, bytes, error);
  }
  if (result != SCU_OK) scu__error_copy(error, &unfit);
  return result;
}

static scu_result make(void *owner, scu__link *link, const scu__accepted_context *context, uint16_t message_id,
                       scu__exchange **out, scu_error *error) {
  scu__drill *drill = owner;
  const scu_allocator *allocator = drill->session->allocator;
  drill->answer_rows = 0;
  drill->request_number++;
  begin_with(drill, scu__link_negotiated(link));
  drill->takes_empty = scu__option_is_agreed(SCU_QUERY_EMPTY_VALUE, find_class(drill), scu__link_negotiated(link));
  scu_result result = make_identifier(drill, scu__link_negotiated(link), error);
  if (result == SCU_OK) result = scu__charset_of_request(drill->session, drill->identifier);
  if (result == SCU_OK) result = prepare_rematch(drill, scu__link_negotiated(link), error);
  if (result != SCU_OK) return result;
  scu__buffer bytes;
  scu__buffer_init(&bytes, allocator, SCU__IDENTIFIER_MAX);
  scu__encoding encoding = context_encoding(context);
  result = encode_identifier(drill, encoding, &bytes, error);
  if (result != SCU_OK) {
    scu__buffer_free(&bytes);
    return result;
  }
  return scu__find_request_new(allocator, scu__link_outbox(link), context->id, message_id, &context->abstract_syntax,
                               SCU__PRIORITY_MEDIUM, &bytes, encoding, out);
}

/* RULES 16: a provider that cannot make anything of the identifier (A900, Cxxx; PS3.4 C.4.1.1.4) may not like what it
 * is asked to return. */
static bool may_be_repeated(const scu__drill *drill, uint16_t status) {
  bool is_about_keys =
      status == SCU__STATUS_DOES_NOT_MATCH_CLASS || status >> 12 == SCU__STATUS_CANNOT_UNDERSTAND >> 12;
  return is_about_keys && drill->answer_rows == 0 && !(drill->reduced & 1u << drill->current->level);
}

static void repeat_reduced(scu__drill *drill, uint16_t status) {
  scu_query_level level = drill->current->level;
  drill->reduced |= 1u << level;
  drill->is_repeat_due = true;
  scu__op_warn(drill->op,
               "the peer refused the query with status %04X; it is asked once more for the unique and required "
               "keys%s%s only",
               (unsigned)status, level == SCU_LEVEL_DEFAULT ? "" : " of level ", scu_query_level_name(level));
  scu__task_queue(drill->session->loop, &drill->task);
}

static void take_final(scu__drill *drill, const scu__exchange_event *event) {
  drill->status = event->status;
  memcpy(drill->comment, event->command->error_comment, sizeof drill->comment);
  if (drill->is_enough) {
    finish(drill, SCU_OK);
    return;
  }
  if (drill->is_cancelled) { /* by the caller, or by ourselves for an error that is set */
    scu__error_set(&drill->error, SCU_ERROR_CANCELLED, SCU_PHASE_RESPONSE, "cancelled by the caller");
    finish(drill, drill->error.result);
    return;
  }
  scu__drill_look_at_answer(drill, event->status);
  if (event->status_class == SCU__STATUS_KIND_SUCCESS || event->status_class == SCU__STATUS_KIND_WARNING) {
    scu__task_queue(drill->session->loop, &drill->task);
  } else if (may_be_repeated(drill, event->status)) {
    repeat_reduced(drill, event->status);
  } else if (scu__drill_is_made_up_for(drill, event->status)) {
    scu__task_queue(drill->session->loop, &drill->task);
  } else {
    scu__refusal(&drill->error, event->command);
    finish(drill, SCU_ERROR_REFUSED);
  }
}

static void request_event(void *owner, const scu__exchange_event *event) {
  scu__drill *drill = owner;
  if (event->kind == SCU__EXCHANGE_FINAL) {
    take_final(drill, event);
    return;
  }
  if (event->kind != SCU__EXCHANGE_MATCH || drill->is_enough || drill->is_cancelled) return;
  drill->answer_rows++;
  if (scu__drill_take_match(drill, event->identifier) != SCU_OK) scu__drill_cancel(drill);
}

static void request_failed(void *owner, const scu_error *error) {
  scu__drill *drill = owner;
  if (drill->is_enough && error->result == SCU_ERROR_CANCELLED) {
    finish(drill, SCU_OK);
    return;
  }
  if (!scu__error_is_set(&drill->error)) scu__error_copy(&drill->error, error);
  finish(drill, drill->error.result);
}

/* --- going on ----------------------------------------------------------------------------------------------------- */

static scu_result decode_above(scu__drill *drill) {
  const scu__buffer *bytes = &drill->current->above;
  scu_dataset_free(drill->above);
  drill->above = NULL;
  if (bytes->length == 0) return SCU_OK;
  return scu__dataset_decode(bytes->data, bytes->length, SCU__EXPLICIT_LE, drill->session->allocator, NULL,
                             &drill->above, NULL);
}

static void begin_next_step(scu__drill *drill) {
  step_free(drill, drill->current);
  drill->current = drill->first;
  drill->newest = NULL;
  if (!drill->current) {
    finish(drill, SCU_OK);
    return;
  }
  drill->step_count--;
  drill->first = drill->current->next;
  if (decode_above(drill) == SCU_OK)
    scu__request_start(&drill->request, drill->session);
  else
    finish(drill, scu__error_memory(&drill->error, SCU_PHASE_REQUEST));
}

static void next_step(scu__task *self) {
  scu__drill *drill = (scu__drill *)((char *)self - offsetof(scu__drill, task));
  if (drill->is_enough) {
    finish(drill, SCU_OK);
    return;
  }
  drill->is_step_due = drill->is_paused;
  if (drill->is_paused) return;
  scu__drill_step *current = drill->current;
  bool has_variant = current && current->variant + 1 < current->variants;
  if (drill->is_repeat_due || has_variant) {
    current->variant += drill->is_repeat_due ? 0 : 1;
    drill->is_repeat_due = false;
    scu__request_start(&drill->request, drill->session);
    return;
  }
  scu_result divided = current ? scu__drill_divide(drill) : SCU_OK;
  if (divided != SCU_OK) {
    finish(drill, divided == SCU_ERROR_LIMIT ? divided : scu__error_memory(&drill->error, SCU_PHASE_REQUEST));
    return;
  }
  /* Parts of one query have what its UIDs tell apart. */
  if (!scu__drill_may_divide(drill)) scu__seen_clear(&drill->united);
  scu__seen_clear(&drill->rows);
  begin_next_step(drill);
}

scu_result scu__drill_new(scu_op *op, const scu_query *query, scu_query_level floor, const scu__drill_handler *handler,
                          void *owner, scu__drill **out, scu_error *error) {
  *out = NULL;
  scu_session *session = op->session;
  scu__drill *drill = scu__alloc(session->allocator, sizeof *drill);
  if (!drill) return scu__error_memory(error, SCU_PHASE_REQUEST);
  drill->op = op;
  drill->session = session;
  drill->handler = handler;
  drill->owner = owner;
  drill->status = 0xFFFF;
  drill->task.run = next_step;
  scu__buffer_init(&drill->row_bytes, session->allocator, SCU__IDENTIFIER_MAX);
  scu__rematch_init(&drill->rematch, session->allocator);
  drill->answers.cap = session->config->query_cap;
  scu__error_clear(&drill->error);
  scu_result result = scu__query_copy(query, &drill->query);
  if (result == SCU_OK) result = scu_dataset_new(session->allocator, &drill->identifier);
  if (result == SCU_OK) result = scu_dataset_new(session->allocator, &drill->merged);
  if (result == SCU_OK) result = scu__query_shape_of(drill->query, &drill->shape, error);
  scu__unique_keys known;
  if (result == SCU_OK) {
    drill->floor = floor > drill->shape.level ? floor : drill->shape.level;
    scu_query_level first = scu__query_first_level(drill->query, &drill->shape, &known);
    drill->is_upper_key_missing = first != drill->shape.level;
    result = scu__drill_push(drill, first, &known, NULL, 0);
  }
  if (result != SCU_OK) {
    scu__drill_free(drill);
    return scu__error_set(error, result, SCU_PHASE_REQUEST, "the query could not be prepared");
  }
  drill->request = (scu__request){
      .owner = drill,
      .sop_class = find_class(drill),
      .timeout_ms = session->config->timeout_response_ms,
      .propose = propose,
      .fits = fits,
      .make = make,
      .event = request_event,
      .failed = request_failed,
  };
  *out = drill;
  return SCU_OK;
}

void scu__drill_for_rows(scu__drill *drill) {
  drill->is_for_rows = true;
}

void scu__drill_for_all(scu__drill *drill) {
  drill->is_for_all = true;
}

void scu__drill_start(scu__drill *drill) {
  scu__task_queue(drill->session->loop, &drill->task);
}

void scu__drill_cancel(scu__drill *drill) {
  if (drill->is_done || drill->is_cancelled || drill->is_enough) return;
  drill->is_cancelled = true;
  if (drill->request.is_running) {
    scu__request_cancel(&drill->request);
    return;
  }
  scu__task_remove(drill->session->loop, &drill->task);
  scu__error_set(&drill->error, SCU_ERROR_CANCELLED, SCU_PHASE_REQUEST, "cancelled by the caller");
  finish(drill, drill->error.result);
}

void scu__drill_abort(scu__drill *drill, const scu_error *error) {
  if (drill->is_done || drill->request.is_running) return;
  scu__error_copy(&drill->error, error);
  scu__drill_cancel(drill);
}

void scu__drill_enough(scu__drill *drill) {
  if (drill->is_done || drill->is_cancelled || drill->is_enough) return;
  drill->is_enough = true;
  if (drill->request.is_running)
    scu__request_cancel(&drill->request);
  else
    scu__task_queue(drill->session->loop, &drill->task);
}

void scu__drill_pause(scu__drill *drill, bool is_paused) {
  if (drill->is_paused == is_paused) return;
  drill->is_paused = is_paused;
  if (drill->request.is_running) scu__request_pause(&drill->request, is_paused);
  if (!is_paused && drill->is_step_due) scu__task_queue(drill->session->loop, &drill->task);
}

void scu__drill_touch(scu__drill *drill) {
  if (drill->request.is_running) scu__request_touch(&drill->request);
}

void scu__drill_free(scu__drill *drill) {
  if (!drill) return;
  scu__seen_free(&drill->entered, drill->session->allocator);
  scu__seen_free(&drill->united, drill->session->allocator);
  scu__seen_free(&drill->rows, drill->session->allocator);
  scu__rematch_free(&drill->rematch);
  scu__buffer_free(&drill->row_bytes);
  scu_dataset_free(drill->above);
  if (drill->request.session) scu__request_stop(&drill->request);
  scu__task_remove(drill->session->loop, &drill->task);
  step_free(drill, drill->current);
  while (drill->first) {
    scu__drill_step *next = drill->first->next;
    step_free(drill, drill->first);
    drill->first = next;
  }
  scu_query_free(drill->query);
  scu_dataset_free(drill->identifier);
  scu_dataset_free(drill->merged);
  scu__charset_reader_free(&drill->reader);
  scu__free(drill->session->allocator, drill);
}

bool scu__drill_is_asking(const scu__drill *drill) {
  return drill->request.is_running;
}
const scu__query_shape *scu__drill_shape(const scu__drill *drill) {
  return &drill->shape;
}
scu_tag scu__drill_missed(const scu__drill *drill) {
  return drill->missed;
}
const scu__drill_counts *scu__drill_counts_of(const scu__drill *drill) {
  return &drill->counts;
}
scu_find_verdict scu__drill_verdict(const scu__drill *drill, const char **text) {
  if (text) *text = drill->verdict_text;
  return drill->verdict;
}
