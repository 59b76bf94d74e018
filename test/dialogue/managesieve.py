#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ManageSieve (RFC 5804): commands, states, codes, literals, limits, TLS."""

import base64
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()
GOOD = b'# what is good\r\nif true { discard; }\r\n'
BAD = b'#comment\r\nInvalidSieveCommand;\r\n\r\nand_another "x";\r\n'
PLAIN = base64.b64encode(b"\0sam\0secret")
WRONG = base64.b64encode(b"\0sam\0wrong")


def expect(what, session, line, word, code=None, text=None):
    """Sends a command as it is; looks at the answer."""
    got = session.say(line)
    good = got.word == word and got.code == code and (
        text is None or text in (got.text or b""))
    report.case("%s: %r" % (what, line[:60]), good, "got %r" % got)
    return got


def ended(session):
    """The server closes; what it still says."""
    said = b""
    try:
        while True:
            some = session.socket.recv(65536)
            if not some:
                return said
            said += some
    except ConnectionError:
        return said


def names(session):
    return [(line[0].decode(), line[1:] == ["ACTIVE"])
            for line in session.say(b"LISTSCRIPTS").lines]


def before_login():
    c = t.SieveLines()
    report.equal("the greeting is OK", c.greeting.word, "OK")
    known = c.capabilities(c.greeting)
    for name, value in (("VERSION", "1.0"), ("STARTTLS", None),
                        ("UNAUTHENTICATE", None), ("SASL", "PLAIN LOGIN"),
                        ("LANGUAGE", "en"), ("IMPLEMENTATION", "DBMail")):
        report.equal("capability " + name, known.get(name, "none"), value)
    for word in ("fileinto", "envelope", "copy"):
        report.case("SIEVE has " + word, word in known["SIEVE"].split(), known)
    report.case("enotify comes with NOTIFY", ("enotify" in
                known["SIEVE"].split()) == (known.get("NOTIFY") == "mailto"),
                known)
    report.case("extlists comes with EXTLISTS", ("extlists" in
                known["SIEVE"].split()) == (known.get("EXTLISTS") ==
                                         "urn tag"),
                known)
    report.case("MAXREDIRECTS", known["MAXREDIRECTS"].isdigit(), known)
    report.case("OWNER is not told yet", "OWNER" not in known, known)
    report.equal("CAPABILITY says the same", c.capabilities(), known)
    for line, word, text in (
            (b"NOOP", "OK", b"Done"), (b"LISTSCRIPTS", "NO", b"Log in first"),
            (b'GETSCRIPT "x"', "NO", b"Log in first"),
            (b'SETACTIVE ""', "NO", b"Log in first"),
            (b'DELETESCRIPT "x"', "NO", b"Log in first"),
            (b'RENAMESCRIPT "x" "y"', "NO", b"Log in first"),
            (b'HAVESPACE "x" 1', "NO", b"Log in first"),
            (b"UNAUTHENTICATE", "NO", b"Log in first"),
            (b'PUTSCRIPT "x" {5+}\r\nkeep;', "NO", b"Log in first"),
            (b'CHECKSCRIPT {5+}\r\nkeep;', "NO", b"Log in first"),
            (b"XYZZY", "NO", b"Unknown"), (b"", "NO", b"begins with a word"),
            (b"CAPABILITY \"x\"", "NO", b"too many"),
            (b"noop", "OK", b"Done"), (b"Logout", "OK", b"Goodbye")):
        expect("before log-in", c, line, word, None, text)
    report.equal("and the connection ends", ended(c), b"")


def noop():
    c = t.SieveLines()
    for sent, tag in ((b'"STARTTLS-SYNC-42"', b"STARTTLS-SYNC-42"),
                      (b'""', b""), (b'"a\\"b\\\\"', b'a"b\\'),
                      (b"{3+}\r\na\r\n", b"a\r\n"), (b"{2+}\r\na\0", b"a\0")):
        expect("a tag", c, b"NOOP " + sent, "OK", ("TAG", tag))
    expect("a tag too long", c, b"NOOP {1025+}\r\n" + b"x" * 1025, "NO", None,
           b"1024")
    expect("a quoted one too", c, b'NOOP "' + b"x" * 1025 + b'"', "NO", None,
           b"literal")
    expect("two tags", c, b'NOOP "a" "b"', "NO", None, b"too many")
    expect("a number", c, b"NOOP 12", "NO", None, b"quote it")
    c.close()


