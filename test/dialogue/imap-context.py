#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Results that are kept up to date (RFC 5267) against new searches.

One session has several searches kept up to date, in mailbox order and sorted,
by UID and by number, and applies ADDTO, REMOVEFROM and EXPUNGE as they come, as
a client would.  It and another session change the mailbox at random.  After
every few commands the results it holds must be what the same searches find.

IMAP_CONTEXT_SEED and IMAP_CONTEXT_SECONDS choose another run.
"""

import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
from imapview import Context, Wrong, ranges  # noqa: E402

report = t.Report()
SEED = int(os.environ.get("IMAP_CONTEXT_SEED", "1"))
SECONDS = float(os.environ.get("IMAP_CONTEXT_SECONDS", "8"))
FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "kw1")
SEARCHES = ("UID SEARCH %s UNSEEN", "SEARCH %s NOT DELETED SUBJECT a",
            "UID SORT %s (SUBJECT REVERSE SIZE) UTF-8 FLAGGED",
            "SORT %s (REVERSE SUBJECT ARRIVAL) UTF-8 OR UNSEEN KEYWORD kw1",
            "SEARCH %s NOT 1:3", "UID SEARCH %s OLD",
            "SORT %s (SIZE) UTF-8 ALL")


class Session(t.Lines):
    def __init__(self, user):
        super().__init__(t.setting("HOST"), t.port("IMAP"))
        self.count = 0
        self.contexts = {}
        self.trace = []
        self.line()
        self.ask("LOGIN %s secret" % user)

    def ask(self, command):
        """All lines of the answer; what is for contexts is applied."""
        self.count += 1
        tag = "t%d" % self.count
        self.trace.append("%s %s" % (tag, command))
        self.send(("%s %s\r\n" % (tag, command)).encode())
        lines = []
        while True:
            line = self.line().decode()
            self.trace.append(line)
            del self.trace[:-40]
            if line.startswith(tag + " "):
                if not line.startswith(tag + " OK"):
                    raise Wrong(line)
                return tag, lines
            lines.append(line)
            self.take(line)

    def take(self, line):
        expunge = re.match(r"\* (\d+) EXPUNGE", line)
        update = re.match(r'\* ESEARCH \(TAG "(\w+)"\)( UID)?(.*)', line)
        if expunge:
            for context in self.contexts.values():
                context.expunge(int(expunge.group(1)))
        if update and update.group(1) in self.contexts:
            self.contexts[update.group(1)].apply(update.group(3))

    def find(self, search, options):
        tag, lines = self.ask(search % ("RETURN (%s)" % options))
        for line in lines:
            found = re.match(r'\* ESEARCH \(TAG "%s"\)(?: UID)?'
                             r'(?: ALL (\S+))?$' % tag, line)
            if found:
                return tag, list(ranges(found.group(1)))\
                    if found.group(1) else []
        raise Wrong("no answer to " + search)

    def open(self, search):
        tag, result = self.find(search, "UPDATE ALL")
        self.contexts[tag] = Context(search, result)

    def check(self):
        # What is new is told before the searches are made.
        self.ask("NOOP")
        for context in self.contexts.values():
            # What is meant by a number, or by OLD, changed meanwhile.
            if "1:3" in context.search or "OLD" in context.search:
                continue
            wanted = self.find(context.search, "ALL")[1]
            if context.result != wanted:
                raise Wrong("%s: has %r, wanted %r" % (
                    context.search, context.result, wanted))


def change(rng, session, box):
    which = rng.random()
    if which < 0.35:
        subject = rng.choice("abcdeABC") * rng.randint(1, 3)
        text = "Subject: %s\r\n\r\n%s\r\n" % (subject, "x" * rng.randint(0, 9))
        flags = " ".join(f for f in FLAGS if rng.random() < 0.3)
        session.ask("APPEND %s (%s) {%d+}\r\n%s" % (box, flags, len(text),
                                                   text))
    elif which < 0.8:
        first = rng.randint(1, 40)
        session.ask("UID STORE %d:%d %sFLAGS%s (%s)" % (
            first, first + rng.randint(0, 20), rng.choice("+-"),
            rng.choice(("", ".SILENT")), rng.choice(FLAGS)))
    elif which < 0.87:
        session.ask("EXPUNGE")
    elif which < 0.92:
        session.ask("UID EXPUNGE %d:%d" % (rng.randint(1, 40),
                                           rng.randint(1, 40)))
    elif which < 0.96:
        # Numbers stay while this runs.
        session.ask("SEARCH ALL")
    else:
        session.ask("NOOP")


def play(seed, user):
    rng = random.Random(seed)
    one, two = Session(user), Session(user)
    box = "box%d" % seed
    one.ask("CREATE " + box)
    for session in (one, two):
        session.ask("SELECT " + box)
    try:
        for _ in range(rng.randint(0, 12)):
            change(rng, two, box)
        one.ask("NOOP")
        for search in SEARCHES:
            one.open(search)
        for _ in range(60):
            change(rng, rng.choice((one, two)), box)
            if rng.random() < 0.3:
                one.check()
        one.check()
    except Wrong as wrong:
        return "%s\n%s" % (wrong, "\n".join(one.trace))
    finally:
        one.close()
        two.close()
    return None


def main():
    user = "context-model"
    t.add_user(user, "secret")
    end = time.monotonic() + SECONDS
    seed = SEED * 1000
    failed = None
    while failed is None and time.monotonic() < end:
        seed += 1
        failed = play(seed, user)
    report.case("results stay up to date in %d runs" % (seed - SEED * 1000),
                failed is None, "seed %d: %s" % (seed, failed))
    return report.end()


sys.exit(main())
