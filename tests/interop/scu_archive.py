"""`scu archive` as a process of its own, on a folder that outlives it: to be stopped, killed and started again."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile

import support  # first: it knows where the others are
import peers


class ScuArchive:
    """Ready when it says so. address is what `scu` takes; the folder is the caller's."""

    process = said_to = None

    def __init__(self, folder, *options, title="ARCHIVE", port=0, move_to=(), file_size_limit=None, files_limit=None):
        """move_to: (name, AE title, port) of move destinations on loopback."""
        self.folder, self.title, self.wanted_port = folder, title, port
        self.options = list(options)
        for name, their_title, their_port in move_to:
            self.options += ["--peer", "%s=%s@%s:%d" % (name, their_title, peers.HOST, their_port)]
        self.limits = [(resource.RLIMIT_FSIZE, file_size_limit), (resource.RLIMIT_NOFILE, files_limit)]
        self.start()

    def set_up_child(self):
        peers.die_with_parent()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a full disk has no signal either
        for kind, limit in self.limits:
            if limit is not None:
                resource.setrlimit(kind, (limit, limit))

    def start(self):
        self.close()
        self.said_to = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [support.SCU, "archive", self.folder, "--aet", self.title, "--port",
             "%s:%d" % (peers.HOST, self.wanted_port), *self.options], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.said_to, env=support.ENVIRONMENT, preexec_fn=self.set_up_child)
        try:
            peers.wait_until(self.ready_line, 30, "the ready line of scu archive")
        except BaseException:
            self.kill()
            raise
        self.port = int(self.ready_line().group(1))
        return self

    def said(self):
        return os.pread(self.said_to.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def ready_line(self):
        if self.process.poll() is not None:
            raise RuntimeError("scu archive ended with %d: %s" % (self.process.returncode, self.said()))
        return re.search(r"^listening on \S+:(\d+) as %s$" % re.escape(self.title), self.said(), re.M)

    @property
    def address(self):
        return "%s@%s:%d" % (self.title, peers.HOST, self.port)

    def kill(self):
        """SIGKILL: what a power cut leaves of a process."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code. A crash, a leak that a sanitizer found or a hang is an error."""
        if self.process.poll() is None:
            self.process.terminate()
            code, _ = support.wait_for(self.process, 30)
        else:
            code = self.process.returncode
        if code not in (0, -signal.SIGKILL, 11):
            raise AssertionError("scu archive ended with %s\n%s" % (code, self.said()[-6000:]))
        return code

    def close(self):
        if self.said_to:
            self.said_to.close()
        self.said_to = None

    def restart(self):
        self.stop()
        return self.start()

    def objects(self):
        """SOP Instance UID -> path, by the names of the files."""
        return {os.path.basename(path)[:-len(".dcm")]: path
                for path in support.files_under(os.path.join(self.folder, "objects")) if path.endswith(".dcm")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            self.close()


class Peer(ScuArchive):
    """The same in the place of a peer: a folder that goes with it, and us among its move destinations."""

    def __init__(self, *options, our_title="SCU", our_port=None):
        self.our_title, self.our_port = our_title, our_port or peers.free_port()
        self.own_folder = tempfile.mkdtemp(prefix="scu-peer-")
        try:
            super().__init__(os.path.join(self.own_folder, "pacs"), *options,
                             move_to=[(self.our_title, self.our_title, self.our_port)])
        except BaseException:
            self.stop()
            raise

    def stop(self):
        try:
            if self.process:
                super().stop()
        finally:
            shutil.rmtree(self.own_folder, ignore_errors=True)


def check(folder):
    """`scu archive FOLDER --check`: (exit code, the record)."""
    run = support.scu("archive", folder, "--check", "--json")
    records = run.of("check")
    if len(records) != 1:
        raise AssertionError("no record\n%s" % run)
    return run.code, records[0]


def acknowledged(out):
    """The SOP Instance UIDs that `scu store --json` reports as stored, from whatever it could write."""
    found = set()
    for line in out.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("event") == "instance" and event.get("outcome") in ("ok", "warning"):
            found.add(event["sop_instance_uid"])
    return found
