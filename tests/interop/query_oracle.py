"""What PS3.4 C.2.2.2 and K.2.2 say about the queries of query_corpus.py: an archive in Python that shares nothing with ours.

Where the Standard leaves a choice, this takes the one that `scu archive` documents, and query_differences.py says so:
names are compared without case and accents, group by group; several values without negotiation mean any of them; an
identifier that breaks the rules is refused; an optional key does not match an entity without a value for it.
"""

import re
import unicodedata

import support  # first: it knows where the others are
from query_corpus import (COMBINED, EMPTY, FUZZY, KEYS, LEVELS, MULTIPLE, RELATIONAL, UNIQUE, WORKLIST, entities)

WILDCARDS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}  # C.2.2.2.4
TOP = {"P": "PATIENT", "O": "PATIENT", "S": "STUDY"}
BOTTOM = {"P": "IMAGE", "O": "STUDY", "S": "IMAGE"}
MAX_LENGTH = {"SH": 16, "LO": 64, "CS": 16, "AE": 16}
COUNTS = {"NumberOfPatientRelatedStudies": ("PATIENT", "STUDY"), "NumberOfPatientRelatedSeries": ("PATIENT", "SERIES"),
          "NumberOfPatientRelatedInstances": ("PATIENT", "IMAGE"), "NumberOfStudyRelatedSeries": ("STUDY", "SERIES"),
          "NumberOfStudyRelatedInstances": ("STUDY", "IMAGE"), "NumberOfSeriesRelatedInstances": ("SERIES", "IMAGE")}
LISTS = {"ModalitiesInStudy": ("SERIES", "Modality"), "SOPClassesInStudy": ("IMAGE", "SOPClassUID")}
DAY = 86400 * 1000000


class Refused(Exception):
    """The identifier is not one of this SOP class (C.4.1.1.4: A900)."""


# ---- single values ----

