/* From what follower.c hears to messages. A request is remembered from its command to its final response. */
#include "observe/audit_talk.h"

#include <stdio.h>
#include <string.h>

#include "dimse/status.h"
#include "observe/follower.h"
#include "observe/tally.h"

enum { REQUESTS_MAX = 128, ADDRESS_MAX = 48, USER_MAX = 256, NOTE_MAX = 96 };

typedef struct request {
  struct request *next; /* the newest comes first */
  uint16_t field, message_id;
  bool is_sent, has_begun;
  scu__uid sop_class, syntax;
  scu__ae third; /* who asked for it (C-STORE), or who is to get it (C-MOVE); "" = none of them */
  scu__subject subject;
  scu__buffer query;
  size_t query_whole;
} request;

/* What goes one way. */
typedef struct direction {
  scu__object_head *head; /* made when needed */
  request *coming;        /* whose data set it is; NULL = of no interest */
  scu__tally tally;
  scu__ae third; /* of what is in the tally */
} direction;

struct scu__audit_talk {
  const scu_allocator *allocator;
  const scu__audit_outlet *outlet;
  scu__follower follower;
  bool is_acceptor, is_identity_checked;
  char local[ADDRESS_MAX], peer[ADDRESS_MAX];
  uint8_t identity_type;
  char user[USER_MAX];
  direction directions[2]; /* received, sent */
  request *requests;
  size_t request_count;
};

/* --- who takes part ----------------------------------------------------------------------------------------------- */

static const char *title_of(const scu__audit_talk *talk, bool is_ours) {
  const scu__associate *rq = scu__follower_rq(&talk->follower);
  if (!rq) return "";
  return is_ours == talk->is_acceptor ? rq->called.text : rq->calling.text;
}

/* Of ourselves the process is known, of others the title; of one without title, its address (PS3.15 A.5.2.3). */
static scu__audit_party party(const scu__audit_talk *talk, bool is_ours, scu__audit_code role) {
  const char *title = title_of(talk, is_ours), *address = is_ours ? talk->local : talk->peer;
  return (scu__audit_party){.user_id = is_ours  ? talk->outlet->process_id
                                       : *title ? title
                                                : address,
                            .ae = title,
                            .address = address,
                            .is_requestor = is_ours != talk->is_acceptor,
                            .role = role};
}

static void write_message(const scu__audit_talk *talk, const scu__audit_message *message) {
  talk->outlet->write(talk->outlet->user, message);
}

/* --- transfers ---------------------------------------------------------------------------------------------------- */

/* Who sends stands first. A third party that asked for it is the one requestor. */
static void put_transfer_parties(const scu__audit_talk *talk, bool is_sent, const scu__ae *third,
                                 scu__audit_message *message) {
  message->parties[0] = party(talk, is_sent, SCU__AUDIT_SOURCE);
  message->parties[1] = party(talk, !is_sent, SCU__AUDIT_DESTINATION);
  message->party_count = 2;
  if (!third->text[0]) return;
  for (size_t i = 0; i < 2; i++) message->parties[i].is_requestor = false;
  for (size_t i = 0; i < 2; i++)
    if (strcmp(message->parties[i].ae, third->text) == 0) {
      message->parties[i].is_requestor = true;
      return;
    }
  message->parties[message->party_count++] =
      (scu__audit_party){.user_id = third->text, .ae = third->text, .is_requestor = true};
}

static void write_begin(const scu__audit_talk *talk, const request *r) {
  scu__audit_study study = {.uid = r->subject.study.text, .accession = ""};
  scu__audit_class of_it = {.uid = r->sop_class.text};
  scu__audit_message message = {.event = SCU__AUDIT_BEGIN_TRANSFERRING,
                                .action = 'E',
                                .studies = &study,
                                .study_count = 1,
                                .classes = &of_it,
                                .class_count = 1,
                                .patient_id = r->subject.patient_id,
                                .patient_name = r->subject.patient_name};
  put_transfer_parties(talk, r->is_sent, &r->third, &message);
  write_message(talk, &message);
}

