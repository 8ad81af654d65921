"""C-FIND: matches a second that a bare client counts when it asks for every image, by a relational query.

The identifier asks for five attributes of the image and its UIDs. dcmqrscp is asked at 5,000 instances only, because its
index takes quadratic time to be filled. With 100,000 instances our own rate at 5,000 is the second thing to hold against.
"""

import os

import samples
import sides
import table

NAMES = ["scu, unsynced", "Orthanc, unsynced", "dcmqrscp"]
IMAGES = ["0008,0016", "0008,0018", "0008,0052=IMAGE", "0020,000D", "0020,000E", "0020,0013"]
PER_STUDY = 100


def ask(running, keys, expected, rounds):
    """Matches a second of each side, by turns."""
    figures = {name: [] for name in running}
    for name in table.turns(running, rounds):
        found = sides.find(running[name], keys, expected)
        figures[name].append(found["matches"] / found["seconds"])
    return figures


def with_loaded(names, folder, listing, use):
    """Starts the sides, loads them, and hands them over."""
    running = {}
    try:
        for name in names:
            running[name] = sides.start(name, folder)
            sides.store(running[name], listing, 1 if name == "dcmqrscp" else 4)
        return use(running)
    finally:
        for side in running.values():
            side.stop()


def measure(names, workplace, count, options):
    """(all images, the images of one study): figures by name."""
    studies = max(1, count // PER_STUDY)
    listing = samples.write(os.path.join(workplace.in_memory, "find-%d" % count), studies, 1, PER_STUDY, samples.TINY)
    one = [key + "=" + samples.study_uid(studies) if key == "0020,000D" else key for key in IMAGES]

    def use(running):
        return (ask(running, IMAGES, studies * PER_STUDY, options.rounds), ask(running, one, PER_STUDY, options.rounds))
    try:
        return with_loaded(names, workplace.in_memory, listing, use)
    finally:
        workplace.remove("find-%d" % count)


def run(options, workplace):
    ours = NAMES[0]
    few, many = options.scaled(5000), options.scaled(100 * 1000)
    every, one = measure(NAMES, workplace, few, options)
    for peer in NAMES[1:]:
        yield table.Row("find all of %d images" % few, "matches/s", every[ours], peer, every[peer], 5)
    for peer in NAMES[1:]:
        yield table.Row("find %d images of a study, among %d" % (PER_STUDY, few), "matches/s", one[ours], peer, one[peer])
    at_few = every[ours]
    every, one = measure(NAMES[:2], workplace, many, options)
    yield table.Row("find all of %d images" % many, "matches/s", every[ours], NAMES[1], every[NAMES[1]], 5)
    yield table.Row("find all of %d images" % many, "matches/s", every[ours], "scu at %d" % few, at_few, 0.5)
    yield table.Row("find %d images of a study, among %d" % (PER_STUDY, many), "matches/s", one[ours], NAMES[1],
                    one[NAMES[1]])
