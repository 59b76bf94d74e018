#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What other programs make of messages, against what FETCH and SEARCH say.

mime4j's structures and decoded bodies against BODYSTRUCTURE and BINARY;
imap_tools' addresses, subjects and attachments against ENVELOPE, BINARY and
SEARCH. Differences that are ours to defend stand in imap-oracles.txt with the
reason; a difference that is not there, or one there that is none, fails.
"""

import datetime
import os
import sys
import types
import xml.etree.ElementTree as xml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
from imapreader import Reader, leaves  # noqa: E402

report = t.Report()
HERE = os.path.dirname(os.path.realpath(__file__))


def defended():
    """{"source name": reason}, of lines "source name: reason"."""
    found = {}
    with open(os.path.join(HERE, "imap-oracles.txt"),
              encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, reason = line.rstrip("\n").split(": ", 1)
                found[name] = reason
    return found


class Comparison:
    def __init__(self, source):
        self.source = source
        self.wrong = {}
        self.count = 0

    def differs(self, name, text):
        self.wrong.setdefault("%s %s" % (self.source, name), text)

    def end(self, reasons):
        mine = {name for name in reasons if name.startswith(self.source + " ")}
        new = {name: text for name, text in self.wrong.items()
               if name not in mine}
        report.case("%s: %d messages agree but for %d that are explained" % (
            self.source, self.count, len(mine)), self.count and not new,
            "; ".join("%s: %s" % pair for pair in sorted(new.items())))
        report.case("%s: what is explained differs" % self.source,
                    not mine - set(self.wrong),
                    ", ".join(sorted(mine - set(self.wrong))))


def same_text(one, other):
    def plain(data):
        return data.replace(b"\r\n", b"\n").rstrip(b"\n")
    return plain(one) == plain(other)


# --- mime4j ------------------------------------------------------------------


def mime4j_tree(node):
    """A message's or part's body: "leaf", [parts], or ("message", body)."""
    for child in node:
        if child.tag == "multipart":
            return [mime4j_tree(part) for part in child
                    if part.tag == "body-part"]
        if child.tag == "message":
            return ("message", mime4j_tree(child))
        if child.tag in ("text-body", "binary-body"):
            return "leaf"
    return "leaf"


def mime4j_names(node, number=""):
    """(part number, file) of leaves."""
    inner = number + ".1" if node.tag == "message" and number else ""
    for child in node:
        if child.tag == "multipart":
            parts = [part for part in child if part.tag == "body-part"]
            for i, part in enumerate(parts, 1):
                yield from mime4j_names(
                    part, number + "." * bool(number) + str(i))
        elif child.tag == "message":
            yield from mime4j_names(child, inner or number or "1")
        elif child.tag in ("text-body", "binary-body"):
            name = child.get("name")
            if name:
                yield inner or number or "1", name


def our_parts(body):
    """The parts of a multipart stand before its subtype."""
    if not isinstance(body[0], list):
        if body[0].lower() == b"message" and body[1].lower() == b"rfc822":
            return ("message", our_parts(body[8]))
        return "leaf"
    parts = []
    for part in body:
        if not isinstance(part, list):
            break
        parts.append(our_parts(part))
    return parts


def mime4j_files(folder):
    for path, folders, names in os.walk(os.path.join(folder, "mime4j")):
        folders.sort()
        for name in sorted(names):
            if name.endswith("_decoded.xml"):
                base = os.path.join(path, name[:-len("_decoded.xml")])
                if os.path.exists(base + ".msg"):
                    yield base


def mime4j_xml(base):
    with open(base + "_decoded.xml", "rb") as file:
        data = file.read()
    data = bytes(c for c in data if c >= 32 or c in b"\t\r\n")
    try:
        return xml.fromstring(data)
    except xml.ParseError:
        return xml.fromstring(data.decode("latin-1"))


def compare_mime4j(folder, writer, reader, reasons):
    result = Comparison("mime4j")
    bases = list(mime4j_files(folder))
    writer.create("mime4j")
    for base in bases:
        with open(base + ".msg", "rb") as file:
            writer.append_bytes("mime4j", file.read())
    reader.command("EXAMINE mime4j")
    for number, base in enumerate(bases, 1):
        name = os.path.basename(base)
        root = mime4j_xml(base)
        result.count += 1
        body = reader.command("FETCH %d BODYSTRUCTURE" % number)[number][
            b"BODYSTRUCTURE"]
        theirs, ours = mime4j_tree(root), our_parts(body)
        if theirs != ours:
            result.differs(name, "%r is %r here" % (theirs, ours))
            continue
        for part, path in mime4j_names(root):
            with open(os.path.join(os.path.dirname(base), path), "rb") as file:
                wanted = file.read()
            row = reader.command("FETCH %d BINARY.PEEK[%s]" % (number, part))
            got = row[number][b"BINARY[%s]" % part.encode()]
            if got is None:
                got = reader.command("FETCH %d BODY.PEEK[%s]" % (
                    number, part))[number][b"BODY[%s]" % part.encode()]
            if not same_text(got or b"", wanted):
                result.differs(name, "part %s: %s" % (
                    part, t.difference(got or b"", wanted)))
    result.end(reasons)


# --- imap_tools --------------------------------------------------------------


def tools_data(path):
    """The DATA of a file of expectations, which are Python."""
    module = types.ModuleType("imap_tools")
    module.EmailAddress = lambda name, email: (name, email)
    old = sys.modules.get("imap_tools")
    sys.modules["imap_tools"] = module
    try:
        scope = {"datetime": datetime}
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), scope)
    finally:
        if old is None:
            del sys.modules["imap_tools"]
        else:
            sys.modules["imap_tools"] = old
    return scope["DATA"]


def tools_files(folder):
    top = os.path.join(folder, "imap_tools")
    for path, folders, names in os.walk(os.path.join(top, "messages")):
        folders.sort()
        for name in sorted(names):
            inner = os.path.relpath(os.path.join(path, name),
                                    os.path.join(top, "messages"))
            data = os.path.join(top, "messages_data", inner[:-4] + ".py")
            if name.endswith(".eml") and os.path.exists(data):
                yield inner[:-4], os.path.join(path, name), data


def addresses(value):
    """The mailboxes of an ENVELOPE's address list, groups left out."""
    return tuple(
        (b"%s@%s" % (one[2] or b"", one[3])).decode("utf-8", "replace")
        for one in value or [] if one[3] is not None)


