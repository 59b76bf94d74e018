#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""curl's imap://, imaps://, pop3:// and pop3s://."""

import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402


def curl(url, *options, check=True):
    return t.run("curl", "-sS", "--max-time", str(t.TIMEOUT), "--cacert",
                 t.setting("CA"), "-u", "curl:secret", *options, url,
                 check=check)


def imap(report, base, extra, sent):
    for at, (name, message) in enumerate(sent, 1):
        got = curl("%s/INBOX;MAILINDEX=%d" % (base, at), *extra)
        report.equal("%s %s" % (base.split(":")[0], name), got,
                     t.expected(message))
    section = curl("%s/INBOX;MAILINDEX=1;SECTION=HEADER" % base, *extra)
    report.equal("a section", section,
                 t.expected(sent[0][1]).partition(b"\r\n\r\n")[0] +
                 b"\r\n\r\n")
    listed = curl(base + "/", *extra)
    report.case("LIST", b"INBOX" in listed and b"Sent" in listed, listed)
    found = curl(base + "/INBOX?ALL", *extra)
    report.equal("SEARCH ALL", found.split(),
                 [b"*", b"SEARCH"] + [b"%d" % n
                                      for n in range(1, len(sent) + 1)])
    examined = curl(base + "/", "-X", "EXAMINE INBOX", *extra)
    report.case("a command of one's own", b"EXISTS" in examined, examined)


def append(report, base, sent):
    with tempfile.NamedTemporaryFile() as file:
        file.write(sent[0][1])
        file.flush()
        curl(base + "/Drafts", "-T", file.name)
    got = curl(base + "/Drafts;MAILINDEX=1")
    report.equal("what is uploaded comes down again", got, sent[0][1])


def pop3(report, base, extra, sent):
    listed = curl(base + "/", *extra).split(b"\r\n")
    report.equal("LIST", [line.split()[1] for line in listed if line],
                 [b"%d" % len(t.expected(message)) for _, message in sent])
    for at, (name, message) in enumerate(sent, 1):
        got = curl("%s/%d" % (base, at), *extra)
        report.equal("%s %s" % (base.split(":")[0], name), got,
                     t.expected(message))
    uids = curl(base + "/", "-X", "UIDL", *extra)
    report.equal("UIDL", len(uids.split(b"\r\n")) - 1, len(sent))


def main():
    if not shutil.which("curl"):
        t.skip("curl is not installed")
    report = t.Report()
    t.add_user("curl")
    sent = [(name, message) for name, message in t.fixtures()
            if message.endswith(b"\r\n") and
            b"\n" not in message.replace(b"\r\n", b"")][:25]
    lmtp = t.Lmtp()
    for _, message in sent:
        lmtp.deliver([t.address("curl")], message)
    lmtp.quit()
    tls = ["--ssl-reqd"]
    imap(report, "imap://localhost:%d" % t.port("IMAP"), tls, sent)
    imap(report, "imaps://localhost:%d" % t.port("IMAPS"), [], sent)
    append(report, "imap://localhost:%d" % t.port("IMAP"), sent)
    pop3(report, "pop3://localhost:%d" % t.port("POP3"), tls, sent)
    pop3(report, "pop3s://localhost:%d" % t.port("POP3S"), [], sent)
    report.end()


main()
