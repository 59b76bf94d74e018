#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LMTP (RFC 2033, 5321, 1870, 2034, 2920, 3030, 3207, 6531): commands, limits,
where a message ends, who gets it, and what a lost reply does."""

import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
FROM = "MAIL FROM:<%s>" % t.SENDER


# --- what is stored ----------------------------------------------------------

def stored(user, folder="INBOX"):
    """The messages of a mailbox as bytes, in the order of their UIDs."""
    rows = t.sql("""
        SELECT encode(coalesce((SELECT string_agg(p.data, ''
                          ORDER BY l.part_key, l.part_order)
                 FROM dbmail_partlists l
                 JOIN dbmail_mimeparts p ON p.id = l.part_id
                WHERE l.physmessage_id = m.physmessage_id), ''), 'hex')
          FROM dbmail_messages m
          JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr
          JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
         WHERE u.userid = '%s' AND b.name = '%s' ORDER BY m.uid""" % (
             user, folder))
    return [bytes.fromhex(row) for row in rows.split("\n")[:-1]]


def new_user(name, *options):
    t.run("dbmail-users", "-q", "-a", name, *options)
    return name


# --- talking -----------------------------------------------------------------

def raw():
    """A connection without LHLO."""
    connection = t.Lines(t.setting("HOST"), t.port("LMTP"))
    connection.line()
    return connection


def expect(what, connection, line, wanted):
    connection.send(line if isinstance(line, bytes) else line.encode())
    connection.send(b"\r\n")
    return expect_reply(what + ": " + repr(line), connection, wanted)


def expect_reply(what, connection, wanted):
    """The last line of one reply begins with what is wanted."""
    while True:
        got = connection.line()
        if got[3:4] != b"-":
            break
    report.case(what, got.decode().startswith(wanted),
                "got %r, wanted %r" % (got, wanted))
    return got


def expect_end(what, connection):
    try:
        left = connection.line()
        report.case(what, False, "got %r" % left)
    except (EOFError, ConnectionError):
        report.case(what, True)


def begin(connection, *recipients, parameters=""):
    """MAIL and RCPT, all of them welcome."""
    connection.send((FROM + parameters + "\r\n").encode() + b"".join(
        b"RCPT TO:<%s>\r\n" % to.encode() for to in recipients))
    for what in ["MAIL"] + list(recipients):
        reply = connection.reply()
        if reply[0] != 250:
            raise RuntimeError("%s: %r" % (what, reply))


# --- the cases ---------------------------------------------------------------

def hello():
    c = raw()
    expect("before LHLO", c, FROM, "503 5.5.1")
    expect("before LHLO", c, "RCPT TO:<a@b>", "503 5.5.1")
    expect("before LHLO", c, "DATA", "503 5.5.1")
    expect("before LHLO", c, "NOOP", "250 2.0.0")
    expect("SMTP", c, "HELO me", "500 5.5.1")
    expect("SMTP", c, "EHLO me", "500 5.5.1")
    expect("no name", c, "LHLO", "501 5.5.4")
    expect("two names", c, "LHLO a b", "501 5.5.4")
    expect("unknown", c, "XYZZY", "500 5.5.2")
    expect("unknown", c, "", "500 5.5.2")
    expect("NUL", c, b"NOOP\0", "500 5.5.2")
    expect("too long", c, b"NOOP " + b"a" * 100000, "500 5.5.2")
    expect("after it", c, "noop a b c", "250 2.0.0")
    expect("help", c, "HELP", "214 2.0.0")
    c.send(b"lhlo me\r\n")
    lines = []
    while not lines or lines[-1][3:4] == b"-":
        lines.append(c.line())
    report.equal("LHLO", [line[4:] for line in lines[1:]], [
        b"PIPELINING", b"ENHANCEDSTATUSCODES", b"8BITMIME", b"SMTPUTF8",
        b"SIZE 104857600", b"CHUNKING", b"BINARYMIME", b"STARTTLS"])
    expect("bye", c, "QUIT", "221 2.0.0")
    expect_end("closed after QUIT", c)


def sequence():
    new_user("seq")
    c = t.Lmtp()
    expect("no MAIL", c, "RCPT TO:<seq@x>", "503 5.5.1")
    expect("no MAIL", c, "DATA", "503 5.5.1")
    expect("MAIL", c, FROM, "250 2.1.0")
    expect("again", c, FROM, "503 5.5.1")
    expect("no RCPT", c, "DATA", "503 5.5.1")
    expect("arguments", c, "DATA now", "501 5.5.4")
    expect("arguments", c, "RSET now", "501 5.5.4")
    expect("RCPT", c, "RCPT TO:<nobody@x>", "550 5.1.1")
    expect("no RCPT that counts", c, "DATA", "503 5.5.1")
    expect("RSET", c, "RSET", "250 2.0.0")
    expect("after RSET", c, "RCPT TO:<seq@x>", "503 5.5.1")
    expect("MAIL after RSET", c, FROM, "250 2.1.0")
    c.send(b"LHLO again\r\n")
    c.reply()
    expect("after LHLO", c, "RCPT TO:<seq@x>", "503 5.5.1")
    expect("blanks behind", c, "NOOP  ", "250 2.0.0")
    expect("BDAT without MAIL", c, b"BDAT 6 LAST\r\nQUIT", "503 5.5.1")
    expect("and its bytes are gone", c, "NOOP", "250 2.0.0")
    expect("verify", c, "VRFY seq@x", "250 2.1.5 <seq@x>")
    expect("verify", c, "VRFY <seq@x>", "250 2.1.5 <seq@x>")
    expect("verify", c, "VRFY seq", "250 2.1.5 <seq>")
    expect("verify", c, "VRFY nobody@x", "550 5.1.1")
    expect("verify", c, "VRFY", "501 5.1.3")
    expect("verify", c, "VRFY a b", "501 5.1.3")
    c.quit()


def envelope():
    new_user("env")
    c = t.Lmtp()
    for line, wanted in (
            ("MAIL FROM:<>", "250"), ("mail from:<a@b>", "250"),
            ("MAIL FROM: <a@b>", "250"), ("MAIL FROM:<@a,@b:c@d>", "250"),
            ('MAIL FROM:<"a b"@c>', "250"), ("MAIL FROM:<a@[192.0.2.1]>", "250"),
            ("MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME", "250"),
            ("MAIL FROM:<a@b> BODY=7bit", "250"),
            ("MAIL FROM:<ü@b> SMTPUTF8", "250"),
            ("MAIL FROM:<ü@b>", "553 5.6.7"),
            ("MAIL FROM:<\udcff@b> SMTPUTF8", "501 5.1.7"),
            ("MAIL FROM:a@b", "501 5.1.7"), ("MAIL FROM:<a@b", "501 5.1.7"),
            ("MAIL FROM:<a b@c>", "501 5.1.7"), ("MAIL <a@b>", "501 5.1.7"),
            ("MAIL", "501 5.1.7"), ("MAIL FROM:<a@b>SIZE=1", "501 5.5.4"),
            ("MAIL FROM:<a@b> SIZE=x", "501 5.5.4"),
            ("MAIL FROM:<a@b> SIZE=1 SIZE=1", "501 5.5.4"),
            ("MAIL FROM:<a@b> BODY=9BIT", "501 5.5.4"),
            ("MAIL FROM:<a@b> SMTPUTF8=1", "501 5.5.4"),
            ("MAIL FROM:<a@b> RET=FULL", "555 5.5.4"),
            ("MAIL FROM:<a@b> SIZE=104857600", "250"),
            ("MAIL FROM:<a@b> SIZE=104857601", "552 5.3.4"),
            ("MAIL FROM:<a@b> SIZE=99999999999999999999", "552 5.3.4"),
            ("MAIL FROM:<a@b> SIZE=999999999999999999999", "501 5.5.4")):
        expect("sender", c, line.encode("utf-8", "surrogateescape"), wanted)
        c.command("RSET")
    c.command(FROM)
    for line, wanted in (
            ("RCPT TO:<env@x>", "250 2.1.5"), ("rcpt to: <ENV@X>", "250"),
            ("RCPT TO:<@a:env@x>", "250"), ("RCPT TO:<env>", "250"),
            ('RCPT TO:<"env"@x>', "250"), ('RCPT TO:<"e\\nv"@x>', "250"),
            ("RCPT TO:<>", "501 5.1.3"), ("RCPT TO:<env@x", "501 5.1.3"),
            ("RCPT TO:<env@>", "501 5.1.3"), ("RCPT", "501 5.1.3"),
            ("RCPT TO:<env@x> NOTIFY=NEVER", "555 5.5.4"),
            ("RCPT TO:<ü@x>", "553 5.6.7"), ("RCPT TO:<nobody@x>", "550 5.1.1")):
        expect("recipient", c, line, wanted)
        c.command("NOOP")
    c.quit()


def pipelining():
    one, two = new_user("pipe1"), new_user("pipe2")
    c = raw()
    message = b"Subject: piped\r\n\r\nbody\r\n"
    c.send(b"LHLO me\r\n" + FROM.encode() + b"\r\nRCPT TO:<pipe1@x>\r\n"
           b"RCPT TO:<nobody@x>\r\nRCPT TO:<pipe2@x>\r\nDATA\r\n")
    for wanted in ("250 ", "250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5",
                   "354"):
        expect_reply("pipelined", c, wanted)
    c.send(t.data_form(message) + FROM.encode() + b"\r\nQUIT\r\n")
    for wanted in ("250 2.0.0", "250 2.0.0", "250 2.1.0", "221"):
        expect_reply("pipelined behind the message", c, wanted)
    expect_end("closed after QUIT", c)
    report.equal("first", stored(one), [t.expected(message)])
    report.equal("second", stored(two), [t.expected(message)])
    report.equal("one physical message for both", t.sql(
        "SELECT count(DISTINCT m.physmessage_id) FROM dbmail_messages m "
        "JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr "
        "JOIN dbmail_users u ON u.user_idnr = b.owner_idnr "
        "WHERE u.userid LIKE 'pipe%'"), "1\n")


# What other servers take for the end of a message, or for a dot to drop.
SMUGGLED = [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n.\n",
            b"\n\r.\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\n\n.\n\n",
            b"\r\r.\r\r", b"\r\n.\r\r\n", b"\0\n.\r\n"]


def smuggling():
    new_user("smug")
    wanted = []
    c = t.Lmtp()
    for end in SMUGGLED:
        inner = b"MAIL FROM:<evil@x>\r\nRCPT TO:<smug@x>\r\nDATA\r\nx\r\n"
        wire = b"Subject: a\r\n\r\nb" + end + inner
        begin(c, "smug@x")
        c.command("DATA")
        c.send(wire + b".\r\n")
        reply = c.reply()
        report.case("%r ends no message" % end, reply[0] == 250, reply)
        expect("the session is where it was", c, "NOOP", "250 2.0.0 ok")
        # The one dot that a client has to double is the one behind CRLF.
        wanted.append(t.RETURN_PATH + wire.replace(b"\r\n.", b"\r\n"))
        report.equal("as it was sent", stored("smug")[-1:], wanted[-1:])
    c.quit()
    report.equal("as many as were sent", len(stored("smug")), len(SMUGGLED))


def exactness():
    new_user("exact")
    messages = [b"", b"\r\n", b".\r\n", b"..\r\n", b"a", b"a\r\n.\r\n.b\r\n..\r\n",
                b"\0\0\r\n\0", b"Subject: \xff\xfe\r\n\r\n\x80\r\n", b"\n\n\n",
                b"From x\r\nSubject: y\r\n\r\nz\r\n", b"a\r\rb\r\n" * 10]
    c = t.Lmtp()
    wanted = []
    for how in ("data", "bdat"):
        for message in messages:
            reply = c.deliver(["exact@x"], message, how)
            report.case("%s of %r" % (how, message[:20]), reply[0][0] == 250,
                        reply)
            wanted.append(t.expected(message, how))
    report.equal("all byte for byte", stored("exact"), wanted)
    # Byte by byte, each its own segment.
    begin(c, "exact@x")
    c.command("DATA")
    for byte in b"a\r\n..b\n.\r\r\n.\r\n":
        c.send(bytes([byte]))
    expect_reply("byte by byte", c, "250 2.0.0")
    report.equal("byte by byte", stored("exact")[-1],
                 t.RETURN_PATH + b"a\r\n.b\n.\r\r\n")
    c.quit()


def chunks():
    new_user("chunk")
    new_user("chunk2")
    c = t.Lmtp()
    begin(c, "chunk@x", "chunk2@x", parameters=" BODY=BINARYMIME")
    expect("DATA", c, "DATA", "503 5.5.1")
    c.send(b"BDAT 5\r\na\0\r\n.BDAT 3\r\n\r\n.BDAT 0\r\nBDAT 2 LAST\r\n\r\n")
    for wanted in ("250 2.0.0 5", "250 2.0.0 3", "250 2.0.0 0", "250 2.0.0",
                   "250 2.0.0"):
        expect_reply("chunks", c, wanted)
    for user in ("chunk", "chunk2"):
        report.equal("chunks are put together", stored(user),
                     [t.RETURN_PATH + b"a\0\r\n.\r\n.\r\n"])
    begin(c, "chunk@x")
    expect("a chunk", c, b"BDAT 3\r\na", "250 2.0.0 3")
    expect("RCPT between", c, "RCPT TO:<chunk2@x>", "503 5.5.1")
    expect("DATA between", c, "DATA", "503 5.5.1")
    expect("MAIL between", c, FROM, "503 5.5.1")
    expect("NOOP between", c, "NOOP", "250 2.0.0")
    c.send(b"BDAT 0 last\r\n")
    expect_reply("the end", c, "250 2.0.0")
    report.equal("three bytes", stored("chunk")[-1], t.RETURN_PATH + b"a\r\n")
    begin(c, "chunk@x")
    c.send(b"BDAT 4\r\nabcd")
    c.reply()
    expect("RSET", c, "RSET", "250 2.0.0")
    expect("forgotten", c, b"BDAT 4 LAST\r\nzz", "503 5.5.1")
    report.equal("nothing stored", len(stored("chunk")), 2)
    c.close()
    for wrong in ("BDAT", "BDAT x", "BDAT -1", "BDAT 1 FIRST",
                  "BDAT 99999999999999999999"):
        c = t.Lmtp()
        begin(c, "chunk@x")
        expect("wrong chunk", c, wrong, "501 5.5.4")
        expect_end("and the end", c)


def tls():
    new_user("tls")
    c = t.Lmtp()
    expect("STARTTLS", c, "STARTTLS now", "501 5.5.4")
    c.command(FROM)
    c.send(b"STARTTLS\r\nNOOP\r\n")
    expect_reply("STARTTLS", c, "220 2.0.0")
    c.start_tls()
    expect("LHLO is needed again", c, FROM, "503 5.5.1")
    reply = c.command("LHLO me")
    report.case("no STARTTLS inside", "STARTTLS" not in reply[1], reply)
    expect("twice", c, "STARTTLS", "503 5.5.1")
    reply = c.deliver(["tls@x"], b"in TLS\r\n" * 10000)
    report.case("a message", reply[0][0] == 250, reply)
    report.equal("as it was sent", stored("tls"),
                 [t.expected(b"in TLS\r\n" * 10000)])
    c.quit()


def recipients():
    new_user("ann", "-s", "Anna@Example.org", "-s", "both@x", "-s",
             "quoted name@x", "-s", "jürgen@x")
    new_user("ben", "-s", "both@x", "-s", "@catch.example")
    new_user("kim@dom.example")
    t.run("psql", "-XAtq", t.setting("PGCONN"), "-c",
          "INSERT INTO dbmail_aliases (alias, deliver_to) "
          "VALUES ('list@x', 'Both@X')")
    c = t.Lmtp()
    for to, users in (
            ("anna@example.ORG", ["ann"]), ("ANN@anything", ["ann"]),
            ("both@x", ["ann", "ben"]), ("list@x", ["ann", "ben"]),
            ("nobody@catch.example", ["ben"]), ("Kim@DOM.example", [
                "kim@dom.example"]), ("kim+a@dom.example", ["kim@dom.example"]),
            ('"quoted name"@x', ["ann"]), ("both+detail@x", ["ann", "ben"])):
        before = {user: len(stored(user)) for user in (
            "ann", "ben", "kim@dom.example")}
        reply = c.deliver([to], b"to " + to.encode() + b"\r\n")
        got = [user for user in before
               if len(stored(user)) == before[user] + 1]
        report.equal("%s: %r" % (to, reply), got, users)
    expect("another's local part", c, "VRFY kim@elsewhere", "550 5.1.1")
    c.command("MAIL FROM:<a@b> SMTPUTF8")
    expect("UTF-8", c, "RCPT TO:<jürgen@x>", "250 2.1.5")
    expect("UTF-8", c, "VRFY jürgen@x", "252 2.1.5")
    c.command("RSET")
    # Two names of one user: one copy.
    before = len(stored("ann"))
    reply = c.deliver(["ann@x", "anna@example.org", "ann@x"], b"thrice\r\n")
    report.equal("three replies", [r[0] for r in reply], [250, 250, 250])
    report.equal("one copy", len(stored("ann")), before + 1)
    c.quit()


def others_mailboxes():
    """p is what it takes to send mail to another's mailbox by +detail."""
    new_user("poster")
    new_user("posted")
    for create in (None, "[LMTP]\nsubaddress_folder = create"):
        before = t.configure(create) if create else None
        for who, rights, comes_in in (
                (None, None, False), ("poster", "lookup_flag, read_flag, "
                                      "insert_flag, write_flag", False),
                ("poster", "post_flag", True), ("anyone", "post_flag", True)):
            t.sql("DELETE FROM dbmail_acl")
            if who:
                t.sql("INSERT INTO dbmail_acl (user_id, mailbox_id, %s) SELECT "
                    "u.user_idnr, b.mailbox_idnr, %s FROM dbmail_users u, "
                    "dbmail_mailboxes b JOIN dbmail_users o "
                    "ON o.user_idnr = b.owner_idnr WHERE u.userid = '%s' AND "
                    "o.userid = 'posted' AND b.name = 'Sent'" % (
                        rights, ", ".join("1" * len(rights.split(","))), who))
            had = len(stored("posted", "Sent")), len(stored("poster"))
            # Not remembered from before.
            t.run("store-daemon", "restart", "lmtpd")
            c = t.Lmtp()
            reply = c.deliver(["poster+#Users/posted/Sent@x"], 
                              ("%s %s %s\r\n" % (create, who, rights)).encode())
            report.case("taken", reply[0][0] == 250, reply)
            now = len(stored("posted", "Sent")), len(stored("poster"))
            report.equal("%s has %s: where it goes" % (who, rights),
                         (now[0] - had[0], now[1] - had[1]),
                         (1, 0) if comes_in else (0, 1))
            c.quit()
        if create:
            t.restore(before)


