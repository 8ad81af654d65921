"""User identity as others see it: DCMTK as client of an archive that asks who it is, DCMTK and Orthanc as peers that never
look, and Wireshark reading what we send."""

import os
import shutil
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import make_samples
import peers
from scu_archive import ScuArchive
from support import run_tool, scu

PASSCODE = "tiger"
WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-identity-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return path


class DcmtkAsClient(Case):
    def setUp(self):
        super().setUp()
        self.sample = make_samples.write_samples(os.path.join(self.folder, "samples"))[0]
        passcode = self.write("passcode", PASSCODE + "\n")
        self.archive = ScuArchive(os.path.join(self.folder, "pacs"), "--accept-user", "bob", "--accept-user",
                                  "alice:" + passcode)
        self.addCleanup(self.archive.__exit__)

    def store(self, *options):
        run = run_tool("storescu", *options, "-aec", self.archive.title, peers.HOST, self.archive.port, self.sample,
                       check=False)
        return run.returncode == 0, run.stdout.decode("utf-8", "replace")

    def test_known_users_store_and_are_confirmed(self):
        for options in (("--user", "bob"), ("--user", "bob", "-rsp"), ("--user", "alice", "--password", PASSCODE),
                        ("--user", "alice", "--password", PASSCODE, "-rsp")):
            is_stored, said = self.store(*options)
            self.assertTrue(is_stored, said)
        self.assertEqual(len(self.archive.objects()), 1)

    def test_everybody_else_is_rejected(self):
        token = self.write("token", WEB_TOKEN)
        for options in ((), ("--user", "eve"), ("--user", "alice"), ("--user", "alice", "--password", "tigers"),
                        ("--user", "alice", "--empty-password"), ("--user", "bob", "--password", PASSCODE),
                        ("--jwt", token), ("--saml", token), ("--kerberos", token)):
            is_stored, said = self.store(*options)
            self.assertFalse(is_stored, options)
            self.assertIn("Reject", said)
        self.assertEqual(self.archive.objects(), {})


class PeersThatNeverLook(Case):
    def check(self, peer):
        with peer:
            run = scu("echo", peer.address, "--user", "alice", "--json")
            self.assertEqual(run.code, 7, run)
            self.assertEqual(run.of("error")[0]["code"], "security")
            run = scu("echo", peer.address, "--user", "alice", "--identity-optional")
            self.assertEqual((run.code, "did not confirm" in run.err), (0, True), run)
            run = scu("echo", peer.address, "--user", "alice", "--identity-response=no")
            self.assertEqual((run.code, run.err), (0, ""), run)

    def test_storescp(self):
        self.check(peers.StoreScp())

    def test_dcmqrscp(self):
        self.check(peers.DcmQrScp())

    def test_orthanc(self):
        self.check(peers.Orthanc())


@unittest.skipUnless(shutil.which("tshark") and shutil.which("text2pcap"), "Wireshark's tools are not installed")
class Wireshark(Case):
    def request(self, *options):
        """Our A-ASSOCIATE-RQ as Wireshark writes it down."""
        caught = []

        def behave(connection, released):
            caught.append(connection.recv(65536))

        with peers.Rude(behave) as rude:
            scu("echo", "ANY@127.0.0.1:%d" % rude.port, *options, seconds=30)
        dump, capture = os.path.join(self.folder, "dump"), os.path.join(self.folder, "pcap")
        with open(dump, "w", encoding="ascii") as file:
            file.write("0000 " + " ".join("%02x" % byte for byte in caught[0]) + "\n")
        subprocess.run(["text2pcap", "-q", "-T", "40000,104", dump, capture], check=True, capture_output=True)
        read = subprocess.run(["tshark", "-r", capture, "-d", "tcp.port==104,dicom", "-V"], check=True,
                              capture_output=True, env=support.ENVIRONMENT)
        return read.stdout.decode("utf-8", "replace")

    def test_user_and_kind_are_read_by_wireshark(self):
        passcode = self.write("passcode", PASSCODE)
        token = self.write("token", WEB_TOKEN)
        saml = self.write("saml", "<saml/>")
        ticket = self.write("ticket", "ticket")
        plain = "--identity-over-plain"
        for kind, options, content in (
                (1, ("--user", "alice"), "alice"),
                (2, ("--user", "alice", "--passcode-file", passcode, plain), PASSCODE),
                (3, ("--identity-file", ticket, plain), "ticket"),
                (4, ("--identity-file", saml, plain), "<saml/>"),
                (5, ("--identity-file", token, plain), WEB_TOKEN)):
            said = self.request(*options)
            self.assertNotIn("Malformed", said)
            item = said.split("Item Type: User Identity (0x58)")[1]
            self.assertRegex(item, r"(?m)^ *Type: .*\(%d\)$" % kind)
            self.assertRegex(item, r"Response Requested: 1\n")
            self.assertIn(content, item)


if __name__ == "__main__":
    unittest.main()
