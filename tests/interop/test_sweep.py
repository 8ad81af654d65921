"""The shared sample files through everything: bit-preserving sinks, then both archives and back by C-GET and C-MOVE.

SCU_SWEEP=full takes every file that dcmdump reads and that has a SOP Class and Instance UID; otherwise a sample of them (the
first of each class, syntax and folder). Files that share a UID go in separate rounds into an emptied archive. What a peer
refused, and where a peer changed an object, goes into SCU_REPORT/*.tsv and is counted in the run's notes.
"""

import collections
import os
import re
import shutil
import tempfile
import unittest

import support  # first: it knows where the others are
import compare
import dicomfile
import peers
from support import scu

REPORT = os.environ.get("SCU_REPORT", os.path.join(support.ROOT, "build", "interop-report"))
IS_FULL = os.environ.get("SCU_SWEEP") == "full"
BATCH = 40
PLAIN = {dicomfile.IMPLICIT, dicomfile.EXPLICIT, dicomfile.BIG_ENDIAN}
NATIVE = {dicomfile.IMPLICIT, dicomfile.EXPLICIT, dicomfile.DEFLATED, dicomfile.BIG_ENDIAN}


class Sample:
    def __init__(self, row):
        self.name, self.path = row["file"], row["path"]
        self.file = self.trouble = None
        try:
            self.file = dicomfile.read(self.path, support.DICTIONARY)
            self.read_uids(self.file)
        except (dicomfile.Malformed, ValueError) as problem:
            self.trouble = str(problem)
            self.read_uids_with_pydicom()

    def read_uids(self, file):
        self.syntax = file.syntax
        self.class_uid, self.instance, self.study, self.series, self.patient = (
            dicomfile.value_of(file, tag) for tag in (0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00100020))

    def read_uids_with_pydicom(self):
        """Where our strict reader gives up, the lenient one may still name the object."""
        import pydicom
        try:
            dataset = pydicom.dcmread(self.path, force=True, stop_before_pixels=True)
            self.syntax = str(dataset.file_meta.TransferSyntaxUID)
            self.class_uid, self.instance, self.study, self.series, self.patient = (
                str(dataset.get(name, "")) for name in
                ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID"))
        except Exception:
            self.syntax = self.class_uid = self.instance = self.study = self.series = self.patient = ""

    @property
    def has_hierarchy(self):
        return bool(self.study and self.series)


def load_samples():
    rows = support.manifest()
    if rows is None:
        return None
    found = [Sample(row) for row in rows if row["dcmdump_ok"] == "yes"]
    found = [sample for sample in found if sample.class_uid and sample.instance]
    return found if IS_FULL else sampled(found)


def sampled(found):
    """The first of each combination of folder, class and syntax."""
    kept = {}
    for sample in found:
        kept.setdefault((sample.name.split("/")[0], sample.class_uid, sample.syntax), sample)
    return list(kept.values())


def rounds_of(samples):
    """Lists in which no UID is met twice."""
    rounds = []
    for sample in samples:
        for one in rounds:
            if sample.instance not in one:
                one[sample.instance] = sample
                break
        else:
            rounds.append({sample.instance: sample})
    return [list(one.values()) for one in rounds]


class Report:
    """One TSV per test: file, what was met, detail."""

    def __init__(self, name):
        os.makedirs(REPORT, exist_ok=True)
        self.path = os.path.join(REPORT, name + ".tsv")
        self.counts = collections.Counter()
        self.file = open(self.path, "w", encoding="utf-8")

    def add(self, sample, what, detail=""):
        self.counts[what] += 1
        self.file.write("%s\t%s\t%s\n" % (sample.name, what, re.sub(r"\s+", " ", str(detail))[:400]))

    def close(self, name):
        self.file.close()
        support.note("sweep %s: %s" % (name, ", ".join("%d %s" % (count, what)
                                                     for what, count in sorted(self.counts.items()))))


class Sweep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.samples = load_samples()
        if cls.samples is None:
            raise unittest.SkipTest("no sample files in %s" % os.path.relpath(support.SHARED, support.ROOT))
        cls.folder = tempfile.mkdtemp(prefix="scu-sweep-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        support.note("sweep: %d files, %s" % (len(cls.samples), "all" if IS_FULL else "a sample of them"))

    def store(self, peer_address, samples, *options):
        """{path: instance event} over as many commands as it takes."""
        events = {}
        for start in range(0, len(samples), BATCH):
            batch = samples[start:start + BATCH]
            run = scu("store", peer_address, *(sample.path for sample in batch), "--json", *options, seconds=300)
            self.assertIn(run.code, (0, 3, 6, 9), run)
            self.assertEqual(len(run.of("instance")), len(batch), run)
            for event in run.of("instance"):
                events[event["path"]] = event
        return events

    # ---- byte for byte ----

    def check_sink(self, name, address, received, must_take):
        """Everything stored and identical; returns how many. received() gives the sink's files."""
        report = Report(name)
        wrong = []
        for batch in rounds_of(self.samples):
            events = self.store(address, batch)
            arrived = {}
            for path in received():
                with open(path, "rb") as file:
                    content = file.read()
                arrived[compare.dataset_bytes(content)] = path
            for sample in batch:
                event = events[sample.path]
                if event["outcome"] not in ("ok", "warning"):
                    report.add(sample, "refused", event["reason"])
                    if must_take(sample, event):
                        wrong.append("%s: %s" % (sample.name, event["reason"]))
                    continue
                with open(sample.path, "rb") as file:
                    is_same = compare.dataset_bytes(file.read()) in arrived
                report.add(sample, "identical" if is_same else "DIFFERENT")
                if not is_same:
                    wrong.append("%s: what arrived is not what was sent" % sample.name)
            for path in received():
                os.remove(path)
        report.close(name)
        self.assertEqual(wrong, [])
        self.assertGreater(report.counts["identical"], 0)

    def test_every_file_goes_byte_identical_to_scu_listen(self):
        with support.Listener("--on-duplicate", "both") as listener:
            self.check_sink("scu-listen", listener.address, listener.files, lambda sample, event: True)

    def test_every_file_goes_byte_identical_to_storescp(self):
        """storescp +xa takes the syntaxes its DCMTK knows; what it refuses is listed."""
        with peers.StoreScp("+B", "+xa", "-up") as storescp:
            self.check_sink("storescp", storescp.address, storescp.files,
                            lambda sample, event: sample.syntax in PLAIN and "abstract syntax" not in event["reason"])

    # ---- through an archive and back ----

    def test_every_file_comes_back_from_dcmqrscp(self):
        self.check_archive("dcmqrscp")

    def test_every_file_comes_back_from_orthanc(self):
        self.check_archive("orthanc")

    @staticmethod
    def start(name, syntax, samples):
        """dcmqrscp as it comes sends plain syntaxes and the older classes only: it is told what to expect."""
        if name == "dcmqrscp":
            classes = sorted({sample.class_uid for sample in samples})[:60 if syntax else 120]
            return peers.DcmQrScp(classes=classes, syntax=syntax or dicomfile.EXPLICIT, our_title=support.OUR_TITLE)
        return peers.Orthanc(converts=False, our_title=support.OUR_TITLE)

    def check_archive(self, name):
        report = Report(name)
        wrong = []
        groups = collections.defaultdict(list)
        for sample in self.samples:
            groups[sample.syntax if name == "dcmqrscp" and sample.syntax not in PLAIN else ""].append(sample)
        for syntax, members in sorted(groups.items()):
            for batch in rounds_of(members):
                with self.start(name, syntax, batch) as peer:
                    self.check_round(peer, batch, report, wrong)
        report.close(name)
        self.assertEqual(wrong, [], "\n".join(wrong[:20]))
        self.assertGreater(report.counts["equal by get"], 0)
        self.assertGreater(report.counts["equal by move"], 0)

    def check_round(self, peer, batch, report, wrong):
        events = self.store(peer.address, batch)
        stored = []
        for sample in batch:
            event = events[sample.path]
            if event["outcome"] in ("ok", "warning"):
                stored.append(sample)
                report.add(sample, "stored", event["transfer_syntax"])
            else:
                report.add(sample, "refused", event["reason"])
        studies = collections.defaultdict(list)
        for sample in stored:
            if sample.has_hierarchy:
                studies[sample.study].append(sample)
            else:
                report.add(sample, "without study or series")
        for study, members in studies.items():
            self.check_found(peer, study, members, report, wrong)
            for way in ("get", "move"):
                self.check_back(peer, study, members, way, report, wrong)

    def find(self, peer, *arguments):
        run = scu("find", peer.address, *arguments, "--json")
        self.assertEqual(run.code, 0, run)
        return [row for row in run.events if "event" not in row]

    @staticmethod
    def values(rows, tag):
        return {value for row in rows for value in row.get(tag, {}).get("Value", [])}

    def check_found(self, peer, study, members, report, wrong):
        """At patient, study, series and image level, each by the keys of the level above."""
        def expect(level, sample, is_found):
            report.add(sample, "found at %s level" % level if is_found else "NOT FOUND at %s level" % level)
            if not is_found:
                wrong.append("%s: not found at %s level" % (sample.name, level))

        rows = self.find(peer, "StudyInstanceUID=" + study, "--level", "study", "-k", "PatientID")
        for sample in members:
            expect("study", sample, study in self.values(rows, "0020000D"))
        for patient in {sample.patient for sample in members if re.fullmatch(r"[\w .^-]+", sample.patient)}:
            rows = self.find(peer, "PatientID=" + patient, "--level", "patient", "-k", "PatientName")
            for sample in members:
                if sample.patient == patient:
                    expect("patient", sample, patient in {str(value).strip() for value in self.values(rows, "00100020")})
        rows = self.find(peer, "StudyInstanceUID=" + study, "--level", "series", "-k", "SeriesInstanceUID")
        for sample in members:
            expect("series", sample, sample.series in self.values(rows, "0020000E"))
        for series in {sample.series for sample in members}:
            rows = self.find(peer, "StudyInstanceUID=" + study, "SeriesInstanceUID=" + series, "--level", "image", "-k",
                             "SOPInstanceUID")
            for sample in members:
                if sample.series == series:
                    expect("image", sample, sample.instance in self.values(rows, "00080018"))

    def check_back(self, peer, study, members, way, report, wrong):
        folder = tempfile.mkdtemp(dir=self.folder)
        arguments = ["--with", "get"] if way == "get" else ["--listen", "127.0.0.1:%d" % peer.our_port]
        run = scu(way, peer.address, "StudyInstanceUID=" + study, *arguments, "--aet", support.OUR_TITLE, "-o", folder,
                  "--json", seconds=300)
        received = {event["sop_instance_uid"]: event for event in run.of("instance")
                    if event["outcome"] in ("ok", "warning")}
        for sample in members:
            event = received.get(sample.instance)
            if event is None and way == "get" and "no storage SCP role" in run.err:
                report.add(sample, "refused by get", run.err[-300:])
                continue
            if event is None:
                report.add(sample, "NOT BACK by " + way, "exit code %d %s" % (run.code, run.err[-200:]))
                wrong.append("%s: did not come back by %s (exit code %d)" % (sample.name, way, run.code))
                continue
            self.check_equal(sample, event, way, report, wrong)
        if run.code != 0:
            report.add(members[0], "exit code %d of %s" % (run.code, way), run.err[-300:])
        shutil.rmtree(folder)

    def check_equal(self, sample, event, way, report, wrong):
        if sample.file is None:
            report.add(sample, "not judged by " + way, sample.trouble)
            return
        try:
            back = dicomfile.read(event["path"], support.DICTIONARY)
        except (dicomfile.Malformed, OSError) as problem:
            report.add(sample, "UNREADABLE by " + way, problem)
            wrong.append("%s: what came by %s cannot be read: %s" % (sample.name, way, problem))
            return
        if back.syntax != sample.syntax:
            report.add(sample, "syntax changed by " + way, "%s -> %s" % (sample.syntax, back.syntax))
            if {back.syntax, sample.syntax} - NATIVE:
                return  # the archive converted the pixels: named, not compared
        found = compare.compare_files(sample.file, back, support.DICTIONARY).differences
        if any(self.is_pixel_vr(difference) for difference in found):
            # DCMTK corrects the VR where it turns the byte order; the bytes are compared all the same.
            report.add(sample, "pixel VR changed by " + way, found[0])
            found = [difference for difference in found if not self.is_pixel_vr(difference)]
        report.add(sample, "DIFFERENT by " + way if found else "equal by " + way, "; ".join(map(str, found[:4])))
        if found:
            wrong.append("%s by %s: %s" % (sample.name, way, found[0]))

    @staticmethod
    def is_pixel_vr(difference):
        return (difference.kind, difference.path) == ("vr", "(7fe0,0010)") and \
            {difference.first, difference.second} == {"OB", "OW"}


if __name__ == "__main__":
    unittest.main()
