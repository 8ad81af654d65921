"""The table of exit codes, row by row (catalogue C01), each with --json as well (C02)."""

import os
import struct
import time
import unittest

from clitest import CliTest, closed_port, command, implicit

FAST = ["--timeout-connect", "2", "--timeout-associate", "0.5", "--timeout-response", "0.5", "--timeout-idle", "0.5",
        "--timeout-release", "0.5"]


class ExitCodes(CliTest):
    def both(self, code, *arguments, error=None):
        """The same with and without --json."""
        plain = self.scu(*arguments, code=code)
        result = self.scu(*arguments, "--json", code=code)
        self.check_json(result)
        if error:
            self.assertIn(error, [record["code"] for record in result.events("error")])
        if code not in (0, 3, 4):
            self.assertRegex(plain.talk, "(?m)^(scu |failed: )")
        return plain

    def test_0_all_done(self):
        peer = self.peer()
        self.both(0, "echo", peer.name)
        self.both(0, "find", peer.name, "PatientID=1")

    def test_1_other(self):
        path = self.write("text.txt", "no DICOM file at all, but long enough to be looked at " * 8)
        self.both(1, "dump", path, error="malformed")

    def test_2_usage(self):
        self.both(2, "echo", "nonsense", error="usage")
        self.both(2, "find", "P@h", "--no-such-option", error="usage")

    def test_3_partial(self):
        listener = self.listen()
        good = self.sample("good.dcm")
        bad = self.write("bad.txt", "not DICOM")
        self.both(3, "store", listener.name, good, bad)
        self.both(3, "store", listener.name, bad)
        self.both(3, "store", listener.name, good, self.path("missing.dcm"))

    def test_3_is_not_for_strangers_met_in_a_folder(self):
        listener = self.listen()
        self.sample("in/good.dcm")
        self.write("in/notes.txt", "not DICOM")
        result = self.scu("store", listener.name, self.path("in"), "--json", code=0)
        self.assertEqual((result.records[-1]["ok"], result.records[-1]["skipped"]), (1, 1))

    def test_4_nothing_matched(self):
        peer = self.peer()
        self.both(4, "find", peer.name, "PatientID=1", "--require-match")

    def test_5_cannot_connect(self):
        peer = "P@127.0.0.1:%d" % closed_port()
        self.both(5, "echo", peer, error="transport")
        self.both(5, "find", peer, "PatientID=1", error="transport")
        self.both(5, "store", peer, self.sample("a.dcm"), error="transport")
        self.both(5, "get", peer, "StudyInstanceUID=1.2", "-o", self.path("d"), error="transport")

    def test_6_rejected(self):
        peer = self.peer(reject=(1, 1, 7))
        result = self.both(6, "echo", peer.name, *FAST, error="rejected")
        self.assertIn(peer.name, result.talk)
        self.assertIn("associate", result.talk)

    def test_6_aborted(self):
        self.both(6, "echo", self.peer(abort=True).name, *FAST, error="aborted")

    def test_6_closed(self):
        self.both(6, "echo", self.peer(close=True).name, *FAST, error="closed")

    def test_6_garbage(self):
        self.both(6, "echo", self.peer(garbage=b"HTTP/1.1 400 Bad Request\r\n\r\n").name, *FAST)

    def test_6_the_peer_breaks_a_bound(self):
        """What is too much or cut is the peer's doing, and we abort for it."""
        self.both(6, "echo", self.peer(garbage=struct.pack(">BBI", 2, 0, 1 << 31)).name, *FAST, error="limit")
        sequence = struct.pack("<HHI", 0x0008, 0x1140, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        big = struct.pack("<HHI", 0x0042, 0x0011, 17 << 20) + bytes(17 << 20)
        for error, dataset, extra in (("limit", None, [(0x0902, b"x" * 70000)]), ("limit", big, ()),
                                      ("limit", sequence * 200, ()),
                                      ("malformed", struct.pack("<HHI", 0x0008, 0x0060, 200) + b"CT", ())):
            peer = self.peer(answers=lambda *_: [(0xFF00, dataset, extra)])
            result = self.both(6, "find", peer.name, "PatientID=1", *FAST, error=error)
            self.assertIn(peer.name + ": response: ", result.talk)

    def test_6_a_response_that_comes_before_its_request(self):
        """Its message ID is guessed: it cannot be an answer, be it ever so successful."""
        for arguments, response in ((["echo"], 0x8030), (["find", "PatientID=1"], 0x8020)):
            peer = self.peer(early=command(response, 0x0000, 1))
            result = self.both(6, arguments[0], peer.name, *arguments[1:], *FAST, error="protocol")
            self.assertIn("came before the request", result.talk)

    def test_8_the_association_is_never_answered(self):
        begun = time.monotonic()
        result = self.both(8, "echo", self.peer(silent=True).name, *FAST, error="timeout")
        self.assertLess(time.monotonic() - begun, 20)
        self.assertIn("associate", result.talk)

    def test_8_the_request_is_never_answered(self):
        self.both(8, "echo", self.peer(hang=True).name, *FAST, error="timeout")
        self.both(8, "find", self.peer(hang=True).name, "PatientID=1", "--cancel-wait", "0.2", *FAST,
                  error="timeout")

    def test_9_refused(self):
        peer = self.peer(answers=lambda *_: [(0xA700, None, ())])
        self.both(9, "find", peer.name, "PatientID=1", error="refused")
        self.both(9, "store", peer.name, self.sample("a.dcm"))
        self.both(9, "echo", self.peer(answers=lambda *_: [(0x0122, None, ())]).name)

    def test_9_move_to_a_stranger(self):
        study = implicit([(0x00080052, "CS", "STUDY"), (0x0020000D, "UI", "1.2")])
        image = implicit([(0x00080052, "CS", "IMAGE"), (0x00080018, "UI", "1.2.3"), (0x0020000D, "UI", "1.2"),
                          (0x0020000E, "UI", "1.2.1")])

        def answers(field, _, dataset):
            if field == 0x0021:
                return [(0xA801, None, ())]
            return [(0xFF00, image if b"IMAGE" in dataset else study, ()), (0x0000, None, ())]

        result = self.both(9, "move", self.peer(answers=answers).name, "StudyInstanceUID=1.2", "--to", "STRANGER",
                           error="refused")
        self.assertIn("A801", result.talk)

    def test_11_local_storage(self):
        blocked = self.write("file", "in the way")
        self.both(11, "get", self.peer().name, "StudyInstanceUID=1.2", "-o", os.path.join(blocked, "d"),
                  error="storage")
        self.both(11, "listen", "-o", os.path.join(blocked, "d"), "--port", "127.0.0.1:0", error="storage")
        self.both(11, "dump", self.path("missing"), error="storage")
        self.both(11, "store", self.peer().name, "--from", self.path("missing"), error="storage")

    def test_11_a_full_disk_behind_stdout(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        result = self.scu("version", environment={})
        self.assertEqual(result.code, 0)
        code = os.system("%s version > /dev/full 2> %s" % (os.environ.get("SCU", "scu"), self.path("talk")))
        self.assertEqual(os.WEXITSTATUS(code), 11)

    def test_json_talks_to_people_as_well(self):
        result = self.scu("echo", "P@127.0.0.1:%d" % closed_port(), "--json", code=5)
        self.assertTrue(result.talk.startswith("scu echo: P@127.0.0.1:"))


if __name__ == "__main__":
    unittest.main()
