#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SCRAM (RFC 5802, RFC 7677) in IMAP, POP3 and ManageSieve: who gets in, who does
not, and what they can tell from it."""

import os
import ssl
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402
import scram as s  # noqa: E402

report = t.Report()
DAEMONS = {"IMAP": "imapd", "POP3": "pop3d", "ManageSieve": "sieved"}
HASHES = ("SCRAM-SHA-256", "SCRAM-SHA-1")
SENT = ["PLAIN", "LOGIN"]
WORDS = ("NO", "BAD")


def configure(text):
    """All daemons anew with these settings of [DBMAIL], and only these."""
    with open(t.setting("CONF"), encoding="utf-8") as file:
        before = file.read().split("\n# of scram.py\n")[0]
    with open(t.setting("CONF"), "w", encoding="utf-8") as file:
        file.write(before + "\n# of scram.py\n[DBMAIL]\nlogin_delay = 0\n" +
                   "argon2_memory = 64\nargon2_passes = 1\n" + text)
    for daemon in DAEMONS.values():
        t.run("store-daemon", "restart", daemon)


def outcome(protocol, client, initial=True, newest=None, bind=None):
    """Runs the client in a session of its own, in TLS where it binds to it."""
    session = protocol()
    if newest is not None:
        session.start_tls(newest)
    if bind is not None:
        client.binding = bind(session.lines)
    got = s.run(session, client, initial)
    # The session goes on, in or out.
    report.case("%s goes on" % protocol.name, session.say(b"NOOP")[0] in (
        "OK", "NO"))
    session.leave()
    return got


def unique(session):
    return session.socket.get_channel_binding("tls-unique")


def good(what, got):
    report.case("%s: in, and the server has proved itself" % what,
                got[0] == "OK" and got[2], got)


def bad(what, got, text=None):
    report.case("%s: not in" % what, got[0] in WORDS and not got[2] and (
        text is None or text in got[1]), got)


def offered():
    """What the setting says, and what TLS adds."""
    plus = [name + "-PLUS" for name in HASHES]
    for word, hashes, sent in (
            ("no", (), SENT), ("yes", HASHES, SENT), ("only", HASHES, []),
            ("sha-1", HASHES[1:], SENT), ("sha-256", HASHES[:1], SENT)):
        configure("scram = %s\n" % word)
        for protocol in s.PROTOCOLS:
            session = protocol()
            report.equal("%s with scram = %s" % (protocol.name, word),
                         session.mechanisms(), list(hashes) + sent)
            session.begin("SCRAM-SHA-256-PLUS", b"p=tls-unique,,n=sam,r=x")
            report.equal("%s: -PLUS without TLS" % protocol.name,
                         session.challenge(), None)
            session.start_tls()
            report.equal(
                "%s with scram = %s in TLS" % (protocol.name, word),
                session.mechanisms(), [name for name in plus
                                       if name[:-5] in hashes] +
                list(hashes) + sent)
            for name in HASHES:
                if name not in hashes:
                    bad("%s: %s is not offered" % (protocol.name, name),
                        s.run(session, s.Client(name, "sam", "pencil")),
                        b"nknown")
            session.lines.close()


def only():
    """Nothing that sends a password."""
    configure("scram = only\n")
    imap, pop3, sieve = s.Imap(), s.Pop3(), s.Sieve()
    report.case("LOGINDISABLED", b"LOGINDISABLED" in capabilities(imap))
    for session, line, text in (
            (imap, b"LOGIN sam pencil", b"[CANNOT]"),
            (imap, b"AUTHENTICATE PLAIN", b"[CANNOT]"),
            (pop3, b"USER sam", b"[AUTH]"), (pop3, b"AUTH LOGIN", b"[AUTH]"),
            (sieve, b'AUTHENTICATE "PLAIN"', b"SCRAM")):
        got = session.say(line)
        report.case("%s refuses %s" % (session.name, line.decode()),
                    got[0] == "NO" and text in got[1], got)
    report.equal("RFC 5804's word for it", sieve.lines.say(
        b'AUTHENTICATE "LOGIN"').code, "AUTH-TOO-WEAK")
    for session in (imap, pop3, sieve):
        good("%s, the other way" % session.name,
             s.run(session, s.Client("SCRAM-SHA-256", "sam", "pencil")))
        session.leave()


def capabilities(imap):
    imap.lines.send(b"c CAPABILITY\r\n")
    return imap.lines.until(b"c OK")


def everywhere():
    """Each mechanism in each protocol."""
    for protocol in s.PROTOCOLS:
        for name in HASHES:
            what = "%s, %s" % (protocol.name, name)
            for initial in (True, False):
                good(what, outcome(protocol, s.Client(name, "sam", "pencil"),
                                   initial))
            good(what + ", SAM", outcome(protocol, s.Client(name, "SAM",
                                                            "pencil")))
            good(what + ", no -PLUS was seen", outcome(protocol, s.Client(
                name, "sam", "pencil", flag="y")))
            good(what + " as themselves", outcome(protocol, s.Client(
                name, "sam", "pencil", authzid="Sam")))
            bad(what + " as another", outcome(protocol, s.Client(
                name, "sam", "pencil", authzid="ada")), b"others")
            bad(what + ", downgraded", outcome(protocol, s.Client(
                name, "sam", "pencil", flag="y"), newest=ssl.TLSVersion.
                TLSv1_3), b"binding")
            good(what + ", TLS and no binding", outcome(protocol, s.Client(
                name, "sam", "pencil"), newest=ssl.TLSVersion.TLSv1_3))
            bad(what + " with a binding it has not", outcome(
                protocol, s.Client(name, "sam", "pencil", flag="p=tls-unique"),
                newest=ssl.TLSVersion.TLSv1_2, bind=unique), b"binding")


def bound():
    """-PLUS: RFC 5929's bindings; RFC 9266's is tried with real clients."""
    for protocol in s.PROTOCOLS:
        for name in HASHES:
            name += "-PLUS"
            for newest, kind, bind in (
                    (ssl.TLSVersion.TLSv1_2, "tls-unique", unique),
                    (ssl.TLSVersion.TLSv1_2, "tls-server-end-point",
                     s.end_point),
                    (ssl.TLSVersion.TLSv1_3, "tls-server-end-point",
                     s.end_point)):
                what = "%s, %s, %s" % (protocol.name, name, kind)

                def client():
                    return s.Client(name, "sam", "pencil", flag="p=" + kind)

                good(what, outcome(protocol, client(), newest=newest,
                                   bind=bind))
                bad(what + ", another channel", outcome(
                    protocol, client(), newest=newest,
                    bind=lambda _: b"x" * 12), b"rong")
                bad(what + ", none", outcome(
                    protocol, client(), newest=newest), b"rong")
            for flag, newest in (
                    ("n", ssl.TLSVersion.TLSv1_3),
                    ("y", ssl.TLSVersion.TLSv1_3),
                    # Not to be had of TLS 1.3, and not before it.
                    ("p=tls-unique", ssl.TLSVersion.TLSv1_3),
                    ("p=tls-exporter", ssl.TLSVersion.TLSv1_2),
                    ("p=no-such-thing", ssl.TLSVersion.TLSv1_3)):
                bad("%s, %s with %s" % (protocol.name, name, flag), outcome(
                    protocol, s.Client(name, "sam", "pencil", flag=flag),
                    newest=newest), b"binding")


def wrong():
    """All that proves nothing is answered alike, and so is who is nobody."""
    answers = {}
    for protocol in s.PROTOCOLS:
        for name in HASHES:
            def client(user="sam", password="pencil", **changes):
                made = s.Client(name, user, password)
                for key, value in changes.items():
                    setattr(made, key, value)
                return made

            for what, made in (
                    ("a wrong password", client(password="Pencil")),
                    ("an unknown user", client(user="nobody")),
                    ("a user with argon2id", client(user="ada")),
                    ("a user without a password", client(user="locked")),
                    ("a user of another hash", client(
                        user="one" if name == HASHES[1] else "old")),
                    ("a proof with a bit changed", client(
                        spoil=lambda p: bytes([p[0] ^ 1]) + p[1:])),
                    ("a short proof", client(spoil=lambda p: p[:-1])),
                    ("another nonce", client(final_nonce="x" * 40)),
                    ("a nonce cut off", client(final_nonce="x")),
                    ("another header", client(final_binding=s.b64(b"y,,"))),
                    ("a binding without TLS", client(
                        final_binding=s.b64(b"n,,x")))):
                got = outcome(protocol, made)
                bad("%s, %s: %s" % (protocol.name, name, what), got)
                answers.setdefault(protocol.name, set()).add(got[:2])
    for protocol, found in answers.items():
        report.equal("%s answers them alike" % protocol, len(found), 1)


def logged():
    """What may be somebody in between is told to the administrator."""
    for protocol in s.PROTOCOLS:
        path = os.path.join(t.setting("STORE"),
                            DAEMONS[protocol.name] + ".log")
        for text, client in (
                ("channel binding", s.Client("SCRAM-SHA-1", "sam", "pencil",
                                             flag="y")),
                ("for others", s.Client("SCRAM-SHA-1", "sam", "pencil",
                                        authzid="ada"))):
            size = os.path.getsize(path)
            bad("%s: %s" % (protocol.name, text), outcome(
                protocol, client, newest=ssl.TLSVersion.TLSv1_3))
            with open(path, encoding="utf-8") as file:
                file.seek(size)
                lines = [line for line in file
                         if "event=login-failed" in line and text in line]
            report.equal("%s logs it: %s" % (protocol.name, text), len(lines),
                         1)


def malformed():
    for protocol in s.PROTOCOLS:
        session = protocol()
        for first in (b"n", b"n,,n=sam", b"n,,n=sam,r=", b"m,,n=sam,r=x",
                      b"n,,m=x,n=sam,r=x", b"n,,n=s=am,r=x",
                      b"n,,n=\xff,r=x", b"n,,n=a\0b,r=x", b"\0" * 5000,
                      b"n,,n=" + b"x" * 9000 + b",r=x"):
            session.begin("SCRAM-SHA-1", first)
            report.equal("%s: %r is no first message" % (
                protocol.name, first[:20]), session.challenge(), None)
            report.case("and it is told", b"alformed" in session.end[1] or
                        b"too long" in session.end[1] or
                        b"send a literal" in session.end[1], session.end)
        for final in (b"", b"c=biws", b"c=biws,r=x", b"c=biws,r=x,m=y,p=AAAA",
                      b"p=AAAA,c=biws,r=x"):
            session.begin("SCRAM-SHA-1", b"n,,n=sam,r=x")
            session.challenge()
            session.respond(final)
            report.equal("%s: %r is no final message" % (protocol.name, final),
                         (session.challenge(), b"alformed" in session.end[1]),
                         (None, True))
        session.begin("SCRAM-SHA-1")
        session.challenge()
        session.respond(b"*", raw=True)
        report.equal("%s: cancelled at first" % protocol.name,
                     (session.challenge(), session.end[1]),
                     (None, b"Cancelled"))
        session.begin("SCRAM-SHA-1", b"n,,n=sam,r=x")
        session.challenge()
        session.respond(b"*", raw=True)
        report.equal("%s: cancelled then" % protocol.name,
                     (session.challenge(), session.end[1]),
                     (None, b"Cancelled"))
        good("%s after all that" % protocol.name,
             s.run(session, s.Client("SCRAM-SHA-1", "sam", "pencil")))
        session.leave()


def last_words():
    """Where the server's proof is a challenge, its response can be wrong."""
    for protocol in (s.Imap, s.Pop3):
        for response, raw, text in ((b"*", True, b"Cancelled"),
                                    (b"x", False, b"alformed")):
            session = protocol()
            client = s.Client("SCRAM-SHA-256", "sam", "pencil")
            session.begin(client.mechanism, client.first())
            session.respond(client.final(session.challenge()))
            session.challenge()
            session.respond(response, raw)
            report.equal("%s: %r at last" % (protocol.name, response),
                         (session.challenge(), text in session.end[1]),
                         (None, True))
            got = session.say(b"SELECT INBOX" if protocol is s.Imap
                              else b"STAT")
            report.case("%s: not in" % protocol.name, got[0] in WORDS, got)
            session.lines.close()


