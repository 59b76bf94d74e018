#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Python's own clients, as scripts everywhere use them: smtplib.LMTP in, imaplib
and poplib out."""

import email
import email.message
import email.policy
import imaplib
import os
import poplib
import smtplib
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402


def make_message(number):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Ada <ada@example.org>"
    message["To"] = t.address("py")
    message["Subject"] = "Nummer %d, schön gezählt" % number
    message["Message-ID"] = "<py.%d@example.org>" % number
    message.set_content("Grüße\n.\n..\nvon %d\n" % number)
    message.add_attachment(bytes(range(256)) * number, maintype="application",
                           subtype="octet-stream", filename="täglich.bin")
    return message


def deliver(report):
    client = smtplib.LMTP(t.setting("HOST"), t.port("LMTP"),
                          "test.example.org")
    report.equal("LHLO says 250", client.ehlo("test.example.org")[0], 250)
    for feature in ("pipelining", "8bitmime", "size", "enhancedstatuscodes",
                    "chunking", "smtputf8"):
        report.case("LMTP announces " + feature,
                    feature in client.esmtp_features, client.esmtp_features)
    for number in range(1, 6):
        refused = client.send_message(
            make_message(number), "ada@example.org",
            [t.address("py"), t.address("nobody-here")])
        report.equal("message %d: only the unknown user is refused" % number,
                     {to: code for to, (code, _) in refused.items()},
                     {t.address("nobody-here"): 550})
    client.quit()


def tls_context():
    return ssl.create_default_context(cafile=t.setting("CA"))


def check_message(report, what, number, data):
    got = email.message_from_bytes(data, policy=email.policy.SMTP)
    wanted = make_message(number)
    report.equal("%s: subject" % what, got["Subject"], wanted["Subject"])
    report.equal("%s: text" % what,
                 got.get_body().get_content().splitlines(),
                 wanted.get_body().get_content().splitlines())
    attachment = next(got.iter_attachments())
    report.equal("%s: attachment" % what, attachment.get_content(),
                 bytes(range(256)) * number)
    report.equal("%s: file name" % what, attachment.get_filename(),
                 "täglich.bin")


def read_imap(report):
    client = imaplib.IMAP4("localhost", t.port("IMAP"))
    report.equal("STARTTLS", client.starttls(tls_context())[0], "OK")
    report.equal("LOGIN", client.login("py", "secret")[0], "OK")
    report.equal("SELECT says how many", client.select()[1], [b"5"])
    for number in range(1, 6):
        data = client.fetch(str(number), "(RFC822)")[1][0][1]
        check_message(report, "IMAP message %d" % number, number, data)
    report.equal("SEARCH HEADER", client.search(
        None, "HEADER", "Message-ID", "<py.3@example.org>")[1], [b"3"])
    report.equal("RFC822 sets Seen", client.search(None, "SEEN")[1],
                 [b"1 2 3 4 5"])
    change_mailbox(report, client)
    client.close()
    client.logout()


def change_mailbox(report, client):
    report.equal("STORE", client.store("2", "+FLAGS", r"(\Flagged $Later)")[0],
                 "OK")
    report.equal("SEARCH FLAGGED", client.search(None, "FLAGGED")[1], [b"2"])
    report.equal("SEARCH KEYWORD",
                 client.search(None, "KEYWORD", "$Later")[1], [b"2"])
    report.equal("CREATE", client.create("Work.2026")[0], "OK")
    report.equal("COPY", client.copy("1:2", "Work.2026")[0], "OK")
    status = client.status("Work.2026", "(MESSAGES UNSEEN)")[1][0]
    report.case("STATUS of the copy", b"MESSAGES 2" in status and
                b"UNSEEN 0" in status, status)
    listed = [row.split()[-1].strip(b'"') for row in client.list()[1]]
    report.case("LIST has the folders of a new user",
                {b"INBOX", b"Sent", b"Trash", b"Drafts"} <= set(listed), listed)
    client.store("5", "+FLAGS", r"\Deleted")
    report.equal("EXPUNGE", client.expunge()[1], [b"5"])
    report.equal("RENAME", client.rename("Work.2026", "Work.Old")[0], "OK")
    report.equal("DELETE", client.delete("Work.Old")[0], "OK")
    report.equal("a wrong command is BAD or NO and the session goes on",
                 bad_command(client), True)
    report.equal("NOOP", client.noop()[0], "OK")


def bad_command(client):
    try:
        return client.create("")[0] in ("NO", "BAD")
    except imaplib.IMAP4.error:
        return True


def read_imaps(report):
    with imaplib.IMAP4_SSL("localhost", t.port("IMAPS"),
                           ssl_context=tls_context()) as client:
        client.authenticate("PLAIN", lambda _: b"\0py\0secret")
        report.equal("TLS at once, AUTHENTICATE PLAIN", client.select()[1],
                     [b"4"])
        client.close()
    try:
        imaplib.IMAP4(t.setting("HOST"), t.port("IMAP")).login("py", "wrong")
        report.case("a wrong password is refused", False)
    except imaplib.IMAP4.error:
        report.case("a wrong password is refused", True)


def read_pop3(report):
    client = poplib.POP3("localhost", t.port("POP3"))
    report.case("CAPA has STLS, UIDL, TOP",
                {"STLS", "UIDL", "TOP"} <= set(client.capa()), client.capa())
    client.stls(tls_context())
    client.user("py")
    client.pass_("secret")
    report.equal("STAT", client.stat()[0], 4)
    for number in range(1, 5):
        lines = client.retr(number)[1]
        check_message(report, "POP3 message %d" % number, number,
                      b"\r\n".join(lines) + b"\r\n")
    uids = [line.split()[1] for line in client.uidl()[1]]
    report.equal("UIDL: as many as messages, all different",
                 len(set(uids)), 4)
    top = client.top(1, 0)[1]
    report.equal("TOP 0 is the header", top[-1], b"")
    client.dele(1)
    client.rset()
    client.dele(4)
    client.quit()
    client = poplib.POP3_SSL("localhost", t.port("POP3S"),
                             context=tls_context())
    client.user("py")
    client.pass_("secret")
    report.equal("DELE and QUIT remove one", client.stat()[0], 3)
    report.equal("UIDL stays", [line.split()[1] for line in client.uidl()[1]],
                 uids[:3])
    client.quit()


def main():
    report = t.Report()
    t.add_user("py")
    deliver(report)
    read_imap(report)
    read_imaps(report)
    read_pop3(report)
    report.end()


main()
