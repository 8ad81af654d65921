"""The documents are held against what there is, and each kind of fault is found."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SCU = os.environ.get("SCU") or os.path.join(ROOT, "build", "gcc", "cli", "scu")
sys.path.insert(0, os.path.join(ROOT, "tools"))


def load(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), os.path.join(ROOT, "tools", name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


check_docs = load("check-docs")
public_headers = load("public_headers.py")


class Documents(unittest.TestCase):
    KNOWN = {"--level", "--repeat"}
    OF = {"find": {"--level"}, "echo": {"--repeat"}}

    def options(self, text):
        return list(check_docs.option_faults(text, self.KNOWN, self.OF))

    def test_all_of_them_are_true(self):
        run = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "check-docs")], stdout=subprocess.PIPE,
                             env=dict(os.environ, SCU=SCU), timeout=60)
        self.assertEqual(run.returncode, 0, run.stdout.decode())

    def test_it_looks_at_readme_pages_and_documents(self):
        documents = check_docs.documents()
        for name in ("README.md", "CHANGELOG.md", "docs/features.md", "docs/decisions/0001-the-protocol-is-a-value.md",
                     "docs/man/scu.1.scd"):
            self.assertIn(name, documents)
        self.assertFalse([name for name in documents if "evidence" in name])

    def test_a_link_to_a_file_that_is_not_there(self):
        self.assertEqual(list(check_docs.link_faults("docs/x.md", "[a](faults.md) [b](../README.md) [c](https://x.org/y)")), [])
        self.assertEqual(list(check_docs.link_faults("docs/x.md", "[a](fault.md)")), ["there is no fault.md"])
        self.assertEqual(list(check_docs.link_faults("docs/x.md", "`[a](fault.md)`\n```\n[b](fault.md)\n```\n")), [])

    def test_a_link_to_a_heading_that_is_not_there(self):
        text = "# The first: `scu`\n## Same\n## Same\n"
        self.assertEqual(check_docs.anchors(text), {"the-first-scu", "same", "same-1"})
        self.assertEqual(list(check_docs.link_faults("docs/x.md", "[a](faults.md#syntax)")), [])
        self.assertEqual(list(check_docs.link_faults("docs/x.md", "[a](faults.md#sintax)")),
                         ["docs/faults.md has no heading for #sintax"])

    def test_a_path_that_is_not_there(self):
        self.assertEqual(list(check_docs.path_faults("src/base/bytes.h, `src/client/retrieve`, docs/decisions/0014.")), [])
        self.assertEqual(list(check_docs.path_faults("see src/base/bites.h.")), ["there is no src/base/bites.h"])
        self.assertEqual(list(check_docs.path_faults("docs/decisions/9999")), ["there is no docs/decisions/9999"])
        self.assertEqual(list(check_docs.path_faults("tests/unit/ROOM/test_MODULE.c")), [])

    def test_an_option_that_no_command_has(self):
        self.assertEqual(self.options("with `--level` and --repeat"), [])
        self.assertEqual(self.options("with `--levels`"), ["no command has --levels"])

    def test_an_option_that_is_of_another_command(self):
        self.assertEqual(self.options("    scu find pacs --level study"), [])
        self.assertEqual(self.options("    scu echo pacs --level study"), ["scu echo has no --level"])
        self.assertEqual(self.options("    scu echo pacs | scu find --level study"), [])

    def test_a_name_that_the_library_does_not_have(self):
        names = check_docs.all_names()
        self.assertEqual(list(check_docs.name_faults("`scu_echo`, scu_store_* and scu__buffer_init", names)), [])
        self.assertEqual(list(check_docs.name_faults("`scu_ekko`", names)), ["the library has no scu_ekko"])

    def test_a_function_without_words(self):
        header = public_headers.Header("x.h", "/* Head. */\n#ifndef SCU_X_H\n#define SCU_X_H\n\n"
                                              "/* Of both. */\nSCU_API int scu_a(void);\nSCU_API int scu_b(void);\n\n"
                                              "SCU_API int scu_c(void);\nSCU_API int scu_d(void); /* behind */\n\n"
                                              "/* A type. */\ntypedef struct scu_t {\n  int a;\n\n  int b;\n} scu_t;\n"
                                              "SCU_API int scu_e(int a,\n                  int b); /* behind */\n\n#endif\n")
        self.assertEqual(header.words, "Head.")
        self.assertEqual(public_headers.without_words(header), ["scu_c"])
        self.assertIn("typedef struct scu_t {\n  int a;\n\n  int b;\n} scu_t;", header.items[-1].code)
        self.assertEqual([name for item in header.items for name in item.functions()],
                         ["scu_a", "scu_b", "scu_c", "scu_d", "scu_e"])


if __name__ == "__main__":
    unittest.main()
