"""The same C-FIND queries to `scu archive`, DCMTK's dcmqrscp and wlmscpfs, and Orthanc, held against an oracle.

All queries of query_corpus.py go to all of them. Ours must answer as query_oracle.py says. Of the others every answer must
be the same, or stand in query_differences.py with who is right and the clause that decides. What stands there and is not
seen any more fails too. It takes seconds, so a short run asks everything.

  test_queries.py --observe    prints every difference that is seen, as query_differences.py has them
  test_queries.py --document   writes docs/queries.md from query_differences.py
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import support  # first: it knows where the others are
import dicomfile
import peers
import query_client
import query_corpus
import query_differences
import query_oracle
import scu_archive
from query_corpus import EXTENDED, KEYS, QUERIES, UNIQUE, uid

DOCUMENT = os.path.join(support.ROOT, "docs", "queries.md")
FINDSCU_STEP = 9  # every so many queries go out by DCMTK's client as well
SHOWN = 8  # labels of missing or additional rows that are written out
STEP = "ScheduledProcedureStepSequence"


class WlmScpFs(peers.Peer):
    """DCMTK's worklist server over a folder of worklist files."""

    title = "WLMSCPFS"

    def prepare(self):
        query_corpus.write_worklist(os.path.join(self.folder, "worklists", self.title))
        return [peers.find("wlmscpfs"), "-dfp", os.path.join(self.folder, "worklists"), str(self.port)]


class OrthancWithWorklists(peers.Orthanc):
    """Debian's Orthanc with the worklist plugin that comes with it."""

    def prepare(self):
        command = super().prepare()
        worklists = os.path.join(self.folder, "worklists")
        query_corpus.write_worklist(worklists)
        with open(command[1], encoding="ascii") as file:
            config = json.load(file)
        config["Plugins"] = [next(path for path in ("/usr/share/orthanc/plugins/libModalityWorklists.so",
                                                    "/usr/lib/orthanc/plugins/libModalityWorklists.so")
                                  if os.path.exists(path))]
        config["Worklists"] = {"Enable": True, "Database": worklists}
        with open(command[1], "w", encoding="ascii") as file:
            json.dump(config, file)
        return command


# ---- asking ----

class Asker:
    """Puts queries to one archive; images and worklist may be two programs.

    One association at a time, kept while the next query can use it: Orthanc has four threads for all of them and waits a
    second on each that is idle.
    """

    def __init__(self, images, worklist):
        self.images, self.worklist, self.key, self.association = images, worklist, None, None

    def title_of(self, query):
        return (self.worklist if query.model == "W" else self.images).title

    def associate(self, query):
        key = (query.model, query.extended)
        if key != self.key:
            self.close()
            peer = self.worklist if query.model == "W" else self.images
            self.association = query_client.Association(peer.port, peer.title, query.model,
                                                        EXTENDED.get(query.extended, b""))
            self.key = key
        return self.association

    def ask(self, query):
        """The answer, or a word for why there is none."""
        wanted = EXTENDED.get(query.extended, b"")
        try:
            association = self.associate(query)
            if wanted and association.agreed[:len(wanted)] != wanted:
                return "not agreed"
            answer = association.find(query.elements())
        except (query_client.Broken, OSError, ValueError) as problem:
            self.close()
            return "broken: %s" % problem
        return "no context" if answer.status == query_client.REFUSED_CONTEXT else answer

    def close(self):
        if self.association:
            self.association.close()
        self.key = self.association = None


# ---- comparing ----

LABELS = {uid(label): label for level in ("STUDY", "SERIES", "IMAGE") for label in query_corpus.entities()[level]}
LABELS.update({own["PatientID"]: label for label, own in query_corpus.PATIENTS.items()})
STEPS = {own[STEP][0]["ScheduledProcedureStepID"]: label for label, own in query_corpus.WORKLIST.items()}


def path_of(keywords):
    return tuple(KEYS[part][0] if isinstance(part, str) else part for part in keywords)


