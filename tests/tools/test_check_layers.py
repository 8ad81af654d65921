"""tools/check-layers must be able to fail: each rule is broken once in a small tree of its own."""

import os
import subprocess
import sys
import tempfile
import unittest

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "check-layers")


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.write("src/base/bytes.h", "#include <stdint.h>\n")
        self.write("src/data/reader.h", '#include "base/bytes.h"\n')
        self.write("src/ul/pdu.h", '#include "base/bytes.h"\n')
        self.write("include/scu/error.h", "#include <stddef.h>\n")

    def write(self, path, text):
        place = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)

    def run_tool(self):
        run = subprocess.run([sys.executable, TOOL, self.folder.name], stdout=subprocess.PIPE, text=True)
        return run.returncode, run.stdout

    def assert_breach(self, words):
        code, output = self.run_tool()
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_a_clean_tree_passes(self):
        self.write("src/data/reader.c", '#include "reader.h"\n#include "base/bytes.h"\n#include <scu/error.h>\n')
        self.write("cli/main.c", '#include <scu/error.h>\n#include "print.h"\n#include <unistd.h>\n')
        self.write("cli/print.h", "#include <stdio.h>\n")
        code, output = self.run_tool()
        self.assertEqual(code, 0, output)

    def test_an_arrow_that_points_up_is_named(self):
        self.write("src/base/bytes.c", '#include "data/reader.h"\n')
        self.assert_breach('src/base/bytes.c:1: base may not include "data/reader.h"')

    def test_a_room_beside_is_out_of_reach(self):
        self.write("src/ul/engine.c", '\n#include "data/reader.h"\n')
        self.assert_breach("src/ul/engine.c:2:")

    def test_one_header_of_a_room_can_be_open_and_the_next_not(self):
        self.write("src/ul/engine.h", "")
        self.write("src/dimse/fragment.c", '#include "ul/pdu.h"\n')
        self.assertEqual(self.run_tool()[0], 0)
        self.write("src/dimse/fragment.c", '#include "ul/engine.h"\n')
        self.assert_breach('dimse may not include "ul/engine.h"')

    def test_an_include_in_a_comment_does_not_count(self):
        self.write("src/base/bytes.c", '/*\n#include "data/reader.h"\n*/\n')
        self.assertEqual(self.run_tool()[0], 0)

    def test_a_system_header_outside_io_is_named(self):
        self.write("src/ul/engine.c", "#include <sys/socket.h>\n")
        self.assert_breach("<sys/socket.h> is the operating system's")

    def test_a_clock_outside_io_is_named(self):
        self.write("src/ul/engine.c", "#include <time.h>\n")
        self.assert_breach("<time.h>")

    def test_io_may_include_the_system(self):
        self.write("src/io/socket.c", "#include <sys/socket.h>\n")
        self.assertEqual(self.run_tool()[0], 0)

    def test_stdio_that_reaches_a_file_is_named(self):
        self.write("src/data/reader.c", '#include <stdio.h>\nvoid f(void);\nvoid f(void) { printf("x"); }\n')
        self.assert_breach("src/data/reader.c:3: printf() does stdio")

    def test_stdio_that_stays_in_memory_passes(self):
        self.write("src/data/reader.c", '#include <stdio.h>\nvoid f(char *a) { snprintf(a, 4, "printf()"); }\n')
        self.assertEqual(self.run_tool()[0], 0)

    def test_a_library_in_two_files_is_named(self):
        self.write("src/data/one.c", "#include <zlib.h>\n")
        self.assertEqual(self.run_tool()[0], 0)
        self.write("src/data/two.c", "#include <zlib.h>\n")
        self.assert_breach("<zlib.h> belongs in one file")

    def test_a_library_in_the_wrong_room_is_named(self):
        self.write("src/ul/engine.c", "#include <iconv.h>\n")
        self.assert_breach("<iconv.h> belongs to data")

    def test_the_command_sees_public_headers_only(self):
        self.write("cli/main.c", '#include "base/bytes.h"\n')
        self.assert_breach("cli may include the public headers only")

    def test_a_public_header_may_not_pull_in_the_system(self):
        self.write("include/scu/error.h", "#include <unistd.h>\n")
        self.assert_breach("include/scu/error.h:1:")

    def test_a_cycle_is_named(self):
        self.write("src/base/one.h", '#include "two.h"\n')
        self.write("src/base/two.h", '#include "one.h"\n')
        self.assert_breach("include cycle: src/base/one.h -> src/base/two.h -> src/base/one.h")

    def test_a_missing_header_is_named(self):
        self.write("src/base/one.c", '#include "gone.h"\n')
        self.assert_breach('"gone.h" is no header of src/')

    def test_a_path_with_dots_is_named(self):
        self.write("src/base/one.c", '#include "../data/reader.h"\n')
        self.assert_breach("include by layer")

    def test_a_new_room_needs_a_row(self):
        self.write("src/attic/one.c", "")
        self.assert_breach("src/attic: a room that tools/check-layers has no row for")

    def test_an_empty_tree_is_no_pass(self):
        with tempfile.TemporaryDirectory() as empty:
            run = subprocess.run([sys.executable, TOOL, empty], stdout=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 1)


if __name__ == "__main__":
    unittest.main()
