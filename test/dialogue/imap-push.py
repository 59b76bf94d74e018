#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How soon sessions of two imapds on one database hear of mail that a third
process delivers: by IDLE, by NOTIFY of the selected mailbox, and by NOTIFY of
another.  The time runs from the reply that says the message is on disk.

    imap-push.py [DELIVERIES [SESSIONS]]
"""

import os
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

# Half of them within this; or, where the machine has much else to do, within
# the time that so many NOOPs take meanwhile.
WANTED = 0.050
NOOPS = 10
# All within this: without a notice it would be the poll's 10 seconds.
LONGEST = 5.0

report = t.Report()


class Session(t.Lines):
    def __init__(self, port, user):
        super().__init__(t.setting("HOST"), port)
        self.line()
        self.command("LOGIN %s secret" % user)

    def command(self, text):
        self.send(b"a " + text.encode() + b"\r\n")
        while True:
            line = self.line()
            if line.startswith(b"a "):
                if not line.startswith(b"a OK"):
                    raise RuntimeError("%s: %r" % (text, line))
                return

    def until_matches(self, pattern):
        while True:
            match = re.match(pattern, self.line())
            if match:
                return match


def second_imapd():
    """Another imapd on the same database: (process, port)."""
    port = t.free_port()
    path = os.path.join(t.setting("STORE"), "second.conf")
    with open(t.setting("CONF"), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("\nport = %d\n" % t.port("IMAP"),
                        "\nport = %d\n" % port)
    text = text.replace("tls_port = %d\n" % t.port("IMAPS"), "tls_port = 0\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(t.setting("STORE"), "second.log"), "wb") as log:
        process = subprocess.Popen(["dbmail-imapd", "-f", path], stderr=log,
                                   stdin=subprocess.DEVNULL)
    while process.poll() is None:
        try:
            t.Lines(t.setting("HOST"), port).close()
            return process, port
        except ConnectionRefusedError:
            time.sleep(0.02)
    sys.exit("the second imapd does not start")


def idle(session):
    session.command("SELECT INBOX")
    session.send(b"i IDLE\r\n")
    session.until_matches(rb"\+ ")
    return rb"\* (\d+) EXISTS"


def notify_selected(session):
    session.command("NOTIFY SET (selected (MessageNew MessageExpunge))")
    session.command("SELECT INBOX")
    return rb"\* (\d+) EXISTS"


def notify_other(session):
    session.command("NOTIFY SET (mailboxes INBOX (MessageNew MessageExpunge))")
    return rb"\* STATUS INBOX \(MESSAGES (\d+) "


def listen(session, pattern, count, heard):
    """One response may tell of several deliveries."""
    while len(heard) < count:
        latest = int(session.until_matches(pattern).group(1))
        for number in range(len(heard) + 1, latest + 1):
            heard[number] = time.monotonic()


def median_of(delays):
    return sorted(delays)[len(delays) // 2]


def tell(what, delays, wanted):
    delays = sorted(delays)
    median = median_of(delays)
    report.note("%s: half within %.1f ms, 9 of 10 within %.1f, all within %.1f"
                % (what, median * 1e3, delays[len(delays) * 9 // 10] * 1e3,
                   delays[-1] * 1e3))
    report.case(what, median <= wanted and delays[-1] <= LONGEST,
                "median %.3f s of %.3f, longest %.3f s" % (
                    median, wanted, delays[-1]))


def run(user, ports, count):
    kinds = [("IDLE", idle), ("NOTIFY selected", notify_selected),
             ("NOTIFY another", notify_other)]
    listeners = []
    for place, port in ports:
        for name, begin in kinds:
            session = Session(port, user)
            heard = {}
            thread = threading.Thread(
                target=listen, args=(session, begin(session), count, heard))
            thread.start()
            listeners.append(("%s, %s" % (name, place), thread, heard))
    lmtp = t.Lmtp()
    other = Session(ports[0][1], user)
    stored, noops = {}, []
    for number in range(1, count + 1):
        lmtp.deliver([t.address(user)], b"Subject: %d\r\n\r\n" % number)
        stored[number] = time.monotonic()
        other.command("NOOP")
        noops.append(time.monotonic() - stored[number])
        time.sleep(0.03)
    wanted = max(WANTED, NOOPS * median_of(noops))
    report.note("half of the NOOPs within %.1f ms" % (median_of(noops) * 1e3))
    for name, thread, heard in listeners:
        thread.join()
        tell(name, [heard[n] - stored[n] for n in stored], wanted)


def run_crowd(user, ports, count):
    """Many sessions that IDLE in one mailbox, woken by one delivery."""
    sessions = [Session(ports[i % 2][1], user) for i in range(count)]
    for session in sessions:
        idle(session)
    t.Lmtp().deliver([t.address(user)], b"Subject: all\r\n\r\n")
    begun = time.monotonic()
    for session in sessions:
        session.until_matches(rb"\* 1 EXISTS")
    took = time.monotonic() - begun
    report.note("%d sessions heard within %.0f ms" % (count, took * 1e3))
    report.case("a crowd in IDLE", took <= LONGEST, "%.3f s" % took)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    crowd = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    t.add_user("push")
    t.add_user("crowd")
    process, port = second_imapd()
    ports = [("one imapd", t.port("IMAP")), ("another imapd", port)]
    try:
        run("push", ports, count)
        run_crowd("crowd", ports, crowd)
    finally:
        process.terminate()
        process.wait()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
