"""A peer that is cut off without a word is found out within two minutes, in the middle of a C-MOVE that has every right to be silent;
one that is only silent is waited for (RULES 23). Packets are really dropped, in network namespaces of the test's own: two_hosts.py.

Takes five and a half minutes, so it belongs to the full run.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "interop"))

import support  # first: it knows where the others are

CANNOT = 77
SILENCE = 310  # seconds: more than twice what a dead peer gets
NOTICED = 120
MOVE = ["move", "PEER", "StudyInstanceUID=1.2.3", "--to", "ELSEWHERE"]


class Hosts:
    """two_hosts.py at work; result() waits for its end."""

    def __init__(self, test, fault, commands, ready, limit):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        plan = {"scu": support.SCU, "folder": os.path.join(folder.name, "archive"), "commands": commands, "ready": ready,
                "archive": ["--peer", "ELSEWHERE=ELSEWHERE@127.0.0.1:9", "--fault", fault, "--timeout-idle", "1000"],
                "limit": limit}
        self.test = test
        self.process = subprocess.Popen(
            ["unshare", "-rn", support.PYTHON, os.path.join(HERE, "two_hosts.py"), json.dumps(plan)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=support.ENVIRONMENT)
        test.addCleanup(self.stop)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def result(self):
        out, err = self.process.communicate()
        text = err.decode("utf-8", "replace").strip()
        if self.process.returncode == CANNOT:
            support.note("NOT TESTED HERE, dropped packets: " + text)
            self.test.skipTest("this system gives no two hosts to cut off from each other: " + text)
        self.test.assertEqual(self.process.returncode, 0, text)
        return json.loads(out)


def may_have_namespaces():
    try:
        run = subprocess.run(["unshare", "-rn", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        return str(error)
    return "" if run.returncode == 0 else run.stderr.decode("utf-8", "replace").strip()


class Vanished(unittest.TestCase):
    def setUp(self):
        reason = may_have_namespaces()
        if reason:
            support.note("NOT TESTED HERE, dropped packets: " + reason)
            self.skipTest("no network namespace for us: " + reason)

    def check_noticed(self, result, earliest, latest):
        self.assertIsNotNone(result["seconds"], "never noticed: %s" % result)
        self.assertGreaterEqual(result["seconds"], earliest, result)
        self.assertLessEqual(result["seconds"], latest, result)
        self.assertEqual(result["code"], 6, result)  # association lost
        self.assertIn("FAR@", result["err"])
        self.assertIn("the peer's TCP does not answer any more", result["err"])
        self.assertIn("timeout-tcp", result["err"])

    def test_dropped_packets_end_a_silent_move_within_two_minutes_and_silence_alone_does_not(self):
        """Defaults on both sides of the cut; the two pairs of hosts at the same time."""
        cut = Hosts(self, "move:silence", [MOVE], "C-MOVE", NOTICED + 60)
        silent = Hosts(self, "move:delay=%d" % (SILENCE * 1000), [MOVE, [*MOVE, "--timeout-tcp", "5"]], None, SILENCE + 60)
        for patient in silent.result():
            self.assertIsNotNone(patient["seconds"], patient)
            self.assertGreaterEqual(patient["seconds"], SILENCE - 1, patient)
            # The peer had its say at last: there was no such study, so nothing was sent (3, neither 6 nor 8).
            self.assertEqual(patient["code"], 3, patient)
            self.assertIn("does not say that it has sent anything", patient["err"])
        self.check_noticed(cut.result()[0], NOTICED / 2, NOTICED)

    def test_the_time_is_what_it_is_set_to(self):
        short = Hosts(self, "move:silence", [[*MOVE, "--timeout-tcp", "6"], [*MOVE, "--timeout-tcp", "20"]], "C-MOVE", 60)
        first, second = short.result()
        self.check_noticed(first, 2, 7)
        self.check_noticed(second, 8, 21)

    def test_what_was_sent_and_never_acknowledged_ends_no_later(self):
        """Probes of an idle connection do not help here. The wait for a response is longer."""
        busy = Hosts(self, "echo:delay=20",
                     [["echo", "PEER", "--repeat", "100000", "--timeout-tcp", "10", "--timeout-response", "300",
                       "--timeout-idle", "300"]], "association with", 60)
        self.check_noticed(busy.result()[0], 4, 11)


if __name__ == "__main__":
    unittest.main()
