"""What scu find makes of the answers: which keys are asked for, rows that are not what was asked for, answers that are cut
off, and what is below a match; against real archives and `scu archive --fault`."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import archives
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


if __name__ == "__main__":
    unittest.main()
