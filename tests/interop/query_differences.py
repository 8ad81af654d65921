"""Where the peers answer a query of query_corpus.py otherwise than query_oracle.py, who is right, and by which clause.

WAYS are habits that show all over: the oracle takes them on for that peer, so that what is left is worth a line of its own.
DIFFERENCES are that: query -> what is seen, in the words of test_queries.difference. Both fail when they are not true any
more, and docs/queries.md is written from them.
"""

import support  # first: it knows where the others are
import query_corpus
import query_oracle
from query_oracle import Ways

OURS, OPEN = "ours", "open"
VERDICTS = {OURS: "scu archive", OPEN: "left open"}

NAMES = {"ARCHIVE": "scu archive", "DCMQRSCP": "dcmqrscp 3.6.7", "ORTHANC": "Orthanc 1.10.1", "WLMSCPFS": "wlmscpfs 3.6.7"}

WAYS = {
    "ARCHIVE": Ways(),
    "DCMQRSCP": Ways(unknown_never_matches=True, silent=[
        "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances",
        "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "NumberOfSeriesRelatedInstances",
        "ModalitiesInStudy", "SOPClassesInStudy", "ProcedureCodeSequence", "RequestAttributesSequence", "SeriesDescription",
        "BodyPartExamined", "StationName", "InstitutionName", "SeriesDate", "SeriesTime", "PerformedProcedureStepStartDate",
        "ContentDate", "ContentTime", "SOPClassUID", "Rows", "SliceThickness", "ImageType", "ImageComments",
        "AcquisitionDateTime", "UnknownStandard"]),
    "ORTHANC": Ways(unknown_never_matches=True, unmatched=["ProcedureCodeSequence", "RequestAttributesSequence"]),
    "WLMSCPFS": Ways(unmatched=["StudyInstanceUID", "ScheduledProcedureStepID", "ScheduledProcedureStepStatus",
                                "ScheduledProcedureStepLocation", "RequestedProcedureCodeSequence"]),
}


class Difference:
    def __init__(self, title, clause, verdict, what, dcmqrscp=None, orthanc=None, wlmscpfs=None):
        self.title, self.clause, self.verdict, self.what = title, clause, verdict, what
        self.seen = {"DCMQRSCP": dcmqrscp or {}, "ORTHANC": orthanc or {}, "WLMSCPFS": wlmscpfs or {}}