def cut_off():
    """A client that is gone is nobody's trouble."""
    for protocol in s.PROTOCOLS:
        for steps in range(3):
            session = protocol()
            client = s.Client("SCRAM-SHA-256", "sam", "pencil")
            session.begin(client.mechanism, client.first()
                          if steps else None)
            if steps:
                challenge = session.challenge()
            if steps == 2:
                session.lines.send(s.b64(client.final(challenge))[:30])
            session.lines.close()
        good("%s after clients that left" % protocol.name, outcome(
            protocol, s.Client("SCRAM-SHA-256", "sam", "pencil")))


def salt_of(protocol, user, mechanism="SCRAM-SHA-256"):
    session = protocol()
    session.begin(mechanism, b"n,," + s.Client(
        mechanism, user, "x", nonce="x").bare.encode())
    fields = dict(field.split(b"=", 1)
                  for field in session.challenge().split(b","))
    session.lines.close()
    return (len(fields[b"r"]), fields[b"s"], fields[b"i"])


def nobody():
    """What is made up stays as it is, and looks as the real."""
    before = {}
    for user in ("nobody", "nobody2", "ada", "sam"):
        for name in HASHES:
            seen = {salt_of(protocol, user, name) for protocol in s.PROTOCOLS}
            report.equal("%s has one salt for %s" % (user, name), len(seen), 1)
            before[user, name] = seen
    report.equal("and each its own", len({
        salt for seen in before.values() for _, salt, _ in seen}), 8)
    report.equal("all of the same form", len({
        (size, len(salt), rounds) for seen in before.values()
        for size, salt, rounds in seen}), 1)
    report.equal("letters of any case", salt_of(s.Imap, "NoBody"),
                 salt_of(s.Imap, "nobody"))
    for daemon in DAEMONS.values():
        t.run("store-daemon", "restart", daemon)
    for user, name in before:
        report.equal("%s, %s after a restart" % (user, name),
                     {salt_of(s.Sieve, user, name)}, before[user, name])


