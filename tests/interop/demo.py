"""The main job in one go, for script/demo: store sample files in a PACS, find them, bring them back, compare.

The PACS is `scu archive --demo`, or with `--peer dcmqrscp` one that is not ours: DCMTK's.

Runs the command the way a person would and shows what it says. Exit code 0 only if everything that went out came back equal,
by C-GET and by C-MOVE.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile

import support  # first: it knows where the others are
import compare
import dicomfile
import make_samples
import peers
import scu_archive

WANTED = {"ct-1.dcm", "ct-2.dcm", "ct-3.dcm", "mr-implicit.dcm", "us-cine.dcm", "sr-deflated.dcm", "pdf.dcm",
          "sc-big-endian.dcm", "sc-large-unknown.dcm"}

PEERS = {
    "scu": ("scu archive --demo", lambda: scu_archive.Peer("--demo", our_title=support.OUR_TITLE)),
    "dcmqrscp": ("DCMTK's dcmqrscp", lambda: peers.DcmQrScp(our_title=support.OUR_TITLE)),
}


class Demo:
    def __init__(self, folder, peer):
        self.folder = folder
        self.peer_name, self.start_peer = PEERS[peer]
        self.troubles = []

    def step(self, text):
        print("\n\033[1m%s\033[0m" % text if sys.stdout.isatty() else "\n" + text, flush=True)

    def run(self, *arguments):
        """Shows the command and what it says; a bad exit code is a trouble."""
        shown = shlex.join(("scu",) + arguments).replace(self.folder, "$DEMO")
        print("  $ " + shown, flush=True)
        run = subprocess.run([support.SCU, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=support.ENVIRONMENT, timeout=120)
        for line in run.stdout.decode("utf-8", "replace").replace(self.folder, "$DEMO").splitlines():
            print("  | " + line)
        if run.returncode != 0:
            self.trouble("`%s` ended with exit code %d" % (shown, run.returncode))

    def trouble(self, text):
        self.troubles.append(text)
        print("  ! " + text, flush=True)

    def show_samples(self, paths):
        for path in paths:
            file = dicomfile.read(path, support.DICTIONARY)
            frames = dicomfile.value_of(file, 0x00280008)
            print("  %-22s %8d bytes  %-3s %-24s%s" % (
                os.path.basename(path), os.path.getsize(path), dicomfile.value_of(file, 0x00080060), file.syntax,
                " %s frames" % frames if frames else ""))

    def check(self, sent, folder, way):
        received = support.by_instance(support.files_under(folder))
        for instance in sorted(set(received) - set(sent)):
            self.trouble("%s brought %s, which was never sent" % (way, instance))
        elements = equal = 0
        for instance, path in sent.items():
            name = os.path.basename(path)
            if instance not in received:
                self.trouble("%s did not bring %s back" % (way, name))
                continue
            comparison = compare.compare_paths(path, received[instance], support.DICTIONARY)
            elements += comparison.compared
            for difference in comparison.differences[:3]:
                self.trouble("%s by %s: %s" % (name, way, difference))
            equal += not comparison.differences
        print("  %d of %d objects that came back by %s equal what was sent (%d elements compared)"
              % (equal, len(sent), way, elements))

    def play(self):
        self.step("1. Sample files, made here: five kinds of object, one multi-frame, names in four scripts")
        paths = make_samples.write_samples(os.path.join(self.folder, "samples"), WANTED)
        self.show_samples(paths)
        sent = support.by_instance(paths)
        with self.start_peer() as archive:
            self.step("2. A PACS on loopback: %s as %s" % (self.peer_name, archive.address))
            self.run("echo", archive.address)
            self.step("3. Store them")
            self.run("store", archive.address, os.path.join(self.folder, "samples"), "-r")
            self.step("4. Find them")
            self.run("find", archive.address, "PatientID=SCU-*", "-k", "PatientName", "-k", "StudyDate", "-k",
                     "StudyDescription", "--level", "study", "--table")
            self.step("5. Bring them back with C-GET, a study at a time")
            studies = sorted({dicomfile.value_of(dicomfile.read(path, support.DICTIONARY), 0x0020000D)
                              for path in paths})
            for study in studies:
                self.run("get", archive.address, "StudyInstanceUID=" + study, "--with", "get", "-o",
                         os.path.join(self.folder, "by-get"))
            self.step("6. Bring them back with C-MOVE to our own listener")
            for study in studies:
                self.run("move", archive.address, "StudyInstanceUID=" + study, "--aet", support.OUR_TITLE, "--listen",
                         "127.0.0.1:%d" % archive.our_port, "-o", os.path.join(self.folder, "by-move"))
            self.step("7. Compare, element by element, with a reader that shares no code with the library")
            self.check(sent, os.path.join(self.folder, "by-get"), "C-GET")
            self.check(sent, os.path.join(self.folder, "by-move"), "C-MOVE")
        return not self.troubles


def main():
    parser = argparse.ArgumentParser(prog="script/demo", description="Store, find, get, move, compare.")
    parser.add_argument("--peer", choices=sorted(PEERS), default="scu", help="the PACS (default: scu archive)")
    peer = parser.parse_args().peer
    with tempfile.TemporaryDirectory(prefix="scu-demo-") as folder:
        demo = Demo(folder, peer)
        is_good = demo.play()
    if is_good:
        print("\nWhat came back equals what was sent.")
        return 0
    print("\n%d troubles:" % len(demo.troubles))
    for trouble in demo.troubles:
        print("  " + trouble)
    return 1


if __name__ == "__main__":
    sys.exit(main())
