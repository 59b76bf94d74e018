#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sieve-connect, Debian's ManageSieve client: under STARTTLS, all it can do."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

GOOD = b'require ["fileinto"];\r\n# "quoted" \\ and gr\xc3\xbcn\r\n' \
    b'if header :contains "subject" "pills" { fileinto "Junk"; }\r\n'


class Client:
    def __init__(self, report, user, password, home):
        self.report = report
        self.user = user
        self.password = password
        self.home = home

    def run(self, what, good, *options):
        """Its standard output."""
        done = subprocess.run(
            ("sieve-connect", "--server", "localhost", "--4", "--port",
             str(t.port("SIEVE")), "--user", self.user, "--passwordfd", "0",
             "--tlscafile", t.setting("CA"), "--noclearchan", "--nosrv") +
            options,
            input=self.password.encode() + b"\n", stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False, timeout=t.TIMEOUT,
            env=dict(os.environ, HOME=self.home, LANG="C.UTF-8"))
        self.report.case("%s: %s" % (what, "works" if good else "is refused"),
                         (done.returncode == 0) == good,
                         "status %d\n%r\n%r" % (done.returncode, done.stdout,
                                                done.stderr))
        return done.stdout + done.stderr


def main():
    if not shutil.which("sieve-connect"):
        t.skip("sieve-connect is not installed (contrib/packages clients)")
    report = t.Report()
    t.add_user("carl")
    with tempfile.TemporaryDirectory() as home:
        client = Client(report, "carl", "secret", home)
        good = os.path.join(home, "good.sieve")
        bad = os.path.join(home, "bad.sieve")
        back = os.path.join(home, "back.sieve")
        with open(good, "wb") as file:
            file.write(GOOD)
        with open(bad, "wb") as file:
            file.write(b'keep;\r\nkeeep;\r\n')
        report.equal("nothing is there", client.run("list", True, "--list"),
                     b"")
        client.run("check", True, "--checkscript", "--localsieve", good)
        said = client.run("check what is wrong", False, "--checkscript",
                          "--localsieve", bad)
        report.case("and it is told where", b"line 2: column 1: " in said, said)
        client.run("upload", True, "--upload", "--localsieve", good,
                   "--remotesieve", "mine")
        client.run("upload what is wrong", False, "--upload", "--localsieve",
                   bad, "--remotesieve", "bad")
        client.run("upload another", True, "--upload", "--localsieve", good,
                   "--remotesieve", "other one")
        client.run("activate", True, "--activate", "--remotesieve", "mine")
        said = client.run("list", True, "--list")
        report.case("both are there, one active", b'"mine" ACTIVE' in said and
                    b'"other one"' in said and b"bad" not in said, said)
        client.run("download", True, "--download", "--remotesieve", "mine",
                   "--localsieve", back)
        report.equal("octet for octet", t.read(back), GOOD)
        client.run("delete the active one", False, "--delete",
                   "--remotesieve", "mine")
        client.run("deactivate", True, "--deactivate")
        client.run("delete", True, "--delete", "--remotesieve", "mine")
        said = client.run("list", True, "--list")
        report.case("one is left", b"mine" not in said and
                    b'"other one"' in said, said)
        Client(report, "carl", "wrong", home).run("a wrong password", False,
                                                  "--list")
    t.check_logs(report)
    report.end()


main()
