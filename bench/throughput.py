"""Many small and a few hundred middling objects on one association: `scu store` to `scu listen` beside DCMTK's storescu to
storescp +B.

Both sides of DCMTK get TCP_NODELAY=1 (its default waits for delayed acknowledgements: minutes, and no contest); nothing is
synced to disk on either side (ours: --durability none). CPU seconds are those of sender and receiver together.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop"))
import support  # first: it knows where the others are
import make_samples
import peers
import table

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


def run(options, workplace):
    """Rows for run.py. Samples and both receivers' folders are in memory where that goes: ext4 is slow at making files soon
    after others were deleted, whoever asks."""
    ways = {"scu": ours, "DCMTK": dcmtks}
    for name, (count, length) in CASES.items():
        folder = os.path.join(workplace.in_memory, "listen-%d" % length)
        count = options.scaled(count)
        make_samples.write_many(folder, count, length)
        rates, cpus = {side: [] for side in ways}, {side: [] for side in ways}
        tempfile.tempdir = workplace.in_memory
        try:
            for side in table.turns(ways, options.rounds):
                wall, cpu = ways[side](folder, count)
                rates[side].append(count / wall)
                cpus[side].append(cpu)
        finally:
            tempfile.tempdir = None
        note = "CPU %.3f s, its %.3f s" % tuple(statistics.median(cpus[side]) for side in ways)
        yield table.Row("send and receive " + name, "objects/s", rates["scu"], "DCMTK", rates["DCMTK"], 1, note)
