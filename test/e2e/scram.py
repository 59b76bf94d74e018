#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real clients that speak SCRAM: gsasl with RFC 9266's and RFC 5929's channel
bindings, mbsync and mutt by way of Cyrus SASL, curl where it has it; and one
that does not."""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
import terminal  # noqa: E402

report = t.Report()
SETTINGS = "[DBMAIL]\nscram = yes\npassword_scheme = scram\nlogin_delay = 0\n"
PASSWORD = "Gr\u00fc\u00dfe, \u2168"
MECHANISMS = ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
              "SCRAM-SHA-256-PLUS")


def has(program):
    if shutil.which(program):
        return True
    report.note("%s is not installed (contrib/packages clients)" % program)
    return False


def cyrus_has_scram():
    if glob.glob("/usr/lib/*/sasl2/libscram.so*"):
        return True
    report.note("Cyrus SASL has no SCRAM here (libsasl2-modules)")
    return False


class Log:
    """What a daemon logged since the last look."""

    def __init__(self, daemon):
        self.path = os.path.join(t.setting("STORE"), daemon + ".log")
        self.seen = os.path.getsize(self.path)

    def logins(self):
        """[(mechanism, version of TLS)]"""
        with open(self.path, encoding="utf-8") as file:
            file.seek(self.seen)
            text = file.read()
            self.seen = file.tell()
        return re.findall(r'event=login .*method=(\S+)(?: tls="(\S+))?',
                          text)


def gsasl(imapd):
    if not has("gsasl"):
        return
    for mechanism in MECHANISMS:
        for version, priority in (("TLSv1.3", "NORMAL"),
                                  ("TLSv1.2", "NORMAL:-VERS-TLS1.3")):
            for password, good in ((PASSWORD, True), ("x" + PASSWORD, False)):
                # It sees that -PLUS is offered, and says so without --no-cb.
                plain = () if mechanism.endswith("-PLUS") else ("--no-cb",)
                done = subprocess.run(
                    ("gsasl", "--imap", "--mechanism=" + mechanism,
                     "--authentication-id=r\u00f6mer", "--password=" + password,
                     "--x509-ca-file=" + t.setting("CA"), "--starttls",
                     "--priority=" + priority, "--connect",
                     "localhost:%d" % t.port("IMAP")) + plain,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, check=False, timeout=t.TIMEOUT,
                    env=dict(os.environ, LC_ALL="C.UTF-8"))
                what = "gsasl, %s, %s%s" % (mechanism, version,
                                            "" if good else ", wrong")
                report.case(what, (b"server trusted" in done.stdout) == good,
                            done.stdout)
                report.equal(what + ": logged in", imapd.logins(),
                             [(mechanism, version)] if good else [])


def mbsync(imapd):
    if not has("mbsync") or not cyrus_has_scram():
        return
    for mechanism in MECHANISMS[:2]:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "mbsyncrc")
            with open(path, "w", encoding="utf-8") as file:
                file.write("""\
IMAPAccount far
Host localhost
Port %d
User carl
Pass secret
SSLType STARTTLS
CertificateFile %s
AuthMechs %s
Timeout 240

IMAPStore far
Account far

MaildirStore near
Path %s/
Inbox %s/INBOX

Channel all
Far :far:
Near :near:
Create Near
SyncState *
""" % (t.port("IMAP"), t.setting("CA"), mechanism, folder, folder))
            t.run("mbsync", "-c", path, "all",
                  env=dict(os.environ, HOME=folder))
        report.equal("mbsync, %s" % mechanism,
                     [by for by, _ in imapd.logins()], [mechanism])


def mutt(imapd):
    if not has("mutt") or not cyrus_has_scram():
        return
    for mechanism in MECHANISMS[:2]:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "muttrc")
            with open(path, "w", encoding="utf-8") as file:
                file.write("""\
set imap_authenticators = "%s"
set hostname = client.example.org
set imap_poll_timeout = 240
set imap_user = carl
set imap_pass = secret
set ssl_starttls = no
set ssl_force_tls = no
set folder = imap://127.0.0.1:%d/
set imap_check_subscribed = no
set quit = yes
set move = no
set sleep_time = 0
set wait_key = no
""" % (mechanism.lower(), t.port("IMAP")))
            screen = terminal.Terminal(
                "mutt", "-n", "-F", path, "-f", "+INBOX", "-e", "push <quit>",
                env={"HOME": folder})
            report.equal("mutt, %s, ends" % mechanism, screen.end()[0], 0)
        report.equal("mutt, %s" % mechanism,
                     [by for by, _ in imapd.logins()], [mechanism])


def curl(imapd):
    if not has("curl"):
        return
    if b"gsasl" not in t.run("curl", "-V").lower():
        report.note("curl is built without gsasl, so it has no SCRAM")
        return
    for mechanism in MECHANISMS[:2]:
        t.run("curl", "-sS", "--ssl-reqd", "--cacert", t.setting("CA"), "-u",
              "carl:secret", "--login-options", "AUTH=" + mechanism,
              "imap://localhost:%d/INBOX" % t.port("IMAP"))
        report.equal("curl, %s" % mechanism,
                     [by for by, _ in imapd.logins()], [mechanism])


def sieve_connect(sieved):
    """Its Authen::SASL has no SCRAM before 2.1700: it takes what it knows."""
    if not has("sieve-connect"):
        return
    with tempfile.TemporaryDirectory() as home:
        t.run("sieve-connect", "--server", "localhost", "--4", "--port",
              str(t.port("SIEVE")), "--user", "carl", "--passwordfd", "0",
              "--tlscafile", t.setting("CA"), "--noclearchan", "--nosrv",
              "--list", data=b"secret\n",
              env=dict(os.environ, HOME=home))
    took = [by for by, _ in sieved.logins()]
    report.case("sieve-connect takes what it knows (%s)" % took, len(took) == 1,
                took)


def main():
    with open(t.setting("CONF"), "a", encoding="utf-8") as file:
        file.write("\n" + SETTINGS)
    for daemon in ("imapd", "sieved"):
        t.run("store-daemon", "restart", daemon)
    for user, password in (("carl", "secret"), ("r\u00f6mer", PASSWORD)):
        t.run("dbmail-users", "-a", user, "-W", "-",
              data=password.encode() + b"\n")
    imapd, sieved = Log("imapd"), Log("sieved")
    gsasl(imapd)
    mbsync(imapd)
    mutt(imapd)
    curl(imapd)
    sieve_connect(sieved)
    t.check_logs(report)
    report.end()


main()
