#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon or the database dies in the middle of MOVE, REPLACE and APPEND.

Whatever the client had heard by then, each message is there once: moved or not
moved, the old text or the new one, all messages of an APPEND or none.  What the
client was told is so.  Those who wait for news get them afterwards.
"""

import os
import random
import re
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
PATIENCE = t.TIMEOUT
MESSAGES = 40
BATCH = 5


class Client(t.Lines):
    def __init__(self, user):
        super().__init__(t.setting("HOST"), t.port("IMAP"))
        self.socket.settimeout(PATIENCE)
        self.count = 0
        self.line()
        self.ask("LOGIN %s secret" % user)

    def ask(self, command):
        """All lines up to the tagged answer, which comes last, untagged."""
        self.count += 1
        tag = b"%d " % self.count
        self.send(tag + command.encode() + b"\r\n")
        lines = [self.line()]
        while not lines[-1].startswith(tag):
            lines.append(self.line())
        lines[-1] = lines[-1][len(tag):]
        return lines

    def subjects(self, mailbox):
        answer = self.ask("SELECT " + mailbox)
        if not answer[-1].startswith(b"OK"):
            raise RuntimeError(answer)
        lines = self.ask("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
        return [line[9:].decode() for line in lines
                if line.startswith(b"Subject: ")]


def message(subject):
    text = "Subject: %s\r\n\r\n%s\r\n" % (subject, subject * 50)
    return "{%d+}\r\n%s" % (len(text), text)


def connect(user):
    """A client, once the daemon and the database are back."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            client = Client(user)
            if client.ask("SELECT INBOX")[-1].startswith(b"OK"):
                return client
            client.close()
        except (OSError, EOFError):
            pass
        if time.monotonic() > deadline:
            raise RuntimeError("%s finds no store" % user)
        time.sleep(0.05)


def kill_daemon():
    t.kill_daemon("imapd")


def kill_database():
    t.run("store-daemon", "kill", "postmaster")
    t.run("store-daemon", "start", "postmaster")


class Worker(threading.Thread):
    """Does one thing over and over until it is told to stop, or until the
    connection or an answer fails; counts what it was told is done."""

    def __init__(self, user):
        super().__init__()
        self.user = user
        self.client = Client(user)
        self.steps = 0
        self.is_over = False
        self.problem = None

    def run(self):
        try:
            while not self.is_over:
                answer = self.step()
                if not answer[-1].startswith(b"OK"):
                    break
                self.done(answer)
                self.steps += 1
        except (OSError, EOFError):
            pass
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = repr(problem)


class Mover(Worker):
    """Moves all messages to and fro."""

    def __init__(self, user):
        super().__init__(user)
        self.client.ask("CREATE there")
        self.wanted = ["m%d" % i for i in range(MESSAGES)]
        self.client.ask("APPEND INBOX " + " ".join(
            message(subject) for subject in self.wanted))
        self.boxes = ["INBOX", "there"]
        self.client.ask("SELECT INBOX")

    def step(self):
        return self.client.ask("MOVE 1:* " + self.boxes[1])

    def done(self, answer):
        if b"COPYUID" not in b"".join(answer):
            raise RuntimeError(answer)
        self.boxes.reverse()
        self.client.ask("SELECT " + self.boxes[0])

    def check(self, client):
        there = [client.subjects(box) for box in ("INBOX", "there")]
        return sorted(there[0] + there[1]) == sorted(self.wanted) and \
            [] in there, there


class Replacer(Worker):
    """Replaces one message by the next version of it."""

    def __init__(self, user):
        super().__init__(user)
        self.client.ask("APPEND INBOX " + message("v0"))
        self.client.ask("SELECT INBOX")

    def step(self):
        return self.client.ask("REPLACE 1 INBOX " + message(
            "v%d" % (self.steps + 1)))

    def done(self, answer):
        if b"APPENDUID" not in b"".join(answer):
            raise RuntimeError(answer)

    def check(self, client):
        there = client.subjects("INBOX")
        return there in (["v%d" % self.steps], ["v%d" % (self.steps + 1)]), \
            (there, self.steps)


class Appender(Worker):
    """Appends several messages at once."""

    def step(self):
        return self.client.ask("APPEND INBOX " + " ".join(
            message("a%d" % self.steps) for _ in range(BATCH)))

    def done(self, answer):
        if b"APPENDUID" not in answer[-1]:
            raise RuntimeError(answer)

    def check(self, client):
        there = client.subjects("INBOX")
        told = ["a%d" % i for i in range(self.steps) for _ in range(BATCH)]
        more = ["a%d" % self.steps] * BATCH
        return there in (told, told + more), (len(there), self.steps)


def crash(name, kill, number, chance):
    workers = [kind("%s%s%d" % (kind.__name__.lower(), name, number))
               for kind in (Mover, Replacer, Appender)]
    for worker in workers:
        worker.start()
    while min(worker.steps for worker in workers) < 3 and \
            all(worker.is_alive() for worker in workers):
        time.sleep(0.01)
    time.sleep(chance.random() / 10)
    kill()
    for worker in workers:
        worker.is_over = True
    for worker in workers:
        worker.join()
        client = connect(worker.user)
        good, there = worker.check(client)
        report.case("%s, %s %d after %d steps" % (
            name, type(worker).__name__, number, worker.steps),
            good and worker.problem is None, (there, worker.problem))
        client.close()


def waiting():
    """Those in IDLE, with and without NOTIFY, live through the database's
    death and hear of what comes then."""
    idle, notified, writer = (Client("waiting") for _ in range(3))
    writer.ask("CREATE other")
    idle.ask("SELECT INBOX")
    notified.ask("NOTIFY SET (personal (MessageNew MessageExpunge))")
    for client in (idle, notified):
        client.send(b"i IDLE\r\n")
        while not client.line().startswith(b"+"):
            pass
    kill_database()
    writer = connect("waiting")
    for box in ("INBOX", "other"):
        report.case("%s takes messages again" % box, writer.ask(
            "APPEND %s %s" % (box, message("news")))[-1].startswith(b"OK"))
    for name, client, wanted in (
            ("IDLE", idle, rb"\* 1 EXISTS"),
            ("NOTIFY", notified, rb'\* STATUS "?other"? .*MESSAGES 1.*')):
        line = b""
        while not re.fullmatch(wanted, line):
            line = client.line()
        client.send(b"DONE\r\n")
        while not line.startswith(b"i "):
            line = client.line()
        report.case(name + " hears of them", line.startswith(b"i OK"), line)


def main():
    chance = random.Random(int(os.environ.get("IMAP_CRASH_SEED", "1")))
    rounds = int(os.environ.get("IMAP_CRASH_ROUNDS", "2"))
    t.add_user("waiting")
    for name, kill in (("daemon", kill_daemon), ("database", kill_database)):
        for number in range(rounds):
            for kind in ("mover", "replacer", "appender"):
                t.add_user("%s%s%d" % (kind, name, number))
            crash(name, kill, number, chance)
    waiting()
    report.equal("the store contradicts itself nowhere",
                 b"\n".join(t.run("dbmail-util", "check").splitlines()[-1:]),
                 b"0 problems, 0 repaired")
    report.end()


main()
