/* The demonstration series as rows, module by module (PS3.3 A.3, A.4, A.7, A.33.1, A.35.1, A.45.1). What differs from
 * one instance to the next is in demo.c. */
#include "archive/demo_rows.h"
#include "data/transfer_syntax.h"

/* ---- studies ---- */

static const scu__demo_row study_head_ct[] = {
    {"StudyInstanceUID", SCU__DEMO_STUDY("1")},
    {"StudyDate", "20190314"},
    {"StudyTime", "091500"},
    {"AccessionNumber", "A1900314"},
    {"ReferringPhysicianName", "Example^Ruth^^Dr."},
    {"StudyID", "1"},
    {"StudyDescription", "CT head without contrast"},
    {"PatientAge", "048Y"},
    {"PatientSize", "1.685"},
    {"PatientWeight", "61.5"},
    {NULL, NULL},
};

static const scu__demo_row study_letter[] = {
    {"StudyInstanceUID", SCU__DEMO_STUDY("2")},
    {"StudyDate", "20190228"},
    {"StudyTime", "113000"},
    {"AccessionNumber", "A1900228"},
    {"ReferringPhysicianName", "Example^Ruth^^Dr."},
    {"StudyID", "1"},
    {"StudyDescription", "Referral letter"},
    {NULL, NULL},
};

static const scu__demo_row study_head_mr[] = {
    {"StudyInstanceUID", SCU__DEMO_STUDY("3")},
    {"StudyDate", "20211105"},
    {"StudyTime", "153000.500000"},
    {"AccessionNumber", "A2101105"},
    {"ReferringPhysicianName", "Rei^Ichiro=例^一郎=れい^いちろう"},
    {"StudyID", "1"},
    {"StudyDescription", "頭部 MR"},
    {"PatientAge", "036Y"},
    {"PatientWeight", "54.25"},
    {NULL, NULL},
};

/* Over midnight: the pictures are of the next day. */
static const scu__demo_row study_heart[] = {
    {"StudyInstanceUID", SCU__DEMO_STUDY("4")},
    {"StudyDate", "20220228"},
    {"StudyTime", "235500"},
    {"AccessionNumber", "A2200228"},
    {"ReferringPhysicianName", "Παράδειγμα^Νίκος"},
    {"StudyID", "1"},
    {"StudyDescription", "Υπέρηχος καρδιάς"},
    {"PatientAge", "064Y"},
    {NULL, NULL},
};

static const scu__demo_row study_referral[] = {
    {"StudyInstanceUID", SCU__DEMO_STUDY("5")},
    {"StudyDate", "20230703"},
    {"StudyTime", "0800"},
    {"AccessionNumber", "A2300703"},
    {"ReferringPhysicianName", "Beispiel^Jörg"},
    {"StudyID", "1"},
    {"StudyDescription", "Überweisung"},
    {NULL, NULL},
};

/* ---- CT (PS3.3 A.3) ---- */

static const scu__demo_row series_ct[] = {
    {"SeriesInstanceUID", SCU__DEMO_SERIES("1", "1")},
    {"FrameOfReferenceUID", SCU__DEMO_FRAME_OF_REFERENCE("1")},
    {"Modality", "CT"},
    {"SeriesNumber", "1"},
    {"SeriesDate", "20190314"},
    {"SeriesTime", "091650"},
    {"SeriesDescription", "Head 5.0 mm"},
    {"ProtocolName", "HEAD ROUTINE"},
    {"BodyPartExamined", "HEAD"},
    {"PatientPosition", "HFS"},
    {"PositionReferenceIndicator", "OM"},
    {"Manufacturer", "libscu"},
    {"InstitutionName", "Example Hospital"},
    {"StationName", "CT1"},
    {"ManufacturerModelName", "phantom"},
    {"DeviceSerialNumber", "1"},
    {"SoftwareVersions", "1"},
    {"OperatorsName", "Operator^One"},
    {NULL, NULL},
};

