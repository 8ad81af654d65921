"""The committed tables are what the generator makes of the Standard's registries, and --check notices when not."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GENERATOR = os.path.join(TREE, "tools", "generate_tables.py")
SHARED = os.environ.get("SCU_SHARED") or os.path.join(os.path.dirname(TREE), "shared")
STANDARD = os.path.join(SHARED, "standard")


def run(*arguments):
    return subprocess.run([sys.executable, GENERATOR, *arguments], capture_output=True, text=True, check=False)


@unittest.skipUnless(os.path.isdir(STANDARD), "no folder " + STANDARD)
class GenerateTables(unittest.TestCase):
    def test_the_committed_tables_are_current(self):
        result = run("--check", STANDARD, TREE)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_check_names_a_table_that_was_edited_and_writing_mends_it(self):
        with tempfile.TemporaryDirectory() as tree:
            shutil.copytree(os.path.join(TREE, "src", "data"), os.path.join(tree, "src", "data"))
            with open(os.path.join(tree, "src", "data", "tables_uids.c"), "a", encoding="utf-8") as table:
                table.write("/* edited */\n")
            result = run("--check", STANDARD, tree)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("tables_uids.c", result.stderr)
            self.assertEqual(run(STANDARD, tree).returncode, 0)
            self.assertEqual(run("--check", STANDARD, tree).returncode, 0)


if __name__ == "__main__":
    unittest.main()
