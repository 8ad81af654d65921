"""scu commit and scu store --commit: against `scu archive` by both routes, against its faults, and against Orthanc."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers
import scu_archive
from support import scu

WAITS = ["--timeout-response", "3", "--timeout-release", "2"]
SAMPLES = {"ct-1.dcm", "ct-2.dcm", "ct-3.dcm", "mr-implicit.dcm"}
UNKNOWN = "1.2.840.10008.5.1.4.1.1.2:1.2.3.999"


class Commit(unittest.TestCase):
    """Each test has an archive of its own that has the samples, and knows us on a port."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-commit-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"), SAMPLES)
        cls.by_instance = support.by_instance(cls.samples)
        cls.classes = {uid: dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x00080016)
                       for uid, path in cls.by_instance.items()}

    def setUp(self):
        self.ledger = tempfile.mkdtemp(prefix="scu-ledger-")
        self.addCleanup(shutil.rmtree, self.ledger)

    def archive(self, *options, stored=True):
        folder = tempfile.mkdtemp(prefix="scu-committing-")
        self.addCleanup(shutil.rmtree, folder)
        self.our_port = peers.free_port()
        archive = scu_archive.ScuArchive(os.path.join(folder, "pacs"), *options, port=peers.free_port(),
                                         move_to=[(support.OUR_TITLE, support.OUR_TITLE, self.our_port)])
        self.addCleanup(archive.close)
        self.addCleanup(archive.stop)
        if stored:
            self.assertEqual(scu("store", archive.address, *self.samples).code, 0)
        return archive

    def ours(self, wait=10):
        return ["--aet", support.OUR_TITLE, "--listen", "%s:%d" % (peers.HOST, self.our_port), "--ledger", self.ledger,
                "--json", "--timeout-commit", str(wait), *WAITS]

    def commit(self, archive, *arguments, code=0, wait=10):
        run = scu("commit", archive.address, *arguments, *self.ours(wait))
        self.assertEqual(run.code, code, run)
        return run

    def states(self, run, event="instance"):
        return {one["sop_instance_uid"]: one["commitment"] for one in run.of(event)}

    def test_files_and_folders_are_read_for_their_uids(self):
        archive = self.archive()
        run = self.commit(archive, "-r", os.path.dirname(self.samples[0]))
        self.assertEqual(self.states(run), dict.fromkeys(self.by_instance, "committed"))
        self.assertEqual((run.summary["ok"], run.summary["committed"], run.summary["failed"]), (4, 4, 0))
        one = run.of("instance")[0]
        self.assertEqual((one["status"], one["outcome"], one["retrieve_ae"]), ("0000", "ok", archive.title))
        self.assertEqual(one["sop_class_uid"], self.classes[one["sop_instance_uid"]])
        self.assertIn("committed 4 of 4 instances", run.err)

    def test_what_is_not_dicom_is_named_and_the_rest_goes_on(self):
        archive = self.archive()
        other = os.path.join(self.ledger, "letter.txt")
        with open(other, "w", encoding="ascii") as file:
            file.write("no image\n" * 40)
        run = self.commit(archive, other, self.samples[0], code=3)
        self.assertEqual(run.summary["committed"], 1)
        self.assertIn("letter.txt", run.err)

    def test_references_and_bare_uids(self):
        archive = self.archive()
        first, second = sorted(self.by_instance)[:2]
        run = self.commit(archive, "%s:%s" % (self.classes[first], first), second, second)
        self.assertEqual(self.states(run), {first: "committed", second: "committed"})
        run = self.commit(archive, first, "1.2.3.998", code=3)
        self.assertEqual(self.states(run), {first: "committed"})
        self.assertIn("1.2.3.998: the peer does not find it", run.err)
        run = self.commit(archive, "1.2.3.998", code=3)
        self.assertEqual(run.of("instance"), [])

    def test_a_list_may_have_all_of_them(self):
        archive = self.archive()
        first, second, third = sorted(self.by_instance)[:3]
        words = os.path.join(self.ledger, "list")
        with open(words, "w", encoding="ascii") as file:
            file.write("%s:%s\n%s\n%s\n" % (self.classes[first], first, second, self.by_instance[third]))
        run = self.commit(archive, "--from", words)
        self.assertEqual(self.states(run), dict.fromkeys((first, second, third), "committed"))

    def test_what_the_archive_does_not_have_has_failed(self):
        archive = self.archive()
        run = self.commit(archive, UNKNOWN, self.samples[0], code=3)
        bad = [one for one in run.of("instance") if one["commitment"] == "failed"]
        self.assertEqual([(one["sop_instance_uid"], one["status"]) for one in bad], [("1.2.3.999", "0112")])
        self.assertIn("does not have this instance (0112)", run.err)
        run = self.commit(archive, UNKNOWN, code=9)
        self.assertEqual(run.summary["not_committed"], 1)

    def test_the_result_on_an_association_of_the_archives(self):
        """The association is released at once: a report that cannot be sent there comes on another."""
        archive = self.archive("--fault", "commit:delay=500")
        run = self.commit(archive, *self.samples, "--commit-hold", "0.001")
        self.assertEqual(run.summary["committed"], 4)

    def test_the_result_on_the_same_association_only(self):
        archive = self.archive()
        run = scu("commit", archive.address, *self.samples, "--ledger", "", "--commit-listen=no", "--json", *WAITS)
        self.assertEqual((run.code, run.summary["committed"]), (0, 4), run)

    def test_the_result_before_the_response(self):
        archive = self.archive("--fault", "commit:early-result")
        self.assertEqual(self.commit(archive, *self.samples).summary["committed"], 4)

    def test_an_instance_in_neither_list_is_not_committed(self):
        archive = self.archive("--fault", "commit:unlisted")
        run = self.commit(archive, *self.samples, code=3)
        self.assertEqual(sorted(self.states(run).values()), ["committed"] * 3 + ["not listed"])

    def test_a_wrong_transaction_uid_is_no_result(self):
        archive = self.archive("--fault", "commit:wrong-transaction")
        run = self.commit(archive, *self.samples, code=8, wait=1)
        self.assertEqual(set(self.states(run).values()), {"pending"})
        self.assertIn("unknown Transaction UID", run.err)

    def test_a_refused_request(self):
        archive = self.archive("--fault", "commit:status=0213")
        run = self.commit(archive, *self.samples, code=9)
        self.assertEqual(run.of("error")[0]["code"], "refused")
        self.assertEqual(os.listdir(self.ledger), [])

    def test_the_class_is_refused(self):
        archive = self.archive("--fault", "associate:refuse=commit")
        self.commit(archive, *self.samples, code=6)

    def test_no_result_in_time_is_resumed(self):
        archive = self.archive("--fault", "commit:no-result@1")
        run = self.commit(archive, *self.samples, code=8, wait=1)
        error = run.of("error")[0]
        self.assertEqual(error["code"], "timeout")
        self.assertIn("--resume", error["hint"])
        self.assertEqual(len(os.listdir(self.ledger)), 1)
        transaction = run.of("instance")[0]["transaction_uid"]
        archive.restart()
        run = self.commit(archive, "--resume", wait=30)
        self.assertEqual({one["transaction_uid"] for one in run.of("instance")}, {transaction})
        self.assertEqual(run.summary["committed"], 4)
        run = self.commit(archive, "--resume")
        self.assertIn("nothing is open", run.err)

    def test_what_came_to_another_run_is_told(self):
        archive = self.archive("--fault", "commit:no-result@1")
        first = self.commit(archive, self.samples[0], code=8, wait=1)
        archive.restart()  # it now reports the first one again and again, and again says nothing of the next
        run = self.commit(archive, UNKNOWN, code=8, wait=10)
        self.assertIn("asked for before, came and is in the ledger: 1 of 1", run.err)
        run = self.commit(archive, "--resume", "--only-listen", code=3, wait=1)
        states = {one["transaction_uid"]: one["commitment"] for one in run.of("instance")}
        self.assertEqual(states.pop(first.of("instance")[0]["transaction_uid"]), "committed", run)
        self.assertEqual(list(states.values()), ["pending"])

    def test_ctrl_c_leaves_it_open(self):
        archive = self.archive("--fault", "commit:no-result")
        command = [support.SCU, "commit", archive.address, *self.samples, *self.ours(wait=60)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=support.ENVIRONMENT) as process:
            theirs = os.path.join(archive.folder, "ledger.journal")
            peers.wait_until(lambda: os.path.getsize(theirs) > 100, 20, "the transaction in the archive's ledger")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        records = [json.loads(line) for line in out.decode().splitlines()]
        self.assertEqual(records[-1]["event"], "summary")
        self.assertEqual(len(os.listdir(self.ledger)), 1)

    def test_store_commit_says_both(self):
        archive = self.archive(stored=False)
        run = scu("store", archive.address, *self.samples, "--commit", *self.ours())
        self.assertEqual(run.code, 0, run)
        self.assertEqual((run.summary["ok"], run.summary["committed"], run.summary["not_committed"]), (4, 4, 0))
        self.assertEqual(self.states(run, "commitment"), dict.fromkeys(self.by_instance, "committed"))
        self.assertEqual(len(run.of("instance")), 4)
        self.assertIn("sent 4 of 4 instances", run.err)
        self.assertIn("committed 4 of 4 instances", run.err)

    def test_store_commit_without_a_result(self):
        archive = self.archive("--fault", "commit:no-result", stored=False)
        run = scu("store", archive.address, *self.samples, "--commit", *self.ours(wait=1))
        self.assertEqual(run.code, 8, run)
        self.assertEqual((run.summary["ok"], run.summary["committed"], run.summary["not_committed"]), (4, 0, 4))

    def test_store_commit_asks_only_for_what_was_stored(self):
        archive = self.archive("--fault", "store:status=A900@2", stored=False)
        run = scu("store", archive.address, *self.samples, "--commit", *self.ours())
        self.assertEqual(run.code, 3, run)
        stored = {one["sop_instance_uid"] for one in run.of("instance") if one["outcome"] == "ok"}
        self.assertEqual(len(stored), 3)
        self.assertEqual(self.states(run, "commitment"), dict.fromkeys(stored, "committed"))

    def test_the_ledger_has_a_place_of_its_own(self):
        archive = self.archive()
        state = os.path.join(self.ledger, "state")
        run = scu("commit", archive.address, self.samples[0], "--listen", "%s:0" % peers.HOST, *WAITS,
                  environment={"XDG_STATE_HOME": state})
        self.assertEqual(run.code, 0, run)
        names = os.listdir(os.path.join(state, "scu", "commitments"))
        self.assertEqual([bool(re.fullmatch(r"2\.25\.\d+\.commitment", name)) for name in names], [True])
        self.assertEqual(run.out, "")

    def test_a_port_in_use_is_told_before_anything_is_asked(self):
        archive = self.archive()
        run = scu("commit", archive.address, self.samples[0], "--listen", "%s:%d" % (peers.HOST, archive.port), "--ledger",
                  self.ledger, "--json")
        self.assertEqual(run.code, 1, run)
        self.assertEqual(os.listdir(self.ledger), [])


