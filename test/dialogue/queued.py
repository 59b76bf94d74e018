#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dbmail-queued: mail goes out whole, once, again later, or back."""

import email
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import smtpsink  # noqa: E402

report = t.Report()
PLAIN = b"Subject: plain\r\n\r\nbody\r\n"
STORE = t.setting("STORE")
CERTIFICATE = (os.path.join(STORE, "cert.pem"), os.path.join(STORE, "key.pem"))


def rows(query):
    return [line.split("|") for line in t.sql(query).split("\n") if line]


def wake():
    """As the deliverer does when it has queued something."""
    t.sql("NOTIFY dbmail_mailbox, '-2'")


def queue(message, recipient="to@example.net", sender="from@example.org",
          kind="redirect"):
    """Puts a mail into the queue; its id."""
    identity = t.sql("""
        INSERT INTO dbmail_outbound_queue (kind, sender, recipient, message)
        VALUES ('%s', '%s', '%s', '\\x%s') RETURNING id""" % (
            kind, sender.replace("'", "''"), recipient.replace("'", "''"),
            message.hex())).strip()
    wake()
    return identity


def until(what, test):
    """Waits for the database, or the log, to say so."""
    if not t.until(test):
        report.case("never: " + what, False)


def column(identity, name):
    return t.sql("SELECT %s FROM dbmail_outbound_queue WHERE id = %s" % (
        name, identity)).strip()


def status(identity, wanted):
    t.until(lambda: column(identity, "status") == wanted)
    return column(identity, "status")


def empty():
    t.sql("DELETE FROM dbmail_outbound_queue")


class Daemon:
    """A dbmail-queued with settings of its own beside the store's."""

    number = 0

    def __init__(self, **settings):
        Daemon.number += 1
        name = os.path.join(STORE, "queued%d" % Daemon.number)
        self.conf, self.log = name + ".conf", name + ".log"
        self.configure(**settings)
        self.process = None
        self.start()

    def configure(self, **settings):
        with open(t.setting("CONF"), encoding="utf-8") as file:
            lines = [file.read(), "[QUEUE]"]
        settings.setdefault("smtp_host", "127.0.0.1")
        settings.setdefault("smtp_tls", "none")
        settings.setdefault("smtp_timeout", 20)
        lines += ["%s = %s" % item for item in settings.items()]
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["dbmail-queued", "-v", "-f", self.conf], stdout=log,
                stderr=log)

    def reload(self, **settings):
        self.configure(**settings)
        before = self.said().count("event=reload")
        self.process.send_signal(signal.SIGHUP)
        until("reload", lambda: self.said().count("event=reload") > before)

    def said(self):
        return t.read(self.log).decode(errors="replace")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(t.TIMEOUT)


# --- exact bytes -----------------------------------------------------------------

EXACT = (
    ("plain", PLAIN, PLAIN),
    ("empty", b"", b""),
    ("no final line end", b"Subject: x\r\n\r\nbody", b"Subject: x\r\n\r\nbody\r\n"),
    ("dots", b".\r\n..\r\n.a\r\n...\r\n.\r\n", b".\r\n..\r\n.a\r\n...\r\n.\r\n"),
    ("8-bit", b"Subject: x\r\n\r\n\xe9\xff\x80\r\n", b"Subject: x\r\n\r\n\xe9\xff\x80\r\n"),
    ("line feeds", b"Subject: x\n\n.\nb\n", b"Subject: x\r\n\r\n.\r\nb\r\n"),
    ("a smuggled end", b"Subject: x\r\n\r\na\n.\r\nMAIL FROM:<x@y>\r\nb\r.\r\nc\n.\nd\r\n",
     b"Subject: x\r\n\r\na\r\n.\r\nMAIL FROM:<x@y>\r\nb .\r\nc\r\n.\r\nd\r\n"),
    ("NUL", b"a\0\r\n", b"a\0\r\n"),
    ("long line", b"x: " + b"y" * 5000 + b"\r\n", b"x: " + b"y" * 5000 + b"\r\n"),
    ("3 MB", b"Subject: x\r\n\r\n" + b".0123456789\r\n" * 250000,
     b"Subject: x\r\n\r\n" + b".0123456789\r\n" * 250000),
)


