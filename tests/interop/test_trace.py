"""`--trace FILE.pcapng` as Wireshark reads it: every PDU that went over the wire, nothing malformed, no secret."""

import os
import resource
import shutil
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import peers
from scu_archive import Peer
from support import scu


def tshark(path, ports, *options):
    """Lines of tshark over a trace, whose ports it is told to be DICOM; checksums are checked."""
    decode = [word for port in ports for word in ("-d", "tcp.port==%d,dicom" % port)]
    run = subprocess.run(["tshark", "-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", *decode,
                          *options], check=True, capture_output=True, env=support.ENVIRONMENT)
    return run.stdout.decode("utf-8", "replace").splitlines()


ODD = "_ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0"


class Trace(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-trace-")
        self.addCleanup(shutil.rmtree, self.folder)

    def trace(self, name):
        return os.path.join(self.folder, name + ".pcapng")

    def messages(self, name, ports):
        """What tshark calls the DICOM packets of a trace that it finds in order."""
        path = self.trace(name)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(tshark(path, ports, "-Y", ODD), [])
        lines = tshark(path, ports, "-Y", "dicom", "-T", "fields", "-e", "_ws.col.Info")
        self.assertEqual(sum("A-RELEASE request" in line for line in lines),
                         sum("A-ASSOCIATE request" in line for line in lines), lines)
        return lines

    def count(self, lines, word):
        return sum(line.count(word) for line in lines)

    def run_scu(self, *arguments):
        run = scu(*arguments)
        self.assertEqual(run.code, 0, run)
        return run

    def test_all_services_on_both_sides_are_read_by_wireshark(self):
        both = self.trace("archive")
        with Peer("--demo", "--trace", both) as archive:
            ports = [archive.port, archive.our_port]
            images = len(archive.objects())
            self.run_scu("echo", archive.address, "--trace", self.trace("echo"))
            found = self.run_scu("find", archive.address, "--level", "study", "--all", "--json", "--trace",
                                 self.trace("find"))
            self.run_scu("get", archive.address, "PatientID=*", "--all", "-o", os.path.join(self.folder, "got"),
                         "--trace", self.trace("get"))
            self.run_scu("move", archive.address, "PatientID=*", "--all", "-o", os.path.join(self.folder, "moved"),
                         "--listen", "127.0.0.1:%d" % archive.our_port, "--aet", archive.our_title,
                         "--trace", self.trace("move"))
            self.run_scu("store", "-r", archive.address, os.path.join(self.folder, "got"), "--trace",
                         self.trace("store"))
        self.assertEqual(self.count(self.messages("echo", ports), "C-ECHO-RQ"), 1)
        studies = len([line for line in found.out.splitlines() if "0020000D" in line])
        self.assertGreater(studies, 2)
        self.assertEqual(self.count(self.messages("find", ports), "C-FIND-RSP-DATA"), studies)
        for name in ("get", "move", "store"):
            self.assertEqual(self.count(self.messages(name, ports), "C-STORE-RSP"), images, name)
        theirs = self.messages("archive", ports)
        self.assertEqual(self.count(theirs, "C-STORE-RSP"), 3 * images)
        self.assertEqual(self.count(theirs, "C-ECHO-RSP"), 1)

    def test_a_passcode_is_not_in_it_and_a_users_name_is(self):
        passcode = os.path.join(self.folder, "passcode")
        with open(os.open(passcode, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("TIGER-CANARY")
        with Peer("--accept-user", "alice:" + passcode, "--trace", self.trace("archive")) as archive:
            self.run_scu("echo", archive.address, "--user", "alice", "--passcode-file", passcode,
                         "--identity-over-plain", "--trace", self.trace("echo"))
        for name in ("archive", "echo"):
            with open(self.trace(name), "rb") as file:
                content = file.read()
            self.assertIn(b"alice", content)
            self.assertNotIn(b"TIGER", content)

    def test_a_trace_that_cannot_be_written_is_said(self):
        with Peer() as archive:
            run = scu("echo", archive.address, "--trace", os.path.join(self.folder, "missing", "x.pcapng"))
            self.assertEqual(run.code, 11, run)
            self.assertIn("missing/x.pcapng", run.err)

    def test_a_trace_that_is_cut_off_is_said_while_the_command_runs(self):
        def limit():
            peers.die_with_parent()
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        port = peers.free_port()
        with tempfile.TemporaryFile() as said:
            def has_said(text):
                return text in os.pread(said.fileno(), 65536, 0)

            listener = subprocess.Popen([support.SCU, "listen", "-o", os.path.join(self.folder, "in"), "--port",
                                         "127.0.0.1:%d" % port, "--trace", self.trace("short")], stderr=said,
                                        env=support.ENVIRONMENT, preexec_fn=limit)
            try:
                peers.wait_until(lambda: has_said(b"listening"), 20, "the listener")
                for _ in range(4):
                    self.run_scu("echo", "ANY@127.0.0.1:%d" % port)
                peers.wait_until(lambda: has_said(b"warning: the trace is cut off"), 20, "the warning")
                self.run_scu("echo", "ANY@127.0.0.1:%d" % port)
            finally:
                listener.terminate()
                code = listener.wait(30)
        self.assertEqual(code, 11)
        self.assertEqual(tshark(self.trace("short"), [port], "-Y", "_ws.malformed"), [])


if __name__ == "__main__":
    unittest.main()
