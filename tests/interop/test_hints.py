"""What scu says to try is the next step of the row that `scu explain` prints for the code: every reject, aborts, refused contexts and statuses of `scu archive --fault`."""

import json
import os
import tempfile
import unittest

import support  # first: it knows where the others are
from scu_archive import ScuArchive
from support import scu

STUDY = "StudyInstanceUID=1.2.3"
REJECTS = ["%d/%s" % (result, pair) for result in (1, 2) for pair in ("1/1", "1/2", "1/3", "1/7", "2/1", "2/2", "3/1", "3/2")]


def explained(code):
    run = scu("explain", code, "--json")
    return [row for row in map(json.loads, run.out.splitlines()) if row["event"] == "explanation"]


class Hints(unittest.TestCase):
    def errors(self, fault, *command):
        """The error records of a command that meets this fault; its peer's address goes behind its name."""
        with tempfile.TemporaryDirectory(prefix="scu-hints-") as folder:
            archive = ScuArchive(folder, "--fault", fault)
            try:
                run = scu(command[0], "%s@127.0.0.1:%d" % (archive.title, archive.port), *command[1:], "--json",
                          "--timeout-associate", "5", "--timeout-response", "5", seconds=60)
            finally:
                archive.close()
        self.assertNotEqual(run.code, 0, fault)
        errors = [row for row in map(json.loads, run.out.splitlines()) if row["event"] == "error"]
        self.assertEqual(len(errors), 1, "%s: %s" % (fault, run))
        self.assertIn("  try: " + errors[0]["hint"], run.err)
        return errors[0]

    def check(self, fault, code, *command, where=None):
        rows = [row for row in explained(code) if where is None or row.get("where", "") == where]
        self.assertEqual(len(rows), 1, "%s: %s" % (code, rows))
        error = self.errors(fault, *command)
        self.assertEqual(error["hint"], rows[0]["next_step"], fault)
        self.assertIn(rows[0]["text"].split(" (")[0], error["reason"], fault)

    def test_every_reject(self):
        for triple in REJECTS:
            self.check("associate:reject=" + triple, "reject " + triple, "echo")

    def test_aborts(self):
        """In answer to an association request, an abort means something of its own."""
        error = self.errors("associate:abort", "echo")
        row = next(row for row in explained("abort") if row.get("where") == "in answer to an association request")
        self.assertEqual(error["hint"], row["next_step"])
        error = self.errors("echo:abort", "echo")
        self.assertRegex(error["reason"], r"\(\d/\d\)$")
        row = explained("abort " + error["reason"][-4:-1])[0]
        self.assertEqual(error["hint"], row["next_step"])
        self.assertIn(row["text"], error["reason"])

    def test_refused_contexts(self):
        for result in (1, 2, 3, 4):
            self.check("associate:refuse=echo/%d" % result, "context %d" % result, "echo")

    def test_statuses_of_an_echo(self):
        for status in ("0110", "0122", "0210", "0211", "0212", "0213", "A700", "A900", "C123", "1234"):
            self.check("echo:status=" + status, "C-ECHO " + status, "echo")

    def test_statuses_of_a_query(self):
        # A900 has it asked again with fewer keys, and is refused again.
        for status in ("0122", "0124", "A700", "A710", "C000"):
            self.check("find:status=" + status, "C-FIND " + status, "find", STUDY, where="C-FIND" if status == "C000" else None)

    def test_statuses_of_a_retrieve(self):
        for status in ("A701", "A702", "A801", "A900", "C123"):
            self.check("move:status=" + status, "C-MOVE " + status, "move", STUDY, "--to", "SOMEBODY", "--raw-identifier",
                       "--level", "study")
        with tempfile.TemporaryDirectory() as folder:
            for status in ("A701", "C123"):
                self.check("get:status=" + status, "C-GET " + status, "get", STUDY, "-o", os.path.join(folder, "got"), "--with",
                           "get", "--raw-identifier", "--level", "study")


if __name__ == "__main__":
    unittest.main()
