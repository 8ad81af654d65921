"""scu dump: files for people and as DICOM JSON; damaged ones as far as they go."""

import unittest

from clitest import CliTest, samples


class Dump(CliTest):
    def test_text_names_the_syntax_and_every_element(self):
        result = self.scu("dump", self.sample("one.dcm"), code=0)
        self.assertIn("Explicit VR Little Endian", result.text)
        self.assertRegex(result.text, r"(?m)^\(0010,0010\) PN \[")
        self.assertRegex(result.text, r"(?m)^\(0002,0010\) UI ")

    def test_json_is_the_model(self):
        elements = samples.capture("one")
        found = {element[0]: element[2] for element in elements}
        records = self.check_json(self.scu("dump", self.sample("one.dcm", elements), "--json", code=0))
        self.assertEqual(records[1]["00080018"]["Value"], [found[0x00080018]])
        self.assertEqual(records[1]["00280010"]["Value"], [32])

    def test_several_files_are_shown_and_one_bad_one_is_told(self):
        good, bad = self.sample("one.dcm"), self.write("bad", "not DICOM")
        result = self.scu("dump", bad, good, "--json")
        self.assertNotEqual(result.code, 0)
        self.check_json(result)
        self.assertEqual((result.records[-1]["ok"], result.records[-1]["failed"]), (1, 1))

    def test_every_cut_is_an_error_or_a_whole_dataset_and_never_a_crash(self):
        with open(self.sample("one.dcm"), "rb") as file:
            content = file.read()
        for cut in list(range(0, 400, 13)) + [len(content) - 1, len(content) - 100]:
            result = self.scu("dump", self.write("cut.dcm", content[:cut]), "--json")
            self.assertIn(result.code, (0, 1))
            self.check_json(result)
        self.assertEqual(self.scu("dump", self.write("cut.dcm", content[:-1])).code, 1)

    def test_a_folder_is_no_file(self):
        self.assertNotEqual(self.scu("dump", self.folder).code, 0)

    def test_hostile_values_and_names_cannot_act_on_a_terminal(self):
        elements = [element for element in samples.capture("x") if element[0] != 0x00081030]
        elements.append((0x00081030, "LO", b"\x1b[2Jboo"))
        path = self.sample("a\x1b[31m.dcm", sorted(elements, key=lambda element: element[0]))
        result = self.scu("dump", path, code=0)
        self.assertNotIn(b"\x1b", result.out)
        self.assertNotIn(b"\x1b", self.scu("dump", path + "\x1b").err)


if __name__ == "__main__":
    unittest.main()
