"""`--audit` of requesters and archive: every message is valid by the schema made of the tables of PS3.15, and says who did what with whose data"""

import base64
import collections
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
import xml.etree.ElementTree as ElementTree

import support  # first: it knows where the others are
import make_samples
import peers
import scu_archive
from scu_archive import Peer
from support import scu

SCHEMA = os.path.join(support.ROOT, "tests", "support", "audit.rng")
TABLES = os.path.join(support.SHARED, "standard")
BEGIN, TRANSFERRED, QUERY = "110102", "110104", "110112"
ACTIVITY, ALERT, LOGIN = "110100", "110113", "110114"
SOURCE, DESTINATION = "110153", "110152"


class Message:
    def __init__(self, line):
        self.line = line
        self.root = ElementTree.fromstring(line)
        self.event = self.root.find("EventIdentification")
        self.kind = self.event.find("EventID").get("csd-code")
        self.outcome = self.event.get("EventOutcomeIndicator")

    def parties(self):
        return self.root.findall("ActiveParticipant")

    def title(self, role):
        """The AE title of who has this role."""
        for party in self.parties():
            if party.find("RoleIDCode") is not None and party.find("RoleIDCode").get("csd-code") == role:
                return party.get("AlternativeUserID", "").replace("AETITLES=", "")
        return None

    def requestors(self):
        return [party.get("AlternativeUserID", "")[9:] for party in self.parties() if party.get("UserIsRequestor") == "true"]

    def objects(self, code):
        """ParticipantObjectID -> element, of objects of this type."""
        return {one.get("ParticipantObjectID"): one for one in self.root.findall("ParticipantObjectIdentification")
                if one.find("ParticipantObjectIDTypeCode").get("csd-code") == code}

    @property
    def studies(self):
        return self.objects("110180")

    @property
    def patients(self):
        return {key: one.find("ParticipantObjectName").text for key, one in self.objects("2").items()}

    def counts(self):
        """(study, SOP class) -> instances"""
        return {(study, entry.get("UID")): int(entry.get("NumberOfInstances"))
                for study, one in self.studies.items() for entry in one.iter("SOPClass")}


def validate(test, lines):
    folder = tempfile.mkdtemp(prefix="scu-audit-xml-")
    test.addCleanup(shutil.rmtree, folder)
    paths = []
    for number, line in enumerate(lines):
        paths.append(os.path.join(folder, "%d.xml" % number))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(line)
    run = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, *paths], capture_output=True, check=False)
    test.assertEqual(run.returncode, 0, run.stderr.decode()[-3000:])


