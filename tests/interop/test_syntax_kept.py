"""A JPEG lossless object in an archive that offers several syntaxes comes back in its own, by C-GET and by C-MOVE."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers
from support import scu

JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"


class SyntaxKept(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-syntax-")
        self.addCleanup(shutil.rmtree, self.folder)
        plain, self.path = os.path.join(self.folder, "plain.dcm"), os.path.join(self.folder, "jpeg.dcm")
        with open(plain, "wb") as file:
            file.write(make_samples.part10(make_samples.capture("jpeg"), make_samples.EXPLICIT))
        support.run_tool("dcmcjpeg", "+e1", plain, self.path)
        self.file = dicomfile.read(self.path, support.DICTIONARY)
        self.assertEqual(self.file.syntax, JPEG_LOSSLESS_SV1)

    def check(self, peer, may_refuse=()):
        with peer:
            run = scu("store", peer.address, self.path, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(run.of("instance")[0]["transfer_syntax"], JPEG_LOSSLESS_SV1, run)
            study = "StudyInstanceUID=" + dicomfile.value_of(self.file, 0x0020000D)
            ways = {"get": ["--with", "get"], "move": ["--aet", support.OUR_TITLE, "--listen",
                                                       "127.0.0.1:%d" % peer.our_port]}
            for way, options in ways.items():
                with self.subTest(way):
                    folder = os.path.join(self.folder, way)
                    run = scu(way, peer.address, study, *options, "-o", folder, "--json")
                    if way in may_refuse and run.code != 0:
                        # It offers one context for all its syntaxes and cannot convert: that must be said.
                        self.assertNotEqual(run.of("error")[0]["reason"], "", run)
                        continue
                    self.assertEqual(run.code, 0, run)
                    received = support.files_under(folder)
                    self.assertEqual(len(received), 1, run)
                    self.assertEqual(dicomfile.read(received[0], support.DICTIONARY).syntax, JPEG_LOSSLESS_SV1, run)
                    self.assertEqual(run.of("instance")[0]["transfer_syntax"], JPEG_LOSSLESS_SV1, run)
                    self.assertEqual(support.differences(self.path, received[0]), [])

    def test_orthanc_gives_it_back_as_it_was(self):
        self.check(peers.Orthanc(our_title=support.OUR_TITLE))

    def test_orthanc_without_conversion_gives_it_back_as_it_was(self):
        self.check(peers.Orthanc(converts=False, our_title=support.OUR_TITLE))

    def test_dcmqrscp_that_mixes_syntaxes_gives_it_back_or_says_that_it_cannot(self):
        self.check(peers.DcmQrScp("+xs", "-xs", our_title=support.OUR_TITLE), may_refuse=("move",))

    def test_dcmqrscp_with_a_context_for_each_syntax_gives_it_back_as_it_was(self):
        self.check(peers.DcmQrScp(classes=[make_samples.SECONDARY_CAPTURE], syntax=JPEG_LOSSLESS_SV1,
                                  our_title=support.OUR_TITLE))


if __name__ == "__main__":
    unittest.main()