def exact_bytes():
    sink = smtpsink.Sink()
    daemon = Daemon(smtp_port=sink.port)
    for what, message, wanted in EXACT:
        before = len(sink.mails)
        identity = sql_large(message)
        mails = sink.wait(before + 1)
        if report.case("%s: arrives" % what, len(mails) == before + 1):
            report.equal("%s: exact" % what, mails[-1].data, wanted)
            report.equal("%s: noted" % what, status(identity, "sent"), "sent")
    report.case("line ends are told of",
                'line_ends="put right"' in daemon.said())
    mail = sink.mails[4]
    report.case("8BITMIME and SIZE", "BODY=8BITMIME" in mail.parameters and
                any(p.startswith("SIZE=") for p in mail.parameters),
                mail.parameters)
    report.equal("nothing asked of plain mail", [
        p for p in sink.mails[0].parameters if not p.startswith("SIZE=")], [])
    report.equal("sender and recipient",
                 (mail.sender, mail.recipient),
                 ("from@example.org", "to@example.net"))
    report.equal("status 0", daemon.stop(), 0)
    sink.close()

    sink = smtpsink.Sink(smtpsink.BINARY)
    daemon = Daemon(smtp_port=sink.port)
    for what, message, _ in EXACT:
        before = len(sink.mails)
        sql_large(message)
        mails = sink.wait(before + 1)
        if not report.case("BINARYMIME, %s: arrives" % what,
                           len(mails) == before + 1):
            continue
        wanted = message
        if not mails[-1].chunked and message and not message.endswith(b"\n"):
            wanted += b"\r\n"
        report.equal("BINARYMIME, %s: exact" % what, mails[-1].data, wanted)
    report.equal("chunks only where they are needed",
                 [mail.chunked for mail in sink.mails],
                 [False] * 5 + [True] * 4 + [False])
    daemon.stop()
    sink.close()
    empty()


def sql_large(message):
    """Too large for a command line."""
    out = t.run("psql", "-XAtq", t.setting("PGCONN"), data=(
        """INSERT INTO dbmail_outbound_queue (kind, sender, recipient, message)
        VALUES ('redirect', 'from@example.org', 'to@example.net', '\\x%s')
        RETURNING id; NOTIFY dbmail_mailbox, '-2';""" % message.hex()
    ).encode())
    return out.decode().strip()


# --- addresses -------------------------------------------------------------------

def addresses():
    sink = smtpsink.Sink()
    daemon = Daemon(smtp_port=sink.port)
    cases = (
        ("null sender", "", "to@example.net", "sent"),
        ("quoted", '"a b"@example.org', '"<x>"@example.net', "sent"),
        ("UTF-8", "from@example.org", "jürgen@example.net", "sent"),
        ("a second command", "a@b", "c@d>\r\nRCPT TO:<e@f", "failed"),
        ("parameters", "a@b> SIZE=1 X=<y", "c@d", "failed"),
        ("line feed", "a@b\n", "c@d", "failed"),
    )
    for what, sender, recipient, wanted in cases:
        identity = queue(PLAIN, recipient, sender)
        report.equal(what, status(identity, wanted), wanted)
    mails = sink.wait(3)
    report.equal("addresses as they are",
                 [(mail.sender, mail.recipient) for mail in mails[:3]],
                 [case[1:3] for case in cases[:3]])
    report.case("SMTPUTF8 asked for", "SMTPUTF8" in mails[2].parameters)
    # An address that cannot be written to is not told of it either.
    report.equal("nothing else arrived", {
        mail.recipient for mail in sink.mails[3:]} - {"a@b"}, set())
    report.equal("nothing asked of RCPT", [
        mail.recipient_parameters for mail in mails], [[]] * len(mails))
    sink.abilities = smtpsink.ALL + ("DSN",)
    daemon.reload(smtp_port=sink.port, smtp_timeout=18)
    for kind in ("vacation", "redirect"):
        identity = queue(PLAIN, kind + "@example.net", "", kind)
        status(identity, "sent")
    report.equal("no notices of a vacation's answer", [
        (mail.recipient, mail.recipient_parameters)
        for mail in sink.mails[-2:]],
                 [("vacation@example.net", ["NOTIFY=NEVER"]),
                  ("redirect@example.net", [])])
    sink.abilities = ("SIZE",)
    daemon.reload(smtp_port=sink.port, smtp_timeout=19)
    identity = queue(PLAIN, "jürgen@example.net", "")
    report.equal("no SMTPUTF8", status(identity, "failed"), "failed")
    report.case("and why", "SMTPUTF8" in column(identity, "last_error"))
    identity = queue(b"\r\n\xe9\r\n", sender="")
    report.equal("no 8BITMIME", status(identity, "failed"), "failed")
    report.case("and why", "8BITMIME" in column(identity, "last_error"))
    daemon.stop()
    sink.close()
    empty()


