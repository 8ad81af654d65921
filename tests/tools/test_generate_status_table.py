"""The committed list of statuses is what the generator makes of the Standard's, and --check notices when not."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GENERATOR = os.path.join(TREE, "tools", "generate_status_table.py")
SHARED = os.environ.get("SCU_SHARED") or os.path.join(os.path.dirname(TREE), "shared")
STANDARD = os.path.join(SHARED, "standard")


def run(*arguments):
    return subprocess.run([sys.executable, GENERATOR, *arguments], capture_output=True, text=True, check=False)


@unittest.skipUnless(os.path.isdir(STANDARD), "no folder " + STANDARD)
class GenerateStatusTable(unittest.TestCase):
    def test_the_committed_table_is_current(self):
        result = run("--check", STANDARD, TREE)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_check_notices_an_edited_table_and_writing_mends_it(self):
        with tempfile.TemporaryDirectory() as tree:
            os.makedirs(os.path.join(tree, "tests", "unit", "dimse"))
            path = os.path.join(tree, "tests", "unit", "dimse", "standard_statuses.h")
            shutil.copy(os.path.join(TREE, "tests", "unit", "dimse", "standard_statuses.h"), path)
            with open(path, "a", encoding="utf-8") as table:
                table.write("/* edited */\n")
            result = run("--check", STANDARD, tree)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("standard_statuses.h", result.stderr)
            self.assertEqual(run(STANDARD, tree).returncode, 0)
            self.assertEqual(run("--check", STANDARD, tree).returncode, 0)


if __name__ == "__main__":
    unittest.main()
