#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bringing messages in over IMAP when something goes wrong, takes long, or is
compressed: REPLACE under kill -9, literals dropped half way, INPROGRESS, and
megabytes through DEFLATE."""

import os
import random
import select
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
KILLS = 6
chance = random.Random(4)


class Client(t.ImapLines):
    def count(self):
        return self.say(b"n STATUS INBOX (MESSAGES)")[0].split()[-1][:-1]


def bodies(user):
    c = Client(user)
    c.say(b"s SELECT INBOX")
    c.send(b"f FETCH 1:* BODY.PEEK[]\r\n")
    found = []
    while True:
        line = c.line()
        if not line.startswith(b"* "):
            return found
        size = int(line[line.rindex(b"{") + 1:-1])
        while len(c.buffer) < size:
            c.fill()
        found.append(bytes(c.buffer[:size]))
        del c.buffer[:size]
        c.line()


def message(number, size):
    return (b"Subject: %d\r\n\r\n" % number).ljust(size, b"x") + b"\r\n"


class Lock:
    """Holds a user's row until release()."""

    def __init__(self, user):
        self.psql = subprocess.Popen(
            ["psql", "-XAtq", t.setting("PGCONN_ADMIN")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.psql.stdin.write(
            b"BEGIN; SELECT userid FROM dbmail_users WHERE userid = '%s'"
            b" FOR UPDATE;\n" % user.encode())
        self.psql.stdin.flush()
        self.psql.stdout.readline()

    def release(self):
        self.psql.communicate(b"COMMIT;\n")


def killed():
    """The old message or the new one, never both and never neither."""
    c = Client("killed")
    last = message(0, 100000)
    c.say(b"a APPEND INBOX {%d+}\r\n" % len(last) + last)
    for number in range(1, KILLS + 1):
        new = message(number, 100000)
        c = Client("killed")
        c.say(b"s SELECT INBOX")
        lock = Lock("killed") if number % 2 else None
        c.send(b"r REPLACE 1 INBOX {%d+}\r\n" % len(new) + new + b"\r\n")
        time.sleep(chance.uniform(0, 0.05))
        t.kill_daemon("imapd", lock.release if lock is not None else None)
        found = bodies("killed")
        report.case("REPLACE, kill %d: one message" % number,
                    found in ([last], [new]), [len(x) for x in found])
        last = found[0]
    t.check_store(report)


def dropped():
    """A literal that ends with the connection leaves nothing."""
    for command in (b"a APPEND INBOX {5+}\r\nhello {1000000+}\r\n",
                    b"a APPEND INBOX CATENATE (TEXT {1000+}\r\n",
                    b"a APPEND INBOX ~{9000000+}\r\n"):
        c = Client("dropped")
        c.send(command + b"x" * 500)
        c.close()
    report.equal("dropped literals leave nothing", Client("dropped").count(),
                 b"0")


def progress():
    """A command that has to wait says so, and its tag."""
    c = Client("progress")
    c.say(b"a APPEND INBOX {5+}\r\nhello")
    c.say(b"s SELECT INBOX")
    for command in (b"c1 COPY 1 INBOX", b"c2 APPEND INBOX {2+}\r\nhi",
                    b"c3 UID REPLACE 1 INBOX {2+}\r\nho", b"c4 NOOP",
                    b"]5 COPY 1 INBOX"):
        tag = command[:2]
        # RFC 9585 section 4: a tag with "]" is not told.
        shown = b"NIL" if b"]" in tag else b"\"%s\"" % tag
        wanted = b"* OK [INPROGRESS (%s NIL NIL)] Still at work" % shown
        lock = Lock("progress")
        begun = time.monotonic()
        c.send(command + b"\r\n")
        if tag == b"c4":
            report.equal("NOOP does not wait", c.answer(tag)[-1][:5], b"c4 OK")
            lock.release()
            continue
        told = [c.line(), c.line()]
        report.equal("%s tells its progress" %
                     command.split(b"{")[0].decode(), told, [wanted] * 2)
        lock.release()
        got = c.answer(tag)
        report.case("not too often", 2 + got.count(wanted) <=
                    time.monotonic() - begun, got)
        report.case("and is done", got[-1].startswith(tag + b" OK"), got[-1])


def compressed():
    text = b"".join(b"line %d of many like it, %d\r\n" % (i, i * i)
                    for i in range(60000))
    noise = chance.randbytes(2000000)
    for tls in (False, True):
        name = "inside TLS" if tls else "plain"
        user = "deflate%d" % tls
        c = Client(user, tls)
        c.say(b"z COMPRESS DEFLATE")
        c.start_deflate()
        for part in (text, noise, text):
            got = c.say(b"a APPEND INBOX ~{%d+}\r\n" % len(part) + part)
            report.case("%s: %d bytes go in" % (name, len(part)),
                        got[-1].startswith(b"a OK"), got[-1])
        c.say(b"s SELECT INBOX")
        for number, part in enumerate((text, noise, text), 1):
            c.send(b"f FETCH %d BODY.PEEK[]\r\n" % number)
            c.until(b"}\r\n")
            while len(c.buffer) < len(part):
                c.fill()
            report.case("%s: %d bytes come back" % (name, len(part)),
                        bytes(c.buffer[:len(part)]) == part)
            del c.buffer[:len(part)]
            c.answer(b"f")
        # Long enough for the buffers to be given back, then pipelined.
        time.sleep(1.5)
        c.send(b"".join(b"p%d NOOP\r\n" % i for i in range(200)))
        report.equal("%s: pipelined after a rest" % name,
                     c.answer(b"p199")[-1], b"p199 OK NOOP completed")
        # IDLE: a byte of a command at a time.
        c.send(b"i IDLE\r\n")
        c.line()
        time.sleep(1.5)
        for byte in b"DONE\r\n":
            c.send(bytes([byte]))
        report.equal("%s: IDLE ends" % name, c.answer(b"i")[-1],
                     b"i OK IDLE completed")
        ready = select.select([c.socket], [], [], 0)[0]
        report.equal("%s: nothing else comes" % name, ready, [])


def strict():
    """[IMAP] strict_headers: RFC 6855 section 4 to the letter."""
    utf8 = "Subject: \u00e4\r\n\r\nx".encode()
    plain = "Subject: a\r\n\r\n\u00e4".encode()

    def append(c, message, form=b"{%d+}\r\n%s"):
        return c.say(b"a APPEND INBOX " + form % (len(message), message))[-1]

    c = Client("strict")
    report.case("not strict: 8-bit fields come in",
                append(c, utf8).startswith(b"a OK"))
    with open(t.setting("CONF"), "a", encoding="utf-8") as file:
        file.write("strict_headers = yes\n")
    t.run("store-daemon", "restart", "imapd")
    c = Client("strict")
    report.case("strict: they do not", append(c, utf8).startswith(
        b"a NO [CANNOT]"))
    report.case("not in one of several", c.say(
        b"a APPEND INBOX {%d+}\r\n%s {%d+}\r\n%s" % (
            len(plain), plain, len(utf8), utf8))[-1].startswith(
                b"a NO [CANNOT]"))
    report.case("an 8-bit body does", append(c, plain).startswith(b"a OK"))
    c.say(b"s SELECT INBOX")
    report.case("and copying goes on", c.say(b"c COPY 1 INBOX")[-1].startswith(
        b"c OK"))
    c.say(b"e ENABLE UTF8=ACCEPT")
    report.case("after ENABLE they do", append(
        c, utf8, b"UTF8 (~{%d+}\r\n%s)").startswith(b"a OK"))
    report.equal("in all", c.count(), b"4")


def main():
    for user in ("killed", "dropped", "progress", "deflate0", "deflate1",
                 "strict"):
        t.add_user(user)
    with open(t.setting("CONF"), "a", encoding="utf-8") as file:
        file.write("[IMAP]\nprogress_interval = 1\n")
    t.run("store-daemon", "restart", "imapd")
    compressed()
    dropped()
    progress()
    killed()
    strict()
    report.end()


main()