def label_of(query, row):
    if query.model == "W":
        return STEPS.get(row.get(path_of((STEP, 0, "ScheduledProcedureStepID"))), "?")
    return LABELS.get(row.get(path_of((UNIQUE[query.level],))), "?") if query.level in UNIQUE else "?"


def label_by_values(query, expected, row, title, taken):
    """Of an answer that has no unique key: the first match that it says everything of, and that nobody else is."""
    for label, values in expected.items():
        if label not in taken and not row_differences(query, values, row, title):
            return label
    return "?"


def is_same_value(keyword, expected, seen):
    vr = KEYS[keyword][1] if keyword else ""
    if vr == "SQ":
        return (expected or "0") == (seen or "0")  # absent is as good as without items
    if keyword in query_oracle.LISTS:
        return sorted(expected.split("\\")) == sorted(seen.split("\\"))
    if vr == "PN":
        return [group.rstrip("^ ") for group in expected.rstrip("=").split("=")] == \
               [group.rstrip("^ ") for group in seen.rstrip("=").split("=")]
    if keyword in query_oracle.COUNTS and seen:
        return int(expected) == int(seen)
    return "\\".join(part.strip() for part in expected.split("\\")) == seen


def row_differences(query, expected, row, title):
    """Keywords whose values are not those expected, and of answers that lack what every answer has (C.4.1.1.3.2)."""
    found = set()
    for keywords, value in expected.items():
        if not is_same_value(keywords[-1], value, row.get(path_of(keywords), "")):
            found.add(keywords[-1])
    if query.model != "W" and row.get(path_of(("RetrieveAETitle",)), "") != title:
        found.add("RetrieveAETitle")
    if row.get(path_of(("InstanceAvailability",)), "ONLINE") != "ONLINE":
        found.add("InstanceAvailability")
    return found


def listed(sign, labels):
    labels = sorted(labels)
    return [sign + label for label in labels] if len(labels) <= SHOWN else ["%s%d" % (sign, len(labels))]


def difference(query, expected, answer, title):
    """"" for as expected; else words: -S01 a row that is missing, +S01 one too many, 2xS01, ~StudyDate a value."""
    if isinstance(answer, str):
        return answer
    is_refused = answer.status != "0000"
    if expected is None or is_refused:
        is_right = title != "ARCHIVE" or answer.status == "A900"  # what docs/queries.md promises of ours
        if expected is None and is_refused and not answer.rows and is_right:
            return ""
        return answer.status if is_refused else " ".join(["answered"] + listed("+", [label_of(query, row)
                                                                                     for row in answer.rows]))
    seen, words, values = {}, [], set()
    for row in answer.rows:
        label = label_of(query, row)
        if label == "?":
            label = label_by_values(query, expected, row, title, seen)
        seen.setdefault(label, []).append(row)
    for label, rows in seen.items():
        if len(rows) > 1:
            words.append("%dx%s" % (len(rows), label))
        if label in expected:
            for row in rows:
                values |= row_differences(query, expected[label], row, title)
    words += listed("-", set(expected) - set(seen)) + listed("+", set(seen) - set(expected))
    return " ".join(sorted(words) + sorted("~" + keyword for keyword in values))


# ---- the run ----

def answers_of(oracle):
    return {query.name: query_oracle.answer_or_refusal(oracle, query) for query in QUERIES}


