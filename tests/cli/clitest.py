"""Runs the command the way a script does, and a peer that does what it is told: Python's own library only."""

import collections
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import make_samples as samples  # noqa: E402

SCU = os.environ.get("SCU", "scu")
SECONDS = 60
ERROR_CODES = {"usage", "memory", "limit", "transport", "timeout", "closed", "rejected", "aborted", "protocol",
               "unsupported", "storage", "verification", "cancelled", "malformed", "security", "refused"}
IMPLICIT = samples.IMPLICIT


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def text(self):
        return self.out.decode("utf-8")

    @property
    def talk(self):
        return self.err.decode("utf-8")

    @property
    def records(self):
        return [json.loads(line) for line in self.text.splitlines()]

    def events(self, name):
        return [record for record in self.records if record.get("event") == name]


class CliTest(unittest.TestCase):
    """A folder of its own, and an environment without anybody's node files."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = self.scratch.name
        self.environment = dict(os.environ, HOME=self.folder, XDG_CONFIG_HOME=os.path.join(self.folder, "config"))
        for name in ("NO_COLOR", "TERM"):
            self.environment.pop(name, None)
        self.addCleanup(self.scratch.cleanup)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def sample(self, name, elements=None):
        return self.write(name, samples.part10(elements or samples.capture(name), samples.EXPLICIT))

    def scu(self, *arguments, stdin=b"", code=None, environment=None):
        run = subprocess.run([SCU, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             timeout=SECONDS, env=dict(self.environment, **(environment or {})), cwd=self.folder)
        result = Result(run.returncode, run.stdout, run.stderr)
        if code is not None:
            self.assertEqual(result.code, code, "%s\n%s\n%s" % (arguments, result.text[-1500:], result.talk[-1500:]))
        return result

    def usage(self, *arguments, says="", stdin=b""):
        """A usage error: 2, nothing on stdout, one sentence that has `says`."""
        result = self.scu(*arguments, code=2, stdin=stdin)
        self.assertEqual(result.text, "")
        self.assertIn(says, result.talk)
        self.assertTrue(result.talk.startswith("scu"), result.talk)
        return result

    def listen(self, *arguments):
        """A running `scu listen` on a port of its choice; stopped when the test ends."""
        listener = Listener(self, arguments)
        self.addCleanup(listener.kill)
        return listener

    def peer(self, **behaviour):
        made = Peer(**behaviour)
        self.addCleanup(made.close)
        return made

    def check_json(self, result):
        """The frame of every --json run: begin first, summary last, error codes from the closed set."""
        records = result.records
        self.assertEqual((records[0]["event"], records[0]["schema"]), ("begin", 1))
        self.assertEqual(records[-1]["event"], "summary")
        self.assertEqual(records[-1]["exit_code"], result.code)
        for name in ("ok", "warnings", "failed", "skipped", "bytes", "seconds"):
            self.assertIn(name, records[-1])
        self.assertEqual(len(result.events("begin")) + len(result.events("summary")), 2)
        for error in result.events("error"):
            self.assertIn(error["code"], ERROR_CODES)
            self.assertTrue(error["reason"])
        return records


class Listener:
    def __init__(self, test, arguments):
        self.folder = test.path("received")
        self.process = subprocess.Popen([SCU, "listen", "-o", self.folder, "--port", "127.0.0.1:0", "--aet", "RECEIVER",
                                         *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=test.environment, cwd=test.folder)
        self.ready = self.process.stderr.readline().decode()
        if not self.ready.startswith("listening on "):
            raise AssertionError("no ready line: " + self.ready + self.process.stderr.read().decode())
        self.address = self.ready.split()[2]
        self.name = "RECEIVER@" + self.address

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SECONDS)
        return Result(self.process.returncode, out, err)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def files(self):
        return sorted(os.path.join(here, name) for here, _, names in os.walk(self.folder) for name in names)


# ---- a peer by script: PS3.8 and PS3.7 as far as the tests need them ----

def element(group, number, value):
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", group, number, len(value)) + value


def command(field, status=None, answered=None, class_uid=None, has_dataset=False, **more):
    parts = [(0x0100, struct.pack("<H", field)), (0x0800, struct.pack("<H", 1 if has_dataset else 0x0101))]
    if class_uid:
        parts.append((0x0002, class_uid.encode()))
    if answered is not None:
        parts.append((0x0120, struct.pack("<H", answered)))
    if status is not None:
        parts.append((0x0900, struct.pack("<H", status)))
    for number, value in more.get("extra", ()):
        parts.append((number, value))
    body = b"".join(element(0, number, value) for number, value in sorted(parts))
    return element(0, 0, struct.pack("<I", len(body))) + body


def parse_command(content):
    found, at = {}, 0
    while at + 8 <= len(content):
        _, number, length = struct.unpack_from("<HHI", content, at)
        found[number] = content[at + 8:at + 8 + length]
        at += 8 + length
    return found


def find_identity(request):
    """The content of the 58H item of an A-ASSOCIATE-RQ (without its PDU header), or None."""
    at = 68
    while at < len(request):
        length = struct.unpack_from(">H", request, at + 2)[0]
        inside, end = at + 4, at + 4 + length
        while request[at] == 0x50 and inside < end:
            size = struct.unpack_from(">H", request, inside + 2)[0]
            if request[inside] == 0x58:
                return request[inside + 4:inside + 4 + size]
            inside += 4 + size
        at = end
    return None


class Peer:
    """One behaviour for every association:
    answers(command number, command elements, dataset) -> [(status, dataset or None, extra elements)]
    reject=(result, source, reason), silent=True (never answers the association), hang=True (never answers a request),
    abort=True (aborts when a request comes), garbage=bytes, close=True (closes when a request comes),
    confirms=bytes (answers a user identity with a 59H of this content),
    early=command set (sent in one go with the A-ASSOCIATE-AC, on every context: before any request can have been read)."""

    def __init__(self, **behaviour):
        self.behaviour = behaviour
        self.requests = []
        self.events = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.name = "PEER@127.0.0.1:%d" % self.port
        self.arrived = threading.Event()
        self.connections = []
        self.contexts = {}
        self.identities = []  # the content of every 58H item
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.server.close()
        for connection in self.connections:
            connection.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.associate, args=(connection,), daemon=True).start()

    def associate(self, connection):
        try:
            with connection:
                self.talk(connection)
        except (OSError, EOFError):
            pass

    @staticmethod
    def read(connection, length):
        content = b""
        while len(content) < length:
            piece = connection.recv(length - len(content))
            if not piece:
                raise EOFError
            content += piece
        return content

    def read_pdu(self, connection):
        kind, _, length = struct.unpack(">BBI", self.read(connection, 6))
        return kind, self.read(connection, length)

    def talk(self, connection):
        _, request = self.read_pdu(connection)
        identity = find_identity(request)
        if identity is not None:
            self.identities.append(identity)
        if self.behaviour.get("silent"):
            self.arrived.set()
            self.read(connection, 1)
        if "garbage" in self.behaviour:
            connection.sendall(self.behaviour["garbage"])
            self.read(connection, 1 << 20)
        if "reject" in self.behaviour:
            connection.sendall(struct.pack(">BBIBBBB", 3, 0, 4, 0, *self.behaviour["reject"]))
            self.read(connection, 1 << 20)
        self.contexts[connection] = {}
        answer = b""
        if identity is not None and "confirms" in self.behaviour:
            content = self.behaviour["confirms"]
            answer = struct.pack(">BBHH", 0x59, 0, 2 + len(content), len(content)) + content
        accept = self.accept(request, self.contexts[connection], answer)
        early = [self.data(context, 3, self.behaviour["early"]) for context in self.contexts[connection].values()
                 if "early" in self.behaviour]
        connection.sendall(accept + b"".join(early))
        parts = {}
        while True:
            kind, body = self.read_pdu(connection)
            self.events.append(kind)
            if kind == 5:
                connection.sendall(struct.pack(">BBII", 6, 0, 4, 0))
                return
            if kind != 4:
                return
            self.take_data(connection, body, parts)

    @staticmethod
    def accept(request, contexts, identity=b""):
        """Accepts every context with the first syntax it offers (Implicit LE when that is among them), and every role.
        `contexts` receives the ids by abstract syntax, those with Implicit LE first."""
        roles = b""
        items, at = b"\x10\0\0\x15" + b"1.2.840.10008.3.1.1.1", 68
        while at < len(request):
            kind, length = request[at], struct.unpack_from(">H", request, at + 2)[0]
            body = request[at + 4:at + 4 + length]
            if kind == 0x50:
                inside = 0
                while inside < len(body):
                    size = 4 + struct.unpack_from(">H", body, inside + 2)[0]
                    if body[inside] == 0x54:
                        roles += body[inside:inside + size]
                    inside += size
            if kind == 0x20:
                syntaxes, abstract, inside = [], "", 4
                while inside < len(body):
                    inner, size = body[inside], struct.unpack_from(">H", body, inside + 2)[0]
                    if inner == 0x30:
                        abstract = body[inside + 4:inside + 4 + size].rstrip(b"\0").decode()
                    if inner == 0x40:
                        syntaxes.append(body[inside + 4:inside + 4 + size])
                    inside += 4 + size
                chosen = IMPLICIT.encode() if IMPLICIT.encode() in syntaxes else syntaxes[0]
                if abstract not in contexts or chosen == IMPLICIT.encode():
                    contexts[abstract] = body[0]
                sub = b"\x40\0" + struct.pack(">H", len(chosen)) + chosen
                items += b"\x21\0" + struct.pack(">H", 4 + len(sub)) + bytes([body[0], 0, 0, 0]) + sub
            at += 4 + length
        user = b"\x51\0\0\x04" + struct.pack(">I", 16384) + b"\x52\0\0\x05" + b"1.2.3" + roles + identity
        items += b"\x50\0" + struct.pack(">H", len(user)) + user
        body = struct.pack(">HH", 1, 0) + request[4:36] + bytes(32) + items
        return struct.pack(">BBI", 2, 0, len(body)) + body

    def take_data(self, connection, body, parts):
        at = 0
        while at < len(body):
            length, context, control = struct.unpack_from(">IBB", body, at)
            name = "command" if control & 1 else "dataset"
            parts[name] = parts.get(name, b"") + body[at + 6:at + 4 + length]
            at += 4 + length
            if not control & 2:
                continue
            elements = parse_command(parts["command"])
            needs_dataset = elements[0x0800] != struct.pack("<H", 0x0101)
            if name == "dataset" or not needs_dataset:
                self.take_message(connection, context, elements, parts.get("dataset", b""))
                parts.clear()

    def take_message(self, connection, context, elements, dataset):
        field = struct.unpack("<H", elements[0x0100])[0]
        self.requests.append((field, elements, dataset))
        self.arrived.set()
        if self.behaviour.get("hang"):
            return
        if self.behaviour.get("abort"):
            connection.sendall(struct.pack(">BBIBBBB", 7, 0, 4, 0, 0, 0, 0))
            raise EOFError
        if self.behaviour.get("close"):
            raise EOFError
        if field == 0x0FFF:
            return
        answers = self.behaviour.get("answers", lambda *_: [(0x0000, None, ())])(field, elements, dataset)
        message_id = struct.unpack("<H", elements[0x0110])[0]
        for status, answer, extra in answers:
            self.send(connection, context, 3, command(
                field | 0x8000, status, message_id, (elements.get(0x0002) or elements[0x0003]).rstrip(b"\0").decode(), answer is not None,
                extra=extra))
            if answer is not None:
                self.send(connection, context, 2, answer)

    @staticmethod
    def send(connection, context, control, content):
        """In pieces that fit into the smallest PDU anybody takes."""
        for at in range(0, max(len(content), 1), 4000):
            piece = content[at:at + 4000]
            flags = control if at + 4000 >= len(content) else control & 1
            connection.sendall(Peer.data(context, flags, piece))

    @staticmethod
    def data(context, control, piece):
        """A P-DATA-TF with one PDV."""
        body = struct.pack(">IBB", len(piece) + 2, context, control) + piece
        return struct.pack(">BBI", 4, 0, len(body)) + body


def implicit(elements):
    return samples.Writer(IMPLICIT).dataset(elements)


_closed_ports = collections.deque(maxlen=64)  # the oldest closes when it falls out


def closed_port():
    """A port that nobody listens on. It stays bound, so that nobody else will either while the test goes on."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    _closed_ports.append(holder)
    return holder.getsockname()[1]
