#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each right alone against each command: the table of RFC 4314 section 4."""

import imaplib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
MESSAGE = b"Subject: x\r\n\r\nx\r\n"
BOX = "#Users/r-owner/Box"

# Command, and the rights of which one lets it through.  Those of a selected
# mailbox are given r besides.
UNSELECTED = [
    (("STATUS", BOX, "(MESSAGES)"), "r"),
    (("EXAMINE", BOX), "r"),
    (("APPEND",), "i"),
    (("GETACL", BOX), "a"),
    (("LISTRIGHTS", BOX, "r-guest"), "a"),
    (("SETACL", BOX, "r-third", "p"), "a"),
    (("DELETEACL", BOX, "r-third"), "a"),
    (("MYRIGHTS", BOX), "lrikxa"),
    (("CREATE", BOX + "/Below"), "k"),
    (("SUBSCRIBE", BOX), "lrswipkxtea"),
    (("UNSUBSCRIBE", BOX), "lrswipkxtea"),
    (("GETMETADATA", BOX, "/shared/comment"), ""),
    (("DELETE", BOX), "x"),
]
SELECTED = [
    (("STORE", "1", "+FLAGS", r"(\Seen)"), "s"),
    (("STORE", "1", "+FLAGS", r"(\Flagged)"), "w"),
    (("STORE", "1", "+FLAGS", "(word)"), "w"),
    (("STORE", "1", "+FLAGS", r"(\Deleted)"), "t"),
    (("STORE", "1", "+FLAGS", r"(\Seen \Deleted)"), "st"),
    (("EXPUNGE",), "e"),
    (("FETCH", "1", "(BODY[])"), "lrswipkxtea"),
    (("COPY", "1", "INBOX"), "lrswipkxtea"),
    (("MOVE", "1", "INBOX"), ""),
    (("CLOSE",), "lrswipkxtea"),
]


def connect(user):
    connection = imaplib.IMAP4(t.setting("HOST"), t.port("IMAP"))
    connection.login(user, "secret")
    return connection


def send(connection, command):
    """OK or NO."""
    # Or imaplib takes it for an error.
    connection.untagged_responses.pop("READ-ONLY", None)
    if command[0] == "APPEND":
        return connection.append(BOX, None, None, MESSAGE)[0]
    for name in ("GETACL", "LISTRIGHTS", "SETACL", "DELETEACL", "MYRIGHTS",
                 "MOVE", "GETMETADATA"):
        imaplib.Commands.setdefault(name, ("AUTH", "SELECTED"))
    tag = connection._command(*command)
    return connection._command_complete(command[0], tag)[0]


def prepare(owner, rights):
    owner.delete("Box/Below")
    owner.delete("Box")
    owner.create("Box")
    owner.append("Box", None, None, MESSAGE)
    owner.setacl("Box", "r-guest", rights)


def main():
    for name in ("r-owner", "r-guest", "r-third"):
        t.add_user(name)
    owner = connect("r-owner")
    for right in "lrswipkxtea":
        wrong = []
        guest = connect("r-guest")
        for command, letters in UNSELECTED:
            prepare(owner, right)
            wanted = "OK" if right in letters else "NO"
            if send(guest, command) != wanted:
                wrong.append("%s: not %s" % (" ".join(command), wanted))
            elif command[0] == "EXAMINE" and wanted == "OK":
                guest.state = "SELECTED"
                send(guest, ("UNSELECT",))
                guest.state = "AUTH"
        for command, letters in SELECTED:
            prepare(owner, "r" + right)
            send(guest, ("SELECT", BOX))
            guest.state = "SELECTED"
            wanted = "OK" if right in letters else "NO"
            if send(guest, command) != wanted:
                wrong.append("%s: not %s" % (" ".join(command), wanted))
            if command[0] != "CLOSE":
                send(guest, ("UNSELECT",))
            guest.state = "AUTH"
        guest.logout()
        report.case(right, not wrong, "; ".join(wrong))
    owner.logout()
    report.end()


main()
