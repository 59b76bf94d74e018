# SPDX-License-Identifier: GPL-2.0-or-later
"""Random Sieve scripts, messages and envelopes: well-formed as a rule, and with
odd arguments in every action and tag.  All of it comes from the Random that is
given, so that a seed says what it was."""

import dbmailtest as t

# What no header field that we write may come from; see injected().
INJECTED = "X-Injected"

EXTENSIONS = (
    "body comparator-i;ascii-numeric comparator-i;unicode-casemap copy date "
    "duplicate editheader enclose encoded-character enotify envelope ereject "
    "extlists extracttext fcc fileinto foreverypart ihave imap4flags include "
    "index mailbox mailboxid mime regex reject relational replace special-use "
    "subaddress vacation vacation-seconds variables").split()
# Those that scripts of IMAP events must not have.
DELIVERY_ONLY = {"duplicate", "ereject", "reject", "vacation",
                 "vacation-seconds", "envelope"}

# Of every list here the first three are good ones.
ODD = [
    "plain words", "${odd}", "a", "", " ", "${odd}${odd}", "${long}", "${0}",
    "é", "Zoë \U0001f600", "‮rtl", "\u2028", "\ufeff", "\r\n", "\r\n\r\n",
    "a\r\n%s: yes" % INJECTED, "a\n%s: yes\n\nbody" % INJECTED,
    "${hex:0d}%s: yes" % INJECTED, "${hex:0a}%s: yes" % INJECTED,
    "${hex:0d 0a}%s: yes" % INJECTED, "${hex:00}", "a${hex:00}b", "${hex:ff}",
    "${hex:c3 28}", "${hex:7f 01 1b}", "${unicode:10ffff}",
    "${unicode:fffe}", "%s", "%n%n", "\\", '"', "\t", ".", "..", "\r\n.\r\n",
    "=?utf-8?q?a=0D=0A%s:_yes?=" % INJECTED, "=?utf-8?b?w6k=?=",
    "=?utf-8?b?!!!?=", "=?x?", "word " * 300, "x" * 1200, "é" * 700,
    "x" * 60000,
]
ADDRESSES = [
    "other@example.net", "Ada <ada@example.net>", "<ada@example.net>",
    "ada@example.net, bob@example.net", '"quoted local"@example.net',
    '"a\\"b"@example.net', "é@exämple.net", "ada@[127.0.0.1]",
    "ada@[IPv6:::1]", "ada", "@", "ada@", "@example.net", "a@b@c", "ada@.",
    "ada@example..net", "x" * 64 + "@example.net", "x" * 300 + "@example.net",
    "a@" + "x" * 300 + ".net", "a@" + "x." * 120 + "net", "<>", "g: a@b, c@d;",
    "undisclosed-recipients:;", "=?utf-8?q?=C3=A9?= <e@example.net>",
    "(comment) ada@example.net (more)", "ada @ example.net", "-o@example.net",
    "ada@example.net\r\nRCPT TO:<x@y>", "é <ada@example.net>",
    '"a\r\n%s: yes" <ada@example.net>' % INJECTED, "user0@example.com",
]
MAILBOXES = [
    "INBOX", "inbox", "INBOX/sub", "Archive", "a/b/c", "/a", "a/", "a//b", "",
    "/", "#Users/user1/INBOX", "#Public/x", "#", "&", "&AOk-", "&-", "é/ö",
    "e\u0301", "%", "*", "a*b", 'a"b', "a\\b", " lead", "trail ", "x" * 255,
    "x" * 300, "é" * 200, "a/" * 60 + "z", "~", ".", "..", "a.b", "A\tB",
    "\U0001f4a9", "Work", "${odd}", "${long}", "Archive/${odd}",
]
FLAGS = [
    "\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "\\Draft", "\\Recent",
    "\\seen", "\\Odd", "\\", "$label", "$Forwarded", "kw", "kw KW", "", " ",
    "a b c", "é", "a(b", "a]b", "a%b", "{3}", "x" * 300, "${odd}", "${long}",
    "${flags}", "\\Seen \\Flagged  x", "NIL", "a\r\nb",
]
SCHEMES = ["mailto:"] * 30 + ["MAILTO:", "tel:", "xmpp:", "", "mailto"]
GOOD_FIELDS = ["cc", "to", "subject", "body", "x-odd", "x-new"]
FIELDS = ["cc", "to", "subject", "body", "bcc", "from", "x-odd", "x-new",
          "importance", "content-type", "reply-to", "received", "", "a b",
          "a%0d%0a" + INJECTED, "%00", "x" * 80, "x" * 1100, "e%CC%81", ":",
          "resent-to", "x-long", "x%3ay", "body", "cc"]
