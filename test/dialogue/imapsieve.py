#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts of IMAP events (RFC 6785): what starts them, what they are told, what
becomes of the messages, and that nothing they do starts another."""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
count = 0

ALL = ('require ["imapsieve", "environment", "imap4flags", "variables", "copy",'
       '"fileinto", "editheader", "enotify"];')
TEXT = (b"From: Bob <bob@example.org>\r\nTo: Eve <eve@example.org>\r\n"
        b"Subject: %s\r\n\r\nbody\r\n")
HOST = t.setting("DOMAIN")
URL = "sieve://sieve.example.org:4190"


def put_script(user, script, name="events"):
    sieve = t.SieveLines(user)
    answer = sieve.put(name, script.encode())
    if answer.word != "OK":
        raise RuntimeError(repr(answer))
    sieve.close()


def put_unchecked(user, script, name="events"):
    """A script that no client could have put."""
    t.sql("""INSERT INTO dbmail_sievescripts (owner_idnr, name, script)
           SELECT user_idnr, %s, convert_to(%s, 'UTF8')
             FROM dbmail_users WHERE userid = %s""" % (
                 t.quoted(name), t.quoted(script), t.quoted(user)))


class Client(t.ImapLines):
    """Counts its tags, and wants OK."""

    def __init__(self, user):
        super().__init__(user)
        self.number = 0

    def do(self, command, want=b"OK"):
        self.number += 1
        lines = self.say(b"t%d " % self.number + command)
        if lines[-1].split(b" ")[1] != want:
            raise RuntimeError("%r: %r" % (command, lines))
        return lines

    def append(self, mailbox, subject=b"one", flags=b""):
        text = TEXT % subject
        return self.do(b'APPEND "%s" (%s) {%d+}\r\n%s' % (
            mailbox, flags, len(text), text))

    def annotate(self, mailbox, name=b'"events"'):
        self.do(b'SETMETADATA "%s" (/shared/imapsieve/script %s)' % (
            mailbox, name))

    def flags(self, mailbox):
        """[(subject, flags)] of all messages, as another session sees them."""
        other = Client(self.user)
        other.do(b'EXAMINE "%s"' % mailbox)
        lines = other.do(b"FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS "
                         b"(SUBJECT)])")
        other.close()
        return found(lines)


def found(lines):
    """[(subject, flags)] of FETCH responses with both."""
    got = []
    flags = None
    for line in lines:
        match = re.search(rb"FLAGS \(([^)]*)\)", line)
        if match:
            flags = sorted(f for f in match.group(1).decode().split()
                           if f != "\\Recent")
        if line.lower().startswith(b"subject:"):
            got.append((line[8:].strip().decode(), flags))
    return got


def new_user(script=None, mailbox=b"Work", *options):
    """A client of a new user, with a mailbox that has this script."""
    global count
    count += 1
    name = t.add_user("events%d" % count, "secret", *options)
    client = Client(name)
    client.user = name
    client.do(b'CREATE "Work"')
    if script is not None:
        put_script(name, script)
        client.annotate(mailbox)
    return client


def queued(user):
    rows = t.sql("""SELECT q.kind, q.sender, q.recipient,
                         encode(q.message, 'hex')
                    FROM dbmail_outbound_queue q
                    JOIN dbmail_users u ON u.user_idnr = q.owner_idnr
                   WHERE u.userid = %s ORDER BY q.id""" % t.quoted(user))
    return [tuple(row.split("|")[:3]) + (bytes.fromhex(row.split("|")[3]),)
            for row in rows.splitlines()]


def notices(client):
    """Subjects of what is in INBOX."""
    return [subject for subject, _ in client.flags(b"INBOX")]


# --- whether there are any -----------------------------------------------------

def off():
    client = new_user(ALL + 'addflag "$ran";')
    lines = client.do(b"CAPABILITY")
    report.case("not announced", b"IMAPSIEVE" not in lines[0], lines)
    client.append(b"Work")
    report.equal("and nothing runs", client.flags(b"Work"), [("one", [])])


def announced():
    fresh = t.ImapLines()
    report.case("not announced before log-in",
                b"IMAPSIEVE" not in fresh.say(b"a CAPABILITY")[0])
    fresh.close()
    client = new_user()
    words = client.do(b"CAPABILITY")[0].split()
    report.equal("announced", [w for w in words if b"IMAPSIEVE" in w],
                 [b"IMAPSIEVE=" + URL.encode()])
    sieve = t.SieveLines(client.user)
    report.case("ManageSieve knows the extension", "imapsieve" in
                sieve.capabilities()["SIEVE"].split())
    sieve.close()


def bad_url():
    path = t.setting("CONF") + ".bad"
    with open(t.setting("CONF"), encoding="utf-8") as file:
        before = file.read()
    for url in ("http://example.org", "sieve://", "sieve://a b",
                "sieve://example.org/x"):
        with open(path, "w", encoding="utf-8") as file:
            file.write(before + "\n[IMAP]\nport = 0\ntls_port = 0\n"
                       "socket = %s.socket\nsieve_url = %s\n" % (path, url))
        done = subprocess.run(["timeout", "120", "dbmail-imapd", "-f", path],
                              stderr=subprocess.PIPE, check=False)
        report.case("sieve_url = %s is refused" % url,
                    b"sieve_url" in done.stderr and done.returncode not in
                    (0, 124), done.stderr)


# --- what starts them ----------------------------------------------------------

TOLD = ALL + """
if environment :matches "imap.cause" "*" { set "cause" "${1}"; }
if environment :matches "imap.user" "*" { set "user" "${1}"; }
if environment :matches "imap.email" "*" { set "email" "${1}"; }
if environment :matches "imap.mailbox" "*" { set "box" "${1}"; }
if environment :matches "imap.changedflags" "*" { set "changed" "${1}"; }
if environment :matches "location" "*" { set "where" "${1}"; }
if environment :matches "phase" "*" { set "phase" "${1}"; }
addheader "X-Told" "${cause} ${user} ${email} ${box} ${where} ${phase} [${changed}]";
fileinto :copy "Told";
"""


def told(client):
    """What the script was told each time, in order."""
    other = Client(client.user)
    other.do(b'EXAMINE "Told"')
    lines = other.do(b"FETCH 1:* BODY.PEEK[HEADER.FIELDS (X-TOLD)]")
    other.close()
    got = [line[8:].decode() for line in lines
           if line.startswith(b"X-Told: ")]
    who = " %s %s Work MS post " % (client.user, t.address(client.user))
    return [one.replace(who, " ") for one in got]


def causes():
    client = new_user(TOLD)
    client.do(b'CREATE "Told"')
    client.do(b'CREATE "Other"')
    client.append(b"Work", b"append")
    wanted = ["APPEND []"]
    report.equal("APPEND", told(client), wanted)

    text = TEXT % b"multi"
    client.do(b'APPEND Work {%d+}\r\n%s {%d+}\r\n%s' % (
        len(text), text, len(text), text))
    wanted += ["APPEND []"] * 2
    report.equal("MULTIAPPEND", told(client), wanted)

    client.do(b'APPEND Work CATENATE (TEXT {%d+}\r\n%s)' % (len(text), text))
    wanted += ["APPEND []"]
    report.equal("CATENATE", told(client), wanted)

    client.append(b"Other", b"there")
    client.append(b"Other", b"and there")
    report.equal("another mailbox", told(client), wanted)
    client.do(b"SELECT Other")
    client.do(b"COPY 1:2 Work")
    wanted += ["COPY []"] * 2
    report.equal("COPY", told(client), wanted)
    client.do(b"MOVE 1 Work")
    wanted += ["COPY []"]
    report.equal("MOVE", told(client), wanted)
    client.do(b"REPLACE 1 Work {%d+}\r\n%s" % (len(text), text))
    wanted += ["APPEND []"]
    report.equal("REPLACE", told(client), wanted)

    client.do(b"SELECT Work")
    client.do(b"STORE 1 +FLAGS (\\Flagged $Label)")
    wanted += ["FLAG [\\Flagged $Label]"]
    report.equal("STORE", told(client), wanted)
    client.do(b"STORE 1 +FLAGS (\\Flagged)")
    report.equal("STORE that changes nothing", told(client), wanted)
    client.do(b"STORE 1:2 -FLAGS.SILENT (\\Flagged)")
    wanted += ["FLAG [\\Flagged]"]
    report.equal("STORE of two that changes one", told(client), wanted)
    client.do(b"STORE 1 FLAGS (\\Answered)")
    wanted += ["FLAG [\\Answered $Label]"]
    report.equal("STORE FLAGS", told(client), wanted)
    client.do(b"FETCH 2 BODY[TEXT]")
    wanted += ["FLAG [\\Seen]"]
    report.equal("FETCH that sets \\Seen", told(client), wanted)
    client.do(b"FETCH 2 BODY[TEXT]")
    client.do(b"FETCH 3 BODY.PEEK[TEXT]")
    report.equal("FETCH that does not", told(client), wanted)
    client.do(b"STORE 3 (UNCHANGEDSINCE 1) +FLAGS (\\Draft)")
    report.equal("STORE that is spared", told(client), wanted)
    client.do(b"EXPUNGE")
    report.equal("that was all", told(client), wanted)


# --- what becomes of messages --------------------------------------------------

def case(what, script, work, others=None, mails=()):
    """A script over one message that is appended."""
    client = new_user(ALL + script)
    client.append(b"Work", b"one", b"\\Flagged")
    report.equal(what, client.flags(b"Work"), work)
    for mailbox, wanted in (others or {}).items():
        report.equal("%s: %s" % (what, mailbox),
                     client.flags(mailbox.encode()), wanted)
    report.equal(what + ": mails", [mail[:3] for mail in queued(client.user)],
                 [tuple(part.replace("OWNER", t.address(client.user))
                        for part in mail) for mail in mails])
    return client


def outcomes():
    case("nothing", "", [("one", ["\\Flagged"])])
    case("keep", "keep;", [("one", ["\\Flagged"])])
    case("flags", 'addflag ["$new", "\\\\Seen"]; removeflag "\\\\Flagged";',
         [("one", ["$new", "\\Seen"])])
    case("keep :flags", 'keep :flags "$only";', [("one", ["$only"])])
    case("hasflag", 'if hasflag "\\\\Flagged" { addflag "$had"; }',
         [("one", ["$had", "\\Flagged"])])
    case("discard", "discard;", [("one", ["\\Deleted", "\\Flagged"])])
    case("discard and keep", "discard; keep;", [("one", ["\\Flagged"])])
    case("fileinto", 'fileinto "Archive";',
         [("one", ["\\Deleted", "\\Flagged"])],
         {"Archive": [("one", ["\\Flagged"])]})
    case("fileinto :copy", 'fileinto :copy :flags "$c" "Archive";',
         [("one", ["\\Flagged"])], {"Archive": [("one", ["$c"])]})
    case("fileinto of its own mailbox", 'fileinto "Work";',
         [("one", ["\\Deleted", "\\Flagged"]), ("one", ["\\Flagged"])])
    redirect = ("redirect", "OWNER", "else@example.net")
    case("redirect", 'redirect "else@example.net";',
         [("one", ["\\Deleted", "\\Flagged"])], mails=[redirect])
    case("redirect :copy", 'redirect :copy "else@example.net";',
         [("one", ["\\Flagged"])], mails=[redirect])
    case("notify", 'notify "mailto:else@example.net";',
         [("one", ["\\Flagged"])],
         mails=[("notify", "OWNER", "else@example.net")])


def edited():
    client = case("addheader", 'addheader "X-New" "yes";',
                  [("one", ["\\Flagged"])])
    imap = t.Imap(client.user)
    report.equal("a kept message is not changed",
                 [text for _, text in imap.messages("Work")], [TEXT % b"one"])
    client = case("addheader and fileinto",
                  'addheader "X-New" "yes"; fileinto :copy "Archive"; keep;',
                  [("one", ["\\Flagged"])])
    imap = t.Imap(client.user)
    report.equal("a filed one is",
                 [text for _, text in imap.messages("Archive")],
                 [b"X-New: yes\r\n" + TEXT % b"one"])


def no_loops():
    """Each mailbox's script files into the other one."""
    client = new_user(ALL + 'if environment "imap.mailbox" "Work"'
                      '{ fileinto "Other"; } else { fileinto "Work"; }')
    client.do(b'CREATE "Other"')
    client.annotate(b"Other")
    client.append(b"Work")
    report.equal("no loop: here", client.flags(b"Work"),
                 [("one", ["\\Deleted"])])
    report.equal("no loop: there", client.flags(b"Other"), [("one", [])])
    client = new_user(ALL + 'addflag "$ran"; addflag "\\\\Flagged";'
                      'fileinto :copy "INBOX";')
    client.append(b"Work")
    client.do(b"SELECT Work")
    client.do(b"STORE 1 FLAGS (\\Seen)")
    report.equal("flags of a script start none", len(notices(client)), 2)


