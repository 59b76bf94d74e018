#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts under load: many connections deliver to few users, whose scripts
change all the while over ManageSieve.  Every mail that was taken is there, and
lmtpd does not grow.  DBMAIL_STRESS is the number of mails (default 400)."""

import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

CONNECTIONS = 16
USERS = ["stress%d" % i for i in range(6)]
MAILS = int(os.environ.get("DBMAIL_STRESS", "400"))
LARGE_EVERY = 100  # one mail in so many has 5 MB

report = t.Report()

LIBRARY = (b'require ["variables", "include"]; global "folder";\n'
           b'if header :matches "subject" "* *" '
           b'{ set :lower :upperfirst "folder" "${1}"; }')

# Each keeps one copy at least of whatever comes.
SCRIPTS = [
    b'require ["fileinto", "mailbox", "imap4flags"];\n' + b"".join(
        b'if header :contains "x-list" "l%d" '
        b'{ fileinto :create :flags "$l%d" "Lists.%d"; stop; }\n' % (n, n, n)
        for n in range(20)),
    b'require ["variables", "include", "fileinto", "mailbox"];\n'
    b'global "folder"; include "library";\n'
    b'fileinto :create "From.${folder}";',
    # fails when it runs
    b'require ["variables", "ihave", "fileinto"];\n'
    b'if header :matches "subject" "*" { fileinto "x"; error "bad: ${1}"; }',
    # wants too many instructions
    b'if header :contains ["subject", "from", "to"] ["%s"] { stop; }\n' % (
        b'", "'.join(b"%d@" % n for n in range(1000, 1060))) * 1500,
    b'require ["foreverypart", "mime", "extracttext", "variables", '
    b'"fileinto", "mailbox"];\n'
    b'foreverypart { if header :mime :type "content-type" "text" '
    b'{ extracttext :first 2000 "text"; } }\n'
    b'if string :matches "${text}" "*number ?*" '
    b'{ fileinto :create "Text.${2}"; }',
    b'require ["editheader", "fileinto", "copy", "mailbox", "variables"];\n'
    b'if header :matches "subject" "*" '
    b'{ deleteheader "subject"; addheader :last "Subject" "[x] ${1}"; }\n'
    b'addheader "X-Seen-By" "stress"; deleteheader "x-list";\n'
    b'fileinto :create :copy "Edited";',
    b'require ["enclose", "replace", "mime", "foreverypart"];\n'
    b'foreverypart { if header :mime :contenttype "content-type" '
    b'"application/octet-stream" { replace "taken away"; } }',
    b'require ["regex", "body", "variables", "fileinto", "mailbox", '
    b'"duplicate", "vacation", "enotify"];\n'
    b'if duplicate :seconds 60 { keep; stop; }\n'
    b'if header :regex "subject" "([a-z]+) ([[:digit:]]+)" '
    b'{ set "n" "${1}"; }\nif body :text :contains "number 7" '
    b'{ notify :message "seven" "mailto:other@example.net"; }\n'
    b'vacation :days 1 "away"; fileinto :create "Regex.${n}";',
]


def message(number, large):
    """A text and an attachment; the large ones' attachments are all alike."""
    attachment = b"QUJD" * 18 + b"\r\n"
    return (b"From: Some One <%d@example.org>\r\nTo: you@example.com\r\n"
            b"Subject: word %d\r\nMessage-ID: <stress.%d@example.org>\r\n"
            b"X-List: l%d\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            b"--b\r\nContent-Type: text/plain\r\n\r\nnumber %d\r\n"
            b"--b\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n%s--b--\r\n" % (
                number % 50, number, number, number % 25, number % 10,
                attachment * (70000 if large else 20)))


class Numbers:
    """The numbers of the mails, each once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.next = 0
        self.taken = dict.fromkeys(USERS, 0)
        self.wrong = []

    def take(self):
        with self.lock:
            self.next += 1
            return self.next - 1 if self.next <= MAILS else None

    def note(self, user, reply):
        with self.lock:
            if reply[0] == 250:
                self.taken[user] += 1
            else:
                self.wrong.append(reply)


def deliver(numbers):
    """Every address is a new one, so that none is remembered with an old
    script."""
    try:
        c = t.Lmtp()
        while (number := numbers.take()) is not None:
            users = random.sample(USERS, random.randint(1, 3))
            replies = c.deliver(
                ["%s+d%d@%s" % (u, number, t.setting("DOMAIN"))
                 for u in users],
                message(number, number % LARGE_EVERY == LARGE_EVERY - 1))
            for user, reply in zip(users, replies):
                numbers.note(user, reply)
        c.quit()
    except Exception as e:  # noqa: BLE001 - whatever it is, it is told
        numbers.wrong.append(repr(e))


def first_scripts():
    """Gives every user a script; the sessions that did."""
    sessions = [t.SieveLines(user) for user in USERS]
    for session in sessions:
        session.put("library", LIBRARY)
        session.put("main", SCRIPTS[0])
        session.say(b'SETACTIVE "main"')
    return sessions


def change_scripts(sessions, ended, changes):
    """Scripts of all users, one after another, until ended."""
    while not changes or not ended.is_set():
        for number, session in enumerate(sessions):
            script = SCRIPTS[(len(changes) + number) % len(SCRIPTS)]
            answer = session.put("main", script)
            changes.append(answer.word == "OK" or answer)
            ended.wait(0.02)
    for session in sessions:
        session.close()


def memory():
    """Of lmtpd, in KiB."""
    pids = dict(line.split() for line in
                t.read(t.setting("PIDS")).decode().splitlines())
    with open("/proc/%s/status" % pids["lmtpd"], encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith("VmRSS:"))


def stored():
    """Mails of each user, a copy in two folders once."""
    rows = t.run("psql", "-XAtq", t.setting("PGCONN"), "-c", """
        SELECT u.userid, count(DISTINCT m.physmessage_id)
          FROM dbmail_users u
          JOIN dbmail_mailboxes b ON b.owner_idnr = u.user_idnr
          JOIN dbmail_messages m USING (mailbox_idnr)
         GROUP BY 1""").decode().splitlines()
    return {row.split("|")[0]: int(row.split("|")[1]) for row in rows}


def main():
    for user in USERS:
        t.add_user(user)
    numbers, changes, ended = Numbers(), [], threading.Event()
    changer = threading.Thread(target=change_scripts,
                               args=(first_scripts(), ended, changes))
    threads = [threading.Thread(target=deliver, args=(numbers,))
               for _ in range(CONNECTIONS)]
    since = time.monotonic()
    for thread in [changer] + threads:
        thread.start()
    seen = []
    while any(thread.is_alive() for thread in threads):
        seen.append((numbers.next, memory()))
        threads[0].join(0.5)
        time.sleep(0.1)
    ended.set()
    changer.join()
    seconds = time.monotonic() - since
    report.note("%d mails, %d deliveries, %d changes of scripts in %.1f s" % (
        MAILS, sum(numbers.taken.values()), len(changes), seconds))
    report.case("every mail is taken", not numbers.wrong, numbers.wrong[:10])
    report.case("every script is taken",
                all(change is True for change in changes), [
                    change for change in changes if change is not True][:5])
    found = stored()
    for user in USERS:
        report.case("%s has each" % user,
                    found.get(user, 0) >= numbers.taken[user],
                    "%d of %d" % (found.get(user, 0), numbers.taken[user]))
    for done, size in seen[::max(1, len(seen) // 20)]:
        report.note("after %d mails lmtpd has %d KiB" % (done, size))
    report.note("at the end %d KiB" % memory())
    report.end()


main()