GOOD_VALUES = ["x@example.net", "a%20b", "%0d%0a" + INJECTED + "%3a%20yes"]
VALUES = ["x@y", "cc@example.net", "", "%", "%0", "%zz", "%00", "%ff",
          "%0d%0a" + INJECTED + "%3a%20yes", "%0D" + INJECTED + ":yes",
          "%0A" + INJECTED + ":yes", "%0d%0a%0d%0abody", "a%20b", "a+b",
          "%c3%a9", "%c3%28", "=", "x" * 1500, "%c3%a9" * 400, "w%20" * 500,
          "a@b,c@d", "a@b%2Cc@d", "%22q%20q%22@example.net", ".", "%0d%0a.",
          "%22a%0d%0a" + INJECTED + ":yes%22%20%3ca@b%3e"]
HEADERS = ["Subject", "subject", "X-Odd", "X-Many", "From", "To", "Received",
           "Auto-Submitted", "Message-ID", "Content-Type", "MIME-Version",
           "Content-Transfer-Encoding", "Date", "X-New", "X-New", "X-New", "",
           " ", "a b", "a:", "é", "x" * 60, "x" * 1100, "${odd}", "a\r\nb"]
PARAGRAPHS = [
    "Content-Type: text/plain\r\n\r\ntext", "\r\ntext",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--",
    "", "no header",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
    "Content-Type: multipart/mixed\r\n\r\n--", "Content-Type:\r\n\r\n",
    "Content-Transfer-Encoding: base64\r\n\r\n!!!!",
    "Content-Transfer-Encoding: 8bit\r\n\r\né", ":\r\n\r\n", "\r", "\n", "\n\n",
    "Content-Type: text/html\n\n<b>", "Content-Type: text/plain\r\n folded",
    "%s: yes\r\n\r\nbody" % INJECTED, "Content-X: é\r\n\r\né",
    "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx",
    "Content-Type: text/plain\r%s: yes\r\n\r\nx" % INJECTED,
    "Content-" + "x" * 2000 + ": y\r\n\r\nz",
    "Content-Y: " + "y" * 2000 + "\r\n\r\n",
]
USES = ["\\Sent", "\\Junk", "\\Trash", "\\Archive", "\\sent", "\\Odd", "Sent",
        "", "\\Inbox", "${odd}"]
LISTS = [":addrbook:default", "tag:example.com,2024:friends", "urn:x:y", "tag:",
         "odd", "", "urn:" + "x" * 3000, "${odd}"]
MATCHES = [":is", ":contains", ":matches", ":regex", ':value "gt"',
           ':count "ge"', ':comparator "i;octet" :matches',
           ':comparator "i;unicode-casemap" :contains']
KEYS = ["*", "?*", "a", "1", "", "(.*)", "[a-z]+", "*o*", "(", "é", ".*",
        "*${odd}*", "\\\\*"]
NUMBERS = ["0", "1", "2", "7", "365", "36500", "36501", "1K", "2147483647",
           "4294967296", "1G"]
PARTS = ["text", "text/plain", "application", "multipart", "message/rfc822",
         "", "image/png"]


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


