#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many sessions of two users at once on four mailboxes.

Each does what comes to its mind: FETCH of all kinds, STORE, SEARCH, SORT,
THREAD, APPEND, COPY, MOVE, EXPUNGE, IDLE, NOTIFY, results that are kept up to
date, mailboxes that come and go; some with TLS, some compressed.  It is there
for what sessions share inside imapd, best seen with ThreadSanitizer.  Meanwhile
a UID is always the same message, to whomever it is told, and orders fit.  In the
end each session must know what a new one is told, and what IDLE and NOTIFY have
promised must come unasked.

IMAP_SHARED_SEED, IMAP_SHARED_SECONDS and IMAP_SHARED_SESSIONS choose another run.
"""

import os
import random
import re
import select
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
from imapview import Context, Session, Wrong, need, ranges  # noqa: E402

report = t.Report()
SEED = int(os.environ.get("IMAP_SHARED_SEED", "1"))
SECONDS = float(os.environ.get("IMAP_SHARED_SECONDS", "12"))
SESSIONS = int(os.environ.get("IMAP_SHARED_SESSIONS", "44"))
OWNER, GUEST = "shared", "shared-guest"
# Each makes as many at least, on however slow a machine.
STEPS = 12
BOXES = ("one", "two", "three", "four/deep")
# More than FETCH reads in one round trip.
MESSAGES = 90
FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "kw1", "$Kw2")
ITEMS = ("FLAGS", "BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[1]",
         "BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "ENVELOPE", "BODYSTRUCTURE",
         "RFC822.SIZE INTERNALDATE", "PREVIEW", "EMAILID THREADID SAVEDATE",
         "BINARY.SIZE[1] BINARY.PEEK[1]<0.50>", "MODSEQ")
KEYS = ("ALL", "UNSEEN", "FLAGGED KEYWORD kw1", "SUBJECT 7", "BODY needle",
        "TEXT 00", "OLDER 100000", "LARGER 1000", "FROM someone", "NOT SUBJECT 1")
SORTS = ("SUBJECT", "ARRIVAL", "SIZE", "DATE", "REVERSE SUBJECT",
         "FROM SUBJECT", "DISPLAYFROM")
UPDATED = ("UID SEARCH %s UNSEEN", "UID SEARCH %s NOT FLAGGED SUBJECT 1",
           "UID SORT %s (SUBJECT) UTF-8 ALL",
           "UID SORT %s (REVERSE SIZE) UTF-8 UNKEYWORD kw1")
NOTIFICATIONS = (
    "SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange)) "
    "(personal (MessageNew MessageExpunge FlagChange MailboxName))",
    "SET (selected-delayed (MessageNew (ENVELOPE) MessageExpunge FlagChange)) "
    "(subscribed (MessageNew MessageExpunge))",
    "SET (selected (MessageNew MessageExpunge FlagChange))")


def message(number):
    """Its Subject, of six digits, tells which it is."""
    head = "From: someone%d@example.org\r\nSubject: %06d\r\n" % (
        number % 5, number)
    head += "Message-ID: <%d@example.org>\r\n" % number
    if number % 4:
        head += "References: <%d@example.org>\r\n" % (number - 1)
    size = 40000 if number % 50 == 0 else number % 90
    return head + "\r\nneedle %d\r\n%s\r\n" % (
        number, "\r\n".join(["x" * 70] * (size // 70) + ["y" * (size % 70)]))


class Subjects:
    """Which message each UID is, as all sessions together have seen it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = {}
        self.last = 0

    def next(self):
        with self.lock:
            self.last += 1
            return self.last

    def see(self, box, uid, number):
        with self.lock:
            known = self.known.setdefault((box, uid), number)
        need(known == number, "UID", uid, "of", box, "was", known, "and is",
             number)

    def get(self, box, uid):
        return self.known.get((box, uid))


