# SPDX-License-Identifier: GPL-2.0-or-later
"""A client's side of SCRAM (RFC 5802, RFC 7677), and of each protocol's way to
bring its messages over."""

import base64
import hashlib
import hmac
import os
import ssl
import unicodedata

import dbmailtest as t


def b64(data):
    return base64.b64encode(data)


class Client:
    """One exchange; what a test wants wrong it changes before."""

    def __init__(self, mechanism, user, password, flag=None, binding=b"",
                 authzid="", nonce=None):
        self.mechanism = mechanism
        self.hash = "sha256" if "256" in mechanism else "sha1"
        flag = flag or ("p=tls-unique" if mechanism.endswith("-PLUS") else "n")
        self.gs2 = ("%s,%s," % (flag, "a=" + self.name(authzid)
                                if authzid else "")).encode()
        self.binding = binding
        self.nonce = nonce or b64(os.urandom(18)).decode()
        self.bare = "n=%s,r=%s" % (self.name(user), self.nonce)
        self.password = unicodedata.normalize("NFKC", password).encode()
        self.server_first = self.auth = self.salted = None
        self.salt = self.rounds = None
        self.final_nonce = self.final_binding = self.spoil = None

    @staticmethod
    def name(text):
        return text.replace("=", "=3D").replace(",", "=2C")

    def first(self):
        return self.gs2 + self.bare.encode()

    def hmac(self, key, text):
        return hmac.digest(key, text, self.hash)

    def final(self, server_first):
        self.server_first = server_first.decode()
        fields = dict(field.split("=", 1)
                      for field in self.server_first.split(","))
        self.salt = base64.b64decode(fields["s"])
        self.rounds = int(fields["i"])
        assert fields["r"].startswith(self.nonce)
        self.salted = hashlib.pbkdf2_hmac(self.hash, self.password, self.salt,
                                          self.rounds)
        bound = b64(self.gs2 + self.binding) if self.final_binding is None \
            else self.final_binding
        bare = "c=%s,r=%s" % (bound.decode(), self.final_nonce or fields["r"])
        self.auth = ",".join((self.bare, self.server_first, bare)).encode()
        key = self.hmac(self.salted, b"Client Key")
        stored = hashlib.new(self.hash, key).digest()
        proof = bytes(a ^ b for a, b in zip(key, self.hmac(stored, self.auth)))
        if self.spoil:
            proof = self.spoil(proof)
        return bare.encode() + b",p=" + b64(proof)

    def is_from_server(self, final):
        """Whether the server has proved that it knows the password."""
        server = self.hmac(self.salted, b"Server Key")
        return final == b"v=" + b64(self.hmac(server, self.auth))


def tls(session, newest=None):
    """Begins TLS in a session that has asked for it."""
    context = ssl.create_default_context(cafile=t.setting("CA"))
    if newest is not None:
        context.maximum_version = newest
    session.socket = context.wrap_socket(session.socket,
                                         server_hostname="localhost")


def end_point(session):
    """tls-server-end-point: the test's certificate is signed with SHA-256."""
    return hashlib.sha256(session.socket.getpeercert(True)).digest()


class Imap:
    name = "IMAP"

    def __init__(self):
        self.lines = t.Lines(t.setting("HOST"), t.port("IMAP"))
        self.lines.line()

    def start_tls(self, newest=None):
        self.say(b"STARTTLS")
        tls(self.lines, newest)

    def say(self, line):
        self.lines.send(b"a " + line + b"\r\n")
        return self.status()

    def status(self):
        while True:
            line = self.lines.line()
            if line.startswith(b"a "):
                word, _, text = line[2:].partition(b" ")
                return word.decode(), text

    def leave(self, word=b"LOGOUT"):
        """Says goodbye, and waits until the server has done with it."""
        self.say(word)
        while self.lines.socket.recv(4096):
            pass
        self.lines.close()

    def mechanisms(self):
        self.lines.send(b"c CAPABILITY\r\n")
        found = [word[5:].decode() for word in self.lines.until(
            b"c OK").split() if word.startswith(b"AUTH=")]
        self.lines.line()
        return found

    def begin(self, mechanism, initial=None):
        self.lines.send(b"a AUTHENTICATE " + mechanism.encode() +
                        (b" " + b64(initial) if initial else b"") + b"\r\n")

    def challenge(self):
        """The next one; None, and self.end, where there is none."""
        line = self.lines.line()
        if line.startswith(b"+ "):
            return base64.b64decode(line[2:])
        word, _, text = line[2:].partition(b" ")
        self.end = word.decode(), text
        return None

    def respond(self, response, raw=False):
        self.lines.send((response if raw else b64(response)) + b"\r\n")