class Script:
    """One random script; text is what it came to."""

    def __init__(self, rng, at_event=False):
        self.rng = rng
        self.at_event = at_event
        # How often an argument is one that may be wrong.
        self.odd = rng.choice([0.01, 0.05, 0.2, 0.5])
        self.in_part = 0
        # What the store knows decides what it does, or chance: -t cannot tell.
        self.asks_store = False
        self.replaces = False
        self.actions = self.ACTIONS + rng.choice(self.MORE)
        if at_event:
            self.actions = self.ACTIONS
        self.text = self.whole()

    # --- arguments -----------------------------------------------------------

    def one(self, good, odd):
        return self.rng.choice(odd if self.rng.random() < self.odd else good)

    def some(self, values, many=4):
        return [self.rng.choice(values)
                for _ in range(self.rng.randint(0, many))]

    def maybe(self, chance, text):
        return text() if self.rng.random() < chance else ""

    def string(self, values):
        """Mostly one of them; or what is odd anywhere, or in a variable where
        no compiler sees it."""
        value = self.one(values[:3], values)
        dice = self.rng.random() / self.odd
        if dice < 0.3:
            value = self.rng.choice(ODD)
        elif dice < 0.5:
            value += self.rng.choice(ODD)
        if self.rng.random() < 0.75 and "${" not in value:
            # The first assignment of the line it is used in.
            self.before.append("set %s %s;" % (quoted("v%d" % len(self.before)),
                                               quoted(value)))
            return quoted("${v%d}" % (len(self.before) - 1))
        return quoted(value)

    def strings(self, values, many=4):
        if self.rng.random() < 0.3:
            return self.string(values)
        return "[%s]" % ", ".join(
            self.string(values) for _ in range(self.rng.randint(1, many)))

    def number(self):
        return self.rng.choice(NUMBERS)

    def folder_tags(self):
        return "".join([
            self.maybe(0.3, lambda: " :create"),
            self.maybe(0.3, lambda: " :flags " + self.strings(FLAGS)),
            self.maybe(0.15, lambda: " :specialuse " + self.string(USES)),
            self.maybe(0.15, lambda: " :mailboxid " + self.string(
                ["F1", "F2", "F99999999999999999999", "x", ""]))])

    def fcc(self):
        return self.maybe(0.25, lambda: " :fcc " + self.string(MAILBOXES) +
                          self.folder_tags())

    def uri_field(self):
        name = self.one(GOOD_FIELDS, FIELDS)
        good = GOOD_VALUES[:1] if name in ("cc", "to") else GOOD_VALUES
        return "%s=%s" % (name, self.one(good, VALUES))

    def uri(self):
        uri = self.rng.choice(SCHEMES)
        uri += ",".join(self.one(["ada@example.net"], [
            "a@b", "other@example.net", "", "%c3%a9@x", "a%20b@c", "@", "%40",
             "x" * 300 + "@y", "a@b?", "%0d%0a" + INJECTED + ":y@z",
             "g:a@b;", "<a@b>", "Ada%20%3Ca@b%3E"])
            for _ in range(self.rng.choice([0, 1, 1, 2, 3])))
        fields = [self.uri_field()
                  for _ in range(self.rng.choice([0, 0, 1, 1, 2, 3, 6, 150]))]
        return uri + ("?" + "&".join(fields) if fields else "")

    # --- actions -------------------------------------------------------------

    def keep(self):
        return "keep%s" % self.maybe(
            0.5, lambda: " :flags " + self.strings(FLAGS))

    def discard(self):
        return "discard"

    def fileinto(self):
        return "fileinto%s%s %s" % (
            self.folder_tags(), self.maybe(0.3, lambda: " :copy"),
            self.string(MAILBOXES))

    def redirect(self):
        copy = self.maybe(0.3, lambda: " :copy")
        if self.rng.random() < 0.15:
            self.asks_store = True
            return "redirect%s :list %s" % (copy, self.string(LISTS))
        return "redirect%s %s" % (copy, self.string(ADDRESSES))

    def reject(self):
        return "%s %s" % (self.rng.choice(["reject", "ereject"]),
                          self.string(ODD + ["No.\r\nNo, thanks."]))

    def vacation(self):
        self.asks_store = True
        period = self.rng.choice(["", " :days ", " :seconds "])
        tags = [
            period + self.number() if period else "",
            self.maybe(0.4, lambda: " :subject " + self.string(ODD)),
            self.maybe(0.4, lambda: " :from " + self.string(ADDRESSES)),
            self.maybe(0.5, lambda: " :addresses " + self.strings(
                ADDRESSES + ["me@example.org"])),
            self.maybe(0.5, lambda: " :handle " + self.string(ODD)),
            self.fcc()]
        if self.rng.random() < 0.5:
            return "vacation%s :mime %s" % (
                "".join(tags), self.string(PARAGRAPHS))
        return "vacation%s %s" % ("".join(tags), self.string(ODD))

    def notify(self):
        tags = [
            self.maybe(0.3, lambda: " :from " + self.string(ADDRESSES)),
            self.maybe(0.3, lambda: " :importance " + self.one(
                ['"1"', '"2"', '"3"'], ['"4"', '"${odd}"'])),
            self.maybe(0.2, lambda: " :options " + self.strings(
                ["a=b", "x-y=", "c=d", "", "=", "a", "x" * 500])),
            self.maybe(0.4, lambda: " :message " + self.string(ODD)),
            self.fcc()]
        return "notify%s %s" % ("".join(tags), self.string([self.uri()]))

    def addheader(self):
        return "addheader%s %s %s" % (
            self.maybe(0.3, lambda: " :last"), self.string(HEADERS),
            self.string(ODD))

    def deleteheader(self):
        return "deleteheader%s%s %s%s" % (
            self.maybe(0.4, lambda: " :index " + self.number() + self.maybe(
                0.5, lambda: " :last")),
            self.maybe(0.4, lambda: " " + self.rng.choice(MATCHES)),
            self.string(HEADERS),
            self.maybe(0.5, lambda: " " + self.strings(KEYS)))

    def replace(self):
        self.replaces = True
        if self.rng.random() < 0.5:
            return "replace :mime %s" % self.string(PARAGRAPHS)
        return "replace%s%s %s" % (
            self.maybe(0.3, lambda: " :subject " + self.string(ODD)),
            self.maybe(0.3, lambda: " :from " + self.string(ADDRESSES)),
            self.string(ODD))

    def enclose(self):
        self.replaces = True
        return "enclose%s%s %s" % (
            self.maybe(0.5, lambda: " :subject " + self.string(ODD)),
            self.maybe(0.4, lambda: " :headers " + self.strings(
                ["Subject", "X-Odd", "From", "X-Enc: yes", ":", "a", "",
                 "From: x@y", "X-A: b\r\n%s: yes" % INJECTED,
                 "Content-Type: x/y"])),
            self.string(ODD))

    def extracttext(self):
        if not self.in_part:
            return self.keep()
        return "extracttext%s %s" % (
            self.maybe(0.5, lambda: " :first " + self.number()),
            quoted(self.rng.choice(["odd", "text", "long", "flags"])))

    def flags(self):
        return "%s%s %s" % (
            self.rng.choice(["setflag", "addflag", "removeflag"]),
            self.maybe(0.3, lambda: ' "flags"'), self.strings(FLAGS))

    def include(self):
        return "include%s%s %s" % (
            self.maybe(0.3, lambda: self.rng.choice([" :once", " :personal",
                                                     " :global"])),
            self.maybe(0.7, lambda: " :optional"),
            quoted(self.one(["library"],
                            ["absent", "é", "main", "", "x" * 600, "a/b",
                             "${odd}"])))

    def set(self):
        return "set%s %s %s" % (
            "".join(self.rng.choice(tags) for tags in (
                ["", " :lower", " :upper"], ["", " :upperfirst"],
                ["", " :quotewildcard", " :quoteregex"],
                ["", "", " :encodeurl"], ["", "", " :length"])),
            quoted(self.rng.choice(["odd", "text", "flags"])),
            self.string(ODD))

    def error(self):
        return "error %s" % self.string(ODD)

    ACTIONS = (["fileinto"] * 6 + ["redirect"] * 4 + ["notify"] * 8 +
               ["addheader"] * 3 + ["deleteheader"] * 2 +
               ["replace", "enclose"] * 2 + ["flags"] * 2 +
               ["set", "include", "keep", "discard", "extracttext"])
    # Of these a script has one.
    MORE = [["vacation"] * 20, ["vacation"] * 20, ["reject"] * 9, []]

    # --- tests ---------------------------------------------------------------

    def test(self):
        kind = self.rng.choice(["header", "header", "address", "envelope",
                                "body", "true", "not", "string", "duplicate",
                                "exists", "mime", "hasflag", "date"])
        match = self.rng.choice(MATCHES)
        keys = self.strings(KEYS)
        names = self.strings(["Subject", "X-Odd", "From", "To", "X-Many",
                              "Content-Type", ""])
        if kind == "header":
            return "header %s %s %s" % (match, names, keys)
        if kind == "mime":
            return "header :mime%s %s %s %s" % (
                self.rng.choice([" :anychild", ""]), match, names, keys)
        if kind == "address":
            return "address %s %s %s %s" % (
                self.rng.choice([":all", ":localpart", ":domain", ":user",
                                 ":detail"]), match, quoted("from"), keys)
        if kind == "envelope" and not self.at_event:
            return "envelope %s %s %s" % (
                match, quoted(self.rng.choice(["from", "to"])), keys)
        if kind == "body":
            return "body %s %s %s" % (self.rng.choice(
                [":raw", ":text", ':content "text"']), match, keys)
        if kind == "not":
            return "not " + self.test()
        if kind == "string":
            return 'string %s "${odd}" %s' % (match, keys)
        if kind == "duplicate" and not self.at_event:
            self.asks_store = True
            return "duplicate%s%s%s%s" % (
                self.maybe(0.5, lambda: " :handle " + self.string(ODD)),
                self.maybe(0.5, lambda: self.rng.choice(
                    [' :header "X-Odd"', ' :uniqueid "${odd}"'])),
                self.maybe(0.5, lambda: " :seconds " + self.number()),
                self.maybe(0.5, lambda: " :last"))
        if kind == "exists":
            return "exists %s" % names
        if kind == "hasflag":
            return "hasflag %s %s" % (match, self.strings(FLAGS))
        if kind == "date":
            return 'date %s "date" "%s" %s' % (match, self.rng.choice(
                ["year", "weekday", "std11", "zone"]), keys)
        return "true"

    # --- all of it -----------------------------------------------------------

    def line(self, depth=0):
        """A command, behind what sets its variables."""
        outside, self.before = self.before, []
        dice = self.rng.random()
        if depth < 3 and dice < 0.1:
            line = "if %s {\n%s} else {\n%s}" % (
                self.test(), self.block(depth), self.block(depth))
        elif depth < 3 and dice < 0.18:
            self.in_part += 1
            line = "foreverypart {\n%s}" % self.block(depth)
            self.in_part -= 1
        elif dice < 0.185:
            line = self.error() + ";"
        else:
            name = self.rng.choice(self.actions)
            line = getattr(self, name)() + ";"
            if name in ("vacation", "reject"):
                self.actions = self.ACTIONS
        lines = self.before + [line]
        self.before = outside
        return "\n".join(lines) + "\n"

    def block(self, depth):
        return "".join(self.line(depth + 1)
                       for _ in range(self.rng.randint(0, 3)))

    def whole(self):
        needs = [e for e in EXTENSIONS
                 if not self.at_event or e not in DELIVERY_ONLY]
        if self.at_event:
            needs += ["imapsieve", "environment"]
        self.before = []
        return 'require [%s];\n%s%s' % (
            ", ".join(quoted(e) for e in needs),
            'set "odd" "odd"; set "long" "%s";\n'
            'if header :matches "X-Odd" "*" { set "odd" "${1}"; }\n' % (
                "long " * self.rng.choice([10, 200, 5000])),
            "".join(self.line()
                    for _ in range(self.rng.choice([1, 1, 2, 3, 5, 9]))))


