#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What random scripts have done to random messages, through the real programs:
no daemon dies or complains, every delivery is answered as the script says, no
mail is lost, and what is sent is mail.

DBMAIL_FUZZ_ROUNDS is the number of rounds (default 30), DBMAIL_FUZZ_SEED says
which ones; a round that fails prints what does it again alone."""

import collections
import email
import email.policy
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import sievemaker  # noqa: E402
import smtpsink  # noqa: E402

ROUNDS = int(os.environ.get("DBMAIL_FUZZ_ROUNDS", "30"))
SEED = os.environ.get("DBMAIL_FUZZ_SEED", "1")
ONLY = os.environ.get("DBMAIL_FUZZ_ROUND")
USERS = ["user%d" % i for i in range(3)]
EVENTS_EVERY = 6
STORED_EVERY = 5
TRIES = 5
COMPLAINTS = re.compile(
    rb"Sanitizer|runtime error:|assertion|CRITICAL|level=(err|crit|alert)",
    re.IGNORECASE)
LIBRARY = b'require "variables"; set "odd" "from the library";'
# Once in what we compose; Python's parser finds what is wrong with it.
ONCE = ("From", "Date", "Message-ID", "Subject", "MIME-Version",
        "Auto-Submitted")

report = t.Report()
seen = collections.Counter()


class Wrong(Exception):
    """What should not be."""


def want(true, what):
    if not true:
        raise Wrong(what)


# --- the store ----------------------------------------------------------------

def last_ids():
    """The newest message and the newest mail."""
    return [int(n) for n in t.sql("""
        SELECT (SELECT coalesce(max(message_idnr), 0) FROM dbmail_messages),
               (SELECT coalesce(max(id), 0) FROM dbmail_outbound_queue)
        """).strip().split("|")]


def stored_since(last):
    """[(user, bytes)] of messages that came after that id."""
    rows = t.sql("""SELECT u.userid, %s FROM dbmail_messages m
                    JOIN dbmail_mailboxes b USING (mailbox_idnr)
                    JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
                   WHERE m.message_idnr > %d""" % (t.WHOLE, last))
    return [(row.split("|")[0], bytes.fromhex(row.split("|")[1]))
            for row in rows.splitlines()]


def queued_since(last):
    """[(user, kind, recipient, bytes)] of mails that came after that id."""
    rows = t.sql("""SELECT u.userid, q.kind,
                           encode(convert_to(q.recipient, 'UTF8'), 'hex'),
                           encode(q.message, 'hex')
                      FROM dbmail_outbound_queue q
                      JOIN dbmail_users u ON u.user_idnr = q.owner_idnr
                     WHERE q.id > %d""" % last)
    return [(user, kind, bytes.fromhex(to), bytes.fromhex(text))
            for user, kind, to, text in (row.split("|")
                                         for row in rows.splitlines())]


def pids():
    return t.read(t.setting("PIDS"))


def lives(pid):
    try:
        with open("/proc/%s/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def all_live(before):
    return pids() == before and all(
        lives(line.split()[1]) for line in before.decode().splitlines())


class Logs:
    """What the daemons have said since they were last asked."""

    def __init__(self):
        self.read = {}

    def complaints(self):
        found = []
        for name in ("lmtpd", "imapd", "sieved", "queued"):
            path = os.path.join(t.setting("STORE"), name + ".log")
            if not os.path.exists(path):
                continue
            text = t.read(path)[self.read.get(name, 0):]
            end = text.rfind(b"\n") + 1
            self.read[name] = self.read.get(name, 0) + end
            found += [line for line in text[:end].splitlines()
                      if COMPLAINTS.search(line)]
        return found


# --- what is sent -------------------------------------------------------------

def check_header(text, what):
    """One that a script has written nothing into that it must not."""
    header = email.message_from_bytes(text)
    want(sievemaker.INJECTED not in header, "%s: a field was injected" % what)
    return header


def check_form(text, what, has_own_lines):
    """What SMTP carries: lines of at most 998 octets that end with CRLF; but
    those of an entity that the script wrote are as it wrote them."""
    want(text.endswith(b"\r\n"), "%s: no line's end at the end" % what)
    for line in text[:-2].split(b"\r\n"):
        want(not re.search(rb"[\r\n\0]", line), "%s: bare CR, LF or NUL: %r" % (
            what, line[:200]))
        want(len(line) <= 998 or has_own_lines, "%s: a line of %d octets: %r" % (
            what, len(line), line[:80]))
    text.partition(b"\r\n\r\n")[0].decode()


def check_mail(kind, recipient, text, script):
    seen[kind] += 1
    want(recipient and not re.search(rb"[\r\n<>]", recipient),
         "%s to %r" % (kind, recipient))
    if kind == "redirect":
        want(text.startswith((b"Received: ", b"X-Loop: ")),
             "redirect begins with %r" % text[:80])
        if not script.replaces:
            check_header(text, kind)
        return
    check_form(text, kind, kind == "vacation" and ":mime" in script.text)
    header = check_header(text, kind)
    want(not header.defects, "%s: %r" % (kind, header.defects))
    for name in ONCE:
        want(len(header.get_all(name, [])) == 1, "%s: %s: %r" % (
            kind, name, header.get_all(name)))
    for part in header.walk():
        if not part.is_multipart():
            part.get_payload(decode=True)
    for value in email.message_from_bytes(
            text, policy=email.policy.default).values():
        str(value)


# --- a delivery ---------------------------------------------------------------

def words(name, text, sender, to):
    """The actions that dbmail-sievecmd says there are, as a list of words; None
    where the script fails when it runs."""
    folder = os.path.dirname(name)
    with open(os.path.join(folder, "message"), "wb") as file:
        file.write(t.expected(text)[len(t.RETURN_PATH):])
    done = subprocess.run(
        ["dbmail-sievecmd", "-t", name, os.path.join(folder, "message"), "-f",
         sender, "-r", to], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        check=False)
    want(done.returncode in (0, 1) and not COMPLAINTS.search(done.stderr),
         "dbmail-sievecmd -t: status %d\n%s" % (
             done.returncode, done.stderr.decode(errors="replace")[-3000:]))
    if done.returncode != 0:
        return None
    return [line.split(b" ")[0].decode()
            for line in done.stdout.split(b"\n") if line]


def is_notice(text):
    return b"\r\nSubject: Your Sieve script failed\r\n" in text


def check_outcome(reply, actions, stored, mails):
    """Whether what became of a message is what its script says."""
    kinds = [kind for _, kind, _, _ in mails]
    code = reply[0]
    kept = sum(not is_notice(text) for text in stored)
    what = "%r for %r; %d stored, queued %r" % (reply, actions, kept, kinds)
    refused = {"reject", "ereject"} & set(actions or [])
    if actions is None or {"keep", "fileinto"} & set(actions):
        want(code == 250 and kept > 0, what)
    elif refused:
        want(code == 250 or 500 <= code < 600, what)
    elif "redirect" in actions:
        want(code == 250 and (kept > 0 or "redirect" in kinds), what)
    else:
        want(code == 250, what)
    for kind, action in (("redirect", "redirect"), ("notify", "notify"),
                         ("vacation", "vacation")):
        want(kind not in kinds or actions is not None and action in actions,
             what)


def deliver(rng, lmtp, folder, script):
    """One message to some of the users, who have the script."""
    users = rng.sample(USERS, rng.choice([1, 1, 2, 3]))
    addresses = [sievemaker.recipient(rng, user, t.setting("DOMAIN"))
                 for user in users]
    text = sievemaker.message(rng, addresses[0])
    sender = sievemaker.sender(rng)
    last = last_ids()
    replies = lmtp.deliver(addresses, text, rng.choice(["data", "bdat"]),
                           sender, rng.choice(["", " SMTPUTF8", " SMTPUTF8"]))
    stored, mails = stored_since(last[0]), queued_since(last[1])
    seen["stored"] += sum(not is_notice(text) for _, text in stored)
    seen["scripts that failed"] += sum(is_notice(text) for _, text in stored)
    for reply in replies:
        seen["replies %d %s" % (reply[0], reply[1][0].split()[0])] += 1
    for user, address, reply in zip(users, addresses, replies):
        want(not 400 <= reply[0] < 500, "%r to %s" % (reply, address))
        if reply[1][0].startswith(("5.1.", "5.5.", "5.6.")):
            continue
        own = ([text for of, text in stored if of == user],
               [mail for mail in mails if mail[0] == user])
        want(reply[0] != 250 or any(own) or re.search(
            "discard|reject|redirect|replace", script.text),
             "nothing came of it for %s" % address)
        if not script.asks_store:
            check_outcome(reply, words(os.path.join(folder, "script"), text,
                                       sender, address), *own)
    for _, kind, recipient, mail in mails:
        check_mail(kind, recipient, mail, script)
    for _, one in stored:
        if not script.replaces and not is_notice(one):
            check_header(one, "what is stored")


# --- an event -----------------------------------------------------------------

def say(imap, line):
    """Answered, and not with BYE."""
    answer = imap.say(b"e " + line)[-1]
    want(answer.split(b" ")[1] in (b"OK", b"NO"),
         "%r: %r" % (line[:80], answer))
    return answer


def event(rng, user):
    """A message comes, changes and is copied over IMAP; it is there after."""
    text = sievemaker.message(rng, t.address(user)).replace(b"\0", b"0")
    imap = t.ImapLines(user)
    last = last_ids()
    say(imap, b"APPEND Work {%d+}\r\n%s" % (len(text), text))
    say(imap, b"SELECT Work")
    say(imap, b"STORE * +FLAGS (\\Flagged $odd)")
    say(imap, b"COPY * Work")
    want(len([1 for of, _ in stored_since(last[0]) if of == user]) >= 1,
         "what was appended is gone")
    for _, kind, recipient, mail in queued_since(last[1]):
        check_mail(kind, recipient, mail, sievemaker.Script(rng, True))
    imap.close()


# --- stored mail --------------------------------------------------------------

def run_over(user):
    """The script that is active, over all of INBOX, which is emptied then."""
    done = subprocess.run(["dbmail-sievecmd", "-u", user, "-m", "INBOX", "-x"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    said = done.stderr.decode(errors="replace")
    seen["dbmail-sievecmd -m: status %d" % done.returncode] += 1
    want(done.returncode in (0, 65) and not COMPLAINTS.search(done.stderr),
         "dbmail-sievecmd -m: status %d\n%s" % (done.returncode, said[-3000:]))
    imap = t.ImapLines(user)
    for line in (b"SELECT INBOX", b"STORE 1:* +FLAGS.SILENT (\\Deleted)",
                 b"EXPUNGE"):
        imap.say(b"e " + line)
    imap.close()


# --- a round ------------------------------------------------------------------

def script_of(folder):
    return t.read(os.path.join(folder, "script")).decode()


def put(sessions, name, folder, script):
    """Whether it was taken; its text is in the folder."""
    with open(os.path.join(folder, "script"), "wb") as file:
        file.write(script.text.encode())
    for session in sessions.values():
        answer = session.put(name, script.text.encode())
        want(answer.word in ("OK", "NO"), repr(answer))
        if answer.word == "NO":
            seen["scripts refused"] += 1
            return False
    return True


def one_round(rng, sessions, folder, number):
    """Whether a script was taken, of a few; it has run then."""
    at_event = number % EVENTS_EVERY == EVENTS_EVERY - 1
    for _ in range(TRIES):
        script = sievemaker.Script(rng, at_event)
        if put(sessions, "events" if at_event else "main", folder, script):
            break
    else:
        return False
    if at_event:
        event(rng, USERS[0])
        return True
    lmtp = t.Lmtp()
    deliver(rng, lmtp, folder, script)
    lmtp.quit()
    if number % STORED_EVERY == STORED_EVERY - 1:
        run_over(USERS[0])
    return True


def prepare():
    """The users' sessions of ManageSieve, by name."""
    sessions = {}
    for user in USERS:
        t.add_user(user)
        t.run("dbmail-sievecmd", "-u", user, "-A",
              "tag:example.com,2024:friends", "ada@example.net",
              "é@example.net", "no address", "@", "x" * 400)
        sessions[user] = t.SieveLines(user)
        sessions[user].put("library", LIBRARY)
        sessions[user].put("main", b"keep;")
        sessions[user].put("events", b"keep;")
        sessions[user].say(b'SETACTIVE "main"')
        imap = t.ImapLines(user)
        imap.say(b"a CREATE Work")
        imap.say(b'a SETMETADATA Work (/shared/imapsieve/script "events")')
        imap.close()
    return sessions


