"""The pages for users: every snippet of docs/leadtools.md is compiled, and run where it says so; every recipe of
docs/cookbook.md as it is typed; names, rows and links of the pages are those of the code."""

import os
import re
import subprocess
import unittest

import support  # first: it knows where the others are
import page
import peers
import scu_archive

LEADTOOLS = "docs/leadtools.md"
COOKBOOK = "docs/cookbook.md"
PAGES = (LEADTOOLS, COOKBOOK, "docs/conformance.md")
ROWS = ["%s%d" % (letter, number) for letter, most in zip("ABCDEFG", (9, 5, 6, 9, 9, 3, 1)) for number in range(1, most + 1)]

HEAD = """
#include <scu/scu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
"""
# Behind each statement that sets `result`: line is that of the page.
CHECK = """
static void check(int line) {
  if (result >= 0) return;
  fprintf(stderr, "line %d: %s: %s\\n", line, scu_result_name(result),
          session ? scu_error_reason(scu_session_error(session)) : "");
  exit(1);
}
"""
SET_UP = """
static void set_up(char **words) {
  scu_disk_sink_options disk = {.size = sizeof disk, .root = words[3]};
  const scu_dataset *first;
  scu_file *file;
  peer = words[1], folder = words[3], images = words[4], path = words[5];
  study = words[6], series = words[7], instance = words[8];
  result = scu_options_new(NULL, &options);
  result = scu_options_set_text(options, SCU_OPTION_CALLING_AE, "ME");
  result = scu_options_set_text(options, SCU_OPTION_LISTEN_ADDRESS, "127.0.0.1");
  result = scu_options_parse(options, SCU_OPTION_LISTEN_PORT, words[2]);
  result = scu_session_new(&session, options, peer);
  hooks = (scu_hooks){.size = sizeof hooks};
  result = scu_query_new(NULL, &query);
  result = scu_query_new(NULL, &what);
  result = scu_query_set(what, "StudyInstanceUID", study);
  result = scu_source_new(NULL, &source);
  result = scu_disk_sink_new(&disk, &sink);
  result = scu_file_read(NULL, path, 1 << 24, &file);
  result = scu_dataset_copy(scu_file_dataset(file), &dataset);
  result = scu_find(session, what, &matches);
  result = scu_matches_next(matches, &first);
  scu_dataset *kept;
  result = scu_dataset_copy(first, &kept);
  match = kept;
  scu_matches_close(matches), matches = NULL;
  scu_file_free(file);
}

int main(int argc, char **words) {
  (void)argc;
  set_up(words);
  run[atoi(words[9])]();
  return fflush(stdout) == 0 ? 0 : 1;
}
"""


def checked(text):
    return re.sub(r"(\bresult = [^;]*;)", r"\1 check(__LINE__);", text)


def program_of(blocks):
    """(C source, [(number, block)] of those to be run). Messages of the compiler name the lines of the page."""
    top, functions, wanted = [], [], []
    for block in blocks:
        text = '#line %d "%s"\n%s' % (block.line, LEADTOOLS, block.text)
        if block.words == "names":
            top.append(text + CHECK)
        elif block.words == "top":
            top.append(text)
        else:
            functions.append("static void snippet_%d(void) {\n%s}\n" % (len(functions), checked(text)))
            if block.words.startswith("run"):
                wanted.append((len(functions) - 1, block))
    table = "static void (*const run[])(void) = {%s};\n" % ", ".join("snippet_%d" % i for i in range(len(functions)))
    return HEAD + "".join(top + functions) + table + checked(SET_UP), wanted


class Leadtools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = support.tempfile.mkdtemp(prefix="scu-guide-")
        cls.addClassCleanup(support.shutil.rmtree, cls.folder)
        cls.elsewhere_port = peers.free_port()
        cls.peer = scu_archive.Peer("--demo", "--peer", "ELSEWHERE=ELSEWHERE@%s:%d" % (peers.HOST, cls.elsewhere_port),
                                    our_title="ME")
        cls.addClassCleanup(cls.peer.stop)
        cls.images = os.path.join(cls.folder, "images")
        run = support.scu("get", cls.peer.address, "StudyDate=20190314", "PatientID=DEMO-1", "-o", cls.images)
        assert run.code == 0, run
        cls.path = next(file for file in support.files_under(cls.images) if b"CT\0" in cls.head_of(file) or
                        b"CS\2\0CT" in cls.head_of(file))
        cls.uids = os.path.relpath(cls.path, cls.images)[:-len(".dcm")].split(os.sep)
        blocks = [block for block in page.blocks(LEADTOOLS) if block.language == "c"]
        source, cls.wanted = program_of(blocks)
        with open(os.path.join(cls.folder, "guide.c"), "w", encoding="utf-8") as file:
            file.write(source)
        cls.program = os.path.join(cls.folder, "guide")
        page.compile_program(os.path.join(cls.folder, "guide.c"), cls.program, "scu-archive",
                             flags=("-std=c11", "-Wall", "-Wextra", "-Wno-unused", "-Werror"))

    @staticmethod
    def head_of(path):
        with open(path, "rb") as file:
            return file.read(4096)

    def run_snippet(self, number, block):
        folder = support.tempfile.mkdtemp(dir=self.folder)
        words = [self.peer.address, str(self.peer.our_port), os.path.join(folder, "received"), self.images, self.path,
                 *self.uids, str(number)]
        run = subprocess.run([self.program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=folder,
                             stderr=subprocess.PIPE, env=support.ENVIRONMENT, timeout=60)
        said = run.stdout.decode("utf-8", "replace")
        self.assertEqual(run.returncode, 0, run.stderr.decode("utf-8", "replace") + said)
        if "says=" in block.words:
            self.assertRegex(said, block.words.split("says=")[1])

    def test_each_snippet_does_what_it_says(self):
        with support.Listener(title="ELSEWHERE", port=self.elsewhere_port):
            for number, block in self.wanted:
                with self.subTest(line=block.line):
                    self.run_snippet(number, block)
        self.assertGreater(len(self.wanted), 40)

    def test_each_row_of_the_features_is_there_once(self):
        with open(os.path.join(support.ROOT, LEADTOOLS), encoding="utf-8") as file:
            text = file.read()
        for row in ROWS:
            if row[0] == "B":  # one section: they come with TLS
                continue
            self.assertEqual(len(re.findall(r"(?m)^### %s: " % row, text)), 1, row)
        self.assertIn("B1 to B5", text)


class Cookbook(page.Typed, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.environment["PATH"] = self.folder + os.pathsep + self.environment["PATH"]

    def test_each_recipe_works_as_it_is_written(self):
        programs, commands = 0, 0
        for block in page.blocks(COOKBOOK):
            self.assertIn(block.language, ("sh", "c"))
            if block.language == "c":
                name = re.fullmatch(r"file=(\w+)\.c", block.words).group(1)
                page.compile_program(self.write(name + ".c", block.text), os.path.join(self.folder, name),
                                     flags=("-std=c11", "-Wall", "-Wextra", "-Werror"))
                programs += 1
                continue
            said = ""
            for line in block.text.splitlines():
                said += self.run_line(line)
                commands += 1
            if block.words:
                self.assertRegex(said, block.words.split("says=")[1])
        self.assertEqual(programs, 6)
        self.assertGreater(commands, 25)


if __name__ == "__main__":
    unittest.main()
