"""scu against `scu archive --fault`: every fault, and what each command makes of it.

Checked for each: the exit code, what the JSON records count, at most one error that names peer, phase and reason, a bounded
time, no file under a final name that is not whole, and that the archive itself ends as it should. Rows of the catalogue
in brackets.
"""

import concurrent.futures
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import dicomfile
import make_samples
import peers
from archives import STUDIES
from support import scu

TITLE = "FAULTY"
WAITS = ["--timeout-connect", "2", "--timeout-associate", "1", "--timeout-response", "1", "--timeout-idle", "1",
         "--timeout-release", "1"]
CANCEL_WAIT = ["--cancel-wait", "1"]
RETRIEVE_WAITS = ["--timeout-retrieve", "2", "--move-grace", "1", *CANCEL_WAIT]
STUDY = STUDIES["ct study"]
SENT = {"ct-1.dcm", "ct-2.dcm", "mr-implicit.dcm"}
SECONDS = 5  # for all the time-outs above, one after the other, and some room


class Archive:
    """`scu archive` on a folder, with this fault; ready when it says so."""

    def __init__(self, folder, fault=None, our_port=None):
        self.out = tempfile.TemporaryFile()
        command = [support.SCU, "archive", folder, "--aet", TITLE, "--port", peers.HOST + ":0", "--durability", "none"]
        if our_port:
            command += ["--peer", "%s=%s@%s:%d" % (support.OUR_TITLE, support.OUR_TITLE, peers.HOST, our_port)]
        if fault:
            command += ["--fault", fault]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.out,
                                        env=support.ENVIRONMENT, preexec_fn=peers.die_with_parent)
        try:
            peers.wait_until(self.ready_line, 20, "the ready line of scu archive")
        except BaseException:
            self.stop()
            raise
        self.address = "%s@%s:%s" % (TITLE, peers.HOST, self.ready_line().group(1))

    def said(self):
        return os.pread(self.out.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def ready_line(self):
        if self.process.poll() is not None:
            raise RuntimeError("scu archive ended with %d: %s" % (self.process.returncode, self.said()))
        return re.search(r"^listening on \S+:(\d+) as %s$" % TITLE, self.said(), re.M)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            support.wait_for(self.process, 15)
        code = self.process.returncode
        said = self.said()
        self.out.close()
        return code, said

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code, said = self.stop()
        # 11: it could not keep an instance, as it was told to.
        if kind is None and code not in (0, 11):
            raise AssertionError("the archive ended with %s\n%s" % (code, said[-6000:]))


def every(faults, *expected, step=None, **more):
    """One row for each of the faults at a step."""
    return [("%s:%s" % (step, fault) if step else fault, expected, more) for fault in faults.split()]


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="scu-faults-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.samples = make_samples.write_samples(os.path.join(cls.folder, "samples"))
        cls.sent = [path for path in cls.samples if os.path.basename(path) in SENT]
        cls.by_instance = support.by_instance(cls.samples)
        cls.filled = os.path.join(cls.folder, "archive")
        with Archive(cls.filled) as archive:
            run = scu("store", archive.address, *cls.samples)
            if run.code != 0:
                raise AssertionError("the archive could not be filled\n%s" % run)
        cls.study = {uid for uid, path in cls.by_instance.items()
                     if dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x0020000D) == STUDY}
        cls.numbers = itertools.count(1)

    def new_folder(self):
        return os.path.join(self.folder, str(next(self.numbers)))

    def echo(self, address, *more):
        return scu("echo", address, "--json", *WAITS, *more, seconds=30), None

    def store(self, address, *more):
        return scu("store", address, *self.sent, "--json", "--retries", "0", *WAITS, *more, seconds=30), None

    def store_patiently(self, address, *more):
        return scu("store", address, *self.sent, "--json", "--retry-wait", "0.1", *WAITS, *more, seconds=30), None

    def find(self, address, *more):
        return scu("find", address, "PatientID=SCU-*", "-k", "StudyInstanceUID", "-k", "PatientName", "--json", *WAITS,
                   *CANCEL_WAIT, *more, seconds=30), None

    def get(self, address, *more):
        folder = self.new_folder()
        return scu("get", address, "StudyInstanceUID=" + STUDY, "--with", "get", "-o", folder, "--json", *WAITS,
                   *RETRIEVE_WAITS, *more, seconds=30), folder

    def move(self, address, *more, our_port):
        folder = self.new_folder()
        return scu("move", address, "StudyInstanceUID=" + STUDY, "--aet", support.OUR_TITLE, "--listen",
                   "%s:%d" % (peers.HOST, our_port), "-o", folder, "--json", *WAITS, *RETRIEVE_WAITS, *more,
                   seconds=30), folder

    def check_error(self, command, run, address, code, phase):
        errors = run.of("error")
        self.assertEqual([(error["code"], error["phase"]) for error in errors], [(code, phase)] if code else [], run)
        for error in errors:
            self.assertTrue(error["reason"], run)
            lines = [line for line in run.err.splitlines() if line.startswith("scu %s: " % command)]
            self.assertEqual(len(lines), 1, run)
            self.assertTrue(lines[0].startswith("scu %s: %s: %s: " % (command, address, phase)), run)

    def check_files(self, run, folder):
        """What has a final name is whole, and every instance that the records call good is there."""
        files = support.files_under(folder) if folder else []
        received = {}
        for path in files:
            self.assertRegex(os.path.basename(path), r"^[0-9.]+\.dcm$", run)
            uid = os.path.basename(path)[:-len(".dcm")]
            self.assertEqual(support.differences(self.by_instance[uid], path), [], run)
            received[uid] = path
        good = {event["sop_instance_uid"] for event in run.of("instance") if event["outcome"] in ("ok", "warning")}
        # Safe on disk when its association went: whole, but nobody was told.
        unsaid = {event["sop_instance_uid"] for event in run.of("instance")
                  if event["reason"] == "the association ended before the acknowledgement was sent"}
        if folder:
            self.assertEqual(set(received) - unsaid, good - unsaid, run)
        return set(received) - unsaid

    def attempt(self, command, fault, more=()):
        """(run, output folder, the archive's address); several at a time: most of it is waiting for time-outs."""
        folder = self.new_folder()  # an archive has its folder for itself
        if command != "store":
            shutil.copytree(self.filled, folder)
        our_port = peers.free_port()
        with Archive(folder, fault, our_port) as archive:
            run, output = getattr(self, command)(archive.address, *more, **({"our_port": our_port} if command == "move"
                                                                            else {}))
            return run, output, archive.address

    def verify(self, command, attempt, code, ok, error=None, phase="response", says=None, seconds=SECONDS, more=()):
        """ok: how many instances, matches or echoes the summary counts as good."""
        run, output, address = attempt
        self.assertEqual(run.code, code, run)
        self.assertEqual(run.summary["exit_code"], code, run)
        self.assertEqual(run.summary["ok"] + run.summary["warnings"], ok, run)
        self.assertLess(run.seconds, seconds, run)
        self.check_error(command, run, address, error, phase)
        received = self.check_files(run, output)
        missing = {event["sop_instance_uid"] for event in run.of("missing")}
        self.assertFalse(missing & received, run)
        if says:
            self.assertRegex(run.err, says, run)
        return run

    def check(self, command, fault, code, ok, **keywords):
        with self.subTest("%s against %s" % (command, fault)):
            return self.verify(command, self.attempt(command, fault, keywords.get("more", ())), code, ok, **keywords)

    def check_all(self, command, rows):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            attempts = [pool.submit(self.attempt, command, fault) for fault, _, _ in rows]
            for (fault, (code, ok, *rest), more), attempt in zip(rows, attempts):
                with self.subTest("%s against %s" % (command, fault)):
                    self.verify(command, attempt.result(), code, ok, **dict(zip(("error", "phase", "says"), rest), **more))

    # --- associations [P29, D14] ---

    def test_peers_that_fail_before_the_association_is_there(self):
        rows = []
        for step in ("connect", "associate"):
            rows += every("silence", 8, 0, "timeout", "associate", step=step)
            rows += every("close cut", 6, 0, "closed", "associate", step=step)
            rows += every("garbage", 6, 0, "protocol", "associate", "something else where a DICOM PDU", step=step)
        rows += every("associate:abort", 6, 0, "aborted", "associate")
        rows += every("associate:reject", 6, 0, "rejected", "associate", r"1/1/1")
        rows += every("associate:reject=1/1/7", 6, 0, "rejected", "associate", r"called AE title not recogni[sz]ed.*1/1/7")
        rows += every("associate:reject=2/3/2", 6, 0, "rejected", "associate", r"2/3/2(.|\n)*try: the peer is busy")
        rows += every("associate:refuse=all associate:refuse=echo associate:refuse=1.2.840.10008.1.1/1", 6, 0, "rejected",
                      "associate", r"1\.2\.840\.10008\.1\.1")
        rows += every("connect:delay=300 associate:delay=300 associate:pdu=16 associate:pdu=100", 0, 1)
        self.check_all("echo", rows)
        self.check_all("find", every("associate:refuse=find", 6, 0, "rejected", "associate", "1.2.840.10008.5.1.4.1.2.2.1"))

    def test_peers_that_fail_before_they_answer(self):
        for step in ("associated", "request", "echo"):
            rows = every("silence", 8, 0, "timeout", "response", step=step)
            rows += every("close", 6, 0, "closed", "response", step=step)
            rows += every("garbage", 6, 0, "protocol", "response", step=step)
            rows += every("delay=300", 0, 1, step=step)
            if step != "associated":
                rows += every("reset cut", 6, 0, "closed", "response", step=step)
                rows += every("abort", 6, 0, "aborted", "response", step=step)
            self.check_all("echo", rows)
        self.check_all("echo", every("status=0122 status=0211 status=0110", 9, 0, "refused", "response", step="echo"))

    def test_a_connection_that_breaks_when_we_are_about_to_ask(self):
        """Whether connecting, sending or waiting notices first is the kernel's choice."""
        for fault, codes, phases in (("connect:reset", (5, 6), ("connect", "associate")),
                                     ("associate:reset", (6,), ("associate",)),
                                     ("associated:reset", (6,), ("request", "response")),
                                     ("associated:abort", (6,), ("request", "response"))):
            with self.subTest(fault):
                run, _, address = self.attempt("echo", fault)
                self.assertIn(run.code, codes, run)
                self.assertEqual(len(run.of("error")), 1, run)
                self.assertIn(run.of("error")[0]["phase"], phases, run)
                self.assertIn("scu echo: %s: " % address, run.err, run)

    def test_what_goes_wrong_at_the_release_changes_nothing_of_what_was_done(self):
        faults = "silence close reset garbage cut abort delay=300"
        self.check_all("echo", every(faults, 0, 1, step="release"))
        self.check_all("store", every(faults, 0, 3, step="release"))

    # --- store [D13, D14] ---

    def test_statuses_of_stores(self):
        failures = "A700 A9FF C123 0110 0122 0124 1234"
        for status in failures.split():
            self.check_all("store", every("store:status=%s@2 ingest:status=%s@2" % (status, status), 3, 2))
            self.check_all("store", every("store:status=%s ingest:status=%s" % (status, status), 9, 0))
        self.check_all("store", every("ingest:status=B000@2 ingest:status=B006@2 ingest:status=B007@2", 0, 3))
        self.check_all("store", every("ingest:full@2", 3, 2, None, None, "out of resources"))
        self.check_all("store", every("ingest:full", 9, 0))

    def test_what_a_store_is_answered_stands_in_its_record(self):
        run = self.check("store", "ingest:status=A789@1,ingest:status=B006@2", 3, 2)
        by_name = {os.path.basename(event["path"]): event for event in run.of("instance")}
        self.assertEqual([(by_name[name]["status"], by_name[name]["outcome"]) for name in sorted(SENT)],
                         [("A789", "failed"), ("B006", "warning"), ("0000", "ok")], run)

    def test_stores_that_are_never_answered(self):
        self.check_all("store", every("store:silence", 8, 0, "timeout", "response"))
        self.check_all("store", every("store:silence@2", 3, 1, "timeout", "response"))

    def test_a_lost_association_costs_the_instance_that_was_under_way(self):
        self.check_all("store", every("close@2 reset@2 garbage@2 cut@2 abort@2", 3, 2, None, None,
                                      "its fate is unknown(.|\n)*the rest is sent over another one", step="store"))

    def test_what_may_be_otherwise_next_time_is_sent_again(self):
        """Once, that is: what goes on failing is told after the third time."""
        for fault in ("store:close@2", "store:reset@2", "store:cut@2", "store:abort@2", "store:status=A700@2",
                      "ingest:full@2", "associate:reject=2/3/1@1"):
            with self.subTest(fault), Archive(self.new_folder(), fault) as archive:
                run, _ = self.store_patiently(archive.address)
                self.assertEqual((run.code, run.summary["ok"]), (0, 3), run)
                self.assertRegex(run.err, "trying again|over another one")
        for fault, code in (("store:close", 6), ("store:status=A700", 9), ("associate:reject=2/3/1", 6)):
            with self.subTest(fault), Archive(self.new_folder(), fault) as archive:
                run, _ = self.store_patiently(archive.address)
                self.assertEqual((run.code, run.summary["ok"], run.summary["failed"]), (code, 0, 3), run)

    def test_slow_and_small_peers_get_everything(self):
        self.check_all("store", every("store:delay=300 associate:pdu=16 associate:pdu=500 associate:no-roles", 0, 3))

    def test_refused_contexts_cost_their_instances(self):
        self.check_all("store", every("associate:refuse=1.2.840.10008.5.1.4.1.1.4/4", 3, 2, None, None,
                                      "MR Image Storage.*transfer syntaxes not supported"))

    def test_success_of_a_store_that_loses_is_believed(self):
        """Nothing in the protocol tells; storage commitment is for that."""
        self.check_all("store", every("ingest:lose", 0, 3))

    # --- find [D09, D11, D12] ---

    ROWS = 7  # studies in the sample set

    def test_queries_that_are_refused(self):
        self.check_all("find", every("status=A700 status=0122 status=C123 status=A900 status=0124", 9, 0, "refused",
                                     "response", step="find"))
        self.check_all("find", every("status=A700 status=C001 status=FE00", 9, self.ROWS, "refused", "response",
                                     step="final"))

    def test_queries_that_end_in_the_middle_keep_the_rows_and_fail(self):
        for step, rows in (("find", 0), ("match", 2), ("final", self.ROWS)):
            at = "@3" if step == "match" else ""
            self.check_all("find", every("silence" + at, 8, rows, "timeout", "response", step=step))
            self.check_all("find", every("close%s reset%s" % (at, at), 6, rows, "closed", "response", step=step))
            self.check_all("find", every("garbage" + at, 6, rows, "protocol", "response", step=step))
            self.check_all("find", every("abort" + at, 6, rows, "aborted", "response", step=step))
            self.check_all("find", every("delay=300" + at, 0, self.ROWS, step=step))

    def test_a_response_that_is_cut_is_no_row(self):
        run, _, address = self.attempt("find", "match:cut@3")
        self.assertEqual(run.code, 6, run)
        self.assertLess(run.summary["ok"], self.ROWS, run)
        self.check_error("find", run, address, "closed", "response")

    def test_a_peer_that_is_silent_for_too_long_between_rows(self):
        self.check_all("find", every("match:delay=3000@3", 8, 2, "timeout", "response"))

    def test_a_malformed_row_ends_the_query_and_the_others_stand(self):
        self.check_all("find", every("match:malformed@3", 6, 2, "malformed", "response", "C-FIND match 3"))

    def test_rows_after_the_final_response_change_nothing(self):
        self.check_all("find", every("find-final:late=1 find-final:late=500", 0, self.ROWS))

    def test_capped_answers(self):
        self.check_all("find", every("find:cap=2", 0, 2))
        self.check_all("find", every("find:cap=2/A700", 9, 2, "refused", "response", "narrow the query"))
        for command in ("get", "move"):  # what is promised may be a part: never complete
            self.check_all(command, every("find:cap=2/B001", 3, 3, None, None,
                                          "cut off: 2 matches(.|\n)*, 1 that were not promised: incomplete, "
                                          "there may be more"))

    def test_a_final_status_that_warns_is_no_failure(self):
        """PS3.7 C: 0001, 0107, 0116 and Bxxx are warnings whoever sends them."""
        for status in ("0001", "0107", "0116", "B123"):
            self.check_all("find", every("final:status=" + status, 0, self.ROWS, None, None,
                                         "warning: the peer ended with status " + status))

    def test_rows_that_are_left_out_doubled_or_warned_about(self):
        self.check_all("find", every("match:drop@every=2", 0, 4))
        self.check_all("find", every("match:duplicate@2", 0, self.ROWS))
        self.check_all("find", every("match:status=FF01", 0, self.ROWS))
        self.check_all("find", every("find:ignore=PatientID", 0, self.ROWS))

    def test_extended_negotiation_is_answered_in_every_wrong_way(self):
        for how in ("none", "short", "unasked", "find-only"):
            self.check_all("find", every("associate:extended=" + how, 0, self.ROWS))
            self.check_all("move", every("associate:extended=" + how, 0, 3))

    def names(self, fault):
        run = self.check("find", fault, 0, self.ROWS)
        return {value["Alphabetic"] if "Alphabetic" in value else str(value) for row in run.events
                for value in row.get("00100010", {}).get("Value", []) if isinstance(value, dict)}, run

    def test_wrong_character_sets_cost_no_row(self):
        right, _ = self.names("find:delay=1")
        for claim in ("none", "ISO_IR 100", "nonsense", "ISO 2022 IR 6\\ISO 2022 IR 87"):
            told, run = self.names("match:charset=" + claim)
            self.assertNotIn("Traceback", run.err)
            self.assertEqual(len(told) > 0, len(right) > 0, run)
            ascii_names = {name for name in right if name.isascii()}
            self.assertTrue(ascii_names <= told, run)

    # --- retrieve [P36, D16, D17, D19, D20] ---

    def test_retrievals_that_are_refused(self):
        for command in ("get", "move"):
            rows = every("status=A701 status=A702 status=A900 status=C001 status=0122 status=0124", 9, 0, "refused",
                         "response", step=command)
            self.check_all(command, rows)
        self.check_all("move", every("move:status=A801", 9, 0, "refused", "response", "try: register the destination"))

    def test_success_that_brings_nothing_is_not_done(self):
        for command in ("get", "move"):
            run = self.check(command, command + ":empty", 3, 0, says="incomplete")
            self.assertEqual({event["sop_instance_uid"] for event in run.of("missing")}, self.study, run)
            run = self.check(command, "sub:drop", 3, 0, says="incomplete")
            self.assertEqual({event["sop_instance_uid"] for event in run.of("missing")}, self.study, run)

    def test_what_is_left_out_is_asked_for_again(self):
        for command in ("get", "move"):
            self.check_all(command, every("sub:drop@2 sub:fail@2", 0, 3, None, None, "asking again"))

    def test_failed_lists_of_every_kind(self):
        for command in ("get", "move"):
            rows = ["sub:fail@2,%s-final:list=%s" % (command, what) for what in ("none", "malformed", "65536")]
            self.check_all(command, every(" ".join(rows), 0, 3, None, None, "asking again"))

    def test_numbers_that_are_missing_or_lie(self):
        for command in ("get", "move"):
            for how in ("none", "zero", "backwards"):
                self.check_all(command, every("pending:counts=%s %s-final:counts=%s" % (how, command, how), 0, 3))
            self.check_all(command, every("pending:drop %s:early" % command, 0, 3))

    def test_a_final_status_does_not_undo_what_is_here(self):
        for command in ("get", "move"):
            self.check_all(command, every("status=B000", 0, 3, None, None, "warning: the peer ended with status B000",
                                          step=command + "-final"))
            self.check_all(command, every("status=A702 status=C001 status=0110", 9, 3, "refused", "response",
                                          step=command + "-final"))

    def test_an_association_that_ends_in_mid_retrieval(self):
        """A get that brought something asks for the rest over another association."""
        ends = (("silence", "timeout"), ("close", "closed"), ("reset", "closed"), ("garbage", "protocol"),
                ("abort", "aborted"))
        for fault, error in ends:
            lost = 8 if error == "timeout" else 6
            for command in ("get", "move"):
                self.check_all(command, every("%s:%s" % (command, fault), lost, 0, error, "response"))
            self.check_all("get", every("get-final:" + fault, 0, 3, None, None, "but everything is here"))
            self.check_all("move", every("move-final:" + fault, lost, 3, error, "response"))
            self.check_all("get", every("sent:%s@2 pending:%s@2" % (fault, fault), 0, 3, None, None,
                                        "asking again for the rest"))
        self.check_all("move", every("pending:close@2", 3, 2, "closed", "response"))
        self.check_all("move", every("pending:abort@2", 3, 2, "aborted", "response"))

    def test_a_sending_association_that_breaks_is_made_up_for(self):
        self.check_all("move", every("sent:close@2 sent:reset@2 sent:garbage@2 sent:abort@2", 0, 3))

    def test_slow_retrievals_are_waited_for(self):
        for command in ("get", "move"):
            self.check_all(command, every("sent:delay=300 pending:delay=500@2 %s-final:delay=500 %s:delay=500" %
                                          (command, command), 0, 3))

    def test_sub_operations_after_the_final_response_are_in_the_grace_window(self):
        self.check_all("move", every("move:early-final move:early-final,sent:delay=300", 0, 3))
        self.check_all("get", every("get:early-final", 3, 0))

    def test_a_stranger_that_sends_is_named(self):
        self.check_all("move", every("move:ae=STRANGER", 9, 0, "refused", "response", "STRANGER at .* was rejected"))
        self.check("move", "move:ae=STRANGER", 0, 3, more=["--accept-from", "STRANGER"])

    def test_no_role_is_an_error_before_the_request(self):
        self.check_all("get", every("associate:no-roles associate:refuse=storage", 6, 0, "rejected", "associate",
                                    "no storage SCP role(.|\n)*role selection"))
        self.check_all("move", every("associate:no-roles associate:refuse=storage", 0, 3))
        self.check_all("get", every("associate:refuse=get", 6, 0, "rejected", "associate"))
        self.check_all("move", every("associate:refuse=move", 6, 0, "rejected", "associate"))

    def test_rows_that_lie_about_where_things_are_do_not_stop_a_retrieval(self):
        for command in ("get", "move"):
            self.check_all(command, every("match:duplicate match:status=FF01 match:charset=none", 0, 3))

    def test_tiny_pdus_bring_everything(self):
        for command in ("get", "move"):
            self.check_all(command, every("associate:pdu=16 associate:pdu=301", 0, 3))

    # --- the option itself ---

    def test_a_fault_that_is_none_is_a_usage_error_that_names_it(self):
        for fault, named in (("find:frob", "frob"), ("nowhere:close", "nowhere"), ("find", "find"),
                             ("find:status=XYZ1", "XYZ1"), ("match:status=0000", "0000"), ("echo:close@0", "0"),
                             ("echo:close@every=0", "every=0"), ("echo:close=1", "1"), ("echo:close,", "")):
            with self.subTest(fault):
                run = scu("archive", self.new_folder(), "--port", peers.HOST + ":0", "--fault", fault, seconds=10)
                self.assertEqual(run.code, 2, run)
                self.assertIn("'%s'" % named, run.err, run)


if __name__ == "__main__":
    unittest.main()