def fold(name):
    """A name without case and accents, and without empty components at the end of its groups."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).casefold()
    return [group.strip(" ").rstrip("^ ") for group in bare.split("=")]


def pattern_of(key):
    """C.2.2.2.4"""
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in key), re.S)


def text_matches(key, value, vr):
    if vr in WILDCARDS and re.search("[*?]", key):
        return bool(pattern_of(key).fullmatch(value))
    return key == value


def name_matches(key, value):
    """A key of one group is sought in every group; of several, each is held against its own, an empty one against none."""
    keys, values = fold(key), fold(value)
    if len(keys) == 1:
        return any(group and text_matches(keys[0], group, "PN") for group in values)
    values += [""] * (len(keys) - len(values))
    return all(text_matches(one, other, "PN") and other != "" for one, other in zip(keys, values) if one)


def words(name):
    return [word for word in re.split(r"[ ^=,.\-]+", "=".join(fold(name))) if word]


def name_matches_fuzzily(key, value):
    return all(any(other.startswith(word) for other in words(value)) for word in words(key))


# ---- dates and times, as half-open intervals of microseconds (DA: of days) ----

def days(year, month, day):
    import datetime
    try:
        return datetime.date(year, month, day).toordinal()
    except ValueError:
        raise Refused("no date")


def date_of(text):
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)|(\d{4})\.(\d\d)\.(\d\d)", text)
    if not found:
        raise Refused("no date: " + text)
    day = days(*[int(part) for part in found.groups() if part])
    return day, day + 1


def time_of(text):
    """PS3.5 6.2 TM: what is left out is zero for a comparison (C.2.2.2.1: by meaning, "2230" is "223000")."""
    found = re.fullmatch(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?", text)
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59 or int(found[3] or 0) > 60:
        raise Refused("no time: " + text)
    start = ((int(found[1]) * 60 + int(found[2] or 0)) * 60 + int(found[3] or 0)) * 1000000
    start += int((found[4] or "0").ljust(6, "0"))
    return start, start + 1


def moment_of(text):
    """DT covers what its last component names; without offset it is taken as UTC, all around."""
    found = re.fullmatch(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.(\d{1,6}))?([+-]\d{4})?", text)
    if not found:
        raise Refused("no date-time: " + text)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    start = days(int(year), int(month or 1), int(day or 1)) * DAY
    start += ((int(hour or 0) * 60 + int(minute or 0)) * 60 + int(second or 0)) * 1000000
    start += int((fraction or "").ljust(6, "0"))
    if fraction:
        length = 10 ** (6 - len(fraction))
    elif second:
        length = 1000000
    elif minute:
        length = 60 * 1000000
    elif hour:
        length = 3600 * 1000000
    elif day:
        length = DAY
    elif month:
        length = (days(int(year) + int(month) // 12, int(month) % 12 + 1, 1) - days(int(year), int(month), 1)) * DAY
    else:
        length = (days(int(year) + 1, 1, 1) - days(int(year), 1, 1)) * DAY
    if offset:
        minutes = (int(offset[1:3]) * 60 + int(offset[3:5])) * (-1 if offset[0] == "-" else 1)
        start -= minutes * 60 * 1000000
    return start, start + length


READ = {"DA": date_of, "TM": time_of, "DT": moment_of}


def range_of(key, vr):
    """C.2.2.2.5, ends included; a key without hyphen is one value."""
    read = READ[vr]
    if "-" not in key or (vr == "DT" and re.fullmatch(r"[\d.]+-(0\d|1[0-4])\d\d", key)):  # an offset rather than a year
        return read(key)
    low, high = (part.strip() for part in key.split("-", 1))
    if not low and not high:
        raise Refused("a range of nothing")
    return (read(low)[0] if low else -DAY * 10000000), (read(high)[1] if high else DAY * 10000000)


def overlap(one, other):
    return one[0] < other[1] and other[0] < one[1]


# ---- one key ----

class Key:
    def __init__(self, path, value, query):
        self.path, self.keyword, self.query = path, path.split(".")[-1].replace("[]", ""), query
        self.tag, self.vr, self.level, self.type = KEYS[self.keyword]
        self.text = value.rstrip(" ") if self.vr in ("LT", "ST", "UT") else value.strip(" \0")
        if query.model == "S" and self.level == "PATIENT":
            self.level = "STUDY"  # C.6.2: the patient's attributes are the study's
            self.type = "R" if self.keyword in ("PatientName", "PatientID") else "O"
        self.unknown_never_matches = query.model == "W"  # K.2.2.1.1.1
        self.is_empty_wanted = query.extended == EMPTY and self.text == "\"\""
        self.values = [part for part in self.text.split("\\") if part not in ("", "*")]
        self.is_matched = bool(self.values) and self.vr != "SQ" and not path.startswith("Private") and \
            self.type != "-"
        if self.is_matched and not self.is_empty_wanted:
            for one in self.values:
                self.check(one)

    def check(self, value):
        if self.vr in READ:
            range_of(value, self.vr)
        if self.vr == "UI" and re.search("[*?]", value):
            raise Refused("a UID with a wildcard")
        if self.vr == "IS" and not re.fullmatch(r"[+-]?\d{1,11}", value):
            raise Refused("no number")
        if self.vr in MAX_LENGTH and len(re.sub("[*?]", "", value)) > MAX_LENGTH[self.vr]:
            raise Refused("longer than its VR")

    def value_matches(self, key, value):
        value = value.rstrip(" ") if self.vr in ("LT", "ST", "UT") else value.strip(" ")
        if self.vr in READ:
            return overlap(range_of(key, self.vr), READ[self.vr](value))
        if self.vr == "PN":
            return name_matches_fuzzily(key, value) if self.query.extended == FUZZY else name_matches(key, value)
        if self.vr == "IS":
            return int(key) == int(value)
        if self.vr == "DS":
            return float(key) == float(value)
        return text_matches(key, value, self.vr)

    def matches(self, own):
        """own: the entity's text, None or "" where it has none."""
        if self.is_empty_wanted:
            return not own
        if not own:
            return self.type == "R" and not self.unknown_never_matches  # C.2.2.1.2
        has = lambda key: any(self.value_matches(key, part) for part in own.split("\\"))
        combine = all if self.query.extended == MULTIPLE and self.vr != "UI" else any
        return combine(has(key) for key in self.values)


# ---- sequences (C.2.2.2.6) ----

def children(keys, prefix):
    """What is asked of the items of the sequence at this path: keyword -> key, or None where it is a sequence with keys."""
    found = {}
    for key in keys:
        if key.path.startswith(prefix + "."):
            name, _, deeper = key.path[len(prefix) + 1:].partition(".")
            found[name.replace("[]", "")] = None if deeper else key
    return found


