"""Peers that ask without end, that say everything but the answer, and that do not read: what one of them does is no
business of the others, costs little memory, and does not keep anybody from ending a command.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import support  # first: it knows where the others are
import flooder
import make_samples
import peers
from scu_archive import ScuArchive
from support import scu

LIMIT_KIB = 32 * 1024
TIMEOUT = 1
WAITS = ["--timeout-response", str(TIMEOUT), "--timeout-release", "1"]
SOON = 1.5  # what a busy machine, an abort and leaving take


def report(context, number):
    return flooder.message(context, flooder.command(
        sop_class=flooder.VERIFICATION, field=flooder.REPORT, message_id=number % 65536, sop_instance=b"1.2.3.", event=1))


def ask(context, number):
    return flooder.message(context, flooder.command(
        sop_class=flooder.VERIFICATION, field=flooder.ECHO, message_id=number % 65536))


def says_once_a_second(what):
    def say(_, connection, context, request):
        flooder.read_all(connection)
        for number in range(60):
            connection.sendall(what(context, number))
            time.sleep(1)
    return say


def says_without_end(what, reads):
    def say(_, connection, context, request):
        if reads:
            flooder.read_all(connection)
        row = b"".join(what(context, number) for number in range(100))
        while True:
            connection.sendall(row)
    return say


class Servers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-floods-", dir=os.environ.get("SCU_BUILD"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def others_have_their_turn(self, server):
        for _ in range(3):
            run = scu("echo", server.address, "--timeout-associate", "5")
            self.assertEqual(run.code, 0, run)
            self.assertLess(run.seconds, SOON, run)

    def ends_when_told(self, process, times, seconds):
        began = time.monotonic()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        code, _ = support.wait_for(process, 20)
        self.assertEqual(code, 0)
        self.assertLess(time.monotonic() - began, seconds)

    def flood(self, server, times, clients=2):
        floods = [flooder.Client(server.address) for _ in range(clients)]
        for flood in floods:
            self.addCleanup(flood.stop)
        time.sleep(1)
        self.others_have_their_turn(server)
        peak = support.high_water_kib(server.process.pid)
        self.assertGreater(peak, 0)
        self.assertLess(peak, LIMIT_KIB)
        support.note("memory: %s flooded with stores: %.1f MB peak" % (type(server).__name__, peak / 1024))
        self.ends_when_told(server.process, times, 4)

    def test_a_listener_has_time_for_others_and_ends_when_it_is_told_to(self):
        for times in (1, 2):
            with support.Listener() as listener:
                self.flood(listener, times)

    def test_an_archive_has_time_for_others_and_ends_when_it_is_told_to(self):
        for times in (1, 2):
            archive = ScuArchive(os.path.join(self.folder, "pacs%d" % times))
            self.addCleanup(archive.close)
            self.flood(archive, times)


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-floods-", dir=os.environ.get("SCU_BUILD"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        written = make_samples.write_samples(os.path.join(cls.folder, "samples"))
        cls.file = next(path for path in written if os.path.basename(path) == "ct-1.dcm")

    def commands(self, address):
        yield TIMEOUT, ["echo", address]
        yield 2 * TIMEOUT, ["find", address, "--level", "study", "PatientID=1"]
        yield TIMEOUT, ["store", address, self.file]

    def late(self, say):
        for wait, command in self.commands("%s"):
            with flooder.Peer(say) as peer:
                run = scu(*[word.replace("%s", peer.address) for word in command], *WAITS)
                self.assertEqual(run.code, 8, run)
                self.assertGreaterEqual(run.seconds, TIMEOUT, run)
                self.assertLess(run.seconds, wait + SOON, run)
                self.assertLess(run.peak_kib, LIMIT_KIB, run)

    def test_a_request_once_a_second_is_no_answer(self):
        self.late(says_once_a_second(report))

    def test_requests_without_end_are_no_answer(self):
        self.late(says_without_end(ask, True))

    def test_nor_from_a_peer_that_does_not_read(self):
        self.late(says_without_end(report, False))

    def test_an_answer_to_what_was_never_asked_is_an_error_at_once(self):
        def say(peer, connection, context, request):
            peer.respond(connection, context, request, 0, message_id=999)
        for command in (["echo"], ["find", "--level", "study", "PatientID=1"]):
            with flooder.Peer(say) as peer:
                run = scu(command[0], peer.address, *command[1:], *WAITS)
                self.assertEqual(run.code, 6, run)
                self.assertLess(run.seconds, SOON, run)
                self.assertIn("message ID 999, which no request had", run.err)

    @staticmethod
    def sends_without_end(peer, connection, context, request):
        if request[0x100] == b"\x20\0":
            row = (flooder.element(8, 0x16, flooder.even(flooder.CT)) + flooder.element(8, 0x52, b"IMAGE ")
                   + flooder.element(8, 0x18, b"1.2.3.4.5.")
                   + flooder.element(0x20, 0xD, b"1.2.3.") + flooder.element(0x20, 0xE, b"1.2.4."))
            peer.respond(connection, context, request, 0xFF00, row)
            peer.respond(connection, context, request, 0)
            return
        flooder.read_all(connection)
        stores = next(number for number, uid, syntaxes in peer.contexts
                      if uid == flooder.CT and flooder.IMPLICIT in syntaxes)
        number = 0
        while True:
            connection.sendall(b"".join(flooder.store_request(stores, number + i) for i in range(50)))
            number += 50

    def get(self, peer):
        return [support.SCU, "get", peer.address, "StudyInstanceUID=1.2.3", "-o", tempfile.mkdtemp(dir=self.folder)]

    def test_what_nobody_asked_for_is_not_taken_without_end(self):
        with flooder.Peer(self.sends_without_end) as peer:
            run = scu(*self.get(peer)[1:], seconds=60)
        self.assertEqual(run.code, 3, run)
        self.assertIn("(1 were promised): given up", run.err)
        self.assertLess(run.peak_kib, LIMIT_KIB, run)

    def test_who_ends_a_flooded_get_has_it_ended(self):
        for times in (1, 2):
            with flooder.Peer(self.sends_without_end) as peer:
                process = subprocess.Popen(self.get(peer), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL, env=support.ENVIRONMENT,
                                           preexec_fn=peers.die_with_parent)
                time.sleep(0.3)
                began = time.monotonic()
                for _ in range(times):
                    if process.poll() is None:
                        process.send_signal(signal.SIGINT)
                    time.sleep(0.05)
                code, _ = support.wait_for(process, 20)
                self.assertIn(code, (3, 130))
                self.assertLess(time.monotonic() - began, 7 if times == 1 else SOON)


if __name__ == "__main__":
    unittest.main()
