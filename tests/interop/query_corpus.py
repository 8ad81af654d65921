"""What is asked in test_queries.py, and of what: a made-up hospital of 10 patients, and the queries, one a line.

Nothing here is random. Values are chosen for what goes wrong with them: characters that SQL or a file glob reads as
something else, ids that differ in leading zeros or in case only, names in five character sets, dates and times that are
missing, empty, short or at the edge of a day. The expected answers are query_oracle.py's.
"""

import os

import support  # first: it knows where the others are
import make_samples

# keyword: (tag, VR, level, U unique R required O optional key - PS3.4 C.6.1.1, C.6.2.1)
KEYS = {
    "SpecificCharacterSet": (0x00080005, "CS", None, "-"),
    "ImageType": (0x00080008, "CS", "IMAGE", "O"),
    "SOPClassUID": (0x00080016, "UI", "IMAGE", "O"),
    "SOPInstanceUID": (0x00080018, "UI", "IMAGE", "U"),
    "StudyDate": (0x00080020, "DA", "STUDY", "R"),
    "SeriesDate": (0x00080021, "DA", "SERIES", "O"),
    "ContentDate": (0x00080023, "DA", "IMAGE", "O"),
    "AcquisitionDateTime": (0x0008002A, "DT", "IMAGE", "O"),
    "StudyTime": (0x00080030, "TM", "STUDY", "R"),
    "SeriesTime": (0x00080031, "TM", "SERIES", "O"),
    "ContentTime": (0x00080033, "TM", "IMAGE", "O"),
    "AccessionNumber": (0x00080050, "SH", "STUDY", "R"),
    "QueryRetrieveLevel": (0x00080052, "CS", None, "-"),
    "RetrieveAETitle": (0x00080054, "AE", None, "-"),
    "InstanceAvailability": (0x00080056, "CS", None, "-"),
    "Modality": (0x00080060, "CS", "SERIES", "R"),
    "ModalitiesInStudy": (0x00080061, "CS", "STUDY", "O"),
    "SOPClassesInStudy": (0x00080062, "UI", "STUDY", "O"),
    "Manufacturer": (0x00080070, "LO", "SERIES", "O"),
    "InstitutionName": (0x00080080, "LO", "SERIES", "O"),
    "ReferringPhysicianName": (0x00080090, "PN", "STUDY", "O"),
    "CodeValue": (0x00080100, "SH", None, "O"),
    "CodingSchemeDesignator": (0x00080102, "SH", None, "O"),
    "CodeMeaning": (0x00080104, "LO", None, "O"),
    "StationName": (0x00081010, "SH", "SERIES", "O"),
    "StudyDescription": (0x00081030, "LO", "STUDY", "O"),
    "ProcedureCodeSequence": (0x00081032, "SQ", "STUDY", "O"),
    "SeriesDescription": (0x0008103E, "LO", "SERIES", "O"),
    "PatientName": (0x00100010, "PN", "PATIENT", "R"),
    "PatientID": (0x00100020, "LO", "PATIENT", "U"),
    "IssuerOfPatientID": (0x00100021, "LO", "PATIENT", "O"),
    "PatientBirthDate": (0x00100030, "DA", "PATIENT", "O"),
    "PatientSex": (0x00100040, "CS", "PATIENT", "O"),
    "PatientAge": (0x00101010, "AS", "STUDY", "O"),
    "PatientComments": (0x00104000, "LT", "PATIENT", "O"),
    "BodyPartExamined": (0x00180015, "CS", "SERIES", "O"),
    "SliceThickness": (0x00180050, "DS", "IMAGE", "O"),
    "StudyInstanceUID": (0x0020000D, "UI", "STUDY", "U"),
    "SeriesInstanceUID": (0x0020000E, "UI", "SERIES", "U"),
    "StudyID": (0x00200010, "SH", "STUDY", "R"),
    "SeriesNumber": (0x00200011, "IS", "SERIES", "R"),
    "InstanceNumber": (0x00200013, "IS", "IMAGE", "R"),
    "NumberOfPatientRelatedStudies": (0x00201200, "IS", "PATIENT", "O"),
    "NumberOfPatientRelatedSeries": (0x00201202, "IS", "PATIENT", "O"),
    "NumberOfPatientRelatedInstances": (0x00201204, "IS", "PATIENT", "O"),
    "NumberOfStudyRelatedSeries": (0x00201206, "IS", "STUDY", "O"),
    "NumberOfStudyRelatedInstances": (0x00201208, "IS", "STUDY", "O"),
    "NumberOfSeriesRelatedInstances": (0x00201209, "IS", "SERIES", "O"),
    "ImageComments": (0x00204000, "LT", "IMAGE", "O"),
    "Rows": (0x00280010, "US", "IMAGE", "O"),
    "RequestingPhysician": (0x00321032, "PN", "STUDY", "O"),
    "RequestedProcedureDescription": (0x00321060, "LO", "STUDY", "O"),
    "ScheduledStationAETitle": (0x00400001, "AE", None, "R"),
    "ScheduledProcedureStepStartDate": (0x00400002, "DA", None, "R"),
    "ScheduledProcedureStepStartTime": (0x00400003, "TM", None, "R"),
    "ScheduledPerformingPhysicianName": (0x00400006, "PN", None, "R"),
    "ScheduledProcedureStepDescription": (0x00400007, "LO", None, "O"),
    "ScheduledProcedureStepID": (0x00400009, "SH", None, "O"),
    "ScheduledStationName": (0x00400010, "SH", None, "O"),
    "ScheduledProcedureStepLocation": (0x00400011, "SH", None, "O"),
    "ScheduledProcedureStepStatus": (0x00400020, "CS", None, "O"),
    "ScheduledProcedureStepSequence": (0x00400100, "SQ", None, "R"),
    "PerformedProcedureStepStartDate": (0x00400244, "DA", "SERIES", "O"),
    "RequestAttributesSequence": (0x00400275, "SQ", "SERIES", "O"),
    "ScheduledProtocolCodeSequence": (0x00400008, "SQ", None, "O"),
    "RequestedProcedureCodeSequence": (0x00321064, "SQ", "STUDY", "O"),
    "GroupLength": (0x00080000, "UL", None, "-"),
    "RequestedProcedureID": (0x00401001, "SH", "STUDY", "O"),
    "PrivateCreator": (0x00290010, "LO", "IMAGE", "O"),
    "PrivateText": (0x00291001, "LO", "IMAGE", "O"),
    "UnknownStandard": (0x00080FFE, "LO", "IMAGE", "O"),
}
LEVELS = ["PATIENT", "STUDY", "SERIES", "IMAGE"]
UNIQUE = {"PATIENT": "PatientID", "STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}

# ---- the hospital ----

JAPANESE = "\\ISO 2022 IR 87"
CODECS = {"": "ascii", "ISO_IR 100": "latin_1", "ISO_IR 126": "iso8859_7", "ISO_IR 192": "utf_8", JAPANESE: "iso2022_jp"}


def patient(charset, name, patient_id, birth_date, sex, issuer="", comments=""):
    return {"SpecificCharacterSet": charset, "PatientName": name, "PatientID": patient_id, "PatientBirthDate": birth_date,
            "PatientSex": sex, "IssuerOfPatientID": issuer, "PatientComments": comments}


PATIENTS = {
    "P01": patient("", "Adams^John^Q^Dr^Jr", "0001", "19610203", "M", "HOSP_A", "50% [a_b] of it?"),
    "P02": patient("", "ADAMS^JANE", "1", "19610204", "F", "HOSP_B"),
    "P03": patient("ISO_IR 100", "Müller^Jürgen", "PAT_1", "19700101", "M", "HOSP_A"),
    "P04": patient("", "Mueller^Juergen", "PATX1", "19691231", "M"),
    "P05": patient("ISO_IR 192", "Łukasz^Żółć=王^小东", "P%05", "20000229", "O"),
    "P06": patient(JAPANESE, "Yamada^Tarou=山田^太郎=やまだ^たろう", "JP[1]", "19850703", "M"),
    "P07": patient("ISO_IR 126", "Διονυσιος^Άννα", "G-07 A", "19580218", "F"),
    "P08": patient("", "", "P008", "", ""),
    "P09": patient("", "O'Brien-Smith^Ann Mary", "p008", "19991231", "F"),
    "P10": patient("", "Adamson^Joan", "P10", "19610202", "F", "HOSP_A"),
}

CT, MR, US, CR = (make_samples.CT, make_samples.MR, "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.1")
SC, SR = make_samples.SECONDARY_CAPTURE, make_samples.TEXT_SR


def series(modality, number, description, sop_class, count, **others):
    return dict({"Modality": modality, "SeriesNumber": number, "SeriesDescription": description, "class": sop_class,
                 "count": count}, **others)


def study(who, date, time, accession, study_id, description, referring, *its_series, **others):
    return dict({"patient": who, "StudyDate": date, "StudyTime": time, "AccessionNumber": accession, "StudyID": study_id,
                 "StudyDescription": description, "ReferringPhysicianName": referring, "series": its_series}, **others)


def code(value, scheme, meaning):
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


def request(step, procedure, **others):
    return dict({"ScheduledProcedureStepID": step, "RequestedProcedureID": procedure}, **others)


HEAD, HEART = code("CTHEAD", "99SCU", "CT of the head"), code("HEART", "99SCU", "Heart")
OTHER_HEAD = code("CTHEAD", "99XYZ", "Another head")

STUDIES = {
    "S01": study("P01", "20240115", "101500", "ACC-001", "1", "CT Head 50%", "Who^Doctor",
                 series("CT", "1", "axial", CT, 6, StationName="CT_1", BodyPartExamined="HEAD", InstitutionName="North",
                        SeriesDate="20240115", SeriesTime="101501", PerformedProcedureStepStartDate="20240115",
                        RequestAttributesSequence=[request("SPS1", "RP1", ScheduledProtocolCodeSequence=[HEAD, HEART])]),
                 series("CT", "2", "axial [thin]", CT, 4, StationName="CTX1", BodyPartExamined="HEAD",
                        SeriesDate="20240115", SeriesTime="102000",
                        RequestAttributesSequence=[request("SPS2", "RP1"),
                                                   request("SPS3", "RP2", ScheduledProtocolCodeSequence=[OTHER_HEAD])]),
                 series("SR", "99", "Report", SR, 1, SeriesDate="20240116", SeriesTime="080000"),
                 ProcedureCodeSequence=[HEAD], PatientAge="062Y"),
    "S02": study("P01", "20240116", "000000", "ACC_001", "01", "MR Head 50 percent", "Who^Doctor^^Dr.",
                 series("MR", "1", "t1_se", MR, 5, StationName="MR 1", InstitutionName="North",
                        RequestAttributesSequence=[request("SPS1", "RP9")]),
                 series("MR", "2", "t1-se", MR, 3, StationName="mr 1", InstitutionName="NORTH"),
                 ProcedureCodeSequence=[OTHER_HEAD, HEART]),
    "S03": study("P01", "20240116", "235959.999999", "ACCX001", "2", "PET CT", "",
                 series("CT", "1", "low dose", CT, 3), series("PT", "2", "wb", SC, 2), series("OT", "3", "", SC, 1)),
    "S04": study("P02", "20240229", "1200", "acc-001", "3", "ct head", "WHO^DOCTOR",
                 series("CT", "7", "axial", CT, 3, BodyPartExamined="HEAD")),
    "S05": study("P02", "20231231", "12", " lead", "10", "Year's end", "Dolittle^John",
                 series("US", "1", "cine", US, 4, InstitutionName="South"),
                 series("US", "01", "still", US, 2, InstitutionName="South")),
    "S06": study("P03", "20240301", "120000", "A*1", "11", "Schädel nativ", "Müller^Jürgen",
                 series("CT", "1", "Schädel", CT, 4, InstitutionName="Süd"), series("CR", "2", "lat", CR, 1)),
    "S07": study("P03", "20240302", "115959", "AB1", "12", "Schaedel nativ", "Mueller^Juergen",
                 series("CT", "1", "Schaedel", CT, 3)),
    "S08": study("P04", "", "", "", "", "", "",
                 series("CR", "", "", CR, 2)),
    "S09": study("P04", "20240229", "", "100%", "%", "100% sure", "",
                 series("CR", "1", "100%", CR, 2), series("CR", "2", "1000", CR, 1)),
    "S10": study("P05", "20240303", "070000", "1000", "_", "Kontrola żółć", "Żółć^Łukasz",
                 series("MR", "1", "głowa", MR, 4), series("MR", "3", "glowa", MR, 2)),
    "S11": study("P05", "20240304", "070000.5", "A[1]", "[", "a\"quoted\" 'word'", "",
                 series("MR", "1", "q\"x\"", MR, 2)),
    "S12": study("P06", "20240305", "083000", "A1", "20", "頭部 CT", "例^一郎",
                 series("CT", "1", "頭部", CT, 5, BodyPartExamined="HEAD"), series("SR", "2", "報告", SR, 1)),
    "S13": study("P06", "20240306", "083000", "AA1", "21", "胸部 CT", "",
                 series("CT", "1", "胸部", CT, 2, BodyPartExamined="CHEST")),
    "S14": study("P07", "20240307", "170000", "G 1", "G1", "Καρδιά", "Παράδειγμα^Άννα",
                 series("US", "1", "καρδιά", US, 3, RequestAttributesSequence=[request("SPS1", "RP1"),
                                                                             request("SPS4", "RP4")]),
                 series("US", "2", "καρδια", US, 2), ProcedureCodeSequence=[HEART]),
    "S15": study("P08", "20240308", "180000", "NONAME", "30", "No name", "Who^Doctor",
                 series("CR", "1", "hand", CR, 2, BodyPartExamined="HAND", RequestAttributesSequence=[])),
    "S16": study("P09", "20240309", "190000", "A(1)", "31", "Left hand, two views", "Smith",
                 series("CR", "1", "ap", CR, 2, BodyPartExamined="HAND"),
                 series("CR", "2", "oblique", CR, 2, BodyPartExamined="HAND"),
                 series("OT", "10", "scan", SC, 1)),
    "S17": study("P09", "20240309", "190001", "A.1", "32", "Right hand", "Smith^^^Dr.",
                 series("CR", "1", "ap", CR, 1), series("CR", "2", "lat", CR, 1)),
    "S18": study("P10", "20240310", "200000", "ACC-002", "33", "CT Head  two spaces", "Doctor^Who",
                 series("CT", "1", "axial", CT, 6, BodyPartExamined="HEAD", StationName="CT_1"),
                 series("CT", "2", "AXIAL", CT, 4, BodyPartExamined="head"),
                 series("SR", "3", "Report", SR, 1), series("OT", "4", "key images", SC, 2)),
    "S19": study("P10", "20250101", "000001", "ACC-003", "34", "New year", "Doctor^Who",
                 series("MR", "1", "t2", MR, 5), series("MR", "2", "t2", MR, 4)),
    "S20": study("P10", "19991231", "235959", "ACC-004", "35", "Last century", "",
                 series("CR", "1", "old film", CR, 1), series("SR", "2", "old words", SR, 1),
                 series("OT", "3", "paper", SC, 1)),
}

# Of single images: what the others do not have. Offsets and missing parts make date-times interesting.
IMAGES = {
    "S01.1.1": {"AcquisitionDateTime": "20240115101500.000000", "ImageComments": "50% [a_b] \\ all", "SliceThickness": "2.5"},
    "S01.1.2": {"AcquisitionDateTime": "20240115101500.5", "SliceThickness": "2.50", "InstanceNumber": "002"},
    "S01.1.3": {"AcquisitionDateTime": "20240115101500+0100", "SliceThickness": "5"},
    "S01.1.4": {"AcquisitionDateTime": "20240115", "ImageComments": "nothing"},
    "S01.1.5": {"AcquisitionDateTime": "20240115235959.999999", "ContentTime": "1015"},
    "S01.1.6": {"AcquisitionDateTime": "", "InstanceNumber": "", "ContentDate": "", "ContentTime": ""},
    "S01.2.1": {"PrivateText": "private", "ImageType": "DERIVED\\SECONDARY\\MPR"},
    "S01.2.2": {"InstanceNumber": "-2"},
    "S01.2.3": {"InstanceNumber": "+3"},
}


def uid(label):
    """Of a study, series or instance by its label: short ones, so that lists of them stay readable on the wire."""
    return "1.2.826.0.1.3680043.2.1143." + ".".join(str(int(part.lstrip("S"))) for part in label.split("."))


def entities():
    """level -> {label: attributes with those of the levels above}; keywords to text, sequences to lists of items."""
    found = {level: {} for level in LEVELS}
    for label, attributes in PATIENTS.items():
        found["PATIENT"][label] = dict(attributes)
    for label, row in STUDIES.items():
        of_study = dict(PATIENTS[row["patient"]], StudyInstanceUID=uid(label),
                        **{key: value for key, value in row.items() if key in KEYS})
        found["STUDY"][label] = of_study
        for index, its in enumerate(row["series"], 1):
            series_label = "%s.%d" % (label, index)
            of_series = dict(of_study, SeriesInstanceUID=uid(series_label),
                             **{key: value for key, value in its.items() if key in KEYS})
            found["SERIES"][series_label] = of_series
            for number in range(1, its["count"] + 1):
                image_label = "%s.%d" % (series_label, number)
                own = {"SOPInstanceUID": uid(image_label), "SOPClassUID": its["class"], "InstanceNumber": str(number),
                       "ContentDate": row["StudyDate"], "ContentTime": "1015%02d" % number,
                       "ImageType": "ORIGINAL\\PRIMARY"}
                if its["class"] != SR:
                    own["Rows"] = "2"
                found["IMAGE"][image_label] = dict(of_series, **dict(own, **IMAGES.get(image_label, {})))
    return found


def elements_of(attributes, codec):
    """As make_samples writes them. What is absent from `attributes` is absent; "" is there without value."""
    elements = []
    for keyword, value in attributes.items():
        tag, vr, _, _ = KEYS[keyword]
        if vr == "SQ":
            elements.append((tag, vr, make_samples.Sequence([elements_of(item, codec) for item in value])))
        elif vr == "US":
            elements.append((tag, vr, int(value)))
        elif keyword != "SpecificCharacterSet" or value:
            elements.append((tag, vr, value.encode(codec)))
    return elements


def write_instances(folder):
    """One file per image of the hospital; returns their paths."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for label, attributes in entities()["IMAGE"].items():
        elements = elements_of(attributes, CODECS[attributes["SpecificCharacterSet"]])
        if "PrivateText" in attributes:
            elements.append((KEYS["PrivateCreator"][0], "LO", "LIBSCU QUERIES"))
        if "Rows" in attributes:
            elements += [element for element in make_samples.image(2, 2, 8, False) if element[0] != KEYS["Rows"][0]]
            elements.append((0x7FE00010, "OW", b"\0\1\2\3"))
        paths.append(os.path.join(folder, label + ".dcm"))
        with open(paths[-1], "wb") as file:
            file.write(make_samples.part10(elements, make_samples.EXPLICIT))
    return paths


# ---- the worklist: what `scu archive --demo` has, told once more (src/archive/demo_worklist.c) ----

def step(modality, station, date, time, step_id, description, name, performer="", status="SCHEDULED", **others):
    return dict({"Modality": modality, "ScheduledStationAETitle": station, "ScheduledProcedureStepStartDate": date,
                 "ScheduledProcedureStepStartTime": time, "ScheduledProcedureStepID": step_id,
                 "ScheduledProcedureStepDescription": description, "ScheduledStationName": name,
                 "ScheduledPerformingPhysicianName": performer, "ScheduledProcedureStepStatus": status}, **others)


def entry(who, number, procedure, physician, its_step, **others):
    names = {"DEMO-1": ("", "Phantom^Ada", "19701224", "F"),
             "DEMO-2": (JAPANESE, "Reidai^Hanako=例題^花子=れいだい^はなこ", "19850703", "F"),
             "DEMO-3": ("ISO_IR 126", "Δείγμα^Ελένη", "19580218", "F"),
             "DEMO-4": ("", "Muster^Max^Emil^Dr.", "20000229", "M"), "DEMO-5": ("", "Neu^Nora", "", "F")}
    charset, name, birth_date, sex = names[who]
    return {**others, "SpecificCharacterSet": charset, "PatientName": name, "PatientID": who, "PatientBirthDate": birth_date,
            "PatientSex": sex, "AccessionNumber": "A240000%d" % number, "RequestedProcedureID": "P%d" % number,
            "StudyInstanceUID": "2.25.227806032358780964544045564685023620674.5.%d" % number,
            "RequestedProcedureDescription": procedure, "RequestingPhysician": physician, "ReferringPhysicianName": physician,
            "ScheduledProcedureStepSequence": [its_step]}


WORKLIST = {
    "W1": entry("DEMO-1", 1, "CT head, follow-up", "Example^Ruth^^Dr.",
                step("CT", "DEMO_CT1", "20240229", "083000", "S1", "CT head without contrast", "CT1", "Reader^Rita"),
                RequestedProcedureCodeSequence=[code("CTHEAD", "99LIBSCU", "CT of the head")]),
    "W2": entry("DEMO-2", 2, "頭部 MR 見本", "Rei^Ichiro=例^一郎=れい^いちろう",
                step("MR", "DEMO_MR1", "20240229", "141500", "S2", "頭部 T2", "MR1")),
    "W3": entry("DEMO-3", 3, "Υπέρηχος καρδιάς", "",
                step("US", "DEMO_US1", "20240229", "235500", "S3", "Echocardiography", "US1", "Παράδειγμα^Άννα")),
    "W4": entry("DEMO-4", 4, "Left hand, two views", "",
                step("DX", "DEMO_DX1", "20240301", "000500", "S4", "Left hand AP and oblique", "DX1", status="READY")),
    "W5A": entry("DEMO-5", 5, "PET and CT, whole body", "",
                 step("CT", "DEMO_CT1", "20240301", "0900", "S5A", "CT, low dose", "CT1")),
    "W5B": entry("DEMO-5", 5, "PET and CT, whole body", "",
                 step("PT", "DEMO_PT1", "20240301", "0930", "S5B", "PET, whole body", "PT1")),
    "W6": entry("DEMO-1", 6, "Angiography of the head", "",
                step("XA", "DEMO_XA1\\DEMO_XA2", "20240315", "101530", "S6", "Angiography", "XA1\\XA2")),
}


def write_worklist(folder):
    """One file per entry, as wlmscpfs and Orthanc's worklists read them."""
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, "lockfile"), "w").close()
    for label, attributes in WORKLIST.items():
        elements = elements_of(attributes, CODECS[attributes["SpecificCharacterSet"]])
        meta = make_samples.file_meta("1.2.276.0.7230010.3.1.0.1", uid("S99.%d" % len(label)), make_samples.EXPLICIT)
        with open(os.path.join(folder, label + ".wl"), "wb") as file:
            file.write(meta + make_samples.Writer(make_samples.EXPLICIT).dataset(elements))

