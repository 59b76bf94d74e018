#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dbmail-sievecmd: what it does, says, and ends with."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

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
    sam("not that", NOUSER, "-c", "zwei")
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
                    ("-u", "sam", "-l", "more"), ("-t", "x"),
                    ("-t", "x", "y", "z"), ("-t", "x", "y", "-u", "sam"),
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
             b'redirect "ada@example.org" :copy\ndiscard\n')):
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
    sievecmd("no message", IOERR, "-t", script, os.path.join(folder, "none"))
    sievecmd("no script", IOERR, "-t", os.path.join(folder, "none"), message)


def main():
    t.add_user("sam")
    with tempfile.TemporaryDirectory() as folder:
        manage(folder)
        usage()
        tries(folder)
    report.end()


main()
