"""What a node says its peer cannot do without, on archives that can do without it, and on one that leaves names unnamed."""

import os
import unittest

import support  # first: it knows where the others are
import archives
import scu_archive
from support import scu


class Quirks(archives.ArchiveCase):
    def node(self, **keys):
        """A node file with this archive as `pacs`; the arguments that name it."""
        path = os.path.join(self.folder, "nodes.ini")
        if os.path.exists(path):
            os.remove(path)
        settings = ["%s=%s" % (key.replace("_", "-"), value) for key, value in keys.items()]
        run = scu("nodes", "add", "pacs", self.peer.address, *settings, "--nodes", path)
        self.assertEqual(run.code, 0, run)
        return ["pacs", "--nodes", path]

    def test_a_study_comes_whole_one_uid_at_a_time_with_both_roles_and_nothing_negotiated(self):
        folder, wanted = self.output(), self.instances_of("ct study")
        where = self.node(uids_per_request=1, both_roles="yes", extended_negotiation="no")
        run = scu("get", *where, "SOPInstanceUID=" + "\\".join(wanted), "StudyInstanceUID=" + archives.STUDIES["ct study"],
                  "-o", folder, "--with", "get", "--json")
        self.check_retrieved(run, folder, wanted)

    def test_names_are_found_in_the_character_set_of_the_node(self):
        for charset in ("ISO_IR 100", "ISO_IR 192"):
            run = scu("find", *self.node(character_set=charset), "PatientName=Buc^Jérôme", "-k", "PatientID", "--json")
            found = [row["00100020"]["Value"][0] for row in run.events if "event" not in row]
            self.assertEqual(found, ["SCU-FR-1"], run)

    def test_it_answers_as_a_node(self):
        run = scu("nodes", "test", *self.node(async_window=1)[1:])
        self.assertEqual(run.code, 0, run)
        self.assertRegex(run.out, r"^pacs  \S+  ok \(")


class Unnamed(unittest.TestCase):
    """An archive that leaves the character set out of its answers."""

    def test_names_are_read_by_the_set_of_the_node(self):
        with scu_archive.Peer("--fault", "match:charset=none") as peer:
            samples = archives.make_samples.write_samples(os.path.join(peer.own_folder, "samples"))
            self.assertEqual(scu("store", peer.address, *samples).code, 0)
            find = ["find", peer.address, "PatientID=SCU-FR-1", "-k", "PatientName", "--level", "study", "--csv"]
            run = scu(*find, "--character-set", "ISO_IR 100")
            self.assertIn("Buc^Jérôme", run.out, run)
            self.assertNotIn("character-set", run.err, run)
            run = scu(*find)
            self.assertIn("Buc^J\uFFFDr\uFFFDme", run.out, run)
            self.assertEqual(run.err.count("character-set"), 1, run)


archives.for_each_archive(globals(), Quirks)

if __name__ == "__main__":
    unittest.main()
