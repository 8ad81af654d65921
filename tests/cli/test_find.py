"""scu find against a scripted provider: forms of output, keys on the wire, hostile answers."""

import csv
import datetime
import io
import json
import struct
import time
import unittest

from clitest import CliTest, implicit, samples

MATCH = [(0x00080005, "CS", "ISO_IR 192"), (0x00080020, "DA", "20240517"), (0x00080052, "CS", "STUDY"),
         (0x00100010, "PN", "Doe^Jane"), (0x00100020, "LO", "4711"), (0x0020000D, "UI", "1.2.3")]


def provider(*matches, final=0x0000):
    """Answers every C-FIND with these matches."""
    return lambda *_: [(0xFF00, implicit(sorted(match)), ()) for match in matches] + [(final, None, ())]


def with_value(tag, vr, value):
    return [element for element in MATCH if element[0] != tag] + [(tag, vr, value)]


def another(number):
    """As MATCH, of another study."""
    return with_value(0x0020000D, "UI", "1.2.3.%d" % number)


class Find(CliTest):
    def test_a_table_has_a_head_and_a_row_for_every_match(self):
        peer = self.peer(answers=provider(MATCH, with_value(0x00100010, "PN", "Roe^Richard")))
        lines = self.scu("find", peer.name, "PatientID=4711", code=0).text.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("Name", lines[0])
        self.assertIn("Doe^Jane", lines[1])
        self.assertTrue(lines[2].endswith("1.2.3"))
        self.assertEqual(lines[1].index("1.2.3"), lines[0].index("Study Instance UID"))

    def test_csv_is_read_back_by_a_csv_reader(self):
        odd = 'He said "no", then\r\nleft'
        peer = self.peer(answers=provider(with_value(0x00081030, "LO", "a,b"), with_value(0x00102000, "LO", odd)))
        result = self.scu("find", peer.name, "PatientID=4711", "--csv", "-k", "MedicalAlerts", code=0)
        rows = list(csv.DictReader(io.StringIO(result.text, newline="")))
        self.assertEqual(rows[0]["StudyDescription"], "a,b")
        self.assertEqual(rows[0]["PatientName"], "Doe^Jane")
        self.assertIn('"no"', rows[1]["MedicalAlerts"])

    def test_json_is_the_model_between_begin_and_summary(self):
        peer = self.peer(answers=provider(MATCH, another(2)))
        records = self.check_json(self.scu("find", peer.name, "PatientID=4711", "--json", code=0))
        self.assertEqual(len(records), 5)
        self.assertEqual(records[1]["00100010"]["Value"][0]["Alphabetic"], "Doe^Jane")
        self.assertEqual(records[3], {"event": "find", "matches": 2, "mismatches": 0, "duplicates": 0,
                                      "verdict": "unchecked", "reason": "nothing looks cut off; nothing was counted twice"})

    def test_a_match_that_misses_a_key_is_marked_and_one_that_comes_twice_is_not_given_again(self):
        answers = provider(MATCH, with_value(0x00100020, "LO", "4712"), MATCH)
        result = self.scu("find", self.peer(answers=answers).name, "PatientID=4711", code=0)
        lines = result.text.splitlines()
        self.assertEqual([line.endswith("  ! PatientID") for line in lines], [False, False, True])
        self.assertIn("do not meet the keys they were asked by: 1 (PatientID first)", result.talk)
        self.assertIn("were left out: 1", result.talk)
        records = self.check_json(self.scu("find", self.peer(answers=answers).name, "PatientID=4711", "--json", code=0))
        self.assertEqual(records[3], {"event": "mismatch", "match": 2, "tag": "00100020", "keyword": "PatientID"})
        self.assertEqual([records[4][name] for name in ("event", "matches", "mismatches", "duplicates")],
                         ["find", 2, 1, 1])
        result = self.scu("find", self.peer(answers=answers).name, "PatientID=4711", "--strict", code=0)
        self.assertEqual(len(result.text.splitlines()), 2)
        self.assertNotIn("4712", result.text)
        self.assertEqual(records[-1]["ok"], 2)

    def test_columns_that_were_asked_for_are_added(self):
        peer = self.peer(answers=provider(with_value(0x00080090, "PN", "House^Gregory")))
        result = self.scu("find", peer.name, "PatientID=4711", "-k", "ReferringPhysicianName", code=0)
        self.assertIn("House^Gregory", result.text)

    def test_studies_of_a_patient_come_with_the_name_in_every_model(self):
        def answers(_, __, identifier):
            if b"PATIENT " in identifier:
                match = [(0x00080052, "CS", "PATIENT"), (0x00100010, "PN", "Doe^Jane"), (0x00100020, "LO", "4711")]
            else:
                self.assertNotIn(b"\x10\x00\x10\x00", identifier)  # no key above the level but the unique one
                match = [element for element in MATCH if element[0] != 0x00100010]
            return [(0xFF00, implicit(sorted(match)), ()), (0x0000, None, ())]
        for model in ("patient", "psonly"):
            for form in ("--table", "--csv"):
                result = self.scu("find", self.peer(answers=answers).name, "--model", model, "--level", "study",
                                  "PatientID=4711", form, code=0)
                self.assertIn("Doe^Jane", result.text)
                self.assertIn("20240517", result.text)
        peer = self.peer(answers=answers)
        self.scu("find", peer.name, "--model", "patient", "--level", "study", "PatientID=4711", "--json", code=0)
        self.assertEqual(len(peer.requests), 1)  # nobody asked for it

    def test_an_attribute_has_one_column_however_it_is_written(self):
        peer = self.peer(answers=provider(with_value(0x00080090, "PN", "House^Gregory")))
        for keys in (["0010,0010=Doe*"], ["00100010=Doe*"], ["0010,0010=Doe*", "-k", "PatientName"]):
            result = self.scu("find", peer.name, *keys, "--csv", "-k", "0008,0090", "-k", "ReferringPhysicianName",
                              code=0)
            row = next(csv.DictReader(io.StringIO(result.text, newline="")))
            self.assertEqual(result.text.count("Doe^Jane"), 1)
            self.assertEqual(row["PatientName"], "Doe^Jane")
            self.assertEqual(row["0008,0090"], "House^Gregory")
            self.assertEqual(result.text.count("House^Gregory"), 1)

    def test_in_a_worklist_numbers_are_keys_of_the_step_as_keywords_are(self):
        identifiers = []
        for key in ("Modality=CT", "0008,0060=CT"):
            peer = self.peer(answers=provider())
            self.scu("find", peer.name, "--model", "worklist", key, code=0)
            identifiers.append(peer.requests[-1][2])
        self.assertEqual(identifiers[0], identifiers[1])

    def test_keys_go_out_by_keyword_tag_and_bare_word(self):
        peer = self.peer(answers=provider())
        self.scu("find", peer.name, "PatientID=4711", "-k", "0008,0050=A1", "-kStudyDescription=Brain*", code=0)
        identifier = peer.requests[-1][2]
        for part in (b"4711", b"A1", b"Brain*", b"STUDY"):
            self.assertIn(part, identifier)

    def test_dates_become_what_the_standard_knows(self):
        today = datetime.date.today()
        week = (today - datetime.timedelta(days=7)).strftime("%Y%m%d")
        now = today.strftime("%Y%m%d")
        for typed, sent in (("20240131", "20240131"), ("2024-01-31", "20240131"), ("20240101-", "20240101-"),
                            ("-20240131", "-20240131"), ("20240101-20240131", "20240101-20240131"),
                            ("2024-01-01-2024-01-31", "20240101-20240131"), ("today", now), ("-7d", week + "-" + now),
                            ("-1w", week + "-" + now), ("20240229", "20240229"), ("20240101-today", "20240101-" + now),
                            ("2019", "20190101-20191231"), ("2019-03", "20190301-20190331"),
                            ("2024-02", "20240201-20240229"), ("2019-12", "20191201-20191231"),
                            ("2019-2021", "20190101-20211231"), ("2019-", "20190101-"), ("-2019", "-20191231"),
                            ("2019-11-2020-02", "20191101-20200229"), ("2019-03-2020", "20190301-20201231"),
                            ("2019-20200105", "20190101-20200105"), ("2019-03-05", "20190305")):
            peer = self.peer(answers=provider())
            self.scu("find", peer.name, "StudyDate=" + typed, code=0)
            identifier = peer.requests[-1][2]
            at = identifier.index(b"\x08\x00\x20\x00")
            length = int.from_bytes(identifier[at + 4:at + 8], "little")
            self.assertEqual(identifier[at + 8:at + 8 + length].rstrip().decode(), sent)

    def values_sent(self, peer, index=-1):
        """Tag -> text of what stands at the top of the identifier; sequences as bytes."""
        identifier, at, found = peer.requests[index][2], 0, {}
        while at < len(identifier):
            group, number, length = struct.unpack_from("<HHI", identifier, at)
            value = identifier[at + 8:at + 8 + length]
            found[group << 16 | number] = value if length and group == 0x0040 else value.rstrip(b" \0").decode()
            at += 8 + length
        return found

    def test_a_query_starts_from_json_and_keys_are_copied_over_it(self):
        query = self.write("query.json", json.dumps({
            "00080052": {"vr": "CS", "Value": ["SERIES"]},
            "00080060": {"vr": "CS", "Value": ["CT"]},
            "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
            "0008103E": {"Value": ["Head*"]},
            "00080021": {"vr": "DA"},
            "00400275": {"vr": "SQ", "Value": [{"00401001": {"vr": "SH", "Value": ["RP1"]}}]}}))
        peer = self.peer(answers=provider())
        self.scu("find", peer.name, "--query", query, "SeriesDescription=Neck*",
                 "RequestAttributesSequence[0].ScheduledProcedureStepID=S1", code=0)
        sent = self.values_sent(peer)
        self.assertEqual(len(peer.requests), 1)
        self.assertEqual([sent[tag] for tag in (0x00080052, 0x00080060, 0x0020000D, 0x0008103E, 0x00080021)],
                         ["SERIES", "CT", "1.2.3", "Neck*", ""])
        self.assertIn(b"RP1", sent[0x00400275])
        self.assertIn(b"S1", sent[0x00400275])
        # That an attribute is to be returned as well takes nothing from it; the level of the file counts unless one is named.
        query = self.write("query.json", '{"00080052":{"vr":"CS","Value":["SERIES"]},'
                                         '"0020000D":{"vr":"UI","Value":["1.2.3"]}}')
        self.scu("find", peer.name, "--query", query, "-k", "StudyInstanceUID", code=0)
        sent = self.values_sent(peer)
        self.assertEqual((sent[0x00080052], sent[0x0020000D]), ("SERIES", "1.2.3"))
        self.scu("find", peer.name, "--query", query, "--level", "study", code=0)
        self.assertEqual(self.values_sent(peer)[0x00080052], "STUDY")

    def test_a_query_starts_from_a_dicom_file(self):
        elements = [(0x00080005, "CS", "ISO_IR 100"), (0x00080052, "CS", "STUDY"), (0x00100010, "PN", b"M\xfcller*"),
                    (0x0020000D, "UI", "")]
        query = self.write("query.dcm", samples.file_meta("1.2", "1.2.3", samples.EXPLICIT) +
                           samples.Writer(samples.EXPLICIT).dataset(elements))
        peer = self.peer(answers=provider())
        self.scu("find", peer.name, "--query", query, code=0)
        self.assertIn(b"M\xfcller*", peer.requests[-1][2])
        self.scu("find", peer.name, "--query", query, "--level", "series", code=0)  # asks for the studies first
        self.assertIn(b"M\xfcller*", peer.requests[-1][2])
        self.scu("find", peer.name, "--query", query, "--model", "patient", "--level", "study", code=0)
        self.assertIn(b"M\xfcller*", peer.requests[-1][2])

    def test_a_query_file_can_be_all_that_restricts_a_retrieve(self):
        query = self.write("query.json", '{"0020000D":{"vr":"UI","Value":["1.2.3"]}}')
        for command in (["get", "-o", "out"], ["move", "--to", "OTHER"]):
            peer = self.peer(answers=provider())
            self.scu(command[0], peer.name, "--query", query, *command[1:])
            self.assertIn(b"1.2.3", peer.requests[-1][2])

    def test_a_query_file_that_is_none_is_a_usage_error_that_names_it(self):
        for name, content, says in (("odd.json", '{"00100010":{"vr":"XX"}}', "VR"), ("cut.json", '{"00100010":', "'{'"),
                                    ("odd.dcm", b"\x08\x00", "odd.dcm"), ("empty", b"", "empty"),
                                    ("level.json", '{"00080052":{"vr":"CS","Value":["FRAME"]}}', "Level"),
                                    ("long.json", b"{" + b" " * (16 * 1024 * 1024) + b"}", "16777216")):
            result = self.usage("find", "P@h", "--query", self.write(name, content), says=says)
            self.assertIn(name, result.talk)
        self.usage("find", "P@h", "--query", self.path("missing"), says="missing")
        self.usage("find", "P@h", "--query", self.write("all.json", "{}"), says="everything")

    def test_each_value_of_a_list_is_asked_for(self):
        peer = self.peer(answers=provider(MATCH))
        records = self.check_json(self.scu("find", peer.name, "ModalitiesInStudy=CT\\MR", "StudyTime=2200-0600", "--json",
                                           code=0))
        asked = sorted((sent[0x00080061], sent[0x00080030]) for sent in map(lambda i: self.values_sent(peer, i), range(4)))
        self.assertEqual(asked, [("CT", "-0600"), ("CT", "2200-"), ("MR", "-0600"), ("MR", "2200-")])
        self.assertEqual(records[-1]["ok"], 1)
        self.assertEqual(len(peer.requests), 4)

    def test_a_limit_cancels_and_is_an_ordinary_end(self):
        cancelled = provider(MATCH, another(2), another(3), final=0xFE00)
        result = self.scu("find", self.peer(answers=cancelled).name, "PatientID=4711", "--limit", "2", "--json", code=0)
        self.assertEqual(result.records[-1]["ok"], 2)

    def test_matches_before_a_failure_are_shown(self):
        result = self.scu("find", self.peer(answers=provider(MATCH, final=0xA700)).name, "PatientID=1", code=9)
        self.assertIn("Doe^Jane", result.text)
        self.assertIn("A700", result.talk)

    def test_hostile_values_cannot_act_on_a_terminal(self):
        hostile = "\x1b]0;pwned\x07\u202eevil\u0085"
        match = with_value(0x00081030, "LO", hostile.encode())
        for form in ("--table", "--csv", "--json"):
            result = self.scu("find", self.peer(answers=provider(match)).name, "PatientID=1", form, code=0)
            self.assertNotIn(b"\x1b", result.out)
            self.assertNotIn(b"\x07", result.out)
            if form != "--json":
                self.assertNotIn("\u202e", result.text)

    def test_an_error_comment_is_shown_and_the_element_that_it_is_about(self):
        extra = [(0x0901, b"\x08\x00\x52\x00"), (0x0902, b"no \x1b[31m such level")]
        peer = self.peer(answers=lambda *_: [(0xA900, None, extra)])
        talk = self.scu("find", peer.name, "PatientID=1", "--phi", code=9).talk
        self.assertIn("such level", talk)
        self.assertIn("QueryRetrieveLevel (0008,0052)", talk)
        self.assertNotIn("all but unique and required", talk)
        self.assertNotIn("\x1b", talk)
        records = self.scu("find", peer.name, "PatientID=1", "--json", "--phi", code=9)
        self.assertIn("such level", records.events("error")[0]["reason"])

    def test_an_error_comment_may_name_a_patient_and_is_shown_with_phi_only(self):
        """It may hold anything (catalogue C03)."""
        def answers(*_):
            return [(0xA700, None, [(0x0902, b"CANARY^PATIENT ")])]
        for level in ([], ["--json"], ["-q"], ["-v"], ["-d"]):
            result = self.scu("find", self.peer(answers=answers).name, "PatientID=1", *level, code=9)
            self.assertNotIn(b"CANARY", result.out + result.err)
            self.assertIn(b"A700", result.out + result.err)
        self.assertIn("CANARY", self.scu("find", self.peer(answers=answers).name, "PatientID=1", "--phi").talk)

    def test_a_silent_peer_has_no_longer_for_cancelling_than_it_had_for_answering(self):
        peer = self.peer(hang=True)
        before = time.monotonic()
        talk = self.scu("find", peer.name, "PatientID=1", "--timeout-response", "0.2", code=8).talk
        self.assertLess(time.monotonic() - before, 4)  # --cancel-wait is 5
        self.assertIn("no C-FIND response for 200 ms; asked to cancel, the peer did not answer for another 200 ms", talk)
        self.assertIn(0x0FFF, [request[0] for request in peer.requests])

    def test_a_reader_that_goes_away_ends_the_query_quietly(self):
        import subprocess
        from clitest import SCU
        peer = self.peer(answers=provider(*map(another, range(3000))))
        run = subprocess.run("%s find %s PatientID=4711; echo $? > code" % (SCU, peer.name) + " | head -n 1",
                             shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                             env=self.environment, cwd=self.folder)
        self.assertEqual(run.stderr, b"")