# --- refusals ----------------------------------------------------------------------

def refusals():
    sink = smtpsink.Sink()
    daemon = Daemon(smtp_port=sink.port)
    later, never = "451 4.7.1 not now", "550 5.7.1 not here"
    for stage in ("mail", "rcpt", "data", "dot"):
        sink.on(stage, later)
        identity = queue(PLAIN)
        until("deferred", lambda: column(identity, "last_error") != "")
        report.equal("%s: later" % stage, rows("""
            SELECT status, attempts, last_error,
                   round(extract(epoch FROM next_attempt - last_attempt) / 60)
              FROM dbmail_outbound_queue WHERE id = %s""" % identity),
                     [["pending", "1", later, "1"]])
        sink.usual()
        sink.on(stage, None)
        count = len(sink.mails)
        t.sql("UPDATE dbmail_outbound_queue SET next_attempt = now()")
        wake()
        report.equal("%s: then sent" % stage, status(identity, "sent"), "sent")
        report.equal("%s: once" % stage, len(sink.mails), count + 1)
        empty()
    for stage in ("mail", "rcpt", "data", "dot"):
        sink.on(stage, never, None)
        count = len(sink.mails)
        identity = queue(PLAIN)
        report.equal("%s: never" % stage, status(identity, "failed"), "failed")
        report.equal("%s: why" % stage, column(identity, "last_error"), never)
        notice = sink.wait(count + 1)[-1]
        check_notice(stage, notice, never)
        sink.usual()
        until("all out", lambda: rows(
            "SELECT id FROM dbmail_outbound_queue WHERE status = 'pending' "
            "OR status = 'sending'") == [])
        empty()
    # The schedule: n attempts are followed by n * n minutes.
    sink.on("rcpt", later)
    identity = queue(PLAIN)
    for attempt in range(2, 5):
        until("tried", lambda: column(
            identity, "status = 'pending' AND attempts = %d" % (
                attempt - 1)) == "t")
        t.sql("UPDATE dbmail_outbound_queue SET next_attempt = now()")
        wake()
        until("tried", lambda: column(
            identity, "status = 'pending' AND attempts = %d" % attempt) == "t")
        report.equal("after %d attempts" % attempt, column(
            identity,
            "round(extract(epoch FROM next_attempt - last_attempt) / 60)"),
            str(attempt * attempt))
    # The last attempt, or old age, makes it fail.
    count = len(sink.mails)
    t.sql("UPDATE dbmail_outbound_queue SET next_attempt = now(), attempts = 26")
    sink.on("rcpt", later, None)
    wake()
    report.equal("too many attempts", status(identity, "failed"), "failed")
    notice = sink.wait(count + 1)[-1]
    report.case("is told as 5.4.7", b"Status: 5.4.7" in notice.data)
    sink.on("rcpt", later, None)
    identity = t.sql("""INSERT INTO dbmail_outbound_queue
        (kind, sender, recipient, message, created)
        VALUES ('redirect', '', 'old@example.net', 'x', now() - interval '5 days')
        RETURNING id""").strip()
    wake()
    report.equal("too old", status(identity, "failed"), "failed")
    report.equal("a null sender is told nothing", rows(
        "SELECT id FROM dbmail_outbound_queue WHERE id > %s" % identity), [])
    sink.on("rcpt", never, None)
    identity = queue(b"Auto-Submitted: auto-replied\r\n" + PLAIN)
    report.equal("automatic mail", status(identity, "failed"), "failed")
    report.equal("is not answered", rows(
        "SELECT id FROM dbmail_outbound_queue WHERE id > %s" % identity), [])
    daemon.stop()
    sink.close()
    empty()


