/* Status codes: classes by range, texts from the generated table, hints from experience. */
#include "dimse/status.h"

#include "dimse/status_table.h"

static uint16_t request_field(uint16_t field) {
  return (uint16_t)(field & ~(unsigned)SCU__COMMAND_RESPONSE_BIT);
}

static bool is_query_or_retrieve(uint16_t field) {
  return field == SCU__C_FIND_RQ || field == SCU__C_MOVE_RQ || field == SCU__C_GET_RQ;
}

scu__status_kind scu__status_class(uint16_t status, uint16_t field) {
  if (status == SCU__STATUS_SUCCESS) return SCU__STATUS_KIND_SUCCESS;
  /* Only in these can something else follow, so elsewhere a "pending" would wait for ever. */
  if (is_query_or_retrieve(request_field(field))) {
    if (status == SCU__STATUS_PENDING || status == SCU__STATUS_PENDING_WARNING) return SCU__STATUS_KIND_PENDING;
    if (status == SCU__STATUS_CANCELLED) return SCU__STATUS_KIND_CANCEL;
  }
  if (status == 0x0001 || status == 0x0107 || status == 0x0116) return SCU__STATUS_KIND_WARNING;
  if (status >> 12 == 0xB) return SCU__STATUS_KIND_WARNING;
  return SCU__STATUS_KIND_FAILURE;
}

const char *scu__status_class_name(scu__status_kind kind) {
  switch (kind) {
  case SCU__STATUS_KIND_SUCCESS: return "success";
  case SCU__STATUS_KIND_WARNING: return "warning";
  case SCU__STATUS_KIND_FAILURE: return "failure";
  case SCU__STATUS_KIND_CANCEL: return "cancel";
  case SCU__STATUS_KIND_PENDING: return "pending";
  }
  return "failure";
}

/* Codes of 01xx and 02xx keep one meaning whoever sends them (PS3.7 C.5); A7xx, A9xx and Cxxx are to be taken as their
 * range. */
static const char *general_text(uint16_t status) {
  for (size_t i = 0; status < 0x0300 && i < scu__status_row_count; i++)
    if (scu__status_rows[i].low == status) return scu__status_rows[i].text;
  if (status >> 8 == 0xA7) return "refused: out of resources";
  if (status >> 8 == 0xA9) return "data set or identifier does not match the SOP Class";
  if (status >> 12 == 0xC) return "unable to process";
  return NULL;
}

/* What 0001 warns of (PS3.7 C.4), only N-services say: they have attributes. */
static bool is_without_detail(uint16_t operation, uint16_t status) {
  return operation < SCU__N_EVENT_REPORT_RQ && status == 0x0001;
}

static const char *undefined_text(scu__status_kind kind) {
  return kind == SCU__STATUS_KIND_WARNING ? "warning that the Standard does not define for this operation"
                                          : "failure that the Standard does not define for this operation";
}

const char *scu__status_text(uint16_t field, uint16_t status) {
  uint16_t operation = request_field(field);
  /* The rows of an operation come before those of any, exact codes before ranges. */
  for (size_t i = 0; i < scu__status_row_count; i++) {
    const scu__status_row *row = &scu__status_rows[i];
    if (row->field != operation && row->field != 0) continue;
    if (status < row->low || status > row->high) continue;
    return is_without_detail(operation, status) ? "warning without detail" : row->text;
  }
  const char *text = general_text(status);
  return text ? text : undefined_text(scu__status_class(status, field));
}

typedef struct hint {
  uint16_t field; /* 0 = any */
  uint16_t low, high;
  const char *text;
} hint;

static const hint hints[] = {
    {SCU__C_STORE_RQ, 0xA700, 0xA7FF, "the peer has no room or is busy: look at its disk, or send again later"},
    {SCU__C_STORE_RQ, 0xA900, 0xA9FF, "the peer expects another SOP class or another instance than was announced"},
    {SCU__C_STORE_RQ, 0xB000, 0xB000, "stored, but the peer changed some of it, often the patient's identity"},
    {SCU__C_STORE_RQ, 0xB006, 0xB007, "stored, but not in full: compare what the peer has with the file"},
    {SCU__C_STORE_RQ, 0xC000, 0xCFFF,
     "the peer could not read the object: try another transfer syntax, or see its log"},
    {SCU__C_STORE_RQ, 0x0110, 0x0110, "the peer's log says more"},
    {SCU__C_STORE_RQ, 0x0117, 0x0117, "the object's SOP Instance UID breaks the rules for UIDs: look at its source"},
    {SCU__C_FIND_RQ, 0xA700, 0xA7FF, "too many matches for the peer: narrow the query, for example by date"},
    {SCU__C_FIND_RQ, 0xA900, 0xA9FF, "the peer does not take these keys: leave out all but unique and required ones"},
    {SCU__C_FIND_RQ, 0xC000, 0xCFFF, "the peer cannot work with this query: leave out optional keys, or see its log"},
    {SCU__C_FIND_RQ, 0xB001, 0xB001, "not all matches were given: narrow the query"},
    {SCU__C_MOVE_RQ, 0xA701, 0xA701, "ask for less at once, or again later"},
    {SCU__C_MOVE_RQ, 0xA702, 0xA702,
     "the peer could not send: check that it can reach the destination's host and port, and that the destination runs"},
    {SCU__C_MOVE_RQ, 0xA801, 0xA801,
     "register the destination's AE title with its host and port in the peer's configuration"},
    {SCU__C_MOVE_RQ, 0xA900, 0xA9FF, "the peer wants the unique keys of all levels above, and nothing else"},
    {SCU__C_MOVE_RQ, 0xB000, 0xB000,
     "some objects did not arrive: ask again for those, or get their failure from the log"},
    {SCU__C_MOVE_RQ, 0xC000, 0xCFFF, "the peer's log says more"},
    {SCU__C_GET_RQ, 0xA701, 0xA701, "ask for less at once, or again later"},
    {SCU__C_GET_RQ, 0xA702, 0xA702,
     "no object could be sent: its storage class or transfer syntax may not have been proposed"},
    {SCU__C_GET_RQ, 0xA900, 0xA9FF, "the peer wants the unique keys of all levels above, and nothing else"},
    {SCU__C_GET_RQ, 0xB000, 0xB000, "some objects were not sent: ask again for those, or fetch them by C-MOVE"},
    {SCU__C_GET_RQ, 0xC000, 0xCFFF, "the peer's log says more"},
    {0, 0x0122, 0x0122, "the peer does not offer this service for this SOP class, or not to this AE title"},
    {0, 0x0124, 0x0124, "the peer does not allow this to our AE title: have it registered there"},
    {0, 0x0210, 0x0210, "the peer still works on a request with the same message ID"},
    {0, 0x0211, 0x0211, "the peer does not know this operation in this presentation context"},
    {0, 0x0213, 0x0213, "the peer is short of something: try again later"},
};

const char *scu__status_hint(uint16_t field, uint16_t status) {
  uint16_t operation = request_field(field);
  for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
    if ((hints[i].field == operation || hints[i].field == 0) && status >= hints[i].low && status <= hints[i].high)
      return hints[i].text;
  return "";
}

bool scu__status_is_retryable(uint16_t field, uint16_t status) {
  /* A710 on C-FIND says that the Prior Record Key is wrong: it will not get better. */
  if (request_field(field) == SCU__C_FIND_RQ && status == 0xA710) return false;
  return status >> 8 == 0xA7 || status == SCU__STATUS_RESOURCE_LIMIT;
}
