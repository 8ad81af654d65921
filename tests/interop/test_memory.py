"""Constant memory: a multi-frame of a gigabyte is sent and received in under 32 MB on each side.

In the short run a quarter of it is enough to see memory grow with the object; SCU_SWEEP=full sends the whole gigabyte.
"""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import make_samples
import peers
from support import scu

MEGABYTES = 1024 if os.environ.get("SCU_SWEEP") == "full" else 256
LIMIT_KIB = 32 * 1024


def same_bytes(first, second, skip_first, skip_second):
    """Compares from the given offsets on, a piece at a time."""
    with open(first, "rb") as one, open(second, "rb") as other:
        one.seek(skip_first)
        other.seek(skip_second)
        while True:
            piece = one.read(1 << 20)
            if piece != other.read(1 << 20):
                return False
            if not piece:
                return True


def dataset_offset(path):
    import dicomfile
    with open(path, "rb") as file:
        return dicomfile.read_meta(file.read(4096), 132)[1]


class Memory(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-memory-", dir=os.environ.get("SCU_BUILD"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "large.dcm")
        make_samples.write_large(self.path, MEGABYTES)

    def check_peak(self, kib):
        self.assertGreater(kib, 0, "the peak was not measured")
        self.assertLess(kib, LIMIT_KIB)

    def test_a_large_object_goes_through_in_little_memory(self):
        with support.Listener("--durability", "none") as listener:
            run = scu("store", listener.address, self.path, "--json", seconds=300)
            self.assertEqual(run.code, 0, run)
            self.assertEqual(listener.stop(), 0, listener.stderr())
            received = listener.files()
            self.assertEqual(len(received), 1)
            self.assertTrue(same_bytes(self.path, received[0], dataset_offset(self.path), dataset_offset(received[0])))
            support.note("memory: %d MiB object: store %.1f MB, listen %.1f MB peak, %.1f s"
                         % (MEGABYTES, run.peak_kib / 1024, listener.peak_kib / 1024, run.seconds))
            self.check_peak(run.peak_kib)
            self.check_peak(listener.peak_kib)

    def test_a_rewrite_of_a_large_object_takes_little_memory_too(self):
        with peers.StoreScp("+B", "+xi") as peer:
            run = scu("store", peer.address, self.path, "--json", seconds=300)
            self.assertEqual(run.code, 0, run)
            support.note("memory: %d MiB object rewritten to implicit: %.1f MB peak" % (MEGABYTES, run.peak_kib / 1024))
            self.check_peak(run.peak_kib)

    def test_an_edited_large_object_takes_little_memory_too(self):
        with support.Listener("--durability", "none") as listener:
            run = scu("store", listener.address, self.path, "--set", "PatientID=EDITED", "--set", "StudyTime=",
                      "--remove-private", "--json", seconds=300)
            self.assertEqual(run.code, 0, run)
            self.assertEqual(run.of("instance")[0]["reason"], "edited", run)
            received = listener.files()
            self.assertEqual(len(received), 1)
            pixels = MEGABYTES << 20
            self.assertTrue(same_bytes(self.path, received[0], os.path.getsize(self.path) - pixels - 12,
                                       os.path.getsize(received[0]) - pixels - 12))
            support.note("memory: %d MiB object edited: %.1f MB peak" % (MEGABYTES, run.peak_kib / 1024))
            self.check_peak(run.peak_kib)


if __name__ == "__main__":
    unittest.main()
