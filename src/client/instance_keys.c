/* Keys of instances. The transactions are quoted second hand, as the text of the Technical Framework is not to be had.
 */
#include "client/instance_keys.h"

#include <stddef.h>
#include <string.h>

#define KEY(path)                                                                                                      \
  { path, false }
#define END                                                                                                            \
  { NULL, false }

static const scu__return_key none[] = {END};
/* RAD-14, image specific */
static const scu__return_key images[] = {
    KEY("Rows"), KEY("Columns"), KEY("BitsAllocated"), KEY("NumberOfFrames"), END,
};
/* RAD-15 */
static const scu__return_key presentation_states[] = {
    KEY("ContentLabel"),
    KEY("ContentDescription"),
    KEY("PresentationCreationDate"),
    KEY("PresentationCreationTime"),
    KEY("ContentCreatorName"),
    KEY("ReferencedSeriesSequence[0].SeriesInstanceUID"),
    KEY("ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPClassUID"),
    KEY("ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID"),
    END,
};
#define REQUEST "ReferencedRequestSequence[0]."
#define TITLE   "ConceptNameCodeSequence[0]."
/* Of every document: when it was made, for which request, and what it is called. */
#define DOCUMENT                                                                                                       \
  KEY("ContentDate"), KEY("ContentTime"), KEY("ObservationDateTime"), KEY(REQUEST "StudyInstanceUID"),                 \
      KEY(REQUEST "AccessionNumber"), KEY(REQUEST "RequestedProcedureID"),                                             \
      KEY(REQUEST "RequestedProcedureCodeSequence"), KEY(TITLE "CodeValue"), KEY(TITLE "CodingSchemeDesignator"),      \
      KEY(TITLE "CodingSchemeVersion"), KEY(TITLE "CodeMeaning")
#define OBSERVER "VerifyingObserverSequence[0]."
/* RAD-26, and RAD-44 for those that modalities and workstations make */
static const scu__return_key reports[] = {
    DOCUMENT,
    KEY("CompletionFlag"),
    KEY("VerificationFlag"),
    KEY("ContentTemplateSequence[0].TemplateIdentifier"),
    KEY(OBSERVER "VerifyingOrganization"),
    KEY(OBSERVER "VerificationDateTime"),
    KEY(OBSERVER "VerifyingObserverName"),
    KEY(OBSERVER "VerifyingObserverIdentificationCodeSequence"),
    END,
};
/* RAD-30 */
static const scu__return_key key_objects[] = {DOCUMENT, KEY("CurrentRequestedProcedureEvidenceSequence"), END};

/* PS3.3 C.7.3.1.1.1: whose instances have no picture. Any other makes images. */
static const char *const without_picture[] = {
    "ANN",      "ASMT",     "AU",       "CTPROTOCOL", "DOC", "ECG",   "EEG",        "EMG",       "EOG",    "EPS",
    "FID",      "HD",       "M3D",      "PLAN",       "POS", "REG",   "RESP",       "RTINTENT",  "RTPLAN", "RTRAD",
    "RTRECORD", "RTSEGANN", "RTSTRUCT", "RWV",        "SMR", "STAIN", "TEXTUREMAP", "XAPROTOCOL"};

const scu__return_key *scu__instance_keys(const char *modality) {
  if (strcmp(modality, "PR") == 0) return presentation_states;
  if (strcmp(modality, "SR") == 0) return reports;
  if (strcmp(modality, "KO") == 0) return key_objects;
  for (size_t i = 0; i < sizeof without_picture / sizeof *without_picture; i++)
    if (strcmp(modality, without_picture[i]) == 0) return none;
  return images;
}
