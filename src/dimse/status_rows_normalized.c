/* Statuses that PS3.7 C gives to all, and those of N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE and N-DELETE by the
 * services of PS3.4, explained. One code may mean different things to different SOP classes; then the text has both. */
#include "dimse/status_rows.h"

#define N_EVENT          SCU__ON_N_EVENT_REPORT, "N-EVENT-REPORT"
#define N_GET            SCU__ON_N_GET, "N-GET"
#define N_ACTION         SCU__ON_N_ACTION, "N-ACTION"
#define N_CREATE         SCU__ON_N_CREATE, "N-CREATE"
#define N_SET_CREATE     SCU__ON_N_SET | SCU__ON_N_CREATE, "N-SET, N-CREATE"
#define N_GET_SET_CREATE SCU__ON_N_GET | SCU__ON_N_SET | SCU__ON_N_CREATE, "N-GET, N-SET, N-CREATE"
#define N_EVENT_ACTION   SCU__ON_N_EVENT_REPORT | SCU__ON_N_ACTION, "N-EVENT-REPORT, N-ACTION"
#define N_ON_INSTANCES                                                                                                 \
  SCU__ON_N_EVENT_REPORT | SCU__ON_N_GET | SCU__ON_N_SET | SCU__ON_N_ACTION | SCU__ON_N_DELETE,                        \
      "N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-DELETE"
#define N_ALL                                                                                                          \
  SCU__ON_N_EVENT_REPORT | SCU__ON_N_GET | SCU__ON_N_SET | SCU__ON_N_ACTION | SCU__ON_N_CREATE | SCU__ON_N_DELETE,     \
      "N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE, N-DELETE"
#define ALL_BUT_FIND_AND_MOVE                                                                                          \
  SCU__ON_C_STORE | SCU__ON_N_EVENT_REPORT | SCU__ON_N_GET | SCU__ON_N_SET | SCU__ON_N_ACTION | SCU__ON_N_CREATE |     \
      SCU__ON_N_DELETE,                                                                                                \
      "C-STORE, N-EVENT-REPORT, N-GET, N-SET, N-ACTION, N-CREATE, N-DELETE"
#define ALL_BUT_ECHO_AND_EVENT                                                                                         \
  SCU__ON_C_STORE | SCU__ON_C_FIND | SCU__ON_C_MOVE | SCU__ON_C_GET | SCU__ON_N_GET | SCU__ON_N_SET |                  \
      SCU__ON_N_ACTION | SCU__ON_N_CREATE | SCU__ON_N_DELETE,                                                          \
      "C-STORE, C-FIND, C-MOVE, C-GET, N-GET, N-SET, N-ACTION, N-CREATE, N-DELETE"

#define UPS_ACTION     SCU__ON_N_ACTION, "N-ACTION of a procedure step that is worked on (UPS)"
#define UPS_SET_ACTION SCU__ON_N_SET | SCU__ON_N_ACTION, "N-SET, N-ACTION of a procedure step that is worked on (UPS)"
#define PRINT_ACTION   SCU__ON_N_ACTION, "N-ACTION of film session or film box (print)"
#define PRINT_SET_ACTION                                                                                               \
  SCU__ON_N_SET | SCU__ON_N_ACTION, "N-SET, N-ACTION of film session, film box or image box (print)"
#define LOG_EVENT     SCU__ON_N_ACTION, "N-ACTION of procedural event logging"
#define LOG_SUBSTANCE SCU__ON_N_ACTION, "N-ACTION of substance administration logging"
#define MEDIA_ACTION  SCU__ON_N_ACTION, "N-ACTION of media creation"
#define RT_SET        SCU__ON_N_SET, "N-SET of RT machine verification"
#define RT_CREATE     SCU__ON_N_CREATE, "N-CREATE of RT machine verification"

#define SEE_LOG   "the peer's log says more"
#define SEE_NAMED "see the attributes that the answer names, and mend or leave out those"
#define GET_UPS   "get the step (N-GET) and see what state it is in"

