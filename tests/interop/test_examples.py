"""Every program of examples/ does what its first line says, against a real archive."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import archives
import compare
import dicomfile
import make_samples
import peers
import scu_archive

BUILD = os.environ.get("SCU_BUILD", os.path.join(support.ROOT, "build", "gcc"))


def program(name):
    return os.path.join(BUILD, "examples", "example_" + name)


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-examples-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"), {"ct-1.dcm", "ct-2.dcm", "ct-3.dcm"})
        cls.sent = support.by_instance(cls.samples)
        cls.peer = peers.Orthanc(our_title=support.OUR_TITLE)
        cls.addClassCleanup(cls.peer.stop)
        support.run_tool("storescu", "-aec", cls.peer.title, peers.HOST, cls.peer.port, *cls.samples)

    def run_example(self, name, *arguments, code=0):
        run = subprocess.run([program(name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=support.ENVIRONMENT, timeout=60)
        text = run.stdout.decode("utf-8")
        self.assertEqual(run.returncode, code, text)
        return text

    def check_folder(self, folder):
        received = support.by_instance(support.files_under(folder))
        self.assertEqual(sorted(received), sorted(self.sent))
        for instance, path in self.sent.items():
            self.assertEqual(support.differences(path, received[instance]), [])

    def test_all_examples_are_run_here(self):
        sources = {name[:-2] for name in os.listdir(os.path.join(support.ROOT, "examples")) if name.endswith(".c")}
        with open(os.path.abspath(__file__), encoding="utf-8") as file:
            run = set(re.findall(r'(?:run_example|program)\("(\w+)"', file.read()))
        self.assertEqual(sources, run)

    def test_without_arguments_each_says_what_it_wants(self):
        for source in sorted(os.listdir(os.path.join(support.ROOT, "examples"))):
            name, kind = os.path.splitext(source)
            if kind == ".c":
                self.assertRegex(self.run_example(name, code=2), r"^usage: %s [A-Z]" % name)

    def test_commit(self):
        ledger = os.path.join(self.folder, "ledger")
        where = [self.peer.address, support.OUR_TITLE, self.peer.our_port, ledger]
        first = next(iter(self.sent))
        text = self.run_example("commit", *where, "1.2.840.10008.5.1.4.1.1.2", first)
        self.assertIn("%s: committed" % first, text)
        text = self.run_example("commit", *where, "1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", code=1)
        self.assertIn("1.2.3.4: failed: the peer does not have this instance", text)
        self.assertEqual(self.run_example("commit", *where), "")  # nothing is open

    def test_echo(self):
        self.assertIn("status 0000H", self.run_example("echo", self.peer.address))
        self.run_example("echo", "ANY@127.0.0.1:%d" % peers.free_port(), code=1)

    def test_store_folder(self):
        with peers.StoreScp("+B") as storescp:
            self.assertIn("3 stored", self.run_example("store_folder", storescp.address, os.path.dirname(self.samples[0])))
            self.assertEqual(len(storescp.files()), 3)

    def test_store_memory(self):
        with peers.StoreScp("+B") as storescp:
            self.assertIn("1 stored", self.run_example("store_memory", storescp.address, "EXAMPLE-1"))
            file = dicomfile.read(storescp.files()[0], support.DICTIONARY)
            self.assertEqual(dicomfile.value_of(file, 0x00100020), "EXAMPLE-1")
        self.run_example("store_memory", "ANY@127.0.0.1:%d" % peers.free_port(), "EXAMPLE-1", code=1)

    def test_edit_while_storing(self):
        edited = {0x00100010: "New^Name", 0x00100020: "N-1", 0x00080050: "ACC-1"}
        uids = {0x00080018, 0x0020000D, 0x0020000E}
        with peers.StoreScp("+B", "+xa") as storescp:
            text = self.run_example("edit_while_storing", storescp.address, os.path.dirname(self.samples[0]), "N-1",
                                    "New^Name", "ACC-1")
            self.assertIn("3 stored, 0 failed", text)
            was = dict(re.findall(r"ok (\S+) -> (\S+) edited", text))
            received = support.by_instance(storescp.files())
            self.assertEqual((sorted(was), sorted(was.values())), (sorted(self.sent), sorted(received)))
            studies = set()
            for old, new in was.items():
                differences = compare.compare_paths(self.sent[old], received[new], support.DICTIONARY).differences
                touched = {int(d.path[1:5] + d.path[6:10], 16) for d in differences}
                self.assertEqual(touched, uids | set(edited), differences)  # and pixels are equal
                file = dicomfile.read(received[new], support.DICTIONARY)
                for tag, value in edited.items():
                    self.assertEqual(dicomfile.value_of(file, tag), value)
                studies.add((dicomfile.value_of(file, 0x0020000D), dicomfile.value_of(file, 0x0020000E)))
            self.assertEqual(len(studies), 1)  # one study, one series, as before
        self.run_example("edit_while_storing", "ANY@127.0.0.1:%d" % peers.free_port(), self.folder, "1", "A", "1", code=1)
        text = self.run_example("edit_while_storing", "ANY@127.0.0.1:%d" % peers.free_port(),
                                os.path.join(support.ROOT, "examples"), "1", "A", "1")
        self.assertRegex(text, r"(?m)^skipped \S+/examples/receive\.c: not a DICOM file")

    def test_find_print(self):
        self.assertIn(archives.STUDIES["ct study"], self.run_example("find_print", self.peer.address, "SCU-JP-1"))

    def test_edit_message(self):
        self.assertEqual(self.run_example("edit_message", self.peer.address, "SCU-JP-1").split(),
                         ["SCU-JP-1", archives.STUDIES["ct study"]])
        self.assertEqual(self.run_example("edit_message", self.peer.address, "NOBODY"), "")

    def test_find_typed(self):
        text = self.run_example("find_typed", self.peer.address, "Yamada", "20240501", "20240531")
        self.assertEqual(text, "Tarou Yamada (山田 太郎), 17.5.2024, CT, 3 images, %s\n" % archives.STUDIES["ct study"])
        self.assertEqual(self.run_example("find_typed", self.peer.address, "Yamada", "20240518", "20240531"), "")
        self.assertIn("not a date", self.run_example("find_typed", self.peer.address, "Yamada", "20240230", "20240301",
                                                     code=1))
        self.assertIn("ends before", self.run_example("find_typed", self.peer.address, "Yamada", "20240302", "20240301",
                                                      code=1))

    def test_get_to_folder(self):
        folder = os.path.join(self.folder, "get")
        self.run_example("get_to_folder", self.peer.address, archives.STUDIES["ct study"], folder)
        self.check_folder(folder)

    def test_fetch_matches(self):
        folder = os.path.join(self.folder, "fetch")
        text = self.run_example("fetch_matches", self.peer.address, "SCU-JP-1", folder)
        self.assertEqual(text, "study %s: complete, 3 of 3 instances\n" % archives.STUDIES["ct study"])
        self.check_folder(folder)
        self.assertEqual(self.run_example("fetch_matches", self.peer.address, "NOBODY", folder), "")
        self.run_example("fetch_matches", "ANY@127.0.0.1:%d" % peers.free_port(), "SCU-JP-1", folder, code=1)

    def test_audit_to_file(self):
        path = os.path.join(self.folder, "audit.xml")
        self.assertEqual(self.run_example("audit_to_file", self.peer.address, "CT-ID-7", path), "0 studies\n")
        with open(path, encoding="utf-8") as file:
            codes = [re.search(r'EventID csd-code="(\d+)"', line).group(1) for line in file]
        self.assertEqual(codes, ["110100", "110112", "110100"])
        self.run_example("audit_to_file", self.peer.address, "X", os.path.join(path, "nowhere"), code=1)

    def test_log_to_file(self):
        path = os.path.join(self.folder, "example.log")
        text = self.run_example("log_to_file", self.peer.address, "SCU-JP-1", path)
        self.assertEqual(text, "1 and 1 studies, OK\n")
        with open(path, encoding="utf-8") as file:
            lines = file.read()
        quiet, loud = lines.split("sent P-DATA-TF", 1)  # the second query is dumped
        self.assertIn("sent A-ASSOCIATE-RQ", quiet)
        self.assertNotIn("C-FIND", quiet)
        self.assertRegex(loud, r"debug 1 sent C-FIND-RQ 2")
        self.assertRegex(loud, r"dump 1 \(0010,0020\) LO \(masked\) ")
        self.assertRegex(loud, r"info - that was all\n\S+ info - what I asked for\n\S+ info - \(0008,0060\) CS \[CT\]")
        self.assertNotIn("SCU-JP-1", lines)
        self.run_example("log_to_file", self.peer.address, "X", self.folder, code=1)

    def test_hooks_audit(self):
        folder = os.path.join(self.folder, "audit")
        text = self.run_example("hooks_audit", self.peer.address, archives.STUDIES["ct study"], folder)
        self.check_folder(folder)
        lines = [re.sub(r"^[-0-9]{10}T[0-9:]{8}\.\d{3}Z (#\d+|-) +", r"\1 ", line) for line in text.splitlines()]
        self.assertEqual(lines[:8], [
            "#1 before associate: 1 contexts", "#1 before connect: " + self.peer.address,
            "#1 after connect: ok 127.0.0.1:%d" % self.peer.port, "#1 after associate: ok",
            "#1 before sent C-ECHO-RQ (1) ", "#1 after sent C-ECHO-RQ (1) ",
            "#1 before received C-ECHO-RSP (1) 0000H ", "#1 after received C-ECHO-RSP (1) 0000H "])
        for instance in self.sent:
            for when in ("before", "after"):
                self.assertTrue(any(re.fullmatch(r"#\d+ %s received C-STORE-RQ \(\d+\) %s.*" % (when, re.escape(instance)),
                                                 line) for line in lines), text)
            for what in ("before keep: %s", "received: %s 0000H", "instance: %s 0000H"):
                self.assertIn("- " + what % instance, lines)
        self.assertIn("- match: 1", lines)
        self.assertRegex(text, "sub-operations: [0-9]+ left, [0-9]+ done")
        self.assertRegex(text, r"before sent C-FIND-RQ \(\d+\)  \+\d+ bytes")
        self.assertRegex(text, r"after received C-GET-RSP \(\d+\) 0000H")
        for kind in ("associate", "connect", "release"):
            self.assertEqual(text.count("before " + kind), text.count("after " + kind), text)
        self.assertEqual(text.count("after close: released"), text.count("after associate: ok"), text)

    def test_move_to_self(self):
        folder = os.path.join(self.folder, "move")
        self.run_example("move_to_self", self.peer.address, support.OUR_TITLE, self.peer.our_port,
                         archives.STUDIES["ct study"], folder)
        self.check_folder(folder)

    def test_cancel_from_thread(self):
        folder = os.path.join(self.folder, "many")
        # Slow enough for the cancel to come before the end: a pause before the fourth match, and after each instance.
        with scu_archive.ScuArchive(folder, "--demo", "--fault", "match:delay=1500@4,sent:delay=300") as archive:
            text = self.run_example("cancel_from_thread", archive.address, "find", "3")
            self.assertRegex(text, r"^find: CANCELLED after 3 matches\nfind: END after \d{1,3} matches\n")
            self.assertIn("associations: 1 opened, 0 lost", text)
            study = re.search(r"\S+$", self.run_example("find_print", archive.address, "DEMO-2").splitlines()[0]).group()
            to = os.path.join(self.folder, "cancelled")
            text = self.run_example("cancel_from_thread", archive.address, "get", "900", study, to)
            told = re.search(r"^get: CANCELLED, (\d+) instances are safe, (\d+) are missing\n"
                             r"associations: 2 opened, 0 lost$", text, re.M)
            self.assertTrue(told, text)
            self.assertGreater(int(told.group(2)), 0)
            # Whatever was begun is whole and under its name, and was acknowledged.
            self.assertEqual(len(support.by_instance(support.files_under(to))), int(told.group(1)))

    def test_cancel_from_thread_when_all_has_come(self):
        # The whole answer is here before the third match is read: the find ends as it would have, and so does the next.
        with scu_archive.ScuArchive(os.path.join(self.folder, "few"), "--demo") as archive:
            for _ in range(6):
                text = self.run_example("cancel_from_thread", archive.address, "find", "3")
                self.assertRegex(text, r"^find: (END|CANCELLED) after \d matches\nfind: END after \d matches\n")
                self.assertIn("associations: 1 opened, 0 lost", text)

    def test_cancel_from_thread_where_nobody_is(self):
        self.run_example("cancel_from_thread", "ANY@127.0.0.1:%d" % peers.free_port(), "find", "3", code=1)

    def test_drill_down(self):
        with scu_archive.ScuArchive(os.path.join(self.folder, "tree")) as archive:
            support.run_tool("storescu", "-aec", archive.title, peers.HOST, archive.port, *self.samples)
            for peer in (archive, self.peer):  # and Orthanc
                text = self.run_example("drill_down", peer.address, "SCU-JP-1")
                self.assertEqual(text.count("StudyInstanceUID " + archives.STUDIES["ct study"]), 1, text)
                for instance in self.sent:
                    self.assertEqual(text.count("    SOPInstanceUID %s\n" % instance), 1, text)
                self.assertRegex(text, r"\A(StudyInstanceUID .*\n(  SeriesInstanceUID .*\n(    SOPInstanceUID .*\n)+)+)+"
                                       r"%d instances\n\Z" % len(self.sent))

    def test_drill_down_in_hook(self):
        with scu_archive.ScuArchive(os.path.join(self.folder, "drilled")) as archive:
            support.run_tool("storescu", "-aec", archive.title, peers.HOST, archive.port, *self.samples)
            for peer in (archive, self.peer):  # and Orthanc
                folder = os.path.join(self.folder, "drilled-" + peer.title)
                text = self.run_example("drill_down_in_hook", peer.address, "SCU-JP-1", folder)
                self.assertIn("STUDY " + archives.STUDIES["ct study"], text)
                for instance in self.sent:
                    self.assertEqual(text.count("    IMAGE %s\n" % instance), 1, text)
                self.assertRegex(text, r"complete: (\d+) of \1 instances")
                self.check_folder(folder)

    def test_mpps(self):
        with scu_archive.ScuArchive(os.path.join(self.folder, "steps")) as archive:
            text = self.run_example("mpps", archive.address, "1.2.3.1", "1.2.3.1.1")
        self.assertIn("begun: 0000H", text)
        self.assertIn("completed: 0000H", text)
        self.assertRegex(text, r"\(0040,0252\) CS \[COMPLETED\]")
        self.assertIn("Beispiel^Jörg", text)
        self.assertIn("1.2.3.1.1", text)

    def test_mpps_where_it_is_not_served(self):
        self.assertIn("1.2.840.10008.3.1.2.3.3", self.run_example("mpps", self.peer.address, "1.2.3.1", "1.2.3.1.1",
                                                                  code=1))

    def test_n_action(self):
        with scu_archive.ScuArchive(os.path.join(self.folder, "commits")) as archive:
            for address in (archive.address, self.peer.address):  # and Orthanc
                text = self.run_example("n_action", address, "1.2.840.10008.5.1.4.1.1.2", next(iter(self.sent)))
                self.assertIn("success: 0000H", text)

    def test_engine_echo(self):
        with peers.StoreScp() as storescp:
            text = self.run_example("engine_echo", storescp.title, peers.HOST, storescp.port)
            self.assertRegex(text, r"^associated, .*\nC-ECHO-RSP 0000H\nreleased\n$")
        self.assertIn("C-ECHO-RSP 0000H", self.run_example("engine_echo", self.peer.title, peers.HOST, self.peer.port))
        with scu_archive.Peer("--fault", "associate:reject=1/1/7") as archive:
            self.assertIn("reject", self.run_example("engine_echo", "ANY", peers.HOST, archive.port, code=1))
        self.assertIn("cannot", self.run_example("engine_echo", "ANY", peers.HOST, peers.free_port(), code=1))

    def test_single_messages(self):
        text = self.run_example("single_messages", self.peer.address, "1000")
        self.assertIn("C-ECHO-RSP 0000H", text)
        self.assertIn("C-FIND-RSP FF00H " + archives.STUDIES["ct study"], text)
        self.assertTrue(text.endswith("C-FIND-RSP 0000H\n"), text)
        with scu_archive.Peer("--demo") as archive:
            text = self.run_example("single_messages", archive.address, "1")
            self.assertRegex(text, r"C-FIND-RSP FF00H [0-9.]+\n(.+\n)*C-FIND-RSP (FE00|0000)H\n$")
        self.assertIn("connect", self.run_example("single_messages", "ANY@127.0.0.1:%d" % peers.free_port(), "1", code=1))

    def test_own_event_loop(self):
        with peers.StoreScp() as storescp:
            text = self.run_example("own_event_loop", self.peer.address, storescp.address)
            self.assertEqual(text.count("status 0000H"), 2, text)

    def test_receive(self):
        process = peers.Process([program("receive"), "0"], self.folder, "receive.log", support.ENVIRONMENT)
        try:
            peers.wait_until(lambda: "listening on" in process.output(), 10, "the ready line of receive")
            title = re.search(r"listening on (\S+):(\d+) as (\S+)", process.output())
            support.run_tool("storescu", "-aec", title.group(3), peers.HOST, title.group(2), self.samples[0])
        finally:
            code = process.stop()
        self.assertEqual(code, 0, process.output())
        self.assertRegex(process.output(), r"\d{4,} bytes")


if __name__ == "__main__":
    unittest.main()