/* Tells of what is in the tally, and empties it. */
static void write_transferred(const scu__audit_talk *talk, direction *d, bool is_sent) {
  scu__tally *tally = &d->tally;
  scu__audit_study studies[SCU__AUDIT_STUDIES_MAX];
  scu__audit_class classes[SCU__AUDIT_CLASSES_MAX];
  char note[NOTE_MAX] = "";
  if (scu__tally_is_empty(tally)) return;
  for (size_t i = 0; i < tally->study_count; i++)
    studies[i] = (scu__audit_study){.uid = tally->studies[i].uid.text, .accession = tally->studies[i].accession};
  for (size_t i = 0; i < tally->class_count; i++)
    classes[i] = (scu__audit_class){
        .uid = tally->classes[i].uid.text, .study = tally->classes[i].study, .count = tally->classes[i].count};
  if (tally->failed > 0)
    snprintf(note, sizeof note, "%llu of %llu instances were not transferred", (unsigned long long)tally->failed,
             (unsigned long long)(tally->failed + tally->arrived));
  scu__audit_outcome failure = tally->arrived > 0 ? SCU__AUDIT_MINOR_FAILURE : SCU__AUDIT_SERIOUS_FAILURE;
  scu__audit_message message = {.event = SCU__AUDIT_TRANSFERRED,
                                .action = 'R', /* whether the receiver had copies is not known */
                                .outcome = tally->failed > 0 ? failure : SCU__AUDIT_SUCCESS,
                                .outcome_text = note,
                                .studies = studies,
                                .study_count = tally->study_count,
                                .classes = classes,
                                .class_count = tally->class_count,
                                .has_counts = true,
                                .patient_id = tally->patient_id,
                                .patient_name = tally->patient_name};
  put_transfer_parties(talk, is_sent, &d->third, &message);
  write_message(talk, &message);
  scu__tally_clear(tally);
}

/* Has the tally know the instance; a full one is told of first. */
static bool tally_begin(scu__audit_talk *talk, const request *r, bool *is_new) {
  direction *d = &talk->directions[r->is_sent ? 1 : 0];
  if (!scu__tally_is_empty(&d->tally) && strcmp(d->third.text, r->third.text) != 0)
    write_transferred(talk, d, r->is_sent);
  scu_result result = scu__tally_begin(&d->tally, &r->subject, &r->sop_class, is_new);
  if (result == SCU_ERROR_LIMIT) {
    write_transferred(talk, d, r->is_sent);
    result = scu__tally_begin(&d->tally, &r->subject, &r->sop_class, is_new);
  }
  d->third = r->third;
  if (result != SCU_OK) talk->outlet->missed(talk->outlet->user);
  return result == SCU_OK;
}

/* Whose instance it is stands fast. */
static void store_begins(scu__audit_talk *talk, request *r) {
  bool is_new;
  scu__object_head_take(talk->directions[r->is_sent ? 1 : 0].head, &r->subject);
  r->has_begun = true;
  if (tally_begin(talk, r, &is_new) && is_new && r->is_sent) write_begin(talk, r);
}

static void store_ends(scu__audit_talk *talk, request *r, bool has_arrived) {
  bool is_new;
  direction *d = &talk->directions[r->is_sent ? 1 : 0];
  if (!r->has_begun && d->coming == r) store_begins(talk, r);
  if (tally_begin(talk, r, &is_new)) scu__tally_end(&d->tally, &r->subject.study, &r->sop_class, has_arrived);
}

/* --- queries and moves -------------------------------------------------------------------------------------------- */

static scu__audit_outcome outcome_of(scu__status_kind kind) {
  if (kind == SCU__STATUS_KIND_CANCEL) return SCU__AUDIT_MINOR_FAILURE;
  return kind == SCU__STATUS_KIND_FAILURE ? SCU__AUDIT_SERIOUS_FAILURE : SCU__AUDIT_SUCCESS;
}

static void write_query(const scu__audit_talk *talk, const request *r, scu__audit_outcome outcome, const char *note) {
  scu__audit_message message = {.event = SCU__AUDIT_QUERY,
                                .action = 'E',
                                .outcome = outcome,
                                .outcome_text = note,
                                .party_count = 2,
                                .query_class = r->sop_class.text,
                                .query_syntax = r->syntax.text,
                                .query = r->query.data,
                                .query_length = r->query.length,
                                .query_whole = r->query_whole};
  message.parties[0] = party(talk, r->is_sent, SCU__AUDIT_SOURCE);
  message.parties[1] = party(talk, !r->is_sent, SCU__AUDIT_DESTINATION);
  write_message(talk, &message);
}

