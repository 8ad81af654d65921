"""scu nodes: what is listed, who answers, and that an edit changes what it says and nothing else."""

import json
import os
import signal
import subprocess
import threading
import unittest

from clitest import SCU, SECONDS, CliTest, closed_port

FILE = (b"\xef\xbb\xbf; ours\r\n[self]\r\naet = ME\r\n\r\n# the big one\r\n[pacs]\r\n\taet: ARCHIVE\r\n"
        b"\thost = 10.0.0.5 ; in the cellar\r\n\tport = 104\r\n\tasync-window=1\r\n\r\n"
        b"# the other\r\n[v6]\r\naet = V 6\r\nhost = ::1\r\n# end")


class NodesTest(CliTest):
    def nodes(self, *arguments, **more):
        return self.scu("nodes", *arguments, **more)

    def file(self):
        return self.path("config", "scu", "nodes.ini")

    def text(self, name=None):
        with open(name or self.file(), "rb") as file:
            return file.read()

    def setUpFile(self, content=FILE):
        return self.write("config/scu/nodes.ini", content)

    def unchanged(self, before, *arguments, code=2, says=""):
        result = self.nodes(*arguments, code=code)
        self.assertIn(says, result.talk)
        self.assertEqual(self.text(), before)
        self.assertEqual(os.listdir(os.path.dirname(self.file())), ["nodes.ini"])
        return result


class Lists(NodesTest):
    def test_a_table_has_a_line_for_each(self):
        self.setUpFile()
        table = self.nodes(code=0).text
        self.assertEqual(table, self.nodes("list").text)
        self.assertEqual(table.splitlines(), ["NAME  AE TITLE  ADDRESS       SETTINGS",
                                              "pacs  ARCHIVE   10.0.0.5:104  async-window=1",
                                              "v6    V 6       [::1]:104"])

    def test_json_has_a_record_for_each(self):
        self.setUpFile()
        result = self.nodes("--json", code=0)
        self.check_json(result)
        pacs, v6 = result.events("node")
        self.assertEqual((pacs["name"], pacs["peer"], pacs["aet"], pacs["host"], pacs["port"], pacs["tls"]),
                         ("pacs", "ARCHIVE@10.0.0.5:104", "ARCHIVE", "10.0.0.5", 104, 0))
        self.assertEqual((pacs["settings"], pacs["line"]), ({"async-window": "1"}, 6))
        self.assertEqual((v6["peer"], v6["settings"]), ("V 6@[::1]:104", {}))
        self.assertEqual(self.nodes("show", "v6", "--json").events("node"), [v6])

    def test_one_is_shown_as_the_file_would_have_it(self):
        self.setUpFile()
        shown = self.nodes("show", "pacs", code=0).text
        self.assertEqual(shown, "[pacs]\naet = ARCHIVE\nhost = 10.0.0.5\nport = 104\nasync-window = 1\n")
        self.assertIn("did you mean pacs", self.usage("nodes", "show", "pasc", says="no node 'pasc'").talk)

    def test_without_a_file_there_are_none(self):
        result = self.nodes(code=0)
        self.assertEqual(result.text, "")
        self.assertIn("scu nodes add", result.talk)
        self.assertEqual(self.nodes("--json", code=0).events("node"), [])
        self.usage("nodes", "--nodes", self.path("none.ini"), says="no such file")

    def test_a_fault_of_the_file_is_told_with_its_line(self):
        self.setUpFile("[pacs]\naet = A\nhost = h\nwhat = 1\n")
        for arguments in (["list"], ["show", "pacs"], ["test"], ["set", "pacs", "port=1"], ["remove", "pacs"],
                          ["add", "b", "B@h"]):
            self.usage("nodes", *arguments, says="nodes.ini:4: unknown key 'what'")

    def test_words_that_are_none(self):
        self.setUpFile()
        for arguments, says in ((["lost"], "did you mean `scu nodes list`"), (["list", "pacs"], "takes no name"),
                                (["show"], "which node"), (["show", "a", "b"], "more than one"),
                                (["add"], "no name"), (["add", "b"], "no peer"), (["set", "pacs"], "no KEY=VALUE"),
                                (["set", "pacs", "port"], "'port' is no KEY=VALUE"), (["remove"], "no name"),
                                (["remove", "a", "b"], "more than one"), (["test", "pacs", "b"], "no node 'b'")):
            self.usage("nodes", *arguments, says=says)