static const scu__demo_row image_ct[] = {
    {"ImageType", "ORIGINAL\\PRIMARY\\AXIAL"},
    {"AcquisitionNumber", "1"},
    {"AcquisitionDate", "20190314"},
    {"ContentDate", "20190314"},
    {"ImageOrientationPatient", "1\\0\\0\\0\\1\\0"},
    {"SliceThickness", "5.0"},
    {"SpacingBetweenSlices", "5.0"},
    {"PixelSpacing", "0.8984375\\0.8984375"},
    {"ReconstructionDiameter", "230.0"},
    {"KVP", "120"},
    {"XRayTubeCurrent", "220"},
    {"ExposureTime", "1000"},
    {"ConvolutionKernel", "BRAIN"},
    {"GantryDetectorTilt", "0.0"},
    {"SamplesPerPixel", "1"},
    {"PhotometricInterpretation", "MONOCHROME2"},
    {"Rows", "256"},
    {"Columns", "256"},
    {"BitsAllocated", "16"},
    {"BitsStored", "12"},
    {"HighBit", "11"},
    {"PixelRepresentation", "0"},
    {"RescaleIntercept", "-1024"},
    {"RescaleSlope", "1"},
    {"RescaleType", "HU"},
    {"WindowCenter", "40\\500"},
    {"WindowWidth", "80\\2500"},
    {"WindowCenterWidthExplanation", "BRAIN\\BONE"},
    {NULL, NULL},
};

/* ---- MR (PS3.3 A.4) ---- */

static const scu__demo_row series_mr[] = {
    {"SeriesInstanceUID", SCU__DEMO_SERIES("3", "1")},
    {"FrameOfReferenceUID", SCU__DEMO_FRAME_OF_REFERENCE("3")},
    {"Modality", "MR"},
    {"SeriesNumber", "3"},
    {"SeriesDate", "20211105"},
    {"SeriesTime", "154100"},
    {"SeriesDescription", "T2 横断像"},
    {"ProtocolName", "T2 TSE"},
    {"BodyPartExamined", "BRAIN"},
    {"PatientPosition", "HFS"},
    {"PositionReferenceIndicator", NULL},
    {"Manufacturer", "libscu"},
    {"InstitutionName", "例題病院"},
    {"StationName", "MR1"},
    {"ManufacturerModelName", "phantom"},
    {"DeviceSerialNumber", "2"},
    {"SoftwareVersions", "1"},
    {NULL, NULL},
};

static const scu__demo_row image_mr[] = {
    {"ImageType", "ORIGINAL\\PRIMARY\\OTHER"},
    {"AcquisitionNumber", "1"},
    {"AcquisitionDate", "20211105"},
    {"ContentDate", "20211105"},
    {"ScanningSequence", "SE"},
    {"SequenceVariant", "SK"},
    {"ScanOptions", NULL},
    {"MRAcquisitionType", "2D"},
    {"RepetitionTime", "4250.5"},
    {"EchoTime", "101.25"},
    {"EchoTrainLength", "15"},
    {"NumberOfAverages", "2"},
    {"ImagingFrequency", "63.862144"},
    {"ImagedNucleus", "1H"},
    {"MagneticFieldStrength", "1.5"},
    {"FlipAngle", "150"},
    {"ImageOrientationPatient", "1\\0\\0\\0\\1\\0"},
    {"SliceThickness", "6.0"},
    {"SpacingBetweenSlices", "7.2"},
    {"PixelSpacing", "1.15\\1.15"},
    {"SamplesPerPixel", "1"},
    {"PhotometricInterpretation", "MONOCHROME2"},
    {"Rows", "192"},
    {"Columns", "192"},
    {"BitsAllocated", "16"},
    {"BitsStored", "12"},
    {"HighBit", "11"},
    {"PixelRepresentation", "0"},
    {"WindowCenter", "750.5"},
    {"WindowWidth", "1500"},
    {NULL, NULL},
};

/* ---- ultrasound (PS3.3 A.7) ---- */

static const scu__demo_row series_us[] = {
    {"SeriesInstanceUID", SCU__DEMO_SERIES("4", "1")},
    {"Modality", "US"},
    {"SeriesNumber", "1"},
    {"SeriesDate", "20220301"},
    {"SeriesTime", "000312"},
    {"SeriesDescription", "Έγχρωμο Doppler"},
    {"BodyPartExamined", "HEART"},
    {"PerformingPhysicianName", "Παράδειγμα^Άννα"},
    {"Manufacturer", "libscu"},
    {"InstitutionName", "Example Hospital"},
    {"StationName", "US1"},
    {"ManufacturerModelName", "phantom"},
    {"DeviceSerialNumber", "3"},
    {"SoftwareVersions", "1"},
    {NULL, NULL},
};

