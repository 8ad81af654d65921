"""Help is pleasant, complete, and goes to stdout."""

import os
import re
import unittest

from clitest import CliTest

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")
COMMANDS = ("echo", "store", "commit", "find", "move", "get", "listen", "archive", "nodes", "dump", "version", "help")


class Help(CliTest):
    def test_alone_and_with_help_it_shows_what_there_is(self):
        for arguments in ([], ["--help"], ["-h"], ["help"]):
            result = self.scu(*arguments, code=0)
            self.assertEqual(result.talk, "")
            for name in COMMANDS:
                self.assertRegex(result.text, r"(?m)^  %s +\S" % name)

    def test_every_command_has_a_page_in_two_ways(self):
        for name in COMMANDS:
            page = self.scu("help", name, code=0).text
            self.assertEqual(page, self.scu(name, "--help", code=0).text)
            self.assertEqual(page, self.scu(name, "-h", code=0).text)
            self.assertIn("usage: scu " + name, page)
            for code in ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "130"):
                self.assertRegex(page, r"(?m)^  %s +\S" % code)

    def test_the_documentation_has_the_same_exit_codes(self):
        with open(os.path.join(DOCS, "exit-codes.md"), encoding="utf-8") as file:
            written = re.findall(r"(?m)^\| (\d+) \| (.*) \|$", file.read())
        page = self.scu("help", "echo", code=0).text
        self.assertEqual(written, re.findall(r"(?m)^  (\d+) +(.*)$", page.partition("Exit codes:")[2]))

    def test_time_outs_say_what_comes_on_top(self):
        page = self.scu("help", "move", code=0).text
        for option in ("--timeout-response", "--timeout-retrieve"):
            self.assertRegex(page, r"%s SECONDS\s.*--cancel-wait more" % option)

    def test_nobody_is_led_to_believe_that_there_is_tls(self):
        page = self.scu("help", "echo", code=0).text
        for line in page.splitlines():
            if "TLS" in line:
                self.assertIn("this version", line)
        self.assertEqual(page.count("TLS"), 2)

    def test_a_page_names_every_option_that_the_command_takes(self):
        page = self.scu("help", "store", code=0).text
        for option in ("--recursive", "--from", "--null", "--dry-run", "--allow-truncated", "--aet", "--max-pdu",
                       "--timeout-connect", "--nodes", "--json", "--progress", "--implementation-uid"):
            self.assertIn(option, page)
        self.assertNotIn("--limit", page)
        self.assertNotIn("--durability", page)
        self.assertIn("--durability", self.scu("help", "listen").text)

    def test_a_page_says_what_a_peer_is_and_where_the_words_are_explained(self):
        for name in ("echo", "store", "find", "move", "get"):
            self.assertIn("A PEER is AET@host:port", self.scu("help", name).text)
        for name in ("find", "move", "get"):
            self.assertIn("`scu help find`", self.scu("help", name).text)
        self.assertIn("all have to be there", self.scu("help", "find").text)
        self.assertIn("nodes.ini", self.scu("help").text)
        self.assertIn("[pacs]", self.scu("help").text)
        for name in ("listen", "archive"):
            self.assertRegex(self.scu("help", name).text, r"--port .*11112")

    def test_every_listed_option_is_understood(self):
        """What the help says exists is never called unknown."""
        for name in COMMANDS:
            for option in re.findall(r"(?m)^ {2,6}(?:-\w, )?(--[a-z-]+)", self.scu("help", name).text):
                talk = self.scu(name, option, code=None).talk
                self.assertNotIn("unknown option", talk, "%s %s" % (name, option))

    def test_help_for_what_does_not_exist_is_a_usage_error(self):
        self.usage("help", "frobnicate", says="frobnicate")

    def test_no_colours_unless_asked_for(self):
        self.assertNotIn(b"\x1b", self.scu("echo").err)
        self.assertIn(b"\x1b", self.scu("echo", "--color", "always").err)
        self.assertNotIn(b"\x1b", self.scu("echo", "--color", "never", environment={"TERM": "xterm"}).err)

    def test_version_says_who_we_are_and_what_is_in(self):
        result = self.scu("version", code=0)
        for words in ("scu 0.", "2.25.", "LIBSCU_", "zlib", "iconv", "inih", "TLS"):
            self.assertIn(words, result.text)
        self.assertEqual(result.text, self.scu("--version").text)
        records = self.check_json(self.scu("version", "--json", code=0))
        self.assertTrue(records[1]["implementation_class_uid"].startswith("2.25."))
        self.usage("version", "x")


if __name__ == "__main__":
    unittest.main()
