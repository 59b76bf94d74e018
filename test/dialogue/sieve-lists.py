#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists that scripts ask for (RFC 6134): how dbmail-sievecmd edits them, and what
deliveries make of them."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
OK, USAGE, DATAERR, NOUSER = 0, 64, 65, 67
FRIENDS = "tag:example.com,2024:friends"
BOOK = "urn:ietf:params:sieve:addrbook:default"
count = 0


def sievecmd(what, wanted, user, *options, data=b""):
    done = subprocess.run(("dbmail-sievecmd", "-u", user) + options,
                          input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    report.case("%s: status %d" % (what, wanted), done.returncode == wanted,
                "status %d, %r, %r" % (done.returncode, done.stdout,
                                       done.stderr))
    return done.stdout.decode()


def new_user(script):
    global count
    count += 1
    name = t.add_user("lists%d" % count)
    t.run("dbmail-sievecmd", "-u", name, "-i", "main", "-a",
          data=script.encode())
    return name


def message(sender="eve@example.org", subject="hello", fields=""):
    return ("From: Somebody <%s>\r\nSubject: %s\r\n%s\r\nbody\r\n" % (
        sender, subject, fields)).encode()


def folders(user, text):
    """Where that message goes: {folder: messages}, which are taken away."""
    lmtp = t.Lmtp()
    code = lmtp.deliver([t.address(user)], text)[0][0]
    lmtp.quit()
    rows = t.sql("""SELECT b.name, b.messages FROM dbmail_mailboxes b
                    JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
                   WHERE u.userid = '%s' AND b.messages > 0
                   ORDER BY b.name""" % user).splitlines()
    t.run("dbmail-users", "-y", "-e", user)
    if code != 250:
        return code
    return {row.split("|")[0]: int(row.split("|")[1]) for row in rows}


def queued():
    rows = t.sql("SELECT recipient FROM dbmail_outbound_queue ORDER BY 1")
    t.sql("DELETE FROM dbmail_outbound_queue")
    return rows.splitlines()


def tool():
    user = t.add_user("editor")
    report.equal("none", sievecmd("none", OK, user, "-L"), "")
    sievecmd("no such list", NOUSER, user, "-L", FRIENDS)
    report.equal("added", sievecmd(
        "add", OK, user, "-A", FRIENDS, "b@x", "a@x", "A@X"),
        FRIENDS + ": 2 added\n")
    report.equal("loaded", sievecmd(
        "load", OK, user, "-A", ":addrbook:default",
        data=b"# friends\r\n c@x \n\nd@x"), BOOK + ": 2 added\n")
    report.equal("lists", sievecmd("lists", OK, user, "-L"),
                 FRIENDS + "\t2\n" + BOOK + "\t2\n")
    report.equal("members", sievecmd("members", OK, user, "-L", FRIENDS),
                 "a@x\nb@x\n")
    report.equal("removed", sievecmd("remove", OK, user, "-R", FRIENDS, "A@x",
                                     "q@x"), FRIENDS + ": 1 removed\n")
    report.equal("what is left", sievecmd("members", OK, user, "-L", FRIENDS),
                 "b@x\n")
    sievecmd("the list", OK, user, "-R", FRIENDS)
    sievecmd("it is gone", NOUSER, user, "-R", FRIENDS)
    for name in ("friends", "", "http://example.com/x", "tag:a b"):
        sievecmd("name %r" % name, DATAERR, user, "-A", name, "a@x")
    sievecmd("a bad value", DATAERR, user, "-A", FRIENDS, "a\tb")
    sievecmd("a NUL", DATAERR, user, "-A", FRIENDS, data=b"a\0b\n")
    sievecmd("two actions", USAGE, user, "-l", "-L")
    sievecmd("a large one", OK, user, "-A", FRIENDS, data=b"".join(
        b"u%d@x\n" % i for i in range(25000)))
    report.equal("and large it is", len(sievecmd(
        "large", OK, user, "-L", FRIENDS).splitlines()), 25000)


def matching():
    user = new_user('require ["extlists", "fileinto", "variables", "copy"];'
                    'if address :list "from" "%s" {'
                    ' set "who" "${0}"; fileinto "Lists/${who}"; }' % FRIENDS)
    report.equal("no such list: the script fails, and says so",
                 folders(user, message()), {"INBOX": 2})
    sievecmd("an empty one", OK, user, "-A", FRIENDS)
    report.equal("nobody in it", folders(user, message()), {"INBOX": 1})
    sievecmd("a member", OK, user, "-A", FRIENDS, "EVE@example.org")
    report.equal("at once, in any case", folders(user, message()),
                 {"Lists/eve@example.org": 1})
    report.equal("not others", folders(user, message("eva@example.org")),
                 {"INBOX": 1})
    sievecmd("everybody's", OK, "__public__", "-A", FRIENDS, "eva@example.org")
    report.equal("everybody's too", folders(user, message("eva@example.org")),
                 {"Lists/eva@example.org": 1})
    sievecmd("thousands", OK, user, "-A", FRIENDS, data=b"".join(
        b"u%d@example.org\n" % i for i in range(3000)))
    report.equal("a large list", folders(user, message("U2999@example.org")),
                 {"Lists/U2999@example.org": 1})
    report.equal("not in it", folders(user, message("u3000@example.org")),
                 {"INBOX": 1})
    many = "From: " + ",\r\n ".join("n%d@example.org" % i
                                    for i in range(600))
    member = ",\r\n u1@example.org\r\n"
    report.equal("a long field", folders(user, message(
        "n@example.org", fields="From: n@example.org" + member)),
                 {"Lists/u1@example.org": 1})
    report.equal("more than a run may look up: the script fails",
                 folders(user, message("n@example.org", fields=many + member)),
                 {"INBOX": 1})


def valid():
    user = new_user('require ["extlists", "fileinto"];'
                    'if valid_ext_list ":addrbook:default"'
                    ' { fileinto "Book"; }'
                    'if valid_ext_list ["%s", ":addrbook:default"]'
                    ' { fileinto "Both"; }'
                    'if valid_ext_list "tag:example.com,2024:other"'
                    ' { fileinto "Other"; }' % "tag:example.com,2024:v")
    report.equal("the address book is always there",
                 folders(user, message()), {"Book": 1})
    sievecmd("another", OK, user, "-A", "tag:example.com,2024:v")
    report.equal("both", folders(user, message()), {"Book": 1, "Both": 1})


def address_book():
    user = new_user('require ["extlists", "fileinto"];'
                    'if not address :list "from" ":addrbook:default"'
                    ' { fileinto "Strangers"; }')
    report.equal("an empty book", folders(user, message()), {"Strangers": 1})
    sievecmd("a friend", OK, user, "-A", BOOK, "eve@example.org")
    report.equal("a friend", folders(user, message()), {"INBOX": 1})


def redirecting():
    user = new_user('require ["extlists", "copy"];'
                    'if header :is "subject" "copy"'
                    ' { redirect :copy :list "%s"; }'
                    'else { redirect :list "%s"; }' % (FRIENDS + "2",
                                                      FRIENDS + "2"))
    sievecmd("empty", OK, user, "-A", FRIENDS + "2")
    report.equal("to nobody: kept", folders(user, message()), {"INBOX": 1})
    report.equal("to nobody: nothing goes", queued(), [])
    sievecmd("two", OK, user, "-A", FRIENDS + "2", "a@far.example",
             "B@far.example", "far.example")
    report.equal("to all", folders(user, message(subject="1")), {})
    report.equal("to all: addresses alone", queued(),
                 ["B@far.example", "a@far.example"])
    report.equal("a copy", folders(user, message(subject="copy")), {"INBOX": 1})
    report.equal("a copy: to all", len(queued()), 2)
    # 1 GiB for all of them: 99 times this are just over it.
    large = new_user('require "extlists"; redirect :list "%s";' % (
        FRIENDS + "4"))
    sievecmd("many", OK, large, "-A", FRIENDS + "4", data=b"".join(
        b"u%d@far.example\n" % i for i in range(99)))
    text = message() + b"x" * 76 + b"\r\n"
    text += (b"x" * 76 + b"\r\n") * ((2 ** 30 // 99 - len(text)) // 78 + 1)
    report.equal("too large for so many: kept", folders(large, text),
                 {"INBOX": 1})
    report.equal("too large for so many: nothing goes", queued(), [])
    sievecmd("too many", OK, user, "-A", FRIENDS + "2", data=b"".join(
        b"u%d@far.example\n" % i for i in range(100)))
    report.equal("too many: kept", folders(user, message(subject="2")),
                 {"INBOX": 1})
    report.equal("too many: nothing goes", queued(), [])


def main():
    """All cases, or those that are named."""
    signal.alarm(1200)
    report.run(tool, matching, valid, address_book, redirecting)
    t.check_store(report)
    report.end()


main()