DIFFERENCES = [
    Difference(
        "options turned down", "PS3.4 C.5.1.1", OPEN,
        "Relational queries, combined date and time, fuzzy names, empty values and multiple values are options "
        "that an SCP may turn down; both peers turn down all of them.",
        dcmqrscp={
            "study-date-and-time-combined": "not agreed", "study-date-and-time-combined-open": "not agreed",
            "name-fuzzy": "not agreed", "modalities-multiple-agreed": "not agreed",
            "empty-value-agreed": "not agreed", "empty-date-agreed": "not agreed",
            "relational-series-by-modality": "not agreed", "relational-series-by-date": "not agreed",
            "relational-study-by-modality": "not agreed", "relational-image-by-uid": "not agreed",
            "relational-image-by-patient": "not agreed", "relational-patient-by-study": "not agreed",
            "relational-series-study-list": "not agreed", "relational-study-same-series": "not agreed",
            "relational-study-by-image": "not agreed", "relational-patient-by-modality": "not agreed",
            "relational-patient-by-both": "not agreed", "relational-image-by-name": "not agreed",
            "relational-series-wild": "not agreed", "relational-study-class": "not agreed"},
        orthanc={
            "study-date-and-time-combined": "not agreed", "study-date-and-time-combined-open": "not agreed",
            "name-fuzzy": "not agreed", "modalities-multiple-agreed": "not agreed",
            "empty-value-agreed": "not agreed", "empty-date-agreed": "not agreed",
            "relational-series-by-modality": "not agreed", "relational-series-by-date": "not agreed",
            "relational-study-by-modality": "not agreed", "relational-image-by-uid": "not agreed",
            "relational-image-by-patient": "not agreed", "relational-patient-by-study": "not agreed",
            "relational-series-study-list": "not agreed", "relational-study-same-series": "not agreed",
            "relational-study-by-image": "not agreed", "relational-patient-by-modality": "not agreed",
            "relational-patient-by-both": "not agreed", "relational-image-by-name": "not agreed",
            "relational-series-wild": "not agreed", "relational-study-class": "not agreed"}),
    Difference(
        "names compared letter by letter", "PS3.4 C.2.2.2.1, C.2.2.2.4", OPEN,
        "Case and accents of names may count or not; ours do not. DCMTK's count; Orthanc's case does not, accents "
        "do. Wildcards in names are the SCP's choice altogether.",
        dcmqrscp={
            "names-of-patients": "-P02", "name-case": "-S04 -S05", "name-star": "-S04 -S05",
            "name-star-case": "-S01 -S02 -S03 -S04 -S05 -S18 -S19 -S20", "name-star-caret": "-S04 -S05",
            "name-question": "-S04 -S05", "name-latin-star": "-S08 -S09", "name-latin-upper": "-S06 -S07",
            "name-accents-left-out": "-S06 -S07", "name-greek-upper": "-S14", "referring-exact": "-S04",
            "referring-star": "-S04"},
        orthanc={
            "name-latin-star": "-S08 -S09", "name-accents-left-out": "-S06 -S07", "name-greek-upper": "-S14"},
        wlmscpfs={
            "worklist-by-name-case": "-W1 -W6"}),
    Difference(
        "component groups of names", "PS3.4 C.2.2.2.1, C.2.2.2.4", OPEN,
        "Ours looks for a key of one group in every group of the name, and leaves out groups that the key leaves "
        "empty; the peers compare the whole value. The Standard warns that `=` in a key may surprise.",
        dcmqrscp={
            "name-polish-first-group": "-S10 -S11", "name-chinese-second-group": "-S10 -S11",
            "name-chinese-star": "-S10 -S11", "name-japanese-first-group": "-S12 -S13",
            "name-japanese-ideographic": "-S12 -S13", "name-japanese-phonetic-star": "-S12 -S13",
            "name-empty-groups": "-19"},
        orthanc={
            "name-polish-first-group": "-S10 -S11", "name-chinese-second-group": "-S10 -S11",
            "name-chinese-star": "-S10 -S11", "name-japanese-first-group": "-S12 -S13",
            "name-japanese-ideographic": "-S12 -S13", "name-japanese-phonetic-star": "-S12 -S13",
            "name-empty-groups": "-19"}),
    Difference(
        "empty components at the end of a name", "PS3.5 6.2.1", OURS,
        "`Adamson^Joan^^^` is `Adamson^Joan`: delimiters of empty components at the end may be left out and mean "
        "nothing.",
        dcmqrscp={
            "name-trailing-carets": "-S18 -S19 -S20"},
        orthanc={
            "name-trailing-carets": "-S18 -S19 -S20"}),
    Difference(
        "? in a name takes one byte", "PS3.4 C.2.2.2.4", OPEN,
        "`?` is one character, but wildcards in names are the SCP's choice: to the peers, ü is more than one.",
        dcmqrscp={
            "name-latin-question": "-S06 -S07", "name-latin-question-ascii": "-S06 -S07"},
        orthanc={
            "name-latin-question": "-S06 -S07", "name-latin-question-ascii": "-S06 -S07"}),
    Difference(
        "? in other text takes one byte", "PS3.4 C.2.2.2.4", OURS,
        "`?` shall match any single character, whatever it is encoded with.",
        dcmqrscp={
            "description-latin-question": "-S06", "description-japanese-question": "-S12 -S13"},
        orthanc={
            "description-latin-question": "-S06", "description-japanese-question": "-S12 -S13",
            "description-question-star": "-S14"}),
    Difference(
        "several values in a key that is no UID", "PS3.4 C.2.2.2.8", OPEN,
        "Only a list of UIDs has a meaning without negotiation. Ours and Orthanc take it for any of them, and "
        "ours a lone backslash for nothing; to dcmqrscp it is one value with a backslash in it, wlmscpfs refuses "
        "it.",
        dcmqrscp={
            "accession-two-values": "-S01 -S18", "accession-empty-between": "-20",
            "patient-ids-two": "-S01 -S02 -S03 -S18 -S19 -S20", "study-date-two-values": "-S01 -S02 -S03",
            "series-by-modality-two": "-S18.3 -S18.4"},
        orthanc={
            "accession-empty-between": "-19"},
        wlmscpfs={
            "worklist-by-two-modalities": "A900"}),
    Difference(
        "values that their VR does not allow", "PS3.4 C.4.1.1.4", OPEN,
        "A900 (identifier does not match SOP class) is there for it, but nothing says that it must be used: ours "
        "refuses, the peers look for what cannot be there, or take the key for universal.",
        dcmqrscp={
            "study-by-uid-wildcard": "answered", "accession-too-long": "answered",
            "study-date-hyphen-alone": "answered +19", "study-date-wildcard": "answered",
            "study-date-impossible": "answered", "study-date-no-date": "answered", "study-date-month": "answered",
            "series-by-number-wildcard": "answered", "series-by-number-no-number": "answered",
            "image-by-class-wildcard": "answered +S01.1.1 +S01.1.2 +S01.1.3 +S01.1.4 +S01.1.5 +S01.1.6"},
        orthanc={
            "accession-too-long": "answered", "study-date-hyphen-alone": "answered +20",
            "study-date-impossible": "answered", "study-date-no-date": "answered", "study-date-month": "answered",
            "series-by-number-no-number": "answered"}),
    Difference(
        "spaces around the hyphen of a range", "PS3.4 C.2.2.2.5, PS3.5 6.2", OPEN,
        "The clause writes ranges with spaces, the VR allows only trailing ones. Ours takes both.",
        dcmqrscp={
            "study-date-range-spaces": "-S01 -S02 -S03"},
        orthanc={
            "study-date-range-spaces": "-S01 -S02 -S03"}),
    Difference(
        "a lone star for a UID or a date", "PS3.4 C.2.2.2.4", OPEN,
        "`*` means all only where wildcards are allowed, and UI and DA do not have them. Ours takes it as it is "
        "meant, Orthanc fails with C000, dcmqrscp finds nothing.",
        dcmqrscp={
            "study-by-uid-star": "-20", "study-date-star": "-20"},
        orthanc={
            "study-by-uid-star": "C000", "study-date-star": "C000"}),
    Difference(
        "numbers written differently", "PS3.4 C.2.2.2.1 (CP-2305)", OPEN,
        "Whether 002 and +3 match 2 and 3 is the SCP's choice: ours compares numbers, the peers text.",
        dcmqrscp={
            "series-by-number-zeros": "-S05.2", "image-by-number-zeros": "-S01.1.2",
            "image-by-number-plus": "-S01.2.3"},
        orthanc={
            "series-by-number-zeros": "-S05.2", "image-by-number-zeros": "-S01.1.2",
            "image-by-number-plus": "-S01.2.3", "image-by-thickness": "-S01.1.2"}),
    Difference(
        "identifiers that a hierarchical query must not have", "PS3.4 C.4.1.2.1, C.4.1.3.1", OPEN,
        "Without relational queries every level above needs one value of its unique key, and keys belong to the "
        "level that is asked. The SCU breaks the rule; ours refuses with A900, the peers answer something.",
        dcmqrscp={
            "patient-root-study-empty-patient": "answered +S01", "patient-root-study-wild-patient": "answered",
            "patient-root-study-name": "answered +S01 +S02 +S03", "patient-level-study-key": "answered +10",
            "series-empty-study": "answered +S02.1 +S02.2 +S10.1 +S10.2 +S11.1 +S19.1 +S19.2",
            "series-study-list": "answered +S01.1 +S01.2 +S01.3 +S02.1 +S02.2", "series-study-star": "answered",
            "series-key-of-study": "answered +S01.1 +S01.2 +S01.3", "study-key-of-series": "answered +20"},
        orthanc={
            "patient-root-study-no-patient": "answered +S02 +S03",
            "patient-root-study-empty-patient": "answered +S01", "patient-root-study-wild-patient": "answered",
            "patient-root-study-name": "answered +S01 +S02 +S03", "patient-level-study-key": "answered",
            "series-no-study": "answered +S02.1 +S02.2 +S10.1 +S10.2 +S11.1 +S19.1 +S19.2",
            "series-empty-study": "answered +S02.1 +S02.2 +S10.1 +S10.2 +S11.1 +S19.1 +S19.2",
            "series-study-list": "answered +S01.1 +S01.2 +S01.3 +S02.1 +S02.2",
            "series-key-of-study": "answered +S01.1 +S01.2 +S01.3", "study-key-of-series": "answered",
            "image-no-series": "answered +11",
            "image-no-study": "answered +S01.1.1 +S01.1.2 +S01.1.3 +S01.1.4 +S01.1.5 +S01.1.6",
            "image-by-uid-alone": "answered +S01.1.1"}),
    Difference(
        "levels that the model does not have", "PS3.4 C.6.2.1, C.6.3.1", OURS,
        "Study Root has no PATIENT level, Patient/Study Only no SERIES; and `study` is no CS value (PS3.5 6.2).",
        dcmqrscp={
            "only-series": "answered +S01.1 +S01.2 +S01.3", "level-lower-case": "answered +?"},
        orthanc={
            "level-patient-in-study-root": "answered +P01", "level-lower-case": "answered +?"}),
    Difference(
        "a model that is not offered", "PS3.4 C.6.3", OPEN,
        "Patient/Study Only is retired; Orthanc accepts no context for it.",
        orthanc={
            "only-patients": "no context", "only-studies": "no context", "only-series": "no context"}),
    Difference(
        "leading spaces", "PS3.5 6.2 (LO, SH)", OURS,
        "They are not significant: ` lead` is `lead`.",
        orthanc={
            "patient-by-id-leading-space": "-P10", "accession-without-leading-space": "-S05"}),
    Difference(
        "nothing comes before everything", "PS3.4 C.2.2.1.2, C.2.2.2.5", OPEN,
        "Orthanc compares dates and times as text, so that an empty one is before every other: it is in ranges "
        "without beginning. For the required keys this happens to be what C.2.2.1.2 asks for.",
        orthanc={
            "patients-by-birth-until": "+P08", "study-date-until": "+S08", "study-time-until": "+S08 +S09",
            "study-time-until-fraction": "+S08 +S09"}),
    Difference(
        "times that leave something out", "PS3.4 C.2.2.2.1", OURS,
        "Times match by what they mean: 1015 is 101500, 12 is 120000. Orthanc compares text.",
        orthanc={
            "study-time-short-key": "-S01", "study-time-short-value": "-S04 -S05", "study-time-range-short": "-S06",
            "image-by-content-time-short": "-S01.1.5"}),
    Difference(
        "dates and times in the form of ACR-NEMA", "PS3.5 6.2 (DA, TM)", OPEN,
        "2024.01.16 and 10:15:00 are recommended for compatibility, not required. Ours and dcmqrscp take them.",
        orthanc={
            "study-date-old-form": "-S02 -S03", "study-time-colons": "-S01"}),
    Difference(
        "date-times", "PS3.4 C.2.2.2.1, C.2.2.2.5", OURS,
        "A date-time covers what its last component names, and its offset counts. Orthanc compares text.",
        orthanc={
            "image-by-moment-offset-west": "-S01.1.3 -S01.1.4",
            "image-by-moment-offset-range": "-S01.1.1 -S01.1.2 -S01.1.3 -S01.1.4",
            "image-by-moment-until": "+S01.1.6 -S01.1.3",
            "image-by-moment-year": "-S01.1.1 -S01.1.2 -S01.1.3 -S01.1.4 -S01.1.5",
            "image-by-moment-month": "-S01.1.1 -S01.1.2 -S01.1.3 -S01.1.4 -S01.1.5",
            "image-by-moment-hour": "-S01.1.4 -S01.1.5",
            "image-by-moment-days": "-S01.1.1 -S01.1.2 -S01.1.3 -S01.1.5",
            "image-by-moment": "-S01.1.1 -S01.1.2 -S01.1.4", "image-by-moment-range": "-S01.1.4 -S01.1.5",
            "image-by-moment-from": "-S01.1.4", "image-by-moment-day": "-S01.1.1 -S01.1.2 -S01.1.3 -S01.1.5",
            "image-by-moment-offset": "-S01.1.3 -S01.1.4"}),
    Difference(
        "SOP Classes in Study with a value", "PS3.4 C.2.2.1.3", OURS,
        "Orthanc returns the classes, but no study when asked for one.",
        orthanc={
            "classes-single": "-S03 -S16 -S18 -S20", "classes-list": "-S01 -S05 -S12 -S14 -S18 -S20"}),
    Difference(
        "two stars around a percent sign", "PS3.4 C.2.2.2.4", OURS,
        "`*Head*50%*` is in `CT Head 50%`.",
        orthanc={
            "description-percent-inside": "-S01"}),
    Difference(
        "attributes of several values", "PS3.4 C.2.2.3", OURS,
        "One value that matches is enough.",
        orthanc={
            "image-by-type": "-S01.2.1", "worklist-by-second-station": "-W6"}),
    Difference(
        "private keys", "PS3.4 C.2.2.1.3", OPEN,
        "Optional keys like others. Orthanc matches them, ours takes them for universal and says FF01.",
        orthanc={
            "image-private-key": "-S01.2.1 -S01.2.2 -S01.2.3 -S01.2.4"}),
    Difference(
        "optional keys without an answer", "PS3.4 C.2.2.1.3", OPEN,
        "Orthanc has no counts of the patient at STUDY level, and one Institution Name for a study.",
        orthanc={
            "study-patient-counts": "~NumberOfPatientRelatedStudies", "series-institution": "~InstitutionName"}),
    Difference(
        "what every answer has, asked for", "PS3.4 C.4.1.1.3.2", OURS,
        "Retrieve AE Title has to be there and Instance Availability must not be empty; Orthanc empties them when "
        "they are asked for.",
        orthanc={
            "availability-asked": "~InstanceAvailability", "retrieve-ae-asked": "~RetrieveAETitle"}),
    Difference(
        "a key that is matched and never found", "PS3.4 C.2.2.1.3", OURS,
        "dcmqrscp finds nobody by Patient Comments: a key that it does not support should be left out of the "
        "matching.",
        dcmqrscp={
            "patients-by-comments": "-P01"}),
    Difference(
        "a worklist entry without the sequence", "PS3.4 K.2.2.1.1.1, C.2.2.2.6", OURS,
        "What is unknown matches no value, and a sequence matches by one of its items: to Orthanc an entry that "
        "does not have the sequence matches.",
        orthanc={
            "worklist-by-code": "+W2 +W3 +W4 +W5A +W5B +W6",
            "worklist-by-code-other-scheme": "+W2 +W3 +W4 +W5A +W5B +W6"}),
    Difference(
        "stars that match an empty value", "PS3.4 C.2.2.2.4", OPEN,
        "`**` matches no characters too: it finds the study without accession number. By C.2.2.1.2 that is right, "
        "by the habit of the two it is an exception.",
        dcmqrscp={
            "accession-stars-only": "+S08"},
        orthanc={
            "accession-stars-only": "+S08"}),
    Difference(
        "NUL at the end of text", "PS3.5 6.2", OPEN,
        "Text is padded with spaces; ours and Orthanc forgive NULs, dcmqrscp looks for them.",
        dcmqrscp={
            "accession-nul-padded": "-S12"}),
    Difference(
        "the key told back as an answer", "PS3.4 K.2.2.1.1.2, K.2.2.1.2", OURS,
        "A key that is not supported is not matched, and what is returned is the entry's own: wlmscpfs returns "
        "the sequence of the request as if it were.",
        wlmscpfs={
            "worklist-by-code": "~RequestedProcedureCodeSequence",
            "worklist-by-code-other-scheme": "~RequestedProcedureCodeSequence"}),
    Difference(
        "a night in the worklist", "PS3.4 K.6.1.2 (Table K.6-1)", OURS,
        "Date and time of the start are one period, from the first evening to the last morning. Orthanc holds "
        "them apart.",
        orthanc={
            "worklist-by-night": "-W3 -W4", "worklist-by-night-apart": "-W2 -W3 -W4 -W5A"}),
    Difference(
        "character sets of the worklist", "PS3.4 C.2.2.2, PS3.3 C.12.1.1.2", OPEN,
        "What happens to a set that is not supported is up to the SCP, but an answer has to name the set it is "
        "in. As it comes, wlmscpfs converts nothing and names none.",
        wlmscpfs={
            "worklist-all": "~PatientName", "worklist-by-name-greek": "-W3", "worklist-by-name-japanese": "A900",
            "worklist-by-requester-unknown": "~ReferringPhysicianName"}),
    Difference(
        "wildcards where a worklist wants one value", "PS3.4 K.6.1.2 (Table K.6-1)", OPEN,
        "Patient ID and Scheduled Station AE Title are to be matched by single values only; ours takes wildcards "
        "all the same, and so does Orthanc.",
        wlmscpfs={
            "worklist-by-id-star": "-W1 -W2 -W3 -W4 -W5A -W5B -W6", "worklist-by-station-star": "-W1 -W5A -W5B"}),
]


