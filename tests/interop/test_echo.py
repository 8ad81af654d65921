"""scu echo: against the real peers, against nobody, and against those who misbehave."""

import re
import tempfile
import unittest

import support  # first: it knows where the others are
import peers
import scu_archive
from support import scu


class EchoToPeers(unittest.TestCase):
    def check(self, peer):
        with peer:
            for arguments in ((), ("--repeat", "5")):
                run = scu("echo", peer.address, *arguments)
                self.assertEqual(run.code, 0, run)

    def test_storescp_answers(self):
        self.check(peers.StoreScp())

    def test_dcmqrscp_answers(self):
        self.check(peers.DcmQrScp())

    def test_orthanc_answers(self):
        self.check(peers.Orthanc())


class OurOwnSide(unittest.TestCase):
    def test_it_is_as_the_options_say_for_dcmtk(self):
        with peers.StoreScp("-d") as storescp:
            run = scu("echo", storescp.address, "--aet", "OWN TITLE", "--max-pdu", "20000", "--local-address", peers.HOST,
                      "--implementation-uid", "1.2.3.4.5", "--implementation-version", "OWN_VERSION")
            self.assertEqual(run.code, 0, run)
            said = storescp.program.output()
        for what, value in (("Their Implementation Class UID", "1.2.3.4.5"), ("Calling Application Name", "OWN TITLE"),
                            ("Their Implementation Version Name", "OWN_VERSION"),
                            ("Called Application Name", storescp.title), ("Their Max PDU Receive Size", "20000")):
            self.assertRegex(said, r"%s: +%s\n" % (what, re.escape(value)))

    def test_a_node_is_a_peer_and_its_limits_are_kept(self):
        with peers.StoreScp("-d") as storescp, tempfile.NamedTemporaryFile("w", suffix=".ini") as nodes:
            nodes.write("[near]\naet = %s\nhost = %s\nport = %d\nmax-pdu = 30000\n"
                        % (storescp.title, peers.HOST, storescp.port))
            nodes.flush()
            run = scu("echo", "near", "--nodes", nodes.name)
            self.assertEqual(run.code, 0, run)
            self.assertRegex(storescp.program.output(), r"Their Max PDU Receive Size: +30000\n")
            self.assertEqual(scu("echo", "far", "--nodes", nodes.name).code, 2)


class EchoThatFails(unittest.TestCase):
    def check(self, behave, codes, *arguments, words=()):
        with peers.Rude(behave) as rude:
            run = scu("echo", "ANY@127.0.0.1:%d" % rude.port, *arguments, seconds=30)
            self.assertIn(run.code, codes, run)
            for word in (str(rude.port), *words):
                self.assertIn(word, run.err, run)
            self.assertEqual(run.out, "", run)

    def test_nobody_listening_is_5_and_names_the_peer(self):
        port = peers.free_port()
        run = scu("echo", "ANY@127.0.0.1:%d" % port)
        self.assertEqual(run.code, 5, run)
        self.assertIn(str(port), run.err)

    def test_a_rejection_is_6_and_says_why(self):
        self.check(peers.rejecting, (6,), words=("called AE",))

    def test_a_rejection_by_dcmtk_is_6(self):
        with peers.DcmQrScp() as peer:
            run = scu("echo", "WRONG@127.0.0.1:%d" % peer.port)
            self.assertEqual(run.code, 6, run)

    def test_a_protocol_version_that_nobody_knows_is_rejected(self):
        with scu_archive.Peer() as archive:
            run = scu("echo", archive.address, "--protocol-version", "2")
            self.assertEqual(run.code, 6, run)
            self.assertRegex(run.err, "protocol version.*1/2/2", run)
            self.assertEqual(scu("echo", archive.address, "--protocol-version", "3").code, 0)

    def test_an_abort_is_6(self):
        self.check(peers.aborting, (6,))

    def test_silence_is_8(self):
        self.check(peers.silent, (8,), "--timeout-associate", "1")

    def test_a_connection_closed_at_once_is_named(self):
        self.check(peers.closing, (1, 5, 6))

    def test_garbage_is_named(self):
        self.check(peers.garbage, (1, 6))

    def test_an_answer_that_stops_midway_is_named(self):
        self.check(peers.half_accept, (1, 5, 6))

    def test_usage_errors_are_2(self):
        for arguments in (("echo",), ("echo", "ANY@"), ("echo", "ANY@127.0.0.1:99999"), ("nonsense",),
                          ("echo", "ANY@127.0.0.1:104", "--no-such-option"),
                          ("echo", "ATITLELONGERTHAN16@127.0.0.1:104")):
            with self.subTest(arguments=arguments):
                run = scu(*arguments)
                self.assertEqual(run.code, 2, run)
                self.assertNotEqual(run.err, "", run)

    def test_version_tells_what_is_in(self):
        run = scu("version")
        self.assertEqual(run.code, 0, run)
        self.assertRegex(run.out, r"0\.1\.\d")


if __name__ == "__main__":
    unittest.main()
