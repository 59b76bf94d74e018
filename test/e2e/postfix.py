#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Postfix of our own (lib/postfix.py) hands mail to the store over LMTP."""

import os
import smtplib
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
from postfix import Postfix  # noqa: E402

def count(client, mailbox="INBOX"):
    return int(client.select('"%s"' % mailbox, readonly=True)[1][0])


def wait_for(client, number, mailbox="INBOX"):
    t.until(lambda: count(client, mailbox) >= number)
    return count(client, mailbox)


def clean_messages():
    """What SMTP can carry: lines that end with CRLF and are short, no NUL."""
    for name, message in t.all_messages():
        if message.endswith(b"\r\n") and b"\0" not in message and \
                b"\n" not in message.replace(b"\r\n", b"") and \
                b"\r" not in message.replace(b"\r\n", b"") and \
                len(message) < 200000 and \
                b"\r\n\r\n" in message and plain_header(message) and \
                max(map(len, message.split(b"\r\n"))) <= 990:
            yield name, message


def plain_header(message):
    """Postfix mends what is no header before it hands it on."""
    header = message.partition(b"\r\n\r\n")[0]
    lines = header.split(b"\r\n")
    return lines[0][:1] not in b" \t" and all(
        line[:1] in (b" ", b"\t") or (
            b":" in line and line.partition(b":")[0].replace(
                b"-", b"").isalnum())
        for line in lines) and header.isascii()


def send(server, messages, recipients):
    for _, message in messages:
        server.sendmail(t.SENDER, recipients, message, ["BODY=8BITMIME"])


def check_bytes(report, server):
    messages = list(clean_messages())[:300]
    send(server, messages, [t.address("pf")])
    client = t.Imap("pf")
    report.equal("all %d are delivered" % len(messages),
                 wait_for(client, len(messages)), len(messages))
    got = [data for _, data in client.messages()]
    wrong = [name for name, message in messages
             if not any(data.endswith(message) for data in got)]
    report.equal("each ends with the message as it was sent", wrong, [])
    report.case("each begins with the Return-Path and Postfix's Received", all(
        data.startswith(t.expected(b"Received: ", "bdat")) for data in got))
    client.logout()


def check_recipients(report, server):
    users = [t.add_user("pf%d" % n) for n in range(10)]
    message = (b"From: a@example.org\r\nSubject: to ten\r\n\r\n" +
               b"to ten\r\n" * 1000)
    send(server, [("", message)], [t.address(user) for user in users])
    for user in users:
        client = t.Imap(user)
        report.equal("delivered to " + user, wait_for(client, 1), 1)
        client.logout()
    rows = t.run("psql", t.setting("PGCONN"), "-AtXc",
                 "SELECT count(DISTINCT m.physmessage_id) FROM dbmail_messages"
                 " m JOIN dbmail_mailboxes b USING (mailbox_idnr) JOIN"
                 " dbmail_users u ON u.user_idnr = b.owner_idnr"
                 " WHERE u.userid ~ '^pf[0-9]$'")
    report.equal("ten recipients share one message", rows.strip(), b"1")


def check_unknown(report, server):
    code = server.docmd("MAIL", "FROM:<%s>" % t.SENDER)[0]
    code = server.docmd("RCPT", "TO:<%s>" % t.address("nobody-here"))[0]
    report.equal("an unknown user is refused in the SMTP session", code, 550)
    server.rset()


def check_outage(report, server, postfix):
    client = t.Imap("pf")
    before = count(client)
    t.run("store-daemon", "stop", "lmtpd")
    send(server, [("", b"Subject: later %d\r\n\r\nlater\r\n" % n)
                  for n in range(5)], [t.address("pf")])
    report.case("mail waits in the queue while lmtpd is down",
                postfix.queue() > 0)
    t.run("store-daemon", "start", "lmtpd")
    report.equal("and comes when it is up", wait_for(client, before + 5),
                 before + 5)
    report.equal("once", count(client), before + 5)
    client.logout()


def check_subaddress(report, server):
    client = t.Imap("pf")
    send(server, [("", b"Subject: detail\r\n\r\nx\r\n")],
         ["pf+Archive@" + t.setting("DOMAIN")])
    report.equal("user+folder goes to the folder",
                 wait_for(client, 1, mailbox="Archive"), 1)
    client.logout()


def main():
    report = t.Report()
    t.add_user("pf")
    with tempfile.TemporaryDirectory(
            prefix="postfix.", ignore_cleanup_errors=True) as folder:
        postfix = Postfix(folder)
        postfix.run("start")
        try:
            server = smtplib.SMTP("127.0.0.1", postfix.port,
                                  "client.example.org")
            server.ehlo("client.example.org")
            check_bytes(report, server)
            check_recipients(report, server)
            check_unknown(report, server)
            check_subaddress(report, server)
            check_outage(report, server, postfix)
            report.case("LMTP went over TLS",
                        "TLS connection established to" in postfix.log())
            server.quit()
        finally:
            if report.failed:
                report.note(postfix.log()[-3000:])
            postfix.end()
    report.end()


main()
