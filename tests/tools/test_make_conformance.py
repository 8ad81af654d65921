"""The tables of the conformance statement are those of the source, and --check notices when not."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCES = ("tools/make-conformance", "docs/conformance.md", "include/scu/version.h", "src/data", "src/client/get_contexts.c",
           "src/client/query_model.c", "src/client/instance_keys.c", "src/archive/archive.c", "src/archive/attribute.c",
           "src/config/option_table.c")


class MakeConformance(unittest.TestCase):
    def setUp(self):
        self.tree = tempfile.mkdtemp(prefix="scu-conformance-")
        self.addCleanup(shutil.rmtree, self.tree)
        for name in SOURCES:
            to = os.path.join(self.tree, name)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            (shutil.copytree if os.path.isdir(os.path.join(TREE, name)) else shutil.copy)(os.path.join(TREE, name), to)

    def run_tool(self, *arguments):
        return subprocess.run([sys.executable, os.path.join(self.tree, "tools", "make-conformance"), *arguments],
                              capture_output=True, text=True, check=False)

    def change(self, name, before, after):
        with open(os.path.join(self.tree, name), encoding="utf-8") as file:
            text = file.read()
        self.assertIn(before, text)
        with open(os.path.join(self.tree, name), "w", encoding="utf-8") as file:
            file.write(text.replace(before, after, 1))

    def page(self):
        with open(os.path.join(self.tree, "docs", "conformance.md"), encoding="utf-8") as file:
            return file.read()

    def test_the_committed_page_is_current(self):
        result = self.run_tool("--check")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_what_changes_in_the_source_is_noticed_and_mended(self):
        changes = {
            "src/config/option_table.c": ('"timeout-response", "60"', '"timeout-response", "61"', "`61 s`"),
            "src/client/query_model.c": ('OPTIONAL("SeriesDescription")', 'REQUIRED("SeriesDescription")', "SeriesDescription |"),
            "src/client/instance_keys.c": ('KEY("Rows"), ', 'KEY("Rows"), KEY("PhotometricInterpretation"), ', "Photometric"),
            "src/archive/archive.c": ("    {SCU__UID_PATIENT_STUDY_ONLY_GET, SCU__MODEL_PATIENT_STUDY_ONLY, false},\n", "", "")}
        for name, (before, after, said) in changes.items():
            with self.subTest(name=name):
                old = self.page()
                self.change(name, before, after)
                self.assertEqual(self.run_tool("--check").returncode, 1)
                self.assertEqual(self.page(), old)
                self.assertEqual(self.run_tool().returncode, 0)
                self.assertNotEqual(self.page(), old)
                self.assertIn(said, self.page())
                self.assertEqual(self.run_tool("--check").returncode, 0)

    def test_a_table_that_is_taken_out_is_missed(self):
        self.change("docs/conformance.md", "<!-- table options -->", "")
        result = self.run_tool("--check")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no table options", result.stdout)

    def test_every_row_of_the_option_table_and_of_the_classes_is_in_it(self):
        with open(os.path.join(TREE, "src", "config", "option_table.h"), encoding="utf-8") as file:
            options = int(re.search(r"SCU__OPTION_ROWS = (\d+)", file.read()).group(1))
        self.assertEqual(len(re.findall(r"(?m)^\| SCU_OPTION_", self.page())), options)
        with open(os.path.join(TREE, "src", "data", "tables_sop_classes.c"), encoding="utf-8") as file:
            classes = int(re.search(r"scu__sop_class_table_count = (\d+)", file.read()).group(1))
        annex = self.page()[self.page().index("## Annex A"):self.page().index("## Annex B")]
        self.assertEqual(len(re.findall(r"(?m)^\| .*\| [0-9.]+ \|$", annex)), classes)


if __name__ == "__main__":
    unittest.main()
