"""Usage errors: exit code 2, one sentence, nothing on stdout, and no network."""

import unittest

from clitest import CliTest, closed_port


class Usage(CliTest):
    def test_an_unknown_command_is_answered_with_the_closest_one(self):
        self.assertIn("scu find", self.usage("fnid", says="'fnid'").talk)

    def test_an_unknown_option_is_answered_with_the_closest_one(self):
        self.assertIn("--limit", self.usage("find", "P@h", "--limt", "3", says="--limt").talk)
        self.assertIn("--max-pdu", self.usage("echo", "P@h", "--max-pud=4096", says="--max-pud").talk)
        self.usage("echo", "P@h", "-Z", says="-Z")

    def test_what_may_come_later_says_so_and_is_never_ignored(self):
        for option in ("--tls", "--ca", "--cert", "--key", "--key-password-file", "--tls-profile", "--prefer"):
            for form in ([option, "x"], [option + "=x"]):
                self.usage("find", "P@h", "PatientID=1", *form, says="not available yet")
        for jobs in ("0", "65", "two"):
            self.usage("store", "P@h", "x", "--jobs", jobs, says="--jobs")
        self.usage("listen", "-o", "d", "--layout", "{PatientID}", says="not available yet")
        self.usage("convert", says="not available yet")

    def test_dcmtk_options_are_understood_but_for_the_title_of_the_peer(self):
        self.usage("find", "P@h", "-S", "-P", says="--model is given twice, as 'study' and 'patient'")
        self.usage("find", "P@h", "PatientID=1", "-aet", "A" * 17, says="--aet: longer")
        self.usage("find", "P@h", "-pdu", "1", says="--max-pdu")
        self.usage("find", "P@h", "-to", "x", says="--timeout-connect")
        self.usage("find", "P@h", "-od", "x", says="--output is no option of `scu find`")
        self.usage("get", "P@h", "-od", says="--output wants an argument")
        self.usage("find", "P@h", "-aec", "x", says="AET@host:port")

    def test_a_log_that_cannot_be_had_is_said_before_anything_is_sent(self):
        self.usage("echo", "P@h", "--log-level", "debug", says="--log-level")
        self.usage("echo", "P@h", "--log", "x", "--log-level", "chatty", says="error, warning, info, debug, dump")
        self.usage("dump", "x", "--log", "y", says="--log")
        result = self.scu("echo", "P@127.0.0.1:1", "--log", self.folder)
        self.assertEqual(result.code, 11)
        self.assertIn("cannot write to", result.talk)

    def test_options_belong_to_the_commands_that_heed_them(self):
        self.usage("move", "P@h", "StudyInstanceUID=1", "--both-roles", says="--both-roles")
        self.assertIn("--both-roles", self.scu("help", "get", "--full").text)
        for command in ("find", "move", "get"):
            self.assertIn("--query-cap", self.scu("help", command, "--full").text)

    def test_edits_are_checked_before_anything_is_sent(self):
        self.usage("store", "P@h", "f", "--set", "PatientNom=1", says="PatientNom")
        self.usage("store", "P@h", "f", "--remove", "PatientNom", says="PatientNom")
        self.usage("store", "P@h", "f", "--set", "PatientID", says="KEY=VALUE")
        self.usage("store", "P@h", "f", "--set", "0002,0010=1.2.840.10008.1.2", says="file meta")
        self.usage("store", "P@h", "f", "--remove", "0010,0000", says="group length")
        self.usage("store", "P@h", "f", "--set", "Rows=many", says="Rows")
        self.usage("store", "P@h", "f", "--set", "PixelData=", says="only removed")
        self.assertNotIn("Doe", self.usage("store", "P@h", "f", "--set", "Rows=Doe", says="Rows").talk)
        self.usage("find", "P@h", "--set", "PatientID=1", says="no option of `scu find`")

    def test_values_of_edits_are_checked_and_never_repeated(self):
        for edit, says in (("StudyDate=notadate", "StudyDate: no date"), ("PatientAge=x_ray", "PatientAge: no age"),
                           ("AccessionNumber=ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AccessionNumber: longer than 16"),
                           ("PatientID=a_1\\b_2", "PatientID: 2 values"), ("StudyInstanceUID=1.2.x", "no UID")):
            talk = self.usage("store", "P@h", "f", "--set", edit, says=says).talk
            self.assertNotIn(edit.partition("=")[2], talk)

    def test_one_instance_uid_is_not_for_several_instances(self):
        self.write("folder/a.dcm", "")
        self.write("b.dcm", "")
        for key in ("SOPInstanceUID", "0008,0018", "00080018"):
            for what in (["folder"], ["b.dcm", "folder/a.dcm"], ["--from", "-"], ["b.dcm", "--from", "-"]):
                self.usage("store", "P@h", *what, "--set", key + "=1.2.3", says="one SOP Instance UID")
        # Of one file, below a sequence, or taken back: something else is told, that nobody is there.
        for edits in (["SOPInstanceUID=1.2.3"], ["ReferencedImageSequence[0].SOPInstanceUID=1.2.3"]):
            self.scu("store", "P@127.0.0.1:%d" % closed_port(), self.sample("c.dcm"), "--set", *edits, code=5)

    def test_an_option_of_another_command_is_refused(self):
        self.usage("echo", "P@h", "--recursive", says="no option of `scu echo`")
        self.usage("store", "P@h", "f", "--limit", "1", says="no option of `scu store`")
        self.usage("echo", "P@h", "--layout", "flat", says="no option of `scu echo`")
        self.usage("archive", "d", "--layout", "flat", says="no option of `scu archive`")

    def test_missing_arguments_are_named(self):
        self.usage("echo", says="no peer")
        self.usage("store", says="no peer")
        self.usage("store", "P@h", says="no files")
        self.usage("commit", says="no peer")
        self.usage("commit", "P@h", says="no files or UIDs")
        self.usage("find", says="no peer")
        self.usage("move", "P@h", "StudyInstanceUID=1.2", says="where to?")
        self.usage("get", "P@h", "StudyInstanceUID=1.2", says="-o DIR")
        self.usage("listen", says="-o DIR")
        self.usage("dump", says="no file")
        self.usage("echo", "P@h", "--repeat", says="wants an argument")

    def test_models_and_options_of_queries_are_checked(self):
        self.usage("find", "P@h", "--model", "worklst", "PatientID=1", says="--model worklist")
        self.usage("find", "P@h", "--model", "worklist", "--level", "study", "PatientID=1", says="no STUDY level")
        self.usage("find", "P@h", "--model", "psonly", "Modality=CT", says="no SERIES level")
        self.usage("find", "P@h", "--relational", "perhaps", "PatientID=1", says="--relational")
        self.usage("find", "P@h", "--extended", "fuzzy,dates", "PatientID=1", says="'dates'")
        self.usage("find", "P@h", "--model", "worklist", "-k", "Modality", says="everything")

    def test_conflicts_are_refused(self):
        self.usage("commit", "P@h", "--resume", "f", says="--resume")
        self.usage("commit", "P@h", "f", "--only-listen", says="--only-listen")
        self.usage("store", "P@h", "f", "--commit", "--dry-run", says="--dry-run")
        self.usage("store", "P@h", "f", "--listen", "1", says="--commit")
        self.usage("find", "P@h", "PatientID=1", "--csv", "--table", says="exclude")
        self.usage("move", "P@h", "PatientID=1", "--to", "A", "-o", "d", says="--to")
        self.usage("get", "P@h", "PatientID=1", "-o", "d", "--with", "get", "--listen", "11112", says="--listen")
        self.usage("store", "P@h", "f", "--null", says="--from")
        self.usage("echo", "P@h", "-q", "-v", says="--quiet")
        self.usage("find", "P@h", "PatientID=1", "--limit", "1", "--limit", "2", says="twice")
        self.usage("echo", "P@h", "Q@h", says="more than one peer")
        self.usage("find", "P@h", "PatientID=1", "--json=yes", says="takes no argument")

    def test_numbers_have_bounds(self):
        for port in ("65536", "-1", "1e9", "", "x", "127.0.0.1:", "a:b:1"):
            self.usage("listen", "-o", "d", "--port", port, says="--port")
            self.usage("archive", "d", "--port", port, says="--port: '%s'" % port)
            self.usage("move", "P@h", "PatientID=1", "-o", "d", "--listen", port, says="--listen")
        for size in ("0", "4095", "1048577", "1e9", ""):
            self.usage("echo", "P@h", "--max-pdu", size, says="--max-pdu")
        for seconds in ("0", "-1", "1e9", "1,5", ""):
            self.usage("echo", "P@h", "--timeout-connect", seconds, says="--timeout-connect")
        for count in ("0", "-1", "1000001", "1.5", ""):
            self.usage("echo", "P@h", "--repeat", count, says="--repeat")
        self.usage("find", "P@h", "PatientID=1", "--limit", "0", says="--limit")

    def test_a_peer_that_is_none_is_refused_before_anything_happens(self):
        for peer in ("", "host", "@host", "P@", "P@host:0", "P@host:65536", "P@host:-1", "P@::1", "P@[::1", "P%@host",
                     "http://P@host", "SEVENTEEN_LETTERS@host", "A\\B@host", "P@host:1e3"):
            self.usage("echo", peer)

    def test_the_peer_is_looked_at_before_the_rest(self):
        for command in ("echo", "store", "commit", "find", "move", "get"):
            self.usage(command, "nowhere", says="'nowhere' is no peer")
            self.usage(command, "P@h:99999", says="'P@h:99999'")

    def test_titles_are_checked(self):
        for title in ("", "   ", "SEVENTEEN_LETTERS", "A\\B", "\u00c4"):
            self.usage("echo", "P@h", "--aet", title, says="--aet")
        self.usage("listen", "-o", "d", "--accept-from", "A,,B", says="--accept-from")

    def test_tls_peers_are_refused_not_sent_in_the_clear(self):
        result = self.scu("echo", "scus://P@127.0.0.1:1", code=2)
        self.assertIn("TLS", result.talk)

    def test_words_are_checked(self):
        self.usage("find", "P@h", "PatientID=1", "--level", "studdy", says="studdy")
        self.usage("find", "P@h", "PatientID=1", "--model", "paint", says="paint")
        self.usage("get", "P@h", "PatientID=1", "-o", "d", "--with", "put", says="put")
        self.usage("store", "P@h", "f", "--progress", "often", says="often")
        self.usage("echo", "P@h", "--color", "red", says="red")

    def test_a_word_that_is_not_known_is_answered_with_all_that_are(self):
        for arguments, words in ((["--level", "foo"], "patient, study, series, image, instance"),
                                 (["--model", "foo"], "study, patient, psonly, worklist"),
                                 (["--relational", "maybe"], "auto, no, yes"),
                                 (["--color", "red"], "auto, always, never")):
            talk = self.usage("find", "P@h", "PatientID=1", *arguments, says=arguments[1]).talk
            self.assertIn(words, talk)
            self.assertNotIn("default", talk)
        self.assertIn("auto, always, never, json",
                      self.usage("store", "P@h", "f", "--progress", "often", says="often").talk)
        self.usage("find", "P@h", "PatientID=1", "--level", "", says="--level")

    def test_words_are_taken_in_any_case(self):
        """What is asked for is understood: the next fault is told."""
        for arguments in (["--level", "IMAGE"], ["--level", "instance"], ["--model", "Patient"],
                          ["--relational", "YES"], ["--color", "NEVER"], ["--extended", "Fuzzy"]):
            self.usage("find", "P@h", "PatientID=1", *arguments, "--limit", "0", says="--limit")
        self.usage("find", "P@h", "--model", "WORKLIST", "-k", "Modality", says="everything")

    def test_queries_are_checked_before_connecting(self):
        self.usage("find", "P@h")
        self.usage("find", "P@h", "PatientName", says="no KEY=VALUE")
        self.usage("find", "P@h", "NoSuchKeyword=1")
        self.usage("find", "P@h", "=1", says="without attribute")
        self.usage("find", "P@h", "PatientID=1", "--model", "study", "--level", "patient")

    def test_dates_are_checked_and_never_repeated(self):
        for value in ("202401", "2024-13", "2024-00", "20241301", "20240230", "20240101-20240230", "tomorrow", "-", "7d", "20240101-x",
                      "2024-1-1", "20240101 "):
            result = self.usage("find", "P@h", "StudyDate=" + value, says="StudyDate")
            self.assertNotIn("'%s'" % value, result.talk)

    def test_values_of_keys_never_appear_in_errors(self):
        canary = "CANARY^PATIENT"
        for arguments in (["PatientName=" + canary, "NoSuchKeyword=1"], ["NoSuchKeyword=" + canary],
                          ["StudyDate=" + canary], ["PatientName=" + canary, "--model", "study", "--level", "patient"],
                          ["-k", "PatientName=" + canary, "-k", "0010,00=" + canary]):
            self.assertNotIn(canary, self.usage("find", "P@h", *arguments).talk)

    def test_percent_signs_are_printed_as_they_are(self):
        self.assertIn("%s%n", self.usage("echo", "%s%n").talk)
        self.assertIn("%s%n", self.usage("%s%n").talk)
        self.assertIn("--%s%n", self.usage("echo", "P@h", "--%s%n").talk)

    def test_a_terminal_is_safe_from_arguments(self):
        result = self.scu("echo", b"\x1b[2J\xff\xe2\x80\xae", code=2)
        self.assertNotIn(b"\x1b", result.err)
        self.assertIn(b"\\u202E", result.err)


if __name__ == "__main__":
    unittest.main()