def compare_addresses(data, envelope):
    for place, field in ((2, "from_values"), (5, "to_values"),
                         (6, "cc_values"), (7, "bcc_values")):
        wanted = data[field]
        if field == "from_values":
            wanted = (wanted,) if wanted else ()
        wanted = tuple(one[1] for one in wanted if one[1])
        got = tuple(one for one in addresses(envelope[place])
                    if one not in ("@", ""))
        if field == "from_values":
            got = got[:1]
        if wanted != got:
            yield "%s %r is %r here" % (field, wanted, got)


def compare_attachments(data, reader, number, body):
    """Each attachment's bytes are those of some part."""
    found = []
    for part, _ in leaves(body):
        row = reader.command("FETCH %d BINARY.PEEK[%s]" % (number, part))
        found.append(row[number][b"BINARY[%s]" % part.encode()] or b"")
    for one in data["attachments"]:
        if one["content_type"].startswith("message/"):
            continue
        if not any(same_text(one["payload"], part) for part in found):
            yield "attachment %r is no part" % one["filename"]


def compare_subject(data, writer, number):
    """SEARCH decodes subjects, and finds what they say."""
    words = " ".join(data["subject"].split())
    if not words or "\ufffd" in words:
        return
    longest = max(words.split(" "), key=len)
    wanted = longest.encode("utf-8", "surrogateescape")
    hits = writer.search_literal("SUBJECT", wanted)
    if number not in hits:
        yield "subject %r not found by %r" % (words, longest)


def compare_tools(folder, writer, reader, reasons):
    result = Comparison("imap_tools")
    files = list(tools_files(folder))
    writer.create("tools")
    for _, path, _ in files:
        with open(path, "rb") as file:
            writer.append_bytes("tools", file.read())
    reader.command("EXAMINE tools")
    writer.examine("tools")
    for number, (name, _, expected) in enumerate(files, 1):
        data = tools_data(expected)
        result.count += 1
        row = reader.command(
            "FETCH %d (ENVELOPE BODYSTRUCTURE)" % number)[number]
        wrong = list(compare_addresses(data, row[b"ENVELOPE"]))
        wrong += compare_attachments(
            data, reader, number, row[b"BODYSTRUCTURE"])
        wrong += compare_subject(data, writer, number)
        if wrong:
            result.differs(name, "; ".join(wrong))
    result.end(reasons)


class Writer:
    """imaplib's connection with what it does not have."""

    def __init__(self, user):
        self.imap = t.Imap(user)

    def create(self, name):
        self.imap.create(name)

    def append_bytes(self, mailbox, message):
        status, answer = self.imap.append_bytes(mailbox, message)
        if status != "OK":
            report.case("APPEND", False, answer)

    def examine(self, name):
        self.imap.select(name, readonly=True)

    def search_literal(self, key, text):
        self.imap.literal = text
        _, data = self.imap.search("UTF-8", key)
        return [int(number) for number in data[0].split()]


def main():
    top = t.corpus_directory()
    folder = os.path.join(top, "corpus", "expected") if top else None
    if folder is None or not os.path.isdir(folder):
        report.note("no corpus: set DBMAIL_CORPUS")
        report.end()
        return
    user = t.add_user("oracles")
    writer, reader = Writer(user), Reader(user)
    reasons = defended()
    compare_mime4j(folder, writer, reader, reasons)
    compare_tools(folder, writer, reader, reasons)
    report.end()


main()
