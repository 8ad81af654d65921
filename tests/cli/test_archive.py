"""scu archive as a command: the folder it takes, what it leaves there, and a damaged one."""

import os
import signal
import stat
import subprocess
import unittest

from clitest import SCU, SECONDS, CliTest


class Archive(CliTest):
    def run_once(self, *arguments, umask=0o022):
        """Starts one, waits until it is ready, and stops it."""
        process = subprocess.Popen([SCU, "archive", self.path("pacs"), "--port", "127.0.0.1:0", *arguments],
                                   stderr=subprocess.PIPE, env=self.environment, cwd=self.folder, umask=umask)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        ready = process.stderr.readline().decode()
        self.assertTrue(ready.startswith("listening on "), ready)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 0)

    def refused(self, *arguments, code):
        return self.scu("archive", self.path("pacs"), "--port", "127.0.0.1:0", *arguments, code=code).talk

    def test_a_folder_full_of_something_else_is_not_taken(self):
        for name in ("image.dcm", "deep/image.dcm"):
            path = self.write("pacs/" + name, "mine")
            self.assertIn("not empty, and no archive", self.refused(code=2))
            self.assertEqual(os.listdir(self.path("pacs")), [name.split("/")[0]])
            os.remove(path)
            if "/" in name:
                os.rmdir(os.path.dirname(path))

    def test_new_empty_and_own_folders_are_taken(self):
        self.run_once()
        self.run_once()
        os.remove(self.path("pacs", "index.sqlite"))
        self.run_once()
        os.rename(self.path("pacs"), self.path("old"))
        self.write("pacs/.hidden", "")
        os.mkdir(self.path("pacs", "lost+found"))
        self.run_once()

    def test_who_calls_somebody_else_is_rejected_where_that_is_looked_at(self):
        for more, code in ([], 0), (["--check-called-ae"], 6):
            process = subprocess.Popen([SCU, "archive", self.path("pacs"), "--port", "127.0.0.1:0", "--aet", "ARCHIVE", *more],
                                       stderr=subprocess.PIPE, env=self.environment, cwd=self.folder)
            try:
                address = process.stderr.readline().decode().split()[2]
                self.scu("echo", "ARCHIVE@" + address, code=0)
                told = self.scu("echo", "OTHER@" + address, code=code).talk
            finally:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=SECONDS)
            self.assertEqual("called AE" in told, code == 6, told)

    def test_everything_is_closed_to_strangers_whatever_the_umask(self):
        for umask in (0o022, 0o000):
            self.run_once("--demo", umask=umask)
            for here, folders, names in os.walk(self.path("pacs")):
                for name in names:
                    mode = stat.S_IMODE(os.stat(os.path.join(here, name)).st_mode)
                    self.assertEqual(mode & ~0o640, 0, "%s %o" % (name, mode))
                for name in folders:
                    mode = stat.S_IMODE(os.stat(os.path.join(here, name)).st_mode)
                    self.assertEqual(mode & ~0o750, 0, "%s %o" % (name, mode))
            os.rename(self.path("pacs"), self.path("pacs%o" % umask))

    def test_a_damaged_ledger_is_damage_with_a_way_out(self):
        self.run_once()
        self.write("pacs/ledger.journal", "scribbled over")
        talk = self.refused(code=10)
        self.assertIn("only commitments", talk)
        self.assertIn("move it away", talk)
        self.assertIn("ledger.journal is damaged", self.refused("--check", code=10))
        os.remove(self.path("pacs", "ledger.journal"))
        self.run_once()


if __name__ == "__main__":
    unittest.main()