# --- which script --------------------------------------------------------------

def choice():
    client = new_user()
    client.annotate(b"Work")
    client.append(b"Work")
    report.equal("a script that is not there", client.flags(b"Work"),
                 [("one", [])])
    put_script(client.user, ALL + 'addflag "$ran";')
    client.append(b"Work", b"two")
    report.equal("there it is", client.flags(b"Work"),
                 [("one", []), ("two", ["$ran"])])
    client.annotate(b"Work", b"NIL")
    client.append(b"Work", b"three")
    report.equal("no annotation more", client.flags(b"Work")[2:],
                 [("three", [])])

    boss = new_user(None, b"Work", "-A", "yes")
    put_unchecked("__public__", ALL + 'addflag "$global";', "for-all")
    boss.annotate(b"", b'"for-all"')
    client.append(b"Work", b"four")
    report.equal("the server's", client.flags(b"Work")[3:],
                 [("four", ["$global"])])
    client.annotate(b"Work", b'""')
    client.append(b"Work", b"five")
    report.equal("none is before the server's", client.flags(b"Work")[4:],
                 [("five", [])])
    client.annotate(b"Work")
    client.append(b"Work", b"six")
    report.equal("the mailbox's own is, too", client.flags(b"Work")[5:],
                 [("six", ["$ran"])])
    boss.annotate(b"", b"NIL")