static const scu__demo_row image_us[] = {
    {"ImageType", "ORIGINAL\\PRIMARY\\TTE\\0011"}, /* 2D and colour flow (C.8.5.6.1.1) */
    {"AcquisitionDateTime", "20220301000312.250000"},
    {"ContentDate", "20220301"},
    {"ContentTime", "000312.250000"},
    {"PatientOrientation", NULL},
    {"SamplesPerPixel", "3"},
    {"PhotometricInterpretation", "RGB"},
    {"PlanarConfiguration", "0"},
    {"Rows", "240"},
    {"Columns", "320"},
    {"BitsAllocated", "8"},
    {"BitsStored", "8"},
    {"HighBit", "7"},
    {"PixelRepresentation", "0"},
    {"NumberOfFrames", "10"},
    {"FrameIncrementPointer", "FrameTime"},
    {"FrameTime", "83.333"},
    {"RecommendedDisplayFrameRate", "12"},
    {"HeartRate", "72"},
    {"UltrasoundColorDataPresent", "1"},
    {"LossyImageCompression", "00"},
    {"BurnedInAnnotation", "NO"},
    {NULL, NULL},
};

/* ---- Basic Text SR (PS3.3 A.35.1) ---- */

static const scu__demo_row series_report[] = {
    {"SeriesInstanceUID", SCU__DEMO_SERIES("1", "2")},
    {"Modality", "SR"},
    {"SeriesNumber", "2"},
    {"SeriesDate", "20190314"},
    {"SeriesTime", "094000"},
    {"SeriesDescription", "Report"},
    {"ReferencedPerformedProcedureStepSequence", NULL},
    {"Manufacturer", "libscu"},
    {"InstitutionName", "Example Hospital"},
    {NULL, NULL},
};

#define CODE(sequence, value, scheme, meaning)                                                                         \
  {sequence "[0].CodeValue", value}, {sequence "[0].CodingSchemeDesignator", scheme}, {                                \
    sequence "[0].CodeMeaning", meaning                                                                                \
  }
#define EVIDENCE "CurrentRequestedProcedureEvidenceSequence[0]."
#define FINDINGS "ContentSequence[0]."
#define FINDING  FINDINGS "ContentSequence[0]."
#define PICTURE  FINDINGS "ContentSequence[1]."
#define SUMMARY  "ContentSequence[1]."

static const scu__demo_row report[] = {
    {"ContentDate", "20190314"},
    {"ContentTime", "094210"},
    {"CompletionFlag", "COMPLETE"},
    {"VerificationFlag", "UNVERIFIED"},
    {"PerformedProcedureCodeSequence", NULL},
    {EVIDENCE "StudyInstanceUID", SCU__DEMO_STUDY("1")},
    {EVIDENCE "ReferencedSeriesSequence[0].SeriesInstanceUID", SCU__DEMO_SERIES("1", "1")},
    {"ValueType", "CONTAINER"},
    CODE("ConceptNameCodeSequence", "18747-6", "LN", "CT Report"),
    {"ContinuityOfContent", "SEPARATE"},
    {FINDINGS "RelationshipType", "CONTAINS"},
    {FINDINGS "ValueType", "CONTAINER"},
    CODE(FINDINGS "ConceptNameCodeSequence", "121070", "DCM", "Findings"),
    {FINDINGS "ContinuityOfContent", "SEPARATE"},
    {FINDING "RelationshipType", "CONTAINS"},
    {FINDING "ValueType", "TEXT"},
    CODE(FINDING "ConceptNameCodeSequence", "121071", "DCM", "Finding"),
    {FINDING "TextValue", "Left frontal ring-shaped lesion, 28 mm across, with a core like fluid.\r\n"
                          "The ventricles are symmetrical. Calcified pineal gland."},
    {PICTURE "RelationshipType", "CONTAINS"},
    {PICTURE "ValueType", "IMAGE"},
    CODE(PICTURE "ConceptNameCodeSequence", "121080", "DCM", "Best illustration of finding"),
    {SUMMARY "RelationshipType", "CONTAINS"},
    {SUMMARY "ValueType", "CONTAINER"},
    CODE(SUMMARY "ConceptNameCodeSequence", "121076", "DCM", "Conclusions"),
    {SUMMARY "ContinuityOfContent", "SEPARATE"},
    {SUMMARY "ContentSequence[0].RelationshipType", "CONTAINS"},
    {SUMMARY "ContentSequence[0].ValueType", "TEXT"},
    CODE(SUMMARY "ContentSequence[0].ConceptNameCodeSequence", "121077", "DCM", "Conclusion"),
    {SUMMARY "ContentSequence[0].TextValue", "What was drawn is what was found. MR is suggested."},
    {NULL, NULL},
};

