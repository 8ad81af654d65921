"""No value that names a patient leaves by a side door: canaries are planted in files, queries, matches, edits and error
comments, every command runs over good peers and over every fault of docs/faults.md, and what is said - log, stderr,
records - is searched for them. Data on stdout is what was asked for. Paths are the user's own and are told as they are.

The same canaries do come with --phi: so that this test can fail.
"""

import concurrent.futures
import os
import re
import shutil
import socket
import struct
import sys
import tempfile
import unittest

import support  # first: it knows where the others are
import flooder
import make_samples
import peers
from scu_archive import Peer, ScuArchive
from support import scu

sys.path.insert(0, os.path.join(support.ROOT, "tests", "cli"))
import clitest  # noqa: E402

BIRTH_DATE = "19010203"
CANARY = re.compile("canary|" + BIRTH_DATE, re.I)
STUDY = make_samples.uid("canary study")
WAITS = ["--timeout-connect", "2", "--timeout-associate", "0.7", "--timeout-response", "0.7", "--timeout-idle", "0.7",
         "--timeout-release", "0.7"]
RETRIEVE_WAITS = ["--timeout-retrieve", "1", "--move-grace", "0.5", "--cancel-wait", "0.5"]
KEYS = ["-k", "PatientName", "-k", "PatientBirthDate", "-k", "StudyDescription", "-k", "AccessionNumber",
        "-k", "PatientComments", "-k", "ReferringPhysicianName"]
LEVELS = ("error", "warning", "info", "debug", "dump")

# One fault at least for each action that docs/faults.md has, by the command that meets it.
FAULTS = {
    "echo": "connect:silence connect:close connect:reset connect:garbage connect:cut associate:delay=50 "
            "associate:silence associate:abort associate:reject associate:reject=2/3/2 associate:refuse=all "
            "associated:close associated:garbage echo:abort echo:status=0122 release:silence release:garbage",
    "store": "store:silence@2 store:close@2 store:abort@2 store:cut@2 store:garbage@2 store:status=A700 "
             "store:status=C123@2 ingest:status=B007 ingest:full ingest:lose associate:no-roles associate:pdu=100 "
             "associate:refuse=storage",
    "find": "associate:extended=none associate:extended=short associate:extended=unasked associate:extended=find-only "
            "find:cap=1/A700 find:ignore=PatientID match:drop match:duplicate match:malformed match:status=FF01 "
            "match:charset=ISO_IR_87 match:charset=none match:retrieve-ae=ELSEWHERE match:availability=NEARLINE match:cut@2 "
            "match:garbage@2 match:silence@2 find-final:late=2 find-final:status=C001",
    "get": "get:empty get:early get:early-final get:status=A900 sub:drop sub:fail sub:duplicate sent:close pending:drop "
           "pending:counts=none pending:counts=backwards get-final:counts=zero get-final:list=malformed get-final:list=3 "
           "get-final:status=A702 sent:garbage sent:cut",
    "move": "move:ae=STRANGER move:empty move:early-final move:status=A801 sub:fail move-final:list=none pending:garbage "
            "move-final:status=B000 sent:abort",
    "commit": "commit:unlisted commit:wrong-transaction commit:early-result commit:no-result commit:status=0110 "
              "commit:abort",
}


def elements(number):
    replaced = {0x00100010: ("PN", "CANARY^NAME"), 0x00100020: ("LO", "CANARY-ID"), 0x00100030: ("DA", BIRTH_DATE),
                0x00080050: ("SH", "CANARY-ACC"), 0x00081030: ("LO", "canary description"), 0x00080090: ("PN", "CANARY^DOC"),
                0x0020000D: ("UI", STUDY), 0x00104000: ("LT", "canary comments"),
                0x00101040: ("LO", "canary street 1"), 0x00080080: ("LO", "canary hospital"),
                0x00290010: ("LO", "CANARY MAKER"), 0x00291001: ("UN", b"CANARY private"),
                0x00400275: ("SQ", make_samples.Sequence([[(0x00400007, "LO", "canary in a sequence"),
                                                           (0x00401001, "SH", "CANARY-RP")]]))}
    kept = [element for element in make_samples.capture("canary %d" % number, rows=2, columns=2)
            if element[0] not in replaced]
    return sorted(kept + [(tag, *value) for tag, value in replaced.items()], key=lambda element: element[0])


UID_CANARY = b"CANARY^JOHN 19010203"
NAMED_MATCH = clitest.implicit([(0x00080018, "UI", UID_CANARY.decode()), (0x00080052, "CS", "IMAGE"),
                                (0x0020000D, "UI", STUDY), (0x0020000E, "UI", "1.2.3")])