def failures():
    for what, script, line in (
            ("vacation", 'require "vacation"; vacation "Away.";', 1),
            ("reject", 'require "reject"; reject "No.";', 1),
            ("ereject", 'require "ereject"; ereject "No.";', 1),
            ("a bad script", ALL + '\nnonsense;', 2),
            ("envelope", 'require "envelope";\n'
             'if envelope "from" "" { discard; }', 2)):
        client = new_user()
        put_unchecked(client.user, script)
        client.annotate(b"Work")
        client.append(b"Work", b"one")
        client.append(b"Work", b"two")
        report.equal(what + ": messages stay", client.flags(b"Work"),
                     [("one", []), ("two", [])])
        imap = t.Imap(client.user)
        told_of = [text for _, text in imap.messages("INBOX")]
        report.equal(what + ": the owner is told once", len(told_of), 1)
        report.case(what + ": and where it is", told_of and
                    b"events" in told_of[0] and b"%d" % line in told_of[0],
                    told_of)


def warnings():
    """What a script is warned of at a delivery it is warned of here, too."""
    client = new_user(ALL + 'require ["regex", "variables"]; set "x" "(";'
                      'if header :regex "Subject" "${x}" { discard; }')
    client.append(b"Work", b"warned")
    report.equal("a warning: the message stays", client.flags(b"Work"),
                 [("warned", [])])
    log = t.read(os.path.join(t.setting("STORE"), "imapd.log"))
    lines = [line for line in log.splitlines()
             if b"event=imapsieve " in line and b"warning: events:1: " in line]
    report.equal("a warning: told in the log once", len(lines), 1)


