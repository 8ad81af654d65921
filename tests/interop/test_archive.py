"""`scu archive` as others see it: DCMTK's and Orthanc's clients, another `scu archive`, and those who mean no good."""

import json
import os
import shutil
import socket
import struct
import tempfile
import unittest
import urllib.request

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers
import scu_archive
from archives import STUDIES
from scu_archive import ScuArchive
from support import run_tool, scu

TITLE = "ARCHIVE"
CT, MR = STUDIES["ct study"], STUDIES["mr study"]
NATIVE = {"ct-1.dcm", "ct-2.dcm", "ct-3.dcm", "mr-implicit.dcm", "sc-big-endian.dcm", "pdf.dcm", "sr.dcm", "us.dcm"}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-archive-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"))
        cls.sent = support.by_instance(cls.samples)

    def start(self, *options, name="pacs", **keywords):
        archive = ScuArchive(os.path.join(self.new_folder(), name), *options, **keywords)
        self.addCleanup(archive.__exit__)
        return archive

    def new_folder(self):
        return tempfile.mkdtemp(dir=self.folder)

    def fill(self, archive, paths=None):
        run = scu("store", archive.address, *(paths or self.samples), "--json")
        self.assertEqual(run.code, 0, run)

    def of_study(self, study):
        return {uid: path for uid, path in self.sent.items()
                if dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x0020000D) == study}

    def check_equal(self, received, expected):
        self.assertEqual(sorted(received), sorted(expected))
        for uid, path in expected.items():
            self.assertEqual(support.differences(path, received[uid]), [], path)


# --- DCMTK ------------------------------------------------------------------------------------------------------------


class Dcmtk(Case):
    def setUp(self):
        self.archive = self.start()

    def at(self):
        return ["-aec", TITLE, "-aet", support.OUR_TITLE, peers.HOST, str(self.archive.port)]

    def find(self, *arguments):
        """The answers as files that the oracle reads."""
        folder = self.new_folder()
        run_tool("findscu", "-X", *arguments, *self.at(), folder=folder)
        return [dicomfile.read(path, support.DICTIONARY) for path in support.files_under(folder)]

    def values(self, answers, tag):
        return sorted(dicomfile.value_of(answer, tag) for answer in answers)

    def test_echoscu_is_answered(self):
        run_tool("echoscu", *self.at())

    def test_storescu_stores_every_syntax_bit_for_bit(self):
        # One run for each syntax: it proposes one beside the native ones.
        for option, syntax in (("-x=", None), ("-xr", "1.2.840.10008.1.2.5"), ("-xd", dicomfile.DEFLATED),
                               ("-xb", dicomfile.BIG_ENDIAN), ("-xi", dicomfile.IMPLICIT)):
            paths = [path for path in self.samples
                     if (dicomfile.read(path, support.DICTIONARY).syntax == syntax or
                         syntax is None and dicomfile.read(path, support.DICTIONARY).syntax == dicomfile.EXPLICIT)]
            if paths:
                run_tool("storescu", "-R", option, *self.at(), *paths)
        self.check_equal(self.archive.objects(), self.sent)

    def test_findscu_finds_studies_series_and_images(self):
        self.fill(self.archive)
        answers = self.find("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=" + CT, "-k",
                            "NumberOfStudyRelatedInstances", "-k", "ModalitiesInStudy")
        self.assertEqual(len(answers), 1)
        self.assertEqual(int(dicomfile.value_of(answers[0], 0x00201208)), len(self.of_study(CT)))
        self.assertEqual(dicomfile.value_of(answers[0], 0x00080061), "CT")
        answers = self.find("-S", "-k", "QueryRetrieveLevel=SERIES", "-k", "StudyInstanceUID=" + CT, "-k",
                            "SeriesInstanceUID")
        self.assertEqual(self.values(answers, 0x0020000E), [make_samples.uid("ct study/axial")])
        answers = self.find("-S", "-k", "QueryRetrieveLevel=IMAGE", "-k", "StudyInstanceUID=" + CT, "-k",
                            "SeriesInstanceUID=" + make_samples.uid("ct study/axial"), "-k", "SOPInstanceUID")
        self.assertEqual(self.values(answers, 0x00080018), sorted(self.of_study(CT)))

    def test_findscu_asks_in_patient_root_with_wildcards_and_ranges(self):
        self.fill(self.archive)
        answers = self.find("-P", "-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=SCU-?R-1", "-k", "PatientName")
        self.assertEqual(self.values(answers, 0x00100020), ["SCU-FR-1", "SCU-GR-1"])
        answers = self.find("-P", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=SCU-JP-1", "-k",
                            "StudyDate=20240101-20241231", "-k", "StudyInstanceUID")
        self.assertEqual(self.values(answers, 0x0020000D), [CT])
        answers = self.find("-P", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=SCU-JP-1", "-k",
                            "StudyDate=20250101-", "-k", "StudyInstanceUID")
        self.assertEqual(answers, [])

    def test_findscu_is_told_what_is_wrong_with_a_query(self):
        run = run_tool("findscu", "-v", "-S", "-k", "QueryRetrieveLevel=IMAGE", "-k", "SOPInstanceUID", *self.at(),
                       check=False)
        self.assertRegex(run.stdout.decode(), "DataSetDoesNotMatchSOPClass")

    def test_movescu_gets_a_study_at_its_own_port(self):
        self.fill(self.archive)
        port = peers.free_port()
        other = self.start("--peer", "%s=%s@%s:%d" % (support.OUR_TITLE, support.OUR_TITLE, peers.HOST, port))
        self.fill(other)
        folder = self.new_folder()
        run_tool("movescu", "-S", "-aem", support.OUR_TITLE, "+P", port, "+B", "-k", "QueryRetrieveLevel=STUDY", "-k",
                 "StudyInstanceUID=" + CT, "-aec", TITLE, "-aet", support.OUR_TITLE, peers.HOST, other.port,
                 folder=folder)
        self.check_equal(support.by_instance(support.files_under(folder)), self.of_study(CT))

    def test_movescu_to_nobody_is_a801(self):
        self.fill(self.archive)
        run = run_tool("movescu", "-v", "-S", "-aem", "NOBODY", "-k", "QueryRetrieveLevel=STUDY", "-k",
                       "StudyInstanceUID=" + CT, *self.at(), check=False)
        self.assertRegex(run.stdout.decode(), r"(?i)(a801|MoveDestinationUnknown)")

    def test_getscu_gets_every_level(self):
        self.fill(self.archive)
        series = make_samples.uid("ct study/axial")
        image = sorted(self.of_study(CT))[0]
        for keys, expected in ((["QueryRetrieveLevel=STUDY", "StudyInstanceUID=" + CT], self.of_study(CT)),
                               (["QueryRetrieveLevel=SERIES", "StudyInstanceUID=" + CT,
                                 "SeriesInstanceUID=" + series], self.of_study(CT)),
                               (["QueryRetrieveLevel=IMAGE", "StudyInstanceUID=" + CT, "SeriesInstanceUID=" + series,
                                 "SOPInstanceUID=" + image], {image: self.sent[image]}),
                               (["QueryRetrieveLevel=STUDY", "StudyInstanceUID=" + MR], self.of_study(MR))):
            folder = self.new_folder()
            run_tool("getscu", "-S", "+B", *[word for key in keys for word in ("-k", key)], *self.at(), folder=folder)
            with self.subTest(keys):
                self.check_equal(support.by_instance(support.files_under(folder)), expected)


