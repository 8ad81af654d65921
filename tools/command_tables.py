"""The tables of the command - commands, options, node keys, exit codes - as `scu help --json` gives them; for the other tools."""

import json
import os
import subprocess

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))


def read_tables():
    """{event: records} of `scu help --json`."""
    scu = os.environ.get("SCU") or os.path.join(ROOT, "build", "gcc", "cli", "scu")
    output = subprocess.run([scu, "help", "--json"], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")
    tables = {}
    for line in output.splitlines():
        record = json.loads(line)
        tables.setdefault(record["event"], []).append(record)
    return tables


def options_of(tables, command):
    return [one for one in tables["option"] if one["command"] == command]
