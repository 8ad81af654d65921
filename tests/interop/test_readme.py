"""README.md as it is typed: every command of its shell blocks in their order, its node file, its C program."""

import os
import subprocess
import unittest

import support  # first: it knows where the others are
import page


class Readme(page.Typed, unittest.TestCase):
    def build_and_run(self, program):
        """Its archive is there again."""
        store = os.path.join(self.folder, "store")
        page.compile_program(self.write("store.c", program), store)
        job = self.start("scu archive pacs --aet PACS --port 127.0.0.1:" + self.ports["10104"])
        said = subprocess.run([store], stdout=subprocess.PIPE, cwd=self.folder, env=self.environment, timeout=60,
                              check=True).stdout.decode()
        self.assertRegex(said, r"^[1-9]\d* stored, 0 failed\n$")
        job.stop()

    def test_everything_in_it_works_as_it_is_written(self):
        commands = 0
        for block in page.blocks("README.md"):
            if block.language == "sh":
                for line in block.text.splitlines():
                    self.run_line(line)
                    commands += line.startswith("scu ")
            elif block.language == "ini":
                self.write(".config/scu/nodes.ini", block.text)
            elif block.language == "c":
                self.build_and_run(block.text)
            else:
                self.fail("what is a block of %s?" % block.language)
        self.assertGreater(commands, 15)


if __name__ == "__main__":
    unittest.main()