class Pop3(Imap):
    name = "POP3"

    def __init__(self):
        self.lines = t.Lines(t.setting("HOST"), t.port("POP3"))
        self.lines.line()

    def start_tls(self, newest=None):
        self.say(b"STLS")
        tls(self.lines, newest)

    def say(self, line):
        self.lines.send(line + b"\r\n")
        return self.status()

    def leave(self, word=b"QUIT"):
        super().leave(word)

    @staticmethod
    def parted(line):
        word, _, text = line.partition(b" ")
        return {b"+OK": "OK", b"-ERR": "NO"}[word], text

    def status(self):
        return self.parted(self.lines.line())

    def mechanisms(self):
        self.lines.send(b"CAPA\r\n")
        for line in self.lines.until(b"\r\n.\r\n").split(b"\r\n"):
            if line.startswith(b"SASL "):
                return line[5:].decode().split()
        return []

    def begin(self, mechanism, initial=None):
        self.lines.send(b"AUTH " + mechanism.encode() +
                        (b" " + b64(initial) if initial else b"") + b"\r\n")

    def challenge(self):
        line = self.lines.line()
        if line.startswith(b"+ "):
            return base64.b64decode(line[2:])
        self.end = self.parted(line)
        return None


class Sieve(Imap):
    name = "ManageSieve"

    def __init__(self):
        self.lines = t.SieveLines()

    def start_tls(self, newest=None):
        self.lines.say(b"STARTTLS")
        tls(self.lines, newest)
        self.lines.answer()

    def say(self, line):
        answer = self.lines.say(line)
        return answer.word, answer.text or b""

    def mechanisms(self):
        return self.lines.capabilities()["SASL"].split()

    def begin(self, mechanism, initial=None):
        self.lines.send(b'AUTHENTICATE "' + mechanism.encode() + b'"' + (
            b' "' + b64(initial) + b'"' if initial else b"") + b"\r\n")

    def challenge(self):
        tokens = self.lines.tokens()
        if isinstance(tokens[0], bytes):
            return base64.b64decode(tokens[0])
        self.final = None
        if "SASL" in tokens:
            self.final = base64.b64decode(tokens[tokens.index("SASL") + 1])
        self.end = tokens[0], tokens[-1]
        return None

    def respond(self, response, raw=False):
        self.lines.send(b'"' + (response if raw else b64(response)) +
                        b'"\r\n')


PROTOCOLS = (Imap, Pop3, Sieve)


def run(session, client, initial=True):
    """The whole exchange: (OK, NO or BAD, text, whether the server proved
    itself)."""
    if initial:
        session.begin(client.mechanism, client.first())
    else:
        session.begin(client.mechanism)
        challenge = session.challenge()
        if challenge is None:
            return session.end + (False,)
        assert challenge == b""
        session.respond(client.first())
    challenge = session.challenge()
    if challenge is None:
        return session.end + (False,)
    session.respond(client.final(challenge))
    final = session.challenge()
    if final is None:
        carried = getattr(session, "final", None)
        return session.end + (carried is not None and
                              client.is_from_server(carried),)
    session.respond(b"")
    proved = client.is_from_server(final)
    assert session.challenge() is None
    return session.end + (proved,)
