#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that ask for everything and read nothing keep no database
connection, and cost the daemon a bounded amount of memory."""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
READERS = 40  # more than the pool has connections
MESSAGES = 30
SIZE = 3 << 20


def stuck(user):
    """A connection that asked for all, with a small window."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((t.setting("HOST"), t.port("IMAP")))
    sock.sendall(b"a LOGIN %s secret\r\nb SELECT INBOX\r\n"
                 b"c FETCH 1:* (BODYSTRUCTURE BODY.PEEK[] BINARY.PEEK[1])\r\n"
                 % user.encode())
    return sock


def resident():
    """KiB of the imapd of this store."""
    found = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                words = file.read()
            if b"dbmail-imapd" in words and \
                    t.setting("STORE").encode() in words:
                with open("/proc/%s/statm" % pid) as file:
                    found += int(file.read().split()[1]) * 4
        except OSError:
            pass
    return found


def settled():
    """The same once it changes no more: all windows are full then."""
    last, same = resident(), 0
    end = time.monotonic() + 20
    while same < 10 and time.monotonic() < end:
        time.sleep(0.1)
        now = resident()
        same = same + 1 if now == last else 0
        last = now
    return last


def main():
    user = t.add_user("slowly")
    writer = t.Imap(user)
    line = b"A" * 76 + b"\r\n"
    body = line * (SIZE // len(line))
    for number in range(MESSAGES):
        status, answer = writer.append_bytes(
            "INBOX", b"Subject: %d\r\nContent-Transfer-Encoding: base64\r\n"
            b"\r\n%d" % (number, number) + body)
        if status != "OK":
            report.case("APPEND", False, answer)
    before = resident()
    readers = [stuck(user) for _ in range(READERS)]
    grown = settled() - before
    begin = time.monotonic()
    status, answer = writer.select("INBOX", readonly=True)
    _, row = writer.fetch("1:*", "(ENVELOPE)")
    took = time.monotonic() - begin
    report.case("others are served meanwhile",
                status == "OK" and len(row) == MESSAGES and took < 60,
                "%s %d rows in %.1f s" % (status, len(row), took))
    report.case("a reader that is stuck costs less than 8 MiB",
                0 < before and grown < READERS * 8192,
                "%d KiB for %d" % (grown, READERS))
    for sock in readers:
        sock.close()
    report.end()


main()
