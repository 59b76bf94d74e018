# SPDX-License-Identifier: GPL-2.0-or-later
"""An SMTP server that keeps what it is sent and misbehaves when told to.

It records every message of which it has read the end, byte for byte, and keeps
to RFC 5321, 3030 (CHUNKING, BINARYMIME), 3207 and 4954 as far as a test of a
client needs.  What it answers can be changed stage by stage: see Sink.on().
"""

import base64
import socket
import ssl
import threading
import time

STAGES = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data",
          "content", "dot", "rset")
ALL = ("8BITMIME", "SIZE 104857600", "SMTPUTF8", "PIPELINING",
       "ENHANCEDSTATUSCODES")
BINARY = ALL + ("CHUNKING", "BINARYMIME")


class Drop(Exception):
    """Raised by an action: the connection is cut without another word."""


class Mail:
    """One message, as it came."""

    def __init__(self, session, data, chunked):
        self.sender, self.recipient = session.sender, session.recipient
        self.parameters = session.parameters
        self.recipient_parameters = session.recipient_parameters
        self.data, self.chunked = data, chunked
        self.tls, self.user = session.is_tls, session.user
        self.session = session.number
        self.was_answered = False


class Sink:
    """Listens on a free port of 127.0.0.1 until close()."""

    def __init__(self, abilities=ALL, certificate=None, implicit=False,
                 users=None, number=0):
        self.abilities, self.users, self.implicit = abilities, users, implicit
        self.tls = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.mails, self.sessions = [], 0
        self.actions = {}
        self.changed = threading.Condition()
        self.is_closed = False
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", number))
        self.listener.listen(50)
        self.port = self.listener.getsockname()[1]
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def on(self, stage, *actions):
        """What happens at a stage, one action for each time it comes; the
        last one stays.  An action is None (as usual), a reply, or a function
        of the session and the text that gives one of these or raises Drop."""
        assert stage in STAGES
        with self.changed:
            self.actions[stage] = list(actions)

    def usual(self):
        with self.changed:
            self.actions = {}

    def reply(self, stage, session, text, usual):
        with self.changed:
            actions = self.actions.get(stage)
            action = None
            if actions:
                action = actions.pop(0) if len(actions) > 1 else actions[0]
        if callable(action):
            action = action(session, text)
        return usual if action is None else action

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.changed:
                self.sessions += 1
                session = Session(self, connection, self.sessions)
                self.open.add(session)
            threading.Thread(target=session.run, daemon=True).start()

    def keep(self, mail):
        with self.changed:
            self.mails.append(mail)
            self.changed.notify_all()

    def wait(self, count, seconds=240):
        """The mails, as soon as there are so many."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while len(self.mails) < count:
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    break
            return list(self.mails)

    def close(self):
        # Wakes the thread that waits in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for session in list(self.open):
            session.cut()


class Session:
    """One connection."""

    def __init__(self, sink, connection, number):
        self.sink, self.socket, self.number = sink, connection, number
        self.buffer = bytearray()
        self.is_tls, self.user = False, None
        self.lines = []
        self.forget()

    def forget(self):
        self.sender = self.recipient = None
        self.parameters = []
        self.recipient_parameters = []
        self.chunks = bytearray()

    def run(self):
        try:
            if self.sink.implicit:
                self.start_tls()
            self.serve()
        except (Drop, OSError, ValueError):
            pass
        finally:
            self.cut()
            self.sink.open.discard(self)

    def cut(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def start_tls(self):
        self.socket = self.sink.tls.wrap_socket(self.socket, server_side=True)
        self.buffer.clear()
        self.is_tls = True

    # --- bytes ---

    def fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise Drop
        self.buffer += data

    def read_line(self):
        while b"\n" not in self.buffer:
            self.fill()
        end = self.buffer.index(b"\n")
        line = bytes(self.buffer[:end + 1])
        del self.buffer[:end + 1]
        # Commands with any other line end are a fault of the client.
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
            raise ValueError("a line with %r" % line)
        return line[:-2].decode()

    def read_exact(self, size):
        while len(self.buffer) < size:
            self.fill()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def read_content(self):
        """What stands in front of CRLF . CRLF, dots taken away."""
        mark, start = b"\r\n.\r\n", 0
        while True:
            if self.buffer.startswith(b".\r\n"):
                del self.buffer[:3]
                return b""
            end = self.buffer.find(mark, start)
            if end >= 0:
                break
            start = max(0, len(self.buffer) - len(mark))
            self.fill()
            self.sink.reply("content", self, self.buffer, None)
        raw = bytes(self.buffer[:end + 2])
        del self.buffer[:end + len(mark)]
        if raw.startswith(b"."):
            raw = raw[1:]
        return raw.replace(b"\r\n.", b"\r\n")

    def send(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def answer(self, stage, text, usual):
        """Sends the reply of a stage; TRUE when it is a good one."""
        reply = self.sink.reply(stage, self, text, usual)
        self.send(reply)
        return reply[0] in "23"

    # --- commands ---

    def serve(self):
        if not self.answer("connect", "", "220 sink.example ESMTP"):
            return
        commands = {
            "EHLO": self.ehlo, "HELO": self.ehlo, "STARTTLS": self.starttls,
            "AUTH": self.auth, "MAIL": self.mail, "RCPT": self.rcpt,
            "DATA": self.data, "BDAT": self.bdat, "RSET": self.rset,
        }
        while True:
            line = self.read_line()
            self.lines.append(line)
            word = line.split(" ")[0].upper()
            if word == "QUIT":
                self.send("221 2.0.0 bye")
                return
            if word in commands:
                commands[word](line)
            else:
                self.send("500 5.5.2 what is %s?" % word)

    def ehlo(self, line):
        abilities = list(self.sink.abilities)
        if self.sink.tls is not None and not self.is_tls:
            abilities.append("STARTTLS")
        if self.sink.users is not None:
            abilities.append("AUTH " + " ".join(
                self.sink.users.get("mechanisms", ["PLAIN", "LOGIN"])))
        names = ["sink.example"] + (
            abilities if line.upper().startswith("EHLO") else [])
        usual = "\r\n".join(
            "250%s%s" % (" " if name is names[-1] else "-", name)
            for name in names)
        self.answer("ehlo", line, usual)

    def starttls(self, line):
        if self.answer("starttls", line, "220 2.0.0 go on"):
            self.start_tls()

    def auth(self, line):
        words = line.split(" ")
        if words[1] == "PLAIN":
            secret = base64.b64decode(words[2]).split(b"\0")[1:]
        else:
            secret = []
            for prompt in (b"Username:", b"Password:"):
                self.send("334 " + base64.b64encode(prompt).decode())
                secret.append(base64.b64decode(self.read_line()))
        user, password = (text.decode() for text in secret)
        good = self.sink.users.get(user) == password
        if self.answer("auth", line, "235 2.7.0 welcome" if good
                       else "535 5.7.8 wrong user or password"):
            self.user = user

    def mail(self, line):
        self.forget()
        if self.sink.users is not None and self.user is None:
            self.send("530 5.7.0 log in first")
            return
        path, *parameters = line[len("MAIL FROM:<"):].split("> ", 1)
        if self.answer("mail", line, "250 2.1.0 sender taken"):
            self.sender = path.rstrip(">") if not parameters else path
            self.parameters = parameters[0].split(" ") if parameters else []

    def rcpt(self, line):
        if self.sender is None:
            self.send("503 5.5.1 MAIL first")
            return
        if self.answer("rcpt", line, "250 2.1.5 recipient taken"):
            end = line.rindex(">")
            self.recipient = line[len("RCPT TO:<"):end]
            self.recipient_parameters = line[end + 1:].split()

    def data(self, line):
        if self.recipient is None:
            self.send("503 5.5.1 RCPT first")
            return
        if not self.answer("data", line, "354 go on"):
            return
        self.take(self.read_content(), False)

    def bdat(self, line):
        words = line.split(" ")
        self.chunks += self.read_exact(int(words[1]))
        if words[-1] == "LAST":
            self.take(bytes(self.chunks), True)
        else:
            self.send("250 2.0.0 %d bytes taken" % len(self.chunks))

    def take(self, content, chunked):
        """The message is kept when it is accepted, before that is said."""
        mail = Mail(self, content, chunked)
        self.forget()
        reply = self.sink.reply("dot", self, mail, "250 2.0.0 taken")
        if reply[0] == "2":
            self.sink.keep(mail)
        self.send(reply)
        mail.was_answered = True

    def rset(self, line):
        self.forget()
        self.answer("rset", line, "250 2.0.0 forgotten")


def accept_and_drop(session, mail):
    """For "dot": the message is taken, and the answer never comes."""
    session.sink.keep(mail)
    raise Drop


def drop(session, text):
    """Cuts the connection."""
    raise Drop
