#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""IMAP where clients are wrong, hasty, slow or many: limits and pipelining."""

import os
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
MAX_LINE = 65536
MAX_ERRORS = 20


class Client(t.ImapLines):
    def rest(self):
        """Everything up to the end of the connection."""
        try:
            while True:
                self.fill()
        except (EOFError, ConnectionError):
            return bytes(self.buffer)


def line_limit():
    c = Client("limits")
    c.send(b"a NOOP " + b"x" * MAX_LINE + b"\r\n")
    got = c.line()
    report.case("a line too long is BAD", got.startswith(b"* BAD [LIMIT]"),
                got)
    got = c.say(b"b NOOP")
    report.case("the session goes on", got == [b"b OK NOOP completed"], got)
    got = c.say(b"c SELECT " + b"x" * (MAX_LINE - 20))
    report.case("a line just short enough is read",
                got[-1].startswith(b"c NO "), got[-1][:80])
    c.send(b"d SELECT {%d+}\r\n" % (MAX_LINE + 1) + b"y" * (MAX_LINE + 1) +
           b"\r\ne NOOP\r\n")
    got = [c.line(), c.line()]
    report.case("a literal too long is read past",
                got[0].startswith(b"d NO [LIMIT]") and
                got[1] == b"e OK NOOP completed", got)
    many = b"".join(b"{1+}\r\na " for _ in range(2000))
    c.send(b"f SEARCH " + many + b"\r\ng NOOP\r\n")
    got = c.answer(b"g")
    report.case("very many literals do not end the session",
                got[-1] == b"g OK NOOP completed", got)
    c.close()


def too_many_errors():
    c = Client()
    c.send(b"x\r\n" * (MAX_ERRORS + 5))
    got = c.rest()
    report.case("too many errors end the session",
                got.count(b"* BAD") == MAX_ERRORS + 1 and
                got.endswith(b"* BYE Too many errors\r\n"), got[-200:])
    c = Client()
    for i in range(3 * MAX_ERRORS):
        c.say(b"a FROB")
        c.say(b"b NOOP")
    got = c.say(b"c NOOP")
    report.case("errors with others between do not",
                got == [b"c OK NOOP completed"], got)
    c.close()


def strangers():
    c = Client()
    c.send(b"a LOGIN x {1000000+}\r\n")
    got = c.rest()
    report.case("a stranger's huge literal ends the session",
                got.startswith(b"* BYE [LIMIT]"), got)


def pipelining():
    c = Client("limits")
    commands = b"".join(b"%d NOOP\r\n" % i for i in range(500))
    c.send(commands)
    got = [c.line() for _ in range(500)]
    report.case("500 commands at once, answered in order",
                got == [b"%d OK NOOP completed" % i for i in range(500)])
    c.send(b"a CREATE pipe\r\nb APPEND pipe {4+}\r\nabcd\r\nc SELECT pipe\r\n"
           b"d FETCH 1 BODY.PEEK[]\r\ne IDLE\r\nDONE\r\nf LOGOUT\r\n")
    got = c.rest()
    words = [b"\r\nb OK", b"\r\nc OK", b"BODY[] {4}\r\nabcd", b"\r\nd OK",
             b"\r\n+ ", b"\r\ne OK", b"\r\n* BYE", b"\r\nf OK"]
    places = [got.find(word) for word in words]
    report.case("a whole session at once",
                got.startswith(b"a OK") and min(places) > 0 and
                places == sorted(places), got)


def byte_by_byte():
    c = Client()
    for byte in b"a LOGIN {6+}\r\nlimits \"secret\"\r\nb NOOP\n":
        c.send(bytes([byte]))
    got = c.answer(b"b")
    report.case("a command that comes byte by byte",
                got[-1] == b"b OK NOOP completed", got)
    c.close()