def at_delivery():
    """A script may serve both: the items are empty strings there."""
    client = new_user(ALL + 'if allof(environment :is "imap.cause" "",'
                      'environment :is "imap.user" "",'
                      'environment :is "imap.email" "",'
                      'environment :is "location" "MDA")'
                      '{ fileinto "Archive"; }')
    sieve = t.SieveLines(client.user)
    sieve.say(b'SETACTIVE "events"')
    lmtp = t.Lmtp()
    lmtp.deliver([t.address(client.user)], TEXT % b"one")
    lmtp.quit()
    report.equal("at a delivery", client.flags(b"Archive"), [("one", [])])


# --- others --------------------------------------------------------------------

def sessions():
    client = new_user(ALL + 'if environment "imap.changedflags" "\\\\Flagged"'
                      '{ addflag "$important"; removeflag "\\\\Seen"; }')
    client.append(b"Work", b"one", b"\\Seen")
    other = Client(client.user)
    other.do(b"SELECT Work")
    client.do(b"SELECT Work")
    lines = client.do(b"STORE 1 +FLAGS.SILENT (\\Flagged)")
    report.case("who did it is told of the script's flags", any(
        b"FLAGS (\\Flagged $important)" in line for line in lines), lines)
    lines = other.do(b"NOOP")
    report.case("so is another session", any(
        b"FLAGS (\\Flagged $important" in line for line in lines), lines)

    client = new_user(ALL + 'if environment "imap.changedflags" "\\\\Seen"'
                      '{ addflag "$read"; }')
    client.append(b"Work")
    client.do(b"SELECT Work")
    lines = client.do(b"FETCH 1 BODY[TEXT]")
    report.case("FETCH tells of the script's flags, too", any(
        b"FLAGS (\\Seen $read" in line for line in lines), lines)

    client = new_user(ALL + 'fileinto "INBOX";')
    other = Client(client.user)
    other.do(b"SELECT INBOX")
    client.do(b"SELECT Work")
    lines = client.append(b"Work")
    report.case("APPEND tells of \\Deleted", any(
        b"EXISTS" in line for line in lines), lines)
    lines = client.do(b"FETCH 1 FLAGS")
    report.case("which it has", b"\\Deleted" in lines[0], lines)
    lines = other.do(b"NOOP")
    report.case("what is filed is told of", b"* 1 EXISTS" in lines, lines)


