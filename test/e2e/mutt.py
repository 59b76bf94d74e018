#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mutt and neomutt, with and without a header cache, CONDSTORE and QRESYNC: they
read, search, sort, thread, flag, move and delete, and see what others changed."""

import mailbox
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
import imaprelay  # noqa: E402
import terminal  # noqa: E402

CONFIG = """
set hostname = "client.example.org"
set imap_poll_timeout = 240
set imap_user = "%(user)s"
set imap_pass = "secret"
set folder = "imap://127.0.0.1:%(port)s/"
set spoolfile = "+INBOX"
set imap_check_subscribed = no
set ssl_starttls = no
set ssl_force_tls = no
set imap_idle = yes
set message_cachedir = ""
set mbox_type = mbox
set mark_old = no
set confirmappend = no
set confirmcreate = no
set delete = yes
set quit = yes
set copy = yes
set move = no
set mail_check = 0
set sleep_time = 0
set wait_key = no
set beep = no
"""

CACHED = """
set header_cache = "%(folder)s/cache"
set imap_condstore = yes
set imap_qresync = yes
"""

# (subject, day of February, references)
MESSAGES = (
    ("Zebra", 10, ""),
    ("apple", 9, ""),
    ("Re: Zebra", 12, "1"),
    ("mango", 8, ""),
    ("Re: Zebra", 11, "1 3"),
    ("Re: apple", 13, "2"),
)


def message(number):
    subject, day, references = MESSAGES[number - 1]
    head = ("From: Ada %d <ada@example.org>\r\nTo: you@example.com\r\n"
            "Date: %d Feb 2026 09:15:00 +0100\r\nSubject: %s\r\n"
            "Message-ID: <m.%d@example.org>\r\n" % (
                number, day, subject, number))
    if references:
        head += "References: %s\r\n" % " ".join(
            "<m.%s@example.org>" % one for one in references.split())
    return ("%s\r\nbody of %d%s\r\n" % (
        head, number, ", a needle" if number == 4 else "")).encode()


class Mutt:
    def __init__(self, report, program, user, folder, config):
        self.report = report
        self.program = program
        self.folder = folder
        self.relay = imaprelay.Relay()
        self.config = os.path.join(folder, "muttrc")
        self.count = 0
        with open(self.config, "w", encoding="utf-8") as file:
            file.write((CONFIG + config) % {
                "user": user, "port": self.relay.port, "folder": folder})

    def keys(self, what, keys, settings="", box="+INBOX"):
        status, screen = terminal.Terminal(
            self.program, "-n", "-F", self.config, "-f", box,
            "-e", settings or "set sort=mailbox-order",
            "-e", "push '%s<quit>'" % keys, env={"HOME": self.folder}).end()
        self.report.equal("%s ends well" % what, status, 0) or \
            self.report.note(repr(screen[-2000:]))

    def show(self, what, pattern, settings="", box="+INBOX"):
        """The numbers of the messages, in the order they are shown in."""
        self.count += 1
        path = os.path.join(self.folder, "shown%d" % self.count)
        self.keys(what, "<tag-pattern>%s<enter><tag-prefix-cond>"
                  "<copy-message>%s<enter><end-cond>" % (pattern, path), settings, box)
        if not os.path.exists(path):
            return []
        return [int(one["Message-ID"].split(".")[1].split("@")[0])
                for one in mailbox.mbox(path)]


def check_read(report, mutt, client):
    out = os.path.join(mutt.folder, "piped")
    mutt.keys("reading", "<jump>3<enter><display-message>"
              "<pipe-message>cat >%s<enter><exit>" % out)
    if report.case("a message is read", os.path.exists(out)):
        report.equal("as it is", t.read(out).partition(b"Date:")[2],
                     message(3).replace(b"\r\n", b"\n").partition(b"Date:")[2])
    client.select("INBOX", readonly=True)
    report.equal("and seen after that, alone",
                 client.search(None, "SEEN")[1], [b"3"])


def check_shown(report, mutt):
    for what, pattern, settings, wanted in (
            ("all by arrival", "~A", "", [1, 2, 3, 4, 5, 6]),
            ("by date", "~A", "set sort=date-sent", [4, 2, 1, 5, 3, 6]),
            ("by date reversed", "~A", "set sort=reverse-date-sent",
             [6, 3, 5, 1, 2, 4]),
            ("by sender reversed", "~A", "set sort=reverse-from",
             [6, 5, 4, 3, 2, 1]),
            ("by thread", "~A", "set sort=threads sort_aux=date-sent",
             [4, 2, 6, 1, 3, 5]),
            ("a subject searched here", "~s zebra", "", [1, 3, 5]),
            ("a body searched here", "~b needle", "", [4]),
            ("a body searched by the server", "=b needle", "", [4]),
            ("a header searched by the server", "=h \"Subject: apple\"", "",
             [2, 6]),
            ("a whole message searched by the server", "=B m.5@example", "", [5]),
            ("what is not found by the server", "!=b needle", "",
             [1, 2, 3, 5, 6])):
        report.equal(what, mutt.show(what, pattern, settings), wanted)


def check_change(report, mutt, client):
    mutt.keys("flagging", "<jump>1<enter><set-flag>!<jump>2<enter><set-flag>r"
              "<jump>3<enter><set-flag>*<sync-mailbox>")
    client.select("INBOX", readonly=True)
    for key, wanted in (("FLAGGED", b"1"), ("ANSWERED", b"2")):
        report.equal("%s is set on one" % key,
                     client.search(None, key)[1], [wanted])
    mutt.keys("taking a flag away", "<jump>1<enter><clear-flag>!"
              "<sync-mailbox>")
    client.select("INBOX", readonly=True)
    report.equal("FLAGGED is on none", client.search(None, "FLAGGED")[1],
                 [b""])
    mutt.keys("moving a thread", "<jump>2<enter><tag-thread><tag-prefix>"
              "<save-message>+Moved<enter><sync-mailbox>",
              "set sort=threads")
    report.equal("what was moved is there",
                 mutt.show("the other folder", "~A", box="+Moved"), [2, 6])
    report.equal("and no longer here", mutt.show("this folder", "~A"),
                 [1, 3, 4, 5])
    mutt.keys("deleting and undoing", "<delete-pattern>~A<enter>"
              "<undelete-pattern>~A<enter><delete-pattern>~s mango<enter>"
              "<sync-mailbox>")
    report.equal("only what was left deleted is gone",
                 mutt.show("the rest", "~A"), [1, 3, 5])


def check_others(report, mutt, client):
    """What others do between two looks, and during one."""
    client.select("INBOX")
    client.store("2", "+FLAGS", r"\Flagged")
    client.store("3", "+FLAGS", r"\Deleted")
    client.expunge()
    client.append_bytes("INBOX", message(4))
    report.equal("what others flagged", mutt.show("flagged", "~F"), [3])
    report.equal("what others put in and took away",
                 mutt.show("others", "~A"), [1, 3, 4])
    client.store("2", "-FLAGS", r"\Flagged")
    report.equal("a flag others took away", mutt.show("flagged", "~F"), [])


def check_folders(report, mutt, client):
    if mutt.program == "mutt":  # neomutt's list is not driven this way
        mutt.keys("making a folder", "<change-folder>?<create-mailbox>"
                  "Neu/Grün<enter><exit>")
        names = b" ".join(row for row in client.list()[1] if row)
        report.case("a folder is made", b"Neu/Gr&APw-n" in names, names)
    mutt.keys("copying into it", "<jump>1<enter><copy-message>"
              "+Neu/Grün<enter>")
    report.equal("and used", mutt.show("the new one", "~A", box="+Neu/Grün"),
                 [1])


def check_program(report, program, name, config):
    user = t.add_user("%s-%s" % (program, name))
    report.note("%s, %s" % (program, name))
    lmtp = t.Lmtp()
    for number in range(1, len(MESSAGES) + 1):
        lmtp.deliver([t.address(user)], message(number))
    lmtp.quit()
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "cache"))
        mutt = Mutt(report, program, user, folder, config)
        client = t.Imap(user)
        check_read(report, mutt, client)
        check_shown(report, mutt)
        check_change(report, mutt, client)
        check_others(report, mutt, client)
        check_folders(report, mutt, client)
        client.logout()
        # It looks whether a folder is there before it makes it.
        mutt.relay.end(report, ("STATUS .* NO .NONEXISTENT.",
                                "COPY .* NO .TRYCREATE."))


def main():
    programs = [name for name in ("mutt", "neomutt") if shutil.which(name)]
    if not programs:
        t.skip("neither mutt nor neomutt is installed")
    report = t.Report()
    for program in programs:
        check_program(report, program, "plain", "")
        check_program(report, program, "cached", CACHED)
    t.check_logs(report)
    report.end()


main()
