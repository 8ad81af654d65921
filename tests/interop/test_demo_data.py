"""The demonstration data as others see them: dciodvfy finds no fault, DCMTK and pydicom read every text and picture.

The unit test of the data writes them into a folder here; the worklist is not in files and is tested over the network.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import pydicom

import support  # first: it knows where the others are
from support import run_tool

BUILD = os.environ.get("SCU_BUILD", os.path.join(support.ROOT, "build", "gcc"))
WRITER = os.path.join(BUILD, "tests", "unit", "archive", "test_archive_demo")

# What dciodvfy says about every private element that it has no dictionary for.
EXPLAINED = re.compile(r'^Warning - </\(0029,100[12],"LIBSCU DEMO"\)> - Unrecognized tag - assuming explicit value '
                       r"representation OK \[(LO|US)\]$")
KINDS = {"CTImage": 24, "MRImage": 16, "USMultiFrameImage": 1, "BasicTextSR": 1,
         "GrayscaleSoftcopyPresentationState": 1, "EncapsulatedPDF": 2}
NAMES = {
    "DEMO-1": "Phantom^Ada",
    "DEMO-2": "Reidai^Hanako=例題^花子=れいだい^はなこ",
    "DEMO-3": "Δείγμα^Ελένη",
    "DEMO-4": "Muster^Max^Emil^Dr.",
}
STUDIES = {"CT head without contrast", "Referral letter", "頭部 MR", "Υπέρηχος καρδιάς", "Überweisung"}


def read_netpbm(path):
    """(magic, width, height, bytes) of a binary PGM or PPM as dcm2pnm writes it."""
    with open(path, "rb") as file:
        content = file.read()
    found = re.match(rb"(P[56])\s(?:#[^\n]*\n)?(\d+)\s+(\d+)\s+255\s", content)
    return found.group(1), int(found.group(2)), int(found.group(3)), content[found.end():]


class DemoData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-demo-data-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        subprocess.run([WRITER], env=dict(os.environ, SCU_DEMO_OUT=cls.folder), check=True, timeout=120,
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        cls.paths = support.files_under(cls.folder)
        cls.read = {path: pydicom.dcmread(path) for path in cls.paths}

    def of(self, modality):
        return [(path, data) for path, data in self.read.items() if data.Modality == modality]

    def test_dciodvfy_finds_no_fault(self):
        kinds = {}
        for path in self.paths:
            said = run_tool("dciodvfy", "-new", path).stdout.decode("utf-8", "replace").splitlines()
            said = [line for line in said if not EXPLAINED.match(line)]
            self.assertEqual(len(said), 1, "%s: %s" % (path, said))
            kinds[said[0]] = kinds.get(said[0], 0) + 1
        self.assertEqual(kinds, KINDS)

    def test_dcmdump_reads_every_file_without_a_warning(self):
        for path in self.paths:
            said = run_tool("dcmdump", "-v", path).stdout
            self.assertNotRegex(said.decode("utf-8", "replace"), r"(?m)^[WE]: ")

    def test_pydicom_decodes_names_and_descriptions(self):
        names, studies = {}, set()
        for data in self.read.values():
            names[data.PatientID] = str(data.PatientName)
            studies.add(data.StudyDescription)
        self.assertEqual(names, NAMES)
        self.assertEqual(studies, STUDIES)
        for data in self.read.values():
            for element in data.iterall():
                self.assertNotIn("\ufffd", str(element.value))

    def test_dcmtk_decodes_the_greek_name(self):
        path, _ = self.of("US")[0]
        said = run_tool("dcmdump", "--convert-to-utf8", "+P", "PatientName", path).stdout.decode("utf-8")
        self.assertIn("[%s]" % NAMES["DEMO-3"], said)

    def test_references_lead_to_instances(self):
        known = {data.SOPInstanceUID: data.SOPClassUID for data in self.read.values()}
        self.assertEqual(len(known), 45)
        references = [item for data in self.read.values() for element in data.iterall() if element.VR == "SQ"
                      for item in element.value if "ReferencedSOPInstanceUID" in item]
        self.assertEqual(len(references), 26)
        for item in references:
            self.assertEqual(known[item.ReferencedSOPInstanceUID], item.ReferencedSOPClassUID)

    def test_fractions_are_the_numbers_they_should_be(self):
        positions = sorted(float(data.ImagePositionPatient[2]) for _, data in self.of("CT"))
        self.assertEqual(positions, [5.0 * index - 57.5 for index in range(24)])
        positions = sorted(float(data.ImagePositionPatient[2]) for _, data in self.of("MR"))
        self.assertEqual(positions, [round(7.2 * index - 54.0, 1) for index in range(16)])
        self.assertEqual({float(data.PixelSpacing[0]) for _, data in self.of("CT")}, {230 / 256})

    def test_a_slice_is_a_picture_of_a_head(self):
        path = next(path for path, data in self.of("CT") if data.InstanceNumber == 18)
        target = os.path.join(self.folder, "slice.pnm")
        run_tool("dcm2pnm", "+Ww", "40", "80", path, target)
        magic, width, height, pixels = read_netpbm(target)
        os.remove(target)
        self.assertEqual((magic, width, height, len(pixels)), (b"P5", 256, 256, 256 * 256))
        self.assertEqual(pixels[0], 0)                                # air
        self.assertEqual(pixels[35 * 256 + 128], 255)                 # bone
        self.assertIn(pixels[165 * 256 + 172], range(40, 200))        # brain
        self.assertLess(pixels[110 * 256 + 116], 60)                  # ventricle
        self.assertGreater(pixels[85 * 256 + 176], pixels[85 * 256 + 86])  # what is to be found, and the other side

    def test_frames_are_pictures_in_colour_and_move(self):
        path, data = self.of("US")[0]
        self.assertEqual(data.NumberOfFrames, 10)
        frames = []
        for number in (4, 8):
            target = os.path.join(self.folder, "frame")
            run_tool("dcm2pnm", "+F", number, path, target)
            magic, width, height, pixels = read_netpbm(target)
            os.remove(target)
            self.assertEqual((magic, width, height, len(pixels)), (b"P6", 320, 240, 320 * 240 * 3))
            frames.append(pixels)
        self.assertNotEqual(*frames)
        blood = 3 * (130 * 320 + 188)
        red, _, blue = frames[0][blood:blood + 3]
        self.assertLess(red, blue)
        red, _, blue = frames[1][blood:blood + 3]
        self.assertGreater(red, blue)

    def test_dcmtk_takes_report_and_presentation_state(self):
        said = run_tool("dsrdump", self.of("SR")[0][0]).stdout.decode("utf-8")
        self.assertIn('<contains TEXT:(,,"Conclusion")', said)
        self.assertIn('<contains IMAGE:(,,"Best illustration of finding")=(CT image,)>', said)
        said = run_tool("dcmpschk", self.of("PR")[0][0]).stdout.decode("utf-8")
        self.assertIn("Test passed", said)

    def test_letters_are_pdf(self):
        letters = self.of("DOC")
        self.assertEqual(len(letters), 2)
        for _, data in letters:
            document = data.EncapsulatedDocument[:data.EncapsulatedDocumentLength]
            self.assertEqual((document[:9], document[-6:]), (b"%PDF-1.4\n", b"%%EOF\n"))
            table = int(re.search(rb"startxref\n(\d+)\n", document).group(1))
            for number, at in enumerate(re.findall(rb"(\d{10}) 00000 n \n", document[table:]), 1):
                self.assertTrue(document[int(at):].startswith(b"%d 0 obj\n" % number))


if __name__ == "__main__":
    unittest.main()
