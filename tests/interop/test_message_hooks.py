"""Hooks on messages against the archives, by the two examples that have them: what a hook edits is what they answer, and
every message of a retrieve is told, once before and once after."""

import os
import re
import unittest

import support  # first: it knows where the others are
import archives
from archives import STUDIES

BUILD = os.environ.get("SCU_BUILD", os.path.join(support.ROOT, "build", "gcc"))


class MessageHooks(archives.ArchiveCase):
    def run_example(self, name, *arguments):
        run = support.run_tool(os.path.join(BUILD, "examples", "example_" + name), *arguments)
        self.assertEqual(run.returncode, 0, run)
        return run.stdout.decode("utf-8")

    def test_an_identifier_that_a_hook_edits_is_answered_as_edited(self):
        rows = [line.split() for line in self.run_example("edit_message", self.peer.address, "SCU-JP-1").splitlines()]
        self.assertEqual(rows, [["SCU-JP-1", STUDIES["ct study"]]])
        self.assertEqual(self.run_example("edit_message", self.peer.address, "NOBODY"), "")

    def test_every_message_of_a_retrieve_is_told(self):
        text = self.run_example("hooks_audit", self.peer.address, STUDIES["ct study"], self.output())
        sent = set(self.instances_of("ct study"))
        for when, way, name, found in (("before", "received", "C-STORE-RQ", sent), ("after", "received", "C-STORE-RQ", sent),
                                       ("before", "sent", "C-STORE-RSP", sent), ("after", "sent", "C-STORE-RSP", sent)):
            told = re.findall(r"%s %s %s \(\d+\)(?: 0000H)? (\S+)" % (when, way, name), text)
            self.assertEqual(sorted(told), sorted(found), text)
        self.assertEqual(len(re.findall("before sent", text)), len(re.findall("after sent", text)), text)
        self.assertEqual(len(re.findall("before received", text)), len(re.findall("after received", text)), text)


archives.for_each_archive(globals(), MessageHooks)
del MessageHooks

if __name__ == "__main__":
    unittest.main()