def is_anything_asked(keys, prefix):
    return any(key.is_matched and key.path.startswith(prefix + ".") for key in keys)


def asked_sequences(keys):
    """Those at the top that something is asked of."""
    return {key.path.split(".")[0] for key in keys if "." in key.path and key.is_matched}


def matching_items(keys, prefix, items):
    """The items that all item keys match; with nothing asked of them, all."""
    asked = children(keys, prefix)
    plain = [key for key in asked.values() if key and key.is_matched]
    start = [key for key in plain if key.keyword.startswith("ScheduledProcedureStepStart")]
    if len(start) == 2:  # Table K.6-1: always one period
        plain = [key for key in plain if key not in start]
        start.sort(key=lambda key: key.tag)
    else:
        start = []
    nested = [name for name, key in asked.items() if key is None and is_anything_asked(keys, prefix + "." + name)]
    return [item for item in items
            if all(key.matches(item.get(key.keyword)) for key in plain) and (not start or combined(*start, item)) and
            all(matching_items(keys, prefix + "." + name, item.get(name) or []) for name in nested)]


def combined(date, time, own):
    """C.2.2.2.5.4: from the first date and time to the last; an open end is the day's."""
    if not own.get(date.keyword):
        return date.type == "R" and not date.unknown_never_matches
    first_day, last_day = range_of(date.values[0], "DA")
    low, high = range_of(time.values[0], "TM")
    low, high = max(low, 0), min(high, DAY)
    day = date_of(own[date.keyword])[0]
    moment = time_of(own[time.keyword]) if own.get(time.keyword) else (0, DAY)
    moment = (day * DAY + moment[0], day * DAY + moment[1])
    return overlap((first_day * DAY + low, (last_day - 1) * DAY + high), moment)


# ---- the archive ----

class Ways:
    """How an archive differs from the oracle throughout, where PS3.4 lets it (or not).

    unknown_never_matches: an entity without a value for a required key matches no value; silent: optional keys that it
    neither matches nor returns; unmatched: optional keys that it returns, but does not match.
    """

    def __init__(self, unknown_never_matches=False, silent=(), unmatched=()):
        self.unknown_never_matches, self.silent, self.unmatched = unknown_never_matches, set(silent), set(unmatched)

    def without(self, keyword):
        return Ways(self.unknown_never_matches, self.silent - {keyword}, self.unmatched - {keyword})


