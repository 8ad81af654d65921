/* The rows of rejects, aborts and contexts. A text hangs on source and reason alone (9.3.4); what to do about it hangs
 * on the result as well: a transient one asks for patience. */
#include "ul/explanations.h"

#define REJECT(result, source, reason)                                                                                 \
  SCU_EXPLAINS_REJECT, SCU__FITS_ALL, SCU__REJECT_CODE(result, source, reason),                                        \
      SCU__REJECT_CODE(result, source, reason), "A-ASSOCIATE-RJ " #result "/" #source "/" #reason, 0, "",              \
      "PS3.8 9.3.4"

#define NO_REASON    "no reason given"
#define CONTEXT_NAME "application context name not supported"
#define CALLING_AE   "calling AE title not recognized"
#define CALLED_AE    "called AE title not recognized"
#define VERSION      "protocol version not supported"
#define CONGESTION   "temporary congestion"
#define LOCAL_LIMIT  "local limit exceeded"
#define LATER        "the peer is busy: try again later, or with fewer associations at a time"

const scu_explanation scu__reject_rows[] = {
    {REJECT(1, 1, 1), NO_REASON, "many archives say this about a caller that they do not know",
     "ask that the calling AE title is registered at the peer, with this host's address"},
    {REJECT(1, 1, 2), CONTEXT_NAME, "the peer is no DICOM application, or a very odd one",
     "check the port; take a trace and show it to the peer's maker"},
    {REJECT(1, 1, 3), CALLING_AE, "the calling AE title is not in the peer's list of callers, or not from this address",
     "ask that the calling AE title is registered at the peer, with this host's address"},
    {REJECT(1, 1, 7), CALLED_AE, "a typing error in the called AE title, or another application on this port",
     "check the called AE title and the port; the peer may also say this about an unknown caller: ask that the calling "
     "AE title is registered there"},
    {REJECT(1, 2, 1), NO_REASON,
     "a user identity that the peer does not accept (PS3.7 D.3.3.7.3), or one that it misses",
     "if a user identity was sent, check it; if not, the peer may want one: this is how it refuses"},
    {REJECT(1, 2, 2), VERSION, "the peer speaks no version 1 of the protocol, which is the only one there is",
     "check the port; take a trace and show it to the peer's maker"},
    {REJECT(1, 3, 1), CONGESTION, "the peer has all the associations that it can serve, though it says for good",
     "try again later, or with fewer associations at a time; ask what the peer's limit is"},
    {REJECT(1, 3, 2), LOCAL_LIMIT, "the peer's limit of associations, or of its licence, is reached",
     "use fewer associations at a time; ask what the peer's limit is"},
    {REJECT(2, 1, 1), NO_REASON, "the peer is starting, stopping or busy", LATER},
    {REJECT(2, 1, 2), CONTEXT_NAME, "the peer is not ready; the name itself never changes", LATER},
    {REJECT(2, 1, 3), CALLING_AE, "the calling AE title is not known, or is served at other times only",
     "ask that the calling AE title is registered at the peer, with this host's address; or try again later"},
    {REJECT(2, 1, 7), CALLED_AE, "a typing error in the called AE title, or the application is not up yet",
     "check the called AE title and the port; if they are right, try again later"},
    {REJECT(2, 2, 1), NO_REASON, "the peer is starting, stopping or busy", LATER},
    {REJECT(2, 2, 2), VERSION, "the peer is not ready; the version itself never changes", LATER},
    {REJECT(2, 3, 1), CONGESTION, "the peer has all the associations that it can serve", LATER},
    {REJECT(2, 3, 2), LOCAL_LIMIT, "the peer's limit of associations, or of its licence, is reached", LATER},
    {SCU_EXPLAINS_REJECT, SCU__FITS_REST, 0, SCU__REJECT_CODE(0xFF, 0xFF, 0xFF), "A-ASSOCIATE-RJ n/n/n", 0, "",
     "PS3.8 9.3.4", "reserved reason", "the peer uses codes that the Standard does not define",
     "see the peer's log, or ask its maker what it means"},
};
const size_t scu__reject_row_count = sizeof scu__reject_rows / sizeof *scu__reject_rows;

#define ABORT(source, reason)                                                                                          \
  SCU_EXPLAINS_ABORT, SCU__FITS_ALL, SCU__ABORT_CODE(source, reason), SCU__ABORT_CODE(source, reason),                 \
      "A-ABORT " #source "/" #reason, 0, "", "PS3.8 9.3.8"

