"""A strict little reader of DICOM files for the tests: an oracle that shares no code with the library.

It keeps every value's bytes (big endian turned to little) and where the top-level elements begin, knows the four native
syntaxes and encapsulated pixel data, and raises Malformed rather than guess. Not for large objects: it reads all.
"""

import struct
import zlib

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG_FORM = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
SHORT_FORM = {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL",
              b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
TURNS = {"US": 2, "SS": 2, "OW": 2, "AT": 2, "UL": 4, "SL": 4, "FL": 4, "OF": 4, "OL": 4, "FD": 8, "OD": 8, "OV": 8,
         "SV": 8, "UV": 8}
MAX_DEPTH = 64


class Malformed(Exception):
    pass


class Element:
    """value is bytes, a list of items (each a list of Element) or, with vr "fragments", a list of bytes."""

    __slots__ = ("tag", "vr", "value", "start", "end")

    def __init__(self, tag, vr, value, start, end):
        self.tag, self.vr, self.value, self.start, self.end = tag, vr, value, start, end


def load_dictionary():
    """tag -> VR of the standard elements, as pydicom lists them ("" where it offers a choice)."""
    from pydicom.datadict import DicomDictionary
    return {int(tag): entry[0] if len(entry[0]) == 2 else "" for tag, entry in DicomDictionary.items()}


class Reader:
    def __init__(self, content, implicit, order, dictionary, offset=0):
        self.content, self.implicit, self.order, self.at = content, implicit, order, offset
        self.dictionary = dictionary
        self.depth = 0

    def take(self, count, what):
        if count > len(self.content) - self.at:
            raise Malformed("%s needs %d bytes, %d are left" % (what, count, len(self.content) - self.at))
        self.at += count
        return self.content[self.at - count:self.at]

    def tag(self):
        group, element = struct.unpack(self.order + "HH", self.take(4, "a tag"))
        return group << 16 | element

    def length32(self):
        return struct.unpack(self.order + "I", self.take(4, "a length"))[0]

    def header(self):
        """(tag, vr or None, length)"""
        tag = self.tag()
        if tag >> 16 == 0xFFFE or self.implicit:
            return tag, None, self.length32()
        vr = self.take(2, "a VR")
        if vr in LONG_FORM:
            self.take(2, "reserved bytes")
            return tag, vr.decode(), self.length32()
        if vr not in SHORT_FORM:
            raise Malformed("(%04x,%04x) has no VR but %r" % (tag >> 16, tag & 0xFFFF, vr))
        return tag, vr.decode(), struct.unpack(self.order + "H", self.take(2, "a length"))[0]

    def elements(self, end, stop_at_item_end=False):
        """Elements up to the offset end (None = the end of the content), or to the item's delimiter."""
        found = []
        limit = len(self.content) if end is None else end
        while self.at < limit:
            start = self.at
            tag, vr, length = self.header()
            if tag == ITEM_END and stop_at_item_end:
                return found
            if tag >> 16 == 0xFFFE:
                raise Malformed("a stray delimiter (%08x)" % tag)
            found.append(self.element(start, tag, vr, length, limit))
        if stop_at_item_end:
            raise Malformed("an item is never closed")
        if self.at > limit:
            raise Malformed("an element runs past its parent")
        return found

    def element(self, start, tag, vr, length, limit):
        known = self.dictionary.get(tag, "")
        if length == UNDEFINED:
            if tag == 0x7FE00010 and vr in ("OB", "OW", None):
                value, vr = self.fragments(), "fragments"
            elif vr in ("SQ", None):
                value, vr = self.items(None), "SQ"
            elif vr == "UN":
                value = self.implicit_items()
                vr = "SQ"
            else:
                raise Malformed("(%08x) %s of undefined length" % (tag, vr))
        elif length > limit - self.at:
            raise Malformed("(%08x) runs past its parent: %d bytes, %d left" % (tag, length, limit - self.at))
        elif vr == "SQ" or (vr is None and known == "SQ"):
            value, vr = self.items(self.at + length), "SQ"
        else:
            value = bytes(self.take(length, "a value"))
            if self.order == ">" and vr in TURNS:
                size = TURNS[vr]
                value = b"".join(value[i:i + size][::-1] for i in range(0, len(value), size))
        return Element(tag, vr if vr is not None else "?" + known, value, start, self.at)

    def items(self, end):
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Malformed("nested deeper than %d" % MAX_DEPTH)
        found = []
        while end is None or self.at < end:
            tag, _, length = self.header()
            if tag == SEQUENCE_END:
                break
            if tag != ITEM:
                raise Malformed("(%08x) where an item should be" % tag)
            if length == UNDEFINED:
                found.append(self.elements(end, stop_at_item_end=True))
            else:
                found.append(self.elements(self.at + length))
        self.depth -= 1
        return found

    def implicit_items(self):
        """UN of undefined length holds implicit little endian, whatever is around it (PS3.5 6.2.2 note, CP-246)."""
        inner = Reader(self.content, True, "<", self.dictionary, self.at)
        inner.depth = self.depth
        found = inner.items(None)
        self.at = inner.at
        return found

    def fragments(self):
        found = []
        while True:
            tag, _, length = self.header()
            if tag == SEQUENCE_END:
                return found
            if tag != ITEM or length == UNDEFINED:
                raise Malformed("(%08x) where a fragment should be" % tag)
            found.append(bytes(self.take(length, "a fragment")))


class File:
    """meta: tag -> bytes; syntax; elements; dataset_offset; dataset = its bytes, inflated where it was deflated."""


def text(value):
    return value.rstrip(b"\0 ").decode("ascii", "replace")


def read_meta(content, at):
    """Group 2 from offset at: ({tag: value}, offset of the dataset)."""
    reader = Reader(content, False, "<", {}, at)
    meta = {}
    while reader.at + 8 <= len(content) and content[reader.at:reader.at + 2] == b"\2\0":
        tag, _, length = reader.header()
        meta[tag] = bytes(reader.take(length, "a meta value"))
    return meta, reader.at


def guess_syntax(content, at):
    """For datasets that come without group 2: does a VR follow the first tag, and which way round is the group?"""
    group = content[at:at + 2]
    if content[at + 4:at + 6] in LONG_FORM | SHORT_FORM:
        return EXPLICIT if group[1:2] == b"\0" else BIG_ENDIAN
    return IMPLICIT


def parse(content, dictionary):
    file = File()
    at = 132 if content[128:132] == b"DICM" else 0
    file.meta, at = read_meta(content, at)
    file.dataset_offset = at
    file.syntax = text(file.meta[0x00020010]) if 0x00020010 in file.meta else guess_syntax(content, at)
    if file.syntax == DEFLATED:
        unpacker = zlib.decompressobj(-15)
        content = unpacker.decompress(content[at:]) + unpacker.flush()
        if not unpacker.eof:
            raise Malformed("the deflate stream does not end")
        at = 0
    file.dataset = content[at:]
    reader = Reader(content, file.syntax == IMPLICIT, ">" if file.syntax == BIG_ENDIAN else "<", dictionary, at)
    file.elements = reader.elements(None)
    return file


def read(path, dictionary):
    with open(path, "rb") as file:
        return parse(file.read(), dictionary)


def value_of(file, tag):
    """The first top-level value as text, or ""."""
    for element in file.elements:
        if element.tag == tag and isinstance(element.value, bytes):
            return text(element.value)
    return ""
