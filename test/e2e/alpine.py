#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Alpine in a terminal: it reads, sorts, threads, searches, flags, saves, deletes, keeps a
draft, and makes folders; each key waits for what stays on the screen after the one before.
(Status messages don't: whether one is seen depends on those before it.)"""

import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
import imaprelay  # noqa: E402
import terminal  # noqa: E402

# Alpine takes AUTH=PLAIN without TLS for an attack, and says so at length.
CONFIG = """
inbox-path={127.0.0.1:%(port)d/imap/user=alp/notls}INBOX
folder-collections=Mail {127.0.0.1:%(port)d/imap/user=alp/notls}[]
postponed-folder=Drafts
default-fcc=Sent
user-domain=example.com
personal-name=Alp
feature-list=disable-password-file-saving,quit-without-confirm,expunge-without-confirm,expunge-without-confirm-everywhere,enable-flag-cmd,enable-aggregate-command-set
disable-these-authenticators=PLAIN
last-time-prune-questioned=999.1
last-version-used=6.26
sort-key=arrival
status-message-delay=0
"""

# (subject, day of February, references)
MESSAGES = (
    ("Zebra", 10, ""),
    ("apple", 9, ""),
    ("Re: Zebra", 12, "1"),
    ("mango", 8, ""),
)


def message(number):
    subject, day, references = MESSAGES[number - 1]
    head = ("From: Ada <ada@example.org>\r\nTo: alp@example.com\r\n"
            "Date: %d Feb 2026 09:15:00 +0100\r\nSubject: %s\r\n"
            "Message-ID: <a.%d@example.org>\r\n" % (day, subject, number))
    if references:
        head += "References: <a.%s@example.org>\r\n" % references
    return ("%s\r\nbody of %d.\r\n" % (head, number)).encode()


# A line of the index: whether it is selected or flagged, its status, its number, and the
# subject behind date, sender, size and what draws a thread.
INDEX = re.compile(r"([X* ]) ([A-Z ]) +\d+ \w{3} +\d+ +Ada +\(\d+\) [ .\\|-]*(.*)")

# Seconds that a key may take.
STEP = 100


def index(screen):
    """(mark, status, subject) of each message that is shown."""
    return [row.groups() for row in map(INDEX.match, screen.lines()) if row]


def order(*subjects):
    return lambda screen: subjects == tuple(
        subject for _, _, subject in index(screen))


def marked(mark, *subjects):
    return lambda screen: subjects == tuple(
        subject for *marks, subject in index(screen) if mark in marks)


def listed(*names):
    return lambda screen: all(name + "[/]" in str(screen) for name in names)


def unlisted(name):
    return lambda screen: listed("INBOX")(screen) and not listed(name)(screen)


def field(name):
    """The cursor is in this one."""
    return lambda screen: screen.lines()[screen.row].startswith(name)


class Alpine:
    def __init__(self, report, relay):
        self.report = report
        self.folder = tempfile.mkdtemp()
        config = os.path.join(self.folder, "pinerc")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG % {"port": relay.port})
        self.terminal = terminal.Terminal(
            "alpine", "-p", config, "-i", env={"HOME": self.folder}, plain=True)
        self.type("logging in", (("", "ENTER PASSWORD"),
                                 ("secret\r", "Message 1 of 4")))

    def type(self, what, steps):
        """Each of (keys, what is on the screen then)."""
        try:
            for keys, seen in steps:
                self.terminal.send(keys.encode())
                self.terminal.see(seen, STEP)
                # Alpine flushes what is typed while it still draws.
                while self.terminal.read(0.2):
                    pass
        except (RuntimeError, EOFError) as error:
            self.report.case(what, False, "after %r %s" % (keys, error))
            # From here on its keys would mean something else.
            self.report.end()
        self.report.case(what, True)

    def jump(self, number):
        """Steps that go to a message."""
        return (("j", "Message number to jump to"),
                ("%d\r" % number, "Message %d of" % number))

    def sorted(self, what, key, *subjects):
        """By what, they are in this order, and the first can be read."""
        number = 1 + [row[0] for row in MESSAGES].index(subjects[0])
        self.type(what, (
            ("$", "Choose type of sort"), (key, order(*subjects)),
            *self.jump(1),
            (">", "body of %d." % number), ("<", "MESSAGE INDEX")))

    def end(self):
        self.terminal.send(b"q")
        status, _ = self.terminal.end()
        shutil.rmtree(self.folder)
        self.report.equal("it ends well", status, 0) or self.report.note(
            str(self.terminal.seen))


