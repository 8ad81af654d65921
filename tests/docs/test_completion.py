"""Completion really completes: bash by its function, fish by its own question, zsh on a terminal."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
FOLDER = os.path.join(ROOT, "completions")
SCU = os.environ.get("SCU") or os.path.join(ROOT, "build", "gcc", "cli", "scu")
NODES = "[self]\naet = ME\n[pacs]\naet = PACS\nhost = 127.0.0.1\n[ris]\naet = RIS\nhost = 127.0.0.1\n[x$(touch hacked)]\naet = X\nhost = h\n"
ASK_BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
_scu "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""
# What bash takes for a word of its own on the way.
SPLIT = re.compile(r"(=)")


class Completion(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.folder = self.scratch.name
        os.makedirs(os.path.join(self.folder, "config", "scu"))
        os.makedirs(os.path.join(self.folder, "images"))
        with open(os.path.join(self.folder, "config", "scu", "nodes.ini"), "w", encoding="utf-8") as file:
            file.write(NODES)
        with open(os.path.join(self.folder, "one.dcm"), "w", encoding="utf-8"):
            pass
        self.environment = dict(os.environ, HOME=self.folder, XDG_CONFIG_HOME=os.path.join(self.folder, "config"),
                                PATH=os.path.dirname(SCU) + ":" + os.environ.get("PATH", ""), TERM="dumb", LC_ALL="C.UTF-8")

    def bash(self, line):
        """What comes for the last word of the line."""
        words = [piece for word in line.split(" ") for piece in (SPLIT.split(word) if "=" in word else [word])]
        words = [word for i, word in enumerate(words) if word or i == len(words) - 1]
        run = subprocess.run(["bash", "--norc", "-c", ASK_BASH, "bash", os.path.join(FOLDER, "scu.bash"), SCU] + words[1:],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, cwd=self.folder, timeout=60)
        self.assertEqual(run.stderr.decode(), "")
        return [line for line in run.stdout.decode().split("\n") if line]

    def fish(self, line):
        script = "source %s; complete -C '%s'" % (os.path.join(FOLDER, "scu.fish"), line)
        run = subprocess.run(["fish", "--no-config", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=self.environment, cwd=self.folder, timeout=60)
        self.assertEqual(run.stderr.decode(), "")
        return [line.split("\t")[0] for line in run.stdout.decode().split("\n") if line]

    def zsh(self, line):
        """The line as it is after the key Tab, on a terminal."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], dict(self.environment, PS1="% ", COLUMNS="200"))
        try:
            os.write(terminal, b"fpath=(%s $fpath); autoload -Uz compinit; compinit -D -u; LISTMAX=1000; unsetopt beep; echo rea''dy\n" % FOLDER.encode())
            self.read_until(terminal, b"ready\r\n")
            # A widget tells the words behind the cursor's line, which a dumb terminal draws in pieces.
            os.write(terminal, b"tell() { zle complete-word; print -r -- \"<<$BUFFER>>\" }; zle -N tell; bindkey '^I' tell; echo bou''nd\n")
            self.read_until(terminal, b"bound\r\n")
            os.write(terminal, line.encode() + b"\t")
            seen = self.read_until(terminal, b">>")
            return re.search(rb"<<(.*)>>", seen).group(1).decode().rstrip()
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(terminal)

    def read_until(self, terminal, wanted):
        seen, end = b"", time.monotonic() + 30
        while wanted not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 0.5)[0]:
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    break
        self.assertIn(wanted, seen)
        return seen

    def needs(self, shell):
        if not shutil.which(shell):
            self.skipTest("%s is not installed" % shell)

    def test_they_are_what_the_tables_say(self):
        run = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "make-completion"), "--check"],
                             stdout=subprocess.PIPE, env=dict(os.environ, SCU=SCU), timeout=60)
        self.assertEqual(run.returncode, 0, run.stdout.decode())

    def test_the_shells_can_read_them(self):
        for shell, name in (("bash", "scu.bash"), ("zsh", "_scu"), ("fish", "scu.fish")):
            with self.subTest(shell):
                self.needs(shell)
                subprocess.run([shell, "-n", os.path.join(FOLDER, name)], check=True, timeout=60)

    def test_bash_commands(self):
        self.assertEqual(self.bash("scu fi"), ["find"])
        self.assertIn("archive", self.bash("scu "))
        self.assertEqual(self.bash("scu help sto"), ["store"])
        self.assertEqual(self.bash("scu help store "), [])

    def test_bash_options_are_those_of_the_command(self):
        self.assertEqual(self.bash("scu find pacs --le"), ["--level"])
        self.assertEqual(self.bash("scu store pacs --le"), ["--ledger"])
        self.assertEqual(self.bash("scu listen --lay"), ["--layout"])
        self.assertIn("--set", self.bash("scu store pacs one.dcm --set PatientID=1 --s"))

    def test_bash_values(self):
        self.assertEqual(self.bash("scu find pacs --level s"), ["study", "series"])
        self.assertEqual(self.bash("scu find pacs --level=s"), ["study", "series"])
        self.assertEqual(self.bash("scu find pacs --level="), ["patient", "study", "series", "image", "instance"])
        self.assertEqual(self.bash("scu get pacs -o im"), ["images"])
        self.assertEqual(self.bash("scu find pacs --query o"), ["one.dcm"])
        self.assertEqual(self.bash("scu echo pacs --timeout-tcp "), [])
        self.assertEqual(self.bash("scu find pacs -k Accession"), ["AccessionNumber"])
        self.assertEqual(self.bash("scu store pacs one.dcm --set Accession"), ["AccessionNumber="])
        self.assertEqual(self.bash("scu store pacs one.dcm --remove Accession"), ["AccessionNumber"])

    def test_bash_arguments(self):
        self.assertEqual(self.bash("scu echo p"), ["pacs"])
        self.assertEqual(self.bash("scu echo --aet ME p"), ["pacs"])
        self.assertEqual(self.bash("scu find pacs PatientB"), ["PatientBirthDate="])
        self.assertEqual(self.bash("scu find pacs PatientID=4711 StudyDa"), ["StudyDate="])
        self.assertEqual(self.bash("scu find pacs PatientID=4"), [])
        self.assertEqual(self.bash("scu store pacs o"), ["one.dcm"])
        self.assertEqual(self.bash("scu store --aet=ME pacs o"), ["one.dcm"])
        self.assertEqual(self.bash("scu archive im"), ["images"])
        self.assertEqual(self.bash("scu dump one.dcm o"), ["one.dcm"])
        self.assertEqual(self.bash("scu version "), [])

    def test_bash_nodes(self):
        self.assertEqual(self.bash("scu nodes s"), ["show", "set"])
        self.assertEqual(self.bash("scu nodes show r"), ["ris"])
        self.assertEqual(self.bash("scu nodes test pacs r"), ["ris"])
        self.assertEqual(self.bash("scu nodes set pacs max"), ["max-pdu="])
        self.assertEqual(self.bash("scu nodes add new A@h timeout-re"), ["timeout-response=", "timeout-release=", "timeout-retrieve="])

    def test_a_node_name_is_text_and_never_run(self):
        self.assertEqual(self.bash("scu echo x"), [r"x\$\(touch\ hacked\)"])
        self.assertFalse(os.path.exists(os.path.join(self.folder, "hacked")))

    def test_fish(self):
        self.needs("fish")
        self.assertEqual(self.fish("scu fi"), ["find"])
        self.assertEqual(self.fish("scu help sto"), ["store"])
        self.assertEqual(self.fish("scu echo p"), ["pacs"])
        self.assertEqual(self.fish("scu echo --aet ME p"), ["pacs"])
        self.assertEqual(self.fish("scu find pacs --le"), ["--level"])
        self.assertEqual(self.fish("scu find pacs --level se"), ["series"])
        self.assertEqual(self.fish("scu find pacs PatientB"), ["PatientBirthDate="])
        self.assertEqual(self.fish("scu store pacs on"), ["one.dcm"])
        self.assertEqual(self.fish("scu archive im"), ["images/"])
        self.assertEqual(self.fish("scu nodes sh"), ["show"])
        self.assertEqual(self.fish("scu nodes show r"), ["ris"])
        self.assertEqual(self.fish("scu nodes set pacs max"), ["max-pdu="])

    def test_zsh(self):
        self.needs("zsh")
        for typed, whole in (("scu fi", "scu find"), ("scu help sto", "scu help store"), ("scu echo p", "scu echo pacs"),
                             ("scu find pacs --lev", "scu find pacs --level="), ("scu find pacs --level se", "scu find pacs --level series"),
                             ("scu find pacs PatientB", "scu find pacs PatientBirthDate="), ("scu store pacs on", "scu store pacs one.dcm"),
                             ("scu archive im", "scu archive images/"), ("scu nodes sh", "scu nodes show"),
                             ("scu nodes show r", "scu nodes show ris"), ("scu nodes set pacs max", "scu nodes set pacs max-pdu=")):
            with self.subTest(typed):
                self.assertEqual(self.zsh(typed), whole)


if __name__ == "__main__":
    unittest.main()