def large():
    """A message over a megabyte streams, and its end is where it belongs."""
    c = Client("limits")
    message = b"Subject: large\r\n\r\n" + b"".join(
        b"%09d\r\n" % i for i in range(700000))
    c.say(b"a CREATE large")
    c.send(b"b APPEND large {%d}\r\n" % len(message))
    report.case("go-ahead for 7 MB", c.line().startswith(b"+ "))
    c.send(message + b"\r\n")
    report.case("7 MB are taken", b"APPENDUID" in c.line())
    c.say(b"c SELECT large")
    c.send(b"d FETCH 1 (BODY.PEEK[] UID BODY.PEEK[TEXT]<3000000.2000000>)\r\n")
    c.line()
    while len(c.buffer) < len(message):
        c.fill()
    report.case("7 MB come back", c.buffer[:len(message)] == message)
    del c.buffer[:len(message)]
    got = c.line()
    report.case("the response goes on behind them",
                got == b" UID 1 BODY[TEXT]<3000000> {2000000}", got)
    while len(c.buffer) < 2000000:
        c.fill()
    report.case("2 MB out of the middle", c.buffer[:2000000] ==
                message[18 + 3000000:18 + 5000000])
    del c.buffer[:2000000]
    got = c.answer(b"d")
    report.case("and ends", got[-1] == b"d OK FETCH completed", got)
    c.send(b"e FETCH 1 BODY.PEEK[]\r\n")
    c.line()
    c.close()


def concurrent():
    """Many sessions change one mailbox, and agree on it in the end."""
    Client("limits").say(b"a CREATE many")
    failures = []

    def work(number):
        try:
            c = Client("limits")
            c.say(b"a SELECT many")
            for i in range(20):
                c.send(b"b APPEND many {9+}\r\nSubject:\n\r\n")
                c.answer(b"b")
                c.say(b"c UID STORE 1:* +FLAGS.SILENT (k%d)" % number)
                c.say(b"d UID FETCH 1:* (FLAGS BODY.PEEK[])")
                if i % 5 == number % 5:
                    c.say(b"e UID STORE %d +FLAGS (\\Deleted)" % (i * 7 + 1))
                    c.say(b"f EXPUNGE")
                c.say(b"g NOOP")
            c.close()
        except Exception as error:  # pylint: disable=broad-except
            failures.append(repr(error))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.case("8 sessions at work on one mailbox", not failures, failures)
    a, b = Client("limits"), Client("limits")
    a.say(b"a SELECT many")
    b.say(b"a EXAMINE many")
    first = a.say(b"b UID FETCH 1:* (UID FLAGS)")
    second = b.say(b"b UID FETCH 1:* (UID FLAGS)")
    strip = [line.replace(b" \\Recent", b"").replace(b"\\Recent", b"")
             for line in first]
    report.case("all see the same afterwards",
                strip == [line.replace(b" \\Recent", b"").replace(
                    b"\\Recent", b"") for line in second] and
                len(first) > 100, len(first))


def over_quota():
    t.run("dbmail-users", "-c", "limits", "-m", "20M")
    c = Client("limits")
    message = b"x" * 15000000
    c.send(b"a APPEND INBOX {%d+}\r\n" % len(message) + message + b"\r\n")
    got = c.answer(b"a")
    report.case("over quota", got[-1].startswith(b"a NO [OVERQUOTA]"), got)
    c.close()


def drain():
    """SIGTERM: sessions that wait are told, and those in IDLE."""
    waiting, idling = Client("limits"), Client("limits")
    idling.say(b"a SELECT INBOX")
    idling.send(b"b IDLE\r\n")
    idling.line()
    with open(t.setting("PIDS"), encoding="ascii") as file:
        pids = dict(line.split() for line in file)
    os.kill(int(pids["imapd"]), signal.SIGTERM)
    for name, client in (("waits", waiting), ("is in IDLE", idling)):
        got = client.rest()
        report.case("a session that %s is told of the end" % name,
                    got.startswith(b"* BYE [UNAVAILABLE]"), got)


def main():
    t.add_user("limits")
    line_limit()
    too_many_errors()
    strangers()
    pipelining()
    byte_by_byte()
    large()
    concurrent()
    over_quota()
    drain()
    report.end()


main()
