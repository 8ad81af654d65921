"""What scu move and scu get make of archives: where things are, what is offline, lists, odd ends, and what is still missing.

Whatever an archive does, `scu get` ends with everything, or names exactly what is not there and exits with 3.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import archives
import dicomfile
import make_samples
import peers
import scu_archive
from archives import STUDIES
from support import scu

QUICK = ["--timeout-retrieve", "2", "--move-grace", "0.5", "--cancel-wait", "1"]
C_GET_RQ, C_MOVE_RQ = 0x0010, 0x0021
CLASSES = {"CT": make_samples.CT, "MR": make_samples.MR, "OT": make_samples.SECONDARY_CAPTURE}


def write_mixed(folder, studies, each):
    """Studies with a series of each modality and `each` small images in it: {modality: {SOP Instance UID: path}}."""
    os.makedirs(folder)
    written = {modality: {} for modality in CLASSES}
    for study in range(studies):
        for modality, class_uid in CLASSES.items():
            for number in range(each):
                elements = make_samples.common("ascii", "mixed %d" % study, modality, "i%d" % number, class_uid, modality,
                                               number + 1) + make_samples.image(8, 8, 16, True)
                elements.append((0x7FE00010, "OW", make_samples.gradient_16(8, 8, number)))
                path = os.path.join(folder, "%d-%s-%d.dcm" % (study, modality, number))
                with open(path, "wb") as file:
                    file.write(make_samples.part10(elements, make_samples.EXPLICIT))
                uid = make_samples.uid("mixed %d/%s/i%d" % (study, modality, number))
                written[modality][uid] = path
    return written


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-retrieve-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def received(self, name="got"):
        return set(support.by_instance(support.files_under(self.path(name))))

    def node_file(self, **peers_of_names):
        path = self.path("nodes.ini")
        with open(path, "w", encoding="ascii") as file:
            for name, archive in peers_of_names.items():
                file.write("[%s]\naet = %s\nhost = %s\nport = %d\n" % (name, archive.title, peers.HOST, archive.port))
        return path


class Elsewhere(Case):
    """Archive A lists what B has."""

    def start(self, fault_of_a, fault_of_b=None):
        samples = make_samples.write_samples(self.path("samples"), {"ct-1.dcm", "ct-2.dcm", "ct-3.dcm"})
        started = []
        for title, fault in (("A", fault_of_a), ("B", fault_of_b)):
            options = ["--durability", "none"] + (["--fault", fault] if fault else [])
            archive = scu_archive.ScuArchive(self.path(title), *options, title=title,
                                             move_to=[(support.OUR_TITLE, support.OUR_TITLE, self.our_port)])
            self.addCleanup(archive.close)
            self.addCleanup(archive.stop)
            self.assertEqual(scu("store", archive.address, *samples).code, 0)
            started.append(archive)
        self.sent = support.by_instance(samples)
        return started

    def get(self, a, b, *more, way="auto"):
        listen = [] if way == "get" else ["--listen", "%s:%d" % (peers.HOST, self.our_port)]
        return scu("get", "a", "StudyInstanceUID=" + STUDIES["ct study"], "-o", self.path("got"), "--json", "--nodes",
                   self.node_file(a=a, b=b), "--aet", support.OUR_TITLE, "--with", way, *listen, *QUICK, *more)

    def setUp(self):
        super().setUp()
        self.our_port = peers.free_port()

    def test_what_b_has_comes_from_b(self):
        """A would abort whoever asks it for instances."""
        for way in ("auto", "get", "move"):
            with self.subTest(way):
                a, b = self.start("match:retrieve-ae=B,get:abort,move:abort")
                run = self.get(a, b, way=way)
                self.assertEqual(run.code, 0, run)
                self.assertEqual(self.received(), set(self.sent))
                self.assertEqual([study["verdict"] for study in run.of("study")], ["complete"], run)
                for archive in (a, b):
                    archive.stop()
                for name in ("A", "B", "got", "samples"):
                    shutil.rmtree(self.path(name))

    def test_an_ae_that_nobody_knows_is_said_and_a_is_asked(self):
        a, b = self.start("match:retrieve-ae=NOBODY")
        run = self.get(a, b)
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.err.count("NOBODY"), 1, run)
        self.assertEqual(self.received(), set(self.sent))

    def test_what_is_offline_is_listed_and_not_asked_for(self):
        """Matches: the study, its series, then three images."""
        a, b = self.start("match:availability=OFFLINE@4")
        run = self.get(a, b)
        self.assertEqual(run.code, 3, run)
        missing = run.of("missing")
        self.assertEqual(len(missing), 1, run)
        self.assertEqual(missing[0]["study_instance_uid"], STUDIES["ct study"], run)
        self.assertIn("offline", missing[0]["reason"], run)
        self.assertEqual(self.received(), set(self.sent) - {missing[0]["sop_instance_uid"]})
        self.assertEqual([(study["offline"], study["verdict"]) for study in run.of("study")], [(1, "incomplete")], run)
        self.assertIn("1 that cannot be had now", run.err, run)

    def test_what_is_offline_comes_when_it_is_forced(self):
        a, b = self.start("match:availability=OFFLINE")
        run = self.get(a, b)
        self.assertEqual((run.code, len(run.of("missing"))), (3, 3), run)
        run = self.get(a, b, "--force-offline")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(self.received(), set(self.sent))

    def test_what_is_nearline_is_waited_for(self):
        a, b = self.start("match:availability=NEARLINE,get:delay=4000")
        run = self.get(a, b, "--timeout-retrieve", "1", way="get")
        self.assertEqual(run.code, 0, run)

    def test_what_a_b_that_breaks_does_not_bring_comes_from_a(self):
        """Of three images A says that B has one, or all."""
        for fault in ("match:retrieve-ae=B@4", "match:retrieve-ae=B"):
            with self.subTest(fault):
                a, b = self.start(fault, "associate:reject=1/1/7@2+")
                run = self.get(a, b)
                self.assertEqual(run.code, 0, run)
                self.assertEqual(self.received(), set(self.sent), run)
                self.assertIn("did not come from whom they are said to be with: A is asked", run.err, run)
                for archive in (a, b):
                    archive.stop()
                for name in ("A", "B", "got", "samples"):
                    shutil.rmtree(self.path(name))

    def test_what_neither_b_nor_a_brings_is_missing(self):
        a, b = self.start("match:retrieve-ae=B@4,sub:drop@3+", "associate:reject=1/1/7@2+")
        run = self.get(a, b)
        self.assertEqual(run.code, 3, run)
        missing = {event["sop_instance_uid"] for event in run.of("missing")}
        self.assertEqual(len(missing), 1, run)
        self.assertEqual(self.received(), set(self.sent) - missing, run)


class Verdicts(Case):
    def test_another_object_under_the_same_uid_is_a_conflict(self):
        with scu_archive.Peer("--durability", "none") as archive:
            samples = make_samples.write_samples(self.path("samples"), {"ct-1.dcm", "ct-2.dcm"})
            self.assertEqual(scu("store", archive.address, *samples).code, 0)
            first = scu("get", archive.address, "StudyInstanceUID=" + STUDIES["ct study"], "-o", self.path("got"), "--json")
            self.assertEqual(first.code, 0, first)
            changed = support.by_instance(support.files_under(self.path("got")))[make_samples.uid("ct study/axial/i1")]
            os.chmod(changed, 0o644)
            with open(changed, "r+b") as file:
                content = file.read()
                file.seek(content.index(b"Series axial"))
                file.write(b"Series AXIAL")
            run = scu("get", archive.address, "StudyInstanceUID=" + STUDIES["ct study"], "-o", self.path("got"), "--json",
                      "--with", "get")
        self.assertEqual(run.code, 10, run)
        self.assertEqual([(study["verdict"], study["conflicts"], study["received"]) for study in run.of("study")],
                         [("conflict", 1, 1)], run)
        with open(changed, "rb") as file:
            self.assertIn(b"Series AXIAL", file.read())

    def test_a_list_of_studies_has_one_verdict(self):
        """More of them than go into one request, and one that is not there."""
        written = write_mixed(self.path("samples"), 70, 1)
        sent = {uid: path for paths in written.values() for uid, path in paths.items()}
        uids = self.path("list")
        with open(uids, "w", encoding="ascii") as file:
            file.writelines(make_samples.uid("mixed %d" % study) + "\n" for study in range(70))
            file.write("1.2.3.4.5\n")
        with scu_archive.Peer("--durability", "none") as archive:
            self.assertEqual(scu("store", archive.address, "-r", self.path("samples")).code, 0)
            run = scu("get", archive.address, "--from", uids, "-o", self.path("got"), "--json")
        self.assertEqual(run.code, 3, run)
        self.assertEqual(self.received(), set(sent))
        verdicts = [study["verdict"] for study in run.of("study")]
        self.assertEqual((verdicts.count("complete"), verdicts.count("nothing matched"), len(verdicts)), (70, 1, 71), run)
        self.assertEqual([(missing["study_instance_uid"], missing["reason"]) for missing in run.of("missing")],
                         [("1.2.3.4.5", "nothing matches it")], run)
        self.assertEqual(re.findall(r"received (\d+) of (\d+) instances: (\w+)", run.err), [("210", "210", "incomplete")],
                         run)


class Settled(Case):
    def test_what_is_being_kept_when_the_request_ends_is_counted(self):
        with scu_archive.Peer("--demo", "--fault", "get:early-final") as archive:
            run = scu("get", archive.address, "PatientID=*", "--level", "study", "-o", self.path("got"), "--json",
                      "--with", "get")
        self.assertIn(run.code, (0, 3), run)
        kept = len(support.files_under(self.path("got")))
        self.assertGreater(kept, 0, run)
        self.assertEqual(sum(study["received"] for study in run.of("study")), kept, run)


class Short(Case):
    """The demo's CT study has 26 instances; its matches are one study, three series and the instances."""

    STUDY = "2.25.227806032358780964544045564685023620674.1.1"

    def get(self, fault, *keys):
        with scu_archive.Peer("--durability", "none", "--demo", "--fault", fault) as archive:
            return scu("get", archive.address, *(keys or ["StudyInstanceUID=" + self.STUDY]), "-o", self.path("got"),
                       "--json", "--with", "get")

    def check_short(self, run, received, missing):
        self.assertEqual(run.code, 3, run)
        self.assertEqual([study["verdict"] for study in run.of("study")], ["incomplete"], run)
        self.assertEqual(len(support.files_under(self.path("got"))), received, run)
        self.assertEqual(len(run.of("missing")), missing, run)
        self.assertEqual([doubt["reason"] for doubt in run.of("doubt")],
                         ["study %s: the peer says that it has 26 instances and lists 25" % self.STUDY], run)
        self.assertNotRegex(run.err, r"instances[^\n]*: complete")

    def test_an_instance_that_was_not_listed_and_failed_is_missing(self):
        run = self.get("match:drop@9,sub:fail@5")
        self.check_short(run, 25, 1)
        self.assertIn("could not send it", run.of("missing")[0]["reason"], run)

    def test_an_instance_that_was_not_listed_and_did_not_come_is_known_by_number(self):
        self.check_short(self.get("match:drop@9,sub:drop@5"), 25, 0)

    def test_an_instance_that_was_not_listed_and_came_is_no_proof_that_all_are_here(self):
        self.check_short(self.get("match:drop@9"), 26, 0)


