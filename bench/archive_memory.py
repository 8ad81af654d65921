"""The peak memory (VmHWM) of `scu archive` with 100,000 instances indexed while 32 associations are open: each stores, each
asks for every image, each brings a study. One run: a peak needs no median.
"""

import os

import samples
import sides
import table
import support  # sides.py knows where it is

ASSOCIATIONS = 32
LIMIT_MB = 64
PER_STUDY = 100
IMAGES = ["0008,0018", "0008,0052=IMAGE", "0020,000D", "0020,000E", "0020,0013"]


def run(options, workplace):
    count = options.scaled(100 * 1000)
    studies = max(1, count // PER_STUDY)
    listing = samples.write(os.path.join(workplace.in_memory, "memory"), studies, 1, PER_STUDY, samples.TINY)
    more = samples.write(os.path.join(workplace.in_memory, "memory-more"), ASSOCIATIONS, 1, PER_STUDY, samples.SMALL,
                         first=studies + 1)
    slices = samples.write(os.path.join(workplace.in_memory, "memory-slices"), 1, 1, PER_STUDY, samples.CT_SLICE,
                           first=studies + ASSOCIATIONS + 1)
    study = ["0008,0052=STUDY", "0020,000D=" + samples.study_uid(studies + ASSOCIATIONS + 1)]
    side = sides.start("scu, unsynced", workplace.in_memory)
    steps = [("restarted with the index", lambda: side.restart()),
             ("it stores on each", lambda: sides.store(side, more, ASSOCIATIONS)),
             ("it finds every image on each", lambda: sides.find(side, IMAGES, (studies + ASSOCIATIONS + 1) * PER_STUDY,
                                                                 associations=ASSOCIATIONS)),
             ("it sends a study of 512 KiB slices to each", lambda: sides.get(
                 side, study, PER_STUDY, associations=ASSOCIATIONS))]
    try:
        sides.store(side, listing, ASSOCIATIONS)
        yield row("loading %d over %d associations" % (count, ASSOCIATIONS), side)
        sides.store(side, slices)
        for what, step in steps:
            step()
            yield row("%d associations: %s" % (ASSOCIATIONS, what), side)
    finally:
        side.stop()


def row(case, side):
    return table.Row(case, "MB peak", [support.high_water_kib(side.pid) * 1024 / 1e6], "the limit", [LIMIT_MB], 1,
                     is_limit=True)