def subaddress():
    new_user("sub")
    c = t.Lmtp()
    for to in ("sub+Sent@x", "sub+None@x", "sub+Sent/none@x", "sub+@x",
               "sub+inbox@x", "sub+a%b@x"):
        reply = c.deliver([to], b"a\r\n")
        report.case("to " + to, reply[0][0] == 250, reply)
    c.quit()
    report.equal("folders", (len(stored("sub", "Sent")), len(stored("sub"))),
                 (1, 5))
    before = t.configure("[LMTP]\nsubaddress_folder = create\n"
                       "recipient_delimiter = +-")
    c = t.Lmtp()
    for to in ("sub+New/er@x", "sub-New/er@x", "sub+Sent@x", "sub+a%b@x"):
        reply = c.deliver([to], b"b\r\n")
        report.case("to " + to, reply[0][0] == 250, reply)
    c.quit()
    report.equal("created", (len(stored("sub", "New/er")),
                             len(stored("sub", "Sent")), len(stored("sub"))),
                 (2, 2, 6))
    t.restore(before)
    before = t.configure("[LMTP]\nsubaddress_folder = ignore\n"
                       "[DBMAIL]\nlocal_domains = here.example")
    c = t.Lmtp()
    reply = c.deliver(["sub+Sent@here.example", "sub@x"], b"c\r\n")
    report.equal("ignored, and not local", [r[0] for r in reply], [250, 550])
    report.equal("in INBOX", len(stored("sub")), 7)
    c.quit()
    t.restore(before)


