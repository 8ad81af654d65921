"""The pages for users: every snippet of docs/leadtools.md is compiled, and run where it says so; every recipe of
docs/cookbook.md as it is typed; the conformance statement is held against the programs."""

import concurrent.futures
import os
import re
import socket
import struct
import subprocess
import unittest

import support  # first: it knows where the others are
import make_samples
import page
import peers
import scu_archive

LEADTOOLS = "docs/leadtools.md"
COOKBOOK = "docs/cookbook.md"
STATEMENT = "docs/conformance.md"
REFERENCE = os.path.join(support.SHARED, "mission", "REFERENCE.md")
PAGES = (LEADTOOLS, COOKBOOK, STATEMENT)
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

    @unittest.skipUnless(os.path.exists(REFERENCE), "no " + REFERENCE)
    def test_each_name_of_the_inventory_is_there(self):
        with open(REFERENCE, encoding="utf-8") as file:
            text = file.read()
        inventory = text[text.index("### 1.1 "):text.index("## 2. ")]
        names = set(re.findall(r"\b[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+\b", inventory)) - {"OpenSSL", "PresentationContexts"}
        self.assertGreater(len(names), 150)
        with open(os.path.join(support.ROOT, LEADTOOLS), encoding="utf-8") as file:
            said = file.read()
        self.assertEqual(sorted(name for name in names if not re.search(r"\b%s\b" % name, said)), [])


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


# ---- the conformance statement ----


def table(name, kind="table"):
    """The rows of a marked table of the statement, each a list of cells."""
    with open(os.path.join(support.ROOT, STATEMENT), encoding="utf-8") as file:
        lines = re.search(r"(?s)<!-- %s %s -->\n(.*?)<!-- end -->" % (kind, name), file.read()).group(1).splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def statuses(name):
    """[(status, the cells beside it)], with one or two codes for each range."""
    ranges = {"A7xx": ["A700", "A7FE"], "A9xx": ["A900", "A912"], "Bxxx": ["B00A", "BFFF"], "Cxxx": ["C000", "C123"],
              "any other": ["0210", "FFFF"]}
    return [(code, cells) for words, *cells in table(name, "statuses")
            for word in words.split(", ") for code in ranges.get(word, [word])]


def item(kind, content):
    return struct.pack(">BBH", kind, 0, len(content)) + content


def items(content):
    """[(type, content)] of a list of items or sub-items."""
    found = []
    while content:
        length = int.from_bytes(content[2:4], "big")
        found.append((content[0], content[4:4 + length]))
        content = content[4 + length:]
    return found


class Association:
    """What an A-ASSOCIATE-RQ or -AC says: contexts {id: (abstract syntax, result, [transfer syntaxes])}, user {type: [contents]}."""

    def __init__(self, body):
        self.titles = (body[4:20].decode().strip(), body[20:36].decode().strip())
        self.contexts, self.user, self.application = {}, {}, None
        for kind, content in items(body[68:]):
            if kind == 0x10:
                self.application = content.decode()
            elif kind in (0x20, 0x21):
                subs = [(sub, text.decode()) for sub, text in items(content[4:])]
                self.contexts[content[0]] = (next((text for sub, text in subs if sub == 0x30), ""), content[2],
                                             [text for sub, text in subs if sub == 0x40])
            elif kind == 0x50:
                for sub, text in items(content):
                    self.user.setdefault(sub, []).append(text)

    @property
    def max_length(self):
        return int.from_bytes(self.user[0x51][0], "big")


def receive(connection):
    """(type, body) of the next PDU."""
    def take(length):
        taken = b""
        while len(taken) < length:
            piece = connection.recv(length - len(taken))
            if not piece:
                raise AssertionError("the connection was closed")
            taken += piece
        return taken
    header = take(6)
    return header[0], take(int.from_bytes(header[2:], "big"))


