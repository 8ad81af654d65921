"""scu store: what arrives is what was sent, and what cannot be sent is said."""

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


class StoreCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-store-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"))

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path


class StoreBitPreserving(StoreCase):
    def test_every_sample_arrives_byte_for_byte(self):
        with peers.StoreScp("+B", "+xa") as peer:
            run = scu("store", peer.address, *self.samples, "--json")
            self.assertEqual(run.code, 0, run)
            received = support.by_instance(peer.files())
            for path in self.samples:
                instance = dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x00080018)
                self.assertTrue(compare.datasets_identical(path, received[instance]), path)
            self.assertEqual(len(received), len(self.samples))

    def test_the_records_say_what_happened(self):
        with peers.StoreScp("+B", "+xa") as peer:
            run = scu("store", peer.address, *self.samples, "--json")
        self.assertEqual(run.events[0]["event"], "begin", run)
        self.assertEqual(run.events[0]["schema"], 1, run)
        self.assertEqual(run.events[-1]["event"], "summary", run)
        instances = {event["sop_instance_uid"]: event for event in run.of("instance")}
        self.assertEqual(len(instances), len(self.samples), run)
        for path in self.samples:
            file = dicomfile.read(path, support.DICTIONARY)
            event = instances[dicomfile.value_of(file, 0x00080018)]
            self.assertEqual((event["outcome"], event["status"]), ("ok", "0000"), event)
            self.assertEqual(event["sop_class_uid"], dicomfile.value_of(file, 0x00080016))
            self.assertEqual(event["transfer_syntax"], file.syntax)
            self.assertEqual(event["path"], path)
        self.assertEqual([run.summary[key] for key in ("ok", "warnings", "failed", "skipped")],
                         [len(self.samples), 0, 0, 0])
        self.assertGreater(run.summary["bytes"], 0)

    def test_a_folder_is_walked_and_what_is_not_dicom_is_counted(self):
        folder = os.path.join(self.folder, "tree")
        make_samples.write_samples(os.path.join(folder, "deep", "er"), {"ct-1.dcm", "ct-2.dcm"})
        self.write("tree/readme.txt", b"not an image\n" * 20)
        self.write("tree/empty", b"")
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, folder, "-r", "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(len(peer.files()), 2)
        self.assertEqual((run.summary["ok"], run.summary["skipped"], run.summary["failed"]), (2, 2, 0), run)

    def test_a_named_file_that_is_not_dicom_gives_3_and_the_rest_go(self):
        path = self.write("named.txt", b"not an image\n" * 20)
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, path, self.samples[0], "--json")
            self.assertEqual(run.code, 3, run)
            self.assertEqual(len(peer.files()), 1)
        self.assertIn("named.txt", run.out + run.err)

    def test_a_file_that_is_not_there_fails_and_the_rest_go(self):
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, os.path.join(self.folder, "gone.dcm"), self.samples[0], "--json")
            self.assertNotEqual(run.code, 0, run)
            self.assertEqual(len(peer.files()), 1)

    def test_a_list_of_paths_is_followed(self):
        path = self.write("list.txt", "\n".join(self.samples[:3]).encode() + b"\n")
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, "--from", path, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(len(peer.files()), 3)

    def test_a_dry_run_sends_nothing(self):
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, *self.samples, "--dry-run", "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(peer.files(), [])

    def test_a_file_without_preamble_and_one_without_meta_arrive(self):
        content = make_samples.part10(make_samples.ct(7), make_samples.EXPLICIT)
        file = dicomfile.parse(content, support.DICTIONARY)
        for name, start in (("no-preamble.dcm", 132), ("no-meta.dcm", file.dataset_offset)):
            with self.subTest(name), peers.StoreScp("+B") as peer:
                run = scu("store", peer.address, self.write(name, content[start:]), "--json")
                self.assertEqual(run.code, 0, run)
                with open(peer.files()[0], "rb") as received:
                    self.assertEqual(compare.dataset_bytes(received.read()), file.dataset)

    def test_the_datasets_own_uids_win_over_the_metas_and_it_is_warned(self):
        elements = make_samples.ct(8)
        dataset = make_samples.Writer(make_samples.EXPLICIT).dataset(elements)
        meta = make_samples.file_meta(make_samples.MR, make_samples.uid("another"), make_samples.EXPLICIT)
        path = self.write("disagrees.dcm", meta + dataset)
        with peers.StoreScp("+B") as peer:
            run = scu("store", peer.address, path, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertIn(make_samples.uid("ct study/axial/i8"), support.by_instance(peer.files()))
        self.assertEqual(run.of("instance")[0]["sop_class_uid"], make_samples.CT)
        self.assertIn("meta", (run.err + run.of("instance")[0].get("reason", "")).lower(), run)


class StoreToArchives(StoreCase):
    def check(self, peer, names=None):
        chosen = [path for path in self.samples if names is None or os.path.basename(path) in names]
        with peer:
            run = scu("store", peer.address, *chosen, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(run.summary["ok"], len(chosen), run)
            return peer

    def test_dcmqrscp_takes_what_it_knows(self):
        self.check(peers.DcmQrScp("+xr"))

    def test_orthanc_takes_all(self):
        self.check(peers.Orthanc())


class StoreThatFails(StoreCase):
    def test_a_class_the_peer_does_not_know_is_named(self):
        elements = [(tag, vr, "1.2.826.0.1.3680043.9.9999.1" if tag == 0x00080016 else value)
                    for tag, vr, value in make_samples.capture("private class")]
        path = self.write("private-class.dcm", make_samples.part10(elements, make_samples.EXPLICIT))
        with peers.DcmQrScp() as peer:
            run = scu("store", peer.address, path, self.samples[0], "--json")
        self.assertEqual(run.code, 3, run)
        self.assertEqual((run.summary["ok"], run.summary["failed"]), (1, 1), run)
        failed = [event for event in run.of("instance") if event["outcome"] == "failed"]
        self.assertNotEqual(failed[0]["reason"], "", run)

    def test_an_abort_in_the_middle_is_no_success(self):
        with peers.StoreScp("--abort-during") as peer:
            run = scu("store", peer.address, self.samples[4], "--json", seconds=60)
        self.assertIn(run.code, (3, 6), run)
        self.assertEqual(run.summary["ok"], 0, run)

    def test_an_abort_instead_of_the_answer_is_no_success(self):
        with peers.StoreScp("--abort-after") as peer:
            run = scu("store", peer.address, *self.samples[:3], "--json", seconds=60)
        self.assertIn(run.code, (3, 6), run)
        self.assertEqual(run.summary["ok"], 0, run)

    def test_a_connection_cut_in_the_middle_is_no_success(self):
        with peers.StoreScp("+B") as peer:
            recorder = peers.Recorder(peer.port, limit=20000)
            try:
                run = scu("store", "%s@127.0.0.1:%d" % (peer.title, recorder.port), self.samples[4], "--json", seconds=60)
            finally:
                recorder.stop()
        self.assertNotEqual(run.code, 0, run)
        self.assertEqual(run.summary["ok"], 0, run)

    def test_a_peer_that_never_answers_is_a_time_out(self):
        with peers.StoreScp("--sleep-during", "8") as peer:
            run = scu("store", peer.address, self.samples[0], "--json", "--timeout-response", "1", seconds=60)
        self.assertIn(run.code, (3, 8), run)
        self.assertLess(run.seconds, 7.5, run)


if __name__ == "__main__":
    unittest.main()