const scu_explanation scu__normalized_status_rows[] = {
    /* --- PS3.7 C: one meaning, whoever sends it ---------------------------------------------------------------------
     */
    {AT(0001), N_ALL, "PS3.7 C", "requested optional attributes not supported",
     "the peer does not keep some of what was asked for", "nothing, unless one of them matters"},
    {AT(0105), N_SET_CREATE, "PS3.7 C", "attribute tag not recognised", "the peer does not know an attribute",
     SEE_NAMED},
    {AT(0106), N_SET_CREATE, "PS3.7 C", "attribute value out of range or unsuitable",
     "a value that the peer does not take", SEE_NAMED},
    {AT(0107), N_GET_SET_CREATE, "PS3.7 C", "some attributes not recognised, rest done",
     "the peer does not know some of the attributes", "see the attributes that the answer names: those were left out"},
    {AT(0110), N_ALL, "PS3.7 C", "general processing failure", "something went wrong at the peer", SEE_LOG},
    {AT(0111), N_CREATE, "PS3.7 C", "SOP Instance UID already in use",
     "it was created before; or two things have one UID",
     "see whether the first request had arrived; else use a new UID"},
    {AT(0112), N_ON_INSTANCES, "PS3.7 C", "SOP Instance unknown",
     "it was never created there, is deleted, or the UID is wrong", "check the UID; create the instance first"},
    {AT(0113), N_EVENT, "PS3.7 C", "event type unknown", "the peer does not expect this event",
     "check the Event Type ID, and what the peer subscribed to"},
    {AT(0114), N_EVENT_ACTION, "PS3.7 C", "event or action information not recognised",
     "an attribute of the information is not known", SEE_NAMED},
    {AT(0115), N_EVENT_ACTION, "PS3.7 C", "event or action information value unsuitable",
     "a value of the information is not taken", SEE_NAMED},
    {AT(0116), N_SET_CREATE, "PS3.7 C", "attribute value out of range, rest done or default used",
     "the peer replaced a value by its own", "see the attributes that the answer gives, and whether they will do"},
    {AT(0117), ALL_BUT_FIND_AND_MOVE, "PS3.7 C", "SOP Instance UID breaks the UID rules",
     "letters, a leading zero or more than 64 characters in the UID",
     "the object's SOP Instance UID breaks the rules for UIDs: look at its source"},
    {AT(0118), N_ALL, "PS3.7 C", "SOP Class unknown", "the peer does not know the class that was named",
     "check the SOP Class UID, and that it is the one that was negotiated"},
    {AT(0119), N_ON_INSTANCES, "PS3.7 C", "instance is not of the named class",
     "the instance is there, with another SOP class", "name the class that the instance was created with"},
    {AT(0120), N_CREATE, "PS3.7 C", "required attribute missing", "an attribute of type 1 or 2 was left out",
     "add the attributes that the answer names"},
    {AT(0121), N_SET_CREATE, "PS3.7 C", "required attribute has no value", "an attribute of type 1 is empty",
     "give a value to the attributes that the answer names"},
    {AT(0123), N_ACTION, "PS3.7 C", "action type not supported", "the peer does not do this action",
     "check the Action Type ID, and the peer's conformance statement"},
    {AT(0124), ALL_BUT_ECHO_AND_EVENT, "PS3.7 C", "refused: not authorised",
     "the peer knows who we are, and does not allow it",
     "the peer does not allow this to our AE title: have it registered there"},
    {AT(0213), N_ALL, "PS3.7 C", "not done, resource limit", "the peer has no room, or is busy",
     "the peer is short of something: try again later"},
    {AT(0000), N_GET, "PS3.7 C", "status returned", "the peer did it", "nothing"},
    {AT(0000), N_CREATE, "PS3.7 C", "created", "the peer did it", "nothing"},
    {AT(0000), ANY, "PS3.7 C", "operation done", "the peer did it", "nothing"},
    {AT(0001), ANY, "PS3.7 C", "warning without detail", "it was done, with a reservation of the peer's own", SEE_LOG},
    {AT(0210), ANY, "PS3.7 C", "Message ID already in use (duplicate invocation)",
     "an earlier request with that ID is not answered yet",
     "the peer still works on a request with the same message ID"},
    {AT(0211), ANY, "PS3.7 C", "operation not one agreed (unrecognised operation)",
     "the request came in a presentation context that is for something else",
     "the peer does not know this operation in this presentation context"},
    {AT(0212), ANY, "PS3.7 C", "parameter not agreed on this association (mistyped argument)",
     "something in the request was not negotiated", "take a trace and show it to the peer's maker"},

    /* --- modality performed procedure step --------------------------------------------------------------------------
     */
    {SOME(0110), SCU__ON_N_SET, "N-SET of a performed procedure step, with Error ID A710", "PS3.4 F.7.2",
     "the step is final: it is completed or discontinued and may no longer be updated",
     "COMPLETED or DISCONTINUED was set before", "create a new step for what is still to be told"},

    /* --- unified procedure step -------------------------------------------------------------------------------------
     */
    {AT(B300), SCU__ON_N_CREATE, "N-CREATE of a procedure step that is worked on (UPS)", "PS3.4 CC.2.5",
     "created with modifications", "the peer replaced values by its own",
     "get the step (N-GET) and see what it is now"},
    {AT(C309), SCU__ON_N_CREATE, "N-CREATE of a procedure step that is worked on (UPS)", "PS3.4 CC.2.5",
     "state given was not SCHEDULED", "a step begins as SCHEDULED", "create it with state SCHEDULED"},
    {AT(B301), UPS_ACTION, "PS3.4 CC.2.3", "deletion lock not granted", "the peer keeps steps as long as it likes",
     "fetch the result before the peer deletes the step"},
    {AT(B304), UPS_ACTION, "PS3.4 CC.2.1", "already CANCELED", "somebody else was first", "nothing"},
    {AT(B306), UPS_ACTION, "PS3.4 CC.2.1", "already COMPLETED", "somebody else was first", "nothing"},
    {AT(B305), SCU__ON_N_SET, "N-SET of a procedure step that is worked on (UPS)", "PS3.4 CC.2.6",
     "invalid values coerced", "the peer replaced values by its own", "get the step (N-GET) and see what it is now"},
    {AT(C300), UPS_SET_ACTION, "PS3.4 CC.2.1", "may no longer be updated", "the step is COMPLETED or CANCELED",
     "create a new step for what is still to be done"},
    {AT(C301), UPS_SET_ACTION, "PS3.4 CC.2.1", "Transaction UID wrong or missing",
     "somebody else performs the step, or the UID by which it was taken was lost",
     "give the Transaction UID with which the step was set IN PROGRESS"},
    {AT(C302), UPS_ACTION, "PS3.4 CC.2.1", "already IN PROGRESS", "somebody else performs the step", GET_UPS},
    {AT(C303), UPS_ACTION, "PS3.4 CC.2.1", "SCHEDULED only by N-CREATE", "a step cannot be set back",
     "create a new step"},
    {AT(C304), UPS_ACTION, "PS3.4 CC.2.1", "final state requirements not met",
     "attributes that a final step must have are missing", "set what is missing (N-SET), then the state"},
    {AT(C307), SCU__ON_N_GET | SCU__ON_N_SET | SCU__ON_N_ACTION,
     "N-GET, N-SET, N-ACTION of a procedure step that is worked on (UPS)", "PS3.4 CC.2.1", "no such UPS instance here",
     "it was deleted, or the UID is wrong", "query for the step (C-FIND) and take its UID from there"},
    {AT(C308), UPS_ACTION, "PS3.4 CC.2.3", "receiving AE title unknown",
     "the peer has no host and port for the AE title that subscribes",
     "register the receiving AE title with its host and port at the peer"},
    {AT(C310), UPS_SET_ACTION, "PS3.4 CC.2.1", "not yet IN PROGRESS", "the step is still SCHEDULED",
     "set it IN PROGRESS first"},
    {AT(C311), UPS_ACTION, "PS3.4 CC.2.2", "already COMPLETED", "the step was done before the request to cancel it",
     "nothing"},
    {AT(C312), UPS_ACTION, "PS3.4 CC.2.2", "performer cannot be reached", "nobody who performs it listens for requests",
     "ask the performer by other means"},
    {AT(C313), UPS_ACTION, "PS3.4 CC.2.2", "performer chose not to cancel", "the performer goes on",
     "ask the performer by other means"},
    {AT(C314), UPS_ACTION, "PS3.4 CC.2.3", "action not suitable for this instance",
     "the action is for the global instance, or not for it", "check the SOP Instance UID against the action"},
    {AT(C315), UPS_ACTION, "PS3.4 CC.2.3", "event reports not supported", "the peer sends no events",
     "ask now and then (N-GET)"},

    /* --- print ------------------------------------------------------------------------------------------------------
     */
    {AT(B600), SCU__ON_N_CREATE, "N-CREATE of a film session (print)", "PS3.4 H.4.1", "memory allocation not supported",
     "the printer does not set memory aside", "nothing"},
    {AT(B605), SCU__ON_N_SET | SCU__ON_N_CREATE, "N-SET, N-CREATE of film box, image box or presentation LUT (print)",
     "PS3.4 H.4", "density outside the printer range, limits used", "minimum or maximum density is more than it can do",
     "ask for densities within the printer's range"},
    {AT(C616), SCU__ON_N_CREATE, "N-CREATE of a film box (print)", "PS3.4 H.4.2",
     "an unprinted film box exists and session printing is not supported", "the printer takes one film at a time",
     "print the film box before the next is created"},
    {AT(B601), PRINT_ACTION, "PS3.4 H.4.1", "session printing (collation) not supported",
     "the printer takes one film at a time", "print film box by film box"},
    {AT(B602), PRINT_ACTION, "PS3.4 H.4.1", "session has no image boxes (empty page)", "no image was set",
     "set the images (N-SET of the image boxes) before printing"},
    {AT(B603), PRINT_ACTION, "PS3.4 H.4.2", "film box has no image boxes (empty page)", "no image was set",
     "set the images (N-SET of the image boxes) before printing"},
    {AT(B604), PRINT_SET_ACTION, "PS3.4 H.4", "image too large, demagnified", "it has more pixels than the image box",
     "nothing, unless the size matters"},
    {AT(B609), PRINT_SET_ACTION, "PS3.4 H.4", "image too large, cropped", "it has more pixels than the image box",
     "look at the film: something is cut off; use a larger image box"},
    {AT(B60A), PRINT_SET_ACTION, "PS3.4 H.4", "image too large, decimated", "it has more pixels than the image box",
     "look at the film: rows and columns are left out; use a larger image box"},
    {AT(C600), PRINT_ACTION, "PS3.4 H.4.1", "session has no film boxes", "no film was composed",
     "create a film box before printing"},
    {AT(C601), PRINT_ACTION, "PS3.4 H.4.1", "print queue full", "the printer is behind", "try again later"},
    {AT(C602), PRINT_ACTION, "PS3.4 H.4.2", "print queue full", "the printer is behind", "try again later"},
    {AT(C603), PRINT_SET_ACTION, "PS3.4 H.4", "image larger than image box", "the printer neither crops nor shrinks it",
     "use a larger image box, or allow the printer to shrink the image"},
    {AT(C605), SCU__ON_N_SET, "N-SET of an image box (print)", "PS3.4 H.4.3", "printer memory full",
     "too many images at once", "print what is there, or try again later"},
    {AT(C613), PRINT_SET_ACTION, "PS3.4 H.4", "combined image larger than image box",
     "several images in one box are too large together", "use a larger image box, or fewer images in it"},

    /* --- media creation ---------------------------------------------------------------------------------------------
     */
    {AT(A510), MEDIA_ACTION, "PS3.4 S.3.2.2", "initiate already received for this instance", "it was asked for before",
     "get its status (N-GET)"},
    {AT(C201), MEDIA_ACTION, "PS3.4 S.3.2.3", "already completed", "the medium was made before the cancel came",
     "nothing"},
    {AT(C202), MEDIA_ACTION, "PS3.4 S.3.2.3", "in progress, cannot be stopped", "the medium is being written",
     "wait, and throw the medium away"},
    {AT(C203), MEDIA_ACTION, "PS3.4 S.3.2.3", "cancel denied, no reason", "the peer does not want to", SEE_LOG},

    /* --- event and substance logging, inventories -------------------------------------------------------------------
     */
    {AT(B101), LOG_EVENT, "PS3.4 P.2", "synchronization frame of reference UID differs from the SCP",
     "the clocks of the two are not held against the same source", "look at time synchronisation on both sides"},
    {AT(B102), LOG_EVENT, "PS3.4 P.2", "logged under another Study Instance UID",
     "the peer knows the study by another UID", "see which UID the answer gives"},
    {AT(B104), LOG_EVENT, "PS3.4 P.2", "IDs inconsistent, logged", "patient and study do not fit together at the peer",
     "check Patient ID and Study Instance UID"},
    {AT(C101), LOG_EVENT, "PS3.4 P.2", "no logging for this study", "the peer does not log for it",
     "check the Study Instance UID, or log elsewhere"},
    {AT(C102), LOG_EVENT, "PS3.4 P.2", "event information does not match the template",
     "the event is not built as its template has it", "look at the event against its template in PS3.16"},
    {AT(C103), LOG_EVENT, "PS3.4 P.2", "cannot match the event to a current study", "no study under way has these IDs",
     "check Patient ID and Study Instance UID"},
    {AT(C104), LOG_EVENT, "PS3.4 P.2", "IDs inconsistent, not logged",
     "patient and study do not fit together at the peer", "check Patient ID and Study Instance UID"},
    {AT(C10E), LOG_SUBSTANCE, "PS3.4 P.3", "operator not authorised for the record", "this operator may not write it",
     "check the operator's identification and rights at the peer"},
    {AT(C110), LOG_SUBSTANCE, "PS3.4 P.3", "patient cannot be identified", "the IDs fit no patient, or several",
     "check Patient ID and its issuer"},
    {AT(C111), LOG_SUBSTANCE, "PS3.4 P.3", "record update failed", "something went wrong at the peer", SEE_LOG},
    {AT(B010), SCU__ON_N_ACTION, "N-ACTION of storage management (inventories)", "PS3.4 KK.2.2",
     "some key attributes not supported for matching", "the inventory is made by fewer keys than were given",
     "hold the inventory against the keys that matter"},

    /* --- RT machine verification ------------------------------------------------------------------------------------
     */
    {AT(C112), SCU__ON_N_GET | SCU__ON_N_ACTION, "N-GET, N-ACTION of RT machine verification", "PS3.4 DD.3.2",
     "verification instance not found", "it was never created, is deleted, or the UID is wrong",
     "create the instance first"},
    {AT(C221), RT_CREATE, "PS3.4 DD.3.2.1", "fraction group number not in the plan",
     "plan and number do not belong together", "check Referenced Fraction Group Number against the RT Plan"},
    {AT(C222), RT_CREATE, "PS3.4 DD.3.2.1", "no beams in the fraction group", "the group has nothing to verify",
     "choose a fraction group with beams"},
    {AT(C223), RT_CREATE, "PS3.4 DD.3.2.1", "already verifying", "another verification is under way",
     "wait for it, or delete it"},
    {AT(C227), RT_CREATE, "PS3.4 DD.3.2.1", "referenced RT Plan not found", "the peer does not have the plan",
     "send the RT Plan first"},
    {AT(C224), RT_SET, "PS3.4 DD.3.2.1", "beam number not in the fraction group",
     "beam and group do not belong together", "check Referenced Beam Number against the RT Plan"},
    {AT(C225), RT_SET, "PS3.4 DD.3.2.1", "device or accessory not supported", "the machine does not know it",
     "leave it out, or use another"},
    {AT(C226), RT_SET, "PS3.4 DD.3.2.1", "device or accessory not in the beam",
     "the plan does not use it for this beam", "check the beam's devices against the RT Plan"},
};
const size_t scu__normalized_status_row_count =
    sizeof scu__normalized_status_rows / sizeof *scu__normalized_status_rows;
