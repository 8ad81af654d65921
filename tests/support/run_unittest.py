"""Runs a folder of unittest files and writes the counts as JSON for tools/run-tests.

Lines that the tests hand over with note() (what was checked, what a peer refused) are kept in the result. With --jobs every
file runs in a process of its own, so many at once: most tests wait for somebody.
"""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import time
import unittest

# They begin first, so that nothing waits for them at the end.
LONG = ("test_sweep", "test_faults", "test_retrieve")


class CountingResult(unittest.TextTestResult):
    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.good = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.good += 1


def run_here(options):
    sys.path.insert(0, os.path.abspath(options.folder))
    notes = os.path.splitext(os.path.abspath(options.result))[0] + ".notes"
    os.environ["SCU_NOTES"] = notes
    if os.path.exists(notes):
        os.remove(notes)
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(options.names) if options.names else loader.discover(options.folder)
    result = unittest.TextTestRunner(verbosity=2, resultclass=CountingResult).run(suite)
    lines = []
    if os.path.exists(notes):
        with open(notes, encoding="utf-8") as file:
            lines += file.read().splitlines()
    for kind, failures in (("FAILED", result.failures), ("ERROR", result.errors)):
        lines += ["%s %s\n%s" % (kind, test, trace.strip()[-2500:]) for test, trace in failures]
    lines += ["skipped: %s: %s" % (test, reason) for test, reason in result.skipped]
    return {"passed": result.good, "failed": len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses),
            "skipped": len(result.skipped), "lines": lines, "ran": result.testsRun}


def run_module(options, module):
    """In a process of its own; what it says comes when it is done."""
    part = "%s.%s.json" % (os.path.splitext(options.result)[0], module)
    began = time.monotonic()
    done = subprocess.run([sys.executable, os.path.abspath(__file__), "--result", part, options.folder, module],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print("%s\n%s: %.1f s" % (done.stdout.decode("utf-8", "replace"), module, time.monotonic() - began), flush=True)
    if not os.path.exists(part):
        return {"passed": 0, "failed": 1, "skipped": 0, "ran": 1, "lines": ["%s did not finish" % module]}
    with open(part, encoding="utf-8") as file:
        counts = json.load(file)
    os.remove(part)
    return counts


def run_modules(options):
    modules = [name[:-3] for name in sorted(os.listdir(options.folder))
               if name.startswith("test_") and name.endswith(".py")]
    modules.sort(key=lambda name: name not in LONG)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        counts = list(pool.map(lambda module: run_module(options, module), modules))
    total = {"lines": []}
    for key in ("passed", "failed", "skipped", "ran"):
        total[key] = sum(count[key] for count in counts)
    for count in counts:
        total["lines"] += count["lines"]
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--result", required=True)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", help="test modules or cases; none = the whole folder")
    options = parser.parse_args()
    counts = run_here(options) if options.names or options.jobs == 1 else run_modules(options)
    with open(options.result, "w", encoding="utf-8") as file:
        json.dump(counts, file)
    return 0 if counts["ran"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
