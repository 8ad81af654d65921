"""Manual pages: true to the tables, complete, and without a warning of those who print them."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PAGES = os.path.join(ROOT, "docs", "man")
SCU = os.environ.get("SCU") or os.path.join(ROOT, "build", "gcc", "cli", "scu")
# scdoc begins a paragraph after each heading; nobody sees it.
OF_SCDOC = "skipping paragraph macro"


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def sources():
    return sorted(name for name in os.listdir(PAGES) if name.endswith(".scd"))


class Man(unittest.TestCase):
    def make_man(self, *arguments, root=ROOT):
        return subprocess.run([sys.executable, os.path.join(root, "tools", "make-man"), *arguments],
                              stdout=subprocess.PIPE, env=dict(os.environ, SCU=SCU), timeout=60)

    def test_they_are_what_the_tables_say(self):
        run = self.make_man("--check")
        self.assertEqual(run.returncode, 0, run.stdout.decode())

    def test_a_page_that_is_out_of_date_is_found_and_mended(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("docs", "tools"):
                shutil.copytree(os.path.join(ROOT, name), os.path.join(folder, name))
            shutil.copy(os.path.join(ROOT, "README.md"), folder)
            page = os.path.join(folder, "docs", "man", "scu-echo.1.scd")
            before = read("docs", "man", "scu-echo.1.scd")
            with open(page, "w", encoding="utf-8") as file:
                file.write(before.replace("*--repeat* _N_", "*--again* _N_"))
            os.remove(os.path.join(folder, "docs", "man", "scu-dump.1.scd"))
            run = self.make_man("--check", root=folder)
            self.assertEqual(run.returncode, 1)
            self.assertEqual(re.findall(r"docs/man/(\S+) is", run.stdout.decode()), ["scu-dump.1.scd", "scu-echo.1.scd"])
            self.assertEqual(self.make_man(root=folder).returncode, 0)
            with open(page, encoding="utf-8") as file:
                self.assertEqual(file.read(), before)
            self.assertEqual(self.make_man("--check", root=folder).returncode, 0)

    def test_nothing_warns(self):
        for tool in ("scdoc", "mandoc"):
            if not shutil.which(tool):
                self.skipTest("%s is not installed" % tool)
        for name in sources():
            page = subprocess.run(["scdoc"], input=read("docs", "man", name).encode(), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=60)
            self.assertEqual((page.returncode, page.stderr.decode()), (0, ""), name)
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page.stdout, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=60)
            self.assertEqual([line for line in lint.stdout.decode().splitlines() if OF_SCDOC not in line], [], name)

    def test_what_a_page_refers_to_is_there(self):
        names = {"%s(%s)" % (name.rsplit(".", 2)[0], name.rsplit(".", 2)[1]) for name in sources()}
        for name in sources():
            for page, section in re.findall(r"\*((?:scu|libscu)[a-z-]*)\*\((\d)\)", read("docs", "man", name)):
                self.assertIn("%s(%s)" % (page, section), names, name)

    def test_every_record_and_member_is_in_scu_json(self):
        """By the source of the command: whoever writes a member says what it is."""
        page = read("docs", "man", "scu-json.5.scd")
        source = "".join(read("cli", name) for name in os.listdir(os.path.join(ROOT, "cli")) if name.endswith(".c"))
        events = set(re.findall(r'json_open\(\w+, "(\w+)"', source)) | set(re.findall(r'\\"event\\":\\"(\w+)\\"', source))
        members = set(re.findall(r'json_(?:text|texts|number|seconds|status)\(\w+, "(\w+)"', source))
        parts = re.search(r"\bparts\[\] = \{(.*?)\n\};", read("cli", "cmd_version.c"), re.S).group(1)
        members |= set(re.findall(r'(?m)^ *\{"(\w+)", "', parts))
        self.assertGreater(len(events), 15)
        self.assertGreater(len(members), 80)
        self.assertEqual(events - set(re.findall(r"(?m)^## (\w+)$", page)), set())
        self.assertEqual(members - set(re.findall(r"(?<![\w\\])\*(\w+)\*", page)), set())

    def test_every_key_that_a_node_may_have_is_in_scu_nodes(self):
        page = read("docs", "man", "scu-nodes.5.scd")
        source = read("src", "config", "nodes.c") + read("src", "config", "nodes.h")
        keys = set(re.findall(r'strcmp\(key, "([\w-]+)"\)', source)) | set(re.findall(r'SCU__NODE_\w+ +"([\w-]+)"', source))
        keys |= set(re.findall(r'"([\w-]+)"', re.search(r"reserved_keys\[\] = \{(.*?)\};", source, re.S).group(1)))
        keys.discard("passcode")  # which is refused
        self.assertIn("passcode-file", keys)
        self.assertEqual(keys - set(re.findall(r"\*([\w-]+)\*", page)), set())

    def test_the_node_file_of_scu_nodes_can_be_read(self):
        example = re.search(r"(?ms)^# EXAMPLES\n.*?^```\n(.*?)^```$", read("docs", "man", "scu-nodes.5.scd")).group(1)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "nodes.ini")
            with open(path, "w", encoding="utf-8") as file:
                file.write(example)
            run = subprocess.run([SCU, "nodes", "--nodes", path, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        self.assertEqual(re.findall(r'"event":"node","name":"(\w+)"', run.stdout.decode()), ["pacs", "ris"])
        self.assertIn('"timeout-retrieve":"4h"', run.stdout.decode())

    def test_libscu_names_what_there_is(self):
        """A name with a * or _ at its end, or behind SCU_, is more than one word of C."""
        headers = "".join(read("include", "scu", name) for name in os.listdir(os.path.join(ROOT, "include", "scu")))
        for name in set(re.findall(r"\b(?:scu|SCU)_\w+\b", read("docs", "man", "libscu.3.scd").replace("\\_", "_"))):
            self.assertRegex(headers, r"\b%s\b" % name.rstrip("_"))

    def test_every_page_has_what_pages_have(self):
        for name in sources():
            page = read("docs", "man", name)
            heads = re.findall(r"(?m)^# (.*)$", page)
            self.assertEqual(heads[0], "NAME")
            if re.match(r"scu-.*\.1\.scd$", name):
                self.assertEqual(heads[-1], "SEE ALSO")
                for head in ("SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"):
                    self.assertIn(head, heads, name)
            self.assertLessEqual(set(re.findall(r"(?m)^; made: (\S+)$", page)),
                                 {"name", "synopsis", "description", "options", "exit", "examples", "commands", "node-keys",
                                  "faults", "program"})


if __name__ == "__main__":
    unittest.main()
