"""scu get --with get: C-GET from both archives."""

import os
import tempfile
import unittest

import support  # first: it knows where the others are
import archives
import dicomfile
import make_samples
import peers
from archives import STUDIES
from support import scu


class Get(archives.ArchiveCase):
    def get(self, *arguments):
        folder = self.output()
        return scu("get", self.peer.address, *arguments, "-o", folder, "--with", "get", "--json"), folder

    def test_every_study_comes_back_equal(self):
        for study, uid in self.studies.items():
            with self.subTest(study):
                run, folder = self.get("StudyInstanceUID=" + uid)
                self.check_retrieved(run, folder, self.instances_of(study))

    def test_one_series_comes_back(self):
        run, folder = self.get("StudyInstanceUID=" + STUDIES["ct study"],
                               "SeriesInstanceUID=" + make_samples.uid("ct study/axial"))
        self.check_retrieved(run, folder, self.instances_of("ct study"))

    def test_one_image_comes_back_alone(self):
        instance = make_samples.uid("ct study/axial/i2")
        run, folder = self.get("StudyInstanceUID=" + STUDIES["ct study"],
                               "SeriesInstanceUID=" + make_samples.uid("ct study/axial"), "SOPInstanceUID=" + instance)
        self.check_retrieved(run, folder, {instance: self.sent[instance]})

    def test_a_patient_comes_back(self):
        run, folder = self.get("PatientID=SCU-JP-1", "--level", "patient")
        self.check_retrieved(run, folder, self.instances_of("ct study"))

    def test_keys_that_are_not_unique_are_resolved_first(self):
        run, folder = self.get("PatientID=SCU-GR-1", "StudyDate=20240517")
        self.check_retrieved(run, folder, self.instances_of("mr study"))

    def test_getting_twice_into_one_folder_keeps_one_of_each(self):
        folder = self.output()
        for _ in range(2):
            run = scu("get", self.peer.address, "StudyInstanceUID=" + STUDIES["ct study"], "-o", folder, "--with", "get",
                      "--json")
            self.assertEqual(run.code, 0, run)
        self.assertEqual(sorted(support.by_instance(support.files_under(folder))), sorted(self.instances_of("ct study")))

    def test_a_folder_that_cannot_be_made_is_11(self):
        run = scu("get", self.peer.address, "StudyInstanceUID=" + STUDIES["ct study"], "-o", self.samples[0] + "/below",
                  "--with", "get", "--json")
        self.assertEqual(run.code, 11, run)


class GetFromPickyArchives(unittest.TestCase):
    """Presentation contexts that mix syntaxes let the acceptor pick one that the object at hand cannot go in."""

    def check(self, peer, names):
        with peer, tempfile.TemporaryDirectory() as folder:
            paths = make_samples.write_samples(os.path.join(folder, "samples"), names)
            self.assertEqual(scu("store", peer.address, *paths).code, 0)
            for instance, path in support.by_instance(paths).items():
                with self.subTest(os.path.basename(path)):
                    study = dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x0020000D)
                    output = os.path.join(folder, "out-" + os.path.basename(path))
                    run = scu("get", peer.address, "StudyInstanceUID=" + study, "--with", "get", "-o", output, "--json")
                    self.assertEqual(run.code, 0, run)
                    received = support.by_instance(support.files_under(output))
                    self.assertEqual(support.differences(path, received[instance]), [])

    def test_an_archive_that_prefers_rle_gives_native_objects_too(self):
        self.check(peers.DcmQrScp("+xr", "-xr", our_title=support.OUR_TITLE), {"ct-1.dcm", "rle.dcm", "pdf.dcm"})

    def test_an_archive_that_never_converts_gives_every_syntax_it_has(self):
        self.check(peers.Orthanc(converts=False, our_title=support.OUR_TITLE),
                   {"ct-1.dcm", "mr-implicit.dcm", "rle.dcm", "sr-deflated.dcm", "sc-big-endian.dcm"})


archives.for_each_archive(globals(), Get)
del Get

if __name__ == "__main__":
    unittest.main()