def sasl():
    for what, lines in (
            ("PLAIN at once", (b'AUTHENTICATE "PLAIN" "%s"' % PLAIN,)),
            ("PLAIN as a literal", (b'AUTHENTICATE "PLAIN" {%d+}\r\n%s' % (
                len(PLAIN), PLAIN),)),
            ("plain when asked", (b'authenticate "plain"', b'"%s"' % PLAIN)),
            ("a literal when asked", (b'AUTHENTICATE "PLAIN"',
                                      b"{%d+}\r\n%s" % (len(PLAIN), PLAIN))),
            ("LOGIN", (b'AUTHENTICATE "LOGIN"', b'"c2Ft"', b'"c2VjcmV0"'))):
        c = t.SieveLines()
        for line in lines[:-1]:
            c.send(line + b"\r\n")
            report.case("%s: a challenge" % what,
                        isinstance(c.tokens()[0], bytes))
        expect(what, c, lines[-1], "OK", None, b"Logged in")
        known = c.capabilities()
        report.equal("OWNER", known.get("OWNER"), "sam")
        report.case("no STARTTLS any more", "STARTTLS" not in known, known)
        expect("twice", c, b'AUTHENTICATE "PLAIN" "%s"' % PLAIN, "NO", None,
               b"Not after log-in")
        expect("STARTTLS after log-in", c, b"STARTTLS", "NO")
        c.close()
    c = t.SieveLines()
    for what, first, second, text in (
            ("cancelled", b'AUTHENTICATE "PLAIN"', b'"*"', b"Cancelled"),
            ("not base64", b'AUTHENTICATE "PLAIN"', b'"a"', b"base64"),
            ("no string", b'AUTHENTICATE "PLAIN"', b"dGlt", b"Malformed"),
            ("nothing", b'AUTHENTICATE "PLAIN"', b"", b"Malformed"),
            ("an empty one", b'AUTHENTICATE "PLAIN"', b'""', b"Malformed"),
            ("too long", b'AUTHENTICATE "PLAIN"',
             b"{16385+}\r\n" + b"x" * 16385, b"too long")):
        c.send(first + b"\r\n")
        report.equal("an empty challenge", c.tokens(), [b""])
        expect(what, c, second, "NO", None, text)
    for line, text in (
            (b'AUTHENTICATE "PLAIN" ""', b"Malformed"),
            (b'AUTHENTICATE "PLAIN" "*"', b"base64"),
            (b'AUTHENTICATE "XYZ"', b"Unknown"),
            # Section 2.1: the server speaks first.
            (b'AUTHENTICATE "LOGIN" "c2Ft"', b"initial"),
            (b'AUTHENTICATE "login" ""', b"initial"),
            (b"AUTHENTICATE", b"missing"), (b"AUTHENTICATE PLAIN", None),
            (b'AUTHENTICATE "PLAIN" "%s"' % base64.b64encode(
                b"ada\0sam\0secret"), b"others"),
            (b'AUTHENTICATE "PLAIN" "%s"' % WRONG, b"Wrong user")):
        expect("refused", c, line, "NO", None, text)
    expect("and still", c, b'AUTHENTICATE "PLAIN" "%s"' % PLAIN, "OK")
    expect("UNAUTHENTICATE", c, b"UNAUTHENTICATE", "OK")
    report.case("OWNER is gone", "OWNER" not in c.capabilities())
    expect("a stranger again", c, b"LISTSCRIPTS", "NO", None, b"Log in first")
    expect("and back", c, b'AUTHENTICATE "PLAIN" "%s"' % PLAIN, "OK")
    c.close()


def tls():
    c = t.SieveLines()
    # What is sent behind STARTTLS in clear must not count.
    c.send(b"STARTTLS\r\nNOOP \"injected\"\r\n")
    report.equal("STARTTLS", c.answer().word, "OK")
    c.start_tls()
    known = c.capabilities(c.answer())
    report.case("capabilities come again, without STARTTLS",
                "SIEVE" in known and "STARTTLS" not in known, known)
    expect("nothing was injected", c, b'NOOP "mine"', "OK", ("TAG", b"mine"))
    expect("not twice", c, b"STARTTLS", "NO", None, b"on already")
    expect("log-in", c, b'AUTHENTICATE "PLAIN" "%s"' % PLAIN, "OK")
    c.close()