class Run:
    """Everything started, filled and asked once; seen: title -> query -> difference or ""."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="scu-queries-")
        self.stops, self.seen, self.problems = [], {}, []
        self.expected = {title: answers_of(query_oracle.Oracle(ways)) for title, ways in query_differences.WAYS.items()}
        try:
            self.start()
        finally:
            self.stop()

    def keep(self, peer):
        self.stops.append(peer)
        return peer

    def start(self):
        instances = os.path.join(self.folder, "instances")
        query_corpus.write_instances(instances)
        threads = [threading.Thread(target=self.visit, args=(maker, instances))
                   for maker in (self.make_scu, self.make_dcmtk, self.make_orthanc)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.problems:
            raise AssertionError("\n".join(self.problems))

    def visit(self, maker, instances):
        try:
            asker = maker()
            support.run_tool("storescu", "-R", "-aet", support.OUR_TITLE, "-aec", asker.images.title, "+sd", peers.HOST,
                             asker.images.port, instances)
            for query in QUERIES:
                title = asker.title_of(query)
                words = difference(query, self.expected[title][query.name], asker.ask(query), title)
                self.seen.setdefault(title, {})[query.name] = words
            asker.close()
            if maker == self.make_scu:
                self.by_findscu = {query.name: self.ask_by_findscu(asker, query) for query in QUERIES[::FINDSCU_STEP]
                                   if query.extended is None}
        except BaseException as problem:
            self.problems.append("%s: %r" % (maker.__name__, problem))

    def ask_by_findscu(self, asker, query):
        """Labels of the rows that DCMTK's client gets from ours."""
        folder = tempfile.mkdtemp(dir=self.folder)
        peer = asker.worklist if query.model == "W" else asker.images
        keys = [] if query.level == "NONE" or query.model == "W" else [b"QueryRetrieveLevel=" + query.level.encode()]
        keys += [b"SpecificCharacterSet=" + query.charset.encode()] if query.charset else []
        for path, value in query.keys:
            path = path.replace("[]", ".").replace(".", "[0].").rstrip(".")
            keys.append(path.encode() + b"=" + value.encode(query_corpus.CODECS[query.charset]))
        command = [peers.find("findscu"), "-X", {"W": "-W", "P": "-P", "S": "-S", "O": "-O"}[query.model]]
        for key in keys:
            command += ["-k", key]
        command += ["-aec", peer.title, "-aet", support.OUR_TITLE, peers.HOST, str(peer.port)]
        subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env=peers.ENVIRONMENT, timeout=60, check=True)
        return sorted(label_of(query, query_client.as_row(dicomfile.read(path, support.DICTIONARY).elements))
                      for path in support.files_under(folder))

    def make_scu(self):
        demo = self.keep(scu_archive.ScuArchive(os.path.join(self.folder, "demo"), "--demo"))
        return Asker(self.keep(scu_archive.ScuArchive(os.path.join(self.folder, "pacs"))), demo)

    def make_dcmtk(self):
        return Asker(self.keep(peers.DcmQrScp()), self.keep(WlmScpFs()))

    def make_orthanc(self):
        orthanc = self.keep(OrthancWithWorklists())
        return Asker(orthanc, orthanc)

    def stop(self):
        for peer in self.stops:
            peer.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def observe():
    run = Run()
    for title, seen in run.seen.items():
        print(title)
        for query, words in seen.items():
            if words:
                print('    "%s": "%s",' % (query, words))


# ---- the tests ----

# Said by hand from the Standard, so that the oracle is held against something too.
SAID = {
    "patient-by-id-zeros": "P01", "patient-by-id-underscore": "P03", "patient-by-id-brackets": "P06",
    "patient-by-id-padded": "P10", "patients-by-birth-range": "P01 P10", "accession-case": "S04 S08",
    "accession-question": "S01 S02 S03 S08", "accession-percent-star": "S08 S09", "accession-bracket-class": "S08",
    "study-by-uid-list": "S01 S05 S20", "study-by-uid-wildcard": None, "study-date-range": "S01 S02 S03 S08",
    "study-date-reversed": "S08", "study-time-short-value": "S04 S05 S06 S08 S09", "study-time-until": "S02 S08 S09 S10 S19",
    "study-date-and-time": "S01 S08", "study-date-and-time-combined": "S02 S08", "name-latin-star": "S06 S07 S08 S09 S15",
    "name-japanese-ideographic": "S12 S13 S15", "name-three-stars": "S12 S13 S15", "description-percent": "S01",
    "description-japanese-question": "S12 S13", "modalities-single": "S02 S10 S11 S19", "procedure-code-same-item": "",
    "procedure-code-both": "S02", "series-no-study": None, "study-key-of-series": None, "patient-root-study-name": None,
    "level-patient-in-study-root": None, "only-series": None, "relational-series-study-list": "S16.2 S17.2",
    "series-description-case": "S18.1", "series-request-second-item": "S01.2", "image-by-type": "S01.2.1",
    "image-by-content-time": "S01.1.2 S01.1.3 S01.1.4", "image-by-moment-offset": "S01.1.3 S01.1.4",
    "protocol-code-return": "S01.1 S01.2 S01.3", "protocol-code-same-item": "S01.2", "protocol-code-other-item": "",
    "relational-study-same-series": "S12 S20", "image-by-moment-offset-west": "S01.1.3 S01.1.4",
    "worklist-by-night": "W3 W4", "worklist-by-performer": "W1", "worklist-by-second-station": "W6",
}


