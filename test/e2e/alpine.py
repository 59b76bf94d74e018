#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Alpine in a terminal: it reads, sorts, threads, searches, flags, saves, deletes, keeps a
draft, and makes folders; each key waits for the screen to say the one before is done."""

import os
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


# Seconds that a key may take.
STEP = 20


class Alpine:
    def __init__(self, report, relay):
        self.report = report
        self.folder = tempfile.mkdtemp()
        config = os.path.join(self.folder, "pinerc")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG % {"port": relay.port})
        self.terminal = terminal.Terminal(
            "alpine", "-p", config, "-i", env={"HOME": self.folder})
        self.type("logging in", (("", "ENTER PASSWORD"),
                                 ("secret\r", "opened with 4 messages")))

    def type(self, what, steps):
        """Each of (keys, what is drawn after them)."""
        try:
            for keys, text in steps:
                self.terminal.send(keys.encode())
                self.terminal.expect(text.encode(), STEP)
                # Alpine flushes what is typed while it still draws.
                while self.terminal.read(0.2):
                    pass
        except (RuntimeError, EOFError) as error:
            self.report.case(what, False, "%r: %s" % (text, error))
            # From here on its keys would mean something else.
            self.report.end()
        self.report.case(what, True)

    def first(self, what, sort, number):
        """Sorted that way, this message is the first."""
        self.type(what, (
            ("$", "Choose type of sort"), (sort, "Forward"),
            ("j", "Message number to jump to"), ("1\r", "Forward"),
            (">", "body of %d." % number), ("<", "MESSAGE INDEX")))

    def end(self):
        self.terminal.send(b"q")
        status, screen = self.terminal.end()
        shutil.rmtree(self.folder)
        self.report.equal("it ends well", status, 0) or self.report.note(
            repr(screen[-2000:]))


def check_keys(report, alpine):
    alpine.first("reading by date", "d", 4)
    alpine.first("by thread", "h", 4)
    alpine.first("by ordered subject", "o", 4)
    alpine.first("by subject", "s", 2)
    alpine.first("by size", "z", 2)
    alpine.first("by arrival", "a", 1)
    alpine.type("a text is found", (
        (";", "SELECT criteria"), ("t", "Select based on"),
        ("a", "TEXT to match"), ("of 3\r", "matched 1 message"),
        (";", "ALTER message selection"), ("a", "1 message UNselected")))
    alpine.type("a subject is found", (
        (";", "SELECT criteria"), ("t", "Select based on"),
        ("s", "SUBJECT to match"), ("zebra\r", "matched 2 messages"),
        (";", "ALTER message selection"), ("a", "2 messages UNselected")))
    alpine.type("status is found", (
        (";", "SELECT criteria"), ("s", "Select"), ("n", "matched 1 message"),
        (";", "ALTER message selection"), ("a", "UNselected")))


def check_changes(report, alpine, client):
    def found(*keys, box="INBOX"):
        client.select(box, readonly=True)
        return client.uid("SEARCH", *keys)[1][0].decode()

    alpine.type("flagging", (
        ("j", "Message number"), ("1\r", "Forward"),
        ("*", "Flag New"), ("*", 'Flagged message 1 "Important"')))
    report.equal("the flag is set", found("FLAGGED"), "1")
    alpine.type("saving to a new folder", (
        ("j", "Message number"), ("2\r", "Forward"),
        ("s", "SAVE Msg #2"), ("Moved\r", "Create?"), ("y", "Forward"),
        ("x", "1 message expunged")))
    report.equal("it is there", found("ALL", box="Moved"), "1")
    report.equal("and no longer here", found("ALL"), "1 3 4")
    alpine.type("deleting and undeleting", (
        ("j", "Message number"), ("1\r", "Forward"),
        ("d", "marked for deletion"), ("j", "Message number"),
        ("3\r", "Forward"), ("d", "marked for deletion"),
        ("j", "Message number"), ("1\r", "Forward"),
        ("u", "Deletion mark removed"), ("x", "1 message expunged")))
    report.equal("one is gone", found("ALL"), "1 3")
    client.append_bytes("INBOX", message(2))
    alpine.type("new mail is seen", (("\x0c", "Message 1 of 3"),))


def check_draft(report, alpine, client):
    alpine.type("a draft is put away", (
        ("c", "To AddrBk"), ("ada@example.org\r", "Cc  "),
        ("\r", "Attchmnt:"), ("\r", "Subject :"),
        ("Draft\r", "Message Text"), ("text", "text"),
        ("\x0f", "Forward")))
    report.equal("it is in Drafts", [b"Subject: Draft" in data for _, data in
                                     client.messages("Drafts")], [True])
    alpine.type("and taken up again", (
        ("c", "Continue postponed"), ("y", "To Spell"),
        ("\x0f", "Forward")))
    report.equal("still there once", len(list(client.messages("Drafts"))), 1)


def check_folders(report, alpine, client):
    alpine.type("a folder is made and deleted", (
        ("l", "FOLDER LIST"), ("a", "Folder name to add"),
        ("Made\r", '"Made" created'), ("r", "Rename"),
        ("2\r", 'renamed to "Made2"'), ("d", 'DELETE "Made2"'),
        ("y", "deleted"), ("i", "MESSAGE INDEX")))
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