def scripts():
    c = t.SieveLines("sam")
    report.equal("no scripts", names(c), [])
    expect("put", c, b'PUTSCRIPT "one" {%d+}\r\n%s' % (len(GOOD), GOOD), "OK")
    expect("as some clients say it", c, b'PUTSCRIPT "two" {%d}\r\n%s' % (
        len(GOOD), GOOD), "OK")
    expect("quoted", c, b'PUTSCRIPT "three" "keep;"', "OK")
    expect("both literals", c, b"PUTSCRIPT {4+}\r\nfour {5+}\r\nkeep;", "OK")
    report.equal("listed", names(c), [
        ("four", False), ("one", False), ("three", False), ("two", False)])
    expect("activate", c, b'SETACTIVE "one"', "OK")
    expect("another", c, b'SETACTIVE "two"', "OK")
    expect("none of that name", c, b'SETACTIVE "zwei"', "NO", "NONEXISTENT")
    report.equal("one is active", [n for n, active in names(c) if active],
                 ["two"])
    expect("the active one stays", c, b'DELETESCRIPT "two"', "NO", "ACTIVE")
    expect("is renamed", c, b'RENAMESCRIPT "two" "new"', "OK")
    report.equal("stays active", [n for n, active in names(c) if active],
                 ["new"])
    expect("the name is taken", c, b'RENAMESCRIPT "new" "one"', "NO",
           "ALREADYEXISTS")
    expect("by itself", c, b'RENAMESCRIPT "one" "one"', "NO", "ALREADYEXISTS")
    expect("nothing to rename", c, b'RENAMESCRIPT "zwei" "x"', "NO",
           "NONEXISTENT")
    expect("put over it", c, b'PUTSCRIPT "new" "discard;"', "OK")
    report.equal("still active", [n for n, active in names(c) if active],
                 ["new"])
    got = expect("get", c, b'GETSCRIPT "one"', "OK")
    report.equal("octet for octet", got.lines, [[GOOD]])
    expect("get none", c, b'GETSCRIPT "zwei"', "NO", "NONEXISTENT")
    expect("deactivate", c, b'SETACTIVE ""', "OK")
    expect("twice", c, b"SETACTIVE {0+}\r\n", "OK")
    expect("delete", c, b'DELETESCRIPT "new"', "OK")
    expect("twice", c, b'DELETESCRIPT "new"', "NO", "NONEXISTENT")
    for name in ("one", "three", "four"):
        expect("delete", c, b'DELETESCRIPT "%s"' % name.encode(), "OK")
    report.equal("all gone", names(c), [])
    c.close()


def checks():
    c = t.SieveLines("sam")
    c.put("bad", b"keep;")
    got = expect("errors", c, b'PUTSCRIPT "bad" {%d+}\r\n%s' % (len(BAD), BAD),
                 "NO")
    lines = (got.text or b"").split(b"\r\n")
    report.case("each is told with its place",
                len(lines) > 1 and all(line.startswith(b"bad: line ")
                                       for line in lines) and
                lines[0].startswith(b"bad: line 2: column 1: "), got)
    report.equal("the old one stays", c.say(b'GETSCRIPT "bad"').lines,
                 [[b"keep;"]])
    got = expect("CHECKSCRIPT", c, b"CHECKSCRIPT {%d+}\r\n%s" % (
        len(BAD), BAD), "NO")
    report.equal("tells the same", (got.text or b"").split(b"\r\n"),
                 [line[len(b"bad: "):] for line in lines])
    expect("a good one", c, b"CHECKSCRIPT {%d+}\r\n%s" % (len(GOOD), GOOD),
           "OK")
    report.equal("and stores nothing", names(c), [("bad", False)])
    expect("an extension nobody has", c,
           b'CHECKSCRIPT "require \\"nobody.has.it\\"; keep;"', "NO", None,
           b"nobody.has.it")
    for script in (b"", b"{0+}\r\n"):
        expect("an empty one", c, b'PUTSCRIPT "x" ' + (script or b'""'), "NO",
               None, b"empty")
    for what, script in (("NUL", b"keep;\0"), ("no UTF-8", b"keep; \xff")):
        expect(what, c, b'PUTSCRIPT "x" {%d+}\r\n%s' % (len(script), script),
               "NO")
    # RFC 5228 section 2.1: any octet may be in comments and strings.
    octets = b'if header "a" "\xe4\\\\" { stop; } # \xff'
    expect("octets", c, b'PUTSCRIPT "x" {%d+}\r\n%s' % (
        len(octets), octets), "OK")
    got = expect("come back", c, b'GETSCRIPT "x"', "OK")
    report.equal("as they were", got.lines, [[octets]])
    c.say(b'DELETESCRIPT "x"')
    # RFC 6609 section 3.1: what is included may come later; a circle is an
    # error of the delivery.
    expect("include", c, b'PUTSCRIPT "a" "require \\"include\\"; '
           b'include \\"b\\";"', "OK")
    expect("in a circle", c, b'PUTSCRIPT "b" "require \\"include\\"; '
           b'include \\"a\\";"', "OK")
    for name in ("a", "b", "bad"):
        c.say(b'DELETESCRIPT "%s"' % name.encode())
    c.close()