def store_named(port):
    """A C-STORE with a name in each place where a peer may put a UID."""
    contexts = b"".join(flooder.item(0x20, bytes([number, 0, 0, 0]) + flooder.item(0x30, uid)
                                     + flooder.item(0x40, flooder.IMPLICIT))
                        for number, uid in ((1, flooder.CT), (3, UID_CANARY)))
    user = flooder.item(0x51, struct.pack(">I", 16384)) + flooder.item(0x52, UID_CANARY)
    said = flooder.command(sop_class=flooder.CT, field=flooder.STORE, message_id=7, priority=0, has_dataset=True,
                           sop_instance=UID_CANARY)
    with socket.create_connection((peers.HOST, port), 10) as connection:
        connection.sendall(flooder.pdu(1, struct.pack(">HH", 1, 0) + b"BIRDS".ljust(16) + b"FLOODER".ljust(16) + bytes(32)
                                       + flooder.item(0x10, b"1.2.840.10008.3.1.1.1") + contexts
                                       + flooder.item(0x50, user)))
        accepted, _ = flooder.read_pdu(connection)
        connection.sendall(flooder.message(1, said, flooder.element(8, 0x16, flooder.even(flooder.CT))
                                           + flooder.element(8, 0x18, UID_CANARY)))
        answered, _ = flooder.read_pdu(connection)
        connection.sendall(flooder.pdu(5, bytes(4)))
        released, _ = flooder.read_pdu(connection)
    return accepted, answered, released


