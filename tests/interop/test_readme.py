"""README.md as it is typed: every command of its shell blocks in their order, its node file, its C program."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import peers

BUILD = os.environ.get("SCU_BUILD", os.path.join(support.ROOT, "build", "gcc"))
README = os.path.join(support.ROOT, "README.md")
PORTS = ("10104", "10105", "11112")


def blocks():
    """[(language, text)] of the fenced blocks."""
    with open(README, encoding="utf-8") as file:
        return re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", file.read())


def is_server(words):
    return words[:2] == ["scu", "listen"] or (words[:2] == ["scu", "archive"] and "--check" not in words)


class Readme(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-readme-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.ports = {port: str(peers.free_port()) for port in PORTS}
        self.environment = dict(support.ENVIRONMENT, HOME=self.folder, XDG_CONFIG_HOME=os.path.join(self.folder, ".config"),
                                PATH=os.path.dirname(os.path.abspath(support.SCU)) + os.pathsep + os.environ["PATH"])
        self.jobs = []
        self.addCleanup(lambda: [job.stop() for job in self.jobs])

    def with_own_ports(self, text):
        return re.sub(r"\b(%s)\b" % "|".join(PORTS), lambda found: self.ports[found.group()], text)

    def start(self, command):
        words = shlex.split(command, comments=True)
        job = peers.Process([support.SCU, *words[1:]], self.folder, "job%d.log" % len(self.jobs), self.environment)
        self.jobs.append(job)
        peers.wait_until(lambda: "listening on" in job.output() or not job.is_running(), 20, command)
        self.assertTrue(job.is_running(), "%s\n%s" % (command, job.output()))
        return job

    def run_line(self, line):
        if line.startswith(("export ", "script/")):
            return
        if line == "kill %1":
            self.assertEqual(self.jobs[0].stop(), 0, self.jobs[0].output())
            return
        is_background = line.endswith("&")
        line = self.with_own_ports(line.rstrip("&"))
        if is_server(line.split()):
            job = self.start(line)
            if not is_background:
                job.signal_group(signal.SIGINT)
                self.assertEqual(job.process.wait(20), 0, job.output())
            return
        run = subprocess.run(["/bin/bash", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60,
                             stderr=subprocess.STDOUT, env=self.environment, cwd=self.folder)
        said = run.stdout.decode("utf-8", "replace")
        self.assertEqual(run.returncode, 0, "%s\n%s" % (line, said))
        self.assertNotIn("no matches", said, line)
        self.assertNotIn("nothing matched", said, line)

    def build_and_run(self, program):
        """Against the build, as pkg-config would have it against what is installed. Its archive is there again."""
        with open(os.path.join(self.folder, "store.c"), "w", encoding="utf-8") as file:
            file.write(self.with_own_ports(program))
        library = os.path.join(BUILD, "src")
        subprocess.run(["cc", "store.c", "-o", "store", "-I" + os.path.join(support.ROOT, "include"),
                        "-I" + os.path.join(BUILD, "include"), "-L" + library, "-Wl,-rpath," + library, "-lscu"],
                       cwd=self.folder, check=True)
        job = self.start("scu archive pacs --aet PACS --port 127.0.0.1:" + self.ports["10104"])
        said = subprocess.run([os.path.join(self.folder, "store")], stdout=subprocess.PIPE, cwd=self.folder,
                              env=self.environment, timeout=60, check=True).stdout.decode()
        self.assertRegex(said, r"^[1-9]\d* stored, 0 failed\n$")
        job.stop()

    def test_everything_in_it_works_as_it_is_written(self):
        commands = 0
        for language, text in blocks():
            if language == "sh":
                for line in text.splitlines():
                    self.run_line(line)
                    commands += line.startswith("scu ")
            elif language == "ini":
                os.makedirs(os.path.join(self.folder, ".config", "scu"))
                with open(os.path.join(self.folder, ".config", "scu", "nodes.ini"), "w", encoding="utf-8") as file:
                    file.write(self.with_own_ports(text))
            elif language == "c":
                self.build_and_run(text)
            else:
                self.fail("what is a block of %s?" % language)
        self.assertGreater(commands, 15)


if __name__ == "__main__":
    unittest.main()
