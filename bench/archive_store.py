"""C-STORE into the archives: small objects a second, and MB/s of CT slices, over one association and over four.

Synced: a C-STORE is answered when its file is on the disk - `scu archive` as it comes, Orthanc with SyncStorageArea; their
folders are on a disk. Unsynced: nobody waits for the disk; folders in memory. Each case starts with an empty archive, for
dcmqrscp's index slows down with every object; it is asked over one association only, for it refuses some objects when
four store at once.
"""

import os

import samples
import sides
import table

ASSOCIATIONS = (1, 4)
# synced: (ours, its peers, demanded of small ones, of large ones)
SYNCED, UNSYNCED = ("scu", ["Orthanc"]), ("scu, unsynced", ["Orthanc, unsynced", "dcmqrscp"])


def takes_part(name, associations):
    return name != "dcmqrscp" or associations == 1


def measure_once(name, folder, listing, associations):
    """One round of one side: objects a second, MB a second."""
    side = sides.start(name, folder)
    try:
        found = sides.store(side, listing, associations)
    finally:
        sides.leave(side)
    return found["objects"] / found["seconds"], found["bytes"] / found["seconds"] / 1e6


def measure(names, folder, listing, associations, rounds, column):
    figures = {name: [] for name in names}
    for name in table.turns(names, rounds):
        figures[name].append(measure_once(name, folder, listing, associations)[column])
    return figures


def run(options, workplace):
    cases = [("small", workplace.in_memory, samples.SMALL, options.scaled(1000), "objects/s", 0, 2),
             ("512 KiB", workplace.in_memory, samples.CT_SLICE, options.scaled(200), "MB/s", 1, 1)]
    for what, where, sizes, count, unit, column, demanded in cases:
        listing = samples.write(os.path.join(where, "store-" + what.split()[0]), 10, 1, max(1, count // 10), sizes)
        for ours, its_peers in (SYNCED, UNSYNCED):
            folder, place = (workplace.on_disk, "disk") if ours == "scu" else (workplace.in_memory, "memory")
            if place == "memory":
                workplace.warm((1 + len(its_peers)) * len(ASSOCIATIONS) * options.rounds * count * max(sizes))
            for associations in ASSOCIATIONS:
                names = [ours] + [name for name in its_peers if takes_part(name, associations)]
                found = measure(names, folder, listing, associations, options.rounds, column)
                case = "store %d %s, %s, %d assoc" % (count, what, "synced" if ours == "scu" else "unsynced", associations)
                for peer in names[1:]:
                    yield table.Row(case, unit, found[ours], peer, found[peer], demanded, "folders: " + place)