def check_keys(report, alpine):
    # Each order another one than before, so that its coming is seen.
    alpine.sorted("by date", "d", "mango", "apple", "Zebra", "Re: Zebra")
    alpine.sorted("by subject", "s", "apple", "mango", "Zebra", "Re: Zebra")
    alpine.sorted("by thread", "h", "mango", "apple", "Zebra", "Re: Zebra")
    alpine.sorted("by size", "z", "apple", "mango", "Zebra", "Re: Zebra")
    alpine.sorted("by ordered subject", "o",
                  "mango", "apple", "Zebra", "Re: Zebra")
    alpine.sorted("by arrival", "a", "Zebra", "apple", "Re: Zebra", "mango")
    unselect = ((";", "ALTER message selection"), ("a", marked("X")))
    alpine.type("a text is found", (
        (";", "SELECT criteria"), ("t", "Select based on"),
        ("a", "TEXT to match"), ("of 3\r", marked("X", "Re: Zebra")), *unselect))
    alpine.type("a subject is found", (
        (";", "SELECT criteria"), ("t", "Select based on"),
        ("s", "SUBJECT to match"),
        ("zebra\r", marked("X", "Zebra", "Re: Zebra")), *unselect))
    alpine.type("status is found", (
        (";", "SELECT criteria"), ("s", "Select New"),
        ("n", marked("X", "Re: Zebra")), *unselect))


def check_changes(report, alpine, client):
    def found(*keys, box="INBOX"):
        client.select(box, readonly=True)
        return client.uid("SEARCH", *keys)[1][0].decode()

    alpine.type("flagging", (
        *alpine.jump(1), ("*", "Flag New"), ("*", marked("*", "Zebra"))))
    report.equal("the flag is set", found("FLAGGED"), "1")
    alpine.type("saving to a new folder", (
        *alpine.jump(2),
        ("s", "SAVE Msg #2"), ("Moved\r", "Create?"), ("y", marked("D", "apple")),
        ("x", order("Zebra", "Re: Zebra", "mango"))))
    report.equal("it is there", found("ALL", box="Moved"), "1")
    report.equal("and no longer here", found("ALL"), "1 3 4")
    alpine.type("deleting and undeleting", (
        *alpine.jump(1), ("d", marked("D", "Zebra")),
        *alpine.jump(3), ("d", marked("D", "Zebra", "mango")),
        *alpine.jump(1), ("u", marked("D", "mango")),
        ("x", order("Zebra", "Re: Zebra"))))
    report.equal("one is gone", found("ALL"), "1 3")
    client.append_bytes("INBOX", message(2))
    alpine.type("new mail is seen", (
        ("\x0c", order("Zebra", "Re: Zebra", "apple")),))


def check_draft(report, alpine, client):
    alpine.type("a draft is put away", (
        ("c", field("To ")), ("ada@example.org\r", field("Cc ")),
        ("\r", field("Attchmnt")), ("\r", field("Subject")),
        ("Draft\r", "To Spell"), ("text", field("text")),
        ("\x0f", "MESSAGE INDEX")))
    report.equal("it is in Drafts", [b"Subject: Draft" in data for _, data in
                                     client.messages("Drafts")], [True])
    alpine.type("and taken up again", (
        ("c", "Continue postponed"), ("y", "To Spell"),
        ("\x0f", "MESSAGE INDEX")))
    report.equal("still there once", len(list(client.messages("Drafts"))), 1)


def check_folders(report, alpine, client):
    alpine.type("a folder is made and deleted", (
        ("l", listed("INBOX", "Moved")), ("a", "Folder name to add"),
        ("Made\r", listed("Made")), ("r", "Rename"),
        ("2\r", listed("Made2")), ("d", 'DELETE "Made2"'),
        ("y", unlisted("Made2")), ("i", "MESSAGE INDEX")))
    names = b" ".join(client.list()[1])
    report.case("and only that", b"Moved" in names and b"Made" not in names,
                names)


def main():
    if not shutil.which("alpine"):
        t.skip("alpine is not installed")
    report = t.Report()
    user = t.add_user("alp")
    lmtp = t.Lmtp()
    for number in range(1, len(MESSAGES) + 1):
        lmtp.deliver([t.address(user)], message(number))
    lmtp.quit()
    relay = imaprelay.Relay()
    client = t.Imap(user)
    alpine = Alpine(report, relay)
    check_keys(report, alpine)
    check_changes(report, alpine, client)
    check_draft(report, alpine, client)
    check_folders(report, alpine, client)
    alpine.end()
    client.logout()
    relay.end(report)
    t.check_logs(report)
    report.end()


main()
