#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts in a whole site: Postfix gives mail to lmtpd, scripts file, answer and
send on, dbmail-queued gives that to Postfix, which sends it to a server outside
or back to us.  Users put their scripts up over ManageSieve and look at their
mail over IMAP.

Each case sends, and goes on when nothing is under way any more: then what has
to arrive has arrived, and what has arrived twice can be seen."""

import email
import email.policy
import os
import smtplib
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import smtpsink  # noqa: E402
from postfix import Postfix  # noqa: E402

MORE = """
default_transport = smtp:[127.0.0.1]:%d
smtp_destination_recipient_limit = 1
smtp_tls_security_level = none
smtpd_recipient_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtp_host_lookup = native
lmtp_destination_recipient_limit = 100
"""

report = t.Report()
site = None


class Site:
    """Postfix, the server outside, and what was sent to it."""

    def __init__(self, folder):
        self.outside = smtpsink.Sink()
        self.postfix = Postfix(folder, MORE % self.outside.port,
                               t.port("SMTP"))
        self.postfix.run("start")
        t.run("store-daemon", "start", "queued")

    def send(self, sender, recipients, message):
        with smtplib.SMTP("127.0.0.1", self.postfix.port,
                          "client.example.org") as client:
            client.ehlo("client.example.org")
            client.sendmail(sender, recipients, message, ["BODY=8BITMIME"])

    def is_still(self):
        """Mail is in one queue or the other until it has arrived."""
        newest = "SELECT coalesce(max(id), 0) FROM dbmail_outbound_queue"
        before = t.sql(newest)
        return (self.postfix.queue() == 0 and
                t.sql("SELECT count(*) FROM dbmail_outbound_queue"
                    " WHERE status IN ('pending', 'sending')") == "0\n" and
                self.postfix.queue() == 0 and t.sql(newest) == before)

    def settle(self):
        deadline = time.monotonic() + t.TIMEOUT
        while not self.is_still() or not self.is_still():
            if time.monotonic() > deadline:
                raise RuntimeError("mail is still under way: %s" % t.sql(
                    "SELECT kind, status, recipient, last_error"
                    "  FROM dbmail_outbound_queue WHERE status <> 'sent'"))

    def arrived(self, recipient):
        """What the server outside got for an address."""
        return [mail for mail in self.outside.mails
                if mail.recipient == recipient]

    def end(self):
        self.postfix.end()
        self.outside.close()


# --- users ---------------------------------------------------------------------

def user(name, script):
    t.add_user(name)
    if script is not None:
        change(name, script)
    return t.address(name)


def change(name, script):
    client = t.SieveLines(name)
    answer = client.put("main", script.encode())
    if answer.word == "OK":
        answer = client.say(b'SETACTIVE "main"')
    report.case("%s puts up a script" % name, answer.word == "OK", answer)
    client.close()


def mail(to, subject="hello", fields="", body="body", sender=t.SENDER):
    return ("From: Bob <%s>\r\nTo: %s\r\nSubject: %s\r\n"
            "Message-ID: <%s.%s@example.org>\r\n%s\r\n%s\r\n" % (
                sender, to, subject, to.split("@")[0],
                subject.encode().hex(), fields, body)).encode()


def folders(name):
    """{folder: [(flags, message)]} of those that are not empty."""
    client = t.Imap(name)
    found = {}
    for row in client.list()[1]:
        folder = row.decode().split(' "/" ')[1].strip('"')
        if b"\\Noselect" in row:
            continue
        count = int(client.select('"%s"' % folder, readonly=True)[1][0])
        if count == 0:
            continue
        flags = [sorted(set(line.split(b"FLAGS (")[1].split(b")")[0].split())
                        - {b"\\Recent"})
                 for line in client.fetch("1:*", "(FLAGS)")[1]]
        found[folder] = list(zip(flags, [
            data for _, data in client.messages(folder)]))
    client.logout()
    return found


def has(what, name, wanted):
    """The folders have so many messages, and others none."""
    got = {folder: len(rows) for folder, rows in folders(name).items()}
    report.equal(what + ": folders", got, wanted)


def came(what, recipient, wanted):
    """The (sender, subject) of all that came out for an address."""
    got = sorted((one.sender, parse(one)["Subject"])
                 for one in site.arrived(recipient))
    report.equal(what + ": outside", got, sorted(wanted))


def parse(one):
    return email.message_from_bytes(one.data, policy=email.policy.SMTP)


def header(what, message, wanted):
    """Fields and values, all but those hosts put in front; ... stands for
    anything."""
    got = [(name, value.strip()) for name, value in message.items()
           if name not in ("Received", "Return-Path")]
    good = len(got) == len(wanted) and all(
        name == other and (value == expected or expected is ...)
        for (name, value), (other, expected) in zip(got, wanted))
    report.case(what + ": header", good, "got %r\nwanted %r" % (got, wanted))


# --- filing --------------------------------------------------------------------

RULES = r"""
require ["fileinto", "mailbox", "imap4flags", "subaddress", "envelope",
         "editheader", "variables", "duplicate", "copy", "body"];
