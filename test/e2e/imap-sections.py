#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every message's sections and slices against its bytes.

HEADER and TEXT are the message; a slice is that of the message; a part's MIME
header and body stand side by side in it and are as long as BODYSTRUCTURE says;
HEADER.FIELDS and HEADER.FIELDS.NOT share the header's fields out among them;
BINARY is what Python's email package decodes, whole and in slices.
Read with large batches and one by one, which take different ways through the
daemon.
"""

import email
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
from imapreader import Reader, leaves  # noqa: E402

report = t.Report()
PARTS_MAX = 60
NAMES = "(FROM to Subject X-Mailer content-type)"


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


def decoded(mime, body):
    """What Python makes of a part, NIL where it keeps its encoding: it gives up
    on base64 that is broken, which is decoded as far as it goes here."""
    field = re.search(
        rb"(?im)^content-transfer-encoding[ \t]*:(?:[ \t]|\r?\n[ \t])*(\S*)",
        mime)
    encoding = (field.group(1).lower() if field else b"").decode("latin-1")
    encoding = encoding or "7bit"
    if encoding in ("7bit", "8bit", "binary"):
        return body
    if encoding not in ("base64", "quoted-printable"):
        return None
    whole = email.message_from_bytes(
        b"Content-Transfer-Encoding: %s\n\n" % encoding.encode() + body)
    data = whole.get_payload(decode=True)
    if encoding == "base64":
        return None if whole.defects or b"=" in body.rstrip(
            b"=\r\n \t") else data
    # Blanks at line ends are no content (RFC 2045 section 6.7), and "=" that
    # begins no escape is a matter of taste.
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    for line in lines:
        if line[-1:] in (b" ", b"\t", b"\r") or line.endswith(
                (b"= ", b"=\t")):
            return None
        at = line.find(b"=")
        while at >= 0:
            if at + 1 < len(line) and not all(
                    c in b"0123456789abcdefABCDEF" for c in line[at + 1:at + 3]
                    .ljust(2, b"x")):
                return None
            at = line.find(b"=", at + 1)
    return data


def check_binary(reader, messages):
    whole = Check("BINARY is what Python decodes")
    sizes = Check("BINARY.SIZE is the size of BINARY")
    slices = Check("slices of BINARY")
    chance = random.Random(3516)
    for first in range(1, len(messages) + 1, 100):
        last = min(first + 99, len(messages))
        rows = reader.command("FETCH %d:%d BODYSTRUCTURE" % (first, last))
        for number in range(first, last + 1):
            found = list(leaves(rows[number][b"BODYSTRUCTURE"]))[:PARTS_MAX]
            for part, octets in found:
                row = reader.command("FETCH %d (BODY.PEEK[%s] BODY.PEEK[%s."
                                     "MIME])" % (number, part, part))[number]
                body = row[b"BODY[%s]" % part.encode()]
                mime = row[b"BODY[%s.MIME]" % part.encode()]
                wanted = decoded(mime or b"", body or b"")
                if wanted is None or not body:
                    continue
                at = chance.randrange(len(wanted) + 2)
                size = chance.randrange(1, len(wanted) + 100)
                name = "%s part %s" % (messages[number - 1][0], part)
                row = reader.command(
                    "FETCH %d (BINARY.PEEK[%s] BINARY.SIZE[%s] BINARY.PEEK[%s]"
                    "<%d.%d>)" % (number, part, part, part, at, size))[number]
                part = part.encode()
                whole.equal(name, row[b"BINARY[%s]" % part], wanted)
                sizes.equal(name, row[b"BINARY.SIZE[%s]" % part],
                            b"%d" % len(wanted))
                slices.equal(name, row[b"BINARY[%s]<%d>" % (part, at)],
                             wanted[at:at + size])
    for check in (whole, sizes, slices):
        check.end()


def main():
    user = t.add_user("sections")
    # An empty message takes an APPEND back (RFC 3502).
    messages = [one for one in t.all_messages(report) if one[1]]
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
    check_binary(reader, messages)
    report.end()


main()
