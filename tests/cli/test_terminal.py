"""On a terminal: the progress line is drawn and taken away, colours follow the rules, tables keep their columns."""

import os
import pty
import subprocess
import unittest

from clitest import SCU, CliTest
from test_find import provider, with_value


class Terminal(CliTest):
    def on_terminal(self, *arguments, environment=None):
        """Runs with stdout and stderr on one pseudo-terminal; gives exit code and everything that appeared."""
        master, slave = pty.openpty()
        process = subprocess.Popen([SCU, *arguments], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                                   env=dict(self.environment, **(environment or {"TERM": "xterm"})), cwd=self.folder)
        os.close(slave)
        seen = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(master)
        return process.wait(timeout=60), seen

    def test_errors_are_red_unless_no_color_says_otherwise(self):
        self.assertIn(b"\x1b[31m", self.on_terminal("echo")[1])
        self.assertNotIn(b"\x1b", self.on_terminal("echo", environment={"TERM": "xterm", "NO_COLOR": "1"})[1])
        self.assertNotIn(b"\x1b", self.on_terminal("echo", environment={"TERM": "dumb"})[1])
        self.assertNotIn(b"\x1b", self.on_terminal("echo", "--color", "never")[1])
        self.assertIn(b"\x1b", self.on_terminal("echo", "--color", "always", environment={"NO_COLOR": "1"})[1])

    def test_a_progress_line_leaves_nothing_behind(self):
        listener = self.listen()
        for i in range(5):
            self.sample("in/%d.dcm" % i)
        code, seen = self.on_terminal("store", listener.name, self.path("in"))
        self.assertEqual(code, 0)
        self.assertIn(b"sent 5 of 5 instances", seen)
        self.assertRegex(seen.decode(), r"(^|\r\x1b\[K)sent 5 of 5")
        _, seen = self.on_terminal("store", listener.name, self.path("in"), "--progress", "never")
        self.assertNotIn(b"\x1b[K", seen)

    def test_long_and_wide_values_keep_the_columns_straight(self):
        long, wide = with_value(0x00100010, "PN", "Long^" * 12), with_value(0x00100010, "PN", "\u5c71\u7530^\u592a\u90ce".encode())
        code, seen = self.on_terminal("find", self.peer(answers=provider(long, wide)).name, "PatientID=4711")
        self.assertEqual(code, 0)
        head, first, second = seen.decode().replace("\r\n", "\n").splitlines()
        at = head.index("Study Instance UID")
        self.assertEqual(first.index("1.2.3"), at)
        self.assertIn("\u2026", first)
        # Four characters that are two columns wide each.
        self.assertEqual(second.index("1.2.3"), at - 4)

    def test_csv_on_a_terminal_cannot_act_on_it(self):
        hostile = with_value(0x001021B0, "LT", b"a\r\n\x1b[2Jb")
        peer = self.peer(answers=provider(hostile))
        _, seen = self.on_terminal("find", peer.name, "PatientID=1", "--csv", "-k", "AdditionalPatientHistory")
        self.assertIn(b"\\x1B[2Jb", seen)
        self.assertNotIn(b"\x1b", seen)

    def test_what_nobody_sees_is_shown(self):
        """Two names that look the same must not differ."""
        hidden = [0x00AD, 0x061C, 0x1160, 0x180E, 0x200B, 0x200C, 0x200D, 0x200E, 0x202E, 0x2060, 0x2064, 0x2066, 0x3164, 0xFEFF,
                  0xE0001, 0xE0041]
        for code_point in hidden:
            peer = self.peer(answers=provider(with_value(0x00100010, "PN", ("A%cB" % code_point).encode())))
            shown = "A\\x%02XB" % code_point if code_point < 0x100 else "A\\u%04XB" % code_point
            for arguments in ([], ["--csv"]):
                code, seen = self.on_terminal("find", peer.name, "PatientID=1", *arguments)
                self.assertEqual(code, 0)
                self.assertIn(shown.encode(), seen)
        # A variant of an ideograph is a part of it, and takes no column.
        peer = self.peer(answers=provider(with_value(0x00100010, "PN", "\u8fbb\U000E0100\u8fbb".encode()),
                                          with_value(0x00100010, "PN", "\u8fbb\u8fbb".encode())))
        first, second = self.on_terminal("find", peer.name, "PatientID=4711")[1].decode().splitlines()[1:]
        self.assertEqual(first.replace("\U000E0100", ""), second)


if __name__ == "__main__":
    unittest.main()
