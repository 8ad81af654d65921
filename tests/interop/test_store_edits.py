"""scu store --set, --remove, --remove-private: what arrives differs from the file in what was edited, and in nothing else."""

import json
import os
import shutil
import tempfile
import unittest
import urllib.request

import support  # first: it knows where the others are
import compare
import dicomfile
import make_samples
import peers
from support import scu

EDITS = ["--set", "PatientID=N-1", "--set", "PatientName=New^Name", "--set", "AccessionNumber=", "--remove", "StudyTime",
         "--set", "RequestAttributesSequence[0].ScheduledProcedureStepID=S1"]
EDITED = {0x00100020, 0x00100010, 0x00080050, 0x00080030, 0x00400275}
SYNTAXES = {"explicit": make_samples.EXPLICIT, "big endian": make_samples.BIG_ENDIAN, "deflated": make_samples.DEFLATED,
            "implicit": make_samples.IMPLICIT}


def tag_of(difference):
    """The top-level tag of its path, which begins (gggg,eeee)."""
    return int(difference.path[1:5] + difference.path[6:10], 16)


def touched(first, second):
    return {tag_of(difference) for difference in compare.compare_paths(first, second, support.DICTIONARY).differences}


def read(path):
    return dicomfile.read(path, support.DICTIONARY)


class EditsCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-edits-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"))

    def write(self, name, elements, syntax):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(make_samples.part10(elements, syntax))
        return path

    def check_edited(self, path, received):
        self.assertEqual(touched(path, received) - EDITED, set(), path)
        file = read(received)
        self.assertEqual(dicomfile.value_of(file, 0x00100020), "N-1", path)
        self.assertEqual(dicomfile.value_of(file, 0x00100010), "New^Name", path)
        elements = {element.tag: element for element in file.elements}
        self.assertEqual(elements[0x00080050].value, b"", path)
        self.assertNotIn(0x00080030, elements, path)
        step = {element.tag: element.value for element in elements[0x00400275].value[0]}
        self.assertEqual(step[0x00400009], b"S1", path)


class Edits(EditsCase):
    def test_every_sample_differs_in_what_was_edited_alone(self):
        with peers.StoreScp("+B", "+xa") as peer:
            run = scu("store", peer.address, *self.samples, *EDITS, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual({event["reason"] for event in run.of("instance")}, {"edited"})
            received = support.by_instance(peer.files())
            self.assertEqual(len(received), len(self.samples))
            for path in self.samples:
                self.check_edited(path, received[dicomfile.value_of(read(path), 0x00080018)])

    def test_what_is_behind_the_last_edit_is_the_same_byte_for_byte(self):
        with peers.StoreScp("+B", "+xa") as peer:
            paths = [path for path in self.samples if not path.endswith("deflated.dcm")]
            self.assertEqual(scu("store", peer.address, *paths, *EDITS).code, 0)
            received = support.by_instance(peer.files())
            for path in paths:
                one, other = read(path), read(received[dicomfile.value_of(read(path), 0x00080018)])
                behind = [element for element in one.elements if element.tag > 0x00400275]
                if not behind:
                    continue
                with open(path, "rb") as first, open(received[dicomfile.value_of(one, 0x00080018)], "rb") as second:
                    tail = first.read()[behind[0].start:]
                    self.assertGreater(len(tail), 100, path)
                    self.assertTrue(second.read().endswith(tail), (path, other.syntax))

    def test_the_peers_parser_reads_what_arrives(self):
        with peers.StoreScp("+xa") as peer:  # parsed and written anew by DCMTK
            run = scu("store", peer.address, *self.samples, *EDITS, "--remove-private", "--json")
            self.assertEqual(run.code, 0, run)
            for path in peer.files():
                dump = support.run_tool("dcmdump", "+E", path)
                self.assertNotIn("W:", str(dump.stdout))
            import pydicom
            for path in peer.files():
                dataset = pydicom.dcmread(path)
                self.assertEqual(dataset.PatientID, "N-1")
                self.assertEqual([str(element.tag) for element in dataset.iterall() if element.tag.is_private], [])

    def test_edits_and_the_rewrite_for_an_implicit_peer_go_together(self):
        for kind, syntax in SYNTAXES.items():
            with self.subTest(kind), peers.StoreScp("+B", "+xi") as peer:
                path = self.write("native.dcm", make_samples.ct(7), syntax)
                run = scu("store", peer.address, path, *EDITS, "--json")
                self.assertEqual(run.code, 0, run)
                self.assertEqual(read(peer.files()[0]).syntax, make_samples.IMPLICIT)
                self.check_edited(path, peer.files()[0])

    def test_private_attributes_go_and_nothing_else(self):
        for kind, syntax in SYNTAXES.items():
            with self.subTest(kind), peers.StoreScp("+B", "+xa") as peer:
                path = self.write("private.dcm", make_samples.ct(8), syntax)
                private = {element.tag for element in read(path).elements if element.tag >> 16 & 1}
                self.assertGreater(len(private), 4)
                self.assertEqual(scu("store", peer.address, path, "--remove-private").code, 0)
                self.assertEqual(touched(path, peer.files()[0]), private)

    def test_new_uids_name_the_request_and_the_old_one_is_told(self):
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, self.samples[0], "--set", "SOPInstanceUID=1.2.3.4.5", "--json")
            self.assertEqual(run.code, 0, run)
            event = run.of("instance")[0]
            old = dicomfile.value_of(read(self.samples[0]), 0x00080018)
            self.assertEqual((event["sop_instance_uid"], event["source_sop_instance_uid"]), ("1.2.3.4.5", old))
            file = read(peer.files()[0])
            self.assertEqual(dicomfile.value_of(file, 0x00080018), "1.2.3.4.5")
            # Which storescp takes from the request, for the meta group of its file.
            dump = support.run_tool("dcmdump", "+P", "0002,0003", peer.files()[0])
            self.assertIn("[1.2.3.4.5]", str(dump.stdout))

    def test_a_text_that_does_not_fit_fails_its_instance_and_no_other(self):
        latin = self.write("latin.dcm", make_samples.ct(9, person="latin"), make_samples.EXPLICIT)
        ascii_only = self.write("ascii.dcm", make_samples.ct(10, person="ascii"), make_samples.EXPLICIT)
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, latin, ascii_only, "--set", "PatientName=Müller^Jörg", "--json")
            self.assertEqual(run.code, 3, run)
            reasons = {event["path"]: (event["outcome"], event["reason"]) for event in run.of("instance")}
            self.assertEqual(reasons[latin], ("ok", "edited"))
            self.assertEqual(reasons[ascii_only][0], "failed")
            self.assertIn("does not fit into the character set", reasons[ascii_only][1])
            self.assertEqual(len(peer.files()), 1)
            name = next(element for element in read(peer.files()[0]).elements if element.tag == 0x00100010)
            self.assertEqual(name.value.rstrip(), "Müller^Jörg".encode("latin-1"))

    def test_an_edited_character_set_converts_the_names(self):
        path = self.write("recoded.dcm", make_samples.ct(11, person="latin"), make_samples.EXPLICIT)
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, path, "--set", "SpecificCharacterSet=ISO_IR 192", "--json")
            self.assertEqual(run.code, 0, run)
            import pydicom
            self.assertEqual(str(pydicom.dcmread(peer.files()[0]).PatientName), str(pydicom.dcmread(path).PatientName))
            self.assertEqual(touched(path, peer.files()[0]), {0x00080005, 0x00100010})

    def test_a_dry_run_checks_and_tells(self):
        run = scu("store", "ANY@127.0.0.1:9", self.samples[0], *EDITS, "--dry-run", "--json")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.of("instance")[0]["reason"], "would be sent, edited")
        run = scu("store", "ANY@127.0.0.1:9", self.samples[0], "--remove", "SOPInstanceUID", "--dry-run", "--json")
        self.assertEqual(run.code, 3, run)
        self.assertIn("no valid SOP Instance UID", run.of("instance")[0]["reason"])


