# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests that kill daemons share: an MTA's try, and the killers."""

import os
import signal
import time

import dbmailtest as t


class Refused(Exception):
    """A reply that no crash explains."""


def kill_in_turn(report, journal, killers, rounds, messages, chance, until):
    """Kills `rounds` times, by one killer after the other, each when the load
    has come to life again: when so many messages more are done.  Goes without
    waiting from `until` (time.monotonic()) on, and where the journal has
    failures."""
    for i in range(rounds):
        before = journal.done
        while (journal.done < before + messages and not journal.failures and
               time.monotonic() < until):
            time.sleep(0.01)
        time.sleep(chance.random() * 0.1)
        killer = killers[i % len(killers)]
        killer()
        report.case("round %d, %s, after %d messages" % (
            i + 1, killer.__name__, journal.done), not journal.failures)


def attempt(sender, message, left, cuts, note):
    """One try, as an MTA's, on a connection of its own; takes the addresses
    that were answered with 250 off the list, and calls note() for each.  cuts:
    the connection is cut before the replies can come."""
    connection = t.Lmtp()
    try:
        connection.send(
            b"MAIL FROM:<%s>\r\n" % sender.encode() + b"".join(
                b"RCPT TO:<%s>\r\n" % address.encode()
                for address in left) + b"DATA\r\n")
        replies = [connection.reply() for _ in range(len(left) + 2)]
        wanted = [250] * (len(left) + 1) + [354]
        if [reply[0] for reply in replies] != wanted:
            if any(reply[0] >= 500 and reply[0] != 503 for reply in replies):
                raise Refused("%s: %r" % (left, replies))
            return
        connection.send(t.data_form(message))
        if cuts:
            return
        for address in list(left):
            reply = connection.reply()
            if reply[0] == 250:
                note(address)
                left.remove(address)
            elif reply[0] >= 500:
                raise Refused("%s: %r" % (address, reply))
    finally:
        connection.close()


def kill_lmtpd():
    t.run("store-daemon", "kill", "lmtpd")
    t.run("store-daemon", "start", "lmtpd")


def children(pid):
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/stat" % name, encoding="ascii",
                      errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if fields[1] == str(pid):
            yield int(name)


def serves():
    """Whether the server takes connections."""
    return t.run("psql", "-XAtq", t.setting("PGCONN"), "-c", "SELECT 1",
                 check=False) == b"1\n"


def kill_backend(chance):
    """A daemon's backend: the server ends all others and recovers, which it has
    done when this returns."""
    postmaster = int(t.run("store-daemon", "pid", "postmaster"))
    backends = {int(pid) for pid in t.sql(
        "SELECT pid FROM pg_stat_activity"
        " WHERE application_name LIKE 'dbmail-%'").split()}
    if not backends:
        return
    victim = chance.choice(sorted(backends))
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        # Its daemon has just closed it: there is nothing to recover from.
        return
    # The server hears of that in its own time, and serves others until then;
    # of one that had just ended by itself it hears nothing new.
    if not t.until(lambda: victim not in children(postmaster)) or \
            not t.until(serves):
        raise RuntimeError("the server does not recover")


def kill_postmaster():
    t.run("store-daemon", "kill", "postmaster")
    t.run("store-daemon", "start", "postmaster")
