#!/usr/bin/python3
"""Makes DICOM sample files with nothing but Python's own library: no patient ever had these names.

  make_samples.py FOLDER            writes the set used by script/demo and the tests, prints one line per file
  from make_samples import ...      the pieces, for tests that need something particular

Four transfer syntaxes and RLE, five kinds of object, multi-frame, names in four scripts, private elements, sequences with
both length forms. The UIDs are derived from the names, so every run makes the same bytes.
"""

import hashlib
import os
import struct
import sys
import zlib

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE = "1.2.840.10008.1.2.5"

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
US_MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.3.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"

IMPLEMENTATION = "2.25.326451120823310391137293498321744392415"
LONG_FORM = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
TEXT_PADDED_WITH_SPACE = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT"}
NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}
WORD_SIZE = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def uid(name):
    """A UID of the 2.25 arc that is the same for the same name."""
    return "2.25.%d" % int(hashlib.md5(name.encode()).hexdigest(), 16)


class Sequence(list):
    """Items (each a list of elements); undefined=True writes sequence and items with undefined length."""

    def __init__(self, items, undefined=False):
        super().__init__(items)
        self.undefined = undefined


class Fragments(list):
    """Encapsulated pixel data: the first entry is the offset table."""


def swapped(value, size):
    return b"".join(value[i:i + size][::-1] for i in range(0, len(value), size))


def encode_value(vr, value, order):
    if vr in NUMBERS:
        values = value if isinstance(value, (list, tuple)) else [value]
        return struct.pack(order + "%d%s" % (len(values), NUMBERS[vr]), *values)
    if vr == "AT":
        return struct.pack(order + "HH", value >> 16, value & 0xFFFF)
    if isinstance(value, str):
        value = value.encode("ascii")
    if vr in WORD_SIZE and order == ">":
        value = swapped(value, WORD_SIZE[vr])
    if len(value) % 2:
        value += b" " if vr in TEXT_PADDED_WITH_SPACE else b"\0"
    return value


class Writer:
    def __init__(self, syntax):
        self.is_implicit = syntax == IMPLICIT
        self.order = ">" if syntax == BIG_ENDIAN else "<"

    def header(self, tag, vr, length):
        start = struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)
        if self.is_implicit:
            return start + struct.pack("<I", length)
        if vr in LONG_FORM:
            return start + vr.encode() + struct.pack(self.order + "HI", 0, length)
        return start + vr.encode() + struct.pack(self.order + "H", length)

    def marker(self, tag, length):
        return struct.pack(self.order + "HHI", tag >> 16, tag & 0xFFFF, length)

    def dataset(self, elements):
        return b"".join(self.element(*element) for element in sorted(elements, key=lambda element: element[0]))

    def element(self, tag, vr, value):
        if vr == "SQ":
            return self.sequence(tag, value)
        if isinstance(value, Fragments):
            body = b"".join(self.marker(0xFFFEE000, len(part)) + part for part in value)
            return self.header(tag, vr, 0xFFFFFFFF) + body + self.marker(0xFFFEE0DD, 0)
        encoded = encode_value(vr, value, self.order)
        return self.header(tag, vr, len(encoded)) + encoded

    def sequence(self, tag, items):
        undefined = getattr(items, "undefined", False)
        body = b""
        for item in items:
            inside = self.dataset(item)
            if undefined:
                body += self.marker(0xFFFEE000, 0xFFFFFFFF) + inside + self.marker(0xFFFEE00D, 0)
            else:
                body += self.marker(0xFFFEE000, len(inside)) + inside
        if undefined:
            return self.header(tag, "SQ", 0xFFFFFFFF) + body + self.marker(0xFFFEE0DD, 0)
        return self.header(tag, "SQ", len(body)) + body


def deflate(plain):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(plain) + packer.flush()
    return packed + b"\0" * (len(packed) % 2)


def file_meta(class_uid, instance_uid, syntax):
    writer = Writer(EXPLICIT)
    body = writer.dataset([
        (0x00020001, "OB", b"\0\1"), (0x00020002, "UI", class_uid), (0x00020003, "UI", instance_uid),
        (0x00020010, "UI", syntax), (0x00020012, "UI", IMPLEMENTATION), (0x00020013, "SH", "LIBSCU_SAMPLE")])
    return b"\0" * 128 + b"DICM" + writer.element(0x00020000, "UL", len(body)) + body


