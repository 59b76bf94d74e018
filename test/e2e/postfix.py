#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A Postfix of our own, on loopback, hands mail to the store over LMTP.

It has its own configuration, queue and ports, set up as contrib/postfix says,
and shares nothing with a Postfix of the machine's.  Postfix starts as root
only; a user needs sudo without a password, and is skipped without."""

import os
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402

MAIN = """
compatibility_level = 3.6
queue_directory = %(folder)s/queue
data_directory = %(folder)s/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = %(folder)s/log
maillog_file_prefixes = %(folder)s
myhostname = mx.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
local_recipient_maps =
smtputf8_autodetect_classes = all
# What is sent is to arrive as it is.
message_drop_headers =
local_header_rewrite_clients =
always_add_missing_headers = no
header_size_limit = 10000000
# A retry is not to take longer than the test.
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 2s
address_verify_poll_delay = 1s
# As contrib/postfix says.
virtual_mailbox_domains = %(domain)s
virtual_transport = lmtp:inet:127.0.0.1:%(lmtp)s
lmtp_destination_recipient_limit = 1000
lmtp_destination_concurrency_limit = 10
lmtp_tls_security_level = %(tls)s
lmtp_tls_CAfile = %(ca)s
lmtp_tls_loglevel = 1
message_size_limit = 104857600
recipient_delimiter = +
smtpd_recipient_restrictions = reject_unverified_recipient, permit_mynetworks
unverified_recipient_reject_code = 550
address_verify_map = btree:%(folder)s/data/verify
"""

MASTER = """
127.0.0.1:%(port)s inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
postlog unix-dgram n - n - 1 postlogd
"""


def root_prefix():
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(
            ["sudo", "-n", "true"], stderr=subprocess.DEVNULL,
            check=False).returncode == 0:
        return ["sudo", "-n"]
    t.skip("Postfix starts as root only, and there is no sudo")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postfix:
    def __init__(self, folder, prefix):
        self.folder = folder
        self.prefix = prefix
        self.port = free_port()
        os.chmod(folder, 0o755)
        self.config = os.path.join(folder, "etc")
        for name in ("etc", "queue"):
            os.mkdir(os.path.join(folder, name))
        self.write("main.cf", MAIN)
        self.write("master.cf", MASTER)
        data = os.path.join(folder, "data")
        t.run(*prefix, "install", "-d", "-o", "postfix", data)
        if prefix:
            t.run(*prefix, "chown", "root", self.config,
                  os.path.join(folder, "queue"), *[
                      os.path.join(self.config, name)
                      for name in ("main.cf", "master.cf")])

    def write(self, name, text):
        with open(os.path.join(self.config, name), "w",
                  encoding="ascii") as file:
            file.write(text % {
                "folder": self.folder, "port": self.port,
                "lmtp": t.setting("LMTP_PORT"), "domain": t.setting("DOMAIN"),
                "ca": t.setting("CA"), "tls": "encrypt"})

    def run(self, verb):
        t.run(*self.prefix, program("postfix"), "-c", self.config, verb)

    def queue(self):
        """How many messages are waiting."""
        out = t.run(*self.prefix, program("postqueue"), "-c", self.config,
                    "-j")
        return len(out.splitlines())

    def log(self):
        path = os.path.join(self.folder, "log")
        return t.run(*self.prefix, "cat", path, check=False).decode(
            errors="replace")


def program(name):
    return shutil.which(name, path="/usr/sbin:/usr/bin:" +
                        os.environ.get("PATH", ""))


def count(client, mailbox="INBOX"):
    return int(client.select('"%s"' % mailbox, readonly=True)[1][0])


def wait_for(client, number, seconds=60, mailbox="INBOX"):
    deadline = time.monotonic() + seconds
    while count(client, mailbox) < number and time.monotonic() < deadline:
        time.sleep(0.1)
    return count(client, mailbox)


def clean_messages():
    """What SMTP can carry: lines that end with CRLF and are short, no NUL."""
    for name, message in t.all_messages():
        if message.endswith(b"\r\n") and b"\0" not in message and \
                b"\n" not in message.replace(b"\r\n", b"") and \
                b"\r" not in message.replace(b"\r\n", b"") and \
                len(message) < 200000 and \
                b"\r\n\r\n" in message and plain_header(message) and \
                max(map(len, message.split(b"\r\n"))) <= 990:
            yield name, message


def plain_header(message):
    """Postfix mends what is no header before it hands it on."""
    header = message.partition(b"\r\n\r\n")[0]
    lines = header.split(b"\r\n")
    return lines[0][:1] not in b" \t" and all(
        line[:1] in (b" ", b"\t") or (
            b":" in line and line.partition(b":")[0].replace(
                b"-", b"").isalnum())
        for line in lines) and header.isascii()


def send(server, messages, recipients):
    for _, message in messages:
        server.sendmail(t.SENDER, recipients, message, ["BODY=8BITMIME"])


def check_bytes(report, server):
    messages = list(clean_messages())[:300]
    send(server, messages, [t.address("pf")])
    client = t.Imap("pf")
    report.equal("all %d are delivered" % len(messages),
                 wait_for(client, len(messages)), len(messages))
    got = [data for _, data in client.messages()]
    wrong = [name for name, message in messages
             if not any(data.endswith(message) for data in got)]
    report.equal("each ends with the message as it was sent", wrong, [])
    report.case("each begins with the Return-Path and Postfix's Received", all(
        data.startswith(t.expected(b"Received: ", "bdat")) for data in got))
    client.logout()


def check_recipients(report, server):
    users = [t.add_user("pf%d" % n) for n in range(10)]
    message = (b"From: a@example.org\r\nSubject: to ten\r\n\r\n" +
               b"to ten\r\n" * 1000)
    send(server, [("", message)], [t.address(user) for user in users])
    for user in users:
        client = t.Imap(user)
        report.equal("delivered to " + user, wait_for(client, 1), 1)
        client.logout()
    rows = t.run("psql", t.setting("PGCONN"), "-AtXc",
                 "SELECT count(DISTINCT m.physmessage_id) FROM dbmail_messages"
                 " m JOIN dbmail_mailboxes b USING (mailbox_idnr) JOIN"
                 " dbmail_users u ON u.user_idnr = b.owner_idnr"
                 " WHERE u.userid ~ '^pf[0-9]$'")
    report.equal("ten recipients share one message", rows.strip(), b"1")


def check_unknown(report, server):
    code = server.docmd("MAIL", "FROM:<%s>" % t.SENDER)[0]
    code = server.docmd("RCPT", "TO:<%s>" % t.address("nobody-here"))[0]
    report.equal("an unknown user is refused in the SMTP session", code, 550)
    server.rset()


def check_outage(report, server, postfix):
    client = t.Imap("pf")
    before = count(client)
    t.run("store-daemon", "stop", "lmtpd")
    send(server, [("", b"Subject: later %d\r\n\r\nlater\r\n" % n)
                  for n in range(5)], [t.address("pf")])
    report.case("mail waits in the queue while lmtpd is down",
                postfix.queue() > 0)
    t.run("store-daemon", "start", "lmtpd")
    report.equal("and comes when it is up", wait_for(client, before + 5),
                 before + 5)
    report.equal("once", count(client), before + 5)
    client.logout()


def check_subaddress(report, server):
    client = t.Imap("pf")
    send(server, [("", b"Subject: detail\r\n\r\nx\r\n")],
         ["pf+Archive@" + t.setting("DOMAIN")])
    report.equal("user+folder goes to the folder",
                 wait_for(client, 1, mailbox="Archive"), 1)
    client.logout()


def main():
    if not program("postfix"):
        t.skip("Postfix is not installed")
    prefix = root_prefix()
    report = t.Report()
    t.add_user("pf")
    with tempfile.TemporaryDirectory(prefix="postfix.") as folder:
        postfix = Postfix(folder, prefix)
        postfix.run("start")
        try:
            server = smtplib.SMTP("127.0.0.1", postfix.port)
            server.ehlo("client.example.org")
            check_bytes(report, server)
            check_recipients(report, server)
            check_unknown(report, server)
            check_subaddress(report, server)
            check_outage(report, server, postfix)
            report.case("LMTP went over TLS",
                        "TLS connection established to" in postfix.log())
            server.quit()
        finally:
            if report.failed:
                report.note(postfix.log()[-3000:])
            postfix.run("stop")
            if prefix:
                t.run(*prefix, "chown", "-R", str(os.getuid()), folder)
    report.end()


main()