class Edits(NodesTest):
    def test_the_first_node_makes_the_file_and_is_a_peer(self):
        peer = self.peer()
        self.nodes("add", "pacs", peer.name, "timeout-response=5", code=0)
        self.assertEqual(self.text(), b"[pacs]\naet = PEER\nhost = 127.0.0.1\nport = %d\ntimeout-response = 5\n" % peer.port)
        self.assertEqual(os.stat(os.path.dirname(self.file())).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(self.file()).st_mode & 0o007, 0)
        self.scu("echo", "pacs", code=0)
        self.nodes("add", "b", "B@h", "--nodes", self.path("other", "nodes.ini"), code=0)
        self.assertEqual(self.text(self.path("other", "nodes.ini")), b"[b]\naet = B\nhost = h\nport = 104\n")

    def test_everything_else_keeps_every_byte(self):
        self.setUpFile()
        self.nodes("set", "pacs", "host=pacs.example", "async-window=", "max-pdu=16384", code=0)
        changed = FILE.replace(b"10.0.0.5 ;", b"pacs.example ;").replace(b"async-window=1", b"max-pdu = 16384")
        self.assertEqual(self.text(), changed)
        self.nodes("add", "new", "scus://N@h:2762", code=0)
        added = changed + b"\r\n\r\n[new]\r\naet = N\r\nhost = h\r\nport = 2762\r\ntls = yes\r\n"
        self.assertEqual(self.text(), added)
        self.nodes("remove", "v6", code=0)
        self.assertEqual(self.text(), added.replace(b"[v6]\r\naet = V 6\r\nhost = ::1\r\n", b""))
        self.nodes("set", "self", "aet=YOU", "port=11113", code=0)
        self.assertIn(b"[self]\r\naet = YOU\r\nport = 11113\r\n", self.text())

    def test_json_tells_what_it_is_now(self):
        result = self.nodes("add", "b", "B@h:1", "both-roles=yes", "--json", code=0)
        self.check_json(result)
        self.assertEqual(result.events("node")[0]["settings"], {"both-roles": "yes"})
        self.assertEqual(self.nodes("remove", "b", "--json", code=0).events("node"), [])

    def test_mode_and_links_stay(self):
        for mode in (0o600, 0o644, 0o660):
            os.chmod(self.setUpFile(), mode)
            self.nodes("set", "v6", "port=1", code=0)
            self.assertEqual(os.stat(self.file()).st_mode & 0o777, mode)
        os.rename(self.file(), self.path("dotfiles"))
        os.symlink(self.path("dotfiles"), self.file())
        self.nodes("set", "v6", "port=2", code=0)
        self.assertTrue(os.path.islink(self.file()))
        self.assertIn(b"port = 2", self.text(self.path("dotfiles")))

    def test_what_could_not_be_read_again_is_not_written(self):
        before = FILE
        self.setUpFile(before)
        self.unchanged(before, "add", "pacs", "B@h", says="nodes.ini:6: node 'pacs' is there already")
        self.unchanged(before, "add", "a@b", "B@h", says="nor have @")
        self.unchanged(before, "add", "b", "v6", says="no @ between")
        self.unchanged(before, "add", "b", "B@h", "port=70000", says="port must be a number")
        self.unchanged(before, "set", "pacs", "port=1", "what=2", says="unknown key 'what'")
        self.unchanged(before, "set", "pacs", "comment=a\n[b]", says="control characters")
        self.unchanged(before, "set", "pacs", "aet=", says="node 'pacs' has no aet")
        self.unchanged(before, "set", "lost", "port=1", says="there is no node 'lost'")
        self.unchanged(before, "remove", "lost", says="there is no node 'lost'")

    def test_no_secret_stands_in_the_file(self):
        self.setUpFile()
        result = self.unchanged(FILE, "set", "pacs", "passcode=open sesame", says="passcode-file = FILE")
        self.assertNotIn("sesame", result.talk)

    def test_a_file_that_cannot_be_made_is_storage(self):
        self.write("file", b"")
        result = self.nodes("add", "b", "B@h", "--nodes", self.path("file", "nodes.ini"), code=11)
        self.assertIn(self.path("file"), result.talk)

    def test_many_at_once_lose_nothing(self):
        runs = [subprocess.Popen([SCU, "nodes", "add", "n%d" % i, "N@h:%d" % (i + 1)], env=self.environment,
                                 stderr=subprocess.PIPE) for i in range(12)]
        for run in runs:
            _, talk = run.communicate(timeout=SECONDS)
            self.assertEqual(run.returncode, 0, talk)
        names = sorted(node["name"] for node in self.nodes("--json", code=0).events("node"))
        self.assertEqual(names, sorted("n%d" % i for i in range(12)))
        self.assertEqual(os.listdir(os.path.dirname(self.file())), ["nodes.ini"])

    def test_who_is_not_done_is_waited_for(self):
        self.setUpFile()
        lock = self.write("config/scu/nodes.ini.lock", FILE.replace(b"V 6", b"V 7"))
        waiting = subprocess.Popen([SCU, "nodes", "set", "v6", "port=7"], env=self.environment, stderr=subprocess.PIPE)
        with self.assertRaises(subprocess.TimeoutExpired):
            waiting.wait(0.5)
        self.assertEqual(self.text(), FILE)
        os.rename(lock, self.file())
        _, talk = waiting.communicate(timeout=SECONDS)
        self.assertEqual(waiting.returncode, 0, talk)
        self.assertIn(b"aet = V 7\r\nhost = ::1\r\nport = 7", self.text())

    def test_a_lock_that_stays_is_told_and_left(self):
        self.setUpFile()
        lock = self.write("config/scu/nodes.ini.lock", b"half of it")
        result = self.nodes("set", "v6", "port=7", code=11)
        self.assertIn("nodes.ini.lock is there", result.talk)
        self.assertIn("remove that file", result.talk)
        self.assertEqual((self.text(), self.text(lock)), (FILE, b"half of it"))


