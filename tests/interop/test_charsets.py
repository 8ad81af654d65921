"""Names in every character set of PS3.3 C.12.1.1.2: stored in `scu archive` in that set, found by name, and given back as
UTF-8; asked for in the set itself, in the narrowest, and in UTF-8 (RULES 15)."""

import os
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import make_samples
from support import scu
from test_faults import Archive


def escaped(escape, codec, back=b""):
    return lambda text: escape + text.encode(codec) + back


def jis(text):
    return text.encode("iso2022_jp_1")


# defined terms: the name as text, and as bytes, made by Python's codecs or by hand where there is none.
SINGLE = {"100": ("latin_1", "Jérôme", b"-A"), "101": ("iso8859_2", "Wałęsa", b"-B"), "109": ("iso8859_3", "Ĝojo", b"-C"),
          "110": ("iso8859_4", "Ķezbere", b"-D"), "144": ("iso8859_5", "Люксембург", b"-L"),
          "127": ("iso8859_6", "قباني", b"-G"), "126": ("iso8859_7", "Διονυσιος", b"-F"),
          "138": ("iso8859_8", "שרון", b"-H"), "148": ("iso8859_9", "Çavuşoğlu", b"-M"),
          "203": ("iso8859_15", "Œuvre", b"-b"), "166": ("tis_620", "นามสกุล", b"-T")}
NAMES = {"ISO_IR " + number: (name, name.encode(codec)) for number, (codec, name, _) in SINGLE.items()}
NAMES.update({"\\ISO 2022 IR " + number: (name, b"\x1b" + escape + name.encode(codec))
              for number, (codec, name, escape) in SINGLE.items()})
NAMES.update({
    "ISO_IR 13": ("ﾔﾏﾀﾞ^ﾀﾛｳ", "ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis")),
    "\\ISO 2022 IR 13": ("Yamada=ﾔﾏﾀﾞ", b"Yamada=\x1b)I" + "ﾔﾏﾀﾞ".encode("shift_jis")),
    "ISO 2022 IR 13\\ISO 2022 IR 6": ("ﾔﾏ^Taro", "ﾔﾏ".encode("shift_jis") + b"^Taro"),
    "\\ISO 2022 IR 87": ("Yamada^Tarou=山田^太郎=やまだ^たろう",
                          b"Yamada^Tarou=" + jis("山田") + b"^" + jis("太郎") + b"=" + jis("やまだ") + b"^" + jis("たろう")),
    "\\ISO 2022 IR 159": ("Taro=丂", b"Taro=" + jis("丂")),
    "\\ISO 2022 IR 149": ("Hong=洪=홍", b"Hong=\x1b$)C" + "洪".encode("euc_kr") + b"=\x1b$)C" + "홍".encode("euc_kr")),
    "\\ISO 2022 IR 58": ("Zhang=张", b"Zhang=\x1b$)A" + "张".encode("gb2312")),
    "ISO_IR 192": ("Wang=王^小東", "Wang=王^小東".encode("utf_8")),
    "GB18030": ("Wang^Xiao=王^小东", "Wang^Xiao=王^小东".encode("gb18030")),
    "GBK": ("Liu=刘^乛", "Liu=刘^乛".encode("gbk")),
})


class Charsets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-charsets-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        paths = []
        cls.patients = {}
        for number, (charset, (_, name)) in enumerate(NAMES.items()):
            cls.patients[charset] = "SET-%d" % number
            elements = [element for element in make_samples.capture("one", rows=2, columns=2) if element[0] not in (
                0x00080005, 0x00080018, 0x00100010, 0x00100020, 0x0020000D, 0x0020000E)]
            elements += [(0x00080005, "CS", charset), (0x00080018, "UI", make_samples.uid("set/%d/1/1" % number)),
                         (0x00100010, "PN", name), (0x00100020, "LO", cls.patients[charset]),
                         (0x0020000D, "UI", make_samples.uid("set/%d" % number)),
                         (0x0020000E, "UI", make_samples.uid("set/%d/1" % number))]
            paths.append(os.path.join(cls.folder, "%d.dcm" % number))
            with open(paths[-1], "wb") as file:
                file.write(make_samples.part10(elements, make_samples.EXPLICIT))
        cls.archive = Archive(os.path.join(cls.folder, "archive"))
        cls.addClassCleanup(cls.archive.stop)
        run = scu("store", cls.archive.address, *paths)
        if run.code != 0:
            raise AssertionError("the archive could not be filled\n%s" % run)

    def find(self, *keys):
        run = scu("find", self.archive.address, *keys, "--level", "study", "--json", "--strict")
        self.assertEqual(run.code, 0, run)
        found = {}
        for event in run.events:
            if "event" not in event:
                groups = event["00100010"]["Value"][0]
                name = "=".join(groups.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic"))
                found[event["00100020"]["Value"][0]] = name.rstrip("=")
        return found, run

    def test_every_set_of_the_table_has_a_name(self):
        terms = {term for charset in NAMES for term in charset.split("\\") if term}
        self.assertEqual(len(terms), 12 + 12 + 1 + 4 + 3, sorted(terms))

    def test_a_name_in_each_set_comes_as_utf8(self):
        for charset, (name, _) in NAMES.items():
            with self.subTest(charset):
                found, run = self.find("PatientID=" + self.patients[charset])
                self.assertEqual(found, {self.patients[charset]: name}, run)
                self.assertEqual(run.of("find")[0]["mismatches"], 0, run)

    def test_a_name_in_each_set_is_found_by_its_text(self):
        for charset, (name, _) in NAMES.items():
            for more in ([], ["SpecificCharacterSet=" + charset], ["SpecificCharacterSet=ISO_IR 192"]):
                with self.subTest(charset, more=more):
                    found, run = self.find("PatientName=" + name, *more)
                    self.assertEqual(found.get(self.patients[charset]), name, run)
                    self.assertLessEqual(set(found.values()), {name}, run)
                    self.assertEqual(run.err, "", run)


if __name__ == "__main__":
    unittest.main()
