"""scu move: to ourselves with the built-in listener, and to another AE."""

import unittest

import support  # first: it knows where the others are
import archives
import make_samples
import peers
from archives import STUDIES
from support import scu


class MoveToSelf(archives.ArchiveCase):
    def move(self, *arguments, command="move"):
        folder = self.output()
        return scu(command, self.peer.address, *arguments, "--aet", support.OUR_TITLE, "--listen",
                   "127.0.0.1:%d" % self.peer.our_port, "-o", folder, "--json"), folder

    def test_every_study_comes_back_equal(self):
        for study, uid in self.studies.items():
            with self.subTest(study):
                run, folder = self.move("StudyInstanceUID=" + uid)
                self.check_retrieved(run, folder, self.instances_of(study))

    def test_get_with_move_does_the_same(self):
        run, folder = self.move("StudyInstanceUID=" + STUDIES["ct study"], "--with", "move", command="get")
        self.check_retrieved(run, folder, self.instances_of("ct study"))

    def test_one_image_comes_back_alone(self):
        instance = make_samples.uid("ct study/axial/i3")
        run, folder = self.move("StudyInstanceUID=" + STUDIES["ct study"],
                                "SeriesInstanceUID=" + make_samples.uid("ct study/axial"), "SOPInstanceUID=" + instance)
        self.check_retrieved(run, folder, {instance: self.sent[instance]})

    def test_keys_that_are_not_unique_are_resolved_first_and_nothing_else_comes(self):
        run, folder = self.move("PatientID=SCU-GR-1", "StudyDate=20240517")
        self.check_retrieved(run, folder, self.instances_of("mr study"))

    def test_an_unknown_destination_is_9(self):
        run = scu("move", self.peer.address, "StudyInstanceUID=" + STUDIES["ct study"], "--to", "NOBODY", "--json")
        self.assertEqual(run.code, 9, run)

    def test_a_listen_port_in_use_says_what_to_do(self):
        run = scu("move", self.peer.address, "StudyInstanceUID=" + STUDIES["ct study"], "--listen",
                  "127.0.0.1:%d" % self.peer.port, "-o", self.output())
        self.assertNotEqual(run.code, 0, run)
        self.assertIn(str(self.peer.port), run.err, run)


class MoveToAnother(unittest.TestCase):
    def test_a_third_ae_gets_the_study(self):
        import os
        import tempfile
        with tempfile.TemporaryDirectory() as folder, peers.StoreScp("+B") as third:
            paths = make_samples.write_samples(folder, {"ct-1.dcm", "ct-2.dcm", "mr-implicit.dcm"})
            with peers.DcmQrScp(others=[(third.title, third.port)]) as archive:
                self.assertEqual(scu("store", archive.address, *paths).code, 0)
                run = scu("move", archive.address, "StudyInstanceUID=" + STUDIES["ct study"], "--to", third.title,
                          "--json")
                self.assertEqual(run.code, 0, run)
                received = support.by_instance(third.files())
            sent = support.by_instance(paths[:2])
            self.assertEqual([os.path.basename(path) for path in paths[:2]], ["ct-1.dcm", "ct-2.dcm"])
            self.assertEqual(sorted(received), sorted(sent))
            for instance, path in sent.items():
                self.assertEqual(support.differences(path, received[instance]), [])


archives.for_each_archive(globals(), MoveToSelf)
del MoveToSelf

if __name__ == "__main__":
    unittest.main()
