"""docs/rules.md has what comments cite, and nothing else."""

import os
import re
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
FOLDERS = ["src", "include", "cli", "tests", "fuzz", "tools", "bench", "examples"]
NUMBERS = r"%s(?:-%s)?(?:(?:, and|,| and) %s(?:-%s)?)*"
RULES = re.compile(r"RULES (%s)" % (NUMBERS % ((r"\d+",) * 4)))
ROWS = re.compile(r"[Cc]atalogue (%s)" % (NUMBERS % ((r"[A-Z]\d\d",) * 4)))


def sources():
    for folder in FOLDERS:
        for here, folders, files in os.walk(os.path.join(ROOT, folder)):
            for name in files:
                if name.endswith((".c", ".h", ".py")) and not name.startswith("tables_"):
                    with open(os.path.join(here, name), encoding="utf-8", errors="replace") as file:
                        yield os.path.relpath(os.path.join(here, name), ROOT), file.read()


def numbers(text):
    """"1, 3-5 and 8" as 1, 3, 4, 5, 8; "F08-F10" as F08, F09, F10."""
    for first, last in re.findall(r"([A-Z]?\d+)(?:-([A-Z]?\d+))?", text):
        letter = first[0] if first[0].isalpha() else ""
        for number in range(int(first.lstrip(letter)), int((last or first).lstrip(letter)) + 1):
            yield "%s%02d" % (letter, number) if letter else str(number)


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(ROOT, "docs", "rules.md"), encoding="utf-8") as file:
            text = file.read()
        cls.rules = set(re.findall(r"^(\d+)\. ", text, re.M))
        cls.rows = set(re.findall(r"^\| ([A-Z]\d\d) \|", text, re.M))
        cls.sources = list(sources())

    def test_every_rule_and_row_that_is_cited_is_there(self):
        self.assertTrue(self.rules and self.rows)
        missing = set()
        for path, text in self.sources:
            for pattern, known in ((RULES, self.rules), (ROWS, self.rows)):
                for cited in pattern.findall(text):
                    # Of a range the ends: the catalogue has gaps.
                    ends = re.findall(r"[A-Z]?\d+", cited)
                    missing |= {"%s: %s" % (path, number) for number in ends if number not in known}
        self.assertEqual(missing, set())

    def test_every_rule_that_is_there_is_cited(self):
        cited = {number for _, text in self.sources for found in RULES.findall(text) for number in numbers(found)}
        self.assertEqual(self.rules - cited, set())

    def test_every_row_that_is_there_is_cited(self):
        cited = set()
        for _, text in self.sources:
            for found in re.findall(r"\b[A-Z]\d\d(?:-[A-Z]?\d\d)?\b", text):
                cited |= set(numbers(found))
        self.assertEqual(self.rows - cited, set())

    def test_ranges_are_read(self):
        self.assertEqual(list(numbers("1, 3-5 and 8")), ["1", "3", "4", "5", "8"])
        self.assertEqual(list(numbers("F08-F10, F12")), ["F08", "F09", "F10", "F12"])


if __name__ == "__main__":
    unittest.main()
