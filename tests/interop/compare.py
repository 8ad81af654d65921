#!/usr/bin/python3
"""Are two DICOM files equal? By bytes, or element by element as the interop tests mean it.

  compare.py FIRST SECOND       exit 0 and "equal", or 1 and one line per difference

Equal element by element: the same paths, VRs, value bytes and fragments. Not looked at: defined or undefined lengths, group
lengths, trailing padding of the dataset and of values, byte order, the meta group. A VR is compared when both files say it.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dicomfile

PADDED_TEXT = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
TRAILING_PADDING = 0xFFFCFFFC


class Difference:
    """kind: missing, extra, vr, value, shape, fragments."""

    def __init__(self, kind, path, first, second):
        self.kind, self.path, self.first, self.second = kind, path, first, second

    def __str__(self):
        return "%s: %s: %s -> %s" % (self.path, self.kind, self.first, self.second)


def shown(value):
    if isinstance(value, bytes):
        return "%d bytes %r" % (len(value), value[:24])
    return "%d parts" % len(value)


def tag_name(tag):
    return "(%04x,%04x)" % (tag >> 16, tag & 0xFFFF)


def kept(elements):
    """The elements that count, in order, by tag."""
    return {element.tag: element for element in elements
            if element.tag & 0xFFFF != 0 and element.tag != TRAILING_PADDING}


def stripped(vr, value):
    if vr.lstrip("?") in PADDED_TEXT:
        return value.rstrip(b" \0")
    return value


def values_equal(first, second):
    one, other = stripped(first.vr, first.value), stripped(second.vr, second.value)
    if one == other:
        return True
    # Where one side does not tell the VR, the other's rule for padding holds for both.
    for vr in (first.vr, second.vr):
        if stripped(vr, first.value) == stripped(vr, second.value):
            return True
    # An odd value gets one padding byte on its way.
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return len(shorter) % 2 == 1 and longer[:-1] == shorter and longer[-1:] in (b"\0", b" ")


class Comparison:
    def __init__(self, dictionary):
        self.dictionary = dictionary
        self.differences = []
        self.compared = 0

    def add(self, kind, path, first, second):
        self.differences.append(Difference(kind, path, first, second))

    def elements(self, path, first, second):
        one, other = kept(first), kept(second)
        for tag in sorted(set(one) | set(other)):
            here = path + tag_name(tag)
            if tag not in other:
                self.add("missing", here, one[tag].vr + " " + shown(one[tag].value), "-")
            elif tag not in one:
                self.add("extra", here, "-", other[tag].vr + " " + shown(other[tag].value))
            else:
                self.element(here, one[tag], other[tag])

    def element(self, path, first, second):
        self.compared += 1
        first, second = self.same_shape(first, second)
        if (isinstance(first.value, bytes) != isinstance(second.value, bytes)
                or (first.vr == "fragments") != (second.vr == "fragments")):
            self.add("shape", path, first.vr + " " + shown(first.value), second.vr + " " + shown(second.value))
            return
        if first.vr == "fragments":
            if first.value != second.value:
                self.add("fragments", path, shown(first.value), shown(second.value))
            return
        if first.vr != second.vr and not first.vr.startswith("?") and not second.vr.startswith("?"):
            self.add("vr", path, first.vr, second.vr)
        if isinstance(first.value, bytes):
            if not values_equal(first, second):
                self.add("value", path, shown(first.value), shown(second.value))
            return
        if len(first.value) != len(second.value):
            self.add("shape", path, "%d items" % len(first.value), "%d items" % len(second.value))
            return
        for index, (item, its_other) in enumerate(zip(first.value, second.value)):
            self.elements("%s[%d]." % (path, index), item, its_other)

    def same_shape(self, first, second):
        """A private sequence of defined length looks like bytes in an implicit file: reads it as its other is."""
        if first.vr == "SQ" and isinstance(second.value, bytes):
            return first, self.as_items(second)
        if second.vr == "SQ" and isinstance(first.value, bytes):
            return self.as_items(first), second
        return first, second

    def as_items(self, element):
        if element.vr not in ("?", "UN"):
            return element
        try:
            items = dicomfile.Reader(element.value, True, "<", self.dictionary).items(len(element.value))
        except dicomfile.Malformed:
            return element
        return dicomfile.Element(element.tag, "?SQ" if element.vr == "?" else "UN", items, element.start, element.end)


def compare_files(first, second, dictionary):
    """The Comparison of two dicomfile.File."""
    comparison = Comparison(dictionary)
    comparison.elements("", first.elements, second.elements)
    return comparison


def compare_paths(first, second, dictionary):
    return compare_files(dicomfile.read(first, dictionary), dicomfile.read(second, dictionary), dictionary)


def datasets_identical(first, second):
    """Byte for byte from the end of group 2 on; what a bit-preserving way must give."""
    with open(first, "rb") as file:
        one = file.read()
    with open(second, "rb") as file:
        other = file.read()
    return dataset_bytes(one) == dataset_bytes(other)


def dataset_bytes(content):
    _, at = dicomfile.read_meta(content, 132 if content[128:132] == b"DICM" else 0)
    dataset = content[at:]
    # A sender makes an odd dataset even by one NUL (RULES 3).
    return dataset + b"\0" if len(dataset) % 2 else dataset


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: compare.py FIRST SECOND")
    comparison = compare_paths(sys.argv[1], sys.argv[2], dicomfile.load_dictionary())
    for difference in comparison.differences:
        print(re.sub(r"[^\x20-\x7e]", "?", str(difference)))
    if comparison.differences or not comparison.compared:
        return 1
    print("equal: %d elements" % comparison.compared)
    return 0


if __name__ == "__main__":
    sys.exit(main())