class Worklist(Case):
    def test_findscu_reads_the_demonstration_worklist(self):
        archive = self.start("--demo")
        folder = self.new_folder()
        run_tool("findscu", "-W", "-X", "-k", "PatientName", "-k", "PatientID", "-k",
                 "ScheduledProcedureStepSequence[0].Modality", "-k",
                 "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate", "-aec", TITLE, peers.HOST,
                 archive.port, folder=folder)
        self.assertEqual(len(support.files_under(folder)), 7)

    def test_our_own_find_reads_it_by_the_keywords_of_the_step(self):
        archive = self.start("--demo")
        for keys, count in ((["--all"], 7), (["Modality=CT"], 2), (["ScheduledProcedureStepStartDate=20240301"], 3),
                            (["PatientName=δειγμα*"], 1), (["ScheduledProcedureStepSequence[0].Modality=XA"], 1)):
            run = scu("find", archive.address, "--model", "worklist", *keys, "--json")
            self.assertEqual((run.code, run.summary["ok"]), (0, count), run)
            self.assertIn("00400100", run.events[1], run)
        run = scu("get", archive.address, "--model", "worklist", "PatientID=DEMO-1", "-o", self.new_folder())
        self.assertEqual(run.code, 2, run)

    def test_a_demonstration_archive_has_the_same_bytes_every_time(self):
        first, second = self.start("--demo"), self.start("--demo")
        one, other = first.objects(), second.objects()
        self.assertEqual(len(one), 45)
        self.assertEqual(sorted(one), sorted(other))
        for uid, path in one.items():
            with open(path, "rb") as a, open(other[uid], "rb") as b:
                self.assertEqual(a.read(), b.read(), uid)
        for archive in (first, second):
            archive.stop()
            self.assertEqual(scu_archive.check(archive.folder),
                             (0, {"event": "check", "files": 45, "indexed": 45, "added": 0, "removed": 0, "damaged": 0,
                                  "rebuilt": 0}))