@unittest.skipUnless(shutil.which("tshark") and shutil.which("text2pcap"), "Wireshark's tools are not installed")
class OnTheWire(Case):
    def read_by_wireshark(self, sent, answered):
        """What Wireshark makes of an association: the request, its answer, then what we sent."""
        packets = [("O", pdu) for pdu in peers.pdus(sent)]
        packets.insert(1, ("I", peers.pdus(answered)[0]))
        dump, capture = self.path("dump"), self.path("pcap")
        with open(dump, "w", encoding="ascii") as file:
            for direction, (kind, body) in packets:
                pdu = bytes([kind, 0]) + len(body).to_bytes(4, "big") + body
                file.write("%s\n" % direction)
                file.writelines("%06x %s\n" % (at, " ".join("%02x" % byte for byte in pdu[at:at + 16]))
                                for at in range(0, len(pdu), 16))
        subprocess.run(["text2pcap", "-q", "-D", "-T", "104,40000", dump, capture], check=True, capture_output=True)
        read = subprocess.run(["tshark", "-r", capture, "-d", "tcp.port==104,dicom", "-V"], check=True,
                              capture_output=True, env=support.ENVIRONMENT)
        return read.stdout.decode("utf-8", "replace")

    def test_a_move_by_modality_brings_exactly_that_and_names_unique_keys_only(self):
        """dcmqrscp sends its whole store for `Modality=CT` with an empty Study Instance UID."""
        written = write_mixed(self.path("samples"), 11, 4)
        self.assertEqual(sum(len(paths) for paths in written.values()), 132)
        with peers.DcmQrScp(our_title=support.OUR_TITLE) as archive:
            self.assertEqual(scu("store", archive.address, "-r", self.path("samples")).code, 0)
            recorder = peers.Recorder(archive.port)
            self.addCleanup(recorder.stop)
            run = scu("move", "%s@%s:%d" % (archive.title, peers.HOST, recorder.port), "Modality=CT", "-o",
                      self.path("got"), "--aet", support.OUR_TITLE, "--listen",
                      "%s:%d" % (peers.HOST, archive.our_port), "--json")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(self.received(), set(written["CT"]))
        moves = 0
        for sent, answered in zip(recorder.sent, recorder.answered):
            count = peers.command_fields(sent).count(C_MOVE_RQ)
            moves += count
            if count == 0:
                continue
            said = self.read_by_wireshark(sent, answered)
            self.assertNotIn("Malformed", said)
            identifiers = re.findall(r"\((0008,[0-9a-f]{4}|00[12]0,[0-9a-f]{4})\)", said)
            self.assertEqual(set(identifiers), {"0008,0052", "0020,000d", "0020,000e"}, said[-3000:])
            self.assertEqual(identifiers.count("0020,000e"), count)
        self.assertEqual(moves, 11)


