#!/usr/bin/python3
"""Writes tests/support/audit.rng, a RELAX NG schema of audit messages, from the tables of PS3.15 A.5.3 and PS3.16

Usage: tools/generate_audit_schema.py TABLES > tests/support/audit.rng     TABLES holds audit-messages.tsv, audit-codes.tsv

What an element is made of is the schema of PS3.15 A.5.1; which of it a message must have, how often and with which
values, are the tables. Where the tables leave out what A.5.1 wants (a name or a query of every object, originalText of
every code, an element around SOPClass), A.5.1 decides. Participants and objects stand in the order of the tables, which
the Standard does not ask for.
"""

import csv
import os
import re
import sys
from xml.sax.saxutils import quoteattr

SYSTEMS = {"2": "RFC-3881", "12": "RFC-3881"}


def rows(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def element(name, *content):
    return "<element name=%s>%s</element>" % (quoteattr(name), "".join(content) or "<empty/>")


def attribute(name, content='<data type="token"/>'):
    return "<attribute name=%s>%s</attribute>" % (quoteattr(name), content)


def optional(content):
    return "<optional>%s</optional>" % content


def choice(options):
    return options[0] if len(options) == 1 else "<choice>%s</choice>" % "".join(options)


def values(texts):
    return choice(["<value>%s</value>" % text for text in texts])


def repeated(content, cardinality):
    """1, 1..2, 0..N and so on, of content."""
    least, _, most = cardinality.partition("..")
    most = most or least
    if most == "N":
        many = "oneOrMore" if least == "1" else "zeroOrMore"
        return "<%s>%s</%s>" % (many, content, many)
    return content * int(least) + "".join([optional(content)] * (int(most) - int(least)))


TEXT = "<text/>"
BASE64 = '<data type="base64Binary"/>'
BOOLEAN = '<choice><value>true</value><value>false</value></choice>'
TITLES = '<data type="string"><param name="pattern">AETITLES=.+</param></data>'


class Schema:
    def __init__(self, folder):
        self.messages = rows(folder, "audit-messages.tsv")
        self.groups = {}
        self.meanings = {}
        self.defined = {}  # coded elements that messages refer to
        for row in rows(folder, "audit-codes.tsv"):
            self.groups.setdefault(row["cid"], []).append(row["code"])
            self.meanings[row["code"]] = row["meaning"]

    def define(self, name, content):
        self.defined[name] = content
        return '<ref name="%s"/>' % name

    def coded(self, name, codes):
        """A coded value (A.5.1), one of these; [] = any."""
        if not codes:
            return self.define(name + ".any", element(name, attribute("csd-code"), attribute("codeSystemName"),
                                                      optional(attribute("displayName")), attribute("originalText")))
        known = ["<group>%s</group>" % (
            attribute("csd-code", values([code])) + attribute("codeSystemName", values([SYSTEMS.get(code, "DCM")])) +
            attribute("originalText", values([self.meanings[code]]) if code in self.meanings else
                      '<data type="token"/>')) for code in codes]
        # One element with a choice in it: a choice of elements of one name is too much for xmllint.
        return self.define("%s.%s" % (name, "-".join(dict.fromkeys([codes[0], codes[-1]]))),
                           element(name, choice(known), optional(attribute("displayName"))))

    def codes(self, field):
        group = re.search(r"from CID (\d+)", field["value"])
        if group:
            return self.groups[group.group(1)]
        return re.findall(r"DCM (\d+)", field["value"]) or re.findall(r"^(\d+)(?= |$)", field["value"])

    def event(self, fields):
        actions = re.findall(r"\b([CRUDE])\b(?! b)", fields["EventActionCode"]["value"])
        type_code = fields.get("EventTypeCode")
        kinds = self.coded("EventTypeCode", self.codes(type_code) if type_code else [])
        return element("EventIdentification", self.coded("EventID", self.codes(fields["EventID"])),
                       kinds if type_code else "<zeroOrMore>%s</zeroOrMore>" % kinds,
                       optional(element("EventOutcomeDescription", TEXT)),
                       attribute("EventActionCode", values(sorted(set(actions)))),
                       attribute("EventDateTime", '<data type="dateTime"/>'),
                       attribute("EventOutcomeIndicator", values(["0", "4", "8", "12"])))

    def participant(self, fields):
        def mandatory(name):
            return name in fields and fields[name]["option"] == "M"

        role = fields.get("RoleIDCode")
        roles = self.coded("RoleIDCode", self.codes(role) if role else [])
        media = self.define("MediaIdentifier", element("MediaIdentifier", self.coded("MediaType", self.groups["405"])))
        requestor = fields.get("UserIsRequestor", {"value": "-"})["value"]
        titles = attribute("AlternativeUserID", TITLES)
        point = attribute("NetworkAccessPointID") + attribute("NetworkAccessPointTypeCode", values("12345"))
        return element("ActiveParticipant", roles if role else "<zeroOrMore>%s</zeroOrMore>" % roles,
                       media if mandatory("MediaType") else optional(media), attribute("UserID", TEXT),
                       titles if "AlternativeUserID" in fields else optional(titles), optional(attribute("UserName", TEXT)),
                       attribute("UserIsRequestor", values(["false"]) if requestor == "false" else BOOLEAN),
                       point if mandatory("NetworkAccessPointID") else optional(point))

    def detail(self, types):
        return element("ParticipantObjectDetail",
                       attribute("type", values(types) if types else '<data type="token"/>'), attribute("value", BASE64))

    def named(self, field):
        return re.findall(r'type "([^"]+)"', field["value"]) if field else []

    def object(self, fields):
        uid = attribute("UID")
        sop_class = element("SOPClass", "<zeroOrMore>%s</zeroOrMore>" % element("Instance", uid), optional(uid),
                            attribute("NumberOfInstances", '<data type="integer"/>'))
        described = self.define("ParticipantObjectDescription", element(
                            "ParticipantObjectDescription",
                            "<zeroOrMore>%s</zeroOrMore>" % element("MPPS", uid),
                            "<zeroOrMore>%s</zeroOrMore>" % element("Accession", attribute("Number")),
                            "<zeroOrMore>%s</zeroOrMore>" % sop_class,
                            optional(element("Encrypted", BOOLEAN)), optional(element("Anonymized", BOOLEAN))))
        named = self.named(fields.get("ParticipantObjectDetail"))
        query = "ParticipantObjectQuery" in fields
        kind = self.codes(fields["ParticipantObjectIDTypeCode"])
        if "12 (URI)" in fields["ParticipantObjectIDTypeCode"]["value"]:
            kind = ["12"] + kind
        return element("ParticipantObjectIdentification", self.coded("ParticipantObjectIDTypeCode", kind),
                       element("ParticipantObjectQuery", BASE64) if query else
                       element("ParticipantObjectName", '<data type="token"/>'),
                       self.detail(named) if named else "",
                       "<zeroOrMore>%s</zeroOrMore>" % self.detail([]),
                       "<zeroOrMore>%s</zeroOrMore>" % described,
                       attribute("ParticipantObjectID", '<data type="token"><param name="minLength">1</param></data>'),
                       attribute("ParticipantObjectTypeCode", values([fields["ParticipantObjectTypeCode"]["value"]])),
                       self.object_role(fields["ParticipantObjectTypeCodeRole"]),
                       optional(attribute("ParticipantObjectDataLifeCycle", values([str(i) for i in range(1, 16)]))),
                       optional(attribute("ParticipantObjectSensitivity")))

    def object_role(self, field):
        role = attribute("ParticipantObjectTypeCodeRole", values(field["value"].split(" or ")))
        return role if field["option"] == "M" else optional(role)

    def message(self, name):
        parts = {}
        for row in self.messages:
            if row["message"] == name:
                parts.setdefault(row["part"], (row["cardinality"], {}))[1][row["field"]] = row
        content = []
        for part in ("event", "participant", "source", "object"):
            if part == "source":
                content.append('<ref name="source"/>')
            for title, (cardinality, fields) in parts.items():
                if title.split(":")[0] == part:
                    make = {"event": self.event, "participant": self.participant, "object": self.object}[part]
                    content.append(repeated(make(fields), cardinality))
        return element("AuditMessage", *content)

    def text(self):
        names = list(dict.fromkeys(row["message"] for row in self.messages))
        source = element("AuditSourceIdentification",
                         "<zeroOrMore>%s</zeroOrMore>" % element(
                             "AuditSourceTypeCode", attribute("csd-code"), optional(attribute("codeSystemName")),
                             optional(attribute("displayName")), optional(attribute("originalText"))),
                         optional(attribute("AuditEnterpriseSiteID")), attribute("AuditSourceID"))
        lines = ['<?xml version="1.0" encoding="UTF-8"?>',
                 "<!-- Made by tools/generate_audit_schema.py from the tables of PS3.15 A.5.3; not to be edited. -->",
                 '<grammar xmlns="http://relaxng.org/ns/structure/1.0" '
                 'datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">',
                 "<start><choice>", *["<ref name=%s/>" % quoteattr(name.replace(" ", "_")) for name in names],
                 "</choice></start>", '<define name="source">%s</define>' % source]
        for name in names:
            lines.append("<define name=%s>\n%s\n</define>" % (quoteattr(name.replace(" ", "_")),
                                                            self.message(name).replace("><element", ">\n<element")))
        lines += ['<define name="%s">%s</define>' % item for item in sorted(self.defined.items())]
        return "\n".join(lines + ["</grammar>", ""])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(Schema(sys.argv[1]).text())