class Nodes(CliTest):
    def test_a_name_of_the_node_file_is_a_peer(self):
        peer = self.peer()
        text = "[self]\naet = STATION\n[pacs]\naet = PEER\nhost = 127.0.0.1\nport = %d\n" % peer.port
        self.write("config/scu/nodes.ini", text)
        self.scu("echo", "pacs", code=0)
        named = self.write("other.ini", text.replace("[pacs]", "[other]"))
        self.scu("echo", "other", "--nodes", named, code=0)
        self.usage("echo", "pacs", "--nodes", named, says="pacs")
        self.usage("echo", "pacs", "--nodes", self.path("missing.ini"), says="missing.ini")

    def test_a_faulty_node_file_is_named_with_its_line(self):
        path = self.write("config/scu/nodes.ini", "[pacs]\naet = PEER\nhost = h\ncolour = red\n")
        self.usage("echo", "P@127.0.0.1:1", says=path + ":4:")
        for content, line in ((b"[a]\naet=A\0\nhost=h\n", 2), (b"x" * 300000, 1), (b"[a]\naet=A\nhost=h\naet=B\n", 4)):
            self.usage("echo", "P@127.0.0.1:1", "--nodes", self.write("n.ini", content), says="n.ini:%d:" % line)

    def test_commands_without_peers_do_not_read_it(self):
        self.write("config/scu/nodes.ini", "nonsense")
        self.scu("version", code=0)


if __name__ == "__main__":
    unittest.main()