def sharing():
    """The owner's script runs, as the owner, whoever it was."""
    alice = new_user(TOLD + 'redirect :copy "else@example.net";')
    alice.do(b'CREATE "Told"')
    bob = new_user(ALL + "discard;")
    alice.do(b"SETACL Work %s lrswi" % bob.user.encode())
    box = b"#Users/%s/Work" % alice.user.encode()
    bob.append(box)
    wanted = ["APPEND %s %s Work MS post []" % (
        bob.user, bob.user + "@" + HOST)]
    report.equal("another's mailbox", told(alice), wanted)
    report.equal("the mail is the owner's", [mail[:3] for mail in
                                             queued(alice.user)],
                 [("redirect", t.address(alice.user), "else@example.net")])
    report.equal("and not the other's", queued(bob.user), [])
    bob.do(b'SELECT "%s"' % box)
    bob.do(b"STORE 1 +FLAGS (\\Flagged)")
    report.equal("and its flags", told(alice)[1:], [
        wanted[0].replace("APPEND", "FLAG").replace("[]", "[\\Flagged]")])
    # The address is the one that mail of bob's own scripts would come from.
    t.run("dbmail-users", "-c", bob.user, "-s", "bob.b@corp.example")
    bob.append(box)
    report.equal("and with an address", told(alice)[2:], [
        wanted[0].replace(bob.user + "@" + HOST, "bob.b@corp.example")])
    bob.do(b'SETMETADATA "%s" (/shared/imapsieve/script "events")' % box)
    eve = new_user()
    alice.do(b"SETACL Work %s lr" % eve.user.encode())
    eve.do(b'SETMETADATA "%s" (/shared/imapsieve/script NIL)' % box, b"NO")


