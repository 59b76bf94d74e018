#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The mails that deliveries write (RFC 5230, 5429, 5436, 8098, 3834): whatever
the original was, a strict parser finds nothing wrong with them."""

import email
import email.policy
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
LONG = "Grüße an alle " * 60
SCRIPTS = {
    "vacation": 'require "vacation"; vacation :seconds 0 "Weg.\n.\nGrüße";',
    "subject": 'require "vacation"; vacation :seconds 0 :subject "%s" '
               ':from "Jürgen Ö <j@example.org>" "away";' % LONG,
    "mime": 'require "vacation"; vacation :seconds 0 :mime text:\n'
            'Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n'
            '--x\nContent-Type: text/html; charset=utf-8\n'
            'Content-Transfer-Encoding: quoted-printable\n\n<p>=C3=BC\n--x--\n.\n;',
    "reject": 'require "reject"; reject "Nein, böse.\r\nWirklich.";',
    "notify": 'require ["enotify"]; notify :importance "1" '
              ':message "Neue Post: %s" '
              '"mailto:x@example.org?cc=y@example.org&body=%%C3%%BC";' % LONG,
}
SCRIPTS = {name: script.replace('"vacation"',
                                '["vacation","vacation-seconds"]')
           for name, script in SCRIPTS.items()}

# Fields besides From and To; a blank line and a body come behind.
ORIGINALS = {
    "plain": b"Subject: hello\r\nMessage-ID: <1@x>\r\n",
    "nothing": b"",
    "encoded": b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?B?w7Y=?=\r\n"
               b"Message-ID: <2@x>\r\nReferences: <a@x> <b@x>\r\n",
    "8 bits": b"Subject: gr\xc3\xbc\xc3\x9fe \xff\r\nMessage-ID: <3@x>\r\n"
              b"X-Eight: \xe9\r\n",
    "long subject": b"Subject: " + b"word " * 3000 + b"\r\n",
    "long word": b"Subject: " + b"w" * 5000 + b"\r\nX: " + b"y" * 5000 + b"\r\n",
    "long id": b"Message-ID: <" + b"i" * 950 + b"@x>\r\n",
    "too long an id": b"Message-ID: <" + b"i" * 2000 + b"@x>\r\n",
    "many references": b"Message-ID: <4@x>\r\nReferences:\r\n" +
                       b" <abcdefghijklmnop@example.org>\r\n" * 500,
    "bad references": b"Message-ID: 5@x <6@x\r\nReferences: <<>> <a b> <>\r\n"
                      b"In-Reply-To: \x00 <\xff@x>\r\n",
    "control": b"Subject: a\x00b\x07c\rd\r\nMessage-ID: <7@x>\r\n",
    "word with a line end": b"Subject: =?utf-8?Q?a=0D=0ABcc:_evil@x?=\r\n",
    "odd charset": b"Subject: =?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?= "
                   b"=?none?Q?=FF?=\r\n",
    "bare line ends": b"Subject: x\nX-A: b\nMessage-ID: <8@x>\n",
    "recipient before": b"Original-Recipient: rfc822;old@example.net\r\n",
    "boundary": b"Subject: --dbmail-0\r\nX-B: \r\n --dbmail-\r\n",
    "folded": b"Subject: one\r\n two\r\n\tthree\r\nMessage-ID:\r\n <9@x>\r\n",
    "twice": b"Subject: first\r\nSubject: second\r\nMessage-ID: <10@x>\r\n"
             b"Message-ID: <11@x>\r\n",
}
FROM = {
    "encoded": b"From: =?utf-8?Q?B=C3=B6b=0D=0ABcc:_x@y?= <%s>\r\n",
    "8 bits": b"From: B\xc3\xb6b <%s>\r\n",
    "long word": b"From: \"" + b"n" * 3000 + b"\" <%s>\r\n",
}


def original(name, user):
    sender = FROM.get(name, b"From: Bob <%s>\r\n") % t.SENDER.encode()
    return (sender + b"To: " + t.address(user).encode() + b"\r\n" +
            ORIGINALS[name] + b"\r\nbody\r\n")


def queued(user):
    rows = t.sql("""
        SELECT q.kind || '|' || q.sender || '|' || q.recipient || '|' ||
               encode(q.message, 'hex')
          FROM dbmail_outbound_queue q JOIN dbmail_users u
            ON u.user_idnr = q.owner_idnr
         WHERE u.userid = %s ORDER BY q.id""" % t.quoted(user))
    return [row.split("|") for row in rows.split("\n") if row]


def defects(message):
    found = []
    for part in message.walk():
        found += [repr(defect) for defect in part.defects]
        for name in set(part.keys()):
            for value in part.get_all(name):
                found += ["%s: %r" % (name, defect)
                          for defect in getattr(value, "defects", ())]
    return found


def check(what, raw):
    """What all of them must be; the parsed message."""
    report.case("%s: CRLF" % what, re.search(
        rb"(^|[^\r])\n|\r([^\n]|\Z)", raw) is None)
    report.case("%s: 7 bits" % what, max(raw) < 0x80 and b"\0" not in raw)
    longest = max(len(line) for line in raw.split(b"\r\n"))
    report.case("%s: short lines" % what, longest <= 998, longest)
    head = raw.split(b"\r\n\r\n")[0].decode()
    words = [word for word in re.findall(r"=\?\S*\?=", head) if len(word) > 75]
    report.equal("%s: encoded words" % what, words, [])
    message = email.message_from_bytes(raw, policy=email.policy.default)
    report.equal("%s: nothing wrong" % what, defects(message), [])
    for name in ("From", "To", "Subject", "Date", "Message-ID",
                 "MIME-Version", "Auto-Submitted", "X-Loop"):
        report.equal("%s: %s once" % (what, name),
                     len(message.get_all(name, [])), 1)
    report.equal("%s: nobody else" % what, (
        message["Bcc"], message.get_all("Received")), (None, None))
    return message


def threads(what, name, message):
    """RFC 5322 section 3.6.4."""
    first = re.search(rb"(?m)^Message-ID:\s*(<[^\s<>]+>)", ORIGINALS[name])
    if first is None or len(first.group(1)) > 998:
        report.equal("%s: no thread" % what, (
            message["In-Reply-To"], message["References"]), (None, None))
        return
    wanted = first.group(1).decode()
    report.equal("%s: In-Reply-To" % what, message["In-Reply-To"].strip(),
                 wanted)
    report.equal("%s: References" % what, message["References"].split()[-1],
                 wanted)


def check_vacation(what, name, message):
    report.equal("%s: Auto-Submitted" % what, message["Auto-Submitted"],
                 "auto-replied")
    report.equal("%s: To" % what, [
        a.addr_spec for a in message["To"].addresses], [t.SENDER])
    threads(what, name, message)


def check_reject(what, name, message):
    check_vacation(what, name, message)
    report.equal("%s: form" % what, (
        message.get_content_type(), message.get_param("report-type"),
        [part.get_content_type() for part in message.iter_parts()]),
        ("multipart/report", "disposition-notification",
         ["text/plain", "message/disposition-notification",
          "text/rfc822-headers"]))
    words, fields, header = message.iter_parts()
    report.case("%s: the reason" % what,
                "Nein, böse.\nWirklich." in words.get_content().replace(
                    "\r\n", "\n"))
    fields = email.message_from_string(fields.get_payload(0).as_string()
                                       if fields.is_multipart() else
                                       fields.get_payload())
    wanted = {"Reporting-UA", "Final-Recipient", "Disposition"}
    if name == "recipient before":
        wanted.add("Original-Recipient")
        report.equal("%s: Original-Recipient" % what,
                     fields["Original-Recipient"], "rfc822;old@example.net")
    if message["In-Reply-To"] is not None:
        wanted.add("Original-Message-ID")
    report.equal("%s: fields" % what, set(fields.keys()), wanted)
    report.equal("%s: Disposition" % what, fields["Disposition"],
                 "automatic-action/MDN-sent-automatically; deleted")
    report.case("%s: the header, not the body" % what,
                b"From: " in header.get_payload(decode=True) and
                b"body" not in header.get_payload(decode=True))


def check_notify(what, message):
    report.case("%s: Auto-Submitted" % what, re.fullmatch(
        r"auto-notified; owner-token=[\w-]+",
        message["Auto-Submitted"]) is not None, message["Auto-Submitted"])
    report.equal("%s: To and Cc" % what, [
        [a.addr_spec for a in message[name].addresses] for name in ("To", "Cc")],
        [["x@example.org"], ["y@example.org"]])
    report.equal("%s: body" % what, message.get_content().strip(), "ü")
    report.equal("%s: Importance" % what, message["Importance"], "high")


def run(kind, script):
    user = t.add_user("composed-" + kind)
    t.sql("""INSERT INTO dbmail_sievescripts (owner_idnr, name, script, active)
             SELECT user_idnr, 'main', %s, 1 FROM dbmail_users
              WHERE userid = %s;
             UPDATE dbmail_users SET sieve_version = 1 WHERE userid = %s""" % (
                 t.quoted(script), t.quoted(user), t.quoted(user)))
    identities = set()
    for name in ORIGINALS:
        what = "%s, %s" % (kind, name)
        t.sql("DELETE FROM dbmail_outbound_queue")
        lmtp = t.Lmtp()
        code = lmtp.deliver([t.address(user)], original(name, user))[0][0]
        lmtp.quit()
        report.equal("%s: taken" % what, code, 250)
        rows = queued(user)
        if not report.equal("%s: sent" % what, len(rows),
                            2 if kind == "notify" else 1):
            continue
        for row in rows:
            report.equal("%s: sender" % what, row[1],
                         t.address(user) if kind == "notify" else "")
        message = check(what, bytes.fromhex(rows[0][3]))
        identities.add(message["Message-ID"])
        subject = message["Subject"]
        report.case("%s: subject" % what, 0 < len(subject) <= 256 and not any(
            ord(c) < 0x20 for c in subject), repr(subject))
        if kind == "notify":
            check_notify(what, message)
        elif kind == "reject":
            check_reject(what, name, message)
        else:
            check_vacation(what, name, message)
    report.equal("%s: each a Message-ID of its own" % kind, len(identities),
                 len(ORIGINALS))


for each, text in SCRIPTS.items():
    run(each, text)
t.check_store(report)
report.end()
