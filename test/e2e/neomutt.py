#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""neomutt (or mutt): sends with a copy to an IMAP folder, and reads, flags, copies
and deletes over IMAP, its keys pushed."""

import mailbox
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
import terminal  # noqa: E402

CONFIG = """
set hostname = "client.example.org"
set imap_poll_timeout = 240
set imap_user = "mutt"
set imap_pass = "secret"
set folder = "imap://localhost:%(port)s/"
set spoolfile = "+INBOX"
set record = "+Sent"
set postponed = "+Drafts"
set sendmail = "%(folder)s/sendmail"
set editor = "%(folder)s/editor"
set mime_forward = yes
set autoedit = no
set abort_unmodified = no
set abort_nosubject = no
set from = "mutt@example.com"
set realname = "Mütt"
set charset = "utf-8"
set ssl_starttls = yes
set ssl_force_tls = yes
set certificate_file = "%(ca)s"
set ssl_verify_host = yes
set header_cache = ""
set message_cachedir = ""
set mbox_type = mbox
set confirmappend = no
set confirmcreate = no
set delete = yes
set quit = yes
set copy = yes
set mail_check = 0
set wait_key = no
set beep = no
"""


class Mutt:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.config = os.path.join(folder, "muttrc")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG % {"port": t.setting("IMAP_PORT"),
                                 "ca": t.setting("CA"), "folder": folder})
        self.script("sendmail", "cat >%s/sent" % folder)
        self.script("editor", "echo von mutt >>\"$1\"")

    def script(self, name, command):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n%s\n" % command)
        os.chmod(path, 0o755)

    def keys(self, keys, mailbox_name="+INBOX"):
        """Pushes keys, and waits for the program to end by itself."""
        return terminal.Terminal(
            self.program, "-n", "-F", self.config, "-f", mailbox_name,
            "-e", "push '%s'" % keys, env={"HOME": self.folder}).end()


def check_send(report, mutt, client):
    attachment = os.path.join(mutt.folder, "bytes.bin")
    with open(attachment, "wb") as file:
        file.write(bytes(range(256)) * 8)
    status, screen = mutt.keys(
        "<mail>ada@example.org<enter>Grüße<enter><attach-file>%s<enter>"
        "<send-message><quit>" % attachment)
    report.equal("sending ends well", status, 0)
    copies = [data for _, data in client.messages("Sent")]
    if not report.equal("a copy is in Sent", len(copies), 1):
        report.note(repr(screen[-2000:]))
        return
    sent = t.read(os.path.join(mutt.folder, "sent"))
    body = sent.partition(b"\n\n")[2].replace(b"\n", b"\r\n")
    report.equal("with the body that was sent",
                 copies[0].partition(b"\r\n\r\n")[2], body)
    client.select("Sent", readonly=True)
    flags = client.fetch("1", "(FLAGS)")[1][0]
    report.case("marked as seen", b"\\Seen" in flags, flags)


def check_copy(report, mutt):
    box = os.path.join(mutt.folder, "copies")
    status, screen = mutt.keys("<tag-pattern>~A<enter><tag-prefix>"
                               "<copy-message>%s<enter><quit>" % box)
    report.equal("copying to a file ends well", status, 0)
    if not report.case("the file is there", os.path.exists(box),
                       screen[-2000:]):
        return
    got = {message["Subject"]: message.get_payload()
           for message in mailbox.mbox(box)}
    wanted = {"mutt %d" % n: "body %d\n" % n for n in range(1, 11)}
    report.equal("ten messages as they are", got, wanted)


def check_change(report, mutt, client):
    status, screen = mutt.keys("1<enter><delete-message>"
                               "2<enter><flag-message>"
                               "<sync-mailbox><quit>")
    report.equal("deleting and flagging ends well", status, 0)
    client.select("INBOX", readonly=True)
    report.equal("nine are left", len(client.search(None, "ALL")[1][0].split()),
                 9) or report.note(repr(screen[-2000:]))
    report.equal("one is flagged",
                 len(client.search(None, "FLAGGED")[1][0].split()), 1)
    status, screen = mutt.keys("<save-message>+Archive<enter><quit>")
    report.equal("saving to a folder ends well", status, 0)
    report.equal("it is there", len(list(client.messages("Archive"))), 1) or \
        report.note(repr(screen[-2000:]))


def main():
    program = shutil.which("neomutt") or shutil.which("mutt")
    if not program:
        t.skip("neither neomutt nor mutt is installed")
    report = t.Report()
    t.add_user("mutt")
    lmtp = t.Lmtp()
    for number in range(1, 11):
        lmtp.deliver([t.address("mutt")], (
            "From: Ada <ada@example.org>\r\nTo: mutt@example.com\r\n"
            "Date: Tue, 3 Feb 2026 09:15:%02d +0100\r\n"
            "Message-ID: <mutt.%d@example.org>\r\n"
            "Subject: mutt %d\r\n\r\nbody %d\r\n" % (
                number, number, number, number)).encode())
    lmtp.quit()
    with tempfile.TemporaryDirectory() as folder:
        mutt = Mutt(program, folder)
        client = t.Imap("mutt")
        check_send(report, mutt, client)
        check_copy(report, mutt)
        check_change(report, mutt, client)
        client.logout()
    report.end()


main()