# ---- queries ----

RELATIONAL, COMBINED, FUZZY, EMPTY, MULTIPLE = range(5)
# Bytes of the application information (PS3.4 C.5.1.1): the fourth is about time zones, the fifth about views.
EXTENDED = {RELATIONAL: b"\1", COMBINED: b"\0\1", FUZZY: b"\0\0\1", EMPTY: b"\0\0\0\0\0\1", MULTIPLE: b"\0\0\0\0\0\0\1"}


class Query:
    """One C-FIND: model P S O W (patient root, study root, patient/study only, worklist), level, and keys as text.

    keys: "Keyword=value"; "Keyword" or "Keyword=" is universal; {S01.2} becomes the UID of that entity; "A.B=x" is B in the
    one item of A, "A[]" a sequence with one empty item. The unique key of the level is added unless the query is bare.
    """

    def __init__(self, name, where, *keys, charset="", extended=None, bare=False):
        self.name, self.charset, self.extended, self.bare = name, charset, extended, bare
        self.model, self.level = where.split()
        self.keys = [self.split(key) for key in keys]
        if not bare and self.level in UNIQUE and not any(path == UNIQUE[self.level] for path, _ in self.keys):
            self.keys.append((UNIQUE[self.level], ""))

    @staticmethod
    def split(text):
        path, _, value = text.partition("=")
        while "{" in value:
            before, label = value.split("{", 1)
            label, after = label.split("}", 1)
            value = before + uid(label) + after
        return path, value

    def elements(self):
        """The identifier on the wire."""
        tree = {}
        if self.model != "W" and self.level != "NONE":
            tree["QueryRetrieveLevel"] = self.level
        if self.charset:
            tree["SpecificCharacterSet"] = self.charset
        for path, value in self.keys:
            at, parts = tree, path.split(".")
            for part in parts[:-1]:
                at = at.setdefault(part, {})
            if parts[-1].endswith("[]"):
                at.setdefault(parts[-1][:-2], {})
            else:
                at[parts[-1]] = value
        return self.encode(tree)

    def encode(self, tree):
        codec = CODECS[self.charset]
        elements = []
        for keyword, value in tree.items():
            tag, vr, _, _ = KEYS[keyword]
            if vr == "SQ":
                items = [self.encode(value)] if isinstance(value, dict) else []
                elements.append((tag, vr, make_samples.Sequence(items)))
            elif vr in ("US", "UL"):
                elements.append((tag, vr, int(value) if value else []))
            else:
                elements.append((tag, vr, value.encode(codec)))
        return elements