class Oracle:
    def __init__(self, ways=None):
        self.entities, self.ways = entities(), ways or Ways()

    def adjust(self, keys):
        """Keys as an archive of these ways takes them."""
        for key in keys:
            first = key.path.split(".")[0].replace("[]", "")
            if self.ways.unknown_never_matches:
                key.unknown_never_matches = True
            if {first, key.keyword} & (self.ways.silent | self.ways.unmatched):
                key.is_matched = False
        return [key for key in keys if key.path.split(".")[0].replace("[]", "") not in self.ways.silent]

    def answer(self, query):
        """{label: {path: text}} of the matches, or raises Refused."""
        keys = self.adjust([Key(path, value, query) for path, value in query.keys if path != "QueryRetrieveLevel"])
        if query.model == "W":
            return self.worklist_answer(keys)
        levels = LEVELS[LEVELS.index(TOP[query.model]):LEVELS.index(BOTTOM[query.model]) + 1]
        if query.level not in levels:
            raise Refused("no level of the model")
        self.check_hierarchy(query, keys, levels)
        found = {}
        for label, own in self.entities[query.level].items():
            if self.entity_matches(query, keys, label, own):
                found[label] = self.row(query, keys, label, own)
        return found

    def check_hierarchy(self, query, keys, levels):
        """C.4.1.2.1, C.4.1.3.1.1: unless relational queries were agreed."""
        if query.extended == RELATIONAL:
            return
        place = levels.index(query.level)
        for level in levels[:place]:
            own = [key for key in keys if key.keyword == UNIQUE[level]]
            if not own or len(own[0].values) != 1 or re.search("[*?]", own[0].values[0]):
                raise Refused("no single value for " + UNIQUE[level])
        for key in keys:
            if not key.is_matched or key.level not in levels or "." in key.path:
                continue
            if levels.index(key.level) < place and key.keyword != UNIQUE[key.level]:
                raise Refused("a key of a level above: " + key.keyword)
            if levels.index(key.level) > place and key.type in ("U", "R"):
                raise Refused("a key of a level below: " + key.keyword)

    def under(self, level, label, lower):
        """The entities of a lower level that belong to this one."""
        unique = UNIQUE[level]
        own = self.entities[level][label][unique]
        return [(name, entity) for name, entity in self.entities[lower].items() if entity[unique] == own]

    def value_of(self, keyword, level, label, own):
        """Text of the entity itself, worked out where it has to be."""
        if keyword in COUNTS:
            at, lower = COUNTS[keyword]
            unique = UNIQUE[at]
            return str(sum(entity[unique] == own[unique] for entity in self.entities[lower].values()))
        if keyword in LISTS:
            lower, what = LISTS[keyword]
            return "\\".join(sorted({entity[what] for entity in self.entities[lower].values()
                                     if entity["StudyInstanceUID"] == own["StudyInstanceUID"]}))
        return own.get(keyword)

    def entity_matches(self, query, keys, label, own):
        pair = [key for key in keys if key.keyword in ("StudyDate", "StudyTime") and key.is_matched]
        is_combined = query.extended == COMBINED and len(pair) == 2
        for key in keys:
            if key.vr == "SQ" or "." in key.path:
                continue
            if not key.is_matched or (is_combined and key in pair):
                continue
            lower = LEVELS.index(key.level) > LEVELS.index(query.level)
            if lower and query.extended != RELATIONAL:
                continue
            if not lower and not key.matches(self.value_of(key.keyword, query.level, label, own)):
                return False
        if not self.lower_matches(query, keys, label):
            return False
        if is_combined and not combined(*sorted(pair, key=lambda key: key.tag), own):
            return False
        return all(matching_items(keys, sequence, own.get(sequence) or []) for sequence in asked_sequences(keys))

    def lower_matches(self, query, keys, label):
        """Relational: some entity below that all lower keys match."""
        lower = [key for key in keys if key.is_matched and "." not in key.path and
                 LEVELS.index(key.level) > LEVELS.index(query.level)]
        if not lower or query.extended != RELATIONAL:
            return True
        deepest = max((key.level for key in lower), key=LEVELS.index)
        return any(all(key.matches(entity.get(key.keyword)) for key in lower)
                   for _, entity in self.under(query.level, label, deepest))

    def row(self, query, keys, label, own):
        row = {("QueryRetrieveLevel",): query.level}
        for key in keys:
            if key.path.startswith("Private") or key.type == "-":
                continue
            if LEVELS.index(key.level or query.level) > LEVELS.index(query.level) and "." not in key.path:
                continue
            put(row, key, keys, self.value_of(key.path.split(".")[0].replace("[]", ""), query.level, label, own))
        return row

    def worklist_answer(self, keys):
        found = {}
        for label, own in WORKLIST.items():
            if all(key.matches(own.get(key.keyword)) for key in keys if "." not in key.path and key.is_matched) and \
                    all(matching_items(keys, sequence, own.get(sequence) or []) for sequence in asked_sequences(keys)):
                found[label] = {}
                for key in keys:
                    put(found[label], key, keys, own.get(key.path.split(".")[0].replace("[]", "")))
        return found


def put(row, key, keys, own):
    """One key of an answer."""
    first = key.path.split(".")[0].replace("[]", "")
    if KEYS[first][1] == "SQ":
        put_items(row, (first,), keys, first, own or [])
    else:
        row[(key.keyword,)] = own or ""


def put_items(row, where, keys, prefix, items):
    """Of a sequence only the items that match (C.2.2.2.6), and of these only what was asked, or all if nothing was."""
    found, asked = matching_items(keys, prefix, items), children(keys, prefix)
    row[where] = str(len(found))
    for index, item in enumerate(found):
        for name in asked or item:
            here = where + (index, name)
            if KEYS[name][1] == "SQ":
                put_items(row, here, keys, prefix + "." + name, item.get(name) or [])
            else:
                row[here] = item.get(name) or ""


def answer_or_refusal(oracle, query):
    """None for a refusal."""
    try:
        return oracle.answer(query)
    except Refused:
        return None
