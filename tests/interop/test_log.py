"""`--log` of every command that talks: what is told at which level, by which association, of both sides of a conversation;
and files that others rotate."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import support  # first: it knows where the others are
import make_samples
import peers
from scu_archive import Peer
from support import scu

LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|info|debug|dump) (-|[1-9]\d*) (.*)$")


class Log(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-log-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def lines(self, name):
        """(level, association, text) of each; there are no others."""
        with open(self.path(name), encoding="utf-8") as file:
            lines = file.read().splitlines()
        found = [LINE.match(line) for line in lines]
        self.assertNotIn(None, found, lines)
        return [match.groups() for match in found]

    def run_scu(self, *arguments, code=0):
        run = scu(*arguments)
        self.assertEqual(run.code, code, run)
        return run

    def test_both_sides_tell_the_same_messages(self):
        with Peer("--demo", "--log", self.path("archive"), "--log-level", "dump") as archive:
            study = self.run_scu("find", archive.address, "--level", "study", "--all", "--json", "--log", self.path("find"),
                                 "--log-level", "dump")
            self.assertEqual(study.err, "")
            self.assertEqual(os.stat(self.path("find")).st_mode & 0o777, 0o600)
            ours, theirs = self.lines("find"), self.lines("archive")
            for line in ours:
                self.assertEqual(line[1], "1")
            messages = [text for _, _, text in ours if re.match(r"(sent|received) C-", text)]
            self.assertGreater(len(messages), 3)
            turned = [text.replace("sent ", "x", 1) if text.startswith("sent") else text.replace("received ", "sent ", 1)
                      for text in messages]
            turned = [text.replace("x", "received ", 1) if text.startswith("x") else text for text in turned]
            self.assertEqual(turned, [text for _, _, text in theirs if re.match(r"(sent|received) C-", text)])
            fragments = [[re.sub("^(sent|received) ", "", text) for _, _, text in lines if "P-DATA-TF" in text]
                         for lines in (ours, theirs)]
            self.assertEqual(*fragments)
            self.assertEqual(sum(text.endswith("QueryRetrieveLevel") for _, _, text in ours), len(messages) - 1)

    def test_a_move_to_ourselves_has_the_numbers_of_session_and_listener_apart(self):
        with Peer("--demo") as archive:
            self.run_scu("move", archive.address, "PatientID=*", "--all", "--listen",
                         "%s:%d" % (peers.HOST, archive.our_port), "-o", self.path("got"), "--log", self.path("move"),
                         "--log-level", "debug", "--aet", "SCU")
        asked = {number for _, number, text in self.lines("move") if text.startswith("connected to ")}
        came = {number for _, number, text in self.lines("move") if text.startswith("connection from ")}
        self.assertTrue(asked and came)
        self.assertFalse(asked & came)
        of = {word: {number for _, number, text in self.lines("move") if word in text}
              for word in ("sent C-MOVE-RQ", "received C-STORE-RQ")}
        self.assertTrue(of["sent C-MOVE-RQ"])
        self.assertLessEqual(of["sent C-MOVE-RQ"], asked)
        self.assertEqual(of["received C-STORE-RQ"], came)

    def test_a_listener_tells_who_came_and_with_what(self):
        with tempfile.TemporaryFile() as err:
            listener = subprocess.Popen([support.SCU, "listen", "-o", self.path("in"), "--port", peers.HOST + ":0", "--log",
                                         self.path("listen"), "--log-level", "debug"], stdout=subprocess.DEVNULL, stderr=err,
                                        env=support.ENVIRONMENT, preexec_fn=peers.die_with_parent)
            try:
                def ready():
                    return re.search(rb"listening on \S+:(\d+) as", os.pread(err.fileno(), 1 << 16, 0))

                peers.wait_until(ready, 20, "the ready line of scu listen")
                for _ in range(2):
                    self.run_scu("echo", "ANY@%s:%d" % (peers.HOST, int(ready().group(1))))
            finally:
                listener.terminate()
                support.wait_for(listener, 15)
        lines = self.lines("listen")
        self.assertEqual([number for _, number, text in lines if text.startswith("connection from ")], ["1", "2"])
        self.assertEqual([number for _, number, text in lines if text == "received C-ECHO-RQ 1"], ["1", "2"])

    def test_what_goes_wrong_has_its_level(self):
        for fault, level, word in (("associate:reject=1/1/7", "warning", "received A-ASSOCIATE-RJ: rejected-permanent"),
                                   ("echo:abort", "warning", "received A-ABORT by "),
                                   ("echo:close", "error", "response: the peer closed the connection"),
                                   ("echo:status=0122", "warning", "received C-ECHO-RSP to 1: 0122H, ")):
            with self.subTest(fault), Peer("--fault", fault) as archive:
                name = fault.replace("/", "")
                run = scu("echo", archive.address, "--log", self.path(name), "--log-level", level)
                self.assertNotEqual(run.code, 0, run)
                lines = self.lines(name)
                self.assertTrue(any(line[0] == level and line[1] == "1" and word in line[2] for line in lines), lines)
                self.assertTrue(any(line[0] == "error" and line[2].startswith("scu echo: ") for line in lines), lines)
                self.assertFalse(any(line[0] == "info" for line in lines), lines)
        scu("echo", "X@127.0.0.1:%d" % peers.free_port(), "--log", self.path("nobody"), "--log-level", "error")
        self.assertRegex(self.lines("nobody")[0][2], "^connect: .*connection refused")

    def test_info_tells_of_associations_and_no_more(self):
        with Peer("--demo") as archive:
            self.run_scu("echo", archive.address, "--log", self.path("echo"))
            run = self.run_scu("echo", archive.address, "--log", "-")
        texts = [re.sub(r"\d+\.\d+\.\d+\.\d+:\d+", "ADDRESS", text) for _, _, text in self.lines("echo")]
        self.assertEqual(texts, ["connected to ADDRESS at ADDRESS",
                                 "sent A-ASSOCIATE-RQ: %s asks ARCHIVE for 1 presentation contexts" % self.our_title(texts[1]),
                                 "received A-ASSOCIATE-AC: 1 of 1 presentation contexts accepted", "sent A-RELEASE-RQ",
                                 "received A-RELEASE-RP", "closed"])
        self.assertEqual(sum(LINE.match(line) is not None for line in run.err.splitlines()), 6, run)

    def our_title(self, text):
        return re.match(r"sent A-ASSOCIATE-RQ: (\S+) asks", text).group(1)

    def test_why_an_association_ended_is_told_once_and_before_its_end(self):
        with Peer("--log", self.path("archive"), "--log-level", "debug", "-v") as archive:
            with socket.create_connection((peers.HOST, archive.port), 10):
                peers.wait_until(lambda: "connection from" in self.content("archive"), 10, "the connection in the log")
            peers.wait_until(lambda: " closed" in self.content("archive"), 10, "the end in the log")
            self.run_scu("echo", archive.address)
            archive.stop()
            said = archive.said()
        lines = self.lines("archive")
        lost = [(level, text) for level, number, text in lines if number == "1" and not text.startswith("Evt")]
        self.assertRegex(lost[0][1], "^connection from ")
        self.assertEqual(lost[1:], [("error", "listen: connection closed before any association request"),
                                    ("info", "closed")])
        echo = [text for level, number, text in lines if number == "2" and not text.startswith("Evt")]
        self.assertEqual([re.sub(" .*", "", text) for text in echo],
                         ["connection", "received", "sent", "received", "sent", "received", "sent", "closed"], echo)
        self.assertIn("association with ", said)  # -v tells it all the same

    def content(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def test_all_nodes_are_told_apart_in_one_log(self):
        with Peer("--demo") as archive, open(self.path("nodes.ini"), "w", encoding="utf-8") as file:
            for name in ("one", "other"):
                file.write("[%s]\naet = ARCHIVE\nhost = %s\nport = %d\n" % (name, peers.HOST, archive.port))
            file.flush()
            self.run_scu("nodes", "test", "--nodes", self.path("nodes.ini"), "--log", self.path("log"), "--log-level",
                         "debug")
        self.assertEqual(sorted(number for _, number, text in self.lines("log") if text.startswith("sent C-ECHO-RQ")),
                         ["1", "2"])

    def test_a_daemon_that_is_not_there_costs_its_lines_only(self):
        with Peer() as archive:
            for where, path in (("syslog", "/dev/log"), ("journal", "/run/systemd/journal/socket")):
                run = self.run_scu("echo", archive.address, "--log", where)
                self.assertFalse(os.path.exists(where), run)
                if not os.path.exists(path):
                    self.assertRegex(run.err, "warning: [1-9][0-9]* lines of the log were lost")

    def test_a_file_that_others_rotate_is_left_to_them(self):
        with Peer("--log", self.path("archive")) as archive:
            self.run_scu("echo", archive.address)
            os.rename(self.path("archive"), self.path("archive.old"))
            time.sleep(1.1)  # it is looked at once a second
            self.run_scu("echo", archive.address)
            archive.stop()
        for name in ("archive", "archive.old"):
            self.assertEqual(sum("connection from" in text for _, _, text in self.lines(name)), 1)
        self.assertEqual({number for _, number, _ in self.lines("archive")}, {"2"})

    def test_a_store_is_dumped_up_to_its_pixels_and_arrives(self):
        path = self.path("in.dcm")
        with open(path, "wb") as file:
            file.write(make_samples.part10(make_samples.capture("log", rows=512, columns=512), make_samples.EXPLICIT))
        with Peer("--log", self.path("archive"), "--log-level", "dump") as archive:
            self.run_scu("store", archive.address, path, "--log", self.path("store"), "--log-level", "dump")
            (stored,) = archive.objects().values()
            self.assertEqual(support.differences(path, stored), [])
        for name in ("store", "archive"):
            texts = [text for _, _, text in self.lines(name)]
            self.assertTrue(any(re.match(r"\(0028,0010\) US 512 .*Rows$", text) for text in texts), texts)
            self.assertIn("(Pixel Data, and what may follow it, is not shown)", texts)
            self.assertLess(os.path.getsize(self.path(name)), 100000)

    def test_the_library_needs_no_log_and_a_log_needs_a_file(self):
        os.symlink("elsewhere", self.path("link"))
        run = scu("echo", "X@127.0.0.1:1", "--log", self.path("link"))
        self.assertEqual(run.code, 11, run)
        self.assertIn("cannot write to " + self.path("link"), run.err)
        self.assertFalse(os.path.exists(self.path("elsewhere")))
        completed = subprocess.run([support.SCU, "version", "--log", "x"], capture_output=True, env=support.ENVIRONMENT,
                                   check=False)
        self.assertEqual(completed.returncode, 2)


if __name__ == "__main__":
    unittest.main()