def renewed():
    """A hash SCRAM cannot use becomes one at the next log-in that can."""
    report.equal("ada's hash", scheme_of("ada"), "argon2id")
    bad("ada by SCRAM", outcome(s.Imap, s.Client("SCRAM-SHA-256", "ada",
                                                 "pencil")))
    session = s.Sieve()
    report.equal("ada by PLAIN", session.say(
        b'AUTHENTICATE "PLAIN" "%s"' % s.b64(b"\0ada\0pencil"))[0], "OK")
    session.lines.close()
    report.equal("ada's hash then", scheme_of("ada"), "scram")
    for name in HASHES:
        good("ada by %s" % name, outcome(s.Imap, s.Client(name, "ada",
                                                          "pencil")))
    bad("one has one hash", outcome(s.Pop3, s.Client("SCRAM-SHA-1", "one",
                                                     "pencil")))
    good("and that is good", outcome(s.Pop3, s.Client("SCRAM-SHA-256", "one",
                                                      "pencil")))
    for user in ("sam", "one"):
        session = s.Imap()
        report.equal("%s by LOGIN" % user, session.say(
            b"LOGIN %s pencil" % user.encode())[0], "OK")
        session.lines.close()
        session = s.Imap()
        report.equal("%s by LOGIN, wrong" % user, session.say(
            b"LOGIN %s pencils" % user.encode())[0], "NO")
        session.lines.close()


