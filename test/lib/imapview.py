# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client knows of its mailbox by what it was told, for tests that compare
that with what is there."""

import re

import dbmailtest as t

# While these run nothing is said of EXPUNGE (RFC 3501 section 7.4.1).
NUMBERED = ("FETCH", "STORE", "SEARCH", "SORT", "THREAD")


class Wrong(Exception):
    """The server's answer does not fit."""


def need(good, *words):
    if not good:
        raise Wrong(" ".join(str(word) for word in words))


def ranges(numbers):
    """All numbers of a set in the server's words."""
    for part in numbers.split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


class Entry:
    """A message as a session knows it."""

    def __init__(self):
        self.uid = None
        self.flags = None


class Session(t.Lines):
    TRACE = 60  # lines that are kept

    def __init__(self, user, number):
        super().__init__(t.setting("HOST"), t.port("IMAP"))
        self.number = number
        self.count = 0
        self.box = None
        self.view = []
        self.trace = []
        self.searched = None
        self.fetched = {}
        self.expunged = 0
        self.moved = ""
        self.pushes = False  # told of EXPUNGE at once (RFC 5465 section 5.3)
        self.line()
        self.secure()
        need(self.ask("LOGIN %s secret" % user)[0] == "OK", "no log-in")

    def secure(self):
        """Before it logs in."""

    def response(self):
        """One response, its literals inside."""
        line = self.line()
        while True:
            found = re.search(rb"\{(\d+)\}$", line)
            if not found:
                break
            size = int(found.group(1))
            while len(self.buffer) < size:
                self.fill()
            line += b"\r\n" + bytes(self.buffer[:size])
            del self.buffer[:size]
            line += self.line()
        text = line.decode("latin-1")
        self.trace.append("S%d< %s" % (self.number, text[:300]))
        return text

    def put(self, command):
        self.count += 1
        self.trace.append("S%d> %d %s" % (self.number, self.count,
                                         command[:300]))
        del self.trace[:-self.TRACE]
        self.send(b"%d %s\r\n" % (self.count, command.encode()))

    def ask(self, command, verb=None):
        """(OK or NO, text of the answer)"""
        self.put(command)
        return self.finish(verb or command.split()[0])

    def finish(self, verb=None):
        self.searched = None
        self.fetched = {}
        self.expunged = 0
        self.moved = ""
        tag = "%d " % self.count
        while True:
            text = self.response()
            if text.startswith(tag):
                words = text.split(" ", 2)
                need(words[1] != "BAD", "BAD for", self.trace[-2:])
                return words[1], words[2]
            if not text.startswith("+"):
                self.apply(text, verb)

    def apply(self, text, verb):
        words = text.split(" ", 3)
        if words[1] == "SEARCH":
            self.searched = [int(word) for word in text.split()[2:]]
        elif len(words) > 2 and words[2] == "EXISTS":
            need(int(words[1]) >= len(self.view), "EXISTS shrank", text)
            while len(self.view) < int(words[1]):
                self.view.append(Entry())
        elif len(words) > 2 and words[2] == "EXPUNGE":
            need(self.pushes or verb not in NUMBERED, "EXPUNGE during", verb)
            need(1 <= int(words[1]) <= len(self.view), "no such", text)
            del self.view[int(words[1]) - 1]
            self.expunged += 1
        elif len(words) > 2 and words[2] == "FETCH":
            need(1 <= int(words[1]) <= len(self.view), "no such", text)
            self.apply_fetch(int(words[1]), words[3])
        elif words[1] == "BYE":
            raise Wrong(text)
        elif "[COPYUID" in text:
            self.moved = text

    def apply_fetch(self, number, text):
        entry = self.view[number - 1]
        uid = re.search(r"\bUID (\d+)", text)
        flags = re.search(r"\bFLAGS \(([^)]*)\)", text)
        if uid:
            need(entry.uid in (None, int(uid.group(1))), "number", number,
                 "was UID", entry.uid, "and is now", uid.group(1))
            entry.uid = int(uid.group(1))
            around = [e.uid for e in self.view if e.uid is not None]
            need(around == sorted(set(around)), "UIDs do not ascend", around)
        if flags:
            entry.flags = set(flags.group(1).split()) - {"\\Recent"}
        body = re.search(r"\{\d+\}\r\nSubject: (\d+)\r\n", text)
        if body:
            self.fetched[number] = int(body.group(1))

    def select(self, box, verb="SELECT"):
        self.view = []
        self.box = None
        status, text = self.ask('%s "%s"' % (verb, box))
        if status == "OK":
            self.box = box
            self.learn()
        return status

    def learn(self):
        """What a client asks after SELECT."""
        if self.view:
            self.ask("FETCH 1:* (UID FLAGS)")

    def settle(self):
        if self.box is not None:
            self.ask("NOOP")
            self.learn()


# --- results that are kept up to date ------------------------------------------

class Context:
    def __init__(self, search, result):
        self.search = search
        self.by_uid = search.startswith("UID")
        self.sorted = "SORT" in search
        self.result = result

    def apply(self, data):
        for word, pairs in re.findall(r"(ADDTO|REMOVEFROM) \(([^)]*)\)", data):
            words = pairs.split()
            for place, some in zip(words[::2], words[1::2]):
                self.change(word, int(place), list(ranges(some)))

    def change(self, word, place, some):
        if (place == 0) == self.sorted:
            raise Wrong("position %d in %s" % (place, self.search))
        if word == "ADDTO":
            if set(some) & set(self.result):
                raise Wrong("%r is there already" % some)
            if self.sorted:
                self.result[place - 1:place - 1] = some
            else:
                self.result = sorted(self.result + some)
        elif self.sorted:
            if self.result[place - 1:place - 1 + len(some)] != some:
                raise Wrong("%r is not at %d of %r" % (some, place,
                                                       self.result))
            del self.result[place - 1:place - 1 + len(some)]
        else:
            if not set(some) <= set(self.result):
                raise Wrong("%r is not all in %r" % (some, self.result))
            self.result = [n for n in self.result if n not in some]

    def expunge(self, number):
        if self.by_uid:
            return
        if number in self.result:
            raise Wrong("%d goes and is still in %s" % (number, self.search))
        self.result = [n - (n > number) for n in self.result]