def check_notice(stage, notice, why):
    message = email.message_from_bytes(notice.data)
    report.equal("%s: notice" % stage,
                 (notice.sender, notice.recipient, message["To"],
                  message["Auto-Submitted"], message.get_content_type(),
                  message.get_param("report-type")),
                 ("", "from@example.org", "from@example.org", "auto-replied",
                  "multipart/report", "delivery-status"))
    parts = message.get_payload()
    fields = parts[1].get_payload()
    report.equal("%s: status" % stage, (
        parts[1].get_content_type(), fields[1]["Final-Recipient"],
        fields[1]["Action"], fields[1]["Status"],
        fields[1]["Diagnostic-Code"]), (
            "message/delivery-status", "rfc822; to@example.net", "failed",
            "5.7.1", "smtp; " + why))
    report.case("%s: header" % stage, "Subject: plain" in
                parts[2].get_payload() and "body" not in
                parts[2].get_payload())


# --- connections -------------------------------------------------------------------

def connections():
    sink = smtpsink.Sink()
    # Nobody listens: an attempt is counted, all is tried again when it works.
    number = sink.port
    sink.close()
    daemon = Daemon(smtp_port=number, concurrency=1)
    identity = queue(PLAIN)
    until("tried", lambda: column(identity, "last_error") != "")
    report.case("unreachable", "cannot connect to 127.0.0.1" in
                column(identity, "last_error"), column(identity, "last_error"))
    sink = smtpsink.Sink(number=number)
    t.sql("UPDATE dbmail_outbound_queue SET next_attempt = now()")
    wake()
    report.equal("reached again", status(identity, "sent"), "sent")
    # As many failures as workers are one: the pause is the first, a second.
    daemon.stop()
    sink.close()
    daemon = Daemon(smtp_port=number, concurrency=20)
    fill(20)
    until("tried", lambda: rows(
        "SELECT id FROM dbmail_outbound_queue WHERE status <> 'sent' "
        "AND coalesce(last_error, '') = ''") == [])
    sink = smtpsink.Sink(number=number)
    t.sql("UPDATE dbmail_outbound_queue SET next_attempt = now() "
          "WHERE status = 'pending'")
    wake()
    begun = time.monotonic()
    until("several", lambda: left() == 0)
    report.case("a failure that all see at once pauses them once",
                time.monotonic() - begun < 40,
                "%.1f s" % (time.monotonic() - begun))
    daemon.stop()
    daemon = Daemon(smtp_port=number, concurrency=1)
    # One connection for several; one that was cut in between is no failure.
    sessions = sink.sessions
    fill(5)
    until("several", lambda: left() == 0)
    report.case("connections are used again", sink.sessions <= sessions + 1,
                "%d for 5" % (sink.sessions - sessions))
    for session in list(sink.open):
        session.cut()
    identity = queue(PLAIN)
    report.equal("a stale connection", (status(identity, "sent"),
                                        column(identity, "attempts")),
                 ("sent", "1"))
    # At the dot: before it nothing was taken, after it that is unknown.
    sink.on("content", smtpsink.drop)
    identity = sql_large(b"Subject: cut\r\n\r\n" + b"0123456789\r\n" * 100000)
    until("tried", lambda: column(identity, "last_error") != "")
    report.equal("cut before the end", column(identity, "status"), "pending")
    sink.usual()
    count = len(sink.mails)
    sink.on("dot", smtpsink.accept_and_drop, None)
    identity = queue(b"Message-ID: <same@x>\r\n" + PLAIN)
    until("tried", lambda: column(identity, "last_error") != "")
    report.equal("cut after the end", column(identity, "status"), "pending")
    t.sql("UPDATE dbmail_outbound_queue SET next_attempt = now() "
        "WHERE id = %s" % identity)
    wake()
    status(identity, "sent")
    report.equal("is sent again with the same bytes",
                 [mail.data for mail in sink.mails[count:]],
                 [b"Message-ID: <same@x>\r\n" + PLAIN] * 2)
    sink.on("connect", "554 5.3.2 not you", None)
    sink.on("mail", "421 4.3.2 closing", None)
    identity = queue(PLAIN)
    until("tried", lambda: column(identity, "last_error") != "")
    report.case("a greeting of 554 is no fault of the mail",
                column(identity, "status") == "pending",
                column(identity, "last_error"))
    # It stops while a mail is under way: that one is finished.
    sink.usual()
    is_there, go_on = threading.Event(), threading.Event()

    def slow(_session, _mail):
        is_there.set()
        go_on.wait(t.TIMEOUT)

    sink.on("dot", slow, None)
    daemon.reload(smtp_port=number, concurrency=1)
    identity = queue(PLAIN)
    is_there.wait(t.TIMEOUT)
    daemon.process.terminate()
    until("stopping", lambda: "event=stopping" in daemon.said())
    go_on.set()
    report.equal("ends with 0", daemon.process.wait(t.TIMEOUT), 0)
    report.equal("what was under way is finished",
                 column(identity, "status"), "sent")
    sink.close()
    empty()


