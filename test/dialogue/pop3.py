#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""POP3 (RFC 1939, 2449, 2595, 5034, 6856): commands, states, errors, locks."""

import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
MESSAGES = [
    b"Subject: one\r\n\r\nfirst line\r\nsecond\r\n.third\r\n..\r\n",
    b"Subject: two\r\nX: y\r\n\r\n" + b"0123456789\r\n" * 100,
    b"Subject: no body\r\n",
    b"Subject: loose dots\n\na\n.\n..b\n.c\n\r\n",
]


def raw():
    connection = t.Lines(t.setting("HOST"), t.port("POP3"))
    connection.greeting = connection.line()
    return connection


def say(connection, line):
    connection.send(line.encode() + b"\r\n")
    return connection.line()


def expect(what, connection, line, prefix):
    got = say(connection, line)
    report.case("%s: %s" % (what, line), got.startswith(prefix),
                "got %r, wanted %r" % (got, prefix))
    return got


def lines_of(connection):
    return connection.until(b"\r\n.\r\n").split(b"\r\n")


def before_login():
    c = raw()
    report.case("greeting", c.greeting.startswith(b"+OK"), c.greeting)
    for line, prefix in (
            ("NOOP", b"-ERR Log in"), ("STAT", b"-ERR Log in"),
            ("XYZZY", b"-ERR Unknown"), ("", b"-ERR"), (" STAT", b"-ERR"),
            ("PASS x", b"-ERR USER"), ("USER", b"-ERR An argument"),
            ("RETR", b"-ERR"), ("STAT 1", b"-ERR"), ("LANG en", b"+OK"),
            ("LANG xx", b"-ERR"), ("UTF8", b"+OK"),
            ("AUTH XYZ", b"-ERR Unknown"),
            ("USER pop", b"+OK"), ("PASS wrong", b"-ERR [AUTH]"),
            ("QUIT", b"+OK")):
        expect("before log-in", c, line, prefix)
    c.close()


def capabilities():
    c = raw()
    expect("capa", c, "CAPA", b"+OK")
    names = {line.split()[0] for line in lines_of(c)}
    for name in (b"TOP", b"UIDL", b"USER", b"SASL", b"STLS", b"PIPELINING",
                 b"RESP-CODES", b"AUTH-RESP-CODE", b"UTF8", b"LANG",
                 b"EXPIRE", b"IMPLEMENTATION"):
        report.case("capability " + name.decode(), name in names, names)
    expect("stls", c, "STLS", b"+OK")
    c.start_tls()
    expect("under tls", c, "CAPA", b"+OK")
    report.case("no STLS under TLS",
                b"STLS" not in lines_of(c))
    expect("under tls", c, "STLS", b"-ERR")
    expect("under tls", c, "USER pop", b"+OK")
    expect("under tls", c, "PASS secret", b"+OK")
    expect("under tls", c, "QUIT", b"+OK")
    c.close()


def sasl():
    plain = base64.b64encode(b"\0pop\0secret").decode()
    c = raw()
    expect("sasl", c, "AUTH PLAIN " + plain, b"+OK 4 messages")
    expect("sasl", c, "QUIT", b"+OK")
    c = raw()
    expect("sasl", c, "AUTH PLAIN", b"+ ")
    expect("sasl", c, plain, b"+OK 4 messages")
    expect("sasl", c, "QUIT", b"+OK")
    c = raw()
    expect("sasl", c, "AUTH LOGIN", b"+ ")
    expect("sasl", c, base64.b64encode(b"pop").decode(), b"+ ")
    expect("sasl", c, base64.b64encode(b"secret").decode(), b"+OK")
    expect("sasl", c, "QUIT", b"+OK")
    c = raw()
    expect("sasl", c, "AUTH PLAIN", b"+ ")
    expect("sasl cancelled", c, "*", b"-ERR")
    expect("sasl", c, "AUTH PLAIN !!!!", b"-ERR")
    other = base64.b64encode(b"root\0pop\0secret").decode()
    expect("as another", c, "AUTH PLAIN " + other, b"-ERR [AUTH]")
    c.close()


