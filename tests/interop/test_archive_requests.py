"""Requests to `scu archive` that no honest client makes: byte by byte, and it goes on serving."""

import os
import re
import socket
import struct
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import peers
from support import scu

STUDY_ROOT = b"1.2.840.10008.5.1.4.1.2.2.%d"
FIND, MOVE, GET = (0x0020, 1), (0x0021, 2), (0x0010, 3)  # command field, last number of the class
IMPLICIT = b"1.2.840.10008.1.2"


def item(kind, content):
    return struct.pack(">BBH", kind, 0, len(content)) + content


def pdu(kind, body):
    return struct.pack(">BBI", kind, 0, len(body)) + body


def element(tag, value):
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def fragment(content, is_command):
    return pdu(4, struct.pack(">IBB", len(content) + 2, 1, 3 if is_command else 2) + content)


class Wire:
    """One association with one context, in implicit VR."""

    def __init__(self, port, service):
        self.service = service
        self.socket = socket.create_connection((peers.HOST, port), timeout=20)
        context = item(0x20, b"\1\0\0\0" + item(0x30, STUDY_ROOT % service[1]) + item(0x40, IMPLICIT))
        user = item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3"))
        self.socket.sendall(pdu(1, b"\0\1\0\0" + b"ARCHIVE".ljust(16) + b"WIRE".ljust(16) + bytes(32) +
                                item(0x10, b"1.2.840.10008.3.1.1.1") + context + user))
        assert self.receive()[0] == 2

    def receive(self):
        """(type, body) of the next PDU."""
        header = self.take(6)
        return header[0], self.take(int.from_bytes(header[2:], "big"))

    def take(self, length):
        taken = b""
        while len(taken) < length:
            piece = self.socket.recv(length - len(taken))
            if not piece:
                raise AssertionError("the connection was closed")
            taken += piece
        return taken

    def ask(self, message_id, identifier, more=b""):
        command = element(0x00000002, STUDY_ROOT % self.service[1]) + element(0x00000100, struct.pack("<H", self.service[0]))
        command += element(0x00000110, struct.pack("<H", message_id)) + more + element(0x00000700, b"\0\0")
        command += element(0x00000800, struct.pack("<H", 0x0101 if identifier is None else 1))
        self.socket.sendall(fragment(element(0, struct.pack("<I", len(command))) + command, True))
        if identifier is not None:
            self.socket.sendall(fragment(identifier, False))

    def status(self):
        """Of the next response, which must be in one piece."""
        kind, body = self.receive()
        assert kind == 4, kind
        place = body.find(b"\0\0\0\x09\2\0\0\0")
        return int.from_bytes(body[place + 8:place + 10], "little")

    def release(self):
        self.socket.sendall(pdu(5, bytes(4)))
        kind, _ = self.receive()
        self.socket.close()
        return kind


class Requests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.err = tempfile.TemporaryFile()
        self.addCleanup(self.err.close)
        self.process = subprocess.Popen(
            [support.SCU, "archive", os.path.join(self.folder.name, "pacs"), "--aet", "ARCHIVE", "--port",
             peers.HOST + ":0"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.err,
            env=support.ENVIRONMENT, preexec_fn=peers.die_with_parent)
        self.addCleanup(support.wait_for, self.process, 10)
        peers.wait_until(lambda: self.said() and re.search(r"listening on \S+:(\d+)", self.said()), 20, "the ready line")
        self.port = int(re.search(r"listening on \S+:(\d+)", self.said()).group(1))

    def said(self):
        return os.pread(self.err.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def tearDown(self):
        """It is alive, serves, and ends in order."""
        run = scu("echo", "ARCHIVE@%s:%d" % (peers.HOST, self.port))
        self.assertEqual(run.code, 0, "%s\n%s" % (run, self.said()))
        self.process.terminate()
        self.assertEqual(support.wait_for(self.process, 15)[0], 0, self.said())

    def test_identifiers_that_cannot_be_read_are_refused_and_the_association_lives(self):
        level = b"\x08\0\x52\0"
        identifiers = (b"", level + b"\xff\0\0\0STUDY ", level + b"\x06\0\0\0STU", level + b"\0\0\0\0", b"\x08", bytes(8),
                       b"\xff" * 64, level + b"\xff\xff\xff\xff" + b"\xfe\xff\0\xe0" * 3,
                       element(0x00080052, b"STUDY ") + element(0x0020000D, b"1.2") * 2)
        for service in (FIND, MOVE, GET):
            for identifier in identifiers:
                with self.subTest(service=service, identifier=identifier[:16]):
                    wire = Wire(self.port, service)
                    for message_id in (1, 2):
                        more = element(0x00000600, b"NOBODY") if service == MOVE else b""
                        wire.ask(message_id, identifier, more)
                        self.assertIn(wire.status() >> 12, (0xA, 0xC))
                    self.assertEqual(wire.release(), 6)

    def test_requests_without_an_identifier_are_refused(self):
        for service in (FIND, MOVE, GET):
            with self.subTest(service=service):
                wire = Wire(self.port, service)
                wire.ask(1, None)
                self.assertIn(wire.status() >> 12, (0xA, 0xC))
                self.assertEqual(wire.release(), 6)

    def test_connections_that_end_behind_an_unreadable_identifier_leave_nothing(self):
        for service in (FIND, MOVE, GET):
            wire = Wire(self.port, service)
            wire.ask(1, b"\xff" * 64)
            wire.status()
            wire.socket.close()


if __name__ == "__main__":
    unittest.main()
