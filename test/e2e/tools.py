#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dbmail-import, dbmail-export and dbmail-util on a store, there and back."""

import mailbox
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()


def status(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def exported(user, *options):
    """{path below USER: bytes} of an export."""
    with tempfile.TemporaryDirectory() as folder:
        t.run("dbmail-export", "-q", "-u", user, "-b", folder, *options)
        top = os.path.join(folder, user)
        found = {}
        for at, _, names in os.walk(top):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, top)] = file.read()
        return found


def same_messages(what, got, wanted):
    """The same messages, as often each; says only the first that differ."""
    lost, more = list(wanted), []
    for message in got:
        if message in lost:
            lost.remove(message)
        else:
            more.append(message)
    report.case(what, not lost and not more, "lost %d %r, in their place %d %r"
                % (len(lost), [m[:200] for m in lost[:2]],
                   len(more), [m[:200] for m in more[:2]]))


def there_and_back(folder):
    """Each format carries every byte from one user to another."""
    t.add_user("one")
    source = os.path.join(folder, "source")
    os.mkdir(source)
    messages = sorted(message for _, message in t.fixtures())
    for i, message in enumerate(messages):
        with open(os.path.join(source, "%04d.eml" % i), "wb") as file:
            file.write(message)
    t.run("dbmail-import", "-q", "-u", "one", source)
    got = exported("one", "-F", "eml")
    same_messages("eml", got.values(), messages)
    t.run("dbmail-import", "-q", "-u", "one", source)
    report.equal("imported twice, there once", len(exported("one", "-F", "eml")),
                 len(messages))
    for how in ("mbox", "maildir"):
        t.add_user(how)
        copy = os.path.join(folder, how)
        t.run("dbmail-export", "-q", "-u", "one", "-F", how, "-b", copy)
        t.run("dbmail-import", "-q", "-u", how, os.path.join(copy, "one"))
        same_messages("by " + how, exported(how, "-F", "eml").values(),
                      messages)


def flags_and_dates(folder):
    t.add_user("two")
    box = mailbox.Maildir(os.path.join(folder, "box"))
    for flags, date in (("FS", 1000000000), ("", 1100000000),
                        ("RT", 1200000000), ("D", 1300000000)):
        message = mailbox.MaildirMessage(
            b"Subject: flags %s\r\n\r\nx\r\n" % flags.encode())
        message.set_flags(flags)
        message.set_date(date)
        box.add(message)
    work = box.add_folder("Work.Old")
    work.add(mailbox.MaildirMessage(b"Subject: old\r\n\r\nx\r\n"))
    t.run("dbmail-import", "-q", "-u", "two", os.path.join(folder, "box"))
    imap = t.Imap("two")
    imap.select("INBOX", readonly=True)
    rows = imap.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS "
                      "(SUBJECT)])")[1]
    found = {row[1].strip(): row[0] for row in rows if isinstance(row, tuple)}
    for subject, words in (
            (b"Subject: flags FS", (b"\\Flagged", b"\\Seen", b"09-Sep-2001")),
            (b"Subject: flags ", (b"09-Nov-2004",)),
            (b"Subject: flags RT", (b"\\Answered", b"\\Deleted")),
            (b"Subject: flags D", (b"\\Draft", b"13-Mar-2011"))):
        row = next((v.replace(b'" ', b'"0') for k, v in found.items()
                    if k == subject.strip()), b"")
        report.case(subject.decode(), all(w in row for w in words), row)
    report.equal("folder", imap.select("Work/Old", readonly=True)[1], [b"1"])
    imap.logout()
    names = exported("two", "-F", "maildir", "-m", "inbox")
    letters = sorted(name.split(":2,")[1] for name in names)
    report.equal("flags out again", letters, ["", "D", "FS", "RT"])


def searches():
    for search, count in (("SEEN", 1), ("NOT SEEN", 3),
                          ("SUBJECT \"flags D\"", 1), ("OR 1 4", 2),
                          ("UID 2:*", 3)):
        got = exported("two", "-F", "eml", "-m", "INBOX", "-s", search)
        report.equal("-s " + search, len(got), count)
    code, _, err = status("dbmail-export", "-u", "two", "-o", "-", "-s",
                          "SUBJET x")
    report.case("-s with a mistake", code == 65 and "column" in err,
                (code, err))
    report.equal("a file that is not there is no missing user",
                 status("dbmail-import", "-u", "one", "/nonexistent")[0], 74)
    code, _, err = status("dbmail-export", "-u", "nobody", "-o", "-")
    report.case("no such user", code == 67, (code, err))
    code, _, err = status("dbmail-export", "-u", "two", "-m", "None", "-o", "-")
    report.case("no such mailbox", code == 67, (code, err))
    t.run("dbmail-export", "-u", "two", "-m", "INBOX", "-s", "SEEN", "-d",
          "-o", "/dev/null")
    report.equal("-d", len(exported("two", "-F", "eml", "-m", "INBOX", "-s",
                                    "DELETED")), 2)


def rate(folder):
    """Against APPEND of the same messages, one by one."""
    import time
    t.add_user("three")
    source = os.path.join(folder, "many")
    os.mkdir(source)
    messages = [b"Subject: %d\r\n\r\n" % i + b"x" * 70 * (i % 60) + b"\r\n"
                for i in range(2000)]
    for i, message in enumerate(messages):
        with open(os.path.join(source, "%04d.eml" % i), "wb") as file:
            file.write(message)
    began = time.monotonic()
    t.run("dbmail-import", "-q", "-u", "three", source)
    imported = len(messages) / (time.monotonic() - began)
    imap = t.Imap("three")
    began = time.monotonic()
    for message in messages[:300]:
        imap.append("Drafts", None, None, message)
    appended = 300 / (time.monotonic() - began)
    imap.logout()
    report.note("import %.0f/s, APPEND %.0f/s: %.1f times" % (
        imported, appended, imported / appended))


def util():
    report.equal("check", status("dbmail-util", "-q", "check")[0], 0)
    t.run("psql", "-q", t.setting("PGCONN"), "-c",
          "UPDATE dbmail_mailboxes SET unseen = unseen + 1 WHERE messages > 0")
    code, out, _ = status("dbmail-util", "-q", "check")
    report.case("check finds it", code == 1 and "mailbox-counters" in out, out)
    report.equal("check repairs", status("dbmail-util", "-qy", "check")[0], 2)
    report.equal("and all is well", status("dbmail-util", "-q", "check")[0], 0)
    for user in ("one", "two", "three", "mbox", "maildir"):
        t.run("dbmail-users", "-y", "-d", user)
    t.run("dbmail-util", "purge")
    left = t.run("psql", "-qAt", t.setting("PGCONN"), "-c",
                 "SELECT count(*) FROM dbmail_mimeparts").strip()
    report.equal("purge leaves no part", left, b"0")
    report.equal("a word that is none", status("dbmail-util", "nonsense")[0],
                 64)
    report.equal("test", status("dbmail-util", "-q", "test")[0], 0)
    code, _, err = status("dbmail-util", "-f", "/nonexistent", "test")
    report.case("no configuration", code == 78 and "/nonexistent" in err,
                (code, err))


def main():
    with tempfile.TemporaryDirectory() as folder:
        there_and_back(folder)
        flags_and_dates(folder)
        searches()
        rate(folder)
    util()
    report.end()


main()
