#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dbmail-sievecmd: what it does, says, and ends with."""

import imaplib
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import terminal  # noqa: E402

report = t.Report()
# Of <sysexits.h>; 1 is -t's.
OK, BAD, USAGE, DATAERR, NOUSER, CANTCREAT, IOERR = 0, 1, 64, 65, 67, 73, 74
MESSAGE = (b"From: ada@example.org\r\nTo: sam@example.com\r\n"
           b"Subject: Pills for you\r\n\r\nBuy!\r\n")


def sievecmd(what, wanted, *options, data=b"", said=None, **more):
    """Runs it, checks its status and a part of its standard error; gives its
    standard output."""
    done = subprocess.run(("dbmail-sievecmd",) + options, input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, **more)
    shown = "status %d, %r, %r" % (done.returncode, done.stdout, done.stderr)
    report.case("%s: status %d" % (what, wanted), done.returncode == wanted,
                shown)
    if wanted != OK and said is None:
        report.case(what + ": says why", done.stderr != b"")
    if said is not None:
        report.case("%s: says %s" % (what, said),
                    said.encode() in done.stderr, shown)
    return done.stdout


def sam(what, wanted, *options, **more):
    return sievecmd(what, wanted, "-u", "sam", *options, **more)


def write(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path


def manage(folder):
    one = write(folder, "one.sieve", b'# one\r\nkeep;\r\n')
    bad = write(folder, "bad.sieve", b'keep;\nkeeep;\n  fileinto;\n')
    report.equal("no scripts", sam("list", OK, "-l"), b"No scripts found!\n")
    report.equal("insert", sam("insert", OK, "-i", "one", one),
                 b"Script [one] successfully inserted and marked inactive!\n")
    report.equal("from standard input", sam(
        "insert", OK, "-q", "-i", "two", data=b"discard;"), b"")
    report.equal("and by -", sam("insert", OK, "-q", "-i", "3", "-",
                                 data=b"discard;"), b"")
    sam("there is one", CANTCREAT, "-i", "one", one, said="-y replaces it")
    report.equal("replaced", sam("replace", OK, "-y", "-i", "one", one),
                 b"Script [one] successfully updated and remains inactive!\n")
    report.equal("activate", sam("activate", OK, "-a", "one"),
                 b"Script [one] is now active. All others are inactive.\n")
    report.equal("list", sam("list", OK, "-l"),
                 b"Found 3 scripts:\n  - 3\n  + one\n  - two\n")
    report.equal("quietly", sam("list", OK, "-q", "-l"),
                 b"  - 3\n  + one\n  - two\n")
    report.equal("print", sam("cat", OK, "-c", "two"), b"discard;")
    report.equal("the active one", sam("cat", OK, "-c"), b"# one\r\nkeep;\r\n")
    sam("not that", NOUSER, "-c", "zwei", said="no such script\n"
        "dbmail-sievecmd: (zwei)\n")
    sievecmd("nor of nobody", NOUSER, "-u", "nina", "-l",
             said="no such user\ndbmail-sievecmd: (nina)\n")
    sam("nor activate", NOUSER, "-a", "zwei")
    sam("nor deactivate what is not active", NOUSER, "-d", "two",
        said="[two] is not active")
    sam("deactivate", OK, "-d", "one")
    sam("none is active", NOUSER, "-d", said="no script is active")
    sam("so none to print", NOUSER, "-c")
    report.equal("insert and activate", sam(
        "both", OK, "-y", "-i", "one", one, "-a"),
        b"Script [one] successfully updated and remains inactive!\n"
        b"Script [one] is now active. All others are inactive.\n")
    report.equal("the active one is replaced", sam(
        "update", OK, "-y", "-i", "one", data=b"keep;"),
        b"Script [one] successfully updated and remains active!\n")
    report.equal("remove the active one", sam("remove", OK, "-r", "one"),
                 b"Script [one] deleted.\n")
    sam("twice", NOUSER, "-r", "one")
    sam("errors", DATAERR, "-i", "bad", bad, "-a", said=bad + ":2:1: ")
    sam("all of them", DATAERR, "-i", "bad", bad, said=bad + ":3:")
    sam("and on standard input", DATAERR, "-i", "bad", data=b"keeep;",
        said="standard input:1:1: ")
    # As over ManageSieve, and by -e: a pipe that broke must not put nothing in
    # the place of a filter.
    sam("an empty one", DATAERR, "-y", "-i", "two", data=b"",
        said="the script is empty and was not stored")
    report.equal("the old one stays", sam("cat", OK, "-c", "two"), b"discard;")
    sam("-n is as without -y", CANTCREAT, "-y", "-n", "-i", "two",
        data=b"keep;", said="-y replaces it")
    sam("an empty name", DATAERR, "-i", "", one)
    sam("a name with a line feed", DATAERR, "-i", "a\nb", one)
    sam("no such file", IOERR, "-i", "x", os.path.join(folder, "none"))
    sam("a directory", IOERR, "-i", "x", folder)
    sam("too large", DATAERR, "-i", "x", data=b"#" + b" " * 1048576)
    sievecmd("nobody", NOUSER, "-u", "nobody", "-l")
    report.equal("others' are others'", sievecmd(
        "global", OK, "-u", "__public__", "-l"), b"No scripts found!\n")
    sievecmd("a global one", OK, "-u", "__public__", "-i", "common",
             data=b"keep;")
    report.equal("what is left", sam("list", OK, "-q", "-l"),
                 b"  - 3\n  - two\n")


def usage():
    for options in ((), ("-l",), ("-u", "sam"), ("-u", "sam", "-l", "-c"),
                    ("-u", "sam", "-l", "-a", "x"), ("-u", "sam", "-a"),
                    ("-u", "sam", "-l", "more"),
                    ("-u", "sam", "-e", "x", "-a"),
                    ("-u", "sam", "-e", "x", "y"), ("-t", "x"),
                    ("-t", "x", "y", "z"), ("-t", "x", "y", "-u", "sam"),
                    ("-u", "sam", "-a", "x", "-x"),
                    ("-t", "x", "y", "-x"), ("-t", "x", "y", "-s", "z"),
                    ("-t", "-", "-"),
                    ("-u", "sam", "-a", "x", "-d", "y"), ("-u", "sam", "-z")):
        sievecmd("usage " + " ".join(options), USAGE, *options)
    for option in ("-h", "--help", "-V", "--version"):
        sievecmd(option, OK, option)


def tries(folder):
    message = write(folder, "message.eml", MESSAGE)
    script = write(folder, "try.sieve", b"""\
require ["fileinto", "imap4flags", "envelope", "copy", "include"];
if header :contains "subject" "pills" {
    fileinto :flags "\\\\Seen" "Junk";
    stop;
}
if envelope "to" "sam@example.com" { redirect :copy "ada@example.org"; }
include "common";
""")
    write(folder, "common.sieve", b"discard;\n")
    nowhere = dict(os.environ, DBMAIL_CONF="/nowhere")
    for what, options, wanted in (
            ("a match", (message,), b'fileinto "Junk" :flags "\\\\Seen"\n'),
            ("nothing", ("-",), b"discard\n"),
            ("the envelope", ("-", "-r", "sam@example.com", "-f", ""),
             b'redirect "ada@example.org" :copy\n')):
        got = sievecmd(what, OK, "-t", script, *options, env=nowhere)
        report.equal(what, got, wanted)
    bad = write(folder, "bad.sieve", b"keep;\nkeeep;\n")
    report.equal("an error does nothing", sievecmd(
        "an error", BAD, "-t", bad, message, said=bad + ":2:1: "), b"")
    circle = write(folder, "circle.sieve",
                   b'require "include"; include "circle";')
    sievecmd("a circle", BAD, "-t", circle, message, said=":1:")
    lost = write(folder, "lost.sieve",
                 b'require "include";\ninclude "none";\ndiscard;\n')
    report.equal("what fails keeps", sievecmd(
        "a failure", BAD, "-t", lost, message, said=lost + ":2:"), b"keep\n")
    above = write(folder, "above/x.sieve",
                  b'require "include";\ninclude "../common";\n')
    sievecmd("not out of the directory", BAD, "-t", above, message)
    write(folder, "global/everyone.sieve", b"discard;\n")
    common = write(folder, "uses.sieve",
                   b'require "include";\ninclude :global "everyone";\n')
    report.equal("global ones", sievecmd("global", OK, "-t", common, message),
                 b"discard\n")
    bounds = write(folder, "dbmail.conf", b"[SIEVE]\nextensions = -copy\n")
    sievecmd("what the site does not have", BAD, "-t", script, message,
             said='"copy"', env=dict(os.environ, DBMAIL_CONF=bounds))
    write(folder, "dbmail.conf", b"[DBMAIL]\nhostname = mx.example.com\n"
          b"[LMTP]\nrecipient_delimiter = -\n")
    site = write(folder, "site.sieve", b'''\
require ["envelope", "subaddress", "environment", "fileinto"];
if envelope :detail "to" "lists" { fileinto "There"; }
if environment "domain" "example.com" { fileinto "Here"; }
''')
    report.equal("what the site has set", sievecmd(
        "the site", OK, "-t", site, message, "-r", "sam-lists@example.com",
        env=dict(os.environ, DBMAIL_CONF=bounds)),
                 b'fileinto "There"\nfileinto "Here"\n')
    report.equal("a script on standard input", sievecmd(
        "a script", OK, "-t", "-", message, data=b"discard;"), b"discard\n")
    sievecmd("no message", IOERR, "-t", script, os.path.join(folder, "none"))
    sievecmd("no script", IOERR, "-t", os.path.join(folder, "none"), message)


OLD = (b"From: %s@example.org\r\nTo: old@example.com\r\nSubject: %s\r\n"
       b"Message-ID: <%s@example.org>\r\n\r\n%s\r\n")
FILTER = b"""\
require ["fileinto", "copy", "editheader", "imap4flags", "reject",
         "envelope"];
if header "subject" "move" { fileinto "Away"; }
elsif header "subject" "copy" { fileinto :copy "Away"; }
elsif header "subject" "both" { fileinto "Away"; fileinto "Away/More"; }
elsif header "subject" "drop" { discard; }
elsif header "subject" "send" { redirect "else@example.org"; }
elsif header "subject" "sendcopy" { redirect :copy "else@example.org"; }
elsif header "subject" "refuse" { reject "No."; }
elsif header "subject" "edit" { addheader "X-Was" "here"; }
elsif header "subject" "flag" { addflag "\\\\Flagged"; keep; }
elsif header "subject" "none" { setflag ""; fileinto "Away"; }
elsif size :over 1M { fileinto "Away"; }
elsif envelope "from" "env@example.org" { fileinto "Away"; }
"""
SUBJECTS = ("keep", "move", "copy", "both", "drop", "send", "sendcopy",
            "refuse", "edit", "large", "flag", "none")


def box(imap, name):
    """{subject: (flags, internal date, raw)} of a mailbox."""
    if imap.select('"%s"' % name, readonly=True)[0] != "OK":
        return {}
    found = {}
    for number in imap.search(None, "ALL")[1][0].split():
        answer = imap.fetch(number, "(FLAGS INTERNALDATE BODY.PEEK[])")[1]
        head, raw = answer[0]
        head += answer[1]
        subject = raw.split(b"Subject: ")[1].split(b"\r\n")[0].decode()
        flags = sorted(flag.decode() for flag in imaplib.ParseFlags(head))
        found[subject] = ([flag for flag in flags if flag != "\\Recent"],
                          imaplib.Internaldate2tuple(head), raw)
    return found


def queued():
    return sorted(t.run(
        "psql", "-XAtq", t.setting("PGCONN"), "-c",
        "SELECT kind || ' ' || recipient FROM dbmail_outbound_queue"
    ).decode().split("\n")[:-1])


def deliver_old():
    lmtp = t.Lmtp()
    for subject in SUBJECTS:
        body = b"text" if subject != "large" else b"x" * 70 * 30000
        lmtp.deliver([t.address("old")], OLD % (
            b"ada", subject.encode(), subject.encode(), body), "bdat")
    lmtp.quit()


def refilter(folder):
    """Mail that was there before the script."""
    t.add_user("old")
    deliver_old()
    old = ("-u", "old")
    script = write(folder, "filter.sieve", FILTER)
    imap = t.Imap("old")
    imap.select("INBOX")
    imap.store("1:*", "+FLAGS", r"(\Seen $Mine)")
    before = box(imap, "INBOX")
    sievecmd("no script is active", NOUSER, *old, "-m", "INBOX",
             said="no script is active")
    sievecmd("the filter", OK, *old, "-q", "-i", "main", script)
    sievecmd("no such mailbox", NOUSER, *old, "-m", "Nowhere", "-s", "main")
    sievecmd("no such script", NOUSER, *old, "-m", "INBOX", "-s", "x")
    said = sievecmd("what it would do", OK, *old, "-q", "-m", "INBOX", "-s",
                    "main").decode().split("\n")[:-1]
    report.equal("is told by UID", [line for line in said
                                    if not line.endswith("\tkeep")], [
        '2\tfileinto "Away"', '3\tfileinto "Away" :copy',
        '4\tfileinto "Away"', '4\tfileinto "Away/More"', "5\tdiscard",
        '6\tredirect "else@example.org"',
        '7\tredirect "else@example.org" :copy', '8\treject "No."',
        '9\taddheader "X-Was" "here"', '10\tfileinto "Away"',
        '11\tkeep :flags ["\\\\Seen", "$Mine", "\\\\Flagged"]',
        '12\tfileinto "Away" :flags ""'])
    said = sievecmd("what it would do, summed up", OK, *old, "-m", "INBOX",
                    "-s", "main")
    report.case("says how it would", b"\n12 messages, 0 that the script "
                b"failed with; nothing was changed, which -x does.\n" in said,
                said)
    report.equal("and changes nothing", (box(imap, "INBOX"), queued()),
                 (before, []))
    report.case("makes no folder", box(imap, "Away") == {})
    sievecmd("activate", OK, *old, "-q", "-a", "main")
    said = sievecmd("and now", OK, *old, "-m", "INBOX", "-x")
    report.case("it sums up", b"12 messages: 4 moved away, 1 edited, 3 marked "
                b"\\Deleted, 0 " in said, said)
    inbox, away = box(imap, "INBOX"), box(imap, "Away")
    report.equal("what is left", sorted(inbox), sorted(
        ("keep", "copy", "drop", "send", "sendcopy", "refuse", "edit",
         "flag")))
    report.equal("a flag is added to those there were", inbox["flag"][0],
                 ["$Mine", "\\Flagged", "\\Seen"])
    for name in ("keep", "copy", "sendcopy"):
        report.equal("%s is as it was" % name, inbox[name], before[name])
    for name in ("drop", "send", "refuse"):
        report.equal("%s has \\Deleted" % name, inbox[name][0],
                     sorted(before[name][0] + ["\\Deleted"]))
    report.case("one is edited, behind its Return-Path", inbox["edit"][2] ==
                before["edit"][2].replace(b"\r\n", b"\r\nX-Was: here\r\n",
                                          1), inbox["edit"][2])
    report.equal("with its flags and its date", inbox["edit"][:2],
                 before["edit"][:2])
    report.equal("what went away", sorted(away), ["both", "copy", "large",
                                                  "move", "none"])
    report.equal("a flag less too", away.pop("none")[0], [])
    for name in away:
        report.case("%s is as it was" % name, away[name] == before[name],
                    "%r for %r" % (away[name][:2], before[name][:2]))
    report.equal("and further", box(imap, "Away/More"),
                 {"both": before["both"]})
    mails = ["redirect else@example.org", "redirect else@example.org",
             "reject sender@example.org"]
    report.equal("and out", queued(), mails)
    sievecmd("once more", OK, *old, "-q", "-m", "INBOX", "-x")
    report.equal("does nothing twice", (
        sorted(box(imap, "Away")), queued(),
        imap.select("Away", readonly=True)[1]),
                 (sorted(list(away) + ["none"]), mails, [b"5"]))
    imap.logout()


def whose():
    """Mail that nobody says the address of was the user's by an alias."""
    t.add_user("aka", "secret", "-s", "x@example.org", "-s", "Aka@example.com")
    lmtp = t.Lmtp()
    lmtp.deliver([t.address("aka")], MESSAGE, "bdat")
    lmtp.quit()
    aka = ("-u", "aka", "-q")
    script = b'''require "envelope";
if envelope :all "to" "aka@example.com" { discard; }'''
    sievecmd("for whom", OK, *aka, "-i", "main", "-a", data=script)
    report.equal("it was for the user", sievecmd(
        "without -r", OK, *aka, "-m", "INBOX"), b"1\tdiscard\n")
    report.equal("or for another", sievecmd(
        "with -r", OK, *aka, "-m", "INBOX", "-r", "x@example.org"),
                 b"1\tkeep\n")


def editing(folder):
    """-e, with editors that do what they are told."""
    there = os.path.join(folder, "tmp")
    os.makedirs(there)

    def editor(what, wanted, does, *options, name="EDITOR", **more):
        """The editor is a shell's commands; the file is $1."""
        path = write(folder, "editor.sh", b"#!/bin/sh\nset -e\n" +
                     does.encode())
        os.chmod(path, 0o755)
        env = {key: value for key, value in os.environ.items()
               if key not in ("VISUAL", "EDITOR")}
        env.update({name: path, "TMPDIR": there})
        return sam(what, wanted, "-e", *options, env=env, **more)

    def left():
        """What is in the temporary directory: its bytes; it is removed."""
        found = []
        for base, folders, files in os.walk(there, topdown=False):
            for file in files:
                path = os.path.join(base, file)
                found.append((os.stat(base).st_mode & 0o777,
                              os.stat(path).st_mode & 0o077, t.read(path)))
                os.unlink(path)
            for sub in folders:
                os.rmdir(os.path.join(base, sub))
        return found

    report.equal("a new one", editor(
        "edit", OK, "test ! -s $1; printf 'keep;\\r\\n' >$1", "ed"),
        b"Script [ed] successfully inserted and marked inactive!\n")
    report.equal("as it was edited", sam("cat", OK, "-c", "ed"), b"keep;\r\n")
    report.equal("an old one", editor(
        "edit", OK, "grep -q keep $1; echo 'discard;' >>$1", "ed",
        name="VISUAL"), b"Script [ed] successfully updated!\n")
    report.equal("both lines", sam("cat", OK, "-c", "ed"),
                 b"keep;\r\ndiscard;\n")
    report.equal("as it was", editor("edit", OK, "true", "ed"),
                 b"Script [ed] was not changed.\n")
    report.equal("and never made", editor("edit", OK, "true", "never"),
                 b"Script [never] was not changed.\n")
    sam("so it is not there", NOUSER, "-c", "never")
    editor("none is active", NOUSER, "true", said="no script is active")
    sam("activate", OK, "-a", "ed")
    report.equal("the active one", editor("edit", OK, "echo 'stop;' >>$1"),
                 b"Script [ed] successfully updated!\n")
    report.equal("another editor that replaces the file", editor(
        "edit", OK, "echo 'keep;' >$1.new; mv $1.new $1"),
        b"Script [ed] successfully updated!\n")
    report.equal("nothing is left", left(), [])
    for what, does, wanted, said in (
            ("errors", "printf 'keep;\\nkeeep;\\n' >$1", DATAERR,
             "script.sieve:2:1: "),
            ("nothing", ": >$1", DATAERR, "the script is empty"),
            ("far too much", "head -c 1048577 /dev/zero | tr '\\0' '#' >$1",
             DATAERR, "what was edited is in"),
            ("a failing editor", "echo 'stop;' >>$1; exit 3", IOERR,
             "failed; nothing was stored"),
            ("a killed one", "echo 'stop;' >>$1; kill -9 $$", IOERR,
             "failed; nothing was stored"),
            ("no file any more", "rm $1", IOERR, "No such file"),
            ("a change meanwhile", "echo 'stop;' >>$1; printf 'discard;' | "
             "dbmail-sievecmd -q -u sam -y -i ed", CANTCREAT,
             "changed by another meanwhile")):
        editor(what, wanted, does, "ed", said=said)
        kept = left()
        if what == "no file any more":
            report.equal("nothing is kept", kept, [])
        else:
            report.case("%s: kept for its owner alone" % what, [
                (folder_mode, others) for folder_mode, others, _ in kept] ==
                [(0o700, 0)], repr(kept)[:200])
        report.equal("%s: not stored" % what, sam("cat", OK, "-c", "ed"),
                     b"discard;" if "mean" in what else b"keep;\n")
    report.equal("-y replaces it", editor(
        "edit", OK, "echo 'stop;' >>$1; printf 'keep;' | "
        "dbmail-sievecmd -q -u sam -y -i ed", "ed", "-y"),
        b"Script [ed] successfully updated!\n")
    report.equal("with what was edited", sam("cat", OK, "-c", "ed"),
                 b"discard;stop;\n")
    path = write(folder, "options.sh", b"""#!/bin/sh
test "$1" = "a b" && echo 'keep;' >$2
""")
    os.chmod(path, 0o755)
    report.equal("one with options", sam("edit", OK, "-e", "ed", env=dict(
        os.environ, VISUAL=path + " 'a b'", TMPDIR=there)),
        b"Script [ed] successfully updated!\n")
    sam("no such editor", IOERR, "-e", "ed", env=dict(
        os.environ, VISUAL="/no/such --editor", TMPDIR=there),
        said="/no/such --editor) cannot be run: ")
    left()
    at_terminal(folder)
    sam("remove", OK, "-r", "ed")


def at_terminal(folder):
    """Errors can be mended at once; Control-C is the editor's."""
    path = write(folder, "twice.sh", b"""#!/bin/sh
if test -e "$0.again"; then
    echo 'stop;' >$1
else
    : >"$0.again"
    echo 'stoop;' >$1
    trap 'echo interrupted; exit 0' INT
    echo waiting
    read -r line
fi
""")
    os.chmod(path, 0o755)
    screen = terminal.Terminal("dbmail-sievecmd", "-u", "sam", "-e", "ed",
                               env={"VISUAL": path})
    screen.expect(b"waiting")
    screen.send(b"\x03")
    screen.expect(b"interrupted")
    screen.expect(b"script.sieve:1:1: ")
    screen.expect(b"Go on editing? [Y/n] ")
    screen.send(b"\n")
    screen.expect(b"successfully updated!")
    report.equal("at a terminal", screen.end()[0], 0)
    report.equal("mended", sam("cat", OK, "-c", "ed"), b"stop;\n")


def unwritten(folder):
    """What could not be printed is no success."""
    message = write(folder, "message.eml", MESSAGE)
    script = write(folder, "keep.sieve", b"keep;\n")
    sam("one to list", OK, "-q", "-y", "-i", "unwritten", script)
    for options in (("-t", script, message), ("-u", "sam", "-l"),
                    ("-u", "sam", "-c", "unwritten")):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(("dbmail-sievecmd",) + options, stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        report.equal("a full disk: " + options[-2], (
            done.returncode, b"standard output" in done.stderr), (IOERR, True))
    sam("remove", OK, "-r", "unwritten")


def main():
    t.add_user("sam")
    with tempfile.TemporaryDirectory() as folder:
        manage(folder)
        editing(folder)
        usage()
        unwritten(folder)
        tries(folder)
        refilter(folder)
    whose()
    t.check_logs(report)
    report.end()


main()
