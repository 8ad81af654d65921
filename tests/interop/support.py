"""What the interop tests share: the command under test, DCMTK's tools, the sample files, notes for the run's report."""

import atexit
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

import compare
import dicomfile
import peers

PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
SCU = os.environ.get("SCU", os.path.join(ROOT, "build", "gcc", "cli", "scu"))
SHARED = os.environ.get("SCU_SHARED", os.path.join(ROOT, "..", "shared"))
OUR_TITLE = "SCU"
DICTIONARY = dicomfile.load_dictionary()

# A user's own nodes.ini or environment must not steer a test.
EMPTY_HOME = tempfile.mkdtemp(prefix="scu-home-")
atexit.register(shutil.rmtree, EMPTY_HOME, ignore_errors=True)
ENVIRONMENT = dict({name: value for name, value in os.environ.items() if not name.startswith("SCU_")},
                   HOME=EMPTY_HOME, XDG_CONFIG_HOME=EMPTY_HOME, LC_ALL="C.UTF-8")


def note(line):
    """A line for the run's report: what was checked, what a peer refused."""
    print(line, file=sys.stderr, flush=True)
    if "SCU_NOTES" in os.environ:
        with open(os.environ["SCU_NOTES"], "a", encoding="utf-8") as file:
            file.write(line + "\n")


class Run:
    """The outcome of one `scu` command: code, events (its JSON lines), out, err, seconds, peak_kib."""

    def __init__(self, command, code, out, err, seconds, peak_kib):
        self.command, self.code, self.out, self.err = command, code, out, err
        self.seconds, self.peak_kib = seconds, peak_kib

    @property
    def events(self):
        found = []
        for line in self.out.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                raise AssertionError("not JSON on stdout: %r\n%s" % (line[:200], self))
        return found

    def of(self, kind):
        return [event for event in self.events if event.get("event") == kind]

    @property
    def summary(self):
        found = self.of("summary")
        if len(found) != 1:
            raise AssertionError("%d summaries\n%s" % (len(found), self))
        return found[0]

    def __str__(self):
        return "$ %s\nexit code %s\nstdout: %s\nstderr: %s" % (
            " ".join(self.command), self.code, self.out[-1500:], self.err[-1500:])


def scu(*arguments, seconds=120, environment=None):
    """Runs the command under test; its time-out is a failure of the test."""
    command = [SCU, *map(str, arguments)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env=dict(ENVIRONMENT, **(environment or {})))
        code, peak = wait_for(process, seconds)
        elapsed = time.monotonic() - started
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    run = Run(command, code, texts[0], texts[1], elapsed, peak)
    if code is None:
        raise AssertionError("no end after %d s\n%s" % (seconds, run))
    if code < 0:
        raise AssertionError("killed by signal %d\n%s" % (-code, run))
    return run


def wait_for(process, seconds):
    """(exit code or None when it had to be killed, peak memory in KiB).

    The peak is the kernel's high-water mark of the program itself, read every few milliseconds up to its end: ru_maxrss
    would also count the Python process that it was forked from.
    """
    deadline = time.monotonic() + seconds
    killed, peak = False, 0
    while True:
        peak = max(peak, high_water_kib(process.pid))
        code = process.poll()
        if code is not None:
            return (None if killed else code), peak
        if time.monotonic() > deadline and not killed:
            process.kill()
            killed = True
        time.sleep(0.002)


def high_water_kib(pid):
    """VmHWM, or 0 when the process is gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def run_tool(tool, *arguments, check=True, seconds=120, folder=None):
    """One of DCMTK's tools, on the same footing (no Nagle)."""
    run = subprocess.run([peers.find(tool), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, env=peers.ENVIRONMENT, timeout=seconds, cwd=folder)
    if check and run.returncode != 0:
        raise AssertionError("%s %s: exit code %d\n%s" % (tool, " ".join(map(str, arguments)), run.returncode,
                                                          run.stdout.decode("utf-8", "replace")[-2000:]))
    return run


class Listener:
    """`scu listen` on a free port, ready when it says so; stop() ends it with SIGTERM and checks its exit code."""

    def __init__(self, *options, title=OUR_TITLE, port=0):
        self.title = title
        self.folder = tempfile.mkdtemp(prefix="scu-listen-")
        self.received = os.path.join(self.folder, "received")
        self.err = os.path.join(self.folder, "stderr")
        self.out = os.path.join(self.folder, "stdout")
        command = [SCU, "listen", "--aet", title, "--port", "%s:%d" % (peers.HOST, port), "-o", self.received, "--json",
                   *options]
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=ENVIRONMENT,
                                            preexec_fn=peers.die_with_parent)
        self.peak_kib = self.code = None
        try:
            peers.wait_until(self.ready_line, 20, "the ready line of scu listen")
        except BaseException:
            self.stop()
            raise
        self.port = int(self.ready_line().group(1))

    def ready_line(self):
        if self.process.poll() is not None:
            raise RuntimeError("scu listen ended with %d: %s" % (self.process.returncode, self.stderr()))
        return re.search(r"^listening on \S+:(\d+) as %s$" % re.escape(self.title), self.stderr(), re.M)

    def stderr(self):
        with open(self.err, encoding="utf-8", errors="replace") as file:
            return file.read()

    def files(self):
        return sorted(os.path.join(here, name) for here, _, names in os.walk(self.received) for name in names)

    def events(self):
        with open(self.out, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    @property
    def address(self):
        return "%s@%s:%d" % (self.title, peers.HOST, self.port)

    def stop(self):
        """Idempotent; returns the exit code."""
        if self.code is None:
            if self.process.poll() is None:
                until_now = high_water_kib(self.process.pid)  # an idle listener may end before it is looked at again
                self.process.terminate()
                self.code, at_the_end = wait_for(self.process, 15)
                self.peak_kib = max(until_now, at_the_end)
            else:
                self.code = self.process.returncode
        return self.code

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def by_instance(paths):
    """SOP Instance UID -> path, read by the oracle."""
    return {dicomfile.value_of(dicomfile.read(path, DICTIONARY), 0x00080018): path for path in paths}


def files_under(folder):
    return sorted(os.path.join(here, name) for here, _, names in os.walk(folder) for name in names)


def differences(first, second):
    return [str(difference) for difference in compare.compare_paths(first, second, DICTIONARY).differences]


def manifest():
    """The rows of ../shared's manifest with their paths, or None where it is not there."""
    path = os.path.join(SHARED, "data", "manifest.tsv")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        row["path"] = os.path.join(SHARED, "data", row["file"])
    return rows