# --- messages -----------------------------------------------------------------

def odd_octets(rng):
    return rng.choice([
        b"", b"plain", b"\xff\xfe", b"a\0b", "é".encode(), b"\xc3", b"a\rb",
        b"x" * 2000, b"=?utf-8?q?=C3=A9=0D=0A" + INJECTED.encode() + b":_yes?=",
        b"=?utf-8?b?" + b"w6kN" * 30 + b"?=", b"=?iso-2022-jp?b?GyRC?=",
        b"a\r\n folded\r\n\tagain", b"\\", b'"', b"%00%0d%0a", b"${odd}",
        b"other@example.net", b"mailto:a@b", b"a,b;c:d<e>", b"\x1b[2J\x7f",
        bytes(rng.randrange(1, 256) for _ in range(40)).replace(
            b"\r", b"").replace(b"\n", b"")])


def shuffled(rng, text):
    """With lines that are gone, twice or elsewhere, and octets changed."""
    lines = text.split(b"\n")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(lines))
        line = lines[at] if rng.random() < 0.5 else lines.pop(at)
        if rng.random() < 0.5:
            lines.insert(rng.randint(0, len(lines)), line)
        lines = lines or [b""]
    text = bytearray(b"\n".join(lines))
    for _ in range(rng.choice([0, 0, 1, 5]) if text else 0):
        text[rng.randrange(len(text))] = rng.choice(b"\r\n\0\xff-;=\"")
    return bytes(text)


