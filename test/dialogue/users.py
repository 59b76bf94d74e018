#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dbmail-users and dbmail-deliver: what they do, say, and end with."""

import os
import pty
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
# Of <sysexits.h>.
OK, USAGE, DATAERR, NOINPUT, NOUSER, UNAVAILABLE, CANTCREAT, TEMPFAIL, CONFIG = (
    0, 64, 65, 66, 67, 69, 73, 75, 78)


def tool(what, wanted, *command, data=b"", **options):
    """Runs it, checks its status, gives its standard output."""
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **options)
    report.case("%s: status %d" % (what, wanted), done.returncode == wanted,
                "status %d, %r, %r" % (done.returncode, done.stdout,
                                       done.stderr))
    if wanted != OK:
        report.case(what + ": says why", done.stderr != b"")
    return done.stdout


def users(what, wanted, *options, data=b"", **more):
    return tool(what, wanted, "dbmail-users", *options, data=data, **more)


def deliver(what, wanted, *options, data=b"", **more):
    return tool(what, wanted, "dbmail-deliver", *options, data=data, **more)


def listed(pattern):
    out = users("list " + pattern, OK, "-l", pattern).decode()
    return [line.split("\t") for line in out.split("\n")[:-1]]


def stored(user, folder="INBOX"):
    rows = t.sql("""
        SELECT %s
          FROM dbmail_messages m
          JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr
          JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
         WHERE u.userid = '%s' AND b.name = '%s' ORDER BY m.uid""" % (
             t.WHOLE, user, folder))
    return [bytes.fromhex(row) for row in rows.split("\n")[:-1]]


def can_log_in(user, password):
    try:
        t.Pop3(user, password).quit()
        return True
    except (RuntimeError, EOFError):
        return False


# Of RFC 7677 and RFC 5802.
PENCIL = ("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBF"
          "zpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
          "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y="
          ":D+CSWLOshSulAsxiupA+qs2/fTE=")


def composed():
    """A name is kept as log-ins look for it, and found in any form."""
    users("a name in parts", OK, "-a", "gru\u0308n", "-W", "-",
          data=b"secret\n")
    report.equal("is one name", [row[0] for row in listed("gr*")],
                 ["gr\u00fcn"])
    users("that is there", CANTCREAT, "-a", "gr\u00fc\u00adn")
    users("changed by either", OK, "-c", "gru\u0308n", "-m", "1M")
    users("renamed", OK, "-c", "gr\u00fcn", "-u", "blau\u0308")
    report.equal("to one name", [row[0] for row in listed("bl*")],
                 ["bla\u00fc"])
    t.sql("UPDATE dbmail_users SET userid = 'blau\u0308' "
          "WHERE userid = 'bla\u00fc'")
    report.case("one from before logs in", can_log_in("blau\u0308", "secret"))
    users("and is found", OK, "-d", "blau\u0308", "-y")


def taking_over():
    """Hashes for SCRAM, which have colons in them."""
    with tempfile.TemporaryDirectory() as folder:
        shadow = os.path.join(folder, "shadow")
        with open(shadow, "w", encoding="utf-8") as file:
            file.write("kim:%s:19000:0\nlou:%s\nmia:%s %s:1:2\n" % (PENCIL * 2))
        for user, scheme, kept in (("kim", "scram-sha-256", PENCIL[0]),
                                   ("lou", "scram-sha-1", PENCIL[1]),
                                   ("mia", "scram", " ".join(PENCIL))):
            users("a %s hash" % scheme, OK, "-a", user, "-P", shadow, "-p",
                  scheme)
            report.equal("all of it", t.sql(
                "SELECT passwd FROM dbmail_users WHERE userid = '%s'" %
                user).strip(), kept)
            report.case("log-in", can_log_in(user, "pencil"))
        for user, scheme in (("kim", "scram"), ("kim", "argon2id"),
                             ("lou", "scram-sha-256")):
            users("no %s hash" % scheme, DATAERR, "-c", user, "-P", shadow,
                  "-p", scheme)
            report.case("the other stays", can_log_in(user, "pencil"))