# --- TLS, AUTH ---------------------------------------------------------------------

def secure():
    secret = os.path.join(STORE, "smtp-password")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("pass word\n")
    users = {"joe": "pass word"}
    wrong = dict(users, joe="other")
    log_in = {"smtp_user": "joe", "smtp_password_file": secret}
    ca = {"smtp_ca": CERTIFICATE[0]}
    cases = (
        ("offered", {}, {"smtp_tls": "offered"}, "sent", True),
        ("none", {}, {"smtp_tls": "none"}, "sent", False),
        ("required", {}, dict(ca, smtp_tls="required"), "sent", True),
        ("required by name", {},
         dict(ca, smtp_tls="required", smtp_host="localhost"), "sent", True),
        ("unknown authority", {}, {"smtp_tls": "required"}, "pending", None),
        ("required of one without", {"certificate": None},
         dict(ca, smtp_tls="required"), "pending", None),
        ("implicit", {"implicit": True}, dict(ca, smtp_tls="implicit"),
         "sent", True),
        ("AUTH PLAIN", {"users": users},
         dict(ca, smtp_tls="required", **log_in), "sent", True),
        ("AUTH LOGIN", {"users": dict(users, mechanisms=["LOGIN"])},
         dict(ca, smtp_tls="required", **log_in), "sent", True),
        ("wrong password", {"users": wrong},
         dict(ca, smtp_tls="required", **log_in), "pending", None),
        ("no password", {"users": users}, dict(ca, smtp_tls="required"),
         "pending", None),
    )
    for what, how, settings, wanted, is_tls in cases:
        options = {"certificate": CERTIFICATE}
        options.update(how)
        sink = smtpsink.Sink(**options)
        daemon = Daemon(smtp_port=sink.port, **settings)
        identity = queue(PLAIN)
        until("tried", lambda: column(
            identity, "status = 'sent' OR last_error <> ''") == "t")
        report.equal("TLS: " + what, column(identity, "status"), wanted)
        if wanted == "sent":
            report.equal("TLS: %s: inside" % what, sink.mails[0].tls, is_tls)
            report.equal("TLS: %s: user" % what, sink.mails[0].user,
                         settings.get("smtp_user"))
        else:
            report.note(column(identity, "last_error"))
        report.case("TLS: %s: no password in the log" % what,
                    "pass word" not in daemon.said())
        daemon.stop()
        sink.close()
        empty()
    done = subprocess.run(
        ["dbmail-queued", "-f", daemon.conf, "--dump-config"],
        stdout=subprocess.PIPE, check=False)
    report.case("--dump-config", done.returncode == 0 and
                b"[QUEUE]" in done.stdout and b"pass word" not in done.stdout)
    daemon.configure(smtp_user="joe", smtp_password_file="/no/such")
    done = subprocess.run(["dbmail-queued", "-f", daemon.conf],
                          stderr=subprocess.PIPE, check=False)
    report.equal("no password file: status", done.returncode, 78)
    report.case("no password file: why", b"smtp_password_file" in done.stderr)


