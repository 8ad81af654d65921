"""`--metrics` of archive and listener: strict OpenMetrics text, whole at any moment, and numbers that are true"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support  # first: it knows where the others are
import make_samples
import peers
from scu_archive import Peer
from support import scu

NAME = r"[a-z_][a-z0-9_]*"
LABELS = re.compile(r'(%s)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)' % NAME)
SAMPLE = re.compile(r"(%s)(?:\{([^{}]*)\})? (\d+(?:\.\d+)?)$" % NAME)
SUFFIXES = {"counter": {"_total"}, "gauge": {""}, "info": {"_info"}, "summary": {"_count", "_sum"}}


def parse(text):
    """{name{label=value,...}: number}; AssertionError on whatever OpenMetrics 1.0 does not allow."""
    assert text.endswith("# EOF\n") and text.count("# EOF") == 1, text[-200:]
    families, samples, current = {}, {}, None
    for line in text.splitlines()[:-1]:
        described = re.match(r"# (TYPE|UNIT|HELP) (%s) (.+)$" % NAME, line)
        if described:
            kind, name, value = described.groups()
            if kind == "TYPE":
                assert name not in families and value in SUFFIXES, line
                families[name] = {"TYPE": value}
            else:
                assert name == current and kind not in families[name], line
                families[name][kind] = value
                assert kind != "UNIT" or name.endswith("_" + value), line
            current = name
            continue
        sample = SAMPLE.match(line)
        assert sample, line
        name, labels, value = sample.groups()
        assert name.startswith(current) and name[len(current):] in SUFFIXES[families[current]["TYPE"]], line
        pairs = LABELS.findall(labels or "")
        assert ",".join('%s="%s"' % pair for pair in pairs) == (labels or ""), line
        assert len(dict(pairs)) == len(pairs), line
        key = name + "{" + ",".join("%s=%s" % pair for pair in sorted(pairs)) + "}"
        assert key not in samples, line
        samples[key] = float(value)
    assert all("HELP" in family for family in families.values()), families
    return samples


class Metrics(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="scu-metrics-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "scu.prom")
        self.samples = make_samples.write_samples(os.path.join(self.folder, "samples"), {"ct-1.dcm", "ct-2.dcm"})

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            return parse(file.read())

    def test_an_archive_counts_what_it_did(self):
        with Peer("--metrics", self.path, "--accept-from", "SCU", "--fault", "store:status=A700@2") as archive:
            self.assertEqual(self.read()["scu_associations_total{result=accepted,side=acceptor}"], 0)
            run = scu("store", archive.address, *self.samples, "--aet", "SCU", "--retries", "0")
            self.assertNotEqual(run.code, 0, run)
            self.assertEqual(scu("find", archive.address, "PatientID=*", "--aet", "SCU", "--all").code, 0)
            self.assertEqual(scu("echo", archive.address, "--aet", "OTHER").code, 6)
            peers.wait_until(lambda: self.read()["scu_associations_total{result=rejected,side=acceptor}"] == 1, 20,
                             "the file is written while the archive runs")
        found = self.read()
        for name, value in {
                "scu_associations_total{result=accepted,side=acceptor}": 2,
                "scu_association_ends_total{how=released,side=acceptor}": 2,
                "scu_associations_open{}": 0, "scu_connections_open{}": 0,
                "scu_connections_total{side=acceptor}": 3,
                "scu_rejections_total{reason=3,side=acceptor,source=1}": 1,
                "scu_requests_total{direction=received,service=C-STORE,status=success}": 1,
                "scu_requests_total{direction=received,service=C-STORE,status=failure}": 1,
                "scu_failures_total{direction=received,service=C-STORE,status=A700}": 1,
                "scu_requests_total{direction=received,service=C-FIND,status=success}": 1,
                "scu_response_seconds_count{direction=received,service=C-STORE}": 2,
                "scu_instances_total{direction=received}": 1, "scu_instances_total{direction=sent}": 0}.items():
            self.assertEqual(found.get(name), value, name)
        size = found["scu_instance_bytes_total{direction=received}"]
        self.assertTrue(0.8 * os.path.getsize(self.samples[0]) < size < os.path.getsize(self.samples[0]), size)
        self.assertEqual(sum(name.startswith("scu_build_info{version=") for name in found), 1)
        self.assertEqual(sorted(os.listdir(self.folder)), ["samples", "scu.prom"])

    @contextlib.contextmanager
    def listener(self, path, before=lambda: None, code=0, more=()):
        """Its port, and what it has said so far."""
        def prepare():
            peers.die_with_parent()
            before()

        port = peers.free_port()
        with tempfile.TemporaryFile() as said:
            listener = subprocess.Popen([support.SCU, "listen", "-o", os.path.join(self.folder, "in"), "--port",
                                         "127.0.0.1:%d" % port, "--metrics", path, *more], stderr=said,
                                        env=support.ENVIRONMENT, preexec_fn=prepare)
            try:
                peers.wait_until(lambda: b"listening" in os.pread(said.fileno(), 4096, 0), 20, "the listener")
                yield port, lambda: os.pread(said.fileno(), 65536, 0).decode()
            finally:
                listener.terminate()
                try:
                    self.assertEqual(listener.wait(30), code)
                finally:
                    listener.kill()

    def test_a_listener_has_them_too(self):
        with self.listener(self.path) as (port, _):
            self.assertEqual(scu("store", "ANY@127.0.0.1:%d" % port, *self.samples).code, 0)
        self.assertEqual(self.read()["scu_instances_total{direction=received}"], 2)

    def test_what_stands_in_its_way_is_not_waited_for(self):
        """A pipe under the name that is written first blocked it for good; and several programs had one such name."""
        def put_pipes():
            os.mkfifo(self.path + ".tmp")
            os.mkfifo("%s.%d.tmp" % (self.path, os.getpid()))

        with self.listener(self.path, put_pipes):
            with self.listener(self.path):
                self.assertEqual(self.read()["scu_connections_total{side=acceptor}"], 0)
        self.assertEqual(sorted(os.listdir(self.folder)), ["in", "samples", "scu.prom", "scu.prom.tmp"])

    def test_what_is_no_file_is_not_replaced(self):
        for make in (os.mkfifo, lambda path: os.symlink("elsewhere", path)):
            make(self.path)
            before = os.lstat(self.path)
            run = scu("listen", "-o", self.folder, "--port", "127.0.0.1:0", "--metrics", self.path)
            self.assertEqual(run.code, 11, run)
            self.assertIn("not a regular file", run.err)
            self.assertEqual(os.lstat(self.path).st_ino, before.st_ino)
            os.unlink(self.path)

    def test_a_failure_leaves_nothing_behind(self):
        os.mkdir(self.path)
        run = scu("listen", "-o", self.folder, "--port", "127.0.0.1:0", "--metrics", self.path)
        self.assertEqual(run.code, 11, run)
        self.assertEqual(sorted(os.listdir(self.folder)), ["samples", "scu.prom"])

    def test_a_file_that_cannot_be_had_is_said(self):
        run = scu("listen", "-o", self.folder, "--port", "127.0.0.1:0", "--metrics", os.path.join(self.path, "x", "y"))
        self.assertEqual(run.code, 11, run)
        self.assertIn("scu.prom/x/y", run.err)

    def test_that_it_is_out_of_date_is_said_while_the_command_runs(self):
        log = os.path.join(self.folder, "log")
        os.mkdir(os.path.join(self.folder, "gone"))
        with self.listener(os.path.join(self.folder, "gone", "scu.prom"), code=11, more=("--log", log)) as (_, said):
            shutil.rmtree(os.path.join(self.folder, "gone"))
            peers.wait_until(lambda: "warning: the metrics are out of date" in said(), 30, "the warning")
            self.assertIn("cannot be written: No such file", said())
        with open(log, encoding="utf-8") as file:
            self.assertEqual(file.read().count("the metrics are out of date"), 1)

    def test_the_parser_is_strict(self):
        good = "# TYPE a counter\n# HELP a Text.\na_total{b=\"c\"} 1\n# EOF\n"
        self.assertEqual(parse(good), {"a_total{b=c}": 1})
        for old, new in (("# EOF\n", ""), ("a_total{", "a{"), ("# HELP a Text.\n", ""), (" 1\n", " x\n"), ('b="c"', "b=c"),
                         ("counter", "number"), ("# EOF", "a_total{b=\"c\"} 1\n# EOF"), ("# HELP", "# UNIT a s\n# HELP")):
            with self.assertRaises(AssertionError):
                parse(good.replace(old, new, 1))


if __name__ == "__main__":
    unittest.main()