class EditsToOrthanc(EditsCase):
    def test_orthanc_keeps_what_was_edited(self):
        paths = [path for path in self.samples if "big-endian" not in path]
        with peers.Orthanc() as peer:
            run = scu("store", peer.address, *paths, *EDITS, "--json")
            self.assertEqual(run.code, 0, run)
            address = "http://%s:%d" % (peers.HOST, peer.http_port)
            received = {}
            with urllib.request.urlopen(address + "/instances") as answer:
                ids = json.load(answer)
            for number, name in enumerate(ids):
                path = os.path.join(self.folder, "orthanc-%d.dcm" % number)
                with urllib.request.urlopen("%s/instances/%s/file" % (address, name)) as answer, open(path, "wb") as file:
                    shutil.copyfileobj(answer, file)
                received[dicomfile.value_of(read(path), 0x00080018)] = path
            self.assertEqual(len(received), len(paths))
            for path in paths:
                self.check_edited(path, received[dicomfile.value_of(read(path), 0x00080018)])


class EditsOfSharedFiles(EditsCase):
    def test_files_of_every_syntax_and_writer_differ_in_what_was_edited_alone(self):
        rows = support.manifest()
        if rows is None:
            self.skipTest("no shared sample files")
        paths, seen = [], set()
        for row in rows:
            kind = (os.path.dirname(row["file"]), row.get("transfer_syntax"))
            if kind in seen or not row["dcmdump_ok"].startswith("yes") or os.path.getsize(row["path"]) > 4 << 20:
                continue
            try:
                uid = dicomfile.value_of(read(row["path"]), 0x00080018)
            except (dicomfile.Malformed, KeyError, StopIteration):
                continue
            if uid and uid not in {one for _, one in paths}:
                seen.add(kind)
                paths.append((row["path"], uid))
        self.assertGreater(len(paths), 10)
        with peers.StoreScp("+B", "+xa") as peer:
            run = scu("store", peer.address, *[path for path, _ in paths], "--set", "PatientID=N-1", "--json")
            received = support.by_instance(peer.files())
            told = {event["path"]: event for event in run.of("instance")}
            edited = 0
            for path, uid in paths:
                if told[path]["outcome"] != "ok":
                    self.assertNotIn(uid, received, told[path])
                    continue
                self.assertEqual(touched(path, received[uid]) - {0x00100020}, set(), path)
                self.assertEqual(dicomfile.value_of(read(received[uid]), 0x00100020), "N-1", path)
                edited += 1
            support.note("edits: %d shared files edited, %d could not be sent" % (edited, len(paths) - edited))
            self.assertGreater(edited, len(paths) // 2, run)


if __name__ == "__main__":
    unittest.main()
