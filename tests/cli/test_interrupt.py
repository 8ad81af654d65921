"""Ctrl-C: once cancels and exits with 130 after a summary, twice aborts (catalogue C07)."""

import json
import signal
import subprocess
import unittest

from clitest import SCU, CliTest, implicit


class Interrupt(CliTest):
    def start(self, *arguments):
        process = subprocess.Popen([SCU, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.PIPE, env=self.environment, cwd=self.folder)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def finish(self, process):
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    def test_once_cancels_and_says_how_far_it_came(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            peer = self.peer(hang=True)
            process = self.start("find", peer.name, "PatientID=1", "--json", "--cancel-wait", "0.3")
            self.assertTrue(peer.arrived.wait(30))
            process.send_signal(number)
            code, out, _ = self.finish(process)
            self.assertEqual(code, 130)
            last = json.loads(out.decode().splitlines()[-1])
            self.assertEqual((last["event"], last["exit_code"]), ("summary", 130))
            self.assertIn(0x0FFF, [request[0] for request in peer.requests])

    def test_twice_aborts(self):
        peer = self.peer(hang=True)
        process = self.start("find", peer.name, "PatientID=1", "--cancel-wait", "25")
        self.assertTrue(peer.arrived.wait(30))
        process.send_signal(signal.SIGINT)
        while 0x0FFF not in [request[0] for request in peer.requests]:
            if process.poll() is not None:
                self.fail("ended before it cancelled")
        process.send_signal(signal.SIGINT)
        code, _, _ = self.finish(process)
        self.assertEqual(code, 130)

    def test_what_a_store_did_not_try_counts_as_not_sent(self):
        import threading
        second, go_on = threading.Event(), threading.Event()

        def answers(*_):
            if len(peer.requests) == 2:
                second.set()
                go_on.wait(30)
            return [(0x0000, None, ())]
        peer = self.peer(answers=answers)
        for name in "abcde":
            self.sample("in/" + name)
        process = self.start("store", peer.name, self.path("in"))
        self.assertTrue(second.wait(30))
        process.send_signal(signal.SIGINT)
        threading.Timer(0.3, go_on.set).start()
        code, _, err = self.finish(process)
        self.assertEqual(code, 130)
        self.assertRegex(err.decode(), r"sent 2 of 5 instances, 3 not tried \(")

    def test_while_the_peer_does_not_answer_the_association(self):
        peer = self.peer(silent=True)
        process = self.start("echo", peer.name, "--timeout-associate", "60")
        self.assertTrue(peer.arrived.wait(30))
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process)[0], 130)

    def test_between_the_start_of_the_program_and_the_operation(self):
        # The begin record is out just before the find begins: about half of the signals come before it.
        peer = self.peer(silent=True)
        for _ in range(20):
            process = self.start("find", peer.name, "PatientID=1", "--json", "--timeout-associate", "60")
            self.assertIn(b"begin", process.stdout.readline())
            process.send_signal(signal.SIGINT)
            self.assertEqual(self.finish(process)[0], 130)

    def test_while_a_list_is_read_from_stdin(self):
        peer = self.peer()
        process = self.start("store", peer.name, "--from", "-", "--json")
        # The begin record is out just before the list is read: the signal may hit any moment around that.
        self.assertIn(b"begin", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30) # its stdin stays open
        self.assertEqual(process.returncode, 130)
        self.assertIn(b'"event":"summary"', process.stdout.read())

    def test_matches_that_came_before_stay_in_the_output(self):
        match = implicit([(0x00080052, "CS", "STUDY"), (0x00100020, "LO", "4711"), (0x0020000D, "UI", "1.2.3")])
        peer = self.peer(answers=lambda *_: [(0xFF00, match, ())])
        process = self.start("find", peer.name, "PatientID=1", "--json", "--cancel-wait", "0.3")
        lines = [process.stdout.readline() for _ in range(2)]
        self.assertIn(b"4711", lines[1])
        process.send_signal(signal.SIGINT)
        code, out, _ = self.finish(process)
        self.assertEqual(code, 130)
        self.assertEqual(json.loads(out.decode().splitlines()[-1])["ok"], 1)


if __name__ == "__main__":
    unittest.main()
