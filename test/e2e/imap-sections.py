#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every message's sections and slices against its bytes.

HEADER and TEXT are the message; a slice is that of the message; a part's MIME
header and body stand side by side in it and are as long as BODYSTRUCTURE says;
HEADER.FIELDS and HEADER.FIELDS.NOT share the header's fields out among them.
Read with large batches and one by one, which take different ways through the
daemon.
"""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
PARTS_MAX = 60
NAMES = "(FROM to Subject X-Mailer content-type)"


class Reader(t.Lines):
    """Responses as nested lists of bytes, literals and all."""

    def __init__(self, user):
        super().__init__(t.setting("HOST"), t.port("IMAP"))
        self.line()
        self.command("LOGIN %s secret" % user)

    def need(self, at):
        while len(self.buffer) <= at:
            self.fill()
        return self.buffer[at]

    def value(self, at):
        """(value, where it ends) of what stands at."""
        c = self.need(at)
        if c == 0x28:
            return self.list(at + 1)
        if c == 0x22:
            return self.quoted(at + 1)
        if c == 0x7b:
            return self.literal(at)
        return self.atom(at)

    def list(self, at):
        values = []
        while self.need(at) != 0x29:
            if self.buffer[at] == 0x20:
                at += 1
                continue
            value, at = self.value(at)
            values.append(value)
        return values, at + 1

    def quoted(self, at):
        out = bytearray()
        while self.need(at) != 0x22:
            if self.buffer[at] == 0x5c:
                at += 1
                self.need(at)
            out.append(self.buffer[at])
            at += 1
        return bytes(out), at + 1

    def literal(self, at):
        end = at
        while self.need(end) != 0x0a:
            end += 1
        size = int(self.buffer[at + 1:end - 2])
        if size:
            self.need(end + size)
        return bytes(self.buffer[end + 1:end + 1 + size]), end + 1 + size

    def atom(self, at):
        """An item's name has a section in brackets in it, perhaps."""
        start, depth = at, 0
        while True:
            c = self.need(at)
            if c == 0x5b:
                depth += 1
            elif c == 0x5d:
                depth -= 1
            elif depth == 0 and c in b" ()\r":
                word = bytes(self.buffer[start:at])
                return (None if word == b"NIL" else word), at
            at += 1

    def command(self, text):
        """The FETCH responses as {number: {item: value}}."""
        self.send(b"x " + text.encode() + b"\r\n")
        rows = {}
        while True:
            if bytes(self.buffer[:2]) in (b"", b"*", b"x"):
                self.need(1)
            if self.buffer[0] != 0x2a:
                break
            end = 2
            while self.need(end) not in b"(\r":
                end += 1
            words = bytes(self.buffer[2:end]).split()
            if len(words) == 2 and words[1] == b"FETCH":
                values, at = self.value(end)
                self.need(at + 1)
                del self.buffer[:at + 2]
                rows.setdefault(int(words[0]), {}).update(
                    zip(values[::2], values[1::2]))
            else:
                self.line()
        line = self.line()
        if not line.startswith(b"x OK"):
            raise RuntimeError("%s: %r" % (text, line))
        return rows


def leaves(body, number=""):
    """(part number, octets) of a BODYSTRUCTURE's leaves."""
    if isinstance(body[0], list):
        for i, part in enumerate(body):
            if not isinstance(part, list):
                break
            yield from leaves(part, number + "." * bool(number) + str(i + 1))
        return
    yield number or "1", int(body[6])
    if body[0].lower() == b"message" and body[1].lower() == b"rfc822":
        inner = body[8]
        prefix = number or "1"
        if isinstance(inner[0], list):
            yield from leaves(inner, prefix)
        else:
            yield prefix + ".1", int(inner[6])


class Check:
    """Counts what is wrong of one kind, and shows the first."""

    def __init__(self, what):
        self.what = what
        self.count = 0
        self.wrong = []

    def equal(self, name, got, wanted):
        self.count += 1
        if got != wanted:
            self.wrong.append("%s: %s" % (name, t.difference(got, wanted)
                                          if got is not None else "NIL"))

    def true(self, name, good):
        self.equal(name, bool(good), True)

    def end(self):
        report.case("%s, %d times" % (self.what, self.count),
                    not self.wrong and self.count,
                    "%d wrong, the first: %s" % (
                        len(self.wrong), self.wrong[:1]))


