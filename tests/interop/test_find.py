"""scu find on both archives: levels, keys, names in four scripts, output forms, exit codes."""

import unittest

import support  # first: it knows where the others are
import archives
import make_samples
from archives import STUDIES
from support import scu


def rows(run):
    return [event for event in run.events if "event" not in event]


def value(row, tag):
    values = row.get(tag, {}).get("Value", [None])
    return values[0]


class Find(archives.ArchiveCase):
    def find(self, *arguments, code=0):
        run = scu("find", self.peer.address, *arguments, "--json")
        self.assertEqual(run.code, code, run)
        return run

    def test_a_study_is_found_by_its_uid(self):
        run = self.find("StudyInstanceUID=" + STUDIES["ct study"], "-k", "PatientID", "--level", "study")
        self.assertEqual([value(row, "00100020") for row in rows(run)], ["SCU-JP-1"], run)
        self.assertEqual(rows(run)[0]["0020000D"], {"vr": "UI", "Value": [STUDIES["ct study"]]}, run)

    def test_the_first_record_begins_and_the_last_sums_up(self):
        run = self.find("StudyInstanceUID=" + STUDIES["ct study"])
        self.assertEqual(run.events[0]["event"], "begin", run)
        self.assertEqual(run.events[-1]["event"], "summary", run)
        self.assertEqual(run.summary["ok"], 1, run)

    def test_all_levels_are_found(self):
        study = "StudyInstanceUID=" + STUDIES["ct study"]
        series_uid = make_samples.uid("ct study/axial")
        run = self.find("PatientID=SCU-JP-1", "--level", "patient", "-k", "PatientName")
        self.assertEqual([value(row, "00100020") for row in rows(run)], ["SCU-JP-1"], run)
        run = self.find(study, "--level", "series", "-k", "SeriesInstanceUID", "-k", "Modality")
        self.assertEqual([(value(row, "0020000E"), value(row, "00080060")) for row in rows(run)],
                         [(series_uid, "CT")], run)
        run = self.find(study, "SeriesInstanceUID=" + series_uid, "--level", "image", "-k", "SOPInstanceUID")
        self.assertEqual(sorted(value(row, "00080018") for row in rows(run)), sorted(self.instances_of("ct study")), run)

    def test_the_level_follows_the_deepest_key(self):
        run = self.find("StudyInstanceUID=" + STUDIES["ct study"],
                        "SeriesInstanceUID=" + make_samples.uid("ct study/axial"), "-k", "SOPInstanceUID")
        self.assertEqual(len(rows(run)), 3, run)

    def test_a_tag_in_numbers_is_a_key_too(self):
        self.assertEqual(len(rows(self.find("-k", "0010,0020=SCU-JP-1", "-k", "0020,000D"))), 1)

    def check_name(self, patient_id, expected):
        run = self.find("PatientID=" + patient_id, "-k", "PatientName", "--level", "study")
        self.assertEqual(rows(run)[0]["00100010"], {"vr": "PN", "Value": [expected]}, run)

    def test_a_japanese_name_comes_as_utf8_with_its_three_groups(self):
        self.check_name("SCU-JP-1", {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"})

    def test_a_greek_name_comes_as_utf8(self):
        self.check_name("SCU-GR-1", {"Alphabetic": "Διονυσιος"})

    def test_a_latin_1_name_comes_as_utf8(self):
        self.check_name("SCU-FR-1", {"Alphabetic": "Buc^Jérôme"})

    def test_a_utf8_name_comes_as_it_is(self):
        self.check_name("SCU-U8-1", {"Alphabetic": "Müller^Łukasz", "Ideographic": "王^小东"})

    def test_a_wildcard_and_a_date_range_match(self):
        run = self.find("PatientID=SCU-*", "StudyDate=20240101-20241231", "--level", "study", "-k", "StudyInstanceUID")
        self.assertEqual(sorted(value(row, "0020000D") for row in rows(run)), sorted(self.studies.values()), run)

    def test_a_limit_stops_early(self):
        self.assertEqual(len(rows(self.find("PatientID=SCU-*", "--level", "study", "--limit", "2"))), 2)

    def test_no_match_is_0_unless_one_is_required(self):
        self.assertEqual(rows(self.find("PatientID=NOBODY")), [])
        self.find("PatientID=NOBODY", "--require-match", code=4)

    def test_a_query_without_a_matching_key_wants_all(self):
        run = scu("find", self.peer.address, "-k", "PatientName", "--level", "study")
        self.assertEqual(run.code, 2, run)
        self.assertEqual(len(rows(self.find("--all", "--level", "study", "-k", "StudyInstanceUID"))), len(self.studies))

    def test_patient_level_in_study_root_is_a_usage_error(self):
        run = scu("find", self.peer.address, "PatientID=1", "--model", "study", "--level", "patient")
        self.assertEqual(run.code, 2, run)

    def test_a_key_that_is_no_key_is_a_usage_error(self):
        run = scu("find", self.peer.address, "NoSuchKeyword=1")
        self.assertEqual(run.code, 2, run)
        self.assertIn("NoSuchKeyword", run.err)

    def test_table_and_csv_show_the_rows(self):
        for form in ("--csv", "--table"):
            run = scu("find", self.peer.address, "PatientID=SCU-FR-1", "-k", "PatientName", "-k", "StudyInstanceUID",
                      "--level", "study", form)
            self.assertEqual(run.code, 0, run)
            self.assertIn("SCU-FR-1", run.out, run)
            self.assertIn("Jérôme", run.out, run)

    def test_dcmtk_finds_the_same(self):
        """findscu asks the same of the same archive: as many answers."""
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=SCU-*", "-k", "StudyInstanceUID"]
        theirs = support.run_tool("findscu", "-v", "-S", "-aet", support.OUR_TITLE, "-aec", self.peer.title, *keys,
                                  "127.0.0.1", self.peer.port).stdout.count(b"# Dicom-Data-Set")
        ours = len(rows(self.find("PatientID=SCU-*", "--level", "study", "-k", "StudyInstanceUID")))
        self.assertEqual(ours, len(self.studies))
        self.assertIn(theirs, (ours, ours + 1))  # findscu -v shows the request too


archives.for_each_archive(globals(), Find)
del Find

if __name__ == "__main__":
    unittest.main()
