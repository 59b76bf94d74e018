#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Deliveries through scripts while lmtpd, two dbmail-queued and PostgreSQL are
killed with SIGKILL.

As in deliveries.py each worker is an MTA's queue that tries until it was
answered with 250.  In the end every message is in every folder its recipients'
scripts say, once and byte for byte, and whatever they send has arrived at a
server outside, once.

One thing SMTP cannot know: whether a message was taken whose reply the daemon
did not live to note.  Such a mail is sent again, and may arrive twice: that is
allowed of mails that the queue had as handed over and not settled when the
daemon was dead, and whose connection ended right behind the message; they are
counted apart.  All others, and all else, happens once."""

import collections
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import killing  # noqa: E402
import smtpsink  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
WORKERS = 4
PATIENCE = 120 + 40 * ROUNDS
ROUND_MESSAGES = 15

ALL = """require ["fileinto", "copy", "vacation"];
fileinto "Box"; redirect :copy "all-%(user)s@example.net";
vacation :days 7 "Away.";"""
EDIT = """require ["editheader", "variables", "fileinto", "mailbox", "enotify"];
if header :matches "Subject" "*.*" { set "n" "${1}"; set "m" "${2}"; }
addheader "X-Filed" "${n}"; fileinto :create "By/${n}";
notify :message "${n}.${m}" "mailto:pager-%(user)s@example.net";"""
# Not ASCII: no reply can have it, so that it becomes a mail.
REFUSE = 'require "reject"; reject "Not f\u00fcr %(user)s";'
SEND_ON = 'redirect "on-%(user)s@example.net";'

USERS = {"all0": ALL, "all1": ALL, "all2": ALL, "edit0": EDIT, "edit1": EDIT,
         "on0": SEND_ON, "on1": SEND_ON, "no0": REFUSE, "plain0": None}

report = t.Report()
chance = random.Random(SEED)
started = time.monotonic()


def user_of(address):
    return address.split("@")[0]


class Journal:
    """What was sent and what was answered."""

    def __init__(self):
        self.lock = threading.Lock()
        self.answered = collections.Counter()  # (user, name)
        self.messages = {}  # name: (sender, message)
        self.done = self.retries = 0
        self.stopping = False
        self.failures = []

    def note(self, user, name):
        with self.lock:
            self.answered[user, name] += 1

    def add(self, name, sender, message):
        with self.lock:
            self.messages[name] = (sender, message)


journal = Journal()


# --- the load ------------------------------------------------------------------

def deliver(name, sender, message, users, rand):
    left = [t.address(user) for user in users]
    while left:
        if time.monotonic() - started > PATIENCE:
            raise RuntimeError("not delivered in all the time there is")
        try:
            killing.attempt(sender, message, left, rand.random() < 0.05,
                            lambda to: journal.note(user_of(to), name))
        except (EOFError, OSError, socket.timeout):
            pass
        if left:
            journal.retries += 1
            time.sleep(0.05)


def work(number):
    rand = random.Random(SEED * 100 + number)
    serial = 0
    try:
        while not journal.stopping:
            serial += 1
            name = "%d.%d" % (number, serial)
            users = rand.sample(sorted(USERS), rand.choice((1, 1, 2, 3, 9)))
            # Some write again and again, also at the same moment.
            sender = "s%s@example.org" % (
                name if rand.random() < 0.7 else rand.randrange(20))
            message = (
                "From: <%s>\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@x>\r\n"
                "\r\n%s" % (sender, ", ".join(map(t.address, users)), name,
                            name, "line of text\r\n" *
                            rand.choice((1, 10, 1000)))).encode()
            journal.add(name, sender, message)
            deliver(name, sender, message, users, rand)
            with journal.lock:
                journal.done += 1
    except Exception as problem:  # pylint: disable=broad-except
        journal.failures.append("worker %d: %r" % (number, problem))


# --- outside -------------------------------------------------------------------

def take(session, mail):
    """Notes where in its session a message came and when, and is slow now and
    then, so that a kill can fall between the message and the reply."""
    mail.source, mail.place = session, len(session.lines)
    mail.came = time.monotonic()
    time.sleep(random.choice((0, 0, 0, 0.01, 0.05)))
    mail.replied = time.monotonic()


def was_last(mail):
    """Its client said nothing more, not even QUIT."""
    return len(mail.source.lines) == mail.place


def key_of(recipient, data):
    identity = re.search(rb"(?mi)^Message-ID:\s*(<[^>]*>)", data)
    return recipient, identity.group(1).decode()


# --- killing -------------------------------------------------------------------

open_outcomes = set()
kills = []  # when a dbmail-queued was killed


class SecondQueued:
    """Another dbmail-queued beside the store's."""

    def __init__(self):
        self.process = None

    def start(self):
        with open(os.path.join(t.setting("STORE"), "queued2.log"),
                  "ab") as log:
            self.process = subprocess.Popen(
                ["dbmail-queued", "-f", t.setting("CONF")], stdout=log,
                stderr=log)

    def kill(self):
        kills.append(time.monotonic())
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(t.TIMEOUT)


