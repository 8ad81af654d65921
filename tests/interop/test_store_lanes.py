"""scu store over several associations and with an asynchronous window: everything arrives once, whole, whoever the peer is
and whatever happens to a connection."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import compare
import make_samples
import peers
from scu_archive import ScuArchive
from support import scu

COUNT = 60
ASYNC_ITEM = b"\x53\x00\x00\x04"


class Lanes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-lanes-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.files = []
        for number in range(COUNT):
            path = os.path.join(cls.folder, "%05d.dcm" % number)
            with open(path, "wb") as file:
                file.write(make_samples.part10(make_samples.capture("lanes %d" % number), make_samples.EXPLICIT))
            cls.files.append(path)
        cls.sent = support.by_instance(cls.files)

    def store(self, address, *options):
        run = scu("store", address, *self.files, *options, "--json")
        self.assertEqual((run.code, run.summary["ok"]), (0, COUNT), run)
        return run

    def check(self, received):
        self.assertEqual(sorted(received), sorted(self.sent))
        for uid, path in self.sent.items():
            self.assertTrue(compare.datasets_identical(path, received[uid]), path)

    def archive(self):
        archive = ScuArchive(os.path.join(tempfile.mkdtemp(dir=self.folder), "pacs"))
        self.addCleanup(archive.__exit__)
        return archive

    def test_an_archive_gets_everything_over_any_number_of_associations_and_requests(self):
        for options in (["--jobs", "4"], ["--async-window", "8"], ["--jobs", "3", "--async-window", "64"]):
            with self.subTest(options):
                archive = self.archive()
                self.store(archive.address, *options)
                self.check(archive.objects())

    def test_storescp_that_serves_one_at_a_time_gets_everything(self):
        """Three associations wait for the first to end; nobody fails for that, and nobody is waited for."""
        with peers.StoreScp("+B") as peer:
            self.store(peer.address, "--jobs", "4", "--async-window", "4")
            self.check(support.by_instance(peer.files()))

    def test_orthanc_gets_everything(self):
        with peers.Orthanc() as peer:
            self.store(peer.address, "--jobs", "4", "--async-window", "4")
            self.assertEqual(peer.count(), COUNT)

    def test_the_window_is_on_the_wire_only_when_asked_for(self):
        archive = self.archive()
        for options, is_there in (([], False), (["--async-window", "5"], True)):
            recorder = peers.Recorder(archive.port)
            self.store("%s@127.0.0.1:%d" % (archive.title, recorder.port), *options)
            recorder.stop()
            self.assertEqual(ASYNC_ITEM in recorder.sent[0][:4096], is_there)
            if is_there:
                self.assertIn(ASYNC_ITEM + b"\x00\x05", recorder.sent[0][:4096])
                self.assertIn(ASYNC_ITEM + b"\x00\x05", recorder.answered[0][:4096])

    def test_a_connection_that_breaks_loses_nothing(self):
        """Every connection breaks after a third of all bytes: what nobody answered is sent again."""
        total = sum(os.path.getsize(path) for path in self.files)
        for options in ([], ["--async-window", "8"], ["--jobs", "2"]):
            with self.subTest(options):
                archive = self.archive()
                recorder = peers.Recorder(archive.port, limit=total // 3)
                run = scu("store", "%s@127.0.0.1:%d" % (archive.title, recorder.port), *self.files, *options,
                          "--retries", "5", "--retry-wait", "0.1", "--json")
                recorder.stop()
                self.assertEqual((run.code, run.summary["ok"]), (0, COUNT), run)
                self.assertGreater(len(recorder.sent), 2)
                self.check(archive.objects())


class Classes(unittest.TestCase):
    """More presentation contexts than an association has room for (PS3.8 9.3.2.2: 128)."""

    def test_two_objects_of_each_of_150_classes_go_in_one_call(self):
        folder = tempfile.mkdtemp(prefix="scu-classes-")
        self.addCleanup(shutil.rmtree, folder)
        files = []
        for number in range(300):
            sop_class = make_samples.uid("class %d" % (number % 150))  # private ones: storescp takes what it is offered
            elements = make_samples.common("ascii", "classes", "one", str(number), sop_class, "OT")
            files.append(os.path.join(folder, "%03d.dcm" % number))
            with open(files[-1], "wb") as file:
                file.write(make_samples.part10(elements, make_samples.EXPLICIT))
        with peers.StoreScp("-d") as storescp:
            run = scu("store", storescp.address, folder, "--json", seconds=120)
            self.assertEqual((run.code, run.summary["ok"]), (0, 300), run)
            self.assertEqual(sorted(support.by_instance(storescp.files())), sorted(support.by_instance(files)))
            associations = storescp.program.output().count("Association Acknowledged")
        self.assertIn(associations - 1, range(3, 7))  # at 64 classes to one; the first was for the C-ECHO of the test



if __name__ == "__main__":
    unittest.main()