def message(rng, to):
    """A fixture, or a message of that kind, behind fields a script looks at."""
    texts = [text for _, text in t.fixtures()]
    text = rng.choice(texts)
    if rng.random() < 0.1:
        return text
    if rng.random() < 0.4:
        text = shuffled(rng, text)
    fields = [b"From: " + rng.choice(
        [b"Bob <bob@example.org>", b"", odd_octets(rng), b"<>", b"bob"]),
              b"To: " + rng.choice([to.encode(), to.encode(), odd_octets(rng)]),
              b"Subject: " + odd_octets(rng),
              b"X-Odd: " + (odd_octets(rng) if rng.random() < 0.5 else b"kw"),
              b"X-Odd: second", b"Message-ID: " + rng.choice(
                  [b"<%d@example.org>" % rng.randrange(10), odd_octets(rng),
                   b"<" + b"y" * 3000 + b">"])]
    fields += [b"References: " + b" ".join([b"<r%d@x>" % i for i in range(
        rng.choice([1, 100, 2000]))])] if rng.random() < 0.3 else []
    fields += [rng.choice([b"Auto-Submitted: auto-replied", b"List-Id: <x>",
                           b"Original-Recipient: rfc822;" + odd_octets(rng),
                           b"Precedence: bulk", b"no colon here", b": empty",
                           b"X-Many: 1\r\nX-Many: 2\r\nX-Many: 3"])
               for _ in range(rng.choice([0, 0, 1, 2]))]
    rng.shuffle(fields)
    return b"\r\n".join(fields) + b"\r\n" + text


def sender(rng):
    return rng.choice(["bob%d@example.org" % rng.randrange(1000)] * 9 + [
        "", "", '"b ob"@example.org', "bø@exämple.org", "bob", "owner-x@y",
        "mailer-daemon@x", "x" * 64 + "@example.org", "bob+a=b@example.org",
        "'b'@example.org", "user0@example.com", "bob@[127.0.0.1]",
        '"a\\"b"@example.org', "%@example.org"])


def recipient(rng, user, domain):
    """An address of the user, another one each time; sometimes in a form that
    may not be known to be."""
    number = rng.randrange(1 << 40)
    if rng.random() < 0.1:
        return rng.choice(['"%s+a b%d"@%s', '"%s+\\\"%d"@%s', '"%s+%d"@%s',
                           "%s+<%d@%s", "%s+\t%d@%s", '"%s+\\a@b%d"@%s']) % (
                               user, number, domain)
    return "%s+%s%d@%s" % (user, rng.choice(
        ["", "", "a", "é", "a+b", "=", "a.b", "-", "%d", "%s%n", "x" * 30]),
                           number, domain)
