/* Failure Reason (0008,1197) of a commitment explained (PS3.3 C.14.1.1, PS3.4 J.3.3). */
#include "dimse/failure_reasons.h"

#define REASON(code) SCU_EXPLAINS_FAILURE_REASON, SCU__FITS_ALL, 0x##code, 0x##code, #code, 0, "storage commitment"

const scu_explanation scu__failure_reason_rows[] = {
    {REASON(0000), "libscu", "the peer gives no reason", "the peer leaves out what the Standard asks of it",
     "see the peer's log; ask whether it has the instance (C-FIND)"},
    {REASON(0110), "PS3.3 C.14.1.1", "processing failure", "something went wrong at the peer",
     "see the peer's log; ask for commitment again"},
    {REASON(0112), "PS3.3 C.14.1.1", "the peer does not have this instance",
     "it was never stored, is deleted, or got another UID there", "send the instance again, then ask for commitment"},
    {REASON(0119), "PS3.3 C.14.1.1", "the peer has this instance with another SOP class",
     "the class that was named is not that of the stored object",
     "ask for commitment with the class of the stored object"},
    {REASON(0122), "PS3.3 C.14.1.1", "the peer does not support the SOP class",
     "the peer does not keep objects of this class, or not for good", "send the instance to an archive that keeps it"},
    {REASON(0131), "PS3.3 C.14.1.1", "the Transaction UID is in use", "an earlier request has the same Transaction UID",
     "ask for commitment with a new Transaction UID"},
    {REASON(0213), "PS3.3 C.14.1.1", "the peer has no room for it", "a full disk, or the peer is busy",
     "have room made at the peer; ask for commitment again later"},
    {SCU_EXPLAINS_FAILURE_REASON, SCU__FITS_REST, 0, 0xFFFF, "xxxx", 0, "storage commitment", "PS3.3 C.14.1.1",
     "a reason that the Standard does not know", "a code of the peer's own",
     "see the peer's conformance statement for the code, or its log"},
};
const size_t scu__failure_reason_row_count = sizeof scu__failure_reason_rows / sizeof *scu__failure_reason_rows;
