# SPDX-License-Identifier: GPL-2.0-or-later
"""A Maildir and the store, and what tests of programs that keep the two alike do to
both."""

import os
import time

import dbmailtest as t

BATCH = 200
# What a program does that takes over a change.
WORK = {"APPEND", "UID STORE", "UID COPY", "UID MOVE", "UID EXPUNGE", "STORE",
        "COPY", "EXPUNGE", "CREATE", "DELETE"}


def message(number):
    return (b"From: Ada <ada%d@example.org>\r\nTo: sync@example.com\r\n"
            b"Date: Tue, 3 Feb 2026 09:15:%02d +0100\r\n"
            b"Subject: sync %d\r\nMessage-ID: <sync.%d@example.org>\r\n"
            b"\r\nnumber %d\r\n" % (number % 97, number % 60, number, number,
                                    number) + b"line of text\r\n" * 40)


class Near:
    """The Maildir, {Message-ID: (path, flags)}."""

    def __init__(self, folder):
        self.box = os.path.join(folder, "mail", "INBOX")
        for place in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.box, place))

    def add(self, number, flags=""):
        path = os.path.join(self.box, "cur",
                            "%d.near:2,%s" % (number, flags))
        with open(path, "wb") as file:
            file.write(message(number).replace(b"\r\n", b"\n"))

    def files(self):
        found = {}
        for place in ("cur", "new"):
            folder = os.path.join(self.box, place)
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                number = number_of(t.read(path)[:600])
                if number in found:
                    raise RuntimeError("%d is there twice" % number)
                found[number] = (path, name.rpartition(":2,")[2]
                                 if ":2," in name else "")
        return found

    def flags(self):
        return {number: "".join(sorted(set(flags) & set("FSRD")))
                for number, (_, flags) in self.files().items()}


def number_of(head):
    return int(head.partition(b"<sync.")[2].partition(b"@")[0])


LETTERS = {b"\\Flagged": "F", b"\\Seen": "S", b"\\Answered": "R",
           b"\\Draft": "D"}


class Far:
    """The store."""

    def __init__(self):
        self.client = t.Imap("sync")

    def add(self, numbers):
        numbers = list(numbers)
        for at in range(0, len(numbers), BATCH):
            self.client.sock.sendall(b"x APPEND INBOX" + b"".join(
                b" {%d+}\r\n" % len(message(n)) + message(n)
                for n in numbers[at:at + BATCH]) + b"\r\n")
            while True:
                line = self.client.readline()
                if line.startswith(b"x "):
                    break
            if not line.startswith(b"x OK"):
                raise RuntimeError("APPEND: %r" % line)

    def flags(self):
        self.client.select("INBOX", readonly=True)
        rows = self.client.fetch(
            "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
        found = {}
        for row in rows:
            if isinstance(row, tuple):
                flags = row[0].split(b"FLAGS (")[1].split(b")")[0].split()
                number = number_of(row[1])
                if number in found:
                    raise RuntimeError("%d is there twice" % number)
                found[number] = "".join(sorted(
                    LETTERS[flag] for flag in flags if flag in LETTERS))
        return found

    def change(self, numbers, flag):
        self.client.select("INBOX")
        for number in numbers:
            found = self.client.search(
                None, "HEADER", "Message-ID", "<sync.%d@" % number)[1][0]
            self.client.store(found.decode(), "+FLAGS.SILENT", flag)


def check_alike(report, what, near, far):
    below, above = near.flags(), far.flags()
    same = report.case("%s both sides have the same messages" % what,
                       set(below) == set(above),
                       "only below %r, only above %r" % (
                           sorted(set(below) - set(above))[:10],
                           sorted(set(above) - set(below))[:10]))
    if same:
        different = [(number, below[number], above[number])
                     for number in below if below[number] != above[number]]
        report.case("%s with the same flags" % what, not different,
                    repr(different[:10]))
    return below


def change(near, far, count):
    """Every kind of change on both sides; what is to be there then."""
    files = near.files()
    far.change(range(0, 20), r"(\Flagged \Seen)")
    far.change(range(20, 40), r"\Deleted")
    far.client.expunge()
    far.add(range(count, count + 50))
    for number in range(40, 60):
        path = files[number][0]
        os.rename(path, os.path.join(near.box, "cur", os.path.basename(
            path).partition(":2,")[0] + ":2,RS"))
    for number in range(60, 80):
        os.remove(files[number][0])
    for number in range(count + 50, count + 100):
        near.add(number, "F")
    wanted = {number: "" for number in range(count + 100)
              if not 20 <= number < 40 and not 60 <= number < 80}
    for number in wanted:
        if number < 20:
            wanted[number] = "FS"
        elif number < 60:
            wanted[number] = "RS"
        elif number >= count + 50:
            wanted[number] = "F"
    return wanted


def work(relay):
    """The commands since the last time that took over a change, {name: how
    many}."""
    done = {}
    for name, line in relay.take():
        if name in WORK or (name == "UID FETCH" and "BODY" in line):
            done[name] = done.get(name, 0) + 1
    return done


def check_idle(report, run, near, what):
    before = sorted(near.files().values())
    report.equal("%s there is nothing to do" % what, run(what), {})
    report.case("%s no file changes" % what,
                sorted(near.files().values()) == before)


def check_both_ways(report, run, near, far, count):
    """Run is called with what it is for, and gives work()."""
    # Odd and even, so that what is changed stands on either side.
    start = time.monotonic()
    far.add(range(0, count, 2))
    report.note("%d put above: %.1f s" % (count / 2, time.monotonic() - start))
    for number in range(1, count, 2):
        near.add(number)
    run("the first sync")
    flags = check_alike(report, "after it", near, far)
    report.equal("all of them", len(flags), count)
    check_idle(report, run, near, "the second time")
    wanted = change(near, far, count)
    run("changes on both sides")
    flags = check_alike(report, "after the changes", near, far)
    report.equal("all changes are there",
                 {number: flags.get(number) for number in wanted
                  if flags.get(number) != wanted[number]}, {})
    check_idle(report, run, near, "the fourth time")
