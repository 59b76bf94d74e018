#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts at delivery (RFC 5228 and its extensions): what is filed where with
which flags, what is queued to be sent, who is refused, and that no failure
loses, doubles or sends anything."""

import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
count = 0


def put_script(user, script, name="main", active=1):
    t.sql("""INSERT INTO dbmail_sievescripts (owner_idnr, name, script, active)
           SELECT user_idnr, %s, convert_to(%s, 'UTF8'), %d
             FROM dbmail_users WHERE userid = %s""" % (
                 t.quoted(name), t.quoted(script), active, t.quoted(user)))


def change_script(user, script):
    """The daemon starts anew: addresses are remembered for some seconds."""
    t.sql("""UPDATE dbmail_sievescripts SET script = convert_to(%s, 'UTF8')
            WHERE owner_idnr = (SELECT user_idnr FROM dbmail_users
                                 WHERE userid = %s)""" % (
                                     t.quoted(script), t.quoted(user)))
    t.run("store-daemon", "restart", "lmtpd")


def new_user(script=None, **options):
    """A user of its own for each case."""
    global count
    count += 1
    name = t.add_user("sieve%d" % count)
    if script is not None:
        put_script(name, script, **options)
    return name


def message(user, subject="hello", fields="", body="body"):
    return ("From: Bob <%s>\r\nTo: %s\r\nSubject: %s\r\n"
            "Message-ID: <%s.%s@example.org>\r\n%s\r\n%s\r\n" % (
                t.SENDER, t.address(user), subject, user,
                subject.replace(" ", "-"), fields, body)).encode()


def deliver(user, text=None, sender=t.SENDER, to=None):
    """(code, lines) for one recipient."""
    lmtp = t.Lmtp()
    reply = lmtp.deliver([to or t.address(user)], text or message(user),
                         sender=sender)[0]
    lmtp.quit()
    return reply


def listing(user):
    """{folder: number of messages}, without the empty ones."""
    rows = t.sql("""SELECT b.name, b.messages FROM dbmail_mailboxes b
                    JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
                   WHERE u.userid = %s AND b.messages > 0
                   ORDER BY b.name""" % t.quoted(user)).splitlines()
    return {row.split("|")[0]: int(row.split("|")[1]) for row in rows}


def queued(user):
    """[(kind, sender, recipient, message)] in the order they were queued."""
    rows = t.sql("""SELECT q.kind, q.sender, q.recipient, encode(q.message, 'hex')
                    FROM dbmail_outbound_queue q
                    JOIN dbmail_users u ON u.user_idnr = q.owner_idnr
                   WHERE u.userid = %s ORDER BY q.id""" % t.quoted(user))
    return [tuple(row.split("|")[:3]) + (bytes.fromhex(row.split("|")[3]),)
            for row in rows.splitlines()]


def kinds(user):
    return [mail[:3] for mail in queued(user)]


def expect(what, user, reply, folders, mails=()):
    report.equal(what + ": reply", reply[0], 250)
    report.equal(what + ": folders", listing(user), folders)
    report.equal(what + ": mails", kinds(user), list(mails))


def flags(user, folder):
    imap = t.Imap(user)
    imap.select('"%s"' % folder, readonly=True)
    got = imap.fetch("1:*", "(FLAGS)")[1]
    imap.logout()
    return [sorted(set(row.split(b"FLAGS (")[1].split(b")")[0].split()) -
                   {b"\\Recent"}) for row in got if row]


def contents(user, folder="INBOX"):
    imap = t.Imap(user)
    got = [text for _, text in imap.messages(folder)]
    imap.logout()
    return got


# --- filing ------------------------------------------------------------------

def filing():
    user = new_user("keep;")
    expect("keep", user, deliver(user), {"INBOX": 1})
    report.equal("keep: bytes", contents(user),
                 [t.RETURN_PATH + message(user)])

    user = new_user("discard;")
    expect("discard", user, deliver(user), {})

    user = new_user('require "fileinto"; fileinto "Archive";')
    expect("fileinto", user, deliver(user), {"Archive": 1})

    user = new_user('require "fileinto"; fileinto "New/Fold\u00e9r";')
    expect("fileinto makes it", user, deliver(user), {"New/Fold\u00e9r": 1})
    subscribed = t.sql("""SELECT count(*) FROM dbmail_subscribed_names s
                          JOIN dbmail_users u ON u.user_idnr = s.user_id
                         WHERE u.userid = %s AND s.name LIKE 'New/%%'""" %
                     t.quoted(user)).strip()
    report.equal("and it is subscribed", subscribed, "1")

    user = new_user('require ["fileinto", "copy"]; fileinto :copy "Archive";')
    expect("fileinto :copy", user, deliver(user), {"Archive": 1, "INBOX": 1})
    shared = t.sql("""SELECT count(DISTINCT m.physmessage_id)
                      FROM dbmail_messages m
                      JOIN dbmail_mailboxes b
                        ON b.mailbox_idnr = m.mailbox_idnr
                      JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
                     WHERE u.userid = %s""" % t.quoted(user)).strip()
    report.equal("both are one message", shared, "1")

    user = new_user('require "fileinto"; fileinto "inbox"; keep;')
    expect("the same folder twice", user, deliver(user), {"INBOX": 1})

    user = new_user('require ["fileinto", "imap4flags", "editheader"];'
                    'keep :flags "first"; addheader "X-Edit" "1";'
                    'fileinto :flags "\\\\Seen" "inbox";')
    expect("twice, edited in between", user, deliver(user), {"INBOX": 1})
    report.equal("the last flags win", flags(user, "INBOX"), [[b"\\Seen"]])
    report.case("and the last form", contents(user)[0].startswith(
        t.RETURN_PATH + b"X-Edit: 1\r\n"), contents(user))

    user = new_user('require "fileinto"; fileinto "bad//name"; ')
    expect("a name that cannot be", user, deliver(user), {"INBOX": 2})
    report.case("its owner is told", any(
        b"no mailbox" in text for text in contents(user)))


def flagging():
    user = new_user('require ["fileinto", "imap4flags"];'
                    'fileinto :flags ["\\\\Seen", "$Label1", "(bad"] "Junk";')
    expect("flags", user, deliver(user), {"Junk": 1})
    report.equal("flags: seen over IMAP", flags(user, "Junk"),
                 [[b"$Label1", b"\\Seen"]])


def by_use():
    user = new_user('require ["special-use", "fileinto"];'
                    'fileinto :specialuse "\\\\Junk" "Spam";')
    expect("special use", user, deliver(user), {"Junk": 1})


def by_id():
    user = new_user()
    box = t.sql("""SELECT b.mailbox_idnr FROM dbmail_mailboxes b
                   JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
                  WHERE u.userid = %s AND b.name = 'Trash'""" %
              t.quoted(user)).strip()
    put_script(user, 'require ["mailboxid", "fileinto"];'
               'fileinto :mailboxid "F%s" "Other";' % box)
    expect("mailbox id", user, deliver(user), {"Trash": 1})


def by_detail():
    user = new_user('require ["subaddress", "envelope", "fileinto"];'
                    'if envelope :detail "to" "lists" '
                    '{ fileinto "Archive"; }')
    expect("subaddress", user, deliver(
        user, to=t.address(user).replace("@", "+lists@")), {"Archive": 1})


def surroundings():
    user = new_user('require ["environment", "imap4flags"];'
                    'if allof (environment :is "name" "dbmail",'
                    ' environment :is "location" "MDA",'
                    ' environment :is "phase" "during",'
                    ' environment :is "remote-ip" "127.0.0.1")'
                    ' { addflag "\\\\Flagged"; }')
    expect("environment", user, deliver(user), {"INBOX": 1})
    report.equal("environment: flags", flags(user, "INBOX"), [[b"\\Flagged"]])


def edited():
    user = new_user('require ["editheader"]; addheader "X-Seen" "yes";')
    expect("edited", user, deliver(user), {"INBOX": 1})
    report.equal("edited: bytes", contents(user),
                 [t.RETURN_PATH + b"X-Seen: yes\r\n" + message(user)])


def spam():
    before = t.configure("[SIEVE]\nspam_header = X-Spam: score=([0-9.]+)\n"
                       "spam_max = 5\nvirus_header = X-Virus\n"
                       "virus_texts = 1=clean, 5 = infected")
    script = ('require ["spamtest", "virustest", "relational", "fileinto",'
              '"comparator-i;ascii-numeric"];'
              'if spamtest :value "ge" :comparator "i;ascii-numeric" "6"'
              '{ fileinto "Junk"; }'
              'elsif virustest :value "eq" :comparator "i;ascii-numeric" "5"'
              '{ fileinto "Trash"; }')
    for fields, folder in (("X-Spam: yes, score=4.2\r\n", "Junk"),
                           ("X-Spam: no, score=0.1\r\n", "INBOX"),
                           ("X-Virus: Infected\r\n", "Trash"), ("", "INBOX")):
        user = new_user(script)
        expect("filters: %r" % fields, user, deliver(
            user, message(user, fields=fields)), {folder: 1})
    t.restore(before)


def keywords():
    """A mailbox that has all the keywords it can have takes mail without."""
    user = new_user('require ["imap4flags", "variables"];'
                    'if header :matches "Subject" "*"'
                    '{ addflag ["\\\\Flagged", "$k${1}"]; }')
    for i in range(64):
        deliver(user, message(user, str(i)))
    expect("the 65th keyword", user, deliver(user, message(user, "64")),
           {"INBOX": 65})
    got = flags(user, "INBOX")
    report.equal("the 64th keyword", got[63], [b"$k63", b"\\Flagged"])
    report.equal("the 65th message", got[64], [b"\\Flagged"])


def missing_folder():
    before = t.configure("[SIEVE]\nmissing_folder = inbox")
    user = new_user('require "fileinto"; fileinto "Nowhere";')
    expect("missing folder", user, deliver(user), {"INBOX": 2})
    t.restore(before)


def missing_folder_create():
    before = t.configure("[SIEVE]\nmissing_folder = inbox")
    user = new_user('require ["fileinto", "mailbox"];'
                    'fileinto :create "Nowhere";')
    expect("missing folder with :create", user, deliver(user), {"Nowhere": 1})
    t.restore(before)


# --- sending -----------------------------------------------------------------

def redirecting():
    user = new_user('redirect "else@example.net";')
    expect("redirect", user, deliver(user), {},
           [("redirect", t.SENDER, "else@example.net")])
    sent = queued(user)[0][3]
    # RFC 5228 section 4.2: with one Received more than it came with.
    trace, rest = sent.split(b"\r\nX-Loop: dbmail-", 1)
    report.equal("redirect: bytes", rest.split(b"\r\n", 1)[1], message(user))
    report.case("redirect: trace", re.fullmatch(
        rb"Received: from \S+ \(\[127\.0\.0\.1\]\)\r\n\tby \S+ with LMTPS?"
        rb" id \S+\r\n\tfor <%s>; [^\r\n]+" % t.address(user).encode(),
        trace), trace)
    # It comes back by another way: kept, not sent on again.
    expect("redirect: loop", user, deliver(user, sent), {"INBOX": 1},
           [("redirect", t.SENDER, "else@example.net")])

    user = new_user('redirect "else@example.net";')
    expect("redirect of a bounce", user, deliver(user, sender=""), {},
           [("redirect", "", "else@example.net")])

    user = new_user('require "copy"; redirect :copy "else@example.net";')
    expect("redirect :copy", user, deliver(user), {"INBOX": 1},
           [("redirect", t.SENDER, "else@example.net")])

    for how, sender in (("recipient", None), ("empty", ""),
                        ("bounces@example.org", "bounces@example.org")):
        before = t.configure("[SIEVE]\nredirect_sender = " + how)
        user = new_user('redirect "else@example.net";')
        expect("redirect_sender = " + how, user, deliver(user), {},
               [("redirect", t.address(user) if sender is None else sender,
                 "else@example.net")])
        t.restore(before)


def answering():
    script = 'require "vacation"; vacation :days 3 "Away.";'
    user = new_user(script)
    expect("vacation", user, deliver(user), {"INBOX": 1},
           [("vacation", "", t.SENDER)])
    sent = queued(user)[0][3]
    for field in (b"Auto-Submitted: auto-replied\r\n",
                  b"From: " + t.address(user).encode() + b"\r\n",
                  b"To: Bob <" + t.SENDER.encode() + b">\r\n",
                  b"Subject: Auto: hello\r\n", b"\r\n\r\nAway.\r\n",
                  b"In-Reply-To: <%s.hello@example.org>\r\n" % user.encode()):
        report.case("vacation: %r" % field, field in sent, sent)
    expect("vacation again", user, deliver(user, message(user, "again")),
           {"INBOX": 2}, [("vacation", "", t.SENDER)])
    expect("vacation to another", user, deliver(
        user, message(user), sender="c@example.org"), {"INBOX": 3},
        [("vacation", "", t.SENDER), ("vacation", "", "c@example.org")])
    for what, fields, sender in (
            ("null sender", "", ""), ("a list", "List-Id: <x>\r\n", "x@y.z"),
            ("a program", "Auto-Submitted: auto-generated\r\n", "x@y.z"),
            ("bulk", "Precedence: bulk\r\n", "x@y.z"),
            ("a daemon", "", "MAILER-DAEMON@y.z")):
        other = new_user(script)
        expect("vacation, " + what, other, deliver(
            other, message(other, fields=fields), sender=sender), {"INBOX": 1})
    # RFC 5293 section 7: by the header as it was edited until then.
    other = new_user('require ["vacation", "editheader"];'
                     'deleteheader "List-Id"; deleteheader "Subject";'
                     'addheader "Subject" "other"; vacation "Away.";')
    expect("vacation, List-Id taken away", other, deliver(
        other, message(other, fields="List-Id: <x>\r\n")), {"INBOX": 1},
        [("vacation", "", t.SENDER)])
    report.case("vacation, Subject edited",
                b"Subject: Auto: other\r\n" in queued(other)[0][3],
                queued(other)[0][3])
    other = new_user('require ["vacation", "editheader"];'
                     'addheader "List-Id" "<x>"; vacation "Away.";')
    expect("vacation, List-Id added", other, deliver(other), {"INBOX": 1})
    other = new_user('require ["vacation", "enclose"];'
                     'enclose "Look."; vacation "Away.";')
    expect("vacation, enclosed", other, deliver(other), {"INBOX": 1},
           [("vacation", "", t.SENDER)])
    other = new_user(script)
    expect("vacation, not to the user", other, deliver(
        other, message("somebody")), {"INBOX": 1})
    other = new_user('require "vacation"; vacation :addresses "%s" "Away.";' %
                     t.address("somebody"))
    expect("vacation, :addresses", other, deliver(
        other, message("somebody")), {"INBOX": 1},
        [("vacation", "", t.SENDER)])
    # What we sent comes back to one of ours: no answer.
    expect("vacation, our own answer", other, deliver(
        other, sent, sender="x@y.z"), {"INBOX": 2},
        [("vacation", "", t.SENDER)])


def answering_with_copy():
    other = new_user('require ["vacation", "fcc", "mailbox"];'
                     'vacation :fcc "Sent" "Away.";')
    deliver(other)
    expect("vacation, fcc", other, deliver(other, message(other, "again")),
           {"INBOX": 2, "Sent": 1}, [("vacation", "", t.SENDER)])


def notifying():
    user = new_user('require "enotify"; notify :message "News"'
                    ' "mailto:pager@example.net?cc=c@example.net&body=Look";')
    expect("notify", user, deliver(user), {"INBOX": 1},
           [("notify", t.address(user), "pager@example.net"),
            ("notify", t.address(user), "c@example.net")])
    sent = queued(user)[0][3]
    for field in (b"Auto-Submitted: auto-notified;\r\n owner-token=dbmail-",
                  b"\r\nSubject: News\r\n", b"\r\n\r\nLook\r\n",
                  b"\r\nTo: pager@example.net\r\n"):
        report.case("notify: %r" % field, field in sent, sent)
    user = new_user('require "enotify"; notify "mailto:?cc=c@example.net";')
    expect("notify to a Cc alone", user, deliver(user), {"INBOX": 1},
           [("notify", t.address(user), "c@example.net")])
    user = new_user('require "enotify"; notify "mailto:pager@example.net";')
    expect("notify of a bounce", user, deliver(user, sender=""), {"INBOX": 1},
           [("notify", "", "pager@example.net")])
    user = new_user('require "enotify"; notify "mailto:pager@example.net";')
    expect("notify of a notice", user, deliver(user, message(
        user, fields="Auto-Submitted: auto-notified\r\n")), {"INBOX": 1})


def refusing():
    for word in ("reject", "ereject"):
        user = new_user('require "%s"; %s "Go\nelsewhere";' % (word, word))
        reply = deliver(user)
        report.equal(word, reply, (550, ["5.7.1 Go", "5.7.1 elsewhere"]))
        report.equal(word + ": folders", listing(user), {})
        report.equal(word + ": mails", kinds(user), [])
        reply = deliver(user, sender="")
        report.equal(word + " of a bounce", reply[0], 550)
    user = new_user('require "reject"; reject "Weg, b\u00f6se";')
    expect("reject in UTF-8", user, deliver(user), {},
           [("reject", "", t.SENDER)])
    sent = queued(user)[0][3]
    for part in (b"report-type=disposition-notification",
                 b"MDN-sent-automatically; deleted", b"Weg, b=C3=B6se",
                 b"text/rfc822-headers", b"Subject: hello"):
        report.case("reject in UTF-8: %r" % part, part in sent, sent)
    expect("reject in UTF-8 of a bounce", user, deliver(
        user, sender=""), {}, [("reject", "", t.SENDER)])
    user = new_user('require "ereject"; ereject "Weg, b\u00f6se";')
    report.equal("ereject in UTF-8", deliver(user)[0], 550)
    before = t.configure("[SIEVE]\nreject = mail")
    user = new_user('require "reject"; reject "Go";')
    expect("reject = mail", user, deliver(user), {},
           [("reject", "", t.SENDER)])
    t.restore(before)


# --- many at once ------------------------------------------------------------

def together():
    plain, other = new_user(), new_user()
    filer = new_user('require "fileinto"; fileinto "Archive";')
    sender = new_user('redirect "else@example.net";')
    refuser = new_user('require "ereject"; ereject "no";')
    users = [plain, filer, sender, refuser, other]
    lmtp = t.Lmtp()
    replies = lmtp.deliver([t.address(u) for u in users], message("all"))
    report.equal("five: replies", [reply[0] for reply in replies],
                 [250, 250, 250, 550, 250])
    report.equal("five: folders", [listing(u) for u in users],
                 [{"INBOX": 1}, {"Archive": 1}, {}, {}, {"INBOX": 1}])
    report.equal("five: mails", kinds(sender),
                 [("redirect", t.SENDER, "else@example.net")])
    physical = t.sql("""SELECT count(DISTINCT m.physmessage_id)
                        FROM dbmail_messages m
                        JOIN dbmail_mailboxes b
                          ON b.mailbox_idnr = m.mailbox_idnr
                        JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
                       WHERE u.userid IN (%s)""" %
                   ", ".join(t.quoted(u) for u in users)).strip()
    report.equal("five: one message", physical, "1")
    lmtp.quit()
    # Two addresses of one user: the script sees both, one copy comes.
    user = new_user('require "fileinto"; fileinto "Archive";'
                    'redirect "else@example.net";')
    lmtp = t.Lmtp()
    replies = lmtp.deliver(
        [t.address(user), t.address(user).replace("@", "+x@")],
        message(user))
    report.equal("two addresses: replies", [r[0] for r in replies], [250, 250])
    expect("two addresses", user, replies[0], {"Archive": 1},
           [("redirect", t.SENDER, "else@example.net")])
    lmtp.quit()
    # An alias of two users, of whom one refuses: nobody else loses by it.
    name = "both%d" % count
    kept, refuser = new_user(), new_user('require "ereject"; ereject "no";')
    for user in (kept, refuser):
        t.run("dbmail-users", "-c", user, "-s", t.address(name))
    reply = deliver(name)
    expect("alias", kept, reply, {"INBOX": 1})
    report.equal("alias: the refusal goes by mail", kinds(refuser),
                 [("reject", "", t.SENDER)])


def break_off(lmtp):
    """The connection breaks before the client shows what it has read."""
    lmtp.socket.setsockopt(t.socket.SOL_SOCKET, t.socket.SO_LINGER,
                           b"\1\0\0\0\0\0\0\0")
    lmtp.close()


def half_again():
    """What was stored for two is sent again; it is there for one, and for the
    other nobody can look: that one's next try must find it still."""
    plain = new_user()
    filer = new_user('require "fileinto"; fileinto "Archive";'
                     'redirect "else@example.net";')
    users, text = [t.address(plain), t.address(filer)], message(plain)
    lmtp = t.Lmtp()
    report.equal("half: stored", [
        reply[0] for reply in lmtp.deliver(users, text)], [250, 250])
    break_off(lmtp)
    # No script is known, and none can be had.
    t.run("store-daemon", "restart", "lmtpd")
    lmtp = t.Lmtp()
    lmtp.command("MAIL FROM:<%s>" % t.SENDER)
    for user in users:
        lmtp.command("RCPT TO:<%s>" % user)
    lmtp.command("DATA")
    t.sql("REVOKE SELECT ON dbmail_sievescripts FROM CURRENT_USER")
    lmtp.send(t.data_form(text))
    replies = [lmtp.reply()[0] for _ in users]
    lmtp.quit()
    t.sql("GRANT SELECT ON dbmail_sievescripts TO CURRENT_USER")
    report.equal("half: known, not known", replies, [250, 451])
    report.equal("half: tried again", deliver(filer, text)[0], 250)
    report.equal("half: folders", (listing(plain), listing(filer)),
                 ({"INBOX": 1}, {"Archive": 1}))
    report.equal("half: mails", kinds(filer),
                 [("redirect", t.SENDER, "else@example.net")])


