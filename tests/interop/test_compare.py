"""The oracle itself: what compare.py calls equal, and that it sees each kind of difference."""

import os
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import compare
import dicomfile
import make_samples as samples

DICTIONARY = dicomfile.load_dictionary()


def parsed(elements, syntax=samples.EXPLICIT):
    return dicomfile.parse(samples.part10(elements, syntax), DICTIONARY)


def kinds(first, second):
    return [difference.kind for difference in compare.compare_files(first, second, DICTIONARY).differences]


class Compare(unittest.TestCase):
    def setUp(self):
        self.elements = samples.capture("compare", samples.all_numbers() + samples.large_unknown()[1:1])

    def changed(self, tag, vr, value):
        return [element for element in self.elements if element[0] != tag] + [(tag, vr, value)]

    def test_every_native_syntax_is_equal_to_every_other(self):
        files = [parsed(self.elements, syntax) for syntax in
                 (samples.EXPLICIT, samples.IMPLICIT, samples.BIG_ENDIAN, samples.DEFLATED)]
        for first in files:
            for second in files:
                self.assertEqual(kinds(first, second), [])

    def test_length_forms_do_not_matter(self):
        item = [[(0x00080100, "SH", "X")]]
        self.assertEqual(kinds(parsed(self.changed(0x0040A043, "SQ", samples.Sequence(item, False))),
                               parsed(self.changed(0x0040A043, "SQ", samples.Sequence(item, True)))), [])

    def test_group_lengths_and_trailing_padding_do_not_matter(self):
        self.assertEqual(kinds(parsed(self.elements), parsed(self.elements + [
            (0x00080000, "UL", 99), (0xFFFCFFFC, "OB", bytes(10))])), [])

    def test_one_changed_value_byte_is_seen(self):
        self.assertEqual(kinds(parsed(self.elements), parsed(self.changed(0x00291002, "SS", [-2, 301]))), ["value"])

    def test_the_last_pixel_byte_is_seen(self):
        pixels = self.elements[[element[0] for element in self.elements].index(0x7FE00010)][2]
        other = pixels[:-1] + bytes([pixels[-1] ^ 1])
        self.assertEqual(kinds(parsed(self.elements), parsed(self.changed(0x7FE00010, "OW", other))), ["value"])

    def test_values_that_kept_their_byte_order_are_seen(self):
        self.assertEqual(kinds(parsed(self.elements), parsed(self.changed(0x00291003, "UL", [0x01000000, 0x78563412]))),
                         ["value"])

    def test_a_missing_and_an_extra_element_are_seen(self):
        less = [element for element in self.elements if element[0] != 0x00291004]
        self.assertEqual(kinds(parsed(self.elements), parsed(less)), ["missing"])
        self.assertEqual(kinds(parsed(less), parsed(self.elements)), ["extra"])

    def test_a_changed_vr_is_seen(self):
        self.assertEqual(kinds(parsed(self.elements), parsed(self.changed(0x0029100B, "OB", bytes(range(16))))), ["vr"])

    def test_a_lost_item_is_seen(self):
        self.assertEqual(kinds(parsed(self.changed(0x0040A043, "SQ", samples.Sequence([[], []]))),
                               parsed(self.changed(0x0040A043, "SQ", samples.Sequence([[]])))), ["shape"])

    def test_a_difference_inside_an_item_is_seen_with_its_path(self):
        first = parsed(self.changed(0x0040A043, "SQ", samples.Sequence([[(0x00080100, "SH", "A")]])))
        second = parsed(self.changed(0x0040A043, "SQ", samples.Sequence([[(0x00080100, "SH", "B")]])))
        found = compare.compare_files(first, second, DICTIONARY).differences
        self.assertEqual([difference.path for difference in found], ["(0040,a043)[0].(0008,0100)"])

    def test_a_changed_fragment_is_seen(self):
        first = samples.rle_series()
        second = [element for element in first if element[0] != 0x7FE00010]
        fragments = samples.Fragments(first[-1][2])
        fragments[2] = fragments[2][:-1] + bytes([fragments[2][-1] ^ 1])
        second.append((0x7FE00010, "OB", fragments))
        self.assertEqual(kinds(parsed(first, samples.RLE), parsed(second, samples.RLE)), ["fragments"])

    def test_leading_spaces_matter_and_trailing_ones_do_not(self):
        base = parsed(self.changed(0x00100020, "LO", "ID"))
        self.assertEqual(kinds(base, parsed(self.changed(0x00100020, "LO", "ID  "))), [])
        self.assertEqual(kinds(base, parsed(self.changed(0x00100020, "LO", "  ID"))), ["value"])

    def test_every_truncation_is_malformed_or_ends_between_elements(self):
        content = samples.part10(self.elements, samples.EXPLICIT)
        whole = dicomfile.parse(content, DICTIONARY)
        boundaries = {element.start for element in whole.elements}
        for cut in range(whole.dataset_offset + 1, len(content)):
            if cut in boundaries:
                dicomfile.parse(content[:cut], DICTIONARY)
            else:
                with self.assertRaises(dicomfile.Malformed):
                    dicomfile.parse(content[:cut], DICTIONARY)

    def test_dcmtk_reads_what_we_make_and_its_rewriting_is_equal(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in samples.write_samples(folder):
                support.run_tool("dcmdump", "-q", path)
                if path.endswith("rle.dcm"):
                    continue
                for option in ("+ti", "+te", "+tb"):
                    support.run_tool("dcmconv", option, path, path + option)
                    found = compare.compare_paths(path, path + option, DICTIONARY)
                    self.assertEqual([str(difference) for difference in found.differences], [], path + option)

    def test_pydicom_reads_the_same_values(self):
        import pydicom
        with tempfile.TemporaryDirectory() as folder:
            for path in samples.write_samples(folder):
                dataset = pydicom.dcmread(path)
                ours = dicomfile.read(path, DICTIONARY)
                self.assertEqual([element.tag for element in ours.elements], [int(tag) for tag in dataset.keys()], path)

    def test_the_tool_says_equal_or_names_the_differences(self):
        with tempfile.TemporaryDirectory() as folder:
            one, other = os.path.join(folder, "one"), os.path.join(folder, "other")
            for path, number in ((one, 1), (other, 2)):
                with open(path, "wb") as file:
                    file.write(samples.part10(samples.ct(number), samples.EXPLICIT))
            tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compare.py")
            same = subprocess.run([support.PYTHON, tool, one, one], stdout=subprocess.PIPE, text=True)
            self.assertEqual((same.returncode, same.stdout[:5]), (0, "equal"))
            differ = subprocess.run([support.PYTHON, tool, one, other], stdout=subprocess.PIPE, text=True)
            self.assertEqual(differ.returncode, 1)
            self.assertIn("(7fe0,0010): value", differ.stdout)


if __name__ == "__main__":
    unittest.main()