class Orthanc(unittest.TestCase):
    """It opens an association of its own for every result."""

    def test_orthanc_commits_what_it_has(self):
        folder = tempfile.mkdtemp(prefix="scu-commit-")
        self.addCleanup(shutil.rmtree, folder)
        samples = make_samples.write_samples(os.path.join(folder, "samples"), SAMPLES)
        orthanc = peers.Orthanc(our_title=support.OUR_TITLE)
        self.addCleanup(orthanc.stop)
        ours = ["--aet", support.OUR_TITLE, "--listen", "%s:%d" % (peers.HOST, orthanc.our_port), "--ledger",
                os.path.join(folder, "ledger"), "--json", "--timeout-commit", "20"]
        run = scu("store", orthanc.address, *samples, "--commit", *ours)
        self.assertEqual(run.code, 0, run)
        self.assertEqual((run.summary["ok"], run.summary["committed"]), (4, 4))
        run = scu("commit", orthanc.address, UNKNOWN, samples[0], *ours)
        self.assertEqual(run.code, 3, run)
        states = {one["sop_instance_uid"]: (one["commitment"], one["status"]) for one in run.of("instance")}
        self.assertEqual(states["1.2.3.999"], ("failed", "0112"))
        self.assertEqual(run.summary["committed"], 1)
        uids = sorted(support.by_instance(samples))
        run = scu("commit", orthanc.address, *uids, *ours)
        self.assertEqual((run.code, run.summary["committed"]), (0, 4), run)


if __name__ == "__main__":
    unittest.main()
