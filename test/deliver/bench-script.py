#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a script costs a delivery: deliveries a second over LMTP to users
without a script and to users with 20 rules, in turns, in one run.

    test/with-store test/deliver/bench-script.py [ROUNDS [DELIVERIES [CONNECTIONS]]]

Prints medians, the ratio of each kind to "no script" (median of the rounds'
ratios), and the CPU time of lmtpd and PostgreSQL together for a delivery."""

import multiprocessing
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

USERS = 20
FIELDS = ["Subject", "From", "To", "List-Id", "X-Mailer"]
TICK = os.sysconf("SC_CLK_TCK")


def rules(last):
    """19 rules that a message of ours does not meet, of the kinds that people
    have, and one that it does."""
    script = ['require ["fileinto", "imap4flags", "envelope"];']
    for i in range(19):
        condition = [
            'header :contains "%s" "word%d"',
            'header :matches "%s" "*[list%d]*"',
            'address :domain :is "From" "%s%d.example"',
            'anyof (header :is "%s" "exactly %d", size :over 50M)',
        ][i % 4] % (FIELDS[i % 5], i)
        script.append('if %s { fileinto "Folder%d"; stop; }' % (condition, i))
    script.append('if header :contains "Subject" "figures" { %s }' % last)
    return "\n".join(script)


KINDS = {
    "no script": None,
    "20 rules, kept": rules("keep;"),
    "20 rules, filed": rules('fileinto "Figures";'),
    "20 rules, filed with a flag":
        rules('fileinto :flags "\\\\Flagged" "Figures";'),
}


def name_of(kind, number):
    return "k%du%d" % (list(KINDS).index(kind), number)


def make_users():
    script = os.path.join(t.setting("STORE"), "bench.sieve")
    for kind, text in KINDS.items():
        for number in range(USERS):
            name = t.add_user(name_of(kind, number))
            if text is None:
                continue
            with open(script, "w", encoding="utf-8") as file:
                file.write(text)
            t.run("dbmail-sievecmd", "-u", name, "-i", "bench", script)
            t.run("dbmail-sievecmd", "-u", name, "-a", "bench")


def connection(kind, first, count, barrier):
    """One client: its deliveries, each to the next user."""
    lmtp = t.Lmtp()
    body = "".join("line %d of a text of about five kilobytes\r\n" % i
                   for i in range(120))
    barrier.wait()
    for i in range(first, first + count):
        text = ("From: Bob <bob@example.org>\r\nTo: you@example.org\r\n"
                "Subject: these are figures %d\r\nMessage-ID: <%d.%d@x>\r\n"
                "Date: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\n%s%d.%d\r\n" % (
                    i, time.monotonic_ns(), i, body, time.monotonic_ns(), i))
        codes = lmtp.deliver([t.address(name_of(kind, i % USERS))],
                             text.encode())
        if codes[0][0] != 250:
            sys.exit("refused: %r" % (codes,))
    lmtp.quit()
    barrier.wait()


def cpu_of(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    # With the children it has waited for: server processes that ended.
    return sum(int(field) for field in fields[11:15]) / TICK


def cpu():
    """Seconds of lmtpd and all of PostgreSQL's processes."""
    with open(t.setting("PIDS"), encoding="ascii") as file:
        pids = {line.split()[0]: int(line.split()[1]) for line in file}
    children = t.run("pgrep", "-P", str(pids["postmaster"])).split()
    return sum(cpu_of(pid) for pid in
               [pids["lmtpd"], pids["postmaster"]] + [int(c) for c in children])


def round_of(kind, deliveries, connections):
    """(deliveries a second, CPU ms of one)"""
    barrier = multiprocessing.Barrier(connections + 1)
    share = deliveries // connections
    clients = [multiprocessing.Process(
        target=connection, args=(kind, i * share, share, barrier))
        for i in range(connections)]
    for client in clients:
        client.start()
    barrier.wait()
    started, spent = time.monotonic(), cpu()
    barrier.wait()
    took, spent = time.monotonic() - started, cpu() - spent
    for client in clients:
        client.join()
        if client.exitcode != 0:
            sys.exit("a client failed")
    return share * connections / took, spent * 1000 / (share * connections)


def main():
    rounds, deliveries, connections = (
        [int(word) for word in sys.argv[1:]] + [7, 2000, 4][len(sys.argv) - 1:])
    make_users()
    results = {kind: [] for kind in KINDS}
    for number in range(-1, rounds):
        order = list(KINDS)[::1 if number % 2 else -1]
        for kind in order:
            result = round_of(kind, deliveries, connections)
            if number >= 0:  # the first warms the caches
                results[kind].append(result)
    plain = results["no script"]
    print("%d connections, %d deliveries in each of %d rounds" % (
        connections, deliveries, rounds))
    for kind, rows in results.items():
        print("%-28s %6.0f/s  ratio %.2f  CPU %.2f ms" % (
            kind, statistics.median(row[0] for row in rows),
            statistics.median(row[0] / base[0]
                              for row, base in zip(rows, plain)),
            statistics.median(row[1] for row in rows)))


main()