def read_all():
    """Every message can be looked at over IMAP."""
    count = 0
    for user in USERS:
        imap = t.ImapLines(user)
        for line in imap.say(b'e LIST "" "*"')[:-1]:
            name = line.partition(b' "/" ')[2]
            count += 1
            say(imap, b"EXAMINE " + name)
            say(imap, b"FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)")
        imap.close()
    report.case("%d mailboxes can be read" % count, count > len(USERS))


def send_all(logs):
    """What was queued is sent, or refused for good."""
    sink = smtpsink.Sink(number=t.port("SMTP"))
    t.run("store-daemon", "start", "queued")
    report.case("all that is queued is tried", t.until(lambda: t.sql("""
        SELECT id FROM dbmail_outbound_queue
         WHERE status IN ('pending', 'sending') AND attempts = 0""") == ""))
    t.run("store-daemon", "stop", "queued")
    sink.close()
    report.note("%d mails were sent" % len(sink.mails))
    for line in t.sql("""SELECT status, last_error, count(*)
                           FROM dbmail_outbound_queue
                          WHERE status <> 'sent' GROUP BY 1, 2""").splitlines():
        report.note("not sent: " + line[:200])
    report.case("the daemons complain of nothing", not logs.complaints())


def configure():
    """Settings that the seed chooses; both daemons that run scripts have
    them."""
    rng = random.Random("%s" % SEED)
    text = """[IMAP]
sieve_url = sieve://sieve.example.org
[LMTP]
add_delivered_to = %s
add_received = %s
[SIEVE]
reject = %s
missing_folder = %s
redirect_sender = %s""" % (
        rng.choice(["yes", "no"]), rng.choice(["yes", "no"]),
        rng.choice(["reply", "mail"]), rng.choice(["create", "inbox"]),
        rng.choice(["sender", "recipient", "empty", "bounces@example.com"]))
    t.configure(text, "imapd")
    t.run("store-daemon", "restart", "lmtpd")


