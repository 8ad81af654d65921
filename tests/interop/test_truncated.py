"""Files cut short: no C-STORE-RQ leaves, the exit code is not 0, the file is named. Seen by a recording peer.

The cuts fall inside an element header or value, a fragment, a deflate stream or an open undefined length; those on an
element boundary are a file in themselves and are listed apart.
"""

import os
import shutil
import tempfile
import unittest
import zlib

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers
from support import scu

C_STORE_RQ = 0x0001
CUTS = 50


def source_files():
    """(name, bytes): one per way of being cut."""
    item = [[(0x00080100, "SH", "OPEN"), (0x00080104, "LO", "an item that is never closed")]]
    yield "explicit", make_samples.part10(make_samples.ct(1), make_samples.EXPLICIT)
    yield "implicit", make_samples.part10(make_samples.mr(), make_samples.IMPLICIT)
    yield "big endian", make_samples.part10(make_samples.capture("cut"), make_samples.BIG_ENDIAN)
    yield "deflated", make_samples.part10(make_samples.report(), make_samples.DEFLATED)
    yield "fragments", make_samples.part10(make_samples.rle_series(), make_samples.RLE)
    yield "open lengths", make_samples.part10(
        make_samples.ct(2) + [(0x7FE10010, "LO", "LIBSCU SAMPLE"),
                              (0x7FE11001, "SQ", make_samples.Sequence(item * 3, undefined=True))],
        make_samples.EXPLICIT)


def cuts_of(content, count):
    """count offsets spread over the dataset that are no boundary of a top-level element, and the last byte's."""
    whole = dicomfile.parse(content, support.DICTIONARY)
    start, end = whole.dataset_offset, len(content)
    boundaries = {element.start for element in whole.elements}
    if whole.syntax == dicomfile.DEFLATED:
        unpacker = zlib.decompressobj(-15)
        unpacker.decompress(content[start:])
        boundaries, end = set(), end - len(unpacker.unused_data)  # the padding byte may be missing
    found = {end - 1}
    step = (end - start) / count
    place = float(start)
    while len(found) < count and place < end:
        cut = int(place) + 1
        while cut in boundaries:
            cut += 1
        if cut < end:
            found.add(cut)
        place += step
    return sorted(found)


class Truncated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-cut-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.peer = peers.StoreScp("+B", "+xa")
        cls.addClassCleanup(cls.peer.stop)

    def store(self, content, *options):
        path = os.path.join(self.folder, "cut.dcm")
        with open(path, "wb") as file:
            file.write(content)
        recorder = peers.Recorder(self.peer.port)
        try:
            run = scu("store", "%s@127.0.0.1:%d" % (self.peer.title, recorder.port), path, "--json", *options, seconds=30)
        finally:
            recorder.stop()
        fields = [field for stream in recorder.sent for field in peers.command_fields(stream)]
        return run, fields

    def test_the_recorder_sees_a_store_that_does_leave(self):
        for name, content in source_files():
            with self.subTest(name):
                run, fields = self.store(content)
                self.assertEqual(run.code, 0, run)
                self.assertEqual(fields, [C_STORE_RQ], run)

    def test_no_cut_file_leaves(self):
        sources = list(source_files())
        checked = 0
        for name, content in sources:
            for cut in cuts_of(content, -(-CUTS // len(sources))):
                with self.subTest(name, cut=cut, of=len(content)):
                    run, fields = self.store(content[:cut])
                    self.assertNotIn(C_STORE_RQ, fields, run)
                    self.assertNotEqual(run.code, 0, run)
                    self.assertIn("cut.dcm", run.out + run.err, run)
                checked += 1
        self.assertGreaterEqual(checked, CUTS)
        support.note("truncated: %d cuts inside elements, fragments, deflate streams and open lengths" % checked)

    def test_cuts_between_elements_are_listed(self):
        content = make_samples.part10(make_samples.ct(1), make_samples.EXPLICIT)
        whole = dicomfile.parse(content, support.DICTIONARY)
        for element in whole.elements[-3:]:
            run, fields = self.store(content[:element.start])
            left = C_STORE_RQ in fields
            support.note("truncated at the start of (%04x,%04x): %s, exit code %d"
                         % (element.tag >> 16, element.tag & 0xFFFF, "sent" if left else "not sent", run.code))
            # Group 7FE0 is missing: an image class without Pixel Data is warned about.
            if left:
                self.assertIn("pixel", (run.out + run.err).lower(), run)

    def test_allow_truncated_sends_what_there_is(self):
        content = make_samples.part10(make_samples.ct(1), make_samples.EXPLICIT)
        whole = dicomfile.parse(content, support.DICTIONARY)
        pixels = [element for element in whole.elements if element.tag == 0x7FE00010][0]
        run, fields = self.store(content[:pixels.end - 100], "--allow-truncated")
        self.assertIn(C_STORE_RQ, fields, run)


if __name__ == "__main__":
    unittest.main()