/* Only where we are the third party; the archive tells of the association that it stores over, and so do we if that
 * comes to us. */
static bool is_move_of_ours(const scu__audit_talk *talk, const request *r) {
  return r->is_sent && r->third.text[0] && strcmp(r->third.text, title_of(talk, true)) != 0;
}

static void write_move(const scu__audit_talk *talk, const request *r, scu__audit_code event, scu__audit_outcome outcome,
                       const char *note) {
  scu__audit_study study = {.uid = r->subject.study.text, .accession = ""};
  scu__audit_message message = {.event = event,
                                .action = event == SCU__AUDIT_TRANSFERRED ? 'R' : 'E',
                                .outcome = outcome,
                                .outcome_text = note,
                                .party_count = 3,
                                .studies = &study,
                                .study_count = 1,
                                .patient_id = r->subject.patient_id,
                                .patient_name = r->subject.patient_name};
  message.parties[0] = party(talk, false, SCU__AUDIT_SOURCE);
  message.parties[1] =
      (scu__audit_party){.user_id = r->third.text, .ae = r->third.text, .role = SCU__AUDIT_DESTINATION};
  message.parties[2] = party(talk, true, 0);
  write_message(talk, &message);
}

static void move_begins(const scu__audit_talk *talk, request *r) {
  scu__object_head_take(talk->directions[r->is_sent ? 1 : 0].head, &r->subject);
  r->has_begun = true;
  if (is_move_of_ours(talk, r)) write_move(talk, r, SCU__AUDIT_BEGIN_TRANSFERRING, SCU__AUDIT_SUCCESS, NULL);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void free_request(scu__audit_talk *talk, request *r) {
  for (size_t i = 0; i < 2; i++)
    if (talk->directions[i].coming == r) talk->directions[i].coming = NULL;
  scu__buffer_free(&r->query);
  scu__free(talk->allocator, r);
  talk->request_count--;
}

/* response NULL: there will be none. */
static void tell_end(scu__audit_talk *talk, request *r, const scu__command *response) {
  scu__status_kind kind = response ? scu__status_class(response->status, response->field) : SCU__STATUS_KIND_FAILURE;
  scu__audit_outcome outcome = outcome_of(kind);
  char note[NOTE_MAX] = "";
  if (!response)
    snprintf(note, sizeof note, "no final response");
  else if (outcome != SCU__AUDIT_SUCCESS)
    snprintf(note, sizeof note, "status %04XH", response->status);
  if (r->field == SCU__C_STORE_RQ)
    store_ends(talk, r, kind == SCU__STATUS_KIND_SUCCESS || kind == SCU__STATUS_KIND_WARNING);
  if (r->field == SCU__C_FIND_RQ) write_query(talk, r, outcome, note);
  if (r->field == SCU__C_MOVE_RQ && r->has_begun && is_move_of_ours(talk, r)) {
    if (kind == SCU__STATUS_KIND_WARNING) outcome = SCU__AUDIT_MINOR_FAILURE; /* B000: some were not sent */
    write_move(talk, r, SCU__AUDIT_TRANSFERRED, outcome, note);
  }
}

/* Takes it out of the list. */
static void end_request(scu__audit_talk *talk, request **place, const scu__command *response) {
  request *r = *place;
  tell_end(talk, r, response);
  *place = r->next;
  free_request(talk, r);
}

/* A peer that never answers is not remembered for ever. */
static void end_oldest(scu__audit_talk *talk) {
  request **last = &talk->requests;
  while ((*last)->next) last = &(*last)->next;
  end_request(talk, last, NULL);
}

static bool is_of_interest(uint16_t field) {
  return field == SCU__C_STORE_RQ || field == SCU__C_FIND_RQ || field == SCU__C_MOVE_RQ;
}

static void name_syntax(const scu__audit_talk *talk, uint8_t context_id, request *r) {
  const scu__negotiated *negotiated = scu__follower_negotiated(&talk->follower);
  const scu__accepted_context *context = negotiated ? scu__negotiated_context(negotiated, context_id) : NULL;
  if (context) r->syntax = context->transfer_syntax;
}

static void begin_request(scu__audit_talk *talk, bool is_sent, uint8_t context_id, const scu__command *command) {
  direction *d = &talk->directions[is_sent ? 1 : 0];
  bool has_head =
      command->field == SCU__C_FIND_RQ || d->head || scu__object_head_new(talk->allocator, &d->head) == SCU_OK;
  request *r = has_head ? scu__alloc(talk->allocator, sizeof *r) : NULL;
  if (!r) {
    talk->outlet->missed(talk->outlet->user);
    return;
  }
  if (talk->request_count == REQUESTS_MAX) end_oldest(talk);
  *r = (request){.next = talk->requests,
                 .field = command->field,
                 .message_id = command->message_id,
                 .is_sent = is_sent,
                 .sop_class = command->affected_sop_class,
                 .third = command->field == SCU__C_MOVE_RQ ? command->move_destination : command->originator};
  if (!scu__uid_is_valid(r->sop_class.text)) r->sop_class.text[0] = 0;
  scu__buffer_init(&r->query, talk->allocator, SCU__AUDIT_QUERY_MAX);
  name_syntax(talk, context_id, r);
  talk->requests = r;
  talk->request_count++;
  if (!scu__command_has_dataset(command)) return;
  d->coming = r;
  if (r->field != SCU__C_FIND_RQ) scu__object_head_start(d->head, r->syntax.text);
}

static void end_answered(scu__audit_talk *talk, bool is_sent, const scu__command *response) {
  if (scu__status_class(response->status, response->field) == SCU__STATUS_KIND_PENDING) return;
  for (request **at = &talk->requests; *at; at = &(*at)->next)
    if ((*at)->is_sent != is_sent && (*at)->message_id == response->responded_message_id &&
        ((*at)->field | SCU__COMMAND_RESPONSE_BIT) == response->field) {
      end_request(talk, at, response);
      return;
    }
}

/* --- what is heard ------------------------------------------------------------------------------------------------ */

static void heard_command(void *user, bool is_sent, uint8_t context_id, const scu__command *command) {
  scu__audit_talk *talk = user;
  talk->directions[is_sent ? 1 : 0].coming = NULL;
  if (scu__command_is_response(command))
    end_answered(talk, is_sent, command);
  else if (is_of_interest(command->field))
    begin_request(talk, is_sent, context_id, command);
}

static void keep_query(request *r, const uint8_t *bytes, size_t length) {
  size_t room = SCU__AUDIT_QUERY_MAX - r->query.length;
  scu__put_bytes(&r->query, bytes, length < room ? length : room);
  r->query_whole += length;
}

static void heard_data(void *user, bool is_sent, const uint8_t *bytes, size_t length, bool is_last) {
  scu__audit_talk *talk = user;
  direction *d = &talk->directions[is_sent ? 1 : 0];
  request *r = d->coming;
  if (!r) return;
  if (r->field == SCU__C_FIND_RQ) {
    keep_query(r, bytes, length);
    return;
  }
  if (r->has_begun) return;
  scu__object_head_feed(d->head, bytes, length);
  if (!is_last && !scu__object_head_is_done(d->head)) return;
  if (r->field == SCU__C_STORE_RQ)
    store_begins(talk, r);
  else
    move_begins(talk, r);
}

static void heard_rq(void *user, const scu__associate *rq) {
  static const char *const tokens[] = {"", "", "", "Kerberos ticket", "SAML assertion", "JSON Web Token"};
  scu__audit_talk *talk = user;
  const scu__user_identity *identity = &rq->identity;
  talk->identity_type = identity->type;
  if (identity->type == SCU__IDENTITY_USER_NAME || identity->type == SCU__IDENTITY_PASSCODE) {
    size_t length = identity->primary.length < USER_MAX - 1 ? identity->primary.length : USER_MAX - 1;
    if (length > 0) memcpy(talk->user, identity->primary.data, length);
  } else if (identity->type < sizeof tokens / sizeof *tokens) {
    snprintf(talk->user, USER_MAX, "%s", tokens[identity->type]);
  }
}

static void write_login(const scu__audit_talk *talk, bool is_known) {
  scu__audit_message message = {.event = SCU__AUDIT_USER_AUTHENTICATION,
                                .type = SCU__AUDIT_LOGIN,
                                .action = 'E',
                                .outcome = is_known ? SCU__AUDIT_SUCCESS : SCU__AUDIT_MINOR_FAILURE,
                                .outcome_text = is_known ? NULL : "the identity was refused",
                                .party_count = 2};
  message.parties[0] = party(talk, false, 0);
  message.parties[0].user_id = *talk->user ? talk->user : "<none>";
  message.parties[1] = party(talk, true, 0);
  write_message(talk, &message);
}

static void write_alert(const scu__audit_talk *talk, scu__audit_code type, const char *text) {
  scu__audit_message message = {.event = SCU__AUDIT_SECURITY_ALERT,
                                .type = type,
                                .action = 'E',
                                .outcome = SCU__AUDIT_MINOR_FAILURE, /* countered in time */
                                .party_count = 2,
                                .alert_node = talk->peer,
                                .alert_text = text};
  message.parties[0] = party(talk, true, 0);
  message.parties[1] = party(talk, false, 0);
  message.parties[0].is_requestor = true; /* the reporter; the performer is none (A.5.3.11) */
  message.parties[1].is_requestor = false;
  write_message(talk, &message);
}

static void heard_ac(void *user) {
  const scu__audit_talk *talk = user;
  if (talk->is_acceptor && talk->is_identity_checked && talk->identity_type) write_login(talk, true);
}

/* An identity that is not known is refused without a reason (1/2/1, PS3.7 D.3.3.7); AE titles have reasons (PS3.8
 * 9.3.4). */
static void heard_rj(void *user, bool is_sent, const scu__reject *reject) {
  const scu__audit_talk *talk = user;
  bool is_title = reject->source == 1 && (reject->reason == 3 || reject->reason == 7);
  bool is_identity = talk->is_identity_checked && reject->result == 1 && reject->source == 2 && reject->reason == 1;
  if (!is_sent || !talk->is_acceptor) return;
  if (is_identity) {
    write_login(talk, false);
    write_alert(talk, SCU__AUDIT_LOGIN, "an association was rejected for its user identity");
  }
  if (is_title)
    write_alert(talk, SCU__AUDIT_NODE_AUTHENTICATION,
                reject->reason == 3 ? "an association was rejected for its calling AE title"
                                    : "an association was rejected for its called AE title");
}

static void heard_no_more(void *user) {
  const scu__audit_talk *talk = user;
  talk->outlet->missed(talk->outlet->user);
}

static const scu__follower_handler handler = {.requested = heard_rq,
                                              .accepted = heard_ac,
                                              .rejected = heard_rj,
                                              .command = heard_command,
                                              .data = heard_data,
                                              .lost = heard_no_more};

/* --- life --------------------------------------------------------------------------------------------------------- */

static void put_address(const uint8_t bytes[16], bool is_v6, char text[ADDRESS_MAX]) {
  if (!is_v6) {
    snprintf(text, ADDRESS_MAX, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    return;
  }
  for (size_t i = 0; i < 8; i++)
    text += snprintf(text, 6, i ? ":%x" : "%x", (unsigned)(bytes[2 * i] << 8 | bytes[2 * i + 1]));
}

scu__audit_talk *scu__audit_talk_new(const scu_allocator *allocator, const scu__audit_outlet *outlet,
                                     const scu__trace_ends *ends) {
  scu__audit_talk *talk = scu__alloc(allocator, sizeof *talk);
  if (!talk) return NULL;
  talk->allocator = allocator;
  talk->outlet = outlet;
  talk->is_acceptor = ends->is_acceptor;
  talk->is_identity_checked = ends->is_identity_checked;
  put_address(ends->local, ends->is_v6, talk->local);
  put_address(ends->peer, ends->is_v6, talk->peer);
  for (size_t i = 0; i < 2; i++) talk->directions[i].tally.allocator = allocator;
  scu__follower_init(&talk->follower, &handler, talk, ends->is_acceptor, allocator);
  return talk;
}

void scu__audit_talk_pdu(scu__audit_talk *talk, bool is_sent, const uint8_t *bytes, size_t length) {
  scu__follower_pdu(&talk->follower, is_sent, bytes, length);
}

void scu__audit_talk_end(scu__audit_talk *talk) {
  while (talk->requests) end_oldest(talk);
  for (size_t i = 0; i < 2; i++) {
    write_transferred(talk, &talk->directions[i], i == 1);
    scu__object_head_free(talk->directions[i].head);
  }
  scu__follower_free(&talk->follower);
  scu__free(talk->allocator, talk);
}