def scheme_of(user):
    return t.sql("SELECT encryption_type FROM dbmail_users WHERE userid = " +
                 t.quoted(user)).strip()


def prepared():
    """SASLprep (RFC 4013): composed or not, it is the same."""
    password = "Gr\u00fc\u00dfe \u2168"
    t.run("dbmail-users", "-a", "\u00fctz", "-W", "-", data=password.encode() +
          b"\n")
    other = unicodedata.normalize("NFD", "\u00fctz")
    # Made before names were prepared.
    old = unicodedata.normalize("NFD", "\u00e4lt")
    t.run("dbmail-users", "-a", old, "-W", "-", data=password.encode() + b"\n")
    t.run("dbmail-users", "-a", "plain", "-p", "argon2id", "-W", "-",
          data=password.encode() + b"\n")
    for protocol in s.PROTOCOLS:
        for name in HASHES:
            for user in ("\u00fctz", other, "\u00fc\u00adtz"):
                good("%s, %s as %a" % (protocol.name, name, user), outcome(
                    protocol, s.Client(name, user, password)))
            good("%s, %s, an old name" % (protocol.name, name), outcome(
                protocol, s.Client(name, old, password)))
            bad("%s, %s, u" % (protocol.name, name), outcome(
                protocol, s.Client(name, "utz", password)))
    for user in ("\u00fctz", other, "plain"):
        for form in (password, unicodedata.normalize("NFD", password),
                     "Gr\u00fc\u00dfe\u00a0IX", "Gru\u00dfe IX"):
            session = s.Sieve()
            message = "\0".join(("", user, form)).encode()
            report.equal("PLAIN with %a of %a" % (form, user), session.say(
                b'AUTHENTICATE "PLAIN" "%s"' % s.b64(message))[0],
                "NO" if "Gru\u00df" in form else "OK")
            session.lines.close()