def limits():
    new_user("lim")
    before = t.configure("[DBMAIL]\nmax_message_size = 100000\n"
                       "[LMTP]\nmax_recipients = 100\nmax_errors = 3\n"
                       "bare_line_feed = reject")
    c = t.Lmtp()
    expect("SIZE", c, FROM + " SIZE=100001", "552 5.3.4")
    for how in ("data", "bdat"):
        reply = c.deliver(["lim@x", "lim+a@x"], b"x" * 99998 + b"\r\n", how)
        report.equal("as large as allowed", [r[0] for r in reply], [250, 250])
        reply = c.deliver(["lim@x", "lim+a@x"], b"x" * 99999 + b"\r\n", how)
        report.equal("too large", [(r[0], r[1][0][:5]) for r in reply],
                     [(552, "5.3.4")] * 2)
        reply = c.deliver(["lim@x"], b"x" * 5000000, how)
        report.case("far too large", reply[0][0] == 552, reply)
    begin(c, "lim@x")
    c.send(b"BDAT 100001\r\n" + b"y" * 100001 + b"BDAT 1 LAST\r\ny")
    expect_reply("a chunk too large", c, "552 5.3.4")
    expect_reply("and no message", c, "552 5.3.4")
    reply = c.deliver(["lim@x"], b"a\nb\r\n")
    report.case("bare LF", reply[0][0] == 554, reply)
    reply = c.deliver(["lim@x"], b"a\nb\r\n", "bdat")
    report.case("bare LF in BDAT", reply[0][0] == 250, reply)
    c.command(FROM)
    c.send(b"RCPT TO:<lim@x>\r\n" * 101)
    replies = [c.reply() for _ in range(101)]
    report.equal("recipients", [r[0] for r in replies], [250] * 100 + [452])
    c.command("RSET")
    c.command(FROM)
    for i in range(5):
        expect("unknown users are no errors", c, "RCPT TO:<n%d@x>" % i, "550")
    for _ in range(2):
        expect("an error", c, "WHAT", "500")
    expect("no error", c, "RCPT TO:<lim@x>", "250")
    for _ in range(3):
        expect("an error", c, "WHAT", "500")
    expect_reply("one too many", c, "421 4.7.0")
    expect_end("closed after errors", c)
    t.configure("[LMTP]\ntimeout = 5")
    c = t.Lmtp()
    begin(c, "lim@x")
    c.command("DATA")
    c.send(b"half a mess")
    started = time.monotonic()
    expect_reply("silence", c, "421 4.4.2")
    report.case("after the time", 4 < time.monotonic() - started < t.TIMEOUT)
    expect_end("closed after silence", c)
    report.equal("stored", len(stored("lim")), 3)
    t.restore(before)


