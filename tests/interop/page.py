"""A page of the documentation as it is typed: fenced blocks, shell lines in their order, C programs against the build."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile

import support  # first: it knows where the others are
import peers

BUILD = os.environ.get("SCU_BUILD", os.path.join(support.ROOT, "build", "gcc"))
PORTS = ("10104", "10105", "10106", "11112", "11113")
EXIT = re.compile(r"\s+# exit (\d+)\b.*$")


class Block:
    """language, words behind it, text, and the line of the page on which the text begins."""

    def __init__(self, info, text, line):
        self.language, *self.words = info.split(None, 1)
        self.words = self.words[0] if self.words else ""
        self.text, self.line = text, line


def blocks(name):
    """The fenced blocks of a page, by its path below the root."""
    with open(os.path.join(support.ROOT, name), encoding="utf-8") as file:
        page = file.read()
    return [Block(found.group(1), found.group(2), page.count("\n", 0, found.start(2)) + 1)
            for found in re.finditer(r"(?ms)^```(\w[^\n]*)\n(.*?)^```$", page)]


def compile_program(source, program, *libraries, flags=()):
    """Against the build, as pkg-config would have it against what is installed."""
    folders = [os.path.join(BUILD, "src"), os.path.join(BUILD, "src", "archive")]
    command = ["cc", source, "-o", program, "-I" + os.path.join(support.ROOT, "include"), *flags]
    for folder in folders:
        command += ["-L" + folder, "-Wl,-rpath," + folder]
    run = subprocess.run(command + ["-l" + name for name in ("scu",) + libraries], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    if run.returncode != 0:
        raise AssertionError(run.stdout.decode("utf-8", "replace"))


def is_server(words):
    return words[:2] == ["scu", "listen"] or (words[:2] == ["scu", "archive"] and "--check" not in words)


class Typed:
    """For a TestCase: a folder, a home without settings, free ports in place of those of the page, servers that are
    stopped at the end."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-page-")
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
        """Ends with exit code 0, or the one that the line names behind `# exit`; returns what it said."""
        if line.startswith(("export ", "script/")) or not line.strip():
            return ""
        if line == "kill %1":
            self.assertEqual(self.jobs[0].stop(), 0, self.jobs[0].output())
            return ""
        is_background = line.endswith("&")
        wanted = EXIT.search(line)
        line = self.with_own_ports(EXIT.sub("", line.rstrip("&")))
        if is_server(line.split()):
            job = self.start(line)
            if not is_background:
                job.signal_group(signal.SIGINT)
                self.assertEqual(job.process.wait(20), 0, job.output())
            return job.output()
        run = subprocess.run(["/bin/bash", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60,
                             stderr=subprocess.STDOUT, env=self.environment, cwd=self.folder)
        said = run.stdout.decode("utf-8", "replace")
        self.assertEqual(run.returncode, int(wanted.group(1)) if wanted else 0, "%s\n%s" % (line, said))
        if not wanted:
            self.assertNotIn("no matches", said, line)
            self.assertNotIn("nothing matched", said, line)
        return said

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.with_own_ports(text))
        return path