def transaction(uids):
    sizes = [len(t.RETURN_PATH + m) for m in MESSAGES]
    c = t.Pop3("pop")
    report.equal("STAT", c.command("STAT"),
                 b"+OK 4 %d" % sum(sizes))
    report.equal("LIST", c.sizes(), sizes)
    report.equal("LIST 2", c.command("LIST 2"), b"+OK 2 %d" % sizes[1])
    c.send(b"UIDL\r\n")
    uidl = [line.split()[1] for line in c.multiline().split(b"\r\n") if line]
    report.case("UIDL unique", len(set(uidl)) == 4, uidl)
    report.case("UIDL the same as ever", uids in (None, uidl), (uids, uidl))
    got = list(c.messages())
    for i, message in enumerate(MESSAGES):
        report.equal("RETR %d" % (i + 1), got[i], t.RETURN_PATH + message)
    # Dots that could end the message for a client that goes by LF.
    c.send(b"RETR 4\r\n")
    c.status()
    report.equal("RETR 4 on the wire", c.until(b"\r\n.\r\n"), t.RETURN_PATH +
                 b"Subject: loose dots\n\na\n..\n...b\n.c\n")
    c.send(b"TOP 2 1\r\n")
    report.equal("TOP 2 1", c.multiline(), t.RETURN_PATH +
                 b"Subject: two\r\nX: y\r\n\r\n0123456789\r\n")
    c.send(b"TOP 2 0\r\n")
    report.equal("TOP 2 0", c.multiline(), t.RETURN_PATH +
                 b"Subject: two\r\nX: y\r\n\r\n")
    c.send(b"TOP 3 5\r\n")
    report.equal("TOP 3 5", c.multiline(), t.RETURN_PATH + MESSAGES[2])
    for line, prefix in (
            ("TOP 1", b"-ERR"), ("TOP 1 -1", b"-ERR"), ("RETR 0", b"-ERR"),
            ("RETR 5", b"-ERR"), ("RETR 1 2", b"-ERR"), ("LIST x", b"-ERR"),
            ("USER pop", b"-ERR Not after"), ("STLS", b"-ERR"),
            ("DELE 1", b"+OK"), ("DELE 1", b"-ERR"), ("RETR 1", b"-ERR"),
            ("LIST 1", b"-ERR"), ("STAT", b"+OK 3 "), ("RSET", b"+OK 4 "),
            ("STAT", b"+OK 4 "), ("NOOP", b"+OK")):
        expect("transaction", c, line, prefix)
    return c, uidl


def locks_and_update():
    c, uidl = transaction(None)
    other = raw()
    expect("second session", other, "USER pop", b"+OK")
    expect("second session", other, "PASS secret", b"-ERR [IN-USE]")
    # Cut off without QUIT: nothing is removed, the lock is free.
    expect("marked", c, "DELE 1", b"+OK")
    c.close()
    while True:
        other.send(b"USER pop\r\nPASS secret\r\n")
        other.line()
        if not (answer := other.line()).startswith(b"-ERR [IN-USE]"):
            break
    report.case("free after a cut", answer.startswith(b"+OK 4"), answer)
    expect("quit", other, "QUIT", b"+OK")
    other.close()
    c, _ = transaction(uidl)
    expect("mark", c, "DELE 2", b"+OK")
    c.quit()
    c = t.Pop3("pop")
    c.send(b"UIDL\r\n")
    left = [line.split()[1] for line in c.multiline().split(b"\r\n") if line]
    report.equal("what QUIT left", left, [uidl[0], uidl[2], uidl[3]])
    c.quit()
    imap = t.Imap("pop")
    imap.select("INBOX", readonly=True)
    flags = imap.fetch("1:*", "(FLAGS)")[1]
    report.case("retrieved is seen", len(flags) == 3 and
                all(b"\\Seen" in line for line in flags), flags)
    imap.logout()


def limits():
    c = raw()
    c.send(b"USER " + b"x" * 100000 + b"\r\nCAPA\r\n")
    report.case("a long line is refused", c.line().startswith(b"-ERR"))
    report.case("and the next is served", c.line().startswith(b"+OK"))
    c.close()
    c = raw()
    c.send(b"FOO\r\n" * 100)
    answers = []
    try:
        while True:
            answers.append(c.line())
    except (EOFError, ConnectionError):
        pass
    report.case("too many errors end it", len(answers) < 100,
                "%d answers" % len(answers))


def main():
    t.add_user("pop")
    lmtp = t.Lmtp()
    for message in MESSAGES:
        lmtp.deliver([t.address("pop")], message, "bdat")
    lmtp.quit()
    before_login()
    capabilities()
    sasl()
    locks_and_update()
    limits()
    report.end()


main()