# --- sendmail ----------------------------------------------------------------------

SCRIPT = """#!/bin/sh
out=%s
printf '%%s\\n' "$@" >"$out/arguments"
cat >"$out/message"
status=$(cat "$out/status")
echo "the program says $status"
exit "$status"
"""


def program():
    folder = os.path.join(STORE, "sendmail")
    os.mkdir(folder)
    path = os.path.join(folder, "sendmail")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCRIPT % folder)
    os.chmod(path, stat.S_IRWXU)
    daemon = Daemon(transport="sendmail", sendmail=path)
    message = b"Subject: x\r\n\r\n.\r\n\xe9\r\nend"

    def ends(number):
        with open(os.path.join(folder, "status"), "w",
                  encoding="utf-8") as file:
            file.write(str(number))

    for number, wanted in ((0, "sent"), (75, "pending"), (67, "failed"),
                           (1, "failed")):
        ends(number)
        identity = queue(message, "-oQ/tmp@example.net", "")
        until("tried", lambda: column(
            identity, "status <> 'sending' AND last_error <> ''") == "t")
        report.equal("sendmail ends with %d" % number,
                     column(identity, "status"), wanted)
        report.case("sendmail ends with %d: what it said" % number,
                    "the program says %d" % number in
                    column(identity, "last_error"),
                    column(identity, "last_error"))
    report.equal("arguments", t.read(os.path.join(folder, "arguments")),
                 b"-i\n-f\n<>\n--\n-oQ/tmp@example.net\n")
    report.equal("its input", t.read(os.path.join(folder, "message")),
                 message.replace(b"\r\n", b"\n"))
    os.unlink(path)
    identity = queue(message)
    until("tried", lambda: column(identity, "last_error") != "")
    report.case("no program", column(identity, "status") == "pending" and
                "No such file" in column(identity, "last_error"))
    daemon.stop()
    empty()


# --- the tool, and a delivery ----------------------------------------------------