/* ---- Grayscale Softcopy Presentation State (PS3.3 A.33.1) ---- */

static const scu__demo_row series_presentation[] = {
    {"SeriesInstanceUID", SCU__DEMO_SERIES("1", "3")},
    {"Modality", "PR"},
    {"SeriesNumber", "3"},
    {"SeriesDate", "20190314"},
    {"SeriesTime", "094100"},
    {"SeriesDescription", "Marked finding"},
    {"BodyPartExamined", "HEAD"},
    {"Manufacturer", "libscu"},
    {"InstitutionName", "Example Hospital"},
    {"ManufacturerModelName", "phantom"},
    {"DeviceSerialNumber", "4"},
    {"SoftwareVersions", "1"},
    {NULL, NULL},
};

#define MARK  "GraphicAnnotationSequence[0]."
#define RING  MARK "GraphicObjectSequence[0]."
#define LABEL MARK "TextObjectSequence[0]."
#define AREA  "DisplayedAreaSelectionSequence[0]."

static const scu__demo_row presentation[] = {
    {"PresentationCreationDate", "20190314"},
    {"PresentationCreationTime", "094105"},
    {"ContentLabel", "FINDING"},
    {"ContentDescription", "Left frontal lesion"},
    {"ContentCreatorName", "Reader^Rita"},
    {"ReferencedSeriesSequence[0].SeriesInstanceUID", SCU__DEMO_SERIES("1", "1")},
    {"RescaleIntercept", "-1024"},
    {"RescaleSlope", "1"},
    {"RescaleType", "HU"},
    {"SoftcopyVOILUTSequence[0].WindowCenter", "35"},
    {"SoftcopyVOILUTSequence[0].WindowWidth", "70"},
    {"PresentationLUTShape", "IDENTITY"},
    {AREA "DisplayedAreaTopLeftHandCorner", "1\\1"},
    {AREA "DisplayedAreaBottomRightHandCorner", "256\\256"},
    {AREA "PresentationSizeMode", "SCALE TO FIT"},
    {AREA "PresentationPixelSpacing", "0.8984375\\0.8984375"},
    {"GraphicLayerSequence[0].GraphicLayer", "MARKS"},
    {"GraphicLayerSequence[0].GraphicLayerOrder", "1"},
    {MARK "GraphicLayer", "MARKS"},
    {RING "GraphicAnnotationUnits", "PIXEL"},
    {RING "GraphicDimensions", "2"},
    {RING "NumberOfGraphicPoints", "2"},
    {RING "GraphicData", "167.5\\85\\189.5\\85"}, /* centre, a point of the circumference */
    {RING "GraphicType", "CIRCLE"},
    {RING "GraphicFilled", "N"},
    {LABEL "AnchorPointAnnotationUnits", "PIXEL"},
    {LABEL "UnformattedTextValue", "28 mm"},
    {LABEL "AnchorPoint", "189.5\\85"},
    {LABEL "AnchorPointVisibility", "N"},
    {NULL, NULL},
};

/* ---- Encapsulated PDF (PS3.3 A.45.1) ---- */

static const scu__demo_row series_letter[] = {
    {"SeriesInstanceUID", SCU__DEMO_SERIES("2", "1")},
    {"Modality", "DOC"},
    {"SeriesNumber", "1"},
    {"SeriesDescription", "Letter"},
    {"ContentDate", "20190228"},
    {"ContentTime", "113000"},
    {"AcquisitionDateTime", "20190228113000"},
    {"DocumentTitle", "Referral letter"},
    {NULL, NULL},
};

static const scu__demo_row series_referral[] = {
    {"SeriesInstanceUID", SCU__DEMO_SERIES("5", "1")},
    {"Modality", "DOC"},
    {"SeriesNumber", "1"},
    {"SeriesDescription", "Überweisungsbrief"},
    {"ContentDate", "20230703"},
    {"ContentTime", "0800"},
    {"AcquisitionDateTime", NULL},
    {"DocumentTitle", "Überweisungsbrief"},
    {NULL, NULL},
};

