"""Files that are named on the command line: none of them blocks, and what is open already may be named."""

import os
import subprocess
import unittest

from clitest import SCU, CliTest
from test_find import provider


class InputFiles(CliTest):
    def fifo(self):
        os.mkfifo(self.path("fifo"))
        return self.path("fifo")

    def piped(self, content, *arguments):
        """Runs with a pipe that holds `content`, named /dev/fd/N for the %s among the arguments, as the shell's <(...) does."""
        end, other = os.pipe()
        os.write(other, content)
        os.close(other)
        try:
            return subprocess.run([SCU, *(a.replace("%s", "/dev/fd/%d" % end) for a in arguments)], env=self.environment,
                                  cwd=self.folder, pass_fds=[end], capture_output=True, timeout=20)
        finally:
            os.close(end)

    def test_a_fifo_or_a_device_is_refused_at_once(self):
        fifo, peer = self.fifo(), "PEER@127.0.0.1:1"
        for path in (fifo, "/dev/zero"):
            self.usage("nodes", "list", "--nodes", path, says="no regular file")
            self.usage("echo", peer, "--nodes", path, says="no regular file")
            self.usage("find", peer, "--query", path, says="no regular file")
            self.usage("echo", peer, "--user", "u", "--passcode-file", path, says="no regular file")
            for verb in (["get", peer, "-o", "here"], ["store", peer], ["commit", peer]):
                self.assertIn("no regular file", self.scu(*verb, "--from", path, code=11).talk)
        self.assertIn("not a regular file", self.scu("store", peer, fifo, code=3).talk)
        self.assertIn("not a regular file", self.scu("dump", fifo, code=11).talk)

    def test_what_is_open_already_is_read(self):
        peer = self.peer(answers=provider())
        find = self.piped(b'{"00100020":{"vr":"LO","Value":["4711"]}}', "find", peer.name, "--query", "%s")
        self.assertEqual(find.returncode, 0, find)
        echo = self.piped(b"secret\n", "echo", peer.name, "--user", "u", "--passcode-file", "%s")
        self.assertIn(b"a passcode is not sent without TLS", echo.stderr)
        listener = self.listen()
        sample = self.sample("one.dcm")
        store = self.piped(sample.encode() + b"\n", "store", listener.name, "--from", "%s")
        self.assertEqual(store.returncode, 0, store)
        self.assertEqual(len(listener.files()), 1)
        self.scu("nodes", "list", "--nodes", "/dev/null", code=0)

    def test_a_list_may_have_a_byte_order_mark(self):
        listener = self.listen()
        names = self.write("list", b"\xef\xbb\xbf" + self.sample("one.dcm").encode() + b"\r\n")
        self.scu("store", listener.name, "--from", names, code=0)
        self.assertEqual(len(listener.files()), 1)

    def test_a_list_with_nothing_in_it_is_told(self):
        for content in (b"", b"\n\n", b"\xef\xbb\xbf\n"):
            names = self.write("list", content)
            for verb in (["get", "PEER@127.0.0.1:1", "-o", "here"], ["store", "PEER@127.0.0.1:1"]):
                self.assertIn("the list is empty", self.scu(*verb, "--from", names, code=0).talk)

    def test_a_node_without_anything_is_told_with_its_line(self):
        for text, says in (("[a]\n" * 200000, ":1: node 'a' has no aet"),
                           ("[b]\naet = B\nhost = h\n\n[a]\n; nothing\n", ":5: node 'a' has no aet"),
                           ("[b]\naet = B\nhost = h\n[b]", ":4: node 'b' is there twice, first in line 1"),
                           ("[a@b]\n", ":1: a node's name")):
            self.usage("nodes", "list", "--nodes", self.write("nodes.ini", text), says=says)
        self.scu("nodes", "list", "--nodes", self.write("nodes.ini", "[self]\n[b]\naet = B\nhost = h\n[self]\n"), code=0)


if __name__ == "__main__":
    unittest.main()