def util(what, wanted, *words):
    done = subprocess.run(["dbmail-util", "queue", *words],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    report.equal("queue %s: status" % what, done.returncode, wanted)
    return done.stdout


def tool():
    empty()
    first = queue(PLAIN, "one@example.net")
    second = queue(PLAIN, "two\u2028@example.net", "")
    t.sql("UPDATE dbmail_outbound_queue SET status = 'failed', "
        "last_error = E'no\\tsuch' WHERE id = %s" % second)
    for words in ((), ("list",)):
        lines = util("list", 0, *words).decode().split("\n")
        fields = [line.split("\t") for line in lines[:2]]
        report.equal("list", [row[:4] + row[6:] for row in fields], [
            [first, "pending", "redirect", "0", "24", "", "from@example.org",
             "one@example.net", ""],
            [second, "failed", "redirect", "0", "24", "", "",
             "two\u2028@example.net", "no such"]])
        report.equal("totals", lines[2], "1 pending, 0 being sent, 0 sent, "
                     "1 failed; 24 bytes wait")
    report.equal("show", util("show", 0, "show", first), PLAIN)
    util("show of none", 67, "show", "0")
    util("retry", 0, "retry", second)
    report.equal("retry", column(second, "status"), "pending")
    util("retry all", 0, "retry", "all")
    util("retry of none", 67, "retry", "0")
    util("remove", 0, "remove", first, second)
    report.equal("removed", rows("SELECT id FROM dbmail_outbound_queue"), [])
    util("remove of none", 67, "remove", first)
    trims()
    for words in (("retry",), ("remove", "x"), ("remove", "all"), ("show",),
                  ("show", "1", "2"), ("list", "1"), ("other",)):
        util(" ".join(words), 64, *words)


def trims():
    """What is over goes without a daemon too, however much it is."""
    t.sql("""INSERT INTO dbmail_outbound_queue
        (kind, status, sender, recipient, message, last_attempt)
        SELECT 'redirect', CASE WHEN i % 2 = 0 THEN 'sent' ELSE 'failed' END,
               '', 'x@example.net', 'x', now() - interval '1 hour' * i
          FROM generate_series(0, 4799) AS i""")
    done = subprocess.run(["dbmail-util", "purge"], stdout=subprocess.PIPE,
                          check=True)
    gone = 2400 - 36 + 2400 - 360
    report.case("purge says so", b" %d mails that had" % gone in done.stdout,
                done.stdout)
    report.equal("what is younger stays", rows(
        "SELECT status, count(*) FROM dbmail_outbound_queue GROUP BY 1 "
        "ORDER BY 1"), [["failed", "360"], ["sent", "36"]])
    empty()


def delivery():
    """What a script sends leaves at once: its daemon is told."""
    script = os.path.join(STORE, "redirect.sieve")
    with open(script, "w", encoding="utf-8") as file:
        file.write('redirect "away@example.net";\n')
    t.run("dbmail-users", "-a", "mover", "-W", "-", data=b"secret\n")
    t.run("dbmail-sievecmd", "-u", "mover", "-i", "all", script)
    t.run("dbmail-sievecmd", "-u", "mover", "-a", "all")
    sink = smtpsink.Sink()
    daemon = Daemon(smtp_port=sink.port, poll=3600)
    until("ready", lambda: "event=working" in daemon.said())
    lmtp = t.Lmtp()
    # At once: the daemon looks by itself after an hour only.
    for number in range(3):
        lmtp.deliver([t.address("mover")], b"Subject: %d\r\n\r\nx\r\n" % number)
        mails = sink.wait(number + 1)
        if report.equal("redirected at once", len(mails), number + 1):
            report.equal("to", mails[-1].recipient, "away@example.net")
            report.case("whole", mails[-1].data.endswith(
                b"Subject: %d\r\n\r\nx\r\n" % number), mails[-1].data)
    lmtp.quit()
    daemon.stop()
    sink.close()
    empty()


# --- many, and crashes ---------------------------------------------------------------

def fill(count):
    """Mails that can be told apart, all at once."""
    t.sql("""INSERT INTO dbmail_outbound_queue (kind, sender, recipient, message)
        SELECT 'redirect', 'from@example.org', 'to' || i || '@example.net',
               convert_to('Subject: ' || i || E'\\r\\n\\r\\n' ||
                          repeat(E'0123456789\\r\\n', 200), 'UTF8')
          FROM generate_series(1, %d) AS i""" % count)
    wake()


def left():
    return int(t.sql("SELECT count(*) FROM dbmail_outbound_queue "
                   "WHERE status <> 'sent'"))


def together():
    """Each daemon has a sink of its own, and all mail is held there until each
    has some: who is early must not take everything."""
    sinks = [smtpsink.Sink() for _ in range(3)]
    reached, all_have = set(), threading.Event()

    def hold(session, _text):
        reached.add(session.sink)
        if len(reached) == len(sinks):
            all_have.set()
        all_have.wait(t.TIMEOUT)

    for sink in sinks:
        sink.on("mail", hold)
    daemons = [Daemon(smtp_port=sink.port) for sink in sinks]
    begun = time.monotonic()
    fill(200)
    until("settled", lambda: left() == 0)
    report.note("200 mails, 3 daemons: %.1f s" % (time.monotonic() - begun))
    for daemon in daemons:
        report.equal("status 0", daemon.stop(), 0)
    report.equal("every mail exactly once", sorted(
        mail.recipient for sink in sinks for mail in sink.mails), sorted(
            "to%d@example.net" % i for i in range(1, 201)))
    report.case("each had some", all(sink.mails for sink in sinks))
    for sink in sinks:
        sink.close()
    empty()


def crashes():
    """kill -9 at any moment: at least once; exactly once where the sink was
    never at the dot."""
    sink = smtpsink.Sink()
    # Slow enough that there are moments to be killed in.
    for stage in ("mail", "dot"):
        sink.on(stage, lambda _session, _text: time.sleep(0.02))
    daemon = Daemon(smtp_port=sink.port)
    count = 300
    fill(count)
    chance = random.Random(4)
    deadline = time.monotonic() + 20
    kills = 0
    while time.monotonic() < deadline and left() > 0:
        # A moment that nothing announces is the point of it.
        time.sleep(chance.uniform(0.05, 0.4))
        daemon.kill()
        kills += 1
        # The time that leases and hand-overs last, gone in a moment.
        t.sql("UPDATE dbmail_outbound_queue SET lease_until = now() "
            "WHERE status = 'sending'")
        daemon.start()
    until("all out", lambda: left() == 0)
    daemon.stop()
    report.note("%d kills, %d mails, %d arrivals" % (
        kills, count, len(sink.mails)))
    report.equal("every mail at least once", sorted({
        mail.recipient for mail in sink.mails}), sorted(
            "to%d@example.net" % i for i in range(1, count + 1)))
    report.case("no more arrive twice than could be in the air",
                len(sink.mails) - count <= 4 * kills,
                "%d arrivals" % len(sink.mails))
    sink.close()
    empty()


class Stop:
    """An action of the sink that says when it is there and then waits, each
    for its own moment."""

    def __init__(self):
        self.is_there = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, _session, _text):
        self.is_there.set()
        self.may_go_on.wait()

    def wait(self):
        if not self.is_there.wait(t.TIMEOUT):
            raise TimeoutError("the sink never came to its stop")


