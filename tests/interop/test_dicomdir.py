"""scu store of a DICOMDIR: what DCMTK's dcmmkdir wrote down arrives byte for byte, whatever the medium did to the names."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import compare
import make_samples
import peers
from support import scu


class Medium(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-medium-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"))
        cls.sent = support.by_instance(cls.samples)

    def make_medium(self, name, change=str):
        """The samples as DICOM/ST1/IM000001..., a DICOMDIR of them by dcmmkdir, then every name changed."""
        medium = os.path.join(self.folder, name)
        folder = os.path.join(medium, "DICOM", "ST1")
        os.makedirs(folder)
        for number, path in enumerate(self.samples, 1):
            shutil.copyfile(path, os.path.join(folder, "IM%06d" % number))
        support.run_tool("dcmmkdir", "-q", "+I", "-Nxc", "-Nec", "-Nrc", "+r", "+id", ".", "+D", "DICOMDIR", "DICOM",
                         folder=medium)
        for here, folders, files in os.walk(medium, topdown=False):
            for entry in files + folders:
                os.rename(os.path.join(here, entry), os.path.join(here, change(entry)))
        return medium

    def check_all_arrive(self, peer, dicomdir):
        run = scu("store", peer.address, dicomdir, "--json")
        self.assertEqual(run.code, 0, run)
        self.assertEqual((run.summary["ok"], run.summary["failed"]), (len(self.samples), 0), run)
        return run

    def check_files(self, peer):
        received = support.by_instance(peer.files())
        self.assertEqual(sorted(received), sorted(self.sent))
        for instance, path in self.sent.items():
            self.assertTrue(compare.datasets_identical(path, received[instance]), path)

    def test_a_medium_arrives_byte_for_byte(self):
        medium = self.make_medium("cd")
        with peers.StoreScp("+B", "+xa") as peer:
            run = self.check_all_arrive(peer, os.path.join(medium, "DICOMDIR"))
            self.check_files(peer)
        for event in run.of("instance"):
            self.assertTrue(event["path"].startswith(os.path.join(medium, "DICOM", "ST1", "IM")), event)

    def test_names_that_the_medium_changed_are_found(self):
        changes = {"lower": str.lower, "upper": str.upper,
                   "versions": lambda name: name + ";1" if name.startswith("IM") else name,
                   "dots": lambda name: name.lower() + "." if name.startswith("IM") else name.lower()}
        for name, change in changes.items():
            with self.subTest(name), peers.StoreScp("+B", "+xa") as peer:
                self.check_all_arrive(peer, os.path.join(self.make_medium(name, change), change("DICOMDIR")))
                self.check_files(peer)

    def test_an_archive_takes_it(self):
        medium = self.make_medium("for an archive")
        with peers.Orthanc() as peer:
            self.check_all_arrive(peer, os.path.join(medium, "DICOMDIR"))

    def test_a_folder_with_a_dicomdir_is_a_folder(self):
        medium = self.make_medium("as a folder")
        with peers.StoreScp("+B", "+xa") as peer:
            run = scu("store", peer.address, "-r", medium, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual((run.summary["ok"], run.summary["skipped"]), (len(self.samples), 1), run)
            self.check_files(peer)

    def test_what_is_missing_or_elsewhere_gives_3_and_the_rest_go(self):
        medium = self.make_medium("damaged")
        folder = os.path.join(medium, "DICOM", "ST1")
        os.remove(os.path.join(folder, "IM000001"))
        os.remove(os.path.join(folder, "IM000002"))
        os.symlink(self.samples[1], os.path.join(folder, "IM000002"))
        with peers.StoreScp("+B", "+xa") as peer:
            run = scu("store", peer.address, os.path.join(medium, "DICOMDIR"), "--json")
            self.assertEqual(run.code, 3, run)
            self.assertEqual((run.summary["ok"], run.summary["failed"]), (len(self.samples) - 2, 2), run)
            self.assertEqual(len(peer.files()), len(self.samples) - 2)
        failed = sorted((event["path"], event["reason"]) for event in run.of("instance") if event["outcome"] == "failed")
        self.assertIn("IM000001", failed[0][0])
        self.assertIn("not there", failed[0][1])
        self.assertIn("symbolic link", failed[1][1])

    def test_media_of_others(self):
        folder = os.path.join(support.SHARED, "data", "dicomdir")
        if not os.path.isdir(folder):
            self.skipTest("the shared samples are not here")
        for name in ("DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit", "DICOMDIR-nopatient", "DICOMDIR-reordered",
                     os.path.join("TINY_ALPHA", "DICOMDIR")):
            with self.subTest(name), peers.StoreScp("+B", "+xa") as peer:
                run = scu("store", peer.address, os.path.join(folder, name), "--json")
                self.assertEqual(run.code, 0, run)
                self.assertEqual(run.summary["ok"], 50 if "TINY" in name else 31, run)
                received = support.by_instance(peer.files())
                for event in run.of("instance"):
                    self.assertTrue(compare.datasets_identical(event["path"], received[event["sop_instance_uid"]]), event)


if __name__ == "__main__":
    unittest.main()
