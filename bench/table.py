"""What every benchmark ends in: rows of two sides, each with one figure a round, and their ratio.

The median counts; the smallest and the largest are told. Absolute figures drift on shared machines: the ratio is the
result, so the sides take turns in each round - in an order that is drawn, because it matters who was busy just before.
"""

import json
import random
import statistics

SEED = 1  # the same turns in every run


def turns(names, rounds):
    """Each name once a round."""
    drawn = random.Random(SEED)
    for _ in range(rounds):
        order = list(names)
        drawn.shuffle(order)
        yield from order


class Row:
    """ours and theirs: a figure of each round. `demanded`: how many times ours has to be theirs, or None; with
    `is_limit` the other way round: ours has to stay below so many times theirs."""

    def __init__(self, case, unit, ours, peer, theirs, demanded=None, note="", is_limit=False):
        self.case, self.unit, self.ours, self.peer, self.theirs = case, unit, list(ours), peer, list(theirs)
        self.demanded, self.note, self.is_limit = demanded, note, is_limit

    @property
    def ratio(self):
        return statistics.median(self.ours) / statistics.median(self.theirs)

    @property
    def is_missed(self):
        if self.demanded is None:
            return False
        return self.ratio >= self.demanded if self.is_limit else self.ratio < self.demanded

    def as_dict(self):
        return {"case": self.case, "unit": self.unit, "peer": self.peer, "ours": self.ours, "theirs": self.theirs,
                "ratio": self.ratio, "demanded": self.demanded, "is_limit": self.is_limit, "is_missed": self.is_missed,
                "note": self.note}


def number(value):
    return "{:,.0f}".format(value) if value >= 100 else "%.3g" % value


def spread(values):
    if len(values) == 1:
        return number(values[0])
    return "%s (%s-%s)" % (number(statistics.median(values)), number(min(values)), number(max(values)))


def demand(row):
    if row.demanded is None:
        return ""
    return "%s%gx%s" % ("< " if row.is_limit else "", row.demanded, "  MISSED" if row.is_missed else "")


LINE = "%-42s %-10s %-24s %-18s %-24s %8s  %-12s %s"


def show_head(title):
    print("\n" + title)
    print(LINE % ("case", "unit", "scu", "peer", "its figure", "ratio", "demanded", ""), flush=True)


def show(row):
    print((LINE % (row.case, row.unit, spread(row.ours), row.peer, spread(row.theirs), "%.2fx" % row.ratio, demand(row),
                   row.note)).rstrip(), flush=True)


def write_json(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        json.dump([row.as_dict() for row in rows], file, indent=1)
        file.write("\n")