q = Query
ALL_OF_A_STUDY = ("PatientID", "PatientName", "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription",
                  "ReferringPhysicianName")
CT_ONE = ("PatientID=0001", "StudyInstanceUID={S01}", "SeriesInstanceUID={S01.1}")
ONE = CT_ONE[1:]
STEP = "ScheduledProcedureStepSequence."
W_KEYS = ("AccessionNumber", STEP + "ScheduledProcedureStepID")

QUERIES = [
    # universal, and the unique keys
    q("patients-all", "P PATIENT", "PatientName"),
    q("patients-all-star", "P PATIENT", "PatientID=*", "PatientName"),
    q("patient-by-id", "P PATIENT", "PatientID=P10", "PatientName", "PatientBirthDate", "PatientSex"),
    q("patient-by-id-zeros", "P PATIENT", "PatientID=0001", "PatientName"),
    q("patient-by-id-no-zeros", "P PATIENT", "PatientID=1", "PatientName"),
    q("patient-by-id-zeros-short", "P PATIENT", "PatientID=001", "PatientName"),
    q("patient-by-id-case", "P PATIENT", "PatientID=P008"),
    q("patient-by-id-case-lower", "P PATIENT", "PatientID=p008"),
    q("patient-by-id-percent", "P PATIENT", "PatientID=P%05"),
    q("patient-by-id-underscore", "P PATIENT", "PatientID=PAT_1"),
    q("patient-by-id-brackets", "P PATIENT", "PatientID=JP[1]"),
    q("patient-by-id-space-inside", "P PATIENT", "PatientID=G-07 A"),
    q("patient-by-id-two-spaces", "P PATIENT", "PatientID=G-07  A"),
    q("patient-by-id-padded", "P PATIENT", "PatientID=P10   "),
    q("patient-by-id-leading-space", "P PATIENT", "PatientID= P10"),
    q("patient-by-id-absent", "P PATIENT", "PatientID=NOBODY"),
    q("patient-by-id-prefix", "P PATIENT", "PatientID=P1"),
    q("patient-by-id-star", "P PATIENT", "PatientID=P*"),
    q("patient-by-id-question", "P PATIENT", "PatientID=P?0*"),
    q("patient-by-id-star-inside", "P PATIENT", "PatientID=P*1"),
    q("patient-by-id-underscore-star", "P PATIENT", "PatientID=PAT_*"),
    q("patient-by-id-bracket-star", "P PATIENT", "PatientID=JP[*"),
    q("patient-by-id-percent-star", "P PATIENT", "PatientID=P%*"),
    q("patient-by-id-questions", "P PATIENT", "PatientID=????"),
    q("patient-by-id-issuer", "P PATIENT", "PatientID=0001", "IssuerOfPatientID=HOSP_A"),
    q("patient-by-other-issuer", "P PATIENT", "PatientID=0001", "IssuerOfPatientID=HOSP_B"),
    q("patients-by-issuer", "P PATIENT", "IssuerOfPatientID=HOSP_A"),
    q("patients-counted", "P PATIENT", "PatientID=0001", "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries",
      "NumberOfPatientRelatedInstances"),
    q("patients-all-counted", "P PATIENT", "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedInstances"),
    q("patients-by-sex", "P PATIENT", "PatientSex=O"),
    q("patients-by-sex-star", "P PATIENT", "PatientSex=?"),
    q("patients-by-birth-date", "P PATIENT", "PatientBirthDate=19991231"),
    q("patients-by-birth-range", "P PATIENT", "PatientBirthDate=19610202-19610203"),
    q("patients-by-birth-until", "P PATIENT", "PatientBirthDate=-19610202"),
    q("patients-by-birth-from", "P PATIENT", "PatientBirthDate=19991231-"),
    q("patients-by-comments", "P PATIENT", "PatientComments=50% [a_b]*"),
    q("studies-all", "S STUDY", *ALL_OF_A_STUDY),
    q("study-by-uid", "S STUDY", "StudyInstanceUID={S01}", *ALL_OF_A_STUDY),
    q("study-by-uid-list", "S STUDY", "StudyInstanceUID={S01}\\{S05}\\{S20}", "StudyDate"),
    q("study-by-uid-list-some-absent", "S STUDY", "StudyInstanceUID={S02}\\1.2.3.4\\{S03}", "StudyDate"),
    q("study-by-uid-list-twice", "S STUDY", "StudyInstanceUID={S02}\\{S02}"),
    q("study-by-uid-absent", "S STUDY", "StudyInstanceUID=1.2.3.4"),
    q("study-by-uid-wildcard", "S STUDY", "StudyInstanceUID=1.2.826.*"),
    q("study-by-uid-star", "S STUDY", "StudyInstanceUID=*"),
    q("study-by-uid-empty-in-list", "S STUDY", "StudyInstanceUID={S02}\\"),
    # required keys of studies
    q("accession-single", "S STUDY", "AccessionNumber=ACC-001"),
    q("accession-case", "S STUDY", "AccessionNumber=acc-001"),
    q("accession-underscore", "S STUDY", "AccessionNumber=ACC_001"),
    q("accession-underscore-star", "S STUDY", "AccessionNumber=ACC_*"),
    q("accession-question", "S STUDY", "AccessionNumber=ACC?001"),
    q("accession-star", "S STUDY", "AccessionNumber=ACC*"),
    q("accession-star-end", "S STUDY", "AccessionNumber=*001"),
    q("accession-star-both", "S STUDY", "AccessionNumber=*C*0*"),
    q("accession-stars", "S STUDY", "AccessionNumber=A**1"),
    q("accession-a-star-1", "S STUDY", "AccessionNumber=A*1"),
    q("accession-a-question-1", "S STUDY", "AccessionNumber=A?1"),
    q("accession-bracket", "S STUDY", "AccessionNumber=A[1]"),
    q("accession-bracket-star", "S STUDY", "AccessionNumber=A[*"),
    q("accession-bracket-class", "S STUDY", "AccessionNumber=A[0-9]*"),
    q("accession-parenthesis", "S STUDY", "AccessionNumber=A(1)"),
    q("accession-parenthesis-star", "S STUDY", "AccessionNumber=A(*"),
    q("accession-dot", "S STUDY", "AccessionNumber=A.1"),
    q("accession-dot-star", "S STUDY", "AccessionNumber=A.*"),
    q("accession-percent", "S STUDY", "AccessionNumber=100%"),
    q("accession-percent-star", "S STUDY", "AccessionNumber=1*%"),
    q("accession-percent-alone", "S STUDY", "AccessionNumber=%"),
    q("accession-plus-star", "S STUDY", "AccessionNumber=A+*"),
    q("accession-leading-space", "S STUDY", "AccessionNumber= lead"),
    q("accession-without-leading-space", "S STUDY", "AccessionNumber=lead"),
    q("accession-space-inside", "S STUDY", "AccessionNumber=G 1"),
    q("accession-padded", "S STUDY", "AccessionNumber=A1  "),
    q("accession-quote", "S STUDY", "AccessionNumber=' OR '1'='1"),
    q("accession-empty-quotes", "S STUDY", "AccessionNumber=\"\""),
    q("accession-too-long", "S STUDY", "AccessionNumber=" + "A" * 40),
    q("accession-long-pattern", "S STUDY", "AccessionNumber=*" + "?" * 15 + "*"),
    q("accession-two-values", "S STUDY", "AccessionNumber=ACC-001\\ACC-002"),
    q("study-id-zero", "S STUDY", "StudyID=01"),
    q("study-id-no-zero", "S STUDY", "StudyID=1"),
    q("study-id-percent", "S STUDY", "StudyID=%"),
    q("study-id-underscore", "S STUDY", "StudyID=_"),
    q("study-id-question", "S STUDY", "StudyID=3?"),
    q("study-date-single", "S STUDY", "StudyDate=20240116"),
    q("study-date-range", "S STUDY", "StudyDate=20240115-20240116"),
    q("study-date-range-one-day", "S STUDY", "StudyDate=20240229-20240229"),
    q("study-date-from", "S STUDY", "StudyDate=20240309-"),
    q("study-date-until", "S STUDY", "StudyDate=-20231231"),
    q("study-date-reversed", "S STUDY", "StudyDate=20240116-20240115"),
    q("study-date-range-spaces", "S STUDY", "StudyDate=20240115 - 20240116"),
    q("study-date-hyphen-alone", "S STUDY", "StudyDate=-"),
    q("study-date-old-form", "S STUDY", "StudyDate=2024.01.16"),
    q("study-date-wildcard", "S STUDY", "StudyDate=202401*"),
    q("study-date-star", "S STUDY", "StudyDate=*"),
    q("study-date-impossible", "S STUDY", "StudyDate=20240230"),
    q("study-date-no-date", "S STUDY", "StudyDate=yesterday"),
    q("study-date-month", "S STUDY", "StudyDate=202401"),
    q("study-date-over-year", "S STUDY", "StudyDate=20231231-20240115"),
    q("study-date-two-values", "S STUDY", "StudyDate=20240115\\20240116"),
    q("study-time-single", "S STUDY", "StudyTime=101500"),
    q("study-time-short-key", "S STUDY", "StudyTime=1015"),
    q("study-time-short-value", "S STUDY", "StudyTime=120000"),
    q("study-time-midnight", "S STUDY", "StudyTime=000000"),
    q("study-time-range", "S STUDY", "StudyTime=070000-101500"),
    q("study-time-range-short", "S STUDY", "StudyTime=12-1200"),
    q("study-time-from", "S STUDY", "StudyTime=200000-"),
    q("study-time-until", "S STUDY", "StudyTime=-070000"),
    q("study-time-until-fraction", "S STUDY", "StudyTime=-070000.5"),
    q("study-time-fraction", "S STUDY", "StudyTime=235959.999999"),
    q("study-time-colons", "S STUDY", "StudyTime=10:15:00"),
    q("study-time-across-midnight", "S STUDY", "StudyTime=230000-010000"),
    q("study-date-and-time", "S STUDY", "StudyDate=20240115-20240116", "StudyTime=100000-110000"),
    q("study-date-and-time-combined", "S STUDY", "StudyDate=20240115-20240116", "StudyTime=110000-000000",
      extended=COMBINED),
    q("study-date-and-time-combined-open", "S STUDY", "StudyDate=20240309-", "StudyTime=190001-", extended=COMBINED),
    # names
    q("name-exact", "S STUDY", "PatientName=Adams^John^Q^Dr^Jr"),
    q("name-case", "S STUDY", "PatientName=adams^jane"),
    q("name-star", "S STUDY", "PatientName=Adams*"),
    q("name-star-case", "S STUDY", "PatientName=aDAMS*"),
    q("name-star-caret", "S STUDY", "PatientName=Adams^*"),
    q("name-question", "S STUDY", "PatientName=?dams^J*"),
    q("name-family-only", "S STUDY", "PatientName=Adamson"),
    q("name-trailing-carets", "S STUDY", "PatientName=Adamson^Joan^^^"),
    q("name-star-star", "S STUDY", "PatientName=*^*"),
    q("name-three-stars", "S STUDY", "PatientName=*=*=*"),
    q("name-apostrophe", "S STUDY", "PatientName=O'Brien-Smith^Ann Mary"),
    q("name-hyphen-star", "S STUDY", "PatientName=*-Smith^*"),
    q("name-latin-exact", "S STUDY", "PatientName=Müller^Jürgen", charset="ISO_IR 100"),
    q("name-latin-in-utf8", "S STUDY", "PatientName=Müller^Jürgen", charset="ISO_IR 192"),
    q("name-latin-star", "S STUDY", "PatientName=Mü*", charset="ISO_IR 100"),
    q("name-latin-question", "S STUDY", "PatientName=M?ller*", charset="ISO_IR 192"),
    q("name-latin-question-ascii", "S STUDY", "PatientName=M?ller*"),
    q("name-latin-upper", "S STUDY", "PatientName=MÜLLER^JÜRGEN", charset="ISO_IR 100"),
    q("name-accents-left-out", "S STUDY", "PatientName=Muller^Jurgen"),
    q("name-greek-exact", "S STUDY", "PatientName=Διονυσιος^Άννα", charset="ISO_IR 126"),
    q("name-greek-in-utf8", "S STUDY", "PatientName=Διονυσιος^Άννα", charset="ISO_IR 192"),
    q("name-greek-star", "S STUDY", "PatientName=Διον*", charset="ISO_IR 126"),
    q("name-greek-upper", "S STUDY", "PatientName=ΔΙΟΝΥΣΙΟΣ^ΑΝΝΑ", charset="ISO_IR 126"),
    q("name-polish", "S STUDY", "PatientName=Łukasz^Żółć=王^小东", charset="ISO_IR 192"),
    q("name-polish-first-group", "S STUDY", "PatientName=Łukasz^Żółć", charset="ISO_IR 192"),
    q("name-chinese-second-group", "S STUDY", "PatientName=王^小东", charset="ISO_IR 192"),
    q("name-chinese-star", "S STUDY", "PatientName=王*", charset="ISO_IR 192"),
    q("name-japanese-first-group", "S STUDY", "PatientName=Yamada^Tarou"),
    q("name-japanese-all-groups", "S STUDY", "PatientName=Yamada^Tarou=山田^太郎=やまだ^たろう", charset=JAPANESE),
    q("name-japanese-star-groups", "S STUDY", "PatientName=Yamada*=*=*"),
    q("name-japanese-ideographic", "S STUDY", "PatientName==山田^太郎", charset="ISO_IR 192"),
    q("name-japanese-phonetic-star", "S STUDY", "PatientName===やまだ*", charset="ISO_IR 192"),
    q("name-japanese-wrong-group", "S STUDY", "PatientName=山田^太郎=x", charset="ISO_IR 192"),
    q("name-fuzzy", "S STUDY", "PatientName=john adam", extended=FUZZY),
    q("referring-exact", "S STUDY", "ReferringPhysicianName=Who^Doctor"),
    q("referring-star", "S STUDY", "ReferringPhysicianName=Who*"),
    q("referring-smith", "S STUDY", "ReferringPhysicianName=Smith"),
    q("referring-latin", "S STUDY", "ReferringPhysicianName=Müller*", charset="ISO_IR 192"),
    # optional keys of studies
    q("description-exact", "S STUDY", "StudyDescription=CT Head 50%"),
    q("description-percent", "S STUDY", "StudyDescription=*50%"),
    q("description-percent-inside", "S STUDY", "StudyDescription=*Head*50%*"),
    q("description-case", "S STUDY", "StudyDescription=ct head"),
    q("description-two-spaces", "S STUDY", "StudyDescription=CT Head  two spaces"),
    q("description-one-space", "S STUDY", "StudyDescription=CT Head two spaces"),
    q("description-quotes", "S STUDY", "StudyDescription=a\"quoted\" 'word'"),
    q("description-comma", "S STUDY", "StudyDescription=Left hand, two views"),
    q("description-latin", "S STUDY", "StudyDescription=Schädel nativ", charset="ISO_IR 100"),
    q("description-latin-question", "S STUDY", "StudyDescription=Sch?del nativ", charset="ISO_IR 192"),
    q("description-japanese", "S STUDY", "StudyDescription=頭部 CT", charset=JAPANESE),
    q("description-japanese-question", "S STUDY", "StudyDescription=?部 CT", charset="ISO_IR 192"),
    q("description-greek-star", "S STUDY", "StudyDescription=Καρδ*", charset="ISO_IR 192"),
    q("age-single", "S STUDY", "PatientAge=062Y"),
    q("modalities-single", "S STUDY", "ModalitiesInStudy=MR", "StudyDate"),
    q("modalities-universal", "S STUDY", "ModalitiesInStudy"),
    q("modalities-wildcard", "S STUDY", "ModalitiesInStudy=C?"),
    q("modalities-two", "S STUDY", "ModalitiesInStudy=PT\\SR"),
    q("modalities-none", "S STUDY", "ModalitiesInStudy=XA"),
    q("modalities-multiple-agreed", "S STUDY", "ModalitiesInStudy=CT\\SR", extended=MULTIPLE),
    q("classes-universal", "S STUDY", "StudyInstanceUID={S01}\\{S03}", "SOPClassesInStudy"),
    q("classes-single", "S STUDY", "SOPClassesInStudy=" + SC),
    q("classes-list", "S STUDY", "SOPClassesInStudy=%s\\%s" % (SR, US)),
    q("study-counts", "S STUDY", "StudyInstanceUID={S18}", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
    q("study-counts-all", "S STUDY", "NumberOfStudyRelatedInstances"),
    q("study-patient-counts", "S STUDY", "StudyInstanceUID={S18}", "NumberOfPatientRelatedStudies"),
    q("procedure-code-zero-length", "S STUDY", "StudyInstanceUID={S01}\\{S02}", "ProcedureCodeSequence"),
    q("procedure-code-empty-item", "S STUDY", "StudyInstanceUID={S01}\\{S02}", "ProcedureCodeSequence[]"),
    q("procedure-code-value", "S STUDY", "ProcedureCodeSequence.CodeValue=CTHEAD"),
    q("procedure-code-same-item", "S STUDY", "ProcedureCodeSequence.CodeValue=HEART",
      "ProcedureCodeSequence.CodingSchemeDesignator=99XYZ"),
    q("procedure-code-both", "S STUDY", "ProcedureCodeSequence.CodeValue=CTHEAD",
      "ProcedureCodeSequence.CodingSchemeDesignator=99XYZ"),
    q("procedure-code-wildcard", "S STUDY", "ProcedureCodeSequence.CodeMeaning=*head"),
    q("availability-asked", "S STUDY", "StudyInstanceUID={S01}", "InstanceAvailability"),
    q("retrieve-ae-asked", "S STUDY", "StudyInstanceUID={S01}", "RetrieveAETitle"),
    q("empty-value-agreed", "S STUDY", "AccessionNumber=\"\"", extended=EMPTY),
    q("empty-date-agreed", "S STUDY", "StudyDate=\"\"", extended=EMPTY),
    # several keys at once
    q("keys-name-and-date", "S STUDY", "PatientName=Adams*", "StudyDate=20240116"),
    q("keys-id-and-modality", "S STUDY", "PatientID=0001", "ModalitiesInStudy=SR"),
    q("keys-contradict", "S STUDY", "PatientID=0001", "AccessionNumber=A1"),
    q("keys-id-star-accession", "S STUDY", "PatientID=*1", "AccessionNumber=ACC*"),
    # patient root
    q("patient-root-studies", "P STUDY", "PatientID=0001", "StudyDate", "AccessionNumber"),
    q("patient-root-studies-range", "P STUDY", "PatientID=P10", "StudyDate=20240101-20241231"),
    q("patient-root-study-no-patient", "P STUDY", "StudyDate=20240116"),
    q("patient-root-study-empty-patient", "P STUDY", "PatientID=", "StudyInstanceUID={S01}"),
    q("patient-root-study-wild-patient", "P STUDY", "PatientID=P*", "StudyDate=20240309"),
    q("patient-root-study-name", "P STUDY", "PatientID=0001", "PatientName=Adams*"),
    q("patient-root-study-other-patient", "P STUDY", "PatientID=P10", "StudyInstanceUID={S01}"),
    q("patient-root-series", "P SERIES", "PatientID=0001", "StudyInstanceUID={S01}", "Modality"),
    q("patient-root-images", "P IMAGE", *CT_ONE, "InstanceNumber"),
    q("patient-level-study-key", "P PATIENT", "StudyDate=20240116"),
    q("patient-level-study-return-key", "P PATIENT", "PatientID=0001", "StudyDate"),
    q("only-patients", "O PATIENT", "PatientID=P*", "PatientName"),
    q("only-studies", "O STUDY", "PatientID=0001", "StudyDate"),
    q("only-series", "O SERIES", "PatientID=0001", "StudyInstanceUID={S01}"),
    # levels and hierarchy
    q("level-patient-in-study-root", "S PATIENT", "PatientID=0001"),
    q("level-absent", "S NONE", "StudyInstanceUID={S01}", bare=True),
    q("level-empty", "S NONE", "QueryRetrieveLevel=", "StudyInstanceUID={S01}", bare=True),
    q("level-unknown", "S NONE", "QueryRetrieveLevel=FRAME", "StudyInstanceUID={S01}", bare=True),
    q("level-lower-case", "S NONE", "QueryRetrieveLevel=study", "StudyInstanceUID={S01}", bare=True),
    q("unique-key-left-out", "S STUDY", "PatientID=0001", "StudyDate", bare=True),
    q("series-no-study", "S SERIES", "Modality=MR"),
    q("series-empty-study", "S SERIES", "StudyInstanceUID=", "Modality=MR"),
    q("series-study-list", "S SERIES", "StudyInstanceUID={S01}\\{S02}", "Modality"),
    q("series-study-star", "S SERIES", "StudyInstanceUID=*", "Modality=PT"),
    q("series-key-of-study", "S SERIES", "StudyInstanceUID={S01}", "StudyDate=20240115"),
    q("series-return-key-of-study", "S SERIES", "StudyInstanceUID={S01}", "StudyDate", "PatientName"),
    q("study-key-of-series", "S STUDY", "Modality=PT"),
    q("study-return-key-of-series", "S STUDY", "StudyInstanceUID={S01}", "Modality"),
    q("image-no-series", "S IMAGE", "StudyInstanceUID={S01}", "InstanceNumber"),
    q("image-no-study", "S IMAGE", "SeriesInstanceUID={S01.1}", "InstanceNumber"),
    q("image-by-uid-alone", "S IMAGE", "SOPInstanceUID={S01.1.1}"),
    q("relational-series-by-modality", "S SERIES", "Modality=MR", extended=RELATIONAL),
    q("relational-series-by-date", "S SERIES", "StudyDate=20240116", "SeriesDescription", extended=RELATIONAL),
    q("relational-study-by-modality", "S STUDY", "Modality=PT", extended=RELATIONAL),
    q("relational-image-by-uid", "S IMAGE", "SOPInstanceUID={S01.1.1}\\{S18.4.2}", extended=RELATIONAL),
    q("relational-image-by-patient", "S IMAGE", "PatientID=P10", "Modality=SR", extended=RELATIONAL),
    q("relational-patient-by-study", "P PATIENT", "StudyDate=20240116", extended=RELATIONAL),
    q("relational-series-study-list", "S SERIES", "StudyInstanceUID={S16}\\{S17}", "SeriesNumber=2", extended=RELATIONAL),
    # series
    q("series-of-study", "S SERIES", "StudyInstanceUID={S01}", "Modality", "SeriesNumber", "SeriesDescription"),
    q("series-by-modality", "S SERIES", "StudyInstanceUID={S18}", "Modality=CT"),
    q("series-by-modality-wildcard", "S SERIES", "StudyInstanceUID={S18}", "Modality=?T"),
    q("series-by-modality-case", "S SERIES", "StudyInstanceUID={S18}", "Modality=ct"),
    q("series-by-modality-two", "S SERIES", "StudyInstanceUID={S18}", "Modality=SR\\OT"),
    q("series-by-number", "S SERIES", "StudyInstanceUID={S18}", "SeriesNumber=2"),
    q("series-by-number-zeros", "S SERIES", "StudyInstanceUID={S05}", "SeriesNumber=1"),
    q("series-by-number-wildcard", "S SERIES", "StudyInstanceUID={S18}", "SeriesNumber=?"),
    q("series-by-number-no-number", "S SERIES", "StudyInstanceUID={S18}", "SeriesNumber=two"),
    q("series-by-uid", "S SERIES", "StudyInstanceUID={S18}", "SeriesInstanceUID={S18.2}", "SeriesDescription"),
    q("series-by-uid-list", "S SERIES", "StudyInstanceUID={S18}", "SeriesInstanceUID={S18.2}\\{S18.4}\\{S01.1}"),
    q("series-of-other-study", "S SERIES", "StudyInstanceUID={S18}", "SeriesInstanceUID={S01.1}"),
    q("series-description-case", "S SERIES", "StudyInstanceUID={S18}", "SeriesDescription=axial"),
    q("series-description-brackets", "S SERIES", "StudyInstanceUID={S01}", "SeriesDescription=axial [thin]"),
    q("series-description-brackets-star", "S SERIES", "StudyInstanceUID={S01}", "SeriesDescription=*[thin]"),
    q("series-description-underscore", "S SERIES", "StudyInstanceUID={S02}", "SeriesDescription=t1_se"),
    q("series-description-question", "S SERIES", "StudyInstanceUID={S02}", "SeriesDescription=t1?se"),
    q("series-body-part", "S SERIES", "StudyInstanceUID={S18}", "BodyPartExamined=HEAD"),
    q("series-station-case", "S SERIES", "StudyInstanceUID={S02}", "StationName=MR 1"),
    q("series-institution", "S SERIES", "StudyInstanceUID={S02}", "InstitutionName=N*"),
    q("series-date", "S SERIES", "StudyInstanceUID={S01}", "SeriesDate=20240116"),
    q("series-date-range", "S SERIES", "StudyInstanceUID={S01}", "SeriesDate=20240115-20240115"),
    q("series-time-range", "S SERIES", "StudyInstanceUID={S01}", "SeriesTime=1015-1019"),
    q("series-counts", "S SERIES", "StudyInstanceUID={S18}", "NumberOfSeriesRelatedInstances"),
    q("series-request-zero-length", "S SERIES", "StudyInstanceUID={S01}", "RequestAttributesSequence"),
    q("series-request-step", "S SERIES", "StudyInstanceUID={S01}", "RequestAttributesSequence.ScheduledProcedureStepID=SPS2"),
    q("series-request-same-item", "S SERIES", "StudyInstanceUID={S01}",
      "RequestAttributesSequence.ScheduledProcedureStepID=SPS3", "RequestAttributesSequence.RequestedProcedureID=RP1"),
    q("series-request-second-item", "S SERIES", "StudyInstanceUID={S01}",
      "RequestAttributesSequence.ScheduledProcedureStepID=SPS3", "RequestAttributesSequence.RequestedProcedureID=RP2"),
    q("series-request-return", "S SERIES", "StudyInstanceUID={S14}", "RequestAttributesSequence.ScheduledProcedureStepID",
      "RequestAttributesSequence.RequestedProcedureID"),
    q("series-request-wildcard", "S SERIES", "StudyInstanceUID={S14}", "RequestAttributesSequence.RequestedProcedureID=RP?"),
    q("series-performed-date", "S SERIES", "StudyInstanceUID={S01}", "PerformedProcedureStepStartDate=20240101-"),
    # images
    q("images-of-series", "S IMAGE", *ONE, "InstanceNumber", "SOPClassUID", "ContentDate"),
    q("image-by-number", "S IMAGE", *ONE, "InstanceNumber=1"),
    q("image-by-number-zeros", "S IMAGE", *ONE, "InstanceNumber=2"),
    q("image-by-number-as-written", "S IMAGE", *ONE, "InstanceNumber=002"),
    q("image-by-number-negative", "S IMAGE", ONE[0], "SeriesInstanceUID={S01.2}", "InstanceNumber=-2"),
    q("image-by-number-plus", "S IMAGE", ONE[0], "SeriesInstanceUID={S01.2}", "InstanceNumber=3"),
    q("image-by-uid-list", "S IMAGE", *ONE, "SOPInstanceUID={S01.1.1}\\{S01.1.6}\\{S01.2.1}"),
    q("image-by-class", "S IMAGE", *ONE, "SOPClassUID=" + CT),
    q("image-by-class-list", "S IMAGE", *ONE, "SOPClassUID=%s\\%s" % (MR, SC)),
    q("image-by-class-wildcard", "S IMAGE", *ONE, "SOPClassUID=1.2.840.10008.5.1.4.1.1.*"),
    q("image-by-rows", "S IMAGE", *ONE, "Rows=2"),
    q("image-by-rows-none", "S IMAGE", *ONE, "Rows=3"),
    q("image-by-thickness", "S IMAGE", *ONE, "SliceThickness=2.5"),
    q("image-by-type", "S IMAGE", ONE[0], "SeriesInstanceUID={S01.2}", "ImageType=MPR"),
    q("image-by-comments", "S IMAGE", *ONE, "ImageComments=50%*"),
    q("image-by-content-time", "S IMAGE", *ONE, "ContentTime=101502-101504"),
    q("image-by-content-time-short", "S IMAGE", *ONE, "ContentTime=101500"),
    q("image-by-content-date", "S IMAGE", *ONE, "ContentDate=20240115"),
    q("image-by-moment", "S IMAGE", *ONE, "AcquisitionDateTime=20240115101500"),
    q("image-by-moment-range", "S IMAGE", *ONE, "AcquisitionDateTime=20240115101500.1-20240115235959"),
    q("image-by-moment-from", "S IMAGE", *ONE, "AcquisitionDateTime=20240115200000-"),
    q("image-by-moment-day", "S IMAGE", *ONE, "AcquisitionDateTime=20240115"),
    q("image-by-moment-offset", "S IMAGE", *ONE, "AcquisitionDateTime=20240115091500+0000"),
    q("image-private-key", "S IMAGE", ONE[0], "SeriesInstanceUID={S01.2}", "PrivateCreator=LIBSCU QUERIES",
      "PrivateText=nothing like it"),
    q("image-unknown-key", "S IMAGE", *ONE, "UnknownStandard=x"),
    q("image-by-moment-offset-west", "S IMAGE", *ONE, "AcquisitionDateTime=20240115041500-0500"),
    q("image-by-moment-offset-range", "S IMAGE", *ONE, "AcquisitionDateTime=20240115091500+0000-20240115101500+0000"),
    q("image-by-moment-until", "S IMAGE", *ONE, "AcquisitionDateTime=-20240115091500"),
    q("image-by-moment-year", "S IMAGE", *ONE, "AcquisitionDateTime=2024"),
    q("image-by-moment-other-year", "S IMAGE", *ONE, "AcquisitionDateTime=2023"),
    q("image-by-moment-month", "S IMAGE", *ONE, "AcquisitionDateTime=202401"),
    q("image-by-moment-hour", "S IMAGE", *ONE, "AcquisitionDateTime=2024011523"),
    q("image-by-moment-days", "S IMAGE", *ONE, "AcquisitionDateTime=20240115-20240115"),
    # values of nothing, odd padding, what is no key
    q("accession-spaces-only", "S STUDY", "AccessionNumber=    "),
    q("accession-nul-padded", "S STUDY", "AccessionNumber=A1\0\0"),
    q("accession-star-space", "S STUDY", "AccessionNumber=G *"),
    q("accession-star-padded", "S STUDY", "AccessionNumber=*1 "),
    q("accession-question-alone", "S STUDY", "AccessionNumber=?"),
    q("accession-stars-only", "S STUDY", "AccessionNumber=**"),
    q("accession-question-star", "S STUDY", "AccessionNumber=?*"),
    q("accession-sixteen-and-star", "S STUDY", "AccessionNumber=ACC-001?????????*"),
    q("accession-empty-between", "S STUDY", "AccessionNumber=\\"),
    q("study-id-question-alone", "S STUDY", "StudyID=?"),
    q("study-id-star-percent", "S STUDY", "StudyID=*%*"),
    q("patient-ids-two", "S STUDY", "PatientID=0001\\P10"),
    q("group-length", "S STUDY", "GroupLength=22", "StudyInstanceUID={S01}", "StudyDate"),
    q("description-star-only", "S STUDY", "StudyDescription=*"),
    q("description-question-star", "S STUDY", "StudyDescription=?*"),
    q("counts-matched", "S STUDY", "NumberOfStudyRelatedInstances=4"),
    q("modalities-case", "S STUDY", "ModalitiesInStudy=mr"),
    q("modalities-star", "S STUDY", "ModalitiesInStudy=*"),
    q("modalities-question-none", "S STUDY", "ModalitiesInStudy=???"),
    q("names-of-patients", "P PATIENT", "PatientName=Adam*"),
    q("name-comma", "S STUDY", "PatientName=Adams, John"),
    q("name-empty-groups", "S STUDY", "PatientName===", charset="ISO_IR 192"),
    q("name-caret-alone", "S STUDY", "PatientName=^"),
    q("name-japanese-in-iso-2022", "S STUDY", "PatientName=*山田*", charset=JAPANESE),
    q("name-star-inside", "S STUDY", "PatientName=A*n"),
    q("birth-date-in-study-root", "S STUDY", "PatientBirthDate=19610202-19610203"),
    q("sex-and-issuer-in-study-root", "S STUDY", "PatientSex=M", "IssuerOfPatientID=HOSP_A"),
    q("study-time-open-and-date", "S STUDY", "StudyDate=20240309", "StudyTime=190001-"),
    q("study-time-end-of-day", "S STUDY", "StudyTime=235959-"),
    q("study-date-far-apart", "S STUDY", "StudyDate=19000101-20991231"),
    # sequences inside sequences
    q("protocol-code", "S SERIES", "StudyInstanceUID={S01}",
      "RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeValue=HEART"),
    q("protocol-code-same-item", "S SERIES", "StudyInstanceUID={S01}",
      "RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeValue=CTHEAD",
      "RequestAttributesSequence.ScheduledProtocolCodeSequence.CodingSchemeDesignator=99XYZ",
      "RequestAttributesSequence.ScheduledProcedureStepID"),
    q("protocol-code-other-item", "S SERIES", "StudyInstanceUID={S01}",
      "RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeValue=CTHEAD",
      "RequestAttributesSequence.ScheduledProcedureStepID=SPS2"),
    q("protocol-code-return", "S SERIES", "StudyInstanceUID={S01}",
      "RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeMeaning"),
    q("protocol-code-whole", "S SERIES", "StudyInstanceUID={S01}", "SeriesInstanceUID={S01.1}",
      "RequestAttributesSequence.ScheduledProtocolCodeSequence"),
    # relational: keys of one level are about one entity of it
    q("relational-study-same-series", "S STUDY", "Modality=SR", "SeriesNumber=2", extended=RELATIONAL),
    q("relational-study-by-image", "S STUDY", "Modality=CT", "InstanceNumber=6", extended=RELATIONAL),
    q("relational-patient-by-modality", "P PATIENT", "Modality=US", extended=RELATIONAL),
    q("relational-patient-by-both", "P PATIENT", "StudyDate=20240301-20240331", "Modality=MR", extended=RELATIONAL),
    q("relational-image-by-name", "S IMAGE", "PatientName=O'Brien*", "SeriesNumber=1", extended=RELATIONAL),
    q("relational-series-wild", "S SERIES", "AccessionNumber=ACC?00*", "Modality=MR", extended=RELATIONAL),
    q("relational-study-class", "S STUDY", "SOPClassUID=" + SC, extended=RELATIONAL),
    # worklist
    q("worklist-all", "W -", "PatientName", "PatientID", *W_KEYS),
    q("worklist-by-id", "W -", "PatientID=DEMO-1", *W_KEYS),
    q("worklist-by-id-case", "W -", "PatientID=demo-1", *W_KEYS),
    q("worklist-by-id-star", "W -", "PatientID=DEMO-?", *W_KEYS),
    q("worklist-by-name", "W -", "PatientName=Phantom*", *W_KEYS),
    q("worklist-by-name-case", "W -", "PatientName=phantom^ada", *W_KEYS),
    q("worklist-by-name-greek", "W -", "PatientName=Δείγμα*", *W_KEYS, charset="ISO_IR 192"),
    q("worklist-by-name-japanese", "W -", "PatientName=Reidai^Hanako=例題^花子=れいだい^はなこ", *W_KEYS, charset=JAPANESE),
    q("worklist-by-accession", "W -", "AccessionNumber=A2400003", W_KEYS[1]),
    q("worklist-by-accession-question", "W -", "AccessionNumber=A240000?", W_KEYS[1]),
    q("worklist-by-procedure", "W -", "RequestedProcedureID=P2", *W_KEYS),
    q("worklist-by-study", "W -", "StudyInstanceUID=" + WORKLIST["W4"]["StudyInstanceUID"], *W_KEYS),
    q("worklist-by-modality", "W -", STEP + "Modality=CT", *W_KEYS),
    q("worklist-by-modality-none", "W -", STEP + "Modality=MG", *W_KEYS),
    q("worklist-by-station", "W -", STEP + "ScheduledStationAETitle=DEMO_CT1", *W_KEYS),
    q("worklist-by-second-station", "W -", STEP + "ScheduledStationAETitle=DEMO_XA2", *W_KEYS),
    q("worklist-by-station-star", "W -", STEP + "ScheduledStationAETitle=DEMO_?T1", *W_KEYS),
    q("worklist-by-date", "W -", STEP + "ScheduledProcedureStepStartDate=20240229", *W_KEYS),
    q("worklist-by-date-range", "W -", STEP + "ScheduledProcedureStepStartDate=20240301-20240314", *W_KEYS),
    q("worklist-by-date-from", "W -", STEP + "ScheduledProcedureStepStartDate=20240302-", *W_KEYS),
    q("worklist-by-time", "W -", STEP + "ScheduledProcedureStepStartTime=0900", *W_KEYS),
    q("worklist-by-time-range", "W -", STEP + "ScheduledProcedureStepStartTime=080000-100000", *W_KEYS),
    q("worklist-by-night", "W -", STEP + "ScheduledProcedureStepStartDate=20240229-20240301",
      STEP + "ScheduledProcedureStepStartTime=235500-000500", *W_KEYS),
    q("worklist-by-day-and-time", "W -", STEP + "ScheduledProcedureStepStartDate=20240301",
      STEP + "ScheduledProcedureStepStartTime=0930", *W_KEYS),
    q("worklist-by-modality-and-date", "W -", STEP + "Modality=CT", STEP + "ScheduledProcedureStepStartDate=20240301",
      *W_KEYS),
    q("worklist-by-performer", "W -", STEP + "ScheduledPerformingPhysicianName=Reader^Rita", *W_KEYS),
    q("worklist-by-performer-star", "W -", STEP + "ScheduledPerformingPhysicianName=R*", *W_KEYS),
    q("worklist-by-step-id", "W -", STEP + "ScheduledProcedureStepID=S5B", "AccessionNumber"),
    q("worklist-by-status", "W -", STEP + "ScheduledProcedureStepStatus=READY", *W_KEYS),
    q("worklist-by-code", "W -", "RequestedProcedureCodeSequence.CodeValue=CTHEAD", *W_KEYS),
    q("worklist-by-code-other-scheme", "W -", "RequestedProcedureCodeSequence.CodeValue=CTHEAD",
      "RequestedProcedureCodeSequence.CodingSchemeDesignator=99X", *W_KEYS),
    q("worklist-by-birth-date", "W -", "PatientBirthDate=19580101-19701231", *W_KEYS),
    q("worklist-by-location", "W -", STEP + "ScheduledProcedureStepLocation=Ward", *W_KEYS),
    q("worklist-by-requester-unknown", "W -", "ReferringPhysicianName=Rei*", *W_KEYS),
    q("worklist-by-two-modalities", "W -", STEP + "Modality=CT\\MR", *W_KEYS),
    q("worklist-by-night-apart", "W -", STEP + "ScheduledProcedureStepStartDate=20240229-20240301",
      STEP + "ScheduledProcedureStepStartTime=090000-100000", *W_KEYS),
    q("worklist-empty-item", "W -", "PatientID=DEMO-4", "AccessionNumber", "ScheduledProcedureStepSequence[]"),
    q("worklist-details", "W -", "PatientID=DEMO-4", "PatientName", "PatientBirthDate", "PatientSex",
      "RequestedProcedureDescription", "RequestingPhysician", "StudyInstanceUID", *W_KEYS,
      STEP + "ScheduledProcedureStepDescription", STEP + "ScheduledStationName", STEP + "ScheduledProcedureStepStartTime"),
    q("worklist-requester-star", "W -", "RequestingPhysician=Example*", *W_KEYS),
]
