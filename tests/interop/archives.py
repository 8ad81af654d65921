"""A PACS with the sample set in it, for the query and retrieve tests; one class per archive runs the same tests."""

import os
import shutil
import tempfile

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers
import scu_archive
from support import scu

ARCHIVES = {"dcmqrscp": peers.DcmQrScp, "orthanc": peers.Orthanc, "scu": scu_archive.Peer}
# As it comes, dcmqrscp takes no compressed syntax.
LEFT_OUT = {"dcmqrscp": {"rle.dcm"}, "orthanc": set(), "scu": set()}
STUDIES = {name: make_samples.uid(name) for name in
           ("ct study", "mr study", "us study", "sr study", "doc study", "sc study", "rle study")}


class ArchiveCase:
    """Mixed into a TestCase with `archive` set; sent is SOP Instance UID -> path of what is in the archive."""

    archive = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-archive-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        wanted = {name for name, _, _ in make_samples.samples()} - LEFT_OUT[cls.archive]
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"), wanted)
        cls.peer = ARCHIVES[cls.archive](our_title=support.OUR_TITLE)
        cls.addClassCleanup(cls.peer.stop)
        run = scu("store", cls.peer.address, *cls.samples, "--json")
        if run.code != 0:
            raise AssertionError("the archive could not be filled\n%s" % run)
        cls.sent = support.by_instance(cls.samples)
        cls.outputs = 0
        cls.studies = {name: uid for name, uid in STUDIES.items() if cls.instances_of(cls, name)}

    def output(self):
        """A new folder to retrieve into."""
        type(self).outputs += 1
        return os.path.join(self.folder, "out%d" % self.outputs)

    def instances_of(self, study):
        found = {}
        for instance, path in self.sent.items():
            if dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x0020000D) == STUDIES[study]:
                found[instance] = path
        return found

    def check_retrieved(self, run, folder, expected):
        """Exactly the expected instances came, under their final names, each equal element by element."""
        self.assertEqual(run.code, 0, run)
        received = support.by_instance(support.files_under(folder))
        self.assertEqual(sorted(received), sorted(expected), run)
        for instance, path in expected.items():
            self.assertEqual(support.differences(path, received[instance]), [], path)
            self.assertTrue(received[instance].endswith("/%s.dcm" % instance), received[instance])
        self.assertEqual(run.summary["ok"] + run.summary["warnings"], len(expected), run)
        self.assertEqual(run.summary["failed"], 0, run)
        paths = {event["sop_instance_uid"]: event["path"] for event in run.of("instance")}
        self.assertEqual({instance: os.path.realpath(path) for instance, path in paths.items()},
                         {instance: os.path.realpath(path) for instance, path in received.items()}, run)


def for_each_archive(module, *cases):
    """Puts one TestCase per archive and mixin into the module."""
    import unittest
    for case in cases:
        for archive in ARCHIVES:
            name = "%sIn%s" % (case.__name__, archive.capitalize())
            module[name] = type(name, (case, unittest.TestCase), {"archive": archive, "__module__": module["__name__"]})