class Client(Session):
    """A session that remembers what its user has asked to be told."""

    TRACE = 600

    def __init__(self, user, number, rng, subjects):
        self.user = user
        self.rng = rng
        self.subjects = subjects
        self.contexts = {}
        self.result = None
        self.updated = None  # the search whose result is to be kept
        self.order = None
        self.opened = None
        super().__init__(user, number)
        if rng.random() < 0.3:
            self.compress()
        if rng.random() < 0.3:
            self.ask("ENABLE CONDSTORE")

    def secure(self):
        if self.rng.random() < 0.2:
            self.ask("STARTTLS")
            self.start_tls()

    def compress(self):
        need(self.ask("COMPRESS DEFLATE")[0] == "OK", "COMPRESS")
        self.start_deflate()

    def name(self, box):
        return box if self.user == OWNER else "#Users/%s/%s" % (OWNER, box)

    def apply(self, text, verb):
        words = text.split()
        if words[1] in ("SORT", "THREAD"):
            self.order = [int(n) for n in re.findall(r"\d+", text)]
        elif words[1] == "ESEARCH":
            self.apply_result(text)
        elif "[CLOSED]" in text:
            # What comes from here on is of the mailbox it has asked for.
            self.close_box()
        else:
            super().apply(text, verb)

    def apply_result(self, text):
        found = re.match(r'\* ESEARCH \(TAG "(\w+)"[^)]*\)(.*)', text)
        tag, data = found.groups()
        if "ADDTO" in data or "REMOVEFROM" in data:
            if tag in self.contexts:
                self.contexts[tag].apply(data)
            return
        numbers = re.search(r" ALL (\S+)", data)
        self.result = list(ranges(numbers.group(1))) if numbers else []
        if self.updated is not None:
            self.contexts[tag] = Context(self.updated, self.result)

    def apply_fetch(self, number, text):
        super().apply_fetch(number, text)
        entry = self.view[number - 1]
        subject = re.search(r'Subject: (\d{6})\r\n|ENVELOPE \(\S+ "(\d{6})"|'
                            r'ENVELOPE \("[^"]*" "(\d{6})"', text)
        if subject and entry.uid:
            self.subjects.see(self.box, entry.uid,
                              int(next(filter(None, subject.groups()))))

    def open(self, box, verb="SELECT"):
        self.opened = box
        if self.box is None:
            self.close_box()
        status, text = self.ask('%s "%s"' % (verb, self.name(box)))
        need(status == "OK", text)
        self.learn()

    def close_box(self):
        self.contexts = {}
        self.view = []
        self.box = self.opened

    def learn(self):
        """Asks for what it was not told yet."""
        last = 0
        for entry in self.view:
            if entry.uid is None:
                self.ask("UID FETCH %d:* (UID FLAGS)" % (last + 1), "UID")
                break
            last = entry.uid
        for entry in self.view:
            if entry.uid and entry.flags is None:
                self.ask("UID FETCH %d FLAGS" % entry.uid, "UID")

    def some(self, most):
        """A set of UIDs, or None where the mailbox is empty."""
        uids = [e.uid for e in self.view if e.uid]
        if not uids:
            return None
        first = self.rng.randrange(len(uids))
        return uids[first:first + self.rng.randint(1, most)]

    def wait(self, seconds):
        """Until something comes, or not so long."""
        pending = getattr(self.socket, "pending", lambda: 0)
        if not self.buffer and not pending():
            select.select([self.socket], [], [], seconds)

    # --- what it may do --------------------------------------------------------

    def do_fetch(self):
        uids = self.some(100)
        if uids:
            items = self.rng.sample(ITEMS, self.rng.randint(1, 3))
            self.ask("UID FETCH %d:%d (%s)" % (uids[0], uids[-1],
                                               " ".join(items)), "UID")

    def do_fetch_by_number(self):
        if self.view and not self.pushes:
            first = self.rng.randint(1, len(self.view))
            self.ask("FETCH %d:%d (UID %s)" % (
                first, min(len(self.view), first + 5),
                self.rng.choice(ITEMS)))

    def do_store(self):
        uids = self.some(12)
        if not uids:
            return
        silent = self.rng.random() < 0.3
        self.ask("UID STORE %d:%d %sFLAGS%s (%s)" % (
            uids[0], uids[-1], self.rng.choice(("+", "-", "")),
            ".SILENT" if silent else "",
            " ".join(self.rng.sample(FLAGS, self.rng.randint(1, 2)))), "UID")
        for entry in self.view:
            if silent and entry.uid and uids[0] <= entry.uid <= uids[-1]:
                entry.flags = None

    def do_delete(self):
        uids = self.some(2)
        if uids:
            words = ",".join(map(str, uids))
            self.ask("UID STORE %s +FLAGS (\\Deleted)" % words, "UID")
            self.ask(self.rng.choice(("EXPUNGE", "UID EXPUNGE " + words)))

    def do_append(self):
        text = message(self.subjects.next())
        flags = " ".join(self.rng.sample(FLAGS, self.rng.randint(0, 2)))
        status, answer = self.ask('APPEND "%s" (%s) {%d+}\r\n%s' % (
            self.name(self.rng.choice(BOXES)), flags, len(text), text))
        need(status == "OK", answer)

    def do_copy(self):
        uids = self.some(2)
        if uids:
            self.ask('UID %s %d:%d "%s"' % (
                self.rng.choice(("COPY", "MOVE", "MOVE")), uids[0], uids[-1],
                self.name(self.rng.choice(BOXES))), "UID")

    def do_search(self):
        self.ask("UID SEARCH " + self.rng.choice(KEYS), "UID")
        if not self.pushes:
            self.ask("SEARCH RETURN (SAVE COUNT) " + self.rng.choice(KEYS))
            self.ask("FETCH $ (UID FLAGS)")

    def do_sort(self):
        key = self.rng.choice(SORTS)
        self.order = None
        self.ask("UID SORT (%s) UTF-8 %s" % (key, self.rng.choice(KEYS)),
                 "UID")
        need(self.order is not None, "no SORT response")
        known = [self.subjects.get(self.box, uid) for uid in self.order]
        known = [number for number in known if number is not None]
        if key.endswith("SUBJECT") and " S" not in key:
            wanted = sorted(known, reverse=key.startswith("REVERSE"))
            need(known == wanted, "SORT gave", known)
        need(len(set(self.order)) == len(self.order), "SORT repeats itself",
             self.order)

    def do_thread(self):
        self.order = None
        self.ask("UID THREAD %s UTF-8 %s" % (
            self.rng.choice(("REFERENCES", "ORDEREDSUBJECT", "REFS")),
            self.rng.choice(KEYS)), "UID")
        need(self.order is not None, "no THREAD response")
        need(len(set(self.order)) == len(self.order), "THREAD repeats itself",
             self.order)

    def do_several(self):
        self.ask('ESEARCH IN (mailboxes (%s)) RETURN (COUNT) %s' % (
            " ".join('"%s"' % self.name(box) for box in BOXES),
            self.rng.choice(KEYS)))

    def do_status(self):
        self.ask('LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN SIZE))')
        self.ask('STATUS "%s" (MESSAGES UIDNEXT HIGHESTMODSEQ)' %
                 self.name(self.rng.choice(BOXES)))

    def do_context(self):
        if len(self.contexts) < 3:
            self.updated = self.rng.choice(UPDATED)
            self.ask(self.updated % "RETURN (UPDATE ALL)", "UID")
            self.updated = None
            return
        tag = self.rng.choice(sorted(self.contexts))
        del self.contexts[tag]
        self.ask('CANCELUPDATE "%s"' % tag)

    def do_notify(self):
        if self.pushes and self.rng.random() < 0.5:
            # This says nothing of the selected mailbox either.
            self.ask("NOTIFY NONE")
            self.do_again()
            return
        self.pushes = True
        status, text = self.ask("NOTIFY " + self.rng.choice(NOTIFICATIONS))
        need(status == "OK", text)
        self.ask("NOOP")

    def do_idle(self):
        self.put("IDLE")
        while True:
            text = self.response()
            if text.startswith("+"):
                break
            self.apply(text, "IDLE")
        self.wait(0.2)
        self.send(b"DONE\r\n")
        self.finish("IDLE")

    def do_noop(self):
        self.wait(0.05)
        self.ask(self.rng.choice(("NOOP", "CHECK")))

    def do_select(self):
        if self.rng.random() < 0.3:
            self.open(self.rng.choice(BOXES), "EXAMINE")
            self.do_fetch()
        self.open(self.rng.choice(BOXES))

    def do_temporary(self):
        name = "temporary%d" % self.number
        need(self.ask("CREATE " + name)[0] == "OK", "CREATE")
        other = GUEST if self.user == OWNER else OWNER
        self.ask("SETACL %s %s lrs" % (name, other))
        uids = self.some(3)
        if uids:
            self.ask("UID COPY %d:%d %s" % (uids[0], uids[-1], name), "UID")
        need(self.ask("DELETE " + name)[0] == "OK", "DELETE")

    def do_again(self):
        """As another session."""
        self.close()
        self.stop_deflate()
        fresh = Client(self.user, self.number, self.rng, self.subjects)
        fresh.trace = self.trace + fresh.trace
        box = self.box
        self.__dict__ = fresh.__dict__
        self.open(box)

    STEPS = ((do_fetch, 12), (do_fetch_by_number, 5), (do_store, 12),
             (do_delete, 4), (do_append, 8), (do_copy, 6), (do_search, 6),
             (do_sort, 5), (do_thread, 3), (do_several, 1), (do_status, 1),
             (do_context, 4), (do_notify, 2), (do_idle, 4), (do_noop, 4),
             (do_select, 2), (do_temporary, 1), (do_again, 1))