def name_rules():
    c = t.SieveLines("sam")
    long_name = "\u20ac" * 128
    odd = 'a "b" \\c\u00e4'
    for name in (long_name, odd, "INBOX", "..", "a/b", " "):
        sent = name.encode()
        expect("a name", c, b"PUTSCRIPT {%d+}\r\n%s \"keep;\"" % (
            len(sent), sent), "OK")
    report.equal("come back", sorted(n for n, _ in names(c)),
                 sorted([long_name, odd, "INBOX", "..", "a/b", " "]))
    for name, _ in names(c):
        sent = name.encode()
        expect("delete", c, b"DELETESCRIPT {%d+}\r\n%s" % (len(sent), sent),
               "OK")
    # RFC 5198: one text has one form.
    c.say('PUTSCRIPT "a\u0308" "keep;"'.encode())
    report.equal("a name is normalised", names(c), [("\u00e4", False)])
    expect("and found", c, 'GETSCRIPT "a\u0308"'.encode(), "OK")
    c.say('DELETESCRIPT "\u00e4"'.encode())
    for name in ("", "\u20ac" * 129, "a\tb", "a\x7fb", "a\x85b", "a\u2028b",
                 "a\u2029b", "a\nb"):
        sent = name.encode()
        for command in (b"PUTSCRIPT {%d+}\r\n%s \"keep;\"",
                        b"RENAMESCRIPT \"x\" {%d+}\r\n%s",
                        b"HAVESPACE {%d+}\r\n%s 5"):
            expect("no name", c, command % (len(sent), sent), "NO")
        c.say(b"NOOP")  # else there are too many errors in a row
    expect("no UTF-8", c, b'PUTSCRIPT {2+}\r\n\xff\xff "keep;"', "NO")
    report.equal("nothing was stored", names(c), [])
    c.close()


