"""A peer that says what no peer should, as fast as it can: as a client of `scu listen` and `scu archive`, and as the peer
of a command. Its own few bytes of DICOM, implicit little endian, so that it can send what no encoder would.
"""

import socket
import struct
import threading

import support  # first: it knows where the others are
import peers

VERIFICATION, CT = b"1.2.840.10008.1.1", b"1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = b"1.2.840.10008.1.2"
ECHO, STORE, FIND, REPORT, CANCEL = 0x0030, 0x0001, 0x0020, 0x0100, 0x0FFF


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def even(text):
    return text + b"\0" * (len(text) % 2)


def element(group, number, value):
    return struct.pack("<HHI", group, number, len(value)) + value


def command(**fields):
    """A command set from sop_class=, field=, message_id=, responded=, status=, sop_instance=, event=, has_dataset=."""
    order = [("sop_class", 0x0002), ("field", 0x0100), ("message_id", 0x0110), ("responded", 0x0120), ("priority", 0x0700),
             ("has_dataset", 0x0800), ("status", 0x0900), ("sop_instance", 0x1000), ("event", 0x1002)]
    fields["has_dataset"] = 0x0001 if fields.get("has_dataset") else 0x0101
    body = b""
    for name, number in order:
        if name in fields:
            value = fields[name]
            body += element(0, number, struct.pack("<H", value) if isinstance(value, int) else even(value))
    return element(0, 0, struct.pack("<I", len(body))) + body


def message(context, said, dataset=None):
    out = pdu(4, struct.pack(">IBB", len(said) + 2, context, 3) + said)
    if dataset is not None:
        out += pdu(4, struct.pack(">IBB", len(dataset) + 2, context, 2) + dataset)
    return out


def store_request(context, number):
    uid = b"1.2.3.%06d" % number
    said = command(sop_class=CT, field=STORE, message_id=number % 65536, priority=0, has_dataset=True, sop_instance=uid)
    return message(context, said, element(8, 0x16, even(CT)) + element(8, 0x18, even(uid))
                   + element(0x20, 0xD, b"1.2.33") + element(0x20, 0xE, b"1.2.44"))


def read_exactly(connection, length):
    got = b""
    while len(got) < length:
        piece = connection.recv(length - len(got))
        if not piece:
            raise OSError("the connection ended")
        got += piece
    return got


def read_pdu(connection):
    head = read_exactly(connection, 6)
    return head[0], read_exactly(connection, struct.unpack(">I", head[2:])[0])


def swallow(connection):
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


def read_all(connection):
    threading.Thread(target=swallow, args=(connection,), daemon=True).start()


class Client:
    """Stores small instances without waiting for an answer, until it is stopped or its association ends."""

    def __init__(self, address):
        title, host = address.split("@")
        name, port = host.rsplit(":", 1)
        self.connection = socket.create_connection((name, int(port)), 10)
        contexts = b"".join(item(0x20, bytes([number, 0, 0, 0]) + item(0x30, uid) + item(0x40, IMPLICIT))
                            for number, uid in ((1, CT), (3, VERIFICATION)))
        user = item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3")
        self.connection.sendall(pdu(1, struct.pack(">HH", 1, 0) + title.encode().ljust(16) + b"FLOODER".ljust(16)
                                    + bytes(32) + item(0x10, b"1.2.840.10008.3.1.1.1") + contexts + item(0x50, user)))
        if read_pdu(self.connection)[0] != 2:
            raise AssertionError("no association")
        read_all(self.connection)
        threading.Thread(target=self.flood, daemon=True).start()

    def flood(self):
        number = 0
        try:
            while True:
                self.connection.sendall(b"".join(store_request(1, number + i) for i in range(100)))
                number += 100
        except OSError:
            pass

    def stop(self):
        self.connection.close()


def contexts_of(request):
    """[(ID, abstract syntax, transfer syntaxes)] of an A-ASSOCIATE-RQ."""
    found, at = [], 68
    while at + 4 <= len(request):
        kind, length = request[at], struct.unpack(">H", request[at + 2:at + 4])[0]
        body, at = request[at + 4:at + 4 + length], at + 4 + length
        if kind != 0x20:
            continue
        names, inner = {0x30: [], 0x40: []}, 4
        while inner < len(body):
            size = struct.unpack(">H", body[inner + 2:inner + 4])[0]
            names[body[inner]].append(body[inner + 4:inner + 4 + size])
            inner += 4 + size
        found.append((body[0], names[0x30][0], names[0x40]))
    return found


def fields_of(said):
    found, at = {}, 0
    while at + 8 <= len(said):
        group, number, length = struct.unpack("<HHI", said[at:at + 8])
        found[number] = said[at + 8:at + 8 + length]
        at += 8 + length
    return found


class Peer:
    """Accepts everything, takes requests and answers with what `say` does: say(self, connection, context, request). With
    reads=False it reads nothing any more from then on."""

    title = "FLOODER"

    def __init__(self, say, reads=True):
        self.say, self.reads = say, reads
        self.socket = socket.create_server((peers.HOST, 0))
        self.address = "%s@%s:%d" % (self.title, peers.HOST, self.socket.getsockname()[1])
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                threading.Thread(target=self.serve, args=(self.socket.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def serve(self, connection):
        try:
            self.associate(connection)
            while True:
                context, request = self.read_request(connection)
                if context is None:
                    return
                if struct.unpack("<H", request[0x100])[0] == CANCEL:
                    continue
                self.say(self, connection, context, request)
        except OSError:
            pass
        finally:
            connection.close()

    def associate(self, connection):
        request = read_pdu(connection)[1]
        self.contexts = contexts_of(request)
        answers = b"".join(item(0x21, bytes([number, 0, 0, 0]) + item(0x40, IMPLICIT if IMPLICIT in syntaxes else syntaxes[0]))
                           for number, _, syntaxes in self.contexts)
        roles = b"".join(item(0x54, struct.pack(">H", len(uid)) + uid + b"\1\1")
                         for uid in {uid for _, uid, _ in self.contexts} if b".5.1.4.1.1." in uid)
        user = item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3") + roles
        connection.sendall(pdu(2, struct.pack(">HH", 1, 0) + request[4:68] + item(0x10, b"1.2.840.10008.3.1.1.1")
                               + answers + item(0x50, user)))

    def read_request(self, connection):
        """The next command, its data set read past; (None, None) after a release, which is answered."""
        said, fields = b"", None
        while True:
            kind, body = read_pdu(connection)
            if kind == 5:
                connection.sendall(pdu(6, bytes(4)))
            if kind != 4:
                return None, None
            at = 0
            while at < len(body):
                length, context, flags = struct.unpack(">IBB", body[at:at + 6])
                if flags & 1:
                    said += body[at + 6:at + 4 + length]
                at += 4 + length
                if flags == 3:
                    fields = fields_of(said)
                if (flags == 3 and fields[0x800] == b"\x01\x01") or flags == 2:
                    return context, fields

    def respond(self, connection, context, request, status, dataset=None, message_id=None):
        field = struct.unpack("<H", request[0x100])[0] | 0x8000
        asked = struct.unpack("<H", request[0x110])[0]
        said = command(sop_class=request[2].rstrip(b"\0"), field=field, responded=message_id or asked, status=status,
                       has_dataset=dataset is not None)
        connection.sendall(message(context, said, dataset))

    def stop(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
