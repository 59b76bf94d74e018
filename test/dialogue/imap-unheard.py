#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What imapd does about a change that another process has made and told
nobody of yet: it decides by the database where that matters."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()

# As another process would, but without its notice.
UNSEE = """
WITH box AS (
	UPDATE dbmail_mailboxes SET seq = seq + 1, unseen = unseen + 1
	 WHERE owner_idnr = (SELECT user_idnr FROM dbmail_users
			      WHERE userid = 'unheard') AND name = 'INBOX'
	RETURNING mailbox_idnr, seq),
msg AS (
	UPDATE dbmail_messages m SET seen_flag = 0, seq = box.seq FROM box
	 WHERE m.mailbox_idnr = box.mailbox_idnr AND m.uid = 1)
INSERT INTO dbmail_changes (mailbox_idnr, seq, uid_first, uid_last, kind)
SELECT mailbox_idnr, seq, 1, 1, 1 FROM box"""


class Client(t.Lines):
    def __init__(self, user):
        super().__init__(t.setting("HOST"), t.port("IMAP"))
        self.line()
        self.say(b"a LOGIN %s secret" % user.encode())

    def say(self, line):
        self.send(line + b"\r\n")
        lines = [self.line()]
        while not lines[-1].startswith(line.split()[0] + b" "):
            lines.append(self.line())
        return lines


def main():
    t.add_user("unheard")
    c = Client("unheard")
    c.say(b"a APPEND INBOX (\\Seen) {5+}\r\nhello")
    c.say(b"a SELECT INBOX")
    for command in (b"a FETCH 1 BODY[]<0.1>", b"a UID FETCH 1 BODY[]<0.1>",
                    b"a FETCH * BODY[]<0.1>"):
        subprocess.run(["psql", "-XAtq", "-c", UNSEE,
                        t.setting("PGCONN_ADMIN")], check=True)
        got = c.say(command)
        report.equal("%s is answered" % command.decode(), got[-1][:5], b"a OK ")
        got = Client("unheard").say(b"a STATUS INBOX (UNSEEN)")
        report.equal("and the message is \\Seen", got[0],
                     b"* STATUS INBOX (UNSEEN 0)")
    t.check_logs(report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
