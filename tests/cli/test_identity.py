"""User identity: what goes out, what must not, what the answer means, and that no secret is ever said."""

import os
import struct
import subprocess
import unittest

from clitest import SCU, SECONDS, CliTest

SECRET = "TIGER-CANARY"
WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"


def identity(kind, primary, secondary=b"", wants=1):
    return struct.pack(">BBH", kind, wants, len(primary)) + primary + struct.pack(">H", len(secondary)) + secondary


class Identity(CliTest):
    def secret(self, name, content=SECRET + "\n"):
        path = self.write(name, content)
        os.chmod(path, 0o600)
        return path

    def echo(self, peer, *arguments, **more):
        """An echo; no secret may be in what it says."""
        result = self.scu("echo", peer.name, *arguments, **more)
        self.assertNotIn(SECRET.encode(), result.out + result.err)
        self.assertNotIn(WEB_TOKEN.encode(), result.out + result.err)
        return result

    def test_a_user_name_goes_over_plain_tcp_and_is_confirmed(self):
        peer = self.peer(confirms=b"")
        result = self.echo(peer, "--user", "Jos\u00e9", "-v", code=0)
        self.assertEqual(peer.identities, [identity(1, "Jos\u00e9".encode())])
        self.assertIn("user identity: confirmed", result.talk)

    def test_a_passcode_comes_from_a_file_a_descriptor_or_the_environment(self):
        wanted = identity(2, b"alice", SECRET.encode())
        options = ("--user", "alice", "--identity-over-plain", "--passcode-file")
        for content in (SECRET, SECRET + "\n", SECRET + "\r\n"):
            peer = self.peer(confirms=b"")
            self.echo(peer, *options, self.secret("passcode", content), code=0)
            self.assertEqual(peer.identities, [wanted])
        peer = self.peer(confirms=b"")
        self.echo(peer, *options, "fd:0", stdin=SECRET.encode() + b"\n", code=0)
        self.echo(peer, *options, "env:PASSCODE", environment={"PASSCODE": SECRET}, code=0)
        self.assertEqual(peer.identities, [wanted, wanted])
        self.assertEqual(self.echo(peer, *options, self.secret("passcode")).talk, "")

    def test_a_passcode_in_utf8_loses_its_newline_and_a_binary_ticket_does_not(self):
        peer = self.peer(confirms=b"")
        self.echo(peer, "--user", "a", "--identity-over-plain", "--passcode-file",
                  self.secret("passcode", "\u00fcber\n"), code=0)
        ticket = b"\x6e\x03\x02\x01\x0a"
        self.echo(peer, "--identity-over-plain", "--identity-file", self.secret("ticket", ticket), code=0)
        self.assertEqual(peer.identities, [identity(2, b"a", "\u00fcber".encode()), identity(3, ticket)])

    def test_the_kind_of_a_token_is_seen_or_said(self):
        saml = b"<saml:Assertion>x</saml:Assertion>"
        for kind, content, said, words in ((5, WEB_TOKEN.encode(), None, "JSON Web Token (by its content)"),
                                           (4, saml, None, "SAML assertion (by its content)"),
                                           (3, b"\x6e\x00", None, "Kerberos ticket (by its content)"),
                                           (3, b"a.b", None, "Kerberos ticket (by its content)"),
                                           (3, WEB_TOKEN.encode(), "kerberos", "Kerberos ticket,"),
                                           (4, WEB_TOKEN.encode(), "saml", "SAML assertion,"),
                                           (5, saml, "jwt", "JSON Web Token,")):
            peer = self.peer(confirms=b"answer")
            chosen = ("--identity-kind", said) if said else ()
            result = self.echo(peer, "--identity-over-plain", "-v", "--identity-file", self.secret("t", content), *chosen,
                               code=0)
            self.assertEqual(peer.identities, [identity(kind, content)])
            self.assertIn(words, result.talk)
            self.assertIn("confirmed, with an answer of 6 bytes", result.talk)

    def test_secrets_are_not_sent_in_the_clear_unless_told_so(self):
        peer = self.peer(confirms=b"")
        for arguments in (("--user", "alice", "--passcode-file", self.secret("passcode")),
                          ("--identity-file", self.secret("token", WEB_TOKEN)),
                          ("--user", "alice", "--passcode-file", self.secret("passcode"), "--identity-over-plain=no")):
            for command in (("echo",), ("find", "PatientID=1"), ("store", self.sample("x.dcm"))):
                result = self.scu(command[0], peer.name, *command[1:], *arguments, code=7)
                self.assertIn("without TLS", result.talk)
                self.assertIn("identity-over-plain", result.talk)
                self.assertNotIn(SECRET, result.talk)
        self.assertEqual((peer.connections, peer.identities), ([], []))

    def test_an_identity_that_is_not_confirmed_is_a_failure_unless_optional(self):
        peer = self.peer()
        result = self.echo(peer, "--user", "alice", "--json", code=7)
        error = result.events("error")[0]
        self.assertEqual((error["code"], error["phase"]), ("security", "associate"))
        self.assertIn("identity-optional", error["hint"])
        self.assertEqual(peer.requests, [])
        result = self.echo(peer, "--user", "alice", "--identity-optional", code=0)
        self.assertIn("warning: the peer did not confirm", result.talk)
        result = self.echo(peer, "--user", "alice", "--identity-response=no", code=0)
        self.assertEqual(result.talk, "")
        self.assertEqual(peer.identities[1:], [identity(1, b"alice"), identity(1, b"alice", wants=0)])

    def test_a_rejection_says_that_the_identity_may_be_the_reason(self):
        for triple in ((1, 2, 1), (1, 1, 1), (1, 1, 3), (1, 1, 7), (2, 3, 1)):
            peer = self.peer(reject=triple)
            self.assertIn("identity", self.echo(peer, "--user", "alice", code=6).talk)
        self.assertNotIn("identity", self.echo(self.peer(reject=(1, 1, 3)), code=6).talk)

    def test_what_does_not_go_together_is_a_usage_error(self):
        passcode, token = self.secret("passcode"), self.secret("token", WEB_TOKEN)
        self.usage("echo", "P@h", "--user", "", says="--user")
        self.usage("echo", "P@h", "--passcode-file", passcode, says="without a user name")
        self.usage("echo", "P@h", "--user", "a", "--identity-file", token, says="exclude")
        self.usage("echo", "P@h", "--identity-file", token, "--passcode-file", passcode, says="exclude")
        self.usage("echo", "P@h", "--identity-kind", "paper", says="--identity-kind")
        self.usage("listen", "-o", "d", "--user", "a", says="no option of `scu listen`")
        self.usage("archive", "d", "--passcode-file", passcode, says="no option of `scu archive`")

    def test_secret_files_that_cannot_be_used_are_named(self):
        for where, says in ((self.path("nothing"), "nothing"), (self.secret("empty", ""), "empty"),
                            (self.secret("newline", "\n"), "empty"), ("fd:77", "fd:77"), ("fd:", "number"),
                            ("fd:x", "number"), ("env:NOT_THERE", "no such variable"), (self.folder, "directory")):
            self.usage("echo", "P@h", "--user", "a", "--passcode-file", where, says=says)
            self.usage("echo", "P@h", "--identity-file", where, says=says)

    def test_what_is_too_long_names_the_limit(self):
        self.usage("echo", "P@h", "--user", "a" * 65530, says="65529")
        self.usage("echo", "P@h", "--identity-file", self.secret("long", "a" * 65530), says="65529")
        self.usage("echo", "P@h", "--user", "a" * 65000, "--passcode-file", self.secret("p", "b" * 530), says="65529")
        # Within the item's limit, but with everything else more than a request can hold.
        peer = self.peer(confirms=b"")
        result = self.echo(peer, "--user", "a" * 65529, code=1)
        self.assertIn("65535", result.talk)
        self.echo(peer, "--user", "a" * 65000, code=0)

    def test_a_file_that_others_can_read_is_warned_of(self):
        path = self.secret("passcode")
        os.chmod(path, 0o644)
        result = self.echo(self.peer(confirms=b""), "--user", "a", "--identity-over-plain", "--passcode-file", path, code=0)
        self.assertIn("can be read by others", result.talk)
        self.assertIn("chmod 600", result.talk)

    def node(self, peer, more):
        self.write("config/scu/nodes.ini", "[pacs]\naet = PEER\nhost = 127.0.0.1\nport = %d\n%s" % (peer.port, more))

    def test_a_node_says_who_we_are_there(self):
        peer = self.peer(confirms=b"")
        self.secret("config/scu/pacs.passcode")
        self.node(peer, "user = alice\npasscode-file = pacs.passcode\nidentity-over-plain = yes\n")
        self.scu("echo", "pacs", code=0)
        self.assertEqual(peer.identities.pop(), identity(2, b"alice", SECRET.encode()))
        # Another user is not given alice's passcode; nor is it sent where the command line says no.
        self.scu("echo", "pacs", "--user", "bob", code=0)
        self.assertEqual(peer.identities.pop(), identity(1, b"bob"))
        self.scu("echo", "pacs", "--identity-file", self.secret("token", WEB_TOKEN), code=0)
        self.assertEqual(peer.identities.pop(), identity(5, WEB_TOKEN.encode()))
        self.scu("echo", "pacs", "--identity-over-plain=no", code=7)
        # The node's settings are for its name, not for its address.
        self.scu("echo", peer.name, code=0)
        self.assertEqual(peer.identities, [])
        os.chmod(self.path("config/scu/pacs.passcode"), 0o640)
        self.assertIn("can be read by others", self.scu("echo", "pacs", code=0).talk)

    def test_faults_of_a_node_s_identity_are_named(self):
        peer = self.peer(confirms=b"")
        for more, says, code in (("passcode = x\n", "passcode-file", 2), ("user =\n", "user is empty", 2),
                                 ("identity-over-plain = perhaps\n", "yes or no", 2),
                                 ("passcode-file = p\n", "no user", 2),
                                 ("user = a\npasscode-file = missing\nidentity-over-plain = yes\n", "missing", 11),
                                 ("user = a\nuser = b\n", "twice", 2)):
            self.node(peer, more)
            self.assertIn(says, self.scu("echo", "pacs", code=code).talk)
        self.assertEqual(peer.connections, [])