def try_round(number, sessions, folder, logs):
    """Whether a script was taken; raises Wrong."""
    try:
        taken = one_round(random.Random("%s:%d" % (SEED, number)), sessions,
                          folder, number)
    except (OSError, EOFError, ValueError) as error:
        raise Wrong(repr(error)) from error
    finally:
        found = logs.complaints()
        for line in found[:20]:
            report.note(line.decode(errors="replace"))
    want(not found, "a daemon complains")
    return taken


def rounds(sessions, logs):
    """All of them, or up to one that ends a daemon."""
    before = pids()
    numbers = range(ROUNDS) if ONLY is None else [int(ONLY)]
    taken = 0
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "library.sieve"), "wb") as file:
            file.write(LIBRARY)
        for number in numbers:
            try:
                taken += try_round(number, sessions, folder, logs)
            except Wrong as wrong:
                report.case("round %d" % number, False, "%s\nagain: "
                            "DBMAIL_FUZZ_SEED=%s DBMAIL_FUZZ_ROUND=%d\n%s" % (
                                wrong, SEED, number,
                                script_of(folder)[-3000:]))
            if not all_live(before):
                break
    for what, count in sorted(seen.items()):
        report.note("%d times: %s" % (count, what))
    report.case("%d rounds of seed %s, %d with a script that was taken" % (
        len(numbers), SEED, taken), report.failed == 0 and taken > 0)
    report.case("the daemons are those that were started", all_live(before))


def main():
    configure()
    logs = Logs()
    rounds(prepare(), logs)
    read_all()
    send_all(logs)
    t.check_store(report)
    report.end()


main()
