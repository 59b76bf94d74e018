#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A load of deliveries while lmtpd and PostgreSQL are killed with SIGKILL.

Each worker is an MTA's queue: it sends a message, notes which recipients were
answered with 250, and sends it again, on a new connection, for those that were
not, until all were.  Now and then it cuts the connection by itself before the
replies can come.  In the end every message must be in every recipient's INBOX
exactly once, byte for byte."""

import hashlib
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import killing  # noqa: E402
from killing import attempt  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 6
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
WORKERS = 4
USERS = ["kill%d" % i for i in range(8)]
# Seconds: how long all may take, whatever happens.
PATIENCE = 120 + 40 * ROUNDS
# The load must be worth killing something for.
ROUND_MESSAGES = 20

report = t.Report()
chance = random.Random(SEED)
started = time.monotonic()


class Journal:
    """What was sent and what was answered, by all workers."""

    def __init__(self):
        self.lock = threading.Lock()
        self.answered = {}  # (hash, user): how often 250
        self.done = 0
        self.retries = 0
        self.stopping = False
        self.failures = []

    def note(self, digest, user):
        with self.lock:
            key = (digest, user)
            self.answered[key] = self.answered.get(key, 0) + 1

    def count(self, name):
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)


journal = Journal()
ATTACHMENT = b"".join(b"%064d\r\n" % i for i in range(1000))


def make_message(name, rand):
    head = b"From: a@b\r\nSubject: %s\r\nMessage-ID: <%s@x>\r\n" % (name, name)
    kind = rand.randrange(4)
    if kind < 2:
        return head + b"\r\n" + b"line %d\r\n" % kind * rand.randrange(1, 300)
    parts = [b"--c\r\n\r\ntext of %s\r\n" % name]
    # Every message with it shares the part, also with those that are put in
    # at the same moment.
    parts += [b"--c\r\nContent-Type: text/x-shared\r\n\r\n" +
              ATTACHMENT[:66 * rand.choice((10, 100, 1000))]]
    return (head + b"Content-Type: multipart/mixed; boundary=c\r\n\r\n" +
            b"".join(parts) + b"--c--\r\n")


def deliver(message, users, rand):
    digest = hashlib.sha256(t.RETURN_PATH + message).hexdigest()
    left = [user + "@x" for user in users]
    while left:
        if time.monotonic() - started > PATIENCE:
            raise RuntimeError("not delivered in all the time there is")
        try:
            attempt(t.SENDER, message, left, rand.random() < 0.05,
                    lambda address: journal.note(digest, address[:-2]))
        except (EOFError, OSError, socket.timeout):
            pass
        if left:
            journal.count("retries")
            time.sleep(0.05)


def work(number):
    rand = random.Random(SEED * 100 + number)
    serial = 0
    try:
        while not journal.stopping:
            serial += 1
            name = b"%d.%d" % (number, serial)
            users = rand.sample(USERS, rand.choice((1, 1, 1, 2, 4)))
            deliver(make_message(name, rand), users, rand)
            journal.count("done")
    except Exception as problem:  # pylint: disable=broad-except
        journal.failures.append("worker %d: %r" % (number, problem))


# --- killing -----------------------------------------------------------------

def kill_backend():
    killing.kill_backend(chance)


KILLERS = (killing.kill_lmtpd, kill_backend, killing.kill_postmaster)


# --- counting ----------------------------------------------------------------

def stored():
    """{(hash, user): how often}"""
    rows = t.run("psql", "-XAtq", t.setting("PGCONN"), "-c", """
        SELECT encode(sha256((SELECT string_agg(p.data, ''
                          ORDER BY l.part_key, l.part_order)
                 FROM dbmail_partlists l
                 JOIN dbmail_mimeparts p ON p.id = l.part_id
                WHERE l.physmessage_id = m.physmessage_id)), 'hex'), u.userid
          FROM dbmail_messages m
          JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr
          JOIN dbmail_users u ON u.user_idnr = b.owner_idnr""").decode()
    found = {}
    for row in rows.split():
        key = tuple(row.split("|"))
        found[key] = found.get(key, 0) + 1
    return found


def check():
    found = stored()
    lost = [key for key in journal.answered if key not in found]
    twice = [key for key, count in found.items() if count > 1]
    other = [key for key in found if key not in journal.answered]
    report.equal("none that was answered is lost", lost[:5], [])
    report.equal("none is there twice", twice[:5], [])
    report.equal("none is there that was not answered, or other than it was "
                 "sent", other[:5], [])
    report.equal("none was answered twice", [
        key for key, count in journal.answered.items() if count > 1][:5], [])
    if b"check" not in t.run("dbmail-util", "-h"):
        report.note("this dbmail-util cannot check")
        return
    try:
        t.run("dbmail-util", "check")
        report.case("the store contradicts itself nowhere", True)
    except RuntimeError as problem:
        report.case("the store contradicts itself nowhere", False, problem)


def main():
    report.note("seed %d" % SEED)
    for user in USERS:
        t.run("dbmail-users", "-q", "-a", user)
    workers = [threading.Thread(target=work, args=(i,), daemon=True)
               for i in range(WORKERS)]
    for worker in workers:
        worker.start()
    killing.kill_in_turn(report, journal, KILLERS, ROUNDS, ROUND_MESSAGES,
                         chance, started + PATIENCE)
    journal.stopping = True
    for worker in workers:
        worker.join(max(1, PATIENCE - (time.monotonic() - started)))
    report.case("every queue is empty in the end",
                not any(worker.is_alive() for worker in workers) and
                not journal.failures, journal.failures)
    check()
    report.note("%d messages, %d deliveries, %d retries, %.0f seconds" % (
        journal.done, len(journal.answered), journal.retries,
        time.monotonic() - started))
    report.end()


main()