static const scu__demo_row letter[] = {
    {"Manufacturer", "libscu"},
    {"ConversionType", "WSD"},
    {"BurnedInAnnotation", "YES"},
    CODE("ConceptNameCodeSequence", "57133-1", "LN", "Referral note"),
    {"MIMETypeOfEncapsulatedDocument", "application/pdf"},
    {NULL, NULL},
};

static const char *const letter_lines[] = {
    "Referral letter",
    "Patient: Ada Phantom, born 1970-12-24",
    "",
    "Dear colleague,",
    "",
    "please examine the head of this patient, who was computed and has never",
    "had a headache. A ring-shaped finding (left, in front) is to be expected.",
    "",
    "Ruth Example",
    NULL,
};

static const char *const referral_lines[] = {
    "\334berweisungsbrief",
    "Patient: Dr. Max Emil Muster, geboren am 29. Februar 2000",
    "",
    "Sehr geehrte Frau Kollegin,",
    "",
    "ich bitte um eine R\366ntgenaufnahme der linken Hand (nach dem Sturz vom",
    "Pr\374fstand). Es gibt weder diesen Patienten noch diese Hand.",
    "",
    "J\366rg Beispiel",
    NULL,
};

/* ---- all of them ---- */

static const scu__demo_series all[] = {
    {.kind = SCU__DEMO_LETTER,
     .count = 1,
     .sop_class = "1.2.840.10008.5.1.4.1.1.104.1",
     .transfer_syntax = SCU__UID_EXPLICIT_LE,
     .charset = "",
     .instance_prefix = SCU__DEMO_INSTANCE("2", "1"),
     .parts = {scu__demo_ada, study_letter, series_letter, letter},
     .letter = letter_lines},
    {.kind = SCU__DEMO_CT,
     .count = 24,
     .sop_class = "1.2.840.10008.5.1.4.1.1.2",
     .transfer_syntax = SCU__UID_EXPLICIT_LE,
     .charset = "",
     .instance_prefix = SCU__DEMO_INSTANCE("1", "1"),
     .parts = {scu__demo_ada, study_head_ct, series_ct, image_ct}},
    {.kind = SCU__DEMO_REPORT,
     .count = 1,
     .sop_class = "1.2.840.10008.5.1.4.1.1.88.11",
     .transfer_syntax = SCU__UID_EXPLICIT_LE,
     .charset = "",
     .instance_prefix = SCU__DEMO_INSTANCE("1", "2"),
     .parts = {scu__demo_ada, study_head_ct, series_report, report}},
    {.kind = SCU__DEMO_PRESENTATION,
     .count = 1,
     .sop_class = "1.2.840.10008.5.1.4.1.1.11.1",
     .transfer_syntax = SCU__UID_EXPLICIT_LE,
     .charset = "",
     .instance_prefix = SCU__DEMO_INSTANCE("1", "3"),
     .parts = {scu__demo_ada, study_head_ct, series_presentation, presentation}},
    {.kind = SCU__DEMO_MR,
     .count = 16,
     .sop_class = "1.2.840.10008.5.1.4.1.1.4",
     .transfer_syntax = SCU__UID_IMPLICIT_LE,
     .charset = "\\ISO 2022 IR 87",
     .instance_prefix = SCU__DEMO_INSTANCE("3", "1"),
     .parts = {scu__demo_hanako, study_head_mr, series_mr, image_mr}},
    {.kind = SCU__DEMO_US,
     .count = 1,
     .sop_class = "1.2.840.10008.5.1.4.1.1.3.1",
     .transfer_syntax = SCU__UID_EXPLICIT_LE,
     .charset = "ISO_IR 126",
     .instance_prefix = SCU__DEMO_INSTANCE("4", "1"),
     .parts = {scu__demo_eleni, study_heart, series_us, image_us}},
    {.kind = SCU__DEMO_LETTER,
     .count = 1,
     .sop_class = "1.2.840.10008.5.1.4.1.1.104.1",
     .transfer_syntax = SCU__UID_EXPLICIT_LE,
     .charset = "ISO_IR 192",
     .instance_prefix = SCU__DEMO_INSTANCE("5", "1"),
     .parts = {scu__demo_max, study_referral, series_referral, letter},
     .letter = referral_lines},
};

const scu__demo_series *scu__demo_series_at(size_t index) {
  return index < sizeof all / sizeof *all ? &all[index] : NULL;
}