# In UTF-8: gr@n
if duplicate { discard; stop; }
if header :matches "Subject" "[*] *" {
    set :lower :upperfirst "list" "${1}";
    addheader :last "X-Filed" "by rule";
    deleteheader "X-Old";
    fileinto :create :flags ["\\Flagged", "$List"] "Lists/${list}";
} elsif envelope :detail "to" "work" {
    addflag "\\Seen";
    fileinto :create "Work";
    removeflag "\\Seen";
    fileinto :copy "Lists/All";
} elsif body :contains "gr@n" {
    fileinto "Gr@n/Wiese & Co";
}
""".replace("@", "\u00fc")


def filing():
    address = user("filer", RULES.replace("\n", "\r\n"))
    first = mail(address, "[NEWS] one", "X-Old: 1\r\nX-Other: 2\r\n")
    site.send(t.SENDER, [address], first)
    site.send(t.SENDER, ["filer+work@" + t.setting("DOMAIN")],
              mail(address, "work"))
    site.send(t.SENDER, [address], mail(
        address, "green", 'Content-Type: text/plain; charset=utf-8\r\n'
        'Content-Transfer-Encoding: base64\r\n', "V2llc2UgZ3LDvG4="))
    site.send(t.SENDER, [address], mail(address, "plain"))
    yield
    # Another copy of one that has been: its Message-ID says so.
    site.send("other@example.org", [address], first)
    yield
    has("rules", "filer", {"Lists/News": 1, "Work": 1, "Lists/All": 1,
                           "Gr&APw-n/Wiese &- Co": 1, "INBOX": 1})
    found = folders("filer")
    flags, edited = found["Lists/News"][0]
    report.equal("rules: flags", flags, [b"$List", b"\\Flagged"])
    report.equal("rules: edited", edited.split(b"\r\nFrom: Bob")[1],
                 (b"From: Bob" + first.split(b"From: Bob")[1].replace(
                     b"X-Old: 1\r\n", b"").replace(
                         b"X-Other: 2\r\n",
                         b"X-Other: 2\r\nX-Filed: by rule\r\n"))[9:])
    report.equal("rules: \\Seen", found["Work"][0][0], [b"\\Seen"])
    report.equal("rules: no flags", found["Lists/All"][0][0], [])
    yield


# --- sending on ----------------------------------------------------------------

def redirecting():
    address = user("sender-on", 'redirect "far@example.net";')
    both = user("keeper", 'require "copy"; redirect :copy "far2@example.net";'
                ' keep;')
    user("detailed", 'redirect "far3@example.net"; redirect "FAR3@example.net";'
         ' redirect "far4@example.net";')
    sent = mail(address, "on", body=".dots\r\n..\r\n\u00e4" + "x" * 900)
    site.send(t.SENDER, [address], sent)
    site.send(t.SENDER, [both], mail(both, "both"))
    site.send("", [both], mail(both, "bounce"))
    site.send(t.SENDER, [t.address("detailed")],
              mail(t.address("detailed"), "two"))
    yield
    has("redirect", "sender-on", {})
    came("redirect", "far@example.net", [(t.SENDER, "on")])
    data = site.arrived("far@example.net")[0].data
    report.case("redirect: the message is as it was", data.endswith(sent),
                data)
    report.case("redirect: its mark", b"\r\nX-Loop: dbmail-" in data, data)
    report.equal("redirect: Return-Path is not sent on",
                 b"Return-Path" in data, False)
    has("redirect :copy", "keeper", {"INBOX": 2})
    came("redirect :copy", "far2@example.net",
         [(t.SENDER, "both"), ("", "bounce")])
    for number in (3, 4):
        came("redirect to two", "far%d@example.net" % number,
             [(t.SENDER, "two")])
    yield


def circles():
    """A sends to B, B to A; one sends to itself; three in a ring."""
    one, two = t.address("circle1"), t.address("circle2")
    user("circle1", 'redirect "%s";' % two)
    user("circle2", 'redirect "%s";' % one)
    self = user("circle3", 'require "copy"; redirect "%s";' %
                "circle3+x@example.com")
    for i in range(3):
        user("ring%d" % i, 'redirect "%s";' %
             t.address("ring%d" % ((i + 1) % 3)))
    site.send(t.SENDER, [one], mail(one, "round"))
    site.send(t.SENDER, [self], mail(self, "self"))
    site.send(t.SENDER, [t.address("ring1")], mail("ring", "ring"))
    yield
    has("A to B to A: ends at A", "circle1", {"INBOX": 1})
    has("A to B to A: nothing at B", "circle2", {})
    has("to itself", "circle3", {"INBOX": 1})
    for i in range(3):
        has("a ring, %d" % i, "ring%d" % i, {"INBOX": 1} if i == 1 else {})
    yield


# --- answering -----------------------------------------------------------------

AWAY = ('require ["vacation", "fcc", "mailbox"];'
        'vacation :days 3 :fcc "Sent" "Gone \u00fcntil Monday.";')


def answering():
    address = user("away", AWAY)
    for subject in ("gr\u00fc\u00df", "again"):
        site.send(t.SENDER, [address], mail(
            address, "=?utf-8?q?gr=C3=BC=C3=9F?=" if subject != "again"
            else subject, "References: <a@b>\r\n"))
        yield
    site.send("two@example.org", [address], mail(address, "second"))
    yield
    has("vacation", "away", {"INBOX": 3, "Sent": 2})
    came("vacation", t.SENDER, [("", "Auto: gr\u00fc\u00df")])
    came("vacation, another sender", "two@example.org",
         [("", "Auto: second")])
    answer = parse(site.arrived(t.SENDER)[0])
    identity = "<away.%s@example.org>" % \
        b"=?utf-8?q?gr=C3=BC=C3=9F?=".hex()
    header("vacation", answer, [
        ("Date", ...), ("Message-ID", ...), ("From", address),
        ("To", "Bob <%s>" % t.SENDER),
        ("Subject", "Auto: gr\u00fc\u00df"), ("In-Reply-To", identity),
        ("References", "<a@b> " + identity),
        ("Auto-Submitted", "auto-replied"), ("X-Loop", ...),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", ...)])
    report.equal("vacation: text", answer.get_content(),
                 "Gone \u00fcntil Monday.\r\n")
    sent = folders("away")["Sent"][0][1]
    report.case("vacation: what is filed is what was sent",
                site.arrived(t.SENDER)[0].data.endswith(sent), sent)
    yield


NOT_ANSWERED = (
    ("<>", "", ""),
    ("list", "l1@example.org", "List-Id: <x.example.org>\r\n"),
    ("list-unsubscribe", "l2@example.org",
     "List-Unsubscribe: <mailto:x@example.org>\r\n"),
    ("bulk", "l3@example.org", "Precedence: bulk\r\n"),
    ("automatic", "l4@example.org", "Auto-Submitted: auto-generated\r\n"),
    ("suppressed", "l5@example.org", "X-Auto-Response-Suppress: All\r\n"),
    ("owner", "owner-x@example.org", ""),
    ("request", "x-request@example.org", ""),
    ("daemon", "MAILER-DAEMON@example.org", ""),
)


def silence():
    """What must not be answered is kept and not answered."""
    address = user("silent", 'require "vacation"; vacation "Gone.";')
    for what, sender, fields in NOT_ANSWERED:
        site.send(sender, [address], mail(address, what, fields))
    site.send("b1@example.org", [address], mail("x@example.org", "not to me"))
    site.send(address, [address], mail(address, "from me", sender=address))
    yield
    has("no vacation", "silent", {"INBOX": len(NOT_ANSWERED) + 2})
    answers = [(one.recipient, parse(one)["Subject"])
               for one in site.outside.mails
               if parse(one)["From"] == address]
    report.equal("no vacation: nobody is told", answers, [])
    yield


def both_away():
    """Two who are both away write to each other."""
    one = user("away1", 'require "vacation"; vacation "One is away.";')
    two = user("away2", 'require "vacation"; vacation "Two is away.";')
    site.send(one, [two], mail(two, "hello", sender=one))
    yield
    has("both away: the answer comes", "away1", {"INBOX": 1})
    has("both away: and is not answered", "away2", {"INBOX": 1})
    site.send(two, [one], mail(one, "hello back", sender=two))
    yield
    has("both away: the other way", "away1", {"INBOX": 2})
    has("both away: the other way, answered", "away2", {"INBOX": 2})
    got = folders("away1")["INBOX"][0][1]
    report.case("both away: from nobody",
                got.startswith(b"Return-Path: <>\r\n"), got)
    yield


# --- refusing ------------------------------------------------------------------

def refusing():
    """In the reply, of which Postfix makes a bounce; others get theirs."""
    script = 'require "%s"; %s "Not %s here";'
    refuser = user("refuser", script % ("reject", "reject", "you"))
    erefuser = user("erefuser", script % ("ereject", "ereject", "wanted"))
    spoken = user("spoken", script % ("reject", "reject", "f\u00fcr mich"))
    taker = user("taker", None)
    site.send("r1@example.org", [refuser, taker, erefuser],
              mail(refuser, "refused"))
    site.send("r2@example.org", [spoken], mail(spoken, "spoken"))
    site.send("", [refuser], mail(refuser, "refused bounce"))
    site.send("", [spoken], mail(spoken, "spoken bounce"))
    yield
    for name in ("refuser", "erefuser", "spoken"):
        has("reject: " + name, name, {})
    has("reject: the other recipient", "taker", {"INBOX": 1})
    came("reject: Postfix tells the sender once", "r1@example.org",
         [("", "Undelivered Mail Returned to Sender")])
    text = site.arrived("r1@example.org")[0].data
    for words in (b"550 5.7.1 Not you here", b"550 5.7.1 Not wanted here"):
        report.case("reject: %r" % words,
                    words in text.replace(b"\r\n    ", b" "), text)
    notice("reject, not in ASCII", "r2@example.org", spoken, "spoken",
           "Not f\u00fcr mich here")
    yield


def notice(what, sender, address, subject, text):
    """A notification of RFC 8098."""
    came(what, sender, [("", "Refused: " + subject)])
    got = site.arrived(sender)
    if len(got) != 1:
        return
    got = parse(got[0])
    report.equal(what + ": type", (
        got.get_content_type(), got["Content-Type"].params["report-type"]),
        ("multipart/report", "disposition-notification"))
    report.equal(what + ": from", (got["From"], got["To"]), (address, sender))
    report.case(what + ": automatic", (got["Auto-Submitted"] or "").startswith(
        "auto-replied"), got["Auto-Submitted"])
    parts = list(got.iter_parts())
    report.case(what + ": text", text in parts[0].get_content(),
                parts[0].get_content())
    fields = parts[1].get_payload(0)
    report.equal(what + ": disposition", (
        fields["Final-Recipient"], fields["Disposition"]),
        ("rfc822; " + address,
         "automatic-action/MDN-sent-automatically; deleted"))


def refusing_by_mail():
    """reject = mail, ereject stays a reply."""
    with open(t.setting("CONF"), "a", encoding="utf-8") as file:
        file.write("\n[SIEVE]\nreject = mail\n")
    t.run("store-daemon", "restart", "lmtpd")
    address = user("mailer", 'require "reject"; reject "Not here";')
    other = user("emailer", 'require "ereject"; ereject "Nor here";')
    site.send("r3@example.org", [address], mail(address, "by mail"))
    site.send("r4@example.org", [other], mail(other, "by reply"))
    site.send("", [address], mail(address, "a bounce"))
    yield
    has("reject = mail", "mailer", {})
    notice("reject = mail", "r3@example.org", address, "by mail", "Not here")
    came("reject = mail: ereject", "r4@example.org",
         [("", "Undelivered Mail Returned to Sender")])
    yield


# --- notices -------------------------------------------------------------------

def notifying():
    address = user("notified", 'require ["enotify", "fcc", "variables"];'
                   'if header :matches "From" "*" { set "from" "${1}"; }'
                   'notify :fcc "Sent" :message "News from ${from}"'
                   '"mailto:pager@example.net?body=Look%20there";')
    site.send(t.SENDER, [address], mail(address, "news"))
    site.send(t.SENDER, [address], mail(
        address, "automatic", "Auto-Submitted: auto-generated\r\n"))
    yield
    has("notify", "notified", {"INBOX": 2, "Sent": 1})
    came("notify", "pager@example.net",
         [(address, "News from Bob <%s>" % t.SENDER)])
    got = parse(site.arrived("pager@example.net")[0])
    report.case("notify: automatic", (got["Auto-Submitted"] or "").startswith(
        "auto-notified"), got["Auto-Submitted"])
    report.case("notify: body", got.get_content().startswith("Look there"),
                got.get_content())
    yield


CASES = (filing, redirecting, circles, answering, silence, both_away,
         refusing, notifying, refusing_by_mail)


def run(cases):
    """All go on to their next step, then all wait for what they sent."""
    while cases:
        going = []
        for case in cases:
            report.note(case.__name__)
            try:
                next(case)
                going.append(case)
            except StopIteration:
                pass
        site.settle()
        cases = going


def main():
    global site
    wanted = [case for case in CASES
              if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]]
    with tempfile.TemporaryDirectory(
            prefix="postfix.", ignore_cleanup_errors=True) as folder:
        site = Site(folder)
        try:
            run([case() for case in wanted if case is not refusing_by_mail])
            if refusing_by_mail in wanted:
                run([refusing_by_mail()])
        finally:
            if report.failed:
                report.note(site.postfix.log()[-3000:])
            site.end()
    t.run("dbmail-util", "check")
    t.check_logs(report)
    report.end()


main()
