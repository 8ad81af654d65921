"""C-GET and C-MOVE of a study of CT slices, and of one of small objects: MB a second at a bare client that throws away.

C-MOVE goes to a sink in the client's own process. Files are in memory on all sides. One retrieval takes as long as the
scheduler lets client and server meet, 1.2 or 3.6 GB/s from the same server: a figure is that of several.
"""

import os

import samples
import sides
import table

NAMES = ["scu, unsynced", "Orthanc, unsynced", "dcmqrscp"]
TIMES = 4  # retrievals to one figure


def rate(way, side, keys, count):
    """MB a second."""
    found = [way(side, keys, count) for _ in range(TIMES)]
    return sum(one["bytes"] for one in found) / sum(one["seconds"] for one in found) / 1e6


def run(options, workplace):
    cases = [("512 KiB", 1, samples.CT_SLICE, options.scaled(400), 2), ("small", 2, samples.SMALL, options.scaled(1000), None)]
    for what, study, sizes, count, demanded in cases:
        listing = samples.write(os.path.join(workplace.in_memory, "get-%d" % study), 1, 1, count, sizes, first=study)
        keys = ["0008,0052=STUDY", "0020,000D=" + samples.study_uid(study)]
        running = {}
        figures = {(way.__name__, name): [] for way in (sides.get, sides.move) for name in NAMES}
        try:
            for name in NAMES:
                running[name] = sides.start(name, workplace.in_memory)
                sides.store(running[name], listing)
            for way in (sides.get, sides.move):
                for name in table.turns(NAMES, options.rounds):
                    figures[way.__name__, name].append(rate(way, running[name], keys, count))
        finally:
            for side in running.values():
                side.stop()
        for way in ("get", "move"):
            for peer in NAMES[1:]:
                yield table.Row("%s %d x %s" % (way, count, what), "MB/s", figures[way, NAMES[0]], peer,
                                figures[way, peer], demanded)
