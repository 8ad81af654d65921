"""What scu find makes of the answers: which keys are asked for, rows that are not what was asked for, answers that are cut
off, and what is below a match; against real archives and `scu archive --fault`."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import archives
import dicomfile
import make_samples
from archives import STUDIES
from support import scu
from test_faults import Archive


def rows(run):
    return [event for event in run.events if "event" not in event]


def value(row, tag):
    return row.get(tag, {}).get("Value", [None])[0]


class InstanceKeys(archives.ArchiveCase):
    """RULES 16 against those who know the keys and those who do not."""

    def test_images_come_with_their_size(self):
        run = scu("find", self.peer.address, "StudyInstanceUID=" + STUDIES["ct study"], "--level", "image", "--json")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(len(rows(run)), 3, run)
        for row in rows(run):
            if self.archive != "dcmqrscp":  # which knows no Rows
                self.assertEqual([value(row, tag) for tag in ("00280010", "00280011", "00280100")], [64, 64, 16], run)
            self.assertNotIn("0040A491", row, run)

    def test_reports_come_with_their_flags(self):
        run = scu("find", self.peer.address, "StudyInstanceUID=" + STUDIES["sr study"], "--level", "image",
                  "--relational", "no", "--json")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(len(rows(run)), 1, run)
        row = rows(run)[0]
        if self.archive != "dcmqrscp":
            self.assertEqual([value(row, tag) for tag in ("0040A491", "0040A493")], ["COMPLETE", "UNVERIFIED"], run)
        self.assertNotIn("00280010", row, run)


archives.for_each_archive(globals(), InstanceKeys)


class Depth(archives.ArchiveCase):
    """Everything below the matches, whoever is asked: each instance once, with what the levels above say."""

    def test_every_instance_of_the_studies_that_match(self):
        for key, name in (("PatientID=SCU-JP-1", "ct study"), ("StudyInstanceUID=" + STUDIES["mr study"], "mr study")):
            run = scu("find", self.peer.address, key, "--level", "study", "--depth", "image", "--json")
            self.assertEqual(run.code, 0, run)
            wanted = self.instances_of(name)
            found = [value(row, "00080018") for row in rows(run)]
            self.assertEqual(sorted(found), sorted(wanted), run)
            for row in rows(run):
                self.assertEqual(value(row, "0020000D"), STUDIES[name], run)
                self.assertEqual(value(row, "00080020"), "20240517", run)
                self.assertEqual(value(row, "00080060"), name[:2].upper(), run)

    def test_patients_down_to_series(self):
        run = scu("find", self.peer.address, "PatientID=SCU-*", "--level", "patient", "--depth", "series", "--csv",
                  "-k", "PatientID")
        self.assertEqual(run.code, 0, run)
        self.assertIn("SeriesInstanceUID", run.out.splitlines()[0])
        self.assertEqual(len(run.out.splitlines()) - 1, len(self.series()), run)

    def series(self):
        return {dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x0020000E) for path in self.sent.values()}


archives.for_each_archive(globals(), Depth)


class Answers(unittest.TestCase):
    """Our archive with faults, filled with the samples."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-answers-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"))
        cls.filled = os.path.join(cls.folder, "archive")
        with Archive(cls.filled) as archive:
            run = scu("store", archive.address, *cls.samples)
            if run.code != 0:
                raise AssertionError("the archive could not be filled\n%s" % run)

    def find(self, fault, *arguments, code=0):
        with Archive(self.filled, fault) as archive:
            run = scu("find", archive.address, *arguments)
        self.assertEqual(run.code, code, run)
        return run

    def test_a_refusal_is_answered_with_fewer_keys_once(self):
        wanted = self.find(None, "PatientID=SCU-*", "--level", "study", "--json")
        run = self.find("find:status=C000@1", "PatientID=SCU-*", "--level", "study", "--json")
        self.assertEqual({value(row, "0020000D") for row in rows(run)}, {value(row, "0020000D") for row in rows(wanted)})
        self.assertIn("C000", run.err)
        self.assertIn("required keys", run.err)
        self.assertTrue(all("00080061" in row for row in rows(wanted)), wanted)
        self.assertFalse(any("00080061" in row for row in rows(run)), run)
        run = self.find("find:status=A900@1+", "PatientID=SCU-*", "--level", "study", "--json", code=9)
        self.assertEqual(run.err.count("A900"), 2, run)

    # RULES 13.

    def test_what_does_not_meet_the_keys_is_marked_and_with_strict_left_out(self):
        everything = self.find(None, "--all", "--level", "study", "--json")
        ours = {value(row, "0020000D") for row in rows(everything) if value(row, "00100020") == "SCU-JP-1"}
        fault, name = "find:ignore=PatientName", "PatientName=yamada*"
        run = self.find(fault, name, "--level", "study", "--json")
        self.assertEqual({value(row, "0020000D") for row in rows(run)},
                         {value(row, "0020000D") for row in rows(everything)}, run)
        marks = {event["match"] for event in run.of("mismatch")}
        marked = {value(row, "0020000D") for number, row in enumerate(rows(run), 1) if number in marks}
        self.assertEqual({value(row, "0020000D") for row in rows(run)} - marked, ours, run)
        self.assertEqual({event["keyword"] for event in run.of("mismatch")}, {"PatientName"}, run)
        self.assertEqual(run.of("find")[0]["mismatches"], len(marked), run)
        self.assertIn("do not meet the keys they were asked by: %d (PatientName first)" % len(marked), run.err)
        run = self.find(fault, name, "--level", "study", "--json", "--strict")
        self.assertEqual({value(row, "0020000D") for row in rows(run)}, ours, run)
        self.assertEqual(run.of("mismatch"), [], run)
        self.assertEqual(run.of("find")[0]["mismatches"], len(marked), run)
        table = self.find(fault, name, "--level", "study")
        self.assertEqual(len([line for line in table.out.splitlines() if line.endswith("! PatientName")]), len(marked),
                         table)

    def test_what_comes_twice_is_given_once(self):
        wanted = self.find(None, "PatientID=SCU-*", "--level", "study", "--json")
        run = self.find("match:duplicate", "PatientID=SCU-*", "--level", "study", "--json")
        self.assertEqual(rows(run), rows(wanted), run)
        self.assertEqual(run.of("find")[0]["duplicates"], len(rows(wanted)), run)
        self.assertIn("came twice", run.err)


class Absent(archives.ArchiveCase):
    """dcmqrscp knows no Modalities in Study and Orthanc no items of sequences: what they do not say drops nothing."""

    def test_a_row_that_lacks_a_key_is_not_dropped(self):
        for keys in (["ModalitiesInStudy=CT"], ["PatientID=SCU-JP-1", "StudyDescription=nobody knows", "--level", "study"]):
            plain = scu("find", self.peer.address, *keys, "--json")
            strict = scu("find", self.peer.address, *keys, "--strict", "--json")
            self.assertEqual((plain.code, strict.code), (0, 0), strict)
            tag = "00080061" if "Mod" in keys[0] else "00081030"
            kept = [row for row in rows(plain) if value(row, tag) in (None, "CT")]
            self.assertEqual(sorted(value(row, "0020000D") for row in rows(strict)),
                             sorted(value(row, "0020000D") for row in kept), strict)
        if self.archive == "dcmqrscp":  # everything it has, since it says nothing of modalities
            run = scu("find", self.peer.address, "ModalitiesInStudy=CT", "--strict", "--json")
            self.assertEqual(len(rows(run)), len(self.studies), run)


archives.for_each_archive(globals(), Absent)

if __name__ == "__main__":
    unittest.main()