def ask(port, contexts, called=b"ANY", more=b""):
    """(type, body) of the answer to a request with these contexts, (abstract syntax, [transfer syntaxes]) each."""
    proposed = b"".join(item(0x20, struct.pack(">BBBB", 2 * number + 1, 0, 0, 0) + item(0x30, abstract.encode()) +
                             b"".join(item(0x40, syntax.encode()) for syntax in syntaxes))
                        for number, (abstract, syntaxes) in enumerate(contexts))
    user = item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3") + more)
    body = b"\0\1\0\0" + called.ljust(16) + b"WIRE".ljust(16) + bytes(32) + item(0x10, b"1.2.840.10008.3.1.1.1") + proposed + user
    with socket.create_connection((peers.HOST, port), timeout=20) as connection:
        connection.sendall(struct.pack(">BBI", 1, 0, len(body)) + body)
        answer = receive(connection)
        connection.sendall(struct.pack(">BBIBBBB", 7, 0, 4, 0, 0, 0, 0))  # A-ABORT
    return answer


class Statement(unittest.TestCase):
    """The conformance statement, held against the programs."""

    @classmethod
    def setUpClass(cls):
        cls.archive = scu_archive.Peer("--accept-from", "WIRE")
        cls.addClassCleanup(cls.archive.stop)
        cls.listener = support.Listener("--accept-from", "WIRE,ELSE")
        cls.addClassCleanup(cls.listener.remove)
        cls.storage = [uid for _, uid in table("storage-classes")]
        cls.others = [uid for _, uid in table("archive-classes")]

    def answer(self, port, contexts, **keywords):
        kind, body = ask(port, contexts, **keywords)
        self.assertEqual(kind, 2, body)
        return Association(body)

    def results(self, port, classes, syntaxes):
        """{class: (result, transfer syntax)}"""
        found = {}
        for start in range(0, len(classes), 100):
            part = classes[start:start + 100]
            contexts = self.answer(port, [(uid, syntaxes) for uid in part]).contexts
            for number, uid in enumerate(part):
                found[uid] = contexts[2 * number + 1][1:]
        return found

    def test_archive_and_listener_take_every_class_of_the_annex_and_what_may_be_one(self):
        private = ["1.2.3.4.5", "2.25.1"]
        for port in (self.archive.port, self.listener.port):
            for uid, (result, _) in self.results(port, self.storage + private, ["1.2.3.99"]).items():
                self.assertEqual(result, 0, uid)  # in a private transfer syntax, too

    def test_the_archive_takes_the_other_classes_of_its_table_in_native_syntaxes_and_the_listener_none(self):
        native = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"]
        self.assertEqual(len(self.others), 14)
        for syntax in native:
            for uid, answer in self.results(self.archive.port, self.others, [syntax]).items():
                self.assertEqual(answer, (0, [syntax]), uid)
        for uid, (result, _) in self.results(self.archive.port, self.others, ["1.2.840.10008.1.2.4.50"]).items():
            self.assertEqual(result, 4, uid)  # PS3.8 Table 9-18: transfer syntaxes not supported
        for uid, (result, _) in self.results(self.listener.port, self.others, native).items():
            self.assertEqual(result, 0 if uid == "1.2.840.10008.1.1" else 3, uid)
        for uid, (result, _) in self.results(self.archive.port, ["1.2.840.10008.5.1.4.34.6.1", "1.2.840.10008.5.1.1.9"],
                                             native).items():
            self.assertEqual(result, 3, uid)  # UPS Push and print

    def test_what_acceptors_say_of_themselves_and_choose(self):
        order = ["1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]
        window = item(0x53, struct.pack(">HH", 0, 0))
        for port in (self.archive.port, self.listener.port):
            contexts = [("1.2.840.10008.5.1.4.1.1.2", order[:most]) for most in (1, 2, 3, 4)]
            said = self.answer(port, contexts, called=b"WHOEVER", more=window)
            self.assertEqual([said.contexts[2 * i + 1][2] for i in range(4)], [[uid] for uid in order])
            self.check_identity(said)
            self.assertEqual(said.user[0x53], [struct.pack(">HH", 64, 64)])

    def check_identity(self, said):
        self.assertEqual(said.application, "1.2.840.10008.3.1.1.1")
        self.assertEqual(said.max_length, 131072)
        self.assertEqual(said.user[0x52], [b"2.25.190466208493137862270838205104918724513"])
        self.assertEqual(said.user[0x55], [b"LIBSCU_010"])
        with open(os.path.join(support.ROOT, STATEMENT), encoding="utf-8") as file:
            text = file.read()
        for value in ("131,072", "2.25.190466208493137862270838205104918724513", "LIBSCU_010", "1.2.840.10008.3.1.1.1"):
            self.assertTrue(value in text, value)

    def test_extended_negotiation_and_roles_of_the_archive(self):
        def extended(uid, options):
            return item(0x56, struct.pack(">H", len(uid)) + uid.encode() + options)

        def role(uid):
            return item(0x54, struct.pack(">H", len(uid)) + uid.encode() + b"\1\1")

        find, move, worklist = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.5.1.4.31"
        storage = "1.2.840.10008.5.1.4.1.1.2"
        more = extended(find, b"\1" * 7) + extended(move, b"\1" * 2) + extended(worklist, b"\1" * 4) + role(find) + role(storage)
        said = self.answer(self.archive.port, [(uid, ["1.2.840.10008.1.2"]) for uid in (find, move, worklist, storage)], more=more)
        agreed = {uid: text[2 + len(uid):] for text in said.user[0x56] for uid in (find, move, worklist)
                  if text[2:].startswith(uid.encode()) and text[1] == len(uid)}
        self.assertEqual(agreed, {find: b"\1\1\1\1\0\1\1", move: b"\1\0", worklist: b"\1\1\1\0"})
        roles = {text[2:-2].decode(): text[-2:] for text in said.user[0x54]}
        self.assertEqual(roles, {find: b"\1\0", storage: b"\1\1"})

    def test_who_is_not_on_the_list_is_rejected(self):
        run = support.scu("echo", self.archive.address, "--aet", "STRANGER", "--json")
        self.assertEqual(run.code, 6, run)
        self.assertRegex(run.out + run.err, "1/1/3|calling")

    def proposals(self, *arguments, code=6):
        """What `scu` asks for, of a peer that hears it and rejects it."""
        with socket.create_server((peers.HOST, 0)) as server:
            server.settimeout(20)
            address = "ANY@%s:%d" % server.getsockname()
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                run = pool.submit(support.scu, arguments[0], address, *arguments[1:])
                connection, _ = server.accept()
                with connection:
                    kind, body = receive(connection)
                    connection.sendall(struct.pack(">BBIBBBB", 3, 0, 4, 0, 1, 1, 1))
                    self.assertEqual(run.result(30).code, code, run.result())
        self.assertEqual(kind, 1)
        return Association(body)

    def test_what_the_requester_proposes(self):
        native = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
        for uid, arguments in {
                "1.2.840.10008.1.1": ("echo",),
                "1.2.840.10008.5.1.4.1.2.2.1": ("find", "PatientID=1"),
                "1.2.840.10008.5.1.4.1.2.1.1": ("find", "PatientID=1", "--model", "patient"),
                "1.2.840.10008.5.1.4.1.2.3.1": ("find", "PatientID=1", "--model", "psonly"),
                "1.2.840.10008.5.1.4.31": ("find", "PatientID=1", "--model", "worklist"),
                "1.2.840.10008.5.1.4.1.2.2.2": ("move", "StudyInstanceUID=1.2", "--to", "ANY", "--raw-identifier")}.items():
            with self.subTest(uid=uid):
                said = self.proposals(*arguments)
                self.assertEqual(said.contexts, {1: (uid, 0, native)})
                self.check_identity(said)
                self.assertEqual(set(said.user), {0x51, 0x52, 0x55})  # no window, roles, identity, extended negotiation

    def test_what_a_get_proposes(self):
        said = self.proposals("get", "StudyInstanceUID=1.2", "--raw-identifier", "--with", "get", "-o", self.listener.received)
        self.assertEqual(said.contexts[1], ("1.2.840.10008.5.1.4.1.2.2.3", 0, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]))
        self.assertEqual({uid for uid, _, _ in list(said.contexts.values())[1:]} - set(self.storage), set())
        self.assertEqual(len(said.contexts), 128)
        self.assertEqual({text[-2:] for text in said.user[0x54]}, {b"\0\1"})

    def test_what_a_store_proposes(self):
        samples = make_samples.write_samples(os.path.join(self.listener.folder, "samples"), {"ct-1.dcm"})
        said = self.proposals("store", samples[0], "--async-window", "4")
        self.assertEqual(said.contexts, {1: ("1.2.840.10008.5.1.4.1.1.2", 0, ["1.2.840.10008.1.2.1"]),
                                         3: ("1.2.840.10008.5.1.4.1.1.2", 0, ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"])})
        self.assertEqual(said.user[0x53], [struct.pack(">HH", 4, 1)])

    def answered_with(self, service, status, command, *arguments):
        """The run of `scu` against an archive that answers every request of the service with this status."""
        with scu_archive.Peer("--fault", "%s:status=%s" % (service, status)) as peer:
            return support.scu(command, peer.address, *arguments, "--json")

    def test_what_a_store_makes_of_each_status(self):
        samples = make_samples.write_samples(os.path.join(self.listener.folder, "samples"), {"ct-1.dcm"})
        rows = statuses("store")
        self.assertGreater(len(rows), 15)
        for status, (told_as, _) in rows:
            with self.subTest(status=status):
                run = self.answered_with("store", status, "store", samples[0], "--retries", "0")
                self.assertEqual([event["outcome"] for event in run.of("instance")], [told_as], run)

    def test_what_is_sent_again(self):
        samples = make_samples.write_samples(os.path.join(self.listener.folder, "samples"), {"ct-1.dcm"})
        for status, outcome in (("A700", "ok"), ("A900", "failed"), ("C000", "failed"), ("0122", "failed")):
            run = self.answered_with("store", status + "@1", "store", samples[0], "--retry-wait", "0.01")
            self.assertEqual([event["outcome"] for event in run.of("instance")], [outcome], run)

    def test_what_a_find_makes_of_each_status(self):
        for status, (code, _) in statuses("find"):
            with self.subTest(status=status):
                run = self.answered_with("find", status, "find", "PatientID=1")
                self.assertEqual(run.code, int(code), run)

    def test_what_retrieves_make_of_each_status(self):
        folder = os.path.join(self.listener.folder, "nothing")
        what = ("StudyInstanceUID=1.2.3", "--raw-identifier")
        for status, (move, get, _) in statuses("retrieve"):
            with self.subTest(status=status):
                run = self.answered_with("move", status, "move", *what, "--to", "SCU")
                self.assertEqual(run.code, int(move), run)
                run = self.answered_with("get", status, "get", *what, "--with", "get", "-o", folder)
                self.assertEqual(run.code, int(get), run)


class Pages(unittest.TestCase):
    """What pages name is there."""

    def texts(self):
        for name in PAGES:
            with open(os.path.join(support.ROOT, name), encoding="utf-8") as file:
                yield name, file.read()

    def test_names_of_the_library_are_those_of_its_headers(self):
        folder = os.path.join(support.ROOT, "include", "scu")
        known = set()
        for header in os.listdir(folder):
            with open(os.path.join(folder, header), encoding="utf-8") as file:
                known |= set(re.findall(r"\b(?:scu|SCU)_\w+", file.read()))
        for name, text in self.texts():
            used = set(re.findall(r"\b(?:scu|SCU)_\w+", text))
            self.assertEqual(used - known, set(), name)
            self.assertGreater(len(used), 3, name)

    def test_flags_are_those_of_the_command(self):
        commands = ("echo", "store", "commit", "find", "move", "get", "listen", "archive")
        help_texts = "".join(support.scu("help", command, *more).out for command in commands for more in ((), ("--full",)))
        known = set(re.findall(r"--[a-z][-a-z]+", help_texts))
        for name, text in self.texts():
            text = re.sub(r"<!--.*?-->|pkg-config[^)]*|make-conformance --check", "", text)
            self.assertEqual(set(re.findall(r"(?<![-\w])--[a-z][-a-z]+", text)) - known, set(), name)


if __name__ == "__main__":
    unittest.main()
