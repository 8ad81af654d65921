"""DCMTK's command lines, each run with the real tool and with ours under its name, against the same peer: the same exit
code, the same requests on the wire, the same files, and the lines that scripts look for."""

import collections
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers
import scu_archive

BUILD = os.path.dirname(os.path.abspath(support.SCU))
SECONDS = 30
TOOLS = ("echoscu", "storescu", "findscu", "movescu", "getscu")

CT_STUDY, MR_STUDY = make_samples.uid("ct study"), make_samples.uid("mr study")
BOTH_STUDIES = CT_STUDY + "\\" + MR_STUDY
STUDY = ["-k", "0008,0052=STUDY", "-k", "StudyInstanceUID=" + CT_STUDY]
NOBODY = ["-k", "0008,0052=STUDY", "-k", "StudyInstanceUID=1.2.3"]

# (peer, tool, words before peer and port, files behind). {out} is an empty folder, {port} where movescu is called back.
Line = collections.namedtuple("Line", "peer tool words files")


def line(peer, words, *files):
    tool, *rest = words if isinstance(words, list) else words.split()
    return Line(peer, tool, rest, files)


LINES = [
    line("storescp", "echoscu"),
    line("storescp", "echoscu -v"),
    line("storescp", "echoscu -v -aet ME -aec STORESCP -to 5 -ta 5 -td 5 -pdu 32768"),
    line("storescp", "echoscu -v --repeat 3 --abort"),
    line("storescp", "echoscu -v -ppc 2 -pts 5"),
    line("storescp", "echoscu -q -aet A_TITLE_THAT_IS_TOO_LONG"),
    line("dcmqrscp", "echoscu -v -aec WRONG"),
    line("nobody", "echoscu"),
    line("storescp", "echoscu --nonsense"),
    line("storescp", "echoscu -pdu 17"),

    line("storescp", "storescu", "ct-1.dcm"),
    line("storescp", "storescu -v -R", "ct-1.dcm", "ct-2.dcm"),
    line("storescp", "storescu -v -aet ME -aec STORESCP", "ct-1.dcm", "mr-implicit.dcm", "us-cine.dcm"),
    line("storescp", "storescu -v -R +C -xe", "ct-1.dcm", "mr-implicit.dcm"),
    line("storescp", "storescu -v -R -xi", "ct-1.dcm"),
    line("storescp", "storescu -v -R -xb", "sc-big-endian.dcm"),
    line("storescp+xr", "storescu -v -R -xr", "rle.dcm"),
    line("storescp", "storescu -v +sd +r +sp mr*", "."),
    line("storescp", "storescu -v -R --repeat 2", "ct-1.dcm"),
    line("storescp", "storescu -v -R --abort", "ct-1.dcm"),
    line("storescp", "storescu -R -nh", "ct-1.dcm", "not-dicom.txt", "ct-2.dcm"),
    line("storescp", "storescu -R", "not-dicom.txt", "ct-1.dcm"),
    line("storescp", "storescu", "nowhere.dcm"),
    line("storescp", "storescu -v -R -nh", "nowhere.dcm", "ct-1.dcm"),
    line("storescp", "storescu", "."),
    line("storescp", "storescu -R", "rle.dcm"),
    line("refusing", "storescu -v -R", "ct-1.dcm", "ct-2.dcm"),
    line("refusing", "storescu -v -R -nh", "ct-1.dcm", "ct-2.dcm"),

    line("dcmqrscp", ["findscu", "-S", *STUDY, "-k", "PatientID", "-k", "StudyDate="]),
    line("dcmqrscp", ["findscu", "-v", "-S", *STUDY, "-k", "0008,0020", "-k", "(0008,0061)"]),
    line("dcmqrscp", ["findscu", "-v", "-P", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=SCU-JP-1"]),
    line("dcmqrscp", ["findscu", "-X", "-od", "{out}", "-S", "-k", "0008,0052=STUDY",
                      "-k", "StudyInstanceUID=" + BOTH_STUDIES, "-k", "PatientID"]),
    line("slow", ["findscu", "-v", "-S", "--cancel", "1", "-k", "0008,0052=STUDY", "-k", "StudyInstanceUID"]),
    line("dcmqrscp", ["findscu", "-v", "-S", "-xi", "--repeat", "2", *NOBODY]),
    line("dcmqrscp", ["findscu", "-k", "PatientID=1"]),
    line("archive", ["findscu", "-v", "-W", "-k", "ScheduledProcedureStepSequence[0].Modality=CT", "-k", "PatientID=DEMO-1",
                     "-k", "(0040,0100)[0].ScheduledProcedureStepStartDate"]),
    line("archive", ["findscu", "-X", "-od", "{out}", "-Xlo", "2", "-k", "ScheduledProcedureStepSequence[0].Modality",
                     "-k", "PatientID"]),
    line("dcmqrscp", ["findscu", "-v", "-S", "-k", "PatientID"], "query.dcm"),
    line("dcmqrscp", "findscu -S"),

    line("dcmqrscp", ["movescu", "-v", "-S", "+P", "{port}", "-od", "{out}", *STUDY]),
    line("dcmqrscp", ["movescu", "-S", "-aet", "OTHER", "-aem", "MOVESCU", "+P", "{port}", "-od", "{out}",
                      "-k", "0008,0052=STUDY", "-k", "StudyInstanceUID=" + BOTH_STUDIES]),
    line("dcmqrscp", ["movescu", "-v", "-S", "-aem", "NOWHERE", *STUDY]),
    line("dcmqrscp", ["movescu", "-v", "-aem", "NOWHERE", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=SCU-JP-1"]),
    line("dcmqrscp", ["movescu", "-v", "-S", "-aet", "STRANGER"], "query.dcm"),
    line("dcmqrscp", ["movescu", "-v", "-P", "-aec", "WRONG", *STUDY]),
    line("dcmqrscp", ["movescu", "-v", "-S", "+P", "{port}", "-od", "{out}/nowhere", *STUDY]),

    line("dcmqrscp", ["getscu", "-v", "-S", "-od", "{out}", *STUDY]),
    line("dcmqrscp", ["getscu", "-S", "+B", "-od", "{out}", *STUDY]),
    line("dcmqrscp", ["getscu", "-v", "-S", "--abort", *NOBODY]),
    line("dcmqrscp", ["getscu", "-v", "-od", "{out}", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=SCU-JP-1"]),
    line("dcmqrscp", ["getscu", "-v", "-S", "--ignore", "+xr", *STUDY]),
    line("dcmqrscp", ["getscu", "-P", "-aec", "WRONG", *STUDY]),
    line("storescp", ["getscu", "-S", *STUDY]),
]

# What scripts look for. Names are shown in UTF-8 by ours, as they came by theirs.
TOLD = re.compile(r"^(XMIT: |RECV: |[IWEFD]: (Requesting|Association (Accepted|Rejected)|Result: |Reason: |Releasing|Aborting|"
                  r"Sending|Received|Find Response|No |Move response|DIMSE status|Final status|  Number of|"
                  r"Could not negotiate association: DUL|Request Identifiers|# Dicom-Data-Set|# Used|-----|"
                  r"\([0-9a-f]{4},[0-9a-f]{4}\)|  *\([0-9a-f]{4},[0-9a-f]{4}\)|no input|ignoring|cannot access))")


def told(run):
    """Their lines of a sub-association, and of store requests on it, have no like in ours."""
    lines = []
    for said in (run.out + run.err).splitlines():
        if TOLD.match(said) and not said.startswith("I: Received Store Request"):
            said = re.sub(r"(PN \[).*", r"\1", said)
            said = re.sub(r"[ \0]\]  ", "]   ", said)  # what was encoded before is shown padded
            said = said.replace("file: ./", "file: ").replace("TransferSyntax: Little Endian Implicit",
                                                             "TransferSyntax: Little Endian Explicit")
            said = re.sub(r"\((Sequence|Item|SequenceDelimitationItem|ItemDelimitationItem).*", r"\1", said)
            lines.append(said)
    return lines


def items(body, at, end, wide=False):
    while at + 4 <= end:
        length = int.from_bytes(body[at + 2:at + 4], "big")
        yield body[at], body[at + 4:at + 4 + length]
        at += 4 + length


def text(value):
    return value.rstrip(b" \0").decode("ascii")


def request_of(body):
    """What an A-ASSOCIATE-RQ says, but for who implemented it."""
    said = {"called": text(body[4:20]), "calling": text(body[20:36]), "contexts": [], "roles": []}
    for kind, value in items(body, 68, len(body)):
        if kind == 0x20:
            inner = list(items(value, 4, len(value)))
            said["contexts"].append((value[0], text(inner[0][1]), [text(syntax) for _, syntax in inner[1:]]))
        elif kind == 0x50:
            for sub, content in items(value, 0, len(value)):
                if sub == 0x51:
                    said["pdu"] = int.from_bytes(content, "big")
                elif sub == 0x54:
                    said["roles"].append(content)
                elif sub not in (0x52, 0x55):
                    said.setdefault("others", []).append((sub, content))
    return said


def command_of(bytes_):
    """{tag: value} of a command set, without its length."""
    found, at = {}, 0
    while at + 8 <= len(bytes_):
        tag = int.from_bytes(bytes_[at:at + 2], "little") << 16 | int.from_bytes(bytes_[at + 2:at + 4], "little")
        length = int.from_bytes(bytes_[at + 4:at + 8], "little")
        value = bytes_[at + 8:at + 8 + length].rstrip(b" \0") if length > 2 else bytes_[at + 8:at + 8 + length]
        found[tag] = value
        at += 8 + length
    found.pop(0, None)
    # "No data set" is 0101; any other value says that there is one (PS3.7 E.1).
    found[0x00000800] = found.get(0x00000800) == b"\x01\x01"
    return found


def conversation(stream):
    """(request, [messages], how it ended) of what a tool sent: commands, and the data sets of C-FIND, C-MOVE, C-GET."""
    request, messages, end, parts = None, [], "closed", {1: b"", 0: b""}
    for kind, body in peers.pdus(stream):
        if kind == 1:
            request = request_of(body)
        elif kind in (5, 7):
            end = "released" if kind == 5 else "aborted"
        at = 0
        while kind == 4 and at + 6 <= len(body):
            length, context, header = int.from_bytes(body[at:at + 4], "big"), body[at + 4], body[at + 5]
            parts[header & 1] += body[at + 6:at + 4 + length]
            at += 4 + length
            if header & 2:
                whole, parts[header & 1] = parts[header & 1], b""
                if header & 1:
                    messages.append([context, command_of(whole)])
                elif messages[-1][1][0x00000100] not in (b"\x01\x00",):
                    messages[-1].append(whole)
    # Without a context to talk on theirs just goes away.
    return request, messages, end if messages else "without a word"


def elements_of(path):
    """What is in the file, without padding; nested as it is."""
    def plain(elements):
        return [(element.tag, element.vr, element.value.rstrip(b" \0") if isinstance(element.value, bytes) else
                 [plain(item) for item in element.value]) for element in elements]
    return plain(dicomfile.read(path, support.DICTIONARY).elements)


Outcome = collections.namedtuple("Outcome", "code out err sent files")


class Habits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-habits-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = os.path.join(cls.folder, "samples")
        make_samples.write_samples(cls.samples)
        with open(os.path.join(cls.samples, "not-dicom.txt"), "w", encoding="ascii") as file:
            file.write("This is no DICOM file, and is long enough to be looked at as one. " * 4)
        with open(os.path.join(cls.folder, "query.txt"), "w", encoding="ascii") as file:
            file.write("(0008,0052) CS [STUDY]\n(0020,000d) UI [%s]\n" % CT_STUDY)
        support.run_tool("dump2dcm", os.path.join(cls.folder, "query.txt"), os.path.join(cls.samples, "query.dcm"))
        cls.port = peers.free_port()
        cls.peers = {"storescp": cls.start(peers.StoreScp), "storescp+xr": cls.start(peers.StoreScp, "+xr"),
                     "dcmqrscp": cls.start(peers.DcmQrScp, our_title="MOVESCU", our_port=cls.port)}
        for name, options in (("archive", ["--demo"]), ("refusing", ["--fault", "store:status=A700"]),
                              ("slow", ["--demo", "--fault", "find-final:delay=500"])):
            cls.peers[name] = cls.start(scu_archive.Peer, *options)
        native = [os.path.join(cls.samples, name) for name in ("ct-1.dcm", "ct-2.dcm", "ct-3.dcm", "mr-implicit.dcm")]
        support.run_tool("storescu", "-R", "-aec", "DCMQRSCP", peers.HOST, cls.peers["dcmqrscp"].port, *native)

    @classmethod
    def start(cls, kind, *options, **keywords):
        peer = kind(*options, **keywords)
        cls.addClassCleanup(peer.stop)
        return peer

    def run_line(self, program, one):
        """One command line through a recording proxy; what the peer's storescp got is taken away from it."""
        peer = self.peers.get(one.peer)
        recorder = peers.Recorder(peer.port) if peer else None
        out = tempfile.mkdtemp(dir=self.folder)
        words = [word.format(out=out, port=self.port) for word in one.words]
        if peer and "-aec" not in words and not isinstance(peer, peers.StoreScp):
            words = ["-aec", peer.title, *words]
        command = [program, *words, peers.HOST, str(recorder.port if recorder else self.closed_port()), *one.files]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS,
                             env=dict(support.ENVIRONMENT, TCP_NODELAY="1"), cwd=self.samples)
        sent = []
        if recorder:
            recorder.stop()
            sent = [conversation(bytes(stream)) for stream in recorder.sent]
        files = support.files_under(out)
        if isinstance(peer, peers.StoreScp):
            files += [shutil.move(path, out) for path in peer.files()]
        return Outcome(run.returncode, run.stdout.decode("utf-8", "replace"), run.stderr.decode("utf-8", "replace"), sent,
                       {os.path.relpath(path, out): path for path in files})

    def closed_port(self):
        return peers.free_port()

    def compare(self, one):
        theirs = self.run_line(peers.find(one.tool), one)
        ours = self.run_line(os.path.join(BUILD, "dcmtk", one.tool), one)
        both = "%s\ntheirs: %s\n%s\nours: %s\n%s" % (" ".join([one.tool, *one.words, *one.files]), theirs.code,
                                                     theirs.out + theirs.err, ours.code, ours.out + ours.err)
        self.assertEqual(ours.code, theirs.code, both)
        self.assertEqual(ours.sent, theirs.sent, both)
        self.assertEqual(told(ours), told(theirs), both)
        self.assertEqual(sorted(ours.files), sorted(theirs.files), both)
        for name, path in ours.files.items():
            if "{out}" in one.words:
                self.assertEqual(os.stat(path).st_mode & 0o007, 0, name)
            if name.startswith("rsp"):  # the file meta names an instance that was made up
                self.assertEqual(elements_of(path), elements_of(theirs.files[name]), both)
            else:
                self.assertEqual(support.differences(path, theirs.files[name]), [], both)
        return ours

    def test_the_command_lines_do_the_same(self):
        self.assertGreaterEqual(len(LINES), 40)
        self.assertEqual({one.tool for one in LINES}, set(TOOLS))
        for one in LINES:
            with self.subTest(line=" ".join([one.tool, *one.words, *one.files])):
                self.compare(one)
        support.note("habits: %d command lines of DCMTK, the same with ours" % len(LINES))


def our(tool, *words, folder=None):
    return subprocess.run([os.path.join(BUILD, "dcmtk", tool), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=SECONDS, env=support.ENVIRONMENT, cwd=folder, text=True)


def options_of(help_text):
    """{long: (short or None, number of arguments)} of a help page, DCMTK's or ours."""
    found = {}
    for short, full, rest in re.findall(r"(?m)^ +([-+]\S+)? +(--\S+) *(.*)$", help_text):
        found[full] = (short or None, min(2, rest.count("]") or rest.startswith("... ")))
    return found


class Options(unittest.TestCase):
    """What needs no peer: every option of theirs is known here, and none is ignored in silence."""

    def test_every_option_of_theirs_is_in_our_table(self):
        for tool in TOOLS:
            theirs = options_of(support.run_tool(tool, "--help").stdout.decode())
            ours = options_of(our(tool, "--help").stdout)
            self.assertGreater(len(theirs), 30, tool)
            self.assertEqual({name: option[0] for name, option in theirs.items()},
                             {name: option[0] for name, option in ours.items()}, tool)

    def test_what_would_mean_something_else_is_refused(self):
        for tool, *words in (("echoscu", "+tls", "key", "cert"), ("storescu", "-xf", "file", "profile"), ("findscu", "-Xx"),
                             ("findscu", "-Xs", "file"), ("movescu", "-F"), ("movescu", "+te"), ("storescu", "+IP", "3")):
            run = our(tool, *words, peers.HOST, "1", "file")
            self.assertEqual(run.returncode, 1, run)
            self.assertRegex(run.stderr, r"(?m)^error: option --\S+ is not available: \S")
            self.assertEqual(run.stdout, "")

    def test_what_makes_no_difference_is_said(self):
        run = our("storescu", "-lc", "file", "-up", peers.HOST, "1", "/nowhere")
        self.assertEqual(run.returncode, 1, run)
        self.assertIn("W: option --log-config has no effect: ", run.stderr)
        self.assertIn("W: option --uid-padding has no effect: ", run.stderr)
        self.assertNotIn("W: ", our("storescu", "-q", "-up", peers.HOST, "1", "/nowhere").stderr)

    def test_a_command_line_that_is_wrong_is_told_as_theirs_is(self):
        for words in (["findscu"], ["findscu", "-k"], ["findscu", "host"], ["findscu", "host", "port"], ["findscu", "host", "1"],
                      ["findscu", "-td", "x", "host", "1"], ["echoscu", "host", "1", "2"], ["storescu", "host", "1"],
                      ["getscu", "--ignore", "-od", ".", "-k", "1", "host", "1"], ["storescu", "+sp", "x", "host", "1", "f"],
                      ["storescu", "-pwd", "x", "host", "1", "f"], ["findscu", "host", "1", "/nowhere"],
                      ["findscu", "-X", "-od", "/nowhere", "-k", "PatientID", "host", "1"]):
            theirs = support.run_tool(*words, check=False)
            ours = our(*words)
            self.assertEqual(ours.returncode, theirs.returncode, (words, theirs.stdout, ours))

    def test_a_key_that_is_none_is_a_failure_and_its_value_is_not_said(self):
        run = our("findscu", "-k", "Bogus=Doe^John", peers.HOST, "1")
        self.assertEqual(run.returncode, 1, run)
        self.assertIn("E: Bad override key/path: Bogus", run.stderr)
        self.assertNotIn("Doe", run.stderr)

    def test_files_that_are_sent_are_renamed_when_asked_to(self):
        with tempfile.TemporaryDirectory(prefix="scu-rename-") as folder, peers.StoreScp() as peer:
            make_samples.write_samples(folder, {"ct-1.dcm"})
            with open(os.path.join(folder, "other.txt"), "w", encoding="ascii") as file:
                file.write("no DICOM file at all " * 20)
            run = our("storescu", "+rn", "-nh", "-R", peers.HOST, str(peer.port), "other.txt", "ct-1.dcm", folder=folder)
            self.assertEqual(run.returncode, 0, run)
            self.assertEqual(sorted(os.listdir(folder)), ["ct-1.dcm.done", "other.txt.bad"])

    def test_an_invented_instance_goes_out_under_its_new_uid(self):
        with tempfile.TemporaryDirectory(prefix="scu-invent-") as folder, peers.StoreScp() as peer:
            (path,) = make_samples.write_samples(folder, {"ct-1.dcm"})
            run = our("storescu", "+II", "-R", peers.HOST, str(peer.port), path)
            self.assertEqual(run.returncode, 0, run)
            (sent,) = support.by_instance(peer.files())
            self.assertNotIn(sent, support.by_instance([path]))

    def test_ctrl_c_ends_each_of_them(self):
        keys = ["-S", "-k", "0008,0052=STUDY", "-k", "StudyInstanceUID"]
        for tool, *words in (("echoscu",), ("findscu", *keys), ("movescu", *keys), ("getscu", *keys),
                             ("storescu", make_samples_file(self))):
            with scu_archive.Peer("--fault", "request:silence") as peer:
                log = tempfile.TemporaryFile()
                self.addCleanup(log.close)
                options, files = (words, []) if tool != "storescu" else (["-R"], words)
                process = subprocess.Popen([os.path.join(BUILD, "dcmtk", tool), "-v", "-aec", peer.title, *options, peers.HOST,
                                            str(peer.port), *files], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           env=support.ENVIRONMENT, preexec_fn=peers.die_with_parent)
                peers.wait_until(lambda: b"Sending" in os.pread(log.fileno(), 1 << 16, 0), 10, "the request of " + tool)
                process.send_signal(signal.SIGINT)
                peers.wait_until(lambda: has_taken_signals(process.pid), 5, "the signal")
                process.send_signal(signal.SIGINT)
                code, _ = support.wait_for(process, 15)
                self.assertEqual(code, 130, (tool, os.pread(log.fileno(), 1 << 16, 0)))

    def test_a_secret_goes_out_with_a_warning(self):
        with peers.StoreScp() as peer:
            recorder = peers.Recorder(peer.port)
            run = our("storescu", "-usr", "user", "-pwd", "pass", "-R", peers.HOST, str(recorder.port),
                      make_samples_file(self))
            recorder.stop()
            self.assertEqual(run.returncode, 0, run)
            self.assertIn("W: the secret goes over plain TCP", run.stderr)
            self.assertNotIn("pass", run.stderr.replace("passcode", ""))
            (identity,) = [value for kind, value in conversation(bytes(recorder.sent[0]))[0]["others"] if kind == 0x58]
            self.assertEqual(identity, b"\2\0\0\4user\0\4pass")


def has_taken_signals(pid):
    """None is pending: a second one of the same kind would be lost."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return re.search(r"(?m)^ShdPnd:\s*0+$", file.read()) is not None


def make_samples_file(case):
    folder = tempfile.mkdtemp(prefix="scu-sample-")
    case.addCleanup(shutil.rmtree, folder)
    return make_samples.write_samples(folder, {"ct-1.dcm"})[0]


if __name__ == "__main__":
    unittest.main()