def listed(title):
    """query -> words, of one peer."""
    return {query: words for difference in DIFFERENCES for query, words in difference.seen.get(title, {}).items()}


# ---- docs/queries.md ----

HEADING = """# Queries: where archives differ

Written by `tests/interop/test_queries.py --document` from the tables that the test runs by, which fails when this page is
out of date. %d C-FIND queries go to `scu archive` and to Debian's DCMTK and Orthanc, all with the same %d instances and
%d worklist entries, and are held against an oracle that follows PS3.4 C.2.2 and K.2.2. Where the Standard leaves a choice
the oracle has that of `scu archive`. Edition 2024; CP-2305 is in 2024b.

| archive | queries | as the oracle | differ by a habit | differ otherwise |
|---|---|---|---|---|
"""

CHOICES = """
## What `scu archive` chooses

- Names match without case and accents; a key of one group is sought in all groups of the name (C.2.2.2.1, C.2.2.2.4).
- Several values in a key other than UIDs mean any of them, unless multiple value matching was agreed (C.2.2.2.8).
- IS and DS match as numbers (C.2.2.2.1).
- A lone `*` is universal for every VR.
- An identifier with a value that its VR does not allow, or with keys that a hierarchical query must not have, is A900.
- What has no value for a required key matches any (C.2.2.1.2), so in Study Root a Patient ID finds studies without one, too.
  Unique keys match the value they are (C.2.2.1.1), in every retrieval as well, and `scu get` and `scu move` fetch no match
  without the Patient ID that was asked for.
- An optional key does not match an entity that has no value for it. C.2.2.1.3 can be read otherwise: what is supported is
  processed like a required key, whose unknown values match (C.2.2.1.2). No archive here does that, and who filters by a
  description does not want what has none.
- A private key with a value is taken for universal, and the answers say FF01.
"""