second = SecondQueued()


def note_open():
    """What a daemon that is dead had handed over and not settled: nobody knows
    what became of it."""
    rows = t.sql("SELECT recipient, encode(message, 'hex')"
               "  FROM dbmail_outbound_queue"
               " WHERE status = 'sending' AND handed_over IS NOT NULL")
    for row in rows.splitlines():
        recipient, data = row.split("|")
        open_outcomes.add(key_of(recipient, bytes.fromhex(data)))


def expire():
    """The time that leases last, gone in a moment; of all of them, so that a
    daemon that lives must find that its mail is another's."""
    t.sql("UPDATE dbmail_outbound_queue SET lease_until = now()"
        " WHERE status = 'sending' AND handed_over IS NULL")


def kill_first():
    """The shell that kills takes some milliseconds to come up."""
    pid = int(t.run("store-daemon", "pid", "queued"))
    kills.append(time.monotonic())
    os.kill(pid, signal.SIGKILL)
    t.run("store-daemon", "kill", "queued")


def kill_queued():
    kill_first()
    note_open()
    if chance.random() < 0.5:
        expire()
    t.run("store-daemon", "start", "queued")


def kill_second():
    second.kill()
    note_open()
    second.start()


def kill_both():
    """All leases are those of the dead."""
    kill_first()
    second.kill()
    note_open()
    t.sql("UPDATE dbmail_outbound_queue SET lease_until = now()"
        " WHERE status = 'sending'")
    t.run("store-daemon", "start", "queued")
    second.start()


def end_queued():
    """Asked to end it leaves nothing open."""
    report.equal("dbmail-queued ends well", second.stop(), 0)
    second.start()


def kill_backend():
    killing.kill_backend(chance)


KILLERS = (killing.kill_lmtpd, kill_queued, kill_backend, kill_both,
           killing.kill_lmtpd, killing.kill_postmaster, kill_second,
           end_queued)


def drain():
    """What the dead had is the living's, as if the time had passed; then the
    queue is empty."""
    t.run("store-daemon", "stop", "queued")
    report.equal("the second ends well", second.stop(), 0)
    note_open()
    t.sql("UPDATE dbmail_outbound_queue SET lease_until = now()"
        " WHERE status = 'sending'")
    t.sql("UPDATE dbmail_outbound_queue SET next_attempt = now()"
        " WHERE status = 'pending'")
    t.run("store-daemon", "start", "queued")
    # A long run leaves thousands; it is over when nothing more moves.
    before, left = None, "?"
    deadline = time.monotonic() + t.TIMEOUT
    while left and time.monotonic() < deadline:
        left = t.sql("SELECT id, kind, status, attempts, recipient, last_error"
                   "  FROM dbmail_outbound_queue WHERE status <> 'sent'")
        if left != before:
            before, deadline = left, time.monotonic() + t.TIMEOUT
        time.sleep(0.1)
    report.equal("the outbound queue is empty", left[:1000], "")


# --- counting ------------------------------------------------------------------

def wanted_mail(user, name):
    """(folder, message), or None, of one delivery."""
    sender, message = journal.messages[name]
    path = b"Return-Path: <%s>\r\n" % sender.encode()
    if USERS[user] is None:
        return "INBOX", path + message
    if USERS[user] is ALL:
        return "Box", path + message
    if USERS[user] is EDIT:
        group = name.split(".")[0]
        return "By/" + group, path + b"X-Filed: %s\r\n" % group.encode() + \
            message
    return None


def check_folders():
    rows = t.sql("""
        SELECT u.userid, b.name, %s
          FROM dbmail_messages m
          JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr
          JOIN dbmail_users u ON u.user_idnr = b.owner_idnr""" % t.WHOLE)
    got, want = collections.Counter(), collections.Counter()
    for row in rows.splitlines():
        user, folder, data = row.split("|")
        got[user, folder, bytes.fromhex(data)] += 1
    for user, name in journal.answered:
        mail = wanted_mail(user, name)
        if mail is not None:
            want[(user,) + mail] += 1
    compare("messages in folders", got, want)