def quota():
    new_user("quota", "-m", "1K")
    c = t.Lmtp()
    reply = c.deliver(["quota@x"], b"x" * 2000 + b"\r\n")
    report.case("over quota after the message", reply[0][0] == 452 and
                reply[0][1][0].startswith("4.2.2"), reply)
    reply = c.deliver(["quota@x"], b"x" * 500 + b"\r\n")
    report.case("within", reply[0][0] == 250, reply)
    new_user("rich")
    reply = c.deliver(["rich@x", "quota@x"], b"y" * 600 + b"\r\n")
    report.equal("one of two", [r[0] for r in reply], [250, 452])
    report.equal("stored for one", (len(stored("rich")), len(stored("quota"))),
                 (1, 1))
    t.run("dbmail-users", "-q", "-c", "quota", "-m", "100")
    new_user("few", "-M", "2")
    for number, wanted in enumerate(([250], [250], [452])):
        reply = c.deliver(["few@x"], b"%d\r\n" % number)
        report.equal("message %d of two" % (number + 1),
                     [r[0] for r in reply], wanted)
    reply = c.deliver(["rich@x", "few@x"], b"z\r\n")
    report.equal("one of two", [r[0] for r in reply], [250, 452])
    report.equal("stored for one", len(stored("few")), 2)
    t.run("dbmail-users", "-q", "-c", "few", "-M", "3")
    reply = c.deliver(["few@x"], b"3\r\n")
    report.equal("with more room", [r[0] for r in reply], [250])
    c.quit()
    before = t.configure("[LMTP]\nquota_failure = hard")
    c = t.Lmtp()
    c.command(FROM)
    expect("full already", c, "RCPT TO:<quota@x>", "552 5.2.2")
    c.quit()
    t.restore(before)
    c = t.Lmtp()
    c.command(FROM)
    expect("full already", c, "RCPT TO:<quota@x>", "452 4.2.2")
    c.quit()