def half_planned():
    """The first of two addresses of a user fails when some of its work is
    planned: the second one must not count on that."""
    user = new_user('require "fileinto"; fileinto "Archive";'
                    'fileinto "Late";')
    t.sql("""CREATE SEQUENCE late_tries;
        CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.name = 'Late' AND nextval('late_tries') = 1 THEN
                RAISE 'not now';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER late BEFORE INSERT ON dbmail_mailboxes
        FOR EACH ROW EXECUTE FUNCTION late()""")
    text = message(user)
    left = [t.address(user), t.address(user).replace("@", "+x@")]
    codes = []
    # As an MTA does it: what was answered with 451 comes again.
    while left and len(codes) < 5:
        lmtp = t.Lmtp()
        replies = [reply[0] for reply in lmtp.deliver(left, text)]
        lmtp.quit()
        left = [to for to, code in zip(left, replies) if code != 250]
        codes.append(replies)
    t.sql("DROP TRIGGER late ON dbmail_mailboxes; DROP FUNCTION late;"
          "DROP SEQUENCE late_tries")
    report.case("half planned: it has failed", codes[0][0] == 451, codes)
    report.equal("half planned: all is there, once", listing(user),
                 {"Archive": 1, "Late": 1})


def in_turn():
    """What one address did for another of the same user is not done again when
    the client tries that other one alone."""
    before = t.configure("[LMTP]\nsubaddress_folder = create")
    user = new_user('require "fileinto"; fileinto "Archive";'
                    'redirect "else@example.net";')
    text = message(user)
    both = [t.address(user), t.address(user).replace("@", "+sub@")]
    lmtp = t.Lmtp()
    report.equal("in turn: replies", [
        reply[0] for reply in lmtp.deliver(both, text)], [250, 250])
    break_off(lmtp)
    for to in both + [both[1]]:
        lmtp = t.Lmtp()
        report.equal("in turn: %s" % to, lmtp.deliver([to], text)[0][0], 250)
        break_off(lmtp)
    report.equal("in turn: folders", listing(user), {"Archive": 1})
    report.equal("in turn: mails", kinds(user),
                 [("redirect", t.SENDER, "else@example.net")])
    t.restore(before)