class AcceptUser(CliTest):
    """scu archive --accept-user, and what our own client makes of it."""

    def archive(self, *arguments):
        process = subprocess.Popen([SCU, "archive", self.path("archive"), "--port", "127.0.0.1:0", "--aet", "ARCHIVE",
                                    *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment,
                                   cwd=self.folder)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait, SECONDS)
        self.addCleanup(process.terminate)
        ready = process.stderr.readline().decode()
        while ready.startswith("warning"):
            ready = process.stderr.readline().decode()
        self.assertIn("listening on", ready)
        return "ARCHIVE@" + ready.split()[2]

    def test_known_users_are_served_and_confirmed_and_nobody_else(self):
        self.write("alice.passcode", SECRET + "\n")
        self.write("wrong", SECRET + "X\n")
        peer = self.archive("--accept-user", "alice:alice.passcode", "--accept-user", "bob")
        plain = "--identity-over-plain"
        self.assertIn("confirmed", self.scu("echo", peer, "--user", "bob", "-v", code=0).talk)
        self.scu("echo", peer, "--user", "bob", "--identity-response=no", code=0)
        good = ("--user", "alice", "--passcode-file", "alice.passcode", plain)
        self.assertIn("confirmed", self.scu("echo", peer, *good, "-v", code=0).talk)
        self.scu("find", peer, "--all", *good, code=0)
        self.scu("store", peer, self.sample("x.dcm"), *good, code=0)
        self.write("token", WEB_TOKEN)
        for refused in ((), ("--user", "alice"), ("--user", "alic"), ("--user", "eve"),
                        ("--user", "alice", "--passcode-file", "wrong", plain),
                        ("--user", "bob", "--passcode-file", "alice.passcode", plain),
                        ("--user", "eve", "--passcode-file", "alice.passcode", plain),
                        ("--identity-file", "token", plain)):
            talk = self.scu("echo", peer, *refused, code=6).talk
            self.assertIn("1/2/1", talk)
            self.assertIn("identity", talk)

    def test_an_archive_that_knows_no_users_confirms_none(self):
        peer = self.archive()
        self.scu("echo", peer, "--user", "alice", code=7)
        self.scu("echo", peer, "--user", "alice", "--identity-optional", code=0)
        self.scu("echo", peer, code=0)

    def test_users_that_cannot_be_read_are_usage_errors(self):
        for user, says in (("", "name is empty"), (":file", "name is empty"), ("alice:nothing", "nothing"),
                           ("alice:env:NOT_THERE", "no such variable")):
            self.assertIn(says, self.scu("archive", self.path("a"), "--port", "127.0.0.1:0", "--accept-user", user,
                                         code=2).talk)


if __name__ == "__main__":
    unittest.main()