def quotas():
    c = t.SieveLines("max")
    expect("space", c, b'HAVESPACE "x" 100', "OK")
    # Section 2.5: NO where storing it would fail.
    expect("none at all", c, b'HAVESPACE "x" 0', "NO", None, b"empty")
    expect("a size to the octet", c, b'HAVESPACE "x" 4096', "OK")
    expect("too large", c, b'HAVESPACE "x" 4097', "NO", "QUOTA/MAXSIZE")
    expect("far too large", c, b'HAVESPACE "x" 4294967295', "NO",
           "QUOTA/MAXSIZE")
    fits = b"keep;" + b" " * 4091
    expect("fits", c, b'PUTSCRIPT "1" {4096+}\r\n' + fits, "OK")
    expect("is one too large", c, b'PUTSCRIPT "1" {4097+}\r\n ' + fits, "NO",
           "QUOTA/MAXSIZE")
    expect("and was read past", c, b"NOOP", "OK")
    # Section 2.12: a check is not one of quotas.
    expect("a check has a bound too", c, b"CHECKSCRIPT {4097+}\r\n " + fits,
           "NO", None, b"most 4096 bytes")
    expect("a second", c, b'PUTSCRIPT "2" {4096+}\r\n' + fits, "OK")
    expect("all together too large", c, b'HAVESPACE "3" 4000', "NO", "QUOTA")
    expect("nor put", c, b'PUTSCRIPT "3" {4096+}\r\n' + fits, "NO", "QUOTA")
    expect("a third", c, b'PUTSCRIPT "3" "keep;"', "OK")
    expect("a fourth", c, b'PUTSCRIPT "4" "keep;"', "NO", "QUOTA/MAXSCRIPTS")
    expect("no space", c, b'HAVESPACE "4" 5', "NO", "QUOTA/MAXSCRIPTS")
    expect("in the place of one", c, b'HAVESPACE "3" 6', "OK")
    expect("a check does not count", c, b'CHECKSCRIPT "keep;"', "OK")
    expect("a name and no number", c, b'HAVESPACE "4"', "NO", None, b"missing")
    expect("a number as a string", c, b'HAVESPACE "4" "5"', "NO", None,
           b"number belongs here")
    expect("not a number", c, b'HAVESPACE "4" -5', "NO")
    c.close()


def pipelined():
    c = t.SieveLines()
    c.send(b'AUTHENTICATE "PLAIN" "%s"\r\nPUTSCRIPT "p" {%d+}\r\n%s\r\n'
           b'SETACTIVE "p"\r\nLISTSCRIPTS\r\nGETSCRIPT "p"\r\nSETACTIVE ""\r\n'
           b'DELETESCRIPT "p"\r\nNOOP "end"\r\nLOGOUT\r\nNOOP "after"\r\n' % (
               PLAIN, len(GOOD), GOOD))
    answers = [c.answer() for _ in range(9)]
    report.equal("all are answered", [a.word for a in answers], ["OK"] * 9)
    report.equal("in order", (answers[3].lines, answers[4].lines,
                              answers[7].code),
                 ([[b"p", "ACTIVE"]], [[GOOD]], ("TAG", b"end")))
    report.equal("nothing after LOGOUT", ended(c), b"")


def byte_by_byte():
    c = t.SieveLines("sam")
    for octet in b'PUTSCRIPT {1+}\r\nq {5+}\r\nkeep;\r\nDELETESCRIPT "q"\r\n':
        c.send(bytes([octet]))
    report.equal("however it comes", [c.answer().word, c.answer().word],
                 ["OK", "OK"])
    c.close()


def limits():
    c = t.SieveLines("sam")
    expect("a long line", c, b"NOOP " + b"x" * 100000, "NO", None, b"too long")
    expect("the next is served", c, b"NOOP", "OK")
    expect("a literal far too large", c, b'PUTSCRIPT "x" {4294967295+}', "BYE",
           "QUOTA/MAXSIZE")
    report.equal("ends it", ended(c), b"")
    # No number of the grammar, and no commands either that follow it.
    for size in (b"4294967296", b"9" * 30):
        c = t.SieveLines("sam")
        expect("one that no number says", c, b'PUTSCRIPT "x" {%s+}' % size,
               "BYE", "QUOTA/MAXSIZE")
        report.equal("ends it", ended(c), b"")
    c = t.SieveLines()
    expect("a stranger's literal", c, b"NOOP {70000+}", "BYE", "QUOTA/MAXSIZE")
    report.equal("ends it", ended(c), b"")
    c = t.SieveLines()
    c.send(b"FOO\r\n" * 100)
    said = ended(c)
    report.case("too many errors end it", said.count(b"NO ") < 100 and
                b"BYE \"Too many errors\"" in said, said[-100:])
    c = t.SieveLines("sam")
    c.send(b'PUTSCRIPT "cut" {100+}\r\nkeep;')
    c.socket.shutdown(socket.SHUT_WR)
    ended(c)
    c = t.SieveLines("sam")
    report.equal("what is cut short is not stored", names(c), [])
    c.close()


def memory(what):
    """Of the daemon, in KiB."""
    pid = int(t.run("store-daemon", "pid", "sieved"))
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith(what + ":"))


