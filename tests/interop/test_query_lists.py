"""What one identifier cannot ask, asked by several (RULES 9, 10): the same answer from archives that take lists of values
and ranges of times each in their own way."""

import json
import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import archives
import make_samples
from support import scu

# study -> the modality of each of its series, its day and its time.
STUDIES = {"ct": (["CT"], "20240101", "120000"), "mr": (["MR"], "20240101", "230000"),
           "both": (["CT", "MR"], "20240102", "010000"), "us": (["US"], "20240102", "120000"),
           "late": (["CT"], "20240103", "235959.999999"), "early": (["MR"], "20240104", "000000"),
           "hourless": (["CT"], "20240102", "")}
PATIENT = "LISTS-1"


def write(folder):
    paths = []
    for study, (modalities, day, time) in STUDIES.items():
        for modality in modalities:
            elements = [element for element in make_samples.capture("one") if element[0] not in (
                0x00080018, 0x00080020, 0x00080030, 0x00080050, 0x00080060, 0x00100020, 0x0020000D, 0x0020000E)]
            elements += [(0x00080018, "UI", make_samples.uid("lists/%s/%s/one" % (study, modality))),
                         (0x00080020, "DA", day), (0x00080030, "TM", time), (0x00080050, "SH", study.upper()),
                         (0x00080060, "CS", modality), (0x00100020, "LO", PATIENT),
                         (0x0020000D, "UI", make_samples.uid("lists/" + study)),
                         (0x0020000E, "UI", make_samples.uid("lists/%s/%s" % (study, modality)))]
            paths.append(os.path.join(folder, "%s-%s.dcm" % (study, modality)))
            with open(paths[-1], "wb") as file:
                file.write(make_samples.part10(elements, make_samples.EXPLICIT))
    return paths


class Lists:
    archive = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-lists-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.peer = archives.ARCHIVES[cls.archive](our_title=support.OUR_TITLE)
        cls.addClassCleanup(cls.peer.stop)
        cls.paths = write(cls.folder)
        run = scu("store", cls.peer.address, *cls.paths, "--json")
        if run.code != 0:
            raise AssertionError("the archive could not be filled\n%s" % run)

    def rows(self, *arguments):
        run = scu("find", self.peer.address, "PatientID=" + PATIENT, *arguments, "--json")
        self.assertEqual(run.code, 0, run)
        return [event for event in run.events if "event" not in event], run

    def check_studies(self, expected, *arguments, but=()):
        """Each of these studies once, in any order; `but` those that may come or not."""
        rows, run = self.rows(*arguments, "-k", "StudyInstanceUID", "-k", "AccessionNumber")
        found = [row["00080050"]["Value"][0].lower() for row in rows]
        self.assertEqual(len(found), len(set(found)), run)
        self.assertEqual(sorted(set(found) - set(but)), sorted(expected), run)
        return run

    def test_studies_with_either_modality_come_once(self):
        # dcmqrscp knows no Modalities in Study, and so leaves out nothing; but nothing comes twice.
        if self.archive == "dcmqrscp":
            self.check_studies(STUDIES, "ModalitiesInStudy=CT\\MR")
            return
        self.check_studies(["ct", "mr", "both", "late", "early", "hourless"], "ModalitiesInStudy=CT\\MR")
        self.check_studies(["us"], "ModalitiesInStudy=US\\XA")
        self.check_studies([], "ModalitiesInStudy=XA\\NM")

    def test_series_of_either_modality(self):
        rows, run = self.rows("StudyInstanceUID=" + make_samples.uid("lists/both"), "Modality=CT\\MR\\US")
        self.assertEqual(sorted(row["00080060"]["Value"][0] for row in rows), ["CT", "MR"], run)
        rows, run = self.rows("Modality=US\\MR")  # the studies are asked for first
        self.assertEqual(sorted(row["0020000E"]["Value"][0] for row in rows),
                         sorted(make_samples.uid("lists/" + series) for series in
                                ("us/US", "mr/MR", "both/MR", "early/MR")), run)

    def test_ct_or_mr_is_the_same_union_everywhere(self):
        # By series, which everybody can tell: the sums of both are the same in every archive, each series once.
        wanted = sorted(make_samples.uid("lists/%s/%s" % (study, modality)) for study, (modalities, _, _)
                        in STUDIES.items() for modality in modalities if modality in ("CT", "MR"))
        for keys in (["Modality=CT\\MR", "--level", "series"], ["Modality=MR\\CT", "--level", "series", "--strict"]):
            rows, run = self.rows(*keys)
            self.assertEqual(sorted(row["0020000E"]["Value"][0] for row in rows), wanted, run)

    def test_other_lists(self):
        self.check_studies(["ct", "us"], "AccessionNumber=CT\\US\\NOBODY")
        self.check_studies(["ct", "us", "late"], "AccessionNumber=CT\\U*\\LATE\\CT")
        uids = [make_samples.uid("lists/" + study) for study in ("ct", "early", "nobody")]
        self.check_studies(["ct", "early"], "StudyInstanceUID=" + "\\".join(uids))

    # A study without a time is in every range of times for ours (C.2.2.1.2), in none for the others.

    def test_a_night_of_any_day(self):
        self.check_studies(["mr", "both", "late", "early"], "StudyTime=2200-0600", but=["hourless"])

    def test_a_range_of_days_and_times_is_one_range_by_request(self):
        for days, times, expected in (("20240101-20240102", "2200-0600", ["mr", "both"]),
                                      ("20240101-20240103", "1200-0600", ["ct", "mr", "both", "us"]),
                                      ("20240102-20240104", "1200-000000", ["us", "late", "early"]),
                                      ("20240103-", "2200-", ["late", "early"]),
                                      ("-20240102", "-0600", ["ct", "mr", "both"])):
            run = self.check_studies(expected, "StudyDate=" + days, "StudyTime=" + times, "--extended", "date-time",
                                     but=["hourless"])
            self.assertEqual("in parts" in run.err, self.archive != "scu", run)

    def test_the_same_night_each_by_itself_without_it(self):
        self.check_studies(["mr", "both"], "StudyDate=20240101-20240102", "StudyTime=2200-0600", but=["hourless"])

    def test_a_query_from_a_file(self):
        path = os.path.join(self.folder, "query.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"00080052": {"vr": "CS", "Value": ["STUDY"]},
                       "00080050": {"vr": "SH", "Value": ["CT", "BOTH", "US", "HOURLESS"]},
                       "00080020": {"vr": "DA", "Value": ["20240101"]}}, file)
        self.check_studies(["ct"], "--query", path)
        self.check_studies(["both", "us", "hourless"], "--query", path, "StudyDate=20240102")

    def test_what_either_value_names_is_fetched(self):
        out = os.path.join(self.folder, "out")
        run = scu("get", self.peer.address, "PatientID=" + PATIENT, "Modality=US\\MR", "-o", out, "--json")
        self.assertEqual(run.code, 0, run)
        received = support.by_instance(support.files_under(out))
        self.assertEqual(sorted(received), sorted(make_samples.uid("lists/%s/one" % series) for series in
                                                  ("us/US", "mr/MR", "both/MR", "early/MR")), run)


for name in archives.ARCHIVES:
    globals()["ListsIn" + name.capitalize()] = type("ListsIn" + name.capitalize(), (Lists, unittest.TestCase),
                                                    {"archive": name, "__module__": __name__})

if __name__ == "__main__":
    unittest.main()
