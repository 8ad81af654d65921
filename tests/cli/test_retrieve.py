"""scu move and scu get against a scripted archive: what counts is what came, not what the peer says."""

import os
import struct
import unittest

from clitest import CliTest, command, implicit, samples



def word(value):
    return struct.pack("<H", value)


class Archive:
    """Answers C-FIND with its instances, and C-GET and C-MOVE as told."""

    def __init__(self, test, names, gives=None, status=0x0000, counts=None):
        self.objects = {name: samples.capture(name) for name in names}
        self.gives = list(names) if gives is None else gives
        self.status = status
        self.counts = counts
        self.peer = test.peer(answers=self.answer)
        self.peer.take_message = self.take_message
        self.waiting, self.asked = [], None

    @property
    def name(self):
        return self.peer.name

    def found(self, name):
        return {element[0]: element[2] for element in self.objects[name]}

    def study(self):
        return self.found(next(iter(self.objects)))[0x0020000D]

    def answer(self, field, _, dataset):
        if field != 0x0020:
            return [(self.status, None, [(number, word(value)) for number, value in (self.counts or {}).items()])]
        answers = []
        for name in self.objects:
            found = self.found(name)
            level = next(level for level in ("STUDY", "SERIES", "IMAGE") if level.encode() in dataset)
            elements = [(0x00080052, "CS", level), (0x0020000D, "UI", found[0x0020000D])]
            if level != "STUDY":
                elements.append((0x0020000E, "UI", found[0x0020000E]))
            if level == "IMAGE":
                elements += [(0x00080016, "UI", found[0x00080016]), (0x00080018, "UI", found[0x00080018])]
            answers.append((0xFF00, implicit(elements), ()))
            if level != "IMAGE":
                break
        return answers + [(0x0000, None, ())]

    def take_message(self, connection, context, elements, dataset):
        """C-GET: sends what it gives on the association it was asked on, each when the one before was acknowledged,
        then the final response."""
        field = struct.unpack("<H", elements[0x0100])[0]
        if field not in (0x0010, 0x8001):
            type(self.peer).take_message(self.peer, connection, context, elements, dataset)
            return
        self.peer.requests.append((field, elements, dataset))
        if field == 0x0010:
            self.waiting = [name for name in self.gives if self.store_context(connection)]
            self.asked = (context, elements)
        if self.waiting:
            self.send_object(connection, self.waiting.pop(0))
        else:
            self.send_final(connection)

    def send_object(self, connection, name):
        found = self.found(name)
        at = self.store_context(connection)
        self.peer.send(connection, at, 3, command(
            0x0001, class_uid=found[0x00080016], has_dataset=True,
            extra=[(0x0110, word(7)), (0x0700, word(0)), (0x1000, found[0x00080018].encode())]))
        self.peer.send(connection, at, 2, implicit(self.objects[name]))

    def send_final(self, connection):
        context, elements = self.asked
        counts = self.counts or {0x1021: len(self.gives), 0x1022: 0, 0x1023: 0}
        self.peer.send(connection, context, 3, command(
            0x8010, self.status, struct.unpack("<H", elements[0x0110])[0], elements[0x0002].rstrip(b"\0").decode(),
            extra=[(number, word(value)) for number, value in counts.items()]))

    def store_context(self, connection):
        """The context that was proposed for Secondary Capture; all were accepted, with the role asked for."""
        return self.peer.contexts.get(connection, {}).get(samples.SECONDARY_CAPTURE)