def tally():
    """Failures count as those of passwords do, and with them."""
    configure("scram = yes\npassword_scheme = scram\nlogin_failures = 4\n")
    for i in range(2):
        bad("try %d" % i, outcome(s.Imap, s.Client("SCRAM-SHA-256", "sam",
                                                   "x")))
    session = s.Imap()
    for _ in range(2):
        session.say(b"LOGIN sam x")
    session.lines.close()
    bad("too many", outcome(s.Imap, s.Client("SCRAM-SHA-256", "sam",
                                             "pencil")), b"oo many")
    bad("of any user", outcome(s.Imap, s.Client("SCRAM-SHA-1", "nobody",
                                                "pencil")), b"oo many")


def huge():
    """Rounds that nobody would live to see are not begun."""
    configure("scram = yes\npassword_scheme = scram\n")
    t.sql("UPDATE dbmail_users SET passwd = regexp_replace(passwd, "
          "'\\$\\d+:', '$2147483647:', 'g') WHERE userid = 'one'")
    bad("two thousand million rounds", outcome(s.Imap, s.Client(
        "SCRAM-SHA-256", "one", "pencil")))
    session = s.Imap()
    report.equal("nor for LOGIN", session.say(b"LOGIN one pencil")[0], "NO")
    session.lines.close()


def main():
    for user, scheme in (("sam", "scram"), ("one", "scram-sha-256"),
                         ("old", "scram-sha-1"), ("ada", "argon2id")):
        t.run("dbmail-users", "-a", user, "-p", scheme, "-W", "-",
              data=b"pencil\n")
    t.run("dbmail-users", "-a", "locked")
    offered()
    only()
    configure("scram = yes\npassword_scheme = scram\n")
    everywhere()
    bound()
    configure("scram = yes\npassword_scheme = scram\n"
              "login_failures = 1000\n")
    wrong()
    configure("scram = yes\npassword_scheme = scram\n")
    logged()
    malformed()
    last_words()
    cut_off()
    nobody()
    renewed()
    prepared()
    huge()
    tally()
    t.check_logs(report)
    report.end()


main()