def compare(what, got, want):
    report.case("%s: there are some" % what, len(want) > 0)
    for kind, rest in (("lost", want - got), ("too many", got - want)):
        report.equal("%s: %s" % (what, kind),
                     [str(key)[:300] for key in list(rest)[:3]], [])


def wanted_outside():
    """{(recipient, what): 1} of all that scripts have sent."""
    want = collections.Counter()
    for user, name in journal.answered:
        sender = journal.messages[name][0]
        if USERS[user] is ALL:
            want["all-%s@example.net" % user, "redirect " + name] = 1
            want[sender, "vacation " + user] = 1
        elif USERS[user] is EDIT:
            want["pager-%s@example.net" % user, "notify " + name] = 1
        elif USERS[user] is SEND_ON:
            want["on-%s@example.net" % user, "redirect " + name] = 1
        elif USERS[user] is REFUSE:
            want[sender, "reject " + name] = 1
    return want


def what_of(mail):
    header = mail.data.partition(b"\r\n\r\n")[0].decode()
    field = {name.lower(): value for name, value in re.findall(
        r"(?m)^([A-Za-z-]+): ?(.*?)\r?$", header)}
    if mail.recipient.startswith("pager-"):
        return "notify " + field["subject"]
    if mail.recipient.endswith("@example.net"):
        name = field["subject"]
        if not mail.data.endswith(journal.messages[name][1]):
            return "redirect of other bytes " + name
        return "redirect " + name
    if "report" in field["content-type"]:
        return "reject " + field["in-reply-to"][1:-3]
    return "vacation " + user_of(field["from"])


def check_outside(mails):
    copies = collections.defaultdict(list)
    for mail in mails:
        copies[key_of(mail.recipient, mail.data)].append(mail)
    got = collections.Counter(
        (same[0].recipient, what_of(same[0])) for same in copies.values())
    compare("what scripts sent", got, wanted_outside())
    before, after, late, wrong = 0, 0, [0], []
    for key, same in copies.items():
        for mail in same[:-1]:
            if key not in open_outcomes or not was_last(mail):
                wrong.append((key, mail.sender, mail.session, mail.place))
            elif any(mail.came <= kill <= mail.replied for kill in kills):
                before += 1
            else:
                after += 1
                late.append(min(kill - mail.replied for kill in kills
                                if kill > mail.replied))
    report.equal("nothing came twice that need not", wrong[:5], [])
    report.note("%d mails outside, %d with the outcome open at a kill: %d of "
                "them twice, %d killed before the reply, %d between the reply "
                "and its note, %.0f ms at most" % (
                    len(copies), len(open_outcomes), before + after, before,
                    after, 1000 * max(late)))


def main():
    report.note("seed %d" % SEED)
    sink = smtpsink.Sink(number=t.port("SMTP"))
    sink.on("dot", take)
    for user, script in USERS.items():
        t.add_user(user)
        if script is not None:
            t.run("dbmail-sievecmd", "-q", "-u", user, "-i", "main", "-a",
                  data=(script % {"user": user}).encode())
    second.start()
    workers = [threading.Thread(target=work, args=(i,), daemon=True)
               for i in range(WORKERS)]
    for worker in workers:
        worker.start()
    killing.kill_in_turn(report, journal, KILLERS, ROUNDS, ROUND_MESSAGES,
                         chance, started + PATIENCE)
    journal.stopping = True
    for worker in workers:
        worker.join(max(1, PATIENCE - (time.monotonic() - started)))
    report.case("every MTA's queue is empty in the end",
                not any(worker.is_alive() for worker in workers) and
                not journal.failures, journal.failures)
    drain()
    check_folders()
    check_outside(list(sink.mails))
    report.equal("none was answered twice", [
        key for key, count in journal.answered.items() if count > 1][:5], [])
    try:
        t.run("dbmail-util", "check")
        report.case("the store contradicts itself nowhere", True)
    except RuntimeError as problem:
        report.case("the store contradicts itself nowhere", False, problem)
    report.note("%d messages, %d deliveries, %d retries, %.0f seconds" % (
        journal.done, len(journal.answered), journal.retries,
        time.monotonic() - started))
    report.end()


main()