def adding():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write("Grüße\r\nsecond line\n")
        users("add", OK, "-a", "ada", "-W", path, "-m", "10m", "-s",
              "ada@example.org", "-s", "Countess@example.org", "-g", "7")
        report.case("log-in with the first line", can_log_in("ada", "Grüße"))
        users("a letter and its file together", OK, "-a", "bob", "-W" + path)
        report.case("log-in", can_log_in("bob", "Grüße"))
        shadow = os.path.join(folder, "shadow")
        with open(shadow, "w", encoding="utf-8") as file:
            file.write("bobby:x:\ncarl:$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/:1:2\n"
                       "dora:5ebe2294ecd0e0f08eab7690d2a6ee69\nempty::\n")
        users("a shadow's hash", OK, "-a", "carl", "-P", shadow)
        users("of another scheme", OK, "-a", "dora", "-P", shadow, "-p",
              "md5sum")
        report.case("log-in", can_log_in("carl", "password"))
        report.case("log-in", can_log_in("dora", "secret"))
        users("nobody's hash", NOINPUT, "-a", "empty", "-P", shadow)
        users("nobody's line", NOINPUT, "-a", "bo", "-P", shadow)
        users("no such file", NOINPUT, "-a", "eve", "-W", path + "x")
    got = listed("ada")[0]
    report.equal("listed", (got[0],) + tuple(got[2:6]) + (got[7],),
                 ("ada", "7", str(10 << 20), "0", "argon2id",
                  "ada@example.org,Countess@example.org"))
    report.case("a date of log-in", len(got[6]) == 24, got[6])
    report.equal("no limits", tuple(got[8:]), ("none", "none", "no"))
    users("limits", OK, "-c", "ada", "-M", "200", "-B", "30", "-A", "yes")
    report.equal("listed with limits", tuple(listed("ada")[0][8:]),
                 ("200", "30", "yes"))
    users("no limits", OK, "-c", "ada", "-M", "none", "-B", "none", "-A", "no")
    report.equal("listed without", tuple(listed("ada")[0][8:]),
                 ("none", "none", "no"))
    report.equal("upgraded at log-in", [row[5] for row in listed("?a*l")],
                 ["argon2id"])
    users("from standard input", OK, "-a", "eve", "-W", "-", data=b"a b \n")
    report.case("log-in", can_log_in("eve", "a b "))
    users("no password", OK, "-a", "mute")
    report.equal("listed as one who cannot log in", listed("mute")[0][5:7],
                 ["-", "-"])
    users("taken", CANTCREAT, "-a", "ADA")
    users("an empty password", DATAERR, "-a", "fay", "-W", "-", data=b"\n")
    users("no password at all", DATAERR, "-a", "fay", "-W", "-", data=b"")
    users("NUL in it", DATAERR, "-a", "fay", "-W", "-", data=b"a\0b\n")
    users("too long", DATAERR, "-a", "fay", "-W", "-", data=b"x" * 2000)
    users("no name", DATAERR, "-a", "")
    users("a control character", DATAERR, "-a", "a\tb")
    users("no terminal to ask", NOINPUT, "-a", "fay", "-W",
          start_new_session=True)
    users("on the command line", USAGE, "-a", "fay", "-w", "secret")
    users("-X", UNAVAILABLE, "-X", "fay")
    users("two actions", USAGE, "-a", "fay", "-d", "ada")
    users("none", USAGE)
    users("more words", USAGE, "-l", "a", "b")
    users("no such option", USAGE, "-Z")
    for size in ("x", "10X", "-1", "", "99999999999T", "1.5M"):
        users("quota %r" % size, USAGE, "-c", "ada", "-m", size)
    users("dry", OK, "-n", "-a", "fay")
    users("none was made", NOUSER, "-l", "fay")
    users("help", OK, "-h")
    users("version", OK, "-V")
    users("no configuration", CONFIG, "-l", "-f", "/nonexistent")


def asking():
    """The password is asked for twice, at the terminal."""
    for answers, wanted, good in ((b"typed\ntyped\n", OK, True),
                                  (b"typed\nother\n", DATAERR, False),
                                  (b"\x03\n", DATAERR, False)):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp("dbmail-users", ["dbmail-users", "-c", "mute", "-W"])
        shown = b""
        for answer in answers.splitlines(True):
            while not shown.endswith(b": "):
                shown += os.read(terminal, 1000)
            os.write(terminal, answer)
            shown += b"."
        try:
            while True:
                some = os.read(terminal, 1000)
                if not some:
                    break
                shown += some
        except OSError:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        report.equal("asked, %r" % answers, status, wanted)
        report.case("nothing is shown", b"typed" not in shown, shown)
        if good:
            report.case("log-in", can_log_in("mute", "typed"))
    report.case("still the same", can_log_in("mute", "typed"))


def changing():
    users("change", OK, "-c", "ada", "-u", "lovelace", "-m", "2G", "-S",
          "ada@example.org", "-s", "new@example.org", "-W", "-",
          data=b"changed\n")
    got = listed("lovelace")[0]
    report.equal("changed", (got[3], got[7]), (str(2 << 30),
                 "Countess@example.org,new@example.org"))
    report.case("new password", can_log_in("lovelace", "changed"))
    users("no alias of hers", NOUSER, "-c", "lovelace", "-S", "x@y")
    users("nothing to change", USAGE, "-c", "lovelace")
    users("nobody", NOUSER, "-c", "ada", "-m", "0")
    users("a taken name", CANTCREAT, "-c", "lovelace", "-u", "bob")


