#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mbsync (isync) keeps a Maildir and the store alike, in both directions."""

import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402

CONFIG = """
IMAPAccount store
Host localhost
Port %(port)s
User sync
Pass secret
AuthMechs LOGIN
SSLType STARTTLS
CertificateFile %(ca)s
Timeout 240

IMAPStore far
Account store

MaildirStore near
Path %(folder)s/mail/
Inbox %(folder)s/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
"""


class Sync:
    def __init__(self, folder):
        self.folder = folder
        self.config = os.path.join(folder, "mbsyncrc")
        os.mkdir(self.path(""))
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG % {"port": t.setting("IMAP_PORT"),
                                 "ca": t.setting("CA"), "folder": folder})

    def path(self, mailbox):
        return os.path.join(self.folder, "mail", mailbox)

    def run(self):
        t.run("mbsync", "-c", self.config, "all",
              env=dict(os.environ, HOME=self.folder))

    def files(self, mailbox):
        found = []
        for place in ("cur", "new"):
            folder = os.path.join(self.path(mailbox), place)
            if os.path.isdir(folder):
                found += [os.path.join(folder, name)
                          for name in os.listdir(folder)]
        return sorted(found)

    def file_of(self, mailbox, mark):
        return [path for path in self.files(mailbox) if mark in t.read(path)][0]


def as_maildir(message):
    """mbsync writes files with LF, and adds a header field of its own."""
    return message.replace(b"\r\n", b"\n")


def without_uid(data):
    lines = data.split(b"\n")
    return b"\n".join(line for line in lines
                      if not line.startswith(b"X-TUID:"))


def message(number):
    return (b"From: Ada <ada@example.org>\r\nSubject: sync %d\r\n"
            b"Message-ID: <sync.%d@example.org>\r\n\r\nmark-%d-mark\r\n" % (
                number, number, number))


def subjects(client, mailbox):
    """{subject: flags} as the store has it."""
    client.select(mailbox, readonly=True)
    found = {}
    rows = client.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    for row in rows:
        if isinstance(row, tuple):
            flags = row[0].split(b"FLAGS (")[1].split(b")")[0].split()
            found[row[1].strip()] = {flag.decode() for flag in flags}
    return found


def pull(report, sync):
    lmtp = t.Lmtp()
    for number in range(1, 21):
        lmtp.deliver([t.address("sync")], message(number))
    lmtp.quit()
    sync.run()
    got = sorted(without_uid(t.read(path)) for path in sync.files("INBOX"))
    report.equal("20 messages come down as they are", got,
                 sorted(as_maildir(t.expected(message(number)))
                        for number in range(1, 21)))


def push(report, sync, client):
    os.rename(sync.file_of("INBOX", b"mark-1-mark"),
              os.path.join(sync.path("INBOX"), "cur", "1.local,U=1:2,FS"))
    os.remove(sync.file_of("INBOX", b"mark-2-mark"))
    new = message(21)
    with open(os.path.join(sync.path("INBOX"), "cur", "21.local:2,S"),
              "wb") as file:
        file.write(as_maildir(new))
    sync.run()
    there = subjects(client, "INBOX")
    report.case("a flag set below is set above",
                {"\\Flagged", "\\Seen"} <= there[b"Subject: sync 1"],
                there[b"Subject: sync 1"])
    report.case("a message removed below is gone above",
                b"Subject: sync 2" not in there)
    report.case("a message put below is there above, seen",
                "\\Seen" in there.get(b"Subject: sync 21", ()))


def change_above(report, sync, client):
    client.select("INBOX")
    client.store("3", "+FLAGS", r"\Answered")
    client.store("4", "+FLAGS", r"\Deleted")
    gone = client.fetch("4", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]")[1][0][1]
    client.expunge()
    client.create("Above")
    client.append_bytes("Above", message(30))
    sync.run()
    report.case("an answered message is answered below", any(
        "R" in path.rpartition(":2,")[2] for path in sync.files("INBOX")))
    left = b"".join(t.read(path) for path in sync.files("INBOX"))
    report.case("an expunged message is gone below",
                b"\n" + gone.strip() + b"\n" not in left)
    report.equal("a new folder above is there below",
                 len(sync.files("Above")), 1)


def change_below(report, sync, client):
    for place in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(sync.path("Below"), place))
    with open(os.path.join(sync.path("Below"), "cur", "1.local:2,D"),
              "wb") as file:
        file.write(as_maildir(message(40)))
    sync.run()
    there = subjects(client, "Below")
    report.case("a new folder below is there above",
                "\\Draft" in there.get(b"Subject: sync 40", ()), there)
    before = [sync.files(name) for name in ("INBOX", "Above", "Below")]
    sync.run()
    report.case("syncing again changes nothing", before == [
        sync.files(name) for name in ("INBOX", "Above", "Below")])


def main():
    if not shutil.which("mbsync"):
        t.skip("mbsync is not installed (package isync)")
    report = t.Report()
    t.add_user("sync")
    with tempfile.TemporaryDirectory() as folder:
        sync = Sync(folder)
        client = t.Imap("sync")
        pull(report, sync)
        push(report, sync, client)
        change_above(report, sync, client)
        change_below(report, sync, client)
        client.logout()
    report.end()


main()