class Runner(threading.Thread):
    def __init__(self, number, subjects):
        super().__init__()
        rng = random.Random(SEED * 1000 + number)
        self.client = Client(OWNER if number % 4 else GUEST, number, rng,
                             subjects)
        self.ends = 0
        self.error = None
        self.steps = 0

    def run(self):
        client = self.client
        steps, weights = zip(*Client.STEPS)
        try:
            client.open(client.rng.choice(BOXES))
            while time.monotonic() < self.ends or self.steps < STEPS:
                client.rng.choices(steps, weights)[0](client)
                client.learn()
                self.steps += 1
        except (Wrong, OSError, EOFError, IndexError, KeyError) as error:
            self.error = error


# --- the end ------------------------------------------------------------------

def truth(setup, box):
    setup.open(box)
    return [(e.uid, e.flags) for e in setup.view]


def check_view(client, wanted):
    """What it was told, without asking for what it knows."""
    client.ask("NOOP")
    client.learn()
    known = [(e.uid, e.flags) for e in client.view]
    differ = [(a, b) for a, b in zip(known, wanted) if a != b][:3]
    need(known == wanted, "knows %d of %d messages; first differences" % (
        len(known), len(wanted)), differ)


def check_contexts(client):
    for context in client.contexts.values():
        client.ask(context.search % "RETURN (ALL)", "UID")
        need(context.result == client.result, context.search, "kept",
             context.result, "finds", client.result)