def send_and_vanish(to, message):
    """Sends all of it and cuts the connection before a reply can be read."""
    c = t.Lmtp()
    begin(c, to)
    c.command("DATA")
    c.send(t.data_form(message))
    c.close()


def wait_until(what, true):
    if not t.until(true):
        raise RuntimeError("never: " + what)


def remembered():
    """How many deliveries to users dup... are remembered."""
    return int(t.sql("SELECT count(*) FROM dbmail_delivered d "
                     "JOIN dbmail_mailboxes b ON b.mailbox_idnr = d.mailbox_idnr "
                     "JOIN dbmail_users u ON u.user_idnr = b.owner_idnr "
                     "WHERE u.userid LIKE 'dup%'"))


def repeated():
    new_user("dup")
    new_user("dup2")
    message = b"Subject: once\r\n\r\nonly\r\n"
    send_and_vanish("dup@x", message)
    wait_until("delivered", lambda: len(stored("dup")) == 1)
    c = t.Lmtp()
    reply = c.deliver(["dup@x"], message)
    report.case("the retry is welcome", reply[0][0] == 250, reply)
    report.equal("and stores nothing", len(stored("dup")), 1)
    # The client read that reply: next time it is on purpose.
    c.command("NOOP")
    reply = c.deliver(["dup@x"], message)
    report.equal("sent on purpose", (reply[0][0], len(stored("dup"))),
                 (250, 2))
    c.quit()
    c = t.Lmtp()
    reply = c.deliver(["dup@x"], message)
    report.equal("on purpose again", (reply[0][0], len(stored("dup"))),
                 (250, 3))
    c.close()
    # It closed in order with nothing unread: it has read the reply, as the
    # daemon finds when it sees the end.
    wait_until("forgotten", lambda: remembered() == 0)
    c = t.Lmtp()
    reply = c.deliver(["dup@x"], message)
    report.equal("after an orderly end", (reply[0][0], len(stored("dup"))),
                 (250, 4))
    c.quit()
    # The reply came and nobody read it: the machine went down, say.
    c = t.Lmtp()
    begin(c, "dup@x")
    c.command("DATA")
    c.send(t.data_form(message))
    c.socket.recv(1, socket.MSG_PEEK)
    c.close()
    report.equal("delivered, reply unread", len(stored("dup")), 5)
    c = t.Lmtp()
    reply = c.deliver(["dup@x", "dup2@x"], message)
    report.equal("lost for one, new for the other",
                 ([r[0] for r in reply], len(stored("dup")),
                  len(stored("dup2"))), ([250, 250], 5, 1))
    reply = c.deliver(["dup@x"], message, sender="other@example.org")
    report.equal("another sender", (reply[0][0], len(stored("dup"))), (250, 6))
    c.quit()
    report.equal("nothing is remembered that need not be", remembered(), 0)
    # A client that never waits: the next message shows that it has read.
    c = t.Lmtp()
    begin(c, "dup@x")
    c.command("DATA")
    c.send(t.data_form(message) + FROM.encode() +
           b"\r\nRCPT TO:<dup@x>\r\nDATA\r\n")
    for wanted in ("250", "250", "250", "354"):
        expect_reply("pipelined", c, wanted)
    c.send(t.data_form(message))
    expect_reply("pipelined", c, "250")
    report.equal("both are there", len(stored("dup")), 8)
    c.quit()
    before = t.configure("[LMTP]\nduplicate_window = 0")
    send_and_vanish("dup2@x", message)
    wait_until("delivered", lambda: len(stored("dup2")) == 2)
    c = t.Lmtp()
    c.deliver(["dup2@x"], message)
    report.equal("turned off", len(stored("dup2")), 3)
    c.quit()
    t.restore(before)