def crowd():
    """What a large script takes while it is compiled does not grow with the
    sessions that send one."""
    # Sanitizers reserve far more than there is, and keep what is freed.
    is_plain = memory("VmSize") < 1 << 30
    script = b'if header ["a"] [' + b'"",' * 340000 + b'""] {}'
    sessions = [t.SieveLines("sam") for _ in range(60 if is_plain else 4)]
    for c in sessions:
        c.send(b"CHECKSCRIPT {%d+}\r\n%s" % (len(script), script))
    for c in sessions:
        c.send(b"\r\n")
    answers = [c.answer() for c in sessions]
    report.equal("each is answered", {(a.word, a.code) for a in answers},
                 {("OK", None)})
    if is_plain:
        report.case("with memory for a few", memory("VmHWM") < 900000,
                    "%d KiB" % memory("VmHWM"))
    for c in sessions:
        c.close()


def drained():
    c = t.SieveLines("sam")
    t.run("store-daemon", "stop", "sieved")
    said = ended(c)
    report.case("a server that ends says so", said.startswith(
        b"BYE (TRYLATER) "), said)
    t.run("store-daemon", "start", "sieved")


def from_elsewhere():
    c = t.Lines(t.setting("HOST"), t.port("SIEVE"))
    c.__class__ = t.SieveLines
    c.send(b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 4190\r\n")
    return c


def reloaded(text):
    """The same daemon goes on with what the configuration says then."""
    log = os.path.join(t.setting("STORE"), "sieved.log")
    before = t.read(log).count(b"event=reloaded")
    with open(t.setting("CONF"), "a", encoding="ascii") as file:
        file.write(text)
    os.kill(int(t.run("store-daemon", "pid", "sieved")), signal.SIGHUP)
    report.case("is read again", t.until(
        lambda: t.read(log).count(b"event=reloaded") > before))


def without_tls():
    """From another address than loopback, by the PROXY protocol: no password
    goes over it in clear."""
    t.run("store-daemon", "stop", "sieved")
    with open(t.setting("CONF"), "a", encoding="ascii") as file:
        file.write("[SIEVE]\nproxy_protocol = yes\n")
    os.environ["STORE_NO_GREETING"] = "1"
    t.run("store-daemon", "start", "sieved")
    c = from_elsewhere()
    known = c.capabilities(c.answer())
    report.case("no mechanism is offered without TLS",
                known.get("SASL") == "" and "STARTTLS" in known, known)
    expect("nor taken", c, b'AUTHENTICATE "PLAIN" "%s"' % PLAIN, "NO",
           "ENCRYPT-NEEDED")
    c.close()
    for value, offered, word in (("yes", "PLAIN LOGIN", "OK"),
                                 ("no", "", "NO")):
        reloaded("[DBMAIL]\nplaintext_without_tls = %s\n" % value)
        c = from_elsewhere()
        report.equal("offered with " + value,
                     c.capabilities(c.answer()).get("SASL"), offered)
        expect("taken with " + value, c, b'AUTHENTICATE "PLAIN" "%s"' % PLAIN,
               word, None if word == "OK" else "ENCRYPT-NEEDED")
        c.close()
    t.configure("[SIEVE]\ntls_cert =\ntls_key =", "sieved")
    c = from_elsewhere()
    known = c.capabilities(c.answer())
    report.case("SASL is empty only where there is STARTTLS",
                "SASL" not in known and "STARTTLS" not in known, known)
    c.close()
    t.configure("[SIEVE]\nlogin_timeout = 2", "sieved")
    c = from_elsewhere()
    c.answer()
    report.case("who does not log in is sent away",
                ended(c).startswith(b"BYE "))


def main():
    t.add_user("sam")
    t.add_user("max")
    before_login()
    noop()
    sasl()
    tls()
    scripts()
    checks()
    name_rules()
    pipelined()
    byte_by_byte()
    limits()
    crowd()
    drained()
    t.run("store-daemon", "stop", "sieved")
    with open(t.setting("CONF"), "a", encoding="ascii") as file:
        file.write("[SIEVE]\nmax_scripts = 3\nmax_script_size = 4096\n"
                   "max_scripts_size = 10000\n")
    t.run("store-daemon", "start", "sieved")
    quotas()
    t.check_logs(report)
    without_tls()
    report.end()


main()
