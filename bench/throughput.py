#!/usr/bin/python3
"""Many small and a few hundred middling objects on one association: `scu store` to `scu listen` beside DCMTK's storescu to
storescp +B.

Both sides of DCMTK get TCP_NODELAY=1 (its default waits for delayed acknowledgements: minutes, and no contest); nothing is
synced to disk on either side (ours: --durability none). Rounds alternate between the two, the median counts, and CPU seconds
are those of sender and receiver together. Absolute seconds drift on shared machines: the ratio is the result.

  throughput.py [--rounds N] [--require-faster]
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
import support  # first: it knows where the others are
import make_samples
import peers

# name: (objects, bytes of pixels in each)
CASES = {"1,000 tiny": (1000, 512), "400 x 512 KiB": (400, 512 * 1024)}


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command, environment):
    """Wall seconds of a command that must succeed."""
    started = time.monotonic()
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         env=environment)
    wall = time.monotonic() - started
    if run.returncode != 0:
        sys.exit("%s: exit code %d\n%s" % (" ".join(command[:6]), run.returncode, run.stderr.decode("utf-8", "replace")))
    return wall


def ours(folder, count):
    """(wall seconds, CPU seconds of sender and receiver, the receiver's start included)"""
    with support.Listener("--durability", "none", "-q") as listener:
        before = children_cpu()
        wall = timed([support.SCU, "store", listener.address, folder, "-r", "-q"], support.ENVIRONMENT)
        listener.stop()
        cpu = children_cpu() - before
        arrived = len(listener.files())
    if arrived != count:
        sys.exit("scu listen kept %d of %d objects" % (arrived, count))
    return wall, cpu


def dcmtks(folder, count):
    with peers.StoreScp("+B") as storescp:
        before = children_cpu()
        wall = timed([peers.find("storescu"), "-q", "-aec", storescp.title, "-pdu", "131072", "+sd", peers.HOST,
                      str(storescp.port), folder], peers.ENVIRONMENT)
        storescp.program.stop()
        cpu = children_cpu() - before
        arrived = len(storescp.files())
    if arrived != count:
        sys.exit("storescp kept %d of %d objects" % (arrived, count))
    return wall, cpu


def measure(folder, count, rounds):
    """Medians: {side: (wall, CPU)}."""
    walls, cpus = {"scu": [], "DCMTK": []}, {"scu": [], "DCMTK": []}
    for _ in range(rounds):
        for side, way in (("scu", ours), ("DCMTK", dcmtks)):
            wall, cpu = way(folder, count)
            walls[side].append(wall)
            cpus[side].append(cpu)
    return {side: (statistics.median(walls[side]), statistics.median(cpus[side])) for side in walls}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--require-faster", action="store_true", help="exit 1 where DCMTK was faster")
    options = parser.parse_args()
    # Samples and both receivers' folders go to a memory disk where there is one: ext4 is slow at making files soon after
    # others were deleted, whoever asks.
    if os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"
    print("store -> receive on one association, loopback; medians of %d alternating rounds" % options.rounds)
    print("%-16s %12s %12s %10s %12s %12s" % ("case", "scu wall s", "DCMTK wall s", "ratio", "scu CPU s", "DCMTK CPU s"))
    is_faster = True
    for name, (count, length) in CASES.items():
        folder = tempfile.mkdtemp(prefix="scu-bench-")
        try:
            make_samples.write_many(folder, count, length)
            found = measure(folder, count, options.rounds)
        finally:
            shutil.rmtree(folder)
        (wall, cpu), (its_wall, its_cpu) = found["scu"], found["DCMTK"]
        print("%-16s %12.3f %12.3f %9.2fx %12.3f %12.3f" % (name, wall, its_wall, its_wall / wall, cpu, its_cpu), flush=True)
        is_faster = is_faster and wall < its_wall
    print("ratio: how many times faster scu was (below 1: slower)")
    return 0 if is_faster or not options.require_faster else 1


if __name__ == "__main__":
    sys.exit(main())
