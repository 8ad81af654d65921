#!/usr/bin/python3
"""The benchmarks behind script/bench: by turns with the peers, medians, ratios.

  run.py [QUESTION...] [--rounds N] [--scale FRACTION] [--require-faster] [--json FILE] [--list]

Without a question all are asked. --scale makes everything smaller, to see whether it runs. --require-faster: exit code 1
where a demanded ratio is missed.
"""

import argparse
import os
import shutil
import sys
import tempfile

import table
import archive_find
import archive_memory
import archive_retrieve
import archive_store
import throughput

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
QUESTIONS = {"listen": throughput, "archive-store": archive_store, "archive-find": archive_find,
             "archive-retrieve": archive_retrieve, "archive-memory": archive_memory}


class Workplace:
    """Two folders that go with us: one in memory where there is a memory disk, one on the disk of the tree."""

    def __init__(self):
        build = os.path.join(ROOT, "build")
        os.makedirs(build, exist_ok=True)
        self.on_disk = tempfile.mkdtemp(prefix="bench-", dir=build)
        self.in_memory = tempfile.mkdtemp(prefix="scu-bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else build)

    def warm(self, length):
        """Uses so much memory and gives it back. The host of a virtual machine gives memory when it is used the first
        time, which takes longer than filling it, and whoever came first would pay."""
        path, piece = os.path.join(self.in_memory, "warm"), bytes(1 << 20)
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        with open(path, "wb") as file:
            for _ in range(min(length, free // 2) // len(piece)):
                file.write(piece)
        os.remove(path)

    def remove(self, name):
        """A folder of samples and its list."""
        shutil.rmtree(os.path.join(self.in_memory, name), ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.on_disk, ignore_errors=True)
        shutil.rmtree(self.in_memory, ignore_errors=True)


def read_options():
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.split("\n")[0])
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1, help="a fraction of the objects")
    parser.add_argument("--require-faster", action="store_true", help="exit 1 where a demanded ratio is missed")
    parser.add_argument("--json", metavar="FILE", help="write every figure")
    parser.add_argument("--list", action="store_true", help="name the questions")
    options = parser.parse_args()
    unknown = [name for name in options.questions if name not in QUESTIONS]
    if unknown or options.rounds < 1:
        parser.error("no question %s; questions: %s" % (", ".join(unknown), " ".join(QUESTIONS)))
    options.scaled = lambda count: max(10, int(count * options.scale))
    return options


def main():
    options = read_options()
    if options.list:
        print("\n".join(QUESTIONS))
        return 0
    rows = []
    for name in options.questions or QUESTIONS:
        with Workplace() as workplace:
            table.show_head("%s; loopback, medians (min-max) of %d rounds by turns" % (name, options.rounds))
            for row in QUESTIONS[name].run(options, workplace):
                rows.append(row)
                table.show(row)
    missed = sum(row.is_missed for row in rows)
    print("\nratio: ours to theirs. %d of %d demanded ratios missed."
          % (missed, sum(row.demanded is not None for row in rows)))
    if options.json:
        table.write_json(options.json, rows)
    return 1 if missed and options.require_faster else 0


if __name__ == "__main__":
    sys.exit(main())
