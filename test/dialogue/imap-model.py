#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random commands of several IMAP sessions against a model of what they see.

Each session keeps its view as a client would: EXISTS, EXPUNGE and FETCH applied
as they come.  First the sessions take turns, and a second model knows what is
in each mailbox, so that every answer can be foretold.  Then they run at once:
numbers and UIDs must still fit, no message may be lost that nobody deleted, and
in the end every view is what the server and the database say.

Some sessions are cut off now and then, in the middle of a command or between
two, come back with the MODSEQ they have (QRESYNC, RFC 7162), and must get from
what they remembered to what is there.

IMAP_MODEL_SEED and IMAP_MODEL_SECONDS choose another run.
"""

import os
import random
import re
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
from imapview import NUMBERED, Session, Wrong, need, ranges  # noqa: E402

report = t.Report()
SEED = int(os.environ.get("IMAP_MODEL_SEED", "1"))
SECONDS = float(os.environ.get("IMAP_MODEL_SECONDS", "16"))
BOXES = ("INBOX", "one", "two/deep")
FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "kw1",
         "$Kw2")
SEARCHES = {"SEEN": (True, "\\Seen"), "UNSEEN": (False, "\\Seen"),
            "DELETED": (True, "\\Deleted"), "UNDELETED": (False, "\\Deleted"),
            "KEYWORD KW1": (True, "kw1"), "UNKEYWORD $kw2": (False, "$Kw2")}


class Resyncing(Session):
    """A session that keeps what it knows, and resynchronises."""

    def __init__(self, user, number, rng):
        self.user = user
        self.rng = rng
        self.memory = {}     # box -> (UIDVALIDITY, MODSEQ, view)
        self.snapshots = {}  # box -> [(MODSEQ, {uid: flags}), ...]
        self.uidvalidity = self.modseq = 0
        self.forget()
        self.is_resuming = False
        self.resumed = 0
        super().__init__(user, number)
        self.ask("ENABLE QRESYNC")

    def forget(self):
        self.highest = None
        self.seen = 0
        self.vanished = set()
        self.changed = {}  # uid -> (number, flags)

    def finish(self, verb=None):
        self.forget()
        answer = super().finish(verb)
        self.note_highest(answer[1])
        # RFC 7162 section 6.
        if self.highest is not None:
            self.modseq = self.highest
        else:
            self.modseq = max(self.modseq, self.seen)
        return answer

    def note_highest(self, text):
        found = re.search(r"\[HIGHESTMODSEQ (\d+)\]", text)
        if found:
            self.highest = int(found.group(1))

    def apply(self, text, verb):
        words = text.split(" ", 3)
        need(words[2:3] != ["EXPUNGE"], text)
        self.note_highest(text)
        if "[UIDVALIDITY" in text:
            self.uidvalidity = int(re.search(r"DITY (\d+)", text).group(1))
        if words[1] == "VANISHED" and words[2] == "(EARLIER)":
            self.vanished |= set(ranges(words[3]))
        elif words[1] == "VANISHED":
            need(verb not in NUMBERED, "VANISHED during", verb)
            for uid in ranges(words[2]):
                self.vanish(uid)
        else:
            super().apply(text, verb)

    def vanish(self, uid):
        """Takes the message out, which need not have its name yet."""
        place = 0
        for i, entry in enumerate(self.view):
            if entry.uid is not None and entry.uid >= uid:
                break
            place = i + 1
        if place == len(self.view) or self.view[place].uid != uid:
            place -= 1
            need(place >= 0 and self.view[place].uid is None,
                 "VANISHED of a stranger", uid, [e.uid for e in self.view])
        del self.view[place]
        self.expunged += 1

    def apply_fetch(self, number, text):
        modseq = re.search(r"\bMODSEQ \((\d+)\)", text)
        if modseq:
            self.seen = max(self.seen, int(modseq.group(1)))
        if not self.is_resuming:
            super().apply_fetch(number, text)
            return
        uid = int(re.search(r"\bUID (\d+)", text).group(1))
        flags = re.search(r"\bFLAGS \(([^)]*)\)", text).group(1)
        self.changed[uid] = (number, set(flags.split()) - {"\\Recent"})

    def known(self):
        return {e.uid: e.flags for e in self.view}

    def parameter(self, box):
        """The QRESYNC parameter, with more or less in it."""
        uidvalidity, modseq, view = self.memory[box]
        text = "%d %d" % (uidvalidity, modseq)
        named = [(n, e.uid) for n, e in enumerate(view, 1) if e.uid]
        if named and self.rng.random() < 0.5:
            text += " " + ",".join(str(uid) for _, uid in named)
        if named and self.rng.random() < 0.5:
            pairs = sorted(self.rng.sample(
                named, self.rng.randint(1, len(named))))
            text += " (%s %s)" % tuple(",".join(map(str, column))
                                       for column in zip(*pairs))
        return " (QRESYNC (%s))" % text

    def select(self, box, verb="SELECT"):
        if self.box is not None:
            self.memory[self.box] = (self.uidvalidity, self.modseq, self.view)
        self.view = []
        self.box = None
        self.modseq = 0
        self.is_resuming = True
        status, _ = self.ask('%s "%s"%s' % (
            verb, box, self.parameter(box) if box in self.memory else ""))
        self.is_resuming = False
        if status == "OK":
            self.box = box
            if box in self.memory:
                self.resume(self.memory[box])
            else:
                self.learn()
        return status

    def resume(self, memory):
        """From what it knew to what there is, by what it was told."""
        need(memory[0] == self.uidvalidity, "UIDVALIDITY was", memory[0])
        kept = []
        last = 0
        for entry in memory[2]:
            if entry.uid is None:
                break  # of what comes then it has not heard all
            last = entry.uid
            if entry.uid in self.vanished:
                continue
            if entry.uid in self.changed:
                number, entry.flags = self.changed[entry.uid]
                need(number == len(kept) + 1, "number", number, "of",
                     entry.uid, "should be", len(kept) + 1)
            kept.append(entry)
        need(len(kept) <= len(self.view), "it was not told which of",
             [e.uid for e in kept], "are gone: there are", len(self.view))
        self.view[:len(kept)] = kept
        self.resumed += 1
        if len(kept) < len(self.view):
            self.ask("UID FETCH %d:* (UID FLAGS MODSEQ)" % (last + 1))

    def reconnect(self, last_words=None):
        """Is cut off, perhaps while a command runs, and comes back."""
        box = self.box
        if last_words is not None:
            self.put(last_words)
        self.close()
        t.Lines.__init__(self, t.setting("HOST"), t.port("IMAP"))
        self.trace.append("S%d reconnects" % self.number)
        self.line()
        self.ask("LOGIN %s secret" % self.user)
        self.ask("ENABLE QRESYNC")
        need(self.select(box) == "OK", "SELECT")


def copied(text):
    """(source, target) UIDs of a COPYUID."""
    found = re.search(r"\[COPYUID \d+ (\S+) (\S+)\]", text)
    if not found:
        return []
    source, target = (list(ranges(found.group(i))) for i in (1, 2))
    need(len(source) == len(target), "COPYUID does not pair", text)
    return list(zip(source, target))


def append_command(box, number, flags):
    message = "Subject: %d\r\n\r\n%s\r\n" % (number, "x" * (number % 50))
    return 'APPEND "%s" (%s) {%d+}\r\n%s' % (
        box, " ".join(flags), len(message), message)


def choose_set(rng, session, numbers):
    """A set in odd words, and the numbers it stands for."""
    top = len(session.view) if not numbers else max(
        [e.uid or 0 for e in session.view] + [0])
    if top == 0:
        return "1", []
    parts, all_of = [], set()
    for _ in range(rng.choice((1, 1, 2, 4))):
        a, b = rng.randint(1, top), rng.randint(1, top)
        kind = rng.randrange(6)
        if kind == 0:
            parts.append("*")
            all_of.add(top)
        elif kind == 1:
            parts.append("%s:*" % a)
            all_of |= set(range(a, top + 1))
        elif kind == 2:
            parts.append("*:%s" % a)
            all_of |= set(range(a, top + 1))
        elif kind == 3:
            parts.append("%d:%d" % (max(a, b), min(a, b)))
            all_of |= set(range(min(a, b), max(a, b) + 1))
        else:
            parts.append(str(a))
            all_of.add(a)
    return ",".join(parts), sorted(all_of)


# --- taking turns -------------------------------------------------------------

class World:
    """What is in the mailboxes: name -> [[uid, flags, number], ...]."""

    def __init__(self, user, seed):
        self.rng = random.Random(seed)
        self.boxes = {name: [] for name in BOXES}
        self.next_uid = {name: 1 for name in BOXES}
        self.of_uid = {}
        self.number = 0
        self.sessions = [Resyncing(user, i, self.rng) if i % 2 else
                         Session(user, i) for i in range(4)]
        for name in BOXES[1:]:
            self.sessions[0].ask('CREATE "%s"' % name)

    def find(self, box, uid):
        for message in self.boxes[box]:
            if message[0] == uid:
                return message
        return None

    def add(self, box, flags, number):
        uid = self.next_uid[box]
        self.next_uid[box] += 1
        self.boxes[box].append([uid, set(flags), number])
        self.of_uid[box, uid] = number
        return uid

    def uids_of(self, session, is_uid, numbers):
        if is_uid:
            known = {e.uid for e in session.view}
            return [n for n in numbers if n in known]
        return [session.view[n - 1].uid for n in numbers]

    def name_new(self, session):
        """New entries get the UIDs they must have."""
        last = max([e.uid for e in session.view if e.uid] + [0])
        fresh = [m for m in self.boxes[session.box] if m[0] > last]
        unnamed = [e for e in session.view if e.uid is None]
        need(len(unnamed) in (0, len(fresh)), "EXISTS for", len(unnamed),
             "of", len(fresh), "new messages")
        for entry, message in zip(unnamed, fresh):
            entry.uid = message[0]
            # A client would ask; the server tells only what changes later.
            if entry.flags is None:
                entry.flags = set(message[1])

    def check(self, session):
        """After a NOOP the view is the mailbox."""
        session.ask("NOOP")
        self.name_new(session)
        wanted = self.boxes[session.box]
        need([e.uid for e in session.view] == [m[0] for m in wanted],
             "view", [e.uid for e in session.view], "mailbox",
             [m[0] for m in wanted])
        for entry, message in zip(session.view, wanted):
            need(entry.flags in (None, message[1]), "flags of", entry.uid,
                 "known as", entry.flags, "are", message[1])
        session.learn()
        for entry, message in zip(session.view, wanted):
            need(entry.flags == message[1], "flags of", entry.uid, "told as",
                 entry.flags, "are", message[1])

    def do_append(self, session):
        box = self.rng.choice(BOXES)
        flags = self.rng.sample(FLAGS, self.rng.randrange(3))
        self.number += 1
        _, text = session.ask(append_command(box, self.number, flags))
        uid = self.add(box, flags, self.number)
        need(re.search(r"\[APPENDUID \d+ %d\]" % uid, text), "UID", uid,
             "expected", text)

    def do_store(self, session):
        is_uid = self.rng.random() < 0.5
        words, numbers = choose_set(self.rng, session, is_uid)
        if not session.view:
            return
        uids = self.uids_of(session, is_uid, numbers)
        sign = self.rng.choice(("", "+", "-"))
        flags = set(self.rng.sample(FLAGS, self.rng.randint(1, 3)))
        silent = self.rng.random() < 0.4
        for uid in uids:
            message = self.find(session.box, uid)
            if message is not None:
                message[1] = (flags if sign == "" else message[1] | flags
                              if sign == "+" else message[1] - flags)
                message[1] = set(message[1])
        told = [i for i, e in enumerate(session.view) if e.uid in uids]
        if silent:
            for i in told:
                entry = session.view[i]
                if entry.flags is not None:
                    entry.flags = set(
                        flags if sign == "" else entry.flags | flags
                        if sign == "+" else entry.flags - flags)
        before = list(session.view)
        status, text = session.ask("%sSTORE %s %sFLAGS%s (%s)" % (
            "UID " if is_uid else "", words, sign, ".SILENT" if silent else "",
            " ".join(flags)), "UID" if is_uid else "STORE")
        # By number, what others expunged is missed.
        gone = any(self.find(session.box, uid) is None for uid in uids)
        need(status == "OK" and
             ("[EXPUNGEISSUED]" in text) == (gone and not is_uid), text)
        for i in told:
            message = self.find(session.box, before[i].uid)
            need(message is None or before[i].flags == message[1] or
                 (silent and before[i].flags is None),
                 "STORE left", before[i].uid, before[i].flags, "of",
                 message and message[1])

    def do_expunge(self, session):
        gone = None
        if self.rng.random() < 0.4:
            words, numbers = choose_set(self.rng, session, True)
            gone = self.uids_of(session, True, numbers)
            need(session.ask("UID EXPUNGE " + words)[0] == "OK", "EXPUNGE")
        else:
            need(session.ask("EXPUNGE")[0] == "OK", "EXPUNGE")
        self.drop_deleted(session.box, gone)

    def drop_deleted(self, box, uids=None):
        self.boxes[box] = [
            m for m in self.boxes[box] if "\\Deleted" not in m[1] or
            (uids is not None and m[0] not in uids)]

    def do_copy(self, session):
        if not session.view:
            return
        is_uid = self.rng.random() < 0.5
        verb = self.rng.choice(("COPY", "MOVE"))
        to = self.rng.choice(BOXES)
        words, numbers = choose_set(self.rng, session, is_uid)
        uids = self.uids_of(session, is_uid, numbers)
        status, text = session.ask('%s%s %s "%s"' % (
            "UID " if is_uid else "", verb, words, to))
        pairs = []
        # By number, nothing left is a failure.
        there = any(self.find(session.box, uid) for uid in uids)
        need(status == ("OK" if is_uid or there else "NO"), text)
        for uid in uids:
            message = self.find(session.box, uid)
            if message is not None:
                pairs.append((uid, self.add(to, message[1], message[2])))
        if verb == "MOVE":
            source = {uid for uid, _ in pairs}
            self.boxes[session.box] = [m for m in self.boxes[session.box]
                                       if m[0] not in source]
        need(copied(session.moved or text) == pairs, "COPYUID of", pairs)

    def do_fetch(self, session):
        peek = self.rng.choice((".PEEK", ""))
        if not peek:
            # A message seen as far as the session knows is not set again.
            self.check(session)
        if not session.view:
            return
        is_uid = self.rng.random() < 0.5
        words, numbers = choose_set(self.rng, session, is_uid)
        uids = self.uids_of(session, is_uid, numbers)
        before = list(session.view)
        for uid in uids if not peek else ():
            message = self.find(session.box, uid)
            if message is not None:
                message[1].add("\\Seen")
        status, text = session.ask("%sFETCH %s (UID BODY%s[])" % (
            "UID " if is_uid else "", words, peek),
            "UID" if is_uid else "FETCH")
        bodies = {before[n - 1].uid: number
                  for n, number in session.fetched.items()}
        wanted = {uid for uid in uids if self.find(session.box, uid)}
        need(wanted <= set(bodies) <= set(uids), "FETCH gave",
             sorted(bodies), "for", uids, "of which there are", wanted)
        for uid, number in bodies.items():
            need(self.of_uid[session.box, uid] == number, "UID", uid, "is",
                 self.of_uid[session.box, uid], "and not", number)
        need(status == "OK" or len(bodies) < len(uids), text)

    def do_search(self, session):
        is_uid = self.rng.random() < 0.5
        key = self.rng.choice(sorted(SEARCHES))
        wanted, flag = SEARCHES[key]
        before = [(e.uid, e.flags) for e in session.view]
        session.ask("%sSEARCH %s" % ("UID " if is_uid else "", key),
                    "UID" if is_uid else "SEARCH")
        found = set(session.searched)
        for n, (uid, flags) in enumerate(before, 1):
            message = self.find(session.box, uid)
            if message is None:
                continue
            known = {(flag in message[1]) == wanted}
            if flags is not None:
                known.add((flag in flags) == wanted)
            need(((uid if is_uid else n) in found) in known, "SEARCH", key,
                 "wrong for", uid)

    def do_close(self, session):
        verb = self.rng.choice(("CLOSE", "UNSELECT"))
        need(session.ask(verb)[0] == "OK", verb)
        if verb == "CLOSE":
            self.drop_deleted(session.box)
        self.do_select(session)

    def do_select(self, session):
        box = self.rng.choice(BOXES)
        need(session.select(box) == "OK", "SELECT")
        self.check(session)

    def do_status(self, session):
        box = self.rng.choice(BOXES)
        session.put('STATUS "%s" (MESSAGES UIDNEXT UNSEEN)' % box)
        text = session.response()
        while not text.startswith("* STATUS"):
            session.apply(text, "STATUS")
            text = session.response()
        session.finish("STATUS")
        numbers = [int(n) for n in re.findall(r" (\d+)", text)]
        need(numbers == [len(self.boxes[box]), self.next_uid[box],
                         sum("\\Seen" not in m[1] for m in self.boxes[box])],
             text)

    def do_rename(self, session):
        status, text = session.ask('RENAME "two" "2"')
        need(status == "OK", text)
        self.name_new(session)
        self.do_store(session)
        status, text = session.ask('RENAME "2" "two"')
        need(status == "OK", text)

    def leave_untold(self, session):
        """Another expunges, and this one has not been told when it is cut off,
        though it has heard of what came later."""
        others = [s for s in self.sessions
                  if s is not session and s.box == session.box]
        if not others or not session.view:
            return
        other = self.rng.choice(others)
        self.check(other)
        if not other.view:
            return
        uid = self.rng.choice(other.view).uid
        other.ask("UID STORE %d +FLAGS (\\Deleted)" % uid, "UID")
        self.find(other.box, uid)[1].add("\\Deleted")
        other.ask("EXPUNGE")
        self.drop_deleted(other.box)
        session.ask("FETCH 1:* (FLAGS MODSEQ)")

    def do_reconnect(self, session):
        if isinstance(session, Resyncing):
            if self.rng.random() < 0.3:
                self.leave_untold(session)
            session.reconnect(self.rng.choice(
                (None, None, "NOOP", "FETCH 1:* FLAGS", "UID SEARCH ALL")))
            self.check(session)

    def do_changes(self, session):
        """UID FETCH CHANGEDSINCE VANISHED, from any earlier state."""
        if not isinstance(session, Resyncing):
            return
        self.check(session)
        snapshots = session.snapshots.setdefault(session.box, [])
        if snapshots:
            modseq, known = self.rng.choice(snapshots)
            session.is_resuming = True
            session.ask("UID FETCH 1:%d (FLAGS) (CHANGEDSINCE %d VANISHED)" %
                        (2 ** 32 - 1, modseq), "UID")
            session.is_resuming = False
            now = {uid: flags for uid, flags in known.items()
                   if uid not in session.vanished}
            now.update({uid: flags for uid, (_, flags)
                        in session.changed.items()})
            need(now == session.known(), "since", modseq, "came to", now,
                 "and not to", session.known())
        snapshots.append((session.modseq, session.known()))
        del snapshots[:-20]

    def do_idle(self, session):
        session.put("IDLE")
        while not session.response().startswith("+"):
            pass
        other = self.rng.choice([s for s in self.sessions if s is not session])
        self.name_new(other)
        self.do_append(other)
        self.name_new(other)
        session.trace.append("S%d> DONE" % session.number)
        session.send(b"DONE\r\n")
        session.finish("IDLE")

    STEPS = ((do_append, 5), (do_store, 8), (do_expunge, 2), (do_copy, 4),
             (do_fetch, 4), (do_search, 4), (do_close, 1), (do_select, 1),
             (do_status, 1), (do_rename, 1), (do_idle, 1),
             (do_reconnect, 3), (do_changes, 2))

    def run(self, seconds):
        steps, weights = zip(*self.STEPS)
        count = 0
        for session in self.sessions:
            self.do_select(session)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            session = self.rng.choice(self.sessions)
            self.rng.choices(steps, weights)[0](self, session)
            self.name_new(session)
            if self.rng.random() < 0.2:
                self.check(session)
            count += 1
        for session in self.sessions:
            self.check(session)
        return count


def one_after_the_other():
    world = World(t.add_user("turns"), SEED)
    try:
        count = world.run(SECONDS / 2)
        report.note("%d steps, %d messages, resumed %d times" % (
            count, world.number, sum(s.resumed for s in world.sessions
                                     if isinstance(s, Resyncing))))
        report.case("every answer was foretold", True)
    except (Wrong, EOFError, IndexError) as error:
        for session in world.sessions:
            for line in session.trace[-30:]:
                report.note(repr(line))
        report.case("every answer was foretold", False, repr(error))


# --- all at once -------------------------------------------------------------

class Keepers:
    """Messages that are never deleted, only moved: where each must be."""

    def __init__(self):
        self.lock = threading.Condition()
        self.added = {}
        self.moved = set()

    def add(self, box, uid, number):
        with self.lock:
            need(self.added.get((box, uid), number) == number, "UID", uid,
                 "of", box, "given twice")
            self.added[box, uid] = number
            self.lock.notify_all()

    def wait_for(self, box, uid):
        """Whoever added it may not have read the answer yet."""
        with self.lock:
            need(self.lock.wait_for(lambda: (box, uid) in self.added, 20),
                 "nobody added", uid, "to", box)
            return self.added[box, uid]

    def move(self, box, uid):
        with self.lock:
            need((box, uid) not in self.moved, "moved twice:", box, uid)
            self.moved.add((box, uid))


class Racer(threading.Thread):
    """One session's random life among others."""

    def __init__(self, user, number, keepers, ends):
        super().__init__()
        self.rng = random.Random(SEED * 100 + number)
        self.session = Resyncing(user, number, self.rng) if number % 2 else \
            Session(user, number)
        self.keepers = keepers
        self.ends = ends
        self.number = 1000000 * (number + 1)
        self.error = None
        self.steps = 0

    def run(self):
        try:
            self.session.select(self.rng.choice(BOXES))
            while time.monotonic() < self.ends:
                self.rng.choice(self.STEPS)(self)
                self.steps += 1
            self.session.settle()
        except (Wrong, EOFError, OSError, IndexError) as error:
            self.error = error

    def is_keeper(self, number):
        return number % 3 == 0

    def do_append(self):
        box = self.rng.choice(BOXES)
        self.number += 1
        status, text = self.session.ask(append_command(box, self.number, ()))
        need(status == "OK", text)
        uid = int(re.search(r"\[APPENDUID \d+ (\d+)\]", text).group(1))
        self.keepers.add(box, uid, self.number)

    def do_delete(self):
        """Deletes messages it has looked at and that are no keepers."""
        s = self.session
        words, _ = choose_set(self.rng, s, False)
        if not s.view:
            return
        s.ask("FETCH %s (UID BODY[])" % words)
        uids = [s.view[n - 1].uid for n, number in s.fetched.items()
                if not self.is_keeper(number)]
        for n, number in s.fetched.items():
            known = self.keepers.added.get((s.box, s.view[n - 1].uid))
            need(known in (None, number), "UID", s.view[n - 1].uid, "is",
                 number, "and was", known)
        if uids:
            s.ask("UID STORE %s +FLAGS%s (\\Deleted)" % (
                ",".join(map(str, uids)), self.rng.choice(("", ".SILENT"))))

    def do_store(self):
        words, _ = choose_set(self.rng, self.session, False)
        if self.session.view:
            flag = self.rng.choice([f for f in FLAGS if f != "\\Deleted"])
            self.session.ask("STORE %s %sFLAGS (%s)" % (
                words, self.rng.choice("+-"), flag))

    def do_expunge(self):
        self.session.ask("EXPUNGE")

    def do_copy(self):
        s = self.session
        if not s.view:
            return
        box, to = s.box, self.rng.choice(BOXES)
        verb = self.rng.choice(("COPY", "MOVE", "MOVE"))
        first = self.rng.randint(1, len(s.view))
        last = min(len(s.view), first + self.rng.randrange(3))
        status, text = s.ask('%s %d:%d "%s"' % (verb, first, last, to))
        need(status == "OK" or "[EXPUNGEISSUED]" in text, text)
        pairs = copied(s.moved or text)
        for source, target in pairs:
            number = self.keepers.wait_for(box, source)
            self.keepers.add(to, target, number)
            if verb == "MOVE":
                self.keepers.move(box, source)

    def do_search(self):
        s = self.session
        s.ask("SEARCH " + self.rng.choice(sorted(SEARCHES)))
        need(all(1 <= n <= len(s.view) for n in s.searched),
             "SEARCH beyond", len(s.view), s.searched)

    def do_select(self):
        verb = self.rng.choice(("CLOSE", "UNSELECT", "NOOP"))
        self.session.ask(verb)
        need(self.session.select(self.rng.choice(BOXES)) == "OK", "SELECT")

    def do_noop(self):
        self.session.ask(self.rng.choice(("NOOP", "CHECK")))

    def do_idle(self):
        self.session.put("IDLE")
        while True:
            text = self.session.response()
            if text.startswith("+"):
                break
            self.session.apply(text, "IDLE")
        self.session.send(b"DONE\r\n")
        self.session.finish("IDLE")

    def do_temporary(self):
        """A mailbox that comes and goes with what was copied to it."""
        s = self.session
        name = "temporary%d" % s.number
        need(s.ask("CREATE " + name)[0] == "OK", "CREATE")
        if s.view:
            s.ask("COPY 1:%d %s" % (min(3, len(s.view)), name))
        need(s.ask("RENAME %s x/%s" % (name, name))[0] == "OK", "RENAME")
        need(s.ask("DELETE x/" + name)[0] == "OK", "DELETE")

    def do_reconnect(self):
        if isinstance(self.session, Resyncing):
            self.session.reconnect(self.rng.choice(
                (None, "NOOP", "EXPUNGE", "FETCH 1:* (FLAGS MODSEQ)",
                 "UID STORE 1:* -FLAGS (kw1)", "CLOSE")))

    STEPS = (do_append,) * 5 + (do_delete,) * 3 + (do_store,) * 5 + (
        do_expunge, do_copy, do_copy, do_copy, do_search, do_search,
        do_select, do_noop, do_idle, do_temporary, do_reconnect)


