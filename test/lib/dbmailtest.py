# SPDX-License-Identifier: GPL-2.0-or-later
"""What the scripts that test a whole store share.

They run under test/with-store and find the store in the environment.  Here are
clients that send and read bytes as they are, all messages there are to test
with, and a report of one line per case.

What LMTP itself makes of a message.  In DATA (RFC 5321 section 4.5.2) the
client doubles a dot that begins a line, and the server takes it away; a line
ends with CRLF and with nothing else, so a dot behind a bare LF or a bare CR is
neither doubled nor taken away.  CRLF.CRLF ends the message, so one that does not
end with CRLF arrives with one more CRLF; an empty one stays empty.  BDAT
(RFC 3030) changes nothing whatever.  The server then puts a Return-Path line
before the message.  That is all: data_form() and expected() are these sentences.
"""

import base64
import imaplib
import os
import random
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
SENDER = "sender@example.org"
RETURN_PATH = b"Return-Path: <" + SENDER.encode() + b">\r\n"
# Seconds to wait for what must come: far longer than it takes where sanitizers
# and others share the machine, since only a failure waits for its end.
TIMEOUT = 240


def setting(name):
    value = os.environ.get("DBMAIL_" + name)
    if value is None:
        sys.exit("DBMAIL_%s is not set: run this under test/with-store" % name)
    return value


def port(protocol):
    return int(setting(protocol + "_PORT"))


def free_port():
    """One that nobody listens on, below those that the kernel gives to clients:
    from there another test could have it before the server that it is for."""
    while True:
        number = random.randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind((setting("HOST"), number))
            except OSError:
                continue
        return number


def address(user):
    return "%s@%s" % (user, setting("DOMAIN"))


# --- the report ----------------------------------------------------------------

class Report:
    """Counts cases; says ok or not ok of each, with TAP's words."""

    SHOWN = 40

    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, what, good, detail=""):
        self.count += 1
        if not good:
            self.failed += 1
        if good or self.failed <= self.SHOWN:
            print("%s %d - %s" % ("ok" if good else "not ok", self.count, what))
            if not good and detail:
                print("# " + str(detail).replace("\n", "\n# "))
        sys.stdout.flush()
        return good

    def equal(self, what, got, wanted):
        return self.case(what, got == wanted,
                         "" if got == wanted else difference(got, wanted))

    def note(self, text):
        print("# " + text)
        sys.stdout.flush()

    def run(self, *cases):
        """Runs these functions, or those that the command line names."""
        for case in cases:
            if len(sys.argv) > 1 and case.__name__ not in sys.argv[1:]:
                continue
            self.note(case.__name__)
            case()

    def end(self):
        if self.failed > self.SHOWN:
            print("# and %d more" % (self.failed - self.SHOWN))
        print("1..%d" % self.count)
        sys.exit(1 if self.failed else 0)


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(77)


def difference(got, wanted):
    """Where two values part, in a few words."""
    if not isinstance(got, bytes) or not isinstance(wanted, bytes):
        return "got %r, wanted %r" % (got, wanted)
    at = 0
    while at < min(len(got), len(wanted)) and got[at] == wanted[at]:
        at += 1
    return "%d bytes for %d; from byte %d on %r, wanted %r" % (
        len(got), len(wanted), at, got[max(0, at - 20):at + 40],
        wanted[max(0, at - 20):at + 40])


# --- programs ------------------------------------------------------------------

def run(*command, data=None, check=True, **options):
    """A program's standard output; its standard error in what is raised."""
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, **options)
    if check and done.returncode != 0:
        raise RuntimeError("%s: status %d\n%s" % (
            " ".join(command), done.returncode,
            done.stderr.decode(errors="replace")))
    return done.stdout


def add_user(name, password="secret", *options):
    run("dbmail-users", "-a", name, "-W", "-", *options,
        data=password.encode() + b"\n")
    return name


# SQL for the bytes of the message m in hexadecimal digits, part by part.
WHOLE = """encode((SELECT string_agg(p.data, ''
                          ORDER BY l.part_key, l.part_order)
                 FROM dbmail_partlists l
                 JOIN dbmail_mimeparts p ON p.id = l.part_id
                WHERE l.physmessage_id = m.physmessage_id), 'hex')"""


