"""scu find --split: archives that give so many studies and no more, with Success (RULES 14). Ours is told to by --fault, has
3,000 studies, at midnight, without time and without date, too; Orthanc does it of its own accord."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import make_samples
import peers
from support import scu
from test_faults import Archive

# The first day of a range, and how many studies it has on each of so many days; a busy day besides.
DAYS = 500
BUSY = "20230615"


def studies():
    """(name, date, time) of 3,000: 2,500 over 500 days, 450 on one day of which 40 at midnight, 30 of no time, 20 of no date."""
    for number in range(2500):
        day = number % DAYS
        yield ("n%d" % number, "%d%02d%02d" % (2020 + day // 336, day // 28 % 12 + 1, day % 28 + 1),
               "%02d%02d%02d" % (number % 24, number % 60, number * 7 % 60))
    for number in range(40):
        yield "midnight%d" % number, BUSY, "000000"
    for number in range(410):
        yield "busy%d" % number, BUSY, "%02d%02d%02d.5" % (number % 24, number % 60, number % 59)
    for number in range(30):
        yield "hourless%d" % number, BUSY if number < 15 else "20200105", ""
    for number in range(20):
        yield "dateless%d" % number, "", "120000"


def write(folder, wanted):
    os.makedirs(folder)
    template = [element for element in make_samples.capture("one", rows=2, columns=2) if element[0] not in (
        0x00080018, 0x00080020, 0x00080030, 0x00080050, 0x00100020, 0x0020000D, 0x0020000E)]
    for name, date, time in wanted:
        elements = template + [
            (0x00080018, "UI", make_samples.uid("split/%s/1/1" % name)), (0x00080020, "DA", date),
            (0x00080030, "TM", time), (0x00080050, "SH", name.upper()[:16]), (0x00100020, "LO", "SPLIT-1"),
            (0x0020000D, "UI", make_samples.uid("split/" + name)),
            (0x0020000E, "UI", make_samples.uid("split/%s/1" % name))]
        with open(os.path.join(folder, name + ".dcm"), "wb") as file:
            file.write(make_samples.part10(elements, make_samples.EXPLICIT))


class Split(unittest.TestCase):
    def found(self, run):
        uids = [event["0020000D"]["Value"][0] for event in run.events if "event" not in event]
        self.assertEqual(len(uids), len(set(uids)), "a study came twice")
        return set(uids)

    def uids(self, wanted):
        return {make_samples.uid("split/" + name) for name, _, _ in wanted}

    def find(self, address, *arguments):
        run = scu("find", address, "PatientID=SPLIT-1", "--level", "study", "--json", *arguments, seconds=120)
        self.assertEqual(run.code, 0, run)
        return run, run.of("find")[0]


class Capped(Split):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-split-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.all = list(studies())
        write(os.path.join(cls.folder, "files"), cls.all)
        cls.filled = os.path.join(cls.folder, "archive")
        with Archive(cls.filled) as archive:
            run = scu("store", archive.address, os.path.join(cls.folder, "files"), "-r", "--jobs", "4", seconds=300)
            if run.code != 0:
                raise AssertionError("the archive could not be filled\n%s" % run)

    def test_without_it_the_answer_is_suspected(self):
        with Archive(self.filled, "find:cap=100") as archive:
            run, told = self.find(archive.address)
            self.assertEqual(len(self.found(run)), 100)
            self.assertEqual(told["verdict"], "suspect", run)
            self.assertIn("may be cut off: 100 matches at level STUDY, a round number", run.err)
            self.assertEqual(self.find(archive.address, "--query-cap", "3000")[1]["verdict"], "unchecked")
        with Archive(self.filled, "find:cap=77/B001") as archive:
            self.assertIn("77 matches at level STUDY, status B001", self.find(archive.address)[0].err)

    def test_every_study_comes_and_what_has_no_date_is_asked_for(self):
        with Archive(self.filled, "find:cap=100") as archive:
            run, told = self.find(archive.address, "--split")
        self.assertEqual(self.found(run), self.uids(self.all))
        self.assertEqual(told["verdict"], "complete", told)
        self.assertIn("complete: ", run.err)

    def test_more_in_one_second_than_an_answer_holds_is_told(self):
        # Ours gives what has no date or time for every range (PS3.4 C.2.2.1.2), so there are 80 at midnight.
        with Archive(self.filled, "find:cap=50") as archive:
            run, told = self.find(archive.address, "--split", "--query-cap", "50", "StudyDate=" + BUSY)
        self.assertEqual(told["verdict"], "suspect", told)
        self.assertIn("cannot be divided further", told["reason"])
        self.assertIn("cut off", run.err)

    def test_where_it_cannot_be_asked_for_the_gap_is_named(self):
        with Archive(self.filled, "find:cap=150,associate:extended=none") as archive:
            run, told = self.find(archive.address, "--split", "--query-cap", "150")
            self.assertEqual(told["verdict"], "not proven", told)
            self.assertIn("studies without Study Date or Study Time cannot be asked for", told["reason"])
            self.assertIn("not proven", run.err)
            # A range of dates has nothing without one.
            run, told = self.find(archive.address, "--split", "--query-cap", "150", "StudyDate=20200101-20211231")
            dated = [study for study in self.all if study[1][:4] in ("2020", "2021")]
            self.assertLessEqual(self.uids(dated), self.found(run))
            self.assertEqual(told["verdict"], "complete", told)

    def test_a_limit_that_nobody_told_is_found_out(self):
        with Archive(self.filled, "find:cap=137") as archive:
            self.assertEqual(self.find(archive.address)[1]["verdict"], "unchecked")
            run, told = self.find(archive.address, "--split")
        self.assertEqual(self.found(run), self.uids(self.all))
        self.assertEqual(told["verdict"], "complete", told)

    def test_what_ends_for_want_of_room_is_asked_for_in_parts(self):
        with Archive(self.filled, "find:cap=200/A700") as archive:
            run, told = self.find(archive.address, "--split")
        self.assertEqual(self.found(run), self.uids(self.all))
        self.assertEqual(told["verdict"], "complete", told)


class OfItsOwnAccord(Split):
    """Orthanc's LimitFindResults, after which it says FE00 though nobody cancelled. What has no date or time is in no range there, and it agrees to no empty values."""

    def test_all_but_what_has_no_date_or_time(self):
        folder = tempfile.mkdtemp(prefix="scu-split-")
        self.addCleanup(shutil.rmtree, folder)
        wanted = [study for study in studies() if study[0] in {"n%d" % i for i in range(0, 2500, 20)}]
        busy = [study for study in studies() if study[0].startswith("busy")][:40]
        lacking = [study for study in studies() if "less" in study[0]][::10]
        write(os.path.join(folder, "files"), wanted + busy + lacking)
        orthanc = peers.Orthanc(our_title=support.OUR_TITLE, limit=20)
        self.addCleanup(orthanc.stop)
        self.assertEqual(scu("store", orthanc.address, os.path.join(folder, "files"), "-r", seconds=120).code, 0)
        run = scu("find", orthanc.address, "PatientID=SPLIT-1", "--level", "study", "--json")
        self.assertEqual(run.code, 9, run)
        self.assertEqual(len(self.found(run)), 20)
        self.assertIn("FE00", run.err)
        run, told = self.find(orthanc.address, "--split")
        self.assertLessEqual(self.uids(wanted + busy), self.found(run))
        self.assertEqual(told["verdict"], "not proven", told)
        self.assertIn("studies without Study Date or Study Time cannot be asked for", told["reason"])


del Split

if __name__ == "__main__":
    unittest.main()
