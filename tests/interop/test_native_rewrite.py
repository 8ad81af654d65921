"""A peer that takes implicit VR only: every native syntax is rewritten, and every value arrives with its own bytes."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import compare
import dicomfile
import make_samples
import peers
from support import scu

SYNTAXES = {"explicit": make_samples.EXPLICIT, "big endian": make_samples.BIG_ENDIAN, "deflated": make_samples.DEFLATED,
            "implicit": make_samples.IMPLICIT}


class NativeRewrite(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-rewrite-")
        self.addCleanup(shutil.rmtree, self.folder)

    def check(self, elements, *options):
        with peers.StoreScp("+xi", *options) as peer:
            for name, syntax in SYNTAXES.items():
                with self.subTest(name, options=options):
                    peer.clear()
                    path = os.path.join(self.folder, name + ".dcm")
                    with open(path, "wb") as file:
                        file.write(make_samples.part10(elements, syntax))
                    run = scu("store", peer.address, path, "--json")
                    self.assertEqual(run.code, 0, run)
                    self.assertEqual(run.of("instance")[0]["transfer_syntax"], make_samples.IMPLICIT, run)
                    received = dicomfile.read(peer.files()[0], support.DICTIONARY)
                    self.assertEqual(received.syntax, make_samples.IMPLICIT)
                    comparison = compare.compare_paths(path, peer.files()[0], support.DICTIONARY)
                    self.assertEqual([str(difference) for difference in comparison.differences], [])
                    self.assertGreater(comparison.compared, 20)

    def test_every_vr_keeps_its_bytes(self):
        self.check(make_samples.capture("rewrite", make_samples.all_numbers()), "+B")

    def test_what_storescp_makes_of_it_is_equal_too(self):
        self.check(make_samples.capture("rewrite", make_samples.all_numbers()))

    def test_private_elements_and_sequences_survive(self):
        self.check(make_samples.ct(1), "+B")

    def test_an_element_beyond_64_kib_survives(self):
        self.check(make_samples.capture("large", make_samples.large_unknown()), "+B")

    def test_nested_undefined_lengths_survive(self):
        self.check(make_samples.report(), "+B")

    def test_a_multi_frame_survives(self):
        self.check(make_samples.ultrasound(), "+B")

    def test_big_endian_is_turned_for_a_peer_that_takes_little(self):
        with peers.StoreScp("+B", "+xe") as peer:
            path = os.path.join(self.folder, "turn.dcm")
            with open(path, "wb") as file:
                file.write(make_samples.part10(make_samples.capture("turn", make_samples.all_numbers()),
                                               make_samples.BIG_ENDIAN))
            run = scu("store", peer.address, path, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(support.differences(path, peer.files()[0]), [])


if __name__ == "__main__":
    unittest.main()