class Tests(NodesTest):
    def add(self, name, peer, *settings):
        self.nodes("add", name, peer, *settings, code=0)

    def test_each_has_a_line_in_the_order_of_the_file(self):
        good, bad = self.peer(), self.peer(reject=(1, 1, 7))
        self.add("first", bad.name)
        self.add("second", good.name)
        self.add("third", "P@127.0.0.1:%d" % closed_port())
        lines = self.nodes("test", code=3).text.splitlines()
        self.assertRegex(lines[0], r"^first   PEER@127\.0\.0\.1:\d+ +failed: associate: .*called AE title")
        self.assertRegex(lines[1], r"^second  PEER@127\.0\.0\.1:\d+ +ok \(\d+ ms\)$")
        self.assertRegex(lines[2], r"^third   P@127\.0\.0\.1:\d+ +failed: connect: ")
        self.assertEqual(len(lines), 3)
        quiet = self.nodes("test", "-q", code=3).text.splitlines()
        self.assertEqual([line.split()[0] for line in quiet], ["first", "third"])
        lines = self.nodes("test", "third", "second", code=3).text.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["third", "second"])

    def test_one_alone_ends_with_its_own_cause(self):
        self.add("good", self.peer().name)
        self.add("bad", self.peer(reject=(1, 1, 7)).name)
        self.add("gone", "P@127.0.0.1:%d" % closed_port())
        self.add("sorry", self.peer(answers=lambda *_: [(0x0122, None, ())]).name)
        self.add("slow", self.peer(hang=True).name, "timeout-response=200ms")
        for name, code in (("good", 0), ("bad", 6), ("gone", 5), ("sorry", 9), ("slow", 8)):
            self.nodes("test", name, code=code)

    def test_json_says_what_failed(self):
        self.add("good", self.peer().name)
        self.add("gone", "P@127.0.0.1:%d" % closed_port())
        result = self.nodes("test", "--json", code=3)
        records = self.check_json(result)
        good, gone = result.events("node")
        self.assertEqual((good["name"], good["outcome"], good["status"], good["code"]), ("good", "ok", "0000", ""))
        self.assertEqual((gone["outcome"], gone["status"], gone["code"], gone["phase"]),
                         ("failed", "", "transport", "connect"))
        self.assertTrue(gone["reason"] and gone["hint"])
        self.assertEqual((records[-1]["ok"], records[-1]["failed"]), (1, 1))

    def test_they_are_asked_at_once_and_never_too_many(self):
        now, most, lock = [0], [0], threading.Lock()
        all_there = threading.Barrier(4, timeout=20)

        def answer(*_):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            all_there.wait()  # nobody has an answer before four have asked
            with lock:
                now[0] -= 1
            return [(0x0000, None, ())]

        peer = self.peer(answers=answer)
        self.write("config/scu/nodes.ini", "".join("[n%d]\naet = PEER\nhost = 127.0.0.1\nport = %d\n" % (i, peer.port)
                                                   for i in range(40)))
        lines = self.nodes("test", code=0).text.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["n%d" % i for i in range(40)])
        self.assertGreaterEqual(most[0], 4)
        self.assertLessEqual(most[0], 16)

    def test_an_interrupt_ends_it_and_tells_who_was_not_asked(self):
        good, peer = self.peer(), self.peer(hang=True)
        ports = [good.port] + [peer.port] * 20
        self.write("config/scu/nodes.ini", "".join("[n%d]\naet = PEER\nhost = 127.0.0.1\nport = %d\n" % (i, port)
                                                   for i, port in enumerate(ports)))
        run = subprocess.Popen([SCU, "nodes", "test", "--json"], env=self.environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        run.stdout.readline()
        self.assertEqual(json.loads(run.stdout.readline())["outcome"], "ok")  # told while the others are asked
        self.assertTrue(peer.arrived.wait(SECONDS))
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=SECONDS)
        self.assertEqual(run.returncode, 130)
        outcomes = [json.loads(line).get("outcome") for line in out.splitlines()[:-1]]
        asked = outcomes.count("failed")
        self.assertIn(asked, (15, 16))
        self.assertEqual(outcomes, ["failed"] * asked + ["skipped"] * (20 - asked))

    def test_our_title_is_that_of_the_file(self):
        self.add("pacs", self.listen("--accept-from", "WORKSTATION").name)
        self.nodes("test", "--aet", "ANYBODY", code=6)
        self.nodes("set", "self", "aet=WORKSTATION", code=0)
        self.nodes("test", code=0)


if __name__ == "__main__":
    unittest.main()
