#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""engine = libsieve: deliveries and dbmail-sievecmd -m run it, its extensions are those
that scripts may use, and where it is not there nothing runs by the other engine."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
SETTINGS = "[SIEVE]\nengine = libsieve\nlibsieve_helper = %s"
SCRIPT = b"""require ["fileinto", "envelope"];
if header :contains "subject" "offer" { fileinto "Offers"; stop; }
if envelope "from" "list@example.org" { fileinto "List"; }
"""


def sievecmd(what, wanted, *options, data=b"", said=b""):
    done = subprocess.run(("dbmail-sievecmd", "-u", "lib") + options,
                          input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    report.equal("%s: status" % what, done.returncode, wanted)
    report.case("%s: said" % what, said in done.stdout + done.stderr,
                done.stdout + done.stderr)


def deliver(subject, sender="ada@example.org"):
    lmtp = t.Lmtp()
    code = lmtp.deliver(["lib@example.com"], (
        "From: ada@example.org\r\nSubject: %s\r\n\r\nbody\r\n" % subject
    ).encode(), sender=sender)[0][0]
    lmtp.quit()
    return code


def folders():
    rows = t.sql("""SELECT b.name, b.messages FROM dbmail_mailboxes b
                   WHERE b.messages > 0 ORDER BY b.name""").splitlines()
    return {row.split("|")[0]: int(row.split("|")[1]) for row in rows}


def without():
    """One that was built without libsieve starts with no other engine."""
    with open(t.setting("CONF"), encoding="utf-8") as file:
        before = file.read()
    with open(t.setting("CONF"), "a", encoding="utf-8") as file:
        file.write("\n" + SETTINGS % "" + "\n")
    said = b"built without libsieve"
    sievecmd("a tool without libsieve", os.EX_CONFIG, "-l", said=said)
    done = subprocess.run(("dbmail-deliver", "-u", "lib"), input=b"x\r\n",
                          stderr=subprocess.PIPE, check=False)
    report.equal("the MTA tries again", done.returncode, os.EX_TEMPFAIL)
    for name in ("lmtpd", "sieved", "imapd"):
        t.run("store-daemon", "stop", name)
        done = subprocess.run(("dbmail-" + name, "-f", t.setting("CONF")),
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        report.case("%s does not start" % name,
                    done.returncode and said in done.stdout, done.stdout)
    with open(t.setting("CONF"), "w", encoding="utf-8") as file:
        file.write(before)
    for name in ("lmtpd", "sieved", "imapd"):
        t.run("store-daemon", "start", name)


def with_it(helper):
    sievecmd("a script", 0, "-i", "main", "-a", data=SCRIPT)
    report.equal("filed", deliver("an offer"), 250)
    report.equal("by its envelope", deliver("x", "list@example.org"), 250)
    report.equal("kept", deliver("y"), 250)
    report.equal("each where it goes", folders(),
                 {"INBOX": 1, "List": 1, "Offers": 1})
    sievecmd("what it does not know", os.EX_DATAERR, "-i", "more",
             data=b'require "variables"; set "a" "b";', said=b"variables")
    sieve = t.SieveLines("lib")
    offered = sieve.capabilities()["SIEVE"].split()
    report.case("nor is it offered", "fileinto" in offered and
                "variables" not in offered, offered)
    sieve.close()
    sievecmd("a dry run", 0, "-q", "-m", "Offers", said=b'fileinto "Offers"')
    return t.configure(SETTINGS % (helper + "-gone"))


def gone():
    """The helper cannot be started."""
    report.equal("a delivery waits", deliver("an offer"), 451)
    sievecmd("a dry run", os.EX_TEMPFAIL, "-q", "-m", "Offers",
             said=b"mail filter cannot be run now")
    report.equal("nothing was delivered", sum(folders().values()), 3)


def main():
    t.add_user("lib", "secret", "-s", "lib@example.com")
    helper = shutil.which("dbmail-libsieve")
    if helper:
        before = t.configure(SETTINGS % helper)
        t.run("store-daemon", "restart", "sieved")
        with_it(helper)
        gone()
        t.restore(before)
        t.run("store-daemon", "restart", "sieved")
    else:
        without()
    t.check_store(report)
    report.end()


main()