class Oracle(unittest.TestCase):
    """What needs no archive."""

    def test_it_says_what_the_standard_says(self):
        expected = answers_of(query_oracle.Oracle())
        for query, labels in SAID.items():
            with self.subTest(query):
                self.assertEqual(expected[query] if expected[query] is None else " ".join(expected[query]), labels)

    def test_there_are_enough_queries_and_each_has_a_name_of_its_own(self):
        self.assertGreaterEqual(len(QUERIES), 180)
        self.assertEqual(len({query.name for query in QUERIES}), len(QUERIES))

    def test_each_habit_shows_in_some_query(self):
        for title, ways in query_differences.WAYS.items():
            with_it = answers_of(query_oracle.Oracle(ways))
            for keyword in sorted(ways.silent | ways.unmatched):
                with self.subTest(title, keyword=keyword):
                    self.assertNotEqual(answers_of(query_oracle.Oracle(ways.without(keyword))), with_it)

    def test_each_difference_is_of_a_query_that_is_asked_and_stands_once(self):
        for title in query_differences.WAYS:
            names = [query for one in query_differences.DIFFERENCES for query in one.seen.get(title, {})]
            self.assertEqual(len(set(names)), len(names), title)
            self.assertLessEqual(set(names), {query.name for query in query_differences.of_title(title)}, title)

    def test_the_document_is_up_to_date(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            self.assertEqual(file.read(), query_differences.document(), "run test_queries.py --document")


class Archives(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        started = time.monotonic()
        cls.run_of_all = Run()
        seen = cls.run_of_all.seen
        support.note("queries: %d in %.1f s; differing: %s" % (len(QUERIES), time.monotonic() - started, ", ".join(
            "%s %d" % (title, sum(bool(words) for words in seen[title].values())) for title in sorted(seen))))

    def check(self, title):
        """As the oracle, or as the table has it: nothing more, nothing less, nothing else."""
        seen = self.run_of_all.seen[title]
        self.assertEqual(set(seen), {query.name for query in query_differences.of_title(title)})
        self.assertEqual({query: words for query, words in seen.items() if words}, query_differences.listed(title))

    def test_ours_answers_as_the_oracle(self):
        self.check("ARCHIVE")

    def test_dcmtks_client_sees_the_same_answers_of_ours(self):
        """So that our own words on the wire are held against somebody else's."""
        seen = self.run_of_all.by_findscu
        self.assertGreater(len(seen), 30)
        expected = self.run_of_all.expected["ARCHIVE"]
        self.assertEqual(seen, {name: sorted(expected[name] or []) for name in seen})

    def test_dcmqrscp_differs_where_it_is_known_to(self):
        self.check("DCMQRSCP")

    def test_wlmscpfs_differs_where_it_is_known_to(self):
        self.check("WLMSCPFS")

    def test_orthanc_differs_where_it_is_known_to(self):
        self.check("ORTHANC")


if __name__ == "__main__":
    if "--observe" in sys.argv:
        observe()
    elif "--document" in sys.argv:
        with open(DOCUMENT, "w", encoding="utf-8") as output:
            output.write(query_differences.document())
    else:
        unittest.main()
