"""A C-FIND requester with no opinion: puts an identifier on the wire as it is told, and gives back what came.

PS3.7 9.3.2 over PS3.8 9.3, Explicit VR Little Endian, one association for as many queries as one likes. It shares no code
with the library or with the peers; of values it knows only how the character sets of this corpus are read.
"""

import socket
import struct

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers

MODELS = {"P": "1.2.840.10008.5.1.4.1.2.1.1", "S": "1.2.840.10008.5.1.4.1.2.2.1", "O": "1.2.840.10008.5.1.4.1.2.3.1",
          "W": "1.2.840.10008.5.1.4.31"}
SECONDS = 20
REFUSED_CONTEXT = "no context"

# (0008,0005) -> Python's codec. The one set with escapes here is Japanese; its ASCII part needs no declaration.
CODECS = {"": "ascii", "ISO_IR 6": "ascii", "ISO_IR 100": "latin_1", "ISO_IR 101": "iso8859_2", "ISO_IR 126": "iso8859_7",
          "ISO_IR 192": "utf_8", "\\ISO 2022 IR 87": "iso2022_jp", "ISO 2022 IR 6\\ISO 2022 IR 87": "iso2022_jp",
          "ISO 2022 IR 100": "latin_1", "ISO 2022 IR 126": "iso8859_7"}


class Broken(Exception):
    """The association ended, or what came is no DICOM."""


class Answer:
    """status: of the final response, four digits; rows: the datasets of the pending ones, keyed by path."""

    def __init__(self, status, rows):
        self.status, self.rows = status, rows


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


class Association:
    """extended: the application information of the 56H sub-item, b"" for none; agreed: what came back."""

    def __init__(self, port, called, model, extended=b"", calling=support.OUR_TITLE):
        self.model, self.message_id, self.agreed = model, 0, b""
        self.socket = socket.create_connection((peers.HOST, port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        uid = MODELS[model].encode()
        user = item(0x51, struct.pack(">I", 131072)) + item(0x52, b"1.2.3.4")
        if extended:
            user += item(0x56, struct.pack(">H", len(uid)) + uid + extended)
        context = item(0x20, b"\1\0\0\0" + item(0x30, uid) + item(0x40, make_samples.EXPLICIT.encode()))
        body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + b"\0" * 32
        body += item(0x10, b"1.2.840.10008.3.1.1.1") + context + item(0x50, user)
        self.socket.sendall(b"\1\0" + struct.pack(">I", len(body)) + body)
        self.is_accepted = self.read_accept()

    def read_pdu(self):
        head = self.read(6)
        return head[0], self.read(struct.unpack(">I", head[2:])[0])

    def read(self, count):
        content = b""
        while len(content) < count:
            piece = self.socket.recv(count - len(content))
            if not piece:
                raise Broken("the connection was closed")
            content += piece
        return content

    def read_accept(self):
        kind, body = self.read_pdu()
        if kind != 2:
            raise Broken("PDU %d in answer to the association request" % kind)
        at, accepted = 68, False
        while at < len(body):
            kind, length = body[at], struct.unpack(">H", body[at + 2:at + 4])[0]
            inside = body[at + 4:at + 4 + length]
            if kind == 0x21:
                accepted = inside[2] == 0
            if kind == 0x50:
                self.read_user_items(inside)
            at += 4 + length
        return accepted

    def read_user_items(self, body):
        at = 0
        while at < len(body):
            kind, length = body[at], struct.unpack(">H", body[at + 2:at + 4])[0]
            if kind == 0x56:
                uid_length = struct.unpack(">H", body[at + 4:at + 6])[0]
                self.agreed = body[at + 6 + uid_length:at + 4 + length]
            at += 4 + length

    def send(self, control, content):
        body = struct.pack(">IBB", len(content) + 2, 1, control) + content
        self.socket.sendall(b"\4\0" + struct.pack(">I", len(body)) + body)

    def receive(self):
        """(command set as {tag: bytes}, dataset or None)."""
        parts = {1: b"", 0: b""}
        command = None
        while True:
            kind, body = self.read_pdu()
            if kind != 4:
                raise Broken("PDU %d where a response should be" % kind)
            at = 0
            while at < len(body):
                length, _, control = struct.unpack(">IBB", body[at:at + 6])
                parts[control & 1] += body[at + 6:at + 4 + length]
                at += 4 + length
                if control == 3:
                    elements = dicomfile.Reader(parts[1], True, "<", {}).elements(None)
                    command = {element.tag: element.value for element in elements}
                    if number(command, 0x00000800) == 0x0101:
                        return command, None
                if control == 2:
                    return command, parts[0]

    def find(self, elements):
        """The answer to one identifier: (tag, VR, value) as make_samples writes them."""
        if not self.is_accepted:
            return Answer(REFUSED_CONTEXT, [])
        self.message_id += 1
        body = b"".join([command_element(0x00000002, MODELS[self.model].encode()),
                         command_element(0x00000100, struct.pack("<H", 0x0020)),
                         command_element(0x00000110, struct.pack("<H", self.message_id)),
                         command_element(0x00000700, struct.pack("<H", 0)),
                         command_element(0x00000800, struct.pack("<H", 1))])
        self.send(3, command_element(0, struct.pack("<I", len(body))) + body)
        self.send(2, make_samples.Writer(make_samples.EXPLICIT).dataset(elements))
        rows = []
        while True:
            command, dataset = self.receive()
            status = number(command, 0x00000900)
            if dataset is not None:
                rows.append(as_row(dicomfile.Reader(dataset, False, "<", {}).elements(None)))
            if status not in (0xFF00, 0xFF01):
                return Answer("%04X" % status, rows)

    def close(self):
        """Releases it, and waits for the answer as one should."""
        try:
            self.socket.sendall(b"\5\0\0\0\0\4\0\0\0\0")
            self.read_pdu()
        except (OSError, Broken):
            pass
        self.socket.close()


def command_element(tag, value):
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def number(command, tag):
    return struct.unpack("<H", command[tag])[0]


# ---- rows ----

def as_row(elements):
    """{path of tags: text}; a sequence has the number of its items, what is in them one tag more in the path."""
    charset = ""
    for element in elements:
        if element.tag == 0x00080005:
            charset = "\\".join(part.strip() for part in element.value.decode("ascii").rstrip("\0").split("\\"))
    if charset not in CODECS:
        raise Broken("an answer in the character set %r" % charset)
    row = {}
    put_elements(row, (), elements, CODECS[charset])
    return row


def put_elements(row, path, elements, codec):
    for element in elements:
        here = path + (element.tag,)
        if element.vr == "SQ":
            row[here] = str(len(element.value))
            for index, inside in enumerate(element.value):
                put_elements(row, here + (index,), inside, codec)
        elif element.vr in ("US", "SS"):
            row[here] = "\\".join(map(str, struct.unpack("<%dH" % (len(element.value) // 2), element.value)))
        else:
            row[here] = decode(element.value, codec)


def decode(value, codec):
    """What the declared set cannot explain is kept as bytes, in a form no good text has."""
    try:
        text = value.decode(codec)
    except UnicodeDecodeError:
        return "bytes " + value.rstrip(b" \0").hex()
    return "\\".join(part.strip(" \0") for part in text.split("\\"))
