"""The real parts: DCMTK's storescp and dcmqrscp and Orthanc, each with a folder, config and ports of its own on loopback.

Each is started, waited for until it answers a C-ECHO, and stopped by its process id (its children with it: it leads a
group of its own). What cannot be started raises: the tests fail then, they do not skip.
"""

import collections
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

HOST = "127.0.0.1"
PR_SET_PDEATHSIG = 1
START_SECONDS = 30
# DCMTK waits for acknowledgements it delays itself unless told so; without it a sweep takes minutes (speed, not behaviour).
ENVIRONMENT = dict(os.environ, TCP_NODELAY="1")

_held_ports = collections.deque(maxlen=256)  # the oldest closes when it falls out


def free_port():
    """A port for a server that is yet to start. It stays bound, without listening, until many more were asked for: the
    kernel then gives it to nobody who takes any port, and who names it (with SO_REUSEADDR, as servers do) has it."""
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind((HOST, 0))
    _held_ports.append(probe)
    return probe.getsockname()[1]


def find(tool):
    """Debian's own first: a newer DCMTK from elsewhere in PATH might behave differently."""
    for folder in ("/usr/bin", "/usr/sbin"):
        if os.access(os.path.join(folder, tool), os.X_OK):
            return os.path.join(folder, tool)
    found = shutil.which(tool)
    if not found:
        raise RuntimeError("%s is not installed (script/bootstrap peers)" % tool)
    return found


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """A started program: its pid, its output in a file, and the end of it."""

    def __init__(self, command, folder, log, environment=None):
        self.command, self.log_path = command, os.path.join(folder, log)
        with open(self.log_path, "wb") as output:
            self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, env=environment or ENVIRONMENT,
                                            start_new_session=True, preexec_fn=die_with_parent)

    def is_running(self):
        return self.process.poll() is None

    def output(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, seconds=10):
        """SIGTERM to its group, SIGKILL when that does not help; returns the exit code."""
        if self.is_running():
            self.signal_group(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.signal_group(signal.SIGKILL)
        return self.process.wait()

    def signal_group(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


def wait_until(condition, seconds, what):
    """Asks again and again until condition() is true. Only for what another process has to do first."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("%s did not happen within %d s" % (what, seconds))
        time.sleep(0.02)


class Peer:
    """A PACS on loopback. address is what `scu` takes; `folder` is its own and goes away with stop()."""

    title = "PEER"

    def __init__(self, our_title="SCU", our_port=None):
        self.our_title, self.our_port = our_title, our_port or free_port()
        self.folder = tempfile.mkdtemp(prefix="scu-peer-")
        self.program = None
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def start(self):
        for attempt in range(3):
            self.port = free_port()
            self.program = Process(self.prepare(), self.folder, "peer.log", self.environment())
            try:
                wait_until(self.is_ready, START_SECONDS, "%s answering on port %d" % (type(self).__name__, self.port))
                return
            except RuntimeError as problem:
                last = "%s\n%s" % (problem, self.program.output()[-2000:])
                self.program.stop()
        raise RuntimeError(last)

    def environment(self):
        return ENVIRONMENT

    def is_ready(self):
        if not self.program.is_running():
            raise RuntimeError("it ended with exit code %d" % self.program.process.returncode)
        return subprocess.run([find("echoscu"), "-q", "-to", "5", "-ta", "5", "-td", "5", "-aet", self.our_title, "-aec",
                               self.title, HOST, str(self.port)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=ENVIRONMENT).returncode == 0

    @property
    def address(self):
        return "%s@%s:%d" % (self.title, HOST, self.port)

    def log(self):
        return self.program.output() if self.program else ""

    def stop(self):
        if self.program:
            self.program.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class StoreScp(Peer):
    """DCMTK's storescp; options such as "+B" (writes what it got, byte for byte) or "+xi" (implicit VR only)."""

    title = "STORESCP"

    def __init__(self, *options, **keywords):
        self.options = options
        super().__init__(**keywords)

    def prepare(self):
        self.received = os.path.join(self.folder, "received")
        os.makedirs(self.received, exist_ok=True)
        return [find("storescp"), "-pm", "-pdu", "131072", "-aet", self.title, "-od", self.received, *self.options,
                str(self.port)]

    def files(self):
        return sorted(os.path.join(self.received, name) for name in os.listdir(self.received))

    def clear(self):
        for path in self.files():
            os.remove(path)


class DcmQrScp(Peer):
    """DCMTK's central test node: find, get and move on an index file; our title is in its host table."""

    title = "DCMQRSCP"

    def __init__(self, *options, others=(), classes=(), syntax=None, **keywords):
        """others: (AE title, port) of further move destinations on loopback.

        classes and syntax: takes these storage classes in this transfer syntax, and offers each of them once in it and
        once in the native ones when it sends. As it comes, it takes and offers native syntaxes only.
        """
        self.options, self.others, self.classes, self.syntax = options, others, list(classes), syntax
        super().__init__(**keywords)

    def prepare(self):
        database = os.path.join(self.folder, "database")
        os.makedirs(database, exist_ok=True)
        config = os.path.join(self.folder, "dcmqrscp.cfg")
        with open(config, "w", encoding="ascii") as file:
            file.write("NetworkTCPPort = %d\nMaxPDUSize = 131072\nMaxAssociations = 32\n" % self.port)
            file.write("HostTable BEGIN\n")
            for name, (title, port) in enumerate([(self.our_title, self.our_port), *self.others]):
                file.write("host%d = (%s, %s, %d)\n" % (name, title, HOST, port))
            file.write("HostTable END\n")
            file.write("VendorTable BEGIN\nVendorTable END\n")
            file.write("AETable BEGIN\n%s %s RW (500, 1024mb) ANY\nAETable END\n" % (self.title, database))
        profiles = ["-xf", self.write_profiles(), "In", "Out"] if self.syntax else []
        return [find("dcmqrscp"), "-c", config, *profiles, *self.options]

    def write_profiles(self):
        """The association configuration: which contexts it accepts, in which roles, and which it proposes."""
        native = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
        models = ["1.2.840.10008.1.1"] + ["1.2.840.10008.5.1.4.1.2.%d.%d" % (root, kind)
                                          for root in (1, 2) for kind in (1, 2, 3)]
        sections = [
            ("TransferSyntaxes", "Own", "TransferSyntax", [self.syntax] + [uid for uid in native if uid != self.syntax]),
            ("TransferSyntaxes", "Alone", "TransferSyntax", [self.syntax]),
            ("TransferSyntaxes", "Native", "TransferSyntax", native),
            ("PresentationContexts", "InContexts", "PresentationContext",
             [uid + "\\Native" for uid in models] + [uid + "\\Own" for uid in self.classes]),
            ("PresentationContexts", "OutContexts", "PresentationContext",
             [uid + kind for uid in self.classes
              for kind in (("\\Native",) if self.syntax in native else ("\\Alone", "\\Native"))]),
            ("SCPSCURoleSelection", "Roles", "Role", [uid + "\\BOTH" for uid in self.classes])]
        path = os.path.join(self.folder, "associations.cfg")
        with open(path, "w", encoding="ascii") as file:
            kind_before = None
            for kind, name, key, values in sections:
                file.write(("[[%s]]\n" % kind if kind != kind_before else "") + "[%s]\n" % name)
                kind_before = kind
                file.writelines("%s%d = %s\n" % (key, number, value) for number, value in enumerate(values, 1))
            file.write("[[Profiles]]\n[In]\nPresentationContexts = InContexts\nSCPSCURoleSelection = Roles\n")
            file.write("[Out]\nPresentationContexts = OutContexts\n")
        return path


class Orthanc(Peer):
    """Debian's Orthanc with no plugin, no limit, its own folder; HTTP on loopback only, for the tests' own look inside."""

    title = "ORTHANC"

    def __init__(self, converts=True, limit=0, **keywords):
        """converts: may change the transfer syntax of what it sends (its default). limit: so many matches, 0 = all."""
        self.converts, self.limit = converts, limit
        super().__init__(**keywords)

    def prepare(self):
        self.http_port = free_port()
        config = os.path.join(self.folder, "orthanc.json")
        with open(config, "w", encoding="ascii") as file:
            json.dump({
                "Name": "libscu tests", "StorageDirectory": os.path.join(self.folder, "storage"),
                "IndexDirectory": os.path.join(self.folder, "storage"), "Plugins": [],
                "HttpPort": self.http_port, "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
                "DicomAet": self.title, "DicomPort": self.port, "DicomCheckCalledAet": False,
                "DicomModalities": {"us": {"AET": self.our_title, "Host": HOST, "Port": self.our_port,
                                           "AllowTranscoding": self.converts}},
                "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True,
                "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True, "UnknownSopClassAccepted": True,
                "AcceptedTransferSyntaxes": ["1.2.840.10008.1.*"], "OverwriteInstances": True,
                "LimitFindResults": self.limit, "LimitFindInstances": 0, "MaximumStorageSize": 0, "MaximumPatientCount": 0,
                "StorageCompression": False, "TranscodeDicomProtocol": self.converts, "DicomAssociationCloseDelay": 0,
                "SynchronousCMove": True, "StableAge": 1, "SaveJobs": False, "DefaultEncoding": "Utf8"}, file)
        return [find("Orthanc"), config]

    def count(self):
        with urllib.request.urlopen("http://%s:%d/statistics" % (HOST, self.http_port)) as answer:
            return json.load(answer)["CountInstances"]


class Recorder:
    """A TCP proxy in front of a peer that keeps what both sides sent: the "recording peer" of the truncation tests.

    With a limit it closes the connection, both ways, after so many bytes from the client.
    """

    def __init__(self, port, limit=None):
        self.target, self.limit, self.sent, self.answered = port, limit, [], []
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.threads, self.sockets = [], []
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection((HOST, self.target))
            self.sockets += [client, server]
            sent, answered = bytearray(), bytearray()
            self.sent.append(sent)
            self.answered.append(answered)
            for source, sink, record in ((client, server, sent), (server, client, answered)):
                thread = threading.Thread(target=self.copy, args=(source, sink, record), daemon=True)
                thread.start()
                self.threads.append(thread)

    def copy(self, source, sink, record):
        is_cut = self.limit is not None and any(record is kept for kept in self.sent)
        try:
            while True:
                piece = source.recv(1 << 16)
                if is_cut and len(record) + len(piece) >= self.limit:
                    sink.sendall(piece[:self.limit - len(record)])
                    source.shutdown(socket.SHUT_RDWR)
                    break
                if not piece:
                    break
                record += piece
                sink.sendall(piece)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.accepting.join(5)
        for thread in self.threads:
            thread.join(5)
        for one in self.sockets:
            one.close()


def pdus(stream):
    """[(type, body)] of the whole PDUs in a recorded direction."""
    found, at = [], 0
    while at + 6 <= len(stream):
        length = int.from_bytes(stream[at + 2:at + 6], "big")
        found.append((stream[at], bytes(stream[at + 6:at + 6 + length])))
        at += 6 + length
    return found


def command_fields(stream):
    """The Command Field (0000,0100) of each command set that went by; commands are small and come in one piece."""
    fields = []
    for kind, body in pdus(stream):
        at = 0
        while kind == 4 and at + 6 <= len(body):
            length = int.from_bytes(body[at:at + 4], "big")
            if body[at + 5] & 1:
                command = body[at + 6:at + 4 + length]
                place = command.find(b"\0\0\0\1\2\0\0\0")
                if place >= 0:
                    fields.append(int.from_bytes(command[place + 8:place + 10], "little"))
            at += 4 + length
    return fields


class Rude:
    """A server that is no DICOM peer: hands each connection to behave(connection), then closes it."""

    def __init__(self, behave):
        self.behave = behave
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.released = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.behave(connection, self.released)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.released.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


def silent(connection, released):
    """Takes the request and never says a word."""
    connection.recv(1 << 16)
    released.wait(30)


def closing(connection, released):
    """Takes the request and hangs up."""
    connection.recv(1 << 16)


def garbage(connection, released):
    connection.recv(1 << 16)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4)


def half_accept(connection, released):
    """An A-ASSOCIATE-AC that stops in the middle."""
    connection.recv(1 << 16)
    connection.sendall(b"\2\0\0\0\0\xb8\0\1\0\0" + b"x" * 40)


def rejecting(connection, released):
    """A-ASSOCIATE-RJ: permanent, by the user, called AE title not recognised (PS3.8 9.3.4)."""
    connection.recv(1 << 16)
    connection.sendall(b"\3\0\0\0\0\4\0\1\1\7")
    connection.recv(1 << 16)


def aborting(connection, released):
    connection.recv(1 << 16)
    connection.sendall(b"\7\0\0\0\0\4\0\0\2\0")
    connection.recv(1 << 16)