def again():
    """A client that never reads the reply sends it again."""
    user = new_user('require ["fileinto", "copy", "vacation"];'
                    'fileinto :copy "Archive"; redirect "else@example.net";'
                    'vacation "Away.";')
    for _ in range(3):
        lmtp = t.Lmtp()
        lmtp.send(("MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (
            t.SENDER, t.address(user))).encode())
        for _ in range(3):
            lmtp.reply()
        lmtp.send(t.data_form(message(user)))
        lmtp.reply()
        break_off(lmtp)
    report.equal("again: folders", listing(user), {"Archive": 1})
    report.equal("again: mails", sorted(kinds(user)),
                 [("redirect", t.SENDER, "else@example.net"),
                  ("vacation", "", t.SENDER)])


def killed():
    """lmtpd dies at some moment of a delivery, which is then tried again."""
    user = new_user('require ["fileinto", "copy"];'
                    'fileinto :copy "Archive"; redirect "else@example.net";')
    tries = 10
    for i in range(tries):
        text = message(user, "killed %d" % i)
        lmtp = t.Lmtp()
        lmtp.send(("MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (
            t.SENDER, t.address(user))).encode())
        for _ in range(3):
            lmtp.reply()
        lmtp.send(t.data_form(text))
        time.sleep(i * 0.002)
        t.run("store-daemon", "kill", "lmtpd")
        lmtp.close()
        t.run("store-daemon", "start", "lmtpd")
        report.equal("killed, tried again", deliver(user, text)[0], 250)
    report.equal("killed: folders", listing(user), {"Archive": tries})
    report.equal("killed: mails", kinds(user), [
        ("redirect", t.SENDER, "else@example.net")] * tries)


