#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong around a store: the database blocked, without connections
or away, rights missing, clean-up in the middle of everything, users and
mailboxes that vanish, messages made to be slow.  Nothing is lost or doubled,
every client is told, and the daemons recover by themselves."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
# Seconds of the load under which clean-up runs, and any client's patience.
LOAD = 5
PATIENCE = t.TIMEOUT
# Seconds of computing; where time grows with the square it would be minutes.
QUICK = 30


def psql(query, admin=False):
    return t.run("psql", "-XAtq",
                 t.setting("PGCONN_ADMIN" if admin else "PGCONN"),
                 "-c", query).decode().strip()


def stored(user):
    """The hashes of all messages of a user, sorted."""
    return sorted(psql("""
        SELECT encode(sha256((SELECT string_agg(p.data, ''
                          ORDER BY l.part_key, l.part_order)
                 FROM dbmail_partlists l
                 JOIN dbmail_mimeparts p ON p.id = l.part_id
                WHERE l.physmessage_id = m.physmessage_id)), 'hex')
          FROM dbmail_messages m
          JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr
          JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
         WHERE u.userid = '%s'""" % user).split())


def digest(message):
    return hashlib.sha256(message).hexdigest()


def is_whole():
    t.check_store(report)


def together(*functions):
    """Runs them side by side; what they raised."""
    problems = []

    def run(function):
        try:
            function()
        except Exception as problem:  # pylint: disable=broad-except
            problems.append(repr(problem))

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


# --- the database --------------------------------------------------------------

