"""The public headers as words and declarations, for the reference and the check that nothing is without words.

What is read is how the headers are written: a comment at the head; then, apart by empty lines, comments with the declarations they
are about below them, or behind them on the same line. A comment of ---- is the heading of what follows.
"""

import os
import re

from command_tables import ROOT

FOLDER = os.path.join(ROOT, "include", "scu")
FUNCTION = re.compile(r"^SCU_API\b[^;]*?\b(scu_\w+)\(", re.M)
NAME = re.compile(r"\b(scu_\w+|SCU_[A-Z0-9_]+)\b")


class Item:
    """Words, and the declarations below them."""

    def __init__(self, words="", code=""):
        self.words, self.code = words, code

    def functions(self):
        return FUNCTION.findall(self.code)


class Header:
    def __init__(self, name, text):
        self.name = name
        match = re.match(r"\s*/\*(.*?)\*/", text, re.S)
        self.words = stripped(match.group(1)) if match else ""
        body = text[match.end():] if match else text
        self.items = list(items_of(without_frame(body)))


def stripped(comment):
    """The text of a comment without the stars at the beginning of its lines."""
    return "\n".join(re.sub(r"^\s*\*? ?", "", line) if i else line.strip()
                     for i, line in enumerate(comment.strip("\n").split("\n"))).strip()


def without_frame(text):
    """Without guard, includes and what is for C++."""
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", "", text, flags=re.S)
    text = re.sub(r"(?m)^#(ifndef|define) SCU_\w+_H$\n", "", text)
    text = re.sub(r"(?m)^#include .*$\n", "", text)
    return re.sub(r"\n#endif\s*$", "\n", text)


def pieces(text):
    """Comments that begin a line, and the lines between them."""
    at = 0
    for match in re.finditer(r"(?ms)^/\*.*?\*/[ \t]*(?=\n|$)", text):
        if text[at:match.start()].strip():
            yield "code", text[at:match.start()].strip("\n")
        yield "words", match.group(0).strip()
        at = match.end()
    if text[at:].strip():
        yield "code", text[at:].strip("\n")


def items_of(text):
    for block in re.split(r"\n[ \t]*\n", braces_together(text)):
        item = None
        for kind, piece in pieces(block.replace("\0", "")):
            if kind == "words":
                if item:
                    yield item
                item = Item(words=stripped(piece[2:-2]))
            elif item:
                item.code = piece
            else:
                item = Item(code=piece)
        if item:
            yield item


def braces_together(text):
    """Empty lines inside braces end no block: they become a line with a NUL."""
    depth, made = 0, []
    for line in text.split("\n"):
        if not line.strip() and depth > 0:
            made.append("\0")
            continue
        code = re.sub(r"/\*.*?\*/", "", line)
        depth += code.count("{") - code.count("}")
        made.append(line)
    return "\n".join(made)


def without_words(header):
    """Functions that neither a comment of theirs nor one above others of the same block speaks of."""
    silent = []
    has_words = False
    for item in header.items:
        has_words = bool(item.words)
        for declaration in re.findall(r"(?ms)^SCU_API\b.*?;[^\n]*", item.code):
            has_words = has_words or "/*" in declaration
            if not has_words:
                silent.append(FUNCTION.match(declaration).group(1))
    return silent


def read_headers():
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".h"):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                yield Header(name, file.read())