# --- extended negotiation ---------------------------------------------------------------------------------------------


class Extended(Case):
    """Our own requester and provider agree on options; DCMTK's and Orthanc's providers agree on none."""

    def find(self, archive, *arguments):
        run = scu("find", archive.address, *arguments, "--json", "-d")
        self.assertEqual(run.code, 0, run)
        return [event for event in run.events if "event" not in event], run

    def test_a_relational_find_is_one_request_with_the_same_rows(self):
        archive = self.start()
        self.fill(archive)
        one, _ = self.find(archive, "Modality=CT", "PatientName=*", "--relational", "yes")
        many, run = self.find(archive, "Modality=CT", "PatientName=*", "--relational", "no")
        self.assertTrue(one)
        by_series = lambda rows: sorted(rows, key=lambda row: row["0020000E"]["Value"])
        self.assertEqual(by_series(one), by_series(many), run)

    def test_empty_values_are_found_where_it_is_agreed(self):
        archive = self.start("--demo")
        rows, run = self.find(archive, 'BodyPartExamined=""', "-k", "BodyPartExamined")
        self.assertEqual(sorted(row["00080060"]["Value"][0] for row in rows), ["DOC", "DOC", "SR"], run)
        self.assertEqual([row["00180015"] for row in rows], [{"vr": "CS"}] * 3, run)

    def test_a_date_range_and_a_time_range_are_one_where_it_is_agreed(self):
        archive = self.start("--demo")
        # Its time is 23:55: within the range of moments, and outside of the hours from 23:56 to 23:54.
        keys = ["StudyDate=20211106-20220301", "StudyTime=235600-235400", "--level", "study"]
        combined, run = self.find(archive, *keys, "--extended", "date-time")
        self.assertEqual([row["00100020"]["Value"] for row in combined], [["DEMO-3"]], run)
        apart, run = self.find(archive, *keys)
        self.assertEqual(apart, [], run)

    def test_what_dcmqrscp_does_not_agree_to_is_said(self):
        with peers.DcmQrScp(our_title=support.OUR_TITLE) as archive:
            self.fill(archive, [path for path in self.samples if "ct-" in path])
            rows, run = self.find(archive, "Modality=CT", "--relational", "yes", "--extended", "fuzzy")
            self.assertTrue(rows)
            self.assertIn("relational", run.err)
            self.assertIn("fuzzy", run.err)


# --- Orthanc ----------------------------------------------------------------------------------------------------------