def rights():
    """What is filed into another's mailbox has the flags that the script's
    owner may set there; a copy of what is sent has none of the message's."""
    alice, bob = new_user(), new_user()
    for box, allowed in ((b"Drop", b"lrp"), (b"Seen", b"lrsp")):
        bob.do(b'CREATE "%s"' % box)
        bob.do(b"SETACL %s %s %s" % (box, alice.user.encode(), allowed))
    put_script(alice.user, ALL + "".join(
        'fileinto :copy "#Users/%s/%s";' % (bob.user, box)
        for box in ("Drop", "Seen")) + 'fileinto :copy "Own";')
    alice.annotate(b"Work")
    alice.append(b"Work", b"one", b"\\Seen \\Deleted $Label")
    report.equal("filed where p is all", bob.flags(b"Drop"), [("one", [])])
    report.equal("filed where s is too", bob.flags(b"Seen"),
                 [("one", ["\\Seen"])])
    report.equal("filed where all is", alice.flags(b"Own"),
                 [("one", ["$Label", "\\Deleted", "\\Seen"])])

    put_script(alice.user, ALL + 'require "fcc";'
               'notify :message "told" :fcc "Own" "mailto:else@example.net";')
    alice.append(b"Work", b"two", b"\\Deleted")
    report.equal("a copy of a notice", alice.flags(b"Own")[1:], [("told", [])])


def troubles():
    """What cannot be done leaves the message, and the command, alone."""
    client = new_user(ALL + 'fileinto "Archive";')
    t.run("dbmail-users", "-c", client.user, "-m", "1K")
    client.append(b"Work", b"one", b"\\Seen")
    text = TEXT % b"two" + b"x" * 500
    client.do(b"APPEND Work {%d+}\r\n%s" % (len(text), text))
    report.equal("over quota: it stays", client.flags(b"Work"),
                 [("one", ["\\Deleted", "\\Seen"]), ("two", [])])
    report.equal("over quota: nothing is filed", client.flags(b"Archive"),
                 [("one", ["\\Seen"])])

    client = new_user(ALL + 'fileinto "bad//name";')
    client.append(b"Work")
    report.equal("no such mailbox: it stays", client.flags(b"Work"),
                 [("one", [])])
    report.equal("no such mailbox: its owner is told", len(notices(client)), 1)


def many():
    """Of many messages at once, each starts one."""
    client = new_user(ALL + 'if header :matches "Subject" "*1"'
                      '{ discard; } else { addflag "$ran"; }')
    client.do(b'CREATE "Other"')
    for i in range(150):
        client.append(b"Other", b"%d" % i)
    client.do(b"SELECT Other")
    client.do(b"COPY 1:* Work")
    report.equal("150 at once", client.flags(b"Work"), [
        (str(i), ["\\Deleted"] if i % 10 == 1 else ["$ran"])
        for i in range(150)])


def main():
    """All cases, or those that are named."""
    signal.alarm(1200)
    if len(sys.argv) == 1:
        off()
    t.configure("[DBMAIL]\nhostname = %s\n[IMAP]\nsieve_url = %s" % (
        HOST, URL), "imapd")
    report.run(announced, bad_url, causes, outcomes, edited, no_loops, choice,
               failures, warnings, at_delivery, sessions, sharing, rights,
               troubles, many)
    t.check_logs(report)
    t.check_store(report)
    report.end()


main()
