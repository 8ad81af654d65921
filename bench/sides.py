"""The archives that are compared - ours, Orthanc, dcmqrscp - and the bare clients that ask them.

Each side at its best reasonable settings. dcmqrscp: bit preserving, PDUs of 128 KiB, no Nagle; it syncs nothing. Orthanc:
PDUs of 128 KiB, no limits, no MD5 of files, answers to C-FIND from its database alone, no transcoding; SyncStorageArea
(its default) syncs each file before the answer, its SQLite index is never waited for (WAL, synchronous=NORMAL).
"""

import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "interop"))
import support  # first: it knows where the others are
import peers
import scu_archive

CLIENTS = os.environ.get("SCU_BARE", os.path.join(os.path.dirname(support.SCU), "..", "bench"))
TITLE = "BARE"


class Orthanc(peers.Orthanc):
    """With SyncStorageArea or without."""

    def __init__(self, is_synced, **keywords):
        self.is_synced = is_synced
        super().__init__(converts=False, **keywords)

    def prepare(self):
        command = super().prepare()
        with open(command[-1], encoding="ascii") as file:
            settings = json.load(file)
        settings.update({"SyncStorageArea": self.is_synced, "MaximumPduLength": 131072, "StoreMD5ForAttachments": False,
                         "StorageAccessOnFind": "Never", "OverwriteInstances": False, "DicomThreadsCount": 4})
        with open(command[-1], "w", encoding="ascii") as file:
            json.dump(settings, file)
        return command

    @property
    def pid(self):
        return self.program.process.pid


class DcmQrScp(peers.DcmQrScp):
    def __init__(self, **keywords):
        super().__init__("+B", "-pdu", "131072", **keywords)

    @property
    def pid(self):
        return self.program.process.pid


class Ours(scu_archive.Peer):
    """`scu archive`; durability as the option takes it."""

    def __init__(self, durability, **keywords):
        super().__init__("-q", "--durability", durability, **keywords)

    def restart(self):
        """On the same folder, which a stop() would remove."""
        scu_archive.ScuArchive.stop(self)
        return self.start()

    @property
    def pid(self):
        return self.process.pid


# Synced ones promise that a file is on the disk when its C-STORE is answered.
SIDES = {
    "scu": lambda **keywords: Ours("batch", **keywords),
    "scu, unsynced": lambda **keywords: Ours("none", **keywords),
    "Orthanc": lambda **keywords: Orthanc(True, **keywords),
    "Orthanc, unsynced": lambda **keywords: Orthanc(False, **keywords),
    "dcmqrscp": DcmQrScp,
}


def start(name, folder):
    """A running side with its folder in `folder`; stop() ends it and removes that."""
    os.makedirs(folder, exist_ok=True)
    tempfile.tempdir = folder
    try:
        return SIDES[name](our_title=TITLE)
    finally:
        tempfile.tempdir = None


def leave(side):
    """Ends it, and its folder stays until all is measured: for seconds after thousands of files were removed, ext4 looks
    through them whenever it makes a new one, and the next side would pay for that."""
    if isinstance(side, Ours):
        scu_archive.ScuArchive.stop(side)
    else:
        side.program.stop()


def client(name, side, *arguments, options=(), before=()):
    """Runs a bare client against a side: what it prints, as a dict. What is not as expected ends the benchmark."""
    command = [os.path.join(CLIENTS, name), "-c", TITLE, *map(str, options), peers.HOST, str(side.port), side.title,
               *map(str, before), *arguments]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode != 0:
        sys.exit("%s: exit code %d\n%s%s" % (" ".join(command)[:600], run.returncode, run.stdout.decode(),
                                             run.stderr.decode("utf-8", "replace")))
    return json.loads(run.stdout)


def store(side, listing, associations=1):
    return client("bare_store", side, listing, options=("-k", associations))


def find(side, keys, expected, relational=True, associations=1):
    options = ["-e", expected, "-k", associations] + (["-r"] if relational else [])
    return client("bare_find", side, *keys, options=options)


def get(side, keys, expected, associations=1):
    return client("bare_get", side, *keys, options=("-e", expected, "-k", associations))


def move(side, keys, expected):
    return client("bare_move", side, *keys, options=("-e", expected), before=(side.our_port,))