def mailbox_in_sql(user, box):
    """[(uid, flags)]"""
    rows = t.sql(
        "SELECT m.uid, m.seen_flag, m.answered_flag, m.flagged_flag, "
        "m.draft_flag, m.deleted_flag FROM dbmail_messages m "
        "JOIN dbmail_mailboxes b USING (mailbox_idnr) "
        "JOIN dbmail_users u ON u.user_idnr = b.owner_idnr "
        "WHERE u.userid = '%s' AND b.name = '%s' ORDER BY m.uid" % (user, box))
    return [(int(row.split("|")[0]),
             {flag for flag, bit in zip(FLAGS, row.split("|")[1:])
              if bit == "1"}) for row in rows.split()]


def all_at_once():
    user = t.add_user("atonce")
    setup = Session(user, 9)
    for name in BOXES[1:]:
        setup.ask('CREATE "%s"' % name)
    keepers = Keepers()
    ends = time.monotonic() + SECONDS / 2
    racers = [Racer(user, i, keepers, ends) for i in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
        if racer.error is not None:
            for line in racer.session.trace[-60:]:
                report.note(repr(line))
        report.case("session %d at once with others" % racer.session.number,
                    racer.error is None, repr(racer.error))
    report.note("%d steps, %d messages added" % (
        sum(racer.steps for racer in racers), len(keepers.added)))
    for box in BOXES:
        compare_box(user, box, setup, racers, keepers)


def compare_box(user, box, setup, racers, keepers):
    in_sql = mailbox_in_sql(user, box)
    setup.select(box)
    views = [setup] + [r.session for r in racers
                       if r.session.box == box and r.error is None]
    for session in views:
        if isinstance(session, Resyncing):
            session.reconnect()
            report.equal(
                "session %d resumes %s" % (session.number, box),
                [(e.uid, e.flags and {f for f in e.flags if f[0] == "\\"})
                 for e in session.view],
                [(uid, flags if e.flags is not None else None)
                 for (uid, flags), e in zip(in_sql, session.view)])
        session.settle()
        report.equal("session %d's view of %s" % (session.number, box),
                     [(e.uid, {f for f in e.flags if f[0] == "\\"})
                      for e in session.view], in_sql)
    there = {uid for uid, _ in in_sql}
    wanted = {uid for (name, uid), number in keepers.added.items()
              if name == box and number % 3 == 0 and
              (box, uid) not in keepers.moved}
    report.equal("nothing is lost from " + box, wanted - there, set())
    report.equal("what was moved is gone from " + box,
                 {uid for name, uid in keepers.moved if name == box} & there,
                 set())
    if setup.view:
        setup.ask("FETCH 1:* (UID BODY.PEEK[])")
    wrong = [e.uid for n, e in enumerate(setup.view, 1)
             if keepers.added.get((box, e.uid)) != setup.fetched.get(n)]
    report.equal("each UID is its own message in " + box, wrong, [])


def main():
    report.note("seed %d" % SEED)
    one_after_the_other()
    all_at_once()
    t.check_store(report)
    report.end()


main()
