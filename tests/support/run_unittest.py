"""Runs a folder of unittest files and writes the counts as JSON for tools/run-tests.

Lines that the tests hand over with note() (what was checked, what a peer refused) are kept in the result.
"""

import argparse
import json
import os
import sys
import unittest


class CountingResult(unittest.TextTestResult):
    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        self.good = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.good += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--result", required=True)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", help="test modules or cases; none = the whole folder")
    options = parser.parse_args()
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
    with open(options.result, "w", encoding="utf-8") as file:
        json.dump({"passed": result.good, "failed": len(result.failures) + len(result.errors) +
                   len(result.unexpectedSuccesses), "skipped": len(result.skipped), "lines": lines}, file)
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
