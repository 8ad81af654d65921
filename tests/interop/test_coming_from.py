"""docs/coming-from.md as it is typed: every command of its shell blocks in their order; the functions it names are there."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import peers
import test_readme

PAGE = os.path.join(support.ROOT, "docs", "coming-from.md")
DCMTK = os.path.join(os.path.dirname(os.path.abspath(support.SCU)), "dcmtk")


def page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


class ComingFrom(unittest.TestCase):
    with_own_ports = test_readme.Readme.with_own_ports
    start = test_readme.Readme.start
    run_line = test_readme.Readme.run_line

    def setUp(self):
        test_readme.Readme.setUp(self)
        self.environment["PATH"] = DCMTK + os.pathsep + self.environment["PATH"]

    def test_every_command_of_ours_works_as_it_is_written(self):
        lines = [line for text in re.findall(r"(?ms)^```sh\n(.*?)^```$", page()) for line in text.splitlines()]
        for line in lines:
            with self.subTest(line=line):
                self.run_line(line)
        self.assertGreater(sum(line.startswith("scu ") for line in lines), 8)
        for tool in ("echoscu", "storescu", "findscu", "movescu", "getscu"):
            self.assertTrue(any(line.startswith(tool) for line in lines), tool)
        self.assertTrue(os.listdir(os.path.join(self.folder, "fetched")))

    def test_the_tools_are_ours_and_not_dcmtk_s(self):
        said = subprocess.run(["echoscu", "--version"], stdout=subprocess.PIPE, env=self.environment, check=True).stdout
        self.assertIn(b"libscu", said)

    def test_the_functions_it_names_are_in_the_headers(self):
        named = set(re.findall(r"\b(scu_\w+)\(", page()))
        self.assertGreater(len(named), 15)
        headers = ""
        for path in glob.glob(os.path.join(support.ROOT, "include", "scu", "*.h")):
            with open(path, encoding="utf-8") as file:
                headers += file.read()
        self.assertEqual({name for name in named if not re.search(r"\b%s\(" % name, headers)}, set())


if __name__ == "__main__":
    unittest.main()
