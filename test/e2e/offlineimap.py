#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""OfflineIMAP keeps a Maildir and the store alike: it syncs all messages, finds
nothing to do, takes changes and folders over both ways, and again finds nothing to
do."""

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
[general]
accounts = all
metadata = %(folder)s/state
maxsyncaccounts = 1
fsync = False

[Account all]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = %(folder)s/mail
sep = /

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = %(port)s
remoteuser = sync
remotepass = secret
ssl = no
starttls = no
auth_mechanisms = PLAIN
maxconnections = 2
"""

COUNT = 300
class Sync:
    def __init__(self, report, folder):
        self.report = report
        self.folder = folder
        self.relay = imaprelay.Relay()
        self.config = os.path.join(folder, "offlineimaprc")
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG % {"port": self.relay.port, "folder": folder})

    def run(self, what):
        """The commands that change something, {name: how many}."""
        start = time.monotonic()
        done = t.run("offlineimap", "-o", "-u", "basic", "-c", self.config,
                     env=dict(os.environ, HOME=self.folder))
        self.report.note("%s: %.1f s" % (what, time.monotonic() - start))
        self.report.case("%s without an error" % what, b"ERROR" not in done,
                         done[-2000:])
        return mailsync.work(self.relay)


def check_folders(report, sync, folder, far):
    far.client.create("Above")
    far.client.append_bytes("Above", mailsync.message(1))
    far.client.create("Above/Gr&APwA3w-e")
    below = os.path.join(folder, "mail", "Below")
    for place in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(below, place))
    with open(os.path.join(below, "cur", "1.near:2,S"), "wb") as file:
        file.write(mailsync.message(2))
    sync.run("new folders")
    above = os.path.join(folder, "mail", "Above")
    report.equal("a folder from above has its message", sum(
        len(os.listdir(os.path.join(above, place)))
        for place in ("cur", "new")), 1)
    report.case("one with letters beyond ASCII too",
                os.path.isdir(os.path.join(above, "Gr&APwA3w-e", "cur")))
    got = far.client.select("Below", readonly=True)
    report.equal("a folder from below has its message", got, ("OK", [b"1"]))
    report.equal("folders are made once",
                 sync.run("folders that are there"), {})


def main():
    if not shutil.which("offlineimap"):
        t.skip("offlineimap is not installed (package offlineimap3)")
    report = t.Report()
    t.add_user("sync")
    with tempfile.TemporaryDirectory() as folder:
        sync = Sync(report, folder)
        near, far = mailsync.Near(folder), mailsync.Far()
        mailsync.check_both_ways(report, sync.run, near, far, COUNT)
        check_folders(report, sync, folder, far)
        far.client.logout()
        sync.relay.end(report)
    t.check_logs(report)
    report.end()


main()
