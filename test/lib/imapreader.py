# SPDX-License-Identifier: GPL-2.0-or-later
"""FETCH responses as values, for tests that compare them with something."""

import dbmailtest as t


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
        if c == 0x7e:  # literal8
            return self.literal(at + 1)
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
        self.answer = line
        if not line.startswith(b"x OK") and b"[UNKNOWN-CTE]" not in line:
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