class Canary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-birds-")  # a path may be told: it must not have the word
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.files = []
        for number in range(3):
            cls.files.append(os.path.join(cls.folder, "in%d.dcm" % number))
            with open(cls.files[-1], "wb") as file:
                file.write(make_samples.part10(elements(number), make_samples.EXPLICIT))
        cls.filled = os.path.join(cls.folder, "filled")
        with ScuArchive(cls.filled) as archive:
            run = scu("store", archive.address, *cls.files)
            if run.code != 0:
                raise AssertionError("%s" % run)

    def setUp(self):
        self.numbers = 0

    def new_path(self):
        self.numbers += 1
        return os.path.join(self.folder, "%s-%d" % (self._testMethodName[-24:], self.numbers))

    def command(self, name, archive, our_port):
        listen = "%s:%d" % (peers.HOST, our_port)
        return {
            "echo": ["echo", archive.address],
            "store": ["store", archive.address, *self.files, "--retries", "0", "--set", "PatientComments=canary edit",
                      "--progress", "json"],
            "find": ["find", archive.address, "PatientID=CANARY*", "PatientName=canary*", *KEYS, "--cancel-wait", "0.5"],
            "get": ["get", archive.address, "StudyInstanceUID=" + STUDY, "--with", "get", "-o", self.new_path(),
                    *RETRIEVE_WAITS, "--progress", "json"],
            "move": ["move", archive.address, "StudyInstanceUID=" + STUDY, "--aet", "SCU", "--listen", listen, "-o",
                     self.new_path(), *RETRIEVE_WAITS, "--progress", "json"],
            "commit": ["commit", archive.address, *self.files, "--listen", listen, "--timeout-commit", "1",
                       "--commit-hold", "0.2"],
        }[name] + ["--json", *WAITS]

    def said(self, run, *logs):
        """Everything but matches, which are what was asked for."""
        records = [line for line in run.out.splitlines() if '"event":' in line]
        texts = {"stdout": "\n".join(records), "stderr": run.err}
        for path in logs:
            with open(path, encoding="utf-8") as file:
                texts[path] = file.read()
        return texts

    def check_silent(self, run, texts):
        for where, text in texts.items():
            found = CANARY.search(text)
            if found:
                line = next(line for line in text.splitlines() if CANARY.search(line))
                self.fail("a canary in %s: %s\n%s" % (where, line, run))

    def attempt(self, name, fault, level, more=(), service=("-d",)):
        """(run, what was said by it and by the archive)"""
        folder, log, their_log, our_port = self.new_path(), self.new_path(), self.new_path(), peers.free_port()
        if name == "store":
            os.mkdir(folder)
        else:
            shutil.copytree(self.filled, folder)
        options = ["--durability", "none", "--log", their_log, "--log-level", level, *service]
        with ScuArchive(folder, *options, *(["--fault", fault] if fault else []), move_to=[("SCU", "SCU", our_port)],
                        title="BIRDS") as archive:
            run = scu(*self.command(name, archive, our_port), "--log", log, "--log-level", level, *more, seconds=30)
            archive.stop()
            texts = self.said(run, log, their_log)
            texts["stderr of the archive"] = archive.said()
        return run, texts

    def test_every_action_of_the_docs_has_its_canary(self):
        with open(os.path.join(support.ROOT, "docs", "faults.md"), encoding="utf-8") as file:
            text = file.read()
        actions = set()
        for line in text[text.index("## Actions on the association"):text.index("## Examples")].splitlines():
            cells = line.split("|")[1:-1]  # [step,] action, what happens
            words = re.findall(r"`([a-z][a-z-]*)[^`]*`", cells[-2]) if len(cells) > 1 else []
            actions |= set(words) - {"zero", "backwards"}  # further values of `counts`
        have = {re.split("[=@]", fault.split(":")[1])[0] for faults in FAULTS.values() for fault in faults.split()}
        self.assertGreater(len(actions), 25)
        self.assertEqual(actions - have, set())

    def test_every_fault_with_everything_said(self):
        jobs = [(name, fault) for name, faults in FAULTS.items() for fault in faults.split()]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            results = [(name, fault, pool.submit(self.attempt_apart, number, name, fault))
                       for number, (name, fault) in enumerate(jobs)]
            for name, fault, result in results:
                with self.subTest("%s against %s" % (name, fault)):
                    run, texts = result.result()
                    self.check_silent(run, texts)
                    self.assertEqual(run.summary["exit_code"], run.code, run)

    def attempt_apart(self, number, name, fault):
        """Its own paths: several run at a time."""
        apart = Canary(methodName=self._testMethodName)
        apart.numbers = 1000 * (number + 1)
        return apart.attempt(name, fault, "dump", ["-d"])

    def test_good_peers_at_every_level(self):
        for number, name in enumerate(FAULTS):
            for level in LEVELS:
                with self.subTest("%s at %s" % (name, level)):
                    run, texts = self.attempt(name, None, level, [["-q"], ["-v"], ["-d"]][(number + len(level)) % 3])
                    self.assertEqual(run.code, 0, run)
                    self.check_silent(run, texts)

    def test_with_phi_the_dumps_have_them(self):
        for name in ("store", "find", "get", "move"):
            run, texts = self.attempt(name, None, "dump", ["--phi"], service=["--phi"])
            self.assertEqual(run.code, 0, run)
            logs = [text for where, text in texts.items() if where.startswith(self.folder)]
            self.assertEqual(len(logs), 2)
            for text in logs:
                for canary in ("CANARY^NAME", "CANARY-ID", BIRTH_DATE):
                    self.assertIn(canary, text, "%s\n%s" % (run, text[-3000:]))
            if name == "store":
                for text in logs:
                    for canary in ("canary edit", "canary in a sequence", "CANARY MAKER"):
                        self.assertIn(canary, text)

    def test_listeners_and_plain_text(self):
        """What is said to people, at each of their levels; `scu listen` on the other side."""
        for words in ([], ["-q"], ["-v"], ["-d"]):
            listener_log = self.new_path()
            with tempfile.TemporaryFile() as err:
                listener = peers.subprocess.Popen(
                    [support.SCU, "listen", "-o", self.new_path(), "--port", peers.HOST + ":0", "--log", listener_log,
                     "--log-level", "dump", *words], stderr=err, stdout=peers.subprocess.DEVNULL, env=support.ENVIRONMENT,
                    preexec_fn=peers.die_with_parent)
                try:
                    ready = lambda: re.search(rb"listening on \S+:(\d+) as (\S+)", os.pread(err.fileno(), 1 << 20, 0))
                    peers.wait_until(ready, 20, "the ready line of scu listen")
                    address = "%s@%s:%s" % (ready().group(2).decode(), peers.HOST, ready().group(1).decode())
                    run = scu("store", address, *self.files, "--set", "PatientComments=canary", *words, *WAITS)
                    self.assertEqual(run.code, 0, run)
                finally:
                    listener.terminate()
                    support.wait_for(listener, 15)
                texts = self.said(run, listener_log)
                texts["stderr of the listener"] = os.pread(err.fileno(), 1 << 20, 0).decode()
                texts["stdout"] = run.out
                self.check_silent(run, texts)

    def test_what_a_peer_comments_is_for_who_asks(self):
        def answers(*_):
            return [(0xA700, None, [(0x0902, b"CANARY comment")])]

        study = "StudyInstanceUID=" + STUDY
        commands = {"echo": [], "find": ["PatientID=1"], "store": self.files[:1] + ["--retries", "0"],
                    "move": [study, "--to", "X", "--raw-identifier"], "commit": self.files[:1],
                    "get": [study, "--with", "get", "--raw-identifier", "-o", self.new_path()]}
        for name, words in commands.items():
            for level in ([], ["-v"], ["-d"], ["--json"], ["-q"], ["--phi"]):
                with self.subTest("%s %s" % (name, level)):
                    peer, log = clitest.Peer(answers=answers), self.new_path()
                    try:
                        run = scu(name, peer.name, *words, *level, *WAITS, "--log", log, "--log-level", "dump",
                                  seconds=30)
                    finally:
                        peer.close()
                    self.assertNotEqual(run.code, 0, run)
                    texts = self.said(run, log)
                    if level == ["--phi"]:
                        self.assertIn("CANARY comment", texts[log], run)
                        if name != "commit":
                            self.assertIn("CANARY comment", run.err, run)
                    else:
                        self.check_silent(run, texts)

    def test_a_name_where_a_uid_belongs_is_for_who_asks(self):
        for with_phi in (False, True):
            for level in LEVELS[1:]:
                words = ["--log-level", level, "-v", *(["--phi"] if with_phi else [])]
                texts, log, their_log = {}, self.new_path(), self.new_path()
                with support.Listener("--log", log, *words, title="BIRDS") as listener:
                    self.assertEqual(store_named(listener.port), (2, 4, 6))
                    listener.stop()
                    texts["listen"] = listener.stderr()
                    with open(listener.out, encoding="utf-8") as file:
                        texts["records"] = file.read()
                with ScuArchive(self.new_path(), "--log", their_log, *words, title="BIRDS") as archive:
                    self.assertEqual(store_named(archive.port), (2, 4, 6))
                    archive.stop()
                    texts["archive"] = archive.said()
                for path in (log, their_log):
                    with open(path, encoding="utf-8") as file:
                        texts[path] = file.read()
                with self.subTest("%s, --phi %s" % (level, with_phi)):
                    self.assertRegex(texts["records"], '"event":"instance"')
                    if not with_phi:
                        self.check_silent("", texts)
                        self.assertIn('"sop_instance_uid":"(masked)"', texts["records"])
                    elif level == "dump":
                        for where in ("records", log, their_log):
                            self.assertIn(UID_CANARY.decode(), texts[where])

    def test_a_name_where_a_peer_answers_with_a_uid(self):
        def answers(field, *_):
            if name == "get" and field == flooder.FIND:
                return [(0xFF00, NAMED_MATCH, ()), (0, None, ())]
            return [(0xA700, None, [(0x1000, UID_CANARY)])]

        commands = {"echo": [], "find": ["PatientID=1"], "store": self.files[:1] + ["--retries", "0"],
                    "get": ["StudyInstanceUID=" + STUDY, "--with", "get", "-o", self.new_path()]}
        for with_phi in (False, True):
            for name, words in commands.items():
                peer, log = clitest.Peer(answers=answers), self.new_path()
                try:
                    run = scu(name, peer.name, *words, "--json", "-v", *WAITS, "--log", log, "--log-level", "dump",
                              *(["--phi"] if with_phi else []), seconds=30)
                finally:
                    peer.close()
                with self.subTest("%s, --phi %s" % (name, with_phi)):
                    self.assertNotEqual(run.code, 0, run)
                    texts = self.said(run, log)
                    if with_phi:
                        self.assertIn(UID_CANARY.decode(), texts[log])
                        if name == "get":
                            self.assertIn(UID_CANARY.decode(), texts["stdout"])
                    else:
                        self.check_silent(run, texts)

    def test_usage_errors_repeat_no_values(self):
        for words in (["find", "P@h", "PatientBirthDate=canary"], ["find", "P@h", "CANARY^NAME"],
                      ["find", "P@h", "-k", "PatientBirthDate=canary"], ["find", "P@h", "PatientID=canary", "--level", "x"],
                      ["find", "P@h", "PatientID=canary", "StudyDate=canary"],
                      ["store", "P@h", self.files[0], "--set", "PatientBirthDate=canary"],
                      ["store", "P@h", self.files[0], "--set", "PatientName=CANARY^" + "x" * 70],
                      ["store", "P@h", self.files[0], "--set", "PatientSex=canary sex"],
                      ["get", "P@h", "PatientID=canary", "-o", "d", "--level", "image"],
                      ["move", "P@h", "StudyDate=canary", "--to", "X"]):
            for level in ([], ["--json"], ["-d"]):
                log = self.new_path()
                run = scu(*words, *level, "--log", log)
                with self.subTest("%s" % run):
                    self.assertNotEqual(run.code, 0)
                    self.check_silent(run, self.said(run, *([log] if os.path.exists(log) else [])))


if __name__ == "__main__":
    unittest.main()
