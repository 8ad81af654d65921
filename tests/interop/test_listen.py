"""scu listen: what it keeps equals what storescp +B keeps of the same command; nothing half-written; a clean stop."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import compare
import dicomfile
import make_samples
import peers
from support import Listener, scu


class Listen(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-listen-samples-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(cls.folder)
        cls.native = [path for path in cls.samples if not path.endswith(("rle.dcm", "deflated.dcm", "big-endian.dcm"))]

    def send(self, title, port, *arguments, check=True):
        return support.run_tool("storescu", "-aec", title, "-aet", "SENDER", *arguments, peers.HOST, port, *self.native,
                                check=check)

    @staticmethod
    def syntax(path):
        return dicomfile.read(path, support.DICTIONARY).syntax

    def assert_same_files(self, ours, theirs):
        one, other = support.by_instance(ours), support.by_instance(theirs)
        self.assertEqual(sorted(one), sorted(other))
        for instance, path in one.items():
            self.assertTrue(compare.datasets_identical(path, other[instance]), path)
        return len(one)

    def test_storescu_leaves_the_same_bytes_as_with_storescp(self):
        for proposal in ("-x=", "-xe", "-xi", "-xb", "-xd"):
            choice = "+xa" if proposal == "-xd" else "+xe"
            with self.subTest(proposal), Listener() as listener, peers.StoreScp("+B", choice) as storescp:
                self.send(listener.title, listener.port, proposal, "-R")
                self.send(storescp.title, storescp.port, proposal, "-R")
                ours, theirs = support.by_instance(listener.files()), support.by_instance(storescp.files())
                sent = support.by_instance(self.native)
                self.assertEqual((sorted(ours), sorted(theirs)), (sorted(sent), sorted(sent)))
                identical = 0
                for instance, path in ours.items():
                    # Where a context mixes syntaxes, the two acceptors may pick differently: then storescu sends other
                    # bytes for the same values.
                    if self.syntax(path) == self.syntax(theirs[instance]):
                        self.assertTrue(compare.datasets_identical(path, theirs[instance]), path)
                        identical += 1
                    self.assertEqual(support.differences(sent[instance], path), [])
                self.assertGreaterEqual(identical, len(sent) - 1)

    def test_scu_store_to_scu_listen_is_byte_identical(self):
        with Listener() as listener:
            run = scu("store", listener.address, *self.samples, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(self.assert_same_files(listener.files(), self.samples), len(self.samples))

    def test_the_records_and_the_tree_are_as_promised(self):
        with Listener() as listener:
            scu("store", listener.address, *self.samples)
            self.assertEqual(listener.stop(), 0, listener.stderr())
            events = listener.events()
            self.assertEqual((events[0]["event"], events[-1]["event"]), ("begin", "summary"))
            self.assertEqual(events[-1]["ok"], len(self.samples))
            instances = {event["sop_instance_uid"]: event for event in events if event["event"] == "instance"}
            for path in self.samples:
                file = dicomfile.read(path, support.DICTIONARY)
                study, series, instance = (dicomfile.value_of(file, tag) for tag in (0x0020000D, 0x0020000E, 0x00080018))
                expected = os.path.join(listener.received, study, series, instance + ".dcm")
                self.assertTrue(os.path.exists(expected), expected)
                self.assertEqual(os.path.realpath(instances[instance]["path"]), os.path.realpath(expected))
                self.assertEqual(instances[instance]["transfer_syntax"], file.syntax)

    def test_what_it_writes_is_a_part_10_file_that_dcmtk_reads(self):
        with Listener() as listener:
            scu("store", listener.address, *self.samples)
            for path in listener.files():
                support.run_tool("dcmdump", "-q", path)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(132)[128:], b"DICM")

    def test_echoscu_is_answered(self):
        with Listener() as listener:
            support.run_tool("echoscu", "-aec", listener.title, peers.HOST, listener.port)
            self.assertEqual(scu("echo", listener.address).code, 0)

    def test_only_those_accepted_may_send(self):
        with Listener("--accept-from", "FRIEND,OTHER") as listener:
            self.assertNotEqual(self.send(listener.title, listener.port, check=False).returncode, 0)
            self.assertEqual(listener.files(), [])
            support.run_tool("storescu", "-aec", listener.title, "-aet", "FRIEND", peers.HOST, listener.port,
                             self.native[0])
            self.assertEqual(len(listener.files()), 1)

    def test_several_senders_at_once(self):
        with Listener() as listener:
            senders = []
            for i in range(4):
                folder = os.path.join(self.folder, "many%d" % i)
                os.makedirs(folder)
                for number in range(5):
                    with open(os.path.join(folder, "%d.dcm" % number), "wb") as file:
                        file.write(make_samples.part10(make_samples.capture("sender %d object %d" % (i, number)),
                                                       make_samples.EXPLICIT))
                senders.append(subprocess.Popen([peers.find("storescu"), "-aec", listener.title, "+sd", peers.HOST,
                                                 str(listener.port), folder], env=peers.ENVIRONMENT,
                                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            self.assertEqual([sender.wait(60) for sender in senders], [0] * 4)
            self.assertEqual(len(support.by_instance(listener.files())), 20)

    def test_a_sender_cut_off_leaves_nothing_under_a_final_name(self):
        big = os.path.join(self.folder, "cine.dcm")
        with open(big, "wb") as file:
            file.write(make_samples.part10(make_samples.ultrasound(40), make_samples.EXPLICIT))
        with Listener() as listener:
            recorder = peers.Recorder(listener.port, limit=100000)
            try:
                sent = support.run_tool("storescu", "-aec", listener.title, peers.HOST, recorder.port, big, check=False)
            finally:
                recorder.stop()
            self.assertNotEqual(sent.returncode, 0)
            self.assertEqual(listener.stop(), 0, listener.stderr())
            self.assertEqual(listener.files(), [])

    def test_the_same_object_twice_stays_one_file(self):
        with Listener() as listener:
            for _ in range(2):
                run = scu("store", listener.address, self.samples[0])
                self.assertEqual(run.code, 0, run)
            self.assertEqual(len(listener.files()), 1)

    def test_hostile_uids_stay_inside_the_folder(self):
        elements = [(tag, vr, "../../../../tmp/evil" if tag in (0x0020000D, 0x0020000E) else value)
                    for tag, vr, value in make_samples.ct(1)]
        path = os.path.join(self.folder, "hostile.dcm")
        with open(path, "wb") as file:
            file.write(make_samples.part10(elements, make_samples.EXPLICIT))
        with Listener() as listener:
            run = scu("store", listener.address, path, "--json")
            self.assertEqual(run.code, 0, run)
            self.assertEqual(len(listener.files()), 1)
            self.assertTrue(compare.datasets_identical(path, listener.files()[0]))

    def test_each_signal_stops_it_cleanly(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number), Listener() as listener:
                listener.process.send_signal(number)
                listener.code, _ = support.wait_for(listener.process, 15)
                self.assertEqual(listener.code, 0, listener.stderr())

    def test_a_port_in_use_says_what_to_do(self):
        with Listener() as listener:
            run = scu("listen", "--port", "127.0.0.1:%d" % listener.port, "-o", self.folder)
            self.assertNotEqual(run.code, 0, run)
            self.assertIn(str(listener.port), run.err)


if __name__ == "__main__":
    unittest.main()