class Audit(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-audit-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def messages(self, name):
        """Of a file; all valid, the first and the last are of start and stop."""
        path = self.path(name)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        validate(self, lines)
        found = [Message(line) for line in lines]
        self.assertEqual([one.event.find("EventTypeCode").get("csd-code") for one in (found[0], found[-1])],
                         ["110120", "110121"])
        return found[1:-1]

    def run_scu(self, *arguments, code=0):
        run = scu(*arguments)
        self.assertEqual(run.code, code, run)
        return run

    def add_up(self, messages):
        total = collections.Counter()
        for one in messages:
            self.assertEqual(len(one.patients), 1)
            total.update(one.counts())
        return total

    def test_a_full_session_of_requester_and_archive(self):
        with Peer("--demo", "--audit", self.path("archive")) as archive:
            images = len(archive.objects())
            us = ["--aet", archive.our_title, "--audit"]
            said = self.run_scu("find", archive.address, "--level", "study", "PatientName=Phantom*", *us, self.path("find"))
            self.assertEqual(said.err.count("patient data"), 1, said)
            self.run_scu("get", archive.address, "PatientID=*", "--all", "-o", self.path("got"), *us, self.path("get"))
            self.run_scu("move", archive.address, "PatientID=*", "--all", "-o", self.path("moved"), "--listen",
                         "127.0.0.1:%d" % archive.our_port, *us, self.path("move"))
            self.run_scu("store", "-r", archive.address, self.path("got"), "-q",
                         *us, self.path("store"))
            self.run_scu("echo", archive.address, *us, self.path("echo"))
        theirs = self.messages("archive")
        self.assertEqual(self.messages("echo"), [])
        find = self.messages("find")
        self.assertEqual([one.kind for one in find], [QUERY])
        self.assertEqual((find[0].title(SOURCE), find[0].title(DESTINATION)), (archive.our_title, archive.title))
        self.assertEqual(find[0].requestors(), [archive.our_title])
        query, = find[0].objects("110181").items()
        self.assertEqual(query[0], "1.2.840.10008.5.1.4.1.2.2.1")
        self.assertIn(b"Phantom*", base64.b64decode(query[1].find("ParticipantObjectQuery").text))
        self.assertEqual(base64.b64decode(query[1].find("ParticipantObjectDetail").get("value")), b"1.2.840.10008.1.2.1")
        received = {}
        for name in ("get", "move"):
            transferred = [one for one in self.messages(name) if one.kind == TRANSFERRED]
            received[name] = self.add_up(transferred)
            self.assertEqual({one.outcome for one in transferred}, {"0"})
            self.assertEqual({one.title(SOURCE) for one in transferred}, {archive.title})
            self.assertEqual({tuple(one.requestors()) for one in transferred}, {(archive.our_title,)})
            self.assertNotIn(BEGIN, [one.kind for one in self.messages(name)])
        self.assertEqual(sum(received["get"].values()), images)
        self.assertEqual(received["get"], received["move"])
        stored = self.messages("store")
        begun = [study for one in stored if one.kind == BEGIN for study in one.studies]
        self.assertEqual(sorted(begun), sorted({study for study, _ in received["get"]}))
        self.assertEqual(self.add_up(one for one in stored if one.kind == TRANSFERRED), received["get"])
        for one in theirs:
            if one.kind in (QUERY, TRANSFERRED):
                self.assertEqual(one.requestors(), [archive.our_title])
        out = [one for one in theirs if one.kind == TRANSFERRED and one.title(SOURCE) == archive.title]
        self.assertEqual(self.add_up(out), received["get"] + received["move"])
        came = [one for one in theirs if one.kind == TRANSFERRED and one.title(SOURCE) == archive.our_title]
        self.assertEqual(self.add_up(came), received["get"])
        self.assertEqual({one.patients["DEMO-1"] for one in came if "DEMO-1" in one.patients}, {"Phantom^Ada"})
        self.assertGreaterEqual(sum(one.kind == QUERY for one in theirs), 3)

    def test_a_move_to_another_is_told_of_where_it_was_asked_for(self):
        with Peer("--demo", "--audit", self.path("archive"), our_title="ELSEWHERE") as archive:
            with scu_archive.ScuArchive(self.path("pacs"), "--audit", self.path("elsewhere"), title="ELSEWHERE",
                                        port=archive.our_port):
                self.run_scu("move", archive.address, "PatientID=DEMO-1", "--to", "ELSEWHERE", "--aet", "ASKER", "--audit",
                             self.path("move"))
        asked = [one for one in self.messages("move") if one.kind != QUERY]
        self.assertEqual({one.kind for one in asked}, {BEGIN, TRANSFERRED})
        sent = [one for one in self.messages("archive") if one.kind in (BEGIN, TRANSFERRED)]
        came = [one for one in self.messages("elsewhere") if one.kind == TRANSFERRED]
        for one in asked + sent + came:
            self.assertEqual((one.title(SOURCE), one.title(DESTINATION)), (archive.title, "ELSEWHERE"))
            self.assertEqual(one.requestors(), ["ASKER"])
        self.assertEqual(self.add_up(one for one in sent if one.kind == TRANSFERRED), self.add_up(came))

    def test_refusals_failures_and_logins(self):
        passcode = self.path("passcode")
        with open(os.open(passcode, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("TIGER-CANARY")
        with Peer("--accept-user", "alice:" + passcode, "--audit", self.path("users")) as archive:
            self.run_scu("echo", archive.address, "--user", "alice", "--passcode-file", passcode, "--identity-over-plain")
            self.run_scu("echo", archive.address, "--user", "<mallory>", code=6)
        found = self.messages("users")
        self.assertEqual([(one.kind, one.outcome) for one in found], [(LOGIN, "0"), (LOGIN, "4"), (ALERT, "4")])
        self.assertEqual([one.parties()[0].get("UserID") for one in found[:2]], ["alice", "<mallory>"])
        with open(self.path("users"), encoding="utf-8") as file:
            self.assertNotIn("TIGER", file.read())
        with Peer("--accept-from", "FRIEND", "--audit", self.path("titles")) as archive:
            self.run_scu("echo", archive.address, "--aet", "STRANGER", code=6)
        found = self.messages("titles")
        self.assertEqual([one.kind for one in found], [ALERT])
        self.assertEqual(found[0].event.find("EventTypeCode").get("csd-code"), "110126")
        self.assertIn("STRANGER", found[0].line)

    def test_what_was_not_stored_is_a_failure(self):
        samples = make_samples.write_samples(self.path("samples"), {"ct-1.dcm", "ct-2.dcm"})
        with Peer("--fault", "store:status=A700@2") as archive:
            run = scu("store", archive.address, *samples, "--audit", self.path("store"), "--retries", "0", "--jobs", "1")
            self.assertNotEqual(run.code, 0, run)
        last = [one for one in self.messages("store") if one.kind == TRANSFERRED][-1]
        self.assertEqual((last.outcome, sum(last.counts().values())), ("4", 1))
        self.assertIn("1 of 2", last.event.find("EventOutcomeDescription").text)

    def test_several_programs_write_into_one_file(self):
        with Peer() as archive:
            threads = [threading.Thread(target=scu, args=("find", archive.address, "PatientID=%d" % i, "--audit",
                                                          self.path("shared"))) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        with open(self.path("shared"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        validate(self, lines)
        self.assertEqual(collections.Counter(Message(line).kind for line in lines), {ACTIVITY: 8, QUERY: 4})

    HEADER = re.compile(rb"<8[45]>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ scu \d+ DICOM\+RFC3881 - \xef\xbb\xbf(<\?xml .*)$",
                        re.S)

    def check_syslog(self, parts):
        lines = []
        for part in parts:
            self.assertRegex(part, self.HEADER)
            lines.append(self.HEADER.match(part).group(1).decode())
        validate(self, lines)
        self.assertEqual([Message(line).kind for line in lines], [ACTIVITY, QUERY, ACTIVITY])

    def test_syslog_by_udp(self):
        with Peer() as archive, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as repository:
            repository.bind((peers.HOST, 0))
            repository.settimeout(10)
            self.run_scu("find", archive.address, "PatientID=1", "--audit", "udp://%s:%d" % repository.getsockname())
            self.check_syslog([repository.recv(65536) for _ in range(3)])

    def test_syslog_by_tcp(self):
        with Peer() as archive, socket.create_server((peers.HOST, 0)) as repository:
            repository.settimeout(10)
            self.run_scu("find", archive.address, "PatientID=1", "--audit", "tcp://%s:%d" % repository.getsockname())
            connection, _ = repository.accept()
            with connection:
                content = b"".join(iter(lambda: connection.recv(65536), b""))
        parts = []
        while content:
            length, _, content = content.partition(b" ")
            parts.append(content[:int(length)])
            self.assertEqual(len(parts[-1]), int(length))
            content = content[int(length):]
        self.check_syslog(parts)

    def test_what_does_not_arrive_is_said_and_stops_nobody(self):
        port = peers.free_port()
        with Peer() as archive:
            run = scu("find", archive.address, "PatientID=1", "--audit", "udp://127.0.0.1:%d" % port)
            self.assertEqual(run.code, 11, run)
            self.assertRegex(run.err, r"\d of 3 audit messages did not get")
            run = scu("find", archive.address, "PatientID=1", "--audit", "tcp://127.0.0.1:%d" % port)
            self.assertEqual(run.code, 11, run)
            self.assertIn("3 of 3 audit messages", run.err)
            self.assertLess(run.seconds, 10)

    def test_a_server_says_so_while_it_runs(self):
        with Peer("--audit", "udp://127.0.0.1:%d" % peers.free_port()) as archive:
            for _ in range(3):
                self.run_scu("find", archive.address, "PatientID=1")
            peers.wait_until(lambda: re.search(r"^warning: \d+ audit messages so far did not get", archive.said(), re.M),
                             20, "the warning")
            self.run_scu("echo", archive.address)
            self.assertEqual(archive.said().count("warning:"), 1)  # no more than one a minute

    def test_destinations_that_are_none(self):
        with Peer() as archive:
            for destination, words in (("tls://127.0.0.1:6514", "not available yet"), ("udp://", "no destination"),
                                       ("http://x", "no destination"), ("tcp://h:0", "no destination")):
                run = scu("echo", archive.address, "--audit", destination)
                self.assertNotEqual(run.code, 0, run)
                self.assertIn(words, run.err)
            run = scu("echo", archive.address, "--audit", self.path("missing/x"))
            self.assertEqual(run.code, 11, run)
            self.assertIn("missing/x", run.err)


class Schema(unittest.TestCase):
    def test_it_is_what_the_tool_makes_of_the_tables(self):
        if not os.path.exists(os.path.join(TABLES, "audit-messages.tsv")):
            self.skipTest("the tables are not here")
        made = subprocess.run([os.path.join(support.ROOT, "tools", "generate_audit_schema.py"), TABLES], check=True,
                              capture_output=True).stdout
        with open(SCHEMA, "rb") as file:
            self.assertEqual(file.read(), made)

    def test_it_sees_what_is_missing(self):
        good = ('<AuditMessage><EventIdentification EventActionCode="E" EventDateTime="2026-11-25T20:00:00.000Z" '
                'EventOutcomeIndicator="0"><EventID csd-code="110100" codeSystemName="DCM" originalText='
                '"Application Activity"/><EventTypeCode csd-code="110120" codeSystemName="DCM" originalText='
                '"Application Start"/></EventIdentification><ActiveParticipant UserID="1" AlternativeUserID="AETITLES=A" '
                'UserIsRequestor="false"><RoleIDCode csd-code="110150" codeSystemName="DCM" originalText="Application"/>'
                '</ActiveParticipant><AuditSourceIdentification AuditSourceID="x"/></AuditMessage>')
        validate(self, [good])
        for part in ('EventActionCode="E" ', ' UserID="1"', ' UserIsRequestor="false"', "AETITLES=", ' AuditSourceID="x"',
                     ' originalText="Application"'):
            self.assertIn(part, good)
            with self.assertRaises(AssertionError):
                validate(self, [good.replace(part, "", 1)])
        for old, new in (('"110120"', '"110122"'), ('ActionCode="E"', 'ActionCode="C"'), ('Indicator="0"', 'Indicator="1"')):
            with self.assertRaises(AssertionError):
                validate(self, [good.replace(old, new, 1)])


if __name__ == "__main__":
    unittest.main()