def blocked():
    """Another session's lock is waited for, and then all goes on."""
    lmtp, imap = t.Lmtp(), t.Imap("calm")
    imap.select("INBOX")
    for table in ("dbmail_messages", "dbmail_users", "dbmail_mimeparts"):
        locker = subprocess.Popen(
            ["psql", "-XAtq", t.setting("PGCONN_ADMIN")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        locker.stdin.write(b"BEGIN; LOCK TABLE %s; SELECT 'locked';\n" %
                           table.encode())
        locker.stdin.flush()
        locker.stdout.readline()

        def release():
            # pylint: disable=cell-var-from-loop
            is_waited_for = t.until(lambda: psql(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND "
                "relation = '%s'::regclass)" % table, admin=True) == "t")
            locker.communicate(b"COMMIT;\n")
            if not is_waited_for:
                raise RuntimeError("nobody waits")

        message = b"Subject: %s\r\n\r\n" % table.encode()
        replies = []
        problems = together(
            lambda: replies.extend(
                # pylint: disable-next=cell-var-from-loop
                lmtp.deliver(["calm@x"], message)),
            lambda: t.Pop3("calm2").quit(),
            lambda: t.Imap("calm2").logout(), imap.noop, release)
        report.case("%s was locked for a moment" % table,
                    not problems and replies[0][0] == 250,
                    (problems, replies))


def refused(what, function):
    """The client is told to come back, and soon enough."""
    began = time.monotonic()
    try:
        answer = str(function())
    except Exception as problem:  # pylint: disable=broad-except
        answer = str(problem)
    told = "451" in answer or "[UNAVAILABLE]" in answer or \
        "[SYS/TEMP]" in answer
    report.case(what + " is told to come back",
                told and time.monotonic() - began < PATIENCE, answer)


def recovered(what, function):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            good = function()
        except Exception as problem:  # pylint: disable=broad-except
            good, answer = False, str(problem)
        else:
            answer = "no"
        if good or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    report.case(what + " is served again", good, answer)


def outage(how, message, take_away, give_back):
    """Sessions from before and new ones, during it and after it."""
    report.note(how)
    lmtp, imap, idle = t.Lmtp(), t.Imap("calm"), t.Imap("calm")
    for client in (imap, idle):
        client.select("INBOX")
    idle.send(b"x IDLE\r\n")
    idle.readline()
    # One that nobody has read yet, so that it is not at hand.
    number = imap.select("INBOX")[1][0].decode()
    back = take_away()
    refused("LMTP", lambda: lmtp.deliver(["calm@x"], message))
    refused("IMAP", lambda: imap.fetch(number, "(BODY.PEEK[])"))
    refused("IMAP's LOGIN", lambda: t.Imap("calm"))
    refused("POP3's PASS", lambda: t.Pop3("calm"))
    give_back(back)
    recovered("LMTP", lambda: lmtp.deliver(["calm@x"], message)[0][0] == 250)
    recovered("IMAP", lambda: imap.fetch(number, "(BODY.PEEK[])")[0] == "OK")
    recovered("IMAP's LOGIN", lambda: t.Imap("calm").logout()[0] == "BYE")
    recovered("POP3's PASS", lambda: not t.Pop3("calm2").quit())
    idle.sock.settimeout(PATIENCE)
    line = b""
    while b"EXISTS" not in line:
        line = idle.readline()
    report.case("IDLE hears of the new message", True)
    report.equal("and there is one", stored("calm").count(
        digest(t.expected(message))), 1)


def immediate():
    pid = int(t.run("store-daemon", "pid", "postmaster"))
    os.kill(pid, signal.SIGQUIT)
    while os.path.exists(t.setting("STORE") + "/pg/data/postmaster.pid"):
        time.sleep(0.02)


def no_logins():
    """As when all of max_connections are in use."""
    psql("ALTER ROLE dbmail CONNECTION LIMIT 0", admin=True)
    psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
         "WHERE usename = 'dbmail'", admin=True)


def outages():
    outage("stopped at once", b"Subject: immediate\r\n\r\n", immediate,
           lambda _: t.run("store-daemon", "start", "postmaster"))
    outage("out of connections", b"Subject: limit\r\n\r\n", no_logins,
           lambda _: psql("ALTER ROLE dbmail CONNECTION LIMIT -1",
                          admin=True))


def rights():
    """Missing rights are the administrator's to mend: no bounce, and words
    that say what to do."""
    psql("REVOKE INSERT ON dbmail_messages FROM dbmail", admin=True)
    lmtp = t.Lmtp()
    reply = lmtp.deliver(["calm@x"], b"Subject: rights\r\n\r\n")
    report.case("without rights mail waits", reply[0][0] == 451, reply)
    psql("GRANT INSERT ON dbmail_messages TO dbmail", admin=True)
    reply = lmtp.deliver(["calm@x"], b"Subject: rights\r\n\r\n")
    report.case("and then comes", reply[0][0] == 250, reply)
    psql("REVOKE SELECT ON dbmail_schema FROM dbmail", admin=True)
    done = subprocess.run(["dbmail-util", "test"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    report.case("the message says what to do", done.returncode == 75 and
                b"dburi in [DBMAIL]" in done.stdout,
                (done.returncode, done.stdout))
    psql("GRANT SELECT ON dbmail_schema TO dbmail", admin=True)


# --- everything at once --------------------------------------------------------

class Load:
    """Deliveries, copies, expunges, users and mailboxes that go, and the
    clean-up in a loop; what must be there afterwards."""

    def __init__(self):
        self.end = time.monotonic() + LOAD
        self.kept = {"both": [], "moved": []}
        self.parts = [os.urandom(300).hex().encode() for _ in range(4)]
        self.users = 0

    def message(self, name, chance):
        return (b"Subject: %s\r\nContent-Type: multipart/mixed; boundary=c"
                b"\r\n\r\n--c\r\n\r\n%s\r\n--c\r\n\r\n%s\r\n--c--\r\n" % (
                    name, chance.choice(self.parts),
                    chance.choice(self.parts)))

    def names(self, kind):
        number = 0
        while time.monotonic() < self.end:
            number += 1
            yield b"%s%d" % (kind, number)

    def deliver(self, kind):
        lmtp, chance = t.Lmtp(), random.Random(1)
        for name in self.names(kind):
            message = self.message(name, chance)
            for reply in lmtp.deliver(["both@x", "both+Sent@x"], message):
                if reply[0] != 250:
                    raise RuntimeError(reply)
                self.kept["both"].append(digest(t.expected(message)))

    def move(self):
        imap, chance = t.Imap("moved"), random.Random(2)
        imap.create("there")
        for name in self.names(b"m"):
            message = self.message(name, chance)
            for answer in (imap.append_bytes("INBOX", message),
                           imap.select("INBOX"), imap.copy("1:*", "there"),
                           imap.store("1:*", "+FLAGS", "\\Deleted"),
                           imap.expunge()):
                if answer[0] != "OK":
                    raise RuntimeError(answer)
            self.kept["moved"].append(digest(message))

    def purge(self):
        while time.monotonic() < self.end:
            t.run("dbmail-util", "-q", "purge")

    def lose_users(self):
        chance = random.Random(3)
        for name in self.names(b"user"):
            user = name.decode()
            t.run("dbmail-users", "-q", "-a", user)
            codes = []

            def deliver():
                lmtp = t.Lmtp()
                for i in range(20):
                    # pylint: disable-next=cell-var-from-loop
                    codes.append(lmtp.deliver(
                        [user + "@x"], self.message(b"%d" % i, chance))[0][0])

            thread = threading.Thread(target=deliver)
            thread.start()
            t.run("dbmail-users", "-q", "-y", "-d", user)
            thread.join()
            if len(codes) != 20 or not set(codes) <= {250, 451, 550}:
                raise RuntimeError(codes)
            self.users += 1

    def lose_mailboxes(self):
        one = t.Imap("lost")
        for name in self.names(b"box"):
            one.create(name.decode())
            one.append_bytes(name.decode(), b"Subject: lost\r\n\r\n")
            two = t.Imap("lost")
            two.select(name.decode())
            one.delete(name.decode())
            try:
                two.fetch("1:*", "(BODY.PEEK[])")
                two.noop()
                raise RuntimeError("nobody told of the deleted mailbox")
            except t.Imap.abort as gone:
                if "[NONEXISTENT]" not in str(gone):
                    raise


def everything():
    load = Load()
    problems = together(lambda: load.deliver(b"a"),
                        lambda: load.deliver(b"b"), load.move, load.purge,
                        load.lose_users, load.lose_mailboxes)
    report.case("all at once", not problems, problems)
    for user, hashes in load.kept.items():
        report.case("%s has what was taken, once" % user, hashes and
                    stored(user) == sorted(hashes),
                    (len(stored(user)), len(hashes)))
    report.note("%d deliveries, %d moves, %d users deleted" % (
        len(load.kept["both"]), len(load.kept["moved"]), load.users))
    is_whole()


# --- slow messages -------------------------------------------------------------

def slow():
    """Messages that would take minutes where time grows with the square."""
    messages = {
        "12,000 parts":
            b"Content-Type: multipart/mixed; boundary=c\r\n\r\n" +
            b"".join(b"--c\r\nX: %d\r\n\r\n%d\r\n" % (i, i)
                     for i in range(12000)) + b"--c--\r\n",
        "5,000 levels": t.nested(5000),
        "a header of 5 MB": b"".join(
            b"X-%06d: %s\r\n" % (i, b"v" * 70)
            for i in range(62000)) + b"\r\nbody\r\n",
        "50,000 recipients": b"To: " + b", ".join(
            b"u%d@x.example" % i for i in range(50000)) + b"\r\n\r\nbody\r\n",
        "encoded words": b"Subject: " + b"=?utf-8?b?" * 50000 +
                         b"\r\n\r\nbody\r\n",
        "comments": b"From: " + b"(" * 200000 + b"\r\n\r\nbody\r\n",
        "a line of 8 MB": b"Subject: l\r\n\r\n" + b"q" * (8 << 20) + b"\r\n",
    }
    lmtp, imap = t.Lmtp(), t.Imap("slow")
    for message in messages.values():
        lmtp.deliver(["slow@x"], message)
    imap.select("INBOX")
    imap.sock.settimeout(PATIENCE)
    for number, (name, message) in enumerate(messages.items(), 1):
        got = [row for _, row in t.fetched(
            imap.fetch(str(number), "(UID BODY.PEEK[])")[1])]
        report.equal("%s, byte for byte" % name, got, [t.expected(message)])
        began = t.cpu_seconds("imapd")
        imap.fetch(str(number), "(ENVELOPE BODYSTRUCTURE BODY.PEEK[9999])")
        for keys in (("TEXT", "zzz"), ("SUBJECT", "zzz"), ("TO", "zzz")):
            answer = imap.search(None, str(number), *keys)
            report.equal("%s, SEARCH %s" % (name, keys[0]), answer,
                         ("OK", [b""]))
        report.case("%s, in time" % name,
                    t.cpu_seconds("imapd") - began < QUICK)
    report.equal("the last part is found", imap.search(
        None, "BODY", "11999")[1], [b"1"])


def main():
    for user in ("calm", "calm2", "both", "moved", "lost", "slow"):
        t.add_user(user)
    with open(t.setting("CONF"), "a", encoding="utf-8") as file:
        file.write("[DBMAIL]\ndb_wait = 1\n")
    for daemon in ("lmtpd", "imapd", "pop3d"):
        t.run("store-daemon", "restart", daemon)
    t.Lmtp().deliver(["calm@x"], b"Subject: first\r\n\r\n")
    blocked()
    outages()
    rights()
    everything()
    slow()
    report.end()


main()