HABITS = """
## Habits

| archive | habit | clause | right |
|---|---|---|---|
"""

REST = """
## Everything else

`-S01` is a match that is missing, `+S01` one too many (`-20`: so many), `~StudyDate` a value that differs; `answered` instead
of a refusal, `C000` the failure it gave.

"""


def count_line(title):
    standard, habit = query_oracle.Oracle(), query_oracle.Oracle(WAYS[title])
    asked, otherwise = of_title(title), listed(title)
    by_habit = [query for query in asked if query.name not in otherwise and
                query_oracle.answer_or_refusal(standard, query) != query_oracle.answer_or_refusal(habit, query)]
    return "| %s | %d | %d | %d | %d |\n" % (NAMES[title], len(asked), len(asked) - len(by_habit) - len(otherwise),
                                          len(by_habit), len(otherwise))


def of_title(title):
    """DCMTK has a program for each half."""
    halves = {"DCMQRSCP": lambda query: query.model != "W", "WLMSCPFS": lambda query: query.model == "W"}
    return [query for query in query_corpus.QUERIES if halves.get(title, lambda query: True)(query)]


def habit_lines(title):
    ways = WAYS[title]
    lines = []
    if ways.unknown_never_matches:
        lines.append(("An entity without a value for a required key matches no value.", "C.2.2.1.2", OURS))
    if ways.silent:
        lines.append(("Neither matched nor returned: %s." % ", ".join(sorted(ways.silent)), "C.2.2.1.3", OPEN))
    if ways.unmatched:
        clause = "K.2.2.1.1.2" if title == "WLMSCPFS" else "C.2.2.1.3"
        what = "Returned, of a sequence all items, but not matched: %s." % ", ".join(sorted(ways.unmatched))
        lines.append((what, clause, OPEN))
    return ["| %s | %s | PS3.4 %s | %s |\n" % (NAMES[title], what, clause, VERDICTS[verdict])
            for what, clause, verdict in lines]


def document():
    instances = len(query_corpus.entities()["IMAGE"])
    text = HEADING % (len(query_corpus.QUERIES), instances, len(query_corpus.WORKLIST))
    text += "".join(count_line(title) for title in WAYS) + CHOICES + HABITS
    text += "".join(line for title in WAYS for line in habit_lines(title)) + REST
    for difference in DIFFERENCES:
        text += "### %s\n\n%s. Right: **%s**. %s\n\n" % (difference.title[0].upper() + difference.title[1:],
                                                       difference.clause, VERDICTS[difference.verdict], difference.what)
        for title, seen in difference.seen.items():
            if seen:
                text += "- %s: %s\n" % (NAMES[title], "; ".join("%s `%s`" % pair for pair in seen.items()))
        text += "\n"
    return text.rstrip("\n") + "\n"
