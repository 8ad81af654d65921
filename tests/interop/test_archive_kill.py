"""SIGKILL at any moment while `scu store` sends: what was acknowledged is there, whole and findable; nothing else shows.

10 kills at random moments, 100 with SCU_SWEEP=full. The seed is in the notes; SCU_SEED repeats a run.
"""

import os
import random
import shutil
import subprocess
import tempfile
import time
import unittest

import support  # first: it knows where the others are
import dicomfile
import make_samples
import scu_archive
from scu_archive import ScuArchive
from support import scu

KILLS = 100 if os.environ.get("SCU_SWEEP") == "full" else 10
FILES = 150
SEED = int(os.environ.get("SCU_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)


def write_study(folder, number, count):
    """count Secondary Captures of a study of their own, of 200 bytes to 60 KB; UID -> (path, dataset bytes)."""
    os.makedirs(folder)
    written = {}
    for i in range(count):
        rows = (1, 4, 16, 60)[i % 4]
        pixels = make_samples.gradient_8(rows * 1000, i)
        elements = make_samples.common("ascii", "kill %d" % number, "k", "i%d" % i, make_samples.SECONDARY_CAPTURE, "OT",
                                       i + 1)
        elements += make_samples.image(rows, 500, 16, False) + [(0x00080064, "CS", "WSD"), (0x7FE00010, "OW", pixels)]
        whole = make_samples.part10(elements, make_samples.EXPLICIT)
        path = os.path.join(folder, "%05d.dcm" % i)
        with open(path, "wb") as file:
            file.write(whole)
        uid = make_samples.uid("kill %d/k/i%d" % (number, i))
        written[uid] = (path, dataset_of(whole))
    return written


def dataset_of(content):
    """What follows the file meta group."""
    length = int.from_bytes(content[140:144], "little")
    return content[144 + length:]


class Kill(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-kill-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, "pacs")
        self.random = random.Random(SEED)
        self.promised, self.sources = {}, {}
        support.note("kills: %d, seed %d" % (KILLS, SEED))

    def store_until_killed(self, archive, sent):
        sender, out = self.start_store(archive, sent)
        time.sleep(self.random.uniform(0, self.whole_seconds))  # the moment: not a wait for anything
        archive.kill()
        return self.finish_store(sender, out)

    def start_store(self, archive, sent):
        out = tempfile.TemporaryFile()
        sender = subprocess.Popen([support.SCU, "store", archive.address, os.path.dirname(next(iter(sent.values()))[0]),
                                   "--recursive", "--json", "--timeout-connect", "1"], stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=subprocess.DEVNULL, env=support.ENVIRONMENT)
        return sender, out

    def finish_store(self, sender, out):
        code, _ = support.wait_for(sender, 60)
        self.assertIsNotNone(code, "scu store hangs after its peer was killed")
        with out:
            out.seek(0)
            return scu_archive.acknowledged(out.read().decode())

    def measure(self, archive):
        """How long a whole store takes here: the moments are spread over that."""
        sent = write_study(os.path.join(self.folder, "measure"), KILLS, FILES)
        started = time.monotonic()
        kept = self.finish_store(*self.start_store(archive, sent))
        self.whole_seconds = time.monotonic() - started
        self.assertEqual(kept, set(sent))
        self.sources.update(sent)
        self.promised.update(dict.fromkeys(kept))
        self.number_of[make_samples.uid("kill %d" % KILLS)] = KILLS

    def check_promises(self, archive):
        """Every acknowledged instance, of this and of all earlier rounds."""
        objects = archive.objects()
        for uid in self.promised:
            self.assertIn(uid, objects, "acknowledged, and gone")
        for uid, path in objects.items():
            with open(path, "rb") as file:
                self.assertEqual(dataset_of(file.read()), self.sources[uid][1], path)
        found = set()
        for study in self.number_of:
            run = scu("find", archive.address, "StudyInstanceUID=" + study, "SeriesInstanceUID=" + make_samples.uid(
                "kill %d/k" % self.number_of[study]), "-k", "SOPInstanceUID", "--level", "image", "--json")
            self.assertEqual(run.code, 0, run)
            found |= {match["00080018"]["Value"][0] for match in run.events if "00080018" in match}
        self.assertEqual(set(self.promised) - found, set(), "acknowledged, and not found")
        self.assertEqual(found - set(objects), set(), "found, and no file there")

    def check_nothing_half_written(self):
        left = [path for path in support.files_under(os.path.join(self.root, "objects")) if not path.endswith(".dcm")]
        self.assertEqual(left, [], "temporary files after a restart")

    def test_acknowledged_instances_survive_sigkill(self):
        self.number_of, cut_short = {}, 0
        archive = ScuArchive(self.root)
        self.addCleanup(archive.close)
        self.addCleanup(archive.kill)
        self.measure(archive)
        for number in range(KILLS):
            sent = write_study(os.path.join(self.folder, "send%d" % number), number, FILES)
            self.sources.update(sent)
            self.number_of[make_samples.uid("kill %d" % number)] = number
            kept = self.store_until_killed(archive, sent)
            cut_short += 0 < len(kept) < FILES
            self.promised.update(dict.fromkeys(kept))
            archive.start()
            self.check_nothing_half_written()
            self.check_promises(archive)
        archive.kill()
        code, record = scu_archive.check(self.root)
        self.assertEqual((code, record["damaged"], record["removed"]), (0, 0, 0), record)
        support.note("kills: %d instances acknowledged, %d rounds ended in the middle, %d files without a promise"
                     % (len(self.promised), cut_short, record["files"] - len(self.promised)))
        self.assertGreater(len(self.promised), 0, "nothing was ever acknowledged: this proves nothing")
        self.assertGreater(cut_short, 0, "no kill hit the middle: this proves little")


if __name__ == "__main__":
    unittest.main()