class OrthancAsClient(Case):
    """Orthanc's REST API makes it ask, move from, store to and want commitments of an archive."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        port = peers.free_port()
        cls.orthanc = peers.Orthanc(our_title=TITLE, our_port=port)
        cls.addClassCleanup(cls.orthanc.stop)
        cls.archive = ScuArchive(os.path.join(cls.folder, "pacs"), port=port,
                                 move_to=[("ORTHANC", "ORTHANC", cls.orthanc.port)])
        cls.addClassCleanup(cls.archive.__exit__)

    def call(self, path, body=None, method=None):
        content = None if body is None else json.dumps(body).encode() if not isinstance(body, bytes) else body
        request = urllib.request.Request("http://%s:%d%s" % (peers.HOST, self.orthanc.http_port, path), data=content,
                                         method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def empty_orthanc(self):
        for study in self.call("/studies"):
            self.call("/studies/" + study, method="DELETE")

    def of_orthanc(self):
        """SOP Instance UID -> file as Orthanc has it."""
        folder = self.new_folder()
        for number, instance in enumerate(self.call("/instances")):
            with urllib.request.urlopen("http://%s:%d/instances/%s/file" % (peers.HOST, self.orthanc.http_port,
                                                                            instance)) as answer:
                with open(os.path.join(folder, "%d.dcm" % number), "wb") as file:
                    file.write(answer.read())
        return support.by_instance(support.files_under(folder))

    def test_echo(self):
        self.call("/modalities/us/echo", {})

    def test_query_and_retrieve(self):
        self.fill(self.archive)
        self.empty_orthanc()
        query = self.call("/modalities/us/query", {"Level": "Study", "Query": {"PatientID": "SCU-JP-1", "StudyDate":
                                                                               "20240101-"}})["ID"]
        answers = self.call("/queries/%s/answers?expand&simplify" % query)
        self.assertEqual([answer["StudyInstanceUID"] for answer in answers], [CT])
        self.assertEqual([answer["PatientID"] for answer in answers], ["SCU-JP-1"])
        self.call("/queries/%s/retrieve" % query, b"ORTHANC")
        self.check_equal(self.of_orthanc(), self.of_study(CT))

    def test_store_and_storage_commitment(self):
        self.empty_orthanc()
        for path in self.of_study(MR).values():
            with open(path, "rb") as file:
                self.call("/instances", file.read())
        result = self.call("/modalities/us/store", {"Resources": self.call("/instances"), "Synchronous": True,
                                                    "StorageCommitment": True})
        self.assertEqual(result["FailedInstancesCount"], 0)
        for uid, path in self.of_study(MR).items():
            self.assertEqual(support.differences(path, self.archive.objects()[uid]), [])
        self.check_commitment(result["StorageCommitmentTransactionUID"], "Success", len(self.of_study(MR)), 0)

    def test_storage_commitment_of_what_is_not_there(self):
        result = self.call("/modalities/us/storage-commitment",
                           {"DicomInstances": [["1.2.840.10008.5.1.4.1.1.7", "1.2.3.999"]]})
        self.check_commitment(os.path.basename(result["Path"]), "Failure", 0, 1)

    def check_commitment(self, transaction, status, good, bad):
        def report():
            return self.call("/storage-commitment/" + transaction)
        peers.wait_until(lambda: report()["Status"] != "Pending", 20, "the commitment's result")
        found = report()
        self.assertEqual(found["Status"], status, found)
        self.assertEqual((len(found["Success"]), len(found["Failures"])), (good, bad), found)


# --- two archives -----------------------------------------------------------------------------------------------------


class TwoArchives(Case):
    def test_two_archives_move_instances_to_each_other(self):
        first_port, second_port = peers.free_port(), peers.free_port()
        first = self.start(title="ONE", port=first_port, move_to=[("TWO", "TWO", second_port)])
        second = self.start(title="TWO", port=second_port, move_to=[("ONE", "ONE", first_port)])
        self.fill(first, list(self.of_study(CT).values()))
        self.fill(second, list(self.of_study(MR).values()))
        for source, to, study in ((first, "TWO", CT), (second, "ONE", MR)):
            run = scu("move", source.address, "StudyInstanceUID=" + study, "--to", to, "--json")
            self.assertEqual(run.code, 0, run)
        both = dict(self.of_study(CT), **self.of_study(MR))
        self.check_equal(first.objects(), both)
        self.check_equal(second.objects(), both)
        # Once more: everything is there already.
        run = scu("move", first.address, "StudyInstanceUID=" + MR, "--to", "TWO", "--json")
        self.assertEqual(run.code, 0, run)
        self.check_equal(second.objects(), both)


# --- those who mean no good -------------------------------------------------------------------------------------------


def item(kind, body):
    return struct.pack(">BBH", kind, 0, len(body)) + body


def associate_rq(called=TITLE, calling="CROWD"):
    """Verification in Implicit VR (PS3.8 9.3.2)."""
    context = item(0x20, b"\1\0\0\0" + item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2"))
    user = item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3.4"))
    body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + b"\0" * 32
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + context + user
    return b"\1\0" + struct.pack(">I", len(body)) + body


def read_pdu(connection):
    content = b""
    while len(content) < 6 or len(content) < 6 + int.from_bytes(content[2:6], "big"):
        piece = connection.recv(4096)
        if not piece:
            break
        content += piece
    return content


class Robustness(Case):
    def crowd(self, archive, count):
        """(accepted, rejected with result, source and reason, neither) of so many associations, all open at once."""
        connections = [socket.create_connection((peers.HOST, archive.port), timeout=30) for _ in range(count)]
        try:
            for connection in connections:
                connection.sendall(associate_rq())
            answers = [read_pdu(connection) for connection in connections]
        finally:
            for connection in connections:
                connection.close()
        accepted = sum(answer[:1] == b"\2" for answer in answers)
        rejected = [tuple(answer[7:10]) for answer in answers if answer[:1] == b"\3"]
        return accepted, rejected, count - accepted - len(rejected)

    def test_a_thousand_associations_at_once_are_a_clean_rejection_beyond_the_limit(self):
        archive = self.start("--max-associations", "100")
        accepted, rejected, neither = self.crowd(archive, 1000)
        self.assertEqual((accepted, len(rejected), neither), (100, 900, 0))
        self.assertEqual(set(rejected), {(2, 3, 2)})
        self.assertEqual(scu("echo", archive.address).code, 0)

    def test_a_thousand_associations_are_served_where_the_limit_allows(self):
        archive = self.start("--max-associations", "2000", files_limit=4096)
        accepted, rejected, neither = self.crowd(archive, 1000)
        self.assertEqual((accepted, rejected, neither), (1000, [], 0))
        self.assertEqual(scu("echo", archive.address).code, 0)

    def test_an_archive_out_of_descriptors_goes_on_when_it_has_some_again(self):
        archive = self.start("--max-associations", "2000", files_limit=100)
        connections = [socket.create_connection((peers.HOST, archive.port), timeout=30) for _ in range(300)]
        for connection in connections:
            connection.sendall(associate_rq())
        answers = [read_pdu(connection) for connection in connections[:40]]
        self.assertEqual({answer[:1] for answer in answers}, {b"\2"})
        for connection in connections:
            connection.close()
        peers.wait_until(lambda: scu("echo", archive.address, "--timeout-associate", "5").code == 0, 30, "an echo")

    def test_a_full_disk_is_a700_and_nothing_stays(self):
        limit = 3 << 20
        archive = self.start(file_size_limit=limit)
        big = os.path.join(self.new_folder(), "big.dcm")
        make_samples.write_large(big, 4)
        run = scu("store", archive.address, big, "--json")
        self.assertNotEqual(run.code, 0, run)
        self.assertEqual({event["status"] for event in run.of("instance")}, {"A700"}, run)
        self.fill(archive)
        self.check_equal(archive.objects(), self.sent)
        left = support.files_under(os.path.join(archive.folder, "objects"))
        self.assertEqual(len(left), len(self.sent), left)
        found = scu("find", archive.address, "StudyInstanceUID=" + CT, "--level", "study", "--json")
        self.assertEqual((found.code, sum("0020000D" in event for event in found.events)), (0, 1), found)

    def test_an_index_that_cannot_grow_is_a_status_and_loses_nothing(self):
        """The journal of the index hits the limit: what was acknowledged is findable afterwards, all the same."""
        archive = self.start(file_size_limit=600 << 10)
        folder = self.new_folder()
        paths = make_samples.write_many(folder, 1500, 200)
        run = scu("store", archive.address, folder, "-r", "--json", seconds=300)
        kept = scu_archive.acknowledged(run.out)
        statuses = {event["status"] for event in run.of("instance")}
        self.assertLess(len(kept), len(paths), "the limit was never met")
        self.assertEqual(statuses - {"0000"}, {"A700"}, run)
        archive.limits = []
        archive.kill()
        archive.start()
        study, series = make_samples.uid("many study"), make_samples.uid("many study/many")
        found = scu("find", archive.address, "StudyInstanceUID=" + study, "SeriesInstanceUID=" + series, "-k",
                    "SOPInstanceUID", "--json")
        there = {event["00080018"]["Value"][0] for event in found.events if "00080018" in event}
        self.assertEqual(kept - there, set())

    def test_uids_that_would_escape_the_folder_do_not(self):
        archive = self.start()
        folder = self.new_folder()
        for number, evil in enumerate(("../../../evil", "..", "/etc/evil", "a/b", "1.2\\1.3", ".", "1.2.3~2")):
            elements = make_samples.common("ascii", "evil %d" % number, "s", "i", make_samples.SECONDARY_CAPTURE, "OT")
            elements += make_samples.image(4, 4, 8, False) + [(0x00080064, "CS", "WSD"), (0x7FE00010, "OW", b"\0" * 16)]
            for tag in (0x00080018, 0x0020000D, 0x0020000E):
                changed = [(key, vr, evil if key == tag else value) for key, vr, value in elements]
                with open(os.path.join(folder, "%d-%08x.dcm" % (number, tag)), "wb") as file:
                    file.write(make_samples.part10(changed, make_samples.EXPLICIT))
        before = set(os.listdir(os.path.dirname(archive.folder)))
        scu("store", archive.address, folder, "-r", "--json")
        self.assertEqual(set(os.listdir(os.path.dirname(archive.folder))), before)
        self.assertEqual(set(os.listdir(archive.folder)) - {"objects", "mpps", "ledger.journal"},
                         {name for name in os.listdir(archive.folder) if name.startswith("index.sqlite")})
        for path in support.files_under(os.path.join(archive.folder, "objects")):
            self.assertRegex(os.path.relpath(path, archive.folder), r"^objects(/[0-9a-z.~-]+)+\.dcm$")
        self.assertFalse(os.path.exists("/etc/evil.dcm"))
        archive.stop()
        self.assertEqual(scu_archive.check(archive.folder)[0], 0)


if __name__ == "__main__":
    unittest.main()