# --- what goes wrong ---------------------------------------------------------

def failing():
    user = new_user('require "fileinto"; fileinto "Archive"; nonsense;')
    expect("does not compile", user, deliver(user), {"INBOX": 2})
    notice = [text for text in contents(user) if b"script failed" in text]
    report.equal("does not compile: notices", len(notice), 1)
    report.case("it names the place", b"main:1: " in notice[0], notice[0])
    expect("does not compile, again", user, deliver(
        user, message(user, "again")), {"INBOX": 3})
    change_script(user, "nonsense;")
    expect("does not compile, changed", user, deliver(
        user, message(user, "changed")), {"INBOX": 5})

    # What a run may ask of the store; each question has one way to ask more.
    for extension, asks in (
            ("mailbox", 'mailboxexists "m%d"'),
            ("mailboxid", 'mailboxidexists "F9%d"'),
            ("special-use", 'specialuse_exists "\\\\x%d"'),
            ("special-use", 'specialuse_exists "m%d" "\\\\x"'),
            ("mboxmetadata", 'metadata "INBOX" "/private/x%d" "x"')):
        for number, stored in ((500, {"Archive": 1}), (501, {"INBOX": 2})):
            user = new_user('require ["fileinto", "%s"]; %s fileinto "Archive";'
                            % (extension, "".join(
                                "if %s {}" % asks % i for i in range(number))))
            expect("%d times %s" % (number, asks), user, deliver(user), stored)

    user = new_user('require ["variables", "fileinto"]; fileinto "Archive";'
                    'redirect "${x}";')
    expect("fails when it runs", user, deliver(user), {"INBOX": 2})

    before = t.configure("[SIEVE]\nextensions = -fileinto\n"
                       "notify_owner = no")
    user = new_user('require "fileinto"; fileinto "Archive";')
    expect("extension taken away, owner not told", user, deliver(user),
           {"INBOX": 1})
    t.restore(before)