class Retrieve(CliTest):
    def get(self, archive, *arguments, code):
        return self.scu("get", archive.name, "StudyInstanceUID=" + archive.study(), "-o", self.path("got"), "--listen",
                        "127.0.0.1:0", "--move-grace", "0.01", *arguments, code=code)

    def files(self):
        return sorted(name for _, _, names in os.walk(self.path("got")) for name in names)

    def test_everything_promised_came(self):
        archive = Archive(self, ["a", "b"])
        result = self.get(archive, "--json", code=0)
        records = self.check_json(result)
        self.assertEqual(sorted(record["sop_instance_uid"] + ".dcm" for record in result.events("instance")),
                         self.files())
        self.assertEqual(records[-1]["ok"], 2)
        self.assertEqual(len(self.files()), 2)

    def test_success_with_something_missing_is_partial_and_names_it(self):
        archive = Archive(self, ["a", "b"], gives=["a"])
        result = self.get(archive, "--json", code=3)
        missing = [record["sop_instance_uid"] for record in result.events("missing")]
        self.assertEqual(missing, [archive.found("b")[0x00080018]])
        self.check_json(result)
        self.assertEqual(len(self.files()), 1)
        self.assertEqual([(study["study_instance_uid"], study["verdict"], study["promised"], study["received"],
                           study["missing"]) for study in result.events("study")],
                         [(archive.study(), "incomplete", 2, 1, 1)])
        self.assertIn("did not come", result.events("missing")[0]["reason"])
        self.assertIn("study %s: incomplete, 1 received of 2" % archive.study(), result.talk)
        self.assertIn(0x0021, [field for field, _, _ in archive.peer.requests])  # it was asked by C-MOVE, too

    def test_success_with_nothing_is_not_done(self):
        self.assertIn("missing: ", self.get(Archive(self, ["a"], gives=[]), code=3).talk)

    def test_a_refusal_is_not_buried_under_what_is_missing(self):
        archive = Archive(self, ["i%d" % i for i in range(25)], status=0xA801)
        for with_json in ([], ["--json"]):
            result = self.scu("move", archive.name, "StudyInstanceUID=" + archive.study(), "-o", self.path("got"),
                              "--listen", "127.0.0.1:0", "--move-grace", "0.01", *with_json, code=9)
            self.assertIn("A801", result.talk)
            self.assertEqual(result.talk.count("missing"), 1)
            self.assertIn("missing: all 25", result.talk)
        self.assertEqual(len(result.events("missing")), 25)

    def test_nothing_matched_is_fine_unless_a_match_is_required(self):
        empty = self.peer()
        arguments = ["get", empty.name, "PatientID=P", "-o", self.path("got")]
        self.assertIn("nothing matched", self.scu(*arguments, code=0).talk)
        self.scu(*arguments, "--require-match", code=4)

    def test_what_is_named_and_not_there_is_missing(self):
        empty = self.peer()
        arguments = ["get", empty.name, "StudyInstanceUID=1.2", "-o", self.path("got")]
        result = self.scu(*arguments, code=3)
        self.assertIn("nothing matched", result.talk)
        self.assertIn("missing: 1.2: nothing matches it", result.talk)
        self.scu(*arguments, "--require-match", code=4)

    def test_a_list_of_studies_is_fetched(self):
        archive = Archive(self, ["a"])
        arguments = ["get", archive.name, "-o", self.path("got"), "--from", "-"]
        self.scu(*arguments, stdin=archive.study().encode() + b"\n", code=0)
        self.assertEqual(len(self.files()), 1)
        self.scu(*arguments, stdin=b"not a UID\n", code=2)

    def test_a_long_list_is_cut_where_the_peer_says_and_nowhere_else(self):
        archive = Archive(self, ["a"])
        uids = [archive.study()] + ["1.2.3.%d" % i for i in range(299)]
        for most, finds in ((None, [256, 44]), (100, [100, 100, 100])):
            archive.peer.requests.clear()
            cut = ["--uids-per-request", str(most)] if most else []
            self.scu("get", archive.name, "-o", self.path("got"), "--from", "-", *cut, stdin="\n".join(uids).encode(),
                     code=3)
            asked = [dataset.count(b"\\") + 1 for field, _, dataset in archive.peer.requests
                     if field == 0x0020 and b"STUDY" in dataset]
            self.assertEqual(asked, finds)

    def test_layout_flat_has_no_folders(self):
        archive = Archive(self, ["a"])
        self.get(archive, "--layout", "flat", code=0)
        self.assertEqual(os.listdir(self.path("got")), self.files())

    def test_moving_elsewhere_is_judged_by_the_peer_s_counts(self):
        for counts, status, code in (({0x1021: 2, 0x1022: 0, 0x1023: 0}, 0x0000, 0),
                                     ({0x1021: 1, 0x1022: 1, 0x1023: 0}, 0xB000, 3),
                                     ({0x1021: 0, 0x1022: 0, 0x1023: 0}, 0x0000, 3),
                                     ({0x1021: 0, 0x1022: 2, 0x1023: 0}, 0xB000, 9)):
            archive = Archive(self, ["a", "b"], counts=counts, status=status)
            result = self.scu("move", archive.name, "StudyInstanceUID=" + archive.study(), "--to", "VIEWER", "--json",
                              code=code)
            records = self.check_json(result)
            self.assertEqual((records[-1]["ok"], records[-1]["failed"]), (counts[0x1021], counts[0x1022]))
            moves = [request for request in archive.peer.requests if request[0] == 0x0021]
            self.assertEqual(moves[0][1][0x0600].strip(), b"VIEWER")

    def test_a_port_that_is_taken_says_what_to_do(self):
        archive = Archive(self, ["a"])
        taken = self.peer()
        result = self.scu("move", archive.name, "StudyInstanceUID=" + archive.study(), "-o", self.path("got"),
                          "--listen", "127.0.0.1:%d" % taken.port)
        self.assertNotIn(result.code, (0, 130))
        self.assertIn("try: ", result.talk)
        result = self.scu("listen", "-o", self.path("got"), "--port", "127.0.0.1:%d" % taken.port)
        self.assertNotIn(result.code, (0, 130))
        self.assertIn("try: ", result.talk)


if __name__ == "__main__":
    unittest.main()