const scu_explanation scu__abort_rows[] = {
    {SCU_EXPLAINS_ABORT, SCU__FITS_ALL, SCU__ABORT_CODE(0, 0), SCU__ABORT_CODE(0, 0xFF), "A-ABORT 0/n", 0, "",
     "PS3.8 9.3.8", "no reason is given by a user",
     "the application at the peer gave up: an error of its own, a time-out, somebody who stopped it",
     "see the peer's log for this time; try again"},
    {ABORT(2, 0), "reason not specified", "the peer's DICOM layer gave up, often for a time-out",
     "see the peer's log for this time; try again"},
    {ABORT(2, 1), "unrecognized PDU", "the peer could not read what came: no DICOM, or damaged on the way",
     "check that the port is a DICOM port and that both sides use TLS, or neither; take a trace"},
    {ABORT(2, 2), "unexpected PDU", "the peer holds that something came out of turn, such as data after a release",
     "take a trace and show it to the peer's maker"},
    {ABORT(2, 4), "unrecognized PDU parameter", "the peer does not know an item that was offered",
     "try without user identity, asynchronous window and extended negotiation"},
    {ABORT(2, 5), "unexpected PDU parameter", "an item came in a place where the peer does not look for it",
     "try without user identity, asynchronous window and extended negotiation"},
    {ABORT(2, 6), "invalid PDU parameter value", "a length, context ID or value that the peer does not take",
     "try another --max-pdu; take a trace and show it to the peer's maker"},
    {SCU_EXPLAINS_ABORT, SCU__FITS_SOME, 0, SCU__ABORT_CODE(0xFF, 0xFF), "A-ABORT", 0,
     "in answer to an association request", "libscu", "an abort instead of an answer",
     "some peers abort what they do not know, where a reject is due",
     "some peers abort what they do not know: try without user identity, asynchronous window and extended negotiation"},
    {SCU_EXPLAINS_ABORT, SCU__FITS_REST, 0, SCU__ABORT_CODE(0xFF, 0xFF), "A-ABORT n/n", 0, "", "PS3.8 9.3.8",
     "reserved reason", "the peer uses codes that the Standard does not define",
     "see the peer's log, or ask its maker what it means"},
};
const size_t scu__abort_row_count = sizeof scu__abort_rows / sizeof *scu__abort_rows;

#define CONTEXT(result) SCU_EXPLAINS_CONTEXT, SCU__FITS_ALL, result, result, "context " #result, 0, "", "PS3.8 9.3.3.2"

const scu_explanation scu__context_rows[] = {
    {CONTEXT(0), "acceptance", "the peer takes this SOP class in the transfer syntax that it names", "nothing"},
    {CONTEXT(1), "user-rejection", "the application at the peer does not want this SOP class from this AE title",
     "ask the peer's administrator which SOP Classes and roles are enabled for the calling AE title"},
    {CONTEXT(2), "no reason", "the peer's DICOM layer turned it down without saying why",
     "ask the peer's administrator which SOP Classes and roles are enabled for the calling AE title"},
    {CONTEXT(3), "abstract syntax not supported", "the peer does not know this SOP class, or is not set up for it",
     "ask the peer's administrator which SOP Classes and roles are enabled for the calling AE title"},
    {CONTEXT(4), "transfer syntaxes not supported", "the peer takes the SOP class, but none of the encodings offered",
     "offer implicit VR little endian as well, or have the peer's transfer syntaxes looked at"},
    {SCU_EXPLAINS_CONTEXT, SCU__FITS_REST, 0, 0xFF, "context n", 0, "", "PS3.8 9.3.3.2", "reserved result",
     "the peer uses codes that the Standard does not define", "see the peer's log, or ask its maker what it means"},
};
const size_t scu__context_row_count = sizeof scu__context_rows / sizeof *scu__context_rows;

const scu_explanation *scu__reject_explanation(uint8_t result, uint8_t source, uint8_t reason) {
  return scu__explanation_of(scu__reject_rows, scu__reject_row_count, SCU__REJECT_CODE(result, source, reason));
}

const scu_explanation *scu__abort_explanation(uint8_t source, uint8_t reason) {
  return scu__explanation_of(scu__abort_rows, scu__abort_row_count, SCU__ABORT_CODE(source, reason));
}

const scu_explanation *scu__context_explanation(uint8_t result) {
  return scu__explanation_of(scu__context_rows, scu__context_row_count, result);
}

const scu_explanation *scu__abort_as_answer(void) {
  for (size_t i = 0; i < scu__abort_row_count; i++)
    if (scu__abort_rows[i].fits == SCU__FITS_SOME) return &scu__abort_rows[i];
  return NULL;
}