def full():
    user = new_user('require ["fileinto", "copy"];'
                    'redirect :copy "else@example.net"; fileinto "Archive";')
    t.sql("UPDATE dbmail_users SET maxmail_size = 400 WHERE userid = %s" %
        t.quoted(user))
    reply = deliver(user, message(user, body="x" * 1000))
    report.equal("over quota: reply", reply[0], 452)
    report.equal("over quota: folders", listing(user), {})
    report.equal("over quota: nothing is sent", kinds(user), [])


def gone_meanwhile():
    """User, folder or script go between RCPT and the message."""
    script = 'require "fileinto"; fileinto "Old";'

    def user_goes(user):
        t.run("dbmail-users", "-y", "-d", user)

    def folder_goes(user):
        imap = t.Imap(user)
        imap.delete("Old")
        imap.logout()

    def script_goes(user):
        t.run("dbmail-sievecmd", "-q", "-u", user, "-d")

    for goes, code, after, folders in ((user_goes, 451, 550, {}),
                                       (folder_goes, 451, 250, {"Old": 1}),
                                       (script_goes, 250, 250, {"Old": 3})):
        user = new_user(script)
        deliver(user)
        lmtp = t.Lmtp()
        lmtp.command("MAIL FROM:<%s>" % t.SENDER)
        lmtp.command("RCPT TO:<%s>" % t.address(user))
        goes(user)
        lmtp.command("DATA")
        lmtp.send(t.data_form(message(user, "second")))
        what = goes.__name__.replace("_", " ")
        report.equal(what + ": reply", lmtp.reply()[0], code)
        lmtp.quit()
        report.equal(what + ": tried again",
                     deliver(user, message(user, "third"))[0], after)
        got = listing(user)
        # Addresses are remembered for some seconds, and with them that there
        # is a script.
        if goes is script_goes:
            got = {"Old": sum(got.values())}
        report.equal(what + ": folders", got, folders)


