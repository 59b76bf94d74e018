#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mbsync (isync) keeps many messages alike on both sides: it syncs all of them, finds
nothing to do, takes changes over both ways, and again finds nothing to do.

    mbsync-many.py [COUNT]      2000 without it
"""

import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
import imaprelay  # noqa: E402
import mailsync  # noqa: E402

CONFIG = """
FSync no
IMAPAccount store
Host 127.0.0.1
Port %(port)s
User sync
Pass secret
AuthMechs LOGIN
SSLType None
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
Patterns INBOX
Create Both
Remove Both
Expunge Both
SyncState *
"""

class Sync:
    def __init__(self, report, folder):
        self.report = report
        self.folder = folder
        self.relay = imaprelay.Relay()
        self.config = os.path.join(folder, "mbsyncrc")
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG % {"port": self.relay.port, "folder": folder})

    def run(self, what):
        """The commands that change something, {name: how many}."""
        start = time.monotonic()
        t.run("mbsync", "-c", self.config, "all",
              env=dict(os.environ, HOME=self.folder))
        self.report.note("%s: %.1f s" % (what, time.monotonic() - start))
        return mailsync.work(self.relay)


def main():
    if not shutil.which("mbsync"):
        t.skip("mbsync is not installed (package isync)")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    report = t.Report()
    t.add_user("sync")
    with tempfile.TemporaryDirectory() as folder:
        sync = Sync(report, folder)
        near, far = mailsync.Near(folder), mailsync.Far()
        mailsync.check_both_ways(report, sync.run, near, far, count)
        far.client.logout()
        sync.relay.end(report)
    t.check_logs(report)
    report.end()


main()
