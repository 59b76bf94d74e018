#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user may not look up answers as what is not there (RFC 4314 section 6).

Every command that takes a mailbox's name gets one that is hidden and one that
does not exist; nothing in the answers may tell them apart.  The same for users.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
LITERAL = "{17+}\r\nSubject: x\r\n\r\nx\r\n"

# @ is the mailbox, % its name in a URL.
COMMANDS = """
SELECT @
EXAMINE @
SELECT @ (CONDSTORE)
STATUS @ (MESSAGES UIDNEXT UNSEEN HIGHESTMODSEQ SIZE MAILBOXID APPENDLIMIT)
STATUS @ (APPENDLIMIT)
SELECT mine
APPEND @ !
APPEND mine CATENATE (URL "/%/;UID=1")
APPEND mine CATENATE (URL "/%;UIDVALIDITY=1/;UID=1/;SECTION=TEXT")
COPY 1 @
UID COPY 7777 @
MOVE 1 @
UID MOVE 7777 @
REPLACE 1 @ !
CREATE @
CREATE @/
CREATE @/new/deep
CREATE @ (USE (\\Drafts))
DELETE @
RENAME @ mine2
RENAME mine @
RENAME @ @2
SUBSCRIBE @
LSUB "" *
LIST (SUBSCRIBED) "" * RETURN (CHILDREN STATUS (MESSAGES) MYRIGHTS)
UNSUBSCRIBE @
LIST "" @ RETURN (CHILDREN SUBSCRIBED STATUS (MESSAGES) MYRIGHTS)
LIST "" (@ @/*) RETURN (CHILDREN METADATA (/shared/comment))
LIST "@/" *
GETACL @
SETACL @ h-guest lr
SETACL @ h-nobody lr
DELETEACL @ h-guest
LISTRIGHTS @ h-guest
MYRIGHTS @
GETQUOTAROOT @
GETMETADATA @ (/shared/comment)
GETMETADATA (MAXSIZE 1 DEPTH infinity) @ (/shared)
SETMETADATA @ (/shared/comment "x")
SETMETADATA @ (/private/comment "x")
ESEARCH IN (mailboxes @) ALL
ESEARCH IN (subtree @) RETURN (COUNT) ALL
ESEARCH IN (mailboxes (@ mine)) RETURN (COUNT) ALL
NOTIFY SET STATUS (mailboxes @ (MessageNew MessageExpunge))
NOTIFY SET STATUS (subtree @ (MessageNew MessageExpunge MailboxName))
NOTIFY NONE
""".strip().split("\n")


class Client(t.Lines):
    def __init__(self, user):
        super().__init__(t.setting("HOST"), t.port("IMAP"))
        self.line()
        self.ask("LOGIN %s secret" % user)

    def ask(self, command):
        self.send(b"a " + command.encode() + b"\r\n")
        lines = [self.line()]
        while not lines[-1].startswith(b"a "):
            lines.append(self.line())
        return lines


def answers(name):
    """What the guest hears, with the name taken out of it."""
    client = Client("h-guest")
    heard = []
    for command in COMMANDS:
        client.ask("CREATE mine")
        lines = client.ask(
            command.replace("%", name.replace("#", "%23")).replace(
                "@", name).replace("!", LITERAL))
        text = b"\n".join(lines).decode()
        for form in (name, name.replace("#", "%23")):
            text = text.replace(form, "@")
        # Times, and where in the line something is wrong.
        text = re.sub(r"column \d+|UIDVALIDITY \d+|MODSEQ \d+|\(F\d+\)", "N",
                      text)
        heard.append(text)
    client.close()
    return heard


def same(what, hidden, missing):
    wrong = ["%s: %r, %r" % (command, one, other) for command, one, other
             in zip(COMMANDS, answers(hidden), answers(missing))
             if one != other]
    report.case(what, not wrong, "\n".join(wrong))


def main():
    for name in ("h-owner", "h-guest", "h-third"):
        t.add_user(name)
    owner, guest = Client("h-owner"), Client("h-guest")
    for box in ("Secret", "Secret/Child", "Shared"):
        owner.ask("CREATE " + box)
        owner.ask("APPEND %s %s" % (box, LITERAL))
        owner.ask('SETMETADATA %s (/shared/comment "secret")' % box)
    owner.ask("SETACL Shared h-guest lrk")
    guest.ask("APPEND mine " + LITERAL)
    # That the mailboxes are found at all where they are not hidden.
    report.case("what is shared is seen", guest.ask(
        "STATUS #Users/h-owner/Shared (MESSAGES)")[0] ==
        b"* STATUS #Users/h-owner/Shared (MESSAGES 1)")
    users = "#Users/h-owner/"
    same("a mailbox", users + "Secret", users + "Nothing")
    same("a child", users + "Secret/Child", users + "Nothing/Child")
    same("the INBOX of a user", users + "INBOX", "#Users/h-nobody/INBOX")
    same("a user", "#Users/h-third/x", "#Users/h-nobody/x")
    same("a user's name", "#Users/h-third", "#Users/h-nobody")
    report.end()


main()
