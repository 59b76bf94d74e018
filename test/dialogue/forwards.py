#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Aliases that lead outside: what comes for them is queued as it came, once, and
never goes round in a loop."""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import smtpsink  # noqa: E402

report = t.Report()
OK, USAGE, DATAERR, NOUSER, UNAVAILABLE, CANTCREAT = 0, 64, 65, 67, 69, 73
count = 0


def users(what, wanted, *options):
    done = subprocess.run(("dbmail-users",) + options, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    report.case("%s: status %d" % (what, wanted), done.returncode == wanted,
                "status %d, %r, %r" % (done.returncode, done.stdout,
                                       done.stderr))
    return done.stdout.decode()


def forward(alias, *addresses):
    users(alias, OK, "-x", alias, *[word for address in addresses
                                    for word in ("-t", address)])


def message(subject="hello", fields=""):
    global count
    count += 1
    return ("From: Bob <%s>\r\nSubject: %s\r\nMessage-ID: <f%d@example.org>"
            "\r\n%s\r\nbody\r\n" % (t.SENDER, subject, count, fields)).encode()


def deliver(text, *to, sender=t.SENDER):
    lmtp = t.Lmtp()
    replies = lmtp.deliver(list(to), text, sender=sender)
    lmtp.quit()
    return [reply[0] for reply in replies]


def queued():
    """[(kind, sender, recipient, message)], and the queue is empty again."""
    rows = t.sql("""SELECT kind, sender, recipient, encode(message, 'hex')
                    FROM dbmail_outbound_queue ORDER BY recipient, id""")
    t.sql("DELETE FROM dbmail_outbound_queue")
    return [tuple(row.split("|")[:3]) + (bytes.fromhex(row.split("|")[3]),)
            for row in rows.splitlines()]


def to_whom():
    return [mail[2] for mail in queued()]


def messages(user):
    return int(t.sql("""SELECT coalesce(sum(b.messages), 0)
                        FROM dbmail_mailboxes b
                        JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
                       WHERE u.userid = '%s'""" % user))


# --- the tool ----------------------------------------------------------------

def tool():
    user = t.add_user("tooled")
    report.equal("added", users("add", OK, "-x", "Team@example.org", "-t",
                                "A@far.example", "-t", "b@far.example", "-t",
                                user),
                 "Team@example.org: also to A@far.example\n"
                 "Team@example.org: also to b@far.example\n"
                 "Team@example.org: also to tooled\n")
    report.equal("listed", users("list", OK, "-x", "team*"),
                 "Team@example.org\tA@far.example\n"
                 "Team@example.org\tb@far.example\n")
    report.case("an alias of the user", "Team@example.org" in users(
        "the user", OK, "-l", user))
    users("twice", CANTCREAT, "-x", "team@example.org", "-t", "a@FAR.example")
    users("to itself", DATAERR, "-x", "me@example.org", "-t", "ME@example.org")
    users("no address", DATAERR, "-x", "me@example.org", "-t", "a b@x")
    users("nobody", NOUSER, "-x", "me@example.org", "-t", "nobody")
    users("dry", OK, "-n", "-x", "me@example.org", "-t", "a@far.example")
    users("nothing came of it", NOUSER, "-x", "me@example.org")
    users("removed", OK, "-x", "TEAM@example.org", "-T", "a@far.example", "-T",
          "tooled")
    report.equal("what is left", users("list", OK, "-x", "team@example.org"),
                 "Team@example.org\tb@far.example\n")
    users("removed again", NOUSER, "-x", "team@example.org", "-T",
          "a@far.example")
    users("with another action", USAGE, "-a", "x", "-t", "a@far.example")
    users("with a user's option", USAGE, "-x", "x", "-m", "5")
    users("-X", UNAVAILABLE, "-X", "team@example.org")


# --- deliveries --------------------------------------------------------------

def odd_senders():
    """A sender that MAIL takes and no queue can have is refused where it is sent
    on, and nowhere else."""
    user, other = t.add_user("odd"), t.add_user("odd2")
    forward("odd-out@example.org", "a@far.example")
    forward("odd-both@example.org", "a@far.example", user)
    senders = ("a@[x>y]", "a@" + "b" * 1010)
    for number, sender in enumerate(senders):
        what = "odd sender %d" % number
        report.equal(what, deliver(
            message(), "odd-out@example.org", t.address(other),
            sender=sender), [550, 250])
        report.equal("%s: beside a user" % what, deliver(
            message(), "odd-both@example.org", t.address(other),
            sender=sender), [250, 250])
        report.equal("%s: sent" % what, queued(), [])
    report.equal("odd senders: stored", (messages(user), messages(other)),
                 (len(senders), 2 * len(senders)))


def plain():
    forward("out@example.org", "Some.One@Far.Example")
    text = message()
    report.equal("reply", deliver(text, "out@example.org"), [250])
    mails = queued()
    report.equal("queued", [mail[:3] for mail in mails],
                 [("forward", t.SENDER, "Some.One@Far.Example")])
    trace, rest = mails[0][3].split(b"\r\nX-Loop: ", 1)
    report.case("traced", trace.startswith(b"Received: from ") and
                b" for <out@example.org>;" in trace.replace(b"\r\n\t", b" "),
                trace)
    report.equal("marked, else as it came", rest.split(b"\r\n", 1)[1], text)
    report.equal("a bounce", deliver(message(), "out@example.org", sender=""),
                 [250])
    report.equal("stays one", [mail[1] for mail in queued()], [""])
    users("an alias of the alias", OK, "-x", "other@example.org", "-t",
          "out@example.org")
    report.equal("behind it", deliver(message(), "other@example.org"), [250])
    report.equal("behind it: queued", to_whom(), ["Some.One@Far.Example"])


def both():
    """To users and outside at once."""
    user = t.add_user("inside")
    forward("all@example.org", user, "one@far.example", "two@far.example")
    report.equal("reply", deliver(message(), "all@example.org"), [250])
    report.equal("stored", messages(user), 1)
    report.equal("queued", to_whom(), ["one@far.example", "two@far.example"])
    forward("more@example.org", "two@far.example", "three@far.example")
    report.equal("replies", deliver(message(), "all@example.org",
                                    t.address(user), "more@example.org"),
                 [250] * 3)
    report.equal("one copy each: stored", messages(user), 2)
    report.equal("one copy each: queued", to_whom(),
                 ["one@far.example", "three@far.example", "two@far.example"])


def catch_all():
    user = t.add_user("caught")
    forward("@moved.example", "pool@far.example")
    users("own", OK, "-c", user, "-s", "here@moved.example")
    report.equal("replies", deliver(message(), "any@moved.example",
                                    "here@moved.example"), [250, 250])
    report.equal("queued", to_whom(), ["pool@far.example"])
    report.equal("stored", messages(user), 1)


def senders():
    forward("sent@example.org", "x@far.example")
    for how, wanted in (("recipient", "sent@example.org"), ("empty", ""),
                        ("srs@example.org", "srs@example.org")):
        before = t.configure("[SIEVE]\nredirect_sender = " + how)
        deliver(message(), "sent@example.org")
        report.equal(how, [mail[1] for mail in queued()], [wanted])
        t.restore(before)


def loops():
    forward("loop@example.org", "loop@far.example")
    deliver(message(), "loop@example.org")
    back = queued()[0][3]
    report.equal("back again", deliver(back, "loop@example.org"), [550])
    report.equal("back again: nothing", to_whom(), [])
    received = "Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    report.equal("too many hops", deliver(message(fields=received * 101),
                                          "loop@example.org"), [550])
    report.equal("too many hops: nothing", to_whom(), [])
    forward("second@example.org", "other@far.example")
    report.equal("another's mark", deliver(back, "second@example.org"), [250])
    report.equal("another's mark: on", to_whom(), ["other@far.example"])
    user = t.add_user("looped")
    forward("loop2@example.org", user, "loop2@far.example")
    deliver(message(), "loop2@example.org")
    back = queued()[0][3]
    report.equal("with a user", deliver(back, "loop2@example.org"), [250])
    report.equal("with a user: stored", messages(user), 2)
    report.equal("with a user: nothing", to_whom(), [])


def begin(text, address):
    lmtp = t.Lmtp()
    lmtp.send(("MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (
        t.SENDER, address)).encode())
    for _ in range(3):
        lmtp.reply()
    lmtp.send(t.data_form(text))
    return lmtp


def again():
    """A client that never reads the reply sends it again."""
    forward("again@example.org", "again@far.example")
    text = message()
    for _ in range(3):
        lmtp = begin(text, "again@example.org")
        report.equal("reply", lmtp.reply()[0], 250)
        lmtp.socket.setsockopt(t.socket.SOL_SOCKET, t.socket.SO_LINGER,
                               b"\1\0\0\0\0\0\0\0")
        lmtp.close()
    report.equal("once", to_whom(), ["again@far.example"])
    forward("killed@example.org", "killed@far.example")
    tries = 6
    for i in range(tries):
        text = message()
        lmtp = begin(text, "killed@example.org")
        time.sleep(i * 0.002)
        t.run("store-daemon", "kill", "lmtpd")
        lmtp.close()
        t.run("store-daemon", "start", "lmtpd")
        report.equal("killed, tried again", deliver(
            text, "killed@example.org"), [250])
    report.equal("killed: once each", to_whom(), ["killed@far.example"] * tries)


def gone():
    """What ends while it is remembered is a temporary failure, once."""
    forward("gone@example.org", "gone@far.example")
    lmtp = t.Lmtp()
    for command in ("MAIL FROM:<%s>" % t.SENDER, "RCPT TO:<gone@example.org>"):
        report.equal(command, lmtp.command(command)[0], 250)
    users("removed", OK, "-x", "gone@example.org", "-T", "gone@far.example")
    lmtp.command("DATA")
    lmtp.send(t.data_form(message()))
    report.equal("remembered", lmtp.reply()[0], 451)
    lmtp.quit()
    report.equal("asked anew", deliver(message(), "gone@example.org"), [550])
    report.equal("nothing", to_whom(), [])


def quota():
    user = t.add_user("full", "secret", "-m", "10")
    t.sql("UPDATE dbmail_users SET curmail_size = 10 WHERE userid = 'full'")
    forward("full@example.org", user, "full@far.example")
    report.case("a full user", deliver(message(), "full@example.org")[0] >= 400)
    report.equal("a full user: nothing", to_whom(), [])
    t.sql("UPDATE dbmail_users SET curmail_size = 0 WHERE userid = 'full'")


def other_tool():
    forward("piped@example.org", "piped@far.example")
    t.run("dbmail-deliver", "-d", "piped@example.org",
          data=b"Subject: x\n\nlines\n")
    mails = queued()
    report.equal("dbmail-deliver", [mail[2] for mail in mails],
                 ["piped@far.example"])
    report.case("with line ends of SMTP", mails[0][3].endswith(
        b"Subject: x\r\n\r\nlines\r\n"), mails[0][3])


def to_the_end():
    """Through dbmail-queued into another host."""
    forward("far@example.org", "end@far.example")
    sink = smtpsink.Sink()
    conf = os.path.join(t.setting("STORE"), "forwards.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(t.read(t.setting("CONF")).decode() +
                   "\n[QUEUE]\nsmtp_host = 127.0.0.1\nsmtp_tls = none\n"
                   "smtp_port = %d\n" % sink.port)
    daemon = subprocess.Popen(["dbmail-queued", "-f", conf],
                              stderr=subprocess.DEVNULL)
    text = message("to the end")
    report.equal("reply", deliver(text, "far@example.org"), [250])
    mails = sink.wait(1)
    report.equal("arrived", [(mail.sender, mail.recipient) for mail in mails],
                 [(t.SENDER, "end@far.example")])
    report.case("whole", mails[0].data.endswith(b"\r\n" + text), mails[0].data)
    daemon.terminate()
    daemon.wait(t.TIMEOUT)
    sink.close()


def main():
    """All cases, or those that are named."""
    signal.alarm(1200)
    report.run(tool, plain, odd_senders, both, catch_all, senders, loops,
               again, gone, quota, other_tool, to_the_end)
    t.check_store(report)
    report.end()


main()
