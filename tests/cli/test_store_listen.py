"""The two ends of ours on loopback: what is stored is received, lists stream, dry runs touch nothing."""

import os
import re
import signal
import unittest

from clitest import CliTest, samples


def dataset_of(path):
    """Everything behind the file meta group."""
    with open(path, "rb") as file:
        content = file.read()
    length = int.from_bytes(content[140:144], "little")
    return content[144 + length:]


class StoreAndListen(CliTest):
    def test_the_ready_line_is_the_contract(self):
        listener = self.listen()
        self.assertRegex(listener.ready, r"^listening on 127\.0\.0\.1:[1-9][0-9]* as RECEIVER\n$")
        self.assertEqual(listener.stop().code, 0)

    def test_the_ready_line_comes_with_quiet_too(self):
        self.assertRegex(self.listen("--quiet").ready, r"^listening on ")

    def test_every_signal_is_the_normal_stop_of_a_listener(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.assertEqual(self.listen().stop(number).code, 0)

    def test_a_stored_file_arrives_byte_for_byte_in_its_folder(self):
        listener = self.listen()
        elements = samples.capture("one")
        path = self.sample("one.dcm", elements)
        found = {element[0]: element[2] for element in elements}
        self.scu("store", listener.name, path, code=0)
        self.assertEqual(listener.files(), [os.path.join(listener.folder, found[0x0020000D], found[0x0020000E],
                                                         found[0x00080018] + ".dcm")])
        self.assertEqual(dataset_of(listener.files()[0]), dataset_of(path))

    def test_folders_are_walked_only_as_far_as_asked(self):
        listener = self.listen()
        self.sample("in/a.dcm")
        self.sample("in/b.ima")
        self.sample("in/deep/c.dcm")
        for arguments, count in (([], 2), (["-r"], 3), (["-r", "--filter", "*.dcm"], 2)):
            result = self.scu("store", listener.name, self.path("in"), *arguments, "--json", code=0)
            self.assertEqual(len(result.events("instance")), count)

    def test_lists_come_from_files_and_stdin_by_line_or_nul(self):
        listener = self.listen()
        paths = [self.sample("a b.dcm"), self.sample("new\nline.dcm"), self.sample("c.dcm")]
        nul = b"\0".join(path.encode() for path in paths)
        lines = "\n\r\n".join((paths[0], paths[2])).encode() + b"\r\n"
        result = self.scu("store", listener.name, "--from", "-", "--null", "--json", stdin=nul, code=0)
        self.assertEqual([record["path"] for record in result.events("instance")], paths)
        result = self.scu("store", listener.name, "--from", "-", "--json", stdin=lines, code=0)
        self.assertEqual(result.records[-1]["ok"], 2)
        result = self.scu("store", listener.name, "--from", self.write("list", lines), "--json", code=0)
        self.assertEqual(result.records[-1]["ok"], 2)

    def test_a_list_that_is_none_is_a_usage_error(self):
        listener = self.listen()
        self.scu("store", listener.name, "--from", "-", stdin=b"a\0b\0", code=2)
        self.scu("store", listener.name, "--from", "-", stdin=b"x" * 100000, code=2)

    def test_json_tells_every_instance(self):
        listener = self.listen()
        elements = samples.capture("one")
        found = {element[0]: element[2] for element in elements}
        path = self.sample("one.dcm", elements)
        records = self.check_json(self.scu("store", listener.name, path, "--json", code=0))
        instance = records[1]
        self.assertEqual(instance["sop_instance_uid"], found[0x00080018])
        self.assertEqual(instance["source_sop_instance_uid"], found[0x00080018])
        self.assertEqual(instance["sop_class_uid"], found[0x00080016])
        self.assertEqual(instance["transfer_syntax"], samples.EXPLICIT)
        self.assertEqual((instance["status"], instance["outcome"]), ("0000", "ok"))
        self.assertEqual((instance["path"], instance["reason"]), (path, ""))
        self.assertEqual((records[-1]["ok"], records[-1]["failed"]), (1, 0))
        self.assertGreater(records[-1]["bytes"], 0)

    def test_a_listener_tells_its_instances_as_json(self):
        listener = self.listen("--json")
        self.scu("store", listener.name, self.sample("one.dcm"), code=0)
        result = listener.stop()
        records = self.check_json(result)
        self.assertEqual([record["event"] for record in records], ["begin", "listening", "instance", "summary"])
        self.assertEqual(records[2]["path"], listener.files()[0])
        self.assertEqual(records[2]["outcome"], "ok")

    def test_a_dry_run_opens_no_connection_and_reads_everything(self):
        peer = self.peer()
        good = self.sample("good.dcm")
        with open(good, "rb") as file:
            cut = self.write("cut.dcm", file.read()[:-100])
        result = self.scu("store", peer.name, good, cut, "--dry-run", "--json", code=3)
        self.assertEqual([record["outcome"] for record in result.events("instance")], ["ok", "failed"])
        self.assertEqual(peer.connections, [])
        self.assertIn("would send 1 of 2", self.scu("store", peer.name, good, cut, "--dry-run").talk)

    def test_a_file_cut_short_never_leaves(self):
        peer = self.peer()
        with open(self.sample("good.dcm"), "rb") as file:
            cut = self.write("cut.dcm", file.read()[:-1])
        self.scu("store", peer.name, cut, code=3)
        self.assertEqual([request for request in peer.requests if request[0] == 0x0001], [])

    def test_a_path_is_told_once(self):
        os.makedirs(self.path("in"))
        os.symlink("nowhere", self.path("in", "link"))
        for named, told in ((self.path("missing"), self.path("missing")), (self.path("in"), self.path("in", "link"))):
            result = self.scu("store", "P@127.0.0.1:1", named, "--dry-run", "--json", code=3)
            instance = result.events("instance")[0]
            self.assertEqual(instance["path"], told)
            self.assertNotIn(self.folder, instance["reason"])
            self.assertIn("failed: %s: " % told, result.talk)
            self.assertEqual(result.talk.count(told), 1, result.talk)

    def test_a_stranger_is_not_let_in(self):
        listener = self.listen("--accept-from", "FRIEND")
        path = self.sample("one.dcm")
        self.scu("store", listener.name, path, "--aet", "STRANGER", code=6)
        self.scu("store", listener.name, path, "--aet", "FRIEND", code=0)
        self.assertEqual(len(listener.files()), 1)

    def test_who_calls_somebody_else_is_not_let_in_where_that_is_looked_at(self):
        path = self.sample("one.dcm")
        listener = self.listen("--check-called-ae")
        result = self.scu("store", "OTHER@" + listener.address, path, code=6)
        self.assertIn("called AE", result.talk)
        self.scu("store", listener.name, path, code=0)
        lax = self.listen()
        self.scu("store", "OTHER@" + lax.address, path, code=0)

    def test_quiet_says_nothing_when_all_is_well_and_the_fault_when_not(self):
        listener = self.listen()
        good, bad = self.sample("one.dcm"), self.write("bad", "x")
        result = self.scu("store", listener.name, good, "-q", code=0)
        self.assertEqual((result.out, result.err), (b"", b""))
        self.assertIn("failed: ", self.scu("store", listener.name, bad, "-q", code=3).talk)

    def test_the_summary_names_what_happened(self):
        listener = self.listen()
        result = self.scu("store", listener.name, self.sample("one.dcm"), self.write("bad", "x"), code=3)
        self.assertRegex(result.talk, r"(?m)^sent 1 of 2 instances, 1 failed \(")
        self.assertEqual(result.text, "")

    def test_progress_is_json_lines_on_stderr_when_asked(self):
        listener = self.listen()
        result = self.scu("store", listener.name, self.sample("one.dcm"), "--progress", "json", "-q", code=0)
        self.assertEqual(result.out, b"")
        for line in result.talk.splitlines():
            self.assertRegex(line, r'^\{"event":"progress","instances":\d+,"total":\d+,"bytes":\d+,"seconds":\d+\.\d+\}$')

    def test_a_patient_s_name_is_in_no_output_of_store_and_listen(self):
        """Catalogue C03: at every level of talk, with and without faults."""
        canary = "Canary^Patient"
        elements = [element for element in samples.capture("one") if element[0] not in (0x00100010, 0x00100020)]
        elements += [(0x00100010, "PN", canary), (0x00100020, "LO", "CANARY-ID")]
        path = self.sample("one.dcm", sorted(elements, key=lambda element: element[0]))
        with open(path, "rb") as file:
            cut = self.write("cut.dcm", file.read()[:-100])
        for level in ([], ["-v"], ["-d"], ["--json"]):
            listener = self.listen(*level)
            result = self.scu("store", listener.name, path, cut, *level, code=3)
            ended = listener.stop()
            for output in (result.out, result.err, ended.out, ended.err):
                self.assertIsNone(re.search(rb"(?i)canary", output))

    def test_numbers_do_not_follow_the_locale(self):
        listener = self.listen()
        path = self.sample("one.dcm")
        for locale in ("tr_TR.UTF-8", "de_DE.UTF-8", "C"):
            result = self.scu("store", listener.name, path, "--json", environment={"LC_ALL": locale}, code=0)
            self.check_json(result)
            self.assertRegex(result.text.splitlines()[-1], r'"seconds":\d+\.\d{3},')


if __name__ == "__main__":
    unittest.main()