def no_database():
    """Nothing is delivered unfiltered while the script cannot be had."""
    user = new_user('require "fileinto"; fileinto "Archive";')
    lmtp = t.Lmtp()
    lmtp.command("MAIL FROM:<%s>" % t.SENDER)
    report.equal("database away: RCPT",
                 lmtp.command("RCPT TO:<%s>" % t.address(user))[0], 250)
    lmtp.command("DATA")
    t.run("store-daemon", "stop", "postmaster")
    before = t.setting("STORE")
    try:
        lmtp.send(t.data_form(message(user)))
        reply = lmtp.reply()
    finally:
        t.run("store-daemon", "start", "postmaster")
    report.equal("database away: reply", reply[0], 451)
    report.case("database away: the store", os.path.isdir(before))
    report.equal("database away: folders", listing(user), {})
    expect("database back", user, deliver(user), {"Archive": 1})


def tool():
    user = new_user('require "fileinto"; fileinto "Archive";')
    t.run("dbmail-deliver", "-d", t.address(user), data=message(user))
    report.equal("dbmail-deliver", listing(user), {"Archive": 1})
    t.run("dbmail-deliver", "-u", user, data=message(user, "two"))
    report.equal("dbmail-deliver -u", listing(user), {"Archive": 2})
    t.run("dbmail-deliver", "-u", user, "-m", "Trash",
          data=message(user, "three"))
    report.equal("dbmail-deliver -m", listing(user),
                 {"Archive": 2, "Trash": 1})
    user = new_user('require "ereject"; ereject "Go away";')
    done = subprocess.run(["dbmail-deliver", "-d", t.address(user)],
                          input=message(user), stderr=subprocess.PIPE,
                          check=False)
    report.equal("dbmail-deliver, refused", done.returncode, 69)
    report.case("dbmail-deliver says why", b"Go away" in done.stderr,
                done.stderr)