def check_whole(reader, messages):
    halves, slices = Check("HEADER and TEXT are the message"), Check("slices")
    fields = Check("HEADER.FIELDS and .NOT share the fields out")
    items = ("(RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[TEXT] "
             "BODY.PEEK[]<10.100> BODY.PEEK[TEXT]<3.50> RFC822.HEADER)")
    for first in range(1, len(messages) + 1, 100):
        last = min(first + 99, len(messages))
        rows = reader.command("FETCH %d:%d %s" % (first, last, items))
        lists = reader.command(
            "FETCH %d:%d (BODY.PEEK[HEADER.FIELDS %s] "
            "BODY.PEEK[HEADER.FIELDS.NOT %s])" % (first, last, NAMES, NAMES))
        for number in range(first, last + 1):
            name, message = messages[number - 1]
            row = rows[number]
            header, text = row[b"BODY[HEADER]"], row[b"BODY[TEXT]"]
            halves.equal(name, header + text, message)
            halves.equal(name, row[b"RFC822.HEADER"], header)
            slices.equal(name, row[b"BODY[]<10>"], message[10:110])
            slices.equal(name, row[b"BODY[TEXT]<3>"], text[3:53])
            check_fields(fields, name, header, lists[number])
    for check in (halves, slices, fields):
        check.end()


def check_fields(check, name, header, row):
    chosen = [value for item, value in row.items()
              if item.startswith(b"BODY[HEADER.FIELDS ")][0]
    others = [value for item, value in row.items()
              if item.startswith(b"BODY[HEADER.FIELDS.NOT ")][0]
    have = {line for line in header.split(b"\n") if line.strip()}
    for line in chosen.split(b"\n") + others.split(b"\n"):
        if line.strip():
            check.true(name, line in have)
    for line in chosen.split(b"\n"):
        word = line.split(b":")[0].strip().lower()
        if line[:1].strip() and b":" in line:
            check.true(name, word in (b"from", b"to", b"subject", b"x-mailer",
                                      b"content-type"))


def check_parts(reader, messages):
    inside = Check("MIME header and body of a part stand in the message")
    sizes = Check("a part is as long as BODYSTRUCTURE says")
    for first in range(1, len(messages) + 1, 100):
        last = min(first + 99, len(messages))
        rows = reader.command("FETCH %d:%d BODYSTRUCTURE" % (first, last))
        for number in range(first, last + 1):
            name, message = messages[number - 1]
            found = list(leaves(rows[number][b"BODYSTRUCTURE"]))[:PARTS_MAX]
            items = " ".join("BODY.PEEK[%s] BODY.PEEK[%s.MIME]" % (n, n)
                             for n, _ in found)
            row = reader.command("FETCH %d (%s)" % (number, items))[number]
            for part, octets in found:
                body = row[b"BODY[%s]" % part.encode()]
                mime = row[b"BODY[%s.MIME]" % part.encode()]
                if body is None and octets == 0:
                    continue
                sizes.equal("%s part %s" % (name, part), len(body or b""),
                            octets)
                inside.true("%s part %s" % (name, part),
                            (mime or b"") + (body or b"") in message)
    sizes.end()
    inside.end()


def check_slices(reader, messages):
    """One by one, at random places, the large ones too."""
    slices = Check("random slices of single messages")
    chance = random.Random(3501)
    for number, (name, message) in enumerate(messages, 1):
        if chance.random() > 0.3 and len(message) < 1 << 20:
            continue
        at = chance.randrange(len(message) + 2)
        size = chance.randrange(1, len(message) + 100)
        row = reader.command("FETCH %d BODY.PEEK[]<%d.%d>" % (
            number, at, size))[number]
        slices.equal("%s at %d, %d" % (name, at, size),
                     row[b"BODY[]<%d>" % at], message[at:at + size])
    slices.end()


def main():
    user = t.add_user("sections")
    messages = list(t.all_messages(report))
    writer = t.Imap(user)
    for name, message in messages:
        status, answer = writer.append_bytes("INBOX", message)
        if status != "OK":
            report.case("APPEND of " + name, False, answer)
    writer.logout()
    reader = Reader(user)
    reader.command("EXAMINE INBOX")
    check_whole(reader, messages)
    check_parts(reader, messages)
    check_slices(reader, messages)
    report.end()


main()