def delivering():
    message = b"Subject: x\r\n\r\n\0body\n.\r\nFrom here\r\nno end"
    deliver("to a user", OK, "-u", "bob", "-r", "<me@x>", data=message)
    report.equal("as it was", stored("bob"),
                 [b"Return-Path: <me@x>\r\n" + message])
    deliver("to an address", OK, "-d", "new@example.org", "-d",
            "bob+Sent@x", data=message)
    report.equal("to both", (stored("lovelace"), stored("bob", "Sent")),
                 ([b"Return-Path: <>\r\n" + message],) * 2)
    deliver("to a mailbox", OK, "-u", "bob", "-m", "Neu/Über", data=b"")
    report.equal("an empty message", stored("bob", "Neu/Über"),
                 [b"Return-Path: <>\r\n"])
    deliver("again on purpose", OK, "-u", "bob", "-m", "Neu/Über", data=b"")
    report.equal("twice", len(stored("bob", "Neu/Über")), 2)
    mbox = b"From sender@y Sat Jan  3 01:05:34 1996\nA: b\n\nc\n\r\nd"
    deliver("an mbox line kept", OK, "-u", "bob", "-m", "mbox", data=mbox)
    deliver("taken off", OK, "-u", "bob", "-m", "mbox", "-F", data=mbox)
    deliver("and CRLF", OK, "-u", "bob", "-m", "mbox", "-FC", data=mbox)
    deliver("and another sender", OK, "-u", "bob", "-m", "mbox", "-F", "-r",
            "z", data=mbox)
    report.equal("as was asked", stored("bob", "mbox"), [
        b"Return-Path: <>\r\n" + mbox,
        b"Return-Path: <sender@y>\r\nA: b\n\nc\n\r\nd",
        b"Return-Path: <sender@y>\r\nA: b\r\n\r\nc\r\n\r\nd",
        b"Return-Path: <z>\r\nA: b\n\nc\n\r\nd"])
    deliver("nobody", NOUSER, "-u", "nobody", data=message)
    deliver("nobody's address", NOUSER, "-d", "nobody@x", data=message)
    deliver("a bad name", CANTCREAT, "-u", "bob", "-m", "a//b", data=message)
    deliver("no sender", USAGE, "-u", "bob", "-r", "a\nb", data=message)
    deliver("to whom", USAGE, data=message)
    deliver("to both kinds", USAGE, "-u", "bob", "-d", "a@b", data=message)
    deliver("no configuration", TEMPFAIL, "-f", "/nonexistent", "-u", "bob")
    users("a small quota", OK, "-c", "bob", "-m", "1")
    deliver("full", TEMPFAIL, "-d", "bob@x", data=message)
    deliver("full", TEMPFAIL, "-u", "bob", data=message)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        with open(t.setting("CONF"), encoding="utf-8") as own:
            file.write(own.read() + "\n[LMTP]\nquota_failure = hard\n"
                       "[DBMAIL]\nmax_message_size = 1024\n")
        file.flush()
        deliver("full for good", CANTCREAT, "-f", file.name, "-u", "bob",
                data=message)
        deliver("too large", DATAERR, "-f", file.name, "-u", "eve",
                data=b"x" * 1025)
        deliver("too large with CR", DATAERR, "-f", file.name, "-u", "eve",
                "-C", data=b"\n" * 600)
        deliver("large", OK, "-f", file.name, "-u", "eve", data=b"x" * 1024)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("[DBMAIL]\ndburi = host=/nonexistent\ndb_wait = 1\n")
        file.flush()
        deliver("no database", TEMPFAIL, "-f", file.name, "-u", "bob")
        users("no database", TEMPFAIL, "-f", file.name, "-l")


def deleting():
    users("unasked", USAGE, "-d", "bob")
    users("dry", OK, "-n", "-d", "bob")
    report.equal("still there", len(listed("bob")), 1)
    users("empty", OK, "-y", "-e", "bob")
    report.equal("empty", (stored("bob"), stored("bob", "mbox"),
                           listed("bob")[0][4]), ([], [], "0"))
    users("delete", OK, "-y", "-d", "bob")
    users("gone", NOUSER, "-l", "bob")
    users("twice", NOUSER, "-y", "-d", "bob")
    users("the rest", OK, "-l")
    report.equal("quiet", users("quiet", OK, "-q", "-y", "-d", "eve"), b"")


for case in (adding, taking_over, composed, asking, changing, delivering,
             deleting):
    report.note(case.__name__)
    case()
report.end()