class StopAtTheEnd(Stop):
    """Has the whole mail, and never answers."""

    def __call__(self, session, mail):
        session.sink.keep(mail)
        super().__call__(session, mail)
        raise smtpsink.Drop


LARGE = b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 2000000


def end_leases():
    t.sql("UPDATE dbmail_outbound_queue SET lease_until = now() "
        "WHERE status = 'sending'")


def crash_before_the_end():
    sink = smtpsink.Sink()
    stop = Stop()
    sink.on("content", stop)
    daemon = Daemon(smtp_port=sink.port, concurrency=1)
    identity = sql_large(LARGE)
    stop.wait()
    daemon.kill()
    report.equal("killed before the end: not handed over",
                 column(identity, "status || (handed_over IS NULL)::text"),
                 "sendingtrue")
    report.case("killed before the end: due within half a minute", float(
        column(identity, "extract(epoch FROM lease_until - now())")) <= 30)
    sink.usual()
    stop.may_go_on.set()
    end_leases()
    daemon.start()
    report.equal("killed before the end: sent", status(identity, "sent"),
                 "sent")
    report.equal("killed before the end: exactly once", len(sink.mails), 1)
    crash_at_the_end(sink, daemon)
    lose_lease(sink, daemon)
    daemon.stop()
    sink.close()
    empty()


def crash_at_the_end(sink, daemon):
    """At the dot nobody can know: later, and not at once."""
    stop = StopAtTheEnd()
    sink.on("dot", stop)
    identity = queue(PLAIN)
    stop.wait()
    daemon.kill()
    report.equal("killed at the end: handed over",
                 column(identity, "status || (handed_over IS NULL)::text"),
                 "sendingfalse")
    report.case("killed at the end: later", float(
        column(identity, "extract(epoch FROM lease_until - now())")) > 60)
    sink.usual()
    stop.may_go_on.set()
    end_leases()
    daemon.start()
    report.equal("killed at the end: sent", status(identity, "sent"), "sent")
    report.equal("killed at the end: the same bytes", [
        mail.data for mail in sink.mails[1:]], [PLAIN] * 2)
    report.case("killed at the end: told of", "may have been sent before" in
                daemon.said())


def lose_lease(sink, daemon):
    """One whose lease another took must not send the end."""
    stop = Stop()
    sink.on("content", stop)
    count = len(sink.mails)
    identity = sql_large(LARGE)
    stop.wait()
    report.equal("a lost lease: it was held", t.sql(
        "UPDATE dbmail_outbound_queue SET attempts = attempts + 1 "
        "WHERE id = %s AND status = 'sending' RETURNING attempts" % identity
    ).split()[:1], ["2"])
    sink.usual()
    stop.may_go_on.set()
    is_broken_off = t.until(lambda: "event=broken-off" in daemon.said())
    report.case("a lost lease: broken off", is_broken_off, daemon.said())
    report.equal("a lost lease: nothing is sent", len(sink.mails), count)


CASES = (exact_bytes, addresses, refusals, connections, secure, program,
         tool, delivery,
         together, crash_before_the_end, crashes)
for case in CASES:
    if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]:
        case()
report.end()
