"""What the benchmarks store: CT images with the header that a scanner writes, the same bytes every time.

A study's header is made once; instances differ in their UIDs, number and place, patched into it at the same width.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))
import make_samples

SMALL = tuple(range(512, 7680, 1024))  # bytes of pixels: with its header an object has 1.5 to 7.5 KiB
TINY = (512,)
CT_SLICE = (512 * 1024,)
ROOT = "1.2.826.0.1.3680043.9.7."


def study_uid(study):
    return ROOT + "2%04d" % study


def series_uid(study, series):
    return ROOT + "3%04d.%d" % (study, 10 + series)


def instance_uid(study, series, number):
    """Of the same width, without leading zeros (PS3.5 9.1): 89 series of 89,999 images."""
    return ROOT + "4%04d.%d.%d" % (study, 10 + series, 10000 + number)


def header(study, series, pixels):
    """Elements of an image of this series, number 00000."""
    rows = max(1, pixels // 2 // 512)
    columns = pixels // 2 // rows
    return [
        (0x00080005, "CS", "ISO_IR 100"), (0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        (0x00080016, "UI", make_samples.CT), (0x00080018, "UI", instance_uid(study, series, 0)),
        (0x00080020, "DA", "2024%02d%02d" % (study // 28 % 12 + 1, study % 28 + 1)), (0x00080022, "DA", "20240517"),
        (0x00080023, "DA", "20240517"), (0x00080030, "TM", "101500"), (0x00080032, "TM", "101459.5"),
        (0x00080033, "TM", "101533"), (0x00080050, "SH", "A%06d" % study), (0x00080060, "CS", "CT"),
        (0x00080070, "LO", "Maker"), (0x00080080, "LO", "Hospital"), (0x00080090, "PN", "Doe^Referring"),
        (0x00081010, "SH", "CT1"), (0x00081030, "LO", "Chest"), (0x0008103E, "LO", "Axial 1.0"),
        (0x00081090, "LO", "Model 64"), (0x00100010, "PN", "Family%04d^Given" % study),
        (0x00100020, "LO", "ID%06d" % study), (0x00100030, "DA", "19700504"), (0x00100040, "CS", "F"),
        (0x00180015, "CS", "CHEST"), (0x00180050, "DS", "1.0"), (0x00180060, "DS", "120"),
        (0x00181020, "LO", "1.0"), (0x00181150, "IS", "500"), (0x00181152, "IS", "100"), (0x00181210, "SH", "B30f"),
        (0x00185100, "CS", "HFS"), (0x0020000D, "UI", study_uid(study)), (0x0020000E, "UI", series_uid(study, series)),
        (0x00200010, "SH", "S%06d" % study), (0x00200011, "IS", "%02d" % series), (0x00200013, "IS", "i00000"),
        (0x00200032, "DS", "-250\\-250\\i00000"), (0x00200037, "DS", "1\\0\\0\\0\\1\\0"),
        (0x00200052, "UI", study_uid(study) + ".1"), (0x00201041, "DS", "i00000"),
    ] + make_samples.image(rows, columns, 16, True) + [
        (0x00280030, "DS", "0.97\\0.97"), (0x00281050, "DS", "40"), (0x00281051, "DS", "400"),
        (0x00281052, "DS", "-1024"), (0x00281053, "DS", "1"),
        (0x7FE00010, "OW", make_samples.gradient_8(rows * columns * 2, study))]


def write_study(folder, study, series_count, per_series, sizes):
    """Returns the paths."""
    paths = []
    for series in range(1, series_count + 1):
        drafts = [make_samples.part10(header(study, series, size), make_samples.EXPLICIT) for size in sizes]
        uid = instance_uid(study, series, 0).encode()
        for number in range(1, per_series + 1):
            path = os.path.join(folder, "%04d-%02d-%05d.dcm" % (study, series, number))
            draft = drafts[number % len(drafts)]
            with open(path, "wb") as file:
                file.write(draft.replace(uid, instance_uid(study, series, number).encode())
                           .replace(b"i00000", b"%6d" % number))
            paths.append(path)
    return paths


def write(folder, studies, series_count, per_series, sizes, first=1):
    """studies x series x images; returns the path of a list of their paths, for bare_store."""
    os.makedirs(folder, exist_ok=True)
    paths = [path for study in range(first, first + studies)
             for path in write_study(folder, study, series_count, per_series, sizes)]
    with open(folder + ".list", "w", encoding="utf-8") as file:
        file.writelines(path + "\n" for path in paths)
    return folder + ".list"
