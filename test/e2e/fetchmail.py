#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fetchmail takes mail out over POP3 and over IMAP, each message once."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402

# The mail goes to a program that writes it to a file of its own.
CONFIG = """
set invisible
set no bouncemail
poll localhost protocol %(protocol)s service %(port)s %(server)s
    user "%(user)s" password "secret"
    options sslproto "TLS1.2+" sslcertck sslcertfile "%(ca)s"
    %(options)s no rewrite no mimedecode
    mda "cat > $(mktemp %(folder)s/mail.XXXXXX)"
"""


def fetch(folder, protocol, user, options, server=""):
    """fetchmail's status: 0 for some mail, 1 for none."""
    config = os.path.join(folder, "fetchmailrc")
    number = t.port("POP3" if protocol == "pop3" else "IMAP")
    with open(config, "w", encoding="ascii") as file:
        file.write(CONFIG % {"protocol": protocol, "port": number,
                             "user": user, "ca": t.setting("CA"),
                             "options": options, "folder": folder,
                             "server": server})
    os.chmod(config, 0o600)
    done = subprocess.run(
        ["fetchmail", "-f", config, "-i", os.path.join(folder, "ids"),
         "--pidfile", os.path.join(folder, "pid"), "--nosyslog", "-v",
         "--bad-header", "accept"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env=dict(os.environ, HOME=folder, FETCHMAILHOME=folder))
    return done.returncode, done.stdout.decode(errors="replace")


def fetched_files(folder):
    found = []
    for name in os.listdir(folder):
        if name.startswith("mail."):
            path = os.path.join(folder, name)
            found.append(t.read(path))
            os.remove(path)
    return found


def as_fetched(message):
    """fetchmail writes LF for an MDA and drops Return-Path, which it puts
    into the envelope."""
    return message.replace(b"\r\n", b"\n")


def messages():
    """Messages in which every line ends with CRLF: for the others fetchmail
    has line ends of its own."""
    for name, message in t.fixtures():
        bare = message.replace(b"\r\n", b"")
        if message.endswith(b"\r\n") and b"\n" not in bare and \
                b"\r" not in bare and b"\0" not in message and \
                message.startswith(b"From: ") and b"\r\n\r\n" in message:
            yield name, message


def check(report, protocol):
    user = "fetch" + protocol
    t.add_user(user)
    lmtp = t.Lmtp()
    sent = list(messages())
    for _, message in sent:
        lmtp.deliver([t.address(user)], message)
    lmtp.quit()
    with tempfile.TemporaryDirectory() as folder:
        by_uid = "uidl" if protocol == "pop3" else ""
        status, log = fetch(folder, protocol, user, "fetchall keep", by_uid)
        if not report.equal(protocol + ": fetchmail found mail", status, 0):
            report.note(log[-3000:])
        got = fetched_files(folder)
        report.equal(protocol + ": number", len(got), len(sent))
        check_bodies(report, protocol, sent, got)
        if protocol == "pop3":
            status, log = fetch(folder, protocol, user, "keep", by_uid)
            report.equal("pop3: nothing twice, by UIDL", status, 1)
        status, log = fetch(folder, protocol, user, "fetchall no keep")
        report.equal(protocol + ": fetched again to be removed", status, 0)
        report.equal(protocol + ": all of them again",
                     len(fetched_files(folder)), len(sent))
        status, log = fetch(folder, protocol, user, "fetchall no keep")
        report.equal(protocol + ": the mailbox is empty", status, 1)


def check_bodies(report, protocol, sent, got):
    """Bodies are compared: fetchmail has its own mind about header fields."""
    bodies = {data.partition(b"\n\n")[2] for data in got}
    for name, message in sent:
        body = as_fetched(message).partition(b"\n\n")[2]
        report.case("%s: %s" % (protocol, name), body in bodies)


def main():
    if not shutil.which("fetchmail"):
        t.skip("fetchmail is not installed")
    report = t.Report()
    check(report, "pop3")
    check(report, "imap")
    report.end()


main()