def trace():
    new_user("tr1")
    new_user("tr2")
    before = t.configure("[LMTP]\nadd_delivered_to = yes\nadd_received = yes")
    message = (b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n" +
               b"shared\r\n" * 100 + b"\r\n--c--\r\n")
    c = t.Lmtp()
    reply = c.deliver(["tr1@x", "tr2@x"], message)
    report.equal("two with traces", [r[0] for r in reply], [250, 250])
    c.quit()
    for user in ("tr1", "tr2"):
        got = stored(user)[0]
        head = (t.RETURN_PATH + b"Delivered-To: " + user.encode() +
                b"@x\r\nReceived: from test.example.org ([127.0.0.1])\r\n"
                b"\tby localhost with LMTP id ")
        report.case("fields of " + user, got.startswith(head), got[:300])
        report.case("and the message", got.endswith(b"\r\n" + message), got)
    report.equal("they share the body", t.sql(
        "SELECT count(*) FROM dbmail_mimeparts "
        "WHERE data = convert_to(repeat(E'shared\\r\\n', 100), 'utf8')"),
        "1\n")
    t.restore(before)


def database_away():
    new_user("away")
    new_user("away2")
    c = t.Lmtp()
    begin(c, "away@x")
    c.command("RSET")
    before = t.configure("[DBMAIL]\ndb_wait = 1")
    c = t.Lmtp()
    begin(c, "away@x")
    t.run("store-daemon", "stop", "postmaster")
    expect("a look-up", c, "RCPT TO:<away2@x>", "451 4.3.0")
    c.command("DATA")
    c.send(t.data_form(b"try again\r\n"))
    expect_reply("a delivery", c, "451 4.3.0")
    t.run("store-daemon", "start", "postmaster")
    wait_until("the database is back", lambda: c.deliver(
        ["away@x"], b"try again\r\n")[0][0] == 250)
    c.quit()
    report.equal("one copy", len(stored("away")), 1)
    t.restore(before)


def drain():
    idle = t.Lmtp()
    busy = t.Lmtp()
    new_user("drain")
    begin(busy, "drain@x")
    busy.command("DATA")
    busy.send(b"half")
    pid = int(t.run("store-daemon", "pid", "lmtpd"))
    os.kill(pid, signal.SIGTERM)
    expect_reply("an idle session", idle, "421 4.3.2")
    expect_end("is closed", idle)
    busy.send(b" and half\r\n.\r\n")
    expect_reply("a busy one ends its message", busy, "250 2.0.0")
    expect_reply("and then is told", busy, "421 4.3.2")
    expect_end("and closed", busy)
    report.equal("stored", stored("drain"),
                 [t.RETURN_PATH + b"half and half\r\n"])
    t.run("store-daemon", "restart", "lmtpd")


for case in (hello, sequence, envelope, pipelining, smuggling, exactness,
             chunks, tls, recipients, others_mailboxes, subaddress, limits, quota, repeated,
             trace, database_away, drain):
    report.note(case.__name__)
    case()
report.end()