def part10(elements, syntax):
    """The bytes of a whole file; class and instance UID are taken from the elements."""
    found = {element[0]: element[2] for element in elements}
    dataset = Writer(syntax).dataset(elements)
    if syntax == DEFLATED:
        dataset = deflate(dataset)
    return file_meta(found[0x00080016], found[0x00080018], syntax) + dataset


# ---- content ----

PEOPLE = {
    # key: (charset, encoded name, patient id, sex, birth date)
    "japanese": ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう".encode("iso2022_jp"), "SCU-JP-1", "M", "19610203"),
    "greek": ("ISO_IR 126", "Διονυσιος".encode("iso8859_7"), "SCU-GR-1", "M", "19700504"),
    "latin": ("ISO_IR 100", "Buc^Jérôme".encode("latin_1"), "SCU-FR-1", "M", "19551117"),
    "utf8": ("ISO_IR 192", "Müller^Łukasz=王^小东".encode("utf_8"), "SCU-U8-1", "O", "19890930"),
    "ascii": (None, b"Phantom^Plain", "SCU-AS-1", "F", "20000229"),
}


def common(person, study, series, instance, class_uid, modality, number=1):
    charset, name, patient_id, sex, birth = PEOPLE[person]
    elements = [
        (0x00080016, "UI", class_uid), (0x00080018, "UI", uid("%s/%s/%s" % (study, series, instance))),
        (0x00080020, "DA", "20240517"), (0x00080023, "DA", "20240517"), (0x00080030, "TM", "101500"),
        (0x00080033, "TM", "101533"), (0x00080050, "SH", "ACC" + hashlib.md5(study.encode()).hexdigest()[:8]),
        (0x00080060, "CS", modality), (0x00080070, "LO", "libscu"), (0x00080090, "PN", "Doe^Referring"),
        (0x00081030, "LO", "Sample " + study), (0x0008103E, "LO", "Series " + series),
        (0x00100010, "PN", name), (0x00100020, "LO", patient_id), (0x00100030, "DA", birth), (0x00100040, "CS", sex),
        (0x0020000D, "UI", uid(study)), (0x0020000E, "UI", uid("%s/%s" % (study, series))),
        (0x00200010, "SH", "S1"), (0x00200011, "IS", "1"), (0x00200013, "IS", str(number)),
    ]
    if charset:
        elements.append((0x00080005, "CS", charset))
    return elements


def gradient_16(rows, columns, offset):
    """Signed 16-bit samples, little endian: a slope that differs with the offset."""
    return b"".join(struct.pack("<h", (row * 37 + column * 11 + offset * 101) % 4096 - 1024)
                    for row in range(rows) for column in range(columns))


def gradient_8(count, offset):
    return bytes((i * 7 + (i >> 6) * 3 + offset * 29) & 0xFF for i in range(count))


def image(rows, columns, bits, signed, samples=1, frames=None):
    elements = [
        (0x00280002, "US", samples), (0x00280004, "CS", "RGB" if samples == 3 else "MONOCHROME2"),
        (0x00280010, "US", rows), (0x00280011, "US", columns), (0x00280100, "US", bits), (0x00280101, "US", bits),
        (0x00280102, "US", bits - 1), (0x00280103, "US", 1 if signed else 0)]
    if samples == 3:
        elements.append((0x00280006, "US", 0))
    if frames:
        elements.append((0x00280008, "IS", str(frames)))
    return elements


def private_block():
    """A creator, text, numbers, a sequence: what archives like to lose."""
    return [
        (0x00290010, "LO", "LIBSCU SAMPLE 1"), (0x00291001, "LO", "private text"), (0x00291002, "FD", [1.5, -2.25]),
        (0x00291003, "SQ", Sequence([[(0x00080100, "SH", "INNER"), (0x00290010, "LO", "LIBSCU SAMPLE 1"),
                                      (0x00291004, "UN", b"\1\2\3\4")]])),
        (0x00291005, "US", [1, 2, 65535])]


