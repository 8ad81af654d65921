"""The samples of the benchmarks are valid, and those of retrieving and of memory run: figures of so few objects say nothing, and are not judged."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import support  # first: it knows where the others are

sys.path.insert(0, os.path.join(support.ROOT, "bench"))
import samples

RUN = os.path.join(support.ROOT, "bench", "run.py")


class Samples(unittest.TestCase):
    def test_every_uid_is_valid(self):
        """No component begins with a zero (PS3.5 9.1): such a UID is stored under a name derived from it."""
        with tempfile.TemporaryDirectory() as folder:
            for path in samples.write_study(folder, 1, 2, 3, samples.SMALL):
                with open(path, "rb") as file:
                    uids = set(re.findall(rb"1\.2\.826\.0\.1\.3680043\.9\.7\.[0-9.]+", file.read()))
                self.assertGreaterEqual(len(uids), 3)
                for uid in uids:
                    self.assertNotRegex(uid.decode(), r"\.0[0-9]")


class Bench(unittest.TestCase):
    def run_bench(self, *arguments):
        return subprocess.run([support.PYTHON, RUN, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=dict(support.ENVIRONMENT, SCU=support.SCU), timeout=240)

    def test_retrieving_and_memory_are_measured_with_a_few_objects(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            run = self.run_bench("archive-retrieve", "archive-memory", "--rounds", "1", "--scale", "0.005", "--json",
                                 file.name)
            text = run.stdout.decode("utf-8", "replace")
            self.assertEqual(run.returncode, 0, text)
            rows = json.load(file)
        self.assertEqual(len(rows), 8 + 5, text)
        for row in rows:
            self.assertEqual((len(row["ours"]), len(row["theirs"])), (1, 1), text)
            self.assertGreater(row["ratio"], 0, text)

    def test_a_question_that_is_none_is_refused(self):
        run = self.run_bench("archive-everything")
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertIn(b"archive-retrieve", run.stdout)


if __name__ == "__main__":
    unittest.main()