def check_client(client, wanted):
    check_view(client, wanted)
    check_contexts(client)


def check_push(client, setup):
    """What happens now must come to a session that only waits."""
    if not client.pushes:
        client.put("IDLE")
        while True:
            text = client.response()
            if text.startswith("+"):
                break
            client.apply(text, "IDLE")
    before = len(client.view)
    text = message(client.subjects.next())
    status, answer = setup.ask('APPEND "%s" {%d+}\r\n%s' % (
        setup.name(client.box), len(text), text))
    need(status == "OK", answer)
    while len(client.view) <= before:
        client.apply(client.response(), "IDLE")
    if not client.pushes:
        client.send(b"DONE\r\n")
        client.finish("IDLE")


def tell(what, client, check, *arguments):
    error = None
    try:
        check(client, *arguments)
    except (Wrong, OSError, EOFError, IndexError, KeyError) as caught:
        error = caught
        for line in client.trace:
            report.note(repr(line))
    report.case("session %d %s" % (client.number, what), error is None,
                repr(error))


def make_store(subjects):
    t.add_user(OWNER)
    t.add_user(GUEST)
    setup = Client(OWNER, 999, random.Random(SEED), subjects)
    for box in BOXES:
        setup.ask('CREATE "%s"' % box)
        setup.ask('SETACL "%s" %s lrswipkxte' % (box, GUEST))
        for _ in range(MESSAGES):
            text = message(subjects.next())
            setup.ask('APPEND "%s" {%d+}\r\n%s' % (box, len(text), text))
    return setup


def main():
    report.note("seed %d" % SEED)
    subjects = Subjects()
    setup = make_store(subjects)
    runners = [Runner(number, subjects) for number in range(SESSIONS)]
    ends = time.monotonic() + SECONDS
    for runner in runners:
        runner.ends = ends
        runner.start()
    for runner in runners:
        runner.join()
    report.note("%d steps" % sum(runner.steps for runner in runners))
    for runner in runners:
        if runner.error is not None:
            for line in runner.client.trace:
                report.note(repr(line))
        report.case("session %d did what it wanted" % runner.client.number,
                    runner.error is None, repr(runner.error))
    clients = [r.client for r in runners if r.error is None]
    there = {box: truth(setup, box) for box in BOXES}
    for client in clients:
        tell("knows what is there", client, check_client, there[client.box])
    for client in clients[:12]:
        tell("is told unasked", client, check_push, setup)
    t.check_store(report)
    t.check_logs(report)
    report.end()


main()