def ct(number, person="japanese", study="ct study", series="axial", rows=64, columns=64):
    return common(person, study, series, "i%d" % number, CT, "CT", number) + image(rows, columns, 16, True) + [
        (0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"), (0x00180050, "DS", "2.5"), (0x00180060, "DS", "120"),
        (0x00200032, "DS", "-100\\-100\\%d" % (number * 2)), (0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
        (0x00280030, "DS", "0.75\\0.75"), (0x00281052, "DS", "-1024"), (0x00281053, "DS", "1"),
        (0x00280106, "SS", -1024),
        (0x00081140, "SQ", Sequence([[(0x00081150, "UI", CT), (0x00081155, "UI", uid("localizer"))]], undefined=True)),
        (0x7FE00010, "OW", gradient_16(rows, columns, number))] + private_block()


def mr(number=1, person="greek"):
    return common(person, "mr study", "t1", "i%d" % number, MR, "MR", number) + image(48, 64, 16, True) + [
        (0x00180020, "CS", "SE"), (0x00180080, "DS", "500"), (0x00180081, "DS", "15"),
        (0x00081111, "SQ", Sequence([])), (0x00081115, "SQ", Sequence([[(0x0020000E, "UI", uid("other series"))], []])),
        (0x7FE00010, "OW", gradient_16(48, 64, number))]


def ultrasound(frames=10, rows=48, columns=64, person="latin", bytes_of_pixels=None):
    pixels = gradient_8(frames * rows * columns * 3, 5) if bytes_of_pixels is None else bytes_of_pixels
    return common(person, "us study", "cine", "i1", US_MULTI_FRAME, "US") + image(rows, columns, 8, False, 3, frames) + [
        (0x00181063, "DS", "40"), (0x00280009, "AT", 0x00181063), (0x00282110, "CS", "00"), (0x7FE00010, "OB", pixels)]


def content_item(depth):
    """Nested content with undefined lengths, depth levels of it."""
    item = [(0x0040A010, "CS", "CONTAINS"), (0x0040A040, "CS", "TEXT"),
            (0x0040A160, "UT", ("Finding at level %d" % depth).encode())]
    if depth > 1:
        item.append((0x0040A730, "SQ", Sequence([content_item(depth - 1)], undefined=depth % 2 == 0)))
    return item


def report(person="utf8", depth=6):
    return common(person, "sr study", "report", "i1", TEXT_SR, "SR") + [
        (0x0040A040, "CS", "CONTAINER"), (0x0040A050, "CS", "SEPARATE"), (0x0040A491, "CS", "COMPLETE"),
        (0x0040A493, "CS", "UNVERIFIED"), (0x00081111, "SQ", Sequence([])),
        (0x0040A043, "SQ", Sequence([[(0x00080100, "SH", "11528-7"), (0x00080102, "SH", "LN"),
                                      (0x00080104, "LO", "Radiology Report")]])),
        (0x0040A730, "SQ", Sequence([content_item(depth), content_item(1)], undefined=True))]


def pdf(person="ascii"):
    text = b"%PDF-1.1\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    return common(person, "doc study", "pdf", "i1", ENCAPSULATED_PDF, "DOC") + [
        (0x00280301, "CS", "NO"), (0x00420010, "ST", "A page"), (0x00420012, "LO", "application/pdf"),
        (0x00420011, "OB", text)]


def capture(name, extra=(), person="ascii", rows=32, columns=32):
    """Secondary Capture, the class every archive takes."""
    return common(person, "sc study", "captures", name, SECONDARY_CAPTURE, "OT") + image(rows, columns, 16, False) + [
        (0x00080064, "CS", "WSD"), (0x7FE00010, "OW", gradient_16(rows, columns, len(name)))] + list(extra)


def all_numbers():
    """One element of every VR whose bytes turn with the byte order, and a few that must not."""
    return [(0x00290010, "LO", "LIBSCU SAMPLE 2"), (0x00291001, "US", [1, 0x1234]), (0x00291002, "SS", [-2, 300]),
            (0x00291003, "UL", [1, 0x12345678]), (0x00291004, "SL", [-1, 70000]), (0x00291005, "FL", [1.25, -0.5]),
            (0x00291006, "FD", [3.5, 1e300]), (0x00291007, "AT", 0x7FE00010), (0x00291008, "OW", bytes(range(64))),
            (0x00291009, "OF", struct.pack("<4f", 1, 2, 3, 4)), (0x0029100A, "OB", bytes(range(33))),
            (0x0029100B, "UN", bytes(range(16))), (0x0029100C, "OL", struct.pack("<2I", 1, 0x01020304)),
            (0x0029100D, "OD", struct.pack("<d", 2.5))]


def large_unknown(length=70000):
    """Longer than the 16-bit length that a short VR has: it can only be UN, and must stay whole."""
    return [(0x00290010, "LO", "LIBSCU SAMPLE 3"), (0x00291001, "UN", gradient_8(length, 9))]


def rle_segment(plane):
    """PackBits (PS3.5 G.3) without looking for runs longer than it meets."""
    packed, i = bytearray(), 0
    while i < len(plane):
        run = 1
        while run < 128 and i + run < len(plane) and plane[i + run] == plane[i]:
            run += 1
        if run > 1:
            packed += bytes([257 - run, plane[i]])
            i += run
            continue
        end = i + 1
        while end < len(plane) and end - i < 128 and not (end + 1 < len(plane) and plane[end] == plane[end + 1]):
            end += 1
        packed += bytes([end - i - 1]) + plane[i:end]
        i = end
    return bytes(packed) + b"\0" * (len(packed) % 2)


def rle_frame(pixels):
    """16-bit samples: the high bytes' plane, then the low bytes'."""
    segments = [rle_segment(pixels[1::2]), rle_segment(pixels[0::2])]
    offsets, place = [], 64
    for segment in segments:
        offsets.append(place)
        place += len(segment)
    return struct.pack("<16I", len(segments), *(offsets + [0] * (15 - len(offsets)))) + b"".join(segments)


def rle_series(frames=3, person="ascii"):
    coded = [rle_frame(gradient_16(32, 32, i).replace(b"\xff", b"\0")) for i in range(frames)]
    table, place = [], 0
    for frame in coded:
        table.append(place)
        place += len(frame) + 8
    return common(person, "rle study", "frames", "i1", "1.2.840.10008.5.1.4.1.1.7.3", "OT") + image(
        32, 32, 16, True, 1, frames) + [
        (0x00080064, "CS", "WSD"), (0x7FE00010, "OB", Fragments([struct.pack("<%dI" % frames, *table)] + coded))]


def samples():
    """(file name, elements, transfer syntax) of the whole set."""
    yield from ((("ct-%d.dcm" % i), ct(i), EXPLICIT) for i in (1, 2, 3))
    yield "mr-implicit.dcm", mr(), IMPLICIT
    yield "us-cine.dcm", ultrasound(), EXPLICIT
    yield "sr-deflated.dcm", report(), DEFLATED
    yield "pdf.dcm", pdf(), EXPLICIT
    yield "sc-big-endian.dcm", capture("big endian", all_numbers()), BIG_ENDIAN
    yield "sc-numbers.dcm", capture("numbers", all_numbers()), EXPLICIT
    yield "sc-large-unknown.dcm", capture("large unknown", large_unknown()), EXPLICIT
    yield "rle.dcm", rle_series(), RLE


def write_samples(folder, wanted=None):
    """Writes the set (or those of the wanted names) into folder; returns the paths in order."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for name, elements, syntax in samples():
        if wanted is None or name in wanted:
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(part10(elements, syntax))
            paths.append(path)
    return paths


def write_large(path, megabytes):
    """A multi-frame whose pixel data is a hole in the file: megabytes of it, in frames of one."""
    elements = ultrasound(frames=1, rows=1, columns=1, bytes_of_pixels=b"")
    elements = [element for element in elements if element[0] < 0x00280002 or element[0] >> 16 > 0x0028] + image(
        1024, 1024, 8, False, 1, megabytes)
    elements = [element for element in elements if element[0] != 0x7FE00010]
    with open(path, "wb") as file:
        file.write(part10(elements, EXPLICIT))
        file.write(Writer(EXPLICIT).header(0x7FE00010, "OB", megabytes << 20))
        file.truncate(file.tell() + (megabytes << 20))


def write_many(folder, count, pixel_bytes):
    """count Secondary Captures of one series; pixel_bytes each. Returns the paths."""
    os.makedirs(folder, exist_ok=True)
    rows = max(1, pixel_bytes // 2 // 512)
    columns = max(1, pixel_bytes // 2 // rows)
    pixels = gradient_8(rows * columns * 2, 1)
    paths = []
    for i in range(count):
        elements = common("ascii", "many study", "many", "i%d" % i, SECONDARY_CAPTURE, "OT", i + 1) + image(
            rows, columns, 16, False) + [(0x00080064, "CS", "WSD"), (0x7FE00010, "OW", pixels)]
        path = os.path.join(folder, "%05d.dcm" % i)
        with open(path, "wb") as file:
            file.write(part10(elements, EXPLICIT))
        paths.append(path)
    return paths


def main():
    if len(sys.argv) == 2 and sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: make_samples.py FOLDER")
    for path in write_samples(sys.argv[1]):
        print("%s %d" % (path, os.path.getsize(path)))


if __name__ == "__main__":
    main()
