"""scu explain: every code in words, the manual page made of the same rows, and hints that are their next steps."""

import errno
import os
import re
import subprocess
import sys
import unittest

from clitest import SCU, CliTest, closed_port

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Explain(CliTest):
    def rows(self, *code):
        """The rows of a code, as JSON has them."""
        result = self.scu("explain", "--json", *code, code=0)
        self.check_json(result)
        return result.events("explanation")

    def only(self, *code):
        rows = self.rows(*code)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def test_a_code_has_text_cause_and_next_step(self):
        text = self.scu("explain", "C-MOVE", "A801", code=0).text
        self.assertRegex(text, r"^A801 \(C-MOVE\): failure: refused: Move Destination unknown \[PS3\.4 ")
        self.assertRegex(text, r"(?m)^  cause: \S")
        self.assertRegex(text, r"(?m)^  try: register the destination")

    def test_it_may_be_written_as_people_write_it(self):
        for code in (["A801"], ["0xA801"], ["a801H"], ["43009"], ["C-MOVE", "A801"], ["C-MOVE A801"]):
            self.assertEqual(self.only(*code)["code"], "A801")
        for code in (["1/1/7"], ["reject", "1/1/7"], ["A-ASSOCIATE-RJ", "1", "1", "7"], ["reject 1/1/7"]):
            self.assertEqual(self.only(*code)["code"], "A-ASSOCIATE-RJ 1/1/7")
        for code in (["2/1"], ["abort", "2/1"], ["A-ABORT", "2", "1"]):
            self.assertEqual(self.rows(*code)[0]["code"], "A-ABORT 2/1")
        self.assertEqual(self.only("context", "3")["text"], "abstract syntax not supported")
        for code in (["ECONNREFUSED"], ["errno", str(errno.ECONNREFUSED)]):
            self.assertEqual(self.only(*code)["code"], "ECONNREFUSED")
        self.assertEqual(self.only("timeout")["kind"], "result")
        self.assertEqual(self.only("connect")["kind"], "phase")

    def test_exit_codes_are_those_of_the_help(self):
        with open(os.path.join(TREE, "docs", "exit-codes.md"), encoding="utf-8") as file:
            written = re.findall(r"(?m)^\| (\d+) \| (.*) \|$", file.read())
        self.assertEqual([(row["code"], row["text"]) for row in self.rows("exit")],
                         [("exit " + code, meaning) for code, meaning in written])
        self.assertEqual(self.only("exit", "6"), self.only("exit code 6"))
        self.usage("explain", "exit", "77", says="exit 77")

    def test_services_and_products_that_differ_are_all_told(self):
        self.assertEqual({row["where"] for row in self.rows("A702")}, {"C-STORE", "C-FIND", "C-MOVE", "C-GET"})
        self.assertIn("pynetdicom", {row["source"] for row in self.rows("C211")})
        self.assertIn("dcm4chee-arc", {row["source"] for row in self.rows("A7xx")})
        self.assertEqual({row["kind"] for row in self.rows("0112")}, {"status", "reason"})

    def test_a_code_that_is_not_in_the_table_gets_its_range_and_is_said_to(self):
        row = self.only("C-ECHO", "C123")
        self.assertEqual((row["code"], row["class"], row["is_range"]), ("Cxxx", "failure", 1))
        text = self.scu("explain", "C-ECHO", "C123", code=0).text
        self.assertTrue(text.startswith("C-ECHO C123 is not in the table."), text)
        self.assertNotIn("not in the table", self.scu("explain", "A702", code=0).text)

    def test_what_is_no_code_is_a_usage_error(self):
        self.usage("explain", says="explain what?")
        self.usage("explain", "frobnicate", says="'frobnicate' is no code")
        self.usage("explain", "A7021", says="no code")
        self.usage("explain", "x" * 5000, says="no code")
        self.usage("explain", "\x1b[31m", says="no code")
        self.usage("explain", "A702", "--limit", "1", says="no option of `scu explain`")
        result = self.scu("explain", "--json", "frobnicate", code=2)
        self.check_json(result)
        self.assertEqual(result.events("error")[0]["code"], "usage")

    def test_every_row_is_whole(self):
        rows = self.rows("all")
        self.assertGreater(len(rows), 200)
        for row in rows:
            for name in ("kind", "code", "text", "cause", "next_step", "source"):
                self.assertTrue(row[name], row)
        self.assertEqual({row["kind"] for row in rows}, {"reject", "abort", "context", "status", "reason", "errno",
                                                         "resolver", "result", "phase", "exit"})

    def test_the_manual_page_is_made_of_the_same_rows(self):
        run = subprocess.run([sys.executable, os.path.join(TREE, "tools", "make-errors-page"), "--check", SCU],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def hint_of(self, *arguments, code):
        """What a failing command says to try, by its JSON error, and the line for people."""
        result = self.scu(*arguments, "--json", code=code)
        hint = result.events("error")[0]["hint"]
        self.assertIn("  try: %s\n" % hint, result.talk)
        return hint

    def test_hints_of_real_failures_are_next_steps(self):
        refused = self.only("ECONNREFUSED")
        self.assertEqual(self.hint_of("echo", "P@127.0.0.1:%d" % closed_port(), code=5), refused["next_step"])
        absent = self.only("ENOENT")
        self.assertEqual(self.hint_of("dump", self.path("absent.dcm"), code=11), absent["next_step"])


if __name__ == "__main__":
    unittest.main()
