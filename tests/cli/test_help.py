"""Help is pleasant, complete, and goes to stdout."""

import os
import re
import unittest

from clitest import CliTest

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")
# A terminal as wide as all are, and as high as a window that fills a screen.
SCREEN = (80, 54)
COMMANDS = ("echo", "store", "commit", "find", "move", "get", "listen", "archive", "nodes", "dump", "explain", "version",
            "help")


class Help(CliTest):
    # Arguments with which the words of options are looked at; nobody listens on port 1.
    ENOUGH = {"find": ["A@127.0.0.1:1", "PatientID=1"], "move": ["A@127.0.0.1:1", "PatientID=1", "--to", "B"],
              "get": ["A@127.0.0.1:1", "PatientID=1", "-o", "x"]}

    def test_alone_and_with_help_it_shows_what_there_is(self):
        for arguments in ([], ["--help"], ["-h"], ["help"]):
            result = self.scu(*arguments, code=0)
            self.assertEqual(result.talk, "")
            for name in COMMANDS:
                self.assertRegex(result.text, r"(?m)^  %s +\S" % name)

    def test_every_page_fits_a_screen_and_starts_with_examples(self):
        width, height = SCREEN
        for name in COMMANDS:
            lines = self.scu("help", name, code=0).text.splitlines()
            self.assertLessEqual(len(lines), height, name)
            self.assertEqual([line for line in lines if len(line) > width], [])
            if name != "version":
                self.assertEqual(lines[1:3], ["", "Examples:"])
                self.assertTrue(lines[3].startswith("  "))
        lines = self.scu("help", code=0).text.splitlines()
        self.assertLessEqual(len(lines), height)
        self.assertEqual([line for line in lines if len(line) > width], [])
        self.assertRegex(lines[2], "^  scu ")

    def test_nothing_of_a_page_is_lost_where_lines_end(self):
        """The tables have the words in one piece."""
        for name in COMMANDS:
            page = " ".join(self.scu("help", name, "--full", code=0).text.split())
            for option in self.scu("help", name, "--json", code=0).events("option"):
                self.assertIn(" ".join(option["help"].split()), page)
                self.assertIn(option["name"], page)
                if option["default"]:
                    self.assertIn("[%s]" % option["default"], page)

    def test_the_short_page_leads_to_the_full_one(self):
        for name in COMMANDS:
            self.assertIn("`scu help %s --full`" % name, self.scu("help", name, code=0).text)
            short, full = (self.scu("help", name, *more).text for more in ([], ["--full"]))
            self.assertEqual(set(re.findall(r"--[a-z][a-z-]+", short)) - set(re.findall(r"--[a-z][a-z-]+", full)),
                             {"--full"} - set(re.findall(r"--[a-z][a-z-]+", full)))

    def test_tables_for_programs(self):
        records = self.check_json(self.scu("help", "--json", code=0))
        self.assertEqual([one["name"] for one in records if one["event"] == "command"], list(COMMANDS))
        options = {(one["command"], one["name"]): one for one in records if one["event"] == "option"}
        self.assertEqual(options["find", "--level"]["choices"], "patient|study|series|image|instance")
        self.assertEqual(options["get", "--layout"]["choices"], "tree|flat")
        self.assertEqual(options["store", "--null"]["letter"], "0")
        self.assertEqual(options["echo", "--timeout-tcp"]["default"], "120")
        self.assertNotIn(("echo", "--level"), options)
        keys = {one["name"]: one for one in records if one["event"] == "node_key"}
        self.assertEqual((keys["max-pdu"]["kind"], keys["max-pdu"]["default"]), ("integer", "131072"))
        self.assertNotIn("aet", keys)
        self.assertEqual([one["code"] for one in records if one["event"] == "exit_code"],
                         [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130])

    def test_tables_of_one_command(self):
        records = self.check_json(self.scu("help", "echo", "--json", code=0))
        self.assertEqual([one["name"] for one in records if one["event"] == "command"], ["echo"])
        self.assertEqual({one["command"] for one in records if one["event"] == "option"}, {"echo"})

    def test_the_words_of_the_tables_are_those_that_are_taken(self):
        for option in self.scu("help", "--json", code=0).events("option"):
            enough = self.ENOUGH.get(option["command"], [])
            for word in filter(None, option["choices"].split("|")):
                talk = self.scu(option["command"], option["name"], word, *enough).talk
                self.assertNotRegex(talk, "%s(: '| must be)" % option["name"])
            if option["choices"]:
                self.usage(option["command"], option["name"], "frobnicate", *enough, says=option["name"])

    def test_every_node_key_of_the_tables_may_stand_in_a_node_file(self):
        self.scu("nodes", "add", "pacs", "A@127.0.0.1:1", code=0)
        keys = self.scu("help", "--json", code=0).events("node_key")
        self.assertGreater(len(keys), 20)
        for key in keys:
            value = key["default"] or "ISO_IR 100"
            self.scu("nodes", "set", "pacs", "%s=%s" % (key["name"], value), code=0)
        self.usage("nodes", "set", "pacs", "layout=flat", says="layout")

    def test_every_command_has_a_page_in_two_ways(self):
        for name in COMMANDS:
            page = self.scu("help", name, code=0).text
            self.assertEqual(page, self.scu(name, "--help", code=0).text)
            self.assertEqual(page, self.scu(name, "-h", code=0).text)
            self.assertIn("usage: scu " + name, page)
            page = self.scu("help", name, "--full", code=0).text
            self.assertIn("usage: scu " + name, page)
            for code in ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "130"):
                self.assertRegex(page, r"(?m)^  %s +\S" % code)

    def test_the_documentation_has_the_same_exit_codes(self):
        with open(os.path.join(DOCS, "exit-codes.md"), encoding="utf-8") as file:
            written = re.findall(r"(?m)^\| (\d+) \| (.*) \|$", file.read())
        page = self.scu("help", "echo", "--full", code=0).text
        self.assertEqual(written, re.findall(r"(?m)^  (\d+) +(.*)$", page.partition("Exit codes:")[2]))

    def test_time_outs_say_what_comes_on_top(self):
        page = self.scu("help", "move", "--full", code=0).text
        for option in ("--timeout-response", "--timeout-retrieve"):
            self.assertRegex(page, r"%s SECONDS\s[^\[]*--cancel-wait\s+more" % option)

    def test_nobody_is_led_to_believe_that_there_is_tls(self):
        page = " ".join(self.scu("help", "echo", "--full", code=0).text.split())
        self.assertEqual(page.count("TLS"), 2)
        self.assertIn("there is no TLS in this version", page)
        self.assertIn("TLS (not in this version)", page)
        self.assertNotIn("TLS", self.scu("help", "echo", code=0).text)

    def test_a_page_names_every_option_that_the_command_takes(self):
        page = self.scu("help", "store", code=0).text
        full = self.scu("help", "store", "--full", code=0).text
        for option in ("--recursive", "--from", "--null", "--dry-run", "--allow-truncated", "--aet", "--max-pdu",
                       "--timeout-connect", "--nodes", "--json", "--progress", "--implementation-uid"):
            self.assertIn(option, page)
            self.assertRegex(full, r"(?m)^ {2,6}(-\w, )?%s( [A-Z]+)?\s+\w" % option)
        self.assertNotIn("--limit", page)
        self.assertNotIn("--durability", page)
        self.assertIn("--durability", self.scu("help", "listen").text)

    def test_a_page_says_what_a_peer_is_and_where_the_words_are_explained(self):
        for name in ("echo", "store", "find", "move", "get"):
            self.assertIn("A PEER is AET@host:port", self.scu("help", name).text)
        for name in ("find", "move", "get"):
            self.assertIn("`scu help find --full`", " ".join(self.scu("help", name, "--full").text.split()))
        self.assertIn("all have to be there", " ".join(self.scu("help", "find", "--full").text.split()))
        self.assertIn("nodes.ini", self.scu("help").text)
        self.assertIn("[pacs]", self.scu("help").text)
        for name in ("listen", "archive"):
            self.assertRegex(" ".join(self.scu("help", name, "--full").text.split()), r"--port [^\[]*\[ADDR:\]PORT [^\[]*\[[^\]]*11112")

    def test_every_listed_option_is_understood(self):
        """What the help says exists is never called unknown."""
        for name in COMMANDS:
            for option in re.findall(r"(?m)^ {2,6}(?:-\w, )?(--[a-z-]+)", self.scu("help", name, "--full").text):
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
