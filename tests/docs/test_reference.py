"""The reference has every public name, and every link in it leads somewhere."""

import html
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
HEADERS = os.path.join(ROOT, "include", "scu")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        subprocess.run([sys.executable, os.path.join(ROOT, "tools", "make-reference"), cls.scratch.name],
                       stdout=subprocess.DEVNULL, check=True, timeout=60)
        cls.pages = {name: read(cls.scratch.name, name) for name in os.listdir(cls.scratch.name)}
        cls.headers = {name: read(HEADERS, name) for name in os.listdir(HEADERS) if name.endswith(".h")}

    def test_each_header_has_a_page(self):
        self.assertEqual(set(self.pages), {name.replace(".h", ".html") for name in self.headers} | {"index.html"})

    def test_each_function_has_its_place_on_the_page_of_its_header(self):
        count = 0
        for name, text in self.headers.items():
            page = self.pages[name.replace(".h", ".html")]
            for function in re.findall(r"(?m)^SCU_API\b[^;]*?\b(scu_\w+)\(", text):
                self.assertIn('<a id="%s"></a>' % function, page)
                self.assertIn(">%s</a><br>" % function, self.pages["index.html"])
                count += 1
        self.assertGreater(count, 400)

    def test_types_and_constants_have_a_place(self):
        for page, names in (("session.html", ("scu_session", "scu_find_verdict", "SCU_FIND_SUSPECT")),
                            ("result.html", ("SCU_ERROR_REFUSED", "scu_result")), ("hooks.html", ("scu_hooks",)),
                            ("options.html", ("SCU_OPTION_MAX_PDU", "scu_option_info", "SCU_USED_BY_COMMIT"))):
            for name in names:
                self.assertIn('<a id="%s"></a>' % name, self.pages[page])

    def test_each_link_leads_somewhere(self):
        places = {name: set(re.findall(r'<a id="(\w+)">', page)) for name, page in self.pages.items()}
        for name, page in self.pages.items():
            ids = re.findall(r'<a id="(\w+)">', page)
            self.assertEqual(len(ids), len(set(ids)), name)
            for target in re.findall(r'href="([^"]+)"', page):
                file, _, anchor = target.partition("#")
                self.assertIn(file or name, self.pages)
                if anchor:
                    self.assertIn(anchor, places[file or name], target)

    def test_no_word_of_a_header_is_lost(self):
        """What is left when markup, the frame of the header and punctuation are taken away is the same."""
        frame = re.compile(r"#ifdef __cplusplus\n.*?#endif\n|(?m:^#(?:ifndef SCU_\w+_H|include|define SCU_\w+_H)\b[^\n]*$)|#endif\s*\Z", re.S)
        for name, text in self.headers.items():
            page = re.sub(r"<style>.*?</style>|<title>.*?</title>|<[^>]+>", "", self.pages[name.replace(".h", ".html")], flags=re.S)
            theirs = re.findall(r"\w+", frame.sub("", text).replace("SCU_API ", ""))
            ours = re.findall(r"\w+", html.unescape(page))[len(re.findall(r"\w+", "libscu scu/" + name)):]
            self.assertEqual(sorted(theirs), sorted(ours), name)


if __name__ == "__main__":
    unittest.main()