def by_default():
    """default_script is for whoever has no script, and nobody else."""
    before = t.configure("[SIEVE]\ndefault_script = site")
    user = new_user()
    expect("default script that is missing", user, deliver(user),
           {"INBOX": 1})
    put_script("__public__", 'require "fileinto"; fileinto "Site";', "site", 0)
    user = new_user()
    expect("default script", user, deliver(user), {"Site": 1})
    user = new_user("keep;")
    expect("default script, own one", user, deliver(user), {"INBOX": 1})
    user = new_user("keep;", active=0)
    expect("default script, own one not active", user, deliver(user),
           {"Site": 1})
    t.sql("""UPDATE dbmail_sievescripts SET script = 'nonsense;'
            WHERE name = 'site' AND owner_idnr = -2""")
    user = new_user()
    expect("default script that fails: nobody is told", user, deliver(user),
           {"INBOX": 1})
    t.restore(before)
    user = new_user()
    expect("no default script", user, deliver(user), {"INBOX": 1})
    t.sql("DELETE FROM dbmail_sievescripts WHERE owner_idnr = -2")


def main():
    """All cases, or those that are named."""
    signal.alarm(1200)
    report.run(filing, flagging, by_use, by_id, by_detail, surroundings,
               edited, spam, keywords, missing_folder, missing_folder_create,
               redirecting, answering, answering_with_copy, notifying,
               refusing, together, again, in_turn, half_again, half_planned,
               killed, failing, full, by_default, tool, gone_meanwhile,
               no_database)
    t.check_store(report)
    report.end()


main()