def check_logs(report):
    """No daemon has logged a warning or an error."""
    found = []
    for name in ("lmtpd", "imapd", "pop3d", "sieved"):
        path = os.path.join(setting("STORE"), name + ".log")
        if not os.path.exists(path):
            continue
        for line in read(path).decode(errors="replace").splitlines():
            if "level=notice" not in line and "level=info" not in line and \
                    "level=debug" not in line:
                found.append(line)
    report.case("the daemons log no warning and no error", not found,
                "\n".join(found[:20]))


def check_store(report):
    """dbmail-util check finds nothing to complain of."""
    done = subprocess.run(["dbmail-util", "check"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    report.case("the store contradicts itself nowhere", done.returncode == 0,
                done.stdout.decode(errors="replace"))


def sql(query):
    """What psql prints: a line per row, columns with | between."""
    return run("psql", "-XAtq", setting("PGCONN"), "-c", query).decode()


def quoted(text):
    """As a string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def configure(text, daemon="lmtpd"):
    """Appends to the configuration; the daemon starts anew with it.  What
    restore() takes."""
    with open(setting("CONF"), encoding="utf-8") as file:
        before = file.read()
    with open(setting("CONF"), "a", encoding="utf-8") as file:
        file.write("\n" + text + "\n")
    run("store-daemon", "restart", daemon)
    return before


def restore(before, daemon="lmtpd"):
    with open(setting("CONF"), "w", encoding="utf-8") as file:
        file.write(before)
    run("store-daemon", "restart", daemon)


def cpu_seconds(daemon):
    """The time that a daemon has computed: others on the machine do not make it
    longer, as they do what a clock shows."""
    pid = int(run("store-daemon", "pid", daemon))
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until(true, seconds=TIMEOUT):
    """Waits for what has no event to give us; whether it came."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def kill_daemon(name, meanwhile=None):
    """kill -9 and a new start.  What the old one had begun in the database is
    done or undone by then."""
    run("store-daemon", "kill", name)
    if meanwhile is not None:
        meanwhile()
    if not until(lambda: sql("SELECT 1 FROM pg_stat_activity WHERE "
                             "application_name = 'dbmail-%s'" % name) == ""):
        raise RuntimeError("backends of a dead %s go on" % name)
    run("store-daemon", "start", name)


# --- LMTP ----------------------------------------------------------------------

def data_form(message):
    """The message as it goes out after DATA, its end included."""
    if message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    if message.startswith(b"."):
        message = b"." + message
    return message.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def expected(message, how="data", sender=SENDER):
    """The message as it is stored after it came by DATA or BDAT."""
    if how == "data" and message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    return RETURN_PATH.replace(SENDER.encode(), sender.encode()) + message


class Lines:
    """A socket that is read by line or by count, and nothing in between."""

    def __init__(self, host, number):
        self.socket = socket.create_connection((host, number), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.deflate = self.inflate = None

    def start_tls(self, server="localhost"):
        context = ssl.create_default_context(cafile=setting("CA"))
        self.socket = context.wrap_socket(self.socket, server_hostname=server)

    def start_deflate(self):
        """Both directions compressed from here on (RFC 4978)."""
        self.deflate = zlib.compressobj(wbits=-15)
        self.inflate = zlib.decompressobj(wbits=-15)
        if self.buffer:
            self.buffer = bytearray(self.inflate.decompress(self.buffer))

    def stop_deflate(self):
        self.deflate = self.inflate = None

    def send(self, data):
        if self.deflate is not None:
            data = self.deflate.compress(data)
            data += self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(data)

    def fill(self):
        some = self.socket.recv(262144)
        if not some:
            raise EOFError("the server closed the connection; left: %r" % (
                bytes(self.buffer[:200]),))
        if self.inflate is not None:
            some = self.inflate.decompress(some)
        self.buffer += some

    def line(self):
        """The next line without its CRLF."""
        searched = 0
        while True:
            end = self.buffer.find(b"\r\n", searched)
            if end >= 0:
                break
            searched = max(0, len(self.buffer) - 1)
            self.fill()
        line = bytes(self.buffer[:end])
        del self.buffer[:end + 2]
        return line

    def until(self, mark):
        """Everything up to the mark, which is taken too."""
        searched = 0
        while True:
            end = self.buffer.find(mark, searched)
            if end >= 0:
                break
            searched = max(0, len(self.buffer) - len(mark))
            self.fill()
        data = bytes(self.buffer[:end])
        del self.buffer[:end + len(mark)]
        return data

    def close(self):
        self.socket.close()


class ImapLines(Lines):
    """An IMAP session, spoken to command by command."""

    def __init__(self, user=None, tls=False):
        super().__init__(setting("HOST"), port("IMAPS" if tls else "IMAP"))
        if tls:
            self.start_tls()
        self.line()
        if user is not None:
            self.say(b"login LOGIN %s secret" % user.encode())

    def say(self, line):
        """Sends a command; all lines up to its tagged answer."""
        self.send(line + b"\r\n")
        return self.answer(line.split()[0])

    def answer(self, tag):
        lines = [self.line()]
        while not lines[-1].startswith(tag + b" "):
            lines.append(self.line())
        return lines


class SieveAnswer:
    """What ManageSieve answered: lines of strings and words, then one of OK, NO
    and BYE with its code and text."""

    def __init__(self, lines, word, code, text):
        self.lines = lines
        self.word = word
        self.code = code
        self.text = text

    def __repr__(self):
        return "%s (%s) %r after %r" % (self.word, self.code, self.text,
                                        self.lines)


class SieveLines(Lines):
    """A ManageSieve session (RFC 5804), read token by token."""

    def __init__(self, user=None, password="secret"):
        super().__init__(setting("HOST"), port("SIEVE"))
        self.greeting = self.answer()
        if user is not None:
            plain = base64.b64encode(b"\0%s\0%s" % (user.encode(),
                                                    password.encode()))
            answer = self.say(b'AUTHENTICATE "PLAIN" "%s"' % plain)
            if answer.word != "OK":
                raise RuntimeError("no log-in: %r" % answer)

    def tokens(self):
        """One line of what the server says, with its literals: strings as
        bytes, all else as words."""
        found = []
        line = self.line()
        while line:
            quoted = re.match(rb'"((?:[^"\\]|\\.)*)"', line)
            literal = re.match(rb"\{(\d+)\}$", line)
            word = re.match(rb'[^ "(){]+|[()]', line)
            if quoted:
                found.append(re.sub(rb"\\(.)", rb"\1", quoted.group(1)))
                line = line[quoted.end():]
            elif literal:
                size = int(literal.group(1))
                while len(self.buffer) < size:
                    self.fill()
                found.append(bytes(self.buffer[:size]))
                del self.buffer[:size]
                line = self.line()
            elif word:
                found.append(word.group(0).decode())
                line = line[word.end():]
            else:
                raise ValueError("no token at %r" % line)
            line = line.lstrip(b" ")
        return found

    def answer(self):
        lines = []
        while True:
            tokens = self.tokens()
            if tokens and isinstance(tokens[0], str) and \
                    tokens[0] in ("OK", "NO", "BYE"):
                break
            lines.append(tokens)
        code, rest = None, tokens[1:]
        if rest and rest[0] == "(":
            end = rest.index(")")
            code, rest = rest[1:end], rest[end + 1:]
            code = code[0] if len(code) == 1 else tuple(code)
        return SieveAnswer(lines, tokens[0], code, rest[0] if rest else None)

    def say(self, line):
        self.send(line + b"\r\n")
        return self.answer()

    def put(self, name, script):
        return self.say(b'PUTSCRIPT "%s" {%d+}\r\n%s' % (name.encode(),
                                                        len(script), script))

    def capabilities(self, answer=None):
        """{name: value, or None}"""
        answer = answer or self.say(b"CAPABILITY")
        return {line[0].decode(): line[1].decode() if len(line) > 1 else None
                for line in answer.lines}


class Lmtp(Lines):
    """LMTP as RFC 2033 says, with no help and no tidying."""

    def __init__(self, host=None, number=None):
        super().__init__(host or setting("HOST"), number or port("LMTP"))
        self.greeting = self.reply()
        self.capabilities = self.command("LHLO test.example.org")[1]

    def reply(self):
        """(code, lines)"""
        lines = []
        while True:
            line = self.line()
            lines.append(line[4:].decode(errors="replace"))
            if line[3:4] != b"-":
                return int(line[:3]), lines

    def command(self, line):
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def deliver(self, recipients, message, how="data", sender=SENDER,
                parameters=""):
        """Replies per recipient, (code, lines): of RCPT where that was
        refused, of the end of the message otherwise.  Parameters of MAIL
        begin with a space each."""
        body = (" BODY=BINARYMIME" if how == "bdat" else "") + parameters
        self.send(("MAIL FROM:<%s>%s\r\n" % (sender, body)).encode() +
                  b"".join(b"RCPT TO:<%s>\r\n" % to.encode()
                           for to in recipients))
        mail = self.reply()
        if mail[0] != 250:
            for _ in recipients:
                self.reply()
            return [mail for _ in recipients]
        replies = [self.reply() for _ in recipients]
        taken = [i for i, reply in enumerate(replies) if reply[0] == 250]
        if not taken:
            self.command("RSET")
            return replies
        if how == "bdat":
            self.send(b"BDAT %d LAST\r\n" % len(message) + message)
        else:
            go = self.command("DATA")
            if go[0] != 354:
                for i in taken:
                    replies[i] = go
                return replies
            self.send(data_form(message))
        for i in taken:
            replies[i] = self.reply()
        return replies

    def quit(self):
        self.command("QUIT")
        self.close()


# --- IMAP ----------------------------------------------------------------------

# A megabyte of header in one line is a line too.
imaplib._MAXLINE = 1 << 28


class Imap(imaplib.IMAP4):
    """imaplib, but APPEND sends the bytes it is given."""

    def __init__(self, user, password="secret"):
        super().__init__(setting("HOST"), port("IMAP"), TIMEOUT)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.login(user, password)

    def append_bytes(self, mailbox, message, flags=""):
        self.literal = message
        return self._simple_command("APPEND", mailbox,
                                    *([flags] if flags else []))

    def messages(self, mailbox="INBOX", item="BODY.PEEK[]", some=50):
        """Yields (uid, bytes) of every message, a few at a time."""
        status, answer = self.select('"%s"' % mailbox, readonly=True)
        if status != "OK":
            raise RuntimeError("SELECT %s: %r" % (mailbox, answer))
        count = int(answer[0])
        for first in range(1, count + 1, some):
            last = min(first + some - 1, count)
            status, rows = self.fetch("%d:%d" % (first, last),
                                      "(UID %s)" % item)
            if status != "OK":
                raise RuntimeError("FETCH: %r" % (rows,))
            yield from fetched(rows)


def fetched(rows):
    """(uid, literal) of imaplib's rows, wherever the server puts UID; an
    empty message may come as "" in place of a literal."""
    for i, row in enumerate(rows):
        if isinstance(row, tuple):
            words = row[0]
            if i + 1 < len(rows) and isinstance(rows[i + 1], bytes):
                words += b" " + rows[i + 1]
        elif row.endswith(b'"")'):
            words = row
        else:
            continue
        words = words.replace(b"(", b" ").replace(b")", b" ").split()
        yield (int(words[words.index(b"UID") + 1]),
               row[1] if isinstance(row, tuple) else b"")


# --- POP3 ----------------------------------------------------------------------

class Pop3(Lines):
    """POP3 as most clients read it: by LF, up to a line that is .CRLF, and
    two dots that begin a line are one.  RFC 1939 leaves open what a dot behind
    a bare LF is; the server sends such lines so that they come out right here
    and cannot be taken for the end."""

    def __init__(self, user, password="secret"):
        super().__init__(setting("HOST"), port("POP3"))
        self.status()
        self.command("USER " + user)
        self.command("PASS " + password)

    def status(self):
        line = self.line()
        if not line.startswith(b"+OK"):
            raise RuntimeError("POP3: %r" % line)
        return line

    def command(self, line):
        self.send(line.encode() + b"\r\n")
        return self.status()

    def multiline(self):
        """What stands behind +OK up to the dot, dots taken away."""
        self.status()
        while len(self.buffer) < 3:
            self.fill()
        at = 0
        # The dot may be the first line.
        if self.buffer[:3] != b".\r\n":
            at = self.find(b"\n.\r\n") + 1
        data = bytes(self.buffer[:at])
        del self.buffer[:at + 3]
        if data.startswith(b".."):
            data = data[1:]
        return data.replace(b"\n..", b"\n.")

    def find(self, mark):
        start = 0
        while True:
            at = self.buffer.find(mark, start)
            if at >= 0:
                return at
            start = max(0, len(self.buffer) - len(mark) + 1)
            self.fill()

    def sizes(self):
        self.send(b"LIST\r\n")
        return [int(line.split()[1])
                for line in self.multiline().split(b"\r\n") if line]

    def messages(self, some=20):
        """Yields the bytes of every message; RETR is pipelined."""
        count = int(self.command("STAT").split()[1])
        for first in range(1, count + 1, some):
            batch = range(first, min(first + some, count + 1))
            self.send(b"".join(b"RETR %d\r\n" % n for n in batch))
            for _ in batch:
                yield self.multiline()

    def quit(self):
        self.command("QUIT")
        self.close()


# --- messages ------------------------------------------------------------------

def fixtures():
    """(name, bytes) of our own messages."""
    folder = os.path.join(TOP, "test", "fixtures")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".eml"):
            yield "fixtures/" + name, read(os.path.join(folder, name))


def made():
    """(name, bytes) of messages too large to keep as files."""
    yield "made/line-of-64k", b"Subject: long\r\n\r\n" + b"a" * 65537 + b"\r\n"
    yield "made/line-of-1m", b"Subject: long\r\n\r\n" + b"b" * (1 << 20)
    yield "made/header-line-of-1m", (
        b"Subject: " + b"c" * (1 << 20) + b"\r\n\r\nbody\r\n")
    yield "made/header-of-2m", b"".join(
        b"X-Field-%06d: %s\r\n" % (i, b"d" * 80)
        for i in range(20000)) + b"\r\nbody\r\n"
    yield "made/long-line-in-part", (
        b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\n" +
        b"e" * 200000 + b"\r\n--cut\r\n\r\nend\r\n--cut--\r\n")
    yield "made/nested-150", nested(150)
    yield "made/nested-1000", nested(1000)
    yield "made/parts-10001", (
        b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n" +
        b"".join(b"--cut\r\n\r\n%d\r\n" % i for i in range(10001)) +
        b"--cut--\r\n")
    yield "made/delimiters-only", (
        b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n" +
        b"--cut\r\n" * 5000)
    yield "made/newlines", b"\r\n" * 100000
    yield "made/linefeeds", b"\n" * 100000
    yield "made/returns", b"\r" * 100000
    yield "made/dots", b".\r\n" * 30000
    yield "made/nuls", b"\0" * 100000
    yield "made/part-of-3m", (
        b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n"
        b"Content-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" +
        b"".join(b"%075d=\r\n" % i for i in range(41000)) + b"--cut--\r\n")


def nested(depth):
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (
            i, i) for i in range(depth))
    tail = b"".join(b"\r\n--b%d--\r\n" % i for i in reversed(range(depth)))
    return head + b"\r\ninmost" + tail


def corpus_directory():
    """DBMAIL_CORPUS, or ../shared beside the source; None without either."""
    folder = os.environ.get("DBMAIL_CORPUS") or os.path.join(
        os.path.dirname(TOP), "shared")
    return folder if os.path.isdir(folder) else None


def corpus():
    """(name, bytes) of every file of the corpus, mail or not."""
    top = corpus_directory()
    if top is None:
        return
    if os.path.isdir(os.path.join(top, "corpus")):
        top = os.path.join(top, "corpus")
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            yield os.path.relpath(path, os.path.dirname(top)), read(path)


def generated(count=300, malformed=92):
    """(name, bytes) of what the corpus's generator makes, well-formed and
    malformed, with CRLF and with LF."""
    top = corpus_directory()
    program = os.path.join(top, "gen_mail.py") if top else ""
    if not os.path.exists(program):
        return
    kinds = (("well-formed", ["-n", str(count), "--malformed", "0"]),
             ("malformed", ["-n", str(malformed), "--malformed", "1"]))
    for kind, options in kinds:
        with tempfile.TemporaryDirectory() as folder:
            run(sys.executable, program, "--dir", folder, "--seed", "7",
                "--attach-scale", "0.2", *options)
            for path in sorted(files_under(folder)):
                name = "generated/%s/%s" % (kind, os.path.basename(path))
                message = read(path)
                yield name, message
                yield name + " with LF", message.replace(b"\r\n", b"\n")


def files_under(top):
    for folder, _, names in os.walk(top):
        for name in names:
            yield os.path.join(folder, name)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def all_messages(report=None):
    """Everything there is: (name, bytes)."""
    yield from fixtures()
    yield from made()
    if corpus_directory() is None:
        if report is not None:
            report.note("no corpus: DBMAIL_CORPUS is not set and there is no "
                        "../shared; testing with our own messages only")
        return
    yield from corpus()
    yield from generated()
