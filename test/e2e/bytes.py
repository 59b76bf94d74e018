#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every message comes out byte for byte: LMTP (DATA and BDAT) and IMAP APPEND
in, IMAP BODY[], POP3 RETR and dbmail-export out."""

import hashlib
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402


def digest(data):
    return hashlib.sha256(data).hexdigest()


def as_lines(message):
    """What a POP3 client has of a message: RFC 1939 ends every response with
    a line, so a message that does not end with CRLF has one more."""
    if message and not message.endswith(b"\r\n"):
        return message + b"\r\n"
    return message


def compare(report, what, messages, got, form=lambda message: message):
    """One case per hundred messages, and one per message that differs."""
    wrong = 0
    for (name, wanted), found in zip(messages, got):
        if found != form(wanted):
            wrong += 1
            report.equal("%s: %s" % (what, name), found, form(wanted))
    report.case("%s: %d messages unchanged" % (what, len(messages)), not wrong)


def deliver_all(report, user, how, messages):
    t.add_user(user)
    client = t.Lmtp()
    stored = []
    for number, (name, message) in enumerate(messages):
        # Some messages are there twice; a second delivery from the same
        # sender to the same user is taken for a retry and not stored.
        sender = "sender-%d@example.org" % number
        reply = client.deliver([t.address(user)], message, how, sender)[0]
        if report_refusal(report, "LMTP %s: %s" % (how, name), reply):
            stored.append((name, t.expected(message, how, sender)))
    client.quit()
    return stored


def report_refusal(report, what, reply):
    if reply[0] != 250:
        report.case(what + " is taken", False, reply)
    return reply[0] == 250


def append_all(report, user, messages):
    """A literal of no bytes is no message (RFC 3501: a message has a header),
    so the empty one may be refused; nothing else may."""
    t.add_user(user)
    client = t.Imap(user)
    stored = []
    for name, message in messages:
        status, answer = client.append_bytes("INBOX", message)
        if status == "OK":
            stored.append((name, message))
        elif message:
            report.case("APPEND: %s is taken" % name, False, answer)
    client.logout()
    return stored


def check_imap(report, what, user, stored):
    client = t.Imap(user)
    got = [data or b"" for _, data in client.messages()]
    report.equal(what + " -> IMAP: number", len(got), len(stored))
    compare(report, what + " -> IMAP BODY[]", stored, got)
    sizes = [int(size) for size in imap_sizes(client)]
    report.case(what + " -> IMAP: RFC822.SIZE is exact",
                sizes == [len(message) for _, message in stored])
    client.logout()


def imap_sizes(client):
    client.select("INBOX", readonly=True)
    for row in client.fetch("1:*", "(RFC822.SIZE)")[1]:
        yield row.split(b"RFC822.SIZE ")[1].rstrip(b")")


def check_pop3(report, what, user, stored):
    client = t.Pop3(user)
    sizes = client.sizes()
    report.equal(what + " -> POP3: number", len(sizes), len(stored))
    report.case(what + " -> POP3: LIST is exact",
                sizes == [len(message) for _, message in stored])
    compare(report, what + " -> POP3 RETR", stored, client.messages(),
            as_lines)
    client.quit()


def check_export(report, what, user, stored):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        t.run("dbmail-export", "-u", user, "-m", "INBOX", "-F", "eml",
              "-b", out)
        got = sorted(digest(t.read(path)) for path in t.files_under(out))
    wanted = sorted(digest(message) for _, message in stored)
    missing = len(set(wanted) - set(got))
    report.case(what + " -> dbmail-export: %d messages unchanged" % len(stored),
                got == wanted, "%d files, %d messages missing or changed" % (
                    len(got), missing))


def check_out(report, what, user, stored):
    for name, check in (("IMAP", check_imap), ("POP3", check_pop3),
                        ("dbmail-export", check_export)):
        timed(report, "%s -> %s" % (what, name), check, report, what, user,
              stored)


def check_store(report):
    try:
        t.run("dbmail-util", "check")
        report.case("dbmail-util check finds nothing", True)
    except RuntimeError as error:
        report.case("dbmail-util check finds nothing", False, error)


def timed(report, what, function, *arguments):
    started = time.monotonic()
    result = function(*arguments)
    report.note("%s: %.1f s" % (what, time.monotonic() - started))
    return result


def main():
    report = t.Report()
    messages = list(t.all_messages(report))
    report.note("%d messages, %d bytes" % (
        len(messages), sum(len(message) for _, message in messages)))
    for how in ("data", "bdat"):
        stored = timed(report, "LMTP " + how.upper(), deliver_all, report, how,
                       how, messages)
        check_out(report, "LMTP " + how.upper(), how, stored)
    stored = timed(report, "APPEND", append_all, report, "append", messages)
    check_out(report, "APPEND", "append", stored)
    check_store(report)
    report.end()


main()