class ManyMissing(Case):
    COUNT, BEFORE = 5000, 2000

    def test_three_thousand_missing_of_five_thousand_go_in_chunks(self):
        """The association is lost after 2,000: the rest goes by UID, in chunks, over a context of explicit VR."""
        samples = make_samples.write_many(self.path("samples"), self.COUNT, 32)
        with scu_archive.Peer("--durability", "none", "--fault", "sent:abort@%d" % self.BEFORE) as archive:
            run = scu("store", archive.address, "-r", self.path("samples"), "--jobs", "4")
            self.assertEqual(run.code, 0, run)
            recorder = peers.Recorder(archive.port)
            self.addCleanup(recorder.stop)
            run = scu("get", "%s@%s:%d" % (archive.title, peers.HOST, recorder.port), "StudyInstanceUID=" +
                      make_samples.uid("many study"), "-o", self.path("got"), "--json", "--durability", "none",
                      "--with", "get")
        self.assertEqual(run.code, 0, run)
        self.assertEqual(run.summary["ok"], self.COUNT, run)
        self.assertEqual(len(support.files_under(self.path("got"))), len(samples))
        gets = [peers.command_fields(sent).count(C_GET_RQ) for sent in recorder.sent]
        self.assertEqual([count for count in gets if count], [1, -(-(self.COUNT - self.BEFORE) // 256)], run)
        self.assertEqual(run.of("study")[0]["received"], self.COUNT, run)


class OddArchives(Case):
    """Everything, or exactly what is not there and 3."""

    FAULTS = [
        "get:early-final", "get:early-final,move:early-final,sent:delay=20", "get:empty", "get:empty,move:empty",
        "sub:drop@every=7", "sub:fail@every=7", "sub:drop@10+", "get:silence", "sent:silence@10", "sent:abort@every=9",
        "sent:close@every=5", "associate:refuse=get", "associate:no-roles", "associate:refuse=get,move:ae=STRANGER",
        "associate:refuse=get,sent:abort@every=9", "get:status=A702@1", "get:status=C001,move:status=A702",
        "get-final:silence", "associate:refuse=find", "get:abort,move:abort",
    ]
    EVERYTHING = {
        "get:early-final", "get:empty", "sub:drop@every=7", "sub:fail@every=7", "get:silence", "sent:silence@10",
        "sent:abort@every=9", "sent:close@every=5", "associate:refuse=get", "associate:no-roles",
        "associate:refuse=get,sent:abort@every=9", "get:status=A702@1", "get-final:silence",
        "get:early-final,move:early-final,sent:delay=20",
    }

    def test_everything_comes_or_what_is_missing_is_named(self):
        written = write_mixed(self.path("samples"), 3, 5)
        sent = {uid for paths in written.values() for uid in paths}
        wanted = "\\".join(make_samples.uid("mixed %d" % study) for study in range(3))
        for number, fault in enumerate(self.FAULTS):
            with self.subTest(fault), scu_archive.Peer("--durability", "none", "--fault", fault,
                                                       our_title=support.OUR_TITLE) as archive:
                self.assertEqual(scu("store", archive.address, "-r", self.path("samples")).code, 0)
                name = "got%d" % number
                run = scu("get", archive.address, "StudyInstanceUID=" + wanted, "-o", self.path(name), "--json", "--aet",
                          support.OUR_TITLE, "--listen", "%s:%d" % (peers.HOST, archive.our_port), *QUICK, seconds=60)
                received = self.received(name)
                missing = {event["sop_instance_uid"] for event in run.of("missing")}
                if fault == "associate:refuse=find":  # nothing is promised by name
                    self.assertEqual((run.code, received), (0, sent), run)
                    self.assertIn("count only", run.err)
                    continue
                self.assertEqual(received | missing, sent, run)
                self.assertFalse(received & missing, run)
                if missing:
                    self.assertTrue(run.code == 3 or (not received and run.code in (6, 8, 9)), run)
                else:  # 9: an archive that is still sending may refuse the last request (A900)
                    self.assertIn(run.code, (0, 9) if "early-final" in fault else (0,), run)
                self.assertEqual(not missing, fault in self.EVERYTHING, run)
                self.assertEqual(sum(study["missing"] for study in run.of("study")), len(missing), run)


class Real(archives.ArchiveCase):
    def test_get_chooses_by_itself(self):
        for study, uid in self.studies.items():
            with self.subTest(study):
                folder = self.output()
                run = scu("get", self.peer.address, "StudyInstanceUID=" + uid, "-o", folder, "--json", "--aet",
                          support.OUR_TITLE, "--listen", "%s:%d" % (peers.HOST, self.peer.our_port))
                self.check_retrieved(run, folder, self.instances_of(study))
                self.assertEqual([(event["study_instance_uid"], event["verdict"]) for event in run.of("study")],
                                 [(uid, "complete")], run)


archives.for_each_archive(globals(), Real)
del Real

if __name__ == "__main__":
    unittest.main()
